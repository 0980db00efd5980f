"""The commands: what each does, how it ends, what goes to which stream, and how a mistake is told."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import click
import numpy as np
import pytest
from site_fixtures import MODERN, environment, files_in, measured, model, run_python, write_benchmark, write_dataset

from generator.cli import DONE, REFUSED, SOME_FAILED, isogloss, main
from generator.datasets import Card, Concept, Dataset
from generator.models.registry import Model
from generator.models.sources import pinned
from generator.progress import counted, say
from generator.result_store import from_json
from generator.results import PairFailure, PairResult
from generator.summary import summary

COMMANDS = (
    "build",
    "evaluate",
    "render",
    "score",
    "check",
    "list",
    "compare",
    "layers",
    "add",
    "init",
    "serve",
    "release",
)
WAYS = [*((name,) for name in COMMANDS), ("add", "model")]
WordList = Callable[..., Dataset]


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command line in this process, from this test's own folder."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["isogloss", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capsys.readouterr())

    return ran


@pytest.fixture
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words", n=8)


@pytest.fixture
def config(tmp_path: Path, words: Dataset) -> Path:
    """A benchmark of one list and two models that need no network."""
    return write_benchmark(tmp_path, [words], ["Character n-grams", "Control: identical"])


def lacking(folder: Path, texts: Sequence[str] = ("water", "fire")) -> str:
    """A model that has vectors for these words only."""
    path = folder / "lacking.npz"
    np.savez(path, text=np.array(texts), vector=np.eye(len(texts), dtype=np.float32))
    return f"precomputed:{path}"


def refused(ran: Ran) -> str:
    """The message of a command that could not be carried out; nothing else may come of it."""
    assert ran.code == REFUSED
    assert ran.out == ""
    assert "Traceback" not in ran.err
    return ran.err


# Help


def test_commands_are_listed_in_the_order_of_a_benchmarks_life(run: Run) -> None:
    listed = re.findall(r"^  (\w+) ", run("--help").out.partition("Commands:")[2], re.M)
    assert tuple(listed) == tuple(isogloss.commands) == COMMANDS


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_command_and_every_option_has_help(run: Run, way: Sequence[str]) -> None:
    command: click.Command = isogloss
    for name in way:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == []
    shown = run(*way, "--help")
    assert shown.code == DONE
    assert command.help.split("\n", maxsplit=1)[0].split(".")[0] in " ".join(shown.out.split())
    assert shown.err == ""


def test_help_is_instant_because_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom generator.cli import isogloss\n"
        f"for way in {[[], *map(list, WAYS)]}:\n"
        "    isogloss.main([*way, '--help'], standalone_mode=False)\n"
        "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = run_python("-c", script, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"click", "generator"} <= loaded
    heavy = "numpy torch pandas phate scipy sklearn bokeh pyarrow pydantic jinja2 langcodes rich mteb openai fontTools"
    assert loaded & set(heavy.split()) == set()


def test_the_version_is_told(run: Run) -> None:
    assert re.search(r"\d+\.\d+\.\d+", run("--version").out)


# The happy path


def test_a_benchmark_is_checked_built_listed_and_rendered(run: Run, config: Path, tmp_path: Path) -> None:
    before = run("check")
    assert before.code == DONE
    assert before.out.splitlines() == [
        "words: 8 concepts, 46 distinct texts",
        "language  renderings  missing  duplicates  identical  mixed scripts  not NFC  hidden characters",
        "en        10          0        0           0%         0              0        0",
        "zh        10          0        0           0%         0              0        0",
        "ar        8           0        0           0%         0              0        0",
        "hi        10          0        0           0%         0              0        0",
        "sw        8           0        0           0%         0              0        0",
        "",
        "Character n-grams × Words: missing",
        "Control: identical × Words: missing",
        "0 of 2 results are up to date",
    ]
    assert run("list", "results").out == "(none)\n"

    built = run("build", "--jobs", 1)
    assert [built.code, built.out] == [DONE, ""]
    assert "2 pairs measured, 0 failed, 0 up to date; 46 texts encoded" in built.err
    assert str(tmp_path / "site" / "index.html") in built.err
    assert (tmp_path / "site" / "pairs" / "character-n-grams--words.html").is_file()

    assert run("check").out.splitlines()[-1] == "2 of 2 results are up to date"
    again = run("evaluate", "-c", config)
    assert [again.code, again.out] == [DONE, ""]
    assert "0 pairs measured, 0 failed, 2 up to date; 0 texts encoded" in again.err

    (listed,) = (r for r in json.loads(run("list", "results", "--json").out) if r["model"] == "Control: identical")
    assert listed["semantic_affinity"] == pytest.approx(1.0)
    assert re.search(r"^Control: identical +words +ok +1\.000 +\d{4}-\d\d-\d\d +-$", run("list", "results").out, re.M)

    rendered = run("render", "--results", tmp_path / "results", "--site", tmp_path / "other" / "place")
    assert [rendered.code, rendered.out] == [DONE, ""]
    assert files_in(tmp_path / "other" / "place") == files_in(tmp_path / "site")


def test_results_elsewhere_can_be_rendered(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("build", "-j", 1, "--model", "Control: identical").code == DONE
    assert run("render", "--results", "empty", "--site", "bare").code == DONE
    assert (tmp_path / "site" / "pairs").is_dir()
    assert not (tmp_path / "bare" / "pairs").exists()


def test_the_registry_can_be_listed_without_a_benchmark(run: Run) -> None:
    shown = run("list", "models", "--json")
    assert [shown.code, shown.err] == [DONE, ""]
    names = [model["name"] for model in json.loads(shown.out)]
    assert {"all-MiniLM-L6-v2", "Character n-grams", "Control: islands"} <= set(names)
    table = run("list", "models").out.splitlines()
    assert len(table) == len(names) + 1
    assert table[0].split() == ["name", "source", "revision", "objective", "parameters", "groups", "needs"]
    needs = {model["name"]: model["needs"] for model in json.loads(shown.out)}
    assert needs["Character n-grams"] == []
    assert needs["text-embedding-3-small"] == ["isogloss[api]", "network", "OPENAI_API_KEY"]
    (row,) = (line for line in table if line.startswith("text-embedding-3-small "))
    assert row.endswith("isogloss[api], network, OPENAI_API_KEY")


def test_datasets_are_listed_with_their_digest(run: Run, config: Path, words: Dataset) -> None:
    (record,) = json.loads(run("list", "datasets", "--json").out)
    assert record == {
        "name": "words", "title": "Words", "domain": "modern", "concepts": 8, "languages": list(words.languages),
        "digest": words.digest,
    }  # fmt: skip
    assert "en, zh, ar, hi, sw" in run("list", "datasets").out


def test_evaluate_measures_and_writes_no_site(run: Run, config: Path, tmp_path: Path) -> None:
    assert run("evaluate", "--model", "Control: identical", "--dataset", "words", "-j", 1).code == DONE
    assert list(files_in(tmp_path / "results")) == [
        "control-identical/words.draws.npz", "control-identical/words.json",
    ]  # fmt: skip
    assert not (tmp_path / "site").exists()


def test_what_is_wrong_with_a_list_is_checked_and_shown_with_the_words(run: Run, tmp_path: Path) -> None:
    rows = ["en,sw", "one|a,one", "two|a,mbili|b", "three|b,b|cafe\u0301", "four|b,c|moсkва", "five|c,c", "six|c,d",
            "seven|d,e", "eight|d,f"]  # fmt: skip
    (tmp_path / "w.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "benchmark.toml").write_text('[[datasets]]\npath = "w.csv"\n')
    english, swahili = run("check").out.splitlines()[2:4]
    assert re.split("  +", english) == ["en", "12", "0", "4 (a, b, c, …)", "38%", "0", "0", "0"]
    assert re.split("  +", swahili) == ["sw", "9", "0", "2 (b, c)", "38%", "1 (moсkва)", "1", "0"]


@pytest.fixture
def letters() -> Dataset:
    """A list with nothing to translate."""
    tags = {"und-Grek": "αβγδεζηθικ", "und-Latn": "abcdefghij"}
    concepts = tuple(
        Concept(f"{tag}-{i}", {tag: (letter,)}) for tag, text in tags.items() for i, letter in enumerate(text)
    )
    return Dataset(
        "letters", Card("Letters", domain="signs", licence="CC0-1.0", translated=False), tuple(tags), concepts
    )


def test_a_list_without_translations_is_laid_out_and_never_scored(
    run: Run, words: Dataset, letters: Dataset, tmp_path: Path
) -> None:
    write_benchmark(tmp_path, [words, letters])
    assert "character n-grams × letters: missing" in run("check").out.casefold()
    built = run("build", "-j", 1)
    assert [built.code, built.out] == [DONE, ""]
    assert "Character n-grams × Letters: laid out" in built.err
    assert set(files_in(tmp_path / "results")) - {"history.json"} == {
        f"character-n-grams/{name}" for name in ("letters.json", "letters.draws.npz", "words.json", "words.draws.npz")
    }
    assert run("check").out.splitlines()[-1] == "2 of 2 results are up to date"
    assert {r["dataset"]: r["semantic_affinity"] is None for r in json.loads(run("list", "results", "--json").out)} == {
        "letters": True, "words": False,
    }  # fmt: skip
    assert (tmp_path / "site" / "pairs" / "character-n-grams--letters.html").is_file()
    scored = run("score", tmp_path / "datasets" / "letters", "--model", "Character n-grams")
    assert [scored.code, scored.err] == [DONE, ""]
    assert "Nothing is translated here, so there is no score." in scored.out


def test_a_group_can_be_named_instead_of_the_configured_models(run: Run, config: Path, tmp_path: Path) -> None:
    assert run("evaluate", "--group", "controls", "-j", 1).code == DONE
    assert {path.parent.name for path in (tmp_path / "results").glob("*/*")} == {
        "control-identical", "control-shuffled", "control-islands",
    }  # fmt: skip


def test_a_result_of_another_model_is_still_shown_and_one_of_another_dataset_is_named(
    run: Run, config: Path, tmp_path: Path, word_list: WordList
) -> None:
    assert run("build", "--model", "Control: islands", "-j", 1).code == DONE
    assert (tmp_path / "site" / "models" / "control-islands.html").is_file()
    write_benchmark(tmp_path, [word_list(slug="others", n=5)])
    rendered = run("render")
    assert rendered.code == DONE
    assert "The results on words are left out" in rendered.err
    assert not (tmp_path / "site" / "pairs").exists()


def test_a_new_benchmark_is_written_and_builds_at_once(run: Run, tmp_path: Path) -> None:
    begun = run("init", "mine")
    assert [begun.code, begun.out] == [DONE, ""]
    assert set(files_in(tmp_path / "mine")) == {
        ".gitignore", "benchmark.toml", "datasets/example/data.csv", "datasets/example/dataset.toml",
    }  # fmt: skip
    assert "isogloss build -c mine/benchmark.toml" in begun.err
    assert run("build", "-c", "mine/benchmark.toml", "--model", "Character n-grams", "-j", 1).code == DONE
    assert (tmp_path / "mine" / "site" / "index.html").is_file()
    assert run("check", "-c", "mine/benchmark.toml").out.splitlines()[-1] == "1 of 5 results are up to date"


@pytest.mark.parametrize("taken", ["benchmark.toml", "datasets/example/data.csv"])
def test_init_overwrites_nothing(run: Run, tmp_path: Path, taken: str) -> None:
    path = tmp_path / "mine" / taken
    path.parent.mkdir(parents=True)
    path.write_text("my own")
    assert taken in refused(run("init", "mine"))
    assert files_in(tmp_path / "mine") == {taken: b"my own"}


def test_the_site_is_served_on_this_machine_until_interrupted(config: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>served</p>")
    command = [sys.executable, "-m", "generator", "serve", "-c", str(config), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as process:
        try:
            assert process.stderr is not None
            (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.read() == b"<p>served</p>"
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def test_what_was_never_built_is_not_served(run: Run, config: Path) -> None:
    assert "isogloss build" in refused(run("serve", "--no-watch"))


# Scoring one's own words


@pytest.fixture
def users_list(tmp_path: Path) -> Path:
    """Headers as people write them, a column that is no language, and a gap."""
    path = tmp_path / "my words.csv"
    rows = [
        "water,水,Wasser,x",
        "fire,火,Feuer,",
        "sun,太阳,Sonne,",
        "moon,月亮,Mond,",
        "house,房子|家,Haus,",
        "book,,Buch,",
    ]
    path.write_text("\n".join(["English,chinese,German,my remark", *rows]), encoding="utf-8")
    return path


def test_a_shipped_model_is_scored_on_a_users_own_words(tmp_path: Path, users_list: Path) -> None:
    arguments = ("score", str(users_list), "--model", "all-MiniLM-L6-v2", "--languages", "en,zh", "--json", "--map")
    done = run_python("-m", "generator", *arguments, env=environment(tmp_path / "cache"), cwd=tmp_path)
    assert done.returncode == DONE, done.stderr
    document = json.loads(done.stdout)
    assert [document["status"], document["dataset"]["languages"]] == ["ok", ["en", "zh"]]
    assert document["dataset"]["n_concepts"] == 5, "a row that lacks one of the two languages has nothing to compare"
    affinity = document["measures"]["semantic_affinity"]
    assert 0 < affinity["low"] <= affinity["value"] <= affinity["high"] < 1
    assert affinity["low"] < affinity["high"]
    assert document["model"]["encoder"]["batch_size"] == 128
    assert len(document["map"]["points"]) == 11
    assert not (tmp_path / "results").exists()


def test_a_scores_document_has_the_keys_that_others_read(run: Run, words: Dataset, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "words", words)
    ran = run("score", folder, "--model", "Character n-grams", "--json", "--map")
    assert [ran.code, ran.err] == [DONE, ""]
    document = json.loads(ran.out)
    assert [document["schema"], document["status"]] == [1, "ok"]
    assert {"name", "revision"} <= set(document["model"])
    assert {"name", "digest", "languages", "n_concepts"} <= set(document["dataset"])
    assert document["dataset"]["digest"] == words.digest
    assert {
        "semantic_affinity", "semantic_ratio", "inter_spread", "intra_spread", "null_sa", "centred_sa", "reference_sa",
        "euclidean_sa",
    } <= set(document["measures"])  # fmt: skip
    assert all(
        set(document["measures"][name]) == {"value", "low", "high"} for name in ("semantic_affinity", "centred_sa")
    )
    assert set(document["languages"]) == set(words.languages)
    assert all({"intra_spread", "n_renderings"} <= set(told) for told in document["languages"].values())
    assert len(document["language_pairs"]) == 10
    assert all({"a", "b", "sa", "inter_spread", "n"} <= set(pair) for pair in document["language_pairs"])
    assert [c["id"] for c in document["concepts"]] == [c.id for c in words.concepts]
    assert all({"id", "renderings", "spread", "sa"} <= set(concept) for concept in document["concepts"])
    assert {"method", "parameters", "quality", "points"} <= set(document["map"])
    points = {(p["language"], p["text"]) for p in document["map"]["points"]}
    assert points == {(tag, text) for tag, texts in words.renderings.items() for text in texts}
    assert all({"concept", "language", "text", "x", "y"} <= set(point) for point in document["map"]["points"])
    assert {"created", "versions", "seed", "parameters", "key"} <= set(document["provenance"])
    assert isinstance(from_json(ran.out), PairResult)


def test_without_the_option_no_map_is_drawn(run: Run, words: Dataset, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "words", words)
    assert json.loads(run("score", folder, "--model", "Character n-grams", "--json").out)["map"] is None


def test_a_score_in_words_names_the_numbers_that_the_document_holds(run: Run, words: Dataset, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "words", words)
    told = run("score", folder, "--model", "Character n-grams")
    measures = json.loads(run("score", folder, "--model", "Character n-grams", "--json").out)["measures"]
    affinity, centred = measures["semantic_affinity"], measures["centred_sa"]
    assert [told.code, told.err] == [DONE, ""]
    assert "Character n-grams on Words: 8 concepts in en, zh, ar, hi, sw" in told.out
    assert f"{affinity['value']:.3f} ({affinity['low']:.3f}–{affinity['high']:.3f})" in told.out
    assert f"{centred['value']:.3f} ({centred['low']:.3f}–{centred['high']:.3f})" in told.out
    assert re.search(rf"null SA +{measures['null_sa']:.3f}", told.out)


def test_the_controls_give_their_known_answers(run: Run) -> None:
    def measures(control: str) -> dict[str, dict[str, float]]:
        ran = run("score", MODERN, "--model", f"Control: {control}", "--json")
        assert ran.code == DONE
        found: dict[str, dict[str, float]] = json.loads(ran.out)["measures"]
        return found

    assert round(measures("identical")["semantic_affinity"]["value"], 3) == 1.0
    shuffled = measures("shuffled")
    assert shuffled["semantic_affinity"]["value"] == pytest.approx(0.5, abs=0.02)
    assert shuffled["null_sa"] == pytest.approx(0.5, abs=0.02)
    islands = measures("islands")
    assert islands["semantic_affinity"]["value"] < 0.35
    assert islands["centred_sa"]["value"] > 0.75


def test_a_score_that_fails_says_why_and_ends_with_one(run: Run, words: Dataset, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "words", words)
    plain = run("score", folder, "--model", lacking(tmp_path))
    assert [plain.code, plain.out] == [SOME_FAILED, ""]
    assert "has no vector for" in plain.err
    document = run("score", folder, "--model", lacking(tmp_path), "--json")
    assert document.code == SOME_FAILED
    outcome = from_json(document.out)
    assert isinstance(outcome, PairFailure)
    assert outcome.error.message in document.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.csv", "--model", "Character n-grams"), "there is no such file"),
        (("words", "--model", "character ngrams"), 'Did you mean "Character n-grams"?'),
        (("words", "--model", "Character n-grams", "--languages", "en,xyzzy"), "xyzzy"),
        (("words", "--model", "Character n-grams", "--languages", "en,fr"), "there is no column for the language fr"),
        (("words",), "--model"),
        (("words", "--model", "precomputed:words/data.csv"), "not readable"),
    ],
)
def test_a_score_that_cannot_be_had_is_refused(
    run: Run, words: Dataset, tmp_path: Path, arguments: Sequence[str], message: str
) -> None:
    write_dataset(tmp_path / "words", words)
    assert message in refused(run("score", *arguments))


def test_a_score_without_intervals_says_what_is_missing_and_why(words: Dataset) -> None:
    told = summary(measured(model(), words, 0.6, reach=None, centred=None))
    assert re.search(r"Semantic Affinity +0\.600 +strong$", told, re.M)
    assert re.search(r"centred SA +– ", told)
    assert told.endswith("no euclidean_sa: vectors of no length")
    assert "furthest apart     mother 0.540, book 0.550, house 0.560" in told
    assert "closest            water 0.600, fire 0.590, sun 0.580" in told
    assert "en-zh 0.600 best, ar-sw 0.592 worst" in told
    tiny = summary(measured(model(), words, 0.6, centred=0.5996))
    assert re.search(r"offset penalty +0\.000 ", tiny)


# Failures and refusals


def test_a_failing_pair_ends_with_one_and_the_others_are_there(run: Run, words: Dataset, tmp_path: Path) -> None:
    write_benchmark(tmp_path, [words], [lacking(tmp_path), "Control: identical"])
    for command in (("build", "-j", 1), ("render",)):
        ran = run(*command)
        assert [ran.code, ran.out] == [SOME_FAILED, ""]
        assert "Traceback" not in ran.err
    assert "lacking × Words: failed. lacking.npz has no vector for" in run("evaluate").err
    assert (tmp_path / "site" / "pairs" / "control-identical--words.html").is_file()
    assert (tmp_path / "site" / "pairs" / "lacking--words.html").is_file()
    states = {r["model"]: r["status"] for r in json.loads(run("list", "results", "--json").out)}
    assert states == {"lacking": "failed", "Control: identical": "ok"}
    assert "lacking × Words: failed" in run("check").out


@pytest.mark.parametrize("command", ["build", "evaluate", "render", "check", "serve"])
def test_a_benchmark_that_is_not_there_is_refused_with_the_way_to_make_one(
    run: Run, command: str, tmp_path: Path
) -> None:
    message = refused(run(command))
    assert "benchmark.toml" in message
    assert "isogloss init" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sead = 1", ["'sead'", 'Did you mean "seed"?']),
        ('[site]\ntitel = "x"', ["'site.titel'", 'Did you mean "title"?']),
        ("[layout]\nneighbors = 3", ["'layout.neighbors'", 'Did you mean "neighbours"?']),
        ("[statistics]\ndrawings = 3", ["'statistics.drawings'", 'Did you mean "draws"?']),
        ('[[datasets]]\npaht = "x"', ["paht", 'Did you mean "path"?']),
        ('[[datasets]]\npath = "datasets/words"\ncard = { nam = "x" }', ["nam", 'Did you mean "name"?']),
        ("zebra = 1", ["'zebra'", "Valid names: datasets, groups, layers, layout"]),
        ("seed = -1", ["seed is -1", "0 to 4294967295"]),
        ('seed = "x"', ["seed"]),
        ("[statistics]\ndraws = 0", ["statistics.draws is 0"]),
        ("groups = [", ["not TOML"]),
        ('groups = ["offlin"]', ['Did you mean "offline"?']),
        ('[[datasets]]\npath = "datasets/wrods"', ["wrods", "there is no such file or folder"]),
    ],
)
def test_a_mistake_in_the_config_is_named_with_its_remedy(
    run: Run, words: Dataset, tmp_path: Path, line: str, told: Sequence[str]
) -> None:
    write_benchmark(tmp_path, [words], more=line)
    before = files_in(tmp_path)
    message = refused(run("build"))
    assert all(part in message for part in told), message
    assert files_in(tmp_path) == before, "nothing is half-written"


def test_every_mistake_is_named_at_once(run: Run, words: Dataset, tmp_path: Path) -> None:
    more = 'sead = 1\n[site]\ntitel = "x"\n[layout]\nlandmark = 3'
    write_benchmark(tmp_path, [words], more=more)
    message = refused(run("check"))
    assert [line for line in ("sead", "titel", "landmark") if line not in message] == []


def test_a_mistake_in_the_registry_is_named_with_its_remedy(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text('[[models]]\nname = "Mine"\nsource = "ngrams:"\nlicense = "MIT"\n')
    message = refused(run("list", "models"))
    assert "models.toml" in message
    assert 'Did you mean "licence"?' in message


@pytest.mark.parametrize(
    ("option", "name", "nearest"),
    [
        ("--dataset", "word", 'Did you mean "words"?'),
        ("--model", "Control: identicle", 'Did you mean "Control: identical"?'),
        ("--group", "control", 'Did you mean "controls"?'),
    ],
)
@pytest.mark.parametrize("command", ["build", "evaluate"])
def test_an_unknown_name_is_refused_with_the_nearest_one(
    run: Run, config: Path, tmp_path: Path, command: str, option: str, name: str, nearest: str
) -> None:
    before = files_in(tmp_path)
    message = refused(run(command, option, name))
    assert name in message
    assert nearest in message
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("biuld",), ("build", "--job", "0"), ("build", "--jobs", "0"), ("list", "modles"), ("list",), ("score",),
        ("init",), ("serve", "--port", "70000"), ("build", "extra"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_refused(run: Run, config: Path, arguments: Sequence[str]) -> None:
    assert "Usage:" in refused(run(*arguments))


@pytest.mark.parametrize("command", [("render",), ("check",), ("list", "results")])
def test_an_unreadable_result_is_named(run: Run, config: Path, tmp_path: Path, command: Sequence[str]) -> None:
    path = tmp_path / "results" / "character-n-grams" / "words.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    message = run(*command)
    assert message.code == REFUSED
    assert str(path) in message.err
    assert not (tmp_path / "site").exists()


def test_damaged_draws_are_named_when_rendering_and_counted_as_missing_when_checking(
    run: Run, config: Path, tmp_path: Path
) -> None:
    assert run("evaluate", "--model", "Control: identical", "-j", 1).code == DONE
    path = tmp_path / "results" / "control-identical" / "words.draws.npz"
    path.write_bytes(path.read_bytes()[:100])
    assert str(path) in refused(run("render"))
    assert not (tmp_path / "site").exists()
    assert "Control: identical × Words: missing" in run("check").out.splitlines()


def test_a_result_whose_model_is_gone_is_outdated_and_says_why(run: Run, words: Dataset, tmp_path: Path) -> None:
    write_benchmark(tmp_path, [words], [lacking(tmp_path, words.texts)])
    assert run("evaluate", "-j", 1).code == DONE
    assert run("check").out.splitlines()[-1] == "1 of 1 results are up to date"
    (tmp_path / "lacking.npz").unlink()
    checked = run("check")
    assert checked.code == DONE
    assert f"lacking: there is no file {tmp_path / 'lacking.npz'}" in checked.out
    assert "lacking × Words: outdated" in checked.out


def test_a_model_that_cannot_be_pinned_for_whatever_reason_stops_no_check(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: Model) -> Model:
        if model.kind == "control":
            raise PackageNotFoundError("loose")
        return pinned(model)

    monkeypatch.setattr("generator.check.pinned", refuse)
    checked = run("check")
    assert checked.code == DONE
    assert "Control: identical: No package metadata was found for loose" in checked.out.splitlines()
    assert "Control: identical × Words: missing" in checked.out.splitlines()


def test_a_port_that_is_taken_is_named(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} cannot be used" in refused(run("serve", "--port", port))


def test_a_file_in_the_sites_way_is_refused_and_kept(run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    assert "this is a file, not a folder" in refused(run("render"))
    assert (tmp_path / "site").read_text() == "mine"


def test_a_defect_of_ours_is_not_passed_off_as_a_message(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("generator.config.load_benchmark", broken)
    monkeypatch.setattr(sys, "argv", ["isogloss", "check"])
    with pytest.raises(ZeroDivisionError):
        main()


# Streams


def test_a_process_writes_plain_messages_to_stderr_and_nothing_to_stdout(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [lacking(tmp_path)])
    env = environment(tmp_path / "cache", NO_COLOR="1", TERM="xterm-256color")
    done = run_python("-m", "generator", "build", "-j", "1", "-c", str(config), env=env)
    assert [done.returncode, done.stdout] == [SOME_FAILED, ""]
    first, second, *_, last = done.stderr.splitlines()
    assert first == "1 pairs to measure, 0 up to date"
    assert second.startswith("lacking × Words: failed. lacking.npz has no vector for ")
    assert last.endswith(f"open {tmp_path / 'site' / 'index.html'}")
    assert not {"\x1b", "\r"} & set(done.stderr)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_shows_a_bar_that_respects_no_color(monkeypatch: pytest.MonkeyPatch, no_color: str) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with counted("Measuring", 3) as advance:
        advance(1, "one [bold]x[/bold]")
        advance(2, "")
    shown = terminal.getvalue()
    assert "3/3" in shown
    assert "one [bold]x[/bold]\n" in shown
    assert bool(re.search(r"\x1b\[[\d;]*m", shown)) == (no_color == "")


def test_elsewhere_progress_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with counted("Measuring", 2) as advance:
        advance(1, "[red]a[/red] " + "long " * 100)
        advance(1, "")
    say("the end")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["[red]a[/red] " + "long " * 100, "the end"]

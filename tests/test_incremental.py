"""What is made again when something changed, and that it is the same as if everything were."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

import pytest
from site_fixtures import TEXTS, Invented, files_in, measured, model, states, write_benchmark

from generator import ledger as ledgers
from generator import result_store, stored
from generator.cli import DONE, SOME_FAILED, isogloss
from generator.config import load_benchmark
from generator.datasets import Dataset
from generator.errors import InputError
from generator.ledger import Ledger, ledger_of
from generator.result_store import ResultStore
from generator.results import Outcome, PairResult
from generator.site import pieces, update
from generator.site.overrides import Template
from generator.site.pieces import Kept, Piece, Shared, StoredFile, fingerprint
from generator.site.update import Update, update_site
from generator.stored import StoredResults
from generator.vectors import VectorCache

WordList = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISOGLOSS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: the tests that are about that say otherwise."""
    monkeypatch.setattr(ledgers, "SETTLED_NS", 0)


# The ledger


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content was looked at for a digest."""
    names: list[str] = []
    original = hashlib.file_digest

    def noted(file: BufferedReader, kind: str) -> object:
        names.append(Path(file.name).name)
        return original(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    return names


def digest_of(path: Path, place: Path) -> str | None:
    """By a ledger of its own that was stored before."""
    ledger = Ledger(place)
    digest = ledger.digest(path)
    ledger.save()
    return digest


def test_a_file_that_looks_the_same_is_not_read_again(tmp_path: Path, reads: list[str]) -> None:
    file, place = tmp_path / "水.json", tmp_path / "ledger"
    file.write_bytes(b"water")
    first = digest_of(file, place)
    assert reads == ["水.json"]
    assert digest_of(file, place) == first
    assert reads == ["水.json"]


@pytest.mark.parametrize("content", [b"Water", b"water!", b""], ids=["a flipped bit", "longer", "truncated"])
def test_a_file_that_was_written_to_is_read_again_even_under_its_old_date(tmp_path: Path, content: bytes) -> None:
    file, place = tmp_path / "a", tmp_path / "ledger"
    file.write_bytes(b"water")
    told = file.stat()
    first = digest_of(file, place)
    time.sleep(0.02)  # beyond the tick of the clock that stamps files
    file.write_bytes(content)
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert digest_of(file, place) not in {None, first}


def test_a_file_that_was_touched_or_replaced_by_its_equal_has_the_same_digest(tmp_path: Path, reads: list[str]) -> None:
    file, place = tmp_path / "a", tmp_path / "ledger"
    file.write_bytes(b"water")
    first = digest_of(file, place)
    os.utime(file, ns=(1, 1))
    assert digest_of(file, place) == first
    (tmp_path / "b").write_bytes(b"water")
    (tmp_path / "b").replace(file)
    assert digest_of(file, place) == first
    assert reads == ["a"] * 3


@pytest.mark.parametrize("ahead", [0, 3600], ids=["just now", "by a clock that was ahead"])
def test_what_may_yet_be_written_to_within_the_same_tick_is_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str], ahead: int
) -> None:
    monkeypatch.setattr(ledgers, "SETTLED_NS", 60_000_000_000)
    file, place = tmp_path / "a", tmp_path / "ledger"
    file.write_bytes(b"water")
    stamp = time.time_ns() + ahead * 1_000_000_000
    os.utime(file, ns=(stamp, stamp))
    assert digest_of(file, place) == digest_of(file, place)
    assert reads == ["a", "a"]


def test_there_is_no_digest_of_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("missing", "dangling", "."):
        assert Ledger().digest(tmp_path / name) is None


def test_what_a_link_leads_to_is_read_each_time(tmp_path: Path, reads: list[str]) -> None:
    (tmp_path / "file").write_bytes(b"water")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    first = digest_of(tmp_path / "link", tmp_path / "ledger")
    assert digest_of(tmp_path / "link", tmp_path / "ledger") == first
    assert reads == ["link", "link"]


def test_another_name_changes_no_file(tmp_path: Path, reads: list[str]) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"water")
    ledger = Ledger()
    first = ledger.digest(file)
    time.sleep(0.02)
    os.link(file, tmp_path / "b")
    ledger.renamed(file)
    assert ledger.digest(file) == first
    assert reads == ["a"]
    file.write_bytes(b"fire!")
    ledger.renamed(file)
    assert ledger.digest(file) != first


@pytest.mark.parametrize("harm", [b"", b"\n", b"{}", b"null\n[]"])
def test_a_damaged_ledger_is_an_empty_one(tmp_path: Path, harm: bytes, reads: list[str]) -> None:
    file, place = tmp_path / "a", tmp_path / "ledger"
    file.write_bytes(b"water")
    first = digest_of(file, place)
    place.write_bytes(harm)
    assert digest_of(file, place) == first
    flipped = bytearray(place.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    place.write_bytes(flipped)
    assert digest_of(file, place) == first
    assert reads == ["a"] * 3


def test_a_ledger_that_cannot_be_stored_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"water")
    assert digest_of(tmp_path / "file", tmp_path / "file" / "ledger") is not None


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"water")
    place = tmp_path / "ledger"
    ledger = Ledger(place)
    for name in ("a", "b"):
        ledger.digest(tmp_path / name)
        ledger.note(tmp_path / name, name)
    (tmp_path / "a").unlink()
    ledger.save()
    assert Ledger(place).noted(tmp_path / "a") is None
    assert Ledger(place).noted(tmp_path / "b") == "b"
    assert str(tmp_path / "a") not in place.read_text()


# Stored results


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The result files that were read as such."""
    files: list[str] = []
    original = result_store.from_json

    def noted(text: str | bytes, file: str = "result") -> Outcome:
        files.append(Path(file).name)
        return original(text, file)

    monkeypatch.setattr(result_store, "from_json", noted)
    return files


def test_a_result_is_read_once(tmp_path: Path, word_list: WordList, parsed: list[str]) -> None:
    told = states(word_list)
    store = filled(told, tmp_path / "results")
    for _ in range(2):
        known = StoredResults(store)
        found = {(o.model.slug, o.dataset.slug): known.key(o.model.slug, o.dataset.slug) for o in told.outcomes}
        known.save()
    assert len(parsed) == len(told.outcomes)
    for outcome in told.outcomes:
        key = found[outcome.model.slug, outcome.dataset.slug]
        if isinstance(outcome, PairResult) and store.is_whole(outcome):
            assert key == stored.StoredKey(outcome.model.name, outcome.provenance.key)
        else:
            assert key is None
    assert any(found.values())
    assert known.key("no-model", "words") is None


def test_a_result_without_its_resamples_or_half_of_itself_is_none(tmp_path: Path, word_list: WordList) -> None:
    told = states(word_list)
    store = filled(told, tmp_path / "results")
    known = StoredResults(store)
    assert known.key("whole", "words")
    draws = store.path("whole", "words").with_suffix(result_store.DRAWS)
    content = draws.read_bytes()
    draws.unlink()
    assert known.key("whole", "words") is None
    draws.write_bytes(content[:-30])
    assert known.key("whole", "words") is None
    draws.write_bytes(content)
    assert known.key("whole", "words")
    path = store.path("whole", "words")
    path.write_bytes(path.read_bytes()[:-30])
    assert known.key("whole", "words") is None


# Fingerprints


def test_equal_values_have_equal_fingerprints_and_others_have_others(word_list: WordList) -> None:
    words = word_list(slug="words", n=4)
    result = measured(model(), words)
    values = [
        result, words, replace(result, map=None), replace(words, slug="other"), [words], (result, 1), (result, 1.0), {},
        None, "1", 1, 1.5, True, Path("a"), Shared(words), TEXTS, Template(None, "pair.html"),
        Template(None, "model.html"), fingerprint, measured,
    ]  # fmt: skip
    digests = [fingerprint(value) for value in values]
    assert len(set(digests)) == len(digests)
    assert fingerprint(replace(result)) == fingerprint(result)
    assert fingerprint(replace(words)) == fingerprint(words)
    assert fingerprint(Shared([1, 2])) == fingerprint(Shared([1, 2]))
    with pytest.raises(TypeError, match="set has no fingerprint"):
        fingerprint({1, 2})


# Sites


def filled(told: Invented, folder: Path) -> ResultStore:
    store = ResultStore(folder)
    for outcome in told.outcomes:
        store.write(outcome, told.resamples.get((outcome.model.slug, outcome.dataset.slug)))
    return store


@pytest.fixture
def told(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture
def config(told: Invented, tmp_path: Path) -> Path:
    filled(told, tmp_path / "results")
    return write_benchmark(tmp_path, told.benchmark.datasets)


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were made, in this process."""
    paths: list[str] = []
    original = Piece.made

    def noted(piece: Piece) -> bytes:
        paths.append(piece.path)
        return original(piece)

    monkeypatch.setattr(Piece, "made", noted)
    return paths


def updated(config: Path, jobs: int = 1) -> Update:
    benchmark = load_benchmark(config)
    return update_site(benchmark, benchmark.output, jobs)


def from_nothing(config: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, bytes]:
    """The site that somebody would get who has none yet, and no cache."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("ISOGLOSS_CACHE", str(config.parent / "fresh" / "cache"))
        benchmark = load_benchmark(config)
        ledger_of(benchmark.results).path.unlink(missing_ok=True)  # type: ignore[union-attr]
        site = config.parent / "fresh" / f"{time.time_ns()}"
        update_site(benchmark, site, 1)
    return files_in(site)


def pages(paths: list[str]) -> set[str]:
    return {path for path in paths if path.endswith(".html")}


def looks(folder: Path) -> dict[str, tuple[int, int]]:
    """What would change of a file that was written again."""
    return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_where_nothing_changed_nothing_is_read_made_or_written(
    config: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]
) -> None:
    first = updated(config)
    before = looks(config.parent / "results") | looks(config.parent / "site")
    parsed.clear()
    monkeypatch.setattr(update, "_renewed", None)
    done = updated(config)
    assert (done.files, done.new, done.failed) == (first.files, 0, first.failed)
    assert first.failed > 0
    assert parsed == []
    assert looks(config.parent / "results") | looks(config.parent / "site") == before
    assert str(done) == f"Nothing has changed: {done.files:,} files"


def test_an_empty_file_is_as_whole_as_any(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = config.parent / "templates" / "static"
    own.mkdir(parents=True)
    (own / "extra.css").touch()
    updated(config)
    monkeypatch.setattr(update, "_renewed", None)
    assert updated(config).new == 0


def test_what_changes_behind_a_linked_folder_is_seen(config: Path) -> None:
    results = config.parent / "results"
    folder = next(path for path in sorted(results.iterdir()) if path.is_dir())
    elsewhere = config.parent / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    updated(config)
    assert updated(config).new == 0
    next(iter(sorted(elsewhere.glob("*.json")))).unlink()
    assert updated(config).new > 0


def test_build_and_render_say_so_and_read_no_vectors(
    tmp_path: Path, word_list: WordList, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = write_benchmark(tmp_path, [word_list(slug="words", n=5)])
    assert isogloss.main(["build", "-j", "1", "-c", str(config)], standalone_mode=False) == DONE
    before = files_in(tmp_path / "site")
    monkeypatch.setattr(VectorCache, "__init__", None)
    for command in ("build", "render"):
        capfd.readouterr()
        assert isogloss.main([command, "-j", "1", "-c", str(config)], standalone_mode=False) == DONE
        assert "Nothing has changed" in capfd.readouterr().err
    assert files_in(tmp_path / "site") == before


def test_a_failed_pair_is_told_by_the_exit_code_each_time(config: Path) -> None:
    for _ in range(2):
        assert isogloss.main(["render", "-c", str(config)], standalone_mode=False) == SOME_FAILED


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


HARM: Mapping[str, Callable[[Path], object]] = {
    "a page with a flipped bit": lambda site: flip(site / "pairs" / "whole--words.html"),
    "a page gone": lambda site: (site / "pairs" / "whole--words.html").unlink(),
    "a truncated script": lambda site: os.truncate(site / "data" / "pairs" / "whole--words.js", 10),
    "a touched page": lambda site: os.utime(site / "index.html", ns=(1, 1)),
    "a manifest of another site": lambda site: (site / "manifest.json").write_text('{"schema": 1, "files": {}}\n'),
    "a page and its digest altered": lambda site: forge(site, "claims.html"),
}


def forge(site: Path, page: str) -> None:
    old = pieces.listed(site)[page]
    (site / page).write_bytes(b"forged")
    new = pieces.sha256_of(b"forged")
    (site / "manifest.json").write_text((site / "manifest.json").read_text().replace(old, new))


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_a_site_that_was_harmed_is_whole_again(config: Path, harm: Callable[[Path], object]) -> None:
    updated(config)
    site = config.parent / "site"
    before = files_in(site)
    time.sleep(0.02)
    harm(site)
    updated(config)
    assert files_in(site) == before


def test_a_model_more_lays_out_only_what_tells_of_it(
    config: Path, told: Invented, again: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    updated(config)
    before = looks(config.parent / "site")
    words = told.benchmark.datasets[0]
    # A control is ranked nowhere, so that no other model's page says anything else.
    new = model("Control: newcomer", objective="control")
    ResultStore(config.parent / "results").write(measured(new, words))
    again.clear()
    updated(config)
    slug = new.slug
    assert {path for path in again if slug in path} >= {
        f"pairs/{slug}--{words.slug}.html", f"pairs/{slug}--{words.slug}.svg", f"models/{slug}.html",
        f"data/pairs/{slug}--{words.slug}.js", f"data/results/{slug}/{words.slug}.json.gz", f"cards/model-{slug}.png",
    }  # fmt: skip
    others = {path for path in again if slug not in path}
    assert not [path for path in others if path.startswith(("pairs/", "data/pairs/", "data/scores/", "data/results/"))]
    assert pages([*others]) <= {
        "index.html", "companions.html", "compare.html", "domains.html", "claims.html", "downloads.html", "search.html",
        "methods.html", "releases/unreleased.html", *(f"datasets/{each.slug}.html" for each in told.benchmark.datasets),
    }  # fmt: skip
    after = looks(config.parent / "site")
    kept = {path for path in before if after[path] == before[path]}
    assert len(kept) > len(before) / 2, "what is the same is the very same file"
    assert files_in(config.parent / "site") == from_nothing(config, monkeypatch)


def test_another_word_on_a_card_lays_out_only_what_shows_it(
    config: Path, again: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    updated(config)
    card = config.parent / "datasets" / "others" / "dataset.toml"
    card.write_text(f'description = "Water, 水 and 🌊"\n{card.read_text()}', encoding="utf-8")
    again.clear()
    updated(config)
    # The home page's metadata describe the datasets, and the downloads tell the size of the card.
    assert set(again) == {"index.html", "downloads.html", "datasets/others.html", "data/words/others.js"}
    assert files_in(config.parent / "site") == from_nothing(config, monkeypatch)


OWN = '{% extends "isogloss/pair.html" %}\n{% block main %}<p>Ours: 水</p>{{ super() }}{% endblock %}\n'


def test_a_block_of_ones_own_lays_out_the_pages_of_its_template_only(
    config: Path, again: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.parent / "templates").mkdir()
    updated(config)
    (config.parent / "templates" / "pair.html").write_text(OWN, encoding="utf-8")
    again.clear()
    updated(config)
    site = files_in(config.parent / "site")
    told = {path for path in site if b"Ours: \xe6\xb0\xb4" in site[path]}
    assert set(again) == told
    assert "pairs/whole--words.html" in told
    assert all(path.startswith("pairs/") for path in told)
    assert site == from_nothing(config, monkeypatch)
    (config.parent / "templates" / "base.html").write_text('{% extends "isogloss/base.html" %}\n', encoding="utf-8")
    again.clear()
    updated(config)
    assert pages(again) == {path for path in site if path.endswith(".html")}, "all pages stand on it"


def test_another_title_lays_out_every_page_and_draws_no_map_anew(
    config: Path, told: Invented, again: list[str]
) -> None:
    updated(config)
    write_benchmark(config.parent, told.benchmark.datasets, more='[site]\ntitle = "Other"')
    again.clear()
    updated(config)
    site = files_in(config.parent / "site")
    assert {path for path in site if path.endswith(".html")} == pages(again)
    assert {path for path in again if not path.endswith(".html")} <= {
        path for path in site if path.startswith("cards/")
    }


def test_other_code_makes_everything_anew(config: Path, again: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    updated(config)
    n = len(again)
    before = looks(config.parent / "site")
    monkeypatch.setattr(pieces, "code", lambda: "another")
    monkeypatch.setattr(update, "code", lambda: "another")
    again.clear()
    assert updated(config).new == 1, "all files are the same; the manifest alone is written again"
    assert len(again) == n
    after = looks(config.parent / "site")
    assert {path for path in before if after[path] != before[path]} == {str(config.parent / "site" / "manifest.json")}


@pytest.mark.parametrize("seed", range(2))
def test_any_changes_one_after_the_other_give_the_bytes_of_a_site_from_nothing(
    tmp_path: Path, told: Invented, config: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    store = ResultStore(tmp_path / "results")
    templates = tmp_path / "templates"
    templates.mkdir()
    newcomers = (model(f"New {i} {text}") for i, text in enumerate(TEXTS))
    dice = random.Random(seed)
    words, others = told.benchmark.datasets[:2]

    def result() -> PairResult:
        return next(o for o in dice.sample(told.outcomes, len(told.outcomes)) if isinstance(o, PairResult))

    def rescored(old: PairResult) -> Outcome:
        assert old.measures
        value = replace(old.affinity, value=dice.random())
        return replace(old, measures=replace(old.measures, semantic_affinity=value))

    def retitled() -> None:
        lines = [line for line in config.read_text().splitlines() if not line.startswith(("[site]", "title"))]
        config.write_text("\n".join([*lines, "[site]", f'title = "Title {dice.random()}"', ""]))

    changes: list[Callable[[], object]] = [
        lambda: store.write(measured(next(newcomers), words)),
        lambda: store.write(measured(next(newcomers), others, sa=dice.random())),
        lambda: store.write(rescored(next(o for o in iter(result, None) if o.measures))),
        lambda: store.path((r := result()).model.slug, r.dataset.slug).unlink(missing_ok=True),
        lambda: (tmp_path / "datasets" / "others" / "dataset.toml").open("a").write(f"# {dice.random()}\n"),
        lambda: (templates / "404.html").write_text(f'{{% extends "isogloss/404.html" %}}{{# {dice.random()} #}}'),
        lambda: (templates / "model.html").write_text(
            f'{{% extends "isogloss/model.html" %}}{{% block main %}}{dice.random()}{{{{ super() }}}}{{% endblock %}}'
        ),
        lambda: (templates / "model.html").unlink(missing_ok=True),
        lambda: flip(dice.choice(sorted((tmp_path / "site").glob("*/*.html")))),
        retitled,
        lambda: None,
    ]
    for _ in range(4):
        for change in dice.sample(changes, 2):
            change()
        updated(config)
        assert files_in(tmp_path / "site") == from_nothing(config, monkeypatch)


def test_what_changes_while_a_site_is_made_counts_as_changed(
    config: Path, told: Invented, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = update._outcomes

    def read(benchmark: object) -> list[Outcome]:
        found = original(benchmark)  # type: ignore[arg-type]
        monkeypatch.setattr(update, "_outcomes", original)
        ResultStore(config.parent / "results").write(measured(model("Late 晚"), told.benchmark.datasets[0]))
        return found

    monkeypatch.setattr(update, "_outcomes", read)
    updated(config)
    assert updated(config).new > 0
    assert files_in(config.parent / "site") == from_nothing(config, monkeypatch)


def test_files_kept_by_their_old_names_have_one_name_again(config: Path, told: Invented) -> None:
    updated(config)
    ResultStore(config.parent / "results").write(measured(model("More"), told.benchmark.datasets[0]))
    updated(config)
    assert {path.stat().st_nlink for path in (config.parent / "site").rglob("*") if path.is_file()} == {1}


def test_a_release_is_published_without_being_held(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    updated(config)
    isogloss.main(["release", "-c", str(config), "--date", "2026-05-06"], standalone_mode=False)
    original = update._rendered
    held: list[object] = []

    def noted(*given: object) -> object:
        files, made = original(*given)  # type: ignore[arg-type]
        held.extend(file for path, file in files.items() if path.startswith("releases/2026-05-06/a"))
        return files, made

    monkeypatch.setattr(update, "_rendered", noted)
    updated(config)
    assert held
    assert all(isinstance(file, StoredFile) for file in held)
    frozen = files_in(config.parent / "releases" / "2026-05-06")
    site = files_in(config.parent / "site")
    assert {path: site[f"releases/2026-05-06/{path}"] for path in frozen} == frozen
    places = [config.parent / place / "2026-05-06" / "index.html" for place in ("releases", "site/releases")]
    assert len({place.stat().st_ino for place in places}) == 2, "what is released is no other name of a site's file"


# Processes


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes take over however little there is to do."""
    monkeypatch.setattr(pieces, "WORTH_SHARING", 1)
    monkeypatch.setattr(pieces, "FIRST", 2)


@pytest.mark.usefixtures("eager")
def test_two_processes_give_the_same_bytes_and_know_what_they_kept(
    config: Path, again: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    updated(config, jobs=2)
    assert len(again) < 10, "the processes made the rest"
    site = files_in(config.parent / "site")
    assert site == from_nothing(config, monkeypatch)
    monkeypatch.setattr(update, "_renewed", None)
    assert updated(config).new == 0


@pytest.mark.usefixtures("eager")
def test_what_a_process_did_not_finish_that_died_is_made_here(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, by_piece = os.getpid(), Piece.made

    def made(piece: Piece) -> bytes:
        if os.getpid() != here and piece.path.startswith("pairs/"):
            os._exit(9)
        return by_piece(piece)

    monkeypatch.setattr(Piece, "made", made)
    updated(config, jobs=2)
    assert files_in(config.parent / "site") == from_nothing(config, monkeypatch)


@pytest.mark.usefixtures("eager")
def test_a_faulty_template_is_named_by_other_processes_too(config: Path) -> None:
    own = config.parent / "templates"
    own.mkdir()
    (own / "pair.html").write_text(
        '{% extends "isogloss/pair.html" %}\n{% block main %}{{ page.nothing }}{% endblock %}'
    )
    with pytest.raises(InputError, match=r"pair\.html.*line 2"):
        updated(config, jobs=2)
    assert not (config.parent / "site").exists()


def test_a_template_in_another_encoding_is_named(config: Path) -> None:
    own = config.parent / "templates"
    own.mkdir()
    (own / "pair.html").write_bytes("{# Übersicht #}".encode("latin-1"))
    with pytest.raises(InputError, match=r"pair\.html: not UTF-8"):
        updated(config)


@pytest.mark.parametrize("place", ["results", "releases", "results/site", "releases/2026-01-01/site"])
def test_a_site_in_the_place_of_what_it_is_made_of_is_refused(config: Path, place: str) -> None:
    with pytest.raises(InputError, match="the site cannot be there"):
        isogloss.main(["render", "-c", str(config), "--site", str(config.parent / place)], standalone_mode=False)


def test_little_work_is_done_here(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "in_forks", None)
    assert updated(config, jobs=8).new > 100


def test_a_whole_site_knows_how_many_files_it_has(config: Path) -> None:
    done = updated(config)
    kept = Kept((config.parent / "site").resolve(), ledger_of(config.parent / "results"))
    assert kept.is_whole()
    assert len(kept) == done.files == len(files_in(config.parent / "site"))

"""Whole benchmarks, built again and again: what is measured anew, what is kept, and what a kill can do."""

from __future__ import annotations

import shutil
import signal
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from site_fixtures import control, environment, files_in, measured, page_of, run_python, write_benchmark

from generator import encode
from generator.cli import DONE, SOME_FAILED, isogloss
from generator.cluster.tasks import Source
from generator.config import load_benchmark
from generator.datasets import Concept, Dataset
from generator.encode import load_encoder
from generator.errors import ModelUnavailableError
from generator.evaluate import Tally, evaluate, evaluate_pair
from generator.models import Model, load_model, sources
from generator.models.encoder import BATCH_SIZE, Encoder, Settings, Vectors
from generator.pair import Parameters
from generator.result_store import ResultStore, from_json
from generator.results import PairFailure, PairResult

WordList = Callable[..., Dataset]
NGRAMS, SHUFFLED = "Character n-grams", "Control: shuffled"
EPOCH = 1_750_000_000  # 2025-06-15


@pytest.fixture
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words", n=9)


@pytest.fixture
def others(word_list: WordList) -> Dataset:
    return word_list(slug="others", languages=("en", "sw", "hi"), n=7)


@dataclass(frozen=True)
class Counting:
    """An encoder that notes which texts it is asked for."""

    inner: Encoder
    asked: list[str]
    texts_at_once: int = BATCH_SIZE

    @property
    def settings(self) -> Settings:
        return self.inner.settings

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        return self.inner.encode(texts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that an encoder of this process is asked for."""
    texts: list[str] = []

    def counted(model: Model, *, allow_remote_code: bool = False) -> Encoder:
        return Counting(load_encoder(model, allow_remote_code=allow_remote_code), texts)

    monkeypatch.setattr(encode, "load_encoder", counted)
    return texts


def evaluated(config: Path, jobs: int = 1) -> Tally:
    benchmark = load_benchmark(config)
    return evaluate(
        benchmark.models, benchmark.datasets, benchmark.parameters, ResultStore(benchmark.results), jobs=jobs
    )


def build(config: Path, *more: str) -> int:
    """Build in this process; a pool would take seconds to start."""
    code = isogloss.main(["build", "-j", "1", "-c", str(config), *more], standalone_mode=False)
    assert isinstance(code, int)
    return code


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def files_of(*pairs: str) -> set[str]:
    """The result of each pair and the resamples beside it."""
    return {f"{pair}{ending}" for pair in pairs for ending in (".json", ".draws.npz")}


def longer(dataset: Dataset) -> Dataset:
    """The dataset with one more concept."""
    new = Concept("new", {"en": ("brand-new",), "sw": ("mpya kabisa",)})
    return replace(dataset, concepts=(*dataset.concepts, new))


# Only what is missing or outdated


def test_a_second_build_encodes_and_measures_nothing_and_gives_the_same_bytes(
    tmp_path: Path, words: Dataset, others: Dataset, asked: list[str]
) -> None:
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    texts = {*words.texts, *others.texts}
    assert evaluated(config) == Tally(measured=4, encoded=len(texts))
    assert sorted(asked) == sorted(texts), "a text that stands in two lists is encoded once"
    assert build(config) == DONE
    results, site = files_in(tmp_path / "results"), files_in(tmp_path / "site")
    asked.clear()
    assert evaluated(config) == Tally(current=4)
    assert build(config) == DONE
    assert asked == []
    assert changed(results, files_in(tmp_path / "results")) == set()
    assert changed(site, files_in(tmp_path / "site")) == set()


def test_a_new_word_is_encoded_alone_and_only_its_dataset_is_measured(
    tmp_path: Path, words: Dataset, others: Dataset, asked: list[str]
) -> None:
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    evaluated(config)
    before = files_in(tmp_path / "results")
    asked.clear()
    write_benchmark(tmp_path, [longer(words), others], [NGRAMS, SHUFFLED])
    assert evaluated(config) == Tally(measured=2, current=2, encoded=2)
    assert sorted(asked) == ["brand-new", "mpya kabisa"]
    assert changed(before, files_in(tmp_path / "results")) == files_of(
        "character-n-grams/words", "control-shuffled/words"
    )


def test_a_new_model_is_measured_alone(tmp_path: Path, words: Dataset, others: Dataset, asked: list[str]) -> None:
    config = write_benchmark(tmp_path, [words, others], [NGRAMS])
    evaluated(config)
    before = files_in(tmp_path / "results")
    asked.clear()
    write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    assert evaluated(config) == Tally(measured=2, current=2)
    assert asked == []
    assert changed(before, files_in(tmp_path / "results")) == files_of(
        "control-shuffled/words", "control-shuffled/others"
    )


def test_a_new_dataset_is_measured_alone(tmp_path: Path, words: Dataset, others: Dataset, asked: list[str]) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    evaluated(config)
    before = files_in(tmp_path / "results")
    asked.clear()
    write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    new = set(others.texts) - set(words.texts)
    assert evaluated(config) == Tally(measured=2, current=2, encoded=len(new))
    assert set(asked) == new
    assert changed(before, files_in(tmp_path / "results")) == files_of(
        "character-n-grams/others", "control-shuffled/others"
    )


@pytest.mark.parametrize(
    "more",
    ["seed = 7", "[layout]\nneighbours = 3", "[layout]\nlandmarks = 20", "[statistics]\ndraws = 21",
     "[statistics]\ndraws = 20\nconfidence = 0.9"],
)  # fmt: skip
def test_other_parameters_measure_every_pair_anew_without_encoding(
    tmp_path: Path, words: Dataset, asked: list[str], more: str
) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    evaluated(config)
    before = files_in(tmp_path / "results")
    asked.clear()
    write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED], more)
    assert evaluated(config) == Tally(measured=2)
    assert asked == []
    new = changed(before, files_in(tmp_path / "results"))
    assert {path for path in new if path.endswith(".json")} == {path for path in before if path.endswith(".json")}
    assert evaluated(config) == Tally(current=2)


def test_what_no_number_depends_on_measures_nothing(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    evaluated(config)
    card = replace(words.card, name="Called otherwise")
    concepts = tuple(replace(concept, category="elsewhere") for concept in words.concepts)
    write_benchmark(
        tmp_path, [replace(words, card=card, concepts=concepts)], [SHUFFLED, NGRAMS], '[site]\ntitle = "Other"'
    )
    assert evaluated(config) == Tally(current=2)


def test_a_selection_leaves_the_other_results_alone(tmp_path: Path, words: Dataset, others: Dataset) -> None:
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    evaluated(config)
    write_benchmark(tmp_path, [longer(words), longer(others)], [NGRAMS, SHUFFLED])
    before = files_in(tmp_path / "results")
    assert (
        isogloss.main(
            ["evaluate", "-c", str(config), "--dataset", "others", "--model", SHUFFLED, "-j", "1"],
            standalone_mode=False,
        )
        == DONE
    )
    assert changed(before, files_in(tmp_path / "results")) == files_of("control-shuffled/others")


def test_an_outdated_result_is_shown_as_such_until_it_is_measured_anew(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS])
    assert build(config) == DONE
    write_benchmark(tmp_path, [longer(words)], [NGRAMS])
    assert isogloss.main(["render", "-c", str(config)], standalone_mode=False) == DONE
    home = page_of((tmp_path / "site" / "index.html").read_bytes())
    assert [e.attributes["data-reason"] for e in home if "data-reason" in e.attributes] == ["outdated"]
    assert build(config) == DONE
    home = page_of((tmp_path / "site" / "index.html").read_bytes())
    assert [e for e in home if "data-reason" in e.attributes] == []


def test_stale_pages_go_with_their_results(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    build(config)
    (tmp_path / "site" / "CNAME").write_text("example.org")
    before = set(files_in(tmp_path / "site"))
    (tmp_path / "results" / "control-shuffled" / "words.json").unlink()
    write_benchmark(tmp_path, [words], [NGRAMS])
    build(config)
    assert before - set(files_in(tmp_path / "site")) == {
        "models/control-shuffled.html", "pairs/control-shuffled--words.html", "pairs/control-shuffled--words.svg",
        "data/results/control-shuffled/words.json.gz", "data/pairs/control-shuffled--words.js",
        "data/scores/control-shuffled--words.js", "cards/model-control-shuffled.png",
    }  # fmt: skip


# Failures


def precomputed(folder: Path, name: str, texts: Sequence[str]) -> str:
    vectors = np.random.default_rng(0).standard_normal((len(texts), 8)).astype(np.float32)
    np.savez(folder / f"{name}.npz", text=np.array(texts), vector=vectors)
    return f"precomputed:{folder / name}.npz"


def test_a_failing_pair_is_recorded_and_shown_and_the_others_are_there(
    tmp_path: Path, words: Dataset, others: Dataset
) -> None:
    model = precomputed(tmp_path, "partial", others.texts)
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, model, "precomputed:not-there.npz"])
    assert build(config) == SOME_FAILED
    store = ResultStore(tmp_path / "results")
    failures = {(o.model.name, o.dataset.slug): o.error.message for o in store if isinstance(o, PairFailure)}
    assert set(failures) == {("partial", "words"), ("not-there", "words"), ("not-there", "others")}
    assert "partial.npz has no vector for" in failures["partial", "words"]
    assert failures["not-there", "words"] in page_of((tmp_path / "site" / "index.html").read_bytes()).text
    for path in ("models/partial.html", "datasets/words.html", "pairs/partial--words.html"):
        assert failures["partial", "words"] in page_of((tmp_path / "site" / path).read_bytes()).text
    for pair in ("character-n-grams--others", "partial--others"):
        assert (tmp_path / "site" / "pairs" / f"{pair}.svg").is_file()
    assert evaluated(config) == Tally(failed=3, current=3), "a failure is tried again"


def test_whatever_an_encoder_raises_is_a_failure_of_its_pairs_only(
    tmp_path: Path, words: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exhausted(Counting):
        def encode(self, texts: Sequence[str]) -> Vectors:
            raise RuntimeError("out of memory")

    monkeypatch.setattr(encode, "load_encoder", lambda model, **_: Exhausted(load_encoder(model), []))
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    assert evaluated(config) == Tally(measured=1, failed=1)
    stored = ResultStore(tmp_path / "results").read("character-n-grams", "words")
    alone = evaluate_pair(words, load_model(NGRAMS), Parameters(layout=None))
    for failure in (stored, alone):
        assert isinstance(failure, PairFailure)
        assert [failure.error.kind, failure.error.message] == ["Runtime", "out of memory"]


def test_a_model_that_cannot_be_loaded_is_tried_once_and_recorded_for_each_dataset(
    tmp_path: Path, words: Dataset, others: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def load(model: Model, **_: object) -> Encoder:
        tried.append(model.name)
        raise RuntimeError("no such weights")

    monkeypatch.setattr(encode, "load_encoder", load)
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, SHUFFLED])
    assert evaluated(config) == Tally(measured=2, failed=2)
    assert tried == [NGRAMS]
    failures = [outcome for outcome in ResultStore(tmp_path / "results") if isinstance(outcome, PairFailure)]
    assert {(f.dataset.slug, f.error.kind, f.error.message) for f in failures} == {
        (slug, "Runtime", "no such weights") for slug in ("words", "others")
    }
    assert capsys.readouterr().err.count("no such weights") == 1


def test_one_model_is_in_memory_at_a_time(
    tmp_path: Path, words: Dataset, others: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[weakref.ref[Encoder]] = []
    held: list[int] = []

    def load(model: Model, **_: object) -> Encoder:
        held.append(sum(reference() is not None for reference in loaded))
        encoder = Counting(load_encoder(model), [])
        loaded.append(weakref.ref(encoder))
        return encoder

    monkeypatch.setattr(encode, "load_encoder", load)
    lacking, whole = precomputed(tmp_path, "lacking", others.texts), precomputed(tmp_path, "whole", words.texts)
    config = write_benchmark(tmp_path, [words, others], [NGRAMS, lacking, whole])
    assert evaluated(config) == Tally(measured=5, failed=1, encoded=125)
    assert held == [0, 0, 0], "each is loaded once, and none is kept for the next"


def test_a_failed_encoder_is_not_in_memory_while_the_next_works(
    tmp_path: Path, words: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Chained(Counting):
        def encode(self, texts: Sequence[str]) -> Vectors:
            try:
                raise RuntimeError("an assertion on the device")
            except RuntimeError as error:
                raise ModelUnavailableError("it fails") from error

    loaded: list[weakref.ref[Encoder]] = []
    held: list[int] = []

    def load(model: Model, **_: object) -> Encoder:
        held.append(sum(reference() is not None for reference in loaded))
        encoder = Chained(load_encoder(model), [])
        loaded.append(weakref.ref(encoder))
        return encoder

    monkeypatch.setattr(encode, "load_encoder", load)
    config = write_benchmark(tmp_path, [words], [NGRAMS, precomputed(tmp_path, "mine", words.texts)])
    assert evaluated(config) == Tally(failed=2)
    assert held == [0, 0]


def test_a_mended_model_replaces_its_failure(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [precomputed(tmp_path, "mine", ["water"])])
    assert build(config) == SOME_FAILED
    precomputed(tmp_path, "mine", words.texts)
    assert build(config) == DONE
    assert isinstance(ResultStore(tmp_path / "results").read("mine", "words"), PairResult)


def test_a_model_that_cannot_be_pinned_here_keeps_its_results(
    tmp_path: Path, words: Dataset, others: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_benchmark(tmp_path, [words], [precomputed(tmp_path, "mine", [*{*words.texts, *others.texts}])])
    assert build(config) == DONE
    before = files_in(tmp_path / "results" / "mine")
    (tmp_path / "mine.npz").unlink()
    write_benchmark(tmp_path, [words, others], [f"precomputed:{tmp_path / 'mine.npz'}", SHUFFLED])
    assert build(config) == SOME_FAILED
    assert "mine on 2 datasets: failed. there is no file" in capsys.readouterr().err
    after = files_in(tmp_path / "results" / "mine")
    assert before.items() < after.items()
    assert isinstance(ResultStore(tmp_path / "results").read("mine", "others"), PairFailure)
    (tmp_path / "results" / "mine" / "words.draws.npz").unlink()
    assert build(config) == SOME_FAILED
    assert isinstance(ResultStore(tmp_path / "results").read("mine", "words"), PairFailure), "half a result is none"


@pytest.mark.parametrize("error", [PermissionError("not yours"), PackageNotFoundError("bare")])
def test_whatever_pinning_raises_is_a_failure_of_its_pairs_only(
    tmp_path: Path, words: Dataset, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: Path) -> str:
        raise error

    monkeypatch.setattr(sources, "_digest", unreadable)
    config = write_benchmark(tmp_path, [words], [precomputed(tmp_path, "mine", words.texts), SHUFFLED])
    assert evaluated(config) == Tally(measured=1, failed=1)
    stored = ResultStore(tmp_path / "results").read("mine", "words")
    assert isinstance(stored, PairFailure)
    assert stored.error.message == str(error)
    assert Source.of(Model("mine", f"precomputed:{tmp_path / 'mine.npz'}")).content == ""


def test_vectors_without_a_measure_are_a_failure_with_the_reason(tmp_path: Path, words: Dataset) -> None:
    vectors = np.zeros((len(words.texts), 4), dtype=np.float32)
    np.savez(tmp_path / "zero.npz", text=np.array(words.texts), vector=vectors)
    config = write_benchmark(tmp_path, [words], [f"precomputed:{tmp_path / 'zero.npz'}", SHUFFLED])
    assert evaluated(config) == Tally(measured=1, failed=1, encoded=len(words.texts))
    stored = ResultStore(tmp_path / "results").read("zero", "words")
    assert isinstance(stored, PairFailure)
    assert "zero or not finite" in stored.error.message


@pytest.mark.parametrize(
    ("ending", "content"),
    [*((".json", content) for content in (b"", b"{", b"null", b'{"schema": 1, "status": "ok"}', b"\xff")),
     (".draws.npz", b"PK"), (".draws.npz", None)],
)  # fmt: skip
def test_an_unreadable_result_is_measured_anew(
    tmp_path: Path, words: Dataset, ending: str, content: bytes | None
) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS, SHUFFLED])
    evaluated(config)
    before = files_in(tmp_path / "results")
    path = tmp_path / "results" / "control-shuffled" / f"words{ending}"
    path.unlink() if content is None else path.write_bytes(content)
    assert evaluated(config) == Tally(measured=1, current=1)
    assert files_in(tmp_path / "results") == before


def test_an_invented_result_is_not_taken_for_a_current_one(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [SHUFFLED])
    ResultStore(tmp_path / "results").write(measured(control(SHUFFLED), words, 0.9))
    assert evaluated(config) == Tally(measured=1)


def test_a_pair_is_measured_without_a_benchmark_as_within_one(tmp_path: Path, words: Dataset) -> None:
    config = write_benchmark(tmp_path, [words], [NGRAMS])
    evaluated(config)
    benchmark = load_benchmark(config)
    assert not (tmp_path / "elsewhere").exists()
    alone = evaluate_pair(benchmark.datasets[0], load_model(NGRAMS), benchmark.parameters)
    assert (
        ResultStore(tmp_path / "elsewhere").write(alone).read_bytes()
        == (tmp_path / "results" / "character-n-grams" / "words.json").read_bytes()
    )
    assert isinstance(evaluate_pair(words, load_model(NGRAMS), Parameters(layout=None)), PairResult)


# The same bytes


def test_the_day_of_a_result_is_that_of_the_source_date(
    tmp_path: Path, words: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    config = write_benchmark(tmp_path, [words], [SHUFFLED])
    assert build(config) == DONE
    stored = from_json((tmp_path / "results" / "control-shuffled" / "words.json").read_bytes())
    assert stored.provenance.created == "2025-06-15"
    assert "Newest result 2025-06-15" in page_of((tmp_path / "site" / "index.html").read_bytes()).text


def several(folder: Path, word_list: WordList) -> Path:
    """A benchmark of four pairs."""
    return write_benchmark(folder, [word_list(slug="words", n=9), word_list(slug="others", n=7)], [NGRAMS, SHUFFLED])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, word_list: WordList) -> Path:
    """The benchmark's folder when one process built it and nothing disturbed it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISOGLOSS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
        assert build(several(folder, word_list)) == DONE
    return folder


@dataclass(frozen=True)
class Disturbed:
    """The same benchmark in a folder of its own, and the environment for processes that work on it."""

    folder: Path
    config: Path
    environment: Mapping[str, str]

    def killed(self, moment: tuple[str, str, int, str]) -> None:
        """Build it in a process that does not live to the end."""
        done = run_python("-c", KILLED, *map(str, moment), str(self.config), env=self.environment)
        assert done.returncode == -signal.SIGKILL, done.stderr

    def assert_same_as(self, kept: Path) -> None:
        stored, wanted = ResultStore(self.folder / "results"), ResultStore(kept / "results")
        assert {path: path.read_bytes() for path in stored.folder.glob("*/[!.]*")} == {
            stored.folder / path.relative_to(wanted.folder): path.read_bytes() for path in wanted.folder.glob("*/[!.]*")
        }
        assert changed(files_in(kept / "site"), files_in(self.folder / "site")) == set()
        assert sorted(path.name for path in self.folder.iterdir()) == sorted(path.name for path in kept.iterdir())


@pytest.fixture
def disturbed(tmp_path: Path, word_list: WordList, isolated_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Disturbed:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    config = several(tmp_path / "mine", word_list)
    return Disturbed(tmp_path / "mine", config, environment(isolated_cache, SOURCE_DATE_EPOCH=str(EPOCH)))


def test_two_jobs_give_the_same_bytes_as_one(disturbed: Disturbed, kept: Path) -> None:
    assert build(disturbed.config, "-j", "2") == DONE
    disturbed.assert_same_as(kept)


# Kills


# Builds a benchmark and kills itself, as `kill -9` would, at the n-th call of a function.
KILLED = """
import importlib, os, signal, sys
from generator.models.ngrams import NgramEncoder
module, name, calls, moment, config = sys.argv[1:]
owner = importlib.import_module(module)
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
original, left = getattr(owner, last), [int(calls)]
def deadly(*arguments, **options):
    left[0] -= 1
    if left[0] == 0 and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    outcome = original(*arguments, **options)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome
setattr(owner, last, deadly)
NgramEncoder.texts_at_once = 8
from generator.cli import isogloss
isogloss.main(["build", "-j", "1", "-c", config], standalone_mode=False)
"""
WHILE_MEASURING = {
    "after a batch": ("generator.vectors", "VectorCache.write", 3, "after"),
    "within a batch": ("generator.vectors", "VectorCache._model", 4, "after"),
    "between draws and their result": ("generator.result_store", "write_atomically", 1, "after"),
    "within the first result": ("generator.files", "os.fsync", 2, "before"),
}
WHILE_RENDERING = {
    "while writing the site": ("generator.site.publish", "Path.write_bytes", 9, "after"),
    "before the site takes its place": ("generator.site.publish", "_take_place", 1, "before"),
    "after the site took its place": ("generator.site.publish", "_take_place", 1, "after"),
}


@pytest.mark.parametrize("moment", WHILE_MEASURING.values(), ids=WHILE_MEASURING.keys())
def test_a_build_killed_while_measuring_goes_on_to_the_same_bytes(
    disturbed: Disturbed, kept: Path, moment: tuple[str, str, int, str]
) -> None:
    disturbed.killed(moment)
    assert not (disturbed.folder / "site").exists()
    assert build(disturbed.config) == DONE
    disturbed.assert_same_as(kept)


@pytest.mark.parametrize("moment", WHILE_RENDERING.values(), ids=WHILE_RENDERING.keys())
def test_a_build_killed_while_rendering_leaves_the_old_site_or_the_new_one(
    disturbed: Disturbed, kept: Path, moment: tuple[str, str, int, str]
) -> None:
    shutil.copytree(kept / "results" / "character-n-grams", disturbed.folder / "results" / "character-n-grams")
    assert build(disturbed.config, "--model", NGRAMS) == DONE
    (disturbed.folder / "site" / "CNAME").write_text("example.org")
    shutil.copytree(kept / "results", disturbed.folder / "results", dirs_exist_ok=True)
    old, new = files_in(disturbed.folder / "site"), {**files_in(kept / "site"), "CNAME": b"example.org"}
    disturbed.killed(moment)
    assert files_in(disturbed.folder / "site") == (new if moment[-1] == "after" and "place" in moment[1] else old)
    assert len(list(disturbed.folder.glob(".site.new-*"))) == 1, "the kill came in time"
    assert build(disturbed.config) == DONE
    assert files_in(disturbed.folder / "site") == new
    assert list(disturbed.folder.glob(".site.new-*")) == []

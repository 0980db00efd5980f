"""Memory: sizes as people write them, what is free, and estimates that real measurements keep below."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

import generator.evaluate
from generator import memory
from generator.cli import isogloss
from generator.datasets import Card, Concept, Dataset
from generator.evaluate import Tally, evaluate
from generator.manifold import Layout
from generator.memory import Budget, NotEnoughMemoryError, as_size, budget, free_bytes, own_bytes, parse_size
from generator.models import load_model
from generator.pair import Parameters, peak_bytes
from generator.result_store import ResultStore
from generator.results import PairFailure, PairResult

ROOT = Path(memory.__file__).parents[1]
GB = 1000**3


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("4GB", 4 * GB),
        ("4gb", 4 * GB),
        (" 4 GB ", 4 * GB),
        ("4G", 4 * GB),
        ("1.5GiB", 3 << 29),
        ("512 MiB", 1 << 29),
        ("512Mi", 1 << 29),
        ("800k", 800_000),
        ("2TB", 2 * 1000**4),
        ("1000000", 1_000_000),
        ("7B", 7),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, n_bytes: int) -> None:
    assert parse_size(text) == n_bytes


@pytest.mark.parametrize(
    "text", ["", "GB", "-4GB", "4 XB", "4GB4", "4iB", "four", "٤GB", "1e9", "inf", "4,5GB", "🧠", "0", "0.0GB"]
)
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="4GB or 512MiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("n_bytes", "shown"), [(4 * GB, "4.0 GB"), (999_000_000, "999 MB"), (12_340_000_000, "12.3 GB")]
)
def test_sizes_are_shown_in_two_digits_or_so(n_bytes: int, shown: str) -> None:
    assert as_size(n_bytes) == shown


# What there is


def test_what_is_free_is_no_more_than_the_machine_has() -> None:
    assert 0 < free_bytes() <= psutil.virtual_memory().total
    assert 0 < own_bytes() < psutil.virtual_memory().total


@pytest.mark.parametrize(
    "names", [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")]
)
def test_a_container_may_have_less_than_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    for name, n_bytes in zip(names, (5_000_000, 3_000_000), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{n_bytes}\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert free_bytes() == 2_000_000
    (tmp_path / names[1]).write_text("6000000\n")
    assert free_bytes() == 0


@pytest.mark.parametrize(("version", "name"), [("", "inactive_file"), ("memory/", "total_inactive_file")])
def test_files_that_a_container_has_read_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    names = next(names for names in memory.CGROUP_FILES if names[3] == name)
    for file, text in zip(names, ("8000000", "7000000", f"anon 1\n{name} 4000000\nunevictable 2\n"), strict=False):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    assert free_bytes() == 5_000_000
    for unreadable in ("", "anon 1\n", f"{name} many\n", "a line\n\n"):
        (tmp_path / version / "memory.stat").write_text(unreadable)
        assert free_bytes() == 1_000_000


@pytest.mark.parametrize("limit", ["max\n", "9223372036854771712\n", ""])
def test_a_container_without_a_limit_has_what_its_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text("1000\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 7 * GB}))
    assert free_bytes() == 7 * GB


def test_a_size_that_is_asked_for_is_the_budget_and_otherwise_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert budget(5 * GB).size == 5 * GB
    monkeypatch.setattr(memory, "free_bytes", lambda: 3 * GB)
    monkeypatch.setattr(memory, "own_bytes", lambda: GB)
    assert budget(None).size == 4 * GB


def test_a_shortage_names_what_is_needed_what_is_allowed_and_the_remedies() -> None:
    with pytest.raises(NotEnoughMemoryError) as told:
        budget(5 * GB).refuse_beyond(6 * GB)
    for part in ("6.0 GB", "the 5.0 GB that --memory allows", "--memory", "isogloss score"):
        assert part in str(told.value)
    budget(5 * GB).refuse_beyond(5 * GB)


def test_a_shortage_of_free_memory_says_the_same_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    said = set()
    for free in (GB, 2 * GB):
        monkeypatch.setattr(memory, "free_bytes", lambda free=free: free)
        said.add(str(budget(None).shortage(6 * GB)))
    assert len(said) == 1


def test_a_budget_counts_what_this_process_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "own_bytes", lambda: GB)
    assert Budget(4 * GB).room(GB) == 2 * GB
    assert Budget(4 * GB).room(4 * GB) == 0
    assert Budget.unbounded().room(10**18) == float("inf")


# What a pair takes


def words(n_concepts: int, n_languages: int, *, translated: bool = True) -> Dataset:
    tags = tuple("abcdefghijklmnopqrstuvwxyz"[:n_languages])
    concepts = tuple(Concept(f"水{i}", {tag: (f"{tag} {i}",) for tag in tags}) for i in range(n_concepts))
    return Dataset("words", Card("Words", translated=translated), tags, concepts)


def most_held() -> int:
    """The peak of this process's memory in bytes; what `resource` tells may be that of the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


# Measures a pair with invented vectors in a process of its own, and tells the most that it held.
MEASURED = """
import sys
import numpy as np
import phate, sklearn.manifold, sklearn.neighbors  # as a worker has them, sooner or later
from tests.test_memory import most_held, words
from generator.manifold import Layout
from generator.models import load_model
from generator.pair import Parameters, measure_pair
n_concepts, n_languages, n_dims, draws, exact, landmarks = map(int, sys.argv[1:])
dataset = words(n_concepts, n_languages)
rng = np.random.default_rng(0)
meaning = rng.standard_normal((n_concepts, n_dims), dtype=np.float32)
vectors = {tag: meaning + rng.standard_normal(meaning.shape, dtype=np.float32) for tag in dataset.languages}
parameters = Parameters(draws=draws, layout=Layout(exact=exact, landmarks=landmarks) if landmarks else None)
measure_pair(dataset, load_model("Control: shuffled"), vectors, parameters)
print(most_held())
"""


@pytest.mark.parametrize(
    ("n_concepts", "n_languages", "n_dims", "draws", "exact", "landmarks"),
    [
        (300, 6, 1024, 500, 0, 0),
        (1500, 2, 64, 2000, 0, 0),
        (120, 26, 64, 2000, 0, 0),
        (500, 2, 64, 100, 5000, 2000),
        (800, 3, 64, 100, 0, 500),
    ],
    ids=["many dimensions", "many concepts", "many languages", "an exact map", "a map by landmarks"],
)
def test_estimates_lie_above_what_a_process_holds_at_its_peak_and_not_far(
    n_concepts: int, n_languages: int, n_dims: int, draws: int, exact: int, landmarks: int
) -> None:
    numbers = (n_concepts, n_languages, n_dims, draws, exact, landmarks)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, numbers)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    layout = Layout(exact=exact, landmarks=landmarks) if landmarks else None
    estimate = peak_bytes(words(n_concepts, n_languages), n_dims, Parameters(draws=draws, layout=layout))
    assert 0.4 * estimate < int(done.stdout) <= estimate


def test_an_estimate_grows_with_everything_that_costs_memory() -> None:
    bare = Parameters(draws=1000, layout=None)
    least = peak_bytes(words(400, 4), 64, bare)
    for dataset, n_dims, parameters in (
        (words(800, 4), 64, bare),
        (words(400, 8), 64, bare),
        (words(400, 4), 768, bare),
        (words(400, 4), 64, Parameters(draws=5000, layout=None)),
        (words(400, 4), 64, Parameters(draws=1000)),
    ):
        assert peak_bytes(dataset, n_dims, parameters) > least
    assert peak_bytes(words(400, 4, translated=False), 64, bare) < least


def test_landmarks_and_samples_bound_what_a_map_takes() -> None:
    drawn = [peak_bytes(words(n, 2), 8, Parameters(draws=1, layout=Layout(exact=5000))) for n in (2400, 2600)]
    assert drawn[0] > drawn[1], "5,200 points go by landmarks"


# Benchmarks


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_pair_that_does_not_fit_fails_with_the_reason_and_the_others_are_measured(
    word_list: Callable[..., Dataset], tmp_path: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = word_list(slug="small"), dataclasses.replace(words(90, 20), slug="large")
    parameters = Parameters(draws=20, layout=None)
    models = [load_model("Control: shuffled"), load_model("Control: identical")]
    monkeypatch.setattr(memory, "own_bytes", lambda: 0)
    between = (peak_bytes(small, 256, parameters) + peak_bytes(large, 256, parameters)) // 2
    store = ResultStore(tmp_path / "results")
    tally = evaluate(models, [large, small], parameters, store, jobs=jobs, budget=budget(between))
    assert (tally.measured, tally.failed) == (2, 2)
    for outcome in store:
        if outcome.dataset.slug == "large":
            assert isinstance(outcome, PairFailure)
            assert outcome.error.kind == "NotEnoughMemory"
            assert "--memory" in outcome.error.message
        else:
            assert isinstance(outcome, PairResult)
    tally = evaluate(models, [large, small], parameters, store, jobs=jobs)
    assert (tally.measured, tally.failed, tally.current) == (2, 0, 2)


@pytest.mark.parametrize("command", ["build", "evaluate", "serve"])
def test_a_size_that_is_none_is_refused_with_an_example(command: str) -> None:
    done = CliRunner().invoke(isogloss, [command, "--memory", "4 elephants"])
    assert done.exit_code == 2
    assert "'4 elephants' is no amount of memory. Write it like 4GB or 512MiB" in done.stderr


def test_the_size_asked_for_reaches_the_measuring(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Budget] = []

    def evaluated(*_: object, budget: Budget, **__: object) -> Tally:
        given.append(budget)
        return Tally()

    monkeypatch.setattr(generator.evaluate, "evaluate", evaluated)
    write("data.csv", "en,zh\nwater,水\nfire,火\n")
    config = write("benchmark.toml", 'models = ["Control: shuffled"]\n[[datasets]]\npath = "data.csv"\n')
    for option, size in (["--memory", "3GiB"], 3 << 30), ([], None):
        isogloss.main(["evaluate", "-c", str(config), *option], standalone_mode=False)
        assert given[-1].size == size or (size is None and given[-1].size > own_bytes())

"""The slow half: from datasets and models to results on disk, computing only what is missing or outdated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from generator import memory
from generator.datasets import Dataset
from generator.encode import CONTROL, Loader, encode_missing, settings_of, vectors_of
from generator.errors import InputError
from generator.files import UnwritableError
from generator.memory import Budget
from generator.models.controls import DIMENSIONS
from generator.models.registry import Model
from generator.models.sources import identity, pinned
from generator.pair import Measured, Parameters, failed_pair, measure_pair, pair_key, peak_bytes
from generator.progress import counted, say
from generator.result_store import ResultStore
from generator.results import PairFailure, PairResult
from generator.schedule import Feed, IdleCores, run_all
from generator.stored import StoredKey, StoredResults
from generator.vectors import VectorCache, cache_path

API = "api"


@dataclass(frozen=True)
class Pair:
    """One model on one dataset: the unit of work, of failure and of publication."""

    model: Model
    dataset: Dataset

    def __str__(self) -> str:
        return f"{self.model.name} × {self.dataset.card.name}"


@dataclass(frozen=True)
class Tally:
    """What a run did."""

    measured: int = 0
    failed: int = 0
    current: int = 0
    """Pairs whose stored result was up to date."""
    encoded: int = 0
    """Texts that an encoder had to read."""

    def __str__(self) -> str:
        return (
            f"{self.measured} pairs measured, {self.failed} failed, {self.current} up to date; "
            f"{self.encoded:,} texts encoded"
        )


def evaluate(
    models: Sequence[Model],
    datasets: Sequence[Dataset],
    parameters: Parameters,
    store: ResultStore,
    *,
    jobs: int,
    budget: Budget | None = None,
    allow_remote_code: bool = False,
    scheduler: str = "",
) -> Tally:
    """Measure every pair whose stored result is missing, outdated or a failure, and store what comes of it.

    Pairs are measured as soon as their vectors are there, while the next are encoded. A pair that fails is stored as
    a failure and the others go on. A model whose revision cannot be found out here, as where its files are missing,
    fails too, but loses none of its stored results.

    Args:
        models: those of the registry, not pinned yet.
        datasets: the lists to measure each of them on.
        parameters: of the measures and maps.
        store: where the results are, and go.
        jobs: how many cores to keep busy; with 1, all is done in this process.
        budget: the memory that this process and its workers may hold; None for no bounds.
        allow_remote_code: run code from the repository of a model whose entry asks for it.
        scheduler: the address of a Dask scheduler whose workers do the work instead of this machine.
    """
    pairs, failures = _pinned_pairs(models, datasets)
    stored = StoredResults(store)
    waiting = [pair for pair in pairs if not is_stored(stored, pair, parameters)]
    unknown = [(pair, error) for pair, error in failures if not stored.key(pair.model.slug, pair.dataset.slug)]
    stored.save()
    if waiting:
        say(f"{len(waiting)} pairs to measure, {len(pairs) - len(waiting)} up to date")
    _tell(failures)
    _record(unknown, parameters, store)
    if scheduler and waiting:
        done = _measure_on_cluster(scheduler, waiting, parameters, store, allow_remote_code)
        return replace(done, failed=done.failed + len(failures), current=len(pairs) - len(waiting))
    ready = [_ready(pair, DIMENSIONS, parameters) for pair in waiting if pair.model.kind == CONTROL]
    # Models that are asked over a network keep no core busy: they need not wait for the others, nor these for them.
    here = Encoding([pair for pair in waiting if pair.model.kind not in {CONTROL, API}], parameters, allow_remote_code)
    there = Encoding([pair for pair in waiting if pair.model.kind == API], parameters, allow_remote_code)
    encodings = [encoding for encoding in (here, there) if encoding.pairs]
    feeds = [Feed(encoding, computes=encoding is here) for encoding in encodings]
    measured, failed = _measure(ready, feeds, len(waiting), parameters, store, jobs, budget)
    for encoding in encodings:
        _record(encoding.failures, parameters, store)
        failed += len(encoding.failures)
    encoded = sum(encoding.encoded for encoding in encodings)
    return Tally(measured, len(failures) + failed, len(pairs) - len(waiting), encoded)


def evaluate_pair(
    dataset: Dataset, model: Model, parameters: Parameters | None = None, *, allow_remote_code: bool = False
) -> PairResult | PairFailure:
    """Encode what is not cached yet and measure one pair, storing nothing but vectors.

    Args:
        dataset: from `load_dataset`.
        model: from `load_model`.
        parameters: draws, seed and layout; ``Parameters(layout=None)`` draws no map.
        allow_remote_code: run code from the model's repository if its entry asks for it.

    Returns:
        The result, or the failure with its reason; what a result file holds.

    Raises:
        InputError: when a file that the model is read from is faulty.
        UnwritableError: when the cache of vectors cannot be written.
    """
    told, dimensions = parameters or Parameters(), DIMENSIONS
    try:
        pair = Pair(pinned(model), dataset)
        if pair.model.kind != CONTROL:
            load = Loader(pair.model, allow_remote_code=allow_remote_code)
            with VectorCache(cache_path()) as cache:
                encode_missing(pair.model, dataset.texts, cache, load)
                dimensions = cache.dimensions(identity(pair.model))
        free = replace(memory.budget(None), remedy="Take a part of the list, or a machine that has more")
        free.refuse_beyond(peak_bytes(dataset, dimensions, told))
        return _measured(told, cache_path(), pair).result
    except (InputError, UnwritableError):
        raise
    except Exception as error:  # whatever a model raises
        return failed_pair(dataset, model, told, error)


def is_stored(stored: StoredResults, pair: Pair, parameters: Parameters) -> bool:
    """Whether measuring a pair again would give what is stored of it."""
    key = StoredKey(pair.model.name, pair_key(pair.dataset, pair.model, parameters))
    return stored.key(pair.model.slug, pair.dataset.slug) == key


Failures = list[tuple[Pair, Exception]]


def _pinned_pairs(models: Sequence[Model], datasets: Sequence[Dataset]) -> tuple[list[Pair], Failures]:
    """Pairs whose model has its revision, and the failures of those whose revision cannot be found out."""
    pairs: list[Pair] = []
    failures: Failures = []
    for model in models:
        try:
            fixed = pinned(model)
        except Exception as error:  # whatever a model's package or files raise; told, so that the others go on
            failures += [(Pair(model, dataset), error) for dataset in datasets]
        else:
            pairs += [Pair(fixed, dataset) for dataset in datasets]
    return pairs, failures


@dataclass(frozen=True)
class Ready:
    """A pair whose vectors are there, and what measuring it takes."""

    pair: Pair
    peak_bytes: int


def _ready(pair: Pair, dimensions: int, parameters: Parameters) -> Ready:
    return Ready(pair, peak_bytes(pair.dataset, dimensions, parameters))


@dataclass
class Encoding:
    """Encodes what pairs lack, one model after the other; see `generator.schedule.Feed`."""

    pairs: Sequence[Pair]
    parameters: Parameters
    allow_remote_code: bool
    encoded: int = 0
    """How many texts an encoder has read."""
    failures: Failures = field(default_factory=list)

    def __call__(self, idle_cores: IdleCores) -> Iterator[Ready]:
        """Each pair, as soon as its vectors are there; those that fail are in ``failures``."""
        by_model: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            by_model.setdefault(pair.model.name, []).append(pair)
        with VectorCache(cache_path()) as cache:
            for pairs in by_model.values():
                yield from self._of_one_model(pairs, cache, idle_cores)

    def _of_one_model(self, pairs: Sequence[Pair], cache: VectorCache, idle_cores: IdleCores) -> Iterator[Ready]:
        """What one dataset lacks does not cost the others; the largest comes first, as it takes longest to measure."""
        model = pairs[0].model
        load = Loader(model, allow_remote_code=self.allow_remote_code)
        failures: Failures = []
        before = self.encoded
        with counted(f"Encoding with {model.name}", len({t for p in pairs for t in p.dataset.texts})) as advance:
            for pair in sorted(pairs, key=lambda pair: -len(pair.dataset.texts)):
                try:
                    self.encoded += encode_missing(
                        model, pair.dataset.texts, cache, load, lambda n: advance(n, ""), idle_cores
                    )
                    ready = _ready(pair, cache.dimensions(identity(model)), self.parameters)
                except UnwritableError:
                    raise
                except Exception as error:  # whatever a model raises; recorded, so that the others go on
                    failures.append((pair, _alone(error)))
                else:
                    yield ready
        if len(failures) < len(pairs):
            say(f"{model.name}: {self.encoded - before:,} texts encoded")
        _tell(failures)
        self.failures += failures


def _alone(error: Exception) -> Exception:
    """The error without the frames that it and what it came of passed through, which hold the encoder in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _tell(failures: Failures) -> None:
    """Say each reason once a model."""
    told: dict[tuple[str, str], list[Pair]] = {}
    for pair, error in failures:
        told.setdefault((pair.model.name, str(error)), []).append(pair)
    for (model, reason), pairs in told.items():
        say(f"{pairs[0] if len(pairs) == 1 else f'{model} on {len(pairs)} datasets'}: failed. {reason}")


def _record(failures: Failures, parameters: Parameters, store: ResultStore) -> None:
    for pair, error in failures:
        store.write(failed_pair(pair.dataset, pair.model, parameters, error))


def _measure(
    ready: Sequence[Ready],
    feeds: Sequence[Feed[Ready]],
    n_pairs: int,
    parameters: Parameters,
    store: ResultStore,
    jobs: int,
    budget: Budget | None,
) -> tuple[int, int]:
    """Measure pairs as they get ready, storing each as it ends; returns how many were measured and how many failed."""
    work = run_all(
        partial(_measured_when_ready, parameters, cache_path()),
        ready,
        min(jobs, n_pairs),
        feeds=feeds,
        need=lambda each: each.peak_bytes,
        budget=budget,
    )

    def outcomes() -> Iterator[tuple[Pair, Measured | PairFailure]]:
        for each, outcome in work:
            if isinstance(outcome, UnwritableError):
                raise outcome  # the disk's failure, not the model's
            if isinstance(outcome, Exception):
                yield each.pair, failed_pair(each.pair.dataset, each.pair.model, parameters, outcome)
            else:
                yield each.pair, outcome

    return _keep(outcomes(), n_pairs, store)


def _measure_on_cluster(
    scheduler: str, pairs: Sequence[Pair], parameters: Parameters, store: ResultStore, allow_remote_code: bool
) -> Tally:
    """Measure pairs on a Dask cluster, storing each as it ends."""
    from generator.cluster.pairs import measure_pairs

    encoded = 0

    def outcomes() -> Iterator[tuple[Pair, Measured | PairFailure]]:
        nonlocal encoded
        asked = [(pair.model, pair.dataset) for pair in pairs]
        for (model, dataset), answer in measure_pairs(
            scheduler, asked, parameters, allow_remote_code=allow_remote_code
        ):
            encoded += answer.encoded
            yield Pair(model, dataset), answer.outcome

    measured, failed = _keep(outcomes(), len(pairs), store)
    return Tally(measured, failed, encoded=encoded)


def _keep(outcomes: Iterable[tuple[Pair, Measured | PairFailure]], n_pairs: int, store: ResultStore) -> tuple[int, int]:
    """Store what comes of pairs as it comes, and say so; returns how many were measured and how many failed."""
    measured = failed = 0
    with counted("Measuring", n_pairs) as advance:
        for pair, outcome in outcomes:
            if isinstance(outcome, PairFailure):
                failed += 1
                store.write(outcome)
                advance(1, f"{pair}: failed. {outcome.error.message}")
            else:
                measured += 1
                store.write(outcome.result, outcome.draws)
                value = outcome.result.affinity.value
                advance(1, f"{pair}: {'laid out' if value is None else f'SA {value:.3f}'}")
    return measured, failed


def _measured_when_ready(parameters: Parameters, cache_file: Path, ready: Ready) -> Measured:
    """The function that the pool runs."""
    return _measured(parameters, cache_file, ready.pair)


def _measured(parameters: Parameters, cache_file: Path, pair: Pair) -> Measured:
    """One pair, in whatever process."""
    with VectorCache(cache_file) as cache:
        vectors = vectors_of(pair.dataset, pair.model, cache, parameters.seed)
        settings = settings_of(pair.model, cache)
    return measure_pair(pair.dataset, pair.model, vectors, parameters, settings)

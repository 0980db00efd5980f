"""The slow half: from datasets and models to results on disk, computing only what is missing or outdated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from generator.datasets import Dataset
from generator.encode import CONTROL, Loader, encode_missing, settings_of, vectors_of
from generator.errors import InputError, IsoglossError
from generator.models.registry import Model
from generator.models.sources import pinned
from generator.pair import Measured, Parameters, failed_pair, measure_pair, pair_key
from generator.progress import counted, say
from generator.results import Outcome, PairFailure, PairResult, ResultStore
from generator.schedule import run_all
from generator.vectors import VectorCache, cache_path


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
    allow_remote_code: bool = False,
) -> Tally:
    """Measure every pair whose stored result is missing, outdated or a failure, and store what comes of it.

    A pair that fails is stored as a failure and the others go on.
    """
    pairs, failures = _pinned_pairs(models, datasets)
    waiting = [pair for pair in pairs if not is_current(_stored(store, pair), pair, parameters)]
    if waiting:
        say(f"{len(waiting)} pairs to measure, {len(pairs) - len(waiting)} up to date")
    encoded, ready, unencoded = _encode(waiting, allow_remote_code)
    _record([*failures, *unencoded], parameters, store)
    failed = _measure(ready, parameters, store, jobs)
    return Tally(len(ready) - failed, len(failures) + len(unencoded) + failed, len(pairs) - len(waiting), encoded)


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
    """
    told = parameters or Parameters()
    try:
        pair = Pair(pinned(model), dataset)
        with VectorCache(cache_path()) as cache:
            if pair.model.kind != CONTROL:
                encode_missing(
                    pair.model, dataset.texts, cache, Loader(pair.model, allow_remote_code=allow_remote_code)
                )
        return _measured(told, cache_path(), pair).result
    except InputError:
        raise
    except IsoglossError as error:
        return failed_pair(dataset, model, told, error)


def is_current(stored: Outcome | None, pair: Pair, parameters: Parameters) -> bool:
    """Whether the stored outcome of a pair is what measuring it again would give."""
    return (
        isinstance(stored, PairResult)
        and stored.provenance.key == pair_key(pair.dataset, pair.model, parameters)
        and stored.model.name == pair.model.name
    )


def _stored(store: ResultStore, pair: Pair) -> Outcome | None:
    """The stored outcome of a pair; one that cannot be read whole counts as missing, and is measured again."""
    try:
        outcome = store.read(pair.model.slug, pair.dataset.slug)
    except InputError:
        return None
    return outcome if outcome and store.is_whole(outcome) else None


Failures = list[tuple[Pair, Exception]]


def _pinned_pairs(models: Sequence[Model], datasets: Sequence[Dataset]) -> tuple[list[Pair], Failures]:
    """Pairs whose model has its revision, and the failures of those whose revision cannot be found out."""
    pairs: list[Pair] = []
    failures: Failures = []
    for model in models:
        try:
            fixed = pinned(model)
        except IsoglossError as error:
            failures += [(Pair(model, dataset), error) for dataset in datasets]
        else:
            pairs += [Pair(fixed, dataset) for dataset in datasets]
    return pairs, failures


def _encode(pairs: Sequence[Pair], allow_remote_code: bool) -> tuple[int, list[Pair], Failures]:
    """Encode each model's missing texts, over all its datasets at once, or one by one where that fails.

    Returns how many texts were encoded, the pairs that have all their vectors now, and the others' failures.
    """
    ready = [pair for pair in pairs if pair.model.kind == CONTROL]
    by_model: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.model.kind != CONTROL:
            by_model.setdefault(pair.model.name, []).append(pair)
    encoded = 0
    failures: Failures = []
    with VectorCache(cache_path()) as cache:
        for pairs_of_model in by_model.values():  # one after the other, so that one encoder is in memory at a time
            model, groups = pairs_of_model[0].model, [pairs_of_model]
            load = Loader(model, allow_remote_code=allow_remote_code)
            for mine in groups:
                texts = {text for pair in mine for text in pair.dataset.texts}
                try:
                    with counted(f"Encoding with {model.name}", len(texts)) as advance:
                        count = encode_missing(model, texts, cache, load, lambda n: advance(n, ""))
                except Exception as error:  # whatever a model raises; recorded, so that the others go on
                    if len(mine) > 1:
                        groups += [[pair] for pair in mine]  # what one dataset lacks is not to cost the others
                    else:
                        failures.append((mine[0], error.with_traceback(None)))  # its frames hold the encoder
                    continue
                encoded += count
                ready += mine
                say(f"{model.name}: {count:,} texts encoded, {len(texts) - count:,} known")
    return encoded, ready, failures


def _record(failures: Failures, parameters: Parameters, store: ResultStore) -> None:
    """Store failures, and say each reason once a model."""
    told: dict[tuple[str, str], list[Pair]] = {}
    for pair, error in failures:
        store.write(failed_pair(pair.dataset, pair.model, parameters, error))
        told.setdefault((pair.model.name, str(error)), []).append(pair)
    for (model, reason), pairs in told.items():
        say(f"{pairs[0] if len(pairs) == 1 else f'{model} on {len(pairs)} datasets'}: failed. {reason}")


def _measure(pairs: Sequence[Pair], parameters: Parameters, store: ResultStore, jobs: int) -> int:
    """Measure pairs whose vectors are there, storing each as it ends; returns how many failed."""
    largest_first = sorted(pairs, key=lambda pair: -len(pair.dataset.texts))
    failed = 0
    with counted("Measuring", len(pairs)) as advance:
        for pair, outcome in run_all(partial(_measured, parameters, cache_path()), largest_first, jobs):
            if isinstance(outcome, Exception):
                failed += 1
                store.write(failed_pair(pair.dataset, pair.model, parameters, outcome))
                advance(1, f"{pair}: failed. {outcome}")
            else:
                store.write(outcome.result, outcome.draws)
                value = outcome.result.affinity.value
                advance(1, f"{pair}: {'laid out' if value is None else f'SA {value:.3f}'}")
    return failed


def _measured(parameters: Parameters, cache_file: Path, pair: Pair) -> Measured:
    """One pair, in whatever process: the function that the pool runs."""
    with VectorCache(cache_file) as cache:
        vectors = vectors_of(pair.dataset, pair.model, cache, parameters.seed)
        settings = settings_of(pair.model, cache)
    return measure_pair(pair.dataset, pair.model, vectors, parameters, settings)

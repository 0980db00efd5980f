"""What the workers of a cluster run; they find it by its name.

What a model raises comes back as the failure of its pair, never as the failure of a task: a task only fails when its
worker is not fit for it.
"""

from __future__ import annotations

import dataclasses
import platform
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from generator.datasets import Dataset
from generator.encode import CONTROL, Loader, encode_missing, settings_of, vectors_of
from generator.errors import IsoglossError, ModelUnavailableError
from generator.manifold import MAP_VERSION
from generator.measures.index import VectorArray
from generator.models.encoder import Encoder, Settings
from generator.models.registry import ON_DISK, Model
from generator.models.sources import identity, pinned
from generator.pair import MEASURE_VERSION, VERSIONED, Measured, Parameters, failed_pair, measure_pair, versions
from generator.results import PairFailure
from generator.vectors import VectorCache, cache_path

if TYPE_CHECKING:
    from distributed import Worker

REMEDY = (
    "Install the same versions everywhere, for instance with pip install -c constraints.txt, and restart the worker"
)

Thing = TypeVar("Thing")


class ClusterError(IsoglossError):
    """A cluster cannot be used: there is no scheduler where one should be, it went away, or its workers are unfit."""


class OtherVersionsError(ClusterError):
    """A worker would compute with other versions than the machine that asks."""


@dataclass(frozen=True)
class Order:
    """What every task of a run is told."""

    run: str
    """A name that no other run has."""
    versions: Mapping[str, str]
    """What the client computes with, see `versions_here`; a worker that computes with anything else refuses."""
    parameters: Parameters
    allow_remote_code: bool


@dataclass(frozen=True)
class Source:
    """A pinned model, and what the client has of it where it comes from no hub and no API."""

    model: Model
    content: str

    @classmethod
    def of(cls, model: Model) -> Source:
        try:
            return cls(model, content_of(model))
        except (ModelUnavailableError, OSError, ImportError):  # the worker will say so of itself
            return cls(model, "")


@dataclass(frozen=True)
class Desk:
    """Where one model encodes: the worker that holds this has encoded all datasets with it."""

    datasets: Mapping[str, Dataset]
    """By slug."""
    encoded: Mapping[str, int]
    """How many texts of each an encoder had to read."""
    failures: Mapping[str, PairFailure]
    """Of the datasets that could not be encoded."""


@dataclass(frozen=True)
class Encoding:
    """A dataset's vectors."""

    vectors: Mapping[str, VectorArray]
    """By language, (n_l, d), a row a distinct rendering."""
    settings: Settings
    encoded: int
    """How many texts an encoder had to read."""


@dataclass(frozen=True)
class Answer:
    """What came of a pair."""

    outcome: Measured | PairFailure
    encoded: int = 0
    """How many texts an encoder had to read."""


def delivered(thing: Thing) -> Thing:
    """What it is given, now on a worker."""
    return thing


def desk(order: Order, source: Source, datasets: Mapping[str, Dataset]) -> Desk:
    """Encode what this worker's cache lacks of all datasets, one after the other, so that it loads the model once.

    Raises OtherVersionsError.
    """
    refuse_other_versions(order)
    counts: dict[str, int] = {}
    failures: dict[str, PairFailure] = {}
    for slug, dataset in datasets.items():
        try:
            with VectorCache(cache_path()) as vectors:
                counts[slug] = _encode_missing(order, source, dataset, vectors)
        except Exception as error:  # whatever a model raises; recorded, so that the others go on
            failures[slug] = failed_pair(dataset, source.model, order.parameters, error)
    return Desk(datasets, counts, failures)


def encoded(order: Order, source: Source, desk: Desk, slug: str) -> Encoding | PairFailure:
    """The vectors of one dataset of a desk, or the failure. Another worker than the desk's encodes them anew.

    Raises OtherVersionsError.
    """
    refuse_other_versions(order)
    if slug in desk.failures:
        return desk.failures[slug]
    dataset, model = desk.datasets[slug], source.model
    try:
        with VectorCache(cache_path()) as vectors:
            count = desk.encoded[slug] + _encode_missing(order, source, dataset, vectors)
            read = vectors_of(dataset, model, vectors, order.parameters.seed)
            return Encoding(read, settings_of(model, vectors), count)
    except Exception as error:  # as above
        return failed_pair(dataset, model, order.parameters, error)


def _encode_missing(order: Order, source: Source, dataset: Dataset, vectors: VectorCache) -> int:
    if source.model.kind == CONTROL:
        return 0
    with encoding:
        return encode_missing(source.model, dataset.texts, vectors, loader(order, source))


def measured(order: Order, source: Source, dataset: Dataset, encoding: Encoding | PairFailure) -> Answer:
    """The result of a pair, or its failure. Raises OtherVersionsError."""
    from threadpoolctl import threadpool_limits

    refuse_other_versions(order)
    if isinstance(encoding, PairFailure):
        return Answer(encoding)
    try:
        with threadpool_limits(1):
            result = measure_pair(dataset, source.model, encoding.vectors, order.parameters, encoding.settings)
    except Exception as error:  # as above
        return Answer(failed_pair(dataset, source.model, order.parameters, error), encoding.encoded)
    return Answer(result, encoding.encoded)


encoding = threading.Lock()
"""Held by the task that encodes."""
_held: list[tuple[tuple[str, str, str], Callable[[], Encoder]]] = []
"""How to come by the one encoder that this worker holds, after what it is known by, its run first."""


def loader(order: Order, source: Source, load: Callable[[], Encoder] | None = None) -> Callable[[], Encoder]:
    """Loads the model on first use, by ``load`` if given, and keeps it for the run's next task; another's goes first.

    What it gives raises ModelUnavailableError when the model cannot be had here, or is not the client's.
    """
    key = (order.run, identity(source.model), source.model.device)
    # Kept in a variable of its own, as `tidy_up` may come in between.
    held = next((encoder for known, encoder in _held if known == key), None)
    if held is None:
        held = _checked(source, load or Loader(source.model, allow_remote_code=order.allow_remote_code))
        _held[:] = [(key, held)]
    return held


def _checked(source: Source, load: Callable[[], Encoder]) -> Callable[[], Encoder]:
    @cache
    def loaded() -> Encoder:
        if content_of(source.model) != source.content:
            problem = f"{source.model.name} is another one on {platform.node()} than where the run was started"
            raise ModelUnavailableError(f"{problem}. Bring the same files to both, to the same path")
        return load()

    return loaded


def workspace(run: str) -> Path:
    """This worker's folder for what a run keeps for a while; it goes with the worker at the latest."""
    from distributed import get_worker

    return Path(get_worker().local_directory) / f"isogloss-{run}"


async def tidy_up(run: str, dask_worker: Worker) -> None:
    """Free the memory and the disk that a run takes on this worker."""
    _held[:] = [each for each in _held if each[0][0] != run]
    shutil.rmtree(Path(dask_worker.local_directory) / f"isogloss-{run}", ignore_errors=True)


def content_of(model: Model) -> str:
    """What this machine has of a model that comes from no hub and no API: a version, or the digest of its files.

    Raises ModelUnavailableError when it has none.
    """
    own = model.kind in (*ON_DISK, "package")
    return pinned(dataclasses.replace(model, revision="")).revision if own else ""


def versions_here() -> dict[str, str]:
    """The versions of everything that decides a number."""
    minor = ".".join(platform.python_version_tuple()[:2])
    return {**versions(), "python": minor, "measures": str(MEASURE_VERSION), "maps": str(MAP_VERSION)}


def differences(found: Mapping[str, str | None], expected: Mapping[str, str]) -> str:
    """What is not as expected, in words; empty when all is. Libraries that neither side has do not count."""
    names = sorted({*expected, *(name for name in VERSIONED if found.get(name))})
    return ", ".join(
        f"{name} {found.get(name) or 'missing'} instead of {expected.get(name) or 'none'}"
        for name in names
        if found.get(name) != expected.get(name)
    )


def refuse_other_versions(order: Order) -> None:
    """Raise OtherVersionsError on a worker that came after the others were asked, or has changed code without a
    new version."""
    if different := differences(versions_here(), order.versions):
        raise OtherVersionsError(f"the worker on {platform.node()} has {different}. {REMEDY}")

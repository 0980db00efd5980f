"""One pair, measured: a dataset and the vectors of its renderings in, a result out."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from generator.alignment import alignment
from generator.datasets import Dataset
from generator.errors import MeasureUndefinedError
from generator.levels import geometry, labels
from generator.manifold import MAP_VERSION, Layout, layout_bytes
from generator.measures.affinity import unit_vectors
from generator.measures.index import ConceptIndex, FloatArray, Incidence, VectorArray
from generator.measures.neighbours import BLOCK_BYTES, MOST_CONCEPTS
from generator.measures.resampling import concept_weights
from generator.memory import WORKER_BYTES
from generator.models.encoder import Settings
from generator.models.registry import ON_DISK, Model
from generator.models.sources import identity
from generator.records import (
    concept_records,
    dataset_record,
    language_records,
    map_record,
    model_record,
)
from generator.redaction import without_secrets
from generator.results import Draws, Failure, PairFailure, PairResult, Provenance
from generator.visible import visible

MEASURE_VERSION = 4
"""Part of every result's key: bump it when the same vectors would give other numbers."""

VERSIONED = (
    "isogloss",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "transformers",
    "sentence-transformers",
    "phate",
    "graphtools",
)


@dataclass(frozen=True)
class Parameters:
    """What besides dataset and model decides a result."""

    seed: int = 42
    draws: int = 2000
    """Resamples of the concepts."""
    confidence: float = 0.95
    layout: Layout | None = field(default_factory=Layout)
    """How to draw the map; None for no map."""


def pair_key(dataset: Dataset, model: Model, parameters: Parameters) -> str:
    """SHA-256 of everything that decides a result; a stored result with another key is outdated."""
    decided_by = {
        "dataset": dataset.digest,
        "labels": labels(dataset),
        "model": identity(model),
        "parameters": asdict(parameters),
        "measures": MEASURE_VERSION,
        "map": MAP_VERSION,
    }
    return hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Measured:
    """A pair's result, and the resamples behind its intervals."""

    result: PairResult
    draws: Draws


def measure_pair(
    dataset: Dataset,
    model: Model,
    vectors: Mapping[str, VectorArray],
    parameters: Parameters,
    settings: Settings | None = None,
) -> Measured:
    """Every measure of one pair; of a dataset without translations, the spread of each language and the map.

    Args:
        dataset: the concepts.
        model: the pinned model that the vectors come from.
        vectors: by language, (n_l, d), a row a distinct rendering in the order of ``dataset.renderings``.
        parameters: draws, seed and layout.
        settings: what the encoder says of itself.

    Raises:
        MeasureUndefinedError: when SA has no value for these vectors. A companion measure or map without a
            value is recorded with its reason instead.
    """
    refuse_faulty(dataset.renderings, vectors)
    units, concepts = unit_vectors(vectors), concept_index(dataset)
    weights = dataset_weights(dataset, parameters)
    aligned = (
        alignment(dataset, concepts, vectors, units, weights, parameters.confidence)
        if dataset.card.translated
        else None
    )
    laid_out = geometry(dataset, concepts, units, weights, parameters.confidence)
    result = PairResult(
        model=model_record(model, settings or {}, next(iter(vectors.values())).shape[1]),
        dataset=dataset_record(dataset),
        measures=aligned.measures if aligned else None,
        languages=language_records(units, aligned.languages if aligned else {}),
        language_pairs=aligned.language_pairs if aligned else (),
        concepts=concept_records(dataset, aligned.affinity if aligned else None, aligned.retrieval if aligned else {}),
        map=map_record(dataset, units, parameters.layout) if parameters.layout else None,
        provenance=provenance(dataset, model, parameters),
        pair_companions=aligned.pair_companions if aligned else {},
        directed=aligned.directed if aligned else {},
        geometry=laid_out.measures,
        spread_groups=aligned.spread_groups if aligned else (),
    )
    return Measured(result, {**(aligned.draws if aligned else {}), **laid_out.draws})


def peak_bytes(dataset: Dataset, dimensions: int, parameters: Parameters) -> int:
    """The most that a worker holds while it measures a pair, in bytes, from above.

    Peaks measured in tests are 40 to 100 % of it. Held are unit vectors and cells in float64, resamples of concepts
    and of pairs of languages, blocks of cosines, and for the map some n × n matrices.
    """
    n_languages, n_concepts = len(dataset.languages), len(dataset.concepts)
    n_words = sum(map(len, dataset.renderings.values()))
    vectors, cells = 8 * n_words * dimensions, 8 * n_languages * n_concepts * dimensions
    weights = 8 * parameters.draws * n_concepts
    if dataset.card.translated:
        drawn_pairs = 8 * parameters.draws * n_languages * (n_languages - 1) // 2
        cosines = 4 * min(n_concepts, MOST_CONCEPTS) ** 2
        small = min(BLOCK_BYTES, n_languages * cosines)
        measures = 3 * (vectors + cells) + 4 * weights + 24 * drawn_pairs + 10 * small + 3 * cosines
    else:
        measures = 3 * (vectors + cells) + 4 * weights
    mapped = layout_bytes(n_words, dimensions, parameters.layout) if parameters.layout else 0
    return WORKER_BYTES + max(measures, 3 * vectors + weights + mapped)


def failed_pair(dataset: Dataset, model: Model, parameters: Parameters, error: Exception) -> PairFailure:
    """The record of a pair that could not be measured."""
    kind = type(error).__name__.removesuffix("Error")
    message = without_secrets(str(error)) or kind
    if model.kind in ON_DISK:  # where the maintainer's files lie is nobody's business
        message = message.replace(model.locator, Path(model.locator).name)
    return PairFailure(
        model=model_record(model, {}, model.dimensions),
        dataset=dataset_record(dataset),
        # What foreign code says is kept as it may be shown; half a character could not be kept at all.
        error=Failure(kind, visible(message)),
        provenance=provenance(dataset, model, parameters),
    )


def concept_index(dataset: Dataset) -> ConceptIndex:
    """Which of a language's distinct renderings stand in which concept's cell."""
    languages = {}
    for tag, texts in dataset.renderings.items():
        row = {text: i for i, text in enumerate(texts)}
        placed = [(row[t], c) for c, concept in enumerate(dataset.concepts) for t in concept.renderings.get(tag, ())]
        rows, concepts = np.array(placed, dtype=np.int64).reshape(-1, 2).T
        languages[tag] = Incidence(rows, concepts)
    return ConceptIndex(len(dataset.concepts), languages)


def dataset_weights(dataset: Dataset, parameters: Parameters) -> FloatArray:
    """How often each concept is drawn in each resample, (draws, C): the same for every model and measure."""
    # Datasets share no concepts, so their resamples must have nothing in common either.
    own = int(dataset.digest[:16], 16)
    return concept_weights(len(dataset.concepts), parameters.draws, [parameters.seed, own])


def provenance(dataset: Dataset, model: Model, parameters: Parameters) -> Provenance:
    """Where a result comes from; ``created`` is a day, or the day of ``SOURCE_DATE_EPOCH`` when that is set."""
    told = {**asdict(parameters), "measure_version": MEASURE_VERSION, "map_version": MAP_VERSION}
    return Provenance(today(), versions(), parameters.seed, told, pair_key(dataset, model, parameters))


def today() -> str:
    """The current day in UTC as YYYY-MM-DD, honouring SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = dt.datetime.fromtimestamp(int(epoch), dt.UTC) if epoch else dt.datetime.now(dt.UTC)
    return moment.date().isoformat()


@cache
def versions() -> dict[str, str]:
    """The versions of what decides numbers: Python and the libraries, as installed."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def refuse_faulty(renderings: Mapping[str, Sequence[str]], vectors: Mapping[str, VectorArray]) -> None:
    """Name the words, which the measures do not know, of vectors that no measure can use."""
    for tag, texts in renderings.items():
        sound = np.isfinite(vectors[tag]).all(axis=1) & (vectors[tag] != 0).any(axis=1)
        if not sound.all():
            named = ", ".join(repr(texts[i]) for i in np.flatnonzero(~sound)[:5])
            count = int((~sound).sum())
            raise MeasureUndefinedError(f"{count} vectors of {tag} are zero or not finite, among them those of {named}")

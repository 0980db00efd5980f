"""From datasets, models and arrays to the records that result files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from generator.datasets import Concept, Dataset
from generator.errors import MapUndefinedError
from generator.manifold import DECIMALS, MOST_POINTS, Layout, lay_out
from generator.measures.affinity import Affinity, mean_pairwise_spread
from generator.measures.index import FloatArray
from generator.measures.map_quality import map_quality
from generator.measures.resampling import Interval
from generator.measures.rivals import ConceptRetrieval, NearerConcept
from generator.models.encoder import Settings
from generator.models.registry import ON_DISK, Model
from generator.results import (
    COORDINATE_DIGITS,
    ConceptRecord,
    DatasetRecord,
    LanguageRecord,
    MapQualityRecord,
    MapRecord,
    ModelRecord,
    Point,
    Rival,
)

SHARE_DECIMALS = 4


@dataclass(frozen=True)
class LanguageFindings:
    """What comparing the translations says of one language."""

    spread: Interval | None
    """Of H_l."""
    attraction: float | None
    """How often the nearest word of another language is of this one, in fair shares."""


def model_record(model: Model, settings: Settings, dimensions: int | None) -> ModelRecord:
    """The model as it is when measured."""
    return ModelRecord(
        name=model.name,
        slug=model.slug,
        # A path on the maintainer's machine is nobody's business; the revision identifies the content.
        source=model.kind if model.kind in ON_DISK else model.source,
        revision=model.revision,
        objective=model.objective,
        family=model.family,
        architecture=model.architecture,
        parameters=model.parameters,
        dimensions=dimensions,
        licence=model.licence,
        released=model.released.isoformat() if model.released else None,
        languages=model.languages,
        link=model.link,
        note=model.note,
        dtype=model.dtype,
        encoder=dict(settings),
    )


def dataset_record(dataset: Dataset) -> DatasetRecord:
    """The dataset as it is when measured."""
    card = dataset.card
    return DatasetRecord(
        name=card.name,
        slug=dataset.slug,
        digest=dataset.digest,
        languages=dataset.languages,
        n_concepts=len(dataset.concepts),
        domain=card.domain,
        level=card.level,
        licence=card.licence,
    )


def language_records(
    units: Mapping[str, FloatArray], found: Mapping[str, LanguageFindings]
) -> dict[str, LanguageRecord]:
    """Per language: its spread, how many of its words have a vector of their own, and what else was found."""
    records = {}
    for tag, rows in units.items():
        distinct = len(np.unique(np.round(rows, DECIMALS), axis=0))
        interval, attraction = (found[tag].spread, found[tag].attraction) if tag in found else (None, None)
        records[tag] = LanguageRecord(
            mean_pairwise_spread(rows),
            len(rows),
            distinct,
            interval.low if interval else None,
            interval.high if interval else None,
            attraction,
        )
    return records


def concept_records(
    dataset: Dataset, affinity: Affinity | None, retrieval: Mapping[int, ConceptRetrieval]
) -> tuple[ConceptRecord, ...]:
    """Per concept: its renderings, spread and SA, and what retrieval comes across."""
    unknown = np.full(len(dataset.concepts), np.nan)
    spreads, values = (affinity.concept_spread, affinity.concept_affinity) if affinity else (unknown, unknown)
    return tuple(
        ConceptRecord(
            concept.id,
            dict(concept.renderings),
            known(spread),
            known(value),
            known(round(retrieval[number].hits, SHARE_DECIMALS)) if number in retrieval else None,
            _rival_records(dataset, retrieval[number].rivals) if number in retrieval else (),
        )
        for number, (concept, spread, value) in enumerate(zip(dataset.concepts, spreads, values, strict=True))
    )


def _rival_records(dataset: Dataset, rivals: Iterable[NearerConcept]) -> tuple[Rival, ...]:
    return tuple(
        Rival(
            dataset.concepts[rival.concept].id,
            rival.wins,
            dataset.languages[rival.query],
            dataset.languages[rival.targets],
            rival.similarity,
            rival.right,
        )
        for rival in rivals
    )


def map_record(dataset: Dataset, units: Mapping[str, FloatArray], layout: Layout) -> MapRecord:
    """Lay every rendering out, or those of a sample of the concepts, or say why that cannot be done."""
    parameters = asdict(layout)
    concepts = drawn_concepts(dataset.concepts, MOST_POINTS, layout.seed)
    sample = len(concepts) if len(concepts) < len(dataset.concepts) else None
    words = _words(dataset, concepts)
    rows = {tag: [word.row for word in words if word.language == tag] for tag in dataset.languages}
    every = np.concatenate([units[tag][some] for tag, some in rows.items()])
    try:
        drawn = lay_out(every, layout)
    except MapUndefinedError as error:
        return MapRecord("PHATE", parameters, undefined=str(error), sample=sample)
    quality = map_quality(every[drawn.distinct], drawn.points[drawn.distinct])
    _, point_of, sharing = np.unique(drawn.points, axis=0, return_inverse=True, return_counts=True)
    return MapRecord(
        "PHATE",
        parameters,
        MapQualityRecord(
            **asdict(quality),
            distinct_points=len(drawn.distinct),
            words_sharing_a_point=int((sharing[point_of.ravel()] > 1).sum()),
            components=drawn.components,
            diffusion_time=drawn.diffusion_time,
            converged=drawn.converged,
        ),
        tuple(
            Point(word.concept, word.language, word.text, _coordinate(x), _coordinate(y))
            for word, (x, y) in zip(words, drawn.points, strict=True)
        ),
        sample=sample,
    )


def drawn_concepts(concepts: Sequence[Concept], most: int, seed: int) -> tuple[Concept, ...]:
    """The concepts of a map in their order: all, or a sample with at most ``most`` renderings, one concept at least.

    Even steps through the concepts sorted by category and by how many languages render them, so that each kind has its
    share to within one concept; which of a kind is left to the seed.
    """
    sizes = np.array([sum(map(len, concept.renderings.values())) for concept in concepts])
    if sizes.sum() <= most:
        return tuple(concepts)
    _, category = np.unique([concept.category for concept in concepts], return_inverse=True)
    coverage = np.array([len(concept.renderings) for concept in concepts])
    chance = np.random.default_rng(seed).random(len(concepts))
    order = np.lexsort((chance, coverage, category))
    n_drawn = len(concepts)
    while True:
        chosen = order[((np.arange(n_drawn) + 0.5) * len(concepts) / n_drawn).astype(np.int64)]
        n_words = int(sizes[chosen].sum())
        if n_words <= most or n_drawn == 1:
            return tuple(concepts[i] for i in np.sort(chosen))
        n_drawn = max(1, min(n_drawn - 1, n_drawn * most // n_words))


@dataclass(frozen=True)
class _Word:
    """A rendering on the map, and the first concept that it renders."""

    language: str
    text: str
    concept: str
    row: int
    """Among the distinct renderings of its language."""


def _words(dataset: Dataset, concepts: Iterable[Concept]) -> list[_Word]:
    """The distinct renderings of some concepts, language by language, in the dataset's order."""
    concept_of: dict[tuple[str, str], str] = {}
    for concept in concepts:
        for tag, texts in concept.renderings.items():
            for text in texts:
                concept_of.setdefault((tag, text), concept.id)
    return [
        _Word(tag, text, concept_of[tag, text], row)
        for tag in dataset.languages
        for row, text in enumerate(dataset.renderings[tag])
        if (tag, text) in concept_of
    ]


def _coordinate(value: float) -> float:
    return float(f"{value:.{COORDINATE_DIGITS}g}") + 0.0


def known(value: float) -> float | None:
    """A number as records hold it: None for none."""
    return float(value) if np.isfinite(value) else None

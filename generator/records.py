"""From datasets, models and arrays to the records that result files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from generator.datasets import Dataset
from generator.errors import MapUndefinedError
from generator.manifold import DECIMALS, Layout, lay_out
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
    """Lay every rendering out, or say why that cannot be done."""
    parameters = asdict(layout)
    every = np.concatenate([units[tag] for tag in dataset.languages])
    try:
        drawn = lay_out(every, layout)
    except MapUndefinedError as error:
        return MapRecord("PHATE", parameters, undefined=str(error))
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
        _points(dataset, drawn.points),
    )


def _points(dataset: Dataset, points: FloatArray) -> tuple[Point, ...]:
    """A point a distinct rendering, named after the first concept that it renders."""
    words = [(tag, text) for tag in dataset.languages for text in dataset.renderings[tag]]
    concept_of: dict[tuple[str, str], str] = {}
    for concept in dataset.concepts:
        for tag, texts in concept.renderings.items():
            for text in texts:
                concept_of.setdefault((tag, text), concept.id)
    return tuple(
        Point(concept_of[tag, text], tag, text, _coordinate(x), _coordinate(y))
        for (tag, text), (x, y) in zip(words, points, strict=True)
    )


def _coordinate(value: float) -> float:
    return float(f"{value:.{COORDINATE_DIGITS}g}") + 0.0


def known(value: float) -> float | None:
    """A number as records hold it: None for none."""
    return float(value) if np.isfinite(value) else None

"""A pair's result as it is kept: the records of the files in ``results/``, and the JSON that they are written as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Annotated, Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, TypeAdapter

from generator.measures.index import FloatArray
from generator.measures.resampling import Interval, percentile_interval
from generator.models.encoder import Settings

SCHEMA: Final = 1
SIGNIFICANT_DIGITS = 9
COORDINATE_DIGITS = 4
SPREAD_DIGITS = 7
"""Of the spreads that scores of a few languages are made of: there may be thousands."""

Undefined = Mapping[str, str]
"""By measure: why it has no value for this pair."""

Draws = Mapping[str, npt.NDArray[np.float32]]
"""By measure: its value in each resample of the concepts; the same resamples for every model on a dataset."""

Resamples = Mapping[tuple[str, str], Draws]
"""By model and dataset slug: the resamples of a pair."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


def resampled(value: float | None, draws: FloatArray | None, confidence: float) -> Estimate:
    """A value with the interval of its resamples: no value where it is not finite, no ends where there are no draws."""
    if value is None or not np.isfinite(value):
        return Estimate(None)
    interval = None if draws is None else percentile_interval(draws, confidence)
    return Estimate(value, interval.low, interval.high) if interval else Estimate(value)


@dataclass(frozen=True)
class ModelRecord:
    """The model as it was when measured; see `generator.models.Model` for the fields."""

    name: str
    slug: str
    source: str
    revision: str
    objective: str = ""
    family: str = ""
    architecture: str = ""
    parameters: int | None = None
    dimensions: int | None = None
    licence: str = ""
    released: str | None = None
    languages: tuple[str, ...] = ()
    link: str = ""
    note: str = ""
    dtype: str = "float32"
    encoder: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetRecord:
    """The dataset as it was when measured."""

    name: str
    slug: str
    digest: str
    languages: tuple[str, ...]
    n_concepts: int
    domain: str = ""
    level: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Measures:
    """Every measure of a pair. Names follow the words in the documentation; spreads are cosine distances."""

    semantic_affinity: Estimate
    semantic_ratio: float
    inter_spread: float
    intra_spread: float
    null_sa: float | None
    chance_corrected: float | None
    centred_sa: Estimate
    reference_sa: float | None
    euclidean_sa: float | None
    undefined: Undefined = field(default_factory=dict)
    offset_penalty: Estimate = Estimate(None)
    """Centred SA less SA."""
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    """Of the measures above that are bare numbers, where resamples give one."""
    retrieval_cap: float | None = None
    """The highest retrieval P@1 that any vectors could reach, since some renderings are spelt alike."""
    sample: int | None = None
    """How many concepts the companions of neighbours and structure look at, spread evenly; None for all."""
    companions: Mapping[str, Estimate] = field(default_factory=dict)
    """What SA alone cannot see; see `generator.measures.catalogue`."""

    def estimate(self, name: str) -> Estimate:
        """A measure by its name, with its interval where it has one; without a value where it was not measured."""
        found = self.companions.get(name, getattr(self, name, None))
        if isinstance(found, Estimate):
            return found
        interval = self.intervals.get(name)
        return Estimate(found, interval.low, interval.high) if interval else Estimate(found)


@dataclass(frozen=True)
class LanguageRecord:
    intra_spread: float
    n_renderings: int
    n_distinct_vectors: int | None
    """None where a list was read as a stream."""
    low: float | None = None
    """The interval of `intra_spread`."""
    high: float | None = None
    attraction: float | None = None
    """How often the nearest word of another language is of this one, in fair shares: 1 for no preference."""


@dataclass(frozen=True)
class LanguagePair:
    a: str
    b: str
    sa: float | None
    inter_spread: float | None
    n: int
    low: float | None = None
    """The interval of `sa`."""
    high: float | None = None
    null_spread: float | None = None
    """V₀(a, b): what ``inter_spread`` would be with every translation reassigned to another concept."""


@dataclass(frozen=True)
class PairColumn:
    """One companion measure of every pair of languages, in the order of the result's ``language_pairs``."""

    value: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class SpreadGroup:
    """The concepts rendered in exactly the same languages, two or more."""

    languages: tuple[str, ...]
    """In the order of the dataset."""
    n: int
    """How many concepts."""
    spreads: tuple[float, ...]
    """Mean of v_c(a, b) over them, per unordered pair of these languages in the order of ``np.triu_indices``."""


@dataclass(frozen=True)
class Rival:
    """A wrong concept that lies nearer to a concept than its translation does; see `generator.measures.rivals`."""

    concept: str
    wins: int
    """In how many directions, from a query's language to the targets', it is the nearest of those that lie nearer."""
    a: str
    """Language of the query in the direction with the largest margin."""
    b: str
    """Language of the targets in it."""
    similarity: float
    """Cosine of the query with the wrong concept there."""
    right: float
    """Cosine of the query with its translation there."""


@dataclass(frozen=True)
class ConceptRecord:
    id: str
    renderings: Mapping[str, tuple[str, ...]]
    spread: float | None
    sa: float | None
    retrieved: float | None = None
    """Share of its directed pairs of languages in which its translation comes first; None where none was looked at."""
    rivals: tuple[Rival, ...] = ()
    """Those that win most often, at most three."""


@dataclass(frozen=True)
class Point:
    concept: str
    language: str
    text: str
    x: float
    y: float


@dataclass(frozen=True)
class MapQualityRecord:
    neighbours: int
    trustworthiness: float
    neighbour_overlap: float
    distinct_points: int
    words_sharing_a_point: int
    components: int
    diffusion_time: int
    converged: bool
    sample: int | None = None
    """Points that the first two numbers were taken over; None for all."""


@dataclass(frozen=True)
class MapRecord:
    """The layout of a pair; a map that could not be drawn says why in ``undefined`` and has no points."""

    method: str
    parameters: Mapping[str, int]
    quality: MapQualityRecord | None = None
    points: tuple[Point, ...] = ()
    undefined: str = ""
    sample: int | None = None
    """How many concepts were drawn, where all would be too many words; None for all."""


@dataclass(frozen=True)
class Provenance:
    """How a result came about. ``key`` identifies everything that decided its numbers."""

    created: str
    versions: Mapping[str, str]
    seed: int
    parameters: Mapping[str, Any]
    key: str


@dataclass(frozen=True)
class Failure:
    kind: str
    message: str


class _Stored:
    """What is kept in a file of its own."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the document that it was read from, or of the one that it would be written to."""
        return hashlib.sha256(to_json(cast("Outcome", self)).encode()).hexdigest()


@dataclass(frozen=True)
class PairResult(_Stored):
    """One model measured on one dataset."""

    model: ModelRecord
    dataset: DatasetRecord
    measures: Measures | None
    """None where there is nothing to translate."""
    languages: Mapping[str, LanguageRecord]
    language_pairs: tuple[LanguagePair, ...]
    concepts: tuple[ConceptRecord, ...]
    map: MapRecord | None
    provenance: Provenance
    pair_companions: Mapping[str, PairColumn] = field(default_factory=dict)
    """By measure: the companions of each pair of languages."""
    directed: Mapping[str, tuple[tuple[float | None, float | None], ...]] = field(default_factory=dict)
    """By measure of retrieval: from a to b, and from b to a, in the order of ``language_pairs``."""
    geometry: Mapping[str, Estimate] = field(default_factory=dict)
    """What the vectors of a list of letters, signs or numbers look like, whether anything is translated or not."""
    spread_groups: tuple[SpreadGroup, ...] = ()
    """By languages rendered, for scores of a few languages (`generator.subset`). Empty where all concepts translated
    at all have the same languages, so that ``language_pairs`` says it, or where there would be too many numbers."""
    status: Literal["ok"] = "ok"
    schema: Literal[1] = SCHEMA

    @property
    def affinity(self) -> Estimate:
        """SA; without a value where there is nothing to translate."""
        return self.measures.semantic_affinity if self.measures else Estimate(None)


@dataclass(frozen=True)
class PairFailure(_Stored):
    """One model that could not be measured on one dataset, and why."""

    model: ModelRecord
    dataset: DatasetRecord
    error: Failure
    provenance: Provenance
    status: Literal["failed"] = "failed"
    schema: Literal[1] = SCHEMA


Outcome = PairResult | PairFailure


@cache
def outcome_adapter() -> TypeAdapter[Outcome]:
    """What checks and converts outcomes, between records and JSON."""
    return TypeAdapter(Annotated[Outcome, Field(discriminator="status")], config=ConfigDict(allow_inf_nan=False))


def to_json(outcome: Outcome) -> str:
    """The document of a result file: stable key order, floats at nine significant digits, one final newline.

    Lists of records are written a record a line, so that a diff between two commits can be read.
    """
    document = _rounded(outcome_adapter().dump_python(outcome, mode="json"))
    head = {"schema": document.pop("schema"), "status": document.pop("status")}
    return _written({**head, **document}) + "\n"


def significant(value: float, digits: int) -> float:
    """A number to so many significant digits.

    >>> significant(0.123456, 2)
    0.12
    """
    return float(f"{value:.{digits}g}")


def _rounded(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _written(value: Any, depth: int = 0) -> str:
    """JSON with one key a line at the top two levels and one list item a line, compact below."""
    if isinstance(value, dict) and value and depth < 2:
        inner = ",\n".join(f"{'  ' * (depth + 1)}{_dumped(k)}: {_written(v, depth + 1)}" for k, v in value.items())
        return f"{{\n{inner}\n{'  ' * depth}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        inner = ",\n".join(f"{'  ' * (depth + 1)}{_dumped(item)}" for item in value)
        return f"[\n{inner}\n{'  ' * depth}]"
    return _dumped(value)


_dumped = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

"""What each page shows: one frozen dataclass a template, holding values ready to lay out.

Text is raw: templates escape it. `generator.site.compose` fills the pages in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from generator.claims import Status
from generator.languages import Language
from generator.layers import LayerCurve
from generator.leaderboard import Tier
from generator.measures.catalogue import MeasureInfo
from generator.ranks import Verdict
from generator.results import Estimate, MapQualityRecord, ModelRecord, PairFailure, PairResult, Provenance
from generator.site.marks import Mark
from generator.site.traps import Trap
from generator.site.worked_example import WorkedExample


@dataclass(frozen=True)
class Word:
    """A text with the language it is in."""

    text: str
    tag: str
    direction: str


@dataclass(frozen=True)
class Link:
    """A link within the site, or to elsewhere when ``target`` begins with http."""

    text: str
    target: str


@dataclass(frozen=True)
class Score:
    """SA of a pair with what a reader needs to judge it."""

    value: float
    low: float | None
    high: float | None
    null: Estimate
    chance_corrected: Estimate
    centred: Estimate
    offset: Estimate
    tiers: tuple[Tier, ...]
    """The tier of the value, then any other that the interval reaches."""


@dataclass(frozen=True)
class Step:
    """What a dataset says of a model and the one ranked next above it."""

    difference: Estimate
    """Its SA less that of the model above, with an interval that holds for all pairs of models at once."""
    verdict: Verdict


@dataclass(frozen=True)
class BoardCell:
    """One pair on a table of scores."""

    state: str
    """measured, failed, outdated or missing."""
    page: str | None
    rank: int | None
    rank_interval: str
    """The ranks that the central 95 % of the resamples reach, such as "1–3" or "2–2"; empty without resamples."""
    best: float | None
    """The share of the resamples in which the model comes first."""
    group: int | None
    """Tie group."""
    step: Step | None
    """Against the model ranked next above on this dataset."""
    score: Score | None
    reason: str


@dataclass(frozen=True)
class BoardRow:
    """One model on a table of scores."""

    model: Link
    objective: str
    parameters: int | None
    place: int | None
    place_interval: str
    """The places that the central 95 % of the resamples reach; empty without resamples."""
    best: float | None
    """The share of the resamples in which the model comes first over all datasets that count."""
    group: int | None
    """Tie group over all datasets that count."""
    mean_rank: Estimate
    mean_sa: Estimate
    measured: str
    """How many of the datasets that count towards the place, such as "3 of 4"."""
    cells: tuple[BoardCell, ...]
    drawing: str | None = None
    """The map's drawing, where the row stands for one pair."""


@dataclass(frozen=True)
class DatasetSummary:
    name: str
    page: str
    domain: str
    n_concepts: int
    languages: tuple[Language, ...]
    overall: bool
    """Whether it counts towards the overall place."""


@dataclass(frozen=True)
class ConceptRow:
    """A concept with its renderings in the order of the table's languages."""

    id: str
    label: str
    category: str
    renderings: tuple[tuple[Word, ...], ...]
    sa: float | None
    spread: float | None
    extra: tuple[str, ...] = ()
    """Of the columns that the dataset's card declares."""
    note: str = ""
    on_map: bool = True
    """Whether the page's map shows its words."""


@dataclass(frozen=True)
class Page:
    """What every page has."""

    template: ClassVar[str]
    path: str
    title: str
    description: str


@dataclass(frozen=True)
class HomePage(Page):
    """The leaderboard."""

    template = "index.html"
    datasets: tuple[DatasetSummary, ...]
    """Those with scores, in the order of the table's columns."""
    unscored: tuple[DatasetSummary, ...]
    """Those with nothing to translate."""
    ranked: tuple[BoardRow, ...]
    controls: tuple[BoardRow, ...]
    several: bool
    """Whether there is more than one dataset, so that means are worth a column."""


@dataclass(frozen=True)
class ModelSection:
    """A model on one dataset."""

    dataset: Link
    cell: BoardCell
    drawing: str | None
    hardest: tuple[ConceptRow, ...]
    easiest: tuple[ConceptRow, ...]


@dataclass(frozen=True)
class PublishedRow:
    """A figure from a paper."""

    subject: str
    model: Link | None
    quantity: str
    scope: str
    value: str
    source: Link
    locator: str
    note: str


@dataclass(frozen=True)
class SpreadRow:
    """A language's spread in each dataset's column."""

    language: Language
    spreads: tuple[Estimate, ...]
    distinct: tuple[str, ...]
    """Words with a vector of their own, such as "82 of 341"."""


@dataclass(frozen=True)
class LayerSection:
    """A model's layers on one dataset."""

    dataset: Link
    reading: str
    """What is seen in the charts."""
    charts: tuple[str, ...]
    """As SVG, safe to show as they are."""
    curve: LayerCurve


@dataclass(frozen=True)
class ModelPage(Page):
    """One model over all datasets."""

    template = "model.html"
    model: ModelRecord
    objective: str
    place: int | None
    place_interval: str
    n_ranked: int
    verdict: str
    sections: tuple[ModelSection, ...]
    spread_datasets: tuple[str, ...]
    spreads: tuple[SpreadRow, ...]
    published: tuple[PublishedRow, ...]
    provenance: Provenance | None
    compare: Link | None
    """The comparison with the next model, by its name; None where there is nothing to compare."""
    layers: tuple[LayerSection, ...]


@dataclass(frozen=True)
class GeometryRow:
    """How one model lays out a list of letters, signs or numbers; values in the order of the table's columns."""

    model: Link
    page: str
    ranked: bool
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class ReportRow:
    """What ``isogloss check`` finds in one language of a dataset."""

    language: Language
    n_renderings: int
    missing: int
    duplicates: int
    identical: float
    mixed: int
    renormalised: int


@dataclass(frozen=True)
class DatasetPage(Page):
    """One dataset over all models."""

    template = "dataset.html"
    name: str
    card: tuple[tuple[str, str], ...]
    weaknesses: tuple[str, ...]
    digest: str
    file: str
    languages: tuple[Language, ...]
    scored: bool
    """Whether there are translations to score."""
    resolution: float | None
    """The smallest difference of SA that this list can tell; None below two models with resamples."""
    rows: tuple[BoardRow, ...]
    geometry: tuple[MeasureInfo, ...]
    """Measures of a list of letters, signs or numbers that some model has."""
    geometry_rows: tuple[GeometryRow, ...]
    words: Link
    """The list of words that spreads are compared with."""
    report: tuple[ReportRow, ...]
    columns: tuple[tuple[str, str], ...]
    """Further columns of the word list, with what the card says of them."""
    has_notes: bool
    headings: tuple[str, ...]
    """Of the columns with words, which may be fewer than there are languages."""
    concepts: tuple[ConceptRow, ...]
    """SA is the mean over the ranked models measured on this dataset."""
    n_models: int


@dataclass(frozen=True)
class LegendEntry:
    language: Language
    mark: Mark
    n_words: int


@dataclass(frozen=True)
class PairCell:
    """Two languages in the table of language pairs."""

    sa: float | None
    n: int
    shade: int
    """From 0 to 100, the share of the way from the lowest SA of the table to the highest."""


@dataclass(frozen=True)
class CompanionRow:
    """A companion measure of a pair."""

    info: MeasureInfo
    estimate: Estimate


@dataclass(frozen=True)
class LanguagePairRow:
    """Two languages with SA and the companion measures, in the order of the table's columns."""

    a: Language
    b: Language
    n: int
    affinity: Estimate
    both_ways: tuple[tuple[float | None, float | None], ...]
    """The directed measures from a to b, and from b to a."""
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class PairPage(Page):
    """One model on one dataset."""

    template = "pair.html"
    model: Link
    dataset: Link
    score: Score | None
    """None where there is nothing to translate."""
    rank: int | None
    n_ranked: int
    result: PairResult
    map_json: str | None
    """None when no map could be drawn; `no_map` says why."""
    no_map: str
    n_points: int
    n_shown: int
    """Points on the page's map, which may be a sample."""
    drawing: str
    quality: MapQualityRecord | None
    legend: tuple[LegendEntry, ...]
    languages: tuple[Language, ...]
    headings: tuple[str, ...]
    """Of the columns with words, which may be fewer than there are languages."""
    concepts: tuple[ConceptRow, ...]
    pairs: tuple[tuple[Language, tuple[PairCell | None, ...]], ...]
    companions: tuple[CompanionRow, ...]
    directed_measures: tuple[MeasureInfo, ...]
    """Those that each pair of languages has in both directions."""
    pair_measures: tuple[MeasureInfo, ...]
    language_pairs: tuple[LanguagePairRow, ...]
    """Those of the first languages only where there are many."""
    geometry: tuple[CompanionRow, ...]
    """Of lists of letters, signs or numbers."""
    data: str


@dataclass(frozen=True)
class FailedPairPage(Page):
    """A pair that could not be measured."""

    template = "failed.html"
    model: Link
    dataset: Link
    failure: PairFailure
    data: str


@dataclass(frozen=True)
class DropRow:
    """A model on one dataset against the reference."""

    model: Link
    page: str
    ranked: bool
    objective: str
    parameters: int | None
    score: Score
    reference: Estimate
    lift: Estimate
    """1 - V/V₀ here, and on the reference."""
    reference_lift: Estimate
    raw: Estimate
    above_chance: Estimate | None
    by_spread: float


@dataclass(frozen=True)
class DomainSection:
    """One dataset against the reference."""

    dataset: Link
    domain: str
    probes: str
    rows: tuple[DropRow, ...]


@dataclass(frozen=True)
class GroupRow:
    """The mean drops of models trained alike, in the order of the sections; and how many models they are of."""

    objective: str
    drops: tuple[float | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class MapStrip:
    """A model's maps over the datasets; None where there is none."""

    model: Link
    drawings: tuple[tuple[str, str] | None, ...]
    """The drawing and the page it leads to."""


@dataclass(frozen=True)
class DomainsPage(Page):
    """What a mismatch between training data and domain does."""

    template = "domains.html"
    reference: Link
    sections: tuple[DomainSection, ...]
    groups: tuple[GroupRow, ...]
    chart: str | None
    """Drops against size as a drawing; None below two models of known size."""
    chart_legend: tuple[tuple[str, Mark], ...]
    datasets: tuple[str, ...]
    strips: tuple[MapStrip, ...]


@dataclass(frozen=True)
class CheckRow:
    """One number that a claim speaks of: its range, what was measured, what was published."""

    subject: str
    quantity: str
    low: float
    high: float
    measured: Estimate | None
    published: tuple[str, ...]


@dataclass(frozen=True)
class ClaimRow:
    number: int
    statement: str
    test: str
    confirmed: bool
    status: Status
    on_paper: bool
    """Whether published figures alone decided it."""
    verdict: str
    basis: str
    reason: str
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True)
class ContradictionRow:
    subject: str
    figures: tuple[str, ...]
    source: Link


@dataclass(frozen=True)
class ClaimsPage(Page):
    """What the papers claim, held against results."""

    template = "claims.html"
    claims: tuple[ClaimRow, ...]
    counts: tuple[tuple[str, int], ...]
    """How many hold, do not, and are open."""
    contradictions: tuple[ContradictionRow, ...]
    published: tuple[PublishedRow, ...]


@dataclass(frozen=True)
class CorrelationCell:
    """How a measure goes with SA: the mean rank correlation over word lists, its range, and over how many of what."""

    mean: float | None
    low: float | None
    high: float | None
    n_models: int
    n_datasets: int


@dataclass(frozen=True)
class CompanionSection:
    """One measure against SA."""

    info: MeasureInfo
    ranked: CorrelationCell
    every: CorrelationCell
    """With controls."""
    drawing: str | None


@dataclass(frozen=True)
class CompanionBoardRow:
    """A model with every measure on one dataset."""

    model: Link
    page: str
    ranked: bool
    affinity: Estimate
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class CompanionsPage(Page):
    """What SA alone cannot see."""

    template = "companions.html"
    dataset: Link
    sections: tuple[CompanionSection, ...]
    measures: tuple[MeasureInfo, ...]
    rows: tuple[CompanionBoardRow, ...]


@dataclass(frozen=True)
class MethodsPage(Page):
    """What is measured and how, and what it does not say."""

    template = "methods.html"
    example: WorkedExample
    traps: tuple[Trap, ...]
    trap_legend: tuple[tuple[str, Mark], ...]
    trap_concepts: int
    landmarks: str
    parameters: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Download:
    name: str
    path: str
    what: str
    n_bytes: int


@dataclass(frozen=True)
class DownloadsPage(Page):
    """Everything that the site shows, as files."""

    template = "downloads.html"
    tables: tuple[Download, ...]
    datasets: tuple[Download, ...]
    results: tuple[Download, ...]


@dataclass(frozen=True)
class NotFoundPage(Page):
    template = "404.html"

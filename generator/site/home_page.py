"""The home page: the leaderboard, and how to read it.

The leaderboard is a whole HTML table, which ``board.js`` lets a reader sort, search, filter and cut down to columns and
languages. Table libraries were weighed and left out: what they do besides, above all paging and loading rows, a table
of some hundred models does not need, and none draws intervals in cells or computes scores anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log10
from typing import Literal

from generator.correlation import correlation, points
from generator.datasets import Dataset
from generator.languages import Language
from generator.leaderboard import MODERATE, STRONG, Leaderboard, Standing, tier
from generator.measures.catalogue import CATALOGUE
from generator.models.registry import Model
from generator.published import Figure, Source
from generator.results import Estimate, ModelRecord
from generator.shown import decimal, short_count
from generator.site import links
from generator.site.charts import Axis, Dot, StripRow, dot_chart, linear_axis, size_axis, tier_strip
from generator.site.feed import News
from generator.site.pages import BoardRow, Link, Page, PublishedRow, Score
from generator.site.parts import OBJECTIVES, board_row, languages_of, published_rows, score_of, shown_figure
from generator.site.picker import PickedLanguage, picked_languages

RETRIEVAL = "retrieval_p1"
MOST_SHOWN = 4
"""Columns of datasets that a reader sees before choosing."""
MOST_IN_STRIP = 8
"""Ranked models in the picture of the tiers."""

Weights = Literal["yes", "no", "unknown"]
WEIGHTS = {"yes": "open", "no": "closed", "unknown": "not stated"}
SIZES = {
    "small": "below 100 M",
    "medium": "100 M to 500 M",
    "large": "500 M to 2 B",
    "huge": "2 B and more",
    "unknown": "not stated",
}
KINDS = {
    "measured": "measured",
    "missing": "not measured",
    "published": "published elsewhere",
    "control": "controls",
}
TIERS = {"strong": "strong", "moderate": "moderate", "none": "none"}


@dataclass(frozen=True)
class DatasetSummary:
    name: str
    slug: str
    page: str
    domain: str
    n_concepts: int
    languages: tuple[Language, ...]
    overall: bool
    """Whether it counts towards the overall place."""


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard; rank and model are always there."""

    key: str
    title: str
    numeric: bool
    shown: bool
    """Whether a reader sees it before choosing."""
    note: str = ""
    dataset: str = ""
    """The slug, where it is of one."""
    counts: bool = False
    """Whether it is of a dataset that counts towards the place."""


@dataclass(frozen=True)
class Filter:
    """What rows can be filtered by: its values in their order, each with its name."""

    key: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Traits:
    """What rows are filtered by."""

    kind: str
    objective: str
    size: str
    licence: str
    weights: Weights
    tier: str
    """Of SA on the only dataset that counts, or of the mean; empty without."""


@dataclass(frozen=True)
class HomeRow:
    """A model on the leaderboard."""

    slug: str
    row: BoardRow
    traits: Traits
    licence: str
    tie: str
    """first, inner or last of a tie group of several rows; empty for a row of its own."""
    trend: tuple[float | None, ...]
    """SA on the datasets that count, in their order."""
    retrieval: Estimate
    """On the reference dataset."""
    reason: str
    """Why nothing was measured, where that is known."""

    @property
    def decline(self) -> float | None:
        """The highest less the lowest SA of the datasets that count; None below two."""
        known = [value for value in self.trend if value is not None]
        return max(known) - min(known) if len(known) > 1 else None


@dataclass(frozen=True)
class PublishedModel:
    """A model with published figures of SA, of which nothing is measured here."""

    model: Link
    traits: Traits
    value: str
    """Its first figure, the one that it is sorted by."""
    sorted_by: float
    figures: tuple[PublishedRow, ...]
    reason: str


@dataclass(frozen=True)
class Chart:
    title: str
    drawing: str
    summary: str


@dataclass(frozen=True)
class Borders:
    """SA from which a model is moderate, and strong."""

    moderate: float
    strong: float


@dataclass(frozen=True)
class Example:
    """The score that shows how a row is read."""

    model: Link
    dataset: str
    score: Score


@dataclass(frozen=True)
class HomePage(Page):
    """The leaderboard."""

    template = "index.html"
    datasets: tuple[DatasetSummary, ...]
    """Those with scores, in the order of the table's columns."""
    unscored: tuple[DatasetSummary, ...]
    """Those with nothing to translate."""
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    languages: tuple[PickedLanguage, ...]
    borders: Borders
    ranked: tuple[HomeRow, ...]
    controls: tuple[HomeRow, ...]
    published: tuple[PublishedModel, ...]
    several: bool
    """Whether there is more than one dataset, so that means are worth a column."""
    example: Example | None
    tiers: str | None
    """The picture of the tiers."""
    charts: tuple[Chart, ...]
    reference: str
    news: tuple[News, ...]
    """What is new, latest first."""


def home_page(
    board: Leaderboard,
    title: str,
    description: str,
    sources: Sequence[Source] = (),
    registry: Iterable[Model] = (),
    news: Sequence[News] = (),
) -> HomePage:
    """The home page: every model on every dataset.

    Args:
        board: what was measured.
        title: of the site.
        description: what the site answers.
        sources: published figures.
        registry: models that published figures may speak of, for their traits.
        news: what is new, latest first.
    """
    published = _published_models(board, sources, {model.name: model for model in registry})
    told = {each.model.text for each in published}
    ties = _ties(board.standings)
    rows = [_home_row(board, s, ties.get(s.model.slug, "")) for s in board.standings if s.model.name not in told]
    ranked = tuple(row for row in rows if row.traits.kind != "control")
    controls = tuple(row for row in rows if row.traits.kind == "control")
    several = len(board.overall) > 1
    datasets = tuple(_summary(board, dataset) for dataset in board.scored)
    reference = next((dataset.name for dataset in datasets if dataset.slug == board.reference), "")
    return HomePage(
        links.HOME,
        title,
        description,
        datasets,
        tuple(_summary(board, dataset) for dataset in board.datasets if not dataset.card.translated),
        _columns(datasets, several, reference),
        _filters([*(row.traits for row in rows), *(each.traits for each in published)]),
        picked_languages(board),
        Borders(MODERATE, STRONG),
        ranked,
        controls,
        published,
        several,
        _example(board),
        _tier_picture(board),
        _charts(board),
        reference,
        tuple(news),
    )


def open_weights(source: str) -> Weights:
    """Whether anyone can have a model's weights, as far as the kind of its source in the registry tells.

    What comes from the Hugging Face hub or a package is there for all, and what this program makes itself has nothing
    to hide; what only answers behind an API is closed. A folder, a file of vectors or an entry of the mteb registry
    can be either.

    >>> open_weights("hf:org/name"), open_weights("api:name"), open_weights("folder")
    ('yes', 'no', 'unknown')
    """
    kind = source.partition(":")[0]
    if kind in {"hf", "package", "ngrams", "control"}:
        return "yes"
    return "no" if kind == "api" else "unknown"


def size_class(parameters: int | None) -> str:
    """The key in `SIZES` of a number of parameters.

    >>> size_class(22_713_216), size_class(500_000_000), size_class(None)
    ('small', 'large', 'unknown')
    """
    if parameters is None:
        return "unknown"
    borders = ((100_000_000, "small"), (500_000_000, "medium"), (2_000_000_000, "large"))
    return next((name for border, name in borders if parameters < border), "huge")


def _summary(board: Leaderboard, dataset: Dataset) -> DatasetSummary:
    return DatasetSummary(
        dataset.card.name,
        dataset.slug,
        links.dataset_page(dataset.slug),
        dataset.card.domain,
        len(dataset.concepts),
        languages_of(dataset.languages),
        dataset.slug in board.overall,
    )


def _columns(datasets: Sequence[DatasetSummary], several: bool, reference: str) -> tuple[Column, ...]:
    counting = [dataset.slug for dataset in datasets if dataset.overall] or [dataset.slug for dataset in datasets]
    means = (
        Column("sa", "Mean SA", numeric=True, shown=True),
        Column("mean-rank", "Mean rank", numeric=True, shown=True),
        Column("domains", "Domains", numeric=True, shown=True),
    )
    retrieval = Column(RETRIEVAL, CATALOGUE[RETRIEVAL].name, numeric=True, shown=False, note=f"on {reference}")
    return (
        *(means if several else ()),
        *(
            Column(
                f"on-{dataset.slug}",
                dataset.name,
                numeric=True,
                shown=dataset.slug in counting[:MOST_SHOWN],
                note="" if dataset.overall else "not in the rank",
                dataset=dataset.slug,
                counts=dataset.overall,
            )
            for dataset in datasets
        ),
        *((retrieval,) if reference else ()),
        Column("objective", "Trained on", numeric=False, shown=True),
        Column("size", "Parameters", numeric=True, shown=True),
        Column("licence", "Licence", numeric=False, shown=False),
        Column("weights", "Weights", numeric=False, shown=False),
    )


def _filters(traits: Sequence[Traits]) -> tuple[Filter, ...]:
    """The filters that would tell rows apart."""
    licences = {each.licence: each.licence or "not stated" for each in sorted(traits, key=lambda each: each.licence)}
    objectives = OBJECTIVES | {each.objective: each.objective for each in traits if each.objective not in OBJECTIVES}
    named: tuple[tuple[str, str, dict[str, str], Callable[[Traits], str]], ...] = (
        ("objective", "Trained on", objectives, lambda each: each.objective),
        ("size", "Size", SIZES, lambda each: each.size),
        ("licence", "Licence", licences, lambda each: each.licence),
        ("weights", "Weights", WEIGHTS, lambda each: each.weights),
        ("tier", "Tier", TIERS, lambda each: each.tier),
        ("kind", "Origin", KINDS, lambda each: each.kind),
    )
    found = []
    for key, title, names, value in named:
        held = {value(each) for each in traits}
        options = tuple((option, name) for option, name in names.items() if option in held)
        if len(options) > 1:
            found.append(Filter(key, title, options))
    return tuple(found)


def _home_row(board: Leaderboard, standing: Standing, tie: str) -> HomeRow:
    row = board_row(board, standing)
    model, cells = standing.model, standing.cells
    reference = cells[board.reference].result if board.reference else None
    trend = tuple(cells[slug].result for slug in board.overall)
    affinities = tuple(result.affinity.value if result else None for result in trend)
    lead = standing.mean_sa if len(board.overall) > 1 else next(iter(affinities), None)
    return HomeRow(
        model.slug,
        row,
        _traits(model, _kind(standing), "" if lead is None else tier(lead)),
        model.licence,
        tie,
        affinities,
        reference.measures.estimate(RETRIEVAL) if reference and reference.measures else Estimate(None),
        _reason(standing, row),
    )


def _kind(standing: Standing) -> str:
    if not standing.ranked:
        return "control"
    return "measured" if standing.n_measured else "missing"


def _reason(standing: Standing, row: BoardRow) -> str:
    """Why a model has no result at all."""
    reasons = [cell.reason for cell in row.cells if cell.reason]
    return reasons[0] if reasons and not standing.n_measured else ""


def _traits(model: ModelRecord | Model, kind: str, tier_: str) -> Traits:
    weights = open_weights(model.source)
    return Traits(kind, model.objective, size_class(model.parameters), model.licence, weights, tier_)


def _ties(standings: Sequence[Standing]) -> dict[str, str]:
    """By slug: where a model stands among neighbours of its tie group; those without neighbours are left out."""
    placed = [standing for standing in standings if standing.placing]
    found: dict[str, str] = {}
    for _, group in groupby(placed, key=lambda standing: standing.placing and standing.placing.group):
        slugs = [standing.model.slug for standing in group]
        if len(slugs) > 1:
            found |= dict.fromkeys(slugs, "inner") | {slugs[0]: "first", slugs[-1]: "last"}
    return found


def _published_models(
    board: Leaderboard, sources: Iterable[Source], registry: dict[str, Model]
) -> tuple[PublishedModel, ...]:
    """Models that nothing was measured of but SA is published of, by what their first figure may be at most."""
    standings = {standing.model.name: standing for standing in board.standings}
    figures: dict[str, list[tuple[Source, Figure]]] = {}
    for source in sources:
        for figure in source.figures:
            if figure.quantity == "semantic affinity":
                for name in figure.models:
                    if name not in standings or not standings[name].n_measured:
                        figures.setdefault(name, []).append((source, figure))
    found = []
    for name, told in figures.items():
        first = told[0][1]
        standing = standings.get(name)
        known = standing.model if standing else registry.get(name, Model(name, ""))
        found.append(
            PublishedModel(
                Link(name, links.model_page(known.slug) if standing else f"{links.CLAIMS}#published"),
                _traits(known, "published", ""),
                shown_figure(first),
                (first.least + first.most) / 2,
                published_rows(board, told),
                _reason(standing, board_row(board, standing)) if standing else "",
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.sorted_by, each.model.text)))


def _example(board: Leaderboard) -> Example | None:
    for standing in board.standings:
        for dataset in board.scored:
            result = standing.cells[dataset.slug].result
            if result and (score := score_of(result)):
                page = links.pair_page(standing.model.slug, dataset.slug)
                return Example(Link(standing.model.name, page), dataset.card.name, score)
    return None


def _tier_picture(board: Leaderboard) -> str | None:
    """Some of the ranked models, evenly from best to worst, and all controls, on the reference dataset."""
    if not board.reference:
        return None
    scores = [
        (standing, score)
        for standing in board.on(board.reference)
        if (result := standing.cells[board.reference].result) and (score := score_of(result))
    ]
    ranked = [each for each in scores if each[0].ranked]
    last = len(ranked) - 1
    n = min(MOST_IN_STRIP, len(ranked))
    chosen = [ranked[round(i * last / max(n - 1, 1))] for i in range(n)]
    rows = [
        StripRow(standing.model.name, score.value, score.low, score.high, score.null.value, hollow=not standing.ranked)
        for standing, score in (*chosen, *(each for each in scores if not each[0].ranked))
    ]
    return tier_strip(rows) if rows else None


def _charts(board: Leaderboard) -> tuple[Chart, ...]:
    if not board.reference:
        return ()
    return tuple(chart for chart in (_size_chart(board), _retrieval_chart(board)) if chart)


def _size_chart(board: Leaderboard) -> Chart | None:
    """SA on the reference dataset against the number of parameters; None below two sizes."""
    dots = [
        _dot(standing, log10(parameters), estimate, short_count(parameters))
        for standing in board.on(board.reference)
        if (parameters := standing.model.parameters) and (estimate := _affinity(board, standing)).value is not None
    ]
    if len({dot.x for dot in dots}) < 2:
        return None
    by_size = sorted(dots, key=lambda dot: dot.x)
    ends = f"from {by_size[0].told} to {by_size[-1].told}"
    summary = f"{len(dots)} models of known size, {ends}. The highest is {dots[0].told}."
    axis = size_axis("Parameters", [dot.x for dot in dots])
    return Chart("SA against size", dot_chart(dots, axis, _affinity_axis(dots)), summary)


def _retrieval_chart(board: Leaderboard) -> Chart | None:
    """SA against retrieval P@1, both on the reference dataset; None below two models."""
    info = CATALOGUE[RETRIEVAL]
    dots = [
        _dot(standing, retrieved, _affinity(board, standing), f"{info.name} {decimal(retrieved)}")
        for standing, _, retrieved in points(board.on(board.reference), board.reference, RETRIEVAL)
    ]
    if len(dots) < 2:
        return None
    ranked = [standing for standing in board.standings if standing.ranked]
    found = correlation([(affinity, other) for _, affinity, other in points(ranked, board.reference, RETRIEVAL)])
    agreement = (
        f"Over the {found.n_models} ranked ones, the two go together at a rank correlation of {decimal(found.rho, 2)}."
        if found
        else "Too few ranked ones differ for a correlation."
    )
    among = ", controls among them" if any(dot.hollow for dot in dots) else ""
    axis = linear_axis(f"{info.name}: how often a translation is the nearest word", [dot.x for dot in dots])
    return Chart(
        "SA against retrieval",
        dot_chart(dots, axis, _affinity_axis(dots)),
        f"{len(dots)} models{among}. {agreement}",
    )


def _affinity(board: Leaderboard, standing: Standing) -> Estimate:
    result = standing.cells[board.reference].result
    return result.affinity if result else Estimate(None)


def _affinity_axis(dots: Iterable[Dot]) -> Axis:
    return linear_axis("SA", [end for dot in dots for end in (dot.y, dot.low, dot.high) if end is not None])


def _dot(standing: Standing, x: float, affinity: Estimate, told: str) -> Dot:
    value = affinity.value or 0.0
    name = standing.model.name
    return Dot(
        name,
        f"{name} ({told}, SA {decimal(value)})",
        x,
        value,
        affinity.low,
        affinity.high,
        hollow=not standing.ranked,
    )

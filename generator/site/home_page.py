"""The home page: the leaderboard, and how to read it.

The leaderboard is a whole HTML table, which ``board.js`` lets a reader sort, search, filter and cut down to columns and
languages. Table libraries were weighed and left out: what they do besides, above all paging and loading rows, a table
of some hundred models does not need, and none draws intervals in cells or computes scores anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from generator.datasets import Dataset
from generator.languages import Language
from generator.leaderboard import MODERATE, STRONG, Leaderboard, Standing, tier
from generator.measures.catalogue import CATALOGUE
from generator.models.registry import Model
from generator.published import Figure, Source
from generator.results import Estimate
from generator.site import links
from generator.site.feed import News
from generator.site.filters import Filter, Traits, filters_of, traits_of
from generator.site.home_charts import RETRIEVAL, Chart, home_charts, tier_picture
from generator.site.pages import BoardRow, Link, Page, PublishedRow, Score
from generator.site.parts import board_row, languages_of, published_rows, score_of, shown_figure
from generator.site.picker import PickedLanguage, picked_languages

MOST_SHOWN = 4
"""Columns of datasets that a reader sees before choosing."""


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
    updated: str
    """The day of the newest result; nothing on the site depends on when it was built."""


def home_page(
    board: Leaderboard,
    title: str,
    description: str,
    sources: Sequence[Source] = (),
    registry: Iterable[Model] = (),
    news: Sequence[News] = (),
    updated: str = "",
) -> HomePage:
    """The home page: every model on every dataset.

    Args:
        board: what was measured.
        title: of the site.
        description: what the site answers.
        sources: published figures.
        registry: models that published figures may speak of, for their traits.
        news: what is new, latest first.
        updated: the day of the newest result.
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
        filters_of([*(row.traits for row in rows), *(each.traits for each in published)]),
        picked_languages(board),
        Borders(MODERATE, STRONG),
        ranked,
        controls,
        published,
        several,
        _example(board),
        tier_picture(board),
        home_charts(board),
        reference,
        tuple(news),
        updated,
    )


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
        traits_of(model, _kind(standing), "" if lead is None else tier(lead)),
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
                traits_of(known, "published", ""),
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

"""The page that shows what SA alone cannot see: every companion measure, and how it goes with SA over the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from generator.correlation import Companionship, companionships, points
from generator.leaderboard import Leaderboard, Standing
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.results import Estimate
from generator.site import links
from generator.site.pages import Link, Page


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


SIZE, LEFT, BOTTOM, EDGE = 200, 46, 30, 10


def companions_page(board: Leaderboard) -> CompanionsPage:
    """Every measure that some pair has, held against SA."""
    ranked = {each.measure: each for each in companionships(board, [s for s in board.standings if s.ranked])}
    every = companionships(board, board.standings)
    shown = board.reference
    names = {dataset.slug: dataset.card.name for dataset in board.scored}
    infos = [CATALOGUE[each.measure] for each in every]
    return CompanionsPage(
        links.COMPANIONS,
        "Beyond SA",
        "What Semantic Affinity alone cannot see: retrieval, hubs, islands, structure, spelling.",
        Link(names[shown], links.dataset_page(shown)) if shown in names else Link("", links.HOME),
        tuple(
            CompanionSection(
                CATALOGUE[each.measure],
                _cell(ranked[each.measure]) if each.measure in ranked else _NOTHING,
                _cell(each),
                scatter(points(board.standings, shown, each.measure), CATALOGUE[each.measure]) if shown else None,
            )
            for each in every
        ),
        tuple(infos),
        tuple(_board_row(standing, shown, infos) for standing in board.on(shown) if standing.cells[shown].result)
        if shown
        else (),
    )


_NOTHING = CorrelationCell(None, None, None, 0, 0)


def _cell(found: Companionship) -> CorrelationCell:
    rhos = [each.rho for each in found.by_dataset.values()]
    return CorrelationCell(found.mean, min(rhos, default=None), max(rhos, default=None), found.n_models, len(rhos))


def _board_row(standing: Standing, slug: str, infos: Sequence[MeasureInfo]) -> CompanionBoardRow:
    result = standing.cells[slug].result
    measures = result.measures if result else None
    return CompanionBoardRow(
        Link(standing.model.name, links.model_page(standing.model.slug)),
        links.pair_page(standing.model.slug, slug),
        standing.ranked,
        result.affinity if result else Estimate(None),
        tuple(measures.estimate(info.key) if measures else Estimate(None) for info in infos),
    )


def scatter(found: Sequence[tuple[Standing, float, float]], info: MeasureInfo) -> str | None:
    """SA (across) against a measure (up), a dot a model, hollow for controls, as SVG; None below two models."""
    if len(found) < 2:
        return None
    values = [other for *_, other in found]
    low, high = _range(min(values), max(values))

    def x(affinity: float) -> float:
        return LEFT + affinity * (SIZE - LEFT - EDGE)

    def y(value: float) -> float:
        return EDGE + (high - value) / (high - low) * (SIZE - BOTTOM - EDGE)

    bottom = SIZE - BOTTOM
    body = [f'<path class="chart-grid" fill="none" d="M{LEFT} {EDGE}V{bottom}H{SIZE - EDGE}"/>']
    body += [
        f'<text class="chart-label" x="{LEFT - 6}" y="{y(value):.1f}" dy="4" text-anchor="end">{_label(value)}</text>'
        for value in (low, high)
    ]
    body += [
        f'<text class="chart-label" x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
        for tick in (0, 0.5, 1)
    ]
    for standing, affinity, other in found:
        kind = "dot" if standing.ranked else "dot hollow"
        title = escape(f"{standing.model.name}: SA {affinity:.3f}, {info.name} {other:.3f}")
        body.append(
            f'<circle class="{kind}" cx="{x(affinity):.1f}" cy="{y(other):.1f}" r="4.5"><title>{title}</title></circle>'
        )
    return f'<svg class="scatter" viewBox="0 0 {SIZE} {SIZE}" aria-hidden="true">{"".join(body)}</svg>'


def _range(low: float, high: float) -> tuple[float, float]:
    """A range of round ends around values; never empty."""
    step = 10.0 ** floor(log10(max(high - low, 0.1)))
    least, most = floor(low / step) * step, -floor(-high / step) * step
    return (least, most) if most > least else (least, least + step)


def _label(value: float) -> str:
    return f"{round(value, 2) + 0.0:g}".replace("-", "−")

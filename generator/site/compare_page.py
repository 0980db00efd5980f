"""The page that sets models side by side, and what its script is told before any model is picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generator.comparison import (
    FEWEST,
    LEAST_DRAWS,
    LEAST_LIFT,
    MOST,
    PHRASES,
    WARNING,
    Contrast,
    compare,
    is_scored,
    neighbours,
    why_missing,
)
from generator.leaderboard import Leaderboard, Standing
from generator.ranks import EQUIVALENT, LEAST_DEVIATION, POWER_QUANTILE
from generator.results import Resamples
from generator.shown import signed
from generator.site import links
from generator.site.pages import Link, Page
from generator.visible import visible_json


@dataclass(frozen=True)
class ContrastCell:
    """Two models on one dataset in short."""

    difference: str
    interval: str
    verdict: str
    sentence: str


@dataclass(frozen=True)
class NeighbourRow:
    """A ranked model and the next one in overall order."""

    models: tuple[Link, Link]
    target: str
    """The comparison of the two in the page."""
    overall: ContrastCell | None
    cells: tuple[ContrastCell | None, ...]
    """A dataset each; None where one of the two was not measured."""


@dataclass(frozen=True)
class ComparePage(Page):
    """Two to four models side by side."""

    template = "compare.html"
    datasets: tuple[Link, ...]
    """Those with scores."""
    counting: int
    """How many of them the overall difference is a mean of; 0 where there is none."""
    neighbours: tuple[NeighbourRow, ...]
    example: tuple[str, ...]
    """Slugs of two models that can be compared; empty when there are fewer."""
    catalogue: str
    """JSON of what can be picked, and of what is said of it."""
    warning: str


def compare_page(board: Leaderboard, resamples: Resamples, confidence: float = 0.95) -> ComparePage:
    """The page, with every ranked model against the next one for readers without scripts."""
    scored = [standing for standing in board.standings if is_scored(standing)]
    return ComparePage(
        links.COMPARE,
        "Compare",
        "Any two to four models side by side: which aligns languages better, how sure that is, and on which words.",
        tuple(Link(dataset.card.name, links.dataset_page(dataset.slug)) for dataset in board.scored),
        len(board.overall) if len(board.overall) > 1 else 0,
        _neighbour_rows(board, resamples, confidence),
        tuple(standing.model.slug for standing in scored[:FEWEST]) if len(scored) >= FEWEST else (),
        visible_json(_catalogue(board, scored, confidence)),
        WARNING,
    )


def _neighbour_rows(board: Leaderboard, resamples: Resamples, confidence: float) -> tuple[NeighbourRow, ...]:
    rows = []
    for a, b in neighbours(board):
        comparison = compare(board, (a.slug, b.slug), resamples, confidence=confidence)
        found = {shared.dataset.slug: _cell(shared.scores.contrasts[0]) for shared in comparison.shared}
        rows.append(
            NeighbourRow(
                (Link(a.name, links.model_page(a.slug)), Link(b.name, links.model_page(b.slug))),
                links.comparison((a.slug, b.slug)),
                _cell(comparison.overall.contrasts[0]) if comparison.overall else None,
                tuple(found.get(dataset.slug) for dataset in board.scored),
            )
        )
    return tuple(rows)


def _cell(contrast: Contrast) -> ContrastCell:
    value, low, high = contrast.difference.value, contrast.difference.low, contrast.difference.high
    return ContrastCell(
        signed(value or 0.0),
        f"{signed(low)} to {signed(high)}" if low is not None and high is not None else "",
        contrast.verdict or "no interval",
        contrast.words,
    )


def _catalogue(board: Leaderboard, scored: list[Standing], confidence: float) -> dict[str, Any]:
    """What the page's script needs before any model is picked."""
    return {
        "models": [
            {
                "slug": standing.model.slug,
                "name": standing.model.name,
                "ranked": standing.ranked,
                "missing": {
                    dataset.slug: reason
                    for dataset in board.scored
                    if (reason := why_missing(standing.cells[dataset.slug]))
                },
            }
            for standing in scored
        ],
        "datasets": [
            {
                "slug": dataset.slug,
                "name": dataset.card.name,
                "counts": dataset.slug in board.overall,
                "concepts": len(dataset.concepts),
            }
            for dataset in board.scored
        ],
        "phrases": dict(PHRASES),
        "most": MOST,
        "confidence": confidence,
        "equivalent": EQUIVALENT,
        "powerQuantile": POWER_QUANTILE,
        "leastDeviation": LEAST_DEVIATION,
        "leastDraws": LEAST_DRAWS,
        "leastLift": LEAST_LIFT,
    }

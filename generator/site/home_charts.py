"""The pictures of the home page: the tiers, and SA against size and against retrieval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

from generator.correlation import correlation, points
from generator.leaderboard import Leaderboard, Standing
from generator.measures.catalogue import CATALOGUE
from generator.results import Estimate
from generator.shown import decimal, short_count
from generator.site.charts import Axis, Dot, StripRow, dot_chart, linear_axis, size_axis, tier_strip
from generator.site.parts import score_of

RETRIEVAL = "retrieval_p1"
MOST_IN_STRIP = 8
"""Ranked models in the picture of the tiers."""


@dataclass(frozen=True)
class Chart:
    title: str
    drawing: str
    summary: str


def tier_picture(board: Leaderboard) -> str | None:
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


def home_charts(board: Leaderboard) -> tuple[Chart, ...]:
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

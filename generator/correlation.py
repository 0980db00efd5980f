"""Do the companion measures say what SA says already? Rank correlations over models, dataset by dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.leaderboard import Leaderboard, Standing
from generator.measures.catalogue import CATALOGUE

LEAST_MODELS = 3
"""Two models always correlate perfectly."""


@dataclass(frozen=True)
class Correlation:
    """How one measure goes with SA over the models of a dataset."""

    rho: float
    """Spearman's rank correlation, in [-1, 1]."""
    n_models: int


@dataclass(frozen=True)
class Companionship:
    """How one measure goes with SA on every dataset where enough models have both."""

    measure: str
    by_dataset: Mapping[str, Correlation]
    """By dataset slug; a dataset on which either measure is the same for all models is left out."""
    n_models: int
    """The most models that have both on one dataset."""

    @property
    def mean(self) -> float | None:
        """The mean over datasets: SA is not alike from list to list, so models are compared within each."""
        rhos = [found.rho for found in self.by_dataset.values()]
        return float(np.mean(rhos)) if rhos else None


def companionships(board: Leaderboard, standings: Iterable[Standing]) -> tuple[Companionship, ...]:
    """How each measure of the catalogue goes with SA over these standings; measures that nobody has are left out."""
    rows = tuple(standings)
    found = []
    for measure in CATALOGUE:
        if measure != "semantic_affinity":
            pairs = {dataset.slug: points(rows, dataset.slug, measure) for dataset in board.scored}
            told = {
                slug: correlation([(affinity, other) for _, affinity, other in each]) for slug, each in pairs.items()
            }
            n_models = max(map(len, pairs.values()), default=0)
            found.append(Companionship(measure, {slug: each for slug, each in told.items() if each}, n_models))
    return tuple(each for each in found if _is_measured(board.standings, each.measure))


def points(standings: Iterable[Standing], slug: str, measure: str) -> list[tuple[Standing, float, float]]:
    """Each standing with SA and the measure on one dataset, where it has both."""
    found = []
    for standing in standings:
        result = standing.cells[slug].result
        if result and result.measures:
            affinity, other = result.affinity.value, result.measures.estimate(measure).value
            if affinity is not None and other is not None:
                found.append((standing, affinity, other))
    return found


def correlation(pairs: Sequence[tuple[float, float]]) -> Correlation | None:
    """Spearman's rank correlation of SA and another measure; None for too few models or if one never differs."""
    import pandas as pd

    ranks = pd.DataFrame(pairs, columns=["affinity", "other"]).rank()
    if len(pairs) < LEAST_MODELS or (ranks.nunique() < 2).any():
        return None
    return Correlation(float(ranks["affinity"].corr(ranks["other"])), len(pairs))


def _is_measured(standings: Iterable[Standing], measure: str) -> bool:
    return any(
        result.measures.estimate(measure).value is not None
        for standing in standings
        for cell in standing.cells.values()
        if (result := cell.result) and result.measures
    )

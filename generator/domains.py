"""What a model loses from one domain to another: SA per dataset against the reference dataset.

Two datasets share no concepts, so both are resampled, each by itself, and the interval of a drop comes from the
pairs (draw on the one, draw on the other). Three readings stand side by side, because SA alone cannot tell a model
that fails from a word list whose topics lie closer together:

- the raw drop, (SA_ref - SA) / SA_ref;
- the drop above chance, the same of A = 1 - V/V₀, given where A_ref is surely 0.1 or more: shares of less than
  that say little;
- what the list's spread alone does: the drop of 1 / (1 + V_ref/H), the reference's V with this list's H.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generator.leaderboard import Leaderboard, Standing
from generator.results import Draws, Estimate, Measures, PairResult, Resamples, resampled

LEAST_LIFT = 0.1
DrawArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drop:
    """What a model loses from the reference dataset to another; shares, negative for a gain."""

    raw: Estimate
    above_chance: Estimate | None
    """None where the reference lies less than `LEAST_LIFT` above chance."""
    by_spread: float


@dataclass(frozen=True)
class DomainScore:
    """One model on one dataset."""

    affinity: Estimate
    above_chance: Estimate
    """1 - V/V₀."""
    drop: Drop | None
    """None on the reference dataset itself."""


@dataclass(frozen=True)
class ModelDomains:
    """One model over the datasets it was measured on, the reference first."""

    standing: Standing
    scores: Mapping[str, DomainScore]
    """By dataset slug."""


@dataclass(frozen=True)
class GroupDrop:
    """The mean drop of a group of models on a dataset."""

    group: str
    dataset: str
    drop: float
    n_models: int


def model_domains(board: Leaderboard, resamples: Resamples, confidence: float = 0.95) -> tuple[ModelDomains, ...]:
    """Every model of the board that was measured on the reference dataset, in the board's order."""
    found = []
    for standing in board.standings:
        results = {slug: cell.result for slug, cell in standing.cells.items() if cell.result}
        reference = results.get(board.reference)
        if reference is None:
            continue
        scores = {
            dataset.slug: _score(result, reference, resamples, confidence)
            for dataset in board.scored
            if (result := results.get(dataset.slug))
        }
        found.append(ModelDomains(standing, scores))
    return tuple(found)


def drops_by_objective(models: Sequence[ModelDomains]) -> tuple[GroupDrop, ...]:
    """The mean raw drop on each dataset of the ranked models trained alike."""
    found: dict[tuple[str, str], list[float]] = {}
    for each in models:
        if each.standing.ranked:
            for slug, score in each.scores.items():
                if score.drop and score.drop.raw.value is not None:
                    found.setdefault((each.standing.model.objective, slug), []).append(score.drop.raw.value)
    return tuple(GroupDrop(*key, sum(drops) / len(drops), len(drops)) for key, drops in sorted(found.items()))


def above_chance(affinity: DrawArray, null: DrawArray) -> DrawArray:
    """1 - V/V₀ from SA and null SA, which share H: V/V₀ = (1/SA - 1) / (1/SA₀ - 1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (1 / affinity - 1) / (1 / null - 1)


def relative_drop(reference: DrawArray, other: DrawArray) -> DrawArray:
    """(reference - other) / reference."""
    n = min(len(reference), len(other))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - other[:n] / reference[:n]


def _score(result: PairResult, reference: PairResult, resamples: Resamples, confidence: float) -> DomainScore:
    measures = _measures(result)
    lifted = _lifted(_draws_of(resamples, result))
    return DomainScore(
        measures.semantic_affinity,
        resampled(measures.chance_corrected, lifted, confidence),
        None if result is reference else _drop(result, reference, resamples, confidence),
    )


def _drop(result: PairResult, reference: PairResult, resamples: Resamples, confidence: float) -> Drop:
    measures, base = _measures(result), _measures(reference)
    own, theirs = _draws_of(resamples, result), _draws_of(resamples, reference)
    lifted, lifted_base = _lifted(own), _lifted(theirs)
    base_lift = resampled(base.chance_corrected, lifted_base, confidence)
    surely_above = base_lift.low is not None and base_lift.low >= LEAST_LIFT
    return Drop(
        _relative(
            base.semantic_affinity.value,
            measures.semantic_affinity.value,
            own=_draws(own, "semantic_affinity"),
            theirs=_draws(theirs, "semantic_affinity"),
            confidence=confidence,
        ),
        _relative(base_lift.value, measures.chance_corrected, own=lifted, theirs=lifted_base, confidence=confidence)
        if surely_above
        else None,
        1 - (1 + base.inter_spread / base.intra_spread) / (1 + base.inter_spread / measures.intra_spread),
    )


def _relative(
    reference: float | None,
    other: float | None,
    *,
    own: DrawArray | None,
    theirs: DrawArray | None,
    confidence: float,
) -> Estimate:
    if reference is None or other is None:
        return Estimate(None)
    drawn = None if own is None or theirs is None else relative_drop(theirs, own)
    return resampled(1 - other / reference, drawn, confidence)


def _draws_of(resamples: Resamples, result: PairResult) -> Draws:
    return resamples.get((result.model.slug, result.dataset.slug), {})


def _measures(result: PairResult) -> Measures:
    if result.measures is None:
        raise ValueError(f"{result.dataset.name} has no translations to score")
    return result.measures


def _draws(draws: Draws, name: str) -> DrawArray | None:
    return draws[name].astype(np.float64) if name in draws else None


def _lifted(draws: Draws) -> DrawArray | None:
    affinity, null = _draws(draws, "semantic_affinity"), _draws(draws, "null_sa")
    return None if affinity is None or null is None else above_chance(affinity, null)

"""How sure a ranking is: rank intervals, ties and equivalence from the paired resamples of one dataset.

All models of a dataset share their resamples, so a difference is taken draw by draw and what the concepts have in
common cancels. With d the observed difference of two models, s the standard deviation of its draws d_b, and over all
pairs of models

    c = the quantile (of 95 %, or another confidence) over b of max |d_b - mean d_b| / s,

the intervals d ± c' s hold all at once (max-T: Westfall and Young, 1993; Romano and Wolf, 2005). Resampling n concepts
finds an s that is too small by √(1 - 1/n), and a quantile of a normal distribution where s itself is uncertain, so c'
is √(n/(n - 1)) times the quantile of Student's t with n - 1 degrees of freedom that is as rare as c. Two models differ
when their interval leaves 0 out; they are equivalent when it lies within ±0.01 (two one-sided tests, Schuirmann,
1987); otherwise the list cannot tell.

Over several datasets, which share no concepts, every one is resampled by itself: draw b of all of them together is a
stratified resample. It gives each model a mean rank and a mean value, and mean ranks are compared like values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from generator.measures.resampling import Interval, percentile_interval

EQUIVALENT = 0.01
"""A difference of SA too small to matter."""
POWER_QUANTILE = 0.8416
"""The normal quantile of a power of 80 %."""
LEAST_DEVIATION = 1e-7
"""Draws of a difference that scatter less than this are equal up to rounding: stored draws are float32, so those of a
model listed twice may lie 6e-8 apart in a few resamples, many times as far as they usually lie apart."""

LEAST_CONCEPTS = 2

Verdict = Literal["differ", "equivalent", "cannot tell"]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """One model's value less another's, with an interval that holds for all pairs of models at once."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What a list can say of two models.

        >>> Difference(0.1, 0.05, 0.15).verdict, Difference(0.0, -0.004, 0.004).verdict
        ('differ', 'equivalent')
        >>> Difference(0.0, -0.02, 0.02).verdict
        'cannot tell'
        """
        if self.low > 0 or self.high < 0:
            return "differ"
        return "equivalent" if self.low > -EQUIVALENT and self.high < EQUIVALENT else "cannot tell"


@dataclass(frozen=True)
class Placing:
    """One model among the others of a dataset."""

    rank: int
    rank_low: int
    """The best rank that the central share of the draws reaches, 95 % unless asked otherwise."""
    rank_high: int
    best: float
    """The share of the draws in which it comes first; equal draws share it."""
    group: int
    """Tie group, from 1: models that the group's first one cannot be told apart from."""


@dataclass(frozen=True)
class Ranking:
    """The models of a dataset with values, compared in pairs."""

    models: tuple[str, ...]
    """Best first."""
    placings: Mapping[str, Placing]
    values: FloatArray
    deviation: FloatArray
    """Standard deviation of each pair's difference, (M, M)."""
    critical: float
    """c' above; 0 for fewer than two models."""
    draws: FloatArray
    """(M, B): the models' values in the draws in which all have one."""

    def difference(self, a: str, b: str) -> Difference:
        """The value of ``a`` less that of ``b``. Raises ValueError for a model that is not ranked here."""
        i, j = self.models.index(a), self.models.index(b)
        value, reach = float(self.values[i] - self.values[j]), float(self.critical * self.deviation[i, j])
        return Difference(value, value - reach, value + reach)

    @property
    def resolution(self) -> float | None:
        """The smallest difference that a comparison of two such models finds in 80 of 100 cases; None for fewer."""
        if len(self.models) < 2:
            return None
        typical = float(np.median(self.deviation[np.triu_indices(len(self.models), 1)]))
        return (self.critical + POWER_QUANTILE) * typical


def ranking(
    values: Mapping[str, float],
    draws: Mapping[str, FloatArray],
    confidence: float = 0.95,
    n_concepts: int | None = None,
) -> Ranking:
    """Rank models by value, with what the resamples say of it.

    Args:
        values: each model's value on the dataset itself.
        draws: (B,) by model, in the same order of resamples; NaN where a resample has no value. Draws in which any
            model has none are left out for all; when none is left, nothing is ranked.
        confidence: of the rank intervals and of all differences at once.
        n_concepts: how many were resampled; None for so many that their number does not matter.

    Raises ValueError for models without draws, or draws of different length.
    """
    models = tuple(sorted(values, key=lambda model: (-values[model], model)))
    observed = np.array([values[model] for model in models])
    drawn = np.stack([np.asarray(draws[model], dtype=np.float64) for model in models]) if models else np.empty((0, 0))
    drawn = drawn[:, np.isfinite(drawn).all(axis=0)]
    if models and not drawn.size:
        return ranking({}, {}, confidence)
    deviation, critical = _simultaneous(drawn, confidence)
    critical = for_small_lists(critical, n_concepts)
    ranks = _ranks(drawn)
    low, high = (
        np.quantile(ranks, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1) if ranks.size else (ranks, ranks)
    )
    first = (ranks == 1) / np.maximum((ranks == 1).sum(axis=0), 1)
    groups = _groups(observed, critical * deviation)
    placings = {
        model: Placing(
            1 + int((observed > observed[i]).sum()),
            int(np.floor(low[i])),
            int(np.ceil(high[i])),
            float(first[i].mean()),
            groups[i],
        )
        for i, model in enumerate(models)
    }
    return Ranking(models, placings, observed, deviation, critical, drawn)


@dataclass(frozen=True)
class Overall:
    """The models that several datasets have in common, over all of them."""

    placings: Mapping[str, Placing]
    """By mean rank."""
    mean_rank: Mapping[str, Interval]
    mean: Mapping[str, Interval]
    """Of the mean value; values of different datasets are not alike, so read it beside the rank."""


def for_small_lists(critical: float, n_concepts: int | None) -> float:
    """A critical value for differences of so many resampled concepts, c' above; None for very many.

    Student's quantile is taken from the normal one by the expansion of Abramowitz and Stegun (1964), 26.7.5, which is
    within .01 of it for eight concepts or more.

    >>> round(for_small_lists(1.96, 100), 4), for_small_lists(1.96, None)
    (1.9943, 1.96)
    """
    if n_concepts is None or n_concepts < LEAST_CONCEPTS:
        return critical
    c, df = critical, n_concepts - 1
    terms = (
        (c**3 + c) / 4,
        (5 * c**5 + 16 * c**3 + 3 * c) / 96,
        (3 * c**7 + 19 * c**5 + 17 * c**3 - 15 * c) / 384,
    )
    student = c + sum(term / df**power for power, term in enumerate(terms, start=1))
    return float(student * np.sqrt(n_concepts / df))


def overall_of(rankings: Sequence[Ranking], confidence: float = 0.95, n_concepts: int | None = None) -> Overall:
    """How sure the places by mean rank are, from resampling every dataset by itself.

    Args:
        rankings: of the datasets that count, whose resamples are independent of each other.
        confidence: of the intervals.
        n_concepts: of the shortest of the lists.
    """
    common = sorted(set[str]().union(*(r.models for r in rankings)).intersection(*(r.models for r in rankings)))
    if not common:
        return Overall({}, {}, {})
    n_draws = min(r.draws.shape[1] for r in rankings)
    rows = [[r.models.index(model) for model in common] for r in rankings]
    ranks = np.mean([_ranks(r.draws)[row, :n_draws] for r, row in zip(rankings, rows, strict=True)], axis=0)
    values = np.mean([r.draws[row, :n_draws] for r, row in zip(rankings, rows, strict=True)], axis=0)
    mean_ranks = {model: -float(np.mean([r.placings[model].rank for r in rankings])) for model in common}
    return Overall(
        ranking(mean_ranks, dict(zip(common, -ranks, strict=True)), confidence, n_concepts).placings,
        _intervals(common, ranks, confidence),
        _intervals(common, values, confidence),
    )


def _intervals(models: Sequence[str], draws: FloatArray, confidence: float) -> dict[str, Interval]:
    found = {model: percentile_interval(row, confidence) for model, row in zip(models, draws, strict=True)}
    return {model: interval for model, interval in found.items() if interval}


def _simultaneous(drawn: FloatArray, confidence: float) -> tuple[FloatArray, float]:
    """Standard deviations of all differences, (M, M), and the critical value c."""
    n, b = drawn.shape
    deviation = np.zeros((n, n))
    if n < 2 or b < 2:
        return deviation, 0.0
    centred = drawn - drawn.mean(axis=1, keepdims=True)
    largest = np.zeros(b)
    room = np.empty((n, b))
    for i in range(n - 1):
        differences = np.subtract(centred[i], centred[i + 1 :], out=room[: n - 1 - i])
        spread = np.sqrt(np.einsum("ij,ij->i", differences, differences) / (b - 1))
        deviation[i, i + 1 :] = deviation[i + 1 :, i] = spread
        np.abs(differences, out=differences)
        differences /= np.where(spread > LEAST_DEVIATION, spread, np.inf)[:, None]
        np.maximum(largest, differences.max(axis=0), out=largest)
    return deviation, float(np.quantile(largest, confidence))


def _ranks(drawn: FloatArray) -> FloatArray:
    """The rank of each model in each draw, (M, B); equal values share the best."""
    order = np.argsort(-drawn, axis=0)
    fallen = np.take_along_axis(drawn, order, axis=0)
    places = np.where(fallen == np.roll(fallen, 1, axis=0), 0, np.arange(len(drawn))[:, None])
    ranks = np.empty(drawn.shape)
    np.put_along_axis(ranks, order, 1.0 + np.maximum.accumulate(places, axis=0), axis=0)
    return ranks


def _groups(observed: FloatArray, reach: FloatArray) -> list[int]:
    """Tie groups of models in falling order of value."""
    groups: list[int] = []
    leader = 0
    for i in range(len(observed)):
        if i and observed[leader] - observed[i] > reach[leader, i]:
            leader = i
        groups.append(groups[-1] + (leader == i) if groups else 1)
    return groups

"""Geometry at the levels of language: how a model lays out letters, radicals, words and numbers (arXiv 2601.09731).

Everything is measured in the space of the vectors, by cosine distance d(i, j) = 1 - u_i·u_j.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from generator.measures.affinity import LEAST_SPREAD
from generator.measures.companion import Cells, weighted_means
from generator.measures.index import ConceptIndex, FloatArray, Incidence, IntArray
from generator.measures.resampling import Resampled, spread_draws

CHUNK_BYTES = 32 << 20
"""Cosines are taken in bands of about this size."""

NEIGHBOURS = 10
"""How many neighbours of an item are looked at, at most."""

DIGITS = 12
"""Distances that agree to so many decimals are tied."""

LEAST_NUMBERS = 3
"""Fewer have one distance, and a path that nothing compares with."""


def intra_spread(units: Mapping[str, FloatArray], concepts: ConceptIndex, weights: FloatArray) -> Resampled:
    """H of any list, translated or not: the mean over languages of the mean d of two different renderings, in [0, 2].

    Args:
        units: unit vectors (n_l, d) by language.
        concepts: their index.
        weights: how often each concept is drawn, (B, C).
    """
    # A first draw of every concept once gives the value itself.
    drawn = np.vstack([np.ones(weights.shape[1]), weights])
    spreads = np.mean([spread_draws(units[tag], index, drawn) for tag, index in concepts.languages.items()], axis=0)
    return Resampled(float(spreads[0]), spreads[1:])


def collapse_ratio(level: Resampled, words: Resampled) -> Resampled:
    """H of a list over H of a list of words, in [0, ∞); below 1, the list's items crowd together.

    The lists share no concepts, so any draw of one goes with any of the other. NaN where the words coincide.
    """
    value = level.value / words.value if words.value >= LEAST_SPREAD else np.nan
    return Resampled(value, level.draws / np.where(words.draws >= LEAST_SPREAD, words.draws, np.nan))


def category_measures(units: FloatArray, labels: Sequence[str], weights: FloatArray) -> dict[str, Resampled]:
    """How well the categories of a list stand apart.

    ``category_silhouette``: the mean of `silhouettes`, in [-1, 1].
    ``category_purity``: p, the mean of `purities`, above p₀, what chance gives: (p - p₀) / (1 - p₀), at most 1.
    Resamples weigh the items anew among the neighbours they have. Undefined for fewer than two categories, or when
    none has two items.

    Args:
        units: one unit vector an item, (n, d): those of one language, or of a list without translations.
        labels: the category of each item, (n,); empty for an item without one, which is left out.
        weights: how often each item is drawn, (B, n).
    """
    labelled = np.array([bool(label) for label in labels], dtype=bool)
    names, category, size = np.unique(np.array(labels)[labelled], return_inverse=True, return_counts=True)
    if len(names) < 2 or size.max() < 2:
        return {"category_silhouette": _undefined(weights), "category_purity": _undefined(weights)}
    chance = np.where(size > 1, (size - 1) / (size.sum() - 1), np.nan)[category]
    items = units[labelled]
    values = np.stack([silhouettes(items, category), purities(items, category), chance], axis=1)
    means, drawn = weighted_means(values, weights[:, labelled])
    silhouette, purity, expected = np.vstack([means, drawn]).T
    above = (purity - expected) / (1 - expected)
    return {
        "category_silhouette": Resampled(float(silhouette[0]), silhouette[1:]),
        "category_purity": Resampled(float(above[0]), above[1:]),
    }


def silhouettes(units: FloatArray, category: IntArray) -> FloatArray:
    """(b - a) / max(a, b) of every item, in [-1, 1] (Rousseeuw, 1987); 0 for the only item of a category.

    a is the mean d to the other items of the item's category, b the least mean d to the items of another. From the
    sum of each category's vectors, in time linear in the number of items.

    Args:
        units: (n, d) unit vectors.
        category: of each item, (n,), numbered from 0 without gaps, two at least.
    """
    size = np.bincount(category).astype(np.float64)
    summed = np.zeros((len(size), units.shape[1]))
    np.add.at(summed, category, units)
    item = np.arange(len(units))
    total = size - units @ summed.T
    own = total[item, category] / np.maximum(size[category] - 1, 1)
    means = total / size
    means[item, category] = np.inf
    other = means.min(axis=1)
    larger = np.maximum(own, other)
    # Where all vectors coincide, distances are rounding only.
    defined = (size[category] > 1) & (larger > 10.0**-DIGITS)
    values: FloatArray = np.divide(other - own, larger, out=np.zeros(len(units)), where=defined)
    return values


def purities(units: FloatArray, category: IntArray) -> FloatArray:
    """Of an item's nearest others, the share of its own category, in [0, 1]; NaN for the only item of a category.

    As many are looked at as the category has others, ten at most, so that separate categories of any size reach 1.
    Items equally near share the last places.

    Args:
        units: (n, d) unit vectors.
        category: of each item, (n,), numbered from 0 without gaps.
    """
    n = len(units)
    others = np.bincount(category)[category] - 1
    looked_at = np.clip(others, 1, NEIGHBOURS)
    shares = np.empty(n)
    step = max(1, CHUNK_BYTES // (8 * n))
    for start in range(0, n, step):
        band = np.arange(start, min(start + step, n))
        row = band - start
        cosines = np.round(units[band] @ units.T, DIGITS)
        cosines[row, band] = -np.inf
        nearest = -np.sort(-np.partition(cosines, -looked_at.max())[:, -looked_at.max() :])
        last = nearest[row, looked_at[band] - 1][:, None]
        same = category[band][:, None] == category
        nearer, tied = cosines > last, cosines == last
        places = (looked_at[band] - nearer.sum(axis=1)) / tied.sum(axis=1)
        shares[band] = ((nearer & same).sum(axis=1) + places * (tied & same).sum(axis=1)) / looked_at[band]
    return np.where(others > 0, shares, np.nan)


def number_measures(cells: Cells, numbers: FloatArray, weights: FloatArray) -> dict[str, Resampled]:
    """How far the vectors of numbers follow their values: the mean over languages of two measures.

    ``number_order``: Spearman's correlation, over pairs of numbers, of the distance of their values with d, in
    [-1, 1]: 1 for perfect order, about 0 for none. Values are compared as log(1 + value): they run from 0 to a
    billion, and where vectors of numbers follow values, they were found to do so on a compressed, logarithmic scale
    (AlquBoj et al., arXiv 2502.16147). Negative numbers mirror positive ones.
    ``number_path``: the mean d from each number to the next larger one over the mean d of two numbers: near 0 for a
    smooth path, about 1 for a walk at random. Equal numbers stand in the list's order.

    Languages with fewer than three numbers, or whose distances are all alike, have no value. Resamples move the order
    to first order, as in `generator.measures.likeness`, the ranks included; along the path, the steps stay and each
    weighs what its ends weigh on average.

    Args:
        cells: unit vectors of L languages and C concepts.
        numbers: the value of each concept, (C,), NaN for none.
        weights: how often each concept is drawn, (B, C).
    """
    known = cells.held & np.isfinite(numbers)
    return {
        name: _mean_over_languages(
            [measure(cells.units[a, own], numbers[own], weights[:, own]) for a, own in enumerate(known)], weights
        )
        for name, measure in (("number_order", _order), ("number_path", _path))
    }


def _mean_over_languages(languages: list[Resampled], weights: FloatArray) -> Resampled:
    """Over those that have a value."""
    defined = [one for one in languages if np.isfinite(one.value)]
    if not defined:
        return _undefined(weights)
    return Resampled(float(np.mean([one.value for one in defined])), np.mean([one.draws for one in defined], axis=0))


def _order(units: FloatArray, numbers: FloatArray, weights: FloatArray) -> Resampled:
    """Spearman's correlation over pairs of numbers, for one language: (n, d), (n,) and (B, n)."""
    n = len(units)
    if n < LEAST_NUMBERS:
        return _undefined(weights)
    i, j = np.triu_indices(n, 1)
    scale = np.sign(numbers) * np.log1p(np.abs(numbers))
    of_values, of_vectors = _Ranked.of(np.abs(scale[i] - scale[j])), _Ranked.of((1 - units @ units.T)[i, j])
    drawn = np.vstack([np.ones(n), weights])

    def covariance(first: _Ranked, second: _Ranked) -> FloatArray:
        """Of the value and of its draws, (1 + B,); the mean rank is always ½.

        A pair of numbers counts by the product of its ranks, and by the places that it takes below other pairs.
        """
        products = first.ranks * second.ranks
        pull = products + first.mean_above(second.ranks) + second.mean_above(first.ranks)
        of_number = (np.bincount(i, pull, n) + np.bincount(j, pull, n)) / (n - 1)
        means, moved = weighted_means(of_number[:, None], drawn)
        return np.asarray(products.mean() - 1 / 4 + 2 * (moved - means)[:, 0])

    variances = covariance(of_values, of_values) * covariance(of_vectors, of_vectors)
    order = covariance(of_values, of_vectors) / np.sqrt(np.where(variances > 10.0**-DIGITS, variances, np.nan))
    # A step of first order may overshoot.
    order = np.clip(order, -1, 1)
    return Resampled(float(order[0]), order[1:])


@dataclass(frozen=True)
class _Ranked:
    """Values by rank, ties in the middle."""

    place: IntArray
    """Which of the distinct values each is, from the least, (P,)."""
    ranks: FloatArray
    """The share of values below each, ties counting half, (P,)."""

    @classmethod
    def of(cls, values: FloatArray) -> Self:
        _, place, count = np.unique(np.round(values, DIGITS), return_inverse=True, return_counts=True)
        return cls(place, ((np.cumsum(count) - count / 2) / len(values))[place])

    def mean_above(self, of: FloatArray) -> FloatArray:
        """For each value, the mean over all of what ``of`` holds for larger ones and half of it for tied ones, (P,)."""
        total = np.bincount(self.place, of)
        above: FloatArray = (total.sum() - np.cumsum(total) + total / 2) / len(of)
        return above[self.place]


def _path(units: FloatArray, numbers: FloatArray, weights: FloatArray) -> Resampled:
    """The mean step over the mean distance of two numbers, for one language: (n, d), (n,) and (B, n)."""
    n = len(units)
    if n < LEAST_NUMBERS:
        return _undefined(weights)
    every = np.arange(n)
    drawn = np.vstack([np.ones(n), weights])
    spread = spread_draws(units, Incidence(every, every), drawn)
    order = np.argsort(numbers, kind="stable")
    steps = ((units[order[1:]] - units[order[:-1]]) ** 2).sum(axis=1) / 2
    ends = (drawn[:, order[1:]] + drawn[:, order[:-1]]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        path = ends @ steps / ends.sum(axis=1) / np.where(spread >= LEAST_SPREAD, spread, np.nan)
    return Resampled(float(path[0]), path[1:])


def _undefined(weights: FloatArray) -> Resampled:
    return Resampled(np.nan, np.full(len(weights), np.nan))

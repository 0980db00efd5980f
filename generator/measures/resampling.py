"""Intervals by resampling concepts: the concept is the unit, and all models share the same draws.

A resample of concepts gives each concept a weight w_c, how often it was drawn. SA of a resample needs no new
pairs: with weights w on the renderings and x their deviations from the mean unit vector,

    H = (w₁ Σ w‖x‖² - ‖Σ w x‖²) / (w₁² - w₂),    w₁ = Σ w, w₂ = Σ w²,

which leaves out the pairs of a rendering with its own copies; keeping those would shrink H by about 1 - 1/n.
In V₀ the pairs of a concept with its own copies are left out in the same way: with m_c(a) the mean of a cell,

    Σ_{c≠c'} w_c w_c' m_c(a)·m_c'(b) = (Σ w m(a))·(Σ w m(b)) - Σ w² m(a)·m(b).

Method: the percentile bootstrap (Efron and Tibshirani, 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.measures.affinity import LEAST_SPREAD, cell_means, centred_vectors, semantic_affinity
from generator.measures.index import ConceptIndex, FloatArray, Incidence

CHUNK_BYTES = 64 << 20
LEAST_SHARE = 0.95
"""An interval needs this share of its draws to have a value."""


@dataclass(frozen=True)
class Interval:
    """A percentile interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """A number and what it becomes in each resample, (B,). NaN marks what has no value."""

    value: float
    draws: FloatArray


@dataclass(frozen=True)
class AffinityDraws:
    """What resamples give, in the same order everywhere; NaN where a resample leaves a value undefined."""

    language_spread: FloatArray
    """H_l, shape (L, draws)."""
    inter: FloatArray
    """V, shape (draws,)."""
    null_spread: FloatArray
    """V₀, shape (draws,)."""

    @property
    def intra(self) -> FloatArray:
        """H, shape (draws,); NaN below `LEAST_SPREAD`, where V/H means nothing."""
        spread: FloatArray = self.language_spread.mean(axis=0)
        with np.errstate(invalid="ignore"):
            return np.where(spread >= LEAST_SPREAD, spread, np.nan)

    @property
    def affinity(self) -> FloatArray:
        """SA, shape (draws,)."""
        return 1 / (1 + self.inter / self.intra)

    @property
    def null(self) -> FloatArray:
        """Null SA, shape (draws,)."""
        return 1 / (1 + self.null_spread / self.intra)

    @property
    def chance_corrected(self) -> FloatArray:
        """1 - V/V₀, shape (draws,)."""
        return 1 - self.inter / np.where(self.null_spread >= LEAST_SPREAD, self.null_spread, np.nan)


def concept_weights(n_concepts: int, draws: int, seed: int | Sequence[int]) -> FloatArray:
    """How often each concept is drawn in each resample, shape (draws, n_concepts); each row sums to n_concepts.

    Depends on nothing but its arguments, so every model measured on a dataset gets the same resamples.
    Put what tells datasets apart into ``seed``, so that theirs are independent.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.integers(n_concepts, size=(draws, n_concepts)) + np.arange(draws)[:, None] * n_concepts
    return np.bincount(drawn.ravel(), minlength=draws * n_concepts).reshape(draws, n_concepts).astype(np.float64)


def affinity_draws(
    units: Mapping[str, FloatArray],
    concepts: ConceptIndex,
    concept_spread: FloatArray,
    weights: FloatArray,
    *,
    null: bool = True,
) -> AffinityDraws:
    """The spreads of each resample, and with them SA and null SA.

    Args:
        units: unit vectors (n_l, d) by language.
        concepts: their index.
        concept_spread: v_c, shape (C,), NaN for concepts in one language.
        weights: from `concept_weights`, shape (draws, C).
        null: whether V₀ is wanted, which takes half the time; NaN otherwise.
    """
    known = np.isfinite(concept_spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        return AffinityDraws(
            np.stack([spread_draws(units[tag], index, weights) for tag, index in concepts.languages.items()]),
            weights[:, known] @ concept_spread[known] / weights[:, known].sum(axis=1),
            _null_draws(units, concepts, weights) if null else np.full(len(weights), np.nan),
        )


def centred_affinity(units: Mapping[str, FloatArray], concepts: ConceptIndex, weights: FloatArray) -> Resampled:
    """Centred SA; its resamples keep the language means of the whole list, whose uncertainty they do not show.

    Args are those of `affinity_draws`. Raises MeasureUndefinedError as `centred_vectors` and `semantic_affinity` do.
    """
    without_offset = centred_vectors(units)
    found = semantic_affinity(without_offset, concepts)
    drawn = affinity_draws(without_offset, concepts, found.concept_spread, weights, null=False)
    return Resampled(found.value, drawn.affinity)


def pair_affinity_draws(spreads: FloatArray, language_spread: FloatArray, weights: FloatArray) -> FloatArray:
    """SA(a, b) of each resample for the pairs of languages in the order of ``np.triu_indices(L, 1)``.

    Args:
        spreads: v_c(a, b), shape (C, L, L), NaN where a concept lacks a language.
        language_spread: H_l of each resample, shape (L, draws).
        weights: (draws, C).

    Returns:
        (draws, P); NaN where a resample holds no concept of both languages.
    """
    a, b = np.triu_indices(len(language_spread), 1)
    of_pair = spreads[:, a, b]
    known = np.isfinite(of_pair)
    with np.errstate(invalid="ignore", divide="ignore"):
        inter = (weights @ np.where(known, of_pair, 0)) / (weights @ known.astype(np.float64))
    intra = ((language_spread[a] + language_spread[b]) / 2).T
    return 1 / (1 + inter / np.where(intra >= LEAST_SPREAD, intra, np.nan))


def percentile_interval(draws: FloatArray, confidence: float = 0.95) -> Interval | None:
    """The central interval that holds ``confidence`` of the draws; None when too many have no value."""
    known = draws[np.isfinite(draws)]
    if not len(known) or len(known) < LEAST_SHARE * len(draws):
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def percentile_intervals(draws: FloatArray, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """`percentile_interval` of every column of (draws, P) at once: low and high, (P,), NaN where there is none."""
    rows = np.ascontiguousarray(draws.T, dtype=np.float32)  # as draws are stored
    known = np.isfinite(rows)
    low, high = np.full((2, len(rows)), np.nan)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    for chosen, quantiles in (
        (known.all(axis=1), np.quantile),
        (~known.all(axis=1) & (known.mean(axis=1) >= LEAST_SHARE), np.nanquantile),
    ):
        if chosen.any() and rows.size:
            low[chosen], high[chosen] = quantiles(rows[chosen], ends, axis=1)
    return low, high


def spread_draws(units: FloatArray, incidence: Incidence, weights: FloatArray) -> FloatArray:
    """H_l of each resample, shape (draws,); NaN where fewer than two of the renderings were drawn.

    Args:
        units: unit vectors (n, d) of one language.
        incidence: which of them renders which concept.
        weights: (draws, C).
    """
    deviation = _without_idle_dimensions(units - units.mean(axis=0))
    norm = (deviation**2).sum(axis=1)
    spread = np.empty(len(weights))
    step = max(1, CHUNK_BYTES // (8 * max(len(units), units.shape[1])))
    for start in range(0, len(weights), step):
        w = _rendering_weights(incidence, len(units), weights[start : start + step])
        total, squares = w.sum(axis=1), (w**2).sum(axis=1)
        summed = w @ deviation
        # Not left to the division: with one rendering both sides are zero up to rounding.
        pairs = np.where(np.count_nonzero(w, axis=1) > 1, total**2 - squares, np.nan)
        spread[start : start + step] = (total * (w @ norm) - (summed**2).sum(axis=1)) / pairs
    return spread


def _null_draws(units: Mapping[str, FloatArray], concepts: ConceptIndex, weights: FloatArray) -> FloatArray:
    """V₀ of each resample, shape (draws,); NaN where no two different concepts were drawn."""
    means, held = cell_means(units, concepts)
    n_concepts, n_languages, n_dims = means.shape
    matched = (means @ means.transpose(0, 2, 1)).reshape(n_concepts, -1)
    together = (held[:, :, None] * held[:, None, :]).reshape(n_concepts, -1)
    upper = np.ravel_multi_index(np.triu_indices(n_languages, 1), (n_languages, n_languages))
    if held.all():
        return _null_draws_without_gaps(means, matched[:, upper].sum(axis=1), weights)
    spread = np.empty(len(weights))
    step = max(1, CHUNK_BYTES // (8 * n_languages * n_dims))
    for start in range(0, len(weights), step):
        w = weights[start : start + step]
        summed = (w @ means.reshape(n_concepts, -1)).reshape(-1, n_languages, n_dims)
        n_drawn = w @ held
        products = (summed @ summed.transpose(0, 2, 1)).reshape(len(w), -1)[:, upper] - w**2 @ matched[:, upper]
        pairs = (n_drawn[:, :, None] * n_drawn[:, None, :]).reshape(len(w), -1)[:, upper] - w**2 @ together[:, upper]
        known = pairs > 0
        terms = np.divide(products, pairs, out=np.zeros_like(products), where=known)
        spread[start : start + step] = 1 - terms.sum(axis=1) / known.sum(axis=1)
    return spread


def _null_draws_without_gaps(means: FloatArray, matched: FloatArray, weights: FloatArray) -> FloatArray:
    """The same where every language renders every concept, so that all pairs of languages have as many pairs of cells.

    With S_a the weighted sum of a language's cells, Σ_{a<b} S_a·S_b = ½ (‖Σ S_a‖² - Σ ‖S_a‖²).

    Args:
        means: (C, L, d) mean unit vectors of the cells.
        matched: Σ_{a<b} m_c(a)·m_c(b), shape (C,).
        weights: (draws, C).
    """
    n_languages = means.shape[1]
    products = ((weights @ means.sum(axis=1)) ** 2).sum(axis=1)
    for language in range(n_languages):
        products -= ((weights @ _without_idle_dimensions(means[:, language])) ** 2).sum(axis=1)
    cells = n_languages * (n_languages - 1) / 2 * (weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1))
    products = products / 2 - weights**2 @ matched
    spread: FloatArray = 1 - np.divide(products, cells, out=np.full(len(weights), np.nan), where=cells > 0)
    return spread


def _without_idle_dimensions(rows: FloatArray) -> FloatArray:
    """Rows (n, d) with the same lengths and angles in n dimensions, where they have more."""
    if rows.shape[1] <= len(rows):
        return rows
    return np.asarray(np.linalg.qr(rows.T, mode="r"), dtype=np.float64).T


def _rendering_weights(incidence: Incidence, n_rows: int, weights: FloatArray) -> FloatArray:
    """Concept weights (draws, C) as weights of distinct renderings (draws, n_rows).

    A rendering that serves several concepts takes their mean, so that its expected weight is 1 like any other's.
    """
    if np.array_equal(incidence.rows, np.arange(n_rows)):
        return weights[:, incidence.concepts]
    served = np.bincount(incidence.rows, minlength=n_rows)
    order = np.argsort(incidence.rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(served)[:-1]])
    summed: FloatArray = np.add.reduceat(weights[:, incidence.concepts[order]], starts, axis=1)
    return summed / served

"""What every companion measure of SA gives: a value per pair of languages and over all, each with its resamples.

The companions see one vector a cell: the mean of the unit vectors of its renderings, brought to unit length, so that
every concept counts once in every language that renders it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generator.measures.affinity import cell_means
from generator.measures.index import ConceptIndex, FloatArray

BoolArray = npt.NDArray[np.bool_]

LEAST_LENGTH = 1e-9
"""A cell whose renderings' unit vectors cancel to less than this has no direction and counts as empty."""


@dataclass(frozen=True)
class Cells:
    """One unit vector per language and concept."""

    languages: tuple[str, ...]
    units: FloatArray
    """(L, C, d); zero where a cell is empty."""
    held: BoolArray
    """(L, C): which cells hold something."""


@dataclass(frozen=True)
class Companion:
    """One measure over a pair's vectors. NaN marks what has no value."""

    value: float
    """Over all languages."""
    draws: FloatArray
    """The same in each resample of the concepts, (B,)."""
    pair_values: FloatArray
    """Per unordered pair of languages in the order of ``np.triu_indices(L, 1)``, (P,)."""
    pair_draws: FloatArray
    """(B, P)."""


def cells_of(units: Mapping[str, FloatArray], concepts: ConceptIndex) -> Cells:
    """The cells of a dataset's unit vectors (n_l, d) by language."""
    means, _ = cell_means(units, concepts)
    length = np.linalg.norm(means, axis=2)
    held = length > LEAST_LENGTH
    vectors = np.divide(means, length[:, :, None], out=np.zeros_like(means), where=held[:, :, None])
    return Cells(tuple(units), np.ascontiguousarray(vectors.transpose(1, 0, 2)), held.T)


def mean_over_pairs(pair_values: FloatArray, pair_draws: FloatArray) -> Companion:
    """A measure whose overall value is the mean over the pairs of languages that have one.

    Args:
        pair_values: (P,), NaN where a pair has no value.
        pair_draws: (B, P).
    """
    known = np.isfinite(pair_values)
    if not known.any():
        return Companion(np.nan, np.full(len(pair_draws), np.nan), pair_values, pair_draws)
    means = pair_draws[:, known].mean(axis=1)
    # A pair that a resample leaves without a value is left out of that resample only.
    lacking = np.flatnonzero(np.isnan(means))
    if len(lacking):
        drawn = pair_draws[np.ix_(lacking, known)]
        has_value = np.isfinite(drawn)
        with np.errstate(invalid="ignore"):
            means[lacking] = np.where(has_value, drawn, 0).sum(axis=1) / has_value.sum(axis=1)
    return Companion(float(pair_values[known].mean()), means, pair_values, pair_draws)


def weighted_means(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means over concepts, and their resamples.

    Args:
        values: (C, P), NaN where a concept has no value.
        weights: (B, C), how often each concept is drawn.

    Returns:
        The means (P,) and those of each resample (B, P); NaN where nothing has a value.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if known.all():
            return filled.mean(axis=0), weights @ filled / weights.sum(axis=1, keepdims=True)
        return filled.sum(axis=0) / known.sum(axis=0), (weights @ filled) / (weights @ known.astype(np.float64))

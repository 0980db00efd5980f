"""Lists of letters, signs and numbers: how their vectors lie, as records with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generator.datasets import Dataset
from generator.measures.companion import Cells, cells_of
from generator.measures.geometry import category_measures, collapse_ratio, intra_spread, number_measures
from generator.measures.index import ConceptIndex, FloatArray
from generator.measures.resampling import Resampled
from generator.results import Draws, Estimate, PairResult, resampled

NUMBER = "number"
"""The level of lists of numbers."""
VALUE = "value"
"""The column that holds the value of a number."""
SPREAD = "intra_spread"


@dataclass(frozen=True)
class Geometry:
    """What was found, by measure, and the resamples that later comparisons need."""

    measures: Mapping[str, Estimate]
    draws: Draws


def labels(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """What the geometry goes by besides the renderings: each concept's category and value; nothing for other lists."""
    if not _is_measured(dataset):
        return ()
    return tuple((concept.category, concept.extra.get(VALUE, "")) for concept in dataset.concepts)


def geometry(
    dataset: Dataset, concepts: ConceptIndex, units: Mapping[str, FloatArray], weights: FloatArray, confidence: float
) -> Geometry:
    """Spread and categories of a list without translations, the order of a list of numbers; nothing of other lists.

    Args:
        dataset: the concepts, with their categories, and their values in a column ``value`` at the level of numbers.
        concepts: their index.
        units: unit vectors (n_l, d) by language.
        weights: (draws, C) from `concept_weights`.
        confidence: of the intervals.
    """
    if not _is_measured(dataset):
        return Geometry({}, {})
    found: dict[str, Resampled] = {}
    cells = cells_of(units, concepts)
    if not dataset.card.translated:
        found[SPREAD] = intra_spread(units, concepts, weights)
        found |= _categories(dataset, cells, weights)
    if dataset.card.level == NUMBER:
        values = np.array([_number(concept.extra.get(VALUE, "")) for concept in dataset.concepts])
        found |= number_measures(cells, values, weights)
    known = {name: each for name, each in found.items() if np.isfinite(each.value)}
    kept = {name: each.draws.astype(np.float32) for name, each in known.items() if name == SPREAD}
    return Geometry({name: resampled(each.value, each.draws, confidence) for name, each in known.items()}, kept)


def collapse(level: PairResult, words: PairResult, drawn: Draws, drawn_words: Draws, confidence: float) -> Estimate:
    """The spread of a list over that of a list of words, for one model; without a value where either has no spread.

    Args:
        level: the result on the list.
        words: that on the list of words.
        drawn, drawn_words: their stored resamples; without them there is no interval.
        confidence: of the interval.
    """
    own, theirs = _spread(level, drawn), _spread(words, drawn_words)
    if own is None or theirs is None:
        return Estimate(None)
    n = min(len(own.draws), len(theirs.draws))
    ratio = collapse_ratio(Resampled(own.value, own.draws[:n]), Resampled(theirs.value, theirs.draws[:n]))
    return resampled(ratio.value, ratio.draws, confidence)


def _is_measured(dataset: Dataset) -> bool:
    return not dataset.card.translated or dataset.card.level == NUMBER


def _categories(dataset: Dataset, cells: Cells, weights: FloatArray) -> dict[str, Resampled]:
    """Each cell is an item; what it stands for has no other cell."""
    language, concept = np.nonzero(cells.held)
    labels = [dataset.concepts[c].category for c in concept]
    return category_measures(cells.units[language, concept], labels, weights[:, concept])


def _spread(result: PairResult, draws: Draws) -> Resampled | None:
    value = result.measures.intra_spread if result.measures else result.geometry.get(SPREAD, Estimate(None)).value
    return None if value is None else Resampled(value, np.asarray(draws.get(SPREAD, ()), dtype=np.float64))


def _number(text: str) -> float:
    """NaN for what is no number."""
    try:
        return float(text)
    except ValueError:
        return np.nan

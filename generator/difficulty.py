"""Which concepts are hard to align, and about which models disagree.

SA of a concept says as much about the model as about the concept: a model with a low SA has low values throughout. So
each model's concepts are first put in order, and a concept's place in that order, a share of the list, is what is
averaged over models. A model's level and scale then play no part, as in Borda's count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generator.measures.index import FloatArray
from generator.results import PairResult


@dataclass(frozen=True)
class Difficulty:
    """How hard one concept is for several models."""

    mean_sa: float
    """Mean SA over the models, in (0, 1]."""
    share: float
    """Mean over the models of the share of other concepts that a model aligns better, in [0, 1]: 1 for the hardest."""
    disagreement: float | None
    """Mean difference of those shares between two models, in [0, 1]; None below two models."""
    highest: float
    """The highest of those shares."""
    hardest_for: str
    """The model with it; of several, the first."""
    lowest: float
    easiest_for: str


def affinities_of(results: Sequence[PairResult]) -> dict[str, dict[str, float]]:
    """SA by model slug and concept id; concepts without one are left out."""
    return {
        result.model.slug: {concept.id: concept.sa for concept in result.concepts if concept.sa is not None}
        for result in results
    }


def difficulties(affinities: Mapping[str, Mapping[str, float]]) -> dict[str, Difficulty]:
    """By concept: how hard it is for the models that have an SA for it.

    Args:
        affinities: SA by model and concept. A model with fewer than two concepts orders nothing and is left out.
    """
    by_model = {model: told for model, values in affinities.items() if (told := shares(values))}
    concepts = tuple(dict.fromkeys(concept for told in by_model.values() for concept in told))
    if not concepts:
        return {}
    models = tuple(by_model)
    placed = _table(by_model.values(), concepts)
    most, least = np.nanargmax(placed, axis=0), np.nanargmin(placed, axis=0)
    mean_sa = np.nanmean(_table([affinities[model] for model in models], concepts), axis=0)
    share, gap = np.nanmean(placed, axis=0), _mean_differences(placed)
    return {
        concept: Difficulty(
            float(mean_sa[i]),
            float(share[i]),
            float(gap[i]) if np.isfinite(gap[i]) else None,
            float(placed[most[i], i]),
            models[most[i]],
            float(placed[least[i], i]),
            models[least[i]],
        )
        for i, concept in enumerate(concepts)
    }


def shares(affinities: Mapping[str, float]) -> dict[str, float]:
    """How hard each concept is for one model: the share of the other concepts with a higher SA, in [0, 1].

    Those with the same SA count half. Nothing for fewer than two concepts.
    """
    n = len(affinities)
    if n < 2:
        return {}
    ranks = _ranks(list(affinities.values()))
    return dict(zip(affinities, ((n - ranks) / (n - 1)).tolist(), strict=True))


def agreement(affinities: Mapping[str, Mapping[str, float]]) -> float | None:
    """How far models agree on which concepts are hard: the mean over pairs of models of Spearman's rank correlation.

    Taken over the concepts that all of them have, in [-1, 1]; None below two models that order those concepts at all.
    """
    orders = [values for values in affinities.values() if len(values) > 1]
    shared = [concept for concept in orders[0] if all(concept in values for values in orders)] if orders else []
    ranks = [_ranks([values[concept] for concept in shared]) for values in orders]
    ordered = [each for each in ranks if len(set(each.tolist())) > 1]
    if len(ordered) < 2:
        return None
    rho: FloatArray = np.atleast_2d(np.corrcoef(ordered))
    return float(rho[np.triu_indices(len(ordered), 1)].mean())


def _ranks(values: Sequence[float]) -> FloatArray:
    """Ranks from 1 for the lowest; equal values share the mean of theirs."""
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last: npt.NDArray[np.int64] = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def _table(rows: Iterable[Mapping[str, float]], concepts: Sequence[str]) -> FloatArray:
    """A row a model and a column a concept; NaN where a model lacks one."""
    return np.array([[row.get(concept, np.nan) for concept in concepts] for row in rows])


def _mean_differences(table: FloatArray) -> FloatArray:
    """By column, the mean absolute difference over pairs of its values, by sorting; NaN below two values."""
    n = np.isfinite(table).sum(axis=0)
    weights = 2 * np.arange(len(table))[:, None] - n + 1
    # NaN is sorted behind all values.
    with np.errstate(invalid="ignore"):
        means: FloatArray = np.nansum(weights * np.sort(table, axis=0), axis=0) / (n * (n - 1) / 2)
    return means

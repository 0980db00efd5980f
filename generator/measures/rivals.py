"""Which wrong concepts beat the right one: concept by concept, what retrieval comes across.

The cell of a concept in language a, the query, looks for its translation among the cells of language b. A wrong
concept wins there when its cell is the nearest and lies nearer than the translation; of several as near, the first in
the list wins. As elsewhere, cosines within 1e-6 count as equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.measures.index import FloatArray
from generator.measures.neighbours import Neighbours

MOST_RIVALS = 3
DECIMALS = 4
"""Of the cosines; those of many queries are kept."""


@dataclass(frozen=True)
class NearerConcept:
    """A wrong concept that wins over a concept's translation, and the direction in which it wins by most.

    Concepts are numbered as in the list, languages as in the cells.
    """

    concept: int
    wins: int
    """In how many directions."""
    query: int
    """Language of the query."""
    targets: int
    """Language of the targets."""
    similarity: float
    """Cosine of the query with the wrong concept, in [-1, 1]."""
    right: float
    """Cosine of the query with its translation, in [-1, 1]."""


@dataclass(frozen=True)
class ConceptRetrieval:
    """What retrieval comes across from one concept in all directions."""

    hits: float
    """The share of directions in which the translation comes first, in [0, 1]; NaN for a concept in one language.
    As near cells share the first place, so the mean over concepts is retrieval P@1 where none lacks a language."""
    rivals: tuple[NearerConcept, ...]
    """The three that win most often, those first that win by most where several win as often."""


def concept_retrieval(of: Neighbours) -> dict[int, ConceptRetrieval]:
    """By concept, for those that the neighbours were sought for: what retrieval comes across.

    Args:
        of: from `nearest_neighbours`.
    """
    known = np.isfinite(of.right)
    with np.errstate(invalid="ignore"):
        hits: FloatArray = np.where(known, of.hits, 0).sum(axis=(1, 2)) / known.sum(axis=(1, 2))
    rivals = _rivals(of)
    return {
        concept: ConceptRetrieval(share, tuple(rivals.get(place, ())))
        for place, (concept, share) in enumerate(zip(of.sample.tolist(), hits.tolist(), strict=True))
    }


def _rivals(of: Neighbours) -> dict[int, list[NearerConcept]]:
    """By place in the sample: the concepts that win over it, those that win most first."""
    beaten = np.nonzero(of.ahead > 0)
    place, query, targets = beaten
    similarity, right = (np.round(array[beaten].astype(np.float64), DECIMALS) for array in (of.wrong, of.right))
    # From here on of what is shown, so that the last digits decide nothing.
    margin = np.round(similarity - right, DECIMALS)
    duel = place * len(of.sample) + of.first[beaten]
    by_duel = np.lexsort((targets, query, -margin, duel))
    duels, start, wins = np.unique(duel[by_duel], return_index=True, return_counts=True)
    widest = by_duel[start]
    loser, winner = np.divmod(duels, len(of.sample))
    found: dict[int, list[NearerConcept]] = {}
    for i in np.lexsort((winner, -margin[widest], -wins, loser)).tolist():
        rivals = found.setdefault(int(loser[i]), [])
        if len(rivals) < MOST_RIVALS:
            at = widest[i]
            rivals.append(
                NearerConcept(
                    int(of.sample[winner[i]]),
                    int(wins[i]),
                    int(query[at]),
                    int(targets[at]),
                    float(similarity[at]),
                    float(right[at]),
                )
            )
    return found

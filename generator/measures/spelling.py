"""Identical spelling: what any model gets right for free, and Semantic Affinity without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from generator.measures.affinity import Affinity, concept_means
from generator.measures.companion import BoolArray, Companion, mean_over_pairs, weighted_means
from generator.measures.index import FloatArray
from generator.measures.resampling import AffinityDraws, pair_affinity_draws

Texts = Mapping[str, Sequence[frozenset[str]]]
"""By language and concept, the strings of the cell, none where it is empty. They count as alike when every code
point agrees, so bring them to one Unicode form first."""


def same_spelling(texts: Texts) -> BoolArray:
    """Which pairs of different languages write a concept with a common string, (C, L, L)."""
    n_concepts = len(next(iter(texts.values())))
    same = np.zeros((n_concepts, len(texts), len(texts)), dtype=bool)
    for concept, cells in enumerate(zip(*texts.values(), strict=True)):
        written: dict[str, list[int]] = {}
        for language, strings in enumerate(cells):
            for string in strings:
                written.setdefault(string, []).append(language)
        for languages in written.values():
            same[concept][np.ix_(languages, languages)] = True
    diagonal = np.arange(len(texts))
    same[:, diagonal, diagonal] = False
    return same


def identical_share(texts: Texts, weights: FloatArray) -> Companion:
    """Of the concepts that two languages write, the share that they write with a common string, in [0, 1].

    Overall, the mean over pairs of languages. NaN where two languages share no concept.

    Args:
        texts: the strings of every cell.
        weights: how often each concept is drawn, (B, C).
    """
    held = np.array([[bool(strings) for strings in cells] for cells in texts.values()])
    a, b = np.triu_indices(len(texts), 1)
    shares = np.where(held[a] & held[b], same_spelling(texts)[:, a, b].T, np.nan).T
    return mean_over_pairs(*weighted_means(shares, weights))


def affinity_without_identical(
    spreads: FloatArray, same: BoolArray, affinity: Affinity, drawn: AffinityDraws, weights: FloatArray
) -> Companion:
    """SA with V taken over those translations only that are not spelt alike; H stays that of all words.

    v_c is the mean of v_c(a, b) over the pairs of languages that do not share a string for c, V the mean of v_c over
    the concepts that keep a pair. NaN where nothing is left.

    Args:
        spreads: v_c(a, b), (C, L, L), as `concept_pair_spreads` gives them.
        same: as `same_spelling` gives it, (C, L, L).
        affinity: SA of the same vectors.
        drawn: its resamples under ``weights``.
        weights: how often each concept is drawn, (B, C).
    """
    kept = np.where(same, np.nan, spreads)
    inter, inter_draws = weighted_means(concept_means(kept)[:, None], weights)
    once = np.ones((1, len(kept)))
    return Companion(
        float(1 / (1 + inter[0] / affinity.intra_spread)),
        1 / (1 + inter_draws[:, 0] / drawn.intra),
        pair_affinity_draws(kept, affinity.language_spread[:, None], once)[0],
        pair_affinity_draws(kept, drawn.language_spread, weights),
    )

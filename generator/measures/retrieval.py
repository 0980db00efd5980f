r"""Does a word find its translation? Companion measures of SA that look at nearest neighbours.

x is the cell of a concept in language a, the query, and y its translation in language b; both directions of a pair
count alike. A query with as near cells as its translation takes the mean over the orders these could come in, except
where a translation has to be the nearest alone. Pools stay whole when concepts are resampled: what is resampled are
the queries, as in any measure of retrieval. All are defined on what `nearest_neighbours` finds.

- retrieval_p1, in [0, 1]: the share of concepts whose translation is the nearest cell of b.
- retrieval_mrr, in (0, 1]: the mean of 1/rank of the translation among the cells of b.
- csls_p1, in [0, 1]: P@1 by cos(x, y) - (r(x) + r(y))/2, r(x) the mean cosine of x with its ten nearest cells in b
  and r(y) that of y with its ten nearest in a, which takes hubs their advantage (Conneau et al., arXiv 1710.04087).
- mutual_precision, in [0, 1]: of the cells of a and b that are each other's nearest, the share that are translations.
- weak_alignment, in [0, 1]: the share of concepts whose translations are each nearer to each other than to any other
  cell of the other's language (MEXA: Kargaran et al., arXiv 2410.05873).
- strong_alignment, in [0, 1]: the share of cells all of whose translations lie nearer than every other concept's
  cell in any language of the pool, their own included (LAReQA: Roy et al., arXiv 2004.05484).
- margin, in [-2, 2]: the mean of cos(x, y) - (r(x) + r(y))/2 (Artetxe and Schwenk, arXiv 1811.01136, with k = 10).
- hubness: the skewness of N₁₀, how often a cell of b is among the ten nearest of a's cells. 0: all alike; above 1, a
  few cells crowd into most neighbourhoods (Radovanović, Nanopoulos and Ivanović, JMLR 11, 2010).
- language_separability: (p - p₀)/(1 - p₀), p the share of its own language among the ten nearest of a cell in the
  pool, p₀ = (n_a - 1)/(n - 1) what chance gives. 0: languages mixed; 1: each apart; below 0: translations crowd in.
- language_preference, up to 1: 1 - E/log n, E the entropy of the languages that the nearest cells of a's cells belong
  to in the pool of the n other languages, averaged over a. 0: all equally often; 1: always the same. E is corrected
  for the number of cells (Miller, 1955), without which few cells would seem to prefer some languages, and so may
  take the value slightly below 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np

from generator.measures.companion import BoolArray, Companion, mean_over_pairs, weighted_means
from generator.measures.index import FloatArray, IntArray, VectorArray
from generator.measures.neighbours import TOLERANCE, Neighbours

LEAST_VARIANCE = 1e-9
"""Below this variance all N₁₀ are alike up to rounding and have no skewness."""


def retrieval_measures(neighbours: Neighbours, weights: FloatArray) -> dict[str, Companion]:
    """The measures named above, each with its values per pair of languages and its resamples.

    Args:
        neighbours: of the cells, from `nearest_neighbours`.
        weights: how often each concept of the list is drawn, (B, C).
    """
    drawn = weights[:, neighbours.sample]
    per_concept: dict[str, VectorArray] = {
        "retrieval_p1": neighbours.hits,
        "retrieval_mrr": _reciprocal_ranks(neighbours),
        "csls_p1": neighbours.csls,
        "weak_alignment": _mutual_best(neighbours),
        "margin": _margins(neighbours),
    }
    return {
        **{name: mean_over_pairs(*weighted_means(_both_ways(v), drawn)) for name, v in per_concept.items()},
        "mutual_precision": _mutual_precision(neighbours, drawn),
        "strong_alignment": _strong_alignment(neighbours, drawn),
        "hubness": _hubness(neighbours, drawn),
        "language_separability": _language_separability(neighbours, drawn),
        "language_preference": _language_preference(neighbours, drawn),
    }


def directed_retrieval(neighbours: Neighbours) -> dict[str, FloatArray]:
    """P@1 and MRR of each direction, [language of the query, language of the targets], (L, L); NaN on the diagonal."""
    per_concept = {"retrieval_p1": neighbours.hits, "retrieval_mrr": _reciprocal_ranks(neighbours)}
    return {name: _means(values).reshape(values.shape[1:]) for name, values in per_concept.items()}


def language_attraction(neighbours: Neighbours) -> FloatArray:
    """How often the nearest cell in the pool of all other languages is of each language, (L,).

    The mean over the languages of the query, in multiples of the share 1/n that each of n other languages would have
    if all came equally often: 1 is fair, 2 twice as often. NaN for a language without cells, or without others.
    """
    shares = _means(_language_shares(neighbours)).reshape(-1, neighbours.held.shape[1])
    relative = shares * _n_others(neighbours)[:, None]
    np.fill_diagonal(relative, np.nan)
    return np.where(neighbours.held.any(axis=0), _means(relative), np.nan)


def cell_groups(texts: Mapping[str, Sequence[Set[str]]]) -> IntArray:
    """Which cells of a language hold the same renderings: the same number from 0, -1 for empty cells; (L, C).

    Args:
        texts: by language, the renderings of each concept.
    """
    return np.array([_numbered([frozenset(cell) for cell in cells]) for cells in texts.values()], dtype=np.int64)


def retrieval_cap(groups: IntArray) -> FloatArray:
    """The highest P@1 that any vectors could reach, [language of the query, language of the targets], (L, L).

    Cells with the same renderings have the same vector: queries of one group G share their nearest cells, and a group
    T of targets shares its hits. So of the n concepts that both languages render, at best Σ_G max_T |G∩T| / |T| are
    found. NaN on the diagonal and for languages without common concepts.

    Args:
        groups: from `cell_groups`, (L, C).
    """
    n_languages, _ = groups.shape
    base = groups.max(initial=0) + 1
    sizes = np.stack([np.bincount(row[row >= 0], minlength=base) for row in groups])
    caps = np.full((n_languages, n_languages), np.nan)
    for query, own in enumerate(groups):
        target, concept = np.nonzero((groups >= 0) & (own >= 0))
        met, n_met = np.unique((target * base + own[concept]) * base + groups[target, concept], return_counts=True)
        asked, start = np.unique(met // base, return_index=True)
        if len(start):
            best = np.maximum.reduceat(n_met / sizes[met // base**2, met % base], start)
            n_shared = np.bincount(target, minlength=n_languages)
            found = np.bincount(asked // base, weights=best, minlength=n_languages)
            caps[query] = np.divide(found, n_shared, out=caps[query], where=n_shared > 0)
    np.fill_diagonal(caps, np.nan)
    return caps


def _numbered(cells: Sequence[Set[str]]) -> list[int]:
    numbers: dict[Set[str], int] = {}
    return [numbers.setdefault(cell, len(numbers)) if cell else -1 for cell in cells]


def _means(values: FloatArray) -> FloatArray:
    """Means over the first axis of what is known there."""
    flat = values.reshape(len(values), -1)
    return weighted_means(flat, np.empty((0, len(flat))))[0]


def _both_ways(values: VectorArray | BoolArray) -> FloatArray:
    """The mean of both directions of every pair of languages: (C, L, L) to (C, P)."""
    i, j = np.triu_indices(values.shape[1], 1)
    mean: FloatArray = (values[:, i, j].astype(np.float64) + values[:, j, i]) / 2
    return mean


def _reciprocal_ranks(of: Neighbours) -> FloatArray:
    return 1 / (1 + of.ahead + of.tied / 2.0)


def _margins(of: Neighbours) -> FloatArray:
    return of.right - (of.nearness + of.nearness.transpose(0, 2, 1)) / 2.0


def _mutual_best(of: Neighbours) -> FloatArray:
    best = of.right > of.wrong + TOLERANCE
    return np.where(np.isnan(of.right), np.nan, best & best.transpose(0, 2, 1))


def _weighted_ratio(part: FloatArray, whole: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Σ part / Σ whole over concepts, (C, P) each: its value (P,) and resamples (B, P); NaN where the whole is 0."""
    return _quotient(part.sum(axis=0), whole.sum(axis=0)), _quotient(weights @ part, weights @ whole)


def _pooled(
    part: FloatArray | BoolArray, whole: FloatArray | BoolArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """Σ part / Σ whole over all cells, (C, L) each, and its resamples (B,)."""
    value, draws = _weighted_ratio(part.sum(axis=1, keepdims=True), whole.sum(axis=1, keepdims=True), weights)
    return float(value[0]), draws[:, 0]


def _quotient(part: FloatArray, whole: FloatArray) -> FloatArray:
    quotient: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return quotient


def _mutual_precision(of: Neighbours, weights: FloatArray) -> Companion:
    concept, query, target = np.ogrid[tuple(slice(n) for n in of.nearest.shape)]
    mutual = (of.nearest >= 0) & (of.nearest[of.nearest, target, query] == concept)
    translations = mutual & (of.nearest == concept)
    return mean_over_pairs(*_weighted_ratio(_both_ways(translations), _both_ways(mutual), weights))


def _strong_alignment(of: Neighbours, weights: FloatArray) -> Companion:
    known = ~np.isnan(of.right)
    own = np.einsum("cll->cl", of.wrong)
    of_two = of.right > np.maximum(of.wrong, own[:, :, None]) + TOLERANCE
    pairs = weighted_means(_both_ways(np.where(known, of_two, np.nan)), weights)
    furthest = np.where(known, of.right, np.inf).min(axis=2)
    translated: BoolArray = furthest < np.inf
    of_all = translated & (furthest > of.wrong.max(axis=2) + TOLERANCE)
    return Companion(*_pooled(of_all, translated, weights), *pairs)


def _hubness(of: Neighbours, weights: FloatArray) -> Companion:
    i, j = np.triu_indices(of.held.shape[1], 1)
    directions = [_skewness(of.occurrence[:, a, b].astype(np.float64), weights) for a, b in ((i, j), (j, i))]
    values, draws = ((there + back) / 2 for there, back in zip(*directions, strict=True))
    return mean_over_pairs(values, draws)


def _skewness(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Skewness over the first axis of (C, P), NaN left out: (P,), and of each resample, (B, P)."""
    known = np.isfinite(values)
    deviation = np.where(known, values - _means(values), 0)
    powers = [known.astype(np.float64), deviation, deviation**2, deviation**3]
    return _standardised([p.sum(axis=0) for p in powers]), _standardised([weights @ p for p in powers])


def _standardised(sums: list[FloatArray]) -> FloatArray:
    """The third standardised moment from the sums of powers 0 to 3 about any point; NaN where nothing varies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, square, cube = (total / sums[0] for total in sums[1:])
        variance = square - mean**2
        return np.where(
            variance > LEAST_VARIANCE, (cube - 3 * mean * square + 2 * mean**3) / (variance * np.sqrt(variance)), np.nan
        )


def _language_separability(of: Neighbours, weights: FloatArray) -> Companion:
    n_cells = of.held.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance_of_two = (n_cells[:, None] - 1) / (n_cells[:, None] + n_cells - 1)
        chance_of_all = (n_cells - 1) / (n_cells.sum() - 1)
    excess, room = _above_chance(of.own_of_two, chance_of_two)
    pairs = _weighted_ratio(_both_ways(excess), _both_ways(room), weights)
    return Companion(*_pooled(*_above_chance(of.own_of_all, chance_of_all), weights), *pairs)


def _above_chance(share: VectorArray, chance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """By how much each share exceeds chance and by how much it could, 0 where it is not known."""
    known = np.isfinite(share)
    return np.where(known, share - chance, 0), np.where(known, 1 - chance, 0)


def _language_preference(of: Neighbours, weights: FloatArray) -> Companion:
    shares, n_others = _language_shares(of), _n_others(of)
    often = _means(shares).reshape(len(n_others), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        correction = (np.count_nonzero(often, axis=1) - 1) / (2 * np.isfinite(shares[:, :, 0]).sum(axis=0))
        most = np.where(n_others > 1, np.log(n_others), np.nan)
    # Resamples keep the logarithms of the whole list: entropy itself would shrink with every resample.
    entropy = np.einsum("cab,ab->ca", shares, -np.log(np.where(often > 0, often, 1)))
    found = mean_over_pairs(*weighted_means(1 - (entropy + correction) / most, weights))
    n_pairs = len(n_others) * (len(n_others) - 1) // 2
    return Companion(found.value, found.draws, np.full(n_pairs, np.nan), np.full((len(weights), n_pairs), np.nan))


def _language_shares(of: Neighbours) -> FloatArray:
    """Each language's share of a query's nearest cell in the pool of all other languages, (C, L, L)."""
    best = np.fmax(of.right, of.wrong)
    np.einsum("cll->cl", best)[:] = -np.inf
    nearest = best.max(axis=2, keepdims=True)
    near = best >= nearest - TOLERANCE
    return np.where(np.isfinite(nearest), near / np.maximum(near.sum(axis=2, keepdims=True), 1), np.nan)


def _n_others(of: Neighbours) -> IntArray:
    """How many other languages hold anything, (L,); 0 for a language that holds nothing itself."""
    filled = of.held.any(axis=0)
    return np.where(filled, filled.sum() - 1, 0)

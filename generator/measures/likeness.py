r"""Likeness of structure: do two languages arrange the same concepts alike, wherever each arrangement lies?

Both measures compare what two languages say, K_ij and L_ij, of every pair i ≠ j of the n concepts that both render.

- Debiased linear CKA: K_ij = x_i·x_j, U-centred. With k_i = Σ_j K_ij / (n - 2), κ = Σ_i k_i / (n - 1), and l_i, λ
  likewise for L, the rows of K'_ij = K_ij - k_i - k_j + κ sum to zero, HSIC_u(K, L) = Σ K'_ij L'_ij / (n(n - 3)) is
  unbiased, and CKA = HSIC_u(K, L) / √(HSIC_u(K, K) HSIC_u(L, L)).
  HSIC_u: Song et al., JMLR 13, 2012. CKA: Kornblith et al., arXiv 1905.00414. Why debiased: Murphy, Zylberberg and
  Fyshe, arXiv 2405.01012. U-centring: Székely and Rizzo, Annals of Statistics 42, 2014.
- RSA: the Pearson correlation of K_ij and L_ij, each the cosine of the words i and j of a language (Kriegeskorte, Mur
  and Bandettini, 2008).

They need Σ_j K_ij, Σ_j K_ij² and Σ_j K_ij L_ij only, so that no more than a band of each K is held at a time and all
pairs of languages are taken at once, gaps included. Time grows with the square of the number of concepts.

Intervals: a mean θ over pairs of concepts is the mean of θ_i, its mean over the pairs with i, and to first order
(Hájek, 1968) a resample with weights w moves it to θ + 2 (Σ w_i θ_i / Σ w_i - θ). So too HSIC_u, with θ_i the sum of
K'_ij L'_ij over j: where the centre lies matters to second order only. Such draws scatter as fresh lists of 60 and more
concepts do; resamples measured anew scatter a tenth more. Anisotropy is resampled to first order as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.measures.companion import BoolArray, Cells, Companion, mean_over_pairs, weighted_means
from generator.measures.index import FloatArray

CHUNK_BYTES = 32 << 20
"""Bands of K are taken in chunks of about this size."""

LEAST_CONCEPTS = 4
"""Fewer shared concepts leave HSIC_u undefined."""

LEAST_VARIANCE = 1e-22
"""Below this K does not vary from pair to pair but by rounding."""

LEAST_SHARE = 1e-9
"""A variance below this share of the mean square that it is taken from has lost its digits."""


def likeness_measures(cells: Cells, weights: FloatArray) -> dict[str, Companion]:
    """CKA, RSA and anisotropy, all in [-1, 1]; NaN marks what has no value.

    ``cka``: 1 where one arrangement is the other but for turning, moving and scaling, about 0 for unrelated ones.
    ``rsa``: 1 where the cosines within one language are those within the other but for moving and scaling.
    Both are undefined for fewer than four shared concepts or where all pairs of concepts are alike.
    ``anisotropy``: the mean cosine of two different words of all languages or of the two (Ethayarajh,
    arXiv 1909.00512), translations included; in resamples, no word meets copies of its own concept.

    Args:
        cells: unit vectors of L languages and C concepts.
        weights: how often each concept is drawn, (B, C).
    """
    # A first draw of every concept once gives the value itself.
    drawn = np.vstack([np.ones(weights.shape[1]), weights])
    return {"cka": _cka(cells, drawn), "rsa": _rsa(cells, drawn), "anisotropy": _anisotropy(cells, drawn)}


@dataclass(frozen=True)
class _RowSums:
    """Sums over the concepts j ≠ i that a and b share, (L, C, L) in the order a, i, b; zero unless both render i."""

    first: FloatArray
    """Σ_j K_ij, K being that of a."""
    second: FloatArray
    """Σ_j K_ij²."""
    product: FloatArray
    """Σ_j K_ij L_ij, L being that of b."""


def _cka(cells: Cells, weights: FloatArray) -> Companion:
    vectors = _centred(cells)
    sums = _row_sums(vectors, cells.held, np.zeros(len(vectors)))
    n = _shared(cells.held)
    mean = sums.first / (n - 2)
    applied, crossed = _applied(vectors, mean), _applied(vectors, _swapped(mean))
    own = _centred_products(sums.second, mean, mean, 2 * applied, n)
    across = _centred_products(sums.product, mean, _swapped(mean), crossed + _swapped(crossed), n)
    of_a, of_b, of_both = (_pair_means(each / (n - 3), cells.held, weights) for each in (own, _swapped(own), across))
    square = sums.second.sum(axis=1) / _pairs_of(n)
    return _cosine(of_both, of_a, of_b, square)


def _rsa(cells: Cells, weights: FloatArray) -> Companion:
    # The correlation does not mind what is taken off all cosines alike, but its digits do.
    sums = _row_sums(cells.units, cells.held, _mean_cosines(cells))
    n = _shared(cells.held)
    first_a, first_b, second_a, second_b, product = (
        _pair_means(each / (n - 1), cells.held, weights)
        for each in (sums.first, _swapped(sums.first), sums.second, _swapped(sums.second), sums.product)
    )
    square = sums.second.sum(axis=1) / _pairs_of(n)
    return _cosine(product - first_a * first_b, second_a - first_a**2, second_b - first_b**2, square)


def _anisotropy(cells: Cells, weights: FloatArray) -> Companion:
    cosines = _cross_sums(cells.units.transpose(1, 0, 2), weights)
    pairs = _cross_sums(cells.held.T[:, :, None].astype(np.float64), weights)
    a, b = np.triu_indices(len(cells.languages), 1)

    def over_two(sums: FloatArray) -> FloatArray:
        total: FloatArray = sums[:, a, a] + sums[:, b, b] + 2 * sums[:, a, b]
        return total

    overall = _mean(cosines.sum(axis=(1, 2)), pairs.sum(axis=(1, 2)))
    of_pair = _mean(over_two(cosines), over_two(pairs))
    return Companion(float(overall[0]), overall[1:], of_pair[0], of_pair[1:])


def _mean(total: FloatArray, count: FloatArray) -> FloatArray:
    """NaN where there is nothing to take a mean of."""
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _cosine(product: FloatArray, square_a: FloatArray, square_b: FloatArray, mean_square: FloatArray) -> Companion:
    """product / √(square_a square_b), each (1 + B, P); NaN where a square is no more than its rounding.

    Args:
        mean_square: (L, L), that of each language's K over the concepts it shares with the other.
    """
    a, b = np.triu_indices(len(mean_square), 1)

    def known(square: FloatArray, scale: FloatArray) -> FloatArray:
        return np.where(square > np.maximum(LEAST_VARIANCE, LEAST_SHARE * scale), square, np.nan)

    values = product / np.sqrt(known(square_a, mean_square[a, b]) * known(square_b, mean_square[b, a]))
    # A step of first order may overshoot.
    values = np.clip(values, -1, 1)
    return mean_over_pairs(values[0], values[1:])


def _row_sums(vectors: FloatArray, held: BoolArray, shift: FloatArray) -> _RowSums:
    """The sums over K_ij = x_i·x_j - shift, band by band.

    Args:
        vectors: (L, C, d).
        held: (L, C).
        shift: (L,).
    """
    n_languages, n_concepts, _ = vectors.shape
    present = held.astype(np.float64)
    first, second, product = np.zeros((3, n_languages, n_concepts, n_languages))
    step = max(1, CHUNK_BYTES // (8 * n_languages * n_concepts))
    for start in range(0, n_concepts, step):
        band = np.arange(start, min(start + step, n_concepts))
        kernel = vectors[:, band] @ vectors.transpose(0, 2, 1) - shift[:, None, None]
        kernel *= present[:, band, None] * present[:, None, :]
        kernel[:, band - start, band] = 0
        first[:, band] = kernel @ present.T
        by_concept = kernel.transpose(1, 0, 2)
        product[:, band] = (by_concept @ by_concept.transpose(0, 2, 1)).transpose(1, 0, 2)
        second[:, band] = np.square(kernel, out=kernel) @ present.T
    both = present[:, :, None] * present.T
    return _RowSums(first * both, second * both, product)


def _centred_products(
    product: FloatArray, k_means: FloatArray, l_means: FloatArray, applied: FloatArray, n: FloatArray
) -> FloatArray:
    """Σ_j K'_ij L'_ij for every i, multiplied out.

    Args:
        product: Σ_j K_ij L_ij, (L, C, L) like the rest.
        k_means: k_i of the module's text.
        l_means: l_i.
        applied: Σ_j (L_ij k_j + K_ij l_j).
        n: shared concepts, (L, 1, L).
    """
    kappa, lamda = (each.sum(axis=1, keepdims=True) / (n - 1) for each in (k_means, l_means))
    level = (n - 1) * (kappa * l_means + lamda * k_means - kappa * lamda)
    of_means = (k_means * l_means).sum(axis=1, keepdims=True) - n * k_means * l_means
    centred: FloatArray = product - applied + level + of_means
    return centred


def _applied(vectors: FloatArray, values: FloatArray) -> FloatArray:
    """Σ_j K_ij v_j over j ≠ i for K_ij = x_i·x_j; (L, C, d) and (L, C, L) to (L, C, L)."""
    squared = (vectors**2).sum(axis=2)[:, :, None]
    applied: FloatArray = vectors @ (vectors.transpose(0, 2, 1) @ values) - squared * values
    return applied


def _pair_means(contributions: FloatArray, held: BoolArray, weights: FloatArray) -> FloatArray:
    """The mean over concepts for every pair of languages, moved to first order by weights (B, C); (B, P)."""
    a, b = np.triu_indices(len(held), 1)
    values = np.where(held[a] & held[b], contributions[a, :, b], np.nan).T
    means, drawn = weighted_means(values, weights)
    return 2 * drawn - means


def _shared(held: BoolArray) -> FloatArray:
    """How many concepts two languages share, (L, 1, L); NaN for too few."""
    present = held.astype(np.float64)
    counts = present @ present.T
    return np.where(counts >= LEAST_CONCEPTS, counts, np.nan)[:, None, :]


def _pairs_of(n: FloatArray) -> FloatArray:
    """Ordered pairs of different concepts, (L, L), of (L, 1, L) concepts."""
    pairs: FloatArray = (n * (n - 1))[:, 0]
    return pairs


def _swapped(values: FloatArray) -> FloatArray:
    """What stands at a, i, b moved to b, i, a."""
    return values.transpose(2, 1, 0)


def _centred(cells: Cells) -> FloatArray:
    """Cells less their language's mean, which HSIC_u does not mind but its digits do; empty ones mean nothing."""
    count = np.maximum(cells.held.sum(axis=1), 1)[:, None, None]
    centred: FloatArray = cells.units - cells.units.sum(axis=1, keepdims=True) / count
    return centred


def _mean_cosines(cells: Cells) -> FloatArray:
    """The mean cosine of two words of each language, (L,); zero for a single one."""
    count = cells.held.sum(axis=1)
    total = (cells.units.sum(axis=1) ** 2).sum(axis=1) - count
    means: FloatArray = total / np.maximum(count * (count - 1), 1)
    return means


def _cross_sums(vectors: FloatArray, weights: FloatArray) -> FloatArray:
    """Sums of x·y over the pairs of different cells of languages a and b, of every resample; (B, L, L).

    Cells of one concept meet within each of its copies, not across them. The sum over pairs of different concepts
    moves to first order: with r_c its part that concept c has a share in, by Σ (w_c - 1) r_c.

    Args:
        vectors: (C, L, d), zero where empty.
        weights: (B, C).
    """
    n_concepts, n_languages, _ = vectors.shape
    matched = vectors @ vectors.transpose(0, 2, 1)
    across = vectors @ vectors.sum(axis=0).T - matched
    within = matched.copy()
    np.einsum("cll->cl", within)[:] = 0
    total = across.sum(axis=0)
    moved = (across + across.transpose(0, 2, 1) + within).reshape(n_concepts, -1)
    drawn: FloatArray = (weights @ moved).reshape(-1, n_languages, n_languages) - total
    return drawn

r"""Semantic Affinity: do the translations of a concept lie closer together than the words of a language?

Let u(t) be the unit vector of rendering t and d(t, t') = 1 - u(t)·u(t') the cosine distance.

- Intra-lingual spread: H_l is the mean of d over the unordered pairs of language l's distinct renderings, and
  H the mean of H_l over languages.
- Inter-lingual spread: v_c(a, b) is the mean of d between the renderings of concept c in languages a and b,
  v_c the mean of v_c(a, b) over the language pairs that render c, and V the mean of v_c over the concepts
  rendered in two or more languages. Every concept counts once, however many renderings its cells hold.
- SA = 1 / (1 + V/H), in (0, 1]. 1: translations coincide. 0.5: they lie as far apart as any two words of one
  language. Below: further apart still, as when each language keeps to a region of its own.

Source: Gong, arXiv 2601.09732. H and V are computed in closed form, in time linear in the number of renderings,
from deviations and differences of vectors rather than from differences of large sums, so that they stay right
for spreads near 1e-16:

- mean of d over pairs = Σ‖u - μ‖² / (n - 1), μ the mean of the n unit vectors;
- with m_l the mean of a cell's unit vectors and w_l = 1 - ‖m_l‖² their scatter about it,
  v_c(a, b) = ½‖m_a - m_b‖² + ½(w_a + w_b).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from generator.errors import MeasureUndefinedError
from generator.measures.index import ConceptIndex, FloatArray, Incidence, IntArray, VectorArray

CANCELLED = 1e-2
"""A squared distance below this share of the squared norms it comes from has lost digits and is taken anew."""

LEAST_SQUARE = 1e-200
"""Squared lengths below this, or above its inverse, are taken from scaled vectors."""

LEAST_SPREAD = 1e-9
"""Below this H the renderings of a language coincide and V/H means nothing."""

LEAST_DEVIATION = 1e-12
"""A unit vector that differs less than this from its language's mean differs by rounding only."""

CHUNK_BYTES = 1 << 21
"""Vectors are taken in chunks of about this size, small enough for a processor's cache."""


@dataclass(frozen=True)
class Affinity:
    """Semantic Affinity with the spreads it is made of.

    Arrays run over ``languages`` (L) and concepts (C), in the order given; NaN marks what has no value.
    """

    languages: tuple[str, ...]
    value: float
    """SA = 1 / (1 + V/H), in (0, 1]."""
    inter_spread: float
    """V, in [0, 2]."""
    intra_spread: float
    """H, in (0, 2]."""
    language_spread: FloatArray
    """H_l, shape (L,)."""
    concept_spread: FloatArray
    """v_c, shape (C,); NaN for a concept in one language."""
    pair_spread: FloatArray
    """V(a, b) = mean of v_c(a, b) over the concepts that both render, shape (L, L), NaN on the diagonal."""
    pair_concepts: IntArray
    """How many concepts each pair of languages shares, shape (L, L)."""
    null_pair_spread: FloatArray
    """V₀(a, b): what V(a, b) would be, on average, with every translation reassigned to another concept, shape (L, L);
    NaN on the diagonal and for a pair without another concept."""

    @property
    def null_spread(self) -> float:
        """V₀: the mean of V₀(a, b) over the pairs of languages that have it; NaN where none has."""
        known = np.isfinite(self.null_pair_spread)
        return float(self.null_pair_spread[known].mean()) if known.any() else np.nan

    @property
    def ratio(self) -> float:
        """SR = V/H, in [0, ∞)."""
        return self.inter_spread / self.intra_spread

    @property
    def null(self) -> float:
        """Null SA = 1 / (1 + V₀/H): what chance gives for these very vectors."""
        return 1 / (1 + self.null_spread / self.intra_spread)

    @property
    def chance_corrected(self) -> float:
        """1 - V/V₀: 1 for coinciding translations, 0 for ones no closer than other words; NaN below V₀ = 1e-9."""
        return 1 - self.inter_spread / self.null_spread if self.null_spread >= LEAST_SPREAD else np.nan

    @property
    def concept_affinity(self) -> FloatArray:
        """1 / (1 + v_c/H), shape (C,). Its mean is not SA, which is the ratio of means."""
        return 1 / (1 + self.concept_spread / self.intra_spread)

    @property
    def pair_affinity(self) -> FloatArray:
        """SA(a, b) = 1 / (1 + V(a, b)/H_ab), H_ab the mean of H_a and H_b; shape (L, L), NaN below H_ab = 1e-9."""
        spread = (self.language_spread[:, None] + self.language_spread[None, :]) / 2
        return 1 / (1 + self.pair_spread / np.where(spread >= LEAST_SPREAD, spread, np.nan))


@dataclass(frozen=True)
class AffinitySums:
    """What SA needs to know of a set of concepts: small, and additive over disjoint sets of them.

    Exact as long as no rendering of a language is counted in two of the sets.
    """

    languages: tuple[str, ...]
    n_renderings: FloatArray
    """Distinct renderings, (L,)."""
    centre: FloatArray
    """Mean unit vector of the distinct renderings, (L, d)."""
    scatter: FloatArray
    """Σ‖u - centre‖², (L,)."""
    concept_total: float
    """Σ v_c."""
    n_concepts: int
    """Concepts in two or more languages."""
    pair_total: FloatArray
    """Σ_c v_c(a, b), (L, L)."""
    pair_concepts: IntArray
    """Concepts that both languages render, (L, L); on the diagonal, those that the language renders."""
    cell_total: FloatArray
    """Σ_c m_c: the sum over concepts of the mean unit vector of a cell, (L, d)."""

    def __add__(self, other: Self) -> Self:
        """The sums of both sets together (means and scatters merged as by Chan, Golub and LeVeque, 1979)."""
        if self.languages != other.languages:
            raise ValueError(f"sums over {self.languages} and {other.languages} cannot be added")
        n = self.n_renderings + other.n_renderings
        gap = other.centre - self.centre
        share = np.divide(other.n_renderings, n, out=np.zeros_like(n), where=n > 0)
        return type(self)(
            self.languages,
            n,
            self.centre + share[:, None] * gap,
            self.scatter + other.scatter + (gap**2).sum(axis=1) * share * self.n_renderings,
            self.concept_total + other.concept_total,
            self.n_concepts + other.n_concepts,
            self.pair_total + other.pair_total,
            self.pair_concepts + other.pair_concepts,
            self.cell_total + other.cell_total,
        )


def semantic_affinity(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> Affinity:
    """Semantic Affinity of the vectors of several languages.

    Args:
        vectors: by language, an array (n_l, d) with one row a distinct rendering; any float type, any length.
        concepts: which row of which language renders which concept.

    Raises:
        MeasureUndefinedError: fewer than two languages, a language with one rendering, no concept in two
            languages, a zero or non-finite vector, or H below 1e-9.

    >>> import numpy as np
    >>> from generator.measures import aligned_index
    >>> en = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> semantic_affinity({"en": en, "de": en}, aligned_index(2, ["en", "de"])).value
    1.0
    """
    _refuse_faulty(vectors)
    spreads = concept_pair_spreads(vectors, concepts)
    return affinity_of(affinity_sums(vectors, concepts, spreads), concept_means(spreads))


def affinity_of(sums: AffinitySums, concept_spread: FloatArray | None = None) -> Affinity:
    """SA from (added) sums. Raises MeasureUndefinedError where SA has no value."""
    _refuse_too_few(dict(zip(sums.languages, sums.n_renderings, strict=True)), sums.n_concepts)
    language_spread = sums.scatter / (sums.n_renderings - 1)
    intra = float(language_spread.mean())
    if intra < LEAST_SPREAD:
        raise MeasureUndefinedError(f"H is {intra:.1e}: the renderings of each language coincide")
    inter = sums.concept_total / sums.n_concepts
    with np.errstate(invalid="ignore"):
        pair_spread = sums.pair_total / sums.pair_concepts
    np.fill_diagonal(pair_spread, np.nan)
    return Affinity(
        sums.languages,
        1 / (1 + inter / intra),
        inter,
        intra,
        language_spread,
        np.array([]) if concept_spread is None else concept_spread,
        pair_spread,
        sums.pair_concepts,
        _null_pair_spread(sums),
    )


def affinity_sums(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex, spreads: FloatArray | None = None
) -> AffinitySums:
    """The additive sums of a set of concepts.

    Args:
        vectors: (n_l, d) of the distinct renderings of each language, of any length but zero.
        concepts: their index.
        spreads: `concept_pair_spreads` of them, when known already.
    """
    spreads = concept_pair_spreads(vectors, concepts) if spreads is None else spreads
    tags = tuple(concepts.languages)
    moments = [_moments(vectors[tag], concepts.languages[tag]) for tag in tags]
    means = concept_means(spreads)
    held = np.stack([_held(concepts.languages[tag], concepts.n_concepts) for tag in tags]).astype(np.int64)
    return AffinitySums(
        tags,
        np.array([float(len(vectors[tag])) for tag in tags]),
        np.stack([each.centre for each in moments]),
        np.array([each.scatter for each in moments]),
        float(np.nansum(means)),
        int(np.isfinite(means).sum()),
        np.nansum(spreads, axis=0),
        held @ held.T,
        np.stack([each.cell_total for each in moments]),
    )


def concept_pair_spreads(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex, *, cosine: bool = True
) -> FloatArray:
    """v_c(a, b) for every concept and pair of languages, shape (C, L, L).

    NaN on the diagonal and where a concept lacks one of the languages. With ``cosine=False``, half the mean
    squared Euclidean distance of the vectors as they are, which for unit vectors is the same.
    Raises MeasureUndefinedError for fewer than two languages.
    """
    tags = tuple(concepts.languages)
    _refuse_one_language(len(tags))
    n_dims = vectors[tags[0]].shape[1]
    spreads = np.full((concepts.n_concepts, len(tags), len(tags)), np.nan)
    step = max(1, CHUNK_BYTES // (8 * len(tags) * n_dims))
    for start in range(0, concepts.n_concepts, step):
        stop = min(start + step, concepts.n_concepts)
        cells = [_cells(vectors[tag], concepts.languages[tag], start, stop, cosine) for tag in tags]
        mean = np.stack([cell.mean for cell in cells], axis=1)
        scatter = np.stack([cell.scatter for cell in cells], axis=1)
        spreads[start:stop] = (_squared_distances(mean) + scatter[:, :, None] + scatter[:, None, :]) / 2
    diagonal = np.arange(len(tags))
    spreads[:, diagonal, diagonal] = np.nan
    return spreads


def cell_means(units: Mapping[str, FloatArray], concepts: ConceptIndex) -> tuple[FloatArray, FloatArray]:
    """Mean unit vector of every cell, (C, L, d), zero for an empty one; and which are held, (C, L), as 0 and 1."""
    cells = [_cells(rows, concepts.languages[tag], 0, concepts.n_concepts, False) for tag, rows in units.items()]
    means = np.stack([cell.mean for cell in cells], axis=1)
    held = np.isfinite(means[:, :, 0])
    return np.where(held[:, :, None], means, 0), held.astype(np.float64)


def unit_vectors(vectors: Mapping[str, VectorArray]) -> dict[str, FloatArray]:
    """The same directions at length 1, in float64.

    Raises MeasureUndefinedError for a zero or non-finite vector, or languages of different dimensions.
    """
    _refuse_faulty(vectors)
    return {tag: _units(rows) for tag, rows in vectors.items()}


def centred_vectors(vectors: Mapping[str, VectorArray]) -> dict[str, FloatArray]:
    """u(t) - m_l at length 1, m_l the mean unit vector of the language: vectors without the language's offset.

    SA of these is centred SA, and centred SA - SA the price of the offset between languages.
    Raises MeasureUndefinedError when a rendering lies on its language's mean.
    """
    deviations = {tag: units - _mean(units) for tag, units in unit_vectors(vectors).items()}
    for tag, deviation in deviations.items():
        count = int((np.abs(deviation).max(axis=1, initial=0) < LEAST_DEVIATION).sum())
        if count:
            raise MeasureUndefinedError(f"{count} renderings of {tag} lie on its mean, so that no direction is left")
    return unit_vectors(deviations)


def reference_affinity(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> float:
    """SA as its first implementation computed it, for comparison with figures published for that one.

    Two differences, which vanish when every cell has one rendering: rows are expanded into the cross product
    of their cells' renderings and every expanded row counts once, so a concept's weight in V is the product of
    its cells' sizes; and in H, every further rendering of a cell reuses the vector of the first rendering of
    the row in which that rendering first appears. Raises MeasureUndefinedError as `semantic_affinity` does.
    """
    _refuse_faulty(vectors)
    spread = concept_means(concept_pair_spreads(vectors, concepts))
    weight = np.ones(concepts.n_concepts)
    for incidence in concepts.languages.values():
        for concept, count in incidence.counts.items():
            weight[concept] *= count
    known = np.isfinite(spread)
    substituted = {tag: rows[_first_of_cell(concepts.languages[tag], len(rows))] for tag, rows in vectors.items()}
    intra = affinity_of(affinity_sums(substituted, concepts)).intra_spread
    inter = float(weight[known] @ spread[known] / weight[known].sum())
    return 1 / (1 + inter / intra)


def euclidean_affinity(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> float:
    """SA with Euclidean distances of the raw vectors: each mean of d over pairs of renderings becomes the root
    of the mean squared distance (so a plain distance where both cells hold one rendering).

    Raises MeasureUndefinedError as `semantic_affinity` does.
    """
    _refuse_faulty(vectors)
    raw = {tag: np.asarray(rows, dtype=np.float64) for tag, rows in vectors.items()}
    # The algebra of the closed forms holds for vectors of any length up to the factor 2.
    means = concept_means(np.sqrt(2 * concept_pair_spreads(raw, concepts, cosine=False)))
    _refuse_too_few({tag: len(rows) for tag, rows in raw.items()}, int(np.isfinite(means).sum()))
    inter = float(np.nanmean(means))
    intra = float(np.mean([np.sqrt(2 * mean_pairwise_spread(rows)) for rows in raw.values()]))
    if intra < LEAST_SPREAD:
        raise MeasureUndefinedError(f"H is {intra:.1e}: the renderings of each language coincide")
    return 1 / (1 + inter / intra)


def mean_pairwise_spread(rows: FloatArray) -> float:
    """Half the mean squared distance over the unordered pairs of (n, d) rows: the mean of d for unit rows."""
    return float(((rows - rows.mean(axis=0)) ** 2).sum() / (len(rows) - 1))


def _refuse_one_language(count: int) -> None:
    if count < 2:
        raise MeasureUndefinedError(f"SA compares languages and there is {count}")


def _refuse_too_few(n_renderings: Mapping[str, float], n_concepts: int) -> None:
    _refuse_one_language(len(n_renderings))
    for tag, n in n_renderings.items():
        if n < 2:
            raise MeasureUndefinedError(f"{tag} has {int(n)} distinct rendering, too few for a spread")
    if not n_concepts:
        raise MeasureUndefinedError("no concept is rendered in two languages")


def _mean(rows: FloatArray) -> FloatArray:
    """The mean of (n, d) rows; zero when there are none, as in a shard that lacks a language."""
    mean: FloatArray = rows.sum(axis=0) / max(len(rows), 1)
    return mean


def _refuse_faulty(vectors: Mapping[str, VectorArray]) -> None:
    for tag, rows in vectors.items():
        largest = np.maximum(rows.max(axis=1, initial=0), -rows.min(axis=1, initial=0))  # |rows| without a copy
        faulty = np.flatnonzero(~np.isfinite(largest) | (largest == 0))
        if len(faulty):
            kind = "zero" if largest[faulty[0]] == 0 else "not finite"
            raise MeasureUndefinedError(f"{len(faulty)} vectors of {tag} are {kind}, the first in row {faulty[0]}")
    if len({rows.shape[1] for rows in vectors.values()}) > 1:
        told = ", ".join(f"{tag} {rows.shape[1]}" for tag, rows in vectors.items())
        raise MeasureUndefinedError(f"vectors of different dimensions: {told}")


def _units(rows: VectorArray) -> FloatArray:
    """Rows at length 1, in float64."""
    exact = np.asarray(rows, dtype=np.float64)
    squared = np.einsum("ij,ij->i", exact, exact)
    if len(squared) and not (squared.min() > LEAST_SQUARE and squared.max() < 1 / LEAST_SQUARE):
        # The squares of very long or very short vectors leave the range of floats: scale by the largest entry first.
        exact = exact / np.abs(exact).max(axis=1, keepdims=True)
        squared = np.einsum("ij,ij->i", exact, exact)
    units: FloatArray = exact / np.sqrt(squared)[:, None]
    return units


@dataclass(frozen=True)
class _Moments:
    """Of one language's unit vectors: their mean, the scatter about it, and the sum of the means of its cells."""

    centre: FloatArray
    scatter: float
    cell_total: FloatArray


def _moments(rows: VectorArray, incidence: Incidence) -> _Moments:
    """Chunk by chunk, merged as in `AffinitySums`, so that no copy of all vectors is made."""
    n_dims = rows.shape[1]
    weight = _cell_weights(incidence, len(rows))
    centre, scatter, cell_total = np.zeros(n_dims), 0.0, np.zeros(n_dims)
    step = max(1, CHUNK_BYTES // (8 * n_dims))
    for start in range(0, len(rows), step):
        units = _units(rows[start : start + step])
        mean = units.mean(axis=0)
        deviation = units - mean
        gap, share = mean - centre, len(units) / (start + len(units))
        scatter += float(np.einsum("ij,ij->", deviation, deviation)) + float(gap @ gap) * share * start
        centre = centre + share * gap
        # einsum, because chunks are too small for the threads that a matrix product would start.
        cell_total += np.einsum("i,ij->j", weight[start : start + step], units)
    return _Moments(centre, scatter, cell_total)


def _cell_weights(incidence: Incidence, n_rows: int) -> FloatArray:
    """What each rendering weighs in the sum of the cells' means: one over its cell's size, over all its cells."""
    _, inverse, count = np.unique(incidence.concepts, return_inverse=True, return_counts=True)
    return np.bincount(incidence.rows, weights=1 / count[inverse], minlength=n_rows).astype(np.float64)


def _null_pair_spread(sums: AffinitySums) -> FloatArray:
    """V₀(a, b): the mean of d between cells of different concepts, (L, L).

    Reassigning the translations of b at random among the other concepts pairs each cell of a with each cell of
    b but its own equally often, so the expectation of V(a, b) is the mean over c ≠ c' of
    1 - m_c(a)·m_c'(b), and Σ_{c≠c'} m_c(a)·m_c'(b) = (Σ_c m_c(a))·(Σ_c m_c(b)) - Σ_c m_c(a)·m_c(b).
    """
    own = np.diag(sums.pair_concepts).astype(float)
    n_others = np.outer(own, own) - sums.pair_concepts
    matched = sums.pair_concepts - sums.pair_total  # Σ_c m_c(a)·m_c(b)
    products = sums.cell_total @ sums.cell_total.T - matched
    np.fill_diagonal(n_others, 0)
    mean: FloatArray = np.divide(products, n_others, out=np.full(products.shape, np.nan), where=n_others > 0)
    return 1 - mean


def concept_means(spreads: FloatArray) -> FloatArray:
    """v_c from v_c(a, b), NaN where they are: (C, L, L) to (C,), NaN where a concept has no pair of languages."""
    known = np.isfinite(spreads)
    pairs = known.sum(axis=(1, 2))
    total = np.where(known, spreads, 0).sum(axis=(1, 2))
    means: FloatArray = np.divide(total, pairs, out=np.full(len(spreads), np.nan), where=pairs > 0)
    return means


@dataclass(frozen=True)
class _Cells:
    """A language's cells of a run of concepts: mean vector (c, d) and scatter about it (c,); NaN where empty."""

    mean: FloatArray
    scatter: FloatArray


def _cells(rows: VectorArray, incidence: Incidence, start: int, stop: int, cosine: bool) -> _Cells:
    first, last = np.searchsorted(incidence.concepts, (start, stop))
    concepts = incidence.concepts[first:last] - start
    taken = rows[incidence.rows[first:last]]
    vectors = _units(taken) if cosine else np.asarray(taken, dtype=np.float64)
    if len(concepts) == stop - start and np.array_equal(concepts, np.arange(stop - start)):
        return _Cells(vectors, np.zeros(stop - start))  # one rendering a cell and none missing
    count = np.bincount(concepts, minlength=stop - start)
    mean = np.zeros((stop - start, rows.shape[1]))
    np.add.at(mean, concepts, vectors)
    mean[count > 0] /= count[count > 0, None]
    scatter = np.zeros(stop - start)
    np.add.at(scatter, concepts, ((vectors - mean[concepts]) ** 2).sum(axis=1))
    scatter[count > 0] /= count[count > 0]
    mean[count == 0] = np.nan
    scatter[count == 0] = np.nan
    return _Cells(mean, scatter)


def _squared_distances(mean: FloatArray) -> FloatArray:
    """‖m_a - m_b‖² within each concept: (c, L, d) to (c, L, L), NaN where a language is missing.

    By matrix products of deviations from the concept's mean; where those would cancel, because two languages lie
    close together beside a distant third, by differences.
    """
    missing = np.isnan(mean[:, :, 0])
    filled = np.where(missing[:, :, None], 0, mean) if missing.any() else mean
    deviation = filled - filled.mean(axis=1, keepdims=True)
    gram = deviation @ deviation.transpose(0, 2, 1)
    norm = np.einsum("cll->cl", gram)
    scale = norm[:, :, None] + norm[:, None, :]
    squared: FloatArray = scale - 2 * gram
    concept, a, b = np.nonzero(np.triu(squared <= CANCELLED * scale, 1))
    gap = filled[concept, a] - filled[concept, b]
    squared[concept, a, b] = squared[concept, b, a] = np.einsum("ij,ij->i", gap, gap)
    squared[missing[:, :, None] | missing[:, None, :]] = np.nan
    return squared


def _held(incidence: Incidence, n_concepts: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    held = np.zeros(n_concepts, dtype=bool)
    held[incidence.concepts] = True
    return held


def _first_of_cell(incidence: Incidence, n_rows: int) -> IntArray:
    """For each distinct rendering, the row of the first rendering of the cell in which it first appears."""
    _, first_position, inverse = np.unique(incidence.concepts, return_index=True, return_inverse=True)
    leading = incidence.rows[first_position][inverse]
    substitute = np.arange(n_rows)
    rows, earliest = np.unique(incidence.rows, return_index=True)
    substitute[rows] = leading[earliest]
    return substitute

r"""Semantic Affinity: do the translations of a concept lie closer together than the words of a language?

Let u(t) be the unit vector of rendering t and d(t, t') = 1 - u(t)·u(t') the cosine distance.

- Intra-lingual spread: H_l is the mean of d over the unordered pairs of language l's distinct renderings, and
  H the mean of H_l over languages.
- Inter-lingual spread: v_c(a, b) is the mean of d between the renderings of concept c in languages a and b,
  v_c the mean of v_c(a, b) over the language pairs that render c, and V the mean of v_c over the concepts
  rendered in two or more languages. Every concept counts once, however many renderings its cells hold.
- SA = 1 / (1 + V/H), in (0, 1]. 1: translations coincide. 0.5: they lie as far apart as any two words of one
  language. Below: further apart still, as when each language keeps to a region of its own.

Source: Gong, arXiv 2601.09732. H and V are computed in closed form, in time linear in the number of renderings and
in one pass over the vectors (generator/measures/blocks.py). Where a difference of large sums would lose the digits
of a small spread, it is taken anew from deviations and differences of vectors, so that spreads near 1e-16 stay right:

- mean of d over pairs = Σ‖u - μ‖² / (n - 1), μ the mean of the n unit vectors;
- with m_l the mean of a cell's unit vectors and w_l = 1 - ‖m_l‖² their scatter about it,
  v_c(a, b) = ½‖m_a - m_b‖² + ½(w_a + w_b).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Self, TypeVar

import numpy as np

from generator.errors import MeasureUndefinedError
from generator.measures.blocks import (
    CANCELLED,
    Block,
    CellReader,
    blocks_of,
    cells_by_language,
    in_threads,
    moments,
    pairs_of,
    unit_rows,
)
from generator.measures.index import ConceptIndex, FloatArray, Incidence, IntArray, VectorArray

LEAST_SPREAD = 1e-9
"""Below this H the renderings of a language coincide and V/H means nothing."""

LEAST_DEVIATION = 1e-12
"""A unit vector that differs less than this from its language's mean differs by rounding only."""

T = TypeVar("T")
Kept = Callable[[Block], FloatArray]


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


@dataclass(frozen=True)
class KnownSpreads:
    """v_c(a, b) where concept c has both languages, (n,): in memory that grows with the cells, not with L²."""

    concepts: IntArray
    """c, (n,)."""
    pairs: IntArray
    """The place of (a, b) in ``np.triu_indices(L, 1)``, (n,)."""
    values: FloatArray
    """v_c(a, b), (n,)."""


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
    return affinity_of(*_measured(vectors, concepts, attrgetter("concept_spread")))


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


def affinity_sums(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> AffinitySums:
    """The additive sums of a set of concepts.

    Args are those of `semantic_affinity`. Raises MeasureUndefinedError for fewer than two languages, languages of
    different dimensions and a zero or non-finite vector.
    """
    return _measured(vectors, concepts, attrgetter("concept_spread"))[0]


def sums_and_spreads(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> tuple[AffinitySums, FloatArray]:
    """`affinity_sums` and `concept_pair_spreads` from one pass over the vectors."""
    sums, spreads = _measured(vectors, concepts, attrgetter("spreads"))
    return sums, symmetric(spreads, len(concepts.languages), np.nan)


def sums_and_known_spreads(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex
) -> tuple[AffinitySums, KnownSpreads]:
    """`affinity_sums` and the spreads that have a value, from one pass over the vectors."""

    def known(block: Block) -> FloatArray:
        concept, pair = np.nonzero(np.isfinite(block.spreads.T))
        return np.stack([block.start + concept, pair, block.spreads[pair, concept]])

    sums, (concept, pair, values) = _measured(vectors, concepts, known)
    return sums, KnownSpreads(concept.astype(np.int64), pair.astype(np.int64), values)


def concept_pair_spreads(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex, *, cosine: bool = True
) -> FloatArray:
    """v_c(a, b) for every concept and pair of languages, shape (C, L, L).

    NaN on the diagonal and where a concept lacks one of the languages. With ``cosine=False``, half the mean
    squared Euclidean distance of the vectors as they are, which for unit vectors is the same.
    Raises MeasureUndefinedError as `affinity_sums` does.
    """

    def spreads(sound: Mapping[str, VectorArray]) -> FloatArray:
        languages = cells_by_language(sound, concepts, cosine=cosine)
        return np.concatenate([block.spreads for block in blocks_of(list(languages.values()))], axis=-1)

    return symmetric(_of_sound(spreads, vectors, concepts), len(concepts.languages), np.nan)


def _summed(languages: Mapping[str, CellReader], kept: Kept) -> tuple[AffinitySums, FloatArray]:
    sides = list(languages.values())
    n = np.array([float(len(cells.rows)) for cells in sides])
    cell_total = np.zeros((len(sides), sides[0].rows.shape[1]))
    pair_total, concept_total, n_concepts, keep = np.zeros(len(pairs_of(len(sides))[0])), 0.0, 0, []
    for block in blocks_of(sides):
        cell_total += block.cell_total
        pair_total += block.pair_total
        concept_total += float(np.nansum(block.concept_spread))
        n_concepts += int(np.isfinite(block.concept_spread).sum())
        keep.append(kept(block))
    # Right where each rendering stands in one cell of its own and the scatter is not lost in the difference.
    centre = cell_total / np.maximum(n, 1)[:, None]
    scatter = n - n * (centre**2).sum(axis=1)
    anew = [i for i, cells in enumerate(sides) if not (cells.single and scatter[i] > CANCELLED * n[i])]
    for i, found in zip(anew, in_threads(lambda i: moments(sides[i].rows), anew), strict=True):
        centre[i], scatter[i] = found
    held = np.stack([cells.held for cells in sides]).astype(np.float64)
    pair_concepts = (held @ held.T).astype(np.int64)
    sums = AffinitySums(
        tuple(languages),
        n,
        centre,
        scatter,
        concept_total,
        n_concepts,
        symmetric(pair_total, len(sides), 0),
        pair_concepts,
        cell_total,
    )
    return sums, np.concatenate(keep, axis=-1)


def symmetric(of_pairs: FloatArray, n_languages: int, diagonal: float) -> FloatArray:
    """Values of the pairs of languages as symmetric matrices: (P, …) to (…, L, L)."""
    a, b = pairs_of(n_languages)
    matrices = np.full((*of_pairs.shape[1:], n_languages, n_languages), float(diagonal))
    matrices[..., a, b] = matrices[..., b, a] = of_pairs.T
    return matrices


def cell_means(units: Mapping[str, FloatArray], concepts: ConceptIndex) -> tuple[FloatArray, FloatArray]:
    """Mean unit vector of every cell, (C, L, d), zero for an empty one; and which are held, (C, L), as 0 and 1."""
    languages = list(cells_by_language(units, concepts, cosine=False).values())
    means = np.empty((concepts.n_concepts, len(languages), languages[0].rows.shape[1]))
    for language, cells in enumerate(languages):
        cells.fill(0, concepts.n_concepts, means[:, language])
    return means, np.stack([cells.held for cells in languages], axis=1).astype(np.float64)


def unit_vectors(vectors: Mapping[str, VectorArray]) -> dict[str, FloatArray]:
    """The same directions at length 1, in float64.

    Raises MeasureUndefinedError for a zero or non-finite vector, or languages of different dimensions.
    """
    _refuse_faulty(vectors)
    return {tag: unit_rows(rows) for tag, rows in vectors.items()}


def centred_vectors(vectors: Mapping[str, VectorArray]) -> dict[str, FloatArray]:
    """u(t) - m_l at length 1, m_l the mean unit vector of the language: vectors without the language's offset.

    SA of these is centred SA, and centred SA - SA the price of the offset between languages.
    Raises MeasureUndefinedError when a rendering lies on its language's mean.
    """
    moved = unit_vectors(vectors)
    for tag, units in moved.items():
        np.subtract(units, units.sum(axis=0) / max(len(units), 1), out=units)
        count = int((_largest(units) < LEAST_DEVIATION).sum())
        if count:
            raise MeasureUndefinedError(f"{count} renderings of {tag} lie on its mean, so that no direction is left")
        moved[tag] = unit_rows(units)
    return moved


def reference_affinity(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> float:
    """SA as its first implementation computed it, for comparison with figures published for that one.

    Two differences, which vanish when every cell has one rendering: rows are expanded into the cross product
    of their cells' renderings and every expanded row counts once, so a concept's weight in V is the product of
    its cells' sizes; and in H, every further rendering of a cell reuses the vector of the first rendering of
    the row in which that rendering first appears. Raises MeasureUndefinedError as `semantic_affinity` does.
    """
    sums, spread = _measured(vectors, concepts, attrgetter("concept_spread"))
    weight = np.ones(concepts.n_concepts)
    for incidence in concepts.languages.values():
        for concept, count in incidence.counts.items():
            weight[concept] *= count
    known = np.isfinite(spread)

    def scatter(tag: str) -> float:
        rows = vectors[tag]
        return moments(rows[_first_of_cell(concepts.languages[tag], len(rows))])[1]

    substituted = np.array(list(in_threads(scatter, sums.languages)))
    intra = affinity_of(replace(sums, scatter=substituted)).intra_spread
    inter = float(weight[known] @ spread[known] / weight[known].sum())
    return 1 / (1 + inter / intra)


def euclidean_affinity(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> float:
    """SA with Euclidean distances of the raw vectors: each mean of d over pairs of renderings becomes the root
    of the mean squared distance (so a plain distance where both cells hold one rendering).

    Raises MeasureUndefinedError as `semantic_affinity` does.
    """
    _refuse_faulty(vectors)
    # The algebra of the closed forms holds for vectors of any length up to the factor 2.
    means = concept_means(np.sqrt(2 * concept_pair_spreads(vectors, concepts, cosine=False)))
    _refuse_too_few({tag: len(rows) for tag, rows in vectors.items()}, int(np.isfinite(means).sum()))
    inter = float(np.nanmean(means))
    scatters = in_threads(lambda rows: moments(rows, cosine=False)[1], list(vectors.values()))
    intra = float(np.mean([np.sqrt(2 * s / (len(r) - 1)) for r, s in zip(vectors.values(), scatters, strict=True)]))
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


def _measured(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex, kept: Kept
) -> tuple[AffinitySums, FloatArray]:
    """The sums over all concepts, and what is kept of each block."""
    return _of_sound(lambda sound: _summed(cells_by_language(sound, concepts), kept), vectors, concepts)


def _of_sound(
    compute: Callable[[Mapping[str, VectorArray]], T], vectors: Mapping[str, VectorArray], concepts: ConceptIndex
) -> T:
    """``compute(vectors)`` of vectors that can be compared; MeasureUndefinedError of others.

    Faulty ones are searched for when the computation has met one, as a search would cost as much as it does.
    """
    _refuse_one_language(len(concepts.languages))
    _refuse_unlike(vectors)
    try:
        return compute(vectors)
    except FloatingPointError:
        # Either some are faulty, which this tells, or so long or short that their squares leave the range of floats.
        return compute(unit_vectors(vectors))


def _refuse_faulty(vectors: Mapping[str, VectorArray]) -> None:
    for tag, rows in vectors.items():
        largest = _largest(rows)
        faulty = np.flatnonzero(~np.isfinite(largest) | (largest == 0))
        if len(faulty):
            kind = "zero" if largest[faulty[0]] == 0 else "not finite"
            raise MeasureUndefinedError(f"{len(faulty)} vectors of {tag} are {kind}, the first in row {faulty[0]}")
    _refuse_unlike(vectors)


def _refuse_unlike(vectors: Mapping[str, VectorArray]) -> None:
    if len({rows.shape[1] for rows in vectors.values()}) > 1:
        told = ", ".join(f"{tag} {rows.shape[1]}" for tag, rows in vectors.items())
        raise MeasureUndefinedError(f"vectors of different dimensions: {told}")


def _largest(rows: VectorArray) -> VectorArray:
    """The largest entry of each row by absolute value, (n,), without a copy of them."""
    largest: VectorArray = np.maximum(rows.max(axis=1, initial=0), -rows.min(axis=1, initial=0))
    return largest


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


def _first_of_cell(incidence: Incidence, n_rows: int) -> IntArray:
    """For each distinct rendering, the row of the first rendering of the cell in which it first appears."""
    _, first_position, inverse = np.unique(incidence.concepts, return_index=True, return_inverse=True)
    leading = incidence.rows[first_position][inverse]
    substitute = np.arange(n_rows)
    rows, earliest = np.unique(incidence.rows, return_index=True)
    substitute[rows] = leading[earliest]
    return substitute

r"""Semantic Affinity of data that does not fit in memory: sums of any part of it, which add up to those of the whole.

A part, or shard, is a run of concepts. A rendering may stand in several shards, but H is a mean over the distinct
renderings of a language: so it counts in the shard where it stands first.

Centred SA takes a second pass, over u(t) - m_l at length 1 with the means m_l that the first one found.

Intervals resample G groups of concepts, drawn at random once and for all, instead of single concepts, because the sums
of a group serve every resample: with W_g how often group g is drawn and x = u - s the deviations from a fixed point s
near the mean, Σ w x = Σ_g W_g X_g and Σ w‖x‖² = Σ_g W_g Q_g, from which spreads follow as in `generator.measures.
resampling`. A rendering that serves several concepts gives each an equal share of itself. The width of such an
interval is that of resampling single concepts up to a relative error of about 1/√(2G): 3 % for 500 groups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from generator.measures.affinity import (
    LEAST_DEVIATION,
    LEAST_SPREAD,
    AffinitySums,
    KnownSpreads,
    sums_and_known_spreads,
    symmetric,
    unit_vectors,
)
from generator.measures.blocks import moments, unit_rows
from generator.measures.index import ConceptIndex, FloatArray, Incidence, IntArray, VectorArray
from generator.measures.resampling import AffinityDraws

BoolArray = npt.NDArray[np.bool_]

MOST_GROUPS = 500
LEAST_GROUPS = 50
GROUP_BYTES = 16 << 20
"""The sums of all groups take about this much for each of their two kinds, unless `LEAST_GROUPS` take more."""
CHUNK_ROWS = 2048


@dataclass(frozen=True)
class Share:
    """What a shard's distinct renderings of one language, (n,), are in the whole."""

    first: BoolArray
    """Whether no earlier shard holds it, (n,)."""
    served: IntArray
    """How many concepts of the whole it renders, (n,)."""


@dataclass(frozen=True)
class Frame:
    """How a pass looks at vectors."""

    languages: tuple[str, ...]
    origin: FloatArray
    """A point near the mean unit vector of each language, (L, d), about which the groups are summed."""
    groups: int
    """G: how many groups concepts fall into."""
    seed: int
    """What decides which concept falls into which group."""
    means: FloatArray | None = None
    """In the second pass: the mean unit vectors, (L, d), that are taken off."""

    @classmethod
    def around(cls, units: Mapping[str, FloatArray], seed: int) -> Self:
        """The frame of the first pass, about the means of some of the unit vectors (n_l, d)."""
        origin = np.stack([rows.mean(axis=0) for rows in units.values()])
        return cls(tuple(units), origin, n_groups(*origin.shape), seed)

    def centred(self, means: FloatArray) -> Self:
        """The frame of the second pass: vectors without the offset of their language."""
        return dataclasses.replace(self, origin=np.zeros_like(means), means=means)

    def group_of(self, concepts: IntArray) -> IntArray:
        """The groups of concepts, by their numbers in the whole."""
        return (scattered(concepts, self.seed) % np.uint64(self.groups)).astype(np.int64)


def n_groups(n_languages: int, n_dims: int) -> int:
    """500 groups, fewer where their sums would take more than 16 MiB, but 50 at least."""
    return max(LEAST_GROUPS, min(MOST_GROUPS, GROUP_BYTES // (8 * n_languages * n_dims)))


def scattered(numbers: IntArray, seed: int) -> npt.NDArray[np.uint64]:
    """64 random-looking bits per number, the same ever after (the SplitMix64 of Steele, Lea and Flood, 2014)."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    z = (numbers.astype(np.uint64) + np.uint64(seed % 2**64) + np.uint64(1)) * golden
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class GroupSums:
    """Sums over the concepts of each of G groups."""

    renderings: FloatArray
    """Renderings, by shares, (G, L)."""
    norm: FloatArray
    """Σ‖x‖², (G, L)."""
    total: FloatArray
    """Σ x, (G, L, d)."""
    concepts: FloatArray
    """Concepts in two or more languages, (G,)."""
    spread: FloatArray
    """Σ v_c, (G,)."""
    pair_spread: FloatArray
    """Σ v_c(a, b), (G, L, L)."""
    shared: FloatArray
    """Concepts that both languages render, (G, L, L); on the diagonal, those that the language renders."""
    cells: FloatArray
    """Σ m_c, the means of the cells, (G, L, d); (G, L, 0) in the second pass, which looks at no null."""

    def __add__(self, other: Self) -> Self:
        """The sums of both together."""
        fields = [field.name for field in dataclasses.fields(self)]
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in fields))


@dataclass(frozen=True)
class StreamSums:
    """What a streamed score needs to know of a shard, or of several: small, and additive."""

    affinity: AffinitySums
    on_mean: IntArray
    """In the second pass: distinct renderings that lie on the mean, so that no direction is left, (L,)."""
    groups: GroupSums

    def __add__(self, other: Self) -> Self:
        """The sums of both together; not associative in the last digits, so the order has to be fixed."""
        return type(self)(self.affinity + other.affinity, self.on_mean + other.on_mean, self.groups + other.groups)


def stream_sums(
    vectors: Mapping[str, VectorArray],
    concepts: ConceptIndex,
    shares: Mapping[str, Share],
    first_concept: int,
    frame: Frame,
) -> StreamSums:
    """The sums of a shard.

    Args:
        vectors: by language, (n_l, d), a row a distinct rendering of the shard, any length but zero; a language that
            the shard lacks has no rows.
        concepts: their index, over the concepts of the shard.
        shares: by language, what the renderings are in the whole.
        first_concept: the number of the shard's first concept in the whole.
        frame: of the pass.

    Raises:
        MeasureUndefinedError: a zero or non-finite vector, or languages of different dimensions.
    """
    taken, on_mean = (vectors, {}) if frame.means is None else _deviations(unit_vectors(vectors), frame.means)
    sums, spreads = sums_and_known_spreads(taken, concepts)
    return StreamSums(
        _of_firsts(sums, taken, shares),
        np.array([np.count_nonzero(on_mean[tag] & shares[tag].first) if on_mean else 0 for tag in taken]),
        _group_sums(taken, concepts, shares, spreads, first_concept, frame),
    )


def stream_draws(sums: GroupSums, weights: FloatArray) -> AffinityDraws:
    """The spreads of each resample of the groups.

    Args:
        sums: of the whole.
        weights: how often each group is drawn, (draws, G), from `concept_weights`.
    """
    upper = np.triu_indices(sums.renderings.shape[1], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return AffinityDraws(
            np.stack([_spread_draws(sums, language, weights) for language in range(sums.renderings.shape[1])]),
            weights @ sums.spread / (weights @ sums.concepts),
            _null_draws(sums, upper, weights) if sums.cells.size else np.full(len(weights), np.nan),
        )


def stream_pair_draws(sums: GroupSums, language_spread: FloatArray, weights: FloatArray) -> FloatArray:
    """SA(a, b) of each resample; see `generator.measures.resampling.pair_affinity_draws`."""
    a, b = np.triu_indices(len(language_spread), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        inter = (weights @ sums.pair_spread[:, a, b]) / (weights @ sums.shared[:, a, b])
    intra = ((language_spread[a] + language_spread[b]) / 2).T
    return 1 / (1 + inter / np.where(intra >= LEAST_SPREAD, intra, np.nan))


def _of_firsts(sums: AffinitySums, vectors: Mapping[str, VectorArray], shares: Mapping[str, Share]) -> AffinitySums:
    """The sums without the renderings that an earlier shard holds."""
    n, centre, scatter = sums.n_renderings.copy(), sums.centre.copy(), sums.scatter.copy()
    for place, tag in enumerate(sums.languages):
        first = shares[tag].first
        if not first.all():
            n[place] = np.count_nonzero(first)
            centre[place], scatter[place] = moments(vectors[tag][first]) if n[place] else (0.0, 0.0)
    return dataclasses.replace(sums, n_renderings=n, centre=centre, scatter=scatter)


def _deviations(
    units: Mapping[str, FloatArray], means: FloatArray
) -> tuple[Mapping[str, FloatArray], Mapping[str, BoolArray]]:
    """u(t) - m_l, and which of them are zero up to rounding; those stay u(t), to be refused in the end."""
    on_mean: dict[str, BoolArray] = {}
    for (tag, rows), mean in zip(units.items(), means, strict=True):
        np.subtract(rows, mean, out=rows)
        on_mean[tag] = np.abs(rows).max(axis=1, initial=0) < LEAST_DEVIATION
        rows[on_mean[tag]] = mean
    return units, on_mean


def _group_sums(
    vectors: Mapping[str, VectorArray],
    concepts: ConceptIndex,
    shares: Mapping[str, Share],
    spreads: KnownSpreads,
    first_concept: int,
    frame: Frame,
) -> GroupSums:
    group = frame.group_of(np.arange(first_concept, first_concept + concepts.n_concepts))
    of_language = [
        _language_sums(vectors[tag], concepts.languages[tag], shares[tag], group, origin, frame)
        for tag, origin in zip(frame.languages, frame.origin, strict=True)
    ]
    n_languages, groups = len(frame.languages), frame.groups
    n_pairs = np.bincount(spreads.concepts, minlength=concepts.n_concepts)
    compared = np.flatnonzero(n_pairs)
    means = np.bincount(spreads.concepts, spreads.values)[compared] / n_pairs[compared]
    pairs = n_languages * (n_languages - 1) // 2
    group_and_pair = group[spreads.concepts] * pairs + spreads.pairs

    def by_pair(values: FloatArray) -> FloatArray:
        """Sums over the concepts of each group, (n,) to (G, L, L)."""
        return symmetric(_summed(values, group_and_pair, groups * pairs).reshape(groups, pairs).T, n_languages, 0)

    shared = by_pair(np.ones(len(group_and_pair)))
    for place, tag in enumerate(frame.languages):
        shared[:, place, place] = np.bincount(group[np.unique(concepts.languages[tag].concepts)], minlength=groups)
    return GroupSums(
        np.stack([each.renderings for each in of_language], axis=1),
        np.stack([each.norm for each in of_language], axis=1),
        np.stack([each.total for each in of_language], axis=1),
        _summed(np.ones(len(compared)), group[compared], groups),
        _summed(means, group[compared], groups),
        by_pair(spreads.values),
        shared,
        np.stack([each.cells for each in of_language], axis=1),
    )


def _summed(values: FloatArray, places: IntArray, n: int) -> FloatArray:
    """Sums of values (m,) by their places (m,), which are below n, (n,)."""
    summed: FloatArray = np.bincount(places, values, n).astype(np.float64, copy=False)
    return summed


@dataclass(frozen=True)
class _LanguageSums:
    """`GroupSums` of one language."""

    renderings: FloatArray
    norm: FloatArray
    total: FloatArray
    cells: FloatArray


def _language_sums(
    rows: VectorArray, incidence: Incidence, share: Share, group: IntArray, origin: FloatArray, frame: Frame
) -> _LanguageSums:
    from scipy.sparse import csc_array

    n_dims, wants_cells = rows.shape[1], frame.means is None
    place = (group[incidence.concepts], incidence.rows)
    size = (frame.groups, len(rows))
    part = 1 / share.served[incidence.rows]
    shares = csc_array((part, place), shape=size)
    _, cell, count = np.unique(incidence.concepts, return_inverse=True, return_counts=True)
    weight = 1 / count[cell]
    same = np.array_equal(part, weight)
    weights = shares if same else csc_array((weight, place), shape=size)
    norm, total = np.zeros(frame.groups), np.zeros((frame.groups, n_dims))
    cells = np.zeros((frame.groups, n_dims if wants_cells else 0))
    for start in range(0, len(rows), CHUNK_ROWS):
        some = slice(start, start + CHUNK_ROWS)
        units = unit_rows(rows[some])
        if wants_cells and not same:
            cells += weights[:, some] @ units
        units -= origin
        norm += shares[:, some] @ np.einsum("ij,ij->i", units, units)
        total += shares[:, some] @ units
    renderings = np.asarray(shares.sum(axis=1), dtype=np.float64)
    if wants_cells and same:
        cells = total + renderings[:, None] * origin
    return _LanguageSums(renderings, norm, total, cells)


def _spread_draws(sums: GroupSums, language: int, weights: FloatArray) -> FloatArray:
    """H_l of each resample, (draws,); NaN where fewer than two of the renderings were drawn."""
    n = sums.renderings[:, language]
    total = weights @ n
    # Exact where a rendering serves one concept; what else it could be is 1/n of the whole.
    pairs = total**2 - weights**2 @ n
    summed = weights @ sums.total[:, language]
    squared = total * (weights @ sums.norm[:, language]) - np.einsum("ij,ij->i", summed, summed)
    spread: FloatArray = np.divide(squared, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return spread


def _null_draws(sums: GroupSums, upper: tuple[IntArray, IntArray], weights: FloatArray) -> FloatArray:
    """V₀ of each resample, (draws,); NaN where no two different concepts were drawn."""
    a, b = upper
    own = np.einsum("gll->gl", sums.shared)
    drawn, squared = weights @ own, weights**2
    matched = (sums.shared - sums.pair_spread)[:, a, b]
    pairs = drawn[:, a] * drawn[:, b] - squared @ sums.shared[:, a, b]
    products = -(squared @ matched)
    summed = [weights @ sums.cells[:, language] for language in range(own.shape[1])]
    for place, (i, j) in enumerate(zip(a, b, strict=True)):
        products[:, place] += np.einsum("ij,ij->i", summed[i], summed[j])
    known = pairs > 0
    terms = np.divide(products, pairs, out=np.zeros_like(products), where=known)
    spread: FloatArray = 1 - terms.sum(axis=1) / known.sum(axis=1)
    return spread

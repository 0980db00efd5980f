"""One pass over the vectors: what Semantic Affinity needs of every concept, block by block.

A block of concepts is read in steps that stay in a processor's cache. A step is brought to float64 once, and two
matrix products take from it the inner products within each concept, whose diagonal holds the squared lengths, and
each language's sum of unit vectors. Blocks depend on the data alone and come out in order, so that what is added up
from them has the same bytes on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from generator.measures.index import ConceptIndex, FloatArray, Incidence, IntArray, VectorArray

CANCELLED = 1e-3
"""A squared distance below this share of the squared lengths it comes from has lost digits and is taken anew."""

LEAST_SQUARE = 1e-200
"""Squared lengths below this, or above its inverse, are taken from scaled vectors."""

CHUNK_BYTES = 3 << 20
"""Vectors are taken in float64 in steps of about this size, small enough for a core's cache."""

BLOCK_CONCEPTS, BLOCK_BYTES = 512, 1 << 20
"""A block holds so many concepts at most, and spreads of about this size."""

BoolArray = npt.NDArray[np.bool_]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Block:
    """What a run of concepts (c) adds to the sums; its pairs of languages (P) are those of ``pairs_of``."""

    start: int
    """The number of its first concept."""
    spreads: FloatArray
    """v_c(a, b), (P, c), NaN where a concept lacks one of the languages."""
    concept_spread: FloatArray
    """v_c, (c,), NaN for a concept in one language."""
    pair_total: FloatArray
    """Σ v_c(a, b), (P,)."""
    cell_total: FloatArray
    """Sum of the mean vectors of the cells, (L, d)."""


@dataclass(frozen=True)
class CellReader:
    """One language's vectors, read by cell."""

    rows: VectorArray
    incidence: Incidence
    n_concepts: int
    cosine: bool

    @cached_property
    def single(self) -> bool:
        """Whether every cell holds one rendering at most, and every rendering stands in one cell."""
        once = np.bincount(self.incidence.rows, minlength=len(self.rows)) == 1
        return bool(once.all() and (np.diff(self.incidence.concepts) > 0).all())

    @cached_property
    def whole(self) -> bool:
        """Whether row c alone renders concept c, for every c."""
        order = np.arange(self.n_concepts)
        in_order = np.array_equal(self.incidence.rows, order) and np.array_equal(self.incidence.concepts, order)
        return self.single and in_order

    @property
    def held(self) -> BoolArray:
        """Which concepts have a cell, (C,)."""
        held = np.zeros(self.n_concepts, dtype=np.bool_)
        held[self.incidence.concepts] = True
        return held

    def fill(self, start: int, stop: int, out: FloatArray) -> FloatArray | None:
        """The mean vector of each cell into ``out``, (stop - start, d), zero where empty.

        The vector of a ``single`` rendering is left at its length; others are means of unit vectors, unless
        ``cosine`` is off, and their scatters about these means are returned.
        """
        if self.whole:
            out[:] = self.rows[start:stop]
            return None
        first, last = np.searchsorted(self.incidence.concepts, (start, stop))
        concepts = self.incidence.concepts[first:last] - start
        taken = self.rows[self.incidence.rows[first:last]]
        out[:] = 0
        if self.single:
            out[concepts] = taken
            return None
        vectors = unit_rows(taken) if self.cosine else np.asarray(taken, dtype=np.float64)
        count = np.maximum(np.bincount(concepts, minlength=stop - start), 1)
        np.add.at(out, concepts, vectors)
        out /= count[:, None]
        return np.bincount(concepts, ((vectors - out[concepts]) ** 2).sum(axis=1), stop - start) / count


def cells_by_language(
    vectors: Mapping[str, VectorArray], concepts: ConceptIndex, *, cosine: bool = True
) -> dict[str, CellReader]:
    """The cells of every language of the index, in its order."""
    return {tag: CellReader(vectors[tag], of, concepts.n_concepts, cosine) for tag, of in concepts.languages.items()}


def blocks_of(languages: Sequence[CellReader]) -> Iterator[Block]:
    """The blocks of all concepts, in order.

    Raises FloatingPointError for a vector whose squared length leaves the range of floats, zero and non-finite ones
    included.
    """
    n_languages, n_concepts = len(languages), languages[0].n_concepts
    held = np.stack([cells.held for cells in languages])
    step = max(1, min(BLOCK_CONCEPTS, CHUNK_BYTES // (8 * n_languages * languages[0].rows.shape[1])))
    size = step * max(1, min(BLOCK_CONCEPTS, BLOCK_BYTES // (8 * n_languages**2)) // step)
    runs = [(start, min(start + size, n_concepts)) for start in range(0, max(n_concepts, 1), size)]
    return in_threads(partial(_block, languages, held, step), runs)


def _block(languages: Sequence[CellReader], held: BoolArray, step: int, run: tuple[int, int]) -> Block:
    start, stop = run
    n_languages, n_dims = len(languages), languages[0].rows.shape[1]
    held = held[:, start:stop]
    scaled = held & np.array([[cells.cosine and cells.single] for cells in languages])
    vectors = np.empty((n_languages, min(step, stop - start), n_dims))
    scatter = np.zeros((n_languages, stop - start))
    inverse = np.ones((n_languages, stop - start))
    products = np.empty((stop - start, n_languages, n_languages))
    cell_total = np.zeros((n_languages, n_dims))
    steps = [slice(first, min(first + step, stop - start)) for first in range(0, stop - start, step)]

    def read(own: slice) -> FloatArray:
        taken = vectors[:, : own.stop - own.start]
        for language, cells in enumerate(languages):
            found = cells.fill(start + own.start, start + own.stop, taken[language])
            if found is not None:
                scatter[language, own] = found
        return taken

    with np.errstate(all="ignore"):  # what they would warn of is refused below
        for own in steps:
            taken = read(own)
            _inner_products(taken.transpose(1, 0, 2), products[own])
            squared = np.einsum("cll->lc", products[own])
            np.divide(1, np.sqrt(squared), out=inverse[:, own], where=scaled[:, own])
            cell_total += (inverse[:, None, own] @ taken)[:, 0]
        sound = ((inverse**2 > LEAST_SQUARE) & (inverse**2 < 1 / LEAST_SQUARE)).all()
    if not sound:
        raise FloatingPointError("a squared length leaves the range of floats")

    a, b = pairs_of(n_languages)
    squares = np.einsum("cll->lc", products) * inverse**2
    scale = squares[a] + squares[b]
    distances = scale - 2 * products[:, a, b].T * inverse[a] * inverse[b]
    compared = held[a] & held[b]
    close = compared & (distances <= CANCELLED * scale)
    for own in steps if close.any() else ():
        pair, concept = np.nonzero(close[:, own])
        units = read(own) * inverse[:, own, None]
        gap = units[a[pair], concept] - units[b[pair], concept]
        distances[:, own][pair, concept] = np.einsum("ij,ij->i", gap, gap)
    return _finished(start, (distances + scatter[a] + scatter[b]) / 2, compared, cell_total)


def _finished(start: int, spreads: FloatArray, compared: BoolArray, cell_total: FloatArray) -> Block:
    """The block, from v_c(a, b) and where both languages render the concept, (P, c)."""
    spreads[~compared] = 0
    n_pairs = compared.sum(axis=0)
    means = np.divide(spreads.sum(axis=0), n_pairs, out=np.full(len(n_pairs), np.nan), where=n_pairs > 0)
    pair_total = spreads.sum(axis=1)
    spreads[~compared] = np.nan
    return Block(start, spreads, means, pair_total, cell_total)


@cache
def pairs_of(n_languages: int) -> tuple[IntArray, IntArray]:
    """The pairs of languages (a, b) with a < b, (P,) each."""
    return np.triu_indices(n_languages, 1)


def _inner_products(vectors: FloatArray, out: FloatArray) -> None:
    """The inner products of a ≤ b within each concept: (c, L, d) to the upper triangles of (c, L, L).

    In two parts, each wider than high: NumPy gives a matrix times its own transpose to a routine that is three times
    slower on matrices this small, and a good part of the lower triangle is left out.
    """
    half, transposed = vectors.shape[1] // 2, vectors.transpose(0, 2, 1)
    np.matmul(vectors[:, :half], transposed, out=out[:, :half])
    np.matmul(vectors[:, half:], transposed[:, :, half - 1 :], out=out[:, half:, half - 1 :])


def moments(rows: VectorArray, *, cosine: bool = True) -> tuple[FloatArray, float]:
    """Mean (d,) of the unit vectors of (n, d) rows, or of the rows as they are, and the summed squares about it.

    Chunk by chunk, merged as by Chan, Golub and LeVeque (1979): exact however small the scatter, and without a copy
    of all rows. Raises FloatingPointError for a zero or non-finite vector unless ``cosine`` is off.
    """
    centre, scatter = np.zeros(rows.shape[1]), 0.0
    step = max(1, CHUNK_BYTES // (8 * rows.shape[1]))
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        deviation = unit_rows(chunk) if cosine else np.array(chunk, dtype=np.float64)
        mean = deviation.mean(axis=0)
        deviation -= mean
        gap, share = mean - centre, len(chunk) / (start + len(chunk))
        scatter += float(np.einsum("ij,ij->", deviation, deviation)) + float(gap @ gap) * share * start
        centre = centre + share * gap
    return centre, scatter


def unit_rows(rows: VectorArray) -> FloatArray:
    """Rows at length 1, in float64. Raises FloatingPointError for a zero or non-finite one."""
    units = np.array(rows, dtype=np.float64)
    squared = np.einsum("ij,ij->i", units, units)
    if len(squared) and not (squared.min() > LEAST_SQUARE and squared.max() < 1 / LEAST_SQUARE):
        # The squares of very long or very short vectors leave the range of floats: scale by the largest entry first.
        with np.errstate(invalid="ignore"):
            units /= np.abs(units).max(axis=1, keepdims=True)
        squared = np.einsum("ij,ij->i", units, units)
        if not np.isfinite(squared).all():
            raise FloatingPointError("a vector is zero or not finite")
    units /= np.sqrt(squared)[:, None]
    return units


_ONE_AT_A_TIME = Lock()
"""How many threads BLAS takes is the whole process's setting."""


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def allowed_threads() -> int:
    """As many as BLAS may take: one in a worker of a pool, every core in a process of its own."""
    return min((library.num_threads for library in _blas().lib_controllers), default=1)


def in_threads(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """``work`` of every item, in their order, on the threads allowed, each with a BLAS of one thread."""
    with _ONE_AT_A_TIME:
        n_threads = min(allowed_threads(), len(items))
        with _blas().limit(limits=1):
            if n_threads < 2:
                yield from map(work, items)
            else:
                with ThreadPoolExecutor(n_threads) as pool:
                    yield from pool.map(work, items)

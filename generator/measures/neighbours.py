"""Each cell's nearest cells in every language, from one pass over the cosines of all cells.

Cosines are taken in float32, a block of languages at a time, and nothing of a block outlives it but what every query
says of it. A block serves both directions: its rows are the queries of one language, its columns those of others.
Identical vectors may differ in the last digits of their cosines, so cosines within 1e-6 count as equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from generator.measures.companion import BoolArray, Cells
from generator.measures.index import FloatArray, IntArray, VectorArray

CountArray = npt.NDArray[np.integer]

NEIGHBOURS = 10
MOST_CONCEPTS = 4000
TOLERANCE = 1e-6
BLOCK_BYTES = 8 << 20
"""Several languages share a block of about this size, small enough for a processor's cache."""
TILE = 256
"""The largest of a long row are sought among the largest of tiles of this length, which is three times as fast."""


@dataclass(frozen=True)
class Neighbours:
    """What every cell, the query, finds among the cells of every language, the targets.

    Arrays run over [concept, language of the query, language of the targets], (C, L, L). A query is no target of its
    own. NaN marks an empty query and what has no value.
    """

    sample: IntArray
    """The concepts looked at, (C,): all, or 4,000 spread evenly over a longer list."""
    held: BoolArray
    """Which of their cells hold something, (C, L)."""
    right: VectorArray
    """Cosine with the translation."""
    wrong: VectorArray
    """The largest cosine with another concept, also within the query's own language; -inf where there is none."""
    ahead: VectorArray
    """How many cells lie nearer than the translation."""
    tied: VectorArray
    """How many other cells lie as near as the translation."""
    csls: VectorArray
    """Whether the translation is the nearest by cos(x, y) - (r(x) + r(y))/2, r the nearness that each has in the
    other's language (Conneau et al., arXiv 1710.04087): 1, or its share among as near ones, or 0."""
    nearness: VectorArray
    """Mean cosine with the ten nearest cells, or with all where there are fewer."""
    nearest: CountArray
    """Place in ``sample`` of the nearest cell's concept; -1 where there is none or several are as near."""
    first: CountArray
    """Place in ``sample`` of the nearest cell's concept, the first in the list of several as near; of no meaning where
    there is none."""
    occurrence: VectorArray
    """How often a cell is among the ten nearest of a language's queries: [concept of the target, language of the
    queries, language of the targets]. Cells as near as the tenth share the places that are left."""
    own_of_two: VectorArray
    """The share of the query's own language among its ten nearest in the pool of both languages."""
    own_of_all: VectorArray
    """The same in the pool of all languages, (C, L)."""

    @property
    def hits(self) -> FloatArray:
        """The chance that the translation comes first, (C, L, L); NaN where there is none."""
        return np.where(np.isnan(self.right), np.nan, hit_share(self.ahead, self.tied))


class _Found(NamedTuple):
    """What the queries of one block find, (C, l) each; see `Neighbours`."""

    right: VectorArray
    wrong: VectorArray
    ahead: CountArray
    tied: CountArray
    csls: VectorArray
    nearness: VectorArray
    nearest: CountArray
    first: CountArray
    occurrence: VectorArray
    reach: CountArray
    """How many cells lie at least as near as the tenth."""
    top: VectorArray
    """The cosines of the ten nearest in descending order, (C, l, 10); -inf where there are fewer."""


def nearest_neighbours(cells: Cells) -> Neighbours:
    """Every cell's neighbours in every language.

    Takes O((L·C)²·d) time. Memory is that of some thirty arrays (C, L, L) and some six blocks, each of
    ``BLOCK_BYTES`` or, for long lists, C² cosines.
    """
    sample = _even_sample(cells.held.shape[1])
    units, held = cells.units[:, sample].astype(np.float32, order="C"), cells.held[:, sample]
    n_languages, n_concepts = held.shape
    kept = _room(n_concepts, n_languages)
    for language, others in _blocks(n_languages, n_concepts):
        found = _look(_cosines(units, held, language, others))
        for array, values in zip(kept, found[0], strict=True):
            array[:, language, others] = values
        for array, values in zip(kept, found[1], strict=True):
            array[:, others, language] = values
    query, target = held.T[:, :, None], held.T[:, None, :]
    together = query & target & ~np.eye(n_languages, dtype=bool)
    return Neighbours(
        sample,
        held.T,
        _where(together, kept.right),
        _where(query, kept.wrong),
        _where(together, kept.ahead),
        _where(together, kept.tied),
        _where(together, kept.csls),
        kept.nearness,
        kept.nearest,
        kept.first,
        _where(target, kept.occurrence),
        *_own_shares(kept),
    )


def hit_share(ahead: npt.NDArray[Any], tied: npt.NDArray[Any]) -> FloatArray:
    """The chance that a translation comes first when as near cells are taken in any order."""
    return np.where(ahead == 0, 1 / (1.0 + tied), 0.0)


def _room(n_concepts: int, n_languages: int) -> _Found:
    """Arrays for what all queries find, (C, L, L) each."""
    shape = (n_concepts, n_languages, n_languages)
    room: dict[str, npt.NDArray[Any]] = {name: np.empty(shape, np.float32) for name in _Found._fields}
    counts = {name: np.empty(shape, np.int32) for name in ("nearest", "first", "reach")}
    return _Found(**{**room, **counts, "top": np.empty((*shape, NEIGHBOURS), np.float32)})


def _even_sample(n_concepts: int) -> IntArray:
    """The concepts of a list that are looked at: all, or `MOST_CONCEPTS` of them spread evenly."""
    return np.linspace(0, n_concepts - 1, min(n_concepts, MOST_CONCEPTS)).astype(np.int64)


def _where(known: BoolArray, values: VectorArray | CountArray) -> VectorArray:
    return np.where(known, values, np.nan).astype(np.float32)


def _blocks(n_languages: int, n_concepts: int) -> Iterator[tuple[int, slice]]:
    """Each language with itself and those after it, a few at a time."""
    step = max(1, BLOCK_BYTES // (4 * n_concepts**2))
    for language in range(n_languages):
        for start in range(language, n_languages, step):
            yield language, slice(start, min(start + step, n_languages))


def _cosines(units: VectorArray, held: BoolArray, language: int, others: slice) -> VectorArray:
    """The cosines of one language's cells with those of others, (C, l, C); -inf with an empty cell and with itself."""
    n_concepts, n_dims = units.shape[1:]
    cosines: VectorArray = (units[language] @ units[others].reshape(-1, n_dims).T).reshape(n_concepts, -1, n_concepts)
    cosines[~held[language]] = -np.inf
    cosines[:, ~held[others]] = -np.inf
    if others.start == language:
        np.einsum("ii->i", cosines[:, 0])[:] = -np.inf
    return cosines


def _look(cosines: VectorArray) -> tuple[_Found, _Found]:
    """What the rows of a block (C, l, C) find among its columns, and what its columns find among its rows.

    Overwrites the block.
    """
    views = _both_ways(cosines)
    tops = [_top(view) for view in views]
    nearness = [_finite_mean(top) for top in tops]
    nearest = [_nearest(view, top) for view, top in zip(views, tops, strict=True)]
    tenth = [_up_to_tenth(view, top) for view, top in zip(views, tops, strict=True)]
    relative = cosines - (nearness[0][:, :, None] + nearness[1].T) / np.float32(2)
    relative_rivals = _rivals(relative, _without_diagonal(relative))
    right = _without_diagonal(cosines)
    rivals = _rivals(cosines, right)

    def found(side: int) -> _Found:
        ahead, tied = rivals[side]
        often, reach = tenth[side]
        csls = hit_share(*relative_rivals[side])
        wrong = views[side].max(axis=-1)
        return _Found(right, wrong, ahead, tied, csls, nearness[side], *nearest[side], often, reach, tops[side])

    return found(0), found(1)


def _both_ways(block: VectorArray) -> tuple[VectorArray, VectorArray]:
    """A block (C, l, C) with its rows, and with its columns, as queries."""
    return block, block.transpose(2, 1, 0)


def _without_diagonal(block: VectorArray) -> VectorArray:
    """The values (C, l) of a block (C, l, C) where both concepts are the same, which become -inf in it."""
    diagonal = np.einsum("iji->ij", block)
    values: VectorArray = diagonal.copy()
    diagonal[:] = -np.inf
    return values


def _rivals(block: VectorArray, right: VectorArray) -> list[tuple[CountArray, CountArray]]:
    """How many values lie above a query's right one, and how many level with it: for rows and for columns, (C, l)."""
    found: list[tuple[CountArray, CountArray]] = []
    for view in _both_ways(block):
        ahead = _count(view > right[:, :, None] + TOLERANCE)
        found.append((ahead, _count(view >= right[:, :, None] - TOLERANCE) - ahead))
    return found


def _count(chosen: BoolArray) -> CountArray:
    """How many along the last axis; 16 bits hold ``MOST_CONCEPTS`` and add up three times as fast as 64."""
    count: CountArray = chosen.sum(axis=-1, dtype=np.uint16).astype(np.int32)
    return count


def _top(values: VectorArray) -> VectorArray:
    """The ten largest along the last axis in descending order, (..., 10); -inf where there are fewer."""
    *outer, n_values = values.shape
    if n_values > 2 * TILE:
        tiled = n_values - n_values % TILE
        tops = _top(values[..., :tiled].reshape(*outer, -1, TILE)).reshape(*outer, -1)
        return _top(np.concatenate([tops, values[..., tiled:]], axis=-1))
    n_found = min(NEIGHBOURS, n_values)
    found = np.full((*outer, NEIGHBOURS), -np.inf, np.float32)
    largest = np.partition(values, n_values - n_found, axis=-1)[..., n_values - n_found :]
    found[..., :n_found] = np.sort(largest, axis=-1)[..., ::-1]
    return found


def _least(top: VectorArray) -> VectorArray:
    """The last of the values found along the last axis of ten; inf where there are none."""
    least: VectorArray = np.where(np.isfinite(top), top, np.float32(np.inf)).min(axis=-1)
    return least


def _finite_mean(top: VectorArray) -> VectorArray:
    finite = np.isfinite(top)
    with np.errstate(invalid="ignore"):
        mean: VectorArray = np.where(finite, top, np.float32(0)).sum(axis=-1) / finite.sum(axis=-1, dtype=np.float32)
    return mean


def _nearest(view: VectorArray, top: VectorArray) -> tuple[CountArray, CountArray]:
    """Place of the nearest value along the last axis, -1 where several are as near; and of the first as near."""
    first = view.argmax(axis=-1).astype(np.int32)
    several = top[..., 0] <= top[..., 1] + TOLERANCE
    first[several] = (view[several] >= top[several][:, :1] - TOLERANCE).argmax(axis=-1)
    return np.where(several, np.int32(-1), first), first


def _up_to_tenth(view: VectorArray, top: VectorArray) -> tuple[VectorArray, CountArray]:
    """How often a target is among the ten nearest, (targets, l), and how many a query has up to its tenth, (C, l)."""
    tenth = _least(top)[:, :, None]
    within = view >= tenth - TOLERANCE
    reach = _count(within)
    often = within.sum(axis=0, dtype=np.uint16).astype(np.float32)
    crowded = np.nonzero(reach > np.isfinite(top).sum(axis=-1))
    if len(crowded[0]):
        level = within[crowded] & (view[crowded] <= tenth[crowded] + TOLERANCE)
        surplus = (reach - np.isfinite(top).sum(axis=-1))[crowded] / level.sum(axis=-1)
        of_language = np.equal.outer(np.arange(len(often)), crowded[1]).astype(np.float32)
        often -= of_language @ (level * surplus[:, None].astype(np.float32))
    return often.T, reach


def _own_shares(found: _Found) -> tuple[VectorArray, VectorArray]:
    """The share of the query's own language among the ten nearest in pools of two, (C, L, L), and of all, (C, L)."""
    n_concepts, n_languages, _ = found.reach.shape
    of_two = np.empty((n_concepts, n_languages, n_languages), np.float32)
    of_all = np.empty((n_concepts, n_languages), np.float32)
    for own in range(n_languages):
        top, reach = found.top[:, own], found.reach[:, own]
        pairs = [np.stack(np.broadcast_arrays(each[:, [own]], each), axis=2) for each in (top, reach)]
        of_two[:, own] = _shares(*pairs)[:, :, 0]
        of_all[:, own] = _shares(top, reach)[:, own]
    return of_two, of_all


def _shares(top: VectorArray, reach: CountArray) -> FloatArray:
    """What share of the ten nearest in a pool of several sets comes from each of them.

    Args:
        top: the ten largest cosines within each set, (..., S, 10).
        reach: how many the set has up to its tenth, (..., S).
    """
    pool = _top(top.reshape(*top.shape[:-2], -1))
    tenth = _least(pool)[..., None]
    nearer = _count(top > tenth[..., None] + TOLERANCE)
    within = _count(top >= tenth[..., None] - TOLERANCE)
    level = np.where(top[..., -1] >= tenth - TOLERANCE, reach, within) - nearer
    places = np.isfinite(pool).sum(axis=-1)[..., None]
    with np.errstate(invalid="ignore"):
        shared = (places - nearer.sum(axis=-1, keepdims=True)) * level / level.sum(axis=-1, keepdims=True)
        shares: FloatArray = (nearer + shared) / places
    return shares

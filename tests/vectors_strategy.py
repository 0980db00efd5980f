"""Small word lists for hypothesis, and Semantic Affinity worked out on them pair by pair.

The arithmetic follows the definitions of generator/measures/affinity.py word by word in plain loops over pairs, in
decimals of 50 digits, and shares nothing with the code under test. ``None`` stands for a value that the definition
leaves undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from functools import wraps
from itertools import combinations, product
from typing import ParamSpec, TypeVar

import numpy as np
from hypothesis import strategies as st

from generator.measures import ConceptIndex, Incidence
from generator.measures.index import FloatArray, IntArray

DIGITS = 50

P = ParamSpec("P")
T = TypeVar("T")
Vector = tuple[Decimal, ...]
Cell = tuple[int, ...]
Distance = Callable[[Vector, Vector], Decimal]

LEAST_SPREAD = Decimal("1e-9")
NOTHING = Decimal("1e-40")
"""What decimals of 50 digits leave of a difference that is zero."""


@dataclass(frozen=True)
class Words:
    """By language, the vectors of the distinct renderings and, by concept, which of them the cell holds."""

    vectors: dict[str, FloatArray]
    cells: dict[str, tuple[Cell, ...]]

    @property
    def n_concepts(self) -> int:
        return len(next(iter(self.cells.values())))

    @property
    def index(self) -> ConceptIndex:
        return ConceptIndex(self.n_concepts, {tag: _incidence(cells) for tag, cells in self.cells.items()})

    def reordered(self, order: Sequence[int]) -> Words:
        """The same words with their concepts in another order."""
        return replace(self, cells={tag: tuple(cells[c] for c in order) for tag, cells in self.cells.items()})

    def renamed(self, names: dict[str, str]) -> Words:
        """The same words with languages in the order of ``names`` and called by its values."""
        return Words(
            {new: self.vectors[old] for old, new in names.items()}, {new: self.cells[old] for old, new in names.items()}
        )

    def with_rows_reordered(self, seed: int) -> Words:
        """The same words with their vectors stored in another order."""
        rng = np.random.default_rng(seed)
        vectors, cells = {}, {}
        for tag, rows in self.vectors.items():
            order = rng.permutation(len(rows))
            place = {int(row): new for new, row in enumerate(order)}
            vectors[tag] = rows[order]
            cells[tag] = tuple(tuple(place[row] for row in cell) for cell in self.cells[tag])
        return Words(vectors, cells)

    def part(self, chosen: Sequence[int]) -> Words:
        """Some of the concepts, with only the renderings that stand in them."""
        vectors, cells = {}, {}
        for tag in self.cells:
            kept = [self.cells[tag][c] for c in chosen]
            rows = list(dict.fromkeys(row for cell in kept for row in cell))
            vectors[tag] = self.vectors[tag][rows].reshape(len(rows), self.vectors[tag].shape[1])
            cells[tag] = tuple(tuple(rows.index(row) for row in cell) for cell in kept)
        return Words(vectors, cells)


def _incidence(cells: Iterable[Cell]) -> Incidence:
    placed = [(row, concept) for concept, cell in enumerate(cells) for row in cell]
    rows: IntArray = np.array([row for row, _ in placed], dtype=np.int64)
    return Incidence(rows, np.array([concept for _, concept in placed], dtype=np.int64))


def words(*, one_rendering: bool = False, shared: bool = True) -> st.SearchStrategy[Words]:
    """Two to four languages and two to six concepts, with gaps, synonyms and words that serve several concepts.

    Args:
        one_rendering: a cell holds one rendering at most.
        shared: a rendering may stand in several concepts.
    """
    return _words(1 if one_rendering else 3, shared)


@st.composite
def _words(draw: st.DrawFn, fullest: int, shared: bool) -> Words:
    n_concepts = draw(st.integers(2, 6))
    vector = st.lists(st.integers(-4, 4), min_size=(d := draw(st.integers(2, 4))), max_size=d).filter(any)
    cell = st.lists(st.integers(0, 4), max_size=fullest, unique=True)
    vectors, cells = {}, {}
    for tag in ("en", "zh", "ar", "sw")[: draw(st.integers(2, 4))]:
        drawn = draw(
            st.lists(cell, min_size=n_concepts, max_size=n_concepts).filter(
                lambda found: len({word for filled in found for word in filled}) > 1
            )
        )
        names = [[name if shared else (name, concept) for name in filled] for concept, filled in enumerate(drawn)]
        rows = {name: row for row, name in enumerate(dict.fromkeys(name for filled in names for name in filled))}
        cells[tag] = tuple(tuple(rows[name] for name in filled) for filled in names)
        vectors[tag] = np.array(draw(st.lists(vector, min_size=len(rows), max_size=len(rows))), dtype=np.float64)
    return Words(vectors, cells)


def random_words(
    seed: int, n_concepts: int = 12, languages: Sequence[str] = ("en", "zh", "ar"), *, n_dims: int = 16
) -> Words:
    """Gaussian vectors around a common meaning, with gaps, synonyms and shared words in each language."""
    rng = np.random.default_rng(seed)
    meaning = rng.standard_normal((n_concepts, n_dims))
    vectors, cells = {}, {}
    for skipped, tag in enumerate(languages):
        filled: list[Cell] = [(concept,) for concept in range(n_concepts)]
        filled[skipped] = ()
        filled[4] = (4, n_concepts, n_concepts + 1)
        filled[5] = (5, n_concepts)
        filled[6] = (5,)
        names = list(dict.fromkeys(name for cell in filled for name in cell))
        cells[tag] = tuple(tuple(names.index(name) for name in cell) for cell in filled)
        nearest = meaning[[name if name < n_concepts else 4 for name in names]]
        vectors[tag] = nearest + 0.7 * rng.standard_normal(nearest.shape)
    return Words(vectors, cells)


@dataclass(frozen=True)
class Exact:
    """Semantic Affinity and its parts, each from an explicit loop over pairs; keys are unordered language pairs."""

    value: Decimal | None
    inter: Decimal | None
    intra: Decimal | None
    null_spread: Decimal | None
    languages: dict[str, Decimal | None]
    concepts: list[Decimal | None]
    pair_spread: dict[tuple[str, str], Decimal | None]
    pair_value: dict[tuple[str, str], Decimal | None]
    pair_concepts: dict[tuple[str, str], int]


def exactly(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function with decimals of 50 digits."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with localcontext(prec=DIGITS):
            return function(*args, **kwargs)

    return run


@exactly
def affinity_by_definition(of: Words) -> Exact:
    """SA with all its parts."""
    return _exact(_directions(of), of.cells)


@exactly
def centred_by_definition(of: Words) -> Exact | None:
    """SA of u(t) - m_l at length 1; None when a rendering lies on its language's mean."""
    centred = {}
    for tag, units in _directions(of).items():
        mean = tuple(_mean(unit[i] for unit in units) for i in range(len(units[0])))
        moved = [tuple(x - m for x, m in zip(unit, mean, strict=True)) for unit in units]
        if any(_length(vector) < NOTHING for vector in moved):
            return None
        centred[tag] = [_unit(vector) for vector in moved]
    return _exact(centred, of.cells)


@exactly
def reference_by_definition(of: Words) -> Decimal | None:
    """SA as its first implementation had it: every tuple of the cross product counts, synonyms reuse vectors."""
    units = _directions(of)
    tuples = []
    for concept in range(of.n_concepts):
        present = [tag for tag in of.cells if of.cells[tag][concept]]
        if len(present) > 1:
            for chosen in product(*(of.cells[tag][concept] for tag in present)):
                vectors = [units[tag][row] for tag, row in zip(present, chosen, strict=True)]
                tuples.append(_mean(cosine(u, v) for u, v in combinations(vectors, 2)))
    spreads = []
    for tag, cells in of.cells.items():
        used: dict[int, Vector] = {}
        for cell in cells:
            for row in cell:
                used.setdefault(row, units[tag][cell[0]])
        spreads.append(_pairwise(list(used.values())))
    return _ratio(_mean_or_none(tuples), _mean_of_all(spreads))


@exactly
def euclidean_by_definition(of: Words) -> Decimal | None:
    """SA with root mean squared Euclidean distances of the vectors as they are."""
    raw = {tag: [_decimals(row) for row in rows] for tag, rows in of.vectors.items()}
    spreads = []
    for concept in range(of.n_concepts):
        found = [
            _mean(squared(u, v) for u, v in _across(raw, of.cells, a, b, concept, concept)).sqrt()
            for a, b in combinations(of.cells, 2)
            if of.cells[a][concept] and of.cells[b][concept]
        ]
        if found:
            spreads.append(_mean(found))
    intra = _mean_of_all([None if (h := _pairwise(rows, squared)) is None else h.sqrt() for rows in raw.values()])
    return _ratio(_mean_or_none(spreads), intra)


@exactly
def cosine(u: Vector, v: Vector) -> Decimal:
    """1 - u·v of unit vectors."""
    return 1 - sum((x * y for x, y in zip(u, v, strict=True)), Decimal(0))


@exactly
def squared(u: Vector, v: Vector) -> Decimal:
    """‖u - v‖²."""
    return sum(((x - y) ** 2 for x, y in zip(u, v, strict=True)), Decimal(0))


@exactly
def exact_unit(vector: FloatArray) -> Vector:
    """The direction of one vector to 50 digits."""
    return _unit(_decimals(vector))


def _exact(units: dict[str, list[Vector]], cells: dict[str, tuple[Cell, ...]]) -> Exact:
    n_concepts = len(next(iter(cells.values())))
    pairs = list(combinations(cells, 2))
    spread = {
        (a, b): [
            _mean_or_none([cosine(u, v) for u, v in _across(units, cells, a, b, concept, concept)])
            for concept in range(n_concepts)
        ]
        for a, b in pairs
    }
    other = {
        (a, b): [
            _mean(cosine(u, v) for u, v in _across(units, cells, a, b, concept, another))
            for concept, another in product(range(n_concepts), repeat=2)
            if concept != another and cells[a][concept] and cells[b][another]
        ]
        for a, b in pairs
    }
    concepts = [_mean_of_known(spread[pair][concept] for pair in pairs) for concept in range(n_concepts)]
    languages = {tag: _pairwise(units[tag]) for tag in cells}
    inter, intra = _mean_of_known(concepts), _mean_of_all(list(languages.values()))
    pair_spread = {pair: _mean_of_known(found) for pair, found in spread.items()}
    return Exact(
        _ratio(inter, intra),
        inter,
        intra,
        _mean_of_known(_mean_or_none(found) for found in other.values()),
        languages,
        concepts,
        pair_spread,
        {(a, b): _ratio(pair_spread[a, b], _mean_of_all([languages[a], languages[b]])) for a, b in pairs},
        {pair: sum(value is not None for value in found) for pair, found in spread.items()},
    )


def _across(
    vectors: dict[str, list[Vector]], cells: dict[str, tuple[Cell, ...]], a: str, b: str, of_a: int, of_b: int
) -> Iterable[tuple[Vector, Vector]]:
    """Every rendering of one cell of ``a`` with every rendering of one cell of ``b``."""
    return ((vectors[a][i], vectors[b][j]) for i in cells[a][of_a] for j in cells[b][of_b])


def _pairwise(vectors: list[Vector], distance: Distance = cosine) -> Decimal | None:
    return _mean_or_none([distance(u, v) for u, v in combinations(vectors, 2)])


def _ratio(inter: Decimal | None, intra: Decimal | None) -> Decimal | None:
    return None if inter is None or intra is None or intra < LEAST_SPREAD else 1 / (1 + inter / intra)


def _mean(values: Iterable[Decimal]) -> Decimal:
    found = list(values)
    return sum(found, Decimal(0)) / len(found)


def _mean_or_none(values: list[Decimal]) -> Decimal | None:
    return _mean(values) if values else None


def _mean_of_known(values: Iterable[Decimal | None]) -> Decimal | None:
    return _mean_or_none([value for value in values if value is not None])


def _mean_of_all(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return _mean(known) if len(known) == len(values) else None


def _directions(of: Words) -> dict[str, list[Vector]]:
    return {tag: [exact_unit(row) for row in rows] for tag, rows in of.vectors.items()}


def _decimals(vector: FloatArray) -> Vector:
    return tuple(Decimal(float(x)) for x in vector)


def _unit(vector: Vector) -> Vector:
    length = _length(vector)
    return tuple(x / length for x in vector)


def _length(vector: Vector) -> Decimal:
    return sum((x * x for x in vector), Decimal(0)).sqrt()

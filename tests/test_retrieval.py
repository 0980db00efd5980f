"""Nearest-neighbour measures against plain loops over every query, its pool and its sorted neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, permutations, product

import numpy as np
import pytest

from generator.measures import aligned_index, neighbours
from generator.measures.affinity import unit_vectors
from generator.measures.companion import Cells, Companion, cells_of
from generator.measures.index import FloatArray, IntArray
from generator.measures.neighbours import nearest_neighbours
from generator.measures.resampling import concept_weights
from generator.measures.retrieval import (
    cell_groups,
    directed_retrieval,
    language_attraction,
    retrieval_cap,
    retrieval_measures,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

TOLERANCE = 1e-5
"""Cosines are taken in float32."""
TAGS = ("en", "zh", "ar", "hi")
NONE = np.nan

Cell = tuple[int, int]
"""Language and concept."""


def cells(vectors: FloatArray, held: np.ndarray | None = None) -> Cells:
    """(L, C, d) of any length as cells."""
    units = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    held = np.ones(units.shape[:2], dtype=bool) if held is None else held
    return Cells(TAGS[: len(units)], np.where(held[:, :, None], units, 0), held)


def random_cells(seed: int) -> Cells:
    """Noisy translations with empty cells, words with the same vector and languages apart, all at random."""
    rng = np.random.default_rng(seed)
    n_languages, n_concepts, n_dims = int(rng.integers(2, 5)), int(rng.integers(3, 31)), int(rng.integers(3, 12))
    vectors = rng.standard_normal((n_concepts, n_dims)) + rng.uniform(0.2, 1.5) * rng.standard_normal(
        (n_languages, n_concepts, n_dims)
    )
    vectors += rng.uniform(0, 2) * rng.standard_normal((n_languages, 1, n_dims))
    clones = rng.random((n_languages, n_concepts)) < rng.choice([0, 0.2, 0.7])
    vectors[clones] = vectors[0, 0]
    vectors *= 1 + 1e-8 * rng.standard_normal(vectors.shape)  # what is the same differs in its rounding
    return cells(vectors, rng.random((n_languages, n_concepts)) > rng.choice([0, 0.1, 0.5]))


class ByDefinition:
    """Every measure from the sorted neighbours of every query."""

    def __init__(self, of: Cells, counts: Sequence[float] | None = None) -> None:
        self.of = of
        self.languages = range(len(of.units))
        self.concepts = range(of.units.shape[1])
        self.counts = [1.0] * len(self.concepts) if counts is None else list(counts)
        self.cosines = np.einsum("acd,bed->acbe", of.units, of.units).tolist()

    def cosine(self, x: Cell, y: Cell) -> float:
        return self.cosines[x[0]][x[1]][y[0]][y[1]]

    def pool(self, *languages: int) -> list[Cell]:
        return [(b, c) for b in languages for c in self.concepts if self.of.held[b, c]]

    def held(self, *cells: Cell) -> bool:
        return all(self.of.held[cell] for cell in cells)

    def nearest(self, x: Cell, pool: list[Cell]) -> dict[Cell, float]:
        """The chance of each cell of the pool to be among the ten nearest when ties come in any order."""
        others = [y for y in pool if y != x]
        places = min(10, len(others))
        if not places:
            return {}
        tenth = sorted((self.cosine(x, y) for y in others), reverse=True)[places - 1]
        nearer = [y for y in others if self.cosine(x, y) > tenth + TOLERANCE]
        level = [y for y in others if abs(self.cosine(x, y) - tenth) <= TOLERANCE]
        return dict.fromkeys(nearer, 1.0) | dict.fromkeys(level, (places - len(nearer)) / len(level))

    def nearness(self, x: Cell, b: int) -> float:
        found = sorted((self.cosine(x, y) for y in self.pool(b) if y != x), reverse=True)[:10]
        return float(np.mean(found))

    def placed(self, score: Callable[[Cell, Cell], float], a: int, b: int, c: int) -> tuple[int, int]:
        right = score((a, c), (b, c))
        others = [score((a, c), y) for y in self.pool(b) if y[1] != c]
        return sum(s > right + TOLERANCE for s in others), sum(abs(s - right) <= TOLERANCE for s in others)

    def relative(self, x: Cell, y: Cell) -> float:
        return self.cosine(x, y) - (self.nearness(x, y[0]) + self.nearness(y, x[0])) / 2

    def mean(self, values: dict[int, float]) -> float:
        """The weighted mean over concepts."""
        total = sum(self.counts[c] for c in values)
        return sum(self.counts[c] * value for c, value in values.items()) / total if total else NONE

    def shared(self, a: int, b: int) -> list[int]:
        return [c for c in self.concepts if self.held((a, c), (b, c))]

    def p1(self, a: int, b: int, score: Callable[[Cell, Cell], float] | None = None) -> float:
        found = {c: self.placed(score or self.cosine, a, b, c) for c in self.shared(a, b)}
        return self.mean({c: 0 if ahead else 1 / (1 + tied) for c, (ahead, tied) in found.items()})

    def mrr(self, a: int, b: int) -> float:
        found = {c: self.placed(self.cosine, a, b, c) for c in self.shared(a, b)}
        return self.mean({c: 1 / (1 + ahead + tied / 2) for c, (ahead, tied) in found.items()})

    def csls(self, a: int, b: int) -> float:
        return self.p1(a, b, self.relative)

    def margin(self, a: int, b: int) -> float:
        return self.mean({c: self.relative((a, c), (b, c)) for c in self.shared(a, b)})

    def weak(self, a: int, b: int) -> float:
        return self.mean(
            {
                c: self.placed(self.cosine, a, b, c) == self.placed(self.cosine, b, a, c) == (0, 0)
                for c in self.shared(a, b)
            }
        )

    def single_nearest(self, x: Cell, b: int) -> Cell | None:
        found = sorted(((self.cosine(x, y), y) for y in self.pool(b)), reverse=True)
        alone = found and (len(found) == 1 or found[0][0] > found[1][0] + TOLERANCE)
        return found[0][1] if alone else None

    def mutual(self, a: int, b: int) -> float:
        ends = [(x, y) for x in self.pool(a) if (y := self.single_nearest(x, b)) and self.single_nearest(y, a) == x]
        weighed = [(self.counts[x[1]] + self.counts[y[1]], x[1] == y[1]) for x, y in ends]
        total = sum(weight for weight, _ in weighed)
        return sum(weight for weight, hit in weighed if hit) / total if total else NONE

    def strong(self, *languages: int) -> float:
        total = found = 0.0
        for x in self.pool(*languages):
            right = [self.cosine(x, (b, x[1])) for b in languages if b != x[0] and self.held((b, x[1]))]
            wrong = [self.cosine(x, y) for y in self.pool(*languages) if y[1] != x[1]]
            if right:
                total += self.counts[x[1]]
                found += self.counts[x[1]] * (min(right) > max(wrong, default=-2) + TOLERANCE)
        return found / total if total else NONE

    def skewness(self, a: int, b: int) -> float:
        often = dict.fromkeys(self.pool(b), 0.0)
        for x in self.pool(a):
            for y, chance in self.nearest(x, self.pool(b)).items():
                often[y] += chance
        repeated = [(self.counts[y[1]], n) for y, n in often.items()]
        total = sum(w for w, _ in repeated)
        if not total:
            return NONE
        mean = sum(w * n for w, n in repeated) / total
        variance = sum(w * (n - mean) ** 2 for w, n in repeated) / total
        return sum(w * (n - mean) ** 3 for w, n in repeated) / total / variance**1.5 if variance > 1e-9 else NONE

    def separability(self, *languages: int) -> float:
        pool = self.pool(*languages)
        excess = room = 0.0
        for x in pool:
            near = self.nearest(x, pool)
            if near:
                chance = (len(self.pool(x[0])) - 1) / (len(pool) - 1)
                purity = sum(share for y, share in near.items() if y[0] == x[0]) / sum(near.values())
                excess += self.counts[x[1]] * (purity - chance)
                room += self.counts[x[1]] * (1 - chance)
        return excess / room if room else NONE

    def language_shares(self, a: int) -> dict[int, dict[int, float]]:
        """By concept and language, the share of the nearest cell in the pool of the other languages."""
        shares = {}
        for x in self.pool(a):
            pool = self.pool(*(b for b in self.languages if b != a))
            if pool:
                best = max(self.cosine(x, y) for y in pool)
                near = {y[0] for y in pool if self.cosine(x, y) >= best - TOLERANCE}
                shares[x[1]] = {b: (b in near) / len(near) for b in self.languages}
        return shares

    def others(self, a: int) -> int:
        return sum(bool(self.pool(b)) for b in self.languages if b != a)

    def preference(self) -> float:
        """1 - entropy / log n; of a resample, by the cross-entropy with the whole list."""
        found = []
        for a in self.languages:
            shares = self.language_shares(a)
            if self.others(a) > 1 and sum(self.counts[c] for c in shares):
                often = {b: np.mean([share[b] for share in shares.values()]) for b in self.languages}
                drawn = {b: self.mean({c: share[b] for c, share in shares.items()}) for b in self.languages}
                occurring = [b for b in self.languages if often[b]]
                entropy = -sum(drawn[b] * math.log(often[b]) for b in occurring)
                entropy += (len(occurring) - 1) / (2 * len(shares))
                found.append(1 - entropy / math.log(self.others(a)))
        return float(np.mean(found)) if found else NONE

    def attraction(self, b: int) -> float:
        asked = [a for a in self.languages if a != b and self.pool(a)]
        if not asked or not self.pool(b):
            return NONE
        return float(
            np.mean([np.mean([s[b] for s in self.language_shares(a).values()]) * self.others(a) for a in asked])
        )

    def pairs(self, measure: Callable[[int, int], float]) -> list[float]:
        """The mean of both directions of every pair of languages."""
        return [(measure(a, b) + measure(b, a)) / 2 for a, b in combinations(self.languages, 2)]


BY_PAIR: dict[str, Callable[[ByDefinition], list[float]]] = {
    "retrieval_p1": lambda by: by.pairs(by.p1),
    "retrieval_mrr": lambda by: by.pairs(by.mrr),
    "csls_p1": lambda by: by.pairs(by.csls),
    "margin": lambda by: by.pairs(by.margin),
    "weak_alignment": lambda by: by.pairs(by.weak),
    "mutual_precision": lambda by: by.pairs(by.mutual),
    "strong_alignment": lambda by: by.pairs(by.strong),
    "hubness": lambda by: by.pairs(by.skewness),
    "language_separability": lambda by: by.pairs(by.separability),
    "language_preference": lambda by: [NONE for _ in combinations(by.languages, 2)],
}
OF_POOL: dict[str, Callable[[ByDefinition], float]] = {
    "strong_alignment": lambda by: by.strong(*by.languages),
    "language_separability": lambda by: by.separability(*by.languages),
    "language_preference": lambda by: by.preference(),
}


def overall(name: str, by: ByDefinition, pairs: Sequence[float]) -> float:
    known = [value for value in pairs if math.isfinite(value)]
    return OF_POOL[name](by) if name in OF_POOL else float(np.mean(known)) if known else NONE


def measured(of: Cells, weights: FloatArray | None = None) -> dict[str, Companion]:
    weights = np.ones((1, of.units.shape[1])) if weights is None else weights
    return retrieval_measures(nearest_neighbours(of), weights)


def assert_same(found: dict[str, Companion], expected: dict[str, Companion]) -> None:
    for name, companion in expected.items():
        for part in ("value", "draws", "pair_values", "pair_draws"):
            np.testing.assert_allclose(
                getattr(found[name], part), getattr(companion, part), rtol=0, atol=TOLERANCE, err_msg=f"{name} {part}"
            )


# The definitions


@pytest.mark.parametrize("seed", range(25))
def test_every_measure_agrees_with_plain_loops(seed: int) -> None:
    of = random_cells(seed)
    weights = concept_weights(of.units.shape[1], 3, seed)
    found = measured(of, weights)
    assert set(found) == set(BY_PAIR)
    whole = ByDefinition(of)
    for name, by_pair in BY_PAIR.items():
        pairs = by_pair(whole)
        np.testing.assert_allclose(found[name].pair_values, pairs, rtol=0, atol=TOLERANCE, err_msg=name)
        assert found[name].value == pytest.approx(overall(name, whole, pairs), abs=TOLERANCE, nan_ok=True), name
        for row, counts in enumerate(weights):
            resampled = ByDefinition(of, counts)
            drawn = by_pair(resampled)
            np.testing.assert_allclose(found[name].pair_draws[row], drawn, rtol=0, atol=TOLERANCE, err_msg=name)
            with_value = [draw for draw, value in zip(drawn, pairs, strict=True) if math.isfinite(value)]
            expected = overall(name, resampled, with_value)
            assert found[name].draws[row] == pytest.approx(expected, abs=TOLERANCE, nan_ok=True), name


@pytest.mark.parametrize("seed", range(20))
def test_each_direction_agrees_with_plain_loops(seed: int) -> None:
    of = random_cells(seed)
    by, found = ByDefinition(of), directed_retrieval(nearest_neighbours(of))
    for name, measure in (("retrieval_p1", by.p1), ("retrieval_mrr", by.mrr)):
        expected = [[NONE if a == b else measure(a, b) for b in by.languages] for a in by.languages]
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(20))
def test_attraction_agrees_with_plain_loops(seed: int) -> None:
    of = random_cells(seed)
    expected = [ByDefinition(of).attraction(b) for b in range(len(of.units))]
    np.testing.assert_allclose(language_attraction(nearest_neighbours(of)), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(10))
def test_what_a_query_finds_agrees_with_plain_loops(seed: int) -> None:
    of = random_cells(seed)
    by, found = ByDefinition(of), nearest_neighbours(of)
    for c, a, b in product(by.concepts, by.languages, by.languages):
        others = [y for y in by.pool(b) if y[1] != c]
        if not by.held((a, c)):
            assert np.isnan([found.right[c, a, b], found.wrong[c, a, b], found.nearness[c, a, b]]).all()
            assert found.nearest[c, a, b] == -1
            continue
        assert found.wrong[c, a, b] == pytest.approx(
            max((by.cosine((a, c), y) for y in others), default=-np.inf), abs=TOLERANCE
        )
        if a != b and by.held((b, c)):
            assert found.right[c, a, b] == pytest.approx(by.cosine((a, c), (b, c)), abs=TOLERANCE)
            assert (found.ahead[c, a, b], found.tied[c, a, b]) == by.placed(by.cosine, a, b, c)
        else:
            assert np.isnan(found.right[c, a, b])
        often = sum(by.nearest(x, by.pool(a)).get((a, c), 0) for x in by.pool(b))
        assert found.occurrence[c, b, a] == pytest.approx(often, abs=1e-4)


# Blocks and samples


@pytest.mark.parametrize("size", [1, 4 * 17 * 17 * 2, 4 * 17 * 17 * 3])
def test_blocks_of_any_size_give_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    of = cells(rng.standard_normal((17, 6)) + rng.standard_normal((4, 17, 6)), rng.random((4, 17)) > 0.2)
    weights = concept_weights(17, 5, 0)
    whole = measured(of, weights)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", size)
    assert_same(measured(of, weights), whole)


@pytest.mark.parametrize("tile", [20, 21, 32])
def test_the_nearest_of_long_lists_are_found_tile_by_tile(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    of = cells(rng.standard_normal((170, 6)) + rng.standard_normal((2, 170, 6)), rng.random((2, 170)) > 0.2)
    weights = concept_weights(170, 5, 0)
    whole = measured(of, weights)
    monkeypatch.setattr(neighbours, "TILE", tile)
    assert_same(measured(of, weights), whole)


def test_of_a_longer_list_an_even_sample_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    of = cells(np.random.default_rng(3).standard_normal((2, 40, 6)))
    monkeypatch.setattr(neighbours, "MOST_CONCEPTS", 14)
    found = nearest_neighbours(of)
    assert found.sample.tolist() == list(range(0, 40, 3))
    chosen = Cells(of.languages, of.units[:, found.sample], of.held[:, found.sample])
    weights = concept_weights(40, 5, 0)
    assert_same(retrieval_measures(found, weights), measured(chosen, weights[:, found.sample]))


# Degenerate cases


def test_identical_translations_are_all_found() -> None:
    found = measured(cells(np.tile(np.random.default_rng(4).standard_normal((20, 8)), (3, 1, 1))))
    for name in ("retrieval_p1", "retrieval_mrr", "csls_p1", "mutual_precision", "weak_alignment", "strong_alignment"):
        assert found[name].value == 1, name
        assert (found[name].pair_values == 1).all(), name
    assert found["language_preference"].value < 0.05
    assert found["margin"].value > 0


def test_identical_vectors_are_found_by_chance_and_belong_to_no_language() -> None:
    found = measured(cells(np.ones((3, 300, 16)) / 7))
    assert found["retrieval_p1"].value == pytest.approx(1 / 300)
    assert found["csls_p1"].value == pytest.approx(1 / 300)
    assert found["retrieval_mrr"].value == pytest.approx(1 / 150.5)
    assert found["weak_alignment"].value == found["strong_alignment"].value == 0
    assert found["margin"].value == pytest.approx(0, abs=TOLERANCE)
    assert found["language_separability"].value == pytest.approx(0, abs=TOLERANCE)
    assert found["language_separability"].pair_values == pytest.approx(0, abs=TOLERANCE)
    assert np.isnan(found["mutual_precision"].value), "nothing is anybody's nearest"


@pytest.mark.parametrize("n_concepts", [17, 22, 33, 300])
def test_rounding_makes_no_hubs(n_concepts: int) -> None:
    found = measured(cells(np.ones((2, n_concepts, 4))), concept_weights(n_concepts, 20, 0))["hubness"]
    assert np.isnan(found.value), "everything is as near"
    assert np.isnan(found.draws).all()


def test_two_concepts() -> None:
    en, de = np.array([[1.0, 0], [0, 1]]), np.array([[0.8, 0.6], [0.9, 0.4]])
    found = measured(cells(np.stack([en, de])))
    # en 1 finds de 2 and en 2 finds de 1; both words of de find en 1.
    assert directed_retrieval(nearest_neighbours(cells(np.stack([en, de]))))["retrieval_p1"][
        [0, 1], [1, 0]
    ].tolist() == [0, 0.5]
    assert found["retrieval_p1"].value == 0.25
    assert found["retrieval_mrr"].value == pytest.approx((0.5 + 0.75) / 2)
    assert found["mutual_precision"].value == 0
    assert found["strong_alignment"].value == 0
    assert np.isnan(found["hubness"].value), "both are always among the nearest ten"


def test_one_shared_concept_is_found_among_the_others() -> None:
    held = np.array([[True, True, False], [False, True, True]])
    vectors = np.array([[[1.0, 0], [0, 1], [1, 1]], [[1, 0], [0, 1], [1, 1]]])
    found = measured(cells(vectors, held))
    assert found["retrieval_p1"].value == found["weak_alignment"].value == found["strong_alignment"].value == 1


def test_languages_without_a_common_concept_have_no_retrieval_but_neighbours() -> None:
    rng = np.random.default_rng(5)
    held = np.ones((3, 40), dtype=bool)
    held[0, 20:], held[1, :20] = False, False
    found = measured(cells(rng.standard_normal((3, 40, 5)), held), concept_weights(40, 20, 0))
    for name in ("retrieval_p1", "retrieval_mrr", "csls_p1", "margin", "weak_alignment", "strong_alignment"):
        assert np.isnan(found[name].pair_values).tolist() == [True, False, False], name
        assert np.isfinite(found[name].value), name
        assert np.isfinite(found[name].draws).all(), name
    for name in ("hubness", "language_separability"):
        assert np.isfinite(found[name].pair_values).all(), name


def test_an_empty_language_has_no_value_and_never_wins() -> None:
    rng = np.random.default_rng(6)
    vectors = -np.abs(rng.standard_normal((4, 30, 5))) * [[[1]], [[-1]], [[1]], [[1]]]
    held = np.ones((4, 30), dtype=bool)
    held[2] = False
    found, without = measured(cells(vectors, held)), measured(cells(vectors[[0, 1, 3]]))
    kept = [pair in ((0, 1), (0, 3), (1, 3)) for pair in combinations(range(4), 2)]
    for name, companion in without.items():
        assert found[name].value == pytest.approx(companion.value, abs=TOLERANCE), name
        np.testing.assert_allclose(found[name].pair_values[kept], companion.pair_values, atol=TOLERANCE, err_msg=name)
        assert np.isnan(found[name].pair_values[np.logical_not(kept)]).all(), name
    assert np.isnan(language_attraction(nearest_neighbours(cells(vectors, held)))).tolist() == [
        False,
        False,
        True,
        False,
    ]


def test_one_concept_in_two_languages() -> None:
    found = measured(cells(np.array([[[1.0, 0]], [[0, 1.0]]])))
    for name in ("retrieval_p1", "retrieval_mrr", "csls_p1", "mutual_precision", "weak_alignment", "strong_alignment"):
        assert found[name].value == 1, name
    assert np.isnan(found["hubness"].value)
    assert np.isnan(found["language_preference"].value)
    assert found["language_separability"].value == 0, "the only neighbour is the translation, as chance has it"


def test_two_languages_leave_nothing_to_prefer() -> None:
    found = measured(cells(np.random.default_rng(13).standard_normal((2, 20, 6))))
    assert np.isnan(found["language_preference"].value)
    assert np.isnan(found["language_preference"].draws).all()


# What must not matter, and what must


def test_rotation_length_and_the_order_of_concepts_do_not_matter() -> None:
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((25, 9)) + rng.standard_normal((3, 25, 9))
    held = rng.random((3, 25)) > 0.2
    rotation = np.linalg.qr(rng.standard_normal((9, 9)))[0]
    order = rng.permutation(25)
    weights = concept_weights(25, 7, 0)
    expected = measured(cells(vectors, held), weights)
    assert_same(measured(cells(vectors @ rotation * 37, held), weights), expected)
    assert_same(measured(cells(vectors[:, order], held[:, order]), weights[:, order]), expected)


def test_length_does_not_matter_to_the_cells_of_vectors() -> None:
    rng = np.random.default_rng(8)
    vectors = {tag: rng.standard_normal((12, 5)) for tag in ("العربية", "हिन्दी", "👩🏽‍🚀")}
    longer = {tag: rows * rng.uniform(0.1, 10, (12, 1)) for tag, rows in vectors.items()}
    first, second = (measured(cells_of(unit_vectors(of), aligned_index(12, list(of)))) for of in (vectors, longer))
    assert_same(second, first)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_languages_does_not_matter(order: tuple[int, ...]) -> None:
    rng = np.random.default_rng(9)
    vectors, held = rng.standard_normal((3, 25, 6)), rng.random((3, 25)) > 0.2
    pairs = list(combinations(range(3), 2))
    moved = [pairs.index(tuple(sorted((order[a], order[b])))) for a, b in pairs]
    weights = concept_weights(25, 7, 0)
    found, expected = (
        measured(cells(vectors[list(order)], held[list(order)]), weights),
        measured(cells(vectors, held), weights),
    )
    for name, companion in expected.items():
        assert found[name].value == pytest.approx(companion.value, abs=TOLERANCE, nan_ok=True), name
        np.testing.assert_allclose(found[name].draws, companion.draws, atol=TOLERANCE, err_msg=name)
        np.testing.assert_allclose(found[name].pair_values, companion.pair_values[moved], atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("seed", range(5))
def test_drawing_every_concept_once_gives_the_value_itself(seed: int) -> None:
    of = random_cells(seed)
    for name, companion in measured(of, np.ones((2, of.units.shape[1]))).items():
        np.testing.assert_allclose(companion.draws, companion.value, rtol=1e-9, err_msg=name)
        np.testing.assert_allclose(companion.pair_draws, [companion.pair_values] * 2, rtol=1e-9, err_msg=name)


def simulated(noise: float = 1.0, offset: float = 0.0, cone: float = 0.0) -> dict[str, float]:
    """Two languages with 349 concepts, as in the traps that SA alone does not see."""
    rng = np.random.default_rng(10)
    vectors = rng.standard_normal((349, 256)) + 0.6 * noise * rng.standard_normal((2, 349, 256))
    vectors += rng.standard_normal((2, 1, 256)) * offset + rng.standard_normal((1, 256)) * cone
    return {name: companion.value for name, companion in measured(cells(vectors)).items()}


def test_an_offset_between_languages_leaves_retrieval_whole_and_tells_on_strong_alignment() -> None:
    base, apart = simulated(), simulated(offset=2)
    for name in ("retrieval_p1", "csls_p1", "mutual_precision", "weak_alignment"):
        assert base[name] == 1, name
        assert apart[name] > 0.995, name
    assert base["strong_alignment"] == 1
    assert apart["strong_alignment"] == 0
    assert base["language_separability"] == pytest.approx(0, abs=0.1)
    assert apart["language_separability"] == 1


def test_noise_lowers_retrieval_and_all_that_follows_it() -> None:
    base, noisy = simulated(), simulated(noise=5)
    for name in base.keys() - {"hubness", "language_separability", "language_preference"}:
        assert noisy[name] < base[name] - 0.1, name


def test_a_common_cone_leaves_retrieval_whole_and_the_margin_small() -> None:
    base, narrow = simulated(), simulated(cone=3)
    assert narrow["retrieval_p1"] == narrow["strong_alignment"] == 1
    assert 0 < narrow["margin"] < base["margin"] / 4


def test_a_hub_is_told_by_the_skewness() -> None:
    rng = np.random.default_rng(11)
    vectors = rng.standard_normal((2, 100, 100))
    vectors[1, :3] = vectors[0].sum(axis=0)
    hubs, even = (measured(cells(v))["hubness"].value for v in (vectors, rng.standard_normal((2, 100, 100))))
    assert hubs > 1.5 > even > -0.5


def test_a_language_that_takes_all_is_preferred() -> None:
    rng = np.random.default_rng(12)
    meaning = rng.standard_normal((200, 30))
    noise = np.array([0.1, 1, 1, 1])[:, None, None]
    near = cells(meaning + noise * rng.standard_normal((4, 200, 30)))
    alike = cells(meaning + rng.standard_normal((4, 200, 30)))
    assert measured(near)["language_preference"].value > measured(alike)["language_preference"].value + 0.2
    drawn = measured(alike, concept_weights(200, 500, 0))["language_preference"]
    assert drawn.draws.mean() == pytest.approx(drawn.value, abs=0.005), "resampling alone makes no preference"
    assert language_attraction(nearest_neighbours(near)).argmax() == 0
    assert language_attraction(nearest_neighbours(alike)) == pytest.approx(1, abs=0.2)


# The cap


def best_p1(groups: IntArray, a: int, b: int) -> float:
    """P@1 under the best of all assignments of a group of targets to each group of queries."""
    shared = [c for c in range(groups.shape[1]) if groups[a, c] >= 0 and groups[b, c] >= 0]
    if a == b or not shared:
        return NONE
    asked, offered = sorted({groups[a, c] for c in shared}), sorted(set(groups[b]) - {-1})
    size = {group: int((groups[b] == group).sum()) for group in offered}
    best = 0.0
    for chosen in product(offered, repeat=len(asked)):
        choice = dict(zip(asked, chosen, strict=True))
        best = max(best, sum(1 / size[groups[b, c]] for c in shared if choice[groups[a, c]] == groups[b, c]))
    return best / len(shared)


@pytest.mark.parametrize("seed", range(60))
def test_the_cap_is_the_best_of_all_assignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, rng.integers(1, 6), (3, int(rng.integers(1, 8))))
    expected = [[best_p1(groups, a, b) for b in range(3)] for a in range(3)]
    np.testing.assert_allclose(retrieval_cap(groups), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_no_vectors_pass_the_cap_and_the_best_reach_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, (2, 15))
    directions = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    found = directed_retrieval(nearest_neighbours(cells(directions[groups])))["retrieval_p1"]
    assert (found[[0, 1], [1, 0]] <= retrieval_cap(groups)[[0, 1], [1, 0]] + TOLERANCE).all()
    same = np.stack([groups[0], np.arange(15)])
    reached = directed_retrieval(nearest_neighbours(cells(directions[same[:1]].repeat(2, axis=0))))["retrieval_p1"]
    cap = retrieval_cap(np.stack([groups[0], groups[0]]))
    np.testing.assert_allclose(reached, cap, rtol=1e-6)


def test_cells_with_the_same_renderings_are_one_group() -> None:
    texts = {
        "zh": [frozenset({"早上", "早晨"}), frozenset({"早晨", "早上"}), frozenset({"早上"}), frozenset[str]()],
        "ar": [frozenset({"صباح"}), frozenset[str](), frozenset({"صَباح"}), frozenset({"🌅"})],
        "hi": [frozenset({"सुबह"}), frozenset({"सुबह"}), frozenset({"सुबह"}), frozenset({"सुबह"})],
    }
    groups = cell_groups(texts)
    assert groups.tolist() == [[0, 0, 1, -1], [0, -1, 1, 2], [0, 0, 0, 0]]
    cap = retrieval_cap(groups)
    assert cap[0, 2] == pytest.approx(1 / 4), "three words of zh find four of hi that are one"
    assert cap[2, 0] == pytest.approx(1 / 3), "the words of hi find the single 早上, or share the double one"
    assert cap[0, 1] == 1
    assert np.isnan(np.diagonal(cap)).all()


def test_the_order_of_a_cells_renderings_does_not_matter() -> None:
    synonyms = [f"字{i}" for i in range(60)]
    assert cell_groups({"zh": [frozenset(synonyms), frozenset(reversed(synonyms))]}).tolist() == [[0, 0]]


def test_languages_without_common_concepts_have_no_cap() -> None:
    cap = retrieval_cap(np.array([[0, -1], [-1, 0], [-1, -1]]))
    assert np.isnan(cap).all()

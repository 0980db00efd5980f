"""Identical spelling, and SA without it, against plain loops over concepts and pairs of languages."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from generator.measures import Affinity, ConceptIndex, Incidence, semantic_affinity
from generator.measures.affinity import concept_pair_spreads, unit_vectors
from generator.measures.companion import Companion
from generator.measures.index import FloatArray
from generator.measures.resampling import AffinityDraws, affinity_draws, concept_weights
from generator.measures.spelling import affinity_without_identical, identical_share, same_spelling

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

STRINGS = ("sol", "Sol", "日", "天日", "شمس", "सूर्य", "☀️", "☀", "e\u0301te\u0301", "\u00e9t\u00e9", "солнце", "태양")
TAGS = ("es", "zh", "ja", "ar")

Cells = dict[str, list[frozenset[str]]]


def cells(*columns: tuple[str, ...]) -> Cells:
    """Columns of cells; `|` separates strings, an empty cell has none."""
    return {
        tag: [frozenset(cell.split("|")) if cell else frozenset() for cell in column]
        for tag, column in zip(TAGS, columns, strict=False)
    }


def random_cells(seed: int, n_languages: int = 3, n_concepts: int = 12) -> Cells:
    rng = np.random.default_rng(seed)
    return {
        tag: [frozenset(rng.choice(STRINGS, size=rng.integers(0, 3))) for _ in range(n_concepts)]
        for tag in TAGS[:n_languages]
    }


def vectors_for(texts: Cells, seed: int = 0, n_dims: int = 5) -> tuple[dict[str, FloatArray], ConceptIndex]:
    """A random vector for every distinct string of a language, and which cells hold it."""
    rng = np.random.default_rng(seed)
    vectors, languages = {}, {}
    for tag, column in texts.items():
        row = {string: i for i, string in enumerate(sorted(frozenset().union(*column)))}
        placed = [(row[string], concept) for concept, cell in enumerate(column) for string in sorted(cell)]
        rows, concepts = np.array(placed).T
        vectors[tag] = rng.standard_normal((len(row), n_dims))
        languages[tag] = Incidence(rows, concepts)
    return unit_vectors(vectors), ConceptIndex(len(next(iter(texts.values()))), languages)


def measured(texts: Cells, weights: FloatArray) -> tuple[Companion, Affinity, AffinityDraws, FloatArray]:
    units, index = vectors_for(texts)
    affinity = semantic_affinity(units, index)
    drawn = affinity_draws(units, index, affinity.concept_spread, weights)
    spreads = concept_pair_spreads(units, index)
    without = affinity_without_identical(spreads, same_spelling(texts), affinity, drawn, weights)
    return without, affinity, drawn, spreads


# Which cells are spelt alike


@pytest.mark.parametrize("seed", range(5))
def test_cells_with_a_common_string_are_spelt_alike(seed: int) -> None:
    texts = random_cells(seed, 4)
    found = same_spelling(texts)
    assert found.shape == (12, 4, 4)
    columns = list(texts.values())
    for concept, a, b in product(range(12), range(4), range(4)):
        assert found[concept, a, b] == (a != b and bool(columns[a][concept] & columns[b][concept]))
    assert found.any()
    assert not found.all()


def test_strings_are_alike_when_every_code_point_agrees() -> None:
    texts = cells(("é", "Sol", "☀️", "سلام", "日|天"), ("e\u0301", "sol", "☀", "سلام", "陽|日"))
    np.testing.assert_array_equal(same_spelling(texts)[:, 0, 1], [False, False, False, True, True])


# Their share


@pytest.mark.parametrize("seed", range(5))
def test_identical_share_counts_concepts_that_both_write(seed: int) -> None:
    texts = random_cells(seed)
    weights = concept_weights(12, 20, seed)
    found = identical_share(texts, weights)
    for pair, (a, b) in enumerate(combinations(texts, 2)):
        both = [c for c in range(12) if texts[a][c] and texts[b][c]]
        alike = [c for c in both if texts[a][c] & texts[b][c]]
        assert found.pair_values[pair] == pytest.approx(len(alike) / len(both))
        for w, draw in zip(weights, found.pair_draws[:, pair], strict=True):
            counted = sum(w[c] for c in both)
            expected = sum(w[c] for c in alike) / counted if counted else np.nan
            assert draw == pytest.approx(expected, nan_ok=True)
    assert found.value == pytest.approx(np.mean(found.pair_values))
    np.testing.assert_allclose(found.draws, [np.mean(row[np.isfinite(row)]) for row in found.pair_draws])


def test_languages_without_a_common_concept_have_no_share() -> None:
    found = identical_share(cells(("日", "天", ""), ("日", "", "sol"), ("", "", "sol")), np.ones((4, 3)))
    np.testing.assert_array_equal(found.pair_values, [1, np.nan, 1])
    assert found.value == 1
    np.testing.assert_array_equal(found.draws, np.ones(4))


# SA without them


@pytest.mark.parametrize("seed", range(5))
def test_affinity_without_identical_leaves_pairs_out_of_v_and_nothing_out_of_h(seed: int) -> None:
    texts = random_cells(seed, n_concepts=20)
    weights = np.vstack([np.ones(20), concept_weights(20, 25, seed)])
    found, affinity, drawn, spreads = measured(texts, weights)
    pairs = list(combinations(range(3), 2))
    columns = list(texts.values())

    def kept(concept: int, a: int, b: int) -> bool:
        return bool(columns[a][concept] and columns[b][concept]) and not columns[a][concept] & columns[b][concept]

    def inter(w: FloatArray, of: list[tuple[int, int]]) -> float:
        means = {c: np.mean(v) for c in range(20) if (v := [spreads[c, a, b] for a, b in of if kept(c, a, b)])}
        counted = sum(w[c] for c in means)
        return sum(w[c] * v for c, v in means.items()) / counted if counted else np.nan

    expected = [1 / (1 + inter(w, pairs) / h) for w, h in zip(weights, drawn.intra, strict=True)]
    np.testing.assert_allclose(found.draws, expected, rtol=0, atol=1e-12)
    assert found.value == pytest.approx(1 / (1 + inter(weights[0], pairs) / affinity.intra_spread), abs=1e-12)
    assert found.value == pytest.approx(found.draws[0], abs=1e-12)
    for pair, (a, b) in enumerate(pairs):
        intra = drawn.language_spread[[a, b]].mean(axis=0)
        expected = [1 / (1 + inter(w, [(a, b)]) / h) for w, h in zip(weights, intra, strict=True)]
        np.testing.assert_allclose(found.pair_draws[:, pair], expected, rtol=0, atol=1e-12)
        assert found.pair_values[pair] == pytest.approx(found.pair_draws[0, pair], abs=1e-12)


def test_nothing_changes_where_nothing_is_spelt_alike() -> None:
    texts = cells(("sol", "luna", "mar"), ("日", "月", "海|洋"), ("شمس", "قمر", "بحر"))
    weights = concept_weights(3, 10, 0)
    found, affinity, drawn, _ = measured(texts, weights)
    assert found.value == pytest.approx(affinity.value, abs=1e-12)
    np.testing.assert_allclose(found.draws, drawn.affinity, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.pair_values, affinity.pair_affinity[np.triu_indices(3, 1)], rtol=0, atol=1e-12)


def test_leaving_out_what_is_free_lowers_affinity() -> None:
    texts = cells(("mar", "sol", "rey", "pan"), ("mar", "sol", "王", "面包"))
    units, index = vectors_for(texts)
    alike = {
        tag: [sorted(s for cell in column for s in cell).index(s) for s in ("mar", "sol")]
        for tag, column in texts.items()
    }
    units["zh"][alike["zh"]] = units["es"][alike["es"]]
    affinity = semantic_affinity(units, index)
    drawn = affinity_draws(units, index, affinity.concept_spread, np.ones((1, 4)))
    spreads = concept_pair_spreads(units, index)
    found = affinity_without_identical(spreads, same_spelling(texts), affinity, drawn, np.ones((1, 4)))
    # Half of the distances were zero.
    assert found.value == pytest.approx(1 / (1 + 2 * affinity.ratio))
    assert found.value < affinity.value


def test_lists_that_are_spelt_alike_throughout_leave_nothing() -> None:
    found, *_ = measured(cells(("日", "月", "海"), ("日", "月", "海")), concept_weights(3, 10, 0))
    assert np.isnan(found.value)
    assert np.isnan(found.draws).all()
    assert np.isnan(found.pair_values).all()
    assert np.isnan(found.pair_draws).all()

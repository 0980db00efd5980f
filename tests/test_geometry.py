"""Geometry at the levels of language, against plain loops over items, pairs and steps."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from scipy.stats import spearmanr
from vectors_strategy import random_words

from generator.measures import ConceptIndex, Incidence, geometry, semantic_affinity
from generator.measures.affinity import mean_pairwise_spread, unit_vectors
from generator.measures.companion import Cells
from generator.measures.geometry import (
    Resampled,
    category_measures,
    collapse_ratio,
    intra_spread,
    number_measures,
    purities,
    silhouettes,
)
from generator.measures.index import FloatArray, IntArray
from generator.measures.resampling import concept_weights

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

LETTERS = ("α", "א", "ا", "अ", "あ")
"""Names of categories."""


def units_from(rows: FloatArray) -> FloatArray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def directions(n: int, n_dims: int = 5, seed: int = 0) -> FloatArray:
    return units_from(np.random.default_rng(seed).standard_normal((n, n_dims)))


def categories(n: int, n_categories: int = 3, seed: int = 0) -> IntArray:
    """Numbers of categories, all of them in use and the last for a single item."""
    category = np.random.default_rng(seed).integers(n_categories - 1, size=n)
    category[: n_categories - 1] = np.arange(n_categories - 1)
    category[-1] = n_categories - 1
    return category


def named(category: IntArray) -> list[str]:
    return [LETTERS[c] for c in category]


def numbers_of(*rows: FloatArray, held: np.ndarray | None = None) -> Cells:
    units = np.stack(rows)
    held = np.ones(units.shape[:2], dtype=bool) if held is None else held
    return Cells(("en", "ar", "hi")[: len(units)], np.where(held[:, :, None], units, 0), held)


def number_line(values: FloatArray, noise: float = 0.0, seed: int = 0) -> FloatArray:
    """Numbers on an arc by their logarithm, off it by noise."""
    angle = np.log1p(values) / np.log1p(values).max()
    off = noise * np.random.default_rng(seed).standard_normal((len(values), 10))
    return units_from(np.column_stack([np.cos(angle), np.sin(angle), off]))


# Spread at a level


@pytest.mark.parametrize("seed", range(3))
def test_intra_spread_is_that_of_semantic_affinity(seed: int) -> None:
    drawn = random_words(seed)
    found = intra_spread(unit_vectors(drawn.vectors), drawn.index, np.ones((3, drawn.n_concepts)))
    expected = semantic_affinity(drawn.vectors, drawn.index).intra_spread
    assert found.value == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(found.draws, [expected] * 3, rtol=0, atol=1e-12)


def test_a_list_without_translations_has_a_spread_and_resamples() -> None:
    letters = {"und-Grek": directions(6, seed=1), "und-Deva": directions(4, seed=2)}
    index = ConceptIndex(
        10,
        {
            "und-Grek": Incidence(np.arange(6), np.arange(6)),
            "und-Deva": Incidence(np.arange(4), np.arange(6, 10)),
        },
    )
    weights = concept_weights(10, 30, 0)
    found = intra_spread(letters, index, weights)
    assert found.value == pytest.approx(np.mean([mean_pairwise_spread(rows) for rows in letters.values()]))

    def resampled(rows: FloatArray, w: FloatArray) -> float:
        pairs = list(combinations(range(len(rows)), 2))
        share = np.array([w[i] * w[j] for i, j in pairs])
        return float(share @ [1 - rows[i] @ rows[j] for i, j in pairs] / share.sum()) if share.any() else np.nan

    expected = [
        np.mean([resampled(letters["und-Grek"], w[:6]), resampled(letters["und-Deva"], w[6:])]) for w in weights
    ]
    np.testing.assert_allclose(found.draws, expected, rtol=0, atol=1e-12)


def test_collapse_ratio_is_a_ratio_of_values_and_of_draws() -> None:
    found = collapse_ratio(Resampled(0.2, np.array([0.1, 0.3])), Resampled(0.8, np.array([0.5, 0.0])))
    assert found.value == pytest.approx(0.25)
    np.testing.assert_allclose(found.draws, [0.2, np.nan])


def test_nothing_can_be_told_against_words_that_coincide() -> None:
    found = collapse_ratio(Resampled(0.2, np.array([0.1])), Resampled(0.0, np.array([0.5])))
    assert np.isnan(found.value)


# Categories


@pytest.mark.parametrize("seed", range(5))
def test_silhouettes_follow_the_definition(seed: int) -> None:
    units, category = directions(14, seed=seed), categories(14, 4, seed)
    distance = 1 - units @ units.T

    def silhouette(i: int) -> float:
        def mean(of: int) -> float:
            return float(np.mean([distance[i, j] for j in range(14) if category[j] == of and j != i]))

        if (category == category[i]).sum() == 1:
            return 0
        a, b = mean(category[i]), min(mean(other) for other in range(4) if other != category[i])
        return (b - a) / max(a, b)

    np.testing.assert_allclose(silhouettes(units, category), [silhouette(i) for i in range(14)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("distinct", [7, 3])
def test_purities_are_the_mean_over_all_ways_to_break_ties(seed: int, distinct: int) -> None:
    lengths = np.random.default_rng(seed).uniform(0.1, 10, (7, 1))
    units = units_from(lengths * directions(distinct, seed=seed)[np.arange(7) % distinct])  # alike but for rounding
    category = categories(7, 3, seed)
    cosine = np.round(units @ units.T, 9)

    def purity(i: int) -> float:
        others = [j for j in range(7) if j != i]
        k = min(10, sum(category[j] == category[i] for j in others))
        if not k:
            return np.nan
        orders = [sorted(order, key=lambda j: -cosine[i, j])[:k] for order in permutations(others)]
        return float(np.mean([[category[j] == category[i] for j in nearest] for nearest in orders]))

    np.testing.assert_allclose(purities(units, category), [purity(i) for i in range(7)], rtol=0, atol=1e-12)


def test_purities_look_at_ten_neighbours_at_most() -> None:
    angle = np.concatenate([np.linspace(0, 0.1, 11), np.linspace(0.3, 0.4, 5), np.linspace(2, 2.1, 6)])
    units = np.column_stack([np.cos(angle), np.sin(angle)])
    category = np.array([0] * 11 + [1] * 5 + [0] * 6)
    found = purities(units, category)
    np.testing.assert_array_equal(found[:11], np.ones(11))
    # Sixteen others share their category, so ten are looked at: five of their six, then the five of the other one.
    np.testing.assert_allclose(found[16:], [0.5] * 6)


@pytest.mark.parametrize("seed", range(3))
def test_categories_are_weighed_anew_among_the_neighbours_they_have(seed: int) -> None:
    units, category = directions(14, seed=seed), categories(14, 4, seed)
    weights = np.vstack([np.ones(14), concept_weights(14, 20, seed)])
    found = category_measures(units, named(category), weights)
    size = np.bincount(category)[category]
    several = size > 1
    chance, purity = (size - 1) / 13, purities(units, category)
    for w, silhouette, above in zip(
        weights, found["category_silhouette"].draws, found["category_purity"].draws, strict=True
    ):
        assert silhouette == pytest.approx(np.average(silhouettes(units, category), weights=w), abs=1e-12)
        p, expected = (np.average(each[several], weights=w[several]) for each in (purity, chance))
        assert above == pytest.approx((p - expected) / (1 - expected), abs=1e-12)
    for one in found.values():
        assert one.value == pytest.approx(one.draws[0], abs=1e-12)


def test_well_separated_categories_of_any_size_reach_one() -> None:
    centres = 100 * np.eye(3, 8)
    category = np.repeat([0, 1, 2], [2, 5, 30])
    units = units_from(centres[category] + np.random.default_rng(0).standard_normal((37, 8)))
    found = category_measures(units, named(category), concept_weights(37, 10, 0))
    assert found["category_silhouette"].value > 0.99
    assert found["category_purity"].value == pytest.approx(1)
    np.testing.assert_allclose(found["category_purity"].draws, 1)


def test_one_cluster_split_at_random_has_no_categories() -> None:
    category = np.random.default_rng(0).integers(3, size=400)
    found = category_measures(directions(400, 16), named(category), concept_weights(400, 10, 0))
    assert found["category_silhouette"].value == pytest.approx(0, abs=0.02)
    assert found["category_purity"].value == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("labels", [["अ"] * 4, ["अ", "あ", "α", "א"], ["अ", "अ", "", ""], [""] * 4])
def test_categories_need_two_and_one_of_them_two_items(labels: list[str]) -> None:
    found = category_measures(directions(4), labels, np.ones((3, 4)))
    for one in found.values():
        assert np.isnan(one.value)
        assert np.isnan(one.draws).all()
        assert one.draws.shape == (3,)


def test_items_without_a_category_are_left_out() -> None:
    units, category = directions(12), categories(12)
    weights = concept_weights(15, 10, 0)
    found = category_measures(np.vstack([directions(3, seed=9), units]), ["", "", "", *named(category)], weights)
    expected = category_measures(units, named(category), weights[:, 3:])
    for name, one in found.items():
        assert one.value == expected[name].value
        np.testing.assert_array_equal(one.draws, expected[name].draws)


def test_coinciding_items_have_no_silhouette_and_chance_purity() -> None:
    units, category = np.repeat(directions(1), 9, axis=0), np.arange(9) % 3
    np.testing.assert_array_equal(silhouettes(units, category), np.zeros(9))
    np.testing.assert_allclose(purities(units, category), np.full(9, 2 / 8))


def test_categories_do_not_mind_rotation_order_names_or_the_size_of_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    units, category = directions(30), categories(30)
    weights = concept_weights(30, 10, 0)
    found = category_measures(units, named(category), weights)
    order = np.random.default_rng(1).permutation(30)
    turned = units @ np.linalg.qr(directions(5, seed=3)).Q
    others = [
        category_measures(turned, named(category), weights),
        category_measures(units[order], named(category[order]), weights[:, order]),
        category_measures(units, named(2 - category), weights),
    ]
    monkeypatch.setattr(geometry, "CHUNK_BYTES", 8 * 30 * 7)
    others.append(category_measures(units, named(category), weights))
    for other in others:
        for name, one in found.items():
            assert other[name].value == pytest.approx(one.value, abs=1e-12)
            np.testing.assert_allclose(other[name].draws, one.draws, rtol=0, atol=1e-12)


# Numbers


def order_by_definition(units: FloatArray, values: FloatArray) -> float:
    pairs = list(combinations(range(len(units)), 2))
    by_value = [round(abs(np.log1p(values[i]) - np.log1p(values[j])), 10) for i, j in pairs]
    by_vector = [round(1 - units[i] @ units[j], 10) for i, j in pairs]
    return float(spearmanr(by_value, by_vector).statistic)


def path_by_definition(units: FloatArray, values: FloatArray, w: FloatArray) -> float:
    """With every weight 1, the mean step over the mean distance; otherwise a step weighs what its ends weigh."""
    order = sorted(range(len(units)), key=lambda i: values[i])
    steps = [((w[i] + w[j]) / 2, 1 - units[i] @ units[j]) for i, j in pairwise(order)]
    pairs = [(w[i] * w[j], 1 - units[i] @ units[j]) for i, j in combinations(range(len(units)), 2)]
    step, pair = (np.average([d for _, d in each], weights=[share for share, _ in each]) for each in (steps, pairs))
    return float(step / pair)


@pytest.mark.parametrize("seed", range(4))
def test_number_measures_follow_their_definitions_in_every_language(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.permutation(np.concatenate([np.arange(8.0), [100, 1000, 1e9]]))
    held = rng.random((3, 11)) > 0.2
    held[:, 4:] |= rng.random(7) > 0.5
    held[0, :2] = True
    cells = numbers_of(*(directions(11, seed=10 * seed + a) for a in range(3)), held=held)
    cells.units[0, 1] = cells.units[0, 0]  # as where a model does not know the letters
    weights = np.vstack([np.ones(11), concept_weights(11, 10, seed)])
    found = number_measures(cells, values, weights)
    each = [(cells.units[a, held[a]], values[held[a]], weights[:, held[a]]) for a in range(3)]
    assert found["number_order"].value == pytest.approx(np.mean([order_by_definition(u, v) for u, v, _ in each]))
    assert found["number_order"].draws[0] == pytest.approx(found["number_order"].value, abs=1e-12)
    expected = np.mean([[path_by_definition(u, v, w) for w in drawn] for u, v, drawn in each], axis=0)
    assert found["number_path"].value == pytest.approx(expected[0], abs=1e-12)
    np.testing.assert_allclose(found["number_path"].draws, expected, rtol=0, atol=1e-12)


def test_numbers_on_a_line_are_in_order_and_shuffled_ones_are_not() -> None:
    values = np.concatenate([np.arange(101.0), 10.0 ** np.arange(3, 10)])
    line, weights = number_line(values), np.ones((1, len(values)))
    ordered = number_measures(numbers_of(line), values, weights)
    assert ordered["number_order"].value == pytest.approx(1)
    assert ordered["number_path"].value < 0.05
    found = [
        number_measures(numbers_of(line), np.random.default_rng(seed).permutation(values), weights)
        for seed in range(30)
    ]
    assert np.mean([each["number_order"].value for each in found]) == pytest.approx(0, abs=0.05)
    assert np.mean([each["number_path"].value for each in found]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("first", [0, -5])
def test_values_are_compared_by_their_logarithm(first: int) -> None:
    power = np.arange(first, first + 10)
    values = np.sign(power) * (10.0 ** np.abs(power) - 1)
    even = np.linspace(0, 1, 10)
    found = number_measures(numbers_of(np.column_stack([np.cos(even), np.sin(even)])), values, np.ones((1, 10)))
    assert found["number_order"].value == pytest.approx(1)


@pytest.mark.parametrize("values", [np.arange(118.0), 2.0 ** np.arange(100) - 1], ids=["in steps of 1", "doubling"])
@pytest.mark.parametrize("noise", [0.03, 0.15])
@pytest.mark.parametrize("unknown", [0, 50])
def test_draws_of_the_order_follow_resamples_ranked_anew(values: FloatArray, noise: float, unknown: int) -> None:
    n = len(values)
    units, weights = number_line(values, noise), concept_weights(n, 300, 1)
    units[::2][:unknown] = units[0]  # as where a model does not know the words
    found = number_measures(numbers_of(units), values, weights)["number_order"]
    i, j = np.triu_indices(n, 1)
    distances = (np.abs(np.log1p(values[i]) - np.log1p(values[j])), (1 - units @ units.T)[i, j])

    def ranked_anew(w: FloatArray) -> float:
        share = w[i] * w[j] / (w[i] * w[j]).sum()

        def ranks(distance: FloatArray) -> FloatArray:
            _, place = np.unique(np.round(distance, 12), return_inverse=True)
            total = np.bincount(place, share)
            return (np.cumsum(total) - total / 2)[place]

        covariance = np.cov(*map(ranks, distances), aweights=share)
        return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))

    anew = np.array([ranked_anew(w) for w in weights])
    assert ranked_anew(np.ones(n)) == pytest.approx(found.value)
    assert found.draws.std() == pytest.approx(anew.std(), rel=0.15)
    assert np.corrcoef(found.draws, anew)[0, 1] > 0.85
    assert np.subtract(*np.quantile(found.draws, [0.975, 0.025])) == pytest.approx(
        np.subtract(*np.quantile(anew, [0.975, 0.025])), rel=0.15
    )


def test_no_draw_of_the_order_leaves_the_range() -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).permutation(5).astype(float)
        cells = numbers_of(number_line(values, 0.1, seed))
        assert np.abs(number_measures(cells, values, concept_weights(5, 50, seed))["number_order"].draws).max() <= 1


def test_concepts_without_a_number_are_left_out() -> None:
    values = np.array([np.nan, 5, 1, 3, 2, np.nan, 9])
    units, weights = directions(7), concept_weights(7, 10, 0)
    found = number_measures(numbers_of(units), values, weights)
    known = np.isfinite(values)
    expected = number_measures(numbers_of(units[known]), values[known], weights[:, known])
    for name, one in found.items():
        assert one.value == expected[name].value
        np.testing.assert_array_equal(one.draws, expected[name].draws)


def test_languages_without_order_do_not_stop_the_others() -> None:
    values = np.arange(6.0)
    few = np.zeros((3, 6), dtype=bool)
    few[0], few[1, :2], few[2] = True, True, True
    same = units_from(np.linspace(0.1, 10, 6)[:, None] * directions(1))  # but for rounding
    weights = np.ones((2, 6))
    found = number_measures(numbers_of(directions(6), directions(6, seed=1), same, held=few), values, weights)
    alone = number_measures(numbers_of(directions(6)), values, weights)
    for name, one in found.items():
        assert one.value == alone[name].value
        np.testing.assert_array_equal(one.draws, alone[name].draws)


@pytest.mark.parametrize(("n", "values"), [(2, [1.0, 2.0]), (4, [np.nan] * 4), (3, [7.0] * 3)])
def test_too_few_or_equal_numbers_have_no_order(n: int, values: list[float]) -> None:
    found = number_measures(numbers_of(directions(n)), np.array(values), np.ones((2, n)))
    assert np.isnan(found["number_order"].value)
    assert np.isnan(found["number_order"].draws).all()
    assert np.isnan(found["number_path"].value) == (n != 3)


def test_numbers_do_not_mind_rotation_or_the_order_of_the_list() -> None:
    values = np.random.default_rng(0).permutation(20).astype(float)
    units, weights = number_line(values, 0.1), concept_weights(20, 10, 0)
    found = number_measures(numbers_of(units), values, weights)
    order = np.random.default_rng(1).permutation(20)
    turned = units @ np.linalg.qr(directions(12, 12, seed=3)).Q
    for other in (
        number_measures(numbers_of(turned), values, weights),
        number_measures(numbers_of(units[order]), values[order], weights[:, order]),
    ):
        for name, one in found.items():
            assert other[name].value == pytest.approx(one.value, abs=1e-12)
            np.testing.assert_allclose(other[name].draws, one.draws, rtol=0, atol=1e-12)

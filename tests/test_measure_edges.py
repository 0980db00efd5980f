"""Edges of the measures that a mutation run found no other test to see; see docs/mutants.md."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from generator.errors import MeasureUndefinedError
from generator.measures import ConceptIndex, Incidence, aligned_index
from generator.measures.affinity import LEAST_SPREAD, affinity_of, affinity_sums, centred_vectors
from generator.measures.companion import LEAST_LENGTH, Cells, cells_of, mean_over_pairs
from generator.measures.geometry import category_measures, collapse_ratio, number_measures
from generator.measures.index import FloatArray
from generator.measures.likeness import _mean, likeness_measures
from generator.measures.map_quality import MOST_LOOKED_AT, _without_self, map_quality
from generator.measures.resampling import LEAST_SHARE, Resampled, percentile_intervals

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def directions(n: int, n_dims: int = 4, seed: int = 3) -> FloatArray:
    rows = np.random.default_rng(seed).standard_normal((n, n_dims))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def one_language(units: FloatArray) -> Cells:
    return Cells(("hi",), units[None], np.ones((1, len(units)), dtype=bool))


# Intervals


def test_an_interval_is_of_95_percent_unless_told_otherwise() -> None:
    draws = np.random.default_rng(0).standard_normal((400, 2))
    assert np.array_equal(percentile_intervals(draws), percentile_intervals(draws, 0.95))
    assert not np.array_equal(percentile_intervals(draws), percentile_intervals(draws, 0.9))


def test_just_enough_draws_with_a_value_make_an_interval() -> None:
    draws = np.arange(100, dtype=np.float64)[:, None]
    lacking = round((1 - LEAST_SHARE) * 100)
    draws[:lacking] = np.nan
    assert np.isfinite(percentile_intervals(draws)).all()
    draws[lacking] = np.nan
    assert np.isnan(percentile_intervals(draws)).all()


def test_a_pair_without_a_value_has_no_part_in_any_resample() -> None:
    draws = np.array([[1.0, 5.0, 3.0], [np.nan, 5.0, 3.0]])
    found = mean_over_pairs(np.array([1.0, np.nan, 3.0]), draws)
    assert found.value == 2
    assert found.draws.tolist() == [2, 3]


def test_the_only_word_of_a_language_has_no_direction_without_its_mean() -> None:
    with pytest.raises(MeasureUndefinedError, match="1 renderings of ar lie on its mean"):
        centred_vectors({"en": directions(3), "ar": directions(1)})


def test_sums_alone_know_of_no_single_concept() -> None:
    vectors = {"en": directions(3), "ar": directions(3, seed=4)}
    assert affinity_of(affinity_sums(vectors, aligned_index(3, tuple(vectors)))).concept_spread.shape == (0,)


# Cells


def test_a_cell_whose_renderings_cancel_is_empty_whatever_lay_in_memory_before() -> None:
    units = directions(4)
    units[1] = -units[0]
    units[1, 0] += 1e-12  # shorter than LEAST_LENGTH, and not zero
    vectors = {"en": units, "ar": directions(3, seed=4)}
    cells = {"en": Incidence(np.arange(4), np.array([0, 0, 1, 2])), "ar": Incidence(np.arange(3), np.arange(3))}
    assert 0 < np.linalg.norm(units[:2].mean(axis=0)) < LEAST_LENGTH
    for _ in range(20):
        np.full((3, 2, 4), 7.0)  # freed at once, for the next array of its size to lie in
        found = cells_of(vectors, ConceptIndex(3, cells))
        assert found.held.tolist() == [[False, True, True], [True, True, True]]
        assert np.array_equal(found.units[0, 0], np.zeros(4))


# Categories


def test_two_categories_one_of_them_of_two_items_are_enough() -> None:
    found = category_measures(directions(3), ["水", "水", "火"], np.ones((2, 3)))
    assert all(np.isfinite(one.value) for one in found.values())


@pytest.mark.parametrize("labels", [["水", "水", "水"], ["水", "火", "土"]])
def test_what_too_few_categories_leave_undefined_is_named_as_what_is_defined(labels: list[str]) -> None:
    found = category_measures(directions(3), labels, np.ones((2, 3)))
    assert set(found) == {"category_silhouette", "category_purity"}
    assert all(np.isnan(one.value) and np.isnan(one.draws).all() and len(one.draws) == 2 for one in found.values())


# A value is that of the list itself, not that of the first resample


def test_a_value_is_never_that_of_a_resample() -> None:
    weights = np.array([[3.0, 0, 1, 1, 2, 0], [1, 2, 0, 3, 0, 0], [0, 1, 2, 0, 1, 2]])
    units = directions(6)
    labels = ["水", "水", "水", "火", "火", "火"]
    numbers = np.array([1.0, 2, 4, 7, 20, 100])
    cells = Cells(("en", "zh"), np.stack([units, directions(6, seed=5)]), np.ones((2, 6), dtype=bool))
    of = {
        "categories": lambda w: category_measures(units, labels, w),
        "numbers": lambda w: number_measures(one_language(units), numbers, w),
        "likeness": lambda w: likeness_measures(cells, w),
    }
    for name, measure in of.items():
        ones, found = measure(np.ones((1, 6))), measure(weights)
        for key, one in found.items():
            assert one.value == pytest.approx(ones[key].value, abs=1e-12), (name, key)
            assert ones[key].draws[0] == pytest.approx(one.value, abs=1e-9), (name, key)
            assert abs(one.draws[0] - one.value) > 1e-6, (name, key)
            if hasattr(one, "pair_values"):
                assert one.pair_values == pytest.approx(ones[key].pair_values, abs=1e-12), (name, key)


def test_three_numbers_are_enough_for_an_order() -> None:
    found = number_measures(one_language(directions(3)), np.array([1.0, 2, 9]), np.ones((1, 3)))
    assert all(np.isfinite(one.value) for one in found.values())


def test_a_resample_without_any_number_has_no_value_and_no_warning() -> None:
    weights = np.array([[0.0, 0, 0, 0], [1, 1, 1, 1]])
    found = number_measures(one_language(directions(4)), np.array([1.0, 2, 9, 40]), weights)
    assert np.isnan(found["number_path"].draws[0])
    assert found["number_path"].draws[1] == pytest.approx(found["number_path"].value)


def weighted_order(units: FloatArray, numbers: FloatArray, weights: FloatArray) -> float:
    """Spearman's correlation over pairs of numbers, each pair counting by the product of its numbers' weights."""
    pairs = list(combinations(range(len(units)), 2))
    each = np.array([weights[i] * weights[j] for i, j in pairs])
    each = each / each.sum()
    distances = [
        np.array([abs(np.log1p(numbers[i]) - np.log1p(numbers[j])) for i, j in pairs]),
        np.array([1 - units[i] @ units[j] for i, j in pairs]),
    ]
    ranks = [np.array([each[d < x].sum() + each[d == x].sum() / 2 for x in d]) for d in distances]

    def covariance(a: FloatArray, b: FloatArray) -> float:
        return float((each * a * b).sum() - 1 / 4)

    return covariance(*ranks) / np.sqrt(covariance(ranks[0], ranks[0]) * covariance(ranks[1], ranks[1]))


def test_resamples_move_the_order_of_numbers_as_weighing_its_pairs_does() -> None:
    """The derivative by the weight of each number, of what is computed and of what is written out."""
    units, numbers = directions(7), np.array([0.0, 1, 3, 4, 11, 25, 160])
    step = 1e-5
    weights = np.ones((7, 7)) + step * np.eye(7)
    found = number_measures(one_language(units), numbers, weights)["number_order"]
    start = weighted_order(units, numbers, np.ones(7))
    assert found.value == pytest.approx(start, abs=1e-12)
    expected = [(weighted_order(units, numbers, w) - start) / step for w in weights]
    assert (found.draws - found.value) / step == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_an_order_of_numbers_that_runs_backwards_stays_in_bounds_in_every_resample() -> None:
    """Steps of first order overshoot; vectors at 0°, 100° and 10° are the nearer, the further their numbers."""
    angles = np.deg2rad([0, 100, 10])
    units = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    weights = np.random.default_rng(5).multinomial(3, [1 / 3] * 3, 200).astype(np.float64)
    weights = weights[(weights > 0).sum(axis=1) > 1]
    found = number_measures(one_language(units), np.array([1.0, 2, 9]), weights)["number_order"]
    assert found.value == pytest.approx(-1)
    assert np.nanmin(found.draws) >= -1


def test_a_spread_that_is_just_large_enough_can_be_divided_by() -> None:
    least = Resampled(LEAST_SPREAD, np.array([LEAST_SPREAD, LEAST_SPREAD / 2]))
    found = collapse_ratio(Resampled(3 * LEAST_SPREAD, np.full(2, LEAST_SPREAD)), least)
    assert found.value == pytest.approx(3)
    assert found.draws == pytest.approx([1, np.nan], nan_ok=True)


# Likeness


def u_centred(kernel: FloatArray) -> FloatArray:
    """Off the diagonal, less the sums of row and column and plus that of all (Székely and Rizzo, 2014)."""
    n = len(kernel)
    without = kernel * (1 - np.eye(n))
    rows = without.sum(axis=1) / (n - 2)
    centred = without - rows[:, None] - rows + without.sum() / ((n - 1) * (n - 2))
    return np.asarray(centred * (1 - np.eye(n)))


def test_resamples_weigh_what_each_concept_has_in_cka() -> None:
    units = np.stack([directions(7), directions(7, seed=9)])
    weights = np.array([[2.0, 0, 1, 1, 1, 2, 0], [1, 1, 0, 1, 2, 1, 1]])
    found = likeness_measures(Cells(("en", "zh"), units, np.ones((2, 7), dtype=bool)), weights)["cka"]
    kernels = [u_centred(each @ each.T) for each in units]

    def moved(first: FloatArray, second: FloatArray) -> FloatArray:
        of_concept = (first * second).sum(axis=1)
        return np.asarray(2 * (weights @ of_concept) / weights.sum(axis=1) - of_concept.mean())

    a, b = kernels
    expected = moved(a, b) / np.sqrt(moved(a, a) * moved(b, b))
    assert np.abs(expected).max() < 1
    assert found.draws == pytest.approx(expected, abs=1e-12)
    assert found.value == pytest.approx((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()), abs=1e-12)


def test_a_mean_of_one_is_that_one_and_a_mean_of_none_is_none_whatever_lay_in_memory_before() -> None:
    for _ in range(20):
        np.full(4, 7.0)
        assert _mean(np.array([3.0, 0, 5, 0]), np.array([1.0, 0, 2, 0])) == pytest.approx(
            [3, np.nan, 2.5, np.nan], nan_ok=True
        )


def test_anisotropy_of_a_resample_that_draws_one_pair_is_the_cosine_of_that_pair() -> None:
    cells = Cells(("en", "zh"), np.stack([directions(2), directions(2, seed=8)]), np.ones((2, 2), dtype=bool))
    found = likeness_measures(cells, np.ones((1, 2)))["anisotropy"]
    words = cells.units.reshape(4, 4)
    assert found.value == pytest.approx(np.mean([words[i] @ words[j] for i, j in combinations(range(4), 2)]))


# Maps


def test_a_large_map_is_looked_at_in_a_sample_that_is_stated() -> None:
    points = np.random.default_rng(1).standard_normal((MOST_LOOKED_AT + 40, 2))
    rotated = points @ np.array([[0.6, -0.8], [0.8, 0.6]])
    for n, sample in ((MOST_LOOKED_AT, None), (MOST_LOOKED_AT + 40, MOST_LOOKED_AT)):
        found = map_quality(rotated[:n], points[:n])
        assert found.sample == sample
        assert (found.trustworthiness, found.neighbour_overlap) == (1, 1)


def test_of_points_that_coincide_a_list_without_the_point_itself_loses_its_furthest() -> None:
    neighbours = np.array([[0, 1, 2], [0, 2, 3], [3, 0, 2], [1, 0, 3]])
    assert _without_self(neighbours, np.array([0, 1, 2, 3])).tolist() == [[1, 2], [0, 2], [3, 0], [1, 0]]


def test_a_faulty_index_is_told_with_its_language() -> None:
    with pytest.raises(ValueError, match=r"^hi: 2 rows for 1 concepts$"):
        ConceptIndex(2, {"hi": Incidence(np.arange(2), np.arange(1))})
    with pytest.raises(ValueError, match=r"^ar: concepts must not decrease$"):
        ConceptIndex(2, {"ar": Incidence(np.arange(2), np.array([1, 0]))})


def test_an_index_of_a_table_numbers_its_rows() -> None:
    index = aligned_index(3, ["en", "hi"])
    assert index.n_concepts == 3
    assert [incidence.counts for incidence in index.languages.values()] == [{0: 1, 1: 1, 2: 1}] * 2

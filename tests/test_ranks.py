"""How sure a ranking is: known differences, ties, and how often equal models are called different."""

from __future__ import annotations

import numpy as np
import pytest

from generator.ranks import Difference, Overall, for_small_lists, overall_of, ranking

B = 2000


def draws_about(values: dict[str, float], spread: float, seed: int = 0, shared: float = 0.0) -> dict[str, np.ndarray]:
    """Draws about each value; ``shared`` is the scatter that all models have in common."""
    rng = np.random.default_rng(seed)
    common = shared * rng.standard_normal(B)
    return {model: value + common + spread * rng.standard_normal(B) for model, value in values.items()}


def test_models_far_apart_keep_their_ranks_and_groups() -> None:
    values = {"a": 0.5, "b": 0.7, "c": 0.6}
    found = ranking(values, draws_about(values, 0.001))
    assert found.models == ("b", "c", "a")
    assert [found.placings[m].rank for m in found.models] == [1, 2, 3]
    assert [(p.rank_low, p.rank_high, p.group) for p in map(found.placings.get, found.models) if p] == [
        *((1, 1, 1), (2, 2, 2), (3, 3, 3)),
    ]
    assert found.placings["b"].best == 1
    assert found.difference("b", "a").verdict == "differ"
    assert found.difference("a", "b").value == pytest.approx(-0.2)


def test_what_the_concepts_have_in_common_cancels() -> None:
    values = {"a": 0.60, "b": 0.61}
    alone = ranking(values, draws_about(values, 0.05))
    paired = ranking(values, draws_about(values, 0.001, shared=0.05))
    assert alone.difference("b", "a").verdict == "cannot tell"
    assert paired.difference("b", "a").verdict == "differ"


def test_twins_are_equivalent_and_share_rank_group_and_chance() -> None:
    same = draws_about({"a": 0.6}, 0.02)["a"]
    found = ranking({"a": 0.6, "b": 0.6}, {"a": same, "b": same})
    assert {(p.rank, p.rank_low, p.rank_high, p.best, p.group) for p in found.placings.values()} == {(1, 1, 1, 0.5, 1)}
    assert found.difference("a", "b") == Difference(0, 0, 0)
    assert found.difference("a", "b").verdict == "equivalent"


def test_a_model_listed_twice_leaves_the_comparison_of_others_alone() -> None:
    values = {"a": 0.60, "b": 0.58}
    draws = draws_about(values, 0.004, shared=0.01)
    alone = ranking(values, draws).difference("a", "b")
    again = (draws["a"] + 4e-9).astype(np.float32)  # the last digit of some of the stored numbers
    found = ranking({**values, "again": 0.60}, {**draws, "a": draws["a"].astype(np.float32), "again": again})
    assert alone.verdict == found.difference("a", "b").verdict == "differ"
    assert found.critical < 2.5
    assert found.difference("a", "again").verdict == "equivalent"


def test_critical_value_is_that_of_the_largest_of_all_differences() -> None:
    values = dict.fromkeys("abcd", 0.6)
    draws = draws_about(values, 0.01, seed=3)
    found = ranking(values, draws)
    rows = np.stack([draws[m] for m in found.models])
    rows -= rows.mean(axis=1, keepdims=True)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    studentised = [np.abs(rows[i] - rows[j]) / (rows[i] - rows[j]).std(ddof=1) for i, j in pairs]
    assert found.critical == pytest.approx(np.quantile(np.max(studentised, axis=0), 0.95))
    assert found.resolution == pytest.approx((found.critical + 0.8416) * np.median([found.deviation[p] for p in pairs]))


def test_equal_models_are_seldom_called_different_and_power_rises() -> None:
    def share_told(gap: float) -> float:
        told = 0
        for seed in range(200):
            rng = np.random.default_rng(seed)
            # What is observed scatters about the truth as the draws scatter about what is observed.
            values = {name: 0.6 + gap * i + 0.01 * rng.standard_normal() for i, name in enumerate("abcde")}
            found = ranking(values, draws_about(values, 0.01, seed + 1000))
            told += any(found.difference(a, b).verdict == "differ" for a in "abcde" for b in "abcde" if a < b)
        return told / 200

    false, some, most = share_told(0), share_told(0.01), share_told(0.02)
    assert false <= 0.08  # 5 % but for chance: a 95 % bound for 200 repetitions
    assert false < some < most
    assert most > 0.9


def test_draws_without_a_value_are_left_out_for_all() -> None:
    values = {"a": 0.6, "b": 0.5}
    draws = draws_about(values, 0.01)
    draws["a"][:50] = np.nan
    found = ranking(values, draws)
    assert found.critical == ranking(values, {m: d[50:] for m, d in draws.items()}).critical


@pytest.mark.parametrize("models", [(), ("a",)])
def test_fewer_than_two_models_have_nothing_to_compare(models: tuple[str, ...]) -> None:
    values = dict.fromkeys(models, 0.5)
    found = ranking(values, draws_about(values, 0.01))
    assert found.resolution is None
    assert [(p.rank, p.rank_low, p.rank_high, p.best, p.group) for p in found.placings.values()] == [
        (1, 1, 1, 1.0, 1)
    ] * len(models)


# Over several datasets


def test_overall_goes_by_mean_rank_over_independent_draws() -> None:
    first, second = {"a": 0.62, "b": 0.60, "c": 0.30}, {"a": 0.50, "b": 0.51, "c": 0.20}
    rankings = [ranking(values, draws_about(values, 0.03, seed)) for seed, values in ((1, first), (2, second))]
    found = overall_of(rankings)
    # By hand: ranks and values draw by draw.
    by_model: dict[str, list[np.ndarray]] = {model: [] for model in "abc"}
    values_of: dict[str, list[np.ndarray]] = {model: [] for model in "abc"}
    for seed, values in ((1, first), (2, second)):
        draws = draws_about(values, 0.03, seed)
        for model in "abc":
            by_model[model].append(1 + sum((draws[other] > draws[model]).astype(int) for other in "abc"))
            values_of[model].append(draws[model])
    for model in "abc":
        mean_rank, mean = np.mean(by_model[model], axis=0), np.mean(values_of[model], axis=0)
        assert (found.mean_rank[model].low, found.mean_rank[model].high) == tuple(
            np.quantile(mean_rank, [0.025, 0.975])
        )
        assert (found.mean[model].low, found.mean[model].high) == pytest.approx(np.quantile(mean, [0.025, 0.975]))
    assert [found.placings[m].rank for m in "abc"] == [1, 1, 3], "each of the two is first once"
    assert found.placings["a"].group == found.placings["b"].group == 1
    assert found.placings["c"] == found.placings["c"].__class__(3, 3, 3, 0.0, 2), "surely last everywhere"
    assert found.placings["a"].best + found.placings["b"].best == pytest.approx(1)


def test_overall_is_of_the_models_that_all_datasets_have() -> None:
    rankings = [ranking(v, draws_about(v, 0.01)) for v in ({"a": 0.6, "b": 0.5}, {"b": 0.5, "c": 0.4})]
    found = overall_of(rankings)
    assert set(found.placings) == set(found.mean) == {"b"}
    assert found.mean_rank["b"].low == found.mean_rank["b"].high == 1.5, "ranks are those among all on a dataset"
    assert overall_of([]) == overall_of([rankings[0], ranking({}, {})]) == Overall({}, {}, {})


def test_without_a_draw_that_all_models_share_nothing_is_ranked() -> None:
    odd = np.where(np.arange(10) % 2 == 0, 0.5, np.nan)
    assert ranking({"a": 0.5, "b": 0.5}, {"a": odd, "b": odd[::-1]}).models == ()


# Short lists


@pytest.mark.parametrize("n", [8, 30, 100, 350])
def test_critical_values_of_short_lists_are_those_of_student(n: int) -> None:
    from scipy.special import ndtr, stdtrit

    for critical in (1.6, 1.96, 2.8, 3.5):
        student = stdtrit(n - 1, ndtr(critical)) * np.sqrt(n / (n - 1))
        assert for_small_lists(critical, n) == pytest.approx(student, rel=0.002 if n >= 30 else 0.04)
    assert for_small_lists(1.96, n) > 1.96
    assert for_small_lists(1.96, 1) == for_small_lists(1.96, None) == 1.96, "nothing can be said of one concept"


def test_intervals_of_differences_widen_on_short_lists() -> None:
    values = {"a": 0.6, "b": 0.61}
    draws = draws_about(values, 0.01)
    many, few = ranking(values, draws), ranking(values, draws, n_concepts=10)
    assert few.critical == for_small_lists(many.critical, 10) > many.critical
    assert few.difference("b", "a").high > many.difference("b", "a").high
    (placing,) = {found.placings["a"].rank_high for found in (many, few)}
    assert placing == 2, "rank intervals are of the draws alone"

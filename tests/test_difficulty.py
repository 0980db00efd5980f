"""Which concepts are hard: shares and disagreement by hand, and what must not change them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr
from site_fixtures import control, measured, model

from generator.datasets import Dataset
from generator.difficulty import affinities_of, agreement, difficulties

BY_HAND = {
    "alpha": {"水": 0.9, "नमस्ते": 0.5, "قلب": 0.7},
    "beta": {"水": 0.2, "नमस्ते": 0.3, "قلب": 0.1},
    "gamma": {"水": 0.6, "नमस्ते": 0.6, "قلب": 0.4},
}


def random_affinities(n_models: int = 5, n_concepts: int = 40) -> dict[str, dict[str, float]]:
    """SA drawn evenly, with values that occur twice and a concept that one model lacks."""
    drawn = np.random.default_rng(7).uniform(0.1, 0.9, (n_models, n_concepts)).round(2)
    found = {f"model-{i}": {f"概念 {k}": float(sa) for k, sa in enumerate(row)} for i, row in enumerate(drawn)}
    del found["model-0"]["概念 3"]
    return found


def test_a_worked_example() -> None:
    found = difficulties(BY_HAND)
    # Shares of alpha 0, 1, ½; of beta ½, 0, 1; of gamma, which has two alike, ¼, ¼, 1.
    assert {concept: each.share for concept, each in found.items()} == pytest.approx(
        {"水": 0.25, "नमस्ते": 1.25 / 3, "قلب": 2.5 / 3}
    )
    assert found["水"].disagreement == pytest.approx((0.5 + 0.25 + 0.25) / 3)
    assert found["नमस्ते"].disagreement == pytest.approx((1 + 0.75 + 0.25) / 3)
    assert found["قلب"].mean_sa == pytest.approx(0.4)
    ends = {c: (d.hardest_for, d.highest, d.easiest_for, d.lowest) for c, d in found.items()}
    assert ends == {
        "水": ("beta", 0.5, "alpha", 0), "नमस्ते": ("alpha", 1, "beta", 0), "قلب": ("beta", 1, "alpha", 0.5)
    }  # fmt: skip


def test_disagreement_is_the_mean_over_pairs_of_models() -> None:
    affinities = random_affinities()
    for concept, found in difficulties(affinities).items():
        shares = [
            sum((other > own) + (other == own) / 2 for c, other in values.items() if c != concept) / (len(values) - 1)
            for values in affinities.values()
            if (own := values.get(concept)) is not None
        ]
        assert found.share == pytest.approx(np.mean(shares))
        assert found.disagreement == pytest.approx(np.mean([abs(a - b) for a, b in combinations(shares, 2)]))


def test_a_models_level_and_scale_play_no_part() -> None:
    affinities = random_affinities()
    other = {
        model: {concept: sa**3 / (i + 2) for concept, sa in values.items()}
        for i, (model, values) in enumerate(affinities.items())
    }
    before, after = difficulties(affinities), difficulties(other)
    assert [(d.share, d.disagreement) for d in before.values()] == [(d.share, d.disagreement) for d in after.values()]
    assert [d.mean_sa for d in before.values()] != [d.mean_sa for d in after.values()]
    assert agreement(other) == agreement(affinities)


def test_shares_average_one_half_over_a_list_that_all_models_have_whole() -> None:
    affinities = random_affinities()
    del affinities["model-0"]
    shares = [each.share for each in difficulties(affinities).values()]
    assert np.mean(shares) == pytest.approx(0.5)


def test_one_model_orders_its_concepts_and_disagrees_with_none() -> None:
    found = difficulties({"alpha": BY_HAND["alpha"]})
    assert [each.share for each in found.values()] == [0, 1, 0.5]
    assert {each.disagreement for each in found.values()} == {None}
    assert agreement({"alpha": BY_HAND["alpha"]}) is None


def test_models_that_order_nothing_are_left_out() -> None:
    assert difficulties({}) == {}
    assert difficulties({"alpha": {"水": 0.5}, "beta": {}}) == {}
    assert agreement({}) is None
    assert agreement({"flat": {"a": 0.5, "b": 0.5}, "alpha": {"a": 0.1, "b": 0.2}}) is None
    assert difficulties({"flat": {"a": 0.5, "b": 0.5}})["a"].share == 0.5


def test_agreement_is_the_mean_rank_correlation_over_shared_concepts() -> None:
    affinities = random_affinities()
    shared = [concept for concept in affinities["model-1"] if concept in affinities["model-0"]]
    rows = [[values[concept] for concept in shared] for values in affinities.values()]
    expected = np.mean([spearmanr(a, b).statistic for a, b in combinations(rows, 2)])
    assert agreement(affinities) == pytest.approx(expected)
    upside_down = {"a": BY_HAND["alpha"], "b": {concept: 1 - sa for concept, sa in BY_HAND["alpha"].items()}}
    assert agreement(upside_down) == pytest.approx(-1)


def test_affinities_leave_out_concepts_without_a_value(word_list: Callable[..., Dataset]) -> None:
    words = word_list()
    found = affinities_of([measured(model(), words), measured(control(), words)])
    assert list(found) == ["alpha", "control-identical"]
    assert list(found["alpha"]) == [concept.id for concept in words.concepts[:-1]]

"""How companion measures go with SA over models: rank correlations on invented results."""

from __future__ import annotations

from dataclasses import replace

import pytest
from site_fixtures import measured, model

from generator.correlation import companionships
from generator.datasets import Card, Concept, Dataset
from generator.leaderboard import build_leaderboard
from generator.results import Estimate, Outcome, PairResult


def word_list(slug: str) -> Dataset:
    words = (("water", "水", "ماء"), ("fire", "火", "نار"), ("house", "房子", "بيت"), ("family", "家庭", "👨‍👩‍👧"))
    rows = tuple(Concept(en, {"en": (en,), "zh": (zh,), "ar": (ar,)}) for en, zh, ar in words)
    return Dataset(slug, Card(slug.title()), ("en", "zh", "ar"), rows)


def with_p1(result: PairResult, value: float | None) -> PairResult:
    assert result.measures
    return replace(result, measures=replace(result.measures, companions={"retrieval_p1": Estimate(value)}))


def results(on: Dataset, told: dict[str, tuple[float, float | None]]) -> list[Outcome]:
    return [with_p1(measured(model(name), on, sa), p1) for name, (sa, p1) in told.items()]


def test_correlation_is_of_ranks_within_each_list_and_averaged_over_lists() -> None:
    first, second = word_list("first"), word_list("second")
    outcomes = results(first, {"A": (0.4, 0.1), "B": (0.5, 0.2), "C": (0.6, 0.9), "D": (0.7, 0.95)})
    outcomes += results(second, {"A": (0.1, 0.9), "B": (0.2, 0.6), "C": (0.3, 0.7), "D": (0.4, None)})
    board = build_leaderboard([first, second], [], outcomes)
    (found,) = [each for each in companionships(board, board.standings) if each.measure == "retrieval_p1"]
    assert found.by_dataset["first"].rho == pytest.approx(1)
    assert found.by_dataset["second"].rho == pytest.approx(-0.5), "1 2 3 against 3 1 2"
    assert (found.by_dataset["first"].n_models, found.by_dataset["second"].n_models) == (4, 3)
    assert found.mean == pytest.approx(0.25)
    assert found.n_models == 4


def test_two_models_or_equal_values_have_no_correlation() -> None:
    words = word_list("words")
    two = build_leaderboard([words], [], results(words, {"A": (0.4, 0.1), "B": (0.5, 0.2)}))
    same = build_leaderboard([words], [], results(words, {n: (0.1 * i, 0.5) for i, n in enumerate("ABC", start=4)}))
    for board, n_models in ((two, 2), (same, 3)):
        (found,) = [each for each in companionships(board, board.standings) if each.measure == "retrieval_p1"]
        assert (found.by_dataset, found.mean, found.n_models) == ({}, None, n_models)


def test_measures_that_nobody_has_are_left_out_and_those_of_some_are_kept() -> None:
    words = word_list("words")
    board = build_leaderboard([words], [], results(words, {"A": (0.4, 0.1)}))
    kept = {each.measure for each in companionships(board, [])}
    assert "retrieval_p1" in kept
    assert "semantic_affinity" not in kept, "SA goes with itself"
    assert "hubness" not in kept

"""Drops between domains, on invented results whose numbers are worked out by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from site_fixtures import control, failed, measured, model

from generator.datasets import Dataset
from generator.domains import (
    Drop,
    ModelDomains,
    Resamples,
    above_chance,
    drops_by_objective,
    model_domains,
    relative_drop,
)
from generator.leaderboard import build_leaderboard
from generator.results import Draws, Estimate, ModelRecord, Outcome, PairResult

WordList = Callable[..., Dataset]


@pytest.fixture
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


@pytest.fixture
def others(word_list: WordList) -> Dataset:
    return word_list(slug="others", n=6)


def result(of: ModelRecord, on: Dataset, v: float, v0: float, h: float) -> PairResult:
    """A result with these spreads, and the SA, null SA and chance correction that follow from them."""
    base = measured(of, on)
    assert base.measures
    told = dataclasses.replace(
        base.measures,
        semantic_affinity=Estimate(1 / (1 + v / h)),
        inter_spread=v,
        intra_spread=h,
        null_sa=1 / (1 + v0 / h),
        chance_corrected=1 - v / v0,
    )
    return dataclasses.replace(base, measures=told)


def drawn(seed: int, sa: float, null: float = 0.5, width: float = 0.02, n: int = 4000) -> Draws:
    """Resamples about an SA, as wide as told, and of a null SA that is always the same."""
    noise = np.random.default_rng(seed).standard_normal(n) * width
    return {"semantic_affinity": (sa + noise).astype(np.float32), "null_sa": np.full(n, null, np.float32)}


def domains(
    datasets: list[Dataset], *outcomes: Outcome, resamples: Resamples | None = None, confidence: float = 0.95
) -> Mapping[str, ModelDomains]:
    board = build_leaderboard(datasets, [], outcomes)
    return {d.standing.model.name: d for d in model_domains(board, resamples or {}, confidence)}


def drop(words: Dataset, others: Dataset, *spreads: tuple[float, float, float], **options: object) -> Drop:
    """What a model loses between two lists on which it has these V, V₀ and H."""
    outcomes = [result(model(), on, *told) for on, told in zip((words, others), spreads, strict=True)]
    scores = domains([words, others], *outcomes, **options)["Alpha"].scores  # type: ignore[arg-type]
    assert list(scores) == ["words", "others"]
    assert scores["words"].drop is None
    found = scores["others"].drop
    assert found
    return found


BOTH = {("alpha", "words"): drawn(1, 0.6), ("alpha", "others"): drawn(2, 0.5)}
SURE = {("alpha", "words"): drawn(1, 0.6, null=0.4737, width=0.001), ("alpha", "others"): drawn(2, 0.5, null=0.4444)}


def test_drops_by_hand(words: Dataset, others: Dataset) -> None:
    # SA falls from 1/(1 + 0.6/0.9) = 0.6 to 0.5, 1 - V/V₀ from 0.4 to 0.2, and H alone would give 1/(1 + 0.6/0.8).
    found = drop(words, others, (0.6, 1.0, 0.9), (0.8, 1.0, 0.8), resamples=SURE)
    assert found.raw.value == pytest.approx(1 / 6)
    assert found.above_chance is not None
    assert found.above_chance.value == pytest.approx(0.5)
    assert found.by_spread == pytest.approx(1 - (4 / 7) / 0.6)


def test_a_gain_is_a_negative_drop(words: Dataset, others: Dataset) -> None:
    assert drop(words, others, (0.8, 1.0, 0.8), (0.6, 1.0, 0.9)).raw.value == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("other", "raw", "by_spread"),
    [
        ((0.8, 1.0, 0.9), 1 - (9 / 17) / 0.6, 0.0),  # as spread as the reference: nothing of it
        ((0.6, 0.9, 0.6), 1 - 0.5 / 0.6, 1 - 0.5 / 0.6),  # translations as far apart as there: all of it
        ((0.3, 0.5, 0.45), 0.0, 1 - (0.45 / 1.05) / 0.6),  # translations closer by as much: hidden in SA
    ],
)
def test_what_spread_alone_does(
    words: Dataset, others: Dataset, other: tuple[float, float, float], raw: float, by_spread: float
) -> None:
    found = drop(words, others, (0.6, 1.0, 0.9), other)
    assert found.raw.value == pytest.approx(raw)
    assert found.by_spread == pytest.approx(by_spread)


@pytest.mark.parametrize(("confidence", "reach"), [(0.95, 1.960), (0.5, 0.674)])
def test_the_interval_of_a_drop_is_that_of_independent_resamples(
    words: Dataset, others: Dataset, confidence: float, reach: float
) -> None:
    told = [(0.6, 1.0, 0.9), (0.8, 1.0, 0.8)]
    raw = drop(words, others, *told, resamples=BOTH, confidence=confidence).raw
    assert raw.low is not None
    assert raw.high is not None
    deviation = np.hypot(0.02 / 0.6, 0.02 * 0.5 / 0.6**2)  # both lists vary, neither with the other
    assert (raw.high - raw.low) / 2 == pytest.approx(reach * deviation, rel=0.06)
    assert (raw.high + raw.low) / 2 == pytest.approx(1 / 6, abs=0.01)


def test_resamples_of_two_lists_need_not_be_as_many(words: Dataset, others: Dataset) -> None:
    fewer = {**BOTH, ("alpha", "others"): drawn(2, 0.5, n=3000)}
    assert drop(words, others, (0.6, 1.0, 0.9), (0.8, 1.0, 0.8), resamples=fewer).raw.low is not None


@pytest.mark.parametrize("lacking", ["words", "others"])
def test_without_resamples_a_drop_has_no_interval(words: Dataset, others: Dataset, lacking: str) -> None:
    held = {pair: draws for pair, draws in BOTH.items() if pair[1] != lacking}
    raw = drop(words, others, (0.6, 1.0, 0.9), (0.8, 1.0, 0.8), resamples=held).raw
    assert raw == Estimate(pytest.approx(1 / 6))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("v", "width", "given"),
    [(0.6, 0.001, True), (0.6, 0.2, False), (0.97, 0.001, False), (1.2, 0.001, False), (0.6, None, False)],
    ids=["surely above", "perhaps above", "hardly above", "below", "no resamples"],
)
def test_the_drop_above_chance_is_left_out_unless_the_reference_is_surely_above(
    words: Dataset, others: Dataset, v: float, width: float | None, *, given: bool
) -> None:
    sa, null = 1 / (1 + v / 0.9), 1 / (1 + 1 / 0.9)
    held = {("alpha", "others"): drawn(2, 0.5, null=0.4444)}
    if width is not None:
        held["alpha", "words"] = drawn(1, sa, null, width)
    found = drop(words, others, (v, 1.0, 0.9), (0.8, 1.0, 0.8), resamples=held)
    assert (found.above_chance is not None) is given


def test_draws_above_chance_and_of_a_drop() -> None:
    # H = 1: V = 1, 0.5 and V₀ = 1.25, 0.5.
    found = above_chance(np.array([0.5, 1 / 1.5]), np.array([1 / 2.25, 1 / 1.5]))
    assert found == pytest.approx([0.2, 0.0])
    assert relative_drop(np.array([0.5, 0.4, 0.3]), np.array([0.25, 0.5])) == pytest.approx([0.5, -0.25])


def test_models_without_the_reference_are_left_out(words: Dataset, others: Dataset) -> None:
    found = domains(
        [words, others],
        *(measured(model("Whole"), each) for each in (words, others)),
        measured(model("Reference only"), words),
        measured(model("No reference"), others),
        measured(model("Outdated"), words, digest="another"),
        measured(model("Outdated"), others),
        failed(model("Failed"), words),
        measured(model("Failed"), others),
    )
    assert {name: list(each.scores) for name, each in found.items()} == {
        "Whole": ["words", "others"],
        "Reference only": ["words"],
    }
    assert domains([]) == domains([others], measured(model(), words)) == {}


def test_another_reference_can_be_named(words: Dataset, others: Dataset) -> None:
    outcomes = [measured(model(), words, 0.6), measured(model(), others, 0.5)]
    (found,) = model_domains(build_leaderboard([words, others], [], outcomes, reference="others"), {})
    assert found.scores["others"].drop is None
    assert found.scores["words"].drop
    assert found.scores["words"].drop.raw.value == pytest.approx(-0.2)


def test_means_by_objective_are_of_ranked_models(words: Dataset, others: Dataset) -> None:
    values = {"A": ("mlm", 0.5, 0.4), "B": ("mlm", 0.5, 0.2), "C": ("contrastive", 0.8, 0.6)}
    outcomes = [
        measured(model(name, objective=objective), on, sa)
        for name, (objective, *both) in values.items()
        for on, sa in zip((words, others), both, strict=True)
    ]
    outcomes += [measured(control(), on, sa) for on, sa in ((words, 1.0), (others, 0.1))]
    outcomes.append(measured(model("Reference only", objective="mlm"), words))
    groups = drops_by_objective(list(domains([words, others], *outcomes).values()))
    assert [(each.group, each.dataset, each.n_models) for each in groups] == [
        ("contrastive", "others", 1),
        ("mlm", "others", 2),
    ]
    assert [each.drop for each in groups] == pytest.approx([0.25, 0.4])

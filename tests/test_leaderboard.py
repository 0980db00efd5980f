"""Ranks and tiers: who is compared with whom, and what is shown without being compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from site_fixtures import control, failed, measured, model, resamples_of

from generator.datasets import Card, Dataset
from generator.leaderboard import Leaderboard, Standing, build_leaderboard, tier, tiers
from generator.results import ModelRecord, Outcome, PairResult

WordList = Callable[..., Dataset]


@pytest.fixture
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


@pytest.fixture
def others(word_list: WordList) -> Dataset:
    return word_list(slug="others", n=6)


@pytest.fixture
def letters(word_list: WordList) -> Dataset:
    """A list with nothing to translate."""
    return replace(word_list(slug="letters", n=5), card=Card("Letters", translated=False))


def board(
    datasets: Sequence[Dataset],
    *outcomes: Outcome,
    expected: Sequence[ModelRecord] = (),
    overall: Sequence[str] | None = None,
) -> dict[str, Standing]:
    """The standings by the model's name, in the leaderboard's order."""
    return {s.model.name: s for s in build_leaderboard(datasets, expected, outcomes, overall).standings}


def places(standings: dict[str, Standing]) -> dict[str, int | None]:
    return {name: standing.place for name, standing in standings.items()}


def ranks(standings: dict[str, Standing], slug: str) -> dict[str, int | None]:
    return {name: standing.cells[slug].rank for name, standing in standings.items()}


# Ranks


def test_models_are_ranked_by_affinity_best_first(words: Dataset) -> None:
    found = board([words], measured(model("A"), words, 0.4), measured(model("B"), words, 0.6))
    assert list(found) == ["B", "A"]
    assert ranks(found, "words") == places(found) == {"B": 1, "A": 2}


def test_equal_values_share_a_rank_and_the_next_one_is_left_out(words: Dataset) -> None:
    values = {"A": 0.5, "B": 0.6, "C": 0.6, "D": 0.7}
    found = board([words], *(measured(model(name), words, sa) for name, sa in values.items()))
    assert list(found) == ["D", "B", "C", "A"], "ties stand in the order of their names"
    assert ranks(found, "words") == places(found) == {"D": 1, "B": 2, "C": 2, "A": 4}


def test_a_control_is_never_ranked_and_takes_no_rank_from_others(words: Dataset, others: Dataset) -> None:
    perfect = [measured(control(), each, 1.0) for each in (words, others)]
    plain = [measured(model("A"), each, 0.4) for each in (words, others)]
    found = board([words, others], *perfect, *plain)
    assert list(found) == ["A", "Control: identical"]
    assert [found["A"].place, found["A"].cells["words"].rank, found["A"].mean_rank] == [1, 1, 1.0]
    standing = found["Control: identical"]
    assert [standing.ranked, standing.place, standing.mean_rank] == [False, None, None]
    assert [cell.rank for cell in standing.cells.values()] == [None, None]
    assert standing.n_measured == 2


def test_the_overall_place_goes_by_the_mean_rank(words: Dataset, others: Dataset) -> None:
    found = board(
        [words, others],
        *(measured(model(name), words, sa) for name, sa in {"A": 0.9, "B": 0.6, "C": 0.5}.items()),
        *(measured(model(name), others, sa) for name, sa in {"A": 0.3, "B": 0.5, "C": 0.4}.items()),
    )
    assert {name: s.mean_rank for name, s in found.items()} == {"B": 1.5, "A": 2.0, "C": 2.5}
    assert places(found) == {"B": 1, "A": 2, "C": 3}
    assert found["A"].mean_sa == pytest.approx(0.6), "the best mean of SA does not make the best place"


def test_equal_mean_ranks_share_a_place_and_stand_by_mean_affinity(words: Dataset, others: Dataset) -> None:
    found = board(
        [words, others],
        *(measured(model(name), words, sa) for name, sa in {"A": 0.50, "B": 0.90, "C": 0.2}.items()),
        *(measured(model(name), others, sa) for name, sa in {"A": 0.52, "B": 0.51, "C": 0.2}.items()),
    )
    assert list(found) == ["B", "A", "C"]
    assert places(found) == {"B": 1, "A": 1, "C": 3}


def test_only_datasets_that_count_decide_the_place_and_the_means(words: Dataset, others: Dataset) -> None:
    outcomes = [
        measured(model("A"), words, 0.6),
        measured(model("B"), words, 0.5),
        measured(model("B"), others, 0.9),
    ]
    found = board([words, others], *outcomes, overall=["words"])
    assert list(found) == ["A", "B"]
    assert places(found) == {"A": 1, "B": 2}
    assert {name: (s.mean_rank, s.mean_sa) for name, s in found.items()} == {"A": (1.0, 0.6), "B": (2.0, 0.5)}
    assert ranks(found, "others") == {"A": None, "B": 1}
    assert places(board([words, others], *outcomes)) == {"A": None, "B": 1}
    assert places(board([words, others], *outcomes, overall=[])) == {"A": None, "B": None}


def test_a_dataset_without_translations_is_shown_and_decides_nothing(words: Dataset, letters: Dataset) -> None:
    outcomes = [measured(model("A"), words, 0.6), measured(model("B"), words, 0.5), measured(model("B"), letters)]
    for overall in (None, ["words", "letters"]):
        whole = build_leaderboard([letters, words], [], outcomes, overall)
        first, second = whole.standings
        assert [(s.model.name, s.place, s.mean_sa) for s in (first, second)] == [("A", 1, 0.6), ("B", 2, 0.5)]
        assert [first.cells["letters"].state, second.cells["letters"].state] == ["missing", "measured"]
        assert second.cells["letters"].rank is None
        assert (whole.overall, whole.scored, whole.reference) == (("words",), (words,), "words")
        assert [s.model.name for s in whole.on("letters")] == ["A", "B"]
    only = build_leaderboard([letters], [], outcomes)
    assert (only.overall, only.scored, only.reference, only.dataset("letters")) == ((), (), "", letters)
    assert {standing.place for standing in only.standings} == {None}


def test_the_reference_is_the_dataset_named(words: Dataset, others: Dataset) -> None:
    assert build_leaderboard([words, others], [], [], reference="others").reference == "others"


@pytest.mark.parametrize("kind", ["failed", "missing", "outdated"])
def test_what_was_not_measured_is_shown_but_not_ranked(words: Dataset, others: Dataset, kind: str) -> None:
    gap: dict[str, list[Outcome]] = {
        "failed": [failed(model("Gap"), words)],
        "missing": [],
        "outdated": [measured(model("Gap"), words, 0.99, digest="an older list")],
    }
    found = board(
        [words, others],
        *(measured(model("Whole"), each, 0.5) for each in (words, others)),
        measured(model("Gap"), others, 0.8),
        *gap[kind],
    )
    assert list(found) == ["Whole", "Gap"], "whoever lacks a dataset follows those who do not"
    cell = found["Gap"].cells["words"]
    assert [cell.state, cell.rank, cell.result] == [kind, None, None]
    assert (cell.outcome is None) == (kind == "missing")
    assert (cell.failure is not None) == (kind == "failed")
    assert ranks(found, "words") == {"Whole": 1, "Gap": None}
    assert ranks(found, "others") == {"Whole": 2, "Gap": 1}
    assert [found["Gap"].place, found["Gap"].mean_rank, found["Gap"].mean_sa] == [None, None, None]
    assert [found["Gap"].n_measured, found["Whole"].place] == [1, 1]


def test_an_expected_model_without_results_is_shown_as_missing(words: Dataset) -> None:
    found = board([words], measured(model("A"), words), expected=[model("Never"), model("A")])
    assert list(found) == ["A", "Never"]
    assert found["Never"].cells["words"].state == "missing"


def test_an_unexpected_model_with_results_is_on_the_board(words: Dataset) -> None:
    assert list(board([words], measured(model("Old"), words), expected=[])) == ["Old"]


def test_results_on_other_datasets_are_left_out(words: Dataset, others: Dataset) -> None:
    found = board([words], measured(model("A"), others), measured(model("B"), words))
    assert list(found) == ["B"]
    assert list(found["B"].cells) == ["words"]


def test_a_result_describes_its_model_and_a_failure_does_not_replace_the_description(words: Dataset) -> None:
    told = model("A", dimensions=384)
    silent = model("A", dimensions=None)
    assert board([words], measured(told, words), expected=[silent])["A"].model == told
    assert board([words], failed(silent, words), expected=[told])["A"].model == told


def test_without_results_there_are_standings_and_no_places(words: Dataset) -> None:
    assert places(board([words], expected=[model("B"), model("A")])) == {"A": None, "B": None}
    assert board([words]) == {}


def test_the_order_in_which_results_come_does_not_matter(words: Dataset, others: Dataset) -> None:
    outcomes = [
        measured(model("A"), words, 0.5),
        measured(model("B"), words, 0.5),
        measured(control(), words, 1.0),
        failed(model("C"), words),
        measured(model("B"), others, 0.4),
        measured(model("A"), others, 0.4),
    ]
    assert list(board([words, others], *outcomes)) == list(board([words, others], *reversed(outcomes)))


def test_one_dataset_is_ordered_by_ranked_then_controls_then_unmeasured(words: Dataset, others: Dataset) -> None:
    whole: Leaderboard = build_leaderboard(
        [words, others],
        [model("Never")],
        [
            *(measured(model(name), words, sa) for name, sa in {"Low": 0.3, "High": 0.6}.items()),
            *(measured(model(name), others, sa) for name, sa in {"Low": 0.6, "High": 0.3}.items()),
            measured(control("Control: identical"), words, 1.0),
            measured(control("Control: islands"), words, 0.2),
            failed(model("Broken"), words),
            measured(model("Older"), words, 0.9, digest="an older list"),
            measured(control("Control: shuffled"), others, 0.5),
        ],
    )
    assert [s.model.name for s in whole.on("words")] == [
        "High",
        "Low",
        "Control: identical",
        "Control: islands",
        "Broken",
        "Never",
        "Older",
        "Control: shuffled",
    ]
    assert [s.model.name for s in whole.on("others")][:3] == ["Low", "High", "Control: shuffled"]


# Tiers


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, "strong"), (0.60, "strong"), (0.5999, "moderate"), (0.50, "moderate"), (0.4999, "none"), (0.0, "none")],
)
def test_the_tiers_begin_at_their_lines(value: float, expected: str) -> None:
    assert tier(value) == expected


@pytest.mark.parametrize(
    ("sa", "reach", "expected"),
    [
        (0.62, 0.01, ("strong",)),
        (0.61, 0.02, ("strong", "moderate")),
        (0.59, 0.02, ("moderate", "strong")),
        (0.55, 0.02, ("moderate",)),
        (0.51, 0.02, ("moderate", "none")),
        (0.49, 0.02, ("none", "moderate")),
        (0.55, 0.06, ("moderate", "strong", "none")),
        (0.40, 0.01, ("none",)),
        (0.61, None, ("strong",)),
    ],
)
def test_an_interval_that_crosses_a_line_adds_the_tier_beyond_it(
    words: Dataset, sa: float, reach: float | None, expected: tuple[str, ...]
) -> None:
    result: PairResult = measured(model(), words, sa, reach=reach)
    assert tiers(result.measures) == expected


def test_ranks_come_with_what_the_resamples_say_of_them(words: Dataset) -> None:
    outcomes = [measured(model(name), words, sa, reach=0.02) for name, sa in (("A", 0.70), ("B", 0.69), ("C", 0.50))]
    outcomes.append(measured(control(), words, 0.99))
    rng = np.random.default_rng(0)
    resamples = {
        (o.model.slug, "words"): {
            "semantic_affinity": (o.affinity.value + 0.02 * rng.standard_normal(500)).astype("f4")
        }
        for o in outcomes
    }
    found = build_leaderboard([words], [], outcomes, resamples=resamples)
    placings = {s.model.name: s.cells["words"].placing for s in found.standings}
    assert placings.pop("Control: identical") is None
    told = {name: (p.rank, p.rank_low, p.rank_high, p.group) for name, p in placings.items() if p}
    assert told == {"A": (1, 1, 2, 1), "B": (2, 1, 2, 1), "C": (3, 3, 3, 2)}
    assert found.rankings["words"].difference("a", "c").verdict == "differ"


@pytest.mark.parametrize("kept", [None, 10])
def test_without_the_resamples_of_one_model_ranks_have_no_intervals(words: Dataset, kept: int | None) -> None:
    outcomes = [measured(model(name), words, sa) for name, sa in (("A", 0.7), ("B", 0.6), ("C", 0.5))]
    resamples = dict(resamples_of(outcomes))
    of_b = resamples.pop(("b", "words"))
    if kept:
        resamples["b", "words"] = {name: draws[:kept] for name, draws in of_b.items()}
    found = build_leaderboard([words], [], outcomes, resamples=resamples)
    cells = {s.model.name: s.cells["words"] for s in found.standings}
    assert {name: cell.rank for name, cell in cells.items()} == {"A": 1, "B": 2, "C": 3}
    assert not any(cell.placing for cell in cells.values())
    assert found.rankings["words"].resolution is None

"""The papers' claims: what decides each, which way, and that nothing else does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from site_fixtures import ROOT, control, failed, measured, model, resamples_of

from generator.claims import CLAIMS, Claim, Findings, Verdict, judged
from generator.datasets import Dataset
from generator.leaderboard import build_leaderboard
from generator.models.registry import load_registry
from generator.published import load_published

WordList = Callable[..., Dataset]
Values = Sequence[float | None]
Decide = Callable[..., Verdict]

DOMAINS = ("modern", "cultural", "untranslatable", "ancient")
REGISTRY = load_registry(Path("nowhere"))
STUDY = REGISTRY.group("paper")
PUBLISHED = load_published(sorted((ROOT / "datasets" / "published").glob("*.toml")))
PAIRS = ("LaBSE", "distiluse-base-multilingual-cased-v2", "paraphrase-multilingual-mpnet-base-v2")
QWEN = ("Qwen3-Embedding-0.6B", "Qwen3-Embedding-4B", "Qwen3-Embedding-8B")
CLOSE, WIDE = 0.002, 0.2


def claim(number: int) -> Claim:
    (found,) = [each for each in CLAIMS if each.number == number]
    return found


@pytest.fixture
def lists(word_list: WordList) -> list[Dataset]:
    """A word list a domain."""

    def of(domain: str) -> Dataset:
        made = word_list(slug=domain)
        return dataclasses.replace(made, card=dataclasses.replace(made.card, domain=domain))

    return [of(domain) for domain in DOMAINS]


@pytest.fixture
def decide(lists: list[Dataset]) -> Decide:
    """The verdict on a claim where models have these SA on the four lists; None where one was not measured."""

    def verdict(number: int, values: Mapping[str, Values], reach: float = CLOSE, **options: object) -> Verdict:
        reference = str(options.pop("reference", "modern"))
        outcomes = [
            measured(model(name), on, sa, reach=reach)
            for name, row in values.items()
            for on, sa in zip(lists, row, strict=True)
            if sa is not None
        ]
        board = build_leaderboard(lists, [], outcomes, reference=reference)
        told = {"study": STUDY, "resamples": resamples_of(outcomes), **options}
        return claim(number).decide(Findings(board, **told))  # type: ignore[arg-type]

    return verdict


def level(*means: float) -> list[Values]:
    return [[mean] * 4 for mean in means]


def falling(drop: float, sa: float = 0.7) -> Values:
    return [sa, sa, sa * (1 - drop), sa * (1 - drop)]


def named(names: Sequence[str], rows: Sequence[Values]) -> dict[str, Values]:
    return dict(zip(names, rows, strict=True))


# By claim: what agrees with it, what does not, and, with wide intervals, what says neither.
CASES: dict[int, tuple[dict[str, Values], dict[str, Values]]] = {
    1: (named(PAIRS, level(0.70, 0.68, 0.68)), named(PAIRS, level(0.70, 0.68, 0.64))),
    2: (named(QWEN, level(0.55, 0.56, 0.56)), named(QWEN, level(0.55, 0.56, 0.48))),
    3: (named(("mBERT", "XLM-R"), level(0.50, 0.45)), named(("mBERT", "XLM-R"), level(0.50, 0.50))),
    4: (named(PAIRS, [falling(0.28)] * 3), named(PAIRS, [falling(0.28), falling(0.28), [0.7, 0.7, 0.504, 0.65]])),
    5: (named(QWEN, [falling(0.16)] * 3), named(QWEN, [falling(0.16), [0.7, 0.7, 0.5, 0.588], falling(0.16)])),
    6: ({"LaBSE": [0.807, None, None, None]}, {"LaBSE": [0.70, 0.807, 0.807, 0.807]}),
    7: ({"text-embedding-3-large": [0.644, None, None, None]}, {"text-embedding-3-large": level(0.58)[0]}),
    8: ({"Qwen3-Embedding-0.6B": [0.49, None, None, None]}, {"Qwen3-Embedding-0.6B": level(0.55)[0]}),
    9: ({"mBERT": [0.507, None, None, None]}, {"mBERT": level(0.45)[0]}),
    10: ({"Any": [0.70, 0.70, 0.60, 0.70], "Weak": level(0.5)[0]}, {"Any": [0.70, 0.68, 0.69, 0.72]}),
}


@pytest.mark.parametrize("number", CASES)
def test_measured_numbers_decide(number: int, decide: Decide) -> None:
    agreeing, disagreeing = CASES[number]
    assert [
        (verdict.status, verdict.basis)
        for verdict in (decide(number, agreeing), decide(number, disagreeing), decide(number, agreeing, WIDE))
    ] == [("holds", "measured"), ("fails", "measured"), ("undecided", "" if number == 10 else "measured")]


@pytest.mark.parametrize("number", range(1, 10))
def test_measured_numbers_decide_against_published_ones(number: int, decide: Decide) -> None:
    verdict = decide(number, CASES[number][1], published=PUBLISHED)
    assert (verdict.status, verdict.basis) == ("fails", "measured")


def test_models_that_grow_better_with_size_are_on_no_plateau(decide: Decide) -> None:
    verdict = decide(2, named(QWEN, level(0.51, 0.56, 0.60)))
    assert verdict.status == "fails"
    assert "all of them" in verdict.reason
    assert verdict.checks[-1].measured
    assert verdict.checks[-1].measured.value == pytest.approx(0.0766, abs=1e-4)


def test_models_of_one_size_have_no_slope(decide: Decide) -> None:
    study = [dataclasses.replace(each, parameters=600_000_000) for each in STUDY]
    verdict = decide(2, named(QWEN, level(0.55, 0.56, 0.56)), study=study)
    values = [check.measured.value for check in verdict.checks if check.measured and check.measured.value]
    assert not any(math.isnan(value) for value in values)


# Published figures

# Half of the second has no figure, the third has bounds only, those of the sixth and the seventh contradict themselves.
UNDECIDED = {2, 3, 6, 7, 11}


@pytest.mark.parametrize("number", range(1, 12))
def test_published_figures_decide_where_nothing_was_measured(number: int, decide: Decide) -> None:
    verdict = decide(number, {}, published=PUBLISHED)
    expected = ("undecided", "") if number in UNDECIDED else ("holds", "published")
    assert (verdict.status, verdict.basis) == expected


@pytest.mark.parametrize("number", range(1, 12))
def test_without_figures_and_results_nothing_is_decided(number: int, decide: Decide) -> None:
    verdict = decide(number, {})
    assert (verdict.status, verdict.basis) == ("undecided", "")
    assert verdict.reason


@pytest.mark.parametrize(("sa", "status"), [(0.70, "undecided"), (0.40, "fails")])
def test_what_was_measured_is_not_outvoted_by_what_was_published(decide: Decide, sa: float, status: str) -> None:
    verdict = decide(1, {"LaBSE": level(sa)[0]}, published=PUBLISHED)
    assert verdict.basis != "published"
    assert verdict.status == status


@pytest.mark.parametrize(("figure", "status"), [(0.70, "holds"), (0.60, "fails"), (0.671, "fails")])
def test_published_figures_can_speak_against_a_claim(decide: Decide, figure: float, status: str) -> None:
    figures = [
        dataclasses.replace(each, value=figure) if each.models == ("LaBSE",) and each.scope.startswith("mean") else each
        for each in PUBLISHED[0].figures
    ]
    source = dataclasses.replace(PUBLISHED[0], figures=tuple(figures))
    assert decide(1, {}, published=[source]).status == status


# What a number is taken over


def test_means_are_over_the_four_domains_and_nothing_else(decide: Decide, word_list: WordList) -> None:
    own = word_list(slug="own")
    custom = dataclasses.replace(own, card=dataclasses.replace(own.card, domain="custom"))
    outcomes = [measured(model(name), custom, sa) for name, sa in zip(PAIRS, (0.70, 0.68, 0.68), strict=True)]
    assert claim(1).decide(Findings(build_leaderboard([custom], [], outcomes), study=STUDY)).status == "undecided"


def test_a_mean_needs_all_of_them(decide: Decide) -> None:
    lacking = {name: [*row[:3], None] for name, row in CASES[1][0].items()}
    assert decide(1, lacking).status == "undecided"
    some = {**lacking, "mBERT": level(0.5)[0]}
    assert decide(12, some).reason.endswith("Measured here on every domain: 1")


@pytest.mark.parametrize("number", [4, 5])
def test_drops_from_modern_concepts_are_from_no_other_list(number: int, decide: Decide) -> None:
    rows = {name: [0.3, *row[1:]] for name, row in CASES[number][0].items()}
    assert decide(number, rows, reference="cultural").status != "holds"


def test_lists_may_have_been_resampled_unequally_often(decide: Decide, lists: list[Dataset]) -> None:
    values = CASES[1][0]
    outcomes = [measured(model(n), on, v or 0.0) for n, r in values.items() for on, v in zip(lists, r, strict=True)]
    held = {pair: dict(draws) for pair, draws in resamples_of(outcomes).items()}
    held["labse", "ancient"] = {name: drawn[:50] for name, drawn in held["labse", "ancient"].items()}
    assert decide(1, values, resamples=held).status == "holds"


def test_means_have_intervals_of_lists_resampled_each_by_itself(lists: list[Dataset]) -> None:
    outcomes = [measured(model(), on, 0.6) for on in lists]
    rng = np.random.default_rng(7)
    draws = {("alpha", on.slug): {"semantic_affinity": rng.normal(0.6, 0.02, 5000)} for on in lists}
    mean = Findings(build_leaderboard(lists, [], outcomes), resamples=draws).mean("Alpha")  # type: ignore[arg-type]
    assert mean is not None
    assert mean.value == pytest.approx(0.6)
    assert (mean.low, mean.high) == pytest.approx((0.6 - 1.96 * 0.01, 0.6 + 1.96 * 0.01), abs=0.001)


# The tenth claim


@pytest.mark.parametrize(
    ("values", "reach", "status"),
    [
        ({"Weak": [0.59, 0.3, 0.3, 0.3]}, CLOSE, "undecided"),  # changes, but was never strong
        ({"Unsure": [0.61, 0.3, 0.3, 0.3]}, 0.05, "undecided"),  # not surely strong
        ({"Across the edge": [0.75, 0.75, 0.69, 0.75]}, 0.06, "undecided"),
        ({"Gains": [0.61, 0.61, 0.61, 0.70]}, CLOSE, "holds"),
        ({"Even": level(0.7)[0], "Loses": [0.70, 0.70, 0.70, 0.60]}, CLOSE, "holds"),
        ({"Even": [0.70, 0.64, 0.70, 0.70]}, CLOSE, "fails"),
    ],
)
def test_one_change_of_a_strong_model_is_enough(
    decide: Decide, values: dict[str, Values], reach: float, status: str
) -> None:
    assert decide(10, values, reach).status == status


def test_controls_do_not_speak_for_models(lists: list[Dataset]) -> None:
    outcomes = [measured(control(), on, sa) for on, sa in zip(lists, (0.9, 0.3, 0.3, 0.3), strict=True)]
    assert claim(10).decide(Findings(build_leaderboard(lists, [], outcomes))).status == "undecided"


def test_a_strong_model_is_not_said_to_be_missing(decide: Decide) -> None:
    for published in ((), PUBLISHED):
        assert "no model" not in decide(10, {"Strong": [0.7, None, None, None]}, published=published).reason.lower()


# Claims about what is here


def test_a_benchmark_of_ones_own_needs_a_result(decide: Decide, lists: list[Dataset]) -> None:
    verdict = decide(11, {"Any": [0.5, None, 0.5, None]})
    assert (verdict.status, verdict.basis) == ("holds", "measured")
    assert "The 2 pairs" in verdict.reason
    board = build_leaderboard(lists, [], [failed(model(), lists[0])])
    assert claim(11).decide(Findings(board)).status == "undecided"


@pytest.mark.parametrize(
    ("number", "study", "status"),
    [
        (12, STUDY, "holds"),
        (12, STUDY[1:], "fails"),
        (12, [m for m in STUDY if m.family != "decoder"] + [STUDY[0]] * 3, "fails"),
        (12, (), "undecided"),
        (13, STUDY, "holds"),
        (13, [m for m in STUDY if m.objective != "mlm"], "fails"),
        (13, [dataclasses.replace(m, parameters=1) for m in STUDY], "fails"),
        (13, (), "undecided"),
    ],
)
def test_claims_about_the_study_are_decided_by_its_registry(
    decide: Decide, number: int, study: Sequence[object], status: str
) -> None:
    verdict = decide(number, {}, study=study)
    assert (verdict.status, verdict.basis) == (status, "" if status == "undecided" else "registry")


# All of them


@pytest.mark.parametrize("study", [(), STUDY])
def test_no_claim_needs_a_dataset(study: Sequence[object]) -> None:
    for published in ((), PUBLISHED):
        verdicts = judged(Findings(build_leaderboard([], [], []), published, study))  # type: ignore[arg-type]
        assert [each.number for each, _ in verdicts] == list(range(1, 14))
        assert all(each.reason and (each.status == "undecided" or each.basis) for _, each in verdicts)


def test_claims_speak_of_models_by_their_names(decide: Decide) -> None:
    subjects = {check.subject for number in range(1, 10) for check in decide(number, {}).checks}
    assert len(subjects - {"all of them"}) == 9
    assert subjects - {"all of them"} <= {each.name for each in STUDY}

"""Models side by side: differences against their definition, what is said of them, and the command that says it."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from site_fixtures import (
    HOSTILE,
    control,
    environment,
    failed,
    measured,
    model,
    run_python,
    signs,
    states,
    write_benchmark,
)

from generator.cli import DONE, REFUSED, main
from generator.comparison import (
    WARNING,
    Comparison,
    by_language_pair,
    chosen_models,
    compare,
    decimal,
    disputed,
    document,
    neighbours,
    report,
    rival,
)
from generator.config import load_benchmark
from generator.datasets import Dataset
from generator.errors import InputError
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.ranks import for_small_lists, ranking
from generator.result_store import ResultStore
from generator.results import Outcome, PairFailure, PairResult, Resamples

WordList = Callable[..., Dataset]
B = 400


@pytest.fixture(scope="module")
def lists(word_list: WordList) -> tuple[Dataset, ...]:
    return tuple(word_list(slug=slug) for slug in ("words", "others", "aside"))


def drawn(outcomes: Sequence[Outcome], spread: float = 0.01, lacking: Sequence[str] = ()) -> Resamples:
    """Draws about each value, with a scatter that models of a dataset share and one of their own."""
    found = {}
    for outcome in outcomes:
        if isinstance(outcome, PairFailure) or outcome.model.slug in lacking or outcome.affinity.value is None:
            continue
        pair = outcome.model.slug, outcome.dataset.slug
        common, own = (np.random.default_rng(list("-".join(key).encode())) for key in (pair[1:], pair))
        noise = 5 * common.standard_normal(B) + own.standard_normal(B)
        found[pair] = {"semantic_affinity": (outcome.affinity.value + spread * noise).astype(np.float32)}
    return found


def board_of(
    lists: Sequence[Dataset], outcomes: Sequence[Outcome], counting: Sequence[str] = ("words", "others")
) -> Leaderboard:
    return build_leaderboard(lists, (), outcomes, counting)


def values(lists: Sequence[Dataset], **affinities: float) -> list[PairResult]:
    return [measured(model(name), on, value) for name, value in affinities.items() for on in lists]


def compared(
    lists: Sequence[Dataset], outcomes: Sequence[Outcome], resamples: Resamples, *slugs: str, **options: Any
) -> Comparison:
    return compare(board_of(lists, outcomes), slugs, resamples, **options)


# Differences


def brute(rows: Mapping[str, npt.NDArray[np.float64]], n_concepts: int) -> dict[tuple[str, str], float]:
    """Half the width of every interval, draw by draw in plain Python."""
    pairs = list(combinations(rows, 2))
    differences = {(a, b): [float(x) - float(y) for x, y in zip(rows[a], rows[b], strict=True)] for a, b in pairs}
    mean = {pair: sum(d) / len(d) for pair, d in differences.items()}
    sd = {p: (sum((x - mean[p]) ** 2 for x in d) / (len(d) - 1)) ** 0.5 for p, d in differences.items()}
    largest = [max(abs(d[i] - mean[p]) / sd[p] for p, d in differences.items()) for i in range(B)]
    critical = float(np.quantile(largest, 0.95))
    return {pair: for_small_lists(critical, n_concepts) * sd[pair] for pair in pairs}


@pytest.mark.parametrize("slugs", [("a", "b"), ("c", "a", "b"), ("d", "a", "c", "b")])
def test_intervals_hold_for_the_compared_models_at_once(lists: tuple[Dataset, ...], slugs: tuple[str, ...]) -> None:
    outcomes = values(lists, A=0.6, B=0.61, C=0.5, D=0.605)
    resamples = drawn(outcomes)
    found = compared(lists, outcomes, resamples, *slugs)
    assert [m.slug for m in found.models] == list(slugs)
    for shared in found.shared:
        rows = {slug: resamples[slug, shared.dataset.slug]["semantic_affinity"].astype(np.float64) for slug in slugs}
        n = len(shared.dataset.concepts)
        reach = brute(rows, n)
        ranked = ranking(dict(zip(slugs, shared.scores.values, strict=True)), rows, n_concepts=n)
        assert [(c.a.slug, c.b.slug) for c in shared.scores.contrasts] == list(combinations(slugs, 2))
        for contrast in shared.scores.contrasts:
            a, b = contrast.a.slug, contrast.b.slug
            told = ranked.difference(a, b)
            assert contrast.difference.value == pytest.approx(told.value, abs=1e-12)
            assert contrast.difference.low == pytest.approx(told.value - reach[a, b], abs=1e-9)
            assert contrast.difference.high == pytest.approx(told.value + reach[a, b], abs=1e-9)
            assert contrast.verdict == told.verdict
            assert contrast.resolution == pytest.approx(reach[a, b] * (1 + 0.8416 / ranked.critical), abs=1e-9)


def test_overall_is_the_mean_over_the_lists_that_count_draw_by_draw(lists: tuple[Dataset, ...]) -> None:
    outcomes = [*values(lists[:1], A=0.6, B=0.5), *values(lists[1:2], A=0.5, B=0.45), *values(lists[2:], A=0.1, B=0.9)]
    resamples = drawn(outcomes)
    found = compared(lists, outcomes, resamples, "a", "b")
    assert found.counting == ("words", "others")
    assert found.overall is not None
    assert found.overall.values == pytest.approx((0.55, 0.475))
    rows = {
        slug: np.mean([resamples[slug, on]["semantic_affinity"].astype(float) for on in found.counting], axis=0)
        for slug in ("a", "b")
    }
    (contrast,) = found.overall.contrasts
    reach = brute(rows, min(len(dataset.concepts) for dataset in lists[:2]))["a", "b"]
    assert contrast.difference.low == pytest.approx(0.075 - reach, abs=1e-9)
    assert contrast.difference.high == pytest.approx(0.075 + reach, abs=1e-9)
    wider = compared(lists, outcomes, resamples, "a", "b", confidence=0.99).overall
    assert wider is not None
    assert (wider.contrasts[0].difference.high or 0) > (contrast.difference.high or 0)


def test_overall_is_left_out_where_a_list_that_counts_is_missing(lists: tuple[Dataset, ...]) -> None:
    outcomes = values(lists, A=0.6, B=0.5)
    resamples = drawn(outcomes)
    for told in (
        compared(
            lists, [o for o in outcomes if (o.model.slug, o.dataset.slug) != ("b", "others")], resamples, "a", "b"
        ),
        compared(lists, outcomes, resamples, "a", "b", datasets=["words"]),
        compare(board_of(lists, outcomes[:-1], ["words", "others", "aside"]), ["a", "b"], resamples),
        compare(board_of(lists, outcomes, ["words"]), ["a", "b"], resamples),
    ):
        assert told.overall is None
        assert told.counting == ()
        assert told.shared


def test_without_the_resamples_of_all_there_are_differences_without_intervals(lists: tuple[Dataset, ...]) -> None:
    outcomes = values(lists, A=0.6, B=0.5)
    short = drawn(outcomes)
    short["a", "others"] = {"semantic_affinity": short["a", "others"]["semantic_affinity"][1:]}
    for resamples, certain in ((drawn(outcomes, lacking="b"), {"none"}), (short, {"words", "aside"})):
        found = compared(lists, outcomes, resamples, "a", "b")
        assert found.overall is not None
        assert found.overall.contrasts[0].verdict is None
        for shared in found.shared:
            (contrast,) = shared.scores.contrasts
            assert contrast.difference.value == pytest.approx(0.1)
            assert (contrast.verdict is not None) == (shared.dataset.slug in certain)
        assert "A scores +0.100 against B; without resamples nothing says" in found.overall.contrasts[0].words


@pytest.mark.parametrize("held", [0, 1, 2])
def test_one_resample_makes_nothing_certain(lists: tuple[Dataset, ...], held: int) -> None:
    outcomes = values(lists, A=0.6, B=0.5)
    resamples = drawn(outcomes)
    for draws in resamples.values():
        draws["semantic_affinity"][held:] = np.nan
    found = compared(lists, outcomes, resamples, "a", "b")
    assert (found.shared[0].scores.contrasts[0].verdict is None) == (held < 2)


# What is said


def sentence(lists: tuple[Dataset, ...], a: float, b: float, spread: float, lifts: Sequence[float] = ()) -> str:
    outcomes = values(lists, A=a, B=b)
    for i, outcome in enumerate(outcomes):
        lift = lifts["AB".index(outcome.model.name)] if lifts else None
        outcomes[i] = dataclasses.replace(
            outcome, measures=dataclasses.replace(outcome.measures, chance_corrected=lift)
        )
    return compared(lists, outcomes, drawn(outcomes, spread), "a", "b").shared[0].scores.contrasts[0].words


def test_the_better_model_comes_first_whatever_the_order(lists: tuple[Dataset, ...]) -> None:
    for a, b, better, worse in ((0.6, 0.5, "A", "B"), (0.5, 0.6, "B", "A")):
        told = sentence(lists, a, b, 0.001)
        assert told.startswith(f"{better} aligns these languages better than {worse}: +0.100 (0.09")
        assert " to 0.10" in told


def test_equivalent_undecided_and_hardly_different_models_are_told_apart(lists: tuple[Dataset, ...]) -> None:
    assert sentence(lists, 0.5, 0.5, 1e-4).startswith(
        "A and B are equivalent within ±0.01: +0.000 (−0.000 to 0.000)"[:40]
    )
    assert sentence(lists, 0.6, 0.597, 2e-4).startswith(
        "A aligns these languages better than B, though by less than 0.01: +0.003"
    )
    undecided = sentence(lists, 0.6, 0.59, 0.05)
    assert undecided.startswith("A and B cannot be told apart here: +0.010 (−0.")
    assert float(undecided.split("difference of ")[1].split()[0]) > 0.1


def test_it_is_said_when_chance_has_the_models_the_other_way_round(lists: tuple[Dataset, ...]) -> None:
    opposed = "; above chance B leads, 0.300 against 0.100"
    assert sentence(lists, 0.6, 0.5, 1e-3, (0.1, 0.3)).endswith(opposed)
    assert "chance" not in sentence(lists, 0.6, 0.5, 1e-3, (0.3, 0.1))
    assert "chance" not in sentence(lists, 0.6, 0.5, 1e-3, (0.3, 0.3))
    assert "chance" not in sentence(lists, 0.6, 0.6, 1e-3, (0.1, 0.3))


def test_names_are_never_read_as_phrases(lists: tuple[Dataset, ...]) -> None:
    names = ("{low} {worse}", HOSTILE[4])
    outcomes = [measured(model(name), lists[0], value) for name, value in zip(names, (0.6, 0.5), strict=True)]
    (contrast,) = compared(lists, outcomes, {}, *(o.model.slug for o in outcomes)).shared[0].scores.contrasts
    assert contrast.words.startswith(f"{names[0]} scores +0.100 against {names[1]};")


# What is left out


def test_what_cannot_be_compared_is_named_with_its_reason(word_list: WordList) -> None:
    invented = states(word_list)
    board = build_leaderboard(invented.benchmark.datasets, (), invented.outcomes)
    told = compare(board, ["whole", "broken", "older"], invented.resamples, ["words", "others", "signs"])
    assert told.shared == ()
    assert [str(each) for each in told.omitted] == [
        'Words: Broken failed there: <b>the hub</b> cannot be reached,\n"again"',
        "Words: Older was measured on an older version of it",
        "Others: Older was not measured there",
        "Signs: nothing is translated there, so there is no SA",
    ]
    every = compare(board, ["whole", "broken"], invented.resamples)
    assert {each.dataset.slug for each in every.omitted} == {"words", "places"}, "signs were not asked for"
    assert [each.dataset.slug for each in every.shared] == ["others"]


# Where it comes from


def scattered(result: PairResult, seed: int) -> PairResult:
    """The result with another SA for every concept and pair of languages; the last ones keep none."""
    noise = np.random.default_rng(seed)
    return dataclasses.replace(
        result,
        concepts=tuple(dataclasses.replace(c, sa=c.sa and float(noise.uniform(0.3, 0.8))) for c in result.concepts),
        language_pairs=tuple(
            dataclasses.replace(p, sa=p.sa and float(noise.uniform(0.3, 0.8))) for p in result.language_pairs
        ),
    )


def test_disputed_concepts_are_those_of_the_largest_differences(lists: tuple[Dataset, ...]) -> None:
    a, b = (scattered(measured(model(name), lists[0]), seed) for seed, name in enumerate("AB"))
    expected = sorted(
        (
            (x.sa - y.sa, x.id)
            for x, y in zip(a.concepts, b.concepts, strict=True)
            if x.sa is not None and y.sa is not None
        ),
    )
    assert len(expected) == len(lists[0].concepts) - 1
    for_a, for_b = disputed(a, b)
    assert [(d.difference, d.concept) for d in for_a] == [e for e in expected[::-1] if e[0] > 0]
    assert [(d.difference, d.concept) for d in for_b] == [e for e in expected if e[0] < 0]
    assert {d.concept for d in (*for_a, *for_b)} >= {"water", "family"} - {lists[0].concepts[-1].id}
    assert for_a[0].renderings == next(c.renderings for c in lists[0].concepts if c.id == for_a[0].concept)
    assert [len(side) for side in disputed(a, b, 2)] == [2, 2]


def test_equal_differences_keep_the_order_of_the_list(lists: tuple[Dataset, ...]) -> None:
    a, b = (measured(model(name), lists[0], sa) for name, sa in (("A", 0.75), ("B", 0.5)))
    flat = tuple(dataclasses.replace(c, sa=c.sa and 0.25) for c in b.concepts)
    for_a, for_b = disputed(
        dataclasses.replace(a, concepts=tuple(dataclasses.replace(c, sa=c.sa and 0.5) for c in flat)),
        dataclasses.replace(b, concepts=flat),
    )
    assert [d.concept for d in for_a] == [c.id for c in lists[0].concepts][:10]
    assert for_b == ()


def test_language_pairs_meet_by_their_languages(lists: tuple[Dataset, ...]) -> None:
    a, b = (scattered(measured(model(name), lists[0]), seed) for seed, name in enumerate("AB"))
    turned = dataclasses.replace(b, language_pairs=b.language_pairs[::-1])
    found = by_language_pair([a, turned])
    assert [(p.a, p.b) for p in found] == list(combinations(lists[0].languages, 2))
    assert [p.values for p in found] == [(x.sa, y.sa) for x, y in zip(a.language_pairs, b.language_pairs, strict=True)]
    assert found[-1].values == (None, None)


def test_neighbours_and_rivals_follow_the_overall_order(lists: tuple[Dataset, ...]) -> None:
    outcomes = [
        *values(lists, A=0.6, B=0.5, C=0.7),
        *(measured(control(), on, 1.0) for on in lists),
        failed(model("Broken"), lists[0]),
        measured(model("Mapped"), signs()),
    ]
    board = build_leaderboard([*lists, signs()], [model("Never"), model("Broken")], outcomes)
    assert [(a.slug, b.slug) for a, b in neighbours(board)] == [("c", "a"), ("a", "b")]
    rivals = {s.model.slug: other.slug if (other := rival(board, s)) else None for s in board.standings}
    assert rivals == {
        "c": "a", "a": "b", "b": "a", "control-identical": "c", "never": None, "broken": None, "mapped": None,
    }  # fmt: skip
    alone = build_leaderboard(lists, (), values(lists, A=0.6))
    assert rival(alone, alone.standings[0]) is None
    assert neighbours(alone) == ()


# The documents


def test_the_document_holds_everything_by_slug_and_is_json(lists: tuple[Dataset, ...]) -> None:
    results = [scattered(r, i) for i, r in enumerate(values(lists[:2], **{"Ünï 模型 x": 0.6, "B": 0.5}))]
    outcomes = [*results, measured(control(), lists[0], 1.0), *values(lists[2:], B=0.5)]
    slug = results[0].model.slug
    comparison = compared(lists, outcomes, drawn(outcomes), slug, "b")
    told = json.loads(json.dumps(document(comparison), allow_nan=False))
    assert list(told) == ["models", "datasets", "overall", "omitted"]
    assert told["models"][0] == {"slug": slug, "name": "Ünï 模型 x", "ranked": True}
    assert told["omitted"] == [{"dataset": "aside", "model": slug, "reason": "was not measured there"}]
    assert told["overall"]["datasets"] == ["words", "others"]
    assert told["overall"]["warning"] == WARNING
    for record, shared in zip(told["datasets"], comparison.shared, strict=True):
        assert [record["slug"], record["name"]] == [shared.dataset.slug, shared.dataset.card.name]
        assert record["semantic_affinity"] == {slug: 0.6, "b": 0.5}
        assert set(record["null_sa"]) == set(record["chance_corrected"]) == {slug, "b"}
        (difference,) = record["differences"]
        contrast = shared.scores.contrasts[0]
        assert difference == {
            "a": slug, "b": "b", **dataclasses.asdict(contrast.difference), "verdict": "differ",
            "resolution": contrast.resolution, "words": contrast.words,
        }  # fmt: skip
        (sides,) = record["disputed"]
        for_a, for_b = disputed(*shared.results)
        assert [(d["concept"], d["difference"]) for d in sides["for_a"]] == [(d.concept, d.difference) for d in for_a]
        assert [(d["concept"], d["difference"]) for d in sides["for_b"]] == [(d.concept, d.difference) for d in for_b]
        renderings = {c.id: c.renderings for c in shared.dataset.concepts}
        assert all(d["renderings"] == {t: list(w) for t, w in renderings[d["concept"]].items()} for d in sides["for_a"])
        pairs = by_language_pair(shared.results)
        assert record["language_pairs"] == [
            {"a": p.a, "b": p.b, "semantic_affinity": dict(zip([slug, "b"], p.values, strict=True))} for p in pairs
        ]


def test_the_report_says_every_verdict_and_what_was_left_out(lists: tuple[Dataset, ...]) -> None:
    results = [scattered(r, i) for i, r in enumerate(values(lists[:2], A=0.6, B=0.5))]
    outcomes = [*results, *values(lists[2:], A=0.5), measured(control(), lists[0], 1.0)]
    comparison = compared(lists, outcomes, drawn(outcomes), "a", "b")
    told = report(comparison)
    for shared in comparison.shared:
        assert f"{shared.dataset.card.name}\n  {shared.scores.contrasts[0].words}." in told
        for name, disputes in zip("AB", disputed(*shared.results), strict=True):
            label = disputes[0].renderings["en"][0]
            assert f"for {name}: {label} +{abs(disputes[0].difference):.3f}" in told
    assert "mean of 2 that count  A      0.600" in told
    assert comparison.overall is not None
    assert f"{comparison.overall.contrasts[0].words}.\n  {WARNING}" in told
    assert told.endswith("Left out\n  Aside: B was not measured there")
    three = report(compare(board_of(lists, outcomes), ["a", "b", "control-identical"], drawn(outcomes)))
    assert three.count("aligns these languages better") == 3
    assert "disputed" not in three


# The command


def test_models_are_known_by_name_and_slug(lists: tuple[Dataset, ...]) -> None:
    known = [model("Org/Große Ünit"), model("B"), model("C"), model("D"), model("E")]
    assert chosen_models(["B", "org-groe-unit", "c"], known) == ("b", known[0].slug, "c")
    assert chosen_models(["Org/Große Ünit", "b"], known) == (known[0].slug, "b")
    for names, said in (
        (["B"], "1 different model named. Name 2 to 4 models"),
        (["B", "b"], "1 different model named"),
        ([*"BCDE", "Org/Große Ünit"], "5 different models named"),
        (["B", "org-groe-unti"], 'Did you mean "org-groe-unit"?'),
        (["B", "org/große ünitt"], 'Did you mean "Org/Große Ünit"?'),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            chosen_models(names, known)


@dataclasses.dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ran]:
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["isogloss", "compare", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capsys.readouterr())

    return ran


@pytest.fixture
def stored(tmp_path: Path, word_list: WordList) -> Comparison:
    """A benchmark with results on disk, and the comparison of its two models."""
    config = write_benchmark(tmp_path, [word_list(slug="words"), word_list(slug="others", n=8)])
    benchmark = load_benchmark(config)
    outcomes = [
        *(r for i, r in enumerate(values(benchmark.datasets, **{"Modell Ä": 0.6, "B": 0.5}))),
        failed(model("Broken"), benchmark.datasets[0]),
    ]
    resamples = drawn(outcomes)
    store = ResultStore(benchmark.results)
    for outcome in outcomes:
        store.write(outcome, resamples.get((outcome.model.slug, outcome.dataset.slug)))
    kept = list(store)
    return compare(build_leaderboard(benchmark.datasets, (), kept), ["modell-a", "b"], store.resamples(kept))


def test_the_command_says_what_the_library_says(run: Callable[..., Ran], stored: Comparison) -> None:
    told = run("Modell Ä", "b")
    assert [told.code, told.out, told.err] == [DONE, report(stored) + "\n", ""]
    as_json = run("modell-a", "B", "--json")
    assert [as_json.code, as_json.err] == [DONE, ""]
    assert json.loads(as_json.out) == json.loads(json.dumps(document(stored)))
    one = json.loads(run("B", "Modell Ä", "--dataset", "others", "--json").out)
    assert [record["slug"] for record in one["datasets"]] == ["others"]
    assert one["overall"] is None
    assert one["datasets"][0]["differences"][0]["value"] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("B",), "Name 2 to 4 models"),
        (("B", "Model Ä"), 'Did you mean "Modell Ä"?'),
        (("B", "modell-a", "--dataset", "wrods"), 'Did you mean "words"?'),
        (("B", "Broken"), "these models share no dataset (Words: Broken failed there: the hub cannot be reached"),
        (("B", "b", "-c", "nowhere.toml"), "there is no such file"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_what_cannot_be_compared_is_refused(run: Callable[..., Ran], arguments: Sequence[str], said: str) -> None:
    told = run(*arguments)
    assert [told.code, told.out] == [REFUSED, ""]
    assert said in told.err
    assert "Traceback" not in told.err


@pytest.mark.usefixtures("stored")
def test_comparing_loads_nothing_that_measures(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom generator.cli import isogloss\n"
        "isogloss.main(['compare', 'B', 'modell-a'], standalone_mode=False)\n"
        "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = run_python("-c", script, env=environment(tmp_path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "generator" in loaded
    assert loaded & {"torch", "phate", "bokeh", "jinja2", "mteb", "sentence_transformers", "pandas"} == set()


def test_numbers_show_their_sign_and_no_negative_nought() -> None:
    assert [decimal(v) for v in (-0.0001, -0.0006, 0.0)] == ["0.000", "−0.001", "0.000"]

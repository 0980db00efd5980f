"""The home page: what the leaderboard lets a reader choose, who is on it without being ranked, and its pictures."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from site_fixtures import (
    HOSTILE,
    PAPER,
    STUDY,
    TEXTS,
    Element,
    Invented,
    control,
    failed,
    hostile,
    measured,
    model,
    page_of,
    resamples_of,
    states,
)

from generator.datasets import Dataset
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.models.registry import Model
from generator.results import Outcome, SpreadGroup
from generator.site import links
from generator.site.charts import Dot, StripRow, dot_chart, linear_axis, size_axis, text_width, tier_strip
from generator.site.filters import open_weights, size_class
from generator.site.home_charts import MOST_IN_STRIP
from generator.site.home_page import HomePage, home_page
from generator.site.picker import language_files, picked_languages

WordList = Callable[..., Dataset]


def board_of(datasets: Sequence[Dataset], outcomes: Sequence[Outcome], *apart: str) -> Leaderboard:
    counting = [dataset.slug for dataset in datasets if dataset.slug not in apart]
    return build_leaderboard(datasets, [], outcomes, counting, resamples=resamples_of(outcomes))


def home_of(board: Leaderboard) -> HomePage:
    return home_page(board, "A benchmark", "Does it align?")


@pytest.fixture(scope="module")
def benchmark(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture(scope="module")
def home(benchmark: Invented) -> Element:
    return page_of(benchmark.files["index.html"])


def row_of(home: Element, name: str) -> Element:
    (row,) = [row for row in home.one("table", id="board").all("tr") if [e.text for e in row.all("th")] == [name]]
    return row


# What can be chosen


def test_the_first_lists_that_count_are_shown_and_all_can_be(word_list: WordList) -> None:
    lists = [word_list(slug=f"list-{i}", n=4) for i in range(7)]
    page = home_of(board_of(lists, [], "list-1"))
    shown = [column.key for column in page.columns if column.shown]
    counting = ["on-list-0", "on-list-2", "on-list-3", "on-list-4"]
    assert shown == ["sa", "mean-rank", "domains", *counting, "objective", "size"]
    assert [column.dataset for column in page.columns if column.dataset] == [f"list-{i}" for i in range(7)]
    assert [column.dataset for column in page.columns if column.dataset and not column.counts] == ["list-1"]


def test_a_dataset_may_be_called_like_any_other_column(word_list: WordList) -> None:
    page = home_of(board_of([word_list(slug="size"), word_list(slug="rank")], []))
    keys = [column.key for column in page.columns]
    assert len(keys) == len(set(keys))


def test_filters_offer_what_tells_rows_apart_and_nothing_else(word_list: WordList) -> None:
    words = word_list()
    outcomes = [
        measured(model("A", licence="MIT", parameters=10**7), words, 0.7),
        measured(model("B", licence="", parameters=3 * 10**9, source="api:b"), words, 0.55),
        measured(model("C", licence="MIT"), words, 0.4),
        failed(model("D", licence="MIT"), words),
    ]
    found = {each.key: [value for value, _ in each.options] for each in home_of(board_of([words], outcomes)).filters}
    assert found == {
        "size": ["small", "huge", "unknown"],
        "licence": ["", "MIT"],
        "weights": ["yes", "no"],
        "tier": ["strong", "moderate", "none"],
        "kind": ["measured", "missing"],
    }, "all were trained alike"


def test_rows_carry_what_they_are_filtered_by(home: Element) -> None:
    row = row_of(home, "Whole").attributes
    assert {name: row[f"data-{name}"] for name in ("kind", "objective", "size", "weights", "tier", "licence")} == {
        "kind": "measured", "objective": "contrastive", "size": "small", "weights": "yes", "tier": "moderate",
        "licence": "",
    }  # fmt: skip
    boxes = home.one("div", id="board-tools").all("input", type="checkbox")
    offered = {(box.attributes["name"], box.attributes["value"]) for box in boxes}
    held = {
        (key, each.attributes[f"data-{key}"])
        for each in home.one("table", id="board").all("tr")
        for key in ("kind", "objective", "size", "weights", "tier")
        if each.attributes.get(f"data-{key}")
    }
    assert {each for each in offered if each[0] in {key for key, _ in held}} - held == {("objective", "")}
    assert {key for key, _ in held - offered} == set(), "whatever a row holds can be asked for"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        *((source, "yes") for source in ("hf:a/b", "package:x", "ngrams:", "control:islands")),
        *((source, "unknown") for source in ("mteb:x", "folder", "precomputed", "")),
        ("api:x", "no"),
    ],
)
def test_weights_are_open_as_far_as_the_source_tells(source: str, expected: str) -> None:
    assert open_weights(source) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        *((n * 1_000_000, "medium") for n in (100, 499)),
        *((n * 1_000_000, "large") for n in (500, 1999)),
        (99_999_999, "small"),
        (2_000_000_000, "huge"),
        (None, "unknown"),
    ],
)
def test_sizes_fall_into_classes_at_their_borders(parameters: int | None, expected: str) -> None:
    assert size_class(parameters) == expected


# Tie groups, sparklines, the example


def test_a_bracket_holds_the_rows_of_a_tie_group(word_list: WordList) -> None:
    words = word_list()
    outcomes = [
        measured(model(name), words, value, reach=reach)
        for name, value, reach in (("A", 0.9, 0.04), ("B", 0.4, 0.05), ("C", 0.399, 0.03), ("D", 0.398, 0.04))
    ]
    rows = home_of(board_of([words], outcomes)).ranked
    groups = [row.row.group for row in rows]
    assert groups == [1, 1, 1, 2]
    assert [row.tie for row in rows] == ["first", "inner", "last", ""]


def test_a_sparkline_runs_over_the_lists_that_count_and_says_its_numbers(home: Element) -> None:
    (spark,) = row_of(home, "Whole").all("svg", class_="spark")
    assert spark.attributes["aria-label"] == "SA 0.620, 0.480"
    assert [e.attributes["d"] for e in spark.all("path", class_="spark-values")] == ["M0 11.4L80 15.6"]
    (cell,) = row_of(home, "Whole").all("td", class_="trend")
    assert float(cell.attributes["data-sort"]) == pytest.approx(0.14)
    (alone,) = row_of(home, "Older").all("td", class_="trend")
    assert (alone.text, "data-sort" in alone.attributes) == ("–", False)


def test_the_example_is_the_first_row(home: Element) -> None:
    (example,) = home.all("div", class_="example")
    first = home.one("table", id="board").all("td", class_="score")[0]
    assert example.one("p").text == first.one("div").text.replace("above chance 0.499\ncentred 0.700", "")
    assert example.one("a").attributes["href"] == "pairs/whole--words.html"
    assert "the score lies 0.170 above it" in example.text


# Published figures


def test_models_known_from_papers_alone_stand_apart_with_value_and_source(home: Element) -> None:
    body = home.one("tbody", id="published-models")
    assert [row.one("th").text for row in body.all("tr")[1:]] == ["LaBSE", "text-embedding-3-large"]
    row = row_of(home, "LaBSE")
    assert row.all("td")[1].text == "0.807"
    assert row.one("th").one("a").attributes["href"] == "claims.html#published"
    assert "mean over four datasets: 0.70" in row.text
    assert "Ada, Bob (2024)" in row.text
    assert row.attributes["data-objective"] == "translation-pairs", "the registry knows it"
    assert "data-model" not in row.attributes, "nothing of it can be computed anew"


def test_a_model_measured_here_is_not_among_the_published(word_list: WordList) -> None:
    words = word_list()

    def names(outcome: Outcome) -> tuple[list[str], list[str]]:
        page = home_page(board_of([words], [outcome]), "T", "D", [PAPER], STUDY)
        return [row.row.model.text for row in page.ranked], [each.model.text for each in page.published]

    assert names(measured(model("LaBSE"), words)) == (["LaBSE"], ["Whole", "text-embedding-3-large"])
    assert names(failed(model("LaBSE"), words)) == ([], ["LaBSE", "Whole", "text-embedding-3-large"])
    page = home_page(board_of([words], [failed(model("LaBSE"), words)]), "T", "D", [PAPER], STUDY)
    assert page.published[0].reason == "the hub cannot be reached"
    assert page.published[0].model.target == "models/labse.html"


# Pictures


def boxes_of(chart: str) -> list[tuple[float, float, float, float]]:
    found = []
    for x, y, name in re.findall(r'class="chart-name" x="([-\d.]+)" y="([-\d.]+)">([^<]*)<', chart):
        found.append((float(x), float(y) - 11, float(x) + text_width(name), float(y) + 2))
    return found


def meet(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_names_on_a_chart_cover_neither_each_other_nor_dots() -> None:
    dots = [Dot(f"model {i} 模型", f"model {i}", (i * 37 % 101) / 101, (i * 53 % 97) / 97) for i in range(120)]
    x, y = linear_axis("P@1", [0, 1]), linear_axis("SA", [0, 1])
    chart = dot_chart(dots, x, y)
    boxes = boxes_of(chart)
    assert 10 < len(boxes) < 120
    assert not [pair for pair in combinations(boxes, 2) if meet(*pair)]
    centres = [(float(cx), float(cy)) for cx, cy in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart)]
    assert len(centres) == 120
    assert not [box for box in boxes for cx, cy in centres if meet(box, (cx - 4, cy - 4, cx + 4, cy + 4))]


def test_dots_lie_where_their_numbers_are() -> None:
    x, y = size_axis("Parameters", [7, 9]), linear_axis("SA", [0.0, 1.0])
    chart = dot_chart([Dot("a", "a", 7, 0.0), Dot("b", "b", 9, 1.0, 0.5, 1.0), Dot("c", "c", 8, 0.5)], x, y)
    (ax, ay), (bx, by), (cx, cy) = [
        (float(cx), float(cy)) for cx, cy in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart)
    ]
    assert (cx, cy) == (pytest.approx((ax + bx) / 2, abs=0.1), pytest.approx((ay + by) / 2, abs=0.1))
    assert ax < bx
    assert ay > by
    assert re.findall(r'class="dot-reach" d="M([\d.]+) ([\d.]+)V([\d.]+)"', chart) == [
        (f"{bx:.1f}", f"{cy:.1f}", f"{by:.1f}")
    ]


@pytest.mark.parametrize("values", [[0.5], [0.4421, 0.4422], [-3.0, 120.0], [0.0, 0.0], [0.001, 0.999]])
def test_an_axis_spans_its_values_with_round_ticks(values: list[float]) -> None:
    axis = linear_axis("SA", values)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 9
    assert len({told for _, told in axis.ticks}) == len(axis.ticks)


def test_names_of_any_kind_are_shown_as_they_are_on_charts() -> None:
    axis = linear_axis("SA", [0, 1])
    for text in TEXTS:
        for drawing in (
            dot_chart([Dot(text, text, 0.5, 0.5)], axis, axis),
            tier_strip([StripRow(text, 0.5, 0.4, 0.6, None)]),
        ):
            assert not page_of(drawing.encode()).all("script")
            assert not [e for e in page_of(drawing.encode()) if any(name.startswith("on") for name in e.attributes)]
    assert f"<title>{HOSTILE[0]}" not in dot_chart([Dot("a", HOSTILE[0], 0.5, 0.5)], axis, axis)


def test_the_tiers_show_some_models_from_best_to_worst_and_all_controls(word_list: WordList) -> None:
    words = word_list()
    outcomes = [measured(model(f"M{i:02}"), words, 0.3 + i / 100) for i in range(30)]
    page = home_of(board_of([words], [*outcomes, measured(control(), words, 1.0, reach=None)]))
    assert page.tiers
    names = re.findall(r'class="chart-name"[^>]*>([^<]*)<', page.tiers)
    assert len(names) == MOST_IN_STRIP + 1
    assert [names[0], names[-2], names[-1]] == ["M29", "M00", "Control: identical"]
    assert page.tiers.count("bar-null") == len(names)
    assert page.tiers.count("dot-reach") == MOST_IN_STRIP, "the control has no interval"


def test_charts_say_in_words_what_they_show(word_list: WordList) -> None:
    words = word_list()
    outcomes = [
        measured(model(name, parameters=parameters), words, value)
        for name, parameters, value in (("Small", 10**7, 0.4), ("Middle", 10**8, 0.7), ("Large", 10**9, 0.6))
    ]
    size, retrieval = home_of(board_of([words], outcomes)).charts
    assert size.summary == (
        "3 models of known size, from Small (10 M, SA 0.400) to Large (1.0 B, SA 0.600). "
        "The highest is Middle (100 M, SA 0.700)."
    )
    assert retrieval.summary.endswith("Over the 3 ranked ones, the two go together at a rank correlation of 1.00.")
    same = [measured(model("A", parameters=10**7), words), measured(model("B"), words)]
    assert [chart.title for chart in home_of(board_of([words], same)).charts] == ["SA against retrieval"]


# What the language picker is given


def test_languages_of_every_list_that_counts_come_first(word_list: WordList) -> None:
    lists = [
        word_list(slug="a", languages=("en", "zh", "ar")),
        word_list(slug="b", languages=("en", "ar", "hi")),
        word_list(slug="c", languages=("en", "sw")),
    ]
    found = picked_languages(board_of(lists, [], "c"))
    assert [(each.language.tag, each.everywhere) for each in found] == [
        ("ar", True), ("en", True), ("zh", False), ("hi", False), ("sw", False),
    ]  # fmt: skip


def test_spreads_are_handed_over_with_the_kinds_of_concepts(word_list: WordList) -> None:
    words = word_list(languages=("en", "hi", "sw"))
    result = measured(model(), words)
    groups = tuple(
        SpreadGroup(tags, n, tuple(i / 7 for i in range(len(tags) * (len(tags) - 1) // 2)))
        for tags, n in ((("en", "hi", "sw"), 10), (("en", "hi"), 1), (("en", "sw"), 1))
    )
    held = dataclasses.replace(result, model=model("Held"), spread_groups=groups)
    (path, file), *others = language_files(board_of([words], [result, held])).items()
    assert (path, others) == (links.languages_data("words"), [])
    _, data = json.loads(f"[{file.decode().removeprefix('isogloss.receive(').removesuffix(');' + chr(10))}]")
    assert data["languages"] == ["en", "hi", "sw"]
    assert data["kinds"] == [[[0, 1], 1], [[0, 1, 2], 10], [[0, 2], 1]]
    assert data["models"]["alpha"]["spreads"] == []
    assert data["models"]["held"]["spreads"] == [[0.0], [0.0, 0.142857, 0.285714], [0.0]]
    assert data["models"]["alpha"]["h"] == [0.9] * 3
    assert [None if v is None else round(v, 4) for v in data["models"]["alpha"]["v"]] == [0.5516, 0.5516, None]


def test_published_figures_of_unknown_models_need_no_registry(word_list: WordList) -> None:
    page = home_page(board_of([word_list()], []), "T", "D", [PAPER])
    assert {each.model.text for each in page.published} == {"LaBSE", "Whole", "text-embedding-3-large"}
    assert {each.traits.weights for each in page.published} == {"unknown"}
    known = Model("LaBSE", "api:x", licence="MIT")
    told = home_page(board_of([word_list()], []), "T", "D", [PAPER], [known]).published
    assert {each.model.text: each.traits.weights for each in told}["LaBSE"] == "no"


def test_the_home_page_of_hostile_names_holds_no_script_of_theirs() -> None:
    home = page_of(hostile().files["index.html"])
    assert {e.attributes.get("src", "")[:7] for e in home.all("script") if "type" not in e.attributes} == {"assets/"}

"""The leaderboard in a browser: sorted, searched, filtered, cut down, and computed anew for a choice of languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import test_browser
from playwright.sync_api import Page, expect
from site_fixtures import PAPER, STUDY, control, failed, hostile, invented, measured, model, states

from generator.datasets import Card, Concept, Dataset
from generator.models import Model
from generator.pair import Parameters, measure_pair
from generator.result_store import from_json
from generator.results import PairResult, to_json
from generator.subset import subset_score

WordList = Callable[..., Dataset]
browser, open_site = test_browser.browser, test_browser.open_site
Open = test_browser.Open
TAGS = ("en", "sw", "zh", "ar", "hi")
SCRIPTS = {"en": "abc", "sw": "xyz", "zh": "水火木", "ar": "ماء", "hi": "पानी"}


def word_dataset(slug: str, gaps: float, tags: Sequence[str] = TAGS) -> Dataset:
    """Words of several scripts, a share of the cells empty."""
    rng = np.random.default_rng(list(slug.encode()))
    rows = [
        {tag: (f"{SCRIPTS[tag]} {slug} {i}",) for tag in tags if tag == "en" or rng.random() >= gaps} for i in range(20)
    ]
    concepts = tuple(Concept(f"{slug}-{i}", row) for i, row in enumerate(rows) if len(row) > 1)
    return Dataset(slug, Card(slug.capitalize()), tuple(tags), concepts)


def measured_by(name: str, dataset: Dataset, closeness: float, objective: str = "contrastive") -> PairResult:
    """What a model of random vectors, in which translations lie so close to each other, makes of a dataset."""

    def vector(tag: str, text: str) -> np.ndarray:
        meaning = np.random.default_rng(list(text.rpartition(" ")[2].encode())).standard_normal(12)
        own = np.random.default_rng(list(f"{name} {text}".encode())).standard_normal(12)
        return closeness * meaning + own + 0.9 * np.eye(12)[TAGS.index(tag)]

    vectors = {tag: np.stack([vector(tag, text) for text in dataset.renderings[tag]]) for tag in dataset.languages}
    known = Model(name, "precomputed:test.npz", "sha256:0", objective=objective)  # type: ignore[arg-type]
    stored = from_json(to_json(measure_pair(dataset, known, vectors, Parameters(draws=50, layout=None)).result))
    assert isinstance(stored, PairResult)
    return stored


@pytest.fixture(scope="module")
def results() -> Sequence[PairResult]:
    """Four models on two lists that count, one without a gap and one full of them, and on a third of few languages."""
    lists = (word_dataset("whole", 0.0), word_dataset("gappy", 0.4), word_dataset("few", 0.0, ("en", "zh")))
    found = []
    for dataset in lists:
        for i, name in enumerate(("Alpha", "Beta 模型", "Gamma", "Δelta")):
            found.append(measured_by(name, dataset, 0.4 + (i * 7 % 4) * 0.2 * (1 if dataset.slug == "whole" else -0.7)))
        found.append(measured_by("Control: known", dataset, 2.0, "control"))
    return found


@pytest.fixture(scope="module")
def datasets() -> Sequence[Dataset]:
    return (word_dataset("whole", 0.0), word_dataset("gappy", 0.4), word_dataset("few", 0.0, ("en", "zh")))


@pytest.fixture(scope="module")
def site(datasets: Sequence[Dataset], results: Sequence[PairResult], tmp_path_factory: pytest.TempPathFactory) -> Path:
    told = invented(datasets, results, apart=["few"], published=[PAPER], study=STUDY)
    return test_browser.published(told.files, tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, word_list: WordList) -> Path:
    """Models of every kind, size and licence."""
    words = word_list(slug="words")
    outcomes = [
        measured(model("Small", parameters=10**7, licence="MIT", objective="mlm"), words, 0.45),
        measured(model("Large 大", parameters=3 * 10**9, licence="Apache-2.0"), words, 0.65),
        measured(model("Closed", source="api:closed", objective=""), words, 0.55, reach=0.001),
        measured(control(), words, 1.0, reach=None),
        failed(model("Broken", objective="mlm"), words, "<i>no such file</i>"),
    ]
    told = invented([words], outcomes, published=[PAPER], study=STUDY)
    return test_browser.published(told.files, tmp_path_factory.mktemp("mixed"))


def names(page: Page) -> list[str]:
    """The models that are shown, from top to bottom."""
    return page.locator("#board tr:not([hidden]) th[scope=row]").all_inner_texts()


def choose(page: Page, menu: str, *values: str) -> None:
    page.locator(f"[data-menu={menu}] > summary").click()
    for value in values:
        page.locator(f"[data-menu={menu}] input[value='{value}']").click()
    page.keyboard.press("Escape")


def count(page: Page) -> str:
    return page.locator("#board-count").inner_text()


EVERYONE = ["Large 大", "Closed", "Small", "Broken", "Control: identical", "LaBSE", "Whole", "text-embedding-3-large"]


# Sorting


def test_every_column_sorts_both_ways_and_what_has_no_value_comes_last(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html#columns=size,on-words,weights,licence,objective")
    assert names(page) == EVERYONE
    ranked = page.locator("#board tbody.ranked tr:not([hidden]) th[scope=row]")
    for column, first, other in (
        ("rank", [*EVERYONE[2::-1], "Broken"], EVERYONE[:4]),
        ("size", ["Large 大", "Small", "Closed", "Broken"], ["Small", "Large 大", "Closed", "Broken"]),
        ("model", ["Broken", "Closed", "Large 大", "Small"], ["Small", "Large 大", "Closed", "Broken"]),
        ("weights", ["Closed", "Large 大", "Small", "Broken"], ["Large 大", "Small", "Broken", "Closed"]),
    ):
        header = page.locator(f"#board th[data-column={column}]")
        header.locator("button").click()
        assert ranked.all_inner_texts() == first, column
        assert page.locator("#board th[aria-sort]").count() == 1
        header.locator("button").click()
        assert ranked.all_inner_texts() == other, column
    assert header.get_attribute("aria-sort") == "descending"


def test_groups_of_rows_keep_their_places_and_the_bracket_goes_when_the_order_is_another(
    mixed: Path, open_site: Open
) -> None:
    page = open_site(mixed).open("index.html")
    assert page.locator("#board.by-rank").count() == 1
    page.locator("#board th[data-column=model] button").click()
    assert page.locator("#board.by-rank").count() == 0
    assert names(page) == ["Broken", "Closed", "Large 大", "Small", EVERYONE[4], *sorted(EVERYONE[5:], key=str.lower)]


# Search and filters


def test_any_of_several_terms_in_any_script_finds_a_model(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")
    for terms, found in (
        ("large; CLOSED", ["Large 大", "Closed", "text-embedding-3-large"]),
        ("大", ["Large 大"]),
        (" ; ", EVERYONE),
        ("apache", ["Large 大"]),
        ("zzz", []),
    ):
        page.locator("#board-search").fill(terms)
        assert names(page) == found, terms
        assert count(page) == f"{len(found)} of 8 models"
    assert page.locator("#board tr.divider:visible").count() == 0


def test_filters_narrow_each_other_and_their_values_widen(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")
    choose(page, "kind", "measured")
    assert names(page) == ["Large 大", "Closed", "Small"]
    choose(page, "tier", "strong", "none")
    assert names(page) == ["Large 大", "Small"]
    assert page.locator("[data-menu=tier] summary").inner_text().startswith("Tier (2)")
    choose(page, "size", "small")
    assert names(page) == ["Small"]
    page.locator("#board-reset").click()
    assert names(page) == EVERYONE
    assert "#" not in page.url
    for key, value, found in (
        ("weights", "no", ["Closed"]),
        ("licence", "MIT", ["Small"]),
        ("objective", "mlm", ["Small", "Broken", "Whole"]),
        ("kind", "published", EVERYONE[5:]),
        ("kind", "control", ["Control: identical"]),
        ("kind", "missing", ["Broken"]),
    ):
        choose(page, key, value)
        assert names(page) == found, (key, value)
        page.locator("#board-reset").click()


def test_columns_come_and_go_with_their_cells_and_the_frame_fits_a_desk(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")

    def visible() -> list[str]:
        heads = page.locator("#board thead th:visible").all()
        assert {row.locator("> :visible").count() for row in page.locator("tr[data-model]").all()} == {len(heads)}
        return [head.get_attribute("data-column") or "" for head in heads]

    assert visible() == ["rank", "model", "on-words", "objective", "size"]
    choose(page, "columns", "size", "licence")
    assert visible() == ["rank", "model", "on-words", "objective", "licence"]
    spans = page.locator("#board tbody tr.divider > *").evaluate_all("cells => cells.map((cell) => cell.colSpan)")
    assert set(spans) == {5}
    page.reload()
    assert visible() == ["rank", "model", "on-words", "objective", "licence"]
    more = page.locator("#board .more").first
    assert more.is_hidden()
    choose(page, "columns", "details")
    assert more.is_visible()


def test_nothing_scrolls_sideways_on_a_desk_and_a_phone_begins_with_rank_model_and_score(
    tmp_path_factory: pytest.TempPathFactory, open_site: Open, word_list: WordList
) -> None:
    lists = [word_list(slug=f"list-{i}", n=4) for i in range(6)]
    outcomes = [measured(model(name), on, 0.6) for name in ("Alpha", "Beta 模型") for on in lists]
    folder = test_browser.published(invented(lists, outcomes).files, tmp_path_factory.mktemp("wide"))
    page = open_site(folder).open("index.html")
    assert page.locator("#board thead [data-dataset]:visible").count() == 4
    inner, outer = page.locator(".board-frame").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert inner <= outer
    page.set_viewport_size(test_browser.PHONE)
    seen = [
        head.get_attribute("data-column")
        for head in page.locator("#board thead th").all()
        if (box := head.bounding_box()) and box["x"] + box["width"] <= test_browser.PHONE["width"]
    ]
    assert seen == ["rank", "model", "sa"]


def test_the_header_and_the_model_stay_in_sight(site: Path, open_site: Open) -> None:
    page = open_site(site, viewport={"width": 390, "height": 500}).open("index.html")
    frame = page.locator(".board-frame")
    frame.evaluate("e => { e.scrollTop = 200; e.scrollLeft = 200; }")
    edges = frame.bounding_box()
    head, name = (page.locator(s).first.bounding_box() for s in ("#board thead th.sticky", "#board tbody th.sticky"))
    assert edges
    assert head
    assert name
    assert head["y"] == pytest.approx(edges["y"], abs=3)
    assert head["x"] == name["x"] == pytest.approx(edges["x"], abs=3)


# The address


def test_the_whole_choice_survives_reload_and_can_be_shared(mixed: Path, open_site: Open) -> None:
    watched = open_site(mixed)
    page = watched.open("index.html")
    page.locator("#board th[data-column=size] button").click()
    choose(page, "kind", "measured", "missing")
    choose(page, "columns", "licence")
    page.locator("#board-search").fill("a; Δ; s")
    expected = names(page), count(page), page.locator("#board th[aria-sort]").get_attribute("data-column")
    address = page.url
    page.reload()
    for shared in (page, watched.open(f"index.html#{address.partition('#')[2]}")):
        assert shared.url == address
        assert expected == (
            names(shared),
            count(shared),
            shared.locator("#board th[aria-sort]").get_attribute("data-column"),
        )
        assert shared.locator("#board-search").input_value() == "a; Δ; s"
        assert shared.locator("#board thead th[data-column=licence]").is_visible()


def test_every_step_can_be_gone_back_and_forward(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")
    choose(page, "kind", "measured")
    page.locator("#board th[data-column=model] button").click()
    seen = [EVERYONE, ["Large 大", "Closed", "Small"], ["Closed", "Large 大", "Small"]]
    assert names(page) == seen[2]
    for step in (1, 0):
        page.go_back()
        assert names(page) == seen[step]
    for step in (1, 2):
        page.go_forward()
        assert names(page) == seen[step]


@pytest.mark.parametrize(
    "address",
    [
        "#controls",
        "#sort=nothing.descending",
        "#kind=whatever",
        "#languages=xx,yy",
        "#find=%",
        "#languages=en",
        "#sort=",
    ],
)
def test_an_address_of_another_kind_does_no_harm(mixed: Path, open_site: Open, address: str) -> None:
    page = open_site(mixed).open(f"index.html{address}")
    assert sorted(names(page)) == sorted(EVERYONE if "find" not in address else [])
    assert page.locator("#board-picked").is_hidden()


# The language picker


def shown_numbers(page: Page, dataset: str) -> Mapping[str, list[float]]:
    """By model: SA, null SA and what lies above chance in a dataset's column."""
    column = page.locator("#board thead th").evaluate_all(
        "(heads, key) => heads.findIndex((head) => head.dataset.column === key)", f"on-{dataset}"
    )
    found = {}
    for row in page.locator("tr[data-model]").all():
        cell = row.locator("> *").nth(column)
        text = [cell.get_attribute("data-sort") or "", *cell.locator(".small").inner_text().split()]
        numbers = [float(part.replace("−", "-")) for part in text if part[-1:].isdigit()]
        found[row.locator("th").inner_text()] = numbers
    return found


@pytest.mark.parametrize(
    "tags", [("en", "zh"), ("en", "sw", "ar"), ("zh", "hi"), ("sw", "zh", "ar", "hi"), TAGS], ids="-".join
)
def test_scores_of_chosen_languages_are_those_that_python_computes(
    site: Path, open_site: Open, results: Sequence[PairResult], tags: Sequence[str]
) -> None:
    page = open_site(site).open(f"index.html#languages={','.join(tags)}&columns=sa,mean-rank,on-whole,on-gappy,on-few")
    expect(page.locator("#board-picked")).to_contain_text("Point values without intervals")
    expected: dict[str, dict[str, float]] = {}
    for result in results:
        if set(tags) <= set(result.dataset.languages):
            score = subset_score(result, tags)
            assert score
            assert score.null is not None
            assert score.above_chance is not None
            value, null, above = shown_numbers(page, result.dataset.slug)[result.model.name]
            assert value == pytest.approx(score.affinity, abs=1e-5)
            assert [null, above] == pytest.approx([score.null, score.above_chance], abs=5.1e-4)
            expected.setdefault(result.model.name, {})[result.dataset.slug] = score.affinity
        else:
            assert "Few lacks" in page.locator("#board-picked").inner_text()
    counting = ("whole", "gappy")
    assert all(set(counting) <= set(values) for values in expected.values())
    ranked = [name for name in expected if not name.startswith("Control")]
    rank = {
        name: fmean(1 + sum(expected[other][slug] > expected[name][slug] for other in ranked) for slug in counting)
        for name in ranked
    }
    for row in page.locator("tbody.ranked tr").all():
        name = row.locator("th").inner_text()
        told = [row.locator("> *").nth(i).get_attribute("data-sort") for i in (0, 2, 3)]
        place = 1 + sum(other < rank[name] for other in rank.values())
        mean = fmean(expected[name][slug] for slug in counting)
        assert [float(number or "nan") for number in told] == pytest.approx([place, mean, rank[name]], abs=1e-5)
        assert row.locator("> *").nth(2).inner_text() == f"{mean:.3f}"
    for row in page.locator("tbody.controls tr[data-model]").all():
        assert row.locator("> *").nth(0).get_attribute("data-sort") is None, "controls are never ranked"


def test_choosing_languages_takes_intervals_and_ties_away_and_all_brings_them_back(site: Path, open_site: Open) -> None:
    page = open_site(site).open("index.html")
    before = page.locator("#board tbody").first.inner_html()
    assert page.locator(".rank-interval:visible, .bar-reach:visible").count()
    choose(page, "languages", "en")
    assert page.locator("#board-picked").is_hidden(), "one language has no translations"
    choose(page, "languages", "sw")
    told = page.locator("#board-picked")
    expect(told).to_contain_text("for the chosen languages: English and Swahili")
    assert "Few lacks Swahili" in told.inner_text()
    assert page.locator(".rank-interval:visible, .bar-reach:visible, .spark:visible").count() == 0
    assert page.locator("#board.by-rank").count() == 0
    page.locator("#board th[data-column=on-gappy] button").click()
    ranked = page.locator("#board tbody.ranked tr").all()
    values = [float(row.locator("td.score").nth(1).get_attribute("data-sort") or "nan") for row in ranked]
    assert values == sorted(values, reverse=True)
    page.locator("[data-menu=languages] > summary").click()
    page.locator("[data-preset=all]").click()
    page.locator("#board th[data-column=rank] button").click()
    assert page.locator("#board tbody").first.inner_html() == before
    assert told.is_hidden()


def test_presets_choose_by_script_among_languages_of_every_list(site: Path, open_site: Open) -> None:
    page = open_site(site).open("index.html")
    page.locator("[data-menu=languages] > summary").click()
    for preset, chosen in (("latin", "English and Swahili"), ("others", "Arabic, Chinese and Hindi")):
        page.locator(f"[data-preset={preset}]").click()
        expect(page.locator("#board-picked")).to_contain_text(f"for the chosen languages: {chosen}.")
    labels = page.locator("[data-menu=languages] label span[lang]").all()
    assert {label.get_attribute("lang"): label.get_attribute("dir") for label in labels}["ar"] == "rtl"


def test_nothing_of_languages_is_loaded_before_it_is_asked_for(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    page = watched.open("index.html")
    assert not [url for url in asked if "/languages/" in url]
    choose(page, "languages", "en", "zh")
    expect(page.locator("#board-picked")).to_contain_text("Point values")
    assert len([url for url in asked if "/languages/" in url]) == 3


# Keyboard, no scripts, hostile names


def test_a_model_is_found_and_opened_with_the_keyboard_alone(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"tabbing never reaches {selector}")

    tab_to("[data-menu=size] > summary")
    page.keyboard.press("Enter")
    tab_to("input[name=size][value=small]")
    page.keyboard.press("Space")
    assert names(page) == ["Small", "Whole"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.parentElement.dataset.menu") == "size"
    assert page.locator(".menu[open]").count() == 0
    tab_to("th[data-column=size] button")
    page.keyboard.press("Enter")
    assert page.locator("th[data-column=size]").get_attribute("aria-sort") == "descending"
    tab_to("tr:not([hidden]) th[scope=row] a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/small.html")


def test_what_is_pressed_is_large_enough_and_named(mixed: Path, open_site: Open) -> None:
    page = open_site(mixed).open("index.html")
    page.locator("[data-menu=columns] > summary").click()
    small = {}
    for each in page.locator("#board-tools :is(summary, button, label):visible, #board .sort:visible").all():
        box = each.bounding_box()
        assert box
        assert each.inner_text().strip()
        if min(box["width"], box["height"]) < 24:
            small[each.inner_text()] = box
    assert small == {}


def test_without_scripts_the_whole_table_is_there(site: Path, open_site: Open) -> None:
    context = open_site(site, java_script_enabled=False)
    context.page.goto(f"{context.home}/index.html")
    page = context.page
    assert page.locator("#board thead th:visible").count() == page.locator("#board thead th").count() > 8
    assert page.locator("#board .more:visible").count() == page.locator("#board .more").count() > 0
    assert page.locator("#board-tools, #board-search").locator("visible=true").count() == 0


def test_hostile_names_are_filtered_and_computed_anew_without_harm(
    tmp_path_factory: pytest.TempPathFactory, open_site: Open
) -> None:
    folder = test_browser.published(hostile().files, tmp_path_factory.mktemp("hostile"))
    page = open_site(folder).open("index.html")
    total = count(page).split()[2]
    for menu in page.locator(".menu").all():
        menu.locator("> summary").click()
        for box in menu.locator("input").all()[:3]:
            box.click()
        page.keyboard.press("Escape")
    address = page.url
    page.reload()
    assert page.url == address
    page.locator("#board-reset").click()
    assert count(page) == f"{total} of {total} models"
    assert page.evaluate("window.pwned") is None


def test_the_state_of_every_pair_is_shown(
    tmp_path_factory: pytest.TempPathFactory, open_site: Open, word_list: WordList
) -> None:
    folder = test_browser.published(states(word_list).files, tmp_path_factory.mktemp("states"))
    page = open_site(folder).open("index.html#languages=en,ar")
    expect(page.locator("#board-picked")).to_contain_text("Ranks are over Words and Others.")
    broken = page.locator("tr[data-model=broken]")
    assert broken.locator("td.missing").first.inner_text() == "not measured", "what was not measured stays so"

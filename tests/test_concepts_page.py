"""The page of concepts: its data by the numbers of Python, and how it is used in a browser."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from urllib.parse import quote

import numpy as np
import pytest
import test_browser
from playwright.sync_api import Page, expect
from site_fixtures import control, data_of, failed, hostile, hostile_dataset, invented, measured, model, page_of, signs

from generator.datasets import Dataset
from generator.difficulty import affinities_of, difficulties, shares
from generator.leaderboard import build_leaderboard
from generator.results import ConceptRecord, Outcome, PairResult, Rival
from generator.site import figures, links
from generator.site.concepts_page import concept_files
from generator.site.render import render_site

WordList = Callable[..., Dataset]
browser, open_site, served = test_browser.browser, test_browser.open_site, test_browser.served
Open = test_browser.Open
NAMES = ("Alpha", "Beta 模型", "Gamma", "Delta", "Epsilon", "Zeta", "Eta")


def varied(result: PairResult, seed: int) -> PairResult:
    """The result with SA, retrieval and rivals of its own for all concepts but the last."""
    noise = np.random.default_rng(seed)
    n = len(result.concepts)

    def concept(i: int, record: ConceptRecord) -> ConceptRecord:
        if i == n - 1:
            return record
        rivals = (
            Rival(result.concepts[(i + 1) % n].id, 3, "en", "ar", 0.61, -0.125),
            Rival(result.concepts[(i + 2) % n].id, 1, "zh", "en", 0.5, 0.25),
        )
        return dataclasses.replace(
            record, sa=float(noise.uniform(0.3, 0.8)), retrieved=float(noise.integers(21)) / 20, rivals=rivals
        )

    return dataclasses.replace(result, concepts=tuple(concept(i, c) for i, c in enumerate(result.concepts)))


@dataclasses.dataclass(frozen=True)
class Fixture:
    datasets: tuple[Dataset, ...]
    results: Mapping[str, PairResult]
    """On the first list, by model slug."""
    outcomes: tuple[Outcome, ...]
    files: Mapping[str, bytes]


@pytest.fixture(scope="module")
def fixture(word_list: WordList) -> Fixture:
    """Seven ranked models and a control, on words, others with a failure, and signs without scores."""
    words, others = word_list(slug="words"), word_list(slug="others", n=6, languages=("en", "ar"))
    results = [varied(measured(model(name), words, 0.6 - i / 100), i) for i, name in enumerate(NAMES)]
    results[2] = dataclasses.replace(results[2], map=measured(model("Gamma"), words, no_map="few vectors").map)
    results.append(measured(control(), words, 1.0))
    outcomes: tuple[Outcome, ...] = (
        *results, measured(model(), others), failed(model("Gamma"), others), measured(model(), signs())
    )  # fmt: skip
    datasets = (words, others, signs())
    return Fixture(datasets, {r.model.slug: r for r in results}, outcomes, invented(datasets, outcomes).files)


@pytest.fixture(scope="module")
def site(fixture: Fixture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_browser.published(fixture.files, tmp_path_factory.mktemp("concepts"))


# The files


def thousandths(value: float | None) -> int | None:
    return None if value is None else round(1000 * value)


def test_every_dataset_has_a_file_with_what_each_model_makes_of_each_concept(fixture: Fixture) -> None:
    paths = {path for path in fixture.files if path.startswith("data/concepts/")}
    assert paths == {links.concepts_data(dataset.slug) for dataset in fixture.datasets}
    told = data_of(fixture.files[links.concepts_data("words")])
    assert [m["name"] for m in told["models"]] == [*NAMES, "Control: identical"]
    assert [m["ranked"] for m in told["models"]] == [True] * len(NAMES) + [False]
    for each in told["models"]:
        result = fixture.results[each["slug"]]
        own = affinities_of([result])[each["slug"]]
        assert each["sa"] == [thousandths(c.sa) for c in result.concepts]
        retrieved = [thousandths(c.retrieved) for c in result.concepts]
        assert each["retrieved"] == (retrieved if each["ranked"] else [])
        assert each["share"] == [thousandths(shares(own).get(c.id)) for c in result.concepts]
        assert each["median"] == thousandths(median(own.values()))
        assert each["page"] == links.pair_page(each["slug"], "words")
    ranked = [result for slug, result in fixture.results.items() if slug != "control-identical"]
    found = difficulties(affinities_of(ranked))
    for i, concept in enumerate(fixture.datasets[0].concepts[:-1]):
        assert told["difficulty"][i] == thousandths(found[concept.id].share)
        assert told["disagreement"][i] == thousandths(found[concept.id].disagreement)
    assert [told["difficulty"][-1], told["disagreement"][-1]] == [None, None]


def test_failures_and_signs_have_no_numbers(fixture: Fixture) -> None:
    assert [m["slug"] for m in data_of(fixture.files[links.concepts_data("others")])["models"]] == ["alpha"]
    told = data_of(fixture.files[links.concepts_data("signs")])
    (each,) = told["models"]
    assert [each["sa"], each["share"], each["retrieved"], told["difficulty"], told["disagreement"]] == [[]] * 5
    assert each["median"] is None


def test_a_file_of_many_models_is_light(word_list: WordList) -> None:
    few = word_list()
    long = tuple(dataclasses.replace(few.concepts[i % 12], id=f"concept {i}") for i in range(350))
    words = dataclasses.replace(few, concepts=long)
    outcomes = [varied(measured(model(f"Model {i}"), words), i) for i in range(10)]
    (file,) = concept_files(build_leaderboard([words], [], outcomes)).values()
    assert len(file) < 14 * 10 * 350, "three numbers of up to three digits a model and concept"


def test_links_to_concepts_can_be_taken_apart_again() -> None:
    for concept in hostile_dataset().concepts:
        page, _, anchor = links.concept("hostile", concept.id).partition("#")
        slug, _, name = anchor.partition("/")
        assert (page, slug, quote(concept.id, safe="")) == (links.CONCEPTS, "hostile", name)


def test_the_page_names_every_list_and_leads_to_it_without_scripts(fixture: Fixture) -> None:
    page = page_of(fixture.files[links.CONCEPTS])
    catalogue = json.loads(page.one("div", id="concepts").attributes["data-catalogue"])
    assert [each["slug"] for each in catalogue] == ["words", "others", "signs"]
    assert [each["scored"] for each in catalogue] == [True, True, False]
    held = page.one("section", aria_labelledby="lists").all("a")
    assert [a.attributes["href"] for a in held] == [links.dataset_page(d.slug) for d in fixture.datasets]


def test_a_site_without_datasets_or_results_has_the_page(word_list: WordList) -> None:
    for datasets in ([], [word_list()]):
        files = render_site(invented(datasets, []).benchmark, [])
        assert page_of(files[links.CONCEPTS]).one("h1").text == "Concepts"


# In a browser


def opened(page: Page, name: str) -> Page:
    """The page once it shows the concept of a name, with its first maps."""
    expect(page.locator("#concept-name")).to_have_text(name)
    page.locator("#small-maps > li").first.wait_for()
    return page


def words_shown(page: Page) -> set[tuple[str, str, str]]:
    found = page.locator("#renderings [lang]").all()
    return {(e.get_attribute("lang") or "", e.get_attribute("dir") or "", e.text_content() or "") for e in found}


@pytest.mark.parametrize("home", ["folder", "sub-path"])
def test_a_concept_opens_by_its_address_and_again_after_a_reload(
    site: Path, fixture: Fixture, open_site: Open, served: Callable[[Path], str], home: str
) -> None:
    watched = open_site(site, "" if home == "folder" else served(site))
    page = watched.open(links.concept("words", "water"))
    for _ in range(2):
        opened(page, "water")
        assert words_shown(page) == {
            ("en", "ltr", "water"), ("zh", "ltr", "水"), ("ar", "rtl", "ماء"),
            ("hi", "ltr", "पानी"), ("hi", "ltr", "जल"), ("sw", "ltr", "maji"),
        }  # fmt: skip
        page.reload()
    opened(page, "water")
    assert page.title().startswith("water · Concepts")


def test_the_table_shows_the_numbers_of_every_model(site: Path, fixture: Fixture, open_site: Open) -> None:
    page = opened(open_site(site).open(links.concept("words", "sun")), "sun")
    place = [c.id for c in fixture.datasets[0].concepts].index("sun")
    rows = page.locator("#placed tr").all()
    assert [row.locator("th").inner_text() for row in rows] == [*NAMES, "Control: identical"]
    for row, (slug, result) in zip(rows, fixture.results.items(), strict=True):
        own = affinities_of([result])[slug]
        record = result.concepts[place]
        shown = [cell.inner_text().strip() for cell in row.locator("td").all()]
        retrieved = "–" if record.retrieved is None else f"{record.retrieved:.0%}".replace("%", " %")
        assert shown[:2] == [f"{record.sa:.3f}", f"{median(own.values()):.3f}"]
        assert abs(float(shown[2].removesuffix(" %")) - 100 * shares(own)["sun"]) <= 0.51
        assert shown[3] == retrieved
        assert row.locator("a").get_attribute("href") == f"pairs/{slug}--words.html#concept=sun"
        assert row.locator("circle").get_attribute("cx") == f"{(thousandths(record.sa) or 0) / 10:g}%"
    told = difficulties(affinities_of([r for slug, r in fixture.results.items() if slug != "control-identical"]))["sun"]
    assert f"Harder than {round(100 * told.share)} % of the list" in page.locator("#concept-told").inner_text()


def test_maps_come_six_at_a_time_with_the_words_and_the_rivals(site: Path, fixture: Fixture, open_site: Open) -> None:
    page = opened(open_site(site).open(links.concept("words", "fire")), "fire")
    expect(page.locator("#small-maps > li")).to_have_count(6)
    first = page.locator("#small-maps > li").first
    marked = first.locator("svg path[transform]")
    assert set(marked.locator("title").all_text_contents()) == {"fire", "火", "نار", "आग", "moto"}
    languages = dict(zip(("en", "zh", "ar", "hi", "sw"), page.locator("#renderings svg path").all(), strict=True))
    arabic = first.locator("svg path[transform]", has=page.locator("title", has_text="نار"))
    for attribute in ("d", "fill"):
        assert arabic.get_attribute(attribute) == languages["ar"].get_attribute(attribute)
    points = fixture.results["alpha"].map
    assert points is not None
    drawn = first.locator(".all-words").get_attribute("d") or ""
    assert drawn.count("M") == len(points.points)
    rivals = first.locator("ul li").all_inner_texts()
    assert rivals == [
        "شَمْس English to Arabic, cosine 0.61 against −0.13; nearest in 3 directions",
        "moon Chinese to English, cosine 0.50 against 0.25; nearest in one direction",
    ]
    assert first.locator("ul a").first.locator("[lang=ar][dir=rtl]").count() == 1
    assert "No map: few vectors." in page.locator("#small-maps > li").nth(2).inner_text()
    more = page.locator("#more-maps")
    assert more.inner_text() == "Show 2 of 2 more"
    more.click()
    expect(page.locator("#small-maps > li")).to_have_count(8)
    expect(more).to_be_hidden()
    expect(page.locator("#small-maps > li").nth(6).locator("h4 a")).to_be_focused()


def test_places_on_small_maps_are_those_of_the_map_turned_upright(
    site: Path, fixture: Fixture, open_site: Open
) -> None:
    page = opened(open_site(site).open(links.concept("words", "moon")), "moon")
    held = fixture.results["alpha"].map
    assert held is not None
    words = {p.text: np.array([p.x, -p.y]) for p in held.points if p.concept == "moon"}
    drawn = {}
    for path in page.locator("#small-maps > li").first.locator("svg path[transform]").all():
        x, y = (path.get_attribute("transform") or "").removeprefix("translate(").split(")")[0].split()
        drawn[path.locator("title").text_content() or ""] = np.array([float(x), float(y)])
    assert set(drawn) == set(words)
    first, scale = next(iter(words)), 100 / max(np.ptp([[p.x, p.y] for p in held.points], axis=0))
    for text, place in words.items():
        assert drawn[text] - drawn[first] == pytest.approx(scale * (place - words[first]), abs=0.11)
    assert max(np.abs(place - drawn[first]).max() for place in drawn.values()) > 1


def test_a_word_is_found_in_any_language_and_opened_from_the_keyboard(site: Path, open_site: Open) -> None:
    page = open_site(site).open("concepts.html")
    assert page.locator("#concept-index a").count() == 12
    for typed, name in (("काी", None), ("किताब", "book"), ("书", "book"), ("بيت", "house"), ("CAFE", "café")):
        page.locator("#concept-query").fill(typed)
        links_found = page.locator("#concept-index a")
        if name is None:
            expect(page.locator("#concept-status")).to_have_text("Nothing found in Words.")
            assert links_found.count() == 0
            continue
        expect(page.locator("#concept-status")).to_have_text("1 found in Words.")
        assert links_found.all_inner_texts() == [name]
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    opened(page, "café")
    expect(page.locator("#concept-name")).to_be_focused()
    assert page.url.endswith("concepts.html#words/coffee-house")
    assert page.locator("#concept-query").input_value() == ""
    page.locator("#concept-query").fill("café")
    page.locator("#concept-index a").click()
    opened(page, "café")
    assert page.locator("#concept").is_visible(), "the same concept opens again"


def test_readers_walk_from_concept_to_concept_and_back(site: Path, open_site: Open) -> None:
    page = opened(open_site(site).open(links.concept("words", "fire")), "fire")
    page.locator("#concept-steps a", has_text="Next").click()
    opened(page, "sun")
    page.locator("#concept-steps a", has_text="Previous").click()
    opened(page, "fire")
    page.locator("#small-maps > li").first.locator("ul a").first.click()
    opened(page, "sun")
    page.go_back()
    opened(page, "fire")
    page.locator("#concept-steps a", has_text="All").click()
    expect(page.locator("#concept-index a")).to_have_count(12)
    page.locator("#concept-list").select_option("signs")
    expect(page.locator("#concept-index a")).to_have_count(7)
    page.locator("#concept-index a").first.click()
    opened(page, "α")
    assert page.locator("#concept-models").is_hidden()
    assert page.url.endswith("#signs/%CE%B1")


@pytest.mark.parametrize("address", ["#words/nothing", "#words/%E0%A4%A", "#words/"])
def test_an_address_of_no_concept_says_so_and_shows_the_list(site: Path, open_site: Open, address: str) -> None:
    page = open_site(site).open(f"concepts.html{address}")
    expect(page.locator("#concept-status")).to_contain_text("Words has no concept")
    expect(page.locator("#concept-index a")).to_have_count(12)


def test_a_concept_that_a_large_map_leaves_out_is_told(
    word_list: WordList, open_site: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_POINTS", 30)
    words = word_list()
    site = test_browser.published(invented([words], [measured(model(), words)]).files, tmp_path)
    page = opened(open_site(site).open(links.concept("words", "fire")), "fire")
    assert "This large map shows other concepts only." in page.locator("#small-maps").inner_text()


def test_a_file_that_is_not_there_is_named(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    watched.page.route("**/data/pairs/alpha--words.js", lambda route: route.abort())
    watched.page.goto(f"{watched.home}/{links.concept('words', 'fire')}")
    expect(watched.page.locator("#concept-status")).to_contain_text("could not be loaded")
    expect(watched.page.locator("#placed tr")).to_have_count(8)
    watched.faults.clear()


def test_hostile_concepts_are_shown_as_they_are(open_site: Open, tmp_path: Path) -> None:
    site = test_browser.published(hostile().files, tmp_path)
    watched = open_site(site, viewport=test_browser.PHONE)
    for concept in hostile_dataset().concepts[:12]:
        page = watched.open(links.concept("hostile", concept.id))
        shown = concept.renderings["en"][0]
        test_browser.until(page, "name => document.querySelector('#concept-name').textContent === name", shown)
        page.locator("#small-maps > li").first.wait_for()
        assert words_shown(page) >= {("ar", "rtl", concept.renderings["ar"][0])}
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watched.page.evaluate("window.pwned") is None


def test_without_scripts_the_page_leads_to_the_lists(site: Path, open_site: Open) -> None:
    context = open_site(site, java_script_enabled=False)
    context.page.goto(f"{context.home}/concepts.html#words/fire")
    assert context.page.locator("#concepts").is_hidden()
    assert context.page.locator("main a:visible").all_inner_texts() == ["Words", "Others", "Signs"]
    assert "needs JavaScript" in context.page.locator("main").inner_text()

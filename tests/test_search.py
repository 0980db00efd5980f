"""The search: what can be found without scripts, how words are compared, and how it is used in a browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import test_browser
from playwright.sync_api import Page, expect
from site_fixtures import (
    TEXTS,
    control,
    hostile,
    hostile_dataset,
    invented,
    measured,
    model,
    page_of,
    places,
    rendered,
    signs,
    states,
)

from generator.datasets import Card, Concept, Dataset
from generator.site import links

WordList = Callable[..., Dataset]
browser, open_site, served = test_browser.browser, test_browser.open_site, test_browser.served
Open = test_browser.Open

SPELT = (
    ("accents", {"fr": "pâté déjà", "de": "Straße", "tr": "İstanbul", "vi": "Ai Cập"}),
    ("points", {"ar": "شَمْس", "he": "שָׁלוֹם", "fa": "أُمّ", "el": "Κόσμος"}),
    ("kana", {"ja": "がっこう", "ko": "각도", "hi": "कुत्ता", "th": "น้ำ"}),
    ("width", {"ja": "ＡＢＣカフェ", "en": "ﬁre  brigade", "zh": "咖啡馆"}),
    ("emoji", {"en": "👩🏽‍🚀", "zh": "宇航员", "de": "C++ & 100 %"}),
)


def spelt() -> Dataset:
    """Words that readers type in other ways than they are written."""
    concepts = tuple(Concept(name, {tag: (text,) for tag, text in cells.items()}) for name, cells in SPELT)
    tags = tuple(dict.fromkeys(tag for concept in concepts for tag in concept.renderings))
    return Dataset("spelt", Card("Spelt"), tags, concepts)


@pytest.fixture(scope="module")
def site(word_list: WordList, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three lists and more models than are shown at once."""
    words, others = word_list(slug="words"), word_list(slug="others", n=6, languages=("en", "ar"))
    outcomes = [measured(model(f"Modèle {i}", licence="MIT"), words, 0.5 + i / 100) for i in range(15)]
    outcomes.append(measured(control(), words, 1.0))
    files = invented([words, others, spelt(), signs()], outcomes).files
    return test_browser.published(files, tmp_path_factory.mktemp("search"))


# The list in the page


def test_models_datasets_and_pages_stand_in_the_page(word_list: WordList) -> None:
    told = states(word_list)
    page = page_of(told.files[links.SEARCH])
    found = {
        section.attributes["aria-labelledby"]: {a.text: a.attributes["href"] for a in section.all("a")}
        for section in page.all("section", data_found="")
    }
    assert found["datasets"] == {d.card.name: links.dataset_page(d.slug) for d in told.benchmark.datasets}
    assert set(found["models"].values()) == {path for path in told.files if path.startswith("models/")} - {
        path for path in told.files if not path.endswith(".html")
    }
    assert {"index.html", "concepts.html", "methods.html"} <= set(found["pages"].values())
    items = {li.one("a").text: li.one("span").text for li in page.all("li") if li.all("span")}
    assert items["Whole"] == "contrastive · 23 M parameters"
    assert items["Words"] == "modern · 12 concepts in English, Chinese, Arabic, Hindi, Swahili · CC0-1.0"
    assert items["Places"].endswith("Polish and 4 more languages")


def test_every_page_has_a_link_to_the_search(word_list: WordList) -> None:
    for path, content in rendered([word_list()], [measured(model(), word_list())]).items():
        if path.endswith(".html"):
            link = page_of(content).one("header", class_="site-header").one("a", class_="search-link")
            assert [link.text, link.attributes["href"]] == ["Search", links.relative(links.SEARCH, path)]
            assert ("aria-current" in link.attributes) is (path == links.SEARCH)


# In a browser


def results(page: Page, group: str = "found-concepts") -> list[str]:
    return page.locator(f"#{group} li a").all_inner_texts()


def ask(page: Page, query: str) -> None:
    page.locator("#query").fill("")
    expect(page.locator("#search-status")).to_have_text("")
    page.locator("#query").fill(query)
    expect(page.locator("#search-status")).not_to_have_text("")


@pytest.mark.parametrize("home", ["folder", "sub-path"])
def test_words_of_any_language_are_found_and_lead_to_their_concept(
    site: Path, open_site: Open, served: Callable[[Path], str], home: str
) -> None:
    watched = open_site(site, "" if home == "folder" else served(site))
    page = watched.open("index.html")
    page.locator(".search-link").click()
    for word, tag, direction in (("مقهى", "ar", "rtl"), ("咖啡馆", "zh", "ltr"), ("अज्ञात", "hi", "ltr")):
        ask(page, word)
        first = page.locator("#found-concepts li").first
        expect(first.locator(f"[lang={tag}][dir={direction}]")).to_have_text(word)
    first.locator("a").click()
    expect(page.locator("#concept-name")).to_have_text("x̣")
    assert page.url == f"{watched.home}/concepts.html#words/unknown"


@pytest.mark.parametrize(
    ("typed", "concept"),
    [
        ("PÂTÉ", "accents"),
        ("pate deja", "accents"),
        ("strasse", "accents"),
        ("istanbul", "accents"),
        ("ai cap", "accents"),
        ("شمس", "points"),
        ("شَمْس", "points"),
        ("שלום", "points"),
        ("ام", "points"),
        ("ΚΟΣΜΟΣ", "points"),
        ("κοσμ", "points"),
        ("ΚΟΣ", "points"),
        ("学", None),
        ("がっ", "kana"),
        ("각", "kana"),
        ("가", None),
        ("कुत्ता", "kana"),
        ("कत", None),
        ("かっこう", None),
        ("abcカフェ", "width"),
        ("fire brigade", "width"),
        ("啡", "width"),
        ("👩🏽‍🚀", "emoji"),
        ("c++", "emoji"),
        ("100 %", "emoji"),
        ("points", "points"),
        (".*", None),
    ],
)
def test_a_word_is_found_however_it_is_typed(site: Path, open_site: Open, typed: str, concept: str | None) -> None:
    page = open_site(site).open(f"search.html#q={quote(typed)}")
    expect(page.locator("#search-status")).not_to_have_text("")
    targets = page.locator("#found-concepts a").evaluate_all("links => links.map((a) => a.getAttribute('href'))")
    assert [target for target in targets if "#spelt/" in target] == (
        [f"concepts.html#spelt/{concept}"] if concept else []
    )


def test_what_is_spelt_alike_comes_before_what_begins_alike_or_holds_it(open_site: Open, tmp_path: Path) -> None:
    texts = ["overfire", "fire brigade", "firé", "FIRE", "campfirés", "fires"]
    concepts = tuple(Concept(f"{i}", {"en": (text,), "zh": (f"词{i}",)}) for i, text in enumerate(texts))
    dataset = Dataset("fires", Card("Fires"), ("en", "zh"), concepts)
    page = open_site(test_browser.published(rendered([dataset], []), tmp_path)).open("search.html")
    ask(page, "fire")
    assert results(page) == ["FIRE", "fire brigade", "fires", "overfire", "firé", "campfirés"]


def test_models_and_datasets_are_found_by_name_and_by_what_is_told_of_them(site: Path, open_site: Open) -> None:
    page = open_site(site).open("search.html")
    assert len(results(page, "search-results section:has(#models)")) == 16
    ask(page, "modele mit 1")
    models = page.locator("section[data-found]:has(#models) li a")
    assert models.all_inner_texts() == ["Modèle 1", *(f"Modèle 1{i}" for i in range(5))]
    assert page.locator("section:has(#datasets)").is_hidden()
    ask(page, "arabic cc0")
    assert page.locator("section[data-found]:has(#datasets) li a").all_inner_texts() == ["Words", "Others"]
    ask(page, "methods")
    assert page.locator("section[data-found]:visible li a").all_inner_texts() == ["Methods"]
    ask(page, "qqqq")
    expect(page.locator("#search-status")).to_have_text("Nothing is found.")
    assert page.locator("#search-results section:visible").count() == 0
    page.locator("#query").fill("")
    expect(page.locator("section[data-found]:has(#models) li")).to_have_count(16)
    expect(page.locator("section[data-found]:visible")).to_have_count(3)


def test_long_lists_of_results_are_cut_and_opened(site: Path, open_site: Open) -> None:
    page = open_site(site).open("search.html")
    ask(page, "modele")
    models = page.locator("section[data-found]:has(#models)")
    assert models.locator("a").count() == 12
    assert models.locator("button").inner_text() == "3 more"
    expect(page.locator("#search-status")).to_have_text("15 found")
    models.locator("button").focus()
    page.keyboard.press("Enter")
    expect(models.locator("a")).to_have_count(15)
    expect(models.locator("a").nth(12)).to_be_focused()


def test_the_address_holds_what_is_asked_for(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    page = watched.open("search.html")
    ask(page, "c++ & 100 %")
    assert results(page) == ["👩🏽‍🚀"]
    page.reload()
    assert page.locator("#query").input_value() == "c++ & 100 %"
    expect(page.locator("#found-concepts li")).to_have_count(1)
    page.evaluate("() => { location.hash = 'q=%E7%81%AB'; }")
    expect(page.locator("#query")).to_have_value("火")
    expect(page.locator("#found-concepts li")).to_have_count(1)
    page.locator("#query").fill("")
    assert "#" not in page.url
    watched.open("search.html#q=%E0%A4%A")
    assert page.locator("#query").input_value()


def test_results_are_walked_with_the_arrow_keys(site: Path, open_site: Open) -> None:
    page = open_site(site).open("search.html")
    ask(page, "ماء")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found-concepts a").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found-concepts a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#concept-name")).to_have_text("water")


def test_a_list_that_is_not_there_is_named(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    watched.page.route("**/data/words/others.js", lambda route: route.abort())
    watched.page.goto(f"{watched.home}/search.html#q=fire")
    expect(watched.page.locator("#search-status")).to_contain_text("could not be loaded")
    watched.faults.clear()


def test_hostile_words_are_found_and_shown_as_they_are(open_site: Open, tmp_path: Path) -> None:
    site = test_browser.published(hostile().files, tmp_path)
    page = open_site(site, viewport=test_browser.PHONE).open("search.html")
    for concept, text in zip(hostile_dataset().concepts, TEXTS, strict=True):
        ask(page, text)
        shown = page.locator("#found-concepts a").evaluate_all("links => links.map((a) => a.textContent)")
        assert concept.renderings["en"][0] in shown
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("window.pwned") is None


def test_many_words_are_searched_at_once(open_site: Open, tmp_path: Path) -> None:
    wide = places()
    many = tuple(
        Concept(f"{i}", {tag: (f"{cells[0]} {i}",) for tag, cells in wide.concepts[0].renderings.items()})
        for i in range(1000)
    )
    dataset = dataclasses.replace(wide, concepts=many)
    page = open_site(test_browser.published(rendered([dataset], []), tmp_path)).open("search.html")
    ask(page, "1")
    expect(page.locator("#found-concepts li")).to_have_count(13)
    words: Any = page.evaluate(
        """async () => {
          const words = await isogloss.load("words/places");
          const start = performance.now();
          for (let i = 0; i < 5; i += 1) isogloss.find(words, `${i} 99`);
          return (performance.now() - start) / 5;
        }"""
    )
    assert words < 250, f"{words:.0f} ms for 20,000 words"


def test_without_scripts_all_but_the_words_is_listed(site: Path, open_site: Open) -> None:
    context = open_site(site, java_script_enabled=False)
    context.page.goto(f"{context.home}/search.html")
    assert context.page.locator("#query").is_hidden()
    assert context.page.locator("section[data-found]:visible").count() == 3
    assert context.page.locator("#found-concepts").is_hidden()
    assert "every dataset’s page lists all its words" in context.page.locator("main").inner_text()

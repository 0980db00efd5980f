"""What a reader can do with the map of a pair, in a real browser."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import test_browser
from playwright.sync_api import Download, Page, expect
from site_fixtures import HOSTILE, measured, model, rendered
from test_browser import LINKS, PHONE, PLACE, RENDERERS, Open, picked, tap, until

from generator.datasets import Card, Concept, Dataset
from generator.results import PairResult, Rival

browser, open_site = test_browser.browser, test_browser.open_site

SVG = "{http://www.w3.org/2000/svg}"
PAIR = "pairs/alpha--few.html"
NUMBERS = ("+1", "-1")
FORMULAS = ("=1+1", *NUMBERS, "@SUM(A1)", '"quoted", and cut')
WORDS = {
    "water": ("water", "ماء", "水"),
    "fire": ("fire", "نار", "火"),
    "sun": ("sun", "شمس", "太阳"),
    "moon": ("moon", "قمر", "月亮"),
    **{f"formula {i}": (text, f"كلمة {text}", f"词 {text}") for i, text in enumerate(FORMULAS)},
    "hostile": (HOSTILE[0], f"كلمة {HOSTILE[1]}", "👩🏽‍🚀"),
}

SHOWN = f"""() => {{
  const data = {RENDERERS}.words.data_source.data;
  return data.text.map((text, i) => [data.tag[i], text, data.colour[i], data.alpha[i]]);
}}"""
LABELS = f"() => [...{RENDERERS}.labels.data_source.data.text]"
# Left, top, right and bottom of each label on the screen.
BOXES = f"""() => {{
  const data = {RENDERERS}.labels.data_source.data;
  const {{ x_scale, y_scale }} = Object.values(Bokeh.index)[0].frame;
  const ruler = document.createElement("canvas").getContext("2d");
  return data.text.map((text, i) => {{
    ruler.font = `13px ${{data.font[i]}}`;
    const width = ruler.measureText(text).width;
    const x = x_scale.compute(data.x[i]) + data.offset[i] - (data.align[i] === "right" ? width : 0);
    const y = y_scale.compute(data.y[i]);
    return [x, y - 6, x + width, y + 6];
  }});
}}"""
RANGES = (
    "() => { const f = Bokeh.documents.at(-1).roots()[0]; return [f.x_range, f.y_range].map((r) => r.end - r.start); }"
)


@pytest.fixture(scope="module")
def few() -> Dataset:
    concepts = tuple(
        Concept(name, {"en": (en,), "ar": (ar,), "zh": (zh,)}, "nature" if i < 4 else "signs")
        for i, (name, (en, ar, zh)) in enumerate(WORDS.items())
    )
    return Dataset("few", Card("Few"), ("en", "ar", "zh"), concepts)


@pytest.fixture(scope="module")
def result(few: Dataset) -> PairResult:
    found = measured(model(), few)
    rival = Rival("fire", 2, "ar", "zh", 0.71, 0.65)
    first = dataclasses.replace(found.concepts[0], retrieved=0.625, rivals=(rival,))
    return dataclasses.replace(found, concepts=(first, *found.concepts[1:]))


@pytest.fixture(scope="module")
def site(few: Dataset, result: PairResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_browser.published(rendered([few], [result]), tmp_path_factory.mktemp("few"))


@pytest.fixture
def page(site: Path, open_site: Open) -> Page:
    """The page in a window high enough for all of its map, so that nothing scrolls while something is dragged."""
    return open_site(site, viewport={"width": 1280, "height": 1900}).open(PAIR)


def bright(page: Page) -> set[str]:
    """The words in the light."""
    return {text for _, text, _, alpha in page.evaluate(SHOWN) if alpha > 0.5}


def frame(page: Page) -> tuple[float, float, float, float]:
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + 6, box["y"] + 6, box["x"] + box["width"] - 6, box["y"] + box["height"] - 6


def drag(page: Page, mode: str, corners: Sequence[tuple[float, float]]) -> None:
    """Drag along corners and back to the first, with a way of dragging chosen from the keyboard."""
    page.locator(f"[name=map-drag][value={mode}]").focus()
    page.keyboard.press("Space")
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in (*corners[1:], corners[0]):
        page.mouse.move(*corner, steps=6)
    page.mouse.up()


def around(page: Page, tag: str, text: str, reach: float = 12) -> list[tuple[float, float]]:
    """The corners of a square about a word that has nothing else in it."""
    point = page.evaluate(PLACE, [tag, text])
    assert point["alone"] > 1.5 * reach
    x, y = point["x"], point["y"]
    return [(x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)]


def saved(download: Download, tmp_path: Path) -> bytes:
    path = tmp_path / download.suggested_filename
    download.save_as(path)
    return path.read_bytes()


# Selecting


def test_a_lasso_lists_the_concepts_of_the_words_within(page: Page) -> None:
    drag(page, "lasso-select", around(page, "ar", "ماء"))
    panel = page.locator("#map-selected")
    expect(panel.locator("h3")).to_have_text("Selected: 1 concept, 1 word")
    expect(page.locator("#map-status")).to_have_text("Selected: 1 concept, 1 word")
    assert bright(page) == {"ماء"}
    cells = panel.locator("tbody [lang]")
    assert [(c.get_attribute("lang"), c.get_attribute("dir"), c.inner_text()) for c in cells.all()] == [
        ("en", "ltr", "water"), ("ar", "rtl", "ماء"), ("zh", "ltr", "水"),
    ]  # fmt: skip
    assert panel.locator("strong").all_inner_texts() == ["ماء"]
    panel.locator("tbody button").click()
    assert picked(page) == {("en", "water"), ("ar", "ماء"), ("zh", "水")}
    assert panel.is_visible(), "the list stays while its concepts are looked at"


def test_a_box_over_everything_selects_all_but_the_faded(page: Page, few: Dataset) -> None:
    page.locator("button[data-language=zh]").click()
    left, top, right, bottom = frame(page)
    drag_box = [(left, top), (right, bottom)]
    page.locator("[value=box-select]").check()
    page.mouse.move(*drag_box[0])
    page.mouse.down()
    page.mouse.move(*drag_box[1], steps=8)
    page.mouse.up()
    n = len(few.concepts)
    expect(page.locator("#map-selected h3")).to_have_text(f"Selected: {n} concepts, {2 * n} words")
    assert page.locator("#map-selected strong[lang=zh]").count() == 0
    page.locator("#map-selected button", has_text="Clear").click()
    assert page.locator("#map-selected").is_hidden()


def test_a_selection_is_copied_and_saved_as_csv_without_formulas(page: Page, tmp_path: Path) -> None:
    left, top, right, bottom = frame(page)
    drag(page, "lasso-select", [(left, top), (right, top), (right, bottom), (left, bottom)])
    with page.expect_download() as download:
        page.locator("#map-selected button", has_text="Download CSV").click()
    text = saved(download.value, tmp_path).decode()
    assert download.value.suggested_filename == "alpha--few.csv"
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert list(rows) == list(WORDS)
    assert {name: row["en"] for name, row in rows.items()} == {
        name: f"'{words[0]}" if words[0][0] in "=+-@" and words[0] not in NUMBERS else words[0]
        for name, words in WORDS.items()
    }
    assert [rows["water"][tag] for tag in ("category", "sa", "ar", "zh")] == ["nature", "0.62", "ماء", "水"]
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    page.locator("#map-selected button", has_text="Copy CSV").click()
    expect(page.locator("#map-status")).to_have_text("Copied.")
    assert page.evaluate("window.copied") == text
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")
    page.evaluate("() => { document.execCommand = () => Boolean(window.marked = document.activeElement.value); }")
    page.locator("#map-selected button", has_text="Copy CSV").click()
    until(page, "() => Boolean(window.marked)")
    assert page.evaluate("window.marked").replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert page.locator("textarea").count() == 0


# Searching and picking


def test_a_search_keeps_what_it_does_not_find_in_grey(page: Page) -> None:
    assert len(bright(page)) == 3 * len(WORDS)
    page.locator("#map-search").fill("太")
    assert bright(page) == {"sun", "شمس", "太阳"}
    page.locator("#map-search").fill("o")
    found = {text for words in WORDS.values() for text in words if "o" in text}
    assert found < bright(page)
    page.keyboard.press("Escape")
    assert page.locator("#map-search").input_value() == ""
    assert len(bright(page)) == 3 * len(WORDS)


def test_a_picked_concept_tells_its_score_and_the_words_that_beat_it(page: Page) -> None:
    page.locator("#map-search").fill("water")
    panel = page.locator("#map-picked")
    assert panel.locator("p").inner_text() == "SA 0.620 · found in 63 % of the directions between languages"
    (rival,) = panel.locator("li").all()
    assert rival.locator("[lang=zh]").inner_text() == "火"
    assert rival.inner_text().split("\n")[-1].endswith("2 times; Arabic to Chinese: cosine 0.71 against 0.65")
    rival.locator("button").click()
    assert picked(page) == {("en", "fire"), ("ar", "نار"), ("zh", "火")}
    assert panel.locator("li").count() == 0


def test_a_concept_is_picked_and_cleared_from_the_keyboard(page: Page) -> None:
    page.locator("tr[data-concept=sun] button").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(LINKS) == 3
    expect(page.locator("#map-status")).to_have_text("sun: 3 words.")
    page.keyboard.press("Escape")
    assert page.evaluate(LINKS) == 0
    expect(page.locator("#map-status")).to_have_text("Nothing is picked.")


def test_a_tap_beside_every_word_clears_on_a_phone(site: Path, open_site: Open) -> None:
    page = open_site(site, has_touch=True, viewport=PHONE).open(PAIR)
    page.locator("#map").scroll_into_view_if_needed()
    point = page.evaluate(PLACE, ["ar", "شمس"])
    tap(page, point["x"], point["y"], touch=True)
    assert picked(page) == {("en", "sun"), ("ar", "شمس"), ("zh", "太阳")}
    left, top, *_ = frame(page)
    page.wait_for_timeout(600)
    page.touchscreen.tap(left + 4, top + 4)
    expect(page.locator("#map-picked h3")).to_have_count(0)


# Colours and labels


def test_colours_follow_category_and_score_and_the_legend_follows_the_colours(page: Page) -> None:
    key = page.locator("#map-key")
    assert key.is_hidden()
    by_language = {tag: colour for tag, _, colour, _ in page.evaluate(SHOWN)}
    assert len(set(by_language.values())) == 3
    page.locator("#map-colour").select_option("category")
    assert key.locator("h3").inner_text() == "Category"
    assert key.locator("li").all_inner_texts() == ["signs", "nature"]
    shown = {text: colour for _, text, colour, _ in page.evaluate(SHOWN)}
    assert shown["water"] == shown["太阳"] != shown["=1+1"] == shown["词 =1+1"]
    page.locator("#map-colour").select_option("sa")
    assert key.locator("li").all_inner_texts() == [
        "below 0.550", "0.550 to 0.570", "0.570 to 0.590", "0.590 to 0.610", "0.610 and above", "no value",
    ]  # fmt: skip
    swatches = key.locator(".swatch").evaluate_all("all => all.map((e) => getComputedStyle(e).backgroundColor)")
    assert len(set(swatches)) == 6
    shown = {text: colour for _, text, colour, _ in page.evaluate(SHOWN)}
    assert shown["water"] == shown["水"] == swatches[4], "the highest score"
    page.emulate_media(color_scheme="dark")
    until(page, f"(before) => ({SHOWN})()[0][2] !== before", swatches[4])
    page.locator("#map-colour").select_option("language")
    assert {tag: colour for tag, _, colour, _ in page.evaluate(SHOWN)} == by_language
    assert key.is_hidden()


def test_words_are_written_beside_their_points_without_overlap(page: Page) -> None:
    written = page.evaluate(LABELS)
    assert {"水", "ماء", "👩🏽‍🚀"} <= set(written)
    fonts = page.evaluate(f"() => new Set({RENDERERS}.labels.data_source.data.font).size")
    assert fonts >= 2, "Chinese has letters of its own"
    page.locator("button[data-language=zh]").click()
    assert "水" not in page.evaluate(LABELS)
    page.locator("#map-search").fill("water")
    assert set(page.evaluate(LABELS)) <= {"water", "ماء"}


def test_labels_wait_until_few_enough_words_are_in_view(open_site: Open, tmp_path: Path) -> None:
    concepts = tuple(Concept(str(i), {"en": (f"a long word {i}",), "zh": (f"字{i}",)}) for i in range(300))
    many = Dataset("many", Card("Many"), ("en", "zh"), concepts)
    site = test_browser.published(rendered([many], [measured(model(), many)]), tmp_path)
    page = open_site(site).open("pairs/alpha--many.html")
    assert page.evaluate(LABELS) == []
    page.locator("tr[data-concept='7'] button").click()
    assert set(page.evaluate(LABELS)) == {"a long word 7", "字7"}
    page.keyboard.press("Escape")
    for _ in range(2):
        page.locator("#map-in").click()
    until(page, f"() => ({LABELS})().length > 3")
    boxes = page.evaluate(BOXES)
    in_view = page.evaluate(f"() => {RENDERERS}.words.data_source.data.x.length")
    assert 3 < len(boxes) < in_view
    overlapping = [
        (a, b) for a, b in combinations(boxes, 2) if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert overlapping == []


# Moving


def test_the_map_is_zoomed_and_moved_by_buttons_and_keys(page: Page) -> None:
    whole = page.evaluate(RANGES)
    page.locator("#map-in").click()
    closer = page.evaluate(RANGES)
    assert closer == pytest.approx([value / 1.5 for value in whole])
    page.locator("#map-out").click()
    assert page.evaluate(RANGES) == pytest.approx(whole)
    page.locator("#map-in").click()
    left, top, *_ = frame(page)
    page.mouse.click(left + 3, top + 3)
    start = "Bokeh.documents.at(-1).roots()[0].x_range.start"
    before = page.evaluate(start)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(start) > before
    page.keyboard.press("-")
    assert page.evaluate(RANGES) == pytest.approx(whole)
    page.locator("#map-whole").click()
    assert page.evaluate(RANGES) == pytest.approx(whole)


def test_the_wheel_scrolls_the_page_until_the_map_is_in_use(page: Page) -> None:
    whole = page.evaluate(RANGES)
    left, top, right, bottom = frame(page)
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.wheel(0, -50)
    page.wait_for_timeout(200)
    assert page.evaluate(RANGES) == whole
    page.mouse.click(left + 3, top + 3)
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.wheel(0, -200)
    until(page, f"(whole) => ({RANGES})()[0] < whole", whole[0])
    page.locator("#map-search").focus()
    closer = page.evaluate(RANGES)
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(200)
    assert page.evaluate(RANGES) == closer


# Keeping


def test_the_address_keeps_concept_colours_and_faded_languages(page: Page) -> None:
    page.locator("#map-search").fill("moon")
    page.locator("#map-colour").select_option("sa")
    page.locator("button[data-language=ar]").click()
    assert parse_qs(urlsplit(page.url).fragment) == {"concept": ["moon"], "colour": ["sa"], "muted": ["ar"]}
    page.reload()
    page.wait_for_selector("html[data-map=ready]")
    assert page.locator("#map-picked h3").inner_text() == "moon"
    assert page.locator("#map-colour").input_value() == "sa"
    assert page.locator("button[data-language=ar]").get_attribute("aria-pressed") == "false"
    page.keyboard.press("Escape")
    assert parse_qs(urlsplit(page.url).fragment) == {"colour": ["sa"], "muted": ["ar"]}
    page.evaluate("location.hash = 'concept=nothing&colour=nothing&muted=xx'")
    expect(page.locator("#map-colour")).to_have_value("language")
    assert page.locator("#map-picked").inner_text() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_saved_as_a_drawing_of_what_is_in_view(
    site: Path, open_site: Open, tmp_path: Path, scheme: str
) -> None:
    page = open_site(site, color_scheme=scheme).open(PAIR)
    page.locator("button[data-language=zh]").click()
    with page.expect_download() as download:
        page.locator("#map-svg").click()
    root = ElementTree.fromstring(saved(download.value, tmp_path))
    assert download.value.suggested_filename == "alpha--few.svg"
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == "Alpha on Few"
    assert {"English", "Arabic", "ماء", "water"} <= set(texts)
    assert "水" not in texts
    inner = root.findall(f"{SVG}svg/{SVG}use")
    assert len(inner) == 2 * len(WORDS)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg",
        "title",
        "defs",
        "path",
        "circle",
        "rect",
        "text",
        "use",
    }
    with page.expect_download() as download:
        page.locator("#map-png").click()
    picture = saved(download.value, tmp_path)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20]) == 2 * int(root.attrib["width"])


def test_a_saved_drawing_of_a_picked_concept_has_its_lines(page: Page, tmp_path: Path) -> None:
    page.locator("#map-search").fill("water")
    with page.expect_download() as download:
        page.locator("#map-svg").click()
    root = ElementTree.fromstring(saved(download.value, tmp_path))
    assert len(root.findall(f"{SVG}svg/{SVG}line")) == 3
    opacities = {use.attrib["fill-opacity"] for use in root.findall(f"{SVG}svg/{SVG}use")}
    assert opacities == {"0.8", "0.12"}

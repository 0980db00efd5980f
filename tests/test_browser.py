"""The site in a real browser: opened from a folder, at both widths, with and without scripts."""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from site_fixtures import HOSTILE, hostile, hostile_dataset, measured, model, real_site, rendered, states

from generator.datasets import Card, Concept, Dataset
from generator.languages import language
from generator.result_store import from_json
from generator.results import PairResult
from generator.serve import PageServer
from generator.site import links
from generator.site.publish import publish

expect.set_options(timeout=15_000)

MODEL, DATASET = "character-n-grams", "modern-concepts"
PAIR = links.pair_page(MODEL, DATASET)
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

RENDERERS = "Object.fromEntries(Bokeh.documents.at(-1).roots()[0].renderers.map((r) => [r.name, r]))"
# Where a word's point is on the screen, and the word itself: the one furthest from all others, so that a pointer on it
# points at nothing else, unless a text is given.
PLACE = f"""([tag, text]) => {{
  const view = Object.values(Bokeh.index)[0];
  const data = {RENDERERS}.words.data_source.data;
  const points = data.text.map((text, i) => ({{
    tag: data.tag[i], text,
    x: view.frame.x_scale.compute(data.x[i]), y: view.frame.y_scale.compute(data.y[i]),
  }}));
  const alone = (p) => Math.min(...points.filter((q) => q !== p).map((q) => Math.hypot(p.x - q.x, p.y - q.y)));
  const wanted = points.filter((p) => p.tag === tag && (!text || p.text === text));
  const found = wanted.sort((a, b) => alone(b) - alone(a))[0];
  const frame = view.canvas_view.el.getBoundingClientRect();
  return {{...found, x: found.x + frame.left, y: found.y + frame.top, alone: alone(found)}};
}}"""
BACKGROUNDS = "elements => elements.map((e) => getComputedStyle(e).backgroundColor)"
LINKS = f"() => [...{RENDERERS}.links.data_source.data.x0].length"


@pytest.fixture(scope="session")
def served() -> Iterator[Callable[[Path], str]]:
    """Serve a site below a path of a server, for longer than any page asks for something: a function to its address."""
    with contextlib.ExitStack() as running:

        def address(site: Path) -> str:
            server = running.enter_context(PageServer(site.parent, 0))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            running.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/{site.name}"

        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        own = Path(playwright.chromium.executable_path)
        if not found and not own.is_file():
            pytest.fail("these tests need a Chromium and found none: run `sh tests/install-chromium.sh`")
        arguments = ["--no-sandbox", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=found or str(own), args=arguments)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return real_site(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def result(site: Path) -> PairResult:
    found = from_json(gzip.decompress((site / links.result_file(MODEL, DATASET)).read_bytes()))
    assert isinstance(found, PairResult)
    return found


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(hostile().files, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def invented_site(tmp_path_factory: pytest.TempPathFactory, word_list: Callable[..., Dataset]) -> Path:
    return published(states(word_list).files, tmp_path_factory.mktemp("invented"))


def published(files: Mapping[str, bytes], folder: Path) -> Path:
    publish(files, folder / "site")
    return folder / "site"


class Watched:
    """A page whose every complaint and request is noted."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self.home = page, home
        self.faults: list[str] = []
        page.on("console", lambda told: self._complain(told.text) if told.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("dialog", lambda dialog: (self._complain(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._requested(request.url))
        page.on("requestfailed", self._unanswered)

    def open(self, path: str) -> Page:
        self.page.goto("about:blank")  # a mere change of the fragment would load nothing
        self.page.goto(f"{self.home}/{path}")
        if self.page.locator("#map").count():
            self.page.wait_for_selector("html[data-map=ready]")
        return self.page

    def _complain(self, fault: str) -> None:
        self.faults.append(f"{self.page.url.removeprefix(self.home)}: {fault}")

    def _unanswered(self, request: Request) -> None:
        # What a page still waits for when it is left is given up.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"no answer from {request.url}")

    def _requested(self, url: str) -> None:
        if not url.startswith((f"{self.home}/", "data:")):
            self._complain(f"asked for {url}")


Open = Callable[..., Watched]


def until(page: Page, expression: str, argument: object = None) -> None:
    """Wait for something to become true; a page's policy lets no script wait for it, as text would have to be run."""
    for _ in range(300):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never became true: {expression}")


@pytest.fixture
def open_site(browser: Browser) -> Iterator[Open]:
    """Open a site from its folder; whatever a page complains of fails the test."""
    contexts, watched = [], []

    def opened(folder: Path, home: str = "", **options: Any) -> Watched:
        contexts.append(browser.new_context(**{"viewport": DESK, **options}))
        watched.append(Watched(contexts[-1].new_page(), home or folder.as_uri()))
        return watched[-1]

    yield opened
    for context in contexts:
        context.close()
    assert [fault for each in watched for fault in each.faults] == []


@pytest.fixture
def pair(site: Path, open_site: Open) -> Page:
    """The page of the n-grams, its map ready."""
    return open_site(site).open(PAIR)


def renderings(result: PairResult, concept: str) -> set[tuple[str, str]]:
    (found,) = (c for c in result.concepts if c.id == concept)
    return {(tag, text) for tag, texts in found.renderings.items() for text in texts}


def concept_of(result: PairResult, point: Mapping[str, Any]) -> str:
    """The first concept that a word renders."""
    return next(c.id for c in result.concepts if point["text"] in c.renderings.get(point["tag"], ()))


def picked(page: Page) -> set[tuple[str, str]]:
    """The words listed beside the map, with their languages."""
    cells = page.locator("#map-picked td").all()
    return {(cell.get_attribute("lang") or "", cell.inner_text()) for cell in cells}


def tap(page: Page, x: float, y: float, *, touch: bool = False) -> None:
    """Tap until words are listed: Bokeh takes a slow tap for a press, and a quick second one for a double tap."""
    for _ in range(12):
        (page.touchscreen.tap if touch else page.mouse.click)(x, y)
        with contextlib.suppress(PlaywrightTimeout):
            page.locator("#map-picked h3").wait_for(timeout=600)
            return
    pytest.fail("tapping a word lists nothing")


# Every page


# Every colour of text with what lies under it, painted one over the other as far as they are translucent.
INKS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return `rgb(${[...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join(", ")})`;
  };
  const under = new Map();
  const grounds = (e) => {
    if (e && !under.has(e)) under.set(e, [...grounds(e.parentElement), getComputedStyle(e).backgroundColor]);
    return e ? under.get(e) : [];
  };
  const found = new Map();
  const holdsText = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
  for (const e of [...document.querySelectorAll("body *")].filter((e) => holdsText(e) && e.checkVisibility())) {
    const ink = getComputedStyle(e)[e instanceof SVGElement ? "fill" : "color"];
    found.set([...grounds(e), ink].join(), [e.outerHTML.slice(0, 80), grounds(e), ink]);
  }
  return [...found.values()].map(([what, grounds, ink]) => [what, painted(grounds), painted([...grounds, ink])]);
}"""
OPEN = "document.querySelectorAll('details').forEach((details) => { details.open = true; })"


@pytest.mark.parametrize("kind", ["site", "invented_site", "hostile_site"])
def test_every_page_keeps_to_its_folder_and_its_width_can_be_read_and_complains_of_nothing(
    request: pytest.FixtureRequest, open_site: Open, kind: str
) -> None:
    folder: Path = request.getfixturevalue(kind)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    assert {"domains.html", "claims.html"} < set(paths)
    watched = open_site(folder, viewport=PHONE)
    wide, faint, inks = {}, set(), set()
    for path in paths:
        page = watched.open(path)
        page.evaluate(OPEN)
        for viewport, system in ((PHONE, "light"), (DESK, "dark")):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=system)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > viewport["width"]:
                wide[path, viewport["width"]] = width
            told = page.evaluate(INKS)
            inks |= {(ground, ink) for _, ground, ink in told}
            faint |= {(path, what, ground, ink) for what, ground, ink in told if contrast(ground, ink) < 4.5}
        assert page.evaluate("window.pwned") is None
    assert wide == {}
    assert faint == set()
    assert len(inks) > 20


# The leaderboard


def board(page: Page) -> list[list[str]]:
    """The models of each group of the leaderboard that are shown, from top to bottom."""
    return [
        [row.inner_text().split("\n")[0] for row in body.locator("tr:not([hidden]) th[scope=row]").all()]
        for body in page.locator("#board tbody").all()
    ]


CONTROLS = ["Control: identical", "Control: shuffled", "Control: islands"]


def test_the_leaderboard_sorts_by_affinity_both_ways_with_controls_apart(site: Path, open_site: Open) -> None:
    page = open_site(site).open("index.html")
    header = page.locator(f"#board th[data-column=on-{DATASET}]")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert board(page) == [["Character n-grams", "not-there"], CONTROLS]
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert board(page) == [["Character n-grams", "not-there"], CONTROLS[::-1]]
    page.locator("#board th button", has_text="Model").click()
    assert header.get_attribute("aria-sort") is None
    assert board(page) == [["Character n-grams", "not-there"], sorted(CONTROLS)]
    assert page.locator("#controls tr").first.inner_text().startswith("Controls:")


def test_the_leaderboard_sorts_from_the_keyboard(site: Path, open_site: Open) -> None:
    page = open_site(site).open(f"datasets/{DATASET}.html")
    page.locator("#board th button", has_text="Centred").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert board(page) == [
        ["not-there", "Control: shuffled", "Character n-grams", "Control: islands", "Control: identical"]
    ]


def test_drops_sort_by_their_numbers_and_what_is_left_out_comes_last(invented_site: Path, open_site: Open) -> None:
    page = open_site(invented_site).open("domains.html")
    table = page.locator("table[data-sortable]").first
    for column, order in (("Drop", ["Mapless", "Whole", "Faint"]), ("Above chance", ["Whole"])):
        table.locator("th button", has_text=column).click()
        rows = table.locator("tbody").first.locator("th[scope=row]").all_inner_texts()
        assert rows[: len(order)] == order, column
    assert table.locator("tbody.controls th").all_inner_texts() == ["Control: identical"]


def test_the_filter_hides_rows_and_gives_them_back(site: Path, open_site: Open) -> None:
    page = open_site(site).open("index.html")
    everything = board(page)
    page.locator("#board-search").fill("ISLANDS")
    assert board(page) == [[], ["Control: islands"]]
    page.locator("#board-search").fill(" ")
    assert board(page) == everything


def test_words_are_found_in_a_datasets_table(site: Path, open_site: Open, result: PairResult) -> None:
    page = open_site(site).open(f"datasets/{DATASET}.html")
    assert page.locator("#words tbody tr:visible").count() == len(result.concepts)
    page.locator("[data-filter=words]").fill("ماء")
    shown = page.locator("#words tbody tr:visible")
    assert "water" in [row.locator("[lang=en]").inner_text() for row in shown.all()]
    assert shown.count() < 10


# The theme


PAPER = "getComputedStyle(document.documentElement).backgroundColor"


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["Light", "Dark"])
def test_chosen_colours_stay_until_the_system_is_to_decide_again(
    site: Path, open_site: Open, system: str, chosen: str
) -> None:
    watched = open_site(site, color_scheme=system)
    page = watched.open("index.html")
    page.evaluate("addEventListener('themechange', () => { window.told = true; }, { capture: true })")
    of_system = page.evaluate(PAPER)
    page.locator(".theme-menu summary").click()
    assert page.get_by_role("radio", name="System").is_checked()
    page.get_by_role("radio", name=chosen).check()
    assert page.evaluate("window.told")
    paper = page.evaluate(PAPER)
    assert (paper == of_system) == (chosen.lower() == system)
    page.reload()
    assert page.evaluate(PAPER) == paper
    page = watched.open("methods.html")
    assert page.evaluate(PAPER) == paper
    page.locator(".theme-menu summary").click()
    assert page.get_by_role("radio", name=chosen).is_checked()
    page.get_by_role("radio", name="System").check()
    page.reload()
    assert page.evaluate(PAPER) == of_system


@pytest.mark.parametrize(("system", "theirs"), [("no-preference", "rgb(0, 0, 0)"), ("more", "rgb(20, 23, 28)")])
def test_high_contrast_is_a_choice_whatever_the_system_wants(
    site: Path, open_site: Open, system: str, theirs: str
) -> None:
    watched = open_site(site, color_scheme="dark", contrast=system)
    page = watched.open("index.html")
    of_system = page.evaluate(PAPER)
    page.locator(".theme-menu summary").click()
    box = page.get_by_role("checkbox", name="High contrast")
    assert box.is_checked() == (system == "more")
    box.click()
    page = watched.open("methods.html")
    assert of_system != page.evaluate(PAPER) == theirs
    page.locator(".theme-menu summary").click()
    page.get_by_role("checkbox", name="High contrast").click()
    assert page.evaluate("[localStorage.length, 'contrast' in document.documentElement.dataset]") == [0, False]
    assert page.evaluate(PAPER) == of_system


def test_chosen_colours_are_there_before_anything_is_painted(site: Path, open_site: Open) -> None:
    watched = open_site(site, color_scheme="light")
    page = watched.open("404.html")
    page.evaluate("localStorage.setItem('isogloss-theme', 'dark')")
    watched.page.add_init_script("""new MutationObserver((_, observer) => {
      if (!document.body) return;
      window.first = document.documentElement.dataset.theme;
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });""")
    assert watched.open("404.html").evaluate("window.first") == "dark"


def test_every_colour_of_a_map_stands_out_from_the_page_in_every_theme(site: Path, open_site: Open) -> None:
    page = open_site(site).open(f"datasets/{DATASET}.html")
    grounds = set()
    for more in ("no-preference", "more"):
        for system in ("light", "dark"):
            page.emulate_media(color_scheme=system, contrast=more)
            grounds |= set(page.locator("html, .gallery a").evaluate_all(BACKGROUNDS))
    assert len(grounds) == 5, "the paper and what is raised from it; white is both"
    drawing = (site / links.pair_drawing(MODEL, DATASET)).read_text()
    colours = re.findall(r'fill="(#\w{6})"', drawing)
    assert len(colours) == 10
    faint = {(c, g): contrast(c, g) for c in colours for g in grounds if contrast(c, g) < 3}
    assert faint == {}


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(a), luminance(b)))
    return round((light + 0.05) / (dark + 0.05), 2)


def luminance(colour: str) -> float:
    """Of "#rrggbb" or "rgb(r, g, b)"."""
    numbers = (
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)] if colour[0] == "#" else map(int, re.findall(r"\d+", colour))
    )
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in (n / 255 for n in numbers)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# The map


def test_pointing_at_a_word_tells_it_with_its_language_and_concept(pair: Page, result: PairResult) -> None:
    pair.locator("#map").scroll_into_view_if_needed()
    for tag in ("ar", "zh", "sw"):
        point = pair.evaluate(PLACE, [tag])
        assert point["alone"] > 8, "no other word lies under the pointer"
        pair.mouse.move(point["x"], point["y"])
        word = pair.locator(f".map-word[lang={tag}]")
        expect(word).to_have_text(point["text"])
        assert word.get_attribute("dir") == language(tag).direction
        english = dict(renderings(result, concept_of(result, point)))["en"]
        expect(word.locator("xpath=following-sibling::*")).to_have_text(f"{language(tag).name} · {english}")
        expect(pair.locator(".map-word")).to_have_count(1)


@pytest.mark.parametrize("touch", [False, True], ids=["click", "tap"])
def test_a_word_draws_lines_to_its_translations_and_lists_them(
    site: Path, open_site: Open, result: PairResult, touch: bool
) -> None:
    page = open_site(site, has_touch=touch, viewport=PHONE if touch else DESK).open(PAIR)
    page.locator("#map").scroll_into_view_if_needed()
    assert page.evaluate(LINKS) == 0
    point = page.evaluate(PLACE, ["ko"])
    tap(page, point["x"], point["y"], touch=touch)
    expected = renderings(result, concept_of(result, point))
    assert picked(page) == expected
    assert page.evaluate(LINKS) == len(expected)
    assert {cell.get_attribute("dir") for cell in page.locator("#map-picked td[lang=ar]").all()} == {"rtl"}
    page.locator("#map-picked button", has_text="Clear").click()
    assert page.evaluate(LINKS) == 0
    assert page.locator("#map-picked").inner_text() == ""


def test_a_language_is_faded_and_brought_back_by_its_button(pair: Page) -> None:
    gone = f"""() => {{
      const {{ words, context }} = {RENDERERS};
      const tags = (r) => r.data_source.data.tag.filter((_, i) => r.view.filter.booleans[i]);
      return [[...new Set(tags(context))], new Set(tags(words)).size];
    }}"""
    assert pair.evaluate(gone) == [[], 10]
    button = pair.locator("button[data-language=ar]")
    button.click()
    assert [pair.evaluate(gone), button.get_attribute("aria-pressed")] == [[["ar"], 9], "false"]
    button.click()
    assert [pair.evaluate(gone), button.get_attribute("aria-pressed")] == [[[], 10], "true"]


def test_a_word_is_found_on_the_map_in_any_script(pair: Page, result: PairResult) -> None:
    for word, tag, concept in (("ماء", "ar", "water"), ("火", "zh", "fire"), ("MAJI", "sw", "water")):
        pair.locator("#map-search").fill(word)
        first = pair.locator("#map-matches button").first
        assert first.locator("span").inner_text() == word.lower()
        assert first.locator("span").get_attribute("lang") == tag
        assert picked(pair) == renderings(result, concept)
        assert pair.evaluate(LINKS) == len(renderings(result, concept))


def test_every_match_can_be_chosen_and_no_match_is_told(pair: Page, result: PairResult) -> None:
    pair.locator("#map-search").fill("wa")
    matches = pair.locator("#map-matches button")
    assert 1 < matches.count() <= 12
    chosen = matches.nth(1).locator("span")
    tag, text = chosen.get_attribute("lang"), chosen.inner_text()
    matches.nth(1).click()
    assert (tag, text) in picked(pair)
    pair.locator("#map-search").fill("qqqq")
    assert pair.locator("#map-matches").inner_text() == "No such word on this map."
    pair.locator("#map-search").fill("")
    assert [pair.locator("#map-matches").inner_text(), pair.evaluate(LINKS)] == ["", 0]


def test_an_address_can_name_a_concept(site: Path, open_site: Open, result: PairResult) -> None:
    watched = open_site(site)
    page = watched.open(f"{PAIR}#concept=sky-blue")
    assert picked(page) == renderings(result, "sky-blue")
    page.evaluate("location.hash = 'concept=head'")
    expect(page.locator("#map-picked h3")).to_have_text("head")
    assert picked(page) == renderings(result, "head")
    page = watched.open(f"models/{MODEL}.html")
    link = page.locator("ol.concepts a").first
    label = link.inner_text()
    link.click()
    page.wait_for_selector("html[data-map=ready]")
    expect(page.locator("#map-picked h3")).to_have_text(label)


def test_a_row_of_the_table_shows_its_concept_on_the_map(pair: Page, result: PairResult) -> None:
    pair.locator("tr[data-concept=heart] button").click()
    assert picked(pair) == renderings(result, "heart")


def test_the_whole_works_below_a_path_of_a_server(
    site: Path, open_site: Open, served: Callable[[Path], str], result: PairResult
) -> None:
    watched = open_site(site, home=served(site))
    page = watched.open("index.html")
    page.locator("#board a.sa").first.click()
    page.wait_for_selector("html[data-map=ready]")
    page = watched.open(f"{PAIR}#concept=water")
    assert picked(page) == renderings(result, "water")
    page.locator(".brand").click()
    assert page.url == f"{watched.home}/index.html"


def test_a_word_of_two_concepts_is_listed_with_either(open_site: Open, tmp_path: Path) -> None:
    concepts = (
        Concept("hand", {"en": ("hand",), "ru": ("рука",), "de": ("Hand",)}),
        Concept("arm", {"en": ("arm",), "ru": ("рука",), "de": ("Arm",)}),
        Concept("hand again", {"ru": ("рука",), "de": ("Hand",)}),
    )
    dataset = Dataset("shared", Card("Shared"), ("en", "ru", "de"), concepts)
    watched = open_site(published(rendered([dataset], [measured(model("Alpha"), dataset)]), tmp_path))
    for concept, label in zip(concepts, ("hand", "arm", "рука"), strict=True):
        page = watched.open(f"pairs/alpha--shared.html#concept={concept.id}")
        assert picked(page) == {(tag, text) for tag, texts in concept.renderings.items() for text in texts}
        assert page.locator("#map-picked h3").inner_text() == label
        assert page.evaluate(LINKS) == len(concept.renderings)


# Without scripts


CONTROLS_SHOWN = "button:visible, input:visible, select:visible, textarea:visible, [role=button]:visible"


def test_without_scripts_everything_can_be_read_and_nothing_pretends_to_work(
    site: Path, open_site: Open, result: PairResult
) -> None:
    context = open_site(site, java_script_enabled=False, viewport=PHONE)
    page = context.page
    dead = {}
    for path in (
        "index.html",
        "domains.html",
        "claims.html",
        "compare.html",
        "companions.html",
        "methods.html",
        PAIR,
        f"datasets/{DATASET}.html",
        f"models/{MODEL}.html",
    ):
        page.goto(f"{context.home}/{path}")
        if page.locator(CONTROLS_SHOWN).count():
            dead[path] = page.locator(CONTROLS_SHOWN).count()
    assert dead == {}
    page.goto(f"{context.home}/index.html")
    assert page.locator("#board tbody tr:visible").count() == 6
    page.goto(f"{context.home}/{PAIR}")
    drawing = page.locator("img.map-static")
    assert drawing.is_visible()
    box = drawing.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) > 150
    words = page.locator("#words tbody [lang]:visible")
    assert words.count() == sum(len(texts) for concept in result.concepts for texts in concept.renderings.values())
    n_english = result.languages["en"].n_renderings
    assert page.locator(".legend-entry:visible").all_inner_texts()[0].split() == ["English", str(n_english)]


def test_a_map_that_cannot_start_leaves_the_drawing_and_no_dead_controls(
    site: Path, open_site: Open, result: PairResult
) -> None:
    watched = open_site(site)
    watched.page.route("**/assets/bokeh.*", lambda route: route.abort())
    watched.page.goto(f"{watched.home}/{PAIR}")
    watched.page.wait_for_selector("html.no-map")
    assert watched.faults
    watched.faults.clear()
    assert watched.page.locator("img.map-static").is_visible()
    assert watched.page.locator("#map").is_hidden()
    for control in ("#map-search", "button.legend-entry", "button.show"):
        assert watched.page.locator(f"{control}:visible").count() == 0, control
    assert watched.page.locator("#words tbody tr:visible").count() == len(result.concepts)


def test_on_paper_the_drawing_stands_in_for_the_map(pair: Page) -> None:
    assert pair.locator("img.map-static").is_hidden()
    assert pair.locator("#map").is_visible()
    pair.emulate_media(media="print")
    assert pair.locator("img.map-static").is_visible()
    for gone in ("#map", ".map-tools", ".theme-menu", ".site-header nav", ".filter", "button.show"):
        assert pair.locator(f"{gone}:visible").count() == 0, gone
    assert pair.locator("#words tbody tr").last.is_visible()


# Hostile words


def test_hostile_words_are_shown_on_the_map_as_they_are(hostile_site: Path, open_site: Open) -> None:
    path = links.pair_page(hostile().outcomes[0].model.slug, "hostile")
    watched = open_site(hostile_site)
    page = watched.open(path)
    page.locator("#map").scroll_into_view_if_needed()
    for text in HOSTILE:
        point = page.evaluate(PLACE, ["en", text])
        page.mouse.move(point["x"], point["y"])
        expect(page.locator(".map-word[lang=en]")).to_have_text(" ".join(text.split()))
    for tag in ("en", "ar", "zh", "hi"):
        point = page.evaluate(PLACE, [tag])
        page.mouse.move(point["x"], point["y"])
        expect(page.locator(f".map-word[lang={tag}]")).to_have_text(point["text"])
        tap(page, point["x"], point["y"])
        listed = page.locator(f"#map-picked td[lang={tag}]").evaluate_all("cells => cells.map((c) => c.textContent)")
        assert point["text"] in listed
        page.locator("#map-picked button", has_text="Clear").click()
    for concept in hostile_dataset().concepts:
        page.evaluate("(id) => { location.hash = `concept=${id}`; }", quote(concept.id, safe=""))
        expect(page.locator("#map-picked td[lang=zh]")).to_have_text(" ".join(concept.renderings["zh"][0].split()))
        listed = page.locator("#map-picked td[lang=en]").first
        assert listed.evaluate("cell => cell.textContent") == concept.renderings["en"][0]
        assert page.evaluate(LINKS) == 5
    for text in HOSTILE:
        page.locator("#map-search").fill(text)
        assert page.locator("#map-matches button").count() >= 1, text
    assert page.evaluate("window.pwned") is None

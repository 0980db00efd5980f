"""Axe, the checker of WCAG 2.2 A and AA, on every kind of page, in every theme; and what axe cannot see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import test_browser
import test_pages
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from site_fixtures import states
from test_browser import DESK, INKS, OPEN, PHONE, contrast, published

from generator.datasets import Dataset
from generator.site import layout, links, render
from generator.site.pages import LatePage
from generator.site.pages import Page as PageKind
from generator.site.pieces import Piece
from generator.site.releases import Past, Release

browser, open_site = test_browser.browser, test_browser.open_site
Open = test_browser.Open
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RELEASED = "2026-01-01"
THEMES = [(scheme, contrast) for contrast in ("no-preference", "more") for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def paths() -> dict[str, list[str]]:
    """The pages of the invented site by the template that lays them out; filled by ``site``."""
    return {}


@pytest.fixture(scope="module")
def site(
    paths: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory, word_list: Callable[..., Dataset]
) -> Path:
    """A site of every kind of page in every state, after a release of another day."""
    told, lay_out = states(word_list), layout.lay_out
    frozen = render.render_site(told.benchmark, told.outcomes[1:], release=RELEASED)

    def noted(pages: Iterable[PageKind | LatePage], *rest: Any, **named: Any) -> list[Piece]:
        pages = list(pages)
        for page in pages:
            paths.setdefault(page.template, []).append(page.path)
        return lay_out(pages, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "lay_out", noted)
        past = Past(releases=(Release(RELEASED, frozen),))
        files = render.render_site(told.benchmark, told.outcomes, told.resamples, past=past)
    return published(files, tmp_path_factory.mktemp("accessible"))


def complaints(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong with a page as it is now: by all rules for WCAG, or by some."""
    only = {"type": "rule", "values": [*rules]} if rules else {"type": "tag", "values": WCAG}
    # The style sheets are there already; to fetch them anew is what the page's policy forbids.
    options = {"runOnly": only, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def test_no_kind_of_page_is_left_out(site: Path, paths: Mapping[str, list[str]]) -> None:
    assert set(paths) == set(test_pages.KINDS)


def test_axe_finds_nothing_on_any_page(site: Path, paths: Mapping[str, list[str]], open_site: Open) -> None:
    watched = open_site(site)
    found = []
    for path in sorted(path for pages in paths.values() for path in pages):
        page = watched.open(path)
        page.evaluate(OPEN)
        found += [f"{path}: {complaint}" for complaint in complaints(page)]
    assert found == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_every_kind_of_page_legible_in_every_theme(
    site: Path, paths: Mapping[str, list[str]], open_site: Open, viewport: object
) -> None:
    watched = open_site(site, viewport=viewport)
    found = []
    for path in sorted(pages[0] for pages in paths.values()):
        page = watched.open(path)
        page.evaluate(OPEN)
        for scheme, more in THEMES:
            page.emulate_media(color_scheme=scheme, contrast=more)  # type: ignore[arg-type]
            rules = ("color-contrast", "link-in-text-block", "target-size")
            found += [f"{path}, {scheme}, {more}: {complaint}" for complaint in complaints(page, *rules)]
    assert found == []


def test_axe_finds_nothing_on_pages_in_use(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    found = {}

    page = watched.open("index.html")
    page.locator(".theme-menu summary").click()
    found["theme menu"] = complaints(page)
    page.keyboard.press("Escape")
    page.locator("#board-search").fill("whole")
    page.locator("#board-tools summary", has_text="Columns").click()
    found["board"] = complaints(page)

    page = watched.open(f"{links.comparison(['whole', 'faint'])}&dataset=words")
    page.wait_for_selector("html[data-compare=ready]")
    page.locator("#compare-search").fill("水")
    expect(page.locator("#compare-picked [lang=ar]").first).to_be_visible()
    found["comparison"] = complaints(page)

    page = watched.open(f"{links.pair_page('whole', 'words')}#concept=water")
    expect(page.locator("#map-picked td").first).to_be_visible()
    page.locator("#map-search").fill("م")
    expect(page.locator("#map-matches li").first).to_be_visible()
    found["map"] = complaints(page)

    assert not any(found.values()), found


def test_axe_finds_something_where_something_is_wrong(site: Path, open_site: Open) -> None:
    page = open_site(site).open("404.html")
    page.evaluate("document.querySelector('h1').style.color = '#bbb'; document.documentElement.lang = ''")
    assert {complaint.split(":")[0] for complaint in complaints(page)} == {"color-contrast", "html-has-lang"}


# Contrast beyond what axe asks for


def test_high_contrast_is_seven_to_one_on_every_kind_of_page(
    site: Path, paths: Mapping[str, list[str]], open_site: Open
) -> None:
    watched = open_site(site, contrast="more")
    faint = set()
    for path in sorted(pages[0] for pages in paths.values()):
        page = watched.open(path)
        page.evaluate(OPEN)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            told = page.evaluate(INKS)
            faint |= {(path, what, ground, ink) for what, ground, ink in told if contrast(ground, ink) < 7}
    assert faint == set()


# A table of every shade, and a field with a border on either ground.
SAMPLES = """() => {
  const table = document.createElement("table"), row = table.insertRow();
  for (let i = 0; i <= 10; i += 1) {
    const cell = row.insertCell();
    cell.className = `heat-cell heat-${i}`;
    cell.textContent = `0.${i}`;
  }
  const search = document.createElement("input");
  search.type = "search";
  document.getElementById("main").replaceChildren(table, search);
}"""
BORDER = """e => [getComputedStyle(e).borderTopColor,
  ...[e, document.documentElement].map((ground) => getComputedStyle(ground).backgroundColor)]"""


@pytest.mark.parametrize(("scheme", "more"), THEMES)
def test_every_shade_can_be_read_and_told_apart_and_fields_have_an_edge(
    site: Path, open_site: Open, scheme: str, more: str
) -> None:
    page = open_site(site, color_scheme=scheme, contrast=more).open("404.html")
    page.evaluate(SAMPLES)
    shades = [(ground, ink) for what, ground, ink in page.evaluate(INKS) if "heat-cell" in what]
    assert len({ground for ground, _ in shades}) == 11
    assert all(contrast(ground, ink) >= 4.5 for ground, ink in shades)
    border, *grounds = page.locator("#main input").evaluate(BORDER)
    assert all(contrast(border, ground) >= 3 for ground in grounds)


# The keyboard


STEP = """() => {
  let e = document.activeElement, root = document;
  while (e.shadowRoot?.activeElement) [root, e] = [e.shadowRoot, e.shadowRoot.activeElement];
  const outlined = (e) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(e);
    if (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) return true;
    const host = e.getRootNode().host;
    return host !== undefined && (outlined(host) || outlined(host.parentElement));
  };
  const seen = ({ x, y, width, height }) => [0.1, 0.5, 0.9].some((share) => {
    const top = root.elementFromPoint(x + share * width, y + height / 2);
    return top !== null && (e.contains(top) || top.contains(e));
  });
  return {
    what: e.outerHTML.slice(0, 120),
    outlined: outlined(e),
    shown: [...e.getClientRects()].some(seen),
    end: e === document.body,
  };
}"""
MOST_STEPS = 45


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_focus_is_seen_wherever_it_goes(
    site: Path, paths: Mapping[str, list[str]], open_site: Open, viewport: object
) -> None:
    watched = open_site(site, viewport=viewport, reduced_motion="reduce")
    lost = []
    for path in sorted(pages[0] for pages in paths.values()):
        page = watched.open(path)
        for key in ("Tab", "Shift+Tab"):
            for _ in range(MOST_STEPS):
                page.keyboard.press(key)
                step = page.evaluate(STEP)
                if step["end"]:
                    break
                if not (step["outlined"] and step["shown"]):
                    lost.append((path, key, step["what"], step["outlined"]))
    assert lost == []


def test_the_first_stop_skips_to_the_content(site: Path, open_site: Open) -> None:
    page = open_site(site).open("methods.html")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_the_theme_menu_is_worked_from_the_keyboard(site: Path, open_site: Open) -> None:
    page = open_site(site, color_scheme="light").open("404.html")
    menu = page.locator(".theme-menu")
    summary = menu.locator("summary")
    assert summary.inner_text().strip() == "Colours and contrast"
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Colours").last).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="System")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("html")).to_have_attribute("data-contrast", "more")
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    assert menu.get_attribute("open") is None
    page.keyboard.press("Enter")
    for _ in range(3):  # past the radios and the box, out of the menu
        page.keyboard.press("Tab")
    assert menu.get_attribute("open") is None


def reach(page: Page, target: Locator) -> None:
    """Go on from stop to stop until ``target`` has the focus."""
    for _ in range(300):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard never comes to {target}")


def test_the_way_from_the_leaderboard_to_a_word_needs_no_pointer(site: Path, open_site: Open) -> None:
    page = open_site(site).open("index.html")
    rows = page.locator("#board tbody.ranked tr:not([hidden]) th[scope=row]")
    reach(page, page.locator("#board-search"))
    page.keyboard.type("whole; faint")
    expect(rows).to_have_count(2)
    reach(page, page.locator("#board th[data-column=model] button"))
    page.keyboard.press("Enter")
    expect(page.locator("#board th[data-column=model]")).to_have_attribute("aria-sort", "ascending")
    assert rows.all_inner_texts() == ["Faint", "Whole"]
    reach(page, page.get_by_role("link", name="Whole", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/whole.html")

    reach(page, page.locator(f"main a[href$='{links.pair_page('whole', 'words')}']").first)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{links.pair_page('whole', 'words')}")
    page.wait_for_selector("html[data-map=ready]")
    reach(page, page.locator("#map-search"))
    page.keyboard.type("सूर्य")
    reach(page, page.locator("#map-matches button").first)
    page.keyboard.press("Enter")
    expect(page.locator("#map-picked td[lang=ar]")).to_have_text("شَمْس")
    page.keyboard.press("Escape")
    expect(page.locator("#map-picked td")).to_have_count(0)


def test_motion_is_for_those_who_want_it(site: Path, open_site: Open) -> None:
    page = open_site(site).open("methods.html")
    for wanted, behaviour in (("no-preference", "smooth"), ("reduce", "auto")):
        page.emulate_media(reduced_motion=wanted)  # type: ignore[arg-type]
        assert page.locator("html").evaluate("e => getComputedStyle(e).scrollBehavior") == behaviour

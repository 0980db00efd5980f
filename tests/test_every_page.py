"""What holds for every page of a built site, each opened in a browser: its frame, its words, its paper, its policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import test_browser
from playwright.sync_api import ViewportSize, expect
from site_fixtures import page_of
from test_browser import OPEN, PHONE

browser, open_site, served = test_browser.browser, test_browser.open_site, test_browser.served
site = test_browser.site
Open = test_browser.Open
DATA = {"application/json", "application/ld+json"}  # what a script element may hold besides a file
A4: ViewportSize = {"width": 794, "height": 1123}  # 210 × 297 mm at 96 dots an inch

FRAME = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return {
    lang: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
    titled: document.title.trim() !== "",
    described: document.querySelector("meta[name=description]").content.trim() !== "",
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    lost: [...document.querySelectorAll("a[href^='#']")].map((a) => decodeURIComponent(a.hash.slice(1)))
      .filter((id) => id && !/[=/]/.test(id) && !document.getElementById(id)),
    wide: document.documentElement.scrollWidth - innerWidth,
  };
}"""
SOUND = {"lang": "en", "headings": 1, "titled": True, "described": True, "twice": [], "lost": []}

# Texts in other letters than Latin ones, less code, formulas and what is hidden, that are said to be English or that
# run the wrong way.
STRAY = r"""() => {
  const found = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const text = nodes.currentNode.data, holder = nodes.currentNode.parentElement;
    const foreign = /[\p{L}--\p{Script=Latin}--\p{Script=Common}]/v.test(text);
    if (!foreign || holder.closest("code, pre, math, script")) continue;
    const lang = holder.closest("[lang]").lang;
    const turned = /[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Thaana}\p{sc=Syriac}\p{sc=Nko}]/u.test(text);
    if (lang === "en" || (turned && getComputedStyle(holder).direction !== "rtl")) found.push([lang, text.trim()]);
  }
  return found;
}"""


def every(site: Path) -> list[str]:
    paths = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    assert len(paths) > 15
    return paths


def each_kind(site: Path) -> list[str]:
    """The pages of the first level, and of each folder the smallest and the largest one."""
    paths = sorted(every(site), key=lambda path: (site / path).stat().st_size)
    folders = {path.partition("/")[0] for path in paths if "/" in path}
    inside = [[path for path in paths if path.startswith(f"{folder}/")] for folder in sorted(folders)]
    return [path for path in paths if "/" not in path] + [path for group in inside for path in {group[0], group[-1]}]


def test_every_page_is_framed_soundly_and_says_what_each_word_is(site: Path, open_site: Open) -> None:
    watched = open_site(site, viewport=PHONE)
    unsound, stray = {}, {}
    for path in every(site):
        page = watched.open(path)
        page.evaluate(OPEN)
        frame = page.evaluate(FRAME)
        if frame.pop("wide") > 0 or frame != SOUND:
            unsound[path] = frame
        if found := page.evaluate(STRAY):
            stray[path] = found
    assert unsound == {}
    assert stray == {}


def test_every_kind_of_page_works_below_a_path_of_a_server(
    site: Path, open_site: Open, served: Callable[[Path], str], tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").symlink_to(site)
    watched = open_site(site, home=f"{served(tmp_path / 'a')}/b")
    for path in each_kind(site):
        page = watched.open(path)
        expect(page.locator("h1")).to_be_visible()


def test_every_kind_of_page_can_be_read_without_scripts(site: Path, open_site: Open) -> None:
    page = open_site(site, java_script_enabled=False).page
    for path in each_kind(site):
        page.goto((site / path).as_uri())
        expect(page.locator("h1")).to_be_visible()
        assert len(page.locator("main").inner_text()) > 100, path
        for dead in page.locator(".js-only, button, input, select").all():
            assert not dead.is_visible(), (path, dead.evaluate("e => e.outerHTML.slice(0, 99)"))


# Of what lies in a box of its own, how much of it is cut off.
CUT = """() => [...document.querySelectorAll("main, main :not(.visually-hidden, svg *)")]
  .filter((e) => e.checkVisibility() && getComputedStyle(e).overflowX !== "visible")
  .map((e) => [e.outerHTML.slice(0, 99), Math.max(e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight)])
  .filter(([what, cut]) => cut > 1)"""


def test_on_paper_every_kind_of_page_fits_a_sheet(site: Path, open_site: Open) -> None:
    watched = open_site(site, viewport=A4)
    wide, cut = {}, {}
    for path in each_kind(site):
        page = watched.open(path)
        page.emulate_media(media="print")
        for gone in ("header nav", ".theme-menu", "input", "select"):
            for each in page.locator(gone).all():
                expect(each).not_to_be_visible()
        if (width := page.evaluate("document.documentElement.scrollWidth")) > A4["width"]:
            wide[path] = width
        if found := page.evaluate(CUT):
            cut[path] = found
        page.emulate_media(media="screen")
    assert wide == {}
    assert cut == {}


# The policy


def test_only_maps_may_write_styles_and_nothing_may_load_from_elsewhere(site: Path) -> None:
    maps, others = set(), set()
    for path in every(site):
        text = (site / path).read_text(encoding="utf-8")
        policy = text.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
        (maps if "bokeh" in text else others).add(policy)
    strict = (
        "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert others == {strict}
    assert maps == {strict.replace("style-src 'self' file:", "style-src 'self' file: 'unsafe-inline'")}


def test_no_page_holds_code_or_styles_of_its_own(site: Path) -> None:
    for path in every(site):
        page = page_of((site / path).read_bytes())
        assert {script.attributes.get("type", "a file") for script in page.all("script") if script.text} <= DATA
        assert not page.all("style"), path
        assert not [e for e in page if any(name == "style" or name.startswith("on") for name in e.attributes)], path


def test_the_policy_stops_what_a_page_could_be_made_to_do(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    page = watched.open("404.html")
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.pwned = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=data:, onerror='window.pwned = 1'>");
      document.body.insertAdjacentHTML("beforeend", "<p id=styled style='color: red'>");
    }""")
    page.wait_for_timeout(100)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#styled").evaluate("e => getComputedStyle(e).color") != "rgb(255, 0, 0)"
    assert len([fault for fault in watched.faults if "Content Security Policy" in fault]) >= 3
    watched.faults.clear()

"""The site with something hostile in every field at once, in a browser that reports whatever tries to run."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import test_browser
from playwright.sync_api import Browser, Page
from site_fixtures import EVERYTHING, HOSTILE, Invented, hostile
from test_browser import until

from generator.config import SiteEntry
from generator.results import Failure, PairFailure, PairResult
from generator.site import links

browser = test_browser.browser

PAYLOADS = (
    "<svg/onload=window.pwned=1>",
    "<math><mi//xlink:href='javascript:window.pwned=1'>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "<a href=javascript:window.pwned=1>x</a>",
    "<base href=//example.org><meta http-equiv=refresh content='0;url=javascript:window.pwned=1'>",
    "<form action=javascript:window.pwned=1><button>",
    "<style>@import '//example.org/x.css'</style><link rel=stylesheet href=//example.org/x.css>",
    "]]><script xmlns='http://www.w3.org/1999/xhtml'>window.pwned=1</script>",
    "\\u003cscript\\u003ewindow.pwned=1\\u003c/script\\u003e",
    "'-window.pwned--'",
    "`${window.pwned=1}`",
    "@text{custom} @$name{safe} <%= window.pwned=1 %>",
    "{{ ''.__class__ }}{% include '/etc/passwd' %}",
    "__proto__",
    "constructor",
)
EVIL = " ".join((EVERYTHING, *PAYLOADS, "\u202eturned\u2066round\u200b\x1b[31m"))
KINDS = (
    links.HOME, links.COMPARE, links.CONCEPTS, links.DOMAINS, links.CLAIMS, links.COMPANIONS, links.METHODS,
    links.DOWNLOADS, links.SEARCH, links.RELEASES, links.NOT_FOUND, links.UNRELEASED,
)  # fmt: skip
REPORTED = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
POLICY = (
    "default-src 'none'; script-src 'self' 'report-sample'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; report-uri /reports"
)


def poisoned() -> Invented:
    """The hostile benchmark with every text of results, models and config turned hostile that it leaves sound."""
    told = hostile()
    outcomes = [_poisoned(outcome) for outcome in told.outcomes]
    benchmark = dataclasses.replace(told.benchmark, site=SiteEntry(EVIL, EVIL, f"{EVIL}\n\n{EVIL}", EVIL))
    return Invented(benchmark, outcomes)


def _poisoned(outcome: PairResult | PairFailure) -> PairResult | PairFailure:
    of = dataclasses.replace(
        outcome.model, name=f"{EVIL} {outcome.model.name}", family=EVIL, dtype=EVIL, released=EVIL, languages=(EVIL,),
        source=EVIL, revision=EVIL, licence=EVIL, architecture=EVIL, note=EVIL, encoder={EVIL: EVIL},
        link=f'https://example.org/"><script>window.pwned=1</script>{EVIL}',
    )  # fmt: skip
    how = dataclasses.replace(outcome.provenance, versions={EVIL: EVIL}, parameters={EVIL: {EVIL: EVIL}})
    if isinstance(outcome, PairFailure):
        return dataclasses.replace(outcome, model=of, provenance=how, error=Failure(EVIL, EVIL))
    measures = outcome.measures and dataclasses.replace(outcome.measures, undefined={EVIL: EVIL, "euclidean_sa": EVIL})
    drawn = outcome.map and dataclasses.replace(outcome.map, method=EVIL, undefined=outcome.map.undefined and EVIL)
    return dataclasses.replace(outcome, model=of, provenance=how, measures=measures, map=drawn)


class Reporting(SimpleHTTPRequestHandler):
    """Serves a folder under a policy that forbids nothing and reports whatever would break it."""

    reports: list[str]

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy-Report-Only", POLICY)
        super().end_headers()

    def do_POST(self) -> None:
        self.reports.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is not ours
        """A test says nothing of each request."""


Reported = tuple[str, list[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_browser.published(poisoned().files, tmp_path_factory.mktemp("poisoned"))


@pytest.fixture(scope="module")
def reporting(site: Path) -> Iterator[Reported]:
    """The site's address on a server, and the reports that it gets."""
    reports: list[str] = []
    handler = type("Handler", (Reporting,), {"reports": reports})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", reports
    server.shutdown()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A page whose violations and dialogs are noted from the start."""
    contexts = []

    def opened(**options: Any) -> Page:
        contexts.append(browser.new_context(viewport=test_browser.DESK, **options))
        contexts[-1].add_init_script(REPORTED)
        page = contexts[-1].new_page()
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.on("request", lambda request: asked.append(request.url))
        return page

    asked: list[str] = []
    yield opened
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "http://127.0.0.1", "data:", "blob:"))] == []


def one_of_each(site: Path) -> list[str]:
    """A page of every kind: those there are one of, and of models, lists and pairs measured, without a map, failed."""
    rooms = [sorted(path.relative_to(site).as_posix() for path in (site / room).glob("*.html")) for room in
             ("models", "datasets", "pairs")]  # fmt: skip
    assert all(len(room) > 2 for room in rooms)
    return [*(path for path in KINDS if (site / path).is_file()), *(path for room in rooms for path in room[:4])]


@pytest.mark.parametrize("way", ["over HTTP", "from a folder", "without any policy"])
def test_nothing_hostile_runs_on_any_kind_of_page(
    way: str, site: Path, reporting: Reported, watched: Callable[..., Page]
) -> None:
    address, reports = reporting
    home = site.as_uri() if way == "from a folder" else address
    page = watched(bypass_csp=way == "without any policy")
    for path in one_of_each(site):
        page.goto(f"{home}/{path}")
        if page.locator("#map").count():
            page.wait_for_selector("html[data-map=ready]")
            page.locator("#map").hover()
        page.evaluate(test_browser.OPEN)
        assert page.evaluate("[window.pwned ?? null, ...window.violations]") == [None], path
        assert (
            page.evaluate("document.querySelectorAll('iframe, object, embed, base, form[action], [srcdoc]').length")
            == 0
        )
        hidden = "document.documentElement.outerHTML.match(/.{9}[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\x1b]/)?.[0]"
        assert page.evaluate(hidden) is None, path
        assert page.evaluate("document.documentElement.outerHTML.includes('‹U+202E›')"), path
    assert reports == []


def test_hostile_words_that_are_searched_for_and_opened_run_nothing(site: Path, watched: Callable[..., Page]) -> None:
    page = watched(bypass_csp=True)
    for text in (*HOSTILE[:3], PAYLOADS[0], "\u202e"):
        page.goto("about:blank")
        page.goto(f"{site.as_uri()}/{links.SEARCH}#q={text.replace('#', '%23').replace('%', '%25')}")
        until(page, "document.readyState === 'complete'")
        page.goto("about:blank")
        page.goto(f"{site.as_uri()}/{links.CONCEPTS}#hostile/{text}")
        until(page, "document.readyState === 'complete'")
        assert page.evaluate("[window.pwned ?? null, ...window.violations]") == [None]


@pytest.mark.parametrize("payload", ["<script>window.pwned=1</script>", "<img src=data:, onerror=window.pwned=1>"])
def test_what_would_run_is_reported(
    payload: str, site: Path, reporting: Reported, watched: Callable[..., Page]
) -> None:
    """The watch above would notice: the same page with one hole in it."""
    address, reports = reporting
    before = len(reports)
    content = (site / links.NOT_FOUND).read_text(encoding="utf-8")
    policy = content[content.index("<meta http-equiv=") :].partition(">")[0] + ">"
    # Two files: one written twice within a second counts as unchanged for a browser that asks again.
    guarded, open_ = site / "guarded.html", site / "open.html"
    guarded.write_text(content.replace("</main>", f"{payload}</main>"), encoding="utf-8")
    open_.write_text(content.replace(policy, "").replace("</main>", f"{payload}</main>"), encoding="utf-8")
    page = watched()
    page.goto(f"{address}/{guarded.name}")
    until(page, "window.violations.length > 0")
    assert page.evaluate("window.pwned ?? null") is None
    page.goto(f"{address}/{open_.name}")
    until(page, "window.pwned === 1")
    for _ in range(300):
        if len(reports) > before:
            break
        page.wait_for_timeout(50)
    told = json.loads(reports[-1])["csp-report"]
    assert told["effective-directive"].startswith("script-src")
    reports.clear()
    guarded.unlink()
    open_.unlink()

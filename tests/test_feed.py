"""The feed: valid Atom whatever names are, with ids that last and no date but those of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest
from site_fixtures import HOSTILE, SCRIPTS

from generator.history import CellState, Change, Day, History, ModelState, Snapshot
from generator.site.feed import NEVER, entries, feed, news

ATOM = "{http://www.w3.org/2005/Atom}"
HERE = "https://example.org/words/"
BEFORE_TIME = "1970-01-01T00:00:00Z"
CONTROL = "a\x00b\x1bc\ufffed"


def log(*days: tuple[str, str]) -> History:
    """A log with one new model a day."""
    return History(tuple(Day(date, (Change("model added", name, model_slug="alpha"),)) for date, name in days))


def read(document: bytes) -> ElementTree.Element:
    assert document.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    return ElementTree.fromstring(document)


def text(element: ElementTree.Element, name: str) -> str:
    found = element.findtext(ATOM + name)
    assert found is not None
    return found


def linked(element: ElementTree.Element) -> Mapping[str, str]:
    return {e.attrib["rel"]: e.attrib["href"] for e in element.findall(f"{ATOM}link")}


def told(history: History, *releases: str, title: str = "Ours", base_url: str = "") -> list[ElementTree.Element]:
    return read(feed(title, base_url, entries(history, releases))).findall(f"{ATOM}entry")


def test_a_feed_has_what_atom_asks_for() -> None:
    root = read(feed("Ours", "", entries(log(("2026-01-02", "Alpha")), ["2026-03-04"])))
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.findall(f"{ATOM}entry")):
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", text(element, "id"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", text(element, "updated"))
        assert text(element, "title")
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Ours"
    assert text(root, "updated") == "2026-03-04T00:00:00Z"


def test_entries_are_days_and_releases_newest_first() -> None:
    found = told(log(("2026-01-02", "Alpha"), ("2026-02-03", "Beta")), "2026-01-09")
    assert [(text(e, "updated")[:10], text(e, "title"), linked(e)) for e in found] == [
        ("2026-02-03", "1 model added", {"alternate": "index.html"}),
        ("2026-01-09", "Release of 2026-01-09", {"alternate": "releases/2026-01-09/index.html"}),
        ("2026-01-02", "1 model added", {"alternate": "index.html"}),
    ]
    assert "Beta is new" in "".join(found[0].itertext())


def test_a_day_on_which_everything_was_undone_is_no_entry() -> None:
    assert told(History((Day("2026-01-02", ()),))) == []


def test_a_feed_of_nothing_is_still_a_feed() -> None:
    root = read(feed("Ours", "", ()))
    assert text(root, "updated") == BEFORE_TIME == f"{NEVER}T00:00:00Z"
    assert root.findall(f"{ATOM}entry") == []


def test_links_are_absolute_where_the_address_is_known() -> None:
    root = read(feed("Ours", HERE, entries(log(("2026-01-02", "A")), ["2026-03-04"])))
    assert linked(root) == {"alternate": HERE, "self": f"{HERE}feed.xml"}
    assert [linked(e)["alternate"] for e in root.findall(f"{ATOM}entry")] == [
        f"{HERE}releases/2026-03-04/index.html",
        HERE,
    ]
    assert linked(read(feed("Ours", "", ()))) == {"alternate": "index.html", "self": "feed.xml"}


def test_an_entry_keeps_its_id_when_its_words_change_and_shares_it_with_none() -> None:
    first = told(log(("2026-01-02", "Alpha")), "2026-01-02")
    later = told(log(("2026-01-02", "Beta"), ("2026-01-03", "Gamma")), "2026-01-02")
    ids = [{text(e, "id") for e in found} for found in (first, later)]
    assert ids[0] < ids[1]
    assert [len(found) for found in ids] == [2, 3]
    elsewhere = told(log(("2026-01-02", "Alpha")), "2026-01-02", base_url=HERE)
    assert ids[0].isdisjoint({text(e, "id") for e in elsewhere})
    renamed = told(log(("2026-01-02", "Alpha")), "2026-01-02", title="Theirs", base_url=HERE)
    assert {text(e, "id") for e in renamed} == {text(e, "id") for e in elsewhere}


@pytest.mark.parametrize("name", [*HOSTILE, *SCRIPTS, CONTROL])
def test_names_stay_text(name: str) -> None:
    document = feed(name, "", entries(log(("2026-01-02", name)), []))
    root = read(document)
    shown = name.replace("\x00", "‹U+0000›").replace("\x1b", "‹U+001B›").replace("\ufffe", "‹U+FFFE›")
    assert text(root, "title") == shown
    (item,) = root.iter("{http://www.w3.org/1999/xhtml}li")
    assert item.text == f"{shown} is new"
    assert list(item) == []
    assert {e.tag.partition("}")[2] for e in root.iter()} == {
        "feed", "title", "id", "updated", "author", "name", "link", "entry", "content", "div", "ul", "li",
    }  # fmt: skip


def test_a_day_of_many_changes_is_cut() -> None:
    many = History((Day("2026-01-02", tuple(Change("model added", f"M{n}") for n in range(1234))),))
    (entry,) = entries(many, [])
    assert (entry.title, len(entry.lines), entry.lines[-1]) == ("1234 models added", 51, "and 1,184 more")


def test_news_lead_to_the_page_that_is_there() -> None:
    cells = {"words": CellState("measured", 0.5, 1), "old": CellState("outdated")}
    now = Snapshot({"alpha": ModelState("Alpha", "r", 1, cells)}, {})
    found = (
        Change("score", "Alpha", "Words", "alpha", "words", 0.5, 0.6),
        Change("measured", "Alpha", "Old", "alpha", "old"),
        Change("place", "Alpha", model_slug="alpha"),
        Change("model removed", "Beta", model_slug="beta"),
        Change("dataset removed", dataset="Gone", dataset_slug="gone"),
    )
    told = news(History((Day("2026-01-02", found),), Snapshot(), now), 9)
    assert [each.page for each in told] == [
        "pairs/alpha--words.html", "models/alpha.html", "models/alpha.html", None, None,
    ]  # fmt: skip
    assert (told[0].date, told[0].sentence) == ("2026-01-02", "Alpha on Words: SA from 0.500 to 0.600")
    assert len(news(History((Day("2026-01-02", found),)), 2)) == 2

"""What is new, as an Atom feed (RFC 4287): a day of the log or a release an entry, and no date but theirs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from generator.history import Change, History, recent_changes, summary
from generator.site import links
from generator.visible import visible

ATOM = "http://www.w3.org/2005/Atom"
XHTML = "http://www.w3.org/1999/xhtml"
NEVER = "1970-01-01"
"""The day of a feed in which nothing has happened yet."""
TOLD = 50
"""Changes that an entry lists one by one."""


@dataclass(frozen=True)
class News:
    """One change for the home page."""

    date: str
    sentence: str
    page: str | None
    """Of the model on the dataset, of the model or of the dataset; None when it is no longer there."""


@dataclass(frozen=True)
class Entry:
    """One entry of the feed."""

    key: str
    """Names the entry for ever within its feed."""
    date: str
    title: str
    page: str
    lines: tuple[str, ...]


def news(history: History, n: int) -> tuple[News, ...]:
    """The ``n`` newest changes in words, newest day first, with the page to read on."""
    return tuple(News(date, c.sentence, _page(c, history)) for date, c in recent_changes(history, n))


def _page(change: Change, history: History) -> str | None:
    model = history.now.models.get(change.model_slug)
    if model and change.dataset_slug in model.cells and model.cells[change.dataset_slug].state != "outdated":
        return links.pair_page(change.model_slug, change.dataset_slug)
    if model:
        return links.model_page(change.model_slug)
    return links.dataset_page(change.dataset_slug) if change.dataset_slug in history.now.datasets else None


def entries(history: History, releases: Sequence[str]) -> tuple[Entry, ...]:
    """The days of the log on which something changed, and the releases by their dates; newest first."""
    days = [
        Entry(f"day {day.date}", day.date, summary(day.changes), links.HOME, _lines(day.changes))
        for day in history.days
        if day.changes
    ]
    kept = [
        Entry(f"release {date}", date, f"Release of {date}", links.release(date), ("A frozen copy of the site.",))
        for date in releases
    ]
    return tuple(sorted([*days, *kept], key=lambda entry: (entry.date, entry.key), reverse=True))


def _lines(changes: Sequence[Change]) -> tuple[str, ...]:
    more = len(changes) - TOLD
    return (*(change.sentence for change in changes[:TOLD]), *([f"and {more:,} more"] if more > 0 else []))


def feed(title: str, base_url: str, told: Sequence[Entry]) -> bytes:
    """The feed. Its ids stay the same as long as the site keeps its address, or without one its title.

    Args:
        title: of the site.
        base_url: where the site will stand, with a slash at its end; links are relative where it is empty.
        told: its entries, newest first.
    """
    root = ElementTree.Element("feed", xmlns=ATOM)
    _text(root, "title", title)
    _text(root, "id", _identity(base_url or title))
    _text(root, "updated", _moment(told[0].date if told else NEVER))
    _text(ElementTree.SubElement(root, "author"), "name", title)
    _link(root, base_url, links.HOME)
    _link(root, base_url, links.FEED, "self")
    for entry in told:
        element = ElementTree.SubElement(root, "entry")
        _text(element, "title", entry.title)
        _text(element, "id", _identity(base_url or title, entry.key))
        _text(element, "updated", _moment(entry.date))
        _link(element, base_url, entry.page)
        content = ElementTree.SubElement(element, "content", type="xhtml")
        listed = ElementTree.SubElement(ElementTree.SubElement(content, "div", xmlns=XHTML), "ul")
        for line in entry.lines:
            _text(listed, "li", line)
    ElementTree.indent(root, " ")
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _identity(*names: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, " ".join(names)).urn


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


def _link(parent: ElementTree.Element, base_url: str, page: str, relation: str = "alternate") -> None:
    ElementTree.SubElement(parent, "link", rel=relation, href=links.absolute(page, base_url))


def _text(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = visible(text)

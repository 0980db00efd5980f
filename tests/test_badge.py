"""Badges: valid pictures of any name, readable, and the same each time."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from site_fixtures import EVERYTHING, TEXTS, control, failed, invented, measured, model, page_of, signs, states

from generator.datasets import Dataset
from generator.site import links
from generator.site.badge import HEIGHT, LABEL_COLOUR, MESSAGE_COLOUR, PADDING, as_html, as_markdown, badge

WordList = Callable[..., Dataset]
SVG = "{http://www.w3.org/2000/svg}"
CONTROL_CHARACTERS = "a\x00b\x1bc\ud800d\ufffee\nf\tg"


def drawn(label: str, said: str, description: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(badge(label, said, description))


@pytest.mark.parametrize("text", [*TEXTS, EVERYTHING, CONTROL_CHARACTERS])
def test_any_text_gives_a_picture_with_that_text_and_nothing_else(text: str) -> None:
    svg = drawn(text, text, text)
    kept = "".join(c for c in text if c not in "\x00\x1b\ud800\ufffe")
    shown = " ".join("".join(" " if c.isspace() else c for c in kept).split())
    assert [e.text for e in svg.iter(f"{SVG}text")] == [shown, shown]
    assert [svg.attrib["aria-label"], svg.findtext(f"{SVG}title")] == [shown, shown]
    assert {e.tag.removeprefix(SVG) for e in svg.iter()} == {"svg", "title", "rect", "g", "text"}


def test_texts_fill_their_fields_with_room_on_either_side() -> None:
    for label in ("Isogloss", "基准", "बेंचमार्क", "x̣́ȩ́", "👩🏽‍🚀"):
        svg = drawn(label, "SA 0.442 · rank 2 of 5")
        fields, texts = list(svg.iter(f"{SVG}rect")), list(svg.iter(f"{SVG}text"))
        assert float(svg.attrib["width"]) == pytest.approx(sum(float(f.attrib["width"]) for f in fields))
        for field, text in zip(fields, texts, strict=True):
            width, start = float(field.attrib["width"]), float(field.attrib.get("x", 0))
            assert float(text.attrib["textLength"]) == pytest.approx(width - 2 * PADDING, abs=0.06)
            assert float(text.attrib["x"]) == pytest.approx(start + PADDING, abs=0.06)
    wide, narrow = (float(drawn(label, "").attrib["width"]) for label in ("水水", "ww"))
    assert wide > narrow
    assert drawn("é", "").attrib["width"] == drawn("e\u0301", "").attrib["width"], "a mark takes no room of its own"


def test_white_text_is_readable_on_both_fields() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    assert all(1.05 / (luminance(colour) + 0.05) > 6 for colour in (LABEL_COLOUR, MESSAGE_COLOUR))


@pytest.mark.parametrize("text", TEXTS)
def test_snippets_hold_their_text_as_text(text: str) -> None:
    shown = " ".join("".join(" " if c.isspace() else c for c in text).split())
    link = page_of(as_html("a.svg", "a.html?x=1&y", text).encode()).one("a")
    assert link.attributes == {"href": "a.html?x=1&y"}
    assert link.one("img").attributes == {"src": "a.svg", "alt": shown, "height": str(HEIGHT)}
    written = as_markdown("a.svg", "a.html", text)
    alt = written.removeprefix("[![").removesuffix("](a.svg)](a.html)")
    assert re.sub(r"\\(.)", r"\1", alt) == shown
    assert not re.search(r"(?<!\\)(\\\\)*[\[\]<>`!&]", alt), "nothing ends the text or becomes markup"


def test_every_ranked_model_with_a_score_has_a_badge(word_list: WordList) -> None:
    files = states(word_list).files
    badges = {path: content.decode() for path, content in files.items() if re.fullmatch(r"models/.*\.svg", path)}
    assert set(badges) == {links.badge(slug) for slug in ("whole", "mapless", "faint", "broken")}
    whole = ElementTree.fromstring(badges["models/whole.svg"])
    assert [e.text for e in whole.iter(f"{SVG}text")] == ["A benchmark", "SA 0.620 · rank 1 of 3"]
    assert whole.attrib["aria-label"] == (
        "A benchmark: Whole, SA 0.620 · rank 1 of 3; SA on Words, measured 2026-01-02"
    )
    broken = ElementTree.fromstring(badges["models/broken.svg"])
    assert [e.text for e in broken.iter(f"{SVG}text")][1] == "SA 0.500", "no place without all that counts"
    for path, content in badges.items():
        shown = page_of(files[path.replace(".svg", ".html")]).one("p", class_="badge").one("img").attributes
        label, said = (e.text for e in ElementTree.fromstring(content).iter(f"{SVG}text"))
        assert (shown["src"], shown["alt"]) == (path.removeprefix("models/"), f"{label}: {said}")


def test_without_a_score_there_is_no_badge(word_list: WordList) -> None:
    words = word_list()
    outcomes = [failed(model("Broken"), words), measured(model("Signs"), signs()), measured(control(), words, 1.0)]
    files = invented([words, signs()], outcomes).files
    assert [path for path in files if re.fullmatch(r"models/.*\.svg", path)] == []
    assert not any(b"Cite, show, reuse" in files[path] for path in files if path.startswith("models/"))

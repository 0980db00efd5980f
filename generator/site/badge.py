"""A model's badge: one small SVG to show elsewhere, drawn without asking anyone for fonts or pictures."""

from __future__ import annotations

import re
from html import escape
from unicodedata import category, east_asian_width

from generator.leaderboard import Leaderboard, Standing
from generator.results import PairResult
from generator.shown import decimal
from generator.visible import visible

HEIGHT, PADDING, FONT_SIZE = 20, 7, 11
NARROW, WIDE = 6.6, 11.0
"""Widths of a character; `textLength` makes a text exactly as wide as they say, whatever font draws it."""
LABEL_COLOUR, MESSAGE_COLOUR = "#3b4350", "#1d5ea8"
"""Both have a contrast of more than 6 : 1 with the white text."""
UNDRAWABLE = frozenset({"Cc", "Cs", "Cn"})
"""Categories of characters that XML does not hold."""


def message(board: Leaderboard, standing: Standing, result: PairResult) -> str:
    """What a model's badge says, such as "SA 0.442 · rank 2 of 5"; without a rank where it has none."""
    n_ranked = sum(s.ranked and s.place is not None for s in board.standings)
    rank = f" · rank {standing.place} of {n_ranked}" if standing.place is not None else ""
    return f"SA {decimal(result.affinity.value)}{rank}"


def badge(label: str, said: str, description: str) -> str:
    """An SVG of two fields, the label and what is said, 20 units high.

    Args:
        label: whose badge it is.
        said: what stands beside it.
        description: for those who point at it or do not see it.
    """
    texts = _drawable(label), _drawable(said)
    left, right = (round(_width(text) + 2 * PADDING, 1) for text in texts)
    told = escape(_drawable(description))
    fields = (
        f'<rect width="{left}" height="{HEIGHT}" fill="{LABEL_COLOUR}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{MESSAGE_COLOUR}"/>'
    )
    words = "".join(
        f'<text x="{start + PADDING:.1f}" y="14" textLength="{_width(text):.1f}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(text)}</text>"
        for start, text in zip((0.0, left), texts, strict=True)
    )
    width = round(left + right, 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" '
        f'role="img" aria-label="{told}"><title>{told}</title>{fields}'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{FONT_SIZE}">{words}</g></svg>\n'
    )


def as_html(image: str, page: str, alt: str) -> str:
    """The badge as a link to the model's page, in HTML."""
    return f'<a href="{escape(page)}"><img src="{escape(image)}" alt="{escape(_drawable(alt))}" height="{HEIGHT}"></a>'


def as_markdown(image: str, page: str, alt: str) -> str:
    """The badge as a link to the model's page, in Markdown.

    >>> as_markdown("a.svg", "a.html", "A [b]")
    '[![A \\\\[b\\\\]](a.svg)](a.html)'
    """
    told = re.sub(r"([\\`*_\[\]<>!&~|])", r"\\\1", _drawable(alt))
    return f"[![{told}]({image})]({page})"


def _drawable(text: str) -> str:
    kept = (" " if character.isspace() else character for character in text)
    return visible(" ".join("".join(c for c in kept if category(c) not in UNDRAWABLE).split()))


def _width(text: str) -> float:
    return sum(_advance(character) for character in text)


def _advance(character: str) -> float:
    if category(character) in {"Mn", "Me", "Cf"}:
        return 0.0
    return WIDE if east_asian_width(character) in {"W", "F"} else NARROW

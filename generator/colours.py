"""Colours of a benchmark's own, and whether they can be read on the paper of each theme."""

from __future__ import annotations

import re

PAPERS = {"light": "#fcfcfa", "dark": "#14171c"}
"""What text stands on, as in ``templates/static/css/tokens.css``."""
LEAST_CONTRAST = 4.5
"""Of text on its paper, WCAG 2.2 criterion 1.4.3."""
EASY_CONTRAST = 7.0
STEPS = 32


def is_colour(text: str) -> bool:
    """Whether ``text`` is a colour written as # and six hexadecimal digits."""
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours, from 1 for the same to 21 for black and white (WCAG 2.2).

    >>> contrast("#000000", "#ffffff"), contrast("#777777", "#777777")
    (21.0, 1.0)
    """
    darker, lighter = sorted((_luminance(a), _luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def for_dark(colour: str) -> str:
    """The colour with as much white in it as text on the dark paper needs to be read with ease.

    >>> for_dark("#ffffff")
    '#ffffff'
    """
    mixed = (_mixed(colour, step / STEPS) for step in range(STEPS + 1))
    return next(each for each in mixed if contrast(each, PAPERS["dark"]) >= EASY_CONTRAST)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, from 0 for black to 1 for white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(colour: str, white: float) -> str:
    return "#" + "".join(f"{round(n + (255 - n) * white):02x}" for n in _channels(colour))

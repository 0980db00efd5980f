"""How a language looks on every map: a colour and a shape, so that neither has to be told apart alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

# Ten hues of like weight; each has a contrast of at least 3 : 1 on the light and on the dark page.
COLOURS = (
    "#2f7fd6",
    "#d9700f",
    "#1f9664",
    "#d6405a",
    "#8f6ad0",
    "#a5722f",
    "#c956ad",
    "#7a8796",
    "#86901c",
    "#1793a5",
)
# BokehJS marker names.
SHAPES = ("circle", "triangle", "square", "diamond", "inverted_triangle", "star", "cross", "x", "asterisk", "y")
LINE_SHAPES = frozenset({"cross", "x", "asterisk", "y"})


@dataclass(frozen=True)
class Mark:
    colour: str
    shape: str


def marks(tags: Sequence[str]) -> dict[str, Mark]:
    """A mark a language, all different for the first hundred; further ones begin again.

    >>> marks(["en", "zh"])["zh"]
    Mark(colour='#d9700f', shape='triangle')
    """
    n = len(COLOURS)
    return {tag: Mark(COLOURS[i % n], SHAPES[(i + i // n) % len(SHAPES)]) for i, tag in enumerate(tags)}


def shape_path(shape: str) -> str:
    """The outline of a shape about the origin, within a radius of about 1, as SVG path data."""
    if shape == "circle":
        return "M-.9 0a.9.9 0 1 0 1.8 0a.9.9 0 1 0-1.8 0z"
    if shape in LINE_SHAPES:
        turns = {"cross": (0, 90, 180, 270), "x": (45, 135, 225, 315), "y": (90, 210, 330)}
        return "".join(_arm(turn * pi / 180) for turn in turns.get(shape, range(0, 360, 45)))
    corners = {
        "triangle": [(sin(2 * pi * i / 3), -cos(2 * pi * i / 3)) for i in range(3)],
        "inverted_triangle": [(sin(2 * pi * i / 3), cos(2 * pi * i / 3)) for i in range(3)],
        "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
        "diamond": [(0, -1.1), (0.8, 0), (0, 1.1), (-0.8, 0)],
        "star": [(r * sin(pi * i / 5), -r * cos(pi * i / 5)) for i in range(10) for r in ((1.15, 0.5)[i % 2],)],
    }[shape]
    return _outline(corners)


def _arm(angle: float) -> str:
    """A thin bar from the origin outwards; shapes of lines are drawn filled like all others."""
    dx, dy = 1.05 * cos(angle), 1.05 * sin(angle)
    px, py = -0.2 * sin(angle), 0.2 * cos(angle)
    return _outline([(px, py), (dx + px, dy + py), (dx - px, dy - py), (-px, -py)])


def _outline(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x + 0.0:.2f} {y + 0.0:.2f}" for x, y in corners) + "z"

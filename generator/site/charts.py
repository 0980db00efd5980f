"""Small charts as SVG: dots on two axes, and scores on one. What they say must stand in words beside them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from generator.leaderboard import MODERATE, STRONG
from generator.shown import short_count

RADIUS = 4.5
TEXT, LINE = 12.0, 14.0
"""Height of a label's letters, and of the room it takes."""
MOST_LETTERS = 30
EDGE, ABOVE, BELOW = 12.0, 30.0, 44.0
STRIP_WIDTH, STRIP_NAMES, STRIP_STEP = 720.0, 230.0, 26.0

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Axis:
    """The range that an axis spans, with its ticks: where, and what they are called."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Dot:
    """One thing on a chart, by its names from outside; ``low`` and ``high`` are an interval of ``y``."""

    name: str
    told: str
    """What pointing at it tells."""
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    hollow: bool = False


@dataclass(frozen=True)
class StripRow:
    """A score on a line from 0 to 1."""

    name: str
    value: float
    low: float | None
    high: float | None
    null: float | None
    hollow: bool = False


def linear_axis(title: str, values: Sequence[float]) -> Axis:
    """An axis of round ends around values, one or more, with at most eight ticks.

    >>> [told for _, told in linear_axis("SA", [0.41, 0.63]).ticks]
    ['0.40', '0.45', '0.50', '0.55', '0.60', '0.65']
    """
    least, most = min(values), max(values)
    reach = max(most - least, 0.01)
    step = next(s for power in range(-3, 10) for s in (10**power, 2 * 10**power, 5 * 10**power) if reach / s <= 6)
    first, last = floor(least / step + 1e-9), ceil(most / step - 1e-9)
    last = max(last, first + 1)
    places = max(0, -floor(log10(step) + 1e-9))
    ticks = tuple((i * step, f"{i * step:.{places}f}".replace("-", "−")) for i in range(first, last + 1))
    return Axis(title, first * step, last * step, ticks)


def size_axis(title: str, logarithms: Sequence[float]) -> Axis:
    """A logarithmic axis of whole powers of ten around sizes, one or more, given as log10.

    >>> size_axis("Parameters", [7.4, 8.9]).ticks
    ((7, '10 M'), (8, '100 M'), (9, '1 B'))
    """
    least, most = floor(min(logarithms)), ceil(max(logarithms))
    most = max(most, least + 1)

    def told(power: int) -> str:
        return short_count(10**power).replace("1.0 ", "1 ")

    return Axis(title, least, most, tuple((power, told(power)) for power in range(least, most + 1)))


def dot_chart(dots: Sequence[Dot], x: Axis, y: Axis, width: float = 560, height: float = 360) -> str:
    """Dots on two axes. They are named in their order as long as there is room: a name covers no dot and no other."""
    left, right = 18 + max(text_width(told) for _, told in y.ticks), width - EDGE
    top, bottom = ABOVE, height - BELOW

    def across(value: float) -> float:
        return left + x.share(value) * (right - left)

    def level(value: float) -> float:
        return bottom - y.share(value) * (bottom - top)

    body = [_label(0, TEXT, y.title, "start"), _label((left + right) / 2, height - 6, x.title, "middle")]
    for at, told in y.ticks:
        body.append(f'<path class="chart-grid" d="M{left:.0f} {level(at):.1f}H{right:.0f}"/>')
        body.append(_label(left - 7, level(at) + 4, told, "end"))
    body += [_label(across(at), bottom + 18, told, "middle") for at, told in x.ticks]
    for dot in dots:
        reach = ""
        if dot.low is not None and dot.high is not None:
            reach = f'<path class="dot-reach" d="M{across(dot.x):.1f} {level(dot.low):.1f}V{level(dot.high):.1f}"/>'
        drawn = _dot(across(dot.x), level(dot.y), dot.hollow)
        body.append(f"<g><title>{escape(dot.told)}</title>{reach}{drawn}</g>")
    placed = [(across(dot.x), level(dot.y)) for dot in dots]
    for name, (begin, base) in _named([dot.name for dot in dots], placed, (left, 0.0, width, bottom)):
        body.append(f'<text class="chart-name" x="{begin:.1f}" y="{base:.1f}">{escape(name)}</text>')
    return _svg("chart", width, height, body)


def tier_strip(rows: Sequence[StripRow]) -> str:
    """Scores with intervals and nulls, a line each, between the borders of the tiers."""
    top, height = 28.0, 28.0 + STRIP_STEP * len(rows) + 30.0

    def x(value: float) -> float:
        return STRIP_NAMES + value * (STRIP_WIDTH - STRIP_NAMES - EDGE)

    bottom = height - 26
    middles = (("none", 0.0, MODERATE), ("moderate", MODERATE, STRONG), ("strong", STRONG, 1.0))
    body = [
        f'<path class="tier-ground tier-ground-{tier}" d="M{x(low):.1f} {top:.0f}H{x(high):.1f}V{bottom:.0f}'
        f'H{x(low):.1f}z"/>{_label((x(low) + x(high)) / 2, 16, tier, "middle")}'
        for tier, low, high in middles
    ]
    body += [_label(x(at), height - 8, f"{at:g}", "middle") for at in (0, MODERATE, STRONG, 1)]
    for i, row in enumerate(rows):
        level = top + STRIP_STEP * (i + 0.5)
        body.append(f'<text class="chart-name" x="0" y="{level + 4:.1f}">{escape(shortened(row.name))}</text>')
        body.append(f'<path class="chart-grid" d="M{x(0):.1f} {level:.1f}H{x(1):.1f}"/>')
        if row.null is not None:
            body.append(f'<path class="bar-null" d="M{x(row.null):.1f} {level - 8:.1f}v16"/>')
        if row.low is not None and row.high is not None:
            body.append(f'<path class="dot-reach" d="M{x(row.low):.1f} {level:.1f}H{x(row.high):.1f}"/>')
        body.append(_dot(x(row.value), level, row.hollow))
    return _svg("chart strip", STRIP_WIDTH, height, body)


def shortened(name: str) -> str:
    """A name of at most thirty letters.

    >>> shortened("x" * 40) == "x" * 29 + "…"
    True
    """
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"


def text_width(text: str) -> float:
    """About how wide a label is: browsers know, a file does not.

    >>> [round(text_width(text), 2) for text in ("ab", "水", "e\u0301")]
    [13.92, 12.0, 6.96]
    """
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return TEXT if unicodedata.east_asian_width(letter) in "WF" else 0.58 * TEXT


def _named(
    names: Sequence[str], dots: Sequence[tuple[float, float]], room: Box
) -> Iterator[tuple[str, tuple[float, float]]]:
    """The names for which there is room, each with where it begins: right of its dot, or left, above or below."""
    taken: list[Box] = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in dots]
    for name, (x, y) in zip(map(shortened, names), dots, strict=True):
        width = text_width(name)
        for left, base in (
            (x + 9, y + 4),
            (x - 9 - width, y + 4),
            (x - width / 2, y - 9),
            (x - width / 2, y + 9 + TEXT),
        ):
            box = (left, base - TEXT, left + width, base - TEXT + LINE)
            if _within(box, room) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                yield name, (left, base)
                break


def _within(box: Box, room: Box) -> bool:
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="chart-label" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _dot(x: float, y: float, hollow: bool) -> str:
    return f'<circle class="dot{" hollow" * hollow}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>'


def _svg(kind: str, width: float, height: float, body: Iterable[str]) -> str:
    return f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">{"".join(body)}</svg>'

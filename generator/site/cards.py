"""The pictures that other sites show beside a link: one of the home page, one a model and one a dataset."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from generator.datasets import Dataset
from generator.leaderboard import Leaderboard, Standing
from generator.results import Estimate, PairResult, Point
from generator.shown import decimal
from generator.site import links
from generator.site.marks import COLOURS, marks
from generator.site.pieces import Piece

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1200, 630
MARGIN, BAND = 72, 12
TEXT_WIDTH = 600
MAP_BOX = (700, 96, 1140, 536)
"""Left, top, right and bottom of the map."""
MOST_DOTS = 500
"""Dots of a map; of more points an even sample is drawn."""
DOT = 6
"""Radius of a dot in pixels."""
NAME_SIZES = (64, 52, 42, 34)
MOST_LINES = 2
"""Of a name or a sentence."""
SHADES = 8
"""Steps between the paper and a colour, for smooth edges."""

PAPER = (252, 252, 250)
INK, QUIET, ACCENT = "#1a1e24", "#58616d", "#1d5ea8"
INKS = (INK, QUIET, ACCENT, *COLOURS)


@dataclass(frozen=True)
class Card:
    """What a card says."""

    site: str
    name: str
    figure: str
    """The number to be seen from afar; empty where there is none."""
    lines: tuple[str, ...]
    map: PairResult | None


def card_files(board: Leaderboard, title: str, description: str) -> list[Piece]:
    """The card of the home page, of every model and of every dataset."""
    cards = {
        links.card(): _home_card(board, title, description),
        **{links.card("model", s.model.slug): _model_card(board, s, title) for s in board.standings},
        **{links.card("dataset", d.slug): _dataset_card(board, d, title) for d in board.datasets},
    }
    return [Piece(path, drawn, (card,)) for path, card in cards.items()]


def _home_card(board: Leaderboard, title: str, description: str) -> Card:
    ranked = [standing for standing in board.standings if standing.ranked]
    result = _shown_result(board, ranked[0]) if ranked else None
    counts = f"{_counted(len(ranked), 'model')} on {_counted(len(board.datasets), 'dataset')}"
    return Card("", readable(title), "", (*filter(None, [readable(description)]), counts), result)


def _model_card(board: Leaderboard, standing: Standing, title: str) -> Card:
    result = _shown_result(board, standing)
    places = sum(other.ranked and other.place is not None for other in board.standings)
    lines = [f"rank {standing.place} of {places}"] if standing.place is not None and standing.ranked else []
    if result and result.affinity.value is not None:
        lines.insert(0, f"Semantic Affinity on {readable(result.dataset.name, result.dataset.slug)}")
        if result.affinity.low is not None:
            lines.insert(1, _interval(result.affinity))
    name = readable(standing.model.name, standing.model.slug)
    return Card(readable(title), name, _figure(result), tuple(lines or ["not measured yet"]), result)


def _dataset_card(board: Leaderboard, dataset: Dataset, title: str) -> Card:
    ranked = [
        standing for standing in board.on(dataset.slug) if standing.ranked and standing.cells[dataset.slug].result
    ]
    result = ranked[0].cells[dataset.slug].result if ranked else None
    lines = [f"{_counted(len(dataset.concepts), 'concept')} in {_counted(len(dataset.languages), 'language')}"]
    if result and result.affinity.value is not None:
        lines.insert(0, f"Semantic Affinity of {readable(result.model.name, result.model.slug)}, which comes first")
    return Card(readable(title), readable(dataset.card.name, dataset.slug), _figure(result), tuple(lines), result)


def _shown_result(board: Leaderboard, standing: Standing) -> PairResult | None:
    """The result on the reference, else on the first dataset that has one."""
    slugs = [board.reference, *(dataset.slug for dataset in (*board.scored, *board.datasets))]
    return next((result for slug in slugs if slug and (result := standing.cells[slug].result)), None)


def _figure(result: PairResult | None) -> str:
    return decimal(result.affinity.value) if result and result.affinity.value is not None else ""


def _interval(estimate: Estimate) -> str:
    return f"interval {decimal(estimate.low)} to {decimal(estimate.high)}"


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def readable(text: str, instead: str = "") -> str:
    """``text`` as far as the card's font has its letters: without its accents where it lacks those, else ``instead``.

    >>> readable("Café"), readable("模型", "model-1"), readable("水")
    ('Cafe', 'model-1', '')
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return next((each for each in (text, bare) if set(each) <= _letters()), instead)


def drawn(card: Card) -> bytes:
    """The card as a PNG of 1200 × 630 pixels. The same card always gives the same bytes."""
    from PIL import Image

    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette(_palette())
    image.paste(_index(ACCENT), (0, 0, WIDTH, BAND))
    rows = _rows(card)
    y = (HEIGHT + BAND - sum(row.height for row in rows)) // 2
    for row in rows:
        _write(image, row, y)
        y += row.height
    if card.map and card.map.map and card.map.map.points:
        _draw_map(image, card.map.map.points, card.map.dataset.languages)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class _Row:
    """A line of text, and how far below its top the next one begins."""

    text: str
    size: int
    colour: str
    height: int


def _rows(card: Card) -> list[_Row]:
    size, names = _fitted(card.name, NAME_SIZES)
    rows = [_Row(card.site, 28, QUIET, 70)] if card.site else []
    rows += [_Row(name, size, INK, round(size * 1.2)) for name in names]
    rows += [_Row("", size, INK, 28)]
    rows += [_Row(card.figure, 120, ACCENT, 148)] if card.figure else []
    return rows + [_Row(part, 30, QUIET, 42) for line in card.lines for part in _fitted(line, (30,))[1]]


def _draw_map(image: Image, points: Sequence[Point], languages: Sequence[str]) -> None:
    left, top, right, bottom = MAP_BOX
    xs, ys = [p.x for p in points], [p.y for p in points]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    scale = min((right - left) / max(x1 - x0, 1e-9), (bottom - top) / max(y1 - y0, 1e-9))
    across, down = (left + right) / 2 - DOT, (top + bottom) / 2 - DOT
    disc = _disc()
    mask = disc.point([0, *[255] * 255])
    stamps = {tag: _inked(disc, mark.colour) for tag, mark in marks(languages).items()}
    for p in points[:: -(-len(points) // MOST_DOTS)]:
        x, y = across + (p.x - (x0 + x1) / 2) * scale, down - (p.y - (y0 + y1) / 2) * scale
        image.paste(stamps[p.language], (round(x), round(y)), mask)


@lru_cache(maxsize=1)
def _disc() -> Image:
    """A dot in levels of grey, smooth at its edge."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (8 * DOT + 4, 8 * DOT + 4), 0)
    ImageDraw.Draw(large).ellipse((2, 2, 8 * DOT + 1, 8 * DOT + 1), fill=255)
    return large.resize((2 * DOT + 1, 2 * DOT + 1), Image.Resampling.BOX)


def _write(image: Image, row: _Row, y: int) -> None:
    from PIL import Image, ImageDraw

    font = _font(row.size)
    _, _, right, bottom = font.getbbox(row.text)
    mask = Image.new("L", (round(right) + 2, round(bottom) + 2), 0)
    ImageDraw.Draw(mask).text((0, 0), row.text, fill=255, font=font)
    image.paste(_inked(mask, row.colour), (MARGIN, y))


def _inked(mask: Image, colour: str) -> Image:
    """A picture in levels of grey as one in the shades of a colour."""
    from PIL import Image

    return Image.frombytes("P", mask.size, mask.point(_shades(colour)).tobytes())


def _fitted(text: str, sizes: Sequence[int]) -> tuple[int, list[str]]:
    """The largest size in which ``text`` takes no more than `MOST_LINES`, and its lines; cut where none does."""
    lines: list[str] = []
    for size in sizes:
        lines = _wrapped(text, size)
        if len(lines) <= MOST_LINES:
            return size, lines
    return sizes[-1], [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][:-1]}…"]


def _wrapped(text: str, size: int) -> list[str]:
    """Broken between words, and after a hyphen, slash or underscore or within where a word is wider than the card."""
    font = _font(size)
    lines, line = [], ""
    for character in text.strip():
        if font.getlength(line + character) <= TEXT_WIDTH:
            line += character
            continue
        cut = 1 + max(line.rfind(mark) for mark in " -/_")
        kept = line[:cut] if cut > 1 else line
        lines.append(kept.rstrip())
        line = (line[len(kept) :] + character).lstrip()
    return [*lines, line]


@lru_cache(maxsize=16)
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(io.BytesIO(_font_file()), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _font_file() -> bytes:
    """The font that Pillow brings, so that a card depends on nothing that a machine has installed."""
    from PIL import ImageFont

    font = ImageFont.load_default(10)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("Pillow was built without FreeType; install one of its wheels")
    return font.font_bytes


@lru_cache(maxsize=1)
def _letters() -> frozenset[str]:
    """The characters that the font has."""
    from fontTools.ttLib import TTFont

    with TTFont(io.BytesIO(_font_file())) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _index(colour: str, shade: int = SHADES) -> int:
    """Where a shade of a colour stands in the palette; shade 0 is the paper."""
    return 1 + INKS.index(colour) * SHADES + shade - 1 if shade else 0


@lru_cache(maxsize=len(INKS))
def _shades(colour: str) -> list[int]:
    """By level of grey: the index of the shade of a colour that covers the paper as much."""
    return [_index(colour, round(level / 255 * SHADES)) for level in range(256)]


def _palette() -> list[int]:
    """The paper, then every colour in its shades from nearly paper to full."""
    rows: list[tuple[int, ...]] = [PAPER]
    for colour in INKS:
        full = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
        rows += [
            tuple(round(p + (c - p) * shade / SHADES) for p, c in zip(PAPER, full, strict=True))
            for shade in range(1, SHADES + 1)
        ]
    return [part for row in rows for part in row]

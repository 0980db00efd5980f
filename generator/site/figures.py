"""Maps as readers see them: a Bokeh figure to explore, and a drawing that needs no script."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any

from generator.results import ConceptRecord, PairResult, Point
from generator.site.marks import marks, shape_path
from generator.visible import visible, visible_json

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource

WIDTH = 760
DRAWN_WIDTH = 960
"""Of drawings: wide enough for places in whole numbers."""
LEAST_ASPECT, MOST_ASPECT = 0.55, 1.1
MARGIN = 0.06
SMALL_ABOVE = 1000
"""Drawings of more points have smaller shapes."""

# Bokeh's WebGL builds its programs from text, which the pages' policy forbids; its canvas paints this many in 0.03 s.
MOST_POINTS = 6000
"""Maps of more points show an even sample of their concepts, so that a page stays quick; the result file has all."""

WORD_COLUMNS = ("x", "y", "text", "tag", "direction", "language", "label", "colour", "marker", "alpha")
LABEL_COLUMNS = ("x", "y", "text", "font", "offset", "align")
LINK_COLUMNS = ("x0", "y0", "x1", "y1")

# Bokeh escapes the values, within attributes too.
TOOLTIP = '<div class="map-word" lang="@tag" dir="@direction">@text</div><div>@language · @label</div>'


def shown_points(result: PairResult) -> tuple[Point, ...]:
    """The points that a page shows: all, or every word of an even sample of the concepts."""
    points = result.map.points if result.map else ()
    shown = shown_concepts(result)
    if len(shown) == len(result.concepts):
        return points
    kept = {(tag, text) for concept in shown for tag, texts in concept.renderings.items() for text in texts}
    return tuple(point for point in points if (point.language, point.text) in kept)


def shown_concepts(result: PairResult) -> tuple[ConceptRecord, ...]:
    """The concepts of which a page's map shows every word; none without a map."""
    n_points = len(result.map.points) if result.map else 0
    return laid_out_concepts(result)[:: -(-n_points // MOST_POINTS)] if n_points else ()


def laid_out_concepts(result: PairResult) -> tuple[ConceptRecord, ...]:
    """The concepts of which the map in the result file has every word: all, or a sample of a long list."""
    if not result.map or not result.map.sample:
        return result.concepts
    placed = {(point.language, point.text) for point in result.map.points}
    return tuple(
        concept
        for concept in result.concepts
        if placed.issuperset((tag, text) for tag, texts in concept.renderings.items() for text in texts)
    )


@lru_cache(maxsize=1)
def map_figure() -> str:
    """The figure of every map as the JSON that BokehJS embeds; always the same text.

    It has no words: the page's script sets its ranges and height and fills the columns of its renderers ``context``
    and ``words`` (which share theirs), ``links`` and ``labels``. Its tools go by name, too.
    """
    from bokeh.embed import json_item
    from bokeh.models import (
        BooleanFilter,
        BoxSelectTool,
        BoxZoomTool,
        CDSView,
        HoverTool,
        LassoSelectTool,
        PanTool,
        Range1d,
        TapTool,
        WheelZoomTool,
    )
    from bokeh.plotting import figure

    plot = figure(
        width=WIDTH,
        sizing_mode="scale_width",
        x_range=Range1d(),
        y_range=Range1d(),
        match_aspect=True,
        tools="",
        toolbar_location=None,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border=0,
    )
    # PHATE's axes and scale have no meaning, so none are drawn.
    plot.axis.visible = False
    plot.grid.visible = False
    source = _source(WORD_COLUMNS)
    shown, muted = CDSView(filter=BooleanFilter()), CDSView(filter=BooleanFilter())
    links = plot.segment(*LINK_COLUMNS, source=_source(LINK_COLUMNS), name="links", line_alpha=0.55)
    context = plot.scatter("x", "y", source=source, view=muted, name="context", marker="dot", size=9, alpha=0.35)
    words = plot.scatter(
        "x",
        "y",
        source=source,
        view=shown,
        name="words",
        marker="marker",
        size=7,
        line_width=1.2,
        color="colour",
        alpha="alpha",
    )
    labels = plot.text(
        "x",
        "y",
        "text",
        source=_source(LABEL_COLUMNS),
        name="labels",
        x_offset="offset",
        text_align="align",
        text_baseline="middle",
        text_font="font",
        text_font_size="13px",
    )
    for renderer in (context, links, words, labels):
        renderer.nonselection_glyph = None
    plot.add_tools(
        PanTool(name="pan"),
        BoxZoomTool(name="box-zoom", match_aspect=True),
        BoxSelectTool(name="box-select", renderers=[words]),
        LassoSelectTool(name="lasso-select", renderers=[words], continuous=False),
        WheelZoomTool(name="wheel-zoom"),
        TapTool(name="tap", renderers=[words]),
        HoverTool(name="hover", renderers=[words], tooltips=TOOLTIP, point_policy="snap_to_data"),
    )
    return _renumbered(json.dumps(json_item(plot), separators=(",", ":")))


def json_in_script(value: Any) -> str:
    """JSON as a script may hold it: no ``<`` that could end the element, no character that once ended a line.

    Pages show what it holds, so that hidden characters are marked as on pages.
    """
    return visible_json(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def map_drawing(result: PairResult) -> str:
    """The map of a pair as a self-contained SVG, with colours that hold on light and dark pages.

    Each language is one invisible line with its shape as the marker of every corner, which takes a quarter of what a
    shape a word would.
    """
    points = shown_points(result)
    x0, x1, y0, y1 = _extent(points)
    height = round(DRAWN_WIDTH * _aspect(points))
    scale = min(DRAWN_WIDTH / (x1 - x0), height / (y1 - y0))
    left, top = (DRAWN_WIDTH - (x1 - x0) * scale) / 2, (height - (y1 - y0) * scale) / 2
    size = 5.2 if len(points) > SMALL_ABOVE else 6.4
    body = []
    for tag, mark in marks(result.dataset.languages).items():
        corners = " ".join(
            f"{left + (p.x - x0) * scale:.0f} {top + (y1 - p.y) * scale:.0f}" for p in points if p.language == tag
        )
        ends = "".join(f' marker-{place}="url(#{tag})"' for place in ("start", "mid", "end"))
        body.append(
            f'<marker id="{tag}" markerUnits="userSpaceOnUse" overflow="visible"><path transform="scale({size})" '
            f'fill="{mark.colour}" fill-opacity=".75" d="{shape_path(mark.shape)}"/></marker>'
            f'<polyline fill="none"{ends} points="{corners}"/>'
        )
    title = escape(visible(f"Map of {result.model.name} on {result.dataset.name}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {DRAWN_WIDTH} {height}" role="img">'
        f"<title>{title}</title>{''.join(body)}</svg>\n"
    )


def _source(columns: tuple[str, ...]) -> ColumnDataSource:
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({column: [] for column in columns})


def _extent(points: tuple[Point, ...]) -> tuple[float, float, float, float]:
    xs, ys = [p.x for p in points] or [-1.0, 1.0], [p.y for p in points] or [-1.0, 1.0]
    pad = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys), 1e-6)
    return min(xs) - pad, max(xs) + pad, min(ys) - pad, max(ys) + pad


def _aspect(points: tuple[Point, ...]) -> float:
    """Height over width of the drawing area, near the cloud's own so that little stays empty."""
    x0, x1, y0, y1 = _extent(points)
    return min(MOST_ASPECT, max(LEAST_ASPECT, (y1 - y0) / (x1 - x0)))


def _renumbered(text: str) -> str:
    """Bokeh numbers models by a counter of the process; number them by their place in the document instead."""
    numbers = count(1)
    given: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        name = match.group(2)
        if name not in given:
            given[name] = f"p{next(numbers)}"
        return f'"{match.group(1)}":"{given[name]}"'

    return re.sub(r'"(id|root_id)":"(p\d+)"', renumber, text)

"""Maps as readers see them: a Bokeh figure to explore, and a drawing that needs no script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any

from generator.languages import language
from generator.results import ConceptRecord, PairResult, Point
from generator.site.marks import LINE_SHAPES, Mark, marks, shape_path

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, Scatter
    from bokeh.models.renderers import GlyphRenderer
    from bokeh.plotting import figure as Figure  # noqa: N812 - Bokeh names its class like its function

WIDTH = 760
LEAST_ASPECT, MOST_ASPECT = 0.55, 1.1
MARGIN = 0.06
LINE_WIDTH = 1.4
"""Of shapes made of lines, so that they weigh as much as the filled ones."""


MOST_POINTS = 6000
"""Maps of more points show an even sample of their concepts, so that a page stays light; the result file has all."""
DOTS_ABOVE = 4000
"""Drawings of more points have dots for shapes, which would be smaller than can be told apart."""


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
    return result.concepts[:: -(-n_points // MOST_POINTS)] if n_points else ()


def map_json(result: PairResult, concept_labels: Mapping[str, str], target: str) -> str:
    """The map of a pair as the JSON that BokehJS embeds in the element with id ``target``.

    One renderer a language, named by its tag, with the columns x, y, text, concept, label and ``also``, the
    further concepts that the word renders; one named ``links`` and one named ``picked``, both empty, for the
    page's script to fill. The same result always gives the same text, and no ``<`` that could end a script element.
    """
    points = shown_points(result)
    item = json.loads(_blank(tuple(result.dataset.languages)))
    item["target_id"] = target
    figure = item["doc"]["roots"][0]["attributes"]
    x0, x1, y0, y1 = _extent(points)
    figure["x_range"]["attributes"] = {"start": x0, "end": x1}
    figure["y_range"]["attributes"] = {"start": y0, "end": y1}
    figure["height"] = round(WIDTH * _aspect(points))
    words = _columns(result, points, concept_labels)
    for renderer in (each["attributes"] for each in figure["renderers"]):
        if renderer["name"] in words:
            renderer["data_source"]["attributes"]["data"]["entries"] = words[renderer["name"]]
    return json_in_script(item)


def json_in_script(value: Any) -> str:
    """JSON as a script may hold it: no ``<`` that could end the element, no character that once ended a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def map_drawing(result: PairResult, width: int = 480) -> str:
    """The map of a pair as a self-contained SVG, with colours that hold on light and dark pages."""
    points = shown_points(result)
    x0, x1, y0, y1 = _extent(points)
    aspect = _aspect(points)
    height = round(width * aspect)
    scale = min(width / (x1 - x0), height / (y1 - y0))
    left, top = (width - (x1 - x0) * scale) / 2, (height - (y1 - y0) * scale) / 2
    size = 3.2 if len(points) <= 1000 else 2.6
    body = []
    for tag, mark in marks(result.dataset.languages).items():
        if len(points) > DOTS_ABOVE:
            dots = "".join(
                f"M{left + (p.x - x0) * scale:.0f} {top + (y1 - p.y) * scale:.0f}h0"
                for p in points
                if p.language == tag
            )
            body.append(f'<path d="{dots}" stroke="{mark.colour}"/>')
            continue
        used = "".join(
            f'<use href="#{tag}" x="{left + (p.x - x0) * scale:.1f}" y="{top + (y1 - p.y) * scale:.1f}"/>'
            for p in points
            if p.language == tag
        )
        shape = f'<path id="{tag}" transform="scale({size})" d="{shape_path(mark.shape)}"/>'
        body.append(f'<defs>{shape}</defs><g fill="{mark.colour}" fill-opacity=".75">{used}</g>')
    title = escape(f"Map of {result.model.name} on {result.dataset.name}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f'<title>{title}</title><g stroke-width="4" stroke-linecap="round" stroke-opacity=".6">'
        f"{''.join(body)}</g></svg>\n"
    )


@lru_cache(maxsize=8)
def _blank(languages: tuple[str, ...]) -> str:
    """The JSON of a map without points: Bokeh takes a second to make one of many languages, so make it once."""
    from bokeh.embed import json_item
    from bokeh.models import HoverTool, Range1d
    from bokeh.plotting import figure

    plot = figure(
        width=WIDTH,
        sizing_mode="scale_width",
        x_range=Range1d(),
        y_range=Range1d(),
        match_aspect=True,
        tools="pan,box_zoom,wheel_zoom,tap,save,reset",
        toolbar_location="above",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border=0,
    )
    # PHATE's axes and scale have no meaning, so none are drawn.
    plot.axis.visible = False
    plot.grid.visible = False
    plot.toolbar.logo = None
    plot.segment("x0", "y0", "x1", "y1", source=_empty("x0", "y0", "x1", "y1"), name="links", line_alpha=0.7)
    for tag, mark in marks(languages).items():
        renderer = _scatter(plot, tag, mark)
        plot.add_tools(
            HoverTool(renderers=[renderer], tooltips=_tooltip(tag), visible=False, point_policy="snap_to_data")
        )
    plot.text(
        "x", "y", "text", source=_empty("x", "y", "text"), name="picked", x_offset=7, y_offset=5, text_font_size="15px"
    )
    return _renumbered(json.dumps(json_item(plot), separators=(",", ":")))


def _columns(
    result: PairResult, points: Sequence[Point], labels: Mapping[str, str]
) -> dict[str, list[tuple[str, list[Any]]]]:
    """By language: the columns of its words on the map."""
    concepts = _concepts_by_word(result)
    by_language: dict[str, list[Point]] = {tag: [] for tag in result.dataset.languages}
    for point in points:
        by_language[point.language].append(point)
    return {
        tag: [
            ("x", [p.x for p in mine]),
            ("y", [p.y for p in mine]),
            ("text", [p.text for p in mine]),
            ("concept", [p.concept for p in mine]),
            ("label", [labels.get(p.concept, p.concept) for p in mine]),
            ("also", [[c for c in concepts.get((tag, p.text), ()) if c != p.concept] for p in mine]),
        ]
        for tag, mine in by_language.items()
    }


def _concepts_by_word(result: PairResult) -> dict[tuple[str, str], list[str]]:
    """The ids of the concepts that each text of each language renders."""
    found: dict[tuple[str, str], list[str]] = {}
    for concept in result.concepts:
        for tag, texts in concept.renderings.items():
            for text in texts:
                found.setdefault((tag, text), []).append(concept.id)
    return found


def _scatter(plot: Figure, tag: str, mark: Mark) -> GlyphRenderer[Scatter]:
    return plot.scatter(
        "x",
        "y",
        source=_empty("x", "y", "text", "concept", "label", "also"),
        name=tag,
        marker=mark.shape,
        size=7,
        line_width=LINE_WIDTH if mark.shape in LINE_SHAPES else 1,
        color=mark.colour,
        alpha=0.8,
        muted_alpha=0.06,
        nonselection_alpha=0.8,
    )


def _empty(*columns: str) -> ColumnDataSource:
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({column: [] for column in columns})


def _tooltip(tag: str) -> str:
    """Bokeh escapes the values; the rest comes from the language library."""
    told = language(tag)
    return (
        f'<div class="map-word" lang="{escape(tag)}" dir="{told.direction}">@text</div>'
        f"<div>{escape(told.name)} · @label</div>"
    )


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

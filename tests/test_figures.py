"""Maps as readers see them: what the figure holds for the page's script, and the drawing that needs no script."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from site_fixtures import TEXTS, hostile_dataset, measured, model, page_of

from generator.datasets import Card, Concept, Dataset
from generator.results import PairResult, Point
from generator.site import figures
from generator.site.figures import json_in_script, map_drawing, map_figure, shown_points
from generator.site.marks import SHAPES, marks, shape_path

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return hostile_dataset()


@pytest.fixture(scope="module")
def result(dataset: Dataset) -> PairResult:
    return measured(model("<Alpha> & 'Ω'"), dataset)


def with_points(result: PairResult, *points: tuple[float, float]) -> PairResult:
    assert result.map is not None
    placed = tuple(Point("c", "en", f"word {i}", x, y) for i, (x, y) in enumerate(points))
    return dataclasses.replace(result, map=dataclasses.replace(result.map, points=placed))


@pytest.fixture(scope="module")
def plot() -> dict[str, Any]:
    (root,) = json.loads(map_figure())["doc"]["roots"]
    return dict(root["attributes"])


def columns(renderer: dict[str, Any]) -> dict[str, list[Any]]:
    return dict(renderer["data_source"]["attributes"]["data"]["entries"])


@pytest.fixture(scope="module")
def renderers(plot: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {renderer["attributes"]["name"]: renderer["attributes"] for renderer in plot["renderers"]}


# The figure


def test_the_figure_waits_for_the_script_to_fill_it(renderers: dict[str, dict[str, Any]]) -> None:
    assert list(renderers) == ["links", "context", "words", "labels"], "what comes later is painted over the rest"
    assert renderers["words"]["data_source"] == {"id": renderers["context"]["data_source"]["id"]}
    held = {name: columns(renderers[name]) for name in ("links", "context", "labels")}
    assert {name: list(each) for name, each in held.items()} == {
        "links": ["x0", "y0", "x1", "y1"],
        "context": ["x", "y", "text", "tag", "direction", "language", "label", "colour", "marker", "alpha"],
        "labels": ["x", "y", "text", "font", "offset", "align"],
    }
    assert all(column == [] for each in held.values() for column in each.values())


def test_every_word_has_its_own_look_and_can_be_left_out(renderers: dict[str, dict[str, Any]]) -> None:
    glyph = renderers["words"]["glyph"]["attributes"]
    fields = {name: glyph[name]["field"] for name in ("marker", "fill_color", "line_color", "fill_alpha", "line_alpha")}
    assert fields == {
        "marker": "marker",
        "fill_color": "colour",
        "line_color": "colour",
        "fill_alpha": "alpha",
        "line_alpha": "alpha",
    }
    for name in ("words", "context"):
        assert renderers[name]["view"]["attributes"]["filter"]["name"] == "BooleanFilter"
        assert renderers[name]["nonselection_glyph"] is None


def test_the_figure_is_always_the_same_text() -> None:
    first = map_figure()
    map_figure.cache_clear()
    assert map_figure() == first


def test_every_reference_in_the_figure_is_to_something_in_it() -> None:
    text = map_figure()
    defined = re.findall(r'"type":"object","name":"\w+","id":"(p\d+)"', text)
    assert len(defined) == len(set(defined)) > 10
    assert set(re.findall(r'"id":"(p\d+)"', text)) == set(defined)
    assert [json.loads(text)["root_id"]] == [root["id"] for root in json.loads(text)["doc"]["roots"]]


def test_the_tools_act_on_words_alone_and_go_by_name(
    plot: dict[str, Any], renderers: dict[str, dict[str, Any]]
) -> None:
    tools = {tool["attributes"]["name"]: tool["attributes"] for tool in plot["toolbar"]["attributes"]["tools"]}
    assert list(tools) == ["pan", "box-zoom", "box-select", "lasso-select", "wheel-zoom", "tap", "hover"]
    ids = {each["attributes"]["name"]: each["id"] for each in plot["renderers"]}
    for name in ("box-select", "lasso-select", "tap", "hover"):
        assert tools[name]["renderers"] == [{"id": ids["words"]}], name
    assert plot["toolbar_location"] is None
    assert plot["match_aspect"] is tools["box-zoom"]["match_aspect"] is True
    tooltip = page_of(tools["hover"]["tooltips"].encode())
    (word,) = [e for e in tooltip if "lang" in e.attributes]
    assert [word.attributes["lang"], word.attributes["dir"], word.text] == ["@tag", "@direction", "@text"]
    assert set(re.findall(r"@\{?(\w+)", tools["hover"]["tooltips"])) <= set(columns(renderers["context"]))
    assert "safe" not in tools["hover"]["tooltips"], "Bokeh escapes what it puts in for a name without a format"


def test_nothing_in_the_figure_needs_code_made_from_text() -> None:
    assert not re.search(r"CustomJS|callback|http", map_figure())


def test_json_in_a_script_can_end_neither_it_nor_a_line_of_it() -> None:
    text = json_in_script({"texts": TEXTS})
    assert not {"<", "\u2028", "\u2029"} & set(text)
    assert json.loads(text) == {"texts": list(TEXTS)}


# Big maps


@pytest.mark.parametrize(("most", "step"), [(1000, 1), (85, 1), (84, 2), (43, 2), (42, 3), (1, 85)])
def test_a_big_map_keeps_every_word_of_an_even_sample_of_concepts(
    result: PairResult, monkeypatch: pytest.MonkeyPatch, most: int, step: int
) -> None:
    monkeypatch.setattr(figures, "MOST_POINTS", most)
    assert result.map is not None
    assert len(result.map.points) == 85
    kept = {concept.id for concept in result.concepts[::step]}
    expected = tuple(point for point in result.map.points if point.concept in kept)
    assert shown_points(result) == expected
    assert len(places(ElementTree.fromstring(map_drawing(result)))) == len(expected)


def test_a_big_map_keeps_words_that_a_shown_concept_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_POINTS", 3)
    words = {"hand": "кисть", "arm": "рука", "paw": "рука"}
    concepts = tuple(Concept(en, {"en": (en,), "ru": (ru,)}) for en, ru in words.items())
    result = measured(model(), Dataset("shared", Card("Shared"), ("en", "ru"), concepts))
    assert {p.text for p in shown_points(result)} == {"hand", "кисть", "paw", "рука"}


# The drawing


def places(drawing: ElementTree.Element) -> list[tuple[float, float]]:
    """Where the drawing has words, by the order of their languages."""
    return [
        place for line in drawing.iter(f"{SVG}polyline") for place in batched(map(float, line.attrib["points"].split()))
    ]


def batched(numbers: Iterable[float]) -> list[tuple[float, float]]:
    each = iter(numbers)
    return list(zip(each, each, strict=True))


def test_the_drawing_shows_every_point_within_its_frame(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert result.map is not None
    found = places(root)
    assert len(found) == len(result.map.points)
    assert all(0 < x < width and 0 < y < height for x, y in found)


def test_the_drawing_is_sound_and_names_its_subject_whatever_the_name(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    assert root.findtext(f"{SVG}title") == f"Map of <Alpha> & 'Ω' on {result.dataset.name}"
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "marker", "path", "polyline"}


def test_every_language_has_its_shape_and_colour_at_each_of_its_words(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    looks = marks(result.dataset.languages)
    lines = root.findall(f"{SVG}polyline")
    for (tag, look), marker, line in zip(looks.items(), root.findall(f"{SVG}marker"), lines, strict=True):
        path = marker.find(f"{SVG}path")
        assert path is not None
        assert [marker.attrib["id"], path.attrib["d"], path.attrib["fill"]] == [
            tag,
            shape_path(look.shape),
            look.colour,
        ]
        assert {line.attrib[f"marker-{place}"] for place in ("start", "mid", "end")} == {f"url(#{tag})"}
        assert line.attrib["fill"] == "none"
    assert [len(line.attrib["points"].split()) // 2 for line in lines] == [34, 17, 17, 17]


def test_drawings_of_many_words_have_smaller_shapes(result: PairResult, monkeypatch: pytest.MonkeyPatch) -> None:
    def size() -> float:
        return float(re.findall(r"scale\((.*?)\)", map_drawing(result))[0])

    few = size()
    monkeypatch.setattr(figures, "SMALL_ABOVE", 84)
    assert size() < few


def test_the_drawing_keeps_up_up_and_right_right(result: PairResult) -> None:
    drawn = ElementTree.fromstring(map_drawing(with_points(result, (-1, -1), (1, 1), (1, -1))))
    (x0, y0), (x1, y1), (x2, y2) = places(drawn)
    assert x0 < x1 == x2
    assert y1 < y0 == y2
    assert x1 - x0 == pytest.approx(y0 - y1, abs=1), "one unit is as long on both axes"


def test_a_single_point_can_be_drawn(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(with_points(result, (0.5, 0.5))))
    (place,) = places(root)
    assert place == pytest.approx([float(size) / 2 for size in root.attrib["viewBox"].split()[2:]], abs=1)


# How languages look


def test_languages_differ_in_shape_as_well_as_in_colour() -> None:
    found = marks([f"l{i}" for i in range(100)])
    assert len(set(found.values())) == 100
    for begin in range(0, 100, 10):
        ten = [found[f"l{i}"] for i in range(begin, begin + 10)]
        assert len({mark.colour for mark in ten}) == len({mark.shape for mark in ten}) == 10


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_a_closed_outline_within_its_radius(shape: str) -> None:
    path = shape_path(shape)
    assert re.fullmatch(r"(M[^Mz]+z)+", path)
    if shape != "circle":
        numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+", path)]
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        assert len(corners) >= 3
        assert max(x * x + y * y for x, y in corners) <= 1.3**2


def test_no_two_shapes_are_drawn_alike() -> None:
    assert all(shape_path(a) != shape_path(b) for a, b in combinations(SHAPES, 2))

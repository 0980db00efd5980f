"""Maps as readers see them: what the figure holds for the page's script, and the drawing that needs no script."""

from __future__ import annotations

import dataclasses
import json
import re
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from site_fixtures import TEXTS, hostile_dataset, measured, model, page_of, words_on_map

from generator.datasets import Card, Concept, Dataset
from generator.languages import language
from generator.results import PairResult, Point
from generator.site import figures
from generator.site.figures import map_drawing, map_json, shown_points
from generator.site.marks import SHAPES, marks, shape_path

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return hostile_dataset()


@pytest.fixture(scope="module")
def result(dataset: Dataset) -> PairResult:
    return measured(model("<Alpha> & 'Ω'"), dataset)


@pytest.fixture(scope="module")
def labels(dataset: Dataset) -> dict[str, str]:
    return {concept.id: concept.renderings["en"][0] for concept in dataset.concepts}


def with_points(result: PairResult, *points: tuple[float, float]) -> PairResult:
    assert result.map is not None
    placed = tuple(Point("c", "en", f"word {i}", x, y) for i, (x, y) in enumerate(points))
    return dataclasses.replace(result, map=dataclasses.replace(result.map, points=placed))


def figure_in(text: str) -> dict[str, Any]:
    (root,) = json.loads(text)["doc"]["roots"]
    return dict(root["attributes"])


def columns(renderer: dict[str, Any]) -> dict[str, list[Any]]:
    return dict(renderer["attributes"]["data_source"]["attributes"]["data"]["entries"])


def renderers(text: str) -> dict[str, dict[str, Any]]:
    return {renderer["attributes"]["name"]: renderer for renderer in figure_in(text)["renderers"]}


# The figure


def test_the_figure_holds_one_renderer_a_language_with_its_words(result: PairResult, labels: dict[str, str]) -> None:
    found = renderers(map_json(result, labels, "map"))
    assert set(found) == {"links", "picked", *result.dataset.languages}
    assert result.map is not None
    for tag in result.dataset.languages:
        points = [p for p in result.map.points if p.language == tag]
        assert columns(found[tag]) == {
            "x": [p.x for p in points],
            "y": [p.y for p in points],
            "text": [p.text for p in points],
            "concept": [p.concept for p in points],
            "label": [labels[p.concept] for p in points],
            "also": [[] for _ in points],
        }


def test_a_word_of_several_concepts_names_them_all() -> None:
    concepts = tuple(Concept(name, {"en": (name,), "ru": ("рука",)}) for name in ("hand", "arm", "paw"))
    result = measured(model(), Dataset("shared", Card("Shared"), ("en", "ru"), concepts))
    found = renderers(map_json(result, {}, "map"))
    assert [columns(found["ru"])[name] for name in ("text", "concept", "also")] == [
        ["рука"],
        ["hand"],
        [["arm", "paw"]],
    ]
    assert columns(found["en"])["also"] == [[], [], []]


def test_links_and_picked_words_are_left_for_the_script_to_fill(result: PairResult, labels: dict[str, str]) -> None:
    found = renderers(map_json(result, labels, "map"))
    assert columns(found["links"]) == {"x0": [], "y0": [], "x1": [], "y1": []}
    assert columns(found["picked"]) == {"x": [], "y": [], "text": []}


def test_a_concept_without_a_label_is_called_by_its_id(result: PairResult) -> None:
    assert "label" in columns(renderers(map_json(result, {}, "map"))["en"])
    found = columns(renderers(map_json(result, {}, "map"))["en"])
    assert found["label"] == found["concept"]


def test_the_figure_goes_where_it_is_told(result: PairResult, labels: dict[str, str]) -> None:
    assert json.loads(map_json(result, labels, "elsewhere"))["target_id"] == "elsewhere"


def test_the_same_result_gives_the_same_text_whatever_was_drawn_before(
    result: PairResult, labels: dict[str, str]
) -> None:
    first = map_json(result, labels, "map")
    map_json(with_points(result, (0, 0), (1, 1)), {}, "map")
    assert map_json(result, labels, "map") == first


def test_every_reference_in_the_figure_is_to_something_in_it(result: PairResult, labels: dict[str, str]) -> None:
    text = map_json(result, labels, "map")
    defined = re.findall(r'"type":"object","name":"\w+","id":"(p\d+)"', text)
    assert len(defined) == len(set(defined)) > 10
    assert set(re.findall(r'"id":"(p\d+)"', text)) == set(defined)
    assert [json.loads(text)["root_id"]] == [root["id"] for root in json.loads(text)["doc"]["roots"]]


def test_no_word_can_end_the_script_element_that_holds_the_figure(result: PairResult, labels: dict[str, str]) -> None:
    text = map_json(result, labels, "map")
    assert not {"<", "\u2028", "\u2029"} & set(text)
    page = page_of(f'<script type="application/json" id="map-data">{text}</script><p>after</p>'.encode())
    assert json.loads(page.one("script").text) == json.loads(text)
    assert {word for _, _, word in words_on_map(page.one("script").text)} >= set(TEXTS)


def test_a_tooltip_names_language_and_concept_and_marks_the_words_language(
    result: PairResult, labels: dict[str, str]
) -> None:
    tools = figure_in(map_json(result, labels, "map"))["toolbar"]["attributes"]["tools"]
    found = [tool["attributes"] for tool in tools if tool["name"] == "HoverTool"]
    tags = {}
    for tool in found:
        tooltip = page_of(tool["tooltips"].encode())
        (word,) = [e for e in tooltip if "lang" in e.attributes]
        tag = word.attributes["lang"]
        tags[tag] = word.attributes["dir"]
        assert word.text == "@text", "Bokeh escapes what it puts in for a name without a format"
        assert tooltip.text == f"@text{language(tag).name} · @label"
    assert tags == {"en": "ltr", "ar": "rtl", "zh": "ltr", "hi": "ltr"}
    assert [len(tool["renderers"]) for tool in found] == [1] * 4


def test_the_figure_keeps_the_scale_of_both_axes_alike(result: PairResult) -> None:
    wide = with_points(result, (-1, -0.4), (1, 0.4))
    attributes = figure_in(map_json(wide, {}, "map"))
    extent = {a: attributes[f"{a}_range"]["attributes"] for a in "xy"}
    assert attributes["match_aspect"] is True
    ratio = (extent["y"]["end"] - extent["y"]["start"]) / (extent["x"]["end"] - extent["x"]["start"])
    assert attributes["height"] / attributes["width"] == pytest.approx(max(ratio, 0.55), abs=0.01)
    assert extent["x"]["start"] < -1 < 1 < extent["x"]["end"]


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
    assert len(words_on_map(map_json(result, {}, "map"))) == len(expected)
    assert len(list(ElementTree.fromstring(map_drawing(result)).iter(f"{SVG}use"))) == len(expected)


def test_a_big_map_keeps_words_that_a_shown_concept_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_POINTS", 3)
    words = {"hand": "кисть", "arm": "рука", "paw": "рука"}
    concepts = tuple(Concept(en, {"en": (en,), "ru": (ru,)}) for en, ru in words.items())
    result = measured(model(), Dataset("shared", Card("Shared"), ("en", "ru"), concepts))
    assert {p.text for p in shown_points(result)} == {"hand", "кисть", "paw", "рука"}


def test_drawings_of_many_points_have_a_dot_for_every_word(result: PairResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "DOTS_ABOVE", 85)
    assert "<use" in map_drawing(result)
    monkeypatch.setattr(figures, "DOTS_ABOVE", 84)
    root = ElementTree.fromstring(map_drawing(result))
    assert list(root.iter(f"{SVG}use")) == []
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    dots = [re.findall(r"M(\d+) (\d+)h0", path.attrib["d"]) for path in root.iter(f"{SVG}path")]
    assert [len(found) for found in dots] == [34, 17, 17, 17]
    assert all(0 < float(x) < width and 0 < float(y) < height for found in dots for x, y in found)
    assert len({path.attrib["stroke"] for path in root.iter(f"{SVG}path")}) == 4
    assert all(set(group.attrib) >= {"stroke-width", "stroke-linecap"} for group in root.iter(f"{SVG}g"))


# The drawing


def test_the_drawing_shows_every_point_within_its_frame(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert result.map is not None
    uses = root.findall(f".//{SVG}use")
    assert len(uses) == len(result.map.points)
    assert all(0 < float(use.attrib["x"]) < width and 0 < float(use.attrib["y"]) < height for use in uses)


def test_the_drawing_is_sound_and_names_its_subject_whatever_the_name(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    assert root.findtext(f"{SVG}title") == f"Map of <Alpha> & 'Ω' on {result.dataset.name}"
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "defs", "path", "g", "use"}


def test_the_drawing_refers_only_to_shapes_of_its_own(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(result))
    shapes = [path.attrib["id"] for path in root.findall(f".//{SVG}path")]
    assert shapes == list(result.dataset.languages)
    assert {use.attrib["href"] for use in root.findall(f".//{SVG}use")} == {f"#{tag}" for tag in shapes}


def test_the_drawing_keeps_up_up_and_right_right(result: PairResult) -> None:
    drawn = ElementTree.fromstring(map_drawing(with_points(result, (-1, -1), (1, 1), (1, -1))))
    (x0, y0), (x1, y1), (x2, y2) = ((float(u.attrib["x"]), float(u.attrib["y"])) for u in drawn.iter(f"{SVG}use"))
    assert x0 < x1 == x2
    assert y1 < y0 == y2
    assert x1 - x0 == pytest.approx(y0 - y1, abs=0.2), "one unit is as long on both axes"


def test_a_single_point_can_be_drawn(result: PairResult) -> None:
    root = ElementTree.fromstring(map_drawing(with_points(result, (0.5, 0.5))))
    (use,) = root.iter(f"{SVG}use")
    assert all(
        float(use.attrib[axis]) == pytest.approx(float(size) / 2)
        for axis, size in zip("xy", root.attrib["viewBox"].split()[2:], strict=True)
    )


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

"""The methods page: its example recomputed from the vectors it shows, its simulations, formulas and anchors."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, dropwhile, takewhile
from math import log, sqrt
from pathlib import Path
from statistics import mean
from xml.etree import ElementTree

import pytest
from site_fixtures import Element, measured, model, page_of, rendered

from generator.datasets import Dataset
from generator.measures.catalogue import CATALOGUE
from generator.site.links import METHODS
from generator.site.traps import LINES, N_CONCEPTS, Trap, traps
from generator.site.worked_example import number

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
MATHML = "{http://www.w3.org/1998/Math/MathML}"

Vector = tuple[float, ...]


@pytest.fixture(scope="module")
def content(word_list: Callable[..., Dataset]) -> bytes:
    words = word_list(n=4)
    return rendered([words], [measured(model(), words)])[METHODS]


@pytest.fixture(scope="module")
def page(content: bytes) -> Element:
    return page_of(content)


# The example, by plain arithmetic from the vectors on the page


def cosine(u: Vector, v: Vector) -> float:
    dot = sum(a * b for a, b in zip(u, v, strict=True))
    return dot / sqrt(sum(a * a for a in u)) / sqrt(sum(b * b for b in v))


def less(u: Vector, v: Vector) -> Vector:
    return tuple(a - b for a, b in zip(u, v, strict=True))


def at_length_1(u: Vector) -> Vector:
    return tuple(a / sqrt(sum(b * b for b in u)) for a in u)


def middle(u: Vector, v: Vector) -> Vector:
    return tuple((a + b) / 2 for a, b in zip(u, v, strict=True))


def affinity(x: Sequence[Vector], y: Sequence[Vector], often: Sequence[int] = (1, 1)) -> float:
    """SA of two concepts, water and fire, in two languages."""
    within = mean([1 - cosine(*x), 1 - cosine(*y)])
    across = sum(n * (1 - cosine(a, b)) for n, a, b in zip(often, x, y, strict=True)) / sum(often)
    return 1 / (1 + across / within)


def ranked(values: Sequence[float]) -> list[float]:
    told = [round(value, 9) for value in values]
    return [sum(other < value for other in told) + (told.count(value) + 1) / 2 for value in told]


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    return cosine(tuple(v - mean(a) for v in a), tuple(v - mean(b) for v in b))


def recomputed(x: Sequence[Vector], y: Sequence[Vector]) -> dict[str, float]:
    """Every measure of the four words, written out."""
    words = (*x, *y)
    cos = [[cosine(u, v) for v in words] for u in words]
    d = [[1 - value for value in row] for row in cos]
    pairs = list(combinations(range(4), 2))
    right = {0: 2, 1: 3, 2: 0, 3: 1}
    wrong = {0: 3, 1: 2, 2: 1, 3: 0}
    sibling = {0: 1, 1: 0, 2: 3, 3: 2}
    near = [mean([cos[i][right[i]], cos[i][wrong[i]]]) for i in range(4)]
    first = [cos[i][right[i]] > cos[i][wrong[i]] for i in range(4)]
    nearest = [right[i] if first[i] else wrong[i] for i in range(4)]
    mutual = [(i, nearest[i]) for i in (0, 1) if nearest[nearest[i]] == i]
    sa = affinity(x, y)
    unrelated = mean([d[0][3], d[1][2]])
    across = mean([d[0][2], d[1][3]])
    centred = [
        [at_length_1(less(at_length_1(word), middle(*map(at_length_1, language)))) for word in language]
        for language in (x, y)
    ]
    silhouettes = []
    for i in range(4):
        own, other = d[i][right[i]], mean([d[i][wrong[i]], d[i][sibling[i]]])
        silhouettes.append((other - own) / max(own, other))
    pure = [cos[i][right[i]] > max(cos[i][wrong[i]], cos[i][sibling[i]]) for i in range(4)]
    value = {0: 0, 2: 1, 3: 3, 1: 7}
    apart = [abs(log(1 + value[i]) - log(1 + value[j])) for i, j in pairs]
    distance = [d[i][j] for i, j in pairs]

    def csls(i: int, j: int) -> float:
        return 2 * cos[i][j] - near[i] - near[j]

    return {
        "semantic_affinity": sa,
        "null_sa": 1 / (1 + unrelated / mean([d[0][1], d[2][3]])),
        "chance_corrected": 1 - across / unrelated,
        "centred_sa": affinity(*centred),
        "offset_penalty": affinity(*centred) - sa,
        "retrieval_p1": mean(first),
        "retrieval_mrr": mean(1 if hit else 1 / 2 for hit in first),
        "csls_p1": mean(csls(i, right[i]) > csls(i, wrong[i]) for i in range(4)),
        "mutual_precision": mean(right[i] == j for i, j in mutual),
        "weak_alignment": mean(first[i] and first[right[i]] for i in (0, 1)),
        "strong_alignment": mean(pure),
        "margin": mean(cos[i][i + 2] - (near[i] + near[i + 2]) / 2 for i in (0, 1)),
        "language_separability": (1 / 3 - 1 / 3) / (1 - 1 / 3),
        "anisotropy": mean(cos[i][j] for i, j in pairs),
        "identical_share": 0,
        "sa_without_identical": sa,
        "collapse_ratio": d[2][3] / d[0][1],
        "category_silhouette": mean(silhouettes),
        "category_purity": (mean(pure) - 1 / 3) / (1 - 1 / 3),
        "number_order": correlation(ranked(apart), ranked(distance)),
        "number_path": mean([d[0][2], d[2][3], d[3][1]]) / mean(distance),
        "resample": affinity(x, y, (2, 1)),
    }


def table_of(page: Element) -> list[list[str]]:
    """The example's words: symbol and text, vector, unit vector and four cosines."""
    frame = next(e for e in page.all("div", role="region") if e.attributes.get("aria-labelledby") == "example")
    body = frame.one("tbody")
    return [[cell.text.strip().replace("−", "-") for cell in row.all("th") + row.all("td")] for row in body.all("tr")]


def vector(text: str) -> Vector:
    return tuple(float(part) for part in text.strip("()").split(","))


def steps(page: Element, key: str) -> list[str]:
    """The formulas worked by hand for a measure, as plain text that Python can read."""
    return [plain(math) for math in page.one("div", id=f"{key}-by-hand").all("math")]


def plain(math: Element) -> str:
    parts = [child if isinstance(child, str) else plain(child) for child in math.children]
    if math.tag == "mfrac":
        return f"(({parts[0]})/({parts[1]}))"
    return {"−": "-", "·": "*", "⋅": "*"}.get("".join(parts), "".join(parts))


def result(page: Element, key: str) -> str:
    return steps(page, key)[-1].rsplit("=", 1)[1]


def test_the_example_is_four_words_in_two_scripts(page: Element) -> None:
    rows = table_of(page)
    assert [row[0].split()[-1] for row in rows] == ["water", "fire", "水", "火"]
    languages = [e.attributes["lang"] for e in page.all("span") if e.attributes.get("lang") in ("en", "zh")]
    assert languages[:4] == ["en", "en", "zh", "zh"]


def test_the_table_of_the_example_follows_from_its_vectors(page: Element) -> None:
    rows = table_of(page)
    vectors = [vector(row[1]) for row in rows]
    for row, own in zip(rows, vectors, strict=True):
        assert vector(row[2]) == pytest.approx(at_length_1(own), abs=5e-4)
        assert [float(cell) for cell in row[3:]] == [round(cosine(own, other) + 0.0, 3) for other in vectors]


def test_every_result_of_the_example_is_that_of_plain_arithmetic(page: Element) -> None:
    x_1, x_2, y_1, y_2 = (vector(row[1]) for row in table_of(page))
    expected = recomputed((x_1, x_2), (y_1, y_2))
    found = {key: result(page, key) for key in expected}
    assert found == {key: number(value) for key, value in expected.items()}
    # Two of the results would be the same whatever the vectors were; the others tell a mistake from the truth.
    assert len({number(value) for value in expected.values()}) > 14


def test_every_step_of_the_example_adds_up(page: Element) -> None:
    """Within what rounding the numbers of a step to three decimals can do."""
    checked = 0
    keys = [e.attributes["id"].removesuffix("-by-hand") for e in page.all("div", class_="formulas by-hand")]
    for key in keys:
        for step in steps(page, key):
            *_, told, value = ("", *step.split("="))
            if re.fullmatch(r"[\d.()+*/-]+", told):
                assert eval(told) == pytest.approx(float(value), abs=4e-3), (key, step)
                checked += 1
    assert checked >= len(keys) - 1  # all but Spearman's correlation, which is no sum


@pytest.mark.parametrize(
    "key", ["semantic_affinity", "null_sa", "centred_sa", "category_purity", "number_path", "resample"]
)
def test_the_last_step_takes_what_the_steps_before_it_give(key: str, page: Element) -> None:
    *before, last = steps(page, key)
    assert before
    numbers = re.findall(r"[\d.]+", last)
    assert {step.rsplit("=", 1)[1] for step in before} <= set(numbers)


def test_every_measure_is_worked_by_hand_or_says_why_not(page: Element) -> None:
    for key in CATALOGUE:
        assert page.one(id=f"measure-{key}").tag in ("h3", "span", "p")
    worked = {e.attributes["id"].removesuffix("-by-hand") for e in page.all("div", class_="formulas by-hand")}
    reasons = [e for e in page.all("p", class_="note") if e.text.startswith("By hand: ")]
    assert len(set(CATALOGUE) - worked) == len(reasons) == 4


# Formulas


def test_every_formula_of_the_page_is_sound_mathml(content: bytes) -> None:
    formulas = re.findall(rb"<math .*?</math>", content, flags=re.DOTALL)
    assert len(formulas) > 100
    for source in formulas:
        math = ElementTree.fromstring(source)
        text = "".join(math.itertext())
        assert text.strip()
        assert not set("\\{&") & set(text.replace("{", "", text.count("}")))
        assert {len(fraction) for fraction in math.iter(f"{MATHML}mfrac")} <= {2}
        assert {len(root) for root in math.iter(f"{MATHML}msub")} <= {2}


def test_the_formula_of_every_measure_is_set(content: bytes) -> None:
    from generator.site.formulas import formula

    core = {"semantic_affinity", "null_sa", "chance_corrected", "centred_sa", "offset_penalty"}  # told in their prose
    missing = [
        key for key in set(CATALOGUE) - core if str(formula(CATALOGUE[key].formula, "block")) not in content.decode()
    ]
    assert missing == []


def test_every_measure_is_told_with_its_bounds_pitfalls_and_sources(page: Element) -> None:
    text = page.text
    addresses = {e.attributes["href"] for e in page.all("a")}
    for info in CATALOGUE.values():
        assert f"{info.name}: {info.bounds}; " in text
        assert info.pitfalls in text
        assert {reference.link for reference in info.references} <= addresses


# What the simulation study says


def study(heading: str) -> dict[str, list[float]]:
    """The columns of the first table below a heading of the study's page, in percent."""
    page = (ROOT / "benchmarks" / "COVERAGE.md").read_text(encoding="utf-8")
    lines = page.split(f"## {heading}\n")[1].splitlines()
    table = list(takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: not line.startswith("|"), lines)))
    names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    return {name: [float(row[column].split(" ")[0]) for row in rows] for column, name in enumerate(names)}


def test_the_page_quotes_the_simulation_study_as_it_stands(page: Element) -> None:
    columns = study("Coverage of 95 % intervals") | study("Equal models called different")
    for name in ("SA", "null SA", "centred SA", "P@1", "two models", "five models"):
        told = f"{min(columns[name]):.1f} to {max(columns[name]):.1f} %"
        assert told in page.text, name


# Anchors


def anchors() -> Iterable[str]:
    """Every place of the methods page that a template links to."""
    for template in TEMPLATES.glob("*.html"):
        source = template.read_text(encoding="utf-8")
        named = re.findall(r"methods\.html#([\w-]+)", source)
        yield from (name for name in named if name != "measure-")
        yield from (f"measure-{key}" for key in CATALOGUE if "measure-" in named)
        if template.name == METHODS:
            yield from re.findall(r'href="#([\w-]+)"', source)


def test_anchors_that_other_pages_link_to_exist(page: Element) -> None:
    ids = [e.attributes["id"] for e in page if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    lasting = {"affinity", "null", "centred", "intervals", "ranks", "drops", "published", "maps", "limits", "variants"}
    assert set(anchors()) | lasting | {"controls", "compare", "overall", "companions", "layers", "levels"} <= set(ids)


def test_the_contents_list_every_section_in_the_order_of_the_page(page: Element) -> None:
    contents = page.one("nav", aria_labelledby="contents")
    targets = [a.attributes["href"].removeprefix("#") for a in contents.all("a")]
    ids = [e.attributes["id"] for e in page if "id" in e.attributes]
    assert [ids.index(target) for target in targets] == sorted(ids.index(target) for target in targets)
    headings = {e.attributes["id"]: e.text for e in page.all("h2") + page.all("h3")}
    for a in contents.all("a"):
        assert headings[a.attributes["href"].removeprefix("#")] == a.text
    assert {e.attributes["id"] for e in page.all("h2")} - {"contents"} <= set(targets)


def test_no_text_is_left_unresolved(page: Element) -> None:
    assert not re.search(r"\{\{|\}\}|\{%|\{[01]\.|None\b|\bnan\b", page.text)


# The traps


def trap(key: str) -> Trap:
    return next(each for each in traps() if each.key == key)


def test_the_cone_moves_the_cosines_and_nothing_else() -> None:
    first, *_, last = trap("cone").rows
    assert (first.cosine < 0.75, last.cosine > 0.99) == (True, True)
    assert (abs(first.random) < 0.01, last.random > 0.98) == (True, True)
    assert all(abs(row.affinity - first.affinity) < 0.005 for row in trap("cone").rows)
    assert all(row.retrieval == 1 for row in trap("cone").rows)


def test_the_island_takes_sa_and_its_null_but_not_retrieval() -> None:
    rows = trap("island").rows
    assert [row.affinity for row in rows] == sorted((row.affinity for row in rows), reverse=True)
    assert [row.null for row in rows] == sorted((row.null for row in rows), reverse=True)
    assert rows[0].affinity > 0.78
    assert rows[-1].affinity < 0.25
    assert rows[-1].null < 0.22
    assert all(row.retrieval > 0.99 and abs(row.centred - rows[0].centred) < 0.005 for row in rows)


def test_noise_takes_sa_and_retrieval_but_not_the_null() -> None:
    rows = trap("noise").rows
    assert [row.affinity for row in rows] == sorted((row.affinity for row in rows), reverse=True)
    assert rows[-1].affinity < 0.55
    assert rows[-1].retrieval < 0.8
    assert all(abs(row.null - 0.5) < 0.005 for row in rows)
    assert rows[len(rows) // 2].retrieval > 0.95, "retrieval falls late"


def test_one_topic_takes_sa_though_translations_are_as_good() -> None:
    rows = trap("topic").rows
    assert [row.affinity for row in rows] == sorted((row.affinity for row in rows), reverse=True)
    assert rows[-1].affinity < 0.6
    assert all(abs(row.cosine - rows[0].cosine) < 0.01 for row in rows)


@pytest.mark.parametrize("key", ["cone", "island", "noise", "topic"])
def test_a_trap_is_drawn_told_and_tabled_from_the_same_numbers(key: str, page: Element) -> None:
    of = trap(key)
    title = page.one("h3", id=key)
    box = next(e for e in page.all("div") if title in e.children)
    assert of.sentence in box.text
    told = {float(text) for text in re.findall(r"\d\.\d+", of.sentence)}
    ends = (of.rows[0], of.rows[-1])
    known = {
        round(getattr(row, name), places) + 0.0 for row in ends for name in (*LINES, "random") for places in (2, 3)
    }
    assert told <= known
    lines = box.all("polyline")
    assert len(lines) == len(LINES)
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attributes["points"].split()]
        assert len(points) == len(of.rows)
        assert all(0 <= x <= 480 and 0 <= y <= 260 for x, y in points)
    shown = [[cell.text for cell in row.all("td")] for row in box.one("tbody").all("tr")]
    assert shown == [[f"{value:.3f}" for value in row.values] for row in of.rows]


def test_what_lies_higher_on_a_chart_is_larger(page: Element) -> None:
    of = trap("island")
    box = next(e for e in page.all("div") if page.one("h3", id="island") in e.children)
    for line, name in zip(box.all("polyline"), LINES, strict=True):
        heights = [-float(point.split(",")[1]) for point in line.attributes["points"].split()]
        values = [getattr(row, name) for row in of.rows]
        assert heights[0] - heights[-1] == pytest.approx((values[0] - values[-1]) * 204, abs=0.2)


def test_simulations_are_the_same_in_every_process() -> None:
    script = "from generator.site.traps import traps; print([(t.sentence, t.drawing) for t in traps()])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str([(each.sentence, each.drawing) for each in traps()])
    assert traps() is traps(), "simulated once a process"
    assert N_CONCEPTS == 150

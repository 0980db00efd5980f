"""Published figures: what a file of them may hold, what agrees with them, which of them exclude one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import InputError
from generator.models.registry import load_registry
from generator.published import Figure, Source, contradictions, figures_of, load_published

SHIPPED = sorted((Path(__file__).parent.parent / "datasets" / "published").glob("*.toml"))
Write = Callable[[str, str], Path]

HEAD = """
key = "ada-2024"
title = "A paper"
authors = ["Ada", "Bob"]
year = 2024
link = "https://example.org/paper"
"""
FIGURE = """
[[figures]]
subject = "LaBSE"
models = ["LaBSE"]
quantity = "semantic affinity"
scope = "map"
locator = "figure 1"
"""


def figure(
    value: float | None = None,
    low: float | None = None,
    high: float | None = None,
    *,
    models: tuple[str, ...] = ("Alpha",),
    quantity: str = "semantic affinity",
) -> Figure:
    return Figure("Subject", quantity, "somewhere", "page 1", models, value, low, high)  # type: ignore[arg-type]


def source(*figures: Figure, key: str = "a") -> Source:
    return Source(key, "A paper", ("Ada",), 2024, "https://example.org", figures=figures)


def test_a_file_is_read_as_it_stands(write: Write) -> None:
    (found,) = load_published([write("a.toml", f'{HEAD}note = "N"\n{FIGURE}low = 0.5\nhigh = 0.6\nnote = "n"\n')])
    expected = Figure("LaBSE", "semantic affinity", "map", "figure 1", ("LaBSE",), None, 0.5, 0.6, "n")
    assert found == Source("ada-2024", "A paper", ("Ada", "Bob"), 2024, "https://example.org/paper", "N", (expected,))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + FIGURE, "the figure of 'LaBSE' has no number"),
        (HEAD + FIGURE + 'value = "high"', "figures.0.value"),
        (HEAD + FIGURE + "valeu = 0.7", 'Did you mean "value"'),
        (HEAD + FIGURE.replace("semantic affinity", "accuracy") + "value = 0.7", "figures.0.quantity"),
        (HEAD + FIGURE.replace("locator", "#") + "value = 0.7", "'figures.0.locator' is missing"),
        (HEAD.replace("year", "jear"), 'Did you mean "year"'),
        (HEAD + FIGURE + "low = 0.6\nhigh = 0.5", "LaBSE"),
        (HEAD + FIGURE + "value = nan", "figures.0.value"),
        (HEAD.replace("https://example.org/paper", "javascript:alert(1)"), "link"),
    ],
    ids=["no-number", "text", "key", "quantity", "locator", "head-key", "upside-down", "nan", "script"],
)
def test_faults_name_the_file_and_the_place(write: Write, text: str, told: str) -> None:
    path = write("faulty.toml", text)
    with pytest.raises(InputError) as raised:
        load_published([path])
    assert str(path) in str(raised.value)
    assert told in str(raised.value)


def test_two_files_cannot_share_a_key_and_all_faults_are_told_at_once(write: Write) -> None:
    paths = [write("a.toml", HEAD), write("b.toml", HEAD + FIGURE)]
    with pytest.raises(InputError) as raised:
        load_published(paths)
    assert [fault.file for fault in raised.value.faults] == [str(paths[1])] * 2
    assert "'ada-2024' is taken" in str(raised.value)


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        (figure(0.7), 0.7, 0.7),
        (figure(low=0.5, high=0.6), 0.5, 0.6),
        (figure(high=0.5), 0.0, 0.5),
        (figure(low=0.5), 0.5, 1.0),
        (figure(0.55, 0.5, 0.6), 0.5, 0.6),
    ],
)
def test_numbers_that_agree_with_a_figure(given: Figure, least: float, most: float) -> None:
    assert (given.least, given.most) == (least, most)


def test_figures_are_found_by_the_registry_name_of_a_model() -> None:
    both, other = figure(0.5, models=("Alpha", "Beta")), figure(0.6, models=("Alphabet",))
    sources = [source(both, other), source(figure(0.7, models=()), key="b")]
    assert figures_of(sources, "Beta") == [(sources[0], both)]
    assert figures_of(sources, "Subject") == []


@pytest.mark.parametrize(
    ("figures", "found"),
    [
        ((figure(0.5), figure(0.6)), True),
        ((figure(0.5), figure(0.504)), False),
        ((figure(high=0.5), figure(0.507)), True),
        ((figure(high=0.5), figure(0.45)), False),
        ((figure(low=0.55, high=0.61), figure(0.58)), False),
        ((figure(low=0.55, high=0.61), figure(0.5)), True),
        ((figure(low=0.5, high=0.6), figure(low=0.6, high=0.7)), False),
        ((figure(low=0.5, high=0.6), figure(low=0.58, high=0.7), figure(low=0.65)), True),
        ((figure(0.5), figure(0.6, models=("Beta",))), False),
        ((figure(0.5, quantity="relative drop"), figure(0.9, quantity="relative drop")), False),
        ((figure(0.5), figure(0.9, quantity="mean cosine of translations")), False),
        ((figure(0.5),), False),
    ],
)
def test_figures_that_exclude_one_another(figures: tuple[Figure, ...], found: bool) -> None:
    given = source(*figures)
    assert [(each.model, each.source) for each in contradictions([given])] == [("Alpha", given)] * found


def test_papers_do_not_contradict_each_other_by_themselves() -> None:
    assert contradictions([source(figure(0.5)), source(figure(0.9), key="b")]) == ()


# The shipped figures


def test_shipped_figures_speak_of_models_by_their_names() -> None:
    sources = load_published(SHIPPED)
    named = {name for each in sources for given in each.figures for name in given.models}
    assert "LaBSE" in named
    assert named <= set(load_registry(Path("nowhere")).models)
    assert all(each.link.startswith("https://arxiv.org/abs/") and each.figures for each in sources)


def test_no_contradiction_among_the_shipped_figures_is_invented() -> None:
    found = {each.model: {given.least for given in each.figures} for each in contradictions(load_published(SHIPPED))}
    assert found == {
        "LaBSE": {0.70, 0.692, 0.807},
        "text-embedding-3-large": {0.582, 0.644},
        "Qwen3-Embedding-0.6B": {0.55, 0.502, 0.490},
        "mBERT": {0.0, 0.507},  # "below 0.50" in the abstract
    }

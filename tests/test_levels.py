"""Geometry of letters, signs and numbers as results hold it, and how their spread compares with that of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from generator.datasets import Card, Concept, Dataset
from generator.levels import collapse
from generator.measures.affinity import mean_pairwise_spread
from generator.models import Model
from generator.pair import Measured, Parameters, measure_pair
from generator.results import Estimate

MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=300, layout=None)


def letters(*scripts: Sequence[str]) -> Dataset:
    """A list without translations: a column a script, whose name is also the category."""
    tags = ["und-Deva", "und-Arab", "und-Hani"][: len(scripts)]
    rows = [Concept(t, {tag: (t,)}, category=tag) for tag, texts in zip(tags, scripts, strict=True) for t in texts]
    return Dataset("letters", Card("Letters", level="character", translated=False), tuple(tags), tuple(rows))


def numbers(values: Sequence[str]) -> Dataset:
    rows = [
        Concept(f"n{i}", {"en": (f"number {i}",), "ar": (f"عدد {i}",)}, extra={"value": value})
        for i, value in enumerate(values)
    ]
    return Dataset("numbers", Card("Numbers", level="number"), ("en", "ar"), tuple(rows))


def on_an_arc(n: int, shuffled: bool = False) -> np.ndarray:
    turn = np.linspace(0, 1.5, n)
    if shuffled:
        np.random.default_rng(4).shuffle(turn)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def spread_out(n: int, width: float, seed: int) -> np.ndarray:
    return np.array([1.0, 0, 0, 0]) + width * np.random.default_rng(seed).standard_normal((n, 4))


def of_letters(width: float = 1.0) -> Measured:
    dataset = letters("अआइईउऊएऐओऔ", "ابتثجحخدذر")
    vectors = {tag: spread_out(10, width, seed) for seed, tag in enumerate(dataset.languages)}
    return measure_pair(dataset, MODEL, vectors, NO_MAP)


def of_words(width: float = 1.0) -> Measured:
    rows = [Concept(str(i), {"en": (f"word {i}",), "zh": (f"词 {i}",)}) for i in range(40)]
    dataset = Dataset("words", Card("Words"), ("en", "zh"), tuple(rows))
    return measure_pair(dataset, MODEL, {t: spread_out(40, width, s) for s, t in enumerate(("en", "zh"), 7)}, NO_MAP)


def test_letters_have_spread_and_categories_with_intervals_and_nothing_of_numbers() -> None:
    found = of_letters().result.geometry
    assert set(found) == {"intra_spread", "category_silhouette", "category_purity"}
    for name, estimate in found.items():
        assert estimate.low is not None, name
        assert estimate.value is not None
        assert estimate.high is not None
        assert estimate.low < estimate.value < estimate.high, name


def test_letters_that_keep_by_script_have_silhouette_and_purity_near_one() -> None:
    dataset = letters("अआइईउऊएऐओऔ", "ابتثجحخدذر")
    rng = np.random.default_rng(0)
    vectors = {tag: np.eye(8)[i] + 0.01 * rng.standard_normal((10, 8)) for i, tag in enumerate(dataset.languages)}
    found = measure_pair(dataset, MODEL, vectors, NO_MAP).result.geometry
    assert (found["category_silhouette"].value or 0) > 0.99
    assert found["category_purity"].value == pytest.approx(1)
    mixed = replace(dataset, concepts=tuple(replace(c, category="ab"[i % 2]) for i, c in enumerate(dataset.concepts)))
    told = measure_pair(mixed, MODEL, vectors, NO_MAP).result.geometry
    assert (told["category_silhouette"].value or 0) < 0.05
    plain = replace(dataset, concepts=tuple(replace(c, category="") for c in dataset.concepts))
    assert set(measure_pair(plain, MODEL, vectors, NO_MAP).result.geometry) == {"intra_spread"}


def test_numbers_on_an_arc_are_in_order_and_shuffled_ones_are_not() -> None:
    values = [str(round(np.expm1(x), 9)) for x in np.linspace(0, 3, 24)]
    dataset = numbers(values)
    ordered = measure_pair(dataset, MODEL, dict.fromkeys(("en", "ar"), on_an_arc(24)), NO_MAP).result
    assert set(ordered.geometry) == {"number_order", "number_path"}
    assert ordered.geometry["number_order"].value == pytest.approx(1, abs=0.005), "digits of the values break ties"
    assert (ordered.geometry["number_path"].value or 1) < 0.05
    jumbled = measure_pair(dataset, MODEL, dict.fromkeys(("en", "ar"), on_an_arc(24, shuffled=True)), NO_MAP).result
    assert abs(jumbled.geometry["number_order"].value or 0) < 0.3
    assert (jumbled.geometry["number_path"].value or 0) > 0.5


def test_numbers_without_values_have_no_order() -> None:
    dataset = numbers(["many", "", "few", "none"])
    assert measure_pair(dataset, MODEL, dict.fromkeys(("en", "ar"), on_an_arc(4)), NO_MAP).result.geometry == {}


def test_words_have_no_geometry() -> None:
    assert of_words().result.geometry == {}


def test_collapse_is_the_ratio_of_spreads_with_the_interval_of_its_draws() -> None:
    level, words = of_letters(0.2), of_words(1.0)
    assert words.result.measures
    found = collapse(level.result, words.result, level.draws, words.draws, 0.9)
    spread = level.result.geometry["intra_spread"].value
    assert spread is not None
    assert found.value == pytest.approx(spread / words.result.measures.intra_spread)
    assert found.value is not None
    assert found.value < 0.5, "the letters crowd together"
    ratios = level.draws["intra_spread"].astype(float) / words.draws["intra_spread"]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(ratios, [0.05, 0.95])), rel=1e-5)


def test_collapse_without_draws_or_without_a_spread_says_so() -> None:
    level, words = of_letters(), of_words()
    assert collapse(level.result, words.result, {}, {}, 0.95).low is None
    assert collapse(level.result, words.result, {}, {}, 0.95).value is not None
    nothing = replace(level.result, geometry={})
    assert collapse(nothing, words.result, level.draws, words.draws, 0.95) == Estimate(None)


def test_the_spread_of_letters_is_the_mean_over_their_columns() -> None:
    dataset = letters("अआइईउऊएऐओऔ", "ابتثجحخدذر")
    vectors = {tag: spread_out(10, 1.0, seed) for seed, tag in enumerate(dataset.languages)}
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in vectors.values()]
    found = measure_pair(dataset, MODEL, vectors, NO_MAP).result.geometry["intra_spread"].value
    assert found == pytest.approx(np.mean([mean_pairwise_spread(rows) for rows in units]))

"""What is said of every measure: complete, convertible, and true of the measures themselves."""

from __future__ import annotations

from dataclasses import fields
from xml.etree import ElementTree

import numpy as np
import pytest

from generator.measures import aligned_index, semantic_affinity
from generator.measures.affinity import centred_vectors, unit_vectors
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.measures.companion import cells_of
from generator.measures.geometry import category_measures, number_measures
from generator.measures.likeness import likeness_measures
from generator.measures.neighbours import nearest_neighbours
from generator.measures.retrieval import retrieval_measures
from generator.site.formulas import formula

AFFINITY = ("semantic_affinity", "null_sa", "chance_corrected", "centred_sa", "offset_penalty")
SPELLING = ("identical_share", "sa_without_identical")


def measured(noise: float, offset: float = 0.2, seed: int = 0, n: int = 12) -> dict[str, float]:
    """Every measure of three invented languages."""
    rng = np.random.default_rng(seed)
    meaning = rng.standard_normal((n, 5))
    vectors = {
        tag: meaning + noise * rng.standard_normal((n, 5)) + offset * rng.standard_normal(5)
        for tag in ("en", "zh", "ar")
    }
    index, once = aligned_index(n, list(vectors)), np.ones((1, n))
    units = unit_vectors(vectors)
    cells = cells_of(units, index)
    affinity = semantic_affinity(units, index)
    centred = semantic_affinity(centred_vectors(units), index).value
    labels = [("water", "fire", "earth")[i % 3] for i in range(n)]
    found = {
        **retrieval_measures(nearest_neighbours(cells), once),
        **likeness_measures(cells, once),
        **category_measures(units["en"], labels, once),
        **number_measures(cells, np.arange(float(n)), once),
    }
    return {
        **dict(zip(AFFINITY, (affinity.value, affinity.null, affinity.chance_corrected, centred), strict=False)),
        "offset_penalty": centred - affinity.value,
        **{key: each.value for key, each in found.items()},
    }


def test_every_measure_is_described() -> None:
    assert set(measured(1)) | set(SPELLING) | {"collapse_ratio"} == set(CATALOGUE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0, 1, 4])
def test_measures_stay_within_their_bounds(noise: float, seed: int) -> None:
    for key, value in measured(noise, offset=seed, seed=seed).items():
        info = CATALOGUE[key]
        assert np.isfinite(value), key
        # Cosines are taken in single precision.
        assert info.low is None or value >= info.low - 1e-6, key
        assert info.high is None or value <= info.high + 1e-6, key


def test_alignment_grows_the_way_that_is_told() -> None:
    good, noisy, apart = measured(0.1), measured(3), measured(0.1, offset=3)
    geometry = {"category_silhouette", "category_purity", "number_order", "number_path"}  # here without any order
    higher = {key for key, info in CATALOGUE.items() if info.better == "higher"} & set(good) - geometry
    assert {key for key in higher if good[key] <= noisy[key]} == set()
    assert {key for key in ("offset_penalty", "language_separability") if good[key] >= apart[key]} == set()
    assert {CATALOGUE[key].better for key in ("offset_penalty", "language_separability")} == {"lower"}


@pytest.mark.parametrize("key", CATALOGUE)
def test_an_entry_is_complete(key: str) -> None:
    info = CATALOGUE[key]
    assert info.key == key
    for text in (info.meaning, info.pitfalls):
        assert text[0].isupper()
        assert text.endswith(".")
    assert info.meaning.count(". ") == 0, "one sentence"
    assert info.low is None or info.high is None or info.low < info.high
    assert info.decimals in (2, 3)
    assert all(reference.text and reference.link.startswith("https://") for reference in info.references)


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_formula_becomes_mathml(key: str) -> None:
    math = ElementTree.fromstring(str(formula(CATALOGUE[key].formula, "block")))
    assert math.tag == "{http://www.w3.org/1998/Math/MathML}math"
    assert math.get("display") == "block"
    text = "".join(math.itertext())
    assert text.strip()
    assert not {"\\", "{{", "&"} & set(text), "LaTeX that was not understood"


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0, 1, "between 0 and 1"),
        (-1, 1, "between −1 and 1"),
        (None, 1, "at most 1"),
        (-2, None, "at least −2"),
        (None, None, "without bounds"),
    ],
)
def test_bounds_in_words(low: float | None, high: float | None, told: str) -> None:
    assert MeasureInfo("key", "Name", "Meaning.", "x", "Pitfalls.", low, high, "higher").bounds == told


def test_nothing_else_is_told_of_a_measure() -> None:
    named = {field.name for field in fields(MeasureInfo)}
    assert named == {
        *("key", "name", "meaning", "formula", "pitfalls", "low", "high", "better", "references", "decimals"),
    }

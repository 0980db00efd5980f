"""Models with a known answer: the measuring has to find it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from generator.datasets import Card, Concept, Dataset
from generator.errors import ModelUnavailableError
from generator.measures import Affinity, semantic_affinity
from generator.measures.affinity import centred_vectors, euclidean_affinity, reference_affinity
from generator.models.controls import DIMENSIONS, control_vectors
from generator.models.registry import Model
from generator.pair import Parameters, concept_index, measure_pair

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

CONTROLS = ("identical", "shuffled", "islands")
LANGUAGES = ("en", "zh", "ar", "sw")

Cells = Mapping[str, tuple[str, ...]]


def dataset(cells: list[Cells]) -> Dataset:
    concepts = tuple(Concept(str(number), filled) for number, filled in enumerate(cells, 1))
    return Dataset("controls", Card("Controls"), LANGUAGES, concepts)


def plain(n_concepts: int) -> Dataset:
    return dataset([{tag: (f"{tag}-{c}",) for tag in LANGUAGES} for c in range(n_concepts)])


def untidy(n_concepts: int) -> Dataset:
    """With gaps, synonyms, and words that serve two concepts: some the same two in every language, some not."""
    cells: list[Cells] = [
        {
            tag: (f"{tag}-{c}", f"{tag}-{c}-also") if c % 5 == skipped else (f"{tag}-{c}",)
            for skipped, tag in enumerate(LANGUAGES)
            if c % 7 != skipped
        }
        for c in range(n_concepts)
    ]
    cells[10] = {**cells[10], "en": ("en-11",)}
    cells[20] = {**cells[20], "zh": (*cells[20]["zh"], "zh-25")}
    cells[30] = {"en": ("en-31",), "ar": ("ar-32",), "sw": ("sw-30",)}
    cells[40] = {**cells[41]}
    return dataset(cells)


DATASETS = [pytest.param(plain(200), id="plain"), pytest.param(untidy(200), id="untidy")]


def measured(control: str, on: Dataset, seed: int = 42) -> Affinity:
    return semantic_affinity(control_vectors(control, on, seed), concept_index(on))


@pytest.mark.parametrize("on", DATASETS)
@pytest.mark.parametrize("seed", range(5))
def test_identical_translations_have_affinity_exactly_one(on: Dataset, seed: int) -> None:
    found = measured("identical", on, seed)
    assert found.value == 1
    assert (found.concept_affinity == 1).all()
    assert found.intra_spread == pytest.approx(1, abs=0.05), "the words of a language must not coincide"
    assert found.null == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("on", DATASETS)
def test_identical_translations_stay_identical_in_every_variant(on: Dataset) -> None:
    vectors, index = control_vectors("identical", on, 1), concept_index(on)
    assert semantic_affinity(centred_vectors(vectors), index).value > 0.99
    assert reference_affinity(vectors, index) == 1
    assert euclidean_affinity(vectors, index) == 1


def test_concepts_linked_by_a_chain_of_shared_words_have_one_meaning() -> None:
    linked = dataset(
        [
            {"en": ("bank",), "zh": ("岸",), "ar": ("ضفة",)},
            {"en": ("bank", "bench"), "zh": ("银行",), "sw": ("benki",)},
            {"ar": ("مقعد",), "sw": ("benki",)},
            {"en": ("tree",), "zh": ("树",), "ar": ("شجرة",), "sw": ("mti",)},
        ]
    )
    vectors = control_vectors("identical", linked, 3)
    river, tree = vectors["en"][0], vectors["en"][2]
    assert linked.renderings["en"] == ("bank", "bench", "tree")
    for tag, texts in linked.renderings.items():
        for text, vector in zip(texts, vectors[tag], strict=True):
            np.testing.assert_array_equal(vector, tree if text in {"tree", "树", "شجرة", "mti"} else river)
    assert (river != tree).any()
    assert semantic_affinity(vectors, concept_index(linked)).value == 1


def test_the_same_word_in_two_languages_does_not_link_concepts() -> None:
    friends = dataset([{"en": ("gift",), "sw": ("zawadi",)}, {"en": ("poison",), "sw": ("gift",)}])
    vectors = control_vectors("identical", friends, 3)
    assert (vectors["en"][0] != vectors["sw"][1]).any()


@pytest.mark.parametrize("on", DATASETS)
@pytest.mark.parametrize("seed", range(5))
def test_shuffled_translations_have_affinity_one_half(on: Dataset, seed: int) -> None:
    found = measured("shuffled", on, seed)
    assert found.value == pytest.approx(0.5, abs=0.02)
    assert found.chance_corrected == pytest.approx(0, abs=0.02)
    centred = semantic_affinity(centred_vectors(control_vectors("shuffled", on, seed)), concept_index(on))
    assert centred.value == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("on", DATASETS)
@pytest.mark.parametrize("seed", range(5))
def test_islands_have_low_affinity_until_they_are_centred(on: Dataset, seed: int) -> None:
    vectors, index = control_vectors("islands", on, seed), concept_index(on)
    found = semantic_affinity(vectors, index)
    assert 0.15 < found.value < 0.35
    assert found.null < found.value, "beside chance for islands, the meanings still show"
    assert 0.75 < semantic_affinity(centred_vectors(vectors), index).value < 0.95


@pytest.mark.parametrize("control", CONTROLS)
def test_a_seed_decides_the_vectors(control: str) -> None:
    on = untidy(50)
    first, again, other = (control_vectors(control, on, seed) for seed in (1, 1, 2))
    for tag in LANGUAGES:
        assert first[tag].tobytes() == again[tag].tobytes()
        assert (first[tag] != other[tag]).any(axis=1).all()


def test_controls_of_one_seed_have_nothing_in_common() -> None:
    on = plain(50)
    made = [control_vectors(control, on, 1)["en"] for control in CONTROLS]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(made[i].ravel(), made[j].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("control", CONTROLS)
def test_there_is_a_float32_vector_for_each_distinct_rendering_in_order(control: str) -> None:
    on = untidy(50)
    vectors = control_vectors(control, on, 0)
    assert list(vectors) == list(on.renderings)
    for tag, texts in on.renderings.items():
        assert vectors[tag].shape == (len(texts), DIMENSIONS)
        assert vectors[tag].dtype == np.float32


@pytest.mark.parametrize("control", CONTROLS)
def test_a_measured_control_keeps_its_known_value_inside_its_interval(control: str) -> None:
    on = untidy(80)
    model = Model(name=control, source=f"control:{control}")
    parameters = Parameters(draws=300, layout=None)
    found = measure_pair(on, model, control_vectors(control, on, 42), parameters).result.affinity
    known = {"identical": 1.0, "shuffled": 0.5, "islands": 0.227}[control]
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low - 0.01 <= known <= found.high + 0.01
    assert found.low <= found.value <= found.high
    assert found.high - found.low < 0.05
    if control == "identical":
        assert (found.low, found.high) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("shuffeld", "shuffled"), ("identicle", "identical"), ("island", "islands")]
)
def test_an_unknown_control_is_refused_with_the_nearest_name(wrong: str, nearest: str) -> None:
    with pytest.raises(ModelUnavailableError, match=f"no control '{wrong}'. Did you mean \"{nearest}\""):
        control_vectors(wrong, plain(3), 0)


def test_a_control_unlike_any_other_is_refused_with_the_whole_choice() -> None:
    with pytest.raises(ModelUnavailableError, match="identical, islands, shuffled"):
        control_vectors("xyz", plain(3), 0)

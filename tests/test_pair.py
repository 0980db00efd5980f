"""One pair measured: where its intervals come from, and what a result says where a measure has no value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from generator.datasets import Card, Concept, Dataset
from generator.errors import MeasureUndefinedError, ModelUnavailableError
from generator.manifold import Layout
from generator.measures.resampling import percentile_interval
from generator.models import Model
from generator.models.controls import control_vectors
from generator.pair import Parameters, failed_pair, measure_pair, pair_key
from generator.result_store import from_json
from generator.results import PairResult, to_json
from generator.summary import summary

MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=50, layout=None)

WordList = Callable[..., Dataset]


def dataset_of(*concepts: dict[str, tuple[str, ...]], translated: bool = True) -> Dataset:
    rows = tuple(Concept(str(i), renderings) for i, renderings in enumerate(concepts, start=1))
    languages = tuple(dict.fromkeys(tag for renderings in concepts for tag in renderings))
    return Dataset("test", Card("Test", translated=translated), languages, rows)


def random_vectors(dataset: Dataset) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {tag: rng.standard_normal((len(texts), 8)) for tag, texts in dataset.renderings.items()}


@pytest.fixture
def water_and_fire() -> Dataset:
    return dataset_of({"en": ("water",), "ar": ("ماء",)}, {"en": ("fire",), "ar": ("نار",)})


# Resamples


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_intervals_are_the_percentiles_of_the_draws_that_are_kept(word_list: WordList, confidence: float) -> None:
    words = word_list()
    vectors = control_vectors("islands", words, 1)
    measured = measure_pair(words, MODEL, vectors, Parameters(draws=300, confidence=confidence, layout=None))
    measures, draws = measured.result.measures, measured.draws
    assert measures is not None
    own = {"semantic_affinity", "centred_sa", "null_sa", "intra_spread"}
    with_interval = {name for name, estimate in measures.companions.items() if estimate.low is not None}
    assert set(draws) == own | with_interval
    assert {(values.shape, values.dtype) for values in draws.values()} == {((300,), np.dtype(np.float32))}
    for name in draws:
        estimate, interval = measures.estimate(name), percentile_interval(draws[name], confidence)
        assert interval is not None
        assert (estimate.low, estimate.high) == (pytest.approx(interval.low), pytest.approx(interval.high)), name
    for name in own:
        estimate = measures.estimate(name)
        assert estimate.low is not None
        assert estimate.value is not None
        assert estimate.high is not None
        assert estimate.low < estimate.value < estimate.high
    assert measures.null_sa is not None
    assert np.nanmin(draws["null_sa"]) < measures.null_sa < np.nanmax(draws["null_sa"])
    assert np.nanmax(draws["null_sa"]) < 0.4, "the offset between islands is part of the null"


def test_models_share_the_resamples_of_a_dataset_and_datasets_share_none(word_list: WordList) -> None:
    words = word_list()
    vectors = random_vectors(words)

    def draws(dataset: Dataset = words, model: Model = MODEL, seed: int = 42) -> bytes:
        found = measure_pair(dataset, model, vectors, Parameters(seed=seed, draws=50, layout=None)).draws
        return found["semantic_affinity"].tobytes()

    assert draws(model=replace(MODEL, name="Other", revision="sha256:1")) == draws()
    renamed = replace(words, concepts=tuple(replace(concept, id=f"{concept.id}-2") for concept in words.concepts))
    assert draws(renamed) != draws()
    assert draws(seed=43) != draws()


def test_without_an_interval_no_draws_are_kept() -> None:
    three = dataset_of(*({"en": (f"en {i}",), "ar": (f"ar {i}",)} for i in range(3)))
    measured = measure_pair(three, MODEL, random_vectors(three), Parameters(draws=500, layout=None))
    assert measured.result.measures is not None
    assert "too few concepts" in measured.result.measures.undefined["semantic_affinity interval"]
    assert measured.result.affinity.low is None
    assert measured.draws == {}


# Without a value


def test_a_single_concept_has_an_affinity_but_no_null() -> None:
    dataset = dataset_of({"en": ("house", "home"), "ar": ("بيت", "منزل")})
    result = measure_pair(dataset, MODEL, random_vectors(dataset), NO_MAP).result
    assert result.measures is not None
    assert result.affinity.value is not None
    assert result.measures.null_sa is None
    assert result.measures.chance_corrected is None
    assert "no other concept" in result.measures.undefined["null_sa"]
    assert isinstance(from_json(to_json(result)), PairResult)
    assert "no null_sa: there is no other concept" in summary(result)


@pytest.mark.parametrize("tags", [("und-Grek",), ("und-Grek", "und-Latn")])
def test_where_nothing_is_translated_there_are_spreads_and_a_map_and_no_score(tags: tuple[str, ...]) -> None:
    letters = dataset_of(*({tag: (f"{tag} {i}",)} for tag in tags for i in range(12)), translated=False)
    vectors = random_vectors(letters)
    measured = measure_pair(letters, MODEL, vectors, Parameters(layout=Layout(3)))
    result = measured.result
    assert (result.measures, result.affinity.value, result.language_pairs) == (None, None, ())
    spread = percentile_interval(measured.draws["intra_spread"])
    assert spread
    assert (result.geometry["intra_spread"].low, result.geometry["intra_spread"].high) == pytest.approx(
        (spread.low, spread.high)
    )
    assert {(concept.spread, concept.sa) for concept in result.concepts} == {(None, None)}
    for tag in tags:
        units = vectors[tag] / np.linalg.norm(vectors[tag], axis=1, keepdims=True)
        apart = (1 - units @ units.T)[np.triu_indices(12, 1)]
        assert result.languages[tag].intra_spread == pytest.approx(apart.mean())
        assert result.languages[tag].n_renderings == 12
    assert result.map is not None
    assert len(result.map.points) == 12 * len(tags)
    assert to_json(from_json(to_json(result))) == to_json(result)
    assert summary(result).endswith("Nothing is translated here, so there is no score.")


@pytest.mark.parametrize("translated", [True, False])
def test_zero_and_infinite_vectors_are_named_by_their_words(water_and_fire: Dataset, translated: bool) -> None:
    dataset = replace(water_and_fire, card=Card("Test", translated=translated))
    vectors = random_vectors(dataset)
    vectors["ar"][1] = 0
    with pytest.raises(MeasureUndefinedError, match=r"1 vectors of ar are zero or not finite.*'نار'"):
        measure_pair(dataset, MODEL, vectors, NO_MAP)


# What is published


def test_the_path_of_a_local_model_is_not_published(water_and_fire: Dataset) -> None:
    secret = Model("Test", "precomputed:/home/somebody/secret.npz", "sha256:0")
    assert "somebody" not in to_json(
        measure_pair(water_and_fire, secret, random_vectors(water_and_fire), NO_MAP).result
    )


def test_the_path_of_a_local_model_is_not_published_by_its_failure(water_and_fire: Dataset) -> None:
    model = Model("Test", "precomputed:/home/somebody/secret.npz")
    error = ModelUnavailableError("there is no file /home/somebody/secret.npz")
    assert failed_pair(water_and_fire, model, NO_MAP, error).error.message == "there is no file secret.npz"


# What decides a result


def test_categories_and_values_decide_where_geometry_goes_by_them() -> None:
    words = dataset_of({"en": ("one",), "ar": ("واحد",)}, {"en": ("two",), "ar": ("اثنان",)})

    def keys(dataset: Dataset) -> set[str]:
        first, *rest = dataset.concepts
        moved = [replace(first, category="other"), replace(first, extra={"value": "1"}), first]
        return {pair_key(replace(dataset, concepts=(changed, *rest)), MODEL, NO_MAP) for changed in moved}

    assert len(keys(words)) == 1
    assert len(keys(replace(words, card=Card("Test", level="number")))) == 3
    assert len(keys(replace(words, card=Card("Test", translated=False)))) == 3

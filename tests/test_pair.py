"""One pair measured: what a result says where a measure has no value."""

from __future__ import annotations

import numpy as np
import pytest

from generator.datasets import Card, Concept, Dataset
from generator.errors import MeasureUndefinedError, ModelUnavailableError
from generator.models import Model
from generator.pair import Parameters, failed_pair, measure_pair
from generator.results import PairResult, from_json, to_json
from generator.summary import summary

MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=50, layout=None)


def dataset_of(*concepts: dict[str, tuple[str, ...]]) -> Dataset:
    rows = tuple(Concept(str(i), renderings) for i, renderings in enumerate(concepts, start=1))
    return Dataset("test", Card("Test"), ("en", "ar"), rows)


def random_vectors(dataset: Dataset) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {tag: rng.standard_normal((len(texts), 8)) for tag, texts in dataset.renderings.items()}


def test_a_single_concept_has_an_affinity_but_no_null() -> None:
    dataset = dataset_of({"en": ("house", "home"), "ar": ("بيت", "منزل")})
    result = measure_pair(dataset, MODEL, random_vectors(dataset), NO_MAP)
    assert result.measures.semantic_affinity.value is not None
    assert result.measures.null_sa is None
    assert result.measures.chance_corrected is None
    assert "no other concept" in result.measures.undefined["null_sa"]
    assert isinstance(from_json(to_json(result)), PairResult)
    assert "no null_sa: there is no other concept" in summary(result)


def test_zero_and_infinite_vectors_are_named_by_their_words() -> None:
    dataset = dataset_of({"en": ("water",), "ar": ("ماء",)}, {"en": ("fire",), "ar": ("نار",)})
    vectors = random_vectors(dataset)
    vectors["ar"][1] = 0
    with pytest.raises(MeasureUndefinedError, match=r"1 vectors of ar are zero or not finite.*'نار'"):
        measure_pair(dataset, MODEL, vectors, NO_MAP)


def test_the_path_of_a_local_model_is_not_published() -> None:
    dataset = dataset_of({"en": ("water",), "ar": ("ماء",)}, {"en": ("fire",), "ar": ("نار",)})
    secret = Model("Test", "precomputed:/home/somebody/secret.npz", "sha256:0")
    assert "somebody" not in to_json(measure_pair(dataset, secret, random_vectors(dataset), NO_MAP))


def test_the_path_of_a_local_model_is_not_published_by_its_failure() -> None:
    dataset = dataset_of({"en": ("water",), "ar": ("ماء",)}, {"en": ("fire",), "ar": ("نار",)})
    model = Model("Test", "precomputed:/home/somebody/secret.npz")
    failure = failed_pair(dataset, model, NO_MAP, ModelUnavailableError("there is no file /home/somebody/secret.npz"))
    assert failure.error.message == "there is no file secret.npz"

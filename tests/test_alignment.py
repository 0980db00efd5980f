"""The companion measures as records: in the order of the catalogue, per pair of languages, with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from generator.alignment import alignment
from generator.datasets import Card, Concept, Dataset
from generator.measures.affinity import centred_vectors, semantic_affinity, unit_vectors
from generator.measures.catalogue import CATALOGUE, COMPANIONS
from generator.measures.companion import cells_of
from generator.measures.neighbours import nearest_neighbours
from generator.measures.resampling import concept_weights, percentile_interval
from generator.measures.retrieval import directed_retrieval, retrieval_measures
from generator.models import Model
from generator.models.controls import control_vectors
from generator.pair import Parameters, concept_index, measure_pair
from generator.result_store import from_json
from generator.results import PairResult, to_json

WordList = Callable[..., Dataset]
MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=200, layout=None)


def dataset_of(*concepts: dict[str, tuple[str, ...]]) -> Dataset:
    rows = tuple(Concept(str(i), renderings) for i, renderings in enumerate(concepts, start=1))
    return Dataset("test", Card("Test"), tuple(dict.fromkeys(tag for r in concepts for tag in r)), rows)


def measured(dataset: Dataset, control: str = "islands", parameters: Parameters = NO_MAP) -> PairResult:
    return measure_pair(dataset, MODEL, control_vectors(control, dataset, 1), parameters).result


def test_every_companion_stands_in_a_result_in_the_order_of_the_catalogue(word_list: WordList) -> None:
    result = measured(word_list(("en", "zh", "ar", "hi")))
    assert result.measures
    assert tuple(result.measures.companions) == COMPANIONS
    assert list(result.pair_companions) == [key for key in COMPANIONS if key != "language_preference"]
    assert {len(column) for c in result.pair_companions.values() for column in (c.value, c.low, c.high)} == {6}
    assert {len(pairs) for pairs in result.directed.values()} == {6}
    assert from_json(to_json(result)) == from_json(to_json(from_json(to_json(result))))


def test_records_hold_what_the_measures_gave(word_list: WordList) -> None:
    words = word_list(("en", "zh", "ar"))
    rng = np.random.default_rng(2)
    vectors = {tag: rng.standard_normal((len(texts), 5)) for tag, texts in words.renderings.items()}
    units, index = unit_vectors(vectors), concept_index(words)
    weights = concept_weights(index.n_concepts, 200, 3)
    found = alignment(words, index, vectors, units, weights, 0.9)
    neighbours = nearest_neighbours(cells_of(units, index))
    given = retrieval_measures(neighbours, weights)["retrieval_mrr"]
    interval = percentile_interval(given.draws, 0.9)
    assert interval
    told = found.measures.companions["retrieval_mrr"]
    assert (told.value, told.low, told.high) == (given.value, interval.low, interval.high)
    np.testing.assert_array_equal(found.draws["retrieval_mrr"], given.draws.astype(np.float32))
    column = found.pair_companions["retrieval_mrr"]
    np.testing.assert_allclose(column.value, given.pair_values, atol=5e-5)
    ends = [percentile_interval(draws, 0.9) for draws in given.pair_draws.T]
    np.testing.assert_allclose(column.low, [end.low for end in ends if end], atol=5e-5)
    np.testing.assert_allclose(column.high, [end.high for end in ends if end], atol=5e-5)
    directed = directed_retrieval(neighbours)["retrieval_mrr"]
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = [(directed[a, b], directed[b, a]) for a, b in pairs]
    np.testing.assert_allclose(found.directed["retrieval_mrr"], expected, atol=5e-5)
    assert any(abs(there - back) > 1e-3 for there, back in expected), "the test could not tell there from back"


def test_a_pair_of_languages_has_the_null_of_these_two_alone(word_list: WordList) -> None:
    words = word_list(("en", "zh", "ar"))
    vectors = control_vectors("islands", words, 1)
    index = concept_index(words)
    result = measured(words)
    assert result.measures
    for pair in result.language_pairs:
        two = (pair.a, pair.b)
        alone = semantic_affinity(
            {tag: vectors[tag] for tag in two}, replace(index, languages={tag: index.languages[tag] for tag in two})
        )
        assert pair.null_spread == pytest.approx(alone.null_spread, abs=1e-6)
        assert abs(alone.null_spread - alone.inter_spread) > 1e-3, "the test could not tell the null from V"
    mean = np.mean([pair.null_spread for pair in result.language_pairs if pair.null_spread is not None])
    assert 1 / (1 + mean / result.measures.intra_spread) == pytest.approx(result.measures.null_sa, abs=1e-6)


def test_the_offset_penalty_is_what_centring_gains_with_its_own_interval(word_list: WordList) -> None:
    words = word_list()
    vectors = control_vectors("islands", words, 1)
    result = measured(words)
    assert result.measures
    penalty = result.measures.offset_penalty
    centred = semantic_affinity(centred_vectors(vectors), concept_index(words)).value
    assert penalty.value == pytest.approx(centred - semantic_affinity(vectors, concept_index(words)).value)
    drawn = measure_pair(words, MODEL, vectors, NO_MAP).draws
    gains = percentile_interval(drawn["centred_sa"].astype(float) - drawn["semantic_affinity"])
    assert gains
    assert (penalty.low, penalty.high) == pytest.approx((gains.low, gains.high), abs=1e-6)


def test_spreads_null_and_chance_have_the_intervals_of_their_resamples(word_list: WordList) -> None:
    result = measured(word_list())
    assert result.measures
    for name in ("semantic_ratio", "inter_spread", "intra_spread", "null_sa", "chance_corrected"):
        estimate = result.measures.estimate(name)
        assert estimate.value == getattr(result.measures, name)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= estimate.value <= estimate.high, name
    for language in result.languages.values():
        assert language.low is not None
        assert language.high is not None
        assert language.low < language.intra_spread < language.high
    assert result.measures.estimate("no such measure").value is None


def test_with_two_languages_there_is_no_language_to_prefer(word_list: WordList) -> None:
    result = measured(word_list(("ar", "zh")))
    assert result.measures
    assert result.measures.companions["language_preference"].value is None
    assert "fewer than three languages" in result.measures.undefined["language_preference"]
    lacking = {name for name, estimate in result.measures.companions.items() if estimate.value is None}
    assert lacking <= set(result.measures.undefined)
    assert set(result.pair_companions) == set(COMPANIONS) - {"language_preference"}


def test_spelling_caps_retrieval_and_counts_as_identical() -> None:
    plain = [{"en": (f"e{i}",), "de": (f"d{i}",)} for i in range(6)]
    same = [{"en": ("gift",), "de": ("gift",)}, {"en": ("bank",), "de": ("Bank",)}, {"en": ("bank",), "de": ("Ufer",)}]
    result = measured(dataset_of(*plain, *same))
    assert result.measures
    assert result.measures.retrieval_cap == pytest.approx((8 / 9 + 8 / 9) / 2), "one of the two banks, either way"
    assert result.measures.companions["identical_share"].value == pytest.approx(1 / 9)
    free = measured(dataset_of(*plain)).measures
    assert free
    assert (free.retrieval_cap, free.companions["identical_share"].value) == (1, 0)


def test_a_list_too_short_for_intervals_has_values_alone() -> None:
    three = dataset_of(*({"en": (f"en {i}",), "ar": (f"ar {i}",)} for i in range(3)))
    rng = np.random.default_rng(1)
    vectors = {tag: rng.standard_normal((3, 8)) for tag in ("en", "ar")}
    measures = measure_pair(three, MODEL, vectors, replace(NO_MAP, draws=500)).result.measures
    assert measures
    assert measures.companions["retrieval_p1"].value is not None
    assert {estimate.low for estimate in measures.companions.values()} == {None}
    assert measures.intervals == {}


def test_every_key_of_a_result_is_explained() -> None:
    assert set(COMPANIONS) < set(CATALOGUE)

"""Intervals by resampling concepts, against resamples that are written out and measured pair by pair."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import lcm

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from vectors_strategy import Words, random_words, words

from generator.errors import MeasureUndefinedError
from generator.measures import Affinity, ConceptIndex, Incidence, aligned_index, resampling, semantic_affinity
from generator.measures.affinity import LEAST_SPREAD, cell_means, concept_pair_spreads, unit_vectors
from generator.measures.index import FloatArray
from generator.measures.resampling import (
    AffinityDraws,
    Interval,
    affinity_draws,
    concept_weights,
    pair_affinity_draws,
    percentile_interval,
    percentile_intervals,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

NINE_CELLS = tuple((concept,) for concept in range(9))

examples = settings(deadline=None, database=None, max_examples=40)


def draws_of(of: Words, weights: FloatArray) -> AffinityDraws:
    spread = semantic_affinity(of.vectors, of.index).concept_spread
    return affinity_draws(unit_vectors(of.vectors), of.index, spread, weights)


def written_out(of: Words, times_drawn: list[int]) -> tuple[float, float]:
    """SA and null SA of a list in which each concept stands as often as it was drawn, without pairs of copies.

    A word that serves several concepts stands as often as they do on average; copies of everything are made
    alike until that is a whole number.
    """
    units, found = unit_vectors(of.vectors), semantic_affinity(of.vectors, of.index)
    intra = []
    for tag, rows in units.items():
        serves = [[c for c, cell in enumerate(of.cells[tag]) if row in cell] for row in range(len(rows))]
        often = [Fraction(sum(times_drawn[c] for c in concepts), len(concepts)) for concepts in serves]
        whole = lcm(*(times.denominator for times in often))
        listed = [row for row, times in enumerate(often) for _ in range(int(times * whole))]
        distances = [1 - float(rows[i] @ rows[j]) for i, j in combinations(listed, 2) if i != j]
        intra.append(np.mean(distances) if distances else np.nan)
    inter = [v for c, v in enumerate(found.concept_spread) if np.isfinite(v) for _ in range(times_drawn[c])]
    drawn = [c for c, times in enumerate(times_drawn) for _ in range(times)]
    null = [distances for a, b in combinations(of.cells, 2) if (distances := reassigned(of, units, a, b, drawn))]
    if not np.mean(intra) >= LEAST_SPREAD:
        return np.nan, np.nan
    return tuple(
        float(1 / (1 + np.mean(spreads) / np.mean(intra))) if spreads else np.nan
        for spreads in (inter, [np.mean(distances) for distances in null])
    )


def reassigned(of: Words, units: dict[str, FloatArray], a: str, b: str, drawn: list[int]) -> list[float]:
    """The distance of each cell of ``a`` from each cell of ``b`` but those of the same concept and its copies."""
    distance = 1 - units[a] @ units[b].T
    return [
        float(np.mean([distance[i, j] for i, j in product(of.cells[a][c], of.cells[b][other])]))
        for c, other in product(drawn, repeat=2)
        if c != other and of.cells[a][c] and of.cells[b][other]
    ]


def assert_written_out(of: Words, weights: FloatArray) -> None:
    """Each draw of SA and of null SA is that of the list written out."""
    found = draws_of(of, weights)
    expected = np.array([written_out(of, [int(w) for w in row]) for row in weights]).T
    np.testing.assert_allclose([found.affinity, found.null], expected, rtol=0, atol=1e-12)


def is_defined(of: Words) -> bool:
    try:
        semantic_affinity(of.vectors, of.index)
    except MeasureUndefinedError:
        return False
    return True


def intra_draws(units: dict[str, FloatArray], index: ConceptIndex, weights: FloatArray) -> FloatArray:
    """H of each resample, found from SA with V held at 1."""
    affinity = affinity_draws(units, index, np.ones(index.n_concepts), weights).affinity
    return affinity / (1 - affinity)


# The weights


@pytest.mark.parametrize(("n_concepts", "draws"), [(1, 5), (7, 200), (300, 50)])
def test_every_resample_draws_as_many_concepts_as_there_are(n_concepts: int, draws: int) -> None:
    weights = concept_weights(n_concepts, draws, 3)
    assert weights.shape == (draws, n_concepts)
    assert (weights == np.round(weights)).all()
    assert (weights >= 0).all()
    assert (weights.sum(axis=1) == n_concepts).all()


def test_the_same_seed_gives_the_same_resamples_whatever_was_drawn_before() -> None:
    first = concept_weights(50, 20, 7)
    np.random.default_rng().random(100)
    concept_weights(50, 20, 8)
    assert first.tobytes() == concept_weights(50, 20, 7).tobytes()
    assert (first != concept_weights(50, 20, 8)).any()


def test_resamples_are_drawn_with_replacement_and_evenly() -> None:
    n_concepts, draws = 40, 4000
    weights = concept_weights(n_concepts, draws, 1)
    standard_error = 1 / np.sqrt(draws)
    assert np.abs(weights.mean(axis=0) - 1).max() < 5 * standard_error
    assert weights.var() == pytest.approx(1 - 1 / n_concepts, rel=0.05)
    assert np.mean(weights == 0) == pytest.approx((1 - 1 / n_concepts) ** n_concepts, rel=0.05)
    assert len(np.unique(weights, axis=0)) == draws


def test_two_models_with_equal_vectors_get_equal_draws() -> None:
    first, second = random_words(1), random_words(1)
    weights = [concept_weights(words.n_concepts, 100, 42) for words in (first, second)]
    found = [draws_of(of, each) for of, each in zip((first, second), weights, strict=True)]
    assert found[0].affinity.tobytes() == found[1].affinity.tobytes()
    assert found[0].null.tobytes() == found[1].null.tobytes()


def test_shared_resamples_cut_the_error_of_a_difference() -> None:
    meaning = np.random.default_rng(0).standard_normal((80, 24))
    noise = np.random.default_rng(1).standard_normal((80, 24))
    index = aligned_index(80, ["en", "de"])
    models = [unit_vectors({"en": meaning, "de": meaning + level * noise}) for level in (0.6, 0.65)]
    spreads = [semantic_affinity(units, index).concept_spread for units in models]

    def error(seeds: tuple[int, int]) -> float:
        first, second = (
            affinity_draws(units, index, spread, concept_weights(80, 500, seed)).affinity
            for units, spread, seed in zip(models, spreads, seeds, strict=True)
        )
        return float(np.std(first - second))

    assert error((5, 5)) < error((5, 6)) / 3


# The draws


@pytest.mark.parametrize("seed", range(3))
def test_plain_data_resampled_by_weights_is_the_list_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = {tag: rng.standard_normal((9, 5)) for tag in ("en", "zh", "ar")}
    assert_written_out(Words(vectors, dict.fromkeys(vectors, NINE_CELLS)), concept_weights(9, 25, seed))


@pytest.mark.parametrize("seed", range(3))
def test_gaps_synonyms_and_shared_words_resampled_by_weights_are_the_list_written_out(seed: int) -> None:
    drawn = random_words(seed)
    assert_written_out(drawn, concept_weights(drawn.n_concepts, 25, seed))


@given(words(), st.integers(0, 2**32))
@examples
def test_any_list_resampled_by_weights_is_the_list_written_out(drawn: Words, seed: int) -> None:
    assume(is_defined(drawn))
    assert_written_out(drawn, concept_weights(drawn.n_concepts, 6, seed))


@given(words())
@examples
def test_drawing_every_concept_equally_often_gives_semantic_affinity_and_its_null(drawn: Words) -> None:
    assume(is_defined(drawn))
    exact = semantic_affinity(drawn.vectors, drawn.index)
    found = draws_of(drawn, np.repeat([[1.0], [2.0], [7.0]], drawn.n_concepts, axis=1))
    np.testing.assert_allclose(found.affinity, exact.value, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.null, exact.null, rtol=0, atol=1e-12)


def test_the_order_in_which_vectors_are_stored_does_not_matter_to_the_draws() -> None:
    drawn = random_words(0)
    plain = Words({tag: rows[:9] for tag, rows in drawn.vectors.items()}, dict.fromkeys(drawn.cells, NINE_CELLS))
    for of in (drawn, plain):
        weights = concept_weights(of.n_concepts, 30, 0)
        moved, found = draws_of(of.with_rows_reordered(1), weights), draws_of(of, weights)
        np.testing.assert_allclose([moved.affinity, moved.null], [found.affinity, found.null], atol=1e-12)


def test_chunking_does_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random_words(0)
    weights = concept_weights(drawn.n_concepts, 23, 0)
    whole = draws_of(drawn, weights)
    monkeypatch.setattr(resampling, "CHUNK_BYTES", 8 * 16 * 3 * 5)  # five draws a chunk, the last one of three
    found = draws_of(drawn, weights)
    np.testing.assert_allclose([found.affinity, found.null], [whole.affinity, whole.null], rtol=0, atol=1e-14)


def test_draws_from_a_narrow_cone_keep_their_digits() -> None:
    around = np.random.default_rng(0).standard_normal((2, 12, 16)) * 1.5e-5 + np.eye(16)[0]
    units, index = unit_vectors({"en": around[0], "de": around[1]}), aligned_index(12, ["en", "de"])
    found = semantic_affinity(units, index)
    assert LEAST_SPREAD < found.intra_spread < 5 * LEAST_SPREAD
    (draw,) = affinity_draws(units, index, found.concept_spread, np.ones((1, 12))).affinity
    assert draw == pytest.approx(found.value, abs=0, rel=1e-10)


@pytest.mark.parametrize("n_concepts", range(2, 8))
def test_a_resample_with_one_word_of_a_language_has_no_value(n_concepts: int) -> None:
    index = aligned_index(n_concepts, ["en", "de"])
    for seed in range(30):
        rng = np.random.default_rng(seed)
        units = unit_vectors({tag: rng.standard_normal((n_concepts, 8)) for tag in ("en", "de")})
        spread = semantic_affinity(units, index).concept_spread
        found = affinity_draws(units, index, spread, n_concepts * np.eye(n_concepts))
        assert np.isnan([found.affinity, found.null]).all()


def test_a_resample_with_one_word_of_one_rare_language_has_no_value() -> None:
    rng = np.random.default_rng(0)
    rare = np.array([0, 3, 9])
    every = np.arange(10)
    index = ConceptIndex(10, {"en": Incidence(every, every), "gsw": Incidence(np.arange(3), rare)})
    units = unit_vectors({"en": rng.standard_normal((10, 6)), "gsw": rng.standard_normal((3, 6))})
    spread = semantic_affinity(units, index).concept_spread
    weights = concept_weights(10, 500, 0)
    words_left = (weights[:, rare] > 0).sum(axis=1)
    found = affinity_draws(units, index, spread, weights)
    assert {0, 1, 2, 3} == set(words_left.tolist())
    np.testing.assert_array_equal(np.isfinite(found.affinity), words_left > 1)
    np.testing.assert_array_equal(np.isfinite(found.null), words_left > 1)


def test_a_resample_of_coinciding_words_has_no_value() -> None:
    rows = np.random.default_rng(0).standard_normal((4, 6))
    rows[:3] = rows[0]
    units, index = unit_vectors({"en": rows, "de": rows[:, ::-1]}), aligned_index(4, ["en", "de"])
    spread = semantic_affinity(units, index).concept_spread
    found = affinity_draws(units, index, spread, np.array([[2.0, 1, 1, 0], [1, 1, 1, 1]]))
    np.testing.assert_array_equal(np.isnan([found.affinity, found.null]), [[True, False]] * 2)


def test_a_resample_without_a_translated_concept_has_a_null_only() -> None:
    index = ConceptIndex(
        5, {"en": Incidence(np.arange(3), np.array([0, 1, 2])), "de": Incidence(np.arange(3), np.array([0, 3, 4]))}
    )
    units = unit_vectors({"en": np.eye(3), "de": np.eye(3)[::-1]})
    spread = semantic_affinity(units, index).concept_spread
    found = affinity_draws(units, index, spread, np.array([[0.0, 1, 1, 1, 2], [1, 1, 1, 1, 1]]))
    np.testing.assert_array_equal(np.isnan([found.affinity, found.null]), [[True, False], [False, False]])


def test_resampling_does_not_shrink_the_intra_lingual_spread() -> None:
    n = 20
    rng = np.random.default_rng(4)
    units = unit_vectors({tag: rng.standard_normal((n, 16)) for tag in ("en", "de")})
    index = aligned_index(n, ["en", "de"])
    intra = semantic_affinity(units, index).intra_spread
    draws = intra_draws(units, index, concept_weights(n, 4000, 0))
    assert np.mean(draws) == pytest.approx(intra, rel=0.2 / n), "pairs of a word and its copies shrink H by 1/n"


def test_resampling_does_not_shrink_the_spread_of_synonyms_and_shared_words() -> None:
    drawn = random_words(2, n_concepts=30)
    intra = semantic_affinity(drawn.vectors, drawn.index).intra_spread
    draws = intra_draws(unit_vectors(drawn.vectors), drawn.index, concept_weights(30, 4000, 0))
    assert np.mean(draws) == pytest.approx(intra, rel=0.3 / 30)


def test_resamples_scatter_as_fresh_lists_do() -> None:
    n = 40
    index = aligned_index(n, ["en", "de"])
    weights = concept_weights(n, 200, 0)

    def fresh(seed: int) -> tuple[Affinity, float]:
        rng = np.random.default_rng(seed)
        meaning = rng.standard_normal((n, 6))
        noise = rng.uniform(0.2, 1.5, (n, 1)) * rng.standard_normal((n, 6))
        units = unit_vectors({"en": meaning, "de": meaning + noise})
        found = semantic_affinity(units, index)
        return found, float(np.std(affinity_draws(units, index, found.concept_spread, weights).affinity))

    lists = [fresh(seed) for seed in range(300)]
    scatter = np.std([found.value for found, _ in lists])
    assert np.mean([error for _, error in lists]) == pytest.approx(scatter, rel=0.15)


# The interval


def test_the_interval_holds_the_central_share_of_the_draws() -> None:
    draws = np.random.default_rng(0).permutation(np.arange(1001.0))
    for confidence, low in ((0.95, 25), (0.9, 50), (0.5, 250)):
        found = percentile_interval(draws, confidence)
        assert found == Interval(pytest.approx(low), pytest.approx(1000 - low))
    assert percentile_interval(draws) == percentile_interval(draws, 0.95)


def test_the_interval_of_equal_draws_is_a_point() -> None:
    assert percentile_interval(np.full(50, 0.7)) == Interval(0.7, 0.7)


@pytest.mark.parametrize("undefined", [0, 1, 50])
def test_up_to_a_twentieth_of_the_draws_may_lack_a_value(undefined: int) -> None:
    draws = np.concatenate([np.full(undefined, np.nan), np.linspace(0, 1, 1000 - undefined)])
    found = percentile_interval(draws)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.025), pytest.approx(0.975))


@pytest.mark.parametrize("undefined", [51, 500, 1000])
def test_there_is_no_interval_when_more_draws_lack_a_value(undefined: int) -> None:
    assert percentile_interval(np.concatenate([np.full(undefined, np.nan), np.ones(1000 - undefined)])) is None


def test_there_is_no_interval_without_draws() -> None:
    assert percentile_interval(np.array([])) is None


def test_there_is_no_interval_for_too_few_concepts() -> None:
    units, index = unit_vectors({"en": np.eye(3), "de": np.eye(3)[::-1] + 0.5}), aligned_index(3, ["en", "de"])
    spread = semantic_affinity(units, index).concept_spread
    draws = affinity_draws(units, index, spread, concept_weights(3, 999, 0)).affinity
    times = list(product(range(3), repeat=3))
    alone = sum(len(set(drawn)) == 1 for drawn in times) / len(times)
    assert np.isnan(draws).mean() == pytest.approx(alone, abs=0.04)
    assert percentile_interval(draws) is None


# Pairs of languages


def test_a_resampled_pair_of_languages_is_the_affinity_of_those_two_with_their_own_spreads() -> None:
    rng = np.random.default_rng(5)
    n, tags = 12, ("en", "ar", "zh")
    vectors = {tag: rng.standard_normal((n, 6)) for tag in tags}
    index = aligned_index(n, tags)
    units = unit_vectors(vectors)
    spreads = concept_pair_spreads(units, index)
    weights = np.vstack([np.ones(n), concept_weights(n, 20, 1)])
    whole = semantic_affinity(vectors, index)
    drawn = affinity_draws(units, index, whole.concept_spread, weights)
    found = pair_affinity_draws(spreads, drawn.language_spread, weights)
    np.testing.assert_allclose(found[0], whole.pair_affinity[np.triu_indices(3, 1)])
    for column, (a, b) in enumerate([("en", "ar"), ("en", "zh"), ("ar", "zh")]):
        two = {tag: units[tag] for tag in (a, b)}
        pair = aligned_index(n, (a, b))
        alone = affinity_draws(two, pair, semantic_affinity(two, pair).concept_spread, weights).affinity
        np.testing.assert_allclose(found[:, column], alone)


def test_intervals_of_many_columns_are_those_of_each() -> None:
    draws = np.random.default_rng(0).standard_normal((400, 4))
    draws[:10, 1] = np.nan
    draws[:30, 2] = np.nan
    low, high = percentile_intervals(draws, 0.9)
    for column in range(4):
        alone = percentile_interval(draws[:, column], 0.9)
        assert (alone is None) == np.isnan(low[column]) == np.isnan(high[column])
        if alone:
            assert (low[column], high[column]) == pytest.approx((alone.low, alone.high))
    assert np.isnan(low).tolist() == [False, False, True, False]
    assert [part.shape for part in percentile_intervals(np.empty((5, 0)))] == [(0,), (0,)]


@pytest.mark.parametrize("n_dims", [3, 40])
def test_lists_without_gaps_take_a_shorter_way_to_the_same_null(n_dims: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    vectors = {tag: rng.standard_normal((15, n_dims)) + 0.5 for tag in ("en", "ar", "zh", "hi")}
    index, units = aligned_index(15, list(vectors)), unit_vectors(vectors)
    weights = np.vstack([concept_weights(15, 30, 2), 15 * np.eye(15)[:1]])
    spread = semantic_affinity(vectors, index).concept_spread
    short = affinity_draws(units, index, spread, weights).null_spread
    calls = []
    monkeypatch.setattr(resampling, "cell_means", lambda *told: calls.append(told) or _with_a_gap(*told))
    long = affinity_draws(units, index, spread, weights).null_spread
    assert calls
    np.testing.assert_allclose(short, long, rtol=0, atol=1e-12)
    assert np.isnan(short[-1]), "one concept drawn again and again has no other"


def _with_a_gap(units: dict[str, FloatArray], index: ConceptIndex) -> tuple[FloatArray, FloatArray]:
    """The cells and, never drawn from, one that is empty: a language beside them all that renders nothing."""
    means, held = cell_means(units, index)
    empty = np.zeros((len(means), 1, means.shape[2]))
    return np.concatenate([means, empty], axis=1), np.concatenate([held, np.zeros((len(held), 1))], axis=1)

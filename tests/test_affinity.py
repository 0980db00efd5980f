"""Semantic Affinity against its definition, worked out pair by pair in exact arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from vectors_strategy import (
    Words,
    affinity_by_definition,
    centred_by_definition,
    cosine,
    euclidean_by_definition,
    exact_unit,
    random_words,
    reference_by_definition,
    words,
)

from generator.errors import MeasureUndefinedError
from generator.measures import Affinity, AffinitySums, ConceptIndex, Incidence, aligned_index, blocks, semantic_affinity
from generator.measures.affinity import (
    LEAST_SPREAD,
    affinity_of,
    affinity_sums,
    centred_vectors,
    concept_pair_spreads,
    euclidean_affinity,
    mean_pairwise_spread,
    reference_affinity,
    unit_vectors,
)
from generator.measures.index import FloatArray, VectorArray

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

TOLERANCE = 1e-12
UNBOUNDED = ("ratio", "chance_corrected")

examples = settings(deadline=None, database=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

Variant = Callable[[Mapping[str, VectorArray], ConceptIndex], float]


def sa(vectors: Mapping[str, VectorArray], concepts: ConceptIndex) -> float:
    return semantic_affinity(vectors, concepts).value


VARIANTS: list[Variant] = [sa, reference_affinity, euclidean_affinity]


def is_exactly(measured: float, exact: Decimal | None) -> bool:
    """Whether a number is within 1e-12 of its exact value, or NaN where there is none."""
    if exact is None:
        return bool(np.isnan(measured))
    return bool(np.isfinite(measured)) and abs(Decimal(float(measured)) - exact) < Decimal(TOLERANCE)


def assert_equal_parts(found: Affinity, expected: Affinity, tolerance: float = TOLERANCE) -> None:
    """Every field and every derived value agrees, arrays and NaN included; the two without bounds relatively."""
    fields = [field.name for field in dataclasses.fields(Affinity) if field.name != "languages"]
    for name in (*fields, "null", "concept_affinity", "pair_affinity", *UNBOUNDED):
        np.testing.assert_allclose(
            getattr(found, name),
            getattr(expected, name),
            rtol=1e3 * tolerance if name in UNBOUNDED else 0,
            atol=tolerance,
            err_msg=name,
            strict=True,
        )


def directions(n: int, n_dims: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((n, n_dims))


# The definition


@given(words())
@examples
def test_semantic_affinity_and_all_its_parts_follow_the_definition(drawn: Words) -> None:
    exact = affinity_by_definition(drawn)
    if exact.value is None:
        with pytest.raises(MeasureUndefinedError):
            semantic_affinity(drawn.vectors, drawn.index)
        return
    found = semantic_affinity(drawn.vectors, drawn.index)
    assert found.languages == tuple(drawn.cells)
    assert is_exactly(found.value, exact.value)
    assert is_exactly(found.inter_spread, exact.inter)
    assert is_exactly(found.intra_spread, exact.intra)
    assert found.ratio == pytest.approx(float(exact.inter / exact.intra), rel=1e-9, abs=TOLERANCE)
    for tag, spread in zip(found.languages, found.language_spread, strict=True):
        assert is_exactly(spread, exact.languages[tag]), tag
    for concept, spread in enumerate(exact.concepts):
        assert is_exactly(found.concept_spread[concept], spread), concept
        value = None if spread is None else 1 / (1 + spread / exact.intra)
        assert is_exactly(found.concept_affinity[concept], value), concept


@given(words())
@examples
def test_language_pairs_follow_the_definition_in_both_directions(drawn: Words) -> None:
    exact = affinity_by_definition(drawn)
    assume(exact.value is not None)
    found = semantic_affinity(drawn.vectors, drawn.index)
    assert np.isnan(np.diag(found.pair_spread)).all()
    assert np.isnan(np.diag(found.pair_affinity)).all()
    for i, j in permutations(range(len(found.languages)), 2):
        pair = found.languages[min(i, j)], found.languages[max(i, j)]
        assert is_exactly(found.pair_spread[i, j], exact.pair_spread[pair]), pair
        assert is_exactly(found.pair_affinity[i, j], exact.pair_value[pair]), pair
        assert found.pair_concepts[i, j] == exact.pair_concepts[pair], pair


@given(words())
@examples
def test_null_enumerates_the_cells_of_different_concepts(drawn: Words) -> None:
    exact = affinity_by_definition(drawn)
    assume(exact.value is not None)
    found = semantic_affinity(drawn.vectors, drawn.index)
    assert is_exactly(found.null_spread, exact.null_spread)
    if exact.null_spread is None:
        assert np.isnan(found.null)
        assert np.isnan(found.chance_corrected)
        return
    assert is_exactly(found.null, 1 / (1 + exact.null_spread / exact.intra))
    if exact.null_spread < Decimal(LEAST_SPREAD):
        assert np.isnan(found.chance_corrected)
    else:
        expected = float(1 - exact.inter / exact.null_spread)
        assert found.chance_corrected == pytest.approx(expected, rel=1e-9, abs=TOLERANCE)


@given(words())
@examples
def test_centred_affinity_follows_the_definition(drawn: Words) -> None:
    exact = centred_by_definition(drawn)
    if exact is None:
        with pytest.raises(MeasureUndefinedError):
            centred_vectors(drawn.vectors)
        return
    centred = centred_vectors(drawn.vectors)
    for rows in centred.values():
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-14)
    if exact.value is None:
        with pytest.raises(MeasureUndefinedError):
            semantic_affinity(centred, drawn.index)
    else:
        assert is_exactly(semantic_affinity(centred, drawn.index).value, exact.value)


@given(words())
@examples
def test_reference_affinity_follows_the_definition(drawn: Words) -> None:
    exact = reference_by_definition(drawn)
    if exact is None:
        with pytest.raises(MeasureUndefinedError):
            reference_affinity(drawn.vectors, drawn.index)
    else:
        assert is_exactly(reference_affinity(drawn.vectors, drawn.index), exact)


@given(words())
@examples
def test_euclidean_affinity_follows_the_definition(drawn: Words) -> None:
    exact = euclidean_by_definition(drawn)
    if exact is None:
        with pytest.raises(MeasureUndefinedError):
            euclidean_affinity(drawn.vectors, drawn.index)
    else:
        assert is_exactly(euclidean_affinity(drawn.vectors, drawn.index), exact)


@given(words(one_rendering=True))
@examples
def test_reference_affinity_is_semantic_affinity_when_every_cell_has_one_rendering(drawn: Words) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    found = reference_affinity(drawn.vectors, drawn.index)
    assert found == pytest.approx(sa(drawn.vectors, drawn.index), abs=TOLERANCE, rel=0)


@pytest.mark.parametrize("seed", range(3))
def test_every_variant_follows_the_definition_in_many_dimensions(seed: int) -> None:
    drawn = random_words(seed)
    centred = centred_by_definition(drawn)
    assert centred is not None
    exact = affinity_by_definition(drawn)
    found = semantic_affinity(drawn.vectors, drawn.index)
    assert is_exactly(found.value, exact.value)
    assert is_exactly(found.null, 1 / (1 + exact.null_spread / exact.intra))
    assert is_exactly(sa(centred_vectors(drawn.vectors), drawn.index), centred.value)
    assert is_exactly(reference_affinity(drawn.vectors, drawn.index), reference_by_definition(drawn))
    assert is_exactly(euclidean_affinity(drawn.vectors, drawn.index), euclidean_by_definition(drawn))


def test_a_list_small_enough_to_work_out_by_hand() -> None:
    east, north, west, south = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    vectors = {"en": np.stack([east, north]), "de": np.stack([east, west, north]), "fr": np.stack([south, east])}
    cells = {"en": ((0,), (1,), ()), "de": ((0, 1), (2,), (0,)), "fr": ((), (0,), (1,))}
    found = semantic_affinity(vectors, Words(vectors, cells).index)
    # en: east-north 1. de: east-west 2, east-north 1, west-north 1. fr: south-east 1.
    assert found.language_spread == pytest.approx([1, 4 / 3, 1])
    # 1: east to east and west, 0 and 2. 2: north-north 0, north-south 2, north-south 2. 3: east-east 0.
    assert found.concept_spread == pytest.approx([1, 4 / 3, 0])
    assert found.inter_spread == pytest.approx(7 / 9)
    assert found.intra_spread == pytest.approx(10 / 9)
    assert found.value == pytest.approx(10 / 17)
    assert found.concept_affinity == pytest.approx([10 / 19, 5 / 11, 1])
    # en-de: 1 and 0. en-fr: 2. de-fr: 2 and 0.
    assert found.pair_spread[[0, 0, 1], [1, 2, 2]] == pytest.approx([1 / 2, 2, 1])
    assert found.pair_affinity[[0, 0, 1], [1, 2, 2]] == pytest.approx([7 / 10, 1 / 3, 7 / 13])
    # en1-de2 1, en1-de3 0, en2-de1 1, en2-de3 1; en1-fr2 1, en1-fr3 0, en2-fr3 1;
    # de1-fr2 1, de1-fr3 1, de2-fr3 1, de3-fr2 1.
    assert found.null_pair_spread[[0, 0, 1], [1, 2, 2]] == pytest.approx([3 / 4, 2 / 3, 1])
    assert found.null_spread == pytest.approx((3 / 4 + 2 / 3 + 1) / 3)


# The null


@pytest.mark.parametrize("centred", [False, True])
def test_null_is_the_mean_over_random_reassignments(centred: bool) -> None:
    n_concepts, rng = 9, np.random.default_rng(1)
    meaning = directions(n_concepts, 12)
    vectors = {tag: meaning + 0.5 * directions(n_concepts, 12, seed) for seed, tag in enumerate(("en", "zh", "ar"), 1)}
    if centred:
        vectors = centred_vectors({tag: rows + seed for seed, (tag, rows) in enumerate(vectors.items())})
    index = aligned_index(n_concepts, list(vectors))
    found = semantic_affinity(vectors, index)
    spreads = []
    while len(spreads) < 400:
        orders = [rng.permutation(n_concepts) for _ in vectors]
        if any((a == b).any() for a, b in combinations(orders, 2)):
            continue
        reassigned = {tag: rows[order] for (tag, rows), order in zip(vectors.items(), orders, strict=True)}
        shuffled = semantic_affinity(reassigned, index)
        assert shuffled.intra_spread == pytest.approx(found.intra_spread), "a reassignment moves V alone"
        spreads.append(shuffled.inter_spread)
    standard_error = np.std(spreads, ddof=1) / np.sqrt(len(spreads))
    assert abs(np.mean(spreads) - found.null_spread) < 4 * standard_error
    with_own_concepts = (8 * found.null_spread + found.inter_spread) / 9
    assert abs(np.mean(spreads) - with_own_concepts) > 8 * standard_error, "the test could not tell c = c' in from out"


def test_null_is_half_for_random_directions_and_falls_with_the_offset_between_languages() -> None:
    def null(offset: float) -> float:
        shift = offset * np.eye(64)[0]
        return semantic_affinity(
            {"en": directions(300, 64, 1), "zh": directions(300, 64, 2) + 8 * shift}, aligned_index(300, ["en", "zh"])
        ).null

    assert null(0) == pytest.approx(0.5, abs=0.005)
    assert null(0) > null(0.5) > null(2)


def test_chance_corrected_is_one_for_coinciding_and_about_zero_for_unrelated_translations() -> None:
    index = aligned_index(200, ["en", "zh"])
    same = directions(200, 32, 1)
    assert semantic_affinity({"en": same, "zh": same}, index).chance_corrected == 1
    unrelated = semantic_affinity({"en": same, "zh": directions(200, 32, 2)}, index)
    assert unrelated.chance_corrected == pytest.approx(0, abs=0.05)


def test_chance_has_no_value_when_there_is_one_concept() -> None:
    alone = {"en": np.eye(3)[:2], "de": np.eye(3)[1:]}
    one_concept = ConceptIndex(1, dict.fromkeys(alone, Incidence(np.arange(2), np.zeros(2, dtype=np.int64))))
    found = semantic_affinity(alone, one_concept)
    assert found.value == pytest.approx(4 / 7)
    assert np.isnan([found.null_spread, found.null, found.chance_corrected]).all()


@pytest.mark.parametrize("seed", range(10))
def test_there_is_no_chance_to_correct_for_where_other_words_coincide(seed: int) -> None:
    pair = directions(2, 9, seed)
    swapped = semantic_affinity({"en": pair, "de": pair[::-1] * 3}, aligned_index(2, ["en", "de"]))
    assert swapped.null == pytest.approx(1, abs=TOLERANCE)
    assert np.isnan(swapped.chance_corrected)


# Invariances


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(3))
def test_rotating_all_vectors_changes_nothing(variant: Variant, seed: int) -> None:
    drawn = random_words(seed)
    rotation = np.linalg.qr(directions(16, 16, seed)).Q
    turned = {tag: rows @ rotation for tag, rows in drawn.vectors.items()}
    assert variant(turned, drawn.index) == pytest.approx(variant(drawn.vectors, drawn.index), abs=TOLERANCE, rel=0)
    assert_equal_parts(semantic_affinity(turned, drawn.index), semantic_affinity(drawn.vectors, drawn.index))


@given(words(), st.integers(0, 2**32))
@examples
def test_the_lengths_of_vectors_do_not_matter(drawn: Words, seed: int) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    rng = np.random.default_rng(seed)
    scaled = {tag: rows * 10.0 ** rng.uniform(-150, 150, (len(rows), 1)) for tag, rows in drawn.vectors.items()}
    assert_equal_parts(semantic_affinity(scaled, drawn.index), semantic_affinity(drawn.vectors, drawn.index))


def test_the_lengths_of_vectors_do_not_matter_to_centred_and_reference_affinity() -> None:
    drawn = random_words(0)
    rng = np.random.default_rng(0)
    scaled = {tag: rows * rng.uniform(0.01, 100, (len(rows), 1)) for tag, rows in drawn.vectors.items()}
    centred, expected = centred_vectors(scaled), centred_vectors(drawn.vectors)
    assert_equal_parts(semantic_affinity(centred, drawn.index), semantic_affinity(expected, drawn.index))
    found = reference_affinity(scaled, drawn.index)
    assert found == pytest.approx(reference_affinity(drawn.vectors, drawn.index), abs=TOLERANCE, rel=0)


def test_a_common_scale_does_not_matter_to_euclidean_affinity_but_lengths_do() -> None:
    drawn = random_words(0)
    found = euclidean_affinity(drawn.vectors, drawn.index)
    scaled = {tag: 37.5 * rows for tag, rows in drawn.vectors.items()}
    assert euclidean_affinity(scaled, drawn.index) == pytest.approx(found, abs=TOLERANCE, rel=0)
    longer = {**drawn.vectors, "zh": 2 * drawn.vectors["zh"]}
    assert abs(euclidean_affinity(longer, drawn.index) - found) > 0.01


@given(words(), st.randoms(use_true_random=False))
@examples
def test_the_order_of_concepts_does_not_matter(drawn: Words, random: np.random.Generator) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    order = list(range(drawn.n_concepts))
    random.shuffle(order)
    other = drawn.reordered(order)
    found = semantic_affinity(drawn.vectors, drawn.index)
    moved = dataclasses.replace(found, concept_spread=found.concept_spread[order])
    assert_equal_parts(semantic_affinity(other.vectors, other.index), moved)


@given(words(), st.randoms(use_true_random=False))
@examples
def test_the_names_and_order_of_languages_do_not_matter(drawn: Words, random: np.random.Generator) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    order = list(range(len(drawn.cells)))
    random.shuffle(order)
    tags = list(drawn.cells)
    other = drawn.renamed({tags[i]: f"{tags[i]}-Latn" for i in order})
    found = semantic_affinity(drawn.vectors, drawn.index)
    moved = dataclasses.replace(
        found,
        language_spread=found.language_spread[order],
        pair_spread=found.pair_spread[np.ix_(order, order)],
        pair_concepts=found.pair_concepts[np.ix_(order, order)],
        null_pair_spread=found.null_pair_spread[np.ix_(order, order)],
    )
    again = semantic_affinity(other.vectors, other.index)
    assert again.languages == tuple(f"{tags[i]}-Latn" for i in order)
    assert_equal_parts(again, moved)


@given(words(), st.integers(0, 2**32))
@examples
def test_the_order_in_which_vectors_are_stored_does_not_matter(drawn: Words, seed: int) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    other = drawn.with_rows_reordered(seed)
    assert_equal_parts(semantic_affinity(other.vectors, other.index), semantic_affinity(drawn.vectors, drawn.index))
    if (expected := reference_by_definition(drawn)) is not None:
        assert is_exactly(reference_affinity(other.vectors, other.index), expected)


def test_the_order_of_the_vectors_mapping_does_not_matter() -> None:
    drawn = random_words(0)
    backwards = dict(reversed(drawn.vectors.items()))
    for variant in VARIANTS:
        found = variant(backwards, drawn.index)
        assert found == pytest.approx(variant(drawn.vectors, drawn.index), abs=TOLERANCE, rel=0)


@pytest.mark.parametrize("n_languages", [2, 3, 5, 8])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_identical_translations_give_exactly_one(n_languages: int, dtype: npt.DTypeLike) -> None:
    tags = [f"l{i}" for i in range(n_languages)]
    same = directions(40, 33).astype(dtype)
    found = semantic_affinity(dict.fromkeys(tags, same), aligned_index(40, tags))
    assert found.value == 1
    assert (found.concept_affinity == 1).all()
    assert (found.pair_affinity[~np.eye(n_languages, dtype=bool)] == 1).all()
    assert sa(centred_vectors(dict.fromkeys(tags, same)), aligned_index(40, tags)) == 1
    assert reference_affinity(dict.fromkeys(tags, same), aligned_index(40, tags)) == 1
    assert euclidean_affinity(dict.fromkeys(tags, same), aligned_index(40, tags)) == 1


def test_identical_translations_give_exactly_one_when_some_are_missing() -> None:
    same = directions(10, 7)
    held = {"en": np.arange(10), "de": np.arange(0, 10, 2), "fr": np.arange(1, 9)}
    index = ConceptIndex(10, {tag: Incidence(np.arange(len(c)), c) for tag, c in held.items()})
    assert sa({tag: same[concepts] for tag, concepts in held.items()}, index) == 1


@pytest.mark.parametrize("vectors_at_a_time", [1, 2, 5, 15])
def test_chunking_does_not_change_anything(vectors_at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random_words(0)
    whole = semantic_affinity(drawn.vectors, drawn.index)
    monkeypatch.setattr(blocks, "CHUNK_BYTES", vectors_at_a_time * 8 * 16)
    assert_equal_parts(semantic_affinity(drawn.vectors, drawn.index), whole, 1e-14)


# Sums over shards


def sums_of(part: Words) -> AffinitySums:
    return affinity_sums(unit_vectors(part.vectors), part.index)


@given(words(shared=False), st.lists(st.integers(0, 2), min_size=6, max_size=6))
@examples
def test_sums_over_disjoint_shards_add_up_to_the_whole(drawn: Words, shard_of: list[int]) -> None:
    assume(affinity_by_definition(drawn).value is not None)
    whole = semantic_affinity(drawn.vectors, drawn.index)
    shards = [[c for c in range(drawn.n_concepts) if shard_of[c] == shard] for shard in range(3)]
    first, second, third = (sums_of(drawn.part(chosen)) for chosen in shards)
    for added in ((first + second) + third, first + (second + third), third + first + second):
        assert_equal_parts(affinity_of(added, whole.concept_spread), whole)


def test_shards_far_from_each_other_add_up_to_the_whole() -> None:
    near, far = directions(20, 9) + 5, directions(20, 9, 1) - 5
    units = unit_vectors({"en": np.vstack([near, far]), "de": np.vstack([near, far])[::-1]})
    whole = affinity_sums(units, aligned_index(40, ["en", "de"]))
    halves = [
        affinity_sums({tag: rows[chosen] for tag, rows in units.items()}, aligned_index(20, ["en", "de"]))
        for chosen in (slice(20), slice(20, None))
    ]
    added = halves[0] + halves[1]
    for part in dataclasses.fields(AffinitySums)[1:]:
        np.testing.assert_allclose(getattr(added, part.name), getattr(whole, part.name), rtol=0, atol=TOLERANCE)


def test_sums_of_different_languages_cannot_be_added() -> None:
    vectors = {"en": np.eye(2), "de": np.eye(2), "fr": np.eye(2)}
    english = affinity_sums({t: vectors[t] for t in ("en", "de")}, aligned_index(2, ["en", "de"]))
    french = affinity_sums({t: vectors[t] for t in ("fr", "de")}, aligned_index(2, ["fr", "de"]))
    with pytest.raises(ValueError, match=r"'en', 'de'.*'fr', 'de'"):
        _ = english + french


# Numerical stability


def nearly(rows: FloatArray, distance: float, seed: int) -> FloatArray:
    """Rows moved a little, so that their cosine distance from where they were is about ``distance``."""
    units = unit_vectors({"": rows})[""]
    return units + np.sqrt(2 * distance / rows.shape[1]) * directions(*rows.shape, seed)


def exact_spread(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.array([float(cosine(exact_unit(u), exact_unit(v))) for u, v in zip(a, b, strict=True)])


@pytest.mark.parametrize("distance", [1e-10, 1e-13, 1e-16])
def test_tiny_distances_between_translations_keep_their_digits(distance: float) -> None:
    english = directions(6, 24)
    german = nearly(english, distance, 1)
    exact = exact_spread(english, german)
    assert distance / 5 < exact.mean() < distance * 5
    found = semantic_affinity({"en": english, "de": german}, aligned_index(6, ["en", "de"]))
    np.testing.assert_allclose(found.concept_spread, exact, rtol=1e-6)
    assert found.inter_spread == pytest.approx(exact.mean(), rel=1e-6, abs=0)


def test_a_third_language_far_away_leaves_tiny_distances_their_digits() -> None:
    english = directions(6, 24)
    german = nearly(english, 1e-16, 1)
    vectors = {"en": english, "de": german, "zh": -english}
    found = semantic_affinity(vectors, aligned_index(6, list(vectors)))
    assert found.pair_spread[0, 1] == pytest.approx(exact_spread(english, german).mean(), rel=1e-6, abs=0)


def test_tiny_distances_within_a_cell_keep_their_digits() -> None:
    english = directions(5, 24)
    synonyms = np.concatenate([nearly(english, 1e-16, seed) for seed in (1, 2, 3)])
    concepts = np.arange(5)
    index = ConceptIndex(
        5,
        {
            "en": Incidence(concepts, concepts),
            "de": Incidence(np.arange(15).reshape(3, 5).T.ravel(), np.repeat(concepts, 3)),
        },
    )
    found = concept_pair_spreads(unit_vectors({"en": english, "de": synonyms}), index)[:, 0, 1]
    exact = np.mean([exact_spread(english, synonyms[start : start + 5]) for start in (0, 5, 10)], axis=0)
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_tiny_distances_within_a_language_keep_their_digits() -> None:
    rows = nearly(np.repeat(directions(1, 24), 7, axis=0), 1e-16, 1)
    units = unit_vectors({"en": rows, "de": rows})
    exact = np.mean([exact_spread(rows[[i]], rows[[j]])[0] for i, j in combinations(range(7), 2)])
    assert 2e-17 < exact < 1e-15
    assert mean_pairwise_spread(units["en"]) == pytest.approx(exact, rel=1e-6, abs=0)
    sums = affinity_sums(units, aligned_index(7, ["en", "de"]))
    assert sums.scatter[0] / (sums.n_renderings[0] - 1) == pytest.approx(exact, rel=1e-6, abs=0)


def test_shards_keep_the_digits_of_tiny_distances() -> None:
    rows = nearly(np.repeat(directions(1, 24), 8, axis=0), 1e-16, 1)
    units = unit_vectors({"en": rows, "de": rows})
    parts = [
        affinity_sums({tag: u[chosen] for tag, u in units.items()}, aligned_index(len(chosen), ["en", "de"]))
        for chosen in (np.arange(3), np.arange(3, 8))
    ]
    added = parts[0] + parts[1]
    assert added.scatter[0] / 7 == pytest.approx(mean_pairwise_spread(units["en"]), rel=1e-6, abs=0)


@pytest.mark.parametrize("length", [5e-324, 1e-310, 1e-200, 1e200, 1e308])
def test_very_short_and_very_long_vectors_have_a_direction(length: float) -> None:
    units = unit_vectors({"en": length * np.array([[1.0, 0], [1, 1], [0, -1]])})["en"]
    half = np.sqrt(0.5)
    np.testing.assert_allclose(units, [[1, 0], [half, half], [0, -1]], rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_accumulation_is_in_float64_whatever_the_vectors_are(dtype: npt.DTypeLike) -> None:
    vectors = {tag: directions(30, 20, seed).astype(dtype) for seed, tag in enumerate(("en", "de"))}
    exact = {tag: rows.astype(np.float64) for tag, rows in vectors.items()}
    index = aligned_index(30, list(vectors))
    assert_equal_parts(semantic_affinity(vectors, index), semantic_affinity(exact, index), 0)
    assert euclidean_affinity(vectors, index) == euclidean_affinity(exact, index)


# Where there is no value


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("tags", [[], ["en"]])
def test_fewer_than_two_languages_are_refused_with_their_number(variant: Variant, tags: list[str]) -> None:
    with pytest.raises(MeasureUndefinedError, match=f"compares languages and there is {len(tags)}$"):
        variant(dict.fromkeys(tags, np.eye(3)), aligned_index(3, tags))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("count", [0, 1])
def test_a_language_with_too_few_renderings_is_named_with_their_number(variant: Variant, count: int) -> None:
    vectors = {"en": np.eye(3), "gsw": np.eye(3)[:count]}
    index = ConceptIndex(3, {tag: Incidence(np.arange(len(v)), np.arange(len(v))) for tag, v in vectors.items()})
    with pytest.raises(MeasureUndefinedError, match=f"gsw has {count} distinct rendering"):
        variant(vectors, index)


@pytest.mark.parametrize("variant", VARIANTS)
def test_languages_without_a_common_concept_are_refused(variant: Variant) -> None:
    index = ConceptIndex(
        4, {"en": Incidence(np.arange(2), np.array([0, 1])), "de": Incidence(np.arange(2), np.array([2, 3]))}
    )
    with pytest.raises(MeasureUndefinedError, match="no concept is rendered in two languages"):
        variant({"en": np.eye(2), "de": np.eye(2)}, index)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("bad", "kind"), [(0.0, "zero"), (np.nan, "not finite"), (np.inf, "not finite"), (-np.inf, "not finite")]
)
def test_faulty_vectors_are_counted_and_the_first_is_named(variant: Variant, bad: float, kind: str) -> None:
    faulty = np.ones((5, 3))
    faulty[[2, 4]] = bad
    with pytest.raises(MeasureUndefinedError, match=f"2 vectors of zh are {kind}, the first in row 2"):
        variant({"en": np.eye(5, 3) + 1, "zh": faulty}, aligned_index(5, ["en", "zh"]))


def test_one_entry_that_is_not_finite_makes_a_vector_faulty() -> None:
    vectors = np.eye(3)
    vectors[1, 2] = np.nan
    with pytest.raises(MeasureUndefinedError, match="1 vectors of en are not finite, the first in row 1"):
        unit_vectors({"en": vectors})


@pytest.mark.parametrize("variant", VARIANTS)
def test_languages_of_different_dimensions_are_named_with_them(variant: Variant) -> None:
    with pytest.raises(MeasureUndefinedError, match="different dimensions: en 3, de 4"):
        variant({"en": np.eye(3), "de": np.eye(3, 4)}, aligned_index(3, ["en", "de"]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_coinciding_renderings_are_refused_with_their_spread(variant: Variant) -> None:
    same = np.repeat(directions(1, 5), 4, axis=0)
    with pytest.raises(MeasureUndefinedError, match=r"H is \d\.\de[+-]\d+: the renderings of each language coincide"):
        variant({"en": same, "de": -same}, aligned_index(4, ["en", "de"]))


@pytest.mark.parametrize(("spread", "defined"), [(0.9e-9, False), (1.1e-9, True)])
def test_a_spread_of_a_billionth_is_the_least(spread: float, defined: bool) -> None:
    angle = np.arccos(1 - 1e6 * spread) / 1e3
    pair = np.array([[1, 0], [np.cos(angle), np.sin(angle)]])
    vectors, index = {"en": pair, "de": pair}, aligned_index(2, ["en", "de"])
    if defined:
        assert semantic_affinity(vectors, index).intra_spread == pytest.approx(spread, rel=1e-3)
    else:
        with pytest.raises(MeasureUndefinedError, match=r"H is 9\.0e-10"):
            semantic_affinity(vectors, index)


def test_a_language_whose_renderings_coincide_does_not_stop_the_others() -> None:
    same = np.repeat(directions(1, 5), 4, axis=0)
    vectors = {"en": directions(4, 5, 1), "de": directions(4, 5, 2), "zh": same, "ja": -same}
    found = semantic_affinity(vectors, aligned_index(4, list(vectors)))
    assert 0 < found.value < 1
    assert found.language_spread[2] == pytest.approx(0, abs=1e-15)
    assert np.isnan(found.pair_affinity[2, 3]), "H of zh and ja is zero, so SA(zh, ja) has no value"
    assert np.isfinite(found.pair_affinity[[0, 0, 0, 1, 1], [1, 2, 3, 2, 3]]).all()


@pytest.mark.parametrize("seed", range(20))
def test_renderings_on_their_language_mean_cannot_be_centred(seed: int) -> None:
    rng = np.random.default_rng(seed)
    same = np.repeat(rng.standard_normal((1, 11)), int(rng.integers(2, 9)), axis=0)
    same *= rng.uniform(0.1, 10, (len(same), 1))
    with pytest.raises(MeasureUndefinedError, match="zh"):
        centred_vectors({"en": directions(4, 11), "zh": same})


def test_centring_takes_a_common_offset_away() -> None:
    meaning = directions(200, 64)
    noisy = {tag: meaning + 0.3 * directions(200, 64, seed) for seed, tag in enumerate(("en", "zh"), 1)}
    offset = {tag: rows + 16 * np.eye(64)[i] for i, (tag, rows) in enumerate(noisy.items())}
    index = aligned_index(200, ["en", "zh"])
    assert sa(offset, index) < 0.4
    assert sa(centred_vectors(offset), index) == pytest.approx(sa(noisy, index), abs=0.03)


# The reference variant, by hand


def test_reference_affinity_by_hand() -> None:
    east, north, west = np.array([[1.0, 0], [0, 1], [-1, 0]])
    # Row 1: en "a|b", de "x". Row 2: en "c", de "y|x". Row 3: en "b|d", de "z".
    vectors = {"en": np.stack([east, west, north, west]), "de": np.stack([east, north, west])}
    index = Words(vectors, {"en": ((0, 1), (2,), (1, 3)), "de": ((0,), (1, 0), (2,))}).index
    # Tuples: a-x 0, b-x 2; c-y 0, c-x 1; b-z 0, d-z 0.
    inter = 3 / 6
    # b first stands behind a and takes its vector, d behind b; en is then east, east, north, west.
    # x stands first in its first row and keeps its own; y and z stand first; de is east, north, west.
    intra = ((0 + 1 + 2 + 1 + 2 + 1) / 6 + (1 + 2 + 1) / 3) / 2
    assert reference_affinity(vectors, index) == pytest.approx(1 / (1 + inter / intra), abs=1e-15)
    # Each concept once, each rendering with a vector of its own: en is east, west, north, west.
    own = ((2 + 1 + 2 + 1 + 0 + 1) / 6 + (1 + 2 + 1) / 3) / 2
    assert sa(vectors, index) == pytest.approx(1 / (1 + ((0 + 2) / 2 + (0 + 1) / 2 + 0) / 3 / own), abs=1e-15)


def test_reference_affinity_weighs_a_concept_by_the_product_of_its_cells() -> None:
    east, north = np.eye(2)
    vectors = {"en": np.stack([east, north]), "de": np.stack([east, north]), "fr": np.stack([east, north])}
    cells = {"en": ((0, 1), (0,)), "de": ((0, 1), (0,)), "fr": ((0,), (0, 1))}
    # Eight pairs of (en, de, fr) in row 1: four tuples; in row 2: two. Distances are 0 or 1.
    first, second = (0 + 2 + 2 + 2) / 3 / 4, (0 + 2) / 3 / 2
    # north stands behind east in row 1 (en, de) or row 2 (fr) and takes its vector, so H would be zero.
    with pytest.raises(MeasureUndefinedError, match="coincide"):
        reference_affinity(vectors, Words(vectors, cells).index)
    vectors = {tag: np.vstack([rows, -east]) for tag, rows in vectors.items()}
    cells = {tag: (*filled, (2,)) for tag, filled in cells.items()}
    intra = (0 + 2 + 2) / 3
    inter = (4 * first + 2 * second + 0) / 7
    found = reference_affinity(vectors, Words(vectors, cells).index)
    assert found == pytest.approx(1 / (1 + inter / intra), abs=1e-15)


# The index


def test_an_index_refuses_rows_that_do_not_match_and_concepts_that_go_back() -> None:
    with pytest.raises(ValueError, match="en: 3 rows for 2 concepts"):
        ConceptIndex(3, {"en": Incidence(np.arange(3), np.arange(2))})
    with pytest.raises(ValueError, match="de: concepts must not decrease"):
        ConceptIndex(3, {"de": Incidence(np.arange(3), np.array([0, 2, 1]))})


def test_an_incidence_counts_the_renderings_of_each_concept() -> None:
    assert Incidence(np.arange(4), np.array([0, 0, 2, 3])).counts == {0: 2, 2: 1, 3: 1}

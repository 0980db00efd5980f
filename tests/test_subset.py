"""The score of some languages from a stored result, against measuring the dataset restricted to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from generator import alignment
from generator.datasets import Card, Concept, Dataset
from generator.models import Model
from generator.pair import Parameters, measure_pair
from generator.result_store import from_json
from generator.results import PairResult, to_json
from generator.subset import SubsetScore, subset_score

MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=50, layout=None)
TAGS = ("en", "zh", "ar", "hi", "und-Zsye")
N_CONCEPTS = 24
DIGITS = 1e-6


def words(gaps: float, seed: int = 0) -> Dataset:
    """Up to three renderings a cell, some shared by concepts, and a share of the cells empty."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            tag: tuple(f"{tag} {rng.integers(60)}{mark}" for mark in "अ水🌊"[: rng.integers(1, 4)])
            for tag in TAGS
            if rng.random() >= gaps
        }
        for _ in range(N_CONCEPTS)
    ]
    return dataset_of([row for row in rows if len(row) > 1], TAGS)


def dataset_of(rows: list[dict[str, tuple[str, ...]]], tags: tuple[str, ...], *, translated: bool = True) -> Dataset:
    concepts = tuple(Concept(f"概念 {i}", row) for i, row in enumerate(rows))
    return Dataset("test", Card("Test", translated=translated), tags, concepts)


def vector(text: str) -> np.ndarray:
    language, rng = TAGS.index(text.partition(" ")[0]), np.random.default_rng(list(text.encode()))
    return rng.standard_normal(6) + 0.8 * np.eye(6)[language]


def measured(dataset: Dataset, languages: Collection[str] = TAGS) -> PairResult:
    """The result of the dataset restricted to some languages, as it is stored."""
    tags = tuple(tag for tag in TAGS if tag in languages)
    rows = [{tag: c.renderings[tag] for tag in tags if tag in c.renderings} for c in dataset.concepts]
    restricted = dataset_of([row for row in rows if row], tags)
    vectors = {tag: np.stack([vector(text) for text in restricted.renderings[tag]]) for tag in tags}
    stored = from_json(to_json(measure_pair(restricted, MODEL, vectors, NO_MAP).result))
    assert isinstance(stored, PairResult)
    return stored


def stored_score(result: PairResult) -> tuple[float | None, ...]:
    assert result.measures
    of = result.measures
    return (of.semantic_affinity.value, of.null_sa, of.chance_corrected, of.inter_spread, of.intra_spread)


def told(score: SubsetScore | None) -> tuple[float | None, ...]:
    assert score
    return (score.affinity, score.null, score.above_chance, score.inter_spread, score.intra_spread)


SUBSETS = [subset for size in range(2, len(TAGS) + 1) for subset in combinations(TAGS, size)]


@pytest.mark.parametrize("gaps", [0.0, 0.4])
def test_every_choice_of_languages_scores_as_the_dataset_restricted_to_it(gaps: float) -> None:
    dataset = words(gaps)
    whole = measured(dataset)
    assert bool(whole.spread_groups) == (gaps > 0)
    for subset in SUBSETS:
        expected = measured(dataset, subset)
        found = subset_score(whole, subset)
        assert told(found) == pytest.approx(stored_score(expected), abs=DIGITS), subset
        assert found
        assert found.n_concepts == sum(concept.spread is not None for concept in expected.concepts), subset


def test_neither_the_mean_over_pairs_nor_over_their_concepts_would_do() -> None:
    whole = measured(words(0.4))
    pairs = [(pair.inter_spread, pair.n) for pair in whole.language_pairs]
    spreads, counts = np.array(pairs, dtype=float).T
    found = subset_score(whole, TAGS)
    assert found
    assert abs(spreads.mean() - found.inter_spread) > 100 * DIGITS
    assert abs(np.average(spreads, weights=counts) - found.inter_spread) > 100 * DIGITS


def test_without_its_groups_a_gappy_list_has_scores_of_two_languages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = words(0.4)
    numbers = sum(len(group.spreads) for group in measured(dataset).spread_groups)
    monkeypatch.setattr(alignment, "MOST_GROUP_SPREADS", numbers)
    assert measured(dataset).spread_groups
    monkeypatch.setattr(alignment, "MOST_GROUP_SPREADS", numbers - 1)
    bare = measured(dataset)
    assert bare.spread_groups == ()
    for subset in SUBSETS:
        found = subset_score(bare, subset)
        if len(subset) == 2:
            assert told(found) == pytest.approx(stored_score(measured(dataset, subset)), abs=DIGITS), subset
        else:
            assert found is None


def test_languages_that_all_concepts_have_need_no_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "MOST_GROUP_SPREADS", 0)
    gaps_in_hindi = [{t: (f"{t} {i}",) for t in TAGS if t != "hi" or i % 3} for i in range(N_CONCEPTS)]
    dataset = dataset_of(gaps_in_hindi, TAGS)
    bare = measured(dataset)
    assert bare.spread_groups == ()
    without = ("en", "zh", "ar")
    assert told(subset_score(bare, without)) == pytest.approx(stored_score(measured(dataset, without)), abs=DIGITS)
    assert subset_score(bare, ("en", "zh", "hi")) is None


def test_groups_count_concepts_by_the_languages_they_are_rendered_in() -> None:
    dataset = words(0.4)
    rendered = [tuple(tag for tag in TAGS if tag in concept.renderings) for concept in dataset.concepts]
    groups = measured(dataset).spread_groups
    assert {group.languages: group.n for group in groups} == {tags: rendered.count(tags) for tags in rendered}
    assert all(len(group.spreads) == len(group.languages) * (len(group.languages) - 1) // 2 for group in groups)


def test_concepts_in_one_language_need_no_groups_but_count_in_its_spread() -> None:
    rows = [{tag: (f"{tag} {i}",) for tag in TAGS[: 3 if i % 4 else 1]} for i in range(N_CONCEPTS)]
    dataset = dataset_of(rows, TAGS[:3])
    whole = measured(dataset, TAGS[:3])
    assert whole.spread_groups == ()
    found = subset_score(whole, TAGS[1:3])
    assert found
    assert found.n_concepts == 18
    assert told(subset_score(whole, TAGS[:2])) == pytest.approx(stored_score(measured(dataset, TAGS[:2])), abs=DIGITS)


def test_what_is_not_defined_has_no_score() -> None:
    dataset = dataset_of(
        [{"en": (f"en {i}",), ("ar" if i % 2 else "zh"): (f"{'ar' if i % 2 else 'zh'} {i}",)} for i in range(12)],
        ("en", "zh", "ar"),
    )
    whole = measured(dataset, ("en", "zh", "ar"))
    assert subset_score(whole, ("en", "zh")) is not None
    assert subset_score(whole, ("zh", "ar")) is None, "no concept in common"
    assert subset_score(whole, ("en",)) is None
    assert subset_score(whole, ("en", "en")) is None
    with pytest.raises(ValueError, match="no fr, xx"):
        subset_score(whole, ("en", "xx", "fr"))
    flat = {tag: replace(record, intra_spread=1e-12) for tag, record in whole.languages.items()}
    assert subset_score(replace(whole, languages=flat), ("en", "zh")) is None


def test_letters_without_translations_have_no_score() -> None:
    letters = dataset_of(
        [{tag: (f"{tag} {i}",) for tag in ("en", "ar")} for i in range(8)], ("en", "ar"), translated=False
    )
    vectors = {tag: np.stack([vector(text) for text in texts]) for tag, texts in letters.renderings.items()}
    result = measure_pair(letters, MODEL, vectors, NO_MAP).result
    assert result.spread_groups == ()
    assert subset_score(result, ("en", "ar")) is None


def test_a_single_concept_has_a_score_without_a_null() -> None:
    found = subset_score(
        measured(dataset_of([{"en": ("en 1", "en 2"), "ar": ("ar 1", "ar 2")}], ("en", "ar")), ("en", "ar")),
        ("en", "ar"),
    )
    assert found
    assert (found.null, found.above_chance, found.n_concepts) == (None, None, 1)

"""Maps of very long lists: a sample of whole concepts, the same every time, said on the page."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_fixtures import measured, model, page_of, rendered

from generator import records
from generator.datasets import Card, Concept, Dataset
from generator.manifold import Layout
from generator.measures.affinity import unit_vectors
from generator.records import drawn_concepts, map_record
from generator.results import MapRecord, PairResult
from generator.site import links
from generator.site.figures import laid_out_concepts, shown_points
from generator.site.pair_page import map_summary

WordList = Callable[..., Dataset]
TAGS = ("en", "zh", "ar", "hi")


def concepts(kinds: Sequence[tuple[str, int, int]]) -> list[Concept]:
    """A concept per kind: its category, how many languages render it and in how many words each."""
    return [
        Concept(
            f"#{i}", {tag: tuple(f"{tag}水{i}.{j}" for j in range(n_words)) for tag in TAGS[:n_languages]}, category
        )
        for i, (category, n_languages, n_words) in enumerate(kinds)
    ]


def n_words(sample: Sequence[Concept]) -> int:
    return sum(len(texts) for concept in sample for texts in concept.renderings.values())


@given(
    st.lists(st.tuples(st.sampled_from(["plants", "天文", ""]), st.integers(1, 4), st.integers(1, 3)), min_size=1),
    st.integers(12, 300),
    st.integers(0, 2**32 - 1),
)
def test_a_sample_is_of_whole_concepts_in_their_order_and_no_longer_than_asked(
    kinds: list[tuple[str, int, int]], most: int, seed: int
) -> None:
    every = concepts(kinds)
    sample = drawn_concepts(every, most, seed)
    assert list(sample) == [concept for concept in every if concept in sample]
    assert 0 < n_words(sample) <= most
    assert (len(sample) == len(every)) == (n_words(every) <= most)
    assert sample == drawn_concepts(every, most, seed)


def test_a_sample_is_about_as_long_as_asked() -> None:
    every = concepts([("plants", 1 + i % 4, 1 + i % 3) for i in range(600)])
    assert 900 <= n_words(drawn_concepts(every, 1000, 0)) <= 1000


def test_every_category_and_coverage_has_its_share() -> None:
    kinds = [("plants", 4, 1)] * 300 + [("plants", 2, 1)] * 100 + [("天文", 3, 1)] * 150 + [("", 2, 1)] * 50
    every = concepts([kinds[i] for i in np.random.default_rng(0).permutation(len(kinds))])
    told = Counter((concept.category, len(concept.renderings)) for concept in every)
    for seed in range(8):
        sample = drawn_concepts(every, 500, seed)
        found = Counter((concept.category, len(concept.renderings)) for concept in sample)
        for kind, n in told.items():
            assert abs(found[kind] - n * len(sample) / len(every)) <= 1


def test_the_seed_decides_which_of_a_kind_are_drawn() -> None:
    every = concepts([("plants", 2, 1)] * 100)
    first, second = (drawn_concepts(every, 40, seed) for seed in (1, 2))
    assert len(first) == len(second) == 20
    assert first != second


def test_one_concept_is_drawn_even_if_it_is_too_long() -> None:
    assert len(drawn_concepts(concepts([("", 4, 3), ("", 4, 3)]), 5, 0)) == 1


# The map of a sample


@pytest.fixture
def drawn(word_list: WordList, monkeypatch: pytest.MonkeyPatch) -> tuple[Dataset, dict[str, np.ndarray], MapRecord]:
    """Twelve concepts, a map of at most 30 of their words, and the vectors."""
    monkeypatch.setattr(records, "MOST_POINTS", 30)
    dataset = word_list()
    rng = np.random.default_rng(0)
    units = unit_vectors({tag: rng.standard_normal((len(t), 8)) for tag, t in dataset.renderings.items()})
    return dataset, units, map_record(dataset, units, Layout())


def test_a_map_of_a_sample_says_its_size_and_has_every_word_of_it(
    drawn: tuple[Dataset, dict[str, np.ndarray], MapRecord],
) -> None:
    dataset, _, record = drawn
    sample = drawn_concepts(dataset.concepts, 30, Layout().seed)
    assert record.sample == len(sample) < len(dataset.concepts)
    assert {(p.language, p.text) for p in record.points} == {
        (tag, text) for concept in sample for tag, texts in concept.renderings.items() for text in texts
    }
    assert {point.concept for point in record.points} == {concept.id for concept in sample}
    assert record.quality is not None
    assert record.quality.distinct_points == len(record.points) <= 30


def test_words_of_a_sample_lie_as_on_a_map_of_those_concepts_alone(
    drawn: tuple[Dataset, dict[str, np.ndarray], MapRecord],
) -> None:
    dataset, units, record = drawn
    alone = dataclasses.replace(dataset, concepts=drawn_concepts(dataset.concepts, 30, Layout().seed))
    rows = {tag: [dataset.renderings[tag].index(text) for text in texts] for tag, texts in alone.renderings.items()}
    expected = map_record(alone, {tag: units[tag][i] for tag, i in rows.items()}, Layout())
    assert record.points == expected.points
    assert expected.sample is None


def test_a_word_is_named_after_a_concept_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both concepts have the word; only one of them is drawn."""
    monkeypatch.setattr(records, "MOST_POINTS", 8)
    texts = [("水", "a"), ("水", "b"), ("水", "c"), ("水", "d"), ("水", "e"), ("水", "f"), ("水", "g"), ("水", "h")]
    every = tuple(Concept(str(i), {"zh": (zh,), "en": (en, f"{en}!")}) for i, (zh, en) in enumerate(texts))
    dataset = Dataset("water", Card("Water"), ("zh", "en"), every)
    units = {tag: np.eye(len(t), 20) for tag, t in dataset.renderings.items()}
    record = map_record(dataset, units, Layout())
    sample = drawn_concepts(every, 8, Layout().seed)
    assert [point.concept for point in record.points if point.text == "水"] == [sample[0].id]


# The page of a sample


@pytest.fixture
def sampled(word_list: WordList) -> PairResult:
    """A result whose map has the words of six of twelve concepts."""
    result = measured(model(), word_list(slug="words"))
    assert result.map is not None
    kept = {concept.id for concept in result.concepts[::2]}
    words = {
        (tag, text)
        for concept in result.concepts
        if concept.id in kept
        for tag, texts in concept.renderings.items()
        for text in texts
    }
    points = tuple(point for point in result.map.points if (point.language, point.text) in words)
    return dataclasses.replace(result, map=dataclasses.replace(result.map, points=points, sample=len(kept)))


def test_the_concepts_of_a_sample_are_those_whose_words_are_all_there(sampled: PairResult) -> None:
    assert laid_out_concepts(sampled) == sampled.concepts[::2]
    assert sampled.map is not None
    assert shown_points(sampled) == sampled.map.points


def test_a_page_says_that_its_map_is_a_sample_and_which_concepts_it_has(
    sampled: PairResult, word_list: WordList
) -> None:
    first, second, *_ = map_summary(sampled)
    assert sampled.map is not None
    assert first == f"{len(sampled.map.points)} words for 6 of 12 concepts in 5 languages."
    assert "more than 20,000 words" in second
    path = links.pair_page(sampled.model.slug, "words")
    page = page_of(rendered([word_list(slug="words")], [sampled])[path])
    assert first in page.text
    table = page.one("table", id="words")
    assert table.one("thead").all("th")[-1].text == "On the map"
    told = {row.attributes.get("data-concept"): row.all("td")[-1].text for row in table.one("tbody").all("tr")}
    assert told == {None: "no", **{concept.id: "yes" for concept in sampled.concepts[::2]}}


def test_a_page_of_a_whole_map_says_nothing_of_samples(word_list: WordList) -> None:
    words = word_list(slug="words")
    result = measured(model(), words)
    page = page_of(rendered([words], [result])[links.pair_page(result.model.slug, "words")])
    assert "On the map" not in page.text
    assert "sample" not in " ".join(map_summary(result))

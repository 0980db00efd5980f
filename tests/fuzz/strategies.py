"""Arbitrary but valid benchmarks: words, cards, models and results of any text and number that the types allow."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import strategies as st
from site_fixtures import HOSTILE, SCRIPTS, Invented, failed, invented, measured, model

from generator.config import SiteEntry
from generator.datasets import Card, Concept, Dataset
from generator.results import Estimate, ModelRecord, Outcome

TAGS = ("en", "ar", "zh", "hi", "he", "mn-Mong", "sr-Latn")
texts = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=30),
    st.sampled_from([*HOSTILE, *SCRIPTS, "\u202eexe.txt", "a\u200bb", "=1+1", "\x1b[31m", "NUL", "..", "javascript:1"]),
)
words = texts.filter(lambda text: text.strip() and "|" not in text)
shares = st.floats(0.01, 1.0)


def cards() -> st.SearchStrategy[Card]:
    return st.builds(
        Card,
        name=texts,
        domain=texts,
        level=st.sampled_from(["word", "character", "number"]),
        description=texts,
        probes=texts,
        provenance=texts,
        licence=texts,
        link=texts,
        weaknesses=st.lists(texts, max_size=2).map(tuple),
        columns=st.dictionaries(words, texts, max_size=2),
        translated=st.booleans(),
    )


@st.composite
def datasets(draw: st.DrawFn, slug: str) -> Dataset:
    card = draw(cards())
    tags = tuple(draw(st.lists(st.sampled_from(TAGS), min_size=card.least_languages, max_size=4, unique=True)))
    concepts: list[Concept] = []
    for ident in draw(st.lists(words, min_size=2, max_size=5, unique=True)):
        spoken = draw(st.lists(st.sampled_from(tags), min_size=card.least_languages, max_size=len(tags), unique=True))
        cells = {
            tag: tuple(draw(st.lists(words, min_size=1, max_size=2, unique=True))) for tag in tags if tag in spoken
        }
        extra = {name: draw(texts) for name in card.columns}
        concepts.append(Concept(ident, cells, draw(texts), draw(texts), extra))
    return Dataset(slug, card, tags, tuple(concepts))


def models(name: str) -> st.SearchStrategy[ModelRecord]:
    told: dict[str, Any] = dict.fromkeys(
        ("source", "revision", "objective", "family", "architecture", "licence", "link", "note", "dtype"), texts
    )
    number = st.one_of(st.none(), st.integers(0, 10**13))
    return st.builds(
        lambda **given: dataclasses.replace(model(name), **given),
        **told,
        name=texts.map(lambda text: f"{text} {name}"),
        parameters=number,
        dimensions=number,
        released=st.one_of(st.none(), texts),
        languages=st.lists(texts, max_size=2).map(tuple),
        encoder=st.dictionaries(texts, st.one_of(texts, st.booleans(), st.integers(), st.none()), max_size=2),
    )


@st.composite
def outcomes(draw: st.DrawFn, of: ModelRecord, on: Dataset) -> Outcome:
    kind = draw(st.sampled_from(["measured", "no map", "failed"]))
    if kind == "failed":
        return failed(of, on, draw(texts))
    reason = draw(words) if kind == "no map" else ""
    centred, reach = draw(st.one_of(st.none(), shares)), draw(st.one_of(st.none(), st.floats(0.001, 0.3)))
    result = measured(of, on, draw(shares), reach=reach, no_map=reason, centred=centred, intra=draw(shares))
    if result.measures and draw(st.booleans()):
        undefined = draw(st.dictionaries(texts, texts, max_size=2))
        measures = dataclasses.replace(result.measures, undefined=undefined, null_sa=None, chance_corrected=None)
        result = dataclasses.replace(result, measures=dataclasses.replace(measures, centred_sa=Estimate(None)))
    told = dataclasses.replace(result.provenance, created=draw(st.one_of(st.just("2026-01-02"), texts)))
    return dataclasses.replace(result, provenance=told)


@st.composite
def benchmarks(draw: st.DrawFn) -> Invented:
    """One or two lists, up to three models, anything that can be known of each pair."""
    lists = [draw(datasets(slug)) for slug in ("first", "second")[: draw(st.integers(1, 2))]]
    records = [draw(models(name)) for name in ("one", "two", "three")[: draw(st.integers(1, 3))]]
    told = [draw(outcomes(record, each)) for each in lists for record in records if draw(st.booleans())]
    found = invented(lists, told)
    entry = SiteEntry(draw(texts), draw(texts), draw(texts), draw(texts))
    return Invented(dataclasses.replace(found.benchmark, site=entry), found.outcomes)

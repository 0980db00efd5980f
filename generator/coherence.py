"""Whether a stored result agrees with itself: every part speaks of languages and concepts that it has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from math import comb
from operator import attrgetter

from generator.results import Outcome, PairResult, SpreadGroup
from generator.slugs import is_slug


def incoherence(outcome: Outcome) -> str:
    """What in an outcome contradicts the rest of it; empty when nothing does.

    Pages are made of results without asking again, and their addresses of the slugs.
    """
    slugs = (outcome.model.slug, outcome.dataset.slug)
    if not all(map(is_slug, slugs)):
        return f"{next(slug for slug in slugs if not is_slug(slug))!r} is no slug"
    return next(_contradictions(outcome), "") if outcome.status == "ok" else ""


def _contradictions(result: PairResult) -> Iterator[str]:
    tags, ids = set(result.dataset.languages), {concept.id for concept in result.concepts}
    if len(tags) < len(result.dataset.languages):
        yield "dataset.languages: one stands twice"
    if set(result.languages) != tags:
        yield "languages: not those of the dataset"
    if len(ids) < len(result.concepts):
        yield "concepts: an id stands twice"
    if not all(concept.renderings for concept in result.concepts):
        yield "concepts: one has no rendering"
    for name, spoken in _spoken(result).items():
        if not set(spoken) <= tags:
            yield f"{name}: a language that the dataset does not have"
    for name, meant in _meant(result).items():
        if not set(meant) <= ids:
            yield f"{name}: a concept that is not there"
    layout = result.provenance.parameters.get("layout")
    if layout is not None and not (isinstance(layout, dict) and all(isinstance(n, int) for n in layout.values())):
        yield "provenance.parameters.layout: not the numbers that a map is drawn with"
    pairs = len(result.language_pairs)
    if any({len(c.value), len(c.low), len(c.high)} != {pairs} for c in result.pair_companions.values()):
        yield "pair_companions: not one value a pair of languages"
    if any(len(column) != pairs for column in result.directed.values()):
        yield "directed: not one value a pair of languages"
    if not all(_is_sound(group) for group in result.spread_groups):
        yield "spread_groups: not one spread a pair of different languages"


def _is_sound(group: SpreadGroup) -> bool:
    n = len(group.languages)
    return len(set(group.languages)) == n and len(group.spreads) == comb(n, 2)


def _spoken(result: PairResult) -> dict[str, Iterable[str]]:
    """By part of a result: the languages that it speaks of."""
    rivals = list(chain.from_iterable(concept.rivals for concept in result.concepts))
    return {
        "language_pairs": chain.from_iterable((pair.a, pair.b) for pair in result.language_pairs),
        "concepts": chain.from_iterable(concept.renderings for concept in result.concepts),
        "rivals": chain.from_iterable((rival.a, rival.b) for rival in rivals),
        "map": map(attrgetter("language"), result.map.points if result.map else ()),
        "spread_groups": chain.from_iterable(group.languages for group in result.spread_groups),
    }


def _meant(result: PairResult) -> dict[str, Iterable[str]]:
    """By part of a result: the concepts that it names."""
    return {
        "rivals": (rival.concept for concept in result.concepts for rival in concept.rivals),
        "map": map(attrgetter("concept"), result.map.points if result.map else ()),
    }


def refuse_half_characters(document: bytes) -> None:
    """Raises ValueError for JSON that escapes one half of a surrogate pair: a text that no file can hold."""
    if b"\\ud" in document.lower():
        json.dumps(json.loads(document), ensure_ascii=False).encode()

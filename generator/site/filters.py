"""What a reader can tell models apart by, and the filters that do so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from generator.models.registry import Model
from generator.results import ModelRecord
from generator.site.parts import OBJECTIVES

Weights = Literal["yes", "no", "unknown"]
WEIGHTS = {"yes": "open", "no": "closed", "unknown": "not stated"}
SIZES = {
    "small": "below 100 M",
    "medium": "100 M to 500 M",
    "large": "500 M to 2 B",
    "huge": "2 B and more",
    "unknown": "not stated",
}
KINDS = {
    "measured": "measured",
    "missing": "not measured",
    "published": "published elsewhere",
    "control": "controls",
}
TIERS = {"strong": "strong", "moderate": "moderate", "none": "none"}


@dataclass(frozen=True)
class Filter:
    """What rows can be filtered by: its values in their order, each with its name."""

    key: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Traits:
    """What rows are filtered by."""

    kind: str
    objective: str
    size: str
    licence: str
    weights: Weights
    tier: str
    """Of SA on the only dataset that counts, or of the mean; empty without."""


def filters_of(traits: Sequence[Traits]) -> tuple[Filter, ...]:
    """The filters that would tell rows apart."""
    licences = {each.licence: each.licence or "not stated" for each in sorted(traits, key=lambda each: each.licence)}
    objectives = OBJECTIVES | {each.objective: each.objective for each in traits if each.objective not in OBJECTIVES}
    named: tuple[tuple[str, str, dict[str, str], Callable[[Traits], str]], ...] = (
        ("objective", "Trained on", objectives, lambda each: each.objective),
        ("size", "Size", SIZES, lambda each: each.size),
        ("licence", "Licence", licences, lambda each: each.licence),
        ("weights", "Weights", WEIGHTS, lambda each: each.weights),
        ("tier", "Tier", TIERS, lambda each: each.tier),
        ("kind", "Origin", KINDS, lambda each: each.kind),
    )
    found = []
    for key, title, names, value in named:
        held = {value(each) for each in traits}
        options = tuple((option, name) for option, name in names.items() if option in held)
        if len(options) > 1:
            found.append(Filter(key, title, options))
    return tuple(found)


def traits_of(model: ModelRecord | Model, kind: str, tier_: str) -> Traits:
    weights = open_weights(model.source)
    return Traits(kind, model.objective, size_class(model.parameters), model.licence, weights, tier_)


def open_weights(source: str) -> Weights:
    """Whether anyone can have a model's weights, as far as the kind of its source in the registry tells.

    What comes from the Hugging Face hub or a package is there for all, and what this program makes itself has nothing
    to hide; what only answers behind an API is closed. A folder, a file of vectors or an entry of the mteb registry
    can be either.

    >>> open_weights("hf:org/name"), open_weights("api:name"), open_weights("folder")
    ('yes', 'no', 'unknown')
    """
    kind = source.partition(":")[0]
    if kind in {"hf", "package", "ngrams", "control"}:
        return "yes"
    return "no" if kind == "api" else "unknown"


def size_class(parameters: int | None) -> str:
    """The key in `SIZES` of a number of parameters.

    >>> size_class(22_713_216), size_class(500_000_000), size_class(None)
    ('small', 'large', 'unknown')
    """
    if parameters is None:
        return "unknown"
    borders = ((100_000_000, "small"), (500_000_000, "medium"), (2_000_000_000, "large"))
    return next((name for border, name in borders if parameters < border), "huge")

"""What a dataset is: concepts, their renderings and the card that describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import ConfigDict

Level = Literal["sub-character", "character", "word", "number"]


@dataclass(frozen=True)
class Card:
    """What a reader must know about a dataset before believing a number measured on it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    domain: str = "custom"
    level: Level = "word"
    description: str = ""
    probes: str = ""
    provenance: str = ""
    licence: str = ""
    link: str = ""
    languages: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    translated: bool = True
    """False where there is nothing to translate, such as letters: maps and geometry only, no SA."""
    columns: Mapping[str, str] = field(default_factory=dict)
    longest: int = 1000
    """Renderings of more characters than this are taken for a mistake, such as an unclosed quote."""

    @property
    def least_languages(self) -> int:
        """How many languages a dataset, and each of its concepts, needs."""
        return 2 if self.translated else 1


@dataclass(frozen=True)
class Concept:
    """One row: one meaning, with its renderings by language tag. A language that is missing has no key."""

    id: str
    renderings: Mapping[str, tuple[str, ...]]
    category: str = ""
    note: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A validated, named list of concepts."""

    slug: str
    card: Card
    languages: tuple[str, ...]
    concepts: tuple[Concept, ...]
    renormalised: Mapping[str, int] = field(default_factory=dict)
    """By language, how many renderings of the file were not in Unicode's composed form (NFC); they are here."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a measure depends on: languages, and concepts in order."""
        content = [self.languages, [[c.id, sorted(c.renderings.items())] for c in self.concepts]]
        if not self.card.translated:
            content.append("untranslated")
        return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()

    @cached_property
    def renderings(self) -> dict[str, tuple[str, ...]]:
        """The distinct renderings of each language, in order of first appearance."""
        return {
            tag: tuple(dict.fromkeys(t for c in self.concepts for t in c.renderings.get(tag, ())))
            for tag in self.languages
        }

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Every distinct text, whatever its language, sorted: what an encoder has to encode."""
        return tuple(sorted({text for texts in self.renderings.values() for text in texts}))

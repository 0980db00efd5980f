"""What can be checked of a word list without knowing its languages; what it finds caps every model's score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fontTools import unicodedata

from generator.datasets.dataset import Dataset
from generator.languages import language
from generator.visible import hides

# Of no script of its own: digits, punctuation, marks that go with any letter (ISO 15924).
COMMON = frozenset({"Zyyy", "Zinh", "Zzzz"})
# Languages written in several scripts at once.
SCRIPTS = {
    "Jpan": {"Hani", "Hira", "Kana"},
    "Kore": {"Hang", "Hani"},
    "Hans": {"Hani"},
    "Hant": {"Hani"},
}


@dataclass(frozen=True)
class LanguageReport:
    """One language of a dataset."""

    tag: str
    n_renderings: int
    """Distinct ones."""
    missing: int
    """Concepts without a rendering."""
    duplicates: tuple[str, ...]
    """Renderings of more than one concept: no model can tell those concepts apart."""
    identical: float
    """Share of its concepts that some other language writes with the same string."""
    mixed: tuple[str, ...]
    """Renderings with letters of a script that the language is not written in."""
    renormalised: int
    """Renderings that were not in Unicode's composed form (NFC) in the file."""
    hidden: tuple[str, ...]
    """Renderings with a character that cannot be seen, or that turns the text round; see `generator.visible`."""


def dataset_report(dataset: Dataset) -> tuple[LanguageReport, ...]:
    """What a reader should know of each language of a word list, in the list's order."""
    shared = Counter(tag for concept in dataset.concepts for tag in _sharing(concept.renderings))
    return tuple(
        LanguageReport(
            tag,
            len(texts),
            sum(tag not in c.renderings for c in dataset.concepts) if dataset.card.translated else 0,
            _repeated(c.renderings.get(tag, ()) for c in dataset.concepts),
            shared[tag] / max(1, sum(tag in c.renderings for c in dataset.concepts)),
            tuple(text for text in texts if not _is_written_in(text, tag)),
            dataset.renormalised.get(tag, 0),
            tuple(filter(hides, texts)),
        )
        for tag, texts in dataset.renderings.items()
    )


def hidden_texts(dataset: Dataset) -> tuple[str, ...]:
    """The distinct texts of a dataset besides its renderings that hold a hidden character, in order."""
    card = dataset.card
    texts = [card.name, card.domain, card.description, card.probes, card.provenance, card.licence, card.link]
    texts += [*card.weaknesses, *card.columns, *card.columns.values()]
    for concept in dataset.concepts:
        texts += [concept.id, concept.category, concept.note, *concept.extra.values()]
    return tuple(dict.fromkeys(filter(hides, texts)))


def _sharing(renderings: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The languages of a concept that share a string with another one."""
    by_text: dict[str, set[str]] = {}
    for tag, texts in renderings.items():
        for text in texts:
            by_text.setdefault(text, set()).add(tag)
    return {tag for tags in by_text.values() if len(tags) > 1 for tag in tags}


def _repeated(cells: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    counts = Counter(text for cell in cells for text in cell)
    return tuple(text for text, count in counts.items() if count > 1)


def _is_written_in(text: str, tag: str) -> bool:
    script = language(tag).script
    return {unicodedata.script(character) for character in text} - COMMON <= SCRIPTS.get(script, {script})

"""A dataset's page: its card, its checks, its concepts from hard to easy, and every model on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.datasets import Concept, Dataset
from generator.datasets.quality import dataset_report
from generator.difficulty import Difficulty, affinities_of, agreement, difficulties
from generator.languages import Language, language
from generator.leaderboard import Leaderboard, Standing
from generator.levels import collapse
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.results import Estimate, PairResult, Resamples
from generator.site import links
from generator.site.pages import BoardRow, Link, Page, Word
from generator.site.parts import board_row, languages_of, naming_word, shown_words, word_headings, words_of

MOST_TOLD = 8
"""How many concepts are named as hard, easy, contested or agreed on."""
MOST_FOUND = 3
"""How many words that a check has found are shown, as in the terminal."""


@dataclass(frozen=True)
class GeometryRow:
    """How one model lays out a list of letters, signs or numbers; values in the order of the table's columns."""

    model: Link
    page: str
    ranked: bool
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class Found:
    """How many words a check has found, and the first of them."""

    n: int
    words: tuple[Word, ...]


@dataclass(frozen=True)
class ReportRow:
    """What ``isogloss check`` finds in one language of a dataset."""

    language: Language
    n_renderings: int
    missing: int
    duplicates: Found
    identical: float
    mixed: Found
    renormalised: int


@dataclass(frozen=True)
class Placed:
    """A concept with the page that shows how every model places it."""

    id: str
    word: Word
    page: str
    difficulty: Difficulty


@dataclass(frozen=True)
class Extremes:
    """The concepts at one end of an order."""

    heading: str
    concepts: tuple[Placed, ...]


@dataclass(frozen=True)
class ListRow:
    """A concept of the word list, its words in the order of the table's headings."""

    id: str
    page: str
    difficulty: Difficulty | None
    """None where no ranked model has an SA for it."""
    category: str
    extra: tuple[str, ...]
    """Of the columns that the dataset's card declares."""
    renderings: tuple[tuple[Word, ...], ...]
    note: str


@dataclass(frozen=True)
class DatasetPage(Page):
    """One dataset over all models."""

    template = "dataset.html"
    name: str
    card: tuple[tuple[str, str], ...]
    weaknesses: tuple[str, ...]
    digest: str
    licence: str
    downloads: tuple[Link, ...]
    languages: tuple[Language, ...]
    scored: bool
    """Whether there are translations to score."""
    resolution: float | None
    """The smallest difference of SA that this list can tell; None below two models with resamples."""
    rows: tuple[BoardRow, ...]
    geometry: tuple[MeasureInfo, ...]
    """Measures of a list of letters, signs or numbers that some model has."""
    geometry_rows: tuple[GeometryRow, ...]
    words: Link
    """The list of words that spreads are compared with."""
    report: tuple[ReportRow, ...]
    columns: tuple[tuple[str, str], ...]
    """Further columns of the word list, with what the card says of them."""
    has_notes: bool
    headings: tuple[str, ...]
    """Of the columns with words, which may be fewer than there are languages."""
    concepts: tuple[ListRow, ...]
    n_models: int
    """How many ranked models were measured on this dataset, over which difficulties are taken."""
    hardness: tuple[Extremes, ...]
    """The hardest and the easiest concepts; nothing without a ranked model."""
    contested: tuple[Extremes, ...]
    """The concepts that models agree on least and most; nothing below two ranked models."""
    agreement: float | None
    """Mean rank correlation between two models over the concepts."""
    model_names: Mapping[str, str]
    """By slug, of the models that difficulties name."""


def dataset_page(
    board: Leaderboard, slug: str, resamples: Resamples | None = None, confidence: float = 0.95
) -> DatasetPage:
    """A dataset's page; how hard its concepts are goes by the ranked models."""
    dataset = board.dataset(slug)
    card = dataset.card
    results = ranked_results(board, slug)
    affinities = affinities_of(results)
    found = difficulties(affinities)
    told = {
        "Domain": card.domain,
        "Level": card.level,
        "Size": f"{len(dataset.concepts):,} concepts in {len(dataset.languages)} languages, "
        f"{len(dataset.texts):,} distinct texts",
        "What it probes": card.probes,
        "How it was made": card.provenance,
        "Link": card.link,
    }
    infos, geometry_rows = _geometry(board, slug, resamples or {}, confidence)
    words = next((d for d in board.scored if d.slug == board.reference), None)
    return DatasetPage(
        links.dataset_page(slug),
        card.name,
        card.description or f"{card.name}: {len(dataset.concepts)} concepts in {len(dataset.languages)} languages.",
        card.name,
        tuple((name, value) for name, value in told.items() if value),
        card.weaknesses,
        dataset.digest,
        card.licence,
        (
            Link("Word list (CSV)", links.dataset_file(slug)),
            Link("Card (TOML)", links.dataset_card(slug)),
            Link("Croissant metadata (JSON-LD)", links.croissant_file(slug)),
        ),
        languages_of(dataset.languages),
        card.translated,
        board.rankings[slug].resolution if slug in board.rankings else None,
        tuple(board_row(board, standing, only=slug) for standing in board.on(slug)),
        infos,
        geometry_rows,
        Link(words.card.name, links.dataset_page(words.slug)) if words else Link("", links.HOME),
        _report(dataset),
        tuple(card.columns.items()),
        any(concept.note for concept in dataset.concepts),
        word_headings(dataset.languages, translated=card.translated),
        tuple(_list_row(dataset, concept, found.get(concept.id)) for concept in dataset.concepts),
        len(results),
        _hardness(dataset, found),
        _contested(dataset, found),
        agreement(affinities),
        {result.model.slug: result.model.name for result in results},
    )


def ranked_results(board: Leaderboard, slug: str) -> list[PairResult]:
    """What the ranked models make of a dataset, in the order of the board."""
    return [result for s in board.standings if s.ranked and (result := s.cells[slug].result)]


def _list_row(dataset: Dataset, concept: Concept, difficulty: Difficulty | None) -> ListRow:
    card = dataset.card
    return ListRow(
        concept.id,
        links.concept(dataset.slug, concept.id),
        difficulty,
        concept.category,
        tuple(concept.extra.get(name, "") for name in card.columns),
        shown_words(concept.renderings, dataset.languages, translated=card.translated),
        concept.note,
    )


def _hardness(dataset: Dataset, found: Mapping[str, Difficulty]) -> tuple[Extremes, ...]:
    """Both ends of the order of difficulty; of concepts as hard as each other, the one with the lower SA is harder."""
    ordered = sorted(found, key=lambda concept: (-found[concept].share, found[concept].mean_sa))
    return _ends(dataset, found, ordered, "Hardest", "Easiest")


def _contested(dataset: Dataset, found: Mapping[str, Difficulty]) -> tuple[Extremes, ...]:
    gaps = {concept: each.disagreement for concept, each in found.items() if each.disagreement is not None}
    return _ends(dataset, found, sorted(gaps, key=lambda concept: -gaps[concept]), "Most contested", "Least contested")


def _ends(
    dataset: Dataset, found: Mapping[str, Difficulty], ordered: Sequence[str], first: str, last: str
) -> tuple[Extremes, ...]:
    """Both ends of an order, which do not overlap; nothing of an order of fewer than two."""
    n = min(MOST_TOLD, len(ordered) // 2)
    words = {concept.id: naming_word(concept.renderings) for concept in dataset.concepts}

    def ends(heading: str, concepts: Sequence[str]) -> Extremes:
        return Extremes(heading, tuple(Placed(c, words[c], links.concept(dataset.slug, c), found[c]) for c in concepts))

    return (ends(first, ordered[:n]), ends(last, ordered[::-1][:n])) if n else ()


def _report(dataset: Dataset) -> tuple[ReportRow, ...]:
    def words(tag: str, texts: tuple[str, ...]) -> Found:
        return Found(len(texts), words_of({tag: texts[:MOST_FOUND]}, [tag])[0])

    return tuple(
        ReportRow(
            language(report.tag),
            report.n_renderings,
            report.missing,
            words(report.tag, report.duplicates),
            report.identical,
            words(report.tag, report.mixed),
            report.renormalised,
        )
        for report in dataset_report(dataset)
    )


def _geometry(
    board: Leaderboard, slug: str, resamples: Resamples, confidence: float
) -> tuple[tuple[MeasureInfo, ...], tuple[GeometryRow, ...]]:
    """The measures of a list of letters, signs or numbers that some model has, and the models with them."""
    found: list[tuple[Standing, Mapping[str, Estimate]]] = []
    for standing in board.on(slug):
        result = standing.cells[slug].result
        if result and result.geometry:
            words = standing.cells[board.reference].result if board.reference else None
            model = standing.model.slug
            drawn = (resamples.get((model, slug), {}), resamples.get((model, board.reference), {}))
            ratio = collapse(result, words, *drawn, confidence) if words else Estimate(None)
            found.append((standing, {"collapse_ratio": ratio, **result.geometry}))
    shown = [
        info
        for key, info in CATALOGUE.items()
        if any(measures.get(key, Estimate(None)).value is not None for _, measures in found)
    ]
    rows = tuple(
        GeometryRow(
            Link(standing.model.name, links.model_page(standing.model.slug)),
            links.pair_page(standing.model.slug, slug),
            standing.ranked,
            tuple(measures.get(info.key, Estimate(None)) for info in shown),
        )
        for standing, measures in found
    )
    return tuple(shown), rows

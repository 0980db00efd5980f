"""A dataset's page: its card, its checks, and every model on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.datasets.quality import dataset_report
from generator.languages import Language, language
from generator.leaderboard import Leaderboard, Standing
from generator.levels import collapse
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.results import Estimate, PairResult, Resamples
from generator.site import links
from generator.site.pages import BoardRow, ConceptRow, Link, Page
from generator.site.parts import board_row, concept_label, languages_of, shown_words, word_headings


@dataclass(frozen=True)
class GeometryRow:
    """How one model lays out a list of letters, signs or numbers; values in the order of the table's columns."""

    model: Link
    page: str
    ranked: bool
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class ReportRow:
    """What ``isogloss check`` finds in one language of a dataset."""

    language: Language
    n_renderings: int
    missing: int
    duplicates: int
    identical: float
    mixed: int
    renormalised: int


@dataclass(frozen=True)
class DatasetPage(Page):
    """One dataset over all models."""

    template = "dataset.html"
    name: str
    card: tuple[tuple[str, str], ...]
    weaknesses: tuple[str, ...]
    digest: str
    file: str
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
    concepts: tuple[ConceptRow, ...]
    """SA is the mean over the ranked models measured on this dataset."""
    n_models: int


def dataset_page(
    board: Leaderboard, slug: str, resamples: Resamples | None = None, confidence: float = 0.95
) -> DatasetPage:
    """A dataset's page; a concept's SA there is its mean over the ranked models."""
    dataset = board.dataset(slug)
    card = dataset.card
    rows = tuple(board_row(board, standing, only=slug) for standing in board.on(slug))
    results = [r for s in board.standings if s.ranked and (r := s.cells[slug].result)]
    difficulty = _mean_affinities(results)
    told = {
        "Domain": card.domain,
        "Level": card.level,
        "Size": f"{len(dataset.concepts):,} concepts in {len(dataset.languages)} languages",
        "What it probes": card.probes,
        "How it was made": card.provenance,
        "Licence": card.licence,
        "Link": card.link,
    }
    infos, geometry_rows = _geometry(board, slug, resamples or {}, confidence)
    words = next((d for d in board.scored if d.slug == board.reference), None)
    concepts = tuple(
        ConceptRow(
            c.id,
            concept_label(c.id, c.renderings),
            c.category,
            shown_words(c.renderings, dataset.languages, translated=card.translated),
            difficulty.get(c.id),
            None,
            tuple(c.extra.get(name, "") for name in card.columns),
            c.note,
        )
        for c in dataset.concepts
    )
    return DatasetPage(
        links.dataset_page(slug),
        card.name,
        card.description or f"{card.name}: {len(dataset.concepts)} concepts in {len(dataset.languages)} languages.",
        card.name,
        tuple((name, value) for name, value in told.items() if value),
        card.weaknesses,
        dataset.digest,
        links.dataset_file(slug),
        languages_of(dataset.languages),
        card.translated,
        board.rankings[slug].resolution if slug in board.rankings else None,
        rows,
        infos,
        geometry_rows,
        Link(words.card.name, links.dataset_page(words.slug)) if words else Link("", links.HOME),
        tuple(
            ReportRow(
                language(report.tag),
                report.n_renderings,
                report.missing,
                len(report.duplicates),
                report.identical,
                len(report.mixed),
                report.renormalised,
            )
            for report in dataset_report(dataset)
        ),
        tuple(card.columns.items()),
        any(concept.note for concept in dataset.concepts),
        word_headings(dataset.languages, translated=card.translated),
        concepts,
        len(results),
    )


def _mean_affinities(results: Sequence[PairResult]) -> dict[str, float]:
    """By concept id: the mean SA over results."""
    found: dict[str, list[float]] = {}
    for result in results:
        for concept in result.concepts:
            if concept.sa is not None:
                found.setdefault(concept.id, []).append(concept.sa)
    return {concept: sum(values) / len(values) for concept, values in found.items()}


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

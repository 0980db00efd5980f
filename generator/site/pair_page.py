"""A pair's page: one model on one dataset, or why it could not be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.languages import Language, language
from generator.leaderboard import Leaderboard
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.results import Estimate, MapQualityRecord, PairFailure, PairResult
from generator.site import links
from generator.site.figures import map_json, shown_concepts, shown_points
from generator.site.marks import Mark, marks
from generator.site.pages import CompanionRow, ConceptRow, Link, Page, Score
from generator.site.parts import (
    SHOWN_LANGUAGES,
    companion_rows,
    concept_label,
    languages_of,
    score_of,
    shown_words,
    word_headings,
)


@dataclass(frozen=True)
class LegendEntry:
    language: Language
    mark: Mark
    n_words: int


@dataclass(frozen=True)
class PairCell:
    """Two languages in the table of language pairs."""

    sa: float | None
    n: int
    shade: int
    """From 0 to 100, the share of the way from the lowest SA of the table to the highest."""


@dataclass(frozen=True)
class LanguagePairRow:
    """Two languages with SA and the companion measures, in the order of the table's columns."""

    a: Language
    b: Language
    n: int
    affinity: Estimate
    both_ways: tuple[tuple[float | None, float | None], ...]
    """The directed measures from a to b, and from b to a."""
    values: tuple[Estimate, ...]


@dataclass(frozen=True)
class PairPage(Page):
    """One model on one dataset."""

    template = "pair.html"
    model: Link
    dataset: Link
    score: Score | None
    """None where there is nothing to translate."""
    rank: int | None
    n_ranked: int
    result: PairResult
    map_json: str | None
    """None when no map could be drawn; `no_map` says why."""
    no_map: str
    n_points: int
    n_shown: int
    """Points on the page's map, which may be a sample."""
    drawing: str
    quality: MapQualityRecord | None
    legend: tuple[LegendEntry, ...]
    languages: tuple[Language, ...]
    headings: tuple[str, ...]
    """Of the columns with words, which may be fewer than there are languages."""
    concepts: tuple[ConceptRow, ...]
    pairs: tuple[tuple[Language, tuple[PairCell | None, ...]], ...]
    companions: tuple[CompanionRow, ...]
    directed_measures: tuple[MeasureInfo, ...]
    """Those that each pair of languages has in both directions."""
    pair_measures: tuple[MeasureInfo, ...]
    language_pairs: tuple[LanguagePairRow, ...]
    """Those of the first languages only where there are many."""
    geometry: tuple[CompanionRow, ...]
    """Of lists of letters, signs or numbers."""
    data: str


@dataclass(frozen=True)
class FailedPairPage(Page):
    """A pair that could not be measured."""

    template = "failed.html"
    model: Link
    dataset: Link
    failure: PairFailure
    data: str


def pair_pages(board: Leaderboard) -> list[PairPage | FailedPairPage]:
    """A page for every pair that was measured or failed."""
    pages: list[PairPage | FailedPairPage] = []
    for standing in board.standings:
        for dataset in board.datasets:
            cell = standing.cells[dataset.slug]
            model_link = Link(standing.model.name, links.model_page(standing.model.slug))
            dataset_link = Link(dataset.card.name, links.dataset_page(dataset.slug))
            if cell.result:
                categories = {concept.id: concept.category for concept in dataset.concepts}
                n_ranked = sum(s.cells[dataset.slug].rank is not None for s in board.standings)
                pages.append(_pair_page(cell.result, cell.rank, n_ranked, model_link, dataset_link, categories))
            elif cell.failure:
                pages.append(
                    FailedPairPage(
                        links.pair_page(standing.model.slug, dataset.slug),
                        f"{standing.model.name} on {dataset.card.name}",
                        f"{standing.model.name} could not be measured on {dataset.card.name}.",
                        model_link,
                        dataset_link,
                        cell.failure,
                        links.result_file(standing.model.slug, dataset.slug),
                    )
                )
    return pages


def _pair_page(
    result: PairResult,
    rank: int | None,
    n_ranked: int,
    model: Link,
    dataset: Link,
    categories: Mapping[str, str],
) -> PairPage:
    labels = {c.id: concept_label(c.id, c.renderings) for c in result.concepts}
    on_map = {concept.id for concept in shown_concepts(result)}
    drawn = result.map if result.map and result.map.points else None
    return PairPage(
        links.pair_page(result.model.slug, result.dataset.slug),
        f"{model.text} on {dataset.text}",
        f"Semantic Affinity and map of {model.text} on {dataset.text}.",
        model,
        dataset,
        score_of(result),
        rank,
        n_ranked,
        result,
        map_json(result, labels, "map") if drawn else None,
        "" if drawn else (result.map.undefined if result.map else "No map was asked for"),
        len(drawn.points) if drawn else 0,
        len(shown_points(result)) if drawn else 0,
        links.pair_drawing(result.model.slug, result.dataset.slug),
        drawn.quality if drawn else None,
        _legend(result),
        languages_of(result.dataset.languages),
        word_headings(result.dataset.languages, translated=result.measures is not None),
        tuple(
            ConceptRow(
                c.id,
                labels[c.id],
                categories.get(c.id, ""),
                shown_words(c.renderings, result.dataset.languages, translated=result.measures is not None),
                c.sa,
                c.spread,
                on_map=c.id in on_map,
            )
            for c in sorted(result.concepts, key=lambda c: (c.sa is None, c.sa or 0, c.id))
        ),
        _pair_table(result),
        companion_rows(result.measures.companions if result.measures else {}),
        tuple(info for key, info in CATALOGUE.items() if key in result.directed),
        tuple(info for key, info in CATALOGUE.items() if key in result.pair_companions),
        _language_pair_rows(result),
        companion_rows(result.geometry),
        links.result_file(result.model.slug, result.dataset.slug),
    )


def _legend(result: PairResult) -> tuple[LegendEntry, ...]:
    look = marks(result.dataset.languages)
    return tuple(
        LegendEntry(language(tag), look[tag], result.languages[tag].n_renderings) for tag in result.dataset.languages
    )


def _pair_table(result: PairResult) -> tuple[tuple[Language, tuple[PairCell | None, ...]], ...]:
    """A row and a column a language; None on the diagonal."""
    values = [pair.sa for pair in result.language_pairs if pair.sa is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    cells = {}
    for pair in result.language_pairs:
        share = (pair.sa - low) / (high - low) if pair.sa is not None and high > low else 0.5
        cells[pair.a, pair.b] = cells[pair.b, pair.a] = PairCell(pair.sa, pair.n, round(100 * share))
    tags = result.dataset.languages
    return tuple((language(a), tuple(cells.get((a, b)) for b in tags)) for a in tags)


def _language_pair_rows(result: PairResult) -> tuple[LanguagePairRow, ...]:
    """Pairs of the languages that tables show, the best aligned first."""
    shown = set(result.dataset.languages[:SHOWN_LANGUAGES])
    columns = [result.pair_companions[key] for key in CATALOGUE if key in result.pair_companions]
    rows = [
        LanguagePairRow(
            language(pair.a),
            language(pair.b),
            pair.n,
            Estimate(pair.sa, pair.low, pair.high),
            tuple(result.directed[key][i] for key in CATALOGUE if key in result.directed),
            tuple(Estimate(column.value[i], column.low[i], column.high[i]) for column in columns),
        )
        for i, pair in enumerate(result.language_pairs)
        if {pair.a, pair.b} <= shown
    ]
    return tuple(sorted(rows, key=lambda row: -(row.affinity.value or 0)))

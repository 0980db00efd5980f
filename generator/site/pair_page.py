"""A pair's page: one model on one dataset, or why it could not be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from generator.languages import Language, language
from generator.leaderboard import Leaderboard
from generator.manifold import MOST_POINTS
from generator.measures.catalogue import CATALOGUE, MeasureInfo
from generator.results import Estimate, LanguagePair, MapQualityRecord, PairFailure, PairResult
from generator.shown import decimal, percent
from generator.site import links
from generator.site.data_scripts import data_name
from generator.site.figures import shown_concepts, shown_points
from generator.site.language_pairs import HeatRows, by_affinity, heat_rows
from generator.site.marks import Mark, marks
from generator.site.pages import CompanionRow, LatePage, Link, Page, Score, Word
from generator.site.parts import (
    SHOWN_LANGUAGES,
    companion_rows,
    concept_label,
    score_of,
    shown_words,
    word_headings,
)
from generator.site.pieces import Shared

HEATS = 10
"""Shades of the table of language pairs, besides none."""
MOST_PAIRS = 60
"""Rows of the table of language pairs; of more, the closest and the furthest."""
PAIR_MEASURES = ("language_separability", "identical_share")
"""What that table has besides SA and retrieval, the most telling of what the result file has."""
MIXED, APART = 0.25, 0.6
"""Language separability up to which languages are said to mix, and from which to keep apart."""


@dataclass(frozen=True)
class LegendEntry:
    language: Language
    mark: Mark
    n_words: int


@dataclass(frozen=True)
class PairConcept:
    """A concept with its renderings in the order of the table's languages."""

    id: str
    label: str
    category: str
    renderings: tuple[tuple[Word, ...], ...]
    sa: float | None
    retrieved: float | None
    """The share of directions, from one language to another, in which its translation comes first."""
    on_map: bool
    """Whether the page's map shows its words."""


@dataclass(frozen=True)
class Partner:
    """Another language, and SA with it."""

    language: Language
    sa: float


@dataclass(frozen=True)
class LanguageRow:
    """What a language is like among the others."""

    language: Language
    n_words: int
    n_vectors: int | None
    """Distinct ones; None where a long list was read as a stream."""
    sa: float | None
    """The mean over the other languages."""
    closest: Partner | None
    furthest: Partner | None
    spread: Estimate
    attraction: float | None


@dataclass(frozen=True)
class LanguagePairRow:
    """Two languages with SA, retrieval and other measures in the order of the table's columns."""

    a: Language
    b: Language
    n: int
    affinity: Estimate
    there: float | None
    """Retrieval P@1 from a to b."""
    back: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class PairPage(Page):
    """One model on one dataset."""

    template = "pair.html"
    model: Link
    dataset: Link
    score: Score | None
    """None where there is nothing to translate."""
    rank: int | None
    result: PairResult
    drawing: str | None
    """None when no map could be drawn; `no_map` says why."""
    no_map: str
    words_name: str
    """Of the data file with the map's words; see `generator.site.data_scripts`."""
    pair_name: str
    """Of the data file with their places."""
    n_points: int
    n_shown: int
    """Points on the page's map, which may be a sample."""
    sampled: bool
    """Whether not even the result file's map has all concepts."""
    quality: MapQualityRecord | None
    colourings: tuple[tuple[str, str], ...]
    """What the map's colours may show besides the language: key and name."""
    summary: tuple[str, ...]
    """What the map shows, in sentences made of numbers."""
    legend: tuple[LegendEntry, ...]
    headings: tuple[str, ...]
    """Of the columns with words, which may be fewer than there are languages."""
    concepts: tuple[PairConcept, ...]
    heat: HeatRows
    """Of the languages that tables have columns for."""
    languages: tuple[LanguageRow, ...]
    language_pairs: tuple[LanguagePairRow, ...]
    """The best aligned first; the closest and the furthest where there are many."""
    n_language_pairs: int
    pair_measures: tuple[MeasureInfo, ...]
    companions: tuple[CompanionRow, ...]
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


def pair_pages(board: Leaderboard) -> list[LatePage | FailedPairPage]:
    """A page for every pair that was measured or failed."""
    pages: list[LatePage | FailedPairPage] = []
    for dataset in board.datasets:
        dataset_link = Link(dataset.card.name, links.dataset_page(dataset.slug))
        categories = Shared({concept.id: concept.category for concept in dataset.concepts})
        for standing in board.standings:
            cell = standing.cells[dataset.slug]
            path = links.pair_page(standing.model.slug, dataset.slug)
            model_link = Link(standing.model.name, links.model_page(standing.model.slug))
            if cell.result:
                given = (cell.result, cell.rank, model_link, dataset_link, categories)
                pages.append(LatePage(path, PairPage.template, pair_page, given))
            elif cell.failure:
                pages.append(
                    FailedPairPage(
                        path,
                        f"{standing.model.name} on {dataset.card.name}",
                        f"{standing.model.name} could not be measured on {dataset.card.name}.",
                        model_link,
                        dataset_link,
                        cell.failure,
                        links.result_file(standing.model.slug, dataset.slug),
                    )
                )
    return pages


def pair_page(
    result: PairResult,
    rank: int | None,
    model: Link,
    dataset: Link,
    categories_of: Shared[dict[str, str]],
) -> PairPage:
    """The page of a result.

    Args:
        result: the result.
        rank: its place on its dataset, None for a control.
        model: the model's name and page.
        dataset: the dataset's name and page.
        categories_of: the category of each concept by its id.
    """
    categories = categories_of.value
    slugs = result.model.slug, result.dataset.slug
    drawn = result.map if result.map and result.map.points else None
    tags = result.dataset.languages
    return PairPage(
        links.pair_page(*slugs),
        f"{model.text} on {dataset.text}",
        f"Semantic Affinity and map of {model.text} on {dataset.text}.",
        model,
        dataset,
        score_of(result),
        rank,
        result,
        links.pair_drawing(*slugs) if drawn else None,
        "" if drawn else (result.map.undefined if result.map else "No map was asked for"),
        data_name(links.words_data(result.dataset.slug)),
        data_name(links.pair_data(*slugs)),
        len(drawn.points) if drawn else 0,
        len(shown_points(result)) if drawn else 0,
        bool(drawn and drawn.sample),
        drawn.quality if drawn else None,
        _colourings(result, categories),
        map_summary(result),
        _legend(result),
        word_headings(tags, translated=result.measures is not None),
        _concepts(result, categories),
        heat_rows(result, tags[:SHOWN_LANGUAGES]),
        tuple(_language_row(result, tag) for tag in tags),
        _ends(_language_pair_rows(result)),
        len(result.language_pairs),
        tuple(CATALOGUE[key] for key in PAIR_MEASURES if key in result.pair_companions),
        companion_rows(result.measures.companions if result.measures else {}),
        companion_rows(result.geometry),
        links.result_file(*slugs),
    )


def map_summary(result: PairResult) -> tuple[str, ...]:
    """What a map shows, in sentences for those who cannot see it; none without a map."""
    if not result.map or not result.map.points:
        return ()
    return tuple(_summary(result, len(result.map.points)))


def _summary(result: PairResult, n_points: int) -> Iterator[str]:
    n_languages, n_concepts = len(result.dataset.languages), f"{len(result.concepts):,}"
    sample = result.map.sample if result.map else None
    if sample:
        n_concepts = f"{sample:,} of {n_concepts}"
    if result.measures is None:
        yield f"{n_points:,} signs in {n_languages} columns."
    else:
        yield f"{n_points:,} words for {n_concepts} concepts in {n_languages} languages."
    if sample:
        yield (
            f"All would be more than {MOST_POINTS:,} words: drawn is a sample in which every category, and within it "
            "concepts in many languages and in few, have their share. The table of concepts says which."
        )
    if result.measures is None:
        return
    apart = result.measures.estimate("language_separability").value
    if apart is not None:
        how = "mix" if apart <= MIXED else "keep apart" if apart >= APART else "keep apart in part"
        yield (
            f"The languages {how}: from 0, where a word's nearest words are of any language, to 1, where all are of "
            f"its own, it is {decimal(apart, 2)}."
        )
    found = result.measures.estimate("retrieval_p1").value
    if found is not None:
        yield f"Looked up in another language, {percent(found)} of the words have their translation nearest."
    sought = sorted((r.attraction, tag) for tag, r in result.languages.items() if r.attraction is not None)
    if len(sought) > 2:
        (least, shunned), (most, favoured) = sought[0], sought[-1]
        yield (
            f"Among the nearest words of another language, {language(favoured).name} comes up most, "
            f"{decimal(most, 1)} times its fair share, and {language(shunned).name} least, {decimal(least, 1)} times."
        )
    pairs = by_affinity(result.language_pairs)
    if len(pairs) > 1:
        (high, closest), (low, furthest) = pairs[0], pairs[-1]
        yield (
            f"The closest pair of languages is {_names(closest)} (SA {decimal(high)}), "
            f"the furthest {_names(furthest)} ({decimal(low)})."
        )


def _names(pair: LanguagePair) -> str:
    return f"{language(pair.a).name} and {language(pair.b).name}"


def _colourings(result: PairResult, categories: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    told = [("category", "Category")] if len(set(categories.values())) > 1 else []
    scored = [("sa", "SA of the concept")] if any(concept.sa is not None for concept in result.concepts) else []
    return (*told, *scored)


def _legend(result: PairResult) -> tuple[LegendEntry, ...]:
    look = marks(result.dataset.languages)
    return tuple(
        LegendEntry(language(tag), look[tag], result.languages[tag].n_renderings) for tag in result.dataset.languages
    )


def _concepts(result: PairResult, categories: Mapping[str, str]) -> tuple[PairConcept, ...]:
    """The hardest first, those without a value last."""
    on_map = {concept.id for concept in shown_concepts(result)}
    return tuple(
        PairConcept(
            c.id,
            concept_label(c.id, c.renderings),
            categories.get(c.id, ""),
            shown_words(c.renderings, result.dataset.languages, translated=result.measures is not None),
            c.sa,
            c.retrieved,
            c.id in on_map,
        )
        for c in sorted(result.concepts, key=lambda c: (c.sa is None, c.sa or 0, c.id))
    )


def _language_row(result: PairResult, tag: str) -> LanguageRow:
    record = result.languages[tag]
    others = [
        Partner(language(pair.b if tag == pair.a else pair.a), sa)
        for sa, pair in by_affinity(result.language_pairs)
        if tag in (pair.a, pair.b)
    ]
    return LanguageRow(
        language(tag),
        record.n_renderings,
        record.n_distinct_vectors,
        fmean(other.sa for other in others) if others else None,
        others[0] if others else None,
        others[-1] if others else None,
        Estimate(record.intra_spread, record.low, record.high),
        record.attraction,
    )


def _language_pair_rows(result: PairResult) -> tuple[LanguagePairRow, ...]:
    """Every pair of languages, the best aligned first."""
    columns = [result.pair_companions[key] for key in PAIR_MEASURES if key in result.pair_companions]
    directed = result.directed.get("retrieval_p1", ())
    rows = [
        LanguagePairRow(
            language(pair.a),
            language(pair.b),
            pair.n,
            Estimate(pair.sa, pair.low, pair.high),
            *(directed[i] if directed else (None, None)),
            tuple(column.value[i] for column in columns),
        )
        for i, pair in enumerate(result.language_pairs)
    ]
    return tuple(sorted(rows, key=lambda row: -(row.affinity.value or 0)))


def _ends(rows: tuple[LanguagePairRow, ...]) -> tuple[LanguagePairRow, ...]:
    """All rows, or the first and the last where there are many."""
    half = MOST_PAIRS // 2
    return rows if len(rows) <= MOST_PAIRS else rows[:half] + rows[-half:]

"""A model's page: what its numbers say over all datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.comparison import rival
from generator.languages import Language, language
from generator.layers import Curves
from generator.leaderboard import Leaderboard, Standing, tiers
from generator.published import Source, figures_of
from generator.results import Estimate, ModelRecord, PairResult, Provenance
from generator.site import links
from generator.site.figures import shown_concepts
from generator.site.layer_figures import LayerSection, layer_sections
from generator.site.pages import BoardCell, ConceptRow, Link, Page, PublishedRow
from generator.site.parts import (
    OBJECTIVES,
    board_cell,
    concept_label,
    drawing_of,
    newest,
    published_rows,
    rank_interval,
    shown_words,
)

SHOWN_CONCEPTS = 8
"""How many hardest and easiest concepts a model's page lists."""


@dataclass(frozen=True)
class ModelSection:
    """A model on one dataset."""

    dataset: Link
    cell: BoardCell
    drawing: str | None
    hardest: tuple[ConceptRow, ...]
    easiest: tuple[ConceptRow, ...]


@dataclass(frozen=True)
class SpreadRow:
    """A language's spread in each dataset's column."""

    language: Language
    spreads: tuple[Estimate, ...]
    distinct: tuple[str, ...]
    """Words with a vector of their own, such as "82 of 341"."""


@dataclass(frozen=True)
class ModelPage(Page):
    """One model over all datasets."""

    template = "model.html"
    model: ModelRecord
    objective: str
    place: int | None
    place_interval: str
    n_ranked: int
    verdict: str
    sections: tuple[ModelSection, ...]
    spread_datasets: tuple[str, ...]
    spreads: tuple[SpreadRow, ...]
    published: tuple[PublishedRow, ...]
    provenance: Provenance | None
    compare: Link | None
    """The comparison with the next model, by its name; None where there is nothing to compare."""
    layers: tuple[LayerSection, ...]


def model_page(
    board: Leaderboard, standing: Standing, published: Sequence[Source] = (), curves: Curves | None = None
) -> ModelPage:
    """A model's page; it shows the model as it was when last measured."""
    model = standing.model
    measured = [result for cell in standing.cells.values() if (result := cell.result)]
    latest = newest(measured)
    other = rival(board, standing)
    # The spread within a language tells most on the lists that a model is ranked by.
    counting = [board.dataset(slug) for slug in board.overall]
    return ModelPage(
        links.model_page(model.slug),
        model.name,
        f"How {model.name} aligns languages: Semantic Affinity, maps and concepts.",
        latest.model if latest else model,
        OBJECTIVES.get(model.objective, model.objective),
        standing.place,
        rank_interval(standing.placing),
        sum(s.ranked and s.place is not None for s in board.standings),
        _verdict(standing, measured),
        tuple(_model_section(board, standing, d.slug) for d in board.datasets),
        tuple(dataset.card.name for dataset in counting),
        _spread_rows([standing.cells[dataset.slug].result for dataset in counting]),
        published_rows(board, figures_of(published, model.name)),
        latest.provenance if latest else None,
        layers=layer_sections(model.slug, board.datasets, curves or {}),
        compare=Link(other.name, links.comparison((model.slug, other.slug))) if other else None,
    )


def _model_section(board: Leaderboard, standing: Standing, slug: str) -> ModelSection:
    dataset = board.dataset(slug)
    result = standing.cells[slug].result
    on_map = {concept.id for concept in shown_concepts(result)} if result else set()
    known = sorted((c for c in result.concepts if c.sa is not None), key=lambda c: (c.sa or 0, c.id)) if result else []
    rows = [
        ConceptRow(
            c.id,
            concept_label(c.id, c.renderings),
            "",
            shown_words(c.renderings, dataset.languages, translated=True),
            c.sa,
            c.spread,
            on_map=c.id in on_map,
        )
        for c in known
    ]
    shown = min(SHOWN_CONCEPTS, len(rows) // 2)
    return ModelSection(
        Link(dataset.card.name, links.dataset_page(slug)),
        board_cell(board, standing, slug),
        drawing_of(standing, slug),
        tuple(rows[:shown]),
        tuple(reversed(rows[len(rows) - shown :])),
    )


def _spread_rows(results: Sequence[PairResult | None]) -> tuple[SpreadRow, ...]:
    tags = dict.fromkeys(tag for result in results if result for tag in result.languages)
    rows = []
    for tag in tags:
        records = [result.languages.get(tag) if result else None for result in results]
        rows.append(
            SpreadRow(
                language(tag),
                tuple(Estimate(r.intra_spread, r.low, r.high) if r else Estimate(None) for r in records),
                tuple(f"{r.n_distinct_vectors:,} of {r.n_renderings:,}" if r else "" for r in records),
            )
        )
    return tuple(rows)


def _verdict(standing: Standing, measured: Sequence[PairResult]) -> str:
    """What the numbers say, in a sentence or two."""
    if not measured:
        return "This model has not been measured here."
    if not standing.ranked:
        return standing.model.note
    scored = [r.measures for r in measured if r.measures]
    if not scored:
        return "This model was measured on word lists without translations only, so it has no score."
    lifts = [lift for measures in scored if (lift := measures.chance_corrected) is not None]
    lift = sum(lifts) / len(lifts) if lifts else 0.0
    reached = {tiers(measures)[0] for measures in scored}
    strength = {"strong": "strongly", "moderate": "moderately", "none": "hardly"}
    degrees = " to ".join(strength[tier] for tier in ("none", "moderate", "strong") if tier in reached).capitalize()
    nearer = (
        f"translations lie {lift:.0%} nearer to each other than words of different meaning do"
        if lift > 0
        else "translations lie no nearer to each other than words of different meaning do"
    )
    return f"{degrees} aligns languages: across them, {nearer}."

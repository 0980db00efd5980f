"""The page of concepts: one concept of one list at a time, and how every model places it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from generator.datasets import Dataset
from generator.difficulty import affinities_of, difficulties, shares
from generator.leaderboard import Leaderboard
from generator.results import PairResult
from generator.site import links
from generator.site.data_scripts import data_script
from generator.site.pages import Link, Page
from generator.visible import visible_json


@dataclass(frozen=True)
class ConceptsPage(Page):
    """Any concept over all models, picked in the page."""

    template = "concepts.html"
    datasets: tuple[Link, ...]
    catalogue: str
    """JSON of the lists that concepts are picked from."""


def concepts_page(board: Leaderboard) -> ConceptsPage:
    """The page; what it shows of a concept, its script takes from the files of words, concepts and pairs."""
    lists = [
        {"slug": d.slug, "name": d.card.name, "scored": d.card.translated, "page": links.dataset_page(d.slug)}
        for d in board.datasets
    ]
    return ConceptsPage(
        links.CONCEPTS,
        "Concepts",
        "Any concept in all its languages, and how every model places it.",
        tuple(Link(dataset.card.name, links.dataset_page(dataset.slug)) for dataset in board.datasets),
        visible_json(lists),
    )


def concept_files(board: Leaderboard) -> dict[str, bytes]:
    """By path: how every model places the concepts of each dataset, a file a dataset."""
    paths = {dataset.slug: links.concepts_data(dataset.slug) for dataset in board.datasets}
    return {paths[d.slug]: data_script(paths[d.slug], _concepts(board, d)) for d in board.datasets}


def _concepts(board: Leaderboard, dataset: Dataset) -> dict[str, Any]:
    """Values in the order of the list; models in the order of the dataset's board."""
    placed = [(s, result) for s in board.on(dataset.slug) if (result := s.cells[dataset.slug].result)]
    found = difficulties(affinities_of([result for standing, result in placed if standing.ranked]))
    each = [found.get(concept.id) for concept in dataset.concepts]
    return {
        "difficulty": _column(d.share if d else None for d in each),
        "disagreement": _column(d.disagreement if d else None for d in each),
        "models": [
            {
                "slug": standing.model.slug,
                "name": standing.model.name,
                "ranked": standing.ranked,
                "page": links.pair_page(standing.model.slug, dataset.slug),
                **_placed(result),
            }
            for standing, result in placed
        ],
    }


def _placed(result: PairResult) -> dict[str, Any]:
    own = affinities_of([result])[result.model.slug]
    told = shares(own)
    return {
        "median": _thousandths(median(own.values())) if own else None,
        "sa": _column(own.get(concept.id) for concept in result.concepts),
        "share": _column(told.get(concept.id) for concept in result.concepts),
        "retrieved": _column(concept.retrieved for concept in result.concepts),
    }


def _column(values: Iterable[float | None]) -> list[int | None]:
    """Values in thousandths, None where there is none; empty where there is none at all."""
    column = [_thousandths(value) for value in values]
    return column if any(value is not None for value in column) else []


def _thousandths(value: float | None) -> int | None:
    return None if value is None else round(1000 * value)

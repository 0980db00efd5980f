"""The search over models, datasets, pages and words of any language. Without scripts: a list of all but the words."""

from __future__ import annotations

from dataclasses import dataclass

from generator.datasets import Dataset
from generator.languages import language
from generator.leaderboard import Leaderboard
from generator.results import ModelRecord
from generator.shown import short_count
from generator.site import links
from generator.site.pages import Link, Page
from generator.site.parts import OBJECTIVES, SHOWN_LANGUAGES


@dataclass(frozen=True)
class Entry:
    """A page that can be found, with more that it can be found by."""

    slug: str
    page: Link
    told: str


@dataclass(frozen=True)
class SearchPage(Page):
    """All that can be found; words are looked for in their own files."""

    template = "search.html"
    models: tuple[Entry, ...]
    datasets: tuple[Entry, ...]


def search_page(board: Leaderboard) -> SearchPage:
    """The page, with models in the order of the leaderboard."""
    return SearchPage(
        links.SEARCH,
        "Search",
        "Find a model, a dataset or a word in any language.",
        tuple(_model(standing.model) for standing in board.standings),
        tuple(_dataset(dataset) for dataset in board.datasets),
    )


def _model(model: ModelRecord) -> Entry:
    told = (
        OBJECTIVES.get(model.objective, model.objective),
        f"{short_count(model.parameters)} parameters" if model.parameters else "",
        model.licence,
    )
    return Entry(model.slug, Link(model.name, links.model_page(model.slug)), " · ".join(filter(None, told)))


def _dataset(dataset: Dataset) -> Entry:
    names = [language(tag).name for tag in dataset.languages]
    more = f" and {len(names) - SHOWN_LANGUAGES} more languages" if len(names) > SHOWN_LANGUAGES else ""
    told = (
        dataset.card.domain,
        f"{len(dataset.concepts):,} concepts in {', '.join(names[:SHOWN_LANGUAGES])}{more}",
        dataset.card.licence,
    )
    page = Link(dataset.card.name, links.dataset_page(dataset.slug))
    return Entry(dataset.slug, page, " · ".join(filter(None, told)))

"""The home page: the leaderboard, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass

from generator.datasets import Dataset
from generator.languages import Language
from generator.leaderboard import Leaderboard
from generator.site import links
from generator.site.pages import BoardRow, Page
from generator.site.parts import board_row, languages_of


@dataclass(frozen=True)
class DatasetSummary:
    name: str
    page: str
    domain: str
    n_concepts: int
    languages: tuple[Language, ...]
    overall: bool
    """Whether it counts towards the overall place."""


@dataclass(frozen=True)
class HomePage(Page):
    """The leaderboard."""

    template = "index.html"
    datasets: tuple[DatasetSummary, ...]
    """Those with scores, in the order of the table's columns."""
    unscored: tuple[DatasetSummary, ...]
    """Those with nothing to translate."""
    ranked: tuple[BoardRow, ...]
    controls: tuple[BoardRow, ...]
    several: bool
    """Whether there is more than one dataset, so that means are worth a column."""


def home_page(board: Leaderboard, title: str, description: str) -> HomePage:
    """The home page: every model on every dataset."""
    rows = [(standing, board_row(board, standing)) for standing in board.standings]
    return HomePage(
        links.HOME,
        title,
        description,
        tuple(_summary(board, dataset) for dataset in board.scored),
        tuple(_summary(board, dataset) for dataset in board.datasets if not dataset.card.translated),
        tuple(row for standing, row in rows if standing.ranked),
        tuple(row for standing, row in rows if not standing.ranked),
        len(board.overall) > 1,
    )


def _summary(board: Leaderboard, dataset: Dataset) -> DatasetSummary:
    return DatasetSummary(
        dataset.card.name,
        links.dataset_page(dataset.slug),
        dataset.card.domain,
        len(dataset.concepts),
        languages_of(dataset.languages),
        dataset.slug in board.overall,
    )

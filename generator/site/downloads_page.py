"""The downloads page: everything that the site shows, as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.leaderboard import Leaderboard
from generator.site import exports, links
from generator.site.pages import Page
from generator.site.pieces import Content, size_of


@dataclass(frozen=True)
class Download:
    name: str
    path: str
    what: str
    n_bytes: int


@dataclass(frozen=True)
class DownloadsPage(Page):
    """Everything that the site shows, as files."""

    template = "downloads.html"
    tables: tuple[Download, ...]
    datasets: tuple[Download, ...]
    results: tuple[Download, ...]


def downloads_page(board: Leaderboard, data: Mapping[str, Content]) -> DownloadsPage:
    """The page; ``data`` holds the published files by path."""

    def download(name: str, path: str, what: str) -> Download:
        return Download(name, path, what, size_of(data[path]))

    kinds = {"CSV": "for spreadsheets", "JSON": "for scripts", "Parquet": "typed, for data frames"}
    return DownloadsPage(
        links.DOWNLOADS,
        "Downloads",
        "The leaderboard, the word lists and every result as files.",
        (
            *(download(kind, f"{exports.LEADERBOARD}.{kind.lower()}", what) for kind, what in kinds.items()),
            download("History", links.HISTORY, "what changed from day to day"),
        ),
        tuple(
            download(name, path, d.card.licence or "no licence stated")
            for d in board.datasets
            for name, path in (
                (d.card.name, links.dataset_file(d.slug)),
                (f"{d.card.name}, its card", links.dataset_card(d.slug)),
                (f"{d.card.name}, Croissant metadata", links.croissant_file(d.slug)),
            )
        ),
        tuple(
            download(f"{s.model.name} on {d.card.name}", links.result_file(s.model.slug, d.slug), cell.state)
            for s in board.standings
            for d in board.datasets
            if (cell := s.cells[d.slug]).outcome
        ),
    )

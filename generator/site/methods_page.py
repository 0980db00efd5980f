"""The methods page: formulas worked by hand, traps, and the settings of the newest result."""

from __future__ import annotations

from dataclasses import dataclass

from generator.leaderboard import Leaderboard
from generator.site import links
from generator.site.marks import Mark
from generator.site.pages import Page
from generator.site.parts import newest
from generator.site.traps import N_CONCEPTS, Trap, chart_legend, traps
from generator.site.worked_example import WorkedExample, worked_example


@dataclass(frozen=True)
class MethodsPage(Page):
    """What is measured and how, and what it does not say."""

    template = "methods.html"
    example: WorkedExample
    traps: tuple[Trap, ...]
    trap_legend: tuple[tuple[str, Mark], ...]
    trap_concepts: int
    exact: str
    """The most points that maps are laid out exactly from."""
    landmarks: str
    """How many points stand for all of larger maps."""
    parameters: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]


def methods_page(board: Leaderboard) -> MethodsPage:
    """The methods page, with the settings and versions of the newest result."""
    results = [r for s in board.standings for cell in s.cells.values() if (r := cell.result)]
    latest = newest(results)
    parameters = latest.provenance.parameters if latest else {}
    flat = {**parameters, **{f"map {k}": v for k, v in (parameters.get("layout") or {}).items()}}
    landmarks = flat.get("map landmarks")
    return MethodsPage(
        links.METHODS,
        "Methods",
        "How Semantic Affinity and the maps are computed, and what they do not say.",
        worked_example(),
        traps(),
        chart_legend(),
        N_CONCEPTS,
        f"{flat.get('map exact', landmarks):,}" if landmarks else "some thousand",
        f"{landmarks:,}" if landmarks else "many",
        tuple((name.replace("_", " "), str(value)) for name, value in flat.items() if name != "layout"),
        tuple(latest.provenance.versions.items()) if latest else (),
    )

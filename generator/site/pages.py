"""What all pages are made of: frozen values ready to lay out.

Text is raw: templates escape it. Each page has a module of its own, with its dataclass and the function that fills it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from generator.leaderboard import Tier
from generator.measures.catalogue import MeasureInfo
from generator.ranks import Verdict
from generator.results import Estimate


@dataclass(frozen=True)
class Word:
    """A text with the language it is in."""

    text: str
    tag: str
    direction: str


@dataclass(frozen=True)
class Link:
    """A link within the site, or to elsewhere when ``target`` begins with http."""

    text: str
    target: str


@dataclass(frozen=True)
class Score:
    """SA of a pair with what a reader needs to judge it."""

    value: float
    low: float | None
    high: float | None
    null: Estimate
    chance_corrected: Estimate
    centred: Estimate
    offset: Estimate
    tiers: tuple[Tier, ...]
    """The tier of the value, then any other that the interval reaches."""


@dataclass(frozen=True)
class Step:
    """What a dataset says of a model and the one ranked next above it."""

    difference: Estimate
    """Its SA less that of the model above, with an interval that holds for all pairs of models at once."""
    verdict: Verdict


@dataclass(frozen=True)
class BoardCell:
    """One pair on a table of scores."""

    state: str
    """measured, failed, outdated or missing."""
    page: str | None
    rank: int | None
    rank_interval: str
    """The ranks that the central part of the resamples reaches, such as "1–3" or "2–2"; empty without resamples."""
    best: float | None
    """The share of the resamples in which the model comes first."""
    group: int | None
    """Tie group."""
    step: Step | None
    """Against the model ranked next above on this dataset."""
    score: Score | None
    reason: str


@dataclass(frozen=True)
class BoardRow:
    """One model on a table of scores."""

    model: Link
    objective: str
    parameters: int | None
    place: int | None
    place_interval: str
    """The places that the central part of the resamples reaches; empty without resamples."""
    best: float | None
    """The share of the resamples in which the model comes first over all datasets that count."""
    group: int | None
    """Tie group over all datasets that count."""
    mean_rank: Estimate
    mean_sa: Estimate
    measured: str
    """How many of the datasets that count towards the place, such as "3 of 4"."""
    cells: tuple[BoardCell, ...]
    drawing: str | None = None
    """The map's drawing, where the row stands for one pair."""


@dataclass(frozen=True)
class CompanionRow:
    """A companion measure of a pair."""

    info: MeasureInfo
    estimate: Estimate


@dataclass(frozen=True)
class PublishedRow:
    """A figure from a paper."""

    subject: str
    model: Link | None
    quantity: str
    scope: str
    value: str
    source: Link
    locator: str
    note: str


@dataclass(frozen=True)
class Page:
    """What every page has."""

    template: ClassVar[str]
    path: str
    title: str
    description: str


@dataclass(frozen=True)
class LatePage:
    """A page that is filled where it is laid out: filling it takes long, and what it is filled from is told apart."""

    path: str
    template: str
    fill: Callable[..., Page]
    given: tuple[Any, ...]


@dataclass(frozen=True)
class NotFoundPage(Page):
    template = "404.html"

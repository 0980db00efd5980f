"""The page of all releases, and a page of what changed from each to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from generator.history import Change, Snapshot, changes, summary
from generator.site import links
from generator.site.pages import Link, Page
from generator.site.releases import Release


@dataclass(frozen=True)
class ReleaseRow:
    """One release."""

    date: str
    page: str
    first: str
    """The names of the models that shared the first place."""
    n_models: int
    n_datasets: int
    changes: Link | None
    """What changed from the release before; None for the first."""


@dataclass(frozen=True)
class ReleasesPage(Page):
    """Every release, newest first."""

    template = "releases.html"
    releases: tuple[ReleaseRow, ...]
    since: Link | None
    """What changed since the newest release; None when there is none."""


@dataclass(frozen=True)
class ChangeRow:
    """A score or a place that changed."""

    model: Link
    dataset: Link | None
    before: float | None
    after: float | None
    difference: float | None


@dataclass(frozen=True)
class ChangesPage(Page):
    """What changed between two states of the leaderboard."""

    template = "changes.html"
    before: Link
    after: Link
    other: tuple[str, ...]
    """Sentences on models and datasets that came, went or were edited, and on what was measured."""
    places: tuple[ChangeRow, ...]
    scores: tuple[ChangeRow, ...]


def release_pages(releases: Sequence[Release], now: Snapshot) -> list[Page]:
    """The page of all releases with a page for each step from one to the next, and to the leaderboard as it is.

    Args:
        releases: oldest first.
        now: the leaderboard as it is.
    """
    states = [(Link(f"the release of {r.date}", links.release(r.date)), r.snapshot) for r in releases]
    states.append((Link("now", links.HOME), now))
    paths = [*(links.release_changes(release.date) for release in releases[1:]), links.UNRELEASED]
    steps: list[ChangesPage] = []
    told: list[Link | None] = [None]
    for path, ((before, old), (after, new)) in zip(paths, pairwise(states), strict=False):
        found = changes(old, new)
        steps.append(_changes_page(path, before, after, found, now))
        told.append(Link(summary(found) or "nothing changed", path))
    return [
        ReleasesPage(
            links.RELEASES,
            "Releases",
            "The site as it was on a day, kept under an address that does not change.",
            tuple(_row(release, changed) for release, changed in zip(releases, told, strict=False))[::-1],
            told[-1],
        ),
        *steps,
    ]


def _row(release: Release, changed: Link | None) -> ReleaseRow:
    kept = release.snapshot
    return ReleaseRow(
        release.date,
        links.release(release.date),
        ", ".join(model.name for model in kept.models.values() if model.place == 1),
        len(kept.models),
        len(kept.datasets),
        changed,
    )


def _changes_page(path: str, before: Link, after: Link, found: Sequence[Change], now: Snapshot) -> ChangesPage:
    def rows(kind: str) -> tuple[ChangeRow, ...]:
        return tuple(_change_row(change, now) for change in found if change.kind == kind)

    return ChangesPage(
        path,
        f"Changes from {before.text} to {after.text}",
        f"What changed on the leaderboard from {before.text} to {after.text}.",
        before,
        after,
        tuple(change.sentence for change in found if change.kind not in {"place", "score"}),
        rows("place"),
        rows("score"),
    )


def _change_row(change: Change, now: Snapshot) -> ChangeRow:
    """The change, linked to the pages that are there now."""
    model = links.model_page(change.model_slug) if change.model_slug in now.models else ""
    dataset = links.dataset_page(change.dataset_slug) if change.dataset_slug in now.datasets else ""
    return ChangeRow(
        Link(change.model, model),
        Link(change.dataset, dataset) if change.dataset else None,
        change.before,
        change.after,
        None if change.before is None or change.after is None else change.after - change.before,
    )

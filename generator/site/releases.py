"""Releases: the site as it was on a day, kept beside the benchmark and published unchanged from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from generator.errors import Fault, InputError
from generator.history import History, Snapshot, from_json, is_day
from generator.ledger import Ledger
from generator.site import links
from generator.site.links import MANIFEST
from generator.site.pieces import Content, StoredFile, content_of


@dataclass(frozen=True)
class Release:
    """A frozen copy of the site."""

    date: str
    """YYYY-MM-DD."""
    files: Mapping[str, Content]
    """By path within the copy, its manifest included."""

    @cached_property
    def snapshot(self) -> Snapshot:
        """The leaderboard as it was. Raises InputError when the copy's log is unreadable."""
        return from_json(content_of(self.files[links.HISTORY]), f"{self.date}/{links.HISTORY}").now


@dataclass(frozen=True)
class Past:
    """What came before a site that is rendered."""

    history: History = field(default_factory=History)
    releases: tuple[Release, ...] = ()
    """Oldest first."""


def release_folder(folder: Path, date: str) -> Path:
    """Where in ``folder`` the release of ``date`` belongs. Raises InputError when ``date`` is no day."""
    if not is_day(date):
        raise InputError([Fault("--date", f"{date!r} is not a day", "Write it as YYYY-MM-DD")])
    return folder / date


def is_released(files: Mapping[str, Content], place: Path) -> bool:
    """Whether the release at ``place`` is there already and holds ``files``.

    Raises InputError when there is another one: what is released stays.
    """
    if not place.exists():
        return False
    if _content(place / MANIFEST) != content_of(files[MANIFEST]):
        problem = "there is such a release already, of another state of the site"
        raise InputError([Fault(str(place), problem, "Choose another day with --date")])
    return True


def load_releases(folder: Path, ledger: Ledger | None = None) -> tuple[Release, ...]:
    """Every release in ``folder``, oldest first; none when there is no such folder.

    Their files stay where they are: there may be more than memory holds.

    Args:
        folder: of the releases.
        ledger: where the digests of their files are kept.

    Raises InputError that names every file of a release that is missing or not as its manifest says.
    """
    dates = sorted(path.name for path in folder.glob("*") if path.is_dir() and is_day(path.name))
    releases: list[Release] = []
    faults: list[Fault] = []
    for date in dates:
        try:
            releases.append(Release(date, _files(folder / date, ledger or Ledger())))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return tuple(releases)


REMEDY = "Restore the release from a backup or from releases/ in the site, or remove its folder"


def _files(place: Path, ledger: Ledger) -> dict[str, Content]:
    listed = _listed(place)
    found = {path: ledger.digest(place / path) for path in listed}
    faults = [
        Fault(str(place / path), "is missing" if digest is None else "is not what was released", REMEDY)
        for path, digest in found.items()
        if digest != listed[path]
    ]
    if links.HISTORY not in found:
        faults.append(Fault(str(place / MANIFEST), f"lists no {links.HISTORY}", REMEDY))
    if faults:
        raise InputError(faults)
    return {MANIFEST: (place / MANIFEST).read_bytes()} | {
        path: StoredFile(place / path, digest) for path, digest in listed.items()
    }


def _listed(place: Path) -> dict[str, str]:
    """The digests in a release's manifest by path. Raises InputError when it cannot be read or leads elsewhere."""
    try:
        listed = {
            str(path): str(digest) for path, digest in json.loads(_content(place / MANIFEST) or b"")["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError([Fault(str(place / MANIFEST), "is not the manifest of a release", REMEDY)]) from None
    outside = [path for path in listed if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts]
    if outside:
        raise InputError([Fault(str(place / MANIFEST), f"lists {path!r}", REMEDY) for path in outside])
    return listed


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def published(releases: Sequence[Release]) -> dict[str, Content]:
    """Every file of the releases by its path on the current site."""
    return {
        f"releases/{release.date}/{path}": content for release in releases for path, content in release.files.items()
    }

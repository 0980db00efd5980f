"""What earlier runs found out about a benchmark's files, so that nothing is read or made again without need.

The ledger lies in the user's cache folder and nothing depends on it: without one, or with a damaged one, everything is
read and made again. As git's index does for a work tree, it holds the digest of every file together with how the file
looked to the operating system then. A file that looks the same is taken to be the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from generator.files import UnwritableError, write_atomically
from generator.vectors import cache_path

FORMAT = 1
SETTLED_NS = 2_000_000_000
"""How long a file must have been as it is: one written to again within a tick of the clock would look the same."""


class Look(NamedTuple):
    """How a file looks to the operating system; times are in nanoseconds."""

    size: int
    written: int
    changed: int
    inode: int


class Ledger:
    """The digests of files, and what was found out from files and folders, by their paths.

    Args:
        path: the ledger's own file, which need not be there; None for a ledger that is forgotten.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        document = _read(path) if path else {}
        self._files: dict[str, list[Any]] = document.get("files", {})
        self._notes: dict[str, Any] = document.get("notes", {})
        self._changed = False

    def digest(self, path: Path) -> str | None:
        """The SHA-256 of a file, None when there is none that can be read.

        The file is read unless it looks as it did when it was last read and had not been written to just before that.
        A content exchanged under the old date does not go unnoticed, since nobody can set a file's time of change.
        """
        name = os.fspath(path)
        try:
            look = _look(path)
            known = self._files.get(name)
            if look and known and known[:-1] == [*look]:
                return str(known[-1])
            now = time.time_ns()
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if look and look == _look(path) and look.written + SETTLED_NS <= now:
                self._files[name] = [*look, digest]
                self._changed = True
        except OSError:
            return None
        return digest

    def renamed(self, path: Path) -> None:
        """Take it that a file only got a name more or less, which changes nothing but its time of change."""
        name = os.fspath(path)
        look, known = _look(path), self._files.get(name)
        if look and known and (look.size, look.written, look.inode) == (known[0], known[1], known[3]):
            self._files[name] = [*look, known[-1]]
            self._changed = True

    def note(self, path: Path, found: Any) -> None:
        """Keep what was found out from a file or folder: anything that JSON can hold."""
        self._notes[os.fspath(path)] = found
        self._changed = True

    def noted(self, path: Path) -> Any:
        """What was last found out from a file or folder, None for nothing."""
        return self._notes.get(os.fspath(path))

    def save(self) -> None:
        """Store the ledger. A disk that takes no more costs time at the next run and nothing else."""
        if not self.path or not self._changed:
            return
        held = {"files": _there(self._files), "notes": _there(self._notes)}
        document = json.dumps(held, separators=(",", ":")).encode()
        with suppress(UnwritableError):
            write_atomically(self.path, _checksum(document) + b"\n" + document)
        self._changed = False


def ledger_of(results: Path) -> Ledger:
    """The ledger of the benchmark whose results are in a folder."""
    name = hashlib.sha256(os.fsencode(results.resolve())).hexdigest()[:16]
    return Ledger(cache_path().parent / "ledgers" / f"{FORMAT}-{name}.json")


def _look(path: Path) -> Look | None:
    """How a file looks; None for a link, whose own look says nothing of the file. Raises OSError when it is missing."""
    told = path.lstat()
    if not stat.S_ISREG(told.st_mode):
        return None
    return Look(told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino)


def _there(told: dict[str, Any]) -> dict[str, Any]:
    """What is known of files and folders that are still there."""
    return {name: found for name, found in told.items() if os.path.lexists(name)}


def _read(path: Path) -> dict[str, Any]:
    """The document of a ledger; empty when there is none, or one that is not as it was written."""
    try:
        checksum, _, document = path.read_bytes().partition(b"\n")
        return dict(json.loads(document)) if checksum == _checksum(document) else {}
    except (OSError, ValueError):
        return {}


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()

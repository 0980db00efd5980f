"""One run at a time on what a benchmark keeps: its results, its site, its releases.

The operating system frees a lock when its process ends, however it ends, so that no lock is ever stale. Who holds it
stands in the lock file, for those who wait. Who ends in order removes the file, so that one that lies there and is free
tells of a run that was killed, whose half-written files are removed then.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from generator.files import clear_leftovers, writing
from generator.progress import say

LOOK_SECONDS = 0.1
"""How often one who waits looks whether the lock is free."""
NOTE_BYTES = 10_000


@dataclass(frozen=True)
class Holder:
    """The run that holds a lock."""

    pid: int
    host: str
    since: str
    command: str

    @classmethod
    def here(cls) -> Self:
        """This process."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return cls(os.getpid(), platform.node(), now, shlex.join(["isogloss", *sys.argv[1:]]))

    @classmethod
    def noted(cls, content: bytes) -> Self | None:
        """The run that a lock file tells of; None when it tells of none, or nothing that can be understood."""
        try:
            told = json.loads(content)
            return cls(int(told["pid"]), *("".join(filter(str.isprintable, told[key])) for key in _TEXTS))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid} on {self.host}, since {self.since})"


_TEXTS = ("host", "since", "command")


def lock_file(place: Path) -> Path:
    """Where the lock of a file or folder lies: beside it, since a site's folder is exchanged whole."""
    place = place.resolve()
    return place.with_name(f".{place.name}.lock")


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold the lock of a file or folder, which may be yet to come; wait for it, saying once who has it.

    Where no lock file can be had, on a read-only disk or one that knows no locks, the run goes on without.

    Raises UnwritableError when the disk is full.
    """
    from filelock import FileLock, Timeout

    path = lock_file(place)
    lock = FileLock(path, poll_interval=LOOK_SECONDS, on_acquired=lambda handle: _noted(handle, place))
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say(f"Waiting for {_holder(path) or 'another run'} to be done with {place}; Ctrl-C gives up")
                lock.acquire()
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR}:
                raise
            if error.errno != errno.EROFS:
                say(f"{place} cannot be locked ({error.strerror}); see to it that no other run works on it")
    try:
        yield
    finally:
        if lock.is_locked:
            with writing(path):
                path.unlink(missing_ok=True)  # while it is held: whoever waits finds that out and begins a new one
            lock.release()


def _noted(handle: int, place: Path) -> None:
    """Write into the lock file, just acquired, who has it now, after seeing to what a killed run left."""
    if killed := Holder.noted(os.read(handle, NOTE_BYTES)):
        say(f"An earlier run did not end in order: {killed}. This one goes on from what it stored")
        clear_leftovers(place)
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, json.dumps(asdict(Holder.here())).encode())


def _holder(path: Path) -> Holder | None:
    try:
        return Holder.noted(path.read_bytes()[:NOTE_BYTES])
    except OSError:
        return None

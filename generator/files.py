"""Writing files so that nobody ever finds a half of one, and so that a disk that takes no more says where and why."""

from __future__ import annotations

import errno
import glob
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.errors import IsoglossError

PART = ".part"
LEFTOVER = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(PART)}")
"""What a file is called while `write_atomically` writes it."""

NO_SPACE, NO_ENTRY = "Free some space", "Make it writable, or choose another folder"
REMEDIES = {
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EFBIG: "Raise the limit on the size of files",
    errno.EROFS: NO_ENTRY,
    errno.EACCES: NO_ENTRY,
    errno.EPERM: NO_ENTRY,
}


class UnwritableError(IsoglossError):
    """A file or folder cannot be written: the disk is full, the folder is read-only, something stands in the way."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Whatever the operating system refuses within becomes an UnwritableError that names ``path`` and the remedy."""
    try:
        yield
    except OSError as error:
        problem = f"{path} cannot be written ({error.strerror or error})"
        remedy = REMEDIES.get(error.errno or 0, "See what stands in its way")
        raise UnwritableError(f"{problem}. {remedy}, and start again: what was finished is kept") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers, and a run after a kill, see the old content or the new, never a part.

    Raises UnwritableError, with the old content still in place.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def clear_leftovers(place: Path) -> None:
    """Remove what a killed `write_atomically` left of a file, or of any file in a folder.

    Only for who knows that no other process is writing there (`generator.lock.locked`).
    """
    found = place.rglob(f".*{PART}") if place.is_dir() else place.parent.glob(f".{glob.escape(place.name)}.*{PART}")
    for path in found:
        if LEFTOVER.fullmatch(path.name):
            path.unlink(missing_ok=True)

"""Putting a rendered site in place: all of it at once, and nothing of anybody else's lost."""

from __future__ import annotations

import ctypes
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from generator.errors import Fault, InputError
from generator.files import writing
from generator.site.links import HOME, MANIFEST
from generator.site.pieces import Content, StoredFile, content_of

AT_FDCWD, RENAME_EXCHANGE = -100, 2
ASIDE = ".old"
ANOTHER = "Or choose another folder: output in benchmark.toml, or --site of isogloss render"


def publish(files: Mapping[str, Content], folder: Path) -> None:
    """Make ``folder`` hold exactly ``files``, and what lay there that no manifest of ours listed.

    The new site is written beside the old one and takes its place in one step, so that a reader, and a run
    after a kill, finds the old site or the new one. What the old one has already is not written again.

    Raises InputError when a file that is not ours stands where one of the site's must go, and UnwritableError when
    the disk takes no more.
    """
    folder = folder.resolve()
    _put_back(folder)
    foreign = _foreign_files(folder)
    _refuse_collisions(files, foreign, folder)
    kept = [path for path in foreign if path not in files]
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(folder)
        staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_leftover_prefix(folder)))
        try:
            staging.chmod(0o755)
            for place in sorted({(staging / path).parent for path in files}):
                place.mkdir(parents=True, exist_ok=True)
            for path, file in files.items():
                _put(file, staging / path, folder)
            for path in kept:
                _carry(folder / path, staging / path)
            _take_place(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _put(file: Content, target: Path, folder: Path) -> None:
    """Write a file, or take it from where it lies: from the old site in ``folder`` it comes as it is, by a link.

    A file has two names then, for as long as the old site is there; nobody writes into it through either.
    """
    if not isinstance(file, StoredFile):
        target.write_bytes(file)
    elif file.path.is_relative_to(folder):
        _carry(file.path, target)
    else:
        shutil.copyfile(file.path, target)


def _foreign_files(folder: Path) -> list[str]:
    """Files and empty folders in the folder that no manifest of ours lists, by relative path."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise InputError([Fault(str(folder), "this is a file, not a folder", ANOTHER)])
    ours = _listed(folder)
    found = (p for p in sorted(folder.rglob("*")) if p.is_symlink() or not p.is_dir() or not any(p.iterdir()))
    return [name for path in found if (name := path.relative_to(folder).as_posix()) not in ours]


def _listed(folder: Path) -> set[str]:
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())["files"]
        return {*listed, MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _refuse_collisions(files: Mapping[str, Content], foreign: list[str], folder: Path) -> None:
    remedy = f"Move it away. {ANOTHER}"
    folders = {parent for path in files for parent in _above(path)}
    # A damaged manifest lists nothing; the home page shows that it is one of ours.
    ours = {MANIFEST} if HOME in files and _holds(folder / HOME, files[HOME]) else set()
    faults = [
        Fault(str(folder / path), "Isogloss did not write this file and will not replace it", remedy)
        for path in foreign
        if (path in files and path not in ours and not _holds(folder / path, files[path]))
        or not _above(path).isdisjoint(files)
        or (path in folders and not _is_real_folder(folder / path))
    ]
    if faults:
        raise InputError(faults)


def _holds(path: Path, file: Content) -> bool:
    """Whether a file is what would be written there, so that it is ours, though a damaged manifest does not say so."""
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content_of(file)


def _above(path: str) -> set[str]:
    return {parent.as_posix() for parent in PurePosixPath(path).parents}


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _leftover_prefix(folder: Path) -> str:
    return f".{folder.name}.new-"


def _put_back(folder: Path) -> None:
    """Undo half a replacement: a kill between the two renames of `_take_place` leaves the old site aside."""
    for aside in folder.parent.glob(f"{glob.escape(_leftover_prefix(folder))}*{ASIDE}"):
        if not folder.exists():
            aside.rename(folder)


def _clear_leftovers(folder: Path) -> None:
    """Remove what a run left behind that was killed while writing."""
    for leftover in folder.parent.glob(f"{glob.escape(_leftover_prefix(folder))}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _carry(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if _is_real_folder(source):
        target.mkdir(exist_ok=True)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _take_place(staging: Path, folder: Path) -> None:
    """Let ``staging`` become ``folder``; what ``folder`` was is left at ``staging``."""
    if not folder.exists():
        staging.rename(folder)
    elif not _exchanged(staging, folder):
        # Without an atomic exchange the folder is missing for an instant.
        aside = staging.with_name(f"{staging.name}{ASIDE}")
        folder.rename(aside)
        staging.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)


def _exchanged(a: Path, b: Path) -> bool:
    """Exchange two folders in one step where the system can (Linux), and say whether it did."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return bool(renameat2(AT_FDCWD, os.fsencode(a), AT_FDCWD, os.fsencode(b), RENAME_EXCHANGE) == 0)

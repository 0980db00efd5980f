"""Files of the site that are made each by itself: kept where nothing changed, and otherwise made over processes.

A piece names its function and everything that the function is given. The digest of both is the piece's key, so that a
file which an earlier run made under the same key need not be made again, and no input can be forgotten.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import Any, Generic, TypeVar

import numpy as np

from generator.forks import CAN_FORK, in_forks
from generator.ledger import Ledger
from generator.memory import rarely_collected
from generator.resources import PACKAGE
from generator.results import PairFailure, PairResult
from generator.schedule import WorkerDiedError
from generator.site.links import MANIFEST

LIBRARIES = (
    "bokeh", "fonttools", "isogloss", "jinja2", "langcodes", "language_data", "markupsafe", "numpy", "pandas", "pillow",
    "pyarrow", "pydantic",
)  # fmt: skip
"""Which besides Isogloss itself decide the bytes of a site."""
WORTH_SHARING = 200
"""Pieces that take longer to make than processes take to start."""
FIRST = 40
"""Pieces, evenly spread, that are made before processes start: what these load, all have."""
AT_A_TIME = 20
"""Pieces that a process makes before it hands them over."""

T = TypeVar("T")


@dataclass(frozen=True)
class StoredFile:
    """A file that already lies somewhere as it is to be published."""

    path: Path
    sha256: str


Content = bytes | StoredFile


def content_of(file: Content) -> bytes:
    """What a file holds, read where it lies."""
    return file.path.read_bytes() if isinstance(file, StoredFile) else file


def size_of(file: Content) -> int:
    """The bytes of a file."""
    return file.path.stat().st_size if isinstance(file, StoredFile) else len(file)


def sha256_of(file: Content) -> str:
    """The SHA-256 of what a file holds."""
    return file.sha256 if isinstance(file, StoredFile) else hashlib.sha256(file).hexdigest()


class Digested(ABC):
    """What is told by its digest, which is computed once."""

    @property
    @abstractmethod
    def digest(self) -> str: ...


@dataclass(frozen=True)
class Shared(Digested, Generic[T]):
    """A value that many pieces are made of."""

    value: T

    @cached_property
    def digest(self) -> str:
        return fingerprint(self.value)


@dataclass(frozen=True)
class Piece:
    """One file of the site, with the function that makes it and what that is given."""

    path: str
    make: Callable[..., bytes]
    """Of a module, so that other processes find it by its name."""
    given: tuple[Any, ...]

    @cached_property
    def key(self) -> str:
        return fingerprint([code(), self.make, self.given])

    def made(self) -> bytes:
        return self.make(*self.given)


class Kept:
    """What of the site in a folder is as an earlier run left it.

    Args:
        folder: of the site.
        ledger: with what the earlier run noted of it, see `generator.site.update`.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder, self._ledger = folder, ledger
        noted = ledger.noted(folder) or {}
        whole = noted and ledger.digest(folder / MANIFEST) == noted["manifest"]
        self._made: Mapping[str, str] = noted["made"] if whole else {}
        self._listed: Mapping[str, str] = listed(folder) if whole else {}

    def made(self, piece: Piece) -> StoredFile | None:
        """The file of a piece, if the same was made before and lies there unharmed."""
        return self._file(piece.path) if self._made.get(piece.path) == piece.key else None

    def file(self, path: str, content: Content) -> Content:
        """The file of the site at a path where it is unharmed and holds ``content``, else ``content``."""
        same = path in self._listed and self._listed[path] == sha256_of(content)
        kept = self._file(path) if same else None
        return content if kept is None else kept

    def is_whole(self) -> bool:
        """Whether every file of the site lies there unharmed."""
        return bool(self._listed) and all(self._file(path) is not None for path in self._listed)

    def __len__(self) -> int:
        return len(self._listed) + 1

    def _file(self, path: str) -> StoredFile | None:
        file, digest = self._folder / path, self._listed.get(path)
        return StoredFile(file, digest) if digest and self._ledger.digest(file) == digest else None


def listed(folder: Path) -> dict[str, str]:
    """The SHA-256 of a site's files by path, as its manifest says; nothing when it cannot be read."""
    try:
        return dict(json.loads((folder / MANIFEST).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def made(pieces: Sequence[Piece], kept: Kept | None = None, jobs: int = 1) -> dict[str, Content]:
    """The files of pieces by path: those that were kept, and the others made now.

    Args:
        pieces: what to make.
        kept: what an earlier run made.
        jobs: processes that may share the work, where it is enough to be shared.

    Raises whatever a piece raises.
    """
    files: dict[str, Content] = {}
    new = []
    for piece in pieces:
        if kept and (file := kept.made(piece)) is not None:
            files[piece.path] = file
        else:
            new.append(piece)
    if CAN_FORK and jobs > 1 and len(new) >= WORTH_SHARING:
        files |= _made(new[:: -(-len(new) // FIRST)])
        files |= _made_by_forks([piece for piece in new if piece.path not in files], jobs)
    return files | _made([piece for piece in new if piece.path not in files])


@rarely_collected()
def _made(pieces: Iterable[Piece]) -> dict[str, Content]:
    return {piece.path: piece.made() for piece in pieces}


def _made_by_forks(pieces: Sequence[Piece], jobs: int) -> dict[str, Content]:
    """Without those that were not finished when a process died, which are then to be made in this one."""
    files: dict[str, Content] = {}
    with suppress(WorkerDiedError):
        for done in in_forks(_made, pieces, jobs, AT_A_TIME):
            files |= done
    return files


def fingerprint(value: object) -> str:
    """The SHA-256 of a value made of records, mappings, lists, texts, numbers and arrays of numbers.

    Equal values have the same one. Raises TypeError for a value of another kind.
    """
    return hashlib.sha256(json.dumps(value, default=_told, separators=(",", ":")).encode()).hexdigest()


def _told(value: Any) -> object:
    """A value that JSON does not know in terms of those that it does."""
    kind = type(value)
    if isinstance(value, PairResult | PairFailure | Digested):
        return [kind.__name__, value.digest]
    if dataclasses.is_dataclass(kind):
        return [kind.__name__, *_fields(kind)(value)]
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
    if isinstance(value, Path | dt.date):
        return str(value)
    if isinstance(value, FunctionType):
        return [value.__module__, value.__qualname__]
    raise TypeError(f"{kind.__name__} has no fingerprint")


@cache
def _fields(kind: type) -> Callable[[object], tuple[Any, ...]]:
    names = [field.name for field in dataclasses.fields(kind)]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


@lru_cache(maxsize=1)
def code() -> str:
    """The digest of the code that makes sites: Isogloss and the versions of what it is made with."""
    own = {path.relative_to(PACKAGE).as_posix(): path.read_bytes() for path in PACKAGE.rglob("*.py")}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(own.items())}
    return fingerprint([sys.version, {name: _version(name) for name in LIBRARIES}, digests])


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""

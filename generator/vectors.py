"""The vectors cache: what was encoded once is never encoded again.

One SQLite file in write-ahead mode. Every batch is one transaction, so a kill loses the batch in flight at
most, and two processes may use the file at once. Each vector carries a checksum: a damaged one counts as
missing. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import platformdirs

from generator.files import UnwritableError, writing
from generator.lock import locked
from generator.models.encoder import Settings, Vectors

SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, settings TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS vectors (
    model INTEGER NOT NULL REFERENCES models(id), text TEXT NOT NULL, checksum INTEGER NOT NULL,
    vector BLOB NOT NULL, UNIQUE (model, text)
);
"""
FORMAT = 1
BUSY_SECONDS = 60
BETWEEN_TRIES = 0.05
OUT_OF_SPACE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
TEXTS_A_QUERY = 500


Done = TypeVar("Done")


def cache_path() -> Path:
    """The cache file: in ``ISOGLOSS_CACHE`` when set, else in the user's cache folder."""
    folder = os.environ.get("ISOGLOSS_CACHE") or platformdirs.user_cache_dir("isogloss", appauthor=False)
    return Path(folder) / "vectors.sqlite"


class VectorCacheError(UnwritableError):
    """The cache file cannot be opened or written."""


class VectorCache:
    """Vectors by model identity and text. A damaged file is set aside, with a warning, and begun anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"the folder {path.parent} cannot be made ({error.strerror})"
            raise VectorCacheError(f"{problem}. Set ISOGLOSS_CACHE to another folder") from None
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            self._refuse_undamaged(error)
            self._connection = self._begun_anew(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def missing(self, identity: str, texts: Sequence[str]) -> list[str]:
        """The texts that have no sound vector yet, in the order given."""
        held = self._healed(lambda: {text for some in _slices(texts) for text in self._blobs(identity, some)})
        return [text for text in texts if text not in held]

    def read(self, identity: str, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), n_dims), float32. Raises KeyError for the first text without one."""
        vectors = np.empty((0, 0), dtype="<f4")
        for start, some in zip(count(0, TEXTS_A_QUERY), _slices(texts), strict=False):
            try:
                held = self._blobs(identity, some)
            except sqlite3.DatabaseError as error:
                raise VectorCacheError(f"{self.path} cannot be read ({error}). Start again to encode anew") from error
            rows = np.stack([np.frombuffer(held[text], dtype="<f4") for text in some])
            if not start:
                vectors = np.empty((len(texts), rows.shape[1]), dtype="<f4")
            vectors[start : start + len(some)] = rows
        return vectors

    def dimensions(self, identity: str) -> int:
        """How many numbers this identity's vectors have; 0 where it has none."""
        query = "SELECT length(vector) FROM vectors JOIN models ON model = id WHERE identity = ? LIMIT 1"
        row = self._healed(lambda: self._connection.execute(query, (identity,)).fetchone())
        return row[0] // np.dtype("<f4").itemsize if row else 0

    def write(self, identity: str, texts: Sequence[str], vectors: Vectors) -> None:
        """Store one batch, all of it or nothing; a file found damaged is begun anew with it."""
        self._healed(lambda: self._insert(identity, texts, vectors))

    def begin_anew(self, reason: str) -> None:
        """Set the file aside as damaged, with a warning, and go on with an empty one."""
        self._connection.close()
        self._connection = self._begun_anew(reason)

    def settings(self, identity: str) -> Settings:
        """What the encoder said of itself when it last ran for this identity; empty when it never did."""
        query = "SELECT settings FROM models WHERE identity = ?"
        try:
            row = self._connection.execute(query, (identity,)).fetchone()
            return dict(json.loads(row[0])) if row else {}
        except (sqlite3.DatabaseError, ValueError):  # damaged; nothing but a note is lost
            return {}

    def record_settings(self, identity: str, settings: Settings) -> None:
        """Keep what decided the vectors, for results measured when no encoder is loaded."""
        self._healed(lambda: self._update_settings(identity, json.dumps(dict(settings), sort_keys=True)))

    def _update_settings(self, identity: str, told: str) -> None:
        model = self._model(identity)
        with self._connection:
            self._connection.execute("UPDATE models SET settings = ? WHERE id = ?", (told, model))

    def _insert(self, identity: str, texts: Sequence[str], vectors: Vectors) -> None:
        model = self._model(identity)
        blobs = [np.ascontiguousarray(vector, dtype="<f4").tobytes() for vector in vectors]
        rows = [(model, text, _checksum(identity, text, blob), blob) for text, blob in zip(texts, blobs, strict=True)]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)

    def _opened(self) -> sqlite3.Connection:
        """The file, open and ready. SQLite does not wait for other processes while it prepares a new file."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self._prepared()
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(BETWEEN_TRIES)

    def _prepared(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        self._file = _file_number(self.path)
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")  # damage may hit text
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found not in {0, FORMAT}:
                raise sqlite3.DatabaseError(f"format {found}, this version reads {FORMAT}")
            connection.executescript(SCHEMA)
            if not found:  # nothing is written into a file that is ready: the disk may be full
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            # Reads the root of every table, so that a damaged file shows here and not in the middle of a run.
            connection.execute("SELECT COUNT(*) FROM models").fetchone()
            connection.execute("SELECT model, text FROM vectors LIMIT 1").fetchone()
        except sqlite3.DatabaseError:
            connection.close()
            raise
        except UnicodeDecodeError as error:  # from SQLite's own message about a damaged schema
            connection.close()
            raise sqlite3.DatabaseError("malformed schema") from error
        return connection

    def _healed(self, action: Callable[[], Done]) -> Done:
        """Do something; if the file proves damaged, begin it anew and do it once more."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            self._refuse_undamaged(error)
            self.begin_anew(str(error))
            return action()

    def _refuse_undamaged(self, error: sqlite3.DatabaseError) -> None:
        """Raise VectorCacheError for what says nothing against the file: it is locked, read-only, the disk is full."""
        # Every statement here is right, so one that SQLite finds wrong means that the file's schema is damaged.
        if type(error) is not sqlite3.DatabaseError and _primary_code(error) != sqlite3.SQLITE_ERROR:
            remedy = "Free some space, or set" if _primary_code(error) in OUT_OF_SPACE else "Set"
            raise VectorCacheError(
                f"{self.path} cannot be used ({error}). {remedy} ISOGLOSS_CACHE to another folder"
            ) from error

    def _begun_anew(self, reason: str) -> sqlite3.Connection:
        """An empty cache in place of a damaged one, which is kept beside it; another process may have seen to it."""
        with locked(self.path):
            if self._file == _file_number(self.path):
                self._set_aside(reason)
            return self._opened()

    def _set_aside(self, reason: str) -> None:
        aside = next(p for i in range(1, 10_000) if not (p := Path(f"{self.path}.damaged-{i}")).exists())
        warnings.warn(f"{self.path} is damaged ({reason}); set aside as {aside.name} and begun anew", stacklevel=4)
        with writing(aside):
            self.path.rename(aside)
            for companion in ("-wal", "-shm"):
                Path(f"{self.path}{companion}").unlink(missing_ok=True)

    def _model(self, identity: str) -> int:
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO models (identity) VALUES (?)", (identity,))
        row = self._connection.execute("SELECT id FROM models WHERE identity = ?", (identity,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError("it does not keep what is written")
        return int(row[0])

    def _blobs(self, identity: str, texts: Sequence[str]) -> dict[str, bytes]:
        """Sound blobs by text, of at most `TEXTS_A_QUERY` texts."""
        marks = ",".join("?" * len(texts))
        query = (
            "SELECT text, checksum, vector FROM vectors JOIN models ON model = id "  # noqa: S608 - marks only
            f"WHERE identity = ? AND text IN ({marks})"
        )
        return {
            text: blob
            for text, checksum, blob in self._connection.execute(query, (identity, *texts))
            if isinstance(blob, bytes) and _checksum(identity, text, blob) == checksum
        }


def _slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, as many at a time as one query asks for."""
    return (texts[start : start + TEXTS_A_QUERY] for start in range(0, len(texts), TEXTS_A_QUERY))


def _file_number(path: Path) -> int | None:
    """Which file has the name now; None when none has."""
    return path.stat().st_ino if path.exists() else None


def _checksum(identity: str, text: str, blob: bytes) -> int:
    """Of a vector and what it belongs to: a damaged index can lead from a text to another text's vector."""
    return zlib.crc32(blob, zlib.crc32(f"{identity}\0{text}".encode()))


def _primary_code(error: sqlite3.DatabaseError) -> int | None:
    """SQLite's own kind of the error; None for errors that Python raises."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF

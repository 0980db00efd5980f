"""Vectors computed elsewhere, read slice by slice: for files that do not fit in memory.

What is kept in memory is 12 bytes a text: a digest of 64 bits and the row of its vector. An uncompressed NPZ file (as
``numpy.savez`` writes it) is read where it lies; the vectors of a Parquet or compressed NPZ file are copied once into
a plain file beside the index.
"""

from __future__ import annotations

import math
import os
import shutil
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from generator.errors import Fault, InputError, IsoglossError
from generator.files import UnwritableError, writing
from generator.models.encoder import Settings, Vectors
from generator.models.precomputed import COLUMNS, lacking
from generator.parquet import open_parquet
from generator.streaming.distinct import digests_of, parts

TEXTS_AT_ONCE = 1 << 14
"""Texts that are looked through at a time."""
GAP = 2
"""From one row wanted to the next; the rows between are read along rather than sought past."""
RUN = 1024
"""Rows wanted that are read at once."""
TEXT_BYTES = 16 << 20
"""Texts of an NPZ file that are in memory at a time."""
COPY_BYTES = 1 << 20
LOCAL_HEADER = 30
"""Bytes of a ZIP member's own header before its name."""


@dataclass(frozen=True)
class _Matrix:
    """Vectors as they lie in a file."""

    path: Path
    offset: int
    dtype: np.dtype[np.generic]
    shape: tuple[int, int]

    def rows(self, wanted: npt.NDArray[np.integer]) -> Vectors:
        """Some rows, (n, d), float32; neighbouring ones are read at once."""
        order = np.argsort(wanted, kind="stable")
        rows = wanted[order].astype(np.int64)
        found = np.empty((len(rows), self.shape[1]), dtype=np.float32)
        far = np.flatnonzero(np.diff(rows) > GAP) + 1
        breaks = np.union1d(far, np.arange(RUN, len(rows), RUN))
        width = self.shape[1] * self.dtype.itemsize
        with self.path.open("rb", buffering=0) as file:
            for start, stop in zip([0, *breaks], [*breaks, len(rows)], strict=True):
                first, last = rows[start], rows[stop - 1]
                block = os.pread(file.fileno(), (last - first + 1) * width, self.offset + first * width)
                values = np.frombuffer(block, dtype=self.dtype).reshape(-1, self.shape[1])
                found[order[start:stop]] = values[rows[start:stop] - first]
        return found


class SlicedVectors:
    """Looks vectors up by text as `generator.models.precomputed.PrecomputedEncoder` does, in little memory.

    Raises InputError when the file is not what the contract says, and UnwritableError when there is no room for what
    is kept of it.
    """

    texts_at_once = 1 << 16  # rows that lie together are read at once, so those of a shard are asked for in its order

    def __init__(self, path: Path, folder: Path) -> None:
        """``folder`` takes the index, and a copy of vectors that cannot be read where they lie."""
        self._path = path
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                self._matrix, texts = _opened(path, folder)
                _write_digests(texts, folder / "texts")
            except Exception as error:  # whatever a foreign file makes its readers raise
                # pyarrow raises OSError for a damaged file too; one of the operating system has a number.
                if isinstance(error, IsoglossError) or (isinstance(error, OSError) and error.errno):
                    raise
                problem = f"not readable ({type(error).__name__}: {(str(error).splitlines() or [''])[0]})"
                raise InputError([Fault(str(path), problem, COLUMNS)]) from None
        self._digests, self._rows = _sorted(folder / "texts")
        if not len(self._rows) or len(self._rows) != self._matrix.shape[0]:
            problem = f"{len(self._rows)} texts and vectors of shape {self._matrix.shape}"
            raise InputError([Fault(str(path), problem, COLUMNS)])
        self._refuse_contradictions()

    @property
    def settings(self) -> Settings:
        return {"file": self._path.name}

    def encode(self, texts: Sequence[str]) -> Vectors:
        wanted = digests_of(texts)
        place = np.minimum(np.searchsorted(self._digests, wanted), len(self._digests) - 1)
        missing = np.flatnonzero(self._digests[place] != wanted)
        if len(missing):
            raise lacking(self._path, [texts[i] for i in missing.tolist()])
        return self._matrix.rows(self._rows[place])

    def _refuse_contradictions(self) -> None:
        """One text with two different vectors."""
        again = np.flatnonzero(self._digests[1:] == self._digests[:-1]) + 1
        for start in range(0, len(again), TEXTS_AT_ONCE):
            some = again[start : start + TEXTS_AT_ONCE]
            one, other = self._matrix.rows(self._rows[some - 1]), self._matrix.rows(self._rows[some])
            differ = np.flatnonzero(~((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1))
            if len(differ):
                first, later = self._rows[some[differ[0]] - 1], self._rows[some[differ[0]]]
                problem = f"its text has another vector than in row {first + 1}"
                raise InputError([Fault(str(self._path), problem, "Keep one vector a text", int(later) + 1, "text")])


def _write_digests(texts: Iterator[str], path: Path) -> None:
    with path.open("wb") as file:
        while some := list(islice(texts, TEXTS_AT_ONCE)):
            file.write(digests_of(unicodedata.normalize("NFC", text) for text in some).data)


def _sorted(path: Path) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """The digests of a file in ascending order, and their places; the file is removed."""
    n = path.stat().st_size // 8
    digests, rows = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint32)
    start = 0
    for values, places in parts(path):
        order = np.argsort(values, kind="stable")
        stop = start + len(order)
        digests[start:stop], rows[start:stop] = values[order], places[order]
        start = stop
    path.unlink()
    return digests, rows


def _opened(path: Path, folder: Path) -> tuple[_Matrix, Iterator[str]]:
    return _opened_npz(path, folder) if path.suffix.lower() == ".npz" else _opened_parquet(path, folder / "vectors")


def _opened_npz(path: Path, folder: Path) -> tuple[_Matrix, Iterator[str]]:
    with zipfile.ZipFile(path) as archive:
        text, vector = archive.getinfo("text.npy"), archive.getinfo("vector.npy")
        with archive.open(text) as member:
            shape, dtype = _header(member)
            if len(shape) != 1 or dtype.kind != "U":
                raise ValueError(f"texts of type {dtype} and shape {shape}, not a row of Unicode texts")
        with archive.open(vector) as member:
            shape, dtype = _header(member)
            if len(shape) != 2 or not shape[1] or dtype.kind not in "fiu":
                raise ValueError(f"vectors of type {dtype} and shape {shape}")
            within = member.tell()
            if vector.file_size != within + math.prod(shape) * dtype.itemsize:
                raise ValueError(f"vectors of shape {shape} in {vector.file_size:,} bytes")
            if vector.compress_type == zipfile.ZIP_STORED:
                while member.read(COPY_BYTES):  # to the end, where its checksum is compared
                    pass
                return _Matrix(path, _data_offset(path, vector) + within, dtype, shape), _npz_texts(path)
            copy = folder / "vectors"
            with copy.open("wb") as file:  # which frees what an earlier copy took
                _refuse_no_room(copy, math.prod(shape) * dtype.itemsize)
                shutil.copyfileobj(member, file, COPY_BYTES)
            return _Matrix(copy, 0, dtype, shape), _npz_texts(path)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of an array of the NPY format. Raises ValueError for objects and for columns first."""
    version = np.lib.format.read_magic(member)
    readers: dict[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype[np.generic]]]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"arrays of the NPY format {version}")
    shape, columns_first, dtype = readers[version](member)
    if dtype.hasobject or (columns_first and len(shape) > 1):
        raise ValueError(f"an array of type {dtype}{', columns first' if columns_first else ''}")
    return shape, dtype


def _data_offset(path: Path, member: zipfile.ZipInfo) -> int:
    """Where the content of a stored member begins: its own header may differ from the one in the directory."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        header = file.read(LOCAL_HEADER)
    name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    return member.header_offset + LOCAL_HEADER + name + extra


def _npz_texts(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive, archive.open("text.npy") as member:
        (n,), dtype = _header(member)
        if not 0 < dtype.itemsize <= TEXT_BYTES:
            raise ValueError(f"texts of type {dtype}")
        while n > 0:
            block = np.frombuffer(member.read(min(n, TEXT_BYTES // dtype.itemsize) * dtype.itemsize), dtype=dtype)
            if not len(block):
                raise ValueError("fewer texts than the file says")
            yield from map(str, block)
            n -= len(block)


def _opened_parquet(path: Path, copy: Path) -> tuple[_Matrix, Iterator[str]]:
    """Vectors copied to a plain file, in float16 where they are in it and in float32 else."""
    import pyarrow as pa

    with open_parquet(path) as file:
        n_rows = file.metadata.num_rows
        column = file.schema_arrow.field("vector").type
        if not hasattr(column, "value_type"):
            raise ValueError(f"vectors of type {column}, not lists of numbers")
        dtype = np.dtype(np.float16 if column.value_type == pa.float16() else np.float32)
        width = 0
        with copy.open("wb") as target:
            for batch in file.iter_batches(TEXTS_AT_ONCE, columns=["vector"]):
                vectors = batch.column(0)
                lengths = set(vectors.value_lengths().to_pylist()) | ({width} if width else set())
                if len(lengths) != 1 or None in lengths or vectors.flatten().null_count:
                    raise ValueError(f"vectors of the lengths {sorted(map(str, lengths))}, or with holes in them")
                if not width:
                    width = lengths.pop()
                    _refuse_no_room(copy, n_rows * width * dtype.itemsize)
                target.write(np.ascontiguousarray(vectors.flatten().to_numpy(zero_copy_only=False), dtype=dtype).data)
    return _Matrix(copy, 0, dtype, (n_rows, width)), _parquet_texts(path)


def _parquet_texts(path: Path) -> Iterator[str]:
    with open_parquet(path) as file:
        for batch in file.iter_batches(TEXTS_AT_ONCE, columns=["text"]):
            texts = batch.column(0).to_pylist()
            if not all(isinstance(text, str) for text in texts):
                raise ValueError("texts that are missing or no texts")
            yield from texts


def _refuse_no_room(copy: Path, size: int) -> None:
    """Raises UnwritableError where ``size`` bytes more than the disk has are to be written."""
    free = shutil.disk_usage(copy.parent).free
    if size > free:
        raise UnwritableError(
            f"{copy.parent} has {free / 1e9:.1f} GB free, and a copy of the vectors takes {size / 1e9:.1f} GB. Write "
            "them with numpy.savez, which needs no copy, or set ISOGLOSS_CACHE to a folder with more space"
        )

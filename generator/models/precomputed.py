"""Vectors computed elsewhere: a Parquet or NPZ file of texts and vectors."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generator.errors import Fault, InputError, ModelUnavailableError
from generator.models.encoder import BATCH_SIZE, Settings, Vectors
from generator.npz import read_npz, refuse_beyond_memory

COLUMNS = (
    'Write the columns (Parquet) or arrays (NPZ) "text" and "vector", one vector of equal length a text; in NPZ, texts '
    "as np.array(texts, dtype=str)"
)
SHOWN_TEXTS = 5
ROW_BYTES = 64
"""What a row takes in memory at least; a repeated value takes none in a Parquet file."""


class PrecomputedEncoder:
    """Looks vectors up by text, after Unicode normalisation (NFC).

    Raises InputError when the file is not what the contract says, naming the row.
    """

    texts_at_once = BATCH_SIZE

    def __init__(self, path: Path) -> None:
        self._path = path
        texts, self._vectors = _read(path)
        self._row: dict[str, int] = {}
        for row, text in enumerate(texts):
            first = self._row.setdefault(unicodedata.normalize("NFC", text), row)
            if not np.array_equal(self._vectors[first], self._vectors[row], equal_nan=True):
                problem = f"{text!r} has another vector than in row {first + 1}"
                raise InputError([Fault(str(path), problem, "Keep one vector a text", row + 1, "text")])

    @property
    def settings(self) -> Settings:
        return {"file": self._path.name}

    def encode(self, texts: Sequence[str]) -> Vectors:
        missing = [text for text in texts if text not in self._row]
        if missing:
            raise lacking(self._path, missing)
        return np.asarray(self._vectors[[self._row[text] for text in texts]], dtype=np.float32)


def lacking(path: Path, texts: Sequence[str]) -> ModelUnavailableError:
    """The error of texts that a file has no vectors for; those that were not looked up yet may lack theirs, too."""
    shown = ", ".join(repr(text) for text in texts[:SHOWN_TEXTS])
    problem = f"{path.name} has no vector for {len(texts):,} of the texts looked up so far, such as {shown}"
    return ModelUnavailableError(f"{problem}. Add all that are missing to the file")


def _read(path: Path) -> tuple[list[str], Vectors]:
    try:
        texts, vectors = _read_npz(path) if path.suffix.lower() == ".npz" else _read_parquet(path)
    except Exception as error:  # whatever a foreign file makes its readers raise
        problem = f"not readable ({type(error).__name__}: {(str(error).splitlines() or [''])[0]})"
        raise InputError([Fault(str(path), problem, COLUMNS)]) from None
    if vectors.ndim != 2 or len(vectors) != len(texts) or not texts:
        problem = f"{len(texts)} texts and vectors of shape {vectors.shape}"
        raise InputError([Fault(str(path), problem, COLUMNS)])
    return texts, vectors


def _read_npz(path: Path) -> tuple[list[str], Vectors]:
    arrays = read_npz(path)
    texts = arrays["text"]
    if texts.ndim != 1 or texts.dtype.kind != "U":
        raise ValueError(f"texts of type {texts.dtype} and shape {texts.shape}, not a row of Unicode texts")
    return [str(text) for text in texts], np.asarray(arrays["vector"], dtype=np.float32)


def _read_parquet(path: Path) -> tuple[list[str], Vectors]:
    import pyarrow.parquet as pq

    parts = pq.read_metadata(path)
    unpacked = sum(parts.row_group(i).total_byte_size for i in range(parts.num_row_groups))
    refuse_beyond_memory(max(unpacked, ROW_BYTES * parts.num_rows))
    table = pq.read_table(path, columns=["text", "vector"])
    texts = table.column("text").to_pylist()
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("texts that are missing or no texts")
    column = table.column("vector").combine_chunks()
    if not hasattr(column, "value_lengths"):
        raise ValueError(f"vectors of type {column.type}, not lists of numbers")
    lengths = set(column.value_lengths().to_pylist())
    if len(lengths) != 1 or None in lengths or column.flatten().null_count:
        raise ValueError(f"vectors of the lengths {sorted(map(str, lengths))}, or with holes in them")
    values = column.flatten().to_numpy(zero_copy_only=False)
    return texts, np.asarray(values, dtype=np.float32).reshape(len(texts), -1)

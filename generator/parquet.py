"""Parquet files read in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BUFFER_BYTES = 1 << 20


def open_parquet(path: Path) -> pq.ParquetFile:
    """A file whose ``iter_batches`` holds a batch and a buffer a column, where pyarrow's default holds whole columns.

    Raises pyarrow.ArrowException or OSError for a file that cannot be read.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES)

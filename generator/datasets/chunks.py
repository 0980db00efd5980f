"""Tables of any length, a row at a time: what a streamed score reads, in memory that does not grow with the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from generator.datasets.load import Source, is_lexicon
from generator.datasets.tables import LexiconLine, OpenTable, Row, lexicon_lines, open_table
from generator.errors import Fault, IsoglossError

BLOCK_BYTES = 1 << 20
SORT_KIBIBYTES = 1 << 16
"""Memory for sorting the lines of a lexicon; what does not fit goes to files."""
SORT_PLACES = "SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp"
"""Where SQLite sorts: in the first of these that is set and can be written, wherever the lines themselves lie."""
LINES_AT_ONCE = 10_000


def most_rows(path: Path) -> int:
    """How many rows a table has at most: those of a Parquet file, the lines of any other; 0 for an unreadable file."""
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(path).num_rows)
        except (pa.ArrowException, OSError):
            return 0
    try:
        with path.open("rb") as file:
            return 1 + sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK_BYTES), b""))
    except OSError:
        return 0


def open_rows(source: Source, folder: Path) -> OpenTable:
    """The rows of a dataset's table as `load_dataset` sees them, read once and in order.

    Args:
        source: from `find_source`.
        folder: takes the lines of a lexicon to be sorted, because those of one source word may lie far apart.

    Raises:
        InputError: for a file that cannot be read, here or while iterating.
        IsoglossError: while iterating over a lexicon that the disk has no room to sort.
    """
    if not is_lexicon(source.table, source.tags):
        return open_table(source.table)
    here, there = source.tags
    return OpenTable(str(source.table), source.tags, _lexicon_rows(source.table, here, there, folder))


def _lexicon_rows(path: Path, source: str, target: str, folder: Path) -> Iterator[Row | Fault]:
    """Faults first, then the source words in order of first appearance, each with its distinct translations."""
    file = folder / "lexicon.sqlite"
    file.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as sorter:
            sorter.execute("PRAGMA journal_mode = OFF")  # the file is thrown away with a run that fails
            sorter.execute("PRAGMA synchronous = OFF")
            sorter.execute(f"PRAGMA cache_size = -{SORT_KIBIBYTES}")
            sorter.execute("CREATE TABLE lines (number INTEGER PRIMARY KEY, word TEXT, translation TEXT)")
            yield from _stored(sorter, path)
            lines = sorter.execute(
                "SELECT MIN(number) OVER (PARTITION BY word) AS first, word, translation FROM lines "
                "ORDER BY first, number"
            )
            for _, group in groupby(lines, key=lambda line: line[0]):
                found = list(group)
                number, word, _ = found[0]
                yield Row(number, {source: (word,), target: tuple(dict.fromkeys(line[2] for line in found))})
    except sqlite3.Error as error:
        remedy = f"Free some space there and in the folder for temporary files ({SORT_PLACES})"
        raise IsoglossError(f"{path} cannot be sorted in {folder} ({error}). {remedy}") from error
    finally:
        file.unlink(missing_ok=True)


def _stored(sorter: sqlite3.Connection, path: Path) -> Iterator[Fault]:
    """Put the lines of a lexicon into the sorter; yields what is wrong in them."""
    sorter.execute("BEGIN")
    waiting: list[tuple[int, str, str]] = []
    for line in lexicon_lines(path):
        if not isinstance(line, LexiconLine):
            yield line
            continue
        waiting.append((line.number, line.word, line.translation))
        if len(waiting) == LINES_AT_ONCE:
            sorter.executemany("INSERT INTO lines VALUES (?, ?, ?)", waiting)
            waiting.clear()
    sorter.executemany("INSERT INTO lines VALUES (?, ?, ?)", waiting)
    sorter.execute("COMMIT")

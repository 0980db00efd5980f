"""Tables of translations as they lie on disk: CSV, TSV, JSONL, Parquet and bilingual lexicons.

Reading knows nothing about languages or concepts. It keeps the place of each row, so that a fault found
later can name it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from generator.errors import Fault, InputError
from generator.parquet import open_parquet

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Cell = str | tuple[str, ...] | None
"""A cell's text, its alternatives already told apart, or nothing."""

DELIMITERS = (",", ";", "\t")
DELIMITED = {".csv", ".tsv"}
SUPPORTED = "CSV, TSV, JSONL, Parquet, or a two-column lexicon (.txt)"
MAX_CELL = 1_000_000
MAX_LINE = 1 << 24
"""Bytes of a line; a file without line ends is no table, and need not fit into memory to be told so."""
PARQUET_ROWS = 8192
"""Rows of a Parquet file that are in memory at a time."""

FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""The start of a cell that a spreadsheet may take for a formula, or of one that is marked as text already."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One record and the number of the line (or record) it stands on, counted from 1."""

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()
    """What was wrong in single rows or headers; left to the caller, who may find more."""


@dataclass(frozen=True)
class OpenTable:
    """A table whose rows are read as they are asked for, once."""

    file: str
    columns: tuple[str, ...]
    rows: Iterator[Row | Fault]
    """The rows, and what is wrong in single rows or headers, as they come. Iterating raises InputError for a file that
    cannot be read on."""


def marked_as_text(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: after an apostrophe where it looks like one.

    So advises OWASP (https://owasp.org/www-community/attacks/CSV_Injection). A number stays a number, and
    `unmarked` gives back every cell.

    >>> marked_as_text("=1+1"), marked_as_text("-eupe"), marked_as_text("-5"), marked_as_text("'tis")
    ("'=1+1", "'-eupe", '-5', "'tis")
    """
    return f"'{cell}" if FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell


def unmarked(cell: str) -> str:
    """A cell without the apostrophe that marks it as text.

    >>> unmarked("'=1+1"), unmarked("'tis"), unmarked(marked_as_text("'=1"))
    ('=1+1', "'tis", "'=1")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


@dataclass(frozen=True)
class LexiconLine:
    """A word, one of its translations, and the number of their line, counted from 1."""

    number: int
    word: str
    translation: str


def read_table(path: Path) -> Table:
    """Read a table whose columns have names, by the ending of its name.

    Raises InputError for a file that is missing, empty, not UTF-8 or not what its ending says. What is wrong
    in single rows is told in the table.
    """
    table = open_table(path)
    return _filled(path, table.columns, *_parted(table.rows))


def open_table(path: Path) -> OpenTable:
    """A table to be read row by row, in memory that does not grow with the file. Raises InputError as `read_table`."""
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        return _open_delimited(path, "\t" if suffix == ".tsv" else None)
    if suffix in {".jsonl", ".ndjson"}:
        return OpenTable(str(path), _json_columns(path), _json_rows(path))
    if suffix == ".parquet":
        return _open_parquet(path)
    raise _input_error(path, f"the ending {suffix or '(none)'} is not known", f"Use {SUPPORTED}")


def read_lexicon(path: Path, source: str, target: str) -> Table:
    """Read a bilingual lexicon: one pair a line, separated by a tab, or by the first run of spaces.

    Lines with the same source word are renderings of one concept, as in the MUSE dictionaries.
    """
    targets: dict[str, dict[str, None]] = {}
    first: dict[str, int] = {}
    lines, faults = _parted(lexicon_lines(path))
    for line in lines:
        first.setdefault(line.word, line.number)
        targets.setdefault(line.word, {})[line.translation] = None
    rows = tuple(Row(first[word], {source: (word,), target: tuple(found)}) for word, found in targets.items())
    return _filled(path, (source, target), rows, faults)


def lexicon_lines(path: Path) -> Iterator[LexiconLine | Fault]:
    """The lines of a bilingual lexicon as they come, and what is wrong in them."""
    for number, line in _lines(path):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts = text.split("\t") if "\t" in text else text.split(maxsplit=1)
        if len(parts) != 2 or not all(part.strip() for part in parts):
            yield Fault(str(path), f"expected two columns, found {len(parts)}", "Write one pair a line", number)
            continue
        word, translation = (part.strip() for part in parts)
        yield LexiconLine(number, word, translation)


Item = TypeVar("Item")


def _parted(found: Iterable[Item | Fault]) -> tuple[list[Item], list[Fault]]:
    """What was read, and what was wrong with it; the InputError that reading raises tells of both."""
    items: list[Item] = []
    faults: list[Fault] = []
    try:
        for each in found:
            if isinstance(each, Fault):
                faults.append(each)
            else:
                items.append(each)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    return items, faults


def _open_delimited(path: Path, delimiter: str | None) -> OpenTable:
    csv.field_size_limit(MAX_CELL)
    number = 0

    def data_lines() -> Iterator[str]:
        nonlocal number
        for line_number, line in _lines(path):
            number = line_number
            if not line.startswith("#"):
                yield line

    lines = data_lines()
    header = next((line for line in lines if line.strip()), None)
    if header is None:
        raise _input_error(path, "the file is empty", "Write a header row with a language in each column")
    # Spreadsheets write ";" or tabs where the comma is the decimal sign.
    delimiter = delimiter or max(DELIMITERS, key=header.count)

    def unreadable(error: csv.Error) -> InputError:
        remedy = "Check the quotes and the ends of the lines"
        return _input_error(path, f"not readable as a table ({error})", remedy, number)

    def rows(columns: tuple[str, ...]) -> Iterator[Row | Fault]:
        for name in sorted({name for name in columns if name and columns.count(name) > 1}):
            yield Fault(str(path), f"column {name!r} stands twice", "Keep one of them", column=name)
        try:
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) > len(columns):
                    problem = f"{len(cells)} cells under {len(columns)} columns"
                    yield Fault(str(path), problem, f"Put cells that hold {delimiter!r} in quotes", number)
                    continue
                yield Row(number, dict(zip(columns, map(unmarked, cells), strict=False)))
        except csv.Error as error:
            raise unreadable(error) from None

    try:
        columns = tuple(unmarked(name.strip()) for name in next(csv.reader([header], delimiter=delimiter)))
    except csv.Error as error:
        raise unreadable(error) from None
    return OpenTable(str(path), columns, rows(columns))


def _json_columns(path: Path) -> tuple[str, ...]:
    """The keys of all objects, which no header lists, in order of appearance."""
    columns: dict[str, None] = {}
    for _, record in _json_records(path):
        if isinstance(record, dict):
            columns.update(dict.fromkeys(record))
    return tuple(columns)


def _json_rows(path: Path) -> Iterator[Row | Fault]:
    for number, record in _json_records(path):
        if isinstance(record, Fault):
            yield record
        else:
            yield from _row(path, number, record)


def _json_records(path: Path) -> Iterator[tuple[int, dict[str, object] | Fault]]:
    for number, line in _lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unrepeated)
        except (ValueError, RecursionError) as error:
            yield number, Fault(str(path), f"not JSON ({error})", "Write one JSON object a line", number)
            continue
        if not isinstance(record, dict):
            record = Fault(str(path), "not a JSON object", "Write one JSON object a line", number)
        yield number, record


def _open_parquet(path: Path) -> OpenTable:
    import pyarrow as pa

    if not path.is_file():
        raise _input_error(path, "no such file", "Check the path")

    def unreadable(error: Exception) -> InputError:
        return _input_error(path, f"not readable as Parquet ({str(error).splitlines()[0]})", "Write it again")

    def rows(file: pq.ParquetFile) -> Iterator[Row | Fault]:
        try:
            with file:
                records = (record for batch in file.iter_batches(PARQUET_ROWS) for record in batch.to_pylist())
                for number, record in enumerate(records, start=1):
                    yield from _row(path, number, record)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(error) from None

    try:
        file = open_parquet(path)
        columns = tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(error) from None
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise unreadable(ValueError(f"the column {repeated[0]!r} stands twice"))
    return OpenTable(str(path), columns, rows(file))


def _row(path: Path, number: int, record: Mapping[str, object]) -> Iterator[Row | Fault]:
    cells: dict[str, Cell] = {}
    for column, value in record.items():
        if value is None or isinstance(value, str):
            cells[column] = value
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            cells[column] = tuple(value)
        else:
            problem = f"expected text or a list of texts, found {type(value).__name__}"
            yield Fault(str(path), problem, "Write it as a string", number, column)
    yield Row(number, cells)


def _unrepeated(items: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(items)
    if len(record) < len(items):
        raise ValueError("a key stands twice in one object")
    return record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines, decoded strictly, without a byte order mark."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
                if len(raw) > MAX_LINE:
                    problem = f"a line of more than {MAX_LINE:,} bytes"
                    raise _input_error(path, problem, "Check the ends of the lines", number)
                try:
                    yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    problem = f"not UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})"
                    raise _input_error(path, problem, "Save the file as UTF-8", number) from None
    except OSError as error:
        raise _input_error(path, f"cannot be read ({error.strerror})", "Check the path") from None


def _filled(path: Path, columns: tuple[str, ...], rows: Sequence[Row], faults: Sequence[Fault]) -> Table:
    if not rows:
        raise InputError(faults or [Fault(str(path), "there are no rows", "Write at least two concepts")])
    return Table(str(path), columns, tuple(rows), tuple(faults))


def _input_error(path: Path, problem: str, remedy: str, row: int | None = None) -> InputError:
    return InputError([Fault(str(path), problem, remedy, row)])

"""Tables of translations as they lie on disk: CSV, TSV, JSONL, Parquet and bilingual lexicons.

Reading knows nothing about languages or concepts. It keeps the place of each row, so that a fault found
later can name it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import Fault, InputError

Cell = str | tuple[str, ...] | None
"""A cell's text, its alternatives already told apart, or nothing."""

DELIMITERS = (",", ";", "\t")
DELIMITED = {".csv", ".tsv"}
SUPPORTED = "CSV, TSV, JSONL, Parquet, or a two-column lexicon (.txt)"
MAX_CELL = 1_000_000


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


def read_table(path: Path) -> Table:
    """Read a table whose columns have names, by the ending of its name.

    Raises InputError for a file that is missing, empty, not UTF-8 or not what its ending says. What is wrong
    in single rows is told in the table.
    """
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        return _read_delimited(path, "\t" if suffix == ".tsv" else None)
    if suffix in {".jsonl", ".ndjson"}:
        return _read_json_lines(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    raise _input_error(path, f"the ending {suffix or '(none)'} is not known", f"Use {SUPPORTED}")


def read_lexicon(path: Path, source: str, target: str) -> Table:
    """Read a bilingual lexicon: one pair a line, separated by a tab, or by the first run of spaces.

    Lines with the same source word are renderings of one concept, as in the MUSE dictionaries.
    """
    targets: dict[str, dict[str, None]] = {}
    first: dict[str, int] = {}
    faults = []
    for number, line in _lines(path):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts = text.split("\t") if "\t" in text else text.split(maxsplit=1)
        if len(parts) != 2 or not all(part.strip() for part in parts):
            faults.append(
                Fault(str(path), f"expected two columns, found {len(parts)}", "Write one pair a line", number)
            )
            continue
        word, translation = (part.strip() for part in parts)
        first.setdefault(word, number)
        targets.setdefault(word, {})[translation] = None
    rows = tuple(Row(first[word], {source: (word,), target: tuple(found)}) for word, found in targets.items())
    return _filled(path, (source, target), rows, faults)


def _read_delimited(path: Path, delimiter: str | None) -> Table:
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
    columns: tuple[str, ...] = ()
    rows, faults = [], []
    try:
        columns = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter)))
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns):
                problem = f"{len(cells)} cells under {len(columns)} columns"
                faults.append(Fault(str(path), problem, f"Put cells that hold {delimiter!r} in quotes", number))
                continue
            rows.append(Row(number, dict(zip(columns, cells, strict=False))))
    except csv.Error as error:
        remedy = "Check the quotes and the ends of the lines"
        faults.append(Fault(str(path), f"not readable as a table ({error})", remedy, number))
        raise InputError(faults) from None
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    faults += [Fault(str(path), f"column {name!r} stands twice", "Keep one of them", column=name) for name in repeated]
    return _filled(path, columns, rows, faults)


def _read_json_lines(path: Path) -> Table:
    columns: dict[str, None] = {}
    rows, faults = [], []
    for number, line in _lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unrepeated)
        except (ValueError, RecursionError) as error:
            faults.append(Fault(str(path), f"not JSON ({error})", "Write one JSON object a line", number))
            continue
        if not isinstance(record, dict):
            faults.append(Fault(str(path), "not a JSON object", "Write one JSON object a line", number))
            continue
        columns.update(dict.fromkeys(record))
        rows.append(_row(path, number, record, faults))
    return _filled(path, tuple(columns), rows, faults)


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise _input_error(path, "no such file", "Check the path")
    try:
        table = pq.read_table(path)
        records = table.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise _input_error(path, f"not readable as Parquet ({reason})", "Write it again") from None
    faults: list[Fault] = []
    rows = [_row(path, number, record, faults) for number, record in enumerate(records, start=1)]
    return _filled(path, tuple(table.column_names), rows, faults)


def _row(path: Path, number: int, record: Mapping[str, object], faults: list[Fault]) -> Row:
    cells: dict[str, Cell] = {}
    for column, value in record.items():
        if value is None or isinstance(value, str):
            cells[column] = value
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            cells[column] = tuple(value)
        else:
            problem = f"expected text or a list of texts, found {type(value).__name__}"
            faults.append(Fault(str(path), problem, "Write it as a string", number, column))
    return Row(number, cells)


def _unrepeated(items: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(items)
    if len(record) < len(items):
        raise ValueError("a key stands twice in one object")
    return record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines, decoded strictly, without a byte order mark."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
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

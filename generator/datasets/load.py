"""From a table and a card to a dataset; every fault of a file is found before any is reported."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.datasets.dataset import Card, Concept, Dataset
from generator.datasets.tables import Cell, OpenTable, Row, Table, open_table, read_lexicon, read_table
from generator.errors import Fault, InputError, did_you_mean
from generator.languages import parse_language
from generator.slugs import slugify
from generator.toml import read_toml, validated

RESERVED_COLUMNS = ("id", "category", "note")
SEPARATOR = "|"
# Cc: control characters; Cs: halves of surrogate pairs, which no encoder and no page can hold.
REFUSED_CHARACTERS = {"Cc", "Cs"}
TABLE = {".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"}
LEXICON = {".txt", ""}


def load_dataset(path: str | Path, languages: Sequence[str] = (), card: Card | None = None) -> Dataset:
    """Read and validate a dataset.

    Args:
        path: a folder with ``dataset.toml`` and ``data.csv``, or a loose CSV, TSV, JSONL, Parquet or lexicon file.
        languages: tags or English names of the languages to keep; all when empty. A lexicon (two columns
            without a header) needs exactly two.
        card: the description of a loose file; made from its name when missing. A folder brings its own.

    Raises:
        InputError: naming every fault by file, row, column and remedy.
    """
    source = find_source(path, languages, card)
    return _validated(_table(source.table, source.tags), source.card, source.slug, source.tags)


@dataclass(frozen=True)
class Source:
    """Where a dataset lies, and what is known before its table is read."""

    table: Path
    card: Card
    slug: str
    tags: tuple[str, ...]
    """The languages to keep, in this order; all when empty."""


def find_source(path: str | Path, languages: Sequence[str] = (), card: Card | None = None) -> Source:
    """The table and card of a dataset; arguments and errors are those of `load_dataset`."""
    path = Path(path)
    if not path.exists():
        raise InputError([Fault(str(path), "there is no such file or folder", "Check the path")])
    if path.is_dir():
        card = validated(Card, read_toml(path / "dataset.toml"), str(path / "dataset.toml"))
        table, name = path / "data.csv", path.resolve().name
    else:
        table, name = path, path.stem
        card = card or Card(name=path.stem, provenance=path.name)
    tags = _tags(languages)
    try:
        slug = slugify(name)
    except ValueError as error:
        raise InputError([Fault(str(path), str(error), "Rename it, with a Latin letter or a digit")]) from None
    return Source(table, card, slug, tags)


def _tags(languages: Sequence[str]) -> tuple[str, ...]:
    tags, faults = [], []
    for name in languages:
        try:
            tags.append(parse_language(name))
        except ValueError as error:
            faults.append(Fault("languages", str(error), 'Use a tag such as "sw" or a name such as "Swahili"'))
    faults += [
        Fault("languages", f"{tag!r} is asked for twice", "Name it once") for tag, n in Counter(tags).items() if n > 1
    ]
    if faults:
        raise InputError(faults)
    return tuple(tags)


def _table(path: Path, tags: tuple[str, ...]) -> Table:
    return read_lexicon(path, *tags) if is_lexicon(path, tags) else read_table(path)


def is_lexicon(path: Path, tags: Sequence[str]) -> bool:
    """Whether a file is a bilingual lexicon rather than a table with a header.

    Raises InputError for a lexicon without exactly two languages.
    """
    suffix = path.suffix.lower()
    if suffix in LEXICON or (tags and suffix not in TABLE):
        if len(tags) != 2:
            problem = f"a lexicon has two languages, and {len(tags)} are named"
            raise InputError([Fault(str(path), problem, "Name them in the order of its columns: --languages en,de")])
        return True
    if suffix != ".tsv" or len(tags) != 2:
        return False
    columns = open_table(path).columns
    return len(columns) == 2 and not _is_header(columns, tags)


def _is_header(cells: Sequence[str], tags: Sequence[str]) -> bool:
    """Whether the first line of a lexicon names its languages; a word such as "no" can be a tag by chance."""
    named = [parse_language(cell) for cell in cells if _is_language(cell)]
    return len(named) == len(cells) or any(tag in tags for tag in named)


def _is_language(header: str) -> bool:
    try:
        parse_language(header)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Columns:
    """What each column of a table is for."""

    languages: dict[str, str]
    """Header by tag."""
    extra: tuple[str, ...]


def _validated(table: Table, card: Card, slug: str, wanted: tuple[str, ...]) -> Dataset:
    faults: list[Fault] = []
    columns = find_columns(table, card, wanted, faults)
    columns_are_sound = not faults
    faults += table.faults
    concepts = [read_concept(table, row, index, columns, card, faults) for index, row in enumerate(table.rows, start=1)]
    faults += _repeated_ids(table, concepts)
    if columns_are_sound:  # else a misread header would make every row lack a language
        least = card.least_languages
        if not wanted:
            faulty = {fault.row for fault in faults}
            faults += [
                lone(table.file, concept, row.number)
                for concept, row in zip(concepts, table.rows, strict=True)
                if len(concept.renderings) < least and row.number not in faulty
            ]
        # Rows that the chosen languages leave with one rendering have nothing to compare.
        concepts = [c for c in concepts if len(c.renderings) >= least]
        if not faults:
            counts = {tag: len({t for c in concepts for t in c.renderings.get(tag, ())}) for tag in columns.languages}
            faults += too_few(table.file, counts, columns)
    if faults:
        raise InputError(sorted(faults, key=lambda fault: fault.row or 0))
    return Dataset(slug, card, tuple(columns.languages), tuple(concepts), _renormalised(table, columns))


def find_columns(table: Table | OpenTable, card: Card, wanted: tuple[str, ...], faults: list[Fault]) -> Columns:
    """What the columns of a table are for; ``faults`` takes what is wrong with them."""
    languages: dict[str, str] = {}
    for header in dict.fromkeys(table.columns):
        if header in RESERVED_COLUMNS or header in card.columns:
            faults += _character_faults(table.file, None, header, header)
            continue
        try:
            tag = parse_language(header)
        except ValueError as error:
            if not wanted:  # when languages are chosen, the other columns are nobody's business
                remedy = "Declare it under [columns] in the card, or choose columns with --languages"
                near = did_you_mean(header, [*RESERVED_COLUMNS, *card.columns])
                hint = f"{near} {remedy}" if near.startswith("Did") else remedy
                faults.append(Fault(table.file, f"unknown column: {error}", hint, column=header or "(no name)"))
            continue
        if tag == header.lower() == "id" and (not wanted or tag in wanted):
            problem = f"the column {header!r} may hold identifiers or Indonesian"
            faults.append(Fault(table.file, problem, 'Call it "id" or "ind"', column=header))
        elif tag in languages:
            problem = f"the language {tag} stands twice, as {languages[tag]!r} and {header!r}"
            faults.append(Fault(table.file, problem, "Keep one column a language", column=header))
        elif not wanted or tag in wanted:
            languages[tag] = header
    faults += [
        Fault(table.file, f"there is no column for the language {tag}", "Check --languages")
        for tag in wanted
        if tag not in languages
    ]
    declared = {parse_language(tag) if _is_language(tag) else tag for tag in card.languages}
    if card.languages and not wanted and declared != set(languages):
        problem = f"the card names {', '.join(card.languages)}, the columns are {', '.join(languages)}"
        faults.append(Fault(table.file, problem, "Make both name the same languages"))
    if len(languages) < card.least_languages and not faults:
        remedy = "Name more of its columns" if wanted else "Give each language a column headed by its tag"
        told = f"--languages names {len(wanted)}" if wanted else f"{len(languages)} language columns"
        problem = f"{told}, {card.least_languages} is the least"
        faults.append(Fault(table.file, problem, remedy))
    ordered = {tag: languages[tag] for tag in wanted if tag in languages} if wanted else languages
    return Columns(ordered, tuple(name for name in card.columns if name in table.columns))


def read_concept(
    table: Table | OpenTable, row: Row, index: int, columns: Columns, card: Card, faults: list[Fault]
) -> Concept:
    """The concept in a row, the ``index``-th from 1; ``faults`` takes what is wrong with it."""
    renderings = {}
    for tag, header in columns.languages.items():
        found = _renderings(row.cells.get(header))
        if not all([_is_sound(text, card.longest) for text in found]):  # noqa: C419 - twice as fast, for many millions
            faults += _cell_faults(table, row, header, found, card.longest)
        if texts := tuple(dict.fromkeys(text for text in found if text)):
            renderings[tag] = texts
    plain = {name: _plain(row.cells.get(name)) for name in (*RESERVED_COLUMNS, *columns.extra)}
    for name, text in plain.items():
        faults += _character_faults(table.file, row.number, name, text)
    return Concept(
        id=plain["id"] or str(index),
        renderings=renderings,
        category=plain["category"],
        note=plain["note"],
        extra={name: plain[name] for name in columns.extra},
    )


def _is_sound(text: str, longest: int) -> bool:
    """Whether there is no fault in a rendering, as in nearly all; False where it takes a closer look to tell."""
    return 0 < len(text) <= longest and text.isprintable() and SEPARATOR not in text


def _renderings(cell: Cell) -> list[str]:
    return [unicodedata.normalize("NFC", text) for text in _written(cell)]


def _written(cell: Cell) -> list[str]:
    """The renderings of a cell as the file has them."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return []
    texts = cell.split(SEPARATOR) if isinstance(cell, str) else cell
    return [text.strip(" \u3000\u00a0\r\n") for text in texts]


def _renormalised(table: Table, columns: Columns) -> dict[str, int]:
    counts = {
        tag: sum(
            not unicodedata.is_normalized("NFC", text) for row in table.rows for text in _written(row.cells.get(h))
        )
        for tag, h in columns.languages.items()
    }
    return {tag: count for tag, count in counts.items() if count}


def _plain(cell: Cell) -> str:
    if not cell:
        return ""
    text = cell
    joined = text if isinstance(text, str) else SEPARATOR.join(text)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", joined)).strip()


def _cell_faults(table: Table | OpenTable, row: Row, column: str, texts: list[str], longest: int) -> Iterable[Fault]:
    def fault(problem: str, remedy: str) -> Fault:
        return Fault(table.file, problem, remedy, row.number, column)

    for text in texts:
        if not text:
            yield fault(f"an empty rendering beside a {SEPARATOR!r}", f"Remove the {SEPARATOR!r}")
        if SEPARATOR in text:
            yield fault(f"a {SEPARATOR!r} inside {text[:40]!r}", "Write each rendering as an item of the list")
        if len(text) > longest:
            remedy = "Look for an unclosed quote, or raise `longest` in the card"
            yield fault(f"suspiciously long ({len(text):,} characters, over {longest:,})", remedy)
        yield from _character_faults(table.file, row.number, column, text)


def _character_faults(file: str, row: int | None, column: str, text: str) -> Iterable[Fault]:
    if text.isprintable():  # nearly all are, and none of these hold what is refused
        return
    for character in sorted({c for c in text if unicodedata.category(c) in REFUSED_CHARACTERS}):
        problem = f"the control character U+{ord(character):04X} in {text[:40]!r}"
        yield Fault(file, problem, "Remove it", row, column)


def _repeated_ids(table: Table, concepts: Sequence[Concept]) -> Iterable[Fault]:
    first: dict[str, int] = {}
    for row, concept in zip(table.rows, concepts, strict=True):
        if concept.id in first:
            yield repeated_id(table.file, concept.id, row.number, first[concept.id])
        first.setdefault(concept.id, row.number)


def repeated_id(file: str, name: str, row: int, first: int) -> Fault:
    """An id that an earlier row has already."""
    problem = f"the id {name!r} stands already in row {first}"
    return Fault(file, problem, "Give each concept an id of its own", row, "id")


def lone(file: str, concept: Concept, row: int) -> Fault:
    """A concept in too few languages."""
    held = ", ".join(concept.renderings) or "no language"
    problem = f"the concept {concept.id!r} is rendered in {held} only"
    return Fault(file, problem, "Add a translation or remove the row", row)


def too_few(file: str, counts: Mapping[str, int], columns: Columns) -> Iterable[Fault]:
    """The languages with fewer than two distinct renderings, given how many each has."""
    for tag, header in columns.languages.items():
        if counts[tag] < 2:
            problem = f"{counts[tag]} distinct renderings in {tag}, two are the least for a spread"
            yield Fault(file, problem, "Add words or remove the column", column=header)

"""A file of translations cut into shards: validated once, then read shard by shard as often as it takes.

A shard is a run of concepts of about 16,384 renderings. Where it begins and ends depends on the file alone, not on
memory, processes or time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypedDict

import numpy as np

from generator.datasets.chunks import open_rows
from generator.datasets.dataset import Concept
from generator.datasets.load import Source, find_columns, lone, read_concept, repeated_id, too_few
from generator.datasets.tables import Row
from generator.errors import Fault, InputError, IsoglossError
from generator.files import write_atomically, writing
from generator.measures.index import ConceptIndex, Incidence
from generator.measures.streams import Share, scattered
from generator.streaming.distinct import digests_of, parts, uses

RENDERINGS = 1 << 14
"""A shard ends with the concept that brings its renderings to this number."""
SAMPLE = 4000
"""Concepts in the sample, besides two for each language."""
CANDIDATES = 8 * SAMPLE
MOST_FAULTS = 1000
"""Reading stops at this many faults."""
IDS_AT_ONCE = 1 << 14
INDEX = "shards.json"


@dataclass(frozen=True)
class Shard:
    """Where a shard lies; `read_shard` reads it."""

    folder: Path
    languages: tuple[str, ...]
    number: int
    """From 0."""
    first_concept: int
    """The number of its first concept in the file, from 0."""
    n_concepts: int
    starts: tuple[int, ...]
    """By language: the place of its first rendering among those of all shards."""
    n_renderings: tuple[int, ...]
    """Distinct renderings by language."""


@dataclass(frozen=True)
class ShardContent:
    """The concepts of a shard, and what its renderings are in the whole."""

    first_concept: int
    renderings: Mapping[str, Sequence[str]]
    """The distinct ones of each language."""
    index: ConceptIndex
    shares: Mapping[str, Share]


@dataclass(frozen=True)
class Cut:
    """A file cut into shards."""

    languages: tuple[str, ...]
    digest: str
    """What `Dataset.digest` would be."""
    n_concepts: int
    n_renderings: tuple[int, ...]
    """Distinct renderings by language."""
    shards: tuple[Shard, ...]
    sample: tuple[Concept, ...]
    """Concepts drawn at random, in proportion from those of each category and choice of languages."""


def cut(
    source: Source,
    folder: Path,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
    *,
    renderings: int = RENDERINGS,
) -> Cut:
    """Validate a file as `load_dataset` does and cut it into shards, or find those of an earlier run.

    Args:
        source: from `find_source`.
        folder: where shards are kept; it belongs to this file and these languages.
        seed: decides the sample.
        advance: is told how many more rows were read.
        renderings: a shard's size.

    Raises:
        InputError: naming the faults of the file; reading stops at 1,000.
    """
    try:
        return _found(folder)
    except (OSError, ValueError, KeyError, TypeError):  # missing, or not as it was written: cut anew
        shutil.rmtree(folder, ignore_errors=True)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _Cutter(source, folder, seed, advance).run(renderings)
        except IsoglossError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return _found(folder)


def read_shard(shard: Shard) -> ShardContent:
    """Read a shard. Raises IsoglossError when it is not there whole."""
    try:
        columns = json.loads(_shard_file(shard.folder, shard.number).read_bytes())
        renderings = {tag: column["texts"] for tag, column in zip(shard.languages, columns, strict=True)}
        incidences = {
            tag: Incidence(np.array(column["rows"], dtype=np.int64), np.array(column["concepts"], dtype=np.int64))
            for tag, column in zip(shard.languages, columns, strict=True)
        }
        index = ConceptIndex(shard.n_concepts, incidences)
        shares = {
            tag: _share(shard.folder, place, start, n)
            for place, (tag, start, n) in enumerate(zip(shard.languages, shard.starts, shard.n_renderings, strict=True))
        }
        if [len(texts) for texts in renderings.values()] != [len(share.first) for share in shares.values()]:
            raise ValueError("other texts than were written")
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = f"part {shard.number} of what was read is damaged ({error})"
        raise IsoglossError(f"{shard.folder}: {problem}. Delete this folder and start again") from None
    return ShardContent(shard.first_concept, renderings, index, shares)


def _share(folder: Path, place: int, start: int, n: int) -> Share:
    first = np.fromfile(folder / f"first-{place}", dtype=np.bool_, count=n, offset=start)
    served = np.fromfile(folder / f"served-{place}", dtype="<u4", count=n, offset=4 * start)
    return Share(first, served.astype(np.int64))


def _shard_file(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.json"


def _found(folder: Path) -> Cut:
    told = json.loads((folder / INDEX).read_bytes())
    languages = tuple(told["languages"])
    starts = np.zeros(len(languages), dtype=np.int64)
    shards, first_concept = [], 0
    for number, (n_concepts, *n_renderings) in enumerate(told["shards"]):
        place = tuple(starts.tolist())
        shards.append(Shard(folder, languages, number, first_concept, n_concepts, place, tuple(n_renderings)))
        first_concept += n_concepts
        starts += n_renderings
    sample = tuple(
        Concept(
            each["id"],
            {t: tuple(c) for t, c in each["renderings"].items()},
            each["category"],
            each["note"],
            each["extra"],
        )
        for each in told["sample"]
    )
    return Cut(languages, told["digest"], first_concept, tuple(told["n_renderings"]), tuple(shards), sample)


@dataclass
class _Sampler:
    """Keeps those of ever more concepts that are to be drawn from, in bounded memory."""

    seed: int
    languages: Sequence[str]
    threshold: int = (1 << 64) - 1
    candidates: list[tuple[int, int, Concept]] = field(default_factory=list)
    """Rank, number and concept."""
    anchors: dict[str, list[tuple[int, Concept]]] = field(default_factory=dict)
    """By language, concepts with two distinct renderings between them, without which its spread has no value."""

    def add(self, first_concept: int, batch: Sequence[Concept]) -> None:
        ranks = scattered(np.arange(first_concept, first_concept + len(batch)), self.seed)
        for place in np.flatnonzero(ranks <= np.uint64(self.threshold)).tolist():
            self.candidates.append((int(ranks[place]), first_concept + place, batch[place]))
        for tag in self.languages:
            held = self.anchors.setdefault(tag, [])
            for number, concept in enumerate(batch if len(held) < 2 else (), start=first_concept):
                texts = concept.renderings.get(tag)
                if texts and (not held or (len(held) == 1 and held[0][1].renderings[tag] != texts)):
                    held.append((number, concept))
        if len(self.candidates) > 2 * CANDIDATES:
            self._thin()

    def _thin(self) -> None:
        """Keep the candidates of lowest rank."""
        self.candidates = sorted(self.candidates, key=lambda each: each[0])[:CANDIDATES]
        self.threshold = self.candidates[-1][0]

    def drawn(self) -> list[Concept]:
        """Evenly spread over the candidates by stratum, in the order of the file."""
        self._thin()
        by_stratum = sorted(self.candidates, key=lambda each: (each[2].category, sorted(each[2].renderings), each[0]))
        n = min(SAMPLE, len(by_stratum))
        chosen = [by_stratum[(2 * i + 1) * len(by_stratum) // (2 * n)] for i in range(n)]
        found = {number: concept for _, number, concept in chosen}
        found |= {number: concept for held in self.anchors.values() for number, concept in held}
        return [found[number] for number in sorted(found)]


class _Cutter:
    """One pass over a file, and what it leaves in the folder."""

    def __init__(self, source: Source, folder: Path, seed: int, advance: Callable[[int], None]) -> None:
        self._source, self._folder, self._advance = source, folder, advance
        self._faults: list[Fault] = []
        self._rows = 0
        self._table = open_rows(source, folder)
        self._columns = find_columns(self._table, source.card, source.tags, self._faults)
        self._columns_are_sound = not self._faults
        self._sampler = _Sampler(seed, tuple(self._columns.languages))
        self._has_ids = "id" in self._table.columns
        self._waiting: list[tuple[str, int]] = []
        """Ids that are not written yet, with the numbers of their rows."""

    def run(self, renderings: int) -> None:
        """Write the shards, and last of all what tells that they are whole."""
        languages = tuple(self._columns.languages)
        shards: list[list[int]] = []
        n_concepts, told_rows, digest = 0, 0, hashlib.sha256(f"[{json.dumps(languages)}, [".encode())
        for batch in _batches(self._concepts(), renderings):
            told = json.dumps([[c.id, sorted(c.renderings.items())] for c in batch])[1:-1]
            digest.update(f"{', ' if n_concepts else ''}{told}".encode())
            self._sampler.add(n_concepts, batch)
            shards.append([len(batch), *self._write(len(shards), batch)])
            n_concepts += len(batch)
            self._advance(self._rows - told_rows)
            told_rows = self._rows
        self._refuse_repeated_ids()
        self._refuse()
        counts = [self._settle(place) for place in range(len(languages))]
        self._faults += too_few(self._table.file, dict(zip(languages, counts, strict=True)), self._columns)
        self._refuse()
        digest.update(b"]]")
        index = {
            "languages": languages,
            "digest": digest.hexdigest(),
            "n_renderings": counts,
            "shards": shards,
            "sample": [asdict(concept) for concept in self._sampler.drawn()],
        }
        write_atomically(self._folder / INDEX, json.dumps(index, ensure_ascii=False).encode())

    def _concepts(self) -> Iterator[Concept]:
        """The concepts to compare; every row's faults are noted."""
        file, least = self._table.file, self._source.card.least_languages
        faulty: int | None = None
        for item in self._items():
            if isinstance(item, Fault):
                self._note([item])
                faulty = item.row  # the row itself may come next
                continue
            self._rows += 1
            found: list[Fault] = []
            concept = read_concept(self._table, item, self._rows, self._columns, self._source.card, found)
            if self._has_ids:
                self._waiting.append((concept.id, item.number))
                if len(self._waiting) == IDS_AT_ONCE:
                    self._write_ids()
            if len(concept.renderings) >= least and not found:
                yield concept
            elif not found and item.number != faulty and not self._source.tags and self._columns_are_sound:
                found.append(lone(file, concept, item.number))
            self._note(found)
        if not self._rows and not self._faults:
            raise InputError([Fault(file, "there are no rows", "Write at least two concepts")])

    def _items(self) -> Iterator[Row | Fault]:
        try:
            yield from self._table.rows
        except InputError as error:
            raise InputError([*self._faults, *error.faults]) from None

    def _note(self, faults: Sequence[Fault]) -> None:
        self._faults += faults
        if len(self._faults) >= MOST_FAULTS:
            self._refuse()

    def _refuse(self) -> None:
        if self._faults:
            raise InputError(sorted(self._faults, key=lambda fault: fault.row or 0))

    def _write(self, number: int, batch: Sequence[Concept]) -> list[int]:
        """Write a shard; returns how many distinct renderings each language has in it."""
        columns = [_column(batch, tag) for tag in self._columns.languages]
        _shard_file(self._folder, number).write_bytes(json.dumps(columns, ensure_ascii=False).encode())
        for place, column in enumerate(columns):
            self._append(f"digests-{place}", digests_of(column["texts"]))
            self._append(f"cells-{place}", np.bincount(column["rows"], minlength=len(column["texts"])).astype("<u4"))
        return [len(column["texts"]) for column in columns]

    def _write_ids(self) -> None:
        if self._waiting:
            self._append("ids", digests_of(name for name, _ in self._waiting))
            self._append("id-rows", np.array([row for _, row in self._waiting], dtype="<u8"))
            self._waiting.clear()

    def _refuse_repeated_ids(self) -> None:
        """Note ids that stand twice; what they are is looked up in the file, which is read again for it."""
        self._write_ids()
        ids, rows = self._folder / "ids", self._folder / "id-rows"
        if not ids.exists():
            return
        first_row: dict[int, int] = {}
        for values, places in parts(ids):
            _, earliest, inverse = np.unique(values, return_index=True, return_inverse=True)
            repeated = np.flatnonzero(earliest[inverse] != np.arange(len(values)))[:MOST_FAULTS]
            if len(repeated):
                numbers = np.memmap(rows, dtype="<u8", mode="r")
                pairs = zip(places[repeated], places[earliest[inverse[repeated]]], strict=True)
                first_row |= {int(numbers[later]): int(numbers[first]) for later, first in pairs}
        if first_row:
            items = (item for item in open_rows(self._source, self._folder).rows if isinstance(item, Row))
            for index, row in enumerate(items, start=1):
                if row.number in first_row:
                    concept = read_concept(self._table, row, index, self._columns, self._source.card, [])
                    self._faults.append(repeated_id(self._table.file, concept.id, row.number, first_row[row.number]))
        ids.unlink()
        rows.unlink()

    def _settle(self, place: int) -> int:
        """Find out which renderings of a language are distinct; returns how many."""
        digests, cells = self._folder / f"digests-{place}", self._folder / f"cells-{place}"
        first, served = uses(digests, cells)
        (self._folder / f"first-{place}").write_bytes(first.data)
        (self._folder / f"served-{place}").write_bytes(served.data)
        digests.unlink()
        cells.unlink()
        return int(np.count_nonzero(first))

    def _append(self, name: str, numbers: np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]) -> None:
        with (self._folder / name).open("ab") as file:
            file.write(numbers.data)


class _Column(TypedDict):
    """One language of a shard: its distinct renderings, and which of them stand in the cell of which concept."""

    texts: list[str]
    rows: list[int]
    concepts: list[int]


def _column(batch: Sequence[Concept], tag: str) -> _Column:
    row: dict[str, int] = {}
    rows, concepts = [], []
    for number, concept in enumerate(batch):
        for text in concept.renderings.get(tag, ()):
            rows.append(row.setdefault(text, len(row)))
            concepts.append(number)
    return {"texts": list(row), "rows": rows, "concepts": concepts}


def _batches(concepts: Iterable[Concept], renderings: int) -> Iterator[list[Concept]]:
    """Runs of concepts, each ended by the concept that brings its renderings to the number wanted."""
    batch: list[Concept] = []
    held = 0
    for concept in concepts:
        batch.append(concept)
        held += sum(map(len, concept.renderings.values()))
        if held >= renderings:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch

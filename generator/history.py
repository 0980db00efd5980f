"""What changed on the leaderboard from day to day: read from one log, for the feed, the home page and releases.

The log is both an input and an output of a build. It holds the leaderboard as it is, the leaderboard as it was before
the last day on which it changed, and what changed on each such day, so that its size does not grow with its age.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError

from generator.coherence import refuse_half_characters
from generator.errors import Fault, InputError
from generator.files import write_atomically
from generator.leaderboard import Leaderboard, Standing
from generator.results import Outcome
from generator.seal import sealed, unsealed
from generator.shown import decimal

LOG_NAME = "history.json"
SCHEMA: Final = 1
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
REMEDY = "Put the site's copy of it in its place, data/history.json, or delete the file: a new log begins"
MOST_DAYS = 100
"""Days that the log keeps; older ones are forgotten."""

State = Literal["measured", "failed", "outdated"]
Kind = Literal[
    "dataset added",
    "dataset removed",
    "dataset edited",
    "model added",
    "model removed",
    "revision",
    "failed",
    "measured",
    "score",
    "place",
]


@dataclass(frozen=True)
class CellState:
    """A model on a dataset; SA as shown, to three decimals."""

    __pydantic_config__ = STRICT

    state: State
    sa: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class ModelState:
    __pydantic_config__ = STRICT

    name: str
    revision: str = ""
    place: int | None = None
    cells: Mapping[str, CellState] = field(default_factory=dict)
    """By dataset slug; a dataset on which there is nothing has no key."""


@dataclass(frozen=True)
class DatasetState:
    __pydantic_config__ = STRICT

    name: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A leaderboard reduced to what can be told to have changed, by slugs."""

    __pydantic_config__ = STRICT

    models: Mapping[str, ModelState] = field(default_factory=dict)
    datasets: Mapping[str, DatasetState] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One difference between two leaderboards."""

    __pydantic_config__ = STRICT

    kind: Kind
    model: str = ""
    """The model's name; empty where a dataset alone is meant, as ``dataset`` is the other way round."""
    dataset: str = ""
    model_slug: str = ""
    dataset_slug: str = ""
    before: int | float | None = None
    """SA, or the place, before; None where there was none."""
    after: int | float | None = None

    @property
    def sentence(self) -> str:
        """The change in words.

        >>> Change("score", "LaBSE", "Numbers", before=0.61, after=0.622).sentence
        'LaBSE on Numbers: SA from 0.610 to 0.622'
        """
        return _SENTENCES[self.kind](self)


def _rank(place: float | None) -> str:
    return "none" if place is None else f"{place:.0f}"


_SENTENCES: Final[Mapping[Kind, Callable[[Change], str]]] = {
    "dataset added": lambda c: f"{c.dataset} is a new dataset",
    "dataset removed": lambda c: f"{c.dataset} is no longer part of the benchmark",
    "dataset edited": lambda c: f"{c.dataset} was edited",
    "model added": lambda c: f"{c.model} is new" + (f", rank {_rank(c.after)}" if c.after is not None else ""),
    "model removed": lambda c: f"{c.model} is no longer listed",
    "revision": lambda c: f"{c.model} has a new revision",
    "failed": lambda c: f"{c.model} could not be measured on {c.dataset}",
    "measured": lambda c: (
        f"{c.model} was measured on {c.dataset}" + (f": SA {decimal(c.after)}" if c.after is not None else "")
    ),
    "score": lambda c: f"{c.model} on {c.dataset}: SA from {decimal(c.before)} to {decimal(c.after)}",
    "place": lambda c: f"{c.model}: rank from {_rank(c.before)} to {_rank(c.after)}",
}
"""In the order in which changes are told: what other changes follow from comes first."""


def is_day(text: str) -> bool:
    """Whether a text is a day as the log, and releases, write it.

    >>> is_day("2026-03-04"), is_day("20260304"), is_day("2026-02-30")
    (True, False, False)
    """
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _day(text: str) -> str:
    if not is_day(text):
        raise ValueError("a day is written as YYYY-MM-DD")
    return text


@dataclass(frozen=True)
class Day:
    """What changed by the day of the then newest result."""

    __pydantic_config__ = STRICT

    date: Annotated[str, AfterValidator(_day)]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class History:
    """The log, newest day last."""

    __pydantic_config__ = STRICT

    days: tuple[Day, ...] = ()
    before: Snapshot = field(default_factory=Snapshot)
    """The leaderboard before the last of the days."""
    now: Snapshot = field(default_factory=Snapshot)


def snapshot(board: Leaderboard) -> Snapshot:
    """What of a leaderboard the log keeps."""
    return Snapshot(
        {standing.model.slug: _model_state(standing) for standing in board.standings},
        {dataset.slug: DatasetState(dataset.card.name, dataset.digest) for dataset in board.datasets},
    )


def _model_state(standing: Standing) -> ModelState:
    cells = {}
    for slug, cell in standing.cells.items():
        if cell.state != "missing":
            value = cell.result.affinity.value if cell.result else None
            cells[slug] = CellState(cell.state, None if value is None else round(value, 3), cell.rank)
    return ModelState(standing.model.name, standing.model.revision, standing.place, cells)


def changes(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """What differs between two leaderboards, what other changes follow from first.

    A new model or dataset is one change, whatever was measured with it.
    """
    found = [*_dataset_changes(before, after), *_model_changes(before, after), *_cell_changes(before, after)]
    order = list(_SENTENCES)
    return tuple(sorted(found, key=lambda change: order.index(change.kind)))


def _dataset_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    def change(kind: Kind, slug: str, state: DatasetState) -> Change:
        return Change(kind, dataset=state.name, dataset_slug=slug)

    for slug, state in after.datasets.items():
        if slug not in before.datasets:
            yield change("dataset added", slug, state)
        elif state.digest != before.datasets[slug].digest:
            yield change("dataset edited", slug, state)
    for slug, state in before.datasets.items():
        if slug not in after.datasets:
            yield change("dataset removed", slug, state)


def _model_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    def change(kind: Kind, slug: str, state: ModelState, old: int | None = None, new: int | None = None) -> Change:
        return Change(kind, state.name, model_slug=slug, before=old, after=new)

    for slug, state in after.models.items():
        old = before.models.get(slug)
        if old is None:
            yield change("model added", slug, state, None, state.place)
            continue
        if old.revision and state.revision and state.revision != old.revision:
            yield change("revision", slug, state)
        if state.place != old.place:
            yield change("place", slug, state, old.place, state.place)
    for slug, state in before.models.items():
        if slug not in after.models:
            yield change("model removed", slug, state)


def _cell_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """What happened to models on datasets that were both there before."""
    both = [slug for slug in after.datasets if slug in before.datasets]
    for slug, state in after.models.items():
        for dataset in both if slug in before.models else ():
            old, new = before.models[slug].cells.get(dataset), state.cells.get(dataset)
            if kind := _cell_change(old, new):
                yield Change(
                    kind,
                    state.name,
                    after.datasets[dataset].name,
                    slug,
                    dataset,
                    old.sa if old else None,
                    new.sa if new else None,
                )


def _cell_change(old: CellState | None, new: CellState | None) -> Kind | None:
    if new is None or new.state == "outdated":
        return None
    if old is None or new.state != old.state:
        return new.state
    return "score" if new.sa != old.sa else None


def newest_day(outcomes: Iterable[Outcome]) -> str:
    """The day of the newest outcome as YYYY-MM-DD; empty when there is none."""
    return max((day for outcome in outcomes if is_day(day := outcome.provenance.created[:10])), default="")


def logged(history: History, now: Snapshot, day: str) -> History:
    """The log with the leaderboard as it is now; the very same log when nothing changed or nothing was measured.

    What changes on one day is told as one, against the day before. A day before the log's last one counts as that.
    """
    if now == history.now or not day:
        return history
    if history.days and day <= history.days[-1].date:
        last = replace(history.days[-1], changes=changes(history.before, now))
        return replace(history, days=(*history.days[:-1], last), now=now)
    found = changes(history.now, now)
    if not found:
        return replace(history, now=now)
    return History((*history.days, Day(day, found))[-MOST_DAYS:], history.now, now)


def recent_changes(history: History, n: int) -> tuple[tuple[str, Change], ...]:
    """The ``n`` newest changes, each with its day, newest day first."""
    return tuple((day.date, change) for day in reversed(history.days) for change in day.changes)[:n]


def summary(found: Sequence[Change]) -> str:
    """Changes in one line, by their number.

    >>> summary([Change("model added", "A"), Change("model added", "B"), Change("dataset edited", dataset="C")])
    '1 dataset edited, 2 models added'
    """
    nouns = {
        "revision": ("new revision", "new revisions"),
        "failed": ("failed measurement", "failed measurements"),
        "measured": ("new measurement", "new measurements"),
        "score": ("changed score", "changed scores"),
        "place": ("changed rank", "changed ranks"),
    }
    parts = []
    for kind in _SENTENCES:
        if n := sum(change.kind == kind for change in found):
            noun, _, verb = kind.partition(" ")
            one, many = nouns.get(kind, (f"{noun} {verb}", f"{noun}s {verb}"))
            parts.append(f"{n} {one if n == 1 else many}")
    return ", ".join(parts)


def to_json(history: History) -> str:
    """The document of the log: no date but those of results, so that the same log gives the same bytes."""
    document = {"schema": SCHEMA, **_bare(asdict(history))}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _bare(value: Any) -> Any:
    """Without what is empty, which reading fills in again."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item not in (None, "", {}, ())}
    return [_bare(item) for item in value] if isinstance(value, list | tuple) else value


def from_json(text: str | bytes, file: str = LOG_NAME) -> History:
    """The log in a document. Raises InputError when it is not one of this schema."""
    try:
        content = unsealed(text.encode() if isinstance(text, str) else text)
        refuse_half_characters(content)
        document = json.loads(content)
        if not isinstance(document, dict) or document.pop("schema", None) != SCHEMA:
            raise ValueError("another schema")
        return TypeAdapter(History).validate_python(document)
    except ValidationError as error:
        reason = f"{'.'.join(map(str, error.errors()[0]['loc']))}: {error.errors()[0]['msg']}"
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise InputError([Fault(file, f"not a log of schema {SCHEMA} ({reason})", REMEDY)])


def read_history(results: Path) -> History:
    """The log in a folder of results, empty when there is none. Raises InputError when it is unreadable."""
    path = results / LOG_NAME
    return from_json(path.read_bytes(), str(path)) if path.is_file() else History()


def keep_history(results: Path, document: bytes) -> None:
    """Store a log in a folder of results, whole or not at all, unless it says what is stored there already."""
    if document != to_json(read_history(results)).encode():
        write_atomically(results / LOG_NAME, sealed(document))

"""What can go wrong, each with the place, the cause and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.redaction import without_secrets

__all__ = [
    "Fault",
    "InputError",
    "IsoglossError",
    "LayersUnavailableError",
    "MapUndefinedError",
    "MeasureUndefinedError",
    "ModelUnavailableError",
    "did_you_mean",
    "reason_of",
]

SHOWN_FAULTS = 50


class IsoglossError(Exception):
    """The request could not be carried out; the message says what to do. Commands end with exit code 2."""


class ModelUnavailableError(IsoglossError):
    """A model cannot be had here and now (not downloaded, no revision, a text it has no vector for)."""


class LayersUnavailableError(ModelUnavailableError):
    """A model has no layers to look into, or does not show them, however often it is asked."""


class MeasureUndefinedError(IsoglossError):
    """A measure has no value for these vectors; the message holds the numbers that show it."""


class MapUndefinedError(IsoglossError):
    """These vectors cannot be laid out in the plane; the message says why."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place of an input, and what to do about it."""

    file: str
    problem: str
    remedy: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        end = "" if self.remedy.endswith(("?", ".")) else "."
        return f"{', '.join(place)}: {self.problem}. {self.remedy}{end}"


class InputError(IsoglossError):
    """An input is faulty; every fault found is named at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        if len(self.faults) > SHOWN_FAULTS:
            lines.append(f"… and {len(self.faults) - SHOWN_FAULTS} more of the kind")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        """Pickled by its faults, not by its message, so that it reaches another process whole."""
        return type(self), (self.faults,)


def reason_of(error: BaseException) -> str:
    """The first line of what an error of foreign code says, without secrets, or its kind when it says nothing.

    >>> reason_of(ValueError("no such file\\nTraceback …")), reason_of(TimeoutError())
    ('no such file', 'TimeoutError')
    """
    lines = str(error).strip().splitlines()
    return without_secrets(lines[0]) if lines else type(error).__name__


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The nearest valid name as advice, or the whole choice when none is near.

    >>> did_you_mean("titel", ["title", "seed"])
    'Did you mean "title"?'
    """
    choice = sorted(set(valid))
    folded = {each.casefold(): each for each in choice}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{folded[near[0]]}"?'
    return f"Valid names: {', '.join(choice)}." if choice else "There are no names to choose from."

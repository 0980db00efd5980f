"""Figures from papers, each with its source and locator. They are shown beside measured ones and never ranked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from generator.errors import Fault, InputError
from generator.toml import read_toml, validated

Number = Annotated[float, Field(allow_inf_nan=False)]
Quantity = Literal["semantic affinity", "relative drop", "mean cosine of translations"]


@dataclass(frozen=True)
class Figure:
    """One published number, or a range of them; a range with one end is a bound."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    subject: str
    """The model or group of models, as the source calls it."""
    quantity: Quantity
    scope: str
    """What it was taken over."""
    locator: str
    """Where in the source it stands."""
    models: tuple[str, ...] = ()
    """The registry's names for the subject."""
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    note: str = ""

    @property
    def least(self) -> float:
        """The lowest number that agrees with the figure."""
        ends = [end for end in (self.value, self.low) if end is not None]
        return min(ends, default=0.0)

    @property
    def most(self) -> float:
        """The highest number that agrees with the figure."""
        ends = [end for end in (self.value, self.high) if end is not None]
        return max(ends, default=1.0)


@dataclass(frozen=True)
class Source:
    """A paper with the figures taken from it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    link: Annotated[str, Field(pattern="^https?://")]
    note: str = ""
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Contradiction:
    """Figures of one quantity of one model, published by one source, that cannot all be its value."""

    model: str
    source: Source
    figures: tuple[Figure, ...]


def load_published(paths: Iterable[Path]) -> tuple[Source, ...]:
    """Read TOML files of published figures. Raises InputError that names every fault."""
    sources: dict[str, Source] = {}
    faults = []
    for path in paths:
        source = validated(Source, read_toml(path), str(path))
        if source.key in sources:
            faults.append(Fault(str(path), f"the key {source.key!r} is taken already", "Give each source its own"))
        faults += [
            Fault(str(path), f"the figure of {figure.subject!r} has no number", "Give it a value, a low or a high end")
            for figure in source.figures
            if figure.value is None and figure.low is None and figure.high is None
        ]
        faults += [
            Fault(str(path), f"the range of {figure.subject!r} ends before it begins", "Put the lower number first")
            for figure in source.figures
            if figure.low is not None and figure.high is not None and figure.low > figure.high
        ]
        sources[source.key] = source
    if faults:
        raise InputError(faults)
    return tuple(sources.values())


def figures_of(sources: Iterable[Source], model: str) -> list[tuple[Source, Figure]]:
    """The figures that speak of a model, by its name in the registry."""
    return [(source, figure) for source in sources for figure in source.figures if model in figure.models]


def contradictions(sources: Iterable[Source]) -> tuple[Contradiction, ...]:
    """By source and model: figures of SA, whatever list they were taken over, that exclude one another.

    A mean over several lists and a value on one of them may differ and both be right, so this points at what
    needs an explanation, not at an error.
    """
    found = []
    for source in sources:
        by_model: dict[str, list[Figure]] = {}
        for figure in source.figures:
            if figure.quantity == "semantic affinity":
                for model in figure.models:
                    by_model.setdefault(model, []).append(figure)
        for model, figures in by_model.items():
            if _excluding(figures):
                found.append(Contradiction(model, source, tuple(figures)))
    return tuple(found)


def _excluding(figures: Sequence[Figure]) -> bool:
    """Whether no single number agrees with all figures, but for rounding to two decimals."""
    return max(f.least for f in figures) - min(f.most for f in figures) > 0.005

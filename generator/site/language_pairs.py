"""The pairs of languages of a result as pages show them: in order, and as a table of shades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.languages import Language, language
from generator.results import LanguagePair, PairResult

HEATS = 10


@dataclass(frozen=True)
class HeatCell:
    """Two languages in the table of shades."""

    sa: float | None
    n: int
    """Concepts that both render."""
    heat: int
    """From 0 to `HEATS`, how far from the lowest SA of the table to the highest."""


HeatRows = tuple[tuple[Language, tuple[HeatCell | None, ...]], ...]
"""A row and a column a language; None on the diagonal."""


def by_affinity(pairs: Sequence[LanguagePair]) -> list[tuple[float, LanguagePair]]:
    """The pairs of languages with a value, the best aligned first; equal ones keep their order."""
    return sorted(((pair.sa, pair) for pair in pairs if pair.sa is not None), key=lambda known: -known[0])


def heat_rows(result: PairResult, tags: Sequence[str]) -> HeatRows:
    """SA of every two of some languages; no rows where none has a value."""
    pairs = {frozenset({pair.a, pair.b}): pair for pair in result.language_pairs if {pair.a, pair.b} <= set(tags)}
    values = [pair.sa for pair in pairs.values() if pair.sa is not None]
    if not values:
        return ()
    low, high = min(values), max(values)

    def cell(pair: LanguagePair | None) -> HeatCell | None:
        if pair is None:
            return None
        share = (pair.sa - low) / (high - low) if pair.sa is not None and high > low else 0.0
        return HeatCell(pair.sa, pair.n, round(HEATS * share))

    return tuple((language(a), tuple(cell(pairs.get(frozenset({a, b}))) for b in tags)) for a in tags)

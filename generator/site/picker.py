"""What the language picker of the leaderboard computes scores from: `generator.subset`, made ready for a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from generator.datasets import Dataset
from generator.languages import Language
from generator.leaderboard import Leaderboard
from generator.results import PairResult, significant
from generator.site import links
from generator.site.data_scripts import data_script
from generator.site.parts import languages_of

DIGITS = 6
"""Of a spread. Where H is small, an error of V counts many times over, so they are significant digits."""

Kinds = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class PickedLanguage:
    """A language to choose."""

    language: Language
    everywhere: bool
    """Whether every dataset that counts towards the place has it."""


def picked_languages(board: Leaderboard) -> tuple[PickedLanguage, ...]:
    """The languages of all scored datasets: first those that every dataset that counts has, each group by name."""
    counting = [set(dataset.languages) for dataset in board.scored if dataset.slug in board.overall]
    common = set.intersection(*counting) if counting else set()
    tags = sorted({tag for dataset in board.scored for tag in dataset.languages})
    found = [PickedLanguage(told, told.tag in common) for told in languages_of(tags)]
    return tuple(sorted(found, key=lambda each: (not each.everywhere, each.language.name)))


def language_files(board: Leaderboard) -> dict[str, bytes]:
    """By path: of each scored dataset, the spreads of every model measured on it."""
    files = {}
    for dataset in board.scored:
        path = links.languages_data(dataset.slug)
        results = [result for standing in board.standings if (result := standing.cells[dataset.slug].result)]
        files[path] = data_script(path, _spreads(dataset, results))
    return files


def _spreads(dataset: Dataset, results: Sequence[PairResult]) -> dict[str, Any]:
    """A dataset's languages, how many concepts are rendered in which of them, and each model's spreads.

    ``kinds`` are [places of languages, number of concepts]. Of a model, ``h`` is H_l by language, ``v`` and ``v0`` are
    V(a, b) and V₀(a, b) by unordered pair of languages, and ``spreads`` are V(a, b) over the concepts of each kind,
    empty where the result does not hold them.
    """
    rendered = Counter(tuple(tag for tag in dataset.languages if tag in c.renderings) for c in dataset.concepts)
    kinds = {tags: n for tags, n in sorted(rendered.items()) if len(tags) > 1}
    place = {tag: i for i, tag in enumerate(dataset.languages)}
    return {
        "languages": list(dataset.languages),
        "kinds": [[[place[tag] for tag in tags], n] for tags, n in kinds.items()],
        "models": {result.model.slug: _model(result, kinds) for result in results if result.measures},
    }


def _model(result: PairResult, kinds: Kinds) -> dict[str, Any]:
    tags = result.dataset.languages
    found = {(pair.a, pair.b): pair for pair in result.language_pairs}
    pairs = [found.get(pair) for pair in combinations(tags, 2)]
    grouped = {group.languages: group.spreads for group in result.spread_groups}
    return {
        "h": [_digits(result.languages[tag].intra_spread) for tag in tags],
        "v": [pair and _digits(pair.inter_spread) for pair in pairs],
        "v0": [pair and _digits(pair.null_spread) for pair in pairs],
        "spreads": [[_digits(spread) for spread in grouped[tags]] for tags in kinds] if grouped else [],
    }


def _digits(spread: float | None) -> float | None:
    return None if spread is None else significant(spread, DIGITS)

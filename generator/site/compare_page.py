"""The page that sets models side by side: what it says by itself, and the files that it loads for picked models.

A browser opens no other file of a folder by itself but runs scripts of it, so each data file is a script that hands
its JSON to one function of the page. Models and datasets each have their own files, so that a reader loads what was
picked, however many there are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from generator.comparison import (
    FEWEST,
    LEAST_DRAWS,
    LEAST_LIFT,
    MEASURE,
    MOST,
    PHRASES,
    WARNING,
    Contrast,
    compare,
    is_scored,
    neighbours,
    why_missing,
)
from generator.datasets import Dataset
from generator.languages import language
from generator.leaderboard import Leaderboard, Standing
from generator.ranks import EQUIVALENT, LEAST_DEVIATION, POWER_QUANTILE
from generator.results import Draws, PairResult, Resamples
from generator.shown import signed
from generator.site import links
from generator.site.figures import json_in_script, shown_points
from generator.site.marks import marks, shape_path
from generator.site.pages import Link, Page

RECEIVER = "receiveComparisonData"
"""The function of compare.js that the data files call with the stem of their name and their JSON."""


@dataclass(frozen=True)
class ContrastCell:
    """Two models on one dataset in short."""

    difference: str
    interval: str
    verdict: str
    sentence: str


@dataclass(frozen=True)
class NeighbourRow:
    """A ranked model and the next one in overall order."""

    models: tuple[Link, Link]
    target: str
    """The comparison of the two in the page."""
    overall: ContrastCell | None
    cells: tuple[ContrastCell | None, ...]
    """A dataset each; None where one of the two was not measured."""


@dataclass(frozen=True)
class ComparePage(Page):
    """Two to four models side by side."""

    template = "compare.html"
    datasets: tuple[Link, ...]
    """Those with scores."""
    counting: int
    """How many of them the overall difference is a mean of; 0 where there is none."""
    neighbours: tuple[NeighbourRow, ...]
    example: tuple[str, ...]
    """Slugs of two models that can be compared; empty when there are fewer."""
    catalogue: str
    """JSON of what can be picked, and of what is said of it."""
    confidence: float
    warning: str


def compare_page(board: Leaderboard, resamples: Resamples, confidence: float = 0.95) -> ComparePage:
    """The page, with every ranked model against the next one for readers without scripts."""
    scored = [standing for standing in board.standings if is_scored(standing)]
    return ComparePage(
        links.COMPARE,
        "Compare",
        "Any two to four models side by side: which aligns languages better, how sure that is, and on which words.",
        tuple(Link(dataset.card.name, links.dataset_page(dataset.slug)) for dataset in board.scored),
        len(board.overall) if len(board.overall) > 1 else 0,
        _neighbour_rows(board, resamples, confidence),
        tuple(standing.model.slug for standing in scored[:FEWEST]) if len(scored) >= FEWEST else (),
        json.dumps(_catalogue(board, scored, confidence), ensure_ascii=False, separators=(",", ":")),
        confidence,
        WARNING,
    )


def compare_files(board: Leaderboard, resamples: Resamples) -> dict[str, bytes]:
    """The data of the page by path: a file a dataset, and one a model on it."""
    files = {}
    for dataset in board.scored:
        results = {
            standing.model.slug: result
            for standing in board.standings
            if (result := standing.cells[dataset.slug].result) and result.affinity.value is not None
        }
        places = {model: _places(result) for model, result in results.items()}
        drawn = set[tuple[str, str]]().union(*places.values())
        words = [(tag, text) for tag, texts in dataset.renderings.items() for text in texts]
        on_map = [i for i, word in enumerate(words) if word in drawn]
        if results:
            files[links.comparison_words(dataset.slug)] = _script(dataset.slug, _words(dataset, on_map))
        for model, result in results.items():
            placed = [places[model].get(words[i]) for i in on_map]
            data = _scores(result, placed, resamples.get((model, dataset.slug), {}))
            files[links.comparison_data(model, dataset.slug)] = _script(f"{model}--{dataset.slug}", data)
    return files


def _neighbour_rows(board: Leaderboard, resamples: Resamples, confidence: float) -> tuple[NeighbourRow, ...]:
    rows = []
    for a, b in neighbours(board):
        comparison = compare(board, (a.slug, b.slug), resamples, confidence=confidence)
        found = {shared.dataset.slug: _cell(shared.scores.contrasts[0]) for shared in comparison.shared}
        rows.append(
            NeighbourRow(
                (Link(a.name, links.model_page(a.slug)), Link(b.name, links.model_page(b.slug))),
                links.comparison((a.slug, b.slug)),
                _cell(comparison.overall.contrasts[0]) if comparison.overall else None,
                tuple(found.get(dataset.slug) for dataset in board.scored),
            )
        )
    return tuple(rows)


def _cell(contrast: Contrast) -> ContrastCell:
    value, low, high = contrast.difference.value, contrast.difference.low, contrast.difference.high
    return ContrastCell(
        signed(value or 0.0),
        f"{signed(low)} to {signed(high)}" if low is not None and high is not None else "",
        contrast.verdict or "no interval",
        contrast.words,
    )


def _catalogue(board: Leaderboard, scored: list[Standing], confidence: float) -> dict[str, Any]:
    """What the page's script needs before any model is picked."""
    return {
        "folder": links.COMPARISON_DATA,
        "models": [
            {
                "slug": standing.model.slug,
                "name": standing.model.name,
                "ranked": standing.ranked,
                "missing": {
                    dataset.slug: reason
                    for dataset in board.scored
                    if (reason := why_missing(standing.cells[dataset.slug]))
                },
            }
            for standing in scored
        ],
        "datasets": [
            {
                "slug": dataset.slug,
                "name": dataset.card.name,
                "counts": dataset.slug in board.overall,
                "concepts": len(dataset.concepts),
            }
            for dataset in board.scored
        ],
        "phrases": dict(PHRASES),
        "most": MOST,
        "confidence": confidence,
        "equivalent": EQUIVALENT,
        "powerQuantile": POWER_QUANTILE,
        "leastDeviation": LEAST_DEVIATION,
        "leastDraws": LEAST_DRAWS,
        "leastLift": LEAST_LIFT,
    }


def _words(dataset: Dataset, on_map: list[int]) -> dict[str, Any]:
    """A dataset's languages and words; concepts name words by their place, counted over all languages."""
    looks = marks(dataset.languages)
    place = {
        word: i for i, word in enumerate((tag, text) for tag, texts in dataset.renderings.items() for text in texts)
    }
    # The first word of a concept names it.
    naming = sorted(dataset.languages, key=lambda tag: tag != "en")
    return {
        "languages": [
            {
                "tag": tag,
                "name": language(tag).name,
                "direction": language(tag).direction,
                "colour": looks[tag].colour,
                "shape": shape_path(looks[tag].shape),
                "words": list(dataset.renderings[tag]),
            }
            for tag in dataset.languages
        ],
        "concepts": [
            [place[tag, text] for tag in naming for text in concept.renderings.get(tag, ())]
            for concept in dataset.concepts
        ],
        "drawn": on_map,
    }


def _scores(result: PairResult, placed: list[tuple[float, float] | None], draws: Draws) -> dict[str, Any]:
    """A model on a dataset: SA with its parts, its resamples as they are stored, and its map.

    Places are those of the dataset's words that are on any map, None where this one lacks a word.
    """
    pairs = {(pair.a, pair.b): pair.sa for pair in result.language_pairs}
    tags = result.dataset.languages
    measures = result.measures
    drawn = draws.get(MEASURE)
    return {
        "sa": result.affinity.value,
        "null": measures.null_sa if measures else None,
        "lift": measures.chance_corrected if measures else None,
        "centred": measures.centred_sa.value if measures else None,
        "offset": measures.offset_penalty.value if measures else None,
        "draws": base64.b64encode(np.asarray(drawn, dtype="<f4").tobytes()).decode() if drawn is not None else None,
        "concepts": [concept.sa for concept in result.concepts],
        "pairs": [pairs.get((a, b)) for i, a in enumerate(tags) for b in tags[i + 1 :]],
        "places": [list(place) if place else None for place in placed] if any(placed) else [],
        "noMap": "" if any(placed) else (result.map.undefined if result.map else "no map was asked for"),
    }


def _places(result: PairResult) -> Mapping[tuple[str, str], tuple[float, float]]:
    """The words that a page shows on a result's map, by language and text."""
    return {(point.language, point.text): (point.x, point.y) for point in shown_points(result)}


def _script(stem: str, data: Mapping[str, Any]) -> bytes:
    """A data file: JSON as an argument."""
    return f"{RECEIVER}({json.dumps(stem)},{json_in_script(data)});\n".encode()

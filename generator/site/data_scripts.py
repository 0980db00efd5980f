"""Data that a page's script asks for: words, pairs and scores, each a file of its own.

A browser opens no other file of a folder by itself but runs scripts of it, so each data file is a script that hands
its JSON to ``isogloss.receive`` of data.js. Models and datasets have their own files, so that a reader loads what is
looked at, however many there are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from generator.comparison import MEASURE
from generator.datasets import Dataset
from generator.languages import language
from generator.leaderboard import Leaderboard
from generator.results import PairResult, Resamples
from generator.site import links
from generator.site.figures import json_in_script, map_figure, shown_points
from generator.site.marks import COLOURS, marks, shape_path
from generator.site.pieces import Piece, Shared

FloatArray = npt.NDArray[np.float32]

GREY = "#7a8796"
"""Of the colours of languages the one that stands for all other categories."""


def data_script(path: str, data: Any) -> bytes:
    """A data file: JSON as an argument, after the name that scripts ask for it by."""
    return f"isogloss.receive({json.dumps(data_name(path))},{json_in_script(data)});\n".encode()


def data_name(path: str) -> str:
    """The name of a data file, by which scripts ask for it.

    >>> data_name("data/words/modern.js")
    'words/modern'
    """
    return path.removeprefix(f"{links.DATA}/").removesuffix(".js")


def data_files(board: Leaderboard, resamples: Resamples) -> list[Piece]:
    """The words of each dataset, what each model makes of them, and the figure that all maps are shown in."""
    files = [Piece(links.MAP_DATA, _map_script, ())]
    for dataset in board.datasets:
        results = {
            standing.model.slug: result
            for standing in board.standings
            if (result := standing.cells[dataset.slug].result)
        }
        drawn = {(point.language, point.text) for result in results.values() for point in shown_points(result)}
        words = [(tag, text) for tag, texts in dataset.renderings.items() for text in texts]
        on_map = [i for i, word in enumerate(words) if word in drawn]
        shown = Shared([words[i] for i in on_map])
        path = links.words_data(dataset.slug)
        files.append(Piece(path, _words_script, (path, dataset, on_map)))
        for model, result in results.items():
            path = links.pair_data(model, dataset.slug)
            files.append(Piece(path, _pair_script, (path, result, shown)))
            if result.affinity.value is not None:
                path = links.scores_data(model, dataset.slug)
                draws = resamples.get((model, dataset.slug), {}).get(MEASURE)
                files.append(Piece(path, _scores_script, (path, result, draws)))
    return files


def _map_script() -> bytes:
    hues = [colour for colour in COLOURS if colour != GREY]
    return data_script(links.MAP_DATA, {"figure": json.loads(map_figure()), "hues": hues, "grey": GREY})


def _words_script(path: str, dataset: Dataset, on_map: Sequence[int]) -> bytes:
    return data_script(path, _words(dataset, on_map))


def _pair_script(path: str, result: PairResult, shown: Shared[list[tuple[str, str]]]) -> bytes:
    places = _places(result)
    return data_script(path, _pair(result, [places.get(word) for word in shown.value]))


def _scores_script(path: str, result: PairResult, draws: FloatArray | None) -> bytes:
    return data_script(path, _scores(result, draws))


def _words(dataset: Dataset, on_map: Sequence[int]) -> dict[str, Any]:
    """A dataset's languages, words and concepts.

    Words are counted over all languages in their order. A concept is a list of words, the first of which names it;
    ``drawn`` are the words that are on some map.
    """
    looks = marks(dataset.languages)
    place = {
        word: i for i, word in enumerate((tag, text) for tag, texts in dataset.renderings.items() for text in texts)
    }
    naming = sorted(dataset.languages, key=lambda tag: tag != "en")
    return {
        "name": dataset.card.name,
        "translated": dataset.card.translated,
        "languages": [
            {
                "tag": tag,
                "name": language(tag).name,
                "direction": language(tag).direction,
                "colour": looks[tag].colour,
                "marker": looks[tag].shape,
                "shape": shape_path(looks[tag].shape),
                "words": list(dataset.renderings[tag]),
            }
            for tag in dataset.languages
        ],
        "ids": [concept.id for concept in dataset.concepts],
        "categories": [concept.category for concept in dataset.concepts],
        "concepts": [
            [place[tag, text] for tag in naming for text in concept.renderings.get(tag, ())]
            for concept in dataset.concepts
        ],
        "drawn": list(on_map),
    }


def _pair(result: PairResult, placed: Sequence[tuple[float, float] | None]) -> dict[str, Any]:
    """A model on a dataset: SA of each concept, what retrieval comes across from it, and the map.

    A rival is the place of its concept in the list, its wins, the places of the two languages, and the two cosines.
    Map places are those of the dataset's ``drawn`` words, None where this map lacks one.
    """
    concept_place = {concept.id: i for i, concept in enumerate(result.concepts)}
    language_place = {tag: i for i, tag in enumerate(result.dataset.languages)}
    return {
        "concepts": [concept.sa for concept in result.concepts],
        "retrieved": [concept.retrieved for concept in result.concepts],
        "rivals": [
            [
                [concept_place[r.concept], r.wins, language_place[r.a], language_place[r.b], r.similarity, r.right]
                for r in concept.rivals
            ]
            for concept in result.concepts
        ],
        "places": [list(place) if place else None for place in placed] if any(placed) else [],
        "noMap": "" if any(placed) else (result.map.undefined if result.map else "no map was asked for"),
    }


def _scores(result: PairResult, drawn: FloatArray | None) -> dict[str, Any]:
    """SA of a pair with its parts, of its pairs of languages, and its resamples as they are stored."""
    pairs = {(pair.a, pair.b): pair.sa for pair in result.language_pairs}
    tags = result.dataset.languages
    measures = result.measures
    return {
        "sa": result.affinity.value,
        "null": measures.null_sa if measures else None,
        "lift": measures.chance_corrected if measures else None,
        "centred": measures.centred_sa.value if measures else None,
        "offset": measures.offset_penalty.value if measures else None,
        "draws": base64.b64encode(np.asarray(drawn, dtype="<f4").tobytes()).decode() if drawn is not None else None,
        "pairs": [pairs.get((a, b)) for i, a in enumerate(tags) for b in tags[i + 1 :]],
    }


def _places(result: PairResult) -> Mapping[tuple[str, str], tuple[float, float]]:
    """The words that a page shows on a result's map, by language and text."""
    return {(point.language, point.text): (point.x, point.y) for point in shown_points(result)}

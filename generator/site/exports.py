"""The site's numbers as files: the leaderboard as CSV, JSON and Parquet, word lists, and every result."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from generator.datasets import Card, Dataset
from generator.datasets.tables import marked_as_text
from generator.leaderboard import Leaderboard, tiers
from generator.measures.catalogue import COMPANIONS
from generator.results import Outcome, to_json
from generator.site import links
from generator.site.pieces import Piece, Shared

if TYPE_CHECKING:
    import pandas as pd

LEADERBOARD = "data/leaderboard"
GZIP_LEVEL = 6
"""Level 9 takes six times as long for 4 % less."""


def leaderboard_files(board: Leaderboard) -> list[Piece]:
    """One record a model × dataset, in the leaderboard's order, in three formats."""
    records = Shared([{column: record.get(column) for column in COLUMNS} for record in _records(board)])
    kinds = {"csv": _as_csv, "json": _as_json, "parquet": _as_parquet}
    return [Piece(f"{LEADERBOARD}.{ending}", make, (records,)) for ending, make in kinds.items()]


Records = Shared[list[dict[str, Any]]]


def _as_csv(records: Records) -> bytes:
    return _for_spreadsheets(_frame(records)).to_csv(index=False, lineterminator="\n").encode()


def _as_json(records: Records) -> bytes:
    return (json.dumps(records.value, ensure_ascii=False, indent=1) + "\n").encode()


def _as_parquet(records: Records) -> bytes:
    file = io.BytesIO()
    _frame(records).to_parquet(file, index=False)
    return file.getvalue()


def _frame(records: Records) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(records.value, columns=list(COLUMNS)).astype(COLUMNS)


COLUMNS = {
    "model": "string",
    "dataset": "string",
    "status": "string",
    "objective": "string",
    "parameters": "Int64",
    "dimensions": "Int64",
    "rank": "Int64",
    "rank_low": "Int64",
    "rank_high": "Int64",
    "tie_group": "Int64",
    "semantic_affinity": "Float64",
    "low": "Float64",
    "high": "Float64",
    "tier": "string",
    "null_sa": "Float64",
    "chance_corrected": "Float64",
    "centred_sa": "Float64",
    "offset_penalty": "Float64",
    "inter_spread": "Float64",
    "intra_spread": "Float64",
    "reference_sa": "Float64",
    "euclidean_sa": "Float64",
    **dict.fromkeys(COMPANIONS, "Float64"),
    "n_concepts": "Int64",
    "n_languages": "Int64",
    "model_revision": "string",
    "dataset_digest": "string",
    "measured": "string",
}
"""The columns of the leaderboard files and their pandas types."""


def dataset_files(board: Leaderboard) -> dict[str, bytes]:
    """By path: each word list as CSV and its card as TOML; in one folder, they load as the same dataset."""
    lists = {links.dataset_file(dataset.slug): word_list_file(dataset) for dataset in board.datasets}
    return lists | {links.dataset_card(dataset.slug): card_file(dataset.card) for dataset in board.datasets}


def result_files(board: Leaderboard) -> list[Piece]:
    """Every result and failure on the board, the documents of ``results/`` packed with gzip."""
    return [
        Piece(links.result_file(standing.model.slug, slug), _packed, (cell.outcome,))
        for standing in board.standings
        for slug, cell in standing.cells.items()
        if cell.outcome
    ]


def _packed(outcome: Outcome) -> bytes:
    return gzip.compress(to_json(outcome).encode(), GZIP_LEVEL, mtime=0)


def _for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name, kind in COLUMNS.items() if kind == "string"]
    return frame.assign(**{name: frame[name].map(marked_as_text, na_action="ignore") for name in texts})


def _records(board: Leaderboard) -> list[Mapping[str, Any]]:
    records: list[Mapping[str, Any]] = []
    for standing in board.standings:
        model = standing.model
        for dataset in board.datasets:
            cell = standing.cells[dataset.slug]
            record: dict[str, Any] = {
                "model": model.name,
                "dataset": dataset.slug,
                "status": cell.state,
                "objective": model.objective,
                "parameters": model.parameters,
                "dimensions": model.dimensions,
                "rank": cell.rank,
                "n_concepts": len(dataset.concepts),
                "n_languages": len(dataset.languages),
                "dataset_digest": dataset.digest,
            }
            if placing := cell.placing:
                record |= {"rank_low": placing.rank_low, "rank_high": placing.rank_high, "tie_group": placing.group}
            if cell.result:
                record |= {"model_revision": cell.result.model.revision, "measured": cell.result.provenance.created}
            if cell.result and (measures := cell.result.measures):
                record |= {
                    "semantic_affinity": measures.semantic_affinity.value,
                    "low": measures.semantic_affinity.low,
                    "high": measures.semantic_affinity.high,
                    "tier": tiers(measures)[0],
                    "null_sa": measures.null_sa,
                    "chance_corrected": measures.chance_corrected,
                    "centred_sa": measures.centred_sa.value,
                    "inter_spread": measures.inter_spread,
                    "intra_spread": measures.intra_spread,
                    "reference_sa": measures.reference_sa,
                    "euclidean_sa": measures.euclidean_sa,
                    "offset_penalty": measures.offset_penalty.value,
                    **{key: measures.estimate(key).value for key in COMPANIONS},
                }
            records.append(record)
    return records


def word_list_file(dataset: Dataset) -> bytes:
    """A list as CSV with its notes and declared columns, as `load_dataset` reads it."""
    own = [name for name in dataset.card.columns if any(name in concept.extra for concept in dataset.concepts)]
    told = dict.fromkeys(["id", "category", *(["note"] if any(c.note for c in dataset.concepts) else []), *own])
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    # "id" is the column of identifiers, and Indonesian is called by its other code.
    headers = (*told, *({"id": "ind"}.get(tag, tag) for tag in dataset.languages))
    plain.writerow(map(marked_as_text, headers))
    for concept in dataset.concepts:
        values = {"id": concept.id, "category": concept.category, "note": concept.note, **concept.extra}
        cells = ("|".join(concept.renderings.get(tag, ())) for tag in dataset.languages)
        # Without its quotes an id such as "#1" would begin a comment.
        writer = quoted if concept.id.startswith("#") else plain
        writer.writerow(map(marked_as_text, (*(values.get(name, "") for name in told), *cells)))
    return text.getvalue().encode()


def card_file(card: Card) -> bytes:
    """A card as TOML, without what says no more than the default."""
    told = {each.name: getattr(card, each.name) for each in fields(card)}
    plain = Card(card.name)
    lines = [
        f"{name} = {_toml(value)}"
        for name, value in told.items()
        if name == "name" or (value != getattr(plain, name) and not isinstance(value, Mapping))
    ]
    columns = ["", "[columns]", *(f"{_toml(name)} = {_toml(what)}" for name, what in card.columns.items())]
    return "\n".join([*lines, *(columns if card.columns else []), ""]).encode()


def _toml(value: object) -> str:
    """A string, number, truth or list of strings: JSON of these is TOML too, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

"""What ``isogloss list`` shows, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.config import load_benchmark
from generator.models import load_registry
from generator.models.sources import needs
from generator.result_store import ResultStore
from generator.results import PairFailure, PairResult

Records = list[dict[str, Any]]


def models(config: Path) -> Records:
    """Every model of the registry, configured or not; needs no config."""
    return [
        {
            "name": model.name,
            "source": model.source,
            "revision": model.revision,
            "objective": model.objective,
            "parameters": model.parameters,
            "groups": list(model.groups),
            "needs": list(needs(model)),
        }
        for model in load_registry(config.resolve().parent).models.values()
    ]


def datasets(config: Path) -> Records:
    """The configured datasets."""
    return [
        {
            "name": dataset.slug,
            "title": dataset.card.name,
            "domain": dataset.card.domain,
            "concepts": len(dataset.concepts),
            "languages": list(dataset.languages),
            "digest": dataset.digest,
        }
        for dataset in load_benchmark(config).datasets
    ]


def results(config: Path) -> Records:
    """The stored outcomes."""
    return [
        {
            "model": outcome.model.name,
            "dataset": outcome.dataset.slug,
            "status": outcome.status,
            "semantic_affinity": outcome.affinity.value if isinstance(outcome, PairResult) else None,
            "created": outcome.provenance.created,
            "error": outcome.error.message if isinstance(outcome, PairFailure) else None,
        }
        for outcome in ResultStore(load_benchmark(config).results)
    ]


def as_table(records: Sequence[dict[str, Any]]) -> str:
    """Records as aligned columns under a header."""
    if not records:
        return "(none)"
    rows = [list(records[0]), *([_cell(value) for value in record.values()] for record in records)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

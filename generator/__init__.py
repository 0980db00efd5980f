"""Isogloss: which multilingual embedding models put the same meaning in the same place?

>>> from generator import evaluate_pair, load_dataset, load_model  # doctest: +SKIP
>>> evaluate_pair(load_dataset("pairs.csv"), load_model("all-MiniLM-L6-v2"))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.datasets import load_dataset
    from generator.evaluate import evaluate_pair
    from generator.models import load_model

__all__ = ["evaluate_pair", "load_dataset", "load_model"]

_HOMES = {
    "evaluate_pair": "generator.evaluate",
    "load_dataset": "generator.datasets",
    "load_model": "generator.models",
}


def __getattr__(name: str) -> Any:
    """Load the public functions when first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)

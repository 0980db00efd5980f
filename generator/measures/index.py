"""Which vectors render which concept: the structure that every measure over translations shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
VectorArray = npt.NDArray[np.floating]
"""Vectors as an encoder gives them: any float type, any length."""


@dataclass(frozen=True)
class Incidence:
    """For one language: ``rows[i]`` of its vectors renders ``concepts[i]``.

    ``concepts`` does not decrease, and the renderings of a cell stand in the cell's order. A rendering that
    serves several concepts appears once for each, a concept with several renderings once for each.
    """

    rows: IntArray
    concepts: IntArray

    @cached_property
    def counts(self) -> dict[int, int]:
        """Renderings by concept."""
        values, counts = np.unique(self.concepts, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True)
class ConceptIndex:
    """The incidences of every language over the same ``n_concepts`` concepts, numbered from 0."""

    n_concepts: int
    languages: Mapping[str, Incidence]

    def __post_init__(self) -> None:
        for tag, incidence in self.languages.items():
            if len(incidence.rows) != len(incidence.concepts):
                raise ValueError(f"{tag}: {len(incidence.rows)} rows for {len(incidence.concepts)} concepts")
            if (np.diff(incidence.concepts) < 0).any():
                raise ValueError(f"{tag}: concepts must not decrease")


def aligned_index(n_concepts: int, languages: list[str] | tuple[str, ...]) -> ConceptIndex:
    """The index of a table without gaps or alternatives: row i of every language renders concept i."""
    order = np.arange(n_concepts)
    return ConceptIndex(n_concepts, dict.fromkeys(languages, Incidence(order, order)))

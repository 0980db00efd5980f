"""What turns texts into vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
BATCH_SIZE = 128
"""Texts that a model reads at once."""
Settings = Mapping[str, str | int | float | bool | None]


class Encoder(Protocol):
    """Turns texts into vectors; the same text always gets the same vector."""

    @property
    def texts_at_once(self) -> int:
        """How many texts to hand over at a time: each lot is stored before the next begins."""

    @property
    def settings(self) -> Settings:
        """What decided the vectors besides the model: device, batch size, prompt …; recorded in results."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Float32 vectors of shape (len(texts), n_dims), in the order of ``texts``."""


def at_unit_length(vectors: Vectors) -> Vectors:
    """The same directions at length 1; a zero vector stays zero."""
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    return scaled

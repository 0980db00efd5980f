"""Synthetic models whose Semantic Affinity is known beforehand, so that the measuring can be checked."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from generator.datasets import Dataset
from generator.errors import ModelUnavailableError, did_you_mean
from generator.models.encoder import Vectors

Control = Literal["identical", "shuffled", "islands"]

DIMENSIONS = 256
# Lengths relative to a concept's own vector.
NOISE, OFFSET = 0.5, 2.0


def control_vectors(control: str, dataset: Dataset, seed: int) -> dict[str, Vectors]:
    """Vectors for the distinct renderings of each language, in the order of ``dataset.renderings``.

    - ``identical``: one random vector a concept, whatever the language: V = 0, so SA = 1.
    - ``shuffled``: one random vector a rendering: V and H are both the mean distance of random directions,
      so SA = 0.5.
    - ``islands``: concept + 0.5 noise + 2 offset of the language, in lengths of the concept's vector.
      Unit vectors then have H = 1 - 4/5.25 and V = 1 - 1/5.25, so SA is about 0.23; without the offset
      V/H is about 0.2, so centred SA is about 0.83.

    Raises ModelUnavailableError for an unknown control.
    """
    if control not in get_args(Control):
        raise ModelUnavailableError(f"there is no control {control!r}. {did_you_mean(control, get_args(Control))}")
    rng = np.random.default_rng([seed, get_args(Control).index(control)])
    meaning = _meanings(dataset)
    concept = rng.standard_normal((max(meaning.values()) + 1, DIMENSIONS))
    vectors = {}
    for tag, texts in dataset.renderings.items():
        own = rng.standard_normal((len(texts), DIMENSIONS))
        shared = concept[[meaning[tag, text] for text in texts]]
        if control == "identical":
            placed = shared
        elif control == "shuffled":
            placed = own
        else:
            placed = shared + NOISE * own + OFFSET * rng.standard_normal(DIMENSIONS)
        vectors[tag] = placed.astype(np.float32)
    return vectors


def _meanings(dataset: Dataset) -> dict[tuple[str, str], int]:
    """Number the meanings: concepts that share a rendering in some language count as one meaning."""
    nodes: dict[tuple[str, str], int] = {}
    edges = [
        (index, nodes.setdefault((tag, text), len(nodes)))
        for index, concept in enumerate(dataset.concepts)
        for tag, texts in concept.renderings.items()
        for text in texts
    ]
    concepts, texts_of = np.array(edges).T
    n = len(dataset.concepts) + len(nodes)
    graph = coo_array((np.ones(len(edges)), (concepts, texts_of + len(dataset.concepts))), shape=(n, n))
    labels: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return {key: int(labels[len(dataset.concepts) + node]) for key, node in nodes.items()}

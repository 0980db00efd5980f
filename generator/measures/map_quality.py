"""How faithful a map in the plane is to the distances it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.measures.index import FloatArray

NEIGHBOURS = 10


@dataclass(frozen=True)
class MapQuality:
    """Two views on the same question: are a point's neighbours on the map its neighbours in the vectors?"""

    neighbours: int
    """k, how many neighbours of each point were looked at."""
    trustworthiness: float
    """In [0, 1]; 1: every map neighbour is a true one. Venna and Kaski (2001)."""
    neighbour_overlap: float
    """In [0, 1]: the mean share of a point's k true neighbours among its k map neighbours; chance is k/(n - 1)."""


def map_quality(vectors: FloatArray, points: FloatArray) -> MapQuality:
    """Compare Euclidean neighbours in ``vectors`` (n, d) with those among ``points`` (n, 2).

    k is 10, or the largest that trustworthiness allows on small maps (k < n/2). Needs n ≥ 4 distinct rows.
    """
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    k = max(1, min(NEIGHBOURS, (len(vectors) - 1) // 2))
    near = [NearestNeighbors(n_neighbors=k).fit(space).kneighbors(return_distance=False) for space in (vectors, points)]
    shared = [len(np.intersect1d(a, b)) / k for a, b in zip(*near, strict=True)]
    return MapQuality(k, float(trustworthiness(vectors, points, n_neighbors=k)), float(np.mean(shared)))

"""How faithful a map in the plane is to the distances it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.measures.index import FloatArray, IntArray

NEIGHBOURS = 10
MOST_LOOKED_AT = 2000
CHUNK = 128


@dataclass(frozen=True)
class MapQuality:
    """Two views on the same question: are a point's neighbours on the map its neighbours in the vectors?"""

    neighbours: int
    """k, how many neighbours of each point were looked at."""
    trustworthiness: float
    """In [0, 1]; 1: every map neighbour is a true one. Venna and Kaski (2001)."""
    neighbour_overlap: float
    """In [0, 1]: the mean share of a point's k true neighbours among its k map neighbours; chance is k/(n - 1)."""
    sample: int | None = None
    """How many points were looked at, evenly spread over the rows; None for all."""


def map_quality(vectors: FloatArray, points: FloatArray) -> MapQuality:
    """Compare Euclidean neighbours in ``vectors`` (n, d) with those among ``points`` (n, 2).

    k is 10, or the largest that trustworthiness allows on small maps (k < n/2). Needs n ≥ 4 distinct rows.
    Takes O(min(n, 2000) · n · d) time and little memory.
    """
    from sklearn.neighbors import NearestNeighbors

    n = len(vectors)
    k = max(1, min(NEIGHBOURS, (n - 1) // 2))
    looked_at = np.linspace(0, n - 1, min(n, MOST_LOOKED_AT)).astype(np.int64)
    index = NearestNeighbors(n_neighbors=k + 1).fit(points)
    on_map = _without_self(index.kneighbors(points[looked_at], return_distance=False), looked_at)
    cost, shared = 0, 0
    norms = (vectors**2).sum(axis=1)
    for start in range(0, len(looked_at), CHUNK):
        rows, near = looked_at[start : start + CHUNK], on_map[start : start + CHUNK]
        distance = norms - 2 * vectors[rows] @ vectors.T  # short of the row's own norm, which changes no order
        distance[np.arange(len(rows)), rows] = np.inf
        # 0 for the nearest point in the vectors, whatever its place on the map.
        rank = np.stack([(distance < row[:, None]).sum(axis=1) for row in np.take_along_axis(distance, near, 1).T])
        cost += int(np.maximum(rank - k + 1, 0).sum())
        shared += int((rank < k).sum())
    worst = len(looked_at) * k * (2 * n - 3 * k - 1) / 2
    sample = len(looked_at) if len(looked_at) < n else None
    return MapQuality(k, 1 - cost / worst, shared / (len(looked_at) * k), sample)


def _without_self(neighbours: IntArray, rows: IntArray) -> IntArray:
    """Neighbour lists (m, k + 1) with each row's own index left out, or else the furthest: (m, k)."""
    others = neighbours != rows[:, None]
    others[others.all(axis=1), -1] = False
    kept: IntArray = neighbours[others].reshape(len(rows), -1)
    return kept

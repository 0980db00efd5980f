"""Maps: the one place that knows PHATE (Moon et al., Nature Biotechnology 37, 2019).

Settings, and why:

- SMACOF instead of the default stochastic solver: its stress is never worse, it converges, and it depends on
  nothing but its input and seed.
- No PCA beforehand (it costs global structure), but a lossless rotation into at most 500 dimensions.
- Random landmarks above `Layout.exact` points: spectral ones depend on the number of BLAS threads.
- The diffusion time is chosen as PHATE does, but without the singular vectors that PHATE has no use for.
- Each distinct vector is laid out once: coinciding vectors make PHATE divide by a zero distance.
- Rows are sorted first, so a map does not depend on the order of a word list.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from generator.errors import MapUndefinedError
from generator.measures.index import FloatArray, IntArray

FEWEST_POINTS = 4
MOST_DIMENSIONS = 500
DECIMALS = 5
"""Unit vectors that agree to this many decimals share a point."""

MOST_POINTS = 20_000
"""Lists of more words than this have a sample of their concepts drawn."""

MAP_VERSION = 2
"""Part of every result's key: bump it when the same vectors would give another map."""

LIBRARY_BYTES = 80 << 20
"""What PHATE's libraries take when they are first used."""

SMACOF_EPS = 1e-6  # PHATE's own limit
LONGEST_DIFFUSION = 100  # PHATE's own limit, too


@dataclass(frozen=True)
class Layout:
    """Parameters of a map."""

    neighbours: int = 5
    """PHATE's knn, lowered to n - 2 on tiny maps."""
    exact: int = 2000
    """Maps of at most this many points are laid out from all of them: O(n³) time, O(n²) memory. At 3,000 that takes
    three times as long as landmarks do, for a trustworthiness of .834 instead of .822 (``benchmarks/RESULTS.md``)."""
    landmarks: int = 2000
    """Maps of more points are laid out by this many of them, chosen at random."""
    seed: int = 42


@dataclass(frozen=True)
class Map:
    """Points in the plane, scaled to [-1, 1] about their centre."""

    points: FloatArray
    """Shape (n, 2), a row for each row laid out."""
    distinct: IntArray
    """The first row of each distinct vector, in an order that does not depend on the order of the rows."""
    components: int
    """Connected components of the neighbour graph; more than one means that gaps on the map have no scale."""
    diffusion_time: int
    """The number of diffusion steps that PHATE chose."""
    converged: bool
    """Whether the layout's stress had stopped falling."""


def lay_out(units: FloatArray, layout: Layout) -> Map:
    """Lay unit vectors (n, d) out in the plane with PHATE.

    Deterministic: the same vectors give the same points in whatever order they come.

    Raises:
        MapUndefinedError: for non-finite values, or fewer than 4 distinct vectors.
    """
    if not np.isfinite(units).all():
        raise MapUndefinedError("there are vectors that are not finite")
    rows, first, point_of = np.unique(
        np.round(np.asarray(units, dtype=np.float64), DECIMALS) + 0.0, axis=0, return_index=True, return_inverse=True
    )
    if len(rows) < FEWEST_POINTS:
        raise MapUndefinedError(f"{len(rows)} distinct vectors, and a map needs {FEWEST_POINTS}")
    operator = _fitted(_reduced(rows), layout)
    points = np.asarray(operator.transform())
    if not np.isfinite(points).all():
        raise MapUndefinedError("PHATE placed points at infinity")
    return Map(
        _scaled(points)[point_of.ravel()],
        first.astype(np.int64),
        int(operator.graph.n_connected_components),
        operator.t,
        _converged(operator),
    )


def layout_bytes(n_words: int, n_dims: int, layout: Layout) -> int:
    """The most that laying words out takes besides their vectors, in bytes: ten n × n matrices, for the most part."""
    n_points = min(n_words, MOST_POINTS)
    n_matrix = n_points if n_points <= layout.exact else min(layout.landmarks, n_points)
    between = 0 if n_matrix == n_points else n_points * n_matrix
    return LIBRARY_BYTES + 8 * (10 * n_matrix**2 + 2 * between + 3 * n_points * n_dims)


def _fitted(rows: FloatArray, layout: Layout) -> Any:
    from phate import PHATE

    landmarks = layout.landmarks if len(rows) > layout.exact else None
    operator = PHATE(
        n_components=2,
        knn=min(layout.neighbours, len(rows) - 2),
        n_landmark=landmarks,
        random_landmarking=landmarks is not None,
        mds_solver="smacof",
        n_pca=None,
        n_jobs=1,
        random_state=layout.seed,
        verbose=0,
    )
    with warnings.catch_warnings():
        # Said on the page, as `Map.components`.
        warnings.filterwarnings("ignore", message="Graph is disconnected")
        operator.fit(rows)
    operator.set_params(t=_diffusion_time(operator.diff_op))
    return operator


def _diffusion_time(diffusion: FloatArray) -> int:
    """The knee of the von Neumann entropy of the powers of a diffusion operator (n, n), which PHATE diffuses for.

    Moon et al. (2019), Methods. PHATE asks for the singular vectors as well, which takes about twice as long.
    """
    from phate.vne import find_knee_point
    from scipy.linalg import svdvals

    singular = svdvals(diffusion)
    time = np.arange(LONGEST_DIFFUSION)
    powers = singular ** (time[:, None] + 1)
    share = powers / powers.sum(axis=1, keepdims=True) + np.finfo(float).eps
    return int(find_knee_point(y=-(share * np.log(share)).sum(axis=1), x=time))


def _reduced(rows: FloatArray) -> FloatArray:
    """The same rows, rotated into at most 500 dimensions; distances stay when n ≤ 500 or d ≤ 500."""
    if rows.shape[1] <= MOST_DIMENSIONS:
        return rows
    left, lengths, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    reduced: FloatArray = (left * lengths)[:, :MOST_DIMENSIONS]
    return reduced


def _scaled(points: FloatArray) -> FloatArray:
    """PHATE's scale is arbitrary: centre the cloud and let it fill [-1, 1]."""
    centred = points - (points.max(axis=0) + points.min(axis=0)) / 2
    extent = np.abs(centred).max()
    scaled: FloatArray = centred / extent if extent > 0 else centred
    return scaled


def _converged(operator: Any) -> bool:
    """Whether SMACOF has nothing left to gain from the layout that PHATE returned.

    PHATE keeps no record of it, so two more steps are taken from there: a converged layout stops after them.
    """
    from sklearn.manifold import smacof
    from sklearn.metrics.pairwise import euclidean_distances

    wanted = euclidean_distances(operator._diff_potential)  # of the landmarks, where there are any
    found = euclidean_distances(operator.embedding)
    # PHATE returns the layout at another scale; at a minimum of the stress the scale is the least-squares one.
    scale = np.vdot(found, wanted) / np.vdot(found, found)
    *_, steps = smacof(
        wanted,
        n_components=2,
        init=operator.embedding * scale,
        n_init=1,
        max_iter=3,
        eps=SMACOF_EPS,
        return_n_iter=True,
        normalized_stress=False,
    )
    return bool(steps < 3)

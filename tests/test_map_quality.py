"""How faithful a map is: perfect when nothing was lost, chance when nothing was kept."""

from __future__ import annotations

import numpy as np
import pytest

from generator.measures.index import FloatArray
from generator.measures.map_quality import map_quality

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def plane(n: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((n, 2))


def ranked(rows: FloatArray, i: int) -> list[int]:
    """The other rows, nearest first."""
    return sorted((j for j in range(len(rows)) if j != i), key=lambda j: float(((rows[i] - rows[j]) ** 2).sum()))


def overlap_by_definition(vectors: FloatArray, points: FloatArray, k: int) -> float:
    shares = [len(set(ranked(vectors, i)[:k]) & set(ranked(points, i)[:k])) / k for i in range(len(vectors))]
    return float(np.mean(shares))


def trustworthiness_by_definition(vectors: FloatArray, points: FloatArray, k: int) -> float:
    """Venna and Kaski: each false neighbour costs its rank in the original space beyond k."""
    n, cost = len(vectors), 0
    for i in range(n):
        true = ranked(vectors, i)
        cost += sum(max(true.index(j) + 1 - k, 0) for j in ranked(points, i)[:k])
    return 1 - 2 * cost / (n * k * (2 * n - 3 * k - 1))


@pytest.mark.parametrize("n", [4, 5, 9, 40, 200])
def test_a_map_of_the_plane_onto_itself_is_perfect(n: int) -> None:
    quality = map_quality(plane(n), plane(n))
    assert quality.trustworthiness == 1
    assert quality.neighbour_overlap == 1


def test_turning_mirroring_moving_and_scaling_the_map_loses_nothing() -> None:
    vectors = np.pad(plane(80), ((0, 0), (0, 5)))
    mirrored = 0.01 * plane(80) @ np.array([[0.6, 0.8], [0.8, -0.6]]) + 5
    quality = map_quality(vectors, mirrored)
    assert (quality.trustworthiness, quality.neighbour_overlap) == (1, 1)


def test_a_random_map_is_about_chance() -> None:
    quality = map_quality(plane(500, 1), plane(500, 2))
    assert quality.neighbour_overlap == pytest.approx(10 / 499, abs=0.01)
    assert quality.trustworthiness == pytest.approx(0.5, abs=0.03)


def test_quality_falls_as_points_are_moved_about() -> None:
    found = [map_quality(plane(200), plane(200) + noise * plane(200, 1)) for noise in (0, 0.1, 0.5, 2)]
    overlaps, trusts = [q.neighbour_overlap for q in found], [q.trustworthiness for q in found]
    assert overlaps == sorted(overlaps, reverse=True)
    assert trusts == sorted(trusts, reverse=True)
    assert overlaps[-1] < 0.5 * overlaps[0]


@pytest.mark.parametrize("n", [4, 5, 6, 12, 21, 22, 45])
def test_both_numbers_follow_their_definitions(n: int) -> None:
    vectors = np.random.default_rng(n).standard_normal((n, 6))
    points = vectors[:, :2] + 0.3 * plane(n)
    quality = map_quality(vectors, points)
    k = quality.neighbours
    assert quality.neighbour_overlap == pytest.approx(overlap_by_definition(vectors, points, k))
    assert quality.trustworthiness == pytest.approx(trustworthiness_by_definition(vectors, points, k))


@pytest.mark.parametrize(("n", "neighbours"), [(4, 1), (5, 2), (6, 2), (7, 3), (20, 9), (21, 10), (22, 10), (300, 10)])
def test_ten_neighbours_are_looked_at_or_fewer_than_half(n: int, neighbours: int) -> None:
    assert map_quality(plane(n), plane(n)).neighbours == neighbours


def test_trust_and_overlap_look_from_the_map_and_from_both_sides() -> None:
    line = np.arange(30.0)[:, None]
    torn = np.concatenate([line[:15], line[15:] + 1000])
    folded = np.minimum(line, 29.4 - line)
    assert map_quality(line, np.pad(torn, ((0, 0), (0, 1)))).trustworthiness > 0.9
    assert map_quality(line, np.pad(folded, ((0, 0), (0, 1)))).trustworthiness < 0.8


def test_the_order_of_rows_does_not_matter() -> None:
    vectors, points = np.random.default_rng(0).standard_normal((50, 6)), plane(50)
    order = np.random.default_rng(1).permutation(50)
    found, moved = map_quality(vectors, points), map_quality(vectors[order], points[order])
    assert moved.neighbour_overlap == pytest.approx(found.neighbour_overlap)
    assert moved.trustworthiness == pytest.approx(found.trustworthiness)

"""Maps: repeatable, independent of row order, and faithful to which word lies where."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_limits

from generator import manifold
from generator.errors import MapUndefinedError
from generator.manifold import Layout, Map, lay_out
from generator.measures.affinity import unit_vectors
from generator.measures.index import FloatArray
from generator.measures.map_quality import map_quality

LAYOUT = Layout()


@pytest.fixture(autouse=True)
def _one_blas_thread() -> Iterator[None]:
    """Small layouts on several threads crawl while other programs run."""
    with threadpool_limits(1):
        yield


def directions(n: int, n_dims: int, seed: int = 0) -> FloatArray:
    return unit_vectors({"": np.random.default_rng(seed).standard_normal((n, n_dims))})[""]


def clusters(n_clusters: int, size: int, noise: float, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Vectors around orthogonal centres in shuffled order, and the cluster of each."""
    rng = np.random.default_rng(seed)
    cluster = rng.permutation(np.repeat(np.arange(n_clusters), size))
    vectors = np.eye(n_clusters, 24)[cluster] + noise * rng.standard_normal((len(cluster), 24))
    return unit_vectors({"": vectors})[""], cluster


def nearest_centroid(points: FloatArray, labels: FloatArray) -> FloatArray:
    centroids = np.stack([points[labels == label].mean(axis=0) for label in np.unique(labels)])
    return np.linalg.norm(points[:, None] - centroids, axis=2).argmin(axis=1)


def assert_same(found: Map, expected: Map) -> None:
    assert found.points.tobytes() == expected.points.tobytes()
    assert found.distinct.tolist() == expected.distinct.tolist()
    assert (found.components, found.diffusion_time, found.converged) == (
        expected.components,
        expected.diffusion_time,
        expected.converged,
    )


# The same map again


@pytest.mark.parametrize("layout", [LAYOUT, Layout(exact=30, landmarks=30)], ids=["plain", "landmarks"])
def test_the_same_vectors_give_the_same_bytes_whatever_the_global_random_state(layout: Layout) -> None:
    vectors = directions(90, 12)
    np.random.seed(1)
    first = lay_out(vectors, layout)
    np.random.seed(2)
    assert_same(lay_out(vectors.copy(), layout), first)


@pytest.mark.parametrize("layout", [LAYOUT, Layout(exact=30, landmarks=30)], ids=["plain", "landmarks"])
def test_points_follow_their_rows_when_rows_are_permuted(layout: Layout) -> None:
    vectors = directions(90, 12)
    vectors[50:60] = vectors[10:20]
    first = lay_out(vectors, layout)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(90)
        moved = lay_out(vectors[order], layout)
        assert moved.points.tobytes() == first.points[order].tobytes()
        np.testing.assert_array_equal(vectors[order][moved.distinct], vectors[first.distinct])


@pytest.mark.parametrize("layout", [LAYOUT, Layout(exact=30, landmarks=30)], ids=["plain", "landmarks"])
def test_the_number_of_blas_threads_does_not_move_points(layout: Layout) -> None:
    vectors = directions(90, 12)
    with threadpool_limits(1):
        single = lay_out(vectors, layout)
    with threadpool_limits(2):
        double = lay_out(vectors, layout)
    np.testing.assert_allclose(double.points, single.points, rtol=0, atol=1e-8)


def test_rounding_noise_in_the_vectors_does_not_change_the_map() -> None:
    vectors = np.round(directions(60, 12), 5)
    noisy = vectors + np.random.default_rng(1).uniform(-4e-6, 4e-6, vectors.shape)
    assert_same(lay_out(noisy, LAYOUT), lay_out(vectors, LAYOUT))


def test_the_seed_chooses_the_landmarks() -> None:
    vectors = directions(90, 12)
    first, second = (lay_out(vectors, Layout(exact=30, landmarks=30, seed=seed)).points for seed in (1, 2))
    assert np.abs(first - second).max() > 1e-3


def test_the_vectors_given_are_left_as_they_were() -> None:
    vectors = directions(30, 600)
    before = vectors.tobytes()
    lay_out(vectors, LAYOUT)
    assert vectors.tobytes() == before


# What lies where


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.02, 0.12], ids=["tight", "loose"])
@pytest.mark.parametrize("layout", [LAYOUT, Layout(exact=50, landmarks=50)], ids=["plain", "landmarks"])
def test_every_word_lies_in_its_own_cluster(seed: int, noise: float, layout: Layout) -> None:
    vectors, cluster = clusters(4, 20, noise, seed)
    points = lay_out(vectors, layout).points
    np.testing.assert_array_equal(nearest_centroid(points, cluster), cluster)


def test_words_along_a_curve_keep_their_neighbours() -> None:
    angle = np.random.default_rng(0).permutation(np.linspace(0, np.pi, 80))
    curve = np.stack([np.cos(angle), np.sin(angle), *np.zeros((10, 80))], axis=1)
    drawn = lay_out(curve, LAYOUT)
    quality = map_quality(curve, drawn.points)
    assert quality.trustworthiness > 0.98
    assert quality.neighbour_overlap > 0.8
    assert np.corrcoef(pdist(angle[:, None]), pdist(drawn.points))[0, 1] > 0.95


def test_points_fill_the_square_about_its_centre() -> None:
    points = lay_out(directions(50, 8), LAYOUT).points
    assert points.shape == (50, 2)
    assert np.abs(points).max() == 1
    np.testing.assert_allclose(points.max(axis=0), -points.min(axis=0), rtol=0, atol=1e-15)


# Vectors that coincide


def test_equal_vectors_share_a_point_exactly() -> None:
    vectors = directions(40, 8)
    copy_of = np.random.default_rng(0).permutation(np.concatenate([np.arange(40), np.repeat(7, 25), np.arange(10)]))
    drawn = lay_out(vectors[copy_of], LAYOUT)
    for row in range(40):
        assert len(np.unique(drawn.points[copy_of == row], axis=0)) == 1
    assert len(np.unique(drawn.points, axis=0)) == len(drawn.distinct) == 40
    assert sorted(copy_of[drawn.distinct]) == list(range(40))
    first_rows = [int(np.flatnonzero(copy_of == row)[0]) for row in range(40)]
    assert sorted(drawn.distinct.tolist()) == sorted(first_rows)


def test_copies_do_not_move_the_points_of_the_others() -> None:
    vectors = directions(40, 8)
    crowded = lay_out(np.concatenate([vectors, np.repeat(vectors[:1], 30, axis=0)]), LAYOUT)
    assert crowded.points[:40].tobytes() == lay_out(vectors, LAYOUT).points.tobytes()


def test_zeros_of_either_sign_are_the_same() -> None:
    vectors = np.concatenate([np.eye(6), np.where(np.eye(6) == 0, -0.0, np.eye(6)), np.full((1, 6), 6**-0.5)])
    drawn = lay_out(vectors, LAYOUT)
    assert len(drawn.distinct) == 7
    np.testing.assert_array_equal(drawn.points[:6], drawn.points[6:12])


def test_vectors_that_differ_in_the_fourth_decimal_have_points_of_their_own() -> None:
    vectors = directions(20, 8)
    apart = vectors[:1] + 1e-4 * np.eye(1, 8)
    assert len(lay_out(np.concatenate([vectors, apart]), LAYOUT).distinct) == 21


# What cannot be drawn


@pytest.mark.parametrize("distinct", [0, 1, 2, 3])
@pytest.mark.parametrize("copies", [1, 50])
def test_fewer_than_four_distinct_vectors_are_refused_with_their_number(distinct: int, copies: int) -> None:
    with pytest.raises(MapUndefinedError, match=f"^{distinct} distinct vectors, and a map needs 4$"):
        lay_out(np.repeat(np.eye(distinct, 5), copies, axis=0), LAYOUT)


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_a_handful_of_distinct_vectors_can_be_drawn(n: int) -> None:
    drawn = lay_out(np.repeat(np.eye(n, 9), 3, axis=0), LAYOUT)
    assert np.isfinite(drawn.points).all()
    assert len(np.unique(drawn.points, axis=0)) == n


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused(bad: float) -> None:
    vectors = directions(20, 8)
    vectors[13, 5] = bad
    with pytest.raises(MapUndefinedError, match="not finite"):
        lay_out(vectors, LAYOUT)


def test_points_at_infinity_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        manifold, "_fitted", lambda rows, _: SimpleNamespace(transform=lambda: np.full((len(rows), 2), np.nan))
    )
    with pytest.raises(MapUndefinedError, match="infinity"):
        lay_out(directions(20, 8), LAYOUT)


# Many dimensions, many points


def test_dimensions_beyond_the_most_are_rotated_away_without_loss() -> None:
    vectors = directions(60, 16)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((700, 700))).Q
    wide = np.pad(vectors, ((0, 0), (0, 684))) @ rotation
    reduced = manifold._reduced(wide)
    assert reduced.shape == (60, 60)
    np.testing.assert_allclose(pdist(reduced), pdist(wide), rtol=1e-12)
    np.testing.assert_array_equal(manifold._reduced(vectors), vectors)


def test_many_dimensions_can_be_drawn() -> None:
    vectors, cluster = clusters(4, 15, 0.1)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((700, 700))).Q
    wide = np.pad(vectors, ((0, 0), (0, 676))) @ rotation
    points = lay_out(wide, LAYOUT).points
    np.testing.assert_array_equal(nearest_centroid(points, cluster), cluster)
    np.testing.assert_allclose(pdist(points), pdist(lay_out(vectors, LAYOUT).points), rtol=0, atol=2e-3)


def test_more_points_than_the_most_dimensions_keep_the_widest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifold, "MOST_DIMENSIONS", 6)
    vectors = directions(40, 9) * [9, 8, 7, 6, 5, 4, 1e-6, 1e-6, 1e-6]
    reduced = manifold._reduced(vectors)
    assert reduced.shape == (40, 6)
    np.testing.assert_allclose(pdist(reduced), pdist(vectors), rtol=1e-9)


def test_landmarks_are_used_above_their_number_only() -> None:
    vectors, cluster = clusters(4, 20, 0.1)
    exact = lay_out(vectors, LAYOUT)
    assert_same(lay_out(vectors, Layout(exact=80, landmarks=80)), exact)
    landmarked = lay_out(vectors, Layout(exact=40, landmarks=40))
    assert landmarked.points.shape == (80, 2)
    assert np.abs(landmarked.points - exact.points).max() > 1e-3
    np.testing.assert_array_equal(nearest_centroid(landmarked.points, cluster), cluster)


def test_fewer_neighbours_make_another_map() -> None:
    vectors = directions(60, 8)
    assert np.abs(lay_out(vectors, Layout(neighbours=3)).points - lay_out(vectors, LAYOUT).points).max() > 1e-3


# What the map says of itself


@pytest.mark.parametrize("n_clusters", [2, 3, 5])
def test_components_without_a_link_are_counted(n_clusters: int) -> None:
    vectors, _ = clusters(n_clusters, 15, 0.001)
    assert lay_out(vectors, LAYOUT).components == n_clusters


def test_ordinary_vectors_form_one_component() -> None:
    drawn = lay_out(directions(60, 8), LAYOUT)
    assert drawn.components == 1
    assert drawn.diffusion_time >= 1


@pytest.mark.parametrize(("n", "n_dims"), [(6, 4), (60, 8), (150, 64)])
def test_layouts_of_ordinary_vectors_have_converged(n: int, n_dims: int) -> None:
    assert lay_out(directions(n, n_dims), LAYOUT).converged is True


def test_layouts_by_landmarks_have_converged() -> None:
    assert lay_out(directions(120, 8), Layout(exact=40, landmarks=40)).converged is True


def fitted(vectors: FloatArray) -> Any:
    operator = manifold._fitted(vectors, LAYOUT)
    operator.transform()
    return operator


def test_a_layout_that_was_stopped_early_has_not_converged() -> None:
    operator = fitted(directions(60, 8))
    rng = np.random.default_rng(0)
    assert manifold._converged(operator) is True
    moved = operator.embedding + 0.3 * operator.embedding.std() * rng.standard_normal(operator.embedding.shape)
    for embedding in (moved, rng.standard_normal(operator.embedding.shape)):
        stopped = SimpleNamespace(_diff_potential=operator._diff_potential, embedding=embedding)
        assert manifold._converged(stopped) is False


def test_the_scale_of_a_layout_does_not_decide_whether_it_has_converged() -> None:
    operator = fitted(directions(60, 8))
    for scale in (1e-3, 1e3):
        scaled = SimpleNamespace(_diff_potential=operator._diff_potential, embedding=scale * operator.embedding)
        assert manifold._converged(scaled) is True


@pytest.mark.parametrize(
    ("vectors", "layout"),
    [
        (directions(50, 8), LAYOUT),
        (directions(50, 8), Layout(exact=20, landmarks=20)),
        (np.repeat(directions(9, 8), 20, axis=0), LAYOUT),
        (clusters(3, 15, 0.001)[0], LAYOUT),
        (np.eye(4), LAYOUT),
        (directions(30, 600), LAYOUT),
        (directions(200, 2), LAYOUT),
    ],
    ids=["ordinary", "landmarks", "copies", "disconnected", "tiny", "many dimensions", "crowded"],
)
def test_no_warning_escapes(vectors: FloatArray, layout: Layout) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lay_out(vectors, layout)
    assert [str(warning.message) for warning in caught] == []


def test_nothing_is_printed() -> None:
    # In a process of its own: PHATE's logger keeps the stream that was there when it was made.
    script = """
import numpy as np
from generator.manifold import Layout, lay_out
vectors = np.random.default_rng(0).standard_normal((60, 8))
for landmarks in (2000, 20):
    lay_out(vectors, Layout(exact=landmarks, landmarks=landmarks))
lay_out(np.repeat(vectors[:5], 9, axis=0), Layout())
lay_out(np.repeat(np.eye(3, 8), 20, axis=0) + 1e-3 * vectors, Layout())
"""
    root = Path(manifold.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")

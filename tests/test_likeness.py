"""Likeness of structure against matrices of all pairs of concepts, and its draws against resamples measured anew."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from generator.measures import likeness
from generator.measures.companion import Cells, Companion
from generator.measures.index import FloatArray
from generator.measures.likeness import likeness_measures
from generator.measures.resampling import concept_weights

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

TAGS = ("en", "ar", "zh", "hi")
MEASURES = ("cka", "rsa", "anisotropy")


def cells_from(vectors: FloatArray, held: np.ndarray | None = None) -> Cells:
    held = np.ones(vectors.shape[:2], dtype=bool) if held is None else held
    units = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    return Cells(TAGS[: len(vectors)], np.where(held[:, :, None], units, 0), held)


def alike(
    seed: int, n_languages: int = 3, n_concepts: int = 14, n_dims: int = 6, noise: float = 0.8, missing: float = 0.0
) -> Cells:
    """Languages that arrange concepts alike up to noise, each with an offset of its own that no seed changes."""
    rng = np.random.default_rng(seed)
    offset = np.random.default_rng(99).standard_normal((n_languages, 1, n_dims))
    meaning = rng.standard_normal((n_concepts, n_dims)) * np.linspace(2, 0.5, n_dims)
    vectors = meaning + noise * rng.standard_normal((n_languages, n_concepts, n_dims)) + offset
    return cells_from(vectors, rng.random((n_languages, n_concepts)) >= missing)


def values_of(cells: Cells) -> dict[str, Companion]:
    return likeness_measures(cells, np.ones((1, cells.held.shape[1])))


def shared_units(cells: Cells, a: int, b: int) -> tuple[FloatArray, FloatArray]:
    both = cells.held[a] & cells.held[b]
    return cells.units[a][both], cells.units[b][both]


def hsic_by_definition(k: FloatArray, l: FloatArray) -> float:  # noqa: E741 the usual name
    """The unbiased estimator as Song et al. write it, from whole n × n matrices."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    one = np.ones(n)
    inner = (
        np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    )
    return float(inner / (n * (n - 3)))


def cka_by_definition(x: FloatArray, y: FloatArray) -> float:
    k, l = x @ x.T, y @ y.T  # noqa: E741
    return hsic_by_definition(k, l) / np.sqrt(hsic_by_definition(k, k) * hsic_by_definition(l, l))


def rsa_by_definition(x: FloatArray, y: FloatArray) -> float:
    pairs = np.array([(x[i] @ x[j], y[i] @ y[j]) for i, j in combinations(range(len(x)), 2)])
    return float(np.corrcoef(pairs.T)[0, 1])


def anisotropy_by_definition(cells: Cells, languages: tuple[int, ...], times: FloatArray) -> float:
    """Every concept written out as often as it was drawn; a word meets no word of another copy of its concept."""
    copies = [(c, copy) for c in range(cells.held.shape[1]) for copy in range(int(times[c]))]
    words = [(a, c, copy) for a, (c, copy) in product(languages, copies) if cells.held[a, c]]
    cosines = [
        cells.units[a, c] @ cells.units[b, other]
        for (a, c, copy), (b, other, other_copy) in combinations(words, 2)
        if c != other or copy == other_copy
    ]
    return float(np.mean(cosines)) if cosines else np.nan


# The values


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n_concepts", "n_dims"), [(14, 6), (9, 30)])
@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_cka_and_rsa_follow_their_definitions(seed: int, n_concepts: int, n_dims: int, missing: float) -> None:
    cells = alike(seed, 4, n_concepts, n_dims, missing=missing)
    found = values_of(cells)
    for pair, (a, b) in enumerate(combinations(range(4), 2)):
        x, y = shared_units(cells, a, b)
        enough = len(x) >= 4
        assert found["cka"].pair_values[pair] == pytest.approx(
            cka_by_definition(x, y) if enough else np.nan, abs=1e-12, nan_ok=True
        )
        assert found["rsa"].pair_values[pair] == pytest.approx(
            rsa_by_definition(x, y) if enough else np.nan, abs=1e-12, nan_ok=True
        )
    for name in ("cka", "rsa"):
        assert found[name].value == pytest.approx(np.nanmean(found[name].pair_values), abs=1e-15)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_anisotropy_is_that_of_the_pairs_written_out(seed: int, missing: float) -> None:
    cells = alike(seed, 3, 6, 4, missing=missing)
    once = np.ones(6)
    found = likeness_measures(cells, np.stack([once, once]))["anisotropy"]
    assert found.value == pytest.approx(anisotropy_by_definition(cells, (0, 1, 2), once), abs=1e-12)
    np.testing.assert_allclose(found.draws, found.value, rtol=0, atol=1e-12)
    for pair, languages in enumerate(combinations(range(3), 2)):
        told = anisotropy_by_definition(cells, languages, once)
        assert found.pair_values[pair] == pytest.approx(told, abs=1e-12)
        np.testing.assert_allclose(found.pair_draws[:, pair], told, rtol=0, atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_draws_of_anisotropy_follow_those_of_the_list_written_out(missing: float) -> None:
    cells = alike(3, 2, 80, 6, missing=missing)
    weights = concept_weights(80, 60, 1)
    found = likeness_measures(cells, weights)["anisotropy"]
    exact = np.array([anisotropy_by_definition(cells, (0, 1), times) for times in weights])
    assert np.corrcoef(found.draws, exact)[0, 1] > 0.93
    assert found.draws.std() == pytest.approx(exact.std(), rel=0.1)
    assert abs((found.draws - exact).mean()) < 0.2 * exact.std()
    np.testing.assert_allclose(found.pair_draws[:, 0], found.draws, rtol=0, atol=1e-12)


def test_turned_arrangements_are_alike_whatever_their_place() -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal((1, 40, 8)) + 1
    turned = first @ np.linalg.qr(rng.standard_normal((8, 8))).Q
    found = values_of(cells_from(np.concatenate([first, turned])))
    assert found["cka"].value == pytest.approx(1, abs=1e-12)
    assert found["rsa"].value == pytest.approx(1, abs=1e-12)


def test_unrelated_arrangements_are_not_alike_even_in_many_dimensions() -> None:
    cells = [cells_from(np.random.default_rng(seed).standard_normal((2, 30, 200))) for seed in range(40)]
    assert np.mean([values_of(each)["cka"].value for each in cells]) == pytest.approx(0, abs=0.03)
    assert np.mean([values_of(each)["rsa"].value for each in cells]) == pytest.approx(0, abs=0.03)
    x, y = shared_units(cells[0], 0, 1)
    k, l = ((rows - rows.mean(axis=0)) @ (rows - rows.mean(axis=0)).T for rows in (x, y))  # noqa: E741
    assert (k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum()) > 0.8, "the biased form would call them alike"


def test_noise_makes_arrangements_less_alike() -> None:
    found = [values_of(alike(0, 2, 100, 20, noise)) for noise in (0.1, 0.5, 1.5, 5.0)]
    for name in ("cka", "rsa"):
        values = [each[name].value for each in found]
        assert values == sorted(values, reverse=True)
        assert values[0] > 0.7
        assert values[-1] < 0.1


def test_anisotropy_of_random_directions_is_zero_and_of_a_cone_near_one() -> None:
    rows = np.random.default_rng(0).standard_normal((2, 300, 64))
    assert values_of(cells_from(rows))["anisotropy"].value == pytest.approx(0, abs=0.01)
    assert values_of(cells_from(rows + 20))["anisotropy"].value > 0.99


# Invariances


@pytest.mark.parametrize("name", MEASURES)
def test_the_order_of_concepts_and_languages_does_not_matter(name: str) -> None:
    cells = alike(1, 3, 20, missing=0.2)
    weights = concept_weights(20, 15, 0)
    found = likeness_measures(cells, weights)[name]
    order = np.random.default_rng(0).permutation(20)
    moved = Cells(cells.languages, cells.units[:, order], cells.held[:, order])
    swapped = Cells(cells.languages[::-1], cells.units[::-1], cells.held[::-1])
    for other, w, pairs in ((moved, weights[:, order], [0, 1, 2]), (swapped, weights, [2, 1, 0])):
        again = likeness_measures(other, w)[name]
        assert again.value == pytest.approx(found.value, abs=1e-12)
        np.testing.assert_allclose(again.draws, found.draws, rtol=0, atol=1e-12)
        np.testing.assert_allclose(again.pair_values[pairs], found.pair_values, rtol=0, atol=1e-12)
        np.testing.assert_allclose(again.pair_draws[:, pairs], found.pair_draws, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_bands_of_any_size_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = alike(2, 3, 20, missing=0.2)
    weights = concept_weights(20, 15, 0)
    found = likeness_measures(cells, weights)[name]
    monkeypatch.setattr(likeness, "CHUNK_BYTES", 8 * 3 * 20 * 7)
    again = likeness_measures(cells, weights)[name]
    np.testing.assert_allclose(again.pair_values, found.pair_values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(again.pair_draws, found.pair_draws, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["cka", "rsa"])
def test_a_narrow_cone_keeps_its_digits(name: str) -> None:
    rng = np.random.default_rng(3)
    meaning = rng.standard_normal((40, 12))
    noisy = meaning + 0.5 * rng.standard_normal((2, 40, 12))
    noisy -= noisy.mean(axis=1, keepdims=True)
    values = []
    for spread in (1e-2, 1e-4):
        # All vectors of one length about the axis, so that distances are those of ``noisy`` but for a scale.
        around = np.concatenate([np.ones((2, 40, 1)), spread * noisy], axis=2)
        values.append(values_of(cells_from(around))[name].value)
    assert values[0] == pytest.approx(values[1], abs=2e-3)


# Where there is no value


@pytest.mark.parametrize("n_shared", range(5))
def test_four_shared_concepts_are_needed(n_shared: int) -> None:
    held = np.zeros((2, 12), dtype=bool)
    held[0, :8] = held[1, 8 - n_shared :] = True
    found = values_of(cells_from(np.random.default_rng(0).standard_normal((2, 12, 5)), held))
    for name in ("cka", "rsa"):
        assert np.isfinite(found[name].value) == (n_shared >= 4)


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_coinciding_or_equidistant_words_have_no_structure(offset: float) -> None:
    various = np.random.default_rng(0).standard_normal((8, 9))
    same = np.repeat(various[:1], 8, axis=0) + 1e-12 * various
    equidistant = np.eye(8, 9)
    equidistant[:, 8] = offset
    found = values_of(cells_from(np.stack([various, same, equidistant])))
    for name in ("cka", "rsa"):
        assert np.isnan(found[name].pair_values).all()
        assert np.isnan(found[name].value)
        assert np.isnan(found[name].draws).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_structure_that_no_shared_concept_has_does_not_count(order: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    held = np.ones((2, 20), dtype=bool)
    held[0, :10] = False
    cone = 1 + 1e-4 * rng.standard_normal((20, 9))
    various = rng.standard_normal((20, 9))
    various[10:] = various[10] * rng.uniform(0.1, 10, (10, 1))
    found = values_of(cells_from(np.stack([cone, various])[list(order)], held[list(order)]))
    for name in ("cka", "rsa"):
        assert np.isnan(found[name].value)


def test_a_language_without_structure_does_not_stop_the_others() -> None:
    cells = alike(0, 3, 20)
    cells.units[1] = cells.units[1][:1]
    found = likeness_measures(cells, concept_weights(20, 10, 0))
    for name in ("cka", "rsa"):
        assert np.isnan(found[name].pair_values[[0, 2]]).all()
        assert found[name].value == found[name].pair_values[1]
        np.testing.assert_array_equal(found[name].draws, found[name].pair_draws[:, 1])


def test_one_language_has_anisotropy_only() -> None:
    found = likeness_measures(alike(0, 1, 8), concept_weights(8, 5, 0))
    assert np.isfinite(found["anisotropy"].value)
    assert np.isnan(found["cka"].value)
    assert found["rsa"].pair_draws.shape == (5, 0)


# The draws


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("times", [1, 3])
def test_drawing_every_concept_equally_often_gives_the_value(name: str, times: int) -> None:
    cells = alike(5, 3, 40, missing=0.1)
    found = likeness_measures(cells, np.full((2, 40), float(times)))[name]
    # Copies of a concept never meet, while its translations meet within each copy.
    near = 1e-12 if times == 1 or name != "anisotropy" else 0.01
    np.testing.assert_allclose(found.draws, found.value, rtol=0, atol=near)
    np.testing.assert_allclose(found.pair_draws, [found.pair_values] * 2, rtol=0, atol=near)


def test_no_draw_leaves_the_range() -> None:
    for seed in range(20):
        found = likeness_measures(alike(seed, 2, 5, 3, noise=0.1), concept_weights(5, 50, seed))
        for name in MEASURES:
            known = found[name].draws[np.isfinite(found[name].draws)]
            assert np.abs(known).max() <= 1


def resampled_hsic(k: FloatArray, l: FloatArray, w: FloatArray) -> float:  # noqa: E741
    """HSIC as the U-statistic over two, three and four different concepts, weighted by how often they were drawn."""

    def sums(k: FloatArray, l: FloatArray) -> FloatArray:  # noqa: E741
        kl, kw, lw = k * l, k @ w, l @ w
        two = w @ kl @ w
        three = w @ (kw * lw) - w**2 @ kl @ w
        four = (w @ kw) * (w @ lw) - 4 * (w**2 @ (kw * lw)) + 2 * (w**2 @ kl @ w**2)
        return np.array([two, three, four])

    others = 1 - np.eye(len(k))
    return float([1, -2, 1] @ (sums(k * others, l * others) / sums(others, others)))


def resampled_cka(x: FloatArray, y: FloatArray, w: FloatArray) -> float:
    k, l = x @ x.T, y @ y.T  # noqa: E741
    return resampled_hsic(k, l, w) / np.sqrt(resampled_hsic(k, k, w) * resampled_hsic(l, l, w))


def resampled_rsa(x: FloatArray, y: FloatArray, w: FloatArray) -> float:
    i, j = np.triu_indices(len(x), 1)
    covariance = np.cov((x @ x.T)[i, j], (y @ y.T)[i, j], aweights=w[i] * w[j])
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def test_the_resampled_statistic_of_the_tests_is_the_unbiased_one() -> None:
    x, y = shared_units(alike(0, 2), 0, 1)
    assert resampled_cka(x, y, np.ones(14)) == pytest.approx(cka_by_definition(x, y), abs=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_draws_of_first_order_follow_resamples_measured_anew(noise: float, missing: float) -> None:
    cells = alike(7, 2, 100, 12, noise, missing)
    weights = concept_weights(100, 400, 1)
    found = likeness_measures(cells, weights)
    both = cells.held[0] & cells.held[1]
    x, y = shared_units(cells, 0, 1)
    for name, resampled in (("cka", resampled_cka), ("rsa", resampled_rsa)):
        anew = np.array([resampled(x, y, w) for w in weights[:, both]])
        draws = found[name].draws
        assert draws.std() == pytest.approx(anew.std(), rel=0.15), name
        assert np.subtract(*np.quantile(draws, [0.975, 0.025])) == pytest.approx(
            np.subtract(*np.quantile(anew, [0.975, 0.025])), rel=0.15
        ), name
        assert np.corrcoef(draws, anew)[0, 1] > 0.85, name


@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_draws_scatter_as_fresh_lists_do(noise: float) -> None:
    weights = concept_weights(120, 200, 0)
    lists = [likeness_measures(alike(seed, 2, 120, 30, noise), weights) for seed in range(120)]
    for name in MEASURES:
        scatter = np.std([found[name].value for found in lists])
        assert np.mean([found[name].draws.std() for found in lists]) == pytest.approx(scatter, rel=0.2), name

"""The pass over the vectors: blocks, steps and threads change nothing, and nothing is copied whole."""

from __future__ import annotations

import dataclasses
import threading
import tracemalloc
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from vectors_strategy import Words, random_words

from generator.errors import MeasureUndefinedError
from generator.measures import AffinitySums, ConceptIndex, Incidence, aligned_index, blocks, semantic_affinity
from generator.measures.affinity import (
    affinity_sums,
    centred_vectors,
    concept_means,
    concept_pair_spreads,
    euclidean_affinity,
    reference_affinity,
    sums_and_spreads,
    unit_vectors,
)
from generator.measures.blocks import (
    BLOCK_CONCEPTS,
    CANCELLED,
    allowed_threads,
    blocks_of,
    cells_by_language,
    in_threads,
    moments,
)
from generator.measures.index import FloatArray

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

PATIENCE = 120
"""Seconds that a thread may take to come round on a loaded machine."""


@pytest.fixture
def many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_CONCEPTS", 7)
    monkeypatch.setattr(blocks, "CHUNK_BYTES", 3 * 8 * 3 * 16)


def with_threads(n: int) -> threadpool_limits:
    return threadpool_limits(n, user_api="blas")


def parts(drawn: Words) -> Iterator[FloatArray]:
    """Everything that a pass gives, array by array."""
    sums, spreads = sums_and_spreads(drawn.vectors, drawn.index)
    yield from (np.asarray(getattr(sums, field.name)) for field in dataclasses.fields(AffinitySums)[1:])
    yield spreads
    yield np.asarray([reference_affinity(drawn.vectors, drawn.index), euclidean_affinity(drawn.vectors, drawn.index)])


# The same bytes


@pytest.mark.usefixtures("many_blocks")
@pytest.mark.parametrize("n_threads", [2, 5])
def test_any_number_of_threads_gives_the_same_bytes(n_threads: int) -> None:
    drawn = random_words(0, 60)
    with with_threads(1):
        alone = [part.tobytes() for part in parts(drawn)]
    for _ in range(5):
        with with_threads(n_threads):
            assert [part.tobytes() for part in parts(drawn)] == alone


def test_sums_and_spreads_of_one_pass_are_those_of_two() -> None:
    drawn = random_words(1)
    sums, spreads = sums_and_spreads(drawn.vectors, drawn.index)
    np.testing.assert_array_equal(spreads, concept_pair_spreads(drawn.vectors, drawn.index))
    alone = affinity_sums(drawn.vectors, drawn.index)
    for field in dataclasses.fields(AffinitySums):
        np.testing.assert_array_equal(getattr(sums, field.name), getattr(alone, field.name))
    found = semantic_affinity(drawn.vectors, drawn.index)
    np.testing.assert_allclose(found.concept_spread, concept_means(spreads), rtol=1e-14)


@pytest.mark.usefixtures("many_blocks")
def test_many_blocks_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random_words(2, 60, ("en", "zh", "ar", "hi"))
    cut = list(parts(drawn))
    monkeypatch.undo()
    for found, expected in zip(cut, parts(drawn), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_dims", [4, 384, 1024])
def test_no_block_is_longer_than_it_may_be_however_short_the_vectors(n_dims: int) -> None:
    rows = np.random.default_rng(0).standard_normal((1200, n_dims))
    cells = cells_by_language({"en": rows, "zh": rows}, aligned_index(1200, ["en", "zh"]))
    sizes = [len(block.concept_spread) for block in blocks_of(list(cells.values()))]
    assert sum(sizes) == 1200
    assert max(sizes) <= BLOCK_CONCEPTS


# Threads


def test_work_comes_out_in_order_on_the_threads_allowed_each_with_a_blas_of_its_own() -> None:
    together = threading.Barrier(3, timeout=PATIENCE)

    def work(item: int) -> tuple[int, int, set[int]]:
        together.wait()  # three threads or none gets past
        limits = {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
        return item, threading.get_ident(), limits

    with with_threads(3):
        found = list(in_threads(work, range(6)))
        assert allowed_threads() == 3, "the limit is given back"
    assert [item for item, _, _ in found] == list(range(6))
    assert len({thread for _, thread, _ in found}) == 3
    assert {1} == set.union(*(limits for _, _, limits in found))


@pytest.mark.parametrize(("n_threads", "items"), [(1, [1, 2, 3]), (4, [1])])
def test_one_thread_or_one_item_starts_no_thread(n_threads: int, items: list[int]) -> None:
    with with_threads(n_threads):
        assert set(in_threads(lambda _: threading.get_ident(), items)) == {threading.get_ident()}


def test_an_error_in_a_thread_is_raised_and_the_limit_given_back() -> None:
    def work(item: int) -> int:
        if item == 4:
            raise FloatingPointError(f"item {item}")
        return item

    with with_threads(2):
        with pytest.raises(FloatingPointError, match="item 4"):
            list(in_threads(work, range(100)))
        assert allowed_threads() == 2
        assert list(in_threads(work, [1, 2])) == [1, 2], "the next one is not kept waiting"


def test_a_second_caller_waits_and_then_has_the_threads_of_the_first() -> None:
    seen: list[tuple[int, set[int]]] = []

    def second() -> None:
        seen.append((threading.get_ident(), set(in_threads(lambda _: threading.get_ident(), range(4)))))

    with with_threads(2):
        first = in_threads(str, range(4))
        assert next(first) == "0"
        caller = threading.Thread(target=second)
        caller.start()
        caller.join(0.2)  # time enough to go wrong in; it takes none to go right
        assert list(first) == ["1", "2", "3"]
        caller.join(PATIENCE)
    ((own, ran_on),) = seen
    assert own not in ran_on, "it found the first one's limit of one thread and took it for its own"


# Faulty and extreme vectors, wherever they stand


@pytest.mark.usefixtures("many_blocks")
@pytest.mark.parametrize("row", [0, 6, 7, 39])
@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_faulty_vector_in_any_block_is_named(row: int, bad: float) -> None:
    vectors = {
        tag: np.random.default_rng(seed).standard_normal((40, 16)) for seed, tag in enumerate(("en", "zh", "ar"))
    }
    vectors["zh"][row] = bad
    with (
        with_threads(3),
        pytest.raises(MeasureUndefinedError, match=f"1 vectors of zh are .*, the first in row {row}$"),
    ):
        semantic_affinity(vectors, aligned_index(40, list(vectors)))


def test_a_faulty_vector_among_several_of_a_cell_and_one_in_no_cell_are_named() -> None:
    sound = np.random.default_rng(0).standard_normal((4, 3))
    for row in range(4):
        faulty = sound.copy()
        faulty[row] = 0
        index = ConceptIndex(
            2,
            {
                "en": Incidence(np.arange(4)[:2], np.arange(2)),
                "de": Incidence(np.array([0, 1, 2]), np.array([0, 0, 1])),  # row 3 stands in no cell
            },
        )
        with pytest.raises(MeasureUndefinedError, match=f"1 vectors of de are zero, the first in row {row}"):
            affinity_sums({"en": sound[:2], "de": faulty}, index)


@pytest.mark.parametrize("length", [1e-300, 1e-160, 1e160, 1e300])
def test_one_vector_of_extreme_length_changes_nothing(length: float) -> None:
    drawn = random_words(3)
    longer = {tag: rows.copy() for tag, rows in drawn.vectors.items()}
    longer["zh"][2] *= length
    found, expected = (semantic_affinity(vectors, drawn.index) for vectors in (longer, drawn.vectors))
    assert found.value == pytest.approx(expected.value, abs=1e-14)
    np.testing.assert_allclose(found.concept_spread, expected.concept_spread, atol=1e-14)


# Digits


@pytest.mark.parametrize("share", [0.3, 0.9, 1.1, 3])
def test_spreads_on_both_sides_of_the_line_keep_their_digits(share: float) -> None:
    rng = np.random.default_rng(0)
    common = 10 * np.eye(64)[0]
    width = np.sqrt(share * CANCELLED * 100 / 63)
    vectors = {tag: common + width * rng.standard_normal((300, 64)) for tag in ("en", "zh")}
    units = unit_vectors(vectors)
    sums, spreads = sums_and_spreads(vectors, aligned_index(300, list(vectors)))
    for tag, scatter in zip(sums.languages, sums.scatter, strict=True):
        exact = ((units[tag] - units[tag].mean(axis=0)) ** 2).sum()
        assert scatter == pytest.approx(exact, rel=2e-12)
        assert scatter == pytest.approx(moments(vectors[tag])[1], rel=2e-12)
    np.testing.assert_allclose(spreads[:, 0, 1], ((units["en"] - units["zh"]) ** 2).sum(axis=1) / 2, rtol=2e-12)
    assert 0.2 < spreads[:, 0, 1].mean() / (share * CANCELLED) < 5, "the line is where this test looks"


@pytest.mark.parametrize("n_languages", [2, 3, 4, 5, 8, 13])
def test_every_pair_of_languages_is_compared(n_languages: int) -> None:
    rng = np.random.default_rng(n_languages)
    units = unit_vectors({f"l{i}": rng.standard_normal((9, 6)) for i in range(n_languages)})
    spreads = concept_pair_spreads(units, aligned_index(9, list(units)))
    assert np.isnan(np.einsum("cll->cl", spreads)).all()
    np.testing.assert_array_equal(spreads, spreads.transpose(0, 2, 1))
    for a, b in combinations(range(n_languages), 2):
        exact = 1 - np.einsum("ij,ij->i", units[f"l{a}"], units[f"l{b}"])
        np.testing.assert_allclose(spreads[:, a, b], exact, atol=1e-14)


def test_each_distinct_rendering_counts_once_in_a_language_whatever_cells_it_stands_in() -> None:
    rows = np.random.default_rng(0).standard_normal((4, 5))
    once = np.arange(4)
    for of_german in ([0, 0, 1, 2], [0, 1, 2], [3, 3, 3, 3]):  # some serve several concepts, some none
        german = Incidence(np.array(of_german), np.arange(len(of_german)))
        index = ConceptIndex(4, {"en": Incidence(once, once), "de": german})
        sums = affinity_sums({"en": rows, "de": rows}, index)
        np.testing.assert_allclose(sums.centre[1], sums.centre[0], atol=1e-15)
        np.testing.assert_allclose(sums.scatter, moments(rows)[1], rtol=1e-14)
        np.testing.assert_allclose(sums.cell_total[1], unit_vectors({"": rows})[""][of_german].sum(axis=0), atol=1e-15)


# Memory


def peak_mib(work: object, *args: object) -> float:
    assert callable(work)
    tracemalloc.start()
    try:
        work(*args)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("gaps", [False, True])
def test_the_vectors_are_not_copied(gaps: bool) -> None:
    rng = np.random.default_rng(0)
    vectors = {tag: rng.standard_normal((8000, 512), dtype=np.float32) for tag in ("en", "zh", "ar", "hi")}
    index = aligned_index(8000, list(vectors))
    if gaps:
        languages = {**index.languages, "zh": Incidence(np.arange(8000), np.arange(500, 8500))}
        index = ConceptIndex(8500, languages)
    size = sum(rows.nbytes for rows in vectors.values()) / 2**20
    with with_threads(2):
        assert size > 60
        assert peak_mib(semantic_affinity, vectors, index) < 12
        assert peak_mib(euclidean_affinity, vectors, index) < 18


def test_centring_takes_one_copy_in_float64_and_one_language() -> None:
    rng = np.random.default_rng(0)
    vectors = {tag: rng.standard_normal((2000, 256), dtype=np.float32) for tag in ("en", "zh", "ar", "hi")}
    one_language = 2000 * 256 * 8 / 2**20
    assert peak_mib(centred_vectors, vectors) < 5.3 * one_language

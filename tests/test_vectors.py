"""The vectors cache: nothing is encoded twice, and no kill, neighbour or damaged byte gives a wrong vector."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest

import generator.vectors
from generator import encode
from generator.datasets import Dataset
from generator.encode import encode_missing, settings_of, vectors_of
from generator.errors import IsoglossError, ModelUnavailableError
from generator.models import Model
from generator.models.encoder import BATCH_SIZE, Settings, Vectors
from generator.models.sources import identity
from generator.vectors import VectorCache, VectorCacheError, cache_path

ROOT = Path(__file__).parent.parent
MODEL = Model("Counting", "ngrams:", revision="1")
KEY = identity(MODEL)
DIMENSIONS = 16


def vector(text: str, dimensions: int = DIMENSIONS) -> Vectors:
    """A vector that belongs to its text and to no other."""
    return np.random.default_rng(zlib.crc32(text.encode())).standard_normal(dimensions).astype(np.float32)


def vectors(texts: Sequence[str], dimensions: int = DIMENSIONS) -> Vectors:
    return np.stack([vector(text, dimensions) for text in texts])


class CountingEncoder:
    """Remembers what it was asked for, and how often it was loaded."""

    texts_at_once = BATCH_SIZE

    def __init__(self) -> None:
        self.loads = 0
        self.batches: list[list[str]] = []
        self.dimensions = DIMENSIONS

    @property
    def settings(self) -> Settings:
        return {"device": "test", "batch_size": 3, "normalised": False, "prompt": None}

    @property
    def encoded(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        return vectors(texts, self.dimensions)

    def load(self) -> CountingEncoder:
        self.loads += 1
        return self


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "vectors.sqlite"


def words(n: int) -> list[str]:
    return [f"{word} {i}" for i, word in zip(range(n), ["water", "水", "ماء", "पानी", "👨‍👩‍👧"] * n, strict=False)]


def filled(path: Path, texts: Sequence[str], dimensions: int = DIMENSIONS) -> Path:
    with VectorCache(path) as cache:
        for start in range(0, len(texts), BATCH_SIZE):
            batch = texts[start : start + BATCH_SIZE]
            cache.write(KEY, batch, vectors(batch, dimensions))
    return path


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.damaged-*"))


# What is encoded


class Torch:
    """What of torch decides how many threads compute."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def get_num_threads(self) -> int:
        return self.threads

    def set_num_threads(self, number: int) -> None:
        self.threads = number


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Torch]:
    """Stands in for torch, which takes four threads by itself."""
    stand_in = Torch(4)
    monkeypatch.setitem(sys.modules, "torch", stand_in)
    encode._threads_by_itself.cache_clear()
    yield stand_in
    encode._threads_by_itself.cache_clear()


def test_each_batch_takes_the_threads_that_are_idle_then_and_leaves_them_as_they_were(path: Path, torch: Torch) -> None:
    class Threaded(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            taken.append(torch.threads)
            return super().encode(texts)

    taken: list[int] = []
    idle = iter([1, 3, 9])
    with VectorCache(path) as cache:
        encode_missing(MODEL, words(300), cache, Threaded().load, idle_cores=lambda: next(idle))
        assert taken == [1, 3, 4], "never more than torch takes by itself"
        assert torch.threads == 4
        encode_missing(MODEL, ["火"], cache, Threaded().load)
    assert taken == [1, 3, 4, 4]


def test_threads_are_given_back_when_an_encoder_fails(path: Path, torch: Torch) -> None:
    class Broken(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            raise ValueError("broken")

    with VectorCache(path) as cache, pytest.raises(ValueError, match="broken"):
        encode_missing(MODEL, words(3), cache, Broken().load, idle_cores=lambda: 1)
    assert torch.threads == 4


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_a_batch_that_takes_too_much_memory_is_encoded_in_halves(path: Path, error: Exception) -> None:
    class Small(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if len(texts) > 40:
                raise error
            return super().encode(texts)

    encoder = Small()
    with VectorCache(path) as cache:
        assert encode_missing(MODEL, words(300), cache, encoder.load) == 300
        assert cache.read(KEY, words(300)).tobytes() == vectors(words(300)).tobytes()
    assert sorted(encoder.encoded) == sorted(words(300))


@pytest.mark.parametrize(("error", "tries"), [(RuntimeError("no such layer"), 1), (MemoryError("水"), 4)])
def test_other_errors_and_a_single_text_that_is_too_much_are_told(path: Path, error: Exception, tries: int) -> None:
    class Broken(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            sizes.append(len(texts))
            raise error

    sizes: list[int] = []
    with VectorCache(path) as cache, pytest.raises(type(error), match=str(error)):
        encode_missing(MODEL, words(8), cache, Broken().load)
    assert sizes == [8, 4, 2, 1][:tries]


def test_a_second_run_encodes_nothing_and_loads_no_model(path: Path, encoder: CountingEncoder) -> None:
    for expected in (300, 0):
        with VectorCache(path) as cache:
            assert encode_missing(MODEL, words(300), cache, encoder.load) == expected
    assert encoder.loads == 1
    assert sorted(encoder.encoded) == sorted(words(300))


def test_one_new_word_encodes_one(path: Path, encoder: CountingEncoder) -> None:
    with VectorCache(path) as cache:
        encode_missing(MODEL, words(50), cache, encoder.load)
        encoder.batches.clear()
        assert encode_missing(MODEL, [*words(50), "new"], cache, encoder.load) == 1
    assert encoder.batches == [["new"]]


def test_a_text_that_stands_twice_is_encoded_once(path: Path, encoder: CountingEncoder) -> None:
    with VectorCache(path) as cache:
        assert encode_missing(MODEL, ["gris", "azul", "gris"], cache, encoder.load) == 2
    assert sorted(encoder.encoded) == ["azul", "gris"]


@pytest.mark.parametrize("change", [{"revision": "2"}, {"prompt": "query: "}, {"dtype": "float16"}])
def test_what_changes_a_models_identity_encodes_anew(
    path: Path, encoder: CountingEncoder, change: dict[str, str]
) -> None:
    with VectorCache(path) as cache:
        encode_missing(MODEL, words(3), cache, encoder.load)
        assert encode_missing(replace(MODEL, **change), words(3), cache, encoder.load) == 3  # type: ignore[arg-type]
        assert cache.missing(KEY, words(3)) == []


@pytest.mark.parametrize(("at_once", "sizes"), [(128, [128, 128, 44]), (512, [300])])
def test_batches_hold_texts_of_like_length_and_are_counted_as_they_come(
    path: Path, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch, at_once: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(encoder, "texts_at_once", at_once)
    texts = [chr(ord("a") + i % 26) * (1 + (7 * i) % 300) for i in range(300)]
    counts: list[int] = []
    with VectorCache(path) as cache:
        encode_missing(MODEL, texts, cache, encoder.load, counts.append)
    lengths = [len(text) for text in encoder.encoded]
    assert lengths == sorted(lengths)
    assert counts == [len(batch) for batch in encoder.batches] == sizes


def test_an_encoder_that_fails_keeps_the_batches_before(
    path: Path, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoder.encode

    def failing(texts: Sequence[str]) -> Vectors:
        if len(encoder.batches) == 2:
            raise ModelUnavailableError("out of memory")
        return whole(texts)

    monkeypatch.setattr(encoder, "encode", failing)
    with VectorCache(path) as cache, pytest.raises(ModelUnavailableError):
        encode_missing(MODEL, words(400), cache, encoder.load)
    monkeypatch.setattr(encoder, "encode", whole)
    with VectorCache(path) as cache:
        assert encode_missing(MODEL, words(400), cache, encoder.load) == 400 - 2 * BATCH_SIZE


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 4, 1)])
def test_vectors_of_another_shape_are_refused_and_not_kept(
    path: Path, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(encoder, "encode", lambda texts: np.ones(shape, dtype=np.float32))
    with VectorCache(path) as cache:
        with pytest.raises(ModelUnavailableError, match=r"Counting gave vectors of shape .* for 3 texts"):
            encode_missing(MODEL, ["a", "b", "c"], cache, encoder.load)
        assert cache.missing(KEY, ["a", "b", "c"]) == ["a", "b", "c"]


def test_the_encoders_settings_are_kept_for_later_runs(path: Path, encoder: CountingEncoder) -> None:
    with VectorCache(path) as cache:
        assert settings_of(MODEL, cache) == {}
        encode_missing(MODEL, ["a"], cache, encoder.load)
    with VectorCache(path) as cache:
        assert settings_of(MODEL, cache) == encoder.settings
        assert settings_of(replace(MODEL, revision="2"), cache) == {}
        assert settings_of(Model("c", "control:islands", revision="1"), cache) == {}


def test_vectors_of_a_dataset_follow_its_renderings(
    path: Path, encoder: CountingEncoder, word_list: Callable[..., Dataset]
) -> None:
    dataset = word_list()
    with VectorCache(path) as cache:
        assert encode_missing(MODEL, dataset.texts, cache, encoder.load) == len(dataset.texts)
        found = vectors_of(dataset, MODEL, cache, seed=1)
    assert list(found) == list(dataset.languages)
    for tag, texts in dataset.renderings.items():
        assert np.array_equal(found[tag], vectors(texts))


def test_vectors_of_a_control_need_no_cache(path: Path, word_list: Callable[..., Dataset]) -> None:
    dataset, control = word_list(), Model("c", "control:shuffled", revision="1")
    with VectorCache(path) as cache:
        found = vectors_of(dataset, control, cache, seed=1)
        assert {tag: len(array) for tag, array in found.items()} == {
            tag: len(texts) for tag, texts in dataset.renderings.items()
        }


# Reading and writing


def test_vectors_come_back_bit_by_bit_in_the_order_asked(path: Path) -> None:
    texts = words(1200)
    filled(path, texts)
    asked = [*reversed(texts), texts[0], texts[0]]
    with VectorCache(path) as cache:
        found = cache.read(KEY, asked)
    assert found.dtype == np.float32
    assert np.array_equal(found, vectors(asked))


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1003])
def test_vectors_of_any_number_of_texts_come_back_in_order_with_repetitions(path: Path, n: int) -> None:
    with VectorCache(filled(path, words(n))) as cache:
        asked = [*reversed(words(n)), *words(n)]
        assert cache.read(KEY, asked).tobytes() == vectors(asked).tobytes()


def test_reading_takes_little_more_memory_than_the_vectors(path: Path) -> None:
    texts = words(4000)
    with VectorCache(filled(path, texts, 1024)) as cache:
        cache.read(KEY, texts[:10])
        tracemalloc.start()
        try:
            n_bytes = cache.read(KEY, texts).nbytes
            assert tracemalloc.get_traced_memory()[1] < 1.5 * n_bytes
            tracemalloc.reset_peak()
            assert cache.missing(KEY, texts) == []
            assert tracemalloc.get_traced_memory()[1] < 0.5 * n_bytes
        finally:
            tracemalloc.stop()


def test_the_number_of_dimensions_is_known_without_reading_vectors(path: Path) -> None:
    with VectorCache(filled(path, words(3), 24)) as cache:
        assert cache.dimensions(KEY) == 24
        assert cache.dimensions("another") == 0


def test_odd_floats_survive(path: Path) -> None:
    odd = np.array([[np.nan, np.inf, -0.0, 1e-45, 3.4e38]], dtype=np.float32)
    with VectorCache(path) as cache:
        cache.write(KEY, ["odd"], odd)
        assert cache.read(KEY, ["odd"]).tobytes() == odd.tobytes()


def test_texts_differ_by_every_code_point(path: Path) -> None:
    texts = ["café", "cafe\u0301", "Café", "café ", "a\u200db", "ab", "%", "_", "'; DROP TABLE vectors; --"]
    filled(path, texts)
    with VectorCache(path) as cache:
        assert np.array_equal(cache.read(KEY, texts), vectors(texts))
        assert cache.missing(KEY, ["CAFÉ", "c_fé"]) == ["CAFÉ", "c_fé"]


def test_missing_texts_are_told_in_the_order_asked(path: Path) -> None:
    filled(path, ["b", "d"])
    with VectorCache(path) as cache:
        assert cache.missing(KEY, ["d", "c", "b", "a"]) == ["c", "a"]
        assert cache.missing("another model", ["b"]) == ["b"]


def test_reading_what_is_missing_is_a_key_error(path: Path) -> None:
    with VectorCache(filled(path, ["a"])) as cache:
        with pytest.raises(KeyError, match="b"):
            cache.read(KEY, ["a", "b"])
        with pytest.raises(KeyError, match="a"):
            cache.read("another model", ["a"])


def test_writing_again_replaces(path: Path) -> None:
    filled(path, ["a"])
    with VectorCache(path) as cache:
        cache.write(KEY, ["a"], vectors(["b"]))
        assert np.array_equal(cache.read(KEY, ["a"]), vectors(["b"]))


def test_vectors_without_a_text_each_are_refused_whole(path: Path) -> None:
    with VectorCache(path) as cache:
        with pytest.raises(ValueError, match="zip"):
            cache.write(KEY, ["a", "b"], vectors(["a"]))
        assert cache.missing(KEY, ["a", "b"]) == ["a", "b"]


# Where the file lies


def test_the_environment_says_where_the_cache_lies(isolated_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_path() == isolated_cache / "vectors.sqlite"
    monkeypatch.setenv("ISOGLOSS_CACHE", "/elsewhere")
    assert cache_path() == Path("/elsewhere/vectors.sqlite")


@pytest.mark.parametrize("unset", [True, False])
def test_the_users_cache_folder_is_the_default(monkeypatch: pytest.MonkeyPatch, unset: bool) -> None:
    monkeypatch.delenv("ISOGLOSS_CACHE") if unset else monkeypatch.setenv("ISOGLOSS_CACHE", "")
    assert cache_path() == Path(platformdirs.user_cache_dir("isogloss", appauthor=False)) / "vectors.sqlite"


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "vectors.sqlite"
    filled(deep, ["a"])
    assert deep.is_file()


def test_a_folder_that_cannot_be_made_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for parent in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(VectorCacheError) as refused:
            VectorCache(parent / "vectors.sqlite")
        assert isinstance(refused.value, IsoglossError)
        assert str(parent) in str(refused.value)
        assert "ISOGLOSS_CACHE" in str(refused.value)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_file_that_cannot_be_opened_is_told_and_not_set_aside(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(VectorCacheError, match=r"cannot be used \(.*\)\. Set ISOGLOSS_CACHE to another folder"):
        VectorCache(path)
    assert path.is_dir()
    assert set_aside(path) == []


# Damage


def test_garbage_in_the_header_is_set_aside_with_a_warning_and_rebuilt(path: Path, encoder: CountingEncoder) -> None:
    filled(path, words(200))
    damaged = b"not a database at all" + path.read_bytes()[21:]
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match=r"vectors\.sqlite is damaged .* set aside as vectors\.sqlite\.damaged-1"):
        cache = VectorCache(path)
    with cache:
        assert encode_missing(MODEL, words(200), cache, encoder.load) == 200
        assert np.array_equal(cache.read(KEY, words(200)), vectors(words(200)))
    assert [aside.read_bytes() for aside in set_aside(path)] == [damaged]


@pytest.mark.filterwarnings("ignore:.*is damaged")
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_rebuilt(path: Path, encoder: CountingEncoder, share: float) -> None:
    texts = words(3000)
    content = filled(path, texts).read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with VectorCache(path) as cache:
        encode_missing(MODEL, texts, cache, encoder.load)
        assert np.array_equal(cache.read(KEY, texts), vectors(texts))
    assert len(set_aside(path)) == 1


def test_an_empty_file_is_an_empty_cache(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert filled(path, ["a"]).stat().st_size > 0
    assert set_aside(path) == []


def test_zeros_over_the_middle_of_a_big_file_are_found_out_with_a_warning(path: Path, encoder: CountingEncoder) -> None:
    texts = words(3000)
    content = bytearray(filled(path, texts, 64).read_bytes())
    encoder.dimensions = 64
    third = len(content) // 3
    content[third : 2 * third] = bytes(third)
    path.write_bytes(content)
    with VectorCache(path) as cache:
        with pytest.warns(UserWarning, match="is damaged"):
            encode_missing(MODEL, texts, cache, encoder.load)
        assert np.array_equal(cache.read(KEY, texts), vectors(texts, 64))
    assert len(set_aside(path)) == 1


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_no_flipped_bytes_anywhere_ever_give_a_wrong_vector_or_stop_a_run(path: Path, encoder: CountingEncoder) -> None:
    texts = words(800)
    sound = filled(path, texts).read_bytes()
    rng = random.Random(11)
    for _ in range(150):
        for file in path.parent.iterdir():
            file.unlink()
        content = bytearray(sound)
        length = rng.choice([1, 4, 64, 2000])
        start = rng.randrange(len(content) - length)
        content[start : start + length] = rng.randbytes(length)
        path.write_bytes(content)
        with VectorCache(path) as cache:
            encode_missing(MODEL, texts, cache, encoder.load)
            assert np.array_equal(cache.read(KEY, texts), vectors(texts)), (start, length)
            assert cache.missing(KEY, texts) == []


def test_a_flipped_vector_counts_as_missing(path: Path, encoder: CountingEncoder) -> None:
    content = filled(path, words(20)).read_bytes()
    blob = vector(words(20)[7]).tobytes()
    assert content.count(blob) == 1
    path.write_bytes(content.replace(blob, blob[:9] + bytes([blob[9] ^ 1]) + blob[10:]))
    with VectorCache(path) as cache:
        assert cache.missing(KEY, words(20)) == [words(20)[7]]
        with pytest.raises(KeyError):
            cache.read(KEY, words(20))
        assert encode_missing(MODEL, words(20), cache, encoder.load) == 1
        assert np.array_equal(cache.read(KEY, words(20)), vectors(words(20)))
    assert encoder.encoded == [words(20)[7]]
    assert set_aside(path) == []


@pytest.mark.parametrize(("of_model", "of_text"), [(1, "fire"), (2, "water")])
def test_a_sound_vector_of_another_text_or_model_counts_as_missing(path: Path, of_model: int, of_text: str) -> None:
    filled(path, ["water", "fire"])
    with VectorCache(path) as cache:
        cache.write("another model", ["water"], vectors(["sun"]))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "UPDATE vectors SET (checksum, vector) ="
            " (SELECT checksum, vector FROM vectors WHERE model = ? AND text = ?) WHERE model = 1 AND text = 'water'",
            (of_model, of_text),
        )
    with VectorCache(path) as cache:
        assert cache.missing(KEY, ["water", "fire"]) == ["water"]
        assert cache.missing("another model", ["water"]) == []


def test_damaged_settings_are_forgotten(path: Path, encoder: CountingEncoder) -> None:
    with VectorCache(path) as cache:
        encode_missing(MODEL, ["a"], cache, encoder.load)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE models SET settings = CAST(x'7b22ff' AS TEXT)")
    with VectorCache(path) as cache:
        assert cache.settings(KEY) == {}
        assert cache.missing(KEY, ["a"]) == []


@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_damaged_page_of_settings_stops_nothing(path: Path, encoder: CountingEncoder) -> None:
    with VectorCache(path) as cache:
        encode_missing(MODEL, ["a"], cache, encoder.load)
    with closing(sqlite3.connect(path)) as raw:
        size = raw.execute("PRAGMA page_size").fetchone()[0]
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'models'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * size + 7 : root * size] = b"\xff" * (size - 7)
    path.write_bytes(content)
    with VectorCache(path) as cache:
        assert cache.settings(KEY) == {}
        encode_missing(MODEL, ["a"], cache, encoder.load)
        assert np.array_equal(cache.read(KEY, ["a"]), vectors(["a"]))


def test_a_file_of_another_format_is_set_aside(path: Path) -> None:
    filled(path, ["a"])
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.warns(UserWarning, match="format 99"), VectorCache(path) as cache:
        assert cache.missing(KEY, ["a"]) == ["a"]


def test_every_damaged_file_is_kept_under_a_number_of_its_own(path: Path) -> None:
    for i in (1, 2, 3):
        filled(path, ["a"])
        path.write_bytes(f"garbage {i}".encode() * 100)
        with pytest.warns(UserWarning, match=f"damaged-{i}"):
            VectorCache(path).__exit__(None, None, None)
    assert [aside.read_bytes()[:9] for aside in set_aside(path)] == [b"garbage 1", b"garbage 2", b"garbage 3"]


def test_using_a_closed_cache_damages_nothing(path: Path) -> None:
    with VectorCache(path) as cache:
        cache.write(KEY, ["a"], vectors(["a"]))
    with pytest.raises(VectorCacheError, match="closed"):
        cache.missing(KEY, ["a"])
    with VectorCache(path) as cache:
        assert cache.missing(KEY, ["a"]) == []
    assert set_aside(path) == []


# Kills and neighbours

WRITER = """
import sys
from pathlib import Path
import numpy as np
from generator.vectors import VectorCache
start, count, name = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
print("ready", flush=True)
sys.stdin.readline()
with VectorCache(Path(sys.argv[1])) as cache:
    for i in range(start, start + count):
        vectors = np.full((64, 256), i, dtype=np.float32)
        cache.write("model", [f"{name} {i} {k}" for k in range(64)], vectors)
        cache.write("model", [f"shared {i} {k}" for k in range(8)], vectors[:8])
        print(i, flush=True)
"""


def writer(path: Path, start: int, count: int, name: str) -> subprocess.Popen[str]:
    """A process that writes batches once it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(start), str(count), name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def told_to_start(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def batch(name: str, i: int, size: int = 64) -> list[str]:
    return [f"{name} {i} {k}" for k in range(size)]


def test_a_kill_loses_at_most_the_batch_in_flight(path: Path) -> None:
    start = 0
    for wait in (0.0, 0.003, 0.011, 0.017):
        process = writer(path, start, 100_000, "killed")
        told_to_start(process)
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(5)]
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        last = acknowledged[-1]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with VectorCache(path) as cache:
                for i in range(start, last + 1):
                    assert cache.missing("model", batch("killed", i)) == []
                    assert (cache.read("model", batch("killed", i)) == i).all()
                in_flight = cache.missing("model", batch("killed", last + 1))
                assert in_flight in ([], batch("killed", last + 1))
                assert cache.missing("model", batch("killed", last + 2)) == batch("killed", last + 2)
        start = last + 2
    assert set_aside(path) == []


def test_two_processes_that_begin_and_fill_one_file_at_once_lose_nothing(path: Path) -> None:
    processes = [writer(path, 0, 40, name) for name in ("one", "two")]
    told_to_start(*processes)
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert out.split() == [str(i) for i in range(40)]
    with VectorCache(path) as cache:
        for i in range(40):
            for name in ("one", "two"):
                assert (cache.read("model", batch(name, i)) == i).all()
            assert (cache.read("model", batch("shared", i, 8)) == i).all()


@pytest.mark.parametrize("mode", ["EXCLUSIVE", "IMMEDIATE"])
def test_opening_waits_for_a_process_that_is_beginning_the_file(path: Path, mode: str) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    other.execute("CREATE TABLE begun (a)")
    other.execute(f"BEGIN {mode}")
    other.execute("INSERT INTO begun VALUES (1)")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    with VectorCache(path) as cache:
        cache.write(KEY, ["a"], vectors(["a"]))
    release.join()
    other.close()
    assert set_aside(path) == []


def test_a_file_locked_for_long_is_told_not_set_aside_and_can_be_used_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.vectors, "BUSY_SECONDS", 0.05)
    filled(path, ["a"])
    with VectorCache(path) as cache, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(VectorCacheError, match="locked"):
            cache.write(KEY, ["b"], vectors(["b"]))
        assert cache.missing(KEY, ["a", "b"]) == ["b"]
        other.execute("ROLLBACK")
        cache.write(KEY, ["b"], vectors(["b"]))
        assert cache.missing(KEY, ["a", "b"]) == []
    assert set_aside(path) == []


def test_readers_and_writers_do_not_wait_for_each_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.vectors, "BUSY_SECONDS", 0.05)
    filled(path, ["a"])
    with VectorCache(path) as cache, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT COUNT(*) FROM vectors").fetchone() == (1,)
        cache.write(KEY, ["b"], vectors(["b"]))
        assert other.execute("SELECT COUNT(*) FROM vectors").fetchone() == (1,)
        other.execute("ROLLBACK")
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM vectors")
        assert np.array_equal(cache.read(KEY, ["a", "b"]), vectors(["a", "b"]))

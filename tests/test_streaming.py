"""Streamed scores: the same numbers as in memory, whatever is cut where, killed when, and read from what."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits
from vectors_strategy import random_words

from generator import cli, evaluate_pair, load_dataset, load_model, memory
from generator.datasets.load import find_source
from generator.errors import InputError, IsoglossError, MeasureUndefinedError, ModelUnavailableError
from generator.files import UnwritableError
from generator.measures import ConceptIndex, Incidence, aligned_index, streams
from generator.measures.affinity import (
    affinity_of,
    centred_vectors,
    concept_means,
    concept_pair_spreads,
    semantic_affinity,
    unit_vectors,
)
from generator.measures.resampling import affinity_draws, concept_weights, pair_affinity_draws, percentile_interval
from generator.measures.streams import (
    Frame,
    Share,
    StreamSums,
    n_groups,
    scattered,
    stream_draws,
    stream_pair_draws,
    stream_sums,
)
from generator.models.encoder import Vectors
from generator.models.precomputed import PrecomputedEncoder
from generator.models.registry import Model
from generator.pair import Parameters, concept_index
from generator.results import PairFailure, PairResult, to_json
from generator.streaming import passes, score, shards
from generator.streaming.distinct import digests_of, parts, uses
from generator.streaming.passes import SerialPass
from generator.streaming.score import is_streamed, score_stream
from generator.streaming.shards import cut, read_shard
from generator.streaming.slices import SlicedVectors
from generator.streaming.tree import Checkpoint, Tree

Write = Callable[[str, str | bytes], Path]
SCRIPTS = ("water", "水", "ماء", "पानी", "é", "x̣", "☀️", "👨‍👩‍👧")
PLAIN = Parameters(layout=None, draws=200)


@pytest.fixture(autouse=True)
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


class Dice:
    """A random vector for every text, the same ever after."""

    texts_at_once = 7
    settings: Mapping[str, str | int | float | bool | None] = {}

    def __init__(self, n_dims: int = 6, lives: float = np.inf) -> None:
        self.n_dims, self.lives, self.n_encoded = n_dims, lives, 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.n_encoded += len(texts)
        if self.n_encoded > self.lives:
            raise KeyboardInterrupt
        seeds = digests_of(texts).tolist()
        return np.stack([np.random.default_rng(seed).normal(0.3, 1, self.n_dims) for seed in seeds]).astype(np.float32)


def written(folder: Path, rows: Sequence[Mapping[str, Sequence[str]]], tags: Sequence[str]) -> Path:
    path = folder / "words.jsonl"
    path.write_text("".join(json.dumps({tag: row.get(tag) for tag in tags}) + "\n" for row in rows), encoding="utf-8")
    return path


words = st.builds("{}{}".format, st.sampled_from(SCRIPTS), st.integers(0, 9))
cells = st.lists(words, min_size=1, max_size=3)
rows = st.lists(
    st.fixed_dictionaries({"en": cells, "zh": cells}, optional={"ar": cells, "hi": cells}), min_size=4, max_size=40
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, size=st.integers(1, 60))
def test_a_stream_gives_what_memory_gives_wherever_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, list[str]]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("stream")
    tags = ("en", "zh", *(tag for tag in ("ar", "hi") if len({t for row in rows for t in row.get(tag, ())}) > 1))
    rows = [{tag: row[tag] for tag in tags if tag in row} for row in rows]
    path = written(folder, rows, tags)
    if min(len({t for row in rows for t in row[tag]}) for tag in ("en", "zh")) < 2:
        assert_refused_alike(path, folder)
        return
    dataset = load_dataset(path)
    vectors = passes.encoded_renderings(dataset.renderings, Dice())
    whole = cut(find_source(path), folder / "shards", 1, renderings=size)
    frame = Frame.around(unit_vectors(vectors), 3)
    run = SerialPass(Dice())
    sums = run(whole.shards, frame, Checkpoint(folder / "one"), lambda _: None)
    assert whole.digest == dataset.digest
    assert whole.n_concepts == len(dataset.concepts)
    assert whole.n_renderings == tuple(map(len, dataset.renderings.values()))
    index = concept_index(dataset)
    expected, found = semantic_affinity(vectors, index), affinity_of(sums.affinity)
    assert found.value == pytest.approx(expected.value, abs=1e-9)
    assert found.null == pytest.approx(expected.null, abs=1e-9, nan_ok=True)
    np.testing.assert_allclose(found.pair_affinity, expected.pair_affinity, atol=1e-9)
    centred = run(whole.shards, frame.centred(sums.affinity.centre), Checkpoint(folder / "two"), lambda _: None)
    try:
        without_offset = semantic_affinity(centred_vectors(vectors), index)
    except MeasureUndefinedError:
        assert centred.on_mean.any() or centred.affinity.scatter.max() < 1e-9
    else:
        assert affinity_of(centred.affinity).value == pytest.approx(without_offset.value, abs=1e-9)


def long_list(n: int = 400, seed: int = 0) -> list[dict[str, list[str]]]:
    """Words of three languages; some serve several concepts, some cells hold several or none."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        row = {"en": [f"word {i}"], "zh": [f"水{rng.integers(n)}"], "ar": [f"ماء{i}", f"نار{rng.integers(n)}"]}
        if rng.random() < 0.2:
            del row["ar"]
        found.append(row)
    return found


def vectors_file(path: Path, texts: Sequence[str], n_dims: int = 6) -> Path:
    np.savez(path, text=np.array(texts), vector=Dice(n_dims).encode(texts))
    return path


def test_a_streamed_document_holds_the_scores_of_all_and_the_rest_of_a_sample(tmp_path: Path) -> None:
    path = written(tmp_path, long_list(), ("en", "zh", "ar"))
    model = load_model(f"precomputed:{vectors_file(tmp_path / 'own.npz', load_dataset(path).texts)}")
    expected = evaluate_pair(load_dataset(path), model, PLAIN)
    found = score_stream(path, model, PLAIN, renderings=100)
    assert isinstance(expected, PairResult)
    assert isinstance(found, PairResult)
    assert found.dataset == expected.dataset
    assert found.measures is not None
    assert expected.measures is not None
    for name in ("semantic_affinity", "null_sa", "centred_sa", "offset_penalty", "chance_corrected", "intra_spread"):
        one, other = found.measures.estimate(name), expected.measures.estimate(name)
        assert one.value == pytest.approx(other.value, abs=1e-9), name
        assert one.low is not None
        assert one.low < one.value < (one.high or 0)  # type: ignore[operator]
    assert [pair.n for pair in found.language_pairs] == [pair.n for pair in expected.language_pairs]
    assert {tag: each.n_renderings for tag, each in found.languages.items()} == {
        tag: each.n_renderings for tag, each in expected.languages.items()
    }
    assert found.measures.sample == len(found.concepts) == 400
    assert found.provenance.parameters["stream"]["groups"] == 500
    assert not list((tmp_path / "isolated-cache" / "streams").glob("*/")), "nothing is kept of a run that ended"


def test_the_interval_of_groups_is_as_wide_as_that_of_concepts(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    n = 3000
    path = written(tmp_path, [{"en": [f"a{i}"], "zh": [f"水{rng.integers(2000)}"]} for i in range(n)], ("en", "zh"))
    dataset = load_dataset(path)
    meaning = rng.normal(size=(n, 8))
    vectors = {
        tag: meaning[: len(texts)] + rng.normal(size=(len(texts), 8)) for tag, texts in dataset.renderings.items()
    }
    index, units = concept_index(dataset), unit_vectors(vectors)
    found = semantic_affinity(units, index)
    exact = affinity_draws(units, index, found.concept_spread, concept_weights(n, 2000, 1))
    whole = cut(find_source(path), tmp_path / "shards", 1, renderings=1000)
    row = {t: (tag, i) for tag, texts in dataset.renderings.items() for i, t in enumerate(texts)}

    class Known(Dice):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.array([vectors[row[t][0]][row[t][1]] for t in texts], dtype=np.float32)

    sums = SerialPass(Known())(whole.shards, Frame.around(units, 3), Checkpoint(tmp_path / "one"), lambda _: None)
    grouped = stream_draws(sums.groups, concept_weights(n_groups(2, 8), 2000, 2))
    for mine, theirs in ((grouped.affinity, exact.affinity), (grouped.null, exact.null), (grouped.inter, exact.inter)):
        one, other = percentile_interval(mine), percentile_interval(theirs)
        assert one is not None
        assert other is not None
        width = other.high - other.low
        # 3.2 % by the number of groups, and as much again by 2,000 draws of each; four times that.
        assert one.high - one.low == pytest.approx(width, rel=0.2)
        assert abs(one.low + one.high - other.low - other.high) / 2 < 0.15 * width
    for mine, theirs in zip(grouped.language_spread, exact.language_spread, strict=True):
        assert np.std(mine) == pytest.approx(np.std(theirs), rel=0.2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [60, 9])
def test_to_draw_a_group_is_to_draw_all_its_concepts(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly so where no rendering serves two concepts."""
    monkeypatch.setattr(streams, "CHUNK_ROWS", 7)
    rng, first_concept = np.random.default_rng(n), 11
    of_language = {
        "en": np.arange(n),
        "zh": np.sort(np.concatenate([np.arange(n), np.arange(0, n, 3)])),  # two renderings in every third cell
        "ar": np.delete(np.arange(n), np.arange(0, n, 4)),
    }
    index = ConceptIndex(n, {tag: Incidence(np.arange(len(of)), of) for tag, of in of_language.items()})
    units = unit_vectors({tag: rng.normal(0.4, 1, (len(of), 6)) for tag, of in of_language.items()})
    shares = {
        tag: Share(np.ones(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.int64))
        for tag, rows in units.items()
    }
    frame = Frame(tuple(units), np.full((3, 6), 0.1), groups=7, seed=3)
    sums = stream_sums(units, index, shares, first_concept, frame).groups
    group = frame.group_of(np.arange(first_concept, first_concept + n))
    one_or_two = (np.eye(7)[:, None] + np.eye(7)).reshape(-1, 7)
    weights = np.concatenate([rng.integers(0, 4, (40, 7)), np.eye(7), one_or_two, np.zeros((1, 7))])

    grouped = stream_draws(sums, weights)
    spreads = semantic_affinity(units, index).concept_spread
    single = affinity_draws(units, index, spreads, weights[:, group])
    assert np.isnan(single.language_spread).any()
    for name in ("language_spread", "inter", "null_spread"):
        np.testing.assert_allclose(getattr(grouped, name), getattr(single, name), atol=1e-12, err_msg=name)
    np.testing.assert_allclose(
        stream_pair_draws(sums, grouped.language_spread, weights),
        pair_affinity_draws(concept_pair_spreads(units, index), single.language_spread, weights[:, group]),
        atol=1e-12,
    )


def test_a_rendering_on_its_languages_mean_is_counted_in_the_shard_where_it_stands_first() -> None:
    units = unit_vectors(
        {tag: np.random.default_rng(seed).normal(size=(3, 6)) for seed, tag in enumerate(("en", "zh"))}
    )
    index, served = aligned_index(3, tuple(units)), np.ones(3, dtype=np.int64)
    of_first = {tag: Share(np.ones(3, dtype=np.bool_), served) for tag in units}
    of_second = {**of_first, "zh": Share(np.array([True, False, True]), served)}
    frame = Frame.around(units, 3)
    second = frame.centred(np.stack([units["en"][0], units["zh"][1]]))
    assert stream_sums(units, index, of_first, 0, frame).on_mean.tolist() == [0, 0], "the first pass looks for none"

    def sums(shares: Mapping[str, Share]) -> StreamSums:
        return stream_sums({tag: rows.copy() for tag, rows in units.items()}, index, shares, 0, second)

    assert sums(of_first).on_mean.tolist() == [1, 1]
    both = sums(of_first) + sums(of_second)
    assert both.on_mean.tolist() == [2, 1]
    assert np.isfinite(both.affinity.scatter).all()
    assert both.groups.cells.shape == (frame.groups, 2, 0), "the second pass looks at no null"


@pytest.mark.filterwarnings("error")
def test_concepts_are_scattered_over_groups_the_same_ever_after() -> None:
    """The first numbers of the SplitMix64 that starts at 0, as its authors' program gives them."""
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert scattered(np.arange(3), 0).tolist() == first
    assert scattered(np.arange(2), 1).tolist() == first[1:]
    assert scattered(np.arange(3), 2**64).tolist() == first
    assert scattered(np.arange(1, 4), -1).tolist() == first


def test_there_are_as_many_groups_as_their_sums_have_room() -> None:
    assert n_groups(2, 8) == n_groups(10, 419) == 500
    assert n_groups(10, 1024) == 204
    assert n_groups(100, 1024) == 50
    assert isinstance(n_groups(10, 1024), int)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_is_read_as_in_memory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"words{suffix}"
    table = [
        {"id": f"c{i}", "en": f"word {i}|sea {i}", "hi": f"पानी {i % 30}", "zh": None if i % 7 else f"水{i}"}
        for i in range(90)
    ]
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(table), path, row_group_size=20)
    elif suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
    else:
        mark = "\t" if suffix == ".tsv" else ","
        lines = [mark.join(row[key] or "" for key in row) for row in table]  # type: ignore[misc]
        path.write_text("\n".join([mark.join(table[0]), "# a comment", *lines]), encoding="utf-8")
    assert_read_alike(path, tmp_path, ())


def test_a_lexicon_brings_far_lines_of_one_word_together(tmp_path: Path) -> None:
    path = tmp_path / "en-zh.txt"
    lines = [f"word{i % 40}\t水{i % 55} 火" for i in range(300)]
    path.write_text("\n".join(["# made up", *lines, "word3 ☀️"]), encoding="utf-8")
    assert_read_alike(path, tmp_path, ("en", "zh"))


def test_a_lexicon_that_cannot_be_sorted_is_told_with_both_places_to_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "en-zh.txt"
    path.write_text("water\t水\nfire\t火\n", encoding="utf-8")
    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(IsoglossError, match=r"is full.*temporary files \(SQLITE_TMPDIR, TMPDIR,") as told:
        cut(find_source(path, ("en", "zh")), tmp_path / "shards", 1)
    assert str(tmp_path / "shards") in str(told.value)


def test_chosen_languages_leave_lone_concepts_out(write: Write, tmp_path: Path) -> None:
    rows = "".join(f"a{i},{'' if i % 3 else f'水{i}'},ماء{i}\n" for i in range(90))
    assert_read_alike(write("words.csv", f"en,zh,ar\n{rows}"), tmp_path, ("zh", "en"))


def assert_read_alike(path: Path, folder: Path, languages: Sequence[str]) -> None:
    dataset = load_dataset(path, languages)
    whole = cut(find_source(path, languages), folder / "shards", 1, renderings=17)
    assert (whole.languages, whole.digest) == (dataset.languages, dataset.digest)
    assert len(whole.shards) > 2
    assert whole.sample == dataset.concepts, "of so few, all are in the sample"
    first: dict[str, list[str]] = {tag: [] for tag in dataset.languages}
    for shard in whole.shards:
        content = read_shard(shard)
        for tag, share in content.shares.items():
            first[tag] += np.array(content.renderings[tag], dtype=object)[share.first].tolist()
    assert {tag: tuple(texts) for tag, texts in first.items()} == dataset.renderings


FAULTY = {
    "header.csv": "en,klingonish\na,b\nc,d\n",
    "cells.csv": "en,zh\na,水\nb,火,c\nd|,e\nf\x07,g\n" + "h," + "i" * 1001 + "\n",
    "quote.csv": 'en,zh\na,b,c\n"water,水\nfire,火\n',
    "lone.csv": "en,zh\na,水\nb,\nc,火\n",
    "ids.csv": "id,en,zh\n1,a,水\n2,b,火\n1,c,土\n",
    "implied.csv": "id,en,zh\n,a,水\n1,b,火\n",
    "few.csv": "en,zh\na,水\nb,水\n",
    "empty.csv": "en,zh\n",
    "utf8.csv": "en,zh\na,水\n".encode() + b"\xff,b\n",
    "keys.jsonl": '{"en": "a", "zh": "水"}\n{"en": "a", "en": "b"}\n[]\n{"en": 3, "zh": "b"}\n',
    "half.jsonl": '{"id": "\\ud83d", "en": "a", "zh": "水"}\n{"id": "\\ud83d", "en": "b", "zh": "火"}\n',
    "words.txt": "water 水\nlonely\nfire 火\n",
    "broken.parquet": b"PAR1 no, not really",
}


@pytest.mark.parametrize("name", FAULTY)
def test_faults_are_told_as_in_memory(write: Write, tmp_path: Path, name: str) -> None:
    path = write(name, FAULTY[name])
    tags = ("en", "zh") if path.suffix == ".txt" else ()
    assert_refused_alike(path, tmp_path, tags)


def assert_refused_alike(path: Path, folder: Path, tags: Sequence[str] = ()) -> None:
    with pytest.raises(InputError) as expected:
        load_dataset(path, tags)
    with pytest.raises(InputError) as found:
        cut(find_source(path, tags), folder / "shards", 1, renderings=2)
    assert found.value.faults == expected.value.faults
    assert not (folder / "shards").exists()


def test_reading_stops_at_a_thousand_faults(write: Write, tmp_path: Path) -> None:
    path = write("words.csv", "en,zh\n" + "a\x07,水\n" * 5000)
    with pytest.raises(InputError) as found:
        cut(find_source(path), tmp_path / "shards", 1)
    assert len(found.value.faults) == 1000


def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = written(tmp_path, long_list(), ("en", "zh", "ar")), load_model("Character n-grams")
    encoders: list[Dice] = []

    def lend(lives: float) -> None:
        encoders.append(Dice(lives=lives))
        monkeypatch.setattr(score, "load_encoder", lambda *_, **__: encoders[-1])

    lend(np.inf)
    undisturbed = to_json(score_stream(path, model, PLAIN, renderings=50))
    whole = encoders[-1].n_encoded
    for share in (0.1, 0.5, 0.5, 0.5):  # the sample takes a third, each time
        lend(whole * share)
        with pytest.raises(KeyboardInterrupt):
            score_stream(path, model, PLAIN, renderings=50)
    lend(np.inf)
    assert to_json(score_stream(path, model, PLAIN, renderings=50)) == undisturbed
    assert sum(each.n_encoded for each in encoders[1:]) < 3 * whole, "what was added up is not added up again"


def test_whatever_an_encoder_raises_is_the_failure_of_the_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Dice):
        def encode(self, texts: Sequence[str]) -> Vectors:
            raise RuntimeError("device-side assert")

    path = written(tmp_path, long_list(), ("en", "zh", "ar"))
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Broken())
    failure = score_stream(path, load_model("Character n-grams"), PLAIN, renderings=50)
    assert isinstance(failure, PairFailure)
    assert failure.error.message == "device-side assert"


def test_a_changed_file_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = load_model("Character n-grams"), written(tmp_path, long_list(), ("en", "zh", "ar"))
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice(lives=3000))
    with pytest.raises(KeyboardInterrupt):
        score_stream(path, model, PLAIN, renderings=50)
    written(tmp_path, long_list(seed=1), ("en", "zh", "ar"))
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice())
    resumed = score_stream(path, model, PLAIN, renderings=50)
    assert to_json(resumed) == to_json(score_stream(path, model, PLAIN, renderings=50))


def test_a_finished_run_leaves_what_another_models_stopped_run_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, long_list(), ("en", "zh", "ar"))
    stopped, finished = (Model(name, f"api:{name}") for name in ("stopped", "finished"))
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice(lives=2500))
    with pytest.raises(KeyboardInterrupt):
        score_stream(path, stopped, PLAIN, renderings=50)
    kept = kept_of_streams(tmp_path)
    assert any(file.endswith(".f32") for file in kept)
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice())
    score_stream(path, finished, PLAIN, renderings=50)
    assert kept_of_streams(tmp_path) == kept
    score_stream(path, stopped, PLAIN, renderings=50)
    assert kept_of_streams(tmp_path) == {}


def kept_of_streams(tmp_path: Path) -> dict[str, bytes]:
    streams = tmp_path / "isolated-cache" / "streams"
    return {str(file.relative_to(streams)): file.read_bytes() for file in streams.rglob("*") if file.is_file()}


def small_cut(tmp_path: Path) -> tuple[shards.Cut, Frame]:
    path = written(tmp_path, long_list(200), ("en", "zh", "ar"))
    whole = cut(find_source(path), tmp_path / "shards", 1, renderings=40)
    texts = load_dataset(path).renderings
    return whole, Frame.around(unit_vectors(passes.encoded_renderings(texts, Dice())), 3)


def test_blocks_of_shards_added_elsewhere_give_the_same_bytes(tmp_path: Path) -> None:
    whole, frame = small_cut(tmp_path)
    leaves = [passes.sums_of(read_shard(shard), Dice(), frame) for shard in whole.shards]
    serial = Tree()
    for leaf in leaves:
        serial = serial.pushed(leaf)
    blocks, whole_blocks = Tree(), len(leaves) // 4 * 4
    assert whole_blocks >= 8
    for i in range(0, whole_blocks, 4):
        blocks = blocks.pushed((leaves[i] + leaves[i + 1]) + (leaves[i + 2] + leaves[i + 3]), level=2)
    for leaf in leaves[whole_blocks:]:
        blocks = blocks.pushed(leaf)
    assert blocks.done == serial.done == len(leaves)
    one, other = Checkpoint(tmp_path / "one"), Checkpoint(tmp_path / "other")
    one.save(serial)
    other.save(blocks)
    assert one.path.read_bytes() == other.path.read_bytes()
    with pytest.raises(ValueError, match="cannot come after"):
        Tree().pushed(leaves[0]).pushed(leaves[1], level=1)
    with pytest.raises(ValueError, match="no shards"):
        Tree().total()


def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path) -> None:
    whole, frame = small_cut(tmp_path)
    checkpoint = Checkpoint(tmp_path / "one.npz")
    total = SerialPass(Dice())(whole.shards, frame, checkpoint, lambda _: None)
    assert checkpoint.load().done == len(whole.shards)
    np.testing.assert_array_equal(checkpoint.load().total().groups.total, total.groups.total)
    content = checkpoint.path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    for damaged in (content[: len(content) // 2], b"", bytes(flipped)):
        checkpoint.path.write_bytes(damaged)
        assert checkpoint.load().done == 0


def test_a_batch_that_takes_too_much_memory_is_encoded_in_halves(tmp_path: Path) -> None:
    class Small(Dice):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if len(texts) > 3:
                raise MemoryError
            return super().encode(texts)

    whole, frame = small_cut(tmp_path)
    content = read_shard(whole.shards[0])
    found, expected = (passes.sums_of(content, encoder, frame) for encoder in (Small(), Dice()))
    np.testing.assert_array_equal(found.groups.total, expected.groups.total)


def test_vectors_of_several_lengths_are_refused(tmp_path: Path) -> None:
    class Growing(Dice):
        def encode(self, texts: Sequence[str]) -> Vectors:
            self.n_dims += 1
            return super().encode(texts)

    whole, frame = small_cut(tmp_path)
    with pytest.raises(ModelUnavailableError, match="vectors of 7 and of 8 numbers"):
        passes.sums_of(read_shard(whole.shards[0]), Growing(), frame)


def shares_of(index: ConceptIndex) -> dict[str, Share]:
    """Those of a shard that is the whole."""
    served = {tag: np.bincount(incidence.rows) for tag, incidence in index.languages.items()}
    return {tag: Share(np.ones(len(each), dtype=np.bool_), each) for tag, each in served.items()}


def test_the_sums_of_groups_are_those_of_their_concepts() -> None:
    drawn = random_words(3, 60, ("en", "zh", "ar", "hi"))
    frame = Frame(tuple(drawn.vectors), np.zeros((4, 16)), groups=9, seed=5)
    found = stream_sums(drawn.vectors, drawn.index, shares_of(drawn.index), 100, frame).groups
    spreads, group = concept_pair_spreads(drawn.vectors, drawn.index), frame.group_of(np.arange(100, 160))
    means = concept_means(spreads)
    held = np.array([np.isin(np.arange(60), each.concepts) for each in drawn.index.languages.values()]).T
    assert not held.all()
    for g in range(9):
        own = group == g
        assert found.concepts[g] == np.isfinite(means[own]).sum()
        assert found.spread[g] == pytest.approx(np.nansum(means[own]), rel=1e-12)
        np.testing.assert_allclose(found.pair_spread[g], np.nansum(spreads[own], axis=0), rtol=1e-12)
        np.testing.assert_array_equal(found.shared[g], held[own].T.astype(int) @ held[own])


def test_a_shard_of_many_languages_takes_memory_by_its_words_not_by_pairs_of_languages() -> None:
    rng, tags, n = np.random.default_rng(0), [f"l{i}" for i in range(80)], 3000
    of_concept = rng.integers(80, size=(n, 3))
    cells = {tag: np.flatnonzero((of_concept == place).any(axis=1)) for place, tag in enumerate(tags)}
    index = ConceptIndex(n, {tag: Incidence(np.arange(len(found)), found) for tag, found in cells.items()})
    vectors = {tag: rng.standard_normal((len(found), 128)) for tag, found in cells.items()}
    frame, shares = Frame(tuple(tags), np.zeros((80, 128)), groups=20, seed=5), shares_of(index)
    tracemalloc.start()
    try:
        with threadpool_limits(2, user_api="blas"):
            stream_sums(vectors, index, shares, 0, frame)
        assert tracemalloc.get_traced_memory()[1] < 60e6, f"spreads of all pairs would take {8 * n * 80**2:.0e} bytes"
    finally:
        tracemalloc.stop()


def test_vectors_kept_between_the_passes_are_encoded_once_and_checked(tmp_path: Path) -> None:
    whole, frame = small_cut(tmp_path)
    encoder, spool = Dice(), tmp_path / "vectors"
    expected = SerialPass(Dice())(whole.shards, frame, Checkpoint(tmp_path / "1"), lambda _: None)
    SerialPass(encoder, spool)(whole.shards, frame, Checkpoint(tmp_path / "2"), lambda _: None)
    once = encoder.n_encoded
    victim = spool / "000001.f32"
    content = bytearray(victim.read_bytes())
    content[40] ^= 1
    victim.write_bytes(content)
    (spool / "000002.f32").write_bytes(b"")
    found = SerialPass(encoder, spool)(whole.shards, frame, Checkpoint(tmp_path / "3"), lambda _: None)
    assert 0 < encoder.n_encoded - once < once / 3
    np.testing.assert_array_equal(found.groups.total, expected.groups.total)


def test_a_damaged_shard_is_told_with_the_remedy(tmp_path: Path) -> None:
    whole, _ = small_cut(tmp_path)
    for damage in (b"[]", b'[{"texts": []', b"\xff"):
        (tmp_path / "shards" / "000001.json").write_bytes(damage)
        with pytest.raises(IsoglossError, match="Delete this folder"):
            read_shard(whole.shards[1])


def test_a_vector_that_nothing_can_be_done_with_is_told_by_its_text(tmp_path: Path) -> None:
    path = written(tmp_path, long_list(), ("en", "zh", "ar"))
    texts = load_dataset(path).texts
    vectors = Dice().encode(texts)
    vectors[texts.index("word 7")] = 0
    np.savez(tmp_path / "own.npz", text=np.array(texts), vector=vectors)
    found = score_stream(path, load_model(f"precomputed:{tmp_path / 'own.npz'}"), PLAIN, renderings=50)
    assert isinstance(found, PairFailure)
    assert "'word 7'" in found.error.message
    assert (found.dataset.n_concepts, found.dataset.digest) == (400, load_dataset(path).digest)


def test_the_sample_is_drawn_in_proportion_and_by_the_seed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SAMPLE", 200)
    monkeypatch.setattr(shards, "CANDIDATES", 1600)
    rows = "".join(
        f"{'rare' if i % 10 == 0 else 'common'},a{i},{f'水{i}' if i % 4 else ''},ماء{i}\n" for i in range(8000)
    )
    source = find_source(write("words.csv", f"category,en,zh,ar\n{rows}"))
    sample = cut(source, tmp_path / "one", 1).sample
    assert len(sample) == pytest.approx(200, abs=6)
    assert sum(concept.category == "rare" for concept in sample) == pytest.approx(20, abs=8)
    assert sum("zh" not in concept.renderings for concept in sample) == pytest.approx(50, abs=12)
    assert [int(concept.id) for concept in sample] == sorted(int(concept.id) for concept in sample)
    assert cut(source, tmp_path / "again", 1, renderings=999).sample == sample
    assert cut(source, tmp_path / "other", 2).sample != sample


def test_a_rare_language_has_two_words_in_the_sample(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SAMPLE", 10)
    rows = "".join(f"a{i},水{i},{'ماء' if i == 300 else 'نار' if i == 900 else ''}\n" for i in range(1000))
    sample = cut(find_source(write("words.csv", f"en,zh,ar\n{rows}")), tmp_path / "shards", 1).sample
    assert {t for concept in sample for t in concept.renderings.get("ar", ())} == {"ماء", "نار"}


def test_digests_tell_what_is_the_same_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.streaming import distinct

    monkeypatch.setattr(distinct, "CHUNK", 700)
    rng = np.random.default_rng(2)
    texts = [f"{SCRIPTS[i % 8]}{i}" for i in rng.integers(900, size=3000)]
    counts = rng.integers(1, 4, size=3000).astype("<u4")
    digests_of(texts).tofile(tmp_path / "digests")
    counts.tofile(tmp_path / "cells")
    assert sum(1 for _ in parts(tmp_path / "digests", 400)) == 8
    monkeypatch.setattr(distinct.parts, "__defaults__", (400,))
    first, served = uses(tmp_path / "digests", tmp_path / "cells")
    assert first.tolist() == [texts.index(text) == i for i, text in enumerate(texts)]
    totals = {text: sum(int(n) for t, n in zip(texts, counts, strict=True) if t == text) for text in set(texts)}
    assert served.tolist() == [totals[text] for text in texts]


def test_finding_out_what_is_the_same_takes_five_bytes_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.streaming import distinct

    monkeypatch.setattr(distinct, "CHUNK", 50_000)
    monkeypatch.setattr(distinct.parts, "__defaults__", (10_000,))
    n = 1_000_000
    np.random.default_rng(0).integers(2**63, size=n).astype("<u8").tofile(tmp_path / "digests")
    np.ones(n, dtype="<u4").tofile(tmp_path / "cells")
    tracemalloc.start()
    try:
        uses(tmp_path / "digests", tmp_path / "cells")
        assert tracemalloc.get_traced_memory()[1] < 8 * n, "besides five bytes a row, a part of them and a chunk"
    finally:
        tracemalloc.stop()


def npz(path: Path, texts: Sequence[str], vectors: Vectors) -> None:
    np.savez(path, text=np.array(texts), vector=vectors)


def compressed(path: Path, texts: Sequence[str], vectors: Vectors) -> None:
    np.savez_compressed(path, text=np.array(texts), vector=vectors)


def parquet(path: Path, texts: Sequence[str], vectors: Vectors) -> None:
    pq.write_table(pa.table({"text": texts, "vector": list(vectors)}), path, row_group_size=100)


@pytest.mark.parametrize("write_vectors", [npz, compressed, parquet])
def test_vectors_read_in_slices_are_those_read_at_once(
    tmp_path: Path, write_vectors: Callable[[Path, Sequence[str], Vectors], None]
) -> None:
    texts = [f"{word} {i}" for i in range(200) for word in SCRIPTS]
    twice = [*texts, unicodedata.normalize("NFD", "é 3")]
    path = tmp_path / ("own.parquet" if write_vectors is parquet else "own.npz")
    write_vectors(path, twice, Dice().encode([unicodedata.normalize("NFC", text) for text in twice]))
    whole, sliced = PrecomputedEncoder(path), SlicedVectors(path, tmp_path / "folder")
    some = [*texts[::-3], "é 7", "水 5", "水 5", *texts[:50]]
    np.testing.assert_array_equal(sliced.encode(some), whole.encode(some))
    assert sliced.settings == whole.settings
    with pytest.raises(ModelUnavailableError) as expected:
        whole.encode(["水 5", "火 5"])
    with pytest.raises(ModelUnavailableError) as found:
        sliced.encode(["水 5", "火 5"])
    assert str(found.value) == str(expected.value)
    write_vectors(path, [*texts, "水 5"], Dice().encode([*texts, "another"]))
    with pytest.raises(InputError, match=f"has another vector than in row {texts.index('水 5') + 1}"):
        SlicedVectors(path, tmp_path / "folder")


READS = {
    "vectors": "from generator.streaming.slices import SlicedVectors; SlicedVectors(path, path.parent / 'folder')",
    "table": "from generator.datasets.tables import open_table; sum(1 for _ in open_table(path).rows)",
}


@pytest.mark.parametrize("what", READS)
def test_a_parquet_file_is_not_held_in_memory(tmp_path: Path, what: str) -> None:
    path, n = tmp_path / "own.parquet", 60_000
    rng = np.random.default_rng(0)
    if what == "vectors":
        values = pa.array(rng.standard_normal(n * 96, dtype=np.float32))
        columns = {"vector": pa.FixedSizeListArray.from_arrays(values, 96), "text": [f"word {i}" for i in range(n)]}
    else:
        columns = {tag: [rng.bytes(100).hex() for _ in range(n)] for tag in ("en", "zh")}
    pq.write_table(pa.table(columns), path, row_group_size=n)
    told = "import pyarrow, sys, pathlib; path = pathlib.Path(sys.argv[1])"
    code = f"{told}; {READS[what]}; print(pyarrow.default_memory_pool().max_memory())"
    ran = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    assert int(ran.stdout) < 32e6, "whole columns take more than 37 MB"


@pytest.mark.parametrize(
    "arrays",
    [
        {"text": np.array(["a"], dtype=object), "vector": np.ones((1, 2))},
        {"text": np.array(["a", "b"]), "vector": np.array([[1], [2]], dtype=object)},
        {"text": np.array(["a", "b"]), "vector": np.asfortranarray(np.ones((2, 3)))},
        {"text": np.array(["a", "b"]), "vector": np.ones((3, 2))},
        {"text": np.array([1, 2]), "vector": np.ones((2, 2))},
        {"text": np.array(["a", "b"]), "vector": np.ones(2)},
        {"text": np.array(["a", "b"])},
        {"text": np.array([], dtype="U1"), "vector": np.ones((0, 2))},
        {"text": np.array(["a", "b"]), "vector": np.ones((2, 0))},
    ],
)
def test_what_is_no_file_of_vectors_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    np.savez(tmp_path / "own.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"own\.npz"):
        SlicedVectors(tmp_path / "own.npz", tmp_path / "folder")


def test_a_damaged_npz_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, text=np.array(["a", "b"]), vector=np.full((2, 300), 0.5))
    content = bytearray(path.read_bytes())
    content[content.rindex(np.full(9, 0.5).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"own\.npz.*CRC"):
        SlicedVectors(path, tmp_path / "folder")


def test_a_damaged_parquet_file_is_no_fault_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    table = pa.table({"text": [f"word {i}" for i in range(3000)], "vector": [[float(i % 2)] * 64 for i in range(3000)]})
    pq.write_table(table, path, use_dictionary=False)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"own\.parquet.*Corrupt snappy"):
        SlicedVectors(path, tmp_path / "folder")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize(("suffix", "kept"), [("npz", "texts"), ("parquet", "texts"), ("parquet", "vectors")])
def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, suffix: str, kept: str) -> None:
    path = tmp_path / f"own.{suffix}"
    texts, vectors = [f"word {i}" for i in range(5000)], np.ones((5000, 8), dtype=np.float32)
    if suffix == "npz":
        np.savez(path, text=np.array(texts), vector=vectors)
    else:
        pq.write_table(pa.table({"text": texts, "vector": vectors.tolist()}), path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / kept).symlink_to("/dev/full")
    with pytest.raises(UnwritableError, match=r"cannot be written \(No space left on device\). Free some space"):
        SlicedVectors(path, tmp_path / "folder")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("damaged", [lambda content: content + bytes(8), lambda content: content[:-8]])
def test_vectors_longer_or_shorter_than_told_are_refused(
    tmp_path: Path, compression: int, damaged: Callable[[bytes], bytes]
) -> None:
    arrays = {"text": np.array(["a", "b"]), "vector": np.ones((2, 3))}
    with zipfile.ZipFile(tmp_path / "own.npz", "w", compression) as archive:
        for name, array in arrays.items():
            written = io.BytesIO()
            np.save(written, array)
            content = written.getvalue()
            archive.writestr(f"{name}.npy", damaged(content) if name == "vector" else content)
    with pytest.raises(InputError, match=r"own\.npz.*shape \(2, 3\)"):
        SlicedVectors(tmp_path / "own.npz", tmp_path / "folder")


def lend_disk(monkeypatch: pytest.MonkeyPatch, folder: Path, size: int) -> None:
    """A disk of so many bytes, which holds what lies in a folder."""

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=size - sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))

    monkeypatch.setattr(shutil, "disk_usage", usage)


@pytest.mark.parametrize("write_vectors", [compressed, parquet])
def test_a_disk_without_room_for_the_copy_fails_the_command_not_the_model(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_vectors: Callable[[Path, Sequence[str], Vectors], None],
) -> None:
    path = written(tmp_path, long_list(), ("en", "zh", "ar"))
    texts = load_dataset(path).texts
    own = tmp_path / f"own.{'parquet' if write_vectors is parquet else 'npz'}"
    write_vectors(own, texts, Dice().encode(texts))
    lend_disk(monkeypatch, tmp_path / "isolated-cache", 4 * 6 * len(texts))
    with pytest.raises(UnwritableError, match="ISOGLOSS_CACHE"):
        score_stream(path, load_model(f"precomputed:{own}"), PLAIN, renderings=50)


def test_a_copy_of_vectors_takes_the_room_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word {i}" for i in range(100)]
    compressed(tmp_path / "own.npz", texts, Dice().encode(texts))
    lend_disk(monkeypatch, tmp_path / "folder", 4 * 6 * len(texts) + 1000)
    first, again = (SlicedVectors(tmp_path / "own.npz", tmp_path / "folder").encode(texts) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(("free", "twice"), [(20_000, False), (1000, True)])
def test_vectors_that_are_kept_already_need_no_more_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], free: int, twice: bool
) -> None:
    path, model = written(tmp_path, long_list(), ("en", "zh", "ar")), Model("model", "api:model")
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice(lives=2500))
    with pytest.raises(KeyboardInterrupt):
        score_stream(path, model, PLAIN, renderings=50)
    kept = kept_of_streams(tmp_path)
    assert sum(len(content) for name, content in kept.items() if name.endswith(".f32")) > 20_000
    lend_disk(monkeypatch, tmp_path / "isolated-cache" / "streams", sum(map(len, kept.values())) + free)
    monkeypatch.setattr(score, "load_encoder", lambda *_, **__: Dice())
    score_stream(path, model, PLAIN, renderings=50)
    assert ("Every text is encoded twice" in capsys.readouterr().err) == twice


@pytest.fixture
def streamed_above_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "STREAM_ABOVE", 10)


@pytest.mark.usefixtures("streamed_above_ten")
def test_score_streams_a_long_file_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, long_list(60), ("en", "zh", "ar"))
    ran = CliRunner().invoke(cli.isogloss, ["score", str(path), "--model", "Character n-grams", "--json"])
    assert ran.exit_code == 0, ran.output
    document = json.loads(ran.stdout)
    assert document["measures"]["sample"] == 60
    assert "stream" in document["provenance"]["parameters"]
    assert "read as a stream" in ran.stderr
    told = CliRunner().invoke(cli.isogloss, ["score", str(path), "--model", "Character n-grams"])
    assert "on a sample of 60 concepts" in told.stdout


@pytest.mark.usefixtures("streamed_above_ten")
def test_a_long_list_that_must_be_measured_whole_is_refused_where_it_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, long_list(60), ("en", "zh", "ar"))
    command = ["score", str(path), "--model", "Control: identical"]
    fits = CliRunner().invoke(cli.isogloss, command, standalone_mode=False)
    assert fits.return_value == cli.DONE
    assert "words.jsonl is measured in memory, long as it is" in fits.stderr
    monkeypatch.setattr(memory, "free_bytes", lambda: 0)
    monkeypatch.setattr(memory, "own_bytes", lambda: 10 * memory.MIB)
    refused = CliRunner().invoke(cli.isogloss, command, standalone_mode=False)
    assert refused.return_value == cli.SOME_FAILED
    (told,) = [line for line in refused.stderr.splitlines() if line.startswith("Error")]
    assert re.search(r"takes about \d+ MB .* more than this machine has free\. Take a part of the list", told)


@pytest.mark.usefixtures("streamed_above_ten")
def test_nothing_is_kept_of_what_cannot_go_on(tmp_path: Path) -> None:
    streams = tmp_path / "isolated-cache" / "streams"
    faulty = written(tmp_path, [{"en": ["word"], "zh": ["|"]}] * 20, ("en", "zh"))
    with pytest.raises(InputError):
        score_stream(faulty, load_model("Character n-grams"), PLAIN)
    assert not [each for each in streams.iterdir() if each.is_dir()]

    path = written(tmp_path, long_list(60), ("en", "zh", "ar"))
    lacking = vectors_file(tmp_path / "own.npz", load_dataset(path).texts[3:])
    outcome = score_stream(path, load_model(f"precomputed:{lacking}"), PLAIN)
    assert isinstance(outcome, PairFailure)
    assert "of the texts looked up so far" in outcome.error.message
    (folder,) = [each for each in streams.iterdir() if each.is_dir()]
    assert [each.name for each in folder.iterdir()] == [score.SHARDS], "a mended file goes on with these"
    score_stream(path, load_model(f"precomputed:{vectors_file(lacking, load_dataset(path).texts)}"), PLAIN)
    assert not [each for each in streams.iterdir() if each.is_dir()]


def test_the_last_line_of_progress_leaves_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(score, "TELL_SECONDS", -1.0)
    with score._progress("Summing", 3000) as advance:
        for _ in range(3):
            advance(1000)
    first, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"Summing: 2,000 of 3,000, 1 min left", first)
    assert last == "Summing: 3,000 of 3,000, done"


@pytest.mark.usefixtures("streamed_above_ten")
def test_controls_and_short_files_are_measured_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path, long_list(60), ("en", "zh", "ar"))
    assert is_streamed(path, (), load_model("Character n-grams"))
    assert not is_streamed(path, (), load_model("Control: identical"))
    assert not is_streamed(written(tmp_path, long_list(8), ("en", "zh")), (), load_model("Character n-grams"))

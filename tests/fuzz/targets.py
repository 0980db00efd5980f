"""What is fuzzed: each target takes any bytes and raises where they are neither read nor refused as they should be."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from site_fixtures import HOSTILE, Invented, failed, invented, measured, model, page_of, signs
from strategies import benchmarks

from generator import history, layers
from generator.config import _File
from generator.datasets import Card, Concept, Dataset, load_dataset
from generator.errors import IsoglossError
from generator.models.precomputed import PrecomputedEncoder
from generator.models.registry import _Entries, load_registry, read_registry
from generator.published import Source, load_published
from generator.result_store import ResultStore, from_json
from generator.results import Outcome, to_json
from generator.site.exports import card_file, word_list_file
from generator.toml import read_toml, validated
from generator.visible import visible

Target = Callable[[bytes], None]
ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(tempfile.mkdtemp(prefix="isogloss-fuzz-"))
LONGEST_MESSAGE = 100_000

# What is tried


def tables(data: bytes) -> None:
    """A list of words in any text format: refused, or read as something that its own export gives again."""
    kinds = (("csv", ()), ("tsv", ()), ("jsonl", ()), ("txt", ("en", "de")), ("tsv", ("en", "de")), ("csv", ("en",)))
    ending, languages = kinds[data[0] % len(kinds)] if data else kinds[0]
    with refusing():
        dataset = load_dataset(_written(f"words.{ending}", data[1:]), languages)
        _survives_its_export(dataset)


def parquet(data: bytes) -> None:
    """Parquet files, of words and of vectors."""
    path = _written("words.parquet", data)
    with refusing():
        load_dataset(path)
    with refusing():
        PrecomputedEncoder(path)


def npz(data: bytes) -> None:
    """NPZ files, of vectors and of resamples."""
    with refusing():
        PrecomputedEncoder(_written("vectors.npz", data))
    _written("model/words.draws.npz", data)
    with refusing():
        ResultStore(FOLDER).draws("model", "words")


def toml(data: bytes) -> None:
    """A card, a config, a registry and published figures: any text, and sound files with something altered."""
    path = _written("any.toml", data)
    kinds: tuple[type, ...] = (Card, _File, _Entries, Source)
    for kind in kinds:
        with refusing():
            validated(kind, read_toml(path), str(path))
    with refusing():
        read_registry([path])
    with refusing():
        load_published([path])
    with refusing():
        _known().model(data.decode(errors="replace"), FOLDER)
    if data:
        kind, content = list(_sound_toml().items())[data[0] % len(kinds)]
        with refusing():
            validated(kind, altered(content, data[1:]), "altered.toml")


def results(data: bytes) -> None:
    """A result file, a log and a layer curve: refused, or written again as what they are."""
    if len(data) > 2 and data[0] % 2:
        data = json.dumps(altered(_sound_results()[data[1] % 3], data[2:])).encode()
    with refusing():
        outcome = from_json(data)
        assert to_json(from_json(to_json(outcome))) == to_json(outcome)
    with refusing():
        history.from_json(data)
    with refusing():
        layers.from_json(data)


def render(data: bytes) -> None:
    """The whole site of an arbitrary benchmark: every page is well formed and nothing on it runs."""
    _rendered.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]


def tampered(data: bytes) -> None:
    """A result file that was altered by hand: refused, or shown on a site on which nothing runs."""
    if len(data) < 3:
        return
    with refusing():
        outcome = from_json(json.dumps(altered(_sound_results()[data[0] % 3], data[1:])))
        harmless(Invented(_board().benchmark, [outcome]).files)


TARGETS: Mapping[str, Target] = {
    each.__name__: each for each in (tables, parquet, npz, toml, results, render, tampered)
}


# What must hold


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What is refused is refused with a message that can be shown."""
    try:
        yield
    except IsoglossError as error:
        told = visible(str(error))
        assert 0 < len(told.encode()) < LONGEST_MESSAGE, f"a message of {len(told)} characters"


def harmless(files: Mapping[str, bytes]) -> None:
    """Every page is well formed, runs no script but the site's own, and links to the web or to itself only."""
    for path, content in files.items():
        if path.endswith(".html"):
            for element in page_of(content):
                assert not any(name.startswith("on") for name in element.attributes), path
                assert not element.attributes.get("href", "").lower().startswith("javascript:"), path
                assert element.tag != "script" or {"src", "type"} & set(element.attributes), path
        elif path.endswith(".json"):
            json.loads(content)


@settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(benchmarks())
def _rendered(told: Invented) -> None:
    harmless(told.files)


def _survives_its_export(dataset: Dataset) -> None:
    _written("again/data.csv", word_list_file(dataset))
    _written("again/dataset.toml", card_file(dataset.card))
    again = load_dataset(FOLDER / "again")
    assert (again.digest, again.concepts) == (dataset.digest, dataset.concepts)


# What is altered

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, -0.0, 0.5, float("inf"), float("nan"), "", "../../x", "..", "NUL", "\ud800",
    "\x00", "a" * 70_000, [], {}, [[]], [None], {"": ""}, *HOSTILE,
)  # fmt: skip


def altered(document: Any, data: bytes) -> Any:
    """A document of mappings and lists in which one to three things are exchanged, left out or repeated."""
    whole = json.loads(json.dumps(document, default=str))
    for i in range(min(len(data) // 3, 1 + sum(data[:1]) % 3)):
        steps = random.Random(data[3 * i : 3 * i + 3])
        node, above, at = whole, None, None
        while isinstance(node, dict | list) and node and steps.random() < 0.9:
            above, at = node, steps.choice(list(node) if isinstance(node, dict) else range(len(node)))
            node = above[at]
        if above is None:
            continue
        match steps.randrange(8):
            case 0 if isinstance(above, dict):
                above[steps.choice(["", "name", "__class__", "value", HOSTILE[0]])] = above.pop(at)
            case 1:
                del above[at]
            case 2 if isinstance(above, list):
                above.append(node)
            case 3:
                above[at] = copy.deepcopy(steps.choice(VALUES))
            case _:  # nothing that the type of the place forbids
                alike = [value for value in VALUES if type(value) is type(node)]
                above[at] = copy.deepcopy(steps.choice(alike or VALUES))
    return whole


def _written(name: str, content: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


_known = cache(lambda: load_registry(ROOT))


@cache
def _sound_toml() -> Mapping[type, Any]:
    files = {
        Card: ROOT / "datasets/alphabets/dataset.toml",
        _File: ROOT / "benchmark.toml",
        _Entries: ROOT / "models.toml",
        Source: min(ROOT.glob("datasets/published/*.toml")),
    }
    return {kind: tomllib.loads(path.read_text(encoding="utf-8")) for kind, path in files.items()}


@cache
def _board() -> Invented:
    words = [Concept(f"c{i}", {"en": (f"word {i}",), "ar": (f"كلمة {i}", f"{i}")}) for i in range(3)]
    lists = [Dataset("words", Card("Words"), ("en", "ar"), tuple(words)), signs()]
    told: list[Outcome] = [measured(model(), lists[0]), measured(model(), lists[1]), failed(model(), lists[1])]
    return invented(lists, told)


@cache
def _sound_results() -> list[Any]:
    return [json.loads(to_json(outcome)) for outcome in _board().outcomes]


# Sound inputs to begin with


def seeds(name: str) -> list[bytes]:
    """What a target would take as it is."""
    return {
        "tables": _tables,
        "parquet": lambda: [_parquet(pa.table(columns)) for columns in _columns()],
        "npz": _archives,
        "toml": lambda: [path.read_bytes()[:1500] for path in ROOT.rglob("datasets/*/*.toml")],
        "results": lambda: [json.dumps(document).encode()[:8000] for document in _sound_results()] + _noise(),
    }.get(name, _noise)()


def _noise() -> list[bytes]:
    return [random.Random(i).randbytes(6000) for i in range(8)]


def _tables() -> list[bytes]:
    csv = b'id,en,zh\n"#1",\'=1+1,"a""b"\nx,-1,c|d\n'
    rows = [{"en": "sun", "zh": ["太阳", "日"], "ar": "شمس"}, {"en": "moon|Moon", "zh": "月亮", "ar": None}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    lexicon = b"sun\tSonne\nsun\tdie Sonne\n# x\nmoon Mond\n"
    kinds = (csv, csv.replace(b",", b"\t"), lines, lexicon, lexicon, csv)
    shipped = [path.read_bytes()[:3000] for path in ROOT.glob("datasets/*/data.csv")]
    return [*(bytes([i]) + text for i, text in enumerate(kinds)), *(b"\0" + text for text in shipped)]


def _columns() -> list[dict[str, object]]:
    vectors = [[1.0, 0.0], [0.0, 1.0]]
    return [
        {"en": ["sun", "moon"], "zh": ["太阳", "月亮"]},
        {"en": [["sun", "Sun"], None], "zh": pa.array(["太阳", "月亮"]).dictionary_encode()},
        {"text": ["sun", "moon"], "vector": vectors},
        {"text": ["sun", "moon"], "vector": pa.array(vectors, pa.list_(pa.float32(), 2))},
    ]


def _parquet(table: pa.Table) -> bytes:
    content = io.BytesIO()
    pq.write_table(table, content, compression="none")
    return content.getvalue()


def _archives() -> list[bytes]:
    return [
        _npz(text=np.array(["a", "水"]), vector=np.eye(2, dtype=np.float32)),
        _npz(semantic_affinity=np.zeros(5, np.float32), null_sa=np.zeros(5, np.float32)),
        _npz(text=np.array(["a", None], dtype=object), vector=np.eye(2)),
    ]


def _npz(**arrays: npt.NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()

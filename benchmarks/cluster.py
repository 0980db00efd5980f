"""What a Dask cluster gains: tasks that only wait, and real pairs, each against one process.

Workers load this file with ``--preload``; those that simulate then sleep instead of measuring.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).resolve().parent.parent / "benchmark.toml"
TASK_SECONDS = 0.2
MODELS, DATASETS = 12, 8
SIMULATE = "ISOGLOSS_BENCHMARK_SIMULATE"
READY_SECONDS = 120.0


def run() -> dict[str, Any]:
    """Seconds of simulated tasks on one worker and on four, and of real pairs in this process and on two workers."""
    return {"simulated": _simulated(), "real": _real()}


def as_markdown(record: dict[str, Any]) -> list[str]:
    """The paragraphs of a record."""
    waiting, real = record["simulated"], record["real"]
    return [
        f"{waiting['tasks']} tasks that wait for {1000 * waiting['seconds_a_task']:.0f} ms each: "
        f"{waiting['one_worker']:.1f} s with one worker, {waiting['four_workers']:.1f} s with four, "
        f"{waiting['times_faster']:.2f} ×.",
        "",
        f"{real['pairs']} real pairs, vectors cached: {real['one_process']:.1f} s in one process, "
        f"{real['two_workers']:.1f} s on a scheduler with two workers on this machine, {real['times_faster']:.2f} ×.",
    ]


def dask_setup(_: object) -> None:
    """What a worker does when it starts."""
    if os.environ.get(SIMULATE):
        from generator.cluster import tasks

        tasks.desk = _desk_at_once  # type: ignore[assignment]
        tasks.encoded, tasks.measured = _encoded_at_once, _measured_asleep  # type: ignore[assignment]


def _desk_at_once(_: object, __: object, datasets: Any) -> Any:
    from generator.cluster.tasks import Desk

    return Desk(datasets, {}, {})


def _encoded_at_once(*_: object) -> Any:
    from generator.cluster.tasks import Encoding

    return Encoding({}, {}, 0)


def _measured_asleep(order: Any, source: Any, dataset: Any, _: object) -> Any:
    from generator.cluster.tasks import Answer
    from generator.pair import failed_pair

    time.sleep(TASK_SECONDS)
    return Answer(failed_pair(dataset, source.model, order.parameters, RuntimeError("simulated")))


def _simulated() -> dict[str, Any]:
    from generator.datasets import Card, Concept, Dataset
    from generator.models.registry import Model

    concepts = tuple(Concept(str(i), {"en": (f"word {i}",), "hi": (f"शब्द {i}",)}) for i in range(300))
    datasets = [Dataset(f"list-{i}", Card(f"List {i}"), ("en", "hi"), concepts) for i in range(DATASETS)]
    pairs = [(Model(f"Model {i}", "ngrams:", revision="1"), dataset) for i in range(MODELS) for dataset in datasets]
    seconds = {}
    with tempfile.TemporaryDirectory() as folder, _scheduler(Path(folder)) as address:
        for workers in (1, 4):
            with _workers(Path(folder), address, workers, **{SIMULATE: "1"}):
                _measured(address, pairs)  # imports, connections, and what Dask learns of the tasks
                seconds[workers] = _measured(address, pairs)
    return {
        "tasks": len(pairs),
        "seconds_a_task": TASK_SECONDS,
        "one_worker": seconds[1],
        "four_workers": seconds[4],
        "times_faster": seconds[1] / seconds[4],
    }


def _real() -> dict[str, Any]:
    from generator.config import load_benchmark
    from generator.evaluate import evaluate
    from generator.models import load_registry
    from generator.models.sources import pinned
    from generator.result_store import ResultStore

    benchmark = load_benchmark(CONFIG)
    models = load_registry(CONFIG.parent).group("controls")
    datasets = sorted(benchmark.datasets, key=lambda dataset: len(dataset.texts))[2:4]
    pairs = [(pinned(model), dataset) for model in models for dataset in datasets]
    with tempfile.TemporaryDirectory() as folder, _scheduler(Path(folder)) as address:
        os.environ["ISOGLOSS_CACHE"] = str(Path(folder) / "cache")
        with _workers(Path(folder), address, 2):
            _measured(address, pairs[:2])  # imports
            cluster = _measured(address, pairs)
        evaluate(models[:1], datasets[:1], benchmark.parameters, ResultStore(Path(folder) / "first"), jobs=1)
        start = time.perf_counter()
        evaluate(models, datasets, benchmark.parameters, ResultStore(Path(folder) / "results"), jobs=1)
        serial = time.perf_counter() - start
    return {
        "pairs": len(pairs),
        "one_process": serial,
        "two_workers": cluster,
        "times_faster": serial / cluster,
    }


def _measured(address: str, pairs: Sequence[Any]) -> float:
    """Seconds that pairs take on a cluster, connecting included."""
    from generator.cluster.pairs import measure_pairs
    from generator.pair import Parameters

    start = time.perf_counter()
    done = sum(1 for _ in measure_pairs(address, pairs, Parameters()))
    assert done == len(pairs)
    return time.perf_counter() - start


@contextmanager
def _scheduler(folder: Path) -> Iterator[str]:
    """The address of a scheduler on this machine."""
    told = folder / "scheduler.json"
    with _dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)):
        deadline = time.monotonic() + READY_SECONDS
        while not (told.exists() and told.read_text().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        yield json.loads(told.read_text())["address"]


@contextmanager
def _workers(folder: Path, address: str, count: int, **variables: str) -> Iterator[None]:
    """Workers of one thread each."""
    from distributed import Client

    with ExitStack() as stack:
        for number in range(count):
            place = folder / f"worker-{number}"
            options = ["--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--local-directory", str(place)]
            environment = {"ISOGLOSS_CACHE": str(place / "cache"), **variables}
            stack.enter_context(_dask("worker", address, *options, "--preload", __file__, **environment))
        with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(count, timeout=READY_SECONDS)
        yield


@contextmanager
def _dask(*arguments: str, **variables: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()

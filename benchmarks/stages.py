"""What `make site` spends its time on, stage by stage, from an empty cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

FLOOR_STEP = 4
"""How many texts, in the order of their length, there are to one that is encoded again for the floor."""

CONFIG = Path(__file__).resolve().parent.parent / "benchmark.toml"


def run() -> list[dict[str, Any]]:
    """Seconds by stage, in the order of a build, then of a command with nothing to do as a user runs it.

    Where texts are encoded, ``floor`` is what the bare encoder takes for them, reckoned from every fourth.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ISOGLOSS_CACHE"] = str(Path(folder) / "cache")
        return _stages(Path(folder))


def as_markdown(rows: list[dict[str, Any]]) -> list[str]:
    """The paragraphs of a record."""

    def floor(row: dict[str, Any]) -> str:
        return f"{row['floor']:.3g} | {row['seconds'] / row['floor']:.2f}" if "floor" in row else "|"

    return [
        "From an empty cache and empty results. The floor is what the bare encoder takes for the same texts, reckoned "
        f"from every {FLOOR_STEP}th by length.",
        "",
        "| stage | seconds | floor | stage / floor |",
        "|---|---:|---:|---:|",
        *(f"| {row['stage']} | {row['seconds']:.3g} | {floor(row)} |" for row in rows),
    ]


def _stages(folder: Path) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = []

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        outcome = work()
        stages.append({"stage": name, "seconds": time.perf_counter() - start})
        return outcome

    from generator.config import load_benchmark
    from generator.encode import CONTROL, Loader, encode_missing
    from generator.evaluate import evaluate
    from generator.layers import LayerStore, measure_layers
    from generator.models.sources import pinned
    from generator.result_store import ResultStore
    from generator.schedule import all_cores
    from generator.site.publish import publish
    from generator.site.render import render_site
    from generator.vectors import VectorCache, cache_path

    benchmark = timed("read and check config and datasets", lambda: load_benchmark(CONFIG))
    texts = {text for dataset in benchmark.datasets for text in dataset.texts}
    with VectorCache(cache_path()) as cache:
        for model in benchmark.models:
            if model.kind != CONTROL:
                fixed = pinned(model)
                load = Loader(fixed)
                encode = partial(encode_missing, fixed, texts, cache, load)
                timed(f"encode {len(texts):,} texts: {model.name}", encode)
                stages[-1]["floor"] = FLOOR_STEP * _seconds(
                    partial(load().encode, sorted(texts, key=len)[::FLOOR_STEP])
                )
    store = ResultStore(folder / "results")
    jobs = all_cores()
    pairs = len(benchmark.models) * len(benchmark.datasets)
    timed(
        f"measure and map {pairs} pairs, {jobs} processes",
        lambda: evaluate(benchmark.models, benchmark.datasets, benchmark.parameters, store, jobs=jobs),
    )
    layered = [dataset for dataset in benchmark.datasets if dataset.slug in benchmark.layers]
    timed(
        "measure layer by layer",
        lambda: measure_layers(benchmark.models, layered, benchmark.parameters, LayerStore(store.folder)),
    )
    files = timed("render", lambda: _rendered(render_site, benchmark, store))
    timed(f"publish {len(files)} files", lambda: publish(files, folder / "site"))
    timed("evaluate again with nothing to do, as a command", lambda: _again(folder))
    return stages


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _rendered(render_site: Callable[..., dict[str, bytes]], benchmark: Any, store: Any) -> dict[str, bytes]:
    outcomes = list(store)
    return render_site(benchmark, outcomes, store.resamples(outcomes))


def _again(folder: Path) -> None:
    """Run the command on the benchmark as if it lay in ``folder``, with the cache there."""
    config = folder / "benchmark.toml"
    text = CONFIG.read_text(encoding="utf-8").replace('"datasets/', f'"{CONFIG.parent}/datasets/')
    config.write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "generator", "evaluate", "-c", str(config)],
        env={**os.environ, "ISOGLOSS_CACHE": str(folder / "cache")},
        check=True,
        capture_output=True,
    )

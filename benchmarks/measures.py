"""Every measure with its resamples: how long the benchmark takes, and how long resampling written out would take.

Written out, each draw copies the drawn concepts' vectors and computes SA and null SA of the copies from all pairs,
leaving out those of a concept with its own copies. Some draws are timed and the rest is reckoned from them.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stages import CONFIG
from generator.measures import aligned_index, semantic_affinity
from generator.measures.affinity import unit_vectors
from generator.measures.resampling import affinity_draws, concept_weights

WORDS, LANGUAGES, DIMENSIONS = 350, 8, 384
DRAWS, TIMED_DRAWS = 2000, 10


def run() -> dict[str, Any]:
    """Seconds for the configured models on all datasets, vectors cached and no maps; and the ratio to naive code."""
    return {"benchmark": _benchmark(), "resampling": _resampling()}


def as_markdown(record: dict[str, Any]) -> list[str]:
    """The paragraphs of a record."""
    benchmark, resampling = record["benchmark"], record["resampling"]
    return [
        f"{benchmark['pairs']} pairs of `make site`, every measure with {benchmark['draws']:,} resamples, vectors "
        f"cached and no maps, {benchmark['processes']} processes: {benchmark['seconds']:.0f} s.",
        "",
        f"{resampling['draws']:,} resamples of SA and null SA, {resampling['words']} words in "
        f"{resampling['languages']} languages: {resampling['closed form']:.2f} s by weights, "
        f"{resampling['written out']:.0f} s with every resample written out (reckoned from {TIMED_DRAWS}, whose "
        f"values agree to 1e-9), {resampling['written out'] / resampling['closed form']:.0f} ×.",
    ]


def _benchmark() -> dict[str, Any]:
    from generator.config import load_benchmark
    from generator.encode import CONTROL, Loader, encode_missing
    from generator.evaluate import evaluate
    from generator.models.sources import pinned
    from generator.result_store import ResultStore
    from generator.schedule import all_cores
    from generator.vectors import VectorCache, cache_path

    benchmark = load_benchmark(CONFIG)
    texts = {text for dataset in benchmark.datasets for text in dataset.texts}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ISOGLOSS_CACHE"] = str(Path(folder) / "cache")
        with VectorCache(cache_path()) as cache:
            for model in benchmark.models:
                if model.kind != CONTROL:
                    fixed = pinned(model)
                    encode_missing(fixed, texts, cache, Loader(fixed))
        parameters = replace(benchmark.parameters, layout=None)
        start = time.perf_counter()
        tally = evaluate(
            benchmark.models, benchmark.datasets, parameters, ResultStore(Path(folder) / "results"), jobs=all_cores()
        )
        seconds = time.perf_counter() - start
    return {"pairs": tally.measured, "draws": parameters.draws, "processes": all_cores(), "seconds": seconds}


def _resampling() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((WORDS, DIMENSIONS))
    vectors = {str(i): meaning + 0.7 * rng.standard_normal(meaning.shape) for i in range(LANGUAGES)}
    index = aligned_index(WORDS, list(vectors))
    units = unit_vectors(vectors)
    weights = concept_weights(WORDS, DRAWS, 0)
    start = time.perf_counter()
    spread = semantic_affinity(vectors, index).concept_spread
    drawn = affinity_draws(units, index, spread, weights)
    closed = time.perf_counter() - start
    stacked = np.stack(list(units.values()))
    start = time.perf_counter()
    for draw in range(TIMED_DRAWS):
        written_out = affinity_written_out(
            stacked[:, np.repeat(np.arange(WORDS), weights[draw].astype(int))], weights[draw]
        )
        if not np.allclose(written_out, (drawn.affinity[draw], drawn.null[draw]), atol=1e-9):
            raise AssertionError(f"draw {draw}: {written_out} is not {drawn.affinity[draw]}, {drawn.null[draw]}")
    naive = (time.perf_counter() - start) / TIMED_DRAWS * DRAWS
    return {"words": WORDS, "languages": LANGUAGES, "draws": DRAWS, "closed form": closed, "written out": naive}


def affinity_written_out(copies: np.ndarray[Any, np.dtype[np.float64]], weights: Any) -> tuple[float, float]:
    """SA and null SA of (L, n, d) copied vectors from all pairs but those of a concept with its own copies."""
    concept = np.repeat(np.arange(len(weights)), weights.astype(int))
    others = concept[:, None] != concept
    intra = np.mean([(1 - rows @ rows.T)[others].mean() for rows in copies])
    pairs = [(a, b) for a in range(len(copies)) for b in range(a)]
    between = [1 - copies[a] @ copies[b].T for a, b in pairs]
    inter = np.mean([np.diagonal(distances).mean() for distances in between])
    null = np.mean([distances[others].mean() for distances in between])
    return float(1 / (1 + inter / intra)), float(1 / (1 + null / intra))

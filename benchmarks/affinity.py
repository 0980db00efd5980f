"""Semantic Affinity in closed form, against straightforward code that goes through all pairs and against the floor.

The floor is the time to read every vector once from memory: NumPy's sum of each language's array, on as many threads
as the closed form takes. Both are timed by turns in one process. All pairs run in a process of their own, so that peak
memory is their own too; from `SAMPLED` words on, one in `ONE_IN` of the blocks of rows is timed and the time of the
others reckoned from these.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from generator.measures import aligned_index, semantic_affinity
from generator.measures.blocks import allowed_threads, in_threads

SIZES = (350, 3_500, 35_000)
LANGUAGES, DIMENSIONS = 8, 768
BLOCK = 1000
REPEATS = 9
SAMPLED, ONE_IN = 35_000, 10
Array = npt.NDArray[np.floating[Any]]


def pairwise_affinity(vectors: dict[str, Array], one_in: int = 1) -> tuple[float, float]:
    """SA by way of every pair, with matrix products in blocks: what one would write without the closed form.

    Returns SA and its seconds, both reckoned from one in so many of the blocks of rows within each language.
    """
    started = time.perf_counter()
    units = {tag: rows / np.linalg.norm(rows, axis=1, keepdims=True) for tag, rows in vectors.items()}
    units = {tag: rows.astype(np.float64) for tag, rows in units.items()}
    spreads, saved = [], 0.0
    for rows in units.values():
        n, total, blocks_started = len(rows), 0.0, time.perf_counter()
        taken = range(0, n, BLOCK * one_in)
        for start in taken:
            total += float((1 - rows[start : start + BLOCK] @ rows.T).sum())
        n_taken = sum(min(BLOCK, n - start) for start in taken)
        saved += (time.perf_counter() - blocks_started) * (n / n_taken - 1)
        spreads.append(total / (n_taken * (n - 1)))
    between = [1 - np.einsum("ij,ij->i", units[a], units[b]) for a, b in combinations(units, 2)]
    return float(1 / (1 + np.mean(between) / np.mean(spreads))), time.perf_counter() - started + saved


def closed_affinity(vectors: dict[str, Array]) -> float:
    """SA as the project computes it, with every per-concept, per-language and per-pair value."""
    n = len(next(iter(vectors.values())))
    return semantic_affinity(vectors, aligned_index(n, list(vectors))).value


def read_once(vectors: dict[str, Array]) -> float:
    """The floor: every vector is read once from memory."""
    return sum(in_threads(lambda rows: float(rows.sum()), list(vectors.values())))


def invented_vectors(n_words: int) -> dict[str, Array]:
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((n_words, DIMENSIONS), dtype=np.float32)
    return {f"l{i}": meaning + rng.standard_normal((n_words, DIMENSIONS), dtype=np.float32) for i in range(LANGUAGES)}


def closed_here(n_words: int) -> dict[str, Any]:
    """The closed form and the floor on all threads, and both on one, in this process."""
    vectors = invented_vectors(n_words)
    closed_affinity(invented_vectors(50))  # load what the first call loads
    before = reset_peak()
    value = closed_affinity(vectors)
    extra_mib = (_status("VmHWM") - before) / 1024
    found: dict[str, Any] = {"threads": allowed_threads(), **by_turns(vectors)}
    with threadpool_limits(1):
        found["one thread"] = by_turns(vectors)
    found["closed form"] |= {"value": value, "extra_mib": extra_mib}
    return found


def by_turns(vectors: dict[str, Array]) -> dict[str, dict[str, float]]:
    """Best and median seconds of the closed form and of the floor, timed by turns."""
    ways: dict[str, Callable[[dict[str, Array]], float]] = {"closed form": closed_affinity, "read once": read_once}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            started = time.perf_counter()
            way(vectors)
            seconds[name].append(time.perf_counter() - started)
    return {name: {"seconds": min(found), "median": median(found)} for name, found in seconds.items()}


def pairs_here(n_words: int) -> dict[str, Any]:
    """All pairs, in this process."""
    vectors = invented_vectors(n_words)
    one_in = ONE_IN if n_words >= SAMPLED else 1
    pairwise_affinity(invented_vectors(50))
    before = reset_peak()
    value, seconds = pairwise_affinity(vectors, one_in)
    extra_mib = (_status("VmHWM") - before) / 1024
    return {"all pairs": {"seconds": seconds, "extra_mib": extra_mib, "value": value, "one_in": one_in}}


def reset_peak() -> int:
    """Forget the peak of memory so far (Linux), and return the memory in use now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


WAYS = {"closed": closed_here, "pairs": pairs_here}


def measure(way: str, n_words: int) -> dict[str, Any]:
    """Time and memory at one size, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.affinity", way, str(n_words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def run() -> list[dict[str, Any]]:
    rows = []
    for n_words in SIZES:
        found = measure("closed", n_words) | measure("pairs", n_words)
        # Some of the blocks give an estimate of H, whose error falls with their number of words.
        tolerance = 1e-6 if found["all pairs"]["one_in"] == 1 else 1e-5
        if abs(found["closed form"]["value"] - found["all pairs"]["value"]) > tolerance:
            raise AssertionError(f"the two ways disagree at {n_words} words: {found}")
        rows.append({"words": n_words, "languages": LANGUAGES, "dimensions": DIMENSIONS, **found})
    return rows


def as_markdown(rows: list[dict[str, Any]]) -> list[str]:
    """The paragraphs of a record."""

    def told(row: dict[str, Any]) -> str:
        closed, pairs, floor = row["closed form"], row["all pairs"], row["read once"]
        alone = row["one thread"]
        return (
            f"| {row['words']:,} | {closed['seconds']:.4f} s | {pairs['seconds']:.3g} s | "
            f"{pairs['seconds'] / closed['seconds']:.1f} × | {floor['seconds']:.4f} s | "
            f"{closed['seconds'] / floor['seconds']:.1f} × | "
            f"{alone['closed form']['seconds'] / alone['read once']['seconds']:.1f} × | "
            f"{closed['extra_mib']:.0f} MiB | {pairs['extra_mib']:.0f} MiB |"
        )

    return [
        f"{LANGUAGES} languages, {DIMENSIONS} dimensions, float32 vectors. All pairs are taken with blocked matrix "
        f"products; from {SAMPLED:,} words on, one in {ONE_IN} blocks of rows is timed and the rest reckoned from it. "
        f"The floor is the time in which NumPy's sum reads every vector once from memory, on as many threads as the "
        f"closed form has ({rows[0]['threads']}). The best of {REPEATS} by turns; extra memory is the peak beyond the "
        "vectors themselves.",
        "",
        "| words a language | closed form | all pairs | ratio | read once | closed form / floor | on one thread | "
        "extra memory, closed form | of all pairs |",
        "|---:" * 9 + "|",
        *map(told, rows),
    ]


if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](int(sys.argv[2]))))

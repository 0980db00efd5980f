"""Semantic Affinity in closed form against straightforward code that goes through all pairs.

Each measurement runs in a process of its own, so that peak memory is its own too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from generator.measures import aligned_index, semantic_affinity

SIZES = (350, 3_500, 35_000)
LANGUAGES, DIMENSIONS = 8, 768
BLOCK = 1000
Array = npt.NDArray[np.floating[Any]]


def pairwise_affinity(vectors: dict[str, Array]) -> float:
    """SA by way of every pair, with matrix products in blocks: what one would write without the closed form."""
    units = {tag: rows / np.linalg.norm(rows, axis=1, keepdims=True) for tag, rows in vectors.items()}
    units = {tag: rows.astype(np.float64) for tag, rows in units.items()}
    spreads = []
    for rows in units.values():
        n, total = len(rows), 0.0
        for start in range(0, n, BLOCK):
            total += float((1 - rows[start : start + BLOCK] @ rows.T).sum())
        spreads.append(total / (n * (n - 1)))
    between = [1 - np.einsum("ij,ij->i", units[a], units[b]) for a, b in combinations(units, 2)]
    return float(1 / (1 + np.mean(between) / np.mean(spreads)))


def closed_affinity(vectors: dict[str, Array]) -> float:
    """SA as the project computes it, with every per-concept, per-language and per-pair value."""
    n = len(next(iter(vectors.values())))
    return semantic_affinity(vectors, aligned_index(n, list(vectors))).value


def read_once(vectors: dict[str, Array]) -> float:
    """The floor: the time to read every vector once from memory."""
    return float(sum(rows.sum() for rows in vectors.values()))


WAYS = {"closed form": closed_affinity, "all pairs": pairwise_affinity, "read once": read_once}


def invented_vectors(n_words: int) -> dict[str, Array]:
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((n_words, DIMENSIONS), dtype=np.float32)
    return {f"l{i}": meaning + rng.standard_normal((n_words, DIMENSIONS), dtype=np.float32) for i in range(LANGUAGES)}


def measure_here(way: str, n_words: int) -> dict[str, float]:
    """Time and memory of one way at one size, in this process."""
    vectors = invented_vectors(n_words)
    WAYS[way](invented_vectors(50))  # load what the first call loads
    before = reset_peak()
    repeats = 1 if way == "all pairs" and n_words > SIZES[0] else 3
    seconds, value = [], 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        value = WAYS[way](vectors)
        seconds.append(time.perf_counter() - start)
    return {"seconds": min(seconds), "extra_mib": (_status("VmHWM") - before) / 1024, "value": value}


def reset_peak() -> int:
    """Forget the peak of memory so far (Linux), and return the memory in use now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def measure(way: str, n_words: int) -> dict[str, float]:
    """Time and memory of one way at one size, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.affinity", way, str(n_words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def run() -> list[dict[str, Any]]:
    rows = []
    for n_words in SIZES:
        found = {way: measure(way, n_words) for way in WAYS}
        if abs(found["closed form"]["value"] - found["all pairs"]["value"]) > 1e-6:
            raise AssertionError(f"the two ways disagree at {n_words} words: {found}")
        rows.append({"words": n_words, "languages": LANGUAGES, "dimensions": DIMENSIONS, **found})
    return rows


if __name__ == "__main__":
    print(json.dumps(measure_here(sys.argv[1], int(sys.argv[2]))))

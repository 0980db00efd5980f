"""Scoring a file of translation pairs as a stream: rows a second and the most memory held.

Each case runs ``isogloss score`` in a process of its own on made-up pairs: with precomputed vectors, whose file is read
in slices, and with character n-grams. ``python -m benchmarks.streaming --rows 10000000`` does it at full size; the file
of precomputed vectors (float16) then takes 16 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROWS, DIMENSIONS = 100_000, 384
CHUNK = 20_000
WIDTH = "<U13"
PATTERNS = ("word{}", "Wort{}水")
CHILD = """
import resource, sys
from click.testing import CliRunner
from generator.cli import isogloss
ran = CliRunner().invoke(isogloss, ["score", sys.argv[1], "--model", sys.argv[2], "--json"], catch_exceptions=False)
assert ran.exit_code == 0, ran.output
held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(held.split()[1], resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


def run(rows: int = ROWS) -> dict[str, Any]:
    """Rows, dimensions, and by kind of model the seconds, rows a second and peak of resident memory in MiB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs, vectors = folder / "pairs.csv", folder / "vectors.npz"
        write_pairs(pairs, rows)
        write_vectors(vectors, rows)
        models = {"precomputed": f"precomputed:{vectors}", "character n-grams": "Character n-grams"}
        return {
            "rows": rows,
            "dimensions": DIMENSIONS,
            "cases": {name: _scored(pairs, model, folder) for name, model in models.items()},
            "seconds_to_read_the_vectors": _read(vectors),
        }


def as_markdown(record: dict[str, Any]) -> list[str]:
    """The paragraphs of a record."""
    return [
        f"`isogloss score` on {record['rows']:,} made-up pairs. Reading their vectors ({record['dimensions']} "
        f"dimensions) from the file once takes {record['seconds_to_read_the_vectors']:.2f} s.",
        "",
        "| vectors | seconds | rows a second | peak of memory |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {case['seconds']:.0f} | {case['rows_a_second']:,.0f} | {case['peak_mib']:.0f} MiB |"
            for name, case in record["cases"].items()
        ),
    ]


def write_pairs(path: Path, rows: int) -> None:
    """A CSV file of two languages, every word another."""
    with path.open("w", encoding="utf-8") as file:
        file.write("en,de\n")
        for some in _chunks(rows):
            file.writelines(f"{','.join(pattern.format(i) for pattern in PATTERNS)}\n" for i in some.tolist())


def write_vectors(path: Path, rows: int) -> None:
    """An NPZ file with a vector for every word: what a concept's words share, an offset of the language, and noise."""
    rng = np.random.default_rng(0)
    shared, finer, noise = (scale * rng.normal(size=(9973, DIMENSIONS)) for scale in (1, 0.7, 0.6))
    offsets = 0.3 * rng.normal(size=(len(PATTERNS), DIMENSIONS))
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("text.npy", "w", force_zip64=True) as member:
            header = {"descr": WIDTH, "fortran_order": False, "shape": (len(PATTERNS) * rows,)}
            np.lib.format.write_array_header_1_0(member, header)
            for pattern in PATTERNS:
                for some in _chunks(rows):
                    member.write(np.array([pattern.format(i) for i in some.tolist()], dtype=WIDTH).tobytes())
        with archive.open("vector.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f2", "fortran_order": False, "shape": (len(PATTERNS) * rows, DIMENSIONS)}
            np.lib.format.write_array_header_1_0(member, header)
            for language, offset in enumerate(offsets):
                for some in _chunks(rows):
                    drawn = noise[(some * (31 + 6 * language) + some // 9973) % 9973]
                    vectors = shared[some % 9973] + finer[some // 9973 % 9973] + drawn + offset
                    member.write(vectors.astype("<f2").tobytes())


def _chunks(rows: int) -> Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return (np.arange(start, min(rows, start + CHUNK)) for start in range(0, rows, CHUNK))


def _scored(pairs: Path, model: str, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "ISOGLOSS_CACHE": str(folder / "cache")}
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(pairs), model], env=environment, check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    kibibytes, of_processor = map(float, ran.stdout.split())
    rows = sum(1 for _ in pairs.open("rb")) - 1
    return {
        "seconds": seconds,
        "processor_seconds": of_processor,
        "rows_a_second": rows / seconds,
        "peak_mib": kibibytes / 1024,
    }


def _read(path: Path) -> float:
    """Seconds to read a file once, the floor of any score."""
    start = time.perf_counter()
    with path.open("rb") as file:
        while file.read(1 << 22):
            pass
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(run(parser.parse_args().rows), indent=1))

"""Fuzz one target with atheris: ``python tests/fuzz TARGET [MINUTES]``.

A finding does not end the run: its input is kept once for each place it was raised at, with its traceback, below the
system's folder for temporary files. At the end stands the number of executions.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import atheris  # noqa: E402

with atheris.instrument_imports(include=["generator", "tomllib", "strategies"]):
    from targets import TARGETS, seeds

CORPUS = Path(tempfile.gettempdir()) / "isogloss-fuzz"


def main() -> None:
    name, minutes = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10
    target, folder = TARGETS[name], CORPUS / name
    corpus, findings = folder / "corpus", folder / "findings"
    for each in (corpus, findings):
        each.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds(name)):
        (corpus / f"seed-{i}").write_bytes(seed)

    def once(data: bytes) -> None:
        try:
            target(data)
        except Exception as error:
            keep(findings, error, data)

    limits = [
        f"-max_total_time={round(60 * minutes)}",
        "-max_len=8192",
        "-len_control=0",
        "-timeout=60",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *limits, f"-artifact_prefix={findings}/", "-print_final_stats=1"], once)
    atheris.Fuzz()


def keep(folder: Path, error: Exception, data: bytes) -> None:
    """One input a kind of error and place it was raised at, with its traceback."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "generator" in f.filename or "fuzz" in f.filename]
    at = f"{Path(frames[-1].filename).stem}-{frames[-1].lineno}" if frames else "nowhere"
    place = folder / f"{type(error).__name__}-{at}"
    if not place.exists():
        place.write_bytes(data)
        told = "".join(traceback.format_exception(error))
        place.with_suffix(".txt").write_text(told[-8000:], encoding="utf-8", errors="backslashreplace")
        print(f"finding: {place.name}: {str(error)[:300]!r}", file=sys.stderr)


if __name__ == "__main__":
    main()

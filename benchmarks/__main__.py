"""Run every benchmark and write what was measured, with the machine."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import affinity, measures, site, stages

HERE = Path(__file__).resolve().parent


def main() -> None:
    record = {
        "machine": machine(),
        "stages": stages.run(),
        "measures": measures.run(),
        "site": site.run(),
        "affinity": affinity.run(),
    }
    (HERE / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (HERE / "RESULTS.md").write_text(as_markdown(record), encoding="utf-8")
    print(as_markdown(record))


def machine() -> dict[str, Any]:
    names = ("numpy", "torch", "phate", "scikit-learn", "sentence-transformers", "bokeh")
    return {
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def ratio(value: float) -> str:
    """A ratio in about two digits: 0.9, 10, 150."""
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def as_markdown(record: dict[str, Any]) -> str:
    told = record["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    lines = [
        "# What was measured",
        "",
        f"By `make bench`, on {told['cores']} cores ({told['processor']}, {told['system']}), Python {told['python']}, "
        f"{versions}. Seconds depend on the machine and its load; the ratios within one run say more.",
        "",
        "## Semantic Affinity: closed form against all pairs",
        "",
        f"{affinity.LANGUAGES} languages, {affinity.DIMENSIONS} dimensions, float32 vectors. All pairs are taken with "
        "blocked matrix products. The floor is the time to read every vector once from memory. Extra memory is the "
        "peak beyond the vectors themselves.",
        "",
        "| words a language | closed form | all pairs | ratio | read once | closed form / floor | extra memory, "
        "closed form | extra memory, all pairs |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in record["affinity"]:
        closed, pairs, floor = row["closed form"], row["all pairs"], row["read once"]
        lines.append(
            f"| {row['words']:,} | {closed['seconds']:.3f} s | {pairs['seconds']:.3f} s | "
            f"{ratio(pairs['seconds'] / closed['seconds'])} × | {floor['seconds']:.4f} s | "
            f"{closed['seconds'] / floor['seconds']:.0f} × | {closed['extra_mib']:.0f} MiB | "
            f"{pairs['extra_mib']:.0f} MiB |"
        )
    benchmark, resampling = record["measures"]["benchmark"], record["measures"]["resampling"]
    lines += [
        "",
        "## Every measure with its resamples",
        "",
        f"{benchmark['pairs']} pairs of `make site`, every measure with {benchmark['draws']:,} resamples, vectors "
        f"cached and no maps, {benchmark['processes']} processes: {benchmark['seconds']:.0f} s.",
        "",
        f"{resampling['draws']:,} resamples of SA and null SA, {resampling['words']} words in "
        f"{resampling['languages']} languages: {resampling['closed form']:.2f} s by weights, "
        f"{resampling['written out']:.0f} s with every resample written out (reckoned from {measures.TIMED_DRAWS} of "
        "them, whose values agree to 1e-9), "
        f"{ratio(resampling['written out'] / resampling['closed form'])} ×.",
    ]
    lines += ["", "## Many models", "", *_many_models(record["site"])]
    lines += ["", "## `make site` by stage", "", "From an empty cache and empty results.", ""]
    lines += ["| stage | seconds |", "|---|---:|"]
    lines += [f"| {row['stage']} | {row['seconds']:.3g} |" for row in record["stages"]]
    return "\n".join(lines) + "\n"


def _many_models(record: dict[str, Any]) -> list[str]:
    browser = record["browser"]
    lines = [
        f"{record['models']} invented models on {record['lists']} invented word lists of {record['concepts']} concepts "
        f"in {record['languages']} languages, with maps and {record['draws']:,} resamples: the site is rendered in "
        f"{record['render']:.0f} s and written in {record['publish']:.1f} s, {record['files']:,} files. "
        f"The leaderboard weighs {record['leaderboard_kilobytes']:.0f} kB compressed.",
    ]
    if browser:
        lines.append(
            f"In Chromium it answers {browser['interactive']:.2f} s after it is opened, has the rows in view in order "
            f"{1000 * browser['sort']:.0f} ms after a click and all rows {1000 * browser['settled']:.0f} ms after it, "
            f"and is filtered in {1000 * browser['filter']:.0f} ms."
        )
    return lines


if __name__ == "__main__":
    main()

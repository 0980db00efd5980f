"""Run every benchmark, or those named, and write what was measured, with the machine."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import affinity, cluster, maps, measures, site, stages, streaming

HERE = Path(__file__).resolve().parent
SECTIONS: dict[str, tuple[str, ModuleType]] = {
    "affinity": ("Semantic Affinity: closed form against all pairs", affinity),
    "measures": ("Every measure with its resamples", measures),
    "maps": ("Maps: time and faithfulness by size", maps),
    "streaming": ("Files of any length", streaming),
    "cluster": ("A Dask cluster", cluster),
    "site": ("Many models", site),
    "stages": ("`make site` by stage", stages),
}


def main(names: list[str]) -> None:
    """Measure the sections named, all when none is; the others stay as they were last measured."""
    path = HERE / "results.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if names else {}
    record["machine"] = machine()
    for name in names or SECTIONS:
        start = time.perf_counter()
        record[name] = SECTIONS[name][1].run()
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (HERE / "RESULTS.md").write_text(as_markdown(record), encoding="utf-8")
    print(as_markdown(record))


def machine() -> dict[str, Any]:
    names = ("numpy", "torch", "phate", "scikit-learn", "sentence-transformers", "bokeh", "distributed")
    return {
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def as_markdown(record: dict[str, Any]) -> str:
    told = record["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    lines = [
        "# What was measured",
        "",
        f"By `make bench`, on {told['cores']} cores ({told['processor']}, {told['system']}), Python {told['python']}, "
        f"{versions}. Seconds depend on the machine and its load; the ratios within one run say more.",
    ]
    for name, (title, section) in SECTIONS.items():
        if name in record:
            lines += ["", f"## {title}", "", *section.as_markdown(record[name])]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])

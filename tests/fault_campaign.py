"""Every fault at every place: counts how often each was tried, how often the next run recovered, and what was lost.

Run by hand, from the repository: ``python tests/fault_campaign.py [--telling] [FAULT ...]`` (with ``--telling``, of a
series of points that are alike only the first, the middle and the last; of the faults, those that are named). It prints
the rows of the table in docs/faults.md and every case that went wrong, and ends with 1 when there was one.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from conftest import LANGUAGES, WORDS
from faults import Ended, Laboratory, Scenario, scenarios
from site_fixtures import environment

from generator.datasets import Card, Concept, Dataset


@dataclass
class Row:
    """One kind of fault."""

    fault: str
    tried: int = 0
    recovered: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def count(self, case: Scenario, ended: Ended, wrong: list[str]) -> None:
        self.tried += 1
        self.recovered += not wrong
        self.slowest = max(self.slowest, ended.seconds)
        self.wrong += [f"{self.fault}, {case.name}, {ended.struck}: {each}" for each in wrong]

    def __str__(self) -> str:
        return f"| {self.fault} | {self.tried} | {self.recovered} | {self.slowest:.1f} |"


def words(slug: str, n: int) -> Dataset:
    """A list of ``n`` concepts in five scripts."""
    concepts = tuple(
        Concept(key, {tag: tuple(cells[tag].split("|")) for tag in LANGUAGES if cells[tag]}, category="test")
        for key, cells in list(WORDS.items())[:n]
    )
    return Dataset(slug, Card(slug.capitalize(), domain="modern", licence="CC0-1.0"), LANGUAGES, concepts)


Places = list[tuple[Scenario, int]]


def killed(lab: Laboratory, places: Places) -> Row:
    row = Row("kill -9")
    for case, at in places:
        ended, wrong = case.struck(lab, at=at)
        if ended.code != -signal.SIGKILL:
            wrong.append(f"ended with {ended.code}")
        row.count(case, ended, wrong)
    return row


def stopped(name: str, number: int, lab: Laboratory, places: Places) -> Row:
    row = Row(name)
    for case, at in places:
        ended, wrong = case.struck(lab, at=at, signal=number)
        if ended.code != 128 + number or "Stopped. What was finished" not in ended.err:
            wrong.append(f"ended with {ended.code}: {ended.err}")
        if ended.seconds > 2:
            wrong.append(f"ended after {ended.seconds:.1f} s")
        row.count(case, ended, wrong)
    return row


def refused(name: str, reason: int, lab: Laboratory, places: Places) -> Row:
    row = Row(f"{name} at one operation")
    for case, at in places:
        ended, wrong = case.struck(lab, at=at, error=reason)
        if ended.code not in (case.code, 2) or "Traceback" in ended.err:
            wrong.append(f"ended with {ended.code}: {ended.err}")
        row.count(case, ended, wrong)
    return row


def limited(lab: Laboratory, places: Places) -> Row:
    row = Row("no file may grow beyond a limit")
    for case in {case.name: case for case, _ in places}.values():
        for size in (0, 100, 1000, 3000, 10_000, 30_000):
            ended, wrong = case.struck(lab, file_limit=size)
            if ended.code not in (case.code, 2) or "Traceback" in ended.err:
                wrong.append(f"ended with {ended.code}: {ended.err}")
            row.count(case, ended, wrong)
    return row


FAULTS: dict[str, Callable[[Laboratory, Places], Row]] = {
    "kill": killed,
    "sigint": partial(stopped, "Ctrl-C (SIGINT)", signal.SIGINT),
    "sigterm": partial(stopped, "SIGTERM", signal.SIGTERM),
    "full": partial(refused, "disk full", errno.ENOSPC),
    "read-only": partial(refused, "disk read-only", errno.EROFS),
    "broken": partial(refused, "disk fails", errno.EIO),
    "limit": limited,
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--telling", action="store_true")
    options.add_argument(
        "faults", nargs="*", metavar="FAULT", help=f"one of {', '.join(FAULTS)}; all when none is named"
    )
    chosen = options.parse_args()
    begun, failed = time.monotonic(), False
    with tempfile.TemporaryDirectory() as folder:
        cache = environment(Path(folder) / "cache", SOURCE_DATE_EPOCH="1750000000")
        with Laboratory(cache) as lab:
            cases = scenarios(lab, Path(folder) / "cases", [words("words", 6), words("others", 5)])
            print(*(f"{case.name}: {len(case.points)} points" for case in cases.values()), sep="\n", flush=True)
            places = [
                (case, at)
                for case in cases.values()
                for at in (case.telling() if chosen.telling else range(len(case.points)))
            ]
            for name in chosen.faults or FAULTS:
                row = FAULTS[name](lab, places)
                failed |= bool(row.wrong)
                print(row, *row.wrong, sep="\n", flush=True)
    print(f"{time.monotonic() - begun:.0f} s on {os.cpu_count()} cores")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""A laboratory for faults: runs Isogloss in processes that are killed, interrupted or refused at a chosen moment.

Every operation of a run that changes something on disk is a numbered point: opening a file to write, the middle of
writing it, synchronising, renaming, linking and removing, making folders, and every statement of SQLite that writes.
`Laboratory.run` names the points of a run, or strikes at one of them. Runs are forked from one process that has loaded
everything, so that a run costs what it does and no imports.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from site_fixtures import files_in, write_benchmark

from generator.datasets import Dataset

RUN_SECONDS = 240
RANDOM_NAME = re.compile(r"(?<=\.)[a-z0-9_]{8}(?=\.part)|(?<=\.new-)[a-z0-9_]{8}")
READING = re.compile(r"\s*(SELECT|PRAGMA \w+$|PRAGMA \w+\()", re.IGNORECASE)
CHANGING = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod", "os.truncate", "os.symlink"}


@dataclass(frozen=True)
class Order:
    """One run, and what is to befall it."""

    arguments: Sequence[str]
    """Of the command line."""
    root: str
    """The folder that all counted operations are in."""
    environment: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    """The number of the point to strike at, from 0; None for an undisturbed run that names its points."""
    signal: int = signal.SIGKILL
    error: int | None = None
    """The errno that the point's operation fails with instead."""
    file_limit: int | None = None
    """Bytes that no file may exceed."""


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    """The exit code; negative for the signal that it died of."""
    err: str
    points: tuple[str, ...] = ()
    """Of an undisturbed run, what is about to happen at each."""
    struck: str = ""
    """The point struck."""
    seconds: float = 0.0
    """From the blow to the end."""


class Laboratory:
    """A process that has loaded everything and forks one run after the other."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(RUN_SECONDS)
        self._process.stdout.close()  # type: ignore[union-attr]

    def run(self, arguments: Sequence[str], root: Path, **fault: Any) -> Ended:
        """Run one command line, with what of an `Order` is to befall it."""
        order = Order(tuple(map(str, arguments)), str(root.resolve()), **fault)
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        told = json.loads(self._process.stdout.readline())  # type: ignore[union-attr]
        return Ended(**{**told, "points": tuple(told["points"])})


class Blow:
    """Counts the points of this process and strikes at one."""

    def __init__(self, order: Order, report: Callable[[str, Any], None]) -> None:
        self._order, self._report = order, report
        self.points: list[str] = []
        self._busy = False

    def point(self, what: str, *, refusable: bool = True) -> None:
        """One point: raises OSError where its operation is to fail; does not return where the process is killed."""
        if self._busy:
            return
        self._busy = True
        name = RANDOM_NAME.sub("*", what.replace(self._order.root + "/", ""))
        self.points.append(name)
        try:
            if len(self.points) - 1 == self._order.at:
                self._report("struck", name)
                self._report("at", time.monotonic())
                if self._order.error is None:
                    os.kill(os.getpid(), self._order.signal)
                elif refusable:
                    raise OSError(self._order.error, os.strerror(self._order.error))
        finally:
            self._busy = False

    def inside(self, path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.fspath(path).startswith(self._order.root)  # type: ignore[arg-type]

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else flags & (os.O_WRONLY | os.O_RDWR)
            if writes and self.inside(path):
                self.point(f"open {path}")
        elif event in CHANGING and (self.inside(arguments[0]) or arguments[-1] not in (-1, arguments[0])):
            refusable = event not in {"os.remove", "os.rmdir"}
            self.point(f"{event.removeprefix('os.')} {arguments[0]}", refusable=refusable)
        elif event == "ctypes.dlsym" and arguments[1] == "renameat2":
            self.point("exchange", refusable=False)

    def arm(self) -> None:
        opened, synced, connected = io.open, os.fsync, sqlite3.connect

        def torn_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            stream = opened(file, mode, *arguments, **options)
            return Torn(stream, self) if set(mode) & set("wax+") and not stream.isatty() else stream

        def fsync(handle: int) -> None:
            self.point("fsync")
            synced(handle)

        def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection = connected(*arguments, **options)
            # SQLite hears nothing of an exception here, and its errors come from real disks and limits.
            connection.set_trace_callback(
                lambda query: None if READING.match(query) else self.point(f"sqlite {query[:30]}", refusable=False)
            )
            return connection

        io.open = builtins.open = torn_open  # type: ignore[assignment]
        os.fsync, sqlite3.connect = fsync, connect  # type: ignore[assignment]
        sys.addaudithook(self.audit)


class Torn:
    """A file whose every write has a middle."""

    def __init__(self, stream: Any, blow: Blow) -> None:
        self._stream, self._blow = stream, blow

    def write(self, content: Any) -> int:
        half = len(content) // 2
        self._stream.write(content[:half])
        self._stream.flush()
        self._blow.point("within a write")
        self._stream.write(content[half:])
        return len(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _child(order: Order, report: Path) -> None:
    """One run, in a process of its own, which does not return from here."""
    with report.open("a", buffering=1) as told:

        def tell(key: str, value: Any) -> None:
            told.write(json.dumps({key: value}) + "\n")
            told.flush()

        os.environ.update(order.environment)
        os.chdir(order.root)
        sys.argv = ["isogloss", *order.arguments]
        blow = Blow(order, tell)
        code = 70
        try:
            blow.arm()
            if order.file_limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (order.file_limit, order.file_limit))
            from generator.cli import main

            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            traceback.print_exc()
        if order.at is None and order.file_limit is None:
            tell("points", blow.points)
        if not order.arguments:
            tell("modules", sorted(sys.modules))
        sys.stderr.flush()
        os._exit(code)


def _forked(order: Order, folder: Path) -> dict[str, Any]:
    report = folder / "report"
    report.write_text("")
    # What it says goes through a pipe, which no limit on files applies to.
    heard, told_to = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.dup2(told_to, 2)
            os.dup2(told_to, 1)
            _child(order, report)
        finally:
            os._exit(71)
    os.close(told_to)
    with os.fdopen(heard, errors="replace") as said:
        err = said.read()
    _, status = os.waitpid(process, 0)
    ended = time.monotonic()
    told: dict[str, Any] = {}
    for line in report.read_text().splitlines():
        told |= json.loads(line)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "err": err,
        "points": told.get("points", []),
        "struck": told.get("struck", ""),
        "seconds": ended - told["at"] if "at" in told else 0.0,
    }


MODULES = [
    "generator.cli",
    "generator.evaluate",
    "generator.layers",
    "generator.lock",
    "generator.schedule",
    "generator.history",
    "generator.manifold",
    "generator.site.render",
    "generator.site.publish",
    "generator.site.releases",
    "generator.models.ngrams",
    "generator.models.controls",
    "filelock",
    "phate",
    "graphtools",
    "psutil",
    "pandas",
    "pyarrow",
    "pyarrow.parquet",
    "rich.progress",
    "sklearn",
    "sklearn.manifold",
    "scipy.stats",
    "bokeh.plotting",
    "jinja2",
    "threadpoolctl",
]


def _serve() -> None:
    for name in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_forked(Order(**json.loads(line)), Path(folder))) + "\n")
            sys.stdout.flush()


# What a fault may not change


@dataclass(frozen=True)
class Kept:
    """What of a benchmark outlives its runs, as bytes by path."""

    results: Mapping[str, bytes]
    site: Mapping[str, bytes]
    releases: Mapping[str, bytes]
    beside: tuple[str, ...]
    """What else lies in the benchmark's folder."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls(
            *(files_in(folder / name) for name in ("results", "site", "releases")),
            tuple(sorted(path.name for path in folder.iterdir())),
        )


@dataclass(frozen=True)
class Scenario:
    """A command on a benchmark in a certain state, once undisturbed and then with every fault."""

    name: str
    arguments: tuple[str, ...]
    start: Path
    """The state before the command: ``bench`` with the benchmark, ``cache`` with the vectors; always copied."""
    scratch: Path
    done: Kept
    """What the undisturbed command leaves."""
    code: int
    points: tuple[str, ...]

    @classmethod
    def undisturbed(cls, lab: Laboratory, name: str, arguments: Sequence[str], start: Path, scratch: Path) -> Self:
        folder = _copied(start, scratch)
        ended = lab.run(arguments, folder, environment=_cache(folder))
        if ended.code not in (0, 1):
            raise RuntimeError(ended.err)
        return cls(name, tuple(arguments), start, scratch, Kept.of(folder / "bench"), ended.code, ended.points)

    def telling(self) -> list[int]:
        """The numbers of the points that differ: of a series of the like, the first, the middle and the last."""
        series: dict[str, list[int]] = {}
        for number, point in enumerate(self.points):
            operation, _, path = point.partition(" ")
            place = re.sub(r"[^/]*$", "", path.replace("bench/", ""))[:8]
            series.setdefault(f"{operation} {place} {Path(path).suffix}", []).append(number)
        return sorted({chosen for one in series.values() for chosen in (one[0], one[len(one) // 2], one[-1])})

    def struck(self, lab: Laboratory, **fault: Any) -> tuple[Ended, list[str]]:
        """Disturb the command, run it again, and say everything that is then not as it must be."""
        folder = _copied(self.start, self.scratch)
        bench, environment = folder / "bench", _cache(folder)
        before = files_in(bench / "site")
        ended = lab.run(self.arguments, folder, environment=environment, **fault)
        wrong = list(_site_faults(bench / "site", before, self.done.site))
        at = fault.get("at")
        if at is not None and ended.struck != self.points[at]:
            wrong.append(f"struck {ended.struck!r} where the undisturbed run had {self.points[at]!r}")
        finished = {
            path: _number(bench / "results" / path)
            for path, content in files_in(bench / "results").items()
            if self.done.results.get(path) == content and path.endswith(".json")
        }
        again = lab.run(self.arguments, folder, environment=environment)
        if again.code != self.code:
            wrong.append(f"the next run ended with {again.code}: {again.err}")
        after = Kept.of(bench)
        wrong += [f"{part} differs" for part in asdict(after) if getattr(after, part) != getattr(self.done, part)]
        wrong += [
            f"{path} was written again" for path, file in finished.items() if _number(bench / "results" / path) != file
        ]
        return ended, wrong


def scenarios(lab: Laboratory, folder: Path, lists: Sequence[Dataset]) -> dict[str, Scenario]:
    """The stages of a benchmark of two models, each from the state that the stage before leaves."""
    models, quick = ["Character n-grams", "Control: shuffled"], "[statistics]\ndraws = 4\n"
    write_benchmark(folder / "new" / "bench", lists, models, quick)
    (folder / "new" / "cache").mkdir()

    def case(name: str, start: str, *arguments: str) -> Scenario:
        found = Scenario.undisturbed(
            lab, name, [*arguments, "-c", "bench/benchmark.toml"], folder / start, folder / "scratch"
        )
        shutil.copytree(folder / "scratch", folder / name)
        return found

    found = [case("evaluate", "new", "evaluate", "-j", "1"), case("render", "evaluate", "render")]
    shutil.copytree(folder / "render", folder / "grown")
    write_benchmark(folder / "grown" / "bench", lists, [*models, "Control: identical"], quick)
    found += [
        case("evaluate anew", "grown", "evaluate", "-j", "1"),
        case("render anew", "evaluate anew", "render"),
        case("release", "render anew", "release", "--date", "2026-03-04"),
    ]
    return {each.name: each for each in found}


def _copied(start: Path, scratch: Path) -> Path:
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(start, scratch, symlinks=True)
    return scratch


def _cache(folder: Path) -> dict[str, str]:
    return {"ISOGLOSS_CACHE": str(folder / "cache")}


def _site_faults(site: Path, *allowed: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a site, which must be one of those allowed at every moment."""
    found = files_in(site)
    if found not in allowed:
        yield f"a site of {len(found)} files that is neither the old nor the new one"


def _number(path: Path) -> tuple[int, int]:
    """Which file has this name: one that is written again is another."""
    return path.stat().st_ino, path.stat().st_mtime_ns


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A disk of ``size`` bytes at ``folder``. Raises PermissionError where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    told = (
        subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False)
        if mount
        else None
    )
    if told is None or told.returncode:
        raise PermissionError(told.stderr.decode() if told else "there is no mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


if __name__ == "__main__":
    _serve()

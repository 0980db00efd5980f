"""Nothing lost: whatever ends a run in the middle, the next one gives the bytes of an undisturbed one.

Here a few moments of each kind are tried; ``tests/fault_campaign.py`` tries them all, for the table in docs/faults.md.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from faults import Ended, Kept, Laboratory, Scenario, scenarios, small_disk
from site_fixtures import environment, write_benchmark

from generator.datasets import Card, Concept, Dataset
from generator.lock import lock_file, locked

WordList = Callable[..., Dataset]

DATE = "1750000000"
SECONDS = 240
"""A deadline, not a measurement: the machine may be slow."""
NAMES = ("evaluate", "render", "render anew", "release")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with Laboratory(environment(tmp_path_factory.mktemp("cache"), SOURCE_DATE_EPOCH=DATE)) as lab:
        yield lab


@pytest.fixture(scope="module")
def cases(lab: Laboratory, tmp_path_factory: pytest.TempPathFactory, word_list: WordList) -> dict[str, Scenario]:
    return scenarios(
        lab,
        tmp_path_factory.mktemp("cases"),
        [word_list(("en", "ar", "zh"), 6, "words"), word_list(("en", "hi"), 5, "others")],
    )


@dataclass(frozen=True)
class Told:
    """A process of its own whose words are read as they come."""

    process: subprocess.Popen[str]

    def line(self, part: str) -> str:
        """Wait for the line with ``part`` in it."""
        assert self.process.stderr
        for line in self.process.stderr:
            if part in line:
                return line
        raise AssertionError(f"ended without {part!r}")


@dataclass(frozen=True)
class Built:
    """A benchmark in a folder of its own, and ways to run commands on it."""

    lab: Laboratory
    folder: Path

    @property
    def bench(self) -> Path:
        return self.folder / "bench"

    @property
    def variables(self) -> dict[str, str]:
        return {"ISOGLOSS_CACHE": str(self.folder / "cache"), "SOURCE_DATE_EPOCH": DATE}

    def run(self, command: str, *more: str, **variables: str) -> Ended:
        arguments = [command, *more, "-c", "bench/benchmark.toml"]
        return self.lab.run(arguments, self.folder, environment={**self.variables, **variables})

    def process(self, command: str, *more: str, first: str = "", **options: Any) -> Told:
        """A command in a process of its own, which does what ``first`` says before anything else."""
        config = [] if command == "score" else ["-c", "bench/benchmark.toml"]
        start = ["-c", f"{first}\nfrom generator.cli import main\nmain()"] if first else ["-m", "generator"]
        return Told(
            subprocess.Popen(
                [sys.executable, *start, command, *more, *config],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=self.folder,
                env=environment(self.folder / "cache", SOURCE_DATE_EPOCH=DATE),
                **options,
            )
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_kill_anywhere_costs_nothing_but_the_time_since(
    lab: Laboratory, cases: dict[str, Scenario], name: str
) -> None:
    case = cases[name]
    for at in some(case, 3):
        ended, wrong = case.struck(lab, at=at)
        assert ended.code == -signal.SIGKILL, ended.struck
        assert not wrong, ended.struck


@pytest.mark.parametrize(("name", "number"), [("evaluate", signal.SIGINT), ("render anew", signal.SIGTERM)])
def test_an_interruption_ends_within_two_seconds_with_what_was_finished(
    lab: Laboratory, cases: dict[str, Scenario], name: str, number: int
) -> None:
    case = cases[name]
    for at in some(case, 2):
        ended, wrong = case.struck(lab, at=at, signal=number)
        assert ended.code == 128 + number, (ended.struck, ended.err)
        assert ended.seconds < 2, ended.struck
        assert ended.err.splitlines()[-1].startswith("Stopped. What was finished is stored")
        assert "Traceback" not in ended.err
        assert not wrong, ended.struck


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_takes_no_more_is_told_of_and_leaves_nothing_half_written(
    lab: Laboratory, cases: dict[str, Scenario], name: str
) -> None:
    case = cases[name]
    writes = [at for at, point in enumerate(case.points) if point == "within a write"]
    ended, wrong = case.struck(lab, at=writes[len(writes) // 2], error=errno.ENOSPC)
    assert ended.code == 2, (ended.struck, ended.err)
    assert "cannot be written (No space left on device). Free some space" in ended.err
    assert "Traceback" not in ended.err
    assert not wrong


def some(case: Scenario, n: int) -> list[int]:
    """``n`` of the telling points, evenly spread."""
    telling = case.telling()
    return telling[len(telling) // (2 * n) :: max(1, len(telling) // n)][:n]


def free_bytes(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def slack() -> float:
    """What a loaded machine adds to two seconds, in which a process hardly gets a turn."""
    return 2.0 * max(0.0, os.getloadavg()[0] / (os.cpu_count() or 1) - 1)


def until_gone(group: int) -> None:
    """Wait until no process of a group is left."""
    deadline = time.monotonic() + SECONDS
    while any(os.getpgid(p.pid) == group for p in psutil.process_iter() if _lives(p)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) > 0
    except (psutil.Error, ProcessLookupError):
        return False


# Damage to what is stored


def truncated(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def flipped(content: bytes) -> bytes:
    """The lowest bit of a byte in the middle is another: a digit is another digit."""
    middle = next(i for i in range(len(content) // 2, len(content)) if content[i : i + 1].isdigit())
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {"truncated": truncated, "a bit flipped": flipped, "emptied": lambda _: b""}


@pytest.fixture
def built(cases: dict[str, Scenario], tmp_path: Path, lab: Laboratory) -> Built:
    """A benchmark with its site, in a folder of its own."""
    shutil.copytree(cases["render"].scratch.parent / "render", tmp_path / "built")
    return Built(lab, tmp_path / "built")


@pytest.mark.parametrize(
    ("path", "damage"),
    [
        ("results/character-n-grams/words.json", "a bit flipped"),
        ("results/character-n-grams/words.json", "truncated"),
        ("results/character-n-grams/words.draws.npz", "a bit flipped"),
        ("site/index.html", "a bit flipped"),
        ("site/manifest.json", "a bit flipped"),
        ("site/manifest.json", "truncated"),
    ],
)
def test_what_is_damaged_is_made_again_to_the_same_bytes(built: Built, path: str, damage: str) -> None:
    before = Kept.of(built.bench)
    file = built.bench / path
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    ended = built.run("build", "-j", "1")
    assert ended.code == 0, ended.err
    assert Kept.of(built.bench) == before
    assert ("1 pairs measured" in ended.err) == path.startswith("results")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_cache_is_set_aside_and_its_texts_are_encoded_again(
    built: Built, damage: Callable[[bytes], bytes]
) -> None:
    before = Kept.of(built.bench)
    file = built.folder / "cache" / "vectors.sqlite"
    file.write_bytes(damage(file.read_bytes()))
    shutil.rmtree(built.bench / "results" / "character-n-grams")
    ended = built.run("build", "-j", "1")
    assert ended.code == 0, ended.err
    assert Kept.of(built.bench) == before


@pytest.mark.parametrize(
    "name", ["results/history.json", "releases/2026-03-04/index.html", "releases/2026-03-04/manifest.json"]
)
def test_damage_to_what_cannot_be_made_again_is_named_and_the_sites_copy_mends_it(built: Built, name: str) -> None:
    assert built.run("release", "--date", "2026-03-04").code == built.run("render").code == 0
    before, file = Kept.of(built.bench), built.bench / name
    file.write_bytes(flipped(file.read_bytes()))
    ended = built.run("render")
    assert ended.code == 2
    assert str(Path(name).parent) in ended.err
    assert "site" in ended.err
    assert Kept.of(built.bench).site == before.site
    copy = "site/data/history.json" if "history" in name else f"site/{name}"
    file.write_bytes((built.bench / copy).read_bytes())
    assert built.run("render").code == 0
    after = Kept.of(built.bench)
    assert (after.site, after.releases) == (before.site, before.releases)


def test_a_clock_that_goes_backwards_changes_no_byte_and_loses_no_change(built: Built) -> None:
    before = Kept.of(built.bench)
    for path in built.bench.rglob("*"):
        os.utime(path, (4e9, 4e9))  # in the year 2096
    assert built.run("build", "-j", "1", SOURCE_DATE_EPOCH="1000000000").code == 0
    assert Kept.of(built.bench) == before
    words = built.bench / "datasets" / "words" / "data.csv"
    words.write_text(words.read_text(encoding="utf-8").replace("water", "waters"), encoding="utf-8")
    os.utime(words, (1e9, 1e9))
    ended = built.run("build", "-j", "1", SOURCE_DATE_EPOCH="1000000000")
    assert "2 pairs measured, 0 failed, 2 up to date" in ended.err
    days = json.loads((built.bench / "results" / "history.json").read_bytes())["days"]
    assert [day["date"] for day in days] == ["2025-06-15"]


# A disk that is really full, or read-only


def test_a_small_disk_is_told_of_and_the_next_run_goes_on(built: Built, tmp_path: Path) -> None:
    before, disk = Kept.of(built.bench), tmp_path / "disk"
    try:
        with small_disk(disk, 8 << 20):
            shutil.copytree(built.folder, disk / "built")
            small = Built(built.lab, disk / "built")
            shutil.rmtree(small.bench / "results" / "character-n-grams")
            (small.folder / "cache" / "vectors.sqlite").unlink()
            (disk / "filler").write_bytes(bytes(free_bytes(disk) - 20_000))
            ended = small.run("build", "-j", "1")
            assert ended.code == 2, ended.err
            assert "Free some space" in ended.err
            assert "Traceback" not in ended.err
            assert Kept.of(small.bench).site == before.site
            assert not list(small.bench.rglob("*.part"))
            (disk / "filler").unlink()
            assert small.run("build", "-j", "1").code == 0
            assert Kept.of(small.bench) == before
    except PermissionError as error:
        pytest.skip(f"no small disk can be mounted: {error}")


def test_a_read_only_disk_is_told_of_and_the_next_run_goes_on(built: Built, tmp_path: Path) -> None:
    before, disk = Kept.of(built.bench), tmp_path / "disk"
    try:
        with small_disk(disk, 64 << 20):
            shutil.copytree(built.folder, disk / "built")
            small = Built(built.lab, disk / "built")
            shutil.rmtree(small.bench / "results" / "character-n-grams")
            remount(disk, "ro")
            ended = small.run("build", "-j", "1", ISOGLOSS_CACHE=str(built.folder / "cache"))
            assert ended.code == 2, ended.err
            assert "Make it writable" in ended.err
            assert "Traceback" not in ended.err
            assert Kept.of(small.bench).site == before.site
            remount(disk, "rw")
            assert small.run("build", "-j", "1").code == 0
            assert Kept.of(small.bench) == before
    except PermissionError as error:
        pytest.skip(f"no small disk can be mounted: {error}")


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def test_a_file_in_the_place_of_a_folder_is_named(cases: dict[str, Scenario], lab: Laboratory, tmp_path: Path) -> None:
    shutil.copytree(cases["evaluate"].start, tmp_path / "new")
    new = Built(lab, tmp_path / "new")
    (new.bench / "results").write_text("mine")
    ended = new.run("evaluate", "-j", "1")
    assert ended.code == 2
    assert "results" in ended.err
    assert "Traceback" not in ended.err
    assert (new.bench / "results").read_text() == "mine"


# Two at once


def test_a_second_build_says_who_works_and_waits_for_it(built: Built) -> None:
    (built.bench / "results" / "control-shuffled" / "words.json").unlink()
    with locked(built.bench / "results"):
        second = built.process("build", "-j", "1")
        told = second.line("Waiting for")
        assert f"process {os.getpid()} on" in told
        assert str(built.bench / "results") in told
        assert second.process.poll() is None
    out = second.process.communicate(timeout=SECONDS)
    assert second.process.returncode == 0, out


def test_the_lock_of_a_killed_run_stops_nobody_and_what_it_left_goes(built: Built) -> None:
    left = built.bench / "results" / "control-shuffled" / ".words.json.a1b2c3d4.part"
    mine = left.with_name(".words.json.part")
    note = {"pid": 4_000_000, "host": "elsewhere", "since": "2026-01-01", "command": "isogloss build"}
    lock_file(built.bench / "results").write_text(json.dumps(note))
    for path in (left, mine):
        path.write_text("half")
    ended = built.run("build", "-j", "1")
    assert ended.code == 0
    assert "An earlier run did not end in order: isogloss build (process 4000000 on elsewhere" in ended.err
    assert not left.exists()
    assert mine.exists()
    assert not lock_file(built.bench / "results").exists()


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff", b'{"pid": 1, "host": 3}'])
def test_a_lock_file_that_says_nothing_stops_nobody(tmp_path: Path, note: bytes) -> None:
    lock_file(tmp_path / "a").write_bytes(note)
    with locked(tmp_path / "a"):
        assert json.loads(lock_file(tmp_path / "a").read_bytes())["pid"] == os.getpid()
    assert list(tmp_path.glob(".a*")) == []


def test_two_processes_set_a_damaged_cache_aside_once(built: Built) -> None:
    file = built.folder / "cache" / "vectors.sqlite"
    file.write_bytes(b"nothing of a database" * 1000)
    with locked(file):
        both = [built.process("score", "bench/datasets/words", "--model", "Character n-grams") for _ in range(2)]
        for one in both:
            one.line("Waiting for")
    for one in both:
        one.process.communicate(timeout=SECONDS)
        assert one.process.returncode == 0
    assert [path.name for path in file.parent.glob("*.damaged-*")] == ["vectors.sqlite.damaged-1"]


# Interrupted while waiting


def ended_soon(told: Told, number: int, since: float) -> None:
    rest = told.process.communicate(timeout=SECONDS)[1]
    seconds = time.monotonic() - since
    assert told.process.returncode == 128 + number, rest
    assert rest.splitlines()[-1].startswith("Stopped. What was finished is stored"), rest
    assert "Traceback" not in rest
    assert seconds < 2 + slack(), seconds


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_a_lock_can_be_given_up(built: Built, number: int) -> None:
    with locked(built.bench / "results"):
        told = built.process("render")
        told.line("Waiting for")
        since = time.monotonic()
        told.process.send_signal(number)
        ended_soon(told, number, since)


def test_a_wait_for_an_api_can_be_given_up(built: Built) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silent.settimeout(SECONDS)
        told = built.process("evaluate", "-j", "1", "--model", f"api:m@http://127.0.0.1:{port}/v1")
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)
            since = time.monotonic()
            told.process.send_signal(signal.SIGINT)
            ended_soon(told, signal.SIGINT, since)


@pytest.mark.parametrize("moment", ["first", "second"])
def test_workers_fall_silent_with_their_parent(built: Built, moment: str) -> None:
    shutil.rmtree(built.bench / "results")
    told = built.process("evaluate", "-j", "2", start_new_session=True)
    told.line("pairs to measure" if moment == "first" else "SA ")
    since = time.monotonic()
    os.killpg(told.process.pid, signal.SIGINT)  # as a terminal does
    ended_soon(told, signal.SIGINT, since)
    until_gone(told.process.pid)
    assert built.run("evaluate", "-j", "1").code == 0


def test_an_interruption_while_libraries_load_is_heard(built: Built) -> None:
    shutil.rmtree(built.bench / "results")
    told = built.process("evaluate", "-j", "1")
    await_library(told, "numpy")
    since = time.monotonic()
    told.process.send_signal(signal.SIGINT)
    ended_soon(told, signal.SIGINT, since)


def test_an_interruption_in_the_middle_of_a_map_is_heard(built: Built) -> None:
    """On one process the layout runs where Ctrl-C is heard, deep in libraries that hear nothing for seconds."""
    concepts = tuple(Concept(f"c{i}", {"en": (f"w{i * 7919 % 9973}",), "hi": (f"प{i}",)}) for i in range(1000))
    many = Dataset("many", Card("Many", licence="CC0-1.0"), ("en", "hi"), concepts)
    write_benchmark(built.bench, [many], ["Character n-grams"], "[statistics]\ndraws = 4\n")
    told = built.process("evaluate", "-j", "1", first=SAYS_WHEN_IT_LAYS_OUT)
    told.line("laying out")
    time.sleep(0.5)
    since = time.monotonic()
    told.process.send_signal(signal.SIGINT)
    ended_soon(told, signal.SIGINT, since)
    assert not list((built.bench / "results").rglob("many.json"))


SAYS_WHEN_IT_LAYS_OUT = """
import sys
from generator import manifold
fitted = manifold._fitted
def told(*arguments):
    print("laying out", file=sys.stderr, flush=True)
    return fitted(*arguments)
manifold._fitted = told
"""


def test_an_interruption_while_processes_render_leaves_the_old_site(built: Built) -> None:
    before = Kept.of(built.bench)
    card = built.bench / "datasets" / "words" / "dataset.toml"
    card.write_text(card.read_text().replace('name = "', 'name = "Other ', 1))
    told = built.process("render", "-j", "2", first=SHARED_AT_ONCE, start_new_session=True)
    told.line("sharing")
    told.line("sharing")
    since = time.monotonic()
    os.killpg(told.process.pid, signal.SIGINT)
    ended_soon(told, signal.SIGINT, since)
    until_gone(told.process.pid)
    assert Kept.of(built.bench).site == before.site
    assert built.run("render", "-j", "1").code == 0
    assert Kept.of(built.bench).site != before.site


SHARED_AT_ONCE = r"""
import os
import time
from generator.site import pieces
pieces.WORTH_SHARING, pieces.FIRST, pieces.AT_A_TIME = 1, 2, 1
here, made = os.getpid(), pieces.Piece.made
def slow(piece):
    if os.getpid() != here:
        os.write(2, b"sharing\n")
        time.sleep(600)
    return made(piece)
pieces.Piece.made = slow
"""


def test_a_stream_that_was_stopped_and_then_killed_gives_the_same_document(built: Built) -> None:
    long, sums = built.folder / "long.csv", built.folder / "cache" / "streams"
    rows = (f"{place}w{i % 997},{i % 919}水{place}" for i, place in enumerate("abcdef" * 3000))
    long.write_text("en,zh\n" + "\n".join(rows) + "\n")
    score = ["score", str(long), "--model", "Character n-grams", "--json"]
    undisturbed, _ = built.process(*score, first=STREAMED).process.communicate(timeout=SECONDS)
    shutil.rmtree(sums)

    stopped = built.process(*score, first=STREAMED)
    await_that(stopped, lambda: any(sums.rglob("*.npz")))
    since = time.monotonic()
    stopped.process.send_signal(signal.SIGINT)
    ended_soon(stopped, signal.SIGINT, since)

    saved = [path.read_bytes() for path in sorted(sums.rglob("*.npz"))]
    killed = built.process(*score, first=STREAMED)
    await_that(killed, lambda: [path.read_bytes() for path in sorted(sums.rglob("*.npz"))] != saved)
    killed.process.kill()
    killed.process.communicate(timeout=SECONDS)

    document, err = built.process(*score, first=STREAMED).process.communicate(timeout=SECONDS)
    assert undisturbed, err
    assert document == undisturbed


STREAMED = """
from generator.streaming import score, shards, tree
score.STREAM_ABOVE, shards.SAMPLE, tree.SAVE_SECONDS = 100, 100, 0.01
"""


def await_library(told: Told, name: str) -> None:
    """Wait until a process has begun to load a library."""

    def begun() -> bool:
        return any(f"/{name}/" in each.path for each in psutil.Process(told.process.pid).memory_maps())

    await_that(told, begun)


def await_that(told: Told, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert told.process.poll() is None, told.process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)

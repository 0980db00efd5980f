"""Work over forked processes: what is in memory is not handed over, and nobody is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import psutil
import pytest
import threadpoolctl

from generator.forks import CAN_FORK, in_forks
from generator.interrupts import STOPPED, ending_soon
from generator.schedule import WorkerDiedError

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="processes are forked on Linux only")

SECONDS = 60


def told(items: Sequence[Callable[[], int]]) -> tuple[int, list[int], set[int]]:
    """The process, what the items say, and how many threads each numerical library has."""
    threads = {library["num_threads"] for library in threadpoolctl.threadpool_info()}
    return os.getpid(), [item() for item in items], threads


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def nobody_left() -> bool:
    return not multiprocessing.active_children()


def test_what_cannot_be_handed_over_is_there_and_comes_back_in_order() -> None:
    matrix = np.ones((200, 200))
    items = [lambda i=i: i * int((matrix @ matrix)[0, 0]) for i in range(10)]
    done = list(in_forks(told, items, 2, 3))
    assert [value for _, values, _ in done for value in values] == [200 * i for i in range(10)]
    assert [len(values) for _, values, _ in done] == [3, 3, 3, 1]
    assert os.getpid() not in {process for process, _, _ in done}
    assert all(threads == {1} for _, _, threads in done)
    assert nobody_left()


def test_what_the_work_raises_is_raised_here_and_ends_the_others() -> None:
    def refuse(items: Sequence[int]) -> None:
        if items[0]:
            time.sleep(SECONDS)
        raise ValueError("no zero")

    since = time.monotonic()
    with pytest.raises(ValueError, match="no zero"):
        list(in_forks(refuse, range(4), 2, 1))
    until(nobody_left)
    assert time.monotonic() - since < SECONDS, "the one that slept was not waited for"


def test_a_process_that_dies_is_told_of() -> None:
    def die(items: Sequence[int]) -> int:
        if items[0] == 2:
            os._exit(9)
        return items[0]

    done: list[int] = []
    with pytest.raises(WorkerDiedError, match="in the middle of its work"):
        done.extend(in_forks(die, range(6), 1, 1))
    assert done == [0, 1]
    until(nobody_left)


def test_no_more_processes_are_forked_than_there_is_work_for() -> None:
    def count(items: Sequence[int]) -> int:
        return len(psutil.Process(os.getppid()).children())

    before = len(psutil.Process().children())
    assert max(in_forks(count, range(4), 64, 2)) == before + 2


def test_a_process_that_dies_while_the_others_start_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken)
    with pytest.raises(WorkerDiedError, match="in the middle of its work"):
        list(in_forks(len, range(4), 2, 1))


STRUCK = r"""
import os, signal, sys, time
from generator.forks import in_forks
from generator.interrupts import Interrupted, ending_soon, leave
{first}
with ending_soon():
    try:
        done = list(in_forks(len, range(400), 2, 1))
        time.sleep(2)
        print(sum(done))
    except Interrupted as error:
        leave(error.number)
"""
AT_EVERY_FORK = "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.{name}))"
# A child that had no turn yet still does what its parent would; here it is told to end in that instant.
AT_BIRTH = "os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(0.5))"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_in_the_middle_of_a_fork_is_heeded_after_it(name: str) -> None:
    code = STRUCK.format(first=AT_EVERY_FORK.format(name=name))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (ran.returncode, ran.stderr) == (128 + getattr(signal, name), f"{STOPPED}\n")


def test_a_fork_that_is_ended_at_birth_ends_itself_alone() -> None:
    code = STRUCK.format(first=AT_BIRTH)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert ran.stderr.splitlines()[-1].startswith("generator.schedule.WorkerDiedError")
    assert ran.returncode == 1, "nobody told this one to end"


def test_ending_a_fork_is_not_heard_by_the_process_it_came_from() -> None:
    def sleep(items: Sequence[int]) -> None:
        if items[0]:
            until(lambda: False)
        raise ValueError("end the other one")

    with ending_soon():
        with pytest.raises(ValueError, match="end the other one"):
            list(in_forks(sleep, range(2), 2, 1))
        until(nobody_left)
        time.sleep(1.5)  # the grace that a signal which was heard would leave


SLEEPERS = r"""
import os, time
from generator.forks import in_forks
def work(items):
    os.write(1, f"{os.getpid()}\n".encode())
    time.sleep(600)
list(in_forks(work, range(2), 2, 1))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_forks_do_not_outlive_the_process_they_work_for(number: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLEEPERS], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    forks = [int(process.stdout.readline()) for _ in range(2)]
    process.send_signal(number)
    process.wait(SECONDS)
    until(lambda: not any(map(psutil.pid_exists, forks)))
    process.stdout.close()


def test_ctrl_c_ends_the_forks_of_a_process_once() -> None:
    first = "import signal\nfrom generator.interrupts import Interrupted, ending_soon\n"
    body = "\n".join(f"    {line}" for line in SLEEPERS.splitlines())
    code = f"{first}with ending_soon():\n{body}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    forks = [int(process.stdout.readline()) for _ in range(2)]
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert err.count("Traceback") <= 1, "the forks have nothing to say"
    until(lambda: not any(map(psutil.pid_exists, forks)))

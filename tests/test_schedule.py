"""Tasks over processes: every task gets its outcome, whatever becomes of the others."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
import threadpoolctl

from generator import memory, schedule
from generator.errors import Fault, InputError, IsoglossError
from generator.memory import Budget, NotEnoughMemoryError
from generator.schedule import Feed, IdleCores, WorkerDiedError, all_cores, run_all

# Functions that other processes run: they find them by importing this module.


def told(task: str) -> tuple[int, set[int], float]:
    """The process, how many threads each of its numerical libraries uses, and a product that needs one."""
    kind, _, value = task.partition(" ")
    if kind == "raise":
        raise ValueError(f"no {value}")
    if kind == "refuse":
        raise InputError([Fault("words.csv", "a problem", "A remedy", 3, "sw")])
    if kind == "die":
        os._exit(9)
    if kind == "exhaust":
        held = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (held + 200 * memory.MIB, resource.RLIM_INFINITY))
        try:
            np.ones(int(value) * memory.MIB // 8)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    matrix = np.full((200, 200), float(value))
    total = float((matrix @ matrix).sum())
    return os.getpid(), {library["num_threads"] for library in threadpoolctl.threadpool_info()}, total


def product(value: float) -> float:
    return 200**3 * value**2


@pytest.fixture
def no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a pool was started")

    monkeypatch.setattr(ProcessPoolExecutor, "__init__", refused)


def test_processes_give_every_task_its_outcome_on_one_thread_each() -> None:
    tasks = ["ok 1", "raise luck", "ok 2", "refuse it", "ok 3", "ok 4"]
    outcomes = dict(run_all(told, tasks, 2))
    assert set(outcomes) == set(tasks)
    for value in (1, 2, 3, 4):
        outcome = outcomes[f"ok {value}"]
        assert not isinstance(outcome, Exception)
        process, threads, total = outcome
        assert process != os.getpid()
        assert threads == {1}
        assert total == product(value)
    assert isinstance(outcomes["raise luck"], ValueError)
    assert str(outcomes["raise luck"]) == "no luck"
    refused = outcomes["refuse it"]
    assert isinstance(refused, InputError)
    assert str(refused) == "words.csv, row 3, column sw: a problem. A remedy."


def test_a_worker_that_dies_takes_no_other_task_with_it() -> None:
    tasks = ["die now", "ok 1", "ok 2"]
    outcomes = dict(run_all(told, tasks, 2))
    assert set(outcomes) == set(tasks)
    death = outcomes["die now"]
    assert isinstance(death, WorkerDiedError)
    assert isinstance(death, IsoglossError)
    assert "ended unexpectedly" in str(death)
    for value in (1, 2):
        outcome = outcomes[f"ok {value}"]
        assert not isinstance(outcome, Exception)
        assert outcome[2] == product(value)


def test_a_worker_without_memory_fails_its_task_and_goes_on_with_others() -> None:
    tasks = ["exhaust 4000", "ok 1", "ok 2", "ok 3"]
    outcomes = dict(run_all(told, tasks, 2))
    assert isinstance(outcomes["exhaust 4000"], MemoryError)
    assert "Unable to allocate" in str(outcomes["exhaust 4000"])
    assert not any(isinstance(outcomes[f"ok {value}"], Exception) for value in (1, 2, 3))


@pytest.mark.usefixtures("no_pool")
@pytest.mark.parametrize(("tasks", "jobs"), [(["ok 1", "ok 2", "ok 3"], 1), (["ok 1"], 8), (["ok 1", "ok 2"], 0)])
def test_one_job_or_one_task_runs_here_in_order_on_one_thread(tasks: list[str], jobs: int) -> None:
    found = list(run_all(told, tasks, jobs))
    assert [task for task, _ in found] == tasks
    for task, outcome in found:
        assert not isinstance(outcome, Exception)
        assert outcome == (os.getpid(), {1}, product(float(task.split()[1])))


@pytest.mark.usefixtures("no_pool")
def test_an_exception_here_does_not_stop_the_tasks_after_it() -> None:
    found = dict(run_all(told, ["raise luck", "ok 1", "refuse it", "ok 2"], 1))
    assert [type(outcome) for outcome in found.values()] == [ValueError, tuple, InputError, tuple]


@pytest.mark.usefixtures("no_pool")
def test_threads_are_given_back_after_and_between_tasks() -> None:
    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpoolctl.threadpool_info()]

    with threadpoolctl.threadpool_limits(2):
        before = threads()
        assert 2 in before
        for _ in run_all(told, ["ok 1", "ok 2"], 1):
            assert threads() == before
        assert threads() == before


@pytest.mark.usefixtures("no_pool")
def test_no_tasks_give_nothing() -> None:
    assert list(run_all(told, [], 4)) == []


@pytest.mark.usefixtures("no_pool")
def test_outcomes_come_as_they_end_and_not_all_at_last(tmp_path: Path) -> None:
    def touch(name: str) -> None:
        (tmp_path / name).touch()

    outcomes: Iterator[tuple[str, object]] = run_all(touch, ["a", "b"], 1)
    next(outcomes)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a"]


@pytest.mark.usefixtures("no_pool")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interruption_here_stops_everything(interrupt: type[BaseException]) -> None:
    done: list[str] = []

    def interrupted(task: str) -> None:
        if task == "b":
            raise interrupt
        done.append(task)

    with pytest.raises(interrupt):
        list(run_all(interrupted, ["a", "b", "c"], 1))
    assert done == ["a"]


def test_all_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= all_cores() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        assert all_cores() == len(os.sched_getaffinity(0))


# Tasks that are made while others run


def busy_for_a_moment(task: str) -> tuple[float, float]:
    """When the task began and ended."""
    began = time.monotonic()
    time.sleep(0.3)
    return began, time.monotonic()


def met(folder: str) -> bool:
    """Whether another process came into the folder as well."""
    (Path(folder) / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if len(list(Path(folder).iterdir())) > 1:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_feed_has_made_runs_while_it_makes_more(jobs: int) -> None:
    told_of_first = threading.Event()

    def made(_: IdleCores) -> Iterator[str]:
        yield "ok 1"
        if not told_of_first.wait(60):
            raise AssertionError("the outcome of the first task is held back")
        yield "ok 2"

    found = []
    for task, outcome in run_all(told, [], jobs, feeds=[Feed(made)]):
        assert not isinstance(outcome, Exception)
        assert (outcome[0] == os.getpid()) == (jobs == 1)
        found.append(task)
        told_of_first.set()
    assert found == ["ok 1", "ok 2"]


def test_several_feeds_and_what_is_there_at_once_are_all_run() -> None:
    feeds = [Feed(lambda _: ["ok 2", "raise luck"]), Feed(lambda _: [], computes=False), Feed(lambda _: ["ok 3"])]
    assert set(dict(run_all(told, ["ok 1"], 2, feeds=feeds))) == {"ok 1", "ok 2", "ok 3", "raise luck"}


def test_what_a_feed_raises_is_raised_here() -> None:
    def broken(_: IdleCores) -> Iterator[str]:
        yield "ok 1"
        raise InputError([Fault("水.csv", "a problem", "A remedy")])

    for jobs in (1, 2):
        with pytest.raises(InputError, match="水"):
            list(run_all(told, [], jobs, feeds=[Feed(broken)]))


def test_a_death_while_a_feed_goes_on_takes_no_later_task_with_it() -> None:
    died = threading.Event()

    def made(_: IdleCores) -> Iterator[str]:
        yield "die now"
        died.wait(60)
        yield from ("ok 2", "ok 3")

    outcomes = dict(run_all(told, ["ok 1"], 2, feeds=[Feed(made), Feed(lambda _: first_death(died))]))
    assert isinstance(outcomes.pop("die now"), WorkerDiedError)
    assert set(outcomes) == {"ok 1", "ok 2", "ok 3"}
    assert all(not isinstance(outcome, Exception) for outcome in outcomes.values())


def first_death(told: threading.Event) -> Iterator[str]:
    """No tasks, but word of the first worker that is gone."""
    deadline = time.monotonic() + 60
    seen: set[int | None] = set()
    while time.monotonic() < deadline:
        alive = {child.pid for child in multiprocessing.active_children()}
        if seen - alive:
            break
        seen |= alive
        time.sleep(0.01)
    told.set()
    yield from ()


def test_a_feed_that_computes_has_one_worker_s_place() -> None:
    done = threading.Semaphore(0)

    def computing(_: IdleCores) -> Iterator[str]:
        for _task in range(3):
            done.acquire(timeout=60)
        yield from ()

    times = []
    for _, outcome in run_all(busy_for_a_moment, ["a", "b", "c"], 2, feeds=[Feed(computing)]):
        assert not isinstance(outcome, Exception)
        times.append(outcome)
        done.release()
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(sorted(times)))


def test_a_feed_that_waits_for_a_network_leaves_every_worker_its_place(tmp_path: Path) -> None:
    over = threading.Event()

    def waiting(_: IdleCores) -> Iterator[str]:
        over.wait(120)
        yield from ()

    found = run_all(met, [str(tmp_path)] * 2, 2, feeds=[Feed(waiting, computes=False)])
    assert [outcome for _, outcome in itertools.islice(found, 2)] == [True, True]
    over.set()
    assert list(found) == []


def test_a_feed_is_told_how_many_cores_are_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "all_cores", lambda: 8)
    asked: list[int] = []

    def made(idle_cores: IdleCores) -> Iterator[str]:
        deadline = time.monotonic() + 60
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.02)
        asked.append(idle_cores())
        (tmp_path / "the feed").touch()
        yield from ()

    assert [outcome for _, outcome in run_all(met, [str(tmp_path)], 2, feeds=[Feed(made)])] == [True]
    assert asked == [7]


# Within bounds of memory


SIZES = {"a": 3, "b": 5, "c": 1, "d": 4, "e": 2, "f": 2}


def need(task: str) -> int:
    return SIZES[task]


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process and idle ones held nothing."""
    monkeypatch.setattr(memory, "own_bytes", lambda: 0)
    monkeypatch.setattr(schedule, "WORKER_BYTES", 0)


@pytest.mark.usefixtures("nothing_held")
def test_tasks_that_run_at_a_time_fit_into_the_budget_together() -> None:
    times = {}
    for task, outcome in run_all(busy_for_a_moment, list(SIZES), 3, need=need, budget=Budget(6)):
        assert not isinstance(outcome, Exception)
        times[task] = outcome
    assert set(times) == set(SIZES)
    for moment, _ in times.values():
        assert sum(need(task) for task, (begin, end) in times.items() if begin <= moment < end) <= 6


@pytest.mark.usefixtures("nothing_held")
def test_the_task_that_needs_most_comes_first() -> None:
    assert [task for task, _ in run_all(need, ["a", "d", "b"], 3, need=need, budget=Budget(5))] == ["b", "d", "a"]


@pytest.mark.usefixtures("nothing_held")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_that_does_not_fit_alone_is_not_started_and_the_others_are(tmp_path: Path, jobs: int) -> None:
    tasks = [str(tmp_path / name) for name in SIZES]
    outcomes = dict(
        run_all(touched, tasks, jobs, need=lambda task: need(Path(task).name), budget=Budget(4, "what there is"))
    )
    refused = outcomes.pop(str(tmp_path / "b"))
    assert isinstance(refused, NotEnoughMemoryError)
    assert "what there is" in str(refused)
    assert set(outcomes.values()) == {True}
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == set(SIZES) - {"b"}


def touched(path: str) -> bool:
    Path(path).touch()
    return True


def test_what_this_process_holds_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "own_bytes", lambda: 3)
    refused = dict(run_all(told, ["ok 1", "ok 2"], 2, need=lambda _: 4, budget=Budget(6)))
    assert {type(outcome) for outcome in refused.values()} == {NotEnoughMemoryError}
    fit = dict(run_all(told, ["ok 1", "ok 2"], 2, need=lambda _: 3, budget=Budget(6)))
    assert {type(outcome) for outcome in fit.values()} == {tuple}


def test_what_idle_workers_hold_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers meet; later one of them can have what the other does not hold."""
    monkeypatch.setattr(memory, "own_bytes", lambda: 0)
    meeting, fitting, large = (str(tmp_path / name) for name in ("meeting", "fitting", "large"))
    Path(meeting).mkdir()
    for folder in (fitting, large):  # where nobody needs to wait for another
        Path(folder).mkdir()
        for name in ("one", "another"):
            (Path(folder) / name).touch()
    needed = {meeting: 0, fitting: schedule.WORKER_BYTES, large: 2 * schedule.WORKER_BYTES}
    ended = threading.Semaphore(0)

    def later(_: IdleCores) -> Iterator[str]:
        for _task in range(2):
            ended.acquire(timeout=120)
        yield from (large, fitting)

    found = []
    run = run_all(
        met,
        [meeting, meeting],
        2,
        feeds=[Feed(later, computes=False)],
        need=lambda task: needed[task],
        budget=Budget(2 * schedule.WORKER_BYTES),
    )
    for task, outcome in run:
        found.append((task, outcome if outcome is True else type(outcome)))
        ended.release()
    assert found == [(meeting, True), (meeting, True), (fitting, True), (large, NotEnoughMemoryError)]


@pytest.mark.usefixtures("nothing_held")
def test_the_room_that_there_is_is_asked_for_once_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(memory, "own_bytes", lambda: asked.append(1) or 0)
    tasks = [f"ok {value}" for value in range(30)]
    assert len(list(run_all(told, tasks, 2, need=lambda _: 1, budget=Budget(2)))) == len(tasks)
    assert len(asked) <= 2 * len(tasks) + 2


def filled(n_bytes: int) -> tuple[float, float, int]:
    """When this process began to fill so many bytes, when it let go of them, and the most that it has held."""
    began = time.monotonic()
    held = np.ones(n_bytes, dtype=np.uint8)
    time.sleep(0.5)
    del held
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return began, time.monotonic(), peak


def test_workers_hold_together_what_the_budget_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real processes that fill what they need: those that run at a time stay within, and none takes more than told."""
    n_bytes, own = [100 << 20, 150 << 20, 200 << 20], memory.own_bytes()
    monkeypatch.setattr(memory, "own_bytes", lambda: own)
    size = own + 3 * schedule.WORKER_BYTES
    ran = {}
    for task, outcome in run_all(filled, n_bytes, 3, need=lambda n: n + schedule.WORKER_BYTES, budget=Budget(size)):
        assert not isinstance(outcome, Exception)
        ran[task] = outcome
    assert set(ran) == set(n_bytes)
    for task, (moment, _, peak) in ran.items():
        together = [n for n, (began, ended, _) in ran.items() if began <= moment < ended]
        assert own + sum(n + schedule.WORKER_BYTES for n in together) <= size
        assert own + sum(ran[n][2] for n in together) <= size
        assert peak <= task + schedule.WORKER_BYTES

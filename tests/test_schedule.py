"""Tasks over processes: every task gets its outcome, whatever becomes of the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from generator.errors import Fault, InputError, IsoglossError
from generator.schedule import WorkerDiedError, all_cores, run_all

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

"""Independent tasks over processes: one a core, each single-threaded, none able to take the others down."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from generator.errors import IsoglossError
from generator.interrupts import deaf, unheard
from generator.memory import WORKER_BYTES, Budget

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

IdleCores = Callable[[], int]
"""How many cores no worker keeps busy at the moment, 1 or more."""


class WorkerDiedError(IsoglossError):
    """A process ended in the middle of a task, as when memory runs out."""


@dataclass(frozen=True)
class Feed(Generic[Task]):
    """Tasks that are made while others run, in a thread of this process."""

    tasks: Callable[[IdleCores], Iterable[Task]]
    computes: bool = True
    """Whether making them keeps a core busy, so that there is one worker fewer meanwhile."""


def run_all(
    function: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    jobs: int,
    *,
    feeds: Sequence[Feed[Task]] = (),
    need: Callable[[Task], int] = lambda _: 0,
    budget: Budget | None = None,
) -> Iterator[tuple[Task, Outcome | Exception]]:
    """Apply ``function`` to every task and give each task with its outcome, or the exception, as it ends.

    Of the tasks that wait, the one that needs most memory starts first; among equals, the first. A task whose
    process dies is tried once more alone, so that a healthy task that shared the pool with a deadly one is not lost.

    Args:
        function: what the processes run; they find it by its name.
        tasks: those that are there at once.
        jobs: how many tasks run at a time. One runs in this process, after the feeds have made it.
        feeds: where more tasks come from. What a feed raises is raised here.
        need: the most bytes that a process holds while it runs a task.
        budget: what this process and its workers may hold together. A task that does not fit in when nothing else
            runs is not started: its outcome is NotEnoughMemoryError. None for no bounds.
    """
    bounds = budget or Budget.unbounded()
    if jobs < 2 or (len(tasks) < 2 and not feeds):
        yield from _run_here(function, tasks, feeds, need, bounds)
        return
    died = []
    for task, outcome in _Run(function, jobs, need, bounds).outcomes(tasks, feeds):
        if isinstance(outcome, BrokenProcessPool):
            died.append(task)
        else:
            yield task, outcome
    for task in died:
        ((_, outcome),) = _Run(function, 1, need, bounds).outcomes([task], ())
        if isinstance(outcome, BrokenProcessPool):
            outcome = WorkerDiedError("the process that measured this ended unexpectedly, perhaps for lack of memory")
        yield task, outcome


def _run_here(
    function: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    feeds: Sequence[Feed[Task]],
    need: Callable[[Task], int],
    budget: Budget,
) -> Iterator[tuple[Task, Outcome | Exception]]:
    from threadpoolctl import threadpool_limits

    for source in (tasks, *(feed.tasks(all_cores) for feed in feeds)):
        for task in source:
            with threadpool_limits(1):
                try:
                    budget.refuse_beyond(need(task))
                    outcome: Outcome | Exception = function(task)
                except Exception as error:  # recorded by the caller, so that the other tasks go on
                    outcome = error
            yield task, outcome


@dataclass(frozen=True)
class _Ended(Generic[Task]):
    feed: Feed[Task]
    error: BaseException | None = None


class _Run(Generic[Task, Outcome]):
    """Tasks over worker processes. When one dies, those that run at that moment end with BrokenProcessPool."""

    def __init__(
        self,
        function: Callable[[Task], Outcome],
        jobs: int,
        need: Callable[[Task], int],
        budget: Budget,
    ) -> None:
        self._function, self._jobs, self._need, self._budget = function, jobs, need, budget
        self._waiting: list[Task] = []
        self._running: dict[Future[Outcome], Task] = {}
        self._fed_by: list[Feed[Task]] = []
        self._events: SimpleQueue[tuple[Task] | Future[Outcome] | _Ended[Task]] = SimpleQueue()
        self._pool = self._started()
        self._over = False

    def outcomes(
        self, tasks: Sequence[Task], feeds: Sequence[Feed[Task]]
    ) -> Iterator[tuple[Task, Outcome | Exception]]:
        self._waiting += tasks
        self._fed_by += feeds
        for feed in feeds:
            threading.Thread(target=self._make, args=(feed,), daemon=True).start()
        try:
            while True:
                self._start_what_fits()
                if not self._running and not self._fed_by:
                    break
                event = self._events.get()
                if isinstance(event, Future):
                    yield self._running.pop(event), self._outcome(event)
                elif isinstance(event, _Ended):
                    self._fed_by.remove(event.feed)
                    if event.error:
                        raise event.error
                else:
                    self._waiting += event
            # Nothing runs any more, and still there is no room for these.
            yield from ((task, self._budget.shortage(self._need(task))) for task in self._waiting)
        except BaseException:
            self._over = True
            self._pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
        self._pool.shutdown()

    def _outcome(self, future: Future[Outcome]) -> Outcome | Exception:
        """What came of a task. Raises what is no ordinary exception, such as SystemExit."""
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, Exception):
            return error
        raise error

    def _started(self) -> ProcessPoolExecutor:
        # Forked children inherit the locks of torch's and BLAS's threads; spawned ones start clean.
        context = multiprocessing.get_context("spawn")
        _start_tracker()
        return ProcessPoolExecutor(self._jobs, mp_context=context, initializer=start_worker)

    def _submitted(self, task: Task) -> Future[Outcome]:
        with deaf():  # the pool starts its processes now
            return self._pool.submit(self._function, task)

    def _make(self, feed: Feed[Task]) -> None:
        """What the thread of a feed does."""
        try:
            for task in feed.tasks(self._idle_cores):
                self._events.put((task,))
        except BaseException as error:  # raised again where the outcomes are waited for
            self._events.put(_Ended(feed, error))
        else:
            self._events.put(_Ended(feed))

    def _idle_cores(self) -> int:
        if self._over:
            sys.exit()  # the feed's thread: nobody waits for what it makes
        return max(1, all_cores() - len(self._running))

    def _start_what_fits(self) -> None:
        workers = max(1, self._jobs - sum(feed.computes for feed in self._fed_by))
        while len(self._running) < workers and (task := self._largest_that_fits()):
            self._submit(*task)

    def _largest_that_fits(self) -> tuple[Task] | None:
        """The task to start next, in a tuple of its own; None when there is no room for any."""
        waiting = len(multiprocessing.active_children()) - len(self._running)
        held = sum(map(self._need, self._running.values())) + WORKER_BYTES * max(0, waiting - 1)
        room = self._budget.room(held)
        fitting = [task for task in self._waiting if self._need(task) <= room]
        return (max(fitting, key=self._need),) if fitting else None

    def _submit(self, task: Task) -> None:
        try:
            future = self._submitted(task)
        except BrokenProcessPool:  # by a worker that died just now, or while it had nothing to do
            self._pool.shutdown()
            self._pool = self._started()
            future = self._submitted(task)
        self._waiting.remove(task)
        self._running[future] = task
        future.add_done_callback(self._events.put)


def _start_tracker() -> None:
    """Start the process that tidies up after multiprocessing, which is not to comment on a run that was stopped."""
    from multiprocessing import resource_tracker

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def start_worker() -> None:
    """Begin a process that works for another one.

    It has one thread: with two BLAS threads in each of two processes, layouts take up to 12 times as long.
    """
    unheard()
    for variable in THREAD_VARIABLES:  # for the libraries that are loaded later
        os.environ[variable] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import numpy as np  # noqa: F401 - whose threads are limited next
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def all_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

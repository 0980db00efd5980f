"""Independent tasks over processes: one a core, each single-threaded, none able to take the others down."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from generator.errors import IsoglossError

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class WorkerDiedError(IsoglossError):
    """A process ended in the middle of a task, as when memory runs out."""


def run_all(
    function: Callable[[Task], Outcome], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Outcome | Exception]]:
    """Apply ``function`` to every task and give each task with its outcome, or the exception, as it ends.

    Tasks start in the order given (put the longest first). A task whose process dies is tried once more alone,
    so that a healthy task that shared the pool with a deadly one is not lost.
    """
    if min(jobs, len(tasks)) < 2:
        yield from _run_here(function, tasks)
        return
    died = []
    for task, outcome in _run_in_pool(function, tasks, jobs):
        if isinstance(outcome, BrokenProcessPool):
            died.append(task)
        else:
            yield task, outcome
    for task in died:
        ((_, outcome),) = _run_in_pool(function, [task], 1)
        if isinstance(outcome, BrokenProcessPool):
            outcome = WorkerDiedError("the process that measured this ended unexpectedly, perhaps for lack of memory")
        yield task, outcome


def _run_here(function: Callable[[Task], Outcome], tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Exception]]:
    from threadpoolctl import threadpool_limits

    for task in tasks:
        with threadpool_limits(1):
            try:
                outcome: Outcome | Exception = function(task)
            except Exception as error:  # recorded by the caller, so that the other tasks go on
                outcome = error
        yield task, outcome


def _run_in_pool(
    function: Callable[[Task], Outcome], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Outcome | Exception]]:
    # Forked children inherit the locks of torch's and BLAS's threads; spawned ones start clean.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_start_worker) as pool:
        futures: dict[Future[Outcome], Task] = {pool.submit(function, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                error = future.exception()
                if error is None:
                    yield futures[future], future.result()
                elif isinstance(error, Exception):
                    yield futures[future], error
                else:
                    raise error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


def _start_worker() -> None:
    """One thread a process: with two BLAS threads in each of two processes, layouts take up to 12 times as long."""
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

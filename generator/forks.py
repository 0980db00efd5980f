"""Work on what is in memory already, over forked processes: they have it as it is, and hand over what they make of it.

A spawned process (`generator.schedule`) starts clean, but must load the libraries and be sent its tasks, which takes
longer than making the files of a site does. What is done here must need no lock that another thread of this process
may hold, as torch's and OpenMP's threads do: forked processes would wait for it for ever.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from generator.interrupts import deaf
from generator.schedule import WorkerDiedError, start_worker

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

CAN_FORK = sys.platform == "linux"
"""Elsewhere system libraries do not survive a fork, or there is none."""

_inherited: list[Any] = []


def in_forks(
    work: Callable[[Sequence[Item]], Outcome], items: Sequence[Item], jobs: int, at_a_time: int
) -> Iterator[Outcome]:
    """``work`` of every ``at_a_time`` items, in their order.

    Raises what ``work`` raises, and WorkerDiedError when a process ends before its work does.
    """
    starts = range(0, len(items), at_a_time)
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(max(1, min(jobs, len(starts))), context, _start_fork, (work, items))
    try:
        with deaf():  # the first task starts all processes
            done = [pool.submit(_work, start, start + at_a_time) for start in starts]
        for future in done:
            yield future.result()
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
        if isinstance(error, BrokenProcessPool):
            raise WorkerDiedError("a process ended in the middle of its work, perhaps for lack of memory") from error
        raise
    pool.shutdown()


def _start_fork(work: Callable[[Sequence[Any]], Any], items: Sequence[Any]) -> None:
    start_worker()
    _inherited[:] = work, items


def _work(start: int, stop: int) -> Any:
    work, items = _inherited
    return work(items[start:stop])

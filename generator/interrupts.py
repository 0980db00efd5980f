"""Ctrl-C and SIGTERM: whatever a command is in the middle of, it ends within two seconds and says how to go on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 1.0
"""How long the main thread has to tidy up: it may be deep in a library that hears of no signal, or wait for an API."""
STOPPED = "Stopped. What was finished is stored; the same command goes on from there."
SHOW_CURSOR = "\x1b[?25h"
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_leaving = threading.Lock()
_missed: list[list[int]] = []
"""For each `deaf` that this process is within, the signals that came."""


class Interrupted(KeyboardInterrupt):
    """The signal that asks the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending_soon() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise Interrupted in the main thread; where that leads nowhere, the process ends.

    For the main thread. A signal that is ignored, as under nohup, stays so.
    """
    heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _raise) for number in heeded}
    heard, told = os.pipe()
    os.set_blocking(told, False)
    # The interpreter writes a signal's number there at once, whatever the main thread does.
    wake = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(heard, heeded), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wake)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(told)
        watcher.join()
        os.close(heard)


def leave(number: int) -> NoReturn:
    """End this process and those that work for it, now, with the one line that says how to go on.

    Nothing needs to be put in order first: all that is stored is stored whole, and the next run clears the rest away.
    """
    import multiprocessing

    with _leaving:  # never given back: whoever comes second waits for the end
        for worker in multiprocessing.active_children():
            worker.kill()
        sys.stderr.write(f"{SHOW_CURSOR if sys.stderr.isatty() else ''}{STOPPED}\n")
        sys.stderr.flush()
        os._exit(128 + number)


def unheard() -> None:
    """Let this process, which works for another one, leave Ctrl-C to that one, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A forked one has inherited what the other one does at a signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


@contextmanager
def deaf() -> Iterator[None]:
    """Processes started within never hear Ctrl-C, and SIGTERM from `unheard` on; this one heeds both right after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set(SIGNALS))
    # Another thread may take a signal all the same; its handler, in the middle of a fork, would raise into nowhere.
    _missed.append([])
    try:
        yield
    finally:
        missed = _missed.pop()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if missed:
            raise Interrupted(missed[0])


def _raise(number: int, _: FrameType | None) -> None:
    for each in SIGNALS:  # impatience must not disturb the tidying up
        signal.signal(each, signal.SIG_IGN)
    if not _missed:
        raise Interrupted(number)
    _missed[-1].append(number)


def _watch(heard: int, heeded: list[int]) -> None:
    while byte := os.read(heard, 1):
        if byte[0] in heeded:
            time.sleep(GRACE_SECONDS)
            leave(byte[0])

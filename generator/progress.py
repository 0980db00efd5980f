"""What a run tells the person who waits: a live bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from generator.visible import visible


def console() -> Console:
    """The console that messages go to; rich respects NO_COLOR."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """One line for the person who waits."""
    (_display.progress.console if _display.progress else console()).print(visible(message), markup=False)


class _Display:
    """The bars on a terminal: one display, however many things are counted at a time."""

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self._lock = threading.Lock()
        self._n_bars = 0

    @contextmanager
    def bar(self, target: Console, what: str, total: int) -> Iterator[Callable[[int, str], None]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with self._lock:
            if self.progress is None:
                self.progress = Progress(*columns, console=target, transient=True)
                self.progress.start()
            self._n_bars += 1
            progress = self.progress
        task = progress.add_task(what, total=total)

        def advance(count: int, message: str) -> None:
            progress.advance(task, count)
            if message:
                progress.console.print(visible(message), markup=False)

        try:
            yield advance
        finally:
            progress.refresh()
            progress.remove_task(task)
            with self._lock:
                self._n_bars -= 1
                if not self._n_bars:
                    progress.stop()
                    self.progress = None


_display = _Display()


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Count done things up to ``total``: yields a function that takes how many more are done, and what to say.

    On a terminal a bar moves; elsewhere each thing with something to say is a line of its own.
    """
    target = console()
    if not target.is_terminal:
        yield lambda _, message: say(message) if message else None
        return
    with _display.bar(target, what, total) as advance:
        yield advance

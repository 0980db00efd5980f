"""What a run tells the person who waits: a live bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def console() -> Console:
    """The console that messages go to; rich respects NO_COLOR."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """One line for the person who waits."""
    console().print(message, markup=False)


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Count done things up to ``total``: yields a function that takes how many more are done, and what to say.

    On a terminal a bar moves; elsewhere each thing with something to say is a line of its own.
    """
    target = console()
    if not target.is_terminal:
        yield lambda _, message: say(message) if message else None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=target, transient=True) as progress:
        task = progress.add_task(what, total=total)

        def advance(count: int, message: str) -> None:
            progress.advance(task, count)
            if message:
                progress.console.print(message, markup=False)

        yield advance

"""Building again when what a benchmark is read from has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

from generator.config import Sources, sources
from generator.errors import InputError, IsoglossError
from generator.history import LOG_NAME
from generator.progress import say

SETTLED_MS = 300
"""How long nothing more may change before a build begins."""
LOOK_MS = 2000
"""How often to look without being told: not every file system tells."""

State = Mapping[Path, tuple[int, int]]
"""By file: when it was last written, and its size."""


def rebuild_on_change(config: Path, rebuild: Callable[[], None]) -> None:
    """Call ``rebuild`` whenever a source of the benchmark changes, until interrupted.

    What a build itself writes is no change. A benchmark that cannot be built is told of in one message, and the
    next change is waited for.
    """
    told = sources(config)
    seen = _state(told.read) | _state([told.results])
    while True:
        now = _changed_state(told, seen)
        say(f"Changed: {_named(seen, now)}")
        try:
            rebuild()
        except (IsoglossError, OSError) as error:
            say(f"Error: {error}\nThe site stays as it was.")
        told = _sources(config, told)
        # What was read is as it was before the build, lest a change during the build be missed.
        read = {path: stamp for path, stamp in now.items() if not path.is_relative_to(told.results)}
        known = {path: stamp for path, stamp in _state(told.read).items() if path not in now}
        seen = read | known | _state([told.results])


def _sources(config: Path, before: Sources) -> Sources:
    """The benchmark's sources; those of before while its config is faulty."""
    try:
        return sources(config)
    except InputError:
        return before


def _changed_state(told: Sources, seen: State) -> State:
    """Wait until a source is no longer as it was seen, and for how it is then."""
    from watchfiles import watch

    wake = watch(
        *_folders(told),
        recursive=False,
        watch_filter=None,
        debounce=SETTLED_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
    )
    with closing(wake):
        for _ in wake:
            now = _state(told.read) | _state([told.results])
            if now != seen:
                return now
    raise KeyboardInterrupt


def _folders(told: Sources) -> set[Path]:
    """Every folder whose entries matter: a file is watched by its folder, since editors put new files in place."""
    places = [*told.read, told.results]
    inside = {path for place in places if place.is_dir() for path in (place, *place.rglob("*")) if path.is_dir()}
    return inside | {place.parent for place in places if place.parent.is_dir()}


def _state(places: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """The state of all files of some files and folders; hidden ones and the log of changes are not looked at."""
    found = {}
    for place in places:
        for path in place.rglob("*") if place.is_dir() else [place]:
            if path.name == LOG_NAME or any(part.startswith(".") for part in path.relative_to(place).parts):
                continue
            try:
                told = path.stat()
            except OSError:  # gone by now, or never there
                continue
            if not path.is_dir():
                found[path] = (told.st_mtime_ns, told.st_size)
    return found


def _named(before: State, after: State) -> str:
    """The names of the files that differ, the first few of them."""
    names = sorted({path.name for path in before.keys() | after.keys() if before.get(path) != after.get(path)})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

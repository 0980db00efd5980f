"""Memory: how much there is, and how much of it measuring a pair takes."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from generator.errors import IsoglossError

MIB = 1 << 20
WORKER_BYTES = 320 * MIB
"""What a worker holds with the libraries that measure loaded, before it measures anything."""

POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
SIZE = re.compile(r"(\d+(?:\.\d+)?) *(?:([KMGT])(I?))?B?", re.ASCII | re.IGNORECASE)

RARELY = (200_000, 50, 1000)
"""How many objects more there must be before Python looks for cycles among them, and how often among older ones."""

CGROUP = Path("/sys/fs/cgroup")
CGROUP_FILES = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)
"""What a container may hold and what it holds, in the second version of control groups and in the first; then where
to find how much of the latter is files read before, which make room for whatever needs it."""


class NotEnoughMemoryError(IsoglossError):
    """A pair needs more memory than there is for it."""


@dataclass(frozen=True)
class Budget:
    """What this process and its workers may hold together."""

    size: float
    """Bytes."""
    source: str = ""
    """Where the size comes from, for messages."""
    remedy: str = (
        "Allow more with --memory, or score the list alone with isogloss score, which reads one of more than 50,000 "
        "rows as a stream"
    )

    @classmethod
    def unbounded(cls) -> Self:
        return cls(float("inf"))

    def room(self, held: int) -> float:
        """The bytes that one more worker may take while others hold ``held``, and this process what it does."""
        return self.size if self.size == float("inf") else max(0, self.size - own_bytes() - held)

    def refuse_beyond(self, needed: int) -> None:
        """Raises NotEnoughMemoryError when ``needed`` bytes are more than there are."""
        if needed > self.size:
            raise self.shortage(needed)

    def shortage(self, needed: int) -> NotEnoughMemoryError:
        """The error of a pair that is not measured for lack of memory."""
        return NotEnoughMemoryError(
            f"measuring it takes about {as_size(needed)} of memory besides what Isogloss itself holds, more than "
            f"{self.source}. {self.remedy}"
        )


def budget(size: int | None) -> Budget:
    """What may be held: a size that was asked for, or else what the machine, or the container, has free now."""
    if size is not None:
        return Budget(size, f"the {as_size(size)} that --memory allows")
    # How much is free changes from run to run, and a failure that says nothing new keeps its first day.
    return Budget(free_bytes() + own_bytes(), "this machine has free")


def free_bytes() -> int:
    """What may be taken besides what is held already, in bytes: of the machine, or of the container if that is less."""
    import psutil

    free = [int(psutil.virtual_memory().available)]
    for most, now, stat, reclaimable in CGROUP_FILES:
        try:
            held = int((CGROUP / now).read_text()) - _told(CGROUP / stat, reclaimable)
            free.append(int((CGROUP / most).read_text()) - held)
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
    return max(0, min(free))


def _told(stat: Path, name: str) -> int:
    """A number from a file of lines of a name and a number each; 0 when it is not there."""
    try:
        numbers = dict(line.split(maxsplit=1) for line in stat.read_text().splitlines())
        return int(numbers.get(name, 0))
    except (OSError, ValueError):
        return 0


def own_bytes() -> int:
    """What this process holds in memory, in bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def parse_size(text: str) -> int:
    """Bytes from a size as people write it: 4GB is 4 · 1000³, 4GiB and 4 Gi are 4 · 1024³, a bare number is bytes.

    Raises ValueError for anything else, and for none at all.

    >>> parse_size("1.5 GiB"), parse_size("800M")
    (1610612736, 800000000)
    """
    found = SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no amount of memory. Write it like 4GB or 512MiB")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** POWERS[(unit or "").upper()])


def as_size(n_bytes: float) -> str:
    """A number of bytes for reading.

    >>> as_size(4_000_000_000), as_size(310_000_000)
    ('4.0 GB', '310 MB')
    """
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Within, Python seldom looks for cycles of objects: a site is made of millions of records, which have none."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)

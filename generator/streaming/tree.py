"""Sums added up in an order that depends on nothing but the number of shards, and kept so that a run can go on.

Shards are the leaves of a binary tree: node i of level k is the sum of the nodes 2i and 2i + 1 of the level below.
Whether one process adds leaf by leaf or a cluster adds blocks of 2ᵏ, the same numbers are added in the same order, and
the same bytes come out.
"""

from __future__ import annotations

import dataclasses
import io
import json
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from generator.files import write_atomically
from generator.measures.affinity import AffinitySums
from generator.measures.streams import GroupSums, StreamSums

SAVE_SECONDS = 20.0
"""How long a pass goes on before what it has added up is saved; what a kill costs at most."""


@dataclass(frozen=True)
class Tree:
    """The sums of the shards so far: the roots of the largest whole subtrees, from the left, by falling level."""

    roots: tuple[tuple[int, StreamSums], ...] = ()
    """Levels with their sums; a root of level k holds 2ᵏ shards."""

    @property
    def done(self) -> int:
        """How many shards are in it; the next one has this number."""
        return sum(1 << level for level, _ in self.roots)

    def pushed(self, sums: StreamSums, level: int = 0) -> Tree:
        """The tree with the next 2^level shards, of which ``done`` has to be a multiple.

        Raises ValueError where it is not.
        """
        if self.done % (1 << level):
            raise ValueError(f"a block of {1 << level} shards cannot come after {self.done}")
        roots = list(self.roots)
        while roots and roots[-1][0] == level:
            _, left = roots.pop()
            sums, level = left + sums, level + 1
        return Tree((*roots, (level, sums)))

    def total(self) -> StreamSums:
        """The sums of all shards. Raises ValueError for a tree without any."""
        if not self.roots:
            raise ValueError("there are no shards to add")
        return reduce(lambda right, left: left + right, [sums for _, sums in reversed(self.roots)])


@dataclass(frozen=True)
class Checkpoint:
    """The file that holds the tree of a pass, for a run that goes on after a kill."""

    path: Path

    def load(self) -> Tree:
        """The tree as it was last saved; an empty one where there is none, or none that can be read."""
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                told = json.loads(str(arrays["told"]))
                return Tree(
                    tuple((level, _unpacked(arrays, place, told)) for place, level in enumerate(told["levels"]))
                )
        # What a missing or damaged file makes its readers raise: its shards are measured again.
        except (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error):
            return Tree()

    def save(self, tree: Tree) -> None:
        """Keep a tree; whole or not at all."""
        content = io.BytesIO()
        languages = tree.roots[0][1].affinity.languages if tree.roots else ()
        told = json.dumps({"levels": [level for level, _ in tree.roots], "languages": languages})
        arrays = {
            f"{place}.{name}": value
            for place, (_, sums) in enumerate(tree.roots)
            for name, value in _packed(sums).items()
        }
        np.savez(content, allow_pickle=False, told=np.array(told), **arrays)
        write_atomically(self.path, content.getvalue())

    @contextmanager
    def growing(self, n_shards: int) -> Iterator[GrowingTree]:
        """The tree of a pass over so many shards, from where it was last saved on, and saved whatever ends the pass."""
        tree = self.load()
        grown = GrowingTree(self, tree if tree.done <= n_shards else Tree())
        try:
            yield grown
        finally:
            grown.save()


class GrowingTree:
    """The tree of a pass that is under way; what is finished is saved every `SAVE_SECONDS`."""

    def __init__(self, checkpoint: Checkpoint, tree: Tree) -> None:
        self.tree = tree
        self._checkpoint, self._saved, self._since = checkpoint, tree, time.monotonic()

    def push(self, sums: StreamSums, level: int = 0) -> None:
        """Add the sums that come next; see `Tree.pushed`."""
        self.tree = self.tree.pushed(sums, level)
        if time.monotonic() - self._since > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Save what has been added since it was last saved."""
        if self.tree is not self._saved:
            self._checkpoint.save(self.tree)
            self._saved, self._since = self.tree, time.monotonic()


def _packed(sums: StreamSums) -> dict[str, Any]:
    """The arrays and numbers of sums by name."""
    found: dict[str, Any] = {"on_mean": sums.on_mean}
    for part in (sums.affinity, sums.groups):
        found |= {
            f"{type(part).__name__}.{field.name}": getattr(part, field.name) for field in dataclasses.fields(part)
        }
    found.pop("AffinitySums.languages")
    return found


def _unpacked(arrays: np.lib.npyio.NpzFile, place: int, told: dict[str, list[str]]) -> StreamSums:
    def taken(kind: type, name: str) -> Any:
        value = arrays[f"{place}.{kind.__name__}.{name}"]
        return value if value.ndim else value.item()

    affinity = {
        field.name: taken(AffinitySums, field.name)
        for field in dataclasses.fields(AffinitySums)
        if field.name != "languages"
    }
    groups = {field.name: taken(GroupSums, field.name) for field in dataclasses.fields(GroupSums)}
    return StreamSums(
        AffinitySums(languages=tuple(told["languages"]), **affinity),
        arrays[f"{place}.on_mean"],
        GroupSums(**groups),
    )

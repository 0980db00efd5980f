"""One dataset of any length on a cluster: a pass over its shards, added up as a tree.

Shards go to the workers in blocks; a block is added up where its shards were, and only its sums come back. The order
of adding is that of `generator.streaming.tree`, so that the bytes are those of a run in one process, and either can go
on from where the other was stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.cluster import tasks
from generator.cluster.connection import GPU, Cluster, connected
from generator.cluster.tasks import Order, Source
from generator.errors import IsoglossError, ModelUnavailableError, reason_of
from generator.measures.streams import Frame, StreamSums
from generator.models.encoder import Encoder
from generator.models.registry import Model
from generator.models.sources import load_encoder
from generator.pair import Parameters
from generator.schedule import WorkerDiedError
from generator.streaming.passes import Pass, sums_of
from generator.streaming.score import CHEAP
from generator.streaming.shards import Shard, ShardContent, read_shard
from generator.streaming.slices import SlicedVectors
from generator.streaming.tree import Checkpoint

if TYPE_CHECKING:
    from distributed import Future

LEVEL = 3
"""Blocks hold 2³ shards: a few MB on their way, and one answer."""
LEAST_FREE = 0.1
"""Of a worker's disk, what vectors kept between the passes leave free."""


@dataclass(frozen=True)
class Block:
    """Shards that follow each other: a whole subtree."""

    first: int
    level: int

    @property
    def stop(self) -> int:
        return self.first + (1 << self.level)


def blocks(first: int, stop: int, level: int) -> Iterator[Block]:
    """The largest subtrees, of 2^level shards at most, that hold the shards from ``first`` to before ``stop``.

    >>> [(block.first, block.stop) for block in blocks(5, 19, 2)]
    [(5, 6), (6, 8), (8, 12), (12, 16), (16, 18), (18, 19)]
    """
    while first < stop:
        fitting = (k for k in range(level, -1, -1) if first % (1 << k) == 0 and first + (1 << k) <= stop)
        block = Block(first, next(fitting))
        yield block
        first = block.stop


@dataclass(frozen=True)
class ClusterPass:
    """What looks at every shard, in place of `generator.streaming.passes.SerialPass`."""

    cluster: Cluster
    order: Order
    source: Source

    @classmethod
    def of(cls, cluster: Cluster, model: Model, parameters: Parameters, *, allow_remote_code: bool) -> ClusterPass:
        """The passes for a pinned model."""
        order = Order(cluster.run, tasks.versions_here(), parameters, allow_remote_code)
        return cls(cluster, order, Source.of(model))

    def __call__(
        self, shards: Sequence[Shard], frame: Frame, checkpoint: Checkpoint, advance: Callable[[int], None]
    ) -> StreamSums:
        """The sums of all shards. Raises ClusterError, and what a shard's task raises."""
        with self.cluster.answering():
            framed = self.cluster.client.submit(tasks.delivered, frame, pure=False)
        submit = partial(self._submit, shards, framed)
        early: dict[int, tuple[StreamSums, Block]] = {}  # whose turn has not come
        with checkpoint.growing(len(shards)) as grown:
            done = grown.tree.done
            advance(sum(shard.n_concepts for shard in shards[:done]))
            graphs = [partial(submit, block) for block in blocks(done, len(shards), LEVEL)]
            for block, outcome in self.cluster.outcomes(graphs, lambda: 2 * self.cluster.size - len(early)):
                early[block.first] = self._sums(outcome), block
                advance(sum(shard.n_concepts for shard in shards[block.first : block.stop]))
                while grown.tree.done in early:
                    sums, next_block = early.pop(grown.tree.done)
                    grown.push(sums, next_block.level)
        return grown.tree.total()

    def _submit(
        self, shards: Sequence[Shard], framed: Future[Frame], block: Block
    ) -> Mapping[Future[StreamSums], Block]:
        """Submit a block: its shards to one worker, the same in every pass, which may have kept their vectors; or to
        those with a GPU, where the model runs faster on one and not every worker has one."""
        gpus, workers = self.cluster.gpus(self.source.model), sorted(self.cluster.workers)
        where: dict[str, Any] = {}
        if gpus and gpus != workers:
            # An idle worker takes what is only meant for another one, and would encode without a GPU.
            where = {"resources": {GPU: 1}}
        elif workers:
            own = workers[(block.first >> LEVEL) % len(workers)]
            where = {"workers": [own], "allow_other_workers": True}
        submit: Callable[..., Future[StreamSums]] = partial(
            self.cluster.client.submit, priority=-block.first, pure=False
        )
        sums = [
            submit(shard_sums, self.order, self.source, read_shard(shard), framed, shard.number, **where)
            for shard in shards[block.first : block.stop]
        ]
        while len(sums) > 1:
            sums = [submit(added, left, right) for left, right in zip(sums[::2], sums[1::2], strict=True)]
        return {sums[0]: block}

    def _sums(self, outcome: StreamSums | Exception) -> StreamSums:
        from distributed import KilledWorker

        if isinstance(outcome, StreamSums):
            return outcome
        if isinstance(outcome, KilledWorker):
            raise WorkerDiedError("the workers that tried a shard ended unexpectedly, perhaps for lack of memory")
        if isinstance(outcome, IsoglossError):
            raise outcome
        raise ModelUnavailableError(f"{self.source.model.name} fails: {reason_of(outcome)}")


@contextmanager
def cluster_passes(
    address: str, parameters: Parameters, *, allow_remote_code: bool = False
) -> Iterator[Callable[[Model, Path], Pass]]:
    """The ``run_pass`` of `generator.streaming.score.score_stream` that runs on a cluster.

    Raises as `generator.cluster.connection.connected` does.
    """
    with connected(address) as cluster:
        yield lambda model, _: ClusterPass.of(cluster, model, parameters, allow_remote_code=allow_remote_code)


# What the workers run; they find it by its name.


def shard_sums(order: Order, source: Source, content: ShardContent, frame: Frame, number: int) -> StreamSums:
    """The sums of a shard, as `sums_of` gives and raises them."""
    tasks.refuse_other_versions(order)
    place = tasks.workspace(order.run)
    usage = shutil.disk_usage(place.parent)
    keep = source.model.kind not in CHEAP and usage.free > LEAST_FREE * usage.total
    with tasks.encoding:
        encoder = tasks.loader(order, source, partial(_loaded, order, source.model, place))()
        return sums_of(content, encoder, frame, place / f"{number:06}.f32" if keep else None)


def added(left: StreamSums, right: StreamSums) -> StreamSums:
    """A node of the tree."""
    return left + right


def _loaded(order: Order, model: Model, place: Path) -> Encoder:
    if model.kind == "precomputed":
        place.mkdir(parents=True, exist_ok=True)
        return SlicedVectors(Path(model.locator), place)
    return load_encoder(model, allow_remote_code=order.allow_remote_code)

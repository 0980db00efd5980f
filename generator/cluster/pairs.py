"""Pairs on a cluster: a model's texts are encoded where it is loaded, pairs are measured wherever there is room.

Of each pair, two tasks: `encoded` and `measured`. The encoding tasks of a model depend on one task, its desk, which
lays the datasets out on the worker that is to load the model: Dask runs tasks where what they depend on lies, and
runs them again elsewhere when that worker dies. Whatever a task needs can be made again from what the scheduler
holds, so that a lost worker costs time and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from generator.cluster import tasks
from generator.cluster.connection import GPU, Cluster, connected
from generator.cluster.tasks import Answer, Order, Source
from generator.datasets import Dataset
from generator.models.registry import Model
from generator.pair import Measured, Parameters, failed_pair, today
from generator.results import PairFailure, PairResult
from generator.schedule import WorkerDiedError

if TYPE_CHECKING:
    from distributed import Future

Pair = tuple[Model, Dataset]
Kind = TypeVar("Kind", PairResult, PairFailure)


def measure_pairs(
    address: str, pairs: Sequence[Pair], parameters: Parameters, *, allow_remote_code: bool = False
) -> Iterator[tuple[Pair, Answer]]:
    """Measure pairs on the cluster whose scheduler is at ``address``; each is given as it ends.

    A pair that fails, or whose tasks take down worker after worker, is answered with its failure; the others go on.

    Args:
        address: such as ``tcp://127.0.0.1:8786``; ``tls://`` with the certificates of Dask's own configuration.
        pairs: pinned models with datasets.
        parameters: draws, seed and layout.
        allow_remote_code: run code from a model's repository if its entry asks for it.

    Raises:
        ClusterError: when there is no scheduler, or it goes away.
        OtherVersionsError: when a worker has other versions of what decides a number.
    """
    by_model: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_model.setdefault(pair[0].name, []).append(pair)
    largest_first = sorted(by_model.values(), key=lambda some: -sum(len(dataset.texts) for _, dataset in some))
    with connected(address) as cluster:
        work = _Work(cluster, Order(cluster.run, tasks.versions_here(), parameters, allow_remote_code))
        killed = []
        graphs = [partial(work.submit, some, rank) for rank, some in enumerate(largest_first)]
        # Two models a worker, so that none is idle while the last pairs of a model are measured.
        for pair, outcome in cluster.outcomes(graphs, lambda: 2 * cluster.size):
            if _killed_in(outcome):
                killed.append(pair)
            else:
                yield pair, work.answer(pair, outcome)
        yield from work.alone(killed)


class _Work:
    """The tasks of one run."""

    def __init__(self, cluster: Cluster, order: Order) -> None:
        self._cluster, self._order = cluster, order
        self._delivered: dict[str, Future[Dataset]] = {}

    def submit(self, pairs: Sequence[Pair], rank: int = 0) -> Mapping[Future[Answer], Pair]:
        """Submit the tasks of one model's pairs; those of a lower rank go first where both wait for a worker."""
        submit: Callable[..., Future[Any]] = partial(self._cluster.client.submit, pure=False)
        source = Source.of(pairs[0][0])
        datasets = {dataset.slug: self._dataset(dataset) for _, dataset in pairs}
        where = {"resources": {GPU: 1}} if self._cluster.gpus(source.model) else {}
        encoding_first, measuring_next = 1 - 2 * rank, -2 * rank
        desk = submit(tasks.desk, self._order, source, datasets, priority=encoding_first, **where)
        futures = {}
        for place, pair in enumerate(sorted(pairs, key=lambda pair: -len(pair[1].texts))):
            slug, later = pair[1].slug, place / (2 * len(pairs))
            encoding = submit(tasks.encoded, self._order, source, desk, slug, priority=encoding_first - later, **where)
            answer = submit(
                tasks.measured, self._order, source, datasets[slug], encoding, priority=measuring_next - later
            )
            futures[answer] = pair
        return futures

    def alone(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Answer]]:
        """Try pairs once more, one at a time: a healthy one may have shared its worker with a deadly one.

        A model that no worker survives to encode with is not tried on every dataset.
        """
        deadly = set()
        # A dataset may have been lost with the workers that a pair took down, and its future with it.
        self._delivered.clear()
        for pair in pairs:
            if pair[0].name not in deadly:
                ((_, outcome),) = self._cluster.outcomes([partial(self.submit, [pair])], lambda: 1)
                task = _killed_in(outcome)
                if not task:
                    yield pair, self.answer(pair, outcome)
                    continue
                self._delivered.clear()
                if task in {tasks.desk.__name__, tasks.encoded.__name__}:
                    deadly.add(pair[0].name)
            reason = "the workers that tried this ended unexpectedly, perhaps for lack of memory"
            yield pair, self.answer(pair, WorkerDiedError(reason))

    def answer(self, pair: Pair, outcome: Answer | Exception) -> Answer:
        """The answer to a pair, dated by this machine's day."""
        if isinstance(outcome, Exception):
            outcome = Answer(failed_pair(pair[1], pair[0], self._order.parameters, outcome))
        found = outcome.outcome
        dated = _today(found) if isinstance(found, PairFailure) else Measured(_today(found.result), found.draws)
        return dataclasses.replace(outcome, outcome=dated)

    def _dataset(self, dataset: Dataset) -> Future[Dataset]:
        """Sent once, in a task rather than scattered: what is scattered is lost with its worker."""
        if dataset.slug not in self._delivered:
            self._delivered[dataset.slug] = self._cluster.client.submit(tasks.delivered, dataset, pure=False)
        return self._delivered[dataset.slug]


def _killed_in(outcome: object) -> str:
    """The kind of task that took down its workers, if that is what came of it; else empty."""
    from distributed import KilledWorker

    return str(outcome.task).rpartition("-")[0].partition("-")[0] if isinstance(outcome, KilledWorker) else ""


def _today(outcome: Kind) -> Kind:
    return dataclasses.replace(outcome, provenance=dataclasses.replace(outcome.provenance, created=today()))

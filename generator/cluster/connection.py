"""A Dask cluster as its client sees it: whether it is there and fit, and tasks that end in any order."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from generator.cluster.tasks import REMEDY, ClusterError, OtherVersionsError, differences, tidy_up, versions_here
from generator.errors import reason_of
from generator.models.registry import Model
from generator.pair import VERSIONED
from generator.progress import say

if TYPE_CHECKING:
    from distributed import Client, Future

GPU = "GPU"
"""The resource that workers with a GPU offer; a name that Dask's documentation uses too."""
COMPUTING = ("hf", "mteb", "package", "folder")
"""Kinds of models that run faster on a GPU."""
CONNECT_SECONDS = 10
CLOSE_SECONDS = 1.0
PATIENCE = 5.0
"""Seconds without news after which to see whether there is any worker."""
SHOWN_WORKERS = 20

Task = TypeVar("Task")
Graph = Callable[[], Mapping["Future[Any]", Task]]
"""Submits tasks that belong together, and gives those whose outcomes are wanted with what they stand for."""


@dataclass(frozen=True)
class Cluster:
    """A connection to a scheduler."""

    client: Client
    address: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A name that no other run has."""

    @property
    def workers(self) -> Mapping[str, Any]:
        """What the scheduler knows of its workers, by their addresses."""
        client: Any = self.client
        with self.answering():
            try:
                # Client.scheduler_info may give what a refresh in the background put there, which names no worker.
                workers: Mapping[str, Any] = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
            except OSError:
                raise self._gone() from None
        return workers

    @property
    def size(self) -> int:
        """How many workers there are, and 1 where the first is yet to come."""
        return max(1, len(self.workers))

    def gpus(self, model: Model) -> Sequence[str]:
        """The addresses of the workers that offer a GPU, if the model runs faster on one and may."""
        wanted = model.kind in COMPUTING and not model.device.startswith("cpu")
        return sorted(at for at, told in self.workers.items() if wanted and told["resources"].get(GPU, 0) >= 1)

    def outcomes(self, graphs: Iterable[Graph[Task]], at_once: Callable[[], int]) -> Iterator[tuple[Task, Any]]:
        """Submit graphs in order, ``at_once()`` of them at a time; give each task with what came of it, as it ends.

        What came of a task is what it returned, or the exception that Dask has in its place, such as KilledWorker.

        Raises:
            ClusterError: when the scheduler goes away.
            OtherVersionsError: when a worker that has come since `connected` has other versions.
        """
        waiting, numbers = iter(graphs), count()
        unfinished: dict[int, dict[Future[Any], Task]] = {}
        ended: SimpleQueue[Future[Any]] = SimpleQueue()
        while True:
            while len(unfinished) < at_once() and (graph := next(waiting, None)):
                with self.answering():
                    unfinished[number := next(numbers)] = dict(graph())
                for future in unfinished[number]:
                    future.add_done_callback(ended.put)  # type: ignore[no-untyped-call]
            if not unfinished:
                return
            future = self._next(ended)
            number = next(number for number, futures in unfinished.items() if future in futures)
            task = unfinished[number].pop(future)
            if not unfinished[number]:
                del unfinished[number]
            yield task, self._outcome(future)

    def refuse_other_versions(self) -> None:
        """Raise OtherVersionsError, naming workers, libraries and versions, unless all are as on this machine.

        Asks in Dask's own way, which needs nothing of Isogloss on the worker.
        """
        expected = {name: version for name, version in versions_here().items() if name in {"python", *VERSIONED}}
        with self.answering():
            told = self.client.get_versions(packages=VERSIONED)["workers"]  # type: ignore[index]
        faults = []
        for worker, found in sorted(told.items()):
            minor = ".".join(found["packages"]["python"].split(".")[:2])
            if different := differences({**found["packages"], "python": minor}, expected):
                faults.append(f"{worker} has {different}")
        if faults:
            more = ["…"] if len(faults) > SHOWN_WORKERS else []
            shown = "\n".join([*faults[:SHOWN_WORKERS], *more])
            raise OtherVersionsError(f"workers differ from this machine\n{shown}\n{REMEDY}")

    def _next(self, ended: SimpleQueue[Future[Any]]) -> Future[Any]:
        told = False
        while True:
            try:
                return ended.get(timeout=PATIENCE)
            except Empty:
                if not self.workers and not told:
                    say(f"{self.address} has no worker at the moment; waiting for one")
                    told = True

    def _outcome(self, future: Future[Any]) -> Any:
        from distributed import KilledWorker

        with self.answering():
            try:
                return future.result()
            except KilledWorker as error:
                return error
            except Exception as error:
                if isinstance(error, OtherVersionsError) or future.cancelled():  # type: ignore[no-untyped-call]
                    raise
                self.refuse_other_versions()  # a worker that cannot even begin may have come since
                return error

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Whatever goes wrong within because the scheduler is gone becomes one ClusterError."""
        from distributed import CancelledError

        try:
            yield
        except Exception as error:
            if self.client.status == "running" and not isinstance(error, CancelledError):
                raise
            raise self._gone() from None

    def _gone(self) -> ClusterError:
        problem = f"the scheduler at {self.address} is gone"
        return ClusterError(f"{problem}. What was finished is stored; the same command goes on from there")


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster whose scheduler is at ``address``; its workers have the versions that this machine has.

    Leaving it, whatever the reason, makes the scheduler forget what was asked of it.

    Raises:
        ClusterError: when Dask is not installed, or no scheduler answers within `CONNECT_SECONDS`.
        OtherVersionsError: when a worker has other versions.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError('a cluster needs one more package: pip install "isogloss[dask]"') from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is raised
    try:
        client: Client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except Exception as error:  # nobody there, somebody else there, no address at all, TLS that does not fit
        problem = f"no Dask scheduler answers at {address} ({reason_of(error)})"
        raise ClusterError(f"{problem}. Check the address, or leave --scheduler out") from None
    cluster = Cluster(client, address)
    try:
        cluster.refuse_other_versions()
        yield cluster
    finally:
        with suppress(Exception):  # of a scheduler that is gone
            client.run(tidy_up, cluster.run, wait=False)
        with suppress(Exception):
            client.close(timeout=CLOSE_SECONDS)  # type: ignore[no-untyped-call]

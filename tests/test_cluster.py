"""Pairs on a real Dask cluster of processes on this machine: what a serial run gives, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from site_fixtures import environment, files_in, write_benchmark

from generator import encode
from generator.cli import SCHEDULER, isogloss
from generator.cluster import connection, pairs, tasks
from generator.cluster.connection import ClusterError, connected
from generator.cluster.pairs import measure_pairs
from generator.cluster.shards import LEVEL, ClusterPass, blocks, cluster_passes
from generator.cluster.tasks import OtherVersionsError
from generator.config import load_benchmark
from generator.datasets import Dataset
from generator.evaluate import Tally, evaluate
from generator.measures.streams import StreamSums
from generator.models import load_model
from generator.models.ngrams import NgramEncoder
from generator.models.registry import Model
from generator.models.sources import pinned
from generator.pair import Parameters
from generator.result_store import ResultStore
from generator.results import PairFailure, PairResult, to_json
from generator.streaming import score
from generator.streaming.passes import Pass
from generator.streaming.score import score_stream

pytest.importorskip("distributed")

WordList = Callable[..., Dataset]
NGRAMS, SHUFFLED = "Character n-grams", "Control: shuffled"
EPOCH = str(1_750_000_000)  # 2025-06-15
LONG = 120.0
"""Seconds within which anything happens, on however slow a machine."""

# What a worker does besides its work: it notes which models it loads, waits with the dataset "patient" while there is
# a file "hold", and dies of the dataset "deadly" and of the model in a folder of that name. Folders stand for slow
# models that would rather have a GPU.
PRELOAD = """
import os, signal, time
from pathlib import Path

from generator import encode
from generator.cluster import shards, tasks
from generator.models.ngrams import NgramEncoder

NOTES = Path(os.environ["NOTES"])
load, measure = encode.load_encoder, tasks.measure_pair


def noted_load(model, **more):
    with (NOTES / "loads").open("a") as file:
        file.write(f"{os.getpid()} {model.name}\\n")
    if model.name == "model-deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return SlowEncoder() if model.kind == "folder" else load(model, **more)


class SlowEncoder(NgramEncoder):
    def encode(self, texts):
        time.sleep(0.2)
        return super().encode(texts)


def eventful_measure(dataset, *more):
    if dataset.slug == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if dataset.slug == "patient":
        (NOTES / "patient").write_text(str(os.getpid()))
        while (NOTES / "hold").exists():
            time.sleep(0.05)
    return measure(dataset, *more)


def dask_setup(worker):
    encode.load_encoder = shards.load_encoder = noted_load
    tasks.measure_pair = eventful_measure
    shards.LEAST_FREE = 0.0  # keep vectors, however full this disk is
"""


def until(what: str, condition: Callable[[], object]) -> None:
    """Wait for a condition, for however long a slow machine takes."""
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"not in {LONG:.0f} s: {what}"
        time.sleep(0.05)


@dataclass
class Processes:
    """A scheduler and its workers."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = dataclasses.field(default_factory=list)

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    @property
    def notes(self) -> Path:
        return self.folder / "notes"

    def add_worker(self, *options: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        number = len(self.workers)
        place = self.folder / f"worker-{number}"
        (self.folder / "preload.py").write_text(PRELOAD)
        worker = start(
            self.folder / f"worker-{number}.log",
            "worker", self.address, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--host", "127.0.0.1",
            "--local-directory", str(place), "--preload", str(self.folder / "preload.py"), *options,
            env=environment(place / "cache", NOTES=str(self.notes), **(env or {})),
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def loads(self) -> list[str]:
        """The process and the model of every load so far."""
        return (self.notes / "loads").read_text().splitlines() if (self.notes / "loads").exists() else []

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.terminate()
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(LONG)
            finally:
                process.kill()


def start(log: Path, *arguments: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen([sys.executable, "-m", "dask", *arguments], env=dict(env), stdout=file, stderr=file)


def started(folder: Path, workers: int) -> Processes:
    (folder / "notes").mkdir(parents=True)
    file = folder / "scheduler.json"
    scheduler = start(
        folder / "scheduler.log",
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file),
        env=environment(folder / "cache", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1"),
    )  # fmt: skip
    until("the scheduler answers", lambda: file.exists() and file.read_text().endswith("}"))
    cluster = Processes(folder, scheduler)
    for number in range(workers):
        cluster.add_worker(*(["--resources", "GPU=1"] if number else []))
    until("the workers are there", lambda: n_workers(cluster.address) == workers)
    return cluster


def n_workers(address: str) -> int:
    with client(address) as each:
        return len(each.scheduler_info()["workers"])


def client(address: str) -> Any:
    from distributed import Client

    return Client(address, set_as_default=False, timeout=LONG)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Two workers, the second of which offers a GPU."""
    processes = started(tmp_path_factory.mktemp("cluster"), 2)
    yield processes
    processes.end()


@pytest.fixture(autouse=True)
def same_day(monkeypatch: pytest.MonkeyPatch, isolated_cache: Path) -> None:
    """The client's day, which is not the workers'."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two models in folders; here as on the workers, they spell."""

    def load(model: Model, *, allow_remote_code: bool = False) -> object:
        return NgramEncoder() if model.kind == "folder" else loaded(model, allow_remote_code=allow_remote_code)

    loaded = encode.load_encoder
    for module in (encode, score):
        monkeypatch.setattr(module, "load_encoder", load)
    made = []
    for name in ("one", "two"):
        folder = tmp_path / f"model-{name}"
        folder.mkdir()
        (folder / "weights").write_text(name)
        made.append(str(folder))
    return made[0], made[1]


def evaluated(config: Path, scheduler: str = "") -> Tally:
    benchmark = load_benchmark(config)
    store = ResultStore(benchmark.results)
    return evaluate(benchmark.models, benchmark.datasets, benchmark.parameters, store, jobs=1, scheduler=scheduler)


def results_of(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in files_in(folder / "results").items() if path.endswith((".json", ".npz"))}


def command(config: Path, scheduler: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "evaluate", "-c", str(config), "--scheduler", scheduler],
        env=environment(config.parent / "cache", SOURCE_DATE_EPOCH=EPOCH),
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_cluster_gives_the_bytes_of_a_serial_run_and_loads_a_model_once_a_worker(
    cluster: Processes, tmp_path: Path, word_list: WordList, folders: tuple[str, str]
) -> None:
    datasets = [
        word_list(slug="words", n=9),
        word_list(slug="others", languages=("en", "sw", "hi"), n=7),
        word_list(slug="few", languages=("zh", "ar"), n=3),
    ]
    models = [NGRAMS, SHUFFLED, *folders, "precomputed:not-there.npz"]
    serial, distributed = (write_benchmark(tmp_path / name, datasets, models) for name in ("serial", "distributed"))
    assert evaluated(serial).failed == evaluated(distributed, cluster.address).failed == 3
    assert results_of(serial.parent) == results_of(distributed.parent)
    assert len([path for path in results_of(serial.parent) if path.endswith(".json")]) == len(models) * len(datasets)
    loads = cluster.loads()
    assert len(loads) == len(set(loads)), "a worker loads a model once, for however many datasets"
    assert {load.partition(" ")[2] for load in loads} == {NGRAMS, "model-one", "model-two"}
    wanting_gpu = {load.partition(" ")[0] for load in loads if "model-" in load}
    assert len(wanting_gpu) == 1, "encoders that a GPU makes faster run where there is one"
    again = evaluated(distributed, cluster.address)
    assert (again.measured, again.failed, again.current, again.encoded) == (0, 3, 12, 0)


def test_a_killed_worker_changes_nothing(cluster: Processes, tmp_path: Path, word_list: WordList) -> None:
    datasets = [word_list(slug="patient", n=8), word_list(slug="others", n=6)]
    serial, distributed = (write_benchmark(tmp_path / n, datasets, [NGRAMS, SHUFFLED]) for n in ("serial", "dist"))
    evaluated(serial)
    patient, hold = cluster.notes / "patient", cluster.notes / "hold"
    patient.unlink(missing_ok=True)
    hold.touch()
    run = command(distributed, cluster.address)
    try:
        until("a worker measures", lambda: patient.exists() and patient.read_text())
        os.kill(int(patient.read_text()), signal.SIGKILL)
        hold.unlink()
        _, told = run.communicate(timeout=LONG)
    finally:
        hold.unlink(missing_ok=True)
        run.kill()
    assert run.returncode == 0, told
    assert results_of(serial.parent) == results_of(distributed.parent)


def test_a_pair_that_kills_worker_after_worker_fails_and_the_others_go_on(
    cluster: Processes, tmp_path: Path, word_list: WordList
) -> None:
    datasets = [word_list(slug="deadly", n=4), word_list(slug="words", n=5), word_list(slug="others", n=6)]
    config = write_benchmark(tmp_path, datasets, [NGRAMS])
    tally = evaluated(config, cluster.address)
    assert (tally.measured, tally.failed) == (2, 1)
    failure = ResultStore(tmp_path / "results").read("character-n-grams", "deadly")
    assert isinstance(failure, PairFailure)
    assert failure.error.kind == "WorkerDied"
    assert "ended unexpectedly" in failure.error.message
    assert failure.provenance.created == "2025-06-15"


def test_a_model_that_no_worker_survives_to_encode_with_fails_without_a_try_on_each_list(
    cluster: Processes, tmp_path: Path, word_list: WordList
) -> None:
    model = tmp_path / "model-deadly"
    model.mkdir()
    (model / "weights").write_text("deadly")
    datasets = [word_list(slug=slug, n=4) for slug in ("words", "others", "more")]
    config = write_benchmark(tmp_path, datasets, [str(model), NGRAMS])
    tally = evaluated(config, cluster.address)
    assert (tally.measured, tally.failed) == (3, 3)
    failures = [each for each in ResultStore(tmp_path / "results") if isinstance(each, PairFailure)]
    assert {each.error.kind for each in failures} == {"WorkerDied"}
    loads = [load for load in cluster.loads() if load.endswith("model-deadly")]
    assert len(loads) == 2 * 2, "one death is allowed: two tries for all lists together, and two more for one alone"


def test_a_run_without_a_worker_says_so_and_goes_on_when_one_comes(tmp_path: Path, word_list: WordList) -> None:
    serial, distributed = (write_benchmark(tmp_path / n, [word_list(n=6)], [NGRAMS]) for n in ("serial", "dist"))
    evaluated(serial)
    processes = started(tmp_path / "cluster", 0)
    run = command(distributed, processes.address)
    try:
        assert run.stderr
        told = next(line for line in run.stderr if "no worker" in line)
        assert told.rstrip() == f"{processes.address} has no worker at the moment; waiting for one"
        processes.add_worker()
        _, told = run.communicate(timeout=LONG)
    finally:
        run.kill()
        processes.end()
    assert run.returncode == 0, told
    assert results_of(serial.parent) == results_of(distributed.parent)


def test_ctrl_c_ends_soon_and_leaves_nothing_on_the_scheduler(
    cluster: Processes, tmp_path: Path, word_list: WordList
) -> None:
    config = write_benchmark(tmp_path, [word_list(slug="patient", n=8), word_list(slug="others", n=6)], [NGRAMS])
    patient, hold = cluster.notes / "patient", cluster.notes / "hold"
    patient.unlink(missing_ok=True)
    hold.touch()
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    run = command(config, cluster.address)
    signal.signal(signal.SIGINT, heeded)
    try:
        until("a worker measures", lambda: patient.exists() and patient.read_text())
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=LONG)
    finally:
        hold.unlink()
        run.kill()
    assert run.returncode == 128 + signal.SIGINT
    assert "goes on from there" in told
    assert "Traceback" not in told
    with client(cluster.address) as each:
        until(
            "the scheduler has forgotten the tasks",
            lambda: not each.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)),
        )


@pytest.mark.filterwarnings("ignore:Mismatched versions")
def test_a_worker_with_other_versions_is_refused_by_name_before_any_work(
    cluster: Processes, tmp_path: Path, word_list: WordList
) -> None:
    other = tmp_path / "other" / "numpy-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    config = write_benchmark(tmp_path, [word_list(n=4)], [NGRAMS])
    before, loads = n_workers(cluster.address), cluster.loads()
    worker = cluster.add_worker("--no-nanny", "--name", "odd-one", env={"PYTHONPATH": str(other.parent)})
    try:
        until("the odd worker is there", lambda: n_workers(cluster.address) == before + 1)
        with pytest.raises(
            OtherVersionsError, match=r"tcp://127\.0\.0\.1:\d+ has numpy 0\.0\.1 instead of \d"
        ) as error:
            evaluated(config, cluster.address)
    finally:
        worker.terminate()
        until("the odd worker is gone", lambda: n_workers(cluster.address) == before)
    assert str(error.value).count("tcp://") == 1, "the others are as they should be"
    assert cluster.loads() == loads
    assert not results_of(tmp_path)
    assert evaluated(config, cluster.address).measured == 1


def test_a_worker_with_other_code_of_the_same_version_refuses(
    cluster: Processes, word_list: WordList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MEASURE_VERSION", "newer")
    pair = (pinned(Model(NGRAMS, "ngrams:")), word_list(n=4))
    with pytest.raises(OtherVersionsError, match=r"has measures .* instead of newer"):
        list(measure_pairs(cluster.address, [pair], Parameters(draws=20, layout=None)))


def test_a_file_of_vectors_that_differs_on_the_worker_is_not_taken_for_the_same(
    word_list: WordList, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_text("here")
    source = tasks.Source.of(pinned(Model("model", f"folder:{folder}")))
    order = tasks.Order("run", tasks.versions_here(), Parameters(draws=20, layout=None), allow_remote_code=False)
    (folder / "weights").write_text("there")
    desk = tasks.desk(order, source, {"words": word_list(n=4)})
    failure = tasks.encoded(order, source, desk, "words")
    assert isinstance(failure, PairFailure)
    assert "model is another one on" in failure.error.message


def test_what_a_worker_holds_goes_with_its_own_run_only(tmp_path: Path) -> None:
    source = tasks.Source.of(pinned(Model(NGRAMS, "ngrams:")))
    order = tasks.Order("run", tasks.versions_here(), Parameters(draws=20, layout=None), allow_remote_code=False)
    worker = SimpleNamespace(local_directory=str(tmp_path))
    held = tasks.loader(order, source)
    asyncio.run(tasks.tidy_up("an earlier run", worker))
    assert tasks.loader(order, source) is held
    asyncio.run(tasks.tidy_up("run", worker))
    assert tasks.loader(order, source) is not held


def test_a_pair_tried_alone_has_its_dataset_delivered_anew(word_list: WordList) -> None:
    """A dataset that died with its worker would take every pair on it along."""
    from distributed import KilledWorker

    sent: list[str] = []

    def submit(function: Callable[..., object], *_: object, **__: object) -> object:
        sent.append(function.__name__)
        return object()

    def killed(graphs: Iterable[Callable[[], Mapping[object, object]]], _: object) -> Iterator[tuple[object, object]]:
        for graph in graphs:
            for pair in graph().values():
                yield pair, KilledWorker("delivered-1", None, 0)

    found = SimpleNamespace(client=SimpleNamespace(submit=submit), gpus=lambda _: [], outcomes=killed)
    order = tasks.Order("run", tasks.versions_here(), Parameters(draws=20, layout=None), allow_remote_code=False)
    work, words = pairs._Work(found, order), word_list(n=4)
    some = [(pinned(load_model(name)), words) for name in (NGRAMS, SHUFFLED)]
    work.submit(some[:1])
    assert len(list(work.alone(some))) == len(some)
    assert sent.count("delivered") == 1 + len(some)


def test_a_scheduler_that_dies_is_one_clear_error_and_a_later_run_goes_on(
    cluster: Processes, tmp_path: Path, word_list: WordList
) -> None:
    datasets = [word_list(slug="others", n=9), word_list(slug="patient", n=6)]  # measured in this order
    config = write_benchmark(tmp_path / "run", datasets, [NGRAMS])
    stored = tmp_path / "run" / "results" / "character-n-grams" / "others.json"
    own = started(tmp_path / "own", 1)
    (own.notes / "hold").touch()
    run = command(config, own.address)
    try:
        until("the first pair is stored", stored.exists)
        until("the second is measured", (own.notes / "patient").exists)
        own.scheduler.kill()
        _, told = run.communicate(timeout=LONG)
    finally:
        (own.notes / "hold").unlink()
        run.kill()
        own.end()
    assert run.returncode == 2, told
    assert f"the scheduler at {own.address} is gone" in told
    assert told.count("Error: ") == 1
    assert "Traceback" not in told
    before = stored.stat().st_mtime_ns
    tally = evaluated(config, cluster.address)
    assert (tally.measured, tally.current) == (1, 1)
    assert stored.stat().st_mtime_ns == before


def test_a_scheduler_that_dies_between_two_passes_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 3)
    parameters = Parameters(draws=20, layout=None)
    own = started(tmp_path / "own", 0)
    try:
        with connected(own.address) as found:
            run_pass = ClusterPass.of(found, load_model(NGRAMS), parameters, allow_remote_code=False)
            own.scheduler.kill()
            own.scheduler.wait()
            with pytest.raises(ClusterError, match="is gone"):
                _ = found.workers
            until("the client has given up", lambda: found.client.status == "closed")
            for ask in (lambda: found.workers, lambda: run_pass([], None, None, print)):
                with pytest.raises(ClusterError, match="is gone"):
                    ask()
    finally:
        own.end()


def lexicon(path: Path, n: int) -> Path:
    """Made-up words of two scripts; some have two translations."""
    rows = [f"{syllables(i, 'kamironetasu')}\t{syllables(i, 'कमरनतसपलहद')}" for i in range(n)]
    again = [f"{syllables(i, 'kamironetasu')}\t{syllables(i + 1, 'कमरनतसपलहद')}" for i in range(0, n, 7)]
    path.write_text("\n".join([*rows, *again]) + "\n", encoding="utf-8")
    return path


def syllables(number: int, letters: str) -> str:
    return "".join(letters[int(digit)] for digit in f"{number * 7919 % 100_003:05}")


def test_a_long_file_in_shards_gives_the_bytes_of_one_process(cluster: Processes, tmp_path: Path) -> None:
    path, model = lexicon(tmp_path / "words.tsv", 900), load_model(NGRAMS)
    parameters = Parameters(draws=20, layout=None)
    scored = partial(score_stream, path, model, parameters, languages=("en", "hi"), renderings=100)
    serial = scored()
    with cluster_passes(cluster.address, parameters) as run_pass:
        distributed = scored(run_pass=run_pass)
    assert isinstance(serial, PairResult)
    assert serial.provenance.parameters["stream"]["shards"] > 2 * (1 << LEVEL), "more than one block"
    assert to_json(distributed) == to_json(serial)


def test_shards_are_encoded_where_there_is_a_gpu_and_their_vectors_kept_for_the_run(
    cluster: Processes, tmp_path: Path, folders: tuple[str, str]
) -> None:
    path, model = lexicon(tmp_path / "words.tsv", 900), load_model(folders[0])
    parameters = Parameters(draws=20, layout=None)
    scored = partial(score_stream, path, model, parameters, languages=("en", "hi"), renderings=100)
    before, kept = len(cluster.loads()), []

    def vectors() -> list[str]:
        """The worker and the file of all that is kept."""
        found = cluster.folder.glob("worker-*/**/isogloss-*/*.f32")
        return sorted(f"{file.relative_to(cluster.folder).parts[0]} {file.name}" for file in found)

    with cluster_passes(cluster.address, parameters) as run_pass:

        def watched(model: Model, place: Path) -> Pass:
            def passed(*told: Any) -> StreamSums:
                kept.append(vectors())
                return inner(*told)

            inner = run_pass(model, place)
            return passed

        distributed = scored(run_pass=watched)
    serial = scored()
    assert isinstance(serial, PairResult)
    assert to_json(distributed) == to_json(serial)
    n_shards = serial.provenance.parameters["stream"]["shards"]
    assert kept == [[], [f"worker-1 {number:06}.f32" for number in range(n_shards)]]
    assert len(cluster.loads()) == before + 1, "the worker with a GPU loads it once, and no other does"
    until("no vectors are kept", lambda: not vectors())


def test_score_asks_the_scheduler_for_long_files_only(
    cluster: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lexicon(tmp_path / "words.tsv", 900)
    command = ["score", str(path), "--model", NGRAMS, "--languages", "en,hi", "--json"]

    def told(*more: str) -> Result:
        return CliRunner().invoke(isogloss, [*command, *more], standalone_mode=False, catch_exceptions=False)

    short = told("--scheduler", "tcp://127.0.0.1:1")
    assert short.return_value == 0
    assert "words.tsv is no long file: it is measured here" in short.stderr
    monkeypatch.setattr(score, "STREAM_ABOVE", 100)
    serial, distributed = told(), told("--scheduler", cluster.address)
    assert distributed.return_value == 0
    assert "stream" in json.loads(distributed.stdout)["provenance"]["parameters"]
    assert distributed.stdout == serial.stdout


@pytest.mark.parametrize(
    "address", ["", " ", "foo://x", "http://127.0.0.1:8786", "127.0.0.1", "127.0.0.1:8786x", "tcp://:1"]
)
@pytest.mark.parametrize("command", [["build"], ["evaluate"], ["score", "words.csv", "--model", NGRAMS]])
def test_what_is_no_address_is_refused_before_anything_else(command: list[str], address: str) -> None:
    done = CliRunner().invoke(isogloss, [*command, "--scheduler", address])
    assert done.exit_code == 2
    assert f"{address!r} is no address of a Dask scheduler. Write it like tcp://127.0.0.1:8786" in done.stderr


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "tcp://10.0.0.5:8786", "tls://[fe80::1]:8786/", "ws://node-3.lab:80"]
)
def test_addresses_of_every_kind_are_let_through(address: str) -> None:
    assert SCHEDULER.fullmatch(address)


def test_a_shard_that_fails_is_the_failure_of_the_score(
    cluster: Processes, tmp_path: Path, folders: tuple[str, str]
) -> None:
    parameters = Parameters(draws=20, layout=None)
    with connected(cluster.address) as connection:
        order = tasks.Order(connection.run, tasks.versions_here(), parameters, allow_remote_code=False)
        outcome = score_stream(
            lexicon(tmp_path / "words.tsv", 300),
            load_model(folders[0]),
            parameters,
            languages=("en", "hi"),
            run_pass=lambda model, _: ClusterPass(connection, order, tasks.Source(model, "other files")),
            renderings=100,
        )
    assert isinstance(outcome, PairFailure)
    assert "model-one is another one on" in outcome.error.message


@pytest.mark.parametrize(
    ("first", "stop", "level"), [(0, 0, 3), (0, 1, 3), (0, 61, 3), (5, 19, 2), (8, 24, 4), (7, 8, 0)]
)
def test_blocks_are_subtrees_one_after_the_other(first: int, stop: int, level: int) -> None:
    found = list(blocks(first, stop, level))
    assert [shard for block in found for shard in range(block.first, block.stop)] == list(range(first, stop))
    for block in found:
        size = 1 << block.level
        assert block.level <= level
        assert block.first % size == 0
        taller = block.first % (2 * size) == 0 and block.first + 2 * size <= stop and block.level < level
        assert not taller, "as large as they can be"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no address"])
def test_a_scheduler_that_is_not_there_is_one_clear_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    with (
        pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address} .* leave --scheduler out"),
        connected(address),
    ):
        pytest.fail("connected")


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'pip install "isogloss\[dask\]"'), connected("tcp://127.0.0.1:1"):
        pytest.fail("connected")

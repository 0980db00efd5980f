"""Keys, tokens and passwords: a canary of each goes every way that leads to a server, and turns up nowhere else."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from site_fixtures import ROOT, files_in, write_benchmark

from generator.cli import REFUSED, SOME_FAILED, isogloss
from generator.encode import Loader
from generator.errors import IsoglossError, ModelUnavailableError, reason_of
from generator.evaluate import Pair
from generator.models import Model
from generator.models.registry import Endpoint
from generator.models.sources import identity, load_encoder, pinned
from generator.pair import Parameters, failed_pair
from generator.redaction import HIDDEN, Discreet, without, without_secrets
from generator.results import to_json

KEY, TOKEN = "sk-proj-Zq7Rw2Kx9Ty4Vn", "hf_Bm3Jd8Lf5Gs1Hc6Pk"
USER, PASSWORD = "ana", "p%C3%A4ss-wort-Xy9"
LOGIN = base64.b64encode(f"{USER}:päss-wort-Xy9".encode()).decode()
CANARIES = (KEY, TOKEN, PASSWORD, "päss-wort-Xy9", LOGIN)
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
LOUD = {
    "OPENAI_LOG": "debug",
    "HF_DEBUG": "1",
    "HF_HUB_VERBOSITY": "debug",
    "TRANSFORMERS_VERBOSITY": "debug",
    "HTTPX_LOG_LEVEL": "trace",
    "PYTHONWARNINGS": "always",
}


class Echo(BaseHTTPRequestHandler):
    """Refuses every request, and repeats all that it was sent in its answer's first line, head and body."""

    server: EchoServer
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = "; ".join(f"{name}: {value}" for name, value in self.headers.items())
        self.server.heard.append(sent)
        told = json.dumps({"error": {"message": f"Refused. You said {sent}"}}).encode()
        self.send_response(self.server.status, sent)
        for name in ("X-Error-Message", "X-Request-Id"):
            self.send_header(name, sent)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """What a test server hears is asserted, not printed."""


class EchoServer(ThreadingHTTPServer):
    """Stands for an API, for the hub and for the proxy before both."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.heard: list[str] = []
        self.status = 401
        self.place = f"127.0.0.1:{self.server_port}"


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server
        server.shutdown()


@pytest.fixture
def surroundings(echo: EchoServer, isolated_cache: Path, tmp_path: Path) -> dict[str, str]:
    """An environment that holds every secret and makes every library talk."""
    quiet = {name: value for name, value in os.environ.items() if name.upper() not in VARIABLES}
    proxy = f"http://{USER}:{PASSWORD}@{echo.place}"
    return {
        **quiet,
        **LOUD,
        "PYTHONPATH": str(ROOT),
        "ISOGLOSS_CACHE": str(isolated_cache),
        "OPENAI_API_KEY": KEY,
        "HF_TOKEN": TOKEN,
        "HF_ENDPOINT": f"http://{echo.place}",
        "HF_HOME": str(tmp_path / "hub"),
        "HF_HUB_OFFLINE": "0",
        **dict.fromkeys(VARIABLES[:3], proxy),
    }


@dataclass(frozen=True)
class Ended:
    """How a process ended, and all it said."""

    code: int
    out: str
    err: str


def run(environment: dict[str, str], *arguments: str) -> Ended:
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def leaks(told: str) -> list[str]:
    """The parts of canaries that a text holds, however it is cut."""
    return [each[i : i + 8] for each in CANARIES for i in range(len(each) - 7) if each[i : i + 8] in told]


def entries(place: str) -> str:
    return (
        f'[[models]]\nname = "Served"\nsource = "api:minilm"\nendpoint = {{base_url = "http://{place}/v1"}}\n'
        '[[models]]\nname = "Far"\nsource = "hf:isogloss-test/far"\n'
    )


def test_a_build_that_every_server_echoes_tells_no_secret(
    echo: EchoServer, surroundings: dict[str, str], word_list: Any, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("models.toml", entries(echo.place))
    config = write_benchmark(tmp_path, [word_list(n=6)], ["Served", "Far", "Character n-grams"])
    ended = run(surroundings, "-m", "generator", "build", "-j", "1", "-c", str(config))
    assert ended.code == SOME_FAILED, ended.err
    heard = "\n".join(echo.heard)
    assert all(secret in heard for secret in (f"Bearer {KEY}", f"Bearer {TOKEN}", f"Basic {LOGIN}")), "all were sent"
    assert "HTTP Request" in ended.err or "openai._base_client" in ended.err, "libraries were made to talk"
    files = files_in(tmp_path)
    failed = [json.loads(files[f"results/{slug}/words.json"])["error"]["message"] for slug in ("served", "far")]
    assert all(HIDDEN in message for message in failed), failed
    assert {"site/index.html", "site/models/served.html", "isolated-cache/vectors.sqlite"} <= set(files)
    told = {name: content.decode(errors="replace") for name, content in files.items()}
    assert {
        name: leaks(text) for name, text in {**told, "out": ended.out, "err": ended.err}.items() if leaks(text)
    } == {}


def test_a_one_off_score_tells_no_secret(
    echo: EchoServer, surroundings: dict[str, str], write: Callable[..., Path]
) -> None:
    write("models.toml", entries(echo.place))
    pairs = write("pairs.csv", "en,zh\nwater,水\nfire,火\nsun,太阳\n")
    there = f"import os; os.chdir({str(pairs.parent)!r}); from generator.cli import main; main()"
    for model, sent in (("Served", KEY), ("Far", TOKEN)):
        ended = run(surroundings, "-c", there, "score", str(pairs), "--model", model, "--json")
        assert ended.code == SOME_FAILED, ended.err
        assert HIDDEN in json.loads(ended.out)["error"]["message"]
        assert sent in echo.heard[-1]
        assert leaks(ended.out + ended.err) == []


def test_a_crash_tells_its_chain_of_errors_without_secrets(
    surroundings: dict[str, str], write: Callable[..., Path]
) -> None:
    pairs = write("pairs.csv", "en,zh\nwater,水\nfire,火\nsun,太阳\n")
    script = f"""
import os
from generator import datasets
from generator.cli import main
def crash(*_, **__):
    headers = {{"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}}
    try:
        raise ValueError(f"رفض {{headers}}")
    except ValueError as error:
        raise RuntimeError(f"proxy {{os.environ['HTTP_PROXY']}}") from error
datasets.load_dataset = crash
import sys
sys.argv = ["isogloss", "score", {str(pairs)!r}, "--model", "Character n-grams"]
main()
"""
    ended = run(surroundings, "-c", script)
    assert ended.code != 0
    assert all(part in ended.err for part in ("Traceback", "ValueError: رفض", "RuntimeError: proxy", HIDDEN))
    assert leaks(ended.out + ended.err) == []


def test_a_token_in_a_file_is_as_secret_as_one_in_the_environment(
    echo: EchoServer, surroundings: dict[str, str], write: Callable[..., Path]
) -> None:
    path = write("token", TOKEN)
    script = """
from generator.models import hub
from generator.errors import IsoglossError
for call in (hub.commit, lambda name: hub.require(name, "main")):
    try:
        call("isogloss-test/far")
    except IsoglossError as error:
        print(error)
"""
    without_token = {name: value for name, value in surroundings.items() if name not in {"HF_TOKEN", *VARIABLES}}
    ended = run({**without_token, "HF_TOKEN_PATH": str(path)}, "-c", script)
    assert ended.out.count("isogloss-test/far at main is neither on a hub that can be reached nor") == 2, ended.err
    assert f"Bearer {TOKEN}" in "\n".join(echo.heard)
    assert HIDDEN in ended.out
    assert leaks(ended.out) == []


def test_the_key_of_a_variable_with_an_innocent_name_is_hidden_however_short_it_is_cut(
    echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("MY_PROVIDER", KEY)
    served = pinned(Model("Served", "api:minilm", endpoint=Endpoint(f"http://{echo.place}/v1", key="MY_PROVIDER")))
    with pytest.raises(ModelUnavailableError, match="Set MY_PROVIDER to one that is valid there") as refused:
        load_encoder(served).encode(["水"])
    assert f"Bearer {KEY}" in echo.heard[0]
    assert HIDDEN in str(refused.value)
    assert not any(KEY[i : i + 4] in str(refused.value) for i in range(len(KEY) - 3))


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ALL_PROXY", f"gopher://{USER}:{PASSWORD}@127.0.0.1:1")
    with pytest.raises(ModelUnavailableError, match="Check the proxies that the environment names") as refused:
        load_encoder(pinned(Model("Served", "api:minilm")))
    assert leaks(str(refused.value)) == []


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        (f'endpoint = {{key = "{KEY}"}}', "it names an environment variable in capitals"),
        (f'endpoint = {{key = "{TOKEN}"}}', "it names an environment variable in capitals"),
        (f'endpoint = {{base_url = "https://{USER}:{PASSWORD}@host/v1"}}', "without user, password, query"),
        (f'endpoint = {{base_url = "https://host/v1?key={KEY}"}}', "without user, password, query"),
        (f'options = {{api_key = "{KEY}"}}', "Put the key into an environment variable"),
        (f'options = {{token = "{TOKEN}"}}', "Put the key into an environment variable"),
        (f'options = {{Authorization = "Bearer {KEY}"}}', "Put the key into an environment variable"),
        (f'options = {{x-api-key = "{KEY}"}}', "Put the key into an environment variable"),
        (f'options = {{bearer_token = "{TOKEN}"}}', "Put the key into an environment variable"),
        (f'options = {{subscription-key = "{KEY}"}}', "Put the key into an environment variable"),
        (f'options = {{jwt = "{TOKEN}"}}', "Put the key into an environment variable"),
    ],
)
def test_a_secret_in_an_entry_is_refused_and_not_repeated(
    write: Callable[..., Path], word_list: Any, tmp_path: Path, entry: str, advice: str
) -> None:
    write("models.toml", f'[[models]]\nname = "Served"\nsource = "api:minilm"\n{entry}\n')
    config = write_benchmark(tmp_path, [word_list(n=4)], ["Character n-grams"])
    with pytest.raises(IsoglossError, match=advice) as refused:
        CliRunner().invoke(isogloss, ["check", "-c", str(config)], standalone_mode=False, catch_exceptions=False)
    assert str(tmp_path / "models.toml") in str(refused.value)
    assert leaks(str(refused.value)) == []
    assert REFUSED == 2


@pytest.mark.parametrize("name", ["max_tokens", "pad_token_id", "key_dim", "tokenizer", "task"])
def test_an_option_that_only_sounds_like_a_secret_is_welcome(
    write: Callable[..., Path], word_list: Any, tmp_path: Path, name: str
) -> None:
    write("models.toml", f'[[models]]\nname = "Served"\nsource = "api:minilm"\noptions = {{{name} = 7}}\n')
    config = write_benchmark(tmp_path, [word_list(n=4)], ["Character n-grams"])
    assert CliRunner().invoke(isogloss, ["list", "models", "-c", str(config)]).exit_code == 0


def test_what_travels_to_other_processes_holds_no_key(monkeypatch: pytest.MonkeyPatch, word_list: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = pinned(Model("Served", "api:minilm", endpoint=Endpoint("http://127.0.0.1:9/v1")))
    encoder = load_encoder(model)
    travels = [model, Pair(model, word_list()), Loader(model), Parameters(), identity(model), dict(encoder.settings)]
    assert leaks(pickle.dumps(travels).decode("latin-1")) == []
    with pytest.raises((TypeError, pickle.PicklingError)):
        pickle.dumps(encoder)


def test_a_failure_of_foreign_code_is_stored_without_secrets(monkeypatch: pytest.MonkeyPatch, word_list: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    error = RuntimeError(f"密钥 {KEY} 无效\nheaders: {{'Authorization': 'Bearer {KEY}'}}")
    told = to_json(failed_pair(word_list(), Model("m", "hf:a/b"), Parameters(), error))
    assert leaks(told) == []
    assert "密钥 […] 无效" in told
    assert reason_of(error) == "密钥 […] 无效"


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPENAI_API_KEY", KEY), ("hf_token", TOKEN), ("DB_PASSWORD", KEY), ("CLIENT_SECRET", KEY), ("AZURE_KEY_2", KEY)],
)
def test_words_with_a_part_of_a_secret_are_hidden(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    for echoed in (value, f"'{value}'", f"key={value[:8]}", f"{value[3:11]}…", f"…{value[-8:]})", f"「{value}」"):
        assert without_secrets(f"a  {echoed}\n b") == f"a  {HIDDEN}\n b"
    assert without_secrets(f"only {value[:7]}") == f"only {value[:7]}"


def test_the_password_of_any_address_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"https://{USER}:{PASSWORD}@host/simple")
    monkeypatch.setenv("FEED", "https://host/x and ftp://u:abcd@host")
    for echoed in (PASSWORD, "päss-wort-Xy9", LOGIN, "abcd", f"http://{USER}:{PASSWORD}@host"):
        assert without_secrets(f"a {echoed} b") == f"a {HIDDEN} b"
    assert without_secrets("https://host/simple ana") == "https://host/simple ana"


def test_a_secret_of_several_words_or_like_a_path_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct horse battery staple")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "/wJalrXUtnFEMI/K7MDENGbPxRfiCY")
    monkeypatch.setenv("HOME_KEY", "~nobody-of-this-name/secret")
    monkeypatch.setenv("LONG_TOKEN", "/" + "x" * 5000)
    monkeypatch.setenv("HF_TOKEN_PATH", "~nobody-of-this-name/token")
    assert without_secrets("a ~nobody-of-this-name/secret b") == f"a {HIDDEN} b"
    assert without_secrets("it said correct horse battery staple today") == f"it said {HIDDEN} today"
    assert without_secrets("sent /wJalrXUtnFEMI/K7MDENGbPxRfiCY on") == f"sent {HIDDEN} on"


def test_a_password_may_hold_what_ends_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://ana:p@ssword-long@127.0.0.1:1")
    assert without_secrets("no p@ssword-long here") == f"no {HIDDEN} here"
    monkeypatch.setenv("ALL_PROXY", "http://me:hunter2@127.0.0.1:1?contact=it@corp")
    assert without_secrets("no hunter2 here") == f"no {HIDDEN} here", "another @ that follows is no part of it"


def test_the_token_that_the_hub_keeps_in_a_file_is_a_secret_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert without_secrets(f"a {TOKEN} b") == f"a {TOKEN} b"
    (tmp_path / "elsewhere").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "elsewhere"))
    assert reason_of(OSError(f"Authorization: Bearer {TOKEN}")) == f"Authorization: Bearer {HIDDEN}"
    monkeypatch.setenv("PLACE", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN_PATH", "$PLACE/elsewhere")
    assert without_secrets(f"a {TOKEN} b") == f"a {HIDDEN} b"


def test_the_hubs_folder_lies_where_the_system_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("HF_HOME", "HF_TOKEN_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "huggingface").mkdir()
    (tmp_path / "huggingface" / "token").write_text(TOKEN)
    assert without_secrets(f"a {TOKEN} b") == f"a {HIDDEN} b"


def test_what_is_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {
        "SOME_KEY": "short",
        "HF_TOKEN_PATH": "/home/ana/token",
        "API_TOKEN": "~/",
        "GREETING": "good morning",
    }
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    text = "short /home/ana/token ~/tokens/api good morning पानी 👩🏽‍🚀"
    assert without_secrets(text) == text


def test_without_nothing_hides_nothing() -> None:
    assert without("كلمة word", ("", ""), 4) == "كلمة word"
    assert without("ab abc", ("abc",), 4) == f"ab {HIDDEN}", "a secret that is shorter than a part counts whole"


def test_a_discreet_stream_is_otherwise_the_stream_it_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stream = StringIO()
    discreet = Discreet(stream)
    assert discreet.write(f"水 {KEY}\n") == len(f"水 {KEY}\n")
    discreet.writelines(["a\n", f"{KEY}\n"])
    assert stream.getvalue() == f"水 {HIDDEN}\na\n{HIDDEN}\n"
    assert discreet.isatty() is False
    discreet.close()
    assert stream.closed

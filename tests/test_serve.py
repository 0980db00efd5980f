"""Serving for real: a process that builds, serves, and builds again when something changes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from site_fixtures import environment, files_in, write_benchmark

from generator.config import sources
from generator.datasets import Dataset
from generator.watch import _folders, _state

WordList = Callable[..., Dataset]
PATIENCE = 60.0


@dataclass
class Server:
    """A process that serves, and what it has said so far."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))  # one by one, as they come

    def wait_for(self, pattern: str, times: int = 1) -> str:
        """Wait until the pattern was said so often, and return its last occurrence."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.findall(pattern, "".join(list(self.said)))
            if len(found) >= times:
                return str(found[-1])
            assert self.process.poll() is None, "".join(self.said)
            time.sleep(0.05)
        raise AssertionError(f"{pattern!r} was not said {times} times:\n{''.join(self.said)}")

    @property
    def address(self) -> str:
        return self.wait_for(r"http://127\.0\.0\.1:\d+/")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return str(answer.read().decode())


@contextmanager
def serving(config: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "generator", "serve", "-c", str(config), "--port", "0", "-j", "1", *options]
    env = environment(config.parent / "cache", SOURCE_DATE_EPOCH="1750000000", PYTHONUNBUFFERED="1")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env) as process:
        server = Server(process)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 130, "".join(server.said)
            assert "Traceback" not in "".join(server.said)


BUILT = r"files in .*site; open"


@pytest.fixture
def config(tmp_path: Path, word_list: WordList) -> Path:
    return write_benchmark(tmp_path, [word_list(slug="words", n=5)], ["Control: shuffled"])


def test_what_changes_is_built_again_and_a_mistake_leaves_the_old_site(
    config: Path, tmp_path: Path, word_list: WordList
) -> None:
    with serving(config) as server:
        server.wait_for(BUILT)
        assert "Control: shuffled" in server.get("index.html")

        data = tmp_path / "datasets" / "words" / "data.csv"
        data.write_text(data.read_text(encoding="utf-8") + "new,test,brand-new,新,جديد,नया,mpya\n", encoding="utf-8")
        server.wait_for(BUILT, 2)
        assert "brand-new" in server.get("datasets/words.html")
        assert "Changed: data.csv" in "".join(server.said)

        before = files_in(tmp_path / "site")
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates" / "404.html").write_text("{{ gone }}")
        told = server.wait_for(r"Error: (.*404\.html: line 1: 'gone' is undefined.*)")
        assert "Traceback" not in told
        server.wait_for("The site stays as it was")
        assert files_in(tmp_path / "site") == before

        (tmp_path / "templates" / "404.html").write_text("<p>ours</p>")
        server.wait_for(BUILT, 3)
        assert server.get("404.html") == "<p>ours</p>"

        whole = config.read_text(encoding="utf-8")
        config.write_text("groups = [", encoding="utf-8")
        server.wait_for("Error: .*not TOML")
        config.write_text(whole.replace('"Control: shuffled"', '"Control: identical"'), encoding="utf-8")
        server.wait_for(BUILT, 4)
        assert "Control: identical" in server.get("index.html")

        time.sleep(3)
        assert len(re.findall(BUILT, "".join(server.said))) == 4, "what a build writes is no change"


def test_a_site_that_is_there_is_served_as_it_is_and_results_from_elsewhere_are_shown(
    config: Path, tmp_path: Path
) -> None:
    with serving(config) as server:
        server.wait_for(BUILT)
    (tmp_path / "site" / "index.html").write_text("<p>as it is</p>")
    with serving(config) as server:
        assert server.get("index.html") == "<p>as it is</p>"
        (tmp_path / "results" / "control-shuffled" / "words.json").unlink()
        server.wait_for(BUILT)
        assert "as it is" not in server.get("index.html")


def test_without_watching_nothing_is_built(config: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>served</p>")
    with serving(config, "--no-watch") as server:
        assert server.get("") == "<p>served</p>"
        config.write_text("groups = [", encoding="utf-8")
        time.sleep(3)
        assert "Changed" not in "".join(server.said)
    assert set(files_in(tmp_path / "site")) == {"index.html"}


# What is looked at


def names(paths: Sequence[Path], folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in paths}


def test_every_source_is_looked_at_and_nothing_that_a_build_makes(config: Path, tmp_path: Path) -> None:
    for name in (
        "models.toml", "paper.toml", "logo.svg", "templates/static/extra.css", "results/a/b.json",
        "results/history.json", "results/a/.b.json.tmp", "site/index.html", "releases/2026-01-01/index.html",
        ".git/index", "notes.txt",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    text = config.read_text(encoding="utf-8")
    config.write_text(f'published = ["paper.toml"]\n{text}\n[site]\nlogo = "logo.svg"\n', encoding="utf-8")
    told = sources(config)
    assert names([*_state(told.read), *_state([told.results])], tmp_path) == {
        "benchmark.toml", "models.toml", "paper.toml", "logo.svg", "templates/static/extra.css", "results/a/b.json",
        "datasets/words/data.csv", "datasets/words/dataset.toml", "releases/2026-01-01/index.html",
    }  # fmt: skip
    assert names(list(_folders(told)), tmp_path) >= {".", "datasets/words", "templates/static", "results/a"}
    assert {"site", ".git"}.isdisjoint(names(list(_folders(told)), tmp_path))

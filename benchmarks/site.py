"""How the site holds up with many models: 300 invented ones on 10 invented word lists.

Each list has 40 concepts in 5 languages with a map, and each result 2,000 resamples, as `isogloss evaluate` keeps them.
Names, sizes and scores are drawn with fixed seeds; SA rises with a model's number and differs from list to list. The
commands run as a user runs them, each in a process of its own with a cache of its own.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from generator.config import Benchmark, load_benchmark
from generator.datasets import Card, Concept, Dataset
from generator.measures.resampling import Interval
from generator.models.sources import pinned
from generator.pair import pair_key
from generator.result_store import ResultStore
from generator.results import (
    ConceptRecord,
    DatasetRecord,
    Draws,
    Estimate,
    LanguagePair,
    LanguageRecord,
    MapQualityRecord,
    MapRecord,
    Measures,
    ModelRecord,
    PairResult,
    Point,
    Provenance,
)
from generator.schedule import all_cores

MODELS, LISTS, CONCEPTS, DRAWS = 300, 10, 40, 2000
REPEATS = 5
LANGUAGES = ("en", "zh", "ar", "hi", "sw")
OBJECTIVES = ("translation-pairs", "contrastive", "mlm", "next-token", "instruction")
LICENCES = ("Apache-2.0", "MIT", "CC-BY-NC-4.0", "")
INTRA, NULL = 0.9, 0.49


def run() -> dict[str, Any]:
    """Seconds that commands take on a large benchmark, and what a browser takes for its leaderboard.

    ``first`` and ``first by processes`` render a site from nothing, ``unchanged`` builds again where nothing changed,
    and ``model added`` renders after one more model was measured.
    """
    lists = [_dataset(number) for number in range(LISTS)]
    models = _models(MODELS + 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = _configured(folder, lists, models[:-1])
        store(config, lists, models[:-1])
        first, _ = _timed(folder / "one", "render", "-j", "1", "-c", config)
        by_processes, _ = _timed(folder / "more", "render", "-c", config, "--site", folder / "other")
        unchanged = [_timed(folder / "one", "build", "-c", config)[0] for _ in range(REPEATS)]
        site = load_benchmark(config).output
        record = {
            "models": MODELS,
            "lists": LISTS,
            "concepts": CONCEPTS,
            "languages": len(LANGUAGES),
            "draws": DRAWS,
            "processes": all_cores(),
            "first": first,
            "first by processes": by_processes,
            "unchanged": median(unchanged),
            "files": len(json.loads((site / "manifest.json").read_bytes())["files"]) + 1,
            "megabytes": sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6,
            "leaderboard_kilobytes": len(gzip.compress((site / "index.html").read_bytes(), mtime=0)) / 1e3,
            "browser": _in_browser(site / "index.html"),
        }
        _configured(folder, lists, models)
        store(config, lists, models[-1:])
        added, told = _timed(folder / "one", "render", "-c", config)
        new = re.search(r"([\d,]+) new of", told)
        return record | {"model added": added, "new": int(new[1].replace(",", "")) if new else 0}


def as_markdown(record: dict[str, Any]) -> list[str]:
    """The paragraphs of a record."""
    browser = record["browser"]
    first = record["first"]
    lines = [
        f"{record['models']} invented models on {record['lists']} invented word lists of {record['concepts']} concepts "
        f"in {record['languages']} languages, with maps and {record['draws']:,} resamples: {record['files']:,} files, "
        f"{record['megabytes']:.0f} MB. The leaderboard weighs {record['leaderboard_kilobytes']:.0f} kB compressed.",
        "",
        "| command | seconds | share of the first |",
        "|---|---:|---:|",
        f"| first render, one process | {first:.1f} | 1 |",
        f"| first render, {record['processes']} processes | {record['first by processes']:.1f} | "
        f"{record['first by processes'] / first:.2f} |",
        f"| build with nothing changed | {record['unchanged']:.2f} | {record['unchanged'] / first:.3f} |",
        f"| render with one more model, {record['new']:,} new files | {record['model added']:.1f} | "
        f"{record['model added'] / first:.2f} |",
    ]
    if browser:
        lines += [
            "",
            f"In Chromium the leaderboard answers {browser['interactive']:.2f} s after it is opened, has the rows in "
            f"view in order {1000 * browser['sort']:.0f} ms after a click and all rows "
            f"{1000 * browser['settled']:.0f} ms after it, and is filtered in {1000 * browser['filter']:.0f} ms.",
        ]
    return lines


def _timed(cache: Path, *command: str | Path) -> tuple[float, str]:
    """Seconds that a command takes as its user waits for it, and what it says."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "generator", *map(str, command)],
        env={**os.environ, "ISOGLOSS_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, done.stderr


def _in_browser(home: Path) -> dict[str, float] | None:
    """Seconds until the leaderboard answers, and to sort and filter it, in Chromium; None without one."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return None
    import shutil

    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error:
            return None
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(home.as_uri())
        page.wait_for_function("document.getElementById('board-count').textContent")
        ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        sort = page.evaluate(_TIMED, "#board [data-column=on-list-0] .sort")
        settled = page.evaluate(_SETTLED, "#board [data-column=on-list-0] .sort")
        choose = page.evaluate(_TIMED, "#board-tools [name=objective]")
        browser.close()
    return {"interactive": ready / 1e3, "sort": sort / 1e3, "settled": settled / 1e3, "filter": choose / 1e3}


_TIMED = """async (selector) => {
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    for (let k = 0; k < 3; k += 1) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    document.body.offsetHeight;
    const start = performance.now();
    document.querySelector(selector).click();
    document.body.offsetHeight;
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[2];
}"""


_SETTLED = """async (selector) => {
  const start = performance.now();
  document.querySelector(selector).click();
  while (document.querySelector("#board.settling")) await new Promise((done) => setTimeout(done));
  document.body.offsetHeight;
  return performance.now() - start;
}"""


def _models(n: int) -> list[ModelRecord]:
    noise = np.random.default_rng(1)
    return [
        ModelRecord(
            f"organisation-{number % 37}/embedding-{number}-multilingual",
            f"organisation-{number % 37}-embedding-{number}-multilingual",
            ("hf:org/name", "api:name", "folder")[number % 3],
            "abc123",
            OBJECTIVES[number % len(OBJECTIVES)],
            parameters=int(10 ** noise.uniform(7, 10)),
            dimensions=768,
            licence=LICENCES[number % len(LICENCES)],
        )
        for number in range(n)
    ]


def _dataset(number: int) -> Dataset:
    concepts = tuple(
        Concept(f"concept-{i}", {tag: (f"{tag}-{number}-{i}",) for tag in LANGUAGES}, f"category {i % 8}")
        for i in range(CONCEPTS)
    )
    return Dataset(f"list-{number}", Card(f"List {number}", "invented"), LANGUAGES, concepts)


def _result(model: ModelRecord, number: int, dataset: Dataset) -> tuple[PairResult, Draws]:
    rank = int(model.slug.split("-")[3])
    noise = np.random.default_rng([number, rank])
    sa = float(np.clip(0.3 + 0.4 * rank / MODELS - 0.02 * number + noise.normal(0, 0.02), 0.05, 0.95))
    spread = INTRA * (1 - sa) / sa
    common = np.random.default_rng(number).normal(0, 0.01, DRAWS)
    drawn = sa + common + noise.normal(0, 0.004, DRAWS)
    low, high = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    chance = 1 - (1 / sa - 1) / (1 / NULL - 1)
    measures = Measures(
        Estimate(sa, low, high),
        spread / INTRA,
        spread,
        INTRA,
        NULL,
        chance,
        Estimate(sa + 0.05, low + 0.05, high + 0.05),
        sa,
        None,
        offset_penalty=Estimate(0.05, 0.04, 0.06),
        intervals={"null_sa": Interval(NULL - 0.01, NULL + 0.01)},
        companions={"retrieval_p1": Estimate(sa, low, high)},
    )
    result = PairResult(
        model,
        DatasetRecord(dataset.card.name, dataset.slug, dataset.digest, LANGUAGES, CONCEPTS),
        measures,
        {tag: LanguageRecord(INTRA, CONCEPTS, CONCEPTS) for tag in LANGUAGES},
        tuple(
            LanguagePair(a, b, sa, spread, CONCEPTS, low, high, INTRA * (1 / NULL - 1))
            for a, b in combinations(LANGUAGES, 2)
        ),
        tuple(ConceptRecord(c.id, dict(c.renderings), spread, sa) for c in dataset.concepts),
        _map(dataset, noise),
        Provenance("2026-01-02", {"python": "3.11"}, 42, {"seed": 42, "draws": DRAWS}, "key"),
    )
    return result, {"semantic_affinity": drawn.astype(np.float32), "null_sa": drawn.astype(np.float32)}


def _map(dataset: Dataset, noise: np.random.Generator) -> MapRecord:
    words = [(c.id, tag, texts[0]) for c in dataset.concepts for tag, texts in c.renderings.items()]
    places = np.round(noise.normal(0, 0.5, (len(words), 2)), 4)
    quality = MapQualityRecord(5, 0.9, 0.5, len(words), 0, 1, 7, converged=True)
    points = tuple(Point(*word, float(x), float(y)) for word, (x, y) in zip(words, places, strict=True))
    return MapRecord("PHATE", {"neighbours": 5, "landmarks": 2000, "seed": 42}, quality, points)


def _configured(folder: Path, lists: Sequence[Dataset], models: Sequence[ModelRecord]) -> Path:
    """A config with its lists and registry."""
    for dataset in lists:
        place = folder / "datasets" / dataset.slug
        place.mkdir(parents=True, exist_ok=True)
        (place / "dataset.toml").write_text(f'name = "{dataset.card.name}"\ndomain = "{dataset.card.domain}"\n')
        with (place / "data.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "category", *dataset.languages])
            writer.writerows(
                [c.id, c.category, *(c.renderings[tag][0] for tag in dataset.languages)] for c in dataset.concepts
            )
    (folder / "models.toml").write_text(
        "".join(
            f'[[models]]\nname = "{model.name}"\nsource = "hf:organisation/model-{number}"\n'
            f'revision = "{number:040x}"\ngroups = ["all"]\nobjective = "{model.objective}"\n'
            f'parameters = {model.parameters}\ndimensions = {model.dimensions}\nlicence = "{model.licence}"\n'
            for number, model in enumerate(models)
        )
    )
    config = folder / "benchmark.toml"
    named = "".join(f'[[datasets]]\npath = "datasets/{dataset.slug}"\n' for dataset in lists)
    config.write_text(f'groups = ["all"]\n[site]\ntitle = "Many models"\n{named}')
    return config


def store(config: Path, lists: Sequence[Dataset], models: Sequence[ModelRecord]) -> None:
    """Results that count as up to date."""
    benchmark: Benchmark = load_benchmark(config)
    results = ResultStore(benchmark.results)
    entries = {model.name: pinned(model) for model in benchmark.models}
    for model in models:
        for number, (invented, dataset) in enumerate(zip(lists, benchmark.datasets, strict=True)):
            result, draws = _result(model, number, invented)
            key = pair_key(dataset, entries[model.name], benchmark.parameters)
            results.write(replace(result, provenance=replace(result.provenance, key=key)), draws)

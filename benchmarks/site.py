"""How the site holds up with many models: 300 invented ones on 8 invented word lists.

Each list has 40 concepts in 5 languages with a map, and each result 2,000 resamples, as `isogloss evaluate` keeps them.
Names, sizes and scores are drawn with fixed seeds; SA rises with a model's number and differs from list to list.
"""

from __future__ import annotations

import gzip
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from generator.config import Benchmark, SiteEntry
from generator.datasets import Card, Concept, Dataset
from generator.measures.resampling import Interval
from generator.pair import Parameters
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
    Resamples,
)

MODELS, LISTS, CONCEPTS, DRAWS = 300, 8, 40, 2000
LANGUAGES = ("en", "zh", "ar", "hi", "sw")
OBJECTIVES = ("translation-pairs", "contrastive", "mlm", "next-token", "instruction")
LICENCES = ("Apache-2.0", "MIT", "CC-BY-NC-4.0", "")
INTRA, NULL = 0.9, 0.49


def run() -> dict[str, Any]:
    """Seconds to render and publish, kilobytes of the leaderboard, and what a browser takes where there is one."""
    from generator.site.publish import publish
    from generator.site.render import render_site

    lists = [_dataset(number) for number in range(LISTS)]
    with tempfile.TemporaryDirectory() as folder:
        benchmark = _benchmark(lists, Path(folder))
        found = [_result(model, number, dataset) for model in _models() for number, dataset in enumerate(lists)]
        outcomes = [result for result, _ in found]
        resamples: Resamples = {(r.model.slug, r.dataset.slug): draws for r, draws in found}
        start = time.perf_counter()
        files = render_site(benchmark, outcomes, resamples)
        rendered = time.perf_counter()
        publish(files, benchmark.output)
        published = time.perf_counter()
        return {
            "models": MODELS,
            "lists": LISTS,
            "concepts": CONCEPTS,
            "languages": len(LANGUAGES),
            "draws": DRAWS,
            "render": rendered - start,
            "publish": published - rendered,
            "files": len(files),
            "megabytes": sum(map(len, files.values())) / 1e6,
            "leaderboard_kilobytes": len(gzip.compress(files["index.html"], mtime=0)) / 1e3,
            "browser": _in_browser(benchmark.output / "index.html"),
        }


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


def _models() -> list[ModelRecord]:
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
        for number in range(MODELS)
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


def _benchmark(lists: list[Dataset], folder: Path) -> Benchmark:
    slugs = tuple(dataset.slug for dataset in lists)
    return Benchmark(
        folder / "benchmark.toml",
        SiteEntry("Many models", "Does the site hold?"),
        (),
        tuple(lists),
        slugs,
        slugs[0],
        (),
        (),
        Parameters(),
        folder,
        folder / "site",
    )

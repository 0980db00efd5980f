"""Invented results, a reader for the pages made of them, and real benchmarks small enough to build in a test."""

from __future__ import annotations

import csv
import dataclasses
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

from generator.config import Benchmark, SiteEntry
from generator.datasets import Card, Concept, Dataset
from generator.models.registry import Model
from generator.pair import Parameters
from generator.results import (
    ConceptRecord,
    DatasetRecord,
    Estimate,
    Failure,
    LanguagePair,
    LanguageRecord,
    MapQualityRecord,
    MapRecord,
    Measures,
    ModelRecord,
    Outcome,
    PairFailure,
    PairResult,
    Point,
    Provenance,
)
from generator.site.render import render_site
from generator.slugs import slugify

ROOT = Path(__file__).resolve().parent.parent
MODERN = ROOT / "datasets" / "modern-concepts"
DAY = "2026-01-02"

PAYLOAD = "window.pwned=1"
HOSTILE = (
    f"<script>{PAYLOAD}</script>",
    f"</script><script>{PAYLOAD}</script>",
    f'"><img src=x onerror="{PAYLOAD}">',
    f"' onmouseover='{PAYLOAD}' x='",
    "{{ 7 * 7 }}{% raw %}{# gone #}",
    f"javascript:{PAYLOAD}",
    "line\u2028paragraph\u2029end",
    "</title></style></textarea><!-- --><![CDATA[ ]]>",
    "&lt;b&gt;bold&amp;",
    "@text @{concept}{safe} $index ${1}",
    "a&b=c+d %20 #concept=x",
)
SCRIPTS = ("كَلِمَة", "水果", "पानी", "👩🏽‍🚀☀️", "x̣́ȩ́", "עִבְרִית")


def model(name: str = "Alpha", **changes: object) -> ModelRecord:
    """A model as results record it."""
    told = ModelRecord(name, slugify(name), "hf:org/name", "abc123", objective="contrastive", dimensions=384)
    return dataclasses.replace(told, **changes)  # type: ignore[arg-type]


def control(name: str = "Control: identical") -> ModelRecord:
    return model(name, objective="control", source="control:identical", note="Its answer is known.")


def measured(
    of: ModelRecord,
    on: Dataset,
    sa: float = 0.62,
    *,
    reach: float | None = 0.01,
    digest: str | None = None,
    created: str = DAY,
    no_map: str = "",
    centred: float | None = 0.7,
) -> PairResult:
    """An invented result, whose last concept and last pair of languages have no value.

    ``reach`` is half the width of the interval, ``no_map`` why there is no map.
    """
    estimate = Estimate(sa) if reach is None else Estimate(sa, sa - reach, sa + reach)
    spread = 0.9 * (1 - sa) / sa
    n = len(on.concepts)
    pairs = list(combinations(on.languages, 2))
    parameters = {"neighbours": 5, "landmarks": 2000, "seed": 42}
    return PairResult(
        model=of,
        dataset=_record(on, digest),
        measures=Measures(
            estimate,
            (1 - sa) / sa,
            spread,
            0.9,
            0.45,
            0.25,
            Estimate(centred),
            sa - 0.01,
            None,
            {"euclidean_sa": "vectors of no length"},
        ),
        languages={tag: LanguageRecord(0.9, len(texts), len(texts)) for tag, texts in on.renderings.items()},
        language_pairs=(
            *(LanguagePair(a, b, sa - i / 100, spread, n) for i, (a, b) in enumerate(pairs[:-1])),
            LanguagePair(*pairs[-1], None, None, 0),
        ),
        concepts=(
            *(
                ConceptRecord(c.id, dict(c.renderings), spread + i / 100, sa - i / 100)
                for i, c in enumerate(on.concepts[:-1])
            ),
            ConceptRecord(on.concepts[-1].id, dict(on.concepts[-1].renderings), None, None),
        ),
        map=MapRecord("PHATE", parameters, undefined=no_map)
        if no_map
        else MapRecord("PHATE", parameters, MapQualityRecord(5, 0.9, 0.5, n, 2, 2, 7, True), points_of(on)),
        provenance=_provenance(created),
    )


def failed(of: ModelRecord, on: Dataset, message: str = "the hub cannot be reached") -> PairFailure:
    return PairFailure(of, _record(on, None), Failure("ModelUnavailable", message), _provenance(DAY))


def points_of(dataset: Dataset) -> tuple[Point, ...]:
    """Every rendering on a sunflower's spiral, so that no two points lie close to each other."""
    words = [(c.id, tag, t) for c in dataset.concepts for tag, texts in c.renderings.items() for t in texts]
    placed = {}
    for i, (concept, tag, text) in enumerate(words):
        radius, angle = math.sqrt((i + 1) / len(words)), 2.4 * i
        place = round(radius * math.cos(angle), 4), round(radius * math.sin(angle), 4)
        placed.setdefault((tag, text), Point(concept, tag, text, *place))
    return tuple(placed.values())


def _record(dataset: Dataset, digest: str | None) -> DatasetRecord:
    card = dataset.card
    return DatasetRecord(
        card.name, dataset.slug, digest or dataset.digest, dataset.languages, len(dataset.concepts), card.domain
    )


def _provenance(created: str) -> Provenance:
    layout = {"neighbours": 5, "landmarks": 2000, "seed": 42}
    parameters = {"seed": 42, "draws": 2000, "confidence": 0.95, "layout": layout}
    return Provenance(created, {"python": "3.11.9", "numpy": "2.4"}, 42, parameters, "key")


def hostile_dataset() -> Dataset:
    """Every text that a word list can bring is one that would break a careless page."""
    texts = (*HOSTILE, *SCRIPTS)
    concepts = tuple(
        Concept(
            f"{text} {i}",
            {"en": (text, f"{text} again"), "ar": (f"كلمة {text}",), "zh": (f"词 {text}",), "hi": (f"शब्द {text}",)},
            category=text,
            note=text,
        )
        for i, text in enumerate(texts)
    )
    everything = " ".join(texts)
    card = Card(
        f"{HOSTILE[1]} words",
        everything,
        description=everything,
        probes=everything,
        provenance=everything,
        licence=everything,
        link=HOSTILE[5],
        weaknesses=texts,
    )
    return Dataset("hostile", card, ("en", "ar", "zh", "hi"), concepts)


def hostile_model(name: str) -> ModelRecord:
    everything = " ".join((*HOSTILE, *SCRIPTS))
    return model(
        name,
        source=everything,
        revision=everything,
        architecture=everything,
        licence=everything,
        link=HOSTILE[5],
        note=everything,
        encoder={everything: everything, "normalised": True, "prompt": ""},
    )


def hostile_outcomes(dataset: Dataset) -> list[Outcome]:
    """One model measured with a map, one without, one that failed, and a control."""
    message = " ".join((*HOSTILE, *SCRIPTS))
    return [
        measured(hostile_model(f"{HOSTILE[0]} {SCRIPTS[0]}"), dataset),
        measured(hostile_model(f"{HOSTILE[2]} no map"), dataset, 0.55, no_map=message),
        failed(hostile_model(f"{HOSTILE[3]} failed"), dataset, message),
        measured(dataclasses.replace(control(), note=message), dataset, 1.0, reach=None, centred=None),
    ]


def benchmark(datasets: Sequence[Dataset], models: Sequence[Model] = (), title: str = "A benchmark") -> Benchmark:
    """A benchmark as if read from a config that lies nowhere."""
    nowhere = Path("nowhere")
    site = SiteEntry(title, f"Does {title} align words?")
    return Benchmark(
        nowhere / "benchmark.toml", site, tuple(models), tuple(datasets), Parameters(), nowhere, nowhere / "site"
    )


def rendered(
    datasets: Sequence[Dataset], outcomes: Sequence[Outcome], models: Sequence[Model] = ()
) -> dict[str, bytes]:
    return render_site(benchmark(datasets, models), outcomes)


# Reading pages


VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})
FOREIGN = frozenset({"svg", "math"})


@dataclass
class Element:
    """An element of a page with what lies in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """The element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """What lies here, by tag and by attributes (``lang="ar"``, ``class_="sa"``)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            e for e in self if tag in ("", e.tag) and all(e.attributes.get(name) == v for name, v in wanted.items())
        ]

    def one(self, tag: str = "", **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> with an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert FOREIGN & {e.tag for e in self.open}, f"<{tag}/> is not closed by its slash"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment in the page: {data}")


def page_of(content: bytes) -> Element:
    """A page as a tree; refuses markup that is not balanced."""
    reader = _Reader()
    reader.feed(content.decode())
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is never closed"
    return reader.open[0]


def pages_of(files: Mapping[str, bytes]) -> dict[str, Element]:
    return {path: page_of(content) for path, content in files.items() if path.endswith(".html")}


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# Real benchmarks


def write_dataset(folder: Path, dataset: Dataset) -> Path:
    """A dataset folder that loads as ``dataset``."""
    folder.mkdir(parents=True, exist_ok=True)
    card = dataset.card
    (folder / "dataset.toml").write_text(
        f'name = "{card.name}"\ndomain = "{card.domain}"\nlicence = "{card.licence}"\n'
    )
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "category", *dataset.languages])
        for c in dataset.concepts:
            writer.writerow([c.id, c.category, *("|".join(c.renderings.get(tag, ())) for tag in dataset.languages)])
    return folder


def write_benchmark(
    folder: Path, datasets: Sequence[Dataset], models: Sequence[str] = ("Character n-grams",), more: str = ""
) -> Path:
    """A ``benchmark.toml`` with its datasets, quick to measure; ``more`` is put before the datasets."""
    listed = "".join(f'[[datasets]]\npath = "datasets/{dataset.slug}"\n' for dataset in datasets)
    for dataset in datasets:
        write_dataset(folder / "datasets" / dataset.slug, dataset)
    config = folder / "benchmark.toml"
    quick = "" if "[statistics]" in more else "[statistics]\ndraws = 20\n"
    names = ", ".join(f'"{name}"' for name in models)
    config.write_text(f"models = [{names}]\n{more}\n{quick}{listed}", encoding="utf-8")
    return config


def environment(cache: Path, **variables: str) -> dict[str, str]:
    """The environment for a process of its own with a cache of its own."""
    kept = {k: v for k, v in os.environ.items() if k not in {"SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR"}}
    return {**kept, "ISOGLOSS_CACHE": str(cache), **variables}


def run_python(*arguments: str, env: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, without an assertion about how it ends."""
    return subprocess.run(
        [sys.executable, *arguments], env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def real_site(base: Path) -> Path:
    """The site of the shipped word list with the n-grams, the controls and a model that fails, built once."""
    folder = base / "real-site"
    site = folder / "site"
    if not site.is_dir():
        folder.mkdir()
        config = folder / "benchmark.toml"
        config.write_text(
            'groups = ["controls"]\nmodels = ["Character n-grams", "precomputed:not-there.npz"]\n'
            "[statistics]\ndraws = 50\n[layout]\nlandmarks = 30\n"
            f'[[datasets]]\npath = "{MODERN}"\n'
        )
        done = run_python("-m", "generator", "build", "-j", "1", "-c", str(config), env=environment(folder / "cache"))
        assert done.returncode == 1, done.stderr
    return site

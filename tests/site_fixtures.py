"""Invented results, a reader for the pages made of them, and real benchmarks small enough to build in a test."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from generator.config import Benchmark, SiteEntry
from generator.datasets import Card, Concept, Dataset
from generator.domains import Resamples
from generator.measures.resampling import Interval
from generator.models.registry import Model
from generator.pair import Parameters
from generator.published import Figure, Source
from generator.results import (
    ConceptRecord,
    DatasetRecord,
    Draws,
    Estimate,
    Failure,
    LanguagePair,
    LanguageRecord,
    MapQualityRecord,
    MapRecord,
    Measures,
    ModelRecord,
    Outcome,
    PairColumn,
    PairFailure,
    PairResult,
    Point,
    Provenance,
)
from generator.site import links
from generator.site.render import render_site
from generator.slugs import slugify

ROOT = Path(__file__).resolve().parent.parent
MODERN = ROOT / "datasets" / "modern-concepts"
DAY = "2026-01-02"
NULL = 0.45

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
TEXTS = (*HOSTILE, *SCRIPTS)
EVERYTHING = " ".join(TEXTS)
# More than a table of words has columns for.
MANY = tuple("ar bn cs de el en es fi fr he hi it ja ko nl pl pt ru sw zh".split())  # noqa: SIM905


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
    intra: float = 0.9,
) -> PairResult:
    """An invented result, whose last concept and last pair of languages have no value.

    ``reach`` is half the width of the interval, ``no_map`` why there is no map. Without translations there are no
    scores either.
    """
    estimate = Estimate(sa) if reach is None else Estimate(sa, sa - reach, sa + reach)
    spread = intra * (1 - sa) / sa
    n = len(on.concepts)
    scored = on.card.translated
    pairs = list(combinations(on.languages, 2))
    parameters = {"neighbours": 5, "landmarks": 2000, "seed": 42}
    return PairResult(
        model=of,
        dataset=_record(on, digest),
        measures=Measures(
            estimate,
            (1 - sa) / sa,
            spread,
            intra,
            NULL,
            1 - (1 / sa - 1) / (1 / NULL - 1),
            Estimate(centred),
            sa - 0.01,
            None,
            {"euclidean_sa": "vectors of no length"},
            Estimate(None if centred is None else centred - sa),
            {"null_sa": Interval(NULL - 0.01, NULL + 0.01)},
            0.9375,
            None,
            {
                "retrieval_p1": Estimate(sa, sa - 0.05, sa + 0.05),
                "hubness": Estimate(1.5),
                "language_preference": Estimate(None),
            },
        )
        if scored
        else None,
        languages={tag: LanguageRecord(intra, len(texts), len(texts)) for tag, texts in on.renderings.items()},
        language_pairs=(
            *(LanguagePair(a, b, sa - i / 1000, spread, n) for i, (a, b) in enumerate(pairs[:-1])),
            LanguagePair(*pairs[-1], None, None, 0),
        )
        if scored
        else (),
        concepts=tuple(
            ConceptRecord(
                c.id, dict(c.renderings), *((spread + i / 100, sa - i / 100) if scored and i < n - 1 else (None, None))
            )
            for i, c in enumerate(on.concepts)
        ),
        map=MapRecord("PHATE", parameters, undefined=no_map)
        if no_map
        else MapRecord("PHATE", parameters, MapQualityRecord(5, 0.9, 0.5, n, 2, 2, 7, True), points_of(on)),
        provenance=_provenance(created),
        pair_companions={
            "retrieval_p1": PairColumn((*_one(pairs, 0.5), None), (*_one(pairs, 0.25), None), (None,) * len(pairs))
        }
        if scored
        else {},
        directed={"retrieval_p1": (*_one(pairs, (0.375, 0.625)), (None, None))} if scored else {},
        geometry={} if scored else {"intra_spread": Estimate(intra), "category_purity": Estimate(0.25, 0.125, 0.375)},
    )


def _one(pairs: Sequence[object], value: Any) -> tuple[Any, ...]:
    """A value for each but the last."""
    return (value,) * (len(pairs) - 1)


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


def resamples_of(outcomes: Iterable[Outcome]) -> Resamples:
    """Invented resamples of every result with an interval: about its value, as wide as its interval."""
    return {(o.model.slug, o.dataset.slug): _draws(o) for o in outcomes if isinstance(o, PairResult) and o.affinity.low}


def _draws(result: PairResult) -> Draws:
    value, low = result.affinity.value or 0.0, result.affinity.low or 0.0
    noise = np.random.default_rng(list(result.dataset.slug.encode())).standard_normal((2, 200))
    drawn = value + noise[0] * (value - low) / 2, NULL + noise[1] / 1000
    return {name: d.astype(np.float32) for name, d in zip(("semantic_affinity", "null_sa"), drawn, strict=True)}


@dataclass(frozen=True)
class Invented:
    """A benchmark as if read from a config that lies nowhere, with what would be stored of it."""

    benchmark: Benchmark
    outcomes: Sequence[Outcome]

    @property
    def resamples(self) -> Resamples:
        return resamples_of(self.outcomes)

    @property
    def files(self) -> dict[str, bytes]:
        return render_site(self.benchmark, self.outcomes, self.resamples)


def invented(
    datasets: Sequence[Dataset],
    outcomes: Sequence[Outcome],
    models: Sequence[Model] = (),
    *,
    apart: Sequence[str] = (),
    published: Sequence[Source] = (),
    study: Sequence[Model] = (),
) -> Invented:
    """A benchmark whose overall place goes by all datasets but those ``apart``; the first one is the reference."""
    nowhere = Path("nowhere")
    return Invented(
        Benchmark(
            nowhere / "benchmark.toml",
            SiteEntry("A benchmark", "Does a benchmark align words?"),
            tuple(models),
            tuple(datasets),
            tuple(dataset.slug for dataset in datasets if dataset.slug not in apart),
            next((dataset.slug for dataset in datasets if dataset.card.translated), ""),
            tuple(published),
            tuple(study),
            Parameters(),
            nowhere,
            nowhere / "site",
        ),
        outcomes,
    )


def rendered(
    datasets: Sequence[Dataset], outcomes: Sequence[Outcome], models: Sequence[Model] = ()
) -> dict[str, bytes]:
    return invented(datasets, outcomes, models).files


def signs() -> Dataset:
    """Nothing to translate: letters of two scripts, with a column and notes of their own."""
    letters = {"und-Grek": "αβγδ", "und-Arab": "ابت"}
    concepts = tuple(
        Concept(letter, {tag: (letter,)}, "letters", f"a note on {letter}", {"codepoint": f"U+{ord(letter):04X}"})
        for tag, alphabet in letters.items()
        for letter in alphabet
    )
    columns = {"codepoint": "The Unicode code point"}
    return Dataset(
        "signs", Card("Signs", "signs", "character", translated=False, columns=columns), (*letters,), concepts
    )


def places() -> Dataset:
    """More languages than a table has columns for, and something of all that is checked in the first ones."""
    words = {tag: [f"{i}{n}" for n in range(3)] for i, tag in enumerate(MANY, 1)}
    words["ar"][1] = words["ar"][0]
    words["bn"][0] = "abc"
    words["cs"][0] = ""
    words["el"][0] = words["en"][0]
    concepts = (Concept(f"place {n}", {tag: (texts[n],) for tag, texts in words.items() if texts[n]}) for n in range(3))
    return Dataset("places", Card("Places", "names"), MANY, tuple(concepts), {"de": 2})


PAPER = Source(
    "ada-2024",
    "A paper",
    ("Ada", "Bob"),
    2024,
    "https://example.org/paper",
    figures=(
        Figure("Sentence model", "semantic affinity", "map", "figure 1", ("LaBSE",), value=0.807),
        Figure("Sentence model", "semantic affinity", "mean over four datasets", "abstract", ("LaBSE",), value=0.70),
        Figure("Large", "semantic affinity", "map", "figure 2", ("text-embedding-3-large",), value=0.3),
        Figure(
            "Whole", "semantic affinity", "another list", "table 1", ("Whole",), low=0.55, high=0.61, note="A note."
        ),
        Figure("Whole", "relative drop", "modern to ancient", "page 4", ("Whole",), low=0.25, high=0.31),
        Figure("Any", "semantic affinity", "all", "page 5", high=0.5),
        Figure("Any", "mean cosine of translations", "all", "page 6", low=0.275),
    ),
)
STUDY = (
    Model("Whole", "ngrams:", objective="mlm", family="encoder", parameters=22_713_216),
    Model("LaBSE", "ngrams:", objective="translation-pairs", family="encoder"),
    Model("Decoder", "ngrams:", family="decoder"),
)


def states(word_list: Callable[..., Dataset]) -> Invented:
    """Every state that a pair can be in, on lists of every kind.

    "Faint" is not surely above chance on the reference and gains elsewhere, "Mapless" has no resamples.
    """
    words, others = word_list(slug="words"), word_list(slug="others", n=6, languages=("en", "ar"))
    card = dataclasses.replace(others.card, domain="ancient", probes="Meanings of old.")
    others, wide, untranslated = dataclasses.replace(others, card=card), places(), signs()
    whole = model("Whole", link="https://example.org/?a=1&b=2", parameters=22_713_216, family="encoder")
    mapless, faint = model("Mapless", released="2025-01-01", parameters=278_000_000), model("Faint", objective="")
    answered = dataclasses.replace(control(), parameters=10)
    outcomes = [
        measured(whole, words, 0.62),
        measured(whole, others, 0.48, intra=0.7),
        measured(whole, wide, 0.55, created="2026-03-04"),
        measured(whole, untranslated),
        measured(mapless, words, 0.6, reach=None, no_map="3 distinct vectors"),
        measured(mapless, others, 0.45, reach=None),
        measured(faint, words, 0.46, reach=0.1),
        measured(faint, others, 0.51),
        measured(model("Older"), words, 0.9, digest="an older list"),
        failed(model("Broken", revision=""), words, '<b>the hub</b> cannot be reached,\n"again"'),
        measured(model("Broken"), others, 0.5),
        failed(model("Broken"), untranslated, "no such letters"),
        measured(answered, words, 1.0, centred=None),
        measured(answered, others, 1.0, reach=None, centred=None),
    ]
    never = Model("Never measured 模型", "ngrams:", objective="surface")
    datasets = [words, others, wide, untranslated]
    return invented(datasets, outcomes, [never], apart=["places"], published=[PAPER], study=STUDY)


def hostile_dataset() -> Dataset:
    """Every text that a word list can bring is one that would break a careless page."""
    concepts = tuple(
        Concept(
            f"{text} {i}",
            {"en": (text, f"{text} again"), "ar": (f"كلمة {text}",), "zh": (f"词 {text}",), "hi": (f"शब्द {text}",)},
            text,
            text,
            dict.fromkeys(TEXTS, text),
        )
        for i, text in enumerate(TEXTS)
    )
    return Dataset("hostile", hostile_card("words"), ("en", "ar", "zh", "hi"), concepts)


def hostile_card(name: str, *, translated: bool = True) -> Card:
    return Card(
        f"{HOSTILE[1]} {name}",
        EVERYTHING,
        description=EVERYTHING,
        probes=EVERYTHING,
        provenance=EVERYTHING,
        licence=EVERYTHING,
        link=HOSTILE[5],
        weaknesses=TEXTS,
        columns={text: text for text in TEXTS},
        translated=translated,
    )


def hostile_model(name: str, **changes: object) -> ModelRecord:
    return model(
        name,
        source=EVERYTHING,
        revision=EVERYTHING,
        architecture=EVERYTHING,
        licence=EVERYTHING,
        link=HOSTILE[5],
        note=EVERYTHING,
        encoder={EVERYTHING: EVERYTHING, "normalised": True, "prompt": ""},
        **changes,
    )


def hostile() -> Invented:
    """On every kind of list: one model measured with a map, one without, one that failed, and a control."""
    dataset = hostile_dataset()
    wide = Dataset("hostile-wide", hostile_card("wide"), MANY, places().concepts)
    untranslated = dataclasses.replace(signs(), slug="hostile-signs", card=hostile_card("signs", translated=False))
    first = hostile_model(f"{HOSTILE[0]} {SCRIPTS[0]}", parameters=10**7, objective=EVERYTHING)
    second = hostile_model(f"{HOSTILE[2]} no map", parameters=10**9)
    third = hostile_model(f"{HOSTILE[3]} failed")
    answered = dataclasses.replace(control(), note=EVERYTHING)
    outcomes = [
        measured(first, dataset),
        measured(second, dataset, 0.55, no_map=EVERYTHING),
        failed(third, dataset, EVERYTHING),
        measured(answered, dataset, 1.0, reach=None, centred=None),
        measured(first, wide, 0.5),
        measured(second, wide, 0.5, no_map=EVERYTHING),
        measured(answered, wide, 1.0, reach=None, centred=None),
        measured(first, untranslated),
        failed(third, untranslated, EVERYTHING),
    ]
    about = (first.name, "LaBSE")
    figures = [Figure(text, "semantic affinity", text, text, about, i / 20, note=text) for i, text in enumerate(TEXTS)]
    figures.append(Figure(EVERYTHING, "semantic affinity", "map", EVERYTHING, ("LaBSE",), 0.807))
    source = Source("key", EVERYTHING, TEXTS, 2024, HOSTILE[5], EVERYTHING, tuple(figures))
    study = (Model(first.name, "ngrams:", objective="mlm"), Model("LaBSE", "ngrams:", objective="translation-pairs"))
    never = Model(f"{HOSTILE[4]} x", "ngrams:")
    return invented([dataset, wide, untranslated], outcomes, [never], published=[source], study=study)


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


def data_of(file: bytes) -> Any:
    """What a data file hands over; nothing else may stand in it."""
    call = re.fullmatch(r'isogloss\.receive\("[^"]*",(.*)\);\n', file.decode(), re.DOTALL)
    assert call
    return json.loads(call[1])


def words_on_map(files: Mapping[str, bytes], model: str, dataset: str) -> set[tuple[str, str]]:
    """Language and text of every word that has a place on a pair's map."""
    words, pair = (data_of(files[path]) for path in (links.words_data(dataset), links.pair_data(model, dataset)))
    every = [(language["tag"], text) for language in words["languages"] for text in language["words"]]
    return {every[i] for i, place in zip(words["drawn"], pair["places"], strict=True) if place}


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
        f"translated = {str(card.translated).lower()}\n"
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
        assert site.is_dir(), done.stderr
    return site

"""The site as files: the same bytes every time, every link resolved, every number in every format."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from site_fixtures import (
    HOSTILE,
    ROOT,
    SCRIPTS,
    TEXTS,
    Invented,
    environment,
    files_in,
    hostile,
    hostile_card,
    pages_of,
    places,
    real_site,
    rendered,
    run_python,
    signs,
    states,
    write_benchmark,
)

from generator.cli import isogloss
from generator.datasets import Concept, Dataset, load_dataset
from generator.result_store import ResultStore, from_json
from generator.results import PairFailure, PairResult, to_json
from generator.shown import decimal, file_size, percent, short_count
from generator.site import links
from generator.site.assets import load_assets

WordList = Callable[..., Dataset]
Files = Mapping[str, bytes]
HEAVIEST = 150_000
"""Bytes that a page may take on the wire, beside the shared assets."""


@pytest.fixture(scope="module")
def benchmark(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture(scope="module")
def files(benchmark: Invented) -> Files:
    return benchmark.files


@pytest.fixture(scope="module")
def hostile_files() -> Files:
    return hostile().files


@pytest.fixture(scope="module")
def real_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return files_in(real_site(tmp_path_factory.getbasetemp()))


@pytest.fixture(params=["invented", "hostile", "real"])
def any_files(request: pytest.FixtureRequest) -> Files:
    name = {"invented": "files", "hostile": "hostile_files", "real": "real_files"}[request.param]
    found: Files = request.getfixturevalue(name)
    return found


# The same bytes


def test_the_same_results_give_the_same_bytes(benchmark: Invented, files: Files) -> None:
    assert hostile().files
    again = dataclasses.replace(benchmark, outcomes=benchmark.outcomes[::-1]).files
    assert {path for path in files if again[path] != files[path]} == set()
    assert list(again) == list(files)


def stored(benchmark: Invented, folder: Path) -> Path:
    """The config of a benchmark whose results and resamples are stored."""
    store = ResultStore(folder / "results")
    for outcome in benchmark.outcomes:
        store.write(outcome, benchmark.resamples.get((outcome.model.slug, outcome.dataset.slug)))
    return write_benchmark(folder, benchmark.benchmark.datasets, more='published = ["paper.toml"]')


PAPER = """
key = "ada-2024"
title = "A paper"
authors = ["Ada"]
year = 2024
link = "https://example.org/paper"
[[figures]]
subject = "Whole"
models = ["Whole"]
quantity = "semantic affinity"
scope = "another list"
locator = "table 1"
value = 0.5
"""


def test_every_process_renders_the_same_bytes(tmp_path: Path, benchmark: Invented) -> None:
    (tmp_path / "paper.toml").write_text(PAPER)
    config = stored(benchmark, tmp_path)
    env = environment(tmp_path / "cache", PYTHONHASHSEED="4711")
    done = run_python("-m", "generator", "render", "-c", str(config), "--site", str(tmp_path / "there"), env=env)
    assert done.returncode == 1, done.stderr
    assert isogloss.main(["render", "-c", str(config), "--site", str(tmp_path / "here")], standalone_mode=False) == 1
    there = files_in(tmp_path / "there")
    assert there == files_in(tmp_path / "here")
    assert "22.6 % <span" in there["domains.html"].decode(), "the stored resamples give the drop its interval"
    assert b"table 1" in there["models/whole.html"]


def test_the_day_shown_is_that_of_the_newest_result(files: Files) -> None:
    assert b"Newest result 2026-03-04" in files["index.html"]


def test_rendering_loads_no_encoder_no_torch_and_no_phate(tmp_path: Path, benchmark: Invented) -> None:
    (tmp_path / "paper.toml").write_text(PAPER)
    config = stored(benchmark, tmp_path)
    script = (
        "import json, sys\nfrom generator.cli import isogloss\n"
        f"isogloss.main(['render', '-c', {str(config)!r}], standalone_mode=False)\nprint(json.dumps(list(sys.modules)))"
    )
    done = run_python("-c", script, env=environment(tmp_path / "cache"))
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert (tmp_path / "site" / "index.html").is_file()
    assert "bokeh" in loaded
    heavy = {
        "mteb",
        "openai",
        "torch",
        "phate",
        "graphtools",
        "sentence_transformers",
        "transformers",
        "sklearn",
        "scipy",
    }
    assert loaded & heavy == set()
    encoders = {"generator.models.transformer", "generator.models.ngrams", "generator.models.controls"}
    encoders |= {"generator.models.api", "generator.models.mteb_registry"}
    assert encoders & set(json.loads(done.stdout)) == set()


# Links and resources


def targets(files: Files) -> list[tuple[str, str]]:
    """Each page with each of the site's own addresses that it names."""
    found = []
    for path, page in pages_of(files).items():
        for element in page:
            for name in ("href", "src", "srcset", "poster"):
                target = element.attributes.get(name, "")
                if target and not re.match(r"https?://|data:", target):
                    found.append((path, target))
    return found


def test_every_link_leads_to_a_file_of_the_site(any_files: Files) -> None:
    found = targets(any_files)
    assert len(found) > 50
    lost = []
    for path, target in found:
        file, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
        if place not in any_files:
            lost.append((path, target))
        elif anchor and place != links.CONCEPTS and not anchor.startswith(("concept=", "models=")):
            page = pages_of({place: any_files[place]})[place]
            if not page.all(id=anchor):
                lost.append((path, target))
    assert lost == []


def test_every_link_is_relative(any_files: Files) -> None:
    absolute = [
        (path, target) for path, target in targets(any_files) if re.match(r"[a-z][a-z0-9+.-]*:|/", target, re.I)
    ]
    assert absolute == []


def for_scripts(files: Files) -> set[str]:
    """What scripts load when a reader asks for it."""
    return {path for path in files if path.startswith(f"{links.DATA}/") and path.endswith(".js")}


def test_every_page_can_be_reached_from_the_first(any_files: Files) -> None:
    found: dict[str, set[str]] = {}
    for path, target in targets(any_files):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.partition("#")[0]))
        found.setdefault(path, set()).add(place)
    reached, waiting = set(), ["index.html"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += found.get(path, set())
    cards = {path for path in any_files if path.startswith("cards/")}
    assert set(any_files) - reached - for_scripts(any_files) == {"404.html", *cards}


def test_ids_are_unique_labels_point_to_them_and_everything_has_its_name(any_files: Files) -> None:
    for path, page in pages_of(any_files).items():
        ids = Counter(e.attributes["id"] for e in page if "id" in e.attributes)
        assert [name for name, count in ids.items() if count > 1] == [], path
        for element in page:
            for name in ("aria-labelledby", "aria-describedby", "for"):
                wanted = set(element.attributes.get(name, "").split())
                assert wanted <= set(ids), (path, element.attributes)
        regions = [e.attributes for e in page if e.tag == "section" or e.attributes.get("role") == "region"]
        assert all({"aria-label", "aria-labelledby"} & set(told) for told in regions if told != {"class": "hero"}), path
        assert all(told["tabindex"] == "0" for told in regions if "role" in told), "what scrolls takes the keyboard"
        assert all(image.attributes["alt"] for image in page.all("img")), path
        assert all(head.attributes["scope"] in {"col", "row", "colgroup", "rowgroup"} for head in page.all("th")), path
        levels = [int(e.tag[1]) for e in page if re.fullmatch("h[1-6]", e.tag)]
        assert levels[0] == 1
        assert all(below - above < 2 for above, below in pairwise(levels)), path
        filtered = {e.attributes["data-filter"] for e in page if "data-filter" in e.attributes}
        assert filtered <= set(ids), path


def test_nothing_is_loaded_from_elsewhere(any_files: Files) -> None:
    for path, page in pages_of(any_files).items():
        loaded = [e.attributes[name] for e in page for name in ("src", "srcset", "data") if name in e.attributes]
        loaded += [e.attributes["href"] for e in page.all("link")]
        assert not [target for target in loaded if re.match(r"(?!data:)[a-z][a-z0-9+.-]*:|/", target)], path
        styles = [e.attributes["style"] for e in page if "style" in e.attributes] + [e.text for e in page.all("style")]
        assert all("url(" not in style and "@import" not in style for style in styles), path
        assert {e.tag for e in page} & {"iframe", "object", "embed", "base", "form"} == set()
    for path, content in any_files.items():
        if path.endswith(".css"):
            assert not re.search(rb"url\(|@import|@font-face", content), path
        elif path.endswith(".js") and "bokeh" not in path:
            # The names of SVG's and HTML's elements begin with an address that nobody asks for anything.
            asks = rb"fetch\(|import\(|XMLHttpRequest|https?:(?!//www\.w3\.org/)|eval\(|new Function"
            assert not re.search(asks, content), path
        elif path.endswith(".svg"):
            hrefs = [value for e in ElementTree.fromstring(content).iter() for key, value in e.items() if "href" in key]
            assert all(href.startswith("#") for href in hrefs), path


def test_nothing_of_the_machine_that_built_it_is_on_the_site(
    real_files: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = str(tmp_path_factory.getbasetemp())
    assert b"there is no file not-there.npz" in real_files["index.html"]
    told = {path: content.decode(errors="replace") for path, content in real_files.items()}
    assert [path for path, text in told.items() if base in text or str(ROOT) in text] == []


# The manifest and the weight


def test_the_manifest_lists_every_other_file_with_its_digest(any_files: Files) -> None:
    manifest = json.loads(any_files["manifest.json"])
    assert manifest["schema"] == 1
    assert manifest["files"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in any_files.items() if path != "manifest.json"
    }


def test_static_files_carry_their_digest_in_their_name(any_files: Files) -> None:
    assets = {path: content for path, content in any_files.items() if path.startswith("assets/")}
    assert len(assets) == len(load_assets(ROOT / "templates"))
    for path, content in assets.items():
        assert f".{hashlib.sha256(content).hexdigest()[:10]}." in path


def test_no_page_is_heavy(real_files: Files) -> None:
    weights = {path: len(gzip.compress(content)) for path, content in real_files.items() if path.endswith(".html")}
    assert {path: weight for path, weight in weights.items() if weight > HEAVIEST} == {}
    assert max(weights.values()) > 20_000, "the pair pages hold their maps"


# Exports


Records = list[dict[str, Any]]


def leaderboards(files: Files) -> tuple[Records, Records, Records]:
    """The leaderboard as read from CSV, JSON and Parquet."""
    table = pd.read_parquet(io.BytesIO(files["data/leaderboard.parquet"]))
    typed = [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in table.to_dict("records")
    ]
    plain = list(csv.DictReader(io.StringIO(files["data/leaderboard.csv"].decode(), newline="")))
    return plain, json.loads(files["data/leaderboard.json"]), typed


def test_the_three_leaderboards_agree(any_files: Files) -> None:
    plain, loose, typed = leaderboards(any_files)
    assert loose == typed
    assert [list(record) for record in plain] == [list(record) for record in loose]
    for text, record in zip(plain, loose, strict=True):
        for name, value in record.items():
            if value is None or isinstance(value, str):
                assert text[name] == (value or "")
            else:
                assert float(text[name]) == value, name


def test_the_leaderboards_agree_with_the_results(files: Files, benchmark: Invented) -> None:
    _, loose, _ = leaderboards(files)
    records = {(record["model"], record["dataset"]): record for record in loose}
    assert len(records) == 7 * 4
    found = {(model, r["status"], r["rank"]) for (model, dataset), r in records.items() if dataset == "words"}
    assert found == {
        ("Whole", "measured", 1), ("Mapless", "measured", 2), ("Faint", "measured", 3), ("Broken", "failed", None),
        ("Never measured 模型", "missing", None), ("Older", "outdated", None), ("Control: identical", "measured", None),
    }  # fmt: skip
    datasets = {dataset.slug: dataset for dataset in benchmark.benchmark.datasets}
    for outcome in benchmark.outcomes:
        dataset = datasets[outcome.dataset.slug]
        record = records[outcome.model.name, dataset.slug]
        assert record["dataset_digest"] == dataset.digest
        assert [record["n_concepts"], record["n_languages"]] == [len(dataset.concepts), len(dataset.languages)]
        if isinstance(outcome, PairFailure) or record["status"] == "outdated":
            assert record["semantic_affinity"] is record["null_sa"] is record["model_revision"] is None
            continue
        assert record["measured"] == outcome.provenance.created
        measures = outcome.measures
        if measures is None:
            assert record["semantic_affinity"] is record["rank"] is record["tier"] is None
            continue
        assert record["semantic_affinity"] == measures.semantic_affinity.value
        assert [record["low"], record["high"]] == pytest.approx(
            [measures.semantic_affinity.low, measures.semantic_affinity.high]
        )
        assert record["inter_spread"] == pytest.approx(measures.inter_spread, abs=1e-9)
        assert record["centred_sa"] == measures.centred_sa.value
        assert record["euclidean_sa"] is None
    assert [records[name, "words"]["tier"] for name in ("Whole", "Faint", "Broken")] == ["strong", "none", None]


def test_what_pages_show_is_what_the_leaderboard_says(files: Files) -> None:
    rows = [row for row in pages_of(files)["index.html"].all("tr") if row.all("a", class_="sa")]
    shown = {(row.one("th").text, a.text) for row in rows for a in row.all("a", class_="sa")}
    _, loose, _ = leaderboards(files)
    assert shown == {(r["model"], f"{r['semantic_affinity']:.3f}") for r in loose if r["semantic_affinity"]}


def test_every_result_is_published_as_it_is_stored(files: Files, benchmark: Invented) -> None:
    kept = {f"data/results/{o.model.slug}/{o.dataset.slug}.json.gz": to_json(o).encode() for o in benchmark.outcomes}
    packed = {path: content for path, content in files.items() if path.startswith("data/results/")}
    assert {path: gzip.decompress(content) for path, content in packed.items()} == kept
    assert {content[3:8] for content in packed.values()} == {bytes(5)}, "neither a name nor a date"
    assert all(isinstance(from_json(content), PairResult | PairFailure) for content in kept.values())


def test_the_download_page_lists_every_file_of_data(any_files: Files) -> None:
    listed = {
        a.attributes["href"] for a in pages_of(any_files)["downloads.html"].all("a") if "download" in a.attributes
    }
    data = {path for path in any_files if path.startswith("data/")} - for_scripts(any_files)
    assert listed == {*data, "manifest.json"}


def read_back(dataset: Dataset, folder: Path) -> Dataset:
    """What the published list and its card load as, in a folder as a reader would put them."""
    files = rendered([dataset], [])
    again = folder / dataset.slug
    again.mkdir()
    (again / "data.csv").write_bytes(files[links.dataset_file(dataset.slug)])
    (again / "dataset.toml").write_bytes(files[links.dataset_card(dataset.slug)])
    return load_dataset(again)


def test_a_published_word_list_and_its_card_read_back_as_the_same_dataset(tmp_path: Path, word_list: WordList) -> None:
    for dataset in (word_list(), places(), signs(), load_dataset(ROOT / "datasets" / "oracle-bone")):
        again = read_back(dataset, tmp_path)
        assert again.digest == dataset.digest
        assert dataclasses.replace(again, renormalised=dataset.renormalised) == dataset


def test_a_hostile_card_reads_back_word_for_word(tmp_path: Path) -> None:
    texts = tuple(text for text in TEXTS if "\n" not in text)
    card = dataclasses.replace(
        hostile_card("list"), weaknesses=(*texts, "\x00\x1f\x7f\n\\u0041"), languages=("en", "ar"), longest=2000
    )
    concepts = tuple(Concept(f"{i}", {"en": (f"w{i}",), "ar": (f"ك{i}",)}, "", "", card.columns) for i in range(3))
    dataset = Dataset("listed", card, ("en", "ar"), concepts)
    again = read_back(dataset, tmp_path)
    assert again.card == card
    assert [set(concept.extra) for concept in again.concepts] == [set(card.columns)] * 3


def test_a_published_list_of_hostile_words_reads_back_too(tmp_path: Path) -> None:
    texts = [*HOSTILE, *SCRIPTS, "# no comment", '"', "'", ",", ";", "-", "=1+1", "\\", "\\n"]
    source = tmp_path / "source" / "hostile.jsonl"
    source.parent.mkdir()
    records = [
        {"id": f"{t} {i}", "category": t, "en": [t], "Arabic": [f"ا {t}", f"ب {t}"]} for i, t in enumerate(texts)
    ]
    source.write_text("\n".join(json.dumps(record) for record in records))
    dataset = load_dataset(source)
    assert read_back(dataset, tmp_path).digest == dataset.digest


def test_a_row_that_begins_like_a_comment_is_published_as_a_row(tmp_path: Path) -> None:
    source = tmp_path / "source" / "list.csv"
    source.parent.mkdir()
    source.write_text('id,en,sw\n"#1",water,maji\n"#2",fire,moto\n"3",sun,jua\n')
    dataset = load_dataset(source)
    assert [concept.id for concept in dataset.concepts] == ["#1", "#2", "3"]
    assert read_back(dataset, tmp_path).digest == dataset.digest


def test_a_list_in_indonesian_is_published_so_that_its_column_is_no_id(tmp_path: Path) -> None:
    source = tmp_path / "source" / "list.csv"
    source.parent.mkdir()
    source.write_text("id,en,ind\na,water,air\nb,fire,api\n")
    dataset = load_dataset(source)
    assert dataset.languages == ("en", "id")
    assert read_back(dataset, tmp_path).digest == dataset.digest


# Numbers as shown


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (0.43984, 3, "0.440"),
        (None, 3, "–"),
        (-0.0001, 3, "0.000"),
        (-0.25, 1, "−0.2"),
        (1.0, 3, "1.000"),
        (2.0, 1, "2.0"),
    ],
)
def test_decimals_are_shown_with_a_true_minus_and_no_negative_zero(
    value: float | None, places: int, shown: str
) -> None:
    assert decimal(value, places) == shown


def test_shares_are_shown_in_percent_with_a_true_minus() -> None:
    assert [percent(0.254), percent(-0.0312, 1), percent(-0.0001), percent(1)] == ["25 %", "−3.1 %", "0 %", "100 %"]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, "–"), (512, "512"), (1_000, "1 K"), (22_713_216, "23 M"), (999_600_000, "1.0 B"), (7_600_000_000, "7.6 B"),
     (70_000_000_000, "70 B"), (999_999, "1 M")],
)  # fmt: skip
def test_counts_are_shown_in_two_or_three_digits(count: int | None, shown: str) -> None:
    assert short_count(count) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (999, "999 B"), (24_300, "24 kB"), (999_700, "1.0 MB"), (1_240_000, "1.2 MB")]
)
def test_file_sizes_are_shown_in_the_nearest_unit(size: int, shown: str) -> None:
    assert file_size(size) == shown


def test_pages_tell_the_confidence_that_was_asked_for(benchmark: Invented) -> None:
    told = benchmark.benchmark
    other = dataclasses.replace(told, parameters=dataclasses.replace(told.parameters, confidence=0.975))
    files = Invented(other, benchmark.outcomes).files
    pages = {path: content.decode() for path, content in files.items() if path.endswith(".html")}
    telling = {path for path, text in pages.items() if "97.5 %" in text}
    assert {links.HOME, links.COMPARE, links.METHODS, links.DOMAINS} <= telling
    study = {links.METHODS: 1}
    assert {path: text.count("95 %") for path, text in pages.items() if "95 %" in text} == study

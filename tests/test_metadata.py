"""What the site says of itself to machines, read as they would read it."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from site_fixtures import EVERYTHING, HOSTILE, SCRIPTS, Element, Invented, hostile, invented, pages_of, signs, states

from generator.config import SiteEntry
from generator.datasets import Concept, Dataset
from generator.site.metadata import About, citation, description, licence_address, sitemap

WordList = Callable[..., Dataset]
Files = Mapping[str, bytes]
HERE = "https://example.org/words/"


@pytest.fixture(scope="module")
def files(word_list: WordList) -> Files:
    return states(word_list).files


def at_home(told: Invented, **changes: str) -> Invented:
    """The benchmark as one that knows its address."""
    site = dataclasses.replace(told.benchmark.site, base_url=HERE, **changes)
    return Invented(dataclasses.replace(told.benchmark, site=site), told.outcomes)


@pytest.fixture(scope="module")
def placed(word_list: WordList) -> Files:
    return at_home(states(word_list)).files


@pytest.fixture(scope="module")
def hostile_files() -> Files:
    return at_home(hostile(), title=EVERYTHING, description=EVERYTHING).files


def structured(page: Element) -> list[dict[str, Any]]:
    return [json.loads(script.text) for script in page.all("script", type="application/ld+json")]


def metas(page: Element) -> dict[str, str]:
    found = {e.attributes["property"]: e.attributes["content"] for e in page.all("meta") if "property" in e.attributes}
    return found | {f"link {e.attributes['rel']}": e.attributes["href"] for e in page.all("link", rel="canonical")}


# The heads of pages


def test_a_site_without_an_address_names_none(files: Files) -> None:
    for page in pages_of(files).values():
        assert metas(page) == {}
    assert "sitemap.xml" not in files


@pytest.mark.parametrize(
    ("path", "address", "card"),
    [
        ("index.html", HERE, "cards/home.png"),
        ("methods.html", f"{HERE}methods.html", "cards/home.png"),
        ("models/whole.html", f"{HERE}models/whole.html", "cards/model-whole.png"),
        ("pairs/broken--words.html", f"{HERE}pairs/broken--words.html", "cards/model-broken.png"),
        ("datasets/places.html", f"{HERE}datasets/places.html", "cards/dataset-places.png"),
    ],
)
def test_a_site_with_an_address_tells_other_sites_where_a_page_is(
    placed: Files, path: str, address: str, card: str
) -> None:
    page = pages_of({path: placed[path]})[path]
    told = metas(page)
    assert (told["link canonical"], told["og:url"], told["og:image"]) == (address, address, HERE + card)
    assert told["og:title"] == page.all("title")[0].text.split(" · ")[0]
    assert card in placed


def test_every_picture_that_a_page_names_is_there(placed: Files, hostile_files: Files) -> None:
    for found in (placed, hostile_files):
        named = {metas(page)["og:image"].removeprefix(HERE) for page in pages_of(found).values()}
        assert named <= set(found)


def test_every_page_names_the_feed(files: Files) -> None:
    for path, page in pages_of(files).items():
        (feed,) = page.all("link", rel="alternate")
        assert posixpath.normpath(posixpath.join(posixpath.dirname(path), feed.attributes["href"])) == "feed.xml"


def test_the_home_page_describes_the_catalogue_and_each_dataset_itself(placed: Files) -> None:
    found = {path: structured(page) for path, page in pages_of(placed).items()}
    assert {path for path, told in found.items() if told} == {
        "index.html", "datasets/words.html", "datasets/others.html", "datasets/places.html", "datasets/signs.html",
    }  # fmt: skip
    (home,) = found["index.html"]
    assert (home["@context"], home["@type"], home["url"]) == ("https://schema.org", "DataCatalog", HERE)
    assert (home["name"], home["dateModified"]) == ("A benchmark", "2026-03-04")
    assert [each["name"] for each in home["dataset"]] == ["Words", "Others", "Places", "Signs"]
    (words,) = found["datasets/words.html"]
    assert (words["@type"], words["name"], words["inLanguage"]) == ("Dataset", "Words", ["en", "zh", "ar", "hi", "sw"])
    assert words["license"] == "https://spdx.org/licenses/CC0-1.0"
    files = {each["encodingFormat"]: each["contentUrl"] for each in words["distribution"]}
    assert files == {
        "text/csv": f"{HERE}data/datasets/words.csv",
        "application/ld+json": f"{HERE}data/datasets/words.croissant.json",
    }
    assert words["includedInDataCatalog"] == {"@type": "DataCatalog", "name": "A benchmark", "url": HERE}


def test_without_an_address_what_is_described_is_found_from_the_page(files: Files) -> None:
    (words,) = structured(pages_of(files)["datasets/words.html"])
    assert {each["contentUrl"] for each in words["distribution"]} == {
        "../data/datasets/words.csv", "../data/datasets/words.croissant.json",
    }  # fmt: skip
    (home,) = structured(pages_of(files)["index.html"])
    assert "url" not in home
    assert home["dataset"][0]["url"] == "datasets/words.html"


def test_hostile_words_stay_within_what_describes_them(hostile_files: Files) -> None:
    for path in ("index.html", "datasets/hostile.html"):
        (told,) = structured(pages_of(hostile_files)[path])
        assert told["description"] == EVERYTHING
        text = hostile_files[path].decode().split('<script type="application/ld+json">')[1].split("</script>")[0]
        assert "<" not in text


# Croissant


def test_the_licence_is_an_address_where_it_has_one() -> None:
    assert [licence_address(name) for name in ("CC-BY-4.0", "MIT")] == [
        "https://spdx.org/licenses/CC-BY-4.0",
        "https://spdx.org/licenses/MIT",
    ]
    for text in ("Apache-2.0 AND Unicode-3.0", "", "ask us", "https://example.org/licence"):
        assert licence_address(text) == text


def croissants(files: Files) -> dict[str, Any]:
    return {path: json.loads(content) for path, content in files.items() if path.endswith(".croissant.json")}


def test_every_dataset_has_metadata_that_fit_its_file(files: Files, hostile_files: Files) -> None:
    for found in (files, hostile_files):
        told = croissants(found)
        assert len(told) == sum(path.startswith("data/datasets/") and path.endswith(".csv") for path in found)
        for path, document in told.items():
            (file,) = document["distribution"]
            word_list = found[path.replace(".croissant.json", ".csv")]
            assert file["sha256"] == hashlib.sha256(word_list).hexdigest()
            assert file["contentSize"] == f"{len(word_list)} B"
            (records,) = document["recordSet"]
            header = next(csv.reader(io.StringIO(word_list.decode(), newline="")))
            columns = [field["source"]["extract"]["column"] for field in records["field"]]
            assert columns == header
            ids = [field["@id"] for field in records["field"]]
            assert len(set(ids)) == len(ids), "Indonesian is not the identifier"
            assert records["key"]["@id"] in ids
            assert {field["source"]["fileObject"]["@id"] for field in records["field"]} == {file["@id"]}
            assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"


def test_the_file_lies_beside_its_metadata_or_at_the_sites_address(files: Files, placed: Files) -> None:
    path = "data/datasets/words.croissant.json"
    assert croissants(files)[path]["distribution"][0]["contentUrl"] == "words.csv"
    assert croissants(files)[path]["url"] == "../../datasets/words.html"
    assert croissants(placed)[path]["distribution"][0]["contentUrl"] == f"{HERE}data/datasets/words.csv"


def test_cells_of_several_renderings_are_taken_apart(files: Files) -> None:
    (records,) = croissants(files)["data/datasets/words.croissant.json"]["recordSet"]
    apart = {field["name"] for field in records["field"] if field.get("repeated")}
    assert apart == {"en", "zh", "hi"}
    assert all(
        field["source"].get("transform") == ({"separator": "|"} if field["name"] in apart else None)
        for field in records["field"]
    )


def test_a_list_in_indonesian_has_no_two_columns_of_one_name() -> None:
    concepts = (Concept("a", {"en": ("water",), "id": ("air",)}), Concept("b", {"en": ("fire",), "id": ("api",)}))
    dataset = dataclasses.replace(signs(), slug="list", languages=("en", "id"), concepts=concepts)
    (records,) = croissants(invented([dataset], []).files)["data/datasets/list.croissant.json"]["recordSet"]
    assert [field["name"] for field in records["field"]] == ["id", "category", "en", "ind"]


def test_a_dataset_without_a_description_is_told_by_its_size(word_list: WordList) -> None:
    assert description(word_list(n=3)) == "Words: 3 concepts in 5 languages."


# Lists of pages


def test_the_sitemap_lists_every_page_but_the_one_that_is_not_there(placed: Files) -> None:
    root = ElementTree.fromstring(placed["sitemap.xml"])
    listed = [loc.text for loc in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    pages = {path for path in placed if path.endswith(".html")} - {"404.html"}
    assert len(listed) == len(set(listed))
    assert set(listed) == {HERE if path == "index.html" else HERE + path for path in pages}


def test_a_sitemap_escapes_its_addresses() -> None:
    *_, loc = ElementTree.fromstring(sitemap(["a&b.html"], HERE)).iter()
    assert loc.text == f"{HERE}a&b.html"


def test_the_index_for_language_models_leads_to_files_that_are_there(files: Files, placed: Files) -> None:
    text = files["llms.txt"].decode()
    assert text.startswith("# A benchmark\n\n> Does a benchmark align words?\n")
    targets = re.findall(r"^- \[.+\]\((.+?)\): ", text, re.M)
    assert len(targets) == text.count("\n- ") > 20
    assert set(targets) <= set(files)
    assert {"models/whole.html", "datasets/signs.html", "data/leaderboard.json"} <= set(targets)
    assert "- [Whole](models/whole.html): SA Words 0.620, Others 0.480, Places 0.550\n" in text
    assert "- [Broken](models/broken.html): SA Others 0.500\n" in text
    assert "- [Older](models/older.html): not measured\n" in text
    assert f"({HERE}models/whole.html)" in placed["llms.txt"].decode()


def test_names_in_the_index_are_no_markup(hostile_files: Files) -> None:
    lines = hostile_files["llms.txt"].decode().split("\n")
    assert all(line == "" or line[0] in "#>-Stfi" for line in lines), "no name begins a line of its own"
    for line in lines:
        if line.startswith("- ["):
            assert re.fullmatch(
                r"- \[(\\.|[^\\\[\]])+\]\(https://example\.org/words/[\w./-]+\): (\\.|[^\\\[\]<>])+", line
            )


# How to cite


@pytest.mark.parametrize(
    "text", [*HOSTILE, *SCRIPTS, "a\x00b\x1bc\x7fd\x85e\ufefff\uffffg", '"quoted": {yaml}', "- a\n- b"]
)
def test_the_citation_is_yaml_whatever_the_title(text: str) -> None:
    found = yaml.safe_load(citation(About(text, text, HERE, "2026-03-04"), "0.1.0"))
    assert (found["cff-version"], found["type"]) == ("1.2.0", "dataset")
    assert (found["title"], found["abstract"]) == (text, text)
    assert (found["url"], str(found["date-released"])) == (HERE, "2026-03-04")
    assert found["authors"] == [{"name": text}]


def test_what_is_not_known_is_not_cited() -> None:
    found = yaml.safe_load(citation(About("Ours", "", "", ""), "0.1.0"))
    assert {"url", "version", "date-released", "abstract"}.isdisjoint(found)


def test_the_citation_stands_at_the_root(files: Files) -> None:
    assert yaml.safe_load(files["CITATION.cff"])["title"] == SiteEntry("A benchmark").title

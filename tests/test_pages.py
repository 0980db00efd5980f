"""Pages: what the view models promise, the templates show, and nothing that a name or a word says does harm."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs

import jinja2
import pytest
from jinja2 import nodes
from site_fixtures import (
    HOSTILE,
    PAYLOAD,
    ROOT,
    SCRIPTS,
    Element,
    control,
    failed,
    hostile_dataset,
    hostile_outcomes,
    measured,
    model,
    page_of,
    pages_of,
    rendered,
)

from generator.datasets import Card, Concept, Dataset
from generator.languages import language
from generator.models.registry import Model
from generator.results import Outcome
from generator.site import links
from generator.site.assets import load_assets
from generator.site.pages import Page
from generator.slugs import slugify

TEMPLATES = ROOT / "templates"
WordList = Callable[..., Dataset]
Site = Mapping[str, Element]


def page_kinds(kind: type[Page] = Page) -> Iterator[type[Page]]:
    for each in kind.__subclasses__():
        yield each
        yield from page_kinds(each)


KINDS = {kind.template: kind for kind in page_kinds()}


# Dataclass and template, in both directions


def used_by(template: str) -> set[str]:
    """The attributes of ``page`` that a template names, in itself or in what it extends, imports or includes."""
    tree = jinja2.Environment(autoescape=True).parse((TEMPLATES / template).read_text(encoding="utf-8"))
    found = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "page"
    }
    others = {
        node.template.value
        for node in tree.find_all((nodes.Extends, nodes.Import, nodes.FromImport, nodes.Include))
        if isinstance(node.template, nodes.Const)
    }
    return found.union(*map(used_by, others))


def test_every_page_template_belongs_to_one_kind_of_page() -> None:
    kinds = list(page_kinds())
    assert len(KINDS) == len(kinds), "two kinds of page share a template"
    assert {path.name for path in TEMPLATES.glob("*.html")} - {"base.html", "parts.html"} == set(KINDS)


@pytest.mark.parametrize("template", sorted(KINDS))
def test_a_template_uses_exactly_the_fields_of_its_page(template: str) -> None:
    fields = {field.name for field in dataclasses.fields(KINDS[template])}
    used = used_by(template)
    assert used - fields == set(), "the template names what its page lacks"
    assert fields - used == set(), "the page carries what no template shows"


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir() if path.is_file()))
def test_templates_switch_escaping_off_only_for_the_maps_data(template: str) -> None:
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    assert not re.search(r"autoescape|\|\s*(forceescape|escape|e)\b", source)
    assert re.findall(r"[\w.]+\s*\|\s*safe\b", source) == (["page.map_json|safe"] if template == "pair.html" else [])


# Every branch renders: names that are not there fail


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


def everything(words: Dataset, others: Dataset) -> list[Outcome]:
    """Each state that a pair can be in."""
    broken = "<b>the hub</b> cannot be reached"
    return [
        measured(model("Whole", link="https://example.org/?a=1&b=2", parameters=22_713_216), words, 0.62),
        measured(model("Whole", link="https://example.org/?a=1&b=2", parameters=22_713_216), others, 0.48),
        measured(model("Mapless", released="2025-01-01"), words, 0.6, reach=None, no_map="3 distinct vectors"),
        measured(model("Older"), words, 0.9, digest="an older list"),
        failed(model("Broken", revision=""), words, broken),
        measured(model("Broken"), others, 0.5),
        measured(control(), words, 1.0, centred=None),
    ]


@pytest.fixture(scope="module")
def site(words: Dataset, word_list: WordList) -> Site:
    others = word_list(slug="others", n=6, languages=("en", "ar"))
    never = Model("Never measured", "ngrams:", objective="surface")
    return pages_of(rendered([words, others], everything(words, others), [never]))


def test_every_kind_of_page_renders_in_every_state(site: Site, words: Dataset) -> None:
    models = ("whole", "mapless", "older", "broken", "never-measured", "control-identical")
    expected = {"index.html", "methods.html", "downloads.html", "404.html"}
    expected |= {f"models/{slug}.html" for slug in models}
    expected |= {"datasets/words.html", "datasets/others.html"}
    pairs = (
        "whole--words",
        "whole--others",
        "mapless--words",
        "broken--words",
        "broken--others",
        "control-identical--words",
    )
    expected |= {f"pairs/{pair}.html" for pair in pairs}
    assert set(site) == expected
    for path, page in site.items():
        assert page.one("h1").text.strip(), path
        assert page.one("title").text.strip(), path
        assert page.one("html").attributes["lang"] == "en"


def test_a_site_without_results_renders(words: Dataset) -> None:
    site = pages_of(rendered([words], []))
    assert "No model has been measured yet." in site["index.html"].text
    assert "No ranked model has been measured on this dataset yet." in site["datasets/words.html"].text


def test_a_site_whose_every_pair_failed_renders(words: Dataset) -> None:
    site = pages_of(rendered([words], [failed(model(), words)]))
    assert "has not been measured" in site["models/alpha.html"].text


def test_more_languages_than_a_card_holds_are_counted(words: Dataset) -> None:
    tags = "ar bn cs de el en es fi fr he hi it ja ko nl pl pt ro ru sv sw ta te th tr zh".split()  # noqa: SIM905
    concepts = tuple(Concept(str(i), {tag: (f"{tag}{i}",) for tag in tags}) for i in range(2))
    page = pages_of(rendered([Dataset("many", Card("Many"), tuple(tags), concepts)], []))["index.html"]
    assert "and 2 more" in page.text


def test_means_are_shown_only_beside_several_datasets(site: Site, words: Dataset) -> None:
    alone = pages_of(rendered([words], [measured(model(), words)]))["index.html"]
    assert "Mean rank" in site["index.html"].text
    assert "Mean rank" not in alone.text
    assert "never alone" in site["index.html"].text, "the mean of SA comes with its warning"


def test_columns_stand_under_their_headers(site: Site, words: Dataset) -> None:
    alone = pages_of(rendered([words], [measured(model(), words)]))
    for page in (site["index.html"], alone["index.html"], site["datasets/words.html"], site["models/broken.html"]):
        for table in page.all("table"):
            widths = {
                sum(int(cell.attributes.get("colspan", 1)) for cell in cells_of(row))
                for row in table.one("thead").all("tr")[:1]
            }
            for body in table.all("tbody"):
                widths |= {sum(int(c.attributes.get("colspan", 1)) for c in cells_of(row)) for row in body.all("tr")}
            assert len(widths) == 1, f"rows of {widths} columns"


def cells_of(row: Element) -> list[Element]:
    return [cell for cell in row.children if isinstance(cell, Element)]


def rows_of(page: Element, table: str = "board") -> dict[str, Element]:
    """The rows of a table of scores by model."""
    return {row.one("th").text: row for row in page.one("table", id=table).all("tr") if row.all("th", scope="row")}


def test_the_home_page_shows_every_state_of_a_pair(site: Site) -> None:
    rows = rows_of(site["index.html"])
    assert list(rows) == ["Whole", "Broken", "Mapless", "Never measured", "Older", "Control: identical"]
    reasons = {
        name: [c.attributes["data-reason"] for c in cells_of(row) if "data-reason" in c.attributes]
        for name, row in rows.items()
    }
    assert reasons == {
        "Whole": [],
        "Broken": ["failed"],
        "Mapless": ["missing"],
        "Never measured": ["missing", "missing"],
        "Older": ["outdated", "missing"],
        "Control: identical": ["missing"],
    }
    ranks = {name: cells_of(row)[0].text for name, row in rows.items()}
    assert ranks == {"Whole": "1", **dict.fromkeys(list(rows)[1:], "–")}
    assert "0.900" not in site["index.html"].text, "an outdated score is no score"


def test_controls_stand_in_a_group_of_their_own(site: Site) -> None:
    groups = site["index.html"].one("table", id="board").all("tbody")
    assert [body.attributes.get("class", "") for body in groups] == ["", "controls"]
    assert [row.one("th", scope="row").text for row in groups[1].all("tr")[1:]] == ["Control: identical"]


def test_a_failed_pair_is_told_on_home_model_dataset_and_its_own_page(site: Site) -> None:
    message = "<b>the hub</b> cannot be reached"
    for path in ("index.html", "models/broken.html", "datasets/words.html"):
        (cell,) = [e for e in site[path] if e.attributes.get("data-reason") == "failed"]
        assert message in cell.text
        assert cell.one("a").text == "failed"
        target = links.relative("pairs/broken--words.html", path)
        assert cell.one("a").attributes["href"] == target
    own = site["pairs/broken--words.html"]
    assert [e.text for e in own if e.attributes.get("data-test") == "failure"] == [message]


def test_a_pair_without_a_map_says_why(site: Site) -> None:
    page = site["pairs/mapless--words.html"]
    assert [e.text for e in page if e.attributes.get("data-test") == "no-map"] == [
        "There is no map: 3 distinct vectors."
    ]
    assert [page.all(id="map"), page.all("img"), page.all("button", class_="show")] == [[], [], []]
    assert site["models/mapless.html"].all("img") == []


def test_sort_values_order_rows_as_their_shown_numbers_do(site: Site) -> None:
    for page in site.values():
        for cell in page.all("td"):
            shown = cell.text.strip()
            if "data-sort" in cell.attributes and re.fullmatch(r"−?\d+(\.\d+)?", shown):
                value = float(cell.attributes["data-sort"])
                assert float(shown.replace("−", "-")) == pytest.approx(value, abs=0.06 if len(shown) < 5 else 6e-4)


def test_no_number_is_shown_with_more_than_three_decimals(site: Site) -> None:
    shown = [e.text.strip() for page in site.values() for tag in ("td", "span", "a") for e in page.all(tag)]
    numbers = [text for text in shown if re.fullmatch(r"−?\d+\.\d+", text)]
    assert len(numbers) > 100
    assert [number for number in numbers if len(number.partition(".")[2]) > 3] == []


def test_what_has_no_value_is_a_dash_and_sorts_last(site: Site) -> None:
    page = site["pairs/whole--words.html"]
    last = page.one("table", id="words").one("tbody").all("tr")[-1]
    assert [cell.text for cell in cells_of(last)[:2]] == ["–", "–"]
    assert cells_of(last)[0].attributes["data-sort"] == "-1"
    heat = [cell.text for cell in page.one("table", class_="heat").all("td", class_="heat-cell")]
    assert [heat.count("–"), len(heat)] == [2, 20]


# Words


def test_every_rendering_carries_its_language_and_direction(site: Site, words: Dataset) -> None:
    for path in ("datasets/words.html", "pairs/whole--words.html"):
        shown = {
            (e.attributes["lang"], e.attributes["dir"], e.text)
            for e in site[path].one("table", id="words").all("span")
            if "lang" in e.attributes
        }
        expected = {(tag, language(tag).direction, t) for tag, texts in words.renderings.items() for t in texts}
        assert shown == expected
        assert ("ar", "rtl", "شَمْس") in shown


def test_words_outside_tables_carry_their_language_too(site: Site) -> None:
    page = site["models/whole.html"]
    shown = [e for group in page.all("span", class_="renderings") for e in group if "lang" in e.attributes]
    assert {e.attributes["lang"] for e in shown} == {"en", "zh", "ar", "hi", "sw"}
    assert all(e.attributes["dir"] == language(e.attributes["lang"]).direction for e in shown)


def test_the_legend_names_each_language_with_its_direction(site: Site) -> None:
    entries = [e for e in site["pairs/whole--words.html"] if "data-language" in e.attributes]
    assert {e.attributes["data-language"]: e.attributes["data-direction"] for e in entries} == {
        "en": "ltr",
        "zh": "ltr",
        "ar": "rtl",
        "hi": "ltr",
        "sw": "ltr",
    }


# Hostile text


@pytest.fixture(scope="module")
def hostile_site() -> Site:
    dataset = hostile_dataset()
    return pages_of(rendered([dataset], hostile_outcomes(dataset), [Model(f"{HOSTILE[4]} x", "ngrams:")]))


def kinds_of_markup(site: Site) -> set[tuple[str, ...]]:
    """Every kind of element with the names of its attributes, in any order."""
    return {(e.tag, *sorted(e.attributes)) for page in site.values() for e in page}


def test_no_word_becomes_markup(hostile_site: Site, site: Site) -> None:
    assert kinds_of_markup(hostile_site) - kinds_of_markup(site) == set()


def test_every_script_is_an_asset_or_the_maps_data(hostile_site: Site) -> None:
    for path, page in hostile_site.items():
        inline = [script for script in page.all("script") if "src" not in script.attributes]
        assert all(s.attributes == {"type": "application/json", "id": "map-data"} for s in inline), path
        assert len(inline) == bool(page.all(id="map")), path
        sources = [s.attributes["src"] for s in page.all("script") if "src" in s.attributes]
        assert all(re.fullmatch(r"(\.\./)?assets/\w+\.[0-9a-f]{10}\.(min\.)?js", source) for source in sources), path
    assert any(page.all(id="map") for page in hostile_site.values())


def test_only_web_links_leave_the_site(hostile_site: Site, site: Site) -> None:
    outward = set()
    for page in (*hostile_site.values(), *site.values()):
        for element in page:
            for name in ("href", "src", "action", "formaction", "data"):
                target = element.attributes.get(name, "")
                if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
                    outward.add((element.tag, target.split(",")[0]))
    assert outward == {("link", "data:image/svg+xml"), ("a", "https://example.org/?a=1&b=2")}


def test_hostile_words_are_shown_as_they_are(hostile_site: Site) -> None:
    dataset = hostile_dataset()
    for path, page in hostile_site.items():
        if not path.startswith(("pairs/", "datasets/")) or not page.all("table", id="words"):
            continue
        shown = {e.text for e in page.one("table", id="words").all("span") if "lang" in e.attributes}
        assert shown == {t for texts in dataset.renderings.values() for t in texts}, path
        categories = {e.text for e in page.one("table", id="words").all("td", class_="small")}
        assert categories == {*HOSTILE, *SCRIPTS}, path


def test_hostile_names_notes_and_errors_are_shown_as_they_are(hostile_site: Site) -> None:
    everything = " ".join((*HOSTILE, *SCRIPTS))
    home = hostile_site["index.html"]
    outcomes = hostile_outcomes(hostile_dataset())
    assert [e.text for e in home.all("th", scope="row")] == [
        *(outcome.model.name for outcome in outcomes[:3]),
        f"{HOSTILE[4]} x",
        "Control: identical",
    ]
    assert everything in home.text
    first = hostile_site[links.model_page(outcomes[0].model.slug)]
    assert first.one("title").text.startswith(outcomes[0].model.name)
    assert first.text.count(everything) >= 5, "note, architecture, licence, source and revision"
    no_map = hostile_site[links.pair_page(outcomes[1].model.slug, "hostile")]
    assert f"There is no map: {everything}." in no_map.text
    broken = hostile_site[links.pair_page(outcomes[2].model.slug, "hostile")]
    assert everything in broken.text
    card = hostile_site["datasets/hostile.html"]
    assert card.text.count(everything) >= 4
    assert {e.text for e in card.one("dl", class_="card").all("li")} == {*HOSTILE, *SCRIPTS}
    assert page_of(f"<p>{PAYLOAD}</p>".encode()).text == PAYLOAD


def test_hostile_words_reach_the_map_whole(hostile_site: Site) -> None:
    (page,) = [
        page
        for path, page in hostile_site.items()
        if "no-map" not in path and "control" not in path and page.all(id="map")
    ]
    data = json.dumps(json.loads(page.one("script", id="map-data").text), ensure_ascii=False)
    assert all(json.dumps(text, ensure_ascii=False) in data for text in (*HOSTILE, *SCRIPTS))


def test_links_to_a_concept_on_a_map_can_be_read_back(hostile_site: Site) -> None:
    outcome = hostile_outcomes(hostile_dataset())[0]
    page = hostile_site[links.model_page(outcome.model.slug)]
    fragments = [a.attributes["href"].partition("#")[2] for a in page.all("a") if "#concept=" in a.attributes["href"]]
    ids = {concept.id for concept in hostile_dataset().concepts}
    assert len(fragments) == 16
    assert all(set(parse_qs(f)["concept"]) <= ids and len(parse_qs(f)) == 1 for f in fragments)


# Names and numbers


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Qwen/Qwen3-Embedding-0.6B", "qwen-qwen3-embedding-0-6b"), ("<script>", "script"), ("CON", "con-x")],
)
def test_addresses_hold_only_what_every_server_and_disk_takes(words: Dataset, name: str, slug: str) -> None:
    assert slugify(name) == slug
    assert f"pairs/{slug}--words.html" in rendered([words], [measured(model(name), words)])


def test_the_pages_of_a_site_link_to_each_other_from_any_depth() -> None:
    assert links.relative("index.html", "pairs/a--b.html") == "../index.html"
    assert links.relative("pairs/a--b.html#x=1", "models/a.html") == "../pairs/a--b.html#x=1"
    assert links.relative("a#b#c", "index.html") == "a#b#c"


def test_static_files_are_named_by_their_content() -> None:
    found = load_assets(TEMPLATES)
    assert set(found) == {"style.css", "theme.js", "tables.js", "map.js", "bokeh.min.js"}
    assert all(re.fullmatch(r"assets/[a-z]+\.[0-9a-f]{10}\.(min\.js|js|css)", path) for path, _ in found.values())


def test_a_missing_asset_is_named_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.css").write_text("")
    with pytest.raises(FileNotFoundError, match=r"theme\.js.*tables\.js.*map\.js") as missing:
        load_assets(tmp_path)
    assert "style.css" not in str(missing.value)

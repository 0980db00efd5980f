"""Pages: what the view models promise, the templates show, and nothing that a name or a word says does harm."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs

import jinja2
import pytest
from jinja2 import nodes
from site_fixtures import (
    EVERYTHING,
    HOSTILE,
    MANY,
    PAPER,
    PAYLOAD,
    ROOT,
    TEXTS,
    Element,
    Invented,
    failed,
    hostile,
    hostile_dataset,
    invented,
    measured,
    model,
    page_of,
    pages_of,
    places,
    rendered,
    signs,
    states,
    words_on_map,
)

from generator.claims import Findings, judged
from generator.datasets import Card, Concept, Dataset
from generator.domains import DomainScore, ModelDomains
from generator.languages import language
from generator.leaderboard import build_leaderboard
from generator.measures.catalogue import CATALOGUE
from generator.records import model_record
from generator.results import Estimate
from generator.site import figures, links
from generator.site.assets import load_assets
from generator.site.domain_page import size_chart
from generator.site.pages import Page
from generator.slugs import slugify

TEMPLATES = ROOT / "templates"
WordList = Callable[..., Dataset]
Site = Mapping[str, Element]
NEVER = "Never measured 模型"


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
    assert {path.name for path in TEMPLATES.glob("*.html")} - {"base.html", "parts.html", "layers.html"} == set(KINDS)


@pytest.mark.parametrize("template", sorted(KINDS))
def test_a_template_uses_exactly_the_fields_of_its_page(template: str) -> None:
    fields = {field.name for field in dataclasses.fields(KINDS[template])}
    used = used_by(template)
    assert used - fields == set(), "the template names what its page lacks"
    assert fields - used == set(), "the page carries what no template shows"


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir() if path.is_file()))
def test_templates_switch_escaping_off_only_for_charts(template: str) -> None:
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    assert not re.search(r"autoescape|\|\s*(forceescape|escape|e)\b", source)
    unescaped = {
        "base.html": ["head.structured|safe"],
        "index.html": ["page.tiers|safe", "chart.drawing|safe"],
        "domains.html": ["page.chart|safe"],
        "companions.html": ["section.drawing|safe"],
        "layers.html": ["chart|safe"],
        "methods.html": ["trap.drawing|safe"],
    }
    assert re.findall(r"[\w.]+\s*\|\s*safe\b", source) == unescaped.get(template, [])
    formulas = re.findall(r'formula\("(.*?)"', source)
    assert not [latex for latex in formulas if "\\" in latex.replace("\\\\", "")], "Jinja eats single backslashes"


# Every branch renders: names that are not there fail


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


@pytest.fixture(scope="module")
def benchmark(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture(scope="module")
def site(benchmark: Invented) -> Site:
    return pages_of(benchmark.files)


def findings_of(benchmark: Invented) -> Findings:
    told = benchmark.benchmark
    expected = [model_record(each, {}, each.dimensions) for each in told.models]
    board = build_leaderboard(told.datasets, expected, benchmark.outcomes, told.overall, told.reference)
    return Findings(board, told.published, told.study, benchmark.resamples, told.parameters.confidence)


@pytest.fixture(scope="module")
def findings(benchmark: Invented) -> Findings:
    return findings_of(benchmark)


def test_every_kind_of_page_renders_in_every_state(site: Site, benchmark: Invented) -> None:
    models = ("whole", "mapless", "faint", "older", "broken", "never-measured", "control-identical")
    single = ("index", "domains", "claims", "compare", "companions", "methods", "downloads", "404", "releases")
    expected = {f"{name}.html" for name in (*single, "concepts", "search")} | {f"models/{slug}.html" for slug in models}
    expected |= {f"datasets/{slug}.html" for slug in ("words", "others", "places", "signs")}
    told = [outcome for outcome in benchmark.outcomes if outcome.model.name != "Older"]
    expected |= {links.pair_page(outcome.model.slug, outcome.dataset.slug) for outcome in told}
    assert set(site) == expected
    for path, page in site.items():
        assert page.one("h1").text.strip(), path
        assert page.one("head").one("title").text.strip(), path
        assert page.one("html").attributes["lang"] == "en"
        empty = [name for e in page for name, value in e.attributes.items() if value in {"None", "nan"}]
        assert empty == [], path


def test_a_site_without_results_renders(words: Dataset) -> None:
    site = pages_of(rendered([words, places(), signs()], []))
    assert "No model has been measured yet." in site["index.html"].text
    assert "No ranked model has been measured on this dataset yet." in site["datasets/words.html"].text
    assert "so models have maps on this page and no scores." in site["datasets/signs.html"].text
    domains, claims = site["domains.html"], site["claims.html"]
    assert [h.text for h in domains.all("h2")] == ["How to read a drop", "Places"]
    assert "No model has been measured on both lists yet." in domains.text
    assert [int(e.text) for e in claims.one("ul", class_="tally").all("strong")] == [0, 0, 0, 13]
    assert [h.text for h in claims.all("h2")] == ["Verdicts"]


def test_a_site_of_signs_alone_has_no_scores_to_show() -> None:
    site = pages_of(rendered([signs()], [measured(model(), signs())]))
    assert [e.text for e in site["index.html"].one("table", id="board").one("thead").all("th")] == [
        "Rank", "Model", "Trained on", "Parameters", "Licence", "Weights",
    ]  # fmt: skip
    assert "alignment on everyday words is compared" in site["domains.html"].text
    assert [a.attributes["href"] for a in site["domains.html"].one("table", class_="strips").all("a")] == [
        "models/alpha.html", "pairs/alpha--signs.html",
    ]  # fmt: skip
    assert "on word lists without translations only, so it has no score" in site["models/alpha.html"].text


def test_a_site_whose_every_pair_failed_renders(words: Dataset) -> None:
    site = pages_of(rendered([words], [failed(model(), words)]))
    assert "could not be measured: the hub cannot be reached." in site["models/alpha.html"].text


def test_more_languages_than_a_card_holds_are_counted(words: Dataset) -> None:
    tags = "ar bn cs de el en es fi fr he hi it ja ko nl pl pt ro ru sv sw ta te th tr zh".split()  # noqa: SIM905
    concepts = tuple(Concept(str(i), {tag: (f"{tag}{i}",) for tag in tags}) for i in range(2))
    page = pages_of(rendered([Dataset("many", Card("Many"), tuple(tags), concepts)], []))["index.html"]
    assert "and 2 more" in page.text


def test_means_are_shown_only_beside_several_datasets_that_count(site: Site, words: Dataset) -> None:
    results = [measured(model(), words), measured(model(), places())]
    alone = pages_of(invented([words, places()], results, apart=["places"]).files)["index.html"]
    assert "Mean rank" in site["index.html"].text
    assert "Mean rank" not in alone.text
    note = next(p for p in site["index.html"].all("p", class_="note") if p.text.startswith("Ranks go by mean rank"))
    assert note.text.startswith("Ranks go by mean rank over Words, Others; a model that lacks one of them has none. ")
    assert "never alone" in note.text, "the mean of SA comes with its warning"


def test_columns_stand_under_their_headers(site: Site, words: Dataset) -> None:
    alone = pages_of(rendered([words], [measured(model(), words)]))
    assert sum(len(page.all("table")) for page in site.values()) > 60
    for page in (*site.values(), alone["index.html"]):
        for table in page.all("table"):
            widths = {
                sum(int(cell.attributes.get("colspan", 1)) for cell in cells_of(row))
                for row in table.one("thead").all("tr")[:1]
            }
            for body in table.all("tbody"):
                widths |= {sum(int(c.attributes.get("colspan", 1)) for c in cells_of(row)) for row in body.all("tr")}
            assert len(widths) == bool(table.all("tr")), f"rows of {widths} columns"


def cells_of(row: Element) -> list[Element]:
    return [cell for cell in row.children if isinstance(cell, Element)]


def squeezed(element: Element) -> str:
    return " ".join(element.text.split())


def rows_of(page: Element, table: str = "board") -> dict[str, Element]:
    """The rows of a table of scores by model."""
    return {row.one("th").text: row for row in page.one("table", id=table).all("tr") if row.all("th", scope="row")}


def test_the_home_page_shows_every_state_of_a_pair(site: Site) -> None:
    rows = rows_of(site["index.html"])
    assert {
        name: [c.attributes["data-reason"] for c in cells_of(row) if "data-reason" in c.attributes]
        for name, row in rows.items()
    } == {
        "Whole": [],
        "Faint": ["missing"],
        "Mapless": ["missing"],
        "Broken": ["failed", "missing"],
        NEVER: ["missing", "missing", "missing"],
        "Older": ["outdated", "missing", "missing"],
        "Control: identical": ["missing"],
        "LaBSE": [],
        "text-embedding-3-large": [],
    }
    assert [cells_of(row)[0].text for row in rows.values()] == ["1", "1", "3", *"––––––"]
    assert [cells_of(row)[3].text.strip() for row in list(rows.values())[:-2]] == [
        "2.0", "2.0", "3.0", "1 of 2", "0 of 2", "0 of 2", "2 of 2",
    ]  # fmt: skip
    assert "0.900" not in site["index.html"].text, "an outdated score is no score"


def test_lists_outside_the_rank_and_lists_without_scores_are_marked(site: Site) -> None:
    home = site["index.html"]
    heads = [squeezed(th) for th in home.one("table", id="board").one("thead").all("th")]
    assert heads[2:8] == ["Mean SA", "Mean rank", "Domains", "Words", "Others", "Places not in the rank"]
    cards = {li.one("h3").text: li.all("p")[0].text for li in home.one("ul", class_="cards").all("li")}
    assert list(cards) == ["Words", "Others", "Places", "Signs"]
    assert [name for name, told in cards.items() if "maps only, nothing to translate" in told] == ["Signs"]


def test_a_compact_cell_holds_the_whole_score(site: Site) -> None:
    cell = rows_of(site["index.html"])["Whole"].all("td", class_="score")[0]
    assert squeezed(cell) == "0.620strong0.610–0.630 null 0.450above chance 0.499 centred 0.700"
    assert cell.attributes["data-sort"] == "0.62"
    mapless = rows_of(site["index.html"])["Mapless"].all("td", class_="score")[1]
    assert squeezed(mapless) == "0.450noneno interval null 0.450above chance 0.000 centred 0.700"


def test_controls_stand_in_a_group_of_their_own(site: Site) -> None:
    groups = site["index.html"].one("table", id="board").all("tbody")
    assert [body.attributes.get("class", "") for body in groups] == ["ranked", "controls", "published"]
    assert [row.one("th", scope="row").text for row in groups[1].all("tr")[1:]] == ["Control: identical"]


def test_a_failed_pair_is_told_on_home_model_dataset_and_its_own_page(site: Site) -> None:
    message = "<b>the hub</b> cannot be reached"
    for path in ("index.html", "models/broken.html", "datasets/words.html"):
        cell = next(e for e in site[path] if e.attributes.get("data-reason") == "failed")
        assert (message in cell.text) is (path != "index.html"), "the home page has room where nothing was measured"
        assert cell.one("a").text == "not measured"
        assert cell.one("a").attributes["href"] == links.relative("pairs/broken--words.html", path)
    own = site["pairs/broken--words.html"]
    assert [e.text for e in own if e.attributes.get("data-test") == "failure"] == [f'{message},\n"again"']


def test_a_pair_without_a_map_says_why(site: Site) -> None:
    page = site["pairs/mapless--words.html"]
    assert [e.text for e in page if e.attributes.get("data-test") == "no-map"] == [
        "There is no map: 3 distinct vectors."
    ]
    assert [page.all(id="map"), page.all("img"), page.all("button", class_="show")] == [[], [], []]
    drawn = [image.attributes["src"] for image in site["models/mapless.html"].one("ul", class_="gallery").all("img")]
    assert drawn == ["../pairs/mapless--others.svg"]


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
    assert len(numbers) > 300
    assert [number for number in numbers if len(number.partition(".")[2]) > 3] == []


def test_what_has_no_value_is_a_dash_and_sorts_last(site: Site) -> None:
    page = site["pairs/whole--words.html"]
    last = page.one("table", id="words").one("tbody").all("tr")[-1]
    assert [cell.text for cell in cells_of(last)[:2]] == ["–", "–"]
    assert cells_of(last)[0].attributes["data-sort"] == "-1"
    heat = [
        cell for cell in page.one("table", class_="heat").all("td") if "heat-cell" in cell.attributes.get("class", "")
    ]
    assert [[cell.text for cell in heat].count("–"), len(heat)] == [2, 20]
    assert heat[0].attributes["class"] == "heat-cell heat-10", "the first pair of languages is the closest"
    assert {cell.attributes["class"] for cell in heat if cell.text == "–"} == {"heat-cell heat-0"}


# Lists: wide ones, signs without translations, and what is checked of them


def test_signs_have_maps_and_no_scores(site: Site) -> None:
    page, pair = site["datasets/signs.html"], site["pairs/whole--signs.html"]
    own = ["Concept", "Category", "Codepoint", "Sign", "Note"]
    for each, heads in ((page, own), (pair, ["Map", "Category", "Sign"])):
        assert [th.text for th in each.one("table", id="words").one("thead").all("th")] == heads
        assert not {"SA", "Null", "Rank"} & {th.text for th in each.all("th")}
    assert [cell.text for cell in cells_of(page.one("tr", id="concept-%CE%B1"))] == [
        "α", "letters", "U+03B1", "α", "a note on α",
    ]  # fmt: skip
    assert ("Column codepoint", "The Unicode code point") in card_of(page)
    assert "Broken: no such letters." in page.text
    assert "so it has a map and no score." in pair.text
    greek, arabic, purity = [squeezed(row) for row in pair.all("tr") if row.all("th", scope="row")]
    assert [greek, arabic] == ["Greek script0.90044", "Arabic script0.90033"]
    assert purity.startswith("Category purity0.2500.125 to 0.375")
    (row,) = page.one("section", aria_labelledby="geometry").one("tbody").all("tr")
    assert [cell.text for cell in row.all("td")] == ["1.000", "0.2500.125 to 0.375"], "the spread of words, and purity"
    (row,) = [row for row in site["models/whole.html"].all("tr") if row.all("td", data_reason="measured")]
    assert squeezed(row) == "Signs signsmap only –"


def card_of(page: Element) -> list[tuple[str, str]]:
    return [(term.one("dt").text, term.one("dd").text) for term in page.one("dl", class_="card").all("div")]


def test_the_checks_of_a_list_are_told_language_by_language(site: Site) -> None:
    (table,) = [t for t in site["datasets/places.html"].all("table") if "Duplicates" in t.one("thead").text]
    assert [[cell.text for cell in cells_of(row)] for row in table.one("tbody").all("tr")[:6]] == [
        ["Arabic", "2", "0", "1 10", "0 %", "0", "0"],
        ["Bangla", "3", "0", "0", "0 %", "1 abc", "0"],
        ["Czech", "2", "1", "0", "0 %", "0", "0"],
        ["German", "3", "0", "0", "0 %", "0", "2"],
        ["Greek", "3", "0", "0", "33 %", "0", "0"],
        ["English", "3", "0", "0", "33 %", "0", "0"],
    ]


def test_a_wide_table_shows_sixteen_languages_and_says_so(site: Site) -> None:
    unmeasured = pages_of(rendered([places()], []))["datasets/places.html"]
    for page in (site["datasets/places.html"], site["pairs/whole--places.html"], unmeasured):
        heads = [th.text for th in page.one("table", id="words").one("thead").all("th")]
        assert heads[-16:] == [language(tag).name for tag in MANY[:16]]
        assert language(MANY[16]).name not in heads
        assert "The table has 16 of 20 languages" in page.text
    assert "languages;" not in site["datasets/words.html"].text
    languages = dict(card_of(site["datasets/places.html"]))["Languages"]
    assert all(f"({tag})" in languages for tag in MANY)
    pair = site["pairs/whole--places.html"]
    assert len(pair.one("table", class_="heat").one("tbody").all("tr")) == 16
    assert "It has the first 16 of 20 languages." in pair.text


@pytest.fixture
def sampled(words: Dataset, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, bytes]:
    """A site whose map has more points than a page may show."""
    monkeypatch.setattr(figures, "MOST_POINTS", 30)
    return rendered([words], [measured(model(), words)])


def test_a_big_map_shows_whole_concepts_and_says_how_many_words(
    sampled: Mapping[str, bytes], site: Site, words: Dataset
) -> None:
    page = page_of(sampled["pairs/alpha--words.html"])
    every = {(c.id, tag, text) for c in words.concepts for tag, texts in c.renderings.items() for text in texts}
    kept = {word for word in every if word[0] in {concept.id for concept in words.concepts[::3]}}
    assert words_on_map(sampled, "alpha", "words") == {word[1:] for word in kept}
    assert f"it shows {len(kept)} of the {len(every)} words that were laid out" in page.text
    assert "To stay light" not in site["pairs/whole--words.html"].text


def test_every_row_and_link_of_a_concept_on_the_map_finds_it_on_a_sampled_map(
    sampled: Mapping[str, bytes], words: Dataset
) -> None:
    pair, page = (page_of(sampled[path]) for path in ("pairs/alpha--words.html", "models/alpha.html"))
    asked_for = {row.attributes["data-concept"] for row in pair.all("tr") if "data-concept" in row.attributes}
    assert len(asked_for) == len(words.concepts[::3])
    asked_for |= {a.attributes["href"].partition("#concept=")[2] for a in page.all("a")} - {""}
    shown = words_on_map(sampled, "alpha", "words")
    found = {
        c.id for c in words.concepts if shown >= {(tag, text) for tag, texts in c.renderings.items() for text in texts}
    }
    assert asked_for <= found


# Domains


def share(value: float) -> str:
    return f"{100 * value:.1f} %".replace("-", "−")


def told(estimate: Estimate | None, shown: Callable[[float], str], to: str) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    ends = estimate.low, estimate.high
    return " ".join([shown(estimate.value), *([to.join(map(shown, ends))] if None not in ends else [])])  # type: ignore[arg-type]


def lifts(reference: DomainScore, score: DomainScore) -> str:
    return f"{reference.above_chance.value:.3f} → {score.above_chance.value:.3f}".replace("-", "−")


def test_every_drop_stands_with_its_interval_the_part_above_chance_and_the_spread_alone(
    site: Site, findings: Findings
) -> None:
    tables = site["domains.html"].all("table", data_sortable="")
    assert [h.text for h in site["domains.html"].all("h2")[1:3]] == ["Others", "Places"]
    shown = [
        {row.one("th").text: cells_of(row)[1:6] for row in table.all("tr") if row.all("th", scope="row")}
        for table in tables
    ]
    for slug, rows in zip(("others", "places"), shown, strict=True):
        expected = {
            each.standing.model.name: (score, score.drop, each.scores["words"])
            for each in findings.domains
            if (score := each.scores.get(slug))
        }
        assert set(rows) == set(expected)
        for name, (score, drop, reference) in expected.items():
            assert drop is not None
            first, *others = rows[name]
            interval = f"{score.affinity.low:.3f}–{score.affinity.high:.3f}" if score.affinity.low else "no interval"
            assert first.text.startswith(f"{score.affinity.value:.3f}{interval}null 0.450centred ")
            assert [squeezed(cell) for cell in others] == [
                told(reference.affinity, "{:.3f}".format, "–"),
                told(drop.raw, share, " to "),
                f"{told(drop.above_chance, share, ' to ')} {lifts(reference, score)}",
                share(drop.by_spread),
            ]
            assert float(rows[name][2].attributes["data-sort"]) == drop.raw.value
    assert list(shown[0]) == ["Faint", "Whole", "Mapless", "Control: identical"]
    drops = {name: [squeezed(cell) for cell in cells[2:]] for name, cells in shown[0].items()}
    assert drops["Mapless"] == ["25.0 %", "– 0.455 → 0.000", "0.0 %"]
    assert drops["Whole"] == ["22.6 % 20.6 % to 24.6 %", "77.2 % 70.7 % to 84.3 % 0.499 → 0.114", "9.8 %"]
    assert drops["Faint"][1].startswith("– 0.040 → ")
    assert re.fullmatch(r"−10.9 % −[\d.]+ % to [\d.]+ %", drops["Faint"][0])
    assert [[row.one("th").text for row in body.all("tr")] for body in tables[0].all("tbody", class_="controls")] == [
        ["Control: identical"]
    ]
    assert "Meanings of old." in site["domains.html"].text


def test_mean_drops_name_how_many_models_they_are_of(site: Site) -> None:
    (table,) = [t for t in site["domains.html"].all("table") if t.one("thead").text.startswith("Trained on")]
    assert [[squeezed(cell) for cell in cells_of(row)] for row in table.one("tbody").all("tr")] == [
        ["not stated", "−10.9 % of 1", "–"],
        ["contrastive", "23.8 % of 2", "11.3 % of 1"],
    ]


def test_the_chart_places_each_model_of_known_size_by_its_drop(site: Site) -> None:
    chart = site["domains.html"].one("svg", class_="chart")
    assert [e.text for e in chart.all("text")] == ["0 %", "10 %", "20 %", "30 %", "10 M", "100 M", "1 B"]
    places = [re.findall(r"[\d.]+", e.attributes["transform"])[:2] for e in chart.all("path")]
    (x0, y0), (x1, y1), (x2, y2) = (map(float, place) for place in places)
    assert x0 == x1 < x2, "Whole on two lists, then Mapless, which is larger"
    assert y2 < y0 < y1, "drops of 25, 23 and 11 %"


def test_a_chart_without_any_change_can_be_drawn(words: Dataset) -> None:
    twin = dataclasses.replace(words, slug="twin")
    both = [model("Small", parameters=10**6), model("Large", parameters=10**9)]
    rendered([words, twin], [measured(each, on, 0.6, reach=None) for each in both for on in (words, twin)])


def test_ranks_on_a_dataset_come_with_interval_tie_group_and_what_the_list_can_tell(benchmark: Invented) -> None:
    told = dataclasses.replace(benchmark, outcomes=[o for o in benchmark.outcomes if o.model.name != "Mapless"])
    setup = told.benchmark
    board = build_leaderboard(setup.datasets, [], told.outcomes, setup.overall, setup.reference, told.resamples)
    page = page_of(told.files["datasets/words.html"])
    rows = page.one("table", id="board").one("tbody").all("tr")
    found = {
        row.one("th").one("a").text: [squeezed(cells_of(row)[0]), row.all("td", class_="number stacked")[-1].text]
        for row in rows
    }
    placings = {s.model.name: s.cells["words"].placing for s in board.standings}
    assert sum(placing is not None for placing in placings.values()) > 1
    for name, placing in placings.items():
        if placing:
            interval = f"{placing.rank_low}–{placing.rank_high}"
            first = f"first in {placing.best:.0%}".replace("%", " %")
            assert found[name] == [f"{placing.rank}{interval}", f"{placing.group}{first}"], name
        elif name in found:
            assert found[name][1] == "–", name
    resolution = board.rankings["words"].resolution
    assert resolution is not None
    assert f"A difference of {resolution:.3f} between" in page.text
    best, second = board.rankings["words"].models[:2]
    step = board.rankings["words"].difference(second, best)
    below = next(row for row in rows if row.one("th").one("a").text == board.on("words")[1].model.name)
    verdict = {"differ": "differs", "equivalent": "equivalent", "cannot tell": "cannot tell"}[step.verdict]
    told_step = f"{verdict}{step.value:.3f} {step.low:.3f}–{step.high:.3f}".replace("-", "−")
    assert below.one("td", class_="small stacked").text == told_step


def test_places_over_all_datasets_come_with_what_the_resamples_say(benchmark: Invented) -> None:
    outcomes = [o for o in benchmark.outcomes if o.model.name in ("Whole", "Faint")]
    told = dataclasses.replace(benchmark, outcomes=outcomes)
    setup = told.benchmark
    board = build_leaderboard(setup.datasets, [], outcomes, setup.overall, setup.reference, told.resamples)
    (standing,) = [s for s in board.standings if s.model.name == "Whole"]
    assert standing.placing
    assert standing.mean_rank_interval
    assert standing.mean_sa_interval
    row = rows_of(page_of(told.files["index.html"]))["Whole"]
    place = row.one("td", class_="number stacked rank").text
    mean_sa, mean_rank = [cell.text for cell in row.all("td", class_="number stacked")[:2]]
    assert place == f"{standing.place}{standing.placing.rank_low}–{standing.placing.rank_high}tie group 1"
    low, high = standing.mean_rank_interval.low, standing.mean_rank_interval.high
    assert standing.mean_rank is not None
    first = f"first in {standing.placing.best:.0%}".replace("%", " %")
    assert mean_rank == f"{standing.mean_rank:.1f}{low:.1f} to {high:.1f}{first}"
    low, high = standing.mean_sa_interval.low, standing.mean_sa_interval.high
    assert mean_sa == f"{standing.mean_sa:.3f}{low:.3f} to {high:.3f}"


def test_maps_of_a_model_stand_side_by_side(site: Site) -> None:
    table = site["domains.html"].one("table", class_="strips")
    assert [th.text for th in table.one("thead").all("th")] == ["Model", "Words", "Others", "Places", "Signs"]
    shown = {
        row.one("th").text: "".join("x" if cell.all("img") else cell.text for cell in row.all("td"))
        for row in table.one("tbody").all("tr")
    }
    assert shown == {
        "Whole": "xxxx",
        "Faint": "xx––",
        "Mapless": "–x––",
        "Broken": "–x––",
        "Control: identical": "xx––",
    }
    for link in table.all("a"):
        for image in link.all("img"):
            assert image.attributes["src"] == link.attributes["href"].replace(".html", ".svg")


# Claims


VERDICTS = {"holds": "holds", "fails": "does not hold", "undecided": "cannot be decided"}
BASES = {
    "measured": " by what was measured here",
    "published": " on paper by published figures alone, nothing of it was measured here",
    "registry": " by the entries of the registry",
    "": "",
}


def test_every_claim_is_told_with_its_verdict_basis_and_reason(site: Site, findings: Findings) -> None:
    page, verdicts = site["claims.html"], judged(findings)
    items = page.one("ol", class_="claims").all("li")
    assert [item.attributes["id"] for item in items] == [f"claim-{n}" for n in range(1, 14)]
    for item, (claim, verdict) in zip(items, verdicts, strict=True):
        assert item.one("h3").text == claim.statement
        decision, reason, test = item.all("p")
        assert decision.text == VERDICTS[verdict.status] + BASES[verdict.basis]
        assert decision.all("span")[0].attributes["class"].startswith(f"verdict verdict-{verdict.status}")
        assert reason.text == f"{verdict.reason}."
        assert test.text.startswith(f"Test: {claim.test}")
        assert ("was not found like this" in test.text) is not claim.confirmed
        rows = [row for row in item.all("tr") if row.all("th", scope="row")]
        assert [[cell.text for cell in cells_of(row)[:2]] for row in rows] == [
            [check.subject, check.quantity] for check in verdict.checks
        ]
    assert {verdict.status for _, verdict in verdicts} == set(VERDICTS)
    assert {verdict.basis for _, verdict in verdicts} == set(BASES)
    shown = {
        squeezed(li).partition(" ")[2]: int(li.one("strong").text) for li in page.one("ul", class_="tally").all("li")
    }
    on_paper = sum(verdict.basis == "published" for _, verdict in verdicts)
    by_status = [sum(v.status == s and v.basis != "published" for _, v in verdicts) for s in VERDICTS]
    assert list(shown.values()) == [*by_status[:2], on_paper, by_status[2]]
    assert list(shown)[2:] == ["decided by published figures alone", "cannot be decided"]


def test_the_numbers_behind_a_claim_are_shown_in_its_units(site: Site, words: Dataset) -> None:
    def numbers(page: Element, claim: int) -> list[str]:
        return [squeezed(cell) for cell in cells_of(page.one("li", id=f"claim-{claim}").all("tr")[1])[2:]]

    assert numbers(site["claims.html"], 6) == ["0.787 to 0.827", "not measured", "0.807 (map; figure 1)"]
    assert numbers(site["claims.html"], 10) == ["−10 % to 10 %", "12.8 % 10.8 % to 14.8 %", "–"]
    measured_here = pages_of(rendered([words], [measured(model("LaBSE"), words, 0.8)]))["claims.html"]
    assert numbers(measured_here, 6) == ["0.787 to 0.827", "0.800 0.790–0.810", "–"]


SHOWN = ["0.807", "0.70", "0.30", "0.55 to 0.61", "25 % to 31 %", "below 0.50", "above 0.275"]


def test_published_figures_stand_with_link_and_locator(site: Site) -> None:
    tables = site["claims.html"].all("table")
    rows = tables[-1].one("tbody").all("tr")
    for row, figure, value in zip(rows, PAPER.figures, SHOWN, strict=True):
        subject, quantity, scope, shown, source = (cell.text for cell in cells_of(row))
        assert [subject, quantity, scope, shown] == [figure.subject, figure.quantity, figure.scope, value]
        assert source == f"Ada, Bob (2024), {figure.locator}{figure.note}"
        (link,) = row.all("td")[-1].all("a")
        assert link.attributes == {"href": PAPER.link, "rel": "noopener noreferrer"}
        own = [a.attributes["href"] for a in row.one("th").all("a")]
        assert own == (["models/whole.html"] if figure.subject == "Whole" else [])
    contradiction = tables[-2].one("tbody").one("tr")
    assert [cell.text for cell in cells_of(contradiction)] == [
        "LaBSE", "0.807 (map; figure 1); 0.70 (mean over four datasets; abstract)", "Ada, Bob (2024)",
    ]  # fmt: skip
    assert contradiction.one("a").attributes["href"] == PAPER.link


def test_a_models_page_shows_what_was_published_of_it(site: Site) -> None:
    page = site["models/whole.html"]
    (table,) = [t for t in page.all("table") if "Published" in t.one("thead").text]
    assert [row.all("td")[2].text for row in table.one("tbody").all("tr")] == SHOWN[3:5]
    assert {a.attributes["href"] for a in table.one("tbody").all("a")} == {"whole.html", PAPER.link}
    others = [path for path in site if path.startswith("models/") and path != "models/whole.html"]
    assert not any(site[path].all(id="published") for path in others)


# Words


def test_every_rendering_carries_its_language_and_direction(site: Site, words: Dataset) -> None:
    for dataset, rtl in ((words, ("ar", "شَمْس")), (signs(), ("und-Arab", "ب")), (places(), ("he", "102"))):
        for path in (f"datasets/{dataset.slug}.html", f"pairs/whole--{dataset.slug}.html"):
            shown = {
                (e.attributes["lang"], e.attributes["dir"], e.text)
                for e in site[path].one("table", id="words")
                if "lang" in e.attributes
            }
            expected = {
                (tag, language(tag).direction, text)
                for tag in dataset.languages[:16]
                for text in dataset.renderings[tag]
            }
            assert shown == expected
            assert (rtl[0], "rtl", rtl[1]) in shown


def test_words_outside_tables_carry_their_language_too(site: Site) -> None:
    page = site["models/whole.html"]
    shown = [e for group in page.all("span", class_="renderings") for e in group if "lang" in e.attributes]
    assert {e.attributes["lang"] for e in shown} == {"sw", "zh", *MANY[:16]}
    assert all(e.attributes["dir"] == language(e.attributes["lang"]).direction for e in shown)


def test_the_legend_names_each_language_and_counts_its_words(site: Site, words: Dataset) -> None:
    entries = [e for e in site["pairs/whole--words.html"] if "data-language" in e.attributes]
    assert {e.attributes["data-language"]: squeezed(e) for e in entries} == {
        tag: f"{language(tag).name} {len(words.renderings[tag])}" for tag in ("en", "zh", "ar", "hi", "sw")
    }


# Hostile text


@pytest.fixture(scope="module")
def hostile_site() -> Site:
    return pages_of(hostile().files)


def kinds_of_markup(site: Site) -> set[tuple[str, ...]]:
    """Every kind of element with the names of its attributes, in any order."""
    return {(e.tag, *sorted(e.attributes)) for page in site.values() for e in page}


def test_no_word_becomes_markup(hostile_site: Site, site: Site) -> None:
    assert kinds_of_markup(hostile_site) - kinds_of_markup(site) == set()


def test_every_script_is_an_asset_or_data(hostile_site: Site) -> None:
    for path, page in hostile_site.items():
        inline = [script for script in page.all("script") if "src" not in script.attributes]
        assert all(s.attributes["type"] in {"application/json", "application/ld+json"} for s in inline), path
        sources = [s.attributes["src"] for s in page.all("script") if "src" in s.attributes]
        assert all(re.fullmatch(r"(\.\./)?assets/\w+\.[0-9a-f]{10}\.(min\.)?js", source) for source in sources), path
    assert any(page.all(id="map") for page in hostile_site.values())


LAYER_BY_LAYER = "https://arxiv.org/abs/2506.15415"


def test_only_web_links_leave_the_site(hostile_site: Site, site: Site) -> None:
    outward = set()
    for page in (*hostile_site.values(), *site.values()):
        for element in page:
            for name in ("href", "src", "action", "formaction", "data"):
                target = element.attributes.get(name, "")
                if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
                    outward.add((element.tag, target.split(",")[0]))
    cited = {("a", reference.link) for info in CATALOGUE.values() for reference in info.references}
    told = {("link", "data:image/svg+xml"), ("a", "https://example.org/?a=1&b=2"), ("a", PAPER.link)}
    assert told <= outward <= told | cited | {("a", LAYER_BY_LAYER)}


def test_hostile_words_are_shown_as_they_are(hostile_site: Site) -> None:
    dataset = hostile_dataset()
    pages = [page for path, page in hostile_site.items() if path.endswith(("/hostile.html", "--hostile.html"))]
    tables = [page.one("table", id="words") for page in pages if page.all("table", id="words")]
    assert len(tables) == 4
    for table in tables:
        shown = {e.text for e in table if "lang" in e.attributes}
        assert shown == {t for texts in dataset.renderings.values() for t in texts}
        assert {e.text for e in table.all("td")} >= set(TEXTS), "the categories"


def test_hostile_cards_columns_and_notes_are_shown_as_they_are(hostile_site: Site) -> None:
    for slug in ("hostile", "hostile-wide", "hostile-signs"):
        page = hostile_site[f"datasets/{slug}.html"]
        card = card_of(page)
        assert [value for _, value in card].count(EVERYTHING) == 4, "domain, probes, provenance and licence"
        assert dict(card)["Link"] == HOSTILE[5]
        assert [pair for pair in card if pair[0].startswith("Column ")] == [(f"Column {text}", text) for text in TEXTS]
        assert {e.text for e in page.one("dl", class_="card").all("li")} == set(TEXTS)
        heads = [th.text for th in page.one("table", id="words").one("thead").all("th")]
        assert set(heads) >= {text.capitalize() for text in TEXTS}
    words = hostile_site["datasets/hostile.html"].one("table", id="words")
    assert [e.text for e in words.all("td", class_="small wide")] == list(TEXTS)
    assert [e.text for e in words.one("tbody").all("tr")[0].all("td", class_="small")] == [TEXTS[0]] * (len(TEXTS) + 1)
    (probes,) = [p for p in hostile_site["domains.html"].all("p", class_="note") if HOSTILE[0] in p.text]
    assert probes.text == EVERYTHING


def test_hostile_names_notes_and_errors_are_shown_as_they_are(hostile_site: Site) -> None:
    home = hostile_site["index.html"]
    first, second, third, *_ = (outcome.model for outcome in hostile().outcomes)
    names = [first.name, second.name, third.name, f"{HOSTILE[4]} x", "Control: identical", "LaBSE"]
    assert sorted(e.text for e in home.all("th", scope="row")) == sorted(names)
    assert EVERYTHING in home.text
    page = hostile_site[links.model_page(first.slug)]
    assert page.one("title").text.startswith(first.name)
    assert page.text.count(EVERYTHING) >= 6, "note, training, architecture, licence, source and revision"
    assert f"There is no map: {EVERYTHING}." in hostile_site[links.pair_page(second.slug, "hostile")].text
    assert EVERYTHING in hostile_site[links.pair_page(third.slug, "hostile")].text
    assert f"{third.name}: {EVERYTHING}." in hostile_site["datasets/hostile-signs.html"].text
    drops = hostile_site["domains.html"].one("table", data_sortable="")
    assert {e.text for e in drops.all("th", scope="row")} == {first.name, second.name, "Control: identical"}
    assert page_of(f"<p>{PAYLOAD}</p>".encode()).text == PAYLOAD


def test_hostile_published_figures_are_shown_as_they_are_and_their_link_is_none(hostile_site: Site) -> None:
    first = hostile().outcomes[0].model
    for path in ("claims.html", links.model_page(first.slug)):
        (table,) = [t for t in hostile_site[path].all("table") if "Taken over" in t.one("thead").text]
        for row, text in zip(table.one("tbody").all("tr"), TEXTS, strict=False):
            subject, _, scope, _, source = (cell.text for cell in cells_of(row))
            assert [subject, scope] == [text, text]
            assert source == f"{', '.join(TEXTS)} (2024), {text}{text}"
            assert row.all("td")[-1].all("a") == []
    claims = hostile_site["claims.html"]
    contradictions = [
        [cell.text for cell in cells_of(row)]
        for table in claims.all("table")
        if "SA as published" in table.text
        for row in table.one("tbody").all("tr")
    ]
    assert [row[0] for row in contradictions] == [first.name, "LaBSE"]
    assert all(f"({text}; {text})" in row[1] for row in contradictions for text in TEXTS)
    assert f"0.807 (map; {EVERYTHING})" in claims.one("li", id="claim-6").text


def test_no_name_reaches_the_chart(hostile_site: Site) -> None:
    domains = findings_of(hostile()).domains
    plain = [
        ModelDomains(
            dataclasses.replace(each.standing, model=model("x", parameters=each.standing.model.parameters)), each.scores
        )
        for each in domains
    ]
    drawn = size_chart(domains, ["hostile-wide"])
    assert drawn == size_chart(plain, ["hostile-wide"])
    chart = hostile_site["domains.html"].one("svg", class_="chart")
    assert list(chart) == list(page_of((drawn or "").encode()))[1:]
    assert all(re.fullmatch(r"-?\d+ %|10{0,2} [MB]", e.text) for e in chart.all("text"))


def test_hostile_words_reach_the_map_whole() -> None:
    found = words_on_map(hostile().files, hostile().outcomes[0].model.slug, "hostile")
    assert {text for tag, text in found if tag == "en"} >= set(TEXTS)


def test_links_to_a_concept_on_a_map_can_be_read_back(hostile_site: Site) -> None:
    page = hostile_site[links.model_page(hostile().outcomes[0].model.slug)]
    fragments = [a.attributes["href"].partition("#")[2] for a in page.all("a") if "#concept=" in a.attributes["href"]]
    ids = {concept.id for dataset in hostile().benchmark.datasets for concept in dataset.concepts}
    assert len(fragments) == 18
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
    scripts = {path.name for path in (TEMPLATES / "static").glob("*.js")}
    assert {"theme.js", "data.js", "tables.js", "map.js", "compare.js"} <= scripts
    assert set(found) == {*scripts, "style.css", "bokeh.min.js"}
    assert all(re.fullmatch(r"assets/[a-z]+\.[0-9a-f]{10}\.(min\.js|js|css)", path) for path, _ in found.values())


def test_all_style_sheets_are_one_file_tokens_first_and_media_last() -> None:
    sheets = {path.stem: path.read_bytes() for path in (TEMPLATES / "static" / "css").glob("*.css")}
    style = load_assets(TEMPLATES)["style.css"][1]
    assert style.startswith(sheets.pop("tokens"))
    assert style.endswith(sheets.pop("media"))
    assert all(sheet in style for sheet in sheets.values())


def test_a_missing_asset_is_named_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "base.css").write_text("")
    with pytest.raises(FileNotFoundError, match=r"tokens\.css.*parts\.css.*media\.css") as missing:
        load_assets(tmp_path)
    assert "base.css" not in str(missing.value)

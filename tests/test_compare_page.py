"""The page that sets models side by side: its files, its numbers in a browser, and how it is used."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_browser
from playwright.sync_api import Page, expect
from scipy.spatial import procrustes
from site_fixtures import (
    HOSTILE,
    TEXTS,
    control,
    failed,
    hostile,
    hostile_dataset,
    invented,
    measured,
    model,
    page_of,
    states,
)

from generator.comparison import PHRASES, WARNING, Scores, by_language_pair, compare, decimal, disputed, signed
from generator.datasets import Dataset
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.results import Outcome, PairResult, Point, Resamples
from generator.site import links
from generator.site.render import render_site

WordList = Callable[..., Dataset]
browser, open_site = test_browser.browser, test_browser.open_site
Open = test_browser.Open
B = 300
NAMES = {"Alpha": 0.62, "Beta 模型": 0.60, "Gamma": 0.605, "Δelta": 0.3}
SLUGS = ("alpha", "beta", "gamma", "elta")


def varied(result: PairResult, seed: int) -> PairResult:
    """The result with parts of its own: SA of concepts and language pairs, and a map that lacks a word or two."""
    noise = np.random.default_rng(seed)
    assert result.map is not None
    points = [
        Point(p.concept, p.language, p.text, *(round(float(v), 4) for v in noise.normal(seed, 1 + seed, 2)))
        for p in result.map.points
    ]
    return dataclasses.replace(
        result,
        concepts=tuple(dataclasses.replace(c, sa=c.sa and float(noise.uniform(0.3, 0.8))) for c in result.concepts),
        language_pairs=tuple(
            dataclasses.replace(p, sa=p.sa and float(noise.uniform(0.3, 0.8))) for p in result.language_pairs
        ),
        map=dataclasses.replace(result.map, points=tuple(points[seed:])),
    )


@dataclasses.dataclass(frozen=True)
class Fixture:
    """A benchmark in which models share some lists, with resamples that scatter together."""

    datasets: tuple[Dataset, ...]
    outcomes: tuple[Outcome, ...]
    resamples: Resamples
    files: Mapping[str, bytes]

    @property
    def board(self) -> Leaderboard:
        return build_leaderboard(self.datasets, (), self.outcomes, ["words", "others"])

    def result(self, slug: str, dataset: str) -> PairResult:
        (found,) = (o for o in self.outcomes if (o.model.slug, o.dataset.slug) == (slug, dataset))
        assert isinstance(found, PairResult)
        return found


@pytest.fixture(scope="module")
def fixture(word_list: WordList) -> Fixture:
    """Four models and a control on two lists that count, and fewer of them on a third one."""
    datasets = tuple(word_list(slug=slug) for slug in ("words", "others", "aside"))
    outcomes: list[Outcome] = [
        varied(measured(model(name), on, value - k / 10), i)
        for i, (name, value) in enumerate(NAMES.items())
        for k, on in enumerate(datasets[:2])
    ]
    outcomes += [measured(model("Alpha"), datasets[2], 0.5), measured(model("Gamma"), datasets[2], 0.49, no_map="few")]
    outcomes += [failed(model("Δelta"), datasets[2], "<i>gone</i>"), measured(control(), datasets[0], 1.0, reach=None)]
    resamples = {}
    for o in outcomes:
        if isinstance(o, PairResult) and o.affinity.low is not None:
            common, own = (
                np.random.default_rng(list(k.encode())) for k in (o.dataset.slug, o.model.slug + o.dataset.slug)
            )
            noise = 0.01 * common.standard_normal(B) + 0.004 * own.standard_normal(B)
            noise[0] = np.nan if o.model.slug == "beta" else noise[0]
            resamples[o.model.slug, o.dataset.slug] = {
                "semantic_affinity": ((o.affinity.value or 0) + noise).astype(np.float32)
            }
    benchmark = invented(datasets, outcomes, apart=["aside"]).benchmark
    return Fixture(datasets, tuple(outcomes), resamples, render_site(benchmark, outcomes, resamples))


@pytest.fixture(scope="module")
def site(fixture: Fixture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_browser.published(fixture.files, tmp_path_factory.mktemp("compare"))


# The files


def content(file: bytes) -> tuple[str, dict[str, Any]]:
    """The name and the data that a data file hands over; nothing else may stand in it."""
    call = re.fullmatch(r"isogloss\.receive\((.*)\);\n", file.decode(), re.DOTALL)
    assert call
    name, data = json.loads(f"[{call[1]}]")
    return name, data


def test_every_measured_pair_has_files_with_its_scores_and_exact_resamples(fixture: Fixture) -> None:
    results = [o for o in fixture.outcomes if isinstance(o, PairResult)]
    assert {path for path in fixture.files if re.match("data/(words|pairs|scores)/", path)} == {
        *(links.words_data(dataset.slug) for dataset in fixture.datasets),
        *(links.pair_data(r.model.slug, r.dataset.slug) for r in results),
        *(links.scores_data(r.model.slug, r.dataset.slug) for r in results),
    }
    for r in results:
        pair = f"{r.model.slug}--{r.dataset.slug}"
        name, concepts = content(fixture.files[links.pair_data(r.model.slug, r.dataset.slug)])
        assert name == f"pairs/{pair}"
        assert concepts["concepts"] == [c.sa for c in r.concepts]
        name, data = content(fixture.files[links.scores_data(r.model.slug, r.dataset.slug)])
        assert name == f"scores/{pair}"
        assert data["sa"] == r.affinity.value
        assert data["pairs"] == [p.sa for p in r.language_pairs]
        held = fixture.resamples.get((r.model.slug, r.dataset.slug))
        if held is None:
            assert data["draws"] is None
        else:
            assert base64.b64decode(data["draws"]) == held["semantic_affinity"].astype("<f4").tobytes()


def test_words_concepts_and_places_belong_together(fixture: Fixture) -> None:
    dataset = fixture.datasets[0]
    _, words = content(fixture.files[links.words_data("words")])
    every = [(language["tag"], text) for language in words["languages"] for text in language["words"]]
    assert every == [(tag, text) for tag, texts in dataset.renderings.items() for text in texts]
    assert words["ids"] == [c.id for c in dataset.concepts]
    assert words["categories"] == [c.category for c in dataset.concepts]
    assert [{every[i] for i in members} for members in words["concepts"]] == [
        {(tag, text) for tag, texts in c.renderings.items() for text in texts} for c in dataset.concepts
    ]
    assert [every[members[0]][0] for members in words["concepts"]] == ["en"] * len(dataset.concepts)
    assert {language["tag"]: language["direction"] for language in words["languages"]}["ar"] == "rtl"
    for slug in SLUGS:
        _, data = content(fixture.files[links.pair_data(slug, "words")])
        held = fixture.result(slug, "words").map
        assert held is not None
        placed = zip(words["drawn"], data["places"], strict=True)
        assert {every[i]: tuple(at) for i, at in placed if at} == {
            (p.language, p.text): (p.x, p.y) for p in held.points
        }
        assert data["noMap"] == ""
    _, mapless = content(fixture.files[links.pair_data("gamma", "aside")])
    assert [mapless["places"], mapless["noMap"]] == [[], "few"]


def test_large_maps_show_the_words_that_the_pairs_page_shows(fixture: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.site import figures

    monkeypatch.setattr(figures, "MOST_POINTS", 30)
    files = render_site(invented(fixture.datasets, fixture.outcomes).benchmark, fixture.outcomes, fixture.resamples)
    _, words = content(files[links.words_data("words")])
    shown = {(p.language, p.text) for slug in SLUGS for p in figures.shown_points(fixture.result(slug, "words"))}
    every = [(language["tag"], text) for language in words["languages"] for text in language["words"]]
    assert {every[i] for i in words["drawn"]} == shown
    assert len(shown) < len(every) == len({(t, x) for t, xs in fixture.datasets[0].renderings.items() for x in xs})


def test_no_text_can_end_a_script_or_a_line_of_it() -> None:
    files = hostile().files
    ours = {path: file for path, file in files.items() if path.startswith("data/") and path.endswith(".js")}
    assert {path.split("/")[1] for path in ours} >= {"words", "pairs", "scores"}
    for file in ours.values():
        assert not re.search("[<\u2028\u2029]", file.decode())
        content(file)
    _, words = content(ours[links.words_data("hostile")])
    (english,) = (language for language in words["languages"] if language["tag"] == "en")
    assert set(TEXTS) < set(english["words"])


def test_files_are_light(fixture: Fixture, word_list: WordList) -> None:
    big = dataclasses.replace(
        fixture.datasets[0],
        slug="big",
        concepts=tuple(
            dataclasses.replace(
                c, id=f"{c.id} {i}", renderings={t: tuple(f"{x} {i}" for x in xs) for t, xs in c.renderings.items()}
            )
            for i in range(40)
            for c in fixture.datasets[0].concepts
        ),
    )
    results = [varied(measured(model("Alpha"), big), 1)]
    draws = {("alpha", "big"): {"semantic_affinity": np.random.default_rng(0).random(2000, dtype=np.float32)}}
    files = render_site(invented([big], results).benchmark, results, draws)
    assert sum(len(files[path("alpha", "big")]) for path in (links.pair_data, links.scores_data)) < 75_000


# The page without scripts


def board_scores(fixture: Fixture, *slugs: str) -> Any:
    return compare(fixture.board, slugs, fixture.resamples)


def test_the_static_table_compares_neighbours_as_the_library_does(fixture: Fixture) -> None:
    page = page_of(fixture.files["compare.html"])
    rows = page.one("table", id="neighbour-table").one("tbody").all("tr")
    order = [s.model.slug for s in fixture.board.standings if s.ranked]
    assert [[link.text for link in row.one("th").all("a")][:2] for row in rows] == [
        [next(n for n in NAMES if model(n).slug == slug) for slug in pair] for pair in pairwise(order)
    ]
    for row, pair in zip(rows, pairwise(order), strict=True):
        found = board_scores(fixture, *pair)
        assert row.one("a", class_="js-only small").attributes["href"] == f"compare.html#models={pair[0]},{pair[1]}"
        cells = row.all("td")
        assert found.overall.contrasts[0].words in cells[0].text
        told = {shared.dataset.slug: shared.scores.contrasts[0] for shared in found.shared}
        for cell, dataset in zip(cells[1:], fixture.datasets, strict=True):
            if dataset.slug in told:
                contrast = told[dataset.slug]
                assert cell.one("strong").text == signed(contrast.difference.value)
                assert f"{signed(contrast.difference.low)} to {signed(contrast.difference.high)}" in cell.text
                assert contrast.verdict in cell.text
            else:
                assert cell.text.strip() == "–"
    assert WARNING in page.text


def test_a_models_page_leads_to_its_comparison(fixture: Fixture, word_list: WordList) -> None:
    page = page_of(fixture.files["models/alpha.html"])
    (link,) = (a for a in page.all("a") if a.text.startswith("Compare with"))
    rival = fixture.board.on("words")[1].model
    assert link.text == f"Compare with {rival.name}"
    assert link.attributes["href"] == f"../compare.html#models=alpha,{rival.slug}"
    lone = page_of(states(word_list).files["models/older.html"])
    assert not [a for a in lone.all("a") if a.text.startswith("Compare with")]


def test_with_fewer_than_two_models_there_is_a_page_and_no_picker(word_list: WordList) -> None:
    words = word_list()
    for outcomes in ([], [measured(model(), words)], [measured(model(), words), failed(model("Broken"), words)]):
        page = page_of(invented([words], outcomes).files["compare.html"])
        assert page.all("select") == []
        assert page.all(id="compare") == []
        assert not [s for s in page.all("script") if "compare." in s.attributes.get("src", "")]
        assert "no neighbours yet" in page.text


def test_without_scripts_the_table_is_there_and_no_dead_picker(site: Path, open_site: Open) -> None:
    watched = open_site(site, java_script_enabled=False)
    page = watched.open("compare.html")
    assert page.locator("#neighbour-table tbody tr:visible").count() == 3
    assert page.locator("select:visible, button:visible, input:visible, #comparison:visible").count() == 0
    assert page.locator("code", has_text="isogloss compare").is_visible()


# The page with scripts


def opened(page: Page, fragment: str, site: Path) -> Page:
    page.goto("about:blank")
    page.goto(f"{site.as_uri()}/compare.html{fragment}")
    return ready(page)


def ready(page: Page) -> Page:
    page.wait_for_selector("html[data-compare=ready]")
    return page


def rows_of(page: Page, table: str) -> dict[str, list[list[str]]]:
    """By dataset, "" for the mean: the cells of each row of a table, without the dataset's own."""
    read = """bodies => bodies.map((b) => [b.dataset.dataset, [...b.rows].map((r) => [...r.cells]
      .filter((c) => c.scope !== "rowgroup").map((c) => c.textContent))])"""
    return dict(page.locator(f"#{table} tbody").evaluate_all(read))


def expected_differences(scores: Scores) -> list[list[str]]:
    return [
        [
            f"{c.a.name} − {c.b.name}",
            signed(c.difference.value or 0),
            "–" if c.difference.low is None else f"{signed(c.difference.low)} to {signed(c.difference.high or 0)}",
            c.verdict or "no interval",
        ]
        for c in scores.contrasts
    ]


def expected_scores(found: Any, scores: Scores) -> list[list[str]]:
    def shown(value: float | None) -> str:
        return "–" if value is None else decimal(value)

    return [
        [m.name, *map(shown, values)]
        for m, *values in zip(
            found.models, scores.values, scores.nulls, scores.lifts, scores.centred, scores.offsets, strict=True
        )
    ]


@pytest.mark.parametrize(
    "slugs",
    [
        ("alpha", "beta"),
        ("beta", "alpha"),
        ("gamma", "alpha"),
        ("elta", "beta", "alpha"),
        SLUGS,
        ("control-identical", "alpha"),
    ],
    ids="-".join,
)
def test_the_page_says_what_the_command_says(
    fixture: Fixture, site: Path, open_site: Open, slugs: Sequence[str]
) -> None:
    page = opened(open_site(site).page, f"#models={','.join(slugs)}&dataset=words", site)
    found = board_scores(fixture, *slugs)
    parts = {"": found.overall} if found.overall else {}
    parts |= {shared.dataset.slug: shared.scores for shared in found.shared}
    assert rows_of(page, "differences") == {slug: expected_differences(scores) for slug, scores in parts.items()}
    assert rows_of(page, "scores") == {slug: expected_scores(found, scores) for slug, scores in parts.items()}
    told = [f"{c.words}." for slug in ("", "words") if slug in parts for c in parts[slug].contrasts]
    assert page.locator("#verdict li").all_text_contents() == told
    assert page.locator("#overall-warning").is_visible() == ("" in parts)
    status = page.locator("#compare-status").inner_text()
    for omission in found.omitted:
        assert f"{omission.dataset.card.name}; {omission.model.name} {omission.reason}." in status
    results = [fixture.result(slug, "words") for slug in slugs]
    for a, b in list(combinations(range(len(slugs)), 2)):
        if len(slugs) > 2:
            page.locator("#pick-pair").select_option(f"{a},{b}")
            expect(page.locator("#disputed h3").first).to_have_text(
                f"{found.models[a].name} ahead of {found.models[b].name}"
            )
        for side, disputes in enumerate(disputed(results[a], results[b])):
            items = page.locator("#disputed > div").nth(side).locator("li")
            assert items.locator(".concept-sa").all_inner_texts() == [signed(abs(d.difference)) for d in disputes]
            assert items.locator("button").all_inner_texts() == [d.renderings["en"][0] for d in disputes]
        cells = "rows => rows.map((r) => [r.dataset.pair, [...r.cells].slice(1).map((c) => c.textContent)])"
        shown = dict(page.locator("#language-pairs tbody tr").evaluate_all(cells))
        assert shown == {
            f"{p.a},{p.b}": [
                *("–" if v is None else decimal(v) for v in p.values),
                "–" if None in (p.values[a], p.values[b]) else signed(p.values[a] - p.values[b]),  # type: ignore[operator]
            ]
            for p in by_language_pair(results)
        }


def test_every_phrase_is_said_alike(word_list: WordList, tmp_path: Path, open_site: Open) -> None:
    """Verdicts of every kind: the sentences of the page are those of the library."""
    lists = {"equivalent": (0.5, 1e-4), "hardly": (0.503, 1e-4), "cannot tell": (0.505, 0.02), "differ": (0.6, 1e-3)}
    datasets = [word_list(slug=slug.replace(" ", "-")) for slug in lists]
    outcomes, resamples = [], {}
    for dataset, (value, spread) in zip(datasets, lists.values(), strict=True):
        for i, (name, sa) in enumerate((("A", value), ("B", 0.5))):
            result = measured(model(name), dataset, sa)
            assert result.measures is not None
            lift = dataclasses.replace(result.measures, chance_corrected=(0.1, 0.3)[i])
            outcomes.append(dataclasses.replace(result, measures=lift))
            noise = np.random.default_rng([i, len(outcomes)]).standard_normal(B)
            resamples[result.model.slug, dataset.slug] = {"semantic_affinity": (sa + spread * noise).astype(np.float32)}
    folder = test_browser.published(
        render_site(invented(datasets, outcomes, apart=[d.slug for d in datasets]).benchmark, outcomes, resamples),
        tmp_path,
    )
    found = compare(build_leaderboard(datasets, (), outcomes, ()), ["a", "b"], resamples)
    said = {shared.dataset.slug: shared.scores.contrasts[0].words for shared in found.shared}
    for kind in lists:
        begins = re.escape(PHRASES[kind].format_map(_Blank())).replace("§", ".*")
        assert re.match(begins, said[kind.replace(" ", "-")]), kind
    page = open_site(folder).page
    for slug, words in said.items():
        opened(page, f"#models=a,b&dataset={slug}", folder)
        assert page.locator("#verdict li").all_text_contents() == [f"{words}."]
        assert ("above chance B leads, 0.300 against 0.100" in words) == (slug in {"differ", "hardly"})


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "§"


# Picking


def test_models_are_picked_in_the_page_and_kept_in_its_address(site: Path, open_site: Open, fixture: Fixture) -> None:
    page = opened(open_site(site).page, "", site)
    order = [s.model.slug for s in fixture.board.standings if s.ranked]
    pickers = page.locator("#pick-models select")
    assert [pickers.nth(i).input_value() for i in range(4)] == [*order[:2], "", ""]
    assert page.locator("#pick-pair-tools").is_hidden()

    first = rows_of(page, "differences")
    third = next(slug for slug in order if slug not in order[:2])
    page.get_by_label("Third model").select_option(third)
    expect(page).to_have_url(re.compile(rf"#models={','.join([*order[:2], third])}&dataset=words$"))
    ready(page)
    three = rows_of(page, "differences")
    assert [len(rows) for rows in three.values()] == [3] * len(three)
    assert page.locator("#pick-pair-tools").is_visible()
    assert page.get_by_label("Second model").locator(f"option[value={third}]").is_disabled()

    page.get_by_label("Word list").select_option("others")
    expect(page.locator("#verdict h3").last).to_have_text("Others")
    page.reload()
    ready(page)
    assert [pickers.nth(i).input_value() for i in range(4)] == [*order[:2], third, ""]
    assert page.get_by_label("Word list").input_value() == "others"
    assert rows_of(page, "differences") == three

    page.go_back()
    expect(page.locator("#verdict h3").last).to_have_text("Words")
    page.go_back()
    expect(page.get_by_label("Third model")).to_have_value("")
    expect(page.locator("html")).to_have_attribute("data-compare", "ready")
    assert rows_of(page, "differences") == first
    page.go_forward()
    expect(page.get_by_label("Third model")).to_have_value(third)
    page.get_by_label("Third model").select_option("")
    expect(page.locator("#scores tbody").first.locator("tr")).to_have_count(2)


def test_an_address_that_asks_for_what_is_not_there_is_answered(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    page = opened(watched.page, "#models=alpha,nobody&dataset=none", site)
    assert page.locator("#pick-models select").first.input_value() == "alpha"
    assert page.locator("#pick-models select").nth(1).input_value() not in {"", "alpha"}
    assert "There are no results of nobody." in page.locator("#compare-status").inner_text()
    opened(page, "#models=elta,alpha&dataset=aside", site)
    assert page.get_by_label("Word list").input_value() == "words"
    assert page.get_by_label("Word list").locator("option[value=aside]").is_disabled()
    assert "Left out: Aside; Δelta failed there: <i>gone</i>." in page.locator("#compare-status").inner_text()
    before = rows_of(page, "differences")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    assert rows_of(page, "differences") == before
    opened(page, f"#models={','.join([*SLUGS, 'control-identical'])}", site)
    assert page.locator("#scores tbody").first.locator("tr").count() == 4


def test_models_without_a_common_list_say_so(word_list: WordList, tmp_path: Path, open_site: Open) -> None:
    lists = [word_list(slug=slug) for slug in ("words", "others")]
    files = invented(lists, [measured(model(name), on) for name, on in zip("AB", lists, strict=True)]).files
    watched = open_site(test_browser.published(files, tmp_path))
    page = watched.open("compare.html")
    ready(page)
    assert page.locator("#comparison").is_hidden()
    assert "share no word list" in page.locator("#compare-status").inner_text()
    assert "Left out: Words; B was not measured there." in page.locator("#compare-status").inner_text()


def test_only_what_was_picked_is_loaded_and_a_lost_file_is_named(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    watched.page.route("**/gamma--words.js", lambda route: route.abort())
    opened(watched.page, "#models=alpha,beta", site)
    assert {name for name in asked if "--" in name} == {
        f"{m}--{d}.js" for m in ("alpha", "beta") for d in ("words", "others")
    }
    watched.page.get_by_label("Third model").select_option("gamma")
    expect(watched.page.locator("#compare-status")).to_contain_text("gamma--words.js could not be loaded")
    assert watched.page.locator("#comparison").is_hidden()
    assert watched.faults
    watched.faults.clear()
    watched.page.get_by_label("Third model").select_option("elta")
    ready(watched.page)
    expect(watched.page.locator("#comparison")).to_be_visible()


# Maps


SPOTS = """maps => maps.map((m) => Object.fromEntries([...m.querySelectorAll(".spot")].map((s) => {
  const { e, f } = s.transform.baseVal.consolidate().matrix;
  return [s.dataset.word, [e, f]];
})))"""


def spots(page: Page) -> list[dict[str, list[float]]]:
    """In every map: where the highlighted words lie, by their place among the drawn words."""
    found: list[dict[str, list[float]]] = page.locator(".compare-map").evaluate_all(SPOTS)
    return found


def test_maps_are_laid_on_the_first_as_scipy_lays_them(fixture: Fixture, site: Path, open_site: Open) -> None:
    page = opened(open_site(site).page, f"#models={','.join(SLUGS[:3])}&dataset=words", site)
    _, words = content(fixture.files[links.words_data("words")])
    places = [content(fixture.files[links.pair_data(slug, "words")])[1]["places"] for slug in SLUGS[:3]]
    seen: list[dict[str, list[float]]] = [{}, {}, {}]
    for i in range(len(words["concepts"])):
        word = [w for language in words["languages"] for w in language["words"]][words["concepts"][i][0]]
        page.locator("#compare-search").fill(word)
        for known, now in zip(seen, spots(page), strict=True):
            known.update(now)
    first = {int(k): at for k, at in seen[0].items()}
    assert len(first) > 0.9 * len(words["drawn"])
    raw = np.array([places[0][k] for k in first])
    on_screen = np.array(list(first.values()))
    # The screen is the first map's frame, enlarged, moved and upside down.
    scale = np.ptp(on_screen[:, 0]) / np.ptp(raw[:, 0])
    left, top = on_screen[:, 0] - scale * raw[:, 0], on_screen[:, 1] + scale * raw[:, 1]
    assert np.ptp(left) < 0.01
    assert np.ptp(top) < 0.01
    captions = page.locator("#compare-frames figcaption").all_inner_texts()
    assert "the others are laid on this one" in captions[0]
    for other, shown, caption in zip(places[1:], seen[1:], captions[1:], strict=True):
        shared = [k for k, (p, q) in enumerate(zip(places[0], other, strict=True)) if p and q]
        target, moving = (np.array([place[k] for k in shared]) for place in (places[0], other))
        onto, laid, disparity = procrustes(target, moving)
        assert f"Procrustes disparity {disparity:.3f}" in caption
        norm = np.linalg.norm(target - target.mean(axis=0))
        np.testing.assert_allclose(onto * norm + target.mean(axis=0), target, atol=1e-9)
        wanted = laid * norm + target.mean(axis=0)
        for k, (x, y) in zip(shared, wanted, strict=True):
            if str(k) in shown:
                expected = (left.mean() + scale * x, top.mean() - scale * y)
                assert shown[str(k)] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_same_map_turned_mirrored_and_moved_fits_without_rest(
    word_list: WordList, tmp_path: Path, open_site: Open, mirrored: bool
) -> None:
    words = word_list(slug="words")
    a, b = (measured(model(name), words) for name in "AB")
    assert b.map is not None
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1, -1 if mirrored else 1])
    moved = [dataclasses.replace(p, x=x, y=y) for p in b.map.points for x, y in [3 * turn @ (p.x, p.y) + (5, -2)]]
    b = dataclasses.replace(b, map=dataclasses.replace(b.map, points=tuple(moved)))
    folder = test_browser.published(invented([words], [a, b]).files, tmp_path)
    page = opened(open_site(folder).page, "#models=a,b", folder)
    assert "Procrustes disparity 0.000" in page.locator("#compare-frames figcaption").nth(1).inner_text()
    page.locator("#compare-search").fill("water")
    left, right = spots(page)
    assert left.keys() == right.keys()
    for k, at in left.items():
        assert right[k] == pytest.approx(at, abs=0.01)


def listed(page: Page) -> set[tuple[str, str]]:
    cells = page.locator("#compare-picked .picked-words [lang]").all()
    return {(cell.get_attribute("lang") or "", cell.text_content() or "") for cell in cells}


def test_a_concept_is_highlighted_in_every_map_however_it_is_chosen(
    fixture: Fixture, site: Path, open_site: Open
) -> None:
    page = opened(open_site(site).page, "#models=alpha,beta,gamma&dataset=words", site)
    concepts = {c.id: {(t, x) for t, xs in c.renderings.items() for x in xs} for c in fixture.datasets[0].concepts}
    search = page.get_by_label("Find a word")
    search.fill("مقهى")
    assert listed(page) == concepts["coffee-house"]
    assert page.locator("#compare-picked h3 [lang]").get_attribute("lang") == "en"
    assert page.locator("#compare-picked [lang=ar]").get_attribute("dir") == "rtl"
    assert "Alpha 0." in page.locator("#compare-picked").inner_text()
    highlighted = spots(page)
    assert all(highlighted)

    search.fill("")
    assert listed(page) == set()
    assert [len(each) for each in spots(page)] == [0, 0, 0]

    # A word of the middle map, clicked there, is found in all.
    word, (x, y) = next(iter(highlighted[1].items()))
    box = page.locator(".compare-map").nth(1)
    box.scroll_into_view_if_needed()
    frame = box.bounding_box()
    assert frame
    page.mouse.click(frame["x"] + 1 + x, frame["y"] + 1 + y)
    assert listed(page) == concepts["coffee-house"]
    assert all(word in each for each in spots(page)[1:])
    page.mouse.move(frame["x"] - 5, frame["y"] - 5)

    chosen = page.locator("#disputed button").first
    name = chosen.inner_text()
    chosen.focus()
    page.keyboard.press("Enter")
    assert ("en", name) in listed(page)
    page.locator("#compare-picked button", has_text="Clear").click()
    assert listed(page) == set()

    search.fill("no such word")
    assert page.locator("#compare-matches").inner_text() == "No such word in this list."
    search.fill("सूर")
    page.locator("#compare-matches button").first.focus()
    page.keyboard.press("Enter")
    assert listed(page) == concepts["sun"]


def test_pointing_at_a_word_names_it_in_every_map(site: Path, open_site: Open) -> None:
    page = opened(open_site(site).page, "#models=beta,gamma&dataset=words", site)
    page.locator("#compare-search").fill("moto")
    word, (x, y) = next(iter(spots(page)[0].items()))
    page.locator("#compare-search").fill("")
    box = page.locator(".compare-map").first
    box.scroll_into_view_if_needed()
    frame = box.bounding_box()
    assert frame
    page.mouse.move(frame["x"] + 1 + x, frame["y"] + 1 + y)
    pointed = [list(each) for each in spots(page)]
    assert pointed[0] == [word]
    assert pointed[1] in ([word], [])
    labels = page.locator(".compare-map").first.locator("text")
    assert labels.count() == 1
    assert labels.get_attribute("lang")


def test_a_missing_map_says_why_and_the_other_is_drawn(site: Path, open_site: Open) -> None:
    page = opened(open_site(site).page, "#models=gamma,alpha&dataset=aside", site)
    figures = page.locator("#compare-frames figure")
    assert "There is no map: few." in figures.first.inner_text()
    assert figures.nth(1).locator("canvas").is_visible()


PAINTED = """canvas => {
  const copy = document.createElement("canvas");
  const context = copy.getContext("2d", { willReadFrequently: true });
  [copy.width, copy.height] = [canvas.width, canvas.height];
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
}"""


def test_maps_are_painted_and_follow_the_width(site: Path, open_site: Open) -> None:
    page = opened(open_site(site).page, "#models=alpha,beta&dataset=words", site)
    canvas = page.locator(".compare-map canvas").first
    wide = canvas.evaluate("c => c.width")
    assert canvas.evaluate(PAINTED) > 500
    page.set_viewport_size(test_browser.PHONE)
    expect(canvas).not_to_have_js_property("width", wide)
    assert canvas.evaluate(PAINTED) > 500
    assert page.evaluate("document.documentElement.scrollWidth") == test_browser.PHONE["width"]


# Hostile names and words


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return test_browser.published(hostile().files, tmp_path_factory.mktemp("hostile-compare"))


def test_hostile_names_and_words_are_shown_and_never_run(hostile_site: Path, open_site: Open) -> None:
    outcomes = [o for o in hostile().outcomes if isinstance(o, PairResult) and o.dataset.slug == "hostile"]
    names = {o.model.slug: o.model.name for o in outcomes}
    page = opened(open_site(hostile_site).page, f"#models={','.join(names)}&dataset=hostile", hostile_site)
    shown = page.locator("#scores tbody").first.locator("tr th:not([scope=rowgroup])").all_text_contents()
    assert shown == list(names.values())
    assert page.locator("#compare-status").text_content() is not None
    concepts = hostile_dataset().concepts
    for concept, text in zip(concepts, TEXTS, strict=True):
        page.locator("#compare-search").fill(text)
        page.locator("#compare-matches button").first.click()
        words = {(t, x) for t, xs in concept.renderings.items() for x in xs}
        # A short text is also part of others; the first match begins with it.
        assert listed(page) & words, text
    disputed_concepts = page.locator("#disputed li").evaluate_all(
        "items => items.map((i) => Number(i.dataset.concept))"
    )
    assert len(disputed_concepts) == 10
    for i in disputed_concepts:
        page.locator(f"#disputed li[data-concept='{i}'] button").click()
        assert listed(page) == {(t, x) for t, xs in concepts[i].renderings.items() for x in xs}
    assert page.evaluate("window.pwned") is None
    assert page.locator("#comparison img, #comparison script").count() == 0
    for text in HOSTILE:
        opened(page, f"#models={text}&dataset={text}&pair={text}", hostile_site)
        assert page.evaluate("window.pwned") is None

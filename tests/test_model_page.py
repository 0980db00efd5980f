"""A model's page: its verdict in every case, its neighbours, its concepts and rivals, and what others copy of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import test_browser
import yaml
from huggingface_hub import EvalResult, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from playwright.sync_api import expect
from site_fixtures import (
    EVERYTHING,
    HOSTILE,
    ROOT,
    TEXTS,
    Element,
    Invented,
    control,
    failed,
    hostile_model,
    invented,
    measured,
    model,
    page_of,
    places,
    signs,
    states,
)

from generator.config import SiteEntry
from generator.datasets import Card, Concept, Dataset
from generator.domains import Drop
from generator.languages import language
from generator.leaderboard import Leaderboard, Standing, build_leaderboard
from generator.measures.resampling import Interval
from generator.results import Estimate, LanguagePair, PairResult, Rival
from generator.site import citing, links
from generator.site.model_page import headline_of, language_pairs
from generator.site.model_verdict import verdict
from generator.site.render import render_site

WordList = Callable[..., Dataset]
browser, open_site = test_browser.browser, test_browser.open_site
Open = test_browser.Open
BASE = "https://example.org/bench/"


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list()


def board_of(*outcomes: Any, datasets: tuple[Dataset, ...]) -> Leaderboard:
    return build_leaderboard(datasets, (), outcomes)


def standing_of(*outcomes: Any, datasets: tuple[Dataset, ...]) -> Standing:
    return board_of(*outcomes, datasets=datasets).standings[0]


def with_lift(result: PairResult, lift: float | None, ends: tuple[float, float] | None = None) -> PairResult:
    assert result.measures is not None
    intervals = {"chance_corrected": Interval(*ends)} if ends else {}
    return dataclasses.replace(
        result, measures=dataclasses.replace(result.measures, chance_corrected=lift, intervals=intervals)
    )


def with_pairs(result: PairResult, *values: float | None) -> PairResult:
    tags = [("sw", "ar"), ("es", "fr"), ("zh", "hi")]
    pairs = tuple(LanguagePair(a, b, sa, 0.5, 9) for (a, b), sa in zip(tags, values, strict=False))
    return dataclasses.replace(result, language_pairs=pairs)


# The verdict


@pytest.mark.parametrize(
    ("sa", "reach", "lift", "ends", "said"),
    [
        (0.65, 0.01, 0.3, (0.28, 0.32), "Aligns languages strongly on"),
        (0.605, 0.01, 0.3, (0.28, 0.32), "Aligns languages moderately to strongly on"),
        (0.595, 0.01, 0.3, (0.28, 0.32), "Aligns languages moderately to strongly on"),
        (0.55, 0.01, 0.3, (0.28, 0.32), "Aligns languages moderately on"),
        (0.495, 0.01, 0.2, (0.18, 0.22), "Aligns languages weakly to moderately on"),
        (0.45, 0.01, 0.2, (0.18, 0.22), "Aligns languages weakly on"),
        (0.65, 0.01, 0.09, (0.08, 0.10), "Hardly aligns languages on"),
        (0.65, 0.01, 0.1, (0.09, 0.11), "Aligns languages strongly on"),
        (0.65, 0.01, 0.3, (-0.01, 0.6), "Aligns languages not surely better than chance on"),
        (0.65, 0.01, -0.01, (-0.02, 0.01), "Aligns languages no better than chance on"),
        (0.65, None, 0.0, None, "Aligns languages no better than chance on"),
        (0.65, None, 0.3, None, "Aligns languages strongly on"),
        (0.65, 0.01, None, None, "Nothing says what chance would give on"),
    ],
)
def test_a_verdict_says_no_more_than_intervals_and_chance_allow(
    words: Dataset, sa: float, reach: float | None, lift: float | None, ends: tuple[float, float] | None, said: str
) -> None:
    result = with_pairs(with_lift(measured(model(), words, sa, reach=reach), lift, ends))
    interval = f"interval {sa - 0.01:.3f}–{sa + 0.01:.3f}" if reach else "without an interval"
    expected = f"{said} Words (SA {sa:.3f}, {interval}; chance gives 0.450)."
    assert verdict(standing_of(result, datasets=(words,)), result, {}) == expected


def test_a_verdict_without_a_null_names_none(words: Dataset) -> None:
    result = with_pairs(measured(model(), words))
    assert result.measures is not None
    result = dataclasses.replace(result, measures=dataclasses.replace(result.measures, null_sa=None))
    assert "chance gives" not in verdict(standing_of(result, datasets=(words,)), result, {})


def drop(value: float | None, low: float | None = None, lifted: float | None = 0.1) -> Drop:
    high = None if low is None or value is None else 2 * value - low
    return Drop(Estimate(value, low, high), None if lifted is None else Estimate(lifted), 0.0)


@pytest.mark.parametrize(
    ("drops", "said"),
    [
        ({}, ""),
        ({"Bones": drop(None)}, ""),
        ({"Bones": drop(0.213, 0.2), "Culture": drop(0.05, 0.04)}, " and loses 21 % of that on Bones"),
        ({"Bones": drop(0.213)}, " and loses 21 % of that on Bones"),
        ({"Bones": drop(0.213, 0.2, None)}, " and loses 21 % of that on Bones"),
        (
            {"Bones": drop(0.213, 0.2, -0.02)},
            " and loses 21 % of that on Bones, though nothing of what lies above chance",
        ),
        ({"Bones": drop(0.02, -0.01)}, ", with no sure loss on Bones"),
        ({"Bones": drop(-0.02), "Culture": drop(-0.1)}, ", with no sure loss on the other lists"),
    ],
)
def test_a_verdict_names_the_worst_domain_where_there_is_a_sure_loss(
    words: Dataset, drops: Mapping[str, Drop], said: str
) -> None:
    result = with_pairs(with_lift(measured(model(), words, 0.55), 0.3, (0.28, 0.32)))
    assert verdict(standing_of(result, datasets=(words,)), result, drops).endswith(f"chance gives 0.450){said}.")


def test_what_hardly_lies_above_chance_has_nothing_to_lose(words: Dataset) -> None:
    for lift, ends in ((0.05, (0.04, 0.06)), (0.2, (-0.1, 0.5)), (None, None)):
        result = with_pairs(with_lift(measured(model(), words, 0.55), lift, ends))
        assert "loses" not in verdict(standing_of(result, datasets=(words,)), result, {"Bones": drop(0.5, 0.4)})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.4, 0.6, 0.5), "; best pair Spanish–French, worst Swahili–Arabic."),
        ((0.6, None, 0.5), "; best pair Swahili–Arabic, worst Chinese–Hindi."),
        ((0.6,), ")."),
        ((None, None), ")."),
        ((0.5, 0.5, 0.5), ")."),
    ],
)
def test_a_verdict_names_the_best_and_the_worst_pair_of_languages(
    words: Dataset, values: tuple[float | None, ...], said: str
) -> None:
    result = with_pairs(measured(model(), words), *values)
    assert verdict(standing_of(result, datasets=(words,)), result, {}).endswith(said)


def test_a_verdict_on_what_has_no_score_says_why(words: Dataset, word_list: WordList) -> None:
    other = word_list(slug="others")
    cases = {
        "This model has not been measured here.": [],
        "This model could not be measured: no such file.": [failed(model(), words, "no such file.")],
        "This model was measured on older versions of the word lists only.": [measured(model(), words, digest="old")],
        "Its answer is known.": [measured(control(), words, 1.0)],
        "A control: its answer is known.": [measured(dataclasses.replace(control(), note=""), words, 1.0)],
        "This model was measured on word lists without translations only, so it has no score.": [
            measured(model(), signs())
        ],
    }
    datasets = (words, other, signs())
    for said, outcomes in cases.items():
        expected = [] if outcomes else [model()]
        board = build_leaderboard(datasets, expected, outcomes)
        (standing,) = board.standings
        assert verdict(standing, headline_of(board, standing), {}) == said
    partly = [failed(model(), words), measured(model(), other)]
    board = board_of(*partly, datasets=datasets)
    assert verdict(board.standings[0], headline_of(board, board.standings[0]), {}).startswith("Aligns languages")


# Which dataset speaks for a model


def test_the_headline_is_the_reference_or_the_first_other_list_with_a_score(
    words: Dataset, word_list: WordList
) -> None:
    other, third = word_list(slug="others", n=6), word_list(slug="third", n=6)
    datasets = (signs(), third, words, other)

    def named(*outcomes: Any, reference: str = "words") -> str | None:
        board = build_leaderboard(datasets, (), outcomes, ["words", "others"], reference)
        found = headline_of(board, board.standings[0])
        return found and found.dataset.slug

    alpha = model()
    every = [measured(alpha, dataset) for dataset in datasets]
    assert named(*every) == "words"
    assert named(*every, reference="third") == "third"
    assert named(every[1], every[3]) == "others", "what counts comes before what does not"
    assert named(every[0], every[1]) == "third"
    assert named(every[0]) is None


def test_a_page_on_another_list_does_not_call_it_the_reference(words: Dataset, word_list: WordList) -> None:
    other = word_list(slug="others")
    files = invented([words, other], [measured(model(), words), measured(model("Beta"), other)]).files
    shown = {
        slug: page_of(files[links.model_page(slug)]).one("div", class_="figures").text for slug in ("alpha", "beta")
    }
    assert "SA on Words, the reference" in shown["alpha"]
    assert "SA on Others" in shown["beta"]
    assert "reference" not in shown["beta"]


# Neighbours


def neighbours(files: Mapping[str, bytes], slug: str) -> list[list[str]]:
    page = page_of(files[links.model_page(slug)])
    sections = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "neighbours"]
    rows = sections[0].one("tbody").all("tr") if sections else []
    return [[" ".join(cell.text.split()) for cell in row if cell.tag in {"td", "th"}] for row in rows]


def test_neighbours_stand_above_and_below_with_what_the_resamples_say(words: Dataset) -> None:
    values = {"First": 0.7, "Second 二": 0.6, "Third": 0.598, "Fourth": 0.3}
    reaches = {"First": 0.03, "Third": 0.0125}
    outcomes = [measured(model(name), words, sa, reach=reaches.get(name, 0.01)) for name, sa in values.items()]
    files = invented([words], outcomes).files
    assert [row[1] for row in neighbours(files, "first")] == ["First", "Second 二"]
    assert [row[1] for row in neighbours(files, "third")] == ["Second 二", "Third", "Fourth"]
    above, itself, below = neighbours(files, "second")
    assert above[:2] == ["1 1–1", "First"]
    assert re.fullmatch(r"−0\.100−0\.1[1-9]\d to −0\.0\d\d", above[3])
    assert above[4] == "differs Compare with First"
    assert itself[3:] == ["", ""]
    assert below[3].startswith("0.002")
    assert below[4] == "equivalent Compare with Third"
    page = page_of(files["models/second.html"])
    compared = [a.attributes["href"] for a in page.all("a") if a.text.startswith("Compare with")]
    assert compared == ["../compare.html#models=second,first", "../compare.html#models=second,third"]


def test_neighbours_without_resamples_have_a_difference_and_no_verdict(words: Dataset) -> None:
    outcomes = [measured(model("First"), words, 0.7, reach=None), measured(model("Second"), words, 0.6)]
    above, itself = neighbours(invented([words], outcomes).files, "second")
    assert [above[3], above[4]] == ["−0.100", "Compare with First"]
    assert itself[0] == "2"


def test_a_control_and_a_model_alone_have_no_neighbours(words: Dataset) -> None:
    files = invented([words], [measured(model(), words), measured(control(), words, 1.0)]).files
    assert [neighbours(files, slug) for slug in ("alpha", "control-identical")] == [[], []]
    page = page_of(files["models/control-identical.html"])
    assert [a.text for a in page.all("a") if a.text.startswith("Compare with")] == ["Compare with Alpha"]


# Languages


def test_the_table_of_languages_holds_every_pair_twice_and_colours_the_extremes(words: Dataset) -> None:
    result = measured(model(), words)
    table = language_pairs(result)
    assert [each.tag for each, _ in table.rows] == list(words.languages)
    known = {(p.a, p.b): p for p in result.language_pairs}
    for a, cells in table.rows:
        for b, cell in zip(words.languages, cells, strict=True):
            pair = known.get((a.tag, b)) or known.get((b, a.tag))
            assert (cell and (cell.sa, cell.n)) == (pair and (pair.sa, pair.n))
    heats = {cell.sa: cell.heat for _, cells in table.rows for cell in cells if cell and cell.sa is not None}
    assert [heats[max(heats)], heats[min(heats)]] == [10, 0]
    assert sorted(heats.values()) == [heats[sa] for sa in sorted(heats)]
    assert (table.best, table.worst, table.n) == ((), (), len(known) - 1)


def test_more_languages_than_a_table_holds_give_the_ends_of_the_list() -> None:
    result = measured(model(), places())
    table = language_pairs(result)
    assert table.rows == ()
    values = sorted((p.sa for p in result.language_pairs if p.sa is not None), reverse=True)
    assert [row.sa.value for row in table.best] == values[:10]
    assert [row.sa.value for row in table.worst] == values[:-11:-1]
    page = page_of(invented([places()], [measured(model(), places())]).files["models/alpha.html"])
    (section,) = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "languages"]
    assert [len(table.one("tbody").all("tr")) for table in section.all("table")] == [10, 10]
    assert "Arabic – Bangla" in section.text


def test_equal_pairs_and_none_at_all_break_nothing(words: Dataset) -> None:
    pair = LanguagePair("en", "zh", 0.5, 0.5, 3)
    result = dataclasses.replace(measured(model(), words), language_pairs=(pair,))
    assert {cell.heat for _, cells in language_pairs(result).rows for cell in cells if cell} == {0}
    none = dataclasses.replace(result, language_pairs=(dataclasses.replace(pair, sa=None),))
    assert language_pairs(none).rows == language_pairs(None).rows == ()


# Concepts


def with_rivals(result: PairResult, concept: str, *rivals: Rival, retrieved: float | None = 0.25) -> PairResult:
    concepts = tuple(
        dataclasses.replace(c, rivals=rivals, retrieved=retrieved) if c.id == concept else c for c in result.concepts
    )
    return dataclasses.replace(result, concepts=concepts)


def test_a_hard_concept_names_the_wrong_ones_in_their_languages(words: Dataset) -> None:
    result = measured(model(), words)
    hardest = min((c for c in result.concepts if c.sa is not None), key=lambda c: c.sa or 0)
    rivals = (
        Rival("sun", 7, "ar", "hi", 0.7126, 0.654),
        Rival("coffee-house", 3, "zh", "ar", 0.9, 0.1),
        Rival("book", 1, "en", "sw", 0.9, 0.1),
    )
    files = invented([words], [with_rivals(result, hardest.id, *rivals)]).files
    page = page_of(files["models/alpha.html"])
    (section,) = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "concepts"]
    item = section.all("ol")[0].all("li")[0]
    n = len(hardest.renderings)
    assert f"translation first in 25 % of {n * (n - 1)} directions" in item.text
    lines = item.one("ul", class_="rivals").all("li")
    assert len(lines) == 2, "the third says little"
    asked = " · ".join(hardest.renderings["ar"])
    assert " ".join(lines[0].text.split()) == (
        f"sun comes first in 7 of {n * (n - 1)}; by most in Arabic {asked} → Hindi सूरज · सूर्य 0.713 against 0.654"
    )
    tagged = {
        (e.attributes["lang"], e.attributes["dir"], e.text) for line in lines for e in line if "lang" in e.attributes
    }
    assert {("hi", "ltr", "सूरज"), ("ar", "rtl", "مقهى"), ("en", "ltr", "café")} <= tagged
    assert all(direction == language(tag).direction for tag, direction, _ in tagged)
    assert not section.all("ol")[1].all("ul"), "what is easy has no rivals"


def test_no_rivals_and_no_retrieval_leave_nothing_behind(words: Dataset) -> None:
    page = page_of(invented([words], [measured(model(), words)]).files["models/alpha.html"])
    assert not page.all("ul", class_="rivals")
    assert "directions" not in page.text


def test_one_dataset_is_open_and_the_others_are_folded(word_list: WordList) -> None:
    page = page_of(states(word_list).files["models/whole.html"])
    folded = [d.one("summary").text for d in page.all("details") if d.one("summary").text.startswith("Languages and")]
    assert folded == [f"Languages and concepts: {name}" for name in ("Others", "Places")]
    assert [h.text for h in page.all("h2") if "Hardest" in h.text] == ["Hardest and easiest: Words"]


def test_a_name_is_english_or_the_first_there_is() -> None:
    concepts = (Concept("1", {"zh": ("水",), "ar": ("ماء",)}), Concept("2", {"ar": ("نار",), "en": ("fire",)}))
    dataset = Dataset("two", Card("Two"), ("zh", "ar", "en"), (*concepts, Concept("3", {"zh": ("火",), "en": ("f",)})))
    page = page_of(invented([dataset], [measured(model(), dataset)]).files["models/alpha.html"])
    labels = [a.one("span") for ol in page.all("ol", class_="concepts") for a in ol.all("a")]
    assert [(e.text, e.attributes["lang"], e.attributes["dir"]) for e in labels] == [
        ("fire", "en", "ltr"), ("水", "zh", "ltr"),
    ]  # fmt: skip


# Domains


def test_the_strip_shows_what_counts_with_its_drop_from_the_reference(word_list: WordList) -> None:
    files = states(word_list).files
    strip = page_of(files["models/whole.html"]).one("ul", class_="domain-strip").all("li")
    texts = [" ".join(item.text.split()) for item in strip]
    assert texts[0] == "Words 0.620 0.610–0.630 · null 0.450 the reference"
    assert re.fullmatch(r"Others 0\.480 0\.470–0\.490 · null 0\.450 drop 22\.6 % \d+\.\d % to \d+\.\d %", texts[1])
    assert len(texts) == 2, "places count nothing and signs have no score"
    broken = page_of(files["models/broken.html"]).one("ul", class_="domain-strip").all("li")
    assert "the hub" in broken[0].text
    assert "drop" not in broken[1].text


# What others copy


def snippets_of(page: Element) -> dict[str, str]:
    return {pre.attributes["id"]: pre.text for pre in page.all("pre")}


def at(fixture: Invented, base_url: str) -> Mapping[str, bytes]:
    site = SiteEntry("A benchmark", "Does it?", base_url=base_url)
    benchmark = dataclasses.replace(fixture.benchmark, site=site)
    return render_site(benchmark, fixture.outcomes, fixture.resamples)


def test_snippets_are_absolute_where_the_sites_address_is_known(word_list: WordList) -> None:
    fixture = states(word_list)
    for base in ("", BASE):
        page = page_of(at(fixture, base)["models/whole.html"])
        found = snippets_of(page)
        assert set(found) == {"bibtex", "badge-markdown", "badge-html", "model-index", "eval-results"}
        assert found["badge-markdown"] == (
            rf"[![A benchmark: SA 0.620 · rank 1 of 3]({base}models/whole.svg)]({base}models/whole.html)"
        )
        assert f'src="{base}models/whole.svg"' in found["badge-html"]
        for name in ("bibtex", "model-index", "eval-results"):
            assert ("whole.html" in found[name]) is bool(base)
            assert found[name].count("whole.html") == found[name].count(f"{BASE}models/whole.html")
        assert ("Put the address of the site before both paths." in page.text) is not bool(base)


def test_the_hub_reads_the_numbers_back(word_list: WordList) -> None:
    fixture = states(word_list)
    found = snippets_of(page_of(at(fixture, BASE)["models/whole.html"]))
    results = {o.dataset.slug: o for o in fixture.outcomes if o.model.name == "Whole" and isinstance(o, PairResult)}
    name, told = model_index_to_eval_results(yaml.safe_load(found["model-index"])["model-index"])
    assert name == "Whole"
    assert [(r.dataset_type, r.metric_type, r.metric_value) for r in told] == [
        ("ORG/words", "semantic_affinity", 0.62), ("ORG/words", "null_sa", 0.45),
        ("ORG/others", "semantic_affinity", 0.48), ("ORG/others", "null_sa", 0.45),
    ]  # fmt: skip
    first: EvalResult = told[0]
    assert (first.dataset_name, first.dataset_revision) == ("Words", results["words"].dataset.digest)
    assert (first.source_url, first.source_name) == (f"{BASE}models/whole.html", "A benchmark")
    entries = parse_eval_result_entries(yaml.safe_load(found["eval-results"]))
    assert [(e.dataset_id, e.task_id, e.value, e.date) for e in entries] == [
        ("ORG/words", "semantic_affinity", 0.62, "2026-01-02"),
        ("ORG/others", "semantic_affinity", 0.48, "2026-01-02"),
    ]
    assert entries[0].source_url == f"{BASE}models/whole.html"
    assert results["words"].dataset.digest in (entries[0].notes or "")
    assert "SA 0.620 (0.610 to 0.630), chance 0.450" in (entries[0].notes or "")


@pytest.mark.parametrize(
    "text", [*TEXTS, EVERYTHING, "a: b # c", "- x", "null", "1.0", "{}[]", 'q"\\', "\x85\u00a0\U000e0001"]
)
def test_any_name_survives_yaml(words: Dataset, text: str) -> None:
    result = measured(dataclasses.replace(model(), name=text), words)
    result = dataclasses.replace(result, dataset=dataclasses.replace(result.dataset, name=text))
    (told,) = yaml.safe_load(citing.model_index(text, [result], "https://example.org/"))["model-index"]
    assert told["name"] == told["results"][0]["dataset"]["name"] == told["results"][0]["source"]["name"] == text
    (entry,) = yaml.safe_load(citing.eval_results(text, [result], "https://example.org/"))
    assert entry["source"]["name"] == text


def test_bibtex_holds_the_numbers_and_the_paper(words: Dataset, word_list: WordList) -> None:
    results = [
        measured(model(), words),
        measured(model(), word_list(slug="others"), 0.5, reach=None, created="2026-03-04"),
    ]
    written = citing.bibtex("A benchmark", results, "https://example.org/models/alpha.html")
    assert written.startswith("@misc{isogloss-alpha-2026-03-04,\n  author = {{A benchmark}},\n  title = {{Alpha}: ")
    assert "year = {2026}" in written
    assert "measured 2026-03-04, revision abc123" in written
    assert "url = {https://example.org/models/alpha.html}" in written
    assert (
        f"SA 0.620 (0.610 to 0.630) on Words, sha256 {results[0].dataset.digest[:16]}; SA 0.500 on Others"
        in " ".join(written.split())
    )
    assert "eprint = {2601.09732}" in written
    assert "url = " not in citing.bibtex("A benchmark", results, "")


@pytest.mark.parametrize("text", [*TEXTS, EVERYTHING, "{", "}}", "50 % & $x_1^2$ #~\\"])
def test_no_name_breaks_out_of_bibtex(words: Dataset, text: str) -> None:
    result = measured(hostile_model("x"), words)
    result = dataclasses.replace(
        result,
        model=dataclasses.replace(result.model, name=text, revision=text),
        dataset=dataclasses.replace(result.dataset, name=text),
    )
    written = citing.bibtex(text, [result], "")
    plain = citing.bibtex("x", [measured(model("x"), words)], "")
    depth, fields = 0, []
    for number, character in enumerate(written):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
        fields += [number] * (depth == 1 and character == "=")
    assert depth == 0
    assert len(fields) == plain.count(" = ")
    assert len(written.splitlines()) == len(plain.splitlines())
    assert not re.search(r"(?<!\\)[%&$#_~^]", written.partition("@misc{gong")[0].replace("sha256 ", ""))


# Overriding, weight and hostile text


def test_every_section_stands_in_a_block_that_a_benchmark_may_override(tmp_path: Path, word_list: WordList) -> None:
    source = (ROOT / "templates" / "model.html").read_text(encoding="utf-8").partition("{% block main %}")[2]
    blocks = re.findall(r"{% block (\w+) %}", source)
    assert all(part.count("<section") <= 1 for part in re.split(r"{% block \w+ %}", source))
    fixture = states(word_list)
    mine = '{% extends "isogloss/model.html" %}\n{% block languages %}<p id="mine">{{ page.title }}</p>{% endblock %}\n'
    (tmp_path / "model.html").write_text(mine, encoding="utf-8")
    benchmark = dataclasses.replace(fixture.benchmark, templates=tmp_path)
    changed = page_of(render_site(benchmark, fixture.outcomes, fixture.resamples)["models/whole.html"])
    shipped = page_of(fixture.files["models/whole.html"])
    assert changed.one("p", id="mine").text == "Whole"
    headings = [h.text for h in shipped.all("h2")]
    assert [h.text for h in changed.all("h2")] == [h for h in headings if not h.startswith("Language by language")]
    assert len(blocks) > len(headings)


def test_hostile_rivals_are_shown_as_they_are() -> None:
    concepts = tuple(Concept(f"{t} {i}", {"en": (t,), "ar": (f"كلمة {t}",)}) for i, t in enumerate(TEXTS))
    dataset = Dataset("hostile", Card(HOSTILE[1]), ("en", "ar"), concepts)
    result = measured(hostile_model(HOSTILE[0]), dataset)
    for concept in concepts:
        result = with_rivals(result, concept.id, *(Rival(c.id, 2, "en", "ar", 0.9, 0.8) for c in concepts[:2]))
    page = page_of(invented([dataset], [result]).files[links.model_page(result.model.slug)])
    lines = page.all("ul", class_="rivals")[0].all("li")
    assert [line.one("strong").text for line in lines] == list(TEXTS[:2])
    assert {e.tag for line in lines for e in line} <= {"li", "strong", "span"}
    assert not [s for s in page.all("script") if "src" not in s.attributes and "type" not in s.attributes]
    assert all(text in snippets_of(page)["badge-html"] for text in ["SA 0.620"])


# In a browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, word_list: WordList) -> Path:
    return test_browser.published(states(word_list).files, tmp_path_factory.mktemp("models"))


def test_a_snippet_is_copied_and_that_is_said(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    watched.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
    )
    page = watched.open("models/whole.html")
    page.locator("summary", has_text="Badge in Markdown").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#copied")).to_have_text("Badge in Markdown copied.")
    assert page.evaluate("window.copied") == page.locator("#badge-markdown").inner_text()
    assert page.locator("#copied").get_attribute("role") == "status"


def test_where_the_clipboard_is_closed_the_text_is_selected(site: Path, open_site: Open) -> None:
    watched = open_site(site)
    for clipboard in ("undefined", "{writeText: () => Promise.reject(new Error('no'))}"):
        watched.page.add_init_script(
            f"Object.defineProperty(navigator, 'clipboard', {{value: {clipboard}, configurable: true}})"
        )
        page = watched.open("models/whole.html")
        page.locator("[data-copy=bibtex]").click()
        expect(page.locator("#copied")).to_have_text("BibTeX selected: copy it with your keyboard or menu.")
        selected = page.evaluate("String(window.getSelection())")
        assert selected.strip() == page.locator("#bibtex").inner_text().strip()


def test_without_scripts_there_is_no_button_to_copy_and_all_is_there(site: Path, open_site: Open) -> None:
    page = open_site(site, java_script_enabled=False).open("models/whole.html")
    assert page.locator("[data-copy]:visible").count() == 0
    assert page.locator("#bibtex").is_visible()
    page.locator("summary", has_text="Hugging Face evaluation results").click()
    assert "ORG/words" in page.locator("#eval-results").inner_text()


def test_colours_of_the_table_leave_its_numbers_readable(site: Path, open_site: Open) -> None:
    contrast = """cell => {
      const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
      const painted = (...colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => c / 255);
      };
      const luminance = (colour) => colour
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const raised = getComputedStyle(cell.closest(".table-frame")).backgroundColor;
      const style = getComputedStyle(cell);
      const shades = [painted(raised, style.backgroundColor), painted(style.color)].map(luminance);
      return (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
    }"""
    for scheme in ("light", "dark"):
        page = open_site(site, color_scheme=scheme).open("models/whole.html")
        cells = page.locator("#languages ~ .table-frame .heat-cell")
        shades = {cells.nth(i).evaluate("c => getComputedStyle(c).backgroundColor") for i in range(cells.count())}
        assert len(shades) > 3
        assert min(cells.nth(i).evaluate(contrast) for i in range(cells.count())) >= 4.5


def test_nothing_overflows_on_a_phone(site: Path, open_site: Open) -> None:
    page = open_site(site, viewport=test_browser.PHONE).open("models/whole.html")
    for summary in page.locator("main summary").all():
        if summary.evaluate("s => !s.parentElement.open"):
            summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= test_browser.PHONE["width"]
    assert all(
        box is not None and box["height"] >= 24 for box in (b.bounding_box() for b in page.locator("[data-copy]").all())
    )

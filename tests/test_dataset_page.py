"""A dataset's page: its board, its concepts from hard to easy and from contested to agreed on, and its downloads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from site_fixtures import (
    HOSTILE,
    Element,
    control,
    hostile,
    invented,
    measured,
    model,
    page_of,
    signs,
)

from generator.datasets import Concept, Dataset
from generator.difficulty import affinities_of, agreement, difficulties
from generator.results import Outcome, PairResult
from generator.shown import decimal, percent
from generator.site import links

WordList = Callable[..., Dataset]


def ordered(name: str, on: Dataset, seed: int) -> PairResult:
    """A result whose concepts have SA of their own."""
    result = measured(model(name), on)
    drawn = np.random.default_rng(seed).permutation(len(on.concepts)) / 20 + 0.2
    concepts = (dataclasses.replace(c, sa=float(sa)) for c, sa in zip(result.concepts, drawn, strict=True))
    return dataclasses.replace(result, concepts=tuple(concepts))


def page(dataset: Dataset, outcomes: Sequence[Outcome]) -> Element:
    return page_of(invented([dataset], outcomes).files[links.dataset_page(dataset.slug)])


def listed(found: Element, section: str) -> dict[str, list[tuple[str, str]]]:
    """By heading: the shares and the words of a section's concepts."""
    headings = found.one("section", aria_labelledby=section).all("h3")
    lists = found.one("section", aria_labelledby=section).all("ol")
    return {
        heading.text: [(item.one("span", class_="concept-sa").text, item.one("a").text) for item in each.all("li")]
        for heading, each in zip(headings, lists, strict=True)
    }


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list()


@pytest.fixture(scope="module")
def results(words: Dataset) -> list[PairResult]:
    return [ordered("Alpha", words, 1), ordered("Beta 模型", words, 2), ordered("Gamma", words, 3)]


@pytest.fixture(scope="module")
def told(words: Dataset, results: list[PairResult]) -> Element:
    return page(words, [*results, measured(control(), words, 1.0)])


def test_concepts_are_told_from_hard_to_easy_and_from_contested_to_agreed_on(
    told: Element, results: list[PairResult]
) -> None:
    found = difficulties(affinities_of(results))
    hardness, contested = listed(told, "difficulty"), listed(told, "contested")
    assert [list(hardness), list(contested)] == [["Hardest", "Easiest"], ["Most contested", "Least contested"]]
    by_share = sorted((each.share for each in found.values()), reverse=True)
    by_gap = sorted((each.disagreement or 0 for each in found.values()), reverse=True)
    assert [share for share, _ in hardness["Hardest"]] == [percent(share) for share in by_share[:6]]
    assert [share for share, _ in hardness["Easiest"]] == [percent(share) for share in by_share[::-1][:6]]
    assert [gap for gap, _ in contested["Most contested"]] == [percent(gap) for gap in by_gap[:6]]
    assert [gap for gap, _ in contested["Least contested"]] == [percent(gap) for gap in by_gap[::-1][:6]]
    assert len({word for each in hardness.values() for _, word in each}) == 12, "both ends do not overlap"
    rho = agreement(affinities_of(results))
    assert f"ρ of {decimal(rho, 2)}" in told.one("section", aria_labelledby="contested").text


def test_a_contested_concept_names_the_models_at_both_ends(told: Element, results: list[PairResult]) -> None:
    found = difficulties(affinities_of(results))
    names = {result.model.slug: result.model.name for result in results}
    top = max(found.values(), key=lambda each: each.disagreement or 0)
    first = told.one("section", aria_labelledby="contested").all("li")[0].one("span", class_="renderings")
    assert first.text == (
        f"harder than {percent(top.highest)} for {names[top.hardest_for]}, "
        f"than {percent(top.lowest)} for {names[top.easiest_for]}"
    )


def test_controls_play_no_part_in_difficulty(words: Dataset, results: list[PairResult], told: Element) -> None:
    alone = page(words, results)
    for section in ("difficulty", "contested"):
        assert listed(alone, section) == listed(told, section)


def test_every_row_of_the_list_has_its_difficulty_and_its_own_page(
    told: Element, words: Dataset, results: list[PairResult]
) -> None:
    found = difficulties(affinities_of(results))
    table = told.one("table", id="words")
    heads = [th.text for th in table.one("thead").all("th")]
    assert heads[:5] == ["Concept", "SA", "Difficulty", "Disagreement", "Category"]
    for row, concept in zip(table.one("tbody").all("tr"), words.concepts, strict=True):
        each = found[concept.id]
        name = row.one("th", scope="row").one("a")
        assert [name.text, name.attributes["href"]] == [concept.id, f"../concepts.html#words/{concept.id}"]
        numbers = [cell.text for cell in row.all("td", class_="number")]
        assert numbers == [decimal(each.mean_sa), percent(each.share), percent(each.disagreement or 0)]
        shown = {(e.attributes["lang"], e.attributes["dir"], e.text) for e in row if "lang" in e.attributes}
        expected = {
            (tag, "rtl" if tag == "ar" else "ltr", text) for tag, texts in concept.renderings.items() for text in texts
        }
        assert shown == expected


def test_one_ranked_model_has_an_order_and_none_to_disagree_with(words: Dataset, results: list[PairResult]) -> None:
    alone = page(words, [results[0], measured(control(), words, 1.0)])
    assert "for Alpha, the only ranked model measured here" in alone.text
    assert "It takes two ranked models to disagree" in alone.one("section", aria_labelledby="contested").text
    heads = [th.text for th in alone.one("table", id="words").one("thead").all("th")]
    assert heads[:4] == ["Concept", "SA", "Difficulty", "Category"]


def test_without_ranked_models_or_translations_nothing_is_hard(words: Dataset) -> None:
    for found in (page(words, [measured(control(), words, 1.0)]), page(signs(), [measured(model(), signs())])):
        assert found.all(id="difficulty") == []
        assert found.one("table", id="words").one("thead").all("th")[1].text == "Category"


def test_a_concept_without_a_value_is_a_dash_and_sorts_last(words: Dataset) -> None:
    found = page(words, [measured(model(), words), measured(model("Beta"), words, 0.5)])
    *_, last = found.one("table", id="words").one("tbody").all("tr")
    cells = last.all("td", class_="number")
    assert [(cell.text, cell.attributes["data-sort"]) for cell in cells] == [("–", "-1")] * 3


def test_downloads_stand_with_the_licence(told: Element, words: Dataset) -> None:
    card = {row.one("dt").text: row.one("dd") for row in told.one("dl", class_="card").all("div")}
    assert card["Licence"].text == words.card.licence
    assert [a.attributes["href"] for a in card["Download"].all("a", download="")] == [
        "../data/datasets/words.csv", "../data/datasets/words.toml", "../data/datasets/words.croissant.json",
    ]  # fmt: skip
    assert card["Size"].text == f"12 concepts in 5 languages, {len(words.texts)} distinct texts"
    unlicensed = dataclasses.replace(words, card=dataclasses.replace(words.card, licence=""))
    assert "Licencenone stated" in page(unlicensed, []).one("dl", class_="card").text


def test_what_the_checks_find_is_shown_in_its_language(words: Dataset) -> None:
    concepts = [
        Concept(f"{i}", {"en": (f"w{i}",), "ar": ("ماء" if i < 5 else f"كلمة{i}", *(["latin"] if i == 0 else []))})
        for i in range(9)
    ]
    found = page(dataclasses.replace(words, languages=("en", "ar"), concepts=tuple(concepts)), [])
    (_, arabic) = found.one("section", aria_labelledby="report").one("tbody").all("tr")
    assert [(e.attributes["dir"], e.text) for e in arabic.all(lang="ar")] == [("rtl", "ماء"), ("rtl", "latin")]
    cut = [Concept(f"{i}", {"en": (f"w{i}",), "ar": (f"x{i}",)}) for i in range(9)]
    found = page(dataclasses.replace(words, languages=("en", "ar"), concepts=tuple(cut)), [])
    (_, latin) = found.one("section", aria_labelledby="report").one("tbody").all("tr")
    assert latin.all("td")[4].text == "9 x0 · x1 · x2, …"


def test_links_to_hostile_concepts_name_them_whole() -> None:
    told = hostile()
    dataset = told.benchmark.datasets[0]
    found = page_of(told.files[links.dataset_page(dataset.slug)])
    targets = [a.attributes["href"] for a in found.one("table", id="words").all("a")]
    assert [target.partition("#")[0] for target in targets] == ["../concepts.html"] * len(dataset.concepts)
    assert all(re.fullmatch(r"#hostile/[\w.~%-]+", target.removeprefix("../concepts.html")) for target in targets)
    assert HOSTILE[0] in found.one("table", id="words").text

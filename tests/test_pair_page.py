"""What a pair's page tells in words and tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from site_fixtures import data_of, measured, model, page_of, places, rendered, signs

from generator.datasets import Dataset
from generator.results import Estimate, PairColumn, PairResult, Rival
from generator.site import links
from generator.site.pair_page import map_summary

WordList = Callable[..., Dataset]


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


def told(result: PairResult, apart: float) -> PairResult:
    """The result with a language separability, and words that are sought more or less."""
    assert result.measures is not None
    companions = {**result.measures.companions, "language_separability": Estimate(apart)}
    languages = {
        tag: dataclasses.replace(record, attraction=1 + i / 10)
        for i, (tag, record) in enumerate(result.languages.items())
    }
    measures = dataclasses.replace(result.measures, companions=companions)
    return dataclasses.replace(result, measures=measures, languages=languages)


@pytest.mark.parametrize(
    ("apart", "how"),
    [(0.25, "mix"), (0.251, "keep apart in part"), (0.599, "keep apart in part"), (0.6, "keep apart")],
)
def test_a_map_is_told_in_sentences_made_of_stored_numbers(words: Dataset, apart: float, how: str) -> None:
    result = told(measured(model(), words), apart)
    n = sum(len(texts) for texts in words.renderings.values())
    first, second, *rest = map_summary(result)
    assert first == f"{n} words for {len(words.concepts)} concepts in 5 languages."
    assert second.startswith(f"The languages {how}: ")
    assert second.endswith(f" it is {apart:.2f}.")
    assert rest == [
        "Looked up in another language, 62 % of the words have their translation nearest.",
        (
            "Among the nearest words of another language, Swahili comes up most, 1.4 times its fair share, "
            "and English least, 1.0 times."
        ),
        "The closest pair of languages is English and Chinese (SA 0.620), the furthest Arabic and Swahili (0.612).",
    ]


def test_signs_have_a_count_and_what_has_no_map_is_not_told(words: Dataset) -> None:
    assert map_summary(measured(model(), signs())) == ("7 signs in 2 columns.",)
    assert map_summary(measured(model(), words, no_map="too few")) == ()


def test_of_many_pairs_of_languages_the_closest_and_the_furthest_are_shown() -> None:
    result = measured(model(), places())
    column = PairColumn((0.125,) * 190, (None,) * 190, (None,) * 190)
    result = dataclasses.replace(result, pair_companions={"language_separability": column, "cka": column})
    page = page_of(rendered([places()], [result])["pairs/alpha--places.html"])
    (table,) = [t for t in page.all("table") if "P@1 there" in t.one("thead").text]
    assert "The 30 closest and the 30 furthest of 190 pairs." in page.text
    rows = [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]
    assert len(rows) == 60
    assert rows[0][1:] == ["0.620", "0.375", "0.625", "0.125"]
    shown = [float(row[1]) for row in rows[:-1]]
    assert shown == sorted(shown, reverse=True)
    assert rows[-1][1] == "–", "no value comes last"


def test_each_language_is_told_with_its_closest_and_furthest() -> None:
    page = page_of(rendered([places()], [measured(model(), places())])["pairs/alpha--places.html"])
    (table,) = [t for t in page.all("table") if "Closest" in t.one("thead").text]
    rows = {row.one("th").text: [cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")}
    assert len(rows) == 20
    assert rows["Arabic"][1:3] == ["Bangla 0.620", "Chinese 0.602"]


def test_a_concepts_rivals_and_what_is_found_reach_the_script(words: Dataset) -> None:
    result = measured(model(), words)
    second = words.concepts[1].id
    rival = Rival(second, 3, "ar", "zh", 0.7123, 0.65)
    first = dataclasses.replace(result.concepts[0], retrieved=0.625, rivals=(rival,))
    files = rendered([words], [dataclasses.replace(result, concepts=(first, *result.concepts[1:]))])
    data = data_of(files[links.pair_data("alpha", "words")])
    tags = words.languages
    assert data["rivals"][0] == [[1, 3, tags.index("ar"), tags.index("zh"), 0.7123, 0.65]]
    assert data["rivals"][1:] == [[]] * (len(words.concepts) - 1)
    assert data["retrieved"] == [0.625, *[None] * (len(words.concepts) - 1)]
    row = next(
        row
        for row in page_of(files["pairs/alpha--words.html"]).one("table", id="words").all("tr")
        if row.attributes.get("data-concept") == words.concepts[0].id
    )
    assert row.all("td")[1].text == "0.62"

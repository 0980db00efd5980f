"""The cards for other sites: small pictures with a readable name, the number and the map, the same every time."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping

import pytest
from PIL import Image
from site_fixtures import HOSTILE, SCRIPTS, Invented, control, hostile, invented, measured, model, signs, states

from generator.datasets import Card as DatasetCard
from generator.datasets import Dataset
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.results import Outcome, Point
from generator.site import cards, links
from generator.site.cards import (
    HEIGHT,
    MAP_BOX,
    MARGIN,
    NAME_SIZES,
    TEXT_WIDTH,
    WIDTH,
    Card,
    card_files,
    drawn,
    readable,
)
from generator.site.marks import COLOURS

WordList = Callable[..., Dataset]
HEAVIEST = 40_000


def board_of(told: Invented) -> Leaderboard:
    return build_leaderboard(told.benchmark.datasets, [], told.outcomes, None, told.benchmark.reference)


def made(told: Invented, title: str = "Ours", description: str = "Does it align?") -> dict[str, bytes]:
    return {piece.path: piece.made() for piece in card_files(board_of(told), title, description)}


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def colours_in(content: bytes, box: tuple[int, int, int, int]) -> set[str]:
    found = picture(content).convert("RGB").crop(box).getcolors(WIDTH * HEIGHT)
    assert found is not None
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in found}


@pytest.fixture(scope="module")
def told(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture(scope="module")
def files(told: Invented) -> Mapping[str, bytes]:
    return made(told)


def test_there_is_a_card_of_the_site_of_each_model_and_of_each_dataset(files: Mapping[str, bytes]) -> None:
    models = {"whole", "mapless", "faint", "older", "broken", "control-identical"}
    datasets = {"words", "others", "places", "signs"}
    assert set(files) == {
        "cards/home.png", *(f"cards/model-{slug}.png" for slug in models),
        *(f"cards/dataset-{slug}.png" for slug in datasets),
    }  # fmt: skip


def test_cards_are_small_pictures_of_the_size_that_other_sites_show(files: Mapping[str, bytes]) -> None:
    for content in (*files.values(), *made(hostile(), "Ours", HOSTILE[0]).values()):
        image = picture(content)
        assert (image.size, image.mode, image.format) == ((1200, 630), "P", "PNG")
        assert len(content) < HEAVIEST


def test_the_same_card_gives_the_same_bytes(told: Invented, files: Mapping[str, bytes]) -> None:
    assert made(told) == files
    changed = made(told, "Others'")
    assert all(changed[path] != content for path, content in files.items()), "the site's name stands on each"


@pytest.mark.parametrize(("path", "has_map"), [
    ("cards/model-whole.png", True), ("cards/model-mapless.png", False), ("cards/model-broken.png", True),
    ("cards/model-older.png", False), ("cards/dataset-words.png", True), ("cards/dataset-signs.png", True),
    ("cards/home.png", True),
])  # fmt: skip
def test_the_map_is_drawn_where_there_is_one(files: Mapping[str, bytes], path: str, has_map: bool) -> None:
    assert bool(colours_in(files[path], MAP_BOX) & set(COLOURS)) == has_map


def test_every_language_of_a_map_is_seen_within_its_box(word_list: WordList) -> None:
    words = word_list(slug="words")
    result = measured(model(), words)
    content = drawn(Card("Ours", "Alpha", "0.620", ("a line",), result))
    left, top, right, bottom = MAP_BOX
    assert set(COLOURS[: len(words.languages)]) <= colours_in(content, MAP_BOX)
    reach = cards.DOT + 1
    beside = [(0, 0, WIDTH, top - reach), (0, bottom + reach, WIDTH, HEIGHT), (right + reach, 0, WIDTH, HEIGHT)]
    assert not [box for box in beside if colours_in(content, box) & set(COLOURS)]
    edges = [(left - reach, 0, left + reach, HEIGHT), (right - reach, 0, right + reach, HEIGHT)]
    assert all(colours_in(content, box) & set(COLOURS) for box in edges), "it is as wide as its box"
    assert colours_in(content, (MARGIN + TEXT_WIDTH, 12, left - 10, HEIGHT)) == {"#fcfcfa"}, "nothing in between"
    alone = dataclasses.replace(result.map, points=(Point("water", "en", "water", 0.0, 0.0),)) if result.map else None
    assert colours_in(drawn(Card("", "A", "", (), dataclasses.replace(result, map=alone))), MAP_BOX) & set(COLOURS)


def test_the_number_is_shown_where_there_is_one(word_list: WordList) -> None:
    words, untranslated = word_list(slug="words"), signs()

    def said(outcome: Outcome) -> Card:
        board = build_leaderboard([words, untranslated], [], [outcome], None, "words")
        return cards._model_card(board, board.standings[0], "Ours")

    whole = said(measured(model(), words))
    assert (whole.site, whole.name, whole.figure) == ("Ours", "Alpha", "0.620")
    assert whole.lines == ("Semantic Affinity on Words", "interval 0.610 to 0.630", "rank 1 of 1")
    assert said(measured(model(), words, reach=None)).lines == ("Semantic Affinity on Words", "rank 1 of 1")
    assert said(measured(control(), words, 1.0)).figure == "1.000"
    assert said(measured(model(), untranslated)).figure == ""
    assert said(measured(model(), words, digest="old")).lines == ("not measured yet",)


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("LaBSE", "LaBSE"), ("Café Zürich", "Cafe Zurich"), ("模型", "slug"), ("كلمة", "slug"), ("mixed 水", "slug"),
        ("emoji 👩🏽‍🚀", "slug"), ("e5 – large", "slug"), ("\u202ereversed", "slug"), ("tab\tline\n", "slug"),
        ("x̣́ȩ́", "xe"),
    ],
)  # fmt: skip
def test_a_name_is_never_shown_in_boxes(name: str, shown: str) -> None:
    assert readable(name, "slug") == shown


@pytest.mark.parametrize("text", [*HOSTILE, *SCRIPTS, "é", "𝒳", "ﬁ"])
def test_whatever_is_readable_has_only_letters_of_the_font(text: str) -> None:
    font = cards._font(34)
    missing = bytes(font.getmask("\U0010ffff"))
    assert all(bytes(font.getmask(each)) != missing for each in readable(text, "slug"))


def test_a_name_that_nobody_can_read_here_is_told_by_its_slug(word_list: WordList) -> None:
    card = DatasetCard("水的", domain="modern")
    words = dataclasses.replace(word_list(slug="words"), card=card)
    board = build_leaderboard([words], [], [measured(model("Model 模型"), words)])
    said = cards._model_card(board, board.standings[0], "网站")
    assert (said.site, said.name, said.lines[0]) == ("", "model", "Semantic Affinity on words")
    assert cards._dataset_card(board, words, "网站").name == "words"
    assert drawn(said)


@pytest.mark.parametrize(
    "name",
    ["paraphrase-multilingual-mpnet-base-v2", "W" * 300, "a b " * 80, "one-two/three_four " * 20, "i", "", " "],
)
def test_a_long_name_is_broken_made_smaller_or_cut_but_never_runs_out(name: str) -> None:
    size, lines = cards._fitted(name, NAME_SIZES)
    assert size in NAME_SIZES
    assert len(lines) <= 2
    assert all(cards._font(size).getlength(line) <= TEXT_WIDTH + size for line in lines)
    whole = "".join(lines).replace(" ", "")
    assert whole == name.replace(" ", "") or (whole[-1] == "…" and name.replace(" ", "").startswith(whole[:-1]))
    assert drawn(Card("Ours", name, "0.5", (name,), None))


def test_every_card_has_an_address(files: Mapping[str, bytes]) -> None:
    assert links.card() in files
    assert links.card("model", "whole") in files


def test_a_site_without_results_has_cards(word_list: WordList) -> None:
    told = invented([word_list(slug="words")], [])
    assert set(made(told, "", "")) == {"cards/home.png", "cards/dataset-words.png"}

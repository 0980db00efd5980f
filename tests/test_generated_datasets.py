"""Datasets made from libraries' data: what the scripts make is what lies there, and it is right."""

from __future__ import annotations

import runpy
import shutil
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from generator.datasets import Dataset, load_dataset

DATASETS = Path(__file__).parent.parent / "datasets"
GENERATED = ("alphabets", "kangxi-radicals", "numbers", "world-places")


def cells(dataset: Dataset, tag: str) -> dict[str, str]:
    """The one rendering of each concept in a language, by id."""
    return {c.id: "|".join(c.renderings[tag]) for c in dataset.concepts if tag in c.renderings}


@pytest.fixture(params=GENERATED)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(DATASETS / request.param)


@pytest.mark.parametrize("slug", GENERATED)
def test_script_makes_the_file(slug: str, tmp_path: Path) -> None:
    script = shutil.copy(DATASETS / slug / "make.py", tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "data.csv").read_bytes() == (DATASETS / slug / "data.csv").read_bytes()


def test_files_are_plain(dataset: Dataset) -> None:
    text = (DATASETS / dataset.slug / "data.csv").read_bytes().decode()
    assert unicodedata.is_normalized("NFC", text)
    assert "\r" not in text
    assert text.endswith("\n")
    assert all(c.category for c in dataset.concepts)


def test_no_language_calls_two_concepts_the_same(dataset: Dataset) -> None:
    for tag in dataset.languages:
        repeated = {name: n for name, n in Counter(cells(dataset, tag).values()).items() if n > 1}
        assert repeated == {}, tag


def test_cards_name_who_made_them(dataset: Dataset) -> None:
    assert f"made by datasets/{dataset.slug}/make.py" in dataset.card.provenance
    assert dataset.card.licence
    assert dataset.card.weaknesses


def test_kangxi_radicals() -> None:
    dataset = load_dataset(DATASETS / "kangxi-radicals")
    assert not dataset.card.translated
    assert len(dataset.concepts) == 214
    assert all("CJK UNIFIED IDEOGRAPH" in unicodedata.name(text) for text in dataset.renderings["zh"])
    strokes = {c.renderings["zh"][0]: int(c.category.split()[0]) for c in dataset.concepts}
    # The first radical of 1, 2, 3 … 17 strokes, and the last.
    firsts, lasts = "一二口心玄竹見金面馬魚黃黽鼻齒龍龠", "亅又彳犬立襾里非香鬼麻黹鼠齊齒龜龠"
    assert [strokes[first] for first in firsts] == [strokes[last] for last in lasts] == list(range(1, 18))
    assert list(strokes.values()) == sorted(strokes.values())
    assert {c.renderings["zh"][0]: c.note for c in dataset.concepts}["水"] == "water"
    assert dataset.concepts[84].extra == {"codepoint": "U+2F54"}


def test_alphabets() -> None:
    dataset = load_dataset(DATASETS / "alphabets")
    assert not dataset.card.translated
    found = {tag: "".join(texts) for tag, texts in dataset.renderings.items()}
    assert found["und-Latn"] == "abcdefghijklmnopqrstuvwxyz"
    assert found["und-Grek"] == "αβγδεζηθικλμνξοπρστυφχψω"
    assert found["und-Cyrl"] == "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    assert found["und-Hebr"] == "אבגדהוזחטיכלמנסעפצקרשת"
    letters = {"und-Arab": 28, "und-Geor": 33, "und-Taml": 30, "und-Tibt": 30, "und-Hang": 40, "und-Hira": 46}
    assert {tag: len(found[tag]) for tag in letters} == letters
    assert found["und-Kana"].startswith("アイウエオカキクケコ")
    for concept in dataset.concepts:
        ((tag, (letter,)),) = concept.renderings.items()
        assert unicodedata.category(letter) in {"Ll", "Lo"}
        assert concept.id.startswith(tag.removeprefix("und-").lower() + "-")
    assert {c.id: c.renderings for c in dataset.concepts}["grek-alpha"] == {"und-Grek": ("α",)}


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("en", {0: "zero", 11: "eleven", 21: "twenty-one", 1000: "one thousand"}),
        ("zh", {0: "零", 10: "十", 21: "二十一", 100: "一百", 10_000: "一万"}),
        ("es", {1: "uno", 16: "dieciséis", 22: "veintidós", 500: "quinientos", 1_000_000_000: "mil millones"}),
        ("fr", {71: "soixante-et-onze", 80: "quatre-vingts", 81: "quatre-vingt-un", 200: "deux cents"}),
        ("de", {16: "sechzehn", 17: "siebzehn", 30: "dreißig", 42: "zweiundvierzig"}),
        ("ru", {11: "одиннадцать", 40: "сорок", 90: "девяносто", 2000: "две тысячи", 5000: "пять тысяч"}),
        ("ko", {0: "영", 11: "십일", 100: "백", 1000: "천", 10_000: "만"}),
        ("ar", {2: "اثنان", 11: "أحد عشر", 21: "واحد وعشرون", 200: "مئتان", 300: "ثلاثمائة"}),
        ("ja", {0: "零", 21: "二十一", 100: "百", 1000: "千", 10_000: "一万"}),
        ("sw", {8: "nane", 11: "kumi na moja", 21: "ishirini na moja", 100: "mia moja"}),
    ],
)
def test_numbers(tag: str, words: dict[int, str]) -> None:
    found = cells(load_dataset(DATASETS / "numbers"), tag)
    assert {value: found[f"n-{value}"] for value in words} == words


def test_numbers_are_divided_into_four_parts() -> None:
    dataset = load_dataset(DATASETS / "numbers")
    assert Counter(c.category for c in dataset.concepts) == {"units": 10, "teens": 10, "tens": 80, "round": 18}
    assert all(c.renderings["zxx"] == (c.extra["value"],) for c in dataset.concepts)
    chinese, japanese = cells(dataset, "zh"), cells(dataset, "ja")
    alike = sum(chinese[key] == japanese[key] for key in chinese)
    assert f"the same string in {alike} of {len(dataset.concepts)} rows" in dataset.card.weaknesses[0]


def test_world_places() -> None:
    dataset = load_dataset(DATASETS / "world-places")
    assert len(dataset.concepts) == 249
    assert all(len(c.renderings) == len(dataset.languages) >= 60 for c in dataset.concepts)
    named = {"el": "Γερμανία", "fi": "Saksa", "pl": "Niemcy", "sw": "Ujerumani", "zh": "德国", "id": "Jerman"}
    assert {tag: cells(dataset, tag)["place-de"] for tag in named} == named
    regions = {c.id.removeprefix("place-"): c.category for c in dataset.concepts}
    assert [regions[code] for code in ("eg", "jp", "fr", "br", "nz", "aq")] == [
        *("Africa", "Asia", "Europe", "Americas", "Oceania", "Antarctica"),
    ]


def test_card_tells_how_many_places_are_spelled_alike() -> None:
    dataset = load_dataset(DATASETS / "world-places")
    names = [cells(dataset, tag) for tag in dataset.languages]
    shares = [sum(a[key] == b[key] for key in a) / len(a) for a, b in combinations(names, 2)]
    told = dataset.card.weaknesses[0]
    assert f"Most: mk-sr {max(shares):.1%}, ru-kk" in told
    assert f"{sum(shares) / len(shares):.1%} on average over {len(shares):,} pairs" in told
    assert f"none at all in {shares.count(0):,} of them. Most: " in told
    module = runpy.run_path(str(DATASETS / "world-places" / "make.py"))
    assert module["identical"](module["rows"]()) == told

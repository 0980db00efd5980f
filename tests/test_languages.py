"""Headers read as languages, and languages described for pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.languages import RIGHT_TO_LEFT, Language, language, parse_language


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" sw ", "sw"),
        ("zh-hans", "zh-Hans"),
        ("zh_Hant_TW", "zh-Hant-TW"),
        ("de-ch", "de-CH"),
        ("cmn", "cmn"),
        ("egy", "egy"),
    ],
)
def test_bcp_47_tags_are_normalised(header: str, tag: str) -> None:
    assert parse_language(header) == tag


@pytest.mark.parametrize(("code", "tag"), [("swa", "sw"), ("zho", "zh"), ("hin", "hi"), ("ind", "id"), ("ell", "el")])
def test_iso_639_3_codes_give_the_shortest_tag(code: str, tag: str) -> None:
    assert parse_language(code) == tag


@pytest.mark.parametrize(
    ("name", "tag"),
    [("English", "en"), ("chinese", "zh"), ("SWAHILI", "sw"), ("Indonesian", "id"), ("Norwegian Bokmål", "nb")],
)
def test_english_names_are_read_in_any_case(name: str, tag: str) -> None:
    assert parse_language(name) == tag


@pytest.mark.parametrize(
    "header",
    ["", "   ", "note", "category", "concept", "klingonese", "xx", "12", "en,de", "Deutsch", "français", "单词"],
)
def test_what_names_no_language_is_refused_by_its_own_words(header: str) -> None:
    with pytest.raises(ValueError, match="no BCP-47 tag, ISO 639-3 code or English language name") as refused:
        parse_language(header)
    assert repr(header) in str(refused.value)


@pytest.mark.parametrize("header", ["\ud800", "\x00", "en\x00", "a\x00zh", "\x07", "中\x00."])
def test_control_characters_and_lone_surrogates_are_refused_like_any_other_word(header: str) -> None:
    with pytest.raises(ValueError, match="no BCP-47 tag"):
        parse_language(header)


@given(st.text(max_size=20))
def test_any_header_is_either_a_stable_tag_or_a_value_error(header: str) -> None:
    try:
        tag = parse_language(header)
    except ValueError as error:
        assert repr(header) in str(error)  # noqa: PT017 - either outcome is right, and each is checked
    else:
        assert parse_language(tag) == tag


def test_a_language_is_described_in_english_and_by_its_own_name() -> None:
    assert language("sw") == Language("sw", "Swahili", "Kiswahili", "Latn", "ltr")


@pytest.mark.parametrize(
    ("tag", "name", "script", "direction"),
    [
        ("und-Grek", "Greek script", "Grek", "ltr"),
        ("und-Hebr", "Hebrew script", "Hebr", "rtl"),
        ("zxx", "Digits and signs", "Zyyy", "ltr"),
    ],
)
def test_what_belongs_to_no_language_is_called_what_it_is(tag: str, name: str, script: str, direction: str) -> None:
    assert parse_language(tag) == tag
    assert language(tag) == Language(tag, name, name, script, direction)


@pytest.mark.parametrize(
    ("tag", "script", "direction"),
    [
        ("en", "Latn", "ltr"),
        ("zh", "Hans", "ltr"),
        ("zh-Hant", "Hant", "ltr"),
        ("hi", "Deva", "ltr"),
        ("ar", "Arab", "rtl"),
        ("he", "Hebr", "rtl"),
        ("dv", "Thaa", "rtl"),
        ("uz", "Latn", "ltr"),
        ("uz-Arab", "Arab", "rtl"),
    ],
)
def test_the_script_decides_the_direction(tag: str, script: str, direction: str) -> None:
    described = language(tag)
    assert (described.script, described.direction) == (script, direction)
    assert (script in RIGHT_TO_LEFT) == (direction == "rtl")

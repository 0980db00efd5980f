"""Runs of other scripts within English prose."""

from __future__ import annotations

import pytest
from site_fixtures import TEXTS, page_of

from generator.site.foreign import foreign


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("no other script: é, ﬁ, x̣́, 7 % ☀️", []),
        ("Arabic (أحد عشر, مئتان) and ألفًا.", [("und-Arab", "أحد عشر"), ("und-Arab", "مئتان"), ("und-Arab", "ألفًا")]),
        ("كَلِمَةٌ", [("und-Arab", "كَلِمَةٌ")]),
        ("Hebrew ך at the end עִבְרִית", [("und-Hebr", "ך"), ("und-Hebr", "עִבְרִית")]),
        ("水 and 雨", [("und-Hani", "水"), ("und-Hani", "雨")]),
        ("食べる", [("und-Hani", "食"), ("und-Hira", "べる")]),
        ("α, а and a", [("und-Grek", "α"), ("und-Cyrl", "а")]),
        ("चाँद क्ष", [("und-Deva", "चाँद क्ष")]),
        ("", []),
        ("́ a mark alone", []),
    ],
)
def test_each_run_of_another_script_is_marked(text: str, runs: list[tuple[str, str]]) -> None:
    found = page_of(foreign(text).encode())
    assert found.text == text
    assert [(span.attributes["lang"], span.text) for span in found.all("span")] == runs


@pytest.mark.parametrize(("text", "direction"), [("שלום", "rtl"), ("سلام", "rtl"), ("привет", "ltr"), ("你好", "ltr")])
def test_a_run_goes_in_the_direction_of_its_script(text: str, direction: str) -> None:
    assert page_of(foreign(f"say {text}!").encode()).one("span").attributes["dir"] == direction


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_stays_text(text: str) -> None:
    found = page_of(foreign(f"{text} كلمة {text}").encode())
    assert found.text == f"{text} كلمة {text}"
    assert {e.tag for e in found} <= {"", "span"}

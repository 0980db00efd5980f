"""Languages by tag: reading headers, and the name, script and direction to show words in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import langcodes

# Scripts written from right to left (Unicode, Script_Extensions of bidi class R and AL).
RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"})


UNNAMED = {"zxx": "Digits and signs"}


@dataclass(frozen=True)
class Language:
    """A language as pages show it."""

    tag: str
    name: str
    autonym: str
    script: str
    direction: Literal["ltr", "rtl"]


@lru_cache(maxsize=1024)
def language(tag: str) -> Language:
    """Describe a BCP-47 tag; names come from Unicode CLDR through langcodes."""
    parsed = langcodes.Language.get(tag)
    script = "Zyyy" if tag in UNNAMED else parsed.maximize().script or "Zyyy"
    # "und-Grek", letters of no language in particular, and "zxx", no language at all.
    named = f"{parsed.script_name()} script" if parsed.script and not parsed.language else UNNAMED.get(tag, "")
    return Language(
        tag=tag,
        name=named or parsed.display_name(),
        autonym=named or parsed.autonym(),
        script=script,
        direction="rtl" if script in RIGHT_TO_LEFT else "ltr",
    )


@lru_cache(maxsize=1024)
def parse_language(header: str) -> str:
    """The normalised BCP-47 tag that a column header or option names.

    Accepts BCP-47 tags (``zh-Hans``), ISO 639-3 codes (``swa``) and English language names (``Swahili``).

    Raises ValueError when ``header`` names no language.
    """
    name = header.strip()
    unknown = ValueError(f"{header!r} is no BCP-47 tag, ISO 639-3 code or English language name")
    if not name.isprintable():  # langcodes' name index fails on control characters
        raise unknown
    if langcodes.tag_is_valid(name):
        return langcodes.standardize_tag(name)
    try:
        found = langcodes.find(name, language="en")
    except (LookupError, UnicodeError):
        raise unknown from None
    # find() also knows every language's name in every other language: too generous for a header.
    if found.display_name("en").casefold() != name.casefold():
        raise unknown
    return langcodes.standardize_tag(str(found))

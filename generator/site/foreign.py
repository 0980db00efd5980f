"""English prose that quotes other scripts: each run of them says what it is, to fonts, voices and line breaks."""

from __future__ import annotations

from itertools import groupby

from fontTools import unicodedata
from markupsafe import Markup, escape

INHERITED = "Zinh"
"""The script of marks that belong to the letter before them (ISO 15924)."""
PLAIN = frozenset({"Latn", "Zyyy", "Zzzz"})
"""Latin letters, and what is of no script of its own."""


def foreign(text: str) -> Markup:
    """A text as markup, with each run of a script other than Latin in an element with that script and its direction.

    The tag names the script alone, since a text does not say which language it quotes.

    >>> print(foreign("Persian پ & Russian ё"))
    Persian <span lang="und-Arab" dir="rtl">پ</span> &amp; Russian <span lang="und-Cyrl" dir="ltr">ё</span>
    """
    return Markup("").join(_marked(script, run) for script, run in _runs(text))


def _runs(text: str) -> list[tuple[str, str]]:
    """The text cut where its script changes, each piece after its script; a script goes on over spaces."""
    runs: list[tuple[str, str]] = []
    for script, characters in groupby(text, _script):
        run = "".join(characters)
        if script and len(runs) > 1 and runs[-2][0] == script and runs[-1][1].isspace():
            run = runs.pop()[1] + run
        if runs and script in {INHERITED, runs[-1][0]}:
            begun, before = runs.pop()
            runs.append((begun, before + run))
        else:
            runs.append((script, run))
    return runs


def _script(character: str) -> str:
    script: str = unicodedata.script(character)
    return "" if script in PLAIN else script


def _marked(script: str, run: str) -> Markup:
    if script in {"", INHERITED}:
        return escape(run)
    direction = unicodedata.script_horizontal_direction(script).lower()
    return Markup('<span lang="und-{}" dir="{}">{}</span>').format(script, direction, run)

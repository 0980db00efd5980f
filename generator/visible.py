"""Characters that cannot be seen, or that turn the text about them round, made visible wherever text is shown.

Data files keep every text as it is; pages, messages and terminals show such a character as its marked code point.
"""

from __future__ import annotations

import json
import re

JOINED = "\xa9\xae\u0300-\u200a\u2010-\u2027\u2030-\u205f\u2070-\ufdff\ufe0f-\U000dffff"
"""What an invisible joiner or a variation selector may follow: letters beyond Latin, marks, signs and emoji."""
TURNED = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
"""Letters of scripts that are written from right to left."""
SPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Letters of scripts without spaces, whose words a space of no width parts."""

SUSPECT = re.compile(
    # Control characters, among them those that command a terminal; halves of surrogate pairs.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    # Soft hyphens, joiners of graphemes and words, fillers, invisible operators, annotations, musical control signs.
    "\xad\u034f\u17b4\u17b5\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U0001d173-\U0001d17a"
    # Embeddings, overrides and isolates, which show a text in another order than it is written in.
    "\u202a-\u202e\u2066-\u2069"
    # Joiners and spaces of no width, direction marks, variation selectors.
    "\u061c\u200b-\u200f\ufe00-\ufe0f"
    # Tags, which spell whole texts unseen, and further variation selectors.
    "\U000e0000-\U000e0fff]"
)
NEEDED = re.compile(
    # The flag of a region, such as Scotland's, is spelt in tags.
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    f"|(?<=[{JOINED}])[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]|\ufe0f(?=\u20e3)"
    f"|(?<=[{TURNED}])[\u061c\u200e\u200f]|[\u061c\u200e\u200f](?=[{TURNED}])"
    f"|(?<=[{SPACED}])\u200b"
)
"""What is suspect elsewhere and of use where it stands."""
EITHER = re.compile(f"({NEEDED.pattern})|{SUSPECT.pattern}")
PLAIN = bytes([*range(0x20, 0x7F), *b"\t\n"])
NOT_PLAIN = re.compile("[^\t\n -~]+")
ESCAPED = re.compile(r"\\(?:u00..|.)")
CONTROLS = {json.dumps(chr(code))[1:-1]: f"‹U+{code:04X}›" for code in range(0x20) if chr(code) not in "\t\n"}
"""What JSON escapes that a text may hide, as its escape and as it is shown."""


def visible(text: str) -> str:
    """The text with each hidden character as its code point, between marks that ordinary text does not have.

    What writing systems need stays as it is: joiners within Arabic, Indic and emoji, direction marks beside letters
    that run from right to left, variation selectors after what they vary.

    >>> visible("annexe\\u202egpj.exe"), visible("می\\u200cخواهم")
    ('annexe‹U+202E›gpj.exe', 'می\\u200cخواهم')
    """
    # Whole pages come by here, so what is plain ASCII is set aside first.
    rest = text.encode("utf-8", "surrogatepass").translate(None, PLAIN).decode("utf-8", "surrogatepass")
    return NOT_PLAIN.sub(_marked, text) if SUSPECT.search(rest) else text


def hides(text: str) -> bool:
    """Whether a text holds a character that `visible` marks."""
    return visible(text) != text


def _marked(run: re.Match[str]) -> str:
    """A run of characters none of which is plain ASCII; what stands before and after it makes no difference."""
    return EITHER.sub(lambda match: match[1] or f"‹U+{ord(match[0]):04X}›", run[0])


def escaped(document: str) -> str:
    """A JSON document with its hidden characters escaped: it says the same, and a terminal obeys nothing in it.

    >>> escaped('"a\\x9b31m"')
    '"a\\\\u009b31m"'
    """
    return SUSPECT.sub(lambda match: json.dumps(match[0])[1:-1], document)


def visible_json(value: object) -> str:
    """A value as compact JSON in which every text is `visible`.

    >>> visible_json(["\\x1b[31m", "back\\\\slash", "end\\r"])
    '["‹U+001B›[31m","back\\\\\\\\slash","end‹U+000D›"]'
    """
    document = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return visible(ESCAPED.sub(lambda match: CONTROLS.get(match[0], match[0]), document))

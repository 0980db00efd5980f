"""Names as they appear in file names and addresses."""

from __future__ import annotations

import re
import unicodedata

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Device names that some file systems refuse whatever their extension.
RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}


def slugify(name: str) -> str:
    """``name`` as a file name and address part: lower-case ASCII letters, digits and single hyphens.

    >>> slugify("Qwen/Qwen3-Embedding-0.6B")
    'qwen-qwen3-embedding-0-6b'

    Raises ValueError when nothing of the name is left.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:100].rstrip("-")
    if not slug:
        raise ValueError(f"{name!r} holds no letter or digit that an address can hold")
    return f"{slug}-x" if slug in RESERVED else slug


def is_slug(text: str) -> bool:
    """Whether ``text`` is what `slugify` makes of something, so that it can stand in paths and addresses.

    >>> is_slug("labse"), is_slug("../labse"), is_slug("nul")
    (True, False, False)
    """
    return bool(SLUG.fullmatch(text)) and slugify(text) == text

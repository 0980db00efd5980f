"""Keeping keys, tokens and passwords out of what is said and stored."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

HIDDEN = "[…]"
LEAST_PART = 8
"""As many characters of a secret in a row are not shown; with fewer, words that mean nothing would go too."""
LEAST_PASSWORD = 4
"""A password of fewer characters than this would hide ordinary words."""

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
PATH_NAME = re.compile(r"(PATH|FILE|DIR)$", re.IGNORECASE)
CREDENTIALS = [re.compile(rf"://(?P<user>[^/\s:@]*):(?P<password>{sign}+)@") for sign in (r"[^/\s@]", r"[^/\s]")]
"""A password ends at the first @, or, where it holds one itself, at the last."""
WORD = re.compile(r"\S+")


def without_secrets(text: str) -> str:
    """The text without the words that repeat a part of a secret that the environment holds.

    A secret is the value of a variable that is named after a key, token, secret, password or credential, the password
    in any address, such as a proxy's, and the token that the hub's own command keeps in a file.
    """
    return without(text, tuple(sorted({*_secrets(os.environ.items()), *_token_in(_token_file())})), LEAST_PART)


def without(text: str, secrets: tuple[str, ...], part: int) -> str:
    """The text with ``[…]`` for each word that holds ``part`` characters in a row of a secret, or a shorter one whole.

    Servers echo keys whole, cut or masked, so that looking for the whole of one is not enough.
    """
    for each in secrets:
        if " " in each:  # words are looked at one by one
            text = text.replace(each, HIDDEN)
    parts = _parts(secrets, part)
    return WORD.sub(lambda word: HIDDEN if any(each in word[0] for each in parts) else word[0], text) if parts else text


class Discreet:
    """A text stream that writes without the environment's secrets and is otherwise the stream that it wraps.

    Logs of other libraries and tracebacks end on stderr without asking anyone; there is no other place to catch them.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(without_secrets(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@lru_cache(maxsize=8)
def _parts(secrets: tuple[str, ...], part: int) -> frozenset[str]:
    return frozenset(each[i : i + part] for each in secrets for i in range(max(len(each) - part, 0) + 1)) - {""}


def _secrets(variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in variables:
        if SECRET_NAME.search(name) and len(value) >= LEAST_PART and not _is_path(name, value):
            yield value
        for login in chain.from_iterable(pattern.finditer(value) for pattern in CREDENTIALS):
            user, password = (unquote(login[group]) for group in ("user", "password"))
            basic = base64.b64encode(f"{user}:{password}".encode()).decode()
            yield from (each for each in (login["password"], password, basic) if len(each) >= LEAST_PASSWORD)


def _is_path(name: str, value: str) -> bool:
    """Whether a variable, such as HF_TOKEN_PATH, says where a secret lies: paths are good to see in a message."""
    if not value.startswith(("/", "~", ".")):
        return False
    # Unlike those of Path, these raise nothing for a home of nobody or a name too long.
    return bool(PATH_NAME.search(name)) or os.path.exists(os.path.expanduser(value))  # noqa: PTH110, PTH111


def _token_file() -> str:
    """Where the hub's own command keeps the token of who logged in."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or str(Path(caches, "huggingface"))
    return os.path.expandvars(os.environ.get("HF_TOKEN_PATH") or str(Path(home, "token")))


@lru_cache(maxsize=8)
def _token_in(file: str) -> tuple[str, ...]:
    try:
        token = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError, RuntimeError):  # the last for the home of nobody
        return ()
    return (token,) if len(token) >= LEAST_PART else ()

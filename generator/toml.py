"""TOML files read into frozen dataclasses; every fault in them is named with its key and a remedy."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from generator.errors import Fault, InputError, did_you_mean

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The plain content of a TOML file. Raises InputError when it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError([Fault(str(path), f"cannot be read ({error.strerror})", "Check the path")]) from None
    except (ValueError, RecursionError) as error:
        raise InputError([Fault(str(path), f"not TOML ({error})", "See https://toml.io")]) from None


def validated(kind: type[T], content: object, file: str) -> T:
    """``content`` as a ``kind`` (a dataclass), checked field by field.

    Raises InputError that names every unknown key (with the nearest valid one) and every wrong value.
    """
    try:
        checked: T = _adapter(kind).validate_python(content)  # type: ignore[arg-type]  # mypy: a class has a hash
        return checked
    except ValidationError as error:
        raise InputError([_fault(file, detail, kind) for detail in error.errors()]) from None


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _schema(kind: type[Any]) -> dict[str, Any]:
    return _adapter(kind).json_schema()  # type: ignore[arg-type]


def _fault(file: str, detail: ErrorDetails, kind: type[Any]) -> Fault:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "unexpected_keyword_argument":
        *place, key = detail["loc"]
        return Fault(file, f"unknown key {where!r}", did_you_mean(str(key), _keys(kind, place)))
    if detail["type"] == "missing":
        return Fault(file, f"the key {where!r} is missing", "Add it")
    # A check of our own says what is wrong by itself; what it refuses may be a secret.
    found = "" if detail["type"] == "value_error" else f", found {reprlib.repr(detail['input'])}"
    return Fault(file, f"{where}: {detail['msg'].lower()}{found}", "Correct the value")


def _keys(kind: type[Any], place: Iterable[str | int]) -> set[str]:
    """The names that may stand at ``place`` (keys and list indices) inside a dataclass."""
    schema = _schema(kind)  # type: ignore[arg-type]
    node = schema
    for step in place:
        node = _resolved(node["items"] if isinstance(step, int) else node["properties"][step], schema)
    return set(node.get("properties", {}))


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema's part with its reference followed; of an optional part, what it is when present."""
    target = next((choice for choice in node.get("anyOf", ()) if "$ref" in choice), node)
    return dict(schema["$defs"][target["$ref"].rpartition("/")[2]]) if "$ref" in target else node

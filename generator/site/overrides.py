"""A benchmark's own templates, styles, logo and colours, put before or beside those that are shipped."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
)

from generator.config import Benchmark
from generator.errors import Fault, InputError, reason_of
from generator.resources import shipped
from generator.site.pieces import Digested, fingerprint

EXTRA_STYLE, COLOURS = "extra.css", "colours.css"
COLOUR_SHEET = """\
:root {{
  --accent: var(--usual, light-dark({light}, {dark})) var(--more, var(--ink));
  --accent-soft: color-mix(in srgb, var(--accent) 12%, var(--paper));
}}
"""
"""What of the tokens an own accent replaces; in high contrast it gives way to the ink."""
SHIPPED = "isogloss"
"""What an own template calls the shipped ones: ``{% extends "isogloss/model.html" %}``."""


def template_loader(own: Path | None) -> BaseLoader:
    """Finds a template in the benchmark's own folder, else among the shipped ones.

    A page that is shipped and extends ``base.html`` thus stands on the benchmark's own ``base.html`` if it has one.
    """
    base = FileSystemLoader(shipped("templates"))
    mine = [FileSystemLoader(own)] if own else []
    return ChoiceLoader([*mine, base, PrefixLoader({SHIPPED: base})])


@dataclass(frozen=True)
class Template(Digested):
    """A template by its name, found in the benchmark's own folder or among the shipped ones."""

    own: Path | None
    name: str

    @cached_property
    def digest(self) -> str:
        """Of its text, and of those of all templates that it extends, includes or imports."""
        loader = template_loader(self.own)
        environment = Environment(loader=loader)  # noqa: S701 - which shows nothing
        texts: dict[str, str] = {}
        waiting = [self.name]
        while waiting:
            name = waiting.pop()
            if name not in texts:
                try:
                    texts[name], _, _ = loader.get_source(environment, name)
                except TemplateNotFound:
                    texts[name] = ""  # whoever lays a page out with it will say so
                except UnicodeDecodeError as error:
                    raise InputError(
                        [Fault(f"{self.own}/{name}", f"not UTF-8 ({error.reason})", "Save it as UTF-8")]
                    ) from None
                named = _referenced(texts[name])
                waiting += loader.list_templates() if None in named else filter(None, named)
        return fingerprint([self.own is None, texts])


@lru_cache(maxsize=128)
def _referenced(text: str) -> tuple[str | None, ...]:
    """The templates that a template's text names; None among them for one that is named at run time."""
    try:
        return tuple(meta.find_referenced_templates(Environment().parse(text)))  # noqa: S701 - as above
    except TemplateSyntaxError:
        return ()  # as above


@contextmanager
def faults_named(own: Path | None) -> Iterator[None]:
    """Turn whatever goes wrong in an own template into an InputError with its file and line."""
    try:
        yield
    except TemplateSyntaxError as error:
        if not own or not error.filename:
            raise
        raise _refused(error.filename, error.lineno, error.message or "") from None
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if own and Path(f.filename).is_relative_to(own)]
        if not frames:
            raise
        raise _refused(frames[-1].filename, frames[-1].lineno, reason_of(error)) from None


def _refused(file: str, line: int | None, reason: str) -> InputError:
    return InputError([Fault(file, f"line {line}: {reason.rstrip('.')}", "Compare it with the shipped template")])


def own_assets(benchmark: Benchmark) -> dict[str, bytes]:
    """By plain name: the benchmark's logo, its colours and its extra style sheet, as far as it has them."""
    found = {}
    if accent := benchmark.site.colours.accent:
        found[COLOURS] = COLOUR_SHEET.format(light=accent.light, dark=accent.dark).encode()
    extra = benchmark.templates / "static" / EXTRA_STYLE if benchmark.templates else None
    if extra and extra.is_file():
        found[EXTRA_STYLE] = extra.read_bytes()
    if benchmark.site.logo:
        found[logo_name(benchmark)] = (benchmark.folder / benchmark.site.logo).read_bytes()
    return found


def logo_name(benchmark: Benchmark) -> str:
    """The plain name of the logo among the assets; empty when there is none."""
    return f"logo{Path(benchmark.site.logo).suffix.lower()}" if benchmark.site.logo else ""

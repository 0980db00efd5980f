"""From pages to HTML: the templates, and what every one of them may show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from generator.config import Benchmark
from generator.measures.catalogue import AFFINITY, CATALOGUE
from generator.shown import decimal, file_size, percent, short_count, signed
from generator.site import links
from generator.site.foreign import foreign
from generator.site.formulas import formula
from generator.site.marks import shape_path
from generator.site.metadata import Head
from generator.site.overrides import (
    COLOURS,
    EXTRA_STYLE,
    Template,
    faults_named,
    logo_name,
    own_assets,
    template_loader,
)
from generator.site.pages import LatePage, Link, Page
from generator.site.pieces import Piece
from generator.visible import visible

CURRENT_SITE = "../../"
"""From the root of a frozen copy."""
NAVIGATION = (
    Link("Leaderboard", links.HOME),
    Link("Compare", links.COMPARE),
    Link("Concepts", links.CONCEPTS),
    Link("Domains", links.DOMAINS),
    Link("Claims", links.CLAIMS),
    Link("Beyond SA", links.COMPANIONS),
    Link("Methods", links.METHODS),
    Link("Downloads", links.DOWNLOADS),
)


@dataclass(frozen=True)
class SiteContext:
    """What every template may show besides its page."""

    title: str
    version: str
    navigation: tuple[Link, ...]
    text: tuple[str, ...]
    """The paragraphs of the benchmark's own introduction."""
    footer: str
    logo: str
    """Its name among the assets; empty where the title stands by itself."""
    styles: tuple[str, ...]
    """The names of the benchmark's own style sheets among the assets."""
    frozen: str
    """The day of the release that this is a copy of; empty on the current site."""
    current: str
    """Where the current site is, from the root of this one."""
    confidence: str
    """Of all intervals, such as 95 %."""


def site_context(benchmark: Benchmark, version: str, release: str = "") -> SiteContext:
    """What the benchmark's config says of every page.

    Args:
        benchmark: what was configured.
        version: of Isogloss.
        release: the day of the release that the pages are of; empty for the current site.
    """
    entry = benchmark.site
    return SiteContext(
        entry.title,
        version,
        NAVIGATION,
        tuple(filter(None, (paragraph.strip() for paragraph in entry.text.split("\n\n")))),
        entry.footer,
        logo_name(benchmark),
        tuple(name for name in (COLOURS, EXTRA_STYLE) if name in own_assets(benchmark)),
        release,
        CURRENT_SITE if release else "",
        f"{100 * benchmark.parameters.confidence:g} %",
    )


def lay_out(
    told: Iterable[Page | LatePage],
    site: SiteContext,
    head: Callable[[str], Head],
    assets: Mapping[str, str],
    own: Path | None = None,
) -> list[Piece]:
    """The HTML of pages.

    Args:
        told: the pages.
        site: what each may show besides.
        head: by the path of a page, what its head says.
        assets: by plain name, the path of a shared file.
        own: the benchmark's own templates.

    Making a piece raises InputError when one of those is faulty.
    """
    _environment.cache_clear()  # the templates may be others by now
    template = cache(partial(Template, own))
    return [Piece(page.path, _html, (template(page.template), page, head(page.path), site, assets)) for page in told]


def _html(template: Template, page: Page | LatePage, head: Head, site: SiteContext, assets: Mapping[str, str]) -> bytes:
    link = partial(links.relative, page=page.path)
    with faults_named(template.own):
        text = (
            _environment(template.own)
            .get_template(template.name)
            .render(
                page=page.fill(*page.given) if isinstance(page, LatePage) else page,
                site=site,
                head=head,
                link=link,
                asset=lambda name: link(assets[name]),
            )
        )
    return visible(text).encode()


@lru_cache(maxsize=1)
def _environment(own: Path | None = None) -> Environment:
    # A benchmark may be somebody else's: what its own templates may do ends with their pages.
    environment = (SandboxedEnvironment if own else Environment)(
        loader=template_loader(own),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    shown = (decimal, file_size, foreign, percent, short_count, signed, visible)
    environment.filters |= {each.__name__: each for each in shown}
    environment.globals |= {
        "formula": formula,
        "shape_path": shape_path,
        "catalogue": CATALOGUE,
        "affinity_measures": AFFINITY,
    }
    return environment

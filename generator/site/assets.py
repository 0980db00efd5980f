"""The site's shared files: styles, scripts and BokehJS, under names that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

BOKEH = "bokeh.min.js"
STYLE = "style.css"
FIRST, LAST = ("tokens.css", "base.css", "parts.css"), "media.css"
"""Of the style sheets: what the others build on, and what has the last word."""


def load_assets(templates: Path, more: Mapping[str, bytes] | None = None) -> Mapping[str, tuple[str, bytes]]:
    """By plain name: the path within the site and the content. All style sheets are one file.

    Args:
        templates: the shipped templates.
        more: further assets by plain name.

    Raises FileNotFoundError that names every missing file.
    """
    import bokeh

    static = templates / "static"
    scripts = {path.name: path for path in sorted(static.glob("*.js"))}
    # The core bundle is all that scatter plots, hover and tap need.
    scripts[BOKEH] = Path(bokeh.__file__).parent / "server" / "static" / "js" / BOKEH
    styles = [static / "css" / name for name in FIRST]
    own = {path.name for path in (static / "css").glob("*.css")} - {*FIRST, LAST}
    styles += [static / "css" / name for name in (*sorted(own), LAST)]
    missing = [str(path) for path in (*scripts.values(), *styles) if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"missing assets: {', '.join(missing)}; reinstall isogloss")
    contents = {name: path.read_bytes() for name, path in scripts.items()}
    contents[STYLE] = b"\n".join(path.read_bytes() for path in styles)
    return {name: _named(name, content) for name, content in (contents | dict(more or {})).items()}


def _named(name: str, content: bytes) -> tuple[str, bytes]:
    stem, _, ending = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}", content

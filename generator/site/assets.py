"""The site's shared files: styles, scripts and BokehJS, under names that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

STATIC = ("style.css", "theme.js", "tables.js", "map.js", "compare.js")
BOKEH = "bokeh.min.js"


def load_assets(templates: Path) -> Mapping[str, tuple[str, bytes]]:
    """By plain name: the path within the site and the content.

    Raises FileNotFoundError that names every missing file.
    """
    import bokeh

    sources = {name: templates / "static" / name for name in STATIC}
    # The core bundle is all that scatter plots, hover and tap need.
    sources[BOKEH] = Path(bokeh.__file__).parent / "server" / "static" / "js" / BOKEH
    missing = [str(path) for path in sources.values() if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"missing assets: {', '.join(missing)}; reinstall isogloss")
    return {name: _named(name, path.read_bytes()) for name, path in sources.items()}


def _named(name: str, content: bytes) -> tuple[str, bytes]:
    stem, _, ending = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}", content

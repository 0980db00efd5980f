"""Where the files shipped beside the code are: in a clone, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The path of a shipped file or folder (``templates``, ``models.toml``).

    Raises FileNotFoundError when neither the package nor a clone around it holds ``name``.
    """
    for place in (PACKAGE / "shipped", PACKAGE.parent):
        if (place / name).exists():
            return place / name
    raise FileNotFoundError(f"{name} is missing beside {PACKAGE}; reinstall isogloss")

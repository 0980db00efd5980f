"""``isogloss add``: new entries for a benchmark's own ``models.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomli_w

from generator.errors import Fault, InputError
from generator.files import write_atomically
from generator.lock import locked
from generator.models.mteb_registry import entry
from generator.models.registry import load_registry
from generator.slugs import slugify


def add_model(name: str, folder: Path) -> tuple[Path, str]:
    """Append the mteb registry's metadata of ``ORG/NAME`` to ``models.toml`` in ``folder``.

    Returns the file and the text that was added. Raises ModelUnavailableError for a model that the mteb registry
    does not have, InputError for one that is known here already.
    """
    path = folder / "models.toml"
    with locked(path):
        added = entry(name)
        known = {model.slug: model for model in load_registry(folder).models.values()}
        if taken := known.get(slugify(added["name"])):
            problem = f"{taken.name!r} is there already, as {taken.source}"
            raise InputError([Fault(str(path), problem, f"Use it as it is: --model {taken.name!r}")])
        text = tomli_w.dumps({"models": [added]})
        before = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if path.is_file() else ""
        try:
            tomllib.loads(before + text)
        except tomllib.TOMLDecodeError as error:
            remedy = "Write its models as [[models]] tables"
            raise InputError([Fault(str(path), f"nothing can be added at its end ({error})", remedy)]) from None
        write_atomically(path, (before + text).encode())
    return path, text

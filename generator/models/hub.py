"""Pinning models of the Hugging Face hub to a commit."""

from __future__ import annotations

import re
from pathlib import Path

from generator.errors import ModelUnavailableError

COMMIT = re.compile(r"[0-9a-f]{40}")


def commit(repository: str, revision: str = "") -> str:
    """The commit that ``revision`` (a branch, tag or commit; "main" when empty) of a repository stands at.

    Asks the hub, or the local download cache when the hub cannot be reached.
    Raises ModelUnavailableError when neither knows.
    """
    if COMMIT.fullmatch(revision):
        return revision
    return _asked(repository, revision or "main")


def _asked(repository: str, revision: str) -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if sha := HfApi().model_info(repository, revision=revision, timeout=10).sha:
            return sha
        reason = "the hub names no commit"
    except Exception as error:  # the hub client raises a dozen kinds, from offline mode to a gated repository
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    for name in ("modules.json", "config.json"):
        try:
            cached = try_to_load_from_cache(repository, name, revision=revision)
        except ValueError:  # no name that a repository can have; the reason says so already
            break
        if isinstance(cached, str):
            return Path(cached).parent.name
    raise ModelUnavailableError(
        f"{repository} at {revision} is neither on a hub that can be reached nor downloaded ({reason}). "
        "Check the name and the network, or name a local folder"
    )

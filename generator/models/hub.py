"""Pinning models of the Hugging Face hub to a commit."""

from __future__ import annotations

import re
from pathlib import Path

from generator.errors import ModelUnavailableError, reason_of
from generator.redaction import without

TIMEOUT = 10.0
"""Seconds to wait for the hub's answer."""
PART_OF_TOKEN = 4
"""As many of its characters in a row are not shown."""
COMMIT = re.compile(r"[0-9a-f]{40}")


def commit(repository: str, revision: str = "") -> str:
    """The commit that ``revision`` (a branch, tag or commit; "main" when empty) of a repository stands at.

    Asks the hub, or the local download cache when the hub cannot be reached.
    Raises ModelUnavailableError when neither knows.
    """
    if COMMIT.fullmatch(revision):
        return revision
    return _asked(repository, revision or "main")


def is_downloaded(repository: str, revision: str) -> bool:
    """Whether the local download cache has begun to hold a repository at a commit."""
    return _downloaded(repository, revision) is not None


def require(repository: str, revision: str) -> None:
    """Make sure that a repository can be downloaded here and now, before a loader tries for a minute.

    Raises ModelUnavailableError with the reason and the remedy.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError

    try:
        HfApi().model_info(repository, revision=revision, timeout=TIMEOUT)
    except GatedRepoError:
        raise ModelUnavailableError(
            f"{repository} is gated. Accept its terms at https://huggingface.co/{repository}, and set HF_TOKEN"
        ) from None
    except Exception as error:  # the hub client raises a dozen kinds, from offline mode to a missing repository
        raise _unavailable(repository, revision, error) from None


def _asked(repository: str, revision: str) -> str:
    from huggingface_hub import HfApi

    try:
        if sha := HfApi().model_info(repository, revision=revision, timeout=TIMEOUT).sha:
            return sha
        raise ValueError("the hub names no commit")
    except Exception as error:  # as above
        if cached := _downloaded(repository, revision):
            return cached.parent.name
        raise _unavailable(repository, revision, error) from None


def _downloaded(repository: str, revision: str) -> Path | None:
    """A file of a downloaded repository, None when there is none."""
    from huggingface_hub import try_to_load_from_cache

    for name in ("modules.json", "config.json"):
        try:
            cached = try_to_load_from_cache(repository, name, revision=revision)
        except ValueError:  # no name that a repository can have
            return None
        if isinstance(cached, str):
            return Path(cached)
    return None


def _unavailable(repository: str, revision: str, error: Exception) -> ModelUnavailableError:
    from huggingface_hub import get_token

    # A token may lie in a file, and a server may repeat what it was sent.
    reason = without(reason_of(error), (get_token() or "",), PART_OF_TOKEN)
    return ModelUnavailableError(
        f"{repository} at {revision} is neither on a hub that can be reached nor downloaded ({reason}). "
        "Check the name and the network, or name a local folder"
    )

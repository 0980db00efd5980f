"""Models that sentence-transformers loads: from the hub, from a folder, from a package."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from generator.errors import ModelUnavailableError, reason_of
from generator.models.encoder import BATCH_SIZE, Settings, Vectors
from generator.models.registry import Model

WORKING_SHARE = 1.2
"""What a model takes to run, as a multiple of its weights."""


class TransformerEncoder:
    """A sentence-transformers model. Raises ModelUnavailableError when it cannot be loaded."""

    texts_at_once = BATCH_SIZE

    def __init__(self, model: Model, name_or_path: str, revision: str = "", *, downloaded: bool = False) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model = SentenceTransformer(
                name_or_path,
                revision=revision or None,
                device=model.device or None,
                trust_remote_code=model.trust_remote_code,
                local_files_only=downloaded,
                model_kwargs={"dtype": model.dtype, **model.options},
            )
        except Exception as error:  # whatever a foreign model's files make its loader raise
            raise ModelUnavailableError(f"{model.name} cannot be loaded: {reason_of(error)}") from error
        if model.max_length:
            self._model.max_seq_length = model.max_length
        self._prompt = model.prompt or None
        self._normalise = model.normalise

    @property
    def settings(self) -> Settings:
        default = self._model.prompts.get(self._model.default_prompt_name or "", "")
        return {
            "device": self._model.device.type,
            "batch_size": BATCH_SIZE,
            "prompt": self._prompt or default,
            "normalised": self._normalise,
            "max_length": self._model.max_seq_length,
        }

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = self._model.encode(
            list(texts),
            batch_size=BATCH_SIZE,
            prompt=self._prompt,
            normalize_embeddings=self._normalise,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)


def untrusted(model: Model) -> ModelUnavailableError:
    """The error of a model that runs code of its own without leave."""
    return ModelUnavailableError(
        f"{model.name} runs code from its own repository. If you trust it, add --allow-remote-code"
    )


def refuse_too_large(model: Model) -> None:
    """Raises ModelUnavailableError for a model that does not fit into the free memory.

    Loading it would end the whole run, not just its own pairs.
    """
    import psutil

    if model.weight_bytes is None or model.device not in {"", "cpu"}:
        return
    needed = WORKING_SHARE * model.weight_bytes
    if needed > psutil.virtual_memory().available and not _has_accelerator():
        # How much is free changes from run to run, and a failure that says nothing new keeps its first day.
        raise ModelUnavailableError(
            f"{model.name} needs about {needed / 1e9:.0f} GB of memory, more than is free here. "
            'Measure it on a larger machine, or give its entry dtype = "bfloat16" or a device'
        )


def _has_accelerator() -> bool:
    import torch

    return torch.cuda.is_available() or torch.backends.mps.is_available()

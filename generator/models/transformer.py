"""Models that sentence-transformers loads: from the hub, from a folder, from a package."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from generator.errors import ModelUnavailableError
from generator.models.encoder import BATCH_SIZE, Settings, Vectors
from generator.models.registry import Model

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
WORKING_SHARE = 1.2
"""What a model takes to run, as a multiple of its weights."""


class TransformerEncoder:
    """A sentence-transformers model. Raises ModelUnavailableError when it cannot be loaded."""

    texts_at_once = BATCH_SIZE

    def __init__(self, model: Model, name_or_path: str, revision: str = "") -> None:
        _refuse_too_large(model)
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
                model_kwargs={"dtype": model.dtype, **model.options},
            )
        except Exception as error:  # whatever a foreign model's files make its loader raise
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelUnavailableError(f"{model.name} cannot be loaded: {reason}") from error
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


def _refuse_too_large(model: Model) -> None:
    """A model that does not fit into memory would end the whole run, not just its own pairs."""
    import psutil

    if not model.parameters or model.device not in {"", "cpu"}:
        return
    needed = WORKING_SHARE * model.parameters * BYTES[model.dtype]
    free = psutil.virtual_memory().available
    if needed > free and not _has_accelerator():
        raise ModelUnavailableError(
            f"{model.name} needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. "
            'Measure it on a larger machine, or give its entry dtype = "bfloat16" or a device'
        )


def _has_accelerator() -> bool:
    import torch

    return torch.cuda.is_available() or torch.backends.mps.is_available()

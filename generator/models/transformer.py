"""Models that sentence-transformers loads: from the hub, from a folder, from a package."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import LayersUnavailableError, ModelUnavailableError, reason_of
from generator.models.encoder import BATCH_SIZE, Settings, Vectors
from generator.models.registry import Model
from generator.progress import say

if TYPE_CHECKING:
    import torch

WORKING_SHARE = 1.2
"""What a model takes to run, as a multiple of its weights."""

IN_MEMORY = 1 << 30
"""Layers of more bytes than this are kept in a file."""

LAYERS = "layer_means"

REMOTE_CODE: Settings = {"remote_code": True}
"""What the settings of a model say that ran code of its own; others do not speak of it."""


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
            raise ModelUnavailableError(f"{model.name} cannot be loaded: {_reason(error)}") from error
        if model.max_length:
            self._model.max_seq_length = model.max_length
        self._name = model.name
        self._prompt = model.prompt or None
        self._normalise = model.normalise
        self._remote_code = REMOTE_CODE if model.trust_remote_code else {}

    @property
    def settings(self) -> Settings:
        default = self._model.prompts.get(self._model.default_prompt_name or "", "")
        return {
            "device": self._model.device.type,
            "batch_size": BATCH_SIZE,
            "prompt": self._prompt or default,
            "normalised": self._normalise,
            # A table of token vectors reads texts of any length, and JSON knows no infinity.
            "max_length": limit if (limit := self._model.max_seq_length) != inf else None,
            **self._remote_code,
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

    @property
    def pooling(self) -> str:
        """How the model itself makes one vector of a text's tokens, such as "mean" or "cls"; empty if not known."""
        found = (getattr(module, "pooling_mode", None) for module in self._model)
        modes: Any = next((mode for mode in found if mode), "")
        return modes if isinstance(modes, str) else " and ".join(modes)

    def layer_vectors(self, texts: Sequence[str]) -> Vectors:
        """What every layer makes of the texts, in one forward pass: the mean of a text's token vectors.

        Prompt and length limit are those of `encode`; the prompt's tokens count. Layer 0 is the output of the
        embedding layer, the last layer what the model's own pooling gets to see, before any projection.

        Args:
            texts: one or more.

        Returns:
            (n_layers + 1, len(texts), n_dims), in the order of ``texts``; beyond `IN_MEMORY` it lies in a temporary
            file, which goes when the array does.

        Raises:
            LayersUnavailableError: when the model is no transformer, or has no vectors of tokens.
            ModelUnavailableError: when it fails.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # so that little is padded
        batches = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
        first = self._layers_of([texts[i] for i in batches[0]])
        layers = _room((first.shape[0], len(texts), first.shape[2]))
        layers[:, batches[0]] = first
        for batch in batches[1:]:
            layers[:, batch] = self._layers_of([texts[i] for i in batch])
        return layers

    def _layers_of(self, batch: list[str]) -> Vectors:
        """The layers of one batch, in its order."""
        import torch

        transformer: Any = self._model[0]
        config = getattr(getattr(transformer, "auto_model", None), "config", None)
        if config is None:
            kind = type(transformer).__name__
            raise LayersUnavailableError(f"{self._name} has no layers to look into: it is no transformer but a {kind}")
        shown = getattr(config, "output_hidden_states", False)
        config.output_hidden_states = True
        try:
            with transformer.register_forward_hook(lambda *call: _with_layers(call[-1])):
                # With no output value asked for, each text comes back with everything that is known of it.
                told: Any = self._model.encode(
                    batch, batch_size=BATCH_SIZE, prompt=self._prompt, output_value=None, show_progress_bar=False
                )
        except Exception as error:  # whatever a foreign model's code raises
            failure = LayersUnavailableError if isinstance(error, LayersUnavailableError) else ModelUnavailableError
            raise failure(f"{self._name} does not show its layers: {reason_of(error)}") from error
        finally:
            config.output_hidden_states = shown
        return torch.stack([each[LAYERS] for each in told], dim=1).cpu().numpy()


def _with_layers(features: dict[str, Any]) -> dict[str, Any]:
    """What a transformer says of a batch, with the layers' tensors replaced by their means over a text's tokens."""
    import torch

    hidden = features.pop("all_layer_embeddings", None)
    if hidden is None or "token_embeddings" not in features or "attention_mask" not in features:
        raise LayersUnavailableError("it gives no vectors of tokens layer by layer")
    # Some models normalise what they give out but not what they show of their last layer.
    hidden = (*hidden[:-1], features["token_embeddings"])
    return {**features, LAYERS: torch.stack([_mean(tokens, features["attention_mask"]) for tokens in hidden], dim=1)}


def _mean(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean in float32 over the tokens that the mask (n, t) lets through: (n, t, d) to (n, d)."""
    weight = mask.unsqueeze(-1).float()
    return (tokens.float() * weight).sum(dim=1) / weight.sum(dim=1)


def _room(shape: tuple[int, ...]) -> Vectors:
    """An array to fill in; a large one lies in a file without a name, which ends with it."""
    if np.dtype(np.float32).itemsize * np.prod(shape) <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def _reason(error: Exception) -> str:
    """The reason of a loader; torch's own words for weights that hold code advise to run it."""
    if "Weights only load failed" not in str(error):
        return reason_of(error)
    return "its weights are a pickle that holds more than numbers, and could run code. Use them as safetensors"


def untrusted(model: Model) -> ModelUnavailableError:
    """The error of a model that runs code of its own without leave."""
    return ModelUnavailableError(
        f"{model.name} runs code from its own repository. If you trust it, add --allow-remote-code"
    )


def warn_of_code(model: Model) -> None:
    """Say which code is about to run here."""
    where = f"{model.locator} at {model.revision}" if model.kind in {"hf", "mteb"} else model.source
    say(
        f"Warning: {model.name} runs code of its own, from {where}, with all that this account may do. "
        "--allow-remote-code permits it"
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

"""The first stage: every text that has no vector yet gets one, once, whatever datasets it stands in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache as cached

import numpy as np

from generator.datasets import Dataset
from generator.errors import ModelUnavailableError
from generator.measures.index import VectorArray
from generator.models.encoder import Encoder, Settings, Vectors
from generator.models.registry import Model
from generator.models.sources import identity, load_encoder
from generator.vectors import VectorCache

CONTROL = "control"


class Loader:
    """Loads a model's encoder when it is first asked for, and once: a failure is remembered as well."""

    def __init__(self, model: Model, *, allow_remote_code: bool = False) -> None:
        self._model = model
        self._allow_remote_code = allow_remote_code
        self._outcome: Encoder | Exception | None = None

    def __call__(self) -> Encoder:
        if self._outcome is None:
            try:
                self._outcome = load_encoder(self._model, allow_remote_code=self._allow_remote_code)
            except Exception as error:  # whatever a model raises
                self._outcome = error
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def encode_missing(
    model: Model,
    texts: Iterable[str],
    cache: VectorCache,
    load: Callable[[], Encoder],
    advance: Callable[[int], None] = lambda _: None,
    idle_cores: Callable[[], int] | None = None,
) -> int:
    """Encode the distinct texts that the cache has no vector for; returns how many there were.

    Batches are stored as they come and hold texts of like length, so that little is padded. Each takes as many threads
    as ``idle_cores`` says at the time, or all; the vectors are the same to the bit.
    Raises ModelUnavailableError when the model cannot be loaded or gives no usable vectors.
    """
    key = identity(model)
    wanted = sorted(set(texts), key=lambda text: (len(text), text))
    missing = cache.missing(key, wanted)
    if not missing:
        return 0
    encoder = load()
    cache.record_settings(key, encoder.settings)
    _store(encoder, model, missing, cache, advance, idle_cores)
    if not cache.missing(key, wanted):
        return len(missing)
    # A damaged file that took the writing, or was found out in the middle of it.
    cache.begin_anew("it does not keep what is written")
    _store(encoder, model, wanted, cache, lambda _: None, idle_cores)
    return len(missing) + len(wanted)


def _store(
    encoder: Encoder,
    model: Model,
    texts: Sequence[str],
    cache: VectorCache,
    advance: Callable[[int], None],
    idle_cores: Callable[[], int] | None,
) -> None:
    try:
        for start in range(0, len(texts), encoder.texts_at_once):
            if idle_cores:
                _use_threads(idle_cores())
            batch = texts[start : start + encoder.texts_at_once]
            cache.write(identity(model), batch, encoded_batch(encoder, model.name, batch))
            advance(len(batch))
    finally:
        if idle_cores:
            _use_threads(None)


def _use_threads(number: int | None) -> None:
    """Let torch, where it is loaded, compute with so many threads at most; None for as many as it takes by itself."""
    torch = sys.modules.get("torch")
    if torch is not None:
        most = _threads_by_itself()
        torch.set_num_threads(most if number is None else min(number, most))


@cached
def _threads_by_itself() -> int:
    import torch

    return torch.get_num_threads()


def encoded_batch(encoder: Encoder, name: str, batch: Sequence[str]) -> Vectors:
    """The vectors of a batch, (n, d); where it takes too much memory, by halves.

    Raises ModelUnavailableError, by the model's ``name``, when there is not one vector for each text.
    """
    try:
        vectors = encoder.encode(batch)
    except (MemoryError, RuntimeError) as error:
        if len(batch) == 1 or not _for_lack_of_memory(error):
            raise
        vectors = None
    if vectors is None:  # out of the handler, so that what the failed attempt held is free
        middle = len(batch) // 2
        return np.concatenate([encoded_batch(encoder, name, half) for half in (batch[:middle], batch[middle:])])
    if vectors.ndim != 2 or len(vectors) != len(batch):
        raise ModelUnavailableError(f"{name} gave vectors of shape {vectors.shape} for {len(batch)} texts")
    return vectors


def vectors_of(dataset: Dataset, model: Model, cache: VectorCache, seed: int) -> Mapping[str, VectorArray]:
    """Vectors of the distinct renderings of each language: from the cache, or made for a control.

    Raises KeyError for a text that was not encoded.
    """
    if model.kind == CONTROL:
        from generator.models.controls import control_vectors

        return control_vectors(model.locator, dataset, seed)
    key = identity(model)
    return {tag: cache.read(key, texts) for tag, texts in dataset.renderings.items()}


def settings_of(model: Model, cache: VectorCache) -> Settings:
    """What the encoder said of itself when it made the cached vectors."""
    return {} if model.kind == CONTROL else cache.settings(identity(model))


def _for_lack_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out: Python's own, and those of torch, on a device or not."""
    told = str(error)
    return isinstance(error, MemoryError) or "out of memory" in told or "can't allocate memory" in told

"""One look at every shard: read, encoded, added up and forgotten."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np

from generator.encode import encoded_batch
from generator.errors import ModelUnavailableError
from generator.files import writing
from generator.measures.index import VectorArray
from generator.measures.streams import Frame, StreamSums, stream_sums
from generator.models.encoder import Encoder, Vectors
from generator.pair import refuse_faulty
from generator.streaming.shards import Shard, ShardContent, read_shard
from generator.streaming.tree import Checkpoint

CHECKSUM_BYTES = 4


class Pass(Protocol):
    """Adds up the sums of all shards, in the order of `generator.streaming.tree`."""

    def __call__(
        self, shards: Sequence[Shard], frame: Frame, checkpoint: Checkpoint, advance: Callable[[int], None]
    ) -> StreamSums: ...


def sums_of(content: ShardContent, encoder: Encoder, frame: Frame, kept: Path | None = None) -> StreamSums:
    """The sums of a shard: the one task that takes time.

    Args:
        content: from `read_shard`.
        encoder: of the model.
        frame: of the pass.
        kept: a file that takes the shard's vectors, or has them from an earlier pass, so that they are encoded once.

    Raises:
        MeasureUndefinedError: for a vector that is zero or not finite, naming its text.
        ModelUnavailableError: when the encoder has no vector for a text, or vectors of several lengths.
    """
    vectors = encoded_renderings(content.renderings, encoder, kept)
    refuse_faulty(content.renderings, vectors)
    return stream_sums(vectors, content.index, content.shares, content.first_concept, frame)


def encoded_renderings(
    renderings: Mapping[str, Sequence[str]], encoder: Encoder, kept: Path | None = None
) -> Mapping[str, VectorArray]:
    """The vectors of the distinct renderings of each language, (n_l, d); ``kept`` as in `sums_of`."""
    texts = list(dict.fromkeys(chain.from_iterable(renderings.values())))
    encoded = _encoded(encoder, texts) if kept is None else _kept(kept, encoder, texts)
    row = {text: i for i, text in enumerate(texts)}
    return {
        tag: encoded[np.fromiter((row[text] for text in found), np.int64, len(found))]
        for tag, found in renderings.items()
    }


@dataclass(frozen=True)
class SerialPass:
    """The pass of one process."""

    encoder: Encoder
    spool: Path | None = None
    """A folder that keeps the vectors between the passes; None where encoding again costs less."""

    def __call__(
        self, shards: Sequence[Shard], frame: Frame, checkpoint: Checkpoint, advance: Callable[[int], None]
    ) -> StreamSums:
        with checkpoint.growing(len(shards)) as grown:
            done = grown.tree.done
            advance(sum(shard.n_concepts for shard in shards[:done]))
            for shard in shards[done:]:
                kept = None if self.spool is None else self.spool / f"{shard.number:06}.f32"
                grown.push(sums_of(read_shard(shard), self.encoder, frame, kept))
                advance(shard.n_concepts)
        return grown.tree.total()


def _encoded(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Batches hold texts of like length, so that little is padded."""
    order = (
        range(len(texts))
        if len(texts) <= encoder.texts_at_once
        else np.argsort([len(text) for text in texts], kind="stable").tolist()
    )
    found: Vectors | None = None
    for start in range(0, len(texts), encoder.texts_at_once):
        some = order[start : start + encoder.texts_at_once]
        vectors = encoded_batch(encoder, "the model", [texts[i] for i in some])
        if found is None:
            found = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
        if vectors.shape[1] != found.shape[1]:
            raise ModelUnavailableError(f"the model gave vectors of {found.shape[1]} and of {vectors.shape[1]} numbers")
        found[some] = vectors
    return np.empty((0, 0), dtype=np.float32) if found is None else found


def _kept(path: Path, encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Vectors from a file; encoded, and written to it, where it lacks them or is damaged."""
    try:
        content = path.read_bytes()
        body = memoryview(content)[CHECKSUM_BYTES:]
        if body and int.from_bytes(content[:CHECKSUM_BYTES], "little") == zlib.crc32(body):
            return np.frombuffer(body, dtype="<f4").reshape(len(texts), -1)
    except (OSError, ValueError):
        pass
    found = _encoded(encoder, texts)
    body = memoryview(found.astype("<f4", copy=False).tobytes())
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little"))
            file.write(body)
    return found

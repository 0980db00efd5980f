"""Character n-grams: what spelling alone says about meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generator.models.encoder import BATCH_SIZE, Settings, Vectors

DIMENSIONS = 1024
SHORTEST, LONGEST = 2, 4


class NgramEncoder:
    """Hashed, length-normalised counts of the character n-grams of each word and its two edges.

    Hashing needs no vocabulary, so a text's vector depends on that text alone and can be cached.
    """

    texts_at_once = BATCH_SIZE

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer

        self._vectorizer = HashingVectorizer(
            analyzer="char_wb", ngram_range=(SHORTEST, LONGEST), n_features=DIMENSIONS, dtype=np.float32
        )

    @property
    def settings(self) -> Settings:
        return {"shortest": SHORTEST, "longest": LONGEST, "normalised": True}

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._vectorizer.transform(texts).toarray(), dtype=np.float32)

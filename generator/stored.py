"""Which stored results there are, told without reading them anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import InputError
from generator.ledger import Ledger, ledger_of
from generator.result_store import DRAWS, ResultStore
from generator.results import PairResult


@dataclass(frozen=True)
class StoredKey:
    """What a stored result is the result of."""

    model: str
    """The model's name."""
    key: str
    """See `generator.results.Provenance`."""


class StoredResults:
    """The stored results of a benchmark, of which only those are read that changed since they last were."""

    def __init__(self, store: ResultStore, ledger: Ledger | None = None) -> None:
        self._store = store
        self._ledger = ledger or ledger_of(store.folder)

    def key(self, model_slug: str, dataset_slug: str) -> StoredKey | None:
        """Of the result of a pair; None for a failure, and where no result is stored that can be read whole."""
        path = self._store.path(model_slug, dataset_slug)
        content = self._ledger.digest(path)
        if content is None:
            return None
        # A result is whole with its resamples only.
        looked_at = [content, self._ledger.digest(path.with_suffix(DRAWS))]
        match self._ledger.noted(path):
            case [digests, found] if digests == looked_at:
                return StoredKey(*found) if found else None
        told = self._read(model_slug, dataset_slug)
        self._ledger.note(path, [looked_at, [told.model, told.key] if told else None])
        return told

    def save(self) -> None:
        """Keep what was found out for the next run."""
        self._ledger.save()

    def _read(self, model_slug: str, dataset_slug: str) -> StoredKey | None:
        try:
            outcome = self._store.read(model_slug, dataset_slug)
        except InputError:
            return None  # one that cannot be read counts as missing
        if not isinstance(outcome, PairResult) or not self._store.is_whole(outcome):
            return None
        return StoredKey(outcome.model.name, outcome.provenance.key)

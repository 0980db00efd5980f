"""Models of the hub stay at the commit that they were measured at until another one is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from generator.datasets import Dataset
from generator.errors import InputError, ModelUnavailableError
from generator.models.hub import COMMIT, commit
from generator.models.registry import Model
from generator.progress import say
from generator.results import ModelRecord, PairFailure, Provenance


class _Measured(Protocol):
    @property
    def model(self) -> ModelRecord: ...
    @property
    def provenance(self) -> Provenance: ...


class Store(Protocol):
    """Where outcomes lie by model and dataset: that of results, or that of layers."""

    def read(self, model_slug: str, dataset_slug: str, /) -> _Measured | None: ...


def keep_revisions(
    models: Iterable[Model], datasets: Sequence[Dataset], stores: Sequence[Store], *, update: bool = False
) -> tuple[Model, ...]:
    """The models, each of the hub at the commit that its stored results were measured at.

    What a branch or a tag stands at can change without a notice, and whoever may write to the repository decides
    what it is. Such a change is refused, and said, unless ``update`` asks for it. An entry that pins a commit is
    taken at its word, and a model without results gets the commit that the hub names now.
    """
    return tuple(_kept(model, datasets, stores, update) if _moves(model) else model for model in models)


def _moves(model: Model) -> bool:
    return model.kind == "hf" and not COMMIT.fullmatch(model.revision)


def _kept(model: Model, datasets: Sequence[Dataset], stores: Sequence[Store], update: bool) -> Model:
    measured = sorted(_measured_at(model, datasets, stores))
    if not measured:
        return model
    latest = measured[-1][1]
    try:
        now = commit(model.locator, model.revision)
    except ModelUnavailableError:
        now = latest  # what cannot be asked cannot have changed
    if now in {revision for _, revision in measured}:
        return dataclasses.replace(model, revision=now)
    branch = model.revision or "main"
    if update:
        say(f"{model.name}: from {latest}, where it was measured, to {now}, where {branch} of {model.locator} is now")
        return dataclasses.replace(model, revision=now)
    say(
        f"Warning: {model.name} stays at {latest}, where it was measured. {branch} of {model.locator} is at {now} now, "
        "which is refused unless asked for: pin it as the entry's revision, or add --update-revisions"
    )
    return dataclasses.replace(model, revision=latest)


def _measured_at(model: Model, datasets: Sequence[Dataset], stores: Sequence[Store]) -> Iterator[tuple[str, str]]:
    """The day and the commit of each result of a model; what cannot be read counts as missing."""
    for store in stores:
        for dataset in datasets:
            try:
                stored = store.read(model.slug, dataset.slug)
            except InputError:
                continue
            if stored and not isinstance(stored, PairFailure) and stored.model.source == model.source:
                yield stored.provenance.created, stored.model.revision

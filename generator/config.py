"""``benchmark.toml``: which models on which datasets, how to measure, and what the site is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ConfigDict

from generator.datasets import Card, Dataset, load_dataset
from generator.errors import Fault, InputError, did_you_mean
from generator.manifold import Layout
from generator.models.registry import Model, load_registry, select
from generator.pair import Parameters
from generator.published import Source, load_published
from generator.toml import read_toml, validated

CONFIG_NAME = "benchmark.toml"
STUDY = "paper"
MOST_DRAWS = 100_000


@dataclass(frozen=True)
class DatasetEntry:
    """A ``[[datasets]]`` entry: a dataset folder, or a loose file with what its card would say."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    path: str
    languages: tuple[str, ...] = ()
    card: Card | None = None
    overall: bool = True
    """Whether it counts towards the overall place."""


@dataclass(frozen=True)
class StatisticsEntry:
    __pydantic_config__ = ConfigDict(extra="forbid")

    draws: int = Parameters.draws
    confidence: float = Parameters.confidence


@dataclass(frozen=True)
class LayoutEntry:
    __pydantic_config__ = ConfigDict(extra="forbid")

    neighbours: int = Layout.neighbours
    landmarks: int = Layout.landmarks


@dataclass(frozen=True)
class SiteEntry:
    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str = "Isogloss"
    description: str = "Which multilingual embedding models put the same meaning in the same place?"


@dataclass(frozen=True)
class _File:
    """The keys of ``benchmark.toml``."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    datasets: tuple[DatasetEntry, ...]
    reference: str = ""
    layers: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    seed: int = Parameters.seed
    results: str = "results"
    output: str = "site"
    site: SiteEntry = field(default_factory=SiteEntry)
    statistics: StatisticsEntry = field(default_factory=StatisticsEntry)
    layout: LayoutEntry = field(default_factory=LayoutEntry)


@dataclass(frozen=True)
class Benchmark:
    """A benchmark as configured: everything read and checked, nothing measured yet."""

    path: Path
    site: SiteEntry
    models: tuple[Model, ...]
    datasets: tuple[Dataset, ...]
    overall: tuple[str, ...]
    """Slugs of the datasets that the overall place goes by."""
    reference: str
    """Slug of the dataset that the others are compared with."""
    published: tuple[Source, ...]
    study: tuple[Model, ...]
    """The registry's group of the models that the first study compared."""
    parameters: Parameters
    results: Path
    output: Path
    layers: tuple[str, ...] = ()
    """Slugs of the datasets on which models are measured layer by layer."""

    def selected(self, datasets: Sequence[str]) -> tuple[Dataset, ...]:
        """The datasets with these slugs, all when none is named. Raises InputError for unknown ones."""
        slugs = {dataset.slug for dataset in self.datasets}
        faults = [
            Fault("dataset", f"there is no dataset {name!r}", did_you_mean(name, slugs))
            for name in datasets
            if name not in slugs
        ]
        if faults:
            raise InputError(faults)
        return tuple(dataset for dataset in self.datasets if not datasets or dataset.slug in datasets)


def load_benchmark(path: Path) -> Benchmark:
    """Read ``benchmark.toml`` with its registry and datasets; paths in it are relative to its folder.

    Raises InputError that names every fault found, in all files at once where possible.
    """
    if not path.is_file():
        raise InputError([Fault(str(path), "there is no such file", "Write one with: isogloss init FOLDER")])
    content = validated(_File, read_toml(path), str(path))
    _refuse_out_of_range(content, str(path))
    folder = path.resolve().parent
    datasets = _datasets(content.datasets, folder, path)
    registry = load_registry(folder)
    return Benchmark(
        path,
        content.site,
        select(registry, content.models, content.groups, folder),
        datasets,
        tuple(dataset.slug for dataset, entry in zip(datasets, content.datasets, strict=True) if entry.overall),
        _reference(content.reference, datasets, path),
        load_published([folder / name for name in content.published]),
        registry.group(STUDY) if STUDY in registry.groups else (),
        Parameters(
            content.seed,
            content.statistics.draws,
            content.statistics.confidence,
            replace(Layout(content.layout.neighbours, content.layout.landmarks), seed=content.seed),
        ),
        folder / content.results,
        folder / content.output,
        _layers(content.layers, datasets, path),
    )


def _datasets(entries: Sequence[DatasetEntry], folder: Path, config: Path) -> tuple[Dataset, ...]:
    datasets: dict[str, Dataset] = {}
    faults: list[Fault] = []
    for entry in entries:
        try:
            dataset = load_dataset(folder / entry.path, entry.languages, entry.card)
        except InputError as error:
            faults += error.faults
            continue
        if dataset.slug in datasets:
            faults.append(
                Fault(str(config), f"two datasets are called {dataset.slug!r}", "Rename one", column="datasets")
            )
        datasets[dataset.slug] = dataset
    if not entries:
        faults.append(Fault(str(config), "there are no datasets", "Add a [[datasets]] entry", column="datasets"))
    if faults:
        raise InputError(faults)
    return tuple(datasets.values())


def _reference(name: str, datasets: Sequence[Dataset], config: Path) -> str:
    translated = _translated([name] if name else [], datasets, config, "reference")
    return name or next(iter(translated), "")


def _layers(names: Sequence[str], datasets: Sequence[Dataset], config: Path) -> tuple[str, ...]:
    _translated(names, datasets, config, "layers")
    return tuple(dict.fromkeys(names))


def _translated(names: Sequence[str], datasets: Sequence[Dataset], config: Path, key: str) -> list[str]:
    """The slugs of the datasets with translations. Raises InputError when one of the names is none of them."""
    translated = [dataset.slug for dataset in datasets if dataset.card.translated]
    faults = [
        Fault(
            str(config),
            f"there is no dataset with translations called {name!r}",
            did_you_mean(name, translated),
            column=key,
        )
        for name in names
        if name not in translated
    ]
    if faults:
        raise InputError(faults)
    return translated


def _refuse_out_of_range(content: _File, file: str) -> None:
    ranges = {
        "seed": (content.seed, 0, 2**32 - 1),
        "statistics.draws": (content.statistics.draws, 1, MOST_DRAWS),
        "statistics.confidence": (content.statistics.confidence, 0.5, 0.999),
        "layout.neighbours": (content.layout.neighbours, 1, 1000),
        "layout.landmarks": (content.layout.landmarks, 10, 20_000),
    }
    faults = [
        Fault(file, f"{key} is {value}", f"Choose a value from {least} to {most}", column=key)
        for key, (value, least, most) in ranges.items()
        if not least <= value <= most
    ]
    if faults:
        raise InputError(faults)

"""``benchmark.toml``: which models on which datasets, how to measure, and what the site is called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict

from generator.colours import LEAST_CONTRAST, PAPERS, contrast, for_dark, is_colour
from generator.datasets import Card, Dataset, load_dataset
from generator.errors import Fault, InputError, did_you_mean
from generator.manifold import Layout
from generator.models.registry import Model, load_registry, select
from generator.pair import Parameters
from generator.published import Source, load_published
from generator.toml import read_toml, validated

STUDY = "paper"
MOST_DRAWS = 100_000
TEMPLATES = "templates"
LOGOS = (".svg", ".png", ".webp", ".jpg", ".jpeg")


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
    exact: int = Layout.exact
    landmarks: int = Layout.landmarks


def _as_accent(value: object) -> object:
    return {"light": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class AccentEntry:
    """The colour of links and scores on the paper of each theme, such as "#1d5ea8"."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    light: str
    dark: str = ""
    """Made from the light one when it is not given."""


@dataclass(frozen=True)
class ColoursEntry:
    __pydantic_config__ = ConfigDict(extra="forbid")

    accent: Annotated[AccentEntry | None, BeforeValidator(_as_accent)] = None


@dataclass(frozen=True)
class SiteEntry:
    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str = "Isogloss"
    description: str = "Which multilingual embedding models put the same meaning in the same place?"
    text: str = ""
    """An introduction on the home page; an empty line begins a paragraph."""
    footer: str = ""
    logo: str = ""
    """A picture shown instead of the title, by its path."""
    base_url: str = ""
    """Where the site will stand; for search engines, other sites' previews and feeds."""
    colours: ColoursEntry = field(default_factory=ColoursEntry)


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
    templates: str = TEMPLATES
    releases: str = "releases"
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
    templates: Path | None = None
    """The folder of templates that come before the shipped ones, where there is one."""
    releases: Path = Path("releases")
    """The folder of frozen copies of the site; it need not be there."""

    @property
    def folder(self) -> Path:
        """The folder that paths in the config are relative to."""
        return self.path.resolve().parent

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


@dataclass(frozen=True)
class Sources:
    """Where a benchmark is read from: files and folders, whether they are there or not."""

    read: tuple[Path, ...]
    results: Path


def sources(path: Path) -> Sources:
    """Where the benchmark of a config is read from. Raises InputError when the config itself is faulty."""
    content = validated(_File, read_toml(path), str(path))
    folder = path.resolve().parent
    named = [*(entry.path for entry in content.datasets), *content.published, content.templates, content.releases]
    if content.site.logo:
        named.append(content.site.logo)
    return Sources(
        (folder / path.name, folder / "models.toml", *(folder / name for name in named)), folder / content.results
    )


def load_benchmark(path: Path) -> Benchmark:
    """Read ``benchmark.toml`` with its registry and datasets; paths in it are relative to its folder.

    Raises InputError that names every fault found, in all files at once where possible.
    """
    if not path.is_file():
        raise InputError([Fault(str(path), "there is no such file", "Write one with: isogloss init FOLDER")])
    content = validated(_File, read_toml(path), str(path))
    _refuse_out_of_range(content, str(path))
    folder = path.resolve().parent
    if faults := list(_links_outside(content, folder)):
        raise InputError(faults)
    datasets = _datasets(content.datasets, folder, path)
    registry = load_registry(folder)
    return Benchmark(
        path,
        _site(content.site, folder, path),
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
            Layout(content.layout.neighbours, content.layout.exact, content.layout.landmarks, content.seed),
        ),
        folder / content.results,
        folder / content.output,
        _layers(content.layers, datasets, path),
        _templates(folder / content.templates, path),
        folder / content.releases,
    )


def _links_outside(content: _File, folder: Path) -> Iterator[Fault]:
    """What stands in the folder by a symbolic link to elsewhere: what is read there is published.

    Somebody else's benchmark could show any file of this machine so. A path that leaves the folder openly is the
    config's own word.
    """
    lists = [folder / entry.path for entry in content.datasets]
    templates = folder / content.templates
    named = [folder / name for name in ("models.toml", *content.published, *filter(None, [content.site.logo]))]
    named += [path / name for path in lists if path.is_dir() for name in ("dataset.toml", "data.csv")]
    for path in (*named, *lists, templates, *templates.rglob("*")):
        within = Path(os.path.normpath(path)).is_relative_to(folder)
        if within and not path.resolve().is_relative_to(folder):
            remedy = "Copy what it leads to, or name its real path in the config"
            yield Fault(str(path), "a symbolic link that leads out of the benchmark's folder", remedy)


def _site(entry: SiteEntry, folder: Path, config: Path) -> SiteEntry:
    """The entry with its address and colours completed. Raises InputError that names every fault in it."""
    faults = [
        Fault(str(config), problem, remedy, column=f"site.{key}")
        for key, problem, remedy in (*_logo_faults(entry, folder), *_address_faults(entry), *_colour_faults(entry))
    ]
    if faults:
        raise InputError(faults)
    accent = entry.colours.accent
    if accent and not accent.dark:
        accent = replace(accent, dark=for_dark(accent.light))
    base_url = f"{entry.base_url.rstrip('/')}/" if entry.base_url else ""
    return replace(entry, base_url=base_url, colours=ColoursEntry(accent))


def _logo_faults(entry: SiteEntry, folder: Path) -> Iterator[tuple[str, str, str]]:
    if entry.logo and Path(entry.logo).suffix.lower() not in LOGOS:
        yield "logo", f"{entry.logo!r} is no picture for a page", f"Use one of {', '.join(LOGOS)}"
    elif entry.logo and not (folder / entry.logo).is_file():
        yield "logo", f"there is no file {entry.logo!r}", "Check the path; it is relative to the config"


def _address_faults(entry: SiteEntry) -> Iterator[tuple[str, str, str]]:
    if entry.base_url and not re.fullmatch(r"https?://[^\s/?#@\"'<>\\]+(/[^\s?#\"'<>\\]*)?", entry.base_url):
        yield "base_url", f"{entry.base_url!r} is no address of a site", "Write it like https://example.org/benchmark/"


def _colour_faults(entry: SiteEntry) -> Iterator[tuple[str, str, str]]:
    accent = entry.colours.accent
    given = {"light": accent.light, "dark": accent.dark} if accent else {}
    for theme, colour in given.items():
        key, paper = f"colours.accent.{theme}", PAPERS[theme]
        if theme == "dark" and not colour:
            continue
        if not is_colour(colour):
            yield key, f"{colour!r} is no colour", "Write # and six hexadecimal digits, such as #1d5ea8"
        elif (ratio := contrast(colour, paper)) < LEAST_CONTRAST:
            problem = f"{colour} has a contrast of {ratio:.2f} : 1 on the {theme} paper, {paper}"
            yield key, problem, f"Choose one of at least {LEAST_CONTRAST} : 1, so that it can be read"


def _templates(folder: Path, config: Path) -> Path | None:
    """The folder when it is there. Raises InputError when one that was named is not."""
    if folder.is_dir():
        return folder
    if folder.name != TEMPLATES:
        raise InputError([Fault(str(config), f"there is no folder {folder}", "Check the path", column="templates")])
    return None


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
        "layout.exact": (content.layout.exact, 0, 20_000),
        "layout.landmarks": (content.layout.landmarks, 10, 20_000),
    }
    faults = [
        Fault(file, f"{key} is {value}", f"Choose a value from {least} to {most}", column=key)
        for key, (value, least, most) in ranges.items()
        if not least <= value <= most
    ]
    if faults:
        raise InputError(faults)

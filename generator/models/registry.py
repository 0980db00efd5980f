"""The models Isogloss knows: entries of ``models.toml``, and models named on the spot."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from generator.errors import Fault, InputError, did_you_mean
from generator.resources import shipped
from generator.slugs import slugify
from generator.toml import read_toml, validated

Objective = Literal["translation-pairs", "contrastive", "mlm", "next-token", "instruction", "surface", "control", ""]
Family = Literal["encoder", "decoder", "static", ""]
"""What a model is built on: a bidirectional encoder such as BERT, a language model, or a table of token vectors."""
KINDS = ("package", "hf", "mteb", "api", "folder", "precomputed", "ngrams", "control")
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
SECRET_OPTION = re.compile(
    r"^([\w-]*[_-])?(api|access|auth|bearer|client|hf|private|refresh|secret|session|subscription|user)[_-]?(key|token)$"
    r"|^(key|token|bearer|jwt)$|secret|password|credential|authori[sz]ation",
    re.IGNORECASE,
)
ON_DISK = ("folder", "precomputed")
"""Kinds of source that lie somewhere on this machine."""


def _without_credentials(address: str) -> str:
    parts = urlsplit(address)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ValueError("an address reads http(s)://HOST/PATH, without user, password, query or fragment")
    return address


def _variable(name: str) -> str:
    if name and not VARIABLE.fullmatch(name):
        raise ValueError("it names an environment variable in capitals, which holds the key; no key stands in a file")
    return name


@dataclass(frozen=True)
class Endpoint:
    """Where and how an API is asked for vectors. None of it changes them but ``base_url``."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    base_url: Annotated[str, AfterValidator(_without_credentials)] = "https://api.openai.com/v1"
    key: Annotated[str, AfterValidator(_variable)] = "OPENAI_API_KEY"
    """The environment variable that holds the key; empty for a server that wants none."""
    batch: Annotated[int, Field(ge=1)] = 128
    """Texts a request, at most."""
    concurrency: Annotated[int, Field(ge=1)] = 4
    """Requests at a time."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for one answer."""


@dataclass(frozen=True)
class Model:
    """One entry of the registry. What no source confirms stays empty rather than guessed."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    source: str
    """``kind:locator``, see `KINDS`."""
    revision: str = ""
    """Commit, version or digest; resolved before measuring when empty."""
    groups: tuple[str, ...] = ()
    objective: Objective = ""
    family: Family = ""
    architecture: str = ""
    parameters: int | None = None
    dimensions: int | None = None
    licence: str = ""
    released: dt.date | None = None
    languages: tuple[str, ...] = ()
    link: str = ""
    note: str = ""
    prompt: str = ""
    """Text put before every rendering, as the model's card asks."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = ""
    """Where to run, such as "cuda"; chosen by torch when empty. Recorded, no part of the identity."""
    max_length: int | None = None
    """Tokens read of each text; the model's own limit when missing."""
    normalise: bool = False
    """Whether the encoder's output is scaled to unit length before it is stored."""
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Further arguments that the model's own code asks for."""
    endpoint: Endpoint | None = None
    """Of an API, where it is not OpenAI's own."""
    trust_remote_code: bool = False
    """Whether the model needs code from its repository; run only with --allow-remote-code too."""

    @property
    def slug(self) -> str:
        return slugify(self.name)

    @property
    def weight_bytes(self) -> int | None:
        """What the weights take in memory; None where the number of parameters is unknown."""
        return self.parameters * BYTES[self.dtype] if self.parameters else None

    @property
    def kind(self) -> str:
        return self.source.partition(":")[0]

    @property
    def locator(self) -> str:
        return self.source.partition(":")[2]


@dataclass(frozen=True)
class _Entries:
    __pydantic_config__ = ConfigDict(extra="forbid")

    models: tuple[Model, ...] = field(default=())


@dataclass(frozen=True)
class Registry:
    """All known models by name."""

    models: Mapping[str, Model]

    @property
    def groups(self) -> set[str]:
        return {group for model in self.models.values() for group in model.groups}

    def group(self, name: str) -> tuple[Model, ...]:
        """The models of a group, in the registry's order. Raises InputError for an unknown group."""
        if name not in self.groups:
            raise InputError([Fault("group", f"there is no group {name!r}", did_you_mean(name, self.groups))])
        return tuple(model for model in self.models.values() if name in model.groups)

    def model(self, name: str, folder: Path = Path()) -> Model:
        """The model that an option or a config names; a path in it is relative to ``folder``.

        ``name`` is a registry name or slug, ``precomputed:FILE``, ``hf:ORG/NAME[@REVISION]`` or a path to a
        local sentence-transformers folder. Raises InputError, with the nearest name, when it is none of them.
        """
        by_slug = {model.slug: model for model in self.models.values()}
        if known := self.models.get(name) or by_slug.get(name.lower()):
            return known
        if named := _named_on_the_spot(name, folder):
            if fault := _address_fault(named, "model"):
                raise InputError([fault])
            return named
        remedy = f"{did_you_mean(name, self.models)} A model can also be hf:ORG/NAME, precomputed:FILE or a folder"
        raise InputError([Fault("model", f"there is no model {name!r}", remedy)])


def read_registry(paths: Iterable[Path]) -> Registry:
    """Read and join ``models.toml`` files; paths in them are relative to their folder.

    Raises InputError for unknown keys and repeated names.
    """
    models: dict[str, Model] = {}
    slugs: dict[str, str] = {}
    faults = []
    for path in paths:
        for model in validated(_Entries, read_toml(path), str(path)).models:
            if fault := _entry_fault(model, path, slugs):
                faults.append(fault)
            else:
                models[model.name] = _located(model, path.parent)
                slugs[model.slug] = model.name
    if faults:
        raise InputError(faults)
    return Registry(models)


def load_registry(folder: Path) -> Registry:
    """The shipped models, and those of a ``models.toml`` in ``folder``."""
    known, own = shipped("models.toml"), folder / "models.toml"
    return read_registry([known, own] if own.is_file() and not own.samefile(known) else [known])


def load_model(name: str, folder: Path | None = None) -> Model:
    """The model of a name, as options and configs name it; see `Registry.model`.

    ``folder`` may hold a ``models.toml`` that adds to the shipped models; the current folder when missing.
    """
    return load_registry(folder or Path()).model(name)


def _entry_fault(model: Model, path: Path, slugs: Mapping[str, str]) -> Fault | None:
    where = f"models.{model.name}"
    if fault := _address_fault(model, str(path), where):
        return fault
    if model.slug in slugs:
        problem = f"the name {model.name!r} is taken already by {slugs[model.slug]!r}"
        return Fault(str(path), problem, "Give each model a name of its own", column=where)
    if fault := _option_fault(model, str(path), where):
        return fault
    if model.kind not in KINDS:
        return Fault(str(path), f"unknown source {model.source!r}", did_you_mean(model.kind, KINDS), column=where)
    return None


def _option_fault(model: Model, file: str, column: str) -> Fault | None:
    if "trust_remote_code" in model.options:
        problem = "trust_remote_code stands among the options"
        return Fault(file, problem, "Make it a key of the entry itself", column=column)
    if "weights_only" in model.options:
        problem = "weights_only stands among the options, and weights that are more than numbers can run code"
        return Fault(file, problem, "Remove it", column=column)
    if secret := next((name for name in model.options if SECRET_OPTION.search(name)), None):
        problem = f"{secret} stands among the options, which are published"
        remedy = "Put the key into an environment variable, and the variable's name into endpoint.key"
        return Fault(file, problem, remedy, column=column)
    return None


def _address_fault(model: Model, file: str, column: str | None = None) -> Fault | None:
    try:
        slugify(model.name)
    except ValueError as error:
        return Fault(file, str(error), "Give it a name with a Latin letter or a digit in it", column=column)
    return None


def _located(model: Model, folder: Path) -> Model:
    if model.kind not in ON_DISK:
        return model
    return dataclasses.replace(model, source=f"{model.kind}:{(folder / model.locator).resolve()}")


def _named_on_the_spot(name: str, folder: Path) -> Model | None:
    kind, _, locator = name.partition(":")
    if kind == "hf" and locator:
        repository, _, revision = locator.partition("@")
        return Model(repository, f"hf:{repository}", revision, link=f"https://huggingface.co/{repository}")
    if kind == "mteb" and locator:
        return Model(locator, name, link=f"https://huggingface.co/{locator}")
    if kind == "api" and locator:
        model, _, base_url = locator.partition("@")
        # The key that a variable holds belongs to one provider: no other address gets it without an entry that says so.
        return Model(model, f"api:{model}", endpoint=Endpoint(base_url, key="") if base_url else None)
    if kind == "precomputed" and locator:
        return _located(Model(Path(locator).stem, name), folder)
    path = folder / name
    try:
        found = bool(name.strip()) and path.is_dir()
    except OSError:  # longer than any path can be
        found = False
    return Model(path.resolve().name, f"folder:{path.resolve()}") if found else None


def select(registry: Registry, names: Sequence[str], groups: Sequence[str], folder: Path = Path()) -> tuple[Model, ...]:
    """The models of the groups, then those named, each once; paths among the names are relative to ``folder``.

    Raises InputError for unknown ones.
    """
    chosen = {model.name: model for group in groups for model in registry.group(group)}
    for name in names:
        model = registry.model(name, folder)
        chosen[model.name] = model
    by_slug: dict[str, Model] = {}
    for model in chosen.values():
        if other := by_slug.get(model.slug):
            problem = f"{model.name!r} ({model.source}) and {other.name!r} ({other.source}) share an address"
            raise InputError([Fault("model", problem, "Rename one, for instance in models.toml")])
        by_slug[model.slug] = model
    return tuple(chosen.values())

"""How each kind of model is pinned to a revision, told apart from others, and loaded.

Adapters are imported only when a model of their kind has something to encode: torch costs seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
from pathlib import Path

from generator.errors import ModelUnavailableError
from generator.models.encoder import Encoder
from generator.models.registry import ON_DISK, Endpoint, Model

# Bump when the vectors of a built-in model change.
BUILT_IN_REVISION = {"ngrams": "1", "control": "1"}
# An API's model can change without a notice, and no revision says so.
UNVERSIONED = "unversioned"


def load_encoder(model: Model, *, allow_remote_code: bool = False) -> Encoder:
    """Load the encoder of a pinned model; one that runs code of its own is named on stderr first.

    Raises ModelUnavailableError when it cannot be had here and now.
    """
    if model.kind == "ngrams":
        from generator.models.ngrams import NgramEncoder

        return NgramEncoder()
    if model.kind == "precomputed":
        from generator.models.precomputed import PrecomputedEncoder

        return PrecomputedEncoder(Path(model.locator))
    if model.kind == "api":
        from generator.models.api import ApiEncoder

        return ApiEncoder(model)
    if model.kind == "mteb":
        from generator.models.mteb_registry import MtebEncoder

        return MtebEncoder(model, allow_remote_code=allow_remote_code)
    from generator.models.transformer import TransformerEncoder, refuse_too_large, untrusted, warn_of_code

    refuse_too_large(model)
    if model.trust_remote_code and not allow_remote_code:
        raise untrusted(model)
    if model.trust_remote_code:
        warn_of_code(model)
    if model.kind == "hf":
        return _from_hub(model)
    return TransformerEncoder(model, str(model_folder(model)))


def _from_hub(model: Model) -> Encoder:
    """What was downloaded is loaded without asking the hub; what is not whole yet is downloaded."""
    from generator.models.hub import is_downloaded, require
    from generator.models.transformer import TransformerEncoder

    if is_downloaded(model.locator, model.revision):
        try:
            return TransformerEncoder(model, model.locator, revision=model.revision, downloaded=True)
        except ModelUnavailableError as error:
            try:
                require(model.locator, model.revision)
            except ModelUnavailableError:
                raise error from None  # nothing can be downloaded, so that what is there decides
    else:
        require(model.locator, model.revision)
    try:
        return TransformerEncoder(model, model.locator, revision=model.revision)
    except ModelUnavailableError as error:
        advice = "If its download broke off, run the same command again: it goes on from what has arrived"
        raise ModelUnavailableError(f"{error}. {advice}") from error


def pinned(model: Model) -> Model:
    """The model with its revision filled in: a commit, a version, or the digest of its files.

    Raises ModelUnavailableError when the revision cannot be found out.
    """
    if model.kind in BUILT_IN_REVISION:
        return dataclasses.replace(model, revision=BUILT_IN_REVISION[model.kind])
    if model.kind == "package":
        return dataclasses.replace(model, revision=model.revision or _package_version(model))
    if model.kind == "api":
        return dataclasses.replace(model, revision=model.revision or UNVERSIONED)
    if model.kind == "mteb":
        from generator.models.mteb_registry import revision

        return dataclasses.replace(model, revision=revision(model.locator, model.revision) or UNVERSIONED)
    if model.kind == "hf":
        from generator.models.hub import commit

        return dataclasses.replace(model, revision=commit(model.locator, model.revision))
    path = Path(model.locator) if model.kind == "precomputed" else model_folder(model)
    return dataclasses.replace(model, revision=_digest(path))


def identity(model: Model) -> str:
    """What a vector depends on besides its text: the cache's key for a pinned model."""
    options = {
        "prompt": model.prompt,
        "dtype": model.dtype,
        "max_length": model.max_length,
        "normalise": model.normalise,
        "trust_remote_code": model.trust_remote_code,
        "options": dict(model.options),
    }
    told = {name: value for name, value in options.items() if value != getattr(_DEFAULT, name)}
    if model.endpoint:
        told["base_url"] = model.endpoint.base_url
    # Where a precomputed file or a folder lies says nothing; its digest says everything.
    locator = model.kind if model.kind in ON_DISK else model.source
    return json.dumps({"source": locator, "revision": model.revision, **told}, sort_keys=True, ensure_ascii=False)


_DEFAULT = Model(name="", source="")


def model_folder(model: Model) -> Path:
    """The folder of a model that lies on this machine. Raises ModelUnavailableError when there is none."""
    if model.kind == "folder":
        folder = Path(model.locator)
    else:
        package, _, inside = model.locator.partition("/")
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):  # of a subpackage without its parent, of an empty name
            spec = None
        if spec is None or spec.origin is None:
            raise ModelUnavailableError(f"{model.name} comes with the package {package}; install it with pip")
        folder = Path(spec.origin).parent / inside
    if not folder.is_dir():
        raise ModelUnavailableError(f"{model.name}: there is no folder {folder}")
    return folder


def needs(model: Model) -> tuple[str, ...]:
    """What a model needs besides what is installed with Isogloss, for people to see before they try."""
    if model.kind == "api":
        key = (model.endpoint or Endpoint()).key
        return ("isogloss[api]", "network", *([key] if key else []))
    wanted = {"hf": ("network or a download",), "mteb": ("isogloss[mteb]", "network or a download")}
    found = [*wanted.get(model.kind, ())]
    if model.kind in wanted and model.weight_bytes and model.weight_bytes >= 0.05e9:
        found.append(f"{model.weight_bytes / 1e9:.1f} GB of memory")
    if model.trust_remote_code:
        found.append("--allow-remote-code")
    return tuple(found)


def _package_version(model: Model) -> str:
    model_folder(model)
    package = model.locator.partition("/")[0]
    distribution = importlib.metadata.packages_distributions().get(package, [package])[0]
    return f"{distribution} {importlib.metadata.version(distribution)}"


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's files."""
    if not path.exists():
        raise ModelUnavailableError(f"there is no file {path}")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"

"""Models of the registry that the mteb package ships (Muennighoff et al., arXiv 2210.07316), with its prompts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import langcodes
import numpy as np

from generator.errors import ModelUnavailableError, reason_of
from generator.models.encoder import BATCH_SIZE, Settings, Vectors, at_unit_length
from generator.models.hub import COMMIT
from generator.models.registry import Model
from generator.models.transformer import REMOTE_CODE, refuse_too_large, untrusted, warn_of_code

SIMILARITY_TASK = "STSBenchmark"
"""The task whose prompts are taken: like words, its sentences are compared with each other as equals."""
TRUSTS = re.compile(r"trust_remote_code[^,\n]*=\s*True")
SPDX = re.compile(r"(apache|mit|bsd|cc-by)[\w.-]*", re.IGNORECASE)


class MtebEncoder:
    """A model as the mteb registry loads and prompts it. Raises ModelUnavailableError when that cannot be done."""

    texts_at_once = BATCH_SIZE

    def __init__(self, model: Model, *, allow_remote_code: bool) -> None:
        meta = registered(model.locator)
        runs_code = model.trust_remote_code or _asks_for_code(meta, model.options)
        if runs_code and not allow_remote_code:
            raise untrusted(model)
        if model.prompt or model.max_length or model.dtype != "float32":
            raise ModelUnavailableError(
                f"{model.name}: the mteb registry decides its prompt, length and dtype. Remove them, or name it hf:"
            )
        refuse_too_large(dataclasses.replace(model, parameters=model.parameters or meta.n_parameters))
        if runs_code:
            warn_of_code(model)
        import mteb

        try:
            self._task = mteb.get_task(SIMILARITY_TASK).metadata
            self._model = meta.load_model(device=model.device or None, **model.options)
        except Exception as error:  # whatever one of hundreds of loaders raises
            raise ModelUnavailableError(f"{model.name} cannot be loaded: {reason_of(error)}") from error
        self._name = model.name
        self._normalise = model.normalise
        self._remote_code = REMOTE_CODE if runs_code else {}

    @property
    def settings(self) -> Settings:
        from importlib.metadata import version

        return {
            "batch_size": BATCH_SIZE,
            "prompted_as": SIMILARITY_TASK,
            "normalised": self._normalise,
            "dtype": str(getattr(getattr(self._model, "model", None), "dtype", "")).removeprefix("torch."),
            "mteb": version("mteb"),
            **self._remote_code,
        }

    def encode(self, texts: Sequence[str]) -> Vectors:
        from torch.utils.data import DataLoader

        from datasets import Dataset  # type: ignore[attr-defined]  # the package, not the folder of word lists here

        loader = DataLoader(Dataset.from_dict({"text": list(texts)}), batch_size=BATCH_SIZE)
        try:
            found = self._model.encode(
                loader,
                task_metadata=self._task,
                hf_split="test",
                hf_subset="default",
                prompt_type=None,
                batch_size=BATCH_SIZE,
                show_progress_bar=False,
            )
        except Exception as error:  # as above; some of them ask an API, and tell what it said
            raise ModelUnavailableError(f"{self._name} cannot encode: {reason_of(error)}") from error
        vectors = np.asarray(found, dtype=np.float32)
        if self._normalise:
            vectors = at_unit_length(vectors)
        return vectors


def _asks_for_code(meta: Any, options: Mapping[str, object]) -> bool:
    """Whether a model's loader runs code from its repository: by metadata, by option or by what stands in it."""
    if meta.loader_kwargs.get("trust_remote_code") or options.get("trust_remote_code"):
        return True
    loader = meta.loader
    classes = [base for base in getattr(loader, "__mro__", (loader,)) if base and base.__module__.startswith("mteb.")]
    return any(TRUSTS.search(inspect.getsource(each)) for each in classes)


def registered(name: str) -> Any:
    """The registry's metadata of ``ORG/NAME``. Raises ModelUnavailableError when mteb or the entry is missing."""
    try:
        import mteb
    except ImportError:
        raise ModelUnavailableError(
            'Models of the mteb registry need one more package: pip install "isogloss[mteb]"'
        ) from None
    try:
        return mteb.get_model_meta(name)
    except KeyError as error:
        told = " ".join(str(error.args[0]).split()) if error.args else "it is not there"
        raise ModelUnavailableError(f"the mteb registry has no model {name!r}: {told}") from None


def revision(name: str, wanted: str = "") -> str:
    """The commit that the registry pins a model to. Raises ModelUnavailableError for another one than that."""
    pinned = str(registered(name).revision or "")
    if wanted and wanted != pinned:
        raise ModelUnavailableError(
            f"the mteb registry loads {name} at {pinned or 'no fixed revision'} only, not at {wanted}. Name it hf:"
        )
    return pinned


def entry(name: str) -> dict[str, Any]:
    """What ``models.toml`` can hold of a registered model; what the registry does not know is left out."""
    meta = registered(name)
    dimensions = meta.embed_dim if isinstance(meta.embed_dim, int) else max(meta.embed_dim or [0])
    known = {
        "name": name.rpartition("/")[2],
        "source": f"mteb:{name}",
        "revision": meta.revision if COMMIT.fullmatch(str(meta.revision)) else None,
        "parameters": meta.n_parameters,
        "dimensions": dimensions or None,
        "licence": _licence(str(meta.license or "")),
        "released": dt.date.fromisoformat(str(meta.release_date)) if meta.release_date else None,
        "languages": _languages(meta.languages or []),
        "link": meta.reference,
        "trust_remote_code": _asks_for_code(meta, {}) or None,
    }
    return {key: value for key, value in known.items() if value}


def _licence(name: str) -> str:
    """SPDX identifiers as they are written; the registry has them in lower case."""
    if name == "not specified":
        return ""
    if name.lower().startswith("apache"):
        return name.replace("apache", "Apache")
    return name.upper() if SPDX.fullmatch(name) else name


def _languages(codes: Sequence[str]) -> list[str]:
    """``eng-Latn`` and the like as tags of languages; the scripts that the registry gives are often not the usual."""
    languages = (langcodes.Language.get(code).language for code in codes if not code.endswith("-Code"))
    return sorted({langcodes.standardize_tag(language) for language in languages if language})

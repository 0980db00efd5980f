"""The folder of results: what is stored of every pair, read with suspicion and written whole."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from generator.coherence import incoherence, refuse_half_characters
from generator.errors import Fault, InputError
from generator.files import write_atomically, writing
from generator.npz import read_npz
from generator.results import SCHEMA, Draws, Estimate, Outcome, PairFailure, Resamples, outcome_adapter, to_json
from generator.seal import owner_of, sealed, sealed_archive, unsealed

DRAWS = ".draws.npz"


def from_json(text: str | bytes, file: str = "result") -> Outcome:
    """The outcome in a document. Raises InputError when it is not one of this schema."""
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    try:
        content = unsealed(content)
        outcome = _quickly_read(content) or outcome_adapter().validate_python(
            json.loads(content, parse_constant=_refused)
        )
        refuse_half_characters(content)
        reason = incoherence(outcome)
        if not reason:
            vars(outcome)["digest"] = hashlib.sha256(content).hexdigest()
            return outcome
    except ValidationError as error:
        first = error.errors()[0]
        reason = ": ".join([".".join(str(part) for part in first["loc"]) or "document", first["msg"]])
    except (ValueError, RecursionError) as error:
        reason = str(error)
    remedy = "Delete the file and run isogloss evaluate again"
    raise InputError([Fault(file, f"not a result of schema {SCHEMA} ({reason})", remedy)])


def _quickly_read(content: bytes) -> Outcome | None:
    """The outcome in a document, read in half the time; None for one to be looked at more closely."""
    if b"NaN" in content or b"Infinity" in content:
        return None
    try:
        return outcome_adapter().validate_json(content)
    except ValidationError:
        return None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


@dataclass(frozen=True)
class ResultStore:
    """The folder of result files: ``<model-slug>/<dataset-slug>.json``."""

    folder: Path

    def path(self, model_slug: str, dataset_slug: str) -> Path:
        return self.folder / model_slug / f"{dataset_slug}.json"

    def read(self, model_slug: str, dataset_slug: str) -> Outcome | None:
        """The stored outcome of a pair, None when there is none. Raises InputError when it is unreadable."""
        path = self.path(model_slug, dataset_slug)
        return self._read(path) if path.is_file() else None

    def draws(self, model_slug: str, dataset_slug: str, key: str = "") -> Draws | None:
        """The stored resamples of a pair, None when there are none.

        Args:
            model_slug: of the pair.
            dataset_slug: of the pair.
            key: of the result that they are to belong to; of whichever when empty.

        Raises InputError when they are unreadable, or those of another result.
        """
        path = self.path(model_slug, dataset_slug).with_suffix(DRAWS)
        if not path.is_file():
            return None
        try:
            owner = owner_of(path.read_bytes())
            if owner and key and owner != key:
                raise ValueError("they belong to another result")
            return _as_draws(read_npz(path))
        except (OSError, ValueError) as error:
            remedy = "Delete the file and run isogloss evaluate again"
            raise InputError([Fault(str(path), f"not a file of resamples ({error})", remedy)]) from None

    def datasets(self) -> set[str]:
        """The slugs of the datasets that there are outcomes on."""
        return {path.stem for path in self.folder.glob("*/*.json")}

    def resamples(self, outcomes: Iterable[Outcome]) -> Resamples:
        """The stored resamples of outcomes, by model and dataset slug. Raises InputError as `draws` does."""
        pairs = {(each.model.slug, each.dataset.slug): each.provenance.key for each in outcomes}
        return {pair: draws for pair, key in pairs.items() if (draws := self.draws(*pair, key))}

    def is_whole(self, outcome: Outcome) -> bool:
        """Whether everything that belongs to an outcome is stored and readable."""
        if isinstance(outcome, PairFailure):
            return True
        if outcome.affinity.low is None and outcome.geometry.get("intra_spread", Estimate(None)).low is None:
            return True
        try:
            return self.draws(outcome.model.slug, outcome.dataset.slug, outcome.provenance.key) is not None
        except InputError:
            return False

    def write(self, outcome: Outcome, draws: Draws | None = None) -> Path:
        """Store an outcome whole or not at all, its resamples beside it.

        A failure that says nothing new keeps its first date.
        """
        path = self.path(outcome.model.slug, outcome.dataset.slug)
        if isinstance(outcome, PairFailure) and self._says(path, outcome):
            return path
        beside, content = path.with_suffix(DRAWS), sealed(to_json(outcome).encode())
        # The result comes last: once it is there, so is all that belongs to it.
        if draws:
            write_atomically(beside, _packed(draws, outcome.provenance.key))
        else:
            with writing(beside):
                beside.unlink(missing_ok=True)
        write_atomically(path, content)
        return path

    def __iter__(self) -> Iterator[Outcome]:
        """Every stored outcome, by model and dataset slug."""
        for path in sorted(self.folder.glob("*/*.json")):
            yield self._read(path)

    def _read(self, path: Path) -> Outcome:
        """The outcome in a file. Raises InputError when it is unreadable, or that of another pair."""
        try:
            content = path.read_bytes()
        except OSError as error:
            remedy = "Make it a file that can be read, or remove it"
            raise InputError([Fault(str(path), f"cannot be read ({error.strerror})", remedy)]) from None
        outcome = from_json(content, str(path))
        place = self.path(outcome.model.slug, outcome.dataset.slug)
        if path != place:
            remedy = f"Move it to {place}, or delete it"
            raise InputError(
                [Fault(str(path), f"the result of {outcome.model.slug} on {outcome.dataset.slug}", remedy)]
            )
        return outcome

    def _says(self, path: Path, failure: PairFailure) -> bool:
        try:
            stored = self._read(path)
        except InputError:
            return False
        return (
            isinstance(stored, PairFailure)
            and stored.error == failure.error
            and stored.provenance.key == failure.provenance.key
        )


def _as_draws(arrays: Mapping[str, npt.NDArray[Any]]) -> Draws:
    """Arrays as resamples. Raises ValueError unless each is a list of numbers, and all of the same length."""
    if any(array.ndim != 1 or array.dtype.kind not in "fiu" for array in arrays.values()):
        raise ValueError("not lists of numbers")
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"lists of {' and '.join(map(str, sorted(lengths))) or 'no'} numbers")
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _packed(draws: Draws, key: str) -> bytes:
    """The NPZ file of some resamples, which belong to the result with a key.

    NumPy writes no date into it, so that the same draws give the same bytes.
    """
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **draws)
    return sealed_archive(content.getvalue(), key)

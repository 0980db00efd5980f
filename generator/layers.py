"""Alignment layer by layer: what each layer of a transformer makes of words and their translations.

After Ngugi, arXiv 2506.15415, who follows the mean cosine of translations through the layers of a model. Here that
cosine stands beside the one of words of different meaning: where both are high, neither says anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from generator.datasets import Dataset
from generator.encode import Loader
from generator.errors import Fault, InputError, LayersUnavailableError, MeasureUndefinedError, reason_of
from generator.files import UnwritableError, write_atomically
from generator.listing import as_table
from generator.measures.affinity import semantic_affinity, unit_vectors
from generator.measures.index import ConceptIndex, FloatArray, VectorArray
from generator.measures.resampling import affinity_draws, centred_affinity
from generator.models.encoder import Encoder, Settings
from generator.models.registry import Model
from generator.models.sources import identity, pinned
from generator.pair import Parameters, concept_index, dataset_weights, today, versions
from generator.progress import say
from generator.records import dataset_record, model_record
from generator.results import (
    SIGNIFICANT_DIGITS,
    DatasetRecord,
    Estimate,
    ModelRecord,
    Provenance,
    Undefined,
    resampled,
)
from generator.seal import sealed, unsealed

LAYERS_VERSION = 1
"""Part of every curve's key: bump it when the same model and list would give other numbers."""

SCHEMA: Final = 1

LAYERED = ("package", "hf", "folder")
"""Kinds of source whose models run here, so that their layers can be looked into."""

NO_VALUE = Estimate(None)


@dataclass(frozen=True)
class Layer:
    """One layer's alignment, each measure with its interval; ``undefined`` says why one has no value."""

    number: int
    """0 is the embedding layer."""
    semantic_affinity: Estimate = NO_VALUE
    null_sa: Estimate = NO_VALUE
    centred_sa: Estimate = NO_VALUE
    translation_cosine: Estimate = NO_VALUE
    """1 - V: the mean cosine of translations."""
    random_cosine: Estimate = NO_VALUE
    """1 - V₀: the mean cosine of words of different concepts in different languages."""
    undefined: Undefined = field(default_factory=dict)

    @property
    def above_chance(self) -> float | None:
        """SA - null SA."""
        value, null = self.semantic_affinity.value, self.null_sa.value
        return None if value is None or null is None else value - null


@dataclass(frozen=True)
class LayerCurve:
    """One model's layers on one dataset, from the embedding layer on."""

    __pydantic_config__ = ConfigDict(allow_inf_nan=False)

    model: ModelRecord
    dataset: DatasetRecord
    model_pooling: str
    """How the model itself pools; empty where it does not say."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    provenance: Provenance
    pooling: Literal["mean"] = "mean"
    """How the layers are pooled here."""
    schema: Literal[1] = SCHEMA


Curves = Mapping[tuple[str, str], LayerCurve]
"""By model and dataset slug."""


def has_layers(model: Model) -> bool:
    """Whether a model may have layers to look into."""
    return model.kind in LAYERED


def layer_curve(
    dataset: Dataset,
    model: Model,
    layers: VectorArray,
    parameters: Parameters,
    *,
    settings: Settings | None = None,
    pooling: str = "",
) -> LayerCurve:
    """SA, null SA, centred SA and mean cosines of every layer.

    Intervals come from the resamples that `generator.pair.measure_pair` uses, so that layers and models are paired.

    Args:
        dataset: concepts with translations.
        model: the pinned model that the vectors come from.
        layers: (n_layers + 1, n_texts, d), a row a text in the order of ``dataset.texts``.
        parameters: draws, seed and confidence.
        settings: what the encoder says of itself.
        pooling: how the model itself pools.
    """
    concepts = concept_index(dataset)
    weights = dataset_weights(dataset, parameters)
    row = {text: i for i, text in enumerate(dataset.texts)}
    rows = {tag: [row[text] for text in texts] for tag, texts in dataset.renderings.items()}
    return LayerCurve(
        model_record(model, settings or {}, layers.shape[2]),
        dataset_record(dataset),
        pooling,
        tuple(
            _measured(number, {tag: vectors[i] for tag, i in rows.items()}, concepts, weights, parameters.confidence)
            for number, vectors in enumerate(layers)
        ),
        Provenance(today(), versions(), parameters.seed, _decisive(parameters), layers_key(dataset, model, parameters)),
    )


def layers_key(dataset: Dataset, model: Model, parameters: Parameters) -> str:
    """SHA-256 of everything that decides a curve; a stored curve with another key is outdated."""
    decided_by = {"dataset": dataset.digest, "model": identity(model), "parameters": _decisive(parameters)}
    return hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()


def document(curve: LayerCurve) -> dict[str, Any]:
    """What a curve's file holds."""
    told = asdict(curve)
    return {"schema": told.pop("schema"), **told}


def table(curve: LayerCurve) -> str:
    """A curve as a title and aligned columns."""
    rows = [
        {
            "layer": layer.number,
            "SA": layer.semantic_affinity.value,
            "null SA": layer.null_sa.value,
            "centred SA": layer.centred_sa.value,
            "cosine of translations": layer.translation_cosine.value,
            "of random pairs": layer.random_cosine.value,
        }
        for layer in curve.layers
    ]
    return f"{curve.model.name} on {curve.dataset.name}, {curve.pooling} pooling\n\n{as_table(rows)}"


def from_json(text: str | bytes, file: str = "layers") -> LayerCurve:
    """The curve in a document. Raises InputError when it is not one of this schema."""
    try:
        return _adapter().validate_json(unsealed(text.encode() if isinstance(text, str) else text))
    except ValidationError as error:
        first = error.errors()[0]
        reason = ": ".join([".".join(str(part) for part in first["loc"]) or "document", first["msg"]])
    except ValueError as error:
        reason = str(error)
    remedy = "Delete the file and run isogloss layers again"
    raise InputError([Fault(file, f"not a layer curve of schema {SCHEMA} ({reason})", remedy)])


@dataclass(frozen=True)
class LayerStore:
    """The curves among the results: ``<model-slug>/layers/<dataset-slug>.json``."""

    folder: Path

    def path(self, model_slug: str, dataset_slug: str) -> Path:
        return self.folder / model_slug / "layers" / f"{dataset_slug}.json"

    def read(self, model_slug: str, dataset_slug: str) -> LayerCurve | None:
        """The stored curve, None when there is none. Raises InputError when it is unreadable."""
        path = self.path(model_slug, dataset_slug)
        return from_json(path.read_bytes(), str(path)) if path.is_file() else None

    def write(self, curve: LayerCurve) -> Path:
        """Store a curve whole or not at all."""
        path = self.path(curve.model.slug, curve.dataset.slug)
        write_atomically(path, sealed((json.dumps(document(curve), ensure_ascii=False, indent=1) + "\n").encode()))
        return path

    def __iter__(self) -> Iterator[LayerCurve]:
        """Every stored curve, by model and dataset slug."""
        for path in sorted(self.folder.glob("*/layers/*.json")):
            yield from_json(path.read_bytes(), str(path))

    def curves(self) -> Curves:
        """Every stored curve. Raises InputError when one is unreadable."""
        return {(curve.model.slug, curve.dataset.slug): curve for curve in self}


def current_curves(
    model: Model,
    datasets: Sequence[Dataset],
    parameters: Parameters,
    store: LayerStore,
    *,
    allow_remote_code: bool = False,
) -> list[LayerCurve]:
    """The curves of a model, those that are missing or outdated measured and stored first.

    Raises:
        InputError: for a model without layers here, or a dataset without translations.
        ModelUnavailableError: when the model cannot be loaded or does not show its layers.
    """
    faults = [
        Fault("dataset", f"{dataset.slug!r} has no translations to compare", "Choose another one")
        for dataset in datasets
        if not dataset.card.translated
    ]
    if not has_layers(model):
        remedy = "Choose a transformer that runs here: a packaged one, hf:ORG/NAME or a folder"
        faults.append(Fault("model", f"no layers of {model.name!r} can be seen ({model.kind})", remedy))
    if faults:
        raise InputError(faults)
    fixed = pinned(model)
    load = Loader(fixed, allow_remote_code=allow_remote_code)
    return [_current(dataset, fixed, parameters, store, load) for dataset in datasets]


def measure_layers(
    models: Sequence[Model],
    datasets: Sequence[Dataset],
    parameters: Parameters,
    store: LayerStore,
    *,
    allow_remote_code: bool = False,
) -> int:
    """Measure every curve that is missing or outdated of the models that may have layers; say what fails and go on.

    Returns how many curves failed; a model that has no layers to look into fails none.
    Raises UnwritableError when a curve cannot be stored.
    """
    if not datasets:
        return 0
    failed = 0
    for model in filter(has_layers, models):
        try:
            fixed = pinned(model)
        except Exception as error:  # whatever a package, folder or hub raises
            say(f"{model.name}, layer by layer: failed. {reason_of(error)}")
            failed += len(datasets)
            continue
        load = Loader(fixed, allow_remote_code=allow_remote_code)
        for dataset in datasets:
            try:
                _current(dataset, fixed, parameters, store, load)
            except UnwritableError:
                raise
            except Exception as error:  # whatever a model raises; the others go on
                say(f"{model.name} × {dataset.card.name}, layer by layer: failed. {error}")
                failed += not isinstance(error, LayersUnavailableError)
    return failed


def _current(
    dataset: Dataset, model: Model, parameters: Parameters, store: LayerStore, load: Callable[[], Encoder]
) -> LayerCurve:
    """The stored curve of a pinned model where it is up to date, otherwise one measured and stored now."""
    try:
        stored = store.read(model.slug, dataset.slug)
    except InputError:
        stored = None  # one that cannot be read counts as missing
    key = layers_key(dataset, model, parameters)
    if stored and stored.provenance.key == key and stored.model.name == model.name:
        return stored
    from generator.models.transformer import TransformerEncoder  # which the half that only reads results does without

    encoder = load()
    if not isinstance(encoder, TransformerEncoder):
        raise LayersUnavailableError(f"{model.name} does not show its layers")
    layers = encoder.layer_vectors(dataset.texts)
    curve = layer_curve(dataset, model, layers, parameters, settings=encoder.settings, pooling=encoder.pooling)
    store.write(curve)
    say(f"{model.name} × {dataset.card.name}: {len(layers) - 1} layers measured")
    return curve


def _measured(
    number: int, vectors: Mapping[str, VectorArray], concepts: ConceptIndex, weights: FloatArray, confidence: float
) -> Layer:
    """One layer from its vectors by language."""
    try:
        units = unit_vectors(vectors)
        affinity = semantic_affinity(units, concepts)
    except MeasureUndefinedError as error:
        return Layer(number, undefined={"semantic_affinity": str(error)})
    draws = affinity_draws(units, concepts, affinity.concept_spread, weights)
    measures = {
        "semantic_affinity": (affinity.value, draws.affinity),
        "null_sa": (affinity.null, draws.null),
        "translation_cosine": (1 - affinity.inter_spread, 1 - draws.inter),
        "random_cosine": (1 - affinity.null_spread, 1 - draws.null_spread),
    }
    undefined: dict[str, str] = {}
    try:
        centred = centred_affinity(units, concepts, weights)
    except MeasureUndefinedError as error:
        undefined["centred_sa"] = str(error)
    else:
        measures["centred_sa"] = (centred.value, centred.draws)
    estimates = {name: _estimate(value, drawn, confidence) for name, (value, drawn) in measures.items()}
    for name, estimate in estimates.items():
        if estimate.value is None:
            undefined[name] = "there is no other concept to compare with"
        elif estimate.low is None:
            undefined[f"{name} interval"] = "too few concepts to resample"
    return Layer(number, **estimates, undefined=undefined)


def _estimate(value: float, draws: FloatArray, confidence: float) -> Estimate:
    """A value with its interval, rounded as in files, so that a curve is the same before and after it was stored."""
    ends = astuple(resampled(value, draws, confidence))
    return Estimate(*(None if end is None else float(f"{end:.{SIGNIFICANT_DIGITS}g}") for end in ends))


def _decisive(parameters: Parameters) -> dict[str, Any]:
    """Those of the parameters that decide a curve."""
    return {
        "seed": parameters.seed,
        "draws": parameters.draws,
        "confidence": parameters.confidence,
        "layers_version": LAYERS_VERSION,
    }


@cache
def _adapter() -> TypeAdapter[LayerCurve]:
    return TypeAdapter(LayerCurve)

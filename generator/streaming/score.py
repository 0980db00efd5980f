"""The score of a file of any length: SA, null and centred SA of all of it, everything else of a sample."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from generator.alignment import (
    WITHOUT_INTERVAL,
    affinity_measures,
    intervals_of,
    language_pairs,
    without_value,
)
from generator.cluster.tasks import ClusterError
from generator.datasets import Dataset
from generator.datasets.chunks import most_rows
from generator.datasets.load import Source, find_source
from generator.encode import CONTROL
from generator.errors import Fault, InputError, MeasureUndefinedError
from generator.files import UnwritableError, writing
from generator.lock import locked
from generator.measures.affinity import affinity_of, unit_vectors
from generator.measures.index import FloatArray
from generator.measures.resampling import Resampled, concept_weights, percentile_interval
from generator.measures.streams import Frame, StreamSums, stream_draws, stream_pair_draws
from generator.models.encoder import Encoder
from generator.models.registry import Model
from generator.models.sources import identity, load_encoder, pinned
from generator.pair import Parameters, failed_pair, measure_pair
from generator.progress import console, counted, say
from generator.results import LanguageRecord, Measures, PairFailure, PairResult, resampled
from generator.streaming.passes import Pass, SerialPass, encoded_renderings
from generator.streaming.shards import RENDERINGS, Cut, cut
from generator.streaming.slices import SlicedVectors
from generator.streaming.tree import Checkpoint
from generator.vectors import cache_path

STREAM_ABOVE = 50_000
"""Files of more rows are streamed."""
STREAM_VERSION = 2
"""Part of what identifies a run: bump it when shards or their sums change, so that no run goes on from others."""
SHARDS = "shards"
"""The folder that all runs on a file share; beside it each model has its own."""
CHEAP = ("precomputed", "ngrams")
"""Kinds of models whose vectors cost less to have again than to keep between the passes."""
SPOOL_SHARE = 0.9
"""Of the free space of a disk, what the vectors kept between the passes may take."""
TELL_SECONDS = 30.0

Outcome = TypeVar("Outcome", PairResult, PairFailure)


def is_streamed(path: str | Path, languages: Sequence[str], model: Model) -> bool:
    """Whether a file is too long to be measured in memory.

    Lists without translations and controls, which are made for a list as a whole, are never streamed.
    Raises InputError as `load_dataset` does.
    """
    translated = find_source(path, languages).card.translated
    return model.kind != CONTROL and translated and is_long(path, languages)


def is_long(path: str | Path, languages: Sequence[str]) -> bool:
    """Whether a file has more rows than one that is measured in memory. Raises InputError as `load_dataset` does."""
    return most_rows(find_source(path, languages).table) > STREAM_ABOVE


def score_stream(
    path: str | Path,
    model: Model,
    parameters: Parameters | None = None,
    *,
    languages: Sequence[str] = (),
    allow_remote_code: bool = False,
    run_pass: Callable[[Model, Path], Pass] | None = None,
    renderings: int = RENDERINGS,
) -> PairResult | PairFailure:
    """Measure one pair without holding its vectors in memory.

    A run that is stopped or killed goes on from where it was, as long as file, model and parameters stay the same, and
    gives the same bytes. What it keeps for that lies in the folder ``streams`` beside the vectors cache until it ends;
    the shards stay there as long as another model's run on the file is unfinished.

    Args:
        path: of the dataset, as for `load_dataset`.
        model: from `load_model`.
        parameters: draws, seed and layout; the map is that of the sample.
        languages: those to keep, as for `load_dataset`.
        allow_remote_code: run code from the model's repository if its entry asks for it.
        run_pass: what looks at the shards, given the pinned model and a folder for its use; this process, if not given.
        renderings: the size of a shard.

    Returns:
        The result, whose concepts, companion measures and map are those of the sample, or the failure with its reason.

    Raises:
        InputError: when the file, or one that the model is read from, is faulty.
        ClusterError: when the passes run on a cluster that goes away.
        UnwritableError: when the disk takes no more.
    """
    source, told = find_source(path, languages), parameters or Parameters()
    if not source.card.translated:
        raise InputError([Fault(str(path), "nothing in it is translated", "Score a list of translations")])
    folder = cache_path().parent / "streams" / _key(_file_digest(source), renderings, told.seed)
    say(f"{source.table.name} is long and read as a stream; what looks at all pairs of words looks at a sample")
    with locked(folder):
        try:
            with _progress("Reading", most_rows(source.table)) as advance:
                parts = cut(source, folder / SHARDS, told.seed, advance, renderings=renderings)
            return _scored(source, parts, model, told, folder, allow_remote_code, run_pass)
        finally:
            with suppress(OSError):  # that it is not empty, or was never made
                folder.rmdir()


def _scored(
    source: Source,
    parts: Cut,
    model: Model,
    parameters: Parameters,
    folder: Path,
    allow_remote_code: bool,
    run_pass: Callable[[Model, Path], Pass] | None,
) -> PairResult | PairFailure:
    sample = Dataset(source.slug, source.card, parts.languages, parts.sample)
    try:
        fixed = pinned(model)
        own = folder / _key(identity(fixed), dataclasses.asdict(parameters))
        encoder = _encoder(fixed, own, allow_remote_code)
        vectors = encoded_renderings(sample.renderings, encoder)
        found = measure_pair(sample, fixed, vectors, parameters, encoder.settings).result
        frame = Frame.around(unit_vectors(vectors), _seed(parameters, parts))
        run = run_pass(fixed, own) if run_pass else SerialPass(encoder, _spool(fixed, parts, frame, own))
        outcome = _of_whole(_all_of_it(found, parts, frame, parameters, run, own), parts)
    except (InputError, ClusterError, UnwritableError):  # of the input, the cluster or the disk, not of the model
        raise
    except Exception as error:  # whatever a model raises; a later run may go on
        if model.kind == "precomputed":  # but for one that mends the file: it is then another one
            shutil.rmtree(own, ignore_errors=True)
        return _of_whole(failed_pair(sample, model, parameters, error), parts)
    _tidy(folder, own)
    return outcome


def _tidy(folder: Path, own: Path) -> None:
    """Remove what a model's finished run kept, and the shards unless another's may go on with them."""
    shutil.rmtree(own, ignore_errors=True)
    if all(each.name == SHARDS for each in folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _all_of_it(
    sample: PairResult, parts: Cut, frame: Frame, parameters: Parameters, run: Pass, folder: Path
) -> PairResult:
    """The result of the sample with what was summed over all concepts in place of what the sample says of it."""
    sums = _passed("Summing", parts, frame, run, folder)
    affinity = affinity_of(sums.affinity)
    weights = concept_weights(frame.groups, parameters.draws, [parameters.seed, frame.seed])
    drawn = stream_draws(sums.groups, weights)
    try:
        without_offset = _passed("Centring", parts, frame.centred(sums.affinity.centre), run, folder)
        centred, no_centred = _centred(without_offset, weights), ""
    except MeasureUndefinedError as error:
        centred, no_centred = Resampled(np.nan, np.full(parameters.draws, np.nan)), str(error)
    estimates = {
        name: resampled(each.value, each.draws, parameters.confidence)
        for name, each in affinity_measures(affinity, drawn, centred).items()
    }
    of_sample = cast("Measures", sample.measures)
    undefined = without_value(estimates, no_centred)
    if estimates["semantic_affinity"].low is None:
        undefined["semantic_affinity interval"] = WITHOUT_INTERVAL
    undefined |= {name: why for name, why in of_sample.undefined.items() if name.split()[0] not in estimates}
    spreads = zip(affinity.languages, affinity.language_spread, drawn.language_spread, parts.n_renderings, strict=True)
    return dataclasses.replace(
        sample,
        measures=dataclasses.replace(
            of_sample,
            semantic_affinity=estimates["semantic_affinity"],
            semantic_ratio=affinity.ratio,
            inter_spread=affinity.inter_spread,
            intra_spread=affinity.intra_spread,
            null_sa=estimates["null_sa"].value,
            chance_corrected=estimates["chance_corrected"].value,
            centred_sa=estimates["centred_sa"],
            offset_penalty=estimates["offset_penalty"],
            intervals=intervals_of(estimates),
            undefined=undefined,
            sample=len(parts.sample),
        ),
        languages={
            tag: _language(spread, draws, n, sample.languages[tag], parameters.confidence)
            for tag, spread, draws, n in spreads
        },
        language_pairs=language_pairs(
            affinity, stream_pair_draws(sums.groups, drawn.language_spread, weights), parameters.confidence
        ),
        spread_groups=(),
        provenance=dataclasses.replace(
            sample.provenance,
            parameters={
                **sample.provenance.parameters,
                "stream": {"version": STREAM_VERSION, "shards": len(parts.shards), "groups": frame.groups},
            },
        ),
    )


def _language(
    spread: float, draws: FloatArray, n_renderings: int, of_sample: LanguageRecord, confidence: float
) -> LanguageRecord:
    interval = percentile_interval(draws, confidence)
    return LanguageRecord(
        float(spread),
        n_renderings,
        None,
        interval.low if interval else None,
        interval.high if interval else None,
        of_sample.attraction,
    )


def _of_whole(outcome: Outcome, parts: Cut) -> Outcome:
    """The outcome as one on the whole file rather than on the sample."""
    return dataclasses.replace(
        outcome,
        dataset=dataclasses.replace(outcome.dataset, digest=parts.digest, n_concepts=parts.n_concepts),
        provenance=dataclasses.replace(
            outcome.provenance, key=_key(parts.digest, outcome.provenance.key, STREAM_VERSION)
        ),
    )


def _passed(what: str, parts: Cut, frame: Frame, run: Pass, folder: Path) -> StreamSums:
    """One pass, with its own checkpoint; one of another frame is of no use."""
    content = [frame.languages, frame.groups, frame.seed, frame.origin.tobytes().hex()]
    means = "" if frame.means is None else frame.means.tobytes().hex()
    with _progress(what, parts.n_concepts) as advance:
        return run(parts.shards, frame, Checkpoint(folder / f"{_key(content, means)}.npz"), advance)


def _centred(sums: StreamSums, weights: FloatArray) -> Resampled:
    """Centred SA. Raises MeasureUndefinedError where it has no value."""
    for tag, count in zip(sums.affinity.languages, sums.on_mean.tolist(), strict=True):
        if count:
            raise MeasureUndefinedError(f"{count} renderings of {tag} lie on its mean, so that no direction is left")
    return Resampled(affinity_of(sums.affinity).value, stream_draws(sums.groups, weights).affinity)


def _encoder(model: Model, folder: Path, allow_remote_code: bool) -> Encoder:
    if model.kind == "precomputed":
        say(f"Looking through {Path(model.locator).name}")
        return SlicedVectors(Path(model.locator), folder)
    return load_encoder(model, allow_remote_code=allow_remote_code)


def _spool(model: Model, parts: Cut, frame: Frame, folder: Path) -> Path | None:
    """Where to keep vectors between the passes; None where encoding again costs less, or they would fill the disk."""
    if model.kind in CHEAP:
        return None
    spool = folder / "vectors"
    kept = sum(file.stat().st_size for file in spool.glob("*"))
    needed = 4 * frame.origin.shape[1] * sum(sum(shard.n_renderings) for shard in parts.shards) - kept
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed <= SPOOL_SHARE * free:
        return spool
    say(
        f"Every text is encoded twice: {folder.parent} has {free / 1e9:.1f} GB free, and to keep the vectors takes "
        f"{needed / 1e9:.1f} GB. Set ISOGLOSS_CACHE to a folder with more space to avoid it"
    )
    return None


def _seed(parameters: Parameters, parts: Cut) -> int:
    """Datasets share no concepts, so their groups must have nothing in common either."""
    return int(_key(parameters.seed, parts.digest)[:16], 16)


def _file_digest(source: Source) -> str:
    """Of the table's bytes, and of what else decides how it is read."""
    try:
        with source.table.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise InputError([Fault(str(source.table), problem, "Check the path")]) from None
    return _key(content, source.table.suffix.lower(), dataclasses.asdict(source.card), source.tags)


def _key(*told: object) -> str:
    """32 hexadecimal digits that differ wherever what is told does."""
    return hashlib.sha256(json.dumps([STREAM_VERSION, *told], sort_keys=True).encode()).hexdigest()[:32]


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Count up to ``total``; where there is no bar, a line every half a minute tells how far it is and how long yet.

    What is counted first, by a run that goes on, says nothing of the speed.
    """
    lines = not console().is_terminal
    began = told = time.monotonic()
    found = done = -1

    def advance(count: int) -> None:
        nonlocal found, done, told
        found, done = (count, count) if done < 0 else (found, done + count)
        now, message = time.monotonic(), ""
        if lines and now - told > TELL_SECONDS and done > found:
            left = _duration((total - done) * (now - began) / (done - found)) + " left" if done < total else "done"
            message, told = f"{what}: {done:,} of {total:,}, {left}", now
        count_up(count, message)

    with counted(what, total) as count_up:
        yield advance


def _duration(seconds: float) -> str:
    """A duration in words.

    >>> _duration(59), _duration(5000)
    ('1 min', '1 h 23 min')
    """
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

"""Two to four models side by side: by how much their SA differs, how sure that is, and where it comes from.

On a dataset all models share their resamples, so that a difference is taken draw by draw. Its interval is that of
`generator.ranks`, over the compared models only: it holds for all their pairs at once. Over several datasets, which
share no concepts and are resampled independently, draw b of the mean is the mean of the draws b.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from generator.config import Benchmark
from generator.datasets import Dataset
from generator.errors import Fault, InputError, did_you_mean
from generator.leaderboard import Cell, Leaderboard, Standing, build_leaderboard
from generator.listing import as_table
from generator.ranks import EQUIVALENT, POWER_QUANTILE, Difference, FloatArray, Verdict, ranking
from generator.result_store import ResultStore
from generator.results import Draws, Estimate, ModelRecord, PairResult, Resamples
from generator.shown import decimal, signed

FEWEST, MOST = 2, 4
"""How many models can be compared at once."""
LEAST_DRAWS = 2
"""Draws that a deviation needs."""
DISPUTED, TOLD = 10, 3
"""How many concepts are listed in favour of each of two models, and in the terminal."""
LEAST_LIFT = 0.001
"""A difference of 1 - V/V₀ that shows at all."""
MEASURE = "semantic_affinity"
SCORES = ("SA", "null", "above chance", "centred", "offset penalty")
"""The columns of scores in the terminal."""

PHRASES: Mapping[str, str] = {
    "differ": "{better} aligns these languages better than {worse}: {gap} ({low} to {high})",
    "hardly": "{better} aligns these languages better than {worse}, though by less than {margin}: "
    "{gap} ({low} to {high})",
    "equivalent": "{better} and {worse} are equivalent within ±{margin}: {gap} ({low} to {high})",
    "cannot tell": "{better} and {worse} cannot be told apart here: {gap} ({low} to {high}); "
    "a difference of {resolution} would be found",
    "no interval": "{better} scores {gap} against {worse}; without resamples nothing says whether by chance",
    "opposed": "; above chance {worse} leads, {worse_lift} against {better_lift}",
}
"""What is said of two models; the page says it in the same words.

The last one is added where 1 - V/V₀ has the models the other way round: an offset between languages lowers SA and
what chance gives alike.
"""

WARNING = (
    "SA depends on how wide a word list's topics are, so a mean over lists weighs them unlike each other: "
    "read the lists one by one first."
)


@dataclass(frozen=True)
class Contrast:
    """Two models on the same concepts."""

    a: ModelRecord
    b: ModelRecord
    difference: Estimate
    """SA of ``a`` less that of ``b``; the interval holds for all compared pairs at once, None without resamples."""
    resolution: float | None
    """The smallest difference of these two that would be found in 80 of 100 cases; None without resamples."""
    lifts: tuple[float | None, float | None]
    """1 - V/V₀ of both."""

    @property
    def verdict(self) -> Verdict | None:
        """What can be said; None without resamples."""
        value, low, high = self.difference.value, self.difference.low, self.difference.high
        return None if value is None or low is None or high is None else Difference(value, low, high).verdict

    @property
    def words(self) -> str:
        """The verdict as a sentence without its full stop, the better model first."""
        value, low, high = self.difference.value or 0.0, self.difference.low, self.difference.high
        models, lifts = ((self.b, self.a), self.lifts[::-1]) if value < 0 else ((self.a, self.b), self.lifts)
        told = {
            "better": models[0].name,
            "worse": models[1].name,
            "gap": signed(abs(value)),
            "margin": f"{EQUIVALENT:g}",
            "better_lift": decimal(lifts[0] or 0.0),
            "worse_lift": decimal(lifts[1] or 0.0),
            "resolution": decimal(self.resolution or 0.0),
        }
        kind: str = self.verdict or "no interval"
        if low is not None and high is not None:
            low, high = (-high, -low) if value < 0 else (low, high)
            told |= {"low": decimal(low), "high": decimal(high)}
            kind = "hardly" if kind == "differ" and high < EQUIVALENT else kind
        opposed = None not in lifts and (lifts[1] or 0.0) - (lifts[0] or 0.0) > LEAST_LIFT
        phrase = PHRASES[kind] + PHRASES["opposed"] * (opposed and kind not in {"equivalent", "cannot tell"})
        return phrase.format(**told)


@dataclass(frozen=True)
class Scores:
    """SA of the compared models on one dataset, or its mean over several."""

    values: tuple[float, ...]
    """In the order of the models, like all that follows."""
    nulls: tuple[float | None, ...]
    """Null SA."""
    lifts: tuple[float | None, ...]
    """1 - V/V₀, what translations gain over words of other meaning."""
    centred: tuple[float | None, ...]
    """Centred SA."""
    offsets: tuple[float | None, ...]
    """The offset penalty, centred SA less SA."""
    contrasts: tuple[Contrast, ...]
    """Every model with every later one."""


@dataclass(frozen=True)
class Shared:
    """A dataset that all compared models were measured on."""

    dataset: Dataset
    results: tuple[PairResult, ...]
    """In the order of the models."""
    scores: Scores


@dataclass(frozen=True)
class Omission:
    """Why a dataset could not be compared on: a model that lacks it, or all when it has no translations."""

    dataset: Dataset
    model: ModelRecord | None
    reason: str

    def __str__(self) -> str:
        who = f"{self.model.name} " if self.model else ""
        return f"{self.dataset.card.name}: {who}{self.reason}"


@dataclass(frozen=True)
class Comparison:
    """Two to four models over the datasets that they share."""

    models: tuple[ModelRecord, ...]
    shared: tuple[Shared, ...]
    counting: tuple[str, ...]
    """Slugs of the datasets that `overall` is the mean over: those that count towards the overall place."""
    overall: Scores | None
    """None unless several datasets count and all are shared."""
    omitted: tuple[Omission, ...]


@dataclass(frozen=True)
class Dispute:
    """A concept that two models place differently well."""

    concept: str
    renderings: Mapping[str, tuple[str, ...]]
    difference: float
    """SA of the concept in the first model less that in the second."""


@dataclass(frozen=True)
class PairScores:
    """Two languages, and their SA in each model in the order of the models; None where it has no value."""

    a: str
    b: str
    values: tuple[float | None, ...]


def compare(
    board: Leaderboard,
    models: Sequence[str],
    resamples: Resamples,
    datasets: Sequence[str] = (),
    confidence: float = 0.95,
) -> Comparison:
    """Compare models over the datasets that they share.

    Args:
        board: every model on every dataset.
        models: their slugs, two to four different ones of the board.
        resamples: by model and dataset slug; without those of all models a difference has no interval.
        datasets: slugs to keep to; all with translations when empty.
        confidence: of all differences of a dataset, or of the overall ones, at once.
    """
    standings = [next(s for s in board.standings if s.model.slug == slug) for slug in models]
    records = tuple(standing.model for standing in standings)
    shared, omitted = [], []
    for dataset in board.datasets:
        if dataset.slug not in (datasets or [d.slug for d in board.scored]):
            continue
        lacking = list(_omissions(dataset, standings))
        omitted += lacking
        if not lacking:
            results = tuple(r for s in standings if (r := s.cells[dataset.slug].result))
            draws = _drawn([resamples.get((slug, dataset.slug), {}) for slug in models])
            shared.append(
                Shared(dataset, results, _scores(records, _values(results), draws, confidence, len(dataset.concepts)))
            )
    counted = [each for each in shared if each.dataset.slug in board.overall]
    counts = len(counted) == len(board.overall) > 1
    return Comparison(
        records,
        tuple(shared),
        board.overall if counts else (),
        _overall(records, counted, resamples, confidence) if counts else None,
        tuple(omitted),
    )


def disputed(a: PairResult, b: PairResult, most: int = DISPUTED) -> tuple[tuple[Dispute, ...], tuple[Dispute, ...]]:
    """The concepts on which two results of one dataset differ most: those in favour of ``a``, and of ``b``.

    Both begin with the largest difference; equal ones keep the order of the dataset.
    """
    disputes = [
        Dispute(ours.id, ours.renderings, ours.sa - theirs.sa)
        for ours, theirs in zip(a.concepts, b.concepts, strict=True)
        if ours.sa is not None and theirs.sa is not None
    ]
    ahead = sorted((d for d in disputes if d.difference > 0), key=lambda d: -d.difference)
    behind = sorted((d for d in disputes if d.difference < 0), key=lambda d: d.difference)
    return tuple(ahead[:most]), tuple(behind[:most])


def by_language_pair(results: Sequence[PairResult]) -> tuple[PairScores, ...]:
    """SA of every pair of languages in results of one dataset, in the order of the first result."""
    known = [{(pair.a, pair.b): pair.sa for pair in result.language_pairs} for result in results]
    return tuple(PairScores(a, b, tuple(values.get((a, b)) for values in known)) for a, b in known[0])


def neighbours(board: Leaderboard) -> tuple[tuple[ModelRecord, ModelRecord], ...]:
    """Every ranked model that was measured with the next one in overall order."""
    return tuple(pairwise(standing.model for standing in board.standings if standing.ranked and is_scored(standing)))


def rival(board: Leaderboard, standing: Standing) -> ModelRecord | None:
    """The model to compare one with first: the next in overall order, the previous for the last, the best otherwise.

    None when either has no score.
    """
    ranked = [s.model for s in board.standings if s.ranked and is_scored(s)]
    if standing.model not in ranked:
        return ranked[0] if ranked and is_scored(standing) else None
    place = ranked.index(standing.model)
    return next(iter((*ranked[place + 1 :], *ranked[max(place - 1, 0) : place])), None)


def is_scored(standing: Standing) -> bool:
    """Whether a model has SA on any dataset as it is now."""
    return any(cell.result and cell.result.affinity.value is not None for cell in standing.cells.values())


def chosen_models(names: Sequence[str], known: Iterable[ModelRecord]) -> tuple[str, ...]:
    """The slugs of models called by name or slug.

    Raises InputError for an unknown one, and for fewer than two or more than four different ones.
    """
    models = list(known)
    slugs = {model.slug: model.slug for model in models} | {model.name: model.slug for model in models}
    faults = [
        Fault("model", f"there are no results of {name!r}", did_you_mean(name, slugs))
        for name in names
        if name not in slugs
    ]
    if faults:
        raise InputError(faults)
    chosen = tuple(dict.fromkeys(slugs[name] for name in names))
    if not FEWEST <= len(chosen) <= MOST:
        problem = f"{len(chosen)} different model{'s' * (len(chosen) != 1)} named"
        raise InputError([Fault("compare", problem, f"Name {FEWEST} to {MOST} models")])
    return chosen


def compare_stored(benchmark: Benchmark, names: Sequence[str], datasets: Sequence[str] = ()) -> Comparison:
    """Compare models by the results and resamples that a benchmark has stored.

    Args:
        benchmark: as configured.
        names: of the models, as in the results, or their slugs.
        datasets: slugs to keep to; all with translations when empty.

    Raises InputError for unknown names, as `chosen_models` does, and when the models share no dataset.
    """
    kept = [dataset.slug for dataset in benchmark.selected(datasets)]
    store = ResultStore(benchmark.results)
    stored = list(store)
    chosen = chosen_models(names, (outcome.model for outcome in stored))
    outcomes = [outcome for outcome in stored if outcome.model.slug in chosen]
    board = build_leaderboard(benchmark.datasets, (), outcomes, benchmark.overall, benchmark.reference)
    resamples = store.resamples(outcomes)
    comparison = compare(board, chosen, resamples, kept if datasets else (), benchmark.parameters.confidence)
    if not comparison.shared:
        reasons = "; ".join(map(str, comparison.omitted)) or "no dataset has translations"
        remedy = "Measure what is missing with isogloss evaluate"
        raise InputError([Fault("compare", f"these models share no dataset ({reasons})", remedy)])
    return comparison


def document(comparison: Comparison) -> dict[str, Any]:
    """A comparison as one JSON document.

    Keys: ``models`` [{slug, name, ranked}]; ``datasets`` [{slug, name, semantic_affinity {model: value}, null_sa,
    chance_corrected, centred_sa, offset_penalty, differences, disputed, language_pairs}]; ``overall``, null or
    {datasets [slug], warning} with the same scores and ``differences``; ``omitted`` [{dataset, model, reason}],
    ``model`` null where the reason is the dataset's own.

    Models are meant by slug. ``differences`` [{a, b, value, low, high, verdict, resolution, words}]: SA of a less that
    of b, with an interval that holds for all pairs at once; ``verdict`` is "differ", "equivalent" or "cannot tell";
    low, high, verdict and resolution are null without resamples. ``disputed`` [{a, b, for_a, for_b}], each a list of
    {concept, difference, renderings {language: [text]}}, largest first. ``language_pairs`` [{a, b, semantic_affinity}],
    where a and b are languages.
    """
    models = comparison.models
    overall = comparison.overall
    return {
        "models": [
            {"slug": model.slug, "name": model.name, "ranked": model.objective != "control"} for model in models
        ],
        "datasets": [
            {
                "slug": shared.dataset.slug,
                "name": shared.dataset.card.name,
                **_scores_record(models, shared.scores),
                "disputed": [_disputed_record(a, b) for a, b in combinations(shared.results, 2)],
                "language_pairs": [
                    {"a": pair.a, "b": pair.b, "semantic_affinity": _by_slug(models, pair.values)}
                    for pair in by_language_pair(shared.results)
                ],
            }
            for shared in comparison.shared
        ],
        "overall": {"datasets": list(comparison.counting), **_scores_record(models, overall), "warning": WARNING}
        if overall
        else None,
        "omitted": [
            {"dataset": each.dataset.slug, "model": each.model.slug if each.model else None, "reason": each.reason}
            for each in comparison.omitted
        ],
    }


def report(comparison: Comparison) -> str:
    """A comparison for the terminal: the scores as a table, and under it what they say."""
    names = [model.name for model in comparison.models]
    parts = [(each.dataset.card.name, each.scores) for each in comparison.shared]
    if comparison.overall:
        parts.append((f"mean of {len(comparison.counting)} that count", comparison.overall))
    rows = [
        {"word list": where, "model": name, **dict(zip(SCORES, values, strict=True))}
        for where, scores in parts
        for name, *values in zip(
            names, scores.values, scores.nulls, scores.lifts, scores.centred, scores.offsets, strict=True
        )
    ]
    blocks = [as_table(rows)]
    blocks += [
        "\n".join([where, *(f"  {contrast.words}." for contrast in scores.contrasts)]) for where, scores in parts
    ]
    if comparison.overall:
        blocks[-1] += f"\n  {WARNING}"
    for shared in comparison.shared if len(names) == FEWEST else ():
        sides = zip(names, disputed(shared.results[0], shared.results[1], TOLD), strict=True)
        lines = [f"  for {name}: {', '.join(map(_told, disputes))}" for name, disputes in sides if disputes]
        blocks.append("\n".join([f"{shared.dataset.card.name}, most disputed concepts", *lines]))
    if comparison.omitted:
        blocks.append("\n".join(["Left out", *(f"  {omission}" for omission in comparison.omitted)]))
    return "\n\n".join(blocks)


def _omissions(dataset: Dataset, standings: Sequence[Standing]) -> Iterable[Omission]:
    if not dataset.card.translated:
        yield Omission(dataset, None, "nothing is translated there, so there is no SA")
        return
    for standing in standings:
        if reason := why_missing(standing.cells[dataset.slug]):
            yield Omission(dataset, standing.model, reason)


def why_missing(cell: Cell) -> str:
    """Why a pair of a translated dataset cannot be compared, said of the model; empty when it can."""
    if cell.failure:
        return f"failed there: {cell.failure.error.message}"
    if cell.state == "outdated":
        return "was measured on an older version of it"
    return "" if cell.result and cell.result.affinity.value is not None else "was not measured there"


def _drawn(resamples: Sequence[Draws]) -> FloatArray | None:
    """SA of the models in each resample, (M, B), without the resamples in which any has none.

    None when a model has none stored, they do not belong together, or too few are left.
    """
    held = [draws[MEASURE] for draws in resamples if MEASURE in draws]
    if len(held) < len(resamples) or len({len(draws) for draws in held}) > 1:
        return None
    return np.stack(held).astype(np.float64)


def _values(results: Sequence[PairResult]) -> FloatArray:
    """SA, null SA, 1 - V/V₀, centred SA and offset penalty of results, (5, M), NaN where there is none."""
    measured = [result.measures for result in results if result.measures]
    rows = [
        (m.semantic_affinity.value, m.null_sa, m.chance_corrected, m.centred_sa.value, m.offset_penalty.value)
        for m in measured
    ]
    return np.array(rows, dtype=np.float64).T


def _scores(
    models: Sequence[ModelRecord], values: FloatArray, draws: FloatArray | None, confidence: float, n_concepts: int
) -> Scores:
    slugs = [model.slug for model in models]
    nulls, lifts, centred, offsets = (tuple(v if np.isfinite(v) else None for v in row) for row in values[1:].tolist())
    affinity = dict(zip(slugs, values[0].tolist(), strict=True))
    resampled = draws is not None and np.isfinite(draws).all(axis=0).sum() >= LEAST_DRAWS
    held = dict(zip(slugs, draws, strict=True)) if draws is not None and resampled else None
    ranked = ranking(affinity, held, confidence, n_concepts) if held else None

    def contrast(i: int, j: int) -> Contrast:
        a, b = slugs[i], slugs[j]
        if ranked is None:
            return Contrast(models[i], models[j], Estimate(affinity[a] - affinity[b]), None, (lifts[i], lifts[j]))
        found = ranked.difference(a, b)
        deviation = float(ranked.deviation[ranked.models.index(a), ranked.models.index(b)])
        resolution = (ranked.critical + POWER_QUANTILE) * deviation
        estimate = Estimate(found.value, found.low, found.high)
        return Contrast(models[i], models[j], estimate, resolution, (lifts[i], lifts[j]))

    pairs = combinations(range(len(models)), 2)
    contrasts = tuple(contrast(i, j) for i, j in pairs)
    return Scores(tuple(affinity.values()), nulls, lifts, centred, offsets, contrasts)


def _overall(
    models: Sequence[ModelRecord],
    counted: Sequence[Shared],
    resamples: Resamples,
    confidence: float,
) -> Scores:
    values = np.mean([_values(shared.results) for shared in counted], axis=0)
    drawn = [_drawn([resamples.get((m.slug, shared.dataset.slug), {}) for m in models]) for shared in counted]
    known = [draws for draws in drawn if draws is not None]
    together = len(known) == len(drawn) and len({draws.shape for draws in known}) == 1
    shortest = min(len(shared.dataset.concepts) for shared in counted)
    return _scores(models, values, np.mean(known, axis=0) if together else None, confidence, shortest)


def _by_slug(models: Sequence[ModelRecord], values: Sequence[float | None]) -> dict[str, float | None]:
    return {model.slug: value for model, value in zip(models, values, strict=True)}


def _scores_record(models: Sequence[ModelRecord], scores: Scores) -> dict[str, Any]:
    return {
        "semantic_affinity": _by_slug(models, scores.values),
        "null_sa": _by_slug(models, scores.nulls),
        "chance_corrected": _by_slug(models, scores.lifts),
        "centred_sa": _by_slug(models, scores.centred),
        "offset_penalty": _by_slug(models, scores.offsets),
        "differences": [
            {
                "a": contrast.a.slug,
                "b": contrast.b.slug,
                **asdict(contrast.difference),
                "verdict": contrast.verdict,
                "resolution": contrast.resolution,
                "words": contrast.words,
            }
            for contrast in scores.contrasts
        ],
    }


def _disputed_record(a: PairResult, b: PairResult) -> dict[str, Any]:
    for_a, for_b = ([asdict(each) for each in disputes] for disputes in disputed(a, b))
    return {"a": a.model.slug, "b": b.model.slug, "for_a": for_a, "for_b": for_b}


def _told(dispute: Dispute) -> str:
    words = dispute.renderings.get("en") or next(iter(dispute.renderings.values()), (dispute.concept,))
    return f"{words[0]} {signed(abs(dispute.difference))}"

"""Ranks and tiers: computed here, once, for every page and export that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from generator.datasets import Dataset
from generator.measures.resampling import Interval
from generator.ranks import Overall, Placing, Ranking, overall_of, ranking
from generator.results import Measures, ModelRecord, Outcome, PairFailure, PairResult, Resamples

Tier = Literal["strong", "moderate", "none"]
STRONG, MODERATE = 0.60, 0.50


def tier(value: float) -> Tier:
    """strong: SA ≥ 0.60; moderate: 0.50 ≤ SA < 0.60; none: SA < 0.50 (Gong, arXiv 2601.09732).

    >>> tier(0.6), tier(0.59), tier(0.49)
    ('strong', 'moderate', 'none')
    """
    if value >= STRONG:
        return "strong"
    return "moderate" if value >= MODERATE else "none"


def tiers(measures: Measures) -> tuple[Tier, ...]:
    """The tier of SA, and after it any other that its interval reaches."""
    estimate = measures.semantic_affinity
    if estimate.value is None:
        return ()
    reached = [estimate.value, *(end for end in (estimate.high, estimate.low) if end is not None)]
    return tuple(dict.fromkeys(tier(value) for value in reached))


@dataclass(frozen=True)
class Cell:
    """One pair on the leaderboard."""

    state: Literal["measured", "failed", "outdated", "missing"]
    outcome: Outcome | None = None
    rank: int | None = None
    """Place on this dataset among the measured models that are ranked; equal values share a place."""
    placing: Placing | None = None
    """How sure that place is; None unless all models ranked on the dataset have resamples."""

    @property
    def result(self) -> PairResult | None:
        """The result, when it may be compared with the others of its dataset."""
        return self.outcome if self.state == "measured" and isinstance(self.outcome, PairResult) else None

    @property
    def failure(self) -> PairFailure | None:
        return self.outcome if isinstance(self.outcome, PairFailure) else None


@dataclass(frozen=True)
class Standing:
    """One model on the leaderboard."""

    model: ModelRecord
    ranked: bool
    """False for controls, whose answers are known."""
    cells: Mapping[str, Cell]
    """By dataset slug, one for every dataset."""
    place: int | None
    """Overall place, by mean rank; None unless the model was measured on every dataset that counts."""
    mean_rank: float | None
    mean_sa: float | None
    """Plain mean over the datasets that count, None unless measured on all; depends on how wide their topics are."""
    placing: Placing | None = None
    """How sure the place is; None unless every dataset that counts has resamples of all models ranked on it."""
    mean_rank_interval: Interval | None = None
    mean_sa_interval: Interval | None = None

    @property
    def n_measured(self) -> int:
        return sum(cell.result is not None for cell in self.cells.values())


@dataclass(frozen=True)
class Leaderboard:
    """Every model × every dataset, best first, unranked models last."""

    datasets: tuple[Dataset, ...]
    standings: tuple[Standing, ...]
    overall: tuple[str, ...]
    """Slugs of the datasets that the overall place goes by."""
    reference: str
    """Slug of the dataset that the others are compared with; empty when nothing is scored."""
    rankings: Mapping[str, Ranking]
    """By dataset slug: the ranked models compared in pairs, by their slugs; empty unless all have resamples."""

    @property
    def scored(self) -> tuple[Dataset, ...]:
        """The datasets with translations to compare."""
        return tuple(dataset for dataset in self.datasets if dataset.card.translated)

    def dataset(self, slug: str) -> Dataset:
        return next(dataset for dataset in self.datasets if dataset.slug == slug)

    def on(self, slug: str) -> tuple[Standing, ...]:
        """The standings in the order of one dataset: ranked by SA, then controls by SA, then the unmeasured."""

        def order(standing: Standing) -> tuple[bool, bool, float, str]:
            value = _value(standing.cells[slug])
            return (value is None, not standing.ranked, -(value or 0), standing.model.name)

        return tuple(sorted(self.standings, key=order))


def build_leaderboard(
    datasets: Sequence[Dataset],
    expected: Iterable[ModelRecord],
    outcomes: Iterable[Outcome],
    overall: Sequence[str] | None = None,
    reference: str = "",
    resamples: Resamples | None = None,
    confidence: float = 0.95,
) -> Leaderboard:
    """Rank everything that was measured.

    Args:
        datasets: the datasets as they are now; a result on an older version of one is shown, not ranked.
        expected: models that should have results; those without any are shown as missing.
        outcomes: what the result store holds. Outcomes on other datasets are left out.
        overall: slugs of the datasets that the overall place goes by; all that are translated when None.
        reference: slug of the dataset that the others are compared with; the first translated one when empty.
        resamples: by model and dataset slug; on a dataset where one is missing, ranks have no intervals.
        confidence: of those intervals.
    """
    translated = [dataset.slug for dataset in datasets if dataset.card.translated]
    counting = tuple(translated if overall is None else [slug for slug in translated if slug in overall])
    slugs = [dataset.slug for dataset in datasets]
    lists = {dataset.slug: dataset for dataset in datasets}
    models = {model.slug: model for model in expected}
    cells: dict[str, dict[str, Cell]] = {slug: {} for slug in models}
    for outcome in outcomes:
        if outcome.dataset.slug not in lists:
            continue
        model = outcome.model
        if isinstance(outcome, PairResult) or model.slug not in models:
            models[model.slug] = model
        row = cells.setdefault(model.slug, {})
        row[outcome.dataset.slug] = Cell(_state(outcome, lists[outcome.dataset.slug]), outcome)
    for row in cells.values():
        row.update({slug: Cell("missing") for slug in slugs if slug not in row})
    ranks = {slug: _ranks(slug, models, cells) for slug in slugs}
    sizes = {dataset.slug: len(dataset.concepts) for dataset in datasets}
    rankings = {
        slug: _ranking(slug, ranks[slug], cells, resamples or {}, confidence, sizes[slug]) for slug in translated
    }
    shortest = min((sizes[slug] for slug in counting), default=None)
    together = overall_of([rankings[slug] for slug in counting], confidence, shortest)
    standings = [_standing(models[slug], row, counting, ranks, rankings, together) for slug, row in cells.items()]
    return Leaderboard(tuple(datasets), _placed(standings), counting, reference or next(iter(translated), ""), rankings)


def _state(outcome: Outcome, dataset: Dataset) -> Literal["measured", "failed", "outdated"]:
    if isinstance(outcome, PairFailure):
        return "failed"
    return "measured" if _is_on(outcome, dataset) else "outdated"


def _is_on(result: PairResult, dataset: Dataset) -> bool:
    """Whether a result speaks of these very words. A digest can be copied, and pages trust what they are made of."""
    return (
        result.dataset.digest == dataset.digest
        and result.dataset.languages == dataset.languages
        and [(concept.id, concept.renderings) for concept in result.concepts]
        == [(concept.id, concept.renderings) for concept in dataset.concepts]
    )


def _is_ranked(model: ModelRecord) -> bool:
    return model.objective != "control"


def _value(cell: Cell) -> float | None:
    return cell.result.affinity.value if cell.result else None


def _ranks(slug: str, models: Mapping[str, ModelRecord], cells: Mapping[str, Mapping[str, Cell]]) -> dict[str, int]:
    values = {m: _value(row[slug]) for m, row in cells.items() if _is_ranked(models[m])}
    known = {model: value for model, value in values.items() if value is not None}
    return {model: 1 + sum(other > value for other in known.values()) for model, value in known.items()}


def _ranking(
    slug: str,
    ranks: Mapping[str, int],
    cells: Mapping[str, Mapping[str, Cell]],
    resamples: Resamples,
    confidence: float,
    n_concepts: int,
) -> Ranking:
    """The models ranked on a dataset, compared; none of them unless all have the same number of resamples.

    An interval of a rank among some would stand beside a rank among all.
    """
    drawn = {m: draws.get("semantic_affinity") for m in ranks for draws in [resamples.get((m, slug), {})]}
    held = {model: draws.astype(np.float64) for model, draws in drawn.items() if draws is not None}
    if len(held) < len(ranks) or len({len(draws) for draws in held.values()}) > 1:
        return ranking({}, {})
    return ranking(
        {m: value for m in ranks if (value := _value(cells[m][slug])) is not None}, held, confidence, n_concepts
    )


def _standing(
    model: ModelRecord,
    row: Mapping[str, Cell],
    counting: Sequence[str],
    ranks: Mapping[str, Mapping[str, int]],
    rankings: Mapping[str, Ranking],
    together: Overall,
) -> Standing:
    placings = {slug: ranking.placings.get(model.slug) for slug, ranking in rankings.items()}
    cells = {
        slug: Cell(row[slug].state, row[slug].outcome, ranks[slug].get(model.slug), placings.get(slug))
        for slug in ranks
    }
    values = [value for slug in counting if (value := _value(cells[slug])) is not None]
    places = [place for slug in counting if (place := cells[slug].rank) is not None]
    n = len(counting)
    return Standing(
        model,
        _is_ranked(model),
        cells,
        None,
        sum(places) / n if n and len(places) == n else None,
        sum(values) / n if n and len(values) == n else None,
        together.placings.get(model.slug),
        together.mean_rank.get(model.slug),
        together.mean.get(model.slug),
    )


def _placed(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """Order by mean rank, then mean SA; a model that lacks a dataset follows without a place, controls last."""
    complete = [s for s in standings if s.mean_rank is not None]

    def place(standing: Standing) -> int | None:
        if standing.mean_rank is None:
            return None
        return 1 + sum(other.mean_rank < standing.mean_rank for other in complete if other.mean_rank is not None)

    def order(standing: Standing) -> tuple[bool, bool, float, float, str]:
        rank = standing.mean_rank
        return (not standing.ranked, rank is None, rank or 0, -(standing.mean_sa or 0), standing.model.name)

    return tuple(replace(standing, place=place(standing)) for standing in sorted(standings, key=order))

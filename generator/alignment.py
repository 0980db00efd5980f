"""How far the translations of a pair agree: SA and its companions as records, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.datasets import Dataset
from generator.errors import MeasureUndefinedError
from generator.measures.affinity import (
    Affinity,
    affinity_of,
    concept_means,
    euclidean_affinity,
    reference_affinity,
    sums_and_spreads,
)
from generator.measures.catalogue import CATALOGUE
from generator.measures.companion import Cells, Companion, cells_of
from generator.measures.index import ConceptIndex, FloatArray, VectorArray
from generator.measures.likeness import likeness_measures
from generator.measures.neighbours import nearest_neighbours
from generator.measures.resampling import (
    AffinityDraws,
    Interval,
    Resampled,
    affinity_draws,
    centred_affinity,
    pair_affinity_draws,
    percentile_interval,
    percentile_intervals,
)
from generator.measures.retrieval import (
    cell_groups,
    directed_retrieval,
    language_attraction,
    retrieval_cap,
    retrieval_measures,
)
from generator.measures.rivals import ConceptRetrieval, concept_retrieval
from generator.measures.spelling import affinity_without_identical, identical_share, same_spelling
from generator.records import LanguageFindings, known
from generator.results import (
    SPREAD_DIGITS,
    Draws,
    Estimate,
    LanguagePair,
    Measures,
    PairColumn,
    SpreadGroup,
    resampled,
    significant,
)

BARE = ("semantic_ratio", "inter_spread", "intra_spread", "null_sa", "chance_corrected")
"""Measures that a result holds as bare numbers, with their intervals beside them."""
KEPT = ("semantic_affinity", "null_sa", "centred_sa", "intra_spread")
"""Measures besides the companions whose resamples are kept."""

PAIR_DECIMALS = 4
MOST_GROUP_SPREADS = 50_000
"""Numbers of all spread groups together, above which none are kept: lists with ever other gaps would fill pages."""

WITHOUT_NULL = "there is no other concept to reassign translations to"
WITHOUT_DISTANCE = "chance itself leaves no distance"
WITHOUT_INTERVAL = "too few concepts to resample"
WITHOUT_COMPANION = {
    "mutual_precision": "no two words are each other's nearest, and no others as near",
    "hubness": "all words are neighbours equally often, as in lists of ten or fewer",
    "language_preference": "there are fewer than three languages",
    "cka": "fewer than four concepts are shared, or all lie alike",
    "rsa": "fewer than four concepts are shared, or all lie alike",
    "sa_without_identical": "every translation is spelt alike",
}
"""Why a companion measure can be without a value."""
WITHOUT_OTHERS = "too few concepts are shared"
"""The same of the other companions."""


@dataclass(frozen=True)
class Alignment:
    """What comparing the translations of a pair gives."""

    affinity: Affinity
    measures: Measures
    language_pairs: tuple[LanguagePair, ...]
    pair_companions: Mapping[str, PairColumn]
    directed: Mapping[str, tuple[tuple[float | None, float | None], ...]]
    languages: Mapping[str, LanguageFindings]
    retrieval: Mapping[int, ConceptRetrieval]
    """By the number of the concept; long lists have a sample of them."""
    spread_groups: tuple[SpreadGroup, ...]
    draws: Draws


def alignment(
    dataset: Dataset,
    concepts: ConceptIndex,
    vectors: Mapping[str, VectorArray],
    units: Mapping[str, FloatArray],
    weights: FloatArray,
    confidence: float,
) -> Alignment:
    """Every measure that compares translations.

    Args:
        dataset: the concepts, for their spelling.
        concepts: their index.
        vectors: (n_l, d) by language, as the model gives them.
        units: the same at unit length.
        weights: (draws, C) from `concept_weights`.
        confidence: of the intervals.

    Raises:
        MeasureUndefinedError: when SA has no value. Another measure without one is left out with its reason.
    """
    sums, spreads = sums_and_spreads(units, concepts)
    affinity = affinity_of(sums, concept_means(spreads))
    drawn = affinity_draws(units, concepts, affinity.concept_spread, weights)
    try:
        centred, no_centred = centred_affinity(units, concepts, weights), ""
    except MeasureUndefinedError as error:
        centred, no_centred = Resampled(np.nan, np.full(len(weights), np.nan)), str(error)
    own = affinity_measures(affinity, drawn, centred)
    estimates = {name: resampled(found.value, found.draws, confidence) for name, found in own.items()}
    has_intervals = estimates["semantic_affinity"].low is not None
    reference, no_reference = _attempt(lambda: reference_affinity(vectors, concepts))
    euclidean, no_euclidean = _attempt(lambda: euclidean_affinity(vectors, concepts))
    undefined = without_value(estimates, no_centred)
    undefined |= {name: why for name, why in (("reference_sa", no_reference), ("euclidean_sa", no_euclidean)) if why}
    if not has_intervals:
        undefined["semantic_affinity interval"] = WITHOUT_INTERVAL
    companions = _companions(dataset, concepts, units, spreads, affinity, drawn, weights)
    undefined |= {
        name: WITHOUT_COMPANION.get(name, WITHOUT_OTHERS)
        for name, found in companions.measures.items()
        if not np.isfinite(found.value)
    }
    measures = Measures(
        semantic_affinity=estimates["semantic_affinity"],
        semantic_ratio=affinity.ratio,
        inter_spread=affinity.inter_spread,
        intra_spread=affinity.intra_spread,
        null_sa=estimates["null_sa"].value,
        chance_corrected=estimates["chance_corrected"].value,
        centred_sa=estimates["centred_sa"],
        reference_sa=reference,
        euclidean_sa=euclidean,
        undefined=undefined,
        offset_penalty=estimates["offset_penalty"],
        intervals=intervals_of(estimates),
        retrieval_cap=known(companions.cap),
        sample=companions.sample,
        companions={
            name: resampled(found.value, found.draws if has_intervals else None, confidence)
            for name, found in companions.measures.items()
        },
    )
    kept = {name: own[name].draws for name in KEPT if estimates[name].low is not None}
    kept |= {
        name: found.draws for name, found in companions.measures.items() if measures.companions[name].low is not None
    }
    return Alignment(
        affinity,
        measures,
        language_pairs(affinity, pair_affinity_draws(spreads, drawn.language_spread, weights), confidence),
        {
            name: _column(found, confidence)
            for name, found in companions.measures.items()
            if np.isfinite(found.pair_values).any()
        },
        {name: _both_ways(values) for name, values in companions.directed.items()},
        {
            tag: LanguageFindings(percentile_interval(draws, confidence), known(attraction))
            for tag, draws, attraction in zip(
                affinity.languages, drawn.language_spread, companions.attraction, strict=True
            )
        },
        companions.retrieval,
        _spread_groups(affinity.languages, spreads),
        {name: draws.astype(np.float32) for name, draws in kept.items()},
    )


def affinity_measures(affinity: Affinity, drawn: AffinityDraws, centred: Resampled) -> dict[str, Resampled]:
    """SA and what is made of the same spreads, each with its resamples."""
    return {
        "semantic_affinity": Resampled(affinity.value, drawn.affinity),
        "semantic_ratio": Resampled(affinity.ratio, drawn.inter / drawn.intra),
        "inter_spread": Resampled(affinity.inter_spread, drawn.inter),
        "intra_spread": Resampled(affinity.intra_spread, drawn.intra),
        "null_sa": Resampled(affinity.null, drawn.null),
        "chance_corrected": Resampled(affinity.chance_corrected, drawn.chance_corrected),
        "centred_sa": centred,
        "offset_penalty": Resampled(centred.value - affinity.value, centred.draws - drawn.affinity),
    }


def without_value(estimates: Mapping[str, Estimate], no_centred: str) -> dict[str, str]:
    """Why those of `affinity_measures` that have no value have none."""
    reasons = {
        "null_sa": WITHOUT_NULL,
        "chance_corrected": WITHOUT_DISTANCE,
        "centred_sa": no_centred,
        "offset_penalty": no_centred,
    }
    return {name: reasons[name] for name, estimate in estimates.items() if estimate.value is None}


def intervals_of(estimates: Mapping[str, Estimate]) -> dict[str, Interval]:
    """The intervals of the measures that a result holds as bare numbers; none where SA has none."""
    if estimates["semantic_affinity"].low is None:
        return {}
    return {
        name: Interval(estimate.low, estimate.high)
        for name, estimate in estimates.items()
        if name in BARE and estimate.low is not None and estimate.high is not None
    }


@dataclass(frozen=True)
class _Companions:
    """The companion measures in the order of the catalogue, and what else nearest neighbours say."""

    measures: Mapping[str, Companion]
    directed: Mapping[str, FloatArray]
    retrieval: Mapping[int, ConceptRetrieval]
    attraction: FloatArray
    cap: float
    sample: int | None


def _companions(
    dataset: Dataset,
    concepts: ConceptIndex,
    units: Mapping[str, FloatArray],
    spreads: FloatArray,
    affinity: Affinity,
    drawn: AffinityDraws,
    weights: FloatArray,
) -> _Companions:
    cells = cells_of(units, concepts)
    neighbours = nearest_neighbours(cells)
    sample = neighbours.sample
    looked_at = Cells(cells.languages, cells.units[:, sample], cells.held[:, sample])
    texts = {
        tag: [frozenset(concept.renderings.get(tag, ())) for concept in dataset.concepts] for tag in dataset.languages
    }
    found = {
        **retrieval_measures(neighbours, weights),
        **likeness_measures(looked_at, weights[:, sample]),
        "identical_share": identical_share(texts, weights),
        "sa_without_identical": affinity_without_identical(spreads, same_spelling(texts), affinity, drawn, weights),
    }
    caps = retrieval_cap(cell_groups(texts)[:, sample])
    return _Companions(
        {name: found[name] for name in CATALOGUE if name in found},
        directed_retrieval(neighbours),
        concept_retrieval(neighbours),
        language_attraction(neighbours),
        float(caps[np.isfinite(caps)].mean()) if np.isfinite(caps).any() else np.nan,
        len(sample) if len(sample) < concepts.n_concepts else None,
    )


def _both_ways(directed: FloatArray) -> tuple[tuple[float | None, float | None], ...]:
    """(L, L) values from a language to another, as records per unordered pair."""
    a, b = np.triu_indices(len(directed), 1)
    there, back = np.round(directed[a, b], PAIR_DECIMALS), np.round(directed[b, a], PAIR_DECIMALS)
    return tuple(zip(map(known, there), map(known, back), strict=True))


def _column(found: Companion, confidence: float) -> PairColumn:
    """A companion's values per pair of languages as a record, in few digits: there may be thousands."""
    low, high = percentile_intervals(found.pair_draws, confidence)
    return PairColumn(
        *(tuple(map(known, np.round(column, PAIR_DECIMALS))) for column in (found.pair_values, low, high))
    )


def _attempt(measure: Callable[[], float]) -> tuple[float | None, str]:
    """A measure's value, or why it has none."""
    try:
        return measure(), ""
    except MeasureUndefinedError as error:
        return None, str(error)


def language_pairs(affinity: Affinity, draws: FloatArray, confidence: float) -> tuple[LanguagePair, ...]:
    """Per unordered pair of languages: SA with its interval, and its spreads."""
    tags, low_high = affinity.languages, percentile_intervals(draws, confidence)
    upper = np.triu_indices(len(tags), 1)
    columns = (affinity.pair_affinity[upper], affinity.pair_spread[upper], *low_high)
    sa, spread, low, high = (map(known, column) for column in columns)
    counts = affinity.pair_concepts[upper].tolist()
    nulls = (known(significant(null, SPREAD_DIGITS)) for null in affinity.null_pair_spread[upper])
    names = [(tags[i], tags[j]) for i, j in zip(*upper, strict=True)]
    columns_of_records = zip(names, sa, spread, counts, low, high, nulls, strict=True)
    return tuple(LanguagePair(*name, *rest) for name, *rest in columns_of_records)


def _spread_groups(tags: Sequence[str], spreads: FloatArray) -> tuple[SpreadGroup, ...]:
    """The mean spreads of the concepts rendered in the same languages, group by group.

    Args:
        tags: the languages, (L,).
        spreads: v_c(a, b), shape (C, L, L), NaN where a concept lacks a language.

    Returns:
        Nothing where all concepts in two or more languages have the same ones, whose spreads are those of the pairs
        of languages, or where the groups would hold more than 50,000 numbers.
    """
    rendered = np.isfinite(spreads).any(axis=2)
    combinations, group_of = np.unique(rendered, axis=0, return_inverse=True)
    groups = [(np.flatnonzero(held), group_of.ravel() == g) for g, held in enumerate(combinations) if held.any()]
    if len(groups) < 2 or sum(len(held) * (len(held) - 1) // 2 for held, _ in groups) > MOST_GROUP_SPREADS:
        return ()
    return tuple(
        _spread_group([tags[i] for i in held.tolist()], spreads[np.ix_(mine, held, held)]) for held, mine in groups
    )


def _spread_group(tags: Sequence[str], spreads: FloatArray) -> SpreadGroup:
    a, b = np.triu_indices(len(tags), 1)
    means = spreads.mean(axis=0)[a, b]
    return SpreadGroup(tuple(tags), len(spreads), tuple(significant(mean, SPREAD_DIGITS) for mean in means))

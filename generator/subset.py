"""The score of some of a dataset's languages, exactly, from a stored result alone: what the page's script must give.

A result holds what SA is made of language by language and pair by pair, so that a page can let its reader choose
languages. With S the chosen ones:

- H is the mean of ``intra_spread`` over the languages of S.
- V is the mean of v_c over the concepts rendered in two or more languages of S, where v_c is the mean of v_c(a, b)
  over the pairs of S that render c. Concepts rendered in the same languages have these pairs in common, so group by
  group v_c can be averaged first: V = Σ n · mean(``spreads`` of the pairs within S) / Σ n over the ``spread_groups``
  with two or more languages of S. Where all these concepts have all languages of S, as in a list without gaps or with
  two chosen languages, V is the mean of ``inter_spread`` over the pairs of S, and no groups are needed.
- V₀ is the mean of ``null_spread`` over the pairs of S that have one.

SA = 1 / (1 + V/H), null SA = 1 / (1 + V₀/H), and 1 - V/V₀ is what lies above chance. They agree with the measures of
the dataset restricted to S to the digits stored, about 1e-6. There are no intervals: those take the vectors.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from generator.measures.affinity import LEAST_SPREAD
from generator.results import PairResult, SpreadGroup


@dataclass(frozen=True)
class SubsetScore:
    """Point values of some languages of a dataset; see `generator.results.Measures`."""

    affinity: float
    """SA, in (0, 1]."""
    null: float | None
    """Null SA, in (0, 1]; None without another concept to reassign translations to."""
    above_chance: float | None
    """1 - V/V₀, at most 1; None where chance leaves no distance."""
    inter_spread: float
    """V, in [0, 2]."""
    intra_spread: float
    """H, in (0, 2]."""
    n_concepts: int
    """Concepts in two or more of the languages."""


def subset_score(result: PairResult, languages: Collection[str]) -> SubsetScore | None:
    """The score of two or more of a dataset's languages.

    Returns:
        None where the score is not defined: for fewer than two languages or none in common, where the renderings of
        each language coincide, or where nothing is translated; and where the result does not hold what it takes, as
        for three or more languages of a list with more kinds of gaps than are kept.

    Raises:
        ValueError: for a language that the dataset does not have.
    """
    chosen = frozenset(languages)
    if unknown := sorted(chosen.difference(result.languages)):
        raise ValueError(f"{result.dataset.name} has no {', '.join(unknown)}")
    groups = _groups(result, chosen)
    if not groups:
        return None
    intra = fmean(result.languages[tag].intra_spread for tag in chosen)
    if intra < LEAST_SPREAD:
        return None
    inter = fmean((_spread(group, chosen) for group in groups), weights=[group.n for group in groups])
    nulls = [pair.null_spread for pair in result.language_pairs if {pair.a, pair.b} <= chosen]
    known = [spread for spread in nulls if spread is not None]
    null = fmean(known) if known else None
    return SubsetScore(
        1 / (1 + inter / intra),
        None if null is None else 1 / (1 + null / intra),
        None if null is None or null < LEAST_SPREAD else 1 - inter / null,
        inter,
        intra,
        sum(group.n for group in groups),
    )


def _groups(result: PairResult, chosen: frozenset[str]) -> list[SpreadGroup]:
    """The groups that have two or more of the languages; none where nothing is translated, or they are not kept."""
    if result.spread_groups:
        return [group for group in result.spread_groups if len(chosen.intersection(group.languages)) > 1]
    translated = [n for concept in result.concepts if (n := len(chosen & concept.renderings.keys())) > 1]
    pairs = [pair for pair in result.language_pairs if {pair.a, pair.b} <= chosen]
    tags = tuple(tag for tag in result.dataset.languages if tag in chosen)
    spreads = tuple(pair.inter_spread for pair in pairs if pair.inter_spread is not None)
    whole = spreads and all(n == len(chosen) for n in translated)
    return [SpreadGroup(tags, len(translated), spreads)] if whole else []


def _spread(group: SpreadGroup, chosen: frozenset[str]) -> float:
    """Mean of v_c over the concepts of a group."""
    pairs = zip(combinations(group.languages, 2), group.spreads, strict=True)
    return fmean(spread for pair, spread in pairs if chosen.issuperset(pair))

"""What a model's numbers say, in a sentence: never more than its intervals and its null allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.domains import LEAST_LIFT, Drop
from generator.languages import language
from generator.leaderboard import Standing, tiers
from generator.results import Estimate, LanguagePair, Measures, PairResult
from generator.shown import decimal, percent
from generator.site.language_pairs import by_affinity

DEGREES = {"strong": "strongly", "moderate": "moderately", "none": "weakly"}


def verdict(standing: Standing, headline: PairResult | None, drops: Mapping[str, Drop]) -> str:
    """A model's verdict.

    Args:
        standing: the model with what was measured of it.
        headline: its result on the dataset that the sentence is about; None where it has no score at all.
        drops: what it loses from that dataset to each of the others that count, by their names.
    """
    if not standing.n_measured:
        return _unmeasured(standing)
    if not standing.ranked:
        return standing.model.note or "A control: its answer is known."
    if headline is None or headline.measures is None:
        return "This model was measured on word lists without translations only, so it has no score."
    measures, on = headline.measures, headline.dataset.name
    lift = measures.chance_corrected
    said = f"{_degree(measures)} on {on} ({_evidence(measures)})"
    # Where there is next to nothing above chance, there is nothing to lose.
    losses = _losses(drops) if lift is not None and lift >= LEAST_LIFT and _is_above_chance(measures) else ""
    return f"{said}{losses}{_extremes(headline.language_pairs)}."


def _unmeasured(standing: Standing) -> str:
    failure = next((cell.failure for cell in standing.cells.values() if cell.failure), None)
    if failure:
        return f"This model could not be measured: {failure.error.message.rstrip('.')}."
    if any(cell.state == "outdated" for cell in standing.cells.values()):
        return "This model was measured on older versions of the word lists only."
    return "This model has not been measured here."


def _is_above_chance(measures: Measures) -> bool:
    lift = measures.estimate("chance_corrected")
    least = lift.value if lift.low is None else lift.low
    return least is not None and least > 0


def _degree(measures: Measures) -> str:
    lift = measures.chance_corrected
    if lift is None:
        return "Nothing says what chance would give"
    if not _is_above_chance(measures):
        return f"Aligns languages {'not surely' if lift > 0 else 'no'} better than chance"
    if lift < LEAST_LIFT:
        return "Hardly aligns languages"
    reached = tiers(measures)
    return f"Aligns languages {' to '.join(word for tier, word in reversed(DEGREES.items()) if tier in reached)}"


def _evidence(measures: Measures) -> str:
    affinity = measures.semantic_affinity
    null = "" if measures.null_sa is None else f"; chance gives {decimal(measures.null_sa)}"
    return f"SA {decimal(affinity.value)}, {_interval(affinity)}{null}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "without an interval"
    return f"interval {decimal(estimate.low)}–{decimal(estimate.high)}"


def _losses(drops: Mapping[str, Drop]) -> str:
    """The largest loss, where it is sure that there is one."""
    known = {name: drop for name, drop in drops.items() if drop.raw.value is not None}
    if not known:
        return ""
    name, drop = max(known.items(), key=lambda item: item[1].raw.value or 0.0)
    value, low = drop.raw.value or 0.0, drop.raw.low
    if value <= 0 or (low is not None and low <= 0):
        return f", with no sure loss on {name if len(known) == 1 else 'the other lists'}"
    lifted = drop.above_chance.value if drop.above_chance else None
    though = ", though nothing of what lies above chance" if lifted is not None and lifted <= 0 else ""
    return f" and loses {percent(value)} of that on {name}{though}"


def _extremes(pairs: Sequence[LanguagePair]) -> str:
    known = by_affinity(pairs)
    if not known or known[0][0] == known[-1][0]:
        return ""
    (_, best), (_, worst) = known[0], known[-1]
    return f"; best pair {_named(best)}, worst {_named(worst)}"


def _named(pair: LanguagePair) -> str:
    return f"{language(pair.a).name}–{language(pair.b).name}"

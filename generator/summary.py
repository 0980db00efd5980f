"""A result in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from generator.leaderboard import tiers
from generator.measures.catalogue import COMPANIONS
from generator.results import ConceptRecord, Estimate, PairResult


def summary(result: PairResult) -> str:
    """SA with its interval, what chance gives, and the extremes among concepts and language pairs."""
    measures = result.measures
    n = result.dataset.n_concepts
    title = f"{result.model.name} on {result.dataset.name}: {n:,} concepts in {', '.join(result.dataset.languages)}"
    if measures is None:
        return f"{title}\n\n  Nothing is translated here, so there is no score."
    lines = [
        title,
        "",
        f"  Semantic Affinity  {_estimate(measures.semantic_affinity)}   {' or '.join(tiers(measures))}",
        f"  null SA            {_estimate(measures.estimate('null_sa'))}   what chance gives for these vectors",
        f"  above chance       {_estimate(measures.estimate('chance_corrected'))}   1 - V/V0: 0 is chance, 1 perfect",
        f"  centred SA         {_estimate(measures.centred_sa)}   without the offsets between languages",
        f"  offset penalty     {_estimate(measures.offset_penalty)}   what these offsets cost",
        f"  retrieval P@1      {_estimate(measures.estimate('retrieval_p1'))}   the nearest word is the translation",
    ]
    if measures.sample:
        what = "retrieval and the concepts below" if len(result.concepts) < n else "retrieval"
        lines.append(f"  on a sample of {measures.sample:,} concepts: {what}")
    known = sorted((c for c in result.concepts if c.sa is not None), key=lambda c: (c.sa or 0, c.id))
    if len(known) > 2:
        lines += [
            "",
            f"  furthest apart     {_concepts(known[:3])}",
            f"  closest            {_concepts(known[:-4:-1])}",
        ]
    pairs = sorted((p for p in result.language_pairs if p.sa is not None), key=lambda p: p.sa or 0)
    if len(pairs) > 1:
        worst, best = pairs[0], pairs[-1]
        lines.append(
            f"  languages          {best.a}-{best.b} {best.sa:.3f} best, {worst.a}-{worst.b} {worst.sa:.3f} worst"
        )
    lines += [f"  no {name}: {reason}" for name, reason in measures.undefined.items() if name not in COMPANIONS]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:z.3f}"


def _estimate(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} ({estimate.low:z.3f}–{estimate.high:z.3f})"


def _concepts(concepts: Sequence[ConceptRecord]) -> str:
    return ", ".join(f"{next(iter(c.renderings.values()))[0]} {c.sa:.3f}" for c in concepts)

"""What the papers claim, as tests over results: each holds, does not hold, or cannot be decided yet.

A claim is a set of checks, each one number with the range that the claim allows it. It is decided by measured
numbers where all of its subjects were measured or one disagrees, by published figures where none was measured, else
not at all. A number whose interval lies inside the range agrees, one whose interval lies outside disagrees, one across
its edge decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from generator.domains import DomainScore, ModelDomains, model_domains
from generator.leaderboard import MODERATE, STRONG, Leaderboard
from generator.models.registry import Model
from generator.published import Figure, Source
from generator.results import Estimate, Resamples, resampled

Status = Literal["holds", "fails", "undecided"]
Basis = Literal["measured", "published", "registry", ""]

TOLERANCE = 0.02
"""How far a measured value may lie from a claimed one: other word lists, other renderings."""
DIFFERENT = 0.10
"""A relative change of SA from which a domain counts as aligned quite differently."""
PLATEAU = 0.02
"""The change of SA for ten times the parameters up to which scale makes no difference."""
GENERAL, CULTURAL, EDGE, ANCIENT = FOUR = "modern", "cultural", "untranslatable", "ancient"
MEAN, FIRST, CAPTION = "mean over four datasets", "first dataset", "map"


@dataclass(frozen=True)
class Check:
    """One number that a claim speaks of."""

    subject: str
    quantity: str
    low: float
    high: float
    measured: Estimate | None = None
    published: tuple[tuple[Source, Figure], ...] = ()

    @property
    def by_measuring(self) -> Status:
        if self.measured is None or self.measured.value is None:
            return "undecided"
        low = self.measured.value if self.measured.low is None else self.measured.low
        high = self.measured.value if self.measured.high is None else self.measured.high
        return _placed(low, high, self.low, self.high)

    @property
    def by_publication(self) -> Status:
        """undecided, too, where figures of one source disagree with each other."""
        statuses = {_placed(figure.least, figure.most, self.low, self.high) for _, figure in self.published}
        return statuses.pop() if len(statuses) == 1 else "undecided"


@dataclass(frozen=True)
class Verdict:
    status: Status
    basis: Basis
    reason: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Everything that a claim can be decided by."""

    board: Leaderboard
    published: tuple[Source, ...] = ()
    study: tuple[Model, ...] = ()
    """The models that the study compared, measured or not."""
    resamples: Resamples = field(default_factory=dict)
    confidence: float = 0.95

    def mean(self, model: str) -> Estimate | None:
        """SA over the datasets that count, with an interval that resamples each; None unless measured on all."""
        standing = next((s for s in self.board.standings if s.model.name == model), None)
        if standing is None or standing.mean_sa is None or not self._four_domains:
            return None
        drawn = [self.resamples.get((standing.model.slug, s), {}).get("semantic_affinity") for s in self.board.overall]
        held = [draws for draws in drawn if draws is not None]
        if len(held) < len(drawn):
            return Estimate(standing.mean_sa)
        n = min(map(len, held))
        return resampled(standing.mean_sa, np.mean([draws[:n] for draws in held], axis=0), self.confidence)

    @cached_property
    def _four_domains(self) -> bool:
        """Whether the overall place goes by the study's four domains, so that a mean over them is what it claims."""
        return sorted(d.card.domain for d in self.board.datasets if d.slug in self.board.overall) == sorted(FOUR)

    def score(self, model: str, domain: str) -> DomainScore | None:
        """A model's score on the first dataset of a domain."""
        slug = next((d.slug for d in self.board.scored if d.card.domain == domain), None)
        return next((m.scores.get(slug or "") for m in self.domains if m.standing.model.name == model), None)

    @cached_property
    def domains(self) -> tuple[ModelDomains, ...]:
        return model_domains(self.board, self.resamples, self.confidence)

    def figures(self, model: str, quantity: str, scopes: Iterable[str]) -> tuple[tuple[Source, Figure], ...]:
        return tuple(
            (source, figure)
            for source in self.published
            for figure in source.figures
            if model in figure.models and figure.quantity == quantity and figure.scope in scopes
        )


@dataclass(frozen=True)
class Claim:
    number: int
    statement: str
    test: str
    """What decides it, in words."""
    confirmed: bool
    """Whether the statement was found in the paper as it stands here."""
    decide: Callable[[Findings], Verdict]


def _placed(low: float, high: float, least: float, most: float) -> Status:
    if least <= low and high <= most:
        return "holds"
    return "fails" if high < least or low > most else "undecided"


def _together(statuses: Sequence[Status]) -> Status:
    if "fails" in statuses:
        return "fails"
    return "holds" if statuses and all(status == "holds" for status in statuses) else "undecided"


def decided(checks: Sequence[Check]) -> Verdict:
    """By measured numbers where all or one that disagrees were measured, by published figures where none was."""
    told = tuple(checks)
    if checks and all(check.measured and check.measured.value is not None for check in checks):
        return Verdict(_together([c.by_measuring for c in checks]), "measured", _reason(checks, measured=True), told)
    n = sum(bool(check.measured and check.measured.value is not None) for check in checks)
    if any(check.by_measuring == "fails" for check in checks):
        return Verdict("fails", "measured", _reason(checks, measured=True), told)
    lacking = f"of the numbers that it speaks of, {len(checks)} in all, {n} were measured here"
    if not checks:
        lacking = "nothing was measured"
    if checks and not n and all(check.published for check in checks):
        status = _together([check.by_publication for check in checks])
        reason = f"{_reason(checks, measured=False)}; {lacking}"
        return Verdict(status, "published" if status != "undecided" else "", reason, told)
    return Verdict("undecided", "", lacking[0].upper() + lacking[1:], told)


def _reason(checks: Sequence[Check], *, measured: bool) -> str:
    statuses = [check.by_measuring if measured else check.by_publication for check in checks]
    of = "measured numbers" if measured else "published figures"
    outside = [c.subject for c, status in zip(checks, statuses, strict=True) if status == "fails"]
    unsure = [c.subject for c, status in zip(checks, statuses, strict=True) if status == "undecided"]
    if outside:
        return f"The {of} of {', '.join(dict.fromkeys(outside))} lie outside what is claimed"
    if unsure:
        what = "reach across its edge" if measured else "do not settle it, or contradict each other"
        return f"The {of} of {', '.join(dict.fromkeys(unsure))} {what}"
    return f"All {of} lie within what is claimed"


def _means(findings: Findings, claimed: Mapping[str, tuple[float, float]]) -> list[Check]:
    return [
        Check(
            model,
            "mean SA over the domains",
            low,
            high,
            findings.mean(model),
            findings.figures(model, "semantic affinity", [MEAN]),
        )
        for model, (low, high) in claimed.items()
    ]


def _about(value: float) -> tuple[float, float]:
    return value - TOLERANCE, value + TOLERANCE


def _names(findings: Findings, wanted: Callable[[Model], bool]) -> list[str]:
    return [model.name for model in findings.study if wanted(model)]


def _pairs(model: Model) -> bool:
    return model.objective == "translation-pairs"


def _llm(model: Model) -> bool:
    return model.family == "decoder"


def _best_three(findings: Findings) -> Verdict:
    claimed = {
        "LaBSE": _about(0.70),
        "distiluse-base-multilingual-cased-v2": _about(0.68),
        "paraphrase-multilingual-mpnet-base-v2": _about(0.68),
    }
    return decided(_means(findings, claimed))


def _plateau(findings: Findings) -> Verdict:
    names = _names(findings, _llm)
    checks = _means(findings, dict.fromkeys(names, (MODERATE, 0.61)))
    slope = _slope(findings, names)
    checks.append(Check("all of them", "change of SA for ten times the parameters", -PLATEAU, PLATEAU, slope))
    return decided(checks)


def _slope(findings: Findings, names: Sequence[str]) -> Estimate | None:
    """The least-squares slope of mean SA over the decimal logarithm of the parameters; None below three sizes."""
    sizes = {model.name: model.parameters for model in findings.study}
    known = [(np.log10(size), mean) for n in names if (size := sizes[n]) and (mean := findings.mean(n)) is not None]
    if len({size for size, _ in known}) < 3:
        return None
    logs = np.array([size for size, _ in known])
    logs -= logs.mean()
    weights = logs / (logs @ logs)
    values = np.array([mean.value or 0.0 for _, mean in known])
    spread = np.array([((m.high or 0.0) - (m.low or 0.0)) / 2 for _, m in known])
    reach = float(np.sqrt((weights**2) @ (spread**2)))
    slope = float(weights @ values)
    return Estimate(slope, slope - reach, slope + reach)


def _mlm_only(findings: Findings) -> Verdict:
    return decided(_means(findings, {"mBERT": _about(0.50), "XLM-R": _about(0.45)}))


def _drops(findings: Findings, names: Sequence[str], low: float, high: float) -> list[Check]:
    checks = []
    from_general = any(d.slug == findings.board.reference and d.card.domain == GENERAL for d in findings.board.datasets)
    for name in names:
        published = findings.figures(name, "relative drop", ["modern to edge-case and ancient vocabulary"])
        for domain in (EDGE, ANCIENT):
            score = findings.score(name, domain)
            drop = score.drop.raw if from_general and score and score.drop else None
            checks.append(Check(name, f"drop from modern to {domain}", low, high, drop, published))
    return checks


def _drop_of_pairs(findings: Findings) -> Verdict:
    return decided(_drops(findings, _names(findings, _pairs), 0.25 - TOLERANCE, 0.31 + TOLERANCE))


def _drop_of_llms(findings: Findings) -> Verdict:
    return decided(_drops(findings, _names(findings, _llm), 0.15 - TOLERANCE, 0.17 + TOLERANCE))


def _on_the_map(model: str, value: float) -> Callable[[Findings], Verdict]:
    def decide(findings: Findings) -> Verdict:
        score = findings.score(model, GENERAL)
        published = findings.figures(model, "semantic affinity", [CAPTION, FIRST])
        measured = score.affinity if score else None
        return decided([Check(model, "SA on modern concepts", *_about(value), measured, published)])

    return decide


def _domains_differ(findings: Findings) -> Verdict:
    strong = [
        each
        for each in findings.domains
        if each.standing.ranked
        and (base := each.scores[findings.board.reference].affinity).value is not None
        and (base.value if base.low is None else base.low) >= STRONG
    ]
    checks = tuple(
        Check(
            each.standing.model.name,
            f"drop from the reference to {slug}, less what the list's spread makes alone",
            -DIFFERENT,
            DIFFERENT,
            _less(score.drop.raw, score.drop.by_spread),
        )
        for each in strong
        for slug, score in each.scores.items()
        if score.drop
    )
    if checks:
        statuses = [check.by_measuring for check in checks]
        n = statuses.count("fails")
        if n:
            return Verdict("holds", "measured", f"{n} of {len(checks)} changes exceed {100 * DIFFERENT:.0f} %", checks)
        if all(status == "holds" for status in statuses):
            return Verdict("fails", "measured", f"No change reaches {100 * DIFFERENT:.0f} %", checks)
        return Verdict("undecided", "", f"The intervals reach across {100 * DIFFERENT:.0f} %", checks)
    lacking = (
        "What is surely strong on the reference dataset was measured on no other"
        if strong
        else f"No model measured here is surely at {STRONG:.2f} or above"
    )
    published = _drops(findings, _names(findings, _pairs), -DIFFERENT, DIFFERENT)
    outside = [check for check in published if check.by_publication == "fails"]
    if outside:
        reason = f"Published drops exceed {100 * DIFFERENT:.0f} %; {lacking[0].lower()}{lacking[1:]}"
        return Verdict("holds", "published", reason, tuple(outside))
    return Verdict("undecided", "", lacking)


def _less(estimate: Estimate, by: float) -> Estimate:
    ends = (None if end is None else end - by for end in (estimate.value, estimate.low, estimate.high))
    return Estimate(*ends)


def _own_pairs(findings: Findings) -> Verdict:
    measured = [cell for s in findings.board.standings for cell in s.cells.values() if cell.result]
    if not measured:
        return Verdict("undecided", "", "Nothing was measured here")
    reason = (
        f"The {len(measured)} pairs on this site come from the program that isogloss score FILE --model NAME runs on a "
        "word list of your own"
    )
    return Verdict("holds", "measured", reason)


def _thirteen(findings: Findings) -> Verdict:
    n = len(findings.study)
    if not n:
        return Verdict("undecided", "", "The registry has no group called paper")
    encoders, decoders = (sum(m.family == family for m in findings.study) for family in ("encoder", "decoder"))
    measured = sum(findings.mean(model.name) is not None for model in findings.study)
    reason = (
        f"The registry's group of the study has {n} models: {encoders} encoders such as BERT, {decoders} built on "
        f"language models, {n - encoders - decoders} of undisclosed build. Measured here on every domain: {measured}"
    )
    return Verdict("holds" if n == 13 and encoders and decoders else "fails", "registry", reason)


def _objectives(findings: Findings) -> Verdict:
    if not findings.study:
        return Verdict("undecided", "", "The registry has no group called paper")
    kinds = {
        "translation pairs": _names(findings, _pairs),
        "masked words": _names(findings, lambda m: m.objective == "mlm"),
        "next-token prediction (what their language model learnt first)": _names(findings, _llm),
        "instructions": _names(findings, lambda m: m.objective == "instruction"),
    }
    sizes = sorted(model.parameters for model in findings.study if model.parameters)
    told = "; ".join(f"{kind}: {len(names)}" for kind, names in kinds.items())
    scale = f"from {sizes[0] / 1e6:,.0f} to {sizes[-1] / 1e6:,.0f} million parameters" if sizes else "of unknown size"
    status: Status = "holds" if all(kinds.values()) and len(set(sizes)) > 1 else "fails"
    means = [
        Check(name, f"mean SA, trained on {kind}", 0.0, 1.0, mean)
        for kind, names in kinds.items()
        for name in names
        if (mean := findings.mean(name))
    ]
    return Verdict(status, "registry", f"Models trained on {told}; {scale}", tuple(means))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        1,
        "LaBSE reaches SA 0.70, the distilled USE 0.68 and Sentence-BERT 0.68.",
        f"Their mean SA over the four domains lies within {TOLERANCE} of these values.",
        True,
        _best_three,
    ),
    Claim(
        2,
        "Embeddings built on language models plateau between SA 0.50 and 0.61.",
        f"The mean SA of each of the registry's decoders lies in that range, and ten times the parameters change it by "
        f"at most {PLATEAU}. Closed models do not say what they are built on, and are left out.",
        False,
        _plateau,
    ),
    Claim(
        3,
        "mBERT has SA 0.50 and XLM-R 0.45.",
        f"Their mean SA over the four domains lies within {TOLERANCE} of these values.",
        False,
        _mlm_only,
    ),
    Claim(
        4,
        "The best BERT models lose 25 to 31 % from modern concepts to edge cases and ancient text.",
        "The relative drops of models trained on translation pairs lie in that range, give or take "
        f"{100 * TOLERANCE:.0f} %.",
        True,
        _drop_of_pairs,
    ),
    Claim(
        5,
        "Embeddings built on language models lose less: 15 to 17 %.",
        f"The relative drops of the registry's decoders lie in that range, give or take {100 * TOLERANCE:.0f} %. "
        "Closed models do not say what they are built on, and are left out.",
        True,
        _drop_of_llms,
    ),
    Claim(
        6,
        "LaBSE's map interleaves the languages; translations lie together (SA 0.807).",
        f"SA on modern concepts lies within {TOLERANCE} of 0.807. How the map looks is not tested.",
        True,
        _on_the_map("LaBSE", 0.807),
    ),
    Claim(
        7,
        "OpenAI-3-Large mixes the languages moderately, with visible clusters (SA 0.644).",
        f"SA on modern concepts lies within {TOLERANCE} of 0.644. How the map looks is not tested.",
        True,
        _on_the_map("text-embedding-3-large", 0.644),
    ),
    Claim(
        8,
        "Qwen3-0.6B separates the languages partly, at the threshold (SA 0.490).",
        f"SA on modern concepts lies within {TOLERANCE} of 0.490. How the map looks is not tested.",
        True,
        _on_the_map("Qwen3-Embedding-0.6B", 0.490),
    ),
    Claim(
        9,
        "mBERT separates the languages, for all its training on 104 of them (SA 0.507).",
        f"SA on modern concepts lies within {TOLERANCE} of 0.507. How the map looks is not tested.",
        True,
        _on_the_map("mBERT", 0.507),
    ),
    Claim(
        10,
        "A model with SA of 0.60 or more on general vocabulary may align special vocabulary quite differently.",
        f"Some model surely at 0.60 or above on the reference dataset changes by more than {100 * DIFFERENT:.0f} % "
        "elsewhere, beyond what the spread of the other list makes by itself.",
        True,
        _domains_differ,
    ),
    Claim(
        11,
        "Anyone can run a benchmark on translation pairs of their own.",
        "The numbers on this site were measured by the command that does so.",
        True,
        _own_pairs,
    ),
    Claim(
        12,
        "Thirteen models were compared, BERT architectures and embeddings built on language models.",
        "The registry's group of the study has thirteen models of both kinds.",
        True,
        _thirteen,
    ),
    Claim(
        13,
        "They differ in training objective (translation pairs, masked words, next-token prediction, instructions) "
        "and in scale.",
        "The registry's entries of the study name all of these objectives, and more than one size.",
        True,
        _objectives,
    ),
)


def judged(findings: Findings) -> tuple[tuple[Claim, Verdict], ...]:
    """Every claim with its verdict."""
    return tuple((claim, claim.decide(findings)) for claim in CLAIMS)

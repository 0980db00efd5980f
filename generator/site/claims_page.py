"""The page that holds what papers claim against results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.claims import Check, Claim, Findings, Status, Verdict, judged
from generator.published import Figure, contradictions
from generator.results import Estimate
from generator.site import links
from generator.site.pages import Link, Page, PublishedRow
from generator.site.parts import published_rows, shown_figure, source_link


@dataclass(frozen=True)
class CheckRow:
    """One number that a claim speaks of: its range, what was measured, what was published."""

    subject: str
    quantity: str
    low: float
    high: float
    measured: Estimate | None
    published: tuple[str, ...]


@dataclass(frozen=True)
class ClaimRow:
    number: int
    statement: str
    test: str
    confirmed: bool
    status: Status
    on_paper: bool
    """Whether published figures alone decided it."""
    verdict: str
    basis: str
    reason: str
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True)
class ContradictionRow:
    subject: str
    figures: tuple[str, ...]
    source: Link


@dataclass(frozen=True)
class ClaimsPage(Page):
    """What the papers claim, held against results."""

    template = "claims.html"
    claims: tuple[ClaimRow, ...]
    counts: tuple[tuple[str, int], ...]
    """How many hold, do not, and are open."""
    contradictions: tuple[ContradictionRow, ...]
    published: tuple[PublishedRow, ...]


VERDICTS = {"holds": "holds", "fails": "does not hold", "undecided": "cannot be decided"}
BASES = {
    "measured": "by what was measured here",
    "published": "by published figures alone, nothing of it was measured here",
    "registry": "by the entries of the registry",
    "": "",
}


def claims_page(findings: Findings) -> ClaimsPage:
    """Every claim with its verdict, contradictions among published figures, and those figures."""
    verdicts = judged(findings)
    return ClaimsPage(
        links.CLAIMS,
        "Claims",
        "What papers claim about cross-lingual alignment, stated as tests and held against results.",
        tuple(_claim_row(claim, verdict) for claim, verdict in verdicts),
        _tally([verdict for _, verdict in verdicts]),
        tuple(
            ContradictionRow(
                found.model,
                tuple(_located(figure) for figure in found.figures),
                source_link(found.source),
            )
            for found in contradictions(findings.published)
        ),
        published_rows(findings.board, [(source, f) for source in findings.published for f in source.figures]),
    )


def _tally(verdicts: Sequence[Verdict]) -> tuple[tuple[str, int], ...]:
    """How many claims were decided in which way; published figures that confirm their own paper are told apart."""
    names = [
        "decided by published figures alone" if verdict.basis == "published" else VERDICTS[verdict.status]
        for verdict in verdicts
    ]
    several = {VERDICTS["holds"]: "hold", VERDICTS["fails"]: "do not hold"}
    order = (VERDICTS["holds"], VERDICTS["fails"], "decided by published figures alone", VERDICTS["undecided"])
    counts = [(name, names.count(name)) for name in order]
    return tuple((name if count == 1 else several.get(name, name), count) for name, count in counts)


def _claim_row(claim: Claim, verdict: Verdict) -> ClaimRow:
    return ClaimRow(
        claim.number,
        claim.statement,
        claim.test,
        claim.confirmed,
        verdict.status,
        verdict.basis == "published",
        VERDICTS[verdict.status],
        BASES[verdict.basis],
        verdict.reason,
        _check_rows(verdict.checks),
    )


def _check_rows(checks: Sequence[Check]) -> tuple[CheckRow, ...]:
    return tuple(
        CheckRow(
            check.subject,
            check.quantity,
            check.low,
            check.high,
            check.measured,
            tuple(_located(figure) for _, figure in check.published),
        )
        for check in checks
    )


def _located(figure: Figure) -> str:
    return f"{shown_figure(figure)} ({figure.scope}; {figure.locator})"

"""The page that shows what each model loses from one domain to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from generator.domains import GroupDrop, ModelDomains, drops_by_objective
from generator.leaderboard import Leaderboard
from generator.results import Estimate
from generator.site import links
from generator.site.marks import Mark, marks, shape_path
from generator.site.pages import Link, Page, Score
from generator.site.parts import OBJECTIVES, score_of


@dataclass(frozen=True)
class DropRow:
    """A model on one dataset against the reference."""

    model: Link
    page: str
    ranked: bool
    objective: str
    parameters: int | None
    score: Score
    reference: Estimate
    lift: Estimate
    """1 - V/V₀ here, and on the reference."""
    reference_lift: Estimate
    raw: Estimate
    above_chance: Estimate | None
    by_spread: float


@dataclass(frozen=True)
class DomainSection:
    """One dataset against the reference."""

    dataset: Link
    domain: str
    probes: str
    rows: tuple[DropRow, ...]


@dataclass(frozen=True)
class GroupRow:
    """The mean drops of models trained alike, in the order of the sections; and how many models they are of."""

    objective: str
    drops: tuple[float | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class MapStrip:
    """A model's maps over the datasets; None where there is none."""

    model: Link
    drawings: tuple[tuple[str, str] | None, ...]
    """The drawing and the page it leads to."""


@dataclass(frozen=True)
class DomainsPage(Page):
    """What a mismatch between training data and domain does."""

    template = "domains.html"
    reference: Link
    sections: tuple[DomainSection, ...]
    groups: tuple[GroupRow, ...]
    chart: str | None
    """Drops against size as a drawing; None below two models of known size."""
    chart_legend: tuple[tuple[str, Mark], ...]
    datasets: tuple[str, ...]
    strips: tuple[MapStrip, ...]


CHART_WIDTH, CHART_HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 40


def domains_page(board: Leaderboard, models: Sequence[ModelDomains]) -> DomainsPage:
    """The domains page; ``models`` from `generator.domains.model_domains`."""
    others = [dataset for dataset in board.scored if dataset.slug != board.reference]
    reference = next((d for d in board.scored if d.slug == board.reference), None)
    slugs = [dataset.slug for dataset in others]
    return DomainsPage(
        links.DOMAINS,
        "Domains",
        "What a mismatch between training data and domain does to cross-lingual alignment, model by model.",
        Link(reference.card.name, links.dataset_page(reference.slug)) if reference else Link("", links.HOME),
        tuple(
            DomainSection(
                Link(dataset.card.name, links.dataset_page(dataset.slug)),
                dataset.card.domain,
                dataset.card.probes,
                _drop_rows(models, dataset.slug, board.reference),
            )
            for dataset in others
        ),
        _group_rows(drops_by_objective(models), slugs),
        size_chart(models, slugs),
        tuple((dataset.card.name, look) for dataset, look in zip(others, marks(slugs).values(), strict=True)),
        tuple(dataset.card.name for dataset in board.datasets),
        _strips(board),
    )


def size_chart(models: Sequence[ModelDomains], slugs: Sequence[str]) -> str | None:
    """Raw drops against the number of parameters, a mark a dataset, as SVG; None below two models of known size.

    Holds no text from outside.
    """
    points = [
        (log10(parameters), slug, score.drop.raw)
        for each in models
        if each.standing.ranked and (parameters := each.standing.model.parameters)
        for slug, score in each.scores.items()
        if score.drop and score.drop.raw.value is not None
    ]
    sizes = [size for size, _, _ in points]
    if len(set(sizes)) < 2:
        return None
    least, most = floor(min(sizes)), ceil(max(sizes))
    ends = [0.0, *(end for *_, drop in points for end in _reach(drop))]
    low, high = floor(10 * min(ends)) / 10, ceil(10 * max(ends)) / 10
    high = max(high, low + 0.1)

    def x(size: float) -> float:
        return LEFT + (size - least) / (most - least) * (CHART_WIDTH - LEFT - RIGHT)

    def y(drop: float) -> float:
        return TOP + (high - drop) / (high - low) * (CHART_HEIGHT - TOP - BOTTOM)

    looks = marks(slugs)
    body = []
    right = CHART_WIDTH - RIGHT
    for tenth in range(round(10 * low), round(10 * high) + 1):
        at = f"{y(tenth / 10):.1f}"
        body.append(f'<line class="chart-grid" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        body.append(
            f'<text class="chart-label" x="{LEFT - 8}" y="{at}" dy="4" text-anchor="end">{minus(10 * tenth)} %</text>'
        )
    for power in range(least, most + 1):
        text = {6: "1 M", 7: "10 M", 8: "100 M", 9: "1 B", 10: "10 B"}.get(power, f"10^{power}")
        body.append(
            f'<text class="chart-label" x="{x(power):.1f}" y="{CHART_HEIGHT - 14}" text-anchor="middle">{text}</text>'
        )
    for size, slug, drop in points:
        bottom, top = _reach(drop)
        look = looks[slug]
        body.append(
            f'<g stroke="{look.colour}" fill="{look.colour}"><line x1="{x(size):.1f}" x2="{x(size):.1f}" '
            f'y1="{y(bottom):.1f}" y2="{y(top):.1f}"/><path stroke="none" transform="translate({x(size):.1f} '
            f'{y(drop.value or 0.0):.1f}) scale(5)" d="{shape_path(look.shape)}"/></g>'
        )
    return f'<svg class="chart" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" aria-hidden="true">{"".join(body)}</svg>'


def minus(value: int) -> str:
    """A whole number with a proper minus sign."""
    return str(value).replace("-", "−")


def _reach(drop: Estimate) -> tuple[float, float]:
    value = drop.value or 0.0
    return (value if drop.low is None else drop.low, value if drop.high is None else drop.high)


def _drop_rows(models: Sequence[ModelDomains], slug: str, reference: str) -> tuple[DropRow, ...]:
    rows = []
    for each in models:
        model, score, result = each.standing.model, each.scores.get(slug), each.standing.cells[slug].result
        if score and score.drop and result and (shown := score_of(result)):
            rows.append(
                DropRow(
                    Link(model.name, links.model_page(model.slug)),
                    links.pair_page(model.slug, slug),
                    each.standing.ranked,
                    OBJECTIVES.get(model.objective, model.objective),
                    model.parameters,
                    shown,
                    each.scores[reference].affinity,
                    score.above_chance,
                    each.scores[reference].above_chance,
                    score.drop.raw,
                    score.drop.above_chance,
                    score.drop.by_spread,
                )
            )
    return tuple(sorted(rows, key=lambda row: (not row.ranked, row.raw.value or 0.0, row.model.text)))


def _group_rows(drops: Sequence[GroupDrop], slugs: Sequence[str]) -> tuple[GroupRow, ...]:
    found = {(drop.group, drop.dataset): drop for drop in drops}
    groups = dict.fromkeys(drop.group for drop in drops)
    return tuple(
        GroupRow(
            OBJECTIVES.get(group, group),
            tuple(found[group, s].drop if (group, s) in found else None for s in slugs),
            tuple(found[group, s].n_models if (group, s) in found else 0 for s in slugs),
        )
        for group in groups
    )


def _strips(board: Leaderboard) -> tuple[MapStrip, ...]:
    strips = []
    for standing in board.standings:
        model = standing.model
        drawings = tuple(
            (links.pair_drawing(model.slug, d.slug), links.pair_page(model.slug, d.slug))
            if (result := standing.cells[d.slug].result) and result.map and result.map.points
            else None
            for d in board.datasets
        )
        if any(drawings):
            strips.append(MapStrip(Link(model.name, links.model_page(model.slug)), drawings))
    return tuple(strips)

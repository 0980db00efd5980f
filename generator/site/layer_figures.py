"""Alignment layer by layer as a model's page shows it: two small charts, and in words what is seen in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from html import escape
from math import ceil, floor

from generator.datasets import Dataset
from generator.layers import Curves, Layer, LayerCurve
from generator.results import Estimate
from generator.shown import decimal
from generator.site import links
from generator.site.pages import Link


@dataclass(frozen=True)
class LayerSection:
    """A model's layers on one dataset."""

    dataset: Link
    reading: str
    """What is seen in the charts."""
    charts: tuple[str, ...]
    """As SVG, safe to show as they are."""
    curve: LayerCurve


WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 40, 90, 34, 46
LABEL_HEIGHT = 14
MOST_LABELS = 12
"""Steps that an axis is labelled in."""

TELLING = 0.01
"""A gain in SA below this is not worth a word."""
CROWDED = 0.5
"""From this mean cosine of words of different meaning on, a high cosine of translations is no news."""


@dataclass(frozen=True)
class Line:
    """One measure over the layers, from layer 0 on."""

    name: str
    estimates: Sequence[Estimate]

    @property
    def values(self) -> dict[int, float]:
        """By layer, where there is a value."""
        return {layer: each.value for layer, each in enumerate(self.estimates) if each.value is not None}


@dataclass(frozen=True)
class _Frame:
    """Where layers from 0 to ``last`` and values from ``low`` to ``high``, both in tenths, are drawn."""

    last: int
    low: int
    high: int

    def x(self, layer: int) -> float:
        return LEFT + layer / max(self.last, 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (self.high - 10 * value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[tuple[int, float]]) -> str:
        return "M" + "L".join(f"{self.x(layer):.1f} {self.y(value):.1f}" for layer, value in points)


def layer_sections(model: str, datasets: Sequence[Dataset], curves: Curves) -> tuple[LayerSection, ...]:
    """A section a dataset on which the layers of a model, named by its slug, were measured as the dataset is now."""
    found = ((dataset, curves.get((model, dataset.slug))) for dataset in datasets)
    return tuple(
        LayerSection(
            Link(dataset.card.name, links.dataset_page(dataset.slug)), reading(curve.layers), charts(curve), curve
        )
        for dataset, curve in found
        if curve and curve.dataset.digest == dataset.digest
    )


def charts(curve: LayerCurve) -> tuple[str, str]:
    """SA with its null, and the mean cosine of translations with that of random pairs, each as SVG."""
    layers, on = curve.layers, curve.dataset
    return (
        layer_chart(
            f"layers-{on.slug}-affinity",
            "Semantic Affinity",
            on.name,
            Line("SA", [layer.semantic_affinity for layer in layers]),
            Line("null SA", [layer.null_sa for layer in layers]),
        ),
        layer_chart(
            f"layers-{on.slug}-cosine",
            "Mean cosine",
            on.name,
            Line("translations", [layer.translation_cosine for layer in layers]),
            Line("random pairs", [layer.random_cosine for layer in layers]),
        ),
    )


def layer_chart(identifier: str, quantity: str, dataset: str, measure: Line, baseline: Line) -> str:
    """A measure as a solid line over its dashed baseline, with intervals, the gap between them shaded.

    ``identifier`` tells the chart from others on the page; every other text is escaped.
    """
    frame = _frame(measure, baseline)
    over, under = measure.values, baseline.values
    body = [
        f'<title id="{identifier}-title">{escape(f"{quantity} layer by layer on {dataset}")}</title>',
        f'<desc id="{identifier}-desc">{escape(f"{_described(measure)} {_described(baseline)}")}</desc>',
        f'<text class="chart-label" x="{LEFT}" y="14">{escape(quantity)}</text>',
    ]
    for run in _runs(over.keys() & under.keys()):
        outline = frame.path([*((i, over[i]) for i in run), *((i, under[i]) for i in reversed(run))])
        body.append(f'<path fill="var(--accent-soft)" d="{outline}z"/>')
    body += _grid(frame)
    body += _drawn(baseline, frame, 'stroke="var(--quiet)" fill="var(--paper)"', "5 4")
    body += _drawn(measure, frame, 'stroke="var(--accent)" fill="var(--accent)"')
    body += _labels(measure, baseline, frame)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{identifier}-title {identifier}-desc">{"".join(body)}</svg>'
    )


def reading(layers: Sequence[Layer]) -> str:
    """What is seen in the charts, in a few sentences."""
    gains = [(gain, layer) for layer in layers if (gain := layer.above_chance) is not None]
    if not gains:
        reasons = (reason for layer in layers for reason in layer.undefined.values())
        return f"SA has no value at any layer: {next(reasons, 'nothing to compare it with')}."
    last = layers[-1]

    def named(layer: Layer) -> str:
        if layer.number == 0:
            return "the embedding layer"
        return f"the last layer, {layer.number}" if layer is last else f"layer {layer.number} of {last.number}"

    gain, best = max(gains, key=lambda each: each[0])
    values = f"{decimal(best.semantic_affinity.value)} against {decimal(best.null_sa.value)}"
    said = [
        f"SA stands highest above its null at {named(best)}: {values}."
        if gain >= TELLING
        else f"At no layer does SA stand {TELLING} above its null; it comes nearest at {named(best)}: {values}."
    ]
    if last.above_chance is None:
        said.append("The last layer has no SA.")
    elif gain - last.above_chance >= TELLING:
        said.append(
            f"By the last layer, {last.number}, a gain of {decimal(gain)} has become {decimal(last.above_chance)}."
        )
    crowded = max((layer for _, layer in gains), key=lambda layer: layer.random_cosine.value or 0.0)
    cosines = f"{decimal(crowded.random_cosine.value)}, of translations {decimal(crowded.translation_cosine.value)}"
    if (crowded.random_cosine.value or 0.0) >= CROWDED:
        said.append(f"A high cosine says nothing at {named(crowded)}: the mean of random pairs is {cosines}.")
    else:
        said.append(f"The mean cosine of random pairs is highest at {named(crowded)}: {cosines}.")
    return " ".join(said)


def _frame(*lines: Line) -> _Frame:
    ends = [end for line in lines for each in line.estimates for end in (each.value, each.low, each.high)]
    known = [10 * end for end in ends if end is not None] or [0.0]
    low = floor(min(known))
    return _Frame(len(lines[0].estimates) - 1, low, max(ceil(max(known)), low + 1))


def _runs(layers: Set[int]) -> Iterator[list[int]]:
    """Layers that follow each other without a gap."""
    run: list[int] = []
    for layer in sorted(layers):
        if run and layer > run[-1] + 1:
            yield run
            run = []
        run.append(layer)
    if run:
        yield run


def _grid(frame: _Frame) -> Iterator[str]:
    """Lines and labels of both axes."""
    right = WIDTH - RIGHT
    for tenth in range(frame.low, frame.high + 1, ceil((frame.high - frame.low) / MOST_LABELS)):
        at = f"{frame.y(tenth / 10):.1f}"
        yield f'<line class="chart-grid" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>'
        label = f"{tenth / 10:.1f}".replace("-", "−")
        yield f'<text class="chart-label" x="{LEFT - 8}" y="{at}" dy="4" text-anchor="end">{label}</text>'
    for layer in range(0, frame.last + 1, max(1, ceil(frame.last / MOST_LABELS))):
        place = f'x="{frame.x(layer):.1f}" y="{HEIGHT - BOTTOM + 20}"'
        yield f'<text class="chart-label" {place} text-anchor="middle">{layer}</text>'
    place = f'x="{(LEFT + right) / 2:.1f}" y="{HEIGHT - 6}"'
    yield f'<text class="chart-label" {place} text-anchor="middle">layer (0: embeddings)</text>'


def _drawn(line: Line, frame: _Frame, look: str, dashes: str = "none") -> Iterator[str]:
    """A line with a dot and an interval a layer; it breaks where a layer has no value."""
    values = line.values
    yield f"<g {look}>"
    for run in _runs(values.keys()):
        outline = frame.path([(layer, values[layer]) for layer in run])
        yield f'<path fill="none" stroke-width="2" stroke-dasharray="{dashes}" d="{outline}"/>'
    for layer, value in values.items():
        x, estimate = f"{frame.x(layer):.1f}", line.estimates[layer]
        if estimate.low is not None and estimate.high is not None:
            ends = f'y1="{frame.y(estimate.low):.1f}" y2="{frame.y(estimate.high):.1f}"'
            yield f'<line x1="{x}" x2="{x}" {ends}/>'
        yield f'<circle cx="{x}" cy="{frame.y(value):.1f}" r="2.8"/>'
    yield "</g>"


def _labels(measure: Line, baseline: Line, frame: _Frame) -> Iterator[str]:
    """Each line's name beside its last dot, the two kept apart."""
    ends = [(line.name, frame.y(list(values.values())[-1])) for line in (measure, baseline) if (values := line.values)]
    ends.sort(key=lambda end: end[1])
    lowest = float("-inf")
    for name, y in ends:
        lowest = max(y, lowest + LABEL_HEIGHT)
        place = f'x="{WIDTH - RIGHT + 8}" y="{lowest:.1f}"'
        yield f'<text class="chart-label" {place} dy="4">{escape(name)}</text>'


def _described(line: Line) -> str:
    """A line in words, for those who do not see it."""
    values = line.values
    if not values:
        return f"{line.name}: no value."
    first, last, top = min(values), max(values), max(values, key=lambda layer: values[layer])
    return (
        f"{line.name}: {decimal(values[first])} at layer {first}, {decimal(values[last])} at layer {last}, "
        f"highest at layer {top} with {decimal(values[top])}."
    )

"""The traps of alignment scores, as small simulations drawn as charts for the methods page.

Two languages render the same concepts: a word is its concept's vector of length about 1 plus noise of its own. One
thing at a time is then done to them, at rising strength.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from generator.measures import aligned_index, semantic_affinity
from generator.measures.affinity import centred_vectors, unit_vectors
from generator.measures.index import FloatArray
from generator.site.marks import Mark, marks, shape_path

N_CONCEPTS, N_DIMS, SEED = 150, 384, 5
NOISE = 0.61
"""Length of a word's own part: translations then have a mean cosine of about 1/(1 + 0.61²) = 0.73."""

LINES = {
    "affinity": "SA",
    "null": "Null SA",
    "centred": "Centred SA",
    "retrieval": "P@1",
    "cosine": "Mean cosine of translations",
}
CHART_WIDTH, CHART_HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 40, 16, 12, 44

Languages = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Reading:
    """What the measures say at one strength."""

    strength: float
    affinity: float
    null: float
    centred: float
    retrieval: float
    cosine: float
    random: float
    """Mean cosine of words of different concepts, across the languages."""

    @property
    def values(self) -> tuple[float, ...]:
        """In the order of `LINES`."""
        return tuple(getattr(self, key) for key in LINES)


@dataclass(frozen=True)
class Trap:
    """One simulation."""

    key: str
    name: str
    what: str
    axis: str
    rows: tuple[Reading, ...]
    sentence: str
    """What is seen, in numbers."""
    drawing: str
    """SVG that holds no text from outside."""


@dataclass(frozen=True)
class _Plan:
    key: str
    name: str
    what: str
    axis: str
    strengths: tuple[float, ...]
    distort: Callable[[_Words, float], Languages]
    sentence: str
    """With the first and last readings as {0} and {1}."""


@dataclass(frozen=True)
class _Words:
    """What the words are made of."""

    meaning: FloatArray
    own: Languages
    """Each word's own part."""
    directions: FloatArray
    """Unit vectors: of the common vector, of each language's offset."""


@cache
def traps() -> tuple[Trap, ...]:
    """Every trap, simulated; the same in every process."""
    words = _words()
    looks = marks(list(LINES))
    return tuple(_trap(plan, words, looks) for plan in _PLANS)


def chart_legend() -> tuple[tuple[str, Mark], ...]:
    """The lines of every chart with their marks."""
    return tuple((LINES[key], look) for key, look in marks(list(LINES)).items())


def _words() -> _Words:
    rng = np.random.default_rng(SEED)
    shape = (N_CONCEPTS, N_DIMS)
    meaning, *own = (rng.standard_normal(shape) / np.sqrt(N_DIMS) for _ in range(3))
    directions = rng.standard_normal((3, N_DIMS))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _Words(meaning, (NOISE * own[0], NOISE * own[1]), directions)


def _cone(words: _Words, strength: float) -> Languages:
    """Every word moved by one and the same vector."""
    a, b = (words.meaning + own + strength * words.directions[0] for own in words.own)
    return a, b


def _island(words: _Words, strength: float) -> Languages:
    """Each language moved by a vector of its own."""
    a, b = (words.meaning + own + strength * words.directions[1 + i] for i, own in enumerate(words.own))
    return a, b


def _noise(words: _Words, strength: float) -> Languages:
    """The words' own parts made longer."""
    a, b = (words.meaning + strength * own for own in words.own)
    return a, b


def _topic(words: _Words, strength: float) -> Languages:
    """A share of every concept replaced by what all have in common; their length stays."""
    meaning = np.sqrt(1 - strength) * words.meaning + np.sqrt(strength) * words.directions[0]
    a, b = (meaning + own for own in words.own)
    return a, b


_PLANS = (
    _Plan(
        "cone",
        "The cone",
        "One and the same vector is added to every word.",
        "Length of the common vector",
        (0, 0.5, 1, 2, 3, 4, 6, 8, 10),
        _cone,
        "The mean cosine of translations rises from {0.cosine:.2f} to {1.cosine:.3f}, and that of unrelated words from "
        "{0.random:z.2f} to {1.random:.2f}. Nothing is better aligned: SA is {0.affinity:.2f} at both ends.",
    ),
    _Plan(
        "island",
        "The island",
        "Each language is moved by a vector of its own.",
        "Length of each language's offset",
        (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2),
        _island,
        "SA falls from {0.affinity:.2f} to {1.affinity:.2f}, and what chance gives falls with it, from {0.null:.2f} to "
        "{1.null:.2f}. Retrieval within the other language notices nothing (P@1 {1.retrieval:.2f}), and centred SA "
        "stays at {1.centred:.2f}.",
    ),
    _Plan(
        "noise",
        "Noise",
        "Each word's own part is made longer.",
        "Noise, in multiples of where it began",
        (1, 1.5, 2, 2.5, 3, 3.5, 4),
        _noise,
        "This is worse alignment, and all say so: SA falls from {0.affinity:.2f} to {1.affinity:.2f} and P@1 from "
        "{0.retrieval:.2f} to {1.retrieval:.2f}, while chance stays at {1.null:.2f}. P@1 falls late, as near misses "
        "cost it nothing.",
    ),
    _Plan(
        "topic",
        "One topic",
        "The concepts come to resemble each other, as in a list about one topic; the translations are as good as "
        "before.",
        "Share of a concept that all have in common",
        (0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9),
        _topic,
        "SA falls from {0.affinity:.2f} to {1.affinity:.2f} with the same translations, while their mean cosine "
        "hardly moves ({0.cosine:.2f} to {1.cosine:.2f}): never compare SA between lists.",
    ),
)


def _trap(plan: _Plan, words: _Words, looks: Mapping[str, Mark]) -> Trap:
    readings = tuple(_reading(strength, plan.distort(words, strength)) for strength in plan.strengths)
    sentence = plan.sentence.format(readings[0], readings[-1])
    return Trap(plan.key, plan.name, plan.what, plan.axis, readings, sentence, _chart(plan.axis, readings, looks))


def _reading(strength: float, languages: Languages) -> Reading:
    vectors = unit_vectors(dict(zip(("a", "b"), languages, strict=True)))
    index = aligned_index(N_CONCEPTS, list(vectors))
    found = semantic_affinity(vectors, index)
    return Reading(
        strength,
        found.value,
        found.null,
        semantic_affinity(centred_vectors(vectors), index).value,
        _retrieval(vectors["a"] @ vectors["b"].T),
        1 - found.inter_spread,
        1 - found.null_spread,
    )


def _retrieval(cosines: FloatArray) -> float:
    """P@1, both ways, of continuous vectors, which have no ties."""
    right = np.arange(len(cosines))
    return float(np.mean([cosines.argmax(axis=0) == right, cosines.argmax(axis=1) == right]))


def _chart(axis: str, readings: Sequence[Reading], looks: Mapping[str, Mark]) -> str:
    """The readings as lines with a mark at each strength; holds no text from outside."""
    least, most = readings[0].strength, readings[-1].strength
    right, bottom = CHART_WIDTH - RIGHT, CHART_HEIGHT - BOTTOM

    def x(strength: float) -> str:
        return f"{LEFT + (strength - least) / (most - least) * (right - LEFT):.1f}"

    def y(value: float) -> str:
        return f"{bottom - value * (bottom - TOP):.1f}"

    body = [
        f'<line class="chart-grid" x1="{LEFT}" x2="{right}" y1="{y(quarter)}" y2="{y(quarter)}"/>'
        f'<text class="chart-label" x="{LEFT - 6}" y="{y(quarter)}" dy="4" text-anchor="end">{quarter:g}</text>'
        for quarter in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    body += [
        f'<text class="chart-label" x="{x(at)}" y="{bottom + 16}" text-anchor="middle">{at:g}</text>'
        for at in (reading.strength for reading in readings)
    ]
    middle = f'x="{(LEFT + right) / 2:g}" y="{CHART_HEIGHT - 6}" text-anchor="middle"'
    body.append(f'<text class="chart-label" {middle}>{axis}</text>')
    for place, (key, look) in enumerate(looks.items()):
        points = [(x(reading.strength), y(getattr(reading, key))) for reading in readings]
        path = shape_path(look.shape)
        size = 4 if place else 6  # SA's marks show behind those of a line that coincides with it
        dots = "".join(f'<path transform="translate({px} {py}) scale({size})" d="{path}"/>' for px, py in points)
        line = " ".join(f"{px},{py}" for px, py in points)
        body.append(
            f'<g fill="{look.colour}"><polyline fill="none" stroke="{look.colour}" stroke-width="1.5" points="{line}"/>'
            f"{dots}</g>"
        )
    return f'<svg class="chart" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" aria-hidden="true">{"".join(body)}</svg>'

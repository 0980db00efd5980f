"""Every measure worked by hand on four words, for the methods page.

Two concepts in two languages, with vectors whose lengths are whole numbers, so that each step can be followed on
paper. The numbers come from the measures themselves, as LaTeX.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from generator.measures import aligned_index, semantic_affinity
from generator.measures.affinity import centred_vectors, unit_vectors
from generator.measures.companion import Cells, cells_of
from generator.measures.geometry import (
    category_measures,
    collapse_ratio,
    intra_spread,
    number_measures,
    purities,
    silhouettes,
)
from generator.measures.index import FloatArray
from generator.measures.likeness import likeness_measures
from generator.measures.neighbours import nearest_neighbours
from generator.measures.resampling import affinity_draws
from generator.measures.retrieval import retrieval_measures
from generator.measures.spelling import identical_share, same_spelling

WORDS = {"en": {"water": (3, 4), "fire": (4, -3)}, "zh": {"水": (4, 3), "火": (24, 7)}}
"""By language, the words for water and fire with their vectors."""
SYMBOLS = ("x_1", "x_2", "y_1", "y_2")
NUMBERS = (0, 7, 1, 3)
"""What x_1, x_2, y_1 and y_2 stand for where numbers are ordered: each, plus one, twice the one before."""
DRAWN = (2, 1)
"""How often the resample shown draws water and fire."""
UNWORKED = {
    "hubness": "with two words a language, each is among the ten nearest of all, and nothing is left to be skewed.",
    "language_preference": "it takes three languages to prefer one of the others.",
    "cka": "it takes four concepts.",
    "rsa": "two concepts make one pair, and a correlation takes more.",
}

Steps = tuple[str, ...]
"""LaTeX, one formula each."""


@dataclass(frozen=True)
class ExampleWord:
    """One of the four words, ready to show."""

    symbol: str
    """What stands for it in formulas, as LaTeX."""
    text: str
    tag: str
    vector: str
    unit: str
    cosines: tuple[str, ...]
    """With every word, in the order of the example."""


@dataclass(frozen=True)
class WorkedExample:
    """Four words and what the measures say of them."""

    words: tuple[ExampleWord, ...]
    by_hand: Mapping[str, Steps]
    """By measure; those of `unworked` have none."""
    resample: Steps
    """SA of the resample with the weights `DRAWN`."""
    unworked: Mapping[str, str]
    """By measure, why four words are too few for it."""


@cache
def worked_example() -> WorkedExample:
    """The example, computed."""
    vectors = {tag: np.array(list(words.values()), dtype=np.float64) for tag, words in WORDS.items()}
    units = unit_vectors(vectors)
    return WorkedExample(
        _words(np.vstack(list(units.values()))),
        {**_affinity(vectors), **_neighbours(units), **_likeness(units), **_levels(units)},
        _resample(units),
        UNWORKED,
    )


def _words(rows: FloatArray) -> tuple[ExampleWord, ...]:
    texts = [(text, tag, vector) for tag, words in WORDS.items() for text, vector in words.items()]
    return tuple(
        ExampleWord(
            symbol,
            text,
            tag,
            _vector(vector),
            _vector(row.tolist()),
            tuple(f"{cosine:.3f}".replace("-", "−") for cosine in (rows @ row).tolist()),
        )
        for symbol, (text, tag, vector), row in zip(SYMBOLS, texts, rows, strict=True)
    )


def _vector(numbers: Sequence[float]) -> str:
    return f"({', '.join(number(value) for value in numbers)})".replace("-", "−")


def _affinity(vectors: Mapping[str, FloatArray]) -> dict[str, Steps]:
    index = aligned_index(2, list(vectors))
    found, moved = semantic_affinity(vectors, index), semantic_affinity(centred_vectors(vectors), index)
    (x_1, x_2), (y_1, y_2) = unit_vectors(vectors).values()
    return {
        "semantic_affinity": (
            f"H={_mean(found.language_spread)}",
            f"V={_mean(found.concept_spread)}",
            f"SA={_affinity_step(found.inter_spread, found.intra_spread, found.value)}",
        ),
        "null_sa": (
            f"V_0={_mean([1 - x_1 @ y_2, 1 - x_2 @ y_1])}",
            f"SA_0={_affinity_step(found.null_spread, found.intra_spread, found.null)}",
        ),
        "chance_corrected": (f"A=1-{_ratio(found.inter_spread, found.null_spread, found.chance_corrected)}",),
        "centred_sa": (
            rf"\tilde H={_mean(moved.language_spread)}",
            rf"\tilde V={_mean(moved.concept_spread)}",
            f"SA_c={_affinity_step(moved.inter_spread, moved.intra_spread, moved.value)}",
        ),
        "offset_penalty": (f"{number(moved.value)}-{number(found.value)}={number(moved.value - found.value)}",),
    }


def _affinity_step(inter: float, intra: float, value: float) -> str:
    return rf"\frac{{1}}{{1+{number(inter)}/{number(intra)}}}={number(value)}"


def _neighbours(units: Mapping[str, FloatArray]) -> dict[str, Steps]:
    found = nearest_neighbours(cells_of(units, aligned_index(2, list(units))))
    values = {key: companion.value for key, companion in retrieval_measures(found, np.ones((1, 2))).items()}
    right, wrong, ahead, near = (_queries(a) for a in (found.right, found.wrong, found.ahead, found.nearness))
    (x_1, x_2), (y_1, y_2) = units.values()
    own = [x_1 @ x_2, x_1 @ x_2, y_1 @ y_2, y_1 @ y_2]

    def csls(x: int, y: int, cosine: float) -> str:
        told = rf"2\cdot {number(cosine)}-{number(near[2 + y])}-{number(near[x])}"
        return rf"\text{{CSLS}}(x_{x + 1},y_{y + 1})={told}={number(2 * cosine - near[2 + y] - near[x])}"

    return {
        "retrieval_p1": (_mean(ahead == 0, values["retrieval_p1"]),),
        "retrieval_mrr": (_mean(1 / (1 + ahead), values["retrieval_mrr"]),),
        "csls_p1": (
            csls(1, 1, right[1]),
            csls(0, 1, x_1 @ y_2),
            _mean(_queries(found.csls), values["csls_p1"]),
        ),
        "mutual_precision": (_ratio(1, 1, values["mutual_precision"]),),
        "weak_alignment": (_mean(right[:2] > np.maximum(wrong[:2], wrong[2:]), values["weak_alignment"]),),
        "strong_alignment": (_mean(right > np.maximum(wrong, own), values["strong_alignment"]),),
        "margin": (_mean(right[:2] - (near[:2] + near[2:]) / 2, values["margin"]),),
        "language_separability": (_ratio("1/3-1/3", "1-1/3", values["language_separability"]),),
    }


def _queries(found: npt.NDArray[np.float32]) -> FloatArray:
    """What x_1, x_2, y_1 and y_2 find in the other language, (4,), from [concept, query's language, other]."""
    return np.concatenate([found[:, 0, 1], found[:, 1, 0]]).astype(np.float64)


def _likeness(units: Mapping[str, FloatArray]) -> dict[str, Steps]:
    index = aligned_index(2, list(units))
    cells = cells_of(units, index)
    affinity = semantic_affinity(units, index)
    rows = np.vstack(list(units.values()))
    cosines = (rows @ rows.T)[np.triu_indices(4, 1)]
    once = np.ones((1, 2))
    texts = {tag: [frozenset([text]) for text in words] for tag, words in WORDS.items()}
    return {
        "anisotropy": (_mean(cosines, likeness_measures(cells, once)["anisotropy"].value),),
        "identical_share": (_mean(same_spelling(texts)[:, 0, 1], identical_share(texts, once).value),),
        "sa_without_identical": (
            rf"V_{{\neq}}=V,\quad {_affinity_step(affinity.inter_spread, affinity.intra_spread, affinity.value)}",
        ),
    }


def _levels(units: Mapping[str, FloatArray]) -> dict[str, Steps]:
    """Water and fire as categories, the Chinese words as a list of characters, and all as the numbers `NUMBERS`."""
    rows, once = np.vstack(list(units.values())), np.ones((1, 4))
    concept = np.array([0, 1, 0, 1])
    items = (silhouettes(rows, concept), purities(rows, concept))
    categories = category_measures(rows, [str(c) for c in concept], once)
    cells = Cells(("",), rows[None], np.ones((1, 4), dtype=np.bool_))
    numbers = number_measures(cells, np.array(NUMBERS, dtype=np.float64), once)
    words, characters = (
        intra_spread({tag: own}, aligned_index(2, [tag]), np.ones((1, 2))) for tag, own in units.items()
    )
    distances = 1 - rows @ rows.T
    pairs, scale = np.triu_indices(4, 1), np.log1p(NUMBERS)
    of_values, of_vectors = _ranks(np.abs(scale[pairs[0]] - scale[pairs[1]])), _ranks(distances[pairs])
    in_order = np.argsort(NUMBERS)
    steps = distances[in_order[:-1], in_order[1:]]
    return {
        "collapse_ratio": (_ratio(characters.value, words.value, collapse_ratio(characters, words).value),),
        "category_silhouette": (_mean(items[0], categories["category_silhouette"].value),),
        "category_purity": (
            f"p={_mean(items[1])}",
            _ratio(f"{number(items[1].mean())}-1/3", "1-1/3", categories["category_purity"].value),
        ),
        "number_order": (
            f"({_listed(of_values)})",
            f"({_listed(of_vectors)})",
            rf"\rho={number(numbers['number_order'].value)}",
        ),
        "number_path": (
            _mean(steps),
            _mean(distances[pairs]),
            _ratio(float(steps.mean()), float(distances[pairs].mean()), numbers["number_path"].value),
        ),
    }


def _ratio(above: float | str, below: float | str, value: float) -> str:
    """A fraction with its value; what is not a number is LaTeX already."""
    told = (part if isinstance(part, str) else number(part) for part in (above, below))
    return rf"\frac{{{'}{'.join(told)}}}={number(value)}"


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values sharing the middle."""
    rounded = np.round(values, 9)
    below, alike = (compare(rounded, rounded[:, None]).sum(axis=1) for compare in (np.less, np.equal))
    ranks: FloatArray = below + (alike + 1) / 2
    return ranks


def _listed(values: Iterable[float]) -> str:
    return ",".join(number(value) for value in values)


def _resample(units: Mapping[str, FloatArray]) -> Steps:
    index = aligned_index(2, list(units))
    spread = semantic_affinity(units, index).concept_spread
    drawn = affinity_draws(units, index, spread, np.array([DRAWN], dtype=np.float64))
    inter, intra, value = drawn.inter[0], drawn.intra[0], drawn.affinity[0]
    times = "+".join(rf"{n}\cdot {number(v)}" for n, v in zip(DRAWN, spread, strict=True))
    return (
        rf"V^*=\frac{{{times}}}{{{sum(DRAWN)}}}={number(inter)}",
        f"SA^*={_affinity_step(inter, intra, value)}",
    )


def _mean(values: Iterable[float], mean: float | None = None) -> str:
    """A mean written out, as LaTeX; ``mean`` where a measure gave it."""
    listed = [float(value) for value in values]
    return rf"\frac{{{_sum(listed)}}}{{{len(listed)}}}={number(float(np.mean(listed)) if mean is None else mean)}"


def _sum(values: Iterable[float]) -> str:
    """A sum written out; what is negative is subtracted."""
    return "+".join(number(value) for value in values).replace("+-", "-")


def number(value: float) -> str:
    """A number in at most three decimals.

    >>> number(0.48), number(1.0), number(-0.6703), number(-0.0001)
    ('0.48', '1', '-0.67', '0')
    """
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")

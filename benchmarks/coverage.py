"""Do the intervals hold the truth as often as they say, and are equal models told apart no more often than allowed?

A population of concepts with known values is sampled again and again, as if each sample were a word list. A concept is
a random vector; a word is its concept's vector, an offset of its language, and noise that is larger for some concepts
than for others. What is true of the population is taken from 200,000 concepts (for P@1, which depends on the length of
a list, from 2,000 further lists of that length). Models of one study share their concepts and differ by noise alone,
so their values on a list differ while the truth is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import erfc, sqrt
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.__main__ import machine
from generator.measures import ConceptIndex, aligned_index, semantic_affinity
from generator.measures.affinity import AffinitySums, affinity_of, affinity_sums, centred_vectors, unit_vectors
from generator.measures.companion import cells_of
from generator.measures.index import FloatArray
from generator.measures.neighbours import nearest_neighbours
from generator.measures.resampling import affinity_draws, concept_weights, percentile_interval
from generator.measures.retrieval import retrieval_measures
from generator.ranks import ranking

SIZES = (100, 350)
LANGUAGES = (2, 8)
REPETITIONS, DRAWS = 500, 2000
MODELS = 5
POPULATION, BLOCK = 200_000, 10_000
DIMENSIONS = 48
NOISE = 0.9
GAPS = (0.0, 0.5, 1.0, 2.0, 3.0)
"""True differences of two models, in standard errors of their observed difference."""
NORMAL_QUANTILE = 1.959964
HERE = Path(__file__).resolve().parent

Vectors = dict[str, FloatArray]


@dataclass(frozen=True)
class Setting:
    """What a repetition of the study draws."""

    n_concepts: int
    n_languages: int

    @property
    def index(self) -> ConceptIndex:
        return aligned_index(self.n_concepts, list(_offsets(self.n_languages)))


@dataclass(frozen=True)
class Truth:
    """What holds of the population, and what the power study needs to know of a setting."""

    values: Mapping[str, float]
    noises: tuple[float, ...]
    """By gap, the noise of the second model."""
    error: float
    """Standard error of the difference of two models."""


@dataclass(frozen=True)
class Repetition:
    """What one sample gave."""

    missed: Mapping[str, int]
    """-1: the interval lies below the truth; 1: above; 0: it holds the truth."""
    width: Mapping[str, float]
    told_two: bool
    """Two equal models were called different."""
    told_five: bool
    """Any two of five equal models were."""
    told_gaps: tuple[bool, ...]
    """Two models with each of the true differences `GAPS` were."""


@dataclass(frozen=True)
class Study:
    """All repetitions of one setting."""

    setting: Setting
    truth: Truth
    repetitions: tuple[Repetition, ...]


def concepts(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Vectors of concepts (n, d), about a common direction and less spread in later dimensions, and how noisy each
    concept is (n,)."""
    spread = 1 / np.sqrt(1 + np.arange(DIMENSIONS) / 8)
    meaning = spread * rng.standard_normal((n, DIMENSIONS))
    meaning[:, 0] += 1.5
    return meaning, np.exp(0.4 * rng.standard_normal(n))


def words(
    meaning: FloatArray, hardness: FloatArray, noise: float, n_languages: int, rng: np.random.Generator
) -> Vectors:
    """One model's vectors of concepts in every language."""
    return {
        tag: meaning + offset + noise * 0.6 * hardness[:, None] * rng.standard_normal(meaning.shape)
        for tag, offset in _offsets(n_languages).items()
    }


def _offsets(n_languages: int) -> Vectors:
    rng = np.random.default_rng(7)
    return {f"l{i}": 0.2 * rng.standard_normal(DIMENSIONS) for i in range(n_languages)}


def population(n_languages: int, noise: float) -> dict[str, float]:
    """SA, null SA and centred SA of 200,000 concepts, in blocks that are drawn alike for every noise."""

    def blocks() -> Iterable[Vectors]:
        for block in range(POPULATION // BLOCK):
            rng = np.random.default_rng([1, block])
            yield unit_vectors(words(*concepts(BLOCK, rng), noise, n_languages, rng))

    tags = list(_offsets(n_languages))
    index = aligned_index(BLOCK, tags)
    whole = affinity_of(_added(affinity_sums(block, index) for block in blocks()))
    centres = {tag: np.zeros(DIMENSIONS) for tag in tags}
    for block in blocks():
        centres = {tag: centre + block[tag].mean(axis=0) * BLOCK / POPULATION for tag, centre in centres.items()}
    moved = affinity_of(
        _added(affinity_sums({tag: rows - centres[tag] for tag, rows in block.items()}, index) for block in blocks())
    )
    return {"SA": whole.value, "null SA": whole.null, "centred SA": moved.value}


def _added(sums: Iterable[AffinitySums]) -> AffinitySums:
    first, *others = sums
    total = first
    for each in others:
        total += each
    return total


def retrieved(units: Vectors) -> FloatArray:
    """By concept, the share of ordered pairs of languages in which a word's nearest is its translation, (C,).

    Written out apart from the measures, so that the truth does not come from what is tested.
    """
    hits = []
    for a, b in combinations(units.values(), 2):
        cosine = a @ b.T
        right = np.diag(cosine)
        hits += [right >= cosine.max(axis=1), right >= cosine.max(axis=0)]
    shares: FloatArray = np.mean(hits, axis=0)
    return shares


def truth_of(setting: Setting) -> Truth:
    """What is true of a setting; the noises that give the gaps are found by interpolation."""
    values = population(setting.n_languages, NOISE)
    n, n_languages = setting.n_concepts, setting.n_languages
    hits, differences = [], []
    for seed in range(2000):
        rng = np.random.default_rng([2, n, n_languages, seed])
        drawn = concepts(n, rng)
        hits.append(retrieved(unit_vectors(words(*drawn, NOISE, n_languages, rng))).mean())
        if seed < 500:
            pair = [semantic_affinity(words(*drawn, NOISE, n_languages, rng), setting.index).value for _ in range(2)]
            differences.append(pair[0] - pair[1])
    error = float(np.std(differences))
    less = np.linspace(NOISE, NOISE - 0.3, 4)
    gains = [0.0, *(population(n_languages, noise)["SA"] - values["SA"] for noise in less[1:])]
    noises = np.interp(error * np.array(GAPS), gains, less)
    if error * max(GAPS) > gains[-1]:
        raise ValueError("the largest gap lies beyond the noises tried")
    return Truth({**values, "P@1": float(np.mean(hits))}, tuple(noises.tolist()), error)


def repetition(setting: Setting, truth: Truth, seed: int) -> Repetition:
    """Draw a list, measure it and resample it."""
    rng = np.random.default_rng([3, setting.n_concepts, setting.n_languages, seed])
    weights = concept_weights(setting.n_concepts, DRAWS, [4, seed])
    drawn = concepts(setting.n_concepts, rng)

    def model(noise: float) -> Vectors:
        return unit_vectors(words(*drawn, noise, setting.n_languages, rng))

    def measured(units: Vectors) -> tuple[float, FloatArray, FloatArray]:
        found = semantic_affinity(units, setting.index)
        draws = affinity_draws(units, setting.index, found.concept_spread, weights)
        return found.value, draws.affinity, draws.null

    models = [model(NOISE) for _ in range(MODELS)]
    scores = [measured(units) for units in models]
    neighbours = nearest_neighbours(cells_of(models[0], setting.index))
    draws = {
        "SA": scores[0][1],
        "null SA": scores[0][2],
        "centred SA": measured(centred_vectors(models[0]))[1],
        "P@1": retrieval_measures(neighbours, weights)["retrieval_p1"].draws,
    }
    missed, width = {}, {}
    for name, values in draws.items():
        interval = percentile_interval(values)
        if interval is None:
            raise ValueError(f"no interval of {name} in repetition {seed}")
        missed[name] = int(interval.low > truth.values[name]) - int(interval.high < truth.values[name])
        width[name] = interval.high - interval.low
    gaps = tuple(_told([scores[0], measured(model(noise))], setting.n_concepts) for noise in truth.noises)
    return Repetition(missed, width, _told(scores[:2], setting.n_concepts), _told(scores, setting.n_concepts), gaps)


def _told(scores: Sequence[tuple[float, FloatArray, FloatArray]], n_concepts: int) -> bool:
    """Whether any two of the models are called different."""
    names = [str(i) for i in range(len(scores))]
    found = ranking(
        {name: value for name, (value, _, _) in zip(names, scores, strict=True)},
        {name: draws for name, (_, draws, _) in zip(names, scores, strict=True)},
        n_concepts=n_concepts,
    )
    return any(found.difference(a, b).verdict == "differ" for a, b in combinations(names, 2))


def _alone() -> None:
    threadpool_limits(1)


def run(repetitions: int = REPETITIONS, processes: int = 2) -> list[Study]:
    """Every setting, repeated."""
    settings = [Setting(n, languages) for languages in LANGUAGES for n in SIZES]
    with ProcessPoolExecutor(processes, initializer=_alone) as pool:
        truths = list(pool.map(truth_of, settings))
        return [
            Study(
                setting,
                truth,
                tuple(pool.map(partial(repetition, setting, truth), range(repetitions), chunksize=10)),
            )
            for setting, truth in zip(settings, truths, strict=True)
        ]


def as_markdown(studies: Sequence[Study], seconds: float) -> str:
    """The study as a page."""
    told = machine()
    n = len(studies[0].repetitions)
    names = tuple(studies[0].repetitions[0].missed)
    lines = [
        "# Do the intervals hold what they promise?",
        "",
        f"By `python -m benchmarks.coverage`: {n} seeded repetitions of each setting, {DRAWS:,} resamples each, "
        f"{DIMENSIONS} dimensions. It took {max(seconds / 60, 1):.0f} min in two processes on {told['cores']} cores "
        f"({told['processor']}, {told['system']}), Python {told['python']}, numpy {told['versions']['numpy']}.",
        "",
        *(__doc__ or "").split("\n\n", 1)[1].strip().splitlines(),
        "",
        "## Coverage of 95 % intervals",
        "",
        f"The share of repetitions whose interval holds the truth, and in brackets those whose interval lies below it "
        f"and above it. With {n} repetitions a true 95 % shows as {_around(0.95, n)}.",
        "",
        "| concepts | languages | " + " | ".join(names) + " |",
        "|---:|---:|" + "---:|" * len(names),
        *(f"{_row(study)} {' | '.join(_coverage(study, name) for name in names)} |" for study in studies),
        "",
        "What is true, and how wide the intervals are on average:",
        "",
        "| concepts | languages | " + " | ".join(names) + " |",
        "|---:|---:|" + "---:|" * len(names),
        *(f"{_row(study)} {' | '.join(_width(study, name) for name in names)} |" for study in studies),
        "",
        "## Equal models called different",
        "",
        f"The share of repetitions in which `generator.ranks.ranking` calls any two of equal models different. A true "
        f"5 % shows as {_around(0.05, n)}.",
        "",
        "| concepts | languages | two models | five models |",
        "|---:|---:|---:|---:|",
        *(
            f"{_row(study)} {_percent([r.told_two for r in study.repetitions])} | "
            f"{_percent([r.told_five for r in study.repetitions])} |"
            for study in studies
        ),
        "",
        "## Unequal models called different",
        "",
        "By the true difference of two models, in standard errors of the observed difference. The last row is what a "
        "test with a known standard error would reach.",
        "",
        "| concepts | languages | " + " | ".join(f"{gap:g}" for gap in GAPS) + " | standard error of a difference |",
        "|---:|---:|" + "---:|" * (len(GAPS) + 1),
        *(
            f"{_row(study)} "
            + " | ".join(_percent(list(told)) for told in zip(*(r.told_gaps for r in study.repetitions), strict=True))
            + f" | {study.truth.error:.4f} |"
            for study in studies
        ),
        "| | in theory | " + " | ".join(f"{100 * _power(gap):.1f} %" for gap in GAPS) + " | |",
    ]
    return "\n".join(lines) + "\n"


def _row(study: Study) -> str:
    return f"| {study.setting.n_concepts} | {study.setting.n_languages} |"


def _coverage(study: Study, name: str) -> str:
    missed = [repetition.missed[name] for repetition in study.repetitions]
    below, above = _percent([miss == -1 for miss in missed]), _percent([miss == 1 for miss in missed])
    return f"{_percent([miss == 0 for miss in missed])} ({below}, {above})"


def _width(study: Study, name: str) -> str:
    width = np.mean([repetition.width[name] for repetition in study.repetitions])
    return f"{study.truth.values[name]:.4f} ({width:.4f})"


def _percent(cases: Sequence[bool]) -> str:
    return f"{100 * float(np.mean(cases)):.1f} %"


def _around(share: float, n: int) -> str:
    """Where 95 of 100 observed shares lie when this one is true."""
    reach = NORMAL_QUANTILE * np.sqrt(share * (1 - share) / n)
    return f"{100 * (share - reach):.1f} to {100 * (share + reach):.1f} %"


def _power(gap: float) -> float:
    """How often a two-sided test at 5 % finds a difference of so many standard errors."""
    return sum(erfc((NORMAL_QUANTILE + side * gap) / sqrt(2)) / 2 for side in (-1, 1))


def main() -> None:
    start = time.perf_counter()
    studies = run()
    text = as_markdown(studies, time.perf_counter() - start)
    (HERE / "COVERAGE.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""The concepts that beat a concept's translation, against plain loops over queries and targets."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from generator.datasets import Card, Concept, Dataset
from generator.measures import neighbours
from generator.measures.affinity import unit_vectors
from generator.measures.companion import Cells
from generator.measures.neighbours import nearest_neighbours
from generator.measures.retrieval import directed_retrieval
from generator.measures.rivals import MOST_RIVALS, concept_retrieval
from generator.models import Model
from generator.pair import Parameters, measure_pair
from generator.result_store import from_json
from generator.results import ConceptRecord, PairResult, Rival, to_json

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

MODEL = Model("Test", "precomputed:test.npz", "sha256:0")
NO_MAP = Parameters(draws=20, layout=None)
TOLERANCE = 2e-6
"""Of cosines in float32; random ones never lie so near to each other."""

Duel = tuple[int, int, int, float, float]
"""Wrong concept, language of the query, language of the targets, cosine with the wrong and with the right one."""


def random_cells(seed: int) -> Cells:
    """Noisy translations, with empty cells and words that share a vector."""
    rng = np.random.default_rng(seed)
    n_languages, n_concepts = int(rng.integers(2, 6)), int(rng.integers(3, 25))
    vectors = rng.standard_normal((n_concepts, 4)) + 1.5 * rng.standard_normal((n_languages, n_concepts, 4))
    vectors[rng.random((n_languages, n_concepts)) < rng.choice([0, 0.3])] = vectors[0, 0]
    vectors *= 1 + 1e-8 * rng.standard_normal(vectors.shape)  # what is the same differs in its rounding
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    held = rng.random((n_languages, n_concepts)) > rng.choice([0, 0.3])
    tags = ("en", "zh", "ar", "hi", "th")[:n_languages]
    return Cells(tags, np.where(held[:, :, None], vectors, 0), held)


def duels(of: Cells, concept: int) -> list[Duel]:
    """Every direction in which another concept is the nearest, by definition."""
    found = []
    for a, b in permutations(range(len(of.units)), 2):
        if not (of.held[a, concept] and of.held[b, concept]):
            continue
        cosines = of.units[b] @ of.units[a, concept]
        right = float(cosines[concept])
        others = [c for c in range(len(cosines)) if of.held[b, c] and c != concept]
        best = max((float(cosines[c]) for c in others), default=-np.inf)
        if best > right + TOLERANCE:
            first = next(c for c in others if cosines[c] > best - TOLERANCE)
            found.append((first, a, b, best, right))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_rivals_are_the_concepts_that_win_most_directions(seed: int) -> None:
    of = random_cells(seed)
    found = concept_retrieval(nearest_neighbours(of))
    assert list(found) == list(range(of.held.shape[1]))
    for concept, retrieval in found.items():
        won: dict[int, list[Duel]] = {}
        for duel in duels(of, concept):
            won.setdefault(duel[0], []).append(duel)
        margins = {rival: max(near - right for *_, near, right in mine) for rival, mine in won.items()}
        order = sorted(won, key=lambda rival: (-len(won[rival]), -round(margins[rival], 4), rival))
        told = retrieval.rivals
        assert [rival.concept for rival in told] == order[:MOST_RIVALS]
        for rival in told:
            assert rival.wins == len(won[rival.concept])
            at = {(a, b): (near, right) for _, a, b, near, right in won[rival.concept]}
            near, right = at[rival.query, rival.targets]
            assert near - right == pytest.approx(margins[rival.concept], abs=1.1e-4)
            assert (rival.similarity, rival.right) == pytest.approx((near, right), abs=6e-5)
            assert (round(rival.similarity, 4), round(rival.right, 4)) == (rival.similarity, rival.right)


@pytest.mark.parametrize("seed", [seed for seed in range(12) if random_cells(seed).held.all()])
def test_hits_average_to_retrieval_where_nothing_is_missing(seed: int) -> None:
    of = nearest_neighbours(random_cells(seed))
    hits = [retrieval.hits for retrieval in concept_retrieval(of).values()]
    assert np.mean(hits) == pytest.approx(np.nanmean(directed_retrieval(of)["retrieval_p1"]))


def plane(*degrees: float | None) -> list[tuple[float, float]]:
    return [(0.0, 0.0) if d is None else (np.cos(np.radians(d)), np.sin(np.radians(d))) for d in degrees]


def in_plane(*languages: list[float | None]) -> Cells:
    units = np.array([plane(*degrees) for degrees in languages])
    return Cells(("en", "zh", "ar")[: len(units)], units, np.abs(units).sum(axis=2) > 0)


def test_a_worked_example() -> None:
    # The Chinese word of concept 0 lies beside the English one of concept 1, and Arabic lacks concept 2.
    of = in_plane([0, 40, 90], [38, 44, 92], [2, 41, None])
    found = concept_retrieval(nearest_neighbours(of))
    first = found[0]
    assert first.hits == pytest.approx(4 / 6), "en-zh, en-ar, ar-zh and ar-en find it; zh-en and zh-ar do not"
    (rival,) = first.rivals
    assert (rival.concept, rival.wins, rival.query, rival.targets) == (1, 2, 1, 0)
    assert (rival.similarity, rival.right) == (round(np.cos(np.radians(2)), 4), round(np.cos(np.radians(38)), 4))
    assert [found[2].hits, found[2].rivals] == [1, ()]
    # The English word of concept 1 has the Chinese one of concept 0 two degrees away and its translation four; the
    # Arabic one has both three degrees away.
    (rival,) = found[1].rivals
    assert (rival.concept, rival.wins, rival.query, rival.targets) == (0, 1, 0, 1)
    assert found[1].hits == pytest.approx(4.5 / 6)


def test_as_near_concepts_share_the_first_place_and_are_no_rivals() -> None:
    twins = concept_retrieval(nearest_neighbours(in_plane([0, 0, 90], [10, 10, 80])))
    assert [twins[c].hits for c in range(3)] == [0.5, 0.5, 1]
    assert [twins[c].rivals for c in range(3)] == [(), (), ()]


def test_a_concept_in_one_language_is_not_retrieved_at_all() -> None:
    alone = concept_retrieval(nearest_neighbours(in_plane([0, 40, 90], [2, 41, None])))[2]
    assert np.isnan(alone.hits)
    assert alone.rivals == ()


def dataset_of(*rows: dict[str, tuple[str, ...]]) -> Dataset:
    languages = tuple(dict.fromkeys(tag for row in rows for tag in row))
    return Dataset("test", Card("Test"), languages, tuple(Concept(f"№ {i} 水", row) for i, row in enumerate(rows)))


def records(dataset: Dataset, angles: dict[str, list[float]]) -> tuple[ConceptRecord, ...]:
    vectors = unit_vectors({tag: np.array(plane(*degrees)) for tag, degrees in angles.items()})
    stored = from_json(to_json(measure_pair(dataset, MODEL, vectors, NO_MAP).result))
    assert isinstance(stored, PairResult)
    return stored.concepts


def test_records_name_concepts_and_languages() -> None:
    words = dataset_of(
        {"en": ("water",), "zh": ("水",), "ar": ("ماء",)},
        {"en": ("rain",), "zh": ("雨",), "ar": ("مطر",)},
        {"en": ("fire",), "zh": ("火",), "ar": ("نار",)},
    )
    water, _, fire = records(words, {"en": [0, 40, 90], "zh": [38, 44, 92], "ar": [2, 41, 91]})
    near, right = (round(float(np.cos(np.radians(d))), 4) for d in (2, 38))
    assert water.retrieved == pytest.approx(4 / 6, abs=5e-5)
    assert water.rivals == (Rival("№ 1 水", 2, "zh", "en", near, right),)
    assert (fire.retrieved, fire.rivals) == (1, ())


def test_concepts_outside_the_sample_have_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_CONCEPTS", 3)
    rng = np.random.default_rng(0)
    words = dataset_of(*({"en": (f"en {i}",), "ar": (f"ar {i}",)} for i in range(9)))
    vectors = {tag: rng.standard_normal((9, 2)) for tag in ("en", "ar")}
    found = measure_pair(words, MODEL, vectors, NO_MAP).result.concepts
    assert [concept.retrieved is not None for concept in found] == [i in {0, 4, 8} for i in range(9)]
    rivals = {rival.concept for concept in found for rival in concept.rivals}
    assert rivals
    assert rivals <= {"№ 0 水", "№ 4 水", "№ 8 水"}
    assert not any(concept.rivals for i, concept in enumerate(found) if i not in {0, 4, 8})

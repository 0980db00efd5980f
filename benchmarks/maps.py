"""Maps: how long they take and how faithful they are by size, against a bare call of PHATE on the same points.

The points are real words' vectors of the packaged model, each distinct one once, a random part of them. Both run in
this process on one thread of BLAS, as pairs do when several are measured at a time; quality is that of
`generator.measures.map_quality`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.stages import CONFIG

Points = npt.NDArray[np.float64]

MODEL = "all-MiniLM-L6-v2"
SIZES = (300, 1000, 2000, 3000, 7000)
LARGEST_EXACT = 3000
"""Larger maps are not laid out from all of their points: at 5,000 that takes minutes."""
WARM_UP = 50
WORDS = 9000
"""Encoded for this: enough to have as many distinct vectors as the largest size."""


def run() -> list[dict[str, Any]]:
    """By size: seconds and quality of our map, of one of all points where ours has landmarks, and of bare PHATE."""
    from threadpoolctl import threadpool_limits

    from generator.manifold import Layout, lay_out

    points = _distinct_vectors()
    ours, of_all = Layout(), Layout(exact=LARGEST_EXACT)

    def drawn(layout: Layout, some: Points) -> Points:
        return lay_out(some, layout).points

    rows = []
    with threadpool_limits(1):
        for layout in (ours, Layout(exact=0, landmarks=20)):
            drawn(layout, points[:WARM_UP])
        _bare(points[:WARM_UP])
        for size in SIZES:
            some = points[:size]
            row = {"points": size, "exact": size <= ours.exact, "ours": _measured(some, partial(drawn, ours))}
            if ours.exact < size <= LARGEST_EXACT:
                row["all points"] = _measured(some, partial(drawn, of_all))
            rows.append({**row, "bare": _measured(some, _bare)})
    return rows


def as_markdown(rows: list[dict[str, Any]]) -> list[str]:
    """The paragraphs of a record."""
    from generator.manifold import Layout

    ways = ("ours", "all points", "bare")

    def cells(row: dict[str, Any], way: str) -> str:
        found = row.get(way)
        if not found:
            return "| – | – | – "
        return f"| {found['seconds']:.1f} s | {found['trustworthiness']:.3f} | {found['neighbour_overlap']:.3f} "

    return [
        f"Words of the default lists by {MODEL}, on one thread; trustworthiness and the share of neighbours kept, as "
        f"pages tell them. Ours lays out all points up to {Layout().exact:,}, and {Layout().landmarks:,} landmarks of "
        "more.",
        "",
        "| points | ours | trust | kept | all points | trust | kept | bare PHATE | trust | kept | bare / ours |",
        "|---:" * 11 + "|",
        *(
            f"| {row['points']:,} {'' if row['exact'] else '(landmarks) '}{''.join(cells(row, way) for way in ways)}"
            f"| {row['bare']['seconds'] / row['ours']['seconds']:.1f} × |"
            for row in rows
        ),
    ]


def _measured(points: Points, lay_out: Callable[[Points], Points]) -> dict[str, float]:
    from generator.measures.map_quality import map_quality

    start = time.perf_counter()
    drawn = lay_out(points)
    seconds = time.perf_counter() - start
    quality = map_quality(points, drawn)
    return {
        "seconds": seconds,
        "trustworthiness": quality.trustworthiness,
        "neighbour_overlap": quality.neighbour_overlap,
    }


def _bare(points: Points) -> Points:
    """The library's own call; only its messages are turned off and its seed is fixed."""
    from phate import PHATE

    drawn: Points = PHATE(random_state=42, verbose=0).fit_transform(points)
    return drawn


def _distinct_vectors() -> Points:
    """Distinct unit vectors of words of the benchmark, in random order, (n, d)."""
    from generator.config import load_benchmark
    from generator.encode import Loader
    from generator.manifold import DECIMALS
    from generator.measures.affinity import unit_vectors
    from generator.models.sources import pinned

    benchmark = load_benchmark(CONFIG)
    texts = np.array(sorted({text for dataset in benchmark.datasets for text in dataset.texts}))
    rng = np.random.default_rng(0)
    chosen = rng.choice(texts, WORDS, replace=False).tolist()
    model = next(model for model in benchmark.models if model.name == MODEL)
    encoder = Loader(pinned(model))()
    units = unit_vectors({"": encoder.encode(sorted(chosen, key=len))})[""]
    distinct = np.unique(np.round(units, DECIMALS), axis=0)
    shuffled: Points = distinct[rng.permutation(len(distinct))]
    return shuffled


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=1))

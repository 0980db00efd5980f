"""What ``isogloss check`` reports of a benchmark whose config and datasets are sound."""

from __future__ import annotations

from collections.abc import Iterator

from generator.config import Benchmark
from generator.errors import IsoglossError
from generator.evaluate import Pair, is_current
from generator.models.sources import pinned
from generator.results import ResultStore


def check_benchmark(benchmark: Benchmark) -> Iterator[str]:
    """A line a dataset, then one for every pair that evaluate would measure.

    Raises InputError for a stored result that cannot be read.
    """
    for dataset in benchmark.datasets:
        cells = sum(len(concept.renderings) for concept in dataset.concepts)
        missing = len(dataset.concepts) * len(dataset.languages) - cells
        yield (
            f"{dataset.slug}: {len(dataset.concepts):,} concepts, {len(dataset.languages)} languages, "
            f"{len(dataset.texts):,} distinct texts, {missing:,} missing cells"
        )
    store = ResultStore(benchmark.results)
    outcomes = {(outcome.model.slug, outcome.dataset.slug): outcome for outcome in store}
    current = 0
    for model in benchmark.models:
        for dataset in benchmark.datasets:
            stored = outcomes.get((model.slug, dataset.slug))
            state = stored.status if stored else "missing"
            try:
                if state == "ok" and is_current(stored, Pair(pinned(model), dataset), benchmark.parameters):
                    current += 1
                    continue
            except IsoglossError as error:
                yield f"{model.name}: {error}"
            yield f"{Pair(model, dataset)}: {'outdated' if state == 'ok' else state}"
    yield f"{current} of {len(benchmark.models) * len(benchmark.datasets)} results are up to date"

"""What ``isogloss check`` reports of a benchmark whose config and datasets are sound."""

from __future__ import annotations

from collections.abc import Iterator

from generator.config import Benchmark
from generator.datasets.quality import LanguageReport, dataset_report, hidden_texts
from generator.errors import reason_of
from generator.evaluate import Pair, is_stored
from generator.listing import as_table
from generator.models.sources import pinned
from generator.result_store import ResultStore
from generator.results import Outcome, PairFailure
from generator.revisions import keep_revisions
from generator.stored import StoredResults


def check_benchmark(benchmark: Benchmark) -> Iterator[str]:
    """A table a dataset with a row a language, then a line for every pair that evaluate would measure.

    Raises InputError for a stored result that cannot be read.
    """
    for dataset in benchmark.datasets:
        yield f"{dataset.slug}: {len(dataset.concepts):,} concepts, {len(dataset.texts):,} distinct texts"
        yield as_table([_told(report) for report in dataset_report(dataset)]) + "\n"
        if found := hidden_texts(dataset):
            yield f"Hidden characters besides the renderings: {_some(found)}\n"
    store = ResultStore(benchmark.results)
    outcomes = {(outcome.model.slug, outcome.dataset.slug): outcome for outcome in store}
    known, current = StoredResults(store), 0
    for model in keep_revisions(benchmark.models, benchmark.datasets, [store]):
        for dataset in benchmark.datasets:
            stored = outcomes.get((model.slug, dataset.slug))
            try:
                if is_stored(known, Pair(pinned(model), dataset), benchmark.parameters):
                    current += 1
                    continue
            except Exception as error:  # whatever a package, folder or hub raises
                yield f"{model.name}: {reason_of(error)}"
            yield f"{Pair(model, dataset)}: {_state(stored, store)}"
    yield f"{current} of {len(benchmark.models) * len(benchmark.datasets)} results are up to date"


def _state(stored: Outcome | None, store: ResultStore) -> str:
    """What is stored of a pair that is to be measured."""
    if isinstance(stored, PairFailure):
        return stored.status
    return "outdated" if stored and store.is_whole(stored) else "missing"


def _told(report: LanguageReport) -> dict[str, object]:
    """A row of the table; words are shown where something is wrong with them."""
    return {
        "language": report.tag,
        "renderings": report.n_renderings,
        "missing": report.missing,
        "duplicates": _some(report.duplicates),
        "identical": f"{report.identical:.0%}",
        "mixed scripts": _some(report.mixed),
        "not NFC": report.renormalised,
        "hidden characters": _some(report.hidden),
    }


def _some(texts: tuple[str, ...]) -> str:
    return f"{len(texts)} ({', '.join(texts[:3])}{', …' if len(texts) > 3 else ''})" if texts else "0"

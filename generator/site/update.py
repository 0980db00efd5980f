"""Bringing a site up to date: not at all where nothing changed, and otherwise only what did."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.config import Benchmark
from generator.history import LOG_NAME, keep_history, read_history
from generator.ledger import Ledger, ledger_of
from generator.memory import rarely_collected
from generator.resources import shipped
from generator.result_store import ResultStore
from generator.results import Outcome
from generator.site import links
from generator.site.pieces import Content, Kept, Piece, StoredFile, code, content_of, fingerprint, sha256_of


@dataclass(frozen=True)
class Update:
    """What was done to a site."""

    files: int
    new: int
    """Those that were not there already as they are."""
    failed: int
    """Pairs on the site that could not be measured."""

    def __str__(self) -> str:
        if not self.new:
            return f"Nothing has changed: {self.files:,} files"
        return f"{self.new:,} new of {self.files:,} files"


def update_site(benchmark: Benchmark, site: Path, jobs: int) -> Update:
    """Make the site in a folder say what the stored results do, and keep its log.

    Args:
        benchmark: what was configured.
        site: the site's folder.
        jobs: processes that may share the work.

    Raises InputError for what cannot be read, and whatever `generator.site.publish.publish` does.
    """
    folder, ledger = site.resolve(), ledger_of(benchmark.results)
    kept = Kept(folder, ledger)
    # Taken before anything is read: what changes from here on counts as changed at the next run.
    inputs = _inputs(benchmark, ledger)
    noted = ledger.noted(folder) or {}
    if noted.get("inputs") == [inputs, _log(benchmark, ledger)] and kept.is_whole():
        ledger.save()
        return Update(len(kept), 0, noted["failed"])
    update = _renewed(benchmark, folder, ledger, kept, inputs, jobs)
    ledger.save()
    return update


def released(benchmark: Benchmark, day: str, jobs: int) -> dict[str, Content]:
    """The files of the release of a day by their path. Raises InputError for what cannot be read."""
    files, _ = _rendered(benchmark, _outcomes(benchmark), Ledger(), day, None, jobs)
    return files


def _renewed(benchmark: Benchmark, folder: Path, ledger: Ledger, kept: Kept, inputs: str, jobs: int) -> Update:
    from generator.results import PairFailure
    from generator.site.publish import publish

    outcomes = _outcomes(benchmark)
    files, pieces = _rendered(benchmark, outcomes, ledger, "", kept, jobs)
    publish(files, folder)
    keep_history(benchmark.results, content_of(files[links.HISTORY]))
    for path in files:
        ledger.renamed(folder / path)
    failed = sum(isinstance(outcome, PairFailure) for outcome in outcomes)
    ledger.note(
        folder,
        {
            "inputs": [inputs, _log(benchmark, ledger)],
            "manifest": sha256_of(files[links.MANIFEST]),
            "made": {piece.path: piece.key for piece in pieces},
            "failed": failed,
        },
    )
    return Update(len(files), sum(not isinstance(file, StoredFile) for file in files.values()), failed)


@rarely_collected()
def _outcomes(benchmark: Benchmark) -> list[Outcome]:
    return list(ResultStore(benchmark.results))


@rarely_collected()
def _rendered(
    benchmark: Benchmark, outcomes: Sequence[Outcome], ledger: Ledger, release: str, kept: Kept | None, jobs: int
) -> tuple[dict[str, Content], list[Piece]]:
    from generator.layers import LayerStore
    from generator.site.releases import Past, load_releases
    from generator.site.render import rendered

    past = Past(read_history(benchmark.results), load_releases(benchmark.releases, ledger))
    resamples = ResultStore(benchmark.results).resamples(outcomes)
    curves = LayerStore(benchmark.results).curves()
    return rendered(benchmark, outcomes, resamples, curves, past, release, kept, jobs)


def _inputs(benchmark: Benchmark, ledger: Ledger) -> str:
    """The digest of everything that a site is made from, but for the log, which making it writes."""
    folders = (benchmark.results, benchmark.releases, *([benchmark.templates] if benchmark.templates else []))
    files = [path for folder in (*folders, shipped("templates")) for path in _files(folder)]
    if benchmark.site.logo:
        files.append(benchmark.folder / benchmark.site.logo)
    return fingerprint([code(), benchmark, {str(path): ledger.digest(path) for path in files}])


def _files(folder: Path) -> Iterator[Path]:
    """The files in a folder and those below it, in order, but for hidden ones and the log. Links are followed once."""
    seen = set()
    for place, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below.sort()
        yield from (Path(place, name) for name in sorted(names) if not name.startswith(".") and name != LOG_NAME)


def _log(benchmark: Benchmark, ledger: Ledger) -> str | None:
    return ledger.digest(benchmark.results / LOG_NAME)

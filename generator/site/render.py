"""From results to the files of the site: pages laid out, data exported, every file listed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version

from generator.claims import Findings
from generator.config import Benchmark
from generator.history import History, logged, newest_day, snapshot, to_json
from generator.layers import Curves
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.records import model_record
from generator.resources import shipped
from generator.results import Outcome, PairResult, Resamples
from generator.site import exports, links, pages
from generator.site.assets import load_assets
from generator.site.cards import card_files
from generator.site.claims_page import claims_page
from generator.site.companions_page import companions_page
from generator.site.compare_page import compare_page
from generator.site.concepts_page import concept_files, concepts_page
from generator.site.data_scripts import data_files
from generator.site.dataset_page import dataset_page
from generator.site.domain_page import domains_page
from generator.site.downloads_page import downloads_page
from generator.site.feed import News, entries, feed, news
from generator.site.figures import map_drawing
from generator.site.home_page import home_page
from generator.site.layout import lay_out, site_context
from generator.site.metadata import (
    About,
    citation,
    croissant_files,
    head,
    index_for_language_models,
    sitemap,
)
from generator.site.methods_page import methods_page
from generator.site.model_page import model_badges, model_pages
from generator.site.overrides import own_assets
from generator.site.pages import LatePage, Page
from generator.site.pair_page import pair_pages
from generator.site.picker import language_files
from generator.site.pieces import Content, Kept, Piece, content_of, made, sha256_of
from generator.site.releases import Past, Release, published
from generator.site.releases_page import release_pages
from generator.site.search_page import search_page

NEWS = 6
"""Changes that the home page tells."""


def render_site(
    benchmark: Benchmark,
    outcomes: Sequence[Outcome],
    resamples: Resamples | None = None,
    curves: Curves | None = None,
    past: Past | None = None,
    release: str = "",
) -> dict[str, bytes]:
    """Every file of the site by its path, ``manifest.json`` with their SHA-256 included, made in this process.

    A pure function of its arguments, which are those of `rendered`, and the templates: the same inputs give the same
    bytes.
    """
    files, _ = rendered(benchmark, outcomes, resamples, curves, past, release)
    return {path: content_of(file) for path, file in files.items()}


def rendered(
    benchmark: Benchmark,
    outcomes: Sequence[Outcome],
    resamples: Resamples | None = None,
    curves: Curves | None = None,
    past: Past | None = None,
    release: str = "",
    kept: Kept | None = None,
    jobs: int = 1,
) -> tuple[dict[str, Content], list[Piece]]:
    """Every file of the site by its path, as `render_site` has them, and the pieces among them.

    Args:
        benchmark: what was configured.
        outcomes: what the result store holds.
        resamples: the stored resamples by model and dataset slug; without them differences have no intervals.
        curves: the stored layer curves.
        past: the log as it was, which goes on in ``data/history.json``, and the releases to publish with the site.
        release: the day of the release that this rendering is to become; the site itself when empty.
        kept: the site as it is; what is the same there is not made again.
        jobs: processes that may share the work.

    Raises InputError when a template of the benchmark's own is faulty.
    """
    before = past or Past()
    expected = [model_record(model, {}, model.dimensions) for model in benchmark.models]
    board = build_leaderboard(
        benchmark.datasets,
        expected,
        outcomes,
        benchmark.overall,
        benchmark.reference,
        resamples,
        benchmark.parameters.confidence,
    )
    updated = newest_day(outcomes)
    about = _about(benchmark, updated, release)
    history = logged(before.history, snapshot(board), updated)
    assets = load_assets(shipped("templates"), own_assets(benchmark))
    layout = partial(
        lay_out,
        site=site_context(benchmark, version("isogloss"), release),
        head=partial(head, about=about, board=board),
        assets={name: path for name, (path, _) in assets.items()},
        own=benchmark.templates,
    )
    fresh = () if release else news(history, NEWS)
    told = _pages(board, benchmark, about, resamples or {}, curves or {}, fresh)
    files: dict[str, Content] = {
        **dict(assets.values()),
        **exports.dataset_files(board),
        **croissant_files(board, about),
        **concept_files(board),
        **language_files(board),
        **model_badges(board, about.title),
        links.HISTORY: to_json(history).encode(),
        links.CITATION: citation(about, version("isogloss")),
    }
    if not release:
        told += release_pages(before.releases, history.now)
        files |= published(before.releases)
        files |= _for_machines(board, about, history, before.releases, [links.DOWNLOADS, *(p.path for p in told)])
    pieces = [
        *exports.leaderboard_files(board),
        *exports.result_files(board),
        *_drawings(board),
        *data_files(board, resamples or {}),
        *card_files(board, about.title, about.description),
        *layout(told),
    ]
    files |= made(pieces, kept, jobs)
    downloads = layout([downloads_page(board, files)])
    files |= made(downloads, kept)
    if kept:
        files = {path: kept.file(path, file) for path, file in files.items()}
    files[links.MANIFEST] = _manifest(files)
    return dict(sorted(files.items())), [*pieces, *downloads]


def _pages(
    board: Leaderboard,
    benchmark: Benchmark,
    about: About,
    resamples: Resamples,
    curves: Curves,
    fresh: Sequence[News],
) -> list[Page | LatePage]:
    confidence = benchmark.parameters.confidence
    findings = Findings(board, benchmark.published, benchmark.study, resamples, confidence)
    return [
        home_page(
            board,
            about.title,
            about.description,
            benchmark.published,
            (*benchmark.study, *benchmark.models),
            fresh,
            about.updated,
        ),
        *model_pages(board, about, findings.domains, benchmark.published, curves),
        *(dataset_page(board, dataset.slug, resamples, confidence) for dataset in board.datasets),
        *pair_pages(board),
        compare_page(board, resamples, confidence),
        concepts_page(board),
        domains_page(board, findings.domains),
        claims_page(findings),
        companions_page(board),
        methods_page(board),
        search_page(board),
        pages.NotFoundPage(links.NOT_FOUND, "Page not found", "There is no such page."),
    ]


def _about(benchmark: Benchmark, updated: str, release: str) -> About:
    place = benchmark.site.base_url
    if place and release:
        place += links.release(release).removesuffix(links.HOME)
    return About(benchmark.site.title, benchmark.site.description, place, updated)


def _for_machines(
    board: Leaderboard, about: About, history: History, releases: Sequence[Release], told: Sequence[str]
) -> dict[str, bytes]:
    """What only the current site has, by path: a frozen copy has no news and is not to be found instead of it."""
    dates = [release.date for release in releases]
    found = {
        links.FEED: feed(about.title, about.base_url, entries(history, dates)),
        links.FOR_LANGUAGE_MODELS: index_for_language_models(board, about),
    }
    if about.base_url:
        listed = {*told, *map(links.release, dates)} - {links.NOT_FOUND}
        found[links.SITEMAP] = sitemap(listed, about.base_url)
    return found


def _drawings(board: Leaderboard) -> list[Piece]:
    return [
        Piece(links.pair_drawing(standing.model.slug, slug), _drawn, (cell.result,))
        for standing in board.standings
        for slug, cell in standing.cells.items()
        if cell.result and cell.result.map and cell.result.map.points
    ]


def _drawn(result: PairResult) -> bytes:
    return map_drawing(result).encode()


def _manifest(files: Mapping[str, Content]) -> bytes:
    digests = {path: sha256_of(file) for path, file in sorted(files.items())}
    return (json.dumps({"schema": 1, "files": digests}, indent=1) + "\n").encode()

"""From results to the files of the site: pages laid out, data exported, every file listed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.claims import Findings
from generator.config import Benchmark
from generator.layers import Curves
from generator.leaderboard import Leaderboard, build_leaderboard
from generator.measures.catalogue import AFFINITY, CATALOGUE
from generator.records import model_record
from generator.resources import shipped
from generator.results import Outcome, Resamples
from generator.shown import decimal, file_size, percent, short_count
from generator.site import exports, links, pages
from generator.site.assets import load_assets
from generator.site.claims_page import claims_page
from generator.site.companions_page import companions_page
from generator.site.compare_page import compare_page
from generator.site.data_scripts import data_files
from generator.site.dataset_page import dataset_page
from generator.site.domain_page import domains_page
from generator.site.downloads_page import downloads_page
from generator.site.figures import map_drawing
from generator.site.formulas import formula
from generator.site.home_page import home_page
from generator.site.marks import shape_path
from generator.site.methods_page import methods_page
from generator.site.model_page import model_page
from generator.site.pages import Page
from generator.site.pair_page import pair_pages

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class SiteContext:
    """What every template may show besides its page."""

    title: str
    version: str
    updated: str
    """The day of the newest result; nothing on the site depends on when it was built."""
    navigation: tuple[pages.Link, ...]


def render_site(
    benchmark: Benchmark,
    outcomes: Sequence[Outcome],
    resamples: Resamples | None = None,
    curves: Curves | None = None,
) -> dict[str, bytes]:
    """Every file of the site by its path, ``manifest.json`` with their SHA-256 included.

    A pure function of its arguments and the shipped templates: the same inputs give the same bytes.

    Args:
        benchmark: what was configured.
        outcomes: what the result store holds.
        resamples: the stored resamples by model and dataset slug; without them differences have no intervals.
        curves: the stored layer curves.
    """
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
    assets = load_assets(shipped("templates"))
    data = {**exports.leaderboard_files(board), **exports.dataset_files(board), **exports.result_files(board)}
    files = dict(assets.values()) | data | _drawings(board) | data_files(board, resamples or {})
    site = SiteContext(
        benchmark.site.title,
        version("isogloss"),
        max((outcome.provenance.created for outcome in outcomes), default=""),
        (
            pages.Link("Leaderboard", links.HOME),
            pages.Link("Compare", links.COMPARE),
            pages.Link("Domains", links.DOMAINS),
            pages.Link("Claims", links.CLAIMS),
            pages.Link("Beyond SA", links.COMPANIONS),
            pages.Link("Methods", links.METHODS),
            pages.Link("Downloads", links.DOWNLOADS),
        ),
    )
    asset_paths = {name: path for name, (path, _) in assets.items()}
    environment = _environment()
    for page in _pages(board, benchmark, resamples or {}, curves or {}, data):
        files[page.path] = _laid_out(environment, page, site, asset_paths)
    files[MANIFEST] = _manifest(files)
    return dict(sorted(files.items()))


def _pages(
    board: Leaderboard, benchmark: Benchmark, resamples: Resamples, curves: Curves, data: Mapping[str, bytes]
) -> list[Page]:
    confidence = benchmark.parameters.confidence
    findings = Findings(board, benchmark.published, benchmark.study, resamples, confidence)
    return [
        home_page(board, benchmark.site.title, benchmark.site.description),
        *(model_page(board, standing, benchmark.published, curves) for standing in board.standings),
        *(dataset_page(board, dataset.slug, resamples, confidence) for dataset in board.datasets),
        *pair_pages(board),
        compare_page(board, resamples, confidence),
        domains_page(board, findings.domains),
        claims_page(findings),
        companions_page(board),
        methods_page(board),
        downloads_page(board, data),
        pages.NotFoundPage(links.NOT_FOUND, "Page not found", "There is no such page."),
    ]


def _drawings(board: Leaderboard) -> dict[str, bytes]:
    return {
        links.pair_drawing(standing.model.slug, slug): map_drawing(cell.result).encode()
        for standing in board.standings
        for slug, cell in standing.cells.items()
        if cell.result and cell.result.map and cell.result.map.points
    }


def _environment(templates: Path | None = None) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates or shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"decimal": decimal, "short_count": short_count, "file_size": file_size, "percent": percent}
    environment.globals |= {
        "formula": formula,
        "shape_path": shape_path,
        "catalogue": CATALOGUE,
        "affinity_measures": AFFINITY,
    }
    return environment


def _laid_out(environment: Environment, page: Page, site: SiteContext, asset_paths: Mapping[str, str]) -> bytes:
    link = partial(links.relative, page=page.path)
    text = environment.get_template(page.template).render(
        page=page, site=site, link=link, asset=lambda name: link(asset_paths[name])
    )
    return text.encode()


def _manifest(files: Mapping[str, bytes]) -> bytes:
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())}
    return (json.dumps({"schema": 1, "files": digests}, indent=1) + "\n").encode()

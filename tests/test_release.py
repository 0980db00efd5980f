"""Releases: frozen whole, published unchanged, refused when damaged, and compared with what came before and after."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from site_fixtures import (
    EVERYTHING,
    Element,
    Invented,
    files_in,
    invented,
    measured,
    model,
    page_of,
    pages_of,
    states,
    write_benchmark,
)

from generator.cli import DONE, REFUSED, isogloss
from generator.datasets import Dataset
from generator.errors import InputError
from generator.history import CellState, DatasetState, History, ModelState, Snapshot, to_json
from generator.site import links
from generator.site.pieces import content_of
from generator.site.publish import publish
from generator.site.releases import Past, Release, is_released, load_releases, published, release_folder
from generator.site.releases_page import ChangesPage, ReleasesPage, release_pages
from generator.site.render import render_site

WordList = Callable[..., Dataset]
DAY, LATER = "2026-03-04", "2026-05-06"


def site_of(told: Invented, *releases: Release, release: str = "") -> dict[str, bytes]:
    return render_site(told.benchmark, told.outcomes, told.resamples, past=Past(releases=releases), release=release)


@pytest.fixture(scope="module")
def benchmark(word_list: WordList) -> Invented:
    return states(word_list)


@pytest.fixture(scope="module")
def frozen(benchmark: Invented) -> dict[str, bytes]:
    return site_of(benchmark, release=DAY)


@pytest.fixture(scope="module")
def current(benchmark: Invented, frozen: dict[str, bytes]) -> dict[str, bytes]:
    """The site after one model fell behind, with the release from before."""
    fallen = [
        dataclasses.replace(
            o, measures=dataclasses.replace(o.measures, semantic_affinity=dataclasses.replace(o.affinity, value=0.3))
        )
        if o.status == "ok" and o.measures and (o.model.slug, o.dataset.slug) == ("whole", "words")
        else o
        for o in benchmark.outcomes
    ]
    return site_of(Invented(benchmark.benchmark, fallen), Release(DAY, frozen))


# Freezing


def test_a_release_is_kept_as_it_was_rendered(tmp_path: Path, frozen: Mapping[str, bytes]) -> None:
    place = release_folder(tmp_path, DAY)
    publish(frozen, place)
    (release,) = load_releases(tmp_path)
    assert (release.date, {path: content_of(file) for path, file in release.files.items()}) == (DAY, frozen)
    assert is_released(frozen, place)
    assert not is_released(frozen, release_folder(tmp_path, LATER))
    with pytest.raises(InputError, match="there is such a release already, of another state of the site"):
        is_released({**frozen, links.MANIFEST: b"{}"}, place)


@pytest.mark.parametrize("date", ["", "today", "2026-3-4", "20260304", "2026-02-30", "../2026-03-04", "2026-03-04/.."])
def test_a_release_is_called_by_a_day(tmp_path: Path, date: str) -> None:
    with pytest.raises(InputError, match="is not a day"):
        release_folder(tmp_path, date)


def test_releases_come_oldest_first_and_other_folders_are_none(tmp_path: Path, frozen: Mapping[str, bytes]) -> None:
    assert load_releases(tmp_path / "none") == ()
    for date in (LATER, DAY):
        publish(frozen, tmp_path / date)
    (tmp_path / "drafts").mkdir()
    (tmp_path / "2026-01-01").write_text("a file")
    assert [release.date for release in load_releases(tmp_path)] == [DAY, LATER]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda place: (place / "index.html").unlink(), ["index.html: is missing"]),
        (lambda place: (place / "index.html").write_text("x"), ["index.html: is not what was released"]),
        (lambda place: (place / "manifest.json").unlink(), ["manifest.json: is not the manifest"]),
        (lambda place: (place / "manifest.json").write_text("[]"), ["manifest.json: is not the manifest"]),
        (lambda place: (place / "manifest.json").write_text('{"files": {}}'), ["lists no data/history.json"]),
        (
            lambda place: (place / "manifest.json").write_text('{"files": {"../secret": "0", "/etc/passwd": "0"}}'),
            ["lists '../secret'", "lists '/etc/passwd'"],
        ),
        (
            lambda place: [(place / name).write_text("") for name in ("404.html", "domains.html")],
            ["404.html: is not", "domains.html: is not"],
        ),
    ],
    ids=["missing", "changed", "no manifest", "another manifest", "empty manifest", "leads elsewhere", "several"],
)
def test_a_damaged_release_is_refused_with_every_file_that_is_wrong(
    tmp_path: Path, frozen: Mapping[str, bytes], harm: Callable[[Path], object], told: list[str]
) -> None:
    publish(frozen, tmp_path / DAY)
    harm(tmp_path / DAY)
    with pytest.raises(InputError) as refused:
        load_releases(tmp_path)
    assert len(refused.value.faults) == len(told)
    assert all(part in str(refused.value) for part in told)


def test_what_lies_beside_a_release_is_not_published(tmp_path: Path, frozen: Mapping[str, bytes]) -> None:
    publish(frozen, tmp_path / DAY)
    (tmp_path / DAY / "notes.txt").write_text("mine")
    assert "notes.txt" not in load_releases(tmp_path)[0].files


# Publishing


def test_a_release_is_published_to_the_byte_and_listed(
    frozen: Mapping[str, bytes], current: Mapping[str, bytes]
) -> None:
    found = {path: content for path, content in current.items() if path.startswith(f"releases/{DAY}/")}
    assert found == {f"releases/{DAY}/{path}": content for path, content in frozen.items()}
    assert found == published([Release(DAY, frozen)])
    listed = json.loads(current["manifest.json"])["files"]
    assert all(listed[path] == hashlib.sha256(content).hexdigest() for path, content in found.items())


def links_of(path: str, page: Element) -> set[str]:
    """The files of the site that a page names."""
    named = [e.attributes[name] for e in page for name in ("href", "src") if name in e.attributes]
    own = [target.partition("#")[0] for target in named if not re.match(r"https?:|data:", target)]
    return {posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path for target in own}


def test_every_link_of_the_site_and_its_releases_resolves(current: Mapping[str, bytes]) -> None:
    lost = {
        (path, target) for path, page in pages_of(current).items() for target in links_of(path, page) - set(current)
    }
    assert lost == set()


def test_a_frozen_copy_stands_by_itself_but_for_the_way_to_the_current_site(
    frozen: Mapping[str, bytes], current: Mapping[str, bytes]
) -> None:
    for path, page in pages_of(frozen).items():
        outside = {target for target in links_of(path, page) if target not in frozen}
        assert outside - {"../../llms.txt"} == {"../../index.html", "../../releases.html", "../../feed.xml"}, path
        (told,) = page.all("aside", class_="frozen")
        assert told.one("time").text == DAY
    assert {"feed.xml", "llms.txt", "sitemap.xml", "releases.html"}.isdisjoint(frozen)
    assert not [page for path, page in pages_of(current).items() if not path.startswith(f"releases/{DAY}/")
                and page.all("aside", class_="frozen")]  # fmt: skip


def test_a_frozen_copy_knows_its_own_address(benchmark: Invented) -> None:
    site = dataclasses.replace(benchmark.benchmark.site, base_url="https://example.org/")
    told = Invented(dataclasses.replace(benchmark.benchmark, site=site), benchmark.outcomes)
    page = page_of(site_of(told, release=DAY)["models/whole.html"])
    place = f"https://example.org/releases/{DAY}/"
    assert page.one("link", rel="canonical").attributes["href"] == f"{place}models/whole.html"
    files = site_of(told, Release(DAY, site_of(told, release=DAY)))
    assert f"{place}index.html".encode() in files["sitemap.xml"]
    assert f"Release of {DAY}".encode() in files["feed.xml"]


# What changed


def states_of(*scores: float) -> Snapshot:
    cells = {f"d{n}": CellState("measured", sa, 1) for n, sa in enumerate(scores)}
    return Snapshot(
        {"alpha": ModelState("Alpha", "r", 1, cells)}, {slug: DatasetState(slug.upper(), "x") for slug in cells}
    )


def release_of(date: str, state: Snapshot) -> Release:
    return Release(date, {"data/history.json": to_json(History(now=state)).encode()})


def pages_for(*releases: Release, now: Snapshot) -> tuple[ReleasesPage, list[ChangesPage]]:
    first, *others = release_pages(releases, now)
    assert isinstance(first, ReleasesPage)
    return first, [page for page in others if isinstance(page, ChangesPage)]


def test_each_release_is_compared_with_the_one_before_and_the_last_with_now() -> None:
    releases = [release_of("2026-01-01", states_of(0.5)), release_of("2026-02-01", states_of(0.5, 0.4))]
    page, steps = pages_for(*releases, now=states_of(0.6, 0.4))
    assert [(row.date, row.page, row.first, row.n_models, row.n_datasets) for row in page.releases] == [
        ("2026-02-01", "releases/2026-02-01/index.html", "Alpha", 1, 2),
        ("2026-01-01", "releases/2026-01-01/index.html", "Alpha", 1, 1),
    ]
    assert [row.changes.text if row.changes else None for row in page.releases] == ["1 dataset added", None]
    assert page.since is not None
    assert (page.since.text, page.since.target) == ("1 changed score", "releases/unreleased.html")
    first, last = steps
    assert (first.path, first.before.text, first.after.text) == (
        "releases/2026-02-01-changes.html", "the release of 2026-01-01", "the release of 2026-02-01",
    )  # fmt: skip
    assert (first.other, first.places, first.scores) == (("D1 is a new dataset",), (), ())
    (row,) = last.scores
    assert (row.model.target, row.dataset and row.dataset.text, row.before, row.after) == (
        "models/alpha.html", "D0", 0.5, 0.6,
    )  # fmt: skip
    assert row.difference == pytest.approx(0.1)


def test_without_releases_there_is_a_page_that_says_so() -> None:
    page, steps = pages_for(now=states_of(0.5))
    assert (page.releases, page.since, steps) == ((), None, [])


def test_what_is_no_longer_there_is_named_without_a_link() -> None:
    gone = Snapshot({"beta": ModelState("Beta", "r", 2)}, {})
    _, (step, last) = pages_for(
        release_of("2026-01-01", Snapshot({"beta": ModelState("Beta", "r", 1)}, {})),
        release_of("2026-02-01", gone),
        now=Snapshot(),
    )
    (row,) = step.places
    assert (row.model.text, row.model.target, row.before, row.after) == ("Beta", "", 1, 2)
    assert last.other == ("Beta is no longer listed",)


def test_the_pages_show_scores_and_ranks_from_and_to(current: Mapping[str, bytes]) -> None:
    page = page_of(current["releases/unreleased.html"])
    tables = {table.one("thead").text: [[cell.text for cell in row.children if isinstance(cell, Element)]
              for row in table.one("tbody").all("tr")] for table in page.all("table")}  # fmt: skip
    ranks, scores = tables.values()
    assert ["Whole", "Words", "0.620", "0.300", "−0.320"] in scores
    assert ranks
    assert page_of(current["releases.html"]).all("a", href="releases/unreleased.html")


def test_hostile_names_stay_text_on_the_pages(word_list: WordList) -> None:
    words = word_list(slug="words")
    named = dataclasses.replace(model(), name=EVERYTHING)
    told = invented([words], [measured(named, words, 0.5)])
    release = Release(DAY, site_of(told, release=DAY))
    files = site_of(invented([words], [measured(named, words, 0.6)]), release)
    page = page_of(files["releases/unreleased.html"])
    assert page.one("tbody").one("th").text == EVERYTHING
    assert EVERYTHING in page_of(files["releases.html"]).one("tbody").text


# The command


def run(*arguments: object) -> object:
    return isogloss.main([str(each) for each in arguments], standalone_mode=False)


def test_release_then_render_publishes_it_for_good(
    tmp_path: Path, word_list: WordList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    config = write_benchmark(tmp_path, [word_list(slug="words", n=6)], ["Control: shuffled"])
    assert run("build", "-j", 1, "-c", config) == DONE
    assert run("release", "-c", config) == DONE
    kept = files_in(tmp_path / "releases" / "2025-06-15")
    assert b"release of" in kept["index.html"]
    assert run("release", "-c", config, "--date", DAY) == DONE
    assert not (tmp_path / "releases" / DAY / "releases").exists(), "a release holds no releases"
    assert run("render", "-c", config) == DONE
    site = files_in(tmp_path / "site")
    assert {path: site[f"releases/2025-06-15/{path}"] for path in kept} == kept
    assert files_in(tmp_path / "releases" / "2025-06-15") == kept
    before = files_in(tmp_path / "releases" / DAY)
    assert run("release", "-c", config, "--date", DAY) == DONE, "what is the same may be released again"
    config.write_text(config.read_text() + '[site]\ntitle = "Another title"\n')
    with pytest.raises(InputError, match="there is such a release already, of another state"):
        run("release", "-c", config, "--date", DAY)
    assert files_in(tmp_path / "releases" / DAY) == before
    (tmp_path / "releases" / DAY / "index.html").write_text("harmed")
    with pytest.raises(InputError, match="is not what was released"):
        run("render", "-c", config)
    assert files_in(tmp_path / "site") == site, "the old site stays"
    assert REFUSED == 2

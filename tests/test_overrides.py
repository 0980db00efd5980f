"""A benchmark's own templates, styles, logo, colours and words: used where they are, refused where they are faulty."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from site_fixtures import (
    EVERYTHING,
    PAYLOAD,
    ROOT,
    Element,
    Invented,
    files_in,
    invented,
    measured,
    model,
    page_of,
    pages_of,
    write_benchmark,
)

from generator.cli import DONE, isogloss
from generator.colours import PAPERS, contrast
from generator.config import AccentEntry, ColoursEntry, load_benchmark
from generator.datasets import Dataset
from generator.errors import InputError

WordList = Callable[..., Dataset]
Write = Callable[[str, str | bytes], Path]
Render = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def told(word_list: WordList) -> Invented:
    words = word_list(slug="words", n=6)
    return invented([words], [measured(model("Whole"), words)])


@pytest.fixture
def render(told: Invented, tmp_path: Path) -> Render:
    """Render with what lies in ``templates`` of this test's folder, and with changes to ``[site]``."""

    def rendered(**site: object) -> dict[str, bytes]:
        benchmark = dataclasses.replace(
            told.benchmark,
            path=tmp_path / "benchmark.toml",
            templates=tmp_path / "templates" if (tmp_path / "templates").is_dir() else None,
            site=dataclasses.replace(told.benchmark.site, **site),  # type: ignore[arg-type]
        )
        return Invented(benchmark, told.outcomes).files

    return rendered


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {path for path in {*before, *after} if before.get(path) != after.get(path)} - {"manifest.json"}


# Templates


def test_a_block_of_a_page_is_replaced_and_the_rest_stays(write: Write, render: Render) -> None:
    write(
        "templates/claims.html", '{% extends "isogloss/claims.html" %}{% block main %}<h1>Ours 我们</h1>{% endblock %}'
    )
    files = render()
    page = page_of(files["claims.html"])
    assert page.one("main").text.strip() == "Ours 我们"
    assert page.all("nav")
    assert page_of(files["methods.html"]).one("h1").text == "Methods"


def test_a_block_can_hold_the_shipped_one(write: Write, render: Render) -> None:
    block = '{% block main %}<p id="own">{{ page.title }}</p>{{ super() }}{% endblock %}'
    write("templates/claims.html", '{% extends "isogloss/claims.html" %}' + block)
    page = page_of(render()["claims.html"])
    assert page.one("p", id="own").text == "Claims"
    assert page.one("h1").text == "Claims"


def test_a_page_is_replaced_whole(write: Write, render: Render) -> None:
    write("templates/404.html", "<!doctype html><title>{{ page.title }}</title>")
    assert render()["404.html"] == b"<!doctype html><title>Page not found</title>"


def test_shipped_pages_stand_on_an_own_frame(write: Write, render: Render) -> None:
    before = render()
    write("templates/base.html", '{% extends "isogloss/base.html" %}{% block head %}<meta name="own">{% endblock %}')
    after = render()
    assert changed(before, after) == {path for path in before if path.endswith(".html")}
    assert all(page.all("meta", name="own") for page in pages_of(after).values())


def test_what_an_own_template_shows_is_escaped_as_elsewhere(write: Write, render: Render) -> None:
    write("templates/404.html", "<p>{{ site.title }}</p>")
    assert page_of(render(title=EVERYTHING)["404.html"]).one("p").text == EVERYTHING


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("one\n{{ page.titel }}", 2, "has no attribute 'titel'"),
        ("one\ntwo\n{{ nowhere }}", 3, "'nowhere' is undefined"),
        ("{% block main %}\n{% endblok %}", 2, "unknown tag 'endblok'"),
        ("{{ 1 +\n", 1, "unexpected"),
        ('\n{% extends "isogloss/nowhere.html" %}', 2, "isogloss/nowhere.html"),
        ("\n\n{{ 1 // 0 }}", 3, "by zero"),
        ("\n{{ page.title|nofilter }}", 2, "No filter named 'nofilter'"),
        ("\n{{ asset('none.css') }}", 2, "none.css"),
    ],
)
def test_a_faulty_template_is_refused_with_its_file_and_line(
    write: Write, render: Render, tmp_path: Path, source: str, line: int, reason: str
) -> None:
    write("templates/404.html", source)
    with pytest.raises(InputError) as refused:
        render()
    (fault,) = refused.value.faults
    assert fault.file == str(tmp_path / "templates" / "404.html")
    assert fault.problem.startswith(f"line {line}: ")
    assert reason in fault.problem


def test_a_fault_in_a_shipped_part_is_told_by_the_own_line_that_led_there(write: Write, render: Render) -> None:
    source = '{% import "parts.html" as parts with context %}\n\n{{ parts.words(1, 2, 3) }}'
    write("templates/404.html", source)
    with pytest.raises(InputError, match=r"404\.html: line 3: "):
        render()


def test_the_projects_own_folder_is_the_shipped_one(told: Invented) -> None:
    benchmark = dataclasses.replace(told.benchmark, templates=ROOT / "templates")
    assert Invented(benchmark, told.outcomes).files == told.files


def test_a_benchmark_reads_its_folder_of_templates(tmp_path: Path, word_list: WordList) -> None:
    config = write_benchmark(tmp_path, [word_list(n=5)], ["Control: shuffled"])
    assert load_benchmark(config).templates is None
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "404.html").write_text("{{ gone }}")
    assert load_benchmark(config).templates == tmp_path / "templates"
    with pytest.raises(InputError, match="'gone' is undefined"):
        isogloss.main(["build", "-j", "1", "-c", str(config)], standalone_mode=False)
    assert not (tmp_path / "site").exists()
    shutil.move(tmp_path / "templates", tmp_path / "own")
    write_benchmark(tmp_path, [word_list(n=5)], ["Control: shuffled"], 'templates = "own"')
    (tmp_path / "own" / "404.html").write_text("mine")
    assert isogloss.main(["render", "-c", str(config)], standalone_mode=False) == DONE
    assert (tmp_path / "site" / "404.html").read_text() == "mine"
    write_benchmark(tmp_path, [word_list(n=5)], ["Control: shuffled"], 'templates = "gone"')
    with pytest.raises(InputError, match=r"there is no folder .*gone"):
        load_benchmark(config)


# Styles, logo, colours


def styles(page: Element) -> list[str]:
    return [e.attributes["href"] for e in page.all("link", rel="stylesheet")]


def test_an_extra_style_sheet_is_linked_last_on_every_page(write: Write, render: Render) -> None:
    write("templates/static/extra.css", "h1 { color: teal }")
    files = render(colours=ColoursEntry(AccentEntry("#1d5ea8", "#84b5f0")))
    name = f"assets/extra.{hashlib.sha256(b'h1 { color: teal }').hexdigest()[:10]}.css"
    assert files[name] == b"h1 { color: teal }"
    for path, page in pages_of(files).items():
        *_, colours, extra = styles(page)
        assert extra.endswith(name), path
        assert "assets/colours." in colours


def test_colours_are_a_style_sheet_of_their_own(render: Render) -> None:
    files = render(colours=ColoursEntry(AccentEntry("#8a1c5c", "#f0a0d0")))
    (path,) = [path for path in files if path.startswith("assets/colours.")]
    assert b"--accent: var(--usual, light-dark(#8a1c5c, #f0a0d0)) var(--more, " in files[path]
    assert styles(page_of(files["pairs/whole--words.html"]))[-1] == f"../{path}"


def test_without_anything_of_ones_own_nothing_is_linked(render: Render) -> None:
    files = render()
    assert not [path for path in files if re.search(r"assets/(extra|colours|logo)\.", path)]
    assert all(len(styles(page)) == 1 for page in pages_of(files).values())


def test_a_logo_stands_in_for_the_title(write: Write, render: Render) -> None:
    write("art/Logo.SVG", b"<svg/>")
    files = render(logo="art/Logo.SVG", title="Ours & theirs")
    path = f"assets/logo.{hashlib.sha256(b'<svg/>').hexdigest()[:10]}.svg"
    assert files[path] == b"<svg/>"
    (brand,) = page_of(files["models/whole.html"]).all("a", class_="brand")
    image = brand.one("img")
    assert (image.attributes["src"], image.attributes["alt"]) == (f"../{path}", "Ours & theirs")
    assert brand.text.strip() == ""
    assert not page_of(render()["index.html"]).one("a", class_="brand").all("img")


def test_the_papers_are_those_of_the_style_sheet() -> None:
    tokens = (ROOT / "templates" / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    assert f"--paper: var(--usual, light-dark({PAPERS['light']}, {PAPERS['dark']}))" in tokens
    ((light, dark),) = re.findall(r"--accent: var\(--usual, light-dark\((#\w+), (#\w+)\)", tokens)
    assert contrast(light, PAPERS["light"]) >= 4.5
    assert contrast(dark, PAPERS["dark"]) >= 4.5


# Words


def test_footer_and_text_are_shown_as_text(render: Render) -> None:
    files = render(footer=EVERYTHING, text="One 一.\n\nTwo <b>二</b>.\n\n\n")
    for page in pages_of(files).values():
        assert page.one("footer").all("p")[0].text == EVERYTHING
    shown = page_of(files["index.html"])
    paragraphs = [p.text for p in shown.one("main").all("p")]
    assert "One 一." in paragraphs
    assert "Two <b>二</b>." in paragraphs
    assert not any(PAYLOAD in e.text for e in shown.all("script"))


def test_everything_reaches_the_site_from_the_config(tmp_path: Path, word_list: WordList) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    more = """
        [site]
        title = "Ours"
        text = "About us."
        footer = "Run by us."
        logo = "logo.png"
        base_url = "https://example.org/words"
        colours = { accent = "#8a1c5c" }
        [statistics]
        draws = 20
    """
    config = write_benchmark(tmp_path, [word_list(n=5)], ["Control: shuffled"], more)
    assert isogloss.main(["build", "-j", "1", "-c", str(config)], standalone_mode=False) == DONE
    files = files_in(tmp_path / "site")
    home = page_of(files["index.html"])
    assert home.one("link", rel="canonical").attributes["href"] == "https://example.org/words/"
    assert "About us." in home.text
    assert "Run by us." in home.one("footer").text
    assert {re.sub(r"\.[0-9a-f]{10}", "", path) for path in files} >= {"assets/logo.png", "assets/colours.css"}

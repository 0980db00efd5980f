"""TOML read into dataclasses, and benchmark.toml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import ConfigDict

from generator.colours import PAPERS, contrast, for_dark
from generator.config import AccentEntry, Benchmark, load_benchmark
from generator.datasets import load_dataset
from generator.errors import Fault, InputError
from generator.manifold import Layout
from generator.pair import Parameters
from generator.toml import read_toml, validated

Write = Callable[[str, str | bytes], Path]

ROOT = Path(__file__).parent.parent
WORDS = "en,zh\nwater,水\nfire,火\n"
DATASET = '[[datasets]]\npath = "words.csv"\n'
OTHERS = '[[datasets]]\npath = "others.csv"\n'


@dataclass(frozen=True)
class Inner:
    __pydantic_config__ = ConfigDict(extra="forbid")

    depth: int = 1


@dataclass(frozen=True)
class Outer:
    __pydantic_config__ = ConfigDict(extra="forbid")

    title: str
    inner: Inner = field(default_factory=Inner)
    optional: Inner | None = None
    many: tuple[Inner, ...] = ()


def faults_of(call: Callable[[], object]) -> list[Fault]:
    with pytest.raises(InputError) as refused:
        call()
    return list(refused.value.faults)


def config_faults(write: Write, text: str) -> list[Fault]:
    write("words.csv", WORDS)
    path = write("benchmark.toml", text)
    faults = faults_of(lambda: load_benchmark(path))
    assert all(fault.remedy for fault in faults)
    return faults


# TOML


def test_toml_is_read_with_or_without_a_byte_order_mark(write: Write) -> None:
    for content in ('title = "水"\n'.encode(), b"\xef\xbb\xbf" + 'title = "水"\n'.encode()):
        assert read_toml(write("a.toml", content)) == {"title": "水"}


@pytest.mark.parametrize(
    "content", ["title", "[a]\nb = 1\nb = 2", 'a = "\\ud800"', 'a = "é"'.encode("latin-1"), "a = " + "[" * 100_000]
)
def test_what_is_no_toml_is_told_with_the_reason(write: Write, content: str | bytes) -> None:
    path = write("a.toml", content)
    (fault,) = faults_of(lambda: read_toml(path))
    assert fault.file == str(path)
    assert fault.problem.startswith("not TOML (")
    assert "toml.io" in fault.remedy


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(lambda: read_toml(tmp_path / "gone.toml"))
    assert fault.problem == "cannot be read (No such file or directory)"


def test_valid_content_becomes_the_dataclass() -> None:
    content = {"title": "a", "optional": {"depth": 3}, "many": [{}, {"depth": 2}]}
    assert validated(Outer, content, "f.toml") == Outer("a", Inner(1), Inner(3), (Inner(1), Inner(2)))


@pytest.mark.parametrize(
    ("content", "key", "remedy"),
    [
        ({"titel": 1}, "titel", 'Did you mean "title"?'),
        ({"inner": {"dept": 1}}, "inner.dept", 'Did you mean "depth"?'),
        ({"optional": {"dept": 1}}, "optional.dept", 'Did you mean "depth"?'),
        ({"many": [{}, {"dept": 1}]}, "many.1.dept", 'Did you mean "depth"?'),
        ({"inner": {"title": "a"}}, "inner.title", "Valid names: depth."),
        ({"depth": 1}, "depth", "Valid names: inner, many, optional, title."),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_one_of_its_own_table(
    content: dict[str, object], key: str, remedy: str
) -> None:
    (fault,) = faults_of(lambda: validated(Outer, {"title": "a", **content}, "f.toml"))
    assert fault == Fault("f.toml", f"unknown key {key!r}", remedy)


def test_every_wrong_key_and_value_is_told_at_once() -> None:
    faults = faults_of(lambda: validated(Outer, {"inner": {"depth": "deep"}, "many": [{"x": 1}]}, "f.toml"))
    assert sorted(fault.problem.split(",")[0] for fault in faults) == [
        "inner.depth: input should be a valid integer",
        "the key 'title' is missing",
        "unknown key 'many.0.x'",
    ]
    assert any("'deep'" in fault.problem for fault in faults)


# benchmark.toml


def test_the_defaults_are_those_of_the_measures(write: Write, tmp_path: Path) -> None:
    write("words.csv", WORDS)
    benchmark = load_benchmark(write("benchmark.toml", DATASET))
    assert benchmark.parameters == Parameters()
    assert benchmark.models == ()
    assert benchmark.site.title == "Isogloss"
    assert (benchmark.results, benchmark.output) == (tmp_path / "results", tmp_path / "site")
    assert benchmark.datasets == (load_dataset(tmp_path / "words.csv"),)
    assert (benchmark.overall, benchmark.reference, benchmark.published) == (("words",), "words", ())
    assert len(benchmark.study) == 13, "the registry's group of the first study"


def test_every_setting_reaches_its_place(write: Write, tmp_path: Path) -> None:
    write("words.csv", WORDS)
    text = f"""
        models = ["Character n-grams"]
        groups = ["controls"]
        seed = 7
        results = "out/numbers"
        output = "out/pages"
        [site]
        title = "Ours"
        description = "What we found"
        [statistics]
        draws = 300
        confidence = 0.9
        [layout]
        neighbours = 8
        exact = 900
        landmarks = 500
        {DATASET}"""
    benchmark = load_benchmark(write("benchmark.toml", text))
    assert [model.name for model in benchmark.models] == [
        "Control: identical",
        "Control: shuffled",
        "Control: islands",
        "Character n-grams",
    ]
    assert benchmark.parameters == Parameters(7, 300, 0.9, Layout(8, 900, 500, 7))
    assert (benchmark.site.title, benchmark.site.description) == ("Ours", "What we found")
    assert (benchmark.results, benchmark.output) == (tmp_path / "out" / "numbers", tmp_path / "out" / "pages")


def test_paths_are_relative_to_the_config_wherever_it_is_read_from(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("bench/data/words.csv", WORDS)
    write("bench/models.toml", '[[models]]\nname = "Mine"\nsource = "precomputed:mine.npz"\n')
    text = 'models = ["Mine", "precomputed:theirs.npz"]\n[[datasets]]\npath = "data/words.csv"\n'
    path = write("bench/benchmark.toml", text)
    for place, named in ((tmp_path / "bench", path.name), (Path("/"), str(path))):
        monkeypatch.chdir(place)
        benchmark = load_benchmark(Path(named))
        assert benchmark.results == tmp_path / "bench" / "results"
        assert [model.locator for model in benchmark.models] == [
            str(tmp_path / "bench" / "mine.npz"),
            str(tmp_path / "bench" / "theirs.npz"),
        ]


def test_a_loose_file_gets_its_languages_and_card_from_its_entry(write: Write) -> None:
    write("pairs.txt", "water maji\nfire moto\n")
    text = (
        '[[datasets]]\npath = "pairs.txt"\nlanguages = ["en", "Swahili"]\ncard = {name = "Pairs", domain = "ancient"}\n'
    )
    (dataset,) = load_benchmark(write("benchmark.toml", text)).datasets
    assert dataset.languages == ("en", "sw")
    assert (dataset.card.name, dataset.card.domain) == ("Pairs", "ancient")


def test_a_missing_config_is_told_with_how_to_begin_one(tmp_path: Path) -> None:
    (fault,) = faults_of(lambda: load_benchmark(tmp_path / "benchmark.toml"))
    assert (fault.file, fault.problem) == (str(tmp_path / "benchmark.toml"), "there is no such file")
    assert "isogloss init" in fault.remedy


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("sed = 1\n", "sed", 'Did you mean "seed"?'),
        (
            "draws = 10\n",
            "draws",
            "Valid names: datasets, groups, layers, layout, models, output, published, reference, releases",
        ),
        ('referense = "words"\n', "referense", 'Did you mean "reference"?'),
        ('[site]\ntitel = "x"\n', "site.titel", 'Did you mean "title"?'),
        ("[layout]\nneighbors = 3\n", "layout.neighbors", 'Did you mean "neighbours"?'),
        ("[statistics]\nconfidance = 0.9\n", "statistics.confidance", 'Did you mean "confidence"?'),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_one(write: Write, text: str, key: str, remedy: str) -> None:
    (fault,) = config_faults(write, text + DATASET)
    assert fault.problem == f"unknown key {key!r}"
    assert fault.remedy.startswith(remedy)


def test_an_unknown_key_of_a_dataset_entry_and_its_card_is_told(write: Write) -> None:
    text = '[[datasets]]\npath = "words.csv"\nlanguage = ["en"]\n[datasets.card]\nname = "W"\ndomian = "x"\n'
    faults = {fault.problem: fault.remedy for fault in config_faults(write, text)}
    assert faults == {
        "unknown key 'datasets.0.language'": 'Did you mean "languages"?',
        "unknown key 'datasets.0.card.domian'": 'Did you mean "domain"?',
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("seed = -1\n", "seed"),
        ("seed = 4294967296\n", "seed"),
        ("[statistics]\ndraws = 0\n", "statistics.draws"),
        ("[statistics]\ndraws = 100001\n", "statistics.draws"),
        ("[statistics]\nconfidence = 1.0\n", "statistics.confidence"),
        ("[statistics]\nconfidence = nan\n", "statistics.confidence"),
        ("[layout]\nneighbours = 0\n", "layout.neighbours"),
        ("[layout]\nexact = 20001\n", "layout.exact"),
        ("[layout]\nlandmarks = 9\n", "layout.landmarks"),
    ],
)
def test_a_value_out_of_range_is_told_with_the_range(write: Write, text: str, key: str) -> None:
    (fault,) = config_faults(write, text + DATASET)
    assert fault.column == key
    assert fault.problem == f"{key} is {text.split('= ')[1].strip()}"
    assert fault.remedy.startswith("Choose a value from ")


def test_all_values_out_of_range_are_told_at_once(write: Write) -> None:
    text = "seed = -1\n[statistics]\ndraws = 0\n[layout]\nlandmarks = 1\n"
    faults = config_faults(write, text + DATASET)
    assert [fault.column for fault in faults] == ["seed", "statistics.draws", "layout.landmarks"]


def test_a_benchmark_without_datasets_is_told(write: Write) -> None:
    (fault,) = config_faults(write, "datasets = []\n")
    assert (fault.column, fault.remedy) == ("datasets", "Add a [[datasets]] entry")
    (fault,) = config_faults(write, "seed = 1\n")
    assert fault.problem == "the key 'datasets' is missing"


def test_two_datasets_of_one_name_are_told(write: Write) -> None:
    write("more/Words.csv", WORDS)
    (fault,) = config_faults(write, DATASET + '[[datasets]]\npath = "more/Words.csv"\n')
    assert fault.problem == "two datasets are called 'words'"
    assert fault.column == "datasets"


def test_the_faults_of_all_datasets_are_told_at_once(write: Write, tmp_path: Path) -> None:
    write("bad.csv", "en,zh\nwater,水\nfire,\nsun,太阳\n")
    text = DATASET + '[[datasets]]\npath = "bad.csv"\n[[datasets]]\npath = "gone.csv"\n'
    faults = config_faults(write, text)
    assert [(fault.file, fault.row) for fault in faults] == [
        (str(tmp_path / "bad.csv"), 3),
        (str(tmp_path / "gone.csv"), None),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [('groups = ["ofline"]', "there is no group 'ofline'"), ('models = ["mini"]', "there is no model 'mini'")],
)
def test_an_unknown_model_or_group_is_told(write: Write, line: str, problem: str) -> None:
    (fault,) = config_faults(write, f"{line}\n{DATASET}")
    assert fault.problem == problem


@pytest.fixture
def benchmark(write: Write) -> Benchmark:
    write("words.csv", WORDS)
    write("others.csv", WORDS)
    return load_benchmark(write("benchmark.toml", DATASET + OTHERS))


def test_datasets_are_chosen_by_slug_in_the_order_of_the_config(benchmark: Benchmark) -> None:
    assert [dataset.slug for dataset in benchmark.selected([])] == ["words", "others"]
    assert [dataset.slug for dataset in benchmark.selected(["others"])] == ["others"]
    assert [dataset.slug for dataset in benchmark.selected(["others", "words"])] == ["words", "others"]


SIGNS = '[[datasets]]\npath = "signs.csv"\ncard = { name = "Signs", translated = false }\n'


@pytest.mark.parametrize(
    ("text", "overall", "reference"),
    [
        (SIGNS + DATASET + OTHERS, ("signs", "words", "others"), "words"),
        (f'reference = "others"\n{DATASET}overall = false\n{OTHERS}', ("others",), "others"),
        (f"{DATASET}overall = true\n{OTHERS}overall = false\n", ("words",), "words"),
        (SIGNS, ("signs",), ""),
    ],
    ids=["first translated", "named", "left out", "none translated"],
)
def test_datasets_count_unless_left_out_and_are_compared_with_a_reference(
    write: Write, text: str, overall: tuple[str, ...], reference: str
) -> None:
    for name, content in {"words": WORDS, "others": WORDS, "signs": "zxx\n1\n2\n"}.items():
        write(f"{name}.csv", content)
    found = load_benchmark(write("benchmark.toml", text))
    assert (found.overall, found.reference) == (overall, reference)


@pytest.mark.parametrize(("name", "remedy"), [("wrods", 'Did you mean "words"?'), ("signs", "Valid names: words.")])
def test_a_reference_without_translations_or_unknown_is_told(write: Write, name: str, remedy: str) -> None:
    write("signs.csv", "zxx\n1\n2\n")
    (fault,) = config_faults(write, f'reference = "{name}"\n{DATASET}{SIGNS}')
    assert (fault.column, fault.remedy) == ("reference", remedy)
    assert fault.problem == f"there is no dataset with translations called {name!r}"


def test_published_figures_lie_relative_to_the_config(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = 'key = "g"\ntitle = "Paper"\nauthors = ["A"]\nyear = 2025\nlink = "https://example.org"\n'
    write("bench/papers/g.toml", source)
    write("bench/words.csv", WORDS)
    path = write("bench/benchmark.toml", f'published = ["papers/g.toml"]\n{DATASET}')
    monkeypatch.chdir("/")
    assert [each.title for each in load_benchmark(path).published] == ["Paper"]
    write("bench/papers/g.toml", source.replace("title", "titel"))
    faults = faults_of(lambda: load_benchmark(path))
    assert {fault.file for fault in faults} == {str(tmp_path / "bench" / "papers" / "g.toml")}


def test_an_address_ends_with_a_slash_and_an_accent_has_a_shade_for_each_theme(write: Write) -> None:
    write("words.csv", WORDS)
    for given in ("https://example.org", "https://example.org/"):
        site = load_benchmark(write("benchmark.toml", f'[site]\nbase_url = "{given}"\n{DATASET}')).site
        assert site.base_url == "https://example.org/"
        assert site.colours.accent is None
    accent = 'accent = { light = "#8a1c5c", dark = "#f0a0d0" }'
    colours = load_benchmark(write("benchmark.toml", f"[site.colours]\n{accent}\n{DATASET}")).site.colours
    assert colours.accent == AccentEntry("#8a1c5c", "#f0a0d0")
    colours = load_benchmark(write("benchmark.toml", f'[site.colours]\naccent = "#8A1C5C"\n{DATASET}')).site.colours
    assert colours.accent is not None
    assert colours.accent.light == "#8A1C5C"
    assert contrast(colours.accent.dark, PAPERS["dark"]) >= 7


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ('base_url = "example.org"', "base_url", "'example.org' is no address of a site"),
        ('base_url = "ftp://example.org/"', "base_url", "is no address"),
        ('base_url = "https://"', "base_url", "is no address"),
        ('base_url = "https://me:secret@example.org/"', "base_url", "is no address"),
        ('base_url = "https://example.org/?a=b"', "base_url", "is no address"),
        ("base_url = 'https://example.org/\"><script>'", "base_url", "is no address"),
        ('base_url = "https://example.org/a b"', "base_url", "is no address"),
        ('logo = "logo.gif"', "logo", "'logo.gif' is no picture for a page"),
        ('logo = "logo.svg"', "logo", "there is no file 'logo.svg'"),
        ('colours = { accent = "red" }', "colours.accent.light", "'red' is no colour"),
        ('colours = { accent = "#fff" }', "colours.accent.light", "'#fff' is no colour"),
        (
            'colours = { accent = "#8fb8e8" }',
            "colours.accent.light",
            "#8fb8e8 has a contrast of 2.01 : 1 on the light paper",
        ),
        (
            'colours = { accent = { light = "#1d5ea8", dark = "#1d5ea8" } }',
            "colours.accent.dark",
            "#1d5ea8 has a contrast of 2.75 : 1 on the dark paper, #14171c",
        ),
    ],
)
def test_a_fault_in_what_the_site_is_called_and_looks_like_is_told(
    write: Write, line: str, key: str, problem: str
) -> None:
    (fault,) = config_faults(write, f"[site]\n{line}\n{DATASET}")
    assert fault.column == f"site.{key}"
    assert problem in fault.problem


def test_every_fault_of_the_site_is_told_at_once(write: Write) -> None:
    text = '[site]\nbase_url = "x"\nlogo = "x"\ncolours = { accent = { light = "x", dark = "y" } }\n'
    assert [fault.column for fault in config_faults(write, text + DATASET)] == [
        "site.logo", "site.base_url", "site.colours.accent.light", "site.colours.accent.dark",
    ]  # fmt: skip


def test_a_wrong_key_among_the_colours_is_told_with_the_right_one(write: Write) -> None:
    (fault,) = config_faults(write, f'[site.colours]\naccent = {{ lihgt = "#1d5ea8", light = "#1d5ea8" }}\n{DATASET}')
    assert (fault.problem, fault.remedy) == ("unknown key 'site.colours.accent.lihgt'", 'Did you mean "light"?')
    (fault,) = config_faults(write, f"[site.colours]\naccent = 3\n{DATASET}")
    assert "site.colours.accent" in fault.problem


@pytest.mark.parametrize("colour", ["#000000", "#1d5ea8", "#ff0000", "#808080", "#0b0b60"])
def test_a_colour_is_made_light_enough_for_the_dark_theme_and_no_lighter(colour: str) -> None:
    made = for_dark(colour)
    assert 7 <= contrast(made, PAPERS["dark"]) < 9
    assert for_dark(made) == made


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(3.998, abs=1e-3)


def test_unknown_datasets_are_all_told_with_the_nearest_one(benchmark: Benchmark) -> None:
    first, second = faults_of(lambda: benchmark.selected(["wrods", "words", "other"]))
    assert (first.problem, first.remedy) == ("there is no dataset 'wrods'", 'Did you mean "words"?')
    assert (second.problem, second.remedy) == ("there is no dataset 'other'", 'Did you mean "others"?')


def test_the_shipped_benchmark_measures_the_offline_models() -> None:
    benchmark = load_benchmark(ROOT / "benchmark.toml")
    assert len(benchmark.models) == 5
    assert "modern-concepts" in {dataset.slug for dataset in benchmark.datasets}
    assert benchmark.results == ROOT / "results"

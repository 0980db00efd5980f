"""What is told of a word list without knowing its languages, and what that says of the shipped ones."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import langcodes
import pytest

from generator.datasets import Card, Concept, Dataset, load_dataset
from generator.datasets.quality import LanguageReport, dataset_report

DATASETS = Path(__file__).parent.parent / "datasets"
SHIPPED = tuple(sorted(card.parent.name for card in DATASETS.glob("*/dataset.toml")))
MODERN = (
    "colours space body kinship time food artefacts emotion abstract size motion communication cognition perception "
    "social creation change animals nature numbers"
)
GRADES = {"low", "medium", "high"}
E_ACUTE = "e\u0301"


def made(*rows: dict[str, str], translated: bool = True) -> Dataset:
    """A list of concepts, alternatives apart by ``|``."""
    concepts = [
        Concept(str(n), {tag: tuple(cell.split("|")) for tag, cell in row.items()}) for n, row in enumerate(rows)
    ]
    tags = tuple(dict.fromkeys(tag for row in rows for tag in row))
    return Dataset("made", Card("Made", translated=translated), tags, tuple(concepts))


def reports(*rows: dict[str, str], translated: bool = True) -> dict[str, LanguageReport]:
    return {report.tag: report for report in dataset_report(made(*rows, translated=translated))}


@pytest.fixture(params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(DATASETS / request.param)


def test_languages_stand_in_the_order_of_the_list() -> None:
    assert list(reports({"zh": "水", "en": "water", "ar": "ماء"})) == ["zh", "en", "ar"]


def test_renderings_are_counted_once_and_gaps_are_missing() -> None:
    found = reports({"en": "a|b", "de": "x"}, {"en": "a"}, {"en": "c"})
    assert {tag: (each.n_renderings, each.missing) for tag, each in found.items()} == {"en": (3, 0), "de": (1, 2)}


def test_nothing_is_missing_where_nothing_is_translated() -> None:
    found = reports({"und-Grek": "α"}, {"und-Latn": "a"}, translated=False)
    assert [each.missing for each in found.values()] == [0, 0]


def test_a_rendering_of_two_concepts_is_a_duplicate_in_its_language_only() -> None:
    found = reports({"en": "light|bright", "de": "hell"}, {"en": "light", "de": "leicht"}, {"en": "hell", "de": "c"})
    assert (found["en"].duplicates, found["de"].duplicates) == (("light",), ())


def test_identical_strings_count_within_a_concept_and_over_the_concepts_that_a_language_renders() -> None:
    found = reports(
        {"en": "radio", "de": "Funk|radio", "fr": "radio"},  # shared by all three
        {"en": "hand", "de": "hand"},  # French has no such concept
        {"en": "gift", "de": "Geschenk", "fr": "cadeau"},
        {"en": "poison", "de": "gift", "fr": "poison"},  # "gift" is another concept's; "poison" is shared
    )
    assert {tag: each.identical for tag, each in found.items()} == {"en": 3 / 4, "de": 2 / 4, "fr": 2 / 3}


@pytest.mark.parametrize(
    ("tag", "written", "foreign"),
    [
        ("ar", ("كِتَابٌ", "ـ", "٣", "أ؟"), ("كتاب a", "хлеб", "כ")),
        ("zh", ("水", "〇", "一、二", "3 月"), ("水が", "カ", "물", "Ⅹ")),
        ("zh-Hant", ("龍",), ("ㄅ",)),
        ("ja", ("水", "みず", "ミズ", "コーヒー・豆", "々"), ("물", "вода", "水a")),
        ("ko", ("물", "水", "물 3"), ("みず", "w")),
        ("hi", ("पानी", "क्ष", "पानी।", "३"), ("পানি", "pani")),
        ("en", ("café", "naïve — 100 %", "🙂", "👩🏽‍🚀", "x\u0323\u0301", "don’t"), ("сat", "Α", "ﺍ")),
        ("ru", ("вода\u0301", "5"), ("вoда",)),
        ("sr-Latn", ("voda",), ("вода",)),
        ("zxx", ("42", "½", "+", "€"), ("42a", "四")),
        ("und-Grek", ("α", "ά"), ("a", "а")),
    ],
)
def test_letters_of_foreign_scripts(tag: str, written: tuple[str, ...], foreign: tuple[str, ...]) -> None:
    found = reports({tag: "|".join((*written, *foreign)), "de": "x"})
    assert found[tag].mixed == foreign


def test_words_in_another_composition_are_counted_by_language(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text(f"id,fr,de\n1,caf{E_ACUTE}|th{E_ACUTE},Tee\n2,été,Kaffee\n3,bl{E_ACUTE},A\u0308rger\n", "utf-8")
    dataset = load_dataset(file)
    assert {each.tag: each.renormalised for each in dataset_report(dataset)} == {"fr": 3, "de": 1}
    assert "café" in dataset.texts


# The shipped lists


def test_shipped_lists_are_clean(shipped: Dataset) -> None:
    gaps = {"ar": 2} if shipped.slug == "numbers" else {}
    for report in dataset_report(shipped):
        told = (report.missing, report.duplicates, report.mixed, report.renormalised)
        assert told == (gaps.get(report.tag, 0), (), (), 0), report.tag


def test_shipped_files_are_composed(shipped: Dataset) -> None:
    for name in ("data.csv", "dataset.toml"):
        assert unicodedata.is_normalized("NFC", (DATASETS / shipped.slug / name).read_text("utf-8"))


def test_only_two_large_numbers_lack_arabic() -> None:
    numbers = load_dataset(DATASETS / "numbers").concepts
    assert [c.extra["value"] for c in numbers if "ar" not in c.renderings] == ["20000", "50000"]


def test_modern_concepts() -> None:
    counts = Counter(concept.category for concept in load_dataset(DATASETS / "modern-concepts").concepts)
    assert set(counts) == set(MODERN.split())
    assert counts.total() >= 340
    assert min(counts.values()) >= 15


@pytest.mark.parametrize(
    ("slug", "least", "column"),
    [("cultural-nuance", 220, "sensitivity"), ("untranslatable", 130, "difficulty")],
)
def test_graded_lists(slug: str, least: int, column: str) -> None:
    concepts = load_dataset(DATASETS / slug).concepts
    counts = Counter(concept.extra[column] for concept in concepts)
    assert counts.total() >= least
    assert set(counts) == GRADES
    assert all(concept.category for concept in concepts)


def test_untranslatable_words_come_from_languages() -> None:
    sources = {concept.extra["source"] for concept in load_dataset(DATASETS / "untranslatable").concepts}
    assert [source for source in sources if not langcodes.tag_is_valid(source)] == []
    assert not sources & {"und", "mul", "zxx"}


def test_oracle_bone_forms_have_their_code_points() -> None:
    concepts = load_dataset(DATASETS / "oracle-bone").concepts
    assert len(concepts) >= 250
    for concept in concepts:
        form = concept.extra["form"]
        assert "CJK UNIFIED IDEOGRAPH" in unicodedata.name(form)
        assert concept.extra["codepoint"] == f"U+{ord(form):04X}"
    assert len({concept.extra["form"] for concept in concepts}) == len(concepts)

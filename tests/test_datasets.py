"""Datasets: the same words in every format, and every fault by file, row, column and remedy."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator import load_dataset as exported
from generator.datasets import Card, Concept, Dataset, load_dataset
from generator.errors import Fault, InputError

Write = Callable[[str, str | bytes], Path]

MODERN_CONCEPTS = Path(__file__).parent.parent / "datasets" / "modern-concepts"

# A decomposed "é", a Hindi letter that NFC takes apart, a mark that stays a character of its own, joined emoji.
ROWS = [
    ("coffee", "place", "cafe\u0301", "咖啡馆", "كافيه", "कॉ\u095eी"),
    ("family", "kin", "family|👨‍👩‍👧", "家庭|家", "", "परिवार"),
    ("x", "", "x\u0323", "未知数", "مَجْهُول", "अज्ञात"),
]
TAGS = ("en", "zh", "ar", "hi")
COLUMNS = ("id", "category", *TAGS)


def folder(write: Write, card: str = 'name = "Words"', data: str = "en,zh\nwater,水\nfire,火\n") -> Path:
    write("words/dataset.toml", card)
    return write("words/data.csv", data).parent


def delimited(delimiter: str) -> str:
    return "\n".join(["# about", delimiter.join(COLUMNS), *(delimiter.join(row) for row in ROWS)])


def as_folder(write: Write) -> Path:
    return folder(write, data=delimited(","))


def as_csv(write: Write) -> Path:
    return write("words.csv", b"\xef\xbb\xbf" + delimited(";").encode())


def as_csv_with_tabs(write: Write) -> Path:
    return write("words.csv", delimited("\t"))


def as_tsv(write: Write) -> Path:
    return write("words.tsv", delimited("\t"))


def as_json_lines(write: Write) -> Path:
    return write("words.jsonl", "\n".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in ROWS))


def records_with_lists() -> list[dict[str, object]]:
    records: list[dict[str, object]] = []
    for row in ROWS:
        texts = {tag: cell.split("|") if cell else None for tag, cell in zip(TAGS, row[2:], strict=True)}
        records.append({"id": row[0], "category": row[1], **texts})
    return records


def as_json_lines_with_lists(write: Write) -> Path:
    return write("words.jsonl", "\n".join(json.dumps(record, ensure_ascii=False) for record in records_with_lists()))


def as_parquet(write: Write) -> Path:
    path = write("words.parquet", "")
    pq.write_table(pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in ROWS]), path)
    return path


def as_parquet_with_lists(write: Write) -> Path:
    path = write("words.parquet", "")
    pq.write_table(pa.Table.from_pylist(records_with_lists()), path)
    return path


def faults_of(path: Path, languages: Sequence[str] = (), card: Card | None = None) -> list[Fault]:
    with pytest.raises(InputError) as refused:
        load_dataset(path, languages, card)
    for fault in refused.value.faults:
        assert str(fault) in str(refused.value)
        assert fault.remedy
    return list(refused.value.faults)


def places(faults: Sequence[Fault]) -> list[tuple[int | None, str | None]]:
    return [(fault.row, fault.column) for fault in faults]


# Formats


@pytest.mark.parametrize(
    "made",
    [
        as_folder,
        as_csv,
        as_csv_with_tabs,
        as_tsv,
        as_json_lines,
        as_json_lines_with_lists,
        as_parquet,
        as_parquet_with_lists,
    ],
)
def test_every_format_gives_the_same_concepts_in_nfc(write: Write, made: Callable[[Write], Path]) -> None:
    dataset = load_dataset(made(write))
    assert dataset.slug == "words"
    assert dataset.languages == TAGS
    assert dataset.concepts == (
        Concept(
            "coffee",
            {
                "en": ("caf\u00e9",),
                "zh": ("咖啡馆",),
                "ar": ("كافيه",),
                "hi": (unicodedata.normalize("NFC", "कॉफ़ी"),),
            },
            "place",
        ),
        Concept("family", {"en": ("family", "👨‍👩‍👧"), "zh": ("家庭", "家"), "hi": ("परिवार",)}, "kin"),
        Concept("x", {"en": ("x\u0323",), "zh": ("未知数",), "ar": ("مَجْهُول",), "hi": ("अज्ञात",)}),
    )
    assert dataset.renormalised == {"en": 1, "hi": 1}


def test_the_package_exports_the_loader() -> None:
    assert exported is load_dataset


def test_a_lexicon_groups_the_translations_of_a_word(write: Write) -> None:
    for name, separator in (("en-sw.txt", "\t"), ("en-sw2.txt", "  "), ("lexicon", " ")):
        lines = [f"house{separator}nyumba", f"cafe\u0301{separator}mkahawa", f"house{separator}makao ya watu"]
        dataset = load_dataset(write(name, "\n".join(lines)), ["en", "Swahili"])
        assert dataset.languages == ("en", "sw")
        assert [dict(concept.renderings) for concept in dataset.concepts] == [
            {"en": ("house",), "sw": ("nyumba", "makao ya watu")},
            {"en": ("caf\u00e9",), "sw": ("mkahawa",)},
        ]


def test_a_lexicon_keeps_its_column_order_for_the_languages_named(write: Write) -> None:
    dataset = load_dataset(write("pairs.txt", "nyumba house\nmoto fire\n"), ["sw", "en"])
    assert dataset.renderings == {"sw": ("nyumba", "moto"), "en": ("house", "fire")}


@pytest.mark.parametrize("named", [(), ("en",), ("en", "sw", "de")])
def test_a_lexicon_needs_two_languages(write: Write, named: tuple[str, ...]) -> None:
    path = write("pairs.txt", "house nyumba\nfire moto\n")
    (fault,) = faults_of(path, named)
    assert fault.problem == f"a lexicon has two languages, and {len(named)} are named"
    assert "--languages" in fault.remedy


@pytest.mark.parametrize("first", ["water\tmaji", "taxi\ttaxi", "no\thapana", "note\tkumbuka"])
def test_a_tsv_without_a_header_is_a_lexicon_when_languages_are_named(write: Write, first: str) -> None:
    dataset = load_dataset(write("pairs.tsv", f"{first}\nfire\tmoto\n"), ["en", "sw"])
    english, swahili = first.split("\t")
    assert [concept.renderings for concept in dataset.concepts] == [
        {"en": (english,), "sw": (swahili,)},
        {"en": ("fire",), "sw": ("moto",)},
    ]


def test_a_tsv_with_a_header_stays_a_table_when_languages_are_named(write: Write) -> None:
    path = write("pairs.tsv", "Swahili\teng\nmaji\twater\nmoto\tfire\n")
    assert load_dataset(path, ["en", "sw"]).renderings == {"en": ("water", "fire"), "sw": ("maji", "moto")}


def test_a_tsv_whose_header_names_another_language_is_not_mistaken_for_a_lexicon(write: Write) -> None:
    (fault,) = faults_of(write("pairs.tsv", "en\tfr\nwater\teau\nfire\tfeu\n"), ["en", "de"])
    assert fault.problem == "there is no column for the language de"


def test_a_tsv_with_a_misspelt_header_is_not_mistaken_for_a_lexicon(write: Write) -> None:
    (fault,) = faults_of(write("pairs.tsv", "Engrish\tSwahili\nwater\tmaji\nfire\tmoto\n"), ["en", "sw"])
    assert fault.problem == "there is no column for the language en"


# Headers, cells and choices


def test_headers_are_tags_codes_or_english_names(write: Write) -> None:
    dataset = load_dataset(write("w.csv", "EN,chinese,swa,zh-hant,Arabic\na,b,c,d,e\nf,g,h,i,j\n"))
    assert dataset.languages == ("en", "zh", "sw", "zh-Hant", "ar")
    assert dataset.concepts[0].renderings == {"en": ("a",), "zh": ("b",), "sw": ("c",), "zh-Hant": ("d",), "ar": ("e",)}


@pytest.mark.parametrize("header", ["ind", "Indonesian", "id-ID"])
def test_the_id_column_identifies_while_indonesian_is_a_language(write: Write, header: str) -> None:
    dataset = load_dataset(write("w.csv", f"id,{header},en\nw1,air,water\nw2,api,fire\n"))
    assert [concept.id for concept in dataset.concepts] == ["w1", "w2"]
    tag = "id-ID" if header == "id-ID" else "id"
    assert dataset.languages == (tag, "en")
    assert dataset.renderings[tag] == ("air", "api")


def test_indonesian_can_be_chosen_beside_an_id_column(write: Write) -> None:
    path = write("w.csv", "id,ind,en,sw\nw1,air,water,maji\nw2,api,fire,moto\n")
    assert load_dataset(path, ["id", "sw"]).renderings == {"id": ("air", "api"), "sw": ("maji", "moto")}


@pytest.mark.parametrize("header", ["ID", "Id"])
def test_an_id_header_in_capitals_is_told_instead_of_measured_as_indonesian(write: Write, header: str) -> None:
    (fault,) = faults_of(write("w.csv", f"{header},en,sw\n1,water,maji\n2,fire,moto\n"))
    assert fault.column == header
    assert "Indonesian" in fault.problem
    assert '"id"' in fault.remedy
    assert '"ind"' in fault.remedy


def test_rows_without_an_id_are_numbered(write: Write) -> None:
    dataset = load_dataset(write("w.csv", "id,en,sw\n,water,maji\nfire,fire,moto\n  ,sun,jua\n"))
    assert [concept.id for concept in dataset.concepts] == ["1", "fire", "3"]


def test_category_note_and_declared_columns_are_kept_beside_the_words(write: Write) -> None:
    card = 'name = "Words"\n[columns]\nlemma = "the dictionary form"'
    data = "category,note,lemma,en,sw\n a  b ,cafe\u0301,L1,water,maji\n,,,fire,moto\n"
    first, second = load_dataset(folder(write, card, data)).concepts
    assert (first.category, first.note, first.extra) == ("a b", "caf\u00e9", {"lemma": "L1"})
    assert (second.category, second.note, second.extra) == ("", "", {"lemma": ""})
    assert set(first.renderings) == {"en", "sw"}


def test_a_declared_column_is_no_language_even_if_its_header_is_a_tag(write: Write) -> None:
    card = 'name = "Words"\n[columns]\npos = "part of speech"'
    assert load_dataset(folder(write, card, "pos,en,sw\nn,water,maji\nn,fire,moto\n")).languages == ("en", "sw")


def test_alternatives_are_told_apart_stripped_and_counted_once(write: Write) -> None:
    cell = " home | house\u00a0|home|\u3000hearth "
    dataset = load_dataset(write("w.csv", f"en,sw\n{cell},nyumba\nfire,moto\n"))
    assert dataset.concepts[0].renderings["en"] == ("home", "house", "hearth")


def test_decomposed_alternatives_are_the_same_rendering(write: Write) -> None:
    dataset = load_dataset(write("w.csv", "fr,sw\ncafe\u0301|caf\u00e9,mkahawa\neau,maji\n"))
    assert dataset.concepts[0].renderings["fr"] == ("caf\u00e9",)


@pytest.mark.parametrize("empty", ["", "  ", "\u3000"])
def test_an_empty_cell_is_a_missing_rendering_without_a_key(write: Write, empty: str) -> None:
    dataset = load_dataset(write("w.csv", f"en,sw,zh\nwater,maji,{empty}\nfire,moto,火\nsun,jua,太阳\n"))
    assert set(dataset.concepts[0].renderings) == {"en", "sw"}
    assert dataset.renderings["zh"] == ("火", "太阳")


def test_json_of_missing_keys_nulls_and_empty_lists_means_missing_renderings(write: Write) -> None:
    lines = [
        '{"en": "water", "sw": "maji"}',
        '{"en": "fire", "sw": "moto", "zh": null}',
        '{"en": "sun", "sw": "jua", "zh": []}',
        '{"en": "moon", "sw": "mwezi", "zh": "月亮"}',
        '{"en": "tree", "sw": "mti", "zh": ["树"]}',
    ]
    dataset = load_dataset(write("w.jsonl", "\n".join(lines)))
    assert [len(concept.renderings) for concept in dataset.concepts] == [2, 2, 2, 3, 3]


def test_chosen_languages_are_kept_in_the_order_named_and_lonely_rows_dropped(write: Write) -> None:
    path = write("w.csv", "id,en,zh,sw,freq\na,water,水,maji,9\nb,fire,火,,8\nc,sun,,jua,7\nd,moon,月亮,mwezi,6\n")
    dataset = load_dataset(path, ["Swahili", "en"])
    assert dataset.languages == ("sw", "en")
    assert [concept.id for concept in dataset.concepts] == ["a", "c", "d"]
    assert all(tag in {"sw", "en"} for concept in dataset.concepts for tag in concept.renderings)


def test_a_loose_file_gets_the_card_it_is_given_or_one_named_after_it(write: Write) -> None:
    path = write("My Words.csv", "en,zh\nwater,水\nfire,火\n")
    assert load_dataset(path).card == Card("My Words", provenance="My Words.csv")
    assert load_dataset(path).slug == "my-words"
    card = Card("Other", domain="ancient")
    assert load_dataset(path, card=card).card == card


def test_a_card_brings_what_it_says(write: Write) -> None:
    text = 'name = "Old words"\ndomain = "ancient"\nlevel = "character"\nlicence = "CC0-1.0"\nlanguages = ["en", "zho"]'
    dataset = load_dataset(folder(write, text))
    assert dataset.card.name == "Old words"
    assert (dataset.card.domain, dataset.card.level, dataset.card.licence) == ("ancient", "character", "CC0-1.0")
    assert dataset.slug == "words"


def test_distinct_renderings_and_texts_are_listed_once(word_list: Callable[..., Dataset]) -> None:
    dataset = word_list(("en", "zh"))
    twice = replace(dataset, concepts=(*dataset.concepts, Concept("again", {"en": ("water", "new"), "zh": ("water",)})))
    assert twice.renderings["en"] == (*dataset.renderings["en"], "new")
    assert twice.renderings["zh"] == (*dataset.renderings["zh"], "water")
    assert list(twice.texts) == sorted({*dataset.renderings["en"], *dataset.renderings["zh"], "new"})


# Faults


def test_an_unknown_column_is_told_with_the_nearest_name(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "categry,en,zh\na,water,水\nb,fire,火\n"))
    assert (fault.file.endswith("w.csv"), fault.row, fault.column) == (True, None, "categry")
    assert fault.problem.startswith("unknown column: 'categry' is no BCP-47 tag")
    assert fault.remedy.startswith('Did you mean "category"?')
    assert "[columns]" in fault.remedy
    assert "--languages" in fault.remedy


def test_an_unknown_column_far_from_any_name_is_told_how_to_be_declared(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh,frequency\nwater,水,9\nfire,火,8\n"))
    assert fault.column == "frequency"
    assert fault.remedy.startswith("Declare it under [columns]")


def test_an_unnamed_column_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh,\nwater,水,\nfire,火,\n"))
    assert fault.column == "(no name)"


def test_columns_nobody_chose_are_not_looked_at(write: Write) -> None:
    path = write("w.csv", "en,zh,frequency,sw\nwater,水,9,\x07\nfire,火,8,\n")
    assert load_dataset(path, ["en", "zh"]).languages == ("en", "zh")


def test_a_language_under_two_names_is_told_with_both(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh,English\nwater,水,water\nfire,火,fire\n"))
    assert fault.column == "English"
    assert fault.problem == "the language en stands twice, as 'en' and 'English'"
    assert fault.remedy == "Keep one column a language"


def test_a_column_that_stands_twice_is_told_once(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh,en\nwater,水,water\nfire,火,fire\n"))
    assert (fault.column, fault.problem) == ("en", "column 'en' stands twice")


def test_a_repeated_id_is_told_with_the_row_of_the_first(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "id,en,zh\n# c\na,water,水\nb,sun,太阳\na,fire,火\n"))
    assert (fault.row, fault.column) == (5, "id")
    assert fault.problem == "the id 'a' stands already in row 3"
    assert "id of its own" in fault.remedy


def test_ids_that_differ_in_normalisation_or_spaces_only_are_repeated(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "id,en,zh\ncaf\u00e9,water,水\ncafe\u0301 ,fire,火\n"))
    assert (fault.row, fault.column) == (3, "id")


def test_a_row_with_one_language_is_told_with_its_row_and_language(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "id,en,zh\na,water,水\nb,fire,\nc,sun,太阳\n"))
    assert fault.row == 3
    assert fault.problem == "the concept 'b' is rendered in en only"
    assert fault.remedy == "Add a translation or remove the row"


def test_a_row_with_no_word_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "id,en,zh\na,water,水\nb,,\nc,sun,太阳\n"))
    assert (fault.row, fault.problem) == (3, "the concept 'b' is rendered in no language only")


def test_a_language_with_one_rendering_is_told_by_its_column(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh,Swahili\nwater,水,\nfire,火,moto\nsun,太阳,moto\n"))
    assert (fault.row, fault.column) == (None, "Swahili")
    assert fault.problem == "1 distinct renderings in sw, two are the least for a spread"
    assert fault.remedy == "Add words or remove the column"


@pytest.mark.parametrize("text", ["wa\x00ter", "wa\x07ter", "wa\tter", "wa\x85ter", "wa\u200e\x9bter"])
def test_control_characters_are_told_by_cell_and_code(write: Write, text: str) -> None:
    control = next(c for c in text if unicodedata.category(c) == "Cc")
    (fault,) = faults_of(write("w.csv", f"id,en,zh\na,fire,火\nb,{text},水\n"))
    assert (fault.row, fault.column) == (3, "en")
    assert fault.problem == f"the control character U+{ord(control):04X} in {text!r}"
    assert fault.remedy == "Remove it"


def test_a_lone_surrogate_in_json_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.jsonl", '{"en": "fire", "zh": "火"}\n{"en": ["sun", "\\ud83d!"], "zh": "太阳"}\n'))
    assert (fault.row, fault.column) == (2, "en")
    assert fault.problem == "the control character U+D83D in '\\ud83d!'"


@pytest.mark.parametrize("column", ["id", "category", "note", "lemma"])
def test_what_no_page_can_hold_is_told_in_every_other_column_too(write: Write, column: str) -> None:
    card = Card("Words", columns={"lemma": "dictionary form"})
    for spelt, code in (("\\ud800", "U+D800"), ("a\\u0007", "U+0007")):
        lines = ['{"en": "fire", "zh": "火"}', f'{{"en": "sun", "zh": "太阳", "{column}": "{spelt}"}}']
        (fault,) = faults_of(write("w.jsonl", "\n".join(lines)), card=card)
        assert (fault.row, fault.column) == (2, column)
        assert code in fault.problem


def test_joiners_and_direction_marks_are_no_control_characters(write: Write) -> None:
    dataset = load_dataset(write("w.csv", "en,fa\nI want,می\u200cخواهم\n👩\u200d🚀,\u200fفضانورد\n"))
    assert dataset.renderings["fa"] == ("می\u200cخواهم", "\u200fفضانورد")


def test_wrong_encoding_is_told_with_its_line(write: Write) -> None:
    path = write("w.csv", "en,fr\nwater,eau\nsummer,été\n".encode("cp1252"))
    (fault,) = faults_of(path)
    assert (fault.file, fault.row, fault.remedy) == (str(path), 3, "Save the file as UTF-8")


@pytest.mark.parametrize("name", ["w.csv", "w.tsv", "w.jsonl", "w.txt"])
def test_an_empty_file_is_told(write: Write, name: str) -> None:
    path = write(name, "")
    (fault,) = faults_of(path, ["en", "zh"] if name == "w.txt" else ())
    assert fault.file == str(path)
    assert fault.problem in {"the file is empty", "there are no rows"}


def test_a_header_without_rows_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh\n# later\n"))
    assert (fault.problem, fault.remedy) == ("there are no rows", "Write at least two concepts")


def test_a_row_with_too_many_cells_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh\nwater,水\nhello, you,你好\nfire,火\n"))
    assert (fault.row, fault.problem) == (3, "3 cells under 2 columns")
    assert "quotes" in fault.remedy


def test_a_suspiciously_long_cell_is_told_and_the_card_can_allow_it(write: Write) -> None:
    path = write("w.csv", f"en,zh\nwater,水\n{'x' * 1001},火\n")
    (fault,) = faults_of(path)
    assert (fault.row, fault.column) == (3, "en")
    assert fault.problem == "suspiciously long (1,001 characters, over 1,000)"
    assert "quote" in fault.remedy
    assert load_dataset(path, card=Card("Sentences", longest=1001)).renderings["en"] == ("water", "x" * 1001)


@pytest.mark.parametrize("cell", ["water|", "|water", "water||sea", "|", " | "])
def test_an_empty_alternative_is_told(write: Write, cell: str) -> None:
    faults = faults_of(write("w.csv", f"en,zh\nfire,火\n{cell},水\nsun,太阳\n"))
    assert set(places(faults)) == {(3, "en")}
    assert {fault.problem for fault in faults} == {"an empty rendering beside a '|'"}
    assert {fault.remedy for fault in faults} == {"Remove the '|'"}


def test_one_language_that_was_chosen_is_no_fault_of_the_table(write: Write) -> None:
    with pytest.raises(InputError) as refused:
        load_dataset(write("w.csv", "en,zh\nwater,水\nfire,火\n"), ["en"])
    (fault,) = refused.value.faults
    assert (fault.problem, fault.remedy) == ("--languages names 1, 2 is the least", "Name more of its columns")


@pytest.mark.parametrize(
    ("translated", "columns", "problem"),
    [
        (True, "note,en", "1 language columns, 2 is the least"),
        (True, "note,category", "0 language columns, 2 is the least"),
        (False, "note,category", "0 language columns, 1 is the least"),
    ],
)
def test_a_table_of_too_few_languages_is_told(write: Write, translated: bool, columns: str, problem: str) -> None:
    path = write("w.csv", f"{columns}\na,water\nb,fire\n")
    (fault,) = faults_of(path, card=Card("Words", translated=translated))
    assert fault.problem == problem
    assert "headed by its tag" in fault.remedy


@pytest.mark.parametrize(
    ("data", "renderings"),
    [
        ("und-Grek\nα\nβ\n", [{"und-Grek": ("α",)}, {"und-Grek": ("β",)}]),
        (
            "und-Grek,und-Latn\nα,a\nβ,\n,b|c\n",
            [{"und-Grek": ("α",), "und-Latn": ("a",)}, {"und-Grek": ("β",)}, {"und-Latn": ("b", "c")}],
        ),
    ],
    ids=["one language", "lone rows"],
)
def test_where_nothing_is_translated_a_rendering_can_stand_alone(
    write: Write, data: str, renderings: list[dict[str, tuple[str, ...]]]
) -> None:
    dataset = load_dataset(folder(write, 'name = "Signs"\ntranslated = false', data))
    assert [concept.renderings for concept in dataset.concepts] == renderings
    only = load_dataset(folder(write, 'name = "Signs"\ntranslated = false', data), ["und-Grek"])
    assert [concept.renderings for concept in only.concepts] == [{"und-Grek": ("α",)}, {"und-Grek": ("β",)}]


@pytest.mark.parametrize(
    ("data", "place"),
    [("id,und-Grek,und-Latn\n1,α,a\n2,,\n3,β,b\n", (3, None)), ("und-Grek,und-Latn\nα,a\nβ,\n", (None, "und-Latn"))],
    ids=["a row with nothing", "a language with one rendering"],
)
def test_what_is_left_to_check_where_nothing_is_translated_is_told(
    write: Write, data: str, place: tuple[int | None, str | None]
) -> None:
    assert places(faults_of(folder(write, 'name = "Signs"\ntranslated = false', data))) == [place]


@pytest.mark.parametrize("declared", ['["en", "sw"]', '["en"]', '["en", "zh", "sw"]', '["en", "zh", "chinglish"]'])
def test_a_card_that_names_other_languages_than_the_columns_is_told(write: Write, declared: str) -> None:
    path = folder(write, f'name = "Words"\nlanguages = {declared}')
    (fault,) = faults_of(path)
    assert fault.file == str(path / "data.csv")
    names = ", ".join(json.loads(declared))
    assert fault.problem == f"the card names {names}, the columns are en, zh"
    assert fault.remedy == "Make both name the same languages"


def test_an_unknown_card_key_is_told_with_the_nearest_name(write: Write) -> None:
    path = folder(write, 'name = "Words"\nlicense = "MIT"')
    (fault,) = faults_of(path)
    assert fault.file == str(path / "dataset.toml")
    assert fault.problem == "unknown key 'license'"
    assert fault.remedy == 'Did you mean "licence"?'


def test_a_wrong_level_and_a_missing_name_are_told_together(write: Write) -> None:
    missing, wrong = sorted(faults_of(folder(write, 'level = "sentence"')), key=lambda fault: "level" in fault.problem)
    assert missing.problem == "the key 'name' is missing"
    assert wrong.problem.startswith("level: ")
    assert "'sentence'" in wrong.problem
    assert "'word'" in wrong.problem


def test_a_card_that_is_no_toml_is_told(write: Write) -> None:
    path = folder(write, "name = Words")
    (fault,) = faults_of(path)
    assert fault.file == str(path / "dataset.toml")
    assert fault.problem.startswith("not TOML (")
    assert "line 1" in fault.problem


@pytest.mark.parametrize("name", ["dataset.toml", "data.csv"])
def test_a_folder_without_card_or_data_is_told(write: Write, name: str) -> None:
    path = folder(write)
    (path / name).unlink()
    (fault,) = faults_of(path)
    assert fault.file == str(path / name)
    assert "cannot be read" in fault.problem


@pytest.mark.parametrize("name", ["gone", "gone.csv", "gone.txt", "gone/data.csv"])
def test_a_path_to_nothing_is_told_as_such(tmp_path: Path, name: str) -> None:
    (fault,) = faults_of(tmp_path / name)
    assert (fault.file, fault.problem) == (str(tmp_path / name), "there is no such file or folder")


def test_an_unknown_ending_is_told_with_the_known_formats(write: Write) -> None:
    (fault,) = faults_of(write("w.xlsx", b"PK\x03\x04"))
    assert ".xlsx" in fault.problem
    assert "Parquet" in fault.remedy


def test_malformed_json_and_parquet_are_told(write: Write) -> None:
    (fault,) = faults_of(write("w.jsonl", '{"en": "fire", "zh": "火"}\n{"en": \n{"en": "sun", "zh": "太阳"}\n'))
    assert (fault.row, fault.remedy) == (2, "Write one JSON object a line")
    (fault,) = faults_of(write("w.parquet", b"PAR1 not quite"))
    assert fault.problem.startswith("not readable as Parquet (")


def test_a_file_name_that_no_address_can_hold_is_told(write: Write) -> None:
    path = write("词汇.csv", "en,zh\nwater,水\nfire,火\n")
    (fault,) = faults_of(path)
    assert fault.file == str(path)
    assert "no letter or digit" in fault.problem
    assert fault.remedy.startswith("Rename it")


def test_unknown_and_repeated_language_choices_are_told_together(write: Write) -> None:
    path = write("w.csv", "en,zh\nwater,水\nfire,火\n")
    unknown, repeated = faults_of(path, ["en", "klingonese", "English"])
    assert "'klingonese'" in unknown.problem
    assert '"Swahili"' in unknown.remedy
    assert (repeated.problem, repeated.remedy) == ("'en' is asked for twice", "Name it once")


def test_a_chosen_language_without_a_column_is_told(write: Write) -> None:
    (fault,) = faults_of(write("w.csv", "en,zh\nwater,水\nfire,火\n"), ["en", "sw"])
    assert (fault.problem, fault.remedy) == ("there is no column for the language sw", "Check --languages")


def test_chosen_languages_that_share_no_row_are_told(write: Write) -> None:
    faults = faults_of(write("w.csv", "en,zh,sw\nwater,水,\nfire,火,\n,月亮,mwezi\n,太阳,jua\n"), ["en", "sw"])
    assert {fault.column for fault in faults} == {"en", "sw"}
    assert all(fault.problem.startswith("0 distinct renderings") for fault in faults)


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_rows(write: Write) -> None:
    content = "\n".join(
        [
            "id,en,zh,sw",
            "a,water,水,maji",
            "b,fire,火,moto,extra",
            "a,sun,太阳,ju\x07a",
            "c,moon|,月亮,mwezi",
            f"d,{'x' * 1001},树,mti",
            "e,book,,",
            "f,house,房子,nyumba",
        ]
    )
    faults = faults_of(write("w.csv", content))
    assert places(faults) == [(3, None), (4, "sw"), (4, "id"), (5, "en"), (6, "en"), (7, None)]
    assert faults[-1].problem == "the concept 'e' is rendered in en only"


def test_faults_of_columns_and_cells_are_told_at_once_without_their_consequences(write: Write) -> None:
    faults = faults_of(write("w.csv", "en,Engrish,lemma\nwater,wota,x\nfi\x07re,faia,y\n"))
    assert places(faults) == [(None, "Engrish"), (None, "lemma"), (3, "en")]


def test_unreadable_json_lines_and_faulty_cells_are_told_at_once(write: Write) -> None:
    lines = ['{"en": "water", "zh": "水"}', "{", '{"en": 3, "zh": "火"}', '{"en": "s\\u0000n", "zh": "太阳"}']
    assert places(faults_of(write("w.jsonl", "\n".join(lines)))) == [(2, None), (3, "en"), (4, "en")]


# Digest


def test_the_digest_is_that_of_the_words_wherever_they_lie(write: Write) -> None:
    digests = {load_dataset(made(write)).digest for made in (as_folder, as_csv, as_json_lines_with_lists, as_parquet)}
    assert len(digests) == 1
    (digest,) = digests
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_the_digest_does_not_change_with_the_card(word_list: Callable[..., Dataset]) -> None:
    dataset = word_list()
    changed = replace(dataset, slug="other", card=Card("Other", domain="ancient", licence="MIT"))
    assert changed.digest == dataset.digest


def test_the_digest_changes_with_whatever_a_measure_depends_on(word_list: Callable[..., Dataset]) -> None:
    dataset = word_list(("en", "zh"))
    first, *rest = dataset.concepts
    variants = [
        dataset,
        replace(dataset, concepts=(replace(first, renderings={**first.renderings, "en": ("Water",)}), *rest)),
        replace(dataset, concepts=(replace(first, renderings={**first.renderings, "en": ("water", "sea")}), *rest)),
        replace(dataset, concepts=(replace(first, id="aqua"), *rest)),
        replace(dataset, concepts=(*rest, first)),
        replace(dataset, concepts=tuple(rest)),
        replace(dataset, languages=("zh", "en")),
        replace(dataset, card=replace(dataset.card, translated=False)),
        word_list(("en", "sw")),
    ]
    assert len({variant.digest for variant in variants}) == len(variants)


# The shipped dataset


@pytest.fixture(scope="module")
def modern() -> Dataset:
    return load_dataset(MODERN_CONCEPTS)


def test_modern_concepts_covers_ten_languages_and_many_categories(modern: Dataset) -> None:
    assert modern.slug == "modern-concepts"
    assert set(modern.languages) == {"en", "zh", "es", "fr", "de", "ru", "ko", "ar", "ja", "sw"}
    assert len(modern.languages) == 10
    assert len(modern.concepts) >= 150
    categories = Counter(concept.category for concept in modern.concepts)
    assert "" not in categories
    assert len(categories) >= 12


def test_modern_concepts_misses_no_cell(modern: Dataset) -> None:
    gaps = [(c.id, tag) for c in modern.concepts for tag in modern.languages if not c.renderings.get(tag)]
    assert gaps == []


def test_modern_concepts_is_nfc_on_disk_and_when_read(modern: Dataset) -> None:
    raw = (MODERN_CONCEPTS / "data.csv").read_text("utf-8")
    assert unicodedata.is_normalized("NFC", raw)
    assert all(unicodedata.is_normalized("NFC", text) for text in modern.texts)


def test_modern_concepts_repeats_no_rendering_within_a_language(modern: Dataset) -> None:
    for tag in modern.languages:
        counts = Counter(text.casefold() for concept in modern.concepts for text in concept.renderings[tag])
        assert [text for text, n in counts.items() if n > 1] == [], tag


def test_modern_concepts_has_a_card_worth_reading(modern: Dataset) -> None:
    card = modern.card
    assert (card.domain, card.level) == ("modern", "word")
    for told in (card.name, card.description, card.probes, card.provenance, card.licence, card.weaknesses):
        assert told


def test_a_separator_inside_a_list_item_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    path.write_text('{"en": ["water|sea"], "ar": "ماء"}\n{"en": "fire", "ar": "نار"}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_dataset(path)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(1, "en")]
    assert "item of the list" in str(caught.value)

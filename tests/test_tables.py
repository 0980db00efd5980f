"""Tables as they lie on disk: every format gives the same rows, with the place of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.datasets.tables import MAX_CELL, Cell, Table, read_lexicon, read_table
from generator.errors import Fault, InputError

Write = Callable[[str, str | bytes], Path]


def cells(table: Table) -> list[dict[str, Cell]]:
    return [dict(row.cells) for row in table.rows]


def numbers(table: Table) -> list[int]:
    return [row.number for row in table.rows]


def refusal(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as refused:
        read_table(path)
    assert all(fault.file == str(path) for fault in refused.value.faults)
    return refused.value.faults


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_whatever_separates_its_cells(write: Write, delimiter: str) -> None:
    table = read_table(write("words.csv", f"en{delimiter}zh\nwater{delimiter}水\nfire{delimiter}火\n"))
    assert table.columns == ("en", "zh")
    assert cells(table) == [{"en": "water", "zh": "水"}, {"en": "fire", "zh": "火"}]
    assert table.faults == ()


def test_the_header_alone_decides_the_separator(write: Write) -> None:
    table = read_table(write("words.csv", 'en;zh\n"a, b, c";一\n"d; e";二\n'))
    assert cells(table) == [{"en": "a, b, c", "zh": "一"}, {"en": "d; e", "zh": "二"}]


def test_tsv_is_separated_by_tabs_even_when_the_header_holds_more_commas(write: Write) -> None:
    table = read_table(write("words.TSV", "id\ta,b,c\n1\tx\n"))
    assert table.columns == ("id", "a,b,c")


def test_a_byte_order_mark_is_no_part_of_the_first_header(write: Write) -> None:
    for name, content in (("a.csv", "en,zh\na,b\n"), ("a.tsv", "en\tzh\na\tb\n"), ("a.jsonl", '{"en":"a","zh":"b"}\n')):
        assert read_table(write(name, b"\xef\xbb\xbf" + content.encode())).columns == ("en", "zh")


def test_windows_line_ends_and_a_missing_last_one_are_no_part_of_a_cell(write: Write) -> None:
    table = read_table(write("words.csv", "en,zh\r\nwater,水\r\nfire,火"))
    assert cells(table) == [{"en": "water", "zh": "水"}, {"en": "fire", "zh": "火"}]


def test_comments_and_empty_lines_are_skipped_and_still_counted(write: Write) -> None:
    table = read_table(write("words.csv", "# about\n\nen,zh\n# one\nwater,水\n\n,\nfire,火\n"))
    assert table.columns == ("en", "zh")
    assert [row.cells["en"] for row in table.rows] == ["water", "fire"]
    assert numbers(table) == [5, 8]


def test_a_quoted_hash_is_a_word_and_no_comment(write: Write) -> None:
    assert cells(read_table(write("words.csv", 'en,zh\n"#1",一\n')))[0]["en"] == "#1"


def test_a_cell_over_two_lines_counts_as_the_line_it_ends_on(write: Write) -> None:
    table = read_table(write("words.csv", 'en,zh\n"wa\nter",水\nfire,火\n'))
    assert numbers(table) == [3, 4]


def test_missing_cells_at_the_end_of_a_row_are_absent(write: Write) -> None:
    table = read_table(write("words.csv", "en,zh,sw\nwater,水\n"))
    assert cells(table) == [{"en": "water", "zh": "水"}]


def test_headers_are_stripped(write: Write) -> None:
    assert read_table(write("words.csv", " en , zh\na,b\n")).columns == ("en", "zh")


def test_too_many_cells_are_told_with_their_rows_and_the_sound_rows_are_kept(write: Write) -> None:
    table = read_table(write("words.csv", "en,zh\nhello, there,你好\nfire,火\na,b,c,d\n"))
    assert [(fault.row, fault.problem) for fault in table.faults] == [
        (2, "3 cells under 2 columns"),
        (4, "4 cells under 2 columns"),
    ]
    assert "quotes" in table.faults[0].remedy
    assert numbers(table) == [3]


def test_a_header_that_stands_twice_is_told_by_its_column(write: Write) -> None:
    (fault,) = read_table(write("words.csv", "en,zh,en\na,b,c\n")).faults
    assert (fault.column, fault.problem) == ("en", "column 'en' stands twice")


def test_a_parquet_column_that_stands_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["en", "en"]), path)
    (fault,) = refusal(path)
    assert "en" in fault.problem
    assert "not readable as Parquet" in fault.problem


def test_an_unclosed_quote_is_told_with_its_place_and_with_the_faults_before_it(write: Write) -> None:
    first, second = refusal(write("words.csv", 'en,zh\na,b,c\n"water,水\nfire,火\n'))
    assert (first.row, first.problem) == (2, "3 cells under 2 columns")
    assert second.row == 4
    assert "not readable as a table" in second.problem
    assert "quotes" in second.remedy


def test_an_endless_cell_is_told_instead_of_read(write: Write) -> None:
    (fault,) = refusal(write("words.csv", f"en,zh\nwater,{'x' * (MAX_CELL + 1)}\n"))
    assert fault.row == 2
    assert "field limit" in fault.problem


def test_line_ends_of_old_macs_are_told_instead_of_read_as_one_line(write: Write) -> None:
    (fault,) = refusal(write("words.csv", "en,zh\rwater,水\rfire,火\r"))
    assert fault.row == 1
    assert "ends of the lines" in fault.remedy


@pytest.mark.parametrize("name", ["words.csv", "words.tsv", "words.jsonl"])
@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_is_told(write: Write, name: str, content: str) -> None:
    (fault,) = refusal(write(name, content))
    assert fault.problem in {"the file is empty", "there are no rows"}
    assert fault.remedy.startswith("Write")


@pytest.mark.parametrize("name", ["words.csv", "words.tsv"])
def test_a_header_alone_is_told(write: Write, name: str) -> None:
    (fault,) = refusal(write(name, "en,zh\n"))
    assert (fault.problem, fault.remedy) == ("there are no rows", "Write at least two concepts")


def test_wrong_encoding_is_told_with_its_line_and_byte(write: Write) -> None:
    for name, content in (("a.csv", "en,fr\nwater,eau\nsummer,été\n"), ("b.jsonl", '{}\n{}\n{"fr": "été"}\n')):
        (fault,) = refusal(write(name, content.encode("latin-1")))
        assert fault.row == 3
        assert fault.problem.startswith("not UTF-8 (byte 0xe9 at position ")
        assert fault.remedy == "Save the file as UTF-8"


def test_utf_16_is_told_as_wrong_encoding(write: Write) -> None:
    (fault,) = refusal(write("words.csv", "en,zh\nwater,水\n".encode("utf-16")))
    assert (fault.row, fault.remedy) == (1, "Save the file as UTF-8")


@pytest.mark.parametrize("name", ["gone.csv", "gone.tsv", "gone.jsonl", "gone.parquet"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    (fault,) = refusal(tmp_path / name)
    assert "no such file" in fault.problem.lower()
    assert fault.remedy == "Check the path"


def test_an_unknown_ending_is_told_with_the_known_formats(write: Write) -> None:
    (fault,) = refusal(write("words.xlsx", b"PK\x03\x04"))
    assert ".xlsx" in fault.problem
    for known in ("CSV", "TSV", "JSONL", "Parquet", "lexicon"):
        assert known in fault.remedy


def test_json_lines_hold_texts_lists_and_nothing(write: Write) -> None:
    records = [{"en": ["sun", "☀️"], "zh": "太阳"}, {"zh": "火", "en": None, "sw": "moto"}]
    table = read_table(write("words.jsonl", "\n\n".join(json.dumps(record) for record in records)))
    assert table.columns == ("en", "zh", "sw")
    assert cells(table) == [{"en": ("sun", "☀️"), "zh": "太阳"}, {"zh": "火", "en": None, "sw": "moto"}]
    assert numbers(table) == [1, 3]


def test_every_faulty_json_line_is_told_and_the_others_are_read(write: Write) -> None:
    lines = [
        '{"en": "water", "zh": "水"}',
        '{"en": "fire"',
        "[1, 2]",
        '{"en": 3, "zh": ["a", 4]}',
        '{"en": "a", "en": "b"}',
        "[" * 100_000,
    ]
    table = read_table(write("words.ndjson", "\n".join(lines)))
    assert [(fault.row, fault.column) for fault in table.faults] == [
        (2, None),
        (3, None),
        (4, "en"),
        (4, "zh"),
        (5, None),
        (6, None),
    ]
    problems = [fault.problem for fault in table.faults]
    assert problems[0].startswith("not JSON (")
    assert problems[1] == "not a JSON object"
    assert problems[2] == "expected text or a list of texts, found int"
    assert problems[3] == "expected text or a list of texts, found list"
    assert "stands twice" in problems[4]
    assert [row.number for row in table.rows] == [1, 4]


def test_json_of_which_no_line_can_be_read_is_refused_for_its_faults_and_not_as_empty(write: Write) -> None:
    first, second = refusal(write("words.jsonl", "water\nfire\n"))
    assert (first.row, second.row) == (1, 2)
    assert "not JSON" in first.problem


def test_parquet_holds_texts_lists_and_nothing(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"en": [["sun", "☀️"], None], "zh": pa.array(["太阳", "火"]).dictionary_encode()}), path)
    table = read_table(path)
    assert table.columns == ("en", "zh")
    assert cells(table) == [{"en": ("sun", "☀️"), "zh": "太阳"}, {"en": None, "zh": "火"}]
    assert numbers(table) == [1, 2]


def test_a_parquet_column_of_numbers_is_told_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"en": ["a", "b"], "n": [1, None]}), path)
    (fault,) = read_table(path).faults
    assert (fault.row, fault.column, fault.remedy) == (1, "n", "Write it as a string")


def test_malformed_parquet_is_told(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"en": ["a"], "zh": ["b"]}), path)
    for content in (b"", b"PAR1", b"en,zh\na,b\n", path.read_bytes()[:-20]):
        (fault,) = refusal(write("words.parquet", content))
        assert fault.problem.startswith("not readable as Parquet (")
        assert fault.remedy == "Write it again"


def test_parquet_texts_that_are_not_utf_8_are_told(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(np.array([0, 1, 2], dtype=np.int32)), pa.py_buffer(b"\xff\xfe")
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"en": pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])}), path)
    (fault,) = refusal(path)
    assert "utf-8" in fault.problem


def test_parquet_without_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pq.write_table(pa.table({"en": pa.array([], pa.string())}), path)
    (fault,) = refusal(path)
    assert fault.problem == "there are no rows"


def test_a_lexicon_is_read_by_tab_or_by_its_first_run_of_spaces(write: Write) -> None:
    tabs = read_lexicon(write("a.txt", "ice cream\tSpeiseeis\nsun\tdie Sonne\n"), "en", "de")
    assert cells(tabs) == [
        {"en": ("ice cream",), "de": ("Speiseeis",)},
        {"en": ("sun",), "de": ("die Sonne",)},
    ]
    spaces = read_lexicon(write("b.txt", "sun   die Sonne\nmoon Mond\n"), "en", "de")
    assert cells(spaces) == [{"en": ("sun",), "de": ("die Sonne",)}, {"en": ("moon",), "de": ("Mond",)}]


def test_lexicon_lines_with_one_source_word_are_one_concept_on_the_first_line(write: Write) -> None:
    content = "\ufeff# a comment\nhouse\tnyumba\nfire\tmoto\n\nhouse\tmakao\nhouse\tnyumba\n"
    table = read_lexicon(write("a.txt", content), "en", "sw")
    assert cells(table) == [{"en": ("house",), "sw": ("nyumba", "makao")}, {"en": ("fire",), "sw": ("moto",)}]
    assert numbers(table) == [2, 3]


def test_lexicon_lines_without_two_columns_are_all_told(write: Write) -> None:
    table = read_lexicon(write("a.txt", "house\tnyumba\nfire\na\tb\tc\n\tx\n"), "en", "sw")
    assert [(fault.row, fault.problem) for fault in table.faults] == [
        (2, "expected two columns, found 1"),
        (3, "expected two columns, found 3"),
        (4, "expected two columns, found 1"),
    ]
    assert {fault.remedy for fault in table.faults} == {"Write one pair a line"}


def test_an_empty_lexicon_is_told(write: Write) -> None:
    path = write("a.txt", "# nothing yet\n")
    with pytest.raises(InputError, match="there are no rows"):
        read_lexicon(path, "en", "sw")

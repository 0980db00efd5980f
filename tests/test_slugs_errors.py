"""Names for addresses, and what messages say."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import SHOWN_FAULTS, Fault, InputError, IsoglossError, did_you_mean
from generator.slugs import RESERVED, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", "qwen-qwen3-embedding-0-6b"),
        ("  Modern concepts  ", "modern-concepts"),
        ("Control: identical", "control-identical"),
        ("Café Zoë", "cafe-zoe"),
        ("ﬁne №5", "fine-no5"),
        ("--a__b--", "a-b"),
        ("中文 BERT", "bert"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_a_slug_is_lower_case_ascii_with_single_hyphens(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize("name", ["", "中文", "—", "../..", "👨‍👩‍👧"])
def test_a_name_without_a_letter_that_an_address_holds_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="holds no letter or digit") as refused:
        slugify(name)
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_device_names_do_not_become_file_names(name: str) -> None:
    assert slugify(name.upper()) == f"{name}-x"


def test_long_names_are_cut_without_a_hyphen_at_the_end() -> None:
    assert slugify("a" * 99 + " b" * 50) == "a" * 99


@given(st.text(max_size=150))
def test_every_slug_is_safe_and_its_own_slug(name: str) -> None:
    try:
        slug = slugify(name)
    except ValueError:
        assert not re.search(r"[A-Za-z0-9]", name)
        return
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= 102
    assert slugify(slug) == slug


def test_a_fault_says_where_what_and_what_to_do() -> None:
    fault = Fault("words.csv", "an empty rendering", "Remove it", 7, "sw")
    assert str(fault) == "words.csv, row 7, column sw: an empty rendering. Remove it."


def test_a_fault_of_a_whole_file_names_no_row_or_column() -> None:
    assert str(Fault("words.csv", "the file is empty", "Write a header")) == (
        "words.csv: the file is empty. Write a header."
    )


@pytest.mark.parametrize("remedy", ['Did you mean "title"?', "Valid names: a, b."])
def test_a_remedy_that_ends_a_sentence_gets_no_second_stop(remedy: str) -> None:
    assert str(Fault("f.toml", "unknown key", remedy)).endswith(f"unknown key. {remedy}")


def test_an_input_error_is_an_isogloss_error_that_lists_every_fault_on_a_line() -> None:
    faults = [Fault("a.csv", f"problem {i}", "Remedy", i) for i in range(1, 4)]
    error = InputError(faults)
    assert isinstance(error, IsoglossError)
    assert error.faults == tuple(faults)
    assert str(error).splitlines() == [str(fault) for fault in faults]


def test_a_flood_of_faults_is_cut_in_the_message_and_kept_in_the_error() -> None:
    error = InputError([Fault("a.csv", f"problem {i}", "Remedy", i) for i in range(SHOWN_FAULTS + 12)])
    assert len(error.faults) == SHOWN_FAULTS + 12
    lines = str(error).splitlines()
    assert len(lines) == SHOWN_FAULTS + 1
    assert "12 more" in lines[-1]


def test_an_input_error_reaches_another_process_whole() -> None:
    error = InputError([Fault("a.csv", "problem", "Remedy", 3, "sw"), Fault("b.csv", "another", "Look")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.faults == error.faults
    assert str(copy) == str(error)


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("titel", ["seed", "title", "groups"]) == 'Did you mean "title"?'


def test_the_whole_choice_is_shown_when_nothing_is_near() -> None:
    assert did_you_mean("zebra", ["title", "seed", "title"]) == "Valid names: seed, title."


def test_an_empty_choice_is_told() -> None:
    assert did_you_mean("zebra", []) == "There are no names to choose from."

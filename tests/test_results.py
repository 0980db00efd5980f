"""Result files and the resamples beside them: what they hold, and that no reader ever sees a part of one."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from site_fixtures import files_in

from generator import result_store
from generator.datasets import Dataset
from generator.errors import InputError, MeasureUndefinedError
from generator.files import UnwritableError, write_atomically
from generator.manifold import Layout
from generator.models import load_model
from generator.models.controls import control_vectors
from generator.models.sources import pinned
from generator.pair import Measured, Parameters, failed_pair, measure_pair
from generator.result_store import ResultStore, from_json
from generator.results import SCHEMA, Estimate, Failure, PairFailure, PairResult, to_json
from generator.seal import unsealed

PARAMETERS = Parameters(seed=3, draws=50, layout=Layout(neighbours=3, seed=3))


def measure(dataset: Dataset) -> Measured:
    model = pinned(load_model("Control: islands"))
    vectors = control_vectors(model.locator, dataset, PARAMETERS.seed)
    return measure_pair(dataset, model, vectors, PARAMETERS, {"device": "cpu", "batch_size": 8, "prompt": None})


@pytest.fixture(scope="module")
def measured(word_list: Callable[..., Dataset]) -> Measured:
    """A pair really measured: a control on a small list with gaps and alternatives."""
    return measure(word_list(("en", "zh", "ar", "hi")))


@pytest.fixture(scope="module")
def result(measured: Measured) -> PairResult:
    return measured.result


@pytest.fixture(scope="module")
def failure(word_list: Callable[..., Dataset]) -> PairFailure:
    model = replace(load_model("all-MiniLM-L6-v2"), revision="1")
    return failed_pair(word_list(), model, PARAMETERS, MeasureUndefinedError("3 vectors of “zh” are zero"))


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


@pytest.fixture
def document(result: PairResult) -> dict[str, Any]:
    return dict(json.loads(to_json(result)))


def paths(value: object, prefix: str = "") -> set[str]:
    """Every key of a document as a dotted path; list items are one place."""
    if isinstance(value, dict):
        inner = [
            paths(item, f"{prefix}.{key}".lstrip(".")) | {f"{prefix}.{key}".lstrip(".")} for key, item in value.items()
        ]
        return set().union(*inner)
    if isinstance(value, list):
        return set().union(*(paths(item, f"{prefix}[]") for item in value))
    return set()


# The contract


CONTRACT = """
schema status
model.name model.revision
dataset.name dataset.digest dataset.languages dataset.n_concepts
measures.semantic_affinity.value measures.semantic_affinity.low measures.semantic_affinity.high
measures.semantic_ratio measures.inter_spread measures.intra_spread measures.null_sa
measures.centred_sa.value measures.centred_sa.low measures.centred_sa.high
measures.reference_sa measures.euclidean_sa
languages.en.intra_spread languages.en.n_renderings languages.hi.intra_spread
language_pairs[].a language_pairs[].b language_pairs[].sa language_pairs[].inter_spread language_pairs[].n
language_pairs[].null_spread spread_groups[].languages spread_groups[].n spread_groups[].spreads
concepts[].id concepts[].renderings.en concepts[].spread concepts[].sa concepts[].retrieved concepts[].rivals
map.method map.parameters map.quality map.points[].concept map.points[].language map.points[].text
map.points[].x map.points[].y
provenance.created provenance.versions provenance.seed provenance.parameters provenance.key
"""


def test_every_key_of_the_contract_stands_in_a_measured_result(document: dict[str, Any]) -> None:
    assert set(CONTRACT.split()) - paths(document) == set()


def test_a_result_from_before_the_evidence_was_kept_is_still_read(document: dict[str, Any]) -> None:
    del document["spread_groups"]
    for pair in document["language_pairs"]:
        del pair["null_spread"]
    for concept in document["concepts"]:
        del concept["retrieved"], concept["rivals"]
    read = from_json(json.dumps(document))
    assert isinstance(read, PairResult)
    assert read.spread_groups == ()
    assert {pair.null_spread for pair in read.language_pairs} == {None}
    assert {(concept.retrieved, concept.rivals) for concept in read.concepts} == {(None, ())}


def test_a_measured_result_says_what_was_measured(document: dict[str, Any], word_list: Callable[..., Dataset]) -> None:
    dataset = word_list(("en", "zh", "ar", "hi"))
    assert (document["schema"], document["status"]) == (SCHEMA, "ok")
    assert document["model"]["name"] == "Control: islands"
    assert document["model"]["encoder"] == {"device": "cpu", "batch_size": 8, "prompt": None}
    assert document["dataset"]["digest"] == dataset.digest
    assert document["dataset"]["languages"] == ["en", "zh", "ar", "hi"]
    assert document["dataset"]["n_concepts"] == len(document["concepts"]) == len(dataset.concepts)
    assert {(pair["a"], pair["b"]) for pair in document["language_pairs"]} == {
        ("en", "zh"),
        ("en", "ar"),
        ("en", "hi"),
        ("zh", "ar"),
        ("zh", "hi"),
        ("ar", "hi"),
    }
    assert document["concepts"][0]["renderings"]["hi"] == ["पानी", "जल"]
    assert len(document["map"]["points"]) == sum(len(texts) for texts in dataset.renderings.values())
    assert document["provenance"]["seed"] == 3
    affinity = document["measures"]["semantic_affinity"]
    assert 0 < affinity["low"] < affinity["value"] < affinity["high"] < 1


def test_a_failure_says_what_went_wrong_and_holds_no_numbers(failure: PairFailure) -> None:
    document = json.loads(to_json(failure))
    assert (document["schema"], document["status"]) == (SCHEMA, "failed")
    assert document["error"] == {"kind": "MeasureUndefined", "message": "3 vectors of “zh” are zero"}
    assert {"model.name", "model.revision", "dataset.digest", "provenance.key"} <= paths(document)
    assert not {"measures", "map", "concepts"} & set(document)


# Documents


def test_a_result_comes_back_whole(result: PairResult) -> None:
    text = to_json(result)
    back = from_json(text)
    assert isinstance(back, PairResult)
    assert to_json(back) == text
    assert (back.model, back.dataset, back.provenance) == (result.model, result.dataset, result.provenance)
    assert [concept.renderings for concept in back.concepts] == [dict(c.renderings) for c in result.concepts]
    assert back.map is not None
    assert result.map is not None
    assert back.map.points == result.map.points
    assert back.affinity.value == pytest.approx(result.affinity.value, rel=1e-8)


def test_a_result_without_a_score_comes_back_without_one(result: PairResult) -> None:
    back = from_json(to_json(replace(result, measures=None)))
    assert isinstance(back, PairResult)
    assert (back.measures, back.affinity) == (None, Estimate(None))


def test_a_failure_comes_back_equal(failure: PairFailure) -> None:
    assert from_json(to_json(failure)) == failure
    assert from_json(to_json(failure).encode()) == failure


def test_the_same_outcome_gives_the_same_bytes_whatever_the_order_it_was_built_in(result: PairResult) -> None:
    again = from_json(to_json(result))
    assert isinstance(again, PairResult)
    shuffled = json.loads(to_json(result))
    shuffled = {key: shuffled[key] for key in sorted(shuffled, reverse=True)}
    assert to_json(from_json(json.dumps(shuffled))) == to_json(again) == to_json(result)


def test_schema_and_status_lead_and_records_take_a_line_each(result: PairResult) -> None:
    text = to_json(result)
    lines = text.splitlines()
    assert lines[:3] == ["{", '  "schema": 1,', '  "status": "ok",']
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    for concept in result.concepts:
        assert sum(line.strip().startswith(f'{{"id": "{concept.id}"') for line in lines) == 1
    assert "पानी" in text
    assert "👨‍👩‍👧" in text


def test_floats_are_rounded_to_nine_significant_digits(result: PairResult) -> None:
    values = [0.1234567891, 12345.67894, 1.0000000049e-9]
    for value, shown in zip(values, ["0.123456789", "12345.6789", "1e-09"], strict=True):
        measures = replace(result.measures, semantic_affinity=Estimate(value, None, None))
        assert f'"semantic_affinity": {{"value": {shown}, "low": null, "high": null}}' in to_json(
            replace(result, measures=measures)
        )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused_when_written(result: PairResult, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(replace(result, measures=replace(result.measures, null_sa=value)))
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(replace(result, measures=replace(result.measures, centred_sa=Estimate(value))))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused_when_read(result: PairResult, value: str) -> None:
    text = to_json(replace(result, measures=replace(result.measures, null_sa=0.125)))
    assert text.count('"null_sa": 0.125') == 1
    with pytest.raises(InputError, match=f"{value} is no number of JSON"):
        from_json(text.replace('"null_sa": 0.125', f'"null_sa": {value}'))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"schema": 1, "status": "ok"}',
        b'{"status": "fine"}',
        b"\xff\xfe",
        b"[" * 99999,
    ],
)
def test_what_is_no_result_is_told_by_its_file(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        from_json(content, "results/m/d.json")
    (fault,) = refused.value.faults
    assert fault.file == "results/m/d.json"
    assert fault.problem.startswith("not a result of schema 1 (")
    assert fault.remedy == "Delete the file and run isogloss evaluate again"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 2),
        ("schema", None),
        ("measures", {}),
        ("concepts", [{"id": "a"}]),
        ("dataset", {"name": "Words"}),
        ("map", {"method": "PHATE", "parameters": {}, "points": [{"x": "left"}]}),
    ],
)
def test_a_result_of_another_shape_is_told_by_the_place(document: dict[str, Any], key: str, value: object) -> None:
    with pytest.raises(InputError, match=f"not a result of schema 1 .*{key}"):
        from_json(json.dumps({**document, key: value}))


def test_a_failure_without_its_error_is_told(failure: PairFailure) -> None:
    document = json.loads(to_json(failure))
    del document["error"]
    with pytest.raises(InputError, match="error"):
        from_json(json.dumps(document))


def test_keys_of_later_versions_do_not_disturb(document: dict[str, Any], result: PairResult) -> None:
    assert to_json(from_json(json.dumps({**document, "addition": 1}))) == to_json(result)


# The folder


def test_a_stored_outcome_is_read_back_by_its_slugs(
    store: ResultStore, result: PairResult, failure: PairFailure
) -> None:
    assert store.read("control-islands", "words") is None
    for outcome, slug in ((result, "control-islands"), (failure, "all-minilm-l6-v2")):
        path = store.write(outcome)
        assert path == store.folder / slug / "words.json"
        assert unsealed(path.read_bytes()) == to_json(outcome).encode()
        stored = store.read(slug, "words")
        assert stored is not None
        assert to_json(stored) == to_json(outcome)


def test_a_folder_lists_its_outcomes_by_model_and_dataset(
    store: ResultStore, result: PairResult, failure: PairFailure
) -> None:
    assert list(store) == []
    for model, dataset in (("b", "y"), ("b", "x"), ("a", "z")):
        store.write(
            replace(failure, model=replace(failure.model, slug=model), dataset=replace(failure.dataset, slug=dataset))
        )
    store.write(result)
    (store.folder / "README.md").write_text("not a result")
    assert [(outcome.model.slug, outcome.dataset.slug) for outcome in store] == [
        ("a", "z"),
        ("b", "x"),
        ("b", "y"),
        ("control-islands", "words"),
    ]


def test_draws_lie_beside_their_result_and_come_back_bit_by_bit(store: ResultStore, measured: Measured) -> None:
    assert store.draws("control-islands", "words") is None
    path = store.write(measured.result, measured.draws)
    beside = store.folder / "control-islands" / "words.draws.npz"
    assert sorted(path.parent.iterdir()) == [beside, path]
    back = store.draws("control-islands", "words")
    assert back is not None
    assert {name: (values.dtype, values.tobytes()) for name, values in back.items()} == {
        name: (np.dtype(np.float32), values.tobytes()) for name, values in measured.draws.items()
    }
    assert [outcome.dataset.slug for outcome in store] == ["words"]
    with ZipFile(beside) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}, "no date of the day"


def test_a_result_with_an_interval_is_whole_with_its_draws_only(
    store: ResultStore, measured: Measured, failure: PairFailure
) -> None:
    result = measured.result
    assert result.affinity.low is not None
    store.write(result)
    assert not store.is_whole(result)
    store.write(result, measured.draws)
    assert store.is_whole(result)
    without = replace(result.dataset, slug="without-draws")
    assert not store.is_whole(replace(result, dataset=without))
    assert store.is_whole(replace(result, dataset=without, measures=None)), "nothing is translated"
    assert store.is_whole(failure)


def test_draws_that_cannot_be_removed_are_told_of(
    store: ResultStore, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(measured.result, measured.draws)

    def refused(path: Path, *, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(UnwritableError, match=r"words\.draws\.npz cannot be written .*Make it writable"):
        store.write(replace(measured.result, measures=None))


def test_draws_of_another_measurement_make_no_result_whole(store: ResultStore, measured: Measured) -> None:
    result, draws = measured.result, measured.draws
    later = replace(result, provenance=replace(result.provenance, key="another"))
    written = store.write(result, draws).read_bytes()
    store.write(later, draws).write_bytes(written)  # as a run leaves it that ends between the two
    assert not store.is_whole(result)
    with pytest.raises(InputError, match="belong to another result"):
        store.resamples([result])
    store.write(result, draws)
    assert store.is_whole(result)
    assert list(store.resamples([result])) == [("control-islands", "words")]


def test_a_result_in_another_ones_place_is_told_with_its_own(store: ResultStore, result: PairResult) -> None:
    path = store.write(result)
    copied = store.path("copied", "words")
    copied.parent.mkdir()
    copied.write_bytes(path.read_bytes())
    for read in (lambda: store.read("copied", "words"), lambda: list(store)):
        with pytest.raises(InputError) as refused:
            read()
        (fault,) = refused.value.faults
        assert fault.file == str(copied)
        assert fault.problem == "the result of control-islands on words"
        assert str(path) in fault.remedy


@pytest.mark.parametrize("outcome", ["failure", "result without draws"])
def test_draws_go_with_the_result_that_they_belong_to(
    store: ResultStore, measured: Measured, failure: PairFailure, outcome: str
) -> None:
    store.write(measured.result, measured.draws)
    later = replace(failure, model=measured.result.model)
    path = store.write(later if outcome == "failure" else replace(measured.result, measures=None))
    assert list(path.parent.iterdir()) == [path]


def npy(content: bytes) -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(50, dtype=np.float32))
    return file.getvalue()


def changed(content: bytes, after: bytes, skipped: int, byte: int) -> bytes:
    place = content.index(after) + skipped
    assert content[place] != byte
    return content[:place] + bytes([byte]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "no archive": npy,
    "a number": lambda content: changed(content, b"null_sa.npy", 100, content[content.index(b"null_sa.npy") + 100] ^ 1),
    "encrypted": lambda content: changed(content, b"PK\x01\x02", 8, 1),
    "packed otherwise": lambda content: changed(content, b"PK\x01\x02", 10, 99),
    "of a later version": lambda content: changed(content, b"PK\x01\x02", 6, 91),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_draws_are_told_by_name_and_leave_the_result_incomplete(
    store: ResultStore, measured: Measured, damage: str
) -> None:
    path = store.write(measured.result, measured.draws).with_suffix(".draws.npz")
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(InputError) as refused:
        store.draws("control-islands", "words")
    (fault,) = refused.value.faults
    assert (fault.file, fault.remedy) == (str(path), "Delete the file and run isogloss evaluate again")
    assert not store.is_whole(measured.result)


NO_LISTS_OF_NUMBERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # type: ignore[type-arg]
    "one number": lambda draws: np.array(0.5),
    "a table": lambda draws: np.stack([draws, draws], axis=1),
    "records": lambda draws: np.zeros(len(draws), dtype=[("a", "f4"), ("b", "f4")]),
    "complex": lambda draws: draws + 1j,
    "dates": lambda draws: np.zeros(len(draws), dtype="M8[D]"),
    "another length": lambda draws: draws[1:],
    "nothing": lambda draws: draws[:0],
}


@pytest.mark.parametrize("kind", NO_LISTS_OF_NUMBERS)
def test_draws_that_are_no_lists_of_numbers_are_refused(store: ResultStore, measured: Measured, kind: str) -> None:
    draws, change = measured.draws, NO_LISTS_OF_NUMBERS[kind]
    path = store.write(measured.result, draws).with_suffix(".draws.npz")
    spoilt = [{**draws, "semantic_affinity": change(draws["semantic_affinity"])}]
    if kind != "another length":  # which may be that of fewer draws
        spoilt.append({name: change(values) for name, values in draws.items()})
    for arrays in spoilt:
        np.savez(path, **arrays)
        with pytest.raises(InputError, match=r"words\.draws\.npz: not a file of resamples"):
            store.draws("control-islands", "words")
        assert not store.is_whole(measured.result)


def test_what_is_no_file_of_a_result_is_named(store: ResultStore, result: PairResult) -> None:
    path = store.write(result)
    path.with_name("folder.json").mkdir()
    with pytest.raises(InputError, match=r"folder\.json: cannot be read \(Is a directory\)"):
        list(store)
    path.with_name("folder.json").rmdir()
    path.with_name("link.json").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"link\.json: cannot be read \(No such file"):
        list(store)


def test_a_corrupted_file_is_told_by_name_when_read_and_when_listed(store: ResultStore, result: PairResult) -> None:
    path = store.write(result)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError) as refused:
        store.read("control-islands", "words")
    assert [fault.file for fault in refused.value.faults] == [str(path)]
    with pytest.raises(InputError, match="control-islands"):
        list(store)


def test_a_failure_said_again_keeps_its_first_date(store: ResultStore, failure: PairFailure) -> None:
    def dated(day: str, outcome: PairFailure) -> PairFailure:
        return replace(outcome, provenance=replace(outcome.provenance, created=day))

    def stored_day() -> str:
        stored = store.read(failure.model.slug, failure.dataset.slug)
        assert stored is not None
        return stored.provenance.created

    store.write(dated("2024-01-01", failure))
    store.write(dated("2025-05-05", failure))
    assert stored_day() == "2024-01-01"
    store.write(dated("2025-06-06", replace(failure, error=Failure("Other", failure.error.message))))
    assert stored_day() == "2025-06-06"
    other_key = replace(failure, provenance=replace(failure.provenance, key="other"))
    store.write(dated("2025-07-07", replace(other_key, error=Failure("Other", failure.error.message))))
    assert stored_day() == "2025-07-07"


def test_a_failure_replaces_a_result_and_a_corrupted_file(
    store: ResultStore, result: PairResult, failure: PairFailure
) -> None:
    same_pair = replace(failure, model=result.model)
    path = store.write(result)
    store.write(same_pair)
    assert store.read("control-islands", "words") == same_pair
    path.write_text("{")
    store.write(same_pair)
    assert store.read("control-islands", "words") == same_pair


# Writing whole or not at all


def test_a_write_that_cannot_be_finished_leaves_the_old_file_and_nothing_else(
    store: ResultStore, measured: Measured, result: PairResult, failure: PairFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.write(result)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(UnwritableError, match="No space left"):
            store.write(replace(failure, model=result.model))
        with pytest.raises(UnwritableError, match="No space left"):
            store.write(result, measured.draws)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UnwritableError, match="No space left"):
            store.write(replace(failure, model=result.model))
    assert path.read_bytes() == before
    assert [file for file in store.folder.rglob("*") if file.is_file()] == [path]


def test_a_result_that_cannot_be_written_down_leaves_the_old_one_with_its_draws(
    store: ResultStore, measured: Measured
) -> None:
    result, draws = measured.result, measured.draws
    store.write(result, draws)
    before = files_in(store.folder)
    assert result.measures is not None
    unwritable = replace(result, measures=replace(result.measures, null_sa=float("nan")))
    for others in ({name: values / 2 for name, values in draws.items()}, None):
        with pytest.raises(ValueError, match="not JSON compliant"):
            store.write(unwritable, others)
        assert files_in(store.folder) == before


def test_a_result_appears_after_the_draws_that_belong_to_it(
    store: ResultStore, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(result_store, "write_atomically", lambda path, content: written.append(path.name))
    store.write(measured.result, measured.draws)
    assert written == ["words.draws.npz", "words.json"]


def test_the_content_is_whole_when_the_name_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, content = tmp_path / "a" / "b.json", b"x" * 100_000
    seen: list[bytes] = []
    real = os.replace

    def watched(source: str | Path, target: str | Path) -> None:
        assert not path.exists()
        assert Path(source).parent == path.parent  # a move between file systems is no atomic one
        seen.append(Path(source).read_bytes())
        real(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_atomically(path, content)
    assert seen == [content]
    assert path.read_bytes() == content


def test_written_files_can_be_read_by_everyone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", b"{}")
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644


def test_measuring_again_gives_the_same_bytes(
    store: ResultStore, measured: Measured, word_list: Callable[..., Dataset]
) -> None:
    again = measure(word_list(("en", "zh", "ar", "hi")))
    store.write(measured.result, measured.draws)
    first = files_in(store.folder)
    store.write(again.result, again.draws)
    assert files_in(store.folder) == first

"""The log of changes: what is told to have changed, and that it grows with changes and not with builds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from site_fixtures import EVERYTHING, control, failed, files_in, measured, model, write_benchmark

from generator.cli import DONE, isogloss
from generator.datasets import Dataset
from generator.errors import InputError
from generator.history import (
    MOST_DAYS,
    CellState,
    Change,
    DatasetState,
    History,
    ModelState,
    Snapshot,
    changes,
    from_json,
    keep_history,
    logged,
    newest_day,
    read_history,
    recent_changes,
    snapshot,
    summary,
    to_json,
)
from generator.leaderboard import build_leaderboard
from generator.results import Outcome
from generator.seal import unsealed

WordList = Callable[..., Dataset]
FIRST, SECOND, THIRD = "2026-01-02", "2026-01-03", "2026-01-04"


@pytest.fixture(scope="module")
def words(word_list: WordList) -> Dataset:
    return word_list(slug="words")


def state_of(datasets: Sequence[Dataset], outcomes: Sequence[Outcome]) -> Snapshot:
    return snapshot(build_leaderboard(datasets, [], outcomes))


def state(sa: float | None = 0.5, place: int | None = 1, revision: str = "r1", **more: CellState) -> Snapshot:
    """A leaderboard of one model on one dataset."""
    cells = {"words": CellState("measured", sa, place), **more}
    return Snapshot({"alpha": ModelState("Alpha", revision, place, cells)}, {"words": DatasetState("Words", "d1")})


# What has changed


def test_a_snapshot_holds_what_the_leaderboard_shows(words: Dataset) -> None:
    outcomes = [measured(model(), words, 0.61249), failed(model("Beta"), words), measured(control(), words, 1.0)]
    found = state_of([words], outcomes)
    assert found.datasets == {"words": DatasetState("Words", words.digest)}
    assert found.models["alpha"] == ModelState("Alpha", "abc123", 1, {"words": CellState("measured", 0.612, 1)})
    assert found.models["beta"].cells == {"words": CellState("failed")}
    assert found.models["control-identical"].cells == {"words": CellState("measured", 1.0)}
    again = [dataclasses.replace(o, model=dataclasses.replace(o.model, revision="new")) for o in outcomes]
    assert state_of([words], again).models["alpha"].revision == "new"


def test_every_kind_of_change_is_told_once_and_in_words(words: Dataset, word_list: WordList) -> None:
    edited, gone, new = word_list(slug="words", n=9), word_list(slug="gone", n=5), word_list(slug="new", n=6)
    other = word_list(slug="other", n=8)
    alpha, beta, left, added = model("Alpha"), model("Beta"), model("Left"), model("Added 模型")
    pinned = dataclasses.replace(beta, revision="def456")
    before = state_of(
        [words, gone, other],
        [measured(alpha, words, 0.6), measured(alpha, gone, 0.6), measured(alpha, other, 0.6),
         measured(beta, words, 0.5), measured(beta, gone, 0.5), measured(beta, other, 0.5), measured(left, words, 0.4),
         failed(left, other), failed(model("Late"), other)],
    )  # fmt: skip
    after = state_of(
        [edited, new, other],
        [measured(alpha, edited, 0.55), measured(alpha, new, 0.6), measured(alpha, other, 0.6),
         measured(pinned, edited, 0.58), measured(pinned, new, 0.61), failed(pinned, other),
         measured(added, edited, 0.3), measured(model("Late"), other, 0.2)],
    )  # fmt: skip
    assert [change.sentence for change in changes(before, after)] == [
        "New is a new dataset",
        "Gone is no longer part of the benchmark",
        "Words was edited",
        "Added 模型 is new",
        "Left is no longer listed",
        "Beta has a new revision",
        "Beta could not be measured on Other",
        "Late was measured on Other: SA 0.200",
        "Alpha on Words: SA from 0.600 to 0.550",
        "Beta on Words: SA from 0.500 to 0.580",
        "Beta: rank from 2 to none",
    ]
    assert changes(after, after) == ()


def test_ranks_are_told_where_there_are_any() -> None:
    (new,) = changes(Snapshot({}, state().datasets), state())
    assert new.sentence == "Alpha is new, rank 1"
    (lost,) = changes(state(place=1), state(place=None))
    assert (lost.kind, lost.sentence) == ("place", "Alpha: rank from 1 to none")
    (moved,) = changes(state(place=None), state(place=3))
    assert (moved.before, moved.after, moved.sentence) == (None, 3, "Alpha: rank from none to 3")


def test_a_list_without_scores_is_measured_without_a_number() -> None:
    before = dataclasses.replace(state(), models={"alpha": ModelState("Alpha", "r1", 1, {})})
    (change,) = changes(before, state(sa=None))
    assert change.sentence == "Alpha was measured on Words"


def test_a_difference_that_nobody_sees_is_none(words: Dataset) -> None:
    before, after = (state_of([words], [measured(model(), words, sa)]) for sa in (0.60001, 0.60049))
    assert changes(before, after) == ()


def test_a_result_that_an_edit_made_outdated_is_no_news_of_its_own() -> None:
    before = state()
    outdated = dataclasses.replace(before.models["alpha"], cells={"words": CellState("outdated")})
    edited = Snapshot({"alpha": outdated}, {"words": DatasetState("Words", "d2")})
    assert [change.kind for change in changes(before, edited)] == ["dataset edited"]
    again = Snapshot(state(0.7).models, edited.datasets)
    assert [change.sentence for change in changes(edited, again)] == ["Alpha was measured on Words: SA 0.700"]


def test_a_revision_is_news_only_when_it_was_known_before() -> None:
    assert changes(state(revision=""), state(revision="r1")) == ()
    assert [change.kind for change in changes(state(revision="r1"), state(revision="r2"))] == ["revision"]


def test_changes_are_summed_up_by_their_number() -> None:
    assert summary([]) == ""
    assert summary([Change("place"), Change("score"), Change("score"), Change("model removed")]) == (
        "1 model removed, 2 changed scores, 1 changed rank"
    )


# The log


def test_what_is_logged_again_leaves_the_log_as_it_is() -> None:
    log = logged(History(), state(), FIRST)
    assert [day.date for day in log.days] == [FIRST]
    assert logged(log, state(), SECOND) is log
    assert logged(log, state(0.6), "") is log, "nothing was measured"


def test_a_day_tells_all_that_changed_since_the_day_before() -> None:
    log = logged(logged(History(), state(0.5), FIRST), state(0.6), SECOND)
    assert [change.sentence for change in log.days[-1].changes] == ["Alpha on Words: SA from 0.500 to 0.600"]
    later = logged(log, state(0.7), SECOND)
    assert [change.sentence for change in later.days[-1].changes] == ["Alpha on Words: SA from 0.500 to 0.700"]
    assert later.days[0] == log.days[0]
    assert logged(log, state(0.7), FIRST) == later, "a day before the last counts as the last"
    undone = logged(later, state(0.5), SECOND)
    assert undone.days[-1].changes == ()
    assert logged(undone, state(0.6), SECOND) == log
    assert [c.sentence for c in logged(later, state(0.8), THIRD).days[-1].changes] == [
        "Alpha on Words: SA from 0.700 to 0.800"
    ]


def test_what_nobody_is_told_makes_no_day_but_is_remembered() -> None:
    log = logged(History(), state(revision=""), FIRST)
    known = logged(log, state(revision="r1"), SECOND)
    assert known.days == log.days
    assert [change.kind for change in logged(known, state(revision="r2"), SECOND).days[-1].changes] == ["revision"]


def test_the_log_forgets_the_oldest_days() -> None:
    log = History()
    for n in range(MOST_DAYS + 5):
        log = logged(log, state(n / 1000), f"2026-{1 + n // 28:02}-{1 + n % 28:02}")
    assert len(log.days) == MOST_DAYS
    assert log.days[-1].changes[0].after == (MOST_DAYS + 4) / 1000


def test_the_newest_changes_come_first() -> None:
    log = logged(logged(History(), state(0.5), FIRST), state(0.6), SECOND)
    assert [(day, change.kind) for day, change in recent_changes(log, 2)] == [
        (SECOND, "score"), (FIRST, "dataset added"),
    ]  # fmt: skip
    assert len(recent_changes(log, 9)) == 3


def test_the_day_of_a_log_is_that_of_the_newest_result(words: Dataset) -> None:
    assert newest_day([]) == ""
    days = ("2026-01-02", "2026-03-04T10:00:00Z", "yesterday", "2026-13-01", "9999")
    assert newest_day([measured(model(), words, created=day) for day in days]) == "2026-03-04"


# The file


def test_a_log_reads_back_whatever_its_names_are() -> None:
    named = Snapshot({"x": ModelState(EVERYTHING, EVERYTHING, 1, {"y": CellState("measured", 0.5, 1)})},
                     {"y": DatasetState(EVERYTHING, "d")})  # fmt: skip
    log = logged(logged(History(), named, FIRST), Snapshot(), SECOND)
    undone = logged(log, named, SECOND)
    nameless = Snapshot({"x": ModelState("X")}, {"y": DatasetState()})
    assert undone.days[-1].changes == ()
    for each in (History(), log, undone, logged(log, nameless, THIRD)):
        assert from_json(to_json(each)) == each
        assert to_json(from_json(to_json(each))) == to_json(each)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"schema": 2}',
        b'{"schema": 1, "dayz": []}',
        b'{"schema": 1, "days": [{"date": "x"}]}',
        b'{"schema": 1, "days": [{"date": "2026-03-04", "changes": [{"kind": "score", "after": Infinity}]}]}',
        b'{"schema": 1, "days": [{"date": "2026-03-04", "changes": [{"kind": "score", "before": NaN}]}]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_log_that_is_none_is_refused_with_its_place(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.json").write_bytes(content)
    with pytest.raises(InputError, match=r"history\.json: not a log of schema 1 .*the site's copy"):
        read_history(tmp_path)


def test_a_log_is_written_only_when_it_says_something_new(tmp_path: Path) -> None:
    keep_history(tmp_path / "none", to_json(History()).encode())
    assert list(tmp_path.iterdir()) == []
    document = to_json(logged(History(), state(), FIRST)).encode()
    keep_history(tmp_path, document)
    path = tmp_path / "history.json"
    written = path.stat().st_mtime_ns
    keep_history(tmp_path, document)
    assert unsealed(path.read_bytes()) == document
    assert path.stat().st_mtime_ns == written


# In a build


def build(config: Path, command: str = "render") -> int:
    more = ["-j", "1"] if command == "build" else []
    code = isogloss.main([command, "-c", str(config), *more], standalone_mode=False)
    assert isinstance(code, int)
    return code


def test_builds_keep_the_log_and_publish_it(tmp_path: Path, words: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    config = write_benchmark(tmp_path, [words], ["Control: shuffled"])
    assert build(config, "build") == DONE
    log = tmp_path / "results" / "history.json"
    assert [day["date"] for day in json.loads(log.read_bytes())["days"]] == ["2025-06-15"]
    assert (tmp_path / "site" / "data" / "history.json").read_bytes() == unsealed(log.read_bytes())
    before = files_in(tmp_path / "site"), files_in(tmp_path / "results")
    assert build(config) == build(config, "build") == DONE
    assert (files_in(tmp_path / "site"), files_in(tmp_path / "results")) == before

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    write_benchmark(tmp_path, [words], ["Control: shuffled", "Control: identical"])
    assert build(config, "build") == DONE
    last = read_history(tmp_path / "results").days[-1]
    assert (last.date, [c.sentence for c in last.changes]) == ("2025-10-09", ["Control: identical is new"])
    assert "Control: identical is new" in (tmp_path / "site" / "feed.xml").read_text(encoding="utf-8")

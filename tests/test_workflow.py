"""The workflow that builds and publishes the site: what it may do, when, and with what it begins."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from site_fixtures import ROOT

WRITABLE = {"pages": "write", "id-token": "write"}


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8"))
    return found


def steps(workflow: dict[Any, Any], job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow["jobs"][job]["steps"]
    return found


def named(workflow: dict[Any, Any], name: str) -> dict[str, Any]:
    (found,) = [step for step in steps(workflow, "build") if step.get("name") == name]
    return found


def test_it_runs_on_push_weekly_and_by_hand(workflow: dict[Any, Any]) -> None:
    on = workflow[True]  # YAML 1.1 takes the word for a truth value
    assert set(on) == {"push", "schedule", "workflow_dispatch"}
    assert on["push"]["branches"] == ["main"]
    (weekly,) = on["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", weekly["cron"])


def test_it_may_read_and_only_publishing_may_write(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["build"]
    assert workflow["jobs"]["deploy"]["permissions"] == WRITABLE
    assert workflow["jobs"]["deploy"]["needs"] == "build"


def test_no_two_runs_publish_at_once_and_none_is_cut_off(workflow: dict[Any, Any]) -> None:
    assert workflow["concurrency"] == {"group": "site", "cancel-in-progress": False}


def test_every_action_is_one_of_githubs_own_at_a_major_version(workflow: dict[Any, Any]) -> None:
    used = [step["uses"] for job in workflow["jobs"] for step in steps(workflow, job) if "uses" in step]
    assert len(used) == 9
    assert all(re.fullmatch(r"actions/[a-z-]+(/restore|/save)?@v\d+", each) for each in used)


def test_results_and_vectors_are_brought_back_before_the_build_and_kept_after_it(workflow: dict[Any, Any]) -> None:
    order = [step.get("name", step.get("uses")) for step in steps(workflow, "build")]
    assert order[2:7] == ["Restore results", "Restore vectors", "Build the site", "Keep results", "Keep vectors"]
    for what, path in (("results", "results"), ("vectors", ".vectors")):
        restored, kept = named(workflow, f"Restore {what}"), named(workflow, f"Keep {what}")
        assert restored["with"]["path"] == kept["with"]["path"] == path
        assert restored["with"]["key"] == kept["with"]["key"]
        first, last = restored["with"]["restore-keys"].split()[0], restored["with"]["restore-keys"].split()[-1]
        assert restored["with"]["key"].startswith(first.removesuffix("-")[:20])
        assert last == f"{what}-"
        assert kept["if"] == "always()", "what was measured before a failure is kept too"
    assert named(workflow, "Restore results")["if"] == "hashFiles('results/**/*.json') == ''"
    assert workflow["jobs"]["build"]["env"]["ISOGLOSS_CACHE"].endswith("/.vectors")


def test_it_builds_by_the_readmes_command_and_publishes_what_that_wrote(workflow: dict[Any, Any]) -> None:
    assert named(workflow, "Build the site")["run"].startswith("make site")
    (uploaded,) = [s for s in steps(workflow, "build") if s.get("uses", "").startswith("actions/upload-pages-artifact")]
    assert uploaded["with"]["path"] == "site"
    assert [step["uses"] for step in steps(workflow, "deploy")] == ["actions/deploy-pages@v4"]

"""`planner course undo`: the last event that can be withdrawn, which is said and stays."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLINIC, ROOT, Run
from tests.courses import SOUND, write

Done = subprocess.CompletedProcess[str]
Course = Callable[..., Done]
BY = {"PLANNER_USER": "Dr A. Holm"}
NOTHING_LEFT = "nothing is left to be withdrawn"


@pytest.fixture
def course(planner: Run, tmp_path: Path) -> Course:
    def run(command: str, *arguments: object) -> Done:
        return planner("course", command, "K-1", *arguments, **BY)

    add = planner("course", "add", write(tmp_path, SOUND), "--clinic", CLINIC, **BY)
    assert add.returncode == 0, add.stderr
    return run


def shown(course: Course) -> Any:
    return json.loads(course("show", "--json").stdout)


def visits(course: Course) -> list[tuple[str, str]]:
    return [(one["start"][:16], one["state"]) for one in shown(course)["plan"]["visits"]]


def undo(course: Course, *arguments: object) -> Done:
    return course("undo", "--reason", "another patient's sheet", *arguments)


@pytest.mark.hazard("lost-event")
def test_undo_withdraws_the_last_event_and_the_next_time_the_one_before(course: Course) -> None:
    planned = visits(course)
    course("give", "--visit", 1, "--as-planned")
    given = visits(course)
    course("move", "--visit", 2, "--to", "2026-09-15 10:00", "--reason", "travels")
    first = undo(course)
    assert first.returncode == 0, first.stderr
    assert "withdrawn: event 3, moved to Tue 15 Sep 2026 10:00" in first.stderr
    assert visits(course) == given
    second = undo(course)
    assert second.returncode == 0, second.stderr
    assert "withdrawn: event 2, given Mon 7 Sep 2026 09:00: lesion A: 12.5\u00a0mg" in second.stderr
    assert visits(course) == planned
    # Both stay in the history, each with what withdrew it and why.
    history = shown(course)["history"]
    assert [one["kind"] for one in history] == [
        "planned", "given", "moved", "corrected", "corrected",
    ]  # fmt: skip
    assert [(one["corrects"], one["instead"]) for one in history[3:]] == [(3, None), (2, None)]
    assert {one["reason"] for one in history[3:]} == {"another patient's sheet"}
    assert shown(course)["revision"] == 4
    # And what was planned is never withdrawn.
    third = undo(course)
    assert third.returncode == 13
    assert NOTHING_LEFT in third.stderr
    assert len(shown(course)["history"]) == 5


def test_what_was_withdrawn_by_its_number_is_passed_over(course: Course) -> None:
    course("give", "--visit", 1, "--as-planned")
    course("miss", "--visit", 2, "--reason", "ill")
    course("correct", "--event", 3, "--withdraw", "--reason", "came after all")
    done = undo(course)
    assert "withdrawn: event 2, given" in done.stderr
    assert {state for _, state in visits(course)} == {"planned"}
    # What is entered anew is the last one again.
    course("give", "--visit", 1, "--as-planned", "--lot", "7A")
    assert "withdrawn: event 6, given" in undo(course).stderr


def test_a_correction_in_place_is_put_right_by_another_one(course: Course) -> None:
    course("give", "--visit", 1, "--as-planned")
    course("correct", "--event", 2, "--dose", 15, "--reason", "read again")
    before = shown(course)
    done = undo(course)
    assert done.returncode == 13
    assert "the last change put event 2 right (event 3); correct event 2 again" in done.stderr
    assert shown(course) == before
    # What came after it can be withdrawn; then it stands in the way again.
    course("miss", "--visit", 2, "--reason", "ill")
    assert "withdrawn: event 4, missed" in undo(course).stderr
    assert undo(course).returncode == 13


def test_papers_stay_made_and_the_event_before_them_is_withdrawn(course: Course) -> None:
    assert course("documents", "--out", "papers").returncode == 0
    assert NOTHING_LEFT in undo(course).stderr
    course("give", "--visit", 1, "--as-planned")
    assert course("documents", "--out", "papers").returncode == 0
    done = undo(course)
    assert "withdrawn: event 3, given" in done.stderr
    kinds = [one["kind"] for one in shown(course)["history"]]
    assert kinds == ["planned", "issued", "given", "issued", "corrected"]


@pytest.mark.hazard("wrong-patient", "allergy")
def test_what_another_course_brought_is_never_undone(
    course: Course, planner: Run, tmp_path: Path
) -> None:
    course("miss", "--visit", 1, "--reason", "ill")
    text = SOUND.replace('"K-1"', '"K-2"').replace("2026-09-07 09:00", "2026-09-08 09:00")
    path = write(tmp_path, text.replace('id = "P-1"', 'id = "P-1"\nname = "Ane Alm"'))
    add = planner("course", "add", path, "--clinic", CLINIC, "--confirm", "both knees", **BY)
    assert add.returncode == 0, add.stderr
    assert [one["kind"] for one in shown(course)["history"]][-1] == "identified"
    assert "withdrawn: event 2, missed" in undo(course).stderr
    assert shown(course)["plan"]["patient"]["name"] == "Ane Alm"
    assert NOTHING_LEFT in undo(course).stderr


def test_a_course_of_the_first_edition_is_undone_by_its_own_events(
    planner: Run, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "tests/first_edition/register.db", tmp_path / "register.db")
    show = ("course", "show", "F-05", "--json")
    before = json.loads(planner(*show, **BY).stdout)
    kinds = [one["kind"] for one in before["history"]]
    assert kinds[-1] == "migrated"
    done = planner("course", "undo", "F-05", "--reason", "a slip", **BY)
    assert done.returncode == 0, done.stderr
    last = max(
        number
        for number, kind in enumerate(kinds, start=1)
        if kind not in ("planned", "issued", "migrated", "identified")
    )
    assert f"withdrawn: event {last}, " in done.stderr
    after = json.loads(planner(*show, **BY).stdout)
    assert after["history"][-1]["corrects"] == last
    assert after["revision"] == before["revision"] + 1
    assert planner("course", "check", **BY).returncode == 0


def test_an_ending_is_undone(course: Course) -> None:
    planned = visits(course)
    course("end", "--as", "died", "--on", "2026-09-10", "--reason", "a letter came")
    done = undo(course)
    assert done.returncode == 0, done.stderr
    assert shown(course)["status"] == "planned"
    assert visits(course) == planned


def test_undo_needs_a_reason_and_an_author_and_holds_to_a_revision(
    course: Course, planner: Run
) -> None:
    course("give", "--visit", 1, "--as-planned")
    before = shown(course)
    assert course("undo").returncode == 2
    assert course("undo", "--reason", " ").returncode == 10
    assert course("undo", "--reason", "\u200b").returncode == 10
    assert planner("course", "undo", "K-1", "--reason", "slip", PLANNER_USER="").returncode == 2
    assert undo(course, "--if-revision", 0).returncode == 13
    assert shown(course) == before
    assert undo(course, "--if-revision", 1).returncode == 0


def test_undo_asks_what_a_withdrawal_asks_and_prints_the_course(course: Course) -> None:
    course("give", "--visit", 1, "--as-planned")
    done = undo(course, "--json")
    assert json.loads(done.stdout)["revision"] == 2
    assert "withdrawn: event 2" in done.stderr

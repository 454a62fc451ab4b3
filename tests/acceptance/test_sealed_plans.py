"""A plan.json that somebody edited is refused by every command that reads one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.courses import SOUND, course_text, lesion, write
from tests.plans import edited, first_edition

ZONE = ("--timezone", "Europe/Copenhagen")
NOWHERE = "http://127.0.0.1:9/"
REFUSED = "seal: this plan was changed after it was made; take the file as it was issued"


def another_hour(plan: Any) -> None:
    """A change that contradicts nothing else in the plan."""
    plan["visits"][1].update(start="2026-09-14T10:00:00+02:00", end="2026-09-14T10:30:00+02:00")


@pytest.mark.hazard("wrong-figure-on-paper", "unissued-plan-used")
def test_an_edited_plan_is_refused_by_every_command(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    assert planner("plan", path, *ZONE).returncode == 0
    issued = (tmp_path / "K-1/plan.json").read_bytes()
    content = edited(issued, another_hour)
    (tmp_path / "K-1/plan.json").write_bytes(content)
    write(tmp_path, "revision = 1\n" + SOUND, "next.toml")
    for command in (
        ("print", "K-1/plan.json", "--out", "again"),
        ("publish", "K-1", "--caldav", NOWHERE),
        ("agenda", "K-1"),
        ("plan", "next.toml", *ZONE, "--since", "K-1/plan.json", "--out", "new"),
        # A folder that would be replaced.
        ("plan", path, *ZONE),
        ("plan", "next.toml", *ZONE),
    ):
        done = planner(*command)
        assert done.returncode == 10, (command, done.stderr)
        assert REFUSED in done.stderr, command
        assert "plan.json: seal" in done.stderr, command
    assert {one.name for one in tmp_path.iterdir()} >= {"K-1", "course.toml", "next.toml"}
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "K-1/plan.json").read_bytes() == content
    # As it was issued it is replaced by the next revision.
    (tmp_path / "K-1/plan.json").write_bytes(issued)
    assert planner("plan", "next.toml", *ZONE).returncode == 0


@pytest.mark.hazard("unissued-plan-used")
def test_an_edited_folder_of_the_register_is_not_replaced(planner: Run, tmp_path: Path) -> None:
    by = ("--by", "Dr A. Holm")
    assert planner("course", "add", write(tmp_path, SOUND), *ZONE, *by).returncode == 0
    assert planner("course", "documents", "K-1", "--out", "out", *by).returncode == 0
    path = tmp_path / "out/plan.json"
    path.write_bytes(edited(path.read_bytes(), another_hour))
    done = planner("course", "documents", "K-1", "--out", "out", *by)
    assert done.returncode == 10, done.stderr
    assert REFUSED in done.stderr


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _plan: None, 12),
        (lambda plan: plan.update(findings=[]), 10),
        (lambda plan: [one.update(confirmed_by="") for one in plan["findings"]], 10),
        (lambda plan: [one.update(confirmed_by="Dr A. Holm") for one in plan["findings"]], 10),
    ],
    ids=["as it was sealed", "findings taken out", "confirmed by nobody", "confirmed by an edit"],
)
@pytest.mark.hazard("unissued-plan-used")
def test_a_plan_that_waits_is_never_used(
    planner: Run, tmp_path: Path, change: Any, code: int
) -> None:
    waiting = planner("plan", write(tmp_path, course_text(lesion(size_mm=3, dose_mg=12.5))), *ZONE,
                      "--json")  # fmt: skip
    assert waiting.returncode == 12
    (tmp_path / "plan.json").write_bytes(edited(waiting.stdout.encode(), change))
    for command in (
        ("print", "plan.json", "--out", "again"),
        ("publish", ".", "--caldav", NOWHERE),
        ("agenda", "."),
    ):
        assert planner(*command).returncode == code, command
    assert not (tmp_path / "again").exists()


@pytest.mark.hazard("unissued-plan-used")
def test_a_first_edition_that_nobody_confirmed_is_not_used(planner: Run, tmp_path: Path) -> None:
    waiting = planner("plan", write(tmp_path, course_text(lesion(size_mm=3, dose_mg=12.5))), *ZONE,
                      "--json")  # fmt: skip
    for name in ("", "\u3164", "\u2800", " "):
        content = first_edition(
            waiting.stdout.encode(),
            lambda plan, name=name: [
                one.update(confirmed_by=name, reason="seen")
                for one in plan["findings"]
                if one["severity"] == "confirm"
            ],
        )
        (tmp_path / "plan.json").write_bytes(content)
        for command in (("print", "plan.json", "--out", "again"), ("agenda", ".")):
            assert planner(*command).returncode in (10, 12), (command, name)


def test_a_plan_of_the_first_edition_is_still_used(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    assert planner("plan", path, *ZONE).returncode == 0
    old = first_edition((tmp_path / "K-1/plan.json").read_bytes())
    (tmp_path / "K-1/plan.json").write_bytes(old)
    assert planner("agenda", "K-1").returncode == 0
    assert planner("print", "K-1/plan.json", "--out", "again").returncode == 0
    write(tmp_path, "revision = 1\n" + SOUND)
    done = planner("plan", path, *ZONE, "--since", "K-1/plan.json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("key", ["pages", "last_number", "wording"])
@pytest.mark.hazard("unissued-plan-used")
def test_a_seal_that_was_taken_off_is_missed(planner: Run, tmp_path: Path, key: str) -> None:
    assert planner("plan", write(tmp_path, SOUND), *ZONE).returncode == 0
    path = tmp_path / "K-1/plan.json"
    path.write_bytes(first_edition(path.read_bytes(), lambda plan: plan.update({key: 1})))
    done = planner("print", "K-1/plan.json", "--out", "again")
    assert done.returncode == 10
    assert "plan.json: seal: it was taken off this plan; take the file as it was" in done.stderr

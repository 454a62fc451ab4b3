"""An export says which times each event left to come, and what was made; a false one is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.app.roles import Author
from planner.app.upkeep import import_lines
from planner.errors import PlannerError
from planner.store.database import Database, open_database
from planner.store.day_list import listed_courses
from planner.store.event_rows import EventRow, digest
from planner.store.transfer import exported
from tests.conftest import CLINIC, EXAMPLES, Run
from tests.registers import NOW, Followed, follow

Lines = list[dict[str, Any]]


@pytest.fixture
def course(register: Database, tmp_path: Path) -> Followed:
    """The knee: visit 1 given, visit 2 moved, a complication typed."""
    found = follow(register, tmp_path)
    found.give(1)
    found.move(2, "2026-09-15 10:30")
    return found


def lines_of(register: Database) -> Lines:
    with register.reading() as connection:
        return [json.loads(line) for line in exported(connection)]


def events_in(lines: Lines) -> Iterator[dict[str, Any]]:
    yield from (line["event"] for line in lines if "event" in line)


def test_each_event_has_the_visits_that_it_leaves_to_come(course: Followed) -> None:
    planned, given, moved = events_in(lines_of(course.register))
    said = [
        [(one["visit"], one["start"], one["end"]) for one in event["scheduled"]]
        for event in (planned, given, moved)
    ]
    visits = course.visits
    assert said[2] == [
        (one.number, one.start and one.start.isoformat(), one.end and one.end.isoformat())
        for one in visits[1:]
    ]
    assert said[2][0] == (2, "2026-09-15T10:30:00+02:00", "2026-09-15T11:00:00+02:00")
    assert said[1][0] == (2, "2026-09-14T09:00:00+02:00", "2026-09-14T09:30:00+02:00")
    assert said[0][0] == (1, "2026-09-07T09:00:00+02:00", "2026-09-07T09:30:00+02:00")
    assert [len(one) for one in said] == [6, 5, 5]


@pytest.mark.hazard("lost-event")
def test_papers_are_kept_by_the_digest_of_each(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    told = {"PLANNER_DATABASE": register_url, "PLANNER_USER": "Dr A. Holm"}
    for arguments in (
        ("add", EXAMPLES / "case-2-knee.toml", "--clinic", CLINIC),
        ("documents", "case-2", "--out", "papers"),
        ("move", "case-2", "--visit", 2, "--to", "2026-09-15 10:30", "--reason", "x"),
        ("documents", "case-2", "--out", "papers-1"),
    ):
        done = planner("course", *arguments, **told)
        assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in planner("course", "export", **told).stdout.splitlines()]
    kept = [
        json.loads(one["facts"])["event"] for one in events_in(lines) if one["kind"] == "issued"
    ]
    for folder, issued in zip(("papers", "papers-1"), kept, strict=True):
        there = (one for one in sorted((tmp_path / folder).rglob("*")) if one.is_file())
        made = {
            one.relative_to(tmp_path / folder).as_posix(): hashlib.sha256(
                one.read_bytes()
            ).hexdigest()
            for one in there
        }
        assert {one["name"]: one["sha256"] for one in issued["files"]} == made
        assert not [one for one in events_in(lines) if one["kind"] == "issued" and
                    "scheduled" in one]  # fmt: skip


def as_lines(lines: Lines) -> Iterator[str]:
    return (json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines)


def chained(lines: Lines) -> Lines:
    """The lines with the digests that their facts have, as a forger would make them."""
    before, course = "", ""
    for line in lines:
        if "course" in line:
            before, course = "", line["course"]
        elif "event" in line:
            event = line["event"]
            row = EventRow(**{name: event[name] for name in EventRow._fields})
            event["texts_sha256"] = row.texts_sha256
            before = event["digest"] = digest(course, row, row.texts_sha256, before)
    return lines


def with_facts(change: Callable[[dict[str, Any], int], None]) -> Callable[[Lines], Lines]:
    """Change the facts of each event, and what the export says of their times accordingly."""

    def changed(lines: Lines) -> Lines:
        for event in events_in(lines):
            facts = json.loads(event["facts"])
            change(facts, event["number"])
            event["facts"] = json.dumps(facts, ensure_ascii=False, sort_keys=True)
            event.pop("scheduled", None)
            if "scheduled" in facts:
                event["scheduled"] = facts["scheduled"]
        return chained(lines)

    return changed


def another_hour(lines: Lines) -> Lines:
    """Beside the facts alone: whoever reads the export would be misled."""
    event = list(events_in(lines))[1]
    event["scheduled"][0]["start"] = "2026-09-14T10:00:00+02:00"
    return lines


def no_times(lines: Lines) -> Lines:
    for event in events_in(lines):
        del event["scheduled"]
    return lines


def no_such_visit(facts: dict[str, Any], number: int) -> None:
    if number == 2:
        facts["scheduled"][0]["visit"] = 9


def nothing_settled(facts: dict[str, Any], _number: int) -> None:
    for name in ("settled", "scheduled", "wording"):
        facts.pop(name, None)


def nothing_settled_later(facts: dict[str, Any], number: int) -> None:
    if number > 1:
        nothing_settled(facts, number)


def no_hour(facts: dict[str, Any], number: int) -> None:
    if number == 2:
        facts["scheduled"][0]["start"] = "soon"


FALSE: dict[str, tuple[Callable[[Lines], Lines], int, str]] = {
    "another hour beside the facts": (
        another_hour, 10, "line 7: the times of event 2 are not what its facts say"
    ),
    "times left out": (no_times, 10, "line 6: the times of event 1 are not what its facts say"),
    "times of no visit": (
        with_facts(no_such_visit), 13, "K-1: a time is set for visit 9, which is none"
    ),
    "no times and no migration": (
        with_facts(nothing_settled), 13, "K-1: no event decided the regimen of lesion A"
    ),
    "no times from event 2 on": (
        with_facts(nothing_settled_later), 13,
        "K-1: event 2 does not say when the visits to come are",
    ),
    "a time that is none": (with_facts(no_hour), 13, "K-1: event 2 cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
@pytest.mark.hazard("lost-event")
def test_false_times_bring_nothing_in(course: Followed, tmp_path: Path, name: str) -> None:
    change, exit_code, said = FALSE[name]
    # The chain is as the register makes it, so that nothing but the change is told.
    honest = lines_of(course.register)
    assert chained(lines_of(course.register)) == honest
    copy = open_database(str(tmp_path / "copy.db"))
    with pytest.raises(PlannerError) as caught:
        import_lines(copy, Author("A", NOW), as_lines(change(honest)))
    assert caught.value.exit_code == exit_code
    assert said in str(caught.value)
    with copy.reading() as connection:
        assert listed_courses(connection) == []
    assert import_lines(copy, Author("A", NOW), as_lines(lines_of(course.register))) == ["K-1"]

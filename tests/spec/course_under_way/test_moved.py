"""A visit at another time, and what follows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.core.protocol.protocol import Evaluation, Protocol
from planner.documents.wording import ENGLISH
from planner.errors import (
    InputError,
    NotConfirmedError,
    RefusedError,
)
from planner.store.database import Database
from tests.courses import SOUND
from tests.registers import Followed, days_of, follow, moment
from tests.under_way import (
    OTHER,
    PLANNED,
    give_one,
    open_days,
)


def test_a_missed_visit_can_be_moved_to_be_given_later(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    course.move(2, "2026-09-15 10:00")
    assert days_of(course.visits)[1] == "2026-09-15 planned"


def test_a_visit_moved_inside_its_window_leaves_the_later_days(course: Followed) -> None:
    course.move(2, "2026-09-15 10:00")
    assert days_of(course.visits)[1:3] == ["2026-09-15 planned", "2026-09-21 planned"]


def test_a_move_names_the_physician_where_the_course_file_has_it_alone(
    register: Database, tmp_path: Path
) -> None:
    """Whoever moved a visit of a course under way stands in its history."""
    moved = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:00"\n'
    course = follow(register, tmp_path, SOUND + moved)
    course.give(1)
    course.move(3, "2026-09-22 10:00")
    assert [one.moved_because for one in course.visits[1:3]] == [
        "moved by the physician",
        "moved by hand",
    ]
    course.move(2, "2026-09-14 11:00")
    assert course.visits[1].moved_because == "moved by hand"
    told = [one.message for one in course.now.plan.findings if one.code == "visit-moved"]
    assert all(one.endswith("moved by hand") for one in told)


def test_what_is_left_of_a_visit_moves_to_another_hour_of_its_day(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A")
    course.move(1, "2026-09-07 14:00")
    assert [f"{one.start:%m-%d %H:%M} {one.state}" for one in course.visits[:2]] == [
        "09-07 14:00 planned",
        "09-14 09:00 planned",
    ]
    give_one(course, 1, "B")
    assert f"{course.visits[0].start:%m-%d %H:%M}" == "09-07 09:00"


AGREED = [
    # a time that was agreed for the third injection; when it is once the second was given three
    # days late, on Thu 17 September: the day is a week later, its hour the agreed one on that day
    ("2026-09-24 11:00", "09-24 11:00"),
    ("2026-09-25 11:00", "09-24 09:00"),
]


@pytest.mark.parametrize(("agreed", "then"), AGREED)
def test_an_hour_that_was_agreed_stays_on_its_day(course: Followed, agreed: str, then: str) -> None:
    course.give(1)
    course.move(3, agreed, confirm="away until then")
    course.give(2, "2026-09-17 09:00")
    assert [f"{one.start:%m-%d %H:%M}" for one in course.visits[2:4]] == [then, "10-01 09:00"]


def test_a_moved_visit_is_late_from_the_day_when_it_was_due(course: Followed) -> None:
    course.give(1)
    course.move(2, "2026-09-16 10:00")
    # One day after it was to be, and three after it was due: the later ones follow.
    course.give(2, "2026-09-17 10:00")
    assert days_of(course.visits, "injection")[2:] == ["2026-09-24 planned", "2026-10-01 planned"]


def test_the_narrower_window_of_a_visit_is_its_window(sts_150: Protocol) -> None:
    """An evaluation with a window of one day on the day of the third injection."""
    from planner.app.administration import moved
    from tests.histories import after, begun, give

    looks = (Evaluation(14, 1), sts_150.evaluations[1])
    now = begun(protocol=sts_150._replace(evaluations=looks))
    for change in (moved(now, 3, moment("2026-09-23 09:00")), None):
        event = change or give(3, moment("2026-09-23 09:00"), None)(now)
        assert days_of(after(now, event).plan.visits)[3] == "2026-09-30 planned"


def test_a_first_visit_that_was_moved_to_an_earlier_day_begins_the_course(
    course: Followed,
) -> None:
    course.move(1, "2026-09-04 09:00", confirm="came earlier")
    course.give(1)
    course.hold("2026-09-04")
    assert days_of(course.visits, "injection") == ["2026-09-04 done"]
    with pytest.raises(RefusedError, match="the course began on Fri 4 Sep 2026"):
        course.hold("2026-09-03", "A")


def test_a_move_that_joins_another_visit_names_the_day_when_it_was_due(course: Followed) -> None:
    with pytest.raises(NotConfirmedError, match=r"due Mon 5 Oct 2026, on Mon 28 Sep 2026 13:00"):
        course.move(5, "2026-09-28 13:00")


def test_a_visit_moved_outside_its_window_asks_and_is_followed_weekly(course: Followed) -> None:
    with pytest.raises(NotConfirmedError, match="move-outside-window"):
        course.move(2, "2026-09-17 10:00")
    assert days_of(course.visits) == PLANNED
    course.move(2, "2026-09-17 10:00", confirm="travels")
    assert days_of(course.visits, "injection")[1:] == [
        "2026-09-17 planned",
        "2026-09-24 planned",
        "2026-10-01 planned",
    ]
    assert course.now.plan.is_confirmed


def test_a_lesion_given_on_its_day_keeps_the_moves_of_its_later_visits(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A", "2026-09-18 09:00")
    # For B, which may have been given on its day, this is three days late, and followed.
    course.move(3, "2026-09-24 10:00", confirm="travels")
    assert open_days(course, "B") == ["2026-09-18", "2026-09-24", "2026-10-02"]
    give_one(course, 2, "B", "2026-09-14 09:00")
    assert open_days(course, "B") == ["2026-09-24", "2026-10-01"]


def test_a_move_stands_whoever_of_a_late_visit_is_recorded_first(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.move(4, "2026-09-30 12:00")
    give_one(course, 1, "A", "2026-09-10 09:00")
    give_one(course, 1, "B", "2026-09-07 09:00")
    assert open_days(course, "B") == ["2026-09-14", "2026-09-21", "2026-09-30"]


def test_a_move_onto_the_day_of_a_late_visit_does_not_stand(
    register: Database, tmp_path: Path
) -> None:
    """B waits to be recorded at the late visit: it has no two injections on that day."""
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    course.move(3, "2026-09-22 09:00")
    give_one(course, 2, "A", "2026-09-22 09:00")
    assert open_days(course, "B") == ["2026-09-22", "2026-09-29", "2026-10-06"]


def test_a_first_visit_that_was_moved_is_the_first_of_the_plan(course: Followed) -> None:
    course.move(1, "2026-09-08 10:00")
    assert course.now.plan.first_visit == course.visits[0].start
    assert f"{course.now.plan.first_visit:%m-%d %H:%M}" == "09-08 10:00"


def test_a_visit_that_joins_another_has_to_fit_with_it(course: Followed) -> None:
    # 30 minutes more from 15:10 would end after the clinic closes.
    with pytest.raises(InputError, match="opening hours for 50 minutes"):
        course.move(5, "2026-09-28 15:10")
    course.move(5, "2026-09-30 14:00", confirm="same trip")
    course.move(4, "2026-09-30 09:00", confirm="same trip")
    joined = next(visit for visit in course.visits if "evaluation" in visit.purposes)
    assert f"{joined.start:%Y-%m-%d %H:%M}" == "2026-09-30 09:00"


def test_a_visit_given_when_it_stands_moves_nothing_else(course: Followed) -> None:
    course.give(1)
    course.move(2, "2026-09-18 09:00", confirm="travels")
    course.move(3, "2026-09-24 10:30")
    course.give(2)
    assert days_of(course.visits, "injection")[2:] == ["2026-09-24 planned", "2026-10-02 planned"]
    assert f"{course.visits[2].start:%H:%M}" == "10:30"


def test_what_was_given_is_not_told_as_missed_or_moved(register: Database, tmp_path: Path) -> None:
    from planner.documents.event_wording import told

    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A")
    missed = course.miss(2)
    moved = course.move(2, "2026-09-16 09:00")
    for changed, says in (
        (missed, "missed Mon 14 Sep 2026 09:00: injection 2 of B"),
        (moved, "moved to Wed 16 Sep 2026 09:00: injection 2 of B"),
    ):
        assert told(changed.entries[0].event, ENGLISH) == says

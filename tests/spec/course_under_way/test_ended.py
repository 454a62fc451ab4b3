"""A course that is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.app.administration import answered
from planner.app.courses import change
from planner.app.documents import course_documents
from planner.app.issued_pages import replaced
from planner.app.roles import Author
from planner.core.calendar.occupancy import Busy
from planner.documents.calendars import changes_file
from planner.errors import (
    NotConfirmedError,
    RefusedError,
)
from planner.store.database import Database
from tests.courses import SOUND, course_text, lesion
from tests.registers import NOW, Followed, days_of, follow, moment
from tests.under_way import (
    ELBOW,
    OTHER,
    PLANNED,
    give_one,
    mend_time,
)


@pytest.mark.parametrize("how", ["completed", "stopped", "died", "lost"])
def test_an_ending_cancels_what_was_not_done(course: Followed, how: str) -> None:
    course.give(1)
    course.end(how, "2026-09-10", confirm="it is so")
    now = course.now
    assert now.state.status == "ended"
    assert days_of(now.plan.visits) == [
        "2026-09-07 done",
        *(one.replace("planned", "cancelled") for one in PLANNED[1:]),
    ]
    assert now.plan.ending is not None
    assert now.plan.ending.ending == how
    with pytest.raises(RefusedError, match="the course ended"):
        course.give(2)


@pytest.mark.hazard("dead-patients-appointments")
def test_after_a_death_only_the_clinic_is_told(course: Followed) -> None:
    from planner.core.followup.events import Issued

    course.give(1)
    course.make(lambda _now: Issued(1, "00000000", ("plan.json",)))
    course.end("died", "2026-09-10")
    now = course.now
    since = replaced(now)
    assert since is not None
    assert [one.number for one in since.entries] == [4]
    (content,) = changes_file(since.plan, now.plan, NOW).values()
    assert content.count(b"STATUS:CANCELLED") == 5
    assert b"Course K-1" in content


@pytest.mark.parametrize("how", ["stopped", "died"])
@pytest.mark.hazard("stale-paper")
def test_what_waited_for_a_physician_stops_no_cancellation(
    course: Followed, tmp_path: Path, how: str
) -> None:
    """An allergy is told, and the course stopped: nobody is asked any more, and all are told."""
    author = Author("Dr A. Holm", NOW)
    course_documents(course.register, course.course, author, out=tmp_path / "d")
    nurse = Author("Nurse B", NOW, "told", "hives", role="nurse")
    change(
        course.register, course.course, [lambda now: answered(now, "sulfite-allergy", True)], nurse
    )
    with pytest.raises(NotConfirmedError):
        course_documents(course.register, course.course, author, out=tmp_path / "d")
    course.end(how, "2026-09-10")
    made = course_documents(course.register, course.course, author, out=tmp_path / "d")
    assert {"changes.ics", "clinic.ics", "change-slip.pdf"} <= {*made.files}
    assert ("patient.ics" in made.files) == (how == "stopped")
    assert made.files["changes.ics"].count(b"STATUS:CANCELLED") == 6


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize("how", ["stopped", "died"])
def test_what_is_cancelled_stands_where_it_was_to_be_last(
    register: Database, tmp_path: Path, how: str, is_held: bool
) -> None:
    """An ending lays nothing out, whatever room the clinic has by then."""
    course = follow(register, tmp_path, SOUND)
    course.give(1)
    course.move(3, "2026-09-22 10:30")
    was = {one.number: (one.start, one.end) for one in course.visits}
    if is_held:
        course.hold("2026-09-09")
    days = ("2026-09-14", "2026-09-21", "2026-09-22", "2026-09-28", "2026-10-05")
    taken = [Busy(moment(f"{on} 08:00"), moment(f"{on} 16:00")) for on in days]
    course.end(how, "2026-09-10", busy=taken)
    assert [one.state for one in course.visits][1:] == ["cancelled"] * 5
    assert {one.number: (one.start, one.end) for one in course.visits} == was


def test_what_waited_is_cancelled_on_no_other_visits_day(
    register: Database, tmp_path: Path
) -> None:
    """A day has one visit: what a hold took out of one does not stand beside it again."""
    two = course_text(lesion(dose_mg=50), lesion("B", site="elbow", size_mm=30, dose_mg=20))
    course = follow(register, tmp_path, two)
    course.hold("2026-09-09", "B")
    course.end("stopped", "2026-09-10")
    days = [one.start.date() for one in course.visits if one.start]
    assert len(days) == len(set(days)) == 6
    cancelled = {name for one in course.visits for name in one.names if one.state == "cancelled"}
    assert {name.lesion for name in cancelled} == {"A", "B"}


def test_an_ending_gives_no_day_to_what_has_none(course: Followed) -> None:
    """Also where the clinic, that was full then, has one by now."""
    full = Busy(moment("2026-10-03 00:00"), moment("2026-10-10 00:00"))
    course.add_lesion(ELBOW, "2026-09-08", busy=[full])
    (visit,) = [one for one in course.visits if one.start is None]
    course.end("lost", "2026-09-09")
    (after,) = [one for one in course.visits if one.number == visit.number]
    assert (after.state, after.start) == ("cancelled", None)


def test_a_death_before_the_first_visit_can_be_recorded(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, SOUND.replace("2026-09-07", "2028-01-03"))
    course.end("died", "2027-06-01")
    assert days_of(course.visits)[0] == "2028-01-03 cancelled"


def test_what_was_missed_keeps_its_number_when_held_injections_are_cancelled(
    course: Followed,
) -> None:
    course.give(1)
    course.hold("2026-09-08")
    course.resume("2026-09-21")
    # The last injection stands on the day of the evaluation, and leaves it there.
    course.hold("2026-10-05")
    (evaluation,) = [one for one in course.visits if str(one.due) == "2026-10-05"]
    course.miss(evaluation.number)
    (missed,) = [one for one in course.visits if one.number == evaluation.number]
    course.end("stopped", "2026-10-06")
    assert missed in course.visits
    assert [one.state for one in course.visits if "injection" in one.purposes] == [
        "done", "cancelled", "cancelled", "cancelled",
    ]  # fmt: skip
    # A later correction leaves them as they were.
    ended = course.visits
    mend_time(course, 2, "2026-09-07 10:00")
    assert course.visits[1:] == ended[1:]


def test_what_stood_together_is_cancelled_together(register: Database, tmp_path: Path) -> None:
    """B waits to be recorded at a visit that came late: what follows it follows that day."""
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A", "2026-10-31 13:00", confirm="as it was")
    before = {one.number: (one.names, one.start) for one in course.visits}
    course.end("stopped", "2026-12-16")
    assert {one.number: (one.names, one.start) for one in course.visits} == before
    assert [one.state for one in course.visits] == ["done"] + ["cancelled"] * 5

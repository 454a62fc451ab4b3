"""What the register says: lists, days, a course, a page. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from planner.app.issued_pages import IssuedPage, pages_with
from planner.app.roles import Role, check_may
from planner.core.plan.preparation import ToPrepare
from planner.store.clinics import all_places, clinic_of_course, read_place
from planner.store.database import Database
from planner.store.day_list import (
    DueVisit,
    ListedCourse,
    RecordedVisit,
    due_visits,
    held_courses,
    listed_courses,
    recorded_visits,
    restricted_visits,
    to_prepare,
    without_day,
)
from planner.store.standing import Standing, read_standing


class Visits(NamedTuple):
    """The visits of some days, and what to prepare for them in all.

    `restricted` counts visits that are not shown.
    """

    visits: Sequence[DueVisit]
    prepare: ToPrepare
    restricted: int


class Days(NamedTuple):
    """The same of all clinics from a day to another, both inclusive.

    `without_day` and `held` are courses that wait.
    """

    first: date
    last: date
    visits: Sequence[DueVisit]
    prepare: ToPrepare
    restricted: int
    without_day: Sequence[str]
    held: Sequence[str]


def days_now(
    database: Database, role: Role, now: datetime, clinic: str | None = None
) -> tuple[date, date]:
    """The day that it is at a clinic, twice; of all, the first and the last of theirs.

    Those of clinics far apart differ. Raises NotFoundError for an unknown one.
    """
    check_may(role, "read")
    with database.reading() as connection:
        places = all_places(connection) if clinic is None else [read_place(connection, clinic)]
    days = [one.clinic.wall_clock(now).date() for one in places] or [now.date()]
    return min(days), max(days)


def clinic_of(database: Database, course: str) -> str | None:
    """The id of the clinic that a course belongs to; None where there is no such course."""
    with database.reading() as connection:
        return clinic_of_course(connection, course)


def courses_listed(
    database: Database,
    role: Role,
    status: str | None = None,
    patient: str | None = None,
    *,
    clinic: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> Sequence[ListedCourse]:
    """Courses by their ids: of a status, of a patient, of a clinic, at most `limit`.

    `search` finds a part of a course's id, a patient's id or a name, as people read them. Raises
    NotFoundError for a clinic that the register does not have.
    """
    check_may(role, "read")
    with database.reading() as connection:
        if clinic is not None:
            read_place(connection, clinic)
        return listed_courses(
            connection, status, patient, clinic=clinic, search=search, limit=limit
        )


def day_listed(database: Database, role: Role, clinic: str, on: date) -> Visits:
    """The visits to come of a clinic on a day."""
    check_may(role, "read")
    with database.reading() as connection:
        return _visits(connection, on, on, clinic)


def day_recorded(database: Database, role: Role, clinic: str, on: date) -> Sequence[RecordedVisit]:
    """The visits of a clinic on a day that are over."""
    check_may(role, "read")
    with database.reading() as connection:
        return recorded_visits(connection, on, clinic)


def days_listed(database: Database, role: Role, first: date, last: date) -> Days:
    """The visits to come from a day to another, and which courses wait for a day or a release."""
    check_may(role, "read")
    with database.reading() as connection:
        found = _visits(connection, first, last, None)
        return Days(first, last, *found, without_day(connection), held_courses(connection))


def _visits(connection: Connection, first: date, last: date, clinic: str | None) -> Visits:
    found = due_visits(connection, first, last, clinic)
    return Visits(found, to_prepare(found), restricted_visits(connection, first, last, clinic))


def course_standing(database: Database, role: Role, course: str) -> Standing:
    """A course as it stands. Raises RefusedError for one of a restricted patient."""
    check_may(role, "read")
    with database.reading() as connection:
        return read_standing(connection, course)


def course_to_record(database: Database, role: Role, course: str) -> Standing:
    """A course as it stands, for who records what was done at a visit."""
    check_may(role, "given")
    return course_standing(database, role, course)


def pages_of_code(database: Database, role: Role, code: str) -> Sequence[IssuedPage]:
    """The pages of a code. Raises RefusedError for one that was never issued."""
    check_may(role, "read")
    with database.reading() as connection:
        return pages_with(connection, code)

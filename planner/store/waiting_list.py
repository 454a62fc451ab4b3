"""Courses that wait for their first day, in the order in which they came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, exists, func, insert, select

from planner.core.plan.course import Course
from planner.core.values.lettering import as_people_read
from planner.store.event_rows import record_from, record_text
from planner.store.tables import patients, waiting


class Waiting(NamedTuple):
    """A course that waits at a clinic; its first visit's hour is wanted where `has_hour`.

    The first visit is not before and not after a day, where that was said. `protocol` is the sha256
    of the file that it is planned by.
    """

    course: Course
    clinic: str
    place: int
    at: datetime
    author: str
    protocol: str
    has_hour: bool
    not_before: date | None
    by_date: date | None


def waiting_at(connection: Connection, clinic: str) -> list[Waiting]:
    """The waiting list of a clinic, without those whose data may not be worked with."""
    is_theirs = patients.c.read_as == waiting.c.read_as
    is_restricted = exists().where(is_theirs, patients.c.restricted.is_not(None))
    there = select(waiting).where(waiting.c.clinic == clinic, ~is_restricted)
    query = there.order_by(waiting.c.place)
    return list(_read(connection.execute(query).all()))


def find_waiting(connection: Connection, course: str) -> Waiting | None:
    """A waiting course by its id."""
    rows = connection.execute(select(waiting).where(waiting.c.course == course)).all()
    return next(_read(rows), None)


def add_waiting(connection: Connection, one: Waiting) -> None:
    """Put a course at the end of its clinic's list."""
    last = connection.execute(select(func.max(waiting.c.place))).scalar()
    content = {
        "course": record_text(one.course),
        "has_hour": one.has_hour,
        "not_before": one.not_before and one.not_before.isoformat(),
        "by_date": one.by_date and one.by_date.isoformat(),
    }
    connection.execute(
        insert(waiting).values(
            course=one.course.id,
            clinic=one.clinic,
            place=(last or 0) + 1,
            read_as=as_people_read(one.course.patient.id),
            at=one.at.isoformat(),
            author=one.author,
            protocol=one.protocol,
            content=json.dumps(content, ensure_ascii=False),
        )
    )


def remove_waiting(connection: Connection, course: str) -> None:
    """Take a course off the list."""
    connection.execute(delete(waiting).where(waiting.c.course == course))


def waiting_of(connection: Connection, patient: str) -> list[Waiting]:
    """The courses that wait for a patient, by the id as people read it."""
    here = waiting.c.read_as == as_people_read(patient)
    return list(_read(connection.execute(select(waiting).where(here)).all()))


def remove_waiting_of(connection: Connection, patient: str) -> int:
    """Take all that wait for a patient off the list; how many."""
    here = waiting.c.read_as == as_people_read(patient)
    return connection.execute(delete(waiting).where(here)).rowcount


def _read(rows: Iterable[Row[Any]]) -> Iterator[Waiting]:
    for row in rows:
        said = json.loads(row.content)
        yield Waiting(
            record_from(Course, said["course"]),
            row.clinic,
            row.place,
            datetime.fromisoformat(row.at),
            row.author,
            row.protocol,
            said["has_hour"],
            said["not_before"] and date.fromisoformat(said["not_before"]),
            said["by_date"] and date.fromisoformat(said["by_date"]),
        )

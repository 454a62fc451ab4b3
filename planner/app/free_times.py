"""The times that a visit to come can be moved to, inside its window and the clinic's room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from planner.app.administration import visit_of
from planner.app.roles import Role, check_may
from planner.core.calendar.availability import Opening
from planner.core.followup.displaced import Surroundings, displaced
from planner.core.plan.plan import PlannedVisit
from planner.store.database import Database
from planner.store.histories import read_course
from planner.store.standing import Standing, check_not_restricted
from planner.store.taken_times import around_others


def free_times(
    database: Database, role: Role, course: str, number: int, now: datetime
) -> list[datetime]:
    """The free quarter hours of a visit's window, by the clinic's wall clock, in order.

    One without a day has those that its plan found for it. `now` is in UTC; nothing is before it.
    """
    check_may(role, "moved")
    with database.reading() as connection:
        record = read_course(connection, course)
        check_not_restricted(record.patient)
        standing = Standing.of(around_others(connection, record))
        visit = visit_of(standing, number)
        if visit.start is None:
            return list(visit.choices)
        clinic = standing.record.opening.clinic
        return list(_starts(standing, visit, clinic.wall_clock(now)))


def _starts(standing: Standing, visit: PlannedVisit, now: datetime) -> Iterator[datetime]:
    opening: Opening = standing.record.opening
    there = Surroundings(
        standing.record.course, standing.state, standing.record.protocol, opening, now
    )
    stood = visit.start and visit.start.replace(tzinfo=None)
    for movable in displaced(there, [visit.number], []).movables:
        for on in movable.days:
            for start in opening.starts(on, movable.stay):
                if start >= now and start != stood and opening.has_room(start, movable.stay):
                    yield start

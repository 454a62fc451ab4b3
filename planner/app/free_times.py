"""The times that a visit to come can be moved to, inside its window and the clinic's room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from planner.app.administration import visit_of
from planner.app.roles import Role, check_may
from planner.core.calendar.availability import Opening
from planner.core.followup.course_state import State
from planner.core.followup.displaced import Surroundings, displaced, left_of
from planner.core.plan.plan import PlannedVisit
from planner.core.values.days import ONE_DAY
from planner.store.database import Database
from planner.store.histories import read_course
from planner.store.standing import Standing, check_not_restricted
from planner.store.taken_times import around_others

# So many days after a window free times are looked for.
_LATER_DAYS = 60


def free_times(
    database: Database, role: Role, course: str, number: int, now: datetime
) -> list[datetime]:
    """The free quarter hours of a visit's window, by the clinic's wall clock, in order.

    One without a day, and one that was missed, have a few outside of it, as none of it is left.
    What is over has none. `now` is in UTC; nothing is before it.
    """
    check_may(role, "moved")
    with database.reading() as connection:
        record = read_course(connection, course)
        check_not_restricted(record.patient)
        standing = Standing.of(around_others(connection, record))
        visit = visit_of(standing, number)
        opening = standing.record.opening
        then = opening.clinic.wall_clock(now)
        left, slots = left_of(visit, standing.state), standing.state.slots
        if left and visit.start is not None:
            return list(_starts(standing, visit, then))
        if left or any(slots[name].state == "missed" for name in visit.names):
            return list(times_outside(visit, standing.state, opening, then))
        return []


def times_outside(
    visit: PlannedVisit, state: State, opening: Opening, now: datetime
) -> Iterator[datetime]:
    """Three free times outside a visit's window: those that its plan found, else later ones.

    None is before `now`, by the clinic's wall clock, nor on the day of another visit.
    """
    stay = opening.stay(visit.each_purpose)
    there = [one for one in visit.choices if one >= now and opening.has_room(one, stay)]
    yield from there[:3]
    stood = visit.start.replace(tzinfo=None) if visit.start else None
    last = max(visit.choices, default=stood)
    if last is None:
        return
    own = {one.start.date() for one in state.visits.values() if one.start}
    days = (max(last, now).date() + away * ONE_DAY for away in range(1, _LATER_DAYS))
    free = (
        start
        for on in days
        if on not in own and opening.is_known(on)
        if (start := opening.nearest(on, last.time(), stay)) is not None
    )
    yield from islice(free, 3 - len(there[:3]))


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

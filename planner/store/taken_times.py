"""What is taken at a clinic: the visits to come of all its other courses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, select

from planner.core.calendar.occupancy import Busy, OccupancyByDay
from planner.store.database import lock_clinic
from planner.store.histories import Record
from planner.store.tables import visits

_TAKEN = select(visits.c.start, visits.c.end).where(
    visits.c.day == bindparam("on"),
    visits.c.clinic == bindparam("at"),
    visits.c.course != bindparam("own"),
    visits.c.state == "planned",
)


def taken_by_others(
    connection: Connection, record: Record, busy: Sequence[Busy] = ()
) -> OccupancyByDay:
    """The times that a course is laid around; a day is read when somebody asks for it.

    From then on no other writer lays out visits of the clinic before the transaction ends.
    """
    clinic = record.opening.clinic.id
    return OccupancyByDay(_reader(connection, clinic, record.course), busy)


def around_others(connection: Connection, record: Record, busy: Sequence[Busy] = ()) -> Record:
    """A course beside all others of its clinic, and what else is taken."""
    taken = taken_by_others(connection, record, busy)
    return record._replace(opening=replace(record.opening, busy=taken))


def _reader(connection: Connection, clinic: str, course: str) -> Callable[[date], Iterator[Busy]]:
    def read(on: date) -> Iterator[Busy]:
        lock_clinic(connection, clinic)
        wanted = {"on": on.isoformat(), "at": clinic, "own": course}
        for start, end in connection.execute(_TAKEN, wanted):
            yield Busy(datetime.fromisoformat(start), datetime.fromisoformat(end))

    return read

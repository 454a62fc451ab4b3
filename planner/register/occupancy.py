"""What is taken at a clinic: the visits to come of all its other courses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, select

from planner.core.occupancy import Busy, OccupancyByDay
from planner.register.database import lock_clinic
from planner.register.store import Record
from planner.register.tables import visits


def taken_by_others(
    connection: Connection, record: Record, busy: Sequence[Busy] = ()
) -> OccupancyByDay:
    """The times that a course is laid around; a day is read when somebody asks for it.

    From then on no other writer lays out visits of the clinic before the transaction ends.
    """
    clinic = record.opening.clinic.id
    return OccupancyByDay(_reader(connection, clinic, record.course), busy)


def _reader(connection: Connection, clinic: str, course: str) -> Callable[[date], Iterator[Busy]]:
    def read(on: date) -> Iterator[Busy]:
        lock_clinic(connection, clinic)
        query = select(visits.c.start, visits.c.end).where(
            visits.c.day == on.isoformat(),
            visits.c.clinic == clinic,
            visits.c.course != course,
            visits.c.state == "planned",
        )
        for start, end in connection.execute(query):
            yield Busy(datetime.fromisoformat(start), datetime.fromisoformat(end))

    return read

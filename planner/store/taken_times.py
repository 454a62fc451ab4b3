"""What is taken at a clinic: the visits to come of all its other courses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, select

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Busy, Occupancy, OccupancyByDay
from planner.store.clinics import Place, read_place
from planner.store.database import lock_clinic
from planner.store.histories import Record
from planner.store.summary import purposes_of, read_summary
from planner.store.tables import visits

_TAKEN = select(
    visits.c.course, visits.c.number, visits.c.start, visits.c.end, visits.c.summary
).where(
    visits.c.day == bindparam("on"),
    visits.c.clinic == bindparam("at"),
    visits.c.state == "planned",
)


def taken_by_others(connection: Connection, record: Record) -> OccupancyByDay:
    """The times that a course is laid around; a day is read when somebody asks for it.

    From then on no other writer lays out visits of the clinic before the transaction ends.
    """
    return _taken_beside(connection, read_place(connection, record.clinic_id), record, ())


def around_others(connection: Connection, record: Record, busy: Sequence[Busy] = ()) -> Record:
    """A course beside all others of its clinic, as that now stands, and what else is taken."""
    return beside_others(connection, read_place(connection, record.clinic_id), record, busy)


def beside_others(
    connection: Connection, place: Place, record: Record, busy: Sequence[Busy] = ()
) -> Record:
    """A course at its clinic as that stands, or will, beside all others."""
    taken = _taken_beside(connection, place, record, busy)
    return record._replace(current=Opening(place.clinic, taken))


def _taken_beside(
    connection: Connection, place: Place, record: Record, busy: Sequence[Busy]
) -> OccupancyByDay:
    def is_other(course: str, _number: int) -> bool:
        return course != record.course

    return taken_at(connection, place, is_other, busy)


def taken_at(
    connection: Connection,
    place: Place,
    is_counted: Callable[[str, int], bool] = lambda _course, _number: True,
    busy: Sequence[Busy] = (),
    *,
    lasts_anew: bool = False,
) -> OccupancyByDay:
    """What visits to come take at a clinic, those that count by course and number.

    As `taken_by_others` it keeps other writers out. Where the clinic's minutes are others a visit
    `lasts_anew`: as long as one that is laid out now.
    """
    alone = Opening(place.clinic, Occupancy())

    def read(on: date) -> Iterator[Busy]:
        lock_clinic(connection, place.id)
        rows = connection.execute(_TAKEN, {"on": on.isoformat(), "at": place.id})
        for course, number, start, end, summary in rows:
            if is_counted(course, number):
                purposes = purposes_of(read_summary(summary))
                begin, over = datetime.fromisoformat(start), datetime.fromisoformat(end)
                stay = alone.stay(purposes)
                if lasts_anew:
                    begin, over = alone.placed(begin.replace(tzinfo=None), stay)
                yield Busy(begin, over, stay.takes)

    return OccupancyByDay(read, busy)

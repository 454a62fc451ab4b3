"""What calendars say is taken, where a course under way may be laid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from planner.app.planning import NamedFile, taken_in
from planner.core.calendar.occupancy import Busy
from planner.core.values.days import LAST_DAY
from planner.files.busy import Own
from planner.store.database import Database
from planner.store.standing import Standing, read_standing

# How far beyond its last visit, or the day that a change names, a course may be led, in days.
FURTHEST_DAYS = 800


def taken_beside(
    database: Database,
    course: str,
    calendars: Sequence[NamedFile],
    today: date,
    named: date | None = None,
) -> Sequence[Busy]:
    """The times that calendars have as taken, the course's own visits apart.

    They are looked at as far as a change of `today` leads, which may have `named` a day. Raises
    InputError with what is wrong with each calendar.
    """
    if not calendars:
        return ()
    with database.reading() as connection:
        standing = read_standing(connection, course)
    uids = frozenset(one.uid for one in standing.state.visits.values())
    own = Own(course, standing.state.course.patient.id, uids)
    zone = ZoneInfo(standing.record.opening.clinic.timezone)
    return taken_in(calendars, zone, _reach(standing, today, named or today), own)


def _reach(standing: Standing, today: date, named: date) -> range:
    """The days (ordinals) that a change may lay a course out in, which may be before it began."""
    due = [visit.due for visit in standing.state.visits.values()]
    days = [one.toordinal() for one in (standing.state.began, today, named, *due)]
    return range(min(days), min(max(days) + FURTHEST_DAYS, LAST_DAY.toordinal()) + 1)

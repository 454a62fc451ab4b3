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

# How far beyond its last visit a change may lead a course, in days.
FURTHEST_DAYS = 800


def taken_beside(database: Database, course: str, calendars: Sequence[NamedFile]) -> Sequence[Busy]:
    """The times that calendars have as taken, the course's own visits apart.

    Raises InputError with what is wrong with each calendar.
    """
    if not calendars:
        return ()
    with database.reading() as connection:
        standing = read_standing(connection, course)
    own = Own(course, frozenset(one.uid for one in standing.state.visits.values()))
    zone = ZoneInfo(standing.record.opening.clinic.timezone)
    return taken_in(calendars, zone, reach_of(standing), own)


def reach_of(standing: Standing) -> range:
    """The days (ordinals) that a course under way may reach: as far as any change leads."""
    first = standing.state.began.toordinal()
    days = [visit.due.toordinal() for visit in standing.state.visits.values()]
    last = max([first, date.today().toordinal(), *days])
    return range(first, min(last + FURTHEST_DAYS, LAST_DAY.toordinal()) + 1)

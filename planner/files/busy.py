"""Busy files: what is taken already, out of calendar files of any origin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planner.core.calendar.occupancy import Busy
from planner.core.plan.calendar_ids import COURSE_MARK, PATIENT_MARK, is_patients
from planner.errors import InputError, Problem, raise_if_any
from planner.files.calendars.events import Reading, Span
from planner.files.calendars.lines import Component, read_calendars
from planner.files.calendars.recurrence import Steps
from planner.files.calendars.zones import Zones

LARGEST_BYTES = 20_000_000
# Times that rules are followed to, and periods that are looked at for them, in one file.
MOST_STEPS = 1_000_000


class Own(NamedTuple):
    """What is known to be of the course itself: its visits' UIDs, and its marks on a server."""

    course: str
    patient: str
    uids: frozenset[str]

    def has(self, event: Component) -> bool:
        """Whether an event is one of the course's own visits."""
        is_marked = bool(self.course) and event.text(COURSE_MARK) == self.course
        if not is_marked:
            return event.text("UID") in self.uids
        # Another patient's course may have the id.
        return is_patients(event.text(PATIENT_MARK), self.course, self.patient)


def busy_times(content: bytes, zone: ZoneInfo, days: range, own: Own) -> Iterator[Busy]:
    """The taken times of a calendar: opaque, not cancelled, recurrences followed.

    Floating times and whole days are those of `zone`, the clinic's.
    """
    window = (_midnight(days.start, zone), _midnight(days.stop, zone))
    steps, problems, spans = Steps(MOST_STEPS), list[Problem](), list[Span]()
    for calendar in read_calendars(content):
        reading = Reading(Zones(calendar, zone, window), window, steps, own.has, problems)
        spans += reading.events(calendar.of_kind("VEVENT"))
        spans += reading.free_busy(calendar.of_kind("VFREEBUSY"))
    raise_if_any(InputError, problems)
    for start, end in spans:
        yield Busy(start, end)


def _midnight(day: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(date.fromordinal(day), time(), zone).astimezone(UTC)

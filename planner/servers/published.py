"""What is in a calendar of a course's visits, and whether each is still as it was published.

What counts is what people go by: the day and the hour, the text, the state, whether it comes
again. Reminders that somebody dismissed, colours and categories change nothing. Each event tells
by itself what it is: the course, whose it is, the revision, and a digest of what counts of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.plan.calendar_ids import (
    COURSE_MARK,
    PATIENT_MARK,
    is_patients,
    patient_mark,
)
from planner.core.plan.plan import Plan
from planner.core.plan.zone_rules import by_todays_rules
from planner.documents.ical import CalendarEntry, calendar_bytes
from planner.errors import Problem
from planner.files.fields import shown
from planner.servers.caldav import Resource

DIGEST, REVISION = "X-PLANNER-DIGEST", "X-PLANNER-REVISION"
# Digests of what counts alone begin so; those before were of all that was written.
MARK = "2-"
_ONCE = (
    "UID", "SEQUENCE", "DTSTART", "DTEND", "DURATION", "STATUS", "SUMMARY",
    COURSE_MARK, PATIENT_MARK, DIGEST,
)  # fmt: skip
_TEXTS = ("SUMMARY", "LOCATION", "DESCRIPTION")
_AGAIN = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
# What was written of an event and of its reminders when all of it was digested.
_WRITTEN = {
    "UID", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "CLASS", "STATUS",
    "TRANSP", COURSE_MARK,
}  # fmt: skip
_WRITTEN_ALARM = {"ACTION", "DESCRIPTION", "TRIGGER"}
_Said = Callable[[datetime], str]


class Published(NamedTuple):
    """An event as it is on the server; `is_ours` where it is as somebody of us wrote it.

    `course` is empty for one without our mark. `start` and `end` have a zone.
    """

    resource: Resource
    event: Any
    uid: str
    course: str
    revision: int
    sequence: int
    start: datetime
    end: datetime
    is_ours: bool

    @property
    def is_cancelled(self) -> bool:
        """Whether it is said to be cancelled."""
        return _state(self.event) == "CANCELLED"

    @property
    def summary(self) -> str:
        """Its text as a message repeats it: one line, nothing that a terminal would obey."""
        return shown(_text(self.event, "SUMMARY") or self.uid)[1:-1]

    def says(self, ours: Any, entry: CalendarEntry) -> bool:
        """Whether it says what our event of an entry says, if by other rules of its zone."""
        return _counting(self.event) == _counting(ours) and self.is_at(entry)

    def is_at(self, entry: CalendarEntry) -> bool:
        """Whether it is at the time of an entry: by the zone's wall clock, or as an instant."""
        pairs = ((self.start, entry.start), (self.end, entry.end))
        return all(_is_time(there, issued, entry.timezone) for there, issued in pairs)

    def told(self) -> list[datetime]:
        """The instants that a reader sees who goes by the event's own VTIMEZONE."""
        times = (self.start, self.end)
        return [_of_its_own(self.resource, one).astimezone(UTC) for one in times]


def read_published(resource: Resource, plan: Plan) -> Iterator[Published | Problem]:
    """The events of a resource that are this course's, by their marks or their ids.

    A broken one is a problem: nothing can be said of it, and nothing is written over it. So is
    one of another patient, whose course has the same id.
    """
    uids = {visit.uid for visit in plan.visits}
    events = _events(resource)
    for event in events:
        uid, course = _text(event, "UID"), _text(event, COURSE_MARK)
        if course != plan.course and uid not in uids:
            continue
        if not is_patients(_text(event, PATIENT_MARK), plan.course, plan.patient.id):
            yield Problem(f"course {plan.course}", _OTHERS, _OTHERS_FIX)
            continue
        wrong = _wrong(event, events)
        if wrong is None:
            yield _published(resource, event, plan)
            continue
        who = "somebody changed it: " if course else ""
        yield Problem(_where(event), who + wrong, _FIX)


_FIX = "mend or remove it in the calendar, then publish again"
_OTHERS = "the calendar has visits of another patient's course of this id; nothing was changed"
_OTHERS_FIX = (
    "give one of the two courses another id; if the patient's id was corrected, remove the visits "
    "that were published under the wrong one"
)


def _where(event: Any) -> str:
    return f"event {shown(_text(event, 'UID') or _text(event, 'SUMMARY'))}"


def _wrong(event: Any, events: Sequence[Any]) -> str | None:
    """What of an event cannot be read, or stands beside it."""
    if len({_text(one, "UID") for one in events}) > 1:
        return "it lies in one file with other events"
    twice = [name for name in _ONCE if isinstance(event.get(name), list)]
    if twice:
        return f"its {twice[0]} stands twice"
    if not _text(event, "UID"):
        return "it has no UID"
    if not re.fullmatch(r"\d{1,9}", _text(event, "SEQUENCE") or "0", re.ASCII):
        return "its SEQUENCE is no number"
    times = [_time(event, "DTSTART"), _end(event)]
    if not all(isinstance(one, datetime) and one.tzinfo is not None for one in times):
        return "it is at no time of a zone"
    return None


def _published(resource: Resource, event: Any, plan: Plan) -> Published:
    revision = _text(event, REVISION) or _text(event, "SEQUENCE") or "0"
    return Published(
        resource=resource,
        event=event,
        uid=_text(event, "UID"),
        course=_text(event, COURSE_MARK),
        revision=int(revision) if re.fullmatch(r"\d{1,9}", revision, re.ASCII) else 0,
        sequence=int(_text(event, "SEQUENCE") or "0"),
        start=_time(event, "DTSTART"),
        end=_end(event),
        is_ours=_is_as_written(resource, event, plan),
    )


def _events(resource: Resource) -> list[Any]:
    from icalendar import Calendar

    try:
        return list(Calendar.from_ical(resource.content).walk("VEVENT"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError):
        return []  # a broken event of somebody else's is none of ours


def ours_of(content: bytes) -> Any:
    """The event of a file of ours."""
    (event,) = _events(Resource("", "", content))
    return event


def content_of(entry: CalendarEntry, plan: Plan) -> bytes:
    """An entry as it is published: with what tells whose it is, and the digest of what counts."""
    whose = (COURSE_MARK, plan.course), (PATIENT_MARK, patient_mark(plan.course, plan.patient.id))
    marks = (*whose, (REVISION, str(plan.revision)))
    event = ours_of(calendar_bytes("", [entry._replace(extra=marks)]))
    marked = entry._replace(extra=(*marks, (DIGEST, digest_of(event))))
    return calendar_bytes("", [marked])


def digest_of(event: Any, said: _Said | None = None) -> str:
    """A digest of what counts of an event; `said` says a time, by its own clock where left out."""
    said = said or by_clock
    times = [("DTSTART", said(_time(event, "DTSTART"))), ("DTEND", said(_end(event)))]
    text = "\n".join(f"{name}:{value}" for name, value in [*_counting(event), *times])
    return MARK + hashlib.sha256(text.encode()).hexdigest()[:32]


def by_clock(value: datetime) -> str:
    """A time by what its clock shows, which stands however the rules of its zone change."""
    return f"{value:%Y-%m-%dT%H:%M:%S} {value.tzinfo}"


def _counting(event: Any) -> list[tuple[str, str]]:
    """What counts of an event besides its times."""
    texts = [(name, _text(event, name).strip()) for name in _TEXTS]
    again = [(name, str(event[name])) for name in _AGAIN if name in event]
    transparent = (_text(event, "TRANSP") or "OPAQUE").upper()
    return [*texts, *again, ("STATUS", _state(event)), ("TRANSP", transparent)]


def _state(event: Any) -> str:
    return (_text(event, "STATUS") or "CONFIRMED").upper()


def _text(event: Any, name: str) -> str:
    """A text of an event; the first one where it stands several times."""
    value = event.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _time(event: Any, name: str) -> Any:
    """The time that a property holds; None where it holds none that is sound."""
    try:
        return getattr(event.get(name), "dt", None)
    except (ValueError, AttributeError):
        return None


def _end(event: Any) -> Any:
    end, start = _time(event, "DTEND"), _time(event, "DTSTART")
    if end is not None or start is None:
        return end
    length = _time(event, "DURATION")
    is_long = isinstance(length, timedelta) and isinstance(start, datetime)
    return start + length if is_long else None


def _is_time(there: datetime, issued: datetime, zone: str) -> bool:
    """Whether a time is the one that was issued: as the zone's wall clock, or as an instant."""
    if str(there.tzinfo) == zone and zone != "UTC":
        return there.replace(tzinfo=None) == issued.replace(tzinfo=None)
    return there in (issued, by_todays_rules(issued, ZoneInfo(zone)))


def _of_its_own(resource: Resource, value: datetime) -> datetime:
    """A time by the VTIMEZONE that stands beside its event; as it is where there is none."""
    from icalendar import Calendar, Timezone

    try:
        for zone in Calendar.from_ical(resource.content).walk("VTIMEZONE"):
            if isinstance(zone, Timezone) and str(zone.get("TZID", "")) == str(value.tzinfo):
                return value.replace(tzinfo=zone.to_tz(lookup_tzid=False))
    except (ValueError, KeyError, IndexError):
        pass  # a broken zone of somebody else's tells nothing
    return value


def _is_as_written(resource: Resource, event: Any, plan: Plan) -> bool:
    """Whether an event still says what its digest was made of."""
    digest = _text(event, DIGEST)
    zone = ZoneInfo(plan.clinic.timezone)
    # A program may have written the same moment in UTC.
    in_zone: list[_Said] = [by_clock, lambda value: by_clock(value.astimezone(zone))]
    if digest.startswith(MARK):
        return any(digest == digest_of(event, said) for said in in_zone)
    # The first edition's digests are of offsets: those of today, or those of the day when it was
    # published, which the event's own VTIMEZONE has.
    said_then = (
        *in_zone,
        lambda value: value.isoformat(),
        lambda value: _of_its_own(resource, value).isoformat(),
    )
    reminders = [-timedelta(minutes=one) for one in plan.clinic.reminder_minutes]
    alarms = (_alarms(event), _alarms_then(event, reminders))
    return any(digest == _digest_then(event, one, said) for one in alarms for said in said_then)


def _alarms(event: Any) -> list[tuple[str, str]]:
    return [
        (f"VALARM {name}", _plain(value, by_clock))
        for alarm in event.walk("VALARM")
        for name, value in alarm.items()
        if name in _WRITTEN_ALARM
    ]


def _alarms_then(event: Any, reminders: Sequence[timedelta]) -> list[tuple[str, str]]:
    """The reminders as they were written, whatever somebody did to them."""
    summary = _text(event, "SUMMARY")
    return [
        pair
        for before in reminders
        for pair in (
            ("VALARM ACTION", "DISPLAY"),
            ("VALARM DESCRIPTION", summary),
            ("VALARM TRIGGER", str(before)),
        )
    ]


def _digest_then(event: Any, alarms: Sequence[tuple[str, str]], said: _Said) -> str:
    """The digest of all that was written of an event, as it was made before."""
    values = [(name, _plain(one, said)) for name, one in event.items() if name in _WRITTEN]
    text = "\n".join(f"{name}:{value}" for name, value in sorted([*values, *alarms]))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any, said: _Said) -> str:
    try:
        at = getattr(value, "dt", None)
    except ValueError:
        at = None
    if isinstance(at, datetime):
        return said(at)
    return str(value if at is None else at)

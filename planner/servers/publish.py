"""Publishing a plan's visits to the clinic's calendar: one resource a visit, never over others.

What is up there tells by itself what it is: the course, the revision (SEQUENCE), and a digest of
all that we wrote. Where the digest no longer agrees somebody changed the event, and nothing is
overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.formatting import moment
from planner.core.records import Plan
from planner.core.zone_rules import by_todays_rules
from planner.documents.calendars import clinic_entry
from planner.documents.ical import Entry, calendar_bytes
from planner.errors import Problem, RefusedError, raise_if_any
from planner.servers.caldav import Collection, Resource

Kind = Literal["create", "move", "update", "cancel", "keep"]
COURSE, DIGEST = "X-PLANNER-COURSE", "X-PLANNER-DIGEST"
_STAMPS = {"DTSTAMP", "LAST-MODIFIED", "CREATED", DIGEST}
# How far before and after the plan an earlier revision's visits are looked for.
REACH_DAYS = 366


class Action(NamedTuple):
    """What is done about one visit; `there` is the event as it is now, if it is."""

    kind: Kind
    what: str
    name: str
    content: bytes
    there: Resource | None

    def carry_out(self, collection: Collection) -> None:
        """Do it, on the condition that nobody changed the event meanwhile."""
        if self.kind == "create":
            collection.create(self.name, self.content)
        elif self.kind != "keep" and self.there is not None:
            collection.replace(self.there, self.content)


class _There(NamedTuple):
    """An event of the course as it is on the server."""

    resource: Resource
    event: Any
    sequence: int
    is_ours: bool


def actions(plan: Plan, collection: Collection, stamp: datetime) -> list[Action]:
    """What has to be done, cancellations last.

    Raises RefusedError, before anything is done, where somebody changed an event, or where a
    later revision or another plan of the same revision is up there.
    """
    there = _of_course(plan, collection)
    found: list[Action] = []
    problems: list[Problem] = []
    for visit in plan.kept:
        entry = clinic_entry(plan, visit, stamp)
        what = f"visit {visit.number}, {moment(entry.start)}"
        content = _content(plan, entry)
        now = there.pop(visit.uid, None)
        if now is None:
            found.append(Action("create", what, f"{visit.uid}.ics", content, None))
            continue
        kind = _difference(now, content)
        if _is_as_issued(now, content, entry):
            # Only the zone's rules changed: the same plan, told by those of today.
            kind = "keep" if _told(now) == _told(_ours(content)) else "update"
            problems += _conflicts(now, what, plan.revision, "keep")
        else:
            problems += _conflicts(now, what, plan.revision, kind)
        found.append(Action(kind, what, f"{visit.uid}.ics", content, now.resource))
    for uid, now in there.items():
        what = str(now.event.get("SUMMARY", uid))
        kind = "keep" if str(now.event.get("STATUS")) == "CANCELLED" else "cancel"
        conflicts = list(_conflicts(now, what, plan.revision, kind))
        problems += conflicts
        if not conflicts:
            content = _content(plan, _cancelled(plan, uid, now, stamp))
            found.append(Action(kind, what, "", content, now.resource))
    raise_if_any(RefusedError, problems)
    return found


def _of_course(plan: Plan, collection: Collection) -> dict[str, _There]:
    """The course's events by UID: those around the plan's days, and those of its visits."""
    # A plan whose lesions are all held has no visit; its first day is where they were.
    first = plan.first_visit.date().toordinal()
    days = [first, *(visit.due.toordinal() for visit in plan.visits)]
    reach = range(min(days) - REACH_DAYS, max(days) + REACH_DAYS)
    found: dict[str, _There] = {}
    for resource in collection.between(reach):
        for event in _events(resource):
            if str(event.get(COURSE, "")) == plan.course:
                found[str(event["UID"])] = _there(resource, event)
    for visit in plan.kept:
        if visit.uid not in found:
            resource_of_visit = collection.get(f"{visit.uid}.ics")
            for event in _events(resource_of_visit) if resource_of_visit else ():
                found[visit.uid] = _there(resource_of_visit, event)  # type: ignore[arg-type]
    return found


def _events(resource: Resource) -> list[Any]:
    from icalendar import Calendar

    try:
        return list(Calendar.from_ical(resource.content).walk("VEVENT"))
    except (ValueError, KeyError, IndexError):
        return []  # a broken event of somebody else's is none of ours


def _there(resource: Resource, event: Any) -> _There:
    there = _There(resource, event, int(event.get("SEQUENCE", 0)), is_ours=False)
    # The first edition's digests are of offsets: those of today, or those of the day when it was
    # published, which the event's own VTIMEZONE has.
    known = (_by_clock, _by_offset, lambda value: _by_offset(_of_its_own(there, value)))
    digest = str(event.get(DIGEST, ""))
    return there._replace(is_ours=any(digest == _digest(event, said) for said in known))


def _ours(content: bytes) -> _There:
    """An event as we would write it."""
    resource = Resource("", "", content)
    return _There(resource, _events(resource)[0], 0, is_ours=True)


def _is_as_issued(now: _There, content: bytes, entry: Entry) -> bool:
    """Whether what is up there is this visit, if by other rules of its zone."""
    hours = ("DTSTART", "DTEND")
    alike = [
        [pair for pair in _values(event) if pair[0] not in (*hours, "SEQUENCE")]
        for event in (now.event, _ours(content).event)
    ]
    return alike[0] == alike[1] and all(
        _is_time(_time(now.event.get(name)), issued, entry.timezone)
        for name, issued in zip(hours, (entry.start, entry.end), strict=True)
    )


def _is_time(there: Any, issued: datetime, zone: str) -> bool:
    """Whether a time is the one that was issued: as the zone's wall clock, or as an instant."""
    if not isinstance(there, datetime) or there.tzinfo is None:
        return False
    if str(there.tzinfo) == zone and zone != "UTC":
        return there.replace(tzinfo=None) == issued.replace(tzinfo=None)
    return there in (issued, by_todays_rules(issued, ZoneInfo(zone)))


def _told(now: _There) -> list[datetime]:
    """The instants that a reader sees who goes by the event's own VTIMEZONE."""
    times = [_of_its_own(now, now.event[name].dt) for name in ("DTSTART", "DTEND")]
    return [one.astimezone(UTC) for one in times]


def _of_its_own(now: _There, value: datetime) -> datetime:
    """A time by the VTIMEZONE that stands beside its event; as it is where there is none."""
    from icalendar import Calendar, Timezone

    try:
        for zone in Calendar.from_ical(now.resource.content).walk("VTIMEZONE"):
            if isinstance(zone, Timezone) and str(zone.get("TZID", "")) == str(value.tzinfo):
                return value.replace(tzinfo=zone.to_tz(lookup_tzid=False))
    except (ValueError, KeyError, IndexError):
        pass  # a broken zone of somebody else's tells nothing
    return value


def _conflicts(now: _There, what: str, revision: int, kind: Kind) -> Iterator[Problem]:
    if not now.is_ours:
        text = "somebody changed it in the calendar; it was not overwritten"
        yield Problem(what, text, "take the change into the course file, or undo it there")
    elif now.sequence > revision:
        text = f"revision {now.sequence} is in the calendar already, this is {revision}"
        yield Problem(what, text, "publish the newest plan")
    elif kind != "keep" and now.sequence == revision:
        text = f"another plan of revision {revision} is in the calendar"
        yield Problem(what, text, "raise the revision of the course")


def _difference(now: _There, content: bytes) -> Kind:
    ours = _ours(content).event
    if _digest(ours) == _digest(now.event):
        return "keep"
    if _without_sequence(ours) == _without_sequence(now.event):
        return "keep"  # the same visit in a later revision
    start = now.event["DTSTART"].dt
    return "move" if start != ours["DTSTART"].dt else "update"


def _content(plan: Plan, entry: Entry) -> bytes:
    """The event with its course and the digest of all that it says."""
    marked = entry._replace(extra=((COURSE, plan.course),))
    event = _ours(calendar_bytes("", [marked])).event
    return calendar_bytes("", [marked._replace(extra=(*marked.extra, (DIGEST, _digest(event))))])


def _by_clock(value: datetime) -> str:
    """A time by what its clock shows, which stands however the rules of its zone change."""
    return f"{value:%Y-%m-%dT%H:%M:%S} {value.tzinfo}"


def _by_offset(value: datetime) -> str:
    return value.isoformat()


def _digest(event: Any, said: Callable[[datetime], str] = _by_clock) -> str:
    text = "\n".join(f"{name}:{value}" for name, value in _values(event, said))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _without_sequence(event: Any) -> list[tuple[str, str]]:
    return [pair for pair in _values(event) if pair[0] != "SEQUENCE"]


def _values(event: Any, said: Callable[[datetime], str] = _by_clock) -> list[tuple[str, str]]:
    """What an event says, its alarms included, however a server wrote it down again."""
    parts = [("", event), *(("VALARM ", alarm) for alarm in event.walk("VALARM"))]
    return sorted(
        (f"{prefix}{name}", _plain(value, said))
        for prefix, component in parts
        for name, value in component.items()
        if name not in _STAMPS
    )


def _time(value: Any) -> Any:
    """The date, time or duration that a property holds; None where it holds none that is sound."""
    try:
        return getattr(value, "dt", None)
    except ValueError:
        return None


def _plain(value: Any, said: Callable[[datetime], str]) -> str:
    at = _time(value)
    if isinstance(at, datetime):
        return said(at)
    if at is not None:
        return f"{value.dt.isoformat()}" if hasattr(value.dt, "isoformat") else str(value.dt)
    return str(value)


def _cancelled(plan: Plan, uid: str, now: _There, stamp: datetime) -> Entry:
    """An event of ours that the plan no longer has, as cancelled."""
    event = now.event
    start = event["DTSTART"].dt
    zone = str(event["DTSTART"].params.get("TZID", "UTC"))
    end = event["DTEND"].dt if "DTEND" in event else start + timedelta(minutes=1)
    return Entry(
        uid=uid,
        sequence=plan.revision,
        stamp=stamp,
        start=start,
        end=end,
        timezone=zone,
        summary=str(event.get("SUMMARY", "")),
        location=str(event.get("LOCATION", "")),
        description=str(event.get("DESCRIPTION", "")),
        cancelled=True,
    )


def summary(done: Sequence[Action]) -> str:
    """`4 created, 1 moved, 1 kept`."""
    words = {"create": "created", "move": "moved", "update": "updated", "cancel": "cancelled",
             "keep": "kept"}  # fmt: skip
    counts = {kind: sum(one.kind == kind for one in done) for kind in words}
    return ", ".join(f"{n} {words[kind]}" for kind, n in counts.items() if n) or "nothing to do"

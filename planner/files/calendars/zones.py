"""The moments of times that calendar files write in zones: by a name, or by the file's own rules.

A zone of a place (`Europe/Copenhagen`) is the one of that name, whatever rules stand in the file:
those are often cut short or outdated. Any other name is that of the calendar's own VTIMEZONE,
else an old name of the IANA database, else one of Windows by the map of Unicode's CLDR.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planner.files.calendars.lines import CalendarLine, Component
from planner.files.calendars.recurrence import Steps, rule_of, starts
from planner.files.calendars.times import (
    IN_UTC,
    UTC_NAMES,
    Length,
    UnreadableError,
    Written,
    moment,
    moments,
)
from planner.files.fields import shown

MOST_HOURS = 14
_MOST_STEPS = 20_000
# What a zone had before this is of no account: its last change before the course is looked for.
_LOOKED_BACK = timedelta(days=800)
_MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d-"
_OFFSET = re.compile(
    rf"[ \t]*([+\uff0b{_MINUS}]?)[ \t]*(\d\d):?([0-5]\d)(?::?([0-5]\d))?[ \t]*", re.ASCII
)
# Whoever makes a zone's moments: local time to UTC.
_ToUtc = Callable[[datetime], datetime]


class Zones:
    """The zones of one calendar. `clinic` is that of floating times; `window` bounds the rules."""

    def __init__(
        self, calendar: Component, clinic: ZoneInfo, window: tuple[datetime, datetime]
    ) -> None:
        self.clinic = clinic
        first, last = (one.replace(tzinfo=None) for one in window)
        self.reach = first - _LOOKED_BACK, last + timedelta(days=2)
        self._own: dict[str, list[Component]] = {}
        for component in calendar.of_kind("VTIMEZONE"):
            name = _plain(component.text("TZID").strip('"'))
            self._own.setdefault(name, []).append(component)
        self._known: dict[str, _ToUtc | UnreadableError] = {}

    @cached_property
    def utc_names(self) -> frozenset[str]:
        """The names of UTC, but those by which the calendar's own rules mean another zone."""
        return frozenset(name for name in UTC_NAMES if self._is_utc(name))

    def _is_utc(self, name: str) -> bool:
        if _of_place(name):
            return True
        try:
            return all(one.is_utc for one in self._own_zones(name))
        except UnreadableError:
            return True  # by the name, as any broken zone

    def instant(self, written: Written) -> datetime:
        """The moment of a time, in UTC. Raises UnreadableError where its zone is not known."""
        if written.is_day or written.zone is None:
            return written.local.replace(tzinfo=self.clinic).astimezone(UTC)
        if written.zone == IN_UTC:
            return written.local.replace(tzinfo=UTC)
        if written.zone not in self._known:
            self._known[written.zone] = self._find(written.zone)
        found = self._known[written.zone]
        if isinstance(found, UnreadableError):
            raise found
        return found(written.local)

    def local(self, moment: datetime, clock: Written) -> datetime:
        """The local time of a moment, by the clock that a time is written by."""
        local = moment.replace(tzinfo=None)
        # The first try may take the offset of the wrong side of a change.
        for _ in range(2):
            local += moment - self.instant(clock._replace(local=local))
        return local

    def end(self, start: Written, end: Written | Length) -> datetime:
        """The moment of an end that is written as a time, or as a length."""
        if isinstance(end, Written):
            return self.instant(end)
        return self.instant(start._replace(local=start.local + end.by_clock)) + end.exact

    def _find(self, name: str) -> _ToUtc | UnreadableError:
        name = _plain(name)
        zone = _of_place(name)
        broken = None
        if zone is None and name in self._own:
            found = self._of_file(name)
            if not isinstance(found, UnreadableError):
                return found
            broken = found
        zone = zone or _iana(name) or _of_windows(name) or _of_vendor(name)
        if zone is None and broken is not None:
            return broken
        if zone is None:
            problem = f"it is in the zone {shown(name)}, which is not known"
            return UnreadableError(problem, "name a time zone as Europe/Copenhagen")
        return _by_name(zone)

    def _of_file(self, name: str) -> _ToUtc | UnreadableError:
        """By the calendar's own rules for a name."""
        try:
            found = self._own_zones(name)
        except UnreadableError as error:
            return UnreadableError(f"its zone {shown(name)}: {error.problem}", error.fix)

        def utc(local: datetime) -> datetime:
            moments = {one.utc(local) for one in found}
            if len(moments) > 1:
                problem = f"its zone {shown(name)} stands twice in the file, with other rules"
                raise UnreadableError(problem, "keep one of them")
            return moments.pop()

        return utc

    def _own_zones(self, name: str) -> list[_OwnZone]:
        return [_OwnZone.of(one, self.reach) for one in self._own.get(name, [])]


def _plain(name: str) -> str:
    """A name without the marks before its commas: a property has them, a parameter seldom."""
    return re.sub(r"\\([,;\\])", r"\1", name)


def _by_name(zone: ZoneInfo) -> _ToUtc:
    return lambda local: local.replace(tzinfo=zone).astimezone(UTC)


def _of_place(name: str) -> ZoneInfo | None:
    """A zone of a region and place; others names may mean what a file wants them to mean."""
    return _iana(name) if "/" in name.strip("/") and not name.startswith("/") else None


def _iana(name: str) -> ZoneInfo | None:
    if not re.fullmatch(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}", name, re.ASCII):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _of_windows(name: str) -> ZoneInfo | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return _iana(WINDOWS_TO_OLSON.get(name, ""))


def _of_vendor(name: str) -> ZoneInfo | None:
    """`/citadel.org/20210210_1/Europe/Berlin`: some programs put their own name before it."""
    parts = name.strip("/").split("/") if name.startswith("/") else []
    return next(
        (zone for n in (3, 2) if len(parts) > n and (zone := _iana("/".join(parts[-n:])))), None
    )


class _OffsetChange(NamedTuple):
    """From a local time on, by the clock before it, a zone has an offset."""

    since: datetime
    before: timedelta
    after: timedelta


class _OwnZone:
    """A zone by the rules in the file, as far as the course goes."""

    def __init__(self, changes: list[_OffsetChange]) -> None:
        self.changes = sorted(changes)
        self.since = [one.since for one in self.changes]
        self.is_utc = not any(one.before or one.after for one in changes)

    @classmethod
    def of(cls, component: Component, reach: tuple[datetime, datetime]) -> _OwnZone:
        """The zone of a VTIMEZONE. Raises UnreadableError."""
        steps = Steps(_MOST_STEPS)
        changes = [change for part in component.parts for change in _changes(part, reach, steps)]
        if not changes:
            raise UnreadableError("it has no rules")
        return cls(changes)

    def utc(self, local: datetime) -> datetime:
        """The moment of a local time: by the last change at or before it."""
        at = bisect_right(self.since, local)
        offset = self.changes[at - 1].after if at else self.changes[0].before
        return (local - offset).replace(tzinfo=UTC)


def _changes(
    part: Component, reach: tuple[datetime, datetime], steps: Steps
) -> Iterator[_OffsetChange]:
    """When one part of a zone (its standard or summer time) begins, as far as that matters."""
    before, after = (_offset(part, name) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    lines = part.lines("DTSTART")
    if len(lines) != 1:
        raise UnreadableError("it does not say since when it holds")
    # .NET writes the first year of all for "since ever", Windows 1601: their days are the same.
    since = lines[0]._replace(value=re.sub("^0001", "1601", lines[0].value))
    first = _OffsetChange(_local(moment("DTSTART", since), before), before, after)
    yield first
    for line in part.lines("RRULE"):
        yield from _by_rule(line, first, reach, steps)
    for written, _ in moments("RDATE", part.lines("RDATE")):
        steps.take()
        yield first._replace(since=_local(written, before))


def _by_rule(
    line: CalendarLine, first: _OffsetChange, reach: tuple[datetime, datetime], steps: Steps
) -> Iterator[_OffsetChange]:
    rule = rule_of(line.value)
    if rule.frequency not in ("YEARLY", "MONTHLY"):
        raise UnreadableError("its clock changes more than monthly")
    until = datetime.max
    if rule.until:
        until = _local(moment("UNTIL", CalendarLine({}, rule.until)), first.before)
    begin = min(reach[0], max(until, datetime(1000, 1, 1)) - _LOOKED_BACK)
    for since in starts(rule, first.since, (begin, reach[1]), steps):
        if since > until:
            return
        yield first._replace(since=since)


def _local(written: Written, before: timedelta) -> datetime:
    """By the clock before the change; some programs write UTC."""
    return written.local + before if written.zone == IN_UTC else written.local


def _offset(part: Component, name: str) -> timedelta:
    """An offset; one without sign is ahead of UTC. Raises UnreadableError."""
    found = _OFFSET.fullmatch(part.text(name))
    if found is None:
        raise UnreadableError(f"its {name} is no offset: {shown(part.text(name))}")
    sign = -1 if found[1] and found[1] in _MINUS else 1
    made = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if made > timedelta(hours=MOST_HOURS):
        raise UnreadableError(f"its {name} is over {MOST_HOURS} hours: {shown(part.text(name))}")
    return sign * made

"""Strict RFC 5545 out of `ics`: order, folding, time zones and escapes as readers want them.

ics 0.7 writes alarms first, knows only UTC, folds nothing and lets control characters pass; its
public hook for this is the serializer of each component's Meta. It is never used for reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ics import Calendar, DisplayAlarm, Event
from ics.grammar.parse import Container, ContentLine
from ics.serializers.alarm_serializer import DisplayAlarmSerializer
from ics.serializers.event_serializer import EventSerializer
from ics.serializers.icalendar_serializer import CalendarSerializer

from planner.core.plan.zone_rules import by_todays_rules
from planner.documents.timezones import vtimezone

PRODID = "-//planner//planner//EN"
LINE_OCTETS = 75
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f]")

Step = Callable[[Any, Container], None]


class CalendarEntry(NamedTuple):
    """One calendar event. `start` and `end` carry the offset of `timezone`.

    `reminders` are times before the start, `cancelled` keeps the event as no longer held,
    `extra` are further text properties.
    """

    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    timezone: str
    summary: str
    location: str = ""
    description: str = ""
    reminders: tuple[timedelta, ...] = ()
    cancelled: bool = False
    extra: tuple[tuple[str, str], ...] = ()


def calendar_bytes(name: str, entries: Iterable[CalendarEntry]) -> bytes:
    """A calendar file of the entries, by their start; an empty name for a server's resource.

    The wall clock of an entry stands: an offset that today's rules of its zone contradict gives
    way to theirs.

    Raises ValueError for control characters, and for two entries with one UID, which ics would
    merge without a word.
    """
    today = (
        one._replace(start=of_today(one.start, one.timezone), end=of_today(one.end, one.timezone))
        for one in entries
    )
    ordered = sorted(today, key=lambda entry: (entry.start, entry.uid))
    if len({entry.uid for entry in ordered}) != len(ordered):
        raise ValueError("two entries have one UID")
    zones = _zones(ordered)
    events = [
        _StrictEvent(entry, entry.timezone if entry.timezone in zones else None)
        for entry in ordered
    ]
    text: str = _StrictCalendar(name, events, zones).serialize()
    return _folded(text).encode("utf-8")


def escaped(text: str) -> str:
    """TEXT as RFC 5545 escapes it; raises ValueError for a control character."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _FORBIDDEN.search(text):
        raise ValueError("a control character cannot stand in a calendar")
    for character in ("\\", ";", ","):
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")


def duration(before: timedelta) -> str:
    """`P1D`, `PT2H`, `PT0S`: one unit, never the `P` or `P1W3D` that ics writes."""
    minutes, seconds = divmod(int(before.total_seconds()), 60)
    if seconds or not minutes:
        return f"PT{minutes * 60 + seconds}S"
    if minutes % 1440 == 0:
        return f"P{minutes // 1440}D"
    return f"PT{minutes // 60}H" if minutes % 60 == 0 else f"PT{minutes}M"


def _zones(entries: list[CalendarEntry]) -> dict[str, tuple[str, ...]]:
    """The zones that can be written, each right for the years of its entries."""
    years: dict[str, list[int]] = {}
    for entry in entries:
        years.setdefault(entry.timezone, []).extend((entry.start.year, entry.end.year))
    found = {zone: vtimezone(zone, min(here), max(here)) for zone, here in years.items()}
    return {zone: lines for zone, lines in found.items() if lines}


def of_today(moment: datetime, zone: str) -> datetime:
    """The wall clock of a time by today's rules of its zone, where that is a zone we know."""
    try:
        return by_todays_rules(moment, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _moment(name: str, moment: datetime, zone: str | None) -> ContentLine:
    if zone is None:
        return ContentLine(name, value=_utc(moment))
    return ContentLine(name, {"TZID": [zone]}, f"{moment:%Y%m%dT%H%M%S}")


def _text(container: Container, name: str, text: str) -> None:
    if text:
        container.append(ContentLine(name, value=escaped(text)))


class _AlarmSerializer(DisplayAlarmSerializer):  # type: ignore[misc]
    """Action, description, trigger."""

    @classmethod
    def get_serializers(cls) -> list[Step]:
        return [cls.serialize_action, cls.serialize_text, cls.serialize_before]

    @staticmethod
    def serialize_text(alarm: DisplayAlarm, container: Container) -> None:
        _text(container, "DESCRIPTION", alarm.display_text)

    @staticmethod
    def serialize_before(alarm: DisplayAlarm, container: Container) -> None:
        container.append(ContentLine("TRIGGER", value=f"-{duration(-alarm.trigger)}"))


class _StrictAlarm(DisplayAlarm):  # type: ignore[misc]
    class Meta(DisplayAlarm.Meta):  # type: ignore[misc]
        serializer = _AlarmSerializer


class _EventSerializer(EventSerializer):  # type: ignore[misc]
    """Identity, time, words, state, and the alarms last."""

    @classmethod
    def get_serializers(cls) -> list[Step]:
        return [cls.serialize_entry, cls.serialize_alarms]

    @staticmethod
    def serialize_entry(event: _StrictEvent, container: Container) -> None:
        entry, zone = event.entry, event.zone
        stamp = _utc(entry.stamp)
        container.append(ContentLine("UID", value=entry.uid))
        container.append(ContentLine("DTSTAMP", value=stamp))
        container.append(ContentLine("LAST-MODIFIED", value=stamp))
        container.append(ContentLine("SEQUENCE", value=str(entry.sequence)))
        container.append(_moment("DTSTART", entry.start, zone))
        container.append(_moment("DTEND", entry.end, zone))
        _text(container, "SUMMARY", entry.summary)
        _text(container, "LOCATION", entry.location)
        _text(container, "DESCRIPTION", entry.description)
        container.append(ContentLine("CLASS", value="PRIVATE"))
        status = "CANCELLED" if entry.cancelled else "CONFIRMED"
        container.append(ContentLine("STATUS", value=status))
        transparency = "TRANSPARENT" if entry.cancelled else "OPAQUE"
        container.append(ContentLine("TRANSP", value=transparency))
        for name, text in entry.extra:
            _text(container, name, text)

    @staticmethod
    def serialize_alarms(event: _StrictEvent, container: Container) -> None:
        for alarm in event.alarms:
            container.append(alarm.serialize())


class _StrictEvent(Event):  # type: ignore[misc]
    """An event of ics that is written from its entry; `zone` is None for UTC instants."""

    class Meta(Event.Meta):  # type: ignore[misc]
        serializer = _EventSerializer

    def __init__(self, entry: CalendarEntry, zone: str | None) -> None:
        reminders = () if entry.cancelled else entry.reminders
        super().__init__(
            uid=entry.uid,
            alarms=[_StrictAlarm(-before, display_text=entry.summary) for before in reminders],
        )
        self.entry = entry
        self.zone = zone


class _CalendarSerializer(CalendarSerializer):  # type: ignore[misc]
    """Properties, then time zones, then events in the order given."""

    @classmethod
    def get_serializers(cls) -> list[Step]:
        return [cls.serialize_properties, cls.serialize_zones, cls.serialize_events]

    @staticmethod
    def serialize_properties(calendar: _StrictCalendar, container: Container) -> None:
        container.append(ContentLine("VERSION", value="2.0"))
        container.append(ContentLine("PRODID", value=PRODID))
        container.append(ContentLine("CALSCALE", value="GREGORIAN"))
        if calendar.name:
            _text(container, "NAME", calendar.name)
            _text(container, "X-WR-CALNAME", calendar.name)
            interval = {"VALUE": ["DURATION"]}
            container.append(ContentLine("REFRESH-INTERVAL", interval, "PT12H"))

    @staticmethod
    def serialize_zones(calendar: _StrictCalendar, container: Container) -> None:
        for lines in calendar.zones.values():
            container.extend(lines)

    @staticmethod
    def serialize_events(calendar: _StrictCalendar, container: Container) -> None:
        for event in calendar.ordered:
            container.append(event.serialize())


class _StrictCalendar(Calendar):  # type: ignore[misc]
    """A calendar of ics that keeps the order of its events."""

    class Meta(Calendar.Meta):  # type: ignore[misc]
        serializer = _CalendarSerializer

    def __init__(
        self, name: str, events: list[_StrictEvent], zones: dict[str, tuple[str, ...]]
    ) -> None:
        super().__init__(events=events)
        self.name = name
        self.ordered = events
        self.zones = zones


def _folded(text: str) -> str:
    """Lines of at most 75 octets, no character split, each ended by CRLF."""
    return "".join(f"{_fold(line)}\r\n" for line in text.split("\r\n"))


def _fold(line: str) -> str:
    if line.isascii() and len(line) <= LINE_OCTETS:
        return line
    parts, current, octets = [], "", 0
    for character in line:
        size = len(character.encode("utf-8"))
        if octets + size > LINE_OCTETS:
            parts.append(current)
            # The space that begins a folded line counts.
            current, octets = "", 1
        current += character
        octets += size
    return "\r\n ".join([*parts, current])

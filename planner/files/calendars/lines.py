"""The lines of a calendar file: the components and properties that say what is taken.

All else is left out before it is read, so that a broken reminder or a strange property of no
importance stops nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from planner.errors import InputError, Problem
from planner.files.fields import shown

MOST_COMPONENTS = 50_000
_FIX = "export it again as an iCalendar file"
# The names that can hold several times, or one; their values have no colon.
TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE", "FREEBUSY"})
_WANTED: Mapping[str, frozenset[str]] = {
    "VCALENDAR": frozenset(),
    "VEVENT": TIMES
    | {
        "UID", "DURATION", "RRULE", "EXRULE", "SEQUENCE", "STATUS", "TRANSP", "X-PLANNER-COURSE",
        "X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT",
        "X-FUNAMBOL-ALLDAY", "X-MICROSOFT-CDO-BUSYSTATUS",
    },
    "VFREEBUSY": frozenset({"UID", "FREEBUSY"}),
    "VTIMEZONE": frozenset({"TZID"}),
    "STANDARD": frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"}),
    "DAYLIGHT": frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"}),
}  # fmt: skip
_PLACES: Mapping[str, str] = {
    "VEVENT": "VCALENDAR",
    "VFREEBUSY": "VCALENDAR",
    "VTIMEZONE": "VCALENDAR",
    "STANDARD": "VTIMEZONE",
    "DAYLIGHT": "VTIMEZONE",
}
_NAME = re.compile(r"[A-Za-z0-9-]++")
# Up to the first colon outside of quotes.
_HEAD = re.compile(r'[^:"]*+(?:"[^"]*+"[^:"]*+)*+:')
_PARAMETER = re.compile(r';[ \t]*+([A-Za-z0-9-]++)[ \t]*+=[ \t]*+("[^"]*+"|[^;"]*+)')


class CalendarLine(NamedTuple):
    """A property: its parameters, their names in capitals, and its value as it is written."""

    parameters: Mapping[str, str]
    value: str


@dataclass
class Component:
    """A component with the properties that are wanted of it, and the components inside."""

    kind: str
    properties: dict[str, list[CalendarLine]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def __str__(self) -> str:
        """`VEVENT 1234@example`, as a message names it."""
        called = "TZID" if self.kind == "VTIMEZONE" else "UID"
        return f"{self.kind} {shown(self.text(called)).strip(chr(34))}".strip()

    def lines(self, name: str) -> list[CalendarLine]:
        """The lines of a property; they are several where it stands several times."""
        return self.properties.get(name, [])

    def text(self, name: str) -> str:
        """The value of a property, the first one of several; empty where there is none."""
        found = self.lines(name)
        return found[0].value.strip() if found else ""

    def of_kind(self, kind: str) -> Iterator[Component]:
        """The components of a kind inside."""
        return (one for one in self.parts if one.kind == kind)


def read_calendars(content: bytes) -> list[Component]:
    """The calendars of a file, each by itself. Raises InputError for what is none, or cut short."""
    reading = _Reading()
    for line in _text(content).split("\n"):
        if line.strip():
            reading.take(line)
    return reading.finish()


def _text(content: bytes) -> str:
    """The text of a file, its folded lines as one; an old file may be in Windows' letters."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode()
    content = content.removeprefix(codecs.BOM_UTF8).rstrip(b"\x00\x1a")
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    content = re.sub(rb"\n{2,}", b"\n", content)
    # A fold may lie inside a character, so that it is undone before letters are read.
    content = content.replace(b"\n ", b"").replace(b"\n\t", b"")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


class _Reading:
    """The components that are open while lines are read; None stands for one that is left out."""

    def __init__(self) -> None:
        self.calendars: list[Component] = []
        self.open: list[tuple[str, Component | None]] = []
        self.count = 0

    def take(self, line: str) -> None:
        name = _NAME.match(line)
        called = name[0].upper() if name else ""
        if called in ("BEGIN", "END"):
            what = line.partition(":")[2].strip().upper()
            (self._begin if called == "BEGIN" else self._end)(what)
            return
        if not self.open:
            raise InputError(Problem("", "it is no calendar", _FIX))
        component = self.open[-1][1]
        if component is not None and called in _WANTED[component.kind]:
            found = _line(called, line)
            if found is None:
                raise InputError(Problem(str(component), f"its {called} cannot be read", _FIX))
            component.properties.setdefault(called, []).append(found)

    def _begin(self, kind: str) -> None:
        if not self.open and kind != "VCALENDAR":
            raise InputError(Problem("", "it is no calendar", _FIX))
        outer, component = self.open[-1] if self.open else ("", None)
        if component is not None and kind == outer:
            raise InputError(_unended(component))
        made = None
        if kind == "VCALENDAR" and not self.open:
            made = Component(kind)
            self.calendars.append(made)
        elif component is not None and _PLACES.get(kind) == outer:
            made = Component(kind)
            component.parts.append(made)
            self.count += 1
            if self.count > MOST_COMPONENTS:
                problem = f"it holds over {MOST_COMPONENTS} events"
                raise InputError(Problem("", problem, "export fewer years of it"))
        self.open.append((kind, made))

    def _end(self, kind: str) -> None:
        while self.open and self.open[-1][0] != kind and self.open[-1][1] is None:
            if all(one != kind for one, _ in self.open):
                return  # of a component that nobody needs
            self.open.pop()
        if not self.open or self.open[-1][0] != kind:
            component = self.open[-1][1] if self.open else None
            if component is None:
                raise InputError(Problem("", "it is no calendar", _FIX))
            raise InputError(_unended(component))
        self.open.pop()

    def finish(self) -> list[Component]:
        if not self.calendars:
            raise InputError(Problem("", "it is no calendar", _FIX))
        if self.open:
            inner = [one for _, one in self.open if one is not None]
            raise InputError(_unended(inner[-1]))
        return self.calendars


def _unended(component: Component) -> Problem:
    return Problem(str(component), "it has no end: the file was cut short", _FIX)


def _line(name: str, line: str) -> CalendarLine | None:
    """A property out of its line; None where it has no value."""
    if name in TIMES:
        # Some programs write a zone with a colon in its name without quotes.
        head, colon, value = line.rpartition(":")
        if not colon:
            return None
        found = _PARAMETER.findall(head)
        return CalendarLine({key.upper(): _unquoted(one) for key, one in found}, value.strip())
    end = _HEAD.match(line)
    return None if end is None else CalendarLine({}, line[end.end() :])


def _unquoted(value: str) -> str:
    return value.strip().strip('"').strip()

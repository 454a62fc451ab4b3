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

from planner.core.plan.calendar_ids import COURSE_MARK, PATIENT_MARK
from planner.errors import InputError, Problem
from planner.files.fields import shown, shown_key

MOST_COMPONENTS = 50_000
_FIX = "export it again as an iCalendar file"
# The names that can hold several times, or one; their values have no colon.
TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE", "FREEBUSY"})
_WANTED: Mapping[str, frozenset[str]] = {
    "VCALENDAR": frozenset(),
    "VEVENT": TIMES
    | {
        "UID", "DURATION", "RRULE", "EXRULE", "SEQUENCE", "STATUS", "TRANSP",
        COURSE_MARK, PATIENT_MARK,
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


@dataclass
class _Open:
    """A component that has begun; one that is left out stands with what is read around it.

    `hides` tells that something stood in it that is wanted, had it ended before that.
    """

    kind: str
    component: Component
    is_left_out: bool = False
    hides: bool = False

    def __str__(self) -> str:
        if self.is_left_out:
            return f"{shown_key(self.kind)} in {self.component}"
        return str(self.component)


class _Reading:
    """The components that are open while lines are read."""

    def __init__(self) -> None:
        self.calendars: list[Component] = []
        self.open: list[_Open] = []
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
        inner = self.open[-1]
        if called not in _WANTED[inner.component.kind]:
            return
        inner.hides = inner.is_left_out
        if not inner.is_left_out:
            found = _line(called, line)
            if found is None:
                problem = f"its {called} cannot be read"
                raise InputError(Problem(str(inner.component), problem, _FIX))
            inner.component.properties.setdefault(called, []).append(found)

    def _begin(self, kind: str) -> None:
        if not self.open:
            if kind != "VCALENDAR":
                raise InputError(Problem("", "it is no calendar", _FIX))
            self.calendars.append(Component(kind))
            self.open.append(_Open(kind, self.calendars[-1]))
            return
        around = self.open[-1]
        if around.is_left_out:
            around.hides |= kind in _WANTED
        elif kind == around.kind:
            raise InputError(_unended(around))
        is_left_out = around.is_left_out or _PLACES.get(kind) != around.kind
        made = around.component if is_left_out else self._part(around.component, kind)
        self.open.append(_Open(kind, made, is_left_out))

    def _part(self, around: Component, kind: str) -> Component:
        around.parts.append(Component(kind))
        self.count += 1
        if self.count > MOST_COMPONENTS:
            problem = f"it holds over {MOST_COMPONENTS} events"
            raise InputError(Problem("", problem, "export fewer years of it"))
        return around.parts[-1]

    def _end(self, kind: str) -> None:
        if not self.open:
            raise InputError(Problem("", "it is no calendar", _FIX))
        if self.open[-1].is_left_out and all(one.kind != kind for one in self.open):
            return  # of a component that nobody needs
        while (inner := self.open.pop()).kind != kind:
            if not inner.is_left_out or (inner.hides and not self.open[-1].is_left_out):
                raise InputError(_unended(inner))
            # What stood in one without an end may have been meant to stand after it.
            self.open[-1].hides |= inner.hides

    def finish(self) -> list[Component]:
        if not self.calendars:
            raise InputError(Problem("", "it is no calendar", _FIX))
        if self.open:
            raise InputError(_unended(self.open[-1]))
        return self.calendars


def _unended(unended: _Open) -> Problem:
    return Problem(str(unended), "it has no end: the file was cut short", _FIX)


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

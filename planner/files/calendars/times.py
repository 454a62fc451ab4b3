"""Dates, times and lengths as calendar files write them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from planner.files.calendars.lines import CalendarLine
from planner.files.fields import shown

# Under these names a time that ends in Z is said once, and doubtful under any other.
UTC_NAMES = frozenset(
    {
        "UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal",
        "Etc/Universal", "Greenwich", "Etc/Greenwich", "Z", "tzone://Microsoft/Utc",
    }
)  # fmt: skip
# No TZID is so, not even `UTC`: the spaces around one are left out.
IN_UTC = " UTC"
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(
    r"([+-]?)P(?:(\d{1,7})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII | re.IGNORECASE,
)
# What a layout can look at lies far inside, and a moment after a length is still a date.
FIRST_YEAR, LAST_YEAR = 1, 9000
LONGEST = timedelta(days=300_000)


class UnreadableError(Exception):
    """What is needed and cannot be read, and how to mend it."""

    def __init__(self, problem: str, fix: str = "mend or remove it") -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


class Written(NamedTuple):
    """A time as it is written: by the clock of a zone, `IN_UTC`, or of none (floating).

    A whole day is its midnight and has no zone.
    """

    local: datetime
    zone: str | None = None
    is_day: bool = False

    @property
    def day(self) -> date:
        """The day by the clock that it is written in."""
        return self.local.date()


class Length(NamedTuple):
    """How long something lasts: first by the clock, as days do, then in exact time."""

    by_clock: timedelta = timedelta()
    exact: timedelta = timedelta()

    @property
    def total(self) -> timedelta:
        """As long as it is where no clock changes."""
        return self.by_clock + self.exact


def moment(
    name: str,
    line: CalendarLine,
    value: str | None = None,
    utc_names: Container[str] = UTC_NAMES,
) -> Written:
    """The time of a property, or of one of its values. Raises UnreadableError."""
    value = (line.value if value is None else value).strip()
    zone = line.parameters.get("TZID") or None
    if day := _DAY.fullmatch(value):
        return Written(_datetime(name, value, day.groups()), None, is_day=True)
    clock = _TIME.fullmatch(value)
    if clock is None:
        raise UnreadableError(f"its {name} is no date and time: {shown(value)}")
    local = _datetime(name, value, clock.groups()[:6])
    if line.parameters.get("VALUE", "").upper() == "DATE":
        if local.time() != time():
            raise UnreadableError(f"its {name} is said to be a day and has a time: {shown(value)}")
        return Written(local, None, is_day=True)
    if not clock[7]:
        return Written(local, IN_UTC if zone in utc_names else zone)
    if zone is not None and zone not in utc_names:
        said = f"{name} names a zone ({shown(zone)}) and is in UTC too: {shown(value)}"
        raise UnreadableError(f"its {said}", "keep one of them")
    return Written(local, IN_UTC)


def _datetime(name: str, value: str, parts: tuple[str, ...]) -> datetime:
    year, month, day, *clock = (int(one) for one in parts)
    hour, minute, second = clock or (0, 0, 0)
    if second == 60:
        second = 59  # a leap second
    try:
        found = datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise UnreadableError(f"its {name} is no date and time: {shown(value)}") from error
    if not FIRST_YEAR < found.year < LAST_YEAR:
        raise UnreadableError(f"its year {found.year} is out of reach")
    return found


def length(name: str, value: str) -> Length:
    """A length of time. Raises UnreadableError where it is none, or below 0."""
    found = _LENGTH.fullmatch(value.strip())
    if found is None or not any(found.groups()[1:]):
        raise UnreadableError(f"its {name} is no length of time: {shown(value)}")
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:])
    exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    made = Length(timedelta(weeks=weeks, days=days), exact)
    if made.total > LONGEST:
        raise UnreadableError(f"its {name} is too long: {shown(value)}")
    if found[1] == "-" and made.total:
        raise UnreadableError(f"its {name} is below 0")
    return made


def moments(
    name: str, lines: list[CalendarLine], utc_names: Container[str] = UTC_NAMES
) -> Iterator[tuple[Written, Written | Length | None]]:
    """The times of a property that can hold several; with its end or length, where one has it."""
    for line in lines:
        for value in line.value.split(","):
            start, slash, end = value.partition("/")
            if not value.strip():
                continue
            if not slash:
                yield moment(name, line, start, utc_names), None
            elif end.strip()[:1].upper() in ("P", "+", "-"):
                yield moment(name, line, start, utc_names), length(name, end)
            else:
                ends = moment(name, line, end, utc_names)
                yield moment(name, line, start, utc_names), ends

"""VTIMEZONE of one STANDARD and one DAYLIGHT by yearly rule: the form that every reader takes."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class _Change:
    """A change of the clock: the UTC moment, the offsets before and after, the new name."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def wall(self) -> datetime:
        """What the clock shows when it changes."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def places(self) -> list[tuple[int, str, int, int]]:
        """How a yearly rule could name its day: (month, weekday, which of them, minutes)."""
        wall = self.wall
        month_days = calendar.monthrange(wall.year, wall.month)[1]
        which = [(wall.day - 1) // 7 + 1]
        if wall.day + 7 > month_days:
            # "The last Sunday" before "the fourth": it is what laws say.
            which.insert(0, -1)
        minutes = wall.hour * 60 + wall.minute
        return [(wall.month, _DAYS[wall.weekday()], n, minutes) for n in which]


@cache
def vtimezone(key: str, first_year: int, last_year: int) -> tuple[str, ...] | None:
    """The lines of a zone's VTIMEZONE, right for all days of the years (inclusive).

    Empty where the zone is UTC itself; None where one yearly rule for each half cannot say it,
    so that times have to be written as UTC instants.
    """
    zone = ZoneInfo(key)
    # The year after as well: any two changes of a single year would pass for a yearly rule.
    changes = [_changes(zone, year) for year in range(first_year, last_year + 2)]
    start = datetime(first_year, 1, 1, tzinfo=zone)
    if not any(changes):
        offset, name = start.utcoffset() or timedelta(), start.tzname() or key
        if not offset and name == "UTC":
            return ()
        rows = _observance("STANDARD", ["DTSTART:19700101T000000"], offset, offset, name)
        return ("BEGIN:VTIMEZONE", f"TZID:{key}", *rows, "END:VTIMEZONE")
    if any(len(year) != 2 for year in changes):
        return None
    halves: list[list[str]] = []
    for half in zip(*changes, strict=True):
        common = [place for place in half[0].places if all(place in one.places for one in half)]
        same = {(one.before, one.after) for one in half}
        if not common or len(same) != 1 or any(one.wall.second for one in half):
            return None
        halves.append(_changing(half[0], common[0]))
    if halves[0][0] == halves[1][0]:
        return None
    # The standard half first, as most writers have it.
    halves.sort(reverse=True)
    return ("BEGIN:VTIMEZONE", f"TZID:{key}", *halves[0], *halves[1], "END:VTIMEZONE")


def _changes(zone: ZoneInfo, year: int) -> tuple[_Change, ...]:
    """The changes of offset in a year, to the second."""
    found = []
    # From the last day of the year before, by UTC, so that no change at midnight is missed.
    at = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    while at < datetime(year + 1, 1, 1, tzinfo=UTC):
        after = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            change = _between(zone, at, after)
            if change.wall.year == year:
                found.append(change)
        at = after
    return tuple(found)


def _between(zone: ZoneInfo, low: datetime, high: datetime) -> _Change:
    """The one change between two moments, by halving."""
    before = low.astimezone(zone).utcoffset() or timedelta()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if (middle.astimezone(zone).utcoffset() or timedelta()) == before:
            low = middle
        else:
            high = middle
    local = high.astimezone(zone)
    return _Change(high, before, local.utcoffset() or timedelta(), local.tzname() or zone.key)


def _changing(change: _Change, place: tuple[int, str, int, int]) -> list[str]:
    month, weekday, which, minutes = place
    kind = "DAYLIGHT" if change.after > change.before else "STANDARD"
    start = _in_1970(month, weekday, which)
    stamp = f"{start:%Y%m%d}T{minutes // 60:02}{minutes % 60:02}00"
    rule = f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={which}{weekday}"
    start_rows = [f"DTSTART:{stamp}", rule]
    return _observance(kind, start_rows, change.before, change.after, change.name)


def _in_1970(month: int, weekday: str, which: int) -> date:
    """The day that the rule names in 1970, from which it is written to hold."""
    days = [
        date(1970, month, day)
        for day in range(1, calendar.monthrange(1970, month)[1] + 1)
        if _DAYS[date(1970, month, day).weekday()] == weekday
    ]
    return days[which] if which < 0 else days[min(which, len(days)) - 1]


def _observance(
    kind: str, start: Sequence[str], before: timedelta, after: timedelta, name: str
) -> list[str]:
    return [
        f"BEGIN:{kind}",
        *start,
        f"TZOFFSETFROM:{_offset(before)}",
        f"TZOFFSETTO:{_offset(after)}",
        f"TZNAME:{name}",
        f"END:{kind}",
    ]


def _offset(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, seconds = "-" if seconds < 0 else "+", abs(seconds)
    text = f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return text + f"{seconds % 60:02}" if seconds % 60 else text

"""How many others are at the clinic at each moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime
from itertools import accumulate
from typing import NamedTuple

from planner.core.calendar.clinic import ONE_ROOM, Kind, Share

# Seconds.
_DAY = 86400


class Busy(NamedTuple):
    """A time that is taken, from `start` (inclusive) to `end` (exclusive), both with a zone.

    `takes` is what it takes of the clinic: a room, where nothing else is known of it.
    """

    start: datetime
    end: datetime
    takes: Share = ONE_ROOM


class _Counts:
    """How many there are from each moment to the next, out of what begins and ends."""

    def __init__(self) -> None:
        self._changes: dict[float, int] = {}
        # The moments and the number from each on; None where a change came since.
        self._known: tuple[list[float], list[int]] | None = None

    def add(self, start: float, end: float, number: int) -> None:
        """So many more from a moment to another."""
        self._changes[start] = self._changes.get(start, 0) + number
        self._changes[end] = self._changes.get(end, 0) - number
        self._known = None

    def peak(self, begin: float, finish: float) -> int:
        """The most at one moment from one (inclusive) to another (exclusive)."""
        if self._known is None:
            moments = sorted(self._changes)
            self._known = moments, list(accumulate(self._changes[one] for one in moments))
        moments, counts = self._known
        first = bisect_right(moments, begin) - 1
        last = bisect_left(moments, finish)
        return max(counts[max(0, first) : last], default=0)


class Occupancy:
    """Taken times, kept day by day so that many courses can be laid out after one another.

    A time that lasts for weeks counts on its whole days by their number alone.
    """

    def __init__(self, busy: Iterable[Busy] = ()) -> None:
        self._days: dict[tuple[Kind, int], _Counts] = {}
        self._whole_days: dict[Kind, _Counts] = {}
        for one in busy:
            self.add(one)

    def add(self, busy: Busy) -> None:
        """Take a time; times that overlap add up."""
        start, end = busy.start.timestamp(), busy.end.timestamp()
        days = _days(start, end)
        if len(days) > 2:
            for kind, number in busy.takes.items():
                self._whole_days.setdefault(kind, _Counts()).add(days[1], days[-1], number)
            days_in_part = [days[0], days[-1]]
        else:
            days_in_part = [*days]
        for day in days_in_part:
            first, last = max(start, day * _DAY), min(end, (day + 1) * _DAY)
            for kind, number in busy.takes.items():
                self._days.setdefault((kind, day), _Counts()).add(first, last, number)

    def peak(self, start: datetime, end: datetime, kind: Kind = "rooms") -> int:
        """The most of a kind taken at a moment from `start` (inclusive) to `end` (exclusive)."""
        begin, finish = start.timestamp(), end.timestamp()
        found = 0
        for day in _days(begin, finish):
            whole, in_part = self._whole_days.get(kind), self._days.get((kind, day))
            taken = whole.peak(day, day + 1) if whole else 0
            taken += in_part.peak(begin, finish) if in_part else 0
            found = max(found, taken)
        return found


class OccupancyByDay(Occupancy):
    """Taken times of which a day's are read when somebody asks for it; `busy` are known already."""

    def __init__(self, read: Callable[[date], Iterable[Busy]], busy: Iterable[Busy] = ()) -> None:
        super().__init__(busy)
        self.read = read
        self._known: set[date] = set()

    def peak(self, start: datetime, end: datetime, kind: Kind = "rooms") -> int:
        """As `Occupancy.peak`; both moments are in the clinic's zone, in which its days are."""
        for on in {start.date(), end.date()} - self._known:
            self._known.add(on)
            for one in self.read(on):
                self.add(one)
        return super().peak(start, end, kind)


def _days(start: float, end: float) -> range:
    """The UTC days that a stretch touches; an empty stretch touches none."""
    if end <= start:
        return range(0)
    return range(int(start // _DAY), int(-(-end // _DAY)))

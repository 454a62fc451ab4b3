"""How many others are at the clinic at each moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class Busy:
    """A time that is taken, from `start` (inclusive) to `end` (exclusive), both with a zone."""

    start: datetime
    end: datetime


@dataclass
class _Steps:
    """The count from each moment to the next, of the times that touch one UTC day."""

    moments: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def cut(self, moment: float) -> int:
        at = bisect_left(self.moments, moment)
        if at == len(self.moments) or self.moments[at] != moment:
            self.moments.insert(at, moment)
            self.counts.insert(at, self.counts[at - 1] if at else 0)
        return at


class Occupancy:
    """Taken times, kept day by day so that many courses can be laid out after one another.

    A day has no more steps than distinct starts and ends, however many visits share them.
    """

    def __init__(self, busy: Iterable[Busy] = ()) -> None:
        self._days: dict[int, _Steps] = {}
        for one in busy:
            self.add(one)

    def add(self, busy: Busy) -> None:
        """Take a time; times that overlap add up."""
        start, end = busy.start.timestamp(), busy.end.timestamp()
        for day in _days(start, end):
            steps = self._days.setdefault(day, _Steps())
            # A time that goes on into another day is whole in both: each is asked for itself.
            for at in range(steps.cut(start), steps.cut(end)):
                steps.counts[at] += 1

    def peak(self, start: datetime, end: datetime) -> int:
        """The most that are there at one moment from `start` (inclusive) to `end` (exclusive)."""
        begin, finish = start.timestamp(), end.timestamp()
        found = 0
        for day in _days(begin, finish):
            steps = self._days.get(day)
            if steps is not None:
                first = max(0, bisect_right(steps.moments, begin) - 1)
                last = bisect_left(steps.moments, finish)
                found = max(found, *steps.counts[first:last], 0)
        return found


class OccupancyByDay(Occupancy):
    """Taken times of which a day's are read when somebody asks for it; `busy` are known already."""

    def __init__(self, read: Callable[[date], Iterable[Busy]], busy: Iterable[Busy] = ()) -> None:
        super().__init__(busy)
        self._read = read
        self._known: set[date] = set()

    def peak(self, start: datetime, end: datetime) -> int:
        """As `Occupancy.peak`; both moments are in the clinic's zone, in which its days are."""
        for on in {start.date(), end.date()} - self._known:
            self._known.add(on)
            for one in self._read(on):
                self.add(one)
        return super().peak(start, end)


def _days(start: float, end: float) -> range:
    """The UTC days that a stretch touches; an empty stretch touches none."""
    if end <= start:
        return range(0)
    return range(int(start // 86400), int(-(-end // 86400)))

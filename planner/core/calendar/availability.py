"""When a visit can be: opening hours, closures, public holidays, what is taken, the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planner.core.calendar.clinic import Clinic, Closure, Kind, OpeningHours, Purpose, Share
from planner.core.calendar.occupancy import Occupancy
from planner.core.values.days import LAST_DAY
from planner.core.values.formatting import moment, shown_day
from planner.core.values.said import said
from planner.errors import InputError, Problem

QUARTER = timedelta(minutes=15)
# How far ahead a free time near another one is looked for.
_SEARCHED_DAYS = 60


class Stay(NamedTuple):
    """What a visit takes of a clinic: so many minutes, and so much of each kind all the while."""

    minutes: int
    takes: Share


@dataclass(frozen=True)
class Opening:
    """When visits can be: the clinic's hours and closures, and what is taken already."""

    clinic: Clinic
    busy: Occupancy

    @cached_property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.clinic.timezone)

    def stay(self, purposes: Iterable[Purpose]) -> Stay:
        """What a visit takes for its appointments, a purpose for each lesion.

        The minutes of each purpose once, and for each further lesion of a purpose what it adds; of
        a kind as much as the purpose that needs most of it.
        """
        clinic = self.clinic
        once = {"injection": clinic.injection_minutes, "evaluation": clinic.evaluation_minutes}
        counted = Counter(purposes)
        further = sum(number - 1 for number in counted.values())
        minutes = sum(once[one] for one in counted) + further * clinic.further_lesion_minutes
        takes = {
            kind: max(clinic.needs[one].get(kind, 0) for one in counted)
            for kind in clinic.capacity
            if counted
        }
        return Stay(minutes, takes)

    def is_known(self, on: date) -> bool:
        """Whether the holidays of a day's year are known, where they matter."""
        return self.clinic.public_holidays is None or on.year in self.clinic.holiday_years

    def closed(self, on: date) -> str | None:
        """Why there are no visits on a day, or None. Raises InputError for an unknown year."""
        holidays = self.clinic.public_holidays
        if holidays is not None:
            if on.year not in self.clinic.holiday_years:
                raise InputError(unknown_year("", on))
            if on in holidays:
                return said("public holiday ({name})", name=said(holidays[on]))
        if any(one.is_whole and one.is_on(on) for one in self.clinic.closures):
            return said("the clinic is closed that day")
        if not self.clinic.opening[on.weekday()]:
            return said("not an opening day")
        return None

    def obstacle(self, start: datetime, stay: Stay) -> str | None:
        """Why a visit cannot start at a wall-clock time, or None."""
        if reason := self.shut(start, stay):
            return reason
        return (
            None if self.has_room(start, stay) else said("no room at {start}", start=_hour(start))
        )

    def shut(self, start: datetime, stay: Stay) -> str | None:
        """Why the clinic has no visits at a wall-clock time, whoever else is there; or None."""
        if reason := self.closed(start.date()):
            return reason
        if reason := clock_problem(start, self.zone):
            return reason
        minutes = stay.minutes
        if not any(_fits(span, start, minutes) for span in self.clinic.opening[start.weekday()]):
            return said(
                "outside the opening hours for {n} minutes from {start}",
                n=minutes,
                start=_hour(start),
            )
        for one in self.clinic.closures:
            if one.kind is None and one.hours and one.is_on(start.date()):
                end = start + timedelta(minutes=minutes)
                begin, over = (datetime.combine(start.date(), at) for at in one.hours)
                if start < over and end > begin:
                    return said("the clinic is closed {hours} that day", hours=str(one.hours))
        return None

    def has_room(self, start: datetime, stay: Stay) -> bool:
        """Whether at any moment of a visit as much of each kind is free as it takes."""
        begin, end = self.placed(start, stay)
        return all(
            self.taken(begin, end, kind) + needed <= self.clinic.capacity[kind]
            for kind, needed in stay.takes.items()
            if needed
        )

    def is_overfull(self, start: datetime, stay: Stay) -> bool:
        """Whether at some moment of a visit that counts as taken more is taken than there is."""
        begin, end = self.placed(start, stay)
        kinds = (kind for kind, needed in stay.takes.items() if needed)
        return any(self.taken(begin, end, one) > self.clinic.capacity[one] for one in kinds)

    def taken(self, start: datetime, end: datetime, kind: Kind) -> int:
        """The most of a kind that is taken, or away, at a moment between two in the zone."""
        away = [
            (max(start, first), min(end, last), one.less)
            for one in self.clinic.closures
            if one.kind == kind and one.first <= end.date() and one.last >= start.date()
            for first, last in self._hours_of(one, start.date(), end.date())
            if first < end and last > start
        ]
        moments = sorted({start, end, *(at for first, last, _ in away for at in (first, last))})
        return max(
            (
                self.busy.peak(first, last, kind)
                + sum(less for begin, over, less in away if begin <= first and last <= over)
                for first, last in pairwise(moments)
            ),
            default=0,
        )

    def _hours_of(
        self, closure: Closure, first: date, last: date
    ) -> Iterator[tuple[datetime, datetime]]:
        """When a closure is, on its days from one to another."""
        on = max(first, closure.first)
        while on <= min(last, closure.last):
            begin, end = closure.hours or (time(), time())
            start, over = (datetime.combine(on, at, self.zone) for at in (begin, end))
            yield start, over if closure.hours else start + timedelta(days=1)
            on += timedelta(days=1)

    def placed(self, start: datetime, stay: Stay) -> tuple[datetime, datetime]:
        """Start and end with the clinic's offset; the end is that many minutes later, in truth."""
        begin = start.replace(tzinfo=self.zone)
        end = (begin.astimezone(UTC) + timedelta(minutes=stay.minutes)).astimezone(self.zone)
        return begin, end

    def nearest(self, on: date, hour: time, stay: Stay) -> datetime | None:
        """The free start of a day at the hour, else the nearest quarter, a tie to the later."""
        return next(self._nearest_first(on, hour, stay), None)

    def free_near(self, wanted: datetime, stay: Stay) -> Iterator[datetime]:
        """Free starts near a time: those of its day, the nearest first, then of later days."""
        for away in range(_SEARCHED_DAYS):
            on = wanted.date() + timedelta(days=away)
            if on <= LAST_DAY and self.is_known(on):
                yield from self._nearest_first(on, wanted.time(), stay)

    def starts(self, on: date, stay: Stay) -> Iterator[datetime]:
        """The quarter hours of a day at which a visit lies inside the opening hours."""
        if self.closed(on):
            return
        midnight = datetime.combine(on, time())
        quarters = (midnight + QUARTER * n for n in range(96))
        yield from (one for one in quarters if self.shut(one, stay) is None)

    def _nearest_first(self, on: date, hour: time, stay: Stay) -> Iterator[datetime]:
        wanted = datetime.combine(on, hour)
        if self.obstacle(wanted, stay) is None:
            yield wanted
        near = sorted(
            self.starts(on, stay), key=lambda start: (abs(start - wanted), wanted > start)
        )
        yield from (one for one in near if one != wanted and self.has_room(one, stay))


def unknown_year(place: str, on: date) -> Problem:
    """A day of a year whose public holidays nobody knows: most often of another year than meant."""
    problem = said(
        "{on}: the public holidays of {year} are not known", on=shown_day(on), year=on.year
    )
    fix = said(
        'is the year right? if it is, the clinic file lists them under closed, with "holidays ='
        ' false"'
    )
    return Problem(place, problem, fix)


def _hour(start: datetime) -> str:
    return f"{start:%H:%M}"


def clock_problem(wall: datetime, zone: ZoneInfo) -> str | None:
    """Why a wall-clock time does not name one moment in a zone, or None."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        return said("{at} does not exist: the clocks go forward over it", at=moment(wall))
    if first.utcoffset() != second.utcoffset():
        return said("{at} comes twice: the clocks go back over it", at=moment(wall))
    return None


def _fits(span: OpeningHours, start: datetime, minutes: int) -> bool:
    end = start + timedelta(minutes=minutes)
    return span.start <= start.time() and end <= datetime.combine(start.date(), span.end)

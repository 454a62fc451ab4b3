"""When a visit can be: opening hours, closures, public holidays, what is taken, the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from planner.core.calendar.clinic import Clinic, OpeningHours, Purpose
from planner.core.calendar.occupancy import Occupancy
from planner.core.values.days import LAST_DAY
from planner.core.values.formatting import moment
from planner.errors import InputError, Problem

QUARTER = timedelta(minutes=15)
# How far ahead a free time near another one is looked for.
_SEARCHED_DAYS = 60


@dataclass(frozen=True)
class Opening:
    """When visits can be: the clinic's hours and closures, and what is taken already."""

    clinic: Clinic
    busy: Occupancy

    @cached_property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.clinic.timezone)

    def minutes(self, purposes: Iterable[Purpose]) -> int:
        """How long a visit takes for its appointments, a purpose for each lesion.

        The minutes of each purpose once, and for each further lesion of a purpose what it adds.
        """
        clinic = self.clinic
        once = {"injection": clinic.injection_minutes, "evaluation": clinic.evaluation_minutes}
        counted = Counter(purposes)
        further = sum(number - 1 for number in counted.values())
        return sum(once[one] for one in counted) + further * clinic.further_lesion_minutes

    def is_known(self, on: date) -> bool:
        """Whether the holidays of a day's year are known, where they matter."""
        return self.clinic.public_holidays is None or on.year in self.clinic.holiday_years

    def closed(self, on: date) -> str | None:
        """Why there are no visits on a day, or None. Raises InputError for an unknown year."""
        holidays = self.clinic.public_holidays
        if holidays is not None:
            if on.year not in self.clinic.holiday_years:
                raise InputError(
                    Problem(
                        "holidays",
                        f"the public holidays of {on.year} are not known",
                        'list them under closed and set "holidays = false"',
                    )
                )
            if on in holidays:
                return f"public holiday ({holidays[on]})"
        if any(closure.first <= on <= closure.last for closure in self.clinic.closures):
            return "the clinic is closed that day"
        if not self.clinic.opening[on.weekday()]:
            return "not an opening day"
        return None

    def obstacle(self, start: datetime, minutes: int) -> str | None:
        """Why a visit cannot start at a wall-clock time, or None."""
        if reason := self.shut(start, minutes):
            return reason
        return None if self.has_room(start, minutes) else f"no room at {start:%H:%M}"

    def shut(self, start: datetime, minutes: int) -> str | None:
        """Why the clinic has no visits at a wall-clock time, whoever else is there; or None."""
        if reason := self.closed(start.date()):
            return reason
        if reason := clock_problem(start, self.zone):
            return reason
        if not any(_fits(span, start, minutes) for span in self.clinic.opening[start.weekday()]):
            return f"outside the opening hours for {minutes} minutes from {start:%H:%M}"
        return None

    def has_room(self, start: datetime, minutes: int) -> bool:
        """Whether fewer others than the clinic holds are there at any moment of a visit."""
        return self.busy.peak(*self.placed(start, minutes)) < self.clinic.capacity

    def placed(self, start: datetime, minutes: int) -> tuple[datetime, datetime]:
        """Start and end with the clinic's offset; the end is `minutes` of real time later."""
        begin = start.replace(tzinfo=self.zone)
        end = (begin.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(self.zone)
        return begin, end

    def nearest(self, on: date, hour: time, minutes: int) -> datetime | None:
        """The free start of a day at the hour, else the nearest quarter, a tie to the later."""
        return next(self._nearest_first(on, hour, minutes), None)

    def free_near(self, wanted: datetime, minutes: int) -> Iterator[datetime]:
        """Free starts near a time: those of its day, the nearest first, then of later days."""
        for away in range(_SEARCHED_DAYS):
            on = wanted.date() + timedelta(days=away)
            if on <= LAST_DAY and self.is_known(on):
                yield from self._nearest_first(on, wanted.time(), minutes)

    def _nearest_first(self, on: date, hour: time, minutes: int) -> Iterator[datetime]:
        wanted = datetime.combine(on, hour)
        if self.obstacle(wanted, minutes) is None:
            yield wanted
        if self.closed(on):
            return
        spans = self.clinic.opening[on.weekday()]
        midnight = datetime.combine(on, time())
        quarters = (midnight + QUARTER * n for n in range(96))
        inside = [one for one in quarters if any(_fits(span, one, minutes) for span in spans)]
        near = sorted(inside, key=lambda start: (abs(start - wanted), wanted > start))
        free = (start for start in near if self.obstacle(start, minutes) is None)
        yield from (start for start in free if start != wanted)


def clock_problem(wall: datetime, zone: ZoneInfo) -> str | None:
    """Why a wall-clock time does not name one moment in a zone, or None."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        return f"{moment(wall)} does not exist: the clocks go forward over it"
    if first.utcoffset() != second.utcoffset():
        return f"{moment(wall)} comes twice: the clocks go back over it"
    return None


def _fits(span: OpeningHours, start: datetime, minutes: int) -> bool:
    end = start + timedelta(minutes=minutes)
    return span.start <= start.time() and end <= datetime.combine(start.date(), span.end)

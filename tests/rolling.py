"""Courses that come week by week to one busy room: python -m tests.rolling [COURSES]. Minutes.

Each newcomer of a week wants one of its days and is booked into what is left; dates that were told
stay. Those without a series are counted, then once more where told visits may make room.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from planner.app.waiting import RINGS
from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.followup.booking import Wanted, as_movables, booked, narrowed
from planner.core.roster.by_days import laid_out_by_days
from planner.core.roster.laying_out import Distance, Movable
from planner.files.clinic import clinic_from
from planner.files.protocol import load_protocol
from tests.courses import course, course_text, lesion

PROTOCOL = load_protocol("sts-150")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
CLINIC = clinic_from(
    {
        "timezone": "UTC",
        "opening": dict.fromkeys(WEEKDAYS, "08:00-16:00"),
        # Visits start on quarter hours: of twenty minutes ten would be lost, and 79 % be 89.
        "minutes": {"injection": 30, "evaluation": 15},
    },
    range(0),
)
ALONE = Opening(CLINIC, Occupancy())
# 150 minutes a course, 2,400 a week: 79 of a hundred are taken.
SEED = 19
A_WEEK, FIRST, DAY = 12.64, date(2027, 1, 4), timedelta(days=1)
APART = PROTOCOL.policy.shortest_interval_days


class Told(NamedTuple):
    """A visit whose patient knows its day."""

    movable: Movable
    start: datetime

    @property
    def busy(self) -> Busy:
        """What it takes."""
        return Busy(*ALONE.placed(self.start, self.movable.stay))


class Room:
    """One room, and the visits that were told."""

    def __init__(self, may_move: bool) -> None:
        self.told: dict[tuple[str, int], Told] = {}
        self.may_move = may_move
        self.moved = 0
        self.without = 0

    def around(self, taken: Sequence[Busy], without: Sequence[tuple[str, int]] = ()) -> Opening:
        """The room beside what is told."""
        there = (one.busy for key, one in self.told.items() if key not in without)
        return Opening(CLINIC, Occupancy([*there, *taken]))

    def week(self, number: int, newcomers: Sequence[tuple[str, int]]) -> None:
        """The newcomers of a week, each with the weekday that is wanted."""
        monday = FIRST + number * 7 * DAY
        days = tuple(monday + n * DAY for n in range(5))
        text = course_text(lesion(dose_mg=60), first_visit=f"{monday} 08:00")
        plain = course(text, PROTOCOL, "UTC")
        wanted = [
            Wanted(plain._replace(id=name), PROTOCOL, (days[day],), False)
            for name, day in newcomers
        ]
        now = datetime.combine(monday, time())
        for one, series in zip(wanted, booked(wanted, self.around, now), strict=True):
            if series is not None:
                mine, _ = as_movables(one, series.course.first_visit.date(), ALONE)
                for movable, busy in zip(mine, sorted(series.taken, key=_start), strict=True):
                    self.tell(movable, busy.start.replace(tzinfo=None))
            elif not (self.may_move and self.make_room(one, now)):
                self.without += 1

    def tell(self, movable: Movable, start: datetime) -> None:
        """Let a patient know a day."""
        there = movable._replace(stood=start, may_stay=True, may_be_without=False, was_told=True)
        self.told[movable.key] = Told(there, start)

    def make_room(self, one: Wanted, now: datetime) -> bool:
        """Move told visits, as few as can be, so that a course fits; whether it does."""
        for on in one.days:
            mine, distances = as_movables(one, on, ALONE)
            for near, days in narrowed(mine, self.around(())):
                if self.moved_for(near, distances, days, now):
                    wide = {each.key: each.days for each in mine}
                    for key, whole in wide.items():
                        told = self.told[key]
                        self.told[key] = told._replace(movable=told.movable._replace(days=whole))
                    return True
            if self.moved_further(mine, distances, now):
                return True
        return False

    def moved_further(
        self, mine: Sequence[Movable], distances: Sequence[Distance], now: datetime
    ) -> bool:
        """The same where those who make room need others to make room for them."""
        days = {on for one in mine for on in one.days}
        for _ in range(RINGS):
            if self.moved_for(mine, distances, days, now):
                return True
            days |= {
                on
                for told in self.told.values()
                if told.start.date() in days
                for on in told.movable.days
            }
        return False

    def moved_for(
        self,
        mine: Sequence[Movable],
        distances: Sequence[Distance],
        days: Collection[date],
        now: datetime,
    ) -> bool:
        """Lay a course out with what was told on some days; whether that can be."""
        keys = [
            key
            for key, told in self.told.items()
            if told.start.date() in days and told.start >= now
        ]
        others = [self.free(key, keys) for key in keys]
        apart = [each for key in keys for each in self.distances(key, keys)]
        opening = self.around((), keys)
        found = laid_out_by_days([*mine, *others], [*distances, *apart], opening, now)
        self.moved += sum(found[key] != self.told[key].start for key in keys if found)
        for movable in (*mine, *others) if found else ():
            start = found[movable.key]
            assert start is not None
            self.tell(movable, start)
        return bool(found)

    def free(self, key: tuple[str, int], moving: Sequence[tuple[str, int]]) -> Movable:
        """A told visit on the days that those of its course that stay leave it."""
        one = self.told[key].movable
        rest = [
            (number, self.told[key[0], number].start.date())
            for number in range(6)
            if number != key[1] and (key[0], number) not in moving
        ]
        days = tuple(
            day
            for day in one.days
            if all(_apart(key[1], day, number, other) for number, other in rest)
        )
        return one._replace(days=days)

    def distances(
        self, key: tuple[str, int], moving: Sequence[tuple[str, int]]
    ) -> Iterator[Distance]:
        """How far a visit stays from the later ones of its course that move too."""
        for number in range(key[1] + 1, 6):
            if (key[0], number) in moving:
                days = APART if max(key[1], number) < 4 else 1
                yield Distance(key[0], key[1], number, days)


def _apart(number: int, day: date, other: int, there: date) -> bool:
    """Injections are the first four visits of a course: those stay the shortest interval apart."""
    least = APART if max(number, other) < 4 else 1
    return ((day - there).days if number > other else (there - day).days) >= least


def _start(busy: Busy) -> datetime:
    return busy.start


def main(courses: int) -> None:
    """Print how many courses found no series, and how many visits were told anew."""
    weeks = round(courses / A_WEEK)
    chance = random.Random(SEED)
    when = sorted(chance.randrange(5 * weeks) for _ in range(courses))
    for may_move in (False, True):
        room = Room(may_move)
        for week in range(weeks):
            there = [(f"C-{n}", day % 5) for n, day in enumerate(when) if day // 5 == week]
            room.week(week, there)
        how = "told visits may be moved" if may_move else "told visits stay"
        served = f"{room.without} of {courses} courses without a series"
        print(f"{how}: {served}, {room.moved} of {len(room.told)} visits told anew", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

"""The whole series laid out at once into the clinic's days.

The first visit and those that the physician moved stand. The others are laid around them, in
the order of their due days and each on a day of its own: as few without a day as can be, then
the least total shift in days, then the fewest shifted, then the later day of the first visit
that differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from planner.core.calendar.availability import Opening, Stay, unknown_year
from planner.core.plan.appointments import Visit
from planner.core.plan.course import Move
from planner.core.values.days import FIRST_DAY, LAST_DAY, ONE_DAY
from planner.core.values.formatting import count, day, listing, shown_moment
from planner.core.values.said import joined, said
from planner.errors import InputError, NoRoomError, Problem, located, raise_if_any

SEARCHED_DAYS = 60
# Beyond so many half-made series the best one would take minutes and the memory of a machine.
MOST_WAYS = 20_000


class Near(NamedTuple):
    """An injection of a lesion that is too near to another one, on a day before or after it."""

    lesion: str
    days: int
    other: date


class Placed(NamedTuple):
    """A visit with its time (the clinic's clock with its offset), or None: no day was found.

    `because` says why it is not when it was due. `near` are its injections that are under the
    shortest interval from others, by the order of the lesions. `choices` are times that a
    physician could move a visit without a day to.
    """

    visit: Visit
    start: datetime | None
    end: datetime | None
    because: str | None = None
    near: tuple[Near, ...] = ()
    choices: tuple[datetime, ...] = ()


class _Link(NamedTuple):
    """Two visits that follow one another for a lesion, by their indexes."""

    earlier: int
    later: int


class _Pair(NamedTuple):
    """Two consecutive injections of a lesion, by their visits; `is_done` where both were given."""

    lesion: str
    link: _Link
    is_done: bool


class _Cost(NamedTuple):
    """What makes one series better than another, the weightiest first."""

    without_day: int = 0
    short_days: int = 0
    shift_days: int = 0
    shifted: int = 0
    # Ordinals negated: of two series the one with the later day at the first difference wins.
    days: tuple[int, ...] = ()

    def plus(self, due: date, on: date | None, short_days: int) -> _Cost:
        """The cost with one more visit, on a day or on none."""
        if on is None:
            return self._replace(without_day=self.without_day + 1, days=(*self.days, 0))
        shift = abs((on - due).days)
        return _Cost(
            self.without_day,
            self.short_days + short_days,
            self.shift_days + shift,
            self.shifted + (shift > 0),
            (*self.days, -on.toordinal()),
        )


class _Way(NamedTuple):
    """A choice of days for the visits up to one, and what it costs; None is no day."""

    cost: _Cost
    days: Mapping[int, date | None]


# A move of a course file is the physician's choice; of one under way the history says whose it is.
BY_PHYSICIAN, BY_HAND = said("moved by the physician"), said("moved by hand")


def lay_out(
    visits: Sequence[Visit],
    moves: Sequence[Move],
    opening: Opening,
    first_visit: datetime,
    shortest_days: int,
) -> tuple[Placed, ...]:
    """Give each visit its time; the hour of `first_visit` is wanted for all.

    `visits` come in the order of their days, the first one first. Raises InputError where the
    first visit or one of the `moves` stands on a closed or full time.
    """
    series = _Series(visits, opening, first_visit, shortest_days, moved=BY_PHYSICIAN)
    places = {move.to: f"move[{index}].to" for index, move in enumerate(moves, start=1)}
    places = {first_visit: "first_visit", **places}
    problems = tuple(series.fixed_problems(places))
    is_first_full = series.is_only_full and all(one.place == "first_visit" for one in problems)
    raise_if_any(NoRoomError if is_first_full else InputError, problems)
    # A year that is reached and not known follows from the day of the first visit.
    with located("first_visit"):
        return series.laid_out()


def lay_out_again(
    visits: Sequence[Visit],
    opening: Opening,
    first_visit: datetime,
    shortest_days: int,
    standing: Mapping[int, datetime | None] | None,
    *,
    moved: str = BY_HAND,
) -> tuple[Placed, ...]:
    """Give each visit of a course under way its time; what was done or moved stands as it is.

    So does each visit in `standing`, by its place among the visits, at its wall-clock start, or
    without a day where that is None; None where all are laid out anew around the first visit.
    """
    return _Series(visits, opening, first_visit, shortest_days, standing, moved=moved).laid_out()


class _Series:
    """The visits of a course against the clinic's days."""

    def __init__(
        self,
        visits: Sequence[Visit],
        opening: Opening,
        first_visit: datetime,
        shortest_days: int,
        standing: Mapping[int, datetime | None] | None = None,
        *,
        moved: str = BY_HAND,
    ) -> None:
        self.visits = visits
        self.moved = moved
        self.opening = opening
        self.hour = first_visit.time()
        self.shortest_days = shortest_days
        self.pairs = tuple(_pairs(visits))
        self.links = tuple(sorted({pair.link for pair in self.pairs}))
        self.stays = [opening.stay(visit.each_purpose) for visit in visits]
        stands = {n: visit.settled or visit.moved_to for n, visit in enumerate(visits)}
        there = {**(standing or {}), **{n: start for n, start in stands.items() if start}}
        self.fixed = {n: start for n, start in there.items() if start}
        self.without_day = {n for n, start in there.items() if start is None}
        if visits and standing is None and visits[0].due == first_visit.date():
            self.fixed.setdefault(0, first_visit)
        self._found: dict[tuple[date, int], datetime | None] = {}

    def fixed_problems(self, places: Mapping[datetime, str]) -> Iterator[Problem]:
        """Times that cannot stand, as the clinic is closed or full then."""
        for index, start in self.fixed.items():
            if not self.opening.is_known(start.date()):
                yield unknown_year(places[start], start.date())
            elif reason := self.opening.obstacle(start, self.stays[index]):
                yield cannot_stand(places[start], start, reason, self.opening, self.stays[index])

    @property
    def is_only_full(self) -> bool:
        """Whether the clinic is open whenever a visit has to be."""
        return not any(
            not self.opening.is_known(start.date()) or self.opening.shut(start, self.stays[n])
            for n, start in self.fixed.items()
        )

    def laid_out(self) -> tuple[Placed, ...]:
        """Each visit with its time in the best series."""
        starts = self.best()
        return tuple(self.placed(index, starts) for index in range(len(self.visits)))

    def best(self) -> dict[int, datetime]:
        """The start of each visit in the best series; without one where no day was found.

        It is looked for near the due days first: a series that shifts by no more days in all
        than every visit may here cannot be beaten by one that shifts a visit further.
        """
        settled = {*self.fixed, *self.without_day}
        free = [n for n in range(len(self.visits)) if n not in settled]
        widest = max((self.visits[n].window_days for n in free), default=0)
        for reach in _reaches(widest):
            starts = {n: self._starts(n, reach) for n in free}
            way = self._cheapest(starts, ())
            if way is not None and not way.cost.short_days and way.cost.shift_days <= reach:
                break
        else:
            # Leaving a visit out costs more than anything, so it is only tried where it must be.
            way = way or self._cheapest(starts, (None,))
        chosen = way.days if way is not None else {}
        found = {index: starts[index][on] for index, on in chosen.items() if on is not None}
        return {**found, **self.fixed}

    def _cheapest(
        self, starts: Mapping[int, Mapping[date, datetime]], without: tuple[None, ...]
    ) -> _Way | None:
        """The cheapest series, by dynamic programming; None where there is none.

        A state is the last day used and the days of those visits that a later one must keep its
        distance from; of the ways into a state only the cheapest can lead to the best series.
        """
        ways: dict[tuple[date | None, ...], _Way] = {(None,): _Way(_Cost(), {})}
        binding = [one for one in self.links if self._may_be_short(one, starts)]
        for index, offered in starts.items():
            needed = [one.earlier for one in binding if one.earlier <= index < one.later]
            onward: dict[tuple[date | None, ...], _Way] = {}
            for (last, *_), way in ways.items():
                for on in (*offered, *without):
                    short = self._lacking(index, on, way.days)
                    if short is None or (on and last and on <= last):
                        continue
                    days = {**way.days, index: on}
                    cost = way.cost.plus(self.visits[index].due, on, short)
                    state = (on or last, *(days.get(before) for before in needed))
                    if state not in onward or cost < onward[state].cost:
                        onward[state] = _Way(cost, days)
            ways = onward
            if len(ways) > MOST_WAYS:
                fix = said("move a visit by hand ([[move]]), or plan fewer lesions in one course")
                raise InputError(
                    Problem("", said("too many series cross to find the best one"), fix)
                )
        return min(ways.values(), key=lambda way: way.cost, default=None)

    def _may_be_short(self, link: _Link, starts: Mapping[int, Mapping[date, datetime]]) -> bool:
        """Whether any choice of days for two visits is under the shortest interval."""
        earlier, later = (
            [self.fixed[one].date()] if one in self.fixed else [*starts.get(one, ())]
            for one in link
        )
        if not earlier or not later:
            return False
        return (min(later) - max(earlier)).days < self.shortest_days

    def placed(self, index: int, starts: Mapping[int, datetime]) -> Placed:
        """A visit with its time, and why it is not when it was due."""
        visit = self.visits[index]
        if index not in starts:
            choices = tuple(self._choices(index, starts))
            return Placed(visit, None, None, self._no_day(index), choices=choices)
        start, end = self.opening.placed(starts[index], self.stays[index])
        because: str | None = None
        near = tuple(self._near(index, starts))
        if visit.settled:
            return Placed(visit, start, end, near=near)
        if visit.moved_to:
            because = self.moved
        elif starts[index] != self._wanted(visit.due):
            because = self._obstacle(index, visit.due) or self._displaced(index, starts)
        return Placed(visit, start, end, because, near)

    def _displaced(self, index: int, starts: Mapping[int, datetime]) -> str:
        """Why a visit is not on its due day, though that is free in itself."""
        due = self.visits[index].due
        there = {other: start.date() for other, start in starts.items() if other != index}
        if due in there.values():
            return said("another visit of the course is on that day")
        neighbours = [
            there[other] for link in self.links if index in link for other in link if other in there
        ]
        if any(abs((on - due).days) < self.shortest_days for on in neighbours):
            return self._too_near
        return said("the visits keep their order")

    @property
    def _too_near(self) -> str:
        return said(
            "injections of a lesion stay {days} apart", days=count(self.shortest_days, "day")
        )

    def _wanted(self, on: date) -> datetime:
        return datetime.combine(on, self.hour)

    def _obstacle(self, index: int, on: date) -> str | None:
        return self.opening.obstacle(self._wanted(on), self.stays[index])

    def _free(self, index: int, on: date) -> datetime | None:
        key = (on, index)
        if key not in self._found:
            self._found[key] = self.opening.nearest(on, self.hour, self.stays[index])
        return self._found[key]

    def _window(self, index: int, reach: int) -> Iterator[date]:
        visit = self.visits[index]
        bounds = [one.not_before for one in visit.appointments if one.not_before]
        earliest = max([FIRST_DAY, *bounds])
        reach = min(reach, visit.window_days)
        for shift in range(-reach, reach + 1):
            on = visit.due + shift * ONE_DAY
            if earliest <= on <= LAST_DAY:
                yield on

    def _days_from(self, on: date, sign: int) -> Iterator[date]:
        """The days after (or before) one, as far as the clinic's holidays are known."""
        for away in range(1, SEARCHED_DAYS):
            there = on + sign * away * ONE_DAY
            if self.opening.is_known(there):
                yield there

    def _starts(self, index: int, reach: int) -> dict[date, datetime]:
        """The start that each open day of a visit's window offers, up to a reach in days."""
        taken = {start.date() for start in self.fixed.values()}
        days = (on for on in self._window(index, reach) if on >= self._earliest and on not in taken)
        starts = ((on, self._free(index, on)) for on in days)
        return {on: start for on, start in starts if start is not None}

    @property
    def _earliest(self) -> date:
        """The first day for a visit that may be shifted: the one after the first visit."""
        return self.fixed[0].date() + ONE_DAY if 0 in self.fixed else FIRST_DAY

    def _lacking(self, index: int, on: date | None, days: Mapping[int, date | None]) -> int | None:
        """Days that a choice lacks to the shortest interval; None: it may not be chosen.

        Only beside a visit that somebody moved to a time may it be too near, and never before its
        predecessor.
        """
        lacking = 0
        for link in self.links:
            if on is None or index not in (link.earlier, link.later):
                continue
            other = link.earlier if index == link.later else link.later
            there = self.fixed[other].date() if other in self.fixed else days.get(other)
            if there is None:
                continue
            gap = (on - there).days if index == link.later else (there - on).days
            if gap < self.shortest_days:
                if gap <= 0 or not self.visits[other].moved_to:
                    return None
                lacking += self.shortest_days - gap
        return lacking

    def _near(self, index: int, starts: Mapping[int, datetime]) -> Iterator[Near]:
        """What is too near to a neighbour, told at the moved visit, at the later of two."""
        for lesion, link, is_done in self.pairs:
            if is_done or link.earlier not in starts or link.later not in starts:
                continue
            is_of_earlier = self.visits[link.earlier].moved_to and not (
                self.visits[link.later].moved_to
            )
            if index != (link.earlier if is_of_earlier else link.later):
                continue
            earlier, later = (starts[one].date() for one in link)
            if (later - earlier).days < self.shortest_days:
                other = later if is_of_earlier else earlier
                yield Near(lesion, (later - earlier).days, other)

    def _no_day(self, index: int) -> str:
        """Why no day of the window will do, like days together."""
        reasons: dict[str, list[str]] = {}
        for on in self._window(index, self.visits[index].window_days):
            obstacle = self._obstacle(index, on)
            if obstacle is None or self._free(index, on) is not None:
                obstacle = said("taken by another visit, or {obstacle}", obstacle=self._too_near)
            reasons.setdefault(obstacle, []).append(day(on))
        return joined(
            [
                said("{days}: {because}", days=listing(days), because=reason)
                for reason, days in reasons.items()
            ],
            "; ",
        )

    def _choices(self, index: int, starts: Mapping[int, datetime]) -> Iterator[datetime]:
        """Free times outside the window: the nearest before it, the two nearest after it.

        None while an injection before it has no day either: that one is chosen first, and takes
        the later ones along.
        """
        visit = self.visits[index]
        if any(link.later == index and link.earlier not in starts for link in self.links):
            return
        taken = {start.date() for start in starts.values()}
        # It stays after the visits before it: a look at the outcome is not before the injections.
        before = (start.date() for n, start in starts.items() if n < index)
        earliest = max([self._earliest, *(on + ONE_DAY for on in before)])
        for link in self.links:
            if link.later == index and link.earlier in starts:
                apart = self.shortest_days * ONE_DAY
                earliest = max(earliest, starts[link.earlier].date() + apart)
        for sign, wanted in ((-1, 1), (1, 2)):
            days = self._days_from(visit.due, sign)
            free = (
                start
                for on in days
                if abs((on - visit.due).days) > visit.window_days
                and on >= earliest
                and on not in taken
                and (start := self._free(index, on)) is not None
            )
            yield from islice(free, wanted)


def cannot_stand(place: str, start: datetime, reason: str, opening: Opening, stay: Stay) -> Problem:
    """A time of the physician's choice that the clinic has not, with three that it has."""
    free = islice(opening.free_near(start, stay), 3)
    near = listing([shown_moment(one) for one in free], "or")
    fix = said("free near it: {near}", near=near) if near else said("choose another day")
    return Problem(place, said("{start}: {reason}", start=day(start), reason=reason), fix)


def _reaches(widest: int) -> Iterator[int]:
    """0, 1, 2, 4, 8 and so on, up to the widest window and with it."""
    reach = 0
    while reach < widest:
        yield reach
        reach = 2 * reach or 1
    yield widest


def _pairs(visits: Sequence[Visit]) -> Iterator[_Pair]:
    """The injections that follow one another, lesion by lesion; a missed one is none."""
    last: dict[str, tuple[int, bool]] = {}
    for index, visit in enumerate(visits):
        for one in visit.injected:
            if one.state == "missed":
                continue
            is_given = one.state == "done"
            if one.lesion in last:
                before, was_given = last[one.lesion]
                yield _Pair(one.lesion, _Link(before, index), is_given and was_given)
            last[one.lesion] = index, is_given

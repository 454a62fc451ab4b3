"""First days for courses that wait: as many as fit, each as early as its order lets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Busy
from planner.core.followup.settling import due_slots
from planner.core.plan.appointments import Visit
from planner.core.plan.course import Course
from planner.core.plan.placement import Placed, lay_out
from planner.core.protocol.protocol import Protocol
from planner.core.roster.laying_out import Distance, Movable, distances_between
from planner.core.values.days import ONE_DAY
from planner.errors import InputError

# So many series are laid out to let one more course find its days.
MOST_SERIES = 400
# So far from their due days, in days, visits without room are tried first.
_REACHES = (0, 1, 2, 7)


class Wanted(NamedTuple):
    """A course that waits; its first visit is on one of `days`, at its hour where it `has_hour`."""

    course: Course
    protocol: Protocol
    days: tuple[date, ...]
    has_hour: bool


class Series(NamedTuple):
    """A course from a first visit on, and what its visits take."""

    course: Course
    taken: tuple[Busy, ...]


# What a clinic's days look like with some more times taken.
Around = Callable[[Sequence[Busy]], Opening]


def booked(wanted: Sequence[Wanted], around: Around, not_before: datetime) -> list[Series | None]:
    """A series for each course, None for one that does not fit: as many as can be.

    Of all ways that serve as many, the first in the list is served earliest, then the second, and
    so on. Beyond MOST_SERIES tries the best of them stands.
    """
    search = _Search(wanted, around, not_before)
    search.go_on([], [])
    return search.best


def series_of(one: Wanted, opening: Opening, not_before: datetime) -> Iterator[Series]:
    """The series of a course that fit whole, by their first days."""
    for on in one.days:
        if not opening.is_known(on) or opening.closed(on):
            continue
        start = _first_start(one, on, opening)
        if start is not None and start >= not_before:
            course = one.course._replace(first_visit=start)
            placed = _laid_out(course, one.protocol, opening)
            if placed is not None:
                yield Series(course, tuple(_taken(placed, opening)))


def _first_start(one: Wanted, on: date, opening: Opening) -> datetime | None:
    """The earliest start of a day, or the one nearest to the hour that is wanted."""
    hour = one.course.first_visit.time() if one.has_hour else time()
    first = first_visit_of(one.course, one.protocol, datetime.combine(on, hour))
    return opening.nearest(on, hour, opening.stay(first.each_purpose))


def first_visit_of(course: Course, protocol: Protocol, start: datetime) -> Visit:
    """The first visit of a course that begins so, with its purposes."""
    return _visits(course, protocol, start)[0]


def _visits(course: Course, protocol: Protocol, start: datetime) -> tuple[Visit, ...]:
    return due_slots(course._replace(first_visit=start), protocol)[1]


def _laid_out(course: Course, protocol: Protocol, opening: Opening) -> tuple[Placed, ...] | None:
    """The series from a first visit on; None where a visit finds no day, or one too near."""
    visits = _visits(course, protocol, course.first_visit)
    apart = protocol.policy.shortest_interval_days
    try:
        placed = lay_out(visits, (), opening, course.first_visit, apart)
    except InputError:
        return None
    return None if any(one.start is None or one.near for one in placed) else placed


def _taken(placed: Sequence[Placed], opening: Opening) -> Iterator[Busy]:
    for one in placed:
        if one.start is not None and one.end is not None:
            yield Busy(one.start, one.end, opening.stay(one.visit.each_purpose).takes)


class _Search:
    """Depth first in the order of the list, the earliest days first, to go without last."""

    def __init__(self, wanted: Sequence[Wanted], around: Around, not_before: datetime) -> None:
        self.wanted = wanted
        self.around = around
        self.not_before = not_before
        self.left = MOST_SERIES + len(wanted)
        self.best: list[Series | None] = [None] * len(wanted)

    def go_on(self, chosen: list[Series | None], taken: list[Busy]) -> bool:
        """Serve the rest; whether there is nothing better to look for."""
        served, best = (sum(one is not None for one in each) for each in (chosen, self.best))
        rest = len(self.wanted) - len(chosen)
        if served + rest <= best:
            return self.left <= 0
        if not rest:
            self.best = list(chosen)
            return served == len(self.wanted)
        one = self.wanted[len(chosen)]
        for series in series_of(one, self.around(taken), self.not_before):
            self.left -= 1
            is_over = self.go_on([*chosen, series], [*taken, *series.taken])
            if is_over or self.left <= 0:
                return True
        return self.go_on([*chosen, None], taken)


def as_movables(one: Wanted, on: date, opening: Opening) -> tuple[list[Movable], list[Distance]]:
    """The visits of a course that begins on a day, as what is laid out with those of others."""
    hour = one.course.first_visit.time() if one.has_hour else time(0)
    first = opening.clinic.opening[on.weekday()]
    if not one.has_hour and first:
        hour = first[0].start
    visits = _visits(one.course, one.protocol, datetime.combine(on, hour))
    movables = [
        Movable(
            course=one.course.id,
            visit=number,
            stay=opening.stay(visit.each_purpose),
            stood=datetime.combine(visit.due, hour),
            due=visit.due,
            days=tuple(_window(visit, number, opening)),
            may_be_without=False,
        )
        for number, visit in enumerate(visits)
    ]
    apart = one.protocol.policy.shortest_interval_days
    series = [(n, {each.lesion for each in visit.injected}) for n, visit in enumerate(visits)]
    return movables, list(distances_between(one.course.id, series, apart))


def narrowed(
    mine: Sequence[Movable], full: Opening
) -> Iterator[tuple[list[Movable], frozenset[date]]]:
    """The visits of a course, those without room near their due days first, then further away.

    With each the days on which others would have to make room. `full` has all that is there.
    """
    blocked = {
        one.key
        for one in mine
        if not any(full.nearest(on, one.stood.time(), one.stay) for on in one.days)
    }
    for reach in _REACHES:
        near = [_near(one, reach) if one.key in blocked else one for one in mine]
        days = (on for one in near if one.key in blocked or not blocked for on in one.days)
        yield near, frozenset(days)


def _near(one: Movable, reach: int) -> Movable:
    return one._replace(days=tuple(on for on in one.days if abs((on - one.due).days) <= reach))


def _window(visit: Visit, number: int, opening: Opening) -> Iterator[date]:
    reach = 0 if number == 0 else visit.window_days
    for shift in range(-reach, reach + 1):
        on = visit.due + shift * ONE_DAY
        if opening.is_known(on):
            yield on

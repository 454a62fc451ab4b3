"""The whole series laid out at once into the clinic's days.

The first visit and those that the physician moved stand. The others are laid around them, in
the order of their due days and each on a day of its own: as few without a day as can be, then
the least total shift in days, then the fewest shifted, then the later day of the first visit
that differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from planner.core.course import Move
from planner.core.formatting import count, day, listing, typed_moment
from planner.core.opening import Opening
from planner.core.schedule import Visit
from planner.errors import InputError, Problem

SEARCHED_DAYS = 60


@dataclass(frozen=True)
class Placed:
    """A visit with its time (the clinic's clock with its offset), or None: no day was found.

    `because` says why it is not when it was due; `is_short_days` is the distance to the nearest
    injection of its lesions where that is under the shortest interval, else None.
    """

    visit: Visit
    start: datetime | None
    end: datetime | None
    because: str | None = None
    short_days: int | None = None
    choices: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class _Link:
    """Two consecutive injections of a lesion, by the indexes of their visits."""

    earlier: int
    later: int


@dataclass(frozen=True, order=True)
class _Cost:
    """What makes one series better than another, the weightiest first."""

    without_day: int = 0
    short_days: int = 0
    shift_days: int = 0
    shifted: int = 0
    # Ordinals negated: of two series the one with the later day at the first difference wins.
    days: tuple[int, ...] = ()

    def plus(self, due: date, on: date | None, short_days: int) -> _Cost:
        if on is None:
            return replace(self, without_day=self.without_day + 1, days=(*self.days, 0))
        shift = abs((on - due).days)
        return _Cost(
            self.without_day,
            self.short_days + short_days,
            self.shift_days + shift,
            self.shifted + (shift > 0),
            (*self.days, -on.toordinal()),
        )


def lay_out(
    visits: Sequence[Visit],
    moves: Sequence[Move],
    opening: Opening,
    hour: time,
    shortest_days: int,
) -> tuple[Placed, ...]:
    """Give each visit its time; `hour` is the first visit's, and wanted for all.

    `visits` come in the order of their days, the first one first. Raises InputError where the
    first visit or a moved one stands on a closed or full time.
    """
    fixed = _fixed(visits, moves, opening, hour)
    links = _links(visits)
    starts = {
        index: _starts(visit, opening, hour, fixed)
        for index, visit in enumerate(visits)
        if index not in fixed
    }
    chosen = _best(visits, links, fixed, starts, shortest_days)
    days = {index: start for index, start in {**chosen, **fixed}.items() if start is not None}
    return tuple(
        _placed(index, visits, days, links, opening, hour, shortest_days)
        for index in range(len(visits))
    )


def _fixed(
    visits: Sequence[Visit], moves: Sequence[Move], opening: Opening, hour: time
) -> dict[int, datetime]:
    """The times that stand, checked against the clinic."""
    places = {move.to: f"move[{index}].to" for index, move in enumerate(moves, start=1)}
    fixed = {0: datetime.combine(visits[0].due, hour)}
    fixed.update({n: visit.moved_to for n, visit in enumerate(visits) if visit.moved_to})
    for index, start in fixed.items():
        minutes = opening.minutes(visits[index].purposes)
        reason = opening.obstacle(start, minutes)
        if reason:
            place = places.get(start, "first_visit") if index else "first_visit"
            near = [typed_moment(one) for one in _open_near(start, minutes, opening)]
            raise InputError(
                Problem(place, f"{day(start)}: {reason}", f"free near it: {listing(near, 'or')}")
            )
    return fixed


def _open_near(wanted: datetime, minutes: int, opening: Opening) -> Iterator[datetime]:
    """The free times of the day itself and of the next open days, three at most."""
    found = 0
    for ahead in range(SEARCHED_DAYS):
        start = opening.nearest(wanted.date() + timedelta(days=ahead), wanted.time(), minutes)
        if start is not None:
            yield start
            found += 1
        if found == 3:
            return


def _links(visits: Sequence[Visit]) -> tuple[_Link, ...]:
    """Which visits follow one another for a lesion; each pair of visits once."""
    at = {
        (one.lesion, one.count): index
        for index, visit in enumerate(visits)
        for one in visit.injected
    }
    pairs = {
        (at[lesion, number - 1], index)
        for (lesion, number), index in at.items()
        if (lesion, number - 1) in at
    }
    return tuple(_Link(*pair) for pair in sorted(pairs))


def _starts(
    visit: Visit, opening: Opening, hour: time, fixed: Mapping[int, datetime]
) -> dict[date, datetime]:
    """The start that each open day of the window offers."""
    taken = {start.date() for start in fixed.values()}
    minutes = opening.minutes(visit.purposes)
    found = {}
    for shift in range(-visit.window_days, visit.window_days + 1):
        on = visit.due + timedelta(days=shift)
        if on > fixed[0].date() and on not in taken:
            start = opening.nearest(on, hour, minutes)
            if start is not None:
                found[on] = start
    return found


def _best(
    visits: Sequence[Visit],
    links: Sequence[_Link],
    fixed: Mapping[int, datetime],
    starts: Mapping[int, Mapping[date, datetime]],
    shortest_days: int,
) -> dict[int, datetime | None]:
    """The best series, by dynamic programming over the visits in their order.

    A state is the last day used and the days of those visits that a later one must keep its
    distance from; of the ways into a state only the cheapest can lead to the best series.
    """
    free = sorted(starts)
    still_needed = {
        index: [link.earlier for link in links if link.earlier <= index < link.later]
        for index in free
    }
    ways: dict[tuple[date | None, ...], tuple[_Cost, dict[int, date | None]]]
    ways = {(None,): (_Cost(), {})}
    for index in free:
        onward: dict[tuple[date | None, ...], tuple[_Cost, dict[int, date | None]]] = {}
        for state, (cost, days) in ways.items():
            last = state[0]
            for on in (*starts[index], None):
                short = _short_days(index, on, days, links, visits, fixed, shortest_days)
                if short is None or (on and last and on <= last):
                    continue
                new_days = {**days, index: on}
                new_cost = cost.plus(visits[index].due, on, short)
                key = (on or last, *(new_days.get(before) for before in still_needed[index]))
                if key not in onward or new_cost < onward[key][0]:
                    onward[key] = (new_cost, new_days)
        ways = onward
    best = min(ways.values(), key=lambda way: way[0])[1]
    return {index: starts[index][on] if on else None for index, on in best.items()}


def _short_days(
    index: int,
    on: date | None,
    days: Mapping[int, date | None],
    links: Sequence[_Link],
    visits: Sequence[Visit],
    fixed: Mapping[int, datetime],
    shortest_days: int,
) -> int | None:
    """Days that a choice lacks to the shortest interval; None: it may not be chosen.

    Only a visit that the physician moved may be too near, and never before its predecessor.
    """
    lacking = 0
    for link in links:
        if on is None or index not in (link.earlier, link.later):
            continue
        other = link.earlier if index == link.later else link.later
        there = fixed[other].date() if other in fixed else days.get(other)
        if there is None:
            continue
        gap = (on - there).days if index == link.later else (there - on).days
        if gap < shortest_days:
            if gap <= 0 or not visits[other].moved_to:
                return None
            lacking += shortest_days - gap
    return lacking


def _placed(
    index: int,
    visits: Sequence[Visit],
    starts: Mapping[int, datetime],
    links: Sequence[_Link],
    opening: Opening,
    hour: time,
    shortest_days: int,
) -> Placed:
    visit = visits[index]
    minutes = opening.minutes(visit.purposes)
    wanted = datetime.combine(visit.due, hour)
    if index not in starts:
        choices = tuple(_choices(index, visits, starts, links, opening, hour, shortest_days))
        no_day = _no_day(visit, opening, hour, shortest_days)
        return Placed(visit, None, None, no_day, choices=choices)
    start, end = opening.placed(starts[index], minutes)
    because = None
    if visit.moved_to:
        because = "moved by the physician"
    elif starts[index] != wanted:
        reason = opening.obstacle(wanted, minutes)
        # The due day may be free in itself and yet too near to a neighbour.
        because = reason or f"injections stay {count(shortest_days, 'day')} apart"
    short = _short(index, visits, starts, links, shortest_days)
    return Placed(visit, start, end, because, short)


def _short(
    index: int,
    visits: Sequence[Visit],
    starts: Mapping[int, datetime],
    links: Sequence[_Link],
    shortest_days: int,
) -> int | None:
    """The short distance to a neighbour, told at the moved visit; at the later of two such."""
    gaps = [
        (starts[link.later].date() - starts[link.earlier].date()).days
        for link in links
        if link.earlier in starts
        and link.later in starts
        and index == (link.later if visits[link.later].moved_to else link.earlier)
    ]
    return min((gap for gap in gaps if gap < shortest_days), default=None)


def _no_day(visit: Visit, opening: Opening, hour: time, shortest_days: int) -> str:
    """Why no day of the window will do, like days together."""
    reasons: dict[str, list[str]] = {}
    minutes = opening.minutes(visit.purposes)
    for shift in range(-visit.window_days, visit.window_days + 1):
        on = visit.due + timedelta(days=shift)
        obstacle = opening.obstacle(datetime.combine(on, hour), minutes)
        if obstacle is None or opening.nearest(on, hour, minutes) is not None:
            obstacle = f"under {count(shortest_days, 'day')} from another injection, or taken"
        reasons.setdefault(obstacle, []).append(day(on))
    return "; ".join(f"{listing(days)}: {reason}" for reason, days in reasons.items())


def _choices(
    index: int,
    visits: Sequence[Visit],
    starts: Mapping[int, datetime],
    links: Sequence[_Link],
    opening: Opening,
    hour: time,
    shortest_days: int,
) -> Iterator[datetime]:
    """Free times outside the window to choose from: the nearest before, the two nearest after."""
    visit = visits[index]
    minutes = opening.minutes(visit.purposes)
    taken = {start.date() for start in starts.values()}
    before = [
        starts[link.earlier].date()
        for link in links
        if link.later == index and link.earlier in starts
    ]
    earliest = max([starts[0].date() + timedelta(days=1)] + [
        there + timedelta(days=shortest_days) for there in before
    ])  # fmt: skip
    for sign, wanted in ((-1, 1), (1, 2)):
        found = 0
        for away in range(visit.window_days + 1, SEARCHED_DAYS):
            on = visit.due + timedelta(days=sign * away)
            if on < earliest or on in taken or found == wanted:
                continue
            start = opening.nearest(on, hour, minutes)
            if start is not None:
                found += 1
                yield start

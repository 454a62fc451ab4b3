"""Visits of many weeks at once: the days of all of them first, then the hours of each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain

from planner.core.calendar.availability import Opening, Stay
from planner.core.calendar.clinic import Kind
from planner.core.roster.laying_out import Building, Distance, Movable, best_starts, laid_out

# So often days are chosen anew because the visits of one have no hours beside one another.
MOST_TRIES = 12
_QUARTER_HOUR = Stay(15, {})


def laid_out_by_days(
    movables: Sequence[Movable],
    distances: Sequence[Distance],
    opening: Opening,
    not_before: datetime,
) -> Mapping[tuple[str, int], datetime | None]:
    """As `laid_out`, for more visits than can choose their hours together.

    The days are the best where a day has room for as many quarter hours as are free; one whose
    visits find no hours is given one less. Nothing is said after MOST_TRIES. Visits that may stay
    stand beside one another: where nobody comes to their day they do stay.
    """
    failed: Counter[date] = Counter()
    for _ in range(MOST_TRIES):
        days = _days_of(movables, distances, opening, not_before, failed)
        found, crowded = _with_hours(movables, days, opening, not_before)
        if not crowded:
            return found
        failed.update(crowded)
    return {}


def _days_of(
    movables: Sequence[Movable],
    distances: Iterable[Distance],
    opening: Opening,
    not_before: datetime,
    failed: Mapping[date, int],
) -> Mapping[tuple[str, int], datetime]:
    """The day of each visit, at its own hour; nothing where there is no answer."""
    there = sorted(movables, key=lambda one: one.key)
    starts = best_starts(_BuildingDays(there, opening, not_before, failed).model(distances))
    return {key: start for key, start in starts.items() if start is not None}


def _with_hours(
    movables: Sequence[Movable],
    days: Mapping[tuple[str, int], datetime],
    opening: Opening,
    not_before: datetime,
) -> tuple[Mapping[tuple[str, int], datetime | None], set[date]]:
    """The visits with their hours, and the days whose visits find none beside one another."""
    found: dict[tuple[str, int], datetime | None] = {}
    crowded: set[date] = set()
    by_day: dict[date, list[Movable]] = {}
    for one in movables:
        if one.key in days:
            by_day.setdefault(days[one.key].date(), []).append(one)
    for on, there in sorted(by_day.items()):
        if all(one.may_stay and one.stood.date() == on for one in there):
            found |= {one.key: one.stood for one in there}
            continue
        hours = laid_out([one._replace(days=(on,)) for one in there], (), opening, not_before)
        if not hours:
            crowded.add(on)
        found |= hours
    return found, crowded


class _BuildingDays(Building):
    """A model of days alone: on each no more of a kind is taken than is left of it."""

    def __init__(
        self,
        movables: Sequence[Movable],
        opening: Opening,
        not_before: datetime,
        failed: Mapping[date, int],
    ) -> None:
        # How often the visits of a day found no hours.
        self.failed = failed
        super().__init__(movables, opening, not_before)

    def starts_of(self, one: Movable) -> Iterator[datetime]:
        """Its own hour on each day on which there is any room for it."""
        for on in one.days:
            own = datetime.combine(on, one.stood.time())
            is_open = self.opening.shut(own, one.stay) is None
            starts = self.opening.starts(on, one.stay)
            if any(self._has_room(at, one) for at in chain([own] if is_open else [], starts)):
                yield own

    def _has_room(self, start: datetime, one: Movable) -> bool:
        return start >= self.not_before and self.opening.has_room(start, one.stay)

    def share_rooms(self) -> None:
        """Bounds for the quarter hours of each kind on each day: visits start on those."""
        rows: dict[tuple[Kind, date], int] = {}
        for one in self.movables:
            quarters = -(-one.stay.minutes // _QUARTER_HOUR.minutes)
            for start in self.starts[one.key]:
                on = start.date()
                for kind, needed in one.stay.takes.items():
                    if needed:
                        if (kind, on) not in rows:
                            rows[kind, on] = self.bound(self._free_quarters(on, kind))
                        self.uses[one.key, start][rows[kind, on]] = needed * quarters

    def _free_quarters(self, on: date, kind: Kind) -> int:
        """The quarter hours of a kind that are free on a day, all of its rooms together."""
        most = self.opening.clinic.capacity[kind]
        free = 0
        # The last quarter hour before the clinic closes may be cut off.
        for start in self.opening.starts(on, Stay(1, {})):
            begin, end = self.opening.placed(start, _QUARTER_HOUR)
            free += max(0, most - self.opening.taken(begin, end, kind))
        return max(0, free - self.failed.get(on, 0))

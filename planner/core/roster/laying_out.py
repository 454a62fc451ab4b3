"""From visits that have to find a place to a model of their choices, and back to their times."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from planner.core.calendar.availability import Opening, Stay
from planner.core.calendar.clinic import Kind
from planner.core.roster.choices import Chooser, Cost, ImpossibleError, Model, Option
from planner.core.roster.solving import solved
from planner.core.values.days import ONE_DAY

# A day counts for more than all hours of a day, a day from where it stood for more than all days
# from where it is due; later is better than earlier where all else is the same.
_DAY_WEIGHT, _MINUTE_WEIGHT = 100_000, 10_000
_DICE = 1_000
# A visit without a day counts for more than all that come without what is held by then.
_NO_DAY, _PUT_OFF = 1 << 10, 1


class Movable(NamedTuple):
    """A visit that is laid out with others; times are the clinic's wall clock.

    `stood` is where it stands, `due` the day that it is due, `days` where it may stand. One that
    `may_stay` costs nothing where it stood; only one that `may_be_without` may find no day. A visit
    that `was_told` is moved at a price of its own. Some of it is held from `held_from` on, and
    waits where the visit comes later.
    """

    course: str
    visit: int
    stay: Stay
    stood: datetime
    due: date
    days: tuple[date, ...]
    may_stay: bool = False
    may_be_without: bool = True
    was_told: bool = False
    held_from: date | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from all others."""
        return self.course, self.visit


class Distance(NamedTuple):
    """Two visits of a course, by their numbers, of which the later is at least so many days on."""

    course: str
    earlier: int
    later: int
    days: int


def distances_between(
    course: str, visits: Sequence[tuple[int, Set[str]]], apart: int
) -> Iterator[Distance]:
    """How far visits of a course stay from one another, in their order.

    Each is its number with the lesions that it injects: those of one lesion are `apart`.
    """
    for (earlier, lesions), (later, others) in combinations(visits, 2):
        yield Distance(course, earlier, later, 1 if lesions.isdisjoint(others) else apart)


def laid_out(
    movables: Sequence[Movable],
    distances: Iterable[Distance],
    opening: Opening,
    not_before: datetime,
) -> Mapping[tuple[str, int], datetime | None]:
    """The start of each visit in the best answer, None for no day.

    As few without a day as can be, then as few of which some waits, then as few moved, then the
    least days from where they stood; `opening` is busy with all other visits, nothing starts before
    a moment. The order of the visits changes nothing; nothing is said where one that may not be
    without a day finds none. Raises ServiceError where no best answer can be found.
    """
    there = sorted(movables, key=lambda one: one.key)
    model = Building(there, opening, not_before).model(distances)
    return best_starts(model)


def best_starts(model: Model) -> Mapping[tuple[str, int], datetime | None]:
    """The start of each visit in the best answer of a model; nothing where it has none."""
    if any(not one.options for one in model.choosers):
        return {}
    try:
        chosen = solved(model)
    except ImpossibleError:
        return {}
    return {
        one.key: one.options[place].start for one, place in zip(model.choosers, chosen, strict=True)
    }


class Building:
    """A model while it is made: bounds are numbered as they come."""

    def __init__(self, movables: Sequence[Movable], opening: Opening, not_before: datetime) -> None:
        self.movables = movables
        self.opening = opening
        self.not_before = not_before
        self.bounds: list[int] = []
        self.starts = {one.key: list(self.starts_of(one)) for one in movables}
        self.uses: dict[tuple[tuple[str, int], datetime], dict[int, int]] = {
            (key, start): {} for key, starts in self.starts.items() for start in starts
        }

    def model(self, distances: Iterable[Distance]) -> Model:
        """The visits with their options, and what they share."""
        self.share_rooms()
        for one in distances:
            self._keep_apart(one)
        choosers = tuple(Chooser(one.key, tuple(self._options(one))) for one in self.movables)
        return Model(choosers, tuple(self.bounds))

    def starts_of(self, one: Movable) -> Iterator[datetime]:
        """Its own hour and each quarter hour of its days, where there is room beside all others."""
        for on in one.days:
            own = datetime.combine(on, one.stood.time())
            quarters = [start for start in self.opening.starts(on, one.stay) if start != own]
            is_open = self.opening.shut(own, one.stay) is None
            for start in ([own] if is_open else []) + quarters:
                if start >= self.not_before and self.opening.has_room(start, one.stay):
                    yield start

    def share_rooms(self) -> None:
        """Bounds between any two moments: no more of a kind than is left of it."""
        times = {
            (one.key, start): self.opening.placed(start, one.stay)
            for one in self.movables
            for start in self.starts[one.key]
        }
        moments = sorted({moment for pair in times.values() for moment in pair})
        kinds = {kind for one in self.movables for kind, need in one.stay.takes.items() if need}
        rows: dict[tuple[Kind, int], int] = {}
        stays = {one.key: one.stay for one in self.movables}
        for (key, start), (begin, end) in times.items():
            for place in range(bisect_left(moments, begin), bisect_left(moments, end)):
                for kind in kinds:
                    if needed := stays[key].takes.get(kind, 0):
                        row = rows.get((kind, place))
                        if row is None:
                            taken = self.opening.taken(moments[place], moments[place + 1], kind)
                            row = self.bound(self.opening.clinic.capacity[kind] - taken)
                            rows[kind, place] = row
                        self.uses[key, start][row] = needed

    def _keep_apart(self, one: Distance) -> None:
        """Of an earlier visit from a day on, and a later one too near to that day, one at most."""
        earlier, later = (one.course, one.earlier), (one.course, one.later)
        if earlier not in self.starts or later not in self.starts:
            return
        for on in sorted({start.date() for start in self.starts[earlier]}):
            nearest = on + one.days * ONE_DAY
            after = [start for start in self.starts[later] if start.date() < nearest]
            if after:
                row = self.bound(1)
                for start in self.starts[earlier]:
                    if start.date() >= on:
                        self.uses[earlier, start][row] = 1
                for start in after:
                    self.uses[later, start][row] = 1

    def bound(self, most: int) -> int:
        """A bound more of what is shared, by its number."""
        self.bounds.append(most)
        return len(self.bounds) - 1

    def _options(self, one: Movable) -> Iterator[Option]:
        for start in self.starts[one.key]:
            yield Option(start, _cost(one, start), self.uses[one.key, start])
        if one.may_be_without:
            yield Option(None, (_NO_DAY, 0, 0, 0, 0), {})


def _cost(one: Movable, start: datetime) -> Cost:
    """What a start costs a visit."""
    is_stay = one.may_stay and start == one.stood
    if is_stay:
        return 0, 0, 0, 0, 0
    days = abs((start.date() - one.stood.date()).days)
    from_due = abs((start.date() - one.due).days)
    hour = datetime.combine(start.date(), one.stood.time())
    minutes = int(abs(start - hour) / timedelta(minutes=1))
    is_earlier = start < one.stood
    moved = 1 if not one.was_told else 1 << 20
    is_held = one.held_from is not None and start.date() >= one.held_from
    return (
        _PUT_OFF if is_held else 0,
        moved,
        days * _DAY_WEIGHT + from_due,
        minutes * _MINUTE_WEIGHT + is_earlier,
        _dice(one, start),
    )


def _dice(one: Movable, start: datetime) -> int:
    text = f"{one.course} {one.visit} {start.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % _DICE

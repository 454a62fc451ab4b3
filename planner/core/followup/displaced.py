"""What of a course can be laid out anew beside others, and how far its visits stay apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from planner.core.calendar.availability import Opening
from planner.core.followup.course_state import State
from planner.core.plan.appointments import Named, Slot
from planner.core.plan.plan import PlannedVisit
from planner.core.plan.zone_rules import wall
from planner.core.protocol.protocol import Protocol
from planner.core.roster.laying_out import Distance, Movable, distances_between
from planner.core.values.days import FIRST_DAY, LAST_DAY, ONE_DAY


class Displaced(NamedTuple):
    """Visits of a course that are laid out with those of others; the rest of it stands."""

    movables: tuple[Movable, ...]
    distances: tuple[Distance, ...]


def coming_visits(state: State, not_before: datetime) -> Iterator[PlannedVisit]:
    """The visits that can still be laid out: something of them is to come, none is over."""
    for _, visit in sorted(state.visits.items()):
        start = wall(visit.start)
        if left_of(visit, state) and start is not None and start >= not_before:
            yield visit


def left_of(visit: PlannedVisit, state: State) -> tuple[Named, ...]:
    """What of a visit is to come."""
    return tuple(name for name in visit.names if state.is_to_come(name))


def is_begun(visit: PlannedVisit, state: State) -> bool:
    """Whether some of a visit is over."""
    return len(left_of(visit, state)) < len(visit.names)


def may_make_room(visit: PlannedVisit, state: State) -> bool:
    """Whether a visit may be moved for others: it was not begun, and nobody chose its day."""
    slots = [state.slots[name] for name in visit.names]
    return not is_begun(visit, state) and not any(one.at or one.moved_to for one in slots)


class Surroundings(NamedTuple):
    """A course as it stands, and where and from when on what comes of it is laid out."""

    course: str
    state: State
    protocol: Protocol
    opening: Opening
    not_before: datetime

    @property
    def apart(self) -> int:
        """The shortest interval, in days."""
        return self.protocol.policy.shortest_interval_days


def displaced(
    there: Surroundings, numbers: Collection[int], may_stay: Collection[int]
) -> Displaced:
    """Some visits of a course as what is laid out, those that `may_stay` among them."""
    moving = {n: one for n, one in there.state.visits.items() if n in numbers}
    movables = []
    for number, visit in sorted(moving.items()):
        assert visit.start is not None
        stood, stays = visit.start.replace(tzinfo=None), number in may_stay
        # One that may stay does so also where its window is passed already.
        days = {*_days(visit, there, moving), *([stood.date()] if stays else [])}
        movables.append(
            Movable(
                course=there.course,
                visit=number,
                stay=there.opening.stay(visit.each_purpose),
                stood=stood,
                due=_due(_bounding(visit, there.state)[0]),
                days=tuple(sorted(days)),
                may_stay=stays,
                held_from=_held_from(visit, there.state),
            )
        )
    in_order = sorted(moving.values(), key=lambda one: (one.start or datetime.max, one.number))
    series = [(one.number, {*_injected(one, there.state)}) for one in in_order]
    distances = distances_between(there.course, series, there.apart)
    return Displaced(tuple(movables), tuple(distances))


def _days(visit: PlannedVisit, there: Surroundings, moving: Collection[int]) -> Iterator[date]:
    """The days of a visit's windows that the visits of the course that stand leave it."""
    state = there.state
    slots = _slots(visit, state)
    windows = [(_due(one), one.appointment.window_days) for one in _bounding(visit, state)]
    if is_first(visit, state):
        most = there.protocol.policy.injection_window_days
        windows = [(due, min(days, most)) for due, days in windows]
    first = max(due - days * ONE_DAY for due, days in windows)
    last = min(due + days * ONE_DAY for due, days in windows)
    earliest = max([FIRST_DAY, there.not_before.date(), *_not_before(slots)])
    others = [
        one
        for n, one in state.visits.items()
        # What was done of one that moves stands.
        if n not in moving or (n != visit.number and is_begun(one, state))
        if one.start is not None
    ]
    for shift in range((last - first).days + 1):
        on = first + shift * ONE_DAY
        is_free = earliest <= on <= LAST_DAY and there.opening.is_known(on)
        if not is_free or not _is_any_done(visit, on, state):
            continue
        if all(_may_stand(visit, on, other, there) for other in others):
            yield on


def _slots(visit: PlannedVisit, state: State) -> list[Slot]:
    return [state.slots[name] for name in left_of(visit, state)]


def _bounding(visit: PlannedVisit, state: State) -> list[Slot]:
    """Those of a visit whose windows it keeps: all but those that it passed already."""
    slots = _slots(visit, state)
    stood = wall(visit.start)
    kept = [
        one
        for one in slots
        if stood and not one.is_outside(stood.date(), one.appointment.window_days)
    ]
    return kept or [one for one in slots if _due(one) == _due(slots[0])]


def _injected(visit: PlannedVisit, state: State) -> Mapping[str, int]:
    """The injections to come of a visit: the number of each by its lesion."""
    left = left_of(visit, state)
    return {name.lesion: name.number for name in left if name.purpose == "injection"}


def _held_from(visit: PlannedVisit, state: State) -> date | None:
    """The day from which some of a visit is held: it waits then, and the rest can be done."""
    since = (state.held[one] for one in _injected(visit, state) if one in state.held)
    return min(since, default=None)


def _is_any_done(visit: PlannedVisit, on: date, state: State) -> bool:
    """Whether anything of a visit is done on a day: what is held by then is not."""
    left = left_of(visit, state)
    return any(one.purpose != "injection" or not _is_held(one.lesion, on, state) for one in left)


def _is_held(lesion: str, on: date, state: State) -> bool:
    return lesion in state.held and on >= state.held[lesion]


def _due(slot: Slot) -> date:
    """The day that a visit's window is counted from."""
    return slot.counted_from


def _not_before(slots: Sequence[Slot]) -> Iterator[date]:
    yield from (one.appointment.not_before for one in slots if one.appointment.not_before)


def is_first(visit: PlannedVisit, state: State) -> bool:
    """Whether it is the first visit of a course that has not begun."""
    starts = [one.start for one in state.visits.values() if one.start is not None]
    return not state.given and not state.seen and visit.start == min(starts)


def _may_stand(visit: PlannedVisit, on: date, other: PlannedVisit, at: Surroundings) -> bool:
    """Whether a visit may stand on a day beside another one of its course that stays."""
    assert other.start is not None
    there = other.start.date()
    is_live = any(
        name in at.state.slots and at.state.slots[name].state in ("planned", "done")
        for name in other.names
    )
    days = (on - there).days
    if days == 0:
        # A visit that was missed keeps its day as well.
        return False
    if not is_live:
        return True
    here = _injected(visit, at.state)
    for one in other.injections:
        if one.lesion in here and one.state != "missed":
            is_later = here[one.lesion] > one.injection
            if (days if is_later else -days) < at.apart:
                return False
    return (days > 0) == (visit.start is None or visit.start.date() > there)

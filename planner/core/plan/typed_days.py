"""What is wrong with the days that somebody typed, however much else of a course can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from planner.core.calendar.availability import Opening, unknown_year
from planner.core.calendar.clinic import PURPOSES, Purpose
from planner.core.plan.appointments import first_is_no_move, leads_too_far, not_after_first
from planner.core.plan.placement import cannot_stand
from planner.core.protocol.protocol import Protocol, Regimen
from planner.core.values.days import LAST_DAY
from planner.core.values.formatting import shown_day
from planner.core.values.said import said
from planner.errors import Problem


class TypedMove(NamedTuple):
    """A move as far as it could be read; one that `is_whole` could be read altogether."""

    place: str
    due: date | None
    to: datetime | None
    is_whole: bool = True


def times_problems(
    first: datetime | None, moves: Iterable[TypedMove], opening: Opening | None
) -> Iterator[Problem]:
    """Times at which the clinic has no visits, however short; moves to before the second visit.

    The clinic's hours go unchecked without `opening`.
    """
    if first is not None:
        yield from _shut("first_visit", first, ("injection",), opening)
    for move in moves:
        place = f"{move.place}.to"
        if move.to is None:
            continue
        if first is not None and move.to.date() <= first.date():
            yield not_after_first(place, first.date())
        else:
            yield from _shut(place, move.to, PURPOSES, opening)


def _shut(
    place: str, start: datetime, kinds: Sequence[Purpose], opening: Opening | None
) -> Iterator[Problem]:
    if opening is None:
        return
    if not opening.is_known(start.date()):
        yield unknown_year(place, start.date())
        return
    stay = min((opening.stay([kind]) for kind in kinds), key=lambda one: one.minutes)
    if reason := opening.shut(start, stay):
        yield cannot_stand(place, start, reason, opening, stay)


def due_problems(
    first: date, moves: Sequence[TypedMove], regimens: Sequence[set[Regimen]], protocol: Protocol
) -> Iterator[Problem]:
    """Days out of reach, and moves of days on which no visit can be due.

    `regimens` are those that each lesion may have. Of the moves none is looked at after one that
    may shift the days of those after it: it leaves its window, or could not be read.
    """
    looks = {first + timedelta(days=one.after_days) for one in protocol.evaluations}
    decided = [may for may in regimens if len(may) == 1]
    certain = looks | _due_days(decided, first)
    if far := min((day for day in certain if day > LAST_DAY), default=None):
        yield leads_too_far("first_visit", far)
    possible = looks | _due_days(regimens, first)
    windows = [one.window_days for one in protocol.evaluations]
    narrowest = min([protocol.policy.injection_window_days, *windows])
    may_be_shifted = False
    for move in moves:
        place = f"{move.place}.from"
        if move.due == first:
            yield first_is_no_move(place)
        elif move.due is not None and move.due not in possible and not may_be_shifted:
            fix = said("name a day on which a visit is due")
            yield Problem(place, said("no visit is due on {due}", due=shown_day(move.due)), fix)
        elif not may_be_shifted and (far := _taken_too_far(move, decided, first, protocol)):
            yield leads_too_far(f"{move.place}.to", far)
        may_be_shifted |= not move.is_whole or _shift(move) > narrowest


def _taken_too_far(
    move: TypedMove, decided: Sequence[set[Regimen]], first: date, protocol: Protocol
) -> date | None:
    """The first day out of reach of those that a move out of its window leads to, if any."""
    window = protocol.policy.injection_window_days
    if move.to is None or move.due is None or _shift(move) <= window:
        return None
    series = (one.due_days(first) for may in decided for one in may)
    shift = move.to.date() - move.due
    after = (day + shift for days in series if move.due in days for day in days if day > move.due)
    return min((day for day in after if day > LAST_DAY), default=None)


def _due_days(regimens: Sequence[set[Regimen]], first: date) -> set[date]:
    return {day for may in regimens for one in may for day in one.due_days(first)}


def _shift(move: TypedMove) -> int:
    return abs((move.to.date() - move.due).days) if move.to and move.due else 0

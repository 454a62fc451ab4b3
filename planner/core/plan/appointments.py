"""Due days and windows: which appointments make a visit, and where the physician moves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from planner.core.calendar.clinic import PURPOSES, Purpose
from planner.core.plan.course import Move
from planner.core.values.days import FIRST_DAY, LAST_DAY
from planner.core.values.formatting import listing, shown_day
from planner.core.values.said import said
from planner.errors import InputError, Problem

# What became of a visit, an injection or an evaluation: it is to come, or it was.
VisitState = Literal["planned", "done", "missed", "cancelled"]
# One of a held lesion waits: it is to come, and has no day.
AppointmentState = VisitState | Literal["waiting"]


class Named(NamedTuple):
    """An appointment by what it is: `number` is 1, 2, ... of its kind, whenever it is."""

    lesion: str
    purpose: Purpose
    number: int


@dataclass(frozen=True)
class Appointment:
    """One injection or evaluation of a lesion. `count` is 1, 2, ... of its kind.

    `window_days` reaches both ways, inclusive; `order` is the lesion's place in the course.
    `interval_days` are those from the lesion's injection before it.
    """

    order: int
    lesion: str
    purpose: Purpose
    count: int
    due: date
    window_days: int
    interval_days: int = 0
    state: AppointmentState = "planned"
    # A lesion that was released or found on a day is not injected before it.
    not_before: date | None = None

    @property
    def name(self) -> Named:
        """What it is, whenever it is."""
        return Named(self.lesion, self.purpose, self.count)


class Slot(NamedTuple):
    """An appointment in a course under way; all times are the clinic's wall clock.

    `at` is when it was done, or was to be done once its visit is past; `is_late` says that this
    is out of the window of that visit.
    """

    appointment: Appointment
    moved_to: datetime | None = None
    moved_from: date | None = None
    passed_window: int | None = None
    at: datetime | None = None
    is_late: bool = False

    @property
    def state(self) -> AppointmentState:
        """What became of it."""
        return self.appointment.state

    @property
    def is_left(self) -> bool:
        """Whether it is to come, or may be done yet: one that waits, or was missed."""
        return self.state in ("planned", "waiting", "missed")

    def with_state(self, state: AppointmentState) -> Slot:
        """It where it stands, in another state."""
        return self._replace(appointment=replace(self.appointment, state=state))

    def to_come(self, due: date | None = None) -> Slot:
        """It as it is to come, on the day when it is due: nothing is left of where it stood."""
        on = self.appointment.due if due is None else due
        return Slot(replace(self.appointment, state="planned", due=on))

    @property
    def day(self) -> date:
        """The day that it stands on, or is due."""
        stands = self.at or self.moved_to
        return stands.date() if stands else self.appointment.due

    @property
    def counted_from(self) -> date:
        """The day from which the later ones are counted: when it is due, or was moved to if far."""
        was_followed = self.moved_to is not None and self.passed_window is not None
        return self.moved_to.date() if self.moved_to and was_followed else self.appointment.due

    def is_outside(self, on: date, window_days: int) -> bool:
        """Whether a day is further away than a window (inclusive, both ways)."""
        return abs((on - self.counted_from).days) > window_days


def injections_of(slots: Mapping[Named, Slot], lesion: str) -> list[tuple[Named, Slot]]:
    """The injections of a lesion in their order."""
    found = [
        (name, slot)
        for name, slot in slots.items()
        if name.lesion == lesion and name.purpose == "injection"
    ]
    return sorted(found, key=lambda one: one[0].number)


@dataclass(frozen=True)
class Visit:
    """Appointments on one day, and the wall-clock time to which the physician moved them.

    `moved_from` are the days when what was moved was due, `passed_window` the window in days
    that a move left behind, if it did. `settled` is when it was, or was to be, once that is past.
    """

    due: date
    appointments: tuple[Appointment, ...]
    moved_to: datetime | None = None
    moved_from: tuple[date, ...] = ()
    passed_window: int | None = None
    settled: datetime | None = None

    @property
    def target(self) -> date:
        """The day that it stands on, or should."""
        stands = self.settled or self.moved_to
        return stands.date() if stands else self.due

    @property
    def names(self) -> tuple[Named, ...]:
        """All that belongs to it, by what it is."""
        return tuple(one.name for one in self.appointments)

    @property
    def window_days(self) -> int:
        """The narrowest of its appointments' windows."""
        return min(one.window_days for one in self.appointments)

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """What is done at it, in the order in which it is done."""
        kinds = {one.purpose for one in self.appointments}
        return tuple(kind for kind in PURPOSES if kind in kinds)

    @property
    def each_purpose(self) -> list[Purpose]:
        """What it takes time for, once for each lesion: what was missed takes none of the rest."""
        gone = ("missed", "cancelled") if self.is_to_come else ()
        return [one.purpose for one in self.appointments if one.state not in gone]

    @property
    def first_appointment(self) -> Appointment:
        """What the visit is known by, however it moves: an injection goes before an evaluation."""
        return min(self.appointments, key=lambda one: (one.order, one.purpose == PURPOSES[0]))

    @property
    def injected(self) -> tuple[Appointment, ...]:
        """Its injections, in the order of the lesions."""
        return tuple(one for one in self.appointments if one.purpose == "injection")

    @property
    def is_to_come(self) -> bool:
        """Whether anything is still to be done at it."""
        return any(one.state == "planned" for one in self.appointments)

    @property
    def to_draw(self) -> tuple[Appointment, ...]:
        """The injections that it is drawn up for: those to come, else those done, else all."""
        coming = tuple(one for one in self.injected if one.state == "planned")
        return coming or tuple(one for one in self.injected if one.state == "done") or self.injected


def due_visits(
    appointments: Iterable[Appointment], place: str = "first_visit"
) -> tuple[Visit, ...]:
    """Appointments of one day are one visit; by day. Raises InputError outside 2000 to 2099.

    `place` is that of the day from which they are counted.
    """
    days: dict[date, list[Appointment]] = {}
    for one in appointments:
        _in_reach(one.due, place)
        days.setdefault(one.due, []).append(one)
    return tuple(Visit(due, ordered(days[due])) for due in sorted(days))


def apply_moves(
    visits: Sequence[Visit], moves: Sequence[Move]
) -> tuple[tuple[Visit, ...], tuple[Problem, ...]]:
    """The visits with the physician's moves, each read after those before it.

    A move outside the visit's window takes the later injections of its lesions along; one onto
    the day of another visit joins it. A problem for each move of no visit or of the first one,
    onto or before the first day, or onto a day on which a lesion is injected already.
    """
    current = tuple(visits)
    problems: list[Problem] = []
    for index, move in enumerate(moves, start=1):
        try:
            current = _with_move(current, move, f"move[{index}]")
        except InputError as error:
            problems += error.problems
    return current, tuple(problems)


def _with_move(visits: tuple[Visit, ...], move: Move, place: str) -> tuple[Visit, ...]:
    visit = _movable(visits, move, place)
    shift = abs((move.to.date() - visit.due).days)
    is_outside = shift > visit.window_days
    moved = replace(
        visit,
        moved_to=move.to,
        moved_from=(visit.due,),
        passed_window=visit.window_days if is_outside else None,
    )
    others = [one for one in visits if one is not visit]
    followers: list[Visit] = []
    if is_outside:
        others, followers = _without_later(others, moved, place)
    _check_order(moved, others, place)
    return _joined([*others, moved, *followers])


def _movable(visits: tuple[Visit, ...], move: Move, place: str) -> Visit:
    """The visit that a move names."""
    # One that was moved away may still be due on a day to which another followed.
    meant = sorted((one for one in visits if one.due == move.due), key=_was_moved)
    visit = meant[0] if meant else None
    if visit is None:
        due = listing([shown_day(one.due) for one in visits[1:]])
        raise InputError(
            Problem(
                f"{place}.from",
                said("no visit is due on {due}", due=shown_day(move.due)),
                said("due: {due}", due=due),
            )
        )
    if visit is visits[0]:
        raise InputError(first_is_no_move(f"{place}.from"))
    if visit.moved_to:
        raise InputError(
            Problem(f"{place}.from", said("this visit is moved already"), said("keep one move"))
        )
    _in_reach(move.to.date(), f"{place}.to")
    if move.to.date() <= visits[0].due:
        raise InputError(not_after_first(f"{place}.to", visits[0].due))
    return visit


def first_is_no_move(place: str) -> Problem:
    """The first visit is not moved: its day is that of the course."""
    return Problem(place, said("this is the first visit"), said("set first_visit"))


def not_after_first(place: str, first: date) -> Problem:
    """A visit is moved to before the second one."""
    fix = said("choose a day after {due}", due=shown_day(first))
    return Problem(place, said("it is not after the first visit"), fix)


def _was_moved(visit: Visit) -> bool:
    return visit.moved_to is not None


def _check_order(moved: Visit, others: Sequence[Visit], place: str) -> None:
    """Refuse two injections of a lesion on one day, or in another order than their own."""
    mine = {one.lesion: one.count for one in moved.injected}
    for other in others:
        for theirs in other.injected:
            if theirs.lesion not in mine:
                continue
            taken = said(
                "injection {count} of lesion {lesion} is on {target}",
                count=theirs.count,
                lesion=theirs.lesion,
                target=shown_day(other.target),
            )
            if other.target == moved.target or (
                (other.target > moved.target) != (theirs.count > mine[theirs.lesion])
            ):
                raise InputError(Problem(f"{place}.to", taken, said("choose another day")))


def _without_later(
    visits: Sequence[Visit], moved: Visit, place: str
) -> tuple[list[Visit], list[Visit]]:
    """The visits less the later injections of the moved lesions, and those on their new days."""
    anchors = {one.lesion: one for one in moved.injected}
    injected = {one.name: one for visit in visits for one in visit.injected}
    kept: list[Visit] = []
    later: list[Appointment] = []
    for visit in visits:
        stay: list[Appointment] = []
        for one in visit.appointments:
            anchor = anchors.get(one.lesion)
            if one.purpose == "injection" and anchor and one.count > anchor.count:
                if visit.moved_to:
                    problem = said(
                        "the visit due {due} would follow, but was moved before",
                        due=shown_day(visit.due),
                    )
                    fix = said("write the moves in the order of their days")
                    raise InputError(Problem(place, problem, fix))
                days = days_between(injected, anchor.name, one.count)
                later.append(replace(one, due=moved.target + timedelta(days=days)))
            else:
                stay.append(one)
        if stay:
            kept.append(replace(visit, appointments=tuple(stay)))
    return kept, list(due_visits(later, f"{place}.to"))


def days_between(injected: Mapping[Named, Appointment], one: Named, later: int) -> int:
    """The days from an injection of a lesion to a later one, as its regimen has them.

    `injected` has the lesion's injections after the first of the two.
    """
    numbers = range(one.number + 1, later + 1)
    return sum(injected[one._replace(number=number)].interval_days for number in numbers)


def _joined(visits: Iterable[Visit]) -> tuple[Visit, ...]:
    """Visits that stand on one day as one, by day; it keeps the due day of the first named."""
    days: dict[date, Visit] = {}
    for visit in visits:
        host = days.get(visit.target)
        days[visit.target] = visit if host is None else _merged(host, visit)
    return tuple(days[target] for target in sorted(days))


def _merged(host: Visit, guest: Visit) -> Visit:
    return replace(
        host,
        appointments=ordered([*host.appointments, *guest.appointments]),
        moved_to=guest.moved_to or host.moved_to,
        moved_from=host.moved_from + guest.moved_from,
        passed_window=host.passed_window if guest.passed_window is None else guest.passed_window,
    )


def ordered(appointments: Iterable[Appointment]) -> tuple[Appointment, ...]:
    """As they stand in a visit: by lesion, the evaluation first."""
    key = {purpose: rank for rank, purpose in enumerate(PURPOSES)}
    return tuple(sorted(appointments, key=lambda one: (one.order, key[one.purpose], one.count)))


def _in_reach(day: date, place: str) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InputError(leads_too_far(place, day))


def leads_too_far(place: str, day: date) -> Problem:
    """A day out of reach, which follows from one that was typed."""
    fix = said("all days lie from {year} to {last}", year=FIRST_DAY.year, last=LAST_DAY.year)
    return Problem(place, said("it leads to {day}", day=shown_day(day)), fix)

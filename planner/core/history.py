"""A course's history folded into its state: what was done, what waits, what is to come.

Events are read in their order. One that contradicts those before it raises RefusedError, so that
the same rules hold for a new event and for a history that is read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import singledispatchmethod
from typing import Literal, NamedTuple

from planner.core.course import Confirmation, Course, Lesion
from planner.core.events import (
    Confirmed,
    Corrected,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Held,
    Injected,
    Issued,
    LesionAdded,
    Missed,
    Moved,
    Named,
    Planned,
    Resumed,
    kind_of,
)
from planner.core.formatting import day, listing
from planner.core.layout import lay_out_again
from planner.core.opening import Opening
from planner.core.plan import appointments, decide
from planner.core.preparing import each_dose
from planner.core.protocol import Protocol
from planner.core.quantities import Dose
from planner.core.schedule import (
    LAST_DAY,
    Appointment,
    AppointmentState,
    Visit,
    apply_moves,
    due_visits,
    ordered,
)
from planner.errors import InputError, Problem, RefusedError, raise_if_any

Status = Literal["planned", "running", "held", "ended"]
_ONE_DAY = timedelta(days=1)
# How far ahead an open day for a released lesion is looked for.
_SEARCHED_DAYS = 365


class Slot(NamedTuple):
    """An appointment in a course under way; all times are the clinic's wall clock.

    `at` is when it was done, or was to be done once its visit is past; `is_late` says that this
    is out of the window of that visit. A waiting one is of a held lesion: it has no day.
    """

    appointment: Appointment
    state: AppointmentState | Literal["waiting"] = "open"
    moved_to: datetime | None = None
    moved_from: date | None = None
    passed_window: int | None = None
    at: datetime | None = None
    is_late: bool = False

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


class Done(NamedTuple):
    """An injection as it was recorded, with the number of the event and its author."""

    event: int
    by: str
    given: Given
    injected: Injected


class Seen(NamedTuple):
    """An evaluation as it was recorded last."""

    event: int
    by: str
    evaluated: Evaluated


class IssuedSet(NamedTuple):
    """Documents that were made: how many events the course had then, and what they were."""

    entries: int
    issued: Issued


class State(NamedTuple):
    """A course as its history leaves it."""

    course: Course
    revision: int
    slots: Mapping[Named, Slot]
    held: Mapping[str, date]
    given: Mapping[Named, Done]
    seen: Mapping[Named, Seen]
    ended: Ended | None
    issues: tuple[IssuedSet, ...]

    @property
    def status(self) -> Status:
        """`held` where no injection can be given before a lesion is released."""
        if self.ended:
            return "ended"
        going_on = any(
            name.purpose == "injection" and slot.state == "open" and name.lesion not in self.held
            for name, slot in self.slots.items()
        )
        if self.held and not going_on:
            return "held"
        return "running" if self.given or self.seen else "planned"

    @property
    def began(self) -> date:
        """The first day of the course."""
        return _began(self.course, self.slots)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Its visits by day, those of held lesions apart: slots of one day are one visit."""
        return _visits(self.slots)


def _as_corrected(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries as they hold: each with what was put in its place later, or left out.

    The corrections among them have been checked.
    """
    found = {entry.number: entry for entry in entries}
    for entry in entries:
        if isinstance(entry.event, Corrected):
            number, instead = entry.event
            if instead is None:
                del found[number]
            else:
                found[number] = found[number]._replace(event=instead)
    return [one for one in found.values() if not isinstance(one.event, Corrected)]


def fold(entries: Sequence[Entry], protocol: Protocol, opening: Opening) -> State:
    """The state that a history leaves. Raises RefusedError at an event that cannot be."""
    _check_corrections(entries)
    under_way = _UnderWay(protocol, opening)
    for entry in _as_corrected(entries):
        under_way.apply(entry)
    return under_way.state(sum(not isinstance(one.event, Planned | Issued) for one in entries))


def _check_corrections(entries: Sequence[Entry]) -> None:
    """Refuse a correction of what is not there, cannot be corrected or is withdrawn already."""
    there = {entry.number: entry.event for entry in entries}
    withdrawn: set[int] = set()
    for entry in entries:
        if not isinstance(entry.event, Corrected):
            continue
        target, instead = entry.event.event, entry.event.instead
        event = there.get(target)
        place = f"event {target}"
        if event is None or target >= entry.number:
            raise _refused(place, "there is none", "see planner course history")
        if isinstance(event, Planned | Issued | Corrected):
            raise _refused(place, f"{kind_of(event)} is not corrected", "correct what it names")
        if target in withdrawn:
            raise _refused(place, "it is withdrawn already", "enter it anew")
        if instead is None:
            withdrawn.add(target)
        elif type(instead) is not type(event):
            raise _refused(place, f"it is {kind_of(event)}", "withdraw it, and enter it anew")


class _UnderWay:
    """A course while its events are read."""

    def __init__(self, protocol: Protocol, opening: Opening) -> None:
        self.protocol = protocol
        self.opening = opening
        self.course: Course | None = None
        self.entered: date | None = None
        self.slots: dict[Named, Slot] = {}
        self.held: dict[str, date] = {}
        self.given: dict[Named, Done] = {}
        self.seen: dict[Named, Seen] = {}
        self.ended: Ended | None = None
        self.issues: list[IssuedSet] = []

    def state(self, changes: int) -> State:
        """What the events leave, each change of them having raised the revision by one."""
        revision = self._course.revision + changes
        return State(
            self._course._replace(revision=revision),
            revision,
            self.slots,
            self.held,
            self.given,
            self.seen,
            self.ended,
            tuple(self.issues),
        )

    @property
    def _course(self) -> Course:
        if self.course is None:
            raise _refused("", "the history does not begin with a plan", "restore a backup")
        return self.course

    def apply(self, entry: Entry) -> None:
        """Read one more event. Raises RefusedError where it contradicts those before it."""
        if self.ended and not isinstance(entry.event, Issued):
            text = f"the course ended on {day(self.ended.on)} ({self.ended.ending})"
            fix = "correct the ending first, if that was a slip"
            raise _refused(self._course.id, text, fix)
        self._read(entry.event, entry)
        while self._has_put_off():
            pass
        if entry.confirmations:
            self._confirm(*entry.confirmations)

    @singledispatchmethod
    def _read(self, event: Event, entry: Entry) -> None:
        raise TypeError(f"{type(event).__name__} is no event of a course")

    @_read.register
    def _planned(self, event: Planned, entry: Entry) -> None:
        if self.course is not None:
            raise _refused(self.course.id, "it was planned already", "see planner course show")
        course = event.course
        decided = [decide(lesion, self.protocol) for lesion in course.lesions]
        due = due_visits(appointments(course, decided, self.protocol))
        visits, wrong = apply_moves(due, course.moves)
        raise_if_any(InputError, wrong)
        self.entered = entry.at.date()
        self.course = course._replace(lesions=tuple(map(self._with_each_dose, course.lesions)))
        for visit in visits:
            for one in visit.appointments:
                is_moved = visit.moved_to is not None and one.due in visit.moved_from
                self.slots[_name(one)] = Slot(
                    one,
                    moved_to=visit.moved_to if is_moved else None,
                    moved_from=one.due if is_moved else None,
                    passed_window=visit.passed_window if is_moved else None,
                )

    def _with_each_dose(self, lesion: Lesion) -> Lesion:
        injections = self.protocol.regimens[decide(lesion, self.protocol).regimen].injections
        return lesion._replace(doses=each_dose(lesion, injections), same_dose=False)

    @_read.register
    def _given(self, event: Given, entry: Entry) -> None:
        _check_reach(event.at.date())
        if not event.injections:
            raise _refused("visit", "no injection is to be given", "see planner course show")
        on, window = event.at.date(), self._window(event.visit)
        due = {name: self._slot(name).appointment.due for name in event.visit}
        for one in event.injections:
            name = Named(one.lesion, "injection", one.injection)
            slot = self._slot(name)
            self._check_to_give(name, slot, on)
            self._pass_over(name)
            self.slots[name] = slot._replace(state="done", at=event.at, is_late=False)
            self.given[name] = Done(entry.number, entry.by, event, one)
            if slot.is_outside(on, window):
                self._follow(name, on)
        for lesion in dict.fromkeys(one.lesion for one in event.injections):
            self._count_evaluations(lesion)
        # An evaluation that is counted from what was just given belongs to another day now.
        left = [name for name in event.visit if self.slots[name].appointment.due == due[name]]
        self._stay_with(left, event.at, window)

    def _pass_over(self, name: Named) -> None:
        """An open injection before one that was given is missed: it is never given beside it."""
        hour = self._course.first_visit.time()
        for other, slot in self._injections(name.lesion):
            if other.number < name.number and slot.state == "open":
                at = slot.at or slot.moved_to or datetime.combine(slot.day, hour)
                self.slots[other] = slot._replace(state="missed", at=at)

    def _check_to_give(self, name: Named, slot: Slot, on: date) -> None:
        what = f"injection {name.number} of lesion {name.lesion}"
        if slot.state == "done":
            done = self.given[name]
            text = f"{what} was given on {day(done.given.at)} already (event {done.event})"
            raise _refused("", text, f"correct event {done.event}, if that was a slip")
        held = self.held.get(name.lesion)
        if held is not None and (slot.state == "waiting" or on >= held):
            text = f"lesion {name.lesion} is held since {day(held)}"
            raise _refused("", text, "resume it first")

    @_read.register
    def _evaluated(self, event: Evaluated, entry: Entry) -> None:
        self._check_began(event.at.date(), "the evaluation")
        name = Named(event.lesion, "evaluation", event.evaluation)
        slot = self._slot(name)
        if slot.state == "waiting":
            raise _refused("", f"lesion {event.lesion} has no injection yet", "see show")
        self.slots[name] = slot._replace(state="done", at=event.at)
        self.seen[name] = Seen(entry.number, entry.by, event)
        self._stay_with(event.visit, event.at, self._window(event.visit))

    @_read.register
    def _missed(self, event: Missed, _entry: Entry) -> None:
        self._check_began(event.at.date(), "the visit")
        is_open = [name for name in event.visit if self._slot(name).state == "open"]
        if not is_open:
            raise _refused("visit", "nothing is left to be done at it", "see planner course show")
        for name in is_open:
            self.slots[name] = self.slots[name]._replace(state="missed", at=event.at)
        for lesion in dict.fromkeys(name.lesion for name in is_open):
            self._count_evaluations(lesion)

    @_read.register
    def _moved(self, event: Moved, _entry: Entry) -> None:
        names = [
            name
            for name in event.visit
            if self._slot(name).state in ("open", "missed") and not self._waits(name)
        ]
        if not names:
            raise _refused("visit", "nothing is left to be done at it", "see planner course show")
        _check_reach(event.to.date())
        self._check_after_first(names, event.to.date())
        window = self._window(names)
        for name in names:
            slot = self.slots[name]
            due = slot.appointment.due
            is_outside = abs((event.to.date() - due).days) > window
            passed = window if is_outside else None
            self.slots[name] = Slot(slot.appointment, "open", event.to, due, passed)
            if is_outside:
                self._follow(name, event.to.date())
        self._share_hour(event.to)
        for name in names:
            self._check_order(name)
        for lesion in dict.fromkeys(name.lesion for name in names):
            self._count_evaluations(lesion)

    def _share_hour(self, to: datetime) -> None:
        """What was moved to a day before stands at the hour of the latest move there."""
        for name, slot in self.slots.items():
            if slot.moved_to and slot.state == "open" and not slot.at and slot.day == to.date():
                self.slots[name] = slot._replace(moved_to=to)

    def _check_after_first(self, names: Sequence[Named], on: date) -> None:
        """Refuse a day on or before the first visit, for all visits but that one."""
        others = [
            slot.day
            for name, slot in self.slots.items()
            if name not in names and slot.state in ("open", "done")
        ]
        here = min(self.slots[name].day for name in names)
        if others and on <= min(others) < here:
            text = f"{day(on)} is not after the first visit on {day(min(others))}"
            raise InputError(Problem("--to", text, "choose a later day"))

    def _check_order(self, name: Named) -> None:
        """Refuse two injections of a lesion on one day, or in another order than their own."""
        here = self.slots[name]
        for other, slot in self._injections(name.lesion):
            if name.purpose == "evaluation" or other == name or slot.state == "missed":
                continue
            if slot.day == here.day or (slot.day > here.day) != (other.number > name.number):
                text = f"injection {other.number} of lesion {name.lesion} is on {day(slot.day)}"
                raise InputError(Problem("--to", text, "choose another day"))

    @_read.register
    def _hold(self, event: Held, _entry: Entry) -> None:
        self._check_entered(event.on, "the hold")
        for lesion in event.lesions:
            if lesion in self.held:
                since = day(self.held[lesion])
                raise _refused("", f"lesion {lesion} is held since {since}", "see show")
            if not any(slot.state in ("open", "missed") for _, slot in self._injections(lesion)):
                raise _refused("", f"lesion {lesion} has no injections left", "see show")
            self.held[lesion] = event.on

    @_read.register
    def _resume(self, event: Resumed, _entry: Entry) -> None:
        for lesion in event.lesions:
            if lesion not in self.held:
                raise _refused("", f"lesion {lesion} is not held", "see planner course show")
            if event.on < self.held[lesion]:
                since = day(self.held[lesion])
                raise _refused("--on", f"the hold began on {since}", "give a later day")
            del self.held[lesion]
            waiting = [name for name, slot in self._injections(lesion) if slot.state == "waiting"]
            for name in waiting:
                self.slots[name] = Slot(self.slots[name].appointment)
            if waiting:
                on = self._open_day(lesion, event.on)
                released = replace(self.slots[waiting[0]].appointment, due=on, not_before=on)
                self.slots[waiting[0]] = Slot(released)
                self._follow(waiting[0], on)
            self._count_evaluations(lesion)

    def _open_day(self, lesion: str, released: date) -> date:
        """The first day from the release on which the lesion can be injected."""
        given = [slot.day for _, slot in self._injections(lesion) if slot.state == "done"]
        apart = self.protocol.policy.shortest_interval_days * _ONE_DAY
        earliest = max([released, *(on + apart for on in given)])
        hour, minutes = self._course.first_visit.time(), self.opening.minutes(["injection"])
        for away in range(_SEARCHED_DAYS):
            on = earliest + away * _ONE_DAY
            _check_reach(on)
            if self.opening.nearest(on, hour, minutes) is not None:
                return on
        text = f"no open day within {_SEARCHED_DAYS} days from {day(earliest)}"
        raise InputError(Problem("--on", text, "choose another day"))

    @_read.register
    def _change_dose(self, event: DoseChanged, _entry: Entry) -> None:
        lesion = self._lesion(event.lesion)
        wanted = [
            name.number
            for name, slot in self._injections(lesion.id)
            if is_reached(event, name, slot)
        ]
        if not wanted:
            text = f"lesion {event.lesion} has no injections to come from there"
            raise _refused("", text, "doses that were given are not changed; see show")
        doses = tuple(
            Dose(event.dose_mg) if number in wanted else dose
            for number, dose in enumerate(lesion.doses, start=1)
        )
        self._put_lesion(lesion._replace(doses=doses))

    @_read.register
    def _add_lesion(self, event: LesionAdded, _entry: Entry) -> None:
        self._check_began(event.on, "the lesion's first injection")
        course = self._course
        if any(one.id == event.lesion.id for one in course.lesions):
            raise _refused("--id", f"{event.lesion.id} is a lesion already", "choose another id")
        lesion = self._with_each_dose(event.lesion)
        self.course = course._replace(lesions=(*course.lesions, lesion))
        on = self._open_day(lesion.id, event.on)
        start = course._replace(first_visit=datetime.combine(on, course.first_visit.time()))
        decided = [decide(lesion, self.protocol)]
        for one in appointments(start, decided, self.protocol):
            _check_reach(one.due)
            begins = on if _name(one) == Named(lesion.id, "injection", 1) else None
            self.slots[_name(one)] = Slot(
                replace(one, order=len(course.lesions), not_before=begins)
            )

    @_read.register
    def _confirmed(self, event: Confirmed, _entry: Entry) -> None:
        self._confirm(event.confirmation)

    @_read.register
    def _issued(self, event: Issued, entry: Entry) -> None:
        self.issues.append(IssuedSet(entry.number, event))

    def _confirm(self, *confirmations: Confirmation) -> None:
        course = self._course
        self.course = course._replace(confirmations=(*course.confirmations, *confirmations))

    @_read.register
    def _end(self, event: Ended, _entry: Entry) -> None:
        self._check_entered(event.on, "the ending")
        done = [slot.day for slot in self.slots.values() if slot.state == "done"]
        if done and max(done) > event.on:
            text = f"something was done on {day(max(done))}"
            raise _refused("--on", text, "give that day or a later one, or correct the event")
        self.ended = event
        self.held.clear()
        for name, slot in self.slots.items():
            if slot.state in ("open", "waiting"):
                self.slots[name] = slot._replace(state="cancelled")

    def _window(self, visit: Sequence[Named]) -> int:
        """How far a visit may lie from its day: the narrowest window of its appointments."""
        if not visit:
            raise _refused("visit", "nothing belongs to it", "see planner course show")
        return min(self._slot(name).appointment.window_days for name in visit)

    def _follow(self, name: Named, on: date) -> None:
        """The later injections of a lesion at its interval from the day of one of them."""
        for other, slot in _followed(self.slots, name, on):
            _check_reach(slot.appointment.due)
            self.slots[other] = slot

    def _waits(self, name: Named) -> bool:
        """Whether it is an injection of a lesion that is held."""
        return name.purpose == "injection" and name.lesion in self.held

    def _has_put_off(self) -> bool:
        """Let wait what the clinic's days put on or after the hold of its lesion; whether any was.

        One that comes before the hold may have been given, and is recorded as it was. Without
        those that wait the others may come on other days.
        """
        if not self.held:
            return False
        apart = self.protocol.policy.shortest_interval_days
        placed = lay_out_again(_visits(self.slots), self.opening, self._course.first_visit, apart)
        late = [
            one
            for visit, start, *_ in placed
            for one in visit.injected
            if one.state == "open" and one.lesion in self.held
            if start is None or start.date() >= self.held[one.lesion]
        ]
        for one in late:
            self.slots[_name(one)] = Slot(one, "waiting")
        for lesion in dict.fromkeys(one.lesion for one in late):
            self._count_evaluations(lesion)
        return bool(late)

    def _count_evaluations(self, lesion: str) -> None:
        """Evaluations that are to come, counted from the lesion's first injection."""
        first = self._first_injection(lesion)
        for name, slot in self.slots.items():
            if name.lesion != lesion or name.purpose == "injection":
                continue
            if slot.state not in ("open", "waiting") or slot.moved_to or slot.at:
                continue
            if first is None:
                self.slots[name] = slot._replace(state="waiting")
            else:
                after = self.protocol.evaluations[name.number - 1].after_days
                due = first + timedelta(days=after)
                _check_reach(due)
                self.slots[name] = Slot(replace(slot.appointment, due=due))

    def _first_injection(self, lesion: str) -> date | None:
        """The day of a lesion's first injection: given, else planned; None while it waits."""
        slots = [slot for _, slot in self._injections(lesion)]
        given = [slot.day for slot in slots if slot.state == "done"]
        if given:
            return min(given)
        coming = [slot for slot in slots if slot.state != "missed"]
        if not coming:
            return min(slot.day for slot in slots)
        return None if coming[0].state == "waiting" else coming[0].day

    def _stay_with(self, visit: Sequence[Named], at: datetime, window: int) -> None:
        """What is still open of a visit stays at it, until it is done, moved or missed.

        Where that is late, the later ones stand after it for the time being: their own days
        change once it is given late.
        """
        on = at.date()
        for name in visit:
            slot = self._slot(name)
            is_free = not self._waits(name) and not self._has_earlier(name, on)
            if slot.state == "open" and is_free:
                self.slots[name] = slot._replace(at=at, is_late=slot.is_outside(on, window))
                for _, later in _followed(self.slots, name, on):
                    _check_reach(later.appointment.due)
                if name.purpose == "injection":
                    self._count_evaluations(name.lesion)

    def _has_earlier(self, name: Named, on: date) -> bool:
        """Whether an earlier injection of the lesion stands on a day or after it."""
        return name.purpose == "injection" and any(
            slot.day >= on and slot.state != "missed"
            for other, slot in self._injections(name.lesion)
            if other.number < name.number
        )

    def _injections(self, lesion: str) -> Iterator[tuple[Named, Slot]]:
        """The injections of a lesion in their order."""
        found = [
            (name, slot)
            for name, slot in self.slots.items()
            if name.lesion == lesion and name.purpose == "injection"
        ]
        yield from sorted(found, key=lambda one: one[0].number)

    def _slot(self, name: Named) -> Slot:
        if name not in self.slots:
            text = f"{name.purpose} {name.number} of lesion {name.lesion} is not planned"
            raise _refused("", text, "see planner course show")
        return self.slots[name]

    def _lesion(self, wanted: str) -> Lesion:
        for lesion in self._course.lesions:
            if lesion.id == wanted:
                return lesion
        known = listing([one.id for one in self._course.lesions])
        raise _refused("--lesion", f"{wanted} is no lesion of this course", f"there are {known}")

    def _put_lesion(self, changed: Lesion) -> None:
        lesions = (changed if one.id == changed.id else one for one in self._course.lesions)
        self.course = self._course._replace(lesions=tuple(lesions))

    def _check_entered(self, on: date, what: str) -> None:
        """As `_check_began`; a course may be held or over before its first visit."""
        if self.entered is None or on < self.entered:
            self._check_began(on, what)

    def _check_began(self, on: date, what: str) -> None:
        """Refuse a day before the course began, or beyond all days."""
        began = _began(self._course, self.slots)
        if on < began:
            text = f"{what} would be on {day(on)}; the course began on {day(began)}"
            raise _refused("", text, "correct the day")
        _check_reach(on)


def is_reached(change: DoseChanged, name: Named, slot: Slot) -> bool:
    """Whether an injection of the lesion gets a changed dose: it is to come, or may yet."""
    is_injection = name.purpose == "injection" and name.number >= change.from_injection
    return is_injection and slot.state in ("open", "waiting", "missed")


def _began(course: Course, slots: Mapping[Named, Slot]) -> date:
    """The day of the first visit, or of what was moved or done before it."""
    starts = [slot.day for slot in slots.values() if slot.state in ("open", "done")]
    return min([course.first_visit.date(), *starts])


def _name(one: Appointment) -> Named:
    return Named(one.lesion, one.purpose, one.count)


def _followed(slots: Mapping[Named, Slot], name: Named, on: date) -> Iterator[tuple[Named, Slot]]:
    """The later open injections of a lesion, at its interval from the day of one of them."""
    for other, slot in sorted(slots.items(), key=lambda one: one[0].number):
        is_later = other.lesion == name.lesion and other.number > name.number
        if name.purpose == other.purpose == "injection" and is_later and slot.state == "open":
            days = (other.number - name.number) * slot.appointment.interval_days
            yield other, Slot(replace(slot.appointment, due=on + timedelta(days=days)))


def _as_they_stand(slots: Mapping[Named, Slot]) -> Mapping[Named, Slot]:
    """The slots, those apart that come after one which waits to be recorded at a late visit.

    What was moved stands where it was moved to, as long as that is after the one before it.
    """
    standing = dict(slots)
    for name, slot in slots.items():
        if slot.is_late and slot.state == "open":
            last = slot.day
            for other, later in _followed(slots, name, last):
                is_kept = slots[other].moved_to is not None and slots[other].day > last
                standing[other] = slots[other] if is_kept else later
                last = standing[other].day
    return standing


def _visits(slots: Mapping[Named, Slot]) -> tuple[Visit, ...]:
    """All but what waits, by day."""
    days: dict[date, list[Slot]] = {}
    for slot in _as_they_stand(slots).values():
        if slot.state != "waiting":
            days.setdefault(slot.day, []).append(slot)
    return tuple(_visit(days[on]) for on in sorted(days))


def _visit(slots: Sequence[Slot]) -> Visit:
    """The slots of a day as one visit; it keeps the due day of one that was not moved."""
    first = min(slots, key=lambda slot: (slot.moved_to is not None, slot.appointment.order))
    done = [slot.at for slot in slots if slot.at and slot.state == "done"]
    stood = [slot.at for slot in slots if slot.at]
    moved = [slot for slot in slots if slot.moved_to and not slot.at]
    windows = [slot.passed_window for slot in moved if slot.passed_window is not None]
    return Visit(
        due=first.appointment.due,
        appointments=ordered(
            replace(slot.appointment, state=slot.state) for slot in slots if slot.state != "waiting"
        ),
        moved_to=moved[-1].moved_to if moved else None,
        moved_from=tuple(dict.fromkeys(slot.moved_from for slot in moved if slot.moved_from)),
        passed_window=windows[0] if windows else None,
        # What is left of it and was moved to another hour of that day is what somebody comes for.
        settled=None if moved else min(done or stood, default=None),
    )


def _check_reach(on: date) -> None:
    if on > LAST_DAY:
        problem = f"it leads to {on}; all days lie before {LAST_DAY.year + 1}"
        raise InputError(Problem("", problem, "correct the day"))


def _refused(place: str, problem: str, fix: str) -> RefusedError:
    return RefusedError(Problem(place, problem, fix))

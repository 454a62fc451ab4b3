"""What an event of a course leads to: which appointments it changes, and when the visits are.

This runs once, when an event is made; its result is kept with the event. What was decided before
stands where it was, unless the event speaks of it or the law of a series asks for another day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property, singledispatchmethod

from planner.core.calendar.availability import Opening
from planner.core.followup.course_state import State, fold, is_reached, refused
from planner.core.followup.events import (
    Corrected,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Held,
    LesionAdded,
    Missed,
    Moved,
    Rearranged,
    Resumed,
)
from planner.core.followup.law_of_series import Breach, Injection, breaches
from planner.core.plan.appointments import (
    Appointment,
    Named,
    Slot,
    Visit,
    days_between,
    injections_of,
    ordered,
)
from planner.core.plan.course import Lesion
from planner.core.plan.placement import Placed, lay_out_again
from planner.core.plan.plan import PlannedVisit
from planner.core.plan.planning import appointments, decide
from planner.core.plan.zone_rules import wall
from planner.core.protocol.protocol import Protocol
from planner.core.values.days import LAST_DAY, ONE_DAY
from planner.core.values.formatting import count, day, shown_day
from planner.core.values.said import said
from planner.errors import InputError, Problem

# How far ahead an open day for a released lesion is looked for.
_SEARCHED_DAYS = 365


class Consequences:
    """A course after one more event, while it is decided what follows.

    `before` is how the course stood, `noted` what its history says with the event. `replay` gives
    the appointments that a history leads to, as it is corrected.
    """

    def __init__(
        self,
        before: State,
        noted: State,
        protocol: Protocol,
        opening: Opening,
        replay: Callable[[Sequence[Entry]], Mapping[Named, Slot]],
    ) -> None:
        self.before = before
        self.noted = noted
        self.replay = replay
        self.protocol = protocol
        self.opening = opening
        self.slots: dict[Named, Slot] = dict(before.slots)
        self.held = noted.held
        self.apart = protocol.policy.shortest_interval_days
        # Where the event itself moves a visit to: whoever chose that looked at the clinic's days.
        self.moved_now: datetime | None = None
        # The visit in which a correction lets an appointment stand again, if there is room.
        self.back: dict[Named, PlannedVisit] = {}
        # Where the clinic lets what no longer fits stand, beside all its courses.
        self.arranged: dict[Named, datetime | None] = {}
        self.is_arranged = False
        self.is_drawn_anew = False
        self.entries: Sequence[Entry] = ()

    @cached_property
    def starts(self) -> Mapping[Named, datetime]:
        """When each appointment was."""
        return self.before.starts

    @cached_property
    def stood(self) -> Mapping[Named, Slot]:
        """The appointments as they stood."""
        return as_they_stand(self.before.slots, self.apart)

    def apply(self, entry: Entry, entries: Sequence[Entry]) -> None:
        """Follow an event. Raises RefusedError or InputError where it cannot be.

        `entries` are those before it.
        """
        self.entries = entries
        if isinstance(entry.event, Corrected):
            self._correct(entry, entries)
        else:
            self._follow_event(entry.event)

    @property
    def is_changed(self) -> bool:
        """Whether anything is to be laid out, drawn up or looked at anew."""
        if self.arranged or self.is_drawn_anew:
            return True
        was, now = self.before, self.noted
        course = now.course._replace(revision=was.course.revision)
        facts = (self.slots, now.held, now.given, course)
        return facts != (was.slots, was.held, was.given, was.course)

    def stands(self) -> tuple[Placed, ...]:
        """Each visit with its time, those of held lesions put off."""
        self._drop_moves()
        self._drop_rests()
        while True:
            placed = self._placed()
            if not self._put_off(placed):
                return placed

    @singledispatchmethod
    def _follow_event(self, event: Event) -> None:
        """Nothing follows from what changes no appointment."""

    @_follow_event.register
    def _given(self, event: Given) -> None:
        _check_reach(event.at.date())
        if not event.injections:
            raise refused("visit", said("no injection is to be given"), said("see the course"))
        on, window = event.at.date(), self._window(event.visit)
        due = {name: self._slot(name).appointment.due for name in event.visit}
        for one in event.injections:
            name = Named(one.lesion, "injection", one.injection)
            slot = self._slot(name)
            self._check_not_held(name, slot, on)
            self._pass_over(name)
            self.slots[name] = slot.with_state("done")._replace(at=event.at, is_late=False)
            if slot.is_outside(on, window) and not self._has_later(name):
                self._follow(name, on)
        for lesion in dict.fromkeys(one.lesion for one in event.injections):
            self._keep_behind(lesion)
            self._count_evaluations(lesion)
        # An evaluation that is counted from what was just given belongs to another day now.
        left = [name for name in event.visit if self.slots[name].appointment.due == due[name]]
        self._stay_with(left, event.at, window)

    def _pass_over(self, name: Named) -> None:
        """An injection to come before one that was given is missed: it is never given beside it."""
        hour = self.noted.course.first_visit.time()
        for other, slot in self._injections(name.lesion):
            if other.number < name.number and self._is_passed_over(slot):
                at = slot.at or slot.moved_to or datetime.combine(slot.day, hour)
                self.slots[other] = slot.with_state("missed")._replace(at=at)

    def _is_passed_over(self, slot: Slot) -> bool:
        """Whether an injection can still be given, and will not be once a later one was."""
        return slot.state in ("planned", "waiting")

    def _check_not_held(self, name: Named, slot: Slot, on: date) -> None:
        held = self.held.get(name.lesion)
        if held is not None and (slot.state == "waiting" or on >= held):
            text = said("lesion {lesion} is held since {held}", lesion=name.lesion, held=day(held))
            raise refused("", text, said("resume it first"))

    def _has_later(self, name: Named) -> bool:
        """Whether a later injection of the lesion was given: what is to come follows that one."""
        return any(
            slot.state == "done" and other.number > name.number
            for other, slot in self._injections(name.lesion)
        )

    def _keep_behind(self, lesion: str) -> None:
        """Let what is to come follow the latest injection given, where its own days cannot.

        A move onto a day that is not after it does not stand.
        """
        given = [slot.day for _, slot in self._injections(lesion) if slot.state == "done"]
        last = max(given, default=date.min)
        coming = [
            (name, slot) for name, slot in self._injections(lesion) if slot.state == "planned"
        ]
        for name, slot in coming:
            if slot.moved_to and slot.day <= last:
                self.slots[name] = slot.to_come()
        for index, (name, _) in enumerate(coming if given else ()):
            slot = self.slots[name]
            latest = slot.day + slot.appointment.window_days * ONE_DAY
            if slot.moved_to is None and (latest - last).days < self.apart:
                self._follow_one_another(last, coming[index:])
                return
            last = max(last, slot.day)

    def _follow_one_another(self, last: date, coming: Iterable[tuple[Named, Slot]]) -> None:
        """Injections to come at the interval of their lesion, the first one after a day."""
        due = last
        for name, slot in coming:
            due += slot.appointment.interval_days * ONE_DAY
            _check_reach(due)
            self.slots[name] = slot.to_come(due)

    @_follow_event.register
    def _evaluated(self, event: Evaluated) -> None:
        self._check_began(event.at.date(), said("the evaluation"))
        name = Named(event.lesion, "evaluation", event.evaluation)
        slot = self._slot(name)
        if slot.state == "waiting":
            raise refused(
                "",
                said("lesion {lesion} has no injection yet", lesion=event.lesion),
                said("see the course"),
            )
        self.slots[name] = slot.with_state("done")._replace(at=event.at)
        self._stay_with(event.visit, event.at, self._window(event.visit))

    @_follow_event.register
    def _missed(self, event: Missed) -> None:
        self._check_began(event.at.date(), said("the visit"))
        left = [name for name in event.visit if self._slot(name).state == "planned"]
        if not left:
            raise refused("visit", said("nothing is left to be done at it"), said("see the course"))
        for name in left:
            self.slots[name] = self.slots[name].with_state("missed")._replace(at=event.at)
        for lesion in dict.fromkeys(name.lesion for name in left):
            self._count_evaluations(lesion)

    @_follow_event.register
    def _moved(self, event: Moved) -> None:
        names = [
            name
            for name in event.visit
            if self._slot(name).state in ("planned", "missed")
            and not self._waits(name, event.to.date())
        ]
        if not names:
            raise refused("visit", said("nothing is left to be done at it"), said("see the course"))
        _check_reach(event.to.date())
        self.moved_now = event.to
        self._check_after_first(names, event.to.date())
        window = self._window(names)
        for name in names:
            slot = self.slots[name]
            due = slot.appointment.due
            is_outside = abs((event.to.date() - due).days) > window
            passed = window if is_outside else None
            self.slots[name] = Slot(slot.to_come().appointment, event.to, due, passed)
            if is_outside:
                self._follow(name, event.to.date())
        self._share_hour(event.to)
        self._check_order(names)
        for lesion in dict.fromkeys(name.lesion for name in names):
            self._count_evaluations(lesion)

    @_follow_event.register
    def _rearrange(self, event: Rearranged) -> None:
        """What was moved by hand is due on the day from which the later ones are counted.

        What is left of a visit stays with it where it is to be at another hour of its day.
        """
        self.is_arranged, self.is_drawn_anew = True, event.drawn_anew
        for names, to in event.visits:
            for name in names:
                slot = self._slot(name)
                if slot.state != "planned":
                    continue
                self.arranged[name] = to
                if to is not None and to.date() == slot.day and self._is_left(name):
                    self.slots[name] = slot._replace(at=slot.at or slot.moved_to)
                else:
                    self.slots[name] = slot.to_come(slot.counted_from)

    def _is_left(self, name: Named) -> bool:
        """Whether some of the visit that an appointment was in is over."""
        visit = self.before.visits.get(self._was_in.get(name, 0))
        return visit is not None and not all(map(self.before.is_to_come, visit.names))

    def _share_hour(self, to: datetime) -> None:
        """What was moved to a day before stands at the hour of the latest move there."""
        for name, slot in self.slots.items():
            if slot.moved_to and slot.state == "planned" and not slot.at and slot.day == to.date():
                self.slots[name] = slot._replace(moved_to=to)

    def _check_after_first(self, names: Sequence[Named], on: date) -> None:
        """Refuse a day on or before the first visit, for all visits but that one."""
        others = [
            slot.day
            for name, slot in self.slots.items()
            if name not in names and slot.state in ("planned", "done")
        ]
        here = min(self.slots[name].day for name in names)
        if others and on <= min(others) < here:
            text = said(
                "{on} is not after the first visit on {first}", on=day(on), first=day(min(others))
            )
            raise InputError(Problem("to", text, said("choose a later day")))

    def _check_order(self, names: Sequence[Named]) -> None:
        """Refuse a move after which the law cannot hold, wherever the others are laid."""
        for name in names:
            if name.purpose == "evaluation":
                continue
            series = [
                Injection(other.lesion, other.number, slot.day, slot.state == "done")
                for other, slot in self._injections(name.lesion)
                if slot.state in ("planned", "done")
            ]
            for breach in breaches(series, 0):
                numbers = {breach.earlier.number: breach.later, breach.later.number: breach.earlier}
                if name.number in numbers:
                    other = numbers[name.number]
                    problem = said(
                        "injection {count} of lesion {lesion} is on {target}",
                        count=other.number,
                        lesion=name.lesion,
                        target=day(other.on),
                    )
                    raise InputError(Problem("to", problem, said("choose another day")))

    @_follow_event.register
    def _hold(self, event: Held) -> None:
        self._check_entered(event.on, said("the hold"))
        for lesion in event.lesions:
            if lesion in self.before.held:
                since = day(self.before.held[lesion])
                raise refused(
                    "",
                    said("lesion {lesion} is held since {since}", lesion=lesion, since=since),
                    said("see the course"),
                )
            if not any(slot.state in ("planned", "missed") for _, slot in self._injections(lesion)):
                raise refused(
                    "",
                    said("lesion {lesion} has no injections left", lesion=lesion),
                    said("see the course"),
                )

    @_follow_event.register
    def _resume(self, event: Resumed) -> None:
        for lesion in event.lesions:
            if lesion not in self.before.held:
                raise refused(
                    "", said("lesion {lesion} is not held", lesion=lesion), said("see the course")
                )
            if event.on < self.before.held[lesion]:
                since = day(self.before.held[lesion])
                raise refused(
                    "on",
                    said("the hold began on {since}", since=since),
                    said("give a later day"),
                )
            waiting = [name for name, slot in self._injections(lesion) if slot.state == "waiting"]
            for name in waiting:
                self.slots[name] = self.slots[name].to_come()
            if waiting:
                on = self._open_day(lesion, self._released(waiting[0], event.on), waiting[0].number)
                released = replace(self.slots[waiting[0]].to_come(on).appointment, not_before=on)
                self.slots[waiting[0]] = Slot(released)
                self._follow(waiting[0], on)
            self._count_evaluations(lesion)

    def _released(self, first: Named, on: date) -> date:
        """From when a lesion's injections may come that waited, the first of them named.

        What never began is not brought forward by a release: its day was agreed.
        """
        has_begun = any(slot.state == "done" for _, slot in self._injections(first.lesion))
        return on if has_begun else max(on, self.slots[first].appointment.due)

    def _open_day(self, lesion: str, released: date, number: int = 1) -> date:
        """The first day from the release on which an injection of the lesion can be given.

        It keeps its distance from what was given, and from what is left to come before it.
        """
        before = self._given_before(lesion, number)
        earliest = max([released, *(on + self.apart * ONE_DAY for on in before)])
        hour, stay = self.noted.course.first_visit.time(), self.opening.stay(["injection"])
        for away in range(_SEARCHED_DAYS):
            on = earliest + away * ONE_DAY
            _check_reach(on)
            if self.opening.nearest(on, hour, stay) is not None:
                return on
        text = said(
            "no open day within {searched_days} days from {earliest}",
            searched_days=_SEARCHED_DAYS,
            earliest=day(earliest),
        )
        raise InputError(Problem("on", text, said("choose another day")))

    def _given_before(self, lesion: str, number: int) -> Iterable[date]:
        """The days of what was given, and of what is to come before an injection."""
        return [
            slot.day
            for name, slot in self._injections(lesion)
            if slot.state == "done" or (slot.state == "planned" and name.number < number)
        ]

    @_follow_event.register
    def _change_dose(self, event: DoseChanged) -> None:
        if not any(is_reached(event, name, slot) for name, slot in self._injections(event.lesion)):
            text = said("lesion {lesion} has no injections to come from there", lesion=event.lesion)
            raise refused("", text, said("doses that were given are not changed; see the course"))

    @_follow_event.register
    def _add_lesion(self, event: LesionAdded) -> None:
        self._check_began(event.on, said("the lesion's first injection"))
        lesion = self._lesion(event.lesion.id)
        on = self._open_day(lesion.id, event.on)
        course = self.before.course
        start = course._replace(first_visit=datetime.combine(on, course.first_visit.time()))
        for one in appointments(start, [decide(lesion, self.protocol)], self.protocol):
            _check_reach(one.due)
            begins = on if one.name == Named(lesion.id, "injection", 1) else None
            order = len(course.lesions)
            self.slots[one.name] = Slot(replace(one, order=order, not_before=begins))

    @_follow_event.register
    def _end(self, event: Ended) -> None:
        _check_reach(event.on)
        done = [slot.day for slot in self.slots.values() if slot.state == "done"]
        if done and max(done) > event.on:
            text = said("something was done on {done}", done=day(max(done)))
            raise refused("on", text, said("give that day or a later one, or correct the event"))
        for name, slot in self.slots.items():
            if slot.state in ("planned", "waiting"):
                self.slots[name] = slot.with_state("cancelled")

    def _correct(self, entry: Entry, entries: Sequence[Entry]) -> None:
        """What would be otherwise without an event, or with what holds in its place.

        The history is followed with it and without it, and where the two differ the course is as
        it would be; all else stays. Raises RefusedError where a later event stands on it.
        """
        was, now = self.replay(entries), self.replay([*entries, entry])
        target = entry.event.event if isinstance(entry.event, Corrected) else 0
        for name in {*was, *now}:
            if name not in now:
                self.slots.pop(name, None)
            elif was.get(name) != now[name]:
                self.slots[name] = now[name]
        if target > 1 and entries[target - 1].settled is not None:
            self._stand_back(fold(entries[: target - 1], self.protocol))

    def _stand_back(self, then: State) -> None:
        """Where what is as it was before an event stood then: it goes back there if it can."""
        for visit in then.visits.values():
            for name in visit.names if visit.start else ():
                slot, stood = self.slots.get(name), then.slots.get(name)
                if slot and stood and slot != self.before.slots.get(name) and _is_as(slot, stood):
                    self.back[name] = visit

    def _stay_with(self, visit: Sequence[Named], at: datetime, window: int) -> None:
        """What is still open of a visit stays at it, until it is done, moved or missed.

        Where that is late, the later ones stand after it for the time being: their own days
        change once it is given late. Where it came early, what is left keeps its own day.
        """
        on = at.date()
        for name in visit:
            slot = self._slot(name)
            if slot.state != "planned":
                continue
            is_free = not self._waits(name, on) and not self._keeps_its_day(name, on)
            if is_free:
                self.slots[name] = slot._replace(at=at, is_late=slot.is_outside(on, window))
                for _, later in weekly_after(self.slots, name, on):
                    _check_reach(later.appointment.due)
                if name.purpose == "injection":
                    self._count_evaluations(name.lesion)

    def _keeps_its_day(self, name: Named, on: date) -> bool:
        """Whether an appointment stood on a later day than the one on which its visit came."""
        return on < self._stood_on(name)

    def _stood_on(self, name: Named) -> date:
        """The day of the visit that an appointment was in, or is due."""
        start = self.starts.get(name)
        return start.date() if start else self._slot(name).day

    def _injections(self, lesion: str) -> list[tuple[Named, Slot]]:
        """The injections of a lesion in their order."""
        return injections_of(self.slots, lesion)

    def _slot(self, name: Named) -> Slot:
        if name not in self.slots:
            text = said(
                "{purpose} {number} of lesion {lesion} is not planned",
                purpose=said(name.purpose),
                number=name.number,
                lesion=name.lesion,
            )
            raise refused("", text, said("see the course"))
        return self.slots[name]

    def _lesion(self, wanted: str) -> Lesion:
        return next(one for one in self.noted.course.lesions if one.id == wanted)

    def _check_entered(self, on: date, what: str) -> None:
        """As `_check_began`; a course may be held or over before its first visit."""
        if on < self.noted.entered:
            self._check_began(on, what)

    def _check_began(self, on: date, what: str) -> None:
        """Refuse a day before the course began, or beyond all days."""
        began = self.before.began
        if on < began:
            text = said(
                "{what} would be on {on}; the course began on {began}",
                what=what,
                on=day(on),
                began=day(began),
            )
            raise refused("", text, said("correct the day"))
        _check_reach(on)

    def _window(self, visit: Sequence[Named]) -> int:
        """How far a visit may lie from its day: the narrowest window of its appointments."""
        if not visit:
            raise refused("visit", said("nothing belongs to it"), said("see the course"))
        return min(self._slot(name).appointment.window_days for name in visit)

    def _follow(self, name: Named, on: date) -> None:
        """The later injections of a lesion at its interval from the day of one of them."""
        for other, slot in weekly_after(self.slots, name, on):
            due, agreed = slot.appointment.due, self.slots[other].moved_to
            _check_reach(due)
            # An hour that was agreed for that very day stays.
            is_agreed = agreed is not None and agreed.date() == due
            self.slots[other] = Slot(slot.appointment, agreed, due) if is_agreed else slot

    def _waits(self, name: Named, on: date) -> bool:
        """Whether it is an injection of a lesion that is held on a day."""
        since = self.held.get(name.lesion)
        return name.purpose == "injection" and since is not None and on >= since

    def _put_off(self, placed: Iterable[Placed]) -> bool:
        """Let wait what stands on or after the hold of its lesion; whether any did.

        One that comes before the hold may have been given, and is recorded as it was. Without
        those that wait the others may come on other days.
        """
        late = [
            one
            for visit, start, *_ in placed
            for one in visit.injected
            if one.state == "planned" and one.lesion in self.held
            if start is None or start.date() >= self.held[one.lesion]
        ]
        for one in late:
            self.slots[one.name] = Slot(replace(one, state="waiting"))
        for lesion in dict.fromkeys(one.lesion for one in late):
            self._count_evaluations(lesion)
        return bool(late)

    def _count_evaluations(self, lesion: str) -> None:
        """Evaluations that are to come, counted from the lesion's first injection."""
        first = self._first_injection(lesion)
        for name, slot in self.slots.items():
            if name.lesion != lesion or name.purpose == "injection":
                continue
            if slot.state not in ("planned", "waiting") or slot.moved_to or slot.at:
                continue
            if first is None:
                self.slots[name] = slot.with_state("waiting")
            else:
                after = self.protocol.evaluations[name.number - 1].after_days
                due = first + timedelta(days=after)
                _check_reach(due)
                self.slots[name] = slot.to_come(due)

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

    def _placed(self) -> tuple[Placed, ...]:
        """Each visit with its time: as it stands, as few as can be laid out anew."""
        visits = self._visits()
        standing = self._standing(visits)
        tried: list[tuple[Placed, ...]] = []
        for kept in self._attempts(visits, standing):
            first = self.noted.course.first_visit
            placed = lay_out_again(visits, self.opening, first, self.apart, kept)
            tried.append(tuple(map(self._as_long, placed)))
            if not any(_lacks(tried[-1])):
                break
        return min(tried, key=_lacks)

    def _as_long(self, one: Placed) -> Placed:
        """A visit of which some is left takes the time that was kept for it, not more."""
        old = self._went_on(one.visit)
        return one if old is None else one._replace(start=old.start, end=old.end)

    def _drop_moves(self) -> None:
        """An earlier move onto a time that the clinic does not have any more does not stand."""
        now = self.moved_now
        for visit in visits_of(as_they_stand(self.slots, self.apart)):
            moved_to = visit.moved_to
            if moved_to in (None, now) or not visit.is_to_come or self._fits(visit, moved_to):
                continue
            for one in visit.appointments:
                slot = self.slots[one.name]
                if slot.moved_to == moved_to and slot.state == "planned" and not slot.at:
                    self.slots[one.name] = slot.to_come()

    def _drop_rests(self) -> None:
        """What comes back to a visit of which some is over is due again where that has no room."""
        for visit in self._visits():
            if visit.settled is None or self._fits(visit, visit.settled):
                continue
            for name in visit.names:
                slot, was = self.slots[name], self.before.slots.get(name)
                if slot.state == "planned" and was is not None and was.state != "planned":
                    self.slots[name] = slot.to_come()

    def _visits(self) -> tuple[Visit, ...]:
        """The visits by day; what is to come is no part of one that is over where it may not be."""
        own, standing = self._elsewhere(), as_they_stand(self.slots, self.apart)
        kept = self._kept_in(standing)
        while True:
            there = visits_of(standing, own, self._was_in, kept)
            visits = tuple(map(self._as_planned, there))
            days = {n: visit.target for n, visit in enumerate(visits) if _is_fixed(visit)}
            driven = {
                Named(one.lesion, "injection", one.number)
                for breach in self._breaches(visits, days)
                for one in breach.to_come
            }
            driven |= {
                name
                for visit in visits
                if visit.settled and not self._fits(visit, visit.settled)
                for name in visit.names
                if not _is_unmoved(self.before.slots.get(name), self.slots[name])
            }
            more = {name for name in driven - own if _is_free(self.slots[name])}
            if not more:
                return visits
            own = own | more

    def _as_planned(self, visit: Visit) -> Visit:
        """What is left of a visit keeps the hour that it has, whenever the rest was done."""
        chosen = [to for name in visit.names if (to := self.arranged.get(name))]
        old = self._went_on(visit)
        start = chosen[0] if chosen else old and wall(old.start)
        return visit if visit.settled is None else replace(visit, settled=start or visit.settled)

    def _went_on(self, visit: Visit) -> PlannedVisit | None:
        """The visit as it was planned of which some is over, and some left on the same day.

        What comes back to it has the time that it had, where nothing else of it was left.
        """
        left = {one.name for one in visit.appointments if one.state == "planned"}
        if visit.settled is None or left & {*self.arranged}:
            return None
        stayed = [self._was_in.get(name, 0) for name in left - {*self.back}]
        there = [
            *map(self.before.visits.get, stayed),
            *(self.back[name] for name in left & {*self.back}),
        ]
        if len({old and old.number for old in there}) != 1:
            return None
        old = there[0]
        is_there = old and old.start and old.start.date() == visit.settled.date()
        return old if is_there else None

    @cached_property
    def _was_in(self) -> Mapping[Named, int]:
        """The number of the visit that each appointment was in, as far as it was in any."""
        return {name: n for n, visit in self.before.visits.items() for name in visit.names}

    def _kept_in(self, now: Mapping[Named, Slot]) -> set[Named]:
        """What stays in the visit that it was in: all that the event does not concern.

        A change of the clinic moves whole visits; it joins and parts none.
        """
        return {
            name
            for name in self._was_in
            if name in now and now[name].state == "planned"
            if self.is_arranged or _is_unmoved(self.stood.get(name), now[name])
        }

    def _elsewhere(self) -> set[Named]:
        """What stays in its visit, and stands on another day than it is due."""
        now = as_they_stand(self.slots, self.apart)
        starts = {**self.starts, **self.arranged}
        return {
            name
            for name in self._kept_in(now)
            if _is_free(self.slots[name])
            if (start := starts.get(name)) is None or start.date() != now[name].day
        }

    def _attempts(
        self, visits: Sequence[Visit], standing: Mapping[int, datetime]
    ) -> Iterator[Mapping[int, datetime | None]]:
        """What may stand: all that the law lets stand; else none of the lesions concerned."""
        if self.noted.ended:
            yield self._as_they_were_last(visits)
            return
        without = {n: None for n, visit in enumerate(visits) if self._is_left_without(visit)}
        if self.is_arranged:
            # What the clinic chose for all its courses stands, and what it left where it is.
            yield {**standing, **without}
            return
        kept = self._lawful(visits, standing)
        yield {**kept, **without}
        free = [visit for n, visit in enumerate(visits) if n not in kept and not _is_fixed(visit)]
        lesions = {one.lesion for visit in free for one in visit.injected}
        yield without | {
            n: start
            for n, start in kept.items()
            if not lesions & {one.lesion for one in visits[n].injected if one.state == "planned"}
        }

    def _as_they_were_last(self, visits: Sequence[Visit]) -> Mapping[int, datetime | None]:
        """Nothing is laid out after an ending: what is cancelled stands where it was to be last.

        What waited is in no visit: where another one has that day by now, it has none.
        """
        days = {visit.target for visit in visits if _is_fixed(visit)}
        free = [(n, visit) for n, visit in enumerate(visits) if not _is_fixed(visit)]
        waited = {n for n, visit in free if self._was_in.keys().isdisjoint(visit.names)}
        found: dict[int, datetime | None] = {}
        for n, visit in sorted(free, key=lambda one: one[0] in waited):
            start = self._last_start(visit)
            found[n] = None if n in waited and start and start.date() in days else start
            days |= {start.date()} if start else set()
        return found

    def _last_start(self, visit: Visit) -> datetime | None:
        """When a visit was to be last; None where that had no day."""
        there = (self._last_starts.get(name) for name in visit.names)
        return next(filter(None, there), None)

    @cached_property
    def _last_starts(self) -> Mapping[Named, datetime | None]:
        """When each appointment was to be last, also one that waits and is in no visit by now."""
        settled = (entry.settled.visits for entry in self.entries if entry.settled)
        visits = (visit for each in settled for visit in each)
        told = {name: wall(visit.start) for visit in visits for name in visit.names}
        return {**told, **self.starts}

    def _is_left_without(self, visit: Visit) -> bool:
        """Whether the clinic found no day for a visit, or did not look for one.

        A course alone would look for it around the others, which are laid out with it.
        """
        if not self.is_arranged:
            return False
        coming = [one.name for one in visit.appointments if one.state == "planned"]
        there = (self.arranged.get(name, self.starts.get(name)) for name in coming)
        return bool(coming) and not any(there)

    def _standing(self, visits: Sequence[Visit]) -> dict[int, datetime]:
        """The starts of the visits that the event does not concern, by their places."""
        was, now = self.stood, as_they_stand(self.slots, self.apart)
        found: dict[int, datetime] = {}
        for n, visit in enumerate(visits):
            names = [
                one.name for one in visit.appointments if one.state in ("planned", "cancelled")
            ]
            stay = [n for n in names if self.is_arranged or _is_unmoved(was.get(n), now[n])]
            there = [self.starts[name] for name in stay if name in self.starts]
            stood = [self.back[name].start for name in names if name in self.back]
            back = [start for one in stood if (start := wall(one))]
            chosen = [to for name in names if (to := self.arranged.get(name))]
            if chosen:
                found[n] = chosen[0]
                continue
            for start in (there or back)[:1]:
                if not _is_fixed(visit) and self._fits(visit, start):
                    found[n] = start
        return found

    def _fits(self, visit: Visit, start: datetime) -> bool:
        """Whether a visit has room at a time where it stood, and where it grew or comes to.

        The first visit is never moved: where it grew and has no room, the event cannot be. What
        the clinic did not arrange stays: it is over by now, or the rest was laid out around it.
        """
        if self.is_arranged:
            return True
        stay, names = self.opening.stay(visit.each_purpose), set(visit.names)
        stood = [
            old
            for old in self.before.visits.values()
            if old.start is not None and old.start.replace(tzinfo=None) == start
            if names & set(old.names) and any(map(self.before.is_to_come, old.names))
        ]
        had_room = any(
            old.start and old.end and old.end - old.start >= timedelta(minutes=stay.minutes)
            for old in stood
        )
        if had_room or not visit.is_to_come:
            return True
        obstacle = self.opening.obstacle(start, stay)
        if obstacle and stood and start.date() == self.noted.course.first_visit.date():
            problem = said(
                "the first visit would take {minutes}: {obstacle}",
                minutes=count(stay.minutes, "minute"),
                obstacle=obstacle,
            )
            raise refused("", problem, said("choose another day"))
        return obstacle is None

    def _lawful(
        self, visits: Sequence[Visit], standing: Mapping[int, datetime]
    ) -> dict[int, datetime]:
        """The standing visits that no other one, given or fixed, drives away."""
        kept = dict(standing)
        fixed = {n: visit.target for n, visit in enumerate(visits) if _is_fixed(visit)}
        for n in standing:
            if kept[n].date() in fixed.values():
                del kept[n]
        while True:
            days = {**fixed, **{n: start.date() for n, start in kept.items()}}
            loose = {
                n
                for breach in self._breaches(visits, days)
                for n in kept
                if any(_is_of(visits[n], one) for one in breach.to_come)
            }
            if not loose:
                return kept
            for n in loose:
                del kept[n]

    def _breaches(self, visits: Sequence[Visit], days: Mapping[int, date]) -> Iterator[Breach]:
        """Where visits on some days break the law of a series."""
        series: dict[str, list[Injection]] = {}
        for n, on in days.items():
            for one in visits[n].injected:
                if one.state in ("planned", "done"):
                    found = Injection(one.lesion, one.count, on, one.state == "done")
                    series.setdefault(one.lesion, []).append(found)
        for found_ in series.values():
            yield from breaches(found_, self.apart)


def visits_of(
    standing: Mapping[Named, Slot],
    own: Collection[Named] = (),
    was_in: Mapping[Named, int] | None = None,
    kept: Collection[Named] = (),
) -> tuple[Visit, ...]:
    """All appointments but those that wait, those of one day as one visit; by day.

    Those that keep a visit of their `own` are no part of one that is over by now. Where it is
    known which visit each `was_in`, what is cancelled joins no other one, and what is `kept` in
    its visit joins no other one either.
    """
    days: dict[date, list[Slot]] = {}
    for slot in standing.values():
        if slot.state != "waiting":
            days.setdefault(slot.day, []).append(slot)
    numbers = {name: number for name, number in (was_in or {}).items() if name in kept}
    cancelled = [] if was_in is None else _cancelled_apart(days.values(), was_in)
    apart = {slot.appointment.name for each in cancelled for slot in each}
    found: list[tuple[date, Visit]] = []
    for on, slots in days.items():
        left = [slot for slot in slots if slot.appointment.name not in apart]
        is_over = any(slot.at for slot in slots)
        coming = [slot for slot in left if not is_over or slot.appointment.name in own]
        past = [slot for slot in left if slot not in coming]
        parts = [past, *_kept_apart(coming, numbers, own)]
        found += [(on, _visit(one)) for one in parts if one]
    found += [(min(slot.day for slot in each), _visit(each)) for each in cancelled]
    return tuple(visit for _, visit in sorted(found, key=lambda one: one[0]))


def _kept_apart(
    slots: Sequence[Slot], numbers: Mapping[Named, int], own: Collection[Named]
) -> list[list[Slot]]:
    """What is to come of a day by the visits that it stays in; a visit's `own` stands elsewhere.

    What stays in none joins the visit that stands there, else the first.
    """
    names = [slot.appointment.name for slot in slots]
    elsewhere = {numbers[name]: name in own for name in names if name in numbers}
    host = min(elsewhere, key=lambda number: (elsewhere[number], number), default=0)
    parts: dict[int, list[Slot]] = {}
    for name, slot in zip(names, slots, strict=True):
        parts.setdefault(numbers.get(name, host), []).append(slot)
    return list(parts.values())


def _cancelled_apart(
    days: Iterable[Sequence[Slot]], was_in: Mapping[Named, int]
) -> list[list[Slot]]:
    """What is cancelled, by the visits that it was in; not beside what they had done that day.

    It stays together whatever day it is due by now. What waited was in no visit: were it to join
    one, that one would lose its number.
    """

    def number(slot: Slot) -> int | None:
        return was_in.get(slot.appointment.name)

    apart: dict[int | date, list[Slot]] = {}
    for slots in days:
        stay = {number(slot) for slot in slots if slot.state != "cancelled"} - {None}
        for slot in slots:
            if slot.state == "cancelled" and number(slot) not in stay:
                apart.setdefault(number(slot) or slot.day, []).append(slot)
    return list(apart.values())


def as_they_stand(slots: Mapping[Named, Slot], apart: int) -> Mapping[Named, Slot]:
    """The slots, those apart that come after one which waits to be recorded at a late visit.

    What was moved stands where it was moved to, as long as that is after the one before it; what
    comes after it follows it where its own day is not `apart` days later.
    """
    standing = dict(slots)
    for name, slot in sorted(slots.items(), key=lambda one: one[0].number):
        # A later one that was late itself stands after an earlier one by now.
        if slot.is_late and slot.state == "planned" and standing[name] == slot:
            last, number = slot.day, name.number
            for other, later in weekly_after(slots, name, last):
                moved = slots[other]
                latest = later.day + later.appointment.window_days * ONE_DAY
                if moved.moved_to is not None and moved.day > last:
                    standing[other] = moved
                elif (latest - last).days >= apart:
                    standing[other] = later
                else:
                    days = days_between(
                        _appointments(slots), name._replace(number=number), other.number
                    )
                    due = last + days * ONE_DAY
                    standing[other] = later.to_come(due)
                last, number = standing[other].day, other.number
    return standing


def weekly_after(
    slots: Mapping[Named, Slot], name: Named, on: date
) -> Iterator[tuple[Named, Slot]]:
    """The later open injections of a lesion, at its interval from the day of one of them."""
    for other, slot in sorted(slots.items(), key=lambda one: one[0].number):
        is_later = other.lesion == name.lesion and other.number > name.number
        if name.purpose == other.purpose == "injection" and is_later and slot.state == "planned":
            days = days_between(_appointments(slots), name, other.number)
            yield other, slot.to_come(on + timedelta(days=days))


def _appointments(slots: Mapping[Named, Slot]) -> Mapping[Named, Appointment]:
    return {name: slot.appointment for name, slot in slots.items()}


def _visit(slots: Sequence[Slot]) -> Visit:
    """The slots of a day as one visit; it keeps the due day of one that was not moved."""
    first = min(slots, key=lambda slot: (slot.moved_to is not None, slot.appointment.order))
    done = [slot.at for slot in slots if slot.at and slot.state == "done"]
    stood = [slot.at for slot in slots if slot.at]
    moved = [slot for slot in slots if slot.moved_to and not slot.at]
    windows = [slot.passed_window for slot in moved if slot.passed_window is not None]
    return Visit(
        due=first.appointment.due,
        appointments=ordered(slot.appointment for slot in slots if slot.state != "waiting"),
        moved_to=moved[-1].moved_to if moved else None,
        moved_from=tuple(dict.fromkeys(slot.moved_from for slot in moved if slot.moved_from)),
        passed_window=windows[0] if windows else None,
        # What is left of it and was moved to another hour of that day is what somebody comes for.
        settled=None if moved else min(done or stood, default=None),
    )


def _is_free(slot: Slot) -> bool:
    """Whether an appointment is to come, and neither moved nor left of a visit that is over."""
    return slot.state == "planned" and slot.at is None and slot.moved_to is None


def _is_fixed(visit: Visit) -> bool:
    """Whether a visit is over, or stands where the physician moved it."""
    return visit.settled is not None or visit.moved_to is not None


def _is_as(slot: Slot, stood: Slot) -> bool:
    """Whether an appointment is as it was, whenever on that day some of its visit was done."""
    return slot.day == stood.day and slot._replace(at=None) == stood._replace(at=None)


def _is_of(visit: Visit, one: Injection) -> bool:
    return any((two.lesion, two.count) == (one.lesion, one.number) for two in visit.injected)


def _is_unmoved(was: Slot | None, now: Slot) -> bool:
    """Whether an appointment is due, and stands, where it was before; one cancelled stays there."""
    if was is None or was.state not in ("planned", "cancelled"):
        return False
    if now.state not in (was.state, "cancelled"):
        return False
    return (was.day, was.at, was.moved_to, was.appointment.not_before) == (
        now.day,
        now.at,
        now.moved_to,
        now.appointment.not_before,
    )


def _lacks(placed: Iterable[Placed]) -> tuple[int, int]:
    """How many visits to come have no day, and how many are too near to another."""
    coming = [one for one in placed if one.visit.is_to_come]
    return (
        sum(one.start is None for one in coming),
        sum(bool(one.near) for one in coming),
    )


def _check_reach(on: date) -> None:
    if on > LAST_DAY:
        problem = said(
            "it leads to {on}; all days lie before {year}",
            on=shown_day(on),
            year=LAST_DAY.year + 1,
        )
        raise InputError(Problem("", problem, said("correct the day")))

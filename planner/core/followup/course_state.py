"""A course's history read into its state: what was done, and what was decided for what is to come.

Nothing is decided here. What an event decided stands in it, so that no later version of the rules,
of a library or of a clinic's days changes what a history says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import singledispatchmethod
from typing import Literal, NamedTuple

from planner.core.followup.events import (
    UNCOUNTED,
    UNSETTLED,
    Answered,
    Confirmed,
    Corrected,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Held,
    Identified,
    Injected,
    Issued,
    LesionAdded,
    Migrated,
    Planned,
    Rearranged,
    Resumed,
    Settled,
    Subscribed,
    Told,
    kind_of,
)
from planner.core.plan.appointments import Named, Slot, injections_of
from planner.core.plan.course import Confirmation, Course, Lesion, Screened
from planner.core.plan.findings import Finding
from planner.core.plan.numbering import Numbered, first_of
from planner.core.plan.plan import PLAN_NAME, Decision, PlannedVisit
from planner.core.plan.preparation import each_dose
from planner.core.protocol.protocol import SULFITE_ALLERGY, Protocol
from planner.core.values.formatting import day, listing
from planner.core.values.quantities import Dose
from planner.core.values.said import said
from planner.errors import Problem, RefusedError

Status = Literal["planned", "running", "held", "ended"]
# What nobody corrects: it is what others did, or tells of no treatment.
UNCORRECTED = (Planned, Issued, Migrated, Rearranged, Told, Subscribed, Corrected)
_RESTORE = said("somebody changed the database; restore the last backup")


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

    @property
    def is_whole(self) -> bool:
        """Whether all documents were made, not a day's papers alone."""
        return not self.issued.files or any(one.name == PLAN_NAME for one in self.issued.files)


class State(NamedTuple):
    """A course as its history leaves it; it was entered on a day.

    `visits` are as they were planned, by their numbers; `identities` has every first appointment
    that a visit was known by.
    """

    course: Course
    entered: date
    revision: int
    slots: Mapping[Named, Slot]
    held: Mapping[str, date]
    given: Mapping[Named, Done]
    seen: Mapping[Named, Seen]
    ended: Ended | None
    issues: tuple[IssuedSet, ...]
    visits: Mapping[int, PlannedVisit]
    identities: Mapping[Named, Numbered]
    decisions: Mapping[str, Decision]
    findings: tuple[Finding, ...]
    calendar_key: str | None
    # The number of the patient's secret address; None where it was withdrawn.
    subscription: int | None = 1

    @property
    def status(self) -> Status:
        """`held` where no injection can be given before a lesion is released."""
        if self.ended:
            return "ended"
        going_on = any(
            name.purpose == "injection" and slot.state == "planned" and name.lesion not in self.held
            for name, slot in self.slots.items()
        )
        if self.held and not going_on:
            return "held"
        return "running" if self.given or self.seen else "planned"

    @property
    def has_died(self) -> bool:
        """Whether the course ended because the patient died."""
        return self.ended is not None and self.ended.ending == "died"

    @property
    def began(self) -> date:
        """The day of the first visit, or of what was moved or done before it."""
        starts = [slot.day for slot in self.slots.values() if slot.state in ("planned", "done")]
        return min([self.course.first_visit.date(), *starts])

    @property
    def starts(self) -> Mapping[Named, datetime]:
        """When each appointment is, by the clinic's clock, as far as its visit has a day."""
        return {
            name: visit.start.replace(tzinfo=None)
            for visit in self.visits.values()
            if visit.start is not None
            for name in visit.names
        }

    def injections(self, lesion: str) -> list[tuple[Named, Slot]]:
        """The injections of a lesion in their order."""
        return injections_of(self.slots, lesion)

    def is_to_come(self, name: Named) -> bool:
        """Whether an appointment is to come and has its place in a visit."""
        return name in self.slots and self.slots[name].state == "planned"


def fold(entries: Sequence[Entry], protocol: Protocol) -> State:
    """The state that a history leaves. Raises RefusedError at an event that cannot be."""
    _check_corrections(entries)
    reading = _Folding(protocol, decisions_of(entries))
    for entry in as_corrected(entries):
        reading.note(entry)
    since = next((one.number for one in entries if isinstance(one.event, Migrated)), 0)
    for entry in entries:
        if entry.number >= since:
            reading.settle(entry)
    return reading.state(reading.course_there.revision + changes_of(entries))


def folded_on(state: State, later: Sequence[Entry], protocol: Protocol) -> State:
    """As `fold` of them all: `state` is what the entries before `later` leave.

    None of these tells anew what came before it, as a correction does.
    """
    reading = _Folding(protocol, {**state.decisions, **decisions_of(later)}, state)
    for entry in later:
        reading.note(entry)
    for entry in later:
        reading.settle(entry)
    return reading.state(state.revision + changes_of(later))


def noted(state: State | None, entry: Entry, entries: Sequence[Entry], protocol: Protocol) -> State:
    """What a history says with one more event, where it was not decided yet what follows."""
    decisions = {**(state.decisions if state else {}), **decisions_of([entry])}
    if isinstance(entry.event, Corrected):
        _check_corrections([*entries, entry])
        reading = _Folding(protocol, decisions)
        for one in as_corrected([*entries, entry]):
            reading.note(one)
        revision = reading.course_there.revision + changes_of([*entries, entry])
        return reading.state(revision)
    reading = _Folding(protocol, decisions, state)
    reading.note(entry)
    start = state.revision if state else reading.course_there.revision
    return reading.state(start + changes_of([entry]))


def with_settled(state: State, entry: Entry, protocol: Protocol) -> State:
    """A state that has noted an event, with what the event decided: as `fold` of them all."""
    reading = _Folding(protocol, state.decisions, state)
    reading.settle(entry)
    return reading.state(state.revision)


def as_corrected(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries as they hold: each with what was put in its place later, or left out.

    The corrections among them have been checked, and say nothing themselves any more.
    """
    found = {entry.number: entry for entry in entries}
    for entry in entries:
        if isinstance(entry.event, Corrected):
            number, instead = entry.event
            if instead is None:
                del found[number]
            else:
                found[number] = found[number]._replace(event=instead)
    return list(found.values())


def changes_of(entries: Iterable[Entry]) -> int:
    """How many of the events raised the revision."""
    return sum(not isinstance(one.event, UNCOUNTED) for one in entries)


def decisions_of(entries: Iterable[Entry]) -> Mapping[str, Decision]:
    """The regimen of each lesion as it was decided when the lesion came."""
    return {
        one.lesion: one
        for entry in entries
        for one in (entry.settled.decisions if entry.settled else ())
    }


def _is_of_answer(word: Confirmation, screen: str) -> bool:
    """Whether a physician's word is of the answer to a question."""
    if screen == SULFITE_ALLERGY.id:
        return word.finding == "sulfite-allergy"
    answered = [one.partition(": ")[0] for one in word.value.split(", ")]
    return word.finding == "screening-positive" and screen in answered


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
            raise refused(place, said("there is none"), said("see its history"))
        if isinstance(event, UNCORRECTED):
            raise refused(
                place,
                said("{event} is not corrected", event=kind_of(event)),
                said("correct what it names"),
            )
        if target in withdrawn:
            raise refused(place, said("it is withdrawn already"), said("enter it anew"))
        if instead is None:
            withdrawn.add(target)
        elif type(instead) is not type(event):
            raise refused(
                place,
                said("it is {event}", event=kind_of(event)),
                said("withdraw it, and enter it anew"),
            )


class _Folding:
    """A course while its events are read: what they say is noted, what they decided settled."""

    def __init__(
        self, protocol: Protocol, decisions: Mapping[str, Decision], state: State | None = None
    ) -> None:
        self.protocol = protocol
        self.decisions = decisions
        self.course = state.course if state else None
        self.entered = state.entered if state else date.min
        self.slots = dict(state.slots) if state else {}
        self.held = dict(state.held) if state else {}
        self.given = dict(state.given) if state else {}
        self.seen = dict(state.seen) if state else {}
        self.ended = state.ended if state else None
        self.issues = state.issues if state else ()
        self.visits = dict(state.visits) if state else {}
        self.identities = dict(state.identities) if state else {}
        self.findings = state.findings if state else ()
        self.calendar_key = state.calendar_key if state else None
        self.subscription = state.subscription if state else 1

    def state(self, revision: int) -> State:
        """What the events leave."""
        return State(
            course=self.course_there._replace(revision=revision),
            entered=self.entered,
            revision=revision,
            slots=self.slots,
            held=self.held,
            given=self.given,
            seen=self.seen,
            ended=self.ended,
            issues=self.issues,
            visits=self.visits,
            identities=self.identities,
            decisions=self.decisions,
            findings=self.findings,
            calendar_key=self.calendar_key,
            subscription=self.subscription,
        )

    @property
    def course_there(self) -> Course:
        """The course, once its plan was read."""
        if self.course is None:
            raise refused(
                "", said("the history does not begin with a plan"), said("restore a backup")
            )
        return self.course

    def note(self, entry: Entry) -> None:
        """What one more event says, whatever it led to."""
        said_later = Issued | Migrated | Identified | Corrected | Told | Subscribed
        if self.ended and not isinstance(entry.event, said_later):
            text = said(
                "the course ended on {on} ({ending})",
                on=day(self.ended.on),
                ending=said(self.ended.ending),
            )
            fix = said("correct the ending first, if that was a slip")
            raise refused(self.course_there.id, text, fix)
        self._note(entry.event, entry)
        if entry.confirmations:
            self._confirm(*entry.confirmations)

    @singledispatchmethod
    def _note(self, event: Event, entry: Entry) -> None:
        """What says nothing of the course itself: a visit was missed or moved."""

    @_note.register
    def _subscribed(self, event: Subscribed, _entry: Entry) -> None:
        self.subscription = event.address

    @_note.register
    def _planned(self, event: Planned, entry: Entry) -> None:
        if self.course is not None:
            raise refused(self.course.id, said("it was planned already"), said("see the course"))
        self.entered = entry.at.date()
        self.calendar_key = event.calendar_key
        lesions = (self._with_each_dose(one, event.course.id) for one in event.course.lesions)
        self.course = event.course._replace(lesions=tuple(lesions))

    def _with_each_dose(self, lesion: Lesion, course: str) -> Lesion:
        if lesion.id not in self.decisions:
            raise refused(
                course, said("no event decided the regimen of lesion {id}", id=lesion.id), _RESTORE
            )
        regimen = self.protocol.regimens[self.decisions[lesion.id].regimen]
        return lesion._replace(doses=each_dose(lesion, regimen.injections), same_dose=False)

    @_note.register
    def _given(self, event: Given, entry: Entry) -> None:
        for one in event.injections:
            name = Named(one.lesion, "injection", one.injection)
            done = self.given.get(name)
            if done is not None:
                what = said(
                    "injection {number} of lesion {lesion}", number=name.number, lesion=name.lesion
                )
                text = said(
                    "{what} was given on {at} already (event {event})",
                    what=what,
                    at=day(done.given.at),
                    event=done.event,
                )
                raise refused(
                    "", text, said("correct event {event}, if that was a slip", event=done.event)
                )
            self.given[name] = Done(entry.number, entry.by, event, one)

    @_note.register
    def _evaluated(self, event: Evaluated, entry: Entry) -> None:
        name = Named(event.lesion, "evaluation", event.evaluation)
        self.seen[name] = Seen(entry.number, entry.by, event)

    @_note.register
    def _hold(self, event: Held, _entry: Entry) -> None:
        self.held.update(dict.fromkeys(event.lesions, event.on))

    @_note.register
    def _resume(self, event: Resumed, _entry: Entry) -> None:
        for lesion in event.lesions:
            self.held.pop(lesion, None)

    @_note.register
    def _change_dose(self, event: DoseChanged, _entry: Entry) -> None:
        """What was given keeps its dose, all others from a number on get the new one."""
        lesion = self._lesion(event.lesion)
        doses = tuple(
            dose
            if number < event.from_injection or Named(lesion.id, "injection", number) in self.given
            else Dose(event.dose_mg)
            for number, dose in enumerate(lesion.doses, start=1)
        )
        changed = lesion._replace(doses=doses)
        lesions = (changed if one.id == lesion.id else one for one in self.course_there.lesions)
        self.course = self.course_there._replace(lesions=tuple(lesions))

    def _lesion(self, wanted: str) -> Lesion:
        for lesion in self.course_there.lesions:
            if lesion.id == wanted:
                return lesion
        known = listing([one.id for one in self.course_there.lesions])
        raise refused(
            "lesion",
            said("{wanted} is no lesion of this course", wanted=wanted),
            said("there are {known}", known=known),
        )

    @_note.register
    def _add_lesion(self, event: LesionAdded, _entry: Entry) -> None:
        course = self.course_there
        if any(one.id == event.lesion.id for one in course.lesions):
            raise refused(
                "id",
                said("{id} is a lesion already", id=event.lesion.id),
                said("choose another id"),
            )
        lesion = self._with_each_dose(event.lesion, course.id)
        self.course = course._replace(lesions=(*course.lesions, lesion))

    @_note.register
    def _confirmed(self, event: Confirmed, _entry: Entry) -> None:
        self._confirm(event.confirmation)

    def _confirm(self, *confirmations: Confirmation) -> None:
        course = self.course_there
        self.course = course._replace(confirmations=(*course.confirmations, *confirmations))

    @_note.register
    def _answered(self, event: Answered, _entry: Entry) -> None:
        course = self.course_there
        is_allergy = event.screen == SULFITE_ALLERGY.id
        # What was decided of this answer was of what it was; another answer's word stays.
        words = tuple(one for one in course.confirmations if not _is_of_answer(one, event.screen))
        self.course = course._replace(confirmations=words)
        if is_allergy:
            patient = course.patient._replace(sulfite_allergy=event.answer)
            self.course = self.course._replace(patient=patient)
        else:
            others = (one for one in course.screening if one.screen != event.screen)
            screening = (*others, Screened(event.screen, event.answer))
            self.course = self.course._replace(screening=screening)

    @_note.register
    def _identify(self, event: Identified, _entry: Entry) -> None:
        known = event._asdict()
        brought = {
            name: known[name] for name in ("name", "birth_date", "sulfite_allergy", "address")
        }
        new = {name: value for name, value in brought.items() if value is not None}
        course = self.course_there
        self.course = course._replace(patient=course.patient._replace(**new))

    @_note.register
    def _issued(self, event: Issued, entry: Entry) -> None:
        self.issues = (*self.issues, IssuedSet(entry.number, event))

    @_note.register
    def _end(self, event: Ended, _entry: Entry) -> None:
        self.ended = event
        self.held.clear()

    def settle(self, entry: Entry) -> None:
        """What one more event decided."""
        settled = entry.settled
        if settled is None:
            if not isinstance(entry.event, UNSETTLED):
                text = said(
                    "event {number} does not say when the visits to come are", number=entry.number
                )
                raise refused(self.course_there.id, text, _RESTORE)
            return
        for name in settled.dropped:
            self.slots.pop(name, None)
        self.slots.update(settled.slots)
        for number in settled.gone:
            self.visits.pop(number, None)
        self._settle_visits(settled)
        self.findings = self.findings if settled.findings is None else settled.findings

    def _settle_visits(self, settled: Settled) -> None:
        # Also those that were withdrawn since: their visits keep their numbers to themselves.
        lesions = list(self.decisions)
        for visit in settled.visits:
            self.visits[visit.number] = visit
            known = Numbered(visit.number, visit.uid)
            self.identities.setdefault(first_of(visit.names, lesions), known)
        for number, start, end in settled.scheduled:
            if number not in self.visits:
                text = said("a time is set for visit {number}, which is none", number=number)
                raise refused(self.course_there.id, text, _RESTORE)
            if self.visits[number].start != start or self.visits[number].end != end:
                self.visits[number] = self.visits[number]._replace(start=start, end=end)


def is_reached(change: DoseChanged, name: Named, slot: Slot) -> bool:
    """Whether an injection of the lesion gets a changed dose: it is to come, or may yet."""
    is_injection = name.purpose == "injection" and name.number >= change.from_injection
    return is_injection and slot.is_left


def refused(place: str, problem: str, fix: str) -> RefusedError:
    """A refusal of one problem."""
    return RefusedError(Problem(place, problem, fix))

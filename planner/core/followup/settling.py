"""From an event to all that is settled with it: times, numbers, draw-ups, findings.

What the event does not touch stays as it was settled, to the last figure, whatever the rules of
the day would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from functools import cached_property

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.dosing.draw_up import DrawUp
from planner.core.followup.consequences import Consequences
from planner.core.followup.course_state import (
    State,
    as_corrected,
    decisions_of,
    fold,
    noted,
    refused,
    with_settled,
)
from planner.core.followup.events import (
    UNSETTLED,
    Corrected,
    Entry,
    Event,
    LesionAdded,
    Migrated,
    Moved,
    Planned,
    Rearranged,
    Scheduled,
    Settled,
)
from planner.core.followup.law_of_series import Breach, Injection, breaches
from planner.core.plan.appointments import (
    Named,
    Slot,
    Visit,
    apply_moves,
    due_visits,
    injections_of,
)
from planner.core.plan.calendar_ids import first_edition_uid, key_of_files, uid_of
from planner.core.plan.checks import (
    WHEN_IT_COMES,
    Decided,
    course_findings,
    lesion_findings,
    stock_findings,
)
from planner.core.plan.course import Confirmation, Course, Lesion
from planner.core.plan.dose_checks import (
    DrawnDose,
    dose_findings,
    total_finding,
    visit_total_finding,
)
from planner.core.plan.findings import Finding, confirm, in_order
from planner.core.plan.numbering import Numbering, first_of
from planner.core.plan.placement import BY_PHYSICIAN, Placed, lay_out
from planner.core.plan.plan import Decision, PlannedInjection, PlannedVisit, by_time
from planner.core.plan.planning import (
    appointments,
    by_day,
    coming_doses,
    decide,
    drawn_findings,
)
from planner.core.plan.preparation import Prepared
from planner.core.plan.recording import record_decision, record_visit
from planner.core.plan.visit_checks import placed_findings
from planner.core.plan.zone_rules import wall
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import plain
from planner.core.values.quantities import Dose
from planner.core.values.said import said
from planner.errors import InputError, raise_if_any

# What a distance is told by, wherever in a course it comes from.
TOO_NEAR = "interval-too-short"
# Told once, of all visits whose total is large.
TOTAL = "visit-total-above-observed"
SECOND_EDITION = {
    TOTAL, "drawn-volume-small", "intact-and-ulcerated-share", "age-outside-observed",
}  # fmt: skip


def settle(
    before: State | None,
    entry: Entry,
    entries: Sequence[Entry],
    protocol: Protocol,
    opening: Opening,
) -> tuple[Entry, State]:
    """An event with all that is decided with it, and the state that it leaves.

    `entries` are those before it, `before` the state that they leave, None before the plan.
    Raises InputError or RefusedError where the event cannot be.
    """
    if isinstance(entry.event, UNSETTLED) and before is not None:
        return entry, noted(before, entry, (), protocol)
    entry = with_decisions(entry, protocol)
    as_said = noted(before, entry, entries, protocol)
    if before is None or isinstance(entry.event, Planned):
        slots, placed = _planned(entry.event, as_said, protocol, opening)
        settled = _Settling(as_said, as_said, protocol, opening).settled(slots, placed)
    else:
        following = _following(before, as_said, protocol, opening)
        following.apply(entry, entries)
        if following.is_changed:
            placed = following.stands()
            is_anew = isinstance(entry.event, Rearranged) and entry.event.drawn_anew
            settling = _Settling(before, as_said, protocol, opening, is_drawn_anew=is_anew)
            settled = settling.settled(following.slots, placed)
        else:
            settled = Settled(tuple(_scheduled(before)))
    decisions = tuple(decisions_of([entry]).values())
    entry = entry._replace(settled=settled._replace(decisions=decisions))
    if before is not None:
        # A correction was noted by reading the history anew; what was settled stands in `before`.
        as_said = as_said._replace(
            slots=before.slots,
            visits=before.visits,
            identities=before.identities,
            findings=before.findings,
        )
    return entry, with_settled(as_said, entry, protocol)


def _scheduled(state: State) -> Iterator[Scheduled]:
    """The times of the visits to come, as they stand."""
    to_come = {name for name, slot in state.slots.items() if slot.state == "planned"}
    for visit in by_time(state.visits.values()):
        if not to_come.isdisjoint(visit.names):
            yield Scheduled(visit.number, visit.start, visit.end)


def settle_all(
    state: State, placed: Sequence[Placed], protocol: Protocol, opening: Opening
) -> Settled:
    """A course as it stands, all settled with one event; its visits are numbered by their days."""
    nothing = state._replace(slots={}, visits={}, identities={}, findings=())

    def as_issued(first: Named) -> str:
        # What the first edition called a visit stands in calendars.
        return first_edition_uid(state.course.id, first)

    # It compared no dose with the cases at its site.
    settling = _Settling(
        nothing,
        state,
        protocol._replace(cases=()),
        opening,
        uid_of_new=as_issued,
        is_of_first_edition=True,
    )
    settled = settling.settled(state.slots, placed)
    there = [*_first_edition_findings(settled.findings or ()), *settling.totals_of_visits(placed)]
    confirmed, _ = confirm(in_order(there, [*state.decisions]), state.course.confirmations)
    found = _confirmed_then(confirmed, state.course.confirmations)
    return settled._replace(findings=found, decisions=tuple(state.decisions.values()))


def _first_edition_findings(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings without those that the first edition did not know."""
    return (one for one in findings if one.code not in SECOND_EDITION)


def _replayed(entries: Sequence[Entry], protocol: Protocol, opening: Opening) -> State:
    """A history as it is corrected, each event of it followed as it is today.

    Its plan stands as it was settled; that of the first edition, which was not, is laid out.
    """
    first, *rest = as_corrected(entries)
    if first.settled is None:
        _, state = settle(None, first, (), protocol, opening)
    else:
        state = fold([first], protocol)
    for entry in rest:
        if isinstance(entry.event, Corrected | Migrated):
            continue
        try:
            _, state = settle(state, entry, (), protocol, opening)
        except InputError:
            # A move that somebody chose cannot stand beside what was really done.
            if not isinstance(entry.event, Moved):
                raise
    return state


def _confirmed_then(
    findings: Sequence[Finding], confirmations: Sequence[Confirmation]
) -> tuple[Finding, ...]:
    """Findings with what a physician confirmed when a value named fewer of its figures."""
    return tuple(_confirmed_by(one, confirmations) if one.is_open else one for one in findings)


def _confirmed_by(finding: Finding, confirmations: Sequence[Confirmation]) -> Finding:
    for one in confirmations:
        if _is_of(one, finding) and plain(one.value) in _values_then(plain(finding.value)):
            return finding._replace(confirmed_by=one.by, reason=one.reason)
    return finding


def _values_then(value: str) -> Set[str]:
    """A value, and what the first edition named of it: no days of a distance, no drawn dose."""
    parts = [part.partition(" drawn as ")[0] for part in value.split(", ")]
    then = [part for part in parts if not re.fullmatch(r"(\S+ )?\d+ days?", part)]
    return {value, ", ".join(dict.fromkeys(then))}


def _open_again(finding: Finding, withdrawn: Sequence[Confirmation]) -> Finding:
    """A finding without a word that was withdrawn; another one may confirm it still."""
    if any(_is_of(one, finding) for one in withdrawn):
        return finding._replace(confirmed_by=None, reason=None)
    return finding


def _is_of(word: Confirmation, finding: Finding) -> bool:
    """Whether a confirmation is of a finding's code and of its lesion or day."""
    target = finding.lesion or finding.due
    is_there = target in (*word.lesions, *word.due) or (target is None and not word.lesions)
    return word.finding == finding.code and is_there


def _following(before: State, as_said: State, protocol: Protocol, opening: Opening) -> Consequences:
    def replay(entries: Sequence[Entry]) -> Mapping[Named, Slot]:
        alone = Opening(opening.clinic, Occupancy())
        return _replayed(entries, protocol, alone).slots

    return Consequences(before, as_said, protocol, opening, replay)


def unlawful(state: State, protocol: Protocol) -> Iterator[Breach]:
    """Where a course breaks the law of a series, as its visits stand."""
    days = {
        (one.lesion, one.injection): visit.start.date()
        for visit in state.visits.values()
        if visit.start is not None
        for one in visit.injections
    }
    for lesion in state.course.lesions:
        series = [
            Injection(lesion.id, name.number, days[lesion.id, name.number], slot.state == "done")
            for name, slot in state.injections(lesion.id)
            if slot.state in ("planned", "done") and (lesion.id, name.number) in days
        ]
        held = state.held.get(lesion.id)
        yield from breaches(series, protocol.policy.shortest_interval_days, held)


def _decisions(entry: Entry, protocol: Protocol) -> Iterator[Decision]:
    """The regimen of each lesion that comes with an event."""
    lesions: tuple[Lesion, ...] = ()
    if isinstance(entry.event, Planned):
        lesions = entry.event.course.lesions
    elif isinstance(entry.event, LesionAdded):
        lesions = (entry.event.lesion,)
    for lesion in lesions:
        yield record_decision(decide(lesion, protocol), protocol)


def _planned(
    event: Event, now: State, protocol: Protocol, opening: Opening
) -> tuple[dict[Named, Slot], tuple[Placed, ...]]:
    """The appointments of a new course and its visits in the clinic's days."""
    if not isinstance(event, Planned):
        raise refused("", said("the history does not begin with a plan"), said("restore a backup"))
    course = event.course
    slots, visits = due_slots(course, protocol)
    apart = protocol.policy.shortest_interval_days
    return slots, lay_out(visits, course.moves, opening, course.first_visit, apart)


def due_slots(course: Course, protocol: Protocol) -> tuple[dict[Named, Slot], tuple[Visit, ...]]:
    """The appointments of a new course, and the visits that they make before they are laid out."""
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    due = due_visits(appointments(course, decided, protocol))
    visits, problems = apply_moves(due, course.moves)
    raise_if_any(InputError, problems)
    slots: dict[Named, Slot] = {}
    for visit in visits:
        for one in visit.appointments:
            slots[one.name] = Slot(one)
            if visit.moved_to is not None and one.due in visit.moved_from:
                moved = Slot(one, visit.moved_to, one.due, visit.passed_window)
                slots[one.name] = moved
    return slots, visits


def with_decisions(entry: Entry, protocol: Protocol) -> Entry:
    """An event with the regimens of the lesions that come with it, and nothing else settled yet."""
    return entry._replace(settled=Settled((), decisions=tuple(_decisions(entry, protocol))))


class _Settling:
    """What is settled with an event, for a course that stood as `before` and now is as `said`."""

    def __init__(
        self,
        before: State,
        as_said: State,
        protocol: Protocol,
        opening: Opening,
        *,
        uid_of_new: Callable[[Named], str] | None = None,
        is_of_first_edition: bool = False,
        is_drawn_anew: bool = False,
    ) -> None:
        self.before = before
        self.said = as_said
        self.protocol = protocol
        self.opening = opening
        self.slots: Mapping[Named, Slot] = {}
        self.is_of_first_edition = is_of_first_edition
        self.is_drawn_anew = is_drawn_anew
        self.uid_of = uid_of_new or self._uid_of

    def _uid_of(self, first: Named) -> str:
        """The calendar id of a visit that has none yet."""
        course, key = self.said.course, self.said.calendar_key
        if key is not None:
            return uid_of(bytes.fromhex(key), first)
        secret = self.opening.clinic.calendar_key
        return uid_of(key_of_files(course.id, course.patient.id, secret), first)

    def settled(self, slots: Mapping[Named, Slot], placed: Sequence[Placed]) -> Settled:
        """All that changed, and the time of every visit that is to come."""
        self.slots = slots
        called = list(self._called(placed))
        visits = {number: self._visit(number, uid, one) for number, uid, one in called}
        was = self.before.visits
        new = [visit for number, visit in visits.items() if was.get(number) != visit]
        touched = {visit.number for visit in new} | self._begun(called)
        told = [
            (number, _told(one, visits[number]))
            for number, _, one in called
            if one.visit.is_to_come
        ]
        return Settled(
            scheduled=tuple(Scheduled(number, one.start, one.end) for number, one in told),
            slots=tuple(
                (name, slot) for name, slot in slots.items() if self.before.slots.get(name) != slot
            ),
            dropped=tuple(name for name in self.before.slots if name not in slots),
            visits=tuple(new),
            gone=tuple(number for number in was if number not in visits),
            findings=self._findings(told, touched),
        )

    def _called(self, placed: Sequence[Placed]) -> Iterator[tuple[int, str, Placed]]:
        """The visits by their days, each with the number and UID of its first appointment."""
        lesions = list(self.said.decisions)
        visits = by_day(placed)
        firsts = [
            first_of([each.name for each in one.visit.appointments], lesions) for one in visits
        ]
        numbers = Numbering.carried_on(self.before.identities).with_new(firsts)
        for first, one in zip(firsts, visits, strict=True):
            number, uid = numbers.of(first)
            yield number, uid or self.uid_of(first), one

    def _begun(self, called: Sequence[tuple[int, str, Placed]]) -> set[int]:
        """The visits of which something else than before is to come, or was given."""
        was, now = self.before.given, self.said.given
        return {
            number
            for number, _, one in called
            for each in one.visit.appointments
            if self.before.is_to_come(each.name) != (each.state == "planned")
            or was.get(each.name) != now.get(each.name)
        }

    def _visit(self, number: int, uid: str, placed: Placed) -> PlannedVisit:
        """A visit as it was settled before, as far as nothing of it changed."""
        old = self.before.visits.get(number)
        is_drawn = old is not None and self._is_drawn_as(old, placed.visit)
        is_timed = old is not None and _is_at(old, placed)
        is_same = old is not None and is_drawn and is_timed and self._has_doses(old)
        if old is not None and is_same and old.due == placed.visit.due:
            return old
        start, end = (one and _with_offset(one) for one in (placed.start, placed.end))
        placed = placed._replace(start=start, end=end)
        new = record_visit(number, uid, placed, self.protocol, self._prepared)
        if old is not None and is_drawn:
            new = new._replace(
                injections=_as_drawn(old.injections, new.injections),
                syringes=old.syringes,
                total_dose_mg=old.total_dose_mg,
                total_drawn_ml=old.total_drawn_ml,
                total_drawn_mg=old.total_drawn_mg,
                preparation=old.preparation,
            )
        if old is not None:
            changed = _with_changes(old.injections, new.injections)
            new = new._replace(injections=changed)
        if old is not None and is_timed:
            new = new._replace(start=old.start, end=old.end)
            is_by_hand = placed.visit.moved_to and old.moved_because != BY_PHYSICIAN
            if placed.visit.is_to_come and not is_by_hand:
                new = new._replace(moved_because=old.moved_because, choices=old.choices)
        return new

    def _is_drawn_as(self, old: PlannedVisit, visit: Visit) -> bool:
        """Whether a visit is of the same appointments, drawn up for the same doses as before."""
        names = {each.name for each in visit.appointments}
        is_anew = self.is_drawn_anew and visit.is_to_come
        if names != set(old.names) or is_anew or names & self._back:
            return False
        was = _to_draw(old, self.before.slots)
        return was == {
            each.name: _mg(self._doses[each.lesion][each.count - 1]) for each in visit.to_draw
        }

    def _has_doses(self, old: PlannedVisit) -> bool:
        """Whether all injections of a visit have their doses, also those that were missed."""
        return all(
            one.dose_mg == _mg(self._doses[one.lesion][one.injection - 1]) for one in old.injections
        )

    @cached_property
    def _doses(self) -> Mapping[str, Sequence[Dose | None]]:
        return {lesion.id: lesion.doses for lesion in self.said.course.lesions}

    @cached_property
    def _prepared(self) -> Prepared:
        """Every dose of the course drawn up, as the syringes and rules of the day have it."""
        course = self.said.course
        made = Prepared.of(course.lesions, self._doses, self.protocol, self.opening.clinic)
        return replace(made, is_of_first_edition=self.is_of_first_edition)

    def _findings(
        self, told: Sequence[tuple[int, Placed]], touched: set[int]
    ) -> tuple[Finding, ...] | None:
        """The findings with those anew of what changed; None where they are as before."""
        course = self.said.course
        again = {lesion.id for lesion in course.lesions if self._is_changed(lesion)}
        was = self.before.course
        is_again = bool(again) or (course.patient, course.screening) != (was.patient, was.screening)
        is_again = is_again or self.is_drawn_anew
        has_other_totals = bool(again) or any(
            number in touched and self._has_other_injections(number, one) for number, one in told
        )
        coming = dict(told)
        there_still = course.confirmations
        withdrawn = [one for one in self.before.course.confirmations if one not in there_still]
        kept = [
            _open_again(one, withdrawn)
            for one in self.before.findings
            if not (one.lesion in again and self._is_found_again(one))
            and not (is_again and one.lesion is None and one.visit is None and one.code != TOTAL)
            and (one.visit is None or (one.visit in coming and one.visit not in touched))
            and one.code != TOO_NEAR
            and not (has_other_totals and one.code == TOTAL)
        ]
        found: list[Finding] = [
            *kept,
            *self._of_lesions(again),
            *(self._of_course() if is_again else ()),
            *(self._of_totals(told) if has_other_totals else ()),
            *(
                finding
                for number, one in told
                if number in touched or one.near
                for finding in self._of_visit(number, one)
                if number in touched or finding.code == TOO_NEAR
            ),
        ]
        there: set[str | None] = {None, *(lesion.id for lesion in course.lesions)}
        found = [one for one in found if one.lesion in there]
        confirmed, _ = confirm(
            in_order(found, [lesion.id for lesion in course.lesions]), course.confirmations
        )
        return None if confirmed == self.before.findings else confirmed

    def totals_of_visits(self, placed: Sequence[Placed]) -> Iterator[Finding]:
        """What the first edition asked of each visit whose total is above the source's."""
        told = [(number, one) for number, _, one in self._called(placed) if one.visit.is_to_come]
        for number, one in told:
            doses = [*coming_doses(one.visit, self._prepared), *self._given_at(one.visit)]
            if coming_doses(one.visit, self._prepared):
                yield from visit_total_finding(number, one.visit.due, doses, self.protocol)

    def _has_other_injections(self, number: int, placed: Placed) -> bool:
        """Whether a visit is of other injections than it was."""
        old = self.before.visits.get(number)
        was = [one for one in old.names if one.purpose == "injection"] if old else []
        return {*was} != {one.name for one in placed.visit.injected}

    def _is_changed(self, lesion: Lesion) -> bool:
        """Whether what is found of a lesion is to be looked for again."""
        was = next((one for one in self.before.course.lesions if one.id == lesion.id), None)
        is_other = lesion.id in self._new or was != lesion or None in lesion.doses
        is_back = any(name.lesion == lesion.id for name in self._back)
        return is_other or is_back or self.is_drawn_anew

    def _is_found_again(self, finding: Finding) -> bool:
        return finding.lesion in self._new or finding.code not in WHEN_IT_COMES

    @cached_property
    def _back(self) -> Set[Named]:
        """The injections that are to come again: syringes may have changed since they were over."""
        was = self.before.slots
        return {
            name
            for name, slot in self.slots.items()
            if name.purpose == "injection" and slot.state == "planned"
            if name in was and was[name].state not in ("planned", "waiting")
        }

    @cached_property
    def _new(self) -> Set[str]:
        """The lesions that come with the event."""
        return set(self.said.decisions) - {name.lesion for name in self.before.slots}

    def _of_lesions(self, lesions: set[str]) -> Iterator[Finding]:
        for lesion in self.said.course.lesions:
            if lesion.id in lesions:
                decided = self._decided(lesion)
                if lesion.id in self._new:
                    yield from lesion_findings(decided, self.protocol)
                yield from dose_findings(
                    decided,
                    self._to_look_at(lesion),
                    self.protocol,
                    self.opening.clinic,
                    is_blank=lesion.id in self._blank,
                )

    def _to_look_at(self, lesion: Lesion) -> list[DrawUp]:
        """The draw-ups of a lesion that can hinder: none of what is over, as it was made otherwise.

        Syringes that came later say nothing of what was drawn before.
        """
        over = {
            name.number
            for name, slot in injections_of(self.slots, lesion.id)
            if slot.state not in ("planned", "waiting")
        }
        made_before = {
            one.injection: (one.dose_mg, one.drawn_ml)
            for visit in self.before.visits.values()
            for one in visit.injections
            if one.lesion == lesion.id and one.injection in over
        }
        found = []
        for number, one in enumerate(self._prepared.draw_ups[lesion.id], start=1):
            if one is None:
                continue
            dose_mg, drawn_ml = made_before.get(number, (None, None))
            if dose_mg != one.dose.mg or drawn_ml == one.drawn.ml:
                found.append(one)
        return found

    def _decided(self, lesion: Lesion) -> Decided:
        """The rule of a lesion, and the regimen that it was given when it came."""
        regimen = self.said.decisions[lesion.id].regimen
        return Decided(lesion, decide(lesion, self.protocol).hit, regimen)

    @cached_property
    def _blank(self) -> frozenset[str]:
        """The lesions of which an injection is to come whose dose was left open."""
        return frozenset(
            name.lesion
            for name, slot in self.slots.items()
            if name.purpose == "injection" and slot.state == "planned"
            if self._doses[name.lesion][name.number - 1] is None
        )

    def _of_course(self) -> Iterator[Finding]:
        clinic = self.opening.clinic
        yield from course_findings(self.said.course, self.protocol, clinic)
        injections = (slot for name, slot in self.slots.items() if name.purpose == "injection")
        is_any_left = any(one.is_left for one in injections)
        for found in stock_findings(clinic, self.protocol, bool(self._blank)):
            # A stock that nothing is taken from stops no paper.
            if is_any_left or found.severity in ("note", "caution"):
                yield found

    def _of_visit(self, number: int, placed: Placed) -> Iterator[Finding]:
        yield from placed_findings(number, placed, self.protocol.policy.shortest_interval_days)
        given, visit = self._given_at(placed.visit), placed.visit
        yield from drawn_findings(number, visit, self.protocol, self._prepared, given)

    def _given_at(self, visit: Visit) -> list[tuple[str, DrawnDose]]:
        """What was given at a visit, each with its lesion."""
        return [
            (one.lesion, DrawnDose(Dose(done.injected.dose_mg), Dose(done.injected.drawn_mg)))
            for one in visit.injected
            if (done := self.said.given.get(one.name))
        ]

    def _of_totals(self, told: Sequence[tuple[int, Placed]]) -> Iterator[Finding]:
        """The visits to come whose total is above what the source gave at one."""
        visits = (
            (number, [*coming_doses(one.visit, self._prepared), *self._given_at(one.visit)])
            for number, one in told
        )
        yield from total_finding(visits, self.protocol)


def _to_draw(visit: PlannedVisit, slots: Mapping[Named, Slot]) -> Mapping[Named, object]:
    """The doses that a visit was drawn up for: those to come, else those done, else all."""
    there = {Named(one.lesion, "injection", one.injection): one.dose_mg for one in visit.injections}
    for state in ("planned", "done"):
        found = {
            name: dose
            for name, dose in there.items()
            if name in slots and slots[name].state == state
        }
        if found:
            return found
    return there


def _as_drawn(
    old: Sequence[PlannedInjection], new: Sequence[PlannedInjection]
) -> tuple[PlannedInjection, ...]:
    """The injections of a visit as they were drawn up, but for one that has another dose now."""
    was = {(one.lesion, one.injection, one.dose_mg): one for one in old}
    return tuple(was.get((one.lesion, one.injection, one.dose_mg), one) for one in new)


def _with_changes(
    old: Sequence[PlannedInjection], new: Sequence[PlannedInjection]
) -> tuple[PlannedInjection, ...]:
    """The injections of a visit, each with the dose that it had before it was changed."""
    was = {(one.lesion, one.injection): one for one in old}

    def before(one: PlannedInjection) -> Fraction | None:
        old_one = was.get((one.lesion, one.injection), one)
        if old_one.dose_mg == one.dose_mg:
            return old_one.changed_from_mg
        # What is as it was first is no change that anybody has to know of.
        return None if one.dose_mg == old_one.changed_from_mg else old_one.dose_mg

    return tuple(one._replace(changed_from_mg=before(one)) for one in new)


def _mg(dose: Dose | None) -> object:
    return None if dose is None else dose.mg


def _is_at(old: PlannedVisit, placed: Placed) -> bool:
    """Whether a visit is at the wall-clock times that it had."""
    return (wall(old.start), wall(old.end)) == (wall(placed.start), wall(placed.end))


def _told(placed: Placed, visit: PlannedVisit) -> Placed:
    """A visit with its time as it was settled."""
    return placed._replace(
        start=visit.start, end=visit.end, because=visit.moved_because, choices=visit.choices
    )


def _with_offset(moment: datetime) -> datetime:
    """A time with its offset as a fact, whatever becomes of its zone's rules."""
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))

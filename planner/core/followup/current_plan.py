"""The plan of a course under way: what was decided, with what was done beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from planner.core.calendar.clinic import Clinic
from planner.core.followup.course_state import Done, State
from planner.core.followup.events import Evaluated
from planner.core.plan.appointments import Named, VisitState
from planner.core.plan.course import Course
from planner.core.plan.numbering import Numbering
from planner.core.plan.pages import pages_of
from planner.core.plan.plan import (
    EndedCourse,
    GivenDose,
    Measured,
    Plan,
    PlannedEvaluation,
    PlannedInjection,
    PlannedVisit,
    by_time,
)
from planner.core.plan.recording import (
    record_case,
    record_clinic,
    record_lesion,
    record_protocol,
    record_supplies,
)
from planner.core.plan.response import reduction_percent, remission
from planner.core.protocol.protocol import Protocol


def plan_again(state: State, protocol: Protocol, clinic: Clinic) -> Plan:
    """The plan that a history leaves, with what was done beside what was planned."""
    course, ended = state.course, state.ended
    there = by_time(state.visits.values())
    visits = tuple(with_done(one, state, protocol, clinic) for one in there)
    start = visits[0].start if visits else None
    plan = Plan(
        course=course.id,
        revision=course.revision,
        protocol=record_protocol(protocol),
        first_visit=start or _aware(course.first_visit, ZoneInfo(clinic.timezone)),
        clinic=record_clinic(clinic),
        patient=course.patient,
        diagnosis=course.diagnosis,
        indication=course.indication,
        prescriber=course.prescriber,
        lesions=tuple(
            record_lesion(one)._replace(held_since=state.held.get(one.id)) for one in course.lesions
        ),
        decisions=tuple(state.decisions[one.id] for one in course.lesions),
        visits=visits,
        supplies=record_supplies([visit for visit in visits if visit.state in ("planned", "done")]),
        findings=state.findings,
        screening=state.course.screening,
        cases=tuple(record_case(case) for case in protocol.cases),
        replaces=_replaced(state),
        ending=None if ended is None else EndedCourse(ended.ending, ended.on),
        last_number=Numbering.carried_on(state.identities).last_number,
    )
    return plan._replace(pages=pages_of(plan))


def _replaced(state: State) -> int | None:
    """The revision whose papers are out there, if an earlier one was issued."""
    earlier = [one.issued.revision for one in state.issues if one.is_whole]
    return max((one for one in earlier if one < state.revision), default=None)


def with_done(
    visit: PlannedVisit, state: State, protocol: Protocol, clinic: Clinic
) -> PlannedVisit:
    """A visit as it was planned, with what was done at it and what became of it."""
    # The offset is that of the visit, as it was when that was decided.
    zone = (visit.start and visit.start.tzinfo) or ZoneInfo(clinic.timezone)
    evaluations = tuple(
        one._replace(
            result=_measured(one, state, protocol),
            state=_became(state, Named(one.lesion, "evaluation", one.evaluation)),
        )
        for one in visit.evaluations
    )
    injections = tuple(
        one._replace(
            given=_given(one, state, zone),
            state=_became(state, Named(one.lesion, "injection", one.injection)),
        )
        for one in visit.injections
    )
    states = {one.state for one in evaluations} | {one.state for one in injections}
    return visit._replace(evaluations=evaluations, injections=injections, state=_of_all(states))


def _became(state: State, name: Named) -> VisitState:
    """What became of an appointment, as a plan says it."""
    found = state.slots[name].state
    return "planned" if found == "waiting" else found


def _of_all(states: Iterable[VisitState]) -> VisitState:
    """What became of a visit: done once nothing is to come and something was done."""
    order: tuple[VisitState, ...] = ("planned", "done", "missed", "cancelled")
    return min(states, key=order.index)


def _given(one: PlannedInjection, state: State, zone: tzinfo) -> GivenDose | None:
    done: Done | None = state.given.get(Named(one.lesion, "injection", one.injection))
    if done is None:
        return None
    given, injected = done.given, done.injected
    return GivenDose(
        dose_mg=injected.dose_mg,
        drawn_ml=injected.drawn_ml,
        drawn_mg=injected.drawn_mg,
        at=_aware(given.at, zone),
        by=done.by,
        lot=given.lot,
        expiry=given.expiry,
        pain_before=injected.pain_before,
        pain_after=injected.pain_after,
        complication=injected.complication,
        observed=tuple(noted for noted in given.observed if noted.lesion in (None, one.lesion)),
    )


def _measured(one: PlannedEvaluation, state: State, protocol: Protocol) -> Measured | None:
    seen = state.seen.get(Named(one.lesion, "evaluation", one.evaluation))
    if seen is None:
        return None
    found: Evaluated = seen.evaluated
    baseline = _baseline(state.course, one.lesion)
    return Measured(
        on=found.at.date(),
        size_mm=found.size_mm,
        ulcerated=found.ulcerated,
        pain=found.pain,
        measured_by=found.measured_by or seen.by,
        reduction_percent=reduction_percent(baseline, found.size_mm),
        remission=remission(baseline, found.size_mm, protocol.table.domains.precision_mm),
        pain_change=_pain_change(state, one.lesion, found.pain),
    )


def _pain_change(state: State, lesion: str, pain: Decimal | None) -> Decimal | None:
    """How a pain differs from the one before the lesion's first injection."""
    done = [done for name, done in state.given.items() if name.lesion == lesion]
    first = min(done, key=lambda one: one.given.at, default=None)
    if pain is None or first is None or first.injected.pain_before is None:
        return None
    return pain - first.injected.pain_before


def _baseline(course: Course, lesion: str) -> Decimal:
    return next(one.size_mm for one in course.lesions if one.id == lesion)


def _aware(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone)

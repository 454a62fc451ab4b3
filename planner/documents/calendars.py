"""The calendar files of a plan: what the patient sees, and what the clinic sees."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.plan.zone_rules import wall
from planner.documents.ical import CalendarEntry, calendar_bytes
from planner.documents.language import language
from planner.documents.wording import site_and_side


def patient_summary(plan: Plan) -> str:
    """What a patient's calendar calls a visit: nothing that tells what is treated."""
    say = language(plan.clinic.language)
    return say("Appointment")


def calendar_files(
    plan: Plan, stamp: datetime, *, to_patient: bool = True
) -> Iterator[tuple[str, bytes]]:
    """Each calendar file of a plan by its name in the folder; `stamp` is the time of issue.

    After a death there is none of the patient: `to_patient` says whether another course tells of
    one. A visit that was cancelled stays in them as cancelled. Without a visit there is no file: a
    calendar has at least one component (RFC 5545, 3.6).
    """
    if to_patient and not has_died(plan):
        say = language(plan.clinic.language)
        name = _named(say("Appointments"), plan)
        shown = [
            (visit, _patient_entry(plan, visit, stamp)._replace(cancelled=_is_off(visit)))
            for visit in plan.visits
            if visit.state != "missed" and visit.start is not None
        ]
        if shown:
            yield "patient.ics", calendar_bytes(name, [entry for _, entry in shown])
        for visit, entry in shown:
            if visit.state == "planned":
                yield f"visits/visit-{visit.number}.ics", calendar_bytes(name, [entry])
    clinic = [
        clinic_entry(plan, visit, stamp)._replace(cancelled=_is_off(visit))
        for visit in plan.visits
        if visit.start is not None
    ]
    if clinic:
        yield "clinic.ics", calendar_bytes(_course(plan), clinic)


def _is_off(visit: PlannedVisit) -> bool:
    return visit.state in ("missed", "cancelled")


def has_died(plan: Plan) -> bool:
    """Whether nothing may be sent to the patient any more."""
    return plan.ending is not None and plan.ending.ending == "died"


def changes_file(
    before: Plan, plan: Plan, stamp: datetime, *, to_patient: bool = True
) -> dict[str, bytes]:
    """changes.ics: what is new, moved or cancelled; empty where nothing is.

    It is the patient's; after a death, as for `calendar_files`, it is the clinic's alone.
    """
    is_clinics = has_died(plan) or not to_patient
    entry = clinic_entry if is_clinics else _patient_entry
    old = {visit.uid: visit for visit in before.kept}
    # A visit that has no day any more is cancelled until it has one.
    new = {visit.uid: visit for visit in plan.kept if visit.start is not None}
    changed = [
        entry(plan, visit, stamp) for uid, visit in new.items() if _is_news(old.get(uid), visit)
    ]
    gone = [
        entry(plan, visit, stamp)._replace(cancelled=True)
        for uid, visit in old.items()
        if uid not in new and visit.state == "planned" and visit.start is not None
    ]
    if not changed and not gone:
        return {}
    say = language(plan.clinic.language)
    changed_name = _named(say("Changed appointments"), plan)
    name = _course(plan) if is_clinics else changed_name
    return {"changes.ics": calendar_bytes(name, changed + gone)}


def _course(plan: Plan) -> str:
    """What the clinic's calendar of a course is called."""
    say = language(plan.clinic.language)
    return say("Course {course}", course=plan.course)


def _is_news(before: PlannedVisit | None, now: PlannedVisit) -> bool:
    """Whether a calendar has to learn of a visit: a new or moved one, or done on another day."""
    if now.state == "done":
        days = [one.start.date() for one in (before, now) if one is not None and one.start]
        return len(set(days)) > 1
    return before is None or not _is_at_the_same_time(before, now)


def _is_at_the_same_time(before: PlannedVisit, now: PlannedVisit) -> bool:
    """Whether the clock shows the same at both, whatever offset the zone's rules gave it."""
    if before.timezone != now.timezone and (before.start, before.end) != (now.start, now.end):
        return False
    return [wall(one) for one in (before.start, before.end)] == [
        wall(one) for one in (now.start, now.end)
    ]


def _patient_entry(plan: Plan, visit: PlannedVisit, stamp: datetime) -> CalendarEntry:
    say = language(plan.clinic.language)
    phone = say("Phone {phone}", phone=plan.clinic.phone) if plan.clinic.phone else ""
    return _entry(plan, visit, stamp, _named(patient_summary(plan), plan), phone)


def clinic_entry(plan: Plan, visit: PlannedVisit, stamp: datetime) -> CalendarEntry:
    """A visit as the clinic sees it: course, number, its lesions and their volumes; no name.

    Of a visit that was begun it names what is left: who goes by it gives nothing twice.
    """
    left = visit.as_it_stands
    return _clinic_entry(plan, left, stamp, [name.lesion for name in left.names])


def clinic_entry_before(plan: Plan, visit: PlannedVisit, stamp: datetime) -> CalendarEntry:
    """As `clinic_entry` told of it before: all that was planned, and each lesion of the course.

    Calendars that were published or brought in then have it so.
    """
    return _clinic_entry(plan, visit, stamp, plan.lesion_ids)


def _clinic_entry(
    plan: Plan, visit: PlannedVisit, stamp: datetime, lesions: Collection[str]
) -> CalendarEntry:
    say = language(plan.clinic.language)
    parts = []
    if visit.evaluations:
        looks = ", ".join(one.lesion for one in visit.evaluations)
        parts.append(say("evaluation {lesions}", lesions=looks))
    if visit.injections:
        volumes = ", ".join(
            f"{one.lesion}: {'____ mL' if one.drawn_ml is None else say.ml(one.drawn_ml)}"
            for one in visit.injections
        )
        strength = say.mg_per_ml(plan.protocol.strength_mg_per_ml)
        parts.append(say("injection {volumes} at {strength}", volumes=volumes, strength=strength))
    what = "; ".join(parts)
    summary = say("{course}, visit {n}: {what}", course=plan.course, n=visit.number, what=what)
    places = (
        " ".join(filter(None, (f"{one.id}:", site_and_side(one, say), one.site_detail)))
        for one in plan.lesions
        if one.id in lesions
    )
    return _entry(plan, visit, stamp, summary, "\n".join(places))


def _entry(
    plan: Plan, visit: PlannedVisit, stamp: datetime, summary: str, description: str
) -> CalendarEntry:
    if visit.start is None or visit.end is None:
        raise ValueError(f"visit {visit.number} has no day")
    return CalendarEntry(
        uid=visit.uid,
        sequence=plan.revision,
        stamp=stamp,
        start=visit.start,
        end=visit.end,
        timezone=visit.timezone,
        summary=summary,
        location=", ".join(filter(None, (plan.clinic.name, plan.clinic.address))),
        description=description,
        reminders=tuple(timedelta(minutes=one) for one in plan.clinic.reminder_minutes),
    )


def _named(what: str, plan: Plan) -> str:
    return f"{what}, {plan.clinic.name}" if plan.clinic.name else what

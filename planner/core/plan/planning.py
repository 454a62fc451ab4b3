"""From a course, a protocol and a clinic to a plan: one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Occupancy
from planner.core.plan.appointments import Appointment, Named, Visit, apply_moves, due_visits
from planner.core.plan.calendar_ids import first_edition_uid, key_of_files, uid_of
from planner.core.plan.checks import Decided, course_findings, lesion_findings, stock_findings
from planner.core.plan.course import Course, Lesion
from planner.core.plan.dose_checks import (
    DrawnDose,
    dilution_finding,
    dose_findings,
    sharing_finding,
    total_finding,
    visit_findings,
)
from planner.core.plan.findings import Finding, confirm, in_order
from planner.core.plan.numbering import Numbered, Numbering, first_of
from planner.core.plan.pages import pages_of
from planner.core.plan.placement import Placed, lay_out
from planner.core.plan.plan import Plan
from planner.core.plan.preparation import Prepared, each_dose
from planner.core.plan.recording import (
    record_case,
    record_clinic,
    record_decision,
    record_lesion,
    record_protocol,
    record_supplies,
    record_visit,
)
from planner.core.plan.typed_days import TypedMove, times_problems
from planner.core.plan.visit_checks import placed_findings
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import count, listing
from planner.core.values.near import CLINICAL, did_you_mean
from planner.core.values.said import said, term
from planner.errors import InputError, NoRoomError, Problem, raise_if_any


def plan_course(
    course: Course,
    protocol: Protocol,
    clinic: Clinic,
    busy: Occupancy | None = None,
    numbering: Numbering | None = None,
) -> Plan:
    """The plan of a course: the same inputs give the same plan, always.

    `numbering` has the visits of an earlier plan: their numbers and calendar ids are carried on.
    Raises InputError where the course contradicts the protocol or the clinic: an unknown site, a
    list of doses of the wrong length, a first or moved visit on a closed or full time.
    """
    raise_if_any(InputError, _course_problems(course, protocol))
    placed = _placed(course, protocol, Opening(clinic, busy or Occupancy()))
    plan = plan_of(course, protocol, clinic, placed, numbering=numbering)
    return plan._replace(pages=pages_of(plan))


def _placed(course: Course, protocol: Protocol, opening: Opening) -> Sequence[Placed]:
    """The visits of a course with their times. Raises InputError with all that hinders it."""
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    problems: list[Problem] = []
    try:
        due = due_visits(appointments(course, decided, protocol))
        visits, refused = apply_moves(due, course.moves)
        problems += refused
        apart = protocol.policy.shortest_interval_days
        placed = lay_out(visits, course.moves, opening, course.first_visit, apart)
    except InputError as error:
        if isinstance(error, NoRoomError) and not problems:
            raise
        problems += error.problems
    if problems:
        raise InputError(*problems, *_more_of_times(course, opening, problems))
    return placed


def _more_of_times(
    course: Course, opening: Opening, problems: Sequence[Problem]
) -> Iterator[Problem]:
    """What is wrong with the times of moves that could not be made."""
    moves = [
        TypedMove(f"move[{index}]", move.due, move.to)
        for index, move in enumerate(course.moves, start=1)
    ]
    told = {one.place for one in problems}
    for one in times_problems(course.first_visit, moves, opening):
        if one.place not in told:
            yield one


def plan_of(
    course: Course,
    protocol: Protocol,
    clinic: Clinic,
    placed: Sequence[Placed],
    *,
    numbering: Numbering | None = None,
) -> Plan:
    """The plan of a course whose visits have their times."""
    placed = by_day(placed)
    numbers = (numbering or Numbering()).with_new(
        one.visit.first_appointment.name for one in placed
    )
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    prepared = _prepared(decided, protocol, clinic)
    key = key_of_files(course.id, course.patient.id, clinic.calendar_key)
    called = [(*_called(key, one, numbers), one) for one in placed]
    planned = [record_visit(number, uid, one, protocol, prepared) for number, uid, one in called]
    visits = [(number, one) for number, _, one in called]
    findings = _findings(course, protocol, decided, prepared, visits)
    confirmed, remarks = confirm(
        in_order(findings, [lesion.id for lesion in course.lesions]), course.confirmations
    )
    start = planned[0].start if planned else None
    return Plan(
        course=course.id,
        revision=course.revision,
        protocol=record_protocol(protocol),
        first_visit=start or course.first_visit.replace(tzinfo=ZoneInfo(clinic.timezone)),
        clinic=record_clinic(clinic),
        patient=course.patient,
        diagnosis=course.diagnosis,
        indication=course.indication,
        prescriber=course.prescriber,
        screening=course.screening,
        lesions=tuple(record_lesion(lesion) for lesion in course.lesions),
        decisions=tuple(record_decision(one, protocol) for one in decided),
        visits=tuple(planned),
        supplies=record_supplies(planned),
        findings=confirmed,
        cases=tuple(record_case(case) for case in protocol.cases),
        remarks=remarks,
        last_number=numbers.last_number,
    )


def _prepared(decided: Sequence[Decided], protocol: Protocol, clinic: Clinic) -> Prepared:
    doses = {
        one.lesion.id: each_dose(one.lesion, protocol.regimens[one.regimen].injections)
        for one in decided
    }
    return Prepared.of([one.lesion for one in decided], doses, protocol, clinic)


def _findings(
    course: Course,
    protocol: Protocol,
    decided: Sequence[Decided],
    prepared: Prepared,
    visits: Sequence[tuple[int, Placed]],
) -> Iterator[Finding]:
    """All that is found of a course, a visit by its number."""
    clinic = prepared.clinic
    blank = prepared.blank(one.visit for _, one in visits)
    for one in decided:
        yield from lesion_findings(one, protocol)
    yield from course_findings(course, protocol, clinic)
    for one in decided:
        lesion = one.lesion.id
        drawn = prepared.given(lesion)
        yield from dose_findings(one, drawn, protocol, clinic, is_blank=lesion in blank)
    yield from total_finding(
        ((number, coming_doses(one.visit, prepared)) for number, one in visits), protocol
    )
    yield from stock_findings(clinic, protocol, bool(blank))
    for number, placed in visits:
        yield from drawn_findings(number, placed.visit, protocol, prepared)
        yield from placed_findings(number, placed, protocol.policy.shortest_interval_days)


def decide(lesion: Lesion, protocol: Protocol) -> Decided:
    """The rule for a lesion, and the regimen: the physician's own choice goes before the rule."""
    hit = protocol.table.decide(lesion.size_mm, lesion.ulcerated, lesion.site)
    return Decided(lesion, hit, lesion.regimen or hit.rule.regimen)


def lesion_problems(lesion: Lesion, protocol: Protocol) -> Iterator[Problem]:
    """Where a lesion contradicts the protocol; the places are the lesion's fields."""
    wrong = list(protocol.table.input_problems(lesion.size_mm, lesion.ulcerated, lesion.site))
    yield from wrong
    if lesion.site in protocol.table.domains.sites:
        is_paired = lesion.site not in protocol.unpaired
        if is_paired and lesion.side not in ("left", "right"):
            problem = said("{site} is left or right", site=term("site", lesion.site))
            if lesion.side is not None:
                problem = said(
                    "{site} is left or right, not midline", site=term("site", lesion.site)
                )
            yield Problem("side", problem, said("say the side"))
        if not is_paired and lesion.side in ("left", "right"):
            yield Problem(
                "side",
                said("{site} has no sides", site=term("site", lesion.site)),
                said("leave side out; see site_detail"),
            )
    if lesion.regimen is not None and lesion.regimen not in protocol.regimens:
        names = listing(list(protocol.regimens), "or")
        yield Problem(
            "regimen",
            said("{regimen} is no regimen here", regimen=f"{lesion.regimen!r}"),
            did_you_mean(lesion.regimen.casefold(), [*protocol.regimens], CLINICAL)
            or said("use {names}", names=names),
        )
        return
    if lesion.doses and not lesion.same_dose and not wrong:
        decided = decide(lesion, protocol)
        wanted = protocol.regimens[decided.regimen].injections
        if len(lesion.doses) != wanted:
            given = len(lesion.doses)
            yield Problem(
                "dose_mg",
                said(
                    "{given} for {wanted} ({regimen})",
                    given=count(given, "dose"),
                    wanted=count(wanted, "injection"),
                    regimen=term("regimen", decided.regimen),
                ),
                said("give one number for all or one for each"),
            )


def appointments(
    course: Course, decided: Sequence[Decided], protocol: Protocol
) -> Iterator[Appointment]:
    """Every injection and evaluation on the day when it is due, all counted from the first day."""
    first = course.first_visit.date()
    for order, one in enumerate(decided):
        lesion, regimen = one.lesion.id, protocol.regimens[one.regimen]
        window = protocol.policy.injection_window_days
        for number, due in enumerate(regimen.due_days(first), start=1):
            apart = regimen.days_before(number)
            yield Appointment(order, lesion, "injection", number, due, window, apart)
        for number, look in enumerate(protocol.evaluations, start=1):
            due = first + timedelta(days=look.after_days)
            yield Appointment(order, lesion, "evaluation", number, due, look.window_days)


def by_day(placed: Sequence[Placed]) -> list[Placed]:
    """The visits in the order of their days."""
    return sorted(
        placed, key=lambda one: one.start.date() if one.start is not None else one.visit.due
    )


def numbering_of(plan: Plan) -> Numbering:
    """The numbers and calendar ids of a plan's visits, for the one that comes after it."""
    known = {
        first_of(visit.names, plan.lesion_ids): Numbered(visit.number, visit.uid)
        for visit in plan.visits
        if visit.injections or visit.evaluations
    }
    return Numbering.carried_on(known, plan.last_number)


def issued_uids(plan: Plan) -> Mapping[Named, str]:
    """The calendar ids of a plan's visits, each by its first appointment."""
    return {first: one.uid for first, one in numbering_of(plan).known.items() if one.uid}


def _called(key: bytes, placed: Placed, numbers: Numbering) -> tuple[int, str]:
    """The number and the calendar id of a visit."""
    first = placed.visit.first_appointment.name
    number, uid = numbers.of(first)
    return number, uid or uid_of(key, first)


def own_uids(course: Course, protocol: Protocol, secret: str | None) -> frozenset[str]:
    """The UIDs that a visit of the course can have, so that it is not busy with itself.

    `secret` is the clinic's; those of the first edition are among them.
    """
    key = key_of_files(course.id, course.patient.id, secret)
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    names = [one.name for one in appointments(course, decided, protocol)]
    return frozenset(
        uid for name in names for uid in (uid_of(key, name), first_edition_uid(course.id, name))
    )


def screening_problems(answered: Iterable[str], protocol: Protocol) -> Iterator[Problem]:
    """The answers to questions that the protocol does not ask."""
    screens = [one.id for one in protocol.screens]
    for name in answered:
        if name not in screens:
            there = said("there are {screens}", screens=listing(screens))
            fix = did_you_mean(name, screens) or (there if screens else said("leave it out"))
            yield Problem(f"screening.{name}", said("the protocol asks no such question"), fix)


def _course_problems(course: Course, protocol: Protocol) -> Iterator[Problem]:
    yield from screening_problems([one.screen for one in course.screening], protocol)
    for lesion in course.lesions:
        for problem in lesion_problems(lesion, protocol):
            yield Problem(f"lesion {lesion.id}: {problem.place}", problem.problem, problem.fix)


def coming_doses(visit: Visit, prepared: Prepared) -> list[tuple[str, DrawnDose]]:
    """The doses of a visit that are to come, as far as they are given, each with its lesion."""
    coming = ((one, prepared.of_injection(one)) for one in visit.injected if one.state == "planned")
    return [
        (one.lesion, DrawnDose(drawn.dose, drawn.drawn_dose))
        for one, drawn in coming
        if drawn is not None
    ]


def drawn_findings(
    number: int,
    visit: Visit,
    protocol: Protocol,
    prepared: Prepared,
    given: Sequence[tuple[str, DrawnDose]] = (),
) -> Iterator[Finding]:
    """What is drawn up for a visit to come, with what was given at it already, lesion by lesion."""
    coming = coming_doses(visit, prepared)
    if coming:
        there = {*(lesion for lesion, _ in (*coming, *given))}
        doses = [
            (prepared.lesions[lesion], one)
            for lesion in prepared.lesions
            if lesion in there
            for name, one in (*coming, *given)
            if name == lesion
        ]
        yield from visit_findings(number, visit.due, doses, protocol)
    if coming and not prepared.clinic.needle_change:
        ulcerated = {one.id for one in prepared.lesions.values() if one.ulcerated}
        yield from sharing_finding(number, visit.due, prepared.filled(visit), ulcerated)
    stock = prepared.clinic.stock
    is_diluted = stock is not None and stock.strength > protocol.strength
    if is_diluted and prepared.is_whole(visit) and prepared.recipe(visit) is None:
        yield dilution_finding(number, visit.due, prepared.need(visit), protocol)

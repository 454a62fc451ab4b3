"""From a course, a protocol and a clinic to a plan: one pure function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from uuid import UUID, uuid5

from planner.core.checks import (
    Decided,
    course_findings,
    dilution_finding,
    dose_findings,
    lesion_findings,
    placed_findings,
    stock_findings,
    visit_findings,
)
from planner.core.clinic import Clinic
from planner.core.course import Course, Lesion
from planner.core.dosing import (
    DrawUp,
    Filled,
    draw_up,
    fill_each,
    fill_shared,
    needed,
    recipe,
)
from planner.core.findings import Finding, confirm, in_order
from planner.core.formatting import count
from planner.core.layout import Placed, lay_out
from planner.core.occupancy import Occupancy
from planner.core.opening import Opening
from planner.core.protocol import Case, Protocol
from planner.core.quantities import Strength
from planner.core.records import (
    Cited,
    ClinicInUse,
    Decision,
    Plan,
    PlannedAliquot,
    PlannedEvaluation,
    PlannedInjection,
    PlannedLesion,
    PlannedPatient,
    PlannedSyringe,
    PlannedVisit,
    Preparation,
    ProtocolInUse,
    ReferenceCase,
    RegimenInUse,
    StockInUse,
    Supplies,
    SyringeInUse,
)
from planner.core.schedule import Appointment, Visit, apply_moves, due_visits
from planner.errors import InputError, Problem, raise_if_any

# Visits are known to calendars by this name space and their first appointment.
_VISITS = UUID("6c1f9a52-3d0e-4c57-9b1e-7a4f0d2b8e63")
NEAREST_CASES = 3


def plan_course(
    course: Course, protocol: Protocol, clinic: Clinic, busy: Occupancy | None = None
) -> Plan:
    """The plan of a course: the same inputs give the same plan, always.

    Raises InputError where the course contradicts the protocol or the clinic: an unknown site, a
    list of doses of the wrong length, a first or moved visit on a closed or full time.
    """
    raise_if_any(InputError, _course_problems(course, protocol))
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    prepared = Prepared.of(decided, protocol, clinic)
    due = due_visits(appointments(course, decided, protocol))
    visits, wrong_moves = apply_moves(due, course.moves)
    raise_if_any(InputError, wrong_moves)
    placed = lay_out(
        visits,
        course.moves,
        Opening(clinic, busy or Occupancy()),
        course.first_visit.time(),
        protocol.policy.shortest_interval_days,
    )
    planned = [_visit(n, one, course, protocol, prepared) for n, one in numbered(placed)]
    findings = [
        *(finding for one in decided for finding in lesion_findings(one, protocol)),
        *course_findings(course, protocol, clinic),
        *(
            finding
            for one in decided
            for finding in dose_findings(one, prepared.draw_ups[one.lesion.id], protocol)
        ),
        *stock_findings(clinic, protocol, prepared.has_blanks),
        *(
            finding
            for number, one in numbered(placed)
            for finding in _visit_findings(number, one, protocol, prepared)
        ),
    ]
    confirmed, remarks = confirm(
        in_order(findings, [lesion.id for lesion in course.lesions]), course.confirmations
    )
    start = planned[0].start
    if start is None:
        raise AssertionError("the first visit is never without a day")
    return Plan(
        course=course.id,
        revision=course.revision,
        protocol=_protocol(protocol),
        first_visit=start,
        clinic=_clinic(clinic),
        patient=PlannedPatient(
            course.patient.id,
            course.patient.name,
            course.patient.birth_date,
            course.patient.sulfite_allergy,
        ),
        diagnosis=course.diagnosis,
        indication=course.indication,
        prescriber=course.prescriber,
        lesions=tuple(_lesion(lesion) for lesion in course.lesions),
        decisions=tuple(_decision(one, protocol) for one in decided),
        visits=tuple(planned),
        supplies=_supplies(planned),
        findings=confirmed,
        cases=tuple(_case(case) for case in protocol.cases),
        remarks=remarks,
    )


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
            said = "" if lesion.side is None else f", not {lesion.side}"
            yield Problem("side", f"{lesion.site} is left or right{said}", "say the side")
        if not is_paired and lesion.side in ("left", "right"):
            yield Problem("side", f"{lesion.site} has no sides", "leave side out; see site_detail")
    if lesion.regimen is not None and lesion.regimen not in protocol.regimens:
        names = " or ".join(protocol.regimens)
        yield Problem("regimen", f"{lesion.regimen!r} is no regimen here", f"use {names}")
        return
    if lesion.doses and not lesion.same_dose and not wrong:
        decided = decide(lesion, protocol)
        wanted = protocol.regimens[decided.regimen].injections
        if len(lesion.doses) != wanted:
            given = len(lesion.doses)
            yield Problem(
                "dose_mg",
                f"{count(given, 'dose')} for {count(wanted, 'injection')} ({decided.regimen})",
                "give one number for all or one for each; a decimal has a point: 12.5, not 12,5",
            )


def appointments(
    course: Course, decided: Sequence[Decided], protocol: Protocol
) -> Iterator[Appointment]:
    """Every injection and evaluation on the day when it is due, all counted from the first day."""
    first = course.first_visit.date()
    for order, one in enumerate(decided):
        regimen = protocol.regimens[one.regimen]
        for index in range(regimen.injections):
            yield Appointment(
                order,
                one.lesion.id,
                "injection",
                index + 1,
                first + timedelta(days=index * regimen.interval_days),
                protocol.policy.injection_window_days,
                regimen.interval_days,
            )
        for index, evaluation in enumerate(protocol.evaluations, start=1):
            due = first + timedelta(days=evaluation.after_days)
            yield Appointment(
                order, one.lesion.id, "evaluation", index, due, evaluation.window_days
            )


def numbered(placed: Sequence[Placed]) -> Iterator[tuple[int, Placed]]:
    """The visits with their numbers, in the order of their days."""
    by_day = sorted(
        placed, key=lambda one: one.start.date() if one.start is not None else one.visit.due
    )
    yield from enumerate(by_day, start=1)


def own_uids(course: Course, protocol: Protocol) -> frozenset[str]:
    """The UIDs that a visit of the course can have, so that it is not busy with itself."""
    decided = [decide(lesion, protocol) for lesion in course.lesions]
    return frozenset(visit_uid(course.id, one) for one in appointments(course, decided, protocol))


def visit_uid(course: str, first: Appointment) -> str:
    """What a calendar knows a visit by: it tells nothing, and stays however the visit moves."""
    return str(uuid5(_VISITS, f"{course}/{first.lesion}/{first.purpose}/{first.count}"))


def _course_problems(course: Course, protocol: Protocol) -> Iterator[Problem]:
    for lesion in course.lesions:
        for problem in lesion_problems(lesion, protocol):
            yield Problem(f"lesion {lesion.id}: {problem.place}", problem.problem, problem.fix)


@dataclass(frozen=True)
class Prepared:
    """The draw-ups of all injections, by lesion; none for one whose doses were left open."""

    draw_ups: Mapping[str, tuple[DrawUp, ...]]
    strength: Strength
    clinic: Clinic

    @classmethod
    def of(cls, decided: Sequence[Decided], protocol: Protocol, clinic: Clinic) -> Prepared:
        """Draw up every dose at the protocol's strength, in the clinic's syringes."""
        strength = protocol.strength
        found = {}
        for one in decided:
            doses = one.lesion.doses
            if one.lesion.same_dose:
                doses = doses * protocol.regimens[one.regimen].injections
            found[one.lesion.id] = tuple(draw_up(d, strength, clinic.syringes) for d in doses)
        return cls(found, strength, clinic)

    @property
    def has_blanks(self) -> bool:
        """Whether a dose was left open."""
        return not all(self.draw_ups.values())

    def drawn(self, visit: Visit) -> list[tuple[str, DrawUp]]:
        """The draw-ups of a visit, for the lesions whose doses are given."""
        return [
            (one.lesion, self.draw_ups[one.lesion][one.count - 1])
            for one in visit.injected
            if self.draw_ups[one.lesion]
        ]

    def filled(self, visit: Visit) -> tuple[Filled, ...]:
        """The syringes of a visit, as the clinic shares them or not."""
        drawable = [(lesion, one) for lesion, one in self.drawn(visit) if one.is_drawable]
        return fill_shared(drawable) if self.clinic.draw_up == "shared" else fill_each(drawable)


def _preparation(visit: Visit, prepared: Prepared) -> Preparation | None:
    """What a visit takes from the stock; None where no stock will do or none is stated."""
    stock = prepared.clinic.stock
    if stock is None or stock.strength < prepared.strength:
        return None
    need = needed(prepared.filled(visit))
    mixed = recipe(stock, prepared.strength, need, prepared.clinic.syringes)
    if mixed is None:
        return None
    vial = stock.vial_ml
    return Preparation(
        strength_mg_per_ml=stock.strength.mg_per_ml,
        salt=stock.salt,
        stock_ml=mixed.stock.ml,
        diluent_ml=mixed.diluent.ml,
        batch_ml=mixed.batch.ml,
        vials=None if vial is None else mixed.vials(vial),
        wasted_ml=None if vial is None else mixed.wasted(vial).ml,
    )


def _visit(
    number: int,
    placed: Placed,
    course: Course,
    protocol: Protocol,
    prepared: Prepared,
) -> PlannedVisit:
    visit = placed.visit
    drawn = prepared.drawn(visit)
    doses = [one.dose.mg for _, one in drawn]
    is_whole = bool(drawn) and len(drawn) == len(visit.injected)
    is_drawable = is_whole and all(one.is_drawable for _, one in drawn)
    by_lesion = dict(drawn)
    return PlannedVisit(
        number=number,
        uid=visit_uid(course.id, visit.first_appointment),
        purposes=visit.purposes,
        due=visit.due,
        start=placed.start,
        end=placed.end,
        timezone=prepared.clinic.timezone,
        moved_because=placed.because,
        choices=placed.choices,
        evaluations=tuple(
            PlannedEvaluation(one.lesion, one.count, protocol.evaluations[one.count - 1].after_days)
            for one in visit.appointments
            if one.purpose == "evaluation"
        ),
        injections=tuple(
            _injection(one.lesion, one.count, by_lesion.get(one.lesion)) for one in visit.injected
        ),
        syringes=tuple(_syringe(n, one) for n, one in enumerate(prepared.filled(visit), start=1)),
        total_dose_mg=_sum(doses) if is_whole else None,
        total_drawn_ml=_sum(one.drawn.ml for _, one in drawn) if is_drawable else None,
        total_drawn_mg=_sum(one.drawn_dose.mg for _, one in drawn) if is_drawable else None,
        preparation=_preparation(visit, prepared) if is_drawable else None,
    )


def _visit_findings(
    number: int, placed: Placed, protocol: Protocol, prepared: Prepared
) -> Iterator[Finding]:
    visit = placed.visit
    drawn = prepared.drawn(visit)
    yield from visit_findings(number, visit.due, [one for _, one in drawn], protocol)
    yield from placed_findings(number, placed, protocol.policy.shortest_interval_days)
    stock = prepared.clinic.stock
    is_diluted = stock is not None and stock.strength > protocol.strength
    is_whole = bool(drawn) and len(drawn) == len(visit.injected)
    if is_diluted and is_whole and _preparation(visit, prepared) is None:
        yield dilution_finding(number, visit.due, needed(prepared.filled(visit)), protocol)


def _injection(lesion: str, number: int, one: DrawUp | None) -> PlannedInjection:
    if one is None:
        return PlannedInjection(lesion, number, None, None, None, None, None)
    if not one.is_drawable:
        return PlannedInjection(lesion, number, one.dose.mg, one.exact.ml, None, None, None)
    return PlannedInjection(
        lesion,
        number,
        one.dose.mg,
        one.exact.ml,
        one.drawn.ml,
        one.drawn_dose.mg,
        one.deviation * 100,
    )


def _syringe(number: int, filled: Filled) -> PlannedSyringe:
    return PlannedSyringe(
        number,
        filled.syringe.capacity_ml,
        filled.syringe.graduation_ml,
        filled.drawn.ml,
        tuple(PlannedAliquot(one.lesion, one.volume.ml) for one in filled.aliquots),
    )


def _supplies(visits: Sequence[PlannedVisit]) -> Supplies:
    """Vials and waste of the whole course, where every visit's are known."""
    injecting = [visit.preparation for visit in visits if visit.injections]
    vials = [one.vials for one in injecting if one is not None and one.vials is not None]
    wasted = [one.wasted_ml for one in injecting if one is not None and one.wasted_ml is not None]
    if len(vials) < len(injecting):
        return Supplies(None, None)
    return Supplies(sum(vials), _sum(wasted))


def _lesion(lesion: Lesion) -> PlannedLesion:
    return PlannedLesion(
        lesion.id,
        lesion.site,
        lesion.side,
        lesion.site_detail,
        lesion.size_mm,
        lesion.ulcerated,
        lesion.measured_by,
    )


def _decision(decided: Decided, protocol: Protocol) -> Decision:
    rule = decided.hit.rule
    return Decision(
        lesion=decided.lesion.id,
        regimen=decided.regimen,
        rule=rule.id,
        evidence=rule.evidence,
        reasons=decided.hit.reasons,
        sources=(protocol.cited(rule.source, rule.place),),
        by_rule=rule.regimen,
        because=rule.because,
        cases=nearest_cases(decided, protocol),
    )


def nearest_cases(decided: Decided, protocol: Protocol) -> tuple[str, ...]:
    """The source's cases of the regimen, nearest in size first; a reference, never a proposal."""
    size = decided.lesion.size_mm
    alike = [case for case in protocol.cases if case.regimen == decided.regimen]
    near = sorted(alike, key=lambda case: (abs(case.size_mm - size), case.size_mm, case.id))
    return tuple(case.id for case in near[:NEAREST_CASES])


def _case(case: Case) -> ReferenceCase:
    return ReferenceCase(
        case.id,
        case.patient,
        case.diagnosis,
        case.site,
        case.size_mm,
        case.ulcerated,
        case.regimen,
        case.injections,
        case.mean_dose_mg,
        str(case.dose_range_mg),
        case.follow_up,
        case.place,
    )


def _protocol(protocol: Protocol) -> ProtocolInUse:
    return ProtocolInUse(
        id=protocol.id,
        version=protocol.version,
        sha256=protocol.sha256,
        title=protocol.title,
        drug=protocol.drug,
        strength_mg_per_ml=protocol.strength.mg_per_ml,
        route=protocol.route,
        technique=protocol.technique,
        use=protocol.use,
        not_for=protocol.not_for,
        sources=tuple(Cited(one.id, one.citation, one.caveat) for one in protocol.sources.values()),
        regimens=tuple(
            RegimenInUse(
                one.id,
                one.title,
                one.injections,
                one.interval_days,
                None if one.dose_mg is None else str(one.dose_mg),
                one.place,
            )
            for one in protocol.regimens.values()
        ),
        evaluation_days=tuple(one.after_days for one in protocol.evaluations),
        injection_window_days=protocol.policy.injection_window_days,
        evaluation_window_days=tuple(one.window_days for one in protocol.evaluations),
    )


def _clinic(clinic: Clinic) -> ClinicInUse:
    stock = clinic.stock
    return ClinicInUse(
        name=clinic.name,
        address=clinic.address,
        phone=clinic.phone,
        timezone=clinic.timezone,
        paper=clinic.paper,
        language=clinic.language,
        draw_up=clinic.draw_up,
        second_check=clinic.second_check,
        reminder_minutes=tuple(int(one / timedelta(minutes=1)) for one in clinic.reminders),
        stock=None
        if stock is None
        else StockInUse(stock.strength.mg_per_ml, stock.salt, stock.vial_ml),
        syringes=tuple(
            SyringeInUse(one.capacity_ml, one.graduation_ml, one.dead_space_ml)
            for one in clinic.syringes
        ),
    )


def _sum(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))

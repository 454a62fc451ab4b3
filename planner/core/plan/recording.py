"""From what was planned to the records that are written and printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fractions import Fraction

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import DrawUp, Filled
from planner.core.plan.appointments import Visit
from planner.core.plan.checks import Decided
from planner.core.plan.course import Lesion
from planner.core.plan.placement import Placed
from planner.core.plan.plan import (
    ClinicInUse,
    Decision,
    PlannedEvaluation,
    PlannedInjection,
    PlannedLesion,
    PlannedSyringe,
    PlannedVisit,
    Preparation,
    ProtocolInUse,
    ReferenceCase,
    SiteCode,
    Supplies,
)
from planner.core.plan.preparation import Prepared
from planner.core.protocol.protocol import Case, Protocol

NEAREST_CASES = 3


def record_visit(
    number: int, uid: str, placed: Placed, protocol: Protocol, prepared: Prepared
) -> PlannedVisit:
    """A visit as it is planned; nothing follows from a dose that was left open."""
    visit = placed.visit
    drawn = prepared.drawn(visit)
    doses = [one.dose.mg for _, one in drawn]
    is_whole = prepared.is_whole(visit)
    is_drawable = is_whole and all(one.is_drawable for _, one in drawn)
    return PlannedVisit(
        number=number,
        uid=uid,
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
            _injection(one.lesion, one.count, prepared.of_injection(one)) for one in visit.injected
        ),
        syringes=tuple(_syringe(n, one) for n, one in enumerate(prepared.filled(visit), start=1)),
        total_dose_mg=_sum(doses) if is_whole else None,
        total_drawn_ml=_sum(one.drawn.ml for _, one in drawn) if is_drawable else None,
        total_drawn_mg=_sum(one.drawn_dose.mg for _, one in drawn) if is_drawable else None,
        preparation=_preparation(visit, prepared) if is_drawable else None,
    )


def _preparation(visit: Visit, prepared: Prepared) -> Preparation | None:
    """What a visit takes from the stock; None where no stock will do or none is stated."""
    stock, mixed = prepared.clinic.stock, prepared.recipe(visit)
    if stock is None or mixed is None:
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
        filled.aliquots,
    )


def record_supplies(visits: Sequence[PlannedVisit]) -> Supplies:
    """Vials and waste of the whole course, where every visit's are known."""
    injecting = [visit.preparation for visit in visits if visit.injections]
    vials = [one.vials for one in injecting if one is not None and one.vials is not None]
    wasted = [one.wasted_ml for one in injecting if one is not None and one.wasted_ml is not None]
    if len(vials) < len(injecting):
        return Supplies(None, None)
    return Supplies(sum(vials), _sum(wasted))


def record_lesion(lesion: Lesion) -> PlannedLesion:
    """A lesion as it was understood."""
    return PlannedLesion(
        lesion.id,
        lesion.site,
        lesion.side,
        lesion.site_detail,
        lesion.size_mm,
        lesion.ulcerated,
        lesion.measured_by,
    )


def record_decision(decided: Decided, protocol: Protocol) -> Decision:
    """The decision for a lesion, with its grounds and the source's nearest cases."""
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


def record_case(case: Case) -> ReferenceCase:
    """A case of the source as the papers name it."""
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
        case.caveat,
    )


def record_protocol(protocol: Protocol) -> ProtocolInUse:
    """What the papers say of the protocol."""
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
        sources=tuple(protocol.sources.values()),
        regimens=tuple(protocol.regimens.values()),
        evaluation_days=tuple(one.after_days for one in protocol.evaluations),
        injection_window_days=protocol.policy.injection_window_days,
        evaluation_window_days=tuple(one.window_days for one in protocol.evaluations),
        precision_mm=protocol.table.domains.precision_mm,
        screens=protocol.screens,
        observations=protocol.observations,
        drug_names=tuple(protocol.drug_names.items()),
        population=protocol.population,
    )


def record_clinic(clinic: Clinic) -> ClinicInUse:
    """What the papers and calendars say of the clinic."""
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
        stock=clinic.stock,
        syringes=clinic.syringes,
        needle_change=clinic.needle_change,
        label=clinic.label,
        codes=tuple(SiteCode(site, *code) for site, code in clinic.codes.items()),
    )


def _sum(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))

"""What the treatment sheet says: every string and every formatted number, once for all formats."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import NamedTuple

from planner.core.findings import Finding, lines, ranges
from planner.core.formatting import (
    count,
    day,
    listing,
    mg,
    mg_per_ml,
    ml,
    mm,
    moment,
    percent,
)
from planner.core.intervals import Interval
from planner.core.records import (
    Decision,
    Plan,
    PlannedInjection,
    PlannedLesion,
    PlannedVisit,
    Preparation,
)

BLANK = "\u00a0" * 12
HASH_DIGITS = 8
_INDICATIONS = (
    ("severe", "severe lesion"),
    ("ulcerated", "ulcerated lesion"),
    ("before-surgery", "before surgery or a planned amputation"),
)
# How syringes are shared, and why this one: the smallest that holds it.
DRAW_UP = {
    "each": "A syringe for each lesion, the smallest that holds its volume.",
    "shared": "One syringe serves several lesions of the same syringe size, in their order, none"
    " divided; the smallest that holds a lesion's volume.",
}
_EVIDENCE = {
    "stated": "stated by the source",
    "inferred": "inferred from a case",
    "extrapolated": "extrapolated",
}


class Identity(NamedTuple):
    """What stands on every page. `patient` is empty where a box for the label is needed."""

    course: str
    revision: str
    code: str
    mark: str
    patient: tuple[str, ...]


class Tick(NamedTuple):
    """A box to tick, or ticked."""

    text: str
    ticked: bool = False


class LesionRow(NamedTuple):
    """A lesion with its regimen, and the rule that gives it."""

    id: str
    where: str
    size: str
    ulceration: str
    measured_by: str
    regimen: str
    rule: str


class GroundsRow(NamedTuple):
    """What the regimen of some lesions rests on, once for all of them."""

    lesions: str
    regimen: str
    rule: str
    because: str
    evidence: str
    source: str
    cases: tuple[str, ...]


class InjectionRow(NamedTuple):
    """One injection; texts are blank lines where the dose was left open."""

    lesion: str
    where: str
    number: str
    dose: str
    exact: str
    drawn: str
    drawn_dose: str
    deviation: str
    is_open: bool


class EvaluationRow(NamedTuple):
    """A line to write a measurement on."""

    lesion: str
    where: str
    week: str
    baseline: str


class VisitBlock(NamedTuple):
    """A visit: when, what is measured, what is drawn up and injected."""

    number: str
    when: str
    purposes: str
    due: str
    moved: str
    evaluations: tuple[EvaluationRow, ...]
    injections: tuple[InjectionRow, ...]
    total: str
    syringes: tuple[str, ...]
    preparation: tuple[str, ...]


class FindingRow(NamedTuple):
    """A finding as it is shown; `confirmed` tells who confirmed it and why."""

    severity: str
    code: str
    where: str
    message: str
    confirmed: tuple[str, ...]
    is_open: bool


class Sheet(NamedTuple):
    """The treatment sheet."""

    title: str
    paper: str
    identity: Identity
    clinic: tuple[str, ...]
    patient: tuple[tuple[str, str], ...]
    needs_label: bool
    allergy: tuple[Tick, ...]
    indications: tuple[Tick, ...]
    drug: str
    strength: str
    route: str
    technique: str
    draw_up: str
    lesions: tuple[LesionRow, ...]
    grounds: tuple[GroundsRow, ...]
    visits: tuple[VisitBlock, ...]
    conversion: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    findings: tuple[FindingRow, ...]
    sources: tuple[str, ...]
    use: str
    not_for: tuple[str, ...]
    policy: str
    checks: tuple[str, ...]
    signatures: tuple[str, ...]


class _Index:
    """What rows look up in a plan, found once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lesions = {lesion.id: lesion for lesion in plan.lesions}
        self.decisions = {one.lesion: one for one in plan.decisions}
        self.injections: dict[str, int] = {}
        self.open: set[str] = set()
        for visit in plan.visits:
            for one in visit.injections:
                self.injections[one.lesion] = self.injections.get(one.lesion, 0) + 1
                if one.dose_mg is None:
                    self.open.add(one.lesion)


def sheet(plan: Plan, digest: str, mark: str = "") -> Sheet:
    """The treatment sheet of a plan. `digest` is the plan's sha256, `mark` DRAFT or the like."""
    protocol = plan.protocol
    index = _Index(plan)
    strength = mg_per_ml(protocol.strength_mg_per_ml)
    return Sheet(
        title=f"Treatment sheet, course {plan.course}",
        paper=plan.clinic.paper,
        identity=identity(plan, digest, mark),
        clinic=tuple(filter(None, (plan.clinic.name, plan.clinic.address, plan.clinic.phone))),
        patient=tuple(_patient(plan)),
        needs_label=plan.patient.name is None or plan.patient.birth_date is None,
        allergy=tuple(_allergy(plan)),
        indications=tuple(
            Tick(text, plan.indication == indication) for indication, text in _INDICATIONS
        ),
        drug=protocol.drug,
        strength=strength,
        route=protocol.route,
        technique=protocol.technique,
        draw_up=DRAW_UP[plan.clinic.draw_up],
        lesions=tuple(_lesion_row(index, lesion) for lesion in plan.lesions),
        grounds=tuple(grounds(plan, index.open)),
        visits=tuple(_visit_block(index, visit) for visit in plan.visits),
        conversion=tuple(conversion(plan)) if index.open else (),
        findings=tuple(_finding_rows(plan)),
        sources=tuple(
            f"{one.id}: {one.citation}" + (f" ({one.caveat})" if one.caveat else "")
            for one in protocol.sources
        ),
        use=protocol.use,
        not_for=protocol.not_for,
        policy=_policy(plan),
        checks=(
            "the patient: two identifiers, and the lesion, its site and its side",
            f"the vial: {protocol.drug}, {strength} or the recipe for it, the salt, the expiry",
            "the chart: allergies, the prescription of each dose, what changed since",
        ),
        signatures=("Prescribed by (physician)", "Planned by", "Checked by"),
    )


def identity(plan: Plan, digest: str, mark: str = "") -> Identity:
    """What stands on every page of every paper."""
    patient = plan.patient
    known = patient.name is not None and patient.birth_date is not None
    revision = f"revision {plan.revision}"
    if plan.revision:
        revision += f", replaces {plan.revision - 1}"
    return Identity(
        course=plan.course,
        revision=revision,
        code=digest[:HASH_DIGITS],
        mark=mark,
        patient=(f"{patient.name}", f"born {day_of_birth(plan)}") if known else (),
    )


def day_of_birth(plan: Plan) -> str:
    """The birth date with the month as a word, or nothing."""
    born = plan.patient.birth_date
    return day(born).split(" ", 1)[1] if born else ""


def conversion(plan: Plan) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """For each syringe about ten of its lines as (volume, dose), each exact."""
    below = Fraction(0)
    for syringe in plan.clinic.syringes:
        lines_of = int(syringe.capacity_ml / syringe.graduation_ml)
        every = max(1, lines_of // 10)
        volumes = [n * syringe.graduation_ml for n in range(every, lines_of + 1, every)]
        rows = tuple(
            (ml(volume), mg(volume * plan.protocol.strength_mg_per_ml))
            for volume in volumes
            if volume > below
        )
        yield ml(syringe.capacity_ml), rows
        below = syringe.capacity_ml


def where(lesion: PlannedLesion) -> str:
    """`right knee (above the patella)`, whole: a site is never cut short."""
    text = " ".join(filter(None, (lesion.side, lesion.site)))
    return f"{text} ({lesion.site_detail})" if lesion.site_detail else text


def regimen_title(plan: Plan, regimen: str) -> str:
    """`weekly: one injection every 7 days, 4 in all`."""
    title = next(one.title for one in plan.protocol.regimens if one.id == regimen)
    return f"{regimen}: {title}"


def evidence(plan: Plan, decision: Decision) -> str:
    """The evidence of a decision, with what its source can bear."""
    if decision.regimen != decision.by_rule:
        return f"the physician's choice; the rule gives {decision.by_rule}"
    caveats = [one.caveat for one in plan.protocol.sources if one.caveat]
    return (
        f"{_EVIDENCE[decision.evidence]} ({'; '.join(caveats)})"
        if caveats
        else (_EVIDENCE[decision.evidence])
    )


def case_line(plan: Plan, case_id: str) -> str:
    """`knee, 70 mm: 4 injections of 12.5 to 87.5 mg, mean 57.5 mg (Table 1, row 2)`."""
    case = next(one for one in plan.cases if one.id == case_id)
    given = Interval.parse(case.dose_range_mg).words("mg")
    doses = f"{given}, mean {mg(case.mean_dose_mg)}" if case.injections > 1 else given
    times = count(case.injections, "injection")
    return f"{case.site}, {mm(case.size_mm)}: {times} of {doses} ({case.place})"


def _patient(plan: Plan) -> Iterator[tuple[str, str]]:
    patient = plan.patient
    yield "Patient", patient.name or ""
    yield "Born", day_of_birth(plan)
    yield "Patient id", patient.id
    yield "Diagnosis", plan.diagnosis
    yield "Prescriber", plan.prescriber or ""


def _allergy(plan: Plan) -> Iterator[Tick]:
    stated = plan.patient.sulfite_allergy
    yield Tick("sulfite allergy: no", stated is False)
    yield Tick("sulfite allergy: yes", stated is True)
    yield Tick("asked today (a sulfonamide allergy is another)")


def grounds(plan: Plan, without_dose: Collection[str] = ()) -> Iterator[GroundsRow]:
    """The grounds of the regimens, those alike together; with cases for lesions without a dose."""
    alike: dict[GroundsRow, list[str]] = {}
    for decision in plan.decisions:
        cases = decision.cases if decision.lesion in without_dose else ()
        row = GroundsRow(
            lesions="",
            regimen=regimen_title(plan, decision.regimen),
            rule=decision.rule,
            because=decision.because,
            evidence=evidence(plan, decision),
            source="; ".join(decision.sources),
            cases=tuple(case_line(plan, case) for case in cases),
        )
        alike.setdefault(row, []).append(decision.lesion)
    for row, lesions in alike.items():
        yield row._replace(lesions=ranges(lesions, plan.lesion_ids))


def _lesion_row(index: _Index, lesion: PlannedLesion) -> LesionRow:
    decision = index.decisions[lesion.id]
    return LesionRow(
        id=lesion.id,
        where=where(lesion),
        size=mm(lesion.size_mm),
        ulceration="ulcerated" if lesion.ulcerated else "not ulcerated",
        measured_by=lesion.measured_by or "",
        regimen=decision.regimen,
        rule=decision.rule,
    )


def _visit_block(index: _Index, visit: PlannedVisit) -> VisitBlock:
    plan = index.plan
    of = len(plan.visits)
    start, end = visit.start, visit.end
    when = f"{moment(start)} to {end:%H:%M}" if start and end else "no day found"
    moved = f"moved from {day(visit.due)}: {visit.moved_because}" if visit.moved_because else ""
    return VisitBlock(
        number=f"Visit {visit.number} of {of}",
        when=when,
        purposes=" and ".join(visit.purposes),
        due=day(visit.due),
        moved=moved,
        evaluations=tuple(_evaluation_rows(index, visit)),
        injections=tuple(_injection_row(index, one) for one in visit.injections),
        total=_total(plan, visit),
        syringes=tuple(syringe_lines(plan, visit)),
        preparation=tuple(preparation_lines(plan, visit.preparation)),
    )


def _evaluation_rows(index: _Index, visit: PlannedVisit) -> Iterator[EvaluationRow]:
    for one in visit.evaluations:
        lesion = index.lesions[one.lesion]
        week = f"week {one.after_days // 7}" if one.after_days % 7 == 0 else f"day {one.after_days}"
        yield EvaluationRow(one.lesion, where(lesion), week, mm(lesion.size_mm))


def _injection_row(index: _Index, one: PlannedInjection) -> InjectionRow:
    is_open = one.dose_mg is None

    def shown(value: Fraction | None, form: str) -> str:
        texts = {"mg": mg, "ml": ml, "percent": percent}
        return BLANK if value is None else texts[form](value)

    return InjectionRow(
        lesion=one.lesion,
        where=where(index.lesions[one.lesion]),
        number=f"{one.injection} of {index.injections[one.lesion]}",
        dose=shown(one.dose_mg, "mg"),
        exact=shown(one.volume_ml, "ml"),
        drawn=shown(one.drawn_ml, "ml"),
        drawn_dose=shown(one.drawn_mg, "mg"),
        deviation=shown(one.deviation_percent, "percent"),
        is_open=is_open,
    )


def _total(plan: Plan, visit: PlannedVisit) -> str:
    if visit.total_drawn_ml is None or visit.total_drawn_mg is None or visit.total_dose_mg is None:
        return ""
    strength = mg_per_ml(plan.protocol.strength_mg_per_ml)
    return (
        f"{mg(visit.total_dose_mg)} prescribed; drawn {ml(visit.total_drawn_ml)} at {strength},"
        f" {mg(visit.total_drawn_mg)}"
    )


def syringe_lines(plan: Plan, visit: PlannedVisit) -> Iterator[str]:
    """`Syringe 1 (1 mL, lines of 0.01 mL): 0.96 mL of 150 mg/mL for A 0.08 mL, B 0.08 mL`."""
    strength = mg_per_ml(plan.protocol.strength_mg_per_ml)
    for one in visit.syringes:
        size = f"{ml(one.capacity_ml)}, lines of {ml(one.graduation_ml)}"
        parts = ", ".join(f"{part.lesion} {ml(part.ml)}" for part in one.aliquots)
        yield f"Syringe {one.number} ({size}): {ml(one.drawn_ml)} of {strength} for {parts}"


def preparation_lines(plan: Plan, made: Preparation | None) -> Iterator[str]:
    """What to take from the stock, and the recipe where it is diluted."""
    if made is None:
        return
    stock = mg_per_ml(made.strength_mg_per_ml)
    wanted = mg_per_ml(plan.protocol.strength_mg_per_ml)
    if made.diluent_ml:
        yield (
            f"Dilute: {ml(made.stock_ml)} stock of {stock} + {ml(made.diluent_ml)} diluent ="
            f" {ml(made.batch_ml)} of {wanted}. The diluent and its compatibility: the pharmacy"
            " says and signs."
        )
    else:
        yield f"Take {ml(made.stock_ml)} of {stock}, what stays in the syringes included."
    if made.vials is not None and made.wasted_ml is not None:
        yield f"{count(made.vials, 'vial')}, single use; {ml(made.wasted_ml)} left over."


def _finding_rows(plan: Plan) -> Iterator[FindingRow]:
    for line in lines(plan.findings, plan.lesion_ids):
        members = [
            one for one in plan.findings if (one.code, one.severity) == (line.code, line.severity)
        ]
        confirmed: dict[str, list[str]] = {}
        for one in members:
            if one.confirmed_by is not None:
                text = (
                    f"entered as confirmed by {one.confirmed_by}: {one.reason} (value: {one.value})"
                )
                confirmed.setdefault(text, []).append(_target(one))
        yield FindingRow(
            line.severity,
            line.code,
            line.where,
            line.message,
            tuple(
                f"{listing([t for t in targets if t])} {text}".strip()
                for text, targets in confirmed.items()
            ),
            any(one.is_open for one in members),
        )


def _target(one: Finding) -> str:
    if one.lesion is not None:
        return one.lesion
    return "" if one.visit is None else f"visit {one.visit}"


def _policy(plan: Plan) -> str:
    protocol = plan.protocol
    evaluations = listing(
        [
            f"{days} days \u00b1{window}"
            for days, window in zip(
                protocol.evaluation_days, protocol.evaluation_window_days, strict=True
            )
        ]
    )
    return (
        f"The clinic's policy, not the source's: injections \u00b1{protocol.injection_window_days}"
        f" days; evaluations at {evaluations} after a lesion's first injection."
    )

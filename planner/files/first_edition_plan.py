"""Whether a plan.json of the first edition agrees with itself, before anything is printed from it.

Those have no seal, so that an edit shows by its contradictions alone. What makes plans is held
against the same by property tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil

from planner.core.plan.plan import Plan, PlannedInjection, PlannedVisit, Preparation
from planner.core.values.formatting import rounded
from planner.core.values.intervals import Interval
from planner.core.values.quantities import is_whole
from planner.errors import Problem
from planner.files.reading import LONGEST_TEXT

_FIX = "plan the course again"
MOST_DAYS = 36_500
_ROUNDED = Fraction(1, 10**6)


def plan_problems(plan: Plan) -> Iterator[Problem]:
    """What in a plan contradicts the rest of it: names that nothing bears, figures that differ."""
    yield from _texts(plan)
    yield from _names(plan)
    yield from _mentions(plan)
    yield from _counts(plan)
    yield from _grounds(plan)
    yield from _equipment(plan)
    yield from _sources(plan)
    may_lack = plan.ending is not None or any(one.held_since for one in plan.lesions)
    if (not plan.visits and not may_lack) or plan.revision < 0:
        yield Problem("visits", "there are none, or the revision is below 0", _FIX)
    starts = [visit.start.date() for visit in plan.visits if visit.start is not None]
    if any(before >= after for before, after in pairwise(starts)):
        yield Problem("visits", "they are not by day, each day once", _FIX)
    yield from _numbers(plan)
    for index, visit in enumerate(plan.visits, start=1):
        place = f"visits[{index}]"
        yield from _purposes(visit, place)
        yield from _times(plan, visit, place)
        yield from _held(plan, visit, place)
        yield from _figures(plan, visit, place)
        yield from _syringes(visit, f"{place}.syringes")


def _numbers(plan: Plan) -> Iterator[Problem]:
    """Numbers of visits that no numbering gives: without a highest one they count up from 1."""
    highest = plan.last_number or len(plan.visits)
    seen: set[int] = set()
    for index, visit in enumerate(plan.visits, start=1):
        is_given = plan.last_number or visit.number == index
        if visit.number in seen or not 1 <= visit.number <= highest or not is_given:
            text = f"{visit.number} is not the number of this visit"
            yield Problem(f"visits[{index}].number", text, _FIX)
        seen.add(visit.number)


def _texts(plan: Plan) -> Iterator[Problem]:
    """Texts longer than any file may bring in: a paper would be drawn for minutes."""
    written = {
        "patient": (plan.patient.name, plan.patient.id),
        "diagnosis": (plan.diagnosis,),
        "prescriber": (plan.prescriber,),
        "clinic": (plan.clinic.name, plan.clinic.address, plan.clinic.phone),
        "lesions": tuple(
            text
            for one in plan.lesions
            for text in (one.id, one.site, one.site_detail, one.measured_by)
        ),
        "findings": tuple(text for one in plan.findings for text in (one.confirmed_by, one.reason)),
    }
    if not all((plan.patient.id, plan.diagnosis, *(one.site for one in plan.lesions))):
        yield Problem("", "the patient's id, the diagnosis or a site is empty", _FIX)
    for place, texts in written.items():
        if any(text is not None and len(text) > LONGEST_TEXT for text in texts):
            yield Problem(place, f"a text has over {LONGEST_TEXT} characters", "shorten it")


def _times(plan: Plan, visit: PlannedVisit, place: str) -> Iterator[Problem]:
    """A visit's start and end: there, and by the clinic's clock."""
    if visit.timezone != plan.clinic.timezone:
        yield Problem(f"{place}.timezone", "it is not that of the clinic", _FIX)
    has_to_have_one = not plan.has_errors and visit.state != "cancelled"
    if has_to_have_one and None in (visit.start, visit.end):
        yield Problem(f"{place}.start", "it has no time", _FIX)


def _held(plan: Plan, visit: PlannedVisit, place: str) -> Iterator[Problem]:
    """Injections to come on or after the day from which their lesion is held."""
    held = {one.id: one.held_since for one in plan.lesions if one.held_since is not None}
    for one in visit.injections:
        since = held.get(one.lesion)
        if since and visit.start and visit.start.date() >= since and one.state == "planned":
            yield Problem(f"{place}.injections", f"lesion {one.lesion} is held since {since}", _FIX)


def _purposes(visit: PlannedVisit, place: str) -> Iterator[Problem]:
    held = {"evaluation": visit.evaluations, "injection": visit.injections}
    if list(visit.purposes) != [purpose for purpose, found in held.items() if found]:
        yield Problem(f"{place}.purposes", "they are not what is done at it", _FIX)


def _names(plan: Plan) -> Iterator[Problem]:
    lesions = list(plan.lesion_ids)
    if not lesions or len(set(lesions)) < len(lesions):
        yield Problem("lesions", "there are none, or two of one name", _FIX)
    if any(one.size_mm <= 0 for one in plan.lesions):
        yield Problem("lesions", "a size is no size", _FIX)
    if [one.lesion for one in plan.decisions] != lesions:
        yield Problem("decisions", "they are not one for each lesion, in order", _FIX)
    regimens = {one.id for one in plan.protocol.regimens}
    cases = {one.id for one in plan.cases}
    for one in plan.decisions:
        if one.regimen not in regimens or not set(one.cases) <= cases:
            yield Problem("decisions", f"lesion {one.lesion}: an unknown regimen or case", _FIX)


def _counts(plan: Plan) -> Iterator[Problem]:
    """Injections that the regimen of their lesion does not have, or that come twice."""
    many = {one.id: one.injections for one in plan.protocol.regimens}
    planned = {one.lesion: many[one.regimen] for one in plan.decisions if one.regimen in many}
    seen: set[tuple[str, int]] = set()
    for index, visit in enumerate(plan.visits, start=1):
        for one in visit.injections:
            name = (one.lesion, one.injection)
            # How many a lesion has that the plan does not know is nobody's to say.
            if name in seen or not 1 <= one.injection <= planned.get(one.lesion, one.injection):
                text = f"injection {one.injection} of lesion {one.lesion} is none, or comes twice"
                yield Problem(f"visits[{index}].injections", text, _FIX)
            seen.add(name)


def _mentions(plan: Plan) -> Iterator[Problem]:
    """Lesions that findings and visits name and the plan does not have."""
    lesions = set(plan.lesion_ids)
    for finding in plan.findings:
        if finding.lesion is not None and finding.lesion not in lesions:
            yield Problem("findings", f"{finding.lesion} is no lesion of this plan", _FIX)
    for index, visit in enumerate(plan.visits, start=1):
        named = [one.lesion for one in visit.injections]
        named += [one.lesion for one in visit.evaluations]
        named += [part.lesion for syringe in visit.syringes for part in syringe.aliquots]
        for lesion in dict.fromkeys(named):
            if lesion not in lesions:
                yield Problem(f"visits[{index}]", f"{lesion} is no lesion of this plan", _FIX)


def _grounds(plan: Plan) -> Iterator[Problem]:
    """Regimens and an allergy that wait for a physician, where no finding says so."""
    waiting = {(one.code, one.lesion) for one in plan.findings if one.severity == "confirm"}
    for one in plan.decisions:
        if one.regimen != one.by_rule:
            needed = "regimen-overridden"
        elif one.evidence == "extrapolated":
            needed = "regimen-extrapolated"
        else:
            continue
        if (needed, one.lesion) not in waiting:
            yield Problem("findings", f"lesion {one.lesion} has no {needed}", _FIX)
    if plan.patient.sulfite_allergy and ("sulfite-allergy", None) not in waiting:
        yield Problem("findings", "there is no sulfite-allergy", _FIX)


def _equipment(plan: Plan) -> Iterator[Problem]:
    clinic = plan.clinic
    lines = [(one.graduation_ml, one.capacity_ml) for one in clinic.syringes]
    for visit in plan.visits:
        lines += [(one.graduation_ml, one.capacity_ml) for one in visit.syringes]
    if any(not 0 < graduation <= capacity for graduation, capacity in lines):
        yield Problem("clinic.syringes", "one has no lines to read", _FIX)
    if plan.protocol.strength_mg_per_ml <= 0:
        yield Problem("protocol.strength_mg_per_ml", "it is no strength", _FIX)


def _sources(plan: Plan) -> Iterator[Problem]:
    protocol = plan.protocol
    days, windows = protocol.evaluation_days, protocol.evaluation_window_days
    if len(days) != len(windows) or any(not 0 < day <= MOST_DAYS for day in days):
        yield Problem("protocol", "its evaluations are no days, or not as many as windows", _FIX)
    for case in plan.cases:
        try:
            Interval.parse(case.dose_range_mg)
        except ValueError:
            yield Problem("cases", f"{case.id}: its doses are no range", _FIX)
        if case.size_mm <= 0:
            yield Problem("cases", f"{case.id}: its size is no size", _FIX)


def _figures(plan: Plan, visit: PlannedVisit, place: str) -> Iterator[Problem]:
    """Doses, volumes and totals of a visit against one another."""
    strength = plan.protocol.strength_mg_per_ml
    for one in visit.injections:
        if strength > 0 and not _agrees(one, strength):
            text = f"lesion {one.lesion}: its mg and mL do not agree at this strength"
            yield Problem(f"{place}.injections", text, _FIX)
    drawn = to_draw(visit)
    totals = (
        (visit.total_dose_mg, [one.dose_mg for one in drawn]),
        (visit.total_drawn_ml, [one.drawn_ml for one in drawn]),
        (visit.total_drawn_mg, [one.drawn_mg for one in drawn]),
    )
    if visit.preparation is not None:
        yield from _preparation(plan, visit, visit.preparation, f"{place}.preparation")
    if not all(_is_total(total, parts) for total, parts in totals):
        yield Problem(place, "a total is not the sum of its parts", _FIX)


def _preparation(
    plan: Plan, visit: PlannedVisit, made: Preparation, place: str
) -> Iterator[Problem]:
    """What is taken from the stock: the clinic's, in its vials, to the protocol's strength."""
    if not _is_recipe(made, plan.protocol.strength_mg_per_ml):
        yield Problem(place, "it does not give the protocol's strength", _FIX)
    stock = plan.clinic.stock
    drawn = [one.drawn_ml for one in to_draw(visit) if one.drawn_ml is not None]
    if made.batch_ml < sum(drawn):
        yield Problem(place, "the batch is less than what is drawn", _FIX)
    if stock is None or (made.strength_mg_per_ml, made.salt) != (
        stock.strength_mg_per_ml,
        stock.salt,
    ):
        yield Problem(place, "its stock is not the clinic's", _FIX)
    elif stock.vial_ml is None:
        if (made.vials, made.wasted_ml) != (None, None):
            yield Problem(place, "it has vials, and the clinic's stock has none", _FIX)
    elif (
        stock.vial_ml <= 0
        or made.vials != ceil(made.stock_ml / stock.vial_ml)
        or not _is_rest(made, stock.vial_ml)
    ):
        yield Problem(place, "its vials are not what it takes", _FIX)


def _is_rest(made: Preparation, vial_ml: Fraction) -> bool:
    """Whether what is left over is less than what was opened and made: something is drawn."""
    if made.vials is None or made.wasted_ml is None:
        return False
    return 0 <= made.wasted_ml < made.vials * vial_ml + made.diluent_ml


def to_draw(visit: PlannedVisit) -> Sequence[PlannedInjection]:
    """The injections that a visit is drawn up for: those to come, else those done, else all."""
    coming = [one for one in visit.injections if one.state == "planned"]
    return coming or [one for one in visit.injections if one.given] or visit.injections


def _syringes(visit: PlannedVisit, place: str) -> Iterator[Problem]:
    """What is drawn up against what is injected."""
    if [one.number for one in visit.syringes] != [*range(1, len(visit.syringes) + 1)]:
        yield Problem(place, "they are not numbered from 1 on", _FIX)
    filled: dict[str, Fraction] = {}
    for syringe in visit.syringes:
        if syringe.drawn_ml != sum(part.ml for part in syringe.aliquots):
            yield Problem(place, f"syringe {syringe.number}: its parts are not its volume", _FIX)
        line = syringe.graduation_ml
        if line > 0 and not all(is_whole(part.ml, line) for part in syringe.aliquots):
            yield Problem(place, f"syringe {syringe.number}: a part is on none of its lines", _FIX)
        if syringe.drawn_ml > syringe.capacity_ml:
            yield Problem(place, f"syringe {syringe.number}: it does not hold its volume", _FIX)
        for part in syringe.aliquots:
            filled[part.lesion] = filled.get(part.lesion, Fraction(0)) + part.ml
    drawn: dict[str, Fraction] = {}
    for one in to_draw(visit):
        if one.drawn_ml is not None:
            drawn[one.lesion] = drawn.get(one.lesion, Fraction(0)) + one.drawn_ml
    if filled != drawn:
        yield Problem(place, "its syringes do not hold what its lesions get", _FIX)


def _is_recipe(made: Preparation, strength: Fraction) -> bool:
    """Whether stock and diluent make the batch, and the batch has the strength."""
    parts = made.stock_ml > 0 and made.diluent_ml >= 0
    whole = made.stock_ml + made.diluent_ml == made.batch_ml
    return parts and whole and made.stock_ml * made.strength_mg_per_ml == made.batch_ml * strength


def _is_total(total: Fraction | None, parts: Sequence[Fraction | None]) -> bool:
    """Whether a total is its parts' sum, each rounded to six decimals; None where one is not known.

    Where a dose is known and not drawn, the total of what is prescribed may be there.
    """
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not parts:
        return total is None
    return total is not None and abs(total - sum(known, Fraction(0))) <= len(parts) * _ROUNDED


def _agrees(one: PlannedInjection, strength: Fraction) -> bool:
    """Whether an injection's mg and mL are one another's, none of them negative or alone."""
    drawn = (one.drawn_ml, one.drawn_mg, one.deviation_percent)
    if one.dose_mg is None:
        return one.volume_ml is None and drawn == (None, None, None)
    if one.dose_mg <= 0 or one.volume_ml is None:
        return False
    exact = rounded(one.volume_ml) == rounded(one.dose_mg / strength)
    if one.drawn_ml is None or one.drawn_mg is None or one.deviation_percent is None:
        return exact and drawn == (None, None, None)
    deviation = 100 * (one.drawn_mg - one.dose_mg) / one.dose_mg
    return (
        exact
        and one.drawn_ml > 0
        and rounded(one.drawn_mg) == rounded(one.drawn_ml * strength)
        and abs(one.deviation_percent - deviation) <= Fraction(1, 1000)
    )

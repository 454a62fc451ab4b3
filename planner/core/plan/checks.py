"""What is compared with the source, the stock and the clinic, and found worth a look."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import DrawUp, Filled
from planner.core.plan.course import DIGITS, Course, Lesion
from planner.core.plan.findings import Finding, Severity
from planner.core.plan.placement import Placed
from planner.core.protocol.comparison import Compared, Comparison, cases_at, comparison
from planner.core.protocol.decisions import Hit
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import (
    count,
    day,
    listing,
    mg,
    mg_per_ml,
    ml,
    mm,
    moment,
    number,
    percent,
    plain,
    typed_moment,
)
from planner.core.values.intervals import Interval
from planner.core.values.lettering import as_people_read
from planner.core.values.quantities import Dose, Volume

JUMP = 5
IMPLAUSIBLE = 10
# Fewer lines of a syringe cannot be read to 5 %.
FEWEST_LINES = 10
ADULT = 18
DEVIATION_TO_SEE = Fraction(5, 100)
DEVIATION_TO_CONFIRM = Fraction(10, 100)


@dataclass(frozen=True)
class Decided:
    """A lesion with the rule that hit and the regimen that it gets."""

    lesion: Lesion
    hit: Hit
    regimen: str


class DrawnDose(NamedTuple):
    """What one injection is or was: the dose, and what the syringe holds or held of it."""

    dose: Dose
    drawn: Dose


# What is found of a lesion when it comes, by what was decided then; its doses may change later.
WHEN_IT_COMES = {
    "regimen-inferred", "regimen-extrapolated", "regimen-overridden", "near-threshold",
    "size-outside-observed", "site-outside-observed",
}  # fmt: skip


def lesion_findings(decided: Decided, protocol: Protocol) -> Iterator[Finding]:
    """What the regimen of a lesion rests on, and how near the rule is to another."""
    lesion, hit, regimen = decided.lesion, decided.hit, decided.regimen
    rule = hit.rule
    if regimen != rule.regimen:
        yield Finding(
            "regimen-overridden",
            "confirm",
            f"chosen by the physician: {regimen}; rule {rule.id} gives {rule.regimen}"
            f" ({rule.evidence})",
            regimen,
            lesion.id,
        )
    elif rule.evidence != "stated":
        yield Finding(
            f"regimen-{rule.evidence}",
            "confirm" if rule.evidence == "extrapolated" else "caution",
            f"{regimen}: {rule.because}",
            regimen,
            lesion.id,
        )
    if hit.flip is not None and hit.flip.is_within(protocol.table.domains.precision_mm):
        yield Finding("near-threshold", "note", str(hit.flip), plain(mm(lesion.size_mm)), lesion.id)
    observed = protocol.observed
    if observed is None:
        return
    if observed.size_mm is not None and lesion.size_mm not in observed.size_mm:
        yield Finding(
            "size-outside-observed",
            "caution",
            f"{mm(lesion.size_mm)}; treated were {observed.size_mm.words('mm')} ({observed.place})",
            plain(mm(lesion.size_mm)),
            lesion.id,
        )
    if observed.sites is not None and lesion.site not in observed.sites:
        yield Finding(
            "site-outside-observed",
            "caution",
            f"{lesion.site}; treated were {', '.join(observed.sites)} ({observed.place})",
            lesion.site,
            lesion.id,
        )


def course_findings(course: Course, protocol: Protocol, clinic: Clinic) -> Iterator[Finding]:
    """What concerns the patient, the clinic and its approvals."""
    observed = protocol.observed
    if observed is not None and observed.diagnoses is not None:
        known = {plain(name).casefold() for name in observed.diagnoses}
        if plain(course.diagnosis).casefold() not in known:
            yield Finding(
                "diagnosis-outside-observed",
                "caution",
                f"{course.diagnosis}; treated were {', '.join(observed.diagnoses)}",
                course.diagnosis,
            )
    yield from _age(course, protocol)
    yield from _screening(course, protocol)
    if course.patient.sulfite_allergy:
        yield Finding(
            "sulfite-allergy",
            "confirm",
            "stated for this patient; a sulfite allergy is not a sulfonamide allergy",
            "stated",
        )
    yield from _approval(course, protocol, clinic)
    if clinic.holiday_parts:
        parts = ", ".join(clinic.holiday_parts)
        yield Finding(
            "regional-holidays",
            "note",
            f"parts of the country ({parts}) have public holidays of their own, and the clinic"
            f' file does not state one: subdivision = "{clinic.holiday_parts[0]}" or the like',
            "not stated",
        )
    if clinic.assumed:
        yield Finding(
            "clinic-assumed",
            "note",
            f"assumed, as no clinic file states it: {', '.join(clinic.assumed)}",
            ", ".join(clinic.assumed),
        )


def _age(course: Course, protocol: Protocol) -> Iterator[Finding]:
    """The age on the first day, against those that the source treated."""
    observed, born = protocol.observed, course.patient.birth_date
    if observed is None or observed.age is None or born is None:
        return
    age = age_on(born, course.first_visit.date())
    if age not in observed.age:
        yield Finding(
            "age-outside-observed",
            "confirm" if age < ADULT else "caution",
            f"{count(age, 'year')}; treated were {_years(observed.age)} ({observed.place})",
            count(age, "year"),
        )


def _years(ages: Interval) -> str:
    """`49 to 74 years`, or as any stretch is said."""
    if ages.low is not None and ages.high is not None:
        return f"{number(ages.low)} to {number(ages.high)} years"
    return ages.words("years")


def age_on(born: date, on: date) -> int:
    """Whole years; who is born on 29 February is a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _screening(course: Course, protocol: Protocol) -> Iterator[Finding]:
    """The answers that are a reason to stop and think, all in one line."""
    answers, sites = dict(course.screening), {one.site for one in course.lesions}
    stopping = [
        one for one in protocol.screens if one.concerns(sites) and answers.get(one.id) == one.stops
    ]
    if stopping:
        words = {one.id: "yes" if one.stops else "no" for one in stopping}
        said = ", ".join(f"{name}: {word}" for name, word in words.items())
        told = "; ".join(f"{one.question}: {words[one.id]}; {one.because}" for one in stopping)
        yield Finding("screening-positive", "confirm", told, said)


def _approval(course: Course, protocol: Protocol, clinic: Clinic) -> Iterator[Finding]:
    """Whether the clinic approved this version, and for the first day of the course."""
    name = f"{protocol.id} {protocol.version}"
    approvals = [one for one in clinic.approvals if one.protocol == protocol.id]
    day = course.first_visit.date()
    same = [one for one in approvals if one.version == protocol.version]
    if any(one.on <= day <= one.review_by for one in same):
        return
    if not approvals:
        yield Finding(
            "protocol-not-approved", "note", f"no approval of {name} in the clinic file", name
        )
        return
    over = [one.review_by for one in same if one.review_by < day]
    if over:
        text = f"the approval of {name} was to be reviewed by {max(over)}"
    elif same:
        text = f"the approval of {name} begins on {min(one.on for one in same)}"
    else:
        versions = ", ".join(one.version for one in approvals)
        text = f"version {versions} is approved, this is {protocol.version}"
    yield Finding("protocol-not-approved", "caution", text, name)


def stock_findings(clinic: Clinic, protocol: Protocol, has_blanks: bool) -> Iterator[Finding]:
    """Strength and salt: stated or not, as the protocol's or not; never inferred."""
    stock, wanted = clinic.stock, protocol.strength
    if stock is None:
        yield Finding(
            "stock-not-stated",
            "caution",
            f"read the strength on the vial; if it is not {mg_per_ml(wanted.mg_per_ml)}, stop",
            "not stated",
        )
        return
    held = mg_per_ml(stock.strength.mg_per_ml)
    if stock.strength < wanted:
        yield Finding(
            "stock-too-weak",
            "error",
            f"the stock has {held}, the protocol needs {mg_per_ml(wanted.mg_per_ml)}",
            plain(held),
        )
    elif stock.strength > wanted:
        text = f"the stock has {held} and is diluted to {mg_per_ml(wanted.mg_per_ml)}"
        if has_blanks:
            text += "; a dose is open, so that the recipe is open too"
        yield Finding("stock-diluted", "confirm" if has_blanks else "caution", text, plain(held))
    if stock.salt == "not stated":
        yield Finding("salt-not-stated", "note", "the clinic file does not name it", "not stated")
    elif stock.salt == "anhydrous":
        yield Finding(
            "salt-differs",
            "confirm",
            "the stock is anhydrous: the same mass holds more thiosulphate than the pentahydrate;"
            " the source does not name its salt",
            "anhydrous",
        )


def dose_findings(
    decided: Decided,
    draw_ups: Sequence[DrawUp],
    protocol: Protocol,
    clinic: Clinic,
    *,
    is_blank: bool,
) -> Iterator[Finding]:
    """The doses of a lesion against the source's cases, the clinic's limit and the syringe.

    `is_blank` says whether the dose of an injection that is to come was left open.
    """
    lesion = decided.lesion
    if is_blank:
        yield Finding("dose-missing", "note", "no dose is given", "not given", lesion.id)
    yield from _limits(decided, draw_ups, protocol)
    jumps = [
        f"{plain(mg(before.mg))} to {plain(mg(after.mg))}"
        for before, after in pairwise(one.dose for one in draw_ups)
        if after.mg >= JUMP * before.mg or before.mg >= JUMP * after.mg
    ]
    if jumps:
        text = ", ".join(jumps)
        yield Finding("dose-jump", "confirm", f"{text}; is a point misplaced?", text, lesion.id)
    yield from _drawn(lesion, draw_ups, clinic)


def _drawn(lesion: Lesion, draw_ups: Sequence[DrawUp], clinic: Clinic) -> Iterator[Finding]:
    """What the syringes show of a lesion's doses."""
    blank = [one for one in draw_ups if not one.is_drawable]
    if blank:
        smallest = blank[0].syringe.graduation_ml
        yield Finding(
            "dose-not-drawable",
            "error",
            f"{_doses(blank)}: no more than half of the smallest graduation, {ml(smallest)}",
            plain(_doses(blank)),
            lesion.id,
        )
    drawable = [one for one in draw_ups if one.is_drawable]
    off = [one for one in drawable if abs(one.deviation) > DEVIATION_TO_SEE]
    if off:
        worst = max(abs(one.deviation) for one in off)
        shown = _each_once(
            f"{mg(one.drawn_dose.mg)} drawn for {mg(one.dose.mg)} ({percent(one.deviation * 100)})"
            for one in off
        )
        severity: Severity = "confirm" if worst > DEVIATION_TO_CONFIRM else "caution"
        value = _each_once(_as_drawn(one.dose, one.drawn_dose) for one in off)
        yield Finding("drawn-dose-deviates", severity, shown, plain(value), lesion.id)
    small = [one for one in drawable if _lines(one) < FEWEST_LINES]
    if small:
        text = _volumes(small)
        line = ml(small[0].syringe.graduation_ml)
        yield Finding(
            "drawn-volume-small",
            "caution",
            f"{text}: under ten lines of its syringe ({line} each)",
            plain(text),
            lesion.id,
        )
    most = clinic.most_ml.get(lesion.site)
    over = [one for one in drawable if most is not None and one.drawn.ml > most]
    if over and most is not None:
        text = _volumes(over)
        yield Finding(
            "volume-above-limit",
            "confirm",
            f"{text}; the clinic's limit for one injection there is {ml(most)}",
            plain(text),
            lesion.id,
        )


def _lines(one: DrawUp) -> Fraction:
    """The lines of its syringe that a draw-up fills, of the emptiest where it takes several."""
    return min(part.ml for part in one.parts) / one.syringe.graduation_ml


def _limits(decided: Decided, draw_ups: Sequence[DrawUp], protocol: Protocol) -> Iterator[Finding]:
    """Implausible, below, above: of the regimen's range, then of the cases at its site and size.

    The lower limit looks at what is prescribed, the upper at the larger of that and what is drawn;
    the cases are compared with what is prescribed.
    """
    lesion, regimen = decided.lesion, protocol.regimens[decided.regimen]
    cases = comparison(protocol, lesion.site, lesion.size_mm)
    given = regimen.dose_mg
    least = cases.least_mg
    top = least if least is not None else (given.high if given is not None else None)
    absurd = [one for one in draw_ups if top is not None and one.dose.mg > IMPLAUSIBLE * top]
    if absurd and top is not None:
        text = _doses(absurd)
        yield Finding(
            "dose-implausible",
            "error",
            f"{text}: over ten times {mg(top)}, the most that such cases were given; is it a slip?",
            plain(text),
            lesion.id,
        )
    above: list[DrawUp] = []
    if given is not None:
        what = given.words("mg")
        figure = f"cases of the {regimen.id} regimen were given {what} ({regimen.place})"
        below = [one for one in draw_ups if given.is_above(one.dose.mg)]
        above = [one for one in draw_ups if given.is_below(_larger(one).mg)]
        if below:
            text = _doses(below)
            yield Finding(
                "dose-below-observed", "caution", f"{text}; {figure}", plain(text), lesion.id
            )
        if above:
            text = _each_once(_passing(one.dose, one.drawn_dose, given) for one in above)
            told = f"{text}; {figure}"
            if beside := _cases(cases):
                told = f"{told}; {beside}"
            yield Finding("dose-above-observed", "confirm", told, plain(text), lesion.id)
    over = [one for one in draw_ups if least is not None and one.dose.mg > least]
    over = [one for one in over if one not in above]
    if over:
        text = _doses(over)
        told = f"{text}: above the cases that it is compared with; {_cases(cases)}"
        yield Finding("dose-above-cases", "confirm", told, plain(text), lesion.id)


def _cases(cases: Comparison) -> str:
    """What the cases at a lesion's site and nearest in size were given, and their caveats."""
    parts = []
    if cases.at_site is not None:
        parts.append(f"at this site {_at_most(cases.at_site)}")
    if cases.in_size is not None:
        sizes = sorted({one.size_mm for one in cases.in_size.cases})
        near = listing([mm(one) for one in sizes])
        parts.append(f"nearest in size ({near}) {_at_most(cases.in_size)}")
    there = [case for one in cases if one is not None for case in one.cases]
    caveats = _each_once(one.caveat for one in there if one.caveat)
    told = ", ".join(parts)
    return f"{told}; note that {caveats}" if caveats else told


def _at_most(cases: Compared) -> str:
    patients = list(dict.fromkeys(one.patient for one in cases.cases))
    of = "case" if len(patients) == 1 else "cases"
    return f"at most {_mg(cases.most_mg)} ({of} {', '.join(patients)})"


def _mg(value: Decimal) -> str:
    return mg(Fraction(value))


def visit_findings(
    number: int, due: date, doses: Sequence[tuple[Lesion, DrawnDose]], protocol: Protocol
) -> Iterator[Finding]:
    """What the lesions of one place get together at a visit, given and to come."""
    places: dict[tuple[str, ...], list[tuple[Lesion, DrawnDose]]] = {}
    for lesion, one in doses:
        places.setdefault(_place(lesion), []).append((lesion, one))
    found = [_together(there, protocol) for there in places.values()]
    totals = [one for one in found if one is not None]
    if totals:
        value = ", ".join(total for total, _ in totals)
        told = "; ".join(f"{total}: {cases}" for total, cases in totals)
        yield Finding(
            "site-total-above-cases", "confirm", told, plain(value), visit=number, due=due
        )


def _place(lesion: Lesion) -> tuple[str, ...]:
    """Where a lesion is: its site and side, and the digit, or else what its detail says."""
    detail = as_people_read(lesion.site_detail or "")
    digits = [one for one in DIGITS if one in re.split(r"[^a-z]+", detail)]
    side = lesion.side if lesion.side != "midline" else None
    return lesion.site, side or "", digits[0] if len(digits) == 1 else detail


def _together(
    there: Sequence[tuple[Lesion, DrawnDose]], protocol: Protocol
) -> tuple[str, str] | None:
    """What several lesions of one place get together, and what the cases at it were given.

    None where that is no more. One lesion alone is compared by its own dose.
    """
    cases = cases_at(protocol, there[0][0].site)
    if cases is None or len(there) == 1:
        return None
    limit = Interval(high=cases.most_mg, high_closed=True)
    total = _total_over((one for _, one in there), limit)
    if total is None:
        return None
    names = ", ".join(lesion.id for lesion, _ in there)
    return f"{names} together {total}", _cases(Comparison(cases, None))


def _total_over(doses: Iterable[DrawnDose], limit: Interval) -> str | None:
    """What doses are together, as prescribed or as drawn, where that passes a limit."""
    there = list(doses)
    dose = sum((one.dose for one in there), Dose(Fraction(0)))
    drawn = sum((one.drawn for one in there), Dose(Fraction(0)))
    return _passing(dose, drawn, limit) if limit.is_below(max(dose, drawn).mg) else None


def total_finding(
    visits: Iterable[tuple[int, Sequence[tuple[str, DrawnDose]]]], protocol: Protocol
) -> Iterator[Finding]:
    """Once a course: the visits whose total is above the most that the source gave at one."""
    observed = protocol.observed
    if observed is None or observed.visit_dose_mg is None:
        return
    limit, above = observed.visit_dose_mg, []
    for visit, doses in visits:
        total = _total_over((one for _, one in doses), limit)
        if total is not None:
            above.append(f"visit {visit}: {total}")
    if above:
        value = ", ".join(above)
        told = f"{value}; the source gave {limit.words('mg')} at a visit ({observed.place})"
        yield Finding("visit-total-above-observed", "caution", told, plain(value))


def visit_total_finding(
    number: int, due: date, doses: Sequence[tuple[str, DrawnDose]], protocol: Protocol
) -> Iterator[Finding]:
    """The total of a visit as the first edition asked for it, one by one."""
    observed = protocol.observed
    if observed is None or observed.visit_dose_mg is None:
        return
    limit = observed.visit_dose_mg
    total = _total_over((one for _, one in doses), limit)
    if total is not None:
        told = f"{total} at this visit; the source gave {limit.words('mg')} ({observed.place})"
        yield Finding("dose-above-observed", "confirm", told, plain(total), visit=number, due=due)


def sharing_finding(
    number: int, due: date, filled: Sequence[Filled], ulcerated: Collection[str]
) -> Iterator[Finding]:
    """Syringes that serve intact and ulcerated lesions by one needle."""
    served = [[each.lesion for each in one.aliquots] for one in filled]
    mixed = [names for names in served if len({name in ulcerated for name in names}) > 1]
    if mixed:
        value = "; ".join(", ".join(names) for names in mixed)
        told = f"{value} from one syringe by one needle, intact lesions first"
        yield Finding(
            "intact-and-ulcerated-share", "caution", told, plain(value), visit=number, due=due
        )


def placed_findings(number: int, placed: Placed, shortest_days: int) -> Iterator[Finding]:
    """How a visit lies against its due day and its neighbours."""
    visit = placed.visit
    if placed.start is None:
        yield Finding(
            "no-open-day",
            "error",
            f"visit {number}, due {day(visit.due)}: {placed.because}",
            "none",
            visit=number,
            due=visit.due,
        )
        return
    value = typed_moment(placed.start)
    due = listing([day(one) for one in visit.moved_from or (visit.due,)])
    name = f"visit {number}, due {due}, on {moment(placed.start)}"
    if visit.passed_window is not None:
        window = f"\u00b1{count(visit.passed_window, 'day')}"
        text = f"{name}: outside the window of {window} (the clinic's policy)"
        yield Finding("move-outside-window", "confirm", text, value, visit=number, due=visit.due)
    if placed.near:
        text = (
            f"{name}: {_nearness(placed)}; the shortest interval is {count(shortest_days, 'day')}"
        )
        near = f"{_distances(placed)}, {value}"
        yield Finding("interval-too-short", "confirm", text, near, visit=number, due=visit.due)
    if placed.because is not None:
        text = f"{name}: {placed.because}"
        yield Finding("visit-moved", "note", text, value, visit=number, due=visit.due)


def _nearness(placed: Placed) -> str:
    """`A, B 4 days from the injection on Mon 14 Sep 2026`, for each distance."""
    lesions: dict[tuple[int, date], list[str]] = {}
    for one in placed.near:
        lesions.setdefault((one.days, one.other), []).append(one.lesion)
    return " and ".join(
        f"{', '.join(names)} {count(days, 'day')} from the injection on {day(other)}"
        for (days, other), names in lesions.items()
    )


def _distances(placed: Placed) -> str:
    """`4 days` where that is so of every injection of the visit, else `A 4 days, C 3 days`."""
    distances = {one.days for one in placed.near}
    coming = {one.lesion for one in placed.visit.injected if one.state == "open"}
    if len(distances) == 1 and coming <= {one.lesion for one in placed.near}:
        return count(distances.pop(), "day")
    return ", ".join(f"{one.lesion} {count(one.days, 'day')}" for one in placed.near)


def dilution_finding(number: int, due: date, need: Volume, protocol: Protocol) -> Finding:
    """That no recipe can be measured for a visit."""
    return Finding(
        "dilution-not-measurable",
        "error",
        f"visit {number}: no batch for {ml(need.ml)} can be measured that has exactly"
        f" {mg_per_ml(protocol.strength.mg_per_ml)}; use another stock or other syringes",
        plain(ml(need.ml)),
        visit=number,
        due=due,
    )


def _larger(one: DrawUp) -> Dose:
    return max(one.dose, one.drawn_dose)


def _passing(dose: Dose, drawn: Dose, limit: Interval) -> str:
    """What passes the limit: the dose as prescribed, or else as drawn."""
    return mg(dose.mg) if limit.is_below(dose.mg) else _as_drawn(dose, drawn)


def _as_drawn(dose: Dose, drawn: Dose) -> str:
    """`20 mg drawn as 15 mg`: a word for the one is none for another draw-up of it."""
    return f"{mg(dose.mg)} drawn as {mg(drawn.mg)}"


def _doses(draw_ups: Iterable[DrawUp]) -> str:
    return _each_once(mg(one.dose.mg) for one in draw_ups)


def _volumes(draw_ups: Iterable[DrawUp]) -> str:
    return _each_once(ml(one.drawn.ml) for one in draw_ups)


def _each_once(texts: Iterable[str]) -> str:
    """Each text once, in order."""
    return ", ".join(dict.fromkeys(texts))

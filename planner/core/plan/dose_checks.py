"""What of doses is worth a look: against the source's cases, the syringes and the clinic."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import DrawUp, Filled
from planner.core.plan.checks import Decided
from planner.core.plan.course import DIGITS, Lesion
from planner.core.plan.findings import Finding, Severity
from planner.core.protocol.comparison import Compared, Comparison, cases_at, comparison
from planner.core.protocol.protocol import Protocol, Regimen
from planner.core.values.formatting import (
    listing,
    mg,
    mg_per_ml,
    ml,
    mm,
    percent,
    plain,
)
from planner.core.values.intervals import Interval
from planner.core.values.lettering import as_people_read
from planner.core.values.quantities import Dose, Volume
from planner.core.values.said import Said, joined, said, term

JUMP = 5
IMPLAUSIBLE = 10
# Fewer lines of a syringe cannot be read to 5 %.
FEWEST_LINES = 10


def is_jump(one: Fraction, other: Fraction) -> bool:
    """Whether a dose is five times another one, or a fifth of it, or beyond."""
    return max(one, other) >= JUMP * min(one, other)


class DrawnDose(NamedTuple):
    """What one injection is or was: the dose, and what the syringe holds or held of it."""

    dose: Dose
    drawn: Dose


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
        text = said("no dose is given")
        yield Finding("dose-missing", "note", text, said("not given"), lesion.id)
    yield from _limits(decided, draw_ups, protocol)
    jumps = [
        said("{first} to {second}", first=plain(mg(before.mg)), second=plain(mg(after.mg)))
        for before, after in pairwise(one.dose for one in draw_ups)
        if is_jump(before.mg, after.mg)
    ]
    if jumps:
        value = joined(jumps)
        told = said("{jump}; is a point misplaced?", jump=value)
        yield Finding("dose-jump", "confirm", told, value, lesion.id)
    yield from _drawn(lesion, draw_ups, clinic)


def _drawn(lesion: Lesion, draw_ups: Sequence[DrawUp], clinic: Clinic) -> Iterator[Finding]:
    """What the syringes show of a lesion's doses."""
    blank = [one for one in draw_ups if not one.is_drawable]
    if blank:
        smallest = blank[0].syringe.graduation_ml
        yield Finding(
            "dose-not-drawable",
            "error",
            said(
                "{doses}: no more than half of the smallest graduation, {line}",
                doses=_doses(blank),
                line=ml(smallest),
            ),
            plain(_doses(blank)),
            lesion.id,
        )
    drawable = [one for one in draw_ups if one.is_drawable]
    off = [one for one in drawable if one.is_off]
    if off:
        shown = _each_once(
            said(
                "{drawn} drawn for {dose} ({deviation})",
                drawn=mg(one.drawn_dose.mg),
                dose=mg(one.dose.mg),
                deviation=percent(one.deviation * 100),
            )
            for one in off
        )
        severity: Severity = "confirm" if any(one.is_far_off for one in off) else "caution"
        value = _each_once(_as_drawn(one.dose, one.drawn_dose) for one in off)
        yield Finding("drawn-dose-deviates", severity, shown, plain(value), lesion.id)
    yield from _volume(lesion, drawable, clinic)


def _volume(lesion: Lesion, drawable: Sequence[DrawUp], clinic: Clinic) -> Iterator[Finding]:
    """Volumes that are hard to read, or above the clinic's own limit."""
    small = [one for one in drawable if _lines(one) < FEWEST_LINES]
    if small:
        text = _volumes(small)
        line = ml(small[0].syringe.graduation_ml)
        yield Finding(
            "drawn-volume-small",
            "caution",
            said(
                "{volumes}: under ten lines of its syringe ({line} each)", volumes=text, line=line
            ),
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
            said(
                "{volumes}; the clinic's limit for one injection there is {most}",
                volumes=text,
                most=ml(most),
            ),
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
    yield from _implausible(lesion, draw_ups, regimen, cases)
    given, above = regimen.dose_mg, []
    if given is not None:
        below = [one for one in draw_ups if given.is_above(one.dose.mg)]
        above = [one for one in draw_ups if given.is_below(_larger(one).mg)]
        yield from _outside(lesion, below, above, regimen, cases)
    least = cases.least_mg
    over = [one for one in draw_ups if least is not None and one.dose.mg > least]
    over = [one for one in over if one not in above]
    if over:
        text = _doses(over)
        told = said(
            "{doses}: above the cases that it is compared with; {compared}",
            doses=text,
            compared=_cases(cases),
        )
        yield Finding("dose-above-cases", "confirm", told, plain(text), lesion.id)


def _implausible(
    lesion: Lesion, draw_ups: Sequence[DrawUp], regimen: Regimen, cases: Comparison
) -> Iterator[Finding]:
    given, least = regimen.dose_mg, cases.least_mg
    top = least if least is not None else (given.high if given is not None else None)
    absurd = [one for one in draw_ups if top is not None and one.dose.mg > IMPLAUSIBLE * top]
    if absurd and top is not None:
        text = _doses(absurd)
        told = said(
            "{doses}: over ten times {most}, the most that such cases were given; is it a slip?",
            doses=text,
            most=mg(top),
        )
        yield Finding("dose-implausible", "error", told, plain(text), lesion.id)


def _outside(
    lesion: Lesion,
    below: Sequence[DrawUp],
    above: Sequence[DrawUp],
    regimen: Regimen,
    cases: Comparison,
) -> Iterator[Finding]:
    """The doses outside the regimen's range, with what its cases were given."""
    given = regimen.dose_mg
    if given is None:
        return
    figures = said(
        "cases of the {regimen} regimen were given {given} ({place})",
        regimen=term("regimen", regimen.id),
        given=given.words("mg"),
        place=said(regimen.place),
    )
    if below:
        text = _doses(below)
        told = joined([text, figures], "; ")
        yield Finding("dose-below-observed", "caution", told, plain(text), lesion.id)
    if above:
        text = _each_once(_passing(one.dose, one.drawn_dose, given) for one in above)
        told = joined([one for one in (text, figures, _cases(cases)) if one], "; ")
        yield Finding("dose-above-observed", "confirm", told, plain(text), lesion.id)


def _cases(cases: Comparison) -> str:
    """What the cases at a lesion's site and nearest in size were given, and their caveats."""
    parts = []
    if cases.at_site is not None:
        parts.append(said("at this site {most}", most=_at_most(cases.at_site)))
    if cases.in_size is not None:
        sizes = sorted({one.size_mm for one in cases.in_size.cases})
        near, most = listing([mm(one) for one in sizes]), _at_most(cases.in_size)
        parts.append(said("nearest in size ({sizes}) {most}", sizes=near, most=most))
    there = [case for one in cases if one is not None for case in one.cases]
    caveats = _each_once(said(one.caveat) for one in there if one.caveat)
    told = joined(parts)
    if not caveats:
        return told
    return said("{compared}; note that {caveats}", compared=told, caveats=caveats)


def _at_most(cases: Compared) -> Said:
    patients = list(dict.fromkeys(one.patient for one in cases.cases))
    return said(
        "at most {most} (case {patients})"
        if len(patients) == 1
        else "at most {most} (cases {patients})",
        most=mg(cases.most_mg),
        patients=", ".join(patients),
    )


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
        value = joined([total for total, _ in totals])
        compared = [said("{total}: {compared}", total=one, compared=of) for one, of in totals]
        told = joined(compared, "; ")
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
    together = said("{lesions} together {total}", lesions=names, total=total)
    return together, _cases(Comparison(cases, None))


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
            above.append(said("visit {n}: {total}", n=visit, total=total))
    if above:
        value = joined(above)
        told = said(
            "{totals}; the source gave {given} at a visit ({place})",
            totals=value,
            given=limit.words("mg"),
            place=said(observed.place),
        )
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
        told = said(
            "{total} at this visit; the source gave {given} ({place})",
            total=total,
            given=limit.words("mg"),
            place=said(observed.place),
        )
        yield Finding("dose-above-observed", "confirm", told, plain(total), visit=number, due=due)


def sharing_finding(
    number: int, due: date, filled: Sequence[Filled], ulcerated: Collection[str]
) -> Iterator[Finding]:
    """Syringes that serve intact and ulcerated lesions by one needle."""
    served = [[each.lesion for each in one.aliquots] for one in filled]
    mixed = [names for names in served if len({name in ulcerated for name in names}) > 1]
    if mixed:
        value = "; ".join(", ".join(names) for names in mixed)
        told = said("{lesions} from one syringe by one needle, intact lesions first", lesions=value)
        yield Finding(
            "intact-and-ulcerated-share", "caution", told, plain(value), visit=number, due=due
        )


def dilution_finding(number: int, due: date, need: Volume, protocol: Protocol) -> Finding:
    """That no recipe can be measured for a visit."""
    return Finding(
        "dilution-not-measurable",
        "error",
        said(
            "visit {n}: no batch for {need} can be measured that has exactly {strength}; use"
            " another stock or other syringes",
            n=number,
            need=ml(need.ml),
            strength=mg_per_ml(protocol.strength.mg_per_ml),
        ),
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
    return said("{dose} drawn as {drawn}", dose=mg(dose.mg), drawn=mg(drawn.mg))


def _doses(draw_ups: Iterable[DrawUp]) -> str:
    return _each_once(mg(one.dose.mg) for one in draw_ups)


def _volumes(draw_ups: Iterable[DrawUp]) -> str:
    return _each_once(ml(one.drawn.ml) for one in draw_ups)


def _each_once(texts: Iterable[str]) -> str:
    """Each text once, in order."""
    return joined([*dict.fromkeys(texts)])

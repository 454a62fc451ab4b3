"""The codes of the papers' pages: each of what its page tells somebody to do.

A code says nothing of what was done, nor of the revision: a page that is printed again bears it
again, and a page is stale only where what it tells to do has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Set
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from planner.core.plan.appointments import Named
from planner.core.plan.findings import AGAINST_TREATMENT, Finding
from planner.core.plan.plan import (
    Page,
    Plan,
    PlannedInjection,
    PlannedLesion,
    PlannedVisit,
)
from planner.core.values.formatting import mg, ml, number, plain

CODE_DIGITS = 8
SHEET_PAGE, LETTER_PAGE = "treatment-sheet", "appointments"
# Notes are no warnings.
_WARNINGS = ("error", "confirm", "caution")
_FIGURE = re.compile(r"(?<![\d.])\d+(?:\.\d+)? (?:mg|mL)(?![\w/])")
Facts = dict[str, Any]


class StalePage(NamedTuple):
    """A page to take out of use; `instead` is the code of the one in its place, if there is one."""

    page: str
    code: str
    instead: str | None


class _Told(NamedTuple):
    """What a page tells to do, and the warnings on it, each with its figures."""

    facts: Facts
    warnings: tuple[Facts, ...] = ()


def pages_of(plan: Plan) -> tuple[Page, ...]:
    """The pages of a plan: the treatment sheet, each visit to come, the patient's appointments."""
    return tuple(Page(name, _code(plan, name, told)) for name, told in _told(plan).items())


def listed_pages(plan: Plan) -> tuple[Page, ...]:
    """The pages that a plan lists; those of one that lists none, as before there were codes."""
    return plan.pages or pages_of(plan)


def stale_pages(before: Plan, now: Plan) -> tuple[StalePage, ...]:
    """The pages of a plan that do not hold any more, as they tell to do something else.

    What was done makes no page stale, neither that of its visit nor the sheet with it on.
    """
    current = dict(listed_pages(now))
    was, told = _compared(before, now)
    return tuple(
        StalePage(name, code, current.get(name))
        for name, code in listed_pages(before)
        # One that is not there any more told only what was done.
        if name in was and not _holds(was[name], told.get(name))
    )


def letter_is_due(before: Plan, now: Plan) -> bool:
    """Whether the patient has to be told what the letter of the plan before does not say."""
    was, told = _compared(before, now)
    if LETTER_PAGE not in told:
        return False
    return LETTER_PAGE not in was or not _holds(was[LETTER_PAGE], told[LETTER_PAGE])


def visit_page(number: int) -> str:
    """How the page of a visit is called."""
    return f"visit-{number}"


def to_do(plan: Plan) -> Iterator[PlannedVisit]:
    """The visits to come, each with what is still to be done at it."""
    for visit in plan.coming:
        rest = visit.as_it_stands
        yield rest._replace(syringes=visit.syringes if rest.injections else ())


def with_pages(plan: Plan) -> Iterator[PlannedVisit]:
    """The visits that have a page of their own: what is to do at them, and a day to do it on."""
    for visit in to_do(plan):
        if visit.start is not None and (visit.evaluations or visit.injections):
            yield visit


def _told(plan: Plan, begun: Collection[int] = ()) -> dict[str, _Told]:
    """What each page of a plan tells.

    Of visits that have `begun`, by their numbers, only what is still to do: their hour is over,
    and what was drawn up for all of it may serve the rest.
    """
    pages = {SHEET_PAGE: _sheet(plan, begun)}
    for visit in with_pages(plan):
        pages[visit_page(visit.number)] = _Told(
            _visit(plan, visit, is_begun=visit.number in begun),
            tuple(_visit_warnings(plan, visit, is_begun=visit.number in begun)),
        )
    if len(pages) > 1:
        hours = [_hours(visit) for visit in with_pages(plan) if visit.number not in begun]
        pages[LETTER_PAGE] = _Told(_letter(plan, hours) | _without_day(plan))
    return pages


def _code(plan: Plan, name: str, told: _Told) -> str:
    content = {"course": plan.course, "page": name, **told._asdict()}
    return code_of(_text(content))


def code_of(content: str | bytes) -> str:
    """The first digits of a digest: the code of what a page tells, or of a whole file."""
    told = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(told).hexdigest()[:CODE_DIGITS]


def _holds(was: _Told, now: _Told | None) -> bool:
    """Whether a page tells what is to do now; a warning on it may have fallen."""
    if now is None or _text(was.facts) != _text(now.facts):
        return False
    seen = {_text(one) for one in was.warnings}
    return all(_text(one) in seen for one in now.warnings)


def _compared(before: Plan, now: Plan) -> tuple[dict[str, _Told], dict[str, _Told]]:
    """What the pages of a plan tell less what was done since, and what they tell now."""
    done = frozenset(_done(now))
    begun = frozenset(number for number, _ in done)
    return _told(_without(before, done), begun), _told(now, begun)


def _done(plan: Plan) -> Iterator[tuple[int, Named]]:
    """What was done, each with the number of the visit that it was done at."""
    for visit in plan.visits:
        for look in visit.evaluations:
            if look.state == "done":
                yield visit.number, Named(look.lesion, "evaluation", look.evaluation)
        for one in visit.injections:
            if one.state == "done":
                yield visit.number, Named(one.lesion, "injection", one.injection)


def _without(plan: Plan, done: Collection[tuple[int, Named]]) -> Plan:
    """The plan less what was done since."""
    visits = []
    for visit in plan.visits:
        rest = visit._replace(
            evaluations=tuple(
                one
                for one in visit.evaluations
                if (visit.number, (one.lesion, "evaluation", one.evaluation)) not in done
            ),
            injections=tuple(
                one
                for one in visit.injections
                if (visit.number, (one.lesion, "injection", one.injection)) not in done
            ),
        )
        if rest.evaluations or rest.injections:
            visits.append(rest)
    return plan._replace(visits=tuple(visits))


def _visit(plan: Plan, visit: PlannedVisit, *, is_begun: bool) -> Facts:
    """A visit as its worksheet and its labels have it."""
    protocol, clinic = plan.protocol, plan.clinic
    lesions = {one.id: one for one in plan.lesions}
    facts: Facts = {
        "patient": plan.patient,
        "number": visit.number,
        "drug": (protocol.drug, protocol.strength_mg_per_ml, protocol.route, protocol.technique),
        "evaluations": [
            (
                *_place(lesions[one.lesion], visit),
                lesions[one.lesion].size_mm,
                one.evaluation,
                one.after_days,
            )
            for one in visit.evaluations
        ],
        "injections": [
            (*_place(lesions[one.lesion], visit), *_dose(one)) for one in visit.injections
        ],
    }
    if visit.injections:
        # A look at the outcome takes nothing from a vial.
        facts |= {
            "stock": clinic.stock and (clinic.stock.strength_mg_per_ml, clinic.stock.salt),
            "second_check": clinic.second_check,
        }
    if is_begun:
        return facts
    facts["hours"] = _hours(visit)
    if visit.injections:
        facts |= {
            "draw_up": clinic.draw_up,
            "syringes": visit.syringes,
            "preparation": visit.preparation,
        }
    return facts


def _place(lesion: PlannedLesion, visit: PlannedVisit) -> tuple[object, ...]:
    """A lesion where it is looked for, and whether it waits when the visit comes."""
    since = lesion.held_since
    is_held = since is not None and (visit.start is None or visit.start.date() >= since)
    return lesion.id, lesion.site, lesion.side, lesion.site_detail, is_held


def _dose(one: PlannedInjection) -> tuple[object, ...]:
    return one.injection, one.dose_mg, one.volume_ml, one.drawn_ml, one.drawn_mg


def _hours(visit: PlannedVisit) -> tuple[str | None, str | None, str]:
    """When a visit is, by the clock on the clinic's wall."""
    return _wall(visit.start), _wall(visit.end), visit.timezone


def _wall(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _sheet(plan: Plan, begun: Collection[int]) -> _Told:
    """The treatment sheet: the course's lesions and decisions, and all that is to come."""
    coming = [visit for visit in to_do(plan) if visit.evaluations or visit.injections]
    facts = {
        "patient": plan.patient,
        "diagnosis": plan.diagnosis,
        "indication": plan.indication,
        "lesions": [
            (one.id, one.site, one.side, one.site_detail, one.size_mm, one.ulcerated)
            for one in plan.lesions
        ],
        "held": [(one.id, one.held_since) for one in plan.lesions if one.held_since],
        "decisions": [(one.lesion, one.regimen, one.rule, one.evidence) for one in plan.decisions],
        "visits": [_visit(plan, one, is_begun=one.number in begun) for one in coming],
    }
    still = {one.number for one in coming if one.number not in begun}
    return _Told(
        facts,
        tuple(
            warning
            for one in plan.findings
            if one.severity in _WARNINGS and (one.visit is None or one.visit in still)
            for warning in _warnings(one, _parts(one))
        ),
    )


def _visit_warnings(plan: Plan, visit: PlannedVisit, *, is_begun: bool) -> Iterator[Facts]:
    """The warnings of a visit and of its lesions; those of doses as far as it has the doses."""
    here = {one.lesion: {""} for one in visit.evaluations}
    for one in visit.injections:
        here[one.lesion] = set(_figures(one))
    for finding in plan.findings:
        if finding.severity not in _WARNINGS:
            continue
        if finding.visit == visit.number and not is_begun:
            yield from _warnings(finding, _parts(finding))
        elif finding.lesion in here:
            yield from _warnings(finding, _own_parts(finding, here[finding.lesion]))
        elif finding.code in AGAINST_TREATMENT and visit.injections:
            yield from _warnings(finding, _parts(finding))


def _figures(one: PlannedInjection) -> Iterator[str]:
    """The figures of an injection as a finding's value writes them."""
    yield from (plain(mg(dose)) for dose in (one.dose_mg, one.drawn_mg) if dose is not None)
    yield from (plain(ml(volume)) for volume in (one.volume_ml, one.drawn_ml) if volume is not None)


def _parts(finding: Finding) -> list[str]:
    """The values of a finding; it falls for one of them where that was done."""
    return plain(finding.value).split(", ")


def _own_parts(finding: Finding, figures: Set[str]) -> list[str]:
    """Of a finding's values those with one of these figures; all of one that has no dose.

    A lesion's finding names the doses of all its visits: another visit's says nothing here.
    """
    parts = _parts(finding)
    if not any(_FIGURE.search(part) for part in parts):
        return parts
    # `12.5 mg to 62.5 mg` warns of what is given last.
    return [part for part in parts if not figures.isdisjoint(_FIGURE.findall(part)[-1:])]


def _warnings(finding: Finding, values: list[str]) -> Iterator[Facts]:
    """A warning of each value, whoever confirmed it."""
    for value in values:
        yield {
            "code": finding.code,
            "severity": finding.severity,
            "lesion": finding.lesion,
            "visit": finding.visit,
            "value": value,
        }


def _letter(plan: Plan, hours: list[tuple[str | None, str | None, str]]) -> Facts:
    """The patient's letter: it tells when to come and whom to call, and nothing else."""
    patient, clinic = plan.patient, plan.clinic
    return {
        "patient": (patient.id, patient.name, patient.birth_date),
        "clinic": (clinic.name, clinic.address, clinic.phone),
        "visits": hours,
    }


def without_day(plan: Plan) -> list[int]:
    """The visits to come that have no day, by their numbers: somebody has to call about them."""
    return [visit.number for visit in to_do(plan) if visit.start is None]


def _without_day(plan: Plan) -> Facts:
    """The same as a letter tells them; letters said nothing of them before."""
    numbers = without_day(plan)
    return {"without_day": numbers} if numbers else {}


def _text(value: Any) -> str:
    """What a code is made of: the same for a plan and for one that was written and read again."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    """A figure or a day as a text."""
    if isinstance(value, Fraction | Decimal):
        return number(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a page tells no {type(value).__name__}")

"""The published cases planned again, and held against what they say has to come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from planner.app.planning import Inputs, NamedFile, planned, read_inputs
from planner.core.followup.events import Event
from planner.core.plan.findings import Finding
from planner.core.plan.plan import Plan, PlannedInjection, PlannedVisit, Preparation
from planner.core.values.formatting import decimal
from planner.errors import InputError
from planner.files.cases import CaseTable, HappenedTable
from planner.store.database import Database
from planner.store.standing import Standing


def outcome(case: CaseTable, clinic: str, register: Database) -> dict[str, Any]:
    """What comes out of a case; one in which something happens goes through the register."""
    sources = NamedFile("course", case.course.encode()), NamedFile("clinic", clinic.encode())
    try:
        inputs = read_inputs(*sources)
        plan = _followed(case, inputs, register) if case.event else planned(inputs)
    except InputError as error:
        return {"refused": [one.place for one in error.problems]}
    return described(plan)


def _followed(case: CaseTable, inputs: Inputs, register: Database) -> Plan:
    from planner.app.courses import add_course, change
    from planner.app.roles import Author

    author = Author("published case", _after(case, inputs), "published case", "published case")
    standing = add_course(register, inputs, author)
    for happened in case.event:
        make = partial(_event, happened=happened)
        standing = change(register, inputs.course.id, [make], author).after
    return standing.plan


def _after(case: CaseTable, inputs: Inputs) -> datetime:
    """The day after the last thing that happened."""
    days = [datetime.fromisoformat(one.at).date() for one in case.event if one.at]
    last = max([inputs.course.first_visit.date(), *days])
    return datetime.combine(last + timedelta(days=1), time(), UTC)


def _event(standing: Standing, happened: HappenedTable) -> Event:
    from planner.app import administration as done

    if happened.kind == "miss":
        return done.missed(standing, happened.visit)
    at = datetime.fromisoformat(happened.at)
    match happened.kind:
        case "give":
            return done.given_as_planned(standing, happened.visit, done.Circumstances(at))
        case "move":
            return done.moved(standing, happened.visit, at)
        case "hold":
            return done.held(standing, happened.lesion, at.date())
        case _:
            return done.resumed(standing, happened.lesion, at.date())


def described(plan: Plan) -> dict[str, Any]:
    """A plan in the words of a case; what is not there is left out."""
    lesions = [
        {"lesion": one.lesion, "regimen": one.regimen, "rule": one.rule, "evidence": one.evidence}
        for one in plan.decisions
    ]
    visits = [_visit(one) for one in plan.visits]
    findings = [_finding(one) for one in plan.findings]
    return _there(lesions=lesions, visits=visits, findings=findings or None)


def _finding(one: Finding) -> dict[str, Any]:
    return _there(
        code=one.code,
        severity=one.severity,
        value=one.value,
        lesion=one.lesion,
        due=None if one.due is None else one.due.isoformat(),
        confirmed=True if one.confirmed_by else None,
    )


def _visit(visit: PlannedVisit) -> dict[str, Any]:
    return _there(
        number=visit.number,
        due=visit.due.isoformat(),
        start=None if visit.start is None else visit.start.isoformat(timespec="minutes"),
        end=None if visit.end is None else visit.end.isoformat(timespec="minutes"),
        purposes=list(visit.purposes),
        state=None if visit.state == "planned" else visit.state,
        injections=[_injection(one) for one in visit.injections] or None,
        syringes=[
            {
                "capacity_ml": decimal(one.capacity_ml),
                "drawn_ml": decimal(one.drawn_ml),
                "lesions": [part.lesion for part in one.aliquots],
            }
            for one in visit.syringes
        ]
        or None,
        preparation=_preparation(visit.preparation),
    )


def _injection(one: PlannedInjection) -> dict[str, Any]:
    names = ("dose_mg", "volume_ml", "drawn_ml", "drawn_mg", "deviation_percent")
    return _there(lesion=one.lesion, injection=one.injection, **_figures(one, names))


def _preparation(one: Preparation | None) -> dict[str, Any] | None:
    if one is None:
        return None
    names = ("stock_ml", "diluent_ml", "batch_ml", "wasted_ml")
    return _there(vials=one.vials, **_figures(one, names))


def _figures(one: PlannedInjection | Preparation, names: Sequence[str]) -> dict[str, Any]:
    figures = {name: getattr(one, name) for name in names}
    return {name: None if value is None else decimal(value) for name, value in figures.items()}


def _there(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def differences(expected: Any, found: Any, place: str = "") -> Iterator[str]:
    """Each figure that is not as it has to be, by its place."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in [*expected, *(one for one in found if one not in expected)]:
            at = f"{place}.{name}" if place else name
            yield from differences(expected.get(name), found.get(name), at)
    elif isinstance(expected, list) and isinstance(found, list):
        for n in range(max(len(expected), len(found))):
            one = expected[n] if n < len(expected) else None
            other = found[n] if n < len(found) else None
            yield from differences(one, other, f"{place}[{n + 1}]")
    elif expected != found:
        yield f"{place}: {found} instead of {expected}"

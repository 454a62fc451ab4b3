"""plan.json: a plan to bytes and back; the same plan gives the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planner.core.plan.plan import (
    Plan,
)
from planner.core.plan.zone_rules import with_zone_finding, without_zone_finding
from planner.core.values.intervals import Interval
from planner.errors import InputError, Problem, located, raise_if_any
from planner.files.first_edition_plan import plan_problems
from planner.files.reading import LONGEST_TEXT, exact_decimal, read_bytes, refuse_constant
from planner.files.records import as_written, indented
from planner.files.seal import SEAL, each_once, is_sealed, sealed
from planner.files.wordings import WORDING, check_belong, read_wordings, worded, wordings

MOST = 10**7
_FIX = "plan the course again"
# Both become names of files and addresses of events.
_COURSE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plan_bytes(plan: Plan) -> bytes:
    """The plan as plan.json has it, sealed.

    Its sha256 is what the papers carry the first digits of.
    """
    issued = without_zone_finding(plan)
    kept = wordings((*issued.findings, *issued.decisions, *issued.visits))
    return indented(sealed(as_written(issued) | ({WORDING: kept} if kept else {})))


def read_plan(path: Path) -> tuple[Plan, bytes]:
    """A plan and the bytes that it was read from. Raises InputError as `plan_from` does."""
    with located(str(path)):
        content = read_bytes(path)
        return plan_from(content), content


def plan_from(content: bytes) -> Plan:
    """The plan of a plan.json, with a caution where its zone's rules have changed since.

    Raises EditedPlanError where its seal does not hold, else InputError with every problem, by
    its place. One of the first edition has no seal and is recounted.
    """
    from pydantic import TypeAdapter, ValidationError

    from planner.files.fields import place

    try:
        values = json.loads(
            content.decode("utf-8"),
            parse_float=exact_decimal,
            parse_constant=refuse_constant,
            object_pairs_hook=each_once,
        )
        if not isinstance(values, dict):
            raise ValueError("it has no keys")
    except (ValueError, RecursionError) as error:
        raise InputError(Problem("", "this is not a plan.json", _FIX)) from error
    raise_if_any(InputError, _value_problems(values, []))
    has_seal = is_sealed(values)
    beside = (SEAL, WORDING) if has_seal else ()
    kept = {name: value for name, value in values.items() if name not in beside}
    kept["protocol"] = _with_intervals(kept.get("protocol"))
    try:
        plan = _worded(TypeAdapter(Plan).validate_python(kept), values.get(WORDING, []))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = f"this is not a plan.json of the planner ({first['msg'].lower()})"
        raise InputError(Problem(place(first["loc"]), problem, _FIX)) from error
    # What has its seal adds up; only its lesions are looked for, which every paper asks for.
    recounted = _unknown_lesions if has_seal else plan_problems
    raise_if_any(InputError, chain(_unsafe(plan), recounted(plan)))
    return with_zone_finding(plan)


def _with_intervals(protocol: Any) -> Any:
    """A protocol's regimens with the doses that their texts say; what is none stays as it is."""
    match protocol:
        case {"regimens": [*regimens]}:
            return {**protocol, "regimens": [_with_interval(one) for one in regimens]}
    return protocol


def _with_interval(regimen: Any) -> Any:
    match regimen:
        case {"dose_mg": str(text)}:
            with suppress(ValueError):
                return {**regimen, "dose_mg": Interval.parse(text)}
    return regimen


def _worded(plan: Plan, kept: Any) -> Plan:
    """The plan, its sentences with what they are made of. Raises InputError where that is none."""
    try:
        known = read_wordings(kept)
        check_belong(known, (*plan.findings, *plan.decisions, *plan.visits))
    except ValueError as error:
        raise InputError(Problem(WORDING, str(error), _FIX)) from error
    return plan._replace(
        findings=worded(plan.findings, known),
        decisions=worded(plan.decisions, known),
        visits=worded(plan.visits, known),
    )


def is_uid(text: str) -> bool:
    """Whether a text is a calendar id as the planner makes them."""
    return bool(_UID.fullmatch(text))


def _unsafe(plan: Plan) -> Iterator[Problem]:
    """What would lead a file or an event elsewhere, and times that are none."""
    if not _COURSE.fullmatch(plan.course):
        yield Problem("course", "it is no course's id", _FIX)
    uids = [visit.uid for visit in plan.visits]
    if len(set(uids)) < len(uids) or not all(map(is_uid, uids)):
        yield Problem("visits", "a uid is none of the planner's, or stands twice", _FIX)
    if not _is_zone(plan.clinic.timezone):
        yield Problem("clinic.timezone", "it is no time zone", _FIX)
    for index, visit in enumerate(plan.visits, start=1):
        if visit.timezone != plan.clinic.timezone and not _is_zone(visit.timezone):
            yield Problem(f"visits[{index}].timezone", "it is no time zone", _FIX)
        start, end = visit.start, visit.end
        if start is None or end is None:
            continue
        if start.tzinfo is None or end.tzinfo is None:
            yield Problem(f"visits[{index}].start", "it has no offset from UTC", _FIX)
        elif not start < end:
            yield Problem(f"visits[{index}].end", "it is not after the start", _FIX)


def _unknown_lesions(plan: Plan) -> Iterator[Problem]:
    """Where a lesion is named that the plan does not have."""
    from planner.files.fields import shown

    known = {lesion.id for lesion in plan.lesions}
    named = {
        "decisions": {one.lesion for one in plan.decisions},
        "visits": {one.lesion for visit in plan.visits for one in visit.names},
        "syringes": {
            one.lesion
            for visit in plan.visits
            for syringe in visit.syringes
            for one in syringe.aliquots
        },
        "findings": {one.lesion for one in plan.findings if one.lesion is not None},
    }
    for place, lesions in named.items():
        for lesion in sorted(lesions - known):
            yield Problem(place, f"{shown(lesion)} is no lesion of the plan", _FIX)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _value_problems(value: Any, location: list[str | int]) -> Iterator[Problem]:
    """Texts and numbers that no course file could have brought in."""
    from planner.files.fields import FieldError, check_text, place

    if isinstance(value, dict):
        for key, one in value.items():
            yield from _value_problems(one, [*location, key])
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _value_problems(one, [*location, index])
    elif isinstance(value, Decimal | int) and not -MOST <= value <= MOST:
        yield Problem(place(location), "it is beyond any figure of a plan", _FIX)
    elif isinstance(value, str) and value:
        try:
            for start in range(0, len(value), LONGEST_TEXT):
                check_text(value[start : start + LONGEST_TEXT])
        except FieldError as error:
            yield Problem(place(location), error.problem, error.fix)

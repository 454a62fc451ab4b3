"""plan.json: a plan to bytes and back; the same plan gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from planner.core.consistency import LONGEST_TEXT, plan_problems
from planner.core.findings import Finding
from planner.core.formatting import ends, number, rounded
from planner.core.records import Plan
from planner.errors import InputError, Problem, located, raise_if_any
from planner.files.reading import exact_decimal, read_bytes

MOST = 10**7
# Of a finding only what it has is written; elsewhere a value that is not there is null.
_LEFT_OUT = {"lesion", "visit", "due", "confirmed_by", "reason"}


def plan_bytes(plan: Plan) -> bytes:
    """The plan as plan.json has it; its sha256 is what the papers carry the first digits of."""
    return json_bytes(plan)


def json_bytes(value: object) -> bytes:
    """Records as indented JSON; numbers are exact, with six decimals where they do not end."""
    import simplejson

    text = simplejson.dumps(_plain(value), use_decimal=True, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def read_plan(path: Path) -> tuple[Plan, bytes]:
    """A plan and the bytes that it was read from. Raises InputError with every problem."""
    with located(str(path)):
        content = read_bytes(path)
        return plan_from(content), content


def plan_from(content: bytes) -> Plan:
    """The plan of a plan.json. Raises InputError with every problem, by its place."""
    from pydantic import TypeAdapter, ValidationError

    from planner.files.fields import place

    try:
        values = json.loads(
            content.decode("utf-8"), parse_float=exact_decimal, parse_constant=_refuse
        )
    except (ValueError, RecursionError) as error:
        raise InputError(Problem("", "this is not a plan.json", "plan the course again")) from error
    raise_if_any(InputError, _value_problems(values, []))
    try:
        plan = TypeAdapter(Plan).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = f"this is not a plan.json of the planner ({first['msg'].lower()})"
        raise InputError(Problem(place(first["loc"]), problem, "plan the course again")) from error
    raise_if_any(InputError, plan_problems(plan))
    return plan


def _plain(value: Any) -> Any:
    """Records, dates and exact numbers as JSON has them."""
    match value:
        case Finding():
            kept = ((k, v) for k, v in _fields(value) if v is not None or k not in _LEFT_OUT)
            plain: Any = {name: _plain(one) for name, one in kept}
        case dict():
            plain = {name: _plain(one) for name, one in value.items()}
        case tuple() if hasattr(value, "_fields"):
            plain = {name: _plain(one) for name, one in _fields(value)}
        case tuple() | list():
            plain = [_plain(one) for one in value]
        case Fraction() | Decimal():
            plain = decimal(value)
        case date():
            plain = value.isoformat()
        case _:
            plain = value
    return plain


def decimal(value: Fraction | Decimal) -> Decimal:
    """A number for JSON: exact where it ends within six decimals, else with all six."""
    return Decimal(number(value)) if ends(value) else rounded(value)


def _fields(record: Any) -> Iterator[tuple[str, Any]]:
    yield from zip(record._fields, record, strict=True)


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
        yield Problem(place(location), "it is beyond any figure of a plan", "plan the course again")
    elif isinstance(value, str) and value:
        try:
            for start in range(0, len(value), LONGEST_TEXT):
                check_text(value[start : start + LONGEST_TEXT])
        except FieldError as error:
            yield Problem(place(location), error.problem, error.fix)


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not a number")

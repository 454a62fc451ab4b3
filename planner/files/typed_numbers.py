"""Numbers as people type them: in a cell, a form, a command; quick to load for the last."""

from __future__ import annotations

import re
from decimal import Decimal

from planner.core.values.said import said, term
from planner.core.values.shown import shown
from planner.errors import FieldError

_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)
# Blanks that group the digits of one number, and stand between no two doses: 1 mg before 200 mg
# is none, and no dose begins with a nought.
_GROUPED = re.compile(
    r"\d[\u00a0\u202f\u2009]\d|(?<![\d.,])(?:[1-9] \d{3}|[1-9]\d{0,2} 0\d\d)(?![\d.,])",
    re.ASCII,
)
# A figure as each unit may have it: one that nobody gives by copying it.
_EXAMPLES = {"mL": "0.08", "mm": "4.5", "": "3"}
_NUMBER = re.compile(r"([+-]?\d+(?:([.,])\d+)?)[ \u00a0\u202f]?([^\d\s.,;][^\d.,;]*)?", re.ASCII)


def read_number(text: str, unit: str, has_commas: bool) -> Decimal:
    """A number, with its unit or without. Raises FieldError.

    `has_commas` where a decimal may have a comma. `1.500` may be thousands, and is refused.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        check_grouping(text)
        example = term("typed", _example(text, unit, has_commas))
        fix = said("write it as {text}", text=example)
        raise FieldError(said("{text} is not a number", text=shown(text)), fix)
    digits, mark, named = match[1], match[2], match[3]
    if named and named.casefold() != unit.casefold():
        problem = said("{text} is not in {unit}", text=shown(text), unit=unit)
        raise FieldError(problem, said("give it in {unit}", unit=unit))
    if _THOUSANDS.fullmatch(digits.lstrip("+-")):
        raise _thousands(text)
    if mark == "," and not has_commas:
        fix = said("a decimal has a point: {text}", text=digits.replace(",", "."))
        raise FieldError(said("{text} has a comma", text=shown(text)), fix)
    return Decimal(digits.replace(",", "."))


def check_grouping(text: str) -> None:
    """Refuse blanks that may group the digits of one number. Raises FieldError."""
    if _GROUPED.search(text):
        raise _thousands(text)


def _example(text: str, unit: str, has_commas: bool) -> str:
    """What was meant, where only the nought is missing; else a figure that the unit has."""
    mark = "," if has_commas else "."
    if re.fullmatch(r"[.,]\d+", text.strip()):
        return f"0{mark}{text.strip()[1:]}"
    return f"{_EXAMPLES.get(unit, '12.5').replace('.', mark)} {unit}".strip()


def _thousands(text: str) -> FieldError:
    return FieldError(
        said("{text} may be thousands", text=shown(text)),
        said("write it without a mark, or as 1.5"),
    )

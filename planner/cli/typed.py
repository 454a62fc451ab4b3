"""Numbers as people type them on a command line."""

from __future__ import annotations

import re
from decimal import Decimal

from planner.core.values.formatting import ends
from planner.errors import InputError, Problem


def typed_number(text: str, unit: str, place: str) -> Decimal:
    """A number as people type it: `12.5`, `12.5 mg`. Raises InputError with the fix."""
    match = re.fullmatch(r"\s*([+-]?[0-9.,]+(?:[eE][+-]?\d+)?)\s*([^\d\s].*)?", text)
    if match is None:
        example = "3" if unit == "of 10" else f"12.5 {unit}"
        raise InputError(Problem(place, f"{text!r} is not a number", f"write it as {example}"))
    digits, said = match[1], (match[2] or unit).strip()
    if said not in (unit, unit.replace("mL", "ml")):
        raise InputError(Problem(place, f"{text!r} is not in {unit}", f"give it in {unit}"))
    if re.fullmatch(r"[1-9][0-9]{0,2}(,[0-9]{3})+", digits):
        fix = "write it without a mark, or as 1.5"
        raise InputError(Problem(place, f"{text!r} may be thousands", fix))
    if "," in digits:
        fix = f"a decimal has a point: {digits.replace(',', '.')}"
        raise InputError(Problem(place, f"{text!r} has a comma", fix))
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", digits):
        raise InputError(Problem(place, f"{text!r} is not a plain number", "write it as 12.5"))
    return Decimal(digits)


def check_decimals(value: Decimal, place: str) -> None:
    """Refuse a number that says more than six decimals."""
    if not ends(value):
        raise InputError(Problem(place, f"{value} has over six decimals", "round it as meant"))

"""The figures that people type: what each may be, in its unit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from planner.core.values.formatting import number
from planner.core.values.quantities import MOST_MG, MOST_MG_PER_ML, MOST_ML, MOST_MM, MOST_PAIN
from planner.core.values.said import said
from planner.errors import InputError, Problem
from planner.files.fields import FieldError, check_date


class Bounds(NamedTuple):
    """What a typed figure has to be: from `least` (inclusive, or above it) to `most`."""

    unit: str
    least: int
    most: int
    above: bool = True


MG = Bounds("mg", 0, MOST_MG)
ML = Bounds("mL", 0, MOST_ML)
SIZE_MM = Bounds("mm", 0, MOST_MM, above=False)
START_MM = Bounds("mm", 0, MOST_MM)
STRENGTH = Bounds("mg/mL", 0, MOST_MG_PER_ML)
VAS = Bounds(said("of 10"), 0, MOST_PAIN, above=False)


def check_bounds(figure: Decimal, bounds: Bounds, place: str) -> Decimal:
    """A figure within its bounds. Raises InputError."""
    is_below = figure < bounds.least or (bounds.above and figure == bounds.least)
    if is_below or figure > bounds.most:
        fix = said(
            "it is above {least} and at most {most} {unit}"
            if bounds.above
            else "it is from {least} and at most {most} {unit}",
            least=bounds.least,
            most=bounds.most,
            unit=bounds.unit,
        )
        raise InputError(
            Problem(place, said("{figure} is out of reach", figure=number(figure)), fix)
        )
    return figure


def check_expiry(typed: str, place: str) -> str:
    """A vial's expiry: 2027-03 or 2027-03-31. Raises InputError."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])(-[0-9]{2})?", typed):
        fix = said("write it as 2027-03 or 2027-03-31")
        raise InputError(Problem(place, said("{typed} is no date", typed=f"{typed!r}"), fix))
    if len(typed) > len("2027-03"):
        try:
            check_date(typed)
        except FieldError as error:
            raise InputError(Problem(place, error.problem, error.fix)) from error
    return typed

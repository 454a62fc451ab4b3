"""Numbers as people type them on a command line."""

from __future__ import annotations

from decimal import Decimal

from planner.core.values.formatting import ends
from planner.errors import FieldError, InputError, Problem


def typed_number(text: str, unit: str, place: str, *, has_commas: bool = False) -> Decimal:
    """A number as people type it: `12.5`, `12.5 mg`. Raises InputError with the fix.

    `has_commas` where the clinic's language writes a decimal with one.
    """
    from planner.files.typed_numbers import read_number

    if unit.startswith("of "):  # a pain has no unit of its own: `3` and `3 of 10` are one
        text, unit = text.strip().removesuffix(unit), ""
    try:
        figure = read_number(text, unit, has_commas)
    except FieldError as error:
        raise InputError(Problem(place, error.problem, error.fix)) from error
    if not ends(figure):
        raise InputError(Problem(place, f"{figure} has over six decimals", "round it as meant"))
    return figure

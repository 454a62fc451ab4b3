"""A clinic: where it is, when it is open, what it draws up with, what it has in stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from fractions import Fraction
from typing import Literal

from planner.core.quantities import Strength

Salt = Literal["pentahydrate", "anhydrous", "not stated"]


@dataclass(frozen=True)
class Span:
    """Opening hours from `start` (inclusive) to `end`, when the last visit is over."""

    start: time
    end: time


@dataclass(frozen=True)
class Closure:
    """Days without visits, both inclusive."""

    first: date
    last: date


@dataclass(frozen=True)
class Syringe:
    """A size of syringe. `dead_space_ml` stays behind in it and its needle."""

    capacity_ml: Fraction
    graduation_ml: Fraction
    dead_space_ml: Fraction


# What serves without a clinic file that says otherwise.
USUAL_SYRINGES = tuple(
    Syringe(Fraction(capacity), Fraction(graduation), Fraction(0))
    for capacity, graduation in (("1", "0.01"), ("3", "0.1"), ("5", "0.2"), ("10", "0.5"))
)


@dataclass(frozen=True)
class Stock:
    """What the clinic draws from; a vial is opened for one visit."""

    strength: Strength
    salt: Salt
    vial_ml: Fraction | None


@dataclass(frozen=True)
class Approval:
    """That the clinic lets a version of a protocol be used, until `review_by` (inclusive)."""

    protocol: str
    version: str
    by: str
    on: date
    review_by: date


@dataclass(frozen=True)
class Clinic:
    """A clinic as its file states it; `assumed` names what the file leaves to the planner.

    `opening` has a tuple of spans for each weekday, Monday first. `public_holidays` is None
    where they are working days; otherwise it names those of `holiday_years` and of no other.
    """

    name: str
    address: str
    phone: str
    timezone: str
    opening: tuple[tuple[Span, ...], ...]
    closures: tuple[Closure, ...]
    injection_minutes: int
    evaluation_minutes: int
    capacity: int
    reminders: tuple[timedelta, ...]
    paper: Literal["A4", "Letter"]
    language: Literal["en", "da"]
    draw_up: Literal["each", "shared"]
    second_check: bool
    stock: Stock | None
    syringes: tuple[Syringe, ...]
    approvals: tuple[Approval, ...]
    public_holidays: Mapping[date, str] | None = None
    holiday_years: range = range(0)
    assumed: tuple[str, ...] = ()

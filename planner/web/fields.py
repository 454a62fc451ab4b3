"""What somebody filled into a form, read as the files are read; every problem by its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from planner.core.values.formatting import ends
from planner.core.values.said import said
from planner.documents.printable import check_printable
from planner.errors import InputError, PlannerError, Problem
from planner.files.fields import (
    FieldError,
    check_date,
    check_moment,
    check_text,
    check_whole,
    nearest,
)
from planner.files.figures import Bounds, check_bounds, check_expiry
from planner.files.lesions import read_number

T = TypeVar("T")
S = TypeVar("S", bound=str)
YES_NO = {"yes": True, "no": False}


class Fields:
    """A form that was sent; `has_commas` where the clinic's language writes a decimal with one."""

    def __init__(self, values: Mapping[str, str], *, has_commas: bool) -> None:
        self.values = values
        self.has_commas = has_commas
        self.problems: list[Problem] = []

    def said(self, name: str) -> str:
        """A field as it was filled in, without blanks around it."""
        return self.values.get(name, "").strip()

    def text(self, name: str, *, must: bool = False) -> str | None:
        """A line of text; None for nothing."""
        text = self._read(name, _text, must=must)
        return text or None

    def number(self, name: str, bounds: Bounds, *, must: bool = False) -> Decimal | None:
        """A figure within its bounds, exact; None for nothing."""
        return self._read(name, lambda typed: self._figure(typed, bounds, name), must=must)

    def _figure(self, typed: str, bounds: Bounds, name: str) -> Decimal:
        # A pain has no unit of its own: `3` and `3 of 10` are one.
        unit = "" if bounds.unit.startswith("of") else bounds.unit
        figure = read_number(typed, unit, self.has_commas)
        if not ends(figure):
            raise FieldError(
                said("{figure} has over six decimals", figure=typed),
                said("round it as meant"),
            )
        return check_bounds(figure, bounds, name)

    def moment(self, name: str, *, must: bool = False) -> datetime | None:
        """A day and hour of the clinic's clock; None for nothing."""
        return self._read(name, check_moment, must=must)

    def day(self, name: str, *, must: bool = False) -> date | None:
        """A day; None for nothing."""
        return self._read(name, check_date, must=must)

    def days(self, first: str, last: str, *, must: bool = False) -> tuple[date | None, date | None]:
        """Two days, the second not before the first; None for nothing."""
        begin, end = self.day(first, must=must), self.day(last)
        if begin is not None and end is not None and end < begin:
            problem = said("{end} is before {begin}", end=end, begin=begin)
            self.problems.append(Problem(last, problem, said("swap the days")))
        return begin, end

    def expiry(self, name: str) -> str | None:
        """A vial's expiry; None for nothing."""
        return self._read(name, lambda typed: check_expiry(typed, name), must=False)

    def choice(self, name: str, choices: Mapping[str, T], *, must: bool = False) -> T | None:
        """One of several; None for nothing."""

        def read(typed: str) -> T:
            if typed not in choices:
                raise FieldError(
                    said("{typed} is no choice", typed=f"{typed!r}"), nearest(typed, list(choices))
                )
            return choices[typed]

        return self._read(name, read, must=must)

    def one_of(self, name: str, choices: Sequence[S], *, must: bool = False) -> S | None:
        """One of the texts of a Literal; None for nothing."""
        return self.choice(name, {one: one for one in choices}, must=must)

    def whole(
        self, name: str, *, least: int = 1, most: int = 9999, must: bool = False
    ) -> int | None:
        """A whole number within its bounds, both inclusive; None for nothing."""

        def read(text: str) -> int:
            if not re.fullmatch("0|[1-9][0-9]{0,8}", text):
                problem = said("{text} is not a number", text=repr(text))
                raise FieldError(problem, said("write it as {text}", text=f"{max(least, 1)}"))
            return check_whole(least, most)(int(text))

        return self._read(name, read, must=must)

    def _read(self, name: str, read: Callable[[str], T], *, must: bool) -> T | None:
        text = self.said(name)
        if not text:
            if must:
                self.problems.append(Problem(name, said("nothing is said"), said("fill it in")))
            return None
        with self.noting(name):
            return read(text)
        return None

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Keep what is wrong with a field, and go on."""
        try:
            yield
        except FieldError as error:
            self.problems.append(Problem(name, error.problem, error.fix))
        except PlannerError as error:
            self.problems += (replace(one, place=one.place or name) for one in error.problems)

    def check(self) -> None:
        """Raise InputError with all that is wrong."""
        if self.problems:
            raise InputError(*self.problems)


def by_place(problems: Sequence[Problem]) -> dict[str, Problem]:
    """What is wrong with each field, by its name."""
    found: dict[str, Problem] = {}
    for one in problems:
        found.setdefault(one.place, one)
    return found


def _text(typed: str) -> str:
    check_printable([("", typed)])
    return check_text(typed)

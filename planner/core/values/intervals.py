"""Stretches of numbers with open or closed ends, written as DMN writes unary tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planner.core.values.formatting import amount, listing, number
from planner.core.values.quantities import Number
from planner.core.values.said import said

_NUMBER = r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?"
_COMPARISON = re.compile(rf"(<=|>=|<|>|=) *({_NUMBER})")
_RANGE = re.compile(rf"([\[(]) *({_NUMBER}) *\.\. *({_NUMBER}) *([\])])")


@dataclass(frozen=True)
class Interval:
    """A stretch of numbers, each end open or closed; an end left out is endless.

    A Decimal compares exactly with a Fraction.
    """

    low: Decimal | None = None
    low_closed: bool = False
    high: Decimal | None = None
    high_closed: bool = False

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read a DMN unary test: `< 5`, `>= 5`, `= 3`, `[5..20)`. Raises ValueError."""
        if match := _COMPARISON.fullmatch(text.strip()):
            sign, bound = match[1], Decimal(match[2])
            if sign == "=":
                return cls(bound, True, bound, True)
            if sign.startswith("<"):
                return cls(high=bound, high_closed=sign == "<=")
            return cls(low=bound, low_closed=sign == ">=")
        if match := _RANGE.fullmatch(text.strip()):
            return cls(Decimal(match[2]), match[1] == "[", Decimal(match[3]), match[4] == "]")
        raise ValueError(f"{text!r} is not a bound")

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Decimal | int | Fraction):
            return False
        return not self.is_above(value) and not self.is_below(value)

    def is_above(self, value: Number) -> bool:
        """Whether all of the stretch lies above the value."""
        low = self.low
        return low is not None and (low > value or (low == value and not self.low_closed))

    def is_below(self, value: Number) -> bool:
        """Whether all of the stretch lies below the value."""
        high = self.high
        return high is not None and (high < value or (high == value and not self.high_closed))

    @property
    def bounds(self) -> tuple[Decimal, ...]:
        """The ends that it has, the lower first."""
        return tuple(bound for bound in (self.low, self.high) if bound is not None)

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (
            self.low == self.high and not (self.low_closed and self.high_closed)
        )

    def within(self, other: Interval) -> Interval:
        """What lies in both; of two ends at one number the open one counts."""
        both = (self, other)
        lows = ((one.low, not one.low_closed) for one in both if one.low is not None)
        highs = ((one.high, one.high_closed) for one in both if one.high is not None)
        low, is_open = max(lows, default=(None, True))
        high, is_closed = min(highs, default=(None, False))
        return Interval(low, not is_open, high, is_closed)

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            if self.low == self.high:
                return f"= {number(self.low)}"
            left, right = "[" if self.low_closed else "(", "]" if self.high_closed else ")"
            return f"{left}{number(self.low)}..{number(self.high)}{right}"
        if self.high is not None:
            return f"{'<=' if self.high_closed else '<'} {number(self.high)}"
        if self.low is not None:
            return f"{'>=' if self.low_closed else '>'} {number(self.low)}"
        return "any"

    def words(self, unit: str) -> str:
        """`under 5 mm`, `5 mm or more`, `12.5 mg to 30 mg`: as a sentence has it."""
        low, high = self.low, self.high
        if low is not None and low == high:
            return amount(low, unit)
        if low is not None and high is not None and self.low_closed and self.high_closed:
            return said("{low} to {high}", low=amount(low, unit), high=amount(high, unit))
        parts = []
        if low is not None:
            least = amount(low, unit)
            parts.append(
                said("{amount} or more" if self.low_closed else "over {amount}", amount=least)
            )
        if high is not None:
            most = amount(high, unit)
            parts.append(
                said("{amount} or less" if self.high_closed else "under {amount}", amount=most)
            )
        return listing(parts)

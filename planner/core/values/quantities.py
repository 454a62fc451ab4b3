"""Doses, strengths and volumes, exact; the only place where milligrams meet millilitres."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# The most that anybody enters of each, whatever the protocol: beyond lies a slip of the unit.
MOST_MG, MOST_ML, MOST_MM, MOST_PAIN = 100_000, 1000, 10_000, 10
MOST_MG_PER_ML = 10_000

Number = int | Decimal | Fraction


@dataclass(frozen=True, order=True, slots=True)
class Strength:
    """Mass of drug in a volume, in mg/mL; always above zero."""

    mg_per_ml: Fraction

    def __post_init__(self) -> None:
        if self.mg_per_ml <= 0:
            raise ValueError("a strength is above 0 mg/mL")


@dataclass(frozen=True, order=True, slots=True)
class Volume:
    """A volume in mL."""

    ml: Fraction

    def __add__(self, other: Volume) -> Volume:
        return Volume(self.ml + other.ml)

    def __sub__(self, other: Volume) -> Volume:
        return Volume(self.ml - other.ml)

    def __mul__(self, strength: Strength) -> Dose:
        return Dose(self.ml * strength.mg_per_ml)


@dataclass(frozen=True, order=True, slots=True)
class Dose:
    """A mass of drug in mg."""

    mg: Fraction

    def __add__(self, other: Dose) -> Dose:
        return Dose(self.mg + other.mg)

    def __truediv__(self, strength: Strength) -> Volume:
        return Volume(self.mg / strength.mg_per_ml)


def graduations(amount: Fraction, graduation: Fraction) -> int:
    """The number of whole graduations nearest to an amount; an exact half goes down."""
    return -((graduation - 2 * amount) // (2 * graduation))


def is_whole(amount: Fraction, graduation: Fraction) -> bool:
    """Whether an amount lies on a graduation line."""
    return (amount / graduation).denominator == 1

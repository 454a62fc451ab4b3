"""What a clinic draws with and from: syringes and stock."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

from planner.core.values.quantities import Strength

Salt = Literal["pentahydrate", "anhydrous", "not stated"]


class Syringe(NamedTuple):
    """A size of syringe. `dead_space_ml` stays behind in it and its needle."""

    capacity_ml: Fraction
    graduation_ml: Fraction
    dead_space_ml: Fraction


# What serves without a clinic file that says otherwise.
USUAL_SYRINGES = tuple(
    Syringe(Fraction(capacity), Fraction(graduation), Fraction(0))
    for capacity, graduation in (("1", "0.01"), ("3", "0.1"), ("5", "0.2"), ("10", "0.5"))
)


class Stock(NamedTuple):
    """What the clinic draws from; a vial is opened for one visit."""

    strength_mg_per_ml: Fraction
    salt: Salt
    vial_ml: Fraction | None

    @property
    def strength(self) -> Strength:
        """How strong it is; ValueError for one that is not above zero."""
        return Strength(self.strength_mg_per_ml)

"""What is drawn up for each visit of a course, in which syringes, from what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.core.checks import Decided
from planner.core.clinic import Clinic
from planner.core.dosing import (
    DrawUp,
    Filled,
    Recipe,
    draw_up,
    fill_each,
    fill_shared,
    needed,
    recipe,
)
from planner.core.protocol import Protocol
from planner.core.quantities import Strength
from planner.core.schedule import Visit


@dataclass(frozen=True)
class Prepared:
    """The draw-ups of all injections, by lesion; none for one whose doses were left open."""

    draw_ups: Mapping[str, tuple[DrawUp, ...]]
    strength: Strength
    clinic: Clinic

    @classmethod
    def of(cls, decided: Sequence[Decided], protocol: Protocol, clinic: Clinic) -> Prepared:
        """Draw up every dose at the protocol's strength, in the clinic's syringes."""
        strength = protocol.strength
        found = {}
        for one in decided:
            doses = one.lesion.doses
            if one.lesion.same_dose:
                doses = doses * protocol.regimens[one.regimen].injections
            found[one.lesion.id] = tuple(draw_up(d, strength, clinic.syringes) for d in doses)
        return cls(found, strength, clinic)

    @property
    def has_blanks(self) -> bool:
        """Whether a dose was left open."""
        return not all(self.draw_ups.values())

    def drawn(self, visit: Visit) -> list[tuple[str, DrawUp]]:
        """The draw-ups of a visit, for the lesions whose doses are given."""
        return [
            (one.lesion, self.draw_ups[one.lesion][one.count - 1])
            for one in visit.injected
            if self.draw_ups[one.lesion]
        ]

    def filled(self, visit: Visit) -> tuple[Filled, ...]:
        """The syringes of a visit, as the clinic shares them or not."""
        drawable = [(lesion, one) for lesion, one in self.drawn(visit) if one.is_drawable]
        return fill_shared(drawable) if self.clinic.draw_up == "shared" else fill_each(drawable)

    def is_whole(self, visit: Visit) -> bool:
        """Whether every injection of a visit has a dose, and there is one."""
        return 0 < len(self.drawn(visit)) == len(visit.injected)

    def recipe(self, visit: Visit) -> Recipe | None:
        """What a visit takes from the stock; None where no stock will do or none is stated."""
        stock = self.clinic.stock
        if stock is None or stock.strength < self.strength:
            return None
        return recipe(stock, self.strength, needed(self.filled(visit)), self.clinic.syringes)

"""What is drawn up for each visit of a course, in which syringes, from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import (
    FIRST_EDITION_MEASURING,
    MEASURING,
    DrawUp,
    Filled,
    Recipe,
    draw_up,
    fill_each,
    fill_shared,
    needed,
    recipe,
)
from planner.core.plan.appointments import Appointment, Visit
from planner.core.plan.course import Lesion
from planner.core.protocol.protocol import Protocol
from planner.core.values.quantities import Dose, Strength, Volume


class ToPrepare(NamedTuple):
    """What some visits take in all; `vials` is None where a visit's are not known.

    `diluted` has the stock of each strength that is diluted and its diluent, `measuring` the
    syringes that measure both for each visit; `syringes` are those of the lesions.
    """

    drawn_ml: Decimal
    vials: int | None
    syringes: list[dict[str, Any]]
    doses_open: int
    diluted: list[dict[str, Decimal]]
    measuring: list[dict[str, Any]]


@dataclass(frozen=True)
class Prepared:
    """The draw-ups of each lesion's injections; None for one whose dose was left open."""

    lesions: Mapping[str, Lesion]
    draw_ups: Mapping[str, tuple[DrawUp | None, ...]]
    strength: Strength
    clinic: Clinic
    is_of_first_edition: bool = False

    @classmethod
    def of(
        cls,
        lesions: Sequence[Lesion],
        doses: Mapping[str, Sequence[Dose | None]],
        protocol: Protocol,
        clinic: Clinic,
    ) -> Prepared:
        """Draw up every dose of each lesion, at the protocol's strength, in the clinic's syringes.

        None is a dose that was left open.
        """
        strength = protocol.strength
        found = {
            lesion: tuple(
                None if dose is None else draw_up(dose, strength, clinic.syringes)
                for dose in of_lesion
            )
            for lesion, of_lesion in doses.items()
        }
        return cls({one.id: one for one in lesions}, found, strength, clinic)

    def blank(self, visits: Iterable[Visit]) -> frozenset[str]:
        """The lesions of which an injection is to come whose dose was left open."""
        return frozenset(
            one.lesion
            for visit in visits
            for one in visit.injected
            if one.state == "planned" and self.of_injection(one) is None
        )

    def given(self, lesion: str) -> list[DrawUp]:
        """The draw-ups of a lesion, for the injections whose doses are given."""
        return [one for one in self.draw_ups[lesion] if one is not None]

    def of_injection(self, injection: Appointment) -> DrawUp | None:
        """How an injection is drawn up; None where its dose was left open."""
        return self.draw_ups[injection.lesion][injection.count - 1]

    def drawn(self, visit: Visit) -> list[tuple[str, DrawUp]]:
        """What a visit is drawn up for, for the lesions whose doses are given."""
        found = ((one.lesion, self.of_injection(one)) for one in visit.to_draw)
        return [(lesion, one) for lesion, one in found if one is not None]

    def filled(self, visit: Visit) -> tuple[Filled, ...]:
        """The syringes of a visit, as the clinic shares them or not."""
        drawable = [(lesion, one) for lesion, one in self.drawn(visit) if one.is_drawable]
        if self.clinic.draw_up == "each":
            return fill_each(drawable)
        if self.is_of_first_edition:
            return fill_shared(drawable)
        # What touched an ulcer touches no intact skin after it.
        return fill_shared(sorted(drawable, key=lambda one: self.lesions[one[0]].ulcerated))

    def need(self, visit: Visit) -> Volume:
        """What a visit takes of the protocol's strength, dead space included."""
        return needed(self.filled(visit), needle_change=self.clinic.needle_change)

    def is_whole(self, visit: Visit) -> bool:
        """Whether every injection of a visit has a dose, and there is one."""
        return 0 < len(self.drawn(visit)) == len(visit.to_draw)

    def recipe(self, visit: Visit) -> Recipe | None:
        """What a visit takes from the stock; None where no stock will do or none is stated."""
        stock = self.clinic.stock
        if stock is None or stock.strength < self.strength:
            return None
        measuring = FIRST_EDITION_MEASURING if self.is_of_first_edition else MEASURING
        return recipe(stock, self.strength, self.need(visit), self.clinic.syringes, measuring)


def each_dose(lesion: Lesion, injections: int) -> tuple[Dose | None, ...]:
    """The dose of each of a lesion's injections; None where it was left open."""
    if lesion.same_dose:
        return lesion.doses * injections
    return lesion.doses or (None,) * injections

"""The numbers of visits: each given once and kept, however days change.

A visit is known by its first appointment, and has its number and its calendar id by that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from planner.core.plan.appointments import Named


class Numbered(NamedTuple):
    """What a visit is called by; without a `uid` it has not been in any calendar."""

    number: int
    uid: str | None = None


class Numbering(NamedTuple):
    """The visits that have a number, by their first appointments.

    `last_number` is the highest that was ever given: one that fell away is never given again.
    `issued` are the calendar ids of visits that have no number here; they stay.
    """

    known: Mapping[Named, Numbered] = {}
    last_number: int = 0
    issued: Mapping[Named, str] = {}

    @classmethod
    def carried_on(cls, known: Mapping[Named, Numbered], last_number: int = 0) -> Numbering:
        """The numbering of visits that were there before; 0 is the highest number among them."""
        highest = max((one.number for one in known.values()), default=0)
        return cls(known, max(last_number, highest))

    def of(self, first: Named) -> Numbered:
        """The number of a visit. Raises KeyError for one that was given none."""
        return self.known[first]

    def with_new(self, firsts: Iterable[Named]) -> Numbering:
        """This numbering of these visits alone, in their order; new ones get the next numbers."""
        found: dict[Named, Numbered] = {}
        last = self.last_number
        for first in firsts:
            if first in self.known:
                found[first] = self.known[first]
            elif first not in found:
                last += 1
                found[first] = Numbered(last, self.issued.get(first))
        return Numbering(found, last)


def first_of(names: Iterable[Named], lesions: Sequence[str]) -> Named:
    """The appointment that a visit is known by: an injection goes before an evaluation.

    `lesions` are those of the course in the order in which they came.
    """
    return min(names, key=lambda one: (lesions.index(one.lesion), one.purpose == "evaluation"))

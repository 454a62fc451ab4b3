"""What the source's cases were given at a site, and near a size: harm is done locally."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from planner.core.protocol.protocol import Case, Protocol


class Compared(NamedTuple):
    """Cases that a dose is compared with, and the largest that one of them was given at once."""

    most_mg: Decimal
    cases: tuple[Case, ...]


class Comparison(NamedTuple):
    """The cases at a lesion's site, and those nearest in size; None where there are none."""

    at_site: Compared | None
    in_size: Compared | None

    @property
    def least_mg(self) -> Decimal | None:
        """The smaller of the two largest doses; None where there is nothing to compare with."""
        there = [one.most_mg for one in self if one is not None]
        return min(there, default=None)


def comparison(protocol: Protocol, site: str, size_mm: Decimal) -> Comparison:
    """What a lesion's doses are compared with."""
    return Comparison(cases_at(protocol, site), _compared(_nearest(protocol.cases, size_mm)))


def cases_at(protocol: Protocol, site: str) -> Compared | None:
    """The cases at a site, or at the one that it is compared with."""
    wanted = protocol.like.get(site, site)
    there = [one for one in protocol.cases if protocol.like.get(one.site, one.site) == wanted]
    return _compared(there)


def _nearest(cases: Sequence[Case], size_mm: Decimal) -> list[Case]:
    """The cases nearest in size, at or below and at or above it."""
    below = max((one.size_mm for one in cases if one.size_mm <= size_mm), default=None)
    above = min((one.size_mm for one in cases if one.size_mm >= size_mm), default=None)
    return [one for one in cases if one.size_mm in (below, above)]


def _compared(cases: Sequence[Case]) -> Compared | None:
    most = [one.dose_range_mg.high for one in cases if one.dose_range_mg.high is not None]
    return Compared(max(most), tuple(cases)) if most else None

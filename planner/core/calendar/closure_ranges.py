"""What closes a clinic beside its file, and what opens it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from planner.core.calendar.clinic import Clinic, Closure
from planner.core.values.days import ONE_DAY


def without_days(closures: Iterable[Closure], first: date, last: date) -> Iterator[Closure]:
    """Closures less what they close from one day to another, both inclusive."""
    for one in closures:
        if one.last < first or last < one.first:
            yield one
            continue
        if one.first < first:
            yield one._replace(last=first - ONE_DAY)
        if last < one.last:
            yield one._replace(first=last + ONE_DAY)


def closed_besides(clinic: Clinic, closures: Sequence[Closure]) -> Clinic:
    """A clinic that is closed by more than its file says."""
    return clinic._replace(closures=(*clinic.closures, *closures))

"""The law of a series: what holds of a lesion's injections, given and to come, whatever happened.

At most one injection of a lesion a day; in the order of their numbers; none to come before one
that was given, nor on its day; none closer to another than the shortest interval; none of a held
lesion from the day of its hold on. What was done may break it, as it was done: that is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Literal, NamedTuple

Clause = Literal["one-a-day", "order", "after-given", "interval", "hold"]


class Injection(NamedTuple):
    """An injection of a lesion on a day; `number` is its own count, 1, 2, ..."""

    lesion: str
    number: int
    on: date
    is_given: bool


class Breach(NamedTuple):
    """Where the law does not hold: two injections by their numbers, and the days between them.

    For a hold both are the injection that is to come inside it, and `days` is 0.
    """

    clause: Clause
    earlier: Injection
    later: Injection
    days: int

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is to come: it is as it was."""
        return self.earlier.is_given and self.later.is_given

    @property
    def to_come(self) -> Iterator[Injection]:
        """Those of the two that can still be given on another day."""
        yield from (one for one in {self.earlier, self.later} if not one.is_given)


def breaches(
    injections: Iterable[Injection], shortest_days: int, held_since: date | None = None
) -> Iterator[Breach]:
    """Where the injections of one lesion break the law; `held_since` is the first day of a hold."""
    found = sorted(injections, key=lambda one: one.number)
    yield from _in_hold(found, held_since)
    for earlier, later in combinations(found, 2):
        days = (later.on - earlier.on).days
        if clause := _clause(earlier, later, days, shortest_days):
            yield Breach(clause, earlier, later, abs(days))


def _clause(earlier: Injection, later: Injection, days: int, shortest_days: int) -> Clause | None:
    """The weightiest clause that two injections break, or None."""
    if days == 0:
        return "one-a-day"
    is_before_given = earlier.is_given != later.is_given and (
        (days < 0 and earlier.is_given) or (days > 0 and later.is_given)
    )
    if is_before_given:
        return "after-given"
    if days < 0:
        return "order"
    return "interval" if days < shortest_days else None


def _in_hold(found: Sequence[Injection], since: date | None) -> Iterator[Breach]:
    for one in found:
        if since is not None and not one.is_given and one.on >= since:
            yield Breach("hold", one, one, 0)

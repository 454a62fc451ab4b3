"""A zone's rules of today against times that were issued under other ones.

Parliaments change the rules of a zone, and the offsets that were issued are then not those of
today. People were told the wall clock, so that stands; the instant follows today's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.plan.findings import Finding, in_order
from planner.core.plan.plan import Plan
from planner.core.values.formatting import count, moment
from planner.core.values.said import said

CODE = "zone-rules-changed"
# A visit by its number, with its start and end as issued.
Timed = tuple[int, datetime | None, datetime | None]


class Differing(NamedTuple):
    """A visit whose offset is not that of today's rules: a time as issued, and as it is now."""

    visit: int
    issued: datetime
    now: datetime


def by_todays_rules(issued: datetime, zone: ZoneInfo) -> datetime:
    """The same wall clock with the offset of today; unchanged where the offset still holds."""
    if issued.tzinfo is None:
        return issued
    clock = issued.replace(tzinfo=None)
    try:
        holds = issued.astimezone(zone).replace(tzinfo=None) == clock
    except OverflowError:
        return issued  # at the ends of the calendar no zone can be looked up
    return issued if holds else clock.replace(tzinfo=zone)


def wall(value: datetime | None) -> datetime | None:
    """What the clock shows at a time."""
    return None if value is None else value.replace(tzinfo=None)


def differing(visits: Iterable[Timed], zone: ZoneInfo) -> Iterator[Differing]:
    """The visits whose start or end has another offset than today's rules give it."""
    for number, *times in visits:
        for issued in times:
            now = None if issued is None else by_todays_rules(issued, zone)
            if issued is None or now is None:
                continue
            if now.utcoffset() != issued.utcoffset():
                yield Differing(number, issued, now)
                break


def with_zone_finding(plan: Plan) -> Plan:
    """A plan that was read, with the caution where its visits to come differ from today's rules."""
    times = ((visit.number, visit.start, visit.end) for visit in plan.coming)
    found = list(differing(times, ZoneInfo(plan.clinic.timezone)))
    if not found:
        return plan
    finding = _finding(plan.clinic.timezone, found)
    return plan._replace(findings=in_order((*plan.findings, finding), list(plan.lesion_ids)))


def without_zone_finding(plan: Plan) -> Plan:
    """The plan as it was issued: the caution is of who reads it, not of who made it."""
    if any(one.code == CODE for one in plan.findings):
        kept = tuple(one for one in plan.findings if one.code != CODE)
        return plan._replace(findings=kept)
    return plan


def says_the_same(one: Plan, other: Plan) -> bool:
    """Whether two plans differ at most in the offsets that a zone's rules gave them.

    A plan of the first edition lists no pages: that is no difference either.
    """
    if one == other:
        return True
    if not (one.pages and other.pages):
        one, other = (plan._replace(pages=(), last_number=0) for plan in (one, other))
    first, second = (_on_the_clock(without_zone_finding(plan)) for plan in (one, other))
    return bool(first == second)


def _finding(zone: str, found: list[Differing]) -> Finding:
    first = found[0]
    numbers = ", ".join(str(one.visit) for one in found)
    before, now = _offset(first.issued), _offset(first.now)
    message = said(
        "{zone}: {visits}: {numbers}, from {start} on: issued at {before}, by today's rules {now};"
        " the wall clock stands",
        zone=zone,
        visits=count(len(found), "visit"),
        numbers=numbers,
        start=moment(first.issued),
        before=before,
        now=now,
    )
    return Finding(CODE, "caution", message, f"{zone}: {before}, {now}")


def _offset(value: datetime) -> str:
    """`UTC-07:00`."""
    return f"UTC{value.strftime('%z')[:3]}:{value.strftime('%z')[3:5]}"


def _on_the_clock(value: Any) -> Any:
    """A record with what its clocks show, their offsets left out."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, tuple):
        return tuple(_on_the_clock(one) for one in value)
    return value

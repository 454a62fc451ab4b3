"""What today's rules, libraries and zones would choose otherwise. It changes nothing.

A course keeps what was decided; whoever keeps the register is told where that differs from what
would be decided now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from planner.core.deciding import migrate, settle
from planner.core.events import Entry, Migrated, Settled
from planner.core.findings import Finding
from planner.core.formatting import typed_moment
from planner.core.history import State, fold
from planner.core.occupancy import Occupancy
from planner.core.opening import Opening
from planner.core.plan import decide
from planner.core.records import PlannedVisit
from planner.errors import PlannerError
from planner.register.inputs import clinic_today
from planner.register.occupancy import taken_by_others
from planner.register.store import Record, read_input


def differences(connection: Connection, record: Record) -> Iterator[str]:
    """Each visit to come, dose, finding or offset of a running course that would be another."""
    state = record.state
    if state.ended is not None:
        return
    taken = taken_by_others(connection, record)
    clinic = clinic_today(read_input(connection, record.clinic))
    record = record._replace(opening=Opening(clinic, taken))
    yield from _regimens(state, record)
    coming = {
        number for number, visit in state.visits.items()
        if any(state.is_open(name) for name in visit.names)
    }  # fmt: skip
    for entry, numbers in _deciding(record.entries, coming):
        try:
            today = _again(record, entry)
        except PlannerError as error:
            yield f"event {entry.number} would be refused today: {error}"
            continue
        assert entry.settled is not None
        yield from _visits(entry.settled, today, numbers)
        yield from _findings(entry.settled.findings, today.findings)
    visits = [state.visits[number] for number in sorted(coming)]
    yield from _offsets(visits, record)


def _deciding(entries: Sequence[Entry], coming: set[int]) -> Iterator[tuple[Entry, set[int]]]:
    """The events that settled the visits to come as they stand, each with those visits."""
    left = set(coming)
    for entry in reversed(entries):
        if entry.settled is not None:
            numbers = {one.number for one in entry.settled.visits} & left
            if numbers:
                left -= numbers
                yield entry, numbers


def _again(record: Record, entry: Entry) -> Settled:
    """What an event would settle today."""
    before = record.entries[: entry.number - 1]
    if isinstance(entry.event, Migrated):
        alone = Opening(record.opening.clinic, Occupancy())
        return migrate(before, record.protocol, alone)
    state = fold(before, record.protocol) if before else None
    bare = entry._replace(settled=None)
    settled = settle(state, bare, before, record.protocol, record.opening)[0].settled
    assert settled is not None
    return settled


def _regimens(state: State, record: Record) -> Iterator[str]:
    for lesion in state.course.lesions:
        kept = state.decisions[lesion.id].regimen
        today = decide(lesion, record.protocol).regimen
        if today != kept:
            yield f"lesion {lesion.id}: {kept} was chosen, today's rules give {today}"


def _visits(kept: Settled, today: Settled, numbers: set[int]) -> Iterator[str]:
    there = {one.uid: one for one in today.visits}
    for one in kept.visits:
        if one.number not in numbers:
            continue
        other = there.get(one.uid)
        if other is None or _wall(other) != _wall(one):
            chosen = "no day" if other is None else _wall(other)
            yield f"visit {one.number} is on {_wall(one)}; today's rules would choose {chosen}"
        elif (other.injections, other.syringes, other.preparation) != (
            one.injections,
            one.syringes,
            one.preparation,
        ):
            yield f"visit {one.number}: what is drawn up would be drawn up otherwise today"


def _wall(visit: PlannedVisit) -> str:
    return "no day" if visit.start is None else typed_moment(visit.start)


def _findings(kept: tuple[Finding, ...] | None, today: tuple[Finding, ...] | None) -> Iterator[str]:
    was, now = ({_said(one) for one in each or ()} for each in (kept, today))
    for code, where, value in sorted(now - was):
        yield f"today's rules would also find {code} ({where}{value})"
    for code, where, value in sorted(was - now):
        yield f"today's rules would not find {code} ({where}{value})"


def _said(one: Finding) -> tuple[str, str, str]:
    where = f"lesion {one.lesion}: " if one.lesion else f"visit {one.visit}: " if one.visit else ""
    return one.code, where, one.value


def _offsets(visits: Sequence[PlannedVisit], record: Record) -> Iterator[str]:
    zone = ZoneInfo(record.opening.clinic.timezone)
    for one in visits:
        if one.start is not None:
            today = one.start.replace(tzinfo=zone).utcoffset()
            if today != one.start.utcoffset():
                yield (
                    f"visit {one.number} on {typed_moment(one.start)}: the rules of {zone.key}"
                    " changed; the wall clock stands"
                )

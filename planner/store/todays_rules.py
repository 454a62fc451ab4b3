"""What today's rules, libraries and zones would choose otherwise. It changes nothing.

A course keeps what was decided; whoever keeps the register is told where that differs from what
would be decided now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.course_state import State, fold
from planner.core.followup.events import Entry, Migrated
from planner.core.followup.first_edition_history import migrate
from planner.core.followup.settling import settle
from planner.core.plan.appointments import Named
from planner.core.plan.findings import Finding
from planner.core.plan.plan import PlannedVisit
from planner.core.plan.planning import decide
from planner.core.values.formatting import typed_moment
from planner.errors import PlannerError
from planner.store.clinics import Place
from planner.store.histories import Record
from planner.store.taken_times import taken_by_others

# What tells that a visit is not when it was due: its time is compared by itself.
MOVED = "visit-moved"


class _Facts(NamedTuple):
    """The appointments to come whose time, or draw-up, an event decided as it stands."""

    timed: frozenset[Named]
    drawn: frozenset[Named]


def differences(connection: Connection, record: Record, place: Place) -> Iterator[str]:
    """Each visit to come, dose, finding or offset of a running course that would be another."""
    state = record.state
    if state.ended is not None:
        return
    taken = taken_by_others(connection, record)

    def found_then(entry: Entry) -> Record:
        """The course at its clinic, as that was when an event was made."""
        return record._replace(current=Opening(place.as_of(entry.at, connection), taken))

    yield from _regimens(state, record)
    coming = {name for name in _by_name(state) if state.is_to_come(name)}
    # One event may have decided of several what another one decided of the rest.
    told = (
        line
        for entry, facts in _deciding(record.entries, coming)
        for line in _of_event(found_then(entry), state, entry, facts)
    )
    yield from dict.fromkeys(told)
    visits = {visit.number: visit for name, visit in _by_name(state).items() if name in coming}
    yield from _offsets([visits[number] for number in sorted(visits)], record)


def _by_name(state: State) -> dict[Named, PlannedVisit]:
    return {name: visit for visit in state.visits.values() for name in visit.names}


def _deciding(
    entries: Sequence[Entry], coming: Collection[Named]
) -> Iterator[tuple[Entry, _Facts]]:
    """The events that decided of appointments to come what stands now, in their order."""
    timed: dict[Named, tuple[int, object]] = {}
    drawn: dict[Named, tuple[int, object]] = {}
    for entry in entries:
        for visit in entry.settled.visits if entry.settled else ():
            for name in visit.names:
                for said, value in ((timed, _wall(visit)), (drawn, _drawn(visit))):
                    if name in coming and (name not in said or said[name][1] != value):
                        said[name] = (entry.number, value)
    for entry in entries:
        facts = _Facts(_of(timed, entry), _of(drawn, entry))
        if any(facts):
            yield entry, facts


def _of(said: Mapping[Named, tuple[int, object]], entry: Entry) -> frozenset[Named]:
    return frozenset(name for name, (number, _) in said.items() if number == entry.number)


def _of_event(record: Record, state: State, entry: Entry, facts: _Facts) -> Iterator[str]:
    """What would be otherwise of what an event decided, were it made today."""
    then = fold(record.entries[: entry.number], record.protocol)
    try:
        today = _again(record, entry)
    except PlannerError as error:
        yield f"event {entry.number} would be refused today: {error}"
        return
    kept, other = _by_name(state), _by_name(today)
    moved = set()
    for name in sorted(facts.timed, key=lambda one: kept[one].number):
        chosen = _wall(other[name]) if name in other else "no day"
        if chosen != _wall(kept[name]):
            number, moved_to = kept[name].number, f"today's rules would choose {chosen}"
            moved.add(_by_name(then)[name].number)
            yield f"visit {number} is on {_wall(kept[name])}; {moved_to}"
    for name in sorted(facts.drawn, key=lambda one: kept[one].number):
        if name in other and _drawn(other[name]) != _drawn(kept[name]):
            yield f"visit {kept[name].number}: what is drawn up would be drawn up otherwise today"
    # Of a visit at another time it is said already that it would be.
    was, now = (
        {_said(one) for one in each.findings if one.visit not in moved and one.code != MOVED}
        for each in (then, today)
    )
    yield from (f"today's rules would also find {_words(one)}" for one in sorted(now - was))
    yield from (f"today's rules would not find {_words(one)}" for one in sorted(was - now))


def _again(record: Record, entry: Entry) -> State:
    """The course as an event would leave it today."""
    before = record.entries[: entry.number - 1]
    if isinstance(entry.event, Migrated):
        alone = Opening(record.opening.clinic, Occupancy())
        settled = migrate(before, record.protocol, alone)
        return fold([*before, entry._replace(settled=settled)], record.protocol)
    state = fold(before, record.protocol) if before else None
    bare = entry._replace(settled=None)
    return settle(state, bare, before, record.protocol, record.opening)[1]


def _regimens(state: State, record: Record) -> Iterator[str]:
    for lesion in state.course.lesions:
        kept = state.decisions[lesion.id].regimen
        today = decide(lesion, record.protocol).regimen
        if today != kept:
            yield f"lesion {lesion.id}: {kept} was chosen, today's rules give {today}"


def _wall(visit: PlannedVisit) -> str:
    return "no day" if visit.start is None else typed_moment(visit.start)


def _drawn(visit: PlannedVisit) -> object:
    """What is drawn up for a visit."""
    return visit.injections, visit.syringes, visit.preparation


def _said(one: Finding) -> tuple[str, str, str]:
    where = f"lesion {one.lesion}: " if one.lesion else f"visit {one.visit}: " if one.visit else ""
    return one.code, where, one.value


def _words(said: tuple[str, str, str]) -> str:
    code, where, value = said
    return f"{code} ({where}{value})"


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

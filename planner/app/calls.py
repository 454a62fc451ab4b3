"""Whom a clinic has to call: patients whose visits moved after they were told of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from planner.app.statistics import cell_of
from planner.core.followup.course_state import State
from planner.core.followup.events import Entry, Moved, Rearranged, Told
from planner.core.plan.appointments import Named
from planner.core.plan.pages import LETTER_PAGE, SHEET_PAGE, visit_page
from planner.core.plan.plan import PlannedVisit
from planner.core.plan.zone_rules import wall
from planner.core.values.formatting import shown_moment
from planner.store.clinics import Place
from planner.store.histories import pages_of_issue, read_course
from planner.store.standing import Standing
from planner.store.tables import courses, patients


class Call(NamedTuple):
    """A patient who has to be told that a visit moved; `to` is empty for one without a day."""

    course: str
    patient: str
    name: str
    visit: int
    was: str
    to: str
    reason: str


def calls_of(connection: Connection, place: Place) -> Iterator[Call]:
    """Whom to tell what at a clinic: moves of visits that a page was made of, told to nobody."""
    return _untold(connection, place, patients.c.restricted.is_(None))


def hidden_calls(connection: Connection, place: Place) -> int:
    """How many more there are, of patients who are not named, as their data is restricted."""
    return sum(1 for _ in _untold(connection, place, patients.c.restricted.is_not(None)))


def _untold(connection: Connection, place: Place, whose: ColumnElement[bool]) -> Iterator[Call]:
    query = (
        select(courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, courses.c.to_tell > 0)
        .where(whose, courses.c.status != "ended")
        # Nobody knows any more whom to call of an erased patient.
        .where(patients.c.erased.is_(None))
        .order_by(courses.c.id)
    )
    for (course,) in connection.execute(query).all():
        yield from _calls_of(Standing.of(read_course(connection, course)))


def _calls_of(standing: Standing) -> Iterator[Call]:
    """The visits of a course that stand otherwise than the patient was told last."""
    state, rows = standing.state, []
    # Who came to a visit knows of it, and nobody is called about one that is over.
    left = [
        name
        for name, slot in state.slots.items()
        if slot.state in ("planned", "waiting") and slot.at is None
    ]
    now = {name: one for name, one in _by_name(state).items() if name in left}
    for old, moves in _told_visits(standing, left):
        # A visit may have another number by now, or be several; where all of it waits it is off.
        there = {now[name].number: now[name].start for name in old.names if name in now}
        why = "; ".join(dict.fromkeys(one.reason or "" for one in moves))
        rows += [
            _call(standing, number, old.start, to, why)
            for number, to in (there or {old.number: None}).items()
            if old.start is not None and to != old.start
        ]
    yield from sorted(rows, key=lambda one: one.visit)


def _told_visits(
    standing: Standing, left: Collection[Named]
) -> Iterator[tuple[PlannedVisit, Sequence[Entry]]]:
    """The visits that a page told of before some that is left of them was moved.

    Each as it was told, with the events that gave that another time.
    """
    moves, entries = list(_untold_moves(standing)), standing.record.entries
    found: dict[tuple[int, datetime | None], tuple[PlannedVisit, set[int]]] = {}
    for name in left:
        mine = [one for one in moves if one.gives_another_time(name)]
        first = next((n for n, one in enumerate(mine) if one.is_told(name, standing)), None)
        if first is not None:
            old = mine[first].before[name]
            _, numbers = found.setdefault((old.number, old.start), (old, set()))
            numbers |= {one.entry.number for one in mine[first:]}
    for old, numbers in found.values():
        yield old, [entries[number - 1] for number in sorted(numbers)]


class _Move(NamedTuple):
    """An event that chose times, and the visits by their appointments before and after it."""

    entry: Entry
    before: Mapping[Named, PlannedVisit]
    after: Mapping[Named, PlannedVisit]

    def gives_another_time(self, name: Named) -> bool:
        """Whether an appointment stands at another time, or at none, after it."""
        was, now = self.before.get(name), self.after.get(name)
        return wall(was and was.start) != wall(now and now.start)

    def is_told(self, name: Named, standing: Standing) -> bool:
        """Whether a page was made of the visit of an appointment before it was moved."""
        old = self.before.get(name)
        made = None if old is None or old.start is None else _first_page_of(old.number, standing)
        return made is not None and made < self.entry.number


def _untold_moves(standing: Standing) -> Iterator[_Move]:
    """The events that chose times since the clinic first did and nobody told the patient."""
    entries = standing.record.entries
    told = max((one.number for one in entries if isinstance(one.event, Told)), default=0)
    is_begun = False
    for one in entries[told:]:
        is_begun = is_begun or (isinstance(one.event, Rearranged) and bool(one.event.visits))
        if is_begun and isinstance(one.event, Rearranged | Moved):
            before, after = (standing.record.as_of(n).state for n in (one.number - 1, one.number))
            yield _Move(one, _by_name(before), _by_name(after))


def _by_name(state: State) -> Mapping[Named, PlannedVisit]:
    return {name: one for one in state.visits.values() for name in one.names}


def _first_page_of(number: int, standing: Standing) -> int | None:
    """How many events there were when a page with a visit was first made; None before that."""
    with_all = {"", SHEET_PAGE, LETTER_PAGE}
    made = (
        one.entries
        for one in standing.state.issues
        for page in pages_of_issue(one.issued)
        if page.page in with_all or page.page == visit_page(number)
    )
    return min(made, default=None)


def _call(standing: Standing, number: int, was: datetime, now: datetime | None, why: str) -> Call:
    course, patient = standing.record.course, standing.record.patient
    to = shown_moment(now) if now else ""
    name = patient.name or ""
    return Call(course, patient.id or "", name, number, shown_moment(was), to, why)


def call_rows(calls: Sequence[Call]) -> bytes:
    """The calls as a table with a head."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["course", "patient", "name", "visit", "was", "now", "reason"])
    for one in calls:
        writer.writerow([cell_of(each) for each in one])
    return out.getvalue().encode("utf-8")

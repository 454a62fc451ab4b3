"""Whom a clinic has to call: patients whose visits moved after they were told of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from planner.app.statistics import cell_of
from planner.core.followup.events import Event, Moved, Rearranged, Told
from planner.core.plan.appointments import Named
from planner.core.plan.pages import LETTER_PAGE, SHEET_PAGE, visit_page
from planner.core.plan.plan import PlannedVisit
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
    entries = standing.record.entries
    told = max((one.number for one in entries if isinstance(one.event, Told)), default=0)
    moved = [one.number for one in entries[told:] if _has_visits(one.event)]

    @cache
    def stood(first: int) -> Mapping[int, PlannedVisit]:
        return standing.record.as_of(first - 1).state.visits

    for number, visit in sorted(standing.state.visits.items()):
        made = _first_page_of(number, standing)
        first = next((one for one in moved if made is not None and one > made), None)
        if first is None:
            continue
        old = stood(first).get(number)
        if old is not None and old.start is not None and visit.start != old.start:
            later = (one for one in entries[first - 1 :] if _moves(one.event, visit.names))
            why = "; ".join(dict.fromkeys(one.reason or "" for one in later))
            yield _call(standing, number, old.start, visit.start, why)


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


def _moves(event: Event, names: Sequence[Named]) -> bool:
    """Whether an event chose another time for some of a visit."""
    match event:
        case Rearranged():
            moved = {name for each, _ in event.visits for name in each}
        case Moved():
            moved = {*event.visit}
        case _:
            return False
    return not moved.isdisjoint(names)


def _has_visits(event: Event) -> bool:
    return isinstance(event, Rearranged) and bool(event.visits)


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

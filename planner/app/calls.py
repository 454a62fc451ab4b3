"""Whom a clinic has to call: patients whose visits moved after they were told of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from planner.app.statistics import cell_of
from planner.core.followup.events import Event, Rearranged, Told
from planner.core.values.formatting import typed_moment
from planner.store.clinics import Place
from planner.store.histories import read_course
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
        select(courses.c.id, courses.c.to_tell)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, courses.c.to_tell > 0)
        .where(whose, courses.c.status != "ended")
        .order_by(courses.c.id)
    )
    for course, _ in connection.execute(query).all():
        yield from _calls_of(Standing.of(read_course(connection, course)))


def _calls_of(standing: Standing) -> Iterator[Call]:
    """The visits of a course that stand otherwise than the patient was told last."""
    first = _first_untold(standing)
    if first is None:
        return
    before = Standing.of(standing.record.as_of(first - 1)).state.visits
    later = standing.record.entries[first - 1 :]
    reasons = (one.reason or "" for one in later if isinstance(one.event, Rearranged))
    why = "; ".join(dict.fromkeys(reasons))
    for number, visit in sorted(standing.state.visits.items()):
        old = before.get(number)
        if old is not None and old.start is not None and visit.start != old.start:
            yield _call(standing, number, old.start, visit.start, why)


def _first_untold(standing: Standing) -> int | None:
    """The first move that nobody told, by its event, of those before which a page was made."""
    entries = standing.record.entries
    told = max((one.number for one in entries if isinstance(one.event, Told)), default=0)
    issued = min((one.entries for one in standing.state.issues), default=len(entries))
    moved = (one for one in entries[told:] if isinstance(one.event, Rearranged))
    return next(
        (one.number for one in moved if _has_visits(one.event) and one.number > issued), None
    )


def _has_visits(event: Event) -> bool:
    return isinstance(event, Rearranged) and bool(event.visits)


def _call(standing: Standing, number: int, was: datetime, now: datetime | None, why: str) -> Call:
    course, patient = standing.record.course, standing.record.patient
    to = typed_moment(now) if now else ""
    name = patient.name or ""
    return Call(course, patient.id or "", name, number, typed_moment(was), to, why)


def call_rows(calls: Sequence[Call]) -> bytes:
    """The calls as a table with a head."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["course", "patient", "name", "visit", "was", "now", "reason"])
    for one in calls:
        writer.writerow([cell_of(each) for each in one])
    return out.getvalue().encode("utf-8")

"""Whom a clinic has to call: patients whose visits moved after they were told of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from planner.app.statistics import cell_of
from planner.core.followup.events import Rearranged, Told
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
    query = (
        select(courses.c.id, courses.c.to_tell)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, courses.c.to_tell > 0)
        .where(patients.c.restricted.is_(None), courses.c.status != "ended")
        .order_by(courses.c.id)
    )
    for course, _ in connection.execute(query).all():
        yield from _calls_of(Standing.of(read_course(connection, course)))


def _calls_of(standing: Standing) -> Iterator[Call]:
    """The visits of a course that stand otherwise than the patient was told last."""
    entries = standing.record.entries
    told = max((one.number for one in entries if isinstance(one.event, Told)), default=0)
    issued = [one.entries for one in standing.state.issues]
    moved = [
        one for one in entries[told:] if isinstance(one.event, Rearranged) and one.event.visits
    ]
    if not moved or not issued or min(issued) >= moved[0].number:
        return
    before = Standing.of(standing.record.as_of(moved[0].number - 1)).state.visits
    patient = standing.record.patient
    reason = "; ".join(dict.fromkeys(one.reason or "" for one in moved))
    for number, visit in sorted(standing.state.visits.items()):
        old = before.get(number)
        if old is None or old.start is None or visit.start == old.start:
            continue
        yield Call(
            standing.record.course,
            patient.id or "",
            patient.name or "",
            number,
            typed_moment(old.start),
            typed_moment(visit.start) if visit.start else "",
            reason,
        )


def call_rows(calls: Sequence[Call]) -> bytes:
    """The calls as a table with a head."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["course", "patient", "name", "visit", "was", "now", "reason"])
    for one in calls:
        writer.writerow([cell_of(each) for each in one])
    return out.getvalue().encode("utf-8")

"""The clinics of registers that kept only a file with each course: one for each id, in versions."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select, update

from planner.core.calendar.clinic import Clinic
from planner.store.clinics import (
    PUT,
    ClinicChange,
    ClinicEvent,
    add_event,
    find_place,
    is_same_file,
    with_years,
)
from planner.store.histories import (
    Record,
    head_of,
    projected_visits,
    read_course,
)
from planner.store.stored_inputs import Stored, keep_input, opening_of, read_input
from planner.store.tables import courses, events, visits

AUTHOR = "migration"


def adopt_clinics(connection: Connection) -> None:
    """Let every course belong to a clinic, whose versions are the files in their order of use."""
    first = select(events.c.course, events.c.at, events.c.facts).where(events.c.number == 1)
    for course, at, facts in connection.execute(first.order_by(events.c.at, events.c.course)).all():
        sha256: str = json.loads(facts)["event"]["clinic"]
        used = datetime.fromisoformat(at)
        join_clinic(connection, course, sha256, used, is_next_version=True)


def join_clinic(
    connection: Connection, course: str, sha256: str, at: datetime, *, is_next_version: bool
) -> None:
    """Let a course belong to the clinic of its file, which is put where it is not there yet.

    Another file than those that the clinic had is its next version, or is left alone.
    """
    clinic = opening_of(sha256, partial(read_input, connection)).clinic
    name = _place_of(connection, clinic)
    place = find_place(connection, name)
    stored = Stored("clinic", read_input(connection, sha256))
    if place is not None:
        # The years of earlier courses are asked for again where something of them is put right.
        there = Stored("clinic", read_input(connection, place.input))
        is_older = any(_is_of(connection, one, stored) for one in place.events)
        is_kept = is_older or not is_next_version
        stored = with_years(there, stored) if is_kept else with_years(stored, there)
    kept = keep_input(connection, stored)
    if place is None or kept != place.input:
        add_event(connection, place, name, ClinicChange(at, AUTHOR, None, PUT, {"input": kept}))
    here = visits.c.course == course
    connection.execute(update(visits).where(here).values(clinic=name))
    known = courses.c.id == course
    connection.execute(update(courses).where(known).values(clinic=name))
    record = read_course(connection, course)
    connection.execute(update(courses).where(known).values(_drawn(record)))


def _is_of(connection: Connection, event: ClinicEvent, stored: Stored) -> bool:
    """Whether an event put the same file."""
    if event.kind != PUT:
        return False
    return is_same_file(Stored("clinic", read_input(connection, event.said["input"])), stored)


def _place_of(connection: Connection, clinic: Clinic) -> str:
    """The id of a clinic; of two that are called alike in other zones the second gets a number."""
    number = 1
    while True:
        name = clinic.id if number == 1 else f"{clinic.id}-{number}"
        there = find_place(connection, name)
        if there is None or there.clinic.timezone == clinic.timezone:
            return name
        number += 1


def draw_anew(connection: Connection) -> None:
    """Draw what a register of an earlier version did not have: addresses, volumes, mixtures."""
    for (course,) in connection.execute(select(courses.c.id)).all():
        record = read_course(connection, course)
        known = courses.c.id == course
        connection.execute(update(courses).where(known).values(_drawn(record)))
        for visit in projected_visits(record, record.state):
            here = (visits.c.course == course) & (visits.c.number == visit["number"])
            connection.execute(update(visits).where(here).values(summary=visit["summary"]))


def _drawn(record: Record) -> dict[str, int | str]:
    return head_of(record.patient, record.entries, record.state)

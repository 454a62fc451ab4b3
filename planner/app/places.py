"""The clinic that a course comes to: the register's, or new with the course."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from planner.app.planning import Inputs, NamedFile
from planner.app.roles import Author, Role, check_may
from planner.core.values.said import said
from planner.errors import Problem, RefusedError
from planner.store.clinics import (
    BY_COURSE,
    PUT,
    ClinicChange,
    Place,
    add_event,
    find_place,
    is_same_file,
    read_place,
    with_years,
)
from planner.store.database import Database, lock_clinic
from planner.store.stored_inputs import Stored, keep_input, read_input, store_clinic

_FIRST = said("with its first course")
_FURTHER = said("further years of public holidays")


def kept_source(database: Database, role: Role, clinic: str) -> tuple[NamedFile | None, str | None]:
    """The file of a clinic of the register; for the built-in one its time zone.

    Raises RefusedError for an unknown one.
    """
    check_may(role, "read")
    with database.reading() as connection:
        place = read_place(connection, clinic)
        stored = json.loads(read_input(connection, place.input))
    if stored["file"] is None:
        return None, stored["timezone"]
    return NamedFile(clinic, stored["file"].encode()), None


def stored_clinic(inputs: Inputs) -> Stored:
    """The clinic's file, or the time zone without one."""
    content, clinic = inputs.clinic_content, inputs.clinic
    return store_clinic(content, clinic.timezone if content is None else None, clinic)


def place_of(connection: Connection, inputs: Inputs, author: Author) -> Place:
    """The clinic of a new course; an unknown one is put, a known one has to say the same.

    Where the course reaches into years whose holidays the register does not know yet, those are
    added. Raises RefusedError where the register has another file of this clinic.
    """
    clinic, stored = inputs.clinic.id, stored_clinic(inputs)
    lock_clinic(connection, clinic)
    place = find_place(connection, clinic)
    if place is None:
        return put(connection, None, clinic, stored, _with_course(author, _FIRST))
    there = Stored("clinic", read_input(connection, place.input))
    if not is_same_file(there, stored):
        problem = f"the register has clinic {clinic} otherwise (version {place.version})"
        fix = "name it by its id, or change it for all its courses"
        raise RefusedError(Problem("clinic", problem, fix))
    more = with_years(there, stored)
    if more == there:
        return place
    return put(connection, place, clinic, more, _with_course(author, _FURTHER))


def _with_course(author: Author, reason: str) -> Author:
    """What came with a course: who added that stands there, where it can be blanked."""
    return author._replace(name=BY_COURSE, reason=reason)


def put(
    connection: Connection, place: Place | None, clinic: str, stored: Stored, author: Author
) -> Place:
    """A clinic with its first file, or the next one."""
    add_event(connection, place, clinic, put_change(connection, stored, author))
    return read_place(connection, clinic)


def put_change(connection: Connection, stored: Stored, author: Author) -> ClinicChange:
    """That a clinic has another file, which is kept."""
    sha256 = keep_input(connection, stored)
    return ClinicChange(author.now, author.name, author.reason, PUT, {"input": sha256})

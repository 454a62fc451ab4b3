"""Registers of the first edition, which kept no times: what their histories led to, as a fact.

Each course gets one event that keeps its times, numbers, draw-ups and findings, by "migration".
Its other events stay as they are, so that the chain of their digests stays provable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select, text, update

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.course_state import changes_of, fold
from planner.core.followup.events import Entry, Issued, Migrated, Papers
from planner.core.followup.first_edition_history import migrate
from planner.core.values.lettering import as_people_read
from planner.errors import Problem, ServiceError
from planner.store.event_rows import KNOWABLE
from planner.store.histories import Record, append, project, read_course
from planner.store.sqlite_copy import copy_file
from planner.store.tables import courses, patients

AUTHOR = "migration"
BACKUP_SCHEMA = "first_edition"
_TABLES = ("inputs", "patients", "courses", "events", "texts", "visits", "issues")
Report = Callable[[int, int], None]


def back_up_first(connection: Connection, file: Path | None) -> str:
    """Copy a register before it is migrated: beside its file, or into a schema; where it is."""
    if file is None:
        connection.execute(text(f"CREATE SCHEMA {BACKUP_SCHEMA}"))
        for table in _TABLES:
            connection.execute(text(f"CREATE TABLE {BACKUP_SCHEMA}.{table} AS TABLE {table}"))
        return f"schema {BACKUP_SCHEMA}"
    target = file.with_name(f"{file.name}.first-edition")
    number = 1
    while target.exists() or target.is_symlink():
        number += 1
        target = file.with_name(f"{file.name}.first-edition-{number}")
    try:
        target.touch(mode=0o600, exist_ok=False)
        copy_file(file, target)
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        problem = f"no copy can be made before its migration: {error}"
        raise ServiceError(Problem(str(target), problem, "check rights and room")) from error
    return str(target)


def migrate_courses(connection: Connection, report: Report) -> None:
    """Migrate every course; `report` is told how many of how many are done."""
    for patient in connection.execute(select(patients.c.key, patients.c.id)).all():
        if patient.id is not None:
            here = patients.c.key == patient.key
            read_as = as_people_read(patient.id)
            connection.execute(update(patients).where(here).values(read_as=read_as))
    ids = [one.id for one in connection.execute(select(courses.c.id).order_by(courses.c.id))]
    for index, course in enumerate(ids):
        report(index, len(ids))
        migrate_course(connection, course)


def migrate_course(connection: Connection, course: str) -> None:
    """Add the event that keeps a course's times, and draw its visits."""
    record = read_course(connection, course)
    # Nothing of the clinic's other courses counted when the first edition laid one out.
    alone = Opening(record.opening.clinic, Occupancy())
    known = tuple(name for name in KNOWABLE if getattr(record.patient, name) is not None)
    entry = Entry(
        number=len(record.entries) + 1,
        at=datetime.now(UTC),
        by=AUTHOR,
        reason=None,
        event=Migrated(known, tuple(_printed(record, alone))),
        settled=migrate(record.entries, record.protocol, alone),
    )
    migrated: Record = record._replace(entries=(*record.entries, entry))
    state = fold(migrated.entries, migrated.protocol)
    append(connection, record, entry, state)
    project(connection, migrated, state)


def _printed(record: Record, alone: Opening) -> Iterator[Papers]:
    """What had been settled each time that papers were made which a later event changed."""
    for entry in record.entries:
        if isinstance(entry.event, Issued) and changes_of(record.entries[entry.number :]):
            settled = migrate(record.entries[: entry.number], record.protocol, alone)
            yield Papers(entry.number, settled)

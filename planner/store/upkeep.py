"""Keeping the register: a backup while it is in use, and a check of all that it holds."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from planner.errors import PlannerError, Problem, RefusedError, ServiceError
from planner.store.clinics import clinic_ids, find_place, read_place
from planner.store.database import Database
from planner.store.day_list import crowded_times
from planner.store.event_rows import UNREADABLE
from planner.store.histories import (
    head_of,
    pages_of_issue,
    projected_visits,
    read_course,
    read_rows,
)
from planner.store.proving import unproven, untrue_texts
from planner.store.sqlite_copy import copy_file
from planner.store.tables import courses, pages, visits
from planner.store.todays_rules import differences


def back_up(database: Database, target: Path) -> None:
    """Copy an SQLite database while it is in use; whole or not at all, never over a file."""
    if database.file is None:
        fix = "use pg_dump, or export all courses"
        raise RefusedError(Problem("backup", "this is a PostgreSQL database", fix))
    if target.exists() or target.is_symlink():
        raise RefusedError(Problem(str(target), "it exists already", "name another file"))
    made = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        made = Path(name)
        copy_file(database.file, made)
        with closing(sqlite3.connect(made)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            fix = "restore the last backup; a check of the register says more"
            raise ServiceError(Problem("the register", f"it is damaged: {said}", fix))
        os.link(made, target)
    except (OSError, sqlite3.Error) as error:
        problem = f"the backup could not be written: {getattr(error, 'strerror', None) or error}"
        raise ServiceError(Problem(str(target), problem, "check rights and room")) from error
    finally:
        if made is not None:
            for left in (made, made.with_name(f"{made.name}-journal")):
                left.unlink(missing_ok=True)


def check(database: Database, report: Callable[[int, int], None]) -> Iterator[Problem]:
    """Fold every course anew and compare; `report` is told how many of how many are done."""
    with database.reading() as connection:
        yield from _file_problems(connection)
        yield from _clinic_problems(connection)
        ids = [one.id for one in connection.execute(select(courses.c.id).order_by(courses.c.id))]
        for index, course in enumerate(ids):
            report(index, len(ids))
            yield from _course_problems(connection, course)


def _file_problems(connection: Connection) -> Iterator[Problem]:
    if connection.dialect.name != "sqlite":
        return
    for (said,) in connection.execute(text("PRAGMA integrity_check")):
        if said != "ok":
            yield Problem("the file", f"it is damaged: {said}", "restore the last backup")
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield Problem("the file", f"a row of {row[0]} stands alone", "restore the last backup")


def _clinic_problems(connection: Connection) -> Iterator[Problem]:
    """Clinics whose history is not as it was written."""
    for clinic in list(clinic_ids(connection)):
        try:
            find_place(connection, clinic)
        except PlannerError as error:
            yield from error.problems
        except UNREADABLE:
            yield Problem(clinic, "its history cannot be followed", "restore the last backup")


def _course_problems(connection: Connection, course: str) -> Iterator[Problem]:
    try:
        record = read_course(connection, course)
        state = record.state
        rows = [row for row, _, _ in read_rows(connection, course)]
        is_erased = record.patient.erased is not None
        yield from untrue_texts(course, rows, is_erased=is_erased)
        yield from unproven(record, state)
    except PlannerError as error:
        yield from error.problems
        return
    except UNREADABLE:
        fix = "restore the last backup"
        yield Problem(course, "its history cannot be followed", fix)
        return
    head = connection.execute(select(courses).where(courses.c.id == course)).one()
    if (head.revision, head.status) != (state.revision, state.status):
        yield _differs(course, "its revision or status")
    drawn_head = head_of(record.patient, record.entries, state)
    if {name: getattr(head, name) for name in drawn_head} != drawn_head:
        yield _differs(course, "what waits for it")
    drawn = [dict(row._asdict()) for row in connection.execute(_visits_of(course))]
    if drawn != [*projected_visits(record, state)]:
        yield _differs(course, "its visits")
    query = select(pages.c.event, pages.c.page, pages.c.code).where(pages.c.course == course)
    noted = {tuple(row) for row in connection.execute(query)}
    wanted = {(one.entries, *page) for one in state.issues for page in pages_of_issue(one.issued)}
    if noted != wanted:
        yield _differs(course, "its issued pages")


def _visits_of(course: str) -> Any:
    return select(visits).where(visits.c.course == course).order_by(visits.c.number)


def notes(
    database: Database, wrong: Collection[str], report: Callable[[int, int], None]
) -> Iterator[str]:
    """What holds and is worth a look: clinics with more visits than room, choices of today.

    Nothing is said of the courses, by their ids, with which something is `wrong`.
    """
    with database.reading() as connection:
        yield from crowded_times(connection)
        running = select(courses.c.id).where(courses.c.status != "ended").order_by(courses.c.id)
        ids = [one.id for one in connection.execute(running) if one.id not in wrong]
        for index, course in enumerate(ids):
            report(index, len(ids))
            yield from (f"{course}: {one}" for one in _today(connection, course))


def _today(connection: Connection, course: str) -> Iterator[str]:
    try:
        record = read_course(connection, course)
        place = read_place(connection, record.clinic_id)
    except (PlannerError, *UNREADABLE):
        # A clinic that cannot be read is a problem, and told as one.
        return
    yield from differences(connection, record, place)


def _differs(course: str, what: str) -> Problem:
    text_of = f"{what} are not what its history gives"
    return Problem(course, text_of, "export the register and import it into an empty database")

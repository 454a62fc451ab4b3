"""Keeping the register: a backup while it is in use, and a check of all that it holds."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from planner.errors import PlannerError, Problem, RefusedError, ServiceError
from planner.register.changes import Standing
from planner.register.database import Database
from planner.register.store import projected_visits, read_course
from planner.register.tables import courses, issues, visits


def back_up(database: Database, target: Path) -> None:
    """Copy an SQLite database while it is in use; whole or not at all, never over a file."""
    if database.file is None:
        fix = "use pg_dump, or planner course export"
        raise RefusedError(Problem("backup", "this is a PostgreSQL database", fix))
    if target.exists() or target.is_symlink():
        raise RefusedError(Problem(str(target), "it exists already", "name another file"))
    made = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        made = Path(name)
        with (
            closing(sqlite3.connect(database.file)) as source,
            closing(sqlite3.connect(made)) as to,
        ):
            source.backup(to)
            # One file: a copy in WAL mode would leave two more beside it.
            to.execute("PRAGMA journal_mode = DELETE")
            (said,) = to.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            fix = "restore the last backup; planner course check says more"
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


def _course_problems(connection: Connection, course: str) -> Iterator[Problem]:
    try:
        standing = Standing.of(read_course(connection, course))
    except PlannerError as error:
        yield from error.problems
        return
    head = connection.execute(select(courses).where(courses.c.id == course)).one()
    if (head.revision, head.status) != (standing.state.revision, standing.state.status):
        yield _differs(course, "its revision or status")
    drawn = [dict(row._asdict()) for row in connection.execute(_of(visits, course))]
    if drawn != projected_visits(standing.record, standing.plan):
        yield _differs(course, "its visits")
    noted = [(row.event, row.revision, row.code) for row in connection.execute(_of(issues, course))]
    wanted = [(one.entries, one.issued.revision, one.issued.code) for one in standing.state.issues]
    if noted != wanted:
        yield _differs(course, "its issued documents")


def _of(table: Any, course: str) -> Any:
    order = table.c.number if table is visits else table.c.event
    return select(table).where(table.c.course == course).order_by(order)


def _differs(course: str, what: str) -> Problem:
    text_of = f"{what} are not what its history gives"
    return Problem(course, text_of, "export the register and import it into an empty database")

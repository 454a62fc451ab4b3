"""Which documents of a course were made, and what came after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from planner.core.events import Entry, Issued
from planner.core.records import Plan
from planner.errors import Problem, RefusedError
from planner.register.changes import (
    Author,
    Standing,
    change,
    changes_after,
    check_not_dead,
    check_not_erased,
    read_standing,
    states_of,
)
from planner.register.database import Database
from planner.register.tables import courses, issues


class Page(NamedTuple):
    """A page by its code: whether it is of the course as it stands now."""

    course: str
    revision: int
    current: bool
    now: int


def issue_of(connection: Connection, course: str) -> Standing:
    """The course as documents would be made of it now."""
    standing = read_standing(connection, course)
    patient = standing.record.patient
    check_not_erased(patient)
    if standing.state.ended is None or standing.state.ended.ending != "died":
        check_not_dead(states_of(connection, patient))
    return standing


def replaced(standing: Standing) -> tuple[Plan | None, Sequence[Entry]]:
    """The plan whose papers are replaced, as it was when they were made, and what came after.

    None and nothing where these are the first papers of the course.
    """
    earlier = [
        one for one in standing.state.issues if one.issued.revision < standing.state.revision
    ]
    if not earlier:
        return None, ()
    last = earlier[-1]
    then = Standing.of(standing.record.as_of(last.entries))
    return then.plan, changes_after(standing.record.entries, last.issued.revision)


def note_issued(
    database: Database, standing: Standing, code: str, documents: tuple[str, ...], author: Author
) -> None:
    """Record that documents were made, once for each code.

    Raises RefusedError where the course moved on meanwhile.
    """
    revision = standing.state.revision
    made = [(one.issued.revision, one.issued.code) for one in standing.state.issues]
    if made and made[-1] == (revision, code):
        return
    event = Issued(revision, code, documents)
    change(database, standing.record.course, [lambda _standing: event], author, revision)


def page_of(connection: Connection, code: str) -> Page:
    """The page of a code. Raises RefusedError for one that was never issued."""
    query = (
        select(issues.c.course, issues.c.event, courses.c.revision)
        .join(courses, courses.c.id == issues.c.course)
        .where(issues.c.code == code)
        .order_by(issues.c.event.desc())
    )
    row = connection.execute(query).first()
    if row is None:
        problem = "the register made no page with this code"
        raise RefusedError(Problem(code, problem, "a draft, a reprint of a file, or a slip?"))
    last = select(issues).where(issues.c.course == row.course).order_by(issues.c.event.desc())
    newest = connection.execute(last).first()
    of_page = connection.execute(
        select(issues.c.revision).where(issues.c.course == row.course, issues.c.event == row.event)
    ).scalar_one()
    is_newest = newest is not None and newest.code == code
    return Page(row.course, of_page, is_newest and of_page == row.revision, row.revision)

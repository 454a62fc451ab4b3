"""Who read and changed what by the web page, and what was refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, insert, select

from planner.core.values.lettering import as_people_read
from planner.store.tables import audit

MOST_ROWS = 500


class Noted(NamedTuple):
    """One thing that somebody did, `at` a moment in UTC; `course` is empty where it is of none."""

    at: datetime
    person: str
    role: str
    what: str
    course: str
    address: str


class Sought(NamedTuple):
    """Which of them: of a person as people read the name, a course, a day (UTC); None for all."""

    person: str | None = None
    course: str | None = None
    on: date | None = None


# Built once: every page that is read writes it.
_NOTE = insert(audit)


def note(connection: Connection, one: Noted, form: str | None = None) -> None:
    """Keep one."""
    values = {**one._asdict(), "at": one.at.isoformat(), "form": form}
    connection.execute(_NOTE, values)


def noted(connection: Connection, sought: Sought, most: int | None = MOST_ROWS) -> list[Noted]:
    """Those that are sought, the newest first; at most so many."""
    rows = connection.execute(_sought(sought).order_by(audit.c.number.desc()))
    found = (_read(row) for row in rows)
    wanted = as_people_read(sought.person or "")
    return list(islice((one for one in found if wanted in as_people_read(one.person)), most))


def _read(row: Any) -> Noted:
    at = datetime.fromisoformat(row.at)
    return Noted(at, row.person, row.role, row.what, row.course, row.address)


def _sought(sought: Sought) -> Select[Any]:
    query = select(audit)
    if sought.course is not None:
        query = query.where(audit.c.course == sought.course)
    if sought.on is not None:
        after = sought.on + timedelta(days=1)
        query = query.where(audit.c.at >= sought.on.isoformat(), audit.c.at < after.isoformat())
    return query


def was_sent(connection: Connection, form: str, person: str) -> bool:
    """Whether a form was sent before, by the same person."""
    wanted = (audit.c.form == form) & (audit.c.person == person)
    return connection.execute(select(audit.c.number).where(wanted).limit(1)).first() is not None


def forget_before(connection: Connection, moment: datetime) -> int:
    """Forget what is older than it has to be kept; how many rows."""
    return connection.execute(delete(audit).where(audit.c.at < moment.isoformat())).rowcount

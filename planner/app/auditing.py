"""Who read and changed what by the web page: kept with it, for those who have to know."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from planner.app.roles import Author, Role, check_may
from planner.app.statistics import cell_of
from planner.store.audit import Noted, Sought, forget_before, note, noted, was_sent
from planner.store.clinics import all_places
from planner.store.database import Database
from planner.store.stored_inputs import read_input, retention_years

_YEAR = timedelta(days=366)


def note_change(connection: Connection, author: Author, what: str, course: str = "") -> None:
    """Keep that somebody changed something by the page, in the transaction that changes it."""
    if author.through == "page":
        note(connection, _noted(author, what, course), author.form)


def note_seen(database: Database, author: Author, what: str, course: str = "") -> None:
    """Keep that somebody read something, or was refused."""
    with database.writing() as connection:
        note(connection, _noted(author, what, course))


def _noted(author: Author, what: str, course: str) -> Noted:
    return Noted(author.now, author.name, author.role, what, course, author.address)


def was_done(database: Database, author: Author) -> bool:
    """Whether the same form of the same person was written before."""
    if author.form is None:
        return False
    with database.reading() as connection:
        return was_sent(connection, author.form, author.name)


def seen_by(database: Database, role: Role, sought: Sought, most: int | None) -> Sequence[Noted]:
    """Who did what, the newest first; at most so many."""
    check_may(role, "audit")
    with database.reading() as connection:
        return noted(connection, sought, most)


def as_csv(found: Sequence[Noted]) -> bytes:
    """The same as a table with a head."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(Noted._fields)
    for one in found:
        writer.writerow([one.at.isoformat(), *(cell_of(each) for each in one[1:])])
    return out.getvalue().encode()


def forget_old(database: Database, now: datetime) -> int:
    """Forget what all clinics say need not be kept any longer; how many rows.

    Nothing is forgotten where one of them does not say so.
    """
    with database.writing() as connection:
        places = all_places(connection)
        years = [retention_years(read_input(connection, one.input)) for one in places]
        known = [one for one in years if one is not None]
        if not known or len(known) < len(years):
            return 0
        return forget_before(connection, now - max(known) * _YEAR)

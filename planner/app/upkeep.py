"""Keeping the register: its export, rows for statistics, import, backup and check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from planner.app.courses import write_steps
from planner.app.one_patient import allergies_met
from planner.app.roles import Author, Role, check_may
from planner.app.statistics import Dialect, csv_files, csv_text
from planner.errors import Problem
from planner.store.database import Database
from planner.store.day_list import listed_courses
from planner.store.standing import Standing, read_standing
from planner.store.transfer import exported, imported
from planner.store.upkeep import back_up, check, notes

Report = Callable[[int, int], None]


@contextmanager
def export_lines(
    database: Database, role: Role, course: str | None = None
) -> Iterator[Iterable[str]]:
    """All events, or a course's, as lines of JSON, while the register is open."""
    check_may(role, "export")
    with database.reading() as connection:
        yield exported(connection, course)


def export_table(
    database: Database, role: Role, course: str | None = None, *, for_spreadsheet: bool = False
) -> str:
    """All kinds of rows as one CSV; `for_spreadsheet` as one of the clinic's language opens it."""
    found = _standings(database, role, course)
    return csv_text(found, Dialect.of_excel(found) if for_spreadsheet else Dialect())


def export_tables(
    database: Database, role: Role, course: str | None = None, *, for_spreadsheet: bool = False
) -> Mapping[str, bytes]:
    """A CSV for each kind of row by its file's name, with what its columns mean."""
    found = _standings(database, role, course)
    dialect = Dialect.of_excel(found) if for_spreadsheet else Dialect()
    return {name: text.encode() for name, text in csv_files(found, dialect).items()}


def _standings(database: Database, role: Role, course: str | None) -> Sequence[Standing]:
    check_may(role, "export")
    with database.reading() as connection:
        ids = [course] if course else [one.course for one in listed_courses(connection)]
        return [read_standing(connection, one) for one in ids]


def import_lines(database: Database, author: Author, lines: Iterable[str]) -> Sequence[str]:
    """Bring the courses of an export in, all or none; their ids.

    An allergy that they state becomes known in their patients' running courses here, and one that
    is stated here in theirs.
    """
    check_may(author.role, "upkeep")
    with database.writing() as connection:
        brought = imported(connection, lines)
        for standing, told_it in allergies_met(connection, brought, author):
            write_steps(connection, standing, [told_it])
        return brought


def back_up_into(database: Database, role: Role, target: Path) -> None:
    """Copy the register's file while it is in use."""
    check_may(role, "upkeep")
    back_up(database, target)


def check_all(
    database: Database, role: Role, report: Report
) -> tuple[Sequence[Problem], Sequence[str]]:
    """What does not hold, and what holds and is worth a look; it changes nothing."""
    check_may(role, "upkeep")
    problems = list(check(database, report))
    # Of what does not hold nobody can say what today's rules would make of it.
    wrong = {one.place.partition(":")[0] for one in problems}
    return problems, list(notes(database, wrong, report))

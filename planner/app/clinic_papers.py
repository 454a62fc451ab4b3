"""What a clinic prints: a day's pack, the papers of all that changed, and whom to call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from planner.app.calls import call_rows, calls_of
from planner.app.clinic_days import stale_pages_at
from planner.app.courses import change, change_in
from planner.app.documents import course_documents
from planner.app.issued_pages import pages_made
from planner.app.one_patient import died_elsewhere
from planner.app.roles import Author, Role, check_may
from planner.core.followup.events import Event, Rearranged, Told
from planner.core.plan.pages import visit_page
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.said import said
from planner.documents.day_list import DayVisit, day_list
from planner.documents.document_set import PackVisit, Report, pack, silent
from planner.documents.folder import replace_file
from planner.documents.pdf import paper_pdf
from planner.documents.printable import check_printable, typed_texts
from planner.errors import InputError, PlannerError, Problem, RefusedError, ServiceError
from planner.store.clinics import Place, read_place
from planner.store.database import Database
from planner.store.day_list import due_visits, to_prepare
from planner.store.standing import Standing, read_standing
from planner.store.tables import courses, patients, visits

DAY_PAPERS = ("day-list.pdf", "worksheets.pdf", "labels.pdf")


class DayPack(NamedTuple):
    """A day's papers by their names, and the courses that wait for a physician, each with why."""

    files: Mapping[str, bytes]
    visits: tuple[tuple[str, int], ...]
    waiting: Mapping[str, str]


def write_day(out: Path, files: Mapping[str, bytes]) -> None:
    """Write a day's papers into their folder, in the place of another day's.

    Raises RefusedError where it holds files of these names that the planner did not write.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    foreign = [name for name in DAY_PAPERS if (out / name).is_dir()]
    if not (out / DAY_PAPERS[0]).exists():
        foreign += [name for name in DAY_PAPERS[1:] if (out / name).is_file()]
    if foreign:
        problem = said(
            "it holds what the planner did not write: {foreign}", foreign=", ".join(foreign)
        )
        raise RefusedError(Problem(str(out), problem, said("choose another folder")))
    # What another day left there would be taken for this one's.
    for name in DAY_PAPERS:
        (out / name).unlink(missing_ok=True)
    for name, content in files.items():
        replace_file(out / name, content)


def day_pack(
    database: Database,
    clinic: str,
    on: date,
    author: Author,
    *,
    stamp: datetime | None = None,
    report: Report = silent,
    write: Callable[[Mapping[str, bytes]], None] = lambda _files: None,
    is_counted: bool = True,
) -> DayPack:
    """The day's list, worksheets and labels; its visits' pages count as made, if `is_counted`.

    What waits for a physician is named on the list, and its papers are not made. Where `write`
    fails to keep the files, none of them counts.
    """
    check_may(author.role, "issued" if is_counted else "read")
    with database.reading() as connection:
        place = read_place(connection, clinic)
        there, waiting = _ready(connection, place, on)
        due = [one for one in due_visits(connection, on, on, place.id) if one.summary.start]
        own = [one for one in due if (one.course, one.number) in _keys(there)]
        prepare = to_prepare(own) if own else None
    stamp = stamp or author.now.replace(microsecond=0)
    report("day-list.pdf")
    shown = [DayVisit(one.plan, _visit(one.plan, number)) for one, number in there]
    files = {
        "day-list.pdf": paper_pdf(
            day_list(place.clinic, on, shown, prepare, ", ".join(waiting), stamp=stamp), stamp
        ),
        **pack([PackVisit(one.plan, number) for one, number in there], f"{on}", stamp, report),
    }
    if is_counted:
        with database.writing() as connection:
            for one, number in sorted(there, key=lambda pair: pair[0].record.course):
                _note(connection, one, number, files, author)
            write(files)
    keys = tuple((one.record.course, number) for one, number in there)
    return DayPack(files, keys, waiting)


def _keys(there: Sequence[tuple[Standing, int]]) -> set[tuple[str, int]]:
    return {(one.record.course, number) for one, number in there}


def _visit(plan: Plan, number: int) -> PlannedVisit:
    return next(one for one in plan.visits if one.number == number)


def _ready(
    connection: Connection, place: Place, on: date
) -> tuple[list[tuple[Standing, int]], dict[str, str]]:
    """The visits of a day in the order of the hours, and the courses that wait, each with why."""
    found: list[tuple[Standing, int]] = []
    waiting: dict[str, str] = {}
    for course, number in _of_day(connection, place, on):
        standing = read_standing(connection, course)
        if died := died_elsewhere(connection, standing.record):
            # One patient's course that nobody ended is no reason to stop the others' papers.
            waiting[course] = said(
                "the patient died (course {course}): end it too, as died", course=died[0]
            )
        elif standing.plan.hindering:
            waiting[course] = said("it waits for a physician")
        elif why := _unprintable(standing.plan):
            waiting[course] = why
        else:
            found.append((standing, number))
    return found, waiting


def _unprintable(plan: Plan) -> str | None:
    """What of a plan no paper can show: an earlier version, or an import, let it in."""
    try:
        check_printable(typed_texts(plan))
    except InputError as error:
        return str(error.problems[0])
    return None


def _of_day(connection: Connection, place: Place, on: date) -> list[tuple[str, int]]:
    query = (
        select(visits.c.course, visits.c.number)
        .join(courses, courses.c.id == visits.c.course)
        .join(patients, patients.c.key == courses.c.patient)
        .where(visits.c.clinic == place.id, visits.c.day == on.isoformat())
        .where(visits.c.state == "planned", patients.c.restricted.is_(None))
        .where(patients.c.erased.is_(None))
        .order_by(visits.c.start, visits.c.course)
    )
    return [(one.course, one.number) for one in connection.execute(query)]


def _note(
    connection: Connection,
    standing: Standing,
    number: int,
    files: Mapping[str, bytes],
    author: Author,
) -> None:
    """Record that the page of a visit was made; once for each code."""
    own = [one for one in standing.plan.pages if one.page == visit_page(number)]
    of_course = {name: one for name, one in files.items() if name != DAY_PAPERS[0]}
    if made := pages_made(standing, own, of_course):
        revision = standing.state.revision
        change_in(connection, standing.record.course, [lambda _standing: made], author, revision)


def visits_of_day(database: Database, role: Role, clinic: str, on: date) -> list[tuple[str, int]]:
    """The visits of a day that are to be recorded, in the order of the hours."""
    check_may(role, "given")
    with database.reading() as connection:
        return _of_day(connection, read_place(connection, clinic), on)


class ClinicPapers(NamedTuple):
    """What was made: the courses with a folder each, those that wait, and the calls."""

    courses: tuple[str, ...]
    waiting: tuple[tuple[str, str], ...]
    calls: int


def clinic_papers(
    database: Database,
    clinic: str,
    author: Author,
    out: Path,
    *,
    report: Callable[[int, int, str], None] = lambda _n, _of, _course: None,
) -> ClinicPapers:
    """The documents of each course that has stale pages out, in a folder each, and calls.csv."""
    check_may(author.role, "issued")
    _check_target(out)
    with database.reading() as connection:
        place = read_place(connection, clinic)
        stale = [one["course"] for one in stale_pages_at(connection, place)]
        calls = list(calls_of(connection, place))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    made, waiting = [], []
    for n, course in enumerate(stale):
        report(n + 1, len(stale), course)
        try:
            course_documents(database, course, author, out=out / course)
            made.append(course)
        except ServiceError:
            raise  # where this one cannot be written, no other can
        except PlannerError as error:
            waiting.append((course, str(error.problems[0])))
    replace_file(out / CALLS, call_rows(calls))
    return ClinicPapers(tuple(made), tuple(waiting), len(calls))


CALLS = "calls.csv"


def _check_target(out: Path) -> None:
    """Refuse what is no folder, or has a list of calls that is none of ours."""
    if out.exists() and not out.is_dir():
        raise RefusedError(
            Problem(str(out), said("it is not a folder"), said("choose another folder"))
        )
    there = out / CALLS
    if there.is_dir() or (there.exists() and not there.read_bytes().startswith(call_rows([]))):
        problem = said("its {calls} is none that the planner wrote", calls=CALLS)
        raise RefusedError(Problem(str(out), problem, said("choose another folder")))


def record_told(database: Database, clinic: str, course: str, how: str, author: Author) -> None:
    """Record that a patient was told what moved, and how; it leaves the calls.

    Raises RefusedError where there is nothing to tell.
    """
    with database.reading() as connection:
        place = read_place(connection, clinic)

    def make(standing: Standing) -> Event:
        moved = [one for one in standing.record.entries if isinstance(one.event, Rearranged)]
        told = [one for one in standing.record.entries if isinstance(one.event, Told)]
        if standing.record.clinic_id != place.id:
            problem = said("it is a course of clinic {at}", at=f"{standing.record.clinic_id}")
            raise RefusedError(Problem("course", problem, said("name that clinic")))
        if not moved or (told and told[-1].number > moved[-1].number):
            raise RefusedError(
                Problem("course", said("there is nothing to tell"), said("see its history"))
            )
        return Told(moved[-1].number, how)

    change(database, course, [make], author)

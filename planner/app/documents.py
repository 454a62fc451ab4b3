"""The documents of a course of the register, made as it stands and noted as made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from planner.app.courses import change
from planner.app.issued_folder import check_carries_on, check_first_label
from planner.app.issued_pages import issue_of, note_issued, pages_made, replaced
from planner.app.one_patient import reaches_patient
from planner.app.roles import Author, Role, check_may
from planner.core.followup.events import UNCOUNTED
from planner.core.plan.pages import code_of, visit_page, with_pages
from planner.core.plan.plan import PLAN_NAME, Plan
from planner.core.values.said import said
from planner.documents.document_set import (
    PackVisit,
    Report,
    issued,
    pack,
    paper_names,
    papers,
    silent,
)
from planner.documents.folder import LABELS_NAME, WORKSHEETS_NAME, write_folder
from planner.errors import NotConfirmedError, NotFoundError, Problem
from planner.files.plan import plan_bytes
from planner.store.database import Database
from planner.store.standing import Standing


class Made(NamedTuple):
    """What was made: the plan that it is of, and its files by their names.

    None of them is `to_patient` after a death, in whichever course that was told.
    """

    plan: Plan
    files: Mapping[str, bytes]
    to_patient: bool


def course_documents(
    database: Database,
    course: str,
    author: Author,
    *,
    out: Path | None = None,
    stamp: datetime | None = None,
    first_label: int = 1,
    address: str = "",
    report: Callable[[Plan], Report] = lambda _plan: silent,
) -> Made:
    """Make the documents of a course as it stands, with what changed since the last ones.

    They are noted as made, and written into the folder `out` or handed back alone. `stamp` is the
    time of issue, without one that of the last change: the same revision has the same bytes
    whenever it is made. `address` is that of the patient's calendar. `report` is told of each paper
    before it is made. Raises NotConfirmedError where a finding waits, MovedOnError where the course
    changed meanwhile.
    """
    made, note = documents_to_note(
        database, course, author,
        out=out, stamp=stamp, first_label=first_label, address=address, report=report,
    )  # fmt: skip
    if out is None:
        note()
        return made
    content = made.files[PLAN_NAME]

    def ready() -> None:
        check_carries_on(made.plan, content, out)
        note()

    write_folder(out, made.files, ready)
    return made


def documents_to_note(
    database: Database,
    course: str,
    author: Author,
    *,
    out: Path | None = None,
    stamp: datetime | None = None,
    first_label: int = 1,
    address: str = "",
    report: Callable[[Plan], Report] = lambda _plan: silent,
) -> tuple[Made, Callable[[], None]]:
    """As `course_documents`, but nothing is written; the second notes them as made."""
    check_may(author.role, "issued")
    with database.reading() as connection:
        standing = issue_of(connection, course)
        to_patient = reaches_patient(connection, standing)
    plan = standing.plan
    _check_confirmed(standing)
    content = plan_bytes(plan)
    if out is not None:
        check_carries_on(plan, content, out)
    check_first_label(first_label, plan)
    files = issued(
        plan, content, stamp or last_change(standing), since=replaced(standing),
        first_label=first_label, address=address, to_patient=to_patient, report=report(plan),
    )  # fmt: skip
    code = code_of(content)
    return Made(plan, files, to_patient), partial(
        note_issued, database, standing, code, files, author
    )


def papers_of(database: Database, role: Role, course: str) -> Sequence[str]:
    """The papers of a course as it stands, by the names of their files; none while it waits."""
    check_may(role, "read")
    with database.reading() as connection:
        standing = issue_of(connection, course)
    if standing.plan.hindering:
        return []
    names = paper_names(standing.plan, replaced(standing))
    return [*names, *(f"{visit_page(one.number)}.pdf" for one in with_pages(standing.plan))]


def course_paper(
    database: Database,
    course: str,
    name: str,
    author: Author,
    *,
    is_counted: bool,
    address: str = "",
) -> bytes:
    """One paper of a course as it stands, by its file's name; `visit-2.pdf` is that visit's page.

    Where it is counted its pages count as made, once for each of their codes. Raises as
    `course_documents`, and NotFoundError for a paper that would tell nobody anything.
    """
    check_may(author.role, "issued" if is_counted else "read")
    with database.reading() as connection:
        standing = issue_of(connection, course)
        to_patient = reaches_patient(connection, standing)
    _check_confirmed(standing)
    content = _paper(standing, name, address, to_patient=to_patient)
    if is_counted:
        own = [one for one in standing.plan.pages if _is_on(one.page, name)]
        if made := pages_made(standing, own, {_kept_name(name): content}):
            change(database, course, [lambda _standing: made], author, standing.state.revision)
    return content


def _paper(standing: Standing, name: str, address: str, *, to_patient: bool) -> bytes:
    plan, stamp = standing.plan, last_change(standing)
    numbers = [one.number for one in with_pages(plan) if f"{visit_page(one.number)}.pdf" == name]
    if numbers:
        files = pack([PackVisit(plan, numbers[0])], name.removesuffix(".pdf"), stamp)
    else:
        files = papers(
            plan, stamp, since=replaced(standing), address=address, to_patient=to_patient, only=name
        )
    content = files.get(_kept_name(name))
    if content is None:
        raise NotFoundError(
            Problem(name, said("the course has no such paper"), said("see its papers"))
        )
    return content


def _kept_name(name: str) -> str:
    """The name that a paper is kept by: a single visit's page is of the worksheets."""
    return WORKSHEETS_NAME if name.startswith("visit-") else name


def _is_on(page: str, name: str) -> bool:
    """Whether a page is on a paper."""
    of_visits = name in (WORKSHEETS_NAME, LABELS_NAME) and page.startswith("visit-")
    return of_visits or f"{page}.pdf" == name


def _check_confirmed(standing: Standing) -> None:
    waiting = standing.plan.hindering
    if not waiting:
        return
    problems = [
        Problem(one.code, said("{alone} [value: {value}]", alone=one.alone, value=one.value))
        for one in waiting
    ]
    fix = said("confirm them, or change what is wrong")
    raise NotConfirmedError(*problems, Problem("", said("nothing was made"), fix))


def last_change(standing: Standing) -> datetime:
    """When a course last changed: its papers and calendars carry that time."""
    entries = standing.record.entries
    changes = [one.at for one in entries if not isinstance(one.event, UNCOUNTED)]
    return (changes or [entries[0].at])[-1].replace(microsecond=0)

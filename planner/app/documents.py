"""The documents of a course of the register, made as it stands and noted as made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from planner.app.actors import Author, check_may
from planner.app.issued_folder import check_carries_on, check_first_label
from planner.app.issued_pages import issue_of, note_issued, replaced
from planner.core.followup.events import UNCOUNTED
from planner.core.plan.findings import hindering
from planner.core.plan.plan import Plan
from planner.documents.document_set import Report, issued
from planner.documents.folder import write_folder
from planner.errors import NotConfirmedError, Problem
from planner.files.plan import plan_bytes
from planner.store.database import Database
from planner.store.standing import Standing

CODE_DIGITS = 8


class Made(NamedTuple):
    """What was made: the plan that it is of, and its files by their names."""

    plan: Plan
    files: Mapping[str, bytes]


def course_documents(
    database: Database,
    course: str,
    author: Author,
    *,
    out: Path | None = None,
    stamp: datetime | None = None,
    first_label: int = 1,
    report: Callable[[Plan], Report] | None = None,
) -> Made:
    """Make the documents of a course as it stands, with what changed since the last ones.

    They are noted as made, and written into the folder `out` or handed back alone. `stamp` is the
    time of issue; that of the last change where none is given, so that the same revision has the
    same bytes whenever it is made. Raises NotConfirmedError where a finding waits, MovedOnError
    where the course changed meanwhile. `report` is told of each paper before it is made.
    """
    check_may(author.role, "issued")
    with database.reading() as connection:
        standing = issue_of(connection, course)
    plan = standing.plan
    _check_confirmed(standing)
    content = plan_bytes(plan)
    if out is not None:
        check_carries_on(plan, content, out)
    check_first_label(first_label, plan)
    before, entries = replaced(standing)
    told = {"report": report(plan)} if report is not None else {}
    files = issued(
        plan, content, stamp or _last_change(standing), before,
        entries=entries, first_label=first_label, **told,
    )  # fmt: skip
    code = hashlib.sha256(content).hexdigest()[:CODE_DIGITS]

    def ready() -> None:
        if out is not None:
            check_carries_on(plan, content, out)
        note_issued(database, standing, code, files, author)

    if out is None:
        ready()
    else:
        write_folder(out, files, ready)
    return Made(plan, files)


def _check_confirmed(standing: Standing) -> None:
    waiting = hindering(standing.plan.findings)
    if not waiting:
        return
    problems = [Problem(one.code, f"{one.alone} [value: {one.value}]") for one in waiting]
    fix = "confirm them, or change what is wrong"
    raise NotConfirmedError(*problems, Problem("", "nothing was made", fix))


def _last_change(standing: Standing) -> datetime:
    entries = standing.record.entries
    changes = [one.at for one in entries if not isinstance(one.event, UNCOUNTED)]
    return (changes or [entries[0].at])[-1].replace(microsecond=0)

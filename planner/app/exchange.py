"""A course for other systems: a FHIR bundle, read back before anybody gets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import planner
from planner.app.documents import documents_to_note, last_change
from planner.app.roles import Author, Role, check_may
from planner.core.followup.events import UNSETTLED, Migrated
from planner.core.plan.plan import Plan
from planner.documents.document_set import papers
from planner.documents.fhir import Kind, Writing, bundle_bytes
from planner.documents.fhir_read_back import differences
from planner.documents.folder import REPRINT
from planner.errors import PlannerError, Problem
from planner.files.plan import plan_bytes
from planner.store.database import Database
from planner.store.histories import Record
from planner.store.standing import check_not_erased, read_standing


def plan_bundle(
    plan: Plan, content: bytes, recorded: datetime, kind: Kind, *, with_papers: bool
) -> bytes:
    """The bundle of a plan.json, whose bytes are `content`; its papers are reprints.

    Raises InputError for a character that the papers' fonts lack.
    """
    made = papers(plan, recorded, REPRINT) if with_papers else {}
    version, anchor = planner.__version__, _anchor(plan)
    return _read_back(Writing(plan, content, recorded, version, anchor, _pdfs(made)), kind)


def _anchor(first: Plan) -> str:
    """What a course is known by, of its first plan: whatever becomes known later, it stays.

    That is the calendar id of its first visit: a key that nobody has made it.
    """
    visits = first.visits
    uid = min(visits, key=lambda one: one.number).uid if visits else first.course
    # Two clinics without a name may have the same ids for two people.
    who = "" if first.clinic.name else f"{first.patient.name} {first.patient.birth_date}"
    return f"{uid} {who}"


class CourseBundle(NamedTuple):
    """A bundle of a course, and what notes its papers as made once somebody has them."""

    content: bytes
    note_papers: Callable[[], None]


def course_bundle(
    database: Database,
    role: Role,
    course: str,
    recorded: datetime | None,
    kind: Kind,
    *,
    papers_by: Author | None = None,
) -> CourseBundle:
    """The bundle of a course of the register as it stands, with each event that led to it.

    What an earlier bundle had, and the course has no more, is in it as withdrawn. `recorded` is the
    time of the last change where none is given. Where somebody wants the papers along, they are to
    be noted as made by `papers_by`. Raises NotFoundError where there is no such course,
    NotAllowedError for one of a restricted patient, RefusedError for one of an erased patient,
    NotConfirmedError where papers wait.
    """
    check_may(role, "read")
    made, note = ({}, _nothing) if papers_by is None else _papers(database, course, papers_by)
    with database.reading() as connection:
        standing = read_standing(connection, course)
    check_not_erased(standing.record.patient)
    earlier = list(_earlier_plans(standing.record))
    writing = Writing(
        standing.plan,
        plan_bytes(standing.plan),
        recorded or last_change(standing),
        planner.__version__,
        _anchor((*earlier, standing.plan)[0]),
        _pdfs(made),
        earlier,
        standing.record.entries,
    )
    return CourseBundle(_read_back(writing, kind), note)


def _nothing() -> None:
    """No papers were made."""


def _papers(
    database: Database, course: str, author: Author
) -> tuple[Mapping[str, bytes], Callable[[], None]]:
    made, note = documents_to_note(database, course, author)
    return made.files, note


def _earlier_plans(record: Record) -> Iterator[Plan]:
    """The plan after each event but the last, oldest first, since there are bundles of it."""
    # No bundle came from the first edition, which did not keep what stood after an event.
    brought = (one.number for one in record.entries if isinstance(one.event, Migrated))
    for number in range(next(brought, 1), len(record.entries)):
        if not isinstance(record.entries[number - 1].event, UNSETTLED):
            earlier = record._replace(entries=record.entries[:number])
            yield earlier.plan(earlier.state)


def _pdfs(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {name: content for name, content in files.items() if name.endswith(".pdf")}


def _read_back(writing: Writing, kind: Kind) -> bytes:
    """The bundle, where it says what the plan says. Raises PlannerError otherwise."""
    content = bundle_bytes(writing, kind)
    found = differences(content, writing.content)
    if found:
        fix = "nothing was written; please report it as a bug of ours"
        raise PlannerError(*(Problem("the bundle", one, fix) for one in found))
    return content

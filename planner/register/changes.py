"""Changing a course: one event, checked against the whole history, written or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from planner.core.course import Confirmation, Course
from planner.core.events import (
    Corrected,
    DoseChanged,
    Entry,
    Event,
    Issued,
    LesionAdded,
    Moved,
    Planned,
    Resumed,
)
from planner.core.findings import Finding
from planner.core.history import State, fold
from planner.core.questions import questions
from planner.core.records import Plan
from planner.documents.happened import told
from planner.documents.view import ENGLISH
from planner.errors import NotConfirmedError, Problem, RefusedError, raise_if_any
from planner.register.database import Database, lock_additions
from planner.register.inputs import Stored
from planner.register.store import (
    PatientRow,
    Record,
    append,
    begin_course,
    find_patient,
    keep_input,
    note_issue,
    project,
    read_course,
    read_courses_of,
)
from planner.register.tables import courses, patients

# What somebody chooses stops where its plan does; what was done is recorded whatever follows.
_CHOICES = (Moved, Resumed, DoseChanged, LesionAdded)
# Before a long closure these leave a visit without a day, which is then moved.
_MAY_LACK_A_DAY = (Resumed, LesionAdded)
_HOW_TO_CONFIRM = Problem("", 'if it is so, repeat the command with --confirm "reason"')


class Author(NamedTuple):
    """Who makes a change, when (UTC), and why, where a reason is asked for."""

    name: str
    now: datetime
    reason: str | None = None
    # What the author says to a question; None where nothing is confirmed.
    confirm: str | None = None


class Standing(NamedTuple):
    """A course as it stands: its record, the state of its history, the plan of that state."""

    record: Record
    state: State
    plan: Plan

    @classmethod
    def of(cls, record: Record) -> Standing:
        """The course of a record."""
        state = record.state
        return cls(record, state, record.plan(state))


class Changed(NamedTuple):
    """What a change led to; `waiting` are findings that now wait for a physician."""

    before: Standing
    after: Standing
    entries: tuple[Entry, ...]
    waiting: tuple[Finding, ...]


Make = Callable[[Standing], Event]


def add_course(
    database: Database, course: Course, protocol: Stored, clinic: Stored, author: Author
) -> Standing:
    """Begin the register's history of a course.

    Raises RefusedError where it is there already, NotConfirmedError where its plan waits for a
    physician, or its patient has another running course and nobody confirmed that.
    """
    with database.writing() as connection:
        lock_additions(connection)
        if connection.execute(select(courses).where(courses.c.id == course.id)).first():
            fix = "change it with planner course, or choose another id"
            raise RefusedError(Problem(course.id, "it is in the register already", fix))
        patient = _patient_of(connection, course)
        _check_patient(connection, patient, course, author)
        event = Planned(course, keep_input(connection, protocol), keep_input(connection, clinic))
        begin_course(connection, course.id, patient.key)
        append(connection, course.id, Entry(1, author.now, author.name, author.confirm, event), "")
        standing = Standing.of(read_course(connection, course.id))
        if not standing.plan.is_confirmed:
            problem = "its plan has errors, or waits for a physician"
            raise NotConfirmedError(Problem(course.id, problem, "see planner plan"))
        project(connection, standing.record, standing.state, standing.plan)
        return standing


def change(
    database: Database,
    course: str,
    makes: Sequence[Make],
    author: Author,
    if_revision: int | None = None,
) -> Changed:
    """Make changes of a course, an event each: all of them, or none.

    Raises RefusedError where one contradicts the history or the course moved on, NotConfirmedError
    where one asks for a confirmation.
    """
    with database.writing() as connection:
        first = Standing.of(read_course(connection, course, is_locked=True))
        check_not_restricted(first.record.patient)
        check_not_erased(first.record.patient)
        _check_revision(first, if_revision)
        standing, entries = first, []
        for make in makes:
            standing, entry = _changed(standing, make(standing), author)
            written = append(connection, course, entry, standing.record.digest)
            standing = standing._replace(record=standing.record._replace(digest=written))
            if isinstance(entry.event, Issued):
                note_issue(connection, course, entry.number, entry.event)
            entries.append(entry)
        project(connection, standing.record, standing.state, standing.plan)
    waiting = [one for one in _new(standing.plan.findings, first.plan.findings) if one.stops]
    return Changed(first, standing, tuple(entries), tuple(waiting))


def check_not_restricted(patient: PatientRow) -> None:
    """Refuse to work with the data of a patient who had that restricted."""
    if patient.restricted is not None:
        fix = "lift it with planner patient restrict --lift"
        raise RefusedError(Problem("the patient's data", "its processing is restricted", fix))


def check_not_erased(patient: PatientRow) -> None:
    """Refuse a change or a paper of a patient whose data was erased: it would be typed anew."""
    if patient.erased is not None:
        fix = "begin another course"
        raise RefusedError(Problem("the patient's data", "it was erased", fix))


def read_standing(connection: Connection, course: str) -> Standing:
    """A course as it stands. Raises RefusedError for one of a restricted patient."""
    record = read_course(connection, course)
    check_not_restricted(record.patient)
    return Standing.of(record)


def _before(standing: Standing, event: Event) -> tuple[State, Event]:
    """What a record is to be compared with: a corrected one with the course without it."""
    if not isinstance(event, Corrected) or event.instead is None:
        return standing.state, event
    record = standing.record
    number = len(record.entries) + 1
    gone = Entry(number, record.entries[-1].at, "", None, event._replace(instead=None))
    return fold((*record.entries, gone), record.protocol, record.opening), event.instead


def _wall(record: Record, now: datetime) -> datetime:
    """The clinic's wall clock at a moment."""
    zone = ZoneInfo(record.opening.clinic.timezone)
    return now.astimezone(zone).replace(tzinfo=None)


def _changed(before: Standing, event: Event, author: Author) -> tuple[Standing, Entry]:
    """The course with one more event. What it asks, and what a choice leads to, is confirmed.

    All of it is asked at once, so that nobody confirms what was not shown.
    """
    record, now = before.record, author.now
    asked = list(questions(*_before(before, event), record.protocol, _wall(record, now)))
    entry = Entry(len(record.entries) + 1, now, author.name, author.reason, event)
    after = _with(before, entry)
    new = list(_to_confirm(before, after, event))
    if (asked or new) and author.confirm is None:
        raise NotConfirmedError(*asked, *(_as_problem(one) for one in new), _HOW_TO_CONFIRM)
    if not asked and not new:
        return after, entry
    # The word stands with each finding that it confirms; for what was asked, in the reason.
    said = (author.reason, author.confirm if asked else None)
    entry = entry._replace(
        reason="; ".join(part for part in said if part) or None,
        confirmations=tuple(_confirmation(one, author) for one in new),
    )
    return _with(before, entry), entry


def _to_confirm(before: Standing, after: Standing, event: Event) -> Iterator[Finding]:
    """What a choice leads to and somebody has to confirm; raises NotConfirmedError for errors."""
    if not isinstance(event, _CHOICES):
        return
    new = list(_new(after.plan.findings, before.plan.findings))
    if isinstance(event, _MAY_LACK_A_DAY):
        new = [one for one in new if one.code != "no-open-day"]
    errors = [one for one in new if one.severity == "error"]
    raise_if_any(NotConfirmedError, map(_as_problem, errors))
    yield from new


def _with(before: Standing, entry: Entry) -> Standing:
    record = before.record._replace(entries=(*before.record.entries, entry))
    state = fold(record.entries, record.protocol, record.opening)
    return Standing(record, state, record.plan(state))


def _new(after: Sequence[Finding], before: Sequence[Finding]) -> Iterator[Finding]:
    """Errors and questions that were not there before, though an old word may answer them."""
    there = {_said(one) for one in before}
    for one in after:
        if one.severity in ("error", "confirm") and _said(one) not in there:
            yield one


def _said(finding: Finding) -> tuple[object, ...]:
    """What a finding says, whatever number its visit has."""
    message = re.sub(r"^visit \d+, ", "", finding.message)
    return finding.code, finding.lesion, finding.due, finding.value, message


def _as_problem(finding: Finding) -> Problem:
    return Problem(finding.code, finding.alone)


def _confirmation(finding: Finding, author: Author) -> Confirmation:
    return Confirmation(
        finding=finding.code,
        value=finding.value,
        by=author.name,
        reason=author.confirm or "",
        lesions=(finding.lesion,) if finding.lesion else (),
        due=(finding.due,) if finding.due and not finding.lesion else (),
    )


def _check_revision(standing: Standing, wanted: int | None) -> None:
    """Refuse a change to a course that moved on, and show how."""
    now = standing.state.revision
    if wanted is None or wanted == now:
        return
    since = [
        f"{told(one.event, ENGLISH)}, by {one.by}"
        for one in changes_after(standing.record.entries, wanted)
    ]
    course = standing.record.course
    text = f"you changed revision {wanted}; it is at revision {now}"
    how = f" ({'; '.join(since)})" if since else ""
    raise RefusedError(Problem(course, text + how, "read it again and repeat the change"))


def changes_after(entries: Sequence[Entry], revision: int) -> list[Entry]:
    """The changes that came after a revision."""
    first = entries[0].event
    start = first.course.revision if isinstance(first, Planned) else 0
    made = [one for one in entries if not isinstance(one.event, Planned | Issued)]
    return made[max(0, revision - start) :]


def _patient_of(connection: Connection, course: Course) -> PatientRow:
    """The patient of a new course: known by the id, or new."""
    wanted = course.patient
    born = wanted.birth_date.isoformat() if wanted.birth_date else None
    there = find_patient(connection, wanted.id)
    if there is None:
        new = insert(patients).values(id=wanted.id, name=wanted.name, birth_date=born)
        connection.execute(new)
        there = find_patient(connection, wanted.id)
        assert there is not None
        return there
    check_not_restricted(there)
    for known, said, what in (
        (there.name, wanted.name, "name"),
        (there.birth_date, born, "birth date"),
    ):
        if said is not None and known is not None and said != known:
            problem = f"the register has another {what} for this patient's id"
            raise RefusedError(Problem(f"patient.{what.replace(' ', '_')}", problem, "which one?"))
    name, born = there.name or wanted.name, there.birth_date or born
    if (name, born) != (there.name, there.birth_date):
        known_as = patients.c.key == there.key
        connection.execute(patients.update().where(known_as).values(name=name, birth_date=born))
    return there._replace(name=name, birth_date=born)


def states_of(connection: Connection, patient: PatientRow) -> dict[str, State]:
    """The courses of a patient as they stand, by their ids."""
    return {one.course: one.state for one in read_courses_of(connection, patient)}


def check_not_dead(states: Mapping[str, State]) -> None:
    """Refuse what would reach a patient who died in another course."""
    for course, state in states.items():
        if state.ended and state.ended.ending == "died":
            fix = "end the other courses too: planner course end ID --as died"
            raise RefusedError(Problem(f"course {course}", "the patient died", fix))


def _check_patient(
    connection: Connection, patient: PatientRow, course: Course, author: Author
) -> None:
    """Ask for what the register knows of a patient and the course file does not say."""
    states = states_of(connection, patient)
    check_not_dead(states)
    asked = []
    running = [name for name, state in states.items() if not state.ended]
    if running:
        text = f"the patient has another running course: {', '.join(running)}"
        asked.append(Problem("patient.id", text))
    allergic = [name for name, state in states.items() if state.course.patient.sulfite_allergy]
    if allergic and not course.patient.sulfite_allergy:
        text = f"course {allergic[-1]} states a sulfite allergy, this one does not"
        asked.append(Problem("patient.sulfite_allergy", text, "set it to true"))
    if asked and author.confirm is None:
        raise NotConfirmedError(*asked, _HOW_TO_CONFIRM)

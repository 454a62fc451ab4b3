"""Courses in the database: read whole, checked; written by one more event at a time."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from planner.core.events import Entry, Issued, Planned
from planner.core.history import State, fold
from planner.core.opening import Opening
from planner.core.protocol import Protocol
from planner.core.records import Plan
from planner.core.replanning import plan_again
from planner.errors import PlannerError, Problem, RefusedError
from planner.register.codec import PATIENT_ID, Identity, Row, digest, from_row, to_row
from planner.register.inputs import Stored, opening_of, protocol_of
from planner.register.summary import summary
from planner.register.tables import courses, events, inputs, issues, patients, texts, visits

ERASED_ID = "erased"


class PatientRow(NamedTuple):
    """A patient of the register; `restricted` and `erased` are notes of when, by whom and why."""

    key: int
    id: str | None
    name: str | None
    birth_date: str | None
    restricted: str | None
    erased: str | None

    @property
    def identity(self) -> Identity:
        """Who it is, as far as that is still known."""
        born = date.fromisoformat(self.birth_date) if self.birth_date else None
        return Identity(self.id or ERASED_ID, self.name, born)


class Record(NamedTuple):
    """A course as the register has it; `digest` is that of its last event."""

    course: str
    patient: PatientRow
    entries: tuple[Entry, ...]
    digest: str
    protocol: Protocol
    opening: Opening
    clinic: str

    @property
    def state(self) -> State:
        """What its history leaves."""
        return fold(self.entries, self.protocol, self.opening)

    def plan(self, state: State) -> Plan:
        """The plan of one of its states."""
        return plan_again(state, self.protocol, self.opening)

    def as_of(self, number: int) -> Record:
        """The course as it was after the event of a number."""
        return self._replace(entries=self.entries[:number])


def read_course(connection: Connection, course: str, *, is_locked: bool = False) -> Record:
    """A course with its whole history; locked, no other writer comes before the transaction ends.

    Raises RefusedError for an unknown course, and for a history that was tampered with.
    """
    query = select(courses).where(courses.c.id == course)
    # SQLite's writers are alone anyway, and it knows no FOR UPDATE.
    query = query.with_for_update() if is_locked else query
    head = connection.execute(query).one_or_none()
    if head is None:
        raise RefusedError(_unknown(connection, course))
    patient = read_patient(connection, head.patient)
    rows = read_rows(connection, course)
    last = check_chain(course, rows, is_erased=patient.erased is not None)
    if last != head.digest or len(rows) != head.events:
        raise RefusedError(_tampered(course, "its last event is not the one that was written"))
    of_patient = rows[0][0].texts.get(PATIENT_ID, patient.id) if rows else patient.id
    if patient.erased is None and of_patient != patient.id:
        raise RefusedError(_tampered(course, "its patient has another id than was written"))
    entries = tuple(_entry(course, row, patient.identity) for row, _, _ in rows)
    planned = entries[0].event
    if not isinstance(planned, Planned):
        raise RefusedError(_tampered(course, "it does not begin with a plan"))

    def read(sha256: str) -> str:
        return _input(connection, sha256)

    return Record(
        course,
        patient,
        entries,
        last,
        protocol_of(planned.protocol, read),
        opening_of(planned.clinic, read),
        planned.clinic,
    )


def read_courses_of(
    connection: Connection, patient: PatientRow, *, is_locked: bool = False
) -> list[Record]:
    """The courses of a patient, in the order of their ids; as `read_course`."""
    known = select(courses.c.id).where(courses.c.patient == patient.key).order_by(courses.c.id)
    ids = [one.id for one in connection.execute(known)]
    return [read_course(connection, one, is_locked=is_locked) for one in ids]


def read_rows(connection: Connection, course: str) -> list[tuple[Row, str, str]]:
    """The events of a course as they are stored, each with its texts' digest and its own."""
    joined = events.outerjoin(
        texts, (texts.c.course == events.c.course) & (texts.c.event == events.c.number)
    )
    query = (
        select(events, texts.c.salt, texts.c.content)
        .select_from(joined)
        .where(events.c.course == course)
        .order_by(events.c.number)
    )
    found = []
    for one in connection.execute(query):
        typed = json.loads(one.content) if one.content else {}
        row = Row(one.number, one.at, one.author, one.kind, one.facts, typed, one.salt)
        found.append((row, one.texts_sha256, one.digest))
    return found


def check_chain(course: str, rows: Sequence[tuple[Row, str, str]], *, is_erased: bool) -> str:
    """The digest of the last event. Raises RefusedError where one is not as it was written."""
    before = ""
    for expected, (row, typed, own) in enumerate(rows, start=1):
        if row.number != expected:
            raise RefusedError(_tampered(course, f"event {expected} is missing"))
        if digest(course, row, typed, before) != own:
            raise RefusedError(_tampered(course, f"event {row.number} was changed"))
        if not is_erased and row.texts_sha256 != typed:
            raise RefusedError(_tampered(course, f"a text of event {row.number} was changed"))
        before = own
    return before


def begin_course(connection: Connection, course: str, patient: int) -> None:
    """Make room for a course. Its first event has to follow in the same transaction."""
    connection.execute(
        insert(courses).values(
            id=course, patient=patient, events=0, revision=0, status="planned", digest=""
        )
    )


def append(connection: Connection, course: str, entry: Entry, before: str) -> str:
    """Write one event after the one of the digest `before`; the new digest.

    Raises RefusedError where another event came first.
    """
    row = to_row(entry, secrets.token_hex(16))
    own = digest(course, row, row.texts_sha256, before)
    moved_on = connection.execute(
        update(courses)
        .where(courses.c.id == course, courses.c.digest == before)
        .values(events=entry.number, digest=own)
    )
    if moved_on.rowcount != 1:
        problem = "somebody else changed it just now"
        raise RefusedError(Problem(course, problem, "read it again and repeat the change"))
    insert_row(connection, course, row, row.texts_sha256, own)
    return own


def insert_row(connection: Connection, course: str, row: Row, typed: str, own: str) -> None:
    """Write an event as it is."""
    connection.execute(
        insert(events).values(
            course=course,
            number=row.number,
            at=row.at,
            author=row.author,
            kind=row.kind,
            facts=row.facts,
            texts_sha256=typed,
            digest=own,
        )
    )
    if row.texts:
        content = json.dumps(dict(row.texts), ensure_ascii=False, sort_keys=True)
        connection.execute(
            insert(texts).values(course=course, event=row.number, salt=row.salt, content=content)
        )


def project(connection: Connection, record: Record, state: State, plan: Plan) -> None:
    """Draw anew what lists and days are read from."""
    course = record.course
    connection.execute(
        update(courses)
        .where(courses.c.id == course)
        .values(revision=state.revision, status=state.status)
    )
    there = {
        one.number: one._asdict()
        for one in connection.execute(select(visits).where(visits.c.course == course))
    }
    wanted = {one["number"]: one for one in projected_visits(record, plan)}
    changed = [row for number, row in wanted.items() if there.get(number) != row]
    stale = [n for n in there if n not in wanted or there[n] != wanted[n]]
    if stale:
        gone = (visits.c.course == course) & (visits.c.number == bindparam("gone"))
        connection.execute(delete(visits).where(gone), [{"gone": n} for n in stale])
    if changed:
        connection.execute(insert(visits), changed)


def projected_visits(record: Record, plan: Plan) -> list[dict[str, Any]]:
    """The visits of a plan as their table has them."""
    return [
        {
            "course": record.course,
            "number": visit.number,
            "day": visit.start.date().isoformat() if visit.start else None,
            "state": visit.state,
            "summary": summary(plan, visit, record.opening.clinic.capacity),
        }
        for visit in plan.visits
    ]


def note_issue(connection: Connection, course: str, number: int, issued: Issued) -> None:
    """Let the code of issued documents be found."""
    connection.execute(
        insert(issues).values(
            course=course, event=number, revision=issued.revision, code=issued.code
        )
    )


def keep_input(connection: Connection, stored: Stored) -> str:
    """Keep what a course is planned by, once; its sha256."""
    there = select(inputs.c.sha256).where(inputs.c.sha256 == stored.sha256)
    if connection.execute(there).one_or_none() is None:
        connection.execute(insert(inputs).values(sha256=stored.sha256, **stored._asdict()))
    return stored.sha256


def read_patient(connection: Connection, key: int) -> PatientRow:
    """A patient by the key that courses have."""
    return PatientRow(*connection.execute(select(patients).where(patients.c.key == key)).one())


def find_patient(connection: Connection, patient: str) -> PatientRow | None:
    """A patient by the clinic's id."""
    row = connection.execute(select(patients).where(patients.c.id == patient)).one_or_none()
    return None if row is None else PatientRow(*row)


def _input(connection: Connection, sha256: str) -> str:
    query = select(inputs.c.content, inputs.c.kind).where(inputs.c.sha256 == sha256)
    row = connection.execute(query).one_or_none()
    if row is None or Stored(row.kind, row.content).sha256 != sha256:
        problem = "a protocol or clinic that courses were planned by is gone or was changed"
        raise RefusedError(Problem("the register", problem, "restore the last backup"))
    content: str = row.content
    return content


def _entry(course: str, row: Row, patient: Identity) -> Entry:
    try:
        return from_row(row, patient)
    except (ValueError, KeyError, TypeError, AttributeError, PlannerError) as error:
        raise RefusedError(_tampered(course, f"event {row.number} cannot be read")) from error


def _tampered(course: str, problem: str) -> Problem:
    fix = "somebody changed the database; restore the last backup"
    return Problem(course, problem, fix)


def _unknown(connection: Connection, course: str) -> Problem:
    from planner.files.fields import shown

    near = _nearest_ids(connection, course)
    fix = f"did you mean {', '.join(near)}?" if near else "see planner course list"
    return Problem(shown(course), "there is no such course", fix)


def _nearest_ids(connection: Connection, course: str) -> list[str]:
    import difflib

    known = [one.id for one in connection.execute(select(courses.c.id))]
    return difflib.get_close_matches(course, known, n=3, cutoff=0.5) or sorted(known)[:3]

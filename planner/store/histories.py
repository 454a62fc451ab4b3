"""Courses in the database: read whole, checked; written by one more event at a time."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    Connection,
    Insert,
    Table,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.course_state import State, changes_of
from planner.core.followup.current_plan import plan_again, with_done
from planner.core.followup.events import (
    UNSETTLED,
    Entry,
    Given,
    Identified,
    Issued,
    Migrated,
    Planned,
    Rearranged,
    Told,
)
from planner.core.followup.first_edition_history import migrate
from planner.core.plan.calendar_ids import subscription_digest, subscription_token
from planner.core.plan.findings import hindering
from planner.core.plan.plan import Page, Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.lettering import as_people_read
from planner.core.values.said import said
from planner.errors import MovedOnError, NotFoundError, PlannerError, Problem, RefusedError
from planner.store.event_rows import (
    PATIENT_ID,
    EventRow,
    KnownPatient,
    digest,
    from_row,
    known_when_migrated,
    to_row,
)
from planner.store.folded import state_of
from planner.store.prepared import Prompt
from planner.store.stored_inputs import opening_of, protocol_of, read_input
from planner.store.summary import summary
from planner.store.tables import courses, events, pages, patients, texts, visits

ERASED_ID = "erased"
_Values = Mapping[str, Any]


def _as_given(table: Table, after: CTE) -> Insert:
    """A row of a table as it is given, once what has to come before has come."""
    row = (bindparam(f"{table}_{one.name}", type_=one.type) for one in table.c)
    return insert(table).from_select(list(table.c), select(*row).select_from(after))


# The statements of every change, built once: to build one costs as much as to run it.
_OTHERS = courses.alias("others")
_OTHERS_ENDED = exists().where(
    _OTHERS.c.patient == courses.c.patient,
    _OTHERS.c.id != courses.c.id,
    _OTHERS.c.status == "ended",
)
_HEAD = (
    select(
        courses.c.events, courses.c.digest.label("last"), courses.c.clinic, _OTHERS_ENDED, patients
    )
    .join_from(courses, patients, patients.c.key == courses.c.patient)
    .where(courses.c.id == bindparam("wanted"))
)
# SQLite's writers are alone anyway, and it knows no FOR UPDATE.
_READ_HEAD, _LOCK_HEAD = Prompt(_HEAD), Prompt(_HEAD.with_for_update(of=courses))
_PATIENT = select(patients).where(patients.c.key == bindparam("wanted"))
_ROWS = Prompt(
    select(
        events.c.number,
        events.c.at,
        events.c.author,
        events.c.kind,
        events.c.facts,
        events.c.texts_sha256,
        events.c.digest,
        texts.c.salt,
        texts.c.content,
    )
    .select_from(
        events.outerjoin(
            texts, (texts.c.course == events.c.course) & (texts.c.event == events.c.number)
        )
    )
    .where(events.c.course == bindparam("wanted"))
    .order_by(events.c.number)
)
_MOVED_ON = (
    update(courses)
    .where(courses.c.id == bindparam("wanted"), courses.c.digest == bindparam("before"))
    .values(
        events=bindparam("number"),
        digest=bindparam("own"),
        revision=bindparam("to"),
        status=bindparam("stands"),
        waits=bindparam("now_waits"),
        to_tell=bindparam("now_to_tell"),
        to_see=bindparam("now_to_see"),
        subscription=bindparam("now_subscription"),
    )
)
_MOVE_ON, _ADD_EVENT, _ADD_TEXT = Prompt(_MOVED_ON), Prompt(insert(events)), Prompt(insert(texts))
# The same three in one, where each statement is a way to a server and back.
_MOVED = _MOVED_ON.returning(courses.c.id).cte("moved")
_ADDED = _as_given(events, _MOVED).returning(events.c.course).cte("added")
_MOVE_ON_AT_ONCE = Prompt(_as_given(texts, _ADDED).returning(texts.c.event))
_VISIT = insert(visits)
_THIS_VISIT = (visits.c.course == bindparam("of")) & (visits.c.number == bindparam("numbered"))
_REDRAW = update(visits).where(_THIS_VISIT)
_GONE = delete(visits).where(_THIS_VISIT)


class PatientRow(NamedTuple):
    """A patient of the register; `restricted` and `erased` are notes of when, by whom and why."""

    key: int
    id: str | None
    name: str | None
    birth_date: str | None
    restricted: str | None
    erased: str | None
    read_as: str | None = None

    @property
    def identity(self) -> KnownPatient:
        """Who it is, as far as that is still known."""
        born = date.fromisoformat(self.birth_date) if self.birth_date else None
        return KnownPatient(self.id or ERASED_ID, self.name, born)


class Record(NamedTuple):
    """A course as the register has it; `digest` is that of its last event.

    `clinic_id` is its clinic's, `files` that clinic's files, by their sha256, as its own events
    name them; `first_file` is the one of its plan. What is decided now follows `current`, the
    clinic as it now stands around all its courses, with the sha256 of its file; None where nothing
    is decided. `has_ended_beside` says whether another course of its patient was ended.
    """

    course: str
    patient: PatientRow
    entries: tuple[Entry, ...]
    digest: str
    protocol: Protocol
    files: Mapping[str, Opening]
    first_file: str
    clinic_id: str = ""
    current: Opening | None = None
    has_ended_beside: bool = False

    @property
    def clinic_file(self) -> str:
        """The sha256 of the clinic's file that its papers follow."""
        return clinic_file_of(self.entries) or self.first_file

    @property
    def opening(self) -> Opening:
        """The clinic's hours."""
        return self.current or self.files[self.clinic_file]

    @property
    def state(self) -> State:
        """What its history leaves."""
        return state_of(self.course, self.entries, self.protocol)

    def plan(self, state: State) -> Plan:
        """The plan of one of its states."""
        return plan_again(state, self.protocol, self.opening.clinic)

    def as_of(self, number: int) -> Record:
        """The course as it was after the event of a number.

        What the first edition's papers said was kept when the course was migrated; what else stood
        before, it did not keep: that is laid out as the migration would have.
        """
        then = self._replace(entries=self.entries[:number])
        for entry in self.entries[number:]:
            if isinstance(entry.event, Migrated):
                settled = dict(entry.event.papers).get(number)
                if settled is None and changes_of(self.entries[number : entry.number - 1]):
                    clinic = then._replace(current=None).opening.clinic
                    settled = migrate(then.entries, self.protocol, Opening(clinic, Occupancy()))
                last = entry._replace(number=number + 1, settled=settled or entry.settled)
                return then._replace(entries=(*then.entries, last))
        return then


def read_course(connection: Connection, course: str, *, is_locked: bool = False) -> Record:
    """A course with its whole history; locked, no other writer comes before the transaction ends.

    Raises RefusedError for an unknown course, and for a history that was tampered with.
    """
    read_head = _LOCK_HEAD if is_locked else _READ_HEAD
    found = read_head(connection, wanted=course).fetchall()
    if not found:
        raise NotFoundError(_unknown(connection, course))
    events_there, last_there, clinic_id, has_ended_beside, *of_whom = found[0]
    patient = PatientRow(*of_whom)
    rows = read_rows(connection, course)
    last = check_chain(course, rows, is_erased=patient.erased is not None)
    if last != last_there or len(rows) != events_there:
        raise RefusedError(_tampered(course, "its last event is not the one that was written"))
    of_patient = rows[0][0].texts.get(PATIENT_ID, patient.id) if rows else patient.id
    if patient.erased is None and of_patient != patient.id:
        raise RefusedError(_tampered(course, "its patient has another id than was written"))
    known, identity = known_when_migrated(row for row, _, _ in rows), patient.identity
    entries = tuple(_entry(course, row, identity, known) for row, _, _ in rows)
    planned = entries[0].event if entries else None
    if not isinstance(planned, Planned):
        raise RefusedError(_tampered(course, "it does not begin with a plan"))
    record = new_record(connection, course, patient, planned, clinic_id=clinic_id, entries=entries)
    return record._replace(digest=last, has_ended_beside=bool(has_ended_beside))


def read_courses_of(
    connection: Connection, patient: PatientRow, *, is_locked: bool = False
) -> list[Record]:
    """The courses of a patient, in the order of their ids; as `read_course`."""
    known = select(courses.c.id).where(courses.c.patient == patient.key).order_by(courses.c.id)
    ids = [one.id for one in connection.execute(known)]
    return [read_course(connection, one, is_locked=is_locked) for one in ids]


def read_rows(connection: Connection, course: str) -> list[tuple[EventRow, str, str]]:
    """The events of a course as they are stored, each with its texts' digest and its own."""
    found = []
    for one in _ROWS(connection, wanted=course).fetchall():
        number, at, author, kind, facts, typed, own, salt, content = one
        texts_of = json.loads(content) if content else {}
        found.append((EventRow(number, at, author, kind, facts, texts_of, salt), typed, own))
    return found


def check_chain(course: str, rows: Sequence[tuple[EventRow, str, str]], *, is_erased: bool) -> str:
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


def begin_course(connection: Connection, course: str, patient: int, clinic_id: str = "") -> None:
    """Make room for a course of a clinic. Its first event has to follow in the same transaction."""
    head = {"events": 0, "revision": 0, "status": "planned", "digest": ""}
    connection.execute(insert(courses).values(id=course, patient=patient, clinic=clinic_id, **head))


def append(connection: Connection, record: Record, entry: Entry, state: State) -> str:
    """Write one event of a course after those of its record; its digest.

    `state` is what the history leaves with it. Raises RefusedError where another event came first.
    """
    course, before = record.course, record.digest
    row = to_row(entry, secrets.token_hex(16))
    typed = row.texts_sha256
    own = digest(course, row, typed, before)
    drawn = head_of(record.patient, [*record.entries, entry], state)
    wanted = {
        "wanted": course, "before": before, "number": entry.number, "own": own,
        "to": state.revision, "stands": state.status,
        **{f"now_{name}": one for name, one in drawn.items()},
    }  # fmt: skip
    event, text = _event_values(course, row, typed, own), _text_values(course, row)
    if not _is_written(connection, wanted, event, text):
        problem = said("somebody else changed it just now")
        raise MovedOnError(Problem(course, problem, said("read it again and repeat the change")))
    return own


def _is_written(connection: Connection, head: _Values, event: _Values, text: _Values) -> bool:
    """Write an event and its texts after those that are known; False where another came first."""
    if connection.dialect.name == "postgresql":
        given = {**_told_apart(events, event), **_told_apart(texts, text)}
        return bool(_MOVE_ON_AT_ONCE(connection, **head, **given).fetchall())
    is_next = _MOVE_ON(connection, **head).rowcount == 1
    if is_next:
        _ADD_EVENT(connection, **event)
        _ADD_TEXT(connection, **text)
    return is_next


def _told_apart(table: Table, values: _Values) -> _Values:
    return {f"{table}_{name}": value for name, value in values.items()}


def head_of(patient: PatientRow, entries: Sequence[Entry], state: State) -> dict[str, int | str]:
    """What the table of courses has drawn from a history, beside its revision and status.

    `state` is what the entries leave. Of the findings that wait for a physician a visit without a
    day is told apart.
    """
    return {
        "waits": len(hindering(state.findings)),
        "to_tell": to_tell(entries),
        "to_see": to_see(entries),
        "subscription": address_digest(patient, state),
    }


def address_digest(patient: PatientRow, state: State) -> str:
    """The digest of the secret address of the patient's calendar; empty where there is none.

    There is none after a death, an erasure, or where the course has no key to make one with.
    """
    token = address_token(state)
    return "" if token is None or state.has_died or patient.erased else subscription_digest(token)


def address_token(state: State) -> str | None:
    """The secret address of the patient's calendar; None where there is none."""
    if state.calendar_key is None or state.subscription is None:
        return None
    return subscription_token(bytes.fromhex(state.calendar_key), state.subscription)


def to_tell(entries: Sequence[Entry]) -> int:
    """The event whose moves nobody told the patient of yet; 0 for none."""
    found = 0
    for entry in entries:
        moved = _to_tell(entry)
        found = found if moved is None else moved
    return found


def _to_tell(entry: Entry) -> int | None:
    """What an event leaves to be told: it, nothing any more (0), or as before (None)."""
    if isinstance(entry.event, Rearranged) and entry.event.visits:
        return entry.number
    return 0 if isinstance(entry.event, Told) else None


def has_to_be_seen(entry: Entry) -> bool:
    """Whether somebody who is no physician answered questions, or noted a complication."""
    given = entry.event.injections if isinstance(entry.event, Given) else ()
    is_of_note = bool(entry.answered) or any(one.complication for one in given)
    return entry.role != "physician" and is_of_note


def to_see(entries: Sequence[Entry]) -> int:
    """The first event that a physician has to see, and after which none came: 0 for none.

    With it somebody else answered questions, or noted a complication.
    """
    found = 0
    for entry in entries:
        if has_to_be_seen(entry):
            found = found or entry.number
        elif entry.role == "physician" and not isinstance(entry.event, (*UNSETTLED, Identified)):
            found = 0
    return found


def clinic_file_of(entries: Sequence[Entry]) -> str | None:
    """The sha256 of the clinic's file as the last event that says so has it; None for the first."""
    for entry in reversed(entries):
        if isinstance(entry.event, Rearranged) and entry.event.clinic:
            return entry.event.clinic
    return None


def insert_row(connection: Connection, course: str, row: EventRow, typed: str, own: str) -> None:
    """Write an event as it is."""
    _ADD_EVENT(connection, **_event_values(course, row, typed, own))
    if row.texts:
        _ADD_TEXT(connection, **_text_values(course, row))


def _event_values(course: str, row: EventRow, typed: str, own: str) -> _Values:
    return {
        "course": course,
        "number": row.number,
        "at": row.at,
        "author": row.author,
        "kind": row.kind,
        "facts": row.facts,
        "texts_sha256": typed,
        "digest": own,
    }


def _text_values(course: str, row: EventRow) -> _Values:
    content = json.dumps(dict(row.texts), ensure_ascii=False, sort_keys=True)
    return {"course": course, "event": row.number, "salt": row.salt, "content": content}


def project(
    connection: Connection,
    record: Record,
    state: State,
    before: State | None = None,
    entries: Sequence[Entry] = (),
) -> None:
    """Draw what days are read from: all of it, or since `before` what `entries` changed."""
    there = {*before.visits} if before else set()
    touched = _touched(state, entries) if before else {*state.visits}
    drawn = list(projected_visits(record, state, touched))
    if new := [one for one in drawn if one["number"] not in there]:
        connection.execute(_VISIT, new)
    known = [one for one in drawn if one["number"] in there]
    for one in known:
        connection.execute(_REDRAW, {**one, "of": record.course, "numbered": one["number"]})
    for number in sorted(there - {*state.visits}):
        connection.execute(_GONE, {"of": record.course, "numbered": number})


def _touched(state: State, entries: Sequence[Entry]) -> set[int]:
    """The visits that events changed, or that they changed something of."""
    numbers: set[int] = set()
    for entry in entries:
        if entry.settled is None:
            continue
        changed = {name for name, _ in entry.settled.slots}
        numbers |= {*entry.settled.gone, *(one.number for one in entry.settled.visits)}
        if changed:
            numbers |= {n for n, one in state.visits.items() if changed & set(one.names)}
    return numbers


def projected_visits(
    record: Record, state: State, only: Collection[int] | None = None
) -> Iterator[dict[str, Any]]:
    """The visits of a course as their table has them, all or those of some numbers."""
    clinic = record.opening.clinic
    for number in sorted(state.visits if only is None else {*only} & {*state.visits}):
        visit = with_done(state.visits[number], state, record.protocol, clinic)
        yield {
            "course": record.course,
            "number": number,
            "clinic": record.clinic_id,
            "day": visit.start.date().isoformat() if visit.start else None,
            "start": visit.start.isoformat() if visit.start else None,
            "end": visit.end.isoformat() if visit.end else None,
            "state": visit.state,
            "summary": summary(visit, clinic, record.protocol),
        }


def pages_of_issue(issued: Issued) -> Sequence[Page]:
    """The pages that were made then; the first edition's had one code, and no names."""
    return issued.pages or (Page("", issued.code),)


def note_pages(connection: Connection, course: str, number: int, issued: Issued) -> None:
    """Let the codes of issued pages be found."""
    connection.execute(
        insert(pages),
        [
            {"course": course, "event": number, "page": one.page, "code": one.code}
            for one in pages_of_issue(issued)
        ],
    )


def read_patient(connection: Connection, key: int) -> PatientRow:
    """A patient by the key that courses have."""
    return PatientRow(*connection.execute(_PATIENT, {"wanted": key}).one())


def find_patient(connection: Connection, patient: str) -> PatientRow | None:
    """A patient by the clinic's id, as people read it."""
    alike = select(patients).where(patients.c.read_as == as_people_read(patient))
    rows = [PatientRow(*row) for row in connection.execute(alike.order_by(patients.c.key))]
    # The first edition may have made two patients of ids that look alike.
    return next((one for one in rows if one.id == patient), rows[0] if rows else None)


def add_patient(
    connection: Connection, patient: str, name: str | None, birth_date: str | None
) -> PatientRow:
    """A new patient."""
    values = {"id": patient, "read_as": as_people_read(patient), "name": name}
    connection.execute(insert(patients).values(**values, birth_date=birth_date))
    there = find_patient(connection, patient)
    assert there is not None
    return there


def new_record(
    connection: Connection,
    course: str,
    patient: PatientRow,
    planned: Planned,
    *,
    clinic_id: str,
    entries: tuple[Entry, ...] = (),
) -> Record:
    """The record of a course at a clinic, before its first event or with its `entries`."""

    read = partial(read_input, connection)
    later = {one.event.clinic for one in entries if isinstance(one.event, Rearranged)}
    named = {planned.clinic, *later}
    files = {sha256: opening_of(sha256, read) for sha256 in named if sha256 is not None}
    protocol = protocol_of(planned.protocol, read)
    return Record(course, patient, entries, "", protocol, files, planned.clinic, clinic_id)


def _entry(course: str, row: EventRow, patient: KnownPatient, known: Collection[str]) -> Entry:
    try:
        number, at, author, kind, facts, typed, salt = row
        made_of = (number, at, author, kind, facts, tuple(sorted(typed.items())), salt)
        return _read_entry(made_of, patient, tuple(known))
    except (ValueError, KeyError, TypeError, AttributeError, PlannerError) as error:
        raise RefusedError(_tampered(course, f"event {row.number} cannot be read")) from error


@lru_cache(maxsize=1024)
def _read_entry(made_of: tuple[Any, ...], patient: KnownPatient, known: tuple[str, ...]) -> Entry:
    """An event by all that it is made of: a long history is not parsed anew for each change."""
    row = EventRow(*made_of)
    return from_row(row._replace(texts=dict(row.texts)), patient, known)


def _tampered(course: str, problem: str) -> Problem:
    fix = said("somebody changed the database; restore the last backup")
    return Problem(course, problem, fix)


def _unknown(connection: Connection, course: str) -> Problem:
    """Why there is no such course: of a patient's id those of the patient, else ids like it."""
    from planner.files.fields import shown

    patient = find_patient(connection, course)
    if patient is not None and patient.restricted is not None:
        return Problem(
            shown(course), said("there is no such course"), said("see the list of courses")
        )
    if patient is not None:
        own = select(courses.c.id).where(courses.c.patient == patient.key).order_by(courses.c.id)
        names = ", ".join(one.id for one in connection.execute(own)) or "none"
        return Problem(
            shown(course),
            said("this is a patient's id"),
            said("the patient's courses: {names}", names=names),
        )
    near = _nearest_ids(connection, course)
    fix = (
        said("did you mean {near}?", near=", ".join(near))
        if near
        else said("see the list of courses")
    )
    return Problem(shown(course), said("there is no such course"), fix)


def _nearest_ids(connection: Connection, course: str) -> list[str]:
    import difflib

    # Those of restricted patients are named nowhere.
    joined = courses.join(patients, patients.c.key == courses.c.patient)
    query = select(courses.c.id).select_from(joined).where(patients.c.restricted.is_(None))
    known = [one.id for one in connection.execute(query)]
    return difflib.get_close_matches(course, known, n=3, cutoff=0.5)

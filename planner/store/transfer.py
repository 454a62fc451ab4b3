"""The register as lines of JSON, out and in again: every event as it is, and all it stands on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError

from planner.core.followup.events import Planned
from planner.core.values.lettering import as_people_read
from planner.errors import InputError, Problem, RefusedError, raise_if_any
from planner.files.fields import check_birth_date, check_id, check_text
from planner.store.adopted_clinics import join_clinic
from planner.store.clinics import PUT, clinic_ids, keep_rows, read_place, rows_of
from planner.store.database import lock_additions
from planner.store.event_rows import UNREADABLE, EventRow, scheduled_of
from planner.store.first_edition_register import migrate_course
from planner.store.histories import (
    PatientRow,
    Record,
    begin_course,
    check_chain,
    find_patient,
    insert_row,
    note_pages,
    project,
    read_course,
    read_patient,
    read_rows,
)
from planner.store.proving import unproven, untrue_texts
from planner.store.standing import check_not_restricted
from planner.store.stored_inputs import Stored, keep_input
from planner.store.tables import courses, inputs, patients, waiting
from planner.store.waiting_list import find_waiting

FORMAT = "planner-register"
# The same of a line, which may be nested without end, or break a rule of the tables.
_NO_LINE = (*UNREADABLE, DBAPIError, RecursionError)
FIRST_EDITION, VERSION = 1, 2
_OF_PATIENT = {"id", "name", "birth_date", "restricted", "erased"}
_OF_INPUT = {"sha256", "kind", "content"}


def exported(connection: Connection, only: str | None = None) -> Iterator[str]:
    """Each line of an export: a head, then for each course its patient, inputs and events.

    The head of a whole export has the clinics, and who waits for a first day.
    """
    if only is not None:
        check_not_restricted(read_course(connection, only).patient)
    whole: dict[str, Any] = {}
    if only is None:
        whole = {"clinics": list(_clinics(connection)), "waiting": list(_waiting(connection))}
    yield _line(
        {"format": FORMAT, "version": VERSION} | {k: one for k, one in whole.items() if one}
    )
    query = select(courses.c.id, courses.c.patient).order_by(courses.c.id)
    rows = connection.execute(query if only is None else query.where(courses.c.id == only)).all()
    seen_patients: set[int] = set()
    seen_inputs: set[str] = set()
    for course, key in rows:
        if key not in seen_patients:
            seen_patients.add(key)
            yield _line({"patient": _patient(read_patient(connection, key))})
        events = read_rows(connection, course)
        for sha256 in _inputs_of(events):
            if sha256 not in seen_inputs:
                seen_inputs.add(sha256)
                yield _line({"input": _input(connection, sha256)})
        yield _line({"course": course, "patient_key": key, "events": len(events)})
        for row, typed, own in events:
            event = row._asdict() | {"texts": dict(row.texts), "texts_sha256": typed}
            # What the facts say of times, for whoever reads them and not the facts.
            scheduled = scheduled_of(row)
            times = {} if scheduled is None else {"scheduled": scheduled}
            yield _line({"event": event | times | {"digest": own}})


def _waiting(connection: Connection) -> Iterator[dict[str, Any]]:
    """The waiting lists, with the protocols that the courses are planned by."""
    for row in connection.execute(select(waiting).order_by(waiting.c.place)):
        yield {"row": dict(row._mapping), "input": _input(connection, row.protocol)}


def _clinics(connection: Connection) -> Iterator[dict[str, Any]]:
    """The clinics with their histories and all files that these name."""
    for clinic in list(clinic_ids(connection)):
        events = rows_of(connection, clinic)
        files = [_input(connection, sha256) for sha256 in _clinic_inputs(events)]
        yield {"clinic": clinic, "events": events, "inputs": files}


def imported(connection: Connection, lines: Iterable[str]) -> list[str]:
    """Bring the courses of an export in; their ids.

    Raises InputError for lines that are no export, RefusedError for a course that is there
    already or a history that was tampered with; then nothing of it is to be kept.
    """
    lock_additions(connection)
    coming = _Coming(connection)
    for number, line in enumerate(lines, start=1):
        try:
            coming.take(number, json.loads(line))
        except _NO_LINE as error:
            fix = "export the register anew"
            problem = "this is no line of an export"
            raise InputError(Problem(f"line {number}", problem, fix)) from error
    try:
        return coming.finish()
    except _NO_LINE as error:
        raise InputError(Problem("the last course", "it cannot be read")) from error


class _Coming:
    """An import, line by line."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.keys: dict[int, int] = {}
        self.open: tuple[str, int] | None = None
        self.rows: list[tuple[EventRow, str, str]] = []
        self.courses: list[str] = []
        self.clinics: list[dict[str, Any]] = []
        self.waiting: list[dict[str, Any]] = []
        self.joining: list[tuple[str, str, datetime]] = []
        self.has_head = False
        self.is_first_edition = False

    def take(self, number: int, line: dict[str, Any]) -> None:
        """One more line."""
        if number == 1:
            self._head(line)
        elif "event" in line:
            if self.open is None:
                problem = "it is an event of no course"
                raise InputError(Problem(f"line {number}", problem, "export the register anew"))
            event = line["event"]
            typed, own = event.pop("texts_sha256"), event.pop("digest")
            scheduled = event.pop("scheduled", None)
            row = EventRow(**event)
            if scheduled != scheduled_of(row):
                problem = f"the times of event {row.number} are not what its facts say"
                raise InputError(Problem(f"line {number}", problem, "export the register anew"))
            self.rows.append((row, typed, own))
        else:
            self._close()
            if "patient" in line:
                self._patient(line["patient"])
            elif "input" in line:
                self._input(line["input"])
            else:
                self._course(line["course"], self.keys[line["patient_key"]], line["events"])

    def finish(self) -> list[str]:
        """The courses that came in."""
        if not self.has_head:
            raise InputError(Problem("line 1", "the file is empty", "export the register anew"))
        self._close()
        for one in self.clinics:
            check_id(one["clinic"])
            for file in one["inputs"]:
                self._input(file)
            keep_rows(self.connection, one["clinic"], one["events"])
        for one in self.waiting:
            self._wait(one["row"], one["input"])
        for course, file, at in self.joining:
            join_clinic(self.connection, course, file, at, is_next_version=False)
        if not self.is_first_edition:
            drawn = (self._drawn_otherwise(course) for course in self.courses)
            raise_if_any(RefusedError, chain.from_iterable(drawn))
        return self.courses

    def _drawn_otherwise(self, course: str) -> Iterator[Problem]:
        """That the clinic of this register draws a course up otherwise: nobody was asked that."""
        record = read_course(self.connection, course)
        slots = record.state.slots.items()
        is_any_left = any(name.purpose == "injection" and one.is_left for name, one in slots)
        here = read_place(self.connection, record.clinic_id)
        if is_any_left and here.clinic.draws != record.opening.clinic.draws:
            text = f"clinic {here.id} has another stock or other syringes in this register"
            fix = "put the clinic's file that the course follows, and bring the course in then"
            yield Problem(course, text, fix)

    def _wait(self, row: dict[str, Any], file: dict[str, Any]) -> None:
        """A course that waits: it has to be one, at a clinic of the register."""
        check_id(row["course"])
        self._input(file)
        if set(row) != {one.name for one in waiting.c} or file["sha256"] != row["protocol"]:
            raise ValueError("who waits has other keys")
        there = find_waiting(self.connection, row["course"])
        if there is None:
            self.connection.execute(insert(waiting).values(**row))
            there = find_waiting(self.connection, row["course"])
        if there is None or there.course.id != row["course"]:
            raise ValueError("who waits is another course")

    def _head(self, line: dict[str, Any]) -> None:
        if line.get("format") != FORMAT:
            raise InputError(Problem("line 1", "this is no export of the register", "which file?"))
        if line.get("version") not in (FIRST_EDITION, VERSION):
            text = f"it is of version {line.get('version')}, this planner knows {VERSION}"
            raise InputError(Problem("line 1", text, "update the planner"))
        self.has_head = True
        self.clinics = list(line.get("clinics", []))
        self.waiting = list(line.get("waiting", []))
        self.is_first_edition = line["version"] == FIRST_EDITION

    def _patient(self, said: dict[str, Any]) -> None:
        old = said.pop("key")
        if type(old) is not int or old in self.keys:
            raise ValueError("a patient has a key of its own")
        if said.keys() != _OF_PATIENT:
            raise ValueError("a patient has other keys")
        _check_patient(said)
        there = None
        said["read_as"] = None
        if said["id"] is not None:
            there = find_patient(self.connection, said["id"])
            said["read_as"] = as_people_read(said["id"])
        # The first edition took ids that look alike for two patients: a history says which it was.
        is_of_file = self.is_first_edition or (there and there.key in self.keys.values())
        if there is not None and there.id != said["id"] and not is_of_file:
            problem = f"the register has this patient's id as {there.id}"
            raise RefusedError(Problem("patient", problem, "are they one? write it alike"))
        if there is not None and there.restricted is not None:
            # What somebody asked to be restricted stays so, whatever an export says.
            said["restricted"] = there.restricted
        if there is None or there.id != said["id"]:
            made = self.connection.execute(insert(patients).values(**said))
            self.keys[old] = made.inserted_primary_key[0] if made.inserted_primary_key else 0
        else:
            differs = any(getattr(there, name) != said[name] for name in ("name", "birth_date"))
            if differs:
                problem = "the register has this patient's id with another name or birth date"
                raise RefusedError(Problem("patient", problem, "which one is right?"))
            restricted = patients.update().where(patients.c.key == there.key)
            self.connection.execute(restricted.values(restricted=said["restricted"]))
            self.keys[old] = there.key

    def _input(self, said: dict[str, Any]) -> None:
        if said.keys() != _OF_INPUT:
            raise ValueError("an input has other keys")
        stored = Stored(said["kind"], said["content"])
        if stored.sha256 != said["sha256"]:
            raise ValueError("its content is not what its sha256 says")
        keep_input(self.connection, stored)

    def _course(self, course: str, key: int, events: int) -> None:
        check_id(course)
        there = select(courses.c.id).where(courses.c.id == course)
        if self.connection.execute(there).one_or_none() is not None:
            fix = "import into an empty database, or leave this course out"
            raise RefusedError(Problem(course, "it is in the register already", fix))
        begin_course(self.connection, course, key)
        self.open = course, events

    def _close(self) -> None:
        """Write the course whose events have all come."""
        if self.open is None:
            return
        (course, wanted), rows = self.open, self.rows
        self.open, self.rows = None, []
        raise_if_any(InputError, _lacking(course, wanted, rows))
        key = select(courses.c.patient).where(courses.c.id == course)
        patient = read_patient(self.connection, self.connection.execute(key).scalar_one())
        with _of_the_file():
            last = check_chain(course, rows, is_erased=patient.erased is not None)
        for row, typed, own in rows:
            insert_row(self.connection, course, row, typed, own)
        known = courses.c.id == course
        self.connection.execute(update(courses).where(known).values(events=len(rows), digest=last))
        if self.is_first_edition:
            migrate_course(self.connection, course)
        with _of_the_file():
            record = read_course(self.connection, course)
        state = record.state
        raise_if_any(InputError, _born_later(record, patient))
        of_texts = untrue_texts(
            course, [row for row, _, _ in rows], is_erased=patient.erased is not None
        )
        raise_if_any(RefusedError, [*of_texts, *unproven(record, state)])
        stands = {"revision": state.revision, "status": state.status}
        self.connection.execute(update(courses).where(known).values(stands))
        if not self.is_first_edition:
            project(self.connection, record, state)
        for one in state.issues:
            note_pages(self.connection, course, one.entries, one.issued)
        self.courses.append(course)
        self.joining.append((course, record.first_file, record.entries[0].at))


@contextmanager
def _of_the_file() -> Iterator[None]:
    """What was tampered with is the file: the register that it comes into is sound."""
    try:
        yield
    except RefusedError as error:
        fix = "the file was changed, nothing was brought in; export the register anew"
        found = (Problem(one.place, one.problem, fix) for one in error.problems)
        raise RefusedError(*found) from error


def _patient(there: PatientRow) -> dict[str, Any]:
    """A patient; how the id reads is for the database alone."""
    return {name: value for name, value in there._asdict().items() if name != "read_as"}


def _check_patient(said: dict[str, Any]) -> None:
    """Refuse what no course file could have said. Raises ValueError."""
    for name in ("id", "name"):
        if said[name] is not None:
            check_text(said[name])
    if said["birth_date"] is not None:
        check_birth_date(said["birth_date"])
    for name in ("restricted", "erased"):
        if said[name] is not None:
            _check_note(json.loads(said[name]))
    who = [said[name] for name in ("id", "name", "birth_date")]
    if (said["erased"] is None) != (said["id"] is not None):
        raise ValueError("who was erased has no id, and who was not has one")
    if said["erased"] is not None and any(one is not None for one in who):
        raise ValueError("who was erased has no name")


def _check_note(note: Any) -> None:
    """Refuse what does not say when, by whom and why. Raises ValueError."""
    if not isinstance(note, dict) or set(note) != {"at", "by", "reason"}:
        raise ValueError("it is no note of the planner's")
    datetime.fromisoformat(note["at"])
    for text in (note["by"], note["reason"]):
        if text is not None:
            check_text(text)


def _born_later(record: Record, patient: PatientRow) -> Iterator[Problem]:
    first = record.entries[0].event
    born = patient.birth_date
    if isinstance(first, Planned) and born and born > first.course.first_visit.date().isoformat():
        text, fix = "its patient is born after the first visit", "correct the one that is wrong"
        yield Problem(record.course, text, fix)


def _lacking(course: str, wanted: int, rows: Sequence[object]) -> Iterator[Problem]:
    if len(rows) != wanted:
        text = f"{len(rows)} of its {wanted} events are there"
        what = "cut short" if len(rows) < wanted else "lengthened"
        yield Problem(course, text, f"the file was {what}; export the register anew")


def _inputs_of(events: Sequence[tuple[EventRow, str, str]]) -> list[str]:
    planned = json.loads(events[0][0].facts)["event"]
    later = (json.loads(row.facts)["event"] for row, _, _ in events if row.kind == "rearranged")
    files = [planned["clinic"], *(one["clinic"] for one in later if one["clinic"])]
    return [planned["protocol"], *dict.fromkeys(files)]


def _clinic_inputs(events: Sequence[Mapping[str, Any]]) -> list[str]:
    said = (json.loads(one["facts"]) for one in events if one["kind"] == PUT)
    return list(dict.fromkeys(one["input"] for one in said))


def _input(connection: Connection, sha256: str) -> dict[str, str]:
    row = connection.execute(select(inputs).where(inputs.c.sha256 == sha256)).one()
    return dict(row._asdict())


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)

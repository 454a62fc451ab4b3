"""Patients' data: who somebody is, restricted or erased without touching what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select, update

from planner.app.course_json import course_json
from planner.app.one_patient import known_or_added
from planner.app.roles import Author, Role, check_may
from planner.core.followup.events import Corrected, Event, Given, Issued
from planner.core.values.formatting import count, day, listing
from planner.core.values.said import said
from planner.errors import Problem, RefusedError, raise_if_any
from planner.store.accounts import forget_forms_of
from planner.store.database import Database, lock_additions
from planner.store.event_rows import blanked, record_text, says_nothing_of_patient
from planner.store.histories import PatientRow, find_patient, read_courses_of, read_rows
from planner.store.standing import Standing
from planner.store.stored_inputs import retention_years
from planner.store.tables import courses, inputs, patients, texts
from planner.store.waiting_list import Waiting, remove_waiting_of, waiting_of


def patient_of(connection: Connection, patient: str) -> PatientRow:
    """A patient by id. Raises RefusedError for an unknown one, without naming others."""
    there = find_patient(connection, patient)
    if there is None:
        fix = said("check the id; an erased patient has none")
        raise RefusedError(
            Problem("the patient's id", said("the register has no such patient"), fix)
        )
    return there


def courses_of(
    connection: Connection, patient: PatientRow, *, is_locked: bool = False
) -> list[Standing]:
    """The courses of a patient, in the order of their ids."""
    found = read_courses_of(connection, patient, is_locked=is_locked)
    return [Standing.of(record) for record in found]


def held_of(database: Database, role: Role, patient: str) -> dict[str, Any]:
    """All that the register holds of a patient, as JSON has it."""
    check_may(role, "patients")
    with database.reading() as connection:
        waits = [_waits(one) for one in waiting_of(connection, patient)]
        if waits and find_patient(connection, patient) is None:
            return {"patient": patient, "courses": [], "waiting": waits}
        there = patient_of(connection, patient)
        found = courses_of(connection, there)
    return {
        "patient": there.id,
        "name": there.name,
        "birth_date": there.birth_date,
        "restricted": None if there.restricted is None else json.loads(there.restricted),
        "courses": [course_json(one) for one in found],
        **({"waiting": waits} if waits else {}),
    }


def _waits(one: Waiting) -> dict[str, Any]:
    """A course that waits, as JSON has it; its first visit only where somebody said one."""
    found: dict[str, Any] = json.loads(record_text(one.course))
    return found if one.has_hour else found | {"first_visit": None}


def restrict(database: Database, patient: str, author: Author, *, lift: bool) -> None:
    """Keep a patient's data and work with it no more, or lift that again."""
    check_may(author.role, "patients")
    with database.writing() as connection:
        lock_additions(connection)
        waits = waiting_of(connection, patient)
        if waits and find_patient(connection, patient) is None:
            # A restriction needs somebody whom the register knows.
            there = known_or_added(connection, waits[0].course)
        else:
            there = patient_of(connection, patient)
        if (there.restricted is not None) != lift:
            is_so = there.restricted is not None
            problem = said("it is restricted already" if is_so else "it is not restricted")
            raise RefusedError(
                Problem(
                    "the patient's data",
                    problem,
                    said("see patient export"),
                )
            )
        note = None if lift else _note(author, author.reason)
        known = patients.c.key == there.key
        connection.execute(update(patients).where(known).values(restricted=note))


class Erased(NamedTuple):
    """What an erasure reached, and what stays of it; `remains` is a line each.

    The log is not empty where another program keeps it open.
    """

    courses: int
    is_log_empty: bool
    remains: tuple[str, ...]


def erase(
    database: Database, patient: str, author: Author, *, force: bool, with_authors: bool = False
) -> Erased:
    """Blank who a patient is and all that was typed; doses and dates stay.

    So do the names of who entered and confirmed, unless it is `with_authors`. A restriction
    stays, without its reason. Raises RefusedError inside the clinic's retention period unless it
    is forced.
    """
    check_may(author.role, "patients")
    with database.writing() as connection:
        lock_additions(connection)
        waits = waiting_of(connection, patient)
        if waits and find_patient(connection, patient) is None:
            # Nobody knew more of who only waited.
            remove_waiting_of(connection, patient)
            courses, remains = 0, []
        else:
            there = patient_of(connection, patient)
            found = courses_of(connection, there, is_locked=True)
            if not force:
                today = author.now.astimezone(UTC).date()
                raise_if_any(RefusedError, _retained(connection, found, waits, today))
            _blank_patient(connection, there, author, author.reason if force else None)
            fixed: list[str] = []
            for one in found:
                fixed += _typed_in_facts(connection, one.record.course)
                _blank_course(connection, one.record.course, with_authors=with_authors)
            courses, remains = len(found), [*_remains(found, fixed, with_authors=with_authors)]
    # What was overwritten may still stand in the log beside the file.
    is_log_empty = database.file is None or database.empty_log()
    return Erased(courses, is_log_empty, tuple(remains))


def _blank_patient(
    connection: Connection, there: PatientRow, author: Author, reason: str | None
) -> None:
    """Blank who a patient is; why it was forced is kept, and that a restriction stands."""
    connection.execute(
        update(patients)
        .where(patients.c.key == there.key)
        .values(
            id=None,
            read_as=None,
            name=None,
            birth_date=None,
            restricted=None if there.restricted is None else _note(author, None),
            erased=_note(author, reason),
        )
    )
    if there.id is not None:
        remove_waiting_of(connection, there.id)


def _remains(
    found: Sequence[Standing], fixed: Sequence[str], *, with_authors: bool
) -> Iterator[str]:
    """What an erasure does not reach: who wrote a record, and what names the course itself."""
    entries = [entry for one in found for entry in one.record.entries]
    authors = dict.fromkeys(
        name for one in entries for name in (one.by, *(word.by for word in one.confirmations))
    )
    made = sum(isinstance(one.event, Issued) for one in entries)
    if found:
        yield f"the ids of its courses: {listing([one.record.course for one in found])}"
    if authors and not with_authors:
        yield f"the names of who entered and confirmed: {listing([*authors])}"
    if fixed:
        yield f"what was recorded before it could be blanked: {listing(fixed)}"
    if any(_names_lot(one.event) for one in entries):
        yield "the lots of what was given, as vials have them"
    if made:
        yield f"digests and codes of {count(made, 'set')} of documents"
    if any(one.state.course.screening for one in found):
        yield "answers to the protocol's questions"
    if any(one.state.course.background for one in found):
        yield "sex and years of the disease, whether it may be published"
    if any(each.code == "age-outside-observed" for one in found for each in one.state.findings):
        yield "an age in years that the source did not treat"
    yield "dates, doses, sites and sizes; the clinic's file, which other courses share"


def _names_lot(event: Event) -> bool:
    """Whether a lot of an event is kept, which says nothing of the patient."""
    given = event.instead if isinstance(event, Corrected) else event
    lot = given.lot if isinstance(given, Given) else None
    return lot is not None and says_nothing_of_patient("lot", lot)


def _typed_in_facts(connection: Connection, course: str) -> Iterator[str]:
    """The lots and authors that stand among the facts of events, where nothing can be blanked."""
    for row, _, _ in read_rows(connection, course):
        facts = json.loads(row.facts)["event"]
        for event in (facts, facts.get("instead") or {}):
            if event.get("lot") is not None:
                yield f"the lot of event {row.number} of {course}"
        if row.author:
            yield f"the author of event {row.number} of {course}"


def _blank_course(connection: Connection, course: str, *, with_authors: bool) -> None:
    """Blank what was typed of it, half-filled forms and the address of its calendar."""
    _blank(connection, course, with_authors=with_authors)
    forget_forms_of(connection, course)
    of_course = courses.c.id == course
    connection.execute(update(courses).where(of_course).values(subscription=""))


def _blank(connection: Connection, course: str, *, with_authors: bool) -> None:
    rows: list[Row[tuple[str, int, str, str]]] = list(
        connection.execute(select(texts).where(texts.c.course == course))
    )
    for row in rows:
        left = blanked(json.loads(row.content), with_authors=with_authors)
        content = json.dumps(left, sort_keys=True)
        here = (texts.c.course == course) & (texts.c.event == row.event)
        connection.execute(update(texts).where(here).values(salt=None, content=content))


def _retained(
    connection: Connection, found: Sequence[Standing], waits: Sequence[Waiting], today: date
) -> Iterator[Problem]:
    """Why a patient's data has to be kept, course by course."""
    fix = said("wait, or force it and say why")
    for one_waits in waits:
        text_of = said("it waits at clinic {clinic}, and loses its place", clinic=one_waits.clinic)
        yield Problem(one_waits.course.id, text_of, fix)
    for one in found:
        course = one.record.course
        if one.state.status != "ended":
            yield Problem(course, said("the course is not ended"), fix)
            continue
        query = select(inputs.c.content).where(inputs.c.sha256 == one.record.clinic_file)
        years = retention_years(connection.execute(query).scalar_one())
        if years is None:
            text_of = said("the clinic file sets no retention period (retention_years)")
            yield Problem(course, text_of, fix)
            continue
        last = _last_contact(one)
        until = _years_after(last, years)
        if today < until:
            text_of = said(
                "records are kept {years} after the last contact on {last}: until {until}",
                years=count(years, "year"),
                last=day(last),
                until=day(until),
            )
            yield Problem(course, text_of, fix)


def _last_contact(standing: Standing) -> date:
    """The day of the last thing done, or else of the last entry."""
    done = [slot.day for slot in standing.state.slots.values() if slot.state == "done"]
    entered = [one.at.date() for one in standing.record.entries]
    ended = [standing.state.ended.on] if standing.state.ended else []
    return max([*done, *ended] or entered)


def _years_after(on: date, years: int) -> date:
    try:
        return on.replace(year=on.year + years)
    except ValueError:  # 29 February
        return date(on.year + years, 3, 1)


def _note(author: Author, reason: str | None) -> str:
    at = author.now.astimezone(UTC).replace(microsecond=0)
    return json.dumps(
        {"at": datetime.isoformat(at), "by": author.name, "reason": reason},
        ensure_ascii=False,
    )

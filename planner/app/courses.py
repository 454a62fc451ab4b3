"""Courses of the register: begun, and changed by events, all of a change or none of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from planner.app.asked import Asked, check_answered
from planner.app.auditing import note_change
from planner.app.cautions import cautions
from planner.app.changing import Step, new_findings, settled, step
from planner.app.one_patient import (
    after_death,
    allergy_learnt,
    as_known,
    caught_up,
    died_elsewhere,
    identified,
    known_or_added,
    known_patient,
    running_beside,
)
from planner.app.places import place_of
from planner.app.planning import Inputs
from planner.app.roles import Author, check_may
from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.followup.events import (
    UNCOUNTED,
    Answered,
    Ended,
    Entry,
    Event,
    Issued,
    Planned,
    kind_of,
)
from planner.core.plan.calendar_ids import KEY_BYTES
from planner.core.plan.course import Course
from planner.core.plan.findings import Finding
from planner.core.protocol.protocol import SULFITE_ALLERGY
from planner.core.values.said import Said, joined, said
from planner.documents.event_wording import told_in
from planner.documents.language import Unspoken
from planner.documents.printable import check_printable, typed_texts
from planner.errors import MovedOnError, NotConfirmedError, Problem, RefusedError
from planner.store.clinics import Place, read_place
from planner.store.database import Database, lock_additions
from planner.store.histories import (
    PatientRow,
    Record,
    append,
    begin_course,
    new_record,
    note_pages,
    project,
    read_course,
    read_courses_of,
)
from planner.store.standing import Standing, check_not_erased, check_not_restricted
from planner.store.stored_inputs import keep_input, store_protocol
from planner.store.tables import courses
from planner.store.taken_times import around_others
from planner.store.waiting_list import find_waiting


class Reasoned(NamedTuple):
    """An event with a reason of its own, beside others of the same change."""

    event: Event
    reason: str


Make = Callable[[Standing], Event | Reasoned]


def as_it_is(event: Event) -> Make:
    """An event as it was asked about: those before it may renumber the visits."""
    return lambda _now: event


class Changed(NamedTuple):
    """What a change led to; `waiting` are findings that now wait for a physician.

    `asked` is all that it asked, whoever said yes to it; `cautions` what it leaves to be done.
    """

    before: Standing
    after: Standing
    entries: tuple[Entry, ...]
    waiting: tuple[Finding, ...]
    asked: tuple[Asked, ...]
    cautions: tuple[Said, ...]


def add_course(
    database: Database, inputs: Inputs, author: Author, *, busy: Sequence[Busy] = ()
) -> Standing:
    """Begin the register's history of a course, around the clinic's other courses and `busy`.

    Protocol, clinic and holidays are kept as they were read. Raises RefusedError where it is there
    already or its first visit finds no room, NotConfirmedError where its plan waits for a
    physician, AskedError where its patient has another running course and nobody confirmed that.
    """
    check_may(author.role, "planned")
    with database.writing() as connection:
        lock_additions(connection)
        check_new(connection, inputs.course.id)
        place = place_of(connection, inputs, author)
        protocol = keep_input(connection, store_protocol(inputs.protocol_content))
        return begun(connection, inputs.course, place, protocol, author, busy=busy)


class Looked(NamedTuple):
    """A new course as it would stand, and what it asks besides its plan's findings."""

    standing: Standing
    asked: tuple[Asked, ...]


def look_at_course(database: Database, inputs: Inputs, author: Author) -> Looked:
    """What adding a course would lead to; it writes nothing.

    Raises as `add_course`, but neither for findings nor for what it asks.
    """
    check_may(author.role, "planned")
    with database.reading() as connection:
        check_new(connection, inputs.course.id)
        place = read_place(connection, inputs.clinic.id)
        patient = known_patient(connection, inputs.course) or _STRANGER
        _, asked = running_beside(connection, patient, inputs.course, is_locked=False)
        course = inputs.course
        if patient is not _STRANGER:
            course = course._replace(patient=as_known(course.patient, patient))
        event = Planned(course, "", place.input, _NO_KEY)
        record = Record(
            course.id, patient, (), "", inputs.protocol, {}, place.input, place.id,
            Opening(place.clinic, Occupancy()),
        )  # fmt: skip
        entry = author.entry(1, event, None)
        first, _ = settled(around_others(connection, record), None, entry)
        return Looked(Standing(first.record, first.state), tuple(asked))


# Somebody whom the register does not know yet; and the key of a course that is looked at alone.
_STRANGER = PatientRow(0, None, None, None, None, None)
_NO_KEY = "0" * 2 * KEY_BYTES


# The page plans a new course at the address that a course of this name would have.
_NO_COURSE = "new"


def check_new(connection: Connection, course: str) -> None:
    """Refuse a course that is there already, or whose address is another page's."""
    if course.casefold() == _NO_COURSE:
        problem = said("it is no name: the page plans new courses there")
        raise RefusedError(Problem(course, problem, said("choose another id")))
    if connection.execute(select(courses).where(courses.c.id == course)).first():
        fix = said("change it there, or choose another id")
        raise RefusedError(Problem(course, said("it is in the register already"), fix))
    if find_waiting(connection, course) is not None:
        fix = said("book it, or choose another id")
        raise RefusedError(Problem(course, said("it is on the waiting list"), fix))


def begun(
    connection: Connection,
    course: Course,
    place: Place,
    protocol: str,
    author: Author,
    *,
    busy: Sequence[Busy] = (),
) -> Standing:
    """A new course at a clinic, by the protocol of a sha256, around the courses that are there.

    Additions are locked. Raises as `add_course`.
    """
    patient = known_or_added(connection, course)
    others, asked = running_beside(connection, patient, course)
    check_answered(asked, author)
    course = course._replace(patient=as_known(course.patient, patient))
    event = Planned(course, protocol, place.input, secrets.token_hex(KEY_BYTES))
    begin_course(connection, course.id, patient.key, place.id)
    record = new_record(connection, course.id, patient, event, clinic_id=place.id)
    entry = author.entry(1, event, author.confirm)
    first, entry = settled(around_others(connection, record, busy), None, entry)
    _check_plan(first.state.findings, course.id)
    check_printable(typed_texts(first.plan))
    standing = _written(connection, record, [Step(first, entry, ())])
    project(connection, standing.record, standing.state)
    note_change(connection, author, kind_of(event), course.id)
    for other in others:
        if told_it := identified(connection, other, course.id, course.patient, author):
            write_steps(connection, other, [told_it])
    return standing


def change(
    database: Database,
    course: str,
    makes: Sequence[Make],
    author: Author,
    if_revision: int | None = None,
    *,
    busy: Sequence[Busy] = (),
) -> Changed:
    """Make changes of a course, an event each: all of them, or none.

    What is to come is laid out around the clinic's other courses and `busy`. Raises RefusedError
    where one contradicts the history or is not for the author's role, MovedOnError where the
    course is not at the revision any more, AskedError with all that nobody confirmed.
    """
    check_may(author.role, "read")
    with database.writing() as connection:
        return change_in(connection, course, makes, author, if_revision, busy=busy)


def change_in(
    connection: Connection,
    course: str,
    makes: Sequence[Make],
    author: Author,
    if_revision: int | None = None,
    *,
    busy: Sequence[Busy] = (),
) -> Changed:
    """As `change`, with others in one transaction."""
    record = read_course(connection, course, is_locked=True)
    first = Standing.of(around_others(connection, record, busy))
    check_revision(first, if_revision)
    steps = _steps(connection, first, makes, author)
    check_answered(_asked(steps), author)
    if first.state.ended and not steps[-1].after.state.ended:
        told_it = caught_up(connection, steps[-1].after, author)
        steps += [told_it] if told_it else []
    for one in steps:
        note_change(connection, author, kind_of(one.entry.event), course)
    after = write_steps(connection, first, steps)
    if any(one.entry.event == Answered(SULFITE_ALLERGY.id, True) for one in steps):
        others = read_courses_of(connection, record.patient, is_locked=True)
        for other, told_it in allergy_learnt(connection, course, others, author):
            write_steps(connection, other, [told_it])
    return _led_to(connection, first, steps, after, author)


def preview(
    database: Database,
    course: str,
    makes: Sequence[Make],
    author: Author,
) -> Changed:
    """What changes of a course would lead to, and all that they would ask; it writes nothing.

    Raises as `change`, but never AskedError.
    """
    check_may(author.role, "read")
    with database.reading() as connection:
        record = read_course(connection, course)
        first = Standing.of(around_others(connection, record))
        steps = _steps(connection, first, makes, author)
        return _led_to(connection, first, steps, steps[-1].after, author)


def _steps(
    connection: Connection, first: Standing, makes: Sequence[Make], author: Author
) -> list[Step]:
    """The course after each of some changes, with what each asks."""
    patient = first.record.patient
    check_not_restricted(patient)
    died = died_elsewhere(connection, first.record)
    standing, steps = first, []
    for make in makes:
        event, who = _with_its_reason(make(standing), author)
        if not isinstance(event, Ended):
            # An ending frees what an erased course keeps taken.
            check_not_erased(patient)
        of_death = tuple(after_death(event, died))
        made = step(standing, event, who)
        steps.append(made._replace(asked=(*of_death, *made.asked)))
        standing = made.after
    return steps


def _with_its_reason(made: Event | Reasoned, author: Author) -> tuple[Event, Author]:
    if isinstance(made, Reasoned):
        return made.event, author._replace(reason=made.reason)
    return made, author


def _asked(steps: Sequence[Step]) -> Iterator[Asked]:
    return (one for each in steps for one in each.asked)


def _led_to(
    connection: Connection,
    first: Standing,
    steps: Sequence[Step],
    after: Standing,
    author: Author,
) -> Changed:
    waited = [one for one in first.state.findings if one.stops]
    new = new_findings(after.state.findings, waited)
    waiting = tuple(one for one in new if one.stops)
    entries = tuple(one.entry for one in steps)
    events = (one.event for one in entries)
    left = cautions(connection, events, first, after, author.now)
    return Changed(first, after, entries, waiting, tuple(_asked(steps)), tuple(left))


def write_steps(connection: Connection, before: Standing, steps: Sequence[Step]) -> Standing:
    """Write the events of a course that follow how it stood before, and draw what they changed."""
    standing = _written(connection, before.record, steps)
    entries = [one.entry for one in steps]
    project(connection, standing.record, standing.state, before.state, entries)
    return standing


def _written(connection: Connection, record: Record, steps: Sequence[Step]) -> Standing:
    """Write events, one after the other; the course as it then stands."""
    for after, entry, _ in steps:
        last = append(connection, record, entry, after.state)
        record = record._replace(digest=last, entries=(*record.entries, entry))
        if isinstance(entry.event, Issued):
            note_pages(connection, record.course, entry.number, entry.event)
    after = steps[-1].after
    return Standing(after.record._replace(digest=record.digest), after.state)


def _check_plan(findings: Sequence[Finding], course: str) -> None:
    stops = [Problem(one.code, one.alone) for one in findings if one.stops]
    if stops:
        problem = said("its plan has errors, or waits for a physician")
        raise NotConfirmedError(Problem(course, problem, said("see its findings")), *stops)


def check_revision(standing: Standing, wanted: int | None) -> None:
    """Refuse a change to a course that moved on, and show how. Raises MovedOnError."""
    now = standing.state.revision
    if wanted is None or wanted == now:
        return
    protocol = standing.record.protocol
    since = [
        said("{what}, by {by}", what=told_in(protocol, one.event, Unspoken()), by=one.by)
        for one in changes_after(standing.record.entries, wanted)
    ]
    course = standing.record.course
    text = said("you changed revision {wanted}; it is at revision {now}", wanted=wanted, now=now)
    if since:
        text = said("{text} ({since})", text=text, since=joined(since, "; "))
    raise MovedOnError(Problem(course, text, said("read it again and repeat the change")))


def changes_after(entries: Sequence[Entry], revision: int) -> list[Entry]:
    """The changes that came after a revision."""
    first = entries[0].event
    start = first.course.revision if isinstance(first, Planned) else 0
    made = [one for one in entries if not isinstance(one.event, UNCOUNTED)]
    return made[max(0, revision - start) :]

"""Changing a course: one event, checked against the whole history, written or refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from planner.core.calendar.occupancy import Busy
from planner.core.followup.course_state import State
from planner.core.followup.events import (
    UNCOUNTED,
    Corrected,
    DoseChanged,
    Ended,
    Entry,
    Evaluated,
    Event,
    Given,
    Identified,
    Issued,
    LesionAdded,
    Moved,
    Planned,
    Resumed,
)
from planner.core.followup.questions import hold_questions, law_questions, questions
from planner.core.followup.settling import TOO_NEAR, settle, unlawful
from planner.core.plan.appointments import Named
from planner.core.plan.calendar_ids import KEY_BYTES
from planner.core.plan.course import Confirmation, Course, Patient
from planner.core.plan.findings import Finding
from planner.core.values.formatting import day, listing
from planner.documents.event_wording import told
from planner.documents.wording import ENGLISH
from planner.errors import NoRoomError, NotConfirmedError, Problem, RefusedError, raise_if_any
from planner.store.database import Database, lock_additions
from planner.store.histories import (
    PatientRow,
    Record,
    add_patient,
    append,
    begin_course,
    find_patient,
    keep_input,
    new_record,
    note_pages,
    project,
    read_course,
    read_courses_of,
)
from planner.store.inputs import Stored
from planner.store.occupancy import taken_by_others
from planner.store.standing import Standing, check_not_erased, check_not_restricted
from planner.store.tables import courses, patients

# What somebody chooses stops where its plan does; what was done is recorded whatever follows.
_CHOICES = (Moved, Resumed, DoseChanged, LesionAdded)
# Asked at every change, and built once.
_OTHERS_ENDED = select(courses.c.id).where(
    courses.c.patient == bindparam("patient"),
    courses.c.id != bindparam("course"),
    courses.c.status == "ended",
)
_HOW_TO_CONFIRM = Problem("", 'if it is so, repeat the command with --confirm "reason"')


class Author(NamedTuple):
    """Who makes a change, when (UTC), and why, where a reason is asked for."""

    name: str
    now: datetime
    reason: str | None = None
    # What the author says to a question; None where nothing is confirmed.
    confirm: str | None = None


class Changed(NamedTuple):
    """What a change led to; `waiting` are findings that now wait for a physician."""

    before: Standing
    after: Standing
    entries: tuple[Entry, ...]
    waiting: tuple[Finding, ...]


Make = Callable[[Standing], Event]


def add_course(
    database: Database,
    course: Course,
    protocol: Stored,
    clinic: Stored,
    author: Author,
    *,
    busy: Sequence[Busy] = (),
) -> Standing:
    """Begin the register's history of a course, around the clinic's other courses and `busy`.

    Raises RefusedError where it is there already or its first visit finds no room,
    NotConfirmedError where its plan waits for a physician, or its patient has another running
    course and nobody confirmed that.
    """
    with database.writing() as connection:
        lock_additions(connection)
        if connection.execute(select(courses).where(courses.c.id == course.id)).first():
            fix = "change it with planner course, or choose another id"
            raise RefusedError(Problem(course.id, "it is in the register already", fix))
        patient = _patient_of(connection, course)
        others = _running_beside(connection, patient, course, author)
        course = course._replace(patient=_as_known(course.patient, patient))
        event = Planned(
            course,
            keep_input(connection, protocol),
            keep_input(connection, clinic),
            secrets.token_hex(KEY_BYTES),
        )
        begin_course(connection, course.id, patient.key)
        record = new_record(connection, course.id, patient, event)
        record = _around_others(connection, record, busy)
        entry = Entry(1, author.now, author.name, author.confirm, event)
        standing, entry = _settled(record, None, entry)
        _check_plan(standing.state.findings, course.id)
        written = append(connection, course.id, entry, "", standing.state)
        record = standing.record._replace(digest=written)
        project(connection, record, standing.state)
        for other in others:
            after, told_it = _identify(connection, other, course.id, course.patient, author)
            project(connection, after.record, after.state, other.state, told_it)
        return Standing(record, standing.state)


def _check_plan(findings: Sequence[Finding], course: str) -> None:
    stops = [_as_problem(one) for one in findings if one.stops]
    if stops:
        problem = "its plan has errors, or waits for a physician"
        raise NotConfirmedError(Problem(course, problem, "see planner plan"), *stops)


def _around_others(connection: Connection, record: Record, busy: Sequence[Busy] = ()) -> Record:
    """The course beside all others of its clinic, and what else is taken."""
    taken = taken_by_others(connection, record, busy)
    return record._replace(opening=replace(record.opening, busy=taken))


def _settled(record: Record, before: State | None, entry: Entry) -> tuple[Standing, Entry]:
    """The course with one more event, and the event with what is settled with it."""
    try:
        entry, state = settle(before, entry, record.entries, record.protocol, record.opening)
    except NoRoomError as error:
        raise RefusedError(*error.problems) from error
    return Standing(record._replace(entries=(*record.entries, entry)), state), entry


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
    where one contradicts the history or the course moved on, NotConfirmedError with all that they
    ask for.
    """
    with database.writing() as connection:
        record = read_course(connection, course, is_locked=True)
        first = Standing.of(_around_others(connection, record, busy))
        check_not_restricted(first.record.patient)
        _check_revision(first, if_revision)
        died = _died_elsewhere(connection, first.record)
        standing, entries = first, []
        asked: list[Problem] = []
        for make in makes:
            event = make(standing)
            if not isinstance(event, Ended):
                # An ending frees what an erased course keeps taken.
                check_not_erased(first.record.patient)
            asked += _after_death(event, died)
            standing, entry, of_event = _decided(standing, event, author)
            standing = _written(connection, standing, entry)
            entries.append(entry)
            asked += of_event
        # Nothing of it stays where it raises.
        _check_confirmed(asked, author)
        if first.state.ended and not standing.state.ended:
            standing, told_it = _catch_up(connection, standing, author)
            entries += told_it
        project(connection, standing.record, standing.state, first.state, entries)
    waited = [one for one in first.state.findings if one.stops]
    waiting = [one for one in _new(standing.state.findings, waited) if one.stops]
    return Changed(first, standing, tuple(entries), tuple(waiting))


def _died_elsewhere(connection: Connection, record: Record) -> tuple[str, Ended] | None:
    """The course in which the patient died, and when; None where that is not so."""
    wanted = {"patient": record.patient.key, "course": record.course}
    for one in connection.execute(_OTHERS_ENDED, wanted):
        ended = read_course(connection, one.id).state.ended
        if ended is not None and ended.ending == "died":
            return one.id, ended
    return None


def _after_death(event: Event, died: tuple[str, Ended] | None) -> Iterator[Problem]:
    """Nothing is planned any more for who died in another course; what was done is asked for.

    Raises RefusedError for what plans.
    """
    if died is None:
        return
    course, ended = died
    text = f"the patient died on {day(ended.on)} (course {course})"
    if isinstance(event, _CHOICES):
        raise RefusedError(Problem("", text, "end this course too: end ID --as died"))
    if isinstance(event, Given | Evaluated) and event.at.date() >= ended.on:
        yield Problem("", text, "is it this patient's?")


def _written(connection: Connection, standing: Standing, entry: Entry) -> Standing:
    record = standing.record
    written = append(connection, record.course, entry, record.digest, standing.state)
    if isinstance(entry.event, Issued):
        note_pages(connection, record.course, entry.number, entry.event)
    return Standing(record._replace(digest=written), standing.state)


def _wall(record: Record, now: datetime) -> datetime:
    """The clinic's wall clock at a moment."""
    zone = ZoneInfo(record.opening.clinic.timezone)
    return now.astimezone(zone).replace(tzinfo=None)


def with_event(before: Standing, event: Event, author: Author) -> tuple[Standing, Entry]:
    """The course with one more event. What it asks, and what it leads to, is confirmed.

    All of it is asked at once, so that nobody confirms what was not shown.
    """
    after, entry, asked = _decided(before, event, author)
    _check_confirmed(asked, author)
    return after, entry


def _check_confirmed(asked: Sequence[Problem], author: Author) -> None:
    if asked and author.confirm is None:
        raise NotConfirmedError(*asked, _HOW_TO_CONFIRM)


def _decided(
    before: Standing, event: Event, author: Author
) -> tuple[Standing, Entry, list[Problem]]:
    """The course with one more event, as its author confirms it, and all that it asks."""
    record = before.record
    number = len(record.entries) + 1
    entry = Entry(number, author.now, author.name, author.reason, event)
    after, entry = _settled(record, before.state, entry)
    asked = list(_asked(before, after, event, author.now))
    new = list(_to_confirm(before, after, event))
    of_event = [*asked, *map(_as_problem, new)]
    if not of_event or author.confirm is None:
        return after, entry, of_event
    # The word stands with each finding that it confirms; for what was asked, in the reason.
    said = (author.reason, author.confirm if asked else None)
    entry = entry._replace(reason="; ".join(part for part in said if part) or None)
    if new:
        confirmations = tuple(_confirmation(one, author) for one in new)
        after, entry = _settled(record, before.state, entry._replace(confirmations=confirmations))
    # What was asked changes nothing of what follows.
    entries = (*record.entries, entry)
    return Standing(record._replace(entries=entries), after.state), entry, of_event


def _asked(before: Standing, after: Standing, event: Event, now: datetime) -> Iterator[Problem]:
    """What an event asks: for itself, and where the series would break its law."""
    protocol = before.record.protocol
    state, of_event = before.state, event
    if isinstance(event, Corrected) and event.instead is not None:
        # It is compared with the course without what it corrects.
        state, of_event = _not_done(state, event.instead), event.instead
    yield from questions(state, of_event, protocol, _wall(before.record, now))
    yield from hold_questions(of_event, before.record.entries)
    # A distance that is to come is a finding, with its own days to confirm.
    breaches = [
        one for one in unlawful(after.state, protocol) if one.is_done or one.clause != "interval"
    ]
    broken = set(unlawful(before.state, protocol)) if breaches else set()
    shortest = protocol.policy.shortest_interval_days
    yield from (law_questions(one, shortest) for one in breaches if one not in broken)


def _not_done(state: State, event: Event) -> State:
    """A course in which the injections of a record are still to come, whatever came after it."""
    done = event.injections if isinstance(event, Given) else ()
    names = {Named(one.lesion, "injection", one.injection) for one in done}
    slots = {
        name: slot._replace(state="open", at=None) if name in names else slot
        for name, slot in state.slots.items()
    }
    return state._replace(slots=slots)


def _to_confirm(before: Standing, after: Standing, event: Event) -> Iterator[Finding]:
    """What an event leads to and somebody has to confirm; raises NotConfirmedError for errors.

    What was done is recorded as it was, and what that leads to waits for a physician; only a
    distance that is too short is asked for whatever brings it about.
    """
    new = list(_new(after.state.findings, before.state.findings))
    # A visit without a day is named, and moved later.
    new = [one for one in new if one.code != "no-open-day"]
    if not isinstance(event, _CHOICES):
        yield from (one for one in new if one.code == TOO_NEAR)
        return
    errors = [one for one in new if one.severity == "error"]
    raise_if_any(NotConfirmedError, map(_as_problem, errors))
    yield from new


def _new(after: Sequence[Finding], before: Sequence[Finding]) -> Iterator[Finding]:
    """Errors and questions that were not there before, though an old word may answer them."""
    there = {_said(one) for one in before}
    for one in after:
        if one.severity in ("error", "confirm") and _said(one) not in there:
            yield one


def _said(finding: Finding) -> tuple[object, ...]:
    """What a finding says."""
    return finding.code, finding.lesion, finding.due, finding.value, finding.message


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
    made = [one for one in entries if not isinstance(one.event, UNCOUNTED)]
    return made[max(0, revision - start) :]


def _patient_of(connection: Connection, course: Course) -> PatientRow:
    """The patient of a new course: known by the id as people read it, or new."""
    wanted = course.patient
    born = wanted.birth_date.isoformat() if wanted.birth_date else None
    there = find_patient(connection, wanted.id)
    if there is None:
        return add_patient(connection, wanted.id, wanted.name, born)
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


def _as_known(said: Patient, there: PatientRow) -> Patient:
    """The patient of a new course, with all that the register knows of who it is."""
    known = there.identity
    return said._replace(id=known.id, name=known.name, birth_date=known.birth_date)


def states_of(connection: Connection, patient: PatientRow) -> dict[str, State]:
    """The courses of a patient as they stand, by their ids."""
    return {one.course: one.state for one in read_courses_of(connection, patient)}


def check_not_dead(states: Mapping[str, State]) -> None:
    """Refuse what would reach a patient who died in another course."""
    for course, state in states.items():
        if state.ended and state.ended.ending == "died":
            fix = "end the other courses too: planner course end ID --as died"
            raise RefusedError(Problem(f"course {course}", "the patient died", fix))


def _running_beside(
    connection: Connection, patient: PatientRow, course: Course, author: Author
) -> list[Standing]:
    """The patient's running courses. Asks for what they know and the course file does not say."""
    there = [Standing.of(one) for one in read_courses_of(connection, patient, is_locked=True)]
    check_not_dead({one.record.course: one.state for one in there})
    asked = []
    running = [one for one in there if not one.state.ended]
    if running:
        names = ", ".join(one.record.course for one in running)
        asked.append(Problem("patient.id", f"the patient has another running course: {names}"))
    asked += [one for other in running for one in _learns(other, course.patient)]
    allergic = [one.record.course for one in there if one.state.course.patient.sulfite_allergy]
    if allergic and not course.patient.sulfite_allergy:
        text = f"course {allergic[-1]} states a sulfite allergy, this one does not"
        asked.append(Problem("patient.sulfite_allergy", text, "set it to true"))
    if asked and author.confirm is None:
        raise NotConfirmedError(*asked, _HOW_TO_CONFIRM)
    return running


def _news(standing: Standing, source: str, said: Patient) -> Identified:
    """What a course does not know yet of its patient and another one, `source`, says."""
    knows = standing.state.course.patient
    return Identified(
        source=source,
        name=said.name if knows.name is None else None,
        birth_date=said.birth_date if knows.birth_date is None else None,
        sulfite_allergy=True if said.sulfite_allergy and not knows.sulfite_allergy else None,
    )


def _learns(standing: Standing, said: Patient) -> Iterator[Problem]:
    """What a running course would come to know of its patient, without saying it."""
    course, event = standing.record.course, _news(standing, "", said)
    known = [
        what for what, value in (("name", event.name), ("birth date", event.birth_date)) if value
    ]
    if known:
        text = f"course {course} takes over the {listing(known)} of this one"
        yield Problem("patient", text, "is it the same patient?")
    if event.sulfite_allergy:
        text = f"course {course} does not state the sulfite allergy of this one"
        yield Problem("patient.sulfite_allergy", text, "it waits for a physician then")


def _identify(
    connection: Connection, standing: Standing, source: str, said: Patient, author: Author
) -> tuple[Standing, Sequence[Entry]]:
    """Let a course know by an event of its own what another one, `source`, says of its patient."""
    event = _news(standing, source, said)
    if event == Identified(source):
        return standing, ()
    record = _around_others(connection, standing.record)
    entry = Entry(len(record.entries) + 1, author.now, author.name, None, event)
    after, entry = _settled(record, standing.state, entry)
    return _written(connection, after, entry), [entry]


def _catch_up(
    connection: Connection, standing: Standing, author: Author
) -> tuple[Standing, Sequence[Entry]]:
    """Let a course that was ended, and runs again, know what came to be known meanwhile."""
    record = standing.record
    others = [
        one for one in read_courses_of(connection, record.patient) if one.course != record.course
    ]
    if not others:
        return standing, ()
    allergic = [one.course for one in others if one.state.course.patient.sulfite_allergy]
    source = allergic[-1] if allergic else others[-1].course
    said = _as_known(standing.state.course.patient, record.patient)
    said = said._replace(sulfite_allergy=bool(allergic))
    return _identify(connection, standing, source, said, author)

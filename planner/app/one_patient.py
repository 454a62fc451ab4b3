"""One patient, several courses: what each of them comes to know of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import Connection, select

from planner.app.asked import Asked
from planner.app.changing import CHOICES, Step, settled
from planner.app.roles import Author
from planner.core.followup.course_state import State
from planner.core.followup.events import Ended, Entry, Evaluated, Event, Given, Identified
from planner.core.plan.course import Course, Patient
from planner.core.values.formatting import listing
from planner.core.values.said import said
from planner.errors import Problem, RefusedError
from planner.store.histories import (
    PatientRow,
    Record,
    add_patient,
    find_patient,
    read_courses_of,
    read_patient,
)
from planner.store.standing import Standing, check_not_restricted
from planner.store.tables import courses, patients
from planner.store.taken_times import around_others


def known_or_added(connection: Connection, course: Course) -> PatientRow:
    """The patient of a new course: known by the id as people read it, or added."""
    there, wanted = find_patient(connection, course.patient.id), course.patient
    known = known_patient(connection, course)
    if there is None or known is None:
        return add_patient(connection, wanted.id, wanted.name, _born(wanted))
    if known != there:
        known_as = patients.c.key == there.key
        identity = {"name": known.name, "birth_date": known.birth_date}
        connection.execute(patients.update().where(known_as).values(identity))
    return known


def known_patient(connection: Connection, course: Course) -> PatientRow | None:
    """The patient of a new course as the register will know who it is; None for a new one.

    Raises RefusedError where the register says otherwise.
    """
    wanted, born = course.patient, _born(course.patient)
    there = find_patient(connection, wanted.id)
    if there is None:
        return None
    check_not_restricted(there)
    other_name = said("the register has another name for this patient's id")
    other_birth = said("the register has another birth date for this patient's id")
    for known, stated, what, problem in (
        (there.name, wanted.name, "name", other_name),
        (there.birth_date, born, "birth_date", other_birth),
    ):
        if stated is not None and known is not None and stated != known:
            raise RefusedError(Problem(f"patient.{what}", problem, said("which one?")))
    return there._replace(name=there.name or wanted.name, birth_date=there.birth_date or born)


def _born(patient: Patient) -> str | None:
    return patient.birth_date.isoformat() if patient.birth_date else None


def as_known(stated: Patient, there: PatientRow) -> Patient:
    """The patient of a new course, with all that the register knows of who it is."""
    known = there.identity
    return stated._replace(id=known.id, name=known.name, birth_date=known.birth_date)


def states_of(connection: Connection, patient: PatientRow) -> dict[str, State]:
    """The courses of a patient as they stand, by their ids."""
    return {one.course: one.state for one in read_courses_of(connection, patient)}


def check_not_dead(states: Mapping[str, State]) -> None:
    """Refuse what would reach a patient who died in another course."""
    for course, state in states.items():
        if state.has_died:
            fix = said("end the other courses too, as died")
            raise RefusedError(Problem(f"course {course}", said("the patient died"), fix))


def running_beside(
    connection: Connection, patient: PatientRow, course: Course, *, is_locked: bool = True
) -> tuple[list[Standing], list[Asked]]:
    """The patient's running courses, and what they ask of a new one that does not say it."""
    records = read_courses_of(connection, patient, is_locked=is_locked)
    there = [Standing.of(one) for one in records]
    check_not_dead({one.record.course: one.state for one in there})
    asked = []
    running = [one for one in there if not one.state.ended]
    if running:
        names = ", ".join(one.record.course for one in running)
        text = said("the patient has another running course: {courses}", courses=names)
        asked.append(Asked.of_fact("second-course", "patient.id", text, ""))
    asked += [one for other in running for one in _learns(other, course.patient)]
    allergic = [one.record.course for one in there if one.state.course.patient.sulfite_allergy]
    if allergic and not course.patient.sulfite_allergy:
        text = said(
            "course {course} states a sulfite allergy, this one does not", course=allergic[-1]
        )
        fix = said("set it to true")
        asked.append(Asked.of_fact("allergy-known", "patient.sulfite_allergy", text, fix))
    return running, asked


def _news(standing: Standing, source: str, stated: Patient) -> Identified:
    """What a course does not know yet of its patient and another one, `source`, says."""
    knows = standing.state.course.patient
    return Identified(
        source=source,
        name=stated.name if knows.name is None else None,
        birth_date=stated.birth_date if knows.birth_date is None else None,
        sulfite_allergy=True if stated.sulfite_allergy and not knows.sulfite_allergy else None,
        address=stated.address if stated.address != knows.address else None,
    )


def _learns(standing: Standing, stated: Patient) -> Iterator[Asked]:
    """What a running course would come to know of its patient, without saying it."""
    course, event = standing.record.course, _news(standing, "", stated)
    known = [
        what
        for what, value in ((said("name"), event.name), (said("birth date"), event.birth_date))
        if value
    ]
    if known:
        text = said(
            "course {course} takes over the {known} of this one",
            course=course,
            known=listing(known),
        )
        yield Asked.of_fact("identity-shared", "patient", text, said("is it the same patient?"))
    if event.address:
        text = said("course {course} takes over the address of this one", course=course)
        yield Asked.of_fact("address-shared", "patient.address", text, said("is it the right one?"))
    if event.sulfite_allergy:
        text = said("course {course} does not state the sulfite allergy of this one", course=course)
        fix = said("it waits for a physician then")
        yield Asked.of_fact("allergy-shared", "patient.sulfite_allergy", text, fix)


def identified(
    connection: Connection, standing: Standing, source: str, stated: Patient, author: Author
) -> Step | None:
    """A course that knows by an event of its own what another one, `source`, says of its patient.

    None where it knows all of it.
    """
    event = _news(standing, source, stated)
    if event == Identified(source):
        return None
    record = around_others(connection, standing.record)
    entry = Entry(len(record.entries) + 1, author.now, author.name, None, event)
    return Step(*settled(record, standing.state, entry), ())


def caught_up(connection: Connection, standing: Standing, author: Author) -> Step | None:
    """A course that was ended, and runs again, as it knows what came to be known meanwhile."""
    record = standing.record
    others = [
        one for one in read_courses_of(connection, record.patient) if one.course != record.course
    ]
    if not others:
        return None
    allergic = [one.course for one in others if one.state.course.patient.sulfite_allergy]
    source = allergic[-1] if allergic else others[-1].course
    stated = as_known(standing.state.course.patient, record.patient)
    stated = stated._replace(sulfite_allergy=bool(allergic))
    return identified(connection, standing, source, stated, author)


def allergy_learnt(
    connection: Connection, source: str, others: Iterable[Record], author: Author
) -> Iterator[tuple[Standing, Step]]:
    """A patient's running courses, as they know of an allergy that the course `source` states."""
    for record in others:
        other = Standing.of(record)
        stated = other.state.course.patient._replace(sulfite_allergy=True)
        if other.state.ended:
            continue
        if told_it := identified(connection, other, source, stated, author):
            yield other, told_it


def allergies_met(
    connection: Connection, brought: Collection[str], author: Author
) -> Iterator[tuple[Standing, Step]]:
    """Running courses as they know of an allergy once courses of another register came in.

    What courses of one register say of each other was asked and answered there.
    """
    for patient in _met(connection, brought):
        there = read_courses_of(connection, patient, is_locked=True)
        came = [one for one in there if one.course in brought]
        were = [one for one in there if one.course not in brought]
        for sources, others in ((came, were), (were, came)):
            allergic = [one.course for one in sources if one.state.course.patient.sulfite_allergy]
            if allergic:
                yield from allergy_learnt(connection, allergic[-1], others, author)


def _met(connection: Connection, brought: Collection[str]) -> list[PatientRow]:
    """The patients who had courses here and got others of another register."""
    rows = connection.execute(select(courses.c.id, courses.c.patient)).all()
    came = {one.patient for one in rows if one.id in brought}
    were = {one.patient for one in rows if one.id not in brought}
    return [read_patient(connection, key) for key in sorted(came & were)]


def died_elsewhere(connection: Connection, record: Record) -> tuple[str, Ended] | None:
    """The course in which the patient died, and when; None where that is not so."""
    others = states_of(connection, record.patient) if record.has_ended_beside else {}
    for course, state in others.items():
        if course != record.course and state.ended and state.has_died:
            return course, state.ended
    return None


def reaches_patient(connection: Connection, standing: Standing) -> bool:
    """Whether anything of a course may be sent to the patient: not after a death, told in any."""
    return not standing.state.has_died and died_elsewhere(connection, standing.record) is None


def after_death(event: Event, died: tuple[str, Ended] | None) -> Iterator[Asked]:
    """Nothing is planned any more for who died in another course; what was done is asked for.

    Raises RefusedError for what plans.
    """
    if died is None:
        return
    course, ended = died
    text = said("the patient died on {on} (course {course})", on=ended.on, course=course)
    if isinstance(event, CHOICES):
        raise RefusedError(Problem("", text, said("end this course too, as died")))
    if isinstance(event, Given | Evaluated) and event.at.date() >= ended.on:
        yield Asked.of_fact("after-death", "", text, said("is it this patient's?"))

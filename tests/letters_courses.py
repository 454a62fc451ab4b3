"""The letter's courses in a register: given, measured and ended as its table has them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from planner.app.administration import Circumstances, Measurement, evaluated, given_as_planned
from planner.app.courses import Make, add_course, change
from planner.app.planning import NamedFile, read_inputs
from planner.app.roles import Author
from planner.core.followup.events import Ended
from planner.core.plan.plan import PlannedVisit
from planner.core.protocol.protocol import Case, Protocol
from planner.store.database import Database
from planner.store.histories import read_course
from planner.store.standing import Standing
from planner.store.stored_inputs import years_from
from tests.conftest import CASES, CLINIC, EXAMPLES
from tests.registers import event

# All of it was written down afterwards, in one sitting.
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
AUTHOR = Author("Dr A. Holm", NOW, "entered from the letter", confirm="read in the letter")


class Entered:
    """A course of the letter in a register; a copy has another name, patient and clinic."""

    def __init__(self, register: Database, name: str, cases: list[Case], copy: int) -> None:
        self.register = register
        self.cases = cases
        source, clinic = NamedFile.of_file(EXAMPLES / f"{name}.toml"), NamedFile.of_file(CLINIC)
        if copy:
            source = _renamed(
                source, {b'id = "case-': b'id = "%d-case-', b'"letter-': b'"%d-'}, copy
            )
            clinic = _renamed(clinic, {b'name = "': b'name = "%d '}, copy)
        inputs = read_inputs(source, clinic, more_years=years_from)
        self.course = inputs.course.id
        add_course(register, inputs, AUTHOR)

    @property
    def visits(self) -> tuple[PlannedVisit, ...]:
        with self.register.reading() as connection:
            return Standing.of(read_course(connection, self.course)).plan.visits

    def make(self, make: Make) -> None:
        change(self.register, self.course, (make,), AUTHOR)

    def follow(self) -> None:
        for _ in range(self.cases[0].injections):
            number = next(one.number for one in self.visits if is_open(one, "injection"))
            self.make(lambda now, n=number: given_as_planned(now, n, Circumstances()))
        for case, lesion in zip(self.cases, "AB", strict=False):
            for look in case.follow_up:
                self.measure(lesion, look.week * 7, look.size_mm)
        seen = {look.week for case in self.cases for look in case.follow_up}
        last = max(one.start.date() for one in self.visits if one.start)
        self.make(lambda _: event(Ended("completed" if 12 in seen else "died", last)))

    def measure(self, lesion: str, after_days: int, size: Decimal) -> None:
        number = next(
            visit.number
            for visit in self.visits
            for one in visit.evaluations
            if (one.lesion, one.after_days) == (lesion, after_days)
        )
        self.make(lambda now: evaluated(now, number, lesion, Measurement(size)))


def _renamed(source: NamedFile, names: dict[bytes, bytes], copy: int) -> NamedFile:
    content = source.content
    for name, other in names.items():
        content = content.replace(name, other % copy)
    return source._replace(content=content)


def is_open(visit: PlannedVisit, purpose: str) -> bool:
    return purpose in visit.purposes and visit.state == "planned"


def enter_the_letter(register: Database, protocol: Protocol, copy: int = 0) -> None:
    """All of its courses, by their patients; a copy of them for each number but nought."""
    for name in CASES:
        patient = name.split("-")[1]
        cases = [one for one in protocol.cases if one.patient == patient]
        Entered(register, name, cases, copy).follow()

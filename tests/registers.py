"""Registers for tests: an SQLite file and a real PostgreSQL, and courses followed in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from planner.app.administration import (
    Circumstances,
    Measurement,
    dose_changed,
    evaluated,
    given_as_planned,
    held,
    lesion_added,
    missed,
    moved,
    resumed,
)
from planner.app.courses import Changed, Make, add_course, change
from planner.app.planning import NamedFile, read_inputs
from planner.app.roles import Author
from planner.core.calendar.occupancy import Busy
from planner.core.followup.events import Ended, Event
from planner.core.plan.course import Lesion
from planner.core.plan.plan import PlannedVisit
from planner.store.database import Database
from planner.store.histories import read_course
from planner.store.standing import Standing
from planner.store.stored_inputs import years_from
from planner.store.upkeep import check
from tests.conftest import CLINIC
from tests.courses import SOUND, write

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Followed:
    """A course in a register, changed as the commands change it; `at` is by the clinic's clock."""

    def __init__(self, register: Database, course: str = "K-1") -> None:
        self.register = register
        self.course = course

    @property
    def now(self) -> Standing:
        with self.register.reading() as connection:
            return Standing.of(read_course(connection, self.course))

    @property
    def visits(self) -> tuple[PlannedVisit, ...]:
        return self.now.plan.visits

    def make(self, *makes: Make, confirm: str | None = None, **options: Any) -> Changed:
        author = Author("Dr A. Holm", NOW, options.pop("reason", "as it was"), confirm)
        return change(self.register, self.course, makes, author, **options)

    def give(self, visit: int, at: str | None = None, **options: Any) -> Changed:
        noted = Circumstances(None if at is None else moment(at))
        return self.make(lambda now: given_as_planned(now, visit, noted), **options)

    def miss(self, visit: int) -> Changed:
        return self.make(lambda now: missed(now, visit))

    def move(self, visit: int, to: str, **options: Any) -> Changed:
        return self.make(lambda now: moved(now, visit, moment(to)), **options)

    def hold(self, on: str, lesion: str | None = None) -> Changed:
        return self.make(lambda now: held(now, lesion, day(on)))

    def resume(self, on: str, lesion: str | None = None) -> Changed:
        return self.make(lambda now: resumed(now, lesion, day(on)))

    def dose(self, mg: str, lesion: str = "A", **options: Any) -> Changed:
        first = options.pop("from_visit", None)
        return self.make(lambda now: dose_changed(now, lesion, Decimal(mg), first), **options)

    def add_lesion(self, lesion: Lesion, on: str, **options: Any) -> Changed:
        return self.make(lambda now: lesion_added(now, lesion, day(on)), **options)

    def evaluate(
        self, visit: int, size: str, lesion: str = "A", at: str | None = None, **options: Any
    ) -> Changed:
        found = Measurement(Decimal(size), at=None if at is None else moment(at))
        return self.make(lambda now: evaluated(now, visit, lesion, found), **options)

    def end(self, how: Any, on: str, **options: Any) -> Changed:
        return self.make(lambda _now: event(Ended(how, day(on))), **options)


def event(one: Event) -> Event:
    return one


def follow(
    register: Database,
    folder: Path,
    text: str = SOUND,
    clinic: Path = CLINIC,
    busy: Sequence[Busy] = (),
    confirm: str | None = None,
) -> Followed:
    """Add the course of a file's text, around what is taken besides."""
    path = write(folder, text)
    inputs = read_inputs(NamedFile.of_file(path), NamedFile.of_file(clinic), more_years=years_from)
    add_course(
        register,
        inputs,
        Author("Dr A. Holm", NOW, confirm=confirm),
        busy=busy,
    )
    return Followed(register, inputs.course.id)


def silent(_index: int, _of: int) -> None:
    """Report to nobody."""


def problems(register: Database) -> list[str]:
    """What a check of all its courses finds wrong."""
    return [str(one) for one in check(register, silent)]


def days_of(visits: Sequence[PlannedVisit], purpose: str = "") -> list[str]:
    """`2026-09-07 planned`: the visits of a purpose, or all, with what became of them."""
    return [
        f"{visit.start.date() if visit.start else 'no day'} {visit.state}"
        for visit in visits
        if not purpose or purpose in visit.purposes
    ]

"""A clinic's courses, whatever happens in them and to it: room, hours, law, and nothing unseen."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from planner.app import administration as record
from planner.app.clinics import close_clinic, open_clinic, put_clinic
from planner.app.courses import Make, add_course, change
from planner.app.planning import NamedFile, read_inputs
from planner.app.rearranging import Outcome
from planner.app.roles import Author
from planner.app.upkeep import import_lines
from planner.app.waiting import FirstDays, book, wait_for
from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import Closure
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.course_state import State
from planner.core.followup.displaced import coming_visits, is_begun, left_of
from planner.core.followup.events import Ended
from planner.core.followup.settling import unlawful
from planner.core.plan.appointments import Named
from planner.errors import PlannerError
from planner.store.clinics import find_place
from planner.store.database import Database, open_database
from planner.store.histories import read_course
from planner.store.standing import Standing
from planner.store.stored_inputs import years_from
from planner.store.tables import courses
from planner.store.transfer import exported
from tests.courses import course_text, lesion
from tests.histories import add, evaluate, give
from tests.registers import problems

# HISTORIES=100 in the environment follows as many; each has STEPS steps. Those that once found a
# fault come always.
HISTORIES = int(os.environ.get("HISTORIES", "1"))
FOUND = {69, 107, 187}
STEPS = 40
BEGIN = datetime(2026, 12, 1, 8, tzinfo=UTC)
SYRINGES = ("capacity_ml = 1\ngraduation_ml = 0.01", "capacity_ml = 2\ngraduation_ml = 0.1")

Visits = Mapping[tuple[str, int], datetime | None]


class Clinic:
    """A register with one clinic, and what a random day brings to it."""

    def __init__(self, register: Database, seed: int) -> None:
        self.register = register
        self.chance = random.Random(seed)
        self.now = BEGIN
        self.told: list[str] = []
        self.names: list[str] = []
        self.put()

    @property
    def author(self) -> Author:
        confirm = self.chance.choice(["so it is", "so it is", None])
        return Author("Dr A. Holm", self.now, "as it was", confirm)

    def day(self, reach: int = 40) -> date:
        return self.now.date() + timedelta(days=self.chance.randint(-3, reach))

    def at(self) -> datetime:
        hour = time(self.chance.randint(8, 14), self.chance.choice([0, 15, 30]))
        return datetime.combine(self.day(), hour)

    def file(self) -> NamedFile:
        days = ["mon", "tue", "wed", "thu", "fri"]
        open_on = {one for one in days if self.chance.random() < 0.8} or {"mon"}
        opening = ", ".join(f'{one} = "08:00-16:00"' for one in days if one in open_on)
        text = (
            f'id = "k"\nname = "K"\ntimezone = "Europe/Copenhagen"\nholidays = false\n'
            f"capacity = {self.chance.choice([1, 1, 2])}\nopening = {{ {opening} }}\n"
            f'closed = ["{self.day()}"]\n[[syringe]]\n{self.chance.choice(SYRINGES)}\n'
        )
        return NamedFile("clinic.toml", text.encode())

    def course(self, name: str) -> NamedFile:
        dose: object = self.chance.choice([30, [12.5, 40, 40, 40]])
        tables = [lesion(one, dose_mg=dose) for one in self.chance.choice(["A", "AB"])]
        text = course_text(*tables, first_visit=f"{self.at():%Y-%m-%d %H:%M}")
        text = text.replace("K-1", name).replace("P-1", f"P-{name}")
        return NamedFile(f"{name}.toml", text.encode())

    def put(self) -> Outcome:
        file = self.file()
        made = self.twice(
            lambda who, is_dry: put_clinic(self.register, file, who, is_dry=is_dry).outcome
        )
        self.clinic_file = file
        return made

    def twice(self, make: Callable[[Author, bool], Outcome]) -> Outcome:
        """A change of the clinic, looked at first: it leads to what it then leads to."""
        author = self.author
        seen, made = make(author, True), make(author, False)
        assert seen._replace(steps=()) == made._replace(steps=())
        return made

    def close(self) -> Outcome:
        first = self.day()
        closure = Closure(first, first + timedelta(days=self.chance.randint(0, 4)))
        return self.twice(
            lambda who, is_dry: (
                close_clinic(self.register, "k", closure, who, is_dry=is_dry).outcome
            )
        )

    def open(self) -> Outcome:
        first = self.day()
        days = (first, first + timedelta(days=20))
        return self.twice(
            lambda who, is_dry: open_clinic(self.register, "k", days, who, is_dry=is_dry).outcome
        )

    def book(self) -> Outcome:
        name = f"W-{len(self.told)}"
        wait_for(self.register, "k", self.course(name), self.author, FirstDays())
        made = book(self.register, "k", self.author, FirstDays(), may_move=3)
        return made.changed.outcome

    def add(self) -> Outcome:
        name = f"K-{len(self.told)}"
        inputs = read_inputs(self.course(name), self.clinic_file, more_years=years_from)
        add_course(self.register, inputs, self.author)
        return Outcome()

    def follow(self) -> Outcome:
        """Something that happens in one course."""
        before = self.standings()
        name = self.chance.choice(sorted(before))
        n, lesion_ = self.chance.randint(1, 6), self.chance.choice(["A", "B", "C"])
        coming = [*before[name].state.visits]
        visit = self.chance.choice(coming) if coming else n
        some: list[Make] = [
            give(visit, None, None), give(visit, None, None), give(visit, self.at(), None),
            give(visit, None, lesion_), evaluate(visit, lesion_, 10 * n, None),
            lambda now: record.missed(now, visit),
            lambda now: record.moved(now, visit, self.at()),
            lambda now: record.held(now, self.chance.choice([None, lesion_]), self.day(10)),
            lambda now: record.resumed(now, None, self.day(10)),
            lambda now: record.dose_changed(now, lesion_, Decimal(15 * n), None),
            add("C", self.day()),
            lambda now: record.corrected(now, 1 + n, lambda _event: None), record.undone,
            lambda _now: Ended("stopped", self.now.date()),
        ]  # fmt: skip
        weights = [4, 4, 2, 2, 4, 2, 4, 2, 3, 1, 1, 1, 2, 0.3]
        (make,) = self.chance.choices(some, weights)
        change(self.register, name, [make], self.author)
        after = self.standings()
        for other in after.keys() - {name}:
            assert after[other].state.visits == before[other].state.visits
        return Outcome()

    def standings(self) -> dict[str, Standing]:
        with self.register.reading() as connection:
            names = [one.id for one in connection.execute(courses.select())]
            return {one: Standing.of(read_course(connection, one)) for one in sorted(names)}

    def step(self) -> None:
        """A random thing happens some time later, if it may; then all is looked at."""
        self.now += timedelta(hours=self.chance.randint(0, 60))
        before = self.standings()
        might = [self.follow, self.add, self.put, self.close, self.open, self.book]
        (happening,) = self.chance.choices(might, [12 if before else 0, 3, 2, 2, 1, 1])
        self.told.append(happening.__name__)
        try:
            outcome = happening()
        except PlannerError as error:
            self.told[-1] += f": {error}"
            return
        after = self.standings()
        if happening != self.follow:
            self.check_moves(before, after, outcome)
        for name, standing in after.items():
            if name not in before or standing.state != before[name].state:
                self.check_course(standing)
        self.check_room(after)

    def check_moves(
        self, before: Mapping[str, Standing], after: Mapping[str, Standing], outcome: Outcome
    ) -> None:
        """What stands otherwise is what was told, and nothing else."""
        moved = {
            (course, visit.number, to)
            for course, was in before.items()
            for visit in was.state.visits.values()
            for to in starts_of(after[course].state, left_of(visit, was.state))
            if to != visit.start
        }
        told = {(one.course, one.visit, one.to) for one in (*outcome.moves, *outcome.without_day)}
        assert moved == told

    def check_course(self, now: Standing) -> None:
        """The law of a series holds for what is to come."""
        broken = [one for one in unlawful(now.state, now.record.protocol) if not one.is_done]
        assert [one for one in broken if one.clause not in ("interval", "hold")] == []

    def check_room(self, standings: Mapping[str, Standing]) -> None:
        """Nobody comes to a closed clinic, and no more at a time than there is room for."""
        with self.register.reading() as connection:
            place = find_place(connection, "k")
        assert place is not None
        opening = Opening(place.clinic, Occupancy())
        wall = self.now.replace(tzinfo=None) + timedelta(hours=2)
        there = [
            (visit.start.replace(tzinfo=None), visit, name)
            for name, standing in standings.items()
            if standing.state.ended is None
            for visit in coming_visits(standing.state, wall)
            # What is left of one that was begun stands where the rest was recorded.
            if visit.start is not None and not is_begun(visit, standing.state)
        ]
        for start, visit, name in there:
            assert not opening.shut(start, opening.stay(visit.each_purpose)), (name, start)
            beside = [
                one
                for begin, other, one in there
                if other.end and begin <= start < other.end.replace(tzinfo=None)
            ]
            assert len(beside) <= max(place.clinic.capacity.values()), (name, start, beside)


def starts_of(state: State, names: Sequence[Named]) -> set[datetime | None]:
    """When that is to come which came at once; no day where all of it waits."""
    coming = {name: one.start for one in state.visits.values() for name in left_of(one, state)}
    there = {coming[name] for name in names if name in coming}
    return there or ({None} if names else set())


@pytest.mark.parametrize("seed", sorted({*range(HISTORIES), *FOUND}))
@pytest.mark.hazard("double-booking")
def test_whatever_happens_at_a_clinic_all_is_told_and_has_room(tmp_path: Path, seed: int) -> None:
    clinic = Clinic(open_database(str(tmp_path / "r.db")), seed)
    for _ in range(STEPS):
        clinic.step()
    assert problems(clinic.register) == []
    with clinic.register.reading() as connection:
        lines = list(exported(connection))
    elsewhere = open_database(str(tmp_path / "elsewhere.db"))
    import_lines(elsewhere, clinic.author, lines)
    assert problems(elsewhere) == []

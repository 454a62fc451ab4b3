"""Random histories of 20,000 changes: the law of a series holds, or was asked with its figures.

Half visits, late records, holds, releases, corrections, withdrawals, lesions, doses, closed days
and a clinic that others fill; what comes is drawn by dice of a seed, so that a failure comes again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from planner.app.administration import (
    Circumstances,
    Measurement,
    corrected,
    dose_changed,
    evaluated,
    given_as_planned,
    held,
    lesion_added,
    mended_given,
    missed,
    moved,
    resumed,
    undone,
)
from planner.app.roles import Author
from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import Closure
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.followup.course_state import State, fold
from planner.core.followup.events import Ended, Event, Given
from planner.core.followup.law_of_series import Breach
from planner.core.followup.settling import unlawful
from planner.core.followup.unlikely_records import law_questions
from planner.core.plan.course import Lesion
from planner.core.values.quantities import Dose
from planner.documents.change_slip import changes_between
from planner.documents.wording import ENGLISH
from planner.errors import NotConfirmedError, PlannerError
from planner.store.standing import Standing
from tests.histories import START, begun, with_event

# LAW_SEEDS=16 tries 20,000 changes, which takes some ten minutes.
SEEDS, CHANGES, LENGTH = int(os.environ.get("LAW_SEEDS", "2")), 1250, 25
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Copenhagen")
SHORTEST = 5
Do = Callable[[Standing], Event]


class Dice:
    """What happens next in a course."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def day(self) -> date:
        return START + timedelta(days=self.chance.randint(-2, 60))

    def at(self) -> datetime:
        return datetime.combine(self.day(), time(self.chance.randint(8, 14), 0))

    def near(self, now: Standing) -> datetime | None:
        """A time near one of its visits, mostly: what is recorded is seldom far off."""
        starts = [one.start for one in now.state.visits.values() if one.start]
        if not starts or self.chance.random() < 0.3:
            return self.at() if self.chance.random() < 0.5 else None
        start = self.chance.choice(starts).replace(tzinfo=None)
        return start + timedelta(days=self.chance.randint(-4, 5))

    def what(self, now: Standing) -> Do:
        chance = self.chance
        visit = chance.choice([*now.state.visits, 99])
        lesion = chance.choice([one.id for one in now.state.course.lesions])
        only = chance.choice([None, None, [lesion]])
        at, on = self.near(now), self.day()
        size, mg = Decimal(chance.randint(0, 90)), Decimal(chance.randint(5, 90))
        noted = Circumstances(at)
        event = chance.randint(2, len(now.record.entries) + 1)
        return chance.choice(
            [
                lambda st: given_as_planned(st, visit, noted, only),
                lambda st: given_as_planned(st, visit, noted, only),
                lambda st: evaluated(st, visit, lesion, Measurement(size, at=at)),
                lambda st: missed(st, visit),
                lambda st: moved(st, visit, at or self.at()),
                lambda st: held(st, chance.choice([None, lesion]), on),
                lambda st: resumed(st, chance.choice([None, lesion]), on),
                lambda st: dose_changed(st, lesion, mg, None),
                lambda st: lesion_added(st, self.lesion(), on),
                lambda st: corrected(st, event, lambda _event: None),
                lambda st: corrected(st, event, lambda one: self.put_right(st, one, at)),
                undone,
            ]
        )

    def put_right(self, now: Standing, event: Event, at: datetime | None) -> Event | None:
        if isinstance(event, Given) and at is not None:
            return mended_given(now, event, None, None, Circumstances(at))
        return None

    def lesion(self) -> Lesion:
        name = self.chance.choice("CD")
        return Lesion(
            name, "elbow", Decimal(9), True, "left", doses=(Dose(Fraction(20)),), same_dose=True
        )

    def opening(self, opening: Opening) -> Opening:
        """The clinic with days closed and hours taken."""
        days = [self.day() for _ in range(self.chance.randint(0, 6))]
        closures = tuple(Closure(on, on) for on in days)
        busy = [
            Busy(start, start + timedelta(minutes=self.chance.choice([30, 60, 420])))
            for _ in range(self.chance.randint(0, 12))
            if (start := self.at().replace(tzinfo=ZONE))
        ]
        clinic = opening.clinic._replace(closures=(*opening.clinic.closures, *closures))
        return replace(opening, clinic=clinic, busy=Occupancy(busy))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.hazard("series-out-of-order", "lesion-given-twice")
def test_no_violation_that_nobody_confirmed_by_its_figures(seed: int) -> None:
    dice, start, made, tried = Dice(seed), begun(), 0, 0
    while made < CHANGES:
        now = start
        tried += LENGTH
        assert tried < 20 * CHANGES, "nearly all is refused"
        for _ in range(LENGTH):
            opening = dice.opening(start.record.opening)
            now = Standing(now.record._replace(current=opening), now.state)
            then = _next(now, dice.what(now))
            if then is not None:
                made += 1
                now = then


def _next(now: Standing, make: Do) -> Standing | None:
    """The course after one more change; None where that was refused."""
    try:
        event = make(now)
    except PlannerError:
        return None
    asked: tuple[str, ...] = ()
    try:
        then, _ = with_event(now, event, Author("Dr A. Holm", NOW, "so it was"))
    except NotConfirmedError as error:
        asked = tuple(one.problem for one in error.problems)
        try:
            said = Author("Dr A. Holm", NOW, "so it was", "it is so")
            then, _ = with_event(now, event, said)
        except PlannerError:
            return None
    except PlannerError:
        return None
    _check_law(now, then, asked)
    _check_moved(now, then)
    _check_room(now, then)
    assert fold(then.record.entries, then.record.protocol) == then.state
    return then


def _check_law(now: Standing, then: Standing, asked: tuple[str, ...]) -> None:
    """Each place where the law is newly broken was asked with its figures."""
    before = set(unlawful(now.state, now.record.protocol))
    for breach in unlawful(then.state, then.record.protocol):
        if breach in before:
            continue
        if breach.clause == "interval" and not breach.is_done:
            assert _is_named(breach, then.state), breach
        else:
            assert law_questions(breach, SHORTEST).message in asked, breach
    # What is to come is in order, each on a day of its own, after what was given, in no hold.
    for breach in unlawful(then.state, then.record.protocol):
        assert breach.is_done or breach.clause == "interval", breach


def _is_named(breach: Breach, state: State) -> bool:
    """Whether a distance to come is a finding of its lesion, confirmed by at most its days."""
    lesion = breach.later.lesion
    for one in state.findings:
        if one.code != "interval-too-short" or one.confirmed_by is None or one.visit is None:
            continue
        *distances, _start = one.value.split(", ")
        for said in distances:
            *of_lesion, days, _unit = said.split(" ")
            of = of_lesion or [each.lesion for each in state.visits[one.visit].injections]
            if lesion in of and int(days) <= breach.days:
                return True
    return False


def _check_moved(now: Standing, then: Standing) -> None:
    """No visit to come changes its time without being named in the answer."""
    after = then.state.visits
    moved = [
        number
        for number, visit in now.state.visits.items()
        if number in after and is_coming(now, number) and is_coming(then, number)
        if after[number].start != visit.start
    ]
    if moved:
        told = {what for what, _, _ in changes_between(now.plan, then.plan, ENGLISH)}
        assert {f"Visit {number}" for number in moved} <= told


def is_coming(now: Standing, number: int) -> bool:
    slots = now.state.slots
    return any(slots[name].state == "planned" for name in now.state.visits[number].names)


def _check_room(now: Standing, then: Standing) -> None:
    """A visit that is laid out anew is so in the clinic's hours and room."""
    was = {name: visit.start for visit in now.state.visits.values() for name in visit.names}
    opening = now.record.opening
    for number, visit in then.state.visits.items():
        if not is_coming(then, number):
            continue
        is_recorded = any(then.state.slots[name].at is not None for name in visit.names)
        stands = visit.start in {was.get(name) for name in visit.names}
        if visit.start is None or stands or is_recorded:
            continue
        stay = opening.stay(visit.each_purpose)
        assert opening.obstacle(visit.start.replace(tzinfo=None), stay) is None


def test_an_end_of_a_course_is_no_change_of_days() -> None:
    now = begun()
    then, _ = with_event(now, Ended("stopped", START), Author("Dr A. Holm", NOW, "so it was"))
    assert [one.start for one in then.plan.visits] == [one.start for one in now.plan.visits]

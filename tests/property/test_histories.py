"""Courses under way, whatever happens in them: nothing given twice, lost, doubled or altered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from planner.app.administration import (
    Circumstances,
    Measurement,
    corrected,
    dose_changed,
    evaluated,
    given_as_planned,
    held,
    lesion_added,
    missed,
    moved,
    resumed,
)
from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.events import Corrected, Ended, Entry, Event, Given, Planned
from planner.core.followup.questions import questions
from planner.core.followup.settling import settle
from planner.core.plan.course import Course, Lesion
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.quantities import Dose
from planner.errors import PlannerError
from planner.files.clinic import clinic_from
from planner.files.course import course_from
from planner.files.first_edition import plan_problems
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import load_protocol
from planner.files.reading import parse_toml
from planner.store.event_rows import Identity, from_row, to_row
from planner.store.histories import PatientRow, Record
from planner.store.standing import Standing
from tests.conftest import CLINIC
from tests.courses import SOUND

PROTOCOL = load_protocol("sts-150")
OPENING = Opening(clinic_from(parse_toml(CLINIC.read_bytes()), range(2026, 2037)), Occupancy())
SECOND = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'
COURSE = course_from(parse_toml((SOUND + SECOND).encode()), PROTOCOL, ZoneInfo("Europe/Copenhagen"))
START = date(2026, 9, 7)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
PATIENT = PatientRow(1, "P-1", None, None, None, None)

Do = Callable[[Standing], Event]


def begun(course: Course = COURSE, protocol: Protocol = PROTOCOL) -> Standing:
    entry = Entry(1, NOW, "Dr A. Holm", None, Planned(course, "", ""))
    record = Record("K-1", PATIENT, (), "", protocol, OPENING, "")
    entry, state = settle(None, entry, (), protocol, OPENING)
    return Standing(record._replace(entries=(entry,)), state)


def after(standing: Standing, event: Event) -> Standing:
    record = standing.record
    entry = Entry(len(record.entries) + 1, NOW, "Dr A. Holm", "so it was", event)
    entry, state = settle(standing.state, entry, record.entries, record.protocol, record.opening)
    return Standing(record._replace(entries=(*record.entries, entry)), state)


visit = st.integers(1, 8)
on = st.integers(0, 100).map(lambda days: START + timedelta(days=days))
at = st.builds(
    lambda day, hour: datetime.combine(day, datetime.min.time()) + timedelta(hours=hour),
    on,
    st.integers(8, 14),
)
which = st.sampled_from([None, "A", "B"])


def give(visit: int, at: datetime | None, lesion: str | None) -> Do:
    only = None if lesion is None else [lesion]
    return lambda now: given_as_planned(now, visit, Circumstances(at), only)


def evaluate(visit: int, lesion: str, size: int, at: datetime | None) -> Do:
    found = Measurement(Decimal(size), at=at)
    return lambda now: evaluated(now, visit, lesion, found)


def add(name: str, on: date) -> Do:
    lesion = Lesion(
        name, "elbow", Decimal(9), True, "left", doses=(Dose(Fraction(20)),), same_dose=True
    )
    return lambda now: lesion_added(now, lesion, on)


def withdraw(number: int) -> Do:
    return lambda now: corrected(now, number, lambda _event: None)


happening = st.one_of(
    st.builds(give, visit, st.none() | at, which),
    st.builds(give, visit, st.none(), st.none()),
    st.builds(lambda n: lambda now: missed(now, n), visit),
    st.builds(lambda n, to: lambda now: moved(now, n, to), visit, at),
    st.builds(lambda lesion, on: lambda now: held(now, lesion, on), which, on),
    st.builds(lambda lesion, on: lambda now: resumed(now, lesion, on), which, on),
    st.builds(lambda mg: lambda now: dose_changed(now, "A", Decimal(mg), None), st.integers(1, 90)),
    st.builds(add, st.sampled_from(["C", "D"]), on),
    st.builds(evaluate, visit, st.sampled_from(["A", "B"]), st.integers(0, 90), st.none() | at),
    st.builds(withdraw, st.integers(2, 12)),
    st.builds(lambda on: lambda _now: Ended("stopped", on), on),
)


def injections(plan: Plan) -> dict[tuple[str, int], Any]:
    return {
        (one.lesion, one.injection): one.given for visit in plan.visits for one in visit.injections
    }


def check(before: Standing, event: Event, now: Standing) -> None:
    """What holds after every event of every course."""
    plan, state = now.plan, now.state
    planned = [(one.lesion, one.injection) for visit in plan.visits for one in visit.injections]
    looks = [(one.lesion, one.evaluation) for visit in plan.visits for one in visit.evaluations]
    # Each appointment once, on one visit; each day one visit.
    assert len(set(planned)) == len(planned)
    assert len(set(looks)) == len(looks)
    days = [visit.start.date() for visit in plan.visits if visit.start]
    assert len(set(days)) == len(days)
    assert days == sorted(days)
    assert len({visit.uid for visit in plan.visits}) == len(plan.visits)
    # The injections of a lesion that are to come lie in their order, after those that were done.
    for lesion in state.course.lesions:
        coming = [
            (visit.start.date() if visit.start else None, one.injection)
            for visit in plan.visits
            for one in visit.injections
            if one.lesion == lesion.id and one.state == "planned"
        ]
        placed = [day for day, _ in coming if day]
        assert len(set(placed)) == len(placed)
        assert [number for day, number in coming if day] == sorted(n for d, n in coming if d)
        # None of a held lesion from the day of its hold on.
        since = state.held.get(lesion.id)
        assert since is None or all(day is None or day < since for day in placed)
    # None lost: what is not planned waits for a held lesion.
    for lesion in state.course.lesions:
        names = [one for one in state.slots if one.lesion == lesion.id]
        gone = [one for one in names if state.slots[one].state == "waiting"]
        assert not gone or lesion.id in state.held
        assert not state.ended or not gone
    # What was done stays as it was done.
    if not isinstance(event, Corrected):
        was = {key: one for key, one in injections(before.plan).items() if one}
        assert was.items() <= {key: one for key, one in injections(plan).items() if one}.items()
    # An evaluation to come is counted from the lesion's first injection.
    for visit in plan.coming:
        for one in visit.evaluations:
            slot = next(
                slot for name, slot in state.slots.items()
                if name == (one.lesion, "evaluation", one.evaluation)
            )  # fmt: skip
            given = [
                done.given.at.date() for name, done in state.given.items()
                if name.lesion == one.lesion
            ]  # fmt: skip
            if given and not slot.moved_to and not slot.at:
                assert slot.appointment.due == min(given) + timedelta(days=one.after_days)
    # Its plan.json can be read again, and its events written down and read.
    assert not [*plan_problems(plan)]
    read = plan_from(plan_bytes(plan))
    assert plan_from(plan_bytes(read)) == read
    for entry in now.record.entries:
        assert from_row(to_row(entry, "00"), Identity("P-1")) == entry


@settings(max_examples=100, phases=[Phase.explicit, Phase.generate])
@given(st.lists(happening, min_size=1, max_size=14))
@pytest.mark.hazard("double-dose")
def test_whatever_happens_nothing_is_lost_doubled_or_altered(happenings: list[Do]) -> None:
    now = begun()
    for make in happenings:
        try:
            event = make(now)
            then = after(now, event)
        except PlannerError:
            continue
        check(now, event, then)
        now = then


@settings(max_examples=40)
@given(st.lists(happening, min_size=1, max_size=10))
@pytest.mark.hazard("double-dose")
def test_an_injection_inside_the_shortest_interval_always_asks(happenings: list[Do]) -> None:
    now = begun()
    for make in happenings:
        try:
            event = make(now)
            then = after(now, event)
        except PlannerError:
            continue
        if isinstance(event, Given):
            asked = list(questions(now.state, event, PROTOCOL, datetime(2030, 1, 1)))
            for one in event.injections:
                others = [
                    done.given.at.date() for name, done in now.state.given.items()
                    if name.lesion == one.lesion
                ]  # fmt: skip
                near = [other for other in others if abs((other - event.at.date()).days) < 5]
                assert not near or asked
        now = then

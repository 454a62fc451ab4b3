"""Courses under way, whatever happens in them: nothing given twice, lost, doubled or altered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from planner.app.administration import (
    dose_changed,
    held,
    missed,
    moved,
    resumed,
)
from planner.app.asked import AskedError
from planner.app.roles import Author
from planner.core.followup.course_state import fold
from planner.core.followup.events import Corrected, Ended, Event, Given
from planner.core.plan.plan import Plan
from planner.errors import PlannerError
from planner.files.first_edition_plan import plan_problems
from planner.files.plan import plan_bytes, plan_from
from planner.store.event_rows import KnownPatient, from_row, to_row
from planner.store.proving import unproven
from planner.store.standing import Standing
from tests.histories import (
    NOW,
    PROTOCOL,
    START,
    Do,
    add,
    after,
    begun,
    evaluate,
    give,
    with_event,
    withdraw,
)

visit = st.integers(1, 8)
on = st.integers(0, 100).map(lambda days: START + timedelta(days=days))
at = st.builds(
    lambda day, hour: datetime.combine(day, datetime.min.time()) + timedelta(hours=hour),
    on,
    st.integers(8, 14),
)
# Injections that are close to each other.
soon = st.builds(
    lambda days, hour: datetime.combine(START, datetime.min.time()) + timedelta(days, hours=hour),
    st.integers(0, 20),
    st.integers(8, 14),
)
which = st.sampled_from([None, "A", "B"])


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
    # Followed on from where it was followed last, it stands as it does from its first event on.
    assert now.record.state == fold(now.record.entries, PROTOCOL)
    # What the commands wrote is believed where it comes in elsewhere.
    assert [str(one) for one in unproven(now.record, now.state)] == []
    # Its plan.json can be read again, and its events written down and read.
    assert not [*plan_problems(plan)]
    read = plan_from(plan_bytes(plan))
    assert plan_from(plan_bytes(read)) == read
    for entry in now.record.entries:
        assert from_row(to_row(entry, "00"), KnownPatient("P-1")) == entry


def happened(happenings: list[Do]) -> Iterator[tuple[Standing, Event, Standing]]:
    """What was let in: the course before it, the event, the course after it."""
    now = begun()
    for make in happenings:
        try:
            event = make(now)
            then = after(now, event)
        except PlannerError:
            continue
        yield now, event, then
        now = then


@pytest.mark.hazard("double-dose")
def test_whatever_happens_nothing_is_lost_doubled_or_altered() -> None:
    seen = 0

    @settings(max_examples=100, phases=[Phase.explicit, Phase.generate])
    @given(st.lists(happening, min_size=1, max_size=14))
    def each(happenings: list[Do]) -> None:
        nonlocal seen
        for now, event, then in happened(happenings):
            check(now, event, then)
            seen += 1

    each()
    # A course that refuses everything would hold all the same.
    assert seen > 100


@pytest.mark.hazard("double-dose")
def test_an_injection_inside_the_shortest_interval_always_asks() -> None:
    seen = 0

    @settings(max_examples=100, phases=[Phase.explicit, Phase.generate])
    @given(st.lists(st.builds(give, visit, soon, which), min_size=2, max_size=10))
    def each(injected: list[Do]) -> None:
        nonlocal seen
        for now, event, _ in happened(injected):
            if are_near(now, event):
                seen += 1
                with pytest.raises(AskedError, match=r"shortest interval|is before injection"):
                    with_event(now, event, Author("Dr A. Holm", NOW, "so it was"))

    each()
    assert seen > 0


def are_near(now: Standing, event: Event) -> bool:
    """Whether an injection lies less than five days from another one of its lesion."""
    assert isinstance(event, Given)
    return any(
        abs((done.given.at.date() - event.at.date()).days) < 5
        for one in event.injections
        for name, done in now.state.given.items()
        if name.lesion == one.lesion
    )


# Histories that once broke something; it is found among thousands.
FOUND: dict[str, list[Do]] = {
    "an ending, where one lesion of a late visit is still to be recorded": [
        give(1, datetime(2026, 10, 31, 13), "A"),
        lambda _now: Ended("stopped", date(2026, 12, 16)),
    ],
    "a record that is withdrawn after the ending": [
        add("C", START + timedelta(days=75)),
        give(2, None, None),
        lambda _now: Ended("stopped", date(2026, 9, 14)),
        withdraw(3),
    ],
}


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.hazard("double-dose")
def test_what_was_found_holds(name: str) -> None:
    followed = list(happened(FOUND[name]))
    assert len(followed) == len(FOUND[name])
    for now, event, then in followed:
        check(now, event, then)

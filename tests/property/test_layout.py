"""The layout against brute force: of all series that fit, the one that the rule names."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.core.calendar.clinic import Clinic, Closure
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Policy, Protocol
from planner.files.clinic import built_in_clinic
from planner.files.protocol import load_protocol
from tests.courses import course, course_text, lesion

FIRST = date(2026, 9, 7)
DUE = [FIRST + timedelta(days=7 * n) for n in range(1, 4)]


@cache
def shared() -> tuple[Protocol, Clinic]:
    """The weekly regimen without evaluations, at a clinic that is open on all days."""
    protocol = load_protocol("sts-150")._replace(evaluations=())
    clinic = built_in_clinic("Europe/Copenhagen")
    return protocol, clinic._replace(opening=(clinic.opening[0],) * 7)


def brute_force(closed: set[date], policy: Policy) -> list[date | None]:
    """Every series of open days inside the windows, or of none; the best by the rule.

    As few visits without a day as can be, then the least shift, the fewest shifted, the later day.
    """
    window, shortest = policy
    offered: list[list[date | None]] = [
        [None, *(due + timedelta(days=shift) for shift in range(-window, window + 1))]
        for due in DUE
    ]
    found = []
    for days in product(*offered):
        there = [day for day in days if day is not None]
        # Without a day, an injection keeps no distance from those beside it.
        apart = all(
            before is None or after is None or (after - before).days >= shortest
            for before, after in pairwise((FIRST, *days))
        )
        in_order = all(before < after for before, after in pairwise((FIRST, *there)))
        if apart and in_order and not closed & set(there):
            shifts = [abs((day - due).days) for day, due in zip(days, DUE, strict=True) if day]
            later = tuple(-day.toordinal() if day else 0 for day in days)
            missing = len(days) - len(there)
            found.append((missing, sum(shifts), sum(s > 0 for s in shifts), later))
    return [date.fromordinal(-day) if day else None for day in min(found)[-1]]


@settings(max_examples=600)
@given(
    closed=st.sets(st.integers(3, 25), max_size=14),
    policy=st.just(Policy(2, 5)) | st.builds(Policy, st.integers(0, 6), st.integers(1, 7)),
)
# Open on two days alone, both in the windows of two visits: the third is left out, not two of them.
@example(closed=set(range(1, 28)) - {11, 15}, policy=Policy(6, 5))
@pytest.mark.hazard("too-close")
def test_the_layout_is_the_best_of_all_series(closed: set[int], policy: Policy) -> None:
    protocol, clinic = shared()
    protocol = protocol._replace(policy=policy)
    days = {FIRST + timedelta(days=n) for n in closed}
    closures = tuple(Closure(day, day) for day in sorted(days))
    made = course(course_text(lesion(dose_mg=50)), protocol)
    plan = plan_course(made, protocol, clinic._replace(closures=closures))
    found = {visit.due: visit.start and visit.start.date() for visit in plan.visits[1:]}
    expected = brute_force(days, policy)
    assert [found[due] for due in DUE] == expected
    assert (None in expected) == any(one.code == "no-open-day" for one in plan.findings)

"""Whatever is planned agrees with itself: the recount of the first edition finds nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.errors import InputError, Problem
from planner.files.clinic import built_in_clinic
from planner.files.first_edition_plan import plan_problems
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import load_protocol
from tests.courses import course, course_text, lesion

PROTOCOL = load_protocol("sts-150")
ZONES = ("UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe")

stocks = st.none() | st.builds(
    lambda strength, vial: Stock(Fraction(strength), "pentahydrate", vial),
    st.sampled_from(["100", "150", "200", "250", "300", "150.5"]),
    st.none() | st.sampled_from([Fraction(1), Fraction(5, 2), Fraction(10)]),
)
clinics = st.builds(
    lambda zone, stock, draw_up: built_in_clinic(zone)._replace(stock=stock, draw_up=draw_up),
    st.sampled_from(ZONES),
    stocks,
    st.sampled_from(["each", "shared"]),
)
doses = st.decimals("0.1", "400", places=3) | st.integers(1, 300)
lesions = st.lists(
    st.tuples(
        st.sampled_from(["fingertip", "hand", "trunk", "knee", "buttock", "elbow"]),
        st.decimals("0.5", "120", places=1),
        st.booleans(),
        st.none() | doses.map(str) | st.lists(doses, min_size=4, max_size=4).map(
            lambda four: f"[{', '.join(map(str, four))}]"
        ),
        st.sampled_from([None, None, "single", "weekly"]),
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip
hours = st.builds(
    lambda month, day, hour: f"2026-{month:02}-{day:02} {hour:02}:00",
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(8, 14),
)


@settings(max_examples=60)
@given(clinics, lesions, hours)
@pytest.mark.hazard("wrong-figure-on-paper")
def test_what_is_planned_agrees_with_itself(
    clinic: Clinic, tables: list[tuple[str, object, bool, str | None, str | None]], at: str
) -> None:
    text = course_text(
        *(
            lesion(f"L{n}", site=site, size_mm=size, ulcerated=open_, dose_mg=dose, regimen=regimen)
            for n, (site, size, open_, dose, regimen) in enumerate(tables, start=1)
        ),
        first_visit=at,
    )
    try:
        plan = plan_course(course(text, PROTOCOL, clinic.timezone), PROTOCOL, clinic)
    except InputError:
        return
    assert not problems(plan)
    # From the file its figures have six decimals: they agree as well.
    read = plan_from(plan_bytes(plan))
    assert not problems(read)
    assert plan_from(plan_bytes(read)) == read


def problems(plan: Plan) -> list[Problem]:
    """What the recount says; the first edition counted visits in the order of their days."""
    visits = tuple(one._replace(number=n) for n, one in enumerate(plan.visits, start=1))
    return [*plan_problems(plan._replace(visits=visits))]

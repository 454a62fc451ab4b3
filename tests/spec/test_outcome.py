"""What a lesion came to, and a series of them, beside the letter's own cases."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.followup.course_outcomes import SeriesOutcome, outcomes
from planner.core.plan.plan import Measured, Plan, PlannedVisit
from planner.core.plan.response import mean, reduction_percent, remission
from planner.core.protocol.protocol import Protocol
from tests.courses import lesion, planned

MEASURED = [
    # baseline mm, measured mm, precision mm; reduction in per cent, remission
    ("70", "0", "1", 100, "complete"),
    ("70", "0.5", "1", Fraction(695, 7), "partial"),
    ("70", "68.9", "1", Fraction(11, 7), "partial"),
    ("70", "69", "1", Fraction(10, 7), "unchanged"),
    ("70", "71", "1", Fraction(-10, 7), "unchanged"),
    ("70", "71.1", "1", Fraction(-11, 7), "larger"),
    ("4", "3", "0.5", 25, "partial"),
]


@pytest.mark.parametrize(("before", "after", "precision", "reduction", "said"), MEASURED)
def test_a_lesion_is_smaller_or_larger_by_more_than_the_precision(
    before: str, after: str, precision: str, reduction: Fraction, said: str
) -> None:
    assert reduction_percent(Decimal(before), Decimal(after)) == reduction
    assert remission(Decimal(before), Decimal(after), Decimal(precision)) == said


MEANS: list[tuple[Sequence[int], Fraction | None]] = [
    ([], None),
    ([0], Fraction(0)),
    ([100, 40], Fraction(70)),
    ([57, 50, 100], Fraction(69)),
    ([100, 100, 1], Fraction(67)),
]


@pytest.mark.parametrize(("values", "expected"), MEANS)
def test_the_mean_is_over_the_lesions_that_were_measured(
    values: Sequence[int], expected: Fraction | None
) -> None:
    assert mean(map(Fraction, values)) == expected


def seen(visit: PlannedVisit, **reductions: int) -> PlannedVisit:
    """The visit with what its lesions came to, in per cent; those not named were not measured."""
    found = {
        name: Measured(visit.due, Decimal(1), None, None, None, Fraction(share), "partial", None)
        for name, share in reductions.items()
    }
    looks = tuple(one._replace(result=found.get(one.lesion)) for one in visit.evaluations)
    return visit._replace(evaluations=looks)


@pytest.fixture
def plan(sts_150: Protocol, clinic: Clinic) -> Plan:
    made = planned(sts_150, clinic, lesion("A", dose_mg=50), lesion("B", dose_mg=50))
    *injecting, week_4, week_12 = made.visits
    return made._replace(visits=(*injecting, seen(week_4, A=100, B=50), seen(week_12, B=80)))


def test_a_series_stands_beside_the_letters_cases(plan: Plan) -> None:
    # The letter's sizes in week 4: 3 to 0, 70 to 30, 6 to 3, 80 to 50, 4 to 1, 75 to 30, 85 to 35.
    week_4 = [
        Fraction(100),
        Fraction(400, 7),
        Fraction(50),
        Fraction(75, 2),
        Fraction(75),
        Fraction(60),
        Fraction(1000, 17),
    ]
    # In week 12: to 0, 5, 2, 10 and 0.
    week_12 = [Fraction(100), Fraction(650, 7), Fraction(200, 3), Fraction(175, 2), Fraction(100)]
    assert [*outcomes(plan)] == [
        SeriesOutcome(28, 2, Fraction(75), sum(week_4, Fraction(0)) / 7),
        SeriesOutcome(84, 1, Fraction(80), sum(week_12, Fraction(0)) / 5),
    ]


def test_where_nothing_was_measured_there_is_no_figure(plan: Plan) -> None:
    alone = plan._replace(visits=plan.visits[:4], cases=())
    empty = [SeriesOutcome(days, 0, None, None) for days in (28, 84)]
    assert [*outcomes(alone)] == empty

"""What was seen of a lesion."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from planner.store.database import Database
from tests.courses import SOUND
from tests.registers import Followed, days_of, follow
from tests.under_way import (
    OTHER,
    give_one,
    open_days,
)


def test_evaluations_stay_counted_from_the_first_injection(course: Followed) -> None:
    course.give(1, "2026-09-08 09:00")
    course.give(2, "2026-09-22 09:00")
    assert days_of(course.visits, "evaluation") == ["2026-10-06 planned", "2026-12-01 planned"]


def test_evaluations_of_one_visit_are_counted_alike_one_by_one(
    register: Database, tmp_path: Path
) -> None:
    """The first injection that was given is the fourth, on the day of the first evaluation."""
    course = follow(register, tmp_path, SOUND + OTHER)
    for lesion in "AB":
        give_one(course, 4, lesion, "2026-10-05 09:00", confirm="came late")
    assert days_of(course.visits, "evaluation") == ["2026-11-02 planned", "2026-12-23 planned"]


def test_evaluations_follow_a_first_injection_that_stays_with_another(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A", "2026-09-10 09:00")
    assert open_days(course, "B")[0] == "2026-09-10"
    # Weeks 4 and 12 of both, on the same days.
    assert days_of(course.visits, "evaluation") == ["2026-10-08 planned", "2026-12-03 planned"]


def test_evaluations_say_reduction_and_remission(course: Followed) -> None:
    course.give(1)
    for size, remission, reduction in (
        ("0", "complete", 100),
        ("35", "partial", 50),
        ("69", "unchanged", Fraction(10, 7)),
        ("71", "unchanged", Fraction(-10, 7)),
        ("80", "larger", Fraction(-100, 7)),
    ):
        # Recorded again, it replaces the one before.
        course.evaluate(5, size)
        result = course.visits[4].evaluations[0].result
        assert result is not None
        assert (result.remission, result.reduction_percent) == (remission, reduction)


def test_pain_is_compared_with_that_before_the_first_injection(
    register: Database, tmp_path: Path
) -> None:
    from planner.app.administration import (
        Circumstances,
        Felt,
        Measurement,
        evaluated,
        given_as_planned,
    )

    def give(visit: int, lesion: str, pain: int) -> None:
        felt = Felt(Decimal(pain))
        course.make(
            lambda now: given_as_planned(now, visit, Circumstances(), felt={lesion: felt}),
            confirm="as it was",
        )

    course = follow(register, tmp_path, SOUND + OTHER)
    # The first of B was not given: its pain is that before the second.
    # A's second was written down first.
    for visit, lesion, before in ((2, "A", 5), (1, "A", 7), (2, "B", 4), (3, "B", 9)):
        give(visit, lesion, before)
    for visit, lesion, pain in ((5, "A", 2), (7, "B", None), (8, "B", 6)):
        found = Measurement(Decimal(9), pain=None if pain is None else Decimal(pain))
        course.make(lambda now: evaluated(now, visit, lesion, found))  # noqa: B023
    looks = [one.result for visit in course.visits for one in visit.evaluations if one.result]
    assert [one.pain_change for one in looks] == [-5, None, 2]

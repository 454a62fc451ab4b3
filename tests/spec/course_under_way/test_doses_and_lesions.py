"""Doses that change, lesions that come later."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.app.administration import corrected
from planner.core.followup.events import Given
from planner.core.followup.settling import TOTAL
from planner.core.values.formatting import plain
from planner.core.values.quantities import Dose
from planner.errors import (
    NotConfirmedError,
    RefusedError,
)
from planner.store.database import Database
from tests.courses import SOUND
from tests.registers import Followed, days_of, follow, problems
from tests.under_way import (
    ELBOW,
    OTHER,
    doses,
    follow_uid,
    give_one,
)


@pytest.mark.hazard("double-dose")
def test_a_missed_visit_counts_as_missed_and_its_dose_is_not_doubled(course: Followed) -> None:
    course.give(1)
    before = doses(course)
    course.miss(2)
    assert days_of(course.visits)[:3] == [
        "2026-09-07 done",
        "2026-09-14 missed",
        "2026-09-21 planned",
    ]
    assert doses(course) == before
    assert course.now.plan.supplies.vials == 3


def test_one_dose_for_all_is_one_dose_each_once_it_changes(
    register: Database, tmp_path: Path
) -> None:
    text = SOUND.replace("[12.5, 57.5, 72.5, 87.5]", "20")
    course = follow(register, tmp_path, text)
    course.give(1)
    course.dose("110", from_visit=4, confirm="pain")
    jumps = [one.value for one in course.now.plan.findings if one.code == "dose-jump"]
    assert jumps == ["20 mg to 110 mg"]


@pytest.mark.hazard("slip-of-the-point")
def test_a_visits_total_counts_what_was_given_at_it(register: Database, tmp_path: Path) -> None:
    larger = SOUND.replace("[12.5, ", "[200, ").replace('"knee"', '"lower-leg"')
    course = follow(register, tmp_path, larger.replace("size_mm = 70", "size_mm = 80") + OTHER)
    give_one(course, 1, "A")
    more = ELBOW._replace(id="C", site="thigh", size_mm=Decimal(20), ulcerated=True)
    course.add_lesion(more._replace(doses=(Dose(Fraction(60)),)), "2026-09-07")
    assert TOTAL not in {one.code for one in course.now.plan.findings}
    course.add_lesion(more._replace(id="D", doses=(Dose(Fraction("12.5")),)), "2026-09-07")
    (found,) = [one for one in course.now.plan.findings if one.code == TOTAL]
    assert plain(found.value).partition(",")[0] == "visit 1: 287.5 mg"
    give_one(course, 1, "B")
    assert course.now.plan.is_confirmed


@pytest.mark.hazard("slip-of-the-point")
def test_a_dose_change_reaches_only_what_is_to_come(course: Followed) -> None:
    course.give(1)
    changed = course.dose("60", from_visit=3)
    assert doses(course) == [Fraction("12.5"), Fraction("57.5"), 60, 60]
    assert changed.after.plan.is_confirmed
    given = course.visits[0].injections[0].given
    assert given is not None
    assert given.drawn_mg == 12
    with pytest.raises(NotConfirmedError, match=r"12.5.mg were given last, this is 62.5.mg"):
        course.dose("62.5")


def test_a_visit_without_an_injection_of_the_lesion_is_told_at_its_field(course: Followed) -> None:
    look = next(one.number for one in course.visits if not one.injections)
    with pytest.raises(RefusedError, match="has no injection of lesion A") as raised:
        course.dose("60", from_visit=look)
    assert [one.place for one in raised.value.problems] == ["from_visit"]


@pytest.mark.hazard("stale-confirmation")
def test_a_dose_is_asked_for_each_time_that_it_comes(course: Followed) -> None:
    course.give(1)
    course.give(2)
    with pytest.raises(NotConfirmedError, match="dose-above-observed"):
        course.dose("280")
    course.dose("280", confirm="agreed, this once")
    assert doses(course)[2:] == [280, 280]
    # A new dose asks anew: what was confirmed is 280 mg.
    with pytest.raises(NotConfirmedError, match="dose-above-observed"):
        course.dose("285")
    # So does the same one that comes again: the old word does not answer for it.
    course.dose("80")
    with pytest.raises(NotConfirmedError, match="dose-above-observed"):
        course.dose("280")


def test_a_lesion_added_on_day_14_has_its_own_clock_and_shares_visits(course: Followed) -> None:
    course.give(1)
    course.add_lesion(ELBOW, "2026-09-21")
    third = course.visits[2]
    assert [one.lesion for one in third.injections] == ["A", "B"]
    assert days_of(course.visits) == [
        "2026-09-07 done",
        "2026-09-14 planned",
        "2026-09-21 planned",
        "2026-09-28 planned",
        "2026-10-05 planned",
        "2026-10-19 planned",
        "2026-11-30 planned",
        "2026-12-14 planned",
    ]
    # What the calendars know of is still the same visit.
    assert third.uid == follow_uid(course, 3)


def test_a_missed_injection_is_not_drawn_up_with_what_is_to_come(course: Followed) -> None:
    from planner.core.plan.pages import to_do

    course.give(1)
    course.miss(2)
    course.add_lesion(ELBOW, "2026-09-14")
    second = next(to_do(course.now.plan))
    assert [one.lesion for one in second.injections] == ["B"]
    assert [one.aliquots[0].lesion for one in second.syringes] == ["B"]
    assert second.total_dose_mg == 20


def test_a_dose_change_reaches_a_missed_injection_that_is_given_later(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    course.dose("20", confirm="pain")
    course.move(2, "2026-09-15 09:00")
    assert doses(course)[1] == 20


def test_the_same_dose_again_changes_nothing(course: Followed) -> None:
    course.dose("60")
    with pytest.raises(RefusedError, match="has that dose already"):
        course.dose("60")
    assert course.now.state.revision == 1


def test_a_lesion_that_was_withdrawn_comes_again_under_its_id(course: Followed) -> None:
    course.add_lesion(ELBOW, "2026-09-21")
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    course.add_lesion(ELBOW._replace(id="b", site="hand"), "2026-09-21")
    assert [one.id for one in course.now.state.course.lesions] == ["A", "b"]
    assert problems(course.register) == []


@pytest.mark.hazard("lesion-given-twice")
def test_what_counts_as_missed_twice_is_given_once(course: Followed) -> None:
    course.give(2, "2026-08-31 10:00", confirm="came early")
    course.give(4, "2026-08-24 10:00", confirm="came early")
    (first,) = [one for one in course.visits if one.number == 1]
    missed = [one.injection for one in first.injections if one.state == "missed"]
    course.give(1, "2026-09-07 10:00", confirm="given after all")
    event = course.now.record.entries[-1].event
    assert missed == [1, 3]
    assert isinstance(event, Given)
    assert [one.injection for one in event.injections] == [1]


def test_two_injections_of_a_lesion_on_one_day_are_believed(course: Followed) -> None:
    """Asked and confirmed: what was done is recorded as it was done, and goes along elsewhere."""
    course.give(1)
    course.give(2, "2026-09-07 11:00", confirm="two passes")
    assert problems(course.register) == []

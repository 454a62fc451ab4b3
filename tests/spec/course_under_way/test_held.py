"""A lesion that waits, until a physician releases it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from planner.errors import (
    InputError,
    NotConfirmedError,
    Problem,
    RefusedError,
)
from planner.files.first_edition_plan import plan_problems
from planner.store.database import Database
from tests.conftest import CLINIC
from tests.courses import SOUND, write
from tests.registers import Followed, days_of, follow
from tests.under_way import (
    OTHER,
    PLANNED,
    SHUT,
    WEEK,
    doses,
    give_one,
    mend_time,
    open_days,
)


@pytest.mark.hazard("healed-or-infected-lesion")
def test_an_infection_holds_a_lesion_until_a_physician_releases_it(course: Followed) -> None:
    course.give(1)
    course.give(2)
    course.hold("2026-09-16")
    assert course.now.state.status == "held"
    assert days_of(course.visits) == [
        "2026-09-07 done",
        "2026-09-14 done",
        "2026-10-05 planned",
        "2026-11-30 planned",
    ]
    assert course.now.plan.lesions[0].held_since is not None
    # Saturday: the first open day is Monday, and the rest follow weekly.
    course.resume("2026-10-10")
    assert course.now.state.status == "running"
    assert days_of(course.visits, "injection")[2:] == ["2026-10-12 planned", "2026-10-19 planned"]
    assert days_of(course.visits, "evaluation") == ["2026-10-05 planned", "2026-11-30 planned"]


def test_a_release_keeps_the_shortest_interval_to_what_was_given(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-08")
    course.resume("2026-09-09")
    # Five days after Monday is a Saturday.
    assert days_of(course.visits, "injection")[1:3] == ["2026-09-14 planned", "2026-09-21 planned"]


@pytest.mark.parametrize("lesion", ["A", "B", None])
def test_a_release_before_the_course_began_brings_nothing_forward(
    register: Database, tmp_path: Path, lesion: str | None
) -> None:
    """The first day was agreed; a hold that is over before it changes nothing of it."""
    course = follow(register, tmp_path, (SOUND + OTHER).replace("2026-09-07", "2027-07-05"))
    before = days_of(course.visits)
    course.hold("2027-06-02", lesion)
    course.resume("2027-06-04", lesion)
    assert days_of(course.visits) == before
    # Of a release after that day the series begins on the first open one.
    course.hold("2027-06-07", lesion)
    course.resume("2027-07-07", lesion)
    for name in ("A", "B"):
        began = "2027-07-07" if lesion in (None, name) else "2027-07-05"
        assert open_days(course, name)[0] == began


def test_a_dose_changed_during_a_hold_is_given_after_it(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-10")
    course.dose("20", confirm="pain")
    course.resume("2026-09-21")
    assert doses(course) == [Fraction("12.5"), 20, 20, 20]


def test_a_release_into_a_year_of_closed_days_is_refused(
    register: Database, tmp_path: Path
) -> None:
    shut = write(tmp_path, CLINIC.read_text().replace("2026-12-24/2026-12-31", SHUT), "shut.toml")
    course = follow(register, tmp_path, clinic=shut)
    course.give(1)
    course.hold("2026-09-08")
    with pytest.raises(InputError) as raised:
        course.resume("2026-12-01")
    assert raised.value.problems == (
        Problem("on", "no open day within 365 days from Tue 1 Dec 2026", "choose another day"),
    )


@pytest.mark.hazard("healed-or-infected-lesion")
def test_an_injection_that_a_late_visit_pushes_into_a_hold_waits(course: Followed) -> None:
    course.hold("2026-09-15")
    assert days_of(course.visits, "injection") == ["2026-09-07 planned", "2026-09-14 planned"]
    # Three days late: the second would come on 17 September.
    course.give(1, "2026-09-10 09:00")
    assert days_of(course.visits, "injection") == ["2026-09-10 done"]
    course.resume("2026-09-21")
    assert days_of(course.visits, "injection")[1] == "2026-09-21 planned"


@pytest.mark.hazard("healed-or-infected-lesion")
@pytest.mark.parametrize(
    ("first", "hold", "left"),
    [
        # Due on Easter Monday, laid out on Tuesday 30 March.
        ("2027-03-08", "2027-03-31", "2027-03-30 planned"),
        ("2027-03-08", "2027-03-30", "2027-03-22 planned"),
        ("2027-03-08", "2027-03-29", "2027-03-22 planned"),
        # The fourth is due on Good Friday, laid out on Wednesday 24 March.
        ("2027-03-05", "2027-03-26", "2027-03-24 planned"),
        ("2027-03-05", "2027-03-25", "2027-03-24 planned"),
        ("2027-03-05", "2027-03-24", "2027-03-19 planned"),
    ],
)
def test_a_hold_begins_where_the_clinics_days_put_an_injection(
    register: Database, tmp_path: Path, first: str, hold: str, left: str
) -> None:
    course = follow(register, tmp_path, SOUND.replace("2026-09-07", first))
    course.hold(hold)
    assert days_of(course.visits, "injection")[-1] == left
    assert not [*plan_problems(course.now.plan)]
    course.resume("2027-06-01")
    assert len(course.visits) == len(PLANNED)


@pytest.mark.hazard("healed-or-infected-lesion")
def test_a_hold_moves_nothing_that_comes_before_it(register: Database, tmp_path: Path) -> None:
    # Open all week. The third can only be on Saturday 19: that keeps the second on Sunday 13.
    # Without the third the second might be on Tuesday 15; nobody spoke of it, and it stays.
    days = ", ".join(f'{day} = "08:00-16:00"' for day in WEEK)
    closed = '["2026-09-14", "2026-09-20/2026-09-23"]'
    text = f'timezone = "Europe/Copenhagen"\nopening = {{ {days} }}\nclosed = {closed}\n'
    course = follow(register, tmp_path, clinic=write(tmp_path, text, "always.toml"))
    assert days_of(course.visits, "injection")[1:3] == ["2026-09-13 planned", "2026-09-19 planned"]
    course.hold("2026-09-15")
    assert days_of(course.visits, "injection") == ["2026-09-07 planned", "2026-09-13 planned"]


@pytest.mark.hazard("healed-or-infected-lesion")
def test_a_held_lesion_does_not_stay_with_a_visit_that_is_given_late(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    course.hold("2026-09-15", "B")
    give_one(course, 2, "A", "2026-09-16 09:00")
    assert open_days(course, "B") == ["2026-09-14"]


def test_one_lesion_held_lets_the_other_go_on(register: Database, tmp_path: Path) -> None:
    other = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'
    course = follow(register, tmp_path, SOUND + other)
    course.give(1)
    course.hold("2026-09-10", "A")
    assert course.now.state.status == "running"
    second = course.visits[1]
    assert [one.lesion for one in second.injections] == ["B"]
    assert second.total_dose_mg == 15


@pytest.mark.hazard("healed-or-infected-lesion")
def test_a_held_lesion_is_neither_moved_nor_given(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    course.hold("2026-09-15")
    with pytest.raises(RefusedError, match="nothing is left"):
        course.move(2, "2026-09-16 09:00")
    for day in ("2026-09-16", "2026-09-15"):
        with pytest.raises(RefusedError, match="is held since Tue 15 Sep 2026"):
            course.give(2, f"{day} 09:00")
    # What was done before the hold is recorded as it was.
    course.give(2, "2026-09-14 09:00", confirm="the sheet was found")
    assert course.now.state.status == "held"


def test_a_hold_from_a_later_day_leaves_the_visits_before_it(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-16")
    assert days_of(course.visits, "injection") == ["2026-09-07 done", "2026-09-14 planned"]


def test_an_ending_while_held_leaves_nothing_to_come(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-10")
    course.end("stopped", "2026-09-12")
    now = course.now
    assert not now.plan.coming
    assert not now.state.held


@pytest.mark.hazard("healed-or-infected-lesion")
def test_a_released_lesion_is_never_laid_before_its_release(
    register: Database, tmp_path: Path
) -> None:
    # Easter 2027: Thursday 25 March to Monday 29 March are closed.
    course = follow(register, tmp_path, (SOUND + OTHER).replace("2026-09-07", "2027-03-03"))
    course.give(1)
    course.hold("2027-03-05", "A")
    course.resume("2027-03-24", "A")
    (first, *_) = open_days(course, "A")
    assert first >= "2027-03-24"


@pytest.mark.hazard("healed-or-infected-lesion")
def test_what_a_correction_puts_into_a_hold_is_asked(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-14")
    with pytest.raises(NotConfirmedError, match="lesion A was held from Mon 14 Sep 2026 on"):
        mend_time(course, 2, "2026-09-15 09:00")
    mend_time(course, 2, "2026-09-08 09:00", confirm="a day later")
    course.resume("2026-09-21")
    with pytest.raises(NotConfirmedError, match="lesion A was held"):
        mend_time(course, 2, "2026-09-15 09:00")

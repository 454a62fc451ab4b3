"""What was given or missed, and when the rest then is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest

from planner.app.administration import (
    Circumstances,
    Correction,
    Felt,
    PartlyMeasured,
    given_as_planned,
    put_right,
    undone,
)
from planner.app.course_json import injections_counted, lesion_json
from planner.app.issued_pages import replaced
from planner.core.plan.plan import GivenDose, Measured
from planner.documents.calendars import changes_file
from planner.documents.change_slip import changes_between
from planner.documents.day_list import DayVisit, day_list
from planner.documents.wording import ENGLISH
from planner.errors import (
    InputError,
    NotConfirmedError,
    RefusedError,
)
from planner.store.database import Database
from tests.courses import SOUND
from tests.registers import NOW, Followed, days_of, follow, moment
from tests.under_way import (
    ELBOW,
    OTHER,
    PLANNED,
    THURSDAYS,
    give_one,
    open_days,
)


def test_a_course_is_planned_as_the_plan_command_plans_it(course: Followed) -> None:
    now = course.now
    assert days_of(now.plan.visits) == PLANNED
    assert (now.state.status, now.state.revision) == ("planned", 0)


def test_a_visit_given_inside_its_window_leaves_the_later_days(course: Followed) -> None:
    course.give(1)
    course.give(2, "2026-09-16 09:00")
    assert days_of(course.visits) == [
        "2026-09-07 done",
        "2026-09-16 done",
        "2026-09-21 planned",
        "2026-09-28 planned",
        "2026-10-05 planned",
        "2026-11-30 planned",
    ]


def test_a_visit_given_outside_its_window_is_followed_weekly(course: Followed) -> None:
    course.give(1)
    course.give(2, "2026-09-17 09:00")
    assert days_of(course.visits) == [
        "2026-09-07 done",
        "2026-09-17 done",
        "2026-09-24 planned",
        "2026-10-01 planned",
        "2026-10-05 planned",
        "2026-11-30 planned",
    ]


def test_a_missed_visit_given_inside_its_window_leaves_the_later_days(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    with pytest.raises(NotConfirmedError, match="counts as missed since Mon 14 Sep 2026"):
        course.give(2, "2026-09-15 09:00")
    course.give(2, "2026-09-15 09:00", confirm="the sheet was found")
    assert days_of(course.visits)[1:4] == [
        "2026-09-15 done",
        "2026-09-21 planned",
        "2026-09-28 planned",
    ]


def test_a_missed_visit_given_outside_its_window_is_followed_weekly(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    course.give(2, "2026-09-18 09:00", confirm="the sheet was found")
    assert days_of(course.visits, "injection")[1:] == [
        "2026-09-18 done",
        "2026-09-25 planned",
        "2026-10-02 planned",
    ]


def test_a_visit_stands_at_the_hour_when_something_was_done(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.miss(1)
    give_one(course, 1, "B", "2026-09-07 11:00", confirm="the sheet was found")
    assert f"{course.visits[0].start:%m-%d %H:%M}" == "09-07 11:00"


def test_a_plan_says_which_papers_it_replaces(course: Followed) -> None:
    from planner.core.followup.events import Issued

    for revision, change in enumerate((lambda: course.give(1), lambda: course.give(2))):
        course.make(lambda _now, at=revision: Issued(at, "00000000", ("plan.json",)))  # type: ignore[misc]
        before = None if revision == 0 else revision - 1
        assert course.now.plan.replaces == before
        change()
        assert course.now.plan.replaces == revision
    # Not issued since: what is out there is older than the last revision.
    course.give(3)
    assert (course.now.plan.revision, course.now.plan.replaces) == (3, 1)


def test_a_course_whose_papers_were_never_made_replaces_none(course: Followed) -> None:
    course.give(1)
    assert (course.now.plan.revision, course.now.plan.replaces) == (1, None)


def test_a_lesion_keeps_its_day_where_another_of_its_visit_comes_early(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A", "2026-09-13 09:00")
    assert open_days(course, "B")[0] == "2026-09-14"


def test_lesions_of_one_visit_given_on_two_days_stand_on_their_days(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A", "2026-09-07 10:00")
    give_one(course, 1, "B", "2026-09-08 12:00")
    assert [(f"{one.start:%m-%d %H:%M}", len(one.injections)) for one in course.visits[:3]] == [
        ("09-07 10:00", 1),
        ("09-08 12:00", 1),
        ("09-14 09:00", 2),
    ]


def test_the_order_of_recording_changes_no_day(register: Database, tmp_path: Path) -> None:
    """A was given late, B on its day: who is written down first makes no difference."""
    days = []
    for number, order in enumerate((("A", "B"), ("B", "A"))):
        text = (SOUND + OTHER).replace("K-1", f"K-{number}").replace("P-1", f"P-{number}")
        course = follow(register, tmp_path, text)
        course.give(1)
        at = {"A": "2026-09-18 09:00", "B": "2026-09-14 09:00"}
        for lesion in order:
            give_one(course, 2, lesion, at[lesion])
        days.append({lesion: open_days(course, lesion) for lesion in order})
    assert days[0] == days[1] == {
        "A": ["2026-09-25", "2026-10-02"],
        "B": ["2026-09-21", "2026-09-28"],
    }  # fmt: skip


@pytest.mark.parametrize("order", [*permutations("ABE")])
def test_of_three_lesions_the_order_of_recording_changes_no_day(
    register: Database, tmp_path: Path, order: tuple[str, ...]
) -> None:
    """One was given late, two on their day."""
    third = '[[lesion]]\nid="E"\nsite="trunk"\nsize_mm=3\nulcerated=false\ndose_mg=12.5\n'
    course = follow(register, tmp_path, SOUND + OTHER + third)
    at = {"A": "2026-09-07 09:00", "B": "2026-09-07 09:00", "E": "2026-09-11 09:00"}
    for lesion in order:
        visit = next(
            one.number
            for one in course.visits
            if any((i.lesion, i.injection) == (lesion, 1) for i in one.injections)
        )
        give_one(course, visit, lesion, at[lesion])
    for lesion in "AB":
        assert open_days(course, lesion) == ["2026-09-14", "2026-09-21", "2026-09-28"]


def test_a_visit_that_one_lesion_missed_leaves_its_later_days(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A", "2026-09-11 09:00")
    course.miss(1)
    assert open_days(course, "B") == ["2026-09-14", "2026-09-21", "2026-09-28"]


def test_a_patient_who_came_before_the_first_day_was_injected_then(course: Followed) -> None:
    # Two days early is in the window; three days are asked for, and then recorded as they were.
    with pytest.raises(NotConfirmedError, match="before the course began on Mon 7 Sep 2026"):
        course.give(1, "2026-09-04 09:00")
    course.give(1, "2026-09-04 09:00", confirm="came early")
    assert days_of(course.visits) == [
        "2026-09-04 done",
        "2026-09-11 planned",
        "2026-09-18 planned",
        "2026-09-25 planned",
        "2026-10-02 planned",
        "2026-11-27 planned",
    ]
    with pytest.raises(RefusedError, match="the course began on Fri 4 Sep 2026"):
        course.evaluate(5, "30", at="2026-09-03 09:00")


@pytest.mark.hazard("series-out-of-order")
@pytest.mark.parametrize("on", ["2026-09-14", "2026-09-16"])
def test_no_injection_stays_at_a_visit_before_an_earlier_one_of_its_lesion(
    register: Database, tmp_path: Path, on: str
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.move(1, "2026-09-16 09:00", confirm="travels")
    # The second of A is given on or before the day of the first: that was missed. B waits its turn.
    give_one(course, 2, "A", f"{on} 11:00", confirm="as it was")
    assert open_days(course, "B") == ["2026-09-16", "2026-09-23", "2026-09-30", "2026-10-07"]


def test_lesions_of_one_visit_are_entered_one_by_one(register: Database, tmp_path: Path) -> None:
    other = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'
    course = follow(register, tmp_path, SOUND + other)

    def give(lesion: str) -> None:
        from planner.app.administration import Circumstances, given_as_planned

        course.make(lambda now: given_as_planned(now, 1, Circumstances(), [lesion]))

    give("A")
    first = course.visits[0]
    assert first.state == "planned"
    assert [syringe.aliquots[0].lesion for syringe in first.syringes] == ["B"]
    assert first.total_dose_mg == 15
    give("B")
    assert course.visits[0].state == "done"


def test_all_that_was_recorded_stands_in_the_plan(course: Followed) -> None:
    from planner.app.administration import Circumstances, Felt, Measurement, given_as_planned
    from planner.app.administration import evaluated as seen

    noted = Circumstances(moment("2026-09-07 09:10"), "7A12", "2027-03")
    felt = Felt(Decimal(7), Decimal(4), "redness")
    course.make(lambda now: given_as_planned(now, 1, noted, felt={None: felt}))
    look = Measurement(Decimal(35), True, Decimal(2), "Nurse B", moment("2026-10-06 10:00"))
    course.make(lambda now: seen(now, 5, "A", look))
    visits = course.visits
    given, result = visits[0].injections[0].given, visits[4].evaluations[0].result
    assert given == GivenDose(
        dose_mg=Fraction("12.5"),
        drawn_ml=Fraction("0.08"),
        drawn_mg=Fraction(12),
        at=moment("2026-09-07 09:10+02:00"),
        by="Dr A. Holm",
        lot="7A12",
        expiry="2027-03",
        pain_before=Decimal(7),
        pain_after=Decimal(4),
        complication="redness",
    )
    assert result == Measured(
        on=date(2026, 10, 6),
        size_mm=Decimal(35),
        ulcerated=True,
        pain=Decimal(2),
        measured_by="Nurse B",
        reduction_percent=Fraction(50),
        remission="partial",
        pain_change=Decimal(-5),
    )


def test_a_lesion_not_given_at_a_late_visit_is_followed_weekly_too(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A", "2026-09-21 09:00")
    # B waits at the visit where A was given; neither has two injections on one day.
    assert open_days(course, "A") == ["2026-09-28", "2026-10-05"]
    assert open_days(course, "B") == ["2026-09-21", "2026-09-28", "2026-10-05"]


def test_a_later_injection_given_first_leaves_the_open_one_missed(course: Followed) -> None:
    course.give(1)
    with pytest.raises(NotConfirmedError, match="count as missed"):
        course.give(3)
    course.give(3, confirm="the second was not given")
    assert days_of(course.visits, "injection") == [
        "2026-09-07 done",
        "2026-09-14 missed",
        "2026-09-21 done",
        "2026-09-28 planned",
    ]


def test_before_a_long_closure_a_visit_waits_for_its_day(course: Followed) -> None:
    # Week 4 of a lesion from 3 December is 31 December: closed from the 24th on.
    changed = course.add_lesion(ELBOW, "2026-12-03")
    assert [one.code for one in changed.waiting] == ["no-open-day"]
    (visit,) = [one for one in changed.after.plan.visits if one.start is None]
    course.move(visit.number, "2027-01-05 09:00", confirm="closed")
    assert course.now.plan.is_confirmed


def test_a_visit_done_on_another_day_reaches_the_patients_calendar(course: Followed) -> None:
    from planner.core.followup.events import Issued

    course.make(lambda _now: Issued(0, "00000000", ("plan.json",)))
    course.give(1)
    course.give(2, "2026-09-15 09:00")
    now = course.now
    since = replaced(now)
    assert since is not None
    (content,) = changes_file(since.plan, now.plan, NOW).values()
    assert content.count(b"BEGIN:VEVENT") == 1
    assert b"DTSTART;TZID=Europe/Copenhagen:20260915T090000" in content


@pytest.mark.hazard("too-close")
def test_what_is_left_of_a_visit_may_not_follow_a_late_record_too_soon(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, THURSDAYS)
    course.give(1)
    give_one(course, 2, "A")
    course.move(3, "2026-09-22 09:00")
    give_one(course, 3, "A")
    with pytest.raises(NotConfirmedError, match=r"B 3.days from the injection on Sat 19 Sep"):
        give_one(course, 2, "B", "2026-09-19 09:00")


def test_an_appointment_leaves_no_visit_unnamed(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A")
    give_one(course, 3, "A")
    before = course.now.plan
    give_one(course, 2, "B", "2026-09-18 09:00")
    told = dict(one[:2] for one in changes_between(before, course.now.plan, ENGLISH))
    assert told["Visit 3"] == "Mon 21 Sep 2026 09:00 to 09:30: injection A (done), B"


@pytest.mark.parametrize("said", ["none", "No", "Ingen.", "nej", "-", "0"])
def test_a_complication_that_says_none_is_none(course: Followed, said: str) -> None:
    felt: dict[str | None, Felt] = {None: Felt(complication=said)}
    course.make(lambda now: given_as_planned(now, 1, Circumstances(), felt=felt))
    given = course.visits[0].injections[0].given
    assert given is not None
    assert given.complication is None


def test_a_lesions_injections_are_counted_once_for_all_who_say_them(course: Followed) -> None:
    course.make(lambda now: given_as_planned(now, 1, Circumstances()))
    counted = injections_counted(course.now, "A")
    said = lesion_json(course.now, "A")
    assert (counted.given, counted.remaining, counted.missed) == (1, counted.of - 1, 0)
    assert {name: said[name] for name in ("given", "remaining", "missed", "regimen")} == {
        name: one for name, one in counted._asdict().items() if name != "of"
    }


@pytest.mark.parametrize(
    ("felt", "is_withdrawn"), [(Felt(), False), (Felt(Decimal(3)), True)], ids=["nothing", "both"]
)
def test_a_correction_says_what_holds_or_that_nothing_does(
    course: Followed, felt: Felt, is_withdrawn: bool
) -> None:
    course.make(lambda now: given_as_planned(now, 1, Circumstances()))
    said = Correction(None, None, Circumstances(), felt, PartlyMeasured(), is_withdrawn)
    with pytest.raises(InputError, match="what is corrected is not clear"):
        put_right(course.now, 2, said)


def test_a_complication_is_taken_out_by_a_correction(course: Followed) -> None:
    felt: dict[str | None, Felt] = {None: Felt(Decimal(3), complication="bled")}
    course.make(lambda now: given_as_planned(now, 1, Circumstances(), felt=felt))
    said = Correction(None, None, Circumstances(), Felt(complication="none"), PartlyMeasured())
    course.make(lambda now: put_right(now, 2, said))
    given = course.visits[0].injections[0].given
    assert given is not None
    assert (given.complication, given.pain_before) == (None, 3)


# What is recorded of a visit on its own day, at hours that are not its own, while more is left.
PARTLY: dict[str, Callable[[Followed], object]] = {
    "a lesion before the clinic opens": lambda one: give_one(one, 2, "A", "2026-09-14 06:30"),
    "a lesion after it closed": lambda one: give_one(one, 2, "A", "2026-09-14 18:00"),
    "a lesion at its hour": lambda one: give_one(one, 2, "A", "2026-09-14 09:00"),
    "a size that is due later": lambda one: one.evaluate(
        5, "60", at="2026-09-14 08:00", confirm="three weeks early"
    ),
    "one of the next visit": lambda one: give_one(
        one, 3, "A", "2026-09-14 07:00", confirm="a week early"
    ),
}


@pytest.mark.parametrize("name", PARTLY)
@pytest.mark.hazard("double-booking")
def test_what_is_left_of_a_visit_keeps_its_time(
    register: Database, tmp_path: Path, name: str
) -> None:
    """The clinic keeps its room then: another hour could be taken, or closed."""
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    planned = course.visits[1]
    PARTLY[name](course)
    left = next(one for one in course.visits if one.number == planned.number)
    assert left.state == "planned"
    assert (left.start, left.end) == (planned.start, planned.end)
    course.make(undone)
    assert (course.visits[1].start, course.visits[1].end) == (planned.start, planned.end)


@pytest.mark.hazard("series-out-of-order")
def test_the_day_list_names_what_nobody_recorded_before(register: Database, tmp_path: Path) -> None:
    """Else injection 2 reads as if injection 1 had been given."""
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A")
    plan = course.now.plan
    second = next(one for one in plan.visits if one.number == 2)

    def listed(now: str) -> str:
        stamp = datetime.fromisoformat(now)
        there = [DayVisit(plan, second)]
        return str(day_list(plan.clinic, stamp.date(), there, None, "", stamp=stamp).sections)

    told = "injection 1 of lesion B was to come before and is not recorded"
    assert told in listed("2026-09-14T06:00:00+00:00")
    assert "of lesion A was to come" not in listed("2026-09-14T06:00:00+00:00")
    # Made ahead, before the first visit is over, it says nothing of it.
    assert "is not recorded" not in listed("2026-09-06T06:00:00+00:00")

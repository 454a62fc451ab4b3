"""What happens in a course, case by case as clinic notes have it, on both databases."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest

from planner.app.asked import AskedError
from planner.app.issued_pages import replaced
from planner.core.followup.course_state import fold
from planner.core.plan.course import Lesion
from planner.core.plan.plan import GivenDose, Measured
from planner.core.protocol.protocol import Evaluation, Protocol
from planner.core.values.quantities import Dose
from planner.documents.calendars import changes_file
from planner.documents.change_slip import changes_between
from planner.documents.wording import ENGLISH
from planner.errors import (
    InputError,
    MovedOnError,
    NotConfirmedError,
    PlannerError,
    Problem,
    RefusedError,
)
from planner.files.first_edition_plan import plan_problems
from planner.store.database import Database
from tests.conftest import CLINIC
from tests.courses import SOUND, confirmation, write
from tests.registers import NOW, Followed, days_of, follow, moment

# One large ulcerated knee, from Monday 7 September 2026: four injections, weeks 4 and 12.
PLANNED = [
    "2026-09-07 planned",
    "2026-09-14 planned",
    "2026-09-21 planned",
    "2026-09-28 planned",
    "2026-10-05 planned",
    "2026-11-30 planned",
]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHUT = "2026-12-01/2027-11-30"
ELBOW = Lesion("B", "elbow", Decimal(4), False, "left", doses=(Dose(Fraction(20)),), same_dose=True)


@pytest.fixture
def course(register: Database, tmp_path: Path) -> Followed:
    return follow(register, tmp_path)


def doses(course: Followed) -> list[Fraction | None]:
    return [one.dose_mg for visit in course.visits for one in visit.injections]


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


@pytest.mark.hazard("double-dose")
def test_a_history_in_which_an_injection_is_given_twice_is_refused(course: Followed) -> None:
    course.give(1)
    record = course.now.record
    given = record.entries[-1]
    again = given._replace(number=given.number + 1)
    with pytest.raises(RefusedError) as raised:
        fold((*record.entries, again), record.protocol)
    assert str(raised.value) == (
        "injection 1 of lesion A was given on Mon 7 Sep 2026 already (event 2);"
        " correct event 2, if that was a slip"
    )


def test_a_history_that_does_not_begin_with_a_plan_is_refused(course: Followed) -> None:
    from planner.core.followup.events import Issued

    course.make(lambda _now: Issued(0, "00000000", ("plan.json",)))
    record = course.now.record
    for lost in (record.entries[1:], ()):
        with pytest.raises(RefusedError) as raised:
            fold(lost, record.protocol)
        assert str(raised.value) == "the history does not begin with a plan; restore a backup"


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


def test_a_missed_visit_can_be_moved_to_be_given_later(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    course.move(2, "2026-09-15 10:00")
    assert days_of(course.visits)[1] == "2026-09-15 planned"


def test_evaluations_stay_counted_from_the_first_injection(course: Followed) -> None:
    course.give(1, "2026-09-08 09:00")
    course.give(2, "2026-09-22 09:00")
    assert days_of(course.visits, "evaluation") == ["2026-10-06 planned", "2026-12-01 planned"]


def test_a_visit_moved_inside_its_window_leaves_the_later_days(course: Followed) -> None:
    course.move(2, "2026-09-15 10:00")
    assert days_of(course.visits)[1:3] == ["2026-09-15 planned", "2026-09-21 planned"]


def test_what_is_left_of_a_visit_moves_to_another_hour_of_its_day(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A")
    course.move(1, "2026-09-07 14:00")
    assert [f"{one.start:%m-%d %H:%M} {one.state}" for one in course.visits[:2]] == [
        "09-07 14:00 planned",
        "09-14 09:00 planned",
    ]
    give_one(course, 1, "B")
    assert f"{course.visits[0].start:%m-%d %H:%M}" == "09-07 09:00"


def test_a_moved_visit_is_late_from_the_day_when_it_was_due(course: Followed) -> None:
    course.give(1)
    course.move(2, "2026-09-16 10:00")
    # One day after it was to be, and three after it was due: the later ones follow.
    course.give(2, "2026-09-17 10:00")
    assert days_of(course.visits, "injection")[2:] == ["2026-09-24 planned", "2026-10-01 planned"]


def test_the_narrower_window_of_a_visit_is_its_window(sts_150: Protocol) -> None:
    """An evaluation with a window of one day on the day of the third injection."""
    from planner.app.administration import moved
    from tests.histories import after, begun, give

    looks = (Evaluation(14, 1), sts_150.evaluations[1])
    now = begun(protocol=sts_150._replace(evaluations=looks))
    for change in (moved(now, 3, moment("2026-09-23 09:00")), None):
        event = change or give(3, moment("2026-09-23 09:00"), None)(now)
        assert days_of(after(now, event).plan.visits)[3] == "2026-09-30 planned"


def test_a_first_visit_that_was_moved_to_an_earlier_day_begins_the_course(
    course: Followed,
) -> None:
    course.move(1, "2026-09-04 09:00", confirm="came earlier")
    course.give(1)
    course.hold("2026-09-04")
    assert days_of(course.visits, "injection") == ["2026-09-04 done"]
    with pytest.raises(RefusedError, match="the course began on Fri 4 Sep 2026"):
        course.hold("2026-09-03", "A")


def test_a_visit_stands_at_the_hour_when_something_was_done(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.miss(1)
    give_one(course, 1, "B", "2026-09-07 11:00", confirm="the sheet was found")
    assert f"{course.visits[0].start:%m-%d %H:%M}" == "09-07 11:00"


def test_a_move_that_joins_another_visit_names_the_day_when_it_was_due(course: Followed) -> None:
    with pytest.raises(NotConfirmedError, match=r"due Mon 5 Oct 2026, on Mon 28 Sep 2026 13:00"):
        course.move(5, "2026-09-28 13:00")


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


def test_a_confirmation_that_is_not_needed_any_more_is_not_told_again(
    register: Database, tmp_path: Path
) -> None:
    said = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    course = follow(register, tmp_path, SOUND + said)
    assert course.now.plan.remarks == ()


def test_one_dose_for_all_is_one_dose_each_once_it_changes(
    register: Database, tmp_path: Path
) -> None:
    text = SOUND.replace("[12.5, 57.5, 72.5, 87.5]", "20")
    course = follow(register, tmp_path, text)
    course.give(1)
    course.dose("110", from_visit=4, confirm="pain")
    jumps = [one.value for one in course.now.plan.findings if one.code == "dose-jump"]
    assert jumps == ["20 mg to 110 mg"]


def test_a_visit_moved_outside_its_window_asks_and_is_followed_weekly(course: Followed) -> None:
    with pytest.raises(NotConfirmedError, match="move-outside-window"):
        course.move(2, "2026-09-17 10:00")
    assert days_of(course.visits) == PLANNED
    course.move(2, "2026-09-17 10:00", confirm="travels")
    assert days_of(course.visits, "injection")[1:] == [
        "2026-09-17 planned",
        "2026-09-24 planned",
        "2026-10-01 planned",
    ]
    assert course.now.plan.is_confirmed


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


def test_an_event_of_no_visit_is_refused(course: Followed) -> None:
    from planner.app.administration import corrected

    course.give(1)
    record = course.now.record
    given = record.entries[-1]
    nowhere = given.event._replace(visit=())  # type: ignore[union-attr,call-arg]
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    with pytest.raises(RefusedError) as raised:
        course.make(lambda _now: nowhere)
    assert str(raised.value) == "visit: nothing belongs to it; see the course"


@pytest.mark.hazard("slip-of-the-point")
def test_a_visits_total_counts_what_was_given_at_it(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, SOUND.replace("[12.5, ", "[200, ") + OTHER)
    give_one(course, 1, "A")
    more = ELBOW._replace(id="C", size_mm=Decimal(20), ulcerated=True, doses=(Dose(Fraction(61)),))
    with pytest.raises(NotConfirmedError, match=r"visit 1: 276.mg at this visit"):
        course.add_lesion(more, "2026-09-07")
    course.add_lesion(more._replace(doses=(Dose(Fraction(60)),)), "2026-09-07")
    give_one(course, 1, "B")
    assert course.now.plan.is_confirmed


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


def test_a_lesion_given_on_its_day_keeps_the_moves_of_its_later_visits(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A", "2026-09-18 09:00")
    # For B, which may have been given on its day, this is three days late, and followed.
    course.move(3, "2026-09-24 10:00", confirm="travels")
    assert open_days(course, "B") == ["2026-09-18", "2026-09-24", "2026-10-02"]
    give_one(course, 2, "B", "2026-09-14 09:00")
    assert open_days(course, "B") == ["2026-09-24", "2026-10-01"]


def test_a_move_stands_whoever_of_a_late_visit_is_recorded_first(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.move(4, "2026-09-30 12:00")
    give_one(course, 1, "A", "2026-09-10 09:00")
    give_one(course, 1, "B", "2026-09-07 09:00")
    assert open_days(course, "B") == ["2026-09-14", "2026-09-21", "2026-09-30"]


@pytest.mark.parametrize("order", [*permutations("ABE")])
def test_of_three_lesions_the_order_of_recording_changes_no_day(
    register: Database, tmp_path: Path, order: tuple[str, ...]
) -> None:
    """One was given late, two on their day."""
    third = '[[lesion]]\nid="E"\nsite="trunk"\nsize_mm=3\nulcerated=false\ndose_mg=20\n'
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


def test_a_move_onto_the_day_of_a_late_visit_does_not_stand(
    register: Database, tmp_path: Path
) -> None:
    """B waits to be recorded at the late visit: it has no two injections on that day."""
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    course.move(3, "2026-09-22 09:00")
    give_one(course, 2, "A", "2026-09-22 09:00")
    assert open_days(course, "B") == ["2026-09-22", "2026-09-29", "2026-10-06"]


def test_a_visit_that_one_lesion_missed_leaves_its_later_days(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    give_one(course, 1, "A", "2026-09-11 09:00")
    course.miss(1)
    assert open_days(course, "B") == ["2026-09-14", "2026-09-21", "2026-09-28"]


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


def test_a_patient_who_came_a_day_early_is_not_asked(course: Followed) -> None:
    course.give(1, "2026-09-05 09:00")
    assert days_of(course.visits)[:2] == ["2026-09-05 done", "2026-09-14 planned"]


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


@pytest.mark.hazard("stale-confirmation")
def test_a_shorter_distance_than_the_confirmed_one_is_asked_for(course: Followed) -> None:
    course.move(3, "2026-09-18 09:00", confirm="four days")
    with pytest.raises(NotConfirmedError, match=r"A 2.days from the injection on"):
        course.move(2, "2026-09-16 09:00")


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


def follow_uid(course: Followed, visit: int) -> str:
    record = course.now.record
    first = record._replace(entries=record.entries[:1])
    return first.plan(first.state).visits[visit - 1].uid


@pytest.mark.parametrize("how", ["completed", "stopped", "died", "lost"])
def test_an_ending_cancels_what_was_not_done(course: Followed, how: str) -> None:
    course.give(1)
    course.end(how, "2026-09-10", confirm="it is so")
    now = course.now
    assert now.state.status == "ended"
    assert days_of(now.plan.visits) == [
        "2026-09-07 done",
        *(one.replace("planned", "cancelled") for one in PLANNED[1:]),
    ]
    assert now.plan.ending is not None
    assert now.plan.ending.ending == how
    with pytest.raises(RefusedError, match="the course ended"):
        course.give(2)


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


def test_a_first_visit_that_was_moved_is_the_first_of_the_plan(course: Followed) -> None:
    course.move(1, "2026-09-08 10:00")
    assert course.now.plan.first_visit == course.visits[0].start
    assert f"{course.now.plan.first_visit:%m-%d %H:%M}" == "09-08 10:00"


def test_a_slip_is_corrected_by_an_event_that_names_the_old_one(course: Followed) -> None:
    from planner.app.administration import Amount, Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    course.give(1)

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        return mended_given(course.now, event, None, Amount(ml=Decimal("0.1")), Circumstances())

    course.make(lambda now: corrected(now, 2, mend))
    given = course.visits[0].injections[0].given
    assert given is not None
    assert (given.drawn_ml, given.drawn_mg) == (Fraction("0.1"), 15)
    assert [one.number for one in course.now.record.entries] == [1, 2, 3]
    # Withdrawn, it never was.
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    assert days_of(course.visits) == PLANNED
    with pytest.raises(RefusedError, match="withdrawn already"):
        course.make(lambda now: corrected(now, 2, lambda _event: None))


@pytest.mark.hazard("two-revisions-one-number")
def test_every_change_raises_the_revision_by_one(course: Followed) -> None:
    course.give(1)
    assert course.now.state.revision == 1
    course.miss(2)
    assert course.now.state.revision == 2


REFUSED = {
    "a dose given twice": (lambda c: (c.give(1), c.give(1)), RefusedError, "recorded already"),
    "before the course": (
        lambda c: c.give(1, "2026-09-01 09:00"),
        AskedError,
        "Tue 1 Sep 2026 is before the course began on Mon 7 Sep 2026",
    ),
    "hold before the course": (lambda c: c.hold("2026-08-01"), RefusedError, "course began"),
    "an unknown visit": (lambda c: c.give(7), RefusedError, "no visit 7"),
    "a visit without injections": (lambda c: c.give(5), RefusedError, "no injections"),
    "an unknown lesion": (lambda c: c.hold("2026-09-10", "Z"), RefusedError, "no lesion"),
    "held twice": (
        lambda c: (c.hold("2026-09-10"), c.hold("2026-09-11")),
        RefusedError,
        "is held since",
    ),
    "resumed, not held": (lambda c: c.resume("2026-09-11"), RefusedError, "no lesion is held"),
    "ended before it was done": (
        lambda c: (c.give(1), c.give(2), c.end("died", "2026-09-10")),
        RefusedError,
        "something was done",
    ),
    "in the future": (lambda c: c.give(1, "2027-06-02 09:00"), AskedError, "future"),
    "too soon": (
        lambda c: (c.give(1), c.give(2, "2026-09-10 09:00")),
        AskedError,
        "shortest interval",
    ),
    "out of order": (lambda c: c.give(2), AskedError, "still open"),
    "a closed day": (lambda c: c.move(2, "2026-09-13 09:00"), InputError, "opening day"),
    "onto another injection": (lambda c: c.move(3, "2026-09-14 09:00"), InputError, "injection 2"),
    "before the first visit": (lambda c: c.move(5, "2026-09-04 09:00"), InputError, "first visit"),
    "a twice-named lesion": (
        lambda c: (c.add_lesion(ELBOW, "2026-09-21"), c.add_lesion(ELBOW, "2026-09-21")),
        RefusedError,
        "lesion already",
    ),
    "dose of what was given": (
        lambda c: (c.give(1), c.give(2), c.give(3), c.give(4), c.dose("60")),
        RefusedError,
        "no injections to come",
    ),
    "another revision": (lambda c: c.give(1, if_revision=4), MovedOnError, "at revision 0"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.hazard("double-dose")
def test_what_cannot_be_is_refused_and_the_history_stays(course: Followed, name: str) -> None:
    act, kind, message = REFUSED[name]
    with pytest.raises(PlannerError, match=message) as caught:
        act(course)
    assert type(caught.value) is kind
    entries = course.now.record.entries
    assert [one.number for one in entries] == list(range(1, len(entries) + 1))


def test_what_was_done_is_recorded_all_the_same_with_a_reason(course: Followed) -> None:
    course.give(1)
    course.give(2, "2026-09-10 09:00", confirm="came early, was injected")
    assert course.now.record.entries[-1].reason == "as it was; came early, was injected"
    assert days_of(course.visits)[1] == "2026-09-10 done"


@pytest.mark.hazard("dead-patients-appointments")
def test_after_a_death_only_the_clinic_is_told(course: Followed) -> None:
    from planner.core.followup.events import Issued

    course.give(1)
    course.make(lambda _now: Issued(1, "00000000", ("plan.json",)))
    course.end("died", "2026-09-10")
    now = course.now
    before, entries = replaced(now)
    assert before is not None
    assert [one.number for one in entries] == [4]
    (content,) = changes_file(before, now.plan, NOW).values()
    assert content.count(b"STATUS:CANCELLED") == 5
    assert b"Course K-1" in content


OTHER = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'


def open_days(course: Followed, lesion: str) -> list[str]:
    return [
        str(visit.start.date())
        for visit in course.visits
        for one in visit.injections
        if one.lesion == lesion and one.state == "planned" and visit.start
    ]


def give_one(
    course: Followed, visit: int, lesion: str, at: str | None = None, confirm: str | None = None
) -> None:
    from planner.app.administration import Circumstances, given_as_planned

    noted = Circumstances(None if at is None else moment(at))
    course.make(lambda now: given_as_planned(now, visit, noted, [lesion]), confirm=confirm)


def test_a_lesion_not_given_at_a_late_visit_is_followed_weekly_too(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A", "2026-09-21 09:00")
    # B waits at the visit where A was given; neither has two injections on one day.
    assert open_days(course, "A") == ["2026-09-28", "2026-10-05"]
    assert open_days(course, "B") == ["2026-09-21", "2026-09-28", "2026-10-05"]


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


def test_a_correction_asks_what_a_record_asks(course: Followed) -> None:
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    course.give(1)
    course.give(2)

    def on(at: str) -> None:
        def mend(event: object) -> Given:
            assert isinstance(event, Given)
            return mended_given(course.now, event, None, None, Circumstances(moment(at)))

        course.make(lambda now: corrected(now, 3, mend))

    with pytest.raises(NotConfirmedError, match="future"):
        on("2029-01-03 09:00")
    with pytest.raises(NotConfirmedError, match="shortest interval"):
        on("2026-09-07 12:00")
    on("2026-09-17 09:00")
    assert open_days(course, "A") == ["2026-09-24", "2026-10-01"]


def test_a_visit_that_joins_another_has_to_fit_with_it(course: Followed) -> None:
    # 30 minutes more from 15:10 would end after the clinic closes.
    with pytest.raises(InputError, match="opening hours for 50 minutes"):
        course.move(5, "2026-09-28 15:10")
    course.move(5, "2026-09-30 14:00", confirm="same trip")
    course.move(4, "2026-09-30 09:00", confirm="same trip")
    joined = next(visit for visit in course.visits if "evaluation" in visit.purposes)
    assert f"{joined.start:%Y-%m-%d %H:%M}" == "2026-09-30 09:00"


def test_before_a_long_closure_a_visit_waits_for_its_day(course: Followed) -> None:
    # Week 4 of a lesion from 3 December is 31 December: closed from the 24th on.
    changed = course.add_lesion(ELBOW, "2026-12-03")
    assert [one.code for one in changed.waiting] == ["no-open-day"]
    (visit,) = [one for one in changed.after.plan.visits if one.start is None]
    course.move(visit.number, "2027-01-05 09:00", confirm="closed")
    assert course.now.plan.is_confirmed


def test_an_ending_while_held_leaves_nothing_to_come(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-10")
    course.end("stopped", "2026-09-12")
    now = course.now
    assert not now.plan.coming
    assert not now.state.held


def test_an_injection_entered_by_mistake_gets_the_dose_that_came_since(course: Followed) -> None:
    from planner.app.administration import corrected

    course.give(1)
    course.give(2)
    course.dose("20", confirm="pain")
    course.make(lambda now: corrected(now, 3, lambda _event: None))
    assert doses(course) == [Fraction("12.5"), 20, 20, 20]


def test_a_visit_given_when_it_stands_moves_nothing_else(course: Followed) -> None:
    course.give(1)
    course.move(2, "2026-09-18 09:00", confirm="travels")
    course.move(3, "2026-09-24 10:30")
    course.give(2)
    assert days_of(course.visits, "injection")[2:] == ["2026-09-24 planned", "2026-10-02 planned"]
    assert f"{course.visits[2].start:%H:%M}" == "10:30"


def test_a_visit_done_on_another_day_reaches_the_patients_calendar(course: Followed) -> None:
    from planner.core.followup.events import Issued

    course.make(lambda _now: Issued(0, "00000000", ("plan.json",)))
    course.give(1)
    course.give(2, "2026-09-15 09:00")
    now = course.now
    before, _ = replaced(now)
    assert before is not None
    (content,) = changes_file(before, now.plan, NOW).values()
    assert content.count(b"BEGIN:VEVENT") == 1
    assert b"DTSTART;TZID=Europe/Copenhagen:20260915T090000" in content


def test_a_death_before_the_first_visit_can_be_recorded(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, SOUND.replace("2026-09-07", "2028-01-03"))
    course.end("died", "2027-06-01")
    assert days_of(course.visits)[0] == "2028-01-03 cancelled"


def test_the_same_dose_again_changes_nothing(course: Followed) -> None:
    course.dose("60")
    with pytest.raises(RefusedError, match="has that dose already"):
        course.dose("60")
    assert course.now.state.revision == 1


def test_what_was_given_is_not_told_as_missed_or_moved(register: Database, tmp_path: Path) -> None:
    from planner.documents.event_wording import told
    from planner.documents.wording import ENGLISH

    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A")
    missed = course.miss(2)
    moved = course.move(2, "2026-09-16 09:00")
    for changed, says in (
        (missed, "missed Mon 14 Sep 2026 09:00: injection 2 of B"),
        (moved, "moved to Wed 16 Sep 2026 09:00: injection 2 of B"),
    ):
        assert told(changed.entries[0].event, ENGLISH) == says


def test_a_correction_keeps_who_gave_and_measured(course: Followed) -> None:
    from planner.app.actors import Author
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.app.courses import change
    from planner.core.followup.events import Given

    course.give(1)

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        return mended_given(course.now, event, None, None, Circumstances(lot="L2"))

    clerk = Author("Clerk", NOW, "lot")
    change(course.register, "K-1", [lambda now: corrected(now, 2, mend)], clerk)
    given = course.visits[0].injections[0].given
    assert given is not None
    assert (given.by, given.lot) == ("Dr A. Holm", "L2")


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


# The visits of injections are on 10, 17, 24 September and 1 October.
THURSDAYS = (SOUND + OTHER).replace("2026-09-07", "2026-09-10")


def mend_time(course: Followed, number: int, at: str, confirm: str | None = None) -> None:
    """Correct when an injection was given."""
    from planner.app.administration import Circumstances, corrected, mended_given
    from planner.core.followup.events import Given

    def mend(event: object) -> Given:
        assert isinstance(event, Given)
        noted = Circumstances(datetime.fromisoformat(at))
        return mended_given(course.now, event, None, None, noted)

    course.make(lambda now: corrected(now, number, mend), confirm=confirm)


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


@pytest.mark.hazard("stale-confirmation")
def test_a_word_for_one_lesions_distance_is_none_for_anothers(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, THURSDAYS)
    course.give(1)
    course.move(3, "2026-09-23 09:00")
    give_one(course, 2, "B")
    give_one(course, 2, "A", "2026-09-19 09:00", confirm="A may")
    values = [one.value for one in course.now.state.findings if one.code == "interval-too-short"]
    assert values == ["A 4 days, 2026-09-23 09:00"]
    with pytest.raises(NotConfirmedError, match=r"A, B 4.days from the injection on Sat 19 Sep"):
        mend_time(course, 4, "2026-09-19 09:00")


def test_a_true_time_is_put_right_whatever_was_moved_since(course: Followed) -> None:
    course.give(1)
    course.move(3, "2026-09-22 09:00")
    mend_time(course, 2, "2026-09-21 09:00", confirm="so it was")
    assert open_days(course, "A") == ["2026-09-28", "2026-10-05", "2026-10-12"]


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


def test_an_appointment_leaves_no_visit_unnamed(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.give(1)
    give_one(course, 2, "A")
    give_one(course, 3, "A")
    before = course.now.plan
    give_one(course, 2, "B", "2026-09-18 09:00")
    told = dict(one[:2] for one in changes_between(before, course.now.plan, ENGLISH))
    assert told["Visit 3"] == "Mon 21 Sep 2026 09:00 to 09:30: injection A (done), B"

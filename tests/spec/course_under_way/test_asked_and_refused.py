"""What is asked before it is written, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.app.asked import AskedError
from planner.core.followup.course_state import fold
from planner.errors import (
    InputError,
    MovedOnError,
    NotConfirmedError,
    NotFoundError,
    PlannerError,
    RefusedError,
)
from planner.store.database import Database
from tests.courses import SOUND, confirmation
from tests.registers import Followed, days_of, follow
from tests.under_way import (
    ELBOW,
    THURSDAYS,
    give_one,
    mend_time,
)


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


def test_a_confirmation_that_is_not_needed_any_more_is_not_told_again(
    register: Database, tmp_path: Path
) -> None:
    said = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    course = follow(register, tmp_path, SOUND + said)
    assert course.now.plan.remarks == ()


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


def test_a_patient_who_came_a_day_early_is_not_asked(course: Followed) -> None:
    course.give(1, "2026-09-05 09:00")
    assert days_of(course.visits)[:2] == ["2026-09-05 done", "2026-09-14 planned"]


@pytest.mark.hazard("stale-confirmation")
def test_a_shorter_distance_than_the_confirmed_one_is_asked_for(course: Followed) -> None:
    course.move(3, "2026-09-18 09:00", confirm="four days")
    with pytest.raises(NotConfirmedError, match=r"A 2.days from the injection on"):
        course.move(2, "2026-09-16 09:00")


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
    "an unknown visit": (lambda c: c.give(7), NotFoundError, "no visit 7"),
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
    "held from a day with a mistyped year": (
        lambda c: c.hold("2099-01-01"),
        AskedError,
        "Thu 1 Jan 2099 is in the future, and no injection of lesion A is to come from then on",
    ),
    "resumed in a mistyped year": (
        lambda c: (c.hold("2026-09-10"), c.resume("2028-09-18")),
        AskedError,
        "when the rest of the course is over",
    ),
    "a lesion added in a mistyped year": (
        lambda c: c.add_lesion(ELBOW, "2028-09-18"),
        AskedError,
        "behind Tue 1 Jun 2027, when the rest of the course is over",
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

"""What is to come of a series, whatever was recorded and in which order: cases that went wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.app.administration import (
    Circumstances,
    Measurement,
    corrected,
    evaluated,
    given_as_planned,
    missed,
    undone,
)
from planner.app.courses import Make
from planner.app.issued_pages import note_issued, stale_of
from planner.app.roles import Author
from planner.core.followup.events import Ended
from planner.core.followup.settling import unlawful
from planner.core.plan.course import Lesion
from planner.core.values.quantities import Dose
from planner.errors import InputError, NotConfirmedError, RefusedError
from planner.store.database import Database
from tests.courses import SOUND
from tests.registers import NOW, Followed, days_of, follow, moment, problems

OTHER = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'


@pytest.fixture
def course(register: Database, tmp_path: Path) -> Followed:
    return follow(register, tmp_path)


def lawful(course: Followed) -> bool:
    now = course.now
    return not [*unlawful(now.state, now.record.protocol)]


def numbered(course: Followed) -> list[tuple[int, str]]:
    return [(one.number, f"{one.start:%m-%d}") for one in course.visits if one.start]


@pytest.mark.hazard("lesion-given-twice")
def test_a_lesion_missed_and_released_on_one_day_is_injected_once(course: Followed) -> None:
    course.give(1)
    course.give(2)
    course.miss(3)
    course.hold("2026-09-21", "A")
    course.resume("2026-09-21", "A")
    course.give(3)
    given = [
        one.injection
        for visit in course.visits
        for one in visit.injections
        if one.given and one.given.at.date().isoformat() == "2026-09-21"
    ]
    assert given == [4]
    assert lawful(course)


@pytest.mark.hazard("series-out-of-order")
def test_what_is_to_come_follows_the_latest_injection_given(course: Followed) -> None:
    """The second was given four weeks late; then the first is recorded after all."""
    course.miss(1)
    course.give(2, "2026-10-06 09:30")
    assert days_of(course.visits, "injection")[2:] == ["2026-10-13 planned", "2026-10-20 planned"]
    course.give(1, "2026-09-10 10:00", confirm="the sheet was found")
    assert days_of(course.visits, "injection") == [
        "2026-09-10 done",
        "2026-10-06 done",
        "2026-10-13 planned",
        "2026-10-20 planned",
    ]
    assert lawful(course)


@pytest.mark.hazard("series-out-of-order")
def test_an_early_look_takes_no_injection_along_that_would_come_too_soon(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND.replace("[12.5, 57.5, 72.5, 87.5]", "60") + OTHER)
    course.give(1)
    course.hold("2026-09-08", "B")
    course.resume("2026-09-21", "B")
    for visit in (2, 3, 4):
        course.give(visit)
    found = Measurement(Decimal(40), at=moment("2026-10-02 09:30"))
    course.make(lambda now: evaluated(now, 5, "A", found))
    # B was given on Monday 28 September: Friday is four days later.
    assert [one for one in days_of(course.visits, "injection") if "planned" in one] == [
        "2026-10-05 planned"
    ]
    assert lawful(course)


@pytest.mark.hazard("series-out-of-order")
def test_a_move_that_what_was_given_has_passed_does_not_stand(course: Followed) -> None:
    course.give(1)
    course.move(3, "2026-09-22 10:00")
    course.give(2, "2026-09-23 09:00", confirm="came late")
    assert days_of(course.visits, "injection")[2:] == ["2026-09-30 planned", "2026-10-07 planned"]
    assert lawful(course)


@pytest.mark.hazard("series-out-of-order")
def test_an_injection_that_is_withdrawn_stands_again_where_it_was(course: Followed) -> None:
    before = days_of(course.visits)
    course.give(1)
    course.give(2, "2026-09-18 09:00")
    assert days_of(course.visits, "injection")[2] == "2026-09-25 planned"
    course.make(lambda now: corrected(now, 3, lambda _event: None))
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    assert days_of(course.visits) == before


@pytest.mark.hazard("series-out-of-order")
def test_a_withdrawn_move_does_not_come_back_with_another_withdrawal(course: Followed) -> None:
    course.move(3, "2026-09-22 10:00")
    course.give(1, "2026-09-11 09:00")
    course.make(lambda now: corrected(now, 2, lambda _event: None))
    course.make(lambda now: corrected(now, 3, lambda _event: None))
    assert days_of(course.visits)[2] == "2026-09-21 planned"


@pytest.mark.hazard("series-out-of-order")
def test_what_a_later_event_stands_on_is_not_withdrawn(course: Followed) -> None:
    course.give(1)
    course.hold("2026-09-10")
    course.resume("2026-09-21")
    course.give(2, "2026-09-21 09:00")
    with pytest.raises(RefusedError, match="is held since Thu 10 Sep 2026"):
        course.make(lambda now: corrected(now, 4, lambda _event: None))


def test_nobody_is_moved_who_was_not_spoken_of(register: Database, tmp_path: Path) -> None:
    """A missed visit of one lesion leaves the days of all others as they are."""
    course = follow(register, tmp_path, SOUND + OTHER)
    before = numbered(course)
    course.give(1)
    course.miss(2)
    assert numbered(course) == before
    course.evaluate(5, "30", at="2026-10-05 11:00")
    assert numbered(course) == before


@pytest.mark.hazard("series-out-of-order")
def test_a_move_never_brings_two_injections_to_one_day_or_out_of_order(course: Followed) -> None:
    for to in ("2026-09-14 09:00", "2026-09-11 09:00"):
        with pytest.raises(InputError, match="injection 2 of lesion A is on Mon 14 Sep 2026"):
            course.move(3, to)


@pytest.mark.hazard("lesion-given-twice")
def test_a_missed_injection_given_after_all_is_asked_for(course: Followed) -> None:
    course.give(1)
    course.miss(2)
    for noted in (Circumstances(), Circumstances(moment("2026-09-15 09:00"))):
        with pytest.raises(NotConfirmedError, match="counts as missed since Mon 14 Sep 2026"):
            course.make(lambda now, at=noted: given_as_planned(now, 2, at))  # type: ignore[misc]
    assert len(course.now.record.entries) == 3


@pytest.mark.hazard("series-out-of-order")
def test_an_earlier_injection_recorded_late_changes_no_later_day(course: Followed) -> None:
    course.give(2, confirm="the sheet of the first is missing")
    course.give(1, "2026-09-11 09:00", confirm="it was found")
    assert days_of(course.visits, "injection") == [
        "2026-09-11 done",
        "2026-09-14 done",
        "2026-09-21 planned",
        "2026-09-28 planned",
    ]


@pytest.mark.hazard("series-out-of-order")
def test_a_move_onto_the_day_of_an_injection_given_late_does_not_stand(course: Followed) -> None:
    course.give(1)
    course.move(3, "2026-09-16 10:00", confirm="travels")
    course.give(2, "2026-09-16 09:00")
    assert days_of(course.visits, "injection")[1:3] == ["2026-09-16 done", "2026-09-21 planned"]
    assert lawful(course)


def held_places(register: Database, tmp_path: Path) -> tuple[Followed, Followed]:
    """Two courses of a clinic with one room, one after the other on each of their days."""
    first = follow(register, tmp_path, SOUND + OTHER)
    text = SOUND.replace("K-1", "K-2").replace("P-1", "P-2").replace("09:00", "09:30")
    return first, follow(register, tmp_path, text)


@pytest.mark.hazard("double-booking")
def test_a_half_record_that_is_undone_leaves_the_visit_at_its_hour(
    register: Database, tmp_path: Path
) -> None:
    course, other = held_places(register, tmp_path)
    before = [one.start for one in course.visits]
    noted = Circumstances(moment("2026-09-07 09:40"))
    course.make(lambda now: given_as_planned(now, 1, noted, ["B"]))
    course.make(undone)
    assert [one.start for one in course.visits] == before
    assert f"{other.visits[0].start:%H:%M}" == "09:30"


def only(lesion: str, at: str) -> Make:
    noted = Circumstances(moment(at))
    return lambda now: given_as_planned(now, 1, noted, [lesion])


# What leaves nothing to be done at the visit of 10:00 of which B was given at 09:05, while another
# patient was in the room, and is withdrawn then.
OVER: dict[str, Make] = {
    "a miss": lambda now: missed(now, 1),
    "another record": only("A", "2026-09-07 09:10"),
    "an end": lambda _now: Ended("stopped", date(2026, 9, 7)),
}


def begun_early(register: Database, folder: Path, over: Make) -> tuple[Followed, Followed]:
    """A visit at 10:00 that is over, and another course, whose visits are at 09:00."""
    other = SOUND.replace("K-1", "K-2").replace("P-1", "P-2")
    course = follow(register, folder, (SOUND + OTHER).replace("09:00", "10:00"))
    beside = follow(register, folder, other)
    note_issued(register, course.now, "abcdabcd", {"plan.json": b"{}"}, Author("Nurse", NOW))
    course.make(only("B", "2026-09-07 09:05"))
    course.make(over, confirm="so it was")
    return course, beside


@pytest.mark.parametrize("over", OVER)
@pytest.mark.hazard("double-booking")
def test_what_comes_back_to_a_visit_has_the_time_that_it_had(
    register: Database, tmp_path: Path, over: str
) -> None:
    course, _ = begun_early(register, tmp_path, OVER[over])
    course.make(undone)
    visit = course.visits[0]
    assert (visit.state, f"{visit.start:%m-%d %H:%M}") == ("planned", "09-07 10:00")
    assert stale_of(course.now) == []
    assert problems(register) == []


@pytest.mark.parametrize("over", OVER)
@pytest.mark.hazard("double-booking")
def test_what_comes_back_to_a_visit_takes_no_place_that_was_given_away(
    register: Database, tmp_path: Path, over: str
) -> None:
    course, beside = begun_early(register, tmp_path, OVER[over])
    beside.move(1, "2026-09-07 10:00")
    course.make(undone)
    left = [
        visit
        for visit in course.visits
        for one in visit.injections
        if (one.lesion, one.injection) == ("A", 1)
    ]
    assert [f"{one.start:%m-%d %H:%M}" for one in left] == ["09-08 10:00"]
    assert "appointments" in [one.page for one in stale_of(course.now)]
    assert problems(register) == []
    assert lawful(course)


@pytest.mark.hazard("double-booking")
def test_a_course_that_runs_again_takes_no_place_that_was_given_away(
    register: Database, tmp_path: Path
) -> None:
    course, other = held_places(register, tmp_path)
    other.end("stopped", "2026-09-07")
    course.move(2, "2026-09-14 09:30")
    other.make(undone)
    starts = [f"{one.start:%m-%d %H:%M}" for one in other.visits]
    assert "09-14 09:30" not in starts
    assert starts[2] == "09-21 09:30"


@pytest.mark.hazard("series-out-of-order")
def test_a_move_takes_along_what_is_held_from_a_later_day_on(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path, SOUND + OTHER)
    course.hold("2026-09-23", "A")
    course.move(1, "2026-09-08 10:00")
    first = course.visits[0]
    assert [one.lesion for one in first.injections] == ["A", "B"]
    assert f"{first.start:%m-%d}" == "09-08"


@pytest.mark.hazard("double-booking")
def test_a_lesion_found_later_joins_no_visit_where_there_is_no_room(
    register: Database, tmp_path: Path
) -> None:
    course, other = held_places(register, tmp_path)
    other.give(1, "2026-09-07 09:00")
    more = Lesion(
        "D", "elbow", Decimal(9), True, "right", doses=(Dose(Fraction(20)),), same_dose=True
    )
    other.add_lesion(more, "2026-09-07")
    (first,) = [
        visit
        for visit in other.visits
        for one in visit.injections
        if (one.lesion, one.injection) == ("D", 1)
    ]
    assert first.start != course.visits[0].start


@pytest.mark.hazard("dead-patients-appointments")
def test_nothing_is_planned_for_who_died_in_another_course(
    register: Database, tmp_path: Path
) -> None:
    course = follow(register, tmp_path)
    text = SOUND.replace("K-1", "K-2").replace("09:00", "10:00")
    other = follow(register, tmp_path, text, confirm="other arm")
    other.end("died", "2026-09-10")
    with pytest.raises(RefusedError, match=r"the patient died on Thu 10 Sep 2026 \(course K-2\)"):
        course.move(2, "2026-09-15 09:00")
    with pytest.raises(NotConfirmedError, match="the patient died"):
        course.give(1, "2026-09-10 09:00")
    course.give(1)

"""What is plainly unlikely is asked before it is written: each limit from both sides of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.app.administration import (
    NOTHING_FELT,
    Amount,
    Circumstances,
    Felt,
    Measurement,
    PartlyMeasured,
    answered,
    confirmed,
    corrected,
    dose_changed,
    evaluated,
    given,
    given_as_planned,
    held,
    mended_evaluated,
    mended_given,
    missed,
    moved,
    resumed,
)
from planner.app.roles import Author
from planner.core.followup.events import Ended, Evaluated, Event, Given
from planner.core.plan.course import Confirmation
from planner.core.values.formatting import plain
from planner.errors import NotConfirmedError, Problem, RefusedError
from planner.store.database import Database
from planner.store.standing import Standing
from tests.courses import SOUND, course_text, lesion
from tests.courses import course as read
from tests.histories import PROTOCOL, begun, with_event
from tests.registers import Followed, day, follow, moment

SIXTY = course_text(lesion("A", dose_mg=60))
OPEN = course_text(lesion("A"))
TWO = course_text(lesion("A", dose_mg=60), lesion("B", site="hand", size_mm=20, dose_mg=30))
# When it is entered: noon of a day on which all but week 12 is past.
NOW = datetime(2026, 10, 20, 10, tzinfo=UTC)
ENTERED = moment("2026-10-20 12:00")
LATER = moment("2026-10-20 12:01")

Make = Callable[[Standing], Event]


def course(text: str = SIXTY) -> Standing:
    return begun(read(text, PROTOCOL))


def asked(now: Standing, event: Event) -> list[Problem]:
    """All that is asked before an event is written; nothing where it is written as it is."""
    try:
        with_event(now, event, Author("Dr A. Holm", NOW))
    except NotConfirmedError as error:
        return [Problem(one.place, plain(one.problem), one.fix) for one in error.problems]
    return []


def then(now: Standing, *makes: Make, confirm: str | None = None) -> Standing:
    for make in makes:
        now, _ = with_event(now, make(now), Author("Dr A. Holm", NOW, "as it was", confirm))
    return now


def give(visit: int, at: str | None = None, **noted: str) -> Make:
    when = None if at is None else moment(at)
    return lambda now: given_as_planned(now, visit, Circumstances(when, **noted))


def give_amount(visit: int, amount: Amount, name: str = "A") -> Make:
    return lambda now: given(now, visit, [(name, amount, NOTHING_FELT)], Circumstances())


def put_right(number: int, noted: Circumstances, amount: Amount | None = None) -> Make:
    def mend(now: Standing) -> Event:
        def mended(event: Event) -> Given:
            assert isinstance(event, Given)
            return mended_given(now, event, None, amount, noted)

        return corrected(now, number, mended)

    return mend


def mg(text: str) -> Amount:
    return Amount(mg=Decimal(text))


def ml(text: str) -> Amount:
    return Amount(ml=Decimal(text))


# Planned are 60 mg, drawn as 0.4 mL.
FAR = [
    (mg("90"), None),
    (mg("90.01"), "lesion A: 90.01 mg (0.6 mL) recorded, 60 mg (0.4 mL) planned"),
    (mg("30"), None),
    (mg("29.99"), "lesion A: 29.99 mg (0.2 mL) recorded, 60 mg (0.4 mL) planned"),
    (mg("600"), "lesion A: 600 mg (4 mL) recorded, 60 mg (0.4 mL) planned"),
    (ml("0.6"), None),
    (ml("0.61"), "lesion A: 91.5 mg (0.61 mL) recorded, 60 mg (0.4 mL) planned"),
    (ml("0.2"), None),
    (ml("0.19"), "lesion A: 28.5 mg (0.19 mL) recorded, 60 mg (0.4 mL) planned"),
    # Milligrams typed as millilitres.
    (ml("60"), "lesion A: 9000 mg (60 mL) recorded, 60 mg (0.4 mL) planned"),
]


@pytest.mark.parametrize(("amount", "said"), FAR)
@pytest.mark.hazard("mg-for-ml", "slip-of-the-point")
def test_more_than_half_off_the_plan_is_asked_for(amount: Amount, said: str | None) -> None:
    expected = [] if said is None else [Problem("", said, "is it a slip?")]
    now = course()
    assert asked(now, give_amount(1, amount)(now)) == expected
    # So it is where it is put right later.
    done = then(now, give(1))
    if amount != mg("60"):
        assert asked(done, put_right(2, Circumstances(), amount)(done)) == expected


@pytest.mark.hazard("mg-for-ml")
def test_a_volume_far_from_what_was_to_be_drawn_is_asked_for() -> None:
    # 12.5 mg are drawn as 0.08 mL: the dose may be as planned, and the volume not.
    now = course(course_text(lesion("A", dose_mg="12.5")))
    event = given_as_planned(now, 1, Circumstances())
    for volume, said in (
        ("0.12", []),
        ("0.13", ["lesion A: 12.5 mg (0.13 mL) recorded, 12.5 mg (0.08 mL) planned"]),
    ):
        one = event.injections[0]._replace(drawn_ml=Fraction(volume))
        assert [each.problem for each in asked(now, event._replace(injections=(one,)))] == said


# The source's cases of the weekly regimen were given from 12.5 to 275 mg, its knee up to 87.5 mg.
OF_REGIMEN = "cases of the weekly regimen were given 12.5 mg to 275 mg"
OF_SITE = "cases at its site or of its size were given at most 87.5 mg"
BEYOND = [
    (mg("12.5"), None),
    (mg("12.49"), f"12.49 mg recorded, none planned; {OF_REGIMEN}"),
    (mg("87.5"), None),
    (mg("87.51"), f"87.51 mg recorded, none planned; {OF_SITE}"),
    (mg("275"), f"275 mg recorded, none planned; {OF_SITE}"),
    (mg("275.01"), f"275.01 mg recorded, none planned; {OF_REGIMEN}"),
    (ml("0.58"), None),
    (ml("0.59"), f"88.5 mg recorded, none planned; {OF_SITE}"),
    (ml("12.5"), f"1875 mg recorded, none planned; {OF_REGIMEN}"),
]


@pytest.mark.parametrize(("amount", "said"), BEYOND)
@pytest.mark.hazard("mg-for-ml", "slip-of-the-point")
def test_a_dose_that_no_plan_and_no_case_has_is_asked_for(amount: Amount, said: str | None) -> None:
    now = course(OPEN)
    found = asked(now, give_amount(1, amount)(now))
    text = f"lesion A: {said}"
    assert [plain(one.problem) for one in found] == ([] if said is None else [text])


def test_a_protocol_that_names_no_doses_asks_for_none(register: Database, tmp_path: Path) -> None:
    course = follow(register, tmp_path, OPEN)
    now = course.now
    regimens = {
        name: one._replace(dose_mg=None) for name, one in now.record.protocol.regimens.items()
    }
    protocol = now.record.protocol._replace(regimens=regimens, cases=())
    now = Standing(now.record._replace(protocol=protocol), now.state)
    assert asked(now, give_amount(1, mg("900"))(now)) == []


SIZES = [
    # at the start; measured; whether it is asked for
    ("70", "140", False),
    ("70", "141", True),
    ("10", "20", False),
    ("10", "20.1", True),
    # Over twice as large, and still no more than 10 mm above it.
    ("4", "14", False),
    ("4", "14.1", True),
    ("9", "19", False),
    ("9", "19.1", True),
    # Over 10 mm above it, and no more than twice as large.
    ("30", "60", False),
    ("30", "60.1", True),
    ("70", "0", False),
    ("70", "700", True),
]


@pytest.mark.parametrize(("start", "size", "is_asked"), SIZES)
@pytest.mark.hazard("slip-of-the-point")
def test_a_lesion_that_grew_beyond_belief_is_asked_for(
    start: str, size: str, is_asked: bool
) -> None:
    now = course(course_text(lesion("A", size_mm=start, dose_mg=20)))
    last = max(now.state.visits) - 1
    event = evaluated(now, last, "A", Measurement(Decimal(size)))
    text = f"lesion A measures {size} mm, it was {start} mm at the start"
    expected = [Problem("size_mm", text, "is a point misplaced?")] if is_asked else []
    assert asked(now, event) == expected
    if size == "0":
        return
    seen = then(now, lambda one: evaluated(one, last, "A", Measurement(Decimal(0))))

    def mend(event: Event) -> Evaluated:
        assert isinstance(event, Evaluated)
        return mended_evaluated(seen, event, None, PartlyMeasured(Decimal(size)))

    assert asked(seen, corrected(seen, 2, mend)) == expected


# The first injection is on 7 September: week 4 is 5 October, week 12 is 30 November.
LOOKS = [
    (5, "2026-09-07 10:00", True),
    (5, "2026-09-20 10:00", True),
    (5, "2026-09-21 10:00", False),
    (5, "2026-10-05 10:00", False),
    (5, "2026-11-02 10:00", False),
    (5, "2026-11-03 10:00", True),
    (6, "2026-10-05 10:00", True),
    (6, "2026-11-01 10:00", True),
    (6, "2026-11-02 10:00", False),
    (6, "2027-02-01 10:00", False),
]


@pytest.mark.parametrize(("visit", "at", "is_asked"), LOOKS)
def test_a_look_on_a_day_that_is_nearer_to_another_one_is_asked_for(
    visit: int, at: str, is_asked: bool
) -> None:
    now = then(course(), give(1, "2026-09-07 09:00"))
    found = asked(now, evaluated(now, visit, "A", Measurement(Decimal(60), at=moment(at))))
    assert any("is it this look?" in one.fix for one in found) == is_asked


@pytest.mark.hazard("allergy")
def test_an_injection_that_a_physician_has_not_decided_on_is_asked_for() -> None:
    """An allergy was told, and it was given all the same: it is a fact, but not unasked."""
    now = then(course(), give(1, "2026-09-07 09:00"))
    assert asked(now, give(2, "2026-09-14 09:00")(now)) == []
    nurse = Author("Nurse B", NOW, "told", "hives", role="nurse")
    now, _ = with_event(now, answered(now, "sulfite-allergy", True), nurse)
    (found,) = asked(now, give(2, "2026-09-14 09:00")(now))
    assert found.problem.startswith("a physician has not decided yet: stated for")
    (one,) = [one for one in now.state.findings if one.code == "sulfite-allergy"]
    word = Confirmation(one.code, one.value, "Dr A. Holm", "given before, without harm")
    now = then(now, lambda there: confirmed(there, word, None))
    assert asked(now, give(2, "2026-09-14 09:00")(now)) == []


ENDINGS = [
    # how, what came before, what is said
    ("completed", [], "4 injections of lesion A not given yet"),
    ("completed", [give(1), give(2), give(3)], "1 injection of lesion A not given yet"),
    ("completed", [give(1), give(2), give(3), give(4)], None),
    # One that was missed is not to come.
    ("completed", [give(1), give(2), give(3), lambda now: missed(now, 4)], None),
    # Those of a held lesion wait: they are to come as well.
    (
        "completed",
        [give(1), give(2), lambda now: held(now, None, day("2026-09-15"))],
        "2 injections of lesion A not given yet",
    ),
    *((how, [], None) for how in ("stopped", "lost", "died")),
    ("stopped", [give(1), lambda now: held(now, None, day("2026-09-10"))], None),
]


@pytest.mark.parametrize(("how", "before", "said"), ENDINGS)
@pytest.mark.hazard("lost-event")
def test_a_course_with_injections_to_come_is_not_completed_unasked(
    how: str, before: Sequence[Make], said: str | None
) -> None:
    now = then(course(), *before)
    found = asked(now, Ended(how, ENTERED.date()))  # type: ignore[arg-type]
    text = f"{said}; completed would cancel them"
    assert found == ([] if said is None else [Problem("as", text, "is it stopped?")])


def test_every_lesion_that_is_left_is_named_at_the_end() -> None:
    now = then(course(TWO), lambda now: held(now, "B", day("2026-09-07")))
    (found,) = asked(now, Ended("completed", ENTERED.date()))
    assert found.problem.startswith("8 injections of lesion A, B not given yet")


EXPIRIES = [
    # the vial's expiry, when it was given; whether it is asked for
    ("2026-09", "2026-09-30 15:00", False),
    ("2026-09", "2026-10-01 08:00", True),
    ("2026-09-14", "2026-09-14 15:00", False),
    ("2026-09-13", "2026-09-14 08:00", True),
    ("2025-12", "2026-09-07 09:00", True),
    ("2027-03", "2026-09-07 09:00", False),
]


@pytest.mark.parametrize(("expiry", "at", "is_asked"), EXPIRIES)
def test_a_vial_past_its_expiry_is_asked_for(expiry: str, at: str, is_asked: bool) -> None:
    now = course()
    text = f"the vial expired {expiry}, before"

    def said(event: Event, now: Standing) -> bool:
        return any(
            one.place == "expiry" and one.problem.startswith(text) for one in asked(now, event)
        )

    assert said(give(1, at, expiry=expiry)(now), now) == is_asked
    # The expiry put right alone, and the day put right beside an expiry that stays.
    done = then(now, give(1, at), confirm="late")
    assert said(put_right(2, Circumstances(expiry=expiry))(done), done) == is_asked
    done = then(now, give(1, "2026-09-01 09:00", expiry=expiry), confirm="early")
    assert said(put_right(2, Circumstances(moment(at)))(done), done) == is_asked


def test_what_is_still_to_come_was_not_done() -> None:
    now = course()
    seen = then(now, give(1), lambda now: evaluated(now, 5, "A", Measurement(Decimal(60))))

    def see(now: Standing, at: datetime) -> Event:
        return evaluated(now, 5, "A", Measurement(Decimal(60), at=at))

    def see_at(at: datetime) -> Event:
        def mend(event: Event) -> Evaluated:
            assert isinstance(event, Evaluated)
            return mended_evaluated(seen, event, None, PartlyMeasured(at=at))

        return corrected(seen, 3, mend)

    def is_asked(now: Standing, event: Event) -> bool:
        return any("in the future" in one.problem for one in asked(now, event))

    for at, said in ((ENTERED, False), (LATER, True)):
        assert is_asked(now, see(now, at)) == said
        assert is_asked(now, give(1, f"{at:%Y-%m-%d %H:%M}")(now)) == said
        assert is_asked(seen, put_right(2, Circumstances(at))(seen)) == said
        assert is_asked(seen, see_at(at)) == said
    assert is_asked(now, missed(now, 6))
    assert not is_asked(now, missed(now, 5))
    assert is_asked(now, Ended("stopped", day("2026-10-21")))
    assert not is_asked(now, Ended("stopped", day("2026-10-20")))


@pytest.mark.hazard("double-dose")
def test_what_was_missed_and_given_after_all_is_asked_for() -> None:
    now = then(course(), give(1), lambda now: missed(now, 2))
    text = "injection 2 of lesion A counts as missed since Mon 14 Sep 2026"
    assert asked(now, give(2)(now)) == [Problem("", text, "was it given after all?")]
    # Moved, it is to come again, and nothing is asked.
    again = then(now, lambda now: moved(now, 2, moment("2026-09-15 09:00")))
    assert asked(again, give(2)(again)) == []
    done = then(now, give(2), confirm="the sheet was found")
    assert done.record.entries[-1].reason == "as it was; the sheet was found"
    assert [one.number for one in done.state.given] == [1, 2]


def twice() -> Standing:
    """A visit that was missed and holds what is to come of the same lesion beside it."""
    return then(
        course(TWO),
        give(1),
        give(2),
        lambda now: missed(now, 3),
        lambda now: held(now, "A", day("2026-09-21")),
        lambda now: resumed(now, "A", day("2026-09-21")),
    )


@pytest.mark.hazard("double-dose")
def test_as_planned_gives_each_lesion_once() -> None:
    now = twice()
    number = next(
        number
        for number, visit in now.state.visits.items()
        if [one.lesion for one in visit.injections].count("A") > 1
    )
    event = given_as_planned(now, number, Circumstances())
    assert [(one.lesion, one.injection) for one in event.injections] == [("A", 4)]
    named = given_as_planned(now, number, Circumstances(), felt={"A": Felt(), "B": Felt()})
    # What was missed of another lesion is recorded where it is named, and asked for.
    assert [(one.lesion, one.injection) for one in named.injections] == [("A", 4), ("B", 3)]
    assert [one.problem.partition(" counts")[0] for one in asked(now, named)] == [
        "injection 3 of lesion B"
    ]
    # By its own dose it is the one to come as well.
    by_dose = give_amount(number, mg("60"))(now)
    assert isinstance(by_dose, Given)
    assert [one.injection for one in by_dose.injections] == [4]


@pytest.mark.hazard("lost-event")
def test_no_lesion_that_is_named_is_left_out_of_a_record() -> None:
    now = then(course(TWO), lambda now: given_as_planned(now, 1, Circumstances(), ["A"]))
    felt = {"A": Felt(pain_before=Decimal(3)), "B": Felt()}
    with pytest.raises(RefusedError, match="what A got at visit 1 is recorded already"):
        given_as_planned(now, 1, Circumstances(), felt=felt)
    (left,) = given_as_planned(now, 1, Circumstances()).injections
    assert left.lesion == "B"


@pytest.mark.hazard("double-dose")
def test_a_changed_dose_reaches_what_was_missed_beside_what_was_done() -> None:
    now = then(
        course(TWO),
        give(1),
        lambda now: given_as_planned(now, 2, Circumstances(), ["A"]),
        lambda now: missed(now, 2),
        lambda now: dose_changed(now, "B", Decimal(40), None),
    )
    (one,) = given_as_planned(now, 2, Circumstances()).injections
    assert (one.lesion, one.dose_mg) == ("B", 40)
    was = next(each for each in now.state.visits[2].injections if each.lesion == "A")
    assert was.dose_mg == 60


def test_a_record_is_put_right_whatever_came_after_it() -> None:
    # The patient came two days early; the second visit was moved to the day of the first.
    now = then(course(), give(1, "2026-09-05 09:00"))
    now = then(now, lambda now: moved(now, 2, moment("2026-09-10 09:00")), confirm="travels")
    assert asked(now, put_right(2, Circumstances(lot="7A"))(now)) == []
    now = then(now, put_right(2, Circumstances(lot="7A")))
    assert now.state.visits[2].start == moment("2026-09-10 09:00+02:00")


def test_a_distance_that_was_confirmed_is_not_asked_for_again_by_a_lot() -> None:
    now = then(course(), give(1), give(2))
    now = then(now, give(3, "2026-09-17 09:00"), confirm="it was so")
    assert asked(now, put_right(4, Circumstances(lot="7A"))(now)) == []
    (found,) = asked(now, put_right(4, Circumstances(moment("2026-09-16 09:00")))(now))
    assert "2 days apart" in found.problem


ALL = [
    "the vial expired 2026-06, before Tue 15 Jun 2027",
    "Tue 15 Jun 2027 09:00 is in the future",
    "injection 1 of lesion A is still open; it would count as missed",
    "lesion A: 600 mg (4 mL) recorded, 57.5 mg (0.38 mL) planned",
]


@pytest.fixture
def followed(register: Database, tmp_path: Path) -> Followed:
    return follow(register, tmp_path, SOUND)


@pytest.mark.hazard("slip-of-the-point", "stale-confirmation")
def test_all_that_is_asked_is_listed_at_once_and_nothing_is_written(followed: Followed) -> None:
    noted = Circumstances(moment("2027-06-15 09:00"), expiry="2026-06")

    def make(now: Standing) -> Event:
        return given(now, 2, [("A", mg("600"), NOTHING_FELT)], noted)

    before = followed.now
    with pytest.raises(NotConfirmedError) as caught:
        followed.make(make)
    assert {plain(one.problem) for one in caught.value.problems} == set(ALL)
    assert followed.now.record == before.record
    done = followed.make(make, confirm="read twice")
    assert len(done.entries) == 1
    assert followed.now.record.entries[-1].reason == "as it was; read twice"
    assert len(followed.now.record.entries) == len(before.record.entries) + 1


@pytest.mark.hazard("slip-of-the-point", "stale-confirmation")
def test_of_several_events_all_questions_are_listed_before_any_is_written(
    followed: Followed,
) -> None:
    makes: list[Make] = [
        lambda now: evaluated(now, 5, "A", Measurement(Decimal(700))),
        lambda now: given_as_planned(now, 1, Circumstances()),
        lambda now: given(now, 2, [("A", mg("575"), NOTHING_FELT)], Circumstances()),
    ]
    before = followed.now
    with pytest.raises(NotConfirmedError) as caught:
        followed.make(*makes)
    assert [plain(one.problem) for one in caught.value.problems] == [
        "lesion A measures 700 mm, it was 70 mm at the start",
        "lesion A: 575 mg (3.8 mL) recorded, 57.5 mg (0.38 mL) planned",
    ]
    assert followed.now.record == before.record
    done = followed.make(*makes, confirm="read twice")
    # The word stands with what it answers alone.
    assert [one.reason for one in done.entries] == [
        "as it was; read twice",
        "as it was",
        "as it was; read twice",
    ]


def test_a_day_put_right_is_compared_with_the_course_without_the_slip() -> None:
    # The wrong day is no beginning of the course for the right one.
    now = then(course(), give(1, "2026-09-01 09:00"), confirm="so it was")
    (found,) = asked(now, put_right(2, Circumstances(moment("2026-09-02 09:00")))(now))
    assert found.problem == "Wed 2 Sep 2026 is before the course began on Mon 7 Sep 2026"
    assert asked(now, put_right(2, Circumstances(moment("2026-09-05 09:00")))(now)) == []

"""What is asked before something is recorded: it may be a slip, and is recorded as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from planner.app.administration import missed
from planner.app.asked import AskedError
from planner.app.roles import Author
from planner.core.followup.events import DoseChanged, Ended, Event
from planner.core.followup.unlikely_records import Question, questions
from planner.core.values.formatting import plain
from planner.store.standing import Standing
from tests.histories import PROTOCOL, after, begun, evaluate, give, with_event

TODAY = datetime(2026, 10, 20, 12)
# The same moment as the register's clock has it.
NOW = datetime(2026, 10, 20, 10, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


def standing(*given: tuple[int, str]) -> Standing:
    """A course whose visits were given so: its number, the time."""
    now = begun()
    for visit, at in given:
        now = after(now, give(visit, datetime.fromisoformat(at), "A")(now))
    return now


def asked(now: Standing, event: Event, today: datetime = TODAY) -> list[Question]:
    found = questions(now.state, event, PROTOCOL, today)
    return [one._replace(message=plain(one.message)) for one in found]


def asked_in_all(now: Standing, event: Event) -> list[str]:
    """All that is asked before an event is written, of the record itself and of its series."""
    try:
        with_event(now, event, Author("Dr A. Holm", NOW))
    except AskedError as error:
        return [plain(one.message) for one in error.asked]
    return []


def test_what_is_done_now_is_not_in_the_future() -> None:
    now = begun()
    for make in (give(1, None, None), evaluate(5, "A", 20, None)):
        event = make(now)
        assert asked(now, event, event.at) == []  # type: ignore[union-attr]
        (said,) = asked(now, event, event.at - A_MINUTE)  # type: ignore[union-attr]
        assert said.message.endswith("09:00 is in the future")
        assert said.fix == "when was it?"
    event = missed(now, 2)
    assert asked(now, event, event.at) == []
    assert asked(now, event, event.at - A_MINUTE) == [
        Question(
            "missed-in-future",
            "",
            "Mon 14 Sep 2026 09:00 is in the future; nothing is missed yet",
            "move it, or wait",
        )
    ]


def test_what_came_early_can_miss_a_part() -> None:
    """B is not treated at 08:50, at a visit that was to be at 09:00: nobody has to wait for it."""
    now = begun()
    event = missed(now, 1)
    early = event.at - 10 * A_MINUTE
    for at, is_asked in ((early, False), (early - timedelta(days=1), True)):
        came = after(now, give(1, at, "A")(now))
        left = event._replace(visit=event.visit[1:])
        assert [one.code for one in asked(came, left, early)] == ["missed-in-future"] * is_asked


EARLY = [
    # when the first injection was given; what is said (two days are the window of its visit)
    ("2026-09-05 09:00", []),
    ("2026-09-04 09:00", ["Fri 4 Sep 2026 is before the course began on Mon 7 Sep 2026"]),
]


@pytest.mark.parametrize(("at", "said"), EARLY)
def test_an_injection_before_the_first_day_is_asked_for(at: str, said: list[str]) -> None:
    now = begun()
    found = asked(now, give(1, datetime.fromisoformat(at), None)(now))
    assert found == [Question("before-course", "", text, "correct the time") for text in said]


def test_a_course_does_not_end_tomorrow() -> None:
    assert asked(begun(), Ended("stopped", TODAY.date())) == []
    assert asked(begun(), Ended("died", date(2026, 10, 21))) == [
        Question("end-in-future", "on", "Wed 21 Oct 2026 is in the future", "correct the day")
    ]


JUMPS = [
    # given (the plan has 12.5, 57.5, 72.5, 87.5 mg), the new dose; what is said
    ([(1, "2026-09-07 09:00")], "62.49", None),
    ([(1, "2026-09-07 09:00")], "62.5", "12.5 mg were given last, this is 62.5 mg"),
    ([(1, "2026-09-07 09:00")], "2.51", None),
    ([(1, "2026-09-07 09:00")], "2.5", "12.5 mg were given last, this is 2.5 mg"),
    ([(1, "2026-09-07 09:00"), (2, "2026-09-14 09:00")], "62.5", None),
    ([(1, "2026-09-07 09:00"), (2, "2026-09-14 09:00")], "11.5",
     "57.5 mg were given last, this is 11.5 mg"),
    # written down in another order than it was given: the second was given last
    ([(2, "2026-09-21 09:00"), (1, "2026-09-14 09:00")], "62.5", None),
    # the second was given on an earlier day than the first: the first was given last
    ([(2, "2026-09-08 09:00"), (1, "2026-09-14 09:00")], "62.5",
     "12.5 mg were given last, this is 62.5 mg"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "dose", "said"), JUMPS)
@pytest.mark.hazard("slip-of-the-point")
def test_a_dose_far_from_what_was_given_last_is_asked_for(
    given: Sequence[tuple[int, str]], dose: str, said: str | None
) -> None:
    found = asked(standing(*given), DoseChanged("A", Fraction(dose), 3))
    expected = (
        []
        if said is None
        else [Question("dose-far-from-last", "mg", said, "is a point misplaced?")]
    )
    assert found == expected


UNBEGUN = [
    # before anything was given: from which injection, the new dose; what is said
    (1, "62.49", None),
    (1, "62.5", "12.5 mg are planned, this is 62.5 mg"),
    (1, "2.5", "12.5 mg are planned, this is 2.5 mg"),
    (3, "72.4", None),
    (3, "362.5", "72.5 mg are planned, this is 362.5 mg"),
]


@pytest.mark.parametrize(("first", "dose", "said"), UNBEGUN)
@pytest.mark.hazard("slip-of-the-point")
def test_a_dose_far_from_the_planned_one_is_asked_for(
    first: int, dose: str, said: str | None
) -> None:
    found = asked(standing(), DoseChanged("A", Fraction(dose), first))
    told = [] if said is None else [said]
    assert found == [
        Question("dose-far-from-plan", "mg", one, "is a point misplaced?") for one in told
    ]


NEAR = "lesion A was injected on {}, {} apart; the shortest interval is 5 days"
ORDERS = [
    # given, then the visit and its time; what is said
    ([(1, "2026-09-07 09:00")], (2, "2026-09-12 09:00"), []),
    ([(2, "2026-09-14 09:00")], (3, "2026-09-19 09:00"), []),
    ([(2, "2026-09-14 09:00")], (3, "2026-09-18 09:00"), [
        NEAR.format("Mon 14 Sep 2026", "4 days"),
    ]),
    ([(1, "2026-09-14 09:00")], (2, "2026-09-14 12:00"), [
        NEAR.format("Mon 14 Sep 2026", "0 days"),
    ]),
    ([(1, "2026-09-14 09:00")], (2, "2026-09-13 09:00"), [
        "injection 2 of lesion A on Sun 13 Sep 2026 is before injection 1, Mon 14 Sep 2026",
    ]),
    ([(2, "2026-09-14 09:00")], (1, "2026-09-21 09:00"), [
        "injection 1 of lesion A counts as missed since Mon 7 Sep 2026",
        "injection 2 of lesion A on Mon 14 Sep 2026 is before injection 1, Mon 21 Sep 2026",
    ]),
    ([(2, "2026-09-14 09:00")], (1, "2026-09-10 09:00"), [
        "injection 1 of lesion A counts as missed since Mon 7 Sep 2026",
        NEAR.format("Thu 10 Sep 2026", "4 days"),
    ]),
    ([], (2, "2026-09-14 09:00"), [
        "injection 1 of lesion A is still open; it would count as missed",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "then", "said"), ORDERS)
@pytest.mark.hazard("double-dose", "too-close")
def test_an_injection_out_of_its_order_or_too_near_is_asked_for(
    given: Sequence[tuple[int, str]], then: tuple[int, str], said: list[str]
) -> None:
    now = standing(*given)
    visit, at = then
    event = give(visit, datetime.fromisoformat(at), "A")(now)
    assert asked_in_all(now, event) == said
    # One word answers what was listed, and it is recorded as it was.
    after_it, entry = with_event(now, event, Author("Dr A. Holm", NOW, None, "it was so"))
    assert entry.reason == ("it was so" if said else None)
    assert len(after_it.state.given) == len(now.state.given) + 1

"""When to come: due days, windows, open days, the physician's moves."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.core.calendar.availability import Opening, Stay
from planner.core.calendar.clinic import Clinic, Closure, OpeningHours
from planner.core.calendar.occupancy import Occupancy
from planner.core.plan.course import Lesion
from planner.core.plan.plan import Plan
from planner.core.plan.planning import lesion_problems, own_uids, plan_course
from planner.core.protocol.protocol import Evaluation, Protocol
from planner.errors import InputError, Problem
from planner.files.clinic import clinic_from
from planner.files.reading import parse_toml
from tests.conftest import Run
from tests.courses import codes, confirmation, course, course_text, lesion

SPAN = OpeningHours(datetime(2026, 1, 1, 8).time(), datetime(2026, 1, 1, 16).time())
COPENHAGEN = 'timezone = "Europe/Copenhagen"\ncountry = "DK"\n'
NEW_YORK = 'timezone = "America/New_York"\ncountry = "US"\n'


def plan_at(clinic_text: str, protocol: Protocol, *tables: str, first_visit: str) -> Plan:
    clinic = clinic_from(parse_toml(clinic_text.encode()), range(2026, 2029))
    text = course_text(*tables, first_visit=first_visit)
    return plan_course(course(text, protocol, clinic.timezone), protocol, clinic)


def starts(plan: Plan) -> list[str]:
    return [f"{one.start:%Y-%m-%d %H:%M}" if one.start else "none" for one in plan.visits]


def reasons(plan: Plan) -> dict[int, str]:
    return {one.number: one.moved_because for one in plan.visits if one.moved_because}


WEEKLY = lesion(dose_mg=50)


@pytest.mark.hazard("weekly-as-4-weekly")
def test_a_weekly_course_is_due_every_seven_days(sts_150: Protocol, clinic: Clinic) -> None:
    plan = plan_course(course(course_text(WEEKLY), sts_150), sts_150, clinic)
    assert starts(plan) == [
        "2026-09-07 09:00", "2026-09-14 09:00", "2026-09-21 09:00", "2026-09-28 09:00",
        "2026-10-05 09:00", "2026-11-30 09:00",
    ]  # fmt: skip
    assert [visit.purposes for visit in plan.visits] == [("injection",)] * 4 + [("evaluation",)] * 2
    assert reasons(plan) == {}


@pytest.mark.hazard("unknown-holidays")
def test_three_weeks_before_easter_in_copenhagen(sts_150: Protocol) -> None:
    plan = plan_at(COPENHAGEN, sts_150, WEEKLY, first_visit="2026-03-16 09:00")
    assert starts(plan)[:4] == [
        "2026-03-16 09:00", "2026-03-23 09:00", "2026-03-30 09:00", "2026-04-07 09:00",
    ]  # fmt: skip
    assert reasons(plan) == {4: "public holiday (Easter Monday)"}
    thursday = plan_at(COPENHAGEN, sts_150, WEEKLY, first_visit="2026-03-12 09:00")
    # Maundy Thursday, Good Friday and the weekend: only the two days before are open.
    assert starts(thursday)[3] == "2026-04-01 09:00"
    assert "Maundy Thursday" in reasons(thursday)[4]


def test_over_christmas_in_copenhagen(sts_150: Protocol) -> None:
    text = COPENHAGEN + 'closed = ["2026-12-24/2026-12-31"]\n'
    # Friday 25 December is closed, so are 24 and the weekend: Wednesday 23 is in the window.
    plan = plan_at(text, sts_150, WEEKLY, first_visit="2026-12-11 09:00")
    assert starts(plan)[2] == "2026-12-23 09:00"
    assert "Christmas Day" in reasons(plan)[3]
    # Friday 1 January too: after the 23rd nothing is open before Monday 4 January, out of reach.
    assert starts(plan)[3] == "none"
    assert codes(plan, "error") == {"no-open-day"}
    assert [f"{one:%Y-%m-%d %H:%M}" for one in plan.visits[3].choices] == [
        "2027-01-04 09:00", "2027-01-05 09:00",
    ]  # fmt: skip


@pytest.mark.hazard("clock-change")
def test_over_the_autumn_clock_change_in_new_york(sts_150: Protocol) -> None:
    plan = plan_at(NEW_YORK, sts_150, WEEKLY, first_visit="2026-10-19 14:00")
    assert starts(plan) == [
        "2026-10-19 14:00", "2026-10-26 14:00", "2026-11-02 14:00", "2026-11-09 14:00",
        "2026-11-16 14:00", "2027-01-11 14:00",
    ]  # fmt: skip
    assert [str(one.start)[-6:] for one in plan.visits[:4]] == ["-04:00"] * 2 + ["-05:00"] * 2
    plan = plan_at(NEW_YORK, sts_150, WEEKLY, first_visit="2026-10-29 14:00")
    assert starts(plan)[4] == "2026-11-27 14:00"
    assert reasons(plan) == {5: "public holiday (Thanksgiving Day)"}


def test_a_closure_of_two_weeks_offers_days_to_choose_from(sts_150: Protocol) -> None:
    text = COPENHAGEN + 'closed = ["2026-07-13/2026-07-24"]\n'
    plan = plan_at(text, sts_150, WEEKLY, first_visit="2026-07-06 09:00")
    assert starts(plan)[:4] == ["2026-07-06 09:00", "none", "none", "2026-07-27 09:00"]
    assert "the clinic is closed that day" in reasons(plan)[2]
    assert [f"{one:%m-%d}" for one in plan.visits[1].choices] == ["07-28", "07-29"]
    # Injection 3 follows injection 2, which has to be chosen first.
    assert plan.visits[2].choices == ()


OFFERED = [
    # closed days of a clinic open all week, the visit without a day, what it is offered
    (["09-12/09-16"], 2, ["09-17", "09-18"]),
    # The visit after it is on Monday 21 and not counted against it: it follows from the new day.
    (["09-12/09-20"], 2, ["09-22", "09-23"]),
    # Wednesday 16 is free and in the window, and four days before Sunday 20, which costs less.
    (["09-12/09-15", "09-19", "09-21/09-23"], 2, ["09-17", "09-18"]),
    # Thursday 17 is five days after Saturday 12.
    (["09-13/09-16", "09-18/09-23"], 3, ["09-17", "09-24", "09-25"]),
    (["09-13/09-17", "09-19/09-23"], 3, ["09-18", "09-24", "09-25"]),
    (["09-12/09-13", "09-15/09-18", "09-19/09-23"], 3, ["09-24", "09-25"]),
]


@pytest.mark.parametrize(("closed", "number", "offered"), OFFERED)
def test_a_visit_without_a_day_is_offered_days_outside_its_window(
    sts_150: Protocol, clinic: Clinic, closed: list[str], number: int, offered: list[str]
) -> None:
    always = open_all_week(clinic, *closed)
    plan = plan_course(course(course_text(WEEKLY), sts_150), sts_150, always)
    assert [visit.number for visit in plan.visits if visit.start is None] == [number]
    assert [f"{one:%m-%d}" for one in plan.visits[number - 1].choices] == offered


def test_the_moves_that_are_offered_are_taken(planner: Run, tmp_path: Path) -> None:
    from tests.courses import write

    write(tmp_path, COPENHAGEN + 'closed = ["2026-07-13/2026-07-17"]\n', "clinic.toml")
    text = course_text(WEEKLY, first_visit="2026-07-06 09:00")
    done = planner("plan", write(tmp_path, text), "--clinic", "clinic.toml")
    assert done.returncode == 12
    block = done.stderr[done.stderr.index("[[move]]") :].split("\n\n")[0]
    done = planner("plan", write(tmp_path, text + block), "--clinic", "clinic.toml")
    assert done.returncode == 12
    assert "no-open-day" not in done.stderr
    assert 'finding = "move-outside-window"' in done.stderr


TOTALS = [
    # closed days; the shifts of visits 2, 3 and 4
    (["2026-09-21"], [0, 1, 0]),  # a tie of one day goes to the later
    (["2026-09-21", "2026-09-22"], [0, 2, 0]),  # Wednesday; the weekend before is closed
    (["2026-09-14/2026-09-15"], [2, 0, 0]),  # Wednesday 16: five days before Monday 21
    (["2026-09-14/2026-09-16"], [None, 0, 0]),
    (["2026-09-14/2026-09-15", "2026-09-21"], [2, 1, 0]),
]


@pytest.mark.parametrize(("closed", "shifts"), TOTALS)
def test_the_series_is_laid_out_with_the_least_total_shift(
    sts_150: Protocol, closed: list[str], shifts: list[int | None]
) -> None:
    days = ", ".join(f'"{day}"' for day in closed)
    text = f'timezone = "Europe/Copenhagen"\nclosed = [{days}]\n'
    plan = plan_at(text, sts_150, WEEKLY, first_visit="2026-09-07 09:00")
    found = [(one.start.date() - one.due).days if one.start else None for one in plan.visits[1:4]]
    assert found == shifts


def test_of_two_series_of_one_shift_the_one_that_moves_fewer_visits(
    sts_150: Protocol, clinic: Clinic
) -> None:
    """An evaluation is due the day after the last injection, which cannot be on its own day."""
    protocol = sts_150._replace(evaluations=(Evaluation(22, 3),))
    shut = open_all_week(clinic, "09-27/09-28")
    plan = plan_course(course(course_text(WEEKLY), protocol), protocol, shut)
    # Not Tuesday 29 and Wednesday 30: that moves both by a day, and is later.
    assert starts(plan)[3:] == ["2026-09-26 09:00", "2026-09-29 09:00"]


@pytest.mark.hazard("too-close")
def test_neighbours_make_room_for_the_shortest_interval(sts_150: Protocol) -> None:
    """Open on Saturdays and Wednesdays alone around the due days, one shift forces another."""
    text = 'timezone = "UTC"\nclosed = ["2026-09-12/2026-09-15", "2026-09-21"]\n'
    plan = plan_at(text, sts_150, WEEKLY, first_visit="2026-09-07 09:00")
    # Visit 2 only on Wednesday 16: visit 3 may not be before Monday 21 (closed), so Tuesday 22.
    assert starts(plan)[1:4] == ["2026-09-16 09:00", "2026-09-22 09:00", "2026-09-28 09:00"]


def test_on_its_day_a_visit_takes_the_nearest_quarter_a_tie_to_the_later(
    sts_150: Protocol, clinic: Clinic
) -> None:
    morning = OpeningHours(SPAN.start, datetime(2026, 1, 1, 9, 15).time())
    noon = OpeningHours(datetime(2026, 1, 1, 9, 45).time(), SPAN.end)
    opening = ((SPAN,), (SPAN,), (SPAN,), (morning, noon), (SPAN,), (), ())
    text = course_text(WEEKLY, first_visit="2026-09-07 09:15")
    plan = plan_course(course(text, sts_150), sts_150, clinic._replace(opening=opening))
    assert starts(plan)[1] == "2026-09-14 09:15"
    thursday = course_text(WEEKLY, first_visit="2026-09-07 09:15") + (
        '[[move]]\nfrom = 2026-09-14\nto = "2026-09-17 10:00"\n'
    )
    plan = plan_course(course(thursday, sts_150), sts_150, clinic._replace(opening=opening))
    # Later ones follow weekly on Thursdays: 09:15 is shut, 08:45 and 09:45 are as near.
    assert starts(plan)[2:4] == ["2026-09-24 09:45", "2026-10-01 09:45"]
    assert "outside the opening hours" in reasons(plan)[3]


@pytest.mark.hazard("measured-after-injection")
def test_evaluation_and_injection_of_one_day_are_one_visit(
    sts_150: Protocol, clinic: Clinic
) -> None:
    """A course of five weekly injections: the fifth is due on the day of the first evaluation."""
    regimen = sts_150.regimens["weekly"]._replace(injections=5)
    protocol = sts_150._replace(regimens={**sts_150.regimens, "weekly": regimen})
    plan = plan_course(course(course_text(WEEKLY), protocol), protocol, clinic)
    both = plan.visits[4]
    assert both.purposes == ("evaluation", "injection")
    assert both.start is not None
    assert both.end is not None
    assert (both.end - both.start).seconds == 50 * 60


def test_singles_share_the_visits_of_weeklies(sts_150: Protocol, clinic: Clinic) -> None:
    single = lesion("B", size_mm=3, site="fingertip", ulcerated=False, dose_mg=12.5)
    plan = plan_course(course(course_text(WEEKLY, single), sts_150), sts_150, clinic)
    assert len(plan.visits) == 6
    assert [len(visit.injections) for visit in plan.visits] == [2, 1, 1, 1, 0, 0]
    assert [len(visit.evaluations) for visit in plan.visits] == [0, 0, 0, 0, 2, 2]


def moved(sts_150: Protocol, clinic: Clinic, *moves: tuple[str, str], more: str = "") -> Plan:
    blocks = "".join(f'[[move]]\nfrom = {due}\nto = "{to}"\n' for due, to in moves)
    return plan_course(course(course_text(WEEKLY, blocks, more), sts_150), sts_150, clinic)


MOVES = [
    # moves; the starts of visits 2, 3, 4, 5 (MM-DD HH); codes to confirm
    ([("2026-09-14", "2026-09-16 10:00")], ["09-16 10", "09-21 09", "09-28 09", "10-05 09"], set()),
    ([("2026-09-14", "2026-09-17 10:00")], ["09-17 10", "09-24 09", "10-01 09", "10-05 09"],
     {"move-outside-window"}),
    # read after the move before it: what was due on 21 is now due on 24
    ([("2026-09-14", "2026-09-17 10:00"), ("2026-09-24", "2026-09-25 11:00")],
     ["09-17 10", "09-25 11", "10-01 09", "10-05 09"], {"move-outside-window"}),
    # the visit after it makes room: five days after Friday 18 is Wednesday 23
    ([("2026-09-21", "2026-09-18 10:00")], ["09-14 09", "09-18 10", "09-25 09", "10-05 09"],
     {"interval-too-short", "move-outside-window"}),
    # two moves of the physician closer than the shortest interval
    ([("2026-09-14", "2026-09-16 10:00"), ("2026-09-21", "2026-09-19 10:00")], None, None),
    ([("2026-09-14", "2026-09-16 10:00"), ("2026-09-28", "2026-09-29 10:00")],
     ["09-16 10", "09-21 09", "09-29 10", "10-05 09"], set()),
    # an evaluation moves alone
    ([("2026-10-05", "2026-10-08 09:00")], ["09-14 09", "09-21 09", "09-28 09", "10-08 09"], set()),
]  # fmt: skip


@pytest.mark.parametrize(("moves", "expected", "confirm"), [one for one in MOVES if one[1]])
@pytest.mark.hazard("too-close")
def test_a_move_stands_as_written(
    sts_150: Protocol,
    clinic: Clinic,
    moves: list[tuple[str, str]],
    expected: list[str],
    confirm: set[str],
) -> None:
    plan = moved(sts_150, clinic, *moves)
    assert [f"{one.start:%m-%d %H}" for one in plan.visits[1:5]] == expected
    assert codes(plan, "confirm") == confirm
    due = [one.due for one in plan.visits if one.evaluations]
    assert due == [date(2026, 10, 5), date(2026, 11, 30)]


def test_the_visits_that_were_not_moved_make_room(sts_150: Protocol, clinic: Clinic) -> None:
    # Friday 11 and Saturday 12 are two days early and inside the window of the second visit.
    saturdays = clinic._replace(opening=(*clinic.opening[:5], (SPAN,), ()))
    plan = moved(sts_150, saturdays, ("2026-09-21", "2026-09-19 10:00"))
    assert starts(plan)[1:4] == ["2026-09-14 09:00", "2026-09-19 10:00", "2026-09-28 09:00"]
    assert codes(plan, "confirm") == set()
    plan = moved(sts_150, saturdays, ("2026-09-14", "2026-09-16 10:00"))
    assert starts(plan)[2] == "2026-09-21 09:00"
    closed = saturdays._replace(closures=(Closure(date(2026, 9, 21), date(2026, 9, 23)),))
    plan = moved(sts_150, closed, ("2026-09-14", "2026-09-16 10:00"))
    # Only Saturday 19 is left for the third: three days after the second, which was moved.
    assert starts(plan)[2] == "2026-09-19 09:00"
    (short,) = [one for one in plan.findings if one.code == "interval-too-short"]
    assert (short.visit, short.due) == (2, date(2026, 9, 14))
    assert short.value == "3 days, 2026-09-16 10:00"


def open_all_week(clinic: Clinic, *closed: str) -> Clinic:
    """The clinic open on all days but those closed (of 2026, as MM-DD or MM-DD/MM-DD)."""
    closures = []
    for text in closed:
        first, _, last = text.partition("/")
        closures.append(Closure(*(date.fromisoformat(f"2026-{d}") for d in (first, last or first))))
    return clinic._replace(opening=((SPAN,),) * 7, closures=tuple(closures))


def test_a_visit_before_a_moved_one_makes_room_too(sts_150: Protocol, clinic: Clinic) -> None:
    plan = moved(sts_150, open_all_week(clinic), ("2026-09-21", "2026-09-18 10:00"))
    assert starts(plan)[1:3] == ["2026-09-13 09:00", "2026-09-18 10:00"]
    assert "interval-too-short" not in codes(plan)


def test_between_two_moved_visits_the_missing_days_add_up(
    sts_150: Protocol, clinic: Clinic
) -> None:
    """Eight days apart: wherever the third lies, two days lack in all, so that it stays."""
    moves = [("2026-09-14", "2026-09-16 09:00"), ("2026-09-28", "2026-09-24 09:00")]
    plan = moved(sts_150, open_all_week(clinic), *moves)
    assert starts(plan)[2] == "2026-09-21 09:00"


def test_the_day_after_a_moved_visit_is_a_day(sts_150: Protocol, clinic: Clinic) -> None:
    wide = sts_150._replace(policy=sts_150.policy._replace(injection_window_days=3))
    plan = moved(wide, open_all_week(clinic, "09-19/09-24"), ("2026-09-14", "2026-09-17 10:00"))
    assert starts(plan)[1:3] == ["2026-09-17 10:00", "2026-09-18 09:00"]
    (found,) = [one for one in plan.findings if one.code == "interval-too-short"]
    assert "A 1 day from the injection on Fri 18 Sep 2026" in found.message
    assert found.value == "1 day, 2026-09-17 10:00"


LOOKS = [
    # an evaluation after so many days, with a window; closed days; its day
    (3, 2, ["09-09/09-12"], "2026-09-08 09:00"),  # the day after the first visit
    (2, 5, ["09-08/09-14"], "none"),  # never before the first visit, nor on its day
]


@pytest.mark.parametrize(("after", "window", "closed", "on"), LOOKS)
def test_a_visit_is_never_laid_before_the_first(
    sts_150: Protocol, clinic: Clinic, after: int, window: int, closed: list[str], on: str
) -> None:
    protocol = sts_150._replace(evaluations=(Evaluation(after, window),))
    single = lesion(size_mm=3, site="fingertip", ulcerated=False, dose_mg=20)
    made = course(course_text(single), protocol)
    plan = plan_course(made, protocol, open_all_week(clinic, *closed))
    assert starts(plan) == ["2026-09-07 09:00", on]


def test_the_first_and_the_last_day_of_all_are_days(sts_150: Protocol, clinic: Clinic) -> None:
    made = course(course_text(WEEKLY, first_visit="2099-10-08 09:00"), sts_150)
    assert starts(plan_course(made, sts_150, clinic))[-1] == "2099-12-31 09:00"
    made = course(course_text(WEEKLY, first_visit="2000-01-01 09:00"), sts_150)
    assert starts(plan_course(made, sts_150, open_all_week(clinic)))[0] == "2000-01-01 09:00"


def test_a_course_that_leads_beyond_all_days_is_refused(sts_150: Protocol, clinic: Clinic) -> None:
    made = course(course_text(WEEKLY, first_visit="2099-10-09 09:00"), sts_150)
    with pytest.raises(InputError) as raised:
        plan_course(made, sts_150, clinic)
    assert raised.value.problems == (
        Problem("first_visit", "it leads to 2100-01-01", "all days lie from 2000 to 2099"),
    )


def test_a_visit_keeps_its_distance_though_the_one_before_it_has_no_day(
    sts_150: Protocol, clinic: Clinic
) -> None:
    shut = open_all_week(clinic, "09-12/09-16", "09-20/09-21")
    plan = moved(sts_150, shut, ("2026-09-28", "2026-09-26 09:00"))
    assert starts(plan)[1:4] == ["none", "2026-09-19 09:00", "2026-09-26 09:00"]


def test_a_day_ends_at_midnight(clinic: Clinic) -> None:
    night = clinic._replace(opening=((OpeningHours(time(0), time(0, 30)),),) * 7)
    found = Opening(night, Occupancy()).nearest(
        date(2026, 9, 7), time(23, 30), Stay(30, {"rooms": 1})
    )
    assert found == datetime(2026, 9, 7)


def test_a_move_onto_another_visits_day_joins_it(sts_150: Protocol, clinic: Clinic) -> None:
    plan = moved(sts_150, clinic, ("2026-10-05", "2026-09-28 13:00"))
    (found,) = [one for one in plan.findings if one.code == "move-outside-window"]
    assert found.message == (
        "visit 4, due Mon 5 Oct 2026, on Mon 28 Sep 2026 13:00: outside the window of \u00b13 days"
        " (the clinic's policy)"
    )
    assert len(plan.visits) == 5
    joined = plan.visits[3]
    assert joined.purposes == ("evaluation", "injection")
    assert starts(plan)[3] == "2026-09-28 13:00"
    assert joined.due == date(2026, 9, 28)
    assert codes(plan, "confirm") == {"move-outside-window"}


def test_a_visit_whose_day_another_one_took_says_so(sts_150: Protocol, clinic: Clinic) -> None:
    """The third is moved to Saturday 26: the fourth makes room and takes the evaluation's day."""
    days = (*clinic.opening[:5], (SPAN,), ())
    shut = Closure(date(2026, 10, 1), date(2026, 10, 3))
    open_on = clinic._replace(opening=days, closures=(shut,))
    plan = moved(sts_150, open_on, ("2026-09-21", "2026-09-26 09:00"))
    assert starts(plan)[2:5] == ["2026-09-26 09:00", "2026-10-05 09:00", "2026-10-06 09:00"]
    assert reasons(plan)[5] == "another visit of the course is on that day"


def test_a_visit_that_has_to_keep_its_place_says_so(sts_150: Protocol, clinic: Clinic) -> None:
    """An evaluation fits into a short Tuesday, and the injection before it does not."""
    looks = (Evaluation(22, 3), sts_150.evaluations[1])
    protocol = sts_150._replace(evaluations=looks)
    short = OpeningHours(time(9), time(9, 20))
    shut = clinic._replace(
        opening=((SPAN,), (short,), *clinic.opening[2:]),
        closures=(Closure(date(2026, 9, 28), date(2026, 9, 28)),),
    )
    plan = plan_course(course(course_text(WEEKLY), protocol), protocol, shut)
    assert starts(plan)[3:5] == ["2026-09-30 09:00", "2026-10-01 09:00"]
    assert reasons(plan)[5] == "the visits keep their order"


def test_the_shortest_interval_itself_is_far_enough(sts_150: Protocol, clinic: Clinic) -> None:
    """An evaluation needs more time than Monday 28 has; the injection after it keeps its place."""
    looks = (Evaluation(20, 3), sts_150.evaluations[1])
    protocol = sts_150._replace(evaluations=looks)
    shut = clinic._replace(
        opening=((OpeningHours(time(9), time(9, 30)),), *[(SPAN,)] * 6),
        closures=(Closure(date(2026, 9, 24), date(2026, 9, 27)),),
        evaluation_minutes=40,
    )
    move = '[[move]]\nfrom = 2026-09-21\nto = "2026-09-23 10:00"\n'
    plan = plan_course(course(course_text(WEEKLY, move), protocol), protocol, shut)
    assert starts(plan)[2:5] == ["2026-09-23 10:00", "2026-09-29 09:00", "2026-09-30 09:00"]
    # Monday 28 is five days after Wednesday 23.
    assert reasons(plan)[5] == "the visits keep their order"


def test_a_confirmed_move_is_printed(sts_150: Protocol, clinic: Clinic) -> None:
    said = confirmation("move-outside-window", "2026-09-17 10:00", due="2026-09-14")
    plan = moved(sts_150, clinic, ("2026-09-14", "2026-09-17 10:00"), more=said)
    assert plan.is_confirmed


def test_two_visits_moved_onto_a_third_are_named_by_their_days(
    sts_150: Protocol, clinic: Clinic
) -> None:
    moves = [("2026-11-30", "2026-10-06 10:00"), ("2026-10-05", "2026-10-06 11:00")]
    for both in (moves, moves[::-1]):
        plan = moved(sts_150, clinic, *both)
        (found,) = [one for one in plan.findings if one.code == "move-outside-window"]
        due = " and ".join(
            "Mon 30 Nov 2026" if "11" in one[0] else "Mon 5 Oct 2026" for one in both
        )
        assert f"due {due}, on Tue 6 Oct 2026 {both[-1][1][-5:]}" in found.message
        assert "\u00b17 days" in found.message


def test_an_evaluation_stays_where_an_injection_leaves_its_day(
    sts_150: Protocol, clinic: Clinic
) -> None:
    """Five weekly injections: the fifth leaves the day of the first evaluation."""
    regimen = sts_150.regimens["weekly"]._replace(injections=5)
    protocol = sts_150._replace(regimens={**sts_150.regimens, "weekly": regimen})
    text = course_text(WEEKLY, '[[move]]\nfrom = 2026-09-14\nto = "2026-09-17 10:00"\n')
    plan = plan_course(course(text, protocol), protocol, clinic)
    assert starts(plan) == [
        "2026-09-07 09:00", "2026-09-17 10:00", "2026-09-24 09:00", "2026-10-01 09:00",
        "2026-10-05 09:00", "2026-10-08 09:00", "2026-11-30 09:00",
    ]  # fmt: skip
    assert [visit.purposes for visit in plan.visits[4:6]] == [("evaluation",), ("injection",)]


def test_a_course_is_not_busy_with_itself(sts_150: Protocol, clinic: Clinic) -> None:
    made = course(course_text(WEEKLY), sts_150)
    uids = {visit.uid for visit in plan_course(made, sts_150, clinic).visits}
    assert own_uids(made, sts_150, None) >= uids
    joined = course(course_text(WEEKLY, lesion("B", dose_mg=50)), sts_150)
    assert {visit.uid for visit in plan_course(joined, sts_150, clinic).visits} == uids
    assert len(own_uids(joined, sts_150, None)) == 24


@pytest.mark.hazard("wrong-side-or-site")
def test_a_lesion_that_the_protocol_does_not_know_is_refused(
    sts_150: Protocol, clinic: Clinic
) -> None:
    made = course(course_text(WEEKLY, lesion("B", dose_mg=50)), sts_150)
    known, other = made.lesions
    wrong = made._replace(lesions=(known, other._replace(site="nose", side=None)))
    with pytest.raises(InputError) as raised:
        plan_course(wrong, sts_150, clinic)
    (problem,) = raised.value.problems
    assert problem.place == "lesion B: site"
    assert problem.problem == "'nose' is not a site of the protocol"
    assert problem.fix.startswith("use one of fingertip, finger, hand")


SIDES = [
    # site, side; what is said
    ("knee", "left", None),
    ("knee", None, Problem("side", "knee is left or right", "say the side")),
    ("knee", "midline", Problem("side", "knee is left or right, not midline", "say the side")),
    ("trunk", None, None),
    ("trunk", "midline", None),
    *(
        ("trunk", side, Problem("side", "trunk has no sides", "leave side out; see site_detail"))
        for side in ("left", "right")
    ),
]


@pytest.mark.parametrize(("site", "side", "problem"), SIDES)
@pytest.mark.hazard("wrong-side-or-site")
def test_a_side_is_said_where_there_are_two(
    sts_150: Protocol, site: str, side: Any, problem: Problem | None
) -> None:
    one = Lesion("A", site, Decimal(70), True, side)
    assert list(lesion_problems(one, sts_150)) == ([problem] if problem else [])


REFUSED = [
    ("2026-09-14", "2026-09-13 10:00", "not an opening day"),
    ("2026-09-14", "2026-09-15 15:45", "outside the opening hours"),
    ("2026-09-07", "2026-09-08 10:00", "this is the first visit; set first_visit$"),
    ("2026-09-14", "2026-09-07 12:00", "not after the first visit"),
    ("2026-09-14", "2026-09-04 12:00", "not after the first visit"),
    ("2026-09-15", "2026-09-16 10:00", "no visit is due"),
    ("2026-09-21", "2026-09-14 10:00", "injection 2 of lesion A is on 2026-09-14"),
    ("2026-09-21", "2026-09-10 10:00", "injection 2 of lesion A is on 2026-09-14"),
]


def test_each_lesion_of_a_visit_keeps_its_order(sts_150: Protocol, clinic: Clinic) -> None:
    """The second visit onto a day before the third of lesion B alone, which A does not have."""
    regimens = dict(sts_150.regimens)
    regimens["single"] = regimens["single"]._replace(injections=2, interval_days=7)
    protocol = sts_150._replace(regimens=regimens)
    twice = lesion("A", size_mm=3, site="fingertip", ulcerated=False, dose_mg=20)
    move = '[[move]]\nfrom = 2026-09-21\nto = "2026-09-11 10:00"\n'
    made = course(course_text(twice, lesion("B", dose_mg=50), move), protocol)
    with pytest.raises(InputError, match="injection 2 of lesion B is on 2026-09-14"):
        plan_course(made, protocol, clinic)


def test_a_move_is_never_dropped_without_a_word(sts_150: Protocol, clinic: Clinic) -> None:
    """The second move would take the visit along that the first one moved."""
    with pytest.raises(InputError) as raised:
        moved(
            sts_150,
            clinic,
            ("2026-09-21", "2026-09-22 10:00"),
            ("2026-09-14", "2026-09-17 10:00"),
        )
    (problem,) = raised.value.problems
    assert problem == Problem(
        "move[2]",
        "the visit due 2026-09-21 would follow, but was moved before",
        "write the moves in the order of their days",
    )


def test_two_visits_due_on_one_day_are_told_apart_by_their_value(
    sts_150: Protocol, clinic: Clinic
) -> None:
    moves = [
        ("2026-10-05", "2026-10-20 09:00"),
        ("2026-09-14", "2026-09-21 09:00"),
        ("2026-10-05", "2026-10-13 09:00"),
    ]
    values = ["2026-10-20 09:00", "2026-09-21 09:00", "2026-10-13 09:00"]
    days = ["2026-10-05", "2026-09-14", "2026-10-05"]
    said = "".join(
        confirmation("move-outside-window", value, due=due)
        for value, due in zip(values, days, strict=True)
    )
    assert moved(sts_150, clinic, *moves, more=said).is_confirmed


@pytest.mark.parametrize(("due", "to", "message"), REFUSED)
def test_an_impossible_move_is_refused(
    sts_150: Protocol, clinic: Clinic, due: str, to: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        moved(sts_150, clinic, (due, to))
    assert raised.value.problems[0].place.startswith("move[1].")


def test_where_nothing_is_free_near_another_day_is_asked_for(
    sts_150: Protocol, clinic: Clinic
) -> None:
    shut = clinic._replace(closures=(Closure(date(2026, 9, 1), date(2026, 12, 31)),))
    with pytest.raises(InputError, match=r"clinic is closed that day; choose another day$"):
        plan_course(course(course_text(WEEKLY), sts_150), sts_150, shut)


def test_the_first_visit_is_never_moved(sts_150: Protocol) -> None:
    with pytest.raises(InputError, match=r"Easter Monday.*free near it: 2026-04-07 09:00"):
        plan_at(COPENHAGEN, sts_150, WEEKLY, first_visit="2026-04-06 09:00")


@pytest.mark.hazard("unknown-holidays")
def test_a_year_of_unknown_holidays_is_an_error(sts_150: Protocol) -> None:
    with pytest.raises(InputError) as raised:
        plan_at(COPENHAGEN, sts_150, WEEKLY, first_visit="2028-12-13 09:00")
    assert raised.value.problems == (
        Problem(
            "first_visit",
            "2029-01-03: the public holidays of 2029 are not known",
            "is the year right? if it is, the clinic file lists them under closed, with"
            ' "holidays = false"',
        ),
    )

"""A regimen on days of its own: day 0, 3, 7 and 14, and what follows a visit that was moved."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.errors import ProtocolError
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import protocol_from
from planner.files.reading import parse_toml
from planner.store.database import Database
from tests.conftest import CLINIC, ROOT
from tests.courses import course, course_text, lesion
from tests.registers import follow, write

MONTHLY = (ROOT / "tests/protocols/monthly-250.toml").read_text(encoding="utf-8")
SERIES = "injections = 3\ninterval_days = 28\n"
OWN = MONTHLY.replace(SERIES, "days = [0, 3, 7, 14]\n").replace(
    "shortest_interval_days = 5", "shortest_interval_days = 3"
)


def protocol(text: str = OWN) -> Protocol:
    return protocol_from(parse_toml(text.encode()), text.encode())


def planned(clinic: Clinic, *more: str) -> Plan:
    text = course_text(lesion("A", dose_mg=50), *more)
    return plan_course(course(text, protocol()), protocol(), clinic)


def due(plan: Plan) -> list[str]:
    return [f"{visit.due:%m-%d}" for visit in plan.visits if visit.injections]


def test_injections_are_due_on_the_days_of_their_regimen(clinic: Clinic) -> None:
    assert due(planned(clinic)) == ["09-07", "09-10", "09-14", "09-21"]


@pytest.mark.parametrize(
    ("moved", "days"),
    [
        ("2026-09-11 10:00", ["09-07", "09-10", "09-14", "09-21"]),
        ("2026-09-17 10:00", ["09-07", "09-10", "09-21", "09-28"]),
    ],
    ids=["inside its window", "outside its window"],
)
def test_what_follows_a_moved_visit_keeps_its_own_distance(
    clinic: Clinic, moved: str, days: list[str]
) -> None:
    plan = planned(clinic, f'[[move]]\nfrom = 2026-09-10\nto = "{moved}"\n')
    assert due(plan) == days


def test_what_follows_a_late_record_keeps_its_own_distance(
    register: Database, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    text = course_text(lesion("A", dose_mg=50), head='protocol = "own.toml"')
    clinic = write(tmp_path, CLINIC.read_text().replace("= 150\n", "= 250\n", 1), "clinic.toml")
    followed = follow(register, tmp_path, text, clinic)
    followed.give(1)
    followed.give(2, "2026-09-17 09:00")
    coming = [f"{one.start:%m-%d}" for one in followed.now.plan.coming if one.injections]
    assert coming == ["09-21", "09-28"]


def test_the_days_stand_in_plan_json_and_come_back(clinic: Clinic) -> None:
    plan = planned(clinic)
    assert plan.protocol.regimens[0].days == (0, 3, 7, 14)
    assert plan_from(plan_bytes(plan)) == plan


def test_a_regimen_at_an_interval_writes_no_days(sts_150: Protocol, clinic: Clinic) -> None:
    plan = plan_course(course(course_text(lesion("A")), sts_150), sts_150, clinic)
    assert b'"days"' not in plan_bytes(plan)


def test_days_and_interval_say_the_same() -> None:
    by_days = MONTHLY.replace(SERIES, "days = [0, 28, 56]\n")
    first = date(2026, 9, 7)
    one, other = (protocol(text).regimens["monthly"] for text in (MONTHLY, by_days))
    assert one.due_days(first) == other.due_days(first)
    assert one.last_day == other.last_day == 56
    assert [one.days_before(n) for n in (1, 2, 3)] == [other.days_before(n) for n in (1, 2, 3)]


WRONG = {
    "days = [3, 7]": "regimen.monthly.days: the first injection is not on day 0; begin with 0",
    "days = []": "regimen.monthly.days: the first injection is not on day 0; begin with 0",
    "days = [0, 7, 7]": "regimen.monthly.days: 7 does not follow 7; let them ascend",
    "days = [0, 2, 9]": "regimen.monthly.days: 0 to 2 is under the shortest interval, 3 days",
    "days = [0, 7]\ninjections = 2": "regimen.monthly.injections: days were given too",
    "days = [0, 7]\ninterval_days = 7": "regimen.monthly.interval_days: days were given too",
    "interval_days = 7": "regimen.monthly.injections: it is missing; add it, or their days",
    f"days = {list(range(0, 606, 6))}": "regimen.monthly.days: 101 injections are over 100",
}


@pytest.mark.parametrize("said", WRONG)
def test_days_that_are_no_series_are_refused_by_name(said: str) -> None:
    with pytest.raises(ProtocolError, match=WRONG[said].partition(";")[0].replace(".", r"\.")):
        protocol(OWN.replace("days = [0, 3, 7, 14]", said))


@pytest.mark.parametrize("said", ["0", '"weekly"', "[0, 3.5]", "[0, -3]", "[0, 2000]", "[0, true]"])
def test_what_is_no_list_of_days_is_refused(said: str) -> None:
    with pytest.raises(ProtocolError, match=r"regimen\.monthly\.days"):
        protocol(OWN.replace("[0, 3, 7, 14]", said))


def test_a_dose_for_each_day_is_wanted(clinic: Clinic) -> None:
    doses = [20, 30, 40, 50]
    text = course_text(lesion("A", dose_mg=doses))
    plan = plan_course(course(text, protocol()), protocol(), clinic)
    assert [one.dose_mg for visit in plan.visits for one in visit.injections] == doses

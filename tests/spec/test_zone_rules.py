"""A zone's rules change after a plan was issued: its wall clock stands, and a caution says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.plan.zone_rules import CODE, by_todays_rules, differing, says_the_same
from planner.core.protocol.protocol import Protocol
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.document_set import papers
from planner.documents.qr import _event
from planner.files.plan import plan_bytes, plan_from
from tests.courses import lesion, planned
from tests.papers import html_text
from tests.plans import first_edition
from tests.zones import NEW, OLD, rules_of, shown

ZONES = ["America/Edmonton", "America/Vancouver"]
STAMP = datetime(2026, 9, 1, tzinfo=UTC)
AUTUMN = "2026-10-19 09:00"


def issued(protocol: Protocol, clinic: Clinic, zone: str, **options: str) -> bytes:
    """A plan over the first days of November 2026, when by the old rules the clocks went back."""
    here = clinic._replace(timezone=zone)
    return plan_bytes(planned(protocol, here, lesion(dose_mg=50), first_visit=AUTUMN, **options))


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def a_plan_of_old_rules(protocol: Protocol, clinic: Clinic, zone: str) -> Iterator[bytes]:
    """Issued by the old rules; the new ones hold inside."""
    with rules_of(OLD):
        content = issued(protocol, clinic, zone)
    with rules_of(NEW):
        yield content


def cautions(plan: Plan) -> list[str]:
    return [one.message for one in plan.findings if one.code == CODE]


@pytest.mark.parametrize("edition", [plan_bytes, lambda plan: first_edition(plan_bytes(plan))])
@pytest.mark.hazard("clock-change")
def test_a_plan_of_other_rules_is_read_and_says_so(
    sts_150: Protocol, clinic: Clinic, zone: str, edition: object
) -> None:
    with a_plan_of_old_rules(sts_150, clinic, zone) as content:
        plan = plan_from(content if edition is plan_bytes else first_edition(content))
        hours = {"America/Edmonton": ("07", "06"), "America/Vancouver": ("08", "07")}[zone]
        assert cautions(plan) == [
            f"{zone}: 4 visits: 3, 4, 5, 6, from Mon 2 Nov 2026 09:00 on: issued at"
            f" UTC-{hours[0]}:00, by today's rules UTC-{hours[1]}:00; the wall clock stands"
        ]
        assert plan.is_confirmed
        assert {f"{one.start:%H:%M}" for one in plan.visits} == {"09:00"}
        # The caution is of who reads it: the plan as it was issued has none.
        assert edition is not plan_bytes or plan_bytes(plan) == content
    with rules_of(OLD):
        assert cautions(plan_from(content)) == []


@pytest.mark.hazard("clock-change")
def test_only_visits_to_come_are_told(sts_150: Protocol, clinic: Clinic) -> None:
    with a_plan_of_old_rules(sts_150, clinic, "America/Edmonton") as content:
        plan = plan_from(content)
        done = plan._replace(visits=tuple(one._replace(state="done") for one in plan.visits))
        assert cautions(plan_from(plan_bytes(done))) == []


@pytest.mark.hazard("clock-change")
def test_every_calendar_shows_the_wall_clock(sts_150: Protocol, clinic: Clinic, zone: str) -> None:
    with a_plan_of_old_rules(sts_150, clinic, zone) as content:
        files = dict(calendar_files(plan_from(content), STAMP))
        assert len(files) == 8
        for file in files.values():
            assert {f"{one:%H:%M}" for one in shown(file, zone)} == {"09:00"}


@pytest.mark.hazard("clock-change")
def test_a_code_on_the_letter_brings_the_wall_clock(
    sts_150: Protocol, clinic: Clinic, zone: str
) -> None:
    """It has instants, as no camera reads a VTIMEZONE."""
    with a_plan_of_old_rules(sts_150, clinic, zone) as content:
        plan = plan_from(content)
        for visit in plan.visits:
            (start,) = shown(_event(plan, visit, STAMP), zone)
            assert f"{start:%H:%M}" == "09:00"


@pytest.mark.hazard("clock-change")
def test_an_offset_alone_is_no_change(sts_150: Protocol, clinic: Clinic, zone: str) -> None:
    with a_plan_of_old_rules(sts_150, clinic, zone) as content:
        before, now = plan_from(content), plan_from(issued(sts_150, clinic, zone))
        assert before.visits != now.visits
        assert says_the_same(before, now)
        assert changes_file(before, now, STAMP) == {}
        moved = plan_from(issued(sts_150, clinic, zone, head="revision = 1"))
        assert not says_the_same(before, moved)


def test_another_hour_or_zone_is_a_change(sts_150: Protocol, clinic: Clinic) -> None:
    first = planned(sts_150, clinic, lesion(dose_mg=50))
    later = planned(sts_150, clinic, lesion(dose_mg=50), first_visit="2026-09-07 09:15")
    elsewhere = planned(
        sts_150, clinic._replace(timezone="Europe/London"), lesion(dose_mg=50)
    )  # the same wall clock, at another moment
    for other in (later, elsewhere):
        assert not says_the_same(first, other)
        assert changes_file(first, other, STAMP)


@pytest.mark.hazard("clock-change")
def test_a_reprint_shows_the_caution(sts_150: Protocol, clinic: Clinic) -> None:
    danish = clinic._replace(language="da")
    for said, where in {
        "by today's rules UTC-06:00; the wall clock stands": clinic,
        "efter nutidens regler UTC-06:00; klokkeslættet gælder": danish,
    }.items():
        with a_plan_of_old_rules(sts_150, where, "America/Edmonton") as content:
            sheet = papers(plan_from(content), STAMP, only="treatment-sheet.html")[
                "treatment-sheet.html"
            ]
            assert said in html_text(sheet)


def test_the_rules_are_asked_for_each_time() -> None:
    with rules_of(NEW):
        zone = ZoneInfo("America/Edmonton")
        before = datetime.fromisoformat("2026-12-01T09:00:00-07:00")
        holds = datetime.fromisoformat("2026-10-26T09:00:00-06:00")
        assert by_todays_rules(before, zone).isoformat() == "2026-12-01T09:00:00-06:00"
        assert by_todays_rules(holds, zone) is holds
        assert [one.visit for one in differing([(1, holds, holds), (2, holds, before)], zone)] == [
            2
        ]
        assert [*differing([(3, None, None)], zone)] == []
        for far in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
            assert by_todays_rules(far, zone).replace(tzinfo=None) == far.replace(tzinfo=None)

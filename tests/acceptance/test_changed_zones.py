"""A plan that was issued with the zone data of 2025b, and is used with those of 2026f."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest

from planner.servers.published import DIGEST, _alarms, _digest_then
from tests.conftest import Run
from tests.courses import SOUND, write
from tests.papers import html_text
from tests.plans import document
from tests.servers import SERVERS, make_calendar
from tests.zones import NEW, OLD, package, rules_of, shown

AUTUMN = SOUND.replace("2026-09-07", "2026-10-19")
ZONES = ["America/Edmonton", "America/Vancouver"]
SAID = "caution: {}: zone-rules-changed: {}: 4 visits: 3, 4, 5, 6, from Mon 2 Nov 2026 09:00 on"
Rules = Callable[[str], Run]


@pytest.fixture
def planner_of(fresh_planner: Run) -> Rules:
    """The command with the zone data of a release, on a system that has none."""

    def of(release: str) -> Run:
        return lambda *arguments: fresh_planner(
            *arguments, PYTHONPATH=package(release), PYTHONTZPATH=""
        )

    return of


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.hazard("clock-change")
def test_a_plan_of_other_rules_is_used(planner_of: Rules, tmp_path: Path, zone: str) -> None:
    old, new = planner_of(OLD), planner_of(NEW)
    path = write(tmp_path, AUTUMN)
    assert old("plan", path, "--timezone", zone).returncode == 0
    assert "caution" not in old("agenda", "K-1").stderr
    issued = (tmp_path / "K-1/plan.json").read_bytes()
    said = SAID.format("K-1/plan.json", zone)

    agenda = new("agenda", "K-1")
    assert agenda.returncode == 0
    assert said in agenda.stderr
    assert agenda.stdout.count("  09:00-") == 6

    printed = new("print", "K-1/plan.json", "--out", "again")
    assert printed.returncode == 0, printed.stderr
    assert said in printed.stderr
    sheet = html_text((tmp_path / "again/treatment-sheet.html").read_bytes())
    assert "The zone's rules differ from those of the issued plan" in sheet
    assert "the wall clock stands" in sheet

    # The next revision: no visit has changed for the patient.
    write(tmp_path, "revision = 1\n" + AUTUMN, "next.toml")
    since = ("plan", "next.toml", "--timezone", zone, "--since", "K-1/plan.json", "--out", "next")
    done = new(*since)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "next/changes.ics").exists()

    # The same revision again: the offsets of today, and no other content.
    again = new("plan", path, "--timezone", zone)
    assert again.returncode == 0, again.stderr
    assert said in again.stderr
    made = document((tmp_path / "K-1/plan.json").read_bytes())
    before = document(issued)
    assert [one["start"][:16] for one in made["visits"]] == [
        one["start"][:16] for one in before["visits"]
    ]
    assert made["visits"][3]["start"] != before["visits"][3]["start"]
    assert "zone-rules-changed" not in str(made["findings"])
    assert "caution" not in new("agenda", "K-1").stderr
    # Another hour is other content, whatever the zone.
    (tmp_path / "K-1/plan.json").write_bytes(issued)
    write(tmp_path, AUTUMN.replace("09:00", "09:15"))
    assert new("plan", path, "--timezone", zone).returncode == 13


@pytest.fixture(scope="module", params=SERVERS)
def calendars(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as url:
        yield url


def as_the_first_edition(server: str, uids: list[str]) -> None:
    """Give the events the digests that were taken of their offsets."""
    for uid in uids:
        url = f"{server}{uid}.ics"
        there = httpx.get(url, timeout=10).content
        (event,) = icalendar.Calendar.from_ical(there).walk("VEVENT")
        with rules_of(OLD):
            digest = _digest_then(
                event,
                _alarms(event),
                lambda value: value.replace(tzinfo=ZoneInfo(str(value.tzinfo))).isoformat(),
            )
        content = there.replace(str(event[DIGEST]).encode(), digest.encode())
        httpx.put(url, content=content, headers={"Content-Type": "text/calendar"}, timeout=10)


@pytest.mark.parametrize(("zone", "is_old"), [*zip(ZONES, [False, True], strict=True)])
@pytest.mark.hazard("clock-change")
def test_a_plan_of_other_rules_is_published_again(
    planner_of: Rules, tmp_path: Path, calendars: str, zone: str, is_old: bool
) -> None:
    server = make_calendar(calendars, uuid4().hex)
    old, new = planner_of(OLD), planner_of(NEW)
    assert old("plan", write(tmp_path, AUTUMN), "--timezone", zone).returncode == 0
    done = old("publish", "K-1", "--caldav", server)
    assert done.stdout.splitlines()[-1] == "6 created", done.stderr
    plan = document((tmp_path / "K-1/plan.json").read_bytes())
    uids = [one["uid"] for one in plan["visits"]]
    if is_old:
        as_the_first_edition(server, uids)
    assert old("publish", "K-1", "--caldav", server).stdout.splitlines()[-1] == "6 kept"
    done = new("publish", "K-1", "--caldav", server)
    assert done.stdout.splitlines()[-1] == "4 updated, 2 kept", done.stderr
    assert SAID.format("K-1/plan.json", zone) in done.stderr
    # Somebody who reads the instants, or the VTIMEZONE beside them, sees nine o'clock.
    for uid in uids:
        content = httpx.get(f"{server}{uid}.ics", timeout=10).content
        with rules_of(NEW):
            assert [f"{one:%H:%M}" for one in shown(content, zone)] == ["09:00"]
    assert new("publish", "K-1", "--caldav", server).stdout.splitlines()[-1] == "6 kept"

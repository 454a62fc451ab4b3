"""The agenda of many plans, and the calendar file of what a later revision changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import icalendar
import pytest

from tests.conftest import CASES, CLINIC, EXAMPLES, Run
from tests.courses import SOUND, course_text, lesion, write
from tests.strict_ics import faults


def test_the_agenda_shows_a_day_of_many_plans(planner: Run) -> None:
    for case in CASES:
        assert planner("plan", EXAMPLES / f"{case}.toml", "--clinic", CLINIC,
                       "--out", f"plans/{case}").returncode == 0  # fmt: skip
    day = planner("agenda", "plans", "--on", "2026-09-07").stdout.replace("\u00a0", " ")
    rows = [line.split("  ") for line in day.splitlines() if line.startswith("  ")]
    assert "Mon 7 Sep 2026" in day
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["09:00-09:30", "letter-1, case-1", "visit 1: injection A", "Skin clinic",
         "0.08 mL of 150 mg/mL"],
        ["09:30-10:00", "letter-2, case-2", "visit 1: injection A", "Skin clinic",
         "0.08 mL of 150 mg/mL"],
    ]  # fmt: skip
    week = planner("agenda", "plans/case-1-fingertip", "plans/case-6-buttocks", "--week",
                   "2026-09-07").stdout  # fmt: skip
    assert week.count("visit 1: ") == 2
    assert planner("agenda", "plans", "--on", "2026-09-06").stdout == "no visits\n"
    assert planner("agenda", "plans", "--on", "6/9").returncode == 10
    assert planner("agenda", "nowhere").returncode == 10


def test_a_later_revision_tells_what_changed(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    zone = ("--timezone", "Europe/Copenhagen")
    assert planner("plan", path, *zone).returncode == 0
    move = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:30"\n'
    write(tmp_path, f"revision = 1\n{SOUND}{move}")
    done = planner("plan", path, *zone, "--since", "K-1/plan.json")
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "K-1/changes.ics").read_bytes()
    assert faults(content) == []
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert (event["SEQUENCE"], event["STATUS"]) == (1, "CONFIRMED")
    assert f"{event['DTSTART'].dt:%Y-%m-%d %H:%M}" == "2026-09-15 10:30"
    again = planner("plan", path, *zone, "--since", "K-1/plan.json")
    assert again.returncode == 10
    assert "it has revision 1, the course 1; set revision = 2" in again.stderr


def test_a_lesion_that_is_gone_does_not_block_its_own_course(planner: Run, tmp_path: Path) -> None:
    first = lesion("A", dose_mg=50)
    path = write(tmp_path, course_text(first, lesion("B", site="thigh", dose_mg=50)))
    zone = ("--timezone", "Europe/Copenhagen")
    assert planner("plan", path, *zone).returncode == 0
    write(tmp_path, course_text(lesion("B", site="thigh", dose_mg=50), head="revision = 1"))
    since = ("--since", "K-1/plan.json", "--busy", "K-1/clinic.ics")
    done = planner("plan", path, *zone, *since)
    assert done.returncode == 0, done.stderr


def test_since_another_course_is_refused(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    planner("plan", path, "--timezone", "UTC")
    write(tmp_path, "revision = 1\n" + SOUND.replace("K-1", "K-2"))
    done = planner("plan", path, "--timezone", "UTC", "--since", "K-1/plan.json")
    assert done.returncode == 10
    assert "it is of course K-1, not of K-2" in done.stderr
    assert not (tmp_path / "K-2").exists()


def test_a_zone_of_instants_is_said(planner: Run, tmp_path: Path) -> None:
    done = planner("plan", write(tmp_path, SOUND), "--timezone", "Africa/Casablanca")
    assert done.returncode == 0
    assert "UTC instants" in done.stderr


def test_two_patients_of_one_course_id_are_both_on_the_agenda(planner: Run, tmp_path: Path) -> None:
    for patient, revision in (("P-1", 0), ("P-2", 1)):
        text = f"revision = {revision}\n{SOUND}".replace("P-1", patient)
        out = f"plans/{patient}"
        done = planner("plan", write(tmp_path, text), "--timezone", "UTC", "--out", out)
        assert done.returncode == 0, done.stderr
    done = planner("agenda", "plans", "--on", "2026-09-07")
    assert ("P-1, K-1" in done.stdout, "P-2, K-1" in done.stdout) == (True, True)
    assert done.stderr == ""


@pytest.mark.hazard("stale-paper")
def test_of_two_revisions_the_agenda_shows_the_higher(planner: Run, tmp_path: Path) -> None:
    zone = ("--timezone", "UTC")
    planner("plan", write(tmp_path, SOUND), *zone, "--out", "plans/old")
    moved = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-15 10:30"\n'
    planner("plan", write(tmp_path, "revision = 1\n" + SOUND + moved), *zone, "--out", "plans/new")
    shutil.copytree(tmp_path / "plans/old", tmp_path / "plans/.hidden")
    shutil.copytree(tmp_path / "plans/new", tmp_path / "plans/same")
    done = planner("agenda", "plans", "--week", "2026-09-14")
    assert done.returncode == 0, done.stderr
    assert "Tue 15 Sep 2026" in done.stdout
    assert "Mon 14 Sep 2026" not in done.stdout
    assert done.stderr.startswith(
        "caution: plans/old/plan.json: revision 0 of course K-1, left out"
    )
    other = "revision = 1\n" + SOUND + moved.replace("10:30", "11:30")
    planner("plan", write(tmp_path, other), *zone, "--out", "plans/other")
    done = planner("agenda", "plans")
    assert done.returncode == 13
    assert "another plan of course K-1, revision 1, is plans/" in done.stderr

"""A clinic of the register: put, closed and opened, for all its courses at once."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import text

from planner.app import clinics, courses, planning, waiting
from planner.app.administration import dose_changed
from planner.app.documents import papers_of
from planner.app.planning import NamedFile
from planner.app.roles import Author
from planner.app.waiting import FirstDays, wait_for
from planner.core.calendar.clinic import Closure, OpeningHours
from planner.core.plan.appointments import Named
from planner.core.plan.zone_rules import wall
from planner.errors import MovedOnError
from planner.store.clinics import find_place
from planner.store.database import Database, open_database
from tests.conftest import Run
from tests.courses import confirmation, course_text, lesion
from tests.papers import pages
from tests.registers import NOW, Followed, follow, moment, problems
from tests.under_way import ELBOW, give_one

MONDAY = "2027-03-01"
# MOMENTS=30 in the environment kills it at as many.
MOMENTS = int(os.environ.get("MOMENTS", "4"))
HOURS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-12:00")
BY = {"PLANNER_USER": "Dr A. Holm"}
ALLERGY = "sulfite_allergy = true"


def clinic_file(folder: Path, file: str = "clinic.toml", **changes: Any) -> Path:
    said = {"id": "one", "name": "One", "timezone": "Europe/Copenhagen", "capacity": 1} | changes
    opening = changes.pop("opening", HOURS)
    lines = [f"{key} = {_toml(value)}" for key, value in said.items() if key != "opening"]
    path = folder / file
    path.write_text("\n".join([*lines, f"opening = {_toml(opening)}", ""]))
    return path


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def course_file(folder: Path, name: str, first_visit: str | None, dose_mg: object = 60) -> Path:
    text = course_text(lesion(dose_mg=dose_mg), first_visit=first_visit or f"{MONDAY} 08:00")
    if first_visit is None:
        text = "".join(line for line in text.splitlines(True) if "first_visit" not in line)
    path = folder / f"{name}.toml"
    path.write_text(text.replace('"K-1"', f'"{name}"').replace('"P-1"', f'"P-{name}"'))
    return path


@pytest.fixture
def where(register_url: str) -> dict[str, str]:
    return {**BY, "PLANNER_DATABASE": register_url}


def filled(
    planner: Run, folder: Path, where: dict[str, str], number: int = 6, day: str = MONDAY
) -> list[str]:
    """Courses that begin one after the other on a day."""
    names = []
    for n in range(number):
        start = f"{day} {8 + n // 2:02}:{30 * (n % 2):02}"
        file = course_file(folder, f"K-{n + 1}", start)
        done = planner("course", "add", file, "--clinic", clinic_file(folder), **where)
        assert done.returncode == 0, done.stderr
        names.append(f"K-{n + 1}")
    return names


def starts(planner: Run, course: str, where: dict[str, str]) -> dict[int, str]:
    shown = json.loads(planner("course", "show", course, "--json", **where).stdout)
    return {one["number"]: (one["start"] or "no day")[:16] for one in shown["plan"]["visits"]}


def changed(planner: Run, *call: object, **where: str) -> dict[str, Any]:
    done = planner("clinic", *call, "--json", **where)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


CLOSE = ("close", "one", "--on", "2027-03-08", "--reason", "ill")


@pytest.mark.hazard("double-booking")
def test_a_closed_day_moves_its_visits_and_nobody_else(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    names = filled(planner, tmp_path, where)
    before = {one: starts(planner, one, where) for one in names}
    dry = changed(planner, *CLOSE, "--dry-run", **where)
    assert len(dry["moves"]) == 6
    assert {one: starts(planner, one, where) for one in names} == before
    asked = planner("clinic", *CLOSE, **where)
    assert asked.returncode == 12
    assert asked.stderr.count("2027-03-08") == 6
    done = changed(planner, *CLOSE, "--confirm", "yes", **where)
    assert done["moves"] == dry["moves"]
    for one in names:
        now = starts(planner, one, where)
        assert {n for n in now if now[n] != before[one][n]} == {2}
        assert now[2][:10] in ("2027-03-07", "2027-03-09")
        history = json.loads(planner("course", "history", one, "--json", **where).stdout)
        assert [each["kind"] for each in history] == ["planned", "rearranged"]
    assert planner("course", "check", **where).stdout == "all courses hold\n"
    again = planner("clinic", *CLOSE, "--confirm", "yes", **where)
    assert again.returncode == 13
    assert "it is closed so already" in again.stderr
    # Opened again, nobody is moved back; free times are offered there.
    opened = ("open", "one", "--on", "2027-03-08", "--reason", "well")
    assert changed(planner, *opened, **where)["moves"] == []
    free = ("slots", "one", "--from", "2027-03-08", "--to", "2027-03-08")
    assert len(json.loads(planner("clinic", *free, "--json", **where).stdout)) == 15


INSIDE = [
    # what is closed, what is closed then, whether that is closed so already
    ("--hours 09:00-12:00", "--hours 10:00-11:00", True),
    ("--hours 09:00-12:00", "--hours 09:00-12:00", True),
    ("--hours 09:00-12:00", "--hours 08:45-12:00", False),
    ("--hours 09:00-12:00", "--hours 09:00-12:15", False),
    ("--hours 09:00-12:00", "", False),
    ("", "--hours 09:00-12:00", True),
    ("--to 2027-03-09", "", True),
    ("", "--to 2027-03-09", False),
]


@pytest.mark.parametrize(("there", "then", "is_closed"), INSIDE)
def test_what_is_closed_already_is_not_closed_again(
    planner: Run, tmp_path: Path, there: str, then: str, is_closed: bool
) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    put = ("put", clinic_file(tmp_path), "--reason", "new")
    assert planner("clinic", *put, **where).returncode == 0
    assert planner("clinic", *CLOSE, *there.split(), **where).returncode == 0
    again = planner("clinic", *CLOSE, *then.split(), **where)
    assert again.returncode == (13 if is_closed else 0), again.stderr
    assert ("it is closed so already" in again.stderr) == is_closed


def test_closed_hours_and_fewer_people(planner: Run, tmp_path: Path, where: dict[str, str]) -> None:
    people = {"rooms": 2, "nurses": 2}
    needs = {"injection": {"rooms": 1, "nurses": 1}, "evaluation": {"rooms": 1}}
    file = clinic_file(tmp_path, capacity=people, needs=needs)
    for n, hour in enumerate(("08:00", "08:00", "10:00")):
        one = course_file(tmp_path, f"K-{n + 1}", f"{MONDAY} {hour}")
        done = planner("course", "add", one, "--clinic", file, **where)
        assert done.returncode == 0, done.stderr
    full = course_file(tmp_path, "K-4", f"{MONDAY} 08:15")
    assert planner("course", "add", full, "--clinic", file, **where).returncode == 13
    hours = ("close", "one", "--on", "2027-03-08", "--hours", "09:30-11:00", "--reason", "x")
    moves = changed(planner, *hours, "--dry-run", **where)["moves"]
    assert [(one["course"], one["to"][:16]) for one in moves] == [("K-3", "2027-03-08T11:00")]
    fewer = ("close", "one", "--on", "2027-03-08", "--kind", "nurses", "--less", 1, "--reason", "x")
    moves = changed(planner, *fewer, "--dry-run", **where)["moves"]
    assert [one["course"] for one in moves] in (["K-1"], ["K-2"])
    assert moves[0]["to"][:10] == "2027-03-08"
    week = json.loads(planner("clinic", "week", "one", "--on", MONDAY, "--json", **where).stdout)
    assert [len(one["visits"]) for one in week["days"]] == [3, 0, 0, 0, 0, 0, 0]


def test_today_is_the_day_at_the_clinic(planner: Run, tmp_path: Path) -> None:
    """Of two clinics that are 25 hours apart one has always another day than the machine."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    every_day = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "08:00-12:00")
    zones = {"pago": "Pacific/Pago_Pago", "kiri": "Pacific/Kiritimati"}
    today = {name: datetime.now(ZoneInfo(zone)).date() for name, zone in zones.items()}
    for name, zone in zones.items():
        file = clinic_file(tmp_path, id=name, name=name, timezone=zone, opening=every_day)
        for days, course in ((1, f"{name}-past"), (0, f"{name}-now")):
            on = today[name] - timedelta(days=days)
            added = course_file(tmp_path, course, f"{on} 08:00")
            done = planner("course", "add", added, "--clinic", file, **where)
            assert done.returncode == 0, done.stderr
        work = json.loads(planner("clinic", "work", name, "--json", **where).stdout)
        assert [one["course"] for one in work["overdue"]] == [f"{name}-past"]
        week = json.loads(planner("clinic", "week", name, "--json", **where).stdout)
        assert str(today[name]) in [one["date"] for one in week["days"]]
        # Nobody comes on a day that is over.
        over = [one for one in week["days"] if one["date"] < str(today[name])]
        assert [one["room_for"] for one in over] == [0] * len(over)
        later = ("week", name, "--on", str(today[name] + timedelta(days=7)), "--json")
        coming = json.loads(planner("clinic", *later, **where).stdout)["days"]
        assert all(one["room_for"] > 0 for one in coming)
        past = ("week", name, "--on", str(today[name] - timedelta(days=7)), "--json")
        gone = json.loads(planner("clinic", *past, **where).stdout)["days"]
        assert not any(one["room_for"] for one in gone)
        told = planner("course", "list", "--clinic", name, **where).stdout
        assert f"not recorded since {today[name] - timedelta(days=1)}" in told
        assert f"next {today[name]}" in told
    due = json.loads(planner("course", "due", "--json", **where).stdout)
    assert (due["from"], due["to"]) == (str(today["pago"]), str(today["kiri"]))
    due = json.loads(planner("course", "due", "--week", "--json", **where).stdout)
    after = today["kiri"] + timedelta(days=6)
    assert (due["from"], due["to"]) == (str(today["pago"]), str(after))


REFUSED = [
    # the call, its exit code, what is said
    (("close", "two", "--on", "2027-03-08", "--reason", "x"), 13, 'no clinic "two"'),
    (("close", "on", "--on", "2027-03-08", "--reason", "x"), 13, "did you mean one?"),
    (("open", "on", "--on", "2027-03-08", "--reason", "x"), 13, "did you mean one?"),
    (("close", "one", "--on", "2027-13-08", "--reason", "x"), 10, "--on"),
    (("close", "one", "--on", "2027-03-08", "--to", "2027-03-01", "--reason", "x"), 2, "--to"),
    (("close", "one", "--on", "2027-03-08", "--hours", "9-12", "--reason", "x"), 10, "--hours"),
    (("close", "one", "--on", "2027-03-08", "--kind", "nurses", "--less", 1, "--reason", "x"),
     13, "does not count its nurses"),
    (("close", "one", "--on", "2027-03-08", "--kind", "rooms", "--less", 2, "--reason", "x"),
     13, "it has 1 rooms"),
    (("close", "one", "--on", "2027-03-08", "--kind", "rooms", "--reason", "x"), 2, "--less"),
    (("open", "one", "--on", "2027-03-09", "--reason", "x"), 13, "it is not closed then"),
    (("slots", "one", "--from", "2027-03-08", "--to", "2029-03-08"), 10, "366 days"),
    (("week", "one", "--out", "week.png"), 2, "no kind of drawing"),
    (("show", "on"), 13, "did you mean one?"),
    (("told", "one", "--course", "K-1", "--how", "phone"), 13, "nothing to tell"),
]  # fmt: skip


def test_a_drawing_of_a_week_goes_over_no_other_file(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for name in ("week.svg", "week.pdf"):
        (tmp_path / name).write_text("mine")
        done = planner("clinic", "week", "one", "--on", MONDAY, "--out", name, **where)
        assert (done.returncode, "choose another name" in done.stderr) == (13, True), done.stderr
        assert (tmp_path / name).read_text() == "mine"
    names = {one.name for one in tmp_path.iterdir()}
    assert not {one for one in names if one.startswith(".")}


def test_what_cannot_be_is_refused(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    for call, code, said in REFUSED:
        done = planner("clinic", *call, **where)
        assert (done.returncode, said in done.stderr) == (code, True), (call, done.stderr)
    assert (
        len(json.loads(planner("clinic", "show", "one", "--json", **where).stdout)["events"]) == 1
    )


def test_a_clinic_is_put_once_and_followed_by_all(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    names = filled(planner, tmp_path, where, 3)
    other = clinic_file(tmp_path, "two.toml", phone="+45 1")
    refused = planner("course", "add", course_file(tmp_path, "K-9", f"{MONDAY} 11:00"),
                      "--clinic", other, **where)  # fmt: skip
    assert refused.returncode == 13
    assert "the register has clinic one otherwise (version 1)" in refused.stderr
    by_id = course_file(tmp_path, "K-9", f"{MONDAY} 11:00")
    assert planner("course", "add", by_id, "--clinic", "one", **where).returncode == 0
    same = planner("clinic", "put", clinic_file(tmp_path), "--reason", "x", **where)
    assert (same.returncode, "version 1 of clinic one already" in same.stderr) == (13, True)
    named = changed(planner, "put", other, "--reason", "a phone", **where)
    assert (named["version"], named["moves"]) == (2, [])
    shown = json.loads(planner("course", "show", names[0], "--json", **where).stdout)
    assert shown["plan"]["clinic"]["phone"] == "+45 1"
    back = planner("clinic", "put", clinic_file(tmp_path), "--reason", "x", **where)
    assert (back.returncode, "what the clinic had before" in back.stderr) == (12, True)
    zone = clinic_file(tmp_path, "z.toml", timezone="Europe/Berlin")
    assert planner("clinic", "put", zone, "--reason", "x", **where).returncode == 13
    shorter = clinic_file(tmp_path, "s.toml", phone="+45 1",
                          opening=dict.fromkeys(HOURS, "08:30-12:00"))  # fmt: skip
    moved = changed(planner, "put", shorter, "--reason", "later", "--confirm", "told", **where)
    # K-1 began at 08:00: each of its visits stands later that day now.
    assert {one["course"] for one in moved["moves"]} == {"K-1"}
    assert all(one["from"][:10] == one["to"][:10] for one in moved["moves"])
    assert planner("course", "check", **where).returncode == 0


def test_another_syringe_is_asked_and_listed(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    coarse = clinic_file(tmp_path, "c.toml")
    coarse.write_text(coarse.read_text() + "[[syringe]]\ncapacity_ml = 3\ngraduation_ml = 0.1\n")
    put = ("put", coarse, "--reason", "new syringes")
    asked = planner("clinic", *put, **where)
    assert asked.returncode == 12
    assert "of 3\u00a0mL" in asked.stderr
    made = changed(planner, *put, "--confirm", "checked", **where)
    assert {(one["course"], one["visit"]) for one in made["draw_ups"]} == {
        (f"K-{n}", visit) for n in (1, 2) for visit in (1, 2, 3, 4)
    }
    shown = json.loads(planner("course", "show", "K-1", "--json", **where).stdout)
    first = shown["plan"]["visits"][0]["syringes"][0]
    assert (first["capacity_ml"], first["graduation_ml"]) == (3, 0.1)
    assert planner("course", "check", **where).returncode == 0


@pytest.mark.hazard("wrong-strength")
def test_a_stock_that_is_too_weak_is_told_before_it_is_put(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    weak = clinic_file(tmp_path, "w.toml")
    weak.write_text(weak.read_text() + "[stock]\nstrength_mg_per_ml = 100\nvial_ml = 10\n")
    put = ("put", weak, "--reason", "another supplier")
    asked = planner("clinic", *put, **where)
    assert asked.returncode == 12
    told = "the stock has 100\u00a0mg/mL, the protocol needs 150\u00a0mg/mL"
    assert [f"course K-{n}: {told}" in asked.stderr for n in (1, 2)] == [True, True]
    assert f"stock-too-weak: {told}" in planner("clinic", *put, "--dry-run", **where).stdout
    found = changed(planner, *put, "--dry-run", **where)["findings"]
    assert [(one["course"], one["code"]) for one in found] == [
        ("K-1", "stock-too-weak"), ("K-2", "stock-too-weak")
    ]  # fmt: skip
    by_number = planner("clinic", *put, **where, PLANNER_ROLE="administrator")
    assert "the stock is weaker than the protocol's strength (2 courses)" in by_number.stderr
    assert "K-1" not in by_number.stderr


def test_a_register_keeps_several_clinics_apart(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    other = clinic_file(tmp_path, "other.toml", id="two", name="Two")
    dry = ("put", other, "--reason", "x", "--dry-run")
    empty = {**where, "PLANNER_DATABASE": str(tmp_path / "none.db")}
    assert changed(planner, *dry, **empty)["version"] == 1
    assert not (tmp_path / "none.db").exists()
    assert changed(planner, "put", other, "--reason", "x", **where)["version"] == 1
    file = course_file(tmp_path, "T-1", f"{MONDAY} 08:00")
    assert planner("course", "add", file, "--clinic", "two", **where).returncode == 0
    listed = json.loads(planner("clinic", "list", "--json", **where).stdout)
    assert listed == [{"clinic": "one", "version": 1}, {"clinic": "two", "version": 1}]
    there = planner("course", "list", "--clinic", "two", "--json", **where)
    assert [one["course"] for one in json.loads(there.stdout)] == ["T-1"]
    assert changed(planner, *CLOSE, "--confirm", "x", **where)["moves"]
    week = ("week", "two", "--on", "2027-03-08", "--json")
    days = json.loads(planner("clinic", *week, **where).stdout)["days"]
    assert [one["course"] for one in days[0]["visits"]] == ["T-1"]
    # To an administrator, who reads no courses, what moves is a number.
    admin = {**where, "PLANNER_ROLE": "administrator"}
    call = ("close", "one", "--on", "2027-03-15", "--reason", "x", "--dry-run")
    assert changed(planner, *call, **admin)["visits"] == {"moved": 2}
    assert "K-1" not in planner("clinic", *call[:-1], **admin).stderr


def test_what_finds_no_day_is_named_with_free_times(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    week = ("close", "one", "--on", "2027-03-06", "--to", "2027-03-10", "--reason", "painters")
    done = changed(planner, *week, "--confirm", "so it is", **where)
    (left,) = done["without_day"]
    assert (left["course"], left["visit"], left["due"]) == ("K-1", 2, "2027-03-08")
    assert len(left["free"]) == 3
    work = json.loads(planner("clinic", "work", "one", "--on", MONDAY, "--json", **where).stdout)
    assert [one["visit"] for one in work["without_day"]] == [2]
    everything = ("close", "one", "--on", MONDAY, "--to", "2027-12-31", "--reason", "gone")
    asked = planner("clinic", *everything, **where)
    assert asked.returncode == 12
    assert asked.stderr.count("finds no day") == 5


def test_a_closure_in_the_past_asks_what_was_not_recorded(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2, "2025-03-03")
    past = ("close", "one", "--on", "2025-03-10", "--reason", "was ill")
    asked = planner("clinic", *past, **where)
    assert asked.returncode == 12
    assert asked.stderr.count("was not recorded") == 2
    dry = planner("clinic", *past, "--dry-run", **where).stdout
    assert "visit 2    2025-03-10 08:00  was not recorded" in dry
    assert changed(planner, *past, "--confirm", "they came later", **where)["moves"] == []


def test_what_is_over_and_not_recorded_stays_where_it_was(planner: Run, tmp_path: Path) -> None:
    """Longer visits would not fit in there any more: nothing is laid out before now."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    monday = date.today() - timedelta(days=date.today().weekday() + 7)
    filled(planner, tmp_path, where, 2, f"{monday}")
    before = starts(planner, "K-1", where)
    longer = clinic_file(tmp_path, "l.toml", minutes={"injection": 130, "evaluation": 20})
    put = ("put", longer, "--reason", "a new way")
    asked = planner("clinic", *put, **where)
    assert asked.returncode == 12
    assert f"visit 1 on {monday} 08:00 was not recorded" in asked.stderr
    made = changed(planner, *put, "--confirm", "so it is", **where)
    over = [n for n, start in before.items() if start < f"{date.today()}"]
    after = starts(planner, "K-1", where)
    assert {n: after[n] for n in over} == {n: before[n] for n in over}
    assert not {one["visit"] for one in made["moves"] if one["course"] == "K-1"} & {*over}


def test_two_who_close_at_once_and_what_the_first_did(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    register = open_database(str(tmp_path / "r.db"))
    with register.reading() as connection:
        seen = find_place(connection, "one")
    assert changed(planner, *CLOSE, "--confirm", "x", **where)["moves"]
    with register.reading() as connection:
        now = find_place(connection, "one")
    with pytest.raises(MovedOnError, match=r"closed by Dr A. Holm: ill"):
        clinics._check_not_moved_on("one", seen, now)
    author = Author("Ms C", datetime.now(UTC), "x", "yes", "nurse")
    with pytest.raises(Exception, match="as nurse you may not"):
        clinics.close_clinic(register, "one", Closure(date(2027, 4, 5), date(2027, 4, 5)), author)


@pytest.mark.hazard("double-booking")
def test_eight_at_once_leave_a_clinic_whole(
    fresh_planner: Run, planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 4)
    clinic_file(tmp_path)
    days = [f"2027-03-{day:02}" for day in (8, 9, 10, 11, 12, 15, 16, 17)]

    def one(n: int) -> int:
        if n % 2:
            file = course_file(tmp_path, f"N-{n}", f"2027-03-{2 + n // 2:02} 08:00")
            return fresh_planner("course", "add", file, "--clinic", "one", **where).returncode
        call = ("close", "one", "--on", days[n], "--reason", "x", "--confirm", "y")
        return fresh_planner("clinic", *call, **where).returncode

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(one, range(8)))
    assert set(codes) <= {0, 13}, codes
    assert 0 in codes
    done = planner("course", "check", **where)
    assert done.returncode == 0
    assert "more visits than room" not in done.stdout


@pytest.mark.hazard("crash-in-the-middle")
def test_killed_it_is_all_or_nothing(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    roomy = clinic_file(tmp_path, capacity=8)
    number = 40 if MOMENTS > 4 else 12
    for n in range(number):
        file = course_file(tmp_path, f"K-{n}", f"{MONDAY} {8 + n // 16:02}:{15 * (n // 4 % 4):02}")
        assert planner("course", "add", file, "--clinic", roomy, **where).returncode == 0
    untouched = {path: path.read_bytes() for path in tmp_path.glob("r.db*")}
    command = [sys.executable, "-m", "planner", "clinic", *CLOSE, "--confirm", "y"]
    environment = {**os.environ, **where}
    began = time.perf_counter()
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    seconds, chance, seen = time.perf_counter() - began, random.Random(4), set()
    for _ in range(MOMENTS):
        for left in tmp_path.glob("r.db*"):
            left.unlink()
        for path, content in untouched.items():
            path.write_bytes(content)
        child = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=-3, stderr=-3)
        time.sleep(chance.uniform(0.3, 1.05) * seconds)
        child.send_signal(signal.SIGKILL)
        child.wait()
        week = planner("clinic", "week", "one", "--on", "2027-03-08", "--json", **where)
        visits = [len(one["visits"]) for one in json.loads(week.stdout)["days"]]
        assert visits[0] in (0, number)
        assert sum(visits) == number
        seen.add(visits[0])
    assert planner("course", "check", **where).returncode == 0
    assert number in seen


def test_a_day_is_printed_recorded_and_told(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 3, "2025-03-03")
    # Where the papers cannot be kept, no page counts as made.
    (tmp_path / "file").touch()
    failed = planner("clinic", "day", "one", "--on", "2025-03-03", "--out", "file", **where)
    assert failed.returncode == 14
    assert "documents" not in planner("course", "history", "K-1", **where).stdout
    done = planner("clinic", "day", "one", "--on", "2025-03-03", "--out", "day", **where)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "day").iterdir()} == {
        "day-list.pdf", "worksheets.pdf", "labels.pdf"
    }  # fmt: skip
    revision = json.loads(planner("course", "show", "K-1", "--json", **where).stdout)["revision"]
    assert revision == 0
    assert "documents" in planner("course", "history", "K-1", **where).stdout
    # As planned, the vial's lot and expiry; the next ones as before; the last one was missed.
    typed = "p\n7A12\n2026-01\np\n\n\nm\nsnow\n"
    recorded = planner("clinic", "record", "one", "--on", "2025-03-03", INPUT=typed, **where)
    assert recorded.returncode == 0, recorded.stderr
    assert recorded.stdout.endswith("3 visits of 3 recorded\n")
    shown = json.loads(planner("course", "show", "K-2", "--json", **where).stdout)
    assert shown["plan"]["visits"][0]["injections"][0]["given"]["lot"] == "7A12"
    again = planner("clinic", "record", "one", "--on", "2025-03-03", INPUT="", **where)
    assert again.stdout == "0 visits of 0 recorded\n"


def test_a_days_pages_tell_of_that_day_alone(planner: Run, tmp_path: Path) -> None:
    """Nobody is called about a visit of which no page was made."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    day = planner("clinic", "day", "one", "--on", MONDAY, "--out", "day", **where)
    assert day.returncode == 0, day.stderr
    assert changed(planner, *CLOSE, "--confirm", "y", **where)["moves"]
    assert changed(planner, "work", "one", **where)["to_tell"] == []
    call = ("close", "one", "--on", MONDAY, "--reason", "ill", "--confirm", "y")
    changed(planner, *call, **where)
    assert [one["visit"] for one in changed(planner, "work", "one", **where)["to_tell"]] == [1]


def test_whom_to_call_is_listed_until_somebody_did(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    assert planner("course", "documents", "K-1", "--out", "k1", **where).returncode == 0
    assert changed(planner, *CLOSE, "--confirm", "y", **where)["moves"]
    made = planner("clinic", "papers", "one", "--out", "changed", **where)
    assert made.returncode == 0, made.stderr
    head, *rows = (tmp_path / "changed/calls.csv").read_text().splitlines()
    assert head == "course,patient,name,visit,was,now,reason"
    # Nobody told the patient of K-2 yet.
    assert [row.split(",")[0] for row in rows] == ["K-1"]
    assert (tmp_path / "changed/K-1/plan.json").exists()
    told = ("told", "one", "--course", "K-1", "--how", "by phone, agreed")
    assert planner("clinic", *told, **where).returncode == 0
    planner("clinic", "papers", "one", "--out", "again", **where)
    assert (tmp_path / "again/calls.csv").read_text().splitlines() == [head]
    assert "by phone, agreed" in planner("course", "history", "K-1", **where).stdout
    assert planner("course", "check", **where).returncode == 0


def test_who_waits_gets_days_in_the_order_of_the_list(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 6)
    for name in ("W-1", "W-2", "W-3"):
        file = course_file(tmp_path, name, None)
        call = ("wait", "one", file, "--not-before", MONDAY, "--by-date", MONDAY)
        assert planner("clinic", *call, **where).returncode == 0
    assert "W-1" not in planner("course", "list", **where).stdout
    again = planner("clinic", "wait", "one", course_file(tmp_path, "W-1", None), **where)
    assert (again.returncode, "on the waiting list" in again.stderr) == (13, True)
    dry = changed(planner, "book", "one", "--dry-run", **where)
    assert dry == changed(planner, "book", "one", **where)
    # Eight visits fit into a morning; the third has no room on its only day.
    assert [(one["course"], one["first_visit"][:16]) for one in dry["booked"]] == [
        ("W-1", f"{MONDAY}T11:00"), ("W-2", f"{MONDAY}T11:30")
    ]  # fmt: skip
    assert dry["waiting"] == ["W-3"]
    left = json.loads(planner("clinic", "waiting", "one", "--json", **where).stdout)
    assert [one["course"] for one in left] == ["W-3"]
    assert planner("course", "check", **where).returncode == 0
    gone = planner("patient", "erase", "P-W-3", **where)
    assert "What remains: nothing." in gone.stdout
    assert gone.returncode == 0, gone.stderr
    assert json.loads(planner("clinic", "waiting", "one", "--json", **where).stdout) == []


def test_told_visits_make_room_only_where_that_is_allowed(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 8)
    # Moved onto the second Tuesday of the others: that morning is full, first visits are told.
    for n in range(8):
        assert (
            planner("course", "documents", f"K-{n + 1}", "--out", f"d{n}", **where).returncode == 0
        )
    for day in ("2027-03-07", "2027-03-09", "2027-03-10", "2027-03-06"):
        call = ("close", "one", "--on", day, "--reason", "x", "--confirm", "y")
        assert planner("clinic", *call, **where).returncode == 0
    file = course_file(tmp_path, "W-1", None)
    call = ("wait", "one", file, "--not-before", "2027-03-02", "--by-date", "2027-03-02")
    assert planner("clinic", *call, **where).returncode == 0
    # Its second visit is due on the 9th: only the 8th and the 11th are open, the 8th is full.
    assert changed(planner, "book", "one", "--dry-run", **where)["booked"] != []


def test_who_makes_room_finds_room_that_others_make(
    planner: Run, tmp_path: Path, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One visit a day: Monday's fourth injection can go to Wednesday if that goes to Friday."""
    half_hours = dict.fromkeys(HOURS, "08:00-08:30")
    clinic = clinic_file(tmp_path, opening=half_hours)
    for n, day in enumerate(("2027-03-01", "2027-03-02", "2027-03-03", "2027-03-04")):
        file = course_file(tmp_path, f"K-{n + 1}", f"{day} 08:00")
        added = planner("course", "add", file, "--clinic", clinic, **where)
        assert added.returncode == 0, added.stderr
    monday = ("--not-before", "2027-03-22", "--by-date", "2027-03-22")
    waits = planner("clinic", "wait", "one", course_file(tmp_path, "W-1", None), *monday, **where)
    assert waits.returncode == 0, waits.stderr
    call = ("book", "one", "--may-move", "3")
    assert changed(planner, "book", "one", "--dry-run", **where)["booked"] == []
    with monkeypatch.context() as nearest:
        nearest.setattr(waiting, "MOST_FURTHER", 0)
        register, who = open_database(where["PLANNER_DATABASE"]), Author("Dr A", datetime.now(UTC))
        no_chain = waiting.book(register, "one", who, waiting.FirstDays(), may_move=3, is_dry=True)
    assert no_chain.courses == ()
    found = changed(planner, *call, "--confirm", "called", **where)
    assert [one["first_visit"][:16] for one in found["booked"]] == ["2027-03-22T08:00"]
    moves = {(one["course"], one["visit"]): one["to"][:10] for one in found["moves"]}
    assert moves["K-1", 4] == "2027-03-24"
    assert moves["K-3", 4] == "2027-03-26"
    done = planner("course", "check", **where)
    assert (done.returncode, "more visits than room" in done.stdout) == (0, False), done.stdout


def test_what_is_offered_is_free_once_all_is_moved(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    """Second visits of a week that closes: some find a day, the rest is offered what is left."""
    names = filled(planner, tmp_path, where, 8)
    names += filled_at(planner, tmp_path, where, "2027-03-03")
    call = ("close", "one", "--on", "2027-03-08", "--to", "2027-03-10", "--reason", "water")
    done = changed(planner, *call, "--confirm", "y", **where)
    taken = {start for name in names for start in starts(planner, name, where).values()}
    offered = [one[:16] for left in done["without_day"] for one in left["free"]]
    assert done["moves"]
    assert offered
    assert not taken & set(offered)


def filled_at(planner: Run, folder: Path, where: dict[str, str], day: str) -> list[str]:
    """Two more courses that begin on a day."""
    names = ["N-1", "N-2"]
    for name, hour in zip(names, ("08:00", "08:30"), strict=True):
        file = course_file(folder, name, f"{day} {hour}")
        assert planner("course", "add", file, "--clinic", "one", **where).returncode == 0
    return names


@pytest.mark.hazard("double-booking")
def test_a_new_version_gives_no_visit_a_time_unseen(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    """Two visits lost their day; it is open again when all is drawn up anew, and one moves."""
    names = filled(planner, tmp_path, where, 2)
    week = ("one", "--on", "2027-03-06", "--to", "2027-03-10", "--reason", "water")
    assert changed(planner, "close", *week, "--confirm", "y", **where)["without_day"]
    changed(planner, "open", *week, **where)
    before = {one: starts(planner, one, where) for one in names}
    assert all(times[2] == "no day" for times in before.values())
    file = clinic_file(tmp_path, closed=["2027-03-15"])
    file.write_text(file.read_text() + "[[syringe]]\ncapacity_ml = 2\ngraduation_ml = 0.1\n")
    done = changed(planner, "put", file, "--reason", "new syringes", "--confirm", "y", **where)
    told = {(one["course"], one["visit"]): (one["to"] or "no day")[:16] for one in done["moves"]}
    assert {visit for _, visit in told} == {3}
    for name in names:
        wanted = {n: told.get((name, n), was[:16]) for n, was in before[name].items()}
        assert starts(planner, name, where) == wanted
    checked = planner("course", "check", **where)
    assert (checked.returncode, "more visits than room" in checked.stdout) == (0, False)


def test_new_syringes_say_nothing_of_what_was_given(planner: Run, tmp_path: Path) -> None:
    """12.5 mg cannot be drawn in them any more; it was given, and its papers are not waited for."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    file = course_file(tmp_path, "K-1", f"{MONDAY} 08:00", [12.5, 60, 60, 60])
    added = planner("course", "add", file, "--clinic", clinic_file(tmp_path), **where)
    assert added.returncode == 0, added.stderr
    given = ("give", "K-1", "--visit", "1", "--as-planned", "--confirm", "said early")
    assert planner("course", *given, **where).returncode == 0
    coarse = clinic_file(tmp_path)
    coarse.write_text(coarse.read_text() + "[[syringe]]\ncapacity_ml = 2\ngraduation_ml = 0.2\n")
    changed(planner, "put", coarse, "--reason", "new", "--confirm", "y", **where)
    papers = planner("course", "documents", "K-1", "--out", "d", **where)
    assert papers.returncode == 0, papers.stderr
    # Once it is to come again it is in the way.
    undone = planner("course", "undo", "K-1", "--reason", "slip", "--confirm", "y", **where)
    assert undone.returncode == 0, undone.stderr
    papers = planner("course", "documents", "K-1", "--out", "e", **where)
    assert papers.returncode == 12
    assert "dose-not-drawable" in papers.stderr


@pytest.mark.hazard("stale-paper")
def test_a_patient_without_a_letter_gets_one_whatever_was_printed(
    planner: Run, tmp_path: Path
) -> None:
    """A day's papers are out, and nobody told the patient; later the letter is older than they."""
    url = str(tmp_path / "r.db")
    where = {**BY, "PLANNER_DATABASE": url}
    filled(planner, tmp_path, where, 1, day="2026-11-02")

    def papers_after(*changes: Sequence[object]) -> set[str]:
        for call in changes:
            done = planner(*call, **where)
            assert done.returncode == 0, done.stderr
        return {*papers_of(open_database(url), "physician", "K-1")}

    def day(on: str) -> Sequence[object]:
        return ("clinic", "day", "one", "--on", on, "--out", f"day-{on}")

    give = ("course", "give", "K-1", "--as-planned", "--confirm", "late", "--visit")
    assert "appointments.pdf" in papers_after(day("2026-11-02"), (*give, 1))
    documents = ("course", "documents", "K-1", "--out", "K-1")
    assert "appointments.pdf" not in papers_after(documents, (*give, 2))
    move = ("course", "move", "K-1", "--visit", 4, "--to", "2026-11-24 09:00", "--reason", "x")
    assert "appointments.pdf" in papers_after((*move, "--confirm", "x"))
    assert "appointments.pdf" in papers_after(day("2026-11-16"), (*give, 3))


@pytest.mark.hazard("wrong-strength")
def test_a_stock_that_nothing_is_taken_from_stops_no_paper(planner: Run, tmp_path: Path) -> None:
    """All is injected, an evaluation is to come: its letter waits for no vial."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2, day="2026-10-19")
    for visit in (1, 2, 3, 4):
        give = ("course", "give", "K-1", "--visit", visit, "--as-planned", "--confirm", "late")
        assert planner(*give, **where).returncode == 0
    place = clinic_file(tmp_path)
    place.write_text(f"{place.read_text()}[stock]\nstrength_mg_per_ml = 80\nvial_ml = 10\n")
    put = ("put", place, "--reason", "another vial", "--confirm", "told")
    assert {one["course"] for one in changed(planner, *put, **where)["findings"]} == {"K-2"}
    for course, code in (("K-1", 0), ("K-2", 12)):
        done = planner("course", "documents", course, "--out", course, **where)
        assert done.returncode == code, done.stderr


def test_a_letter_says_which_visits_have_no_day(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    call = ("close", "one", "--on", "2027-03-06", "--to", "2027-03-10", "--reason", "water")
    assert changed(planner, *call, "--confirm", "y", **where)["without_day"]
    done = planner("course", "documents", "K-1", "--out", "d", **where)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "d/appointments.pdf", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "No day is set yet for: no. 2. We will call you." in shown.stdout


def made_room(planner: Run, tmp_path: Path, where: dict[str, str], **changes: Any) -> None:
    """A Wednesday of one hour: K-1 has its second injection there, K-2 its first; W-1 waits."""
    clinic = clinic_file(tmp_path, opening=dict.fromkeys(HOURS, "08:00-09:00"), **changes)
    for name, start in (("K-1", "2027-02-24 08:00"), ("K-2", "2027-03-03 08:30")):
        file = course_file(tmp_path, name, start)
        assert planner("course", "add", file, "--clinic", clinic, **where).returncode == 0
    day = ("--not-before", "2027-03-03", "--by-date", "2027-03-03")
    waits = planner("clinic", "wait", "one", course_file(tmp_path, "W-1", None), *day, **where)
    assert waits.returncode == 0, waits.stderr


BOOK = ("book", "one", "--may-move", "2", "--confirm", "called")


def test_who_begins_comes_at_an_hour_that_became_free(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    made_room(planner, tmp_path, where)
    found = changed(planner, *BOOK, **where)
    assert [one["first_visit"][:16] for one in found["booked"]] == ["2027-03-03T08:00"]
    # A first visit was wished on its day: the other patient's second one makes room.
    assert [(one["course"], one["visit"]) for one in found["moves"]] == [("K-1", 2)]
    done = planner("course", "check", **where)
    assert (done.returncode, "more visits than room" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("how", ["restrict", "erase"])
def test_nobody_is_moved_whom_one_may_not_call(
    planner: Run, tmp_path: Path, where: dict[str, str], how: str
) -> None:
    made_room(planner, tmp_path, where)
    said = ("--reason", "asked") if how == "restrict" else ("--force", "--reason", "court")
    assert planner("patient", how, "P-K-1", *said, **where).returncode == 0
    found = changed(planner, *BOOK, **where)
    assert (found["booked"], found["moves"], found["waiting"]) == ([], [], ["W-1"])
    assert planner("course", "check", **where).returncode == 0


def test_a_closed_day_keeps_no_word_with_an_erased_patient(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    erased = planner("patient", "erase", "P-K-1", "--force", "--reason", "court", **where)
    assert erased.returncode == 0
    assert changed(planner, *CLOSE, "--confirm", "she phoned", **where)["moves"]
    assert planner("course", "check", **where).returncode == 0
    exported = planner("course", "export", **where)
    assert "she phoned" not in exported.stdout
    (tmp_path / "e.jsonl").write_text(exported.stdout)
    new = {**BY, "PLANNER_DATABASE": str(tmp_path / "new.db")}
    assert planner("course", "import", tmp_path / "e.jsonl", **new).returncode == 0


@pytest.mark.parametrize("how", ["stopped", "completed"])
def test_an_ending_keeps_no_word_with_an_erased_patient(
    planner: Run, tmp_path: Path, where: dict[str, str], how: str
) -> None:
    """It frees what the course keeps taken, and is all that can be entered."""
    filled(planner, tmp_path, where, 1)
    erased = planner("patient", "erase", "P-K-1", "--force", "--reason", "court", **where)
    assert erased.returncode == 0
    on = f"{date.today()}"
    end = ("end", "K-1", "--as", how, "--on", on, "--reason", "moved away", "--confirm", "away")
    done = planner("course", *end, **where)
    assert done.returncode == 0, done.stderr
    assert planner("course", "check", **where).returncode == 0
    exported = planner("course", "export", **where)
    assert "away" not in exported.stdout
    (tmp_path / "e.jsonl").write_text(exported.stdout)
    new = {**BY, "PLANNER_DATABASE": str(tmp_path / "new.db")}
    assert planner("course", "import", tmp_path / "e.jsonl", **new).returncode == 0


def test_who_is_restricted_holds_nobody_up(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for name in ("W-1", "W-2"):
        call = ("wait", "one", course_file(tmp_path, name, None), "--not-before", MONDAY)
        assert planner("clinic", *call, **where).returncode == 0
    other = course_file(tmp_path, "W-3", None)
    other.write_text(other.read_text().replace("P-W-3", "P-K-1"))
    assert planner("patient", "restrict", "P-K-1", "--reason", "x", **where).returncode == 0
    refused = planner("clinic", "wait", "one", other, **where)
    assert (refused.returncode, "restricted" in refused.stderr) == (13, True)
    assert len(changed(planner, "book", "one", "--confirm", "y", **where)["booked"]) == 2


def test_one_lesion_of_several_that_is_held_waits_as_well(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    clinic = clinic_file(tmp_path)
    file = course_file(tmp_path, "K-1", f"{MONDAY} 08:00")
    lesion = file.read_text()[file.read_text().index("[[lesion]]") :]
    other = lesion.replace('id = "A"', 'id = "B"').replace('"knee"', '"thigh"')
    file.write_text(file.read_text() + other)
    assert planner("course", "add", file, "--clinic", clinic, **where).returncode == 0
    for held, *said in (
        (["A"], "hold", "K-1", "--lesion", "A"),
        (["A", "B"], "hold", "K-1", "--lesion", "B"),
        (["B"], "resume", "K-1", "--lesion", "A"),
    ):
        done = planner("course", *said, "--on", MONDAY, "--reason", "infected", **where)
        assert done.returncode == 0, done.stderr
        there = changed(planner, "work", "one", **where)["held"]
        assert there == [{"course": "K-1", "lesions": held}]
    assert "lesions B" in planner("clinic", "work", "one", **where).stdout
    planner("course", "resume", "K-1", "--on", MONDAY, "--reason", "healed", **where)
    assert changed(planner, "work", "one", **where)["held"] == []


def test_who_is_restricted_is_named_on_no_waiting_list(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    other = course_file(tmp_path, "W-1", None)
    other.write_text(other.read_text().replace("P-W-1", "P-K-1"))
    assert planner("clinic", "wait", "one", other, **where).returncode == 0
    listed: tuple[tuple[tuple[str, ...], list[str]], ...] = (((), []), (("--lift",), ["W-1"]))
    for lift, there in listed:
        planner("patient", "restrict", "P-K-1", *lift, "--reason", "x", **where)
        for found in (
            changed(planner, "waiting", "one", **where),
            changed(planner, "work", "one", **where)["waiting"],
        ):
            assert [one["course"] for one in found] == there


def test_who_only_waits_can_have_that_restricted(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    file = course_file(tmp_path, "W-1", None)
    assert planner("clinic", "wait", "one", file, **where).returncode == 0
    restrict = ("patient", "restrict", "P-W-1", "--reason", "asked")
    assert planner(*restrict, **where).returncode == 0
    assert not changed(planner, "waiting", "one", **where)
    off = planner("clinic", "waiting", "one", "--remove", "W-1", **where)
    assert (off.returncode, "restricted" in off.stderr) == (13, True)
    held = json.loads(planner("patient", "export", "P-W-1", **where).stdout)
    assert [one["id"] for one in held["waiting"]] == ["W-1"]
    assert held["waiting"][0]["first_visit"] is None
    assert planner(*restrict, "--lift", **where).returncode == 0
    assert [one["course"] for one in changed(planner, "waiting", "one", **where)] == ["W-1"]


@pytest.mark.parametrize(
    ("dose", "more", "code"),
    [
        (300, "", "dose-above-observed"),
        # Of a visit, whose day nobody knows yet.
        (60, lesion("B", dose_mg=60) + lesion("C", dose_mg=60), "site-total-above-cases"),
    ],
)
def test_what_a_waiting_course_asks_is_confirmed_in_its_file(
    planner: Run, tmp_path: Path, where: dict[str, str], dose: int, more: str, code: str
) -> None:
    filled(planner, tmp_path, where, 1)
    file = course_file(tmp_path, "W-1", None)
    too_much = file.read_text().replace("dose_mg = 60", f"dose_mg = {dose}") + more
    file.write_text(too_much)
    asked = planner("clinic", "wait", "one", file, **where)
    assert asked.returncode == 12
    assert code in asked.stderr.splitlines()[0]
    block = asked.stderr.partition("[[confirm]]")[2]
    said = f"[[confirm]]{block}".replace('by = ""', 'by = "Dr A. Holm"').replace(
        'reason = ""', 'reason = "seen"'
    )
    # A secretary neither confirms it nor brings somebody's word for it.
    for words, problem in (("", "a secretary cannot confirm it"), (said, "no physician's word")):
        file.write_text(too_much + words)
        refused = planner("clinic", "wait", "one", file, **where, PLANNER_ROLE="secretary")
        assert (refused.returncode, problem in refused.stderr) == (13, True), refused.stderr
        assert not changed(planner, "waiting", "one", **where)
    assert planner("clinic", "wait", "one", file, **where).returncode == 0
    booked = changed(planner, "book", "one", "--confirm", "x", **where)
    assert [one["course"] for one in booked["booked"]] == ["W-1"]


def test_a_course_whose_plan_stops_stays_on_the_list_and_is_named(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for name in ("W-1", "W-2"):
        file = course_file(tmp_path, name, None, 300)
        with file.open("a") as out:
            out.write(confirmation("dose-above-observed", "300 mg", lesion='"A"'))
        done = planner("clinic", "wait", "one", file, **where)
        assert done.returncode == 0, done.stderr
    with open_database(where["PLANNER_DATABASE"]).writing() as connection:
        other = "UPDATE waiting SET content = replace(content, '300 mg', '299 mg')"
        connection.execute(text(f"{other} WHERE course = 'W-1'"))
    booked = changed(planner, "book", "one", **where)
    assert [one["course"] for one in booked["booked"]] == ["W-2"]
    assert booked["waiting"] == ["W-1"]
    (kept,) = booked["kept"]
    assert kept["course"] == "W-1"
    assert kept["by"].startswith("a physician is asked: 300\N{NO-BREAK SPACE}mg")


UNPRINTABLE = "\u738b"


def test_what_no_paper_can_show_is_refused_where_it_comes_in(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    heart = clinic_file(tmp_path, "heart.toml", name=f"One {UNPRINTABLE}", phone="+45 \u260e")
    named = course_file(tmp_path, "W-1", None)
    named.write_text(named.read_text().replace('"P-W-1"', f'"P-W-1"\nname = "Ane {UNPRINTABLE}"'))
    for call, places in (
        (("clinic", "put", heart, "--reason", "x"), ("name", "phone")),
        (("validate", "--clinic", heart), ("name", "phone")),
        (("clinic", "wait", "one", named), ("patient.name",)),
    ):
        done = planner(*call, **where)
        assert done.returncode in (10, 13), done.stdout
        for place in places:
            assert f".toml: {place}: the papers have no letter for" in done.stderr + done.stdout


def test_a_course_that_no_paper_can_show_keeps_nobody_else_from_theirs(
    planner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came in by an earlier version: the others get their papers."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    for module in (planning, courses):
        monkeypatch.setattr(module, "check_printable", lambda _texts: None)
    named = course_text(lesion(), first_visit=f"{MONDAY} 10:00")
    named = named.replace('"P-1"', f'"P-9"\nname = "{UNPRINTABLE}"').replace('"K-1"', '"K-9"')
    follow(open_database(where["PLANNER_DATABASE"]), tmp_path, named, clinic_file(tmp_path))
    day = planner("clinic", "day", "one", "--on", MONDAY, "--out", "day", **where)
    assert day.returncode == 0, day.stderr
    assert "K-9" in day.stderr
    assert "U+738B" in day.stderr
    assert "Visit 1" in " ".join(pages((tmp_path / "day/worksheets.pdf").read_bytes()))
    papers = planner("course", "documents", "K-9", "--out", "out", **where)
    assert (papers.returncode, "patient.name: the papers" in papers.stderr) == (10, True)


def test_a_waiting_course_is_read_at_any_hour(planner: Run, tmp_path: Path) -> None:
    """The first visit of several lesions is longer than what is left of the day."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    register = open_database(where["PLANNER_DATABASE"])
    lesions = "".join(lesion(one, site=one, dose_mg=20) for one in ("elbow", "hip"))
    file = course_file(tmp_path, "W-1", None)
    source = NamedFile("w.toml", (file.read_text() + lesions).encode())
    for hour in range(24):
        now = datetime(2027, 3, 1, hour, 40, tzinfo=UTC)
        author = Author("Dr A. Holm", now)
        found = wait_for(register, "one", source, author, FirstDays(), is_dry=True)
        assert not found.findings


def test_what_moves_of_a_restricted_patient_is_a_number(planner: Run, tmp_path: Path) -> None:
    """Nothing of the patient is named, but somebody has to tell it."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    assert planner("course", "documents", "K-1", "--out", "out", **where).returncode == 0
    assert planner("patient", "restrict", "P-K-1", "--reason", "x", **where).returncode == 0
    said = "1 visit moved of patients whose data is restricted"
    for role in ("secretary", "administrator"):
        asked = planner("clinic", *CLOSE, **where, PLANNER_ROLE=role)
        assert asked.returncode == 12
        assert said in asked.stderr
        assert "K-1" not in asked.stderr
        assert said in planner("clinic", *CLOSE, "--dry-run", **where, PLANNER_ROLE=role).stdout
    made = changed(planner, *CLOSE, "--confirm", "yes", **where)
    assert ([one["course"] for one in made["moves"]], made["hidden"]) == (["K-2"], 1)
    assert f"{said}, and not told to them" in planner("clinic", "work", "one", **where).stdout
    assert changed(planner, "work", "one", **where)["hidden_to_tell"] == 1


def test_who_was_given_a_day_keeps_it(planner: Run, tmp_path: Path, where: dict[str, str]) -> None:
    """Two want the same Tuesday of one visit: the first of the list stays where it was put."""
    clinic = clinic_file(tmp_path, opening=dict.fromkeys(HOURS, "08:00-08:30"))
    file = course_file(tmp_path, "K-1", "2027-03-01 08:00")
    assert planner("course", "add", file, "--clinic", clinic, **where).returncode == 0
    for name, first in (("W-1", "2027-03-01"), ("W-2", "2027-03-02")):
        day = ("--not-before", first, "--by-date", "2027-03-02")
        file = course_file(tmp_path, name, None)
        assert planner("clinic", "wait", "one", file, *day, **where).returncode == 0
    found = changed(planner, *BOOK, **where)
    assert [(one["course"], one["first_visit"][:10]) for one in found["booked"]] == [
        ("W-1", "2027-03-02")
    ]
    assert found["waiting"] == ["W-2"]


def test_a_wanted_hour_at_noon_is_no_hour_of_a_clinic_that_is_closed_then(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    hours = {day: ["08:00-08:30", "13:00-13:30"] for day in HOURS}
    clinic = clinic_file(tmp_path, opening=hours)
    for name, start in (("K-1", "2027-02-24 08:00"), ("K-2", "2027-03-03 13:00")):
        file = course_file(tmp_path, name, start)
        assert planner("course", "add", file, "--clinic", clinic, **where).returncode == 0
    day = ("--not-before", "2027-03-03", "--by-date", "2027-03-03")
    noon = course_file(tmp_path, "W-1", "2027-03-03 12:15")
    assert planner("clinic", "wait", "one", noon, *day, **where).returncode == 0
    found = changed(planner, *BOOK, **where)
    assert [one["first_visit"][:16] for one in found["booked"]] == ["2027-03-03T08:00"]


def test_an_older_register_gets_its_clinics(planner: Run, tmp_path: Path) -> None:
    import sqlite3

    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    before = planner("course", "show", "K-1", "--json", **where).stdout
    with sqlite3.connect(tmp_path / "r.db") as old:
        old.executescript(
            "DROP TABLE waiting; DROP TABLE clinic_events; DROP TABLE clinics;"
            "DROP INDEX ix_courses_clinic; DROP INDEX ix_courses_subscription;"
            "DROP INDEX events_of_holds;"
            "DROP TABLE sessions; DROP TABLE accounts; DROP TABLE kept_forms; DROP TABLE secrets;"
            "DROP TABLE attempts; DROP TABLE audit;"
            + "".join(
                f"ALTER TABLE courses DROP COLUMN {name};"
                for name in ("clinic", "waits", "to_tell", "to_see", "subscription")
            )
            + "UPDATE alembic_version SET version_num = '0002';"
        )
    assert planner("course", "show", "K-1", "--json", **where).stdout == before
    shown = json.loads(planner("clinic", "show", "one", "--json", **where).stdout)
    assert [one["by"] for one in shown["events"]] == ["migration"]
    assert planner("course", "check", **where).returncode == 0
    exported = planner("course", "export", **where).stdout
    (tmp_path / "e.jsonl").write_text(exported)
    copy = {**BY, "PLANNER_DATABASE": str(tmp_path / "copy.db")}
    assert planner("course", "import", tmp_path / "e.jsonl", **copy).returncode == 0
    assert (
        planner("clinic", "show", "one", "--json", **copy).stdout
        == json.dumps(shown, indent=2) + "\n"
    )
    assert planner("course", "export", **copy).stdout == exported


def diluted(planner: Run, folder: Path, where: dict[str, str]) -> None:
    """Two courses of a clinic whose stock is stronger than the protocol's strength."""
    place = clinic_file(folder)
    place.write_text(f"{place.read_text()}[stock]\nstrength_mg_per_ml = 250\nvial_ml = 10\n")
    shin = lesion(site="lower-leg", size_mm=80, dose_mg=275)
    for number in (1, 2):
        text = course_text(shin, first_visit=f"{MONDAY} {7 + number:02}:00")
        file = folder / f"K-{number}.toml"
        file.write_text(text.replace('"K-1"', f'"K-{number}"').replace('"P-1"', f'"P-{number}"'))
        done = planner("course", "add", file, "--clinic", place, **where)
        assert done.returncode == 0, done.stderr


@pytest.mark.hazard("dilution")
def test_what_to_prepare_has_what_is_mixed_and_by_what_it_is_measured(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    """1.2 mL stock + 0.8 mL diluent for each, as the recipe on its worksheet says."""
    diluted(planner, tmp_path, where)
    due = ("course", "due", "--on", MONDAY)
    made = json.loads(planner(*due, "--json", **where).stdout, parse_float=Decimal)["prepare"]
    mixture = {"stock_ml": Decimal("2.4"), "diluent_ml": Decimal("1.6")}
    assert made["diluted"] == [{"stock_mg_per_ml": 250, **mixture}]
    assert made["measuring"] == [
        {"capacity_ml": 1, "count": 2}, {"capacity_ml": 3, "count": 2},
    ]  # fmt: skip
    told = planner(*due, **where).stdout.replace("\u00a0", " ")
    assert "to dilute, visit by visit: 2.4 mL stock of 250 mg/mL + 1.6 mL diluent" in told
    assert "2 syringes of 3 mL to measure that" in told
    done = planner("clinic", "day", "one", "--on", MONDAY, "--out", "day", **where)
    assert done.returncode == 0, done.stderr
    paper = " ".join(pages((tmp_path / "day/day-list.pdf").read_bytes()))
    assert "2.4 mL stock of 250 mg/mL + 1.6 mL diluent" in paper


# What a summary has since its tables are of version 6.
SINCE = {"stock_mg_per_ml", "diluent_ml", "measuring"}
# What each version of the register's tables brought.
BROUGHT = {
    "0004": (
        "DROP INDEX ix_courses_subscription; ALTER TABLE courses DROP COLUMN subscription;"
        "DROP TABLE sessions; DROP TABLE accounts; DROP TABLE kept_forms; DROP TABLE secrets;"
        "DROP TABLE attempts; DROP TABLE audit;"
    ),
    "0005": "DROP INDEX events_of_holds;",
    "0006": "",
}


@pytest.mark.parametrize("version", ["0003", "0004", "0005"])
def test_a_register_of_any_version_since_is_read(
    planner: Run, tmp_path: Path, version: str
) -> None:
    import sqlite3

    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    diluted(planner, tmp_path, where)
    due = ("course", "due", "--on", MONDAY, "--json")
    shown = [planner(*call, **where).stdout for call in (("course", "show", "K-1", "--json"), due)]
    with sqlite3.connect(tmp_path / "r.db") as old:
        for number, summary in old.execute("SELECT number, summary FROM visits").fetchall():
            kept = {key: one for key, one in json.loads(summary).items() if key not in SINCE}
            old.execute(
                "UPDATE visits SET summary = ? WHERE number = ?", (json.dumps(kept), number)
            )
        for since, gone in BROUGHT.items():
            if since > version:
                old.executescript(gone)
        old.execute("UPDATE alembic_version SET version_num = ?", (version,))
    assert planner("course", "show", "K-1", "--json", **where).stdout == shown[0]
    assert planner(*due, **where).stdout == shown[1]
    assert planner("course", "check", **where).returncode == 0


@pytest.mark.hazard("rounding", "wrong-strength")
def test_no_course_comes_into_a_clinic_that_draws_it_up_otherwise(
    planner: Run, tmp_path: Path
) -> None:
    """What `clinic put` asks of a running course, no import takes silently."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    other = {**BY, "PLANNER_DATABASE": str(tmp_path / "other.db")}
    filled(planner, tmp_path, where, 1)
    (tmp_path / "e.jsonl").write_text(planner("course", "export", "K-1", **where).stdout)
    here = clinic_file(tmp_path, "here.toml")
    here.write_text(f"{here.read_text()}[stock]\nstrength_mg_per_ml = 300\nvial_ml = 10\n")
    assert planner("clinic", "put", here, "--reason", "ours", **other).returncode == 0
    done = planner("course", "import", tmp_path / "e.jsonl", **other)
    assert done.returncode == 13
    assert "K-1: clinic one has another stock or other syringes in this register" in done.stderr
    assert json.loads(planner("course", "list", "--json", **other).stdout) == []
    same = clinic_file(tmp_path)
    assert planner("clinic", "put", same, "--reason", "theirs", **other).returncode == 0
    assert planner("course", "import", tmp_path / "e.jsonl", **other).returncode == 0


def test_who_waits_for_another_course_is_not_erased_unforced(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    end = ("course", "end", "K-1", "--as", "stopped", "--on", MONDAY, "--reason", "x")
    assert planner(*end, "--confirm", "x", **where).returncode == 0
    again = course_file(tmp_path, "K-2", None)
    again.write_text(again.read_text().replace('"P-K-2"', '"P-K-1"'))
    assert planner("clinic", "wait", "one", again, **where).returncode == 0
    done = planner("patient", "erase", "P-K-1", **where)
    assert done.returncode == 13
    assert "K-2: it waits at clinic one, and loses its place" in done.stderr
    assert "K-2" in planner("clinic", "waiting", "one", **where).stdout


def test_nobody_comes_in_who_is_born_after_the_first_visit(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    lines = planner("course", "export", **where).stdout
    assert '"birth_date":null' in lines.replace(" ", "")
    later = re.sub('"birth_date": ?null', '"birth_date":"2090-01-01"', lines)
    (tmp_path / "e.jsonl").write_text(later)
    done = planner("course", "import", "e.jsonl", PLANNER_DATABASE=str(tmp_path / "o.db"), **BY)
    assert done.returncode in (10, 13), done.stderr
    assert "born after the first visit" in done.stderr
    assert not (tmp_path / "o.db").exists()


def folder_of(folder: Path, name: str) -> set[str]:
    return {one.name for one in (folder / name).iterdir()}


def test_who_was_told_a_day_that_moved_again_is_called(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    closing = ("close", "one", "--on", MONDAY, "--reason", "ill", "--confirm", "told")
    changed(planner, *closing, "--hours", "08:00-08:30", **where)
    assert planner("course", "documents", "K-1", "--out", "K-1", **where).returncode == 0
    changed(planner, *closing, **where)
    assert planner("clinic", "papers", "one", "--out", "out", **where).returncode == 0
    assert "K-1,P-K-1" in (tmp_path / "out" / "calls.csv").read_text()


def test_a_call_has_the_reasons_of_its_own_visit(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    planner("course", "documents", "K-1", "--out", "K-1", **where)
    closing = ("close", "one", "--on", MONDAY, "--reason", "ill", "--confirm", "told")
    changed(planner, *closing, "--hours", "08:00-08:30", **where)
    move = ("move", "K-1", "--visit", "2", "--to", "2027-03-09 10:00", "--reason", "a journey")
    assert planner("course", *move, **where).returncode == 0
    assert planner("clinic", "papers", "one", "--out", "out", **where).returncode == 0
    rows = [one.split(",") for one in (tmp_path / "out" / "calls.csv").read_text().splitlines()]
    assert [(one[3], one[-1]) for one in rows[1:]] == [("1", "ill"), ("2", "a journey")]
    erased = planner("patient", "erase", "P-K-1", "--force", "--reason", "court", **where)
    assert erased.returncode == 0, erased.stderr
    assert planner("clinic", "papers", "one", "--out", "later", **where).returncode == 0
    assert len((tmp_path / "later" / "calls.csv").read_text().splitlines()) == 1


SINCE: dict[str, tuple[list[tuple[str, ...]], list[tuple[str, str, str]]]] = {
    # what came after the clinic moved visit 2; who is called of which visit, to what day and why
    "nothing": ([], [("2", "2027-03-09", "ill")]),
    "given": ([("give", "--visit", "2", "--as-planned")], []),
    "missed": ([("miss", "--visit", "2")], []),
    "held and released": (
        [("hold", "--on", "2027-03-10"), ("resume", "--on", "2027-03-30")],
        [("2", "2027-03-09", "ill")],
    ),
    "all held": ([("hold", "--on", "2027-03-01")], [("2", "", "ill")]),
    "moved by hand outside its window": (
        [("move", "--visit", "2", "--to", "2027-03-12 10:00")],
        [
            ("2", "2027-03-12", "ill; a journey"),
            ("3", "2027-03-19", "a journey"),
            ("4", "2027-03-26", "a journey"),
        ],
    ),
}


@pytest.mark.parametrize("since", SINCE)
def test_who_is_called_is_called_of_what_moved_and_is_to_come(
    planner: Run, tmp_path: Path, since: str
) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 1)
    planner("course", "documents", "K-1", "--out", "K-1", **where)
    changed(planner, *CLOSE, "--confirm", "told", **where)
    steps, rows = SINCE[since]
    for kind, *more in steps:
        said = () if kind == "give" else ("--reason", "a journey")
        done = planner("course", kind, "K-1", *more, *said, "--confirm", "yes", **where)
        assert done.returncode == 0, done.stderr
    assert called(planner, tmp_path, where) == rows


def called(planner: Run, folder: Path, where: dict[str, str]) -> list[tuple[str, str, str]]:
    """The visits that somebody is called about, each with its day by now and the reason."""
    done = planner("clinic", "papers", "one", "--out", "called", **where)
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader(io.StringIO((folder / "called" / "calls.csv").read_text()))
    found = [(one["visit"], one["now"][:10], one["reason"]) for one in rows]
    told = changed(planner, "work", "one", **where)["to_tell"]
    assert [(f"{one['visit']}", one["now"][:10]) for one in told] == [one[:2] for one in found]
    return found


@pytest.mark.parametrize("held", ["A", "B", None])
def test_who_lost_a_day_to_a_hold_and_a_closure_is_called(
    planner: Run, tmp_path: Path, held: str | None
) -> None:
    """Whatever number the visit has by now: the patient's letter tells of its old day."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    file = course_file(tmp_path, "K-1", f"{MONDAY} 08:00")
    file.write_text(file.read_text() + lesion("B", site="thigh", dose_mg=40))
    done = planner("course", "add", file, "--clinic", clinic_file(tmp_path), **where)
    assert done.returncode == 0, done.stderr
    planner("course", "documents", "K-1", "--out", "K-1", **where)
    hold = ("hold", "K-1", *(("--lesion", held) if held else ()), "--on", "2027-03-09")
    done = planner("course", *hold, "--reason", "infected", "--confirm", "yes", **where)
    assert done.returncode == 0, done.stderr
    closing = (*CLOSE, "--to", "2027-03-10", "--confirm", "told")
    changed(planner, *closing, **where)
    coming = changed(planner, "work", "one", **where)["without_day"]
    numbers = [f"{one['visit']}" for one in coming] or ["2"]
    assert called(planner, tmp_path, where) == [(one, "", "ill") for one in numbers]


def test_longer_visits_are_laid_out_apart(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 2)
    longer = clinic_file(tmp_path, "longer.toml", minutes={"injection": 60})
    asked = planner("clinic", "put", longer, "--reason", "slower", **where)
    assert asked.returncode == 12, asked.stdout
    made = changed(planner, "put", longer, "--reason", "slower", "--confirm", "so be it", **where)
    assert made["moves"]
    assert "more visits than room" not in planner("course", "check", **where).stdout


@pytest.mark.parametrize("answer", ["patient did not come", "pass", "later", "mm"])
def test_only_its_letter_records_a_visit_as_planned(
    planner: Run, tmp_path: Path, where: dict[str, str], answer: str
) -> None:
    filled(planner, tmp_path, where, 1)
    said = {"INPUT": f"{answer}\ns\n"}
    done = planner("clinic", "record", "one", "--on", MONDAY, **where, **said)
    assert "type one letter" in done.stderr
    assert '"kind": "given"' not in planner("course", "show", "K-1", "--json", **where).stdout


@pytest.mark.hazard("double-dose")
def test_of_a_visit_that_was_begun_all_tell_what_is_left(planner: Run, tmp_path: Path) -> None:
    """Who went by what was planned would give a lesion twice."""
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    file, first = course_file(tmp_path, "K-1", "2025-03-03 08:00"), "2025-03-03"
    file.write_text(file.read_text() + lesion("B", site="thigh", dose_mg=40))
    done = planner("course", "add", file, "--clinic", clinic_file(tmp_path), **where)
    assert done.returncode == 0, done.stderr
    give = (
        "give",
        "K-1",
        "--visit",
        "1",
        "--lesion",
        "A",
        "--dose",
        "60",
        "--at",
        f"{first} 08:05",
    )
    assert planner("course", *give, **where).returncode == 0
    assert planner("course", "documents", "K-1", "--out", "K-1", **where).returncode == 0
    events = Calendar.from_ical((tmp_path / "K-1/clinic.ics").read_bytes()).walk("VEVENT")
    told = (str(events[0]["SUMMARY"]), str(events[0]["DESCRIPTION"]))
    assert told == ("K-1, visit 1: injection B: 0.27\u00a0mL at 150\u00a0mg/mL", "B: right thigh")
    assert "injection A: 0.4\u00a0mL, B" in str(events[1]["SUMMARY"])
    asked = planner("clinic", "record", "one", "--on", first, **where, INPUT="s\n").stderr
    assert "planned: B 40\u00a0mg (0.27\u00a0mL)\n" in asked
    rows = planner("agenda", "K-1", "--on", first).stdout
    assert "visit 1: injection B  " in rows


def test_what_is_unlikely_is_asked_for_each_visit_of_a_day(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 2)
    # The first in the future, confirmed; the second asked again, and left.
    said = {"INPUT": "p\n\n\nat the chair\np\n\n\n\n"}
    done = planner("clinic", "record", "one", "--on", MONDAY, **where, **said)
    assert done.returncode == 12
    assert done.stderr.count("asked: ") == 2
    assert "1 visit of 2 recorded" in done.stdout
    assert "left: K-2 visit 1" in done.stderr


def test_a_visit_of_which_nothing_was_given_is_missed_or_named(
    planner: Run, tmp_path: Path
) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2, "2025-03-03")
    # Lesion by lesion, not given; of the first somebody says why, of the second nobody.
    said = {"INPUT": "l\n\n\ninfected\nl\n\n\n\n"}
    done = planner("clinic", "record", "one", "--on", "2025-03-03", **where, **said)
    assert (done.returncode, "1 visit of 2 recorded" in done.stdout) == (12, True), done.stderr
    assert "left: K-2 visit 1" in done.stderr
    last = json.loads(planner("course", "history", "K-1", "--json", **where).stdout)[-1]
    assert (last["kind"], last["reason"]) == ("missed", "infected")


def test_the_work_of_a_clinic_says_who_could_begin(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    planner("clinic", "wait", "one", course_file(tmp_path, "W-1", None), **where)
    assert [
        one["course"] for one in changed(planner, "work", "one", **where)["could_come_earlier"]
    ] == ["W-1"]


def test_a_days_folder_holds_that_day_alone(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for on, names in ((MONDAY, 3), ("2027-03-02", 1)):
        planner("clinic", "day", "one", "--on", on, "--out", "day", **where)
        assert len(folder_of(tmp_path, "day")) == names
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "labels.pdf").write_text("mine")
    done = planner("clinic", "day", "one", "--on", MONDAY, "--out", "own", **where)
    assert done.returncode == 13
    assert (tmp_path / "own" / "labels.pdf").read_text() == "mine"


def test_a_days_page_that_went_stale_has_a_slip(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    planner("clinic", "day", "one", "--on", MONDAY, "--out", "day", **where)
    changed(planner, "close", "one", "--on", MONDAY, "--reason", "ill", "--confirm", "yes", **where)
    planner("clinic", "papers", "one", "--out", "out", **where)
    assert "change-slip.pdf" in folder_of(tmp_path / "out", "K-1")


def test_who_waits_is_exported_taken_off_and_found(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    planner("clinic", "wait", "one", course_file(tmp_path, "W-1", None), **where)
    (tmp_path / "out.jsonl").write_text(planner("course", "export", **where).stdout)
    copy = {**where, "PLANNER_DATABASE": str(tmp_path / "copy.db")}
    assert planner("course", "import", "out.jsonl", **copy).returncode == 0
    assert "W-1" in planner("clinic", "waiting", "one", **copy).stdout
    assert "W-1" in planner("patient", "export", "P-W-1", **where).stdout
    assert "nobody waits" in planner("clinic", "waiting", "one", "--remove", "W-1", **where).stdout
    assert planner("clinic", "waiting", "one", "--remove", "W-1", **where).returncode == 13


def test_a_place_on_a_waiting_list_is_that_of_its_clinic(planner: Run, tmp_path: Path) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    for clinic in ("one", "two"):
        file = clinic_file(tmp_path, f"{clinic}.toml", id=clinic, name=clinic)
        changed(planner, "put", file, "--reason", "first", **where)
    for clinic, place in (("one", 1), ("two", 1), ("one", 2)):
        file = course_file(tmp_path, f"W-{clinic}-{place}", None)
        done = planner("clinic", "wait", clinic, file, **where)
        assert done.stdout.endswith(f"waits at {clinic}, place {place}\n"), done.stderr


def test_who_finds_no_series_on_the_first_day_waits_for_a_later_one(
    planner: Run, tmp_path: Path
) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    shut = clinic_file(tmp_path, closed=["2027-03-15/2027-03-28"])
    changed(planner, "put", shut, "--reason", "first", **where)
    call = ("wait", "one", course_file(tmp_path, "W-1", None), "--not-before", MONDAY)
    done = planner("clinic", *call, "--by-date", "2027-05-07", **where)
    assert done.returncode == 0, done.stderr
    (booked,) = changed(planner, "book", "one", **where)["booked"]
    assert booked["first_visit"][:10] > MONDAY


def test_a_look_at_booking_asks_nothing(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for name in ("W-1", "W-2"):
        file = course_file(tmp_path, name, None)
        file.write_text(file.read_text().replace(f"P-{name}", "P-K-1"))
        planner("clinic", "wait", "one", file, **where)
    assert len(changed(planner, "book", "one", "--dry-run", **where)["booked"]) == 2
    asked = planner("clinic", "book", "one", **where)
    assert asked.returncode == 12
    assert "course W-1: the patient has another running course" in asked.stderr
    wrong = planner("clinic", "book", "one", "--from", "2027-03-02", "--to", MONDAY, **where)
    assert wrong.returncode == 2


def of_patient(file: Path, patient: str, *said: str) -> Path:
    """A course file of a patient who has others."""
    lines = "\n".join([f'id = "{patient}"', *said])
    file.write_text(re.sub(r'id = "P-[^"]*"', lines, file.read_text(), count=1))
    return file


@pytest.mark.hazard("allergy")
def test_what_other_courses_ask_is_no_secretarys_to_answer(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    allergic = of_patient(course_file(tmp_path, "K-9", f"{MONDAY} 09:00"), "P-9", ALLERGY)
    allergic.write_text(allergic.read_text() + confirmation("sulfite-allergy", "stated"))
    assert planner("course", "add", allergic, "--clinic", "one", **where).returncode == 0
    secretary = {**where, "PLANNER_ROLE": "secretary"}
    for name, patient in (("W-9", "P-9"), ("W-1", "P-W"), ("W-2", "P-W")):
        file = of_patient(course_file(tmp_path, name, None), patient)
        assert planner("clinic", "wait", "one", file, **secretary).returncode == 0
    book = ("book", "one", "--confirm", "will call")
    made = changed(planner, *book, **secretary)
    # W-2 waits as well: its patient's W-1 began a moment before.
    assert [one["course"] for one in made["booked"]] == ["W-1"]
    assert made["waiting"] == ["W-9", "W-2"]
    why = {one["course"]: one["by"] for one in made["kept"]}
    assert "a physician is asked: the patient has another running course: K-9" in why["W-9"]
    assert "course K-9 states a sulfite allergy" in why["W-9"]
    assert "course: W-1" in why["W-2"]
    assert "waits on: a physician is asked" in planner("clinic", *book, **secretary).stdout
    assert changed(planner, *book, **where)["waiting"] == []


@pytest.mark.hazard("dead-patients-appointments")
def test_a_dead_patient_is_given_no_day_and_holds_nobody_up(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 1)
    for name, patient in (("A-2", "P-K-1"), ("W-1", "P-W-1")):
        file = of_patient(course_file(tmp_path, name, None), patient)
        assert planner("clinic", "wait", "one", file, **where).returncode == 0
    died = ("end", "K-1", "--as", "died", "--on", "2026-11-02", "--reason", "told")
    done = planner("course", *died, "--confirm", "y", **where)
    assert done.returncode == 0, done.stderr
    third = of_patient(course_file(tmp_path, "A-3", None), "P-K-1")
    refused = planner("clinic", "wait", "one", third, **where)
    assert (refused.returncode, "the patient died" in refused.stderr) == (13, True)
    work = changed(planner, "work", "one", **where)
    assert [one["course"] for one in work["could_come_earlier"]] == ["W-1"]
    made = changed(planner, "book", "one", "--confirm", "y", **where)
    assert [one["course"] for one in made["booked"]] == ["W-1"]
    assert made["kept"] == [{"course": "A-2", "by": "course K-1: the patient died"}]


def test_a_dead_patients_other_course_stops_nobody_elses_papers(
    planner: Run, tmp_path: Path
) -> None:
    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    beside = of_patient(course_file(tmp_path, "R-1", f"{MONDAY} 10:00"), "P-K-1")
    add = ("add", beside, "--clinic", "one", "--confirm", "both")
    assert planner("course", *add, **where).returncode == 0
    died = ("end", "K-1", "--as", "died", "--on", "2026-11-02", "--reason", "told")
    assert planner("course", *died, "--confirm", "y", **where).returncode == 0
    done = planner("clinic", "day", "one", "--on", MONDAY, "--out", "day", **where)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 visit;")
    assert "course R-1: the patient died (course K-1): end it too" in done.stderr
    assert "documents" not in planner("course", "history", "R-1", **where).stdout


def test_a_solver_says_nothing_on_standard_output(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    filled(planner, tmp_path, where, 8)
    hours = dict.fromkeys(HOURS, "10:00-12:00")
    file = clinic_file(tmp_path, "short.toml", opening=hours)
    made = changed(planner, "put", file, "--reason", "short", "--dry-run", **where)
    assert made["moves"]


# What was done before a day is closed to which somebody moved a visit: the visits that then stand
# elsewhere, told so, and nobody else. The first visit is on Tue 8 June 2027, a week from NOW.
def a_lesion_on_the_day_it_was_due(course: Followed) -> None:
    course.move(2, "2027-06-16 10:00")
    course.add_lesion(ELBOW._replace(id="Z"), "2027-06-15")


def the_rest_of_a_visit(course: Followed) -> None:
    give_one(course, 1, "A", "2027-06-08 09:00", confirm="as it was")
    course.move(1, "2027-06-09 10:00")


MOVED_BY_HAND: dict[str, tuple[Callable[[Followed], None], str, str]] = {
    "a lesion beside it": (a_lesion_on_the_day_it_was_due, "2027-06-16", "2027-06-16"),
    "a lesion beside it, and no day": (a_lesion_on_the_day_it_was_due, "2027-06-16", "2027-06-20"),
    "the rest of a visit": (the_rest_of_a_visit, "2027-06-09", "2027-06-09"),
    "the rest of a visit, and no day": (the_rest_of_a_visit, "2027-06-09", "2027-06-20"),
}


def standing(course: Followed) -> dict[Named, datetime]:
    """The times of all that is to come."""
    state = course.now.state
    return {name: start for name, start in state.starts.items() if state.is_to_come(name)}


@pytest.mark.parametrize("name", MOVED_BY_HAND)
def test_a_closed_day_takes_nobody_along_from_the_day_that_a_visit_was_moved_from(
    register: Database, tmp_path: Path, name: str
) -> None:
    do, first, last = MOVED_BY_HAND[name]
    text = course_text(*(lesion(one, dose_mg=30) for one in "AB"), first_visit="2027-06-08 09:00")
    course = follow(register, tmp_path, text, clinic_file(tmp_path))
    do(course)
    before = standing(course)
    closure = Closure(date.fromisoformat(first), date.fromisoformat(last))
    author = Author("Dr A. Holm", NOW, "ill", "yes")
    outcome = clinics.close_clinic(register, "one", closure, author).outcome
    after = standing(course)
    shut = {each for each, start in before.items() if first <= f"{start.date()}" <= last}
    assert {each for each in before if after.get(each) != before[each]} == shut
    assert len(outcome.moves) + len(outcome.without_day) == len({before[each] for each in shut})
    # Nor does anything that happens later bring them together.
    course.make(lambda now: dose_changed(now, "A", Decimal(20), None), confirm="pain")
    assert after.items() <= standing(course).items()
    assert problems(register) == []


def nothing(_course: Followed) -> None:
    """The rest of the visit is left where it is."""


def another_hour(course: Followed) -> None:
    course.move(1, "2027-06-01 16:00")


# What else was done with the rest of a visit of today at 15:00, of which A was given at 13:45; what
# is closed at 14:00 (NOW); and the days or hours at which the rest may stand then.
AFTERNOON = OpeningHours(moment("2027-06-01 14:30").time(), moment("2027-06-01 17:00").time())
BEGUN: dict[str, tuple[Callable[[Followed], None], str, OpeningHours | None, list[str]]] = {
    "hours of today": (nothing, "2027-06-01", AFTERNOON, ["06-01 14:00"]),
    "hours of today, moved there": (another_hour, "2027-06-01", AFTERNOON, ["06-01 17:00"]),
    "today": (nothing, "2027-06-01", None, ["06-02 15:00"]),
    "today, moved there": (another_hour, "2027-06-01", None, ["06-02 16:00"]),
    "today and tomorrow": (nothing, "2027-06-02", None, ["06-03 15:00"]),
    "all days of its window": (nothing, "2027-06-04", None, []),
}


@pytest.mark.parametrize("name", BEGUN)
def test_what_is_left_of_a_visit_is_laid_out_with_all_others(
    register: Database, tmp_path: Path, name: str
) -> None:
    do, last, hours, wanted = BEGUN[name]
    clinic = clinic_file(tmp_path, opening=dict.fromkeys(HOURS, "08:00-18:00"))
    text = course_text(*(lesion(one, dose_mg=30) for one in "AB"), first_visit="2027-06-01 15:00")
    course = follow(register, tmp_path, text, clinic)
    give_one(course, 1, "A", "2027-06-01 13:45", confirm="as it was")
    do(course)
    before = standing(course)
    closure = Closure(date(2027, 6, 1), date.fromisoformat(last), hours)
    author = Author("Dr A. Holm", NOW, "ill", "yes")
    outcome = clinics.close_clinic(register, "one", closure, author).outcome
    after = standing(course)
    rest = Named("B", "injection", 1)
    assert {each for each in before if after.get(each) != before[each]} == {rest}
    assert [f"{on:%m-%d %H:%M}" for each, on in after.items() if each == rest] == wanted
    (told,) = (*outcome.moves, *outcome.without_day)
    assert (told.visit, wall(told.stood), wall(told.to)) == (1, before[rest], after.get(rest))
    # On its own day it is the same visit still; what was done keeps its time, and all else follows.
    (visit,) = (one for one in course.visits if rest in one.names)
    assert (Named("A", "injection", 1) in visit.names) == (hours is not None)
    course.make(lambda now: dose_changed(now, "A", Decimal(20), None), confirm="pain")
    assert after.items() <= standing(course).items()
    assert problems(register) == []


# Which lesions of A, B and C are held, each since when, before days are closed on which a visit of
# all three is due (Tue 15 June); where what is not held stands then, and what is.
HELD: dict[str, tuple[dict[str, str], str, str, str | None]] = {
    "the first": ({"A": "2027-06-16"}, "2027-06-14", "06-16 09:00", None),
    "another one": ({"B": "2027-06-16"}, "2027-06-14", "06-16 09:00", None),
    "two, one after the other": (
        {"A": "2027-06-16", "B": "2027-06-17"}, "2027-06-14", "06-16 09:00", None
    ),
    # A day before the hold is better, if it is further away.
    "one that can come earlier": ({"A": "2027-06-16"}, "2027-06-15", "06-14 09:00", "06-14 09:00"),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_a_visit_comes_without_what_is_held_before_it_has_no_day(
    register: Database, tmp_path: Path, name: str
) -> None:
    holds, first, wanted, of_held = HELD[name]
    text = course_text(*(lesion(one, dose_mg=20) for one in "ABC"), first_visit="2027-06-08 09:00")
    course = follow(register, tmp_path, text, clinic_file(tmp_path))
    course.give(1, "2027-06-08 09:00", confirm="as it was")
    for one, since in holds.items():
        course.hold(since, one)
    before = standing(course)
    closure = Closure(date.fromisoformat(first), date(2027, 6, 15))
    author = Author("Dr A. Holm", NOW, "ill", "yes")
    outcome = clinics.close_clinic(register, "one", closure, author).outcome
    assert [(one.visit, f"{one.to:%m-%d %H:%M}") for one in outcome.moves] == [(2, wanted)]
    assert outcome.without_day == ()
    after = standing(course)
    found = {each: after.get(Named(each, "injection", 2)) for each in "ABC"}
    stands = {each: on and f"{on:%m-%d %H:%M}" for each, on in found.items()}
    waits = next(iter(holds))
    assert (stands["C"], stands[waits]) == (wanted, of_held)
    assert {each for each in before if after.get(each) != before[each]} == {
        Named(each, "injection", 2) for each in "ABC"
    }
    assert problems(register) == []


# What is closed from Mon 21 June on of a visit on Tue 22 June, a week after that of one lesion,
# whose first injection is still open; where it stands then.
LATE = [("2027-06-22", "06-23 09:00"), ("2027-06-23", "06-24 09:00"), ("2027-06-24", None)]


@pytest.mark.parametrize(("last", "wanted"), LATE)
def test_a_visit_keeps_the_windows_that_it_has_not_passed(
    register: Database, tmp_path: Path, last: str, wanted: str | None
) -> None:
    text = course_text(*(lesion(one, dose_mg=30) for one in "AB"), first_visit="2027-06-08 09:00")
    course = follow(register, tmp_path, text, clinic_file(tmp_path))
    give_one(course, 1, "B", "2027-06-15 09:00", confirm="as it was")
    before = standing(course)
    closure = Closure(date(2027, 6, 21), date.fromisoformat(last))
    author = Author("Dr A. Holm", NOW, "ill", "yes")
    clinics.close_clinic(register, "one", closure, author)
    after = standing(course)
    moved = {each for each in before if after.get(each) != before[each]}
    assert moved == {Named(each, "injection", 2) for each in "AB"}
    stands = {f"{after[each]:%m-%d %H:%M}" if each in after else None for each in moved}
    assert stands == {wanted}
    assert problems(register) == []


def test_what_is_confirmed_in_vain_is_named(
    planner: Run, tmp_path: Path, where: dict[str, str]
) -> None:
    file = course_file(tmp_path, "K-1", f"{MONDAY} 08:00")
    with file.open("a") as out:
        out.write(confirmation("dose-above-observed", "300 mg", lesion='"A"'))
    done = planner("course", "add", file, "--clinic", clinic_file(tmp_path), **where)
    assert done.returncode == 0
    assert "The confirmation of dose-above-observed for lesion A is not needed" in done.stderr

"""A clinic of the register: put, closed and opened, for all its courses at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.courses import course_text, lesion

MONDAY = "2027-03-01"
# MOMENTS=30 in the environment kills it at as many.
MOMENTS = int(os.environ.get("MOMENTS", "4"))
HOURS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-12:00")
BY = {"PLANNER_USER": "Dr A. Holm"}


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


REFUSED = [
    # the call, its exit code, what is said
    (("close", "two", "--on", "2027-03-08", "--reason", "x"), 13, "no clinic two"),
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
    assert changed(planner, *past, "--confirm", "they came later", **where)["moves"] == []


def test_two_who_close_at_once_and_what_the_first_did(planner: Run, tmp_path: Path) -> None:
    from datetime import UTC, date, datetime

    from planner.app import clinics
    from planner.app.actors import Author
    from planner.core.calendar.clinic import Closure
    from planner.errors import MovedOnError
    from planner.store.clinics import find_place
    from planner.store.database import open_database

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


def test_an_older_register_gets_its_clinics(planner: Run, tmp_path: Path) -> None:
    import sqlite3

    where = {**BY, "PLANNER_DATABASE": str(tmp_path / "r.db")}
    filled(planner, tmp_path, where, 2)
    before = planner("course", "show", "K-1", "--json", **where).stdout
    with sqlite3.connect(tmp_path / "r.db") as old:
        old.executescript(
            "DROP TABLE waiting; DROP TABLE clinic_events; DROP TABLE clinics;"
            "DROP INDEX ix_courses_clinic;"
            + "".join(
                f"ALTER TABLE courses DROP COLUMN {name};"
                for name in ("clinic", "waits", "to_tell", "to_see")
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

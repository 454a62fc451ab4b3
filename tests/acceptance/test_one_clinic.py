"""A clinic's rooms: the courses of one clinic are laid out around one another, also at once."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from planner.app.patients import restrict
from planner.app.roles import Author
from planner.app.upkeep import import_lines
from planner.core.calendar.occupancy import Busy
from planner.errors import NotConfirmedError, PlannerError, RefusedError, ServiceError
from planner.store.database import Database, open_database
from planner.store.day_list import due_visits, listed_courses
from planner.store.transfer import exported
from planner.store.upkeep import notes
from tests.conftest import Run
from tests.courses import course, course_text, lesion, write
from tests.registers import NOW, Followed, day, follow, problems, silent

Result = TypeVar("Result")

ZONE = ZoneInfo("Europe/Copenhagen")
WEEK = '{ mon = "08:00-16:00", tue = "08:00-16:00", wed = "08:00-16:00", thu = "08:00-16:00",' \
    ' fri = "08:00-16:00" }'  # fmt: skip
FULL = "2026-09-07 09:00"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def clinic(folder: Path, capacity: int = 1, name: str = "One room") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\ntimezone = "Europe/Copenhagen"\nopening = {WEEK}\n'
        f"capacity = {capacity}\n"
    )
    return path


def text(name: str, first_visit: str, lesions: str = "A") -> str:
    """A course of a patient of its own."""
    tables = [lesion(one, dose_mg=50) for one in lesions]
    return course_text(*tables, first_visit=first_visit).replace("K-1", name).replace("P-1", name)


def add(
    register: Database,
    folder: Path,
    name: str = "K-1",
    first_visit: str = FULL,
    where: Path | None = None,
    busy: Sequence[Busy] = (),
) -> Followed:
    own = folder / name
    own.mkdir(exist_ok=True)
    return follow(register, own, text(name, first_visit), where or clinic(folder), busy)


def times(followed: Followed) -> dict[int, str]:
    """The visits that are to come, by their numbers."""
    return {one.number: f"{one.start:%Y-%m-%d %H:%M}" for one in followed.now.plan.coming}


def taken(*starts: str) -> list[Busy]:
    """Half hours that a calendar says are taken."""
    begins = [datetime.fromisoformat(one).replace(tzinfo=ZONE) for one in starts]
    return [Busy(one, one + timedelta(minutes=30)) for one in begins]


def most_at_once(register: Database) -> int:
    """The most visits to come that go on at one moment, counted moment by moment."""
    with register.reading() as connection:
        found = due_visits(connection, day("2026-01-01"), day("2028-01-01"))
    spans = [(one.summary.start, one.summary.end) for one in found]
    spans = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in spans]  # type: ignore[misc]
    return max(sum(a <= start < b for a, b in spans) for start, _ in spans)


def noted(register: Database) -> list[str]:
    assert problems(register) == []
    return list(notes(register, (), silent))


# What comes of a course on Tuesdays at nine (K-2), where another one (K-1, on Mondays at nine,
# with its third visit on Tuesday the 22nd) has the room; each leads to a taken hour: what it
# makes, and the visit that then comes half an hour later.
def added(_followed: Followed, _busy: Sequence[Busy]) -> None:
    """Its third visit is due then."""


def released(followed: Followed, busy: Sequence[Busy]) -> None:
    followed.hold("2026-09-14")
    followed.make_around(busy).resume("2026-09-28")


def with_a_lesion(followed: Followed, busy: Sequence[Busy]) -> None:
    (found,) = course(course_text(lesion("B", dose_mg=50)), followed.now.record.protocol).lesions
    followed.make_around(busy).add_lesion(found, "2026-09-14")


def given_late(followed: Followed, busy: Sequence[Busy]) -> None:
    followed.make_around(busy).give(2, "2026-09-21 13:00")


LAID: dict[str, tuple[Callable[[Followed, Sequence[Busy]], None], int, str]] = {
    "add": (added, 3, "2026-09-22"), "resume": (released, 2, "2026-09-28"),
    "lesion": (with_a_lesion, 7, "2026-09-14"), "give": (given_late, 3, "2026-09-28"),
}  # fmt: skip


@pytest.mark.parametrize("taken_by", ["same clinic", "another clinic", "calendar", "nobody"])
@pytest.mark.parametrize("what", LAID)
@pytest.mark.hazard("double-booking")
def test_what_is_laid_out_is_laid_out_around_what_is_taken(
    register: Database, tmp_path: Path, what: str, taken_by: str
) -> None:
    change, number, on = LAID[what]
    busy = taken(f"{on} 09:00") if taken_by == "calendar" else ()
    if taken_by.endswith("clinic"):
        name = "One room" if taken_by == "same clinic" else "Another one"
        other = add(register, tmp_path, "K-1", FULL, clinic(tmp_path, name=name))
        other.move(3, "2026-09-22 09:00")
    followed = Around(add(register, tmp_path, "K-2", "2026-09-08 09:00", busy=busy))
    if what != "add":
        followed.give(1)
    change(followed, busy)
    is_taken = taken_by in ("same clinic", "calendar")
    assert times(followed)[number] == f"{on} {'09:30' if is_taken else '09:00'}"


class Around(Followed):
    """A course that is changed around what is taken besides."""

    busy: Sequence[Busy] = ()

    def __init__(self, followed: Followed) -> None:
        super().__init__(followed.register, followed.course)

    def make_around(self, busy: Sequence[Busy]) -> Around:
        self.busy = busy
        return self

    def make(self, *makes: Any, **options: Any) -> Any:
        return super().make(*makes, busy=self.busy, **options)


@pytest.mark.hazard("double-booking")
def test_a_first_visit_on_a_full_hour_is_told_where_there_is_room(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    where = clinic(tmp_path)
    database = {"PLANNER_DATABASE": register_url, "PLANNER_USER": "Dr A. Holm"}

    def adding(name: str, first_visit: str) -> tuple[int, str]:
        (tmp_path / name).mkdir()
        file = write(tmp_path / name, text(name, first_visit))
        done = planner("course", "add", file, "--clinic", where, **database)
        return done.returncode, done.stderr

    assert adding("K-1", FULL) == (0, "")
    code, said = adding("K-2", FULL)
    assert code == 13
    near = "2026-09-07 09:30, 2026-09-07 08:30 or 2026-09-07 09:45"
    assert said == (f"error: first_visit: Mon 7 Sep 2026: no room at 09:00; free near it: {near}\n")
    # A closed day is wrong in the file, whoever has the rooms.
    assert adding("K-3", "2026-09-06 09:00")[0] == 10
    assert adding("K-4", "2026-09-08 09:00") == (0, "")
    listed = planner("course", "list", **database).stdout
    assert ("K-2" in listed, "K-3" in listed) == (False, False)
    # Onto a full hour, and onto a closed day.
    for to, exit_code in (("2026-09-14 09:00", 13), ("2026-09-13 09:00", 10)):
        move = ("move", "K-4", "--visit", 2, "--to", to, "--reason", "x")
        done = planner("course", *move, **database)
        assert done.returncode == exit_code, done.stderr
        if exit_code == 13:
            assert TIME.findall(done.stderr) == [
                to, "2026-09-14 09:30", "2026-09-14 08:30", "2026-09-14 09:45"
            ]  # fmt: skip
    busy = tmp_path / "busy.ics"
    busy.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:20260916T080000\r\nDTEND:20260916T120000\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    wednesday = ("move", "K-4", "--visit", 2, "--to", "2026-09-16 09:00", "--reason", "x")
    done = planner("course", *wednesday, "--busy", busy, **database)
    assert (done.returncode, TIME.findall(done.stderr)[1]) == (13, "2026-09-16 12:00")
    assert planner("course", *wednesday, **database).returncode == 0


FAR = [
    # the visit, and a day on which it may be wished
    (1, "2026-08-24"),
    (6, "2029-06-04"),
]


@pytest.mark.parametrize(("visit", "on"), FAR)
@pytest.mark.hazard("double-booking")
def test_a_move_is_held_against_calendars_wherever_it_leads(
    planner: Run, tmp_path: Path, visit: int, on: str
) -> None:
    """Before the first visit of a course, and further than it could be led by itself."""
    where = {"PLANNER_DATABASE": str(tmp_path / "r.db"), "PLANNER_USER": "Dr A. Holm"}
    file = write(tmp_path, text("K-1", FULL))
    assert planner("course", "add", file, "--clinic", clinic(tmp_path), **where).returncode == 0
    busy = tmp_path / "busy.ics"
    day_there = on.replace("-", "")
    busy.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"DTSTAMP:20260101T000000Z\r\nDTSTART:{day_there}T080000\r\nDTEND:{day_there}T120000\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    move = ("move", "K-1", "--visit", visit, "--to", f"{on} 09:00", "--reason", "x")
    done = planner("course", *move, "--confirm", "agreed", "--busy", busy, **where)
    assert (done.returncode, TIME.findall(done.stderr)[1]) == (13, f"{on} 12:00")
    done = planner("course", *move, "--confirm", "agreed", **where)
    assert done.returncode == 0, done.stderr


def ended(followed: Followed) -> None:
    followed.end("stopped", "2026-09-10")


def missed(followed: Followed) -> None:
    followed.miss(1)


def done(followed: Followed) -> None:
    followed.give(1)


def moved(followed: Followed) -> None:
    followed.move(1, "2026-09-07 14:00")


def held(followed: Followed) -> None:
    followed.hold("2026-09-07")


def restricted(followed: Followed) -> None:
    restrict(followed.register, "K-1", Author("Dr A. Holm", NOW, "asked for it"), lift=False)


FREES = {
    ended: True, missed: True, done: True, moved: True, held: True, restricted: False,
}  # fmt: skip


@pytest.mark.parametrize("what", FREES)
@pytest.mark.hazard("double-booking")
def test_who_does_not_come_takes_no_room(
    register: Database, tmp_path: Path, what: Callable[[Followed], None]
) -> None:
    """A restricted patient comes all the same."""
    what(add(register, tmp_path, "K-1"))
    if FREES[what]:
        assert times(add(register, tmp_path, "K-2"))[1] == FULL
    else:
        with pytest.raises(RefusedError, match="no room at 09:00"):
            add(register, tmp_path, "K-2")


@pytest.mark.hazard("double-booking")
def test_twelve_patients_want_one_hour_of_one_room(register: Database, tmp_path: Path) -> None:
    first = []
    for n in range(12):
        placed_in(register, tmp_path, f"K-{n}", clinic(tmp_path))
        first.append(times(Followed(register, f"K-{n}"))[1])
    assert len(set(first)) == 12
    assert most_at_once(register) == 1
    assert noted(register) == []


def placed_in(register: Database, folder: Path, name: str, where: Path) -> str:
    """Add a course at the wanted hour, or at the first that is offered; which it was."""
    wanted = FULL
    for _ in range(100):
        try:
            add(register, folder, name, wanted, where)
        except RefusedError as error:
            wanted = TIME.findall(str(error))[0]
        else:
            return wanted
    raise AssertionError(name)


def in_processes(works: Sequence[Callable[[], object]]) -> list[object]:
    """Do works at once, each in a process of its own: what each gives, or the error's exit code."""
    fork = multiprocessing.get_context("fork")
    started = fork.Barrier(len(works))
    given = fork.SimpleQueue()

    def work(n: int, one: Callable[[], object]) -> None:
        started.wait()
        try:
            given.put((n, one()))
        except PlannerError as error:
            given.put((n, error.exit_code))
        except BaseException as error:
            given.put((n, repr(error)))
            raise

    processes = [fork.Process(target=work, args=(n, one)) for n, one in enumerate(works)]
    for process in processes:
        process.start()
    found = dict(given.get() for _ in processes)
    for process in processes:
        process.join()
    return [found[n] for n in range(len(works))]


def patiently(call: Callable[[], Result]) -> Result:
    """What a call gives; tried again where others hold the database for too long."""
    for _ in range(5):
        with suppress(ServiceError):
            return call()
    return call()


@pytest.mark.hazard("double-booking")
def test_two_that_come_at_once_never_take_one_place(register_url: str, tmp_path: Path) -> None:
    where = clinic(tmp_path)
    open_database(register_url).engine.dispose()

    def take(name: str) -> str:
        return add(open_database(register_url), tmp_path, name, FULL, where).course

    found = in_processes([partial(take, f"K-{n}") for n in range(6)])
    assert sorted(map(str, found))[:5] == ["13"] * 5
    register = open_database(register_url)
    with register.reading() as connection:
        assert [one.course for one in listed_courses(connection)] == [
            one for one in found if one != 13
        ]


@pytest.mark.hazard("double-booking")
def test_of_two_moves_onto_one_free_hour_one_is_made(register_url: str, tmp_path: Path) -> None:
    register = open_database(register_url)
    for name, first in (("K-1", "2026-09-07 09:00"), ("K-2", "2026-09-07 11:00")):
        add(register, tmp_path, name, first)
    register.engine.dispose()

    def move(name: str, to: str) -> str:
        Followed(open_database(register_url), name).move(2, to)
        return name

    for hour in range(9, 14):
        to = f"2026-09-15 {hour:02}:00"
        found = in_processes([partial(move, name, to) for name in ("K-1", "K-2")])
        assert sorted(map(str, found))[0] == "13", (to, found)
        assert len({*map(str, found)}) == 2
        (winner,) = (str(one) for one in found if one != 13)
        assert times(Followed(register, winner))[2] == to


def test_a_fault_in_what_is_worth_a_look_is_no_end_of_the_list(
    register: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(register, tmp_path, "K-1", FULL)
    monkeypatch.setattr("planner.store.upkeep.differences", lambda *_: int("a fault"))
    with pytest.raises(ValueError, match="a fault"):
        list(notes(register, (), silent))


@pytest.mark.hazard("double-booking")
def test_fifty_courses_by_eight_processes_all_have_their_places(
    register_url: str, tmp_path: Path
) -> None:
    where = clinic(tmp_path, capacity=2)
    open_database(register_url).engine.dispose()

    def some(first: int) -> list[tuple[str, str]]:
        """Add every eighth course; then move one visit to where others may want to be too."""
        register, told = open_database(register_url), []
        for n in range(first, 50, 8):
            name = f"K-{n}"
            told.append((name, patiently(lambda: placed_in(register, tmp_path, name, where))))  # noqa: B023
            to = "2026-09-16 10:00"
            for _ in range(50):
                try:
                    patiently(lambda: Followed(register, name).move(2, to))  # noqa: B023
                    break
                except RefusedError as error:
                    to = TIME.findall(str(error))[1]
                except NotConfirmedError:
                    # What is still free is too far from its day: the visit stays where it is.
                    break
        return told

    told = dict(one for each in in_processes([partial(some, n) for n in range(8)]) for one in each)  # type: ignore[attr-defined]
    register = open_database(register_url)
    with register.reading() as connection:
        assert {one.course for one in listed_courses(connection)} == told.keys()
    assert len(told) == 50
    for name, first in told.items():
        visits = times(Followed(register, name))
        assert (len(visits), visits[1]) == (6, first)
    assert most_at_once(register) == 2
    assert [one for one in noted(register) if "more visits than room" in one] == []


@pytest.mark.hazard("double-booking")
def test_what_came_in_beyond_the_room_is_told(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    """It happened, so that it is no fault of the register."""
    lines = []
    for name in ("K-1", "K-2"):
        register = open_database(str(tmp_path / f"{name}.db"))
        add(register, tmp_path, name)
        with register.reading() as connection:
            lines.append(list(exported(connection)))
    register = open_database(register_url)
    for one in lines:
        import_lines(register, Author("A", NOW), iter(one))
    checked = planner("course", "check", "--database", register_url)
    assert checked.returncode == 0
    first, *_ = checked.stdout.splitlines()
    assert first == "note: more visits than room: One room, 2026-09-07 09:00"
    assert checked.stdout.endswith("all courses hold\n")

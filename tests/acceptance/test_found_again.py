"""Finding courses, visits and pages again: the ones that are meant, and never another patient's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLINIC, ROOT, Run, command_in
from tests.courses import SOUND, write

Done = subprocess.CompletedProcess[str]
Course = Callable[..., Done]
BY = {"PLANNER_USER": "Dr A. Holm"}
# Each course, its patient's id, and the hour of its visits.
COURSES = [
    ("K-1", "P-17", "09:00"),
    ("K-2", "P-17", "10:00"),
    ("K-3", "P-171", "11:00"),
    ("P-170", "Q-9", "12:00"),
]


def text_of(name: str, patient: str, hour: str, **of_patient: str) -> str:
    own = "".join(f"\n{key} = {value}" for key, value in of_patient.items())
    text = SOUND.replace('"K-1"', f'"{name}"').replace("09:00", hour)
    return text.replace('id = "P-1"', f'id = "{patient}"{own}')


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of four courses of three patients."""
    folder = tmp_path_factory.mktemp("begun")
    for name, patient, hour in COURSES:
        path = write(folder, text_of(name, patient, hour))
        add = ("course", "add", path, "--clinic", CLINIC, "--confirm", "both knees")
        done = command_in(folder)(*add, **BY)
        assert done.returncode == 0, done.stderr
    return folder / "register.db"


@pytest.fixture
def course(begun: Path, planner: Run, tmp_path: Path) -> Course:
    """`planner course`, in a register of four courses of three patients."""
    shutil.copy(begun, tmp_path)

    def run(*arguments: object) -> Done:
        return planner("course", *arguments, **BY)

    return run


READ_AS = [
    "P-17",
    "p-17",
    " P-17 ",
    "p\u201117 ",
    "P\u2013 17".replace(" ", ""),
    "\uff30-17",
    "\u00a0P-17",
]


@pytest.mark.parametrize("typed", READ_AS)
@pytest.mark.hazard("wrong-patient", "data-leak")
def test_a_patients_id_names_the_courses_of_that_patient_alone(course: Course, typed: str) -> None:
    done = course("show", typed)
    assert (done.returncode, done.stdout) == (13, "")
    assert "this is a patient's id; the patient's courses: K-1, K-2\n" in done.stderr
    for other in ("K-3", "P-170", "P-171", "Q-9"):
        assert other not in done.stderr


OTHERS = [
    # what is typed; what is told of it
    ("P-171", "the patient's courses: K-3"),
    ("q-9", "the patient's courses: P-170"),
    ("P-17x", "did you mean"),
    ("K-11", "did you mean"),
    ("zzz", "see the list of courses (planner course list)"),
]


@pytest.mark.parametrize(("typed", "said"), OTHERS)
def test_what_is_no_patients_id_names_courses_like_it(
    course: Course, typed: str, said: str
) -> None:
    done = course("show", typed)
    assert done.returncode == 13
    assert said in done.stderr
    # The text that was typed is repeated; no patient's id is told beside it.
    assert "P-171" not in done.stderr.replace(f'"{typed}"', "")
    assert course("history", typed).returncode == 13


@pytest.mark.hazard("data-leak")
def test_a_restricted_patients_id_names_no_course(course: Course, planner: Run) -> None:
    restrict = ("patient", "restrict", "P-17", "--reason", "asked")
    assert planner(*restrict, **BY).returncode == 0
    for typed in ("P-17", "p-17 ", "K-12", "K-22"):
        done = course("show", typed)
        assert done.returncode == 13
        for own in ("K-1,", "K-2,", "K-1\n", "K-2\n", "K-1;"):
            assert own not in done.stderr, (typed, done.stderr)
    assert "K-1" not in course("list", "--patient", "P-17").stdout
    lift = ("patient", "restrict", "P-17", "--lift", "--reason", "asked")
    assert planner(*lift, **BY).returncode == 0
    assert "courses: K-1, K-2" in course("show", "P-17").stderr


@pytest.mark.hazard("data-leak")
def test_an_erased_patients_id_names_no_course(course: Course, planner: Run) -> None:
    erase = ("patient", "erase", "P-17", "--force", "--reason", "court order")
    assert planner(*erase, **BY).returncode == 0
    for typed in ("P-17", "p-17 "):
        done = course("show", typed)
        assert done.returncode == 13
        assert "this is a patient's id" not in done.stderr
        assert "K-2" not in done.stderr
    assert "this is a patient's id" not in course("show", "erased").stderr
    assert [one["course"] for one in listed(course, "--patient", "P-17")] == ["K-3"]


def listed(course: Course, *arguments: object) -> Any:
    done = course("list", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_list_is_of_a_status_and_of_a_patient(course: Course) -> None:
    course("give", "K-1", "--visit", 1, "--as-planned")
    course("hold", "K-2", "--on", "2026-09-08", "--reason", "infected")
    course("end", "K-3", "--as", "stopped", "--on", "2026-09-08", "--reason", "moved away")

    def names(*arguments: object) -> list[str]:
        told = course("list", *arguments).stdout
        found = [one["course"] for one in listed(course, *arguments)]
        assert [line.split()[0] for line in told.splitlines() if line] == (found or ["no"])
        return found

    assert names() == ["K-1", "K-2", "K-3", "P-170"]
    for status, expected in (
        ("running", ["K-1"]),
        ("held", ["K-2"]),
        ("ended", ["K-3"]),
        ("planned", ["P-170"]),
    ):
        assert names("--status", status) == expected
    for patient, expected in (
        ("P-17", ["K-1", "K-2", "K-3"]),
        ("p\u2011171 ", ["K-3"]),
        ("P-172", []),
        ("%", []),
        ("_", []),
    ):
        assert names("--patient", patient) == expected
    assert names("--status", "ended", "--patient", "P-17") == ["K-3"]
    assert course("list", "--status", "away").returncode == 2


@pytest.mark.hazard("lost-event")
def test_a_held_course_stays_in_what_is_due(course: Course) -> None:
    on = ("due", "--on", "2026-09-21")
    assert "K-1" in course(*on).stdout
    assert json.loads(course(*on, "--json").stdout)["held"] == []
    course("give", "K-1", "--visit", 1, "--as-planned")
    course("hold", "K-1", "--on", "2026-09-14", "--reason", "infected")
    told, read = course(*on).stdout, json.loads(course(*on, "--json").stdout)
    assert "held, until a physician releases them: K-1" in told
    assert read["held"] == ["K-1"]
    assert "K-1" not in [one["course"] for one in read["visits"]]
    # On a day without any visit as well.
    empty = course("due", "--on", "2026-09-20").stdout
    assert "held, until a physician releases them: K-1" in empty
    course("resume", "K-1", "--on", "2026-09-21", "--reason", "healed")
    assert json.loads(course(*on, "--json").stdout)["held"] == []
    course("hold", "K-1", "--on", "2026-09-21", "--reason", "infected")
    course("end", "K-1", "--as", "stopped", "--on", "2026-09-21", "--reason", "moved away")
    assert json.loads(course(*on, "--json").stdout)["held"] == []


def page_codes(course: Course, name: str) -> dict[str, str]:
    """The codes of a course's pages, made now."""
    done = course("documents", name, "--out", name)
    assert done.returncode == 0, done.stderr
    plan = json.loads(course("show", name, "--json").stdout)["plan"]
    return {one["page"]: one["code"] for one in plan["pages"]}


def events(course: Course, name: str = "K-1") -> int:
    return len(json.loads(course("show", name, "--json").stdout)["history"])


@pytest.mark.hazard("stale-paper", "wrong-patient")
def test_what_is_given_by_a_page_is_given_by_one_that_holds(course: Course) -> None:
    codes, others = page_codes(course, "K-1"), page_codes(course, "K-3")
    there = events(course)

    def give(visit: int, code: str) -> Done:
        return course("give", "K-1", "--visit", visit, "--as-planned", "--page", code)

    for code, said in (
        (others["visit-1"], "course K-1 has no page with this code"),
        ("00000000", "course K-1 has no page with this code"),
        ("", "course K-1 has no page with this code"),
        (codes["visit-2"], "it is the page of visit-2, not of visit 1"),
    ):
        done = give(1, code)
        assert done.returncode == 13
        assert said in done.stderr
        assert events(course) == there
    # As it is typed by hand.
    assert give(1, f" {codes['visit-1'].upper()} ").returncode == 0
    done = give(1, codes["visit-1"])
    assert done.returncode == 13
    assert "visit-1, revision 0: carried out Mon 7 Sep 2026 09:00" in done.stderr
    # A dose that changes makes the page of its visits stale, and no other one.
    dose = ("--lesion", "A", "--mg", 60, "--from-visit", 3, "--reason", "well borne")
    assert course("dose", "K-1", *dose).returncode == 0
    there = events(course)
    stale = give(3, codes["visit-3"])
    assert (stale.returncode, events(course)) == (13, there)
    assert "visit-3, revision 0: STALE: the course is at revision 2" in stale.stderr
    assert give(2, codes["visit-2"]).returncode == 0
    # The sheet names the changed dose too; the letter does not.
    assert give(3, codes["treatment-sheet"]).returncode == 13
    fresh = page_codes(course, "K-1")
    assert fresh["visit-3"] != codes["visit-3"]
    assert give(3, fresh["visit-3"]).returncode == 0


@pytest.mark.hazard("stale-paper")
def test_a_code_names_every_page_that_has_it(course: Course) -> None:
    codes = page_codes(course, "K-1")
    for page, code in codes.items():
        done = course("current", code)
        assert (done.returncode, done.stdout) == (0, f"Course K-1, {page}, revision 0: current\n")
    assert course("current", "00000000").returncode == 13
    assert course("current", "K-1").returncode == 10
    assert course("give", "K-1", "--visit", 1, "--as-planned").returncode == 0
    done = course("current", codes["visit-1"])
    assert done.returncode == 0
    assert "visit-1, revision 0: carried out Mon 7 Sep 2026 09:00" in done.stdout
    # What was done makes no other page stale.
    assert course("current", codes["treatment-sheet"]).returncode == 0
    move = ("--visit", 2, "--to", "2026-09-15 09:00", "--reason", "travels")
    assert course("move", "K-1", *move).returncode == 0
    for page in ("visit-2", "treatment-sheet", "appointments"):
        stale = course("current", codes[page], "--json")
        assert stale.returncode == 13
        (told,) = json.loads(stale.stdout)["pages"]
        assert (told["page"], told["state"], told["current"]) == (page, "stale", False)
    assert course("current", codes["visit-3"]).returncode == 0
    # Moved back, it says what it said.
    back = ("--visit", 2, "--to", "2026-09-14 09:00", "--reason", "stays")
    assert course("move", "K-1", *back).returncode == 0
    assert course("current", codes["visit-2"]).returncode == 0


@pytest.mark.hazard("stale-paper")
def test_a_code_of_the_first_edition_stands_for_all_its_pages(planner: Run, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/first_edition/register.db", tmp_path / "register.db")

    def run(*arguments: object) -> Done:
        return planner("course", *arguments, **BY)

    # Made and not changed since; made at revision 0, and moved since.
    current = run("current", "3425b0a0")
    assert (current.returncode, current.stdout) == (
        0, "Course F-02, all pages, revision 0: current\n",
    )  # fmt: skip
    stale = run("current", "0cadcc44")
    assert stale.returncode == 13
    assert "Course F-03, all pages, revision 0: STALE" in stale.stderr
    assert run("give", "F-02", "--visit", 1, "--as-planned", "--page", "0cadcc44").returncode == 13
    # It holds for any visit of its course, until something that it tells to do changes.
    confirmed = ("--confirm", "entered early")
    done = run("give", "F-02", "--visit", 1, "--as-planned", "--page", "3425b0a0", *confirmed)
    assert done.returncode == 0, done.stderr
    assert run("current", "3425b0a0").returncode == 0
    dose = ("dose", "F-02", "--lesion", "A", "--mg", "61", "--reason", "pain", "--confirm", "so")
    assert run(*dose).returncode == 0
    assert run("current", "3425b0a0").returncode == 13
    done = run("give", "F-02", "--visit", 2, "--as-planned", "--page", "3425b0a0", *confirmed)
    assert done.returncode == 13

"""`planner course` and `planner patient` as a clinic runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.cli.course import COMMANDS
from planner.core.plan.pages import listed_pages
from planner.core.plan.plan import Plan
from planner.files.plan import plan_from
from tests.conftest import CLINIC, EXAMPLES, Run, command_in
from tests.courses import SOUND, confirmation, course_text, lesion, write
from tests.papers import pages
from tests.strict_ics import faults

KNEE = EXAMPLES / "case-2-knee.toml"
BY = {"PLANNER_USER": "Dr A. Holm"}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register that has the letter's knee."""
    folder = tmp_path_factory.mktemp("begun")
    add = command_in(folder)("course", "add", KNEE, "--clinic", CLINIC, **BY)
    assert add.returncode == 0, add.stderr
    return folder / "register.db"


@pytest.fixture
def course(begun: Path, planner: Run, tmp_path: Path) -> Run:
    """`planner course`, in a register that has the letter's knee."""
    shutil.copy(begun, tmp_path)

    def run(*arguments: object, **environment: str) -> Any:
        said = {"PLANNER_DATABASE": str(tmp_path / "register.db"), **BY, **environment}
        return planner("course", *arguments, **said)

    return run


def shown(course: Run, name: str = "case-2") -> Any:
    done = course("show", name, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_float=Decimal)


def test_every_command_of_the_register_has_help_with_an_example(planner: Run) -> None:
    for group, names in (("course", COMMANDS), ("patient", ("export", "restrict", "erase"))):
        for name in names:
            done = planner(group, name, "--help")
            assert done.returncode == 0
            assert f"Example: planner {group} {name}" in done.stdout


def test_show_gives_what_the_contract_names(course: Run) -> None:
    course("give", "case-2", "--visit", 1, "--as-planned", "--lot", "7A12", "--pain-before", 4)
    course("evaluate", "case-2", "--visit", 5, "--lesion", "A", "--size-mm", 35, "--pain", "2.5")
    found = shown(course)
    assert (found["status"], found["revision"], found["ending"]) == ("running", 2, None)
    (lesion_shown,) = found["lesions"]
    assert (lesion_shown["given"], lesion_shown["remaining"], lesion_shown["held"]) == (1, 3, False)
    (look,) = lesion_shown["evaluations"]
    assert look["remission"] == "partial"
    assert (look["visit"], look["date"], look["size_mm"]) == (5, "2026-10-05", 35)
    assert (look["reduction_percent"], look["pain"]) == (50, Decimal("2.5"))
    assert look["pain_change"] == Decimal("-1.5")
    first, second = found["plan"]["visits"][:2]
    assert (first["state"], second["state"]) == ("done", "planned")
    given = first["injections"][0]["given"]
    assert (given["dose_mg"], given["drawn_ml"], given["lot"]) == (
        Decimal("12.5"), Decimal("0.08"), "7A12",
    )  # fmt: skip
    assert given["by"] == "Dr A. Holm"
    assert second["injections"][0]["given"] is None
    kinds = [(one["event"], one["kind"]) for one in found["history"]]
    assert kinds == [(1, "planned"), (2, "given"), (3, "evaluated")]
    assert found["outcomes"][0]["reference_percent"] is not None


@pytest.mark.hazard("mg-for-ml")
def test_mg_and_ml_are_told_apart_and_a_slip_is_said(course: Run) -> None:
    slip = ("give", "case-2", "--visit", 1, "--lesion", "A", "--ml", "0.8")
    done = course(*slip)
    assert done.returncode == 12
    assert "120 mg (0.8 mL) recorded, 12.5 mg (0.08 mL) planned" in done.stderr.replace(
        "\u00a0", " "
    )
    assert shown(course)["revision"] == 0
    assert course(*slip, "--confirm", "read twice").returncode == 0
    for wrong in ("0,08", "0.08 mg", "-1", "0", "1e3"):
        done = course("give", "case-2", "--visit", 2, "--lesion", "A", "--ml", wrong)
        assert done.returncode in (2, 10), wrong
    done = course("give", "case-2", "--visit", 2, "--lesion", "A")
    assert done.returncode == 2
    assert shown(course)["revision"] == 1


def test_a_whole_worksheet_is_entered_in_one_go(course: Run) -> None:
    answers = "\np\n1\n4\n\n7A12\n2027-03\n\n\n"
    done = course("visit", "case-2", "--visit", 1, INPUT=answers)
    assert done.returncode == 0, done.stderr
    given = shown(course)["plan"]["visits"][0]["injections"][0]["given"]
    assert (given["drawn_ml"], given["lot"], given["pain_after"]) == (Decimal("0.08"), "7A12", 4)
    # A bare number could be either; a number with its unit is taken.
    answers = "2026-09-15 10:00\n0.4\n0.4 mL\n\n\n\n\n\n\n\n"
    done = course("visit", "case-2", "--visit", 2, INPUT=answers)
    assert done.returncode == 0, done.stderr
    assert "has no unit" in done.stderr
    given = shown(course)["plan"]["visits"][1]["injections"][0]["given"]
    assert (given["drawn_mg"], given["at"][:16]) == (60, "2026-09-15T10:00")
    answers = "\n0\nno\n0\n\n"
    done = course("visit", "case-2", "--visit", 5, INPUT=answers)
    assert done.returncode == 0, done.stderr
    assert shown(course)["lesions"][0]["evaluations"][0]["remission"] == "complete"
    # Nothing is written where the last question is answered by no, or by nobody.
    answers = "\np\n\n\n\n\n\n\n"
    done = course("visit", "case-2", "--visit", 3, "--json", INPUT=answers + "no\n")
    assert (done.returncode, json.loads(done.stdout)["revision"]) == (0, 3)
    assert "nothing was recorded" in done.stderr
    assert course("visit", "case-2", "--visit", 3, INPUT=answers).returncode == 10
    # The terminal was left: nothing is written.
    assert course("visit", "case-2", "--visit", 3, INPUT="\np\n").returncode == 10
    assert shown(course)["revision"] == 3


@pytest.mark.hazard("slip-of-the-point", "mg-for-ml")
def test_a_worksheet_is_asked_for_as_a_whole_before_any_of_it_is_written(two: Run) -> None:
    # The evaluation of A joins an injection that is left.
    to = ("--to", "2025-09-22 09:00", "--reason", "one way")
    assert two("move", "K-1", "--visit", 5, *to, "--confirm", "one way").returncode == 0
    number = next(
        visit["number"]
        for visit in shown(two, "K-1")["plan"]["visits"]
        if visit["purposes"] == ["evaluation", "injection"]
    )
    for visit in (1, 2, 3):
        assert two("give", "K-1", "--visit", visit, "--as-planned").returncode == 0
    before = shown(two, "K-1")
    sizes, doses = "700\n\n\n75\n\n\n", "600 mg\n\n\n\n4.5 mL\n\n\n\n"
    answers = f"\n{sizes}{doses}7A12\n2025-06\n\n\n"
    done = two("visit", "K-1", "--visit", number, INPUT=answers)
    assert done.returncode == 12, done.stderr
    told = done.stderr.replace("\u00a0", " ")
    for said in (
        "lesion A measures 700 mm, it was 70 mm at the start",
        "lesion A: 600 mg (4 mL) recorded, 60 mg (0.4 mL) planned",
        "lesion C: 675 mg (4.5 mL) recorded, 45 mg (0.3 mL) planned",
        "the vial expired 2025-06",
    ):
        assert said in told
    assert shown(two, "K-1") == before
    done = two("visit", "K-1", "--visit", number, "--confirm", "read twice", INPUT=answers)
    assert done.returncode == 0, done.stderr
    assert shown(two, "K-1")["revision"] == before["revision"] + 3


@pytest.mark.hazard("stale-paper")
def test_documents_say_what_changed_and_stay_the_same_until_something_does(
    course: Run, tmp_path: Path
) -> None:
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    papers = tmp_path / "papers"
    first = plan_of(papers)
    assert not (papers / "changes.ics").exists()
    assert not (papers / "change-slip.pdf").exists()
    code = dict(listed_pages(first))["visit-3"]
    assert course("current", code).returncode == 0
    course("give", "case-2", "--visit", 1, "--as-planned")
    course("move", "case-2", "--visit", 3, "--to", "2026-09-22 10:30", "--reason", "travels")
    stale = course("current", code)
    assert stale.returncode == 13
    assert "visit-3, revision 0: STALE: the course is at revision 2" in stale.stdout
    assert course("current", dict(listed_pages(first))["visit-4"]).returncode == 0
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    changes = (papers / "changes.ics").read_bytes()
    assert faults(changes) == []
    assert changes.count(b"BEGIN:VEVENT") == 1
    slip = read(papers / "change-slip.pdf")
    old, new = (dict(listed_pages(one)) for one in (first, plan_of(papers)))
    taken, used = re.findall(r"(?:Take out of use|Use in their place): ([^.]*)\.", slip)
    for said, codes in ((taken, old), (used, new)):
        assert said == (
            f"treatment sheet (code {codes['treatment-sheet']}),"
            f" visit 3 (code {codes['visit-3']}),"
            f" letter with the appointments (code {codes['appointments']})"
        )
    assert old["visit-4"] == new["visit-4"]
    assert "All other pages of revision 0 stay in use." in slip
    assert re.search(r"Visit 3 Mon 21 Sep 2026 .* Tue 22 Sep 2026 10:30", slip)
    assert "travels" in slip
    assert "revision 2, replaces 0" in slip
    assert not re.search(r"replaces 0, code", slip)
    before = {path: path.read_bytes() for path in sorted(papers.rglob("*")) if path.is_file()}
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    after = {path: path.read_bytes() for path in sorted(papers.rglob("*")) if path.is_file()}
    assert before == after
    assert shown(course)["revision"] == 2
    kinds = [one["kind"] for one in shown(course)["history"]]
    assert kinds == ["planned", "issued", "given", "moved", "issued"]


@pytest.mark.hazard("stale-paper")
def test_the_slip_names_every_page_that_is_new(two: Run, tmp_path: Path) -> None:
    """Whoever swaps papers by it has a worksheet for each visit to come."""
    papers = tmp_path / "papers"
    changes = (
        ("hold", "K-1", "--lesion", "A", "--on", "2026-09-08", "--reason", "sore"),
        ("resume", "K-1", "--lesion", "A", "--on", "2026-09-14", "--reason", "healed"),
        ("lesion", "K-1", "--id", "Z", "--site", "hip", "--size-mm", 20, "--ulcerated", "--side",
         "left", "--dose", 20, "--from", "2026-09-16"),
    )  # fmt: skip
    assert two("documents", "K-1", "--out", "papers").returncode == 0
    for change in changes:
        before = set(listed_pages(plan_of(papers)))
        done = two(*change, "--confirm", "so it is")
        assert done.returncode == 0, done.stderr
        assert two("documents", "K-1", "--out", "papers").returncode == 0
        (used,) = re.findall(r"Use in their place: ([^.]*)\.", read(papers / "change-slip.pdf"))
        new = set(listed_pages(plan_of(papers))) - before
        assert set(re.findall(r"code (\w+)", used)) == {code for _, code in new}


@pytest.mark.hazard("stale-paper")
def test_what_was_done_as_planned_takes_no_page_out_of_use(course: Run, tmp_path: Path) -> None:
    course("documents", "case-2", "--out", "papers")
    papers = tmp_path / "papers"
    before = dict(listed_pages(plan_of(papers)))
    assert (papers / "appointments.pdf").exists()
    course("give", "case-2", "--visit", 1, "--as-planned")
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    after = dict(listed_pages(plan_of(papers)))
    assert before.keys() - after.keys() == {"visit-1"}
    assert all(before[f"visit-{n}"] == after[f"visit-{n}"] for n in range(2, 7))
    assert not (papers / "change-slip.pdf").exists()
    assert not (papers / "appointments.pdf").exists()
    # Another dose is told to who injects, not to the patient.
    dose = ("--lesion", "A", "--mg", 60, "--from-visit", 4, "--reason", "well borne")
    assert course("dose", "case-2", *dose).returncode == 0
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    slip = read(papers / "change-slip.pdf")
    assert re.findall(r"visit \d", re.findall(r"Take out of use: [^.]*\.", slip)[0]) == ["visit 4"]
    assert not (papers / "appointments.pdf").exists()


def test_without_an_epoch_the_same_revision_has_the_same_bytes(
    planner: Run, tmp_path: Path
) -> None:
    database = {"PLANNER_DATABASE": str(tmp_path / "r.db"), **BY}
    assert planner("course", "add", KNEE, "--clinic", CLINIC, **database).returncode == 0
    for out in ("a", "b"):
        done = planner("course", "documents", "case-2", "--out", out, **database)
        assert done.returncode == 0, done.stderr
    names = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert names
    for name in names:
        if (tmp_path / "a" / name).is_file():
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.hazard("dead-patients-appointments")
def test_after_a_death_no_letter_and_no_patient_calendar_is_made(
    course: Run, tmp_path: Path
) -> None:
    course("documents", "case-2", "--out", "papers")
    course("give", "case-2", "--visit", 1, "--as-planned")
    done = course("end", "case-2", "--as", "died", "--on", "2026-09-10", "--reason", "unrelated")
    assert "cannot be recalled" in done.stderr
    done = course("documents", "case-2", "--out", "papers")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "papers").rglob("*") if path.is_file()}
    assert names == {
        "plan.json", "clinic.ics", "changes.ics", "change-slip.pdf", "treatment-sheet.html",
        "treatment-sheet.pdf",
    }  # fmt: skip
    assert "cannot be recalled" in read(tmp_path / "papers/change-slip.pdf")
    clinic = (tmp_path / "papers/clinic.ics").read_bytes()
    assert faults(clinic) == []
    assert clinic.count(b"STATUS:CANCELLED") == 5
    assert "no visits" in course("due", "--week", "2026-09-14").stdout


def test_due_tells_what_to_prepare_in_all(course: Run) -> None:
    done = course("due", "--from", "2026-09-07", "--to", "2026-09-20", "--json")
    found = json.loads(done.stdout, parse_float=Decimal)
    assert [one["start"][:10] for one in found["visits"]] == ["2026-09-07", "2026-09-14"]
    assert found["prepare"]["vials"] == 2
    assert found["prepare"]["drawn_ml"] == Decimal("0.46")
    assert found["prepare"]["syringes"] == [{"capacity_ml": 1, "count": 2}]
    told = course("due", "--from", "2026-09-07", "--to", "2026-09-20").stdout
    assert "0.46\u00a0mL drawn; 2 vials; 2 syringes of 1\u00a0mL" in told


@pytest.mark.parametrize(
    ("days", "problem"),
    [
        (("--on", "2026-09-07", "--week", "2026-09-07"), "--on and --week were both given"),
        (("--from", "2026-09-07"), "--from stands alone"),
        (("--to", "2026-09-07"), "--to stands alone"),
        (("--on", "2026-09-07", "--to", "2026-09-08"), "--to stands alone"),
    ],
)
def test_days_that_are_half_said_are_refused(
    course: Run, days: Sequence[str], problem: str
) -> None:
    done = course("due", *days)
    assert (done.returncode, problem in done.stderr) == (2, True), done.stderr


@pytest.mark.hazard("double-booking")
def test_a_course_at_an_hour_that_is_taken_is_offered_others(course: Run, tmp_path: Path) -> None:
    text = KNEE.read_text().replace('"case-2"', '"other"').replace('"letter-2"', '"letter-9"')
    done = course("add", write(tmp_path, text), "--clinic", CLINIC)
    assert done.returncode == 13
    free = "no room at 09:30; free near it: 2026-09-07 10:00, 2026-09-07 09:00 or 2026-09-07 10:15"
    assert free in done.stderr
    assert "other" not in course("list").stdout
    path = write(tmp_path, text.replace(" 09:30", " 10:00"))
    assert course("add", path, "--clinic", CLINIC).returncode == 0
    assert "more visits than room" not in course("due", "--on", "2026-09-14").stdout


def test_a_second_running_course_of_a_patient_asks(course: Run, tmp_path: Path) -> None:
    text = KNEE.read_text().replace('"case-2"', '"case-2b"').replace(" 09:30", " 11:30")
    assert "11:30" in text
    again = write(tmp_path, text)
    done = course("add", again, "--clinic", CLINIC)
    assert done.returncode == 12
    assert "another running course: case-2" in done.stderr
    assert "case-2b" not in course("list").stdout
    assert course("add", again, "--clinic", CLINIC, "--confirm", "other arm").returncode == 0


@pytest.mark.hazard("allergy", "dead-patients-appointments")
def test_what_the_register_knows_of_a_patient_is_asked_in_the_next_course(
    planner: Run, tmp_path: Path
) -> None:
    register = {"PLANNER_USER": "Dr A. Holm"}
    allergic = SOUND.replace('id = "P-1"', 'id = "P-1"\nsulfite_allergy = true')
    allergic += confirmation("sulfite-allergy", "stated")
    add = ("course", "add", "course.toml", "--clinic", CLINIC)
    write(tmp_path, allergic)
    assert planner(*add, **register).returncode == 0
    end = ("--as", "died", "--on", "2026-09-20", "--reason", "x")
    write(tmp_path, SOUND.replace("K-1", "K-2").replace("09:00", "10:00"))
    asked = planner(*add, **register)
    assert asked.returncode == 12
    assert "another running course: K-1" in asked.stderr
    assert "course K-1 states a sulfite allergy, this one does not" in asked.stderr
    assert planner(*add, "--confirm", "tested since", **register).returncode == 0
    # Who died in one course gets no letter from another, and begins none.
    dead = planner("course", "end", "K-1", *end, "--confirm", "told today", **register)
    assert dead.returncode == 0, dead.stderr
    assert "K-2" in dead.stderr
    done = planner("course", "documents", "K-2", "--out", "K-2", **register)
    assert done.returncode == 13
    assert "course K-1: the patient died" in done.stderr
    write(tmp_path, SOUND.replace("K-1", "K-3"))
    assert planner(*add, "--confirm", "x", **register).returncode == 13


@pytest.mark.hazard("two-revisions-one-number")
def test_documents_replace_no_other_plan_of_their_revision(planner: Run, tmp_path: Path) -> None:
    register = {"PLANNER_USER": "Dr A. Holm"}
    write(tmp_path, "revision = 1\n" + SOUND.replace("87.5]", "85]"))
    assert planner("plan", "course.toml", "--clinic", CLINIC).returncode == 0
    write(tmp_path, SOUND)
    assert planner("course", "add", "course.toml", "--clinic", CLINIC, **register).returncode == 0
    dose = ("course", "dose", "K-1", "--lesion", "A", "--mg", "60", "--reason", "pain")
    assert planner(*dose, **register).returncode == 0
    done = planner("course", "documents", "K-1", "--out", "K-1", **register)
    assert done.returncode == 13
    assert "another plan of revision 1 was issued there" in done.stderr


def test_what_waits_for_a_physician_does_not_enter_the_register(
    course: Run, tmp_path: Path
) -> None:
    open_question = course_text(lesion("A", size_mm=4, ulcerated=True, dose_mg=20))
    path = write(tmp_path, open_question)
    done = course("add", path, "--timezone", "Europe/Copenhagen")
    assert done.returncode == 12
    assert "[[confirm]]" in done.stderr
    said = open_question + confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    done = course("add", write(tmp_path, said), "--timezone", "Europe/Copenhagen")
    assert done.returncode == 0, done.stderr


def test_a_distance_that_a_record_leaves_is_asked_with_its_figures(
    course: Run, tmp_path: Path
) -> None:
    text = KNEE.read_text().replace("2026-09-07", "2026-09-09").replace("case-2", "K-9")
    path = write(tmp_path, text.replace("letter-2", "letter-9"))
    assert course("add", path, "--clinic", CLINIC).returncode == 0
    course("give", "K-9", "--visit", 1, "--as-planned")
    move = ("move", "K-9", "--visit", 3, "--to", "2026-09-21 10:30", "--reason", "travels")
    assert course(*move).returncode == 0
    # Given late inside its window, the second comes near to the third, which stands where it was.
    late = ("give", "K-9", "--visit", 2, "--as-planned", "--at", "2026-09-18 09:30")
    done = course(*late)
    assert done.returncode == 12
    assert "interval-too-short: visit 3, due Wed 23 Sep 2026" in done.stderr
    assert "A 3 days from the injection on Fri 18 Sep 2026" in done.stderr
    assert shown(course, "K-9")["revision"] == 2
    done = course(*late, "--confirm", "short trip")
    assert done.returncode == 0, done.stderr
    confirmed = "confirmed: interval-too-short (Wed 23 Sep 2026): 3 days, 2026-09-21 10:30"
    assert confirmed in done.stderr
    assert course("documents", "K-9", "--out", "papers").returncode == 0


@pytest.mark.hazard("stale-confirmation")
def test_what_follows_from_a_record_waits_and_can_be_confirmed(two: Run, tmp_path: Path) -> None:
    more = ("lesion", "K-1", "--id", "D", "--site", "knee", "--side", "right", "--size-mm", 70)
    assert two(*more, "--ulcerated", "--dose", 27, "--from", "2025-09-01").returncode == 0
    # More was given of the first than was planned: it leaves too much for the rest.
    done = two("give", "K-1", "--visit", 1, "--lesion", "A", "--dose", 85)
    assert done.returncode == 0, done.stderr
    said = "waits for a physician: site-total-above-cases: visit 1: A, D together 112\u00a0mg"
    assert said in done.stderr
    assert two("documents", "K-1", "--out", "papers").returncode == 12
    assert not (tmp_path / "papers").exists()
    finding = ("confirm", "K-1", "--finding", "site-total-above-cases", "--reason", "agreed")
    value = "A, D together 112 mg"
    assert two(*finding, "--visit", 1, "--value", "A, D together 111 mg").returncode == 12
    assert two(*finding, "--visit", 2, "--value", value).returncode == 13
    assert two(*finding, "--visit", 1, "--value", value).returncode == 0
    assert two("documents", "K-1", "--out", "papers").returncode == 0
    # A word that is withdrawn confirms nothing any more.
    undone = two("undo", "K-1", "--reason", "not agreed after all")
    assert "withdrawn: event 4, " in undone.stderr
    assert "waits for a physician: site-total-above-cases" in undone.stderr
    done = two("documents", "K-1", "--out", "again")
    assert done.returncode == 12
    assert "A, D together 112\u00a0mg" in done.stderr
    assert two(*finding, "--visit", 1, "--value", value).returncode == 0
    assert two("documents", "K-1", "--out", "again").returncode == 0


def test_a_confirmation_names_the_value_that_the_plan_says(course: Run) -> None:
    for code, rc in (("dose-jmp", 10), ("dose-jump", 13)):
        done = course(
            "confirm", "case-2", "--finding", code, "--lesion", "A", "--value", "x", "--reason", "y"
        )
        assert done.returncode == rc
    assert "did you mean dose-jump" in course(
        "confirm", "case-2", "--finding", "dose-jmp", "--value", "x", "--reason", "y"
    ).stderr  # fmt: skip


def test_a_change_needs_its_author(course: Run) -> None:
    done = course("miss", "case-2", "--visit", 1, "--reason", "ill", PLANNER_USER="")
    assert done.returncode == 2
    assert "needs its author" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("course hold case-2 --lesion A --lesion B --on 2026-09-08 --reason r", "--lesion"),
        ("course answer case-2 --screen pregnant=yes --screen dialysis=no", "--screen"),
        ("clinic close copenhagen --on 2026-09-08 --on 2026-09-09 --reason r", "--on"),
        ("dose --ml 1 --ml=2", "--ml"),
        ("decide --site knee --size-mm 70 --size-mm 7 --not-ulcerated", "--size-mm"),
    ],
)
def test_an_option_of_one_value_is_given_once(planner: Run, arguments: str, option: str) -> None:
    done = planner(*arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {option} is given twice; keep one\n"


def test_an_unknown_course_names_the_nearest(course: Run) -> None:
    done = course("show", "case2")
    assert done.returncode == 13
    assert "did you mean case-2?" in done.stderr


def test_csv_has_a_row_a_lesion_and_a_row_an_injection(course: Run, tmp_path: Path) -> None:
    course("give", "case-2", "--visit", 1, "--as-planned", "--complication", "=1+1")
    text = course("export", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    kinds = [row["row"] for row in rows]
    assert kinds == ["lesion", *["injection"] * 4, *["evaluation"] * 2]
    given = rows[1]
    assert (given["dose_planned_mg"], given["drawn_ml"], given["drawn_mg"]) == (
        "12.5",
        "0.08",
        "12",
    )
    # A spreadsheet does not run what somebody typed.
    assert given["complication"] == "'=1+1"


def test_a_restricted_patient_is_kept_and_not_worked_with(course: Run, planner: Run) -> None:
    database = {"PLANNER_DATABASE": "register.db", **BY}
    done = planner("patient", "restrict", "letter-2", "--reason", "asked", **database)
    assert done.returncode == 0, done.stderr
    for arguments in (("show", "case-2"), ("miss", "case-2", "--visit", 1, "--reason", "x")):
        assert course(*arguments).returncode == 13
    assert "case-2" not in course("list").stdout
    assert "1 visit of restricted patients" in course("due", "--on", "2026-09-07").stdout
    found = json.loads(planner("patient", "export", "letter-2", **database).stdout)
    assert found["courses"][0]["course"] == "case-2"
    planner("patient", "restrict", "letter-2", "--lift", "--reason", "asked", **database)
    assert course("show", "case-2").returncode == 0


def clinic_that_keeps(folder: Path, years: int) -> Path:
    path = folder / "keeps.toml"
    path.write_text(f"retention_years = {years}\n{CLINIC.read_text()}")
    return path


@pytest.mark.hazard("data-leak")
def test_an_erased_patient_is_nowhere_and_the_doses_stay(planner: Run, tmp_path: Path) -> None:
    database = {"PLANNER_DATABASE": "register.db", **BY}
    names = ('name = "Zebedee Quux"\nbirth_date = 1961-05-01\n', "Zebedee Quux", "P-1-77")
    text = SOUND.replace('id = "P-1"\n', f'id = "P-1-77"\n{names[0]}')
    clinic = clinic_that_keeps(tmp_path, 10)
    done = planner("course", "add", write(tmp_path, text), "--clinic", clinic, **database)
    assert done.returncode == 0, done.stderr
    give = ("course", "give", "K-1", "--visit", 1, "--as-planned")
    planner(*give, "--complication", "told by Quux", **database)
    assert planner("patient", "erase", "P-1-77", **database).returncode == 13
    end = ("course", "end", "K-1", "--as", "stopped", "--on", "2026-09-10", "--reason", "Quux left")
    planner(*end, **database)
    done = planner("patient", "erase", "P-1-77", **database)
    assert done.returncode == 13
    assert "10 years after the last contact" in done.stderr
    assert "Zebedee" not in done.stderr
    assert planner("patient", "erase", "P-1-77", "--force", **database).returncode == 2
    done = planner("patient", "erase", "P-1-77", "--force", "--reason", "court order", **database)
    assert done.returncode == 0, done.stderr
    assert "backups" in done.stdout
    for path in tmp_path.glob("register.db*"):
        held = path.read_bytes()
        for typed in (b"Quux", b"P-1-77", b"1961-05-01"):
            assert typed not in held, (path.name, typed)
    assert planner("course", "check", **database).returncode == 0
    done = planner("course", "show", "K-1", "--json", **database)
    given = json.loads(done.stdout)["plan"]["visits"][0]["injections"][0]["given"]
    assert (given["drawn_ml"], given["complication"]) == (0.08, "erased")
    exported = planner("course", "export", **database).stdout
    assert "Quux" not in exported
    path = tmp_path / "e.jsonl"
    path.write_text(exported)
    done = planner("course", "import", path, "--database", "copy.db")
    assert done.returncode == 0, done.stderr


def confirmed_and_given(planner: Run, tmp_path: Path, author: str) -> dict[str, str]:
    """A register in which an author added a course, confirmed a finding, gave and corrected."""
    database = {"PLANNER_DATABASE": "register.db", "PLANNER_USER": author}
    planner("course", "add", write(tmp_path, SOUND), "--clinic", CLINIC, **database)
    give = ("course", "give", "K-1", "--visit", 1, "--lesion", "A", "--dose", 15)
    done = planner(*give, "--confirm", "seen", **database)
    assert done.returncode == 0, done.stderr
    correct = ("course", "correct", "K-1", "--event", 2, "--pain-after", 4, "--reason", "slip")
    assert planner(*correct, **database).returncode == 0
    return database


@pytest.mark.hazard("data-leak")
@pytest.mark.parametrize("is_asked", [True, False])
def test_who_entered_is_blanked_where_that_is_asked(
    planner: Run, tmp_path: Path, is_asked: bool
) -> None:
    database = confirmed_and_given(planner, tmp_path, "Dr Zoltan Quist")
    erase = ("patient", "erase", "P-1", "--force", "--reason", "order", "--by", "Office")
    done = planner(*erase, *(["--authors"] if is_asked else []), **database)
    assert done.returncode == 0, done.stderr
    assert ("Dr Zoltan Quist" in done.stdout) != is_asked
    held = b"".join(path.read_bytes() for path in tmp_path.glob("register.db*"))
    assert (b"Quist" in held) != is_asked
    assert planner("course", "check", **database).returncode == 0
    history = json.loads(planner("course", "show", "K-1", "--json", **database).stdout)["history"]
    assert {one["by"] for one in history} == {"erased" if is_asked else "Dr Zoltan Quist"}
    path = tmp_path / "e.jsonl"
    path.write_text(planner("course", "export", **database).stdout)
    done = planner("course", "import", path, "--database", "copy.db")
    assert done.returncode == 0, done.stderr
    assert planner("course", "check", "--database", "copy.db").returncode == 0


def test_an_erasure_lists_authors_that_were_written_before_they_could_be_blanked(
    planner: Run, tmp_path: Path
) -> None:
    shutil.copy(Path(__file__).parents[1] / "first_edition/register.db", tmp_path / "register.db")
    database = {"PLANNER_DATABASE": "register.db", **BY}
    courses = json.loads(planner("course", "list", "--json", **database).stdout)
    first = courses[0]
    erase = ("patient", "erase", first["patient"], "--force", "--reason", "order", "--authors")
    done = planner(*erase, **database)
    assert done.returncode == 0, done.stderr
    assert f"the author of event 1 of {first['course']}" in done.stdout


def test_a_letter_that_no_paper_has_is_refused_when_it_is_typed(course: Run) -> None:
    for option in ("--by", "--complication", "--lot"):
        done = course("give", "case-2", "--visit", 1, "--as-planned", option, "seen \u2713")
        assert done.returncode == 10, option
        assert "U+2713" in done.stderr
    done = course("give", "case-2", "--visit", 1, "--as-planned", "--complication", "\u039f\u03ba")
    assert done.returncode == 0, done.stderr


def test_pain_is_corrected_for_one_lesion_and_the_lot_for_the_whole_record(
    planner: Run, tmp_path: Path
) -> None:
    database = {"PLANNER_DATABASE": "register.db", **BY}
    other = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'
    planner("course", "add", write(tmp_path, SOUND + other), "--clinic", CLINIC, **database)
    planner("course", "give", "K-1", "--visit", 1, "--as-planned", "--lot", "L1", **database)
    correct = ("course", "correct", "K-1", "--event", 2, "--reason", "slip")
    assert planner(*correct, "--pain-after", 4, **database).returncode == 10
    assert planner(*correct, "--lesion", "B", "--lot", "L2", **database).returncode == 10
    assert planner(*correct, "--lesion", "B", "--pain-after", 4, **database).returncode == 0
    found = json.loads(planner("course", "show", "K-1", "--json", **database).stdout)
    given = [one["given"] for one in found["plan"]["visits"][0]["injections"]]
    assert [one["pain_after"] for one in given] == [None, 4]


def test_to_read_a_register_that_is_not_there_makes_none(planner: Run, tmp_path: Path) -> None:
    for command in (("list",), ("show", "K-1"), ("check",), ("export",), ("due",)):
        done = planner("course", *command, "--database", "typo/register.db")
        assert done.returncode == 13
        assert "there is no register" in done.stderr
    assert not (tmp_path / "typo").exists()


def test_documents_that_cannot_be_written_were_not_made(course: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert course("documents", "case-2", "--out", "file/papers").returncode in (13, 14)
    assert [one["kind"] for one in shown(course)["history"]] == ["planned"]


def test_after_an_erasure_nothing_more_is_typed(course: Run, planner: Run) -> None:
    database = {"PLANNER_DATABASE": "register.db", **BY}
    erase = ("patient", "erase", "letter-2", "--force", "--reason", "court order")
    assert planner(*erase, **database).returncode == 0
    done = course("give", "case-2", "--visit", 1, "--as-planned", "--complication", "Zoe fainted")
    assert done.returncode == 13
    assert course("documents", "case-2", "--out", "papers").returncode == 13


def test_an_export_leaves_a_restricted_patient_out(course: Run, planner: Run) -> None:
    database = {"PLANNER_DATABASE": "register.db", **BY}
    planner("patient", "restrict", "letter-2", "--reason", "asked", **database)
    done = course("export", "case-2")
    assert (done.returncode, done.stdout) == (13, "")
    assert course("export", "NOPE").stdout == ""


TWO = course_text(
    lesion("A", dose_mg=60),
    lesion("C", site="buttock", size_mm=75, dose_mg=45),
    first_visit="2025-09-01 09:00",
)


@pytest.fixture
def two(planner: Run, tmp_path: Path) -> Run:
    """`planner course`, in a register that has a course of two weekly lesions."""

    def run(*arguments: object, **environment: str) -> Any:
        return planner("course", *arguments, **BY, **environment)

    assert run("add", write(tmp_path, TWO), "--timezone", "UTC").returncode == 0
    return run


LESION = ("lesion", "case-2", "--id", "B", "--site", "hand", "--side", "left", "--size-mm", "4",
          "--not-ulcerated")  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("resume", "case-2", "--on", "2090-10-19"), "--on: 2090-10-"),
        ((*LESION, "--from", "2090-10-19"), "--from: 2090-10-"),
        ((*LESION, "--from", "2020-10-19"), "--from: the lesion's first injection would be on"),
    ],
)
def test_a_day_that_cannot_be_is_told_at_its_option(
    course: Run, change: tuple[str, ...], told: str
) -> None:
    course("hold", "case-2", "--on", "2026-09-07", "--reason", "infected")
    done = course(*change, "--reason", "x")
    assert done.returncode in (10, 13)
    assert told in done.stderr
    assert ("is the year right?" in done.stderr) == ("2090" in told)


def plan_of(folder: Path) -> Plan:
    return plan_from((folder / "plan.json").read_bytes())


def read(pdf: Path) -> str:
    """The text of a paper in one line."""
    return " ".join(" ".join(pages(pdf.read_bytes())).split())


def given(course: Run, visit: int) -> dict[str, Decimal | None]:
    """What each lesion got at a visit, in mg drawn."""
    injections = shown(course, "K-1")["plan"]["visits"][visit - 1]["injections"]
    return {one["lesion"]: one["given"] and one["given"]["drawn_mg"] for one in injections}


@pytest.mark.hazard("double-dose")
def test_one_lesion_of_a_record_is_withdrawn(two: Run) -> None:
    two("give", "K-1", "--visit", 1, "--as-planned")
    withdrawn = ("correct", "K-1", "--event", 2, "--withdraw", "--reason", "was not injected")
    assert two(*withdrawn, "--lesion", "C").returncode == 0
    assert given(two, 1) == {"A": 60, "C": None}
    again = two(*withdrawn, "--lesion", "C")
    assert (again.returncode, "the event has nothing of lesion C" in again.stderr) == (10, True)
    assert two(*withdrawn, "--lesion", "A").returncode == 0
    assert given(two, 1) == {"A": None, "C": None}


CORRECTIONS = [
    # what is corrected of a record that has nothing of the lesion
    ("--event", 2, "--withdraw"),
    ("--event", 2, "--lot", "7A"),
    ("--event", 2, "--dose", 50),
    ("--event", 3, "--size-mm", 0),
    ("--event", 3, "--withdraw"),
]


@pytest.mark.parametrize("wrong", CORRECTIONS)
@pytest.mark.hazard("wrong-side-or-site")
def test_a_correction_of_a_lesion_that_the_event_does_not_name_is_refused(
    two: Run, wrong: tuple[object, ...]
) -> None:
    two("give", "K-1", "--visit", 1, "--lesion", "A", "--as-planned")
    two("evaluate", "K-1", "--visit", 5, "--lesion", "A", "--size-mm", 30)
    done = two("correct", "K-1", *wrong, "--lesion", "C", "--reason", "misread")
    assert done.returncode == 10, done.stderr
    assert "--lesion: the event has nothing of lesion C; it is of A" in done.stderr
    assert shown(two, "K-1")["revision"] == 2


def test_a_withdrawn_move_has_no_lesion(two: Run) -> None:
    two("move", "K-1", "--visit", 2, "--to", "2025-09-09 09:00", "--reason", "travels")
    said = ("correct", "K-1", "--event", 2, "--withdraw", "--reason", "slip")
    assert "is withdrawn as a whole" in two(*said, "--lesion", "A").stderr
    assert two(*said).returncode == 0


NOT_GIVEN = [
    ("Z", "Z is no lesion of this course"),
    ("A", "what A got at visit 1 is recorded already"),
    ("C", "lesion C is held"),
]


@pytest.mark.parametrize(("name", "said"), NOT_GIVEN)
@pytest.mark.hazard("lost-event")
def test_why_nothing_was_recorded_is_said(two: Run, name: str, said: str) -> None:
    two("give", "K-1", "--visit", 1, "--lesion", "A", "--as-planned")
    two("hold", "K-1", "--lesion", "C", "--on", "2025-09-01", "--reason", "infected")
    done = two("give", "K-1", "--visit", 1, "--lesion", name, "--as-planned")
    assert done.returncode == 13
    assert said in done.stderr


@pytest.mark.hazard("stale-confirmation", "slip-of-the-point")
def test_all_that_a_confirmation_confirms_is_shown(two: Run) -> None:
    two("give", "K-1", "--visit", 1, "--as-planned")
    change = ("dose", "K-1", "--lesion", "A", "--mg", 300, "--reason", "trial")
    asked = two(*change)
    assert asked.returncode == 12
    assert "error: dose-above-observed: lesion A: 300\u00a0mg;" in asked.stderr
    assert "at this site at most 87.5\u00a0mg (case 2)" in asked.stderr
    assert "is a point misplaced?" in asked.stderr
    done = two(*change, "--confirm", "agreed")
    assert done.returncode == 0
    assert "confirmed: dose-above-observed (A): 300 mg" in done.stderr


@pytest.mark.hazard("slip-of-the-point")
def test_what_a_place_gets_counts_what_was_given_at_it(two: Run) -> None:
    two("give", "K-1", "--visit", 1, "--lesion", "A", "--as-planned")
    more = ("lesion", "K-1", "--id", "D", "--site", "knee", "--side", "right", "--size-mm", 70)
    done = two(*more, "--ulcerated", "--dose", 28, "--from", "2025-09-01")
    assert done.returncode == 12
    assert "visit 1: A, D together 88\u00a0mg" in done.stderr
    assert two(*more, "--ulcerated", "--dose", 27, "--from", "2025-09-01").returncode == 0
    # Given as planned, lesion by lesion, nothing new is asked for.
    done = two("give", "K-1", "--visit", 1, "--lesion", "D", "--as-planned")
    assert (done.returncode, done.stderr) == (0, "")
    # More than was planned of the first leaves too much for the rest.
    done = two("correct", "K-1", "--event", 2, "--dose", 90, "--reason", "read 60")
    said = "waits for a physician: site-total-above-cases: visit 1: A, D together 117\u00a0mg"
    assert said in done.stderr


def test_a_dose_that_was_open_is_no_blank_once_it_was_given(planner: Run, tmp_path: Path) -> None:
    text = course_text(lesion("A"), confirmation("stock-diluted", "250 mg/mL"))
    clinic = write(
        tmp_path, 'timezone = "UTC"\n[stock]\nstrength_mg_per_ml = 250\nvial_ml = 10\n', "c.toml"
    )
    text = text.replace("2026-09-07", "2025-09-01")
    planner("course", "add", write(tmp_path, text), "--clinic", clinic, **BY)
    planner("course", "give", "K-1", "--visit", 1, "--lesion", "A", "--dose", 60, **BY)
    planner("course", "dose", "K-1", "--lesion", "A", "--mg", 60, "--reason", "as the first", **BY)
    found = json.loads(planner("course", "show", "K-1", "--json").stdout)["plan"]["findings"]
    severities = {one["code"]: one["severity"] for one in found}
    assert "dose-missing" not in severities
    assert severities["stock-diluted"] == "caution"


@pytest.mark.hazard("lost-event")
def test_a_change_stands_whose_answer_cannot_be_written(two: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "planner", "course", "give", "K-1", "--visit", "1"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--as-planned", "--database", str(tmp_path / "register.db")],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, **BY},
            text=True,
            check=False,
        )
    assert done.returncode == 0
    assert "caution: it is done, but standard output" in done.stderr
    assert shown(two, "K-1")["revision"] == 1


def test_a_course_that_was_stopped_before_it_began_has_cancelled_visits(
    two: Run, tmp_path: Path
) -> None:
    two("end", "K-1", "--as", "stopped", "--on", "2025-09-01", "--reason", "changed her mind")
    assert two("documents", "K-1", "--out", "out").returncode == 0
    for name in ("patient.ics", "clinic.ics"):
        content = (tmp_path / "out" / name).read_bytes()
        assert not faults(content)
        assert content.count(b"STATUS:CANCELLED") == 6


def test_a_course_whose_lesions_are_all_held_has_no_empty_calendar(
    two: Run, tmp_path: Path
) -> None:
    two("documents", "K-1", "--out", "out")
    two("hold", "K-1", "--on", "2025-09-01", "--reason", "infected")
    assert two("documents", "K-1", "--out", "out").returncode == 0
    calendars = sorted(path.name for path in (tmp_path / "out").rglob("*.ics"))
    assert calendars == ["changes.ics"]
    assert (tmp_path / "out/changes.ics").read_bytes().count(b"STATUS:CANCELLED") == 6


@pytest.mark.hazard("healed-or-infected-lesion")
def test_what_was_seen_stands_where_it_is_needed(two: Run, tmp_path: Path) -> None:
    noted = ("--complication", "redness, warm")
    two("give", "K-1", "--visit", 1, "--lesion", "A", "--as-planned", *noted)
    two("give", "K-1", "--visit", 1, "--lesion", "C", "--as-planned")
    two("hold", "K-1", "--lesion", "A", "--on", "2025-09-02", "--reason", "infected")
    assert two("documents", "K-1", "--out", "out").returncode == 0
    sheet = read(tmp_path / "out/treatment-sheet.pdf")
    assert "Complication: redness, warm" in sheet
    assert "Complication: redness, warm" in two("show", "K-1").stdout
    worksheets = read(tmp_path / "out/worksheets.pdf")
    assert worksheets.count("On hold, not to be injected: A right knee.") == 3


@pytest.mark.hazard("healed-or-infected-lesion")
def test_a_lesion_is_on_hold_at_the_visits_from_its_day_on(two: Run, tmp_path: Path) -> None:
    two("give", "K-1", "--visit", 1, "--as-planned")
    two("hold", "K-1", "--lesion", "A", "--on", "2025-09-15", "--reason", "infected")
    assert two("documents", "K-1", "--out", "out").returncode == 0
    found = [page for page in pages((tmp_path / "out/worksheets.pdf").read_bytes())
             if "Injection worksheet" in page]  # fmt: skip
    # Visit 2 is on Monday 8 and injects A; visits 3 and 4 do not.
    assert ["On hold" in page for page in found] == [False, True, True]
    assert ["right knee, 70 mm" in " ".join(page.split()) for page in found] == [True, False, False]


@pytest.mark.hazard("stale-paper")
def test_a_change_slip_draws_nothing_up_that_was_given(two: Run, tmp_path: Path) -> None:
    two("documents", "K-1", "--out", "out")
    two("dose", "K-1", "--lesion", "A", "--mg", 75, "--reason", "well borne")
    two("give", "K-1", "--visit", 1, "--as-planned")
    two("documents", "K-1", "--out", "out")
    slip = read(tmp_path / "out/change-slip.pdf")
    assert "Lesion A, injection 2" in slip
    assert "Lesion A, injection 1" not in slip


@pytest.mark.hazard("wrong-side-or-site")
def test_ids_that_no_label_tells_apart_are_refused(two: Run, planner: Run, tmp_path: Path) -> None:
    more = ("lesion", "K-1", "--id", "a", "--site", "hand", "--side", "left", "--size-mm", 3)
    done = two(*more, "--not-ulcerated", "--from", "2025-09-08")
    assert done.returncode == 10
    assert "no label tells it from lesion A" in done.stderr
    path = write(tmp_path, course_text(lesion("A"), lesion("a")), "alike.toml")
    done = planner("plan", path, "--timezone", "UTC")
    assert done.returncode == 10
    assert "lesion[2].id: a is lesion[1] already" in done.stderr


def test_an_export_for_a_spreadsheet(course: Run, tmp_path: Path) -> None:
    import csv
    import io

    plain = course("export", "--csv")
    rows = list(csv.DictReader(io.StringIO(plain.stdout)))
    done = course("export", "--csv", "--excel")
    assert done.stdout.startswith("\ufeff")
    excel = list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff")), delimiter=";"))
    assert excel == rows
    assert course("export", "--excel").returncode == 2
    done = course("export", "--csv", "--out", "tables")
    assert done.returncode == 0, done.stderr
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "tables").iterdir()}
    kinds = {name: list(csv.DictReader(io.StringIO(text))) for name, text in files.items()}
    assert {*kinds} == {"lesions.csv", "injections.csv", "evaluations.csv", "dictionary.csv"}
    for kind in ("lesion", "injection", "evaluation"):
        of_kind = [one for one in rows if one["row"] == kind]
        found = kinds[f"{kind}s.csv"]
        assert len(found) == len(of_kind)
        assert all(one.items() <= other.items() for one, other in zip(found, of_kind, strict=True))
    explained = {one["column"] for one in kinds["dictionary.csv"]}
    assert explained == {name for found in kinds.values() for name in found[0]} - {
        "column", "unit", "meaning"
    }  # fmt: skip


def test_tables_are_exported_whole_or_not_at_all(course: Run, tmp_path: Path) -> None:
    assert course("export", "--csv", "--out", "tables").returncode == 0
    again = course("export", "--csv", "--out", "tables")
    assert (again.returncode, "it is not empty" in again.stderr) == (13, True)
    assert course("documents", "case-2", "--out", "papers").returncode == 0
    papers = {one.name for one in (tmp_path / "papers").iterdir()}
    assert course("export", "--csv", "--out", "papers").returncode == 13
    assert {one.name for one in (tmp_path / "papers").iterdir()} == papers
    (tmp_path / "other").mkdir()
    (tmp_path / "other/injections.csv").write_text("mine")
    assert course("export", "--csv", "--out", "other").returncode == 13
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["injections.csv"]
    assert (tmp_path / "other/injections.csv").read_text() == "mine"

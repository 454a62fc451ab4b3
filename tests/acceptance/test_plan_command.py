"""`planner plan` as a clinic runs it: whole sets of documents, or none."""

from __future__ import annotations

import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from planner.documents.folder import ISSUED_PAPERS
from tests.conftest import CASES, CLINIC, EXAMPLES, Run
from tests.courses import SOUND, confirmation, course_text, lesion, write
from tests.papers import html_text
from tests.strict_ics import faults

EXPECTED = {
    # bundled case: regimen as Table 1 names it, evidence
    "case-1-fingertip": ("single", "stated"),
    "case-2-knee": ("weekly", "stated"),
    "case-3-fingertip": ("weekly", "inferred"),
    "case-4-lower-leg": ("weekly", "stated"),
    "case-5-elbow": ("single", "inferred"),
    "case-6-buttocks": ("weekly", "stated"),
}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_each_case_of_the_letter_is_planned(planner: Run, tmp_path: Path, case: str) -> None:
    done = planner("plan", EXAMPLES / f"{case}.toml", "--clinic", CLINIC, "--out", "out")
    assert done.returncode == 0, done.stderr
    plan = json.loads((tmp_path / "out/plan.json").read_bytes(), parse_float=Decimal)
    regimen, evidence = EXPECTED[case]
    assert {(d["regimen"], d["evidence"]) for d in plan["decisions"]} == {(regimen, evidence)}
    visits = {f"visits/visit-{number}.ics" for number in range(1, len(plan["visits"]) + 1)}
    papers = {"plan.json", "patient.ics", "clinic.ics", *ISSUED_PAPERS}
    assert names(tmp_path / "out") >= papers | visits
    for name in names(tmp_path / "out"):
        if name.endswith(".ics"):
            assert faults((tmp_path / "out" / name).read_bytes()) == []
    assert f"{regimen}:" in done.stdout
    assert "6 patients, uncontrolled" in done.stdout


@pytest.mark.hazard("stale-paper")
def test_the_sheet_carries_course_revision_and_its_code(planner: Run, tmp_path: Path) -> None:
    planner("plan", write(tmp_path, SOUND), "--timezone", "Europe/Copenhagen")
    plan = json.loads((tmp_path / "K-1/plan.json").read_text())
    sheet = (tmp_path / "K-1/treatment-sheet.html").read_text()
    assert "Course K-1" in sheet
    assert "revision 0" in sheet
    (code,) = (one["code"] for one in plan["pages"] if one["page"] == "treatment-sheet")
    assert f"revision 0, code {code}" in sheet


def test_the_same_input_gives_the_same_bytes(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    for seed, out in (("1", "a"), ("2", "b")):
        done = planner("plan", path, "--clinic", CLINIC, "--out", out, PYTHONHASHSEED=seed)
        assert done.returncode == 0
    assert names(tmp_path / "a") == names(tmp_path / "b")
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_json_alone_writes_nothing_and_is_plan_json(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    alone = planner("plan", path, "--clinic", CLINIC, "--json")
    planner("plan", path, "--clinic", CLINIC, "--out", "out")
    assert alone.stdout == (tmp_path / "out/plan.json").read_text()
    assert names(tmp_path) == {"course.toml"} | {f"out/{name}" for name in names(tmp_path / "out")}


@pytest.mark.hazard("unissued-plan-used")
def test_an_unconfirmed_plan_prints_the_blocks_and_leaves_nothing(
    planner: Run, tmp_path: Path
) -> None:
    small = course_text(lesion(size_mm=3, dose_mg=12.5), lesion("B", size_mm=4, dose_mg=12.5))
    path = write(tmp_path, small)
    done = planner("plan", path, "--timezone", "Europe/Copenhagen")
    assert done.returncode == 12
    assert names(tmp_path) == {"course.toml"}
    block = done.stderr[done.stderr.index("[[confirm]]") :]
    assert 'lesion = ["A", "B"]' in block
    filled = block.replace('by = ""', 'by = "Dr A. Holm"').replace('reason = ""', 'reason = "x"')
    write(tmp_path, small + filled)
    assert planner("plan", path, "--timezone", "Europe/Copenhagen").returncode == 0
    sheet = (tmp_path / "K-1/treatment-sheet.html").read_text()
    assert "entered as confirmed by Dr A. Holm: x (value: weekly)" in sheet
    assert "Signature of the physician" in sheet


def test_the_blocks_for_a_dose_above_all_can_be_pasted(planner: Run, tmp_path: Path) -> None:
    text = course_text(lesion(dose_mg=300))
    path = write(tmp_path, text)
    done = planner("plan", path, "--timezone", "UTC")
    assert done.returncode == 12
    blocks = done.stderr[done.stderr.index("[[confirm]]") :]
    blocks = blocks.replace('by = ""', 'by = "Dr A. Holm"').replace('reason = ""', 'reason = "x"')
    write(tmp_path, text + blocks)
    assert planner("plan", path, "--timezone", "UTC").returncode == 0


def test_unfilled_blocks_confirm_nothing(planner: Run, tmp_path: Path) -> None:
    small = course_text(lesion(size_mm=3, dose_mg=12.5))
    empty = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    empty = empty.replace('"Dr A. Holm"', '""').replace('"seen"', '""')
    done = planner("plan", write(tmp_path, small + empty), "--timezone", "UTC")
    assert done.returncode == 10
    assert "confirm[1].by: it is empty" in done.stderr
    assert "confirm[1].reason: it is empty" in done.stderr


@pytest.mark.hazard("unissued-plan-used")
def test_a_draft_is_marked_and_is_no_issue(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, course_text(lesion(size_mm=3, dose_mg=12.5)))
    assert planner("plan", path, "--timezone", "UTC", "--draft").returncode == 0
    assert not (tmp_path / "K-1/plan.json").exists()
    assert not list((tmp_path / "K-1").rglob("*.ics"))
    assert "DRAFT" in (tmp_path / "K-1/treatment-sheet.html").read_text()
    write(tmp_path, SOUND)
    assert planner("plan", path, "--timezone", "UTC").returncode == 0
    refused = planner("plan", path, "--timezone", "UTC", "--draft")
    assert refused.returncode == 13
    assert (tmp_path / "K-1/plan.json").exists()


def test_a_plan_with_errors_has_no_draft(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, course_text(lesion(dose_mg=0.1)))
    done = planner("plan", path, "--timezone", "UTC", "--draft")
    assert done.returncode == 12
    assert "dose-not-drawable" in done.stderr
    assert names(tmp_path) == {"course.toml"}


@pytest.mark.hazard("two-revisions-one-number")
def test_an_issued_plan_is_replaced_by_itself_or_a_higher_revision_only(
    planner: Run, tmp_path: Path
) -> None:
    path = write(tmp_path, SOUND)
    first = ("plan", path, "--timezone", "UTC")
    assert planner(*first).returncode == 0
    assert planner(*first).returncode == 0
    write(tmp_path, SOUND.replace("87.5]", "85]"))
    before = (tmp_path / "K-1/plan.json").read_bytes()
    refused = planner(*first)
    assert refused.returncode == 13
    assert "revision = 1" in refused.stderr
    assert (tmp_path / "K-1/plan.json").read_bytes() == before
    write(tmp_path, "revision = 1\n" + SOUND.replace("87.5]", "85]"))
    assert planner(*first).returncode == 0
    assert "revision 1, replaces 0" in (tmp_path / "K-1/treatment-sheet.html").read_text()
    assert b"SEQUENCE:1" in (tmp_path / "K-1/patient.ics").read_bytes()


@pytest.mark.hazard("wrong-patient")
def test_another_patients_course_of_the_same_id_is_refused(planner: Run, tmp_path: Path) -> None:
    """A copied file in which the id was forgotten."""
    assert planner("plan", write(tmp_path, SOUND), "--timezone", "UTC").returncode == 0
    path = write(tmp_path, "revision = 1\n" + SOUND.replace("P-1", "P-2"))
    assert planner("plan", path, "--timezone", "UTC").returncode == 13
    done = planner("plan", path, "--timezone", "UTC", "--since", "K-1/plan.json", "--out", "b")
    assert done.returncode == 10
    assert "another patient's course K-1" in done.stderr


@pytest.mark.hazard("crash-in-the-middle")
def test_a_folder_that_is_not_ours_is_left_alone(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "home")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/labels.pdf").write_text("mine")
    for out in ("home", "link", "home/letter.txt", "labels", "."):
        done = planner("plan", "course.toml", "--timezone", "UTC", "--out", out)
        assert done.returncode == 13
    assert names(tmp_path / "home") == {"letter.txt"}
    assert names(tmp_path / "labels") == {"labels.pdf"}


@pytest.mark.hazard("data-leak")
def test_documents_are_readable_by_their_owner_alone(planner: Run, tmp_path: Path) -> None:
    planner("plan", write(tmp_path, SOUND), "--timezone", "UTC")
    for path in (tmp_path / "K-1").rglob("*"):
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0


def test_a_course_without_doses_has_blanks_and_a_conversion_table(
    planner: Run, tmp_path: Path
) -> None:
    path = write(tmp_path, course_text(lesion()))
    done = planner("plan", path, "--timezone", "UTC", "--json", "--out", "out")
    plan = json.loads(done.stdout)
    first = plan["visits"][0]
    assert first["injections"][0]["dose_mg"] is None
    assert first["total_dose_mg"] is None
    assert first["preparation"] is None
    sheet = html_text((tmp_path / "out/treatment-sheet.html").read_bytes())
    assert "Conversion at 150 mg/mL" in sheet
    assert "15 mg" in sheet
    assert "not a proposal" in sheet

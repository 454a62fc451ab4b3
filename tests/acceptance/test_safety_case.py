"""The safety case says what stands elsewhere; the downtime kit has the clinic's own syringes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from planner.app.safety_case import last_run
from planner.files.bundled import example_text
from planner.files.hazards import hazards
from tests import hazard_run
from tests.conftest import ROOT, Run
from tests.courses import course_text, lesion, write
from tests.papers import html_text, pages

FILES = ["hazard-log.csv", "local-deployment.pdf", "safety-case.pdf", "traceability.csv"]


@pytest.fixture
def made(planner: Run, tmp_path: Path) -> Path:
    done = planner("safety-case", "--out", "safety")
    assert done.returncode == 0, done.stderr
    return tmp_path / "safety"


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_it_has_each_hazard_with_its_risk_controls_and_tests(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == FILES
    told = " ".join(pages((made / "safety-case.pdf").read_bytes()))
    log = hazards()
    assert [one["id"] for one in rows(made / "hazard-log.csv")] == [one.id for one in log]
    traced = rows(made / "traceability.csv")
    for one in log:
        assert one.id in told.replace(" ", "") or one.id in told
        own = [row for row in traced if row["hazard"] == one.id]
        assert [row["test"] for row in own if row["test"]] == list(one.tests)
        assert [row["where"] for row in own if row["where"]] == [
            each.where for each in one.controls
        ]


def test_it_is_in_the_order_in_which_it_is_asked_for(made: Path) -> None:
    told = " ".join(pages((made / "safety-case.pdf").read_bytes()))
    heads = [
        "1 Summary", "2 System and intended use", "3 Risk management",
        "4 Hazards and initial risk", "5 Controls and residual risk", "6 Verification",
        "7 Known limits", "8 Changes since the last version", "9 Approval",
    ]  # fmt: skip
    places = [told.index(one) for one in heads]
    assert places == sorted(places)
    assert "six patients without controls" in told
    assert "planner validate" in told


def test_a_local_deployment_has_its_own_paper(made: Path) -> None:
    told = " ".join(pages((made / "local-deployment.pdf").read_bytes()))
    for word in ("Roles of a local deployment", "Training", "Downtime", "Clinical safety officer"):
        assert word in told


def test_what_is_no_safety_case_is_not_replaced(planner: Run, made: Path) -> None:
    assert planner("safety-case", "--out", "safety").returncode == 0
    (made / "notes.txt").write_text("mine")
    done = planner("safety-case", "--out", "safety")
    assert done.returncode == 13
    assert (made / "notes.txt").read_text() == "mine"


def test_the_last_run_is_of_tests_that_there_are() -> None:
    known = {test for one in hazards() for test in one.tests}
    assert set(last_run().results) <= known


REPORT = """<testsuites><testsuite timestamp="2026-11-26T10:00:00">
<testcase classname="tests.spec.test_regimen" name="test_a[1]"><failure/></testcase>
<testcase classname="{where}" name="{name}[a]"/>
<testcase classname="{where}" name="{name}[b]">{worst}</testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(("worst", "became"), [("", "passed"), ("<failure/>", "failed")])
def test_a_run_is_kept_by_its_worst(tmp_path: Path, worst: str, became: str) -> None:
    test = hazards()[0].tests[0]
    path, name = test.split("::")
    where = path.removesuffix(".py").replace("/", ".")
    (tmp_path / "run.xml").write_text(REPORT.format(where=where, name=name, worst=worst))
    kept = hazard_run.kept(tmp_path / "run.xml")
    assert kept["results"] == {test: became}
    assert kept["at"] == "2026-11-26"


@pytest.mark.parametrize("language", ["en", "da"])
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_blank_papers_are_of_the_clinic(
    planner: Run, tmp_path: Path, language: str, paper: str
) -> None:
    clinic = example_text("clinic-copenhagen").replace(
        'language = "en"', f'language = "{language}"'
    )
    (tmp_path / "clinic.toml").write_text(clinic.replace('paper = "A4"', f'paper = "{paper}"'))
    done = planner("blank", "--clinic", "clinic.toml", "--out", "kit")
    assert done.returncode == 0, done.stderr
    told = pages((tmp_path / "kit/blank-papers.pdf").read_bytes())
    assert len(told) == 4
    whole = " ".join(told)
    # 12.5 mg are 0.083 mL, read as 0.08; 275 mg are 1.83, read as 1.8 in the syringe of 3 mL.
    figures = {
        "en": ["12.5 mg 0.08 mL (12 mg) 1 mL", "275 mg 1.8 mL (270 mg) 3 mL"],
        "da": ["12,5 mg 0,08 mL (12 mg) 1 mL", "275 mg 1,8 mL (270 mg) 3 mL"],
    }
    for figure in figures[language]:
        assert figure in " ".join(whole.split()).replace(" )", ")")


def kit(planner: Run, tmp_path: Path, old: str = "", new: str = "", *, more: str = "") -> str:
    """The text of the kit of a clinic whose file was changed."""
    text = example_text("clinic-copenhagen")
    assert old in text
    (tmp_path / "clinic.toml").write_text(text.replace(old, new) + more)
    done = planner("blank", "--clinic", "clinic.toml", "--out", "kit")
    assert done.returncode == 0, done.stderr
    told = " ".join(pages((tmp_path / "kit/blank-papers.pdf").read_bytes()))
    return " ".join(told.split()).replace(" )", ")")


def test_a_stock_that_is_diluted_has_its_recipe_asked_for(planner: Run, tmp_path: Path) -> None:
    told = kit(planner, tmp_path, "strength_mg_per_ml = 150", "strength_mg_per_ml = 250")
    assert "The clinic's stock has 250 mg/mL: it is diluted by a written recipe first." in told
    assert "In the syringe: 150 mg/mL. Salt on the vial:" in told
    assert "The vial must say 250 mg/mL:" in told
    assert "Recipe checked by" in told
    assert "Volumes of 150 mg/mL in the syringe" in told


@pytest.mark.hazard("wrong-salt")
def test_the_salt_is_asked_as_on_a_worksheet(planner: Run, tmp_path: Path) -> None:
    told = kit(planner, tmp_path, 'salt = "not stated"', 'salt = "anhydrous"')
    assert "The vial must say 150 mg/mL, anhydrous:" in told
    assert "A physician decides first: the stock is anhydrous" in told
    assert "A physician decides" not in kit(planner, tmp_path)


@pytest.mark.hazard("unsuitable-patient")
def test_each_question_of_a_protocol_is_on_the_blank_worksheet(
    planner: Run, tmp_path: Path
) -> None:
    assert planner("protocol", "new", "own.toml").returncode == 0
    own = (tmp_path / "own.toml").read_text()
    own += '[[screen]]\nid = "bled"\nquestion = "bleeding time was measured"\nstop_if = false\n'
    own += 'because = "ours"\npolicy = true\n'
    (tmp_path / "own.toml").write_text(own)
    done = planner("blank", "--protocol", "own.toml", "--out", "kit")
    assert done.returncode == 0, done.stderr
    told = " ".join(" ".join(pages((tmp_path / "kit/blank-papers.pdf").read_bytes())).split())
    assert "Asked today; at a no stop, ask the physician: bleeding time was measured:" in told


def test_a_stock_that_is_too_weak_has_no_kit(planner: Run, tmp_path: Path) -> None:
    text = example_text("clinic-copenhagen").replace("ml = 150", "ml = 100")
    (tmp_path / "clinic.toml").write_text(text)
    done = planner("blank", "--clinic", "clinic.toml", "--out", "kit")
    assert done.returncode == 10
    assert "too weak" in done.stderr
    assert not (tmp_path / "kit").exists()


ONE_SYRINGE = "[[syringe]]\ncapacity_ml = {}\ngraduation_ml = {}\n"


def test_a_dose_that_a_plan_would_ask_about_has_no_volume(planner: Run, tmp_path: Path) -> None:
    """Lines of 1 mL: 82.5 mg would be drawn as 150 mg."""
    text = example_text("clinic-copenhagen")
    told = kit(planner, tmp_path, text[text.index("[[syringe]]") :], ONE_SYRINGE.format(50, 1))
    assert "82.5 mg not with these syringes" in told
    assert "150 mg 1 mL (150 mg) 50 mL" in told


@pytest.mark.hazard("rounding")
def test_a_dose_that_a_syringe_misses_is_told_alike_wherever_it_is_converted(
    planner: Run, tmp_path: Path
) -> None:
    """Lines of 0.02 mL: 7.5 mg is missed by a fifth, 22.5 mg by 6.7 %, 15 mg is met."""
    text = example_text("clinic-copenhagen")
    told = kit(planner, tmp_path, text[text.index("[[syringe]]") :], ONE_SYRINGE.format(1, 0.02))
    assert "7.5 mg not with these syringes" in told
    assert "22.5 mg 0.14 mL (21 mg, -6.7 %)" in told
    assert "15 mg 0.1 mL (15 mg)" in told
    course = write(tmp_path, course_text(lesion()))
    done = planner("plan", course, "--clinic", "clinic.toml", "--out", "out")
    assert done.returncode == 0, done.stderr
    sheet = " ".join(html_text((tmp_path / "out/treatment-sheet.html").read_bytes()).split())
    assert "2.5 mg not with these syringes" in sheet
    assert "22.5 mg 0.14 mL (21 mg, -6.7 %)" in sheet
    said = planner("dose", "7.5", "--clinic", "clinic.toml").stdout.replace("\u00a0", " ")
    assert "caution: over 10 % from the dose; a plan asks a physician" in said
    said = planner("dose", "22.5", "7.5", "15", "--clinic", "clinic.toml").stdout
    rows = [row.replace("\u00a0", " ") for row in said.splitlines()]
    assert [row.partition("1 x 1 mL")[2].strip() for row in rows[2:]] == [
        "over 5 % from the dose", "over 10 % from the dose; a plan asks a physician", "",
    ]  # fmt: skip


def test_what_takes_several_syringes_says_so(planner: Run, tmp_path: Path) -> None:
    text = example_text("clinic-copenhagen")
    told = kit(planner, tmp_path, text[text.index("[[syringe]]") :], ONE_SYRINGE.format(1, "0.01"))
    assert "175 mg 0.59 mL + 0.58 mL (175.5 mg) 2 \u00d7 1 mL" in told


def test_a_protocol_without_a_largest_dose_has_a_table(planner: Run, tmp_path: Path) -> None:
    text = (ROOT / "planner/protocols/sts-150.toml").read_text()
    ours = text.replace('dose_mg = "[12.5..275]"', 'dose_mg = ">= 12.5"', 1)
    ours = ours.replace('dose_mg = "[12.5..30]"', 'dose_mg = ">= 12.5"', 1)
    (tmp_path / "ours.toml").write_text(ours)
    assert planner("blank", "--protocol", "ours.toml", "--out", "kit").returncode == 0
    told = " ".join(pages((tmp_path / "kit/blank-papers.pdf").read_bytes()))
    assert "300 mg" in told


def test_what_is_kept_is_json() -> None:
    assert json.loads(hazard_run.STORED.read_text())["results"] is not None

"""`planner new`: questions, bad answers refused on the spot, lesions from a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.files.reading import parse_toml
from tests.conftest import Run
from tests.courses import write

HEAD = "K-7\nsystemic sclerosis\n2026-09-07 09:00\nP-7\nÅse Ø. Jensen\n1961-05-01\n"
KNEE = "A\nknee\nright\nabove the patella\n70\nyes\n12.5 57.5 72.5 87.5\n"
TRUNK = "B\ntrunk\n\n4\nno\n\n"


def test_the_answers_make_a_course_that_can_be_planned(planner: Run, tmp_path: Path) -> None:
    done = planner("new", "own.toml", INPUT=f"{HEAD}{KNEE}y\n{TRUNK}n\n")
    assert done.returncode == 0, done.stderr
    assert "Written: own.toml" in done.stdout
    made = parse_toml((tmp_path / "own.toml").read_bytes())
    assert (made["patient"]["name"], str(made["patient"]["birth_date"])) == (
        "Åse Ø. Jensen",
        "1961-05-01",
    )
    assert [one["id"] for one in made["lesion"]] == ["A", "B"]
    assert "side" not in made["lesion"][1]
    planned = planner("plan", "own.toml", "--timezone", "Europe/Copenhagen")
    assert planned.returncode == 0, planned.stderr
    assert "right knee (above the patella)" in planned.stdout


ANSWERS = [
    # in place of, a bad answer before it; what is said
    ("K-7\n", "K 7", "use letters a to z"),
    ("2026-09-07 09:00\n", "7/9/2026", "2026-09-07 09:00"),
    ("1961-05-01\n", "1.5.1961", "1961-05-01"),
    ("knee\n", "kneee", "knee"),
    ("right\n", "rigth", "did you mean right?"),
    ("70\n", "7 cm", "give it in mm"),
    ("70\n", "501", "outside the sizes of the protocol"),
    ("yes\n", "maybe", "answer yes or no"),
    ("12.5 57.5 72.5 87.5\n", "12,5", "a decimal has a point: 12.5"),
    ("12.5 57.5 72.5 87.5\n", "12.5 57.5", "2 doses for 4 injections"),
    ("12.5 57.5 72.5 87.5\n", "0.5 mL", "12.5 mg"),
]


@pytest.mark.parametrize(("answer", "bad", "said"), ANSWERS)
@pytest.mark.hazard("decimal-comma", "mg-for-ml")
def test_a_bad_answer_is_refused_and_asked_again(
    planner: Run, tmp_path: Path, answer: str, bad: str, said: str
) -> None:
    answers = f"{HEAD}{KNEE}n\n".replace(answer, f"{bad}\n{answer}", 1)
    done = planner("new", "own.toml", INPUT=answers)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr.replace("\u00a0", " ")
    assert planner("plan", "own.toml", "--timezone", "UTC").returncode == 0


@pytest.mark.hazard("wrong-side-or-site")
def test_a_second_lesion_needs_an_id_of_its_own(planner: Run) -> None:
    done = planner("new", "own.toml", INPUT=f"{HEAD}{KNEE}y\na\n{TRUNK}n\n")
    assert done.returncode == 0, done.stderr
    assert "a is taken; choose another" in done.stderr


def test_nothing_is_written_over_or_by_half(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, "kept", "own.toml")
    done = planner("new", "own.toml", INPUT=HEAD)
    assert done.returncode == 10
    assert "the file exists already" in done.stderr
    assert (tmp_path / "own.toml").read_text() == "kept"
    done = planner("new", "other.toml", INPUT=HEAD)
    assert done.returncode == 10
    assert "no answer to:   Lesion id" in done.stderr
    assert not (tmp_path / "other.toml").exists()


CSV = "id,site,side,size_mm,ulcerated,dose_mg\nA,knee,right,70,yes,12.5 57.5 72.5 87.5\n"


@pytest.mark.parametrize("text", [
    CSV,
    "\ufeff" + CSV,
    CSV.replace(",", ";"),
    CSV.replace("\n", "\r\n"),
    CSV.replace("yes", "true") + "B,trunk,,4,no,\n",
])  # fmt: skip
def test_lesions_come_from_a_spreadsheet(planner: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "lesions.csv").write_text(text, encoding="utf-8", newline="")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 0, done.stderr
    assert planner("plan", "own.toml", "--timezone", "UTC").returncode == 0


FAULTS = [
    # in place of, what; what is said
    ("dose_mg\n", "dose_mg,dose_mg\n", "lesions.csv: column dose_mg: it stands twice"),
    ("dose_mg\n", "dose\n", "lesions.csv: column dose: unknown; did you mean dose_mg?"),
    (",70,", ",70 cm,", "lesions.csv: row 2: size_mm: '70 cm' is not in mm"),
    (",yes,", ",,", "lesions.csv: row 2: ulcerated: it is missing"),
    (",yes,", ",ja,", "lesions.csv: row 2: ulcerated: "),
    (",12.5 57.5", ",12;5 57.5", "lesions.csv: row 2: dose_mg: "),
    ("\nA,knee", "\nA,kneee", "lesions.csv: lesion[1].site: 'kneee' is not a site"),
    ("\nA,knee,right", "\nA,knee,", "lesions.csv: lesion[1].side: knee is left or right"),
    ("\nA,", "\na,trunk,,4,no,\nA,", "lesions.csv: lesion[2].id: A is lesion[1] already"),
    ("A,knee", "A,knee,extra", "it has more or fewer cells"),
    ("A,knee,right,70,yes,12.5 57.5 72.5 87.5\n", "", "there is no lesion in it"),
]


@pytest.mark.parametrize(("old", "new", "said"), FAULTS)
@pytest.mark.hazard("decimal-comma")
def test_a_faulty_spreadsheet_is_refused_before_anything_is_asked(
    planner: Run, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in CSV
    write(tmp_path, CSV.replace(old, new, 1), "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 10
    assert said in done.stderr.replace("\u00a0", " ")
    assert "Course id" not in done.stderr
    assert not (tmp_path / "own.toml").exists()

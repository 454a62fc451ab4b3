"""`planner new`: questions, bad answers refused on the spot, lesions from a spreadsheet."""

from __future__ import annotations

import tomllib
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
    ("12.5 57.5 72.5 87.5\n", "12.5;;57.5;1", "a dose is missing in"),
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


def taken(planner: Run, tmp_path: Path, content: str | bytes) -> list[tuple[object, ...]]:
    """The lesions of the course file that a spreadsheet leads to."""
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "lesions.csv").write_bytes(raw)
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 0, done.stderr
    assert planner("plan", "own.toml", "--timezone", "UTC", "--json").returncode in (0, 12)
    table = tomllib.loads((tmp_path / "own.toml").read_text("utf-8"), parse_float=str)
    keys = ("id", "site", "side", "size_mm", "ulcerated", "dose_mg")
    return [tuple(one.get(key) for key in keys) for one in table["lesion"]]


IN_A, IN_B = ("A", "knee", "right", 70, True, "57.5"), ("B", "trunk", None, 4, False, "12.5")
PLAIN = "id,site,side,size_mm,ulcerated,dose_mg\nA,knee,right,70,yes,57.5\nB,trunk,,4,no,12.5\n"
DANISH = PLAIN.replace(",", ";").replace("57.5", "57,5").replace("12.5", "12,5")
SAVED = {
    "plain": PLAIN,
    "with a mark": "\ufeff" + PLAIN,
    "lines of Windows": PLAIN.replace("\n", "\r\n"),
    "lines of an old Mac": PLAIN.replace("\n", "\r"),
    "semicolons": PLAIN.replace(",", ";"),
    "decimal commas": DANISH,
    "tabs": DANISH.replace(";", "\t"),
    "UTF-16": DANISH.replace(";", "\t").encode("utf-16"),
    "UTF-16, the other way": "\ufeff".encode("utf-16-be") + DANISH.encode("utf-16-be"),
    "UTF-16 without a mark": DANISH.encode("utf-16-le"),
    "Danish words": DANISH.replace("yes", "SAND").replace("no", "falsk"),
    "ja and nej": DANISH.replace("yes", "ja").replace("no", "Nej"),
    "German words": DANISH.replace("yes", "WAHR").replace("no", "FALSCH"),
    "TRUE and False": PLAIN.replace("yes", "TRUE").replace("no", "False"),
    "sep=": "sep=,\r\n" + PLAIN,
    "sep=; with a mark": "\ufeffsep=;\n" + DANISH,
    "a column without cells": PLAIN.replace("\n", ",\n"),
    "a first column without cells": "," + PLAIN.replace("\n", "\n,").rstrip(","),
    "rows without cells": "\n,,,,,\n" + PLAIN.replace("\nB", "\n,,,,,,\n  ,,\n\nB") + ",,,,,,\n",
    "capitals": PLAIN.replace("id,site", "ID, Site ").replace("knee,right", "Knee,Right "),
    "units": PLAIN.replace("70", "70 mm").replace("57.5", "57.5 mg"),
    "blanks that do not break": PLAIN.replace("A,knee", "A\u00a0,knee\u00a0"),
}


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.hazard("decimal-comma")
def test_lesions_come_from_a_spreadsheet_of_any_program(
    planner: Run, tmp_path: Path, name: str
) -> None:
    assert taken(planner, tmp_path, SAVED[name]) == [IN_A, IN_B]


def test_a_dose_for_each_injection_comes_from_a_spreadsheet(planner: Run, tmp_path: Path) -> None:
    doses = ["100", "150", "175", "275"]
    for said in ("100 150 175 275", '"100;150;175;275"', "100 mg 150 mg 175mg 275 mg"):
        ((*_, found),) = taken(planner, tmp_path, PLAIN.replace("57.5", said).partition("B,")[0])
        assert list(map(str, found)) == doses  # type: ignore[call-overload]
        (tmp_path / "own.toml").unlink()


def test_another_encoding_is_refused_by_its_row(planner: Run, tmp_path: Path) -> None:
    text = PLAIN + "C,knee,left,70,yes,57.5,målt\n"
    (tmp_path / "lesions.csv").write_bytes(text.encode("windows-1252"))
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 10
    assert f'row {text.count(chr(10))}: this is not UTF-8; save it as "CSV UTF-8"' in done.stderr


def test_figures_are_echoed_with_a_point(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, DANISH, "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert "row 2: A, right knee, 70 mm, ulcerated, 57.5 mg" in done.stderr
    assert "row 3: B, trunk, 4 mm, not ulcerated, 12.5 mg" in done.stderr


THOUSANDS = ["1.500", "1,500", "12.500", "1.200,5", "1 200 1 200", "1\u202f200", "10 000", "=57.5"]


@pytest.mark.parametrize("dose", THOUSANDS)
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.hazard("decimal-comma")
def test_what_may_be_thousands_is_refused(
    planner: Run, tmp_path: Path, dose: str, separator: str
) -> None:
    text = PLAIN.replace(",", separator).replace("57.5", f'"{dose}"')
    write(tmp_path, text, "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 10
    assert "lesions.csv: row 2: dose_mg: " in done.stderr
    assert not (tmp_path / "own.toml").exists()


def test_rows_are_numbered_as_the_spreadsheet_shows_them(planner: Run, tmp_path: Path) -> None:
    text = "sep=,\n" + PLAIN.replace("\nB,trunk", '\n\nC,knee,left,"7\n",yes,\nB,trunkk')
    write(tmp_path, text.replace("B,trunkk,,4", "B,trunk,,much"), "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert 'row 5: size_mm: "much" is not a number' in done.stderr
    write(tmp_path, text, "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert "lesions.csv: row 5: site: 'trunkk' is not a site" in done.stderr


FAULTS = [
    # in place of, what; what is said
    ("dose_mg\n", "dose_mg,dose_mg\n", "lesions.csv: column dose_mg: it stands twice"),
    ("dose_mg\n", "dose\n", "lesions.csv: column dose: unknown; did you mean dose_mg?"),
    (",70,", ",７０,", 'lesions.csv: row 2: size_mm: "７０" is not a number'),  # noqa: RUF001
    (",70,", ",70 cm,", 'lesions.csv: row 2: size_mm: "70 cm" is not in mm'),
    (",yes,", ",,", "lesions.csv: row 2: ulcerated: it is missing"),
    (",yes,", ",maybe,", "lesions.csv: row 2: ulcerated: "),
    (",12.5 57.5 72.5", ",12.5;;72.5", "row 2: dose_mg: a dose is missing in"),
    (",12.5 57.5", ",12,5 57.5", "lesions.csv: row 2: it has more cells"),
    ("\nA,knee", "\nA,kneee", "lesions.csv: row 2: site: 'kneee' is not a site"),
    ("\nA,knee,right", "\nA,knee,", "lesions.csv: row 2: side: knee is left or right"),
    ("\nA,", "\na,trunk,,4,no,\nA,", "lesions.csv: row 3: id: A is row 2 already"),
    ("A,knee", "A,knee,extra", "it has more cells than the heading"),
    ("A,knee,right,70,yes,12.5 57.5 72.5 87.5\n", "", "there is no lesion in it"),
    ("dose_mg\n", "dose_mg,\n,,,,,,x", "column 7: it has cells and no heading"),
    ("\nA,", "\n" + "X,trunk,,4,no,\n" * 600 + "A,", "it holds over 100 lesions"),
    ("A,knee", '"A,knee', "row 2: this is not CSV"),
    ("\nA,", '\n,,,,,\n\n"A,', "row 4: this is not CSV"),
    ("A,knee", "\x00,knee", "it holds NUL characters"),
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


def test_a_cell_that_cannot_be_read_hides_nothing(planner: Run, tmp_path: Path) -> None:
    """All rows are held against the protocol, each as far as it can be read."""
    more = "B,kneee,left,4 cm,no,\nA,knee,,700,yes,\nC,trunk,left,,no,\nD,trunk,,4,no,,x\n"
    write(tmp_path, PLAIN.partition("B,")[0] + more, "lesions.csv")
    done = planner("new", "own.toml", "--lesions", "lesions.csv", INPUT=HEAD)
    assert done.returncode == 10
    for one in (
        "row 3: size_mm", "row 3: site", "row 4: id: A is row 2", "row 4: side", "row 4: size_mm",
        "row 5: side", "row 5: size_mm: it is missing", "row 6: it has more cells",
    ):  # fmt: skip
        assert f"lesions.csv: {one}" in done.stderr
    assert len(done.stderr.splitlines()) == 8, done.stderr


def test_a_danish_clinic_has_commas_in_cells_that_commas_part(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, 'timezone = "Europe/Copenhagen"\nlanguage = "da"\n', "clinic.toml")
    write(tmp_path, PLAIN.replace("57.5", '"57,5"'), "lesions.csv")
    call = ("new", "own.toml", "--lesions", "lesions.csv")
    assert planner(*call, INPUT=HEAD).returncode == 10
    done = planner(*call, "--clinic", "clinic.toml", INPUT=HEAD)
    assert done.returncode == 0, done.stderr
    assert "57.5 mg" in done.stderr


def test_in_a_danish_clinic_a_decimal_has_a_comma(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, 'timezone = "Europe/Copenhagen"\nlanguage = "da"\n', "clinic.toml")
    knee = KNEE.replace("knee", "Knee ").replace("right", "RIGHT").replace("70", "1.500\n7,5")
    knee = knee.replace("yes", "ja").replace("12.5 57.5 72.5 87.5", "1.500\n12,5 57,5 72,5 87,5")
    done = planner("new", "own.toml", "--clinic", "clinic.toml", INPUT=f"{HEAD}{knee}n\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("may be thousands") == 2
    assert "read as 7.5 mm" in done.stderr
    assert "read as 12.5 mg, 57.5 mg, 72.5 mg, 87.5 mg" in done.stderr
    (made,) = parse_toml((tmp_path / "own.toml").read_bytes())["lesion"]
    assert (made["site"], made["side"], str(made["size_mm"])) == ("knee", "right", "7.5")
    assert [str(one) for one in made["dose_mg"]] == ["12.5", "57.5", "72.5", "87.5"]
    assert "--clinic clinic.toml" in done.stdout

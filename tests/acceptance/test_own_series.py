"""`planner series`: the letter's table through the register, days, folders, foreign readers."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import frictionless
import pandas
import pytest

from planner.app.administration import undone
from planner.app.series import Chosen, description_json, register_cohort
from planner.app.series_folder import series_files
from planner.core.plan.course import Background, Sex
from planner.core.protocol.protocol import Protocol
from planner.core.series.cohort import cohort_of, letters_cohort
from planner.core.series.description import described
from planner.documents.series.checklist import checklist
from planner.documents.series.flow import flow
from planner.documents.series.report import table_1
from planner.documents.series.swimmer import swimmers
from planner.documents.series.tables import tables
from planner.documents.series.waterfall import waterfall
from planner.errors import NotAllowedError, NotFoundError
from planner.files.bundled import protocol_path
from planner.store.database import Database, open_database
from planner.store.histories import read_course
from tests.conftest import Run
from tests.courses import SOUND
from tests.letters_courses import enter_the_letter
from tests.papers import pages
from tests.registers import Followed, follow

TODAY = date(2027, 6, 1)
NAMES = {
    "table-1.csv", "table-1.html", "report.pdf", "waterfall.svg", "spider.svg", "swimmer.svg",
    "remission.svg", "pain.svg", "flow.svg", "patients.csv", "courses.csv", "lesions.csv",
    "injections.csv", "evaluations.csv", "events.csv", "datapackage.json", "redcap.csv",
    "redcap-dictionary.csv",
}  # fmt: skip


@pytest.fixture
def letters(tmp_path: Path, sts_150: Protocol) -> Database:
    register = open_database(str(tmp_path / "register.db"))
    enter_the_letter(register, sts_150)
    return register


def told(register: Database, **chosen: Any) -> dict[str, Any]:
    cohort = register_cohort(register, "physician", Chosen(**chosen), TODAY)
    return description_json(described(cohort))


def test_the_letters_table_comes_from_the_register(letters: Database, sts_150: Protocol) -> None:
    ours = told(letters)
    theirs = description_json(described(letters_cohort(sts_150)))
    for name in ("patients", "lesions", "injections", "treated_lesions"):
        assert ours[name] == theirs[name]
    for week in ("4", "12"):
        assert ours["weeks"][week] == theirs["weeks"][week]
    assert ours["endings"] | {"died": 0, "not_reported": 1} == theirs["endings"]


def test_a_look_is_of_the_courses_whose_protocol_has_it(
    letters: Database, sts_150: Protocol, tmp_path: Path
) -> None:
    head, *looks = protocol_path("sts-150").read_text().split("[[evaluation]]")
    rest = looks[-1][looks[-1].index("[policy]") :]
    own = head.replace('id = "sts-150"', 'id = "ours"')
    look = "[[evaluation]]\nafter_days = 42\nwindow_days = 3\n\n"
    (tmp_path / "ours.toml").write_text(own + look + rest)
    follow(letters, tmp_path, f'protocol = "ours.toml"\n{SOUND}').give(1)
    weeks = told(letters)["weeks"]
    assert {week: one["treated_patients"] for week, one in weeks.items()} == {
        "4": 6, "6": 1, "12": 6,
    }  # fmt: skip
    cohort = register_cohort(letters, "physician", Chosen(), TODAY)
    steps = flow(described(cohort)).rows
    assert ("treated", "7", "8") in steps
    assert sum("no such look in their protocol" in row[1] for row in steps) == 3
    assert ("K-1 A", "not planned", "not seen", "not planned") in waterfall(cohort).rows


def held_course(register: Database, folder: Path) -> Followed:
    one = follow(register, folder)
    one.give(1)
    one.hold("2026-09-10")
    return one


def events_of(register: Database) -> list[tuple[str, str]]:
    files = series_files({"register": register_cohort(register, "nurse", Chosen(), TODAY)})
    rows = csv.DictReader(io.StringIO(files["events.csv"].decode()))
    return [(row["day"], row["what"]) for row in rows if row["what"] in ("hold", "release")]


def test_a_hold_that_is_over_is_told(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    one = held_course(register, tmp_path)
    one.resume("2026-09-15")
    assert events_of(register) == [("3", "hold"), ("8", "release")]
    assert told(register)["held_lesions"] == 1
    one.make(undone)
    one.end("stopped", "2026-10-01")
    assert events_of(register) == [("3", "hold")]
    cohort = register_cohort(register, "physician", Chosen(), TODAY)
    (lane,) = swimmers(cohort)
    white = [one for one in ET.fromstring(lane.svg).iter() if one.get("height") == "0.5"]
    assert len(white) == 1


def test_a_hold_that_was_withdrawn_is_none(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    held_course(register, tmp_path).make(undone)
    assert events_of(register) == []
    assert told(register)["held_lesions"] == 0


def test_a_look_that_was_moved_is_not_missed_before_its_day(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    one = follow(register, tmp_path)
    one.give(1)
    last = one.visits[-1]
    one.move(last.number, f"{last.due + timedelta(days=49)} 09:00", confirm="travels")
    day = last.due + timedelta(days=49)
    for on, due in ((day, 1), (day + timedelta(days=1), 0)):
        cohort = register_cohort(register, "physician", Chosen(), on)
        assert description_json(described(cohort))["weeks"]["12"]["not_yet_due"] == due


def test_a_day_tells_the_register_as_it_was(tmp_path: Path, sts_150: Protocol) -> None:
    register = open_database(str(tmp_path / "register.db"))
    enter_the_letter(register, sts_150)
    assert told(register, on=TODAY)["injections"] == 20
    assert told(register, on=TODAY - timedelta(days=1))["courses"] == 0


def test_a_missed_injection_has_a_number_too_and_a_hold_is_recorded_on_its_day(
    tmp_path: Path,
) -> None:
    register = open_database(str(tmp_path / "register.db"))
    one = follow(register, tmp_path)
    one.give(1)
    one.miss(2)
    one.give(3)
    held_on = one.visits[2].due + timedelta(days=2)
    one.hold(f"{held_on}", "A")
    cohort = register_cohort(register, "physician", Chosen(), held_on)
    (course,) = cohort.courses
    rows = csv.DictReader(io.StringIO(tables(cohort)["injections.csv"].decode()))
    assert [row["injection"] for row in rows] == ["1", "3"]
    assert course.last_day == (held_on - one.visits[0].due).days


def test_courses_are_chosen_by_their_first_day(letters: Database) -> None:
    cohort = register_cohort(letters, "physician", Chosen(), TODAY)
    with letters.reading() as connection:
        begun = {
            one.id: read_course(connection, one.id).state.course.first_visit.date()
            for one in cohort.courses
        }
    assert {one.id: one.began for one in cohort.courses} == begun
    middle = sorted(begun.values())[2]
    later = sum(day >= middle for day in begun.values())
    until = sum(day <= middle for day in begun.values())
    assert told(letters, first=middle)["courses"] == later
    assert told(letters, last=middle)["courses"] == until
    assert told(letters, first=middle, last=middle)["courses"] == later + until - len(begun)


def test_protocol_and_clinic_are_known(letters: Database) -> None:
    with pytest.raises(NotFoundError, match="no course follows the protocol"):
        told(letters, protocol="sts-15O")
    with pytest.raises(NotFoundError, match="the register has no clinic"):
        told(letters, clinic="other")
    assert told(letters, protocol="sts-150")["courses"] == 6


def test_who_reads_no_courses_reads_no_series(letters: Database) -> None:
    with pytest.raises(NotAllowedError):
        register_cohort(letters, "administrator", Chosen(), TODAY)


def test_a_restricted_patient_is_left_out(planner: Run, letters: Database) -> None:
    done = planner(
        "patient", "restrict", "letter-2", "--reason", "asked", "--by", "Dr A. Holm",
        "--database", "register.db",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert told(letters)["patients"] == 5


@pytest.fixture
def folder(planner: Run, letters: Database, tmp_path: Path) -> Path:
    done = planner("series", "--letter", "--out", "out", "--database", "register.db")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_a_folder_has_what_the_contract_names(folder: Path) -> None:
    assert {one.name for one in folder.iterdir()} == NAMES
    text = " ".join(pages((folder / "report.pdf").read_bytes()))
    for one in ("62.6", "63.2", "3 to 89", "4 to 78", "Korn and Graubard", "printed 80"):
        assert one in text
    assert "p =" not in text


def test_a_report_tells_what_it_cannot_answer(letters: Database) -> None:
    cohort = register_cohort(letters, "physician", Chosen(), TODAY)
    items = {one.asked: one for one in checklist(described(cohort))}
    assert items["how many patients and lesions"].answer == "6 patients, 7 lesions"
    assert items["when patients were looked at again"].answer.startswith("week 4: 7 of 7")
    unknown = {name for name, one in items.items() if not one.is_known}
    assert {"consent to publication", "sex", "ethics committee"} < unknown
    assert "age" not in unknown


def test_nothing_in_the_folder_says_who_somebody_is(folder: Path, letters: Database) -> None:
    for one in folder.iterdir():
        if one.suffix in (".csv", ".json", ".svg", ".html"):
            content = one.read_text()
            assert "letter-" not in content, one.name
            assert "2026-" not in content, one.name
            assert "2027-" not in content, one.name


def test_pandas_reads_the_tables_by_their_description(folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text())
    for resource in package["resources"]:
        kinds = {"number": "float64", "integer": "Int64", "string": "string", "boolean": "boolean"}
        wanted = {one["name"]: kinds[one["type"]] for one in resource["schema"]["fields"]}
        read = pandas.read_csv(folder / resource["path"], dtype=wanted)
        assert [*read.columns] == [*wanted]
    looks = pandas.read_csv(folder / "evaluations.csv")
    week_4 = looks[looks.after_days == 28]
    assert round(week_4.reduction_percent.mean(), 1) == 62.6


def test_frictionless_finds_no_fault(folder: Path) -> None:
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["name", "note"])


def test_frictionless_finds_a_fault(folder: Path) -> None:
    path = folder / "injections.csv"
    path.write_text(path.read_text().replace(",1,0,", ",1,zero,", 1))
    assert not frictionless.validate(str(folder / "datapackage.json")).valid


def test_the_import_has_the_fields_of_its_dictionary(folder: Path) -> None:
    """REDCap's own rules: known fields, one form each, a number for each repetition."""
    fields = [*csv.DictReader(io.StringIO((folder / "redcap-dictionary.csv").read_text()))]
    yes_or_no = {one["Variable / Field Name"] for one in fields if one["Field Type"] == "truefalse"}
    form_of = {one["Variable / Field Name"]: one["Form Name"] for one in fields}
    assert all(name == name.lower() and len(name) <= 26 for name in form_of)
    assert fields[0]["Variable / Field Name"] == "record_id"
    seen = set()
    for row in csv.DictReader(io.StringIO((folder / "redcap.csv").read_text())):
        key = row["record_id"], row["redcap_repeat_instrument"], row["redcap_repeat_instance"]
        assert key not in seen
        seen.add(key)
        form = row["redcap_repeat_instrument"] or "patient"
        given = {name for name, value in row.items() if value and not name.startswith("redcap_")}
        assert all(form_of[name] == form for name in given - {"record_id"})
        assert all(row[name] in ("0", "1") for name in yes_or_no & given)


def test_what_is_public_counts_no_few(planner: Run, letters: Database, tmp_path: Path) -> None:
    done = planner(
        "series", "--public", "--out", "out", "--json", "--database", "register.db"
    )  # fmt: skip
    found = json.loads(done.stdout)["register"]
    assert (found["patients"], found["endings"]["died"]) == (6, "<5")
    out = tmp_path / "out"
    assert not {"patients.csv", "redcap.csv", "waterfall.svg"} & {o.name for o in out.iterdir()}
    assert "died <5" in (out / "table-1.csv").read_text()
    told = " ".join(pages((out / "report.pdf").read_bytes()))
    for left_out in ("courses.csv", "injections.csv", "events.csv", "pain.svg"):
        assert left_out not in told


@pytest.mark.parametrize(
    ("of_women", "told"),
    [
        # What is left of the sum would tell the few.
        (8, {"female": ">=5", "male": "<5", "other": 0, "not_known": 0}),
        (7, {"female": 7, "male": 5, "other": 0, "not_known": 0}),
    ],
)
def test_few_of_a_sum_are_not_read_off_the_others(
    of_women: int, told: dict[str, int | str], sts_150: Protocol
) -> None:
    some = letters_cohort(sts_150).courses[0]
    sexes: list[Sex] = ["female"] * of_women + ["male"] * (12 - of_women)
    courses = [
        some._replace(id=f"C{n}", patient=f"P{n}", background=Background(sex=sex))
        for n, sex in enumerate(sexes)
    ]
    found = described(cohort_of("register", courses, [28, 84]), is_public=True)
    assert description_json(found)["sex"] == told
    _, rows = table_1([found])
    (row,) = (values for name, *values in rows if name == "sex")
    assert row == [f"female {told['female']}, male {told['male']}"]


@pytest.mark.parametrize(("patients", "is_told"), [(4, False), (5, True)])
def test_what_few_lesions_came_to_is_not_told(
    patients: int, is_told: bool, sts_150: Protocol
) -> None:
    some = next(one for one in letters_cohort(sts_150).courses if one.lesions[0].looks)
    courses = [some._replace(id=f"C{n}", patient=f"P{n}") for n in range(patients)]
    found = described(cohort_of("register", courses, [28, 84]), is_public=True)
    look = description_json(found)["weeks"]["4"]
    assert (look["lesions"] is not None) == is_told
    rows = dict(table_1([found])[1])
    assert ("fewer than 5" in rows["week 4: lesions gone, smaller, unchanged, larger"]) != is_told


@pytest.mark.parametrize(
    ("known", "told"),
    [
        # Five of each age, and none: an age is told as it is.
        ([62] * 5 + [70] * 5, ["62"] * 5 + ["70"] * 5),
        ([62] * 5 + [None], ["62"] * 5 + [""]),
        # Four of one: all are told in bands of ten years.
        ([62] * 5 + [79] * 4, ["60 to 69"] * 5 + ["70 to 79"] * 4),
        ([9, 10, 80, None], ["0 to 9", "10 to 19", "80 to 89", ""]),
    ],
)
def test_an_age_that_few_have_is_told_in_a_band(
    known: list[int | None], told: list[str], sts_150: Protocol
) -> None:
    some = letters_cohort(sts_150).courses[0]
    courses = [
        some._replace(id=f"C{n:02}", patient=f"P{n:02}", age=age) for n, age in enumerate(known)
    ]
    files = series_files({"register": cohort_of("register", courses, [28])})
    rows = csv.DictReader(io.StringIO(files["patients.csv"].decode()))
    assert [row["age"] for row in rows] == told


def test_nobody_else_reads_the_folder(folder: Path) -> None:
    for one in (folder, *folder.iterdir()):
        assert one.stat().st_mode & 0o077 == 0, one.name


@pytest.mark.parametrize("what", ["a file", "something else", "a report of somebody else"])
def test_what_lies_there_is_not_written_over(planner: Run, tmp_path: Path, what: str) -> None:
    out = tmp_path / "out"
    if what == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "thesis.txt").write_text("mine")
    if what == "a report of somebody else":
        (out / "report.pdf").write_text("mine")
    done = planner("series", "--letter", "--out", "out", "--database", "none.db")
    assert done.returncode == 13
    assert "choose another folder" in done.stderr
    assert (out if what == "a file" else out / "thesis.txt").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".out")] == []


def test_a_folder_of_a_series_is_made_anew(planner: Run, tmp_path: Path) -> None:
    for _ in range(2):
        done = planner("series", "--letter", "--out", "out", "--database", "none.db")
        assert done.returncode == 0, done.stderr
    assert {one.name for one in (tmp_path / "out").iterdir()} == NAMES


@pytest.mark.parametrize(
    ("said", "problem", "code"),
    [
        (("--from", "yesterday"), "--from", 10),
        (("--to", "2026-02-30"), "--to", 10),
        (("--on", "2099-12-31"), "--on: 2099-12-31 is still to come", 10),
        (("--from", "2026-05-01", "--to", "2026-04-01"), "before", 2),
        (("--protocol", "nosuch", "--letter"), "nosuch", 11),
    ],
)
def test_a_wrong_word_is_said(planner: Run, said: tuple[str, ...], problem: str, code: int) -> None:
    done = planner("series", *said, "--database", "none.db")
    assert done.returncode == code
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_register_is_described(planner: Run, tmp_path: Path) -> None:
    open_database(str(tmp_path / "register.db"))
    done = planner("series", "--json", "--out", "out", "--database", "register.db")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["register"]
    assert (found["patients"], found["age"]) == (0, None)


def test_both_databases_describe_the_same(register: Database, sts_150: Protocol) -> None:
    enter_the_letter(register, sts_150)
    cohort = register_cohort(register, "physician", Chosen(), TODAY)
    files = series_files({"register": cohort})
    assert b"62.6" in files["table-1.csv"]

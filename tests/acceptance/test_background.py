"""What reports of a series ask of a patient: read, kept, described, blanked."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planner.app.planning import NamedFile, planned, read_inputs
from planner.app.series import Chosen, description_json, register_cohort
from planner.app.series_folder import series_files
from planner.core.plan.course import Background
from planner.core.series.cohort import SeriesCourse, cohort_of
from planner.core.series.description import backgrounds, described
from planner.documents.series.checklist import checklist
from planner.documents.series.tables import tables
from planner.errors import InputError
from planner.files.plan import plan_bytes
from planner.store.database import Database, open_database
from planner.store.histories import read_course
from tests.conftest import CLINIC, Run
from tests.courses import SOUND
from tests.registers import Followed, day, follow

TOLD = """
[background]
sex = "female"
disease_years = 7.5
serology = "anticentromere"
co_treatments = "nifedipine"
earlier_treatment = "excision, 2019"
consecutive = true
consent_to_publish = false
ethics = "H-24001234"
"""
TEXTS = ("anticentromere", "nifedipine", "excision, 2019", "H-24001234")


def read(text: str) -> Any:
    return read_inputs(NamedFile("course.toml", text.encode()), NamedFile.of_file(CLINIC))


def test_it_is_read_as_it_is_written() -> None:
    assert read(SOUND + TOLD).course.background == Background(
        sex="female",
        disease_years=Decimal("7.5"),
        serology="anticentromere",
        co_treatments="nifedipine",
        earlier_treatment="excision, 2019",
        consecutive=True,
        consent_to_publish=False,
        ethics="H-24001234",
    )
    assert read(SOUND).course.background is None


def test_no_plan_hangs_on_it() -> None:
    assert plan_bytes(planned(read(SOUND + TOLD))) == plan_bytes(planned(read(SOUND)))


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('sex = "f"', "background.sex"),
        ("disease_years = -1", "background.disease_years"),
        ("disease_years = 121", "background.disease_years"),
        ('disease_years = "long"', "background.disease_years"),
        ('consecutive = "yes"', "background.consecutive"),
        ("serology = 4", "background.serology"),
        ('serum = "x"', "background.serum"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(line: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        read(f"{SOUND}\n[background]\n{line}\n")
    assert [one.place.partition(": ")[2] or one.place for one in caught.value.problems] == [place]


def test_a_register_keeps_it(register: Database, tmp_path: Path) -> None:
    follow(register, tmp_path, SOUND + TOLD)
    with register.reading() as connection:
        kept = read_course(connection, "K-1").state.course.background
    assert kept == read(SOUND + TOLD).course.background


def test_the_series_tells_it(register: Database, tmp_path: Path) -> None:
    follow(register, tmp_path, SOUND + TOLD)
    cohort = register_cohort(register, "physician", Chosen(), day("2027-01-01"))
    found = description_json(described(cohort))
    assert found["sex"] == {"female": 1, "male": 0, "other": 0, "not_known": 0}
    assert found["disease_years"]["mean"] == Decimal("7.5")
    assert (found["consecutive"], found["consent_to_publish"]) == (1, 0)
    items = {one.asked: one.answer for one in checklist(described(cohort))}
    assert items["sex"] == "female 1"
    assert items["duration of the disease"] == "mean 7.5 years"
    files = series_files({"register": cohort})
    (row,) = csv.DictReader(io.StringIO(files["courses.csv"].decode()))
    assert (row["serology"], row["consent_to_publish"]) == ("anticentromere", "false")
    assert b"H-24001234" not in b"".join(files.values())


def test_of_several_courses_what_is_known_first_is_told() -> None:
    cohort = cohort_of("x", [named("1", sex="male"), named("2", sex="female", serology="ana")], ())
    assert backgrounds(cohort) == [Background(sex="male", serology="ana")]


def test_nought_years_are_years() -> None:
    cohort = cohort_of(
        "x",
        [
            named("1", disease_years=Decimal(0)),
            named("2", disease_years=Decimal(4))._replace(patient="q"),
        ],
        (),
    )
    assert described(cohort).disease_years == (2, 0, 4)


def test_the_earliest_course_is_told_and_not_the_first_id() -> None:
    early = named("2", sex="male", disease_years=Decimal(3))._replace(
        age=50, began=day("2024-01-01")
    )
    late = named("1", sex="female", disease_years=Decimal(5))._replace(
        age=52, began=day("2026-01-01")
    )
    cohort = cohort_of("x", [late, early], ())
    assert described(cohort).age == (50, 50, 50)
    assert backgrounds(cohort) == [Background(sex="male", disease_years=Decimal(3))]
    assert b"p,2,50 to 59,male,3" in tables(cohort)["patients.csv"]


def named(name: str, **said: Any) -> SeriesCourse:
    return SeriesCourse(name, "p", "", None, (), "running", 0, background=Background(**said))


def test_what_was_typed_is_blanked(planner: Run, tmp_path: Path, register_url: str) -> None:
    register = open_database(register_url)
    course: Followed = follow(register, tmp_path, SOUND + TOLD)
    course.end("stopped", "2026-09-08")
    done = planner(
        "patient", "erase", "P-1", "--force", "--reason", "asked for", "--by", "Dr A. Holm",
        "--database", register_url,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "sex and years of the disease" in done.stdout + done.stderr
    exported = planner("course", "export", "--database", register_url)
    assert exported.returncode == 0, exported.stderr
    kept = exported.stdout
    assert "K-1" in kept
    for text in TEXTS:
        assert text not in kept

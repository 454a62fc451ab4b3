"""The installation proves itself; a second implementation finds what the published cases say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from planner.app.published_cases import differences
from planner.files.bundled import example_text, protocol_path
from planner.files.cases import CaseFile, CaseTable, case_files, read_cases
from planner.store.database import open_database
from tests import published_cases, release_list
from tests.conftest import ROOT, Run
from tests.papers import pages
from tests.sabotages import SABOTAGES, copied, installed, validated, wheel
from tests.second_implementation import outcome
from tests.second_opinion import disagreements

FILES = list(case_files())
CASES = [(file, case) for file in FILES for case in file.case]
TOPICS = {
    "regimen", "draw-up", "dilution", "days", "holidays", "moves", "holds", "findings", "letter",
}  # fmt: skip


# --- the published cases


def test_there_are_cases_of_every_kind() -> None:
    assert len(CASES) >= 120
    assert {file.topic for file in FILES} == TOPICS
    assert len({case.id for _, case in CASES}) == len(CASES)
    for _, case in CASES:
        assert case.reason
        assert case.source
        assert case.author


@pytest.mark.parametrize("file", FILES, ids=lambda one: one.topic)
def test_a_second_implementation_finds_the_same(file: CaseFile) -> None:
    """Written by other hands, from the contract and the cases alone."""
    content = protocol_path(file.protocol).read_text(encoding="utf-8")
    protocol = tomllib.loads(content, parse_float=Decimal)
    for case in file.case:
        events = [one.model_dump(exclude_defaults=True) for one in case.event]
        found = outcome(protocol, case.course, file.clinic[case.clinic], events)
        assert apart(case, found) == [], case.id


def apart(case: CaseTable, found: dict[str, Any]) -> list[str]:
    expected = case.expected.model_dump(exclude_defaults=True)
    if "refused" in expected:
        return [] if "refused" in found else ["it is not refused"]
    return list(differences(in_order(expected), in_order(found)))


def in_order(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "findings": sorted(made.get("findings") or [], key=str)}


def test_the_second_implementation_is_short_and_knows_nothing_of_the_first() -> None:
    """Its judgement of findings is apart; neither imports anything of the planner."""
    texts = [
        (ROOT / f"tests/{one}.py").read_text()
        for one in ("second_implementation", "second_findings")
    ]
    assert len(texts[0].splitlines()) <= 300
    for text in texts:
        assert "planner" not in re.sub(r'""".*?"""', "", text, flags=re.DOTALL)


def test_both_agree_on_random_courses() -> None:
    assert list(disagreements(150, 20261126)) == []


def test_a_spoilt_second_opinion_is_seen() -> None:
    """What compares the two can fail."""
    file, case = next((file, one) for file, one in CASES if one.expected.visits)
    found = case.expected.model_dump(exclude_defaults=True)
    found["visits"][0]["start"] = "2026-09-07T09:01+02:00"
    assert apart(case, found)
    assert file.clinic[case.clinic]


def test_schema_and_spreadsheet_are_those_of_the_cases() -> None:
    fix = "run python -m tests.published_cases"
    assert published_cases.SCHEMA.read_bytes() == published_cases.schema(), fix
    assert published_cases.SPREADSHEET.read_bytes() == published_cases.spreadsheet(), fix


@pytest.mark.parametrize(
    "path", sorted((ROOT / "planner/cases").glob("*.toml")), ids=lambda p: p.stem
)
def test_each_file_is_as_its_schema_says(path: Path) -> None:
    schema = json.loads(published_cases.SCHEMA.read_bytes())
    table = plain(tomllib.loads(path.read_text(encoding="utf-8")))
    jsonschema.validate(table, schema)
    table["case"][0]["expected"]["visit"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, schema)
    with pytest.raises(ValueError, match="topic"):
        read_cases(path.read_bytes().replace(b"topic = ", b"topics = ", 1))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


# --- the installation


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def there(made: Path) -> Path:
    return installed(made)


def test_the_release_list_is_that_of_the_files() -> None:
    from planner.app.validation.installation import digest_list

    assert release_list.STORED.read_text() == digest_list(), "run python -m tests.release_list"


@pytest.mark.hazard("spoilt-installation")
@pytest.mark.parametrize("name", SABOTAGES)
def test_each_sabotage_is_found(there: Path, tmp_path: Path, name: str) -> None:
    copy = copied(there, tmp_path / "copy")
    sabotage = SABOTAGES[name]
    env = sabotage.spoil(copy) or {}
    assert set(validated(copy, sabotage.steps, **env)) == set(sabotage.steps)


@pytest.mark.hazard("spoilt-installation")
def test_a_good_installation_is_signed(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text(example_text("clinic-copenhagen"))
    done = planner("validate", "--clinic", "clinic.toml", "--out", "kept", "--json")
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "kept/validation.json").read_bytes())
    assert json.loads(done.stdout) == kept
    assert kept["holds"]
    assert [one["part"] for one in kept["steps"]].count("operation") == 7
    told = " ".join(pages((tmp_path / "kept/validation.pdf").read_bytes()))
    assert f"code {kept['code']}" in told
    assert "All 13 steps hold." in told
    assert told.count("Witness, date") == 3
    assert "draw 0.38 mL" in told
    assert not (tmp_path / "register.db").exists()
    again = planner("validate", "--out", "kept")
    assert again.returncode == 13
    assert "not empty" in again.stderr


def test_a_spoilt_installation_says_so_and_is_kept(there: Path, tmp_path: Path) -> None:
    copy = copied(there, tmp_path / "copy")
    SABOTAGES["a swapped font"].spoil(copy)
    found = validated(copy)
    assert list(found) == ["files"]


@pytest.mark.hazard("spoilt-installation")
def test_a_spoilt_file_of_ours_is_named(there: Path, tmp_path: Path) -> None:
    copy = copied(there, tmp_path / "copy")
    (copy / "planner/protocols/validation.toml").write_text("version = ")
    (copy / "planner/protocols/hazard-tests.json").write_text("{}")
    for command, name in (("validate", "validation.toml"), ("safety-case", "hazard-tests.json")):
        done = command_of(copy, command, "--out", "kept")
        assert done.returncode == 13
        assert done.stderr.startswith(f"error: protocols/{name}: it is not as it was installed")


@pytest.mark.hazard("spoilt-installation")
def test_where_nothing_can_be_planned_all_is_told_and_kept(there: Path, tmp_path: Path) -> None:
    copy = copied(there, tmp_path / "copy")
    SABOTAGES["rules that overlap"].spoil(copy)
    (tmp_path / "clinic.toml").write_text(example_text("clinic-copenhagen"))
    done = command_of(copy, "validate", "--clinic", "clinic.toml", "--out", "kept")
    assert done.returncode == 13, done.stderr
    kept = json.loads((tmp_path / "kept/validation.json").read_bytes())
    failed = {one["id"] for one in kept["steps"] if not one["holds"]}
    assert {"files", "proof", "cases", "papers", "clinic"} < failed
    assert (tmp_path / "kept/validation.pdf").exists()


def command_of(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a copy has it."""
    return subprocess.run(
        [sys.executable, "-m", "planner", *arguments],
        cwd=copy.parent, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(copy), "PLANNER_DATABASE": str(copy / "r.db")},
    )  # fmt: skip


@pytest.mark.hazard("spoilt-installation")
def test_the_register_is_looked_at_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.app.validation.installation import room_faults

    path = tmp_path / "register.db"
    monkeypatch.setenv("PLANNER_DATABASE", str(path))
    assert list(room_faults()) == []
    with open_database(str(path)).writing() as connection:
        # While it is open what was written stands in its log.
        assert list(room_faults()) == []
    connection.engine.dispose()
    content = path.read_bytes()
    assert list(room_faults()) == []
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, content)]
    path.write_bytes(content[:-4096])
    (fault,) = room_faults()
    assert fault == f"{path}: the file is damaged; restore the last backup"
    monkeypatch.setenv("PLANNER_DATABASE", str(tmp_path))
    assert list(room_faults()) == [f"{tmp_path}: it is a folder; name a file"]


def test_a_clinic_that_is_wrong_is_refused(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text('timezone = "Nowhere"')
    done = planner("validate", "--clinic", "clinic.toml", "--out", "kept")
    assert done.returncode == 10
    assert "clinic.toml: timezone" in done.stderr
    assert not (tmp_path / "kept").exists()


def test_a_site_that_no_protocol_has_is_named(planner: Run, tmp_path: Path) -> None:
    """As `plan` names it: it is no fault of the clinic's hours."""
    clinic = 'timezone = "Europe/Copenhagen"\nmost_ml = { fingertp = 0.5 }\n'
    (tmp_path / "clinic.toml").write_text(clinic)
    done = planner("validate", "--clinic", "clinic.toml")
    assert done.returncode == 10
    assert "clinic.toml: most_ml.fingertp: " in done.stderr
    assert "did you mean fingertip?" in done.stderr
    assert "no course of the letter" not in done.stderr


@pytest.mark.parametrize(
    "opening",
    ['mon = "09:30-12:30", tue = "09:30-12:30", thu = "14:00-17:00"', 'wed = "10:00-11:00"'],
)
def test_a_clinic_of_few_hours_is_tried_at_them(opening: str) -> None:
    from planner.app.planning import NamedFile
    from planner.app.validation.performance import witnessed_plans

    clinic = f'timezone = "Europe/Copenhagen"\nopening = {{ {opening} }}\n'
    plans = witnessed_plans(NamedFile("clinic.toml", clinic.encode()), date(2027, 1, 20))
    assert len(plans) == 3
    assert all(visit.start for plan in plans for visit in plan.visits)


def test_a_clinic_in_which_no_course_begins_is_named() -> None:
    from planner.app.planning import NamedFile
    from planner.app.validation.performance import witnessed_plans
    from planner.errors import InputError

    clinic = 'timezone = "UTC"\nopening = { mon = "09:00-09:15" }\n'
    with pytest.raises(InputError, match="no course of the letter can begin") as raised:
        witnessed_plans(NamedFile("clinic.toml", clinic.encode()), date(2027, 1, 20))
    assert raised.value.problems[0].place == "clinic.toml"


def test_the_wheel_has_the_same_bytes_twice(made: Path, tmp_path: Path) -> None:
    assert wheel(tmp_path).read_bytes() == made.read_bytes()


def test_a_bill_of_materials_is_made_from_the_environment(tmp_path: Path) -> None:
    """As docs/validation.md says it: CycloneDX, valid, with what the planner stands on."""
    target = tmp_path / "bom.json"
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", "--output-file", str(target)],
        check=True, capture_output=True,
    )  # fmt: skip
    bom = json.loads(target.read_bytes())
    assert bom["bomFormat"] == "CycloneDX"
    names = {one["name"].lower() for one in bom["components"]}
    assert {"typst", "sqlalchemy", "icalendar", "sts-course-planner"} <= names

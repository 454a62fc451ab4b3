"""What calendars know visits by: the same for the same course, and nothing that can be guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planner.core.plan.appointments import Named
from planner.core.plan.calendar_ids import first_edition_uid, key_of_files, uid_of
from planner.files.plan import plan_bytes, plan_from
from tests.conftest import CLINIC, Run
from tests.courses import SOUND, write

NAMES = [Named("A", "injection", n) for n in range(1, 5)] + [
    Named("A", "evaluation", n) for n in (1, 2)
]
ZONE, BY = ("--timezone", "Europe/Copenhagen"), ("--by", "Dr A. Holm")
SECRET = "7h3-cl1n1c5-own-s3cret"


def uids(planner: Run, *command: object) -> list[str]:
    done = planner(*command)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return [one["uid"] for one in made.get("plan", made)["visits"]]


@pytest.mark.hazard("identity-in-patient-calendar")
def test_an_id_is_made_of_the_course_the_patient_and_a_slow_function(
    planner: Run, tmp_path: Path
) -> None:
    path = write(tmp_path, SOUND)
    found = uids(planner, "plan", path, *ZONE, "--json")
    assert found == uids(planner, "plan", path, *ZONE, "--json")
    assert {*found} == {uid_of(key_of_files("K-1", "P-1", None), one) for one in NAMES}
    # Who guesses the course alone learns nothing of it.
    assert not {*found} & {first_edition_uid("K-1", one) for one in NAMES}
    others = [SOUND.replace('"K-1"', '"K-2"'), SOUND.replace('"P-1"', '"P-2"')]
    for text in others:
        assert not {*found} & {*uids(planner, "plan", write(tmp_path, text), *ZONE, "--json")}


@pytest.mark.hazard("identity-in-patient-calendar")
def test_a_clinics_secret_makes_ids_that_nobody_can_test(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    clinic = write(tmp_path, f'timezone = "UTC"\ncalendar_key = "{SECRET}"\n', "clinic.toml")
    made = uids(planner, "plan", path, "--clinic", clinic, "--json")
    assert {*made} == {uid_of(key_of_files("K-1", "P-1", SECRET), one) for one in NAMES}
    assert planner("plan", path, "--clinic", clinic, "--out", "out").returncode == 0
    added = planner("course", "add", path, "--clinic", clinic, *BY)
    assert added.returncode == 0, added.stderr
    told = [planner("course", "export").stdout, planner("course", "show", "K-1", "--json").stdout]
    files = [one.read_bytes() for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert not any(SECRET.encode() in one for one in [*files, *(text.encode() for text in told)])


@pytest.mark.parametrize("key", ['"hush77"', "12345678901234567890", '"a\\u0007bcdefghijklmnopq"'])
def test_a_secret_that_is_none_is_refused_without_a_word_of_it(
    planner: Run, tmp_path: Path, key: str
) -> None:
    clinic = write(tmp_path, f'timezone = "UTC"\ncalendar_key = {key}\n', "clinic.toml")
    done = planner("plan", write(tmp_path, SOUND), "--clinic", clinic)
    assert done.returncode == 10
    assert "calendar_key" in done.stderr
    assert key.strip('"')[:5] not in done.stderr


@pytest.mark.hazard("identity-in-patient-calendar")
def test_a_course_of_the_register_has_a_random_key_that_its_export_carries(
    planner: Run, tmp_path: Path
) -> None:
    path = write(tmp_path, SOUND)
    found = []
    for name in ("a.db", "b.db"):
        place = ("--database", name)
        planner("course", "add", path, "--clinic", CLINIC, *BY, *place)
        found.append(uids(planner, "course", "show", "K-1", "--json", *place))
    assert not {*found[0]} & {*found[1]}
    (tmp_path / "a.jsonl").write_text(planner("course", "export", "--database", "a.db").stdout)
    planner("course", "import", "a.jsonl", "--database", "c.db")
    lesion = ("lesion", "K-1", "--id", "B", "--site", "trunk", "--size-mm", 4, "--not-ulcerated",
              "--dose", 12.5, "--from", "2026-09-09", "--reason", "found", "--confirm", "x",
              *BY, "--json")  # fmt: skip
    made = [uids(planner, "course", *lesion, "--database", name) for name in ("a.db", "c.db")]
    assert made[0] == made[1]
    assert {*found[0]} < {*made[0]}
    shown = planner("course", "show", "K-1", "--json", "--database", "a.db").stdout
    key = json.loads(
        json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1])["event"]["facts"]
    )["event"]["calendar_key"]
    assert len(key) == 64
    assert key not in shown


def test_what_was_issued_stays(planner: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    assert planner("plan", path, *ZONE, "--out", "out").returncode == 0
    before = json.loads((tmp_path / "out/plan.json").read_bytes())
    old = {one["uid"]: first_edition_uid("K-1", name)
           for one, name in zip(before["visits"], NAMES, strict=True)}  # fmt: skip
    plan = plan_from((tmp_path / "out/plan.json").read_bytes())
    visits = tuple(one._replace(uid=old[one.uid]) for one in plan.visits)
    (tmp_path / "out/plan.json").write_bytes(plan_bytes(plan._replace(visits=visits)))
    # The same revision into its folder, a later one, and one that says where it comes from.
    assert planner("plan", path, *ZONE, "--out", "out").returncode == 0
    later = write(tmp_path, f"revision = 1\n{SOUND}", "later.toml")
    since = uids(planner, "plan", later, *ZONE, "--since", "out/plan.json", "--json")
    assert planner("plan", later, *ZONE, "--out", "out").returncode == 0
    kept = [one["uid"] for one in json.loads((tmp_path / "out/plan.json").read_bytes())["visits"]]
    assert since == kept == list(old.values())
    # Its own calendar of then does not stand in its way.
    done = planner("plan", path, *ZONE, "--busy", "out/clinic.ics", "--json")
    assert done.returncode == 0, done.stderr

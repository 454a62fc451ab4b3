"""Several courses of one patient: what one brings is an event of each running one, or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from planner.app.administration import undone
from planner.app.documents import course_documents
from planner.app.exchange import course_bundle
from planner.app.issued_pages import note_issued, stale_of
from planner.app.roles import Author
from planner.app.subscription import calendar_at
from planner.app.upkeep import import_lines
from planner.core.followup.events import Identified
from planner.errors import InputError, NotConfirmedError, NotFoundError, RefusedError
from planner.files.plan import plan_bytes
from planner.store.database import Database, open_database
from planner.store.histories import address_token
from planner.store.standing import Standing
from planner.store.transfer import exported
from tests.conftest import CLINIC, Run
from tests.courses import SOUND, confirmation, write
from tests.registers import NOW, Followed, follow, problems

BY = {"PLANNER_USER": "Dr A. Holm"}
HOURS = {"K-0": "08:00", "K-1": "09:00", "K-2": "10:00", "K-3": "11:00"}
NAME, BORN = 'name = "Ane Alm"', "birth_date = 1961-05-01"
ALLERGY = "sulfite_allergy = true"


def text_of(name: str, *said: str, patient: str = "P-17") -> str:
    """A course file; a stated allergy is confirmed in it."""
    text = SOUND.replace('"K-1"', f'"{name}"').replace("09:00", HOURS[name])
    text = text.replace('id = "P-1"', "\n".join([f'id = "{patient}"', *said]))
    return text + (confirmation("sulfite-allergy", "stated") if ALLERGY in said else "")


def add(register: Database, folder: Path, text: str, confirm: str | None = "both knees") -> None:
    follow(register, folder, text, confirm=confirm)


def plans(course: Followed) -> list[bytes]:
    """plan.json of a course after each of its events."""
    record = course.now.record
    return [
        plan_bytes(Standing.of(record.as_of(one.number)).plan) for one in course.now.record.entries
    ]


BROUGHT = [
    # what the second course says; what the first one is told of it
    ([], None),
    ([NAME], Identified("K-2", name="Ane Alm")),
    ([BORN], Identified("K-2", birth_date=date(1961, 5, 1))),
    ([ALLERGY], Identified("K-2", sulfite_allergy=True)),
    (["sulfite_allergy = false"], None),
    ([NAME, BORN, ALLERGY], Identified("K-2", "Ane Alm", date(1961, 5, 1), True)),
]


@pytest.mark.parametrize(("said", "told"), BROUGHT)
@pytest.mark.hazard("wrong-patient", "allergy", "two-revisions-one-number")
def test_what_another_course_brings_is_an_event_of_each_running_one(
    register: Database, tmp_path: Path, said: Sequence[str], told: Identified | None
) -> None:
    ended = follow(register, tmp_path, text_of("K-0"))
    ended.give(1)
    ended.end("stopped", "2026-09-10")
    running = follow(register, tmp_path, text_of("K-1"))
    running.give(1)
    third = Followed(register, "K-3")
    add(register, tmp_path, text_of("K-3"))
    before = {one.course: plans(one) for one in (ended, running, third)}
    over = ended.now
    add(register, tmp_path, text_of("K-2", *said))
    for course in (running, third):
        count = len(before[course.course])
        # At their revisions the plans are what they were, byte for byte.
        assert plans(course)[:count] == before[course.course]
        new = [one.event for one in course.now.record.entries[count:]]
        assert new == ([] if told is None else [told])
        revision = json.loads(before[course.course][-1])["revision"]
        assert course.now.state.revision == revision + len(new)
        waiting = [one for one in course.now.state.findings if one.is_open]
        is_asked = told is not None and told.sulfite_allergy is True
        assert [one.code for one in waiting] == (["sulfite-allergy"] if is_asked else [])
        if told is not None:
            patient = course.now.state.course.patient
            assert (patient.name, patient.birth_date) == (told.name, told.birth_date)
    # The course that is over is as it was to the last byte.
    assert plans(ended) == before["K-0"]
    assert (ended.now.record.entries, ended.now.state) == (over.record.entries, over.state)
    # What is known is not told again.
    count = len(running.now.record.entries)
    running.end("stopped", "2026-09-10")
    assert len(running.now.record.entries) == count + 1


def test_what_a_course_knows_is_not_told_it_again(register: Database, tmp_path: Path) -> None:
    first = follow(register, tmp_path, text_of("K-1", NAME, ALLERGY))
    add(register, tmp_path, text_of("K-2", NAME, BORN, ALLERGY))
    assert [one.event for one in first.now.record.entries[1:]] == [
        Identified("K-2", birth_date=date(1961, 5, 1))
    ]
    # The second one knows what it said, and the third what the register has.
    add(register, tmp_path, text_of("K-3"))
    patient = Followed(register, "K-3").now.state.course.patient
    assert (patient.name, patient.birth_date) == ("Ane Alm", date(1961, 5, 1))
    assert len(first.now.record.entries) == 2


@pytest.mark.hazard("wrong-patient")
def test_another_name_under_one_id_is_refused_and_changes_nothing(
    register: Database, tmp_path: Path
) -> None:
    first = follow(register, tmp_path, text_of("K-1", NAME, BORN))
    for said in ('name = "Bo Birk"', "birth_date = 1961-01-05"):
        with pytest.raises(RefusedError, match="the register has another") as caught:
            add(register, tmp_path, text_of("K-2", said))
        assert "Ane" not in str(caught.value)
    assert len(first.now.record.entries) == 1


@pytest.mark.hazard("wrong-patient", "allergy")
def test_a_new_course_is_asked_for_before_anything_is_told(
    register: Database, tmp_path: Path
) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    before = first.now.record
    with pytest.raises(NotConfirmedError, match="another running course: K-1"):
        add(register, tmp_path, text_of("K-2", NAME, ALLERGY), confirm=None)
    assert first.now.record == before


@pytest.mark.hazard("allergy", "wrong-patient")
def test_a_course_that_runs_again_knows_what_came_to_be_known_meanwhile(
    register: Database, tmp_path: Path
) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    first.end("stopped", "2026-09-10")
    before = plans(first)
    add(register, tmp_path, text_of("K-2", NAME, ALLERGY))
    assert len(first.now.record.entries) == 2
    first.make(undone)
    assert [one.event for one in first.now.record.entries[3:]] == [
        Identified("K-2", name="Ane Alm", sulfite_allergy=True)
    ]
    assert [one.code for one in first.now.state.findings if one.is_open] == ["sulfite-allergy"]
    assert plans(first)[:2] == before
    # Ended again and opened again, there is nothing more to tell.
    first.end("stopped", "2026-09-10")
    first.make(undone)
    assert len(first.now.record.entries) == 6


def test_papers_that_were_made_say_what_they_said(register: Database, tmp_path: Path) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    made = plan_bytes(first.now.plan)
    note_issued(register, first.now, "0" * 64, {"plan.json": made}, Author("Dr A. Holm", NOW))
    add(register, tmp_path, text_of("K-2", NAME))
    assert plans(first)[:2] == [made, made]
    assert first.now.plan.replaces == 0


@pytest.mark.parametrize("how", ["stopped", "completed", "lost"])
@pytest.mark.hazard("dead-patients-appointments")
def test_an_ended_course_reaches_nobody_who_died_in_another_one(
    register: Database, tmp_path: Path, how: str
) -> None:
    """Its pages are taken out of use and the clinic's calendar told, as after its own death."""
    author = Author("Dr A. Holm", NOW)
    over = follow(register, tmp_path, text_of("K-1"))
    for name in ("K-2", "K-3"):
        add(register, tmp_path, text_of(name))
    course_documents(register, "K-1", author)
    over.end(how, "2026-09-07", confirm="it is so")
    token = address_token(over.now.state) or ""
    assert calendar_at(register, token, NOW).content.count(b"STATUS:CANCELLED") == 6
    Followed(register, "K-2").end("died", "2026-09-08")
    made = course_documents(register, "K-1", author)
    assert {*made.files} == {
        "plan.json", "clinic.ics", "changes.ics", "change-slip.pdf", "treatment-sheet.html",
        "treatment-sheet.pdf",
    }  # fmt: skip
    for name in ("clinic.ics", "changes.ics"):
        assert made.files[name].count(b"STATUS:CANCELLED") == 6
        assert b"K-1\\, visit 2" in made.files[name].replace(b"\r\n ", b"")
    assert b"cannot be recalled" in made.files["treatment-sheet.html"]
    assert not stale_of(over.now)
    with pytest.raises(NotFoundError):
        calendar_at(register, token, NOW)
    assert course_bundle(register, "physician", "K-1", NOW, "collection", papers_by=author).content
    # What still runs is to be ended.
    with pytest.raises(RefusedError, match="end the other courses too, as died"):
        course_documents(register, "K-3", author)


READ_AS = ["P-17", "p-17", "P-17 ", " p-17", "P\u201117", "P\u221217", "\uff30-17", "P-17\u00a0"]
NOT_SEEN = ["P-17\u200b", "P\u00ad-17", "\u202eP-17", "P-17\ufe0f", "P-\u20601 7"]


@pytest.mark.parametrize("typed", READ_AS)
@pytest.mark.hazard("wrong-patient", "allergy")
def test_ids_are_one_patients_as_people_read_them(
    register: Database, tmp_path: Path, typed: str
) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    text = text_of("K-2", ALLERGY, patient=typed)
    with pytest.raises(NotConfirmedError, match="another running course: K-1"):
        add(register, tmp_path, text, confirm=None)
    add(register, tmp_path, text)
    assert Followed(register, "K-2").now.record.patient == first.now.record.patient
    # It is called as it was called first.
    assert Followed(register, "K-2").now.state.course.patient.id == "P-17"
    assert first.now.state.course.patient.sulfite_allergy


@pytest.mark.parametrize("typed", ["P-18", "P-1 7", "P_17", "P17"])
def test_other_ids_are_other_patients(register: Database, tmp_path: Path, typed: str) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    add(register, tmp_path, text_of("K-2", NAME, ALLERGY, patient=typed), confirm=None)
    assert len(first.now.record.entries) == 1
    assert Followed(register, "K-2").now.record.patient != first.now.record.patient


@pytest.mark.parametrize("typed", NOT_SEEN)
@pytest.mark.hazard("wrong-patient")
def test_an_id_with_what_nobody_sees_begins_no_course(
    register: Database, tmp_path: Path, typed: str
) -> None:
    first = follow(register, tmp_path, text_of("K-1"))
    with pytest.raises(InputError, match="it holds a"):
        add(register, tmp_path, text_of("K-2", patient=typed))
    assert len(first.now.record.entries) == 1


def exported_of(register: Database, course: str) -> list[str]:
    with register.reading() as connection:
        return list(exported(connection, course))


@pytest.mark.hazard("allergy")
def test_an_allergy_that_an_import_brings_is_known_in_the_courses_there(
    register: Database, tmp_path: Path
) -> None:
    """In both directions, but not between courses that were asked beside each other already."""
    source = open_database(str(tmp_path / "source.db"))
    add(source, tmp_path, text_of("K-1", ALLERGY))
    add(source, tmp_path, text_of("K-2"))
    running, admin = follow(register, tmp_path, text_of("K-3")), Author("A. B.", NOW)
    import_lines(register, admin, exported_of(source, "K-2"))
    assert [one.event for one in running.now.record.entries[1:]] == []
    import_lines(register, admin, exported_of(source, "K-1"))
    second = Followed(register, "K-2")
    for course in (running, second):
        assert [one.event for one in course.now.record.entries[1:]] == [
            Identified("K-1", sulfite_allergy=True)
        ]
        assert [one.code for one in course.now.state.findings if one.is_open] == ["sulfite-allergy"]
    with pytest.raises(RefusedError, match="in the register already"):
        import_lines(register, admin, exported_of(source, "K-1"))
    # What comes to a register that states it learns it; what knows it is told nothing.
    other = open_database(str(tmp_path / "other.db"))
    add(other, tmp_path, text_of("K-0", ALLERGY))
    import_lines(other, admin, exported_of(register, "K-2"))
    import_lines(other, admin, exported_of(source, "K-1"))
    assert len(Followed(other, "K-2").now.record.entries) == 2
    third = open_database(str(tmp_path / "third.db"))
    add(third, tmp_path, text_of("K-0", ALLERGY))
    import_lines(third, admin, exported_of(source, "K-2"))
    assert [one.event for one in Followed(third, "K-2").now.record.entries[1:]] == [
        Identified("K-0", sulfite_allergy=True)
    ]
    assert problems(third) == problems(register) == []
    # Taken over as a whole, they are as they were.
    whole = open_database(str(tmp_path / "whole.db"))
    with source.reading() as connection:
        lines = list(exported(connection))
    import_lines(whole, admin, lines)
    assert len(Followed(whole, "K-2").now.record.entries) == 1


def shown(planner: Run, name: str) -> Any:
    return json.loads(planner("course", "show", name, "--json", **BY).stdout)


@pytest.mark.hazard("allergy")
def test_an_allergy_stops_the_papers_of_every_running_course(planner: Run, tmp_path: Path) -> None:
    def run(*arguments: object) -> Any:
        return planner("course", *arguments, **BY)

    for name, said in (("K-0", ()), ("K-1", ()), ("K-2", (NAME, ALLERGY))):
        path = write(tmp_path, text_of(name, *said))
        done = run("add", path, "--clinic", CLINIC, "--confirm", "both knees")
        assert done.returncode == 0, done.stderr
        if name == "K-0":
            assert run("documents", "K-0", "--out", "K-0").returncode == 0
            run("end", "K-0", "--as", "stopped", "--on", "2026-09-10", "--reason", "moved away")
            over = shown(planner, "K-0")
    assert shown(planner, "K-0") == over
    told = shown(planner, "K-1")["history"][-1]
    assert (told["kind"], told["source"], told["name"]) == ("identified", "K-2", "Ane Alm")
    assert "K-2" in run("history", "K-1").stdout
    done = run("documents", "K-1", "--out", "K-1")
    assert done.returncode == 12
    assert "sulfite-allergy" in done.stderr
    assert not (tmp_path / "K-1").exists()
    assert run("documents", "K-2", "--out", "K-2").returncode == 0
    confirm = ("--finding", "sulfite-allergy", "--value", "stated", "--reason", "tested")
    assert run("confirm", "K-1", *confirm).returncode == 0
    assert run("documents", "K-1", "--out", "K-1").returncode == 0
    assert run("check").returncode == 0

"""Exports of strangers: believed only as far as their figures hold; signed ones by their key."""

from __future__ import annotations

import copy
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.store.event_rows import EventRow, digest
from tests.conftest import CLINIC, Run, command_in
from tests.courses import SOUND, write
from tests.registers import NOW

BY = ("--by", "Dr A. Holm")
PATIENT = "/event/course/patient/id"
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lines]:
    """A register with a course that is under way, and its export."""
    folder = tmp_path_factory.mktemp("begun")
    planner = command_in(folder)
    course = write(folder, SOUND)
    assert planner("course", "add", course, "--clinic", CLINIC, *BY).returncode == 0
    lot = ("--lot", "7A12", "--expiry", "2027-10", "--complication", "a bruise")
    done = planner("course", "give", "K-1", "--visit", 1, "--as-planned", *lot, *BY,
                   "--at", "2026-09-07 09:00", "--confirm", "entered beforehand")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in planner("course", "export").stdout.splitlines()]
    for line in found:
        if "event" in line:
            line["event"]["facts"] = json.loads(line["event"]["facts"])
    return folder / "register.db", found


@pytest.fixture
def lines(begun: tuple[Path, Lines], tmp_path: Path) -> Lines:
    """An export of a course that is under way, its facts as tables; its register is there too."""
    shutil.copy(begun[0], tmp_path)
    return begun[1]


def forged(lines: Lines, mutate: Callable[[Lines], object]) -> str:
    """An export with something changed, and every digest made anew: anybody can."""
    made = copy.deepcopy(lines)
    mutate(made)
    course = next(one["course"] for one in made if "course" in one)
    before = ""
    for line in made:
        if "event" not in line:
            continue
        event = line["event"]
        facts = event["facts"]
        event["facts"] = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        row = EventRow(*(event[name] for name in EventRow._fields))
        event["texts_sha256"] = row.texts_sha256
        event["digest"] = before = digest(course, row, row.texts_sha256, before)
        event.pop("scheduled", None)
        if facts.get("scheduled") is not None:
            event["scheduled"] = facts["scheduled"]
    return "".join(json.dumps(line) + "\n" for line in made)


def event(lines: Lines, number: int) -> dict[str, Any]:
    return next(
        one["event"] for one in lines if "event" in one and one["event"]["number"] == number
    )


def planned(lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = event(lines, 1)["facts"]["event"]["course"]
    return found


def given(lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = event(lines, 2)["facts"]["event"]
    return found


def visit(lines: Lines, number: int = 2) -> dict[str, Any]:
    visits = event(lines, 1)["facts"]["settled"]["visits"]
    found: dict[str, Any] = visits[number - 1]
    return found


def patient(lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = next(one["patient"] for one in lines if "patient" in one)
    return found


def named(lines: Lines, name: str) -> None:
    next(one for one in lines if "course" in one)["course"] = name


def told(lines: Lines, **times: str) -> None:
    """Other times of visit 2, in every event."""
    for line in lines:
        for one in line.get("event", {}).get("facts", {}).get("scheduled") or ():
            if one["visit"] == 2:
                one.update(times)


def noted(lines: Lines, name: str, value: str) -> None:
    """Something noted at the first visit."""
    given(lines)["observed"] = [{"observation": name, "value": None, "lesion": None}]
    event(lines, 2)["texts"]["/event/observed/0/value"] = value


FORGED: dict[str, Callable[[Lines], object]] = {
    "another course inside": lambda all_: planned(all_).update(id="K-9"),
    "under another name": lambda all_: named(all_, "K-9"),
    "a side missing": lambda all_: planned(all_)["lesions"][0].update(side=None),
    "a side of none": lambda all_: planned(all_)["lesions"][0].update(side="midline"),
    "a site of none": lambda all_: planned(all_)["lesions"][0].update(site="moon"),
    "a size below 0": lambda all_: planned(all_)["lesions"][0].update(size_mm=-70),
    "a lesion twice": lambda all_: planned(all_)["lesions"].append(planned(all_)["lesions"][0]),
    "three doses of four": lambda all_: planned(all_)["lesions"][0]["doses"].pop(),
    "a dose below 0": lambda all_: planned(all_)["lesions"][0]["doses"][1].update(mg=-57.5),
    "60 mg with 40 mL to come": lambda all_: visit(all_)["injections"][0].update(drawn_ml=40),
    "another dose to come": lambda all_: visit(all_)["injections"][0].update(dose_mg=275),
    "another total": lambda all_: visit(all_).update(total_drawn_ml=4),
    "another syringe": lambda all_: visit(all_)["syringes"][0].update(drawn_ml=9),
    "60 mg with 40 mL given": lambda all_: given(all_)["injections"][0].update(drawn_ml=40),
    "a dose below 0 given": lambda all_: given(all_)["injections"][0].update(dose_mg=-12.5),
    "nothing given": lambda all_: given(all_)["injections"][0].update(drawn_ml=0, drawn_mg=0),
    "a tonne given": lambda all_: given(all_)["injections"][0].update(dose_mg=10**9),
    "a pain of 99": lambda all_: given(all_)["injections"][0].update(pain_before=99),
    "an injection of none": lambda all_: given(all_)["injections"][0].update(injection=99),
    "a lesion of none": lambda all_: given(all_)["injections"][0].update(lesion="Z"),
    "given in the year 1": lambda all_: given(all_).update(at="0001-01-01T09:00:00"),
    "an expiry of none": lambda all_: given(all_).update(expiry="zz"),
    "an endless figure": lambda all_: given(all_)["injections"][0].update(dose_mg="1e9999999999"),
    "an endless fraction": lambda all_: given(all_)["injections"][0].update(
        dose_mg="1/" + "9" * 90),
    "an end before its start": lambda all_: told(all_, end="2026-09-14T08:00:00+02:00"),
    "a time without an offset": lambda all_: told(
        all_, start="2026-09-14T09:00:00", end="2026-09-14T09:30:00"),
    "the offset of Tokyo": lambda all_: told(
        all_, start="2026-09-14T09:00:00+09:00", end="2026-09-14T09:30:00+09:00"),
    "a calendar id that leads away": lambda all_: visit(all_).update(uid="../../etc/passwd"),
    "one calendar id twice": lambda all_: visit(all_).update(uid=visit(all_, 3)["uid"]),
    "a zone of none": lambda all_: visit(all_).update(timezone="Mars/Base"),
    "no times of what is to come": lambda all_: event(all_, 2)["facts"].update(scheduled=[]),
    "an answer to no question": lambda all_: planned(all_).update(
        screening=[{"screen": "zebra", "answer": True}]),
    "a question answered twice": lambda all_: planned(all_).update(
        screening=[{"screen": "pregnant", "answer": one} for one in (True, False)]),
    "a reason to stop that nobody saw": lambda all_: planned(all_).update(
        screening=[{"screen": "pregnant", "answer": True}]),
    "something noted of none": lambda all_: noted(all_, "weather", "fair"),
    "a figure that is none noted": lambda all_: noted(all_, "points", "-99"),
    "a text among the facts": lambda all_: given(all_).update(lot="Zoe Zebra"),
    "a role of none": lambda all_: event(all_, 2)["facts"].update(role="king"),
    "a question of letters": lambda all_: event(all_, 2)["facts"].update(answered="abc"),
    "an author who steers": lambda all_: event(all_, 2)["texts"].update({"/by": "Dr\x1b[2J"}),
    "two authors": lambda all_: event(all_, 2).update(author="Dr B"),
    "no author": lambda all_: event(all_, 2)["texts"].update({"/by": ""}),
    "a text that steers": lambda all_: event(all_, 2)["texts"].update(
        {"/event/injections/0/complication": "x\u202ey"}),
    "a text in place of a dose": lambda all_: event(all_, 2)["texts"].update(
        {"/event/injections/0/dose_mg": "90"}),
    "a revision below 0": lambda all_: planned(all_).update(revision=-3),
    "a patient who is not of it": lambda all_: event(all_, 1)["texts"].update({PATIENT: "P-9"}),
    "an erased patient with texts": lambda all_: patient(all_).update(
        erased='{"at": "2026-09-01T00:00:00+00:00", "by": "x", "reason": null}',
        id=None, name=None, birth_date=None),
    "a restriction that says nothing": lambda all_: patient(all_).update(restricted='"yes"'),
    "a name that steers": lambda all_: patient(all_).update(name="x\u202ey"),
    "a patient with another key": lambda all_: patient(all_).update(hack=1),
    "an input with another key": lambda all_: next(
        one["input"] for one in all_ if "input" in one).update(hack=1),
    "a key of its own kind": lambda all_: patient(all_).update(key=True),
    "an input of other content": lambda all_: next(
        one["input"] for one in all_ if "input" in one).update(content="x"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_an_export_is_believed_only_as_far_as_its_figures_hold(
    planner: Run, tmp_path: Path, lines: Lines, name: str
) -> None:
    (tmp_path / "forged.jsonl").write_text(forged(lines, FORGED[name]))
    done = planner("course", "import", "forged.jsonl", "--database", "new.db")
    assert done.returncode in (10, 13), done.stdout
    assert "Error" not in done.stderr
    assert "restore" not in done.stderr
    assert not (tmp_path / "new.db").exists()


def test_an_honest_export_comes_in(planner: Run, tmp_path: Path, lines: Lines) -> None:
    (tmp_path / "same.jsonl").write_text(forged(lines, lambda _all: None))
    done = planner("course", "import", "same.jsonl", "--database", "new.db")
    assert done.returncode == 0, done.stderr
    assert "not verified" in done.stderr
    assert "all courses hold" in planner("course", "check", "--database", "new.db").stdout


def test_check_tells_what_came_in_before_it_was_looked_at(
    planner: Run, tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.app.roles import Author
    from planner.app.upkeep import import_lines
    from planner.store import transfer
    from planner.store.database import open_database

    monkeypatch.setattr(transfer, "unproven", lambda _record, _state: ())
    text = forged(lines, FORGED["three doses of four"])
    import_lines(open_database(str(tmp_path / "new.db")), Author("A", NOW), text.splitlines())
    done = planner("course", "check", "--database", "new.db")
    assert done.returncode == 13
    assert "K-1: " in done.stderr


@pytest.mark.parametrize("is_here", [True, False])
def test_a_restriction_outlives_an_import(
    planner: Run, tmp_path: Path, lines: Lines, is_here: bool
) -> None:
    """Whether it is known here, or in the export."""
    other = write(tmp_path, SOUND.replace("K-1", "K-2"))
    place = ("--database", "new.db")
    planner("course", "add", other, "--clinic", CLINIC, *BY, *place)
    text = forged(lines, lambda _all: None)
    note = '{"at": "2026-09-01T00:00:00+00:00", "by": "x", "reason": "asked"}'
    if is_here:
        planner("patient", "restrict", "P-1", "--reason", "asked", *BY, *place)
    else:
        text = forged(lines, lambda all_: patient(all_).update(restricted=note))
    (tmp_path / "e.jsonl").write_text(text)
    assert planner("course", "import", "e.jsonl", *place).returncode == 0
    for course in ("K-1", "K-2"):
        done = planner("course", "show", course, *place)
        assert (done.returncode, "restricted" in done.stderr) == (13, True)


def test_an_id_that_reads_alike_is_asked_about(planner: Run, tmp_path: Path, lines: Lines) -> None:
    place = ("--database", "new.db")
    other = write(tmp_path, SOUND.replace("K-1", "K-2").replace('"P-1"', '"p\u20111"'))
    planner("course", "add", other, "--clinic", CLINIC, *BY, *place)
    (tmp_path / "e.jsonl").write_text(forged(lines, lambda _all: None))
    done = planner("course", "import", "e.jsonl", *place)
    assert done.returncode == 13
    assert "the register has this patient's id as" in done.stderr


KEY = b"0123456789abcdef0123456789abcdef"


def test_a_signed_export_shows_who_made_it(planner: Run, tmp_path: Path, lines: Lines) -> None:
    assert lines
    for name, key in (("key", KEY), ("other", KEY[::-1]), ("short", b"x")):
        (tmp_path / name).write_bytes(key)
        (tmp_path / name).chmod(0o600)
    signed = planner("course", "export", "--sign", "key").stdout
    cases = {
        "whole": (signed, 0), "unsigned": (planner("course", "export").stdout, 13),
        "changed": (signed.replace("7A12", "7A13"), 13), "longer": (f"{signed}{{}}\n", 13),
        "shorter": ("".join(signed.splitlines(keepends=True)[1:]), 13), "empty": ("", 13),
    }  # fmt: skip
    for name, (text, code) in cases.items():
        (tmp_path / "e.jsonl").write_text(text)
        place = ("--database", f"{name}.db")
        done = planner("course", "import", "e.jsonl", "--verify", "key", *place)
        assert done.returncode == code, (name, done.stderr)
        assert (tmp_path / f"{name}.db").exists() is (code == 0)
    (tmp_path / "e.jsonl").write_text(signed)
    wrong = planner("course", "import", "e.jsonl", "--verify", "other", "--database", "n.db")
    assert wrong.returncode == 13
    for key, said in (("short", "too short"), ("key", "others can read the key")):
        (tmp_path / "key").chmod(0o644)
        done = planner("course", "import", "e.jsonl", "--verify", key, "--database", "n.db")
        assert (done.returncode, said in done.stderr) == (10, True)
    # Who does not ask for a signature reads it as any other export.
    done = planner("course", "import", "e.jsonl", "--database", "plain.db")
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_signed_is_said(planner: Run, lines: Lines) -> None:
    assert lines
    done = planner("course", "export", "--csv", "--sign", "nokey")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--sign: rows for statistics are not signed" in done.stderr


def test_a_file_without_end_is_given_up(planner: Run, tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    done = planner("course", "import", "zero", "--database", "new.db")
    assert done.returncode == 10
    assert "line 1: it has over 20000000 bytes" in done.stderr
    done = planner("course", "import", ".", "--database", "new.db")
    assert done.returncode == 10
    assert not (tmp_path / "new.db").exists()


def test_an_export_comes_through_a_pipe(planner: Run, tmp_path: Path, lines: Lines) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = forged(lines, lambda _all: None)
    threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,), daemon=True).start()
    done = planner("course", "import", "pipe", "--database", "new.db")
    assert done.returncode == 0, done.stderr


def test_an_event_of_no_course_is_refused(planner: Run, tmp_path: Path, lines: Lines) -> None:
    text = forged(lines, lambda _all: None)
    rows = [line for line in text.splitlines() if '"course": "K-1"' not in line[:20]]
    (tmp_path / "e.jsonl").write_text("\n".join(rows))
    done = planner("course", "import", "e.jsonl", "--database", "new.db")
    assert done.returncode == 10
    assert "it is an event of no course" in done.stderr


def test_an_erasure_takes_a_lot_that_is_none_with_it(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, SOUND)
    planner("course", "add", course, "--clinic", CLINIC, *BY)
    for number, lot in ((1, "7A12-b"), (2, "of Karen +45 1234")):
        done = planner("course", "give", "K-1", "--visit", number, "--as-planned", "--lot", lot,
                       "--at", f"2026-09-{7 * number:02} 09:00", "--confirm", "x", *BY)  # fmt: skip
        assert done.returncode == 0, done.stderr
    done = planner("patient", "erase", "P-1", "--force", "--reason", "asked", *BY)
    assert done.returncode == 0, done.stderr
    assert "Dr A. Holm" in done.stdout
    kept = planner("course", "export").stdout
    assert "Karen" not in kept
    assert "7A12-b" in kept
    assert planner("course", "check").returncode == 0

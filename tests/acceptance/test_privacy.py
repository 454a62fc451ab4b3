"""Patients' data: in no message, in no file that others can read, on no network."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CLINIC, Run
from tests.courses import SOUND, write
from tests.servers import answering

NAME = "Zebedee Quux"
BY, DAY = ("--by", "Dr A. Holm"), "2026-09-07"
NAMED = SOUND.replace('id = "P-1"\n', f'id = "P-1"\nname = "{NAME}"\n')
FAULTY = {
    "a patient who is no table": (f'[patient]\nid = "P-1"\nname = "{NAME}"\n', ""),
    "a list": (f'name = "{NAME}"', f'name = ["{NAME}"]'),
    "no text": (f'name = "{NAME}"', f"name = {{ first = '{NAME}' }}"),
    "too long": (f'name = "{NAME}"', f'name = "{NAME * 50}"'),
    "a control character": (f'name = "{NAME}"', f'name = "{NAME}\\u202e"'),
    "a letter that no paper has": (f'name = "{NAME}"', f'name = "{NAME} \u738b"'),
    "a birth date": (f'name = "{NAME}"', f'birth_date = "{NAME}"'),
    "a birth date long ago": (f'name = "{NAME}"', 'birth_date = "1161-05-01"'),
    "a birth date to come": (f'name = "{NAME}"', "birth_date = 2061-05-01"),
    "an allergy": (f'name = "{NAME}"', f'sulfite_allergy = "{NAME}"'),
    "another key": (f'name = "{NAME}"', f'nmae = "{NAME}"'),
    "no TOML": (f'name = "{NAME}"', f'name = "{NAME}'),
    "another problem": ("size_mm = 70", "size_mm = 0"),
    "a dose that waits": ("[12.5, 57.5, 72.5, 87.5]", "300"),
    "an absurd dose": ("[12.5, 57.5, 72.5, 87.5]", "9000"),
}


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.hazard("data-leak")
def test_no_message_repeats_a_patients_name(planner: Run, tmp_path: Path, name: str) -> None:
    old, new = FAULTY[name]
    text = NAMED.replace(old, new)
    assert text != NAMED
    if not new:
        text = text.replace("first_visit", f'patient = "{NAME}"\nfirst_visit')
    done = planner("plan", write(tmp_path, text), "--timezone", "UTC")
    assert done.returncode in (10, 12)
    assert done.stderr
    assert NAME not in done.stdout + done.stderr
    assert not re.search(r"[12][01]61-05-01", done.stderr)


@pytest.mark.hazard("data-leak")
def test_no_message_of_plans_or_the_register_repeats_it(planner: Run, tmp_path: Path) -> None:
    course = write(tmp_path, NAMED)
    assert planner("plan", course, "--clinic", CLINIC).returncode == 0
    assert planner("course", "add", course, "--clinic", CLINIC, *BY).returncode == 0
    edited = json.loads((tmp_path / "K-1/plan.json").read_text())
    edited["visits"][0]["injections"][0]["dose_mg"] = 99
    edited["patient"]["birth_date"] = NAME
    (tmp_path / "edited.json").write_text(json.dumps(edited))
    other = NAMED.replace("K-1", "K-2").replace(NAME, f"{NAME} the second")
    write(tmp_path, other, "other.toml")
    write(tmp_path, NAMED.replace("12.5", "13"), "changed.toml")
    for command, code in {
        ("print", "edited.json", "--out", "again"): 10,
        ("plan", "changed.toml", "--clinic", CLINIC): 13,
        ("course", "add", course, "--clinic", CLINIC, *BY): 13,
        ("course", "add", "other.toml", "--clinic", CLINIC, *BY, "--confirm", "second"): 13,
        ("course", "give", "K-1", "--visit", "9", "--as-planned", *BY): 13,
        ("course", "documents", "K-1", "--out", "changed.toml"): 13,
    }.items():
        done = planner(*command)
        assert done.returncode == code, (command, done.stderr)
        assert NAME not in done.stdout + done.stderr, command


@pytest.mark.hazard("data-leak")
def test_what_holds_patients_data_is_readable_by_its_owner_alone(
    planner: Run, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        course = write(tmp_path, NAMED)
        (tmp_path / "made").mkdir()
        # Somebody made the register's file beforehand.
        (tmp_path / "made/touched.db").touch()
        database = ("--database", "made/register.db")
        for command in (
            ("plan", course, "--clinic", CLINIC, "--out", "made/plan"),
            ("print", "made/plan/plan.json", "--out", "made/again"),
            ("course", "add", course, "--clinic", CLINIC, *BY, *database),
            ("course", "add", course, "--clinic", CLINIC, *BY, "--database", "made/touched.db"),
            ("course", "documents", "K-1", "--out", "made/documents", *database),
            ("course", "backup", "made/backup.db", *database),
            (
                "clinic",
                "day",
                "skin-clinic",
                "--on",
                "2026-09-07",
                "--out",
                "made/day",
                *BY,
                *database,
            ),
            (
                "clinic",
                "week",
                "skin-clinic",
                "--on",
                "2026-09-07",
                "--out",
                "made/week.pdf",
                *database,
            ),
            ("clinic", "papers", "skin-clinic", "--out", "made/papers", *BY, *database),
        ):
            done = planner(*command)
            assert done.returncode == 0, done.stderr
    finally:
        os.umask(before)
    made = [path for path in (tmp_path / "made").rglob("*") if path.is_file()]
    assert {path.name for path in made} > {"plan.json", "register.db", "backup.db"}
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in ("plan", "again", "documents", "day", "papers"):
        assert stat.S_IMODE((tmp_path / "made" / folder).stat().st_mode) == 0o700


# Ends the process, with a code that the planner has not, at the first word to a network.
WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        os._exit(97)
sys.addaudithook(watch)
"""
QUIET = [
    "plan course.toml --clinic clinic.toml",
    "plan course.toml --clinic clinic.toml --busy K-1/clinic.ics --out around",
    "print K-1/plan.json --out again",
    "agenda K-1",
    "evidence",
    "protocol check own.toml",
    "course add course.toml --clinic clinic.toml",
    "course give K-1 --visit 1 --as-planned",
    "course documents K-1 --out documents",
    "course export",
]


@pytest.fixture
def watched(fresh_planner: Run, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command, ended with 97 where it speaks to a network."""
    (tmp_path / "watch").mkdir()
    write(tmp_path / "watch", WATCH, "sitecustomize.py")
    path = os.pathsep.join(filter(None, (str(tmp_path / "watch"), os.environ.get("PYTHONPATH"))))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return fresh_planner(*arguments, PYTHONPATH=path, PLANNER_USER="Dr A. Holm")

    return run


@pytest.mark.hazard("data-leak")
def test_no_other_command_opens_a_connection(
    watched: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    write(tmp_path, NAMED.replace("2026-09-07", "2025-09-01"))
    shutil.copy(CLINIC, tmp_path / "clinic.toml")
    watched("protocol", "new", "own.toml")
    for command in QUIET:
        done = watched(*command.split())
        assert done.returncode == 0, (command, done.returncode, done.stderr)
    # The watch is there: what may speak to a network is ended by it.
    with answering(207) as url:
        assert watched("publish", "K-1", "--caldav", url).returncode == 97
        busy = ("plan", "course.toml", "--clinic", "clinic.toml", "--busy-caldav", url)
        assert watched(*busy).returncode == 97


@pytest.mark.hazard("data-leak")
def test_all_papers_are_made_without_a_network(tmp_path: Path) -> None:
    """In a namespace that has none: what is not Python's, as the PDF engine, asks nobody either."""
    if shutil.which("unshare") is None:
        if os.environ.get("CI"):
            pytest.fail("unshare is missing")
        pytest.skip("unshare is not here")
    command = [sys.executable, "-m", "planner", "plan", str(write(tmp_path, NAMED))]
    done = subprocess.run(
        ["unshare", "--user", "--net", *command, "--timezone", "Europe/Copenhagen"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "K-1/labels.pdf").is_file()

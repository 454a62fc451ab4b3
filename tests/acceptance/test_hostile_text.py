"""Texts that want to run, hide or escape: in a browser, a spreadsheet, a terminal, a name."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from planner.app.statistics import Dialect, csv_text
from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.documents.document_set import papers
from planner.store.database import open_database
from tests.clinics import text_plan
from tests.conftest import Run
from tests.courses import SOUND, confirmation, course_text, lesion, write
from tests.registers import follow

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
IN_A_BROWSER = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{7*7}}{% include 'x' %}",
    "<!-- --><iframe src=//x>",
]


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def elements(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    reader = Elements()
    reader.feed(papers(plan, STAMP, only="treatment-sheet.html")["treatment-sheet.html"].decode())
    return reader.found


def written(text: str, protocol: Protocol, clinic: Clinic) -> Plan:
    """A plan with a text wherever somebody may write one."""
    quoted = json.dumps(text, ensure_ascii=False)
    detail = f"site_detail = {quoted}\nmeasured_by = {quoted}\n"
    said = confirmation("sulfite-allergy", "stated").replace('"seen"', quoted)
    said = said.replace('"Dr A. Holm"', quoted)
    course = course_text(
        f"name = {quoted}\nsulfite_allergy = true\n", lesion(dose_mg=50) + detail, said
    )
    course = course.replace('"systemic sclerosis"', quoted).replace('"P-1"', quoted)
    course = f"prescriber = {quoted}\n{course}"
    return text_plan(course, protocol, clinic._replace(name=text, address=text, phone=text))


@pytest.mark.parametrize("text", IN_A_BROWSER)
@pytest.mark.hazard("hostile-text")
def test_no_text_runs_in_a_browser(text: str, sts_150: Protocol, clinic: Clinic) -> None:
    """A page with the text has the elements and attributes of one with a plain word, no more."""
    assert elements(written(text, sts_150, clinic)) == elements(written("word", sts_150, clinic))


IN_A_SPREADSHEET = ["=1+1", "+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://x")', "=cmd|'/c calc'!A0"]


@pytest.mark.parametrize("text", IN_A_SPREADSHEET)
@pytest.mark.hazard("hostile-text")
def test_no_text_runs_in_a_spreadsheet(tmp_path: Path, text: str) -> None:
    quoted = json.dumps(text)
    course = SOUND.replace('"systemic sclerosis"', quoted).replace('"P-1"', quoted)
    followed = follow(open_database(str(tmp_path / "register.db")), tmp_path, course)
    rows = list(csv.reader(io.StringIO(csv_text([followed.now], Dialect()))))
    assert sum(cell == f"'{text}" for row in rows for cell in row) == 2 * (len(rows) - 1)
    assert not any(cell.startswith(tuple("=+@")) for row in rows for cell in row)


ESCAPES = "a\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
CALLS = {
    "a file's name": ("plan", ESCAPES, "--timezone", "UTC"),
    "a folder's name": ("plan", "course.toml", "--timezone", "UTC", "--out", f"{ESCAPES}/x/y.txt"),
    "a zone": ("plan", "course.toml", "--timezone", ESCAPES),
    "a command": (ESCAPES,),
    "an option": ("plan", "course.toml", f"--{ESCAPES}"),
    "a dose": ("dose", ESCAPES),
    "a protocol": ("protocol", "show", ESCAPES),
    "a course": ("course", "show", ESCAPES),
    "a code": ("course", "current", ESCAPES),
    "a site": ("decide", "--size-mm", "4", "--ulcerated", "--site", ESCAPES),
    "a text": ("plan", "text.toml", "--timezone", "UTC"),
    "a key": ("plan", "key.toml", "--timezone", "UTC"),
    "a word of TOML": ("plan", "toml.toml", "--timezone", "UTC"),
    "a plan": ("print", "plan.json", "--out", "x"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.hazard("hostile-text")
def test_no_message_holds_what_a_terminal_would_obey(
    planner: Run, tmp_path: Path, name: str
) -> None:
    quoted = json.dumps(ESCAPES)
    write(tmp_path, SOUND)
    (tmp_path / f"{ESCAPES.replace('/', '')}").write_text("x")
    write(tmp_path, SOUND.replace('"right"', quoted), "text.toml")
    write(tmp_path, f"{quoted} = 1\n{SOUND}", "key.toml")
    write(tmp_path, f"{ESCAPES} = 1\n{SOUND}", "toml.toml")
    write(tmp_path, json.dumps({ESCAPES: ESCAPES}), "plan.json")
    if name in ("a course", "a code"):
        planner("course", "add", "course.toml", "--timezone", "UTC", "--by", "x")
    done = planner(*CALLS[name])
    assert done.returncode in (2, 10, 11, 13, 14)
    assert done.stderr
    assert all(c.isprintable() or c in "\n\u00a0" for c in done.stdout + done.stderr)


NAMES = ["../out", "/tmp/out", "..", "a/b", "a\\b", ".", "C:x", "CON.", "x" * 41, "-\u00e9"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.hazard("hostile-text")
def test_a_name_never_leaves_its_folder(planner: Run, tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    text = SOUND.replace('"K-1"', json.dumps(name))
    done = planner("plan", write(inside, text), "--timezone", "UTC")
    assert done.returncode == 10
    assert "course.toml: id:" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.mark.parametrize("name", [b"\xfe.toml", b"o\xff"])
def test_a_name_that_is_no_text_is_no_bug(tmp_path: Path, name: bytes) -> None:
    """A message, or the set with its name as far as it can be said; never something between."""
    path = write(tmp_path, SOUND)
    plan = [sys.executable, "-m", "planner", "plan"]
    arguments = [name] if name.endswith(b"toml") else [str(path), "--out", name]
    done = subprocess.run(
        [*plan, *arguments, "--timezone", "UTC"], cwd=tmp_path, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == (10 if name.endswith(b"toml") else 0), done.stderr
    made = (tmp_path / os.fsdecode(name)).exists()
    assert made is (done.returncode == 0)

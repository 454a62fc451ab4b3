"""What docs/CONTRIBUTING.md says of adding to the product, done in a copy of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "CONTRIBUTING.md").read_text(encoding="utf-8")
CORE, DOCUMENTS = "planner/core", "planner/documents"
CATALOGUE = "planner/locale/da/LC_MESSAGES/planner.po"
# A course in a clinic that prints Danish.
BEGIN = """
from datetime import UTC, datetime
from planner.app.planning import NamedFile, planned, read_inputs
COURSE = b'''
id = "K-1"
diagnosis = "systemic sclerosis"
first_visit = "2026-09-07 09:00"
patient = { id = "P-1" }
lesion = [{ id = "A", site = "SITE", SIDE size_mm = 70, ulcerated = true, dose_mg = 50 }]
'''.replace(b"SITE", SITE).replace(b"SIDE", SIDE)
CLINIC = b'timezone = "Europe/Copenhagen"\\nlanguage = "LANGUAGE"\\n'.replace(b"LANGUAGE", LANGUAGE)
inputs = read_inputs(NamedFile("course", COURSE), NamedFile("clinic", CLINIC))
plan = planned(inputs)
"""
PAPERS = """
from planner.documents.document_set import papers
made = papers(plan, datetime(2026, 9, 1, tzinfo=UTC))
html = made["treatment-sheet.html"].decode()
"""
KNEE = b'SITE, SIDE = b"knee", b\'side = "left",\'\n'.decode()
DANISH = 'LANGUAGE = b"da"\n'


class Addition(NamedTuple):
    """What is added: in each file a text after another (or a new file), then what has to hold."""

    title: str
    most: int
    edits: Mapping[str, tuple[str, str]]
    words: Mapping[str, str]
    check: str


ADDITIONS = [
    Addition(
        "A finding",
        3,
        {
            f"{CORE}/plan/findings.py": (
                "CODES = {\n",
                '    "size-even": "an even size",\n',
            ),
            f"{CORE}/plan/checks.py": (
                "    lesion, hit, regimen = decided.lesion, decided.hit, decided.regimen\n",
                "    if lesion.size_mm % 2 == 0:\n"
                '        text = said("{size} is even", size=mm(lesion.size_mm))\n'
                '        yield Finding("size-even", "note", text, said("even"), lesion.id)\n',
            ),
        },
        {
            "an even size": "en lige størrelse",
            "{size} is even": "{size} er lige",
            "even": "lige",
        },
        KNEE
        + DANISH
        + BEGIN
        + PAPERS
        + """
assert [one.code for one in plan.findings].count("size-even") == 1
assert "er lige" in html
""",
    ),
    Addition(
        "A paper",
        3,
        {
            f"{DOCUMENTS}/greeting.py": (
                "",
                '"""A greeting."""\n'
                "from planner.documents.letter import appointment_letter\n"
                "from planner.documents.paper import Paragraph, text\n\n\n"
                "def greeting(plan, issue):\n"
                '    """The letter with a greeting on it."""\n'
                "    say = issue.say\n"
                "    paper = appointment_letter(plan, issue)\n"
                "    (one,) = paper.sections\n"
                '    blocks = (*one.blocks, Paragraph(text(say("Good day"))))\n'
                "    return paper._replace(sections=(one._replace(blocks=blocks),))\n",
            ),
            f"{DOCUMENTS}/papers.py": (
                '    "worksheets.pdf": ("worksheets", "worksheets"),\n',
                '    "greeting.pdf": ("greeting", "greeting"),\n',
            ),
        },
        {"Good day": "Goddag"},
        KNEE
        + DANISH
        + BEGIN
        + PAPERS
        + """
import io, pypdfium2
from planner.documents.folder import is_document
assert is_document("greeting.pdf")
pages = pypdfium2.PdfDocument(io.BytesIO(made["greeting.pdf"]))
assert any("Goddag" in page.get_textpage().get_text_range() for page in pages)
""",
    ),
    Addition(
        "An event",
        5,
        {
            f"{CORE}/followup/events.py": (
                "Event = (\n    Planned\n",
                "    | Phoned\n",
            ),
            f"{DOCUMENTS}/event_wording.py": ("", ""),
            f"{CORE}/followup/course_state.py": ("", ""),
        },
        {"called by {who}": "ringet op af {who}"},
        KNEE
        + DANISH
        + BEGIN
        + """
from planner.app.roles import Author
from planner.app.courses import add_course, change
from planner.core.followup.events import Phoned
from planner.documents.event_wording import told
from planner.documents.language import language
from planner.store.database import open_database
register = open_database("register.db")
now = datetime(2026, 9, 1, tzinfo=UTC)
add_course(register, inputs, Author("Dr A", now))
change(register, "K-1", [lambda _: Phoned("B")], Author("B", now))
from planner.app.queries import course_standing
last = course_standing(register, "physician", "K-1").record.entries[-1]
assert last.event == Phoned("B")
assert told(last.event, language("da")) == "ringet op af B"
""",
    ),
    Addition(
        "A language",
        2,
        {
            f"{CORE}/values/languages.py": (
                "LANGUAGES = {\n",
                '    "de": LanguageForms(\n'
                '        ("Montag", "Di", "Mi", "Do", "Freitag", "Samstag", "Sonntag"),\n'
                '        tuple(f"{n}." for n in range(1, 13)),\n'
                '        "{weekday:.2} {day}. {month} {year}",\n'
                '        "{weekday} {day}. {month} {year}",\n'
                '        ",",\n'
                "    ),\n",
            ),
        },
        {"Treatment sheet": "Behandlungsbogen"},
        KNEE
        + 'LANGUAGE = b"de"\n'
        + BEGIN
        + PAPERS
        + """
assert "Behandlungsbogen" in html
assert "Mo 7. 9. 2026" in html
""",
    ),
    Addition(
        "A site",
        2,
        {"planner/protocols/sts-150.toml": ('"finger", "hand", "wrist",', ' "ear",')},
        {"ear": "øre"},
        'SITE, SIDE = b"ear", b\'side = "left",\'\n'
        + DANISH
        + BEGIN
        + PAPERS
        + """
assert "øre" in html
""",
    ),
]


def files_named(title: str) -> list[str]:
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)


@pytest.mark.parametrize("one", ADDITIONS, ids=lambda one: one.title)
def test_no_more_files_are_named_than_it_should_take(one: Addition) -> None:
    named = files_named(one.title)
    assert 0 < len(named) <= one.most
    catalogue = CATALOGUE.replace("/da/", "/xx/") if one.title == "A language" else CATALOGUE
    touched = {re.sub(r"greeting", "NAME", path) for path in one.edits} | {catalogue}
    assert touched <= set(named)


@pytest.mark.parametrize("one", ADDITIONS, ids=lambda one: one.title)
def test_what_it_says_is_enough(one: Addition, tmp_path: Path) -> None:
    for name in ("planner", "templates", "tests", "docs"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__", "zones")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "README.md").write_text("", encoding="utf-8")
    for path, (after, added) in one.edits.items():
        _add(tmp_path / path, after, added)
    if one.title == "An event":
        _event(tmp_path)
    _run(tmp_path, "-m", "tests.catalogue")
    code = "de" if one.title == "A language" else "da"
    _translate(tmp_path / CATALOGUE.replace("/da/", f"/{code}/"), one.words)
    _run(tmp_path, "-m", "tests.catalogue")
    (tmp_path / "check.py").write_text(one.check, encoding="utf-8")
    _run(tmp_path, "check.py")


def _add(path: Path, after: str, added: str) -> None:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert after in text
    path.write_text(text.replace(after, after + added) if after else added + text, encoding="utf-8")


def _event(folder: Path) -> None:
    """The record of a call, its kind and its words."""
    events = folder / CORE / "followup/events.py"
    record = 'class Phoned(NamedTuple):\n    """A call."""\n\n    who: str\n\n\n'
    text = events.read_text(encoding="utf-8").replace("Event = (\n", record + "Event = (\n", 1)
    text = text.replace(
        '    "planned": Planned,\n', '    "planned": Planned,\n    "phoned": Phoned,\n'
    )
    events.write_text(text, encoding="utf-8")
    wording = folder / DOCUMENTS / "event_wording.py"
    said = (
        "\n\n@told.register\ndef _(event: Phoned, say: Language) -> str:\n"
        '    return say("called by {who}", who=event.who)\n'
    )
    text = wording.read_text(encoding="utf-8").replace(
        "    Planned,\n", "    Phoned,\n    Planned,\n", 1
    )
    wording.write_text(text + said, encoding="utf-8")


def _translate(path: Path, words: Mapping[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for said, translated in words.items():
        entry = f'msgid "{said}"\nmsgstr ""\n'
        assert text.count(entry) == 1, said
        text = text.replace(entry, f'msgid "{said}"\nmsgstr "{translated}"\n')
    path.write_text(text, encoding="utf-8")


def _run(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={"PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

"""What the planner does: rules, cases, papers, calendars, register, seen to be right."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path

from planner.app.exchange import plan_bundle
from planner.app.planning import NamedFile, planned, read_inputs
from planner.app.published_cases import differences, outcome
from planner.app.registers import open_register
from planner.core.plan.pages import visit_page
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import number
from planner.core.values.languages import LANGUAGES
from planner.documents.calendars import calendar_files
from planner.documents.document_set import papers
from planner.documents.folder import LABELS_NAME, LETTER_NAME, SHEET_PDF, WORKSHEETS_NAME
from planner.errors import PlannerError
from planner.files.bundled import bundled_protocols, example_text
from planner.files.cases import case_files
from planner.files.plan import plan_bytes
from planner.store.database import Database

STAMP = datetime(2026, 1, 2, 12, tzinfo=UTC)
# Courses of the letter whose papers are made: one lesion, and several of one visit.
_TRIED = ("case-2-knee", "case-3-fingertip")
_SIZES = ("A4", "Letter")
_SHOWN = 3


@contextmanager
def _temporary() -> Iterator[Database]:
    """An empty register in a temporary file."""
    with (
        tempfile.TemporaryDirectory(prefix="planner-validation-") as folder,
        open_register(str(Path(folder) / "register.db"), create=True) as register,
    ):
        yield register


def proof_faults() -> Iterator[str]:
    """Protocols that are not proven, and cases of a source that get another regimen."""
    from planner.core.protocol.evidence import replay
    from planner.files.protocol import load_protocol

    for name in bundled_protocols():
        try:
            protocol = load_protocol(name)
        except PlannerError as error:
            yield from (f"{name}: {one}" for one in error.problems)
            continue
        for case in replay(protocol):
            if case.reported and not case.agrees:
                yield f"{name}: case {case.case} gets {case.regimen} instead of {case.given}"


def case_faults() -> Iterator[str]:
    """Figures that are not those of a published case."""
    with _temporary() as register:
        for file in case_files():
            for case in file.case:
                expected = case.expected.model_dump(exclude_defaults=True)
                try:
                    found = outcome(case, file.clinic[case.clinic], register)
                except PlannerError as error:
                    yield f"{case.id}: {error}"
                    continue
                apart = list(differences(expected, found))
                yield from (f"{case.id}: {one}" for one in apart[:_SHOWN])


@cache
def tried_plans() -> tuple[Plan, ...]:
    """Plans in each language and on each size of paper."""
    made = []
    for name in _TRIED:
        for language in LANGUAGES:
            for size in _SIZES:
                clinic = example_text("clinic-copenhagen")
                clinic = clinic.replace('language = "en"', f'language = "{language}"')
                clinic = clinic.replace('paper = "A4"', f'paper = "{size}"')
                sources = (
                    NamedFile(name, example_text(name).encode()),
                    NamedFile("", clinic.encode()),
                )
                made.append(planned(read_inputs(*sources)))
    return tuple(made)


def paper_faults() -> Iterator[str]:
    """Figures that do not stand on the page that they belong to."""
    for plan in tried_plans():
        clinic = plan.clinic
        place = f"{plan.course}, {clinic.language}, {clinic.paper}"
        for name, content in papers(plan, STAMP).items():
            if name.endswith(".pdf"):
                yield from (f"{place}, {name}: {one}" for one in _lacking(plan, name, content))


def _lacking(plan: Plan, name: str, content: bytes) -> Iterator[str]:
    """What a paper does not say on the pages that are to say it."""
    pages = pdf_pages(content)
    for visit in plan.visits:
        own = _pages_of(plan, visit, pages) if name == WORKSHEETS_NAME else pages
        said = " ".join(own)
        wanted = _WANTED[name](visit, LANGUAGES[plan.clinic.language].decimal_mark)
        yield from (f"visit {visit.number}: {one}" for one in wanted if one not in said)


def _pages_of(plan: Plan, visit: PlannedVisit, pages: Sequence[str]) -> list[str]:
    """The pages of a visit, told by their code."""
    code = next(one.code for one in plan.pages if one.page == visit_page(visit.number))
    return [page for page in pages if code in page]


def _hours(visit: PlannedVisit, _mark: str) -> Iterator[str]:
    if visit.start is not None:
        yield f"{visit.start:%H:%M}"
        yield f"{visit.start.year}"


def _drawn(visit: PlannedVisit, mark: str) -> Iterator[str]:
    for syringe in visit.syringes:
        yield from (f"{_written(one.ml, mark)} mL" for one in syringe.aliquots)


def _figures(visit: PlannedVisit, mark: str) -> Iterator[str]:
    yield from _hours(visit, mark)
    for one in visit.injections:
        if one.dose_mg is not None:
            yield f"{_written(one.dose_mg, mark)} mg"
        if one.drawn_ml is not None:
            yield f"{_written(one.drawn_ml, mark)} mL"


def _written(value: Fraction, mark: str) -> str:
    return number(value).replace(".", mark)


# What each paper has to say of a visit.
_WANTED: Mapping[str, Callable[[PlannedVisit, str], Iterator[str]]] = {
    SHEET_PDF: _figures,
    WORKSHEETS_NAME: _figures,
    LABELS_NAME: _drawn,
    LETTER_NAME: _hours,
}


def pdf_pages(content: bytes) -> list[str]:
    """The text of each page of a PDF, with plain single spaces."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    try:
        texts = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return [re.sub(r"\s+", " ", text) for text in texts]


# Words that tell what a patient is treated for.
_TELLING = ("thiosul", "tiosul", "calci", "lesion", "knee", "finger", "scler", "knæ")


def calendar_faults() -> Iterator[str]:
    """Visits that a reader of others does not find as they are, and words that tell too much."""
    from icalendar import Calendar

    for plan in tried_plans():
        made = dict(calendar_files(plan, STAMP))
        wanted = sorted((one.uid, one.start, one.end) for one in plan.visits if one.start)
        for name in ("patient.ics", "clinic.ics"):
            events = Calendar.from_ical(made[name]).walk("VEVENT")
            found = sorted(
                (str(one["UID"]), one.decoded("DTSTART"), one.decoded("DTEND")) for one in events
            )
            if found != wanted:
                yield f"{plan.course}, {name}: other times than the plan's"
        told = made["patient.ics"].decode().lower()
        words = [one for one in (*_TELLING, plan.patient.id.lower()) if one in told]
        yield from (f"{plan.course}, patient.ics: it says {one!r}" for one in words)


def exchange_faults() -> Iterator[str]:
    """Where a bundle does not say what its plan says."""
    for plan in tried_plans():
        try:
            plan_bundle(plan, plan_bytes(plan), STAMP, "transaction", with_papers=False)
        except PlannerError as error:
            yield from (f"{plan.course}: {one.problem}" for one in error.problems)


def register_faults() -> Iterator[str]:
    """What a register does not keep, or another one does not take over."""
    from planner.app.queries import course_standing
    from planner.app.upkeep import export_lines, import_lines
    from planner.app.validation.writing import AUTHOR, begin, follow
    from planner.store.upkeep import check

    with _temporary() as register, _temporary() as other:
        begin(register)
        follow(register)
        yield from (str(one) for one in check(register, _silent))
        with export_lines(register, AUTHOR.role) as lines:
            kept = list(lines)
        import_lines(other, AUTHOR, kept)
        yield from (str(one) for one in check(other, _silent))
        here, there = (
            course_standing(one, AUTHOR.role, "validation").plan for one in (register, other)
        )
        if plan_bytes(here) != plan_bytes(there):
            yield "the imported course is another one"


def _silent(_index: int, _of: int) -> None:
    """Report to nobody."""


def kill_faults() -> Iterator[str]:
    """What was reported as written and is not there after the writer was killed."""
    from planner.app.queries import course_standing
    from planner.app.validation.writing import AUTHOR, begin
    from planner.store.upkeep import check

    with _temporary() as register:
        begin(register)
        code = "import sys; from planner.app.validation.writing import write; write(sys.argv[1])"
        command = [sys.executable, "-c", code, register.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(3)]
            writer.kill()
            said += writer.stdout.readlines()
        reported = [int(one) for one in said if one.strip().isdecimal()]
        if not reported:
            yield "nothing was written"
            return
        standing = course_standing(register, AUTHOR.role, "validation")
        if len(standing.record.entries) < max(reported):
            yield f"{max(reported)} events were reported, {len(standing.record.entries)} are there"
        yield from (str(one) for one in check(register, _silent))


def number_of_cases() -> int:
    """How many cases are published."""
    return sum(len(one.case) for one in case_files())

"""The papers' languages: whole catalogues, sentences of the core, figures that never change."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from planner.core.calendar.clinic import Approval, Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.findings import CODES
from planner.core.plan.plan import Plan
from planner.core.plan.preparation import ToPrepare
from planner.core.plan.zone_rules import with_zone_finding
from planner.core.protocol.protocol import Protocol
from planner.documents.day_list import in_all
from planner.documents.document_set import papers
from planner.documents.language import Language, language
from planner.files.clinic import built_in_clinic
from tests import catalogue
from tests.clinics import clinic_of, on, text_plan
from tests.conftest import ROOT
from tests.courses import course_text, lesion
from tests.papers import html_text, pages

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
DANISH = language("da")
# Words that no Danish paper has, unless somebody wrote them.
ENGLISH = re.compile(
    r"\b(the|of|is|are|was|were|not|and|with|this|that|than|would|visit|lesion|injection|dose"
    r"|stated|given|more|less|right|left|week|days|patient label|page|no)\b",
    re.IGNORECASE,
)
AS_WRITTEN = (
    "Treatment of Skin Calcifications with Intra-lesional Injection of Sodium Thiosulphate: A Case"
    " Series"
)


@pytest.mark.parametrize("code", catalogue.LANGUAGES)
def test_catalogues_are_whole_and_compiled(code: str) -> None:
    """Every text is translated, none is left over, and the .mo is that of the .po."""
    updated = catalogue.updated(code)
    stored = catalogue.po_path(code).read_bytes()
    assert stored == catalogue.po_bytes(updated), "run python -m tests.catalogue"
    with catalogue.po_path(code).open("rb") as file:
        read = read_po(file, locale=code)
    compiled = catalogue.po_path(code).with_suffix(".mo").read_bytes()
    assert compiled == catalogue.mo_bytes(read), "run python -m tests.catalogue"
    empty = [one.id for one in read if one.id and not all(catalogue.strings(one.string))]
    assert empty == []


def test_danish_papers_have_one_word_for_a_thing() -> None:
    """Blank papers say of the stock, the diluent and a lot what worksheets say."""
    with catalogue.po_path("da").open("rb") as file:
        read = read_po(file, locale="da")
    said = [text for one in read if one.id for text in catalogue.strings(one.string)]
    others = re.compile(r"\b(lager|lageret|fortyndervæske|lot)\b", re.IGNORECASE)
    places = re.compile(r"\{\w+\}")
    assert [one for one in said if others.search(places.sub("", one))] == []


# What only a command line, a protocol's author or whoever installs the planner is told.
TOLD_IN_ENGLISH = (
    "app/exchange.py", "app/issued_folder.py", "app/plan_folders.py", "app/publishing.py",
    "app/validation", "cli", "core/followup/first_edition_history.py", "core/protocol/rules.py",
    "core/roster/solving.py", "documents/document_set.py", "documents/folder.py",
    "files/bundled.py", "files/calendars", "files/first_edition_plan.py", "files/plan.py",
    "files/protocol.py", "files/seal.py", "files/signing.py", "servers", "store/database.py",
    "store/first_edition_register.py", "store/proving.py", "store/serving.py",
    "store/transfer.py", "store/upkeep.py",
)  # fmt: skip
# Which arguments of a problem are its text.
PROBLEMS = {"Problem": (1, 2), "FieldError": (0, 1), "refused": (1, 2)}


def of_pages() -> Iterator[Path]:
    for path in sorted((ROOT / "planner").rglob("*.py")):
        if not path.relative_to(ROOT / "planner").as_posix().startswith(TOLD_IN_ENGLISH):
            yield path


def bare_texts(code: ast.AST) -> Iterator[str]:
    """The texts of problems that nobody can say in another language."""
    for call in (node for node in ast.walk(code) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        for argument in (call.args[n] for n in PROBLEMS.get(name, ()) if n < len(call.args)):
            branches = [argument]
            if isinstance(argument, ast.IfExp):
                branches = [argument.body, argument.orelse]
            for one in branches:
                literals = ast.walk(one) if isinstance(one, ast.JoinedStr) else [one]
                text = "".join(
                    each.value
                    for each in literals
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )
                if any(map(str.isalpha, text)):
                    yield ast.unparse(one)


def test_what_a_page_may_tell_can_be_said_in_any_language() -> None:
    bare = {
        path.relative_to(ROOT).as_posix(): texts
        for path in of_pages()
        if (texts := [*bare_texts(ast.parse(path.read_text(encoding="utf-8")))])
    }
    assert bare == {}


@pytest.mark.parametrize(
    "code",
    [
        'Problem("", "no such day")',
        'Problem("", f"no day {n}", said("x"))',
        'raise FieldError("no" if bad else said("y"), fix)',
        'refused("visit", said("a"), "do b")',
    ],
)
def test_a_text_in_english_alone_is_seen(code: str) -> None:
    assert [*bare_texts(ast.parse(code))]


@pytest.mark.parametrize("code", catalogue.LANGUAGES)
def test_a_translation_has_the_places_and_figures_of_its_text(code: str) -> None:
    with catalogue.po_path(code).open("rb") as file:
        for message in (one for one in read_po(file, locale=code) if one.id):
            for text in catalogue.strings(message.id):
                for translation in catalogue.strings(message.string):
                    for pattern in (r"\{\w+\}", r"\d+", r"\bmg/mL|\bmg\b|\bmL\b|\bmm\b"):
                        found = [sorted(re.findall(pattern, one)) for one in (text, translation)]
                        assert found[0] == found[1], text


@pytest.mark.parametrize(("said", "english", "danish"), [
    ("mg", "12.5\u00a0mg", "12,5\u00a0mg"),
    ("ml", "0.083333\u00a0mL", "0,083333\u00a0mL"),
    ("mg_per_ml", "150\u00a0mg/mL", "150\u00a0mg/mL"),
    ("mm", "4.5\u00a0mm", "4,5\u00a0mm"),
    ("percent", "-4.2\u00a0%", "-4,2\u00a0%"),
])  # fmt: skip
def test_figures_differ_in_the_decimal_mark_alone(said: str, english: str, danish: str) -> None:
    number = re.sub(r"[^\d.-]", "", english)
    value = Fraction(1, 12) if said == "ml" else Decimal(number)
    assert getattr(language("en"), said)(value) == english
    assert getattr(DANISH, said)(value) == danish


def test_what_to_prepare_in_all_is_said_in_the_language_of_the_paper() -> None:
    syringes = [{"capacity_ml": Decimal("2.5"), "count": 2}]
    drawn, vials, filled = in_all(ToPrepare(Decimal("0.76"), 2, syringes, 0, [], []), DANISH)
    assert "0,76\u00a0mL" in drawn
    assert vials == "2 hætteglas"
    assert "2,5\u00a0mL" in filled
    english = list(in_all(ToPrepare(Decimal(0), None, [], 1, [], []), language("en")))
    assert english == [
        "0\u00a0mL drawn",
        "vials: not known (no stock, or an open dose)",
        "1 visit with open doses",
    ]


def test_days_are_written_with_words() -> None:
    day = date(2026, 10, 5)
    assert language("en").day(day) == "Mon 5 Oct 2026"
    assert language("en").long_day(day) == "Monday 5 October 2026"
    assert DANISH.day(day) == "man 5. okt 2026"
    assert DANISH.long_day(day) == "mandag den 5. oktober 2026"
    assert DANISH.birth_date(date(1961, 5, 1)) == "1. maj 1961"


@pytest.mark.parametrize(("core", "danish"), [
    ("300\u00a0mg; cases of the weekly regimen were given 12.5\u00a0mg to 275\u00a0mg"
     " (Table 1, rows 2, 3, 4 and 6)",
     "300\u00a0mg; patienter i regimet ugentlig fik 12,5\u00a0mg til 275\u00a0mg"
     " (Tabel 1, række 2, 3, 4 og 6)"),
    ("visit 4, due Mon 6 Apr 2026, on Tue 7 Apr 2026 09:00: public holiday (Easter Monday)",
     "besøg 4, planlagt man 6. apr 2026, den tir 7. apr 2026 09:00: helligdag (anden påskedag)"),
    ("0.5\u00a0mm less would change the regimen to single.",
     "0,5\u00a0mm mindre ville ændre regimet til enkelt."),
    ("12 lesions: A-L", "12 læsioner: A-L"),
    ("something that nobody translated", "something that nobody translated"),
    ("", ""),
])  # fmt: skip
def test_sentences_of_the_core_are_said(core: str, danish: str) -> None:
    assert DANISH.sentence(core) == danish
    assert language("en").sentence(core) == core


@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_translation_that_changes_a_figure_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Language("da")
    monkeypatch.setattr(wrong, "_told", lambda text: text.replace("12.5", "125"))
    assert wrong.sentence("12.5\u00a0mg to 30\u00a0mg") == "12,5\u00a0mg to 30\u00a0mg"


def courses(protocol: Protocol, clinic: Clinic) -> Iterator[Plan]:
    """Plans that between them have every finding, reason and kind of value."""
    holidays = {date(2026, 4, 6): "Easter Monday"}
    stocked = clinic_of("each", clinic)
    closed = stocked._replace(public_holidays=holidays, holiday_years=range(2025, 2030))
    march = "2026-03-16 09:00"
    yield text_plan(course_text(lesion(dose_mg=300), first_visit=march), protocol, closed)
    yield text_plan(course_text(lesion(size_mm="4.5", dose_mg="0.8")), protocol, clinic)
    yield text_plan(course_text(lesion(site="head", size_mm=90)), protocol, clinic)
    chosen = lesion(size_mm=4, ulcerated=False, dose_mg=40, regimen="weekly")
    near = lesion("B", size_mm=5, ulcerated=False, dose_mg=40)
    unsaid = stocked._replace(stock=Stock(Fraction(150), "not stated", None))
    yield text_plan(course_text(chosen, near), protocol, unsaid)
    odd = course_text(lesion(site="fingertip", size_mm=2, ulcerated=False, dose_mg="[125]"))
    odd = odd.replace('id = "P-1"', 'id = "P-1"\nsulfite_allergy = true')
    yield text_plan(odd.replace("systemic sclerosis", "SSc, NSF"), protocol, clinic)
    yield text_plan(course_text(lesion(dose_mg="[12.5, 62.5, 3000, 12.5]")), protocol, stocked)
    several = [lesion(name, size_mm=size, dose_mg=dose) for name, size, dose in (
        ("A", 5, 13), ("B", 3, 9), ("C", 4, 300), ("D", 80, 7))]  # fmt: skip
    moved = '[[move]]\nfrom = 2026-09-14\nto = "2026-09-11 10:00"\n'
    yield text_plan(course_text(*several, moved), protocol, clinic_of("diluted", clinic))
    weak = stocked._replace(stock=stocked.stock._replace(salt="anhydrous"))  # type: ignore[union-attr]
    review = Approval("sts-150", protocol.version, "x", date(2025, 1, 1), date(2025, 12, 31))
    yield text_plan(course_text(lesion(dose_mg=50)), protocol, weak._replace(approvals=(review,)))
    other = review._replace(version="0.9")
    assumed = clinic._replace(
        approvals=(other,), assumed=built_in_clinic("UTC").assumed, holiday_parts=("BB", "BY")
    )
    yield text_plan(course_text(lesion(dose_mg=50)), protocol, assumed)
    asked = "".join(f"{one.id} = true\n" for one in protocol.screens)
    child = f"birth_date = 2010-01-01\n[screening]\n{asked}"
    limited = clinic_of("shared", clinic)._replace(most_ml={"fingertip": Fraction("0.1")})
    both = [lesion(name, site="fingertip", size_mm=6, ulcerated=name == "A", dose_mg=40)
            for name in "AB"]  # fmt: skip
    yield text_plan(course_text(child, *both), protocol, limited)
    grown = course_text("birth_date = 1990-01-01\n", lesion(size_mm=90, dose_mg=280))
    yield text_plan(grown, protocol, clinic)
    diluted = text_plan(course_text(lesion()), protocol, clinic_of("diluted", clinic))
    yield diluted
    # As if it had been issued by other rules of its zone.
    yield with_zone_finding(
        diluted._replace(
            visits=tuple(
                one._replace(
                    start=one.start and one.start.replace(tzinfo=UTC),
                    end=one.end and one.end.replace(tzinfo=UTC),
                )
                for one in diluted.visits
            )
        )
    )


def without_names(plan: Plan, text: str) -> str:
    """A paper's text without what is no sentence: a citation, codes, ids of rules."""
    names = [AS_WRITTEN, "off label", *CODES, *(one.rule for one in plan.decisions)]
    for name in names:
        text = text.replace(name, "")
    return text


NOT_PRINTED = {
    "no-open-day", "dose-not-drawable", "dose-implausible", "stock-too-weak",
    "dilution-not-measurable",
}  # fmt: skip


def test_danish_papers_have_no_english_sentence(sts_150: Protocol, clinic: Clinic) -> None:
    """Whatever is found, but errors: a plan that has one is never printed."""
    seen = set()
    for plan in courses(sts_150, clinic):
        seen |= {one.code for one in plan.findings}
        for one in (one for one in plan.findings if one.severity != "error"):
            said = DANISH.sentence(one.message).replace("off label", "")
            assert not ENGLISH.search(said), (one.message, said)
        if plan.has_errors:
            continue
        made = papers(on(plan, "A4", "da"), STAMP)
        for name, paper in made.items():
            text = html_text(paper) if name.endswith("html") else " ".join(pages(paper))
            text = without_names(plan, " ".join(text.split()))
            found = ENGLISH.search(text)
            assert not found, (name, text[max(0, found.start() - 60) : found.end() + 60])
            assert not re.search(r"\d\.\d+ (mg|mL|mm|%)", text)
    assert set(CODES) - seen <= NOT_PRINTED


def test_why_a_visit_finds_no_day_is_said_in_danish(sts_150: Protocol, clinic: Clinic) -> None:
    days = [date(2026, 9, day) for day in range(12, 17)]
    closed = clinic._replace(
        public_holidays=dict.fromkeys(days, "Easter Monday"), holiday_years=range(2026, 2028)
    )
    plan = text_plan(course_text(lesion(dose_mg=50)), sts_150, closed)
    (found,) = [one for one in plan.findings if one.code == "no-open-day"]
    assert DANISH.sentence(found.message).startswith(
        "besøg 2, planlagt man 14. sep 2026: lør 12. sep 2026, søn 13. sep 2026"
    )
    assert not ENGLISH.search(DANISH.sentence(found.message))


def test_an_english_word_would_be_seen() -> None:
    assert ENGLISH.search("patienter, og the rest")

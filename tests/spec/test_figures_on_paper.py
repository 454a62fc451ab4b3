"""Every mg and mL of plan.json stands on each paper, as often as it should, and no other does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.documents.document_set import papers
from planner.files.plan import plan_bytes
from tests.clinics import KINDS, Kind, case_plan, clinic_of, many_lesions, on, text_plan
from tests.conftest import CASES
from tests.papers import html_text, pages, poppler_text

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
FIGURE = re.compile(r"(?<![\w.,/-])(\d+(?:[.,]\d+)?) (mg|mL)(?![\w/])")
SHEET = (
    ("Visits and doses", "Besøg og doser"),
    ("To see and to confirm", "Bemærkninger og bekræftelser"),
)
MANY = {"1 lesion": 1, "22 lesions": 22}
Figures = Counter[tuple[Decimal, str]]


def figures(text: str) -> Figures:
    """Each figure with its unit, whatever the decimal mark."""
    found = FIGURE.findall(" ".join(text.split()))
    return Counter((Decimal(number.replace(",", ".")), unit) for number, unit in found)


def between(text: str, starts: tuple[str, str], ends: tuple[str, str]) -> str:
    """The part of a sheet between two headings, in either language."""
    start = next(text.index(one) for one in starts if one in text)
    end = next(text.index(one) for one in ends if one in text)
    return text[start:end]


def count(found: Iterator[tuple[Any, str]]) -> Figures:
    return Counter((Decimal(value), unit) for value, unit in found if value is not None)


def on_the_sheet(plan: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """The dose table: what is prescribed and drawn; totals where there are several."""
    for visit in plan["visits"]:
        for one in visit["injections"]:
            yield from ((one["dose_mg"], "mg"), (one["drawn_ml"], "mL"), (one["drawn_mg"], "mg"))
        if len(visit["injections"]) > 1:
            yield from totals(visit)
        made = visit["preparation"]
        if made and made["diluent_ml"]:
            yield from recipe(made)
    yield plan["supplies"]["wasted_ml"], "mL"


def on_the_worksheets(plan: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for visit in plan["visits"]:
        for one in visit["injections"]:
            yield from ((one["dose_mg"], "mg"), (one["drawn_ml"], "mL"), (one["drawn_mg"], "mg"))
        for syringe in visit["syringes"]:
            yield from ((syringe[key], "mL") for key in ("capacity_ml", "graduation_ml"))
            yield syringe["drawn_ml"], "mL"
            yield from ((part["ml"], "mL") for part in syringe["aliquots"])
            if len(syringe["aliquots"]) > 1:
                # The last of the plunger's stops: those before it have no unit.
                yield 0, "mL"
        yield from totals(visit)
        if visit["preparation"]:
            yield from recipe(visit["preparation"])


def on_the_labels(plan: dict[str, Any], labels: str) -> Iterator[tuple[Any, str]]:
    """Each aliquot once, as mL and mg; what a shared syringe holds on each of its labels."""
    for visit in plan["visits"]:
        made = visit["preparation"]
        if made and made["diluent_ml"]:
            yield from ((made[key], "mL") for key in ("batch_ml", "stock_ml", "diluent_ml"))
        for syringe in visit["syringes"]:
            for part in syringe["aliquots"]:
                yield from ((part["ml"], "mL"), (part["ml"] * 150, "mg"))
            if len(syringe["aliquots"]) > 1:
                name = rf"(?:visit|besøg) {visit['number']}, [\w. ]+, \w+ {syringe['number']}(?!\d)"
                for _ in re.findall(name, labels):
                    yield from ((syringe["drawn_ml"], "mL"), (syringe["drawn_ml"] * 150, "mg"))


def totals(visit: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    yield from ((visit["total_dose_mg"], "mg"), (visit["total_drawn_ml"], "mL"))
    yield visit["total_drawn_mg"], "mg"


def recipe(made: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    yield made["stock_ml"], "mL"
    if made["diluent_ml"]:
        yield from ((made["diluent_ml"], "mL"), (made["batch_ml"], "mL"))
    yield made["wasted_ml"], "mL"


def check_papers(plan: Plan, *, poppler: bool = False) -> None:
    content = plan_bytes(plan)
    said = json.loads(content, parse_float=Decimal)
    made = papers(plan, STAMP)
    text = {
        name: poppler_text(paper) if poppler else "\n".join(pages(paper))
        for name, paper in made.items()
        if name.endswith(".pdf")
    }
    labels = " ".join(text["labels.pdf"].split())
    sheet = count(on_the_sheet(said))
    assert figures(between(text["treatment-sheet.pdf"], *SHEET)) == sheet
    assert figures(between(html_text(made["treatment-sheet.html"]), *SHEET)) == sheet
    assert figures(text["worksheets.pdf"]) == count(on_the_worksheets(said))
    assert figures(text["labels.pdf"]) == count(on_the_labels(said, labels))
    assert not figures(text["appointments.pdf"])


# Papers take long: each language on one of them.
LANGUAGE = {"A4": "da", "Letter": "en"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.hazard("unlabelled-syringe", "wrong-figure-on-paper")
def test_the_letters_cases(case: str, kind: Kind) -> None:
    plan = case_plan(case, kind)
    for paper, language in LANGUAGE.items():
        check_papers(on(plan, paper, language))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", MANY.values(), ids=MANY.keys())
@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.hazard("wrong-figure-on-paper")
def test_few_and_many_lesions(
    number: int, kind: Kind, paper: str, sts_150: Protocol, clinic: Clinic
) -> None:
    doses = "" if number > 1 else "[12.5, 57.5, 72.5, 287.5]"
    confirmed = (
        '[[confirm]]\nfinding = "dose-above-observed"\nlesion = "L1"\nvalue = "287.5 mg"\n'
        'by = "x"\nreason = "y"\n'
    )
    text = many_lesions(number, doses) + (confirmed if number == 1 else "")
    plan = text_plan(text, sts_150, clinic_of(kind, clinic))
    check_papers(on(plan, paper, LANGUAGE[paper]))


@pytest.mark.parametrize(("kind", "paper"), [("shared", "A4"), ("diluted", "Letter")])
@pytest.mark.hazard("wrong-figure-on-paper")
def test_sixty_lesions(kind: Kind, paper: str, sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(many_lesions(60), sts_150, clinic_of(kind, clinic))
    check_papers(on(plan, paper, LANGUAGE[paper]))


@pytest.mark.parametrize("number", [1, 22])
def test_pdftotext_reads_the_same(number: int, sts_150: Protocol, clinic: Clinic) -> None:
    plan = text_plan(many_lesions(number), sts_150, clinic_of("shared", clinic))
    for paper in ("A4", "Letter"):
        check_papers(on(plan, paper, "da"), poppler=True)


def shown(value: Decimal, unit: str) -> str:
    """A figure as a pattern, no other figure touching it."""
    return rf"(?<![\d.]){re.escape(f'{value.normalize():f}')} {unit}(?!/)"


def misplaced(plan: Plan, text: dict[str, str]) -> list[str]:
    """The injections whose figures do not stand beside their lesion, on each of the papers."""
    found = []
    for visit in json.loads(plan_bytes(plan), parse_float=Decimal, parse_int=Decimal)["visits"]:
        page = between_visits(text["worksheets.pdf"], int(visit["number"]))
        for one in visit["injections"]:
            dose, drawn = shown(one["dose_mg"], "mg"), shown(one["drawn_ml"], "mL")
            drawn_dose = shown(one["drawn_mg"], "mg")
            name, count = re.escape(one["lesion"]), int(one["injection"])
            rows = {
                "sheet": rf"\b{name} [a-z ]+ {count} of \d {dose} {drawn} {drawn_dose}",
                "worksheets": rf"\b{name} [a-z ]+, \d+ mm, [a-z ]+ injection {count} of \d"
                r" (?:[a-z]+ )+"
                rf"{dose} {drawn} \({drawn_dose}\) from",
                "labels": rf"\b{name} [a-z ]+: {drawn} = {drawn_dose}",
            }
            where = {"sheet": text["treatment-sheet.pdf"], "worksheets": page,
                     "labels": text["labels.pdf"]}  # fmt: skip
            found += [f"{name} in {paper}" for paper in rows
                      if not re.search(rows[paper], where[paper])]  # fmt: skip
    return found


def between_visits(text: str, number: int) -> str:
    """What the worksheets say of one visit."""
    parts = re.split(r"(?=Visit \d+ · )", text)
    return " ".join(part for part in parts if part.startswith(f"Visit {number} · "))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [2, 22])
@pytest.mark.hazard("wrong-side-or-site")
def test_each_figure_stands_beside_its_lesion(
    number: int, kind: Kind, sts_150: Protocol, clinic: Clinic
) -> None:
    plan = text_plan(many_lesions(number), sts_150, clinic_of(kind, clinic))
    made = papers(plan, STAMP)
    text = {
        name: " ".join(" ".join(pages(paper)).split())
        for name, paper in made.items()
        if name.endswith(".pdf")
    }
    assert misplaced(plan, text) == []
    # The check itself: the doses of two lesions, swapped on paper.
    swapped = {
        name: paper.replace("12.5 mg", "##").replace("14 mg", "12.5 mg").replace("##", "14 mg")
        for name, paper in text.items()
    }
    assert misplaced(plan, swapped) != []


def test_a_figure_more_or_less_is_seen(sts_150: Protocol, clinic: Clinic) -> None:
    """The comparison itself: a dropped, a doubled and a slipped figure are no longer equal."""
    plan = text_plan(many_lesions(1), sts_150, clinic_of("each", clinic))
    content = plan_bytes(plan)
    wanted = count(on_the_worksheets(json.loads(content, parse_float=Decimal)))
    text = "\n".join(pages(papers(plan, STAMP, only="worksheets.pdf")["worksheets.pdf"]))
    for old, new in (("12.5 mg", ""), ("12.5 mg", "12.5 mg 12.5 mg"), ("12.5 mg", "125 mg"),
                     ("0.08 mL", "0.8 mL"), ("0.08 mL", "0.08 mg")):  # fmt: skip
        assert figures(text.replace(old, new, 1)) != wanted

"""The rules for printed doses, on every paper, in both languages: nothing can be misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.protocol.protocol import Protocol
from planner.documents.document_set import papers
from planner.documents.language import language
from tests.clinics import KINDS, Kind, clinic_of, many_lesions, on, text_plan
from tests.courses import course_text, lesion
from tests.papers import html_text, pages, raw_pages

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
UNIT = r"(?:mg/mL|mg|mL|mm|%)"


class Rule(NamedTuple):
    """What no paper may hold, and an example that the scanner must catch."""

    name: str
    pattern: str
    example: str


RULES = (
    Rule("a point or comma without a zero before it", rf"(?<!\d)[.,]\d+ ?{UNIT}", "draw .5 mL"),
    Rule("a zero that says nothing", rf"\d[.,]\d*0 {UNIT}", "give 5.0 mg"),
    Rule("a figure glued to its unit", r"\d(?:mg|ml|mm)\b", "give 12.5mg"),
    Rule("a unit of another spelling", r"\d (?:ml|ML|Mg|MG|cc|mls|µg|mcg|ug|U|IU|units|enheder)\b",
         "draw 0.5 ml"),
    Rule("digits in groups", r"\d['\u2019\u202f\u2009]\d{3}", "give 1'500 mg"),
    Rule("a number in powers of ten", rf"\d[eE][+-]?\d+ {UNIT}", "give 1e3 mg"),
    Rule("the drug's name cut or in capitals",
         r"Sodium thiosulphate|STS\b|\bNa\b|Na2|thiosulphat\b", "STS 150 mg/mL"),
    Rule("a strength that is no strength", r"\d mg/(?!mL)|\d mL/mg|\d mg/ mL", "150 mg/ml"),
)  # fmt: skip
MARKS = {"en": ",", "da": "."}


def faults(text: str, language: str) -> Iterator[str]:
    """What in a text breaks a rule for printed doses."""
    text = " ".join(text.split())
    for rule in RULES:
        if found := re.search(rule.pattern, text):
            yield f"{rule.name}: {text[max(0, found.start() - 20) : found.end() + 10]}"
    if found := re.search(rf"\d{re.escape(MARKS[language])}\d+ {UNIT}", text):
        yield f"the other language's decimal mark: {found[0]}"


CAPITALS = "Intra-lesional Injection of Sodium Thiosulphate"  # the title of the source


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("doses", ["12.5", "[0.8, 2.25, 8.75, 10]", "[100, 150, 200, 275]", None])
@pytest.mark.hazard("mg-for-ml")
def test_no_paper_breaks_a_rule(
    said: str, kind: Kind, doses: str | None, sts_150: Protocol, clinic: Clinic
) -> None:
    if doses is None:
        text = course_text(lesion(), lesion("B", size_mm="7.5", dose_mg=12))
    elif doses.startswith("[0.8"):
        text = course_text(lesion(size_mm="6.25", dose_mg=doses))
    elif doses.startswith("[100"):
        text = course_text(lesion(dose_mg=doses))
    else:
        text = many_lesions(22, doses)
    plan = on(text_plan(text, sts_150, clinic_of(kind, clinic)), "A4", said)
    for name, paper in papers(plan, STAMP).items():
        shown = html_text(paper) if name.endswith("html") else "\n".join(pages(paper))
        assert list(faults(shown.replace(CAPITALS, ""), said)) == [], name


PARTED = re.compile(r"\d[ \r\n]+(?:mg|mL|mm|%)")


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.hazard("mg-for-ml")
def test_a_figure_never_parts_from_its_unit(
    said: str, kind: Kind, sts_150: Protocol, clinic: Clinic
) -> None:
    """A no-break space joins them, so that no line ends between the two."""
    plan = on(text_plan(many_lesions(22), sts_150, clinic_of(kind, clinic)), "Letter", said)
    made = papers(plan, STAMP)
    for name, paper in made.items():
        raw = paper.decode() if name.endswith("html") else "\n".join(raw_pages(paper))
        # Drawings break no lines; the chart stands behind this heading.
        written = raw.split("</style>")[-1].split(language(said)("Check this sheet against:"))[0]
        assert not PARTED.search(written), name
    assert PARTED.search("12.5\r\nmg")
    assert PARTED.search("12.5 mg")


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_each_rule_can_fail(rule: Rule) -> None:
    assert any(rule.name in fault for fault in faults(rule.example, "en"))
    assert list(faults("give 12.5 mg = 0.08 mL of 150 mg/mL, 4 %", "en")) == []
    assert list(faults("giv 12,5 mg", "en")) != []


@pytest.mark.parametrize("said", ["en", "da"])
def test_no_word_is_cut(said: str, sts_150: Protocol, clinic: Clinic) -> None:
    """The words of the PDF are those of the HTML page: no column is too narrow for one."""
    for text in (many_lesions(3), course_text(lesion(size_mm="7.5"))):
        plan = on(text_plan(text, sts_150, clinic_of("diluted", clinic)), "Letter", said)
        made = papers(plan, STAMP)
        known = set(html_text(made["treatment-sheet.html"]).split())
        words = set(" ".join(pages(made["treatment-sheet.pdf"])).split())
        # Bullets, page numbers and words that a hyphen of their own divides.
        new = {word for word in words - known if len(word) > 2 and "-" not in word}
        assert new <= {"Page", "Side"}


@pytest.mark.parametrize("said", ["en", "da"])
@pytest.mark.hazard("wrong-strength")
def test_each_volume_of_a_label_stands_beside_its_strength(
    said: str, sts_150: Protocol, clinic: Clinic
) -> None:
    plan = on(text_plan(many_lesions(2), sts_150, clinic_of("each", clinic)), "A4", said)
    text = "\n".join(pages(papers(plan, STAMP, only="labels.pdf")["labels.pdf"]))
    assert text.count("150 mg/mL") == sum(len(visit.syringes) for visit in plan.visits)

"""What the papers ask and warn of at the chair, on every page where it matters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.documents.document_set import papers
from planner.documents.folder import DRAFT
from tests.clinics import clinic_of, text_plan
from tests.courses import confirmation, course_text, lesion
from tests.papers import pages

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
# The first evaluation joins the last injection: both are on one day.
JOINED = '[[move]]\nfrom = 2026-10-05\nto = "2026-09-28 09:00"\n' + confirmation(
    "move-outside-window", "2026-09-28 09:00", due="2026-09-28"
)


def visits_of(plan: Plan) -> dict[str, list[str]]:
    """The pages of the worksheets by their kind, each as one line."""
    texts = [" ".join(page.split()) for page in _paper(plan, "worksheets.pdf")]
    return {
        kind: [text for text in texts if kind in text]
        for kind in ("Injection worksheet", "Evaluation form")
    }


def _paper(plan: Plan, name: str) -> list[str]:
    return pages(papers(plan, STAMP, DRAFT, only=name)[name])


@pytest.fixture(scope="module")
def plan(sts_150: Protocol, clinic: Clinic) -> Plan:
    text = course_text(lesion(dose_mg=57.5), JOINED)
    return text_plan(text, sts_150, clinic_of("each", clinic))


@pytest.fixture(scope="module")
def worksheets(plan: Plan) -> list[str]:
    found = visits_of(plan)["Injection worksheet"]
    assert len(found) == 4
    return found


@pytest.mark.hazard("wrong-strength", "wrong-salt", "ambiguous-stop")
def test_the_vial_is_read_before_it_is_opened(plan: Plan, worksheets: list[str]) -> None:
    sheet = " ".join(" ".join(_paper(plan, "treatment-sheet.pdf")).split())
    for text in (sheet, *worksheets):
        assert re.search(r"The vial must say 150 mg/mL, pentahydrate:\s*yes\s*no \u2192 STOP", text)
        # What can be read as its own contrary stands nowhere.
        assert not re.search(r"\bnot \d|stop unless", text, re.IGNORECASE)


SALTS = [
    # strength and salt of the stock, None where none is stated; what stands beside the vial
    (None, "Salt on the vial: ________________ The vial must say 150 mg/mL: yes no"),
    (("150", "not stated"), "Salt on the vial: ________________ The vial must say 150 mg/mL: yes"),
    (("250", "pentahydrate"), "The vial must say 250 mg/mL, pentahydrate: yes no \u2192 STOP"),
    (("150", "anhydrous"), "The vial must say 150 mg/mL, anhydrous: yes no \u2192 STOP"),
]


@pytest.mark.parametrize(("stock", "said"), SALTS)
@pytest.mark.hazard("wrong-strength", "wrong-salt")
def test_the_vial_is_compared_with_the_stated_salt(
    sts_150: Protocol, clinic: Clinic, stock: tuple[str, str] | None, said: str
) -> None:
    held = stock and Stock(Fraction(stock[0]), stock[1], Fraction(10))  # type: ignore[arg-type]
    plan = text_plan(course_text(lesion(dose_mg=50)), sts_150, clinic._replace(stock=held))
    for text in visits_of(plan)["Injection worksheet"]:
        assert said in text


@pytest.mark.hazard("wrong-strength")
def test_a_diluted_stock_is_asked_for_by_its_own_strength(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = text_plan(course_text(lesion(dose_mg=50)), sts_150, clinic_of("diluted", clinic))
    sheet = " ".join(" ".join(_paper(plan, "treatment-sheet.pdf")).split())
    for text in (sheet, *visits_of(plan)["Injection worksheet"]):
        assert "The vial must say 250 mg/mL" in text
        assert "must say 150 mg/mL" not in text


@pytest.mark.hazard("allergy")
def test_a_stated_allergy_stands_on_each_worksheet(sts_150: Protocol, clinic: Clinic) -> None:
    said = confirmation("sulfite-allergy", "stated")
    text = course_text("sulfite_allergy = true\n", lesion(dose_mg=50), said)
    plan = text_plan(text, sts_150, clinic_of("each", clinic))
    found = visits_of(plan)["Injection worksheet"]
    assert len(found) == 4
    assert all("A sulfite allergy is stated for this patient." in text for text in found)


@pytest.mark.hazard("local-anaesthetic")
def test_the_drug_is_given_alone(worksheets: list[str]) -> None:
    for text in worksheets:
        assert "No local anaesthetic goes into these syringes: it is given apart" in text


@pytest.mark.hazard("allergy")
def test_the_allergy_is_asked_on_the_day(worksheets: list[str]) -> None:
    for text in worksheets:
        assert "Asked today; at a yes stop, ask the physician:" in text
        assert "sulfite allergy (not sulfonamide): no yes" in text


@pytest.mark.hazard("insulin-syringe")
def test_no_insulin_syringe_is_taken(worksheets: list[str]) -> None:
    for text in worksheets:
        assert "Never an insulin syringe: its lines are units, not mL." in text
        assert "1 mL, lines of 0.01 mL" in text


@pytest.mark.hazard("unlabelled-syringe")
def test_each_syringe_is_labelled_when_it_is_filled(worksheets: list[str]) -> None:
    for text in worksheets:
        assert "Label each syringe when it is filled, before the next one is." in text
        assert re.search(r"filled.*labelled", text)


@pytest.mark.hazard("healed-or-infected-lesion")
def test_each_lesion_is_looked_at_before_it_is_injected(sts_150: Protocol, clinic: Clinic) -> None:
    two = course_text(lesion("A", dose_mg=50), lesion("B", dose_mg=40))
    plan = text_plan(two, sts_150, clinic_of("each", clinic))
    for text in visits_of(plan)["Injection worksheet"]:
        for answer in ("still there", "ulcer changed", "infected", "go on hold"):
            assert text.count(answer) == 2


@pytest.mark.hazard("measured-after-injection")
def test_a_lesion_is_measured_before_it_is_injected(plan: Plan) -> None:
    texts = [" ".join(page.split()) for page in _paper(plan, "worksheets.pdf")]
    (joined,) = (n for n, text in enumerate(texts) if "Measure before injecting." in text)
    assert "Evaluation form" in texts[joined]
    assert "Injection worksheet" in texts[joined + 1]
    assert "Mon 28 Sep 2026" in texts[joined]
    assert "Mon 28 Sep 2026" in texts[joined + 1]


@pytest.mark.hazard("wrong-regimen")
def test_the_grounds_stand_on_the_sheet(plan: Plan) -> None:
    sheet = " ".join(" ".join(_paper(plan, "treatment-sheet.pdf")).split())
    for decision in plan.decisions:
        assert f"Rule {decision.rule}:" in sheet
        assert "Evidence: stated by the source" in sheet
        assert all(source in sheet for source in decision.sources)


@pytest.mark.hazard("weekly-as-4-weekly")
def test_the_interval_cannot_be_read_two_ways(plan: Plan, worksheets: list[str]) -> None:
    sheet = " ".join(" ".join(_paper(plan, "treatment-sheet.pdf")).split())
    assert "one injection every 7 days, 4 in all" in sheet
    assert not re.search(r"4[- ]week(ly| interval)|every 4 weeks|month", sheet)
    for number, text in enumerate(worksheets[:4], start=1):
        assert f"injection {number} of 4" in text


def test_the_sheet_says_what_to_check_it_against_and_what_it_cannot_bear(plan: Plan) -> None:
    sheet = " ".join(" ".join(_paper(plan, "treatment-sheet.pdf")).split())
    for said in (
        "Check this sheet against:",
        "the patient: two identifiers, and the lesion, its site and its side",
        "the vial: sodium thiosulphate, 150 mg/mL, the salt, the expiry",
        "the chart: allergies, the prescription of each dose, what changed since",
        "The clinic's policy, not the source's: injections \u00b12 days.",
        "6 patients, uncontrolled",
        "Not a certified device; it decides nothing.",
    ):
        assert said in sheet

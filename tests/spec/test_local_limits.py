"""Harm is local: a dose is held against the cases at its site and of its size."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import recipe
from planner.core.dosing.equipment import Stock, Syringe
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import plain
from planner.core.values.quantities import Strength, Volume
from planner.documents.document_set import papers
from tests.clinics import case_plan
from tests.conftest import CASES, Run
from tests.courses import codes, course, course_text, lesion, planned, write
from tests.papers import pages

SHEETS = "worksheets.pdf"
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
SITES = [
    # site, size, ulcerated, dose, what it is compared with; None where nothing is asked
    ("finger", 6, False, "62.5", None),
    ("finger", 6, False, "62.51", "at this site at most 62.5 mg (cases 1, 3)"),
    ("toe", 6, False, "275", "nearest in size (6 mm) at most 62.5 mg (case 3)"),
    ("knee", 70, True, "87.5", None),
    ("knee", 70, True, "88", "at this site at most 87.5 mg (case 2)"),
    # no case at the thigh: 40 mm lies between 6 and 70 mm
    ("thigh", 40, True, "87.5", None),
    ("thigh", 40, True, "88", "nearest in size (6 mm and 70 mm) at most 87.5 mg (cases 2, 3)"),
    # larger than any case: the largest alone
    ("thigh", 120, True, "150", None),
    ("thigh", 120, True, "151", "whether the doses are of each lesion or of both is not said"),
    # smaller than any case
    ("fingertip", 2, False, "12.5", None),
    ("fingertip", 2, False, "13", "nearest in size (3 mm) at most 12.5 mg (case 1)"),
]


@pytest.mark.parametrize(("site", "size", "ulcerated", "dose", "compared"), SITES)
@pytest.mark.hazard("local-overdose", "ischaemic-digit")
def test_a_dose_is_held_against_the_cases_at_its_site_and_of_its_size(
    sts_150: Protocol,
    clinic: Clinic,
    site: str,
    size: int,
    ulcerated: bool,
    dose: str,
    compared: str | None,
) -> None:
    table = lesion(site=site, size_mm=size, ulcerated=ulcerated, dose_mg=dose)
    plan = planned(sts_150, clinic, table)
    found = [one for one in plan.findings if one.code == "dose-above-cases"]
    if compared is None:
        assert not found
        return
    (one,) = found
    assert (one.severity, one.value, one.lesion) == ("confirm", f"{dose} mg", "A")
    assert compared in plain(one.message)


@pytest.mark.hazard("local-overdose")
def test_above_the_range_one_finding_stands_alone_and_names_the_cases(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = planned(sts_150, clinic, lesion(dose_mg=300))
    (found,) = [one for one in plan.findings if one.stops]
    assert found.code == "dose-above-observed"
    assert "at this site at most 87.5 mg (case 2)" in plain(found.message)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.hazard("too-many-findings", "local-overdose")
def test_the_letters_own_cases_ask_nothing(case: str) -> None:
    plan = case_plan(case, "each")
    assert plan.is_confirmed
    assert not {one.code for one in plan.findings if one.severity == "confirm"}


PLACES = ("hand", "wrist", "forearm", "elbow", "upper-arm", "shoulder", "hip")


@pytest.mark.hazard("too-many-findings")
def test_a_harmless_total_over_many_places_is_told_once(sts_150: Protocol, clinic: Clinic) -> None:
    tables = [
        lesion(f"L{n}", site=PLACES[n % 7], size_mm=4, ulcerated=False, dose_mg="26.8").replace(
            '"right"', '"left"' if n < 7 else '"right"'
        )
        for n in range(14)
    ]
    plan = planned(sts_150, clinic, *tables)
    assert plan.is_confirmed
    (found,) = [one for one in plan.findings if one.code == "visit-total-above-observed"]
    assert (found.severity, found.visit) == ("caution", None)
    assert found.value == "visit 1: 375.2 mg"


SMALL = [("15", None), ("13.5", "0.09 mL"), ("12.5", "0.08 mL")]


@pytest.mark.parametrize(("dose", "value"), SMALL)
@pytest.mark.hazard("unreadable-volume")
def test_under_ten_lines_of_a_syringe_is_told(
    sts_150: Protocol, clinic: Clinic, dose: str, value: str | None
) -> None:
    plan = planned(sts_150, clinic, lesion(dose_mg=dose))
    found = [one for one in plan.findings if one.code == "drawn-volume-small"]
    assert [(one.severity, one.value) for one in found] == ([("caution", value)] if value else [])


LIMITS = [("0.33", None), ("0.32", "0.33 mL")]


@pytest.mark.parametrize(("most", "value"), LIMITS)
@pytest.mark.hazard("local-overdose", "ischaemic-digit")
def test_the_clinics_own_limit_of_a_volume_is_asked_for(
    planner: Run, tmp_path: Path, most: str, value: str | None
) -> None:
    write(tmp_path, f'timezone = "UTC"\nmost_ml = {{ knee = {most} }}\n', "clinic.toml")
    text = course_text(lesion(dose_mg=50))
    done = planner("plan", write(tmp_path, text), "--clinic", "clinic.toml", "--json")
    assert done.returncode == (12 if value else 0)
    assert ("volume-above-limit" in done.stdout) is (value is not None)


def test_a_limit_of_a_site_that_the_protocol_lacks_is_refused(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, 'timezone = "UTC"\nmost_ml = { nose = 0.5 }\n', "clinic.toml")
    text = course_text(lesion(dose_mg=50))
    done = planner("plan", write(tmp_path, text), "--clinic", "clinic.toml")
    assert done.returncode == 10
    assert "clinic.toml: most_ml.nose: the protocol sts-150 has no such site" in done.stderr
    assert not (tmp_path / "K-1").exists()


AGES = [
    # born; the severity and the value on 7 September 2026
    ("1977-09-07", None, None),
    ("1977-09-08", "caution", "48 years"),
    ("1951-09-08", None, None),
    ("1951-09-07", "caution", "75 years"),
    ("2008-09-07", "caution", "18 years"),
    ("2008-09-08", "confirm", "17 years"),
    # a birthday that this year does not have comes on 1 March
    ("2008-02-29", "caution", "18 years"),
]


@pytest.mark.parametrize(("born", "severity", "value"), AGES)
@pytest.mark.hazard("unsuitable-patient")
def test_an_age_that_the_source_did_not_treat_is_told(
    sts_150: Protocol, clinic: Clinic, born: str, severity: str | None, value: str | None
) -> None:
    text = course_text(f"birth_date = {born}\n", lesion(dose_mg=50))
    plan = plan_course(course(text, sts_150), sts_150, clinic)
    found = [one for one in plan.findings if one.code == "age-outside-observed"]
    assert [(one.severity, one.value) for one in found] == ([(severity, value)] if value else [])
    if found:
        assert "treated were 49 to 74 years" in plain(found[0].message)


# --- draw-up

DEAD = Fraction("0.07")
FINE = Syringe(Fraction(1), Fraction("0.01"), DEAD)
LARGE = Syringe(Fraction(5), Fraction("0.2"), Fraction("0.1"))


@pytest.mark.hazard("dilution-dead-space")
def test_each_part_of_a_recipe_is_twenty_times_what_the_hub_holds() -> None:
    stock = Stock(Fraction(250), "pentahydrate", Fraction(10))
    made = recipe(stock, Strength(Fraction(150)), Volume(Fraction("0.2")), (FINE, LARGE))
    assert made is not None
    # 1 mL holds no 1.4 mL: both parts are measured in the larger one, at least 2 mL each.
    assert (made.stock.ml, made.diluent.ml) == (3, 2)
    without = tuple(one._replace(dead_space_ml=Fraction(0)) for one in (FINE, LARGE))
    small = recipe(stock, Strength(Fraction(150)), Volume(Fraction("0.2")), without)
    assert small is not None
    assert small.batch.ml == Fraction("0.25")


def shared(sts_150: Protocol, clinic: Clinic, *tables: str, change: bool = False) -> Plan:
    syringes = tuple(one._replace(dead_space_ml=DEAD) for one in clinic.syringes)
    stock = Stock(Fraction(150), "pentahydrate", Fraction(10))
    here = clinic._replace(draw_up="shared", needle_change=change, syringes=syringes, stock=stock)
    return planned(sts_150, here, *tables)


TWO = (
    lesion("A", site="hand", size_mm=70, dose_mg=30),
    lesion("B", site="elbow", size_mm=70, ulcerated=False, dose_mg=30),
)


@pytest.mark.hazard("cross-contamination")
def test_intact_lesions_are_injected_before_ulcerated_ones(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = shared(sts_150, clinic, *TWO)
    (syringe,) = plan.visits[0].syringes
    assert [one.lesion for one in syringe.aliquots] == ["B", "A"]
    found = [one for one in plan.findings if one.code == "intact-and-ulcerated-share"]
    assert [(one.severity, one.value, one.visit) for one in found][:1] == [("caution", "B, A", 1)]


@pytest.mark.hazard("cross-contamination", "dead-space")
def test_with_a_needle_for_each_lesion_nothing_is_shared_but_the_syringe(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = shared(sts_150, clinic, *TWO, change=True)
    assert "intact-and-ulcerated-share" not in codes(plan)
    other = shared(sts_150, clinic, *TWO)
    made, once = plan.visits[0].preparation, other.visits[0].preparation
    assert made is not None
    assert once is not None
    assert (once.stock_ml, made.stock_ml) == (Fraction("0.47"), Fraction("0.54"))
    # What the second needle takes is in the stock, and in no stop of the plunger.
    told = "Each new needle is filled before its lesion, with 0.07 mL more than is to be drawn"
    sheets = [papers(one, STAMP, only=SHEETS)[SHEETS] for one in (plan, other)]
    shown = (" ".join(pages(one)) for one in sheets)
    assert [told in " ".join(one.split()) for one in shown] == [True, False]


MINUTES = [(0, "09:30"), (10, "09:50")]


@pytest.mark.parametrize(("further", "end"), MINUTES)
def test_a_visit_lasts_longer_with_its_lesions(
    sts_150: Protocol, clinic: Clinic, further: int, end: str
) -> None:
    here = clinic._replace(further_lesion_minutes=further)
    tables = [lesion(one, site=site, dose_mg=20) for one, site in zip("ABC", PLACES, strict=False)]
    visit = planned(sts_150, here, *tables).visits[0]
    assert visit.end is not None
    assert f"{visit.end:%H:%M}" == end


@pytest.mark.parametrize(
    ("other", "is_asked"),
    [("index", True), ("index, palmar", True), ("Index  Palmar", True), ("middle palmar", False)],
)
def test_a_digit_is_one_place_however_it_is_written(
    sts_150: Protocol, clinic: Clinic, other: str, is_asked: bool
) -> None:
    said = {"site": "fingertip", "size_mm": 6, "ulcerated": False, "dose_mg": 40}
    tables = [
        f'{lesion(name, **said)}site_detail = "{detail}"\n'
        for name, detail in (("A", "index palmar"), ("B", other))
    ]
    found = {one.code for one in planned(sts_150, clinic, *tables).findings}
    assert ("site-total-above-cases" in found) == is_asked

"""What the physician must see: each limit with its figure, on what is prescribed and drawn."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from planner.core.calendar.clinic import Approval, Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.findings import CODES, Finding, confirm_blocks, in_order, lines, ranges
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import plain
from tests.conftest import Run
from tests.courses import codes, confirmation, course_text, lesion, planned, write
from tests.papers import html_text

LESIONS = [
    # lesion, code, severity, value
    ({"size_mm": 2, "site": "fingertip", "ulcerated": False, "dose_mg": 12.5},
     "size-outside-observed", "caution", "2 mm"),
    ({"size_mm": 90, "dose_mg": 50}, "size-outside-observed", "caution", "90 mm"),
    ({"site": "thigh", "dose_mg": 50}, "site-outside-observed", "caution", "thigh"),
    ({"size_mm": 4, "site": "elbow", "ulcerated": False, "dose_mg": 30},
     "near-threshold", "note", "4 mm"),
    ({"size_mm": 4, "site": "elbow", "ulcerated": False, "dose_mg": 30},
     "regimen-inferred", "caution", "single"),
    ({"size_mm": 3, "dose_mg": 30}, "regimen-extrapolated", "confirm", "weekly"),
    ({"regimen": "single", "dose_mg": 30}, "regimen-overridden", "confirm", "single"),
    ({}, "dose-missing", "note", "not given"),
    ({"dose_mg": 12}, "dose-below-observed", "caution", "12 mg"),
    ({"dose_mg": [300, 300, 320, 300]}, "dose-above-observed", "confirm", "300 mg, 320 mg"),
    ({"size_mm": 3, "site": "fingertip", "ulcerated": False, "dose_mg": 30.01},
     "dose-above-observed", "confirm", "30.01 mg"),
    ({"dose_mg": [12.5, 62.5, 62.5, 62.5]}, "dose-jump", "confirm", "12.5 mg to 62.5 mg"),
    ({"dose_mg": [62.5, 12.5, 62.5, 50]}, "dose-jump", "confirm",
     "62.5 mg to 12.5 mg, 12.5 mg to 62.5 mg"),
    ({"dose_mg": [12.5, 62.5, 62.5, 12.5]}, "dose-jump", "confirm",
     "12.5 mg to 62.5 mg, 62.5 mg to 12.5 mg"),
    ({"dose_mg": 2751}, "dose-implausible", "error", "2751 mg"),
    ({"dose_mg": 0.75}, "dose-not-drawable", "error", "0.75 mg"),
    ({"dose_mg": [0.75, 3, 12, 50]}, "dose-not-drawable", "error", "0.75 mg"),
    ({"dose_mg": 5}, "drawn-dose-deviates", "caution", "5 mg drawn as 4.5 mg"),
    ({"dose_mg": 2}, "drawn-dose-deviates", "confirm", "2 mg drawn as 1.5 mg"),
    ({"dose_mg": [5, 2, 5, 2]}, "drawn-dose-deviates", "confirm",
     "5 mg drawn as 4.5 mg, 2 mg drawn as 1.5 mg"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "code", "severity", "value"), LESIONS)
@pytest.mark.hazard("slip-of-the-point", "rounding", "small-volume")
def test_findings_of_a_lesion(
    sts_150: Protocol,
    clinic: Clinic,
    table: dict[str, object],
    code: str,
    severity: str,
    value: str,
) -> None:
    plan = planned(sts_150, clinic, lesion(**table))  # type: ignore[arg-type]
    (found,) = [one for one in plan.findings if one.code == code and one.lesion == "A"]
    assert (found.severity, found.value) == (severity, value)


SILENT = [
    ({"dose_mg": [12.5, 62.4, 60, 60]}, "dose-jump"),
    ({"dose_mg": 275}, "dose-above-observed"),
    ({"dose_mg": 12.5}, "dose-below-observed"),
    ({"dose_mg": 12.5}, "drawn-dose-deviates"),
    ({"dose_mg": 875}, "dose-implausible"),
    ({"dose_mg": 10}, "drawn-dose-deviates"),  # 10.5 mg drawn: 5 %
    ({"dose_mg": 50}, "near-threshold"),
    ({"size_mm": 85, "dose_mg": 50}, "size-outside-observed"),
]


@pytest.mark.parametrize(("table", "code"), SILENT)
@pytest.mark.hazard("slip-of-the-point", "too-many-findings")
def test_at_a_limit_nothing_is_said(
    sts_150: Protocol, clinic: Clinic, table: dict[str, object], code: str
) -> None:
    assert code not in codes(planned(sts_150, clinic, lesion(**table)))  # type: ignore[arg-type]


@pytest.mark.hazard("rounding")
def test_a_limit_that_only_the_drawn_dose_passes_is_seen(sts_150: Protocol, clinic: Clinic) -> None:
    coarse = clinic._replace(syringes=clinic.syringes[1:2])  # 3 mL, lines of 0.1 mL
    plan = planned(sts_150, coarse, lesion(size_mm=3, ulcerated=False, dose_mg=29))
    assert "dose-above-observed" not in codes(plan)
    coarser = clinic._replace(syringes=clinic.syringes[3:])  # 10 mL, lines of 0.5 mL
    plan = planned(sts_150, coarser, lesion(dose_mg=270))
    (found,) = [one for one in plan.findings if one.code == "dose-above-observed" and one.lesion]
    assert found.value == "270 mg drawn as 300 mg"


IMPLAUSIBLE = [
    # site, size, dose, whether it is over ten times what is compared with
    ("knee", 70, 875, False),
    ("knee", 70, 875.01, True),
    ("finger", 6, 625, False),
    ("finger", 6, 625.01, True),
    # no case of the site: the nearest in size alone
    ("thigh", 6, 625.01, True),
]


@pytest.mark.parametrize(("site", "size", "dose", "is_said"), IMPLAUSIBLE)
@pytest.mark.hazard("slip-of-the-point", "local-overdose")
def test_over_ten_times_what_it_is_compared_with_is_implausible(
    sts_150: Protocol, clinic: Clinic, site: str, size: float, dose: float, is_said: bool
) -> None:
    plan = planned(sts_150, clinic, lesion(site=site, size_mm=size, dose_mg=dose))
    assert ("dose-implausible" in codes(plan)) is is_said


@pytest.mark.parametrize(("dose", "is_said"), [(2750, False), (2750.01, True)])
@pytest.mark.hazard("slip-of-the-point")
def test_without_cases_the_regimens_range_is_what_it_is_compared_with(
    sts_150: Protocol, clinic: Clinic, dose: float, is_said: bool
) -> None:
    plan = planned(sts_150._replace(cases=()), clinic, lesion(dose_mg=dose))
    assert ("dose-implausible" in codes(plan)) is is_said


def test_each_dose_that_deviates_is_told(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, clinic, lesion(dose_mg=[5, 2, 5, 5]))
    (found,) = [one for one in plan.findings if one.code == "drawn-dose-deviates"]
    assert plain(found.message) == "4.5 mg drawn for 5 mg (-10 %), 1.5 mg drawn for 2 mg (-25 %)"


TOTALS = [
    # the doses of two lesions; what is said of the visit (it is 275 mg at most)
    (137, 138, None),  # drawn 136.5 + 138 mg
    (137.5, 137.5, "275 mg drawn as 276 mg"),
    (137.5, 138.5, "276 mg"),  # as it is prescribed; drawn 277.5 mg
]


@pytest.mark.parametrize(("one", "other", "value"), TOTALS)
@pytest.mark.hazard("rounding", "slip-of-the-point")
def test_a_visits_total_is_looked_at_as_prescribed_and_as_drawn(
    sts_150: Protocol, clinic: Clinic, one: float, other: float, value: str | None
) -> None:
    plan = planned(sts_150, clinic, lesion("A", dose_mg=one), lesion("B", dose_mg=other))
    found = [each for each in plan.findings if each.code == "visit-total-above-observed"]
    visits = ", ".join(f"visit {n}: {value}" for n in (1, 2, 3, 4))
    assert [(each.value, each.severity) for each in found] == (
        [(visits, "caution")] if value else []
    )


FROM_TO = [
    # the first and last day of an approval; what is said of a course from 7 September
    ("2026-09-07", "2026-09-07", None),
    ("2026-01-01", "2026-09-06", "the approval of sts-150 1.1 was to be reviewed by 2026-09-06"),
    ("2026-09-08", "2027-01-01", "the approval of sts-150 1.1 begins on 2026-09-08"),
]


@pytest.mark.parametrize(("first", "last", "said"), FROM_TO)
@pytest.mark.hazard("unapproved-protocol")
def test_an_approval_holds_from_its_day_to_its_review(
    sts_150: Protocol, clinic: Clinic, first: str, last: str, said: str | None
) -> None:
    days = [date.fromisoformat(day) for day in (first, last)]
    approved = clinic._replace(approvals=(Approval("sts-150", sts_150.version, "Dr", *days),))
    plan = planned(sts_150, approved, lesion(dose_mg=50))
    found = [one.message for one in plan.findings if one.code == "protocol-not-approved"]
    assert found == ([said] if said else [])


def many(number: int, dose_mg: float = 12.5, *, places: int = 22) -> list[str]:
    """Small lesions, each at a place of its own as far as there are so many."""
    return [
        lesion(f"L{n}", site="fingertip", size_mm=3, ulcerated=False, dose_mg=dose_mg).replace(
            "size_mm", f'site_detail = "place {n % places}"\nsize_mm'
        )
        for n in range(number)
    ]


def test_22_lesions_fit_the_largest_visit_and_23_are_told(
    sts_150: Protocol, clinic: Clinic
) -> None:
    plan = planned(sts_150, clinic, *many(22))
    visit = plan.visits[0]
    assert (visit.total_dose_mg, visit.total_drawn_ml, visit.total_drawn_mg) == (
        275, Fraction("1.76"), 264,
    )  # fmt: skip
    assert plan.is_confirmed
    more = planned(sts_150, clinic, *many(23))
    assert more.is_confirmed
    (found,) = [one for one in more.findings if one.code == "visit-total-above-observed"]
    assert (found.severity, found.value) == ("caution", "visit 1: 287.5 mg")


@pytest.mark.parametrize(("number", "value"), [(5, None), (6, "L0, L1, L2, L3, L4, L5")])
@pytest.mark.hazard("local-overdose", "ischaemic-digit")
def test_what_lesions_of_one_place_get_together_is_asked_for(
    sts_150: Protocol, clinic: Clinic, number: int, value: str | None
) -> None:
    plan = planned(sts_150, clinic, *many(number, places=1))
    found = [one for one in plan.findings if one.stops]
    if value is None:
        assert not found
        return
    (one,) = found
    assert (one.code, one.value) == ("site-total-above-cases", f"{value} together 75 mg")
    assert (one.visit, one.due) == (1, plan.visits[0].due)
    assert "at this site at most 62.5 mg (cases 1, 3)" in plain(one.message)


def test_one_syringe_serves_several_lesions(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, clinic._replace(draw_up="shared"), *many(22))
    syringes = plan.visits[0].syringes
    assert [(one.drawn_ml, len(one.aliquots)) for one in syringes] == [
        (Fraction("0.96"), 12),
        (Fraction("0.8"), 10),
    ]
    assert len(planned(sts_150, clinic, *many(22)).visits[0].syringes) == 22


@pytest.mark.hazard("slip-of-the-point")
def test_a_slip_of_the_point_stops(sts_150: Protocol, clinic: Clinic) -> None:
    slip = lesion(size_mm=3, site="fingertip", ulcerated=False, dose_mg=125)
    assert not planned(sts_150, clinic, slip).is_confirmed


def stocked(clinic: Clinic, strength: str, salt: str = "pentahydrate", vial: str = "10") -> Clinic:
    stock = Stock(Fraction(strength), salt, Fraction(vial))  # type: ignore[arg-type]
    return clinic._replace(stock=stock)


STOCKS = [
    # strength, salt, codes with their severities
    (None, "", {"stock-not-stated": "caution"}),
    ("150", "pentahydrate", {}),
    ("150", "not stated", {"salt-not-stated": "note"}),
    ("150", "anhydrous", {"salt-differs": "confirm"}),
    ("250", "pentahydrate", {"stock-diluted": "caution"}),
    ("80", "anhydrous", {"stock-too-weak": "error", "salt-differs": "confirm"}),
    ("149.999999", "pentahydrate", {"stock-too-weak": "error"}),
    ("151", "pentahydrate", {"stock-diluted": "caution", "dilution-not-measurable": "error"}),
]


@pytest.mark.parametrize(("strength", "salt", "expected"), STOCKS)
@pytest.mark.hazard("wrong-strength", "wrong-salt", "dilution")
def test_strength_and_salt_are_never_inferred(
    sts_150: Protocol, clinic: Clinic, strength: str | None, salt: str, expected: dict[str, str]
) -> None:
    held = clinic if strength is None else stocked(clinic, strength, salt)
    plan = planned(sts_150, held, lesion(dose_mg=50))
    about_stock = {"stock", "salt", "dilution"}
    found = {
        one.code: one.severity for one in plan.findings if one.code.partition("-")[0] in about_stock
    }
    assert found == expected


def test_a_blank_dose_leaves_the_recipe_open(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, stocked(clinic, "250"), lesion())
    assert "stock-diluted" in codes(plan, "confirm")


RECIPES = [
    # stock mg/mL, dose mg, stock mL + diluent mL = batch mL, vials, left over mL
    ("250", "275", "1.2", "0.8", "2", 1, "9"),
    ("300", "275", "0.9", "0.9", "1.8", 1, "9.1"),
    ("500", "275", "0.6", "1.4", "2", 1, "9.6"),
    ("150", "275", "1.8", "0", "1.8", 1, "8.2"),
    ("250", "12.5", "0.15", "0.1", "0.25", 1, "10.02"),
]


@pytest.mark.parametrize(
    ("strength", "dose", "stock", "diluent", "batch", "vials", "wasted"), RECIPES
)
@pytest.mark.hazard("dilution")
def test_a_stronger_stock_is_diluted_to_exactly_the_strength(
    sts_150: Protocol,
    clinic: Clinic,
    strength: str,
    dose: str,
    stock: str,
    diluent: str,
    batch: str,
    vials: int,
    wasted: str,
) -> None:
    plan = planned(sts_150, stocked(clinic, strength), lesion(dose_mg=dose))
    made = plan.visits[0].preparation
    assert made is not None
    assert made.stock_ml * Fraction(strength) == made.batch_ml * 150
    assert (made.stock_ml, made.diluent_ml, made.batch_ml) == tuple(
        map(Fraction, (stock, diluent, batch))
    )
    assert made.vials == vials
    assert made.wasted_ml == Fraction(wasted)


# The letter's case 4 had the most.
SHIN = lesion(site="lower-leg", size_mm=80, dose_mg=275)


@pytest.mark.hazard("dilution")
def test_no_undiluted_volume_is_printed_to_inject(planner: Run, tmp_path: Path) -> None:
    write(tmp_path, 'timezone = "UTC"\n[stock]\nstrength_mg_per_ml = 250\nvial_ml = 10\n', "c.toml")
    done = planner("plan", write(tmp_path, course_text(SHIN)), "--clinic", "c.toml")
    assert done.returncode == 0, done.stderr
    sheet = html_text((tmp_path / "K-1/treatment-sheet.html").read_bytes())
    assert "Dilute: 1.2 mL stock of 250 mg/mL + 0.8 mL diluent = 2 mL of 150 mg/mL." in sheet
    assert "the pharmacy says and signs" in sheet
    assert "1.1 mL" not in sheet  # 275 mg of the undiluted stock
    assert "1.8 mL" in sheet


@pytest.mark.hazard("dead-space")
def test_dead_space_is_taken_along(sts_150: Protocol, clinic: Clinic) -> None:
    syringes = tuple(one._replace(dead_space_ml=Fraction("0.07")) for one in clinic.syringes)
    held = stocked(clinic._replace(syringes=syringes), "150")
    made = planned(sts_150, held, *many(2)).visits[0].preparation
    assert made is not None
    assert made.stock_ml == Fraction("0.3")
    assert made.wasted_ml == Fraction("9.7")


def test_a_vial_is_opened_for_one_visit(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, stocked(clinic, "150", vial="2"), lesion(dose_mg=275))
    assert plan.supplies.vials == 4
    plan = planned(sts_150, stocked(clinic, "150", vial="1"), lesion(dose_mg=275))
    assert plan.supplies.vials == 8


@pytest.mark.hazard("allergy")
def test_other_diagnoses_and_allergies_are_seen(sts_150: Protocol, clinic: Clinic) -> None:
    from planner.core.plan.planning import plan_course
    from tests.courses import course

    text = course_text(lesion(dose_mg=50)).replace("systemic sclerosis", "dermatomyositis")
    text = text.replace('id = "P-1"', 'id = "P-1"\nsulfite_allergy = true')
    plan = plan_course(course(text, sts_150), sts_150, clinic)
    assert "diagnosis-outside-observed" in codes(plan, "caution")
    assert codes(plan, "confirm") == {"sulfite-allergy"}
    known = text.replace("dermatomyositis", "SSC").replace("allergy = true", "allergy = false")
    plan = plan_course(course(known, sts_150), sts_150, clinic)
    assert not codes(plan) & {"diagnosis-outside-observed", "sulfite-allergy"}


AIMS = [
    # what a confirmation of a visit's total says; the remark
    ({}, "names no due day, so that it confirms nothing; name it."),
    ({"lesion": '"L0"'}, "for lesion L0 is not needed and was ignored."),
    ({"due": "2026-09-08"}, "for Tue 8 Sep 2026 is not needed and was ignored."),
]


@pytest.mark.parametrize(("target", "remark"), AIMS)
@pytest.mark.hazard("stale-confirmation")
def test_a_confirmation_names_the_day_of_its_finding(
    sts_150: Protocol, clinic: Clinic, target: dict[str, str], remark: str
) -> None:
    names = ", ".join(f"L{n}" for n in range(6))
    said = confirmation("site-total-above-cases", f"{names} together 75 mg", **target)
    plan = planned(sts_150, clinic, *many(6, places=1), said)
    assert not plan.is_confirmed
    assert plan.remarks == (f"The confirmation of site-total-above-cases {remark}",)


def test_a_block_to_paste_is_toml_that_says_the_same() -> None:
    values = ["weekly", 'a "quoted" one', "bløde", "two\\three"]
    waiting = [
        Finding("regimen-overridden", "confirm", "", value, lesion)
        for value in values
        for lesion in ("A", "B")
    ]
    total = Finding("dose-above-observed", "confirm", "", "300 mg", visit=1, due=date(2026, 9, 7))
    text = confirm_blocks([*waiting, total])
    assert "bløde" in text
    blocks = tomllib.loads(text)["confirm"]
    assert [one["value"] for one in blocks] == [*values, "300 mg"]
    assert all(one["lesion"] == ["A", "B"] for one in blocks[:-1])
    assert (blocks[-1]["due"], "lesion" in blocks[-1]) == (total.due, False)


def shown(plan: Plan) -> list[tuple[str, str]]:
    return [(line.code, line.where) for line in lines(plan.findings, plan.lesion_ids)]


@pytest.mark.hazard("too-many-findings")
def test_findings_of_one_code_are_one_line_the_hardest_first(
    sts_150: Protocol, clinic: Clinic
) -> None:
    doses = [300, 0.1, None, None, None, 50, None]
    plan = planned(
        sts_150, clinic, *(lesion(chr(65 + n), dose_mg=dose) for n, dose in enumerate(doses))
    )
    severities = ["error", "confirm", "caution", "note"]
    order = [severities.index(one.severity) for one in plan.findings]
    assert order == sorted(order)
    said = shown(plan)
    assert ("dose-missing", "4 lesions: C-E, G") in said
    assert len(said) == len(set(said))


def test_findings_stand_as_lesions_and_visits_do() -> None:
    made = [
        Finding("dose-jump", "confirm", "", "", "B"),
        # Visits stand in the order of their days, whatever their numbers.
        Finding("dose-above-observed", "confirm", "", "", visit=3),
        Finding("dose-above-observed", "confirm", "", "", visit=1),
        Finding("dose-jump", "confirm", "", "", "A"),
        Finding("dose-above-observed", "confirm", "", "", "A"),
        Finding("no-open-day", "error", "", "", visit=2),
    ]
    assert [(one.code, one.lesion or one.visit) for one in in_order(made, ["A", "B"])] == [
        ("no-open-day", 2),
        ("dose-above-observed", 3),
        ("dose-above-observed", 1),
        ("dose-above-observed", "A"),
        ("dose-jump", "A"),
        ("dose-jump", "B"),
    ]


def test_every_code_is_explained_once(sts_150: Protocol) -> None:
    assert len(CODES) == 37
    assert all(text and text[0].islower() for text in CODES.values())


def test_the_nearest_cases_are_a_reference(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, clinic, lesion(size_mm=70))
    assert plan.decisions[0].cases == ("2-knee", "6-buttock-1", "4-lower-leg")
    assert plan.cases[0].size_mm == Decimal(3)


@pytest.mark.parametrize(("here", "course", "said"), [
    ("ABCD", "ABCD", "A-D"),
    ("ABD", "ABCD", "A, B, D"),
    (["L0", "L1", "L2"], ["L0", "L1", "L2"], "L0-L2"),
    (["L00", "L1", "L2"], ["L00", "L1", "L2"], "L00, L1, L2"),
    (["L8", "L9", "L10"], ["L8", "L9", "L10"], "L8-L10"),
    (["L1", "L10", "L2", "L3"], ["L1", "L10", "L2", "L3"], "L1, L10, L2, L3"),
    (["B", "A", "C"], ["B", "A", "C"], "B, A, C"),
    (["L1", "L6", "L11"], ["L1", "L6", "L11"], "L1, L6, L11"),
    (["x", "y1", "y2", "y3"], ["x", "y1", "y2", "y3"], "x, y1-y3"),
    (["AB", "AC", "AD"], ["AB", "AC", "AD"], "AB, AC, AD"),
])  # fmt: skip
def test_a_range_leaves_no_lesion_to_be_guessed(
    here: Sequence[str], course: Sequence[str], said: str
) -> None:
    assert ranges(list(here), list(course)) == said

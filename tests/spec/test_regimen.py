"""Which regimen a lesion gets: the rows of the protocol, and of the letter's Table 1."""

from __future__ import annotations

from decimal import Decimal

import pytest

from planner.core.calendar.clinic import Clinic
from planner.core.protocol.protocol import Protocol
from planner.errors import InputError
from tests.courses import codes, confirmation, lesion, planned

RULES = [
    # size, ulcerated, site, regimen, evidence
    ("3", False, "fingertip", "single", "stated"),
    ("4.99", False, "fingertip", "single", "stated"),
    ("0.000001", False, "fingertip", "single", "stated"),
    ("4", False, "elbow", "single", "inferred"),
    ("4.999999", False, "trunk", "single", "inferred"),
    ("5", True, "fingertip", "weekly", "inferred"),
    ("69.999999", True, "knee", "weekly", "inferred"),
    ("70", True, "knee", "weekly", "stated"),
    ("500", True, "buttock", "weekly", "stated"),
    ("5", False, "fingertip", "weekly", "inferred"),
    ("6", False, "fingertip", "weekly", "inferred"),
    ("80", False, "lower-leg", "weekly", "inferred"),
    ("4.99", True, "fingertip", "weekly", "extrapolated"),
    ("1", True, "knee", "weekly", "extrapolated"),
]


@pytest.mark.parametrize(("size", "ulcerated", "site", "regimen", "evidence"), RULES)
@pytest.mark.hazard("wrong-regimen")
def test_each_lesion_has_one_rule(
    sts_150: Protocol, size: str, ulcerated: bool, site: str, regimen: str, evidence: str
) -> None:
    rule = sts_150.table.decide(Decimal(size), ulcerated, site).rule
    assert (rule.regimen, rule.evidence) == (regimen, evidence)


TABLE_1 = [
    # row of Table 1: site, size, ulcerated (assumed where not reported), regimen as printed
    ("fingertip", "3", False, "single"),
    ("knee", "70", True, "weekly"),
    ("fingertip", "6", False, "weekly"),
    ("lower-leg", "80", True, "weekly"),
    ("lower-leg", "80", False, "weekly"),
    ("elbow", "4", False, "single"),
    ("buttock", "75", True, "weekly"),
    ("buttock", "85", True, "weekly"),
]


@pytest.mark.parametrize(("site", "size", "ulcerated", "regimen"), TABLE_1)
def test_the_cases_of_the_letter_get_what_they_were_given(
    sts_150: Protocol, site: str, size: str, ulcerated: bool, regimen: str
) -> None:
    assert sts_150.table.decide(Decimal(size), ulcerated, site).rule.regimen == regimen


@pytest.mark.parametrize("size", ["0", "-3", "500.000001", "5000", "NaN", "Infinity"])
def test_a_size_outside_the_domain_is_refused(sts_150: Protocol, size: str) -> None:
    with pytest.raises(InputError, match="size_mm"):
        sts_150.table.decide(Decimal(size), False, "knee")


@pytest.mark.parametrize("ulcerated", [None, 0, 1, "false", "yes"])
@pytest.mark.hazard("wrong-regimen")
def test_a_missing_ulceration_is_refused_never_read_as_no(
    sts_150: Protocol, ulcerated: bool
) -> None:
    with pytest.raises(InputError, match="ulcerated"):
        sts_150.table.decide(Decimal(4), ulcerated, "knee")


@pytest.mark.hazard("wrong-side-or-site")
def test_an_unknown_site_is_refused(sts_150: Protocol) -> None:
    with pytest.raises(InputError, match="toe"):
        sts_150.table.decide(Decimal(4), False, "nose")


def test_a_decision_shows_its_grounds(sts_150: Protocol) -> None:
    hit = sts_150.table.decide(Decimal("4.9"), False, "elbow")
    text = "\n".join(hit.reasons).replace("\u00a0", " ")
    assert "Understood: 4.9 mm, not ulcerated, elbow." in text
    assert "Not rule large-ulcerated: it asks for 70 mm or more, ulcerated." in text
    assert "0.1 mm more would change the regimen to weekly." in text
    assert len([reason for reason in hit.reasons if reason.startswith("Not rule")]) == 5


NEAR = [
    # size, whether one measuring step (1 mm) more or less would flip the regimen
    ("3.9", False),
    ("4", True),
    ("4.99", True),
    ("5", True),
    ("5.99", True),
    ("6", False),
]


@pytest.mark.parametrize(("size", "is_near"), NEAR)
def test_a_size_near_the_threshold_is_noted(sts_150: Protocol, size: str, is_near: bool) -> None:
    flip = sts_150.table.decide(Decimal(size), False, "elbow").flip
    assert flip is not None
    assert flip.is_within(Decimal(1)) is is_near


@pytest.mark.hazard("wrong-regimen")
def test_a_small_ulcerated_lesion_waits_for_the_physician(
    sts_150: Protocol, clinic: Clinic
) -> None:
    small = lesion(size_mm=3, site="fingertip", dose_mg=12.5)
    waiting = planned(sts_150, clinic, small)
    assert not waiting.is_confirmed
    assert codes(waiting, "confirm") == {"regimen-extrapolated"}
    said = confirmation("regimen-extrapolated", "weekly", lesion='"A"')
    assert planned(sts_150, clinic, small, said).is_confirmed


@pytest.mark.hazard("wrong-regimen")
def test_the_physicians_choice_goes_before_the_rule(sts_150: Protocol, clinic: Clinic) -> None:
    small = lesion(size_mm=3, site="fingertip", dose_mg=12.5, regimen="single")
    plan = planned(sts_150, clinic, small)
    assert plan.decisions[0].regimen == "single"
    assert plan.decisions[0].by_rule == "weekly"
    assert codes(plan, "confirm") == {"regimen-overridden"}
    said = confirmation("regimen-overridden", "single", lesion='"A"')
    assert planned(sts_150, clinic, small, said).is_confirmed


def test_naming_the_rules_own_regimen_overrides_nothing(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, clinic, lesion(regimen="weekly", dose_mg=50))
    assert "regimen-overridden" not in codes(plan)


@pytest.mark.hazard("stale-confirmation")
def test_a_confirmation_falls_when_its_value_changes(sts_150: Protocol, clinic: Clinic) -> None:
    said = confirmation("dose-above-observed", "300 mg", lesion='"A"')
    high = lesion(dose_mg=300)
    higher = lesion(dose_mg=320)
    due = 'due = ["2026-09-07", "2026-09-14", "2026-09-21", "2026-09-28"]'
    total = confirmation("dose-above-observed", "300 mg").replace("value", f"{due}\nvalue")
    assert planned(sts_150, clinic, high, said, total).is_confirmed
    fallen = planned(sts_150, clinic, higher, said, total)
    assert not fallen.is_confirmed
    assert "the plan now says '320 mg': confirm it anew" in " ".join(fallen.remarks)


@pytest.mark.hazard("stale-confirmation")
def test_a_confirmation_must_name_its_lesion(sts_150: Protocol, clinic: Clinic) -> None:
    small = lesion(size_mm=3, dose_mg=12.5)
    plan = planned(sts_150, clinic, small, confirmation("regimen-extrapolated", "weekly"))
    assert not plan.is_confirmed
    assert "names no lesion" in plan.remarks[0]


def test_a_confirmation_of_nothing_is_named_and_ignored(sts_150: Protocol, clinic: Clinic) -> None:
    said = confirmation("dose-jump", "5 mg to 50 mg", lesion='"A"')
    gone = confirmation("visit-moved", "2026-09-09 09:00", due="2026-12-09")
    plan = planned(sts_150, clinic, lesion(dose_mg=50), said, gone)
    assert plan.is_confirmed
    assert len(plan.remarks) == 2
    assert all("ignored" in remark for remark in plan.remarks)

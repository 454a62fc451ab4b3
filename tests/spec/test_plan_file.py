"""A plan.json is read back as it was made; a first edition's that contradicts itself is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from planner.app.administration import held
from planner.core.calendar.clinic import Clinic
from planner.core.dosing.equipment import Stock
from planner.core.followup.events import Ended
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.quantities import Strength
from planner.errors import InputError
from planner.files.plan import plan_bytes, plan_from
from tests.courses import lesion, planned
from tests.histories import START, after, begun, give
from tests.plans import first_edition


class Sound(NamedTuple):
    """A course at a clinic with this stock (mg/mL, mL a vial)."""

    lesions: tuple[str, ...]
    stock: tuple[str, str | None] | None = ("150", "10")
    draw_up: str = "each"
    cases: int = 7


SMALL = {"size_mm": 3, "site": "fingertip", "ulcerated": False}
SOUND = {
    "a syringe to its last line": Sound((lesion(dose_mg=150),)),
    "a vial to its last drop": Sound((lesion(dose_mg=150),), ("150", "1")),
    "more than a vial": Sound((lesion(dose_mg=275),), ("150", "1")),
    "a vial of no stated size": Sound((lesion(dose_mg=50),), ("150", None)),
    "no stock": Sound((lesion(dose_mg=50),), None),
    "a diluted stock": Sound((lesion(dose_mg=275),), ("250", "10")),
    "open doses": Sound((lesion("A"), lesion("B", dose_mg=50))),
    "a dose that is not drawable": Sound((lesion(dose_mg=0.5),)),
    "a dose of 1 mg": Sound((lesion(dose_mg=1),)),
    "syringes that lesions share": Sound(
        (lesion("A", dose_mg=12.5), lesion("B", dose_mg=57.5)), draw_up="shared"
    ),
    "a lesion under a millimetre": Sound((lesion(size_mm=0.5, ulcerated=False, dose_mg=20),)),
    "a dose without end": Sound((lesion("A", dose_mg=0.001), lesion("B", dose_mg=12.512345))),
    "all the source's cases": Sound((lesion(**SMALL, dose_mg=20),), cases=1),  # type: ignore[arg-type]
}


def made(sound: Sound, protocol: Protocol, clinic: Clinic) -> Plan:
    stock = None
    if sound.stock is not None:
        strength, vial = sound.stock
        size = None if vial is None else Fraction(vial)
        stock = Stock(Fraction(strength), "pentahydrate", size)
    return planned(
        protocol._replace(cases=protocol.cases[: sound.cases]),
        clinic._replace(stock=stock, draw_up=sound.draw_up),  # type: ignore[arg-type]
        *sound.lesions,
    )


@pytest.mark.parametrize("name", SOUND)
def test_a_plan_is_read_back_as_it_was_made(sts_150: Protocol, clinic: Clinic, name: str) -> None:
    written = plan_bytes(made(SOUND[name], sts_150, clinic))
    assert plan_bytes(plan_from(written)) == written


def test_a_plan_carries_what_was_typed(sts_150: Protocol, clinic: Clinic) -> None:
    head = 'revision = 3\nindication = "severe"\nprescriber = "Dr A. Holm"\n'
    detailed = lesion(dose_mg=50) + 'site_detail = "above the patella"\nmeasured_by = "Nurse B"\n'
    plan = planned(sts_150, clinic, detailed, head=head)
    assert (plan.indication, plan.prescriber, plan.revision, plan.replaces) == (
        "severe", "Dr A. Holm", 3, None,
    )  # fmt: skip
    assert plan.first_visit == plan.visits[0].start
    (one,) = plan.lesions
    assert (one.site_detail, one.measured_by) == ("above the patella", "Nurse B")
    assert planned(sts_150, clinic, detailed).replaces is None


def test_a_plan_carries_what_the_source_says(sts_150: Protocol, clinic: Clinic) -> None:
    plan = planned(sts_150, clinic, lesion(dose_mg=50))
    given = {one.id: str(one.dose_mg) for one in plan.protocol.regimens}
    assert given == {"single": "[12.5..30]", "weekly": "[12.5..275]"}
    assert {case.id: case.ulcerated for case in plan.cases} == {
        "1-fingertip": None,
        "2-knee": True,
        "3-fingertip": None,
        "4-lower-leg": None,
        "5-elbow": None,
        "6-buttock-1": True,
        "6-buttock-2": True,
    }
    regimens = {
        name: one._replace(dose_mg=None, place="") for name, one in sts_150.regimens.items()
    }
    bare = planned(sts_150._replace(regimens=regimens), clinic, lesion(dose_mg=50))
    assert {one.dose_mg for one in bare.protocol.regimens} == {None}


def test_a_course_under_way_is_read_back_as_it_was_made() -> None:
    now = begun()
    given = after(now, give(1, None, "A")(now))
    all_held = after(now, held(now, None, START))
    assert all_held.plan.visits == ()
    # Its first day stays, by the clinic's clock.
    assert all_held.plan.first_visit.isoformat() == "2026-09-07T09:00:00+02:00"
    for standing in (given, all_held, after(all_held, Ended("stopped", START))):
        written = plan_bytes(standing.plan)
        assert plan_bytes(plan_from(written)) == written


@pytest.mark.hazard("wrong-strength")
def test_a_weak_strength_is_a_strength(sts_150: Protocol, clinic: Clinic) -> None:
    weak = sts_150._replace(strength=Strength(Fraction(1)))
    written = plan_bytes(planned(weak, clinic, lesion(dose_mg=0.5)))
    assert plan_bytes(plan_from(written)) == written


Path = tuple[str | int, ...]
FIRST = ("visits", 0, "injections", 0)
LIMITS: list[tuple[str, Path, Any, str | None]] = [
    # the plan, the place of a value or a table, what is put there; what is said, None: it is read
    ("open doses", ("patient", "name"), "W" * 500, None),
    ("open doses", ("patient", "name"), "W" * 501, "patient: a text has over 500 characters"),
    ("open doses", ("prescriber",), "W" * 501, "prescriber: a text has over 500"),
    ("open doses", ("clinic", "address"), "W" * 501, "clinic: a text has over 500"),
    ("open doses", ("findings", 0, "reason"), "W" * 501, "findings: a text has over 500"),
    ("open doses", ("findings", 0, "lesion"), "Z", "findings: Z is no lesion of this plan; plan"),
    ("open doses", (*FIRST, "volume_ml"), 0.1, "lesion A: its mg and mL do not agree"),
    ("open doses", (*FIRST, "drawn_mg"), 12, "lesion A: its mg and mL do not agree"),
    ("a dose of 1 mg", (*FIRST, "deviation_percent"), 50.001, None),
    ("a dose of 1 mg", (*FIRST, "deviation_percent"), 49.999, None),
    ("a dose of 1 mg", (*FIRST, "deviation_percent"), 50.002, "do not agree"),
    ("a dose of 1 mg", (*FIRST, "deviation_percent"), 50.001001, "do not agree"),
    (
        "a dose of 1 mg",
        FIRST,
        {"drawn_ml": 0, "drawn_mg": 0, "deviation_percent": -100},
        "do not agree",
    ),
    ("a dose of 1 mg", ("visits", 0, "total_dose_mg"), 1.000001, None),
    ("a dose of 1 mg", ("visits", 0, "total_dose_mg"), 1.000002, "a total is not the sum"),
    ("a lesion under a millimetre", ("lesions", 0, "size_mm"), 0, "a size is no size"),
    ("all the source's cases", ("cases", 0, "size_mm"), 1, None),
    ("all the source's cases", ("cases", 0, "size_mm"), 0, "its size is no size"),
    ("no stock", ("protocol", "evaluation_days", 0), 1, None),
    ("no stock", ("protocol", "evaluation_days", 0), 0, "its evaluations are no days"),
    ("no stock", ("protocol", "evaluation_days", 1), 36_500, None),
    ("no stock", ("protocol", "evaluation_days", 1), 36_501, "its evaluations are no days"),
    ("no stock", ("protocol", "strength_mg_per_ml"), 1, "its mg and mL do not agree"),
    ("no stock", ("protocol", "strength_mg_per_ml"), 0, "it is no strength"),
    ("no stock", ("visits", 0, "end"), "2026-09-07T09:00:00+02:00", "it is not after the start"),
    ("open doses", ("lesions", 1, "held_since"), "2026-09-07", "lesion B is held since 2026-09-07"),
    ("open doses", ("lesions", 1, "held_since"), "2026-10-01", None),
    (
        "a diluted stock",
        ("visits", 0, "preparation"),
        {"stock_ml": 0, "diluent_ml": 0, "batch_ml": 0},
        "it does not give the protocol's strength",
    ),
    (
        "a vial of no stated size",
        ("visits", 0, "preparation", "vials"),
        1,
        "visits[1].preparation: it has vials, and the clinic's stock has none; plan the course",
    ),
    ("a vial to its last drop", ("visits", 0, "preparation", "wasted_ml"), 0.999999, None),
    ("a vial to its last drop", ("visits", 0, "preparation", "wasted_ml"), 1, "its vials are not"),
]


@pytest.mark.parametrize(("name", "place", "value", "said"), LIMITS)
@pytest.mark.hazard("wrong-figure-on-paper")
def test_a_plan_is_read_up_to_its_limits(
    sts_150: Protocol, clinic: Clinic, name: str, place: Path, value: Any, said: str | None
) -> None:
    plan = json.loads(first_edition(plan_bytes(made(SOUND[name], sts_150, clinic))))
    *way, key = place
    there = plan
    for step in way:
        there = there[step]
    there[key] = {**there[key], **value} if isinstance(value, dict) else value
    content = json.dumps(plan).encode()
    if said is None:
        assert plan_from(content)
        return
    with pytest.raises(InputError) as raised:
        plan_from(content)
    assert said in str(raised.value)

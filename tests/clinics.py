"""Clinics and courses for the tests of papers: the letter's cases, and courses of many lesions."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from planner.app.planning import NamedFile, read_inputs
from planner.core.calendar.clinic import Clinic
from planner.core.dosing.equipment import Stock
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from tests.conftest import CLINIC, EXAMPLES
from tests.courses import course, course_text

SITES = (
    "fingertip", "finger", "hand", "wrist", "forearm", "elbow", "upper-arm", "shoulder", "axilla",
    "head", "neck", "trunk", "buttock", "hip", "thigh", "knee", "lower-leg", "ankle", "foot", "toe",
)  # fmt: skip
UNPAIRED = ("head", "neck", "trunk")
NAMED = 'name = "Anna Jensen"\nbirth_date = 1961-05-01\n'
Kind = Literal["each", "shared", "diluted"]
KINDS: tuple[Kind, ...] = ("each", "shared", "diluted")


def many_lesions(number: int, dose_mg: str = "") -> str:
    """Large ulcerated lesions over all sites and both sides, each with a dose of its own."""
    tables = []
    for n in range(number):
        site = SITES[n % len(SITES)]
        side = ("left", "right")[(n // len(SITES) + n) % 2]
        said = "" if site in UNPAIRED else f'side = "{side}"\n'
        tables.append(
            f'[[lesion]]\nid = "L{n + 1}"\nsite = "{site}"\n{said}size_mm = {5 + n % 70}\n'
            f"ulcerated = true\ndose_mg = {dose_mg or 12.5 + 1.5 * n}\n"
        )
    return course_text(NAMED, *tables)


def clinic_of(kind: Kind, clinic: Clinic) -> Clinic:
    """A clinic that draws up so; diluted from 250 mg/mL."""
    strength = "250" if kind == "diluted" else "150"
    return clinic._replace(
        draw_up="shared" if kind == "shared" else "each",
        stock=Stock(Fraction(strength), "pentahydrate", Fraction(10)),
        name="Skin clinic",
        address="Eksempelvej 1",
        phone="+45 00 00 00 00",
    )


def case_plan(name: str, kind: Kind) -> Plan:
    """A bundled case in the bundled clinic, which draws up so."""
    inputs = read_inputs(NamedFile.of_file(EXAMPLES / f"{name}.toml"), NamedFile.of_file(CLINIC))
    return plan_course(inputs.course, inputs.protocol, clinic_of(kind, inputs.clinic))


def text_plan(text: str, protocol: Protocol, clinic: Clinic) -> Plan:
    """The plan of a course file's text."""
    return plan_course(course(text, protocol, clinic.timezone), protocol, clinic)


def on(plan: Plan, paper: str, language: str) -> Plan:
    """The same plan on another paper and in another language."""
    return plan._replace(clinic=plan.clinic._replace(paper=paper, language=language))  # type: ignore[arg-type]

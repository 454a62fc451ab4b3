"""Course files for tests: a sound one, and the same with some keys changed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from planner.core.calendar.clinic import Clinic
from planner.core.plan.course import Course
from planner.core.plan.plan import Plan
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.files.course import course_from
from planner.files.reading import parse_toml

SOUND = """
id = "K-1"
diagnosis = "systemic sclerosis"
first_visit = "2026-09-07 09:00"
[patient]
id = "P-1"
[[lesion]]
id = "A"
site = "knee"
side = "right"
size_mm = 70
ulcerated = true
dose_mg = [12.5, 57.5, 72.5, 87.5]
"""


def course(text: str, protocol: Protocol, zone: str = "Europe/Copenhagen") -> Course:
    return course_from(parse_toml(text.encode()), protocol, ZoneInfo(zone))


def lesion(
    name: str = "A",
    *,
    site: str = "knee",
    size_mm: object = 70,
    ulcerated: bool = True,
    dose_mg: object = None,
    regimen: str | None = None,
) -> str:
    """One [[lesion]] table."""
    side = "" if site in ("head", "neck", "trunk") else 'side = "right"\n'
    dose = "" if dose_mg is None else f"dose_mg = {dose_mg}\n"
    choice = "" if regimen is None else f'regimen = "{regimen}"\n'
    return (
        f'[[lesion]]\nid = "{name}"\nsite = "{site}"\n{side}size_mm = {size_mm}\n'
        f"ulcerated = {str(ulcerated).lower()}\n{dose}{choice}"
    )


def course_text(*tables: str, first_visit: str = "2026-09-07 09:00", head: str = "") -> str:
    """A course file of lesions and other tables."""
    return (
        f'id = "K-1"\ndiagnosis = "systemic sclerosis"\nfirst_visit = "{first_visit}"\n{head}\n'
        f'[patient]\nid = "P-1"\n{"".join(tables)}'
    )


def confirmation(finding: str, value: str, **target: str) -> str:
    """One [[confirm]] table."""
    place = "".join(f"{key} = {text}\n" for key, text in target.items())
    return (
        f'[[confirm]]\nfinding = "{finding}"\n{place}value = "{value}"\n'
        'by = "Dr A. Holm"\nreason = "seen"\n'
    )


def planned(protocol: Protocol, clinic: Clinic, *tables: str, **options: Any) -> Plan:
    """The plan of a course of these tables."""
    text = course_text(*tables, **options)
    return plan_course(course(text, protocol, clinic.timezone), protocol, clinic)


def codes(plan: Plan, *severities: str) -> set[str]:
    """The codes of a plan's findings, of some severities or all."""
    return {one.code for one in plan.findings if not severities or one.severity in severities}


def size(text: str) -> Decimal:
    return Decimal(text)


def write(folder: Path, text: str, name: str = "course.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path

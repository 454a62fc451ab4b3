"""A validation from its first step to what is signed and kept."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import planner
from planner.app.planning import NamedFile
from planner.app.validation import installation, operation
from planner.app.validation.performance import witnessed_plans
from planner.app.validation.protocol import (
    Checked,
    ValidationProtocol,
    ValidationStep,
    validation_protocol,
)
from planner.core.plan.pages import code_of
from planner.core.plan.plan import Plan
from planner.errors import InputError

# More of one step tell nothing that the first ones do not.
MOST_TOLD = 20


class Validation(NamedTuple):
    """What was checked, when and on what; `plans` are for a witness, none without a clinic."""

    at: datetime
    protocol: ValidationProtocol
    steps: tuple[Checked, ...]
    versions: dict[str, str]
    machine: dict[str, str]
    plans: tuple[Plan, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every step came out as it has to."""
        return all(one.holds for one in self.steps)


def validate(at: datetime, clinic: NamedFile | None, report: Callable[[str], None]) -> Validation:
    """Make each step; `report` is told of one before it is made.

    Raises InputError where the clinic's file is wrong, RefusedError where it is not known what
    the steps are.
    """
    protocol = validation_protocol()
    plans, faults = ((), ()) if clinic is None else _witnessed(clinic, at)
    checks = _checks(protocol)
    made = []
    for step in protocol.steps:
        report(step.title)
        if step.part != "performance":
            made.append(_checked(step, checks))
        elif clinic is not None:
            made.append(Checked(step, f"{len(plans)} courses in {clinic.name}", faults))
    there = installation.packages().items()
    versions = {name: "missing" if one is None else one.version for name, one in there}
    return Validation(at, protocol, tuple(made), versions, _machine(), plans)


def _witnessed(clinic: NamedFile, at: datetime) -> tuple[tuple[Plan, ...], tuple[str, ...]]:
    """The courses for a witness; where the planner itself is spoilt, why there are none."""
    try:
        return witnessed_plans(clinic, at.date()), ()
    except InputError:
        raise
    except Exception as error:  # what is broken may break anyhow
        return (), (_not_made(error),)


def checked(ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The differences of some steps alone."""
    protocol = validation_protocol()
    checks = _checks(protocol)
    return {one.id: _checked(one, checks).differences for one in protocol.steps if one.id in ids}


def _checks(protocol: ValidationProtocol) -> dict[str, Callable[[], Iterator[str]]]:
    return {
        "versions": installation.version_faults,
        "files": installation.file_faults,
        "zones": lambda: installation.zone_faults(protocol),
        "languages": lambda: installation.language_faults(protocol),
        "room": installation.room_faults,
        "proof": operation.proof_faults,
        "cases": operation.case_faults,
        "papers": operation.paper_faults,
        "calendars": operation.calendar_faults,
        "exchange": operation.exchange_faults,
        "register": operation.register_faults,
        "kill": operation.kill_faults,
    }


def _checked(step: ValidationStep, checks: Mapping[str, Callable[[], Iterator[str]]]) -> Checked:
    """A step and its differences; one that cannot be made to its end is a difference too."""
    found: list[str] = []
    seen = ""
    try:
        found.extend(checks[step.id]())
        seen = _seen(step)
    except Exception as error:  # what is broken may break anyhow
        found.append(_not_made(error))
    told = found[:MOST_TOLD]
    if len(found) > MOST_TOLD:
        told.append(f"and {len(found) - MOST_TOLD} more")
    return Checked(step, seen, tuple(told))


def _not_made(error: Exception) -> str:
    return f"it could not be made: {type(error).__name__}: {error}"


def _seen(step: ValidationStep) -> str:
    """How much was looked at, where that tells something."""
    match step.id:
        case "versions":
            return f"{len(installation.packages())} packages"
        case "files":
            return f"{sum(1 for _ in installation.listed_files())} files of the release's list"
        case "cases":
            return f"{operation.number_of_cases()} cases"
        case "papers" | "calendars" | "exchange":
            return f"{len(operation.tried_plans())} plans"
        case _:
            return ""


def _machine() -> dict[str, str]:
    return {
        "planner": planner.__version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "folder": str(Path(planner.__file__).parent),
    }


def validation_json(done: Validation) -> bytes:
    """What is kept; its code is the sha256 of all the rest."""
    told: dict[str, Any] = {
        "holds": done.holds,
        "at": done.at.isoformat(),
        "protocol": done.protocol.version,
        "machine": done.machine,
        "versions": done.versions,
        "steps": [
            {
                "id": one.step.id,
                "part": one.step.part,
                "title": one.step.title,
                "expected": one.step.expected,
                "seen": one.seen,
                "holds": one.holds,
                "differences": list(one.differences),
            }
            for one in done.steps
        ],
    }
    return _text({"code": code_of(_text(told)), **told})


def _text(value: dict[str, Any]) -> bytes:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()

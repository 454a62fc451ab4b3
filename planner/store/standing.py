"""A course as it stands: what the history of the register leaves of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from planner.core.followup.course_state import State
from planner.core.plan.plan import Plan
from planner.core.values.said import said
from planner.errors import NotAllowedError, Problem, RefusedError
from planner.store.histories import PatientRow, Record, read_course


@dataclass(frozen=True)
class Standing:
    """A course as it stands: its record and the state of its history."""

    record: Record
    state: State

    @classmethod
    def of(cls, record: Record) -> Standing:
        """The course of a record."""
        return cls(record, record.state)

    @cached_property
    def plan(self) -> Plan:
        """The plan of its state."""
        return self.record.plan(self.state)


def check_not_restricted(patient: PatientRow) -> None:
    """Refuse to work with the data of a patient who had that restricted."""
    if patient.restricted is not None:
        fix = said("lift the restriction first")
        raise NotAllowedError(
            Problem("the patient's data", said("its processing is restricted"), fix)
        )


def check_not_erased(patient: PatientRow) -> None:
    """Refuse a change or a paper of a patient whose data was erased: it would be typed anew."""
    if patient.erased is not None:
        fix = said("begin another course")
        raise RefusedError(Problem("the patient's data", said("it was erased"), fix))


def read_standing(connection: Connection, course: str) -> Standing:
    """A course as it stands. Raises RefusedError for one of a restricted patient."""
    record = read_course(connection, course)
    check_not_restricted(record.patient)
    return Standing.of(record)

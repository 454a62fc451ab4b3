"""Courses under way without a database: one that begins, what happens to it, how it then stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from planner.app.administration import (
    Circumstances,
    Measurement,
    corrected,
    evaluated,
    given_as_planned,
    lesion_added,
)
from planner.app.asked import check_answered
from planner.app.changing import step
from planner.app.roles import Author
from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Occupancy
from planner.core.followup.events import Entry, Event, Planned
from planner.core.followup.settling import settle
from planner.core.plan.course import Course, Lesion
from planner.core.protocol.protocol import Protocol
from planner.core.values.quantities import Dose
from planner.files.clinic import clinic_from
from planner.files.course import course_from
from planner.files.protocol import load_protocol
from planner.files.reading import parse_toml
from planner.store.histories import PatientRow, Record
from planner.store.standing import Standing
from tests.conftest import CLINIC
from tests.courses import SOUND

PROTOCOL = load_protocol("sts-150")
OPENING = Opening(clinic_from(parse_toml(CLINIC.read_bytes()), range(2026, 2037)), Occupancy())
SECOND = '[[lesion]]\nid="B"\nsite="hand"\nside="left"\nsize_mm=20\nulcerated=true\ndose_mg=15\n'
COURSE = course_from(parse_toml((SOUND + SECOND).encode()), PROTOCOL, ZoneInfo("Europe/Copenhagen"))
START = date(2026, 9, 7)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
PATIENT = PatientRow(1, "P-1", None, None, None, None)

Do = Callable[[Standing], Event]


def begun(course: Course = COURSE, protocol: Protocol = PROTOCOL) -> Standing:
    entry = Entry(1, NOW, "Dr A. Holm", None, Planned(course, "", ""))
    record = Record("K-1", PATIENT, (), "", protocol, {"": OPENING}, "")
    entry, state = settle(None, entry, (), protocol, OPENING)
    return Standing(record._replace(entries=(entry,)), state)


def after(standing: Standing, event: Event) -> Standing:
    record = standing.record
    entry = Entry(len(record.entries) + 1, NOW, "Dr A. Holm", "so it was", event)
    entry, state = settle(standing.state, entry, record.entries, record.protocol, record.opening)
    return Standing(record._replace(entries=(*record.entries, entry)), state)


def give(visit: int, at: datetime | None, lesion: str | None) -> Do:
    only = None if lesion is None else [lesion]
    return lambda now: given_as_planned(now, visit, Circumstances(at), only)


def evaluate(visit: int, lesion: str, size: int, at: datetime | None) -> Do:
    found = Measurement(Decimal(size), at=at)
    return lambda now: evaluated(now, visit, lesion, found)


def add(name: str, on: date) -> Do:
    lesion = Lesion(
        name, "elbow", Decimal(9), True, "left", doses=(Dose(Fraction(20)),), same_dose=True
    )
    return lambda now: lesion_added(now, lesion, on)


def withdraw(number: int) -> Do:
    return lambda now: corrected(now, number, lambda _event: None)


def with_event(before: Standing, event: Event, author: Author) -> tuple[Standing, Entry]:
    """The course with one more event. Raises AskedError with all that nobody confirmed."""
    after, entry, asked = step(before, event, author)
    check_answered(asked, author)
    return after, entry

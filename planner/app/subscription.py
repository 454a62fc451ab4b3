"""The patient's calendar at its secret address: neutral, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from planner.app.documents import last_change
from planner.app.one_patient import reaches_patient
from planner.app.roles import Role, may
from planner.core.followup.events import Subscribed
from planner.core.plan.calendar_ids import subscription_digest
from planner.core.values.said import said
from planner.documents.calendars import calendar_files
from planner.errors import NotFoundError, Problem
from planner.store.database import Database
from planner.store.histories import address_token
from planner.store.standing import Standing, read_standing
from planner.store.tables import courses

# So long a calendar still says that its visits are cancelled, after an ending.
AFTER_ENDING = timedelta(days=30)


class PatientCalendar(NamedTuple):
    """The calendar of a patient, and when it last changed."""

    content: bytes
    changed: datetime


def address_for(standing: Standing, role: Role) -> str | None:
    """The secret part of the address of a patient's calendar, for who may hand it out.

    None where there is none, and after an erasure or a death.
    """
    is_gone = standing.record.patient.erased is not None or standing.state.has_died
    if is_gone or not may(role, "subscribed"):
        return None
    return address_token(standing.state)


def renewed(standing: Standing) -> Subscribed:
    """Another address than all that the course ever had."""
    events = (one.event for one in standing.record.entries)
    numbers = [one.address or 0 for one in events if isinstance(one, Subscribed)]
    return Subscribed(max([1, *numbers]) + 1)


def calendar_at(database: Database, token: str, now: datetime) -> PatientCalendar:
    """The calendar of an address. Raises NotFoundError for one that holds no more."""
    digest = subscription_digest(token)
    with database.reading() as connection:
        query = select(courses.c.id).where(courses.c.subscription == digest)
        course = connection.execute(query).scalar_one_or_none()
        if course is None:
            raise _gone()
        standing = read_standing(connection, course)
        if not reaches_patient(connection, standing):
            raise _gone()
    ended, changed = standing.state.ended, last_change(standing)
    if ended is not None and now - changed > AFTER_ENDING:
        raise _gone()
    content = dict(calendar_files(standing.plan, changed)).get("patient.ics")
    if content is None:
        raise _gone()
    return PatientCalendar(content, changed)


def _gone() -> NotFoundError:
    return NotFoundError(Problem("", said("There is no such calendar.")))

"""What a course is planned by, kept as it was when the course was added."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Occupancy
from planner.core.protocol.protocol import Protocol
from planner.core.values.days import LAST_DAY
from planner.core.values.said import said
from planner.errors import Problem, RefusedError
from planner.store.tables import inputs

# What was read once in this process: many courses are planned by the same few.
_PROTOCOLS: dict[str, Protocol] = {}
_OPENINGS: dict[str, Opening] = {}
# A course that is held and resumed stays within these years of public holidays.
YEARS = 10


class Stored(NamedTuple):
    """A protocol or clinic file as it was read, and what else a plan needs of it."""

    kind: str
    content: str

    @property
    def sha256(self) -> str:
        """What the events know it by."""
        return hashlib.sha256(f"{self.kind}\n{self.content}".encode()).hexdigest()


def store_protocol(content: bytes) -> Stored:
    """A protocol file."""
    return Stored("protocol", content.decode())


def store_clinic(content: bytes | None, timezone: str | None, clinic: Clinic) -> Stored:
    """A clinic file (or the time zone without one), with the holidays that were known then.

    What a library says of holidays may change; a course that was planned may not.
    """
    holidays = clinic.public_holidays
    stored: dict[str, object] = {
        "file": None if content is None else _without_key(content.decode("utf-8-sig")),
        "timezone": timezone,
        "holidays": None
        if holidays is None
        else {on.isoformat(): name for on, name in holidays.items()},
        "years": [clinic.holiday_years.start, clinic.holiday_years.stop],
    }
    if clinic.holiday_parts:
        stored["parts"] = [*clinic.holiday_parts]
    return Stored("clinic", json.dumps(stored, ensure_ascii=False, sort_keys=True))


def _without_key(text: str) -> str:
    """A clinic's file without its secret, which a course of the register does not need.

    An export of the course would carry it to others.
    """
    return re.sub(r"(?m)^[ \t]*calendar_key[ \t]*=.*$", "", text)


def keep_input(connection: Connection, stored: Stored) -> str:
    """Keep what a course is planned by, once; its sha256."""
    there = select(inputs.c.sha256).where(inputs.c.sha256 == stored.sha256)
    if connection.execute(there).one_or_none() is None:
        connection.execute(insert(inputs).values(sha256=stored.sha256, **stored._asdict()))
    return stored.sha256


def read_input(connection: Connection, sha256: str) -> str:
    """A protocol or clinic as it was kept. Raises RefusedError where it is gone or was changed."""
    query = select(inputs.c.content, inputs.c.kind).where(inputs.c.sha256 == sha256)
    row = connection.execute(query).one_or_none()
    if row is None or Stored(row.kind, row.content).sha256 != sha256:
        problem = said("a protocol or clinic that courses were planned by is gone or was changed")
        raise RefusedError(Problem("the register", problem, said("restore the last backup")))
    content: str = row.content
    return content


def years_from(first: int) -> range:
    """The years whose holidays are kept for a course that begins in a year."""
    return range(first, min(first + YEARS, LAST_DAY.year) + 1)


def years_around(first: int, today: int) -> range:
    """The same, with those from this year on: other courses of the clinic come before."""
    return range(min(first, today), years_from(first).stop)


def protocol_of(sha256: str, read: Callable[[str], str]) -> Protocol:
    """A stored protocol; `read` gives the content of one that was not asked for before."""
    if sha256 not in _PROTOCOLS:
        _PROTOCOLS[sha256] = _protocol(read(sha256))
    return _PROTOCOLS[sha256]


def opening_of(sha256: str, read: Callable[[str], str]) -> Opening:
    """The hours of a stored clinic, with the holidays that were stored beside its file."""
    if sha256 not in _OPENINGS:
        _OPENINGS[sha256] = _opening(read(sha256))
    return _OPENINGS[sha256]


def _protocol(content: str) -> Protocol:
    from planner.errors import ProtocolError
    from planner.files.protocol import protocol_from
    from planner.files.reading import parse_toml

    raw = content.encode()
    return protocol_from(parse_toml(raw, ProtocolError), raw)


def clinic_today(content: str) -> Clinic:
    """A stored clinic with the public holidays that today's library knows."""
    from planner.files.clinic import clinic_from
    from planner.files.reading import parse_toml

    stored = json.loads(content)
    if stored["file"] is None or stored["holidays"] is None:
        return _opening(content).clinic
    return clinic_from(parse_toml(stored["file"].encode()), range(*stored["years"]))


def _opening(content: str) -> Opening:
    from planner.files.clinic import built_in_clinic, clinic_from
    from planner.files.reading import parse_toml

    stored = json.loads(content)
    if stored["file"] is None:
        clinic = built_in_clinic(stored["timezone"])
    else:
        # Its holidays were looked up when it was stored, and are not looked up again.
        table = {**parse_toml(stored["file"].encode()), "holidays": False}
        clinic = clinic_from(table, range(0))
    holidays = stored["holidays"]
    return Opening(
        clinic._replace(
            public_holidays=None
            if holidays is None
            else {date.fromisoformat(on): name for on, name in holidays.items()},
            holiday_years=range(*stored["years"]),
            holiday_parts=tuple(stored.get("parts", ())),
        ),
        Occupancy(),
    )


def with_holidays_of(stored: Stored, clinic: Clinic) -> Clinic:
    """A clinic with the public holidays that were stored with its file."""
    found = json.loads(stored.content)
    if found["holidays"] is None:
        return clinic
    days = {date.fromisoformat(on): name for on, name in found["holidays"].items()}
    return clinic._replace(public_holidays=days, holiday_years=range(*found["years"]))


def retention_years(content: str) -> int | None:
    """How long the clinic's file says that records are kept; None where it does not."""
    from planner.files.reading import parse_toml

    stored = json.loads(content)
    table = {} if stored["file"] is None else parse_toml(stored["file"].encode())
    years = table.get("retention_years")
    return years if isinstance(years, int) else None

"""Clinics in the database: their files, version by version, and what closes them besides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from planner.core.calendar.clinic import Clinic, Closure, OpeningHours
from planner.core.calendar.closure_ranges import closed_besides, without_days
from planner.core.values.said import said
from planner.errors import MovedOnError, NotFoundError, Problem, RefusedError
from planner.files.fields import nearest, shown
from planner.store.prepared import Prompt
from planner.store.stored_inputs import Stored, clinic_today, opening_of, read_input
from planner.store.tables import clinic_events, clinics, courses

PUT, CLOSED, OPENED = "put", "closed", "opened"
# Who is named for what came with a course: who added that stands with it.
BY_COURSE = said("course add")
_EVENTS = (
    select(clinic_events)
    .where(clinic_events.c.clinic == bindparam("wanted"))
    .order_by(clinic_events.c.number)
)
# A clinic without events stands with none: it was tampered with.
_PLACES = (
    select(
        clinics,
        *(clinic_events.c[name] for name in ("number", "at", "kind", "facts")),
        clinic_events.c.digest.label("own"),
    )
    .join_from(clinics, clinic_events, clinic_events.c.clinic == clinics.c.id, isouter=True)
    .order_by(clinics.c.id, clinic_events.c.number)
)
_PLACE = Prompt(_PLACES.where(clinics.c.id == bindparam("wanted")))


# Each clinic as it was read last, by the rows that it was read from: every change asks for it.
_LAST_READ: dict[str, tuple[Sequence[_Row], Place]] = {}


class _Row(NamedTuple):
    """A clinic's head beside one of its events."""

    id: str
    events: int
    version: int
    input: str
    digest: str
    number: int
    at: str
    kind: str
    facts: str
    own: str


class ClinicEvent(NamedTuple):
    """A change of a clinic: another file (its sha256), days closed, or days opened again."""

    number: int
    at: datetime
    by: str
    reason: str | None
    kind: str
    said: Mapping[str, Any]
    digest: str

    @property
    def is_by_course(self) -> bool:
        """Whether it came with a course; its reason is a sentence of ours then."""
        return self.by == BY_COURSE


class ClinicChange(NamedTuple):
    """A change of a clinic before it is written."""

    at: datetime
    by: str
    reason: str | None
    kind: str
    said: Mapping[str, Any]


class Place(NamedTuple):
    """A clinic as it stands: `version` counts its files, `input` is the sha256 of the newest."""

    id: str
    version: int
    input: str
    events: tuple[ClinicEvent, ...]
    clinic: Clinic

    @property
    def closures(self) -> Sequence[Closure]:
        """What closes it beside its file."""
        return closures_of(self.events)

    def as_of(self, at: datetime, connection: Connection) -> Clinic:
        """The clinic as somebody found it at a moment, with the holidays that are known today."""
        events = [one for one in self.events if one.at <= at] or list(self.events[:1])
        files = [one.said["input"] for one in events if one.kind == PUT]
        clinic = clinic_today(read_input(connection, files[-1]))
        return closed_besides(clinic, closures_of(events))


def closures_of(events: Sequence[ClinicEvent]) -> Sequence[Closure]:
    """The closures that stand after some events."""
    found: list[Closure] = []
    for one in events:
        if one.kind == CLOSED:
            found.append(closure_of(one.said))
        elif one.kind == OPENED:
            first, last = (date.fromisoformat(one.said[name]) for name in ("from", "to"))
            found = [*without_days(found, first, last)]
    return found


def closure_of(facts: Mapping[str, Any]) -> Closure:
    """A closure as an event says it."""
    hours = facts.get("hours")
    return Closure(
        date.fromisoformat(facts["from"]),
        date.fromisoformat(facts["to"]),
        None if hours is None else OpeningHours(*map(time.fromisoformat, hours)),
        facts.get("kind"),
        facts.get("less", 0),
    )


def said_of(closure: Closure) -> dict[str, Any]:
    """A closure as its event says it."""
    facts: dict[str, Any] = {"from": closure.first.isoformat(), "to": closure.last.isoformat()}
    if closure.hours is not None:
        facts["hours"] = [f"{one:%H:%M}" for one in closure.hours]
    if closure.kind is not None:
        facts |= {"kind": closure.kind, "less": closure.less}
    return facts


def find_place(connection: Connection, clinic: str) -> Place | None:
    """A clinic by its id. Raises RefusedError where its history was tampered with."""
    rows = [_Row(*one) for one in _PLACE(connection, wanted=clinic).fetchall()]
    return _place(connection, rows) if rows else None


def clinic_of_course(connection: Connection, course: str) -> str | None:
    """The id of the clinic that a course belongs to; None where there is no such course."""
    return connection.execute(select(courses.c.clinic).where(courses.c.id == course)).scalar()


def all_places(connection: Connection) -> list[Place]:
    """All clinics by their ids, each as `find_place`."""
    rows = [_Row(*one) for one in connection.execute(_PLACES)]
    return [_place(connection, list(own)) for _, own in groupby(rows, lambda one: one.id)]


def _place(connection: Connection, rows: Sequence[_Row]) -> Place:
    """A clinic from its head beside each of its events."""
    last = _LAST_READ.get(rows[0].id)
    if last is None or last[0] != rows:
        last = _LAST_READ[rows[0].id] = (rows, _followed(connection, rows))
    return last[1]


def _followed(connection: Connection, rows: Sequence[_Row]) -> Place:
    head = rows[0]
    events = tuple(_events(head.id, rows))
    files = [one.said["input"] for one in events if one.kind == PUT]
    is_as_told = bool(files) and (head.events, head.digest, head.version, head.input) == (
        len(events), events[-1].digest, len(files), files[-1],
    )  # fmt: skip
    if not is_as_told:
        raise RefusedError(_tampered(head.id))
    file = opening_of(files[-1], partial(read_input, connection)).clinic
    standing = closed_besides(file, closures_of(events))
    return Place(head.id, head.version, head.input, events, standing._replace(id=head.id))


def read_place(connection: Connection, clinic: str) -> Place:
    """As `find_place`. Raises RefusedError for an unknown one."""
    found = find_place(connection, clinic)
    if found is None:
        known = list(clinic_ids(connection))
        fix = nearest(clinic, known) if known else said("put its file first")
        raise NotFoundError(
            Problem(
                "clinic", said("the register has no clinic {clinic}", clinic=shown(clinic)), fix
            )
        )
    return found


def clinic_ids(connection: Connection) -> Iterator[str]:
    """All clinics, by their ids."""
    yield from (one.id for one in connection.execute(select(clinics.c.id).order_by(clinics.c.id)))


def add_event(
    connection: Connection, place: Place | None, clinic: str, change: ClinicChange
) -> None:
    """Write one more event of a clinic, which is new where `place` is None.

    Raises MovedOnError where another one came first.
    """
    before = place.events[-1] if place else None
    number, at, kind = before.number + 1 if before else 1, change.at.isoformat(), change.kind
    facts = _json({"by": change.by, "reason": change.reason, **change.said})
    own = _digest(clinic, number, at, kind, facts, before.digest if before else "")
    stands = {
        "events": number,
        "version": (place.version if place else 0) + (kind == PUT),
        "input": change.said["input"] if kind == PUT else place.input if place else "",
        "digest": own,
    }
    if before is None:
        connection.execute(insert(clinics).values(id=clinic, **stands))
    else:
        here = (clinics.c.id == clinic) & (clinics.c.digest == before.digest)
        if connection.execute(update(clinics).where(here).values(**stands)).rowcount != 1:
            problem = said("somebody else changed it just now")
            raise MovedOnError(
                Problem(clinic, problem, said("look at it again and repeat the change"))
            )
    row = {"clinic": clinic, "number": number, "at": at, "kind": kind}
    connection.execute(insert(clinic_events).values(**row, facts=facts, digest=own))


def keep_rows(connection: Connection, clinic: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the events of a clinic as an export has them; one that is there stays as it is.

    Raises RefusedError where their chain does not hold.
    """
    if find_place(connection, clinic) is not None:
        return
    for one in rows:
        event = _event(one["number"], one["at"], one["kind"], one["facts"], one["digest"])
        place = find_place(connection, clinic)
        change = ClinicChange(event.at, event.by, event.reason, event.kind, event.said)
        add_event(connection, place, clinic, change)
    made = find_place(connection, clinic)
    if made is None or [one.digest for one in made.events] != [one["digest"] for one in rows]:
        raise RefusedError(_tampered(clinic))


def rows_of(connection: Connection, clinic: str) -> list[dict[str, Any]]:
    """The events of a clinic as an export has them."""
    found = connection.execute(_EVENTS, {"wanted": clinic})
    return [{name: getattr(one, name) for name in _COLUMNS} for one in found]


_COLUMNS = ("number", "at", "kind", "facts", "digest")


def _events(clinic: str, rows: Sequence[_Row]) -> Iterator[ClinicEvent]:
    before = ""
    for expected, one in enumerate(rows, start=1):
        before = _digest(clinic, one.number, one.at, one.kind, one.facts, before)
        if one.number != expected or before != one.own:
            raise RefusedError(_tampered(clinic))
        yield _event(one.number, one.at, one.kind, one.facts, one.own)


def _event(number: int, at: str, kind: str, facts: str, digest: str) -> ClinicEvent:
    told = json.loads(facts)
    by, reason = told.pop("by"), told.pop("reason")
    return ClinicEvent(number, datetime.fromisoformat(at), by, reason, kind, told, digest)


def _tampered(clinic: str) -> Problem:
    fix = said("somebody changed the database; restore the last backup")
    return Problem(clinic, said("the history of the clinic is not as it was written"), fix)


@lru_cache(maxsize=1024)
def _digest(*content: object) -> str:
    return hashlib.sha256(_json(list(content)).encode()).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def is_same_file(one: Stored, other: Stored) -> bool:
    """Whether two clinics' files say the same, whatever their secrets and their holidays."""
    return _tables(one.content) == _tables(other.content)


def _tables(content: str) -> object:
    from planner.files.reading import parse_toml

    stored = json.loads(content)
    if stored["file"] is None:
        return stored["timezone"]
    return {
        name: one
        for name, one in parse_toml(stored["file"].encode()).items()
        if name != "calendar_key"
    }


def with_years(stored: Stored, more: Stored) -> Stored:
    """A clinic with the holidays of further years; those that were known stay as they were."""
    old, new = json.loads(stored.content), json.loads(more.content)
    if old["holidays"] is None:
        return stored
    first, last = old["years"]
    if first <= new["years"][0] and new["years"][1] <= last:
        return stored
    years = [min(first, new["years"][0]), max(last, new["years"][1])]
    others = new["holidays"] or {}
    known = {on: name for on, name in others.items() if not first <= int(on[:4]) < last}
    found = {**old, "holidays": {**known, **old["holidays"]}, "years": years}
    return Stored("clinic", json.dumps(found, ensure_ascii=False, sort_keys=True))

"""What lists and days are read from: the drawn tables, so that no history is folded for them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
)

from planner.core.calendar.availability import Opening
from planner.core.plan.appointments import VisitState
from planner.core.plan.in_short import purposes_in_short, volume_in_short
from planner.core.plan.preparation import ToPrepare
from planner.core.values.formatting import typed_moment
from planner.core.values.lettering import as_people_read
from planner.store.clinics import read_place
from planner.store.histories import ERASED_ID
from planner.store.summary import Summary, read_summary
from planner.store.tables import courses, patients, visits
from planner.store.taken_times import taken_at

# Where the hour stands in a moment: `2026-09-07T09:00:00+02:00`.
_CLOCK = slice(11, 16)


class ListedCourse(NamedTuple):
    """A course in a list; `next_visit` is a day, `without_day` counts visits that have none yet."""

    course: str
    patient: str
    status: str
    revision: int
    next_visit: str | None
    without_day: int
    name: str | None = None


class DueVisit(NamedTuple):
    """A visit to come; `is_crowded` where the clinic has no room for all visits of that time.

    Its course `waits` where a finding waits for a physician: nothing is to be given before.
    """

    day: date
    course: str
    number: int
    patient: str
    name: str | None
    summary: Summary
    is_crowded: bool
    waits: bool

    @property
    def hours(self) -> str:
        """`09:00-09:30`."""
        return f"{self.summary.start[_CLOCK]}-{self.summary.end[_CLOCK]}"

    @property
    def what(self) -> str:
        """`visit 2: evaluation A; injection A, B`."""
        of = self.summary
        return purposes_in_short(self.number, of.evaluations, of.injections)

    @property
    def volume(self) -> str:
        """`0.38 mL of 150 mg/mL`."""
        if not self.summary.injections:
            return ""
        total = self.summary.total_drawn_ml
        strength = Decimal(self.summary.strength_mg_per_ml)
        return volume_in_short(None if total is None else Decimal(total), strength)

    @property
    def shown(self) -> dict[str, Any]:
        """As programs read it."""
        own = self.summary._asdict()
        return {
            "course": self.course,
            "visit": self.number,
            "patient": self.patient,
            "name": self.name,
            "start": own["start"],
            "end": own["end"],
            "clinic": own["clinic"],
            "evaluations": own["evaluations"],
            "injections": own["injections"],
            "total_drawn_ml": _number(own["total_drawn_ml"]),
            "total_drawn_mg": _number(own["total_drawn_mg"]),
            "strength_mg_per_ml": _number(own["strength_mg_per_ml"]),
            "vials": own["vials"],
            "syringes": [_syringes(*one) for one in own["syringes"]],
            "crowded": self.is_crowded,
            "waits": self.waits,
        }


class RecordedVisit(NamedTuple):
    """A visit that is over, `done` or `missed`; `start` is wall clock."""

    start: str
    course: str
    number: int
    patient: str
    name: str | None
    state: VisitState


def _coming(told: ColumnElement[Any]) -> ScalarSelect[Any]:
    """What is told of a course's visits to come; asked of the courses that are listed alone."""
    is_its = visits.c.course == courses.c.id
    return (
        select(told).where(is_its, visits.c.state == "planned").correlate(courses).scalar_subquery()
    )


def listed_courses(
    connection: Connection,
    status: str | None = None,
    patient: str | None = None,
    *,
    clinic: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[ListedCourse]:
    """The courses by id, those of restricted patients apart.

    `status`, `clinic` and `patient`, a part of the id or of the name as people read them, leave out
    others, and so does `search`, which finds a part of a course's id as well.
    """
    query = _listed()
    if status is not None:
        query = query.where(courses.c.status == status)
    if clinic is not None:
        query = query.where(courses.c.clinic == clinic)
    if patient is not None:
        query = query.where(_is_of(patient))
    if search is not None:
        is_part = courses.c.id.icontains(search.strip(), autoescape=True)
        query = query.where(_is_of(search) | is_part)
    sought = [one for one in (patient, search) if one is not None and not one.isascii()]
    found = (
        ListedCourse(course, patient or ERASED_ID, status, revision, next_visit, without or 0, name)
        for course, patient, status, revision, next_visit, without, name in connection.execute(
            query if sought else query.limit(limit)
        )
    )
    read = (one for one in found if all(_reads_as(one, text) for text in sought))
    return list(islice(read, limit))


def _reads_as(found: ListedCourse, sought: str) -> bool:
    """Whether a text with letters that no database folds alike is found in a name or id."""
    wanted = as_people_read(sought)
    there = (found.patient, found.name or "")
    return any(wanted in as_people_read(one) for one in there)


def _listed() -> Select[Any]:
    next_day = _coming(func.min(visits.c.day))
    without_day = _coming(func.count() - func.count(visits.c.day))
    columns = (courses.c.id, patients.c.id, courses.c.status, courses.c.revision)
    return (
        select(*columns, next_day, without_day, patients.c.name)
        .join(patients, patients.c.key == courses.c.patient)
        .where(patients.c.restricted.is_(None))
        .order_by(courses.c.id)
    )


def _is_of(patient: str) -> ColumnElement[bool]:
    """Whether a text is a part of a patient's id as people read it, or of the name.

    Where a letter of the text is beyond ASCII the name may have anything in its place.
    """
    read_as = patients.c.read_as.contains(as_people_read(patient), autoescape=True)
    parts = re.split("[^\x00-\x7f]+", unicodedata.normalize("NFC", patient).strip())
    escaped = (re.sub(r"([/%_])", r"/\1", one) for one in parts)
    return read_as | patients.c.name.ilike(f"%{'%'.join(escaped)}%", escape="/")


# Built once: every day that is looked at asks them.
_IN_DAYS = visits.c.day.between(bindparam("first"), bindparam("last"))
_DUE = (
    select(visits, patients.c.id.label("patient_id"), patients.c.name, courses.c.waits)
    .join(courses, courses.c.id == visits.c.course)
    .join(patients, patients.c.key == courses.c.patient)
    .where(_IN_DAYS, visits.c.state == "planned", patients.c.restricted.is_(None))
)
_DUE_AT = _DUE.where(visits.c.clinic == bindparam("at"))
_RESTRICTED = (
    select(func.count())
    .select_from(visits)
    .join(courses, courses.c.id == visits.c.course)
    .join(patients, patients.c.key == courses.c.patient)
    .where(_IN_DAYS, visits.c.state == "planned", patients.c.restricted.is_not(None))
)
_RESTRICTED_AT = _RESTRICTED.where(visits.c.clinic == bindparam("at"))
_RECORDED = (
    select(
        visits.c.start, visits.c.course, visits.c.number,
        patients.c.id.label("patient_id"), patients.c.name, visits.c.state,
    )
    .join(courses, courses.c.id == visits.c.course)
    .join(patients, patients.c.key == courses.c.patient)
    .where(visits.c.day == bindparam("day"), visits.c.clinic == bindparam("at"))
    .where(visits.c.state.in_(("done", "missed")), patients.c.restricted.is_(None))
    .order_by(visits.c.start, visits.c.course)
)  # fmt: skip


def _in_days(
    connection: Connection,
    of: tuple[Select[Any], Select[Any]],
    first: date,
    last: date,
    clinic: str | None,
) -> CursorResult[Any]:
    """What is asked `of` some days, of all clinics or of one."""
    days = {"first": first.isoformat(), "last": last.isoformat()}
    if clinic is None:
        return connection.execute(of[0], days)
    return connection.execute(of[1], {**days, "at": clinic})


def due_visits(
    connection: Connection, first: date, last: date, clinic: str | None = None
) -> list[DueVisit]:
    """The visits to come from one day to another (both inclusive), of all clinics or of one."""
    rows = _in_days(connection, (_DUE, _DUE_AT), first, last, clinic).all()
    openings = _openings(connection, [one.clinic for one in rows])
    times = {(one.clinic, one.start, one.end) for one in rows}
    crowded = {one for one in times if is_crowded(openings[one[0]], *one[1:])}
    found = [
        DueVisit(
            date.fromisoformat(one.day),
            one.course,
            one.number,
            one.patient_id or ERASED_ID,
            one.name,
            read_summary(one.summary),
            (one.clinic, one.start, one.end) in crowded,
            one.waits > 0,
        )
        for one in rows
    ]
    return sorted(found, key=lambda one: (one.summary.start, one.course))


def crowded_times(connection: Connection) -> list[str]:
    """Where more visits to come are going on at a clinic than it has room for, one line a time."""
    query = (
        select(visits.c.clinic, visits.c.start, visits.c.end)
        .where(visits.c.state == "planned", visits.c.start.is_not(None))
        .order_by(visits.c.clinic, visits.c.start)
        .distinct()
    )
    rows = connection.execute(query).all()
    openings = _openings(connection, [one.clinic for one in rows])
    return [
        f"more visits than room: {openings[clinic].clinic.name or clinic},"
        f" {typed_moment(datetime.fromisoformat(start))}"
        for clinic, start, end in rows
        if is_crowded(openings[clinic], start, end)
    ]


def held_courses(connection: Connection) -> list[str]:
    """The running courses of which nothing can be injected before a lesion is released."""
    query = (
        select(courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.status == "held", patients.c.restricted.is_(None))
        .order_by(courses.c.id)
    )
    return [one.id for one in connection.execute(query)]


def without_day(connection: Connection) -> list[str]:
    """The courses that have a visit to come without a day."""
    query = (
        select(visits.c.course)
        .join(courses, courses.c.id == visits.c.course)
        .join(patients, patients.c.key == courses.c.patient)
        .where(visits.c.day.is_(None), visits.c.state == "planned", patients.c.restricted.is_(None))
        .distinct()
        .order_by(visits.c.course)
    )
    return [one.course for one in connection.execute(query)]


def restricted_courses(connection: Connection) -> list[str]:
    """The courses of patients whose data is restricted: they are named nowhere."""
    query = (
        select(courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(patients.c.restricted.is_not(None))
    )
    return [one.id for one in connection.execute(query)]


def restricted_visits(
    connection: Connection, first: date, last: date, clinic: str | None = None
) -> int:
    """How many visits are not shown, as the processing of their patients' data is restricted."""
    of = (_RESTRICTED, _RESTRICTED_AT)
    number: int = _in_days(connection, of, first, last, clinic).scalar_one()
    return number


def recorded_visits(connection: Connection, on: date, clinic: str) -> list[RecordedVisit]:
    """The visits of a day that are over: recorded as done, or as missed."""
    rows = connection.execute(_RECORDED, {"day": on.isoformat(), "at": clinic})
    return [RecordedVisit(*one[:3], one.patient_id or ERASED_ID, *one[4:]) for one in rows]


def to_prepare(found: Sequence[DueVisit]) -> ToPrepare:
    """What the visits take in all."""
    injecting = [one.summary for one in found if one.summary.injections]
    vials = [one.vials for one in injecting]
    known = [one for one in vials if one is not None]
    return ToPrepare(
        drawn_ml=sum((Decimal(one.total_drawn_ml or 0) for one in injecting), Decimal(0)),
        vials=sum(known) if len(known) == len(vials) else None,
        syringes=_in_all(one.syringes for one in injecting),
        doses_open=sum(one.total_drawn_ml is None for one in injecting),
        diluted=_diluted(injecting),
        measuring=_in_all(one.measuring for one in injecting),
    )


def _in_all(visits: Iterable[Iterable[tuple[str, int]]]) -> list[dict[str, Any]]:
    """The syringes of some visits, by their size."""
    sizes: Counter[Decimal] = Counter()
    for capacity, number in chain.from_iterable(visits):
        sizes[Decimal(capacity)] += number
    return [{"capacity_ml": size, "count": sizes[size]} for size in sorted(sizes)]


def _diluted(injecting: Sequence[Summary]) -> list[dict[str, Decimal]]:
    """Stock and diluent of the visits whose stock is diluted, by its strength."""
    stock: dict[Decimal, Decimal] = defaultdict(Decimal)
    diluent: dict[Decimal, Decimal] = defaultdict(Decimal)
    for one in injecting:
        if one.stock_mg_per_ml and one.stock_ml and Decimal(one.diluent_ml or 0):
            strength = Decimal(one.stock_mg_per_ml)
            stock[strength] += Decimal(one.stock_ml)
            diluent[strength] += Decimal(one.diluent_ml or 0)
    return [
        {"stock_mg_per_ml": one, "stock_ml": stock[one], "diluent_ml": diluent[one]}
        for one in sorted(stock)
    ]


def is_crowded(opening: Opening, start: str, end: str) -> bool:
    """Whether at some moment of a visit more is taken of a kind than its clinic has."""
    begin, over = (datetime.fromisoformat(one).astimezone(opening.zone) for one in (start, end))
    return any(
        opening.taken(begin, over, kind) > most for kind, most in opening.clinic.capacity.items()
    )


def _openings(connection: Connection, clinics: Iterable[str]) -> dict[str, Opening]:
    """Clinics as they stand, with all that is taken there."""
    places = (read_place(connection, one) for one in dict.fromkeys(clinics))
    return {one.id: Opening(one.clinic, taken_at(connection, one)) for one in places}


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _syringes(capacity: str, number: int) -> dict[str, Any]:
    return {"capacity_ml": Decimal(capacity), "count": number}

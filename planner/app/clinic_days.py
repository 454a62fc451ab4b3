"""A clinic's days: free times, a week with its visits, and what waits to be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, exists, literal_column, select

from planner.app.calls import calls_of, hidden_calls
from planner.app.issued_pages import stale_of
from planner.app.roles import Role, check_may
from planner.app.waiting import could_begin
from planner.core.calendar.availability import Opening
from planner.core.calendar.clinic import OpeningHours, Purpose
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.values.days import LAST_DAY, ONE_DAY
from planner.core.values.said import said
from planner.documents.event_wording import told
from planner.documents.language import Language
from planner.documents.week import DrawnDay, DrawnVisit
from planner.documents.wording import ENGLISH
from planner.errors import InputError, Problem
from planner.store.clinics import Place, read_place
from planner.store.database import Database
from planner.store.day_list import is_crowded
from planner.store.histories import ERASED_ID, read_course
from planner.store.standing import Standing
from planner.store.summary import Summary, purposes_of, read_summary
from planner.store.tables import courses, events, pages, patients, visits
from planner.store.taken_times import taken_at
from planner.store.waiting_list import Waiting, waiting_at

# So far a question for free times may reach.
MOST_DAYS = 366


class WeekVisit(NamedTuple):
    """A visit to come; `is_crowded` where more comes together than the clinic has room for.

    `patient` is the name, or the id where no name is known: for who is signed in, not for a wall.
    """

    course: str
    visit: int
    start: datetime
    end: datetime
    summary: Summary
    is_crowded: bool
    patient: str

    @property
    def purposes(self) -> list[Purpose]:
        """What is done at it, the evaluation first."""
        found: list[Purpose] = ["evaluation"] if self.summary.evaluations else []
        return [*found, "injection"] if self.summary.injections else found

    @property
    def lesions(self) -> list[str]:
        """The lesions that it is of."""
        return list(dict.fromkeys([*self.summary.evaluations, *self.summary.injections]))


class WeekDay(NamedTuple):
    """A day of a clinic: its hours less what closes them, its visits, and how many more fit.

    `room_for` counts injections of one lesion that could still come; `hidden` are visits of
    patients whose data is restricted.
    """

    day: date
    open: tuple[OpeningHours, ...]
    closed_because: str | None
    visits: tuple[WeekVisit, ...]
    room_for: int
    hidden: int


class Week(NamedTuple):
    """Seven days of a clinic, Monday first."""

    place: Place
    days: tuple[WeekDay, ...]


def closed_on(place: Place, on: date) -> str | None:
    """Why a clinic has no visits on a day, or None."""
    opening = Opening(place.clinic, Occupancy())
    return opening.closed(on) if opening.is_known(on) else said("its holidays are not known")


def free_slots(
    database: Database,
    role: Role,
    clinic: str,
    days: tuple[date, date],
    now: datetime,
    *,
    purpose: Purpose = "injection",
    lesions: int = 1,
) -> list[tuple[datetime, datetime]]:
    """The quarter hours of some days, both inclusive, at which such a visit fits; with its end.

    None is before `now` (UTC).
    """
    check_may(role, "read")
    if (days[1] - days[0]).days > MOST_DAYS:
        problem = said("that is over {most_days} days", most_days=MOST_DAYS)
        raise InputError(Problem("to", problem, said("ask for fewer")))
    with database.reading() as connection:
        place = read_place(connection, clinic)
        opening = Opening(place.clinic, taken_at(connection, place))
        stay = opening.stay([purpose] * lesions)
        return [
            opening.placed(start, stay)
            for on in _days(*days)
            for start in opening.starts(on, stay)
            if opening.has_room(start, stay) and opening.placed(start, stay)[0] >= now
        ]


def week_of(database: Database, role: Role, clinic: str, on: date, now: datetime) -> Week:
    """The week of a day; there is room for nothing before `now` (UTC)."""
    check_may(role, "read")
    with database.reading() as connection:
        place = read_place(connection, clinic)
        days = (_week_day(connection, place, one, now) for one in _seven_days(on))
        return Week(place, tuple(days))


def _seven_days(on: date) -> Iterator[date]:
    monday = on - on.weekday() * ONE_DAY
    return _days(monday, min(monday + 6 * ONE_DAY, LAST_DAY))


def _days(first: date, last: date) -> Iterator[date]:
    on = first
    while on <= last:
        yield on
        on += ONE_DAY


def _week_day(connection: Connection, place: Place, on: date, now: datetime) -> WeekDay:
    opening = Opening(place.clinic, taken_at(connection, place))
    because = closed_on(place, on)
    shown, hidden = [], 0
    for row in connection.execute(_of_day(place, on)):
        if row.restricted is not None:
            hidden += 1
            continue
        start, end = (datetime.fromisoformat(one) for one in (row.start, row.end))
        summary = read_summary(row.summary)
        crowded = is_crowded(opening, row.start, row.end)
        patient = row.name or row.patient or ERASED_ID
        shown.append(WeekVisit(row.course, row.number, start, end, summary, crowded, patient))
    shown.sort(key=lambda one: (one.start, one.course))
    spans = () if because else tuple(_open_spans(opening, on))
    room = 0 if because else _room_for(opening, on, now, connection, place)
    return WeekDay(on, spans, because, tuple(shown), room, hidden)


def _of_day(place: Place, on: date) -> Select[Any]:
    return (
        select(
            visits.c.course,
            visits.c.number,
            visits.c.start,
            visits.c.end,
            visits.c.summary,
            patients.c.restricted,
            patients.c.name,
            patients.c.id.label("patient"),
        )
        .join(courses, courses.c.id == visits.c.course)
        .join(patients, patients.c.key == courses.c.patient)
        .where(
            visits.c.clinic == place.id,
            visits.c.day == on.isoformat(),
            visits.c.state == "planned",
        )
    )


def _open_spans(opening: Opening, on: date) -> Iterator[OpeningHours]:
    """The hours of a day without those that are closed."""
    shut = [
        one.hours for one in opening.clinic.closures
        if one.kind is None and one.hours and one.is_on(on)
    ]  # fmt: skip
    for span in opening.clinic.opening[on.weekday()]:
        left = [span]
        for closed in shut:
            left = [part for one in left for part in _less(one, closed)]
        yield from left


def _less(span: OpeningHours, closed: OpeningHours) -> Iterator[OpeningHours]:
    before = OpeningHours(span.start, min(span.end, closed.start))
    after = OpeningHours(max(span.start, closed.end), span.end)
    yield from (one for one in (before, after) if one.start < one.end)


def _room_for(
    opening: Opening, on: date, now: datetime, connection: Connection, place: Place
) -> int:
    """How many injections of one lesion would still fit from `now` on, one after the other."""
    stay = opening.stay(["injection"])
    rows = connection.execute(_of_day(place, on)).all()
    taken = Occupancy(
        Busy(
            datetime.fromisoformat(row.start),
            datetime.fromisoformat(row.end),
            opening.stay(purposes_of(read_summary(row.summary))).takes,
        )
        for row in rows
    )
    around, found = Opening(opening.clinic, taken), 0
    coming = (one for one in around.starts(on, stay) if around.placed(one, stay)[0] >= now)
    for start in coming:
        while around.has_room(start, stay):
            taken.add(Busy(*around.placed(start, stay), stay.takes))
            found += 1
            if not any(stay.takes.values()):
                return found
    return found


def week_json(week: Week) -> dict[str, Any]:
    """A week as programs read it."""
    return {"clinic": week.place.id, "days": [_day_json(one) for one in week.days]}


def _day_json(one: WeekDay) -> dict[str, Any]:
    open_ = [[f"{at:%H:%M}" for at in span] for span in one.open]
    shown = {"date": one.day, "open": open_, "closed_because": one.closed_because}
    rest = {"room_for": one.room_for, "hidden": one.hidden}
    return shown | rest | {"visits": [_visit_json(each) for each in one.visits]}


def _visit_json(one: WeekVisit) -> dict[str, Any]:
    times = {"start": one.start.isoformat(), "end": one.end.isoformat()}
    what = {"purposes": one.purposes, "lesions": one.lesions, "crowded": one.is_crowded}
    return {"course": one.course, "visit": one.visit} | times | what


class Work(NamedTuple):
    """What waits at a clinic on a day, each a list of what programs read.

    `could_come_earlier` are courses of the waiting list that there is room for; `hidden_to_tell`
    counts visits that moved of patients whose data is restricted, and who were not told.
    """

    overdue: list[dict[str, Any]]
    held: list[dict[str, Any]]
    to_confirm: list[dict[str, Any]]
    without_day: list[dict[str, Any]]
    evaluations_due: list[dict[str, Any]]
    stale_pages: list[dict[str, Any]]
    waiting: list[dict[str, Any]]
    answered_by_nurses: list[dict[str, Any]]
    to_tell: list[dict[str, Any]]
    could_come_earlier: list[dict[str, Any]]
    hidden_to_tell: int


def work_of(
    database: Database,
    role: Role,
    clinic: str,
    now: datetime,
    *,
    on: date | None = None,
    say: Language = ENGLISH,
) -> Work:
    """What waits at a clinic on a day, today where none is named.

    Overdue is a visit before that day that nobody recorded; an evaluation is due on that day or
    before it. `now` is in UTC; today is the clinic's.
    """
    check_may(role, "read")
    with database.reading() as connection:
        place = read_place(connection, clinic)
        wall = place.clinic.wall_clock(now)
        on = on or wall.date()
        coming = _coming(connection, place, on)
        heads = _heads(connection, place)
        return Work(
            overdue=[_visit(one) for one in coming if one.day and one.day < on.isoformat()],
            held=list(_held(connection, place)),
            to_confirm=[{"course": one.id, "findings": one.waits} for one in heads if one.waits],
            without_day=[_visit(one) for one in coming if one.day is None],
            evaluations_due=[
                _visit(one) for one in coming if one.day and read_summary(one.summary).evaluations
            ],
            stale_pages=list(stale_pages_at(connection, place)),
            waiting=[_waiting(one) for one in waiting_at(connection, place.id)],
            answered_by_nurses=[
                _to_see(connection, one.id, one.to_see, say) for one in heads if one.to_see
            ],
            to_tell=[
                {"course": one.course, "visit": one.visit, "was": one.was, "now": one.to}
                for one in calls_of(connection, place)
            ],
            could_come_earlier=[
                {"course": course, "first_visit": start}
                for course, start in could_begin(connection, place, wall)
            ],
            hidden_to_tell=hidden_calls(connection, place),
        )


def _to_see(connection: Connection, course: str, number: int, say: Language) -> dict[str, Any]:
    """What somebody entered that a physician has to see, in words."""
    entry = read_course(connection, course).entries[number - 1]
    words = "; ".join((told(entry.event, say), *map(say.sentence, entry.answered)))
    return {"course": course, "event": number, "by": entry.by, "said": words}


def _coming(connection: Connection, place: Place, on: date) -> Sequence[Any]:
    """The visits up to a day that are not recorded, and those without one."""
    query = (
        select(visits.c.course, visits.c.number, visits.c.day, visits.c.start, visits.c.summary)
        .join(courses, courses.c.id == visits.c.course)
        .join(patients, patients.c.key == courses.c.patient)
        .where(
            visits.c.clinic == place.id,
            visits.c.state == "planned",
            (visits.c.day <= on.isoformat()) | visits.c.day.is_(None),
            patients.c.restricted.is_(None),
        )
        .order_by(visits.c.day, visits.c.start, visits.c.course, visits.c.number)
    )
    return connection.execute(query).all()


def _heads(connection: Connection, place: Place) -> Sequence[Any]:
    query = (
        select(courses)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, patients.c.restricted.is_(None))
        .where(((courses.c.waits > 0) & (courses.c.status != "ended")) | (courses.c.to_see > 0))
        .order_by(courses.c.id)
    )
    return connection.execute(query).all()


def _held(connection: Connection, place: Place) -> Iterator[dict[str, Any]]:
    """The courses that have lesions on hold, all or some, each with these."""
    # Said as the index says it; a parameter would not be seen to be the same.
    is_hold = events.c.kind == literal_column("'held'")
    query = (
        select(courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, patients.c.restricted.is_(None))
        .where(courses.c.status != "ended")
        .where(exists().where(events.c.course == courses.c.id, is_hold))
        .order_by(courses.c.id)
    )
    for (course,) in connection.execute(query).all():
        held = Standing.of(read_course(connection, course)).state.held
        if held:
            yield {"course": course, "lesions": [*held]}


def _visit(row: Any) -> dict[str, Any]:
    return {"course": row.course, "visit": row.number, "start": row.start}


def _waiting(one: Waiting) -> dict[str, Any]:
    return {"course": one.course.id, "not_before": one.not_before, "by_date": one.by_date}


def stale_pages_at(connection: Connection, place: Place) -> Iterator[dict[str, Any]]:
    """The courses of a clinic that have stale pages out, each with them by their names."""
    for course in courses_with_later_events(connection, place):
        standing = Standing.of(read_course(connection, course))
        stale = stale_of(standing)
        if stale:
            yield {
                "course": course,
                "pages": [{"page": one.page, "code": one.code} for one in stale],
            }


def courses_with_later_events(connection: Connection, place: Place) -> list[str]:
    """The courses of which something happened since their papers were made last."""
    cancelled = select(visits.c.course).where(visits.c.state == "cancelled")
    query = (
        select(courses.c.id, courses.c.events, pages.c.event)
        .join(pages, pages.c.course == courses.c.id)
        .join(patients, patients.c.key == courses.c.patient)
        .where(courses.c.clinic == place.id, patients.c.restricted.is_(None))
        .where(patients.c.erased.is_(None))
        .where((courses.c.status != "ended") | courses.c.id.in_(cancelled))
    )
    last: dict[str, tuple[int, int]] = {}
    for course, there, event in connection.execute(query):
        last[course] = there, max(event, last.get(course, (0, 0))[1])
    return sorted(course for course, (there, event) in last.items() if there > event)


def drawn_days(week: Week) -> list[DrawnDay]:
    """A week as it is drawn."""
    return [_drawn_day(one) for one in week.days]


def _drawn_day(one: WeekDay) -> DrawnDay:
    drawn = [_drawn_visit(each) for each in one.visits]
    return DrawnDay(one.day, one.open, one.closed_because, drawn, one.room_for)


def _drawn_visit(one: WeekVisit) -> DrawnVisit:
    return DrawnVisit(one.course, one.visit, one.start, one.end, _what(one), one.is_crowded)


def _what(one: WeekVisit) -> str:
    """`\u2194 A  \u2193 A, B`: measured, injected, in few letters."""
    kinds = (("\u2194", one.summary.evaluations), ("\u2193", one.summary.injections))
    return "  ".join(f"{sign} {', '.join(lesions)}" for sign, lesions in kinds if lesions)

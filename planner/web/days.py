"""The clinic's day, its week, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from flask import redirect, request, url_for
from werkzeug import Response

from planner.app.auditing import note_seen
from planner.app.clinic_days import (
    Week,
    WeekDay,
    WeekVisit,
    Work,
    closed_on,
    week_json,
    week_of,
    work_of,
)
from planner.app.queries import day_listed, day_recorded
from planner.app.roles import may
from planner.core.values.days import FIRST_DAY, LAST_DAY, ONE_DAY
from planner.core.values.said import said
from planner.documents.language import msgid
from planner.documents.wording import ENGLISH, state_words
from planner.errors import NotFoundError, Problem
from planner.files.fields import FieldError, check_date
from planner.web.routes import Pages
from planner.web.show import say, show, show_json
from planner.web.visitor import author, database, now, place, role, wall, wants_json

pages = Pages()
_QUARTERS = 4


def day_of(text: str) -> date:
    """The day of an address. Raises NotFoundError for what is none."""
    try:
        return check_date(text)
    except FieldError as error:
        raise NotFoundError(Problem("", said("There is no such day."))) from error


@pages.page("/", may=None, of_clinic=True)
def home() -> Response:
    """The clinic's day; for who sees no courses, the clinic."""
    if may(role(), "read"):
        return day_page(wall().date())
    return redirect(url_for("clinic"), 303)


@pages.page("/day/<on>", may="read", of_clinic=True)
def day(on: str = "") -> Response:
    """A day of the clinic."""
    return day_page(day_of(on) if on else wall().date())


def day_page(on: date, problems: Sequence[Problem] = ()) -> Response:
    """A day of the clinic: who comes when, for what, and what to prepare."""
    there = place()
    if there is None:
        return _no_clinic()
    found = day_listed(database(), role(), there.id, on)
    note_seen(database(), author(), f"read day {on}")
    if wants_json():
        visits = [one.shown for one in found.visits]
        prepared = {"visits": visits, "prepare": found.prepare}
        return show_json({"clinic": there.id, "date": on, **prepared})
    return show(
        "day.html.j2",
        422 if problems else 200,
        problems=problems,
        sought=request.args.get("date", ""),
        on=on,
        found=found,
        recorded=[
            (one, state_words(one.state, say()))
            for one in day_recorded(database(), role(), there.id, on)
        ],
        before=_before(on),
        after=_after(on),
        closed=closed_on(there, on),
    )


def _no_clinic() -> Response:
    """What there is to see before the register has a clinic."""
    if wants_json():
        raise NotFoundError(Problem("clinic", said("the register has none")))
    return show("no-clinic.html.j2")


def _before(on: date) -> date:
    return max(FIRST_DAY, on - ONE_DAY)


def _after(on: date) -> date:
    return min(LAST_DAY, on + ONE_DAY)


class DrawnPlace(NamedTuple):
    """A visit of a week with its place in the day's grid, counted in quarter hours from 1."""

    visit: WeekVisit
    start: int
    length: int
    lane: int


class DayColumn(NamedTuple):
    """A day of a week as it is shown: its visits in lanes, and the stretches that are closed."""

    day: WeekDay
    visits: Sequence[DrawnPlace]
    lanes: int
    closed: Sequence[tuple[int, int]]


@pages.page("/week/<on>", may="read", of_clinic=True)
def week(on: str = "") -> Response:
    """A week of the clinic: hours by days."""
    there = place()
    if there is None:
        return _no_clinic()
    wanted = day_of(on) if on else wall().date()
    found = week_of(database(), role(), there.id, wanted, now())
    note_seen(database(), author(), f"read week {wanted}")
    if wants_json():
        return show_json(week_json(found))
    first, last = hours_of(found)
    columns = [_column(one, first, last) for one in found.days]
    monday = found.days[0].day
    return show(
        "week.html.j2",
        columns=columns,
        hours=list(range(first, last)),
        before=max(FIRST_DAY, monday - 7 * ONE_DAY),
        after=min(LAST_DAY, monday + 7 * ONE_DAY),
    )


def hours_of(found: Week) -> tuple[int, int]:
    """From the first hour at which a day opens, or somebody comes, to the last one."""
    spans = [span for spans in found.place.clinic.opening for span in spans]
    visits = [visit for one in found.days for visit in one.visits]
    starts = [span.start.hour for span in spans] + [one.start.hour for one in visits]
    ends = [_up(span.end.hour, span.end.minute) for span in spans]
    ends += [_up(one.end.hour, one.end.minute) for one in visits]
    return min(starts, default=8), max(ends, default=16)


def _up(hour: int, minute: int) -> int:
    return hour + (minute > 0)


def _column(one: WeekDay, first: int, last: int) -> DayColumn:
    placed: list[DrawnPlace] = []
    ends: list[datetime] = []
    for visit in one.visits:
        lane = next((n for n, end in enumerate(ends) if end <= visit.start), len(ends))
        ends[lane : lane + 1] = [visit.end]
        start = _quarter(visit.start, first)
        length = max(1, -(-int((visit.end - visit.start).total_seconds()) // 900))
        placed.append(DrawnPlace(visit, start, length, lane + 1))
    return DayColumn(one, placed, max(1, len(ends)), list(_closed(one, first, last)))


def _quarter(at: Any, first: int) -> int:
    hours: int = at.hour - first
    quarter: int = at.minute // 15
    return hours * _QUARTERS + quarter + 1


def _closed(one: WeekDay, first: int, last: int) -> Sequence[tuple[int, int]]:
    """The stretches of a day at which the clinic is closed: where each starts, and how long."""
    found, since = [], 1
    for span in one.open:
        start = _quarter(span.start, first)
        if start > since:
            found.append((since, start - since))
        since = _quarter(span.end, first)
    end = (last - first) * _QUARTERS + 1
    return [*found, (since, end - since)] if since < end else found


@pages.page("/tasks", may="read", of_clinic=True)
def tasks() -> Response:
    """What waits at the clinic."""
    there = place()
    if there is None:
        return _no_clinic()
    words = ENGLISH if wants_json() else say()
    found = work_of(database(), role(), there.id, now(), say=words)
    note_seen(database(), author(), "read tasks")
    if wants_json():
        return show_json(found._asdict())
    return show("tasks.html.j2", work=found, lists=LISTS)


# What waits, each with its title, in the order of what hurts most.
LISTS: tuple[tuple[str, str], ...] = (
    ("to_confirm", msgid("To confirm: a physician decides")),
    ("answered_by_nurses", msgid("Entered by nurses: a physician looks at it")),
    ("overdue", msgid("Overdue: not recorded")),
    ("without_day", msgid("Without a day")),
    ("held", msgid("Held")),
    ("to_tell", msgid("Moved: tell the patient")),
    ("stale_pages", msgid("Stale pages: print anew")),
    ("evaluations_due", msgid("Evaluations due")),
    ("waiting", msgid("On the waiting list")),
)
# What the page says in its own way.
_OTHERS = {"could_come_earlier", "hidden_to_tell"}
assert {name for name, _ in LISTS} | _OTHERS == {*Work._fields}


@pages.page("/go", may="read")
def go() -> Response:
    """To a day that somebody typed."""
    typed = request.args.get("date", "").strip()
    try:
        wanted = check_date(typed)
    except FieldError as error:
        return day_page(wall().date(), [Problem("date", error.problem, error.fix)])
    which = "week" if request.args.get("view") == "week" else "day"
    return redirect(url_for(which, on=wanted), 303)

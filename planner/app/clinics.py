"""A clinic of the register: its file put, its days closed and opened, all its courses with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from planner.app.asked import Asked, check_answered
from planner.app.auditing import note_change
from planner.app.courses import write_steps
from planner.app.places import put_change
from planner.app.planning import NamedFile, read_clinic
from planner.app.rearranging import Outcome, VisitMoved, rearranged
from planner.app.roles import Author, Role, check_may
from planner.core.calendar.clinic import Clinic, Closure, OpeningHours
from planner.core.calendar.closure_ranges import closed_besides
from planner.core.plan.findings import CODES
from planner.core.values.days import LAST_DAY
from planner.core.values.formatting import count, listing, shown_moment
from planner.core.values.said import Said, joined, said
from planner.errors import MovedOnError, Problem, RefusedError, located
from planner.store.clinics import (
    CLOSED,
    OPENED,
    PUT,
    ClinicChange,
    ClinicEvent,
    Place,
    add_event,
    all_places,
    find_place,
    is_same_file,
    read_place,
    said_of,
    with_years,
)
from planner.store.database import Database, lock_additions, lock_clinic
from planner.store.stored_inputs import (
    Stored,
    read_input,
    store_clinic,
    with_holidays_of,
    years_from,
)

_ALL_DAYS = (date(2000, 1, 1), LAST_DAY)


class ClinicChanged(NamedTuple):
    """What a change of a clinic led to, or would, and what it asks."""

    clinic: str
    version: int
    outcome: Outcome
    is_written: bool
    asked: Sequence[Asked] = ()


NOTHING = Outcome()
_HAPPENED = {
    PUT: said("the clinic's file"),
    CLOSED: said("closed"),
    OPENED: said("opened again"),
}
# Named nowhere, they would come to a closed clinic if nobody heard that there are any.
HIDDEN = said("moved of patients whose data is restricted")


def clinics_listed(database: Database, role: Role) -> Sequence[Place]:
    """All clinics of the register."""
    check_may(role, "clinic-read")
    with database.reading() as connection:
        return all_places(connection)


def clinic_shown(database: Database, role: Role, clinic: str) -> Place:
    """A clinic as it stands. Raises RefusedError for an unknown one."""
    check_may(role, "clinic-read")
    with database.reading() as connection:
        return read_place(connection, clinic)


def put_clinic(
    database: Database, file: NamedFile, author: Author, *, is_dry: bool = False
) -> ClinicChanged:
    """A clinic's first file, or the next one: what no longer fits is laid out anew.

    Raises InputError for a file that is wrong, RefusedError for another time zone, AskedError with
    all that it moves and nobody confirmed; then nothing is written.
    """
    check_may(author.role, "clinic-put")
    clinic = read_clinic(file, None, years_from(author.now.year))
    stated = store_clinic(file.content, None, clinic)

    def new_place(connection: Connection, place: Place | None) -> Place:
        with located(file.name):
            if place is None:
                return _first(connection, clinic, stated)
            return _next(connection, place, clinic, stated)

    def change(connection: Connection, place: Place | None) -> ClinicChange:
        return put_change(connection, _with_known_years(connection, place, stated), author)

    def asked(connection: Connection, place: Place | None) -> Iterator[Asked]:
        return _older(connection, place, stated)

    changing = _Changing(database, clinic.id, author, new_place, change, asked)
    return changing.made(_ALL_DAYS, is_dry=is_dry)


def close_clinic(
    database: Database, clinic: str, closure: Closure, author: Author, *, is_dry: bool = False
) -> ClinicChanged:
    """Close a clinic for some days, or hours of them, or let it have less of a kind.

    Raises NotFoundError for an unknown one, RefusedError where that is so already, AskedError as
    `put_clinic`.
    """
    check_may(author.role, "clinic-days")

    def new_place(connection: Connection, place: Place | None) -> Place:
        there = place or read_place(connection, clinic)
        _check_closure(there, closure)
        return there._replace(clinic=closed_besides(there.clinic, [closure]))

    def change(_connection: Connection, _place: Place | None) -> ClinicChange:
        return ClinicChange(author.now, author.name, author.reason, CLOSED, said_of(closure))

    changing = _Changing(database, clinic, author, new_place, change)
    return changing.made((closure.first, closure.last), is_dry=is_dry)


def open_clinic(
    database: Database,
    clinic: str,
    days: tuple[date, date],
    author: Author,
    *,
    is_dry: bool = False,
) -> ClinicChanged:
    """Take back what closes a clinic, besides its file, on some days, both inclusive.

    Raises NotFoundError for an unknown one, RefusedError where nothing but its file closes it then.
    """
    check_may(author.role, "clinic-days")

    def new_place(connection: Connection, place: Place | None) -> Place:
        return _to_open(place or read_place(connection, clinic), *days)

    def change(_connection: Connection, _place: Place | None) -> ClinicChange:
        stated = dict(zip(("from", "to"), (one.isoformat() for one in days), strict=True))
        return ClinicChange(author.now, author.name, author.reason, OPENED, stated)

    changing = _Changing(database, clinic, author, new_place, change)
    # To open a day moves nobody; and what was not recorded is no matter of it.
    return changing.made(None, is_dry=is_dry)


class _Changing(NamedTuple):
    """A change of a clinic: how it stands then, and the event that says so."""

    database: Database
    clinic: str
    author: Author
    new_place: Callable[[Connection, Place | None], Place]
    change: Callable[[Connection, Place | None], ClinicChange]
    asked: Callable[[Connection, Place | None], Iterator[Asked]] = lambda _c, _p: iter(())

    def made(self, days: tuple[date, date] | None, *, is_dry: bool) -> ClinicChanged:
        """What it leads to on some days; written, unless it is dry."""
        with self.database.reading() as connection:
            seen = find_place(connection, self.clinic)
            if is_dry:
                return self._led_to(connection, seen, days, is_written=False)
        with self.database.writing() as connection:
            lock_additions(connection)
            place = find_place(connection, self.clinic)
            _check_not_moved_on(self.clinic, seen, place)
            # First the courses, then the clinic: so do all others who change a course of it.
            led = self._led_to(connection, place, days, is_written=True)
            lock_clinic(connection, self.clinic)
            check_answered(led.asked, self.author)
            change = self.change(connection, place)
            add_event(connection, place, self.clinic, change)
            note_change(connection, self.author, f"clinic {change.kind}: {self.clinic}")
            for standing, step in led.outcome.steps:
                write_steps(connection, standing, [step])
                note_change(connection, self.author, "rearranged", standing.record.course)
            return led._replace(version=read_place(connection, self.clinic).version)

    def _led_to(
        self,
        connection: Connection,
        place: Place | None,
        days: tuple[date, date] | None,
        *,
        is_written: bool,
    ) -> ClinicChanged:
        after = self.new_place(connection, place)
        outcome = NOTHING
        if place is not None and days is not None:
            outcome = rearranged(connection, place, after, self.author, days)
        asked = (*self.asked(connection, place), *asked_of(outcome, self.author.role))
        return ClinicChanged(self.clinic, after.version, outcome, is_written, asked)


def _first(connection: Connection, clinic: Clinic, stated: Stored) -> Place:
    """A clinic that is new. Raises RefusedError where one of its name has another id."""
    there = all_places(connection)
    for one in (place for place in there if _is_called(place, clinic.name)):
        problem = said("the register has {name} as {id}", name=clinic.name, id=one.id)
        raise RefusedError(
            Problem("id", problem, said('write id = "{id}", or another name', id=one.id))
        )
    return Place(clinic.id, 1, stated.sha256, (), clinic)


def _is_called(place: Place, name: str) -> bool:
    return bool(name) and place.clinic.name.casefold() == name.casefold()


def _next(connection: Connection, place: Place, clinic: Clinic, stated: Stored) -> Place:
    """A clinic with its next file. Raises RefusedError where that changes nothing, or its zone."""
    if is_same_file(_file_of(connection, place.input), stated):
        problem = said(
            "it is version {version} of clinic {id} already", version=place.version, id=clinic.id
        )
        raise RefusedError(Problem("", problem, said("nothing was changed")))
    if clinic.timezone != place.clinic.timezone:
        problem = said(
            "clinic {id} is in the zone {timezone}", id=clinic.id, timezone=place.clinic.timezone
        )
        raise RefusedError(Problem("timezone", problem, said("give it another id")))
    stored = _with_known_years(connection, place, stated)
    standing = closed_besides(with_holidays_of(stored, clinic), place.closures)
    return Place(clinic.id, place.version + 1, stored.sha256, place.events, standing)


def _older(connection: Connection, place: Place | None, stated: Stored) -> Iterator[Asked]:
    """Whether a file is one that the clinic had before."""
    for event in place.events[:-1] if place else ():
        is_file = event.kind == PUT
        if is_file and is_same_file(_file_of(connection, event.said["input"]), stated):
            text = said("it is what the clinic had before (event {n})", n=event.number)
            yield Asked.of_fact("older-version", "", text, said("is it the newest file?"))


def _with_known_years(connection: Connection, place: Place | None, stated: Stored) -> Stored:
    return stated if place is None else with_years(stated, _file_of(connection, place.input))


def _file_of(connection: Connection, sha256: str) -> Stored:
    return Stored("clinic", read_input(connection, sha256))


def _to_open(place: Place, first: date, last: date) -> Place:
    """A clinic that is closed then by more than its file. Raises RefusedError where it is not."""
    if any(_meets(one, first, last) for one in place.closures):
        return place
    is_by_file = any(_meets(one, first, last) for one in place.clinic.closures)
    problem = said("its file closes it") if is_by_file else said("it is not closed then")
    fix = said("put a file without that") if is_by_file else said("see its closures")
    raise RefusedError(Problem("on", problem, fix))


def _meets(closure: Closure, first: date, last: date) -> bool:
    return closure.first <= last and first <= closure.last


def _check_closure(place: Place, closure: Closure) -> None:
    """Refuse what is closed already, and less of a kind than there is."""
    if closure.kind is not None:
        most = place.clinic.capacity.get(closure.kind)
        if most is None:
            kinds = joined([said(one) for one in place.clinic.capacity])
            problem = said("the clinic does not count its {kind}", kind=said(closure.kind))
            raise RefusedError(Problem("kind", problem, said("it counts {kinds}", kinds=kinds)))
        if closure.less > most:
            problem = said("it has {most} {kind}", most=most, kind=said(closure.kind))
            raise RefusedError(Problem("less", problem, said("give at most so many")))
    if any(_covers(one, closure) for one in place.closures):
        raise RefusedError(
            Problem("on", said("it is closed so already"), said("nothing was changed"))
        )


def _covers(there: Closure, one: Closure) -> bool:
    """Whether a closure closes all that another one would."""
    is_inside = there.first <= one.first and one.last <= there.last
    if one.kind is not None:
        return is_inside and there == one
    return is_inside and there.kind is None and _has_hours(there.hours, one.hours)


def _has_hours(there: OpeningHours | None, hours: OpeningHours | None) -> bool:
    """Whether all of some hours lie in others; None is the whole day."""
    if there is None or hours is None:
        return there is None
    return there.start <= hours.start and hours.end <= there.end


def _check_not_moved_on(clinic: str, seen: Place | None, now: Place | None) -> None:
    """Refuse to change what somebody else changed since it was looked at."""
    before, after = (len(one.events) if one else 0 for one in (seen, now))
    if before == after or now is None:
        return
    new = joined([_happened(one) for one in now.events[before:]], "; ")
    problem = said("somebody else changed it just now ({new})", new=new)
    raise MovedOnError(Problem(clinic, problem, said("look at it again and repeat the change")))


def _happened(one: ClinicEvent) -> str:
    """What somebody did to a clinic: `closed by A. Holm: painters`."""
    by = said("{what} by {name}", what=_HAPPENED[one.kind], name=one.by)
    return joined([by, one.reason], ": ") if one.reason else by


def asked_of(outcome: Outcome, role: Role) -> Iterator[Asked]:
    """What has to be said yes to: each move, each visit without a day, each other draw-up.

    To an administrator, who reads no courses, they are numbers.
    """
    if role == "administrator":
        yield from _asked_by_number(outcome)
    else:
        yield from _asked_one_by_one(outcome)


def _asked_by_number(outcome: Outcome) -> Iterator[Asked]:
    for code, number in _hindered(outcome).items():
        text = said(
            "{meaning} ({courses})", meaning=said(CODES[code]), courses=count(number, "course")
        )
        yield Asked.of_fact(code, "", text, said("their papers are not made then"))
    for there, what in _told_of(outcome):
        text = _how_many(len(there), what)
        yield Asked.of_fact("visits-move", "", text, said("let them be told"))


def _hindered(outcome: Outcome) -> Counter[str]:
    """Of how many courses the papers wait for what, by its code."""
    return Counter(code for _, code in {(course, one.code) for course, one in outcome.hinders})


def _told_of(outcome: Outcome) -> Iterator[tuple[Sequence[object], str]]:
    """Each kind of what a change leads to, as far as there is any, in words."""
    told = (
        (outcome.moves, said("moved")),
        (outcome.without_day, said("without a day")),
        (outcome.draw_ups, said("drawn up anew")),
        (outcome.unrecorded, said("not recorded")),
        (range(outcome.hidden), HIDDEN),
    )
    yield from ((there, what) for there, what in told if there)


def _asked_one_by_one(outcome: Outcome) -> Iterator[Asked]:
    for course, hinders in outcome.hinders:
        text = said("course {course}: {finding}", course=course, finding=hinders.alone)
        yield Asked.of_fact(hinders.code, "", text, said("its papers are not made then"))
    for course, visit, when in outcome.unrecorded:
        text = said(
            "course {course}, visit {n} on {start} was not recorded",
            course=course,
            n=visit,
            start=shown_moment(when),
        )
        yield Asked.of_fact("not-recorded", "", text, said("record it first"))
    for one in outcome.moves:
        text = said(
            "course {course}, visit {n}: {first} to {second}",
            course=one.course,
            n=one.visit,
            first=shown_moment(one.stood),
            second=shown_moment(one.to) if one.to else said("no day"),
        )
        yield Asked.of_fact("visit-moves", "", text, said("tell the patient"))
    if outcome.hidden:
        yield Asked.of_fact("visits-move", "", _how_many(outcome.hidden, HIDDEN), said("tell them"))
    for one in outcome.without_day:
        text = said(
            "course {course}, visit {n} on {start} (due {due}) finds no day",
            course=one.course,
            n=one.visit,
            start=shown_moment(one.stood),
            due=one.due,
        )
        free = listing([shown_moment(each) for each in one.choices], "or")
        fix = said("free: {free}", free=free) if free else said("see the course")
        yield Asked.of_fact("no-open-day", "", text, fix)
    for drawn in outcome.draw_ups:
        text = said(
            "course {course}, visit {n}: {was}, then {now}",
            course=drawn.course,
            n=drawn.visit,
            was=drawn.was,
            now=drawn.now,
        )
        yield Asked.of_fact("drawn-up-anew", "", text, said("print its papers anew"))


def _how_many(visits: int, what: str) -> Said:
    return said("{visits} {what}", visits=count(visits, "visit"), what=what)


def changed_json(made: ClinicChanged, role: Role) -> dict[str, Any]:
    """What a change led to, as programs read it; to an administrator in numbers."""
    outcome = made.outcome
    if role == "administrator":
        told = {what.replace(" ", "_"): len(there) for there, what in _told_of(outcome)}
        numbers = {"visits": told, "findings": _hindered(outcome)}
        return {"clinic": made.clinic, "version": made.version} | numbers
    return {
        "clinic": made.clinic,
        "version": made.version,
        "moves": [_move_json(one) for one in outcome.moves],
        "without_day": [_without_json(one) for one in outcome.without_day],
        "draw_ups": outcome.draw_ups,
        "not_recorded": [
            {"course": course, "visit": visit, "start": when}
            for course, visit, when in outcome.unrecorded
        ],
        "findings": [
            {"course": course, "code": one.code, "message": one.alone}
            for course, one in outcome.hinders
        ],
        "hidden": outcome.hidden,
    }


def _move_json(one: VisitMoved) -> dict[str, Any]:
    return {"course": one.course, "visit": one.visit, "from": one.stood, "to": one.to}


def _without_json(one: VisitMoved) -> dict[str, Any]:
    due = {"course": one.course, "visit": one.visit, "due": one.due}
    return due | {"from": one.stood, "free": list(one.choices)}


def summary_line(made: ClinicChanged) -> str:
    """`version 2; 3 visits move, 1 without a day`."""
    parts = (_how_many(len(there), what) for there, what in _told_of(made.outcome))
    hindered = (f"{code} of {count(n, 'course')}" for code, n in _hindered(made.outcome).items())
    return "; ".join((f"version {made.version}", *parts, *hindered))

"""The waiting list of a clinic: who waits, and first days for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache, partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from planner.app.asked import Asked, AskedError, check_answered, check_may_answer, confirmation
from planner.app.auditing import note_change
from planner.app.changing import Step
from planner.app.clinics import ClinicChanged, asked_of
from planner.app.courses import begun, check_new, write_steps
from planner.app.one_patient import check_not_dead, known_patient, running_beside, states_of
from planner.app.planning import NamedFile, check_can_be_issued, protocol_named
from planner.app.rearranging import Outcome, moves_of, step_to
from planner.app.roles import Author, Role, check_may
from planner.core.calendar.availability import Opening
from planner.core.calendar.occupancy import Busy, Occupancy, OccupancyByDay
from planner.core.followup.booking import Wanted, as_movables, booked, first_visit_of, narrowed
from planner.core.followup.displaced import (
    Displaced,
    Surroundings,
    coming_visits,
    displaced,
    is_first,
    may_make_room,
)
from planner.core.followup.events import Rearrangement
from planner.core.plan.course import Confirmation, Course
from planner.core.plan.findings import Finding, hindering
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.core.roster.by_days import laid_out_by_days
from planner.core.roster.laying_out import Distance, Movable
from planner.core.values.days import LAST_DAY, ONE_DAY
from planner.core.values.formatting import shown_day
from planner.core.values.said import joined, said
from planner.documents.printable import check_printable, course_texts, typed_texts
from planner.errors import (
    InputError,
    NotAllowedError,
    NotConfirmedError,
    NotFoundError,
    PlannerError,
    Problem,
    RefusedError,
    ServiceError,
    located,
)
from planner.files.fields import shown
from planner.store.clinics import Place, read_place
from planner.store.database import Database, lock_additions, lock_clinic
from planner.store.histories import find_patient, read_course
from planner.store.standing import Standing, check_not_restricted
from planner.store.stored_inputs import keep_input, protocol_of, read_input, store_protocol
from planner.store.tables import courses, pages, patients, visits
from planner.store.taken_times import beside_others, taken_at
from planner.store.waiting_list import (
    Waiting,
    add_waiting,
    find_waiting,
    remove_waiting,
    waiting_at,
)

# So far ahead a first day is looked for where nobody says by when.
HORIZON_DAYS = 120
# On so many first days in all those who make room may need others to make room for them, over the
# days of so many rings of visits: each takes seconds.
MOST_FURTHER, RINGS = 12, 2


class FirstDays(NamedTuple):
    """When a first visit may be, both days inclusive; None where nobody said."""

    first: date | None = None
    last: date | None = None


class Listed(NamedTuple):
    """A course that waits, or would, and the findings that a physician has to confirm of it."""

    waiting: Waiting
    findings: tuple[Finding, ...]

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The findings as questions."""
        return tuple(map(Asked.of_finding, self.findings))


class Booked(NamedTuple):
    """Courses that got their days, those that wait on, and whose visits made room: `changed`.

    `kept` says of some that wait on what keeps them there, which no room helps against.
    """

    changed: ClinicChanged
    courses: tuple[tuple[str, datetime], ...]
    waiting: tuple[str, ...]
    kept: Mapping[str, str]
    # Whether a search for room was given up: too many visits cross for what is installed.
    is_given_up: bool


def wait_for(
    database: Database,
    clinic: str,
    file: NamedFile,
    author: Author,
    bounds: FirstDays,
    *,
    is_dry: bool = False,
) -> Listed:
    """Put a course on a clinic's waiting list; its first visit may be left out of its file.

    What an author confirms of its findings waits with it. A dry one writes nothing: it is looked
    at, and asks nothing.

    Raises InputError for a file that is wrong, NotConfirmedError where its plan has errors,
    AskedError with its findings that nobody confirmed, NotAllowedError where it has any, or a word
    for one, and the author is no physician; RefusedError where the register knows its patient
    otherwise, or as dead.
    """
    check_may(author.role, "waiting")
    with database.writing() as connection:
        lock_additions(connection)
        place = read_place(connection, clinic)
        today = place.clinic.wall_clock(author.now).date()
        if bounds.last is not None and bounds.last < today:
            problem = said("{last} is over", last=shown_day(bounds.last))
            raise InputError(Problem("by_date", problem, said("name a day to come")))
        listed, content = _read(file, place, author, bounds)
        one = listed.waiting
        check_new(connection, one.course.id)
        if there := known_patient(connection, one.course):
            check_not_dead(states_of(connection, there))
        if is_dry:
            return listed
        check_answered(listed.asked, author)
        kept = keep_input(connection, store_protocol(content))
        add_waiting(connection, one._replace(protocol=kept))
        note_change(connection, author, "put on the waiting list", one.course.id)
        waits = waiting_at(connection, place.id)
        # The stored places are in the order of all lists of the register, with gaps.
        return Listed(waits[-1]._replace(place=len(waits)), ())


def _read(file: NamedFile, place: Place, author: Author, bounds: FirstDays) -> tuple[Listed, bytes]:
    from planner.files.course import course_from

    table = file.table()
    protocol, content = protocol_named(table, file)
    now = place.clinic.wall_clock(author.now)
    with located(file.name):
        dated = _with_first_visit(table, place, now)
        course = course_from(dated, protocol, ZoneInfo(place.clinic.timezone))
        check_printable(course_texts(course))
    if course.confirmations and author.role != "physician":
        problem = said("a {role} brings no physician's word", role=said(author.role))
        fix = said("leave it out, or ask a physician to put the course on the list")
        raise NotAllowedError(Problem("confirm", problem, fix))
    earliest = max(now, datetime.combine(bounds.first or now.date(), time()))
    start = _any_start(course, protocol, place, earliest)
    found = _to_confirm(course, protocol, place, start)
    check_may_answer(map(Asked.of_finding, found), author)
    course = _confirmed(course, start, [confirmation(one, author) for one in found])
    has_hour = "first_visit" in table
    one = Waiting(course, place.id, 0, author.now, author.name, "", has_hour, *bounds)
    later = start.date() - course.first_visit.date()
    # By the days of the file, as its confirmations name them.
    findings = tuple(one._replace(due=one.due and one.due - later) for one in found)
    return Listed(one, findings), content


def _to_confirm(
    course: Course, protocol: Protocol, place: Place, start: datetime
) -> Sequence[Finding]:
    """What a physician would have to confirm of a course that begins so.

    Raises NotConfirmedError with its errors, InputError for letters that no paper can show.
    """
    plan = plan_course(course.beginning(start), protocol, place.clinic)
    check_printable(typed_texts(plan))
    # On another first day its visits may find theirs.
    stopping = hindering(plan.findings)
    errors = tuple(one for one in stopping if one.severity == "error")
    check_can_be_issued(plan._replace(findings=errors))
    return stopping


def _confirmed(course: Course, start: datetime, words: Sequence[Confirmation]) -> Course:
    """A course with words for the findings that it has if it begins at `start`."""
    begun = course.beginning(start)
    begun = begun._replace(confirmations=(*begun.confirmations, *words))
    return begun.beginning(course.first_visit)


def _with_first_visit(table: dict[str, Any], place: Place, now: datetime) -> dict[str, Any]:
    """A course's table with a first visit, which one that waits may leave out."""
    if "move" in table:
        problem = said("a course that waits has no days to move")
        raise InputError(Problem("move", problem, said("leave it out")))
    first = f"{now.date() + ONE_DAY} {_any_hour(place):%H:%M}"
    return {"first_visit": first, **table}


def _any_start(course: Course, protocol: Protocol, place: Place, earliest: datetime) -> datetime:
    """A time at which the clinic is open for a first visit, to look at a course's plan."""
    alone = Opening(place.clinic, Occupancy())
    first = first_visit_of(course, protocol, earliest)
    start = next(alone.free_near(earliest, alone.stay(first.each_purpose)), None)
    if start is None:
        problem = said("it is not open in the next weeks")
        raise RefusedError(Problem("clinic", problem, said("see its closures")))
    return start


def _any_hour(place: Place) -> time:
    return next(span.start for spans in place.clinic.opening for span in spans)


def waiting_listed(database: Database, role: Role, clinic: str) -> list[Waiting]:
    """The waiting list of a clinic, in its order."""
    check_may(role, "read")
    with database.reading() as connection:
        return waiting_at(connection, read_place(connection, clinic).id)


def take_off(
    database: Database, clinic: str, course: str, author: Author, *, is_dry: bool = False
) -> None:
    """Take a course off a clinic's waiting list; a dry one writes nothing.

    Raises NotFoundError where it does not wait.
    """
    check_may(author.role, "waiting")
    with database.writing() as connection:
        found = find_waiting(connection, course)
        if found is None or found.clinic != clinic:
            problem = said("no course {course} waits there", course=shown(course))
            raise NotFoundError(Problem("course", problem, said("see the waiting list")))
        if there := find_patient(connection, found.course.patient.id):
            check_not_restricted(there)
        if is_dry:
            return
        remove_waiting(connection, course)
        note_change(connection, author, "taken off the waiting list", course)


def could_begin(
    connection: Connection, place: Place, wall: datetime
) -> Iterator[tuple[str, datetime]]:
    """The waiting courses that there is room for from a moment on, each with its first visit."""
    # Whoever looks: what a physician would be asked takes nobody's room away.
    ready, _ = _ready(connection, place, "physician", wall)
    for one, start in _planned(connection, place, ready, wall, FirstDays()):
        if start:
            yield one.course.id, start


class _DryRunError(Exception):
    """All that was written for a look is to be undone."""

    def __init__(self, found: Booked) -> None:
        super().__init__()
        self.found = found


def book(
    database: Database,
    clinic: str,
    author: Author,
    bounds: FirstDays,
    *,
    may_move: int = 0,
    is_dry: bool = False,
) -> Booked:
    """Give waiting courses their first days and series: as many as fit, in the list's order.

    Up to `may_move` visits that patients were told of may be moved, as few as can be. Raises
    AskedError with those, where nobody confirmed them; then nothing is written.
    """
    check_may(author.role, "waiting")
    try:
        with database.writing() as connection:
            lock_additions(connection)
            # A look asks nothing: it shows.
            who = author._replace(confirm=author.confirm or "a look", answers=None)
            found = _booked(connection, clinic, who if is_dry else author, bounds, may_move)
            if is_dry:
                raise _DryRunError(found)
            check_answered(found.changed.asked, author)
            return found
    except _DryRunError as dry:
        found = dry.found
        return found._replace(changed=found.changed._replace(is_written=False))


def _booked(
    connection: Connection, clinic: str, author: Author, bounds: FirstDays, may_move: int
) -> Booked:
    place = read_place(connection, clinic)
    lock_clinic(connection, clinic)
    now = place.clinic.wall_clock(author.now)
    found: list[tuple[str, datetime]] = []
    left: list[Waiting] = []
    ready, kept = _ready(connection, place, author.role, now)
    for one, start in _planned(connection, place, ready, now, bounds):
        if start is None:
            left.append(one)
        elif why := _kept_by(connection, one, author.role):
            # Another one of its patient began just now.
            kept[one.course.id] = why
        else:
            found.append((one.course.id, _begin(connection, place, one, start, author)))
    room = _MakingRoom(connection, place, author, may_move, {course for course, _ in found})
    for one in left if may_move else ():
        if why := _kept_by(connection, one, author.role):
            kept[one.course.id] = why
        elif start := room.start_of(one, bounds):
            found.append((one.course.id, start))
    moves = tuple(
        each for standing, step in room.steps for each in moves_of(standing, step, room.alone)
    )
    outcome = Outcome(tuple(room.steps), moves)
    waits = tuple(one.course.id for one in waiting_at(connection, place.id))
    asked = tuple(asked_of(outcome, author.role))
    changed = ClinicChanged(clinic, place.version, outcome, is_written=True, asked=asked)
    return Booked(changed, tuple(found), waits, kept, room.is_given_up)


def _ready(
    connection: Connection, place: Place, role: Role, now: datetime
) -> tuple[list[Waiting], dict[str, str]]:
    """Those of the list who may begin where there is room; and of others what keeps them."""
    there, kept = waiting_at(connection, place.id), dict[str, str]()
    for one in there:
        why = _kept_by(connection, one, role) or _stopped_by(connection, place, one, now)
        if why is not None:
            kept[one.course.id] = why
    return [one for one in there if one.course.id not in kept], kept


def _kept_by(connection: Connection, one: Waiting, role: Role) -> str | None:
    """What keeps a course on the list, however much room there is; None where nothing does.

    What its patient's other courses ask of it is no matter of days: a physician answers it.
    """
    try:
        patient = known_patient(connection, one.course)
        if patient is None:
            return None
        _, asked = running_beside(connection, patient, one.course, is_locked=False)
    except RefusedError as error:
        return _first_of(error)
    if not asked or role == "physician":
        return None
    return _asked_of_a_physician(each.message for each in asked)


def _stopped_by(connection: Connection, place: Place, one: Waiting, now: datetime) -> str | None:
    """What in a course itself keeps it on the list: the clinic may draw up otherwise by now."""
    protocol = protocol_of(one.protocol, partial(read_input, connection))
    try:
        start = _any_start(one.course, protocol, place, now)
        found = _to_confirm(one.course, protocol, place, start)
    except (InputError, NotConfirmedError, RefusedError) as error:
        return _first_of(error)
    return _asked_of_a_physician(one.message for one in found) if found else None


def _asked_of_a_physician(messages: Iterable[str]) -> str:
    return said("a physician is asked: {questions}", questions=joined([*messages], "; "))


def _first_of(error: PlannerError) -> str:
    """The first of what is wrong, with its place where it has one."""
    first = error.problems[0]
    if not first.place:
        return first.problem
    return said("{place}: {problem}", place=first.place, problem=first.problem)


def _planned(
    connection: Connection, place: Place, there: Sequence[Waiting], now: datetime, bounds: FirstDays
) -> list[tuple[Waiting, datetime | None]]:
    """Each of some waiting courses with its first visit, None where it does not fit."""
    wanted = [_wanted(connection, one, now, bounds) for one in there]
    series = booked(wanted, _around(connection, place), now)
    starts = (one.course.first_visit if one else None for one in series)
    return list(zip(there, starts, strict=True))


def _wanted(connection: Connection, one: Waiting, now: datetime, bounds: FirstDays) -> Wanted:
    first = max(filter(None, (now.date(), bounds.first, one.not_before)))
    last = min(filter(None, (first + HORIZON_DAYS * ONE_DAY, bounds.last, one.by_date, LAST_DAY)))
    days = tuple(first + n * ONE_DAY for n in range((last - first).days + 1))

    protocol = protocol_of(one.protocol, partial(read_input, connection))
    return Wanted(one.course, protocol, days, one.has_hour)


def _around(connection: Connection, place: Place) -> Callable[[Sequence[Busy]], Opening]:
    """The clinic's days with what is there, read once, and more that is taken."""
    there = taken_at(connection, place)

    @cache
    def of_day(on: date) -> tuple[Busy, ...]:
        return tuple(there.read(on))

    def around(taken: Sequence[Busy]) -> Opening:
        return Opening(place.clinic, OccupancyByDay(of_day, taken))

    return around


def _begin(
    connection: Connection, place: Place, one: Waiting, start: datetime, author: Author
) -> datetime:
    """Begin a course that waited; its first visit with its offset."""
    remove_waiting(connection, one.course.id)
    course = one.course.beginning(start)
    try:
        standing = begun(connection, course, place, one.protocol, author)
    except AskedError as error:
        # Several begin at once: which of them asks?
        raise AskedError(*(_of_course(asked, course.id) for asked in error.asked)) from error
    return standing.plan.first_visit


def _of_course(asked: Asked, course: str) -> Asked:
    return asked._replace(
        message=said("course {course}: {message}", course=course, message=asked.message)
    )


class _Others(NamedTuple):
    """Visits that may make room: their courses, and the clinic without them."""

    standing: Mapping[str, Standing]
    movables: Sequence[Movable]
    distances: Sequence[Distance]
    opening: Opening


class _MakingRoom:
    """Visits of others moved inside their windows, so that a course that waits can begin."""

    def __init__(
        self,
        connection: Connection,
        place: Place,
        author: Author,
        may_move: int,
        begun_now: Collection[str],
    ) -> None:
        self.connection = connection
        self.place = place
        self.author = author
        self.now = place.clinic.wall_clock(author.now)
        # So many more visits may be moved whose patients were told of them.
        self.may_move = may_move
        self.further_left = MOST_FURTHER
        # What was just given stays.
        self.begun_now = {*begun_now}
        self.is_given_up = False
        self.alone = Opening(place.clinic, Occupancy())
        self.steps: list[tuple[Standing, Step]] = []

    def start_of(self, one: Waiting, bounds: FirstDays) -> datetime | None:
        """The first visit of a course, written with what made room for it; None without room."""
        wanted = _wanted(self.connection, one, self.now, bounds)
        open_days = [
            on for on in wanted.days if self.alone.is_known(on) and not self.alone.closed(on)
        ]
        for on in open_days:
            if start := self._on(on, one, wanted):
                return start
        for on in open_days:
            if self.further_left > 0 and (start := self._further(on, one, wanted)):
                return start
        return None

    def _on(self, on: date, one: Waiting, wanted: Wanted) -> datetime | None:
        """The first visit of a course on a day, written with what made room for it."""
        mine, distances = as_movables(wanted, on, self.alone)
        full = Opening(self.place.clinic, taken_at(self.connection, self.place))
        for near, days in narrowed(mine, full):
            if start := self._begun(one, near, distances, self._others(days)):
                return start
        return None

    def _further(self, on: date, one: Waiting, wanted: Wanted) -> datetime | None:
        """The same where those who make room need others to make room for them."""
        self.further_left -= 1
        mine, distances = as_movables(wanted, on, self.alone)
        days = {day for each in mine for day in each.days}
        for _ in range(RINGS):
            others = self._others(days)
            if start := self._begun(one, mine, distances, others):
                return start
            days |= {day for each in others.movables for day in each.days}
        return None

    def _begun(
        self,
        one: Waiting,
        mine: Sequence[Movable],
        distances: Sequence[Distance],
        others: _Others,
    ) -> datetime | None:
        """The first visit of a course that begins beside others, which made room for it."""
        movables, apart = [*mine, *others.movables], [*distances, *others.distances]
        try:
            starts = laid_out_by_days(movables, apart, others.opening, self.now)
        except ServiceError:
            self.is_given_up = True
            return None
        moved = _moved(others.standing, starts)
        used = sum(len(moved[course]) for course in moved if self._was_told(course))
        start = starts.get((one.course.id, 0))
        if start is None or used > self.may_move:
            return None
        self.may_move -= used
        for course, changes in moved.items():
            self._move(others.standing[course], changes)
        self.begun_now.add(one.course.id)
        return _begin(self.connection, self.place, one, start, self.author)

    def _move(self, standing: Standing, changes: Sequence[Rearrangement]) -> None:
        step = step_to(standing, changes, self.author)
        write_steps(self.connection, standing, [step])
        note_change(self.connection, self.author, "rearranged", standing.record.course)
        self.steps.append((standing, step))

    def _was_told(self, course: str) -> bool:
        """Whether a page of a course was made: its patient knows the days."""
        made = select(pages.c.course).where(pages.c.course == course).limit(1)
        return self.connection.execute(made).first() is not None

    def _others(self, days: Collection[date]) -> _Others:
        """What stands on some days and may make room; it need not."""
        there = self._courses_on(days)
        numbers = {
            course: list(_on_days(standing, days, self.now)) for course, standing in there.items()
        }

        def stands(course: str, number: int) -> bool:
            return number not in numbers.get(course, ())

        opening = Opening(self.place.clinic, taken_at(self.connection, self.place, stands))
        parts = [self._part(one, numbers[course], opening) for course, one in there.items()]
        movables = [one for part in parts for one in part.movables]
        return _Others(there, movables, [one for part in parts for one in part.distances], opening)

    def _courses_on(self, days: Collection[date]) -> dict[str, Standing]:
        """The courses that have visits on some days, and patients whom one may call about them."""
        coming = [one.isoformat() for one in sorted(days) if one >= self.now.date()]
        query = (
            select(visits.c.course)
            .join(courses, courses.c.id == visits.c.course)
            .join(patients, patients.c.key == courses.c.patient)
            .where(visits.c.clinic == self.place.id, visits.c.state == "planned")
            .where(visits.c.day.in_(coming))
            .where(patients.c.restricted.is_(None), patients.c.erased.is_(None))
            .distinct()
            .order_by(visits.c.course)
        )
        ids = [one.course for one in self.connection.execute(query)]
        return {course: self._standing(course) for course in ids if course not in self.begun_now}

    def _standing(self, course: str) -> Standing:
        record = read_course(self.connection, course, is_locked=True)
        return Standing.of(beside_others(self.connection, self.place, record))

    def _part(self, standing: Standing, numbers: Sequence[int], opening: Opening) -> Displaced:
        """Visits of a course that may make room, and need not."""
        course, told = standing.record.course, self._was_told(standing.record.course)
        around = Surroundings(course, standing.state, standing.record.protocol, opening, self.now)
        part = displaced(around, numbers, numbers)
        movables = (
            _before_hold(one)._replace(may_be_without=False, was_told=told) for one in part.movables
        )
        return part._replace(movables=tuple(_on_its_day(one, standing) for one in movables))


def _before_hold(one: Movable) -> Movable:
    """Nothing of a visit is put off to make room for another one."""
    days = (on for on in one.days if one.held_from is None or on < one.held_from)
    return one._replace(days=tuple(days))


def _on_its_day(one: Movable, standing: Standing) -> Movable:
    """A first visit keeps its day, which was wished: another hour of it may be found."""
    state = standing.state
    if not is_first(state.visits[one.visit], state):
        return one
    return one._replace(days=(one.stood.date(),))


def _on_days(standing: Standing, days: Collection[date], now: datetime) -> Iterator[int]:
    """The visits of a course on some days that nobody moved by hand."""
    for visit in coming_visits(standing.state, now):
        is_there = visit.start is not None and visit.start.date() in days
        if is_there and may_make_room(visit, standing.state):
            yield visit.number


def _moved(
    others: Mapping[str, Standing], starts: Mapping[tuple[str, int], datetime | None]
) -> dict[str, list[Rearrangement]]:
    """The visits of others that stand elsewhere then, by their courses."""
    found: dict[str, list[Rearrangement]] = {}
    for (course, number), to in starts.items():
        if course in others:
            visit = others[course].state.visits[number]
            if visit.start is not None and visit.start.replace(tzinfo=None) != to:
                found.setdefault(course, []).append(Rearrangement(visit.names, to))
    return found


def waiting_json(found: Sequence[Waiting]) -> Iterator[dict[str, Any]]:
    """A waiting list as programs read it."""
    for one in found:
        yield {
            "course": one.course.id,
            "patient": one.course.patient.id,
            "hour": f"{one.course.first_visit:%H:%M}" if one.has_hour else None,
            "not_before": one.not_before,
            "by_date": one.by_date,
            "since": one.at.isoformat(),
            "by": one.author,
        }

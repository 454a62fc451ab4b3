"""A plan from its files: read, checked against one another, planned, and what stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.plan.course import Course
from planner.core.plan.numbering import Numbering
from planner.core.plan.plan import PLAN_NAME, Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.days import FIRST_DAY, LAST_DAY
from planner.core.values.said import said
from planner.documents.printable import check_printable, course_texts
from planner.errors import InputError, NotConfirmedError, Noted, Problem, located, raise_if_any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from planner.files.busy import Own


class NamedFile(NamedTuple):
    """A file's content, and its name in messages; `beside` is the folder that it names others from.

    Without a folder it can name what is bundled alone. `unread` says why it could not be read.
    """

    name: str
    content: bytes
    beside: Path | None = None
    unread: tuple[Problem, ...] = ()

    @classmethod
    def of_file(cls, path: Path, largest: int | None = None) -> NamedFile:
        """A file of the disk, read once; one that cannot be read says so where it is used."""
        from planner.files.reading import LARGEST_BYTES, read_bytes

        try:
            content = read_bytes(path, largest=largest or LARGEST_BYTES)
        except InputError as error:
            return cls(str(path), b"", path.parent, error.problems)
        return cls(str(path), content, path.parent)

    def read(self) -> bytes:
        """Its content. Raises InputError where it could not be read."""
        with located(self.name):
            raise_if_any(InputError, self.unread)
        return self.content

    def table(self) -> dict[str, Any]:
        """Its table, as TOML. Raises InputError."""
        from planner.files.reading import parse_toml

        content = self.read()
        with located(self.name):
            return parse_toml(content)


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from, and the files as they were read: each is read once."""

    course: Course
    protocol: Protocol
    clinic: Clinic
    protocol_content: bytes
    clinic_content: bytes | None


def read_inputs(
    course: NamedFile,
    clinic: NamedFile | None,
    timezone: str | None = None,
    more_years: Callable[[int], range] | None = None,
) -> Inputs:
    """The three inputs. Raises InputError with the problems of all files together.

    Without a clinic's file the built-in one serves, in a `timezone` that is stated. `more_years`
    gives the years whose holidays are wanted, from the first one that is needed. Raises
    ProtocolError with them all where the protocol is wrong too.
    """
    try:
        table = course.table()
    except InputError as error:
        noted = Noted(*error.problems)
        with noted.noting():
            read_clinic(clinic, timezone, range(0))
        raise InputError(*noted.problems) from error
    return inputs_of(table, course, clinic, timezone, more_years)


def inputs_of(
    table: dict[str, Any],
    course: NamedFile,
    clinic: NamedFile | None,
    timezone: str | None = None,
    more_years: Callable[[int], range] | None = None,
    *,
    is_typed: bool = False,
) -> Inputs:
    """As `read_inputs`, of a course's table that was read, or is typed; `course` names it."""
    from zoneinfo import ZoneInfo

    from planner.files.course import course_from, days_problems

    noted, of_course = Noted(), Noted()
    protocol, rules, place, read = None, b"", None, None
    with noted.noting():
        protocol, rules = protocol_named(table, course)
    with noted.noting():
        place = read_clinic(clinic, timezone, _wanted_years(table, more_years))
    if clinic is not None and protocol is not None:
        noted.problems += site_problems(clinic, protocol)
    with of_course.noting():
        zone = ZoneInfo(place.timezone) if place else None
        read = course_from(table, protocol, zone, is_typed=is_typed)
        check_printable(course_texts(read))
    if read and place and protocol and not (noted.problems or of_course.problems):
        return Inputs(read, protocol, place, rules, clinic.content if clinic else None)
    # Where no plan can be made, nothing else looks at the days.
    told = {one.place for one in of_course.problems}
    of_days = days_problems(table, protocol, place)
    of_course.problems += [one for one in of_days if one.place not in told]
    with noted.noting(course.name):
        of_course.check()
    noted.check()
    raise AssertionError("a plan that cannot be made has a problem")


def site_problems(clinic: NamedFile, protocol: Protocol) -> Iterator[Problem]:
    """A clinic's limits and codes of sites that the protocol does not have, whatever else is."""
    from planner.files.fields import is_id, nearest

    try:
        table = clinic.table()
    except InputError:
        return  # reading the clinic says what is wrong with it
    sites = list(protocol.table.domains.sites)
    for key in ("most_ml", "codes"):
        named = table.get(key)
        for site in named if isinstance(named, dict) else ():
            # Of a name that is no id the file's model says so.
            if is_id(site) and site not in sites:
                problem = said("the protocol {id} has no such site", id=protocol.id)
                place = f"{clinic.name}: {key}.{site}" if clinic.name else f"{key}.{site}"
                yield Problem(place, problem, nearest(site, sites))


def protocol_named(table: dict[str, Any], course: NamedFile) -> tuple[Protocol, bytes]:
    """The protocol that a course names. Raises InputError where there is none of that name."""
    from planner.files.bundled import DEFAULT_PROTOCOL, bundled_protocols, protocol_path
    from planner.files.fields import nearest, shown
    from planner.files.protocol import read_protocol

    name = table.get("protocol", DEFAULT_PROTOCOL)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        name = DEFAULT_PROTOCOL  # the file's model says what is wrong with it
    known = bundled_protocols()
    path = protocol_path(name, course.beside)
    if name not in known and (course.beside is None or not _is_file(path)):
        fix = nearest(name, known)
        if course.beside is not None:
            fix = said("{fix}, or name a file", fix=fix)
        place = f"{course.name}: protocol" if course.name else "protocol"
        raise InputError(Problem(place, said("no protocol {name}", name=shown(name)), fix))
    return read_protocol(name, course.beside)


def _is_file(path: Path) -> bool:
    """Whether there is a file, or a pipe, of that name; none has a name too long for any."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False


def read_clinic(clinic: NamedFile | None, timezone: str | None, years: range) -> Clinic:
    """The clinic of a file, or the built-in one in a stated time zone."""
    from planner.files.clinic import built_in_clinic, clinic_from
    from planner.files.zone_data import prefer_newer_zones

    prefer_newer_zones()
    if clinic is not None:
        table = clinic.table()
        with located(clinic.name):
            found = clinic_from(table, years)
            named = {name: getattr(found, name) for name in ("name", "address", "phone")}
            check_printable(named.items())
            return found
    if timezone is None:
        fix = said("name a clinic's file, or a zone: Europe/Copenhagen")
        raise InputError(Problem("timezone", said("the clinic's time zone is not stated"), fix))
    with located("timezone"):
        return built_in_clinic(timezone)


def check_strong_enough(protocol: Protocol, clinic: Clinic) -> None:
    """Refuse a stock from which the protocol's strength cannot be made. Raises InputError."""
    from planner.core.values.formatting import mg_per_ml

    if clinic.stock is not None and clinic.stock.strength.mg_per_ml < protocol.strength.mg_per_ml:
        wanted = mg_per_ml(protocol.strength.mg_per_ml)
        problem = said("it is too weak: {wanted} cannot be made of it", wanted=wanted)
        fix = said("state the stock that is drawn from")
        raise InputError(Problem("clinic: stock.strength_mg_per_ml", problem, fix))


def planned(
    inputs: Inputs,
    taken: Sequence[Busy] = (),
    before: Plan | None = None,
    issued: Plan | None = None,
) -> Plan:
    """The plan of what was read, around what is taken.

    `before` is the plan that it replaces: its visits keep their numbers and calendar ids. Of one
    that was `issued` of the same course the ids alone stay. Raises InputError where the course
    contradicts the protocol or the clinic.
    """
    from planner.core.plan.planning import issued_uids, numbering_of, plan_course

    course, numbering = inputs.course, Numbering()
    if issued is not None and not _is_of(issued, course):
        issued = None
    if before is not None:
        numbering = numbering_of(before)
    elif issued is not None:
        numbering = Numbering(issued=issued_uids(issued))
    made = plan_course(course, inputs.protocol, inputs.clinic, Occupancy(taken), numbering)
    return made._replace(replaces=_replaced(before or issued, course.revision))


def _replaced(earlier: Plan | None, revision: int) -> int | None:
    """The revision whose papers a plan's replace; None where nobody says which are out."""
    if earlier is None:
        return None
    return earlier.revision if earlier.revision < revision else earlier.replaces


def _is_of(plan: Plan, course: Course) -> bool:
    return (plan.course, plan.patient.id) == (course.id, course.patient.id)


def taken_times(
    inputs: Inputs | None,
    calendars: Callable[[range], Sequence[NamedFile]],
    before: Plan | None = None,
) -> list[Busy]:
    """What calendars say is taken while the course may run, this course's own visits apart.

    `calendars` are asked for the days (ordinals) that are looked at. Raises InputError with what is
    wrong with each; without `inputs`, as far as that can be known.
    """
    from zoneinfo import ZoneInfo

    from planner.core.plan.planning import own_uids
    from planner.files.busy import Own

    if inputs is None:
        day = FIRST_DAY.toordinal()
        no_days, nobody = range(day, day), Own("", "", frozenset())
        taken_in(calendars(no_days), ZoneInfo("UTC"), no_days, nobody)
        return []
    course = inputs.course
    zone, days = ZoneInfo(inputs.clinic.timezone), _reach(inputs)
    uids = own_uids(course, inputs.protocol, inputs.clinic.calendar_key)
    if before is not None:
        uids |= {visit.uid for visit in before.visits}
    return taken_in(calendars(days), zone, days, Own(course.id, course.patient.id, uids))


def taken_in(calendars: Iterable[NamedFile], zone: ZoneInfo, days: range, own: Own) -> list[Busy]:
    """The taken times of calendars. Raises InputError with the problems of them all."""
    from planner.files.busy import busy_times

    found, noted = list[Busy](), Noted()
    for one in calendars:
        with noted.noting():
            content = one.read()
            with located(one.name):
                found += busy_times(content, zone, days, own)
    noted.check()
    return found


def _reach(inputs: Inputs) -> range:
    """The days (ordinals) that a layout looks at: from the first to the last searched one."""
    from planner.core.plan.placement import SEARCHED_DAYS

    course, protocol = inputs.course, inputs.protocol
    first = course.first_visit.date().toordinal()
    longest = max(
        [one.last_day for one in protocol.regimens.values()]
        + [one.after_days for one in protocol.evaluations]
    )
    last = max([first, *(move.to.date().toordinal() for move in course.moves)]) + longest
    return range(first, min(last + SEARCHED_DAYS + 60, LAST_DAY.toordinal()) + 1)


def issued_into(folder: Path) -> Plan | None:
    """The plan that a folder holds; None where it holds none, or one that cannot be read."""
    from planner.files.plan import read_plan

    try:
        return read_plan(folder / PLAN_NAME)[0]
    except InputError:
        return None  # what is wrong with it is said where it would be replaced


def check_follows(before: Plan, course: Course, name: str) -> None:
    """Refuse a plan that a new one cannot replace. Raises InputError unless it is earlier."""
    if before.course != course.id:
        problem = said("it is of course {course}, not of {id}", course=before.course, id=course.id)
        raise InputError(Problem(name, problem, said("name this course's plan.json")))
    if before.patient.id != course.patient.id:
        problem = said("it is of another patient's course {course}", course=before.course)
        raise InputError(Problem(name, problem, said("give the course an id of its own")))
    if before.revision >= course.revision:
        fix = said("set revision = {revision} in the course file", revision=before.revision + 1)
        problem = said(
            "it has revision {revision}, the course {wanted}",
            revision=before.revision,
            wanted=course.revision,
        )
        raise InputError(Problem(name, problem, fix))


def check_confirmed(plan: Plan, name: str) -> None:
    """Refuse to work with a plan that waits for a physician or has errors, and say which."""
    if not plan.is_confirmed:
        text = said("this plan waits for a physician or has errors; nothing was done")
        plan_again = said("see its findings, and plan it again")
        stopping = (Problem(one.code, one.alone) for one in plan.findings if one.stops)
        raise NotConfirmedError(Problem(name, text, plan_again), *stopping)


def check_can_be_issued(plan: Plan) -> None:
    """Raise NotConfirmedError with what stops a plan: its errors, or how many findings wait."""
    errors = (one for one in plan.findings if one.severity == "error")
    raise_if_any(NotConfirmedError, (Problem(one.code, one.alone) for one in errors))
    waiting = sum(one.is_open for one in plan.findings)
    if waiting == 1:
        one = said("1 finding waits for a physician; nothing was written")
        raise NotConfirmedError(Problem("", one))
    if waiting:
        many = said("{n} findings wait for a physician; nothing was written", n=waiting)
        raise NotConfirmedError(Problem("", many))


def _wanted_years(table: dict[str, Any], more_years: Callable[[int], range] | None = None) -> range:
    """The years that a course may reach: from its first day to two years after its last move.

    Those of `more_years` from the first day on, where they are given.
    """
    from planner.files.course import typed_moments
    from planner.files.fields import FieldError, check_moment

    found = []
    for _, value in typed_moments(table):
        try:
            found.append(check_moment(value).year)
        except FieldError:
            continue
    if found and more_years:
        return more_years(min(found))
    return range(min(found), min(max(found) + 2, 2099) + 1) if found else range(0)

"""Reading the three inputs of a plan from their files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Busy
from planner.core.plan.course import Course
from planner.core.plan.plan import Plan
from planner.core.protocol.protocol import Protocol
from planner.core.values.days import LAST_DAY
from planner.errors import InputError, Problem, UsageError, located


@dataclass(frozen=True)
class Inputs:
    """What a plan is made from, and the files as they were read: each is read once."""

    course: Course
    protocol: Protocol
    clinic: Clinic
    protocol_content: bytes
    clinic_content: bytes | None


def read_inputs(
    course: Path,
    clinic: Path | None,
    timezone: str | None,
    more_years: Callable[[int], range] | None = None,
) -> Inputs:
    """The three inputs. Raises InputError with the problems of all files together.

    `more_years` gives the years whose holidays are wanted, from the first one that is needed.
    """
    from zoneinfo import ZoneInfo

    from planner.files.course import course_from
    from planner.files.protocol import read_protocol
    from planner.files.reading import parse_toml, read_bytes

    if clinic is not None and timezone is not None:
        raise UsageError(Problem("", "--clinic and --timezone were both given", "keep one"))
    with located(str(course)):
        table = parse_toml(read_bytes(course))
    problems: list[Problem] = []
    protocol, place, rules, hours = None, None, b"", None
    try:
        with located(str(course)):
            name = _protocol_name(table, course.parent)
        protocol, rules = read_protocol(name, course.parent)
    except InputError as error:
        problems += error.problems
    try:
        years = _years(table)
        years = more_years(years[0]) if more_years and years else years
        place, hours = read_clinic(clinic, timezone, years)
    except InputError as error:
        problems += error.problems
    zone = ZoneInfo(place.timezone) if place is not None else None
    try:
        with located(str(course)):
            read = course_from(table, protocol, zone)
    except InputError as error:
        raise InputError(*problems, *error.problems) from error
    if place is None or protocol is None:
        raise InputError(*problems)
    return Inputs(read, protocol, place, rules, hours)


def read_busy_times(
    inputs: Inputs,
    files: tuple[Path, ...],
    url: str | None = None,
    before: Plan | None = None,
) -> list[Busy]:
    """What is taken at the clinic while the course may run, this course's own visits apart."""
    if not files and url is None:
        return []
    from zoneinfo import ZoneInfo

    from planner.core.plan.planning import own_uids
    from planner.files.busy import Own, busy_times, read_busy

    course = inputs.course
    zone = ZoneInfo(inputs.clinic.timezone)
    days = _reach(inputs)
    uids = own_uids(course, inputs.protocol, inputs.clinic.calendar_key)
    if before is not None:
        uids |= {visit.uid for visit in before.visits}
    own = Own(course.id, uids)
    found = [one for file in files for one in read_busy(file, zone, days, own)]
    if url is not None:
        from planner.cli.credentials import caldav_credentials
        from planner.servers.caldav import Collection

        with Collection(url, caldav_credentials(url)) as collection:
            for resource in collection.between(days, zone):
                with located("the calendar server"):
                    found += busy_times(resource.content, zone, days, own)
    return found


def _reach(inputs: Inputs) -> range:
    """The days (ordinals) that a layout looks at: from the first to the last searched one."""
    from planner.core.plan.placement import SEARCHED_DAYS

    course, protocol = inputs.course, inputs.protocol
    first = course.first_visit.date().toordinal()
    longest = max(
        [one.interval_days * (one.injections - 1) for one in protocol.regimens.values()]
        + [one.after_days for one in protocol.evaluations]
    )
    last = max([first, *(move.to.date().toordinal() for move in course.moves)]) + longest
    return range(first, min(last + SEARCHED_DAYS + 60, LAST_DAY.toordinal()) + 1)


def earlier_plan(path: Path, course: Course) -> Plan:
    """The plan that a new one replaces. Raises InputError unless it is an earlier revision."""
    from planner.cli.papers import say_zone_rules
    from planner.files.plan import read_plan

    before, _ = read_plan(path)
    say_zone_rules(before, path)
    if before.course != course.id:
        problem = f"it is of course {before.course}, not of {course.id}"
        raise InputError(Problem(path.name, problem, "name this course's plan.json"))
    if before.patient.id != course.patient.id:
        problem = f"it is of another patient's course {before.course}"
        raise InputError(Problem(path.name, problem, "give the course an id of its own"))
    if before.revision >= course.revision:
        fix = f"set revision = {before.revision + 1} in the course file"
        problem = f"it has revision {before.revision}, the course {course.revision}"
        raise InputError(Problem(path.name, problem, fix))
    return before


def _protocol_name(table: dict[str, Any], beside: Path) -> str:
    """The protocol that a course names. Raises InputError where there is none of that name."""
    from planner.files.bundled import bundled_protocols, protocol_path
    from planner.files.course import DEFAULT_PROTOCOL
    from planner.files.fields import nearest, shown

    name = table.get("protocol", DEFAULT_PROTOCOL)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return DEFAULT_PROTOCOL  # the file's model says what is wrong with it
    path = protocol_path(name, beside)
    if not path.exists() or path.is_dir():
        fix = f"{nearest(name, bundled_protocols())}, or name a file"
        raise InputError(Problem("protocol", f"no protocol {shown(name)}", fix))
    return name


def read_clinic(
    clinic: Path | None, timezone: str | None, years: range
) -> tuple[Clinic, bytes | None]:
    """The clinic of a file and the file, or the built-in one in a stated time zone."""
    from planner.files.clinic import built_in_clinic, clinic_from
    from planner.files.reading import parse_toml, read_bytes
    from planner.files.zone_data import prefer_newer_zones

    prefer_newer_zones()
    if clinic is not None:
        with located(str(clinic)):
            content = read_bytes(clinic)
            return clinic_from(parse_toml(content), years), content
    if timezone is None:
        fix = "name a clinic file with --clinic, or a zone with --timezone Europe/Copenhagen"
        raise InputError(Problem("", "the clinic's time zone is not stated", fix))
    with located("--timezone"):
        return built_in_clinic(timezone), None


def _years(table: dict[str, Any]) -> range:
    """The years that a course may reach: from its first day to two years after its last move."""
    from planner.files.course import typed_moments
    from planner.files.fields import FieldError, check_moment

    found = []
    for _, value in typed_moments(table):
        try:
            found.append(check_moment(value).year)
        except FieldError:
            continue
    return range(min(found), min(max(found) + 2, 2099) + 1) if found else range(0)

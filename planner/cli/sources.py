"""The files that a plan is made from, named on a command line, each read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from planner.app.planning import Inputs, NamedFile, check_follows
from planner.core.plan.course import Course
from planner.core.plan.plan import Plan
from planner.errors import Problem, UsageError

Calendars = Callable[[range], Sequence[NamedFile]]


def read_sources(
    course: Path, clinic: Path | None, timezone: str | None
) -> tuple[NamedFile, NamedFile | None]:
    """The files of a course and its clinic."""
    if clinic is not None and timezone is not None:
        raise UsageError(Problem("", "--clinic and --timezone were both given", "keep one"))
    return NamedFile.of_file(course), NamedFile.of_file(clinic) if clinic is not None else None


def read_calendars(files: Sequence[Path]) -> Sequence[NamedFile]:
    """Calendar files, each by its name."""
    from planner.files.busy import LARGEST_BYTES

    return [NamedFile.of_file(file, LARGEST_BYTES) for file in files]


def busy_calendars(
    files: Sequence[Path], url: str | None = None, inputs: Inputs | None = None
) -> Calendars:
    """Calendars of what is taken: files, and with `inputs` a collection on a server."""

    def read(days: range) -> Sequence[NamedFile]:
        found = [*read_calendars(files)]
        if url is not None and inputs is not None:
            found += _on_server(url, days, ZoneInfo(inputs.clinic.timezone))
        return found

    return read


def _on_server(url: str, days: range, zone: ZoneInfo) -> Sequence[NamedFile]:
    from planner.cli.credentials import caldav_credentials
    from planner.servers.caldav import Collection

    with Collection(url, caldav_credentials(url)) as collection:
        there = collection.between(days, zone)
        return [NamedFile("the calendar server", one.content) for one in there]


def earlier_plan(path: Path, course: Course | None) -> Plan:
    """The plan that a new one replaces. Raises InputError unless it is an earlier revision.

    Of a `course` that could not be read nothing is compared.
    """
    from planner.cli.papers import say_zone_rules
    from planner.files.plan import read_plan

    before, _ = read_plan(path)
    say_zone_rules(before, path)
    if course is not None:
        check_follows(before, course, path.name)
    return before

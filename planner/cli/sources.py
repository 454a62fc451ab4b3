"""The files that a plan is made from, named on a command line, each read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from planner.app.planning import Inputs, NamedFile, check_follows
from planner.core.plan.course import Course
from planner.core.plan.plan import Plan
from planner.errors import Problem, UsageError, located

Calendars = Callable[[range], Sequence[tuple[str, bytes]]]


def read_sources(
    course: Path, clinic: Path | None, timezone: str | None
) -> tuple[NamedFile, NamedFile | None]:
    """The files of a course and its clinic. Raises InputError where one cannot be read."""
    if clinic is not None and timezone is not None:
        raise UsageError(Problem("", "--clinic and --timezone were both given", "keep one"))
    return NamedFile.of_file(course), NamedFile.of_file(clinic) if clinic is not None else None


def read_calendars(files: Sequence[Path]) -> Sequence[tuple[str, bytes]]:
    """Calendar files, each by its name. Raises InputError where one cannot be read."""
    from planner.files.busy import LARGEST_BYTES
    from planner.files.reading import read_bytes

    found = []
    for file in files:
        with located(str(file)):
            found.append((str(file), read_bytes(file, largest=LARGEST_BYTES)))
    return found


def busy_calendars(
    files: Sequence[Path], url: str | None = None, inputs: Inputs | None = None
) -> Calendars:
    """Calendars of what is taken: files, and with `inputs` a collection on a server."""

    def read(days: range) -> Sequence[tuple[str, bytes]]:
        found = [*read_calendars(files)]
        if url is not None and inputs is not None:
            found += _on_server(url, days, ZoneInfo(inputs.clinic.timezone))
        return found

    return read


def _on_server(url: str, days: range, zone: ZoneInfo) -> Sequence[tuple[str, bytes]]:
    from planner.cli.credentials import caldav_credentials
    from planner.servers.caldav import Collection

    with Collection(url, caldav_credentials(url)) as collection:
        return [("the calendar server", one.content) for one in collection.between(days, zone)]


def earlier_plan(path: Path, course: Course) -> Plan:
    """The plan that a new one replaces. Raises InputError unless it is an earlier revision."""
    from planner.cli.papers import say_zone_rules
    from planner.files.plan import read_plan

    before, _ = read_plan(path)
    say_zone_rules(before, path)
    check_follows(before, course, path.name)
    return before

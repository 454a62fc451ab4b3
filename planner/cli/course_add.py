"""`planner course add`: a course file into the register."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    begun_register,
    busy_option,
    by_option,
    confirm_option,
    database_option,
    how_to_confirm,
    json_option,
)
from planner.errors import Noted, Problem, UsageError

if TYPE_CHECKING:
    from planner.app.planning import Inputs, NamedFile
    from planner.core.calendar.occupancy import Busy
    from planner.core.plan.plan import Plan


@click.command()
@click.argument("course", metavar="COURSE.toml", type=PATH)
@click.option("--clinic", metavar="FILE|ID", help="The clinic's file, or its id in the register.")
@click.option("--timezone", metavar="ZONE", help="Without a clinic file: its time zone.")
@by_option
@confirm_option
@database_option
@busy_option
@json_option
def add(
    course: Path,
    clinic: str | None,
    timezone: str | None,
    by: str | None,
    confirm: str | None,
    database: str | None,
    busy: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Add a course: its plan has to be confirmed as for planner plan.

    The protocol is kept as it is now. The clinic is the register's: an unknown one is put with the
    course, and what is to come follows its newest version.

    Example: planner course add course.toml --clinic clinic.toml --by "Dr A. Holm"
    """
    from planner.app.course_json import course_json
    from planner.app.courses import add_course
    from planner.app.planning import check_can_be_issued
    from planner.app.roles import check_may
    from planner.cli.course_views import tell_standing
    from planner.cli.output import emit_json, remark
    from planner.cli.plan import how_to_paste

    who = author(by, confirm=confirm)
    check_may(who.role, "planned")  # before anybody works through its findings
    sources, timezone = _sources(course, clinic, timezone, database)
    inputs, made, taken = _read(sources, timezone, busy, who.now.year)
    with how_to_paste(made):
        check_can_be_issued(made)
    with begun_register(database) as register, how_to_confirm():
        standing = add_course(register, inputs, who, busy=taken)
    for said in made.remarks:
        remark(said)
    if as_json:
        emit_json(course_json(standing), is_done=True)
    else:
        tell_standing(standing, is_done=True)


def _read(
    sources: tuple[NamedFile, NamedFile | None],
    timezone: str | None,
    busy: Sequence[Path],
    this_year: int,
) -> tuple[Inputs, Plan, Sequence[Busy]]:
    """What is added, its plan, and what is taken. Raises all that is wrong with the files."""
    from planner.app.planning import planned, read_inputs, taken_times
    from planner.cli.sources import busy_calendars
    from planner.store.stored_inputs import years_around

    def years(first: int) -> range:
        return years_around(first, this_year)

    noted, inputs = Noted(), None
    taken: Sequence[Busy] = ()
    with noted.noting():
        inputs = read_inputs(*sources, timezone, more_years=years)
    if busy:
        with noted.noting():
            taken = taken_times(inputs, busy_calendars(busy))
    if inputs is not None:
        with noted.noting():
            made = planned(inputs)
            if not noted.problems:
                return inputs, made, taken
    noted.check()
    raise AssertionError("what could not be planned has a problem")


def _sources(
    course: Path, clinic: str | None, timezone: str | None, database: str | None
) -> tuple[tuple[NamedFile, NamedFile | None], str | None]:
    """The course's file with its clinic's, which is the register's where an id is given."""
    from planner.app.places import kept_source
    from planner.app.planning import NamedFile
    from planner.cli.register import open_register, role
    from planner.cli.sources import read_sources

    path = None if clinic is None else Path(clinic)
    if path is None or path.exists() or path.suffix:
        return read_sources(course, path, timezone), timezone
    if timezone is not None:
        raise UsageError(Problem("", "--clinic and --timezone were both given", "keep one"))
    kept, zone = kept_source(open_register(database), role(), path.name)
    return (NamedFile.of_file(course), kept), zone

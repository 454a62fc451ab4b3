"""`planner course add`: a course file into the register."""

from __future__ import annotations

from pathlib import Path

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


@click.command()
@click.argument("course", metavar="COURSE.toml", type=PATH)
@click.option("--clinic", type=PATH, help="The clinic's file.")
@click.option("--timezone", metavar="ZONE", help="Without a clinic file: its time zone.")
@by_option
@confirm_option
@database_option
@busy_option
@json_option
def add(
    course: Path,
    clinic: Path | None,
    timezone: str | None,
    by: str | None,
    confirm: str | None,
    database: str | None,
    busy: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Add a course: its plan has to be confirmed as for planner plan.

    Protocol, clinic and holidays are kept as they are now; later changes of the files do not
    reach the course.

    Example: planner course add course.toml --clinic clinic.toml --by "Dr A. Holm"
    """
    from planner.app.course_json import course_json
    from planner.app.courses import add_course
    from planner.app.planning import check_can_be_issued, planned, read_inputs, taken_times
    from planner.cli.course_views import tell_standing
    from planner.cli.output import emit_json
    from planner.cli.plan import how_to_paste
    from planner.cli.sources import busy_calendars, read_sources
    from planner.store.stored_inputs import years_from

    who = author(by, confirm=confirm)
    inputs = read_inputs(*read_sources(course, clinic, timezone), timezone, more_years=years_from)
    made = planned(inputs)
    with how_to_paste(made):
        check_can_be_issued(made)
    with begun_register(database) as register, how_to_confirm():
        taken = taken_times(inputs, busy_calendars(busy)) if busy else ()
        standing = add_course(register, inputs, who, busy=taken)
    if as_json:
        emit_json(course_json(standing), is_done=True)
    else:
        tell_standing(standing, is_done=True)

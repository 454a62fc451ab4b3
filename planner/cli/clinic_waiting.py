"""`planner clinic wait`, `waiting`, `book`: who waits for a first day, and gets one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.cli.clinic_changes import dry_run_option
from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    by_option,
    check_in_order,
    confirm_option,
    database_option,
    how_to_confirm,
    json_option,
    open_register,
    optional_day,
    role,
)
from planner.core.values.formatting import count, typed_moment

if TYPE_CHECKING:
    from planner.app.waiting import Booked


@click.command()
@click.argument("clinic", metavar="ID")
@click.argument("course", metavar="COURSE.toml", type=PATH)
@click.option("--not-before", metavar="DATE", help="The first visit is not before it.")
@click.option("--by-date", metavar="DATE", help="The first visit is not after it.")
@by_option
@database_option
@json_option
def wait(
    clinic: str,
    course: Path,
    not_before: str | None,
    by_date: str | None,
    by: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Put a course on the waiting list; its file may leave its first visit out.

    Where it has one, its hour is wanted.

    Example: planner clinic wait vestergade course.toml --by-date 2026-10-01 --by "Dr A. Holm"
    """
    from planner.app.asked import AskedError
    from planner.app.planning import NamedFile
    from planner.app.waiting import FirstDays, wait_for, waiting_json
    from planner.cli.output import emit_json, say
    from planner.cli.plan import to_confirm

    bounds = FirstDays(optional_day(not_before, "--not-before"), optional_day(by_date, "--by-date"))
    check_in_order(*bounds, "--by-date")
    who, file = author(by), NamedFile.of_file(course)
    register = open_register(database)
    try:
        made = wait_for(register, clinic, file, who, bounds).waiting
    except AskedError as error:
        look = wait_for(register, clinic, file, who, bounds, is_dry=True)
        error.problems = (*error.problems, *to_confirm(look.findings))
        raise
    if as_json:
        emit_json(next(waiting_json([made])), is_done=True)
    else:
        say(f"Course {made.course.id} waits at {clinic}, place {made.place}\n", is_done=True)


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--remove", metavar="COURSE", help="Take a course off the list first.")
@by_option
@database_option
@json_option
def waiting(
    clinic: str, remove: str | None, by: str | None, database: str | None, as_json: bool
) -> None:
    """Show the waiting list, in its order.

    Example: planner clinic waiting vestergade
    """
    from planner.app.waiting import take_off, waiting_json, waiting_listed
    from planner.cli.output import emit_json, say

    if remove is not None:
        take_off(open_register(database), clinic, remove, author(by))
    found = list(waiting_json(waiting_listed(open_register(database), role(), clinic)))
    if as_json:
        emit_json(found)
        return
    lines = [
        f"{one['course']:14}  patient {one['patient']:12}"
        + (f"  not before {one['not_before']}" if one["not_before"] else "")
        + (f"  by {one['by_date']}" if one["by_date"] else "")
        for one in found
    ]
    say("\n".join([*(lines or ["nobody waits"]), ""]))


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--from", "first", metavar="DATE", help="The earliest day of a first visit.")
@click.option("--to", "last", metavar="DATE", help="The latest day of a first visit.")
@click.option(
    "--may-move", type=click.IntRange(0, 1000), default=0, metavar="N",
    help="So many visits that patients were told of may be moved to make room.",
)  # fmt: skip
@dry_run_option
@by_option
@confirm_option
@database_option
@json_option
def book(
    clinic: str,
    first: str | None,
    last: str | None,
    may_move: int,
    is_dry: bool,
    by: str | None,
    confirm: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Give those who wait their first days and series: as many as fit, in the list's order.

    Example: planner clinic book vestergade --from 2026-09-14 --by "Ms C" --dry-run
    """
    from planner.app.clinics import changed_json
    from planner.app.waiting import FirstDays
    from planner.app.waiting import book as give_days
    from planner.cli.output import emit_json, say

    bounds = FirstDays(optional_day(first, "--from"), optional_day(last, "--to"))
    check_in_order(*bounds)
    who = author(by, confirm=confirm)
    with how_to_confirm():
        made = give_days(
            open_register(database), clinic, who, bounds, may_move=may_move, is_dry=is_dry
        )
    if as_json:
        emit_json(changed_json(made.changed, role()) | _booked_json(made), is_done=not is_dry)
        return
    nothing = " (nothing was written)" if is_dry else ""
    head = click.style(f"{count(len(made.courses), 'course')} booked{nothing}", bold=True)
    say("\n".join([head, *_booked_lines(made), ""]), is_done=not is_dry)


def _booked_json(made: Booked) -> dict[str, Any]:
    booked = [{"course": one, "first_visit": start} for one, start in made.courses]
    kept = [{"course": one, "by": why} for one, why in made.kept.items()]
    waiting = {"waiting": list(made.waiting), "kept": kept}
    return {"booked": booked, **waiting, "given_up": made.is_given_up}


def _booked_lines(made: Booked) -> Iterator[str]:
    yield from (f"  {one:14}  {typed_moment(start)}" for one, start in made.courses)
    for move in made.changed.outcome.moves:
        to = typed_moment(move.to) if move.to else "no day"
        yield f"  {move.course:14}  visit {move.visit} {typed_moment(move.stood)} -> {to}"
    for one in made.waiting:
        why = made.kept.get(one)
        yield f"  {one:14}  " + (f"waits on: {why}" if why else "does not fit and waits on")
    if made.is_given_up:
        yield "  a search for room was given up: too many visits cross; the extra roster finds more"

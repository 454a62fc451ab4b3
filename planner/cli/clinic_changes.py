"""`planner clinic put`, `close`, `open`, `list`, `show`: the clinics of the register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    begun_register,
    by_option,
    check_in_order,
    confirm_option,
    database_option,
    how_to_confirm,
    json_option,
    open_register,
    reason_option,
    role,
    typed,
    typed_day,
)
from planner.core.calendar.clinic import KINDS
from planner.core.values.formatting import count, typed_moment
from planner.errors import Problem, UsageError

if TYPE_CHECKING:
    from planner.app.clinics import ClinicChanged
    from planner.app.rearranging import Outcome, VisitMoved
    from planner.core.calendar.clinic import Closure, Kind
    from planner.store.clinics import ClinicEvent, Place

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
dry_run_option = click.option(
    "--dry-run", "is_dry", is_flag=True, help="Show what it leads to; write nothing."
)


@click.command()
@click.argument("file", metavar="CLINIC.toml", type=PATH)
@reason_option
@dry_run_option
@by_option
@confirm_option
@database_option
@json_option
def put(
    file: Path,
    reason: str,
    is_dry: bool,
    by: str | None,
    confirm: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Put a clinic's file: the first, or the next version, which all its courses follow.

    What no longer fits is laid out anew for all of them at once, once that is confirmed.

    Example: planner clinic put clinic.toml --reason "a second room"
    """
    from planner.app.clinics import put_clinic
    from planner.app.planning import NamedFile

    who = author(by, reason, confirm)
    with begun_register(database) as register, how_to_confirm():
        made = put_clinic(register, NamedFile.of_file(file), who, is_dry=is_dry)
        _tell(made, as_json)
        if is_dry:
            # A register that was made to look at this is not kept.
            raise click.exceptions.Exit(0)


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", required=True, help="The day, or the first of several.")
@click.option("--to", "last", metavar="DATE", help="The last day (inclusive).")
@click.option("--hours", metavar="SPAN", help="Only then, as 09:00-12:00, on each of the days.")
@click.option("--kind", type=click.Choice(KINDS), help="Not closed, but with less of a kind.")
@click.option("--less", type=click.IntRange(1, 100), metavar="N", help="How many less of it.")
@reason_option
@dry_run_option
@by_option
@confirm_option
@database_option
@json_option
def close(
    clinic: str,
    on: str,
    last: str | None,
    hours: str | None,
    kind: Kind | None,
    less: int | None,
    reason: str,
    is_dry: bool,
    by: str | None,
    confirm: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Close a clinic for a day or more; its visits of then are laid out anew, all or none.

    With --kind and --less it stays open with fewer rooms, nurses or physicians.

    Example: planner clinic close vestergade --on 2026-09-14 --reason "Dr B is ill"
    """
    from planner.app.clinics import close_clinic

    who = author(by, reason, confirm)
    closure = _closure(on, last, hours, kind, less)
    with how_to_confirm():
        made = close_clinic(open_register(database), clinic, closure, who, is_dry=is_dry)
    _tell(made, as_json)


@click.command("open")
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", required=True, help="The day, or the first of several.")
@click.option("--to", "last", metavar="DATE", help="The last day (inclusive).")
@reason_option
@by_option
@database_option
@json_option
def open_(
    clinic: str,
    on: str,
    last: str | None,
    reason: str,
    by: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Take a closure back; nobody is moved by that.

    Example: planner clinic open vestergade --on 2026-09-14 --reason "well again"
    """
    from planner.app.clinics import open_clinic

    days = _closure(on, last, None, None, None)
    who = author(by, reason)
    there = (days.first, days.last)
    _tell(open_clinic(open_register(database), clinic, there, who), as_json)


@click.command("list")
@database_option
@json_option
def list_(database: str | None, as_json: bool) -> None:
    """Show the clinics of the register.

    Example: planner clinic list
    """
    from planner.app.clinics import clinics_listed
    from planner.cli.output import emit_json, say

    found = clinics_listed(open_register(database), role())
    if as_json:
        emit_json([{"clinic": one.id, "version": one.version} for one in found])
        return
    lines = [f"{one.id:24}  version {one.version}  {one.clinic.name}".rstrip() for one in found]
    say("\n".join([*(lines or ["no clinics"]), ""]))


@click.command()
@click.argument("clinic", metavar="ID")
@database_option
@json_option
def show(clinic: str, database: str | None, as_json: bool) -> None:
    """Show a clinic: its hours, its rooms and people, what closes it, what was changed.

    Example: planner clinic show vestergade
    """
    from planner.app.clinics import clinic_shown
    from planner.cli.output import emit_json, say

    found = clinic_shown(open_register(database), role(), clinic)
    if as_json:
        emit_json(_shown(found))
    else:
        say("\n".join([*_lines(found), ""]))


def _closure(
    on: str, last: str | None, hours: str | None, kind: Kind | None, less: int | None
) -> Closure:
    from planner.core.calendar.clinic import Closure
    from planner.files.fields import check_span

    first = typed_day(on, "--on")
    until = typed_day(last, "--to") if last is not None else first
    check_in_order(first, until)
    if (kind is None) != (less is None):
        raise UsageError(Problem("", "--kind and --less go together", "give both, or none"))
    span = None if hours is None else typed(hours, check_span, "--hours")
    return Closure(first, until, span, kind, less or 0)


def _tell(made: ClinicChanged, as_json: bool) -> None:
    from planner.app.clinics import NOTHING, changed_json, summary_line
    from planner.cli.output import emit_json, say

    if as_json:
        emit_json(changed_json(made, role()), is_done=made.is_written)
        return
    is_dry = "" if made.is_written else " (nothing was written)"
    head = click.style(f"Clinic {made.clinic}, {summary_line(made)}{is_dry}", bold=True)
    shown = _outcome_lines(made.outcome) if role() != "administrator" else ()
    lines = [head, *shown]
    if made.outcome == NOTHING:
        lines.append("  no visit is touched")
    if made.is_written and (made.outcome.moves or made.outcome.without_day):
        lines.append(f"papers and calls: planner clinic papers {made.clinic} --out DIR")
    say("\n".join([*lines, ""]), is_done=made.is_written)


def _outcome_lines(outcome: Outcome) -> Iterator[str]:
    """What papers wait for, what moves or finds no day, what is drawn up anew, or not recorded."""
    for course, one in outcome.hinders:
        yield f"  {course:14}  {one.code}: {one.alone}"
    yield from (_move_line(move) for move in (*outcome.moves, *outcome.without_day))
    for drawn in outcome.draw_ups:
        yield f"  {drawn.course:14}  visit {drawn.visit:<3}  {drawn.was}; now {drawn.now}"
    for course, visit, when in outcome.unrecorded:
        yield f"  {course:14}  visit {visit:<3}  {typed_moment(when)}  was not recorded"


def _move_line(one: VisitMoved) -> str:
    free = " or ".join(map(typed_moment, one.choices)) or "none near"
    to = typed_moment(one.to) if one.to else f"no day; free: {free}"
    return f"  {one.course:14}  visit {one.visit:<3}  {typed_moment(one.stood)}  ->  {to}"


def _shown(place: Place) -> dict[str, Any]:
    clinic = place.clinic
    days = zip(_DAYS, clinic.opening, strict=True)
    return {
        "clinic": place.id,
        "version": place.version,
        "name": clinic.name,
        "timezone": clinic.timezone,
        "opening": {day: [str(span) for span in spans] for day, spans in days},
        "capacity": dict(clinic.capacity),
        "needs": {purpose: dict(share) for purpose, share in clinic.needs.items()},
        "closures": [_closure_shown(one) for one in clinic.closures],
        "events": [_event_shown(one) for one in place.events],
    }


def _closure_shown(one: Closure) -> dict[str, Any]:
    hours = str(one.hours) if one.hours else None
    days = {"from": one.first, "to": one.last, "hours": hours}
    return days | {"kind": one.kind, "less": one.less or None}


def _event_shown(one: ClinicEvent) -> dict[str, Any]:
    said = {"event": one.number, "kind": one.kind, "at": one.at.isoformat()}
    return said | {"by": one.by, "reason": one.reason}


def _lines(place: Place) -> Iterator[str]:
    found = _shown(place)
    yield click.style(f"Clinic {place.id}, version {place.version}", bold=True)
    yield f"{place.clinic.name or 'without a name'}, {place.clinic.timezone}"
    for day, spans in found["opening"].items():
        yield f"  {day}  {', '.join(spans) or 'closed'}"
    has = ", ".join(f"{kind} {number}" for kind, number in place.clinic.capacity.items())
    yield f"  at the same time: {has}"
    for one in place.clinic.closures:
        days = str(one.first) if one.first == one.last else f"{one.first} to {one.last}"
        hours = f" {one.hours}" if one.hours else ""
        what = f"{one.kind}: {one.less} less" if one.kind else "closed"
        yield f"  {days}{hours}: {what}"
    yield click.style("\nChanges", bold=True)
    zone = ZoneInfo(place.clinic.timezone)
    for event in place.events:
        why = f": {event.reason}" if event.reason else ""
        yield f"  {event.at.astimezone(zone):%Y-%m-%d %H:%M}  {event.kind:7} by {event.by}{why}"
    yield count(len(place.events), "change")

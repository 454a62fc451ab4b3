"""`planner clinic slots`, `week`, `work`: free times, a week, what waits to be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.cli.paths import PATH
from planner.cli.register import (
    check_in_order,
    database_option,
    json_option,
    open_register,
    role,
    typed_day,
)
from planner.core.calendar.clinic import PURPOSES
from planner.core.values.formatting import count, day
from planner.errors import Problem, UsageError

if TYPE_CHECKING:
    from planner.app.clinic_days import Week, WeekDay
    from planner.store.database import Database

_NAMES = {
    "overdue": "Overdue",
    "held": "Held",
    "to_confirm": "To confirm",
    "without_day": "Without a day",
    "evaluations_due": "Evaluations due",
    "stale_pages": "Stale pages",
    "to_tell": "To be told",
    "waiting": "Waiting",
    "could_come_earlier": "There is room for",
    "answered_by_nurses": "Answered by nurses",
}


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--from", "first", metavar="DATE", required=True, help="The first day.")
@click.option("--to", "last", metavar="DATE", required=True, help="The last day (inclusive).")
@click.option("--purpose", type=click.Choice(PURPOSES), default="injection", help="What for.")
@click.option("--lesions", type=click.IntRange(1, 100), default=1, help="Of how many lesions.")
@database_option
@json_option
def slots(
    clinic: str,
    first: str,
    last: str,
    purpose: Any,
    lesions: int,
    database: str | None,
    as_json: bool,
) -> None:
    """Show the quarter hours at which a visit still fits.

    Example: planner clinic slots vestergade --from 2026-09-14 --to 2026-09-18
    """
    from planner.app.clinic_days import free_slots
    from planner.cli.output import emit_json, say

    days = (typed_day(first, "--from"), typed_day(last, "--to"))
    check_in_order(*days)
    register = open_register(database)
    now = datetime.now(UTC)
    found = free_slots(register, role(), clinic, days, now, purpose=purpose, lesions=lesions)
    if as_json:
        emit_json([{"start": start.isoformat(), "end": end.isoformat()} for start, end in found])
        return
    lines: dict[date, list[str]] = {}
    for start, _ in found:
        lines.setdefault(start.date(), []).append(f"{start:%H:%M}")
    shown = (f"{day(on)}: {' '.join(hours)}" for on, hours in lines.items())
    say("\n".join([*(shown if lines else ["nothing is free"]), ""]))


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", help="A day of the week; today where none is given.")
@click.option("--out", type=PATH, help="A drawing of it: FILE.svg or FILE.pdf.")
@database_option
@json_option
def week(
    clinic: str, on: str | None, out: Path | None, database: str | None, as_json: bool
) -> None:
    """Show a clinic's week: hours by days, visits to come, what is closed, how much room is left.

    Example: planner clinic week vestergade --on 2026-09-14 --out week.pdf
    """
    from planner.app.clinic_days import week_json, week_of
    from planner.cli.output import emit_json, say

    if out is not None and out.suffix not in (".svg", ".pdf"):
        problem = Problem("--out", f"{out.name} is no kind of drawing", "name it .svg or .pdf")
        raise UsageError(problem)
    register = open_register(database)
    when = typed_day(on, "--on") if on else _today(register, clinic)
    found = week_of(register, role(), clinic, when, datetime.now(UTC))
    if out is not None:
        _draw(found, out)
    if as_json:
        emit_json(week_json(found))
    else:
        say("\n".join([*(line for one in found.days for line in _day_lines(one)), ""]))


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", help="The day; today where none is given.")
@database_option
@json_option
def work(clinic: str, on: str | None, database: str | None, as_json: bool) -> None:
    """Show what waits at a clinic: overdue, held, to confirm, to print, to tell, who could come.

    Example: planner clinic work vestergade
    """
    from planner.app.clinic_days import work_of
    from planner.cli.output import emit_json, say

    when = typed_day(on, "--on") if on else None
    found = work_of(open_register(database), role(), clinic, datetime.now(UTC), on=when)
    if as_json:
        emit_json(found._asdict())
        return
    lines = [line for name in _NAMES for line in _work_lines(name, getattr(found, name))]
    if found.hidden_to_tell:
        visits = count(found.hidden_to_tell, "visit")
        lines.append(f"{visits} moved of patients whose data is restricted, and not told to them")
    say("\n".join([*(lines or ["nothing waits"]), ""]))


def _today(register: Database, clinic: str) -> date:
    """The day that it is at a clinic."""
    from planner.app.queries import days_now

    return days_now(register, role(), datetime.now(UTC), clinic)[0]


def _work_lines(name: str, there: list[dict[str, Any]]) -> Iterator[str]:
    if not there:
        return
    yield click.style(_NAMES[name], bold=True)
    for one in there:
        rest = [_told(key, value) for key, value in one.items() if key != "course" and value]
        yield f"  {one['course']:14}  {'  '.join(rest)}".rstrip()


def _told(key: str, value: Any) -> str:
    if key == "start":
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}"
    if isinstance(value, datetime):
        return f"{key.replace('_', ' ')} {value:%Y-%m-%d %H:%M}"
    if key == "pages":
        return ", ".join(f"{one['page']} {one['code']}" for one in value)
    shown = ", ".join(value) if isinstance(value, list) else value
    return f"{key.replace('_', ' ')} {shown}"


def _day_lines(one: WeekDay) -> Iterator[str]:
    hours = ", ".join(map(str, one.open))
    room = one.closed_because or f"{hours}; room for {count(one.room_for, 'more injection')}"
    yield click.style(f"{day(one.day)}: {room}", bold=True)
    for visit in one.visits:
        crowded = "  CROWDED" if visit.is_crowded else ""
        what = f"{' and '.join(visit.purposes)} {', '.join(visit.lesions)}"
        hour = f"{visit.start:%H:%M}-{visit.end:%H:%M}"
        yield f"  {hour}  {visit.course:14}  visit {visit.visit:<3}  {what}{crowded}"
    if one.hidden:
        yield f"  {count(one.hidden, 'visit')} not shown: their data is restricted"


def _draw(found: Week, out: Path) -> None:
    from planner.app.clinic_days import drawn_days
    from planner.cli.plan import issue_time
    from planner.documents.folder import write_file
    from planner.documents.pdf import paper_pdf
    from planner.documents.week import week_paper, week_svg

    days, clinic = drawn_days(found), found.place.clinic
    if out.suffix == ".svg":
        write_file(out, week_svg(days, clinic).encode())
    else:
        write_file(out, paper_pdf(week_paper(days, clinic), issue_time()))

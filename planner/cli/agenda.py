"""`planner agenda`: the visits of many plans, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from planner.cli.paths import PATH
from planner.core.plan.in_short import purposes_in_short, volume_in_short
from planner.core.plan.pages import to_do
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import day
from planner.errors import InputError, Problem


class _Row(NamedTuple):
    """A visit of some plan."""

    on: date
    start: str
    end: str
    who: str
    what: str
    where: str
    volume: str


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=PATH)
@click.option("--on", "on", metavar="DATE", help="One day only.")
@click.option("--week", metavar="DATE", help="The seven days from a day.")
def agenda(folders: tuple[Path, ...], on: str | None, week: str | None) -> None:
    """Show the visits of many plans day by day: who, what, where, and mL in all.

    A DIR is a plan's folder, or one that holds such folders.

    Example: planner agenda plans/ --week 2026-09-07
    """
    from planner.app.plan_folders import newest_plans
    from planner.cli.output import remark
    from planner.cli.papers import say_zone_rules

    days = _days(on, week)
    plans = newest_plans(folders, lambda text: remark(f"caution: {text}"))
    for path, plan in plans.items():
        say_zone_rules(plan, path)
    rows = sorted(row for plan in plans.values() for row in _rows(plan))
    shown = [row for row in rows if days is None or row.on in days]
    if not shown:
        click.echo("no visits")
        return
    widths = [max(len(str(row[n])) for row in shown) for n in range(3, 7)]
    last = None
    for row in shown:
        if row.on != last:
            click.echo(click.style(f"{'' if last is None else chr(10)}{day(row.on)}", bold=True))
            last = row.on
        cells = [text.ljust(width) for text, width in zip(row[3:], widths, strict=True)]
        click.echo(f"  {row.start}-{row.end}  {'  '.join(cells)}".rstrip())


def _days(on: str | None, week: str | None) -> list[date] | None:
    """The days to show; None for all."""
    from planner.errors import UsageError
    from planner.files.fields import FieldError, check_date

    if on is not None and week is not None:
        raise UsageError(Problem("", "--on and --week were both given", "keep one"))
    if on is None and week is None:
        return None
    try:
        first = check_date(on or week)
    except FieldError as error:
        raise InputError(Problem("--on" if on else "--week", error.problem, error.fix)) from error
    return [first + timedelta(days=n) for n in range(1 if on else 7)]


def _rows(plan: Plan) -> Iterator[_Row]:
    for visit in to_do(plan):
        if visit.start is not None and visit.end is not None:
            yield _Row(
                on=visit.start.date(),
                start=f"{visit.start:%H:%M}",
                end=f"{visit.end:%H:%M}",
                who=f"{plan.patient.name or plan.patient.id}, {plan.course}",
                what=purposes_in_short(
                    visit.number,
                    [one.lesion for one in visit.evaluations],
                    [one.lesion for one in visit.injections],
                ),
                where=plan.clinic.name or plan.clinic.timezone,
                volume=_volume(plan, visit),
            )


def _volume(plan: Plan, visit: PlannedVisit) -> str:
    """The mL of a visit in all, beside their strength."""
    if not visit.injections:
        return ""
    return volume_in_short(visit.total_drawn_ml, plan.protocol.strength_mg_per_ml)

"""`planner clinic day`, `record`, `papers`, `told`: a day's papers, its record, whom to call."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.changing import Change
from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    by_option,
    database_option,
    open_register,
    role,
    typed_day,
    typed_text,
)
from planner.core.values.formatting import count
from planner.errors import PlannerError

if TYPE_CHECKING:
    from planner.cli.clinic_record import Vials


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", required=True, help="The day.")
@click.option("--out", required=True, type=PATH, help="Their folder.")
@by_option
@database_option
def day(clinic: str, on: str, out: Path, by: str | None, database: str | None) -> None:
    """Print a day: who comes and what to prepare in all, worksheets and labels of its visits.

    They are in the order of the hours, and count as made.

    Example: planner clinic day vestergade --on 2026-09-14 --out monday
    """
    from planner.app.clinic_papers import day_pack, write_day
    from planner.cli.output import remark, say
    from planner.cli.papers import progress_line
    from planner.cli.plan import issue_time

    stamp = issue_time() if "SOURCE_DATE_EPOCH" in os.environ else None
    who = author(by or "not stated")
    when = typed_day(on, "--on")

    register = open_register(database)
    write = partial(write_day, out)
    made = day_pack(register, clinic, when, who, stamp=stamp, report=progress_line, write=write)
    for course, why in made.waiting.items():
        remark(f"course {course}: {why}; its papers were not made")
    files = " ".join(made.files)
    say(f"{count(len(made.visits), 'visit')}; files in {out}/\n  {files}\n", is_done=True)


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--on", metavar="DATE", required=True, help="The day.")
@by_option
@database_option
@click.pass_context
def record(ctx: click.Context, clinic: str, on: str, by: str | None, database: str | None) -> None:
    """Ask for all visits of a day in the order of the hours, with the worksheets at hand.

    Each is written once it was asked for; what is unlikely is asked for each visit by itself. One
    that is refused is named, and the next one follows.

    Example: planner clinic record vestergade --on 2026-09-14 --by "Nurse B"
    """
    from planner.app.clinic_papers import visits_of_day
    from planner.cli.clinic_record import Vials
    from planner.cli.output import say

    author(by)
    when = typed_day(on, "--on")
    there = visits_of_day(open_register(database), role(), clinic, when)
    vials = Vials()
    asked = [
        (_recorded(Change(course, by, None, None, database, (), as_json=False), number, vials),
         f"{course} visit {number}")
        for course, number in there
    ]  # fmt: skip
    done = sum(is_done is True for is_done, _ in asked)
    say(f"{count(done, 'visit')} of {len(there)} recorded\n", is_done=True)
    if left := [name for is_done, name in asked if is_done is None]:
        click.echo(f"left: {', '.join(left)}", err=True)
        ctx.exit(12)


def _recorded(change: Change, number: int, vials: Vials) -> bool | None:
    """Whether a visit was recorded; None where that was refused, and said why."""
    from planner.cli.clinic_record import record_visit

    try:
        return record_visit(change, number, vials)
    except PlannerError as error:
        for problem in error.problems:
            click.echo(f"  not recorded: {problem}", err=True)
        return None


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--out", required=True, type=PATH, help="A folder for each course is made in it.")
@by_option
@database_option
def papers(clinic: str, out: Path, by: str | None, database: str | None) -> None:
    """Make the documents of all courses that have stale pages out, and the list of calls.

    Example: planner clinic papers vestergade --out changed
    """
    from planner.app.clinic_papers import clinic_papers
    from planner.cli.output import remark, say

    def told(n: int, of: int, course: str) -> None:
        click.echo(f"{n} of {of}: course {course} ...", err=True)

    who = author(by or "not stated")
    made = clinic_papers(open_register(database), clinic, who, out, report=told)
    for course, why in made.waiting:
        remark(f"course {course}: {why}")
    courses = count(len(made.courses), "course")
    say(f"{courses}, {count(made.calls, 'call')}; files in {out}/\n", is_done=True)


@click.command()
@click.argument("clinic", metavar="ID")
@click.option("--course", metavar="C", required=True, help="The course.")
@click.option("--how", metavar="TEXT", required=True, help="How, as: by phone, agreed.")
@by_option
@database_option
def told(clinic: str, course: str, how: str, by: str | None, database: str | None) -> None:
    """Record that a patient was told what moved; it leaves the list of calls.

    Example: planner clinic told vestergade --course K-0042 --how "by phone" --by "Ms C"
    """
    from planner.app.clinic_papers import record_told
    from planner.cli.output import say

    said = typed_text(how, "--how")
    record_told(open_register(database), clinic, course, said or "", author(by))
    say(f"Course {course}: told\n", is_done=True)

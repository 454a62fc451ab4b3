"""What the commands that make papers share: half-used sheets of labels, and progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from planner.core.plan.plan import Plan
from planner.errors import InputError, NotConfirmedError, Problem, RefusedError, UsageError

LONG_COURSE = 40
first_label_option = click.option(
    "--first-label",
    type=click.IntRange(1, 30),
    default=1,
    metavar="N",
    help="The first free label of a half-used sheet, row by row.",
)


def check_first_label(first: int, plan: Plan) -> None:
    """Refuse a label that the clinic's sheets do not have."""
    from planner.documents.labels import GRIDS

    paper = plan.clinic.paper
    there = GRIDS[paper].labels
    if first > there:
        fix = f"give 1 to {there}"
        raise UsageError(Problem("--first-label", f"{paper} sheets have {there} labels", fix))


def issued_there(folder: Path, made: Plan) -> Plan:
    """The plan that a folder holds. Raises RefusedError unless it is of the same course.

    Raises EditedPlanError for one that somebody changed: it is not written over unseen.
    """
    from planner.files.plan import read_plan
    from planner.files.seal import EditedPlanError

    try:
        there, _ = read_plan(folder / "plan.json")
    except EditedPlanError:
        raise
    except InputError as error:
        problem = "its plan.json is not one of the planner"
        raise RefusedError(Problem(str(folder), problem, "choose another --out")) from error
    if there.course != made.course:
        text = f"it holds course {there.course}"
        raise RefusedError(Problem(str(folder), text, "choose another --out"))
    if there.patient.id != made.patient.id:
        text = f"it holds course {there.course} of another patient"
        raise RefusedError(Problem(str(folder), text, "give the course an id of its own"))
    return there


def check_confirmed(plan: Plan, path: Path) -> None:
    """Refuse to work with a plan that waits for a physician or has errors."""
    if not plan.is_confirmed:
        text = "this plan waits for a physician or has errors; nothing was done"
        raise NotConfirmedError(Problem(str(path), text, "see its findings, and plan it again"))


def say_zone_rules(plan: Plan, path: Path) -> None:
    """Say so on standard error where the zone's rules are no longer those of the plan."""
    from planner.cli.output import remark
    from planner.core.plan.zone_rules import CODE

    for finding in plan.findings:
        if finding.code == CODE:
            remark(f"caution: {path}: {CODE}: {finding.message}")


def progress(plan: Plan) -> Callable[[str], None]:
    """Tells on standard error which paper is being made, where that takes seconds."""
    is_long = len(plan.lesions) > LONG_COURSE

    def report(name: str) -> None:
        if is_long:
            click.echo(f"making {name} ...", err=True)

    return report

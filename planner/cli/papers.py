"""What the commands that make papers share: half-used sheets of labels, and progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from planner.core.plan.plan import Plan

LONG_COURSE = 40
first_label_option = click.option(
    "--first-label",
    type=click.IntRange(1),  # how many there are is the sheet's to say
    default=1,
    metavar="N",
    help="The first free label of a half-used sheet, row by row.",
)


def say_zone_rules(plan: Plan, path: Path) -> None:
    """Say so on standard error where the zone's rules are no longer those of the plan."""
    from planner.cli.output import remark
    from planner.core.plan.zone_rules import CODE

    for finding in plan.findings:
        if finding.code == CODE:
            remark(f"caution: {path}: {CODE}: {finding.message}")


def progress_line(name: str) -> None:
    """Say which paper is made."""
    click.echo(f"making {name} ...", err=True)


def progress(plan: Plan) -> Callable[[str], None]:
    """Tells on standard error which paper is being made, where that takes seconds."""
    is_long = len(plan.lesions) > LONG_COURSE

    def report(name: str) -> None:
        if is_long:
            click.echo(f"making {name} ...", err=True)

    return report

"""`planner print`: the papers of an existing plan again."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.output import say
from planner.cli.papers import first_label_option, progress, say_zone_rules
from planner.cli.paths import PATH
from planner.errors import located


@click.command()
@click.argument("plan", metavar="PLAN.json", type=PATH)
@click.option("--out", required=True, type=PATH, help="The papers' folder.")
@first_label_option
def print(plan: Path, out: Path, first_label: int) -> None:
    """Make the papers of a plan again, each page marked as a reprint.

    Example: planner print K-0042/plan.json --out again
    """
    from planner.app.issued_folder import read_confirmed, reprint
    from planner.cli.plan import issue_time

    made = read_confirmed(plan)
    say_zone_rules(made, plan)
    with located(str(plan)):
        files = reprint(made, out, issue_time(), first_label=first_label, report=progress(made))
    say(f"Files in {out}/\n  {' '.join(files)}\n", is_done=True)

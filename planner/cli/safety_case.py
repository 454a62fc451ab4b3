"""`planner safety-case`: what a clinical safety officer asks for."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.paths import PATH


@click.command("safety-case")
@click.option("--out", required=True, type=PATH, help="The safety case's folder.")
def safety_case(out: Path) -> None:
    """Write the clinical safety case: use, hazards, controls, tests, limits, local deployment.

    Example: planner safety-case --out safety
    """
    from planner.app.safety_case import safety_files
    from planner.cli.output import say
    from planner.cli.plan import issue_time
    from planner.documents.folder import check_holds_only, write_folder

    made = safety_files(issue_time())
    write_folder(out, made, check=lambda folder: check_holds_only(folder, made))
    say(f"Files in {out}/\n  {' '.join(made)}\n", is_done=True)

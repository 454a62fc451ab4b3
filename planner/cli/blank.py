"""`planner blank`: blank papers for the days on which the planner cannot be used."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.paths import PATH
from planner.files.bundled import DEFAULT_PROTOCOL

NAME = "blank-papers.pdf"


@click.command()
@click.option("--out", required=True, type=PATH, help="The kit's folder.")
@click.option("--clinic", type=PATH, help="The clinic's file: its syringes, paper and language.")
@click.option("--protocol", default=DEFAULT_PROTOCOL, help="A bundled protocol, or a file.")
def blank(out: Path, clinic: Path | None, protocol: str) -> None:
    """Make blank papers for downtime: what to do, a sheet, a worksheet, doses as volumes.

    Example: planner blank --clinic clinic.toml --out downtime
    """
    from planner.app.planning import NamedFile, check_strong_enough, read_clinic
    from planner.cli.output import say
    from planner.cli.plan import issue_time
    from planner.documents.blank import blank_pdf
    from planner.documents.folder import check_holds_only, write_folder
    from planner.files.protocol import load_protocol

    stamp = issue_time()
    source = None if clinic is None else NamedFile.of_file(clinic)
    place = read_clinic(source, "UTC", range(stamp.year, stamp.year + 1))
    rules = load_protocol(protocol)
    check_strong_enough(rules, place)
    made = {NAME: blank_pdf(rules, place, stamp)}
    write_folder(out, made, check=lambda folder: check_holds_only(folder, made))
    say(f"Files in {out}/\n  {NAME}\n", is_done=True)

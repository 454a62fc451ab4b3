"""`planner fhir`: a plan, or a course of the register, for a hospital's record."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from planner.cli.paths import PATH
from planner.cli.register import author, by_option, database_option, open_register, role
from planner.errors import Problem, UsageError


@click.command()
@click.argument("plan", metavar="[PLAN.json]", type=PATH, required=False)
@click.option("--course", metavar="ID", help="A course of the register, as it stands.")
@click.option("--collection", is_flag=True, help="A plain collection, not a transaction to post.")
@click.option(
    "--papers", is_flag=True, help="The papers too, as PDF; a --course counts them as made."
)
@click.option("--out", type=PATH, help="A file; standard output if left out.")
@by_option
@database_option
def fhir(
    plan: Path | None,
    course: str | None,
    collection: bool,
    papers: bool,
    out: Path | None,
    by: str | None,
    database: str | None,
) -> None:
    """Write a FHIR bundle (R4 and R4B) of a plan.json, or of a course with --course.

    It may be posted again: what is there is replaced, nothing is doubled. It is read back and held
    against the plan before it is written.

    Example: planner fhir K-0042/plan.json --out K-0042.json
    """
    from planner.app.exchange import course_bundle, plan_bundle
    from planner.cli.output import say
    from planner.cli.plan import issue_time
    from planner.documents.fhir import Kind
    from planner.documents.folder import write_file
    from planner.files.plan import read_plan

    kind: Kind = "collection" if collection else "transaction"
    if (plan is None) == (course is None):
        raise UsageError(Problem("", "name a plan.json, or a course with --course", "name one"))
    note = None
    if plan is not None:
        made, content = read_plan(plan)
        bundle = plan_bundle(made, content, issue_time(), kind, with_papers=papers)
    else:
        who = author(by or "not stated") if papers else None
        register = open_register(database)
        found = course_bundle(register, role(), course or "", _stamp(), kind, papers_by=who)
        bundle, note = found.content, found.note_papers
    if out is not None:
        write_file(out, bundle, note)
        say(f"Written: {out}\n", is_done=True)
        return
    if note is not None:
        note()
    click.echo(bundle, nl=False)


def _stamp() -> datetime | None:
    """The time of issue where it is given; else a course is told of by its last change."""
    from planner.cli.plan import issue_time

    return issue_time() if "SOURCE_DATE_EPOCH" in os.environ else None

"""`planner validate`: the installation proves itself where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.paths import PATH
from planner.errors import Problem, RefusedError

if TYPE_CHECKING:
    from planner.app.validation.validating import Validation


@click.command()
@click.option("--clinic", type=PATH, help="The clinic's own file, to plan three courses with.")
@click.option("--out", type=PATH, help="A folder for validation.pdf and validation.json.")
@click.option("--json", "as_json", is_flag=True, help="Print validation.json.")
def validate(clinic: Path | None, out: Path | None, as_json: bool) -> None:
    """Prove this installation: versions, files, zone data, rules, cases, papers, register.

    It needs no network, and leaves nothing behind but what --out asks for. Exit code 13 where
    anything does not hold, with each difference.

    Example: planner validate --clinic clinic.toml --out validation
    """
    from planner.app.planning import NamedFile
    from planner.app.validation import validating
    from planner.app.validation.report import validation_pdf
    from planner.cli.output import say
    from planner.cli.plan import issue_time
    from planner.documents.folder import check_empty, write_folder

    tried = None if clinic is None else NamedFile.of_file(clinic)
    if out is not None:
        check_empty(out)
    done = validating.validate(issue_time(), tried, _progress)
    kept = validating.validation_json(done)
    if as_json:
        click.echo(kept, nl=False)
    else:
        say("\n".join(_lines(done)) + "\n")
    if out is not None:
        made = {"validation.json": kept}
        try:
            made["validation.pdf"] = validation_pdf(done)
        except Exception:  # what no paper can be made with is among the differences
            if done.holds:
                raise
        write_folder(out, made, check=check_empty)
    if not done.holds:
        raise RefusedError(*_differences(done))


def _differences(done: Validation) -> Iterator[Problem]:
    for one in done.steps:
        for difference in one.differences:
            yield Problem(one.step.title.lower(), difference)


def _progress(title: str) -> None:
    click.echo(f"{title} ...", err=True)


def _lines(done: Validation) -> Iterator[str]:
    for one in done.steps:
        word = click.style("holds", fg="green") if one.holds else click.style("FAILS", fg="red")
        yield f"{word}  {one.step.title}" + (f" ({one.seen})" if one.seen else "")
    if all(one.step.part != "performance" for one in done.steps):
        yield "not made: the clinic's own file (give it with --clinic)"

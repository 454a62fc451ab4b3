"""`planner series`: the register's own results beside the source's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.paths import PATH
from planner.cli.register import (
    check_in_order,
    database_option,
    json_option,
    open_register,
    optional_day,
    role,
)

if TYPE_CHECKING:
    from planner.core.series.cohort import Cohort
    from planner.core.series.description import Description


@click.command()
@click.option("--letter", is_flag=True, help="The protocol's own cases, alone or beside.")
@click.option("--protocol", metavar="NAME", help="Only courses of a protocol; whose cases.")
@click.option("--clinic", metavar="ID", help="Only courses of a clinic.")
@click.option("--from", "first", metavar="DATE", help="Courses that began from a day on.")
@click.option("--to", "last", metavar="DATE", help="Courses that began until a day (inclusive).")
@click.option("--on", metavar="DATE", help="The register as it was at the end of a day.")
@click.option("--public", is_flag=True, help="Mark counts of fewer than five patients.")
@click.option("--out", type=PATH, help="A folder for report, figures and tables.")
@database_option
@json_option
def series(
    letter: bool,
    protocol: str | None,
    clinic: str | None,
    first: str | None,
    last: str | None,
    on: str | None,
    public: bool,
    out: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Describe the courses of the register, or the source's cases: it tests and suggests nothing.

    Example: planner series --letter --out series
    """
    from planner.app.registers import is_begun
    from planner.app.series import (
        Chosen,
        check_not_to_come,
        described_series,
        description_json,
        register_cohort,
    )
    from planner.app.series_folder import write_series
    from planner.cli.output import emit_json, say

    days = optional_day(first, "--from"), optional_day(last, "--to")
    check_in_order(*days)
    chosen, today = Chosen(protocol, clinic, *days, optional_day(on, "--on")), date.today()
    check_not_to_come(chosen.on, today, "--on")
    cohorts: dict[str, Cohort] = {}
    slipped: list[str] = []
    if not letter or is_begun(database):
        register = open_register(database)
        cohorts["register"] = register_cohort(register, role(), chosen, today)
    if letter:
        cohorts["letter"], slipped = _letter(protocol)
    found = described_series(cohorts, is_public=public)
    if out is not None:
        write_series(out, cohorts, slipped, is_public=public)
    if as_json:
        emit_json({name: description_json(one) for name, one in found.items()})
        return
    say("\n".join([*_lines([*found.values()], slipped), ""]))


def _letter(protocol: str | None) -> tuple[Cohort, list[str]]:
    """The source's own cases, and where it differs from itself."""
    from planner.core.protocol.evidence import slips
    from planner.core.series.cohort import letters_cohort
    from planner.files.bundled import DEFAULT_PROTOCOL
    from planner.files.protocol import load_protocol

    source = load_protocol(protocol or DEFAULT_PROTOCOL)
    return letters_cohort(source), slips(source)


def _lines(found: list[Description], slipped: list[str]) -> Iterator[str]:
    from planner.documents.series.report import SLIPS, table_1

    head, rows = table_1(found)
    width = max(len(name) for name, *_ in rows)
    columns = [max(len(row[n]) for row in (head, *rows)) for n in range(1, len(head))]
    for name, *values in (head, *rows):
        shown = "  ".join(one.ljust(w) for one, w in zip(values, columns, strict=True))
        yield f"{name:{width}}  {shown}".rstrip()
    if slipped:
        yield f"\n{SLIPS}"
        yield from (f"  {one}" for one in slipped)
    yield ""
    yield "It describes; it tests nothing and suggests no dose."

"""`planner decide`: the regimen of one lesion, and its grounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from planner.cli.ulceration import ulceration_option
from planner.core.values.formatting import count, mg, mm
from planner.errors import Noted
from planner.files.bundled import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from decimal import Decimal

    from planner.app.deciding import Grounds
    from planner.core.protocol.protocol import Protocol


@click.command()
@click.option("--size-mm", required=True, metavar="N", help="Largest diameter.")
@click.option("--site", required=True, help="A site of the protocol, such as fingertip.")
@ulceration_option(must=True)
@click.option("--protocol", "name", default=DEFAULT_PROTOCOL, help="A bundled name, or a file.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def decide(size_mm: str, site: str, ulcerated: bool, name: str, as_json: bool) -> None:
    """Say which regimen a lesion gets, by which rule, and on what evidence.

    Example: planner decide --size-mm 4 --site elbow --not-ulcerated
    """
    from planner.app.deciding import grounds_of
    from planner.cli.output import emit_json

    size, protocol = _read(size_mm, site, name)
    found = grounds_of(size, site, ulcerated, protocol)
    if as_json:
        emit_json(
            {
                "regimen": found.regimen.id,
                "rule": found.rule,
                "evidence": found.evidence,
                "reasons": found.reasons,
                "sources": [found.source],
                "findings": found.findings,
            }
        )
        return
    for line in _lines(found):
        click.echo(line)


def _read(size_mm: str, site: str, name: str) -> tuple[Decimal, Protocol]:
    """The size and the protocol. Raises all that is wrong with what was typed."""
    from planner.cli.typed import typed_number
    from planner.files.protocol import load_protocol

    noted, size, protocol = Noted(), None, None
    with noted.noting():
        size = typed_number(size_mm, "mm", "--size-mm")
    with noted.noting():
        protocol = load_protocol(name)
    if size is not None and protocol is not None:
        return size, protocol
    if protocol is not None:
        noted.problems += protocol.table.site_problems(site)
    noted.check()
    raise AssertionError("what could not be read has a problem")


def _lines(found: Grounds) -> Iterator[str]:
    from planner.cli.output import finding_lines

    caveat = f" ({found.caveat})" if found.caveat else ""
    yield click.style(f"{found.regimen.id}: {found.regimen.title}", bold=True)
    yield f"Evidence: {found.evidence}{caveat}; {found.source}"
    yield from (f"  {reason}" for reason in found.reasons)
    if found.cases:
        yield "Nearest cases of this regimen, for reference, not a proposal:"
    for case in found.cases:
        given = case.dose_range_mg.words("mg")
        doses = f"{given}, mean {mg(case.mean_dose_mg)}" if case.injections > 1 else given
        times = count(case.injections, "injection")
        yield f"  {case.site}, {mm(case.size_mm)}: {times} of {doses} ({case.place})"
    yield from finding_lines(found.findings, [])

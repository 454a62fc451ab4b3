"""`planner hazards`: what may go wrong for a patient, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from planner.files.hazards import Hazard


@click.command()
def hazards() -> None:
    """Print the hazard log: each hazard, how it comes about, who is harmed, its controls and tests.

    Example: planner hazards
    """
    from planner.cli.output import say
    from planner.files.hazards import hazards as log

    say("\n\n".join("\n".join(_lines(one)) for one in log()) + "\n")


def _lines(one: Hazard) -> Iterator[str]:
    yield click.style(f"{one.id}: {one.hazard}", bold=True)
    yield f"  how:     {one.how}"
    yield f"  harm:    {one.harm}"
    before, left = one.risk.before, one.risk.with_controls
    yield f"  risk:    {one.level(before)} ({before}), with its controls {one.level(left)} ({left})"
    yield f"  owner:   {one.risk.owner}, {one.risk.status}"
    for control in one.controls:
        yield f"  control: {control.what} ({control.where})"
    if one.left:
        yield f"  left:    {one.left}"
    for test in one.tests:
        yield f"  test:    {test}"

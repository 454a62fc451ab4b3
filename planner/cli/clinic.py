"""`planner clinic`: the days, rooms and visits of all courses of a clinic."""

from __future__ import annotations

import click

from planner.cli.lazy import LazyGroup

_CHANGES, _DAYS, _PAPERS, _WAITING = (
    f"planner.cli.clinic_{part}" for part in ("changes", "days", "papers", "waiting")
)
COMMANDS = {
    **dict.fromkeys(("put", "list", "show", "close", "open"), _CHANGES),
    **dict.fromkeys(("slots", "week", "work"), _DAYS),
    **dict.fromkeys(("day", "record", "papers", "told"), _PAPERS),
    **dict.fromkeys(("wait", "waiting", "book"), _WAITING),
}


@click.group(cls=LazyGroup, modules=COMMANDS)
def clinic() -> None:
    """Keep a clinic's days for all its courses: what is open, who comes, what to prepare.

    Example: planner clinic close vestergade --on 2026-09-14 --reason "ill" --dry-run
    """

"""`planner publish`: a plan's visits into the clinic's calendar server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from planner.errors import PlannerError, Problem


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--caldav", "url", required=True, metavar="URL", help="The calendar's address.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def publish(folder: Path, url: str, dry_run: bool) -> None:
    """Put a plan's visits into the clinic's calendar: create, move, cancel; never over a change.

    Credentials come from PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD, a keyring, or a prompt.

    Example: planner publish K-0042 --caldav https://calendar.example/clinic/ --dry-run
    """
    from planner.cli.credentials import caldav_credentials
    from planner.cli.papers import check_confirmed
    from planner.cli.plan import issue_time
    from planner.files.plan import read_plan
    from planner.servers.caldav import Collection
    from planner.servers.publish import Action, actions, summary

    plan, _ = read_plan(folder / "plan.json")
    check_confirmed(plan, folder / "plan.json")
    with Collection(url, caldav_credentials(url)) as collection:
        wanted = actions(plan, collection, issue_time())
        done: list[Action] = []
        with _uninterrupted():
            for action in wanted:
                try:
                    if not dry_run:
                        action.carry_out(collection)
                except PlannerError as error:
                    up = f"{summary(done)}; publish again to continue"
                    not_done = Problem(action.what, "not done", up)
                    raise type(error)(*error.problems, not_done) from error
                done.append(action)
                click.echo(f"{action.kind:7} {action.what}")
    click.echo(f"{'would be: ' if dry_run else ''}{summary(done)}")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a signal wait until the visits are all up, so that the calendar has no mixture.

    The second signal is obeyed at once: a server may answer slowly.
    """
    waiting: list[int] = []
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)
        click.echo("stopping when all visits are up; once more stops at once", err=True)

    for one in before:
        signal.signal(one, note)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    if waiting:
        signal.raise_signal(waiting[0])

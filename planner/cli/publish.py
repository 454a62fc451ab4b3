"""`planner publish`: a plan's visits into the clinic's calendar server."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.paths import PATH
from planner.errors import PlannerError, Problem


@click.command()
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--caldav", "url", required=True, metavar="URL", help="The calendar's address.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def publish(folder: Path, url: str, dry_run: bool) -> None:
    """Put a plan's visits into the clinic's calendar: create, move, cancel; never over a change.

    Credentials come from PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD, a keyring, or a prompt.

    Example: planner publish K-0042 --caldav https://calendar.example/clinic/ --dry-run
    """
    from planner.app.planning import check_confirmed
    from planner.cli.credentials import caldav_credentials
    from planner.cli.output import say
    from planner.cli.papers import say_zone_rules
    from planner.cli.plan import issue_time
    from planner.documents.uninterrupted import uninterrupted
    from planner.files.plan import read_plan
    from planner.servers.caldav import Collection
    from planner.servers.publish import Action, actions, summary

    plan, _ = read_plan(folder / "plan.json")
    check_confirmed(plan, str(folder / "plan.json"))
    say_zone_rules(plan, folder / "plan.json")
    with Collection(url, caldav_credentials(url)) as collection:
        wanted = actions(plan, collection, issue_time())
        done: list[Action] = []
        with uninterrupted(_say_waiting):
            for action in wanted:
                try:
                    if not dry_run:
                        action.carry_out(collection)
                except PlannerError as error:
                    up = f"{summary(done)}; publish again to continue"
                    not_done = Problem(action.what, "not done", up)
                    raise type(error)(*error.problems, not_done) from error
                done.append(action)
                say(f"{action.kind:7} {action.what}\n", is_done=True)
    say(f"{'would be: ' if dry_run else ''}{summary(done)}\n", is_done=True)


def _say_waiting() -> None:
    click.echo("stopping when all visits are up; once more stops at once", err=True)

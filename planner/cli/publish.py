"""`planner publish`: a plan's visits into the clinic's calendar server."""

from __future__ import annotations

from pathlib import Path

import click

from planner.cli.paths import PATH


@click.command()
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--caldav", "url", required=True, metavar="URL", help="The calendar's address.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def publish(folder: Path, url: str, dry_run: bool) -> None:
    """Put a plan's visits into the clinic's calendar: create, move, cancel; never over a change.

    Credentials come from PLANNER_CALDAV_USER and PLANNER_CALDAV_PASSWORD, a keyring, or a prompt.

    Example: planner publish K-0042 --caldav https://calendar.example/clinic/ --dry-run
    """
    from planner.app import publishing
    from planner.app.issued_folder import read_confirmed
    from planner.cli.credentials import caldav_credentials
    from planner.cli.output import say
    from planner.cli.papers import say_zone_rules
    from planner.cli.plan import issue_time
    from planner.core.plan.plan import PLAN_NAME

    path = folder / PLAN_NAME
    plan = read_confirmed(path)
    say_zone_rules(plan, path)
    done = publishing.publish(
        plan,
        url,
        caldav_credentials(url),
        issue_time(),
        report=lambda action: say(f"{action.kind:7} {action.what}\n", is_done=True),
        report_waiting=_say_waiting,
        is_dry_run=dry_run,
    )
    say(f"{'would be: ' if dry_run else ''}{done}\n", is_done=True)


def _say_waiting() -> None:
    click.echo("stopping when all visits are up; once more stops at once", err=True)

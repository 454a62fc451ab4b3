"""Publishing a plan's visits to the calendar of a clinic's server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from planner.core.plan.plan import Plan
from planner.documents.uninterrupted import uninterrupted
from planner.errors import PlannerError, Problem
from planner.servers.caldav import Collection, Credentials
from planner.servers.publish import Action, actions, summary


def publish(
    plan: Plan,
    url: str,
    credentials: Credentials | None,
    stamp: datetime,
    *,
    report: Callable[[Action], None],
    report_waiting: Callable[[], None],
    is_dry_run: bool = False,
) -> str:
    """Bring the visits of a plan to a calendar; what was done in all.

    `report` is told each action once it is done, `report_waiting` a signal that waits until all
    are. Raises as `actions` does, before anything is done; an error in the middle says how far it
    came, and to publish again goes on from there.
    """
    done: list[Action] = []
    with Collection(url, credentials) as collection:
        wanted = actions(plan, collection, stamp)
        with uninterrupted(report_waiting):
            for action in wanted:
                try:
                    if not is_dry_run:
                        action.carry_out(collection)
                except PlannerError as error:
                    up = f"{summary(done)}; publish again to continue"
                    not_done = Problem(action.what, "not done", up)
                    raise type(error)(*error.problems, not_done) from error
                done.append(action)
                report(action)
    return summary(done)

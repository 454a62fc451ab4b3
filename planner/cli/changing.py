"""What the commands that change a course share: their options, how one is made and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple

import click

from planner.cli.course_views import tell_change
from planner.cli.register import (
    author,
    busy_option,
    by_option,
    confirm_option,
    database_option,
    how_to_confirm,
    json_option,
    open_register,
)
from planner.cli.sources import read_calendars as calendars

if TYPE_CHECKING:
    from planner.app.courses import Changed, Make


class Change(NamedTuple):
    """A change that somebody makes of a course: what the options common to all of them say."""

    course: str
    by: str | None
    confirm: str | None
    if_revision: int | None
    database: str | None
    busy: tuple[Path, ...]
    as_json: bool

    def make(
        self, *makes: Make, of: str, reason: str | None = None, named: date | None = None
    ) -> Changed:
        """Make it, and tell what it led to; `of` is the kind of its events, `named` their day."""
        from planner.app.courses import change
        from planner.app.roles import check_may
        from planner.app.taken import taken_beside

        who = author(self.by, reason, self.confirm)
        # Before anything of the course is looked at, or said.
        check_may(who.role, of)
        register = open_register(self.database)
        busy = taken_beside(register, self.course, calendars(self.busy), who.now.date(), named)
        with how_to_confirm():
            done = change(register, self.course, makes, who, self.if_revision, busy=busy)
        tell_change(done, self.as_json)
        return done


def changing(command: Callable[Concatenate[Change, ...], None]) -> Callable[..., None]:
    """The options that every change has; the command gets them as a Change."""

    @click.argument("course", metavar="ID")
    @by_option
    @confirm_option
    @click.option("--if-revision", type=int, metavar="N", help="Refuse if the course moved on.")
    @database_option
    @busy_option
    @json_option
    @wraps(command)
    def wrapped(
        course: str,
        by: str | None,
        confirm: str | None,
        if_revision: int | None,
        database: str | None,
        busy: tuple[Path, ...],
        as_json: bool,
        **own: Any,
    ) -> None:
        command(Change(course, by, confirm, if_revision, database, busy, as_json), **own)

    return wrapped

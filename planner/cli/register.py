"""What the commands of the register share: their options, who changes, and what is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from planner.app.roles import ROLES, Role
from planner.cli.paths import PATH
from planner.errors import InputError, Problem, UsageError
from planner.files.figures import Bounds, check_bounds

if TYPE_CHECKING:
    from planner.app.roles import Author
    from planner.store.database import Database

F = TypeVar("F", bound=Callable[..., Any])

_ROLE = "planner.role"


def _remember_role(ctx: click.Context, _param: click.Parameter, value: str) -> None:
    ctx.meta[_ROLE] = value


# Which register.
register_option = click.option(
    "--database",
    metavar="URL",
    envvar="PLANNER_DATABASE",
    help="A file, or postgresql://...; else the file in your data folder.",
)


def database_option(command: F) -> F:
    """Which register, and as what somebody works with it: see `role`."""
    for option in (
        click.option(
            "--role",
            type=click.Choice(ROLES),
            default="physician",
            envvar="PLANNER_ROLE",
            expose_value=False,
            callback=_remember_role,
            help="As what; a physician where nothing is said.",
        ),
        register_option,
    ):
        command = option(command)
    return command


def role() -> Role:
    """The role of who gave the command."""
    found: Role = click.get_current_context().meta[_ROLE]
    return found


by_option = click.option(
    "--by", metavar="NAME", envvar="PLANNER_USER", help="Who makes the change."
)
confirm_option = click.option(
    "--confirm", metavar="REASON", help="Why it is so all the same, where that is asked."
)
busy_option = click.option(
    "--busy", type=PATH, multiple=True, help="A calendar of what is taken; several times."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
visit_option = click.option(
    "--visit", type=int, required=True, metavar="N", help="The visit's number, as show gives it."
)
lesion_option = click.option("--lesion", metavar="L", help="The lesion's id.")
reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why.")


def open_register(url: str | None, *, create: bool = False) -> Database:
    """The register's database until the command ends; made where it is missing, if `create`."""
    from planner.app import registers

    opened = registers.open_register(url, create=create, report=_progress)
    return click.get_current_context().with_resource(opened)


def _progress(text: str) -> None:
    click.echo(text, err=True)


def begun_register(url: str | None) -> AbstractContextManager[Database]:
    """The register; where it is missing, a new one that appears when the work in it is done."""
    from planner.app import registers

    return registers.begun_register(url, _progress)


def author(by: str | None, reason: str | None = None, confirm: str | None = None) -> Author:
    """Who makes a change, now. Raises UsageError where nobody says who."""
    from planner.app.roles import Author

    if by is None:
        fix = "say who with --by or PLANNER_USER"
        raise UsageError(Problem("", "a change needs its author", fix))
    for place, value in (("--by", by), ("--reason", reason), ("--confirm", confirm)):
        typed_text(value, place)
    return Author(by.strip(), datetime.now(UTC), reason, confirm, role())


@contextmanager
def how_to_confirm() -> Iterator[None]:
    """Say how what is asked is answered on a command line."""
    from planner.app.asked import AskedError

    try:
        yield
    except AskedError as error:
        fix = 'if it is so, repeat the command with --confirm "reason"'
        error.problems = (*error.problems, Problem("", fix))
        raise


def typed(value: str, check: Callable[[object], Any], place: str) -> Any:
    """What somebody typed, checked. Raises InputError with the option's name."""
    from planner.files.fields import FieldError

    try:
        return check(value)
    except FieldError as error:
        raise InputError(Problem(place, error.problem, error.fix)) from error


def typed_day(value: str, place: str) -> date:
    """A day: 2026-09-14."""
    from planner.files.fields import check_date

    day: date = typed(value, check_date, place)
    return day


def optional_day(value: str | None, place: str) -> date | None:
    """A day; None for nothing."""
    return typed_day(value, place) if value else None


def check_in_order(first: date | None, last: date | None, place: str = "--to") -> None:
    """Refuse a last day before the first one."""
    if first is not None and last is not None and last < first:
        raise UsageError(Problem(place, f"{last} is before {first}", "swap the days"))


def typed_time(value: str | None, place: str) -> datetime | None:
    """A day and hour of the clinic's clock: 2026-09-14 09:00; None for nothing."""
    from planner.files.fields import check_moment

    return None if value is None else typed(value, check_moment, place)


def typed_text(value: str | None, place: str) -> str | None:
    """A text that can be printed; None for nothing."""
    from planner.documents.printable import check_printable
    from planner.files.fields import check_text

    if value is None:
        return None
    text: str = typed(value, check_text, place)
    check_printable([(place, text)])
    return text


def typed_figure(value: str | None, bounds: Bounds, place: str) -> Decimal | None:
    """A figure within its bounds, exact; None for nothing."""
    from planner.cli.typed import typed_number

    if value is None:
        return None
    return check_bounds(typed_number(value, bounds.unit, place), bounds, place)


def one_of(place: str, choices: Sequence[tuple[str, object]]) -> None:
    """Refuse a call in which not exactly one of some options is given."""
    given = [name for name, value in choices if value not in (None, False)]
    if len(given) != 1:
        names = " or ".join(name for name, _ in choices)
        problem = "none was given" if not given else f"{' and '.join(given)} were both given"
        raise UsageError(Problem(place, problem, f"give {names}"))

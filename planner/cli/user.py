"""`planner user`: the accounts of the web page."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from planner.app.roles import ROLES
from planner.cli.lazy import FieldGroup
from planner.cli.register import open_register, register_option
from planner.errors import InputError, Problem

if TYPE_CHECKING:
    from planner.app.roles import Author, Role

_NAMES = click.Choice(ROLES)


@click.group(cls=FieldGroup)
def user() -> None:
    """The accounts of the web page.

    A password is asked for, or read from a pipe: its first line.

    Example: planner user add "Anna Holm" --role physician
    """


def _author() -> Author:
    """Who gave the command, as the operating system says."""
    from planner.app.roles import Author

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "command line"
    return Author(name, datetime.now(UTC), role="administrator")


def _password() -> str:
    """A password: typed twice, or the first line of a pipe."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InputError(Problem("password", "the pipe holds none", "write it in its first line"))
    return line


@user.command()
@click.argument("name")
@click.option("--role", "as_role", type=_NAMES, required=True, help="As what.")
@register_option
def add(name: str, as_role: Role, database: str | None) -> None:
    """Add an account.

    Example: planner user add "Bo Lund" --role nurse
    """
    from planner.app import accounts

    new = accounts.NewAccount(name, as_role, _password())
    accounts.add(open_register(database, create=True), _author(), new)
    click.echo(f"{name} may sign in as {as_role}")


@user.command("list")
@register_option
def list_(database: str | None) -> None:
    """List the accounts.

    Example: planner user list
    """
    from planner.app import accounts
    from planner.cli.output import say

    found = accounts.listed(open_register(database), "administrator")
    lines = [
        f"{one.name:30}  {one.role:14}{'  disabled ' + one.disabled[:10] if one.disabled else ''}"
        for one in found
    ]
    say("\n".join([*([one.rstrip() for one in lines] or ["no accounts"]), ""]))


@user.command()
@click.argument("name")
@click.argument("as_role", metavar="ROLE", type=_NAMES)
@register_option
def role(name: str, as_role: Role, database: str | None) -> None:
    """Give an account another role; its sessions end.

    Example: planner user role "Bo Lund" secretary
    """
    from planner.app import accounts

    accounts.set_role(open_register(database), _author(), name, as_role)
    click.echo(f"{name} is now {as_role}")


@user.command()
@click.argument("name")
@register_option
def password(name: str, database: str | None) -> None:
    """Give an account another password; its sessions end.

    Example: planner user password "Bo Lund"
    """
    from planner.app import accounts

    accounts.set_password(open_register(database), _author(), name, _password())
    click.echo(f"{name} has another password")


@user.command()
@click.argument("name")
@register_option
def disable(name: str, database: str | None) -> None:
    """Let an account sign in no more; its sessions end.

    Example: planner user disable "Bo Lund"
    """
    from planner.app import accounts

    accounts.disable(open_register(database), _author(), name)
    click.echo(f"{name} may not sign in any more")

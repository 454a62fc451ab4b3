"""Where the credentials of a calendar server come from; never from the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from planner.servers.caldav import Credentials


def caldav_credentials(url: str) -> Credentials | None:
    """From the environment, a keyring where one is installed, or a prompt; None: none are given."""
    from planner.servers.caldav import Credentials, checked_url

    checked_url(url)
    user = os.environ.get("PLANNER_CALDAV_USER")
    password = os.environ.get("PLANNER_CALDAV_PASSWORD")
    if user and password:
        return Credentials(user, password)
    host = urlsplit(url).hostname or ""
    if kept := _from_keyring(host, user):
        return Credentials(*kept)
    if not sys.stdin.isatty():
        return None
    user = user or click.prompt(f"User at {host} (empty: none)", default="", err=True)
    if not user:
        return None
    return Credentials(user, click.prompt("Password", hide_input=True, err=True))


def _from_keyring(host: str, user: str | None) -> tuple[str, str] | None:
    try:
        import keyring
    except ImportError:
        return None
    found = keyring.get_credential(host, user)
    return (found.username, found.password) if found else None

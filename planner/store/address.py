"""Where the register is: the path of a file, or the address of a PostgreSQL database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from planner.errors import Problem, UsageError

# What an address may ask of the connection; a password there would be shown by other programs.
_ASKED = {
    "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
    "application_name", "options", "target_session_attrs", "gssencmode",
}  # fmt: skip
# Such a name with a colon and no slashes is a slip, and the name of no file.
_KNOWN = ("postgresql", "postgres", "sqlite", "mysql", "mariadb", "oracle", "mssql")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


class ServerAddress(NamedTuple):
    """A database: its file, or None for a server's; `name` is what is shown of it."""

    url: URL
    file: Path | None
    name: str


def address_of(text: str | None) -> ServerAddress:
    """The address that somebody typed; without one the file in the user's data folder.

    A path is taken as it is. No part of an address that is refused is shown: it may be a password.
    Raises UsageError.
    """
    if text is None:
        from platformdirs import user_data_path

        return _of_file(user_data_path("course-planner") / "register.db")
    head, slashes, rest = text.partition("://")
    if not slashes and text.partition(":")[0].lower() not in _KNOWN:
        return _of_file(Path(text))
    kind = head.lower()
    if slashes and kind in ("postgresql", "postgres", "postgresql+psycopg"):
        return _of_server(rest)
    if slashes and kind == "sqlite" and rest.startswith("/") and "?" not in rest:
        path = unquote(rest[1:])
        if path and path != ":memory:":
            return _of_file(Path(path))
    raise _refused("it names no database of the register")


def _of_file(path: Path) -> ServerAddress:
    whole = path.absolute()
    return ServerAddress(URL.create("sqlite", database=str(whole)), whole, str(whole))


def _of_server(rest: str) -> ServerAddress:
    if not rest.isprintable() or " " in rest:
        raise _refused("it holds blanks or control characters")
    if rest.partition("?")[0].count("@") > 1:
        raise _refused("it has more than one @", "write @ in a password as %40")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError) as error:
        fix = "a port is a number; write special characters of a password as %23, %2F"
        raise _refused("it cannot be read", fix) from error
    if unknown := set(url.query) - _ASKED:
        secret = any("pass" in one for one in unknown)
        fix = "set PGPASSWORD, or a file .pgpass" if secret else "leave it out"
        raise _refused("it asks for what the register does not take", fix)
    if url.host is not None and not _HOST.fullmatch(url.host):
        fix = "write special characters of a password as %23, %2F, %40"
        raise _refused("its host is no name of one", fix)
    if url.port is not None and not 0 < url.port < 65536:
        raise _refused("its port is not from 1 to 65535")
    if not url.database:
        raise _refused("it names no database")
    asked = url.query.get("host")
    host = url.host or (asked if isinstance(asked, str) else "")
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return ServerAddress(url, None, f"postgresql://{user}{host}{port}/{url.database}")


def _refused(problem: str, fix: str = "") -> UsageError:
    fix = fix or "give the path of a file, or postgresql://user@host/database"
    return UsageError(Problem("database", problem, fix))

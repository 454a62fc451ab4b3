"""Accounts of the web page and the tokens of programs: who may use it, and as what."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from planner.app.auditing import note_change
from planner.app.passwords import check_password, hashed
from planner.app.roles import ROLES, Author, Role, check_may
from planner.core.values.languages import LANGUAGES
from planner.core.values.said import said
from planner.errors import InputError, Noted, NotFoundError, Problem, RefusedError
from planner.files.fields import FieldError, check_text, nearest
from planner.store.accounts import (
    Account,
    Secret,
    add_account,
    add_secret,
    all_accounts,
    change_account,
    count_administrators,
    digest_of,
    end_sessions,
    find_account,
    find_secret,
    remove_secrets,
    secrets_of,
)
from planner.store.database import Database, lock_name

SETUP, PROGRAM = "setup", "program"
_SECRET_BYTES = 32
LONGEST_NAME = 80


class NewAccount(NamedTuple):
    """Somebody who is to use the page; role and language as they were named, looked at then."""

    name: str
    role: str
    password: str
    language: str = "en"


def add(database: Database, author: Author, new: NewAccount, *, is_dry: bool = False) -> None:
    """A new account; a dry one is looked at and not written, as all that follow.

    Raises InputError with all that is wrong with its name, role, password and language.
    """
    check_may(author.role, "accounts")
    with database.writing() as connection:
        _add(connection, author, new, is_dry=is_dry)


def _add(connection: Connection, author: Author, new: NewAccount, *, is_dry: bool = False) -> None:
    lock_name(connection, "accounts")
    noted = Noted()
    with noted.noting():
        name = _checked_name(new.name)
    with noted.noting():
        role = _role_of(new.role)
    with noted.noting():
        check_password(new.password)
    with noted.noting():
        _check_language(new.language)
    noted.check()
    if find_account(connection, name) is not None:
        problem = said("there is an account of that name already")
        raise RefusedError(Problem("name", problem, said("choose another name")))
    if is_dry:
        return
    kept, now = hashed(new.password), author.now.isoformat()
    add_account(connection, Account(name, role, new.language, kept, now, author.name, None))
    note_change(connection, author, f"account added: {name}, {role}")


def _checked_name(name: str, field: str = "name") -> str:
    try:
        name = check_text(name).strip()
    except FieldError as error:
        raise InputError(Problem(field, error.problem, error.fix)) from error
    if len(name) > LONGEST_NAME or not name:
        problem = said("a name has 1 to {longest_name} characters", longest_name=LONGEST_NAME)
        raise InputError(Problem(field, problem, said("choose another name")))
    return name


def _role_of(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise InputError(
        Problem("role", said("there is no role {name}", name=name), nearest(name, ROLES))
    )


def listed(database: Database, role: Role) -> Sequence[Account]:
    """All accounts."""
    check_may(role, "accounts")
    with database.reading() as connection:
        return all_accounts(connection)


def set_role(
    database: Database, author: Author, name: str, role: str, *, is_dry: bool = False
) -> None:
    """Give an account another role; its sessions end."""
    noted = Noted()
    with noted.noting():
        _role_of(role)
    _change(database, author, name, "role given", noted, is_dry=is_dry, role=role)


def set_password(
    database: Database, author: Author, name: str, password: str, *, is_dry: bool = False
) -> None:
    """Give an account another password; its sessions end."""
    noted = Noted()
    with noted.noting():
        check_password(password)
    kept = "" if noted.problems or is_dry else hashed(password)
    _change(database, author, name, "password given", noted, is_dry=is_dry, password=kept)


def disable(database: Database, author: Author, name: str, *, is_dry: bool = False) -> None:
    """Let an account sign in no more; its sessions end."""
    off = author.now.isoformat()
    _change(database, author, name, "account disabled", Noted(), is_dry=is_dry, disabled=off)


def _change(
    database: Database,
    author: Author,
    name: str,
    what: str,
    noted: Noted,
    *,
    is_dry: bool,
    **values: str,
) -> None:
    """Change an account; what is `noted` of its new values is told with all else."""
    check_may(author.role, "accounts")
    with database.writing() as connection:
        lock_name(connection, "accounts")
        if noted.problems and find_account(connection, name) is None:
            noted.problems.insert(0, _NO_ACCOUNT)
        noted.check()
        there = _known(connection, name)
        _check_change(connection, there, values)
        if is_dry:
            return
        change_account(connection, there.name, **values)
        end_sessions(connection, there.name)
        of = ", ".join([there.name, *filter(None, [values.get("role")])])
        note_change(connection, author, f"{what}: {of}")


def _check_change(connection: Connection, there: Account, values: Mapping[str, str]) -> None:
    """Refuse what changes nothing, and what would leave no administrator."""
    if all(getattr(there, key) == value for key, value in values.items()):
        raise RefusedError(Problem("name", said("it is so already"), said("nothing was changed")))
    if "disabled" in values and there.disabled is not None:
        raise RefusedError(
            Problem("name", said("it is disabled already"), said("nothing was changed"))
        )
    is_one = there.role == "administrator" and there.disabled is None
    stays_one = "disabled" not in values and values.get("role", there.role) == there.role
    if is_one and not stays_one and count_administrators(connection) == 1:
        problem = said("it is the last administrator")
        raise RefusedError(Problem("name", problem, said("make another administrator first")))


_NO_ACCOUNT = Problem("name", said("there is no such account"), said("see the accounts"))


def _known(connection: Connection, name: str) -> Account:
    there = find_account(connection, name)
    if there is None:
        raise NotFoundError(_NO_ACCOUNT)
    return there


def set_language(database: Database, author: Author, language: str) -> None:
    """Let the page speak another language to somebody."""
    _check_language(language)
    with database.writing() as connection:
        change_account(connection, author.name, language=language)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        fix = nearest(language, list(LANGUAGES))
        raise InputError(Problem("language", said("the page does not speak it"), fix))


def begin_setup(database: Database, now: datetime) -> str | None:
    """The secret of an address that makes the first administrator, once; None where one is there.

    The one before it holds no more.
    """
    with database.writing() as connection:
        lock_name(connection, "accounts")
        if all_accounts(connection):
            return None
        remove_secrets(connection, SETUP)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        add_secret(connection, Secret(digest_of(secret), SETUP, "", now.isoformat(), ""))
    return secret


def is_setup(database: Database, secret: str) -> bool:
    """Whether a secret makes the first administrator."""
    with database.reading() as connection:
        return find_secret(connection, SETUP, digest_of(secret)) is not None


def set_up(database: Database, secret: str, name: str, password: str, author: Author) -> None:
    """Make the first administrator. Raises NotFoundError where the secret holds no more."""
    with database.writing() as connection:
        if find_secret(connection, SETUP, digest_of(secret)) is None or all_accounts(connection):
            problem = said("this address holds no more")
            raise NotFoundError(Problem("", problem, said("start the page anew for another one")))
        _add(connection, author, NewAccount(name, "administrator", password))
        remove_secrets(connection, SETUP)


def make_token(database: Database, author: Author, name: str, *, is_dry: bool = False) -> str:
    """A token by which a program reads; it is shown this once."""
    check_may(author.role, "accounts")
    name = _checked_name(name, "program")
    token = secrets.token_urlsafe(_SECRET_BYTES)
    with database.writing() as connection:
        lock_name(connection, "accounts")
        if any(one.name == name for one in secrets_of(connection, PROGRAM)):
            problem = said("there is a token of that name already")
            raise RefusedError(
                Problem("program", problem, said("withdraw it, or choose another name"))
            )
        if is_dry:
            return ""
        now = author.now.isoformat()
        add_secret(connection, Secret(digest_of(token), PROGRAM, name, now, author.name))
        note_change(connection, author, f"token made: {name}")
    return token


def withdraw_token(database: Database, author: Author, name: str, *, is_dry: bool = False) -> None:
    """Let a program read no more."""
    check_may(author.role, "accounts")
    with database.writing() as connection:
        if all(one.name != name for one in secrets_of(connection, PROGRAM)):
            raise NotFoundError(
                Problem("program", said("there is no such token"), said("see the tokens"))
            )
        if not is_dry:
            remove_secrets(connection, PROGRAM, name)
            note_change(connection, author, f"token withdrawn: {name}")


def tokens(database: Database, role: Role) -> Sequence[Secret]:
    """The tokens of programs, by their names."""
    check_may(role, "accounts")
    with database.reading() as connection:
        return list(secrets_of(connection, PROGRAM))


def program_of(database: Database, token: str) -> str | None:
    """The program that a token is of; None where it holds no more."""
    with database.reading() as connection:
        found = find_secret(connection, PROGRAM, digest_of(token))
    return None if found is None else found.name

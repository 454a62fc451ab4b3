"""Signing in and out of the web page, the lock of a page that nobody uses, and forms kept then."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from planner.app.auditing import note_change
from planner.app.passwords import is_right
from planner.app.roles import Author
from planner.core.values.lettering import as_people_read
from planner.core.values.said import said
from planner.errors import NotAllowedError, Problem
from planner.store.accounts import (
    Account,
    KeptForm,
    Secret,
    Session,
    add_secret,
    begin_session,
    change_session,
    digest_of,
    end_old_sessions,
    end_session,
    find_account,
    find_form,
    find_session,
    forget_attempts,
    forget_forms,
    keep_form,
    note_attempt,
    secrets_of,
    take_form,
    wrong_attempts,
)
from planner.store.database import Database, lock_name

# A page that nobody used for so long is locked; after a working day everybody signs in anew.
IDLE, LONGEST = timedelta(minutes=10), timedelta(hours=12)
# So often it is noted that a session was used.
_NOTED_EVERY = timedelta(seconds=30)
# So many wrong passwords are free, for an account and for an address; then each doubles the wait.
_FREE = {"account": 5, "address": 20}
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(hours=1)
_SECRET_BYTES = 32
SIGNING = "signing"


class WrongPasswordError(NotAllowedError):
    """A name or a password is wrong: nobody is told which. `number` counts them."""

    def __init__(self, number: int) -> None:
        super().__init__(Problem("password", said("name or password is wrong"), said("try again")))
        self.number = number


class TooManyError(NotAllowedError):
    """Too many wrong passwords: there are `seconds` to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            Problem(
                "password",
                said("too many wrong passwords"),
                said("wait {seconds} seconds", seconds=seconds),
            )
        )
        self.seconds = seconds


class Visitor(NamedTuple):
    """Who is at the page: the address, and the moment (UTC)."""

    address: str
    now: datetime

    def author(self, account: Account) -> Author:
        """Somebody with an account."""
        return Author(
            account.name, self.now, role=account.role, through="page", address=self.address
        )


def sign_in(database: Database, name: str, password: str, visitor: Visitor) -> tuple[str, Account]:
    """A new session: its secret, and whose it is. Raises WrongPasswordError, TooManyError."""
    account = _with_password(database, name, password, visitor)
    return _begin(database, account, visitor), account


def sign_in_trusted(database: Database, name: str, visitor: Visitor) -> tuple[str, Account] | None:
    """A new session of somebody whom a proxy vouches for; None for a name that has no account."""
    with database.reading() as connection:
        account = find_account(connection, name)
    if account is None or account.disabled is not None:
        return None
    return _begin(database, account, visitor), account


def _begin(database: Database, account: Account, visitor: Visitor) -> str:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with database.writing() as connection:
        end_old_sessions(connection, visitor.now - LONGEST)
        forget_forms(connection, visitor.now - LONGEST)
        forget_attempts(connection, visitor.now - _FORGOTTEN_AFTER)
        begin_session(connection, digest_of(secret), account.name, visitor.now)
        note_change(connection, visitor.author(account), "signed in")
    return secret


def _with_password(database: Database, name: str, password: str, visitor: Visitor) -> Account:
    """The account of a name and its password; each wrong one counts before it is looked at."""
    keys = {
        "account": f"account {digest_of(as_people_read(name))}",
        "address": f"address {visitor.address}",
    }
    with database.writing() as connection:
        numbers = {}
        for kind, key in sorted(keys.items()):
            lock_name(connection, key)
            number, last = wrong_attempts(connection, key)
            if seconds := _wait(number - _FREE[kind], last, visitor.now):
                raise TooManyError(seconds)
            numbers[kind] = number + 1
        for kind, key in keys.items():
            note_attempt(connection, key, numbers[kind], visitor.now)
        account = find_account(connection, name)
    kept = account.password if account is not None and account.disabled is None else None
    is_known = is_right(password, kept)
    with database.writing() as connection:
        if account is None or not is_known:
            # A name that is none may be a password in the wrong field.
            name = account.name if account is not None else ""
            nobody = Author(name, visitor.now, through="page", address=visitor.address)
            note_change(connection, nobody, "wrong password")
        else:
            note_attempt(connection, keys["account"], 0, visitor.now)
            note_attempt(connection, keys["address"], numbers["address"] - 1, visitor.now)
    if account is None or not is_known:
        raise WrongPasswordError(numbers["account"])
    return account


def _wait(beyond: int, last: datetime | None, now: datetime) -> int:
    """How many seconds are left to wait after so many wrong passwords beyond the free ones."""
    if beyond < 0 or last is None:
        return 0
    wait = min(_FIRST_WAIT * 2 ** min(beyond, 10), _LONGEST_WAIT)
    left = (last + wait - now).total_seconds()
    return int(left) + 1 if left > 0 else 0


def session_of(database: Database, secret: str, now: datetime) -> Session | None:
    """Who is signed in by a cookie; locked where nothing was done for longer than IDLE."""
    digest = digest_of(secret)
    with database.reading() as connection:
        found = find_session(connection, digest)
    if found is None or found.account.disabled is not None or now - found.at > LONGEST:
        return None
    if found.is_locked:
        return found
    is_idle = now - found.seen > IDLE
    if is_idle or now - found.seen > _NOTED_EVERY:
        with database.writing() as connection:
            changed = {"locked": 1} if is_idle else {"seen": now.isoformat()}
            change_session(connection, digest, **changed)
    return found._replace(is_locked=is_idle)


def lock(database: Database, session: Session, visitor: Visitor) -> None:
    """Lock a session until its password is given."""
    with database.writing() as connection:
        change_session(connection, session.digest, locked=1)
        note_change(connection, visitor.author(session.account), "locked")


def unlock(database: Database, session: Session, password: str, visitor: Visitor) -> None:
    """Go on with a session that was locked. Raises WrongPasswordError, TooManyError."""
    _with_password(database, session.account.name, password, visitor)
    unlock_trusted(database, session, visitor)


def unlock_trusted(database: Database, session: Session, visitor: Visitor) -> None:
    """The same for somebody whom a proxy vouches for."""
    with database.writing() as connection:
        change_session(connection, session.digest, locked=0, seen=visitor.now.isoformat())
        note_change(connection, visitor.author(session.account), "unlocked")


def sign_out(database: Database, session: Session, visitor: Visitor) -> None:
    """End a session."""
    with database.writing() as connection:
        end_session(connection, session.digest)
        note_change(connection, visitor.author(session.account), "signed out")


def kept_form(database: Database, account: str, path: str, content: str, now: datetime) -> str:
    """Keep a form for the account that it was made for; the secret that it is asked for by."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    form = KeptForm(digest_of(secret), account, path, content, now.isoformat())
    with database.writing() as connection:
        keep_form(connection, form)
    return secret


def form_path(database: Database, secret: str, account: str) -> str | None:
    """Where a form was sent that is kept for an account; somebody else's is thrown away."""
    with database.reading() as connection:
        found = find_form(connection, digest_of(secret))
    if found is not None and found.account == account:
        return found.path
    form_of(database, secret, account)
    return None


def form_of(database: Database, secret: str, account: str) -> KeptForm | None:
    """A form that was kept for an account, which is kept no longer."""
    with database.writing() as connection:
        found = take_form(connection, digest_of(secret))
    return found if found is not None and found.account == account else None


def signing_key(database: Database, now: datetime) -> bytes:
    """What the page signs its forms with: made once, the same for all who serve the register."""
    with database.reading() as connection:
        found = next(secrets_of(connection, SIGNING), None)
    if found is None:
        with database.writing() as connection:
            lock_name(connection, SIGNING)
            found = next(secrets_of(connection, SIGNING), None)
            if found is None:
                key = secrets.token_hex(_SECRET_BYTES)
                found = Secret(digest_of(key), SIGNING, key, now.isoformat(), "")
                add_secret(connection, found)
    return bytes.fromhex(found.name)

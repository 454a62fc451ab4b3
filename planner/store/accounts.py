"""Accounts of the web page, who is signed in, what opens a door by itself, and wrong passwords."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from planner.core.followup.events import Role
from planner.core.values.lettering import as_people_read
from planner.store.tables import accounts, attempts, kept_forms, secrets, sessions


class Account(NamedTuple):
    """Somebody who may use the page; `password` is a salted digest, `disabled` since when."""

    name: str
    role: Role
    language: str
    password: str
    at: str
    by: str
    disabled: str | None


class Session(NamedTuple):
    """Somebody who is signed in; `seen` is when they last did something."""

    digest: str
    account: Account
    at: datetime
    seen: datetime
    is_locked: bool


class KeptForm(NamedTuple):
    """A form that came when nobody was signed in, from an account's page at a path."""

    digest: str
    account: str
    path: str
    content: str
    at: str


class Secret(NamedTuple):
    """What opens a door by itself: the address that begins, or the token of a program."""

    digest: str
    kind: str
    name: str
    at: str
    by: str


_COLUMNS = [accounts.c[name] for name in Account._fields]

# Built once: every request asks it.
_SESSION = (
    select(*_COLUMNS, *(sessions.c[name].label(f"s_{name}") for name in ("at", "seen", "locked")))
    .join_from(sessions, accounts, accounts.c.name == sessions.c.account)
    .where(sessions.c.digest == bindparam("wanted"))
)


def digest_of(secret: str) -> str:
    """What a cookie, a token or an address is looked up by: it is not kept itself."""
    return hashlib.sha256(secret.encode()).hexdigest()


def all_accounts(connection: Connection) -> list[Account]:
    """All accounts, by their names."""
    rows = connection.execute(select(*_COLUMNS).order_by(accounts.c.read_as))
    return [Account(*row) for row in rows]


def find_account(connection: Connection, name: str) -> Account | None:
    """An account by its name, as people read it."""
    wanted = accounts.c.read_as == as_people_read(name)
    row = connection.execute(select(*_COLUMNS).where(wanted)).one_or_none()
    return None if row is None else Account(*row)


def add_account(connection: Connection, account: Account) -> None:
    """A new account."""
    connection.execute(
        insert(accounts).values(**account._asdict(), read_as=as_people_read(account.name))
    )


def change_account(connection: Connection, name: str, **values: str | None) -> None:
    """An account with another role, password, language, or disabled."""
    connection.execute(update(accounts).where(accounts.c.name == name).values(**values))


def begin_session(connection: Connection, digest: str, account: str, at: datetime) -> None:
    """Somebody signed in."""
    now = at.isoformat()
    said = {"account": account, "at": now, "seen": now, "locked": 0}
    connection.execute(insert(sessions).values(digest=digest, **said))


def find_session(connection: Connection, digest: str) -> Session | None:
    """Who is signed in by a cookie's digest, locked or not."""
    row = connection.execute(_SESSION, {"wanted": digest}).one_or_none()
    if row is None:
        return None
    *account, at, seen, locked = row
    begun, used = (datetime.fromisoformat(one) for one in (at, seen))
    return Session(digest, Account(*account), begun, used, locked == 1)


def change_session(connection: Connection, digest: str, **values: str | int) -> None:
    """A session that was used, locked or unlocked."""
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(**values))


def end_session(connection: Connection, digest: str) -> None:
    """Somebody signed out."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def end_sessions(connection: Connection, account: str) -> None:
    """All sessions of an account end."""
    connection.execute(delete(sessions).where(sessions.c.account == account))


def end_old_sessions(connection: Connection, before: datetime) -> None:
    """Sessions that began before a moment end."""
    connection.execute(delete(sessions).where(sessions.c.at < before.isoformat()))


def keep_form(connection: Connection, form: KeptForm) -> None:
    """Keep a form until its account signs in."""
    connection.execute(insert(kept_forms).values(**form._asdict()))


def find_form(connection: Connection, digest: str) -> KeptForm | None:
    """A form that is kept."""
    query = select(kept_forms).where(kept_forms.c.digest == digest)
    row = connection.execute(query).one_or_none()
    return None if row is None else KeptForm(*row)


def take_form(connection: Connection, digest: str) -> KeptForm | None:
    """A form that was kept, which is kept no longer."""
    found = find_form(connection, digest)
    connection.execute(delete(kept_forms).where(kept_forms.c.digest == digest))
    return found


def forget_forms(connection: Connection, before: datetime) -> None:
    """Forget forms that nobody came for."""
    connection.execute(delete(kept_forms).where(kept_forms.c.at < before.isoformat()))


def forget_forms_of(connection: Connection, course: str) -> None:
    """Forget the forms of a course."""
    of_course = kept_forms.c.path.startswith(f"/courses/{course}/", autoescape=True)
    connection.execute(delete(kept_forms).where(of_course))


def add_secret(connection: Connection, secret: Secret) -> None:
    """A new secret."""
    connection.execute(insert(secrets).values(**secret._asdict()))


def find_secret(connection: Connection, kind: str, digest: str) -> Secret | None:
    """A secret of a kind by its digest."""
    wanted = (secrets.c.digest == digest) & (secrets.c.kind == kind)
    row = connection.execute(select(secrets).where(wanted)).one_or_none()
    return None if row is None else Secret(*row)


def secrets_of(connection: Connection, kind: str) -> Iterator[Secret]:
    """All secrets of a kind, by their names."""
    query = select(secrets).where(secrets.c.kind == kind).order_by(secrets.c.name)
    yield from (Secret(*row) for row in connection.execute(query))


def remove_secrets(connection: Connection, kind: str, name: str | None = None) -> int:
    """Take the secrets of a kind away, all or those of a name; how many."""
    wanted = secrets.c.kind == kind
    if name is not None:
        wanted &= secrets.c.name == name
    return connection.execute(delete(secrets).where(wanted)).rowcount


def wrong_attempts(connection: Connection, key: str) -> tuple[int, datetime | None]:
    """How many wrong passwords came for a key one after the other, and when the last one did."""
    row = connection.execute(select(attempts).where(attempts.c.key == key)).one_or_none()
    return (0, None) if row is None else (row.number, datetime.fromisoformat(row.last))


def note_attempt(connection: Connection, key: str, number: int, at: datetime) -> None:
    """One more wrong password; 0 forgets them all."""
    connection.execute(delete(attempts).where(attempts.c.key == key))
    if number:
        connection.execute(insert(attempts).values(key=key, number=number, last=at.isoformat()))


def forget_attempts(connection: Connection, before: datetime) -> None:
    """Forget wrong passwords that were long ago."""
    connection.execute(delete(attempts).where(attempts.c.last < before.isoformat()))


def count_administrators(connection: Connection) -> int:
    """How many administrators may sign in."""
    may = (accounts.c.role == "administrator") & accounts.c.disabled.is_(None)
    return connection.execute(select(func.count()).where(may)).scalar_one()

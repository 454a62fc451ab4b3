"""The register of a worker: opened when it is first asked for, and anew when it went away."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import NamedTuple

from planner.app.auditing import forget_old
from planner.app.signing_in import signing_key
from planner.errors import RefusedError, ServiceError
from planner.store.database import Database, hold_tables, open_database


def _place_of(database: Database) -> tuple[int, int] | None:
    """The device and number of the file of a register; None for a server's, and for none."""
    if database.file is None:
        return None
    try:
        found = database.file.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


class _Opened(NamedTuple):
    """A register that is open: by which process, where it stands, and what lets go of it."""

    database: Database
    key: bytes
    process: int
    stands: tuple[int, int] | None
    held: ExitStack

    @property
    def is_the_one(self) -> bool:
        """Whether this process opened it, and no other file stands where it was, or none."""
        return self.process == os.getpid() and _place_of(self.database) == self.stands


class Register:
    """A database that is opened in the process that uses it, never before a fork."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._last: _Opened | None = None

    @property
    def database(self) -> Database:
        """The database. Raises ServiceError where it cannot be opened."""
        return self._opened().database

    @property
    def key(self) -> bytes:
        """What forms are signed with; as `database`."""
        return self._opened().key

    def _opened(self) -> _Opened:
        with self._lock:
            if self._last is None or not self._last.is_the_one:
                self._let_go()
                self._last = self._opened_anew()
            return self._last

    def _opened_anew(self) -> _Opened:
        try:
            database = open_database(self.url, create=False)
        except RefusedError as error:
            raise ServiceError(*error.problems) from error
        with ExitStack() as held:
            held.enter_context(closing(database))
            stands = _place_of(database)
            held.enter_context(closing(hold_tables(database)))
            now = datetime.now(UTC)
            key = signing_key(database, now)
            forget_old(database, now)
            return _Opened(database, key, os.getpid(), stands, held.pop_all())

    def _let_go(self) -> None:
        last, self._last = self._last, None
        # What was opened before a fork is closed by the process that opened it.
        if last is not None and last.process == os.getpid():
            last.held.close()

    def give_up(self) -> None:
        """Open it anew for the next who asks: it went away."""
        with self._lock:
            self._let_go()

"""The register of a worker: opened when it is first asked for, and anew when it went away."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import Any

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


class Register:
    """A database that is opened in the process that uses it, never before a fork."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._process: int | None = None
        self._database: Database | None = None
        self._served: Any = None
        self._stands: tuple[int, int] | None = None
        self._key = b""

    @property
    def database(self) -> Database:
        """The database. Raises ServiceError where it cannot be opened."""
        with self._lock:
            if self._database is None or self._process != os.getpid() or self._is_another():
                self._open()
            assert self._database is not None
            return self._database

    @property
    def key(self) -> bytes:
        """What forms are signed with."""
        assert self.database is not None
        return self._key

    def _is_another(self) -> bool:
        """Whether another file stands where the register was, or none."""
        return self._database is not None and _place_of(self._database) != self._stands

    def _open(self) -> None:
        try:
            database = open_database(self.url, create=False)
        except RefusedError as error:
            raise ServiceError(*error.problems) from error
        self._stands = _place_of(database)
        served = hold_tables(database)
        now = datetime.now(UTC)
        self._key = signing_key(database, now)
        forget_old(database, now)
        self._database, self._served, self._process = database, served, os.getpid()

    def give_up(self) -> None:
        """Open it anew for the next who asks: it went away."""
        with self._lock:
            if self._database is not None:
                self._database.engine.dispose()
            self._database = self._served = None

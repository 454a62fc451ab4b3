"""That somebody serves a register: as long as one does, its tables stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from planner.errors import Problem, ServiceError

# The key of the lock that whoever serves a PostgreSQL database shares.
_KEY = 151


def serve_tables(engine: Engine, file: Path | None) -> Any:
    """Let nobody change the tables until what is handed back is closed.

    Waits for somebody who changes them just now.
    """
    if file is not None:
        # It falls when the process ends, however it does.
        kept = _lock_of(file)
        _flock(kept, is_shared=True)
        return kept
    connection = engine.connect()
    connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _KEY})
    connection.commit()
    return connection


@contextmanager
def nobody_serves(connection: Connection, file: Path | None) -> Iterator[None]:
    """While the tables of a register change, nobody serves it, and who begins to has to wait.

    On a server until the transaction ends. Raises ServiceError where somebody serves it.
    """
    if file is None:
        lock = text("SELECT pg_try_advisory_xact_lock(:key)")
        _check_is_free(bool(connection.execute(lock, {"key": _KEY}).scalar()))
        yield
        return
    with _lock_of(file) as kept:
        _check_is_free(_flock(kept, is_shared=False))
        yield


def _check_is_free(is_free: bool) -> None:
    if not is_free:
        problem = "it is served by an earlier version, and its tables would change under it"
        raise ServiceError(Problem("the register", problem, "stop the page first, then try again"))


def _lock_of(file: Path) -> Any:
    """What is locked: a file beside the register, which stays there."""
    path = file.with_name(f"{file.name}-served")
    kept = path.open("a")
    path.chmod(0o600)
    return kept


def _flock(kept: Any, *, is_shared: bool) -> bool:
    """Whether the lock is got, which only who shares it waits for; always where none is known."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(kept, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True

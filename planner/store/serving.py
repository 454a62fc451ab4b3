"""That somebody serves a register: as long as one does, its tables stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from planner.errors import Problem, ServiceError

# The key of the lock that whoever serves a PostgreSQL database shares.
_KEY = 151


def serve_tables(engine: Engine, file: Path | None) -> Any:
    """Let nobody change the tables while what is handed back is kept."""
    if file is not None:
        return _shared(file)
    connection = engine.connect()
    connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _KEY})
    connection.commit()
    return connection


def check_nobody_serves(connection: Connection, file: Path | None) -> None:
    """Refuse to change the tables of a register that is served. Raises ServiceError."""
    if file is not None:
        is_free = _is_free(file)
    else:
        lock = text("SELECT pg_try_advisory_xact_lock(:key)")
        is_free = bool(connection.execute(lock, {"key": _KEY}).scalar())
    if not is_free:
        problem = "it is served by an earlier version, and its tables would change under it"
        raise ServiceError(Problem("the register", problem, "stop the page first, then try again"))


def _lock_file(file: Path) -> Path:
    return file.with_name(f"{file.name}-served")


def _shared(file: Path) -> Any:
    """A lock beside the file that falls when the process ends, however it does."""
    path = _lock_file(file)
    kept = path.open("a")
    path.chmod(0o600)
    _flock(kept, is_shared=True)
    return kept


def _is_free(file: Path) -> bool:
    path = _lock_file(file)
    if not path.exists():
        return True
    with path.open("a") as kept:
        return _flock(kept, is_shared=False)


def _flock(kept: Any, *, is_shared: bool) -> bool:
    """Whether the lock is got; always where the system knows none."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(kept, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

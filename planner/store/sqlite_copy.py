"""A copy of an SQLite database that may be in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def copy_file(source: Path, target: Path) -> None:
    """Copy an SQLite database, which may be in use, into an empty file."""
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as copy:
        there.backup(copy)
        # One file: a copy in WAL mode would leave two more beside it.
        copy.execute("PRAGMA journal_mode = DELETE")

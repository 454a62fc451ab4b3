"""Statements of every change, handed to the driver as they are.

SQLAlchemy takes as long to hand one over as the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError


class Answer(Protocol):
    """What a statement led to."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchall(self) -> Sequence[Any]:
        """All its rows."""


class _Built(NamedTuple):
    """A statement as a driver takes it, with the values that are the same each time."""

    text: str
    values: Mapping[str, Any]


class Prompt:
    """A statement that is built once for each kind of database."""

    def __init__(self, statement: Select[Any] | Insert | Update) -> None:
        self._statement = statement
        self._built: dict[str, _Built] = {}

    def __call__(self, connection: Connection, **values: Any) -> Answer:
        """Execute it. Raises DBAPIError as a connection does."""
        if connection.dispatch.before_cursor_execute:
            # Who listens to what is asked hears of it.
            return connection.execute(self._statement, values)
        dialect = connection.dialect
        built = self._built.get(dialect.name) or self._build(dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(built.text, {**built.values, **values})
        except dialect.loaded_dbapi.Error as error:
            # Whether the connection is lost SQLAlchemy finds out as it ends the transaction.
            raise DBAPIError(built.text, None, error) from error
        return cursor

    def _build(self, dialect: Dialect) -> _Built:
        """Its text, with values by their names: SQLite's driver would have them by their places."""
        kind: Any = type(dialect)
        by_names = kind(paramstyle="named") if dialect.positional else dialect
        compiled = self._statement.compile(dialect=by_names)
        built = self._built[dialect.name] = _Built(str(compiled), compiled.params)
        return built

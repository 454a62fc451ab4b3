"""A register, opened where it is or begun where there is none: what every front end starts with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from planner.store.address import address_of
from planner.store.database import Database, Report, new_database, open_database, silent


def is_begun(url: str | None) -> bool:
    """Whether there is a register at a URL or path, as far as its name tells: a server's is."""
    address = address_of(url)
    return address.file is None or address.file.exists()


@contextmanager
def open_register(
    url: str | None, *, create: bool = False, report: Report = silent
) -> Iterator[Database]:
    """The register at a URL or path, closed in the end; made where it is missing, if `create`.

    `report` is told where it takes its time. Raises as `open_database` does.
    """
    with closing(open_database(url, create=create, report=report)) as database:
        yield database


def begun_register(url: str | None, report: Report = silent) -> AbstractContextManager[Database]:
    """The register; where it is missing, a new one that appears when the work in it is done.

    Raises as `new_database` does.
    """
    return new_database(url, report)

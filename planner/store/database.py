"""Opening the register's database: SQLite in a file, or PostgreSQL by its URL."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from planner.documents.folder import parents_of
from planner.errors import Problem, RefusedError, ServiceError
from planner.files.fields import shown
from planner.store.address import ServerAddress, address_of
from planner.store.serving import nobody_serves, serve_tables

FIRST_EDITION, WITHOUT_CLINICS, *_, NEWEST = KNOWN = (
    "0001", "0002", "0003", "0004", "0005", "0006"
)  # fmt: skip
# So many courses are migrated between two reports.
REPORTED = 100
Report = Callable[[str], None]
# So long a writer waits for another one.
BUSY_SECONDS = 20
# So long a server may take to answer, and somebody waits before a word is said.
ANSWER_SECONDS, SAID_AFTER_SECONDS = 10, 2
_MIGRATIONS = Path(__file__).parent / "migrations"
# What a database says when it cannot, and what to do about it.
_TROUBLES = (
    ("history is kept", "somebody tried to change what was recorded", "enter a correction"),
    ("locked", "another program holds it", "try again when it is done"),
    ("readonly", "it is read-only", "check the rights of the file and its folder"),
    ("read-only", "it is read-only", "check the rights of the database"),
    ("full", "the disk is full", "make room; nothing was written"),
    ("not a database", "it is not a database of the register", "name another one"),
    ("malformed", "the file is damaged", "restore the last backup"),
    ("disk i/o", "the disk failed", "check the disk; restore the last backup if need be"),
    ("unable to open", "it cannot be opened", "check the name and the rights"),
    ("password authentication", "it refuses the user or the password", "check both"),
    ("no password supplied", "it asks for a password", "set PGPASSWORD, or a file .pgpass"),
    ("not permitted to log in", "it refuses the user", "use another one"),
    ('role ".*" does not exist', "it refuses the user", "use another one"),
    ('database ".*" does not exist', "there is no such database on the server", "make it first"),
    ("timeout", f"no answer within {ANSWER_SECONDS} seconds", "try again later"),
)
# The same by the codes of the SQL standard, where a server says them.
_STATES = {
    "22P05": ("its encoding cannot keep a text", "make a database in UTF8 and import an export"),
    "28000": ("it refuses the user", "use another one"),
    "28P01": ("it refuses the user or the password", "check both"),
    "3D000": ("there is no such database on the server", "make it, or name another one"),
    "42501": ("its user may not do that", "grant it CREATE, SELECT, INSERT, UPDATE and DELETE"),
    "53300": ("it has no connection to spare", "try again later"),
    "55P03": ("another program holds it", "try again when it is done"),
    "57014": ("another program holds it", "try again when it is done"),
}


class Database:
    """A database that is open: reading and writing each are one transaction."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        # SQLite's readers see one state anyway.
        is_server = engine.dialect.name == "postgresql"
        level = {"isolation_level": "REPEATABLE READ"} if is_server else {}
        self._readers = engine.execution_options(**level)
        self._writers = engine.execution_options(writes=True)

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for PostgreSQL."""
        is_file = self.engine.dialect.name == "sqlite"
        return Path(str(self.engine.url.database)) if is_file else None

    def close(self) -> None:
        """Let go of it: the last connection brings SQLite's log into the file."""
        self.engine.dispose()

    def empty_log(self) -> bool:
        """Empty the log beside an SQLite file into it; False where a reader keeps it open."""
        with _troubles(self.name), closing(self.engine.raw_connection()) as connection:
            row = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return row is None or row[0] == 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with _troubles(self.name), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer comes between: all of it is written, or nothing."""
        with _troubles(self.name), self._writers.connect() as connection, connection.begin():
            yield connection


def silent(_text: str) -> None:
    """Report to nobody."""


def open_database(url: str | None, *, create: bool = True, report: Report = silent) -> Database:
    """The database at a URL or path; without one the file in the user's data folder.

    It is made where it is missing, if `create`, and brought up to date where it is older, which
    `report` is told of. Raises
    RefusedError where it is missing, ServiceError where it cannot be opened, is damaged or of a
    newer version.
    """
    address = address_of(url)
    if address.file is not None and not create and not address.file.exists():
        raise RefusedError(_missing(address.name))
    with _troubles(address.name), _said_while_waiting(address, report):
        engine = _sqlite(address.file) if address.file else _postgresql(address.url)
        database = Database(engine, address.name)
        try:
            _bring_up_to_date(database, create, report)
        except BaseException:
            database.close()
            raise
    return database


def hold_tables(database: Database) -> Any:
    """Let nobody change the tables of a database that is open, until what this gives is closed.

    Raises ServiceError where somebody who knows a newer version just has.
    """
    with _troubles(database.name):
        served = serve_tables(database.engine, database.file)
    try:
        with database.reading() as connection:
            _check_known(_version(connection), database.name)
    except BaseException:
        served.close()
        raise
    return served


def check_openable(address: ServerAddress) -> None:
    """Raise ServiceError where a database that is there cannot be opened; it stays as it is."""
    with _troubles(address.name):
        engine = _as_it_is(address.file) if address.file else _postgresql(address.url)
        database = Database(engine, address.name)
        with closing(database), engine.connect() as connection:
            _check_whole(connection, address.file)
            _check_known(_version(connection), address.name)


def _as_it_is(path: Path) -> Engine:
    """A file to look at alone: neither it nor what SQLite puts beside it is written."""
    _check_no_folder(path)
    # Without a log beside it nobody has it open, and to read it as it stands makes none.
    is_open = path.with_name(f"{path.name}-wal").exists()
    address = f"{path.as_uri()}?{'mode=ro' if is_open else 'immutable=1'}"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )


@contextmanager
def _said_while_waiting(address: ServerAddress, report: Report) -> Iterator[None]:
    """Say that a server is waited for, where it takes its time."""
    text_of = f"waiting for {address.name} (at most {ANSWER_SECONDS} seconds) ..."
    timer = threading.Timer(SAID_AFTER_SECONDS, report, (text_of,))
    timer.daemon = True
    if address.file is None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def new_database(url: str | None, report: Report = silent) -> Iterator[Database]:
    """The database at a URL; a file that is missing is made beside it and appears at the end.

    What fails leaves no file. Raises RefusedError where somebody else began one meanwhile.
    """
    target = address_of(url).file
    if target is None or target.exists() or target.is_symlink():
        with closing(open_database(url, report=report)) as there:
            yield there
        return
    with (
        parents_of(target, 0o700),
        tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder,
    ):
        with closing(open_database(str(Path(folder) / target.name))) as made:
            yield made
        try:
            os.link(Path(folder) / target.name, target)
        except FileExistsError as error:
            problem = Problem(str(target), "somebody else began it just now", "repeat the command")
            raise RefusedError(problem) from error


def _missing(name: str) -> Problem:
    return Problem(name, "there is no register", "begin one by adding a course")


def _check_no_folder(path: Path) -> None:
    if path.is_dir():
        raise ServiceError(Problem(str(path), "it is a folder", "name a file"))


def _sqlite(path: Path) -> Engine:
    _check_no_folder(path)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Patients' data: readable by their owner alone. SQLite's own files beside it follow suit.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    elif path.stat().st_size == 0:
        # Somebody made the file beforehand; what comes into it is for its owner alone.
        path.chmod(0o600)
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None})
    event.listen(engine, "connect", _settings)
    event.listen(engine, "begin", _begin)
    return engine


def _settings(connection: Any, _record: object) -> None:
    _keep_a_log(connection)
    for setting in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {setting}")


def _keep_a_log(connection: Any) -> None:
    """Write ahead. SQLite does not wait where two find a copy that has no log yet: we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: two that both have read could not both write.
    is_writer = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _postgresql(url: URL) -> Engine:
    # Whatever the server and the environment have, texts go as UTF-8, and nobody waits for ever.
    asked = {
        "client_encoding": "utf8",
        "connect_timeout": ANSWER_SECONDS,
        "tcp_user_timeout": ANSWER_SECONDS * 1000,
        "options": f"-c lock_timeout={BUSY_SECONDS * 1000}",
    }
    try:
        said = {name: value for name, value in asked.items() if name not in url.query}
        return create_engine(url, connect_args=said)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        fix = "pip install 'sts-course-planner[postgresql]'"
        raise ServiceError(Problem("PostgreSQL", "its driver is not installed", fix)) from error


def _bring_up_to_date(database: Database, create: bool, report: Report) -> None:
    with database.reading() as connection:
        _check_whole(connection, database.file)
        there = _version(connection)
        if there == NEWEST:
            return
    if there is None and not create:
        raise RefusedError(_missing(database.name))
    # Whoever begins to serve it waits until all of it is written: the lock falls last.
    with ExitStack() as held, database.writing() as connection:
        if connection.dialect.name == "postgresql":
            # Two programs may find an empty database at once.
            connection.execute(text("SELECT pg_advisory_xact_lock(150)"))
        there = _version(connection)
        _check_known(there, database.name)
        # Nobody serves an empty one.
        if there not in (None, NEWEST):
            held.enter_context(nobody_serves(connection, database.file))
        if there == FIRST_EDITION:
            _migrate_first_edition(connection, database, report)
        elif there != NEWEST:
            _migrate(connection)
        _draw_anew(connection, there)


def _check_known(there: str | None, name: str) -> None:
    if there is not None and there not in KNOWN:
        is_newer = there.isdecimal() and there > NEWEST
        problem = f"it is of version {shown(there)}, this planner knows {NEWEST}"
        fix = "update the planner" if is_newer else "restore a backup of a version it knows"
        raise ServiceError(Problem(name, problem, fix))


def _check_whole(connection: Connection, file: Path | None) -> None:
    """Raise ServiceError for a file that was cut off: SQLite tells only where it misses a page."""
    if file is None or not file.exists():
        return
    pages, size = (
        connection.execute(text(f"PRAGMA {name}")).scalar_one()
        for name in ("page_count", "page_size")
    )
    log = file.with_name(f"{file.name}-wal")
    # What stands in the log alone is not missing from the file.
    is_all_in_the_file = not log.exists() or log.stat().st_size == 0
    if is_all_in_the_file and file.stat().st_size < pages * size:
        problem = "the file is cut off: its end is missing"
        raise ServiceError(Problem(str(file), problem, "restore the last backup"))


def _draw_anew(connection: Connection, there: str | None) -> None:
    """Draw what a register of an earlier version did not have."""
    from planner.store.adopted_clinics import adopt_clinics, draw_anew

    if there in (FIRST_EDITION, WITHOUT_CLINICS):
        adopt_clinics(connection)
    if there not in (None, FIRST_EDITION, NEWEST):
        draw_anew(connection)


def _migrate_first_edition(connection: Connection, database: Database, report: Report) -> None:
    from planner.store.first_edition_register import back_up_first, migrate_courses

    report(f"a copy of the register as it was: {back_up_first(connection, database.file)}")
    _migrate(connection)

    def told(index: int, of: int) -> None:
        if index % REPORTED == 0:
            report(f"{index} of {of} courses migrated ...")

    migrate_courses(connection, told)
    report("the register keeps its times from now on")


def _version(connection: Connection) -> str | None:
    """The version of the database; None for an empty one. Raises ServiceError for a foreign one."""
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            problem = "it holds tables of another program"
            raise ServiceError(Problem("database", problem, "name another database"))
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is None and len(names) > 1:
        problem = "it holds a register and does not say of which version"
        raise ServiceError(Problem("database", problem, "restore the last backup"))
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def lock_additions(connection: Connection) -> None:
    """Let no other program add a patient or course before the transaction ends."""
    # SQLite has one writer at a time anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE patients, inputs IN SHARE ROW EXCLUSIVE MODE"))


def lock_clinic(connection: Connection, clinic: str) -> None:
    """Let no other writer lay out visits of a clinic before the transaction ends."""
    lock_name(connection, clinic)


def lock_name(connection: Connection, name: str) -> None:
    """Let no other writer that asks for the same name go on before the transaction ends."""
    if connection.dialect.name == "postgresql" and connection.get_execution_options().get("writes"):
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


@contextmanager
def _troubles(name: str) -> Iterator[None]:
    """What the database cannot do, as one message."""
    try:
        yield
    except DBAPIError as error:
        raise _trouble(name, error) from error
    except SQLAlchemyError as error:
        raise ServiceError(Problem(name, f"it cannot be used: {type(error).__name__}")) from error
    except UnicodeError as error:
        problem, fix = _STATES["22P05"]
        raise ServiceError(Problem(name, problem, fix)) from error


def _trouble(name: str, error: DBAPIError) -> RefusedError | ServiceError:
    """What a database cannot do, in our words: its own may hold what was typed."""
    state = getattr(error.orig, "sqlstate", None)
    said = str(error.orig)
    if "UNIQUE" in said or state == "23505":
        fix = "read it again and repeat the change"
        return RefusedError(Problem(name, "somebody else changed it just now", fix))
    if state in _STATES:
        return ServiceError(Problem(name, *_STATES[state]))
    for sign, problem, fix in _TROUBLES:
        if re.search(sign, said, re.IGNORECASE):
            return ServiceError(Problem(name, problem, fix))
    code = state or getattr(error.orig, "sqlite_errorname", None)
    if code is not None:
        return ServiceError(Problem(name, f"it cannot be used ({code})", "see its own log"))
    fix = "check the address, and that the server runs"
    return ServiceError(Problem(name, "it cannot be reached", fix))

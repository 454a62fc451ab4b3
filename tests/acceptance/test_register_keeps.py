"""That the register loses nothing: writers at once, kills, troubles of a disk, out and in again."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from planner.app.administration import Measurement, evaluated
from planner.app.courses import change
from planner.app.roles import Author
from planner.app.upkeep import import_lines
from planner.errors import NotConfirmedError, PlannerError, RefusedError, ServiceError
from planner.store.database import Database, open_database
from planner.store.histories import read_course
from planner.store.tables import metadata
from planner.store.transfer import exported
from planner.store.upkeep import back_up
from tests.conftest import CLINIC, EXAMPLES, Run
from tests.registers import NOW, Followed, follow, problems


def write_on(url: str, name: str, events: int, told: Connection) -> None:
    """What a writer's process does: evaluations, each told once it is written."""
    register = open_database(url)
    told.send(-1)
    for n in range(events):
        found = Measurement(Decimal(n), pain=Decimal(1))
        author = Author(f"{name}-{n}", datetime.now(UTC))
        change(register, "K-1", [lambda now, found=found: evaluated(now, 5, "A", found)], author)
        told.send(n)


class Writer:
    """A process of its own that writes to a register."""

    def __init__(self, url: str, name: str, events: int) -> None:
        fork = multiprocessing.get_context("fork")
        self.told, told = fork.Pipe(duplex=False)
        self.process = fork.Process(target=write_on, args=(url, name, events, told))
        self.process.start()
        told.close()
        assert self.told.recv() == -1

    def rest(self) -> list[int]:
        """What it tells until it ends."""
        said = []
        with contextlib.suppress(EOFError):
            while True:
                said.append(self.told.recv())
        self.process.join()
        return said


def authors(register: Database) -> list[str]:
    with register.reading() as connection:
        return [one.by for one in read_course(connection, "K-1").entries]


@pytest.fixture
def course(register: Database, tmp_path: Path) -> Followed:
    """The knee, after its first injection."""
    found = follow(register, tmp_path)
    found.give(1)
    return found


@pytest.mark.hazard("two-people-at-once")
def test_five_writers_at_once_lose_and_double_nothing(course: Followed, register_url: str) -> None:
    writers = [Writer(register_url, f"writer-{n}", 40) for n in range(5)]
    for one in writers:
        assert one.rest() == list(range(40))
    written = [by for by in authors(course.register) if by.startswith("writer")]
    assert sorted(written) == sorted(f"writer-{n}-{m}" for n in range(5) for m in range(40))
    assert course.now.state.revision == 201
    assert problems(course.register) == []


@pytest.mark.hazard("lost-event")
def test_a_writer_killed_at_any_moment_leaves_an_event_or_nothing(
    course: Followed, register_url: str
) -> None:
    chance = random.Random(7)
    for number in range(50):
        before = authors(course.register)
        one = Writer(register_url, f"killed-{number}", 1000)
        # Half of them are killed about their first event, half between later ones.
        said = [one.told.recv()] if number % 2 else []
        time.sleep(chance.uniform(0, 0.15))
        one.process.kill()
        said += one.rest()
        after = authors(course.register)
        new = after[len(before) :]
        assert after[: len(before)] == before
        # Whatever was told is there; at most the one after it is there besides.
        assert new == [f"killed-{number}-{n}" for n in range(len(new))]
        assert len(said) <= len(new) <= len(said) + 1
    assert problems(course.register) == []


@pytest.mark.hazard("two-people-at-once")
def test_the_second_of_two_people_is_refused_with_both_versions(course: Followed) -> None:
    course.miss(2)
    with pytest.raises(RefusedError) as caught:
        course.give(3, if_revision=1, confirm="x")
    assert "you changed revision 1; it is at revision 2" in str(caught.value)
    assert "missed Mon 14 Sep 2026 09:00: injection 2 of A, by Dr A. Holm" in str(caught.value)


@pytest.mark.hazard("lost-event")
def test_the_database_itself_refuses_to_change_the_history(course: Followed) -> None:
    for statement in (
        "UPDATE events SET author = 'x'",
        "DELETE FROM events",
        "UPDATE inputs SET content = ''",
        "DELETE FROM inputs",
        "DELETE FROM texts",
        "UPDATE texts SET content = '{}', salt = 'x'",
    ):
        with (
            pytest.raises(ServiceError, match="somebody tried to change"),
            course.register.writing() as connection,
        ):
            connection.execute(sqlalchemy.text(statement))
    assert problems(course.register) == []


def tampered(register: Database, statement: str) -> None:
    """What somebody with the rights of the database's owner could do."""
    with register.writing() as connection:
        if connection.dialect.name == "sqlite":
            for name in (
                "events_keep_update",
                "events_keep_delete",
                "texts_keep_delete",
                "texts_only_blanked",
                "clinic_events_keep_update",
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            for table in ("events", "texts", "clinic_events"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE events SET facts = replace(facts, '0.08', '0.8') WHERE number = 2",
            "event 2 was changed",
        ),
        (
            "UPDATE events SET facts = replace(facts, '09:00', '10:00') WHERE number = 1",
            "event 1 was changed",
        ),
        ("UPDATE events SET author = 'Dr X' WHERE number = 1", "event 1 was changed"),
        ("UPDATE texts SET content = '{}' WHERE event = 1", "a text of event 1 was changed"),
        ("DELETE FROM events WHERE number = 2", "last event"),
        ("UPDATE courses SET digest = 'x'", "last event"),
        ("UPDATE courses SET revision = 7", "revision or status"),
        ("UPDATE visits SET day = '2026-09-15' WHERE number = 2", "its visits"),
        ("UPDATE patients SET id = 'P-2'", "its patient has another id"),
    ],
)
@pytest.mark.hazard("lost-event")
def test_a_changed_event_or_table_is_found(course: Followed, statement: str, says: str) -> None:
    if statement.startswith("DELETE"):
        tampered(course.register, "DELETE FROM texts WHERE event = 2")
        with course.register.writing() as connection:
            connection.exec_driver_sql(statement)
    else:
        tampered(course.register, statement)
    (problem,) = problems(course.register)
    assert says in problem


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE events SET at = '2026-09-01' WHERE number = 2", "event 2 was changed"),
        ("UPDATE texts SET content = '{}' WHERE event = 2", "a text of event 2 was changed"),
        ("UPDATE clinics SET version = 7", "the history of the clinic"),
        ("UPDATE clinic_events SET at = '2026-09-01'", "the history of the clinic"),
    ],
)
@pytest.mark.hazard("lost-event")
def test_the_program_that_wrote_a_row_finds_it_changed(
    course: Followed, statement: str, says: str
) -> None:
    """What a program knows of a course and a clinic by heart stands for no row of them."""
    found = [lambda now: evaluated(now, 5, "A", Measurement(Decimal(30)))]
    author = Author("Dr B", datetime.now(UTC), confirm="a measurement")
    change(course.register, "K-1", found, author)
    tampered(course.register, statement)
    with pytest.raises(RefusedError, match=says):
        change(course.register, "K-1", found, author)


def test_who_listens_hears_the_statements_of_a_change(course: Followed) -> None:
    heard: list[str] = []
    engine = course.register.engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *said: heard.append(said[2]))
    course.give(2)
    assert any("INSERT INTO events" in one for one in heard)


def test_the_migrations_lead_to_the_tables(register: Database) -> None:
    with register.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def set_of(planner: Run, url: str, out: Path) -> dict[str, bytes]:
    done = planner("course", "documents", "case-2", "--out", out, "--database", url)
    assert done.returncode == 0, done.stderr
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def test_out_and_into_an_empty_database_gives_the_same_documents(
    planner: Run, register_url: str, tmp_path: Path
) -> None:
    database = {"PLANNER_DATABASE": register_url, "PLANNER_USER": "Dr A. Holm"}

    def course(*arguments: object) -> None:
        done = planner("course", *arguments, **database)
        assert done.returncode == 0, done.stderr

    course("add", EXAMPLES / "case-2-knee.toml", "--clinic", CLINIC)
    course("documents", "case-2", "--out", "first")
    course("give", "case-2", "--visit", 1, "--as-planned", "--complication", "sore, it wept")
    course("hold", "case-2", "--on", "2026-09-10", "--reason", "infection")
    course("resume", "case-2", "--on", "2026-09-24", "--reason", "healed")
    course("evaluate", "case-2", "--visit", 5, "--lesion", "A", "--size-mm", 35)
    before = set_of(planner, register_url, tmp_path / "before")
    assert {"changes.ics", "change-slip.pdf"} <= set(before)
    (tmp_path / "e.jsonl").write_text(planner("course", "export", **database).stdout)
    copy = str(tmp_path / "copy.db")
    done = planner("course", "import", "e.jsonl", "--database", copy)
    assert done.returncode == 0, done.stderr
    assert set_of(planner, copy, tmp_path / "after") == before
    assert (
        planner("course", "export", "--database", copy).stdout == (tmp_path / "e.jsonl").read_text()
    )
    # Again: what is there is not overwritten.
    assert planner("course", "import", "e.jsonl", "--database", copy).returncode == 13


def lines_of(register: Database) -> list[str]:
    with register.reading() as connection:
        return list(exported(connection))


def without_a_line(lines: list[str]) -> list[str]:
    return lines[:-1]


def with_another_dose(lines: list[str]) -> list[str]:
    return [line.replace("0.08", "0.8") for line in lines]


def with_two_swapped(lines: list[str]) -> list[str]:
    return [*lines[:-2], lines[-1], lines[-2]]


@pytest.mark.parametrize(
    "spoil",
    [
        without_a_line,
        with_another_dose,
        with_two_swapped,
        lambda lines: lines[1:],
        lambda lines: [*lines, "{"],
        lambda lines: [*lines[:3], "[]", *lines[3:]],
        lambda _lines: [],
        lambda lines: [lines[0].replace('"version": 2', '"version": 3'), *lines[1:]],
        lambda lines: [line.replace('"P-1"', '"P-2"') for line in lines],
        lambda lines: [lines[0], lines[1].replace('"P-1"', '"P-2"'), *lines[2:]],
        lambda lines: [lines[0], lines[1].replace('"key"', '"kex"'), *lines[2:]],
    ],
)
@pytest.mark.hazard("lost-event")
def test_a_torn_or_changed_export_brings_nothing_in(
    course: Followed, tmp_path: Path, spoil: Callable[[list[str]], list[str]]
) -> None:
    copy = open_database(str(tmp_path / "copy.db"))
    with pytest.raises(PlannerError):
        import_lines(copy, Author("A", NOW), iter(spoil(lines_of(course.register))))
    assert len(lines_of(copy)) == 1


def test_a_backup_is_made_while_the_register_is_in_use(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path)
    with register.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE courses SET revision = revision"))
        back_up(register, tmp_path / "backup.db")
    assert (tmp_path / "backup.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "register.db").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("backup.db?*"))
    copy = open_database(str(tmp_path / "backup.db"))
    assert Followed(copy).now.state == course.now.state
    with pytest.raises(RefusedError, match="exists already"):
        back_up(register, tmp_path / "backup.db")


def test_a_damaged_register_is_not_backed_up(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    register = open_database(str(path))
    follow(register, tmp_path)
    register.engine.dispose()
    content = path.read_bytes()
    path.write_bytes(content[:20_000] + b"\x00" * 400 + content[20_400:])
    with pytest.raises(ServiceError, match="damaged"):
        back_up(register, tmp_path / "backup.db")
    assert not list(tmp_path.glob("*backup*"))


def test_a_newer_database_is_not_touched(register: Database, register_url: str) -> None:
    with register.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ServiceError, match="update the planner"):
        open_database(register_url)


def test_a_locked_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.store.database.BUSY_SECONDS", 0.2)
    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path)
    other = sqlite3.connect(tmp_path / "register.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceError, match="another program holds it"):
        course.give(1)
    other.execute("ROLLBACK")
    other.close()
    course.give(1)


def set_for(register: Database, setting: str) -> None:
    """Give each connection from now on a setting of SQLite."""
    sqlalchemy.event.listen(register.engine, "connect", lambda raw, _record: raw.execute(setting))
    register.engine.dispose()


@pytest.mark.hazard("crash-in-the-middle")
def test_a_full_disk_is_said_and_the_history_stays(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path)
    pages = sqlite3.connect(tmp_path / "register.db").execute("PRAGMA page_count").fetchone()[0]
    limit = f"PRAGMA max_page_count = {pages}"
    set_for(register, limit)

    def fill() -> None:
        for _ in range(100):
            course.evaluate(5, "30", reason="x" * 400)

    with pytest.raises(ServiceError, match="the disk is full"):
        fill()
    assert problems(open_database(str(tmp_path / "register.db"))) == []


def torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def torn_at_its_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def scribbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:100] = b"x" * 100
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("spoil", [torn, torn_at_its_end, scribbled])
def test_a_torn_file_is_said(planner: Run, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    register = open_database(str(tmp_path / "register.db"))
    follow(register, tmp_path)
    register.empty_log()
    spoil(tmp_path / "register.db")
    for command in (("check",), ("show", "K-1"), ("list",)):
        done = planner("course", *command, "--database", "register.db")
        assert done.returncode in (13, 14), done.stdout
        assert (
            "restore the last backup" in done.stderr
            or "no database" in done.stderr
            or ("not a database" in done.stderr)
        )


def test_a_read_only_file_is_said(tmp_path: Path) -> None:
    register = open_database(str(tmp_path / "register.db"))
    course = follow(register, tmp_path)
    # As a file without the right to write is to anybody but root.
    only = "PRAGMA query_only = ON"
    set_for(register, only)
    with pytest.raises(ServiceError, match="read-only"):
        course.give(1)
    assert course.now.state.revision == 0


def test_a_foreign_database_is_not_touched(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "other.db")
    raw.execute("CREATE TABLE theirs (a)")
    raw.commit()
    with pytest.raises(ServiceError, match="tables of another program"):
        open_database(str(tmp_path / "other.db"))
    shutil.copy(EXAMPLES / "case-2-knee.toml", tmp_path / "course.toml")
    with pytest.raises(ServiceError, match="not a database"):
        open_database(str(tmp_path / "course.toml"))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "://"])
def test_what_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(PlannerError) as caught:
        open_database(url)
    assert caught.value.exit_code == 2


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(ServiceError) as caught:
        open_database("postgresql://holm:s3cret@127.0.0.1:9/register")
    assert "s3cret" not in str(caught.value)


def test_all_changes_of_one_command_are_written_or_none(course: Followed) -> None:
    from planner.app.administration import missed
    from planner.core.followup.events import Ended, Missed

    def miss(now: object) -> Missed:
        return missed(now, 2)  # type: ignore[arg-type]

    author = Author("Dr A. Holm", datetime(2027, 6, 1, tzinfo=UTC))
    wrong = Ended("died", datetime(2026, 9, 1).date())
    with pytest.raises((RefusedError, NotConfirmedError)):
        change(course.register, "K-1", [miss, lambda _now: wrong], author)
    assert len(authors(course.register)) == 2
    assert json.loads(lines_of(course.register)[-1])["event"]["kind"] == "given"


def test_who_reads_while_another_writes_sees_one_state(course: Followed, register_url: str) -> None:
    one = Writer(register_url, "writer", 60)
    reads = 0
    while one.process.is_alive():
        authors(course.register)
        reads += 1
    assert one.rest() == list(range(60))
    assert reads > 0


def test_a_backup_leaves_the_files_beside_it(course: Followed, tmp_path: Path) -> None:
    if course.register.file is None:
        return
    (tmp_path / ".b.db.part").write_text("mine")
    back_up(course.register, tmp_path / "b.db")
    assert (tmp_path / ".b.db.part").read_text() == "mine"
    assert {path.name for path in tmp_path.glob(".b.db*")} == {".b.db.part"}


BROKEN = {
    "no export": ("", "{}\n"),
    "a name that a terminal would obey": ('"name": null', '"name": "A\\u001b[31m"'),
    "a name without end": ('"name": null', f'"name": "{"x" * 600}"'),
    "no day of birth": ('"birth_date": null', '"birth_date": "1961-99-01"'),
    "an id beyond ids": ('"patient_key": 1', f'"patient_key": {2**70}'),
    "a course elsewhere": ('"course": "K-1"', '"course": "../K-1"'),
    "no events": ('"events": 2', '"events": 0'),
    "a list for texts": ('"texts": {', '"texts": [], "texts_": {'),
    "too deep": ("", "[" * 100_000 + "\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_export_is_refused_and_leaves_no_register(
    planner: Run, tmp_path: Path, name: str
) -> None:
    course = follow(open_database(str(tmp_path / "old.db")), tmp_path)
    course.give(1)
    with course.register.reading() as connection:
        content = "\n".join(exported(connection)) + "\n"
    old, new = BROKEN[name]
    broken = content.replace(old, new, 1) if old else new
    assert broken != content
    (tmp_path / "export.jsonl").write_text(broken)
    done = planner("course", "import", "export.jsonl", "--database", "new.db")
    assert done.returncode == 10, done.stderr
    assert not list(tmp_path.glob("new.db*"))

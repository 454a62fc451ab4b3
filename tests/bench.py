"""Speed as ratios in one run: python -m tests.bench. Never part of the tests."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar

from planner.core.decisions import DecisionTable
from planner.core.intervals import Interval
from planner.core.rules import Domains, Rule
from planner.documents.ical import Entry, calendar_bytes
from planner.files.protocol import load_protocol
from tests.conftest import CLINIC, EXAMPLES
from tests.tables import boundary_grid, zen_policy

ROUNDS = 11
ZONE = ZoneInfo("Europe/Copenhagen")


def paired(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """The median ratio of two things, timed in turn."""
    ratios = []
    for _ in range(rounds):
        ratios.append(_seconds(ours) / _seconds(theirs))
    return statistics.median(ratios)


def cold(*ours: object, against: str) -> float:
    """The ratio of a planner command to a process that only imports, both cold."""
    command = str(Path(sys.executable).parent / "planner")
    return paired(
        lambda: _run([command, *map(str, ours)]),
        lambda: _run([sys.executable, "-c", against]),
        ROUNDS,
    )


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _entries(first: int) -> list[Entry]:
    start = datetime(2026, 9, 7, 9, tzinfo=ZONE)
    return [
        Entry(
            uid=f"{first}-{n}", sequence=0, stamp=datetime(2026, 9, 1, tzinfo=UTC),
            start=start + timedelta(days=7 * n), end=start + timedelta(days=7 * n, minutes=30),
            timezone="Europe/Copenhagen", summary="Appointment, Skin clinic",
            location="Eksempelvej 1", description="Phone",
            reminders=(timedelta(days=1), timedelta(hours=2)),
        )
        for n in range(6)
    ]  # fmt: skip


def _by_icalendar(entries: list[Entry]) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//bench//")
    for entry in entries:
        event = icalendar.Event()
        event.add("UID", entry.uid)
        event.add("DTSTAMP", entry.stamp)
        event.add("DTSTART", entry.start)
        event.add("DTEND", entry.end)
        event.add("SUMMARY", entry.summary)
        event.add("LOCATION", entry.location)
        event.add("DESCRIPTION", entry.description)
        for before in entry.reminders:
            alarm = icalendar.Alarm()
            alarm.add("ACTION", "DISPLAY")
            alarm.add("DESCRIPTION", entry.summary)
            alarm.add("TRIGGER", -before)
            event.add_component(alarm)
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def calendars(number: int = 1000) -> float:
    """Events a second of strict calendars, as a multiple of icalendar's."""
    sets = [_entries(n) for n in range(number)]
    ours = _seconds(lambda: [calendar_bytes("c", entries) for entries in sets])
    few = sets[: number // 10]
    theirs = _seconds(lambda: [_by_icalendar(entries) for entries in few])
    return theirs * len(sets) / len(few) / ours


def decisions(number: int = 20_000) -> float:
    """Decisions a second with reasons, as a multiple of zen-engine's policy documents."""
    table = load_protocol("sts-150").table
    by_zen = zen_policy(table.rules)
    points = list(islice(cycle(boundary_grid(table.rules, table.domains)), number))
    return paired(
        lambda: [by_zen(point) for point in points],
        lambda: [table.decide(*point) for point in points],
        ROUNDS,
    )


def proof(number: int) -> float:
    """Seconds to prove a table of many rules in three inputs, on 100 sites."""
    sites = tuple(f"s{n}" for n in range(100))
    half = number // 2
    rules = []
    for n in range(half):
        size = Interval(Decimal(n), True, Decimal(n + 1), False)
        for state in (True, False):
            name = f"r{n}{state}"
            rules.append(Rule(name, name, "stated", "s", "p", "b", size, state, sites))
    domains = Domains(Interval(Decimal(0), True, Decimal(half), False), Decimal(1), sites)
    return _seconds(lambda: DecisionTable(rules, domains))


def main() -> None:
    """Print every ratio beside its bound."""
    libraries = "import click, jinja2, ics, pydantic"
    case = EXAMPLES / "case-2-knee.toml"
    print("dose 12.5 cold / import click (at most 1.4):", end=" ")
    print(round(cold("dose", "12.5", against="import click"), 2))
    with tempfile.TemporaryDirectory() as folder:
        out = ("--out", Path(folder) / "out")
        print("plan cold / importing its libraries (at most 1.6):", end=" ")
        arguments = ("plan", case, "--timezone", "Europe/Copenhagen", *out)
        print(round(cold(*arguments, against=libraries), 2))
    with tempfile.TemporaryDirectory() as folder:
        out = ("--out", Path(folder) / "out")
        print("the same with public holidays (at most 2.2):", end=" ")
        print(round(cold("plan", case, "--clinic", CLINIC, *out, against=libraries), 2))
    print("decisions with reasons, a second / zen-engine's (at least 1):", end=" ")
    print(round(decisions(), 2))
    seconds = {number: proof(number) for number in (25, 50, 100, 200)}
    print("proof in three inputs, seconds a rule count:", end=" ")
    print({number: round(value, 3) for number, value in seconds.items()})
    print("strict calendars, events a second / icalendar's (at least 5):", end=" ")
    print(round(calendars(), 1))


if __name__ == "__main__":
    main()

"""What a validation writes into a register of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

from planner.app.administration import Circumstances, given_as_planned, held, moved, resumed
from planner.app.courses import add_course, change
from planner.app.planning import NamedFile, read_inputs
from planner.app.roles import Author
from planner.store.database import Database, open_database

COURSE = """
id = "validation"
diagnosis = "systemic sclerosis"
first_visit = "2026-09-07 09:00"
[patient]
id = "validation"
[[lesion]]
id = "A"
site = "knee"
side = "right"
size_mm = 70
ulcerated = true
dose_mg = 50
"""
AUTHOR = Author("validation", datetime(2026, 12, 1, tzinfo=UTC), "validation", "validation")


def begin(register: Database) -> None:
    """Add the course, in the built-in clinic."""
    add_course(register, read_inputs(NamedFile("", COURSE.encode()), None, "UTC"), AUTHOR)


def follow(register: Database) -> None:
    """Give, hold and release."""
    first = Circumstances(datetime(2026, 9, 7, 9))
    for make in (
        lambda now: given_as_planned(now, 1, first),
        lambda now: held(now, "A", date(2026, 9, 9)),
        lambda now: resumed(now, "A", date(2026, 9, 16)),
    ):
        change(register, "validation", [make], AUTHOR)


def write(name: str) -> None:
    """Move a visit to and fro until somebody ends it; tell the events that are written."""
    register = open_database(name)
    for n in range(1000):
        make = partial(moved, number=2, to=datetime(2026, 9, 14, 10 + n % 2))
        done = change(register, "validation", [make], AUTHOR)
        print(len(done.after.record.entries), flush=True)  # noqa: T201

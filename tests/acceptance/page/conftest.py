"""What the tests of the page share: a clinic with a course, served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.app.clinics import put_clinic
from planner.app.courses import add_course
from planner.app.places import kept_source
from planner.app.planning import NamedFile, read_inputs
from planner.app.roles import Author
from planner.store.database import open_database
from planner.store.stored_inputs import years_around
from tests.pages import Served, served, soon

PHYSICIAN = Author("Dr A. Holm", datetime(2026, 1, 1, tzinfo=UTC), "first")
CLINIC = """
id = "vest"
name = "Vestergade"
address = "Vestergade 1"
phone = "+45 00 00 00 00"
timezone = "Europe/Copenhagen"
capacity = 2
[opening]
mon = "08:00-16:00"
tue = "08:00-16:00"
wed = "08:00-16:00"
thu = "08:00-16:00"
fri = "08:00-16:00"
[stock]
strength_mg_per_ml = 150
salt = "pentahydrate"
vial_ml = 10
"""
COURSE = """
id = "{course}"
diagnosis = "systemic sclerosis"
first_visit = "{first}"
[patient]
id = "{patient}"
name = "Anna Jensen"
birth_date = 1961-05-01
sulfite_allergy = false
[[lesion]]
id = "A"
site = "knee"
side = "right"
size_mm = 70
ulcerated = true
dose_mg = [12.5, 57.5, 72.5, 87.5]
"""


def add(url: str, course: str = "K-1", patient: str = "P-1", first: str = "") -> None:
    """A course of the clinic."""
    database = open_database(url)
    source, zone = kept_source(database, "physician", "vest")
    now = datetime.now(UTC)
    text = COURSE.format(course=course, patient=patient, first=first or soon())
    inputs = read_inputs(
        NamedFile("course", text.encode()), source, zone, lambda year: years_around(year, now.year)
    )
    add_course(database, inputs, PHYSICIAN._replace(now=now))


@pytest.fixture
def clinic_url(register_url: str) -> str:
    """A register with a clinic, on each of the two databases."""
    put_clinic(open_database(register_url), NamedFile("clinic", CLINIC.encode()), PHYSICIAN)
    return register_url


@pytest.fixture
def light_url(tmp_path: Path) -> str:
    """A register with a clinic, in a file."""
    url = str(tmp_path / "register.db")
    put_clinic(open_database(url), NamedFile("clinic", CLINIC.encode()), PHYSICIAN)
    return url


@pytest.fixture
def page(light_url: str) -> Iterator[Served]:
    """A page with an account for each role and one course."""
    add(light_url)
    with served(light_url) as there:
        yield there.with_accounts()


@pytest.fixture
def unused_port() -> int:
    """A port at which nothing listens."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port

"""What the planner does with a clinic's own file: three courses to work out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from planner.app.planning import NamedFile, planned, read_clinic, read_inputs, site_problems
from planner.core.calendar.availability import QUARTER
from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan
from planner.core.values.formatting import typed_moment
from planner.errors import InputError, Noted, Problem, raise_if_any
from planner.files.bundled import DEFAULT_PROTOCOL, example_text
from planner.files.protocol import load_protocol

WITNESSED = ("case-1-fingertip", "case-2-knee", "case-4-lower-leg")
# A clinic in which no course begins for so long is none to try.
TRIED_DAYS = 90


def witnessed_plans(clinic: NamedFile, today: date) -> tuple[Plan, ...]:
    """Three courses of the letter in a clinic, each from the first time after today that serves.

    Raises InputError where the clinic's file is wrong, or no such time is found.
    """
    noted, times = Noted(), list[datetime]()
    with noted.noting():
        place = read_clinic(clinic, None, range(today.year, today.year + 2))
        times += _times(place, today)
    noted.problems += site_problems(clinic, load_protocol(DEFAULT_PROTOCOL))
    noted.check()
    return tuple(_first(one, clinic, times) for one in WITNESSED)


def _times(clinic: Clinic, today: date) -> Iterator[datetime]:
    """Each quarter hour of the opening hours, day after day."""
    for days in range(1, TRIED_DAYS):
        day = today + timedelta(days=days)
        for span in clinic.opening[day.weekday()]:
            at = datetime.combine(day, span.start)
            while at.time() < span.end and at.date() == day:
                yield at
                at += QUARTER


def _first(course: str, clinic: NamedFile, times: list[datetime]) -> Plan:
    text = example_text(course)
    (line,) = (one for one in text.splitlines() if one.startswith("first_visit"))
    for at in times:
        typed = text.replace(line, f'first_visit = "{typed_moment(at)}"')
        try:
            made = planned(read_inputs(NamedFile("", typed.encode()), clinic))
        except InputError:
            continue  # closed, or not long enough: the next time
        if all(visit.start for visit in made.visits):
            # No other time mends what no course of this clinic could be issued with.
            wrong = [one for one in made.findings if one.severity == "error"]
            fix = "mend the clinic's file"
            raise_if_any(InputError, (Problem(clinic.name, one.message, fix) for one in wrong))
            return made
    problem = f"no course of the letter can begin there in the next {TRIED_DAYS} days"
    raise InputError(Problem(clinic.name, problem, "see its opening, closed days and minutes"))

"""Speed as ratios in one run: python -m tests.bench. Never part of the tests.

Needs the extra `bench`: WeasyPrint, and the libraries of the system that it names.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice, pairwise, starmap
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar

from planner.core.calendar.clinic import Clinic
from planner.core.calendar.occupancy import Busy, Occupancy
from planner.core.plan.planning import plan_course
from planner.core.protocol.decisions import DecisionTable
from planner.core.protocol.protocol import Protocol
from planner.core.protocol.rules import Domains, Rule
from planner.core.values.intervals import Interval
from planner.documents.document_set import issued, papers
from planner.documents.html import paper_html
from planner.documents.ical import CalendarEntry, calendar_bytes
from planner.documents.language import language
from planner.documents.page_head import Issue
from planner.documents.pdf import paper_pdf
from planner.documents.treatment_sheet import treatment_sheet
from planner.errors import InputError
from planner.files.busy import Own, busy_times
from planner.files.clinic import built_in_clinic
from planner.files.course import course_from
from planner.files.plan import plan_bytes
from planner.files.protocol import load_protocol
from planner.files.reading import parse_toml
from tests.clinics import case_plan
from tests.conftest import CLINIC, EXAMPLES
from tests.tables import boundary_grid, zen_policy

ROUNDS = 11
# As it was installed beside this Python, on the PATH or not.
PLANNER = str(Path(sys.executable).parent / "planner")
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Copenhagen")


def paired(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """The median ratio of two things, timed in turn."""
    ratios = []
    for _ in range(rounds):
        ratios.append(_seconds(ours) / _seconds(theirs))
    return statistics.median(ratios)


def cold(*ours: object, against: str) -> float:
    """The ratio of a planner command to a process that only imports, both cold."""
    return paired(
        lambda: _run([PLANNER, *map(str, ours)]),
        lambda: _run([sys.executable, "-c", against]),
        ROUNDS,
    )


def _run(command: Sequence[str]) -> None:
    # Modules are kept compiled, as pip leaves an installation.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=env)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _entries(first: int) -> list[CalendarEntry]:
    start = datetime(2026, 9, 7, 9, tzinfo=ZONE)
    return [
        CalendarEntry(
            uid=f"{first}-{n}", sequence=0, stamp=datetime(2026, 9, 1, tzinfo=UTC),
            start=start + timedelta(days=7 * n), end=start + timedelta(days=7 * n, minutes=30),
            timezone="Europe/Copenhagen", summary="Appointment, Skin clinic",
            location="Eksempelvej 1", description="Phone",
            reminders=(timedelta(days=1), timedelta(hours=2)),
        )
        for n in range(6)
    ]  # fmt: skip


def _by_icalendar(entries: list[CalendarEntry]) -> bytes:
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
    # Nothing is kept: twenty thousand answers in memory would be timed as well.
    return paired(
        lambda: deque(map(by_zen, points), maxlen=0),
        lambda: deque(starmap(table.decide, points), maxlen=0),
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


def lesions(few: int, many: int, protocol: Protocol, clinic: Clinic) -> float:
    """How much longer a course of many lesions takes than one of few, documents included."""
    return paired(
        lambda: _whole_course(many, protocol, clinic),
        lambda: _whole_course(few, protocol, clinic),
        3,
    )


def _whole_course(number: int, protocol: Protocol, clinic: Clinic) -> None:
    table = (
        '[[lesion]]\nid = "L{}"\nsite = "knee"\nside = "left"\nsize_mm = 70\n'
        "ulcerated = true\ndose_mg = 12.5\n"
    )
    head = 'id = "K"\ndiagnosis = "SSc"\nfirst_visit = "2026-09-07 09:00"\n[patient]\nid = "P"\n'
    text = head + "".join(table.format(n) for n in range(number))
    course = course_from(parse_toml(text.encode()), protocol, ZONE)
    plan = plan_course(course, protocol, clinic)
    issued(plan, plan_bytes(plan), datetime(2026, 9, 1, tzinfo=UTC))


def layouts(number: int, protocol: Protocol, clinic: Clinic) -> float:
    """Seconds to lay out courses one after the other, each around the earlier ones."""
    zone = ZoneInfo(clinic.timezone)
    room = clinic._replace(capacity={"rooms": 2 * max(1, number // 1000)})
    taken = Occupancy()
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(250)]
    open_days = [day for day in days if day.weekday() < 5]
    start = time.perf_counter()
    for n in range(number):
        day, slot = open_days[n % len(open_days)], n // len(open_days)
        hour = datetime.combine(day, datetime.min.time()) + timedelta(
            hours=8, minutes=30 * (slot % 14)
        )
        text = (
            f'id = "K-{n}"\ndiagnosis = "SSc"\nfirst_visit = "{hour:%Y-%m-%d %H:%M}"\n'
            '[patient]\nid = "P"\n[[lesion]]\nid = "A"\nsite = "knee"\nside = "left"\n'
            "size_mm = 70\nulcerated = true\ndose_mg = 50\n"
        )
        try:
            course = course_from(parse_toml(text.encode()), protocol, zone)
            plan = plan_course(course, protocol, room, taken)
        except InputError:
            continue  # its first hour is full
        for visit in plan.visits:
            if visit.start is not None and visit.end is not None:
                taken.add(Busy(visit.start, visit.end))
    return time.perf_counter() - start


def busy_series(number: int = 400) -> float:
    """Reading series since 2005 for half a year, as a part of recurring-ical-events' time."""
    import recurring_ical_events

    first, last = date(2026, 9, 7), date(2027, 3, 7)
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nDTSTAMP:20260101T000000Z\r\n"
        f"DTSTART;TZID=Europe/Copenhagen:2005010{3 + n % 5}T{8 + n % 8:02}0000\r\n"
        "DURATION:PT30M\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\n"
        for n in range(number)
    )
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//b//\r\n{events}END:VCALENDAR\r\n"
    content, days = text.encode(), range(first.toordinal(), last.toordinal())

    def theirs() -> object:
        return recurring_ical_events.of(icalendar.Calendar.from_ical(content)).between(first, last)

    own = Own("", "", frozenset())
    return paired(lambda: list(busy_times(content, ZONE, days, own)), theirs, 3)


def sheet_warm(rounds: int = 5) -> float:
    """WeasyPrint's time for the treatment sheet's HTML, as a multiple of ours for its PDF."""
    import weasyprint

    issue = Issue(language("en"), {}, "", STAMP)
    plan = case_plan("case-6-buttocks", "each")
    # Each course is another one: Typst keeps what it has laid out before.
    sheets = [
        treatment_sheet(plan._replace(course=f"K-{n}", diagnosis=f"SSc {n}"), issue)
        for n in range(rounds + 1)
    ]
    pages = [paper_html(one).decode() for one in sheets]
    ratios = []
    for sheet, page in zip(sheets, pages, strict=True):
        theirs = _seconds(lambda page=page: weasyprint.HTML(string=page).write_pdf())  # type: ignore[misc]
        ratios.append(theirs / _seconds(lambda sheet=sheet: paper_pdf(sheet, STAMP)))  # type: ignore[misc]
    return statistics.median(ratios[1:])


def papers_cold() -> float:
    """All four papers by `planner print`, as a part of WeasyPrint's time for the sheet alone."""
    with tempfile.TemporaryDirectory() as folder:
        _run([PLANNER, "plan", str(EXAMPLES / "case-6-buttocks.toml"), "--clinic", str(CLINIC),
              "--out", f"{folder}/out"])  # fmt: skip
        theirs = (
            f"import weasyprint; weasyprint.HTML('{folder}/out/treatment-sheet.html')"
            f".write_pdf('{folder}/x.pdf')"
        )
        return cold("print", f"{folder}/out/plan.json", "--out", f"{folder}/a", against=theirs)


def papers_steady(number: int = 100) -> tuple[float, float]:
    """The last courses' time by the first ones', and how many times the memory has become."""
    plan = case_plan("case-6-buttocks", "each")
    seconds, memory = [], []
    for n in range(number):
        one = plan._replace(course=f"K-{n}", diagnosis=f"SSc {n}")
        seconds.append(_seconds(lambda one=one: papers(one, STAMP)))  # type: ignore[misc]
        memory.append(_resident_pages())
    tenth = number // 10
    first, last = seconds[tenth : 2 * tenth], seconds[-tenth:]
    return statistics.median(last) / statistics.median(first), memory[-1] / memory[tenth]


def _resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def dose_cold() -> float:
    """One dose converted, by a process that only imports click."""
    return cold("dose", "12.5", against="import click")


def plan_cold(*clinic: object) -> float:
    """A course planned and its documents made, by a process that imports what it stands on."""
    with tempfile.TemporaryDirectory() as folder:
        out = ("--out", Path(folder) / "out")
        against = "import click, jinja2, ics, pydantic"
        return cold("plan", EXAMPLES / "case-2-knee.toml", *clinic, *out, against=against)


def json_cold() -> float:
    """A course planned with public holidays and told as JSON alone."""
    against = "import click, jinja2, ics, pydantic"
    case = EXAMPLES / "case-2-knee.toml"
    return cold("plan", case, "--clinic", CLINIC, "--json", against=against)


def growth(seconds: Mapping[int, float]) -> str:
    """Seconds by size, and from one to the next how many times more, beside n log n."""
    told = [str({number: round(value, 3) for number, value in seconds.items()})]
    for few, many in pairwise(seconds):
        bound = many * math.log(many) / (few * math.log(few))
        times = seconds[many] / seconds[few]
        told.append(f"{few} to {many}: {times:.1f} times (n log n: {bound:.1f})")
    return "; ".join(told)


def layouts_grown() -> str:
    protocol, clinic = load_protocol("sts-150"), built_in_clinic("Europe/Copenhagen")
    return growth({number: layouts(number, protocol, clinic) for number in (100, 1000, 10_000)})


def lesions_grown() -> float:
    return lesions(10, 100, load_protocol("sts-150"), built_in_clinic("Europe/Copenhagen"))


def papers_pace() -> str:
    pace, memory = papers_steady()
    return f"time {pace:.2f}, memory {memory:.2f}"


ROWS: Mapping[str, Callable[[], object]] = {
    "dose 12.5 cold / import click (at most 1.35)": dose_cold,
    "plan cold / importing its libraries (at most 1.6)": lambda: plan_cold(
        "--timezone", "Europe/Copenhagen"
    ),
    "the same with public holidays (at most 2.2)": lambda: plan_cold("--clinic", CLINIC),
    "plan --json with public holidays, cold (at most 2.0)": json_cold,
    "decisions with reasons, a second / zen-engine's (at least 1.2)": decisions,
    "proof in three inputs, seconds a rule count": lambda: growth(
        {number: proof(number) for number in (25, 50, 100, 200)}
    ),
    "laying out courses into one year, seconds": layouts_grown,
    "planning 100 lesions / 10 (at most 12)": lesions_grown,
    "WeasyPrint / our PDF of the treatment sheet, warm (at least 6)": sheet_warm,
    "all papers cold / WeasyPrint cold for the sheet alone (at most 0.3)": papers_cold,
    "papers of 100 courses, last tenth / second tenth (about 1)": papers_pace,
    "400 weekly series since 2005 / recurring-ical-events (at most 1.5)": busy_series,
    "strict calendars, events a second / icalendar's (at least 5)": calendars,
}


def main() -> int:
    """Print every ratio beside its bound; 1 where one could not be measured."""
    failed = 0
    for title, measure in ROWS.items():
        print(f"{title}:", end=" ", flush=True)
        try:
            found = measure()
        except Exception as error:  # A row that fails lets the others run.
            failed += 1
            print(f"not measured: {error}")
        else:
            print(round(found, 2) if isinstance(found, float) else found)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

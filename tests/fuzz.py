"""Mutated files of every kind: each is read, or refused by an error of ours that can be shown.

    python -m tests.fuzz [COUNT [SEED]]     # 100,000 and a seed of the clock where left out

Sound files are cut, doubled, spliced and sprinkled with what tends to break readers. A crash is
told with the bytes that led to it, in a file of the current folder; then the exit code is 1.
"""

from __future__ import annotations

import random
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from planner.core.calendar.clinic import Clinic
from planner.core.plan.planning import plan_course
from planner.core.protocol.protocol import Protocol
from planner.documents.calendars import calendar_files
from planner.documents.html import paper_html
from planner.documents.labels import label_sheets
from planner.documents.letter import appointment_letter
from planner.documents.page_head import Issue
from planner.documents.treatment_sheet import treatment_sheet
from planner.documents.worksheets import worksheets
from planner.errors import PlannerError
from planner.files.busy import Own, busy_times
from planner.files.clinic import built_in_clinic, clinic_from
from planner.files.course import course_from
from planner.files.plan import plan_bytes, plan_from
from planner.files.protocol import load_protocol, protocol_from
from planner.files.reading import parse_toml
from tests.clinics import KINDS, case_plan
from tests.conftest import CASES, CLINIC, EXAMPLES, ROOT
from tests.courses import SOUND, course
from tests.plans import first_edition

ZONE = ZoneInfo("Europe/Copenhagen")
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAYS = range(date(2026, 9, 7).toordinal(), date(2026, 12, 31).toordinal())
SECONDS = 20
# What one input may add to the most memory that was ever held.
MOST_MB = 300
# What tends to break readers: bounds of numbers, dates that are none, text that hides or runs.
TOKENS = [
    b"0", b"-1", b"1e400", b"-0.0", b"nan", b"inf", b"0.0000001", b"12,5", b"99999999999999999999",
    b"2026-02-30", b"2099-12-31", b"0001-01-01", b"2026-03-29 02:30", b"24:00", b"00:00-24:00",
    b"true", b"null", b'""', b"[]", b"{}", b"[[", b"]]", b"[lesion]", b"[[lesion]]", b"'''", b'"""',
    b"\x00", b"\xff", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\r", b"\r\n",
    b"\x1b[2J", b"{{7*7}}", b"{n}", b"#eval(1)", b"</td>", b"=1+1", b"../../x", b"\\u0000",
    b"\\N", b"%s", b"RRULE:FREQ=SECONDLY", b"RRULE:FREQ=DAILY;INTERVAL=0",
    b"DTSTART:00000101T000000Z", b"P9999W", b"TZID=Nowhere/Land", b"BEGIN:VEVENT", b"END:VEVENT",
    b"END:VCALENDAR", b"< 5", b"(0..0)",
]  # fmt: skip


class Tally(NamedTuple):
    """What became of the inputs: how many were read, refused, and the crashes with their bytes."""

    read: Counter[str]
    refused: Counter[str]
    crashes: list[tuple[str, str, bytes]]


Reader = Callable[[bytes], object]


@cache
def protocol() -> Protocol:
    return load_protocol("sts-150")


@cache
def clinic() -> Clinic:
    return built_in_clinic("Europe/Copenhagen")


def read_course(content: bytes) -> None:
    made = plan_course(course_from(parse_toml(content), protocol(), ZONE), protocol(), clinic())
    assert plan_from(plan_bytes(made)).course == made.course


def read_clinic(content: bytes) -> None:
    read = clinic_from(parse_toml(content), range(2026, 2029))
    plan_course(course(SOUND, protocol(), read.timezone), protocol(), read)


def read_protocol(content: bytes) -> None:
    read = protocol_from(parse_toml(content), content)
    plan_course(course_from(parse_toml(SOUND.encode()), read, ZONE), read, clinic())


def read_busy(content: bytes) -> None:
    assert all(
        one.start <= one.end for one in busy_times(content, ZONE, DAYS, Own("", "", frozenset()))
    )


def read_plan(content: bytes) -> None:
    plan = plan_from(content)
    issue = Issue.of(plan, "", STAMP)
    paper_html(treatment_sheet(plan, issue))
    for make in (worksheets, appointment_letter):
        make(plan, issue)
    label_sheets(plan, issue, 1, 1)
    assert all(content for _, content in calendar_files(plan, STAMP))


READERS: Mapping[str, Reader] = {
    "course": read_course,
    "clinic": read_clinic,
    "protocol": read_protocol,
    "busy": read_busy,
    "plan": read_plan,
}


@cache
def corpus(kind: str) -> Sequence[bytes]:
    """Sound files of a kind."""
    if kind == "course":
        return [SOUND.encode(), *((EXAMPLES / f"{name}.toml").read_bytes() for name in CASES)]
    if kind == "clinic":
        return [CLINIC.read_bytes(), b'timezone = "UTC"\n[stock]\nstrength_mg_per_ml = 250\n']
    if kind == "protocol":
        own = sorted((ROOT / "tests" / "protocols").glob("*.toml"))
        return [path.read_bytes() for path in (ROOT / "planner/protocols/sts-150.toml", *own)]
    plans = [case_plan(name, drawn) for name in CASES for drawn in KINDS]
    if kind == "plan":
        # A seal refuses nearly all that is done to a file; the first edition has only the recount.
        sealed = [plan_bytes(one) for one in plans]
        return [*sealed, *map(first_edition, sealed)]
    files = [dict(calendar_files(one, STAMP))["clinic.ics"] for one in plans]
    series = b"RRULE:FREQ=WEEKLY;COUNT=9\r\nEXDATE;TZID=Europe/Copenhagen:20260914T093000\r\n"
    return [*files, files[0].replace(b"STATUS:", series + b"STATUS:")]


def mutated(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A file with one to six things done to it."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        at = chance.randrange(len(content) + 1)
        length = min(chance.choice((1, 1, 4, 20, 200)), len(content) - at)
        piece = content[at : at + length]
        match chance.randrange(8):
            case 0:
                content = content[:at] + content[at + length :]
            case 1:
                content = content[:at] + piece + content[at:]
            case 2:
                content = content[:at] + chance.choice(TOKENS) + content[at:]
            case 3:
                content = content[:at] + chance.randbytes(length) + content[at + length :]
            case 4 | 5:
                content = _another_value(content, chance)
            case 6:
                content = _without_line(content, chance)
            case _:
                other = chance.choice(others)
                begin = chance.randrange(len(other) + 1)
                content = content[:at] + other[begin : begin + length] + content[at + length :]
    return content


def _another_value(content: bytes, chance: random.Random) -> bytes:
    """A number, text or word with a token in its place."""
    values = list(re.finditer(rb'"[^"\n]*"|[-\w.:+]+', content))
    if not values:
        return content
    one = chance.choice(values)
    token = chance.choice(TOKENS)
    quoted = b'"' + token + b'"' if one[0].startswith(b'"') and chance.random() < 0.8 else token
    return content[: one.start()] + quoted + content[one.end() :]


def _without_line(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if lines:
        lines.pop(chance.randrange(len(lines)))
    return b"".join(lines)


@contextmanager
def in_bounds() -> Iterator[None]:
    """Raise TimeoutError where an input takes too long, MemoryError where it takes too much."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"over {SECONDS} seconds")

    before, held = signal.signal(signal.SIGALRM, stop), _peak_mb()
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if (taken := _peak_mb() - held) > MOST_MB:
            raise MemoryError(f"it took {taken} MB")


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def attack(count: int, seed: int, readers: Mapping[str, Reader] = READERS) -> Tally:
    """Mutate and read `count` files, the kinds in turn."""
    tally = Tally(Counter(), Counter(), [])
    kinds = list(readers)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        chance = random.Random(f"{seed} {number}")
        sound = corpus(kind)
        content = mutated(chance.choice(sound), sound, chance)
        try:
            with in_bounds():
                readers[kind](content)
            tally.read[kind] += 1
        except PlannerError as error:
            said = str(error)
            if not error.problems or not said.strip():
                tally.crashes.append((kind, "an error that says nothing", content))
            tally.refused[kind] += 1
        except Exception as error:  # what is looked for
            tally.crashes.append((kind, f"{type(error).__name__}: {error}", content))
    return tally


def _part(arguments: tuple[int, int]) -> Tally:
    return attack(*arguments)


def main(arguments: list[str]) -> int:
    """Attack on all cores and tell what came of it."""
    count = int(arguments[0]) if arguments else 100_000
    seed = int(arguments[1]) if len(arguments) > 1 else int(time.time())
    start, size = time.monotonic(), 1000
    parts = [(min(size, count - at), seed + at) for at in range(0, count, size)]
    read, refused, crashes = Counter[str](), Counter[str](), list[tuple[str, str, bytes]]()
    with ProcessPoolExecutor() as pool:
        for done, tally in enumerate(pool.map(_part, parts), start=1):
            read, refused = read + tally.read, refused + tally.refused
            crashes += tally.crashes
            sys.stderr.write(f"\r{done * size} of {count}, {len(crashes)} crashes")
    print(
        f"\nseed {seed}: {count} files in {time.monotonic() - start:.0f} s, {len(crashes)} crashes"
    )
    for kind in READERS:
        print(f"  {kind}: {read[kind]} read, {refused[kind]} refused")
    for number, (kind, said, content) in enumerate(crashes):
        path = Path(f"crash-{seed}-{number}.{kind}")
        path.write_bytes(content)
        print(f"  {path}: {said}")
    return int(bool(crashes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

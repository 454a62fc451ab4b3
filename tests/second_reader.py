"""Busy files read twice: by the planner and by ical.js, on calendars that are made up.

    python -m tests.second_reader [COUNT [SEED]]     # 2,000 and 1 where left out

Prints each calendar that the two read otherwise; then the exit code is 1. What they read
otherwise on purpose is not made up here: rules of zones with a place's name (ours are those of
the name), days of no length, doubtful states, a rule that ends before its event begins and a
change of a time that a series does not have (both count for us).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.documents.timezones import vtimezone
from planner.errors import InputError
from planner.files.busy import Own, busy_times
from tests.readers import FOREIGN

# Each rule as it is written, and how far apart its times are where they are one a period.
RULES = {
    "DAILY": "DAILY",
    "WEEKLY": "WEEKLY",
    "WEEKLY on two days": "WEEKLY;BYDAY=MO,TH",
    "MONTHLY": "MONTHLY;BYMONTHDAY=15",
}
STEPS = {"DAILY": 1, "WEEKLY": 7}
CLINIC = "Europe/Copenhagen"
FIRST, LAST = date(2026, 9, 7), date(2026, 12, 31)
ZONES = ("Europe/Copenhagen", "America/New_York", "Australia/Sydney", "Asia/Tokyo")
Spans = list[tuple[int, int]]
# When clocks go back an hour comes twice: a time in it is the first one for RFC 5545 and us, the
# second one for ical.js. In Copenhagen on 25 October, in New York on 1 November.
TWICE = tuple(
    (int(first.timestamp()), int(first.timestamp()) + 7200)
    for first in (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))
)


def zone_text(name: str, tzid: str) -> str:
    """The VTIMEZONE of a zone under a name."""
    lines = vtimezone(name, 2020, 2030)
    assert lines is not None
    text = "\r\n".join(str(line) for line in lines)
    return text.replace(f"TZID:{name}", f"TZID:{tzid}")


def calendar(chance: random.Random) -> str:
    """A calendar of one to five events, in zones of its own names, series and changes of them."""
    zone = chance.choice(ZONES)
    tzid = chance.choice((zone, "Customized Time Zone", "Here", '"(UTC+01:00) Somewhere"'))
    parts = [zone_text(zone, tzid.strip('"'))]
    for number in range(chance.randint(1, 5)):
        parts += _events(chance, f"e{number}", tzid)
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *parts,
                        "END:VCALENDAR", ""])  # fmt: skip


def _events(chance: random.Random, uid: str, tzid: str) -> Iterator[str]:
    """An event, a series, or a series with one time of it changed."""
    kind = chance.choice(("zone", "zone", "utc", "floating", "day"))
    start = datetime(2025, 1, 1) + timedelta(
        days=chance.randint(0, 720), hours=chance.randint(6, 18), minutes=15 * chance.randint(0, 3)
    )
    length = (
        timedelta(days=chance.randint(1, 3))
        if kind == "day"
        else timedelta(minutes=15 * chance.randint(1, 40))
    )
    frequency = chance.choice(("", "", "DAILY", "WEEKLY", "WEEKLY on two days", "MONTHLY"))
    if frequency == "MONTHLY":
        start = start.replace(day=15)
    elif frequency == "WEEKLY on two days":
        start -= timedelta(days=start.weekday())
    state = ("", "", "", "TRANSP:TRANSPARENT", "STATUS:CANCELLED", "STATUS:TENTATIVE")

    def said(name: str, at: datetime) -> str:
        if kind == "day":
            return f"{name};VALUE=DATE:{at:%Y%m%d}"
        head = f"{name};TZID={tzid}" if kind == "zone" else name
        return f"{head}:{at:%Y%m%dT%H%M%S}{'Z' if kind == 'utc' else ''}"

    lines = [said("DTSTART", start), said("DTEND", start + length), chance.choice(state)]
    if not frequency:
        yield _event(uid, lines)
        return
    interval, bound = chance.randint(1, 3), _bound(chance, kind, start)
    lines.append(f"RRULE:FREQ={RULES[frequency]};INTERVAL={interval}{bound}")
    step = timedelta(days=STEPS.get(frequency, 0) * interval)
    if step and chance.random() < 0.5:
        lines.append(said("EXDATE", start + step))
    yield _event(uid, lines)
    if step and not bound and chance.random() < 0.4:
        hit = start + step * chance.randint(2, 30)
        moved = hit + timedelta(hours=0 if kind == "day" else chance.randint(0, 5))
        change = [said("RECURRENCE-ID", hit), said("DTSTART", moved), said("DTEND", moved + length)]
        yield _event(uid, change)


def _bound(chance: random.Random, kind: str, start: datetime) -> str:
    """How a series ends, in the kind of time that it has."""
    ends = {"day": "20261101", "floating": "20261101T000000"}.get(kind, "20261101T000000Z")
    bound = chance.choice(("", f";COUNT={chance.randint(2, 200)}", f";UNTIL={ends}"))
    return "" if "UNTIL" in bound and start >= datetime(2026, 10, 1) else bound


def _event(uid: str, lines: Sequence[str]) -> str:
    whole = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *filter(None, lines)]
    return "\r\n".join([*whole, "END:VEVENT"])


def ours(text: str) -> Spans | str:
    days = range(FIRST.toordinal(), LAST.toordinal())
    try:
        found = list(busy_times(text.encode(), ZoneInfo(CLINIC), days, Own("", "", frozenset())))
    except InputError as error:
        return str(error)
    return sorted((int(one.start.timestamp()), int(one.end.timestamp())) for one in found)


def theirs(texts: Sequence[str]) -> list[Spans | str]:
    first, last = (
        int(datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(CLINIC)).timestamp())
        for on in (FIRST, LAST)
    )
    zone = zone_text(CLINIC, CLINIC)
    asked = [{"text": text, "zone": zone, "first": first, "last": last} for text in texts]
    done = subprocess.run(
        ["node", "ical_series.mjs"], input=json.dumps(asked), capture_output=True, text=True,
        cwd=FOREIGN, check=True,
    )  # fmt: skip
    return [
        one if isinstance(one, str) else [(start, end) for start, end in one]
        for one in json.loads(done.stdout)
    ]


def differences(count: int, seed: int) -> Iterator[tuple[str, Spans | str, Spans | str]]:
    """Calendars of which a moment is taken by one reader and free by the other."""
    texts = [calendar(random.Random(f"{seed} {n}")) for n in range(count)]
    for text, found in zip(texts, theirs(texts), strict=True):
        mine = ours(text)
        if isinstance(mine, str) or isinstance(found, str) or _merged(mine) != _merged(found):
            yield text, mine, found


def _merged(spans: Spans) -> Spans:
    """Spans as the moments that are taken, however many events take them."""
    merged: Spans = []
    for start, end in sorted(one for span in spans for one in _outside(span)):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _outside(span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The parts of a span outside the hours that come twice."""
    start, end = span
    for first, last in TWICE:
        if start < min(end, first):
            yield start, min(end, first)
        if end > first and start < last:
            start = last
    if start < end:
        yield start, end


def main(arguments: list[str]) -> int:
    """Compare, and tell each difference."""
    count = int(arguments[0]) if arguments else 2000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    found = list(differences(count, seed))
    for text, mine, other in found:
        print(text)
        for name, spans in (("planner", mine), ("ical.js", other)):
            shown = (
                spans
                if isinstance(spans, str)
                else [f"{datetime.fromtimestamp(one, UTC):%m-%d %H:%M}" for one, _ in spans]
            )
            print(f"  {name}: {shown}")
    print(f"{count} calendars, {len(found)} read otherwise")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Calendar readers other than ics: each gives the UTC instants of a file's events, by UID."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import vobject
from ical.calendar_stream import IcsCalendarStream

Instants = dict[str, tuple[datetime, datetime]]


def by_icalendar(content: bytes) -> Instants:
    events = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return {str(e["UID"]): (_utc(e["DTSTART"].dt), _utc(e["DTEND"].dt)) for e in events}


def by_vobject(content: bytes) -> Instants:
    events = vobject.readOne(content.decode()).vevent_list
    return {e.uid.value: (_utc(e.dtstart.value), _utc(e.dtend.value)) for e in events}


def by_ical(content: bytes) -> Instants:
    events = IcsCalendarStream.calendar_from_ics(content.decode()).events
    return {str(e.uid): (_utc(e.dtstart), _utc(e.dtend)) for e in events}


def by_khal(content: bytes) -> Instants:
    """khal imports the file into a calendar of its own and lists it."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "calendar").mkdir()
        (base / "file.ics").write_bytes(content)
        (base / "config").write_text(
            f"[calendars]\n[[test]]\npath = {base}/calendar\n"
            f"[sqlite]\npath = {base}/khal.db\n"
            "[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        )
        khal = [sys.executable, "-m", "khal", "-c", str(base / "config")]
        subprocess.run(
            [*khal, "import", "--batch", "-a", "test", str(base / "file.ics")],
            check=True,
            capture_output=True,
        )
        first = min(start for start, _ in by_icalendar(content).values())
        listed = subprocess.run(
            [*khal, "list", "--notstarted", "--day-format", "", "--format",
             "{uid}|{start-long-full}|{end-long-full}", f"{first:%Y-%m-%d}", "300d"],
            check=True,
            capture_output=True,
            text=True,
        )  # fmt: skip
    found = {}
    for line in listed.stdout.splitlines():
        if line.count("|") == 2:
            uid, start, end = line.split("|")
            found[uid] = (_typed(start), _typed(end))
    return found


READERS = {
    "icalendar": by_icalendar,
    "vobject": by_vobject,
    "ical": by_ical,
    "khal": by_khal,
}


def _utc(moment: datetime) -> datetime:
    assert moment.tzinfo is not None, "a floating time"
    return moment.astimezone(UTC)


def _typed(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)

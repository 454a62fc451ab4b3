"""Calendar readers other than ics: each gives the UTC instants of a file's events, by UID."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream

FOREIGN = Path(__file__).parent / "foreign"
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


def by_khal(content: bytes, *changes: bytes) -> Instants:
    """khal imports the file, and changes after it, into a calendar of its own and lists it."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "calendar").mkdir()
        (base / "config").write_text(
            f"[calendars]\n[[test]]\npath = {base}/calendar\n"
            f"[sqlite]\npath = {base}/khal.db\n"
            "[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        )
        khal = [sys.executable, "-m", "khal", "-c", str(base / "config")]
        for file in (content, *changes):
            (base / "file.ics").write_bytes(file)
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


def _foreign(*command: str) -> Callable[[bytes], Instants]:
    """A reader of its own language; it prints uid|start|end in seconds since 1970."""

    def read(content: bytes) -> Instants:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file.ics"
            file.write_bytes(content)
            done = subprocess.run(
                [*command, str(file)], check=True, capture_output=True, text=True, cwd=FOREIGN
            )
        rows = (line.split("|") for line in done.stdout.splitlines())
        return {
            uid: (datetime.fromtimestamp(int(start), UTC), datetime.fromtimestamp(int(end), UTC))
            for uid, start, end in rows
        }

    return read


def by_libical(content: bytes) -> Instants:
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/read"
        subprocess.run(
            ["gcc", "-o", program, str(FOREIGN / "libical.c"), "-lical"],
            check=True,
            capture_output=True,
        )
        return _foreign(program)(content)


READERS = {
    "icalendar": by_icalendar,
    "vobject": by_vobject,
    "ical": by_ical,
    "khal": by_khal,
    "ical.js": _foreign("node", "ical_js.mjs"),
    "node-ical": _foreign("node", "node_ical.mjs"),
    "libical": by_libical,
    "sabre/vobject": _foreign("php", "sabre.php"),
}
# What a reader outside PyPI needs to be there.
_NEEDED = {
    "ical.js": FOREIGN / "node_modules/ical.js",
    "node-ical": FOREIGN / "node_modules/node-ical",
    "libical": Path("/usr/include/libical/ical.h"),
    "sabre/vobject": Path("/usr/share/php/Sabre/VObject/autoload.php"),
}


def need(reader: str) -> None:
    """Skip a reader that this machine does not have; in CI none may be missing."""
    needed = _NEEDED.get(reader)
    if needed is not None and not needed.exists():
        assert not os.environ.get("CI"), f"{reader} is missing in CI"
        pytest.skip(f"{reader} is not installed here")


def _utc(moment: datetime) -> datetime:
    assert moment.tzinfo is not None, "a floating time"
    return moment.astimezone(UTC)


def _typed(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)

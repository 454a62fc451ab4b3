"""A few zones of two real releases: Edmonton and Vancouver end their clock changes after 2025b.

Each release has the files of its `tzdata` package, and a first line of tzdata.zi.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import icalendar

from planner.documents.timezones import vtimezone

OLD, NEW = "2025b", "2026f"


def package(release: str) -> str:
    """What PYTHONPATH has to name so that this release is the installed package's."""
    return str(Path(__file__).parent / release)


def system(release: str) -> str:
    """What PYTHONTZPATH has to name so that this release is the system's."""
    return str(Path(__file__).parent / release / "tzdata" / "zoneinfo")


@contextmanager
def rules_of(release: str) -> Iterator[None]:
    """The zones of a release, in this process."""
    before = zoneinfo.TZPATH
    try:
        _use([system(release)])
        yield
    finally:
        _use(before)


def shown(content: bytes, zone: str) -> list[datetime]:
    """The starts of a calendar's events on a zone's clock, read by the VTIMEZONE beside them."""
    calendar = icalendar.Calendar.from_ical(content)
    own = [one.to_tz(lookup_tzid=False) for one in calendar.walk("VTIMEZONE")]
    starts = [event["DTSTART"].dt for event in calendar.walk("VEVENT")]
    read = [one.replace(tzinfo=own[0]) if own else one for one in starts]
    return [one.astimezone(zoneinfo.ZoneInfo(zone)) for one in read]


def _use(folders: tuple[str, ...] | list[str]) -> None:
    zoneinfo.reset_tzpath(folders)
    zoneinfo.ZoneInfo.clear_cache()
    vtimezone.cache_clear()

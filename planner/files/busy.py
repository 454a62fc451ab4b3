"""Busy files: what is taken already, out of calendar files of any origin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from planner.core.occupancy import Busy
from planner.errors import InputError, Problem, located, raise_if_any
from planner.files.reading import read_bytes

# icalendar types a property as any of thirty values; what is read here is checked as it is read.
Component = Any

LARGEST_BYTES = 20_000_000
MOST_OCCURRENCES = 100_000
_SECONDS = {
    "SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400,
    "WEEKLY": 7 * 86400, "MONTHLY": 28 * 86400, "YEARLY": 365 * 86400,
}  # fmt: skip
# How many times a day a rule can hit at the most, by the parts that multiply it.
_MULTIPLIERS = ("BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYMONTH")


def read_busy(path: Path, zone: ZoneInfo, days: range, own: frozenset[str]) -> list[Busy]:
    """The taken times of a file in a range of days (ordinals), those of `own` UIDs left out.

    Raises InputError for a file that is no calendar, a broken event, an unknown zone, or a
    recurrence that has too many times.
    """
    with located(path.name):
        return list(busy_times(read_bytes(path, largest=LARGEST_BYTES), zone, days, own))


def busy_times(content: bytes, zone: ZoneInfo, days: range, own: frozenset[str]) -> Iterator[Busy]:
    """The taken times of a calendar: opaque, not cancelled, recurrences followed.

    Floating times and whole days are those of `zone`, the clinic's.
    """
    first = datetime.combine(date.fromordinal(days.start), time(), zone)
    last = datetime.combine(date.fromordinal(days.stop), time(), zone)
    for calendar in _calendars(content):
        _check(calendar, last)
        yield from _free_busy(calendar, zone)
        for event in _occurrences(calendar, first, last):
            if _is_taken(event, own):
                start, end = _span(event, zone)
                if start < end:
                    yield Busy(start, end)


def _calendars(content: bytes) -> list[Component]:
    from icalendar import Calendar

    fix = "export it again as an iCalendar file"
    try:
        found = Calendar.from_ical(content, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(Problem("", f"it is no calendar: {_first_line(error)}", fix)) from error
    calendars = [one for one in found if isinstance(one, Calendar)]
    if not calendars:
        raise InputError(Problem("", "it is no calendar", fix))
    return calendars


def _check(calendar: Component, last: datetime) -> None:
    """Refuse what icalendar could not read, which it keeps apart, and endless work."""
    problems = []
    for component in calendar.walk():
        for name, error in component.errors:
            where = f"{component.name} {component.get('UID', '')}".strip()
            text = f"{name or 'a line'} cannot be read: {_first_line(error)}"
            problems.append(Problem(where, text, "mend or remove it"))
    raise_if_any(InputError, problems)
    for event in calendar.walk("VEVENT"):
        problems += _event_problems(event, last)
    raise_if_any(InputError, problems)


def _event_problems(event: Component, last: datetime) -> Iterator[Problem]:
    where = f"VEVENT {event.get('UID', '')}".strip()
    start = event.get("DTSTART")
    if start is None or not hasattr(start, "dt"):
        yield Problem(where, "it has no DTSTART", "mend or remove it")
        return
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        moment = event.get(name)
        zone = moment.params.get("TZID") if moment is not None else None
        if zone is not None and isinstance(moment.dt, datetime) and moment.dt.tzinfo is None:
            yield Problem(where, f"{name} is in {zone}, a zone that is not known", "name a zone")
    rules = event.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules]:
        if rule is not None and _occurrences_at_most(rule, start.dt, last) > MOST_OCCURRENCES:
            yield Problem(where, f"it recurs over {MOST_OCCURRENCES} times", "mend its RRULE")


def _occurrences_at_most(rule: Any, start: date, last: datetime) -> int:
    """A bound for how often a rule hits before `last`."""
    frequency = str(rule.get("FREQ", ["DAILY"])[0]).upper()
    begin = start if isinstance(start, datetime) else datetime.combine(start, time())
    begin = begin.replace(tzinfo=UTC)
    seconds = max(0.0, (last.astimezone(UTC) - begin).total_seconds())
    interval = max(1, int(rule.get("INTERVAL", [1])[0]))
    times = int(seconds / (_SECONDS.get(frequency, 1) * interval)) + 1
    for name in _MULTIPLIERS:
        if name in rule and frequency not in ("SECONDLY", "MINUTELY", "HOURLY"):
            times *= max(1, len(rule[name]))
    if "COUNT" in rule:
        times = min(times, int(rule["COUNT"][0]))
    return times


def _occurrences(calendar: Component, first: datetime, last: datetime) -> list[Component]:
    import recurring_ical_events

    try:
        return list(recurring_ical_events.of(calendar).between(first, last))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        text = f"its recurrences cannot be followed: {_first_line(error)}"
        raise InputError(Problem("", text, "export it again")) from error


def _is_taken(event: Component, own: frozenset[str]) -> bool:
    transparent = str(event.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT"
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return not transparent and not cancelled and str(event.get("UID", "")) not in own


def _span(event: Component, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end; a whole day lasts from midnight to midnight of the clinic."""
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    return _moment(start, zone), _moment(end, zone)


def _free_busy(calendar: Component, zone: ZoneInfo) -> Iterator[Busy]:
    """The periods of free-busy answers."""
    for component in calendar.walk("VFREEBUSY"):
        periods = component.get("FREEBUSY", [])
        for period in periods if isinstance(periods, list) else [periods]:
            if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
                start, end = _moment(period.start, zone), _moment(period.end, zone)
                if start < end:
                    yield Busy(start, end)


def _moment(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def _first_line(error: Exception | str) -> str:
    from planner.files.fields import shown

    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__).strip('"')

"""Busy files: what is taken already, out of calendar files of any origin."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from planner.core.occupancy import Busy
from planner.errors import InputError, Problem, located, raise_if_any
from planner.files.reading import read_bytes

# icalendar types a property as any of thirty values; what is read here is checked as it is read.
Component = Any

LARGEST_BYTES = 20_000_000
MOST_OCCURRENCES = 200_000
_SECONDS = {
    "SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400,
    "WEEKLY": 7 * 86400, "MONTHLY": 28 * 86400, "YEARLY": 365 * 86400,
}  # fmt: skip
_WITHIN_A_DAY = ("SECONDLY", "MINUTELY", "HOURLY")
# The parts that make a rule hit several times within its frequency; the others only limit it.
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_MULTIPLIERS = {
    "SECONDLY": (),
    "MINUTELY": ("BYSECOND",),
    "HOURLY": ("BYMINUTE", "BYSECOND"),
    "DAILY": _TIMES,
    "WEEKLY": ("BYDAY", *_TIMES),
    "MONTHLY": ("BYMONTHDAY", *_TIMES),
    "YEARLY": ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", *_TIMES),
}
_SINGLE = ("UID", "DTSTART", "DTEND", "DURATION", "TRANSP", "STATUS", "RECURRENCE-ID")
_TWO_ZONES = re.compile(
    rb"^(?:DTSTART|DTEND|RECURRENCE-ID|EXDATE|RDATE);[^:\r\n]*TZID=[^:\r\n]*:[^\r\n]*T\d{6}Z",
    re.IGNORECASE | re.MULTILINE,
)
# Put between a UID and a number where two events of a file share one, so that both count.
_AGAIN = "\u241f"


class Own(NamedTuple):
    """What is known to be of the course itself: its visits' UIDs, and its id on a server."""

    course: str
    uids: frozenset[str]


def read_busy(path: Path, zone: ZoneInfo, days: range, own: Own) -> list[Busy]:
    """The taken times of a file in a range of days (ordinals), the course's own left out.

    Raises InputError for a file that is no calendar, a broken event, an unknown zone, or a
    recurrence that has too many times.
    """
    with located(str(path)):
        return list(busy_times(read_bytes(path, largest=LARGEST_BYTES), zone, days, own))


def busy_times(content: bytes, zone: ZoneInfo, days: range, own: Own) -> Iterator[Busy]:
    """The taken times of a calendar: opaque, not cancelled, recurrences followed.

    Floating times and whole days are those of `zone`, the clinic's.
    """
    first = datetime.combine(date.fromordinal(days.start), time(), zone)
    last = datetime.combine(date.fromordinal(days.stop), time(), zone)
    _refuse_two_zones(content)
    for calendar in _calendars(content):
        _check(calendar, last)
        yield from _free_busy(calendar, zone, first, last)
        for event in _occurrences(calendar, first, last):
            if _is_taken(event, own):
                start, end = _span(event, zone)
                # Only what the course can meet is kept: some events last for decades.
                start, end = max(start, first), min(end, last)
                if start < end:
                    yield Busy(start, end)


def _refuse_two_zones(content: bytes) -> None:
    """Refuse a time that names a zone and is in UTC as well: nobody knows which it is."""
    lines = re.sub(rb"\r?\n[ \t]", b"", content)
    if found := _TWO_ZONES.search(lines):
        line = found[0].decode("utf-8", "replace").strip()
        raise InputError(Problem(line, "it names a zone and is in UTC too", "keep one of them"))


def _calendars(content: bytes) -> list[Component]:
    from icalendar import Calendar
    from icalendar.timezone import tzp

    fix = "export it again as an iCalendar file"
    # Zones that a file defines are kept for the process; another file may define them otherwise.
    tzp.use_default()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Calendar.from_ical(content, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(Problem("", f"it is no calendar: {_first_line(error)}", fix)) from error
    except OSError as error:
        # `Europe` is a folder of the zones.
        raise InputError(Problem("", "a zone in it is not known", "name a time zone")) from error
    calendars = [one for one in found if isinstance(one, Calendar)]
    if not calendars:
        raise InputError(Problem("", "it is no calendar", fix))
    for calendar in calendars:
        # It says in which zone to show the calendar; times without a zone are the clinic's.
        calendar.pop("X-WR-TIMEZONE", None)
    return calendars


def _check(calendar: Component, last: datetime) -> None:
    """Refuse what icalendar could not read, which it keeps apart, and endless work."""
    problems = []
    for component in calendar.walk():
        for name, error in component.errors:
            where = _name(component)
            text = f"{name or 'a line'} cannot be read: {_first_line(error)}"
            problems.append(Problem(where, text, "mend or remove it"))
    raise_if_any(InputError, problems)
    times = 0
    for component in calendar.walk():
        for rule in _rules(component):
            if int(rule.get("INTERVAL", [1])[0]) < 1:
                problems.append(Problem(_name(component), "its INTERVAL is not above 0", "mend it"))
            # Such a rule may be followed for hours without a single time.
            if "BYSETPOS" in rule and str(rule.get("FREQ", [""])[0]).upper() in _WITHIN_A_DAY:
                text = "its BYSETPOS chooses within less than a day"
                problems.append(Problem(_name(component), text, "mend its RRULE"))
    for event in calendar.walk("VEVENT"):
        problems += _event_problems(event)
    raise_if_any(InputError, problems)
    for event in calendar.walk("VEVENT"):
        times += sum(_times_at_most(rule, event["DTSTART"].dt, last) for rule in _rules(event))
        if times > MOST_OCCURRENCES:
            text = f"recurrences come to over {MOST_OCCURRENCES} times"
            raise InputError(Problem(_name(event), text, "mend its RRULE"))
    _tell_apart(calendar)
    _until_evening(calendar)


def _name(component: Component) -> str:
    from planner.files.fields import shown

    uid = shown(str(component.get("UID", ""))).strip('"')
    return f"{component.name} {uid}".strip()


def _rules(component: Component) -> list[Any]:
    rules = component.get("RRULE")
    return [rule for rule in (rules if isinstance(rules, list) else [rules]) if rule is not None]


def _event_problems(event: Component) -> Iterator[Problem]:
    where, fix = _name(event), "mend or remove it"
    twice = [name for name in _SINGLE if isinstance(event.get(name), list)]
    if twice:
        yield Problem(where, f"{twice[0]} stands twice", fix)
        return
    start = event.get("DTSTART")
    if start is None or not isinstance(getattr(start, "dt", None), date):
        yield Problem(where, "it has no DTSTART", fix)
        return
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"):
        values = event.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            zone = value.params.get("TZID")
            moments = [one.dt for one in value.dts] if hasattr(value, "dts") else [value.dt]
            if zone is not None and any(_is_floating(moment) for moment in moments):
                yield Problem(where, f"{name} is in {zone}, which is not known", "name a zone")
    if not 1 < start.dt.year < 9999:
        yield Problem(where, f"its year {start.dt.year} is out of reach", fix)
    end = event.get("DTEND")
    if end is not None and type(end.dt) is type(start.dt) and _is_before(end.dt, start.dt):
        yield Problem(where, "it ends before it starts", fix)
    length = event.get("DURATION")
    if length is not None and length.dt < timedelta():
        yield Problem(where, "its DURATION is below 0", fix)


def _is_floating(moment: Any) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is None


def _is_before(end: date, start: date) -> bool:
    if isinstance(end, datetime) and isinstance(start, datetime):
        return (end.tzinfo is None) == (start.tzinfo is None) and end < start
    return end < start


def _times_at_most(rule: Any, start: date, last: datetime) -> int:
    """A bound for how often a rule hits before `last`."""
    frequency = str(rule.get("FREQ", ["DAILY"])[0]).upper()
    begin, end = _in_utc(start), last.astimezone(UTC)
    if "UNTIL" in rule:
        end = min(end, _in_utc(rule["UNTIL"][0]))
    seconds = max(0.0, (end - begin).total_seconds())
    interval = int(rule.get("INTERVAL", [1])[0])
    times = int(seconds / (_SECONDS.get(frequency, 1) * interval)) + 1
    for name in _MULTIPLIERS.get(frequency, ()):
        if name in rule:
            times *= max(1, len(rule[name]))
    return min(times, int(rule["COUNT"][0])) if "COUNT" in rule else times


def _in_utc(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _tell_apart(calendar: Component) -> None:
    """Give events that share a UID without belonging together one each, so that both count."""
    seen: dict[tuple[str, str], int] = {}
    for event in calendar.walk("VEVENT"):
        if "RECURRENCE-ID" not in event and "UID" in event:
            key = (str(event["UID"]), str(event.get("SEQUENCE", "")))
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                event["UID"] = f"{key[0]}{_AGAIN}{seen[key]}"


def _until_evening(calendar: Component) -> None:
    """Let a rule of timed events that ends on a day, as some programs write it, have that day."""
    for event in calendar.walk("VEVENT"):
        start = event["DTSTART"].dt
        for rule in _rules(event):
            until = rule.get("UNTIL", [start])[0]
            is_day = not isinstance(until, datetime)
            # Some write the last year of all for a rule without end.
            if isinstance(start, datetime) and is_day and until.year < 9999:
                evening = datetime.combine(until, time(23, 59, 59), start.tzinfo)
                rule["UNTIL"] = [evening if start.tzinfo is None else evening.astimezone(UTC)]


def _occurrences(calendar: Component, first: datetime, last: datetime) -> list[Component]:
    import recurring_ical_events

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(recurring_ical_events.of(calendar).between(first, last))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        text = f"its recurrences cannot be followed: {_first_line(error)}"
        raise InputError(Problem("", text, "export it again")) from error


def _is_taken(event: Component, own: Own) -> bool:
    transparent = str(event.get("TRANSP", "OPAQUE")).upper() == "TRANSPARENT"
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    uid = str(event.get("UID", "")).partition(_AGAIN)[0]
    is_own = uid in own.uids or event.get("X-PLANNER-COURSE") == own.course
    return not transparent and not cancelled and not is_own


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


def _free_busy(
    calendar: Component, zone: ZoneInfo, first: datetime, last: datetime
) -> Iterator[Busy]:
    """The periods of free-busy answers."""
    for component in calendar.walk("VFREEBUSY"):
        periods = component.get("FREEBUSY", [])
        for period in periods if isinstance(periods, list) else [periods]:
            if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
                try:
                    start = max(_moment(period.start, zone), first)
                    end = min(_moment(period.end, zone), last)
                except (AttributeError, OverflowError, TypeError, ValueError) as error:
                    problem = Problem(
                        _name(component), "a period cannot be read", "export it again"
                    )
                    raise InputError(problem) from error
                if start < end:
                    yield Busy(start, end)


def _moment(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def _first_line(error: Exception | str) -> str:
    from planner.files.fields import shown

    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__).strip('"')

"""The rules by which an event comes again, followed within a stretch of days and no further.

A rule is read as RFC 5545 and python-dateutil have it. dateutil follows a rule from its first
time on, and one that never hits to the year 9999; here the work is bounded by the stretch that a
course can meet, and for a COUNT by `Steps`.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product

from planner.core.values.days import ONE_DAY
from planner.files.calendars.times import UnreadableError
from planner.files.fields import shown

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WITHIN_A_DAY = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
# How far the numbers of each part go, and whether they may count from the end.
_BOUNDS = {
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
_DAY = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
# A time that is kept makes so much more work than one that is passed over.
_KEPT = 4


class Steps:
    """How much work is left for the rules of a file."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int = 1) -> None:
        """Use some. Raises UnreadableError where no work is left."""
        self.left -= number
        if self.left < 0:
            raise UnreadableError("its recurrences come to too many times", "mend its RRULE")


@dataclass(frozen=True)
class RecurrenceRule:
    """A rule; `until` is as it is written, an empty part says nothing."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    months: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: Sequence[int] = ()
    minutes: Sequence[int] = ()
    seconds: Sequence[int] = ()
    positions: Sequence[int] = ()
    week_start: int = 0

    @cached_property
    def is_plain(self) -> bool:
        """Whether it hits once in each of its days or weeks."""
        parts = (
            self.months, self.weeks, self.year_days, self.month_days, self.weekdays,
            self.hours, self.minutes, self.seconds, self.positions,
        )  # fmt: skip
        return self.frequency in ("DAILY", "WEEKLY") and not any(parts)


def rule_of(text: str) -> RecurrenceRule:
    """The rule of an RRULE. Raises UnreadableError."""
    parts: dict[str, str] = {}
    for part in text.strip().strip(";").split(";"):
        name, sign, value = part.partition("=")
        name = name.strip().upper()
        if not sign or name in parts:
            raise _unreadable(text)
        parts[name] = value.strip().upper()
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise UnreadableError(f"its RRULE does not say how often: {shown(text)}", "mend its RRULE")
    interval = _number(parts.pop("INTERVAL", "1"), text)
    if interval < 1:
        raise UnreadableError("its INTERVAL is not above 0", "mend its RRULE")
    count = _number(parts.pop("COUNT"), text) if "COUNT" in parts else None
    if count == 0:
        raise _unreadable(text)
    until = _until(parts.pop("UNTIL", None))
    start = parts.pop("WKST", "MO")
    if start not in _WEEKDAYS:
        raise _unreadable(text)
    weekdays = frozenset(_weekdays(parts.pop("BYDAY", ""), text))
    numbers = {name: _numbers(name, parts.pop(name, ""), text) for name in _BOUNDS}
    if any(not name.startswith("X-") for name in parts):
        raise _unreadable(text)
    if numbers["BYSETPOS"] and frequency in _WITHIN_A_DAY:
        raise UnreadableError("its BYSETPOS chooses within less than a day", "mend its RRULE")
    return RecurrenceRule(
        frequency=frequency,
        interval=interval,
        count=count,
        until=until,
        months=frozenset(numbers["BYMONTH"]),
        weeks=frozenset(numbers["BYWEEKNO"]),
        year_days=frozenset(numbers["BYYEARDAY"]),
        month_days=frozenset(numbers["BYMONTHDAY"]),
        weekdays=weekdays,
        hours=numbers["BYHOUR"],
        minutes=numbers["BYMINUTE"],
        seconds=tuple(dict.fromkeys(min(one, 59) for one in numbers["BYSECOND"])),
        positions=numbers["BYSETPOS"],
        week_start=_WEEKDAYS.index(start),
    )


def _until(value: str | None) -> str | None:
    """The end of a rule; some write the last year of all for a rule without end."""
    return None if value is None or value.startswith("9999") else value


def _unreadable(text: str) -> UnreadableError:
    return UnreadableError(f"its RRULE cannot be read: {shown(text)}", "mend its RRULE")


def _number(value: str, text: str) -> int:
    if not re.fullmatch(r"\+?\d{1,9}", value, re.ASCII):
        raise _unreadable(text)
    return int(value)


def _numbers(name: str, value: str, text: str) -> tuple[int, ...]:
    least, most, from_end = _BOUNDS[name]
    found = set()
    for one in value.split(",") if value else ():
        if not re.fullmatch(r"[+-]?\d{1,4}", one.strip(), re.ASCII):
            raise _unreadable(text)
        number = int(one)
        if not (least <= number <= most or (from_end and -most <= number <= -least)):
            raise _unreadable(text)
        found.add(number)
    return tuple(sorted(found))


def _weekdays(value: str, text: str) -> Iterator[tuple[int, int]]:
    """Each weekday with the number before it, 0 for every one."""
    for one in value.split(",") if value else ():
        found = _DAY.fullmatch(one.strip())
        if found is None or (found[1] is not None and not 1 <= abs(int(found[1])) <= 53):
            raise _unreadable(text)
        yield int(found[1] or 0), _WEEKDAYS.index(found[2])


def starts(
    rule: RecurrenceRule, start: datetime, reach: tuple[datetime, datetime], steps: Steps
) -> Iterator[datetime]:
    """The times of a rule that begins at `start`, in their order, within a reach (end excluded).

    All are of one clock, without a zone. UNTIL is looked at by whoever knows that clock. Raises
    UnreadableError where the rule makes more work than is left.
    """
    first, last = reach
    following = _WithinDays(rule, start) if rule.frequency in _WITHIN_A_DAY else _Days(rule, start)
    left = rule.count
    if left is None:
        begin = max(first, start)
    elif rule.is_plain:
        # From the beginning of a day: a hit of that day before `first` counts, and is passed over.
        begin = max(datetime.combine(first.date(), time()), start)
        left -= following.periods_before(begin)
    else:
        begin = start
    for one in following.since(begin, last, steps):
        if left is not None:
            if left <= 0:
                return
            left -= 1
        steps.take()
        if one >= first:
            steps.take(_KEPT)
            yield one


class _Days:
    """A rule that hits on days: those of its periods that match, each at its times."""

    def __init__(self, rule: RecurrenceRule, start: datetime) -> None:
        self.rule = rule
        self.start = start
        self.months, self.month_days, self.weekdays = self._with_implied()
        self.times = [
            time(*one)
            for one in product(
                rule.hours or (start.hour,), rule.minutes or (start.minute,),
                rule.seconds or (start.second,),
            )
        ]  # fmt: skip

    def _with_implied(
        self,
    ) -> tuple[frozenset[int], frozenset[int], frozenset[tuple[int, int]]]:
        """What the start says where the rule does not."""
        rule, start = self.rule, self.start
        months, days, weekdays = rule.months, rule.month_days, rule.weekdays
        if not (rule.weeks or rule.year_days or days or weekdays):
            if rule.frequency == "YEARLY":
                return months or frozenset({start.month}), frozenset({start.day}), weekdays
            if rule.frequency == "MONTHLY":
                return months, frozenset({start.day}), weekdays
            if rule.frequency == "WEEKLY":
                return months, days, frozenset({(0, start.weekday())})
        return months, days, weekdays

    def periods_before(self, moment: datetime) -> int:
        """How many periods of a plain rule, each with one hit, lie before the day of a moment."""
        days = (moment.date() - self.start.date()).days
        size = self.rule.interval * (7 if self.rule.frequency == "WEEKLY" else 1)
        whole, rest = divmod(days, size)
        return max(0, whole if rest == 0 else whole + 1)

    def since(self, first: datetime, last: datetime, steps: Steps) -> Iterator[datetime]:
        """The hits from `first` to before `last`, none before the start."""
        day = self._begin(first.date())
        while day < last.date() + ONE_DAY:
            days = self._period(day)
            steps.take(1 + len(days) // 7)
            days = [one for one in days if self._matches(one)]
            # All times of a period are worked out, also where a position among them is wanted.
            steps.take(len(days) * len(self.times) // 7)
            found = [datetime.combine(one, at) for one in days for at in self.times]
            for one in self._chosen(found):
                if one >= last:
                    return
                if one >= first and one >= self.start:
                    yield one
            following = self._next(day)
            if following is None:
                return
            day = following

    def _chosen(self, found: list[datetime]) -> list[datetime]:
        """Those of a period that BYSETPOS names."""
        positions = self.rule.positions
        if not positions:
            return found
        places = {n - 1 if n > 0 else len(found) + n for n in positions}
        return [one for place, one in enumerate(found) if place in places]

    def _begin(self, day: date) -> date:
        """The first day of the last period of the rule that begins on a day or before it."""
        day, start = max(day, self.start.date()), self.start.date()
        interval = self.rule.interval
        match self.rule.frequency:
            case "YEARLY":
                passed = (day.year - start.year) // interval * interval
                return date(start.year + passed, 1, 1)
            case "MONTHLY":
                months = (day.year - start.year) * 12 + day.month - start.month
                return _month(start.year, start.month + months // interval * interval)
            case "WEEKLY":
                begin = start - timedelta(days=(start.weekday() - self.rule.week_start) % 7)
                return begin + timedelta(days=(day - begin).days // (7 * interval) * 7 * interval)
            case _:
                return start + timedelta(days=(day - start).days // interval * interval)

    def _next(self, day: date) -> date | None:
        """The first day of the period after that of a day; None after the last year."""
        interval = self.rule.interval
        try:
            match self.rule.frequency:
                case "YEARLY":
                    return date(day.year + interval, 1, 1)
                case "MONTHLY":
                    return _month(day.year, day.month + interval)
                case "WEEKLY":
                    return day + timedelta(days=7 * interval)
                case _:
                    return day + timedelta(days=interval)
        except (OverflowError, ValueError):
            return None

    def _period(self, day: date) -> list[date]:
        """The days of the period that begins on a day."""
        match self.rule.frequency:
            case "YEARLY":
                days = 365 + isleap(day.year)
            case "MONTHLY":
                days = monthrange(day.year, day.month)[1]
            case "WEEKLY":
                days = 7
            case _:
                days = 1
        return [day + timedelta(days=n) for n in range(days)]

    def _matches(self, day: date) -> bool:
        rule = self.rule
        return (
            (not self.months or day.month in self.months)
            and (not self.weekdays or self._is_weekday(day))
            and (not self.month_days or _is_either(day.day, _month_length(day), self.month_days))
            and (not rule.year_days or _is_either(_of_year(day), _year_length(day), rule.year_days))
            and (not rule.weeks or self._is_week(day))
        )

    def _is_weekday(self, day: date) -> bool:
        weekday = day.weekday()
        if (0, weekday) in self.weekdays:
            return True
        numbered = {n for n, one in self.weekdays if one == weekday and n}
        if not numbered:
            return False
        if self.rule.frequency not in ("YEARLY", "MONTHLY"):
            return True  # a number says nothing within a week
        if self.rule.frequency == "MONTHLY" or self.rule.months:
            place, most = day.day, _month_length(day)
        else:
            place, most = _of_year(day), _year_length(day)
        return (place - 1) // 7 + 1 in numbered or -((most - place) // 7 + 1) in numbered

    def _is_week(self, day: date) -> bool:
        """Whether the day is in a week of BYWEEKNO; a week is of the year with most of its days."""
        year, number = self._week(day)
        # The 28th of December is always in its year's last week.
        weeks = self._week(date(year, 12, 28))[1]
        return number in self.rule.weeks or number - weeks - 1 in self.rule.weeks

    def _week(self, day: date) -> tuple[int, int]:
        """The year and the number of the week of a day."""
        middle = day + timedelta(days=3 - (day.weekday() - self.rule.week_start) % 7)
        return middle.year, (_of_year(middle) - 1) // 7 + 1


class _WithinDays(_Days):
    """A rule of hours, minutes or seconds, on the days that match."""

    def __init__(self, rule: RecurrenceRule, start: datetime) -> None:
        super().__init__(rule, start)
        self.unit = _WITHIN_A_DAY[rule.frequency]
        self.size = self.unit * rule.interval
        # Parts smaller than the unit make a period hit several times, larger ones choose periods.
        self.inside = [
            timedelta(minutes=minute, seconds=second)
            for minute in (rule.minutes or (start.minute,) if self.unit == 3600 else (0,))
            for second in (rule.seconds or (start.second,) if self.unit >= 60 else (0,))
        ]

    def since(self, first: datetime, last: datetime, steps: Steps) -> Iterator[datetime]:
        """As of days."""
        origin = self._whole(self.start)
        passed = max(0, int((self._whole(first) - origin).total_seconds()) // self.size)
        at = origin + timedelta(seconds=passed * self.size)
        while at < last:
            steps.take()
            missing = 1
            if not self._matches(at.date()):
                midnight = datetime.combine(at.date() + ONE_DAY, time())
                missing = int((midnight - at).total_seconds())
            elif self._is_chosen(at):
                for inside in self.inside:
                    found = at + inside
                    if first <= found < last and found >= self.start:
                        yield found
            step = timedelta(seconds=-(-missing // self.size) * self.size)
            if step >= last - at:
                return
            at += step

    def _whole(self, moment: datetime) -> datetime:
        """The beginning of the hour, minute or second of a moment."""
        if self.unit == 3600:
            return moment.replace(minute=0, second=0)
        return moment.replace(second=0) if self.unit == 60 else moment

    def _is_chosen(self, at: datetime) -> bool:
        rule = self.rule
        return (
            (not rule.hours or at.hour in rule.hours)
            and (self.unit == 3600 or not rule.minutes or at.minute in rule.minutes)
            and (self.unit > 1 or not rule.seconds or at.second in rule.seconds)
        )


def _month(year: int, month: int) -> date:
    """The first day of a month counted on from a year's January (1)."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_length(day: date) -> int:
    return 365 + isleap(day.year)


def _of_year(day: date) -> int:
    return day.timetuple().tm_yday


def _is_either(place: int, most: int, wanted: frozenset[int]) -> bool:
    """Whether a place is wanted, counted from the beginning or from the end."""
    return place in wanted or place - most - 1 in wanted

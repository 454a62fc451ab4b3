"""What the events of a calendar take: each by itself, in series, with exceptions and changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from planner.core.values.days import ONE_DAY
from planner.errors import Problem
from planner.files.calendars.lines import CalendarLine, Component
from planner.files.calendars.recurrence import RecurrenceRule, Steps, rule_of, starts
from planner.files.calendars.times import (
    IN_UTC,
    LONGEST,
    Length,
    UnreadableError,
    Written,
    length,
    moment,
    moments,
)
from planner.files.calendars.zones import Zones

Span = tuple[datetime, datetime]
# Local times differ by at most this from those of UTC.
_ZONES_APART = timedelta(hours=26)
_FARTHEST_SHIFT = timedelta(days=366)
_ONCE = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID")
_ALL_DAY = (
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT",
    "X-FUNAMBOL-ALLDAY",
)


@dataclass
class Event:
    """An event as it is written.

    `recurrence` names the time of a series that this event replaces.
    """

    component: Component
    is_taken: bool
    start: Written
    length: Length
    rules: list[RecurrenceRule] = field(default_factory=list)
    not_rules: list[RecurrenceRule] = field(default_factory=list)
    more: list[tuple[Written, Written | Length | None]] = field(default_factory=list)
    but: list[Written] = field(default_factory=list)
    recurrence: Written | None = None
    is_and_following: bool = False

    @property
    def is_series(self) -> bool:
        """Whether it comes more than once, or may be changed for one time."""
        return bool(self.rules or self.more or self.but or self.recurrence)

    @property
    def uid(self) -> str:
        """Its id; empty where it has none."""
        return self.component.text("UID")

    @property
    def sequence(self) -> int:
        """How often it was changed."""
        return sequence_of(self.component)


def sequence_of(component: Component) -> int:
    """How often an event was changed; 0 where that cannot be read, since it only orders."""
    numbers = [line.value.strip() for line in component.lines("SEQUENCE")]
    return max((int(one) for one in numbers if one.isdecimal() and len(one) < 10), default=0)


def is_cancelled(component: Component) -> bool:
    """Whether an event does not take place."""
    return any(_said(line) in ("CANCELLED", "CANCELED") for line in component.lines("STATUS"))


def is_taken(component: Component) -> bool:
    """Whether an event takes its time. Where it says both, it does: a doubt is no free time."""
    if is_cancelled(component):
        return False
    transparent = [_said(line) == "TRANSPARENT" for line in component.lines("TRANSP")]
    free = [_said(line) == "FREE" for line in component.lines("X-MICROSOFT-CDO-BUSYSTATUS")]
    said = [*transparent, *free]
    return not said or not all(said)


def _said(line: CalendarLine) -> str:
    return line.value.strip().upper()


def read_event(component: Component, zones: Zones) -> Event:
    """An event. Raises UnreadableError for what is needed of it and cannot be read."""
    for name in _ONCE:
        lines = component.lines(name)
        if len(lines) > 1 and len({(str(one.parameters), one.value) for one in lines}) > 1:
            raise UnreadableError(f"{name} stands twice")
    if not component.lines("DTSTART"):
        raise UnreadableError("it has no DTSTART")
    start = moment("DTSTART", component.lines("DTSTART")[0], utc_names=zones.utc_names)
    start, lasts = _extent(component, start, zones)
    event = Event(component, is_taken(component), start, lasts)
    event.rules = [rule_of(line.value) for line in component.lines("RRULE")]
    event.not_rules = [rule_of(line.value) for line in component.lines("EXRULE")]
    event.more = list(moments("RDATE", component.lines("RDATE"), zones.utc_names))
    but = moments("EXDATE", component.lines("EXDATE"), zones.utc_names)
    event.but = [one for one, _ in but]
    for line in component.lines("RECURRENCE-ID"):
        event.recurrence = moment("RECURRENCE-ID", line, utc_names=zones.utc_names)
        following = line.parameters.get("RANGE", "").upper()
        if following not in ("", "THISANDFUTURE"):
            raise UnreadableError(f"its RANGE is {following}, which is no longer in use")
        event.is_and_following = bool(following)
    return event


def _extent(component: Component, start: Written, zones: Zones) -> tuple[Written, Length]:
    """Start and length; a day without length is one day."""
    lasts = _length(component, start, zones)
    if not lasts.total and not start.is_day and _is_said_whole(component):
        for written in (start, _by_clinic(start, zones)):
            if written.local.time() == time():
                start = Written(written.local, None, is_day=True)
    if start.is_day:
        # Part of a day is the day.
        days = -(-lasts.total // ONE_DAY)
        return start, Length(max(days, 1) * ONE_DAY)
    return start, lasts


def _length(component: Component, start: Written, zones: Zones) -> Length:
    found: list[Length] = []
    for line in component.lines("DTEND")[:1]:
        end = moment("DTEND", line, utc_names=zones.utc_names)
        if end.is_day != start.is_day:
            raise UnreadableError("it starts on a day and ends at a time, or the other way round")
        if end.is_day or end.zone == start.zone:
            found.append(Length(by_clock=end.local - start.local))
        else:
            found.append(Length(exact=zones.instant(end) - zones.instant(start)))
        if found[-1].total < timedelta():
            raise UnreadableError("it ends before it starts")
    for line in component.lines("DURATION")[:1]:
        found.append(length("DURATION", line.value))
    return max(found, key=lambda one: one.total, default=Length())


def _is_said_whole(component: Component) -> bool:
    return any(_said(line) in ("TRUE", "1") for name in _ALL_DAY for line in component.lines(name))


def _by_clinic(written: Written, zones: Zones) -> Written:
    local = zones.instant(written).astimezone(zones.clinic).replace(tzinfo=None)
    return Written(local)


@dataclass(frozen=True)
class Reading:
    """What one calendar takes in a window (UTC); what is wrong in it goes to `problems`."""

    zones: Zones
    window: Span
    steps: Steps
    is_own: Callable[[Component], bool]
    problems: list[Problem]

    def events(self, components: Iterable[Component]) -> Iterator[Span]:
        """What events take."""
        series: dict[str, list[Event]] = defaultdict(list)
        free: dict[str, list[Component]] = defaultdict(list)
        for component in components:
            if self.is_own(component):
                continue
            if not is_taken(component) and not component.lines("RECURRENCE-ID"):
                # Nothing of it is needed but that it may be newer than one that takes its time.
                free[component.text("UID")].append(component)
                continue
            with self._problem(component):
                event = read_event(component, self.zones)
                # Events without an id belong to nothing else.
                if event.uid:
                    series[event.uid].append(event)
                else:
                    yield from self._spans([event])
        for uid, events in series.items():
            with self._problem(events[0].component):
                yield from self._spans([*self._whole(events, free[uid])])

    def _whole(self, events: Sequence[Event], free: Sequence[Component]) -> Iterator[Event]:
        """The events of an id that count; a free series too where it is taken from a time on."""
        there = list(_not_replaced(events, free))
        yield from there
        if any(one.is_and_following for one in there) and all(one.recurrence for one in there):
            yield from (read_event(one, self.zones) for one in free if not is_cancelled(one))

    def _spans(self, events: Sequence[Event]) -> Iterator[Span]:
        return _EventSeries(events, self.zones, self.window, self.steps).spans()

    def free_busy(self, components: Iterable[Component]) -> Iterator[Span]:
        """The periods of free-busy answers."""
        for component in components:
            with self._problem(component):
                for line in component.lines("FREEBUSY"):
                    if line.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                        yield from self._periods(line)

    def _periods(self, line: CalendarLine) -> Iterator[Span]:
        for start, end in moments("FREEBUSY", [line], self.zones.utc_names):
            self.steps.take()
            if end is None or start.is_day:
                raise UnreadableError("its FREEBUSY is no period")
            begin, finish = self.zones.instant(start), self.zones.end(start, end)
            if finish < begin:
                raise UnreadableError("a period of its FREEBUSY ends before it starts")
            yield from within(self.window, begin, finish)

    @contextmanager
    def _problem(self, component: Component) -> Iterator[None]:
        try:
            yield
        except UnreadableError as error:
            self.problems.append(Problem(str(component), error.problem, error.fix))


def _not_replaced(events: Iterable[Event], free: Sequence[Component]) -> Iterator[Event]:
    """The events of an id without those of which a newer version is free or cancelled.

    What was changed of a series goes with it where that is cancelled alone.
    """
    cancelled = [one for one in free if is_cancelled(one)]
    for event in events:
        newer = free if event.recurrence is None else cancelled
        if event.sequence >= max(map(sequence_of, newer), default=0):
            yield event


def within(window: Span, begin: datetime, end: datetime) -> Iterator[Span]:
    """The part of a time that lies in a window: some events last for decades."""
    begin, end = max(begin, window[0]), min(end, window[1])
    if begin < end:
        yield begin, end


def _by_series(master: Event, written: Written) -> Written:
    """A time of a series; one without a zone is by the series' own clock, if that is a zone's."""
    if written.zone is None and not written.is_day and master.start.zone != IN_UTC:
        return written._replace(zone=master.start.zone)
    return written


class _EventSeries:
    """The events of one id: those that come again, and what was changed of them."""

    def __init__(self, events: Sequence[Event], zones: Zones, window: Span, steps: Steps) -> None:
        self.zones = zones
        self.window = window
        self.steps = steps
        masters = [one for one in events if one.recurrence is None]
        newest = max((one.sequence for one in masters), default=0)
        # Two of one number are two events that share an id; both count.
        self.masters = [one for one in masters if one.sequence == newest]
        self.changes = self._newest([one for one in events if one.recurrence is not None])

    def _newest(self, changes: Sequence[Event]) -> list[Event]:
        """Of the changes of one time the last ones."""
        newest: dict[Written | None, int] = {}
        for one in changes:
            newest[one.recurrence] = max(newest.get(one.recurrence, 0), one.sequence)
        return [one for one in changes if one.sequence == newest[one.recurrence]]

    def spans(self) -> Iterator[Span]:
        for one in self.changes:
            if one.is_taken:
                yield from self._span(one.start, one.length)
        for master in self.masters:
            yield from self._of(master) if master.is_series or self.changes else self._once(master)

    def _once(self, event: Event) -> Iterator[Span]:
        # Its zone need not be known where it lies far from all that is looked at.
        first, last = (one.replace(tzinfo=None) for one in self.window)
        begin, end = event.start.local, event.start.local + event.length.total
        if begin < last + _ZONES_APART and end > first - _ZONES_APART:
            yield from self._span(event.start, event.length)

    def _span(self, start: Written, end: Written | Length) -> Iterator[Span]:
        yield from within(self.window, self.zones.instant(start), self.zones.end(start, end))

    def _of(self, master: Event) -> Iterator[Span]:
        if any(one.length.total > LONGEST for one in (master, *self.changes)):
            raise UnreadableError("it lasts too long to come again")
        but, shifts = self._but(master), self._shifts(master)
        widest = max((abs(shift) for _, shift, _ in shifts), default=timedelta())
        longest = max(one.length.total for one in (master, *(change for _, _, change in shifts)))
        times = sorted(self._times(master, longest + widest, widest))
        by_rule = ((master.start._replace(local=local), None) for local in times)
        for written, lasts in (*by_rule, *self._more(master)):
            if but.has(written):
                continue
            event, shift = self._then(master, written, shifts)
            if event.is_taken:
                yield from self._span(self._shifted(master, written, shift), lasts or event.length)

    def _times(self, master: Event, before: timedelta, after: timedelta) -> set[datetime]:
        """When a series is, by its own clock, as far as it can reach the window."""
        first, last = (one.replace(tzinfo=None) for one in self.window)
        reach = first - before - _ZONES_APART, last + after + _ZONES_APART
        found = {master.start.local}
        for rule in master.rules:
            found |= set(self._by_rule(master, rule, reach))
        for rule in master.not_rules:
            found -= set(self._by_rule(master, rule, reach))
        return {one for one in found if reach[0] <= one < reach[1]}

    def _by_rule(self, master: Event, rule: RecurrenceRule, reach: Span) -> Iterator[datetime]:
        is_over = self._until(master, rule)
        for local in starts(rule, master.start.local, reach, self.steps):
            if is_over(local):
                return
            yield local

    def _until(self, master: Event, rule: RecurrenceRule) -> Callable[[datetime], bool]:
        """Whether a time of a rule comes after its UNTIL."""
        if rule.until is None:
            return lambda _local: False
        until = moment("UNTIL", CalendarLine({}, rule.until))
        if until.is_day:
            # Some programs end a rule of timed events on a day: that day counts.
            return lambda local: local.date() > until.day
        if master.start.is_day:
            last = max(until.day, _by_clinic(until, self.zones).day)
            return lambda local: local.date() > last
        if until.zone is None:
            return lambda local: local > until.local
        end = self.zones.instant(until)
        return lambda local: self.zones.instant(master.start._replace(local=local)) > end

    def _but(self, master: Event) -> _But:
        """The times of a series that are left out, or are told by an event of their own."""
        left_out = [*master.but, *(one.recurrence for one in self.changes if one.recurrence)]
        days = {one.day for one in left_out if one.is_day}
        if master.start.is_day:
            days = {self._day_of(one) for one in left_out}
        moments = {self._instant_in(master, one) for one in left_out if not one.is_day}
        return _But(days, moments, lambda written: self._instant_in(master, written))

    def _day_of(self, written: Written) -> date:
        """The day that a time means in a series of whole days: the one that begins then.

        Some programs write the midnight of the clinic in UTC, others a day as midnight in UTC.
        """
        if written.is_day or written.zone is None:
            return written.day
        here = _by_clinic(written, self.zones)
        is_own_day = here.local.time() != time() and written.local.time() == time()
        return written.day if is_own_day else here.day

    def _instant_in(self, master: Event, written: Written) -> datetime:
        return self.zones.instant(_by_series(master, written))

    def _local_in(self, master: Event, written: Written) -> datetime:
        """The time that the clock of a series shows then."""
        written = _by_series(master, written)
        if written.zone == master.start.zone:
            return written.local
        return self.zones.local(self.zones.instant(written), master.start)

    def _shifts(self, master: Event) -> list[tuple[datetime, timedelta, Event]]:
        """From when on a series is shifted, by how much of its clock, and what it is then."""
        found = []
        for one in self.changes:
            if one.is_and_following and one.recurrence is not None:
                named = self._as_time_of(master, one.recurrence)
                shift = self._local_in(master, one.start) - self._local_in(master, named)
                if abs(shift) > _FARTHEST_SHIFT:
                    raise UnreadableError("it is shifted by over a year from a time on")
                found.append((self.zones.instant(named), shift, one))
        return sorted(found, key=lambda one: one[0])

    def _then(
        self, master: Event, written: Written, shifts: Sequence[tuple[datetime, timedelta, Event]]
    ) -> tuple[Event, timedelta]:
        """What a series is at one of its times, and by how much it is shifted then."""
        at = self._instant_in(master, written)
        there = [(change, shift) for since, shift, change in shifts if at >= since]
        return there[-1] if there else (master, timedelta())

    def _shifted(self, master: Event, written: Written, shift: timedelta) -> Written:
        """A time of a series, moved by the clock of the series."""
        if not shift:
            return written
        return master.start._replace(local=self._local_in(master, written) + shift)

    def _more(self, master: Event) -> Iterator[tuple[Written, Length | None]]:
        """The single times that are added to a series; some have a length of their own."""
        for written, end in master.more:
            self.steps.take()
            start = self._as_time_of(master, written)
            if isinstance(end, Written):
                begin, finish = self.zones.instant(start), self._instant_in(master, end)
                yield start, Length(exact=finish - begin)
            else:
                yield start, end

    def _as_time_of(self, master: Event, written: Written) -> Written:
        """A time as one of its series: some programs name but its day, others its midnight."""
        if master.start.is_day:
            return Written(datetime.combine(self._day_of(written), time()), None, is_day=True)
        if written.is_day:
            return master.start._replace(
                local=datetime.combine(written.day, master.start.local.time())
            )
        return _by_series(master, written)


@dataclass(frozen=True)
class _But:
    """The times of a series that do not count, by their days or their moments."""

    days: set[date]
    moments: set[datetime]
    instant: Callable[[Written], datetime]

    def has(self, written: Written) -> bool:
        """Whether a time is one of them."""
        return written.day in self.days or (
            bool(self.moments) and not written.is_day and self.instant(written) in self.moments
        )

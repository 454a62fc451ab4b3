"""A week of a clinic: hours by days, its visits, closed time, room left, what is crowded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from planner.core.calendar.clinic import Clinic, OpeningHours
from planner.documents.language import Language, language
from planner.documents.paper import Figure, Identity, Paper, Section
from planner.documents.svg import Point, drawing, rule, words

WIDTH_MM, HEIGHT_MM = 186.0, 250.0
_LEFT, _TOP, _BOTTOM = 10.0, 14.0, 246.0
_LETTERS_MM, _LEAST_LETTERS_MM = 2.5, 1.9
# Grey of closed time, and of a visit.
_CLOSED, _VISIT, _CROWDED = "#d9d9d9", "#ffffff", "#f3c6c6"


class DrawnVisit(NamedTuple):
    """A visit as it is drawn; `what` says what is done of which lesions."""

    course: str
    visit: int
    start: datetime
    end: datetime
    what: str
    is_crowded: bool


class DrawnDay(NamedTuple):
    """A day as it is drawn; `room_for` counts injections that would still fit."""

    day: date
    open: Sequence[OpeningHours]
    closed_because: str | None
    visits: Sequence[DrawnVisit]
    room_for: int


class _Scale(NamedTuple):
    """Where the hours of a day lie on the paper."""

    first: int
    last: int

    def y(self, at: time | datetime) -> float:
        """The height of a time of day."""
        hours = at.hour + at.minute / 60
        return _TOP + (_BOTTOM - _TOP) * (hours - self.first) / (self.last - self.first)


def week_svg(days: Sequence[DrawnDay], clinic: Clinic) -> str:
    """The week as a drawing, the same bytes for the same week."""
    say = language(clinic.language)
    scale = _scale(days, clinic)
    width = (WIDTH_MM - _LEFT) / max(1, len(days))
    elements = [
        f"<title>{say('Week of {day}', day=say.day(days[0].day))}</title>",
        *_hours(scale),
    ]
    for index, one in enumerate(days):
        elements += _day(one, _LEFT + index * width, width, scale, say)
    return drawing(WIDTH_MM, HEIGHT_MM, elements)


def week_paper(days: Sequence[DrawnDay], clinic: Clinic) -> Paper:
    """The week on a page."""
    say = language(clinic.language)
    title = say("Week of {day}", day=say.day(days[0].day))
    alt = "; ".join(_told(one, say) for one in days)
    figure = Figure(week_svg(days, clinic), alt, round(WIDTH_MM))
    running = clinic.name or clinic.id
    who = Identity(title, "", "", "", say("page {n} of {of}"))
    return Paper(title, "", say.code, clinic.paper, who, (Section(running, "", (figure,)),))


def _told(one: DrawnDay, say: Language) -> str:
    """A day in words, for those who cannot see it."""
    if one.closed_because:
        return f"{say.day(one.day)}: {say.sentence(one.closed_because)}"
    there = ", ".join(f"{visit.start:%H:%M} {visit.course} {visit.what}" for visit in one.visits)
    return f"{say.day(one.day)}: {there or say('no visits')}"


def _scale(days: Sequence[DrawnDay], clinic: Clinic) -> _Scale:
    """From the first hour at which a day opens, or somebody comes, to the last one."""
    spans = [span for spans in clinic.opening for span in spans]
    visits = [visit for one in days for visit in one.visits]
    first = min([span.start.hour for span in spans] + [one.start.hour for one in visits])
    last = max(
        [span.end.hour + (span.end.minute > 0) for span in spans]
        + [one.end.hour + (one.end.minute > 0) for one in visits]
    )
    return _Scale(first, max(last, first + 1))


def _hours(scale: _Scale) -> Iterator[str]:
    for hour in range(scale.first, scale.last + 1):
        y = _TOP + (_BOTTOM - _TOP) * (hour - scale.first) / (scale.last - scale.first)
        yield rule((_LEFT, y), (WIDTH_MM, y), 0.1)
        yield words((_LEFT - 1, y + 0.9), f"{hour:02}:00", "end", _LETTERS_MM)


def _day(one: DrawnDay, left: float, width: float, scale: _Scale, say: Language) -> Iterator[str]:
    name = say.day(one.day).rsplit(" ", 1)[0]
    yield words((left + width / 2, 4), name, "middle", _LETTERS_MM, bold=True)
    room = "" if one.closed_because else say("room for {n}", n=one.room_for)
    yield words((left + width / 2, 8), room, "middle", _LETTERS_MM)
    for top, bottom in _shut(one, scale):
        yield _box((left, top), width, bottom - top, _CLOSED)
    if one.closed_because:
        middle = (left + width / 2, _TOP + 6)
        for line, part in enumerate(_folded(say.sentence(one.closed_because), width)):
            yield words((middle[0], middle[1] + 3 * line), part, "middle", _LETTERS_MM)
    yield rule((left, _TOP), (left, _BOTTOM), 0.3)
    for visit, lane, lanes in _lanes(one.visits):
        x = left + width * lane / lanes
        yield from _visit(visit, x, width / lanes, scale)


def _shut(one: DrawnDay, scale: _Scale) -> Iterator[tuple[float, float]]:
    """The stretches of a day at which the clinic is closed."""
    last = _TOP
    for span in one.open:
        if scale.y(span.start) > last:
            yield last, scale.y(span.start)
        last = scale.y(span.end)
    if last < _BOTTOM:
        yield last, _BOTTOM


def _lanes(visits: Sequence[DrawnVisit]) -> Iterator[tuple[DrawnVisit, int, int]]:
    """Visits at the same time side by side: each with its lane, and how many there are."""
    group: list[tuple[DrawnVisit, int]] = []
    ends: list[datetime] = []
    for one in sorted(visits, key=lambda each: (each.start, each.course, each.visit)):
        if ends and one.start >= max(ends):
            yield from ((each, lane, len(ends)) for each, lane in group)
            group, ends = [], []
        lane = next((n for n, end in enumerate(ends) if end <= one.start), len(ends))
        ends[lane : lane + 1] = [one.end]
        group.append((one, lane))
    yield from ((each, lane, len(ends)) for each, lane in group)


def _visit(one: DrawnVisit, left: float, width: float, scale: _Scale) -> Iterator[str]:
    top, bottom = scale.y(one.start), scale.y(one.end)
    fill, edge = (_CROWDED, 0.5) if one.is_crowded else (_VISIT, 0.2)
    yield _box((left + 0.3, top + 0.2), width - 0.6, bottom - top - 0.4, fill, edge=edge)
    size = min(_LETTERS_MM, max(_LEAST_LETTERS_MM, (bottom - top) / 2.6))
    lines = [f"{one.start:%H:%M} {one.course}", one.what]
    most = max(1, int((bottom - top - 0.6) / (size * 1.15)))
    letters = max(4, int(width / (size * 0.56)))
    for n, text in enumerate(lines[:most]):
        shown = text if len(text) <= letters else f"{text[: letters - 1]}\u2026"
        yield words((left + 0.9, top + size * (1.1 + 1.15 * n)), shown, "start", size, bold=not n)


def _folded(text: str, width: float) -> list[str]:
    letters, lines = max(8, int(width / (_LETTERS_MM * 0.56))), [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _box(at: Point, width: float, height: float, fill: str, *, edge: float = 0) -> str:
    line = f' stroke="#000" stroke-width="{edge}"' if edge else ""
    return (
        f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}"'
        f' fill="{fill}"{line}/>'
    )

"""What the figures of a series share: their frame, axes, and the table that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from planner.core.series.cohort import Cohort, SeriesLesion
from planner.documents.language import Language
from planner.documents.svg import Point, drawing, rule, words

WIDTH_MM = 180.0
LETTERS_MM, SMALL_MM = 2.6, 2.1
ROW_MM = 3.4
# Beyond so many lesions a figure shows how many are alike, or has further pages.
MOST_SHOWN = 80


class Drawn(NamedTuple):
    """A figure with what it says as a table, for those who cannot see it."""

    name: str
    title: str
    svg: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Scale(NamedTuple):
    """Values from `low` to `high` on the paper from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies; beyond the ends at the end."""
        inside = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * (inside - self.low) / (self.high - self.low)


def drawn(
    name: str,
    title: str,
    size: Point,
    elements: Iterable[str],
    table: tuple[Sequence[str], Iterable[Sequence[str]]],
) -> Drawn:
    """A figure whose title and description stand in it."""
    head, rows = tuple(table[0]), tuple(tuple(one) for one in table[1])
    inside = [
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(read_out(head, rows))}</desc>",
        words((0, 4), title, "start", 3.2, bold=True),
        *elements,
    ]
    return Drawn(name, title, drawing(size[0], size[1], inside), head, rows)


def read_out(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in a line, as it is read out: of a cell that is empty nothing is said."""
    return f"{', '.join(head)}: {'; '.join(', '.join(filter(None, one)) for one in rows)}"


def of_course(course: str, *elements: str) -> str:
    """What belongs to a course: a page may lead from it there."""
    name = escape(course, {'"': "&quot;"})
    return f'<g data-course="{name}">{"".join(elements)}</g>'


def of_whom(cohort: Cohort, say: Language) -> str:
    """`6 patients, 7 lesions`: every figure says whose it is."""
    lesions = sum(len(one.lesions) for one in cohort.courses)
    patients = say.plural("{n} patient", "{n} patients", len(cohort.patients))
    return f"{patients}, {say.plural('{n} lesion', '{n} lesions', lesions)}"


def unseen(lesion: SeriesLesion, days: int, say: Language) -> str:
    """Why nothing is shown of a lesion at a look."""
    if days not in lesion.planned:
        return say("not planned")
    return say("not yet due") if days in lesion.due else say("not seen")


def across(scale: Scale, ticks: Sequence[float], top: float, bottom: float) -> Iterator[str]:
    """Vertical lines with their values below."""
    for tick in ticks:
        x = scale.at(tick)
        yield rule((x, top), (x, bottom), 0.3 if tick == 0 else 0.1)
        yield words((x, bottom + 3.2), f"{tick:g}", "middle", SMALL_MM)


def up(scale: Scale, ticks: Sequence[float], left: float, right: float) -> Iterator[str]:
    """Horizontal lines with their values at the left."""
    for tick in ticks:
        y = scale.at(tick)
        yield rule((left, y), (right, y), 0.3 if tick == 0 else 0.1)
        yield words((left - 1, y + 0.8), f"{tick:g}", "end", SMALL_MM)


def bar(left: float, top: float, width: float, height: float, fill: str) -> str:
    """A bar with an edge, so that a grey copy shows it."""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 0.1):.1f}" height="{height:.1f}"'
        f' fill="{fill}" stroke="#000" stroke-width=".15"/>'
    )


def short(text: str, letters: int) -> str:
    """A text that is cut in its middle where it has no room: what tells names apart ends them."""
    if len(text) <= letters:
        return text
    tail = letters // 2
    return f"{text[: letters - 1 - tail]}\u2026{text[-tail:]}"

"""The waterfall: how much each lesion changed at each look, the lesions of a patient together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planner.core.series.cohort import Cohort, SeriesCourse, SeriesLesion
from planner.core.values.said import term
from planner.documents.language import Language
from planner.documents.series.frame import (
    LETTERS_MM,
    MOST_SHOWN,
    ROW_MM,
    SMALL_MM,
    WIDTH_MM,
    Drawn,
    Scale,
    across,
    bar,
    drawn,
    of_course,
    of_whom,
    short,
    unseen,
)
from planner.documents.series.words import remission_words
from planner.documents.svg import rule, words
from planner.documents.wording import ENGLISH, after

_NAMES_MM, _TOP = 34.0, 12.0
_LOW, _HIGH = -100.0, 100.0
_TICKS = (-100, -50, 0, 50, 100)
# Gone, smaller or alike, larger: told apart on a grey copy too.
_FILLS = {"complete": "#222", "partial": "#999", "unchanged": "#fff", "larger": "#e8c0c0"}
# Bars of ten per cent from the left; one before them for what is gone, one after for what is over.
_BIN, _GONE, _BEYOND = 10, -1, 20


class _Row(NamedTuple):
    course: SeriesCourse
    lesion: SeriesLesion

    def change(self, days: int) -> float | None:
        """The change of its size in per cent; None where it was not seen."""
        look = self.lesion.look(days)
        return None if look is None else -float(look.reduction_percent)


def waterfall(cohort: Cohort, say: Language = ENGLISH) -> Drawn:
    """Each treated lesion a row; over eighty of them, how many changed how much."""
    rows = _rows(cohort)
    title = say(
        "Change of size in per cent, by lesion ({whose}, {n} treated and shown)",
        whose=of_whom(cohort, say),
        n=len(rows),
    )
    if len(rows) > MOST_SHOWN:
        return _binned(cohort, rows, title, say)
    height = _TOP + ROW_MM * max(1, len(rows)) + 8
    elements = list(_elements(cohort, rows, height - 8, say))
    table = _table(cohort, rows, say)
    return drawn("waterfall", title, (WIDTH_MM, height), elements, table)


def _rows(cohort: Cohort) -> list[_Row]:
    """The lesions that were treated: the patient whose lesion shrank most first."""
    found = [_Row(course, one) for course, one in cohort.lesions if one.is_treated]
    last = cohort.looks[-1] if cohort.looks else 0

    def least(row: _Row) -> float:
        changes = [row.change(days) for days in reversed(cohort.looks)]
        return next((one for one in changes if one is not None), 1000.0)

    best: dict[str, float] = {}
    for row in found:
        patient = row.course.patient
        best[patient] = min(best.get(patient, 1001.0), least(row))
    return sorted(
        found,
        key=lambda row: (
            best[row.course.patient], row.course.patient, row.change(last) or 0.0,
            row.course.id, row.lesion.id,
        ),
    )  # fmt: skip


def _elements(cohort: Cohort, rows: Sequence[_Row], bottom: float, say: Language) -> Iterator[str]:
    for n, row in enumerate(rows):
        y = _TOP + ROW_MM * n
        name = short(f"{row.course.id} {row.lesion.id}", 24)
        label = words((_NAMES_MM - 1, y + 2.4), name, "end", SMALL_MM)
        yield of_course(row.course.id, label)
        if n and rows[n - 1].course.patient != row.course.patient:
            yield rule((0, y), (WIDTH_MM, y), 0.08)
    for panel, days in enumerate(cohort.looks):
        scale = _scale(panel, len(cohort.looks))
        middle = (scale.start + scale.end) / 2
        yield words((middle, 9), after(days, say), "middle", LETTERS_MM, bold=True)
        yield from across(scale, _TICKS, _TOP, bottom)
        for n, row in enumerate(rows):
            yield from _bar(row, days, scale, _TOP + ROW_MM * n, say)


def _scale(panel: int, panels: int) -> Scale:
    width = (WIDTH_MM - _NAMES_MM) / max(1, panels)
    left = _NAMES_MM + panel * width
    return Scale(_LOW, _HIGH, left + 5, left + width - 7)


def _bar(row: _Row, days: int, scale: Scale, y: float, say: Language) -> Iterator[str]:
    change, look = row.change(days), row.lesion.look(days)
    if change is None or look is None:
        told = unseen(row.lesion, days, say)
        yield words((scale.at(0) + 1, y + 2.3), told, "start", SMALL_MM - 0.3)
        return
    zero, end = scale.at(0), scale.at(change)
    yield bar(min(zero, end), y + 0.5, abs(end - zero), ROW_MM - 1, _FILLS[look.remission])
    if change > _HIGH:
        yield words((scale.end + 0.5, y + 2.3), f"+{change:.0f}", "start", SMALL_MM - 0.3)


def _table(
    cohort: Cohort, rows: Sequence[_Row], say: Language
) -> tuple[list[str], list[list[str]]]:
    head = [say("lesion"), *(after(days, say) for days in cohort.looks)]
    return head, [
        [f"{row.course.id} {row.lesion.id}", *(_said(row.lesion, d, say) for d in cohort.looks)]
        for row in rows
    ]


def _said(lesion: SeriesLesion, days: int, say: Language) -> str:
    look = lesion.look(days)
    if look is None:
        return unseen(lesion, days, say)
    change = say.tenths(-float(look.reduction_percent), "+")
    return f"{change} %, {remission_words(look.remission, say)}"


def _binned(cohort: Cohort, rows: Sequence[_Row], title: str, say: Language) -> Drawn:
    """How many lesions changed by how much, ten per cent a bar."""
    elements: list[str] = []
    table: list[list[str]] = []
    height = 80.0
    for panel, days in enumerate(cohort.looks):
        changes = [one for row in rows if (one := row.change(days)) is not None]
        bins = sorted(Counter(_bin(one) for one in changes).items())
        scale = _scale(panel, len(cohort.looks))
        planned = sum(days in row.lesion.planned for row in rows)
        name = after(days, say)
        told = say("{when}: {n} of {of} seen", when=name, n=len(changes), of=planned)
        elements.append(words((scale.start, 10), told, "start", LETTERS_MM, bold=True))
        elements += across(scale, _TICKS, _TOP, height - 10)
        elements += _bars(bins, scale, height - 10, say)
        table += [[name, _range(n, say), f"{number}"] for n, number in bins]
    head = [say("look"), say("change"), say("lesions")]
    return drawn("waterfall", title, (WIDTH_MM, height), elements, (head, table))


def _bin(change: float) -> int:
    """The bar of a change; what is gone and what more than doubled have bars of their own."""
    if change == _LOW:
        return _GONE
    return _BEYOND if change > _HIGH else min(int((change - _LOW) // _BIN), _BEYOND - 1)


def _range(n: int, say: Language) -> str:
    if n == _GONE:
        return f"{_LOW:+.0f} %, {say('gone')}"
    if n == _BEYOND:
        return say("over {n} %", n=f"{_HIGH:+.0f}")
    low = _LOW + _BIN * n
    return say("{low} to {high} %", low=f"{low:+.0f}", high=f"{low + _BIN:+.0f}")


def _bars(
    bins: Sequence[tuple[int, int]], scale: Scale, bottom: float, say: Language
) -> Iterator[str]:
    """The bars with their numbers; the two of their own stand beside the axis."""
    width = (scale.end - scale.start) / _BEYOND
    most = Scale(0, max([1, *(number for _, number in bins)]), bottom, _TOP + 4)
    # There is room for a short word alone.
    gone = say.sentence(term("axis", "gone"))
    yield words((scale.start - 0.5, _TOP + 1.5), gone, "end", 1.8)
    yield words((scale.end + 0.5, _TOP + 1.5), f">{_HIGH:.0f}", "start", 1.8)
    for n, number in bins:
        left, top = scale.start + width * n, most.at(number)
        fill = _FILLS["complete"] if n == _GONE else _FILLS["partial"]
        yield bar(left, top, width, bottom - top, fill)
        yield words((left + width / 2, top - 0.5), f"{number}", "middle", 1.8)

"""The spider: the size of each lesion over the weeks, in per cent of its size at the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planner.core.series.cohort import Cohort, SeriesLesion
from planner.documents.chart import TOP_PERCENT
from planner.documents.language import Language
from planner.documents.series.frame import (
    LETTERS_MM,
    MOST_SHOWN,
    SMALL_MM,
    WIDTH_MM,
    Drawn,
    Scale,
    bar,
    drawn,
    of_course,
    of_whom,
    short,
    unseen,
    up,
)
from planner.documents.svg import DASHES, Point, area, curve, dot, rule, spread, words
from planner.documents.wording import ENGLISH, after

_LEFT, _RIGHT, _TOP = 12.0, 128.0, 12.0
_GAP = 2.4
_TICKS = (0, 25, 50, 75, 100, 125)


class _Line(NamedTuple):
    name: str
    course: str
    lesion: SeriesLesion
    points: tuple[tuple[int, float], ...]

    def told(self, say: Language) -> str:
        """Its name, with how large it became where the drawing does not reach there."""
        most = max(share for _, share in self.points)
        if most <= TOP_PERCENT:
            return short(self.name, 34)
        return say("{name} (to {most} %)", name=short(self.name, 28), most=f"{most:.0f}")


def spider(cohort: Cohort, say: Language = ENGLISH) -> Drawn:
    """Each lesion a line to its name; over eighty of them the middle half and the range."""
    lines = _seen(cohort)
    title = say(
        "Size in per cent of the size at the start ({whose}, {n} seen)",
        whose=of_whom(cohort, say),
        n=len(lines),
    )
    is_binned = len(lines) > MOST_SHOWN
    height = 100.0 if is_binned else max(90.0, _TOP + _GAP * len(lines) + 14)
    last = max([*cohort.looks, 1])
    across, down = Scale(0, last, _LEFT, _RIGHT), Scale(0, TOP_PERCENT, height - 10, _TOP)
    elements = [*up(down, _TICKS, _LEFT, _RIGHT)]
    for days in (0, *cohort.looks):
        x = across.at(days)
        elements.append(rule((x, _TOP), (x, height - 10), 0.1))
        name = after(days, say) if days else say("start")
        elements.append(words((x, height - 6), name, "middle", LETTERS_MM))
    draw = _boxes if is_binned else _lines
    elements += draw(lines, across, down, say)
    head = [say("lesion"), *(after(days, say) for days in cohort.looks)]
    rows = (_binned_rows if is_binned else _rows)(lines, cohort.looks, say)
    return drawn("spider", title, (WIDTH_MM, height), elements, (head, rows))


def _seen(cohort: Cohort) -> list[_Line]:
    """A line for each lesion that was seen again."""
    return [
        _Line(
            f"{course.id} {one.id}",
            course.id,
            one,
            ((0, 100.0), *((x.after_days, 100 - float(x.reduction_percent)) for x in one.looks)),
        )
        for course, one in cohort.lesions
        if one.looks
    ]


def _lines(lines: Sequence[_Line], across: Scale, down: Scale, say: Language) -> Iterator[str]:
    drawn_as: list[tuple[Point, _Line, str]] = []
    for n, line in enumerate(sorted(lines)):
        points = [(across.at(days), down.at(share)) for days, share in sorted(line.points)]
        shares = [share for _, share in sorted(line.points)]
        marks = (_mark(*one) for one in zip(points[1:], shares[1:], strict=True))
        dots = "".join(marks)
        drawn_as.append((points[-1], line, curve(points, 0.35, DASHES[n % len(DASHES)]) + dots))
    drawn_as.sort(key=lambda one: (one[0][1], one[1].name))
    heights = spread([end[1] for end, _, _ in drawn_as], _TOP, down.start, _GAP)
    for (end, line, shown), y in zip(drawn_as, heights, strict=True):
        lead = rule((end[0] + 0.6, end[1]), (_RIGHT + 4, y), 0.08)
        label = words((_RIGHT + 4.5, y + 0.8), line.told(say), "start", SMALL_MM)
        yield of_course(line.course, shown, lead, label)


def _mark(at: Point, share: float) -> str:
    """A dot; where the drawing does not reach a head of an arrow to there."""
    if share <= TOP_PERCENT:
        return dot(at, 0.5)
    return area([(at[0] - 0.8, at[1]), (at[0], at[1] - 1.4), (at[0] + 0.8, at[1])], edge=0.1)


def _boxes(lines: Sequence[_Line], across: Scale, down: Scale, say: Language) -> Iterator[str]:
    names: list[tuple[float, float, str]] = []
    for days, shares in _by_look(lines):
        low, first, middle, third, high = _five(shares)
        x, y = across.at(days), down.at(middle)
        yield rule((x, down.at(low)), (x, down.at(high)), 0.3)
        yield bar(x - 4, down.at(third), 8, down.at(first) - down.at(third), "#bbb")
        yield rule((x - 4, y), (x + 4, y), 0.7)
        told = say(
            "{when}: {n} lesions, median {middle} %",
            when=after(days, say),
            n=len(shares),
            middle=f"{middle:.0f}",
        )
        if high > TOP_PERCENT:
            told += say(", to {high} %", high=f"{high:.0f}")
            yield _mark((x, down.at(high)), high)
        names.append((y, x, told))
    names.sort()
    heights = spread([y for y, _, _ in names], _TOP, down.start, _GAP * 1.3)
    for (y, x, told), height in zip(names, heights, strict=True):
        yield rule((x + 4.2, y), (_RIGHT + 6, height), 0.08)
        yield words((_RIGHT + 6.5, height + 0.8), told, "start", SMALL_MM)


def _by_look(lines: Sequence[_Line]) -> list[tuple[int, list[float]]]:
    found: dict[int, list[float]] = {}
    for line in lines:
        for days, share in line.points[1:]:
            found.setdefault(days, []).append(share)
    return [(days, sorted(shares)) for days, shares in sorted(found.items())]


def _five(shares: Sequence[float]) -> tuple[float, float, float, float, float]:
    """The least, the quarters and the most of values in order, between two where none is there."""

    def at(quarter: int) -> float:
        below, rest = divmod(quarter * (len(shares) - 1), 4)
        above = min(below + 1, len(shares) - 1)
        return shares[below] + (shares[above] - shares[below]) * rest / 4

    return at(0), at(1), at(2), at(3), at(4)


def _rows(lines: Sequence[_Line], looks: Sequence[int], say: Language) -> list[list[str]]:
    return [
        [line.name, *(_share(line, dict(line.points).get(days), days, say) for days in looks)]
        for line in sorted(lines)
    ]


def _share(line: _Line, value: float | None, days: int, say: Language) -> str:
    return unseen(line.lesion, days, say) if value is None else f"{say.tenths(value)} %"


def _binned_rows(lines: Sequence[_Line], looks: Sequence[int], say: Language) -> list[list[str]]:
    found = {days: _five(shares) for days, shares in _by_look(lines)}
    names = (
        say("least"), say("first quarter"), say("median"), say("third quarter"), say("most"),
    )  # fmt: skip
    unknown = say("not seen")
    return [
        [name, *(f"{say.tenths(found[days][n])} %" if days in found else unknown for days in looks)]
        for n, name in enumerate(names)
    ]

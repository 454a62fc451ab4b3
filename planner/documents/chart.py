"""The chart of lesion sizes over the evaluations, beside the source's cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache

from planner.core.plan.plan import Plan, ReferenceCase
from planner.core.values.formatting import NBSP
from planner.documents.language import Language
from planner.documents.paper import Figure
from planner.documents.svg import (
    DASHES,
    Point,
    curve,
    dot,
    drawing,
    rule,
    spread,
    words,
)
from planner.documents.wording import after

WIDTH_MM, HEIGHT_MM = 94, 60
_LEFT, _RIGHT, _TOP, _BOTTOM = 11.0, 64.0, 3.0, 54.0
_LETTERS_MM, _LABEL_GAP_MM = 2.5, 3.1
_WEEK_MM = 11.0  # what the name of a week takes
# Room to draw a lesion that grew.
TOP_PERCENT = 125


def size_chart(plan: Plan, say: Language) -> Figure:
    """Size in per cent of the size at the start: axes to draw on, and the source's cases."""
    weeks = [Fraction(0), *(Fraction(days, 7) for days in plan.protocol.evaluation_days)]
    last = max(weeks) or Fraction(1)
    lines = [(case, _points(case, last)) for case in plan.cases]
    elements = [*_axes(weeks, last, say), *_curves(plan.cases, last)]
    own = list(_own_points(plan, last))
    for _, points in own:
        elements.append(curve(points, 0.8, ""))
        elements += (dot(point, 0.9) for point in points[1:])
    names = [(points[-1], _name(case, say)) for case, points in lines]
    elements += _labels([*names, *((points[-1], lesion) for lesion, points in own)])
    return Figure(drawing(WIDTH_MM, HEIGHT_MM, elements), _alternative(plan, say), WIDTH_MM)


def _at(week: Fraction, last: Fraction, percent: Fraction) -> Point:
    x = _LEFT + (_RIGHT - _LEFT) * float(week / last)
    return x, _BOTTOM - (_BOTTOM - _TOP) * float(percent) / TOP_PERCENT


def _axes(weeks: Sequence[Fraction], last: Fraction, say: Language) -> Iterator[str]:
    for percent in range(0, TOP_PERCENT + 1, 25):
        left, right = (_at(week, last, Fraction(percent)) for week in (Fraction(0), last))
        yield rule(left, right, 0.15 if percent else 0.5)
        yield words((left[0] - 1, left[1] + 1), f"{percent}{NBSP}%", "end", _LETTERS_MM)
    free = 0.0
    for week in weeks:
        low, high = (_at(week, last, Fraction(percent)) for percent in (0, TOP_PERCENT))
        yield rule(low, high, 0.15 if week else 0.5)
        if low[0] >= free:
            yield words((low[0], low[1] + 4), after(int(week * 7), say), "middle", _LETTERS_MM)
            free = low[0] + _WEEK_MM


# Kept: the cases of a protocol are the same on each chart.
@lru_cache(maxsize=64)
def _curves(cases: tuple[ReferenceCase, ...], last: Fraction) -> tuple[str, ...]:
    """The line of each case, each with a pattern of its own."""
    elements = []
    for index, case in enumerate(cases):
        points = _points(case, last)
        elements.append(curve(points, 0.35, DASHES[index % len(DASHES)]))
        elements += (dot(point, 0.5) for point in points[1:])
    return tuple(elements)


@lru_cache(maxsize=1024)
def _points(case: ReferenceCase, last: Fraction) -> tuple[Point, ...]:
    """The start and each look that lies on the chart, from the printed sizes."""
    points = [_at(Fraction(0), last, Fraction(100))]
    for look in case.follow_up:
        if look.week <= last:
            share = Fraction(look.size_mm) / Fraction(case.size_mm) * 100
            if share <= TOP_PERCENT:
                points.append(_at(Fraction(look.week), last, share))
    return tuple(points)


def _own_points(plan: Plan, last: Fraction) -> Iterator[tuple[str, list[Point]]]:
    """Each lesion that was measured: its start, and each look that lies on the chart."""
    for lesion in plan.lesions:
        looks = [
            (Fraction(one.after_days, 7), 100 - one.result.reduction_percent)
            for visit in plan.visits
            for one in visit.evaluations
            if one.lesion == lesion.id and one.result is not None
        ]
        shown = [(week, share) for week, share in sorted(looks) if share <= TOP_PERCENT]
        if shown:
            points = [_at(week, last, share) for week, share in shown]
            yield lesion.id, [_at(Fraction(0), last, Fraction(100)), *points]


def _labels(ends: Sequence[tuple[Point, str]]) -> Iterator[str]:
    """The names right of the chart, where no line runs, apart from one another."""
    column = sorted(ends, key=lambda end: (end[0][1], end[0][0]))
    heights = spread([point[1] for point, _ in column], _TOP, _BOTTOM - 1, _LABEL_GAP_MM)
    for (point, name), height in zip(column, heights, strict=True):
        yield rule((point[0] + 0.5, point[1]), (_RIGHT + 3, height), 0.15)
        yield words((_RIGHT + 3.5, height + 1), name, "start", _LETTERS_MM)


def _name(case: ReferenceCase, say: Language) -> str:
    return f"{say.site(case.site)} {say.mm(case.size_mm)}"


def _alternative(plan: Plan, say: Language) -> str:
    """The chart in words, as a reader that cannot see it hears it."""
    cases = "; ".join(
        f"{_name(case, say)}: "
        + ", ".join(
            say("week {n}: {size}", n=look.week, size=say.mm(look.size_mm))
            for look in case.follow_up
        )
        for case in plan.cases
    )
    text = say("Chart of lesion size in per cent of the size at the start, to draw on.")
    return f"{text} {say('The cases of the source: {cases}', cases=cases)}" if cases else text

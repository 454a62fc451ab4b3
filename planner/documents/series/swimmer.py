"""The swimmer: a lane for each course, with its injections, holds, complications and its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planner.core.series.cohort import Cohort, Fate, SeriesCourse
from planner.documents.language import Language
from planner.documents.series.frame import (
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
)
from planner.documents.svg import area, dot, ring, rule, words
from planner.documents.wording import ENGLISH

_NAMES_MM, _TOP, _LANE = 30.0, 16.0, 5.2
_WIDEST_MM = 2.4


class _Pool(NamedTuple):
    """What all pages share: whose courses they are, their last day, the most mg of an injection."""

    whose: str
    last: int
    most_mg: float


def swimmers(cohort: Cohort, say: Language = ENGLISH) -> list[Drawn]:
    """The courses in the order of their ids, eighty on a page."""
    most = max((shot.dose_mg for _, one in cohort.lesions for shot in one.shots), default=1)
    last = max([7, *cohort.looks, *(one.last_day for one in cohort.courses)])
    pool = _Pool(of_whom(cohort, say), last, float(most))
    pages = [
        cohort.courses[n : n + MOST_SHOWN] for n in range(0, len(cohort.courses), MOST_SHOWN)
    ] or [()]
    return [_page(pool, page, (n, len(pages)), say) for n, page in enumerate(pages, start=1)]


def _page(
    pool: _Pool, page: Sequence[SeriesCourse], place: tuple[int, int], say: Language
) -> Drawn:
    """A page by its place among all: its number, and of how many."""
    number, of = place
    part = "" if of == 1 else ", " + say("page {n} of {of}", n=number, of=of)
    title = say(
        "Courses from their first injection, in weeks ({whose})", whose=f"{pool.whose}{part}"
    )
    scale = Scale(0, pool.last, _NAMES_MM, WIDTH_MM - 8)
    bottom = _TOP + _LANE * max(1, len(page))
    elements = [*_legend(say), *_weeks(scale, bottom)]
    for n, course in enumerate(page):
        elements += _lane(course, _TOP + _LANE * n, scale, pool.most_mg)
    name = "swimmer" if number == 1 else f"swimmer-{number}"
    head = (
        say("course"), say("injections"), say("looks"), say("complications"), say("end"),
    )  # fmt: skip
    rows = [_row(one, say) for one in page]
    return drawn(name, title, (WIDTH_MM, bottom + 6), elements, (head, rows))


def _ends(say: Language) -> dict[Fate, str]:
    return {
        "completed": say("completed"),
        "stopped": say("stopped"),
        "died": say("died"),
        "lost": say("lost"),
        "running": say("goes on"),
        "not-reported": say("end not reported"),
    }


def _weeks(scale: Scale, bottom: float) -> Iterator[str]:
    last = int(scale.high) // 7
    for week in range(0, last + 1, max(1, last // 12)):
        x = scale.at(week * 7)
        yield rule((x, _TOP), (x, bottom), 0.08)
        yield words((x, bottom + 3.2), f"{week}", "middle", SMALL_MM)


def _lane(course: SeriesCourse, y: float, scale: Scale, most: float) -> Iterator[str]:
    middle = y + _LANE / 2
    label = words((_NAMES_MM - 2, middle + 0.8), short(course.id, 20), "end", SMALL_MM)
    yield of_course(course.id, label)
    yield bar(scale.at(0), middle - 0.35, scale.at(course.last_day) - scale.at(0), 0.7, "#ccc")
    for one in course.lesions:
        for hold in one.holds:
            start = scale.at(max(0, hold.first))
            end = scale.at(course.last_day if hold.released is None else hold.released)
            yield bar(start, middle + 0.5, max(end - start, 1.2), 0.5, "#fff")
    for day, dose, is_ill in _visits(course):
        width = max(0.4, _WIDEST_MM * dose / most)
        yield bar(scale.at(day) - width / 2, middle - 1.9, width, 1.4, "#333")
        if is_ill:
            yield words((scale.at(day), y + _LANE - 0.1), "!", "middle", SMALL_MM, bold=True)
    for day in sorted({look.day for one in course.lesions for look in one.looks}):
        yield ring((scale.at(day), middle), 0.6)
    if any(one.is_ill_sometime for one in course.lesions):
        yield words((scale.at(0) - 1.6, middle + 0.8), "!", "middle", SMALL_MM, bold=True)
    yield from _end(course.fate, scale.at(course.last_day) + 1.8, middle)


def _visits(course: SeriesCourse) -> list[tuple[int, float, bool]]:
    """The days of injections, with the dose of all lesions and whether something went wrong."""
    days = sorted({shot.day for one in course.lesions for shot in one.shots})
    return [
        (
            day,
            sum(float(s.dose_mg) for one in course.lesions for s in one.shots if s.day == day),
            any(s.complication for one in course.lesions for s in one.shots if s.day == day),
        )
        for day in days
    ]


def _end(fate: Fate, x: float, y: float) -> Iterator[str]:
    """How a course ended, in a shape of its own."""
    match fate:
        case "completed":
            yield dot((x, y), 0.9)
        case "stopped":
            yield bar(x - 0.8, y - 0.8, 1.6, 1.6, "#000")
        case "died":
            yield rule((x - 0.9, y), (x + 0.9, y), 0.5)
            yield rule((x, y - 1.2), (x, y + 1.2), 0.5)
        case "lost":
            yield rule((x - 0.8, y - 0.8), (x + 0.8, y + 0.8), 0.4)
            yield rule((x - 0.8, y + 0.8), (x + 0.8, y - 0.8), 0.4)
        case "running":
            yield area([(x - 0.8, y - 0.9), (x + 1, y), (x - 0.8, y + 0.9)], edge=0.2)
        case _:
            yield words((x, y + 0.8), "?", "middle", SMALL_MM)


def _legend(say: Language) -> Iterator[str]:
    x = 0.0
    items = (
        say("bar: injection, as wide as its dose"),
        say("ring on the lane: measured"),
        say("!: complication"),
        say("! before the lane: after which injection is not said"),
        say("white: held"),
    )
    yield words((x, 8.5), " · ".join(items), "start", SMALL_MM)
    x = 3.0
    for fate, told in _ends(say).items():
        yield from _end(fate, x, 12)
        yield words((x + 2, 12.8), told, "start", SMALL_MM)
        x += 8 + 1.25 * len(told)


def _row(course: SeriesCourse, say: Language) -> tuple[str, ...]:
    shots = [shot for one in course.lesions for shot in one.shots]
    looks = sum(len(one.looks) for one in course.lesions)
    ill = sum(bool(one.complication) for one in shots)
    is_said = not any(one.is_ill_sometime for one in course.lesions)
    told = f"{ill}" if is_said else say("injection not said")
    return (course.id, f"{len(shots)}", f"{looks}", told, _ends(say)[course.fate])

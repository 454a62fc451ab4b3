"""Pain: each patient's change from before the first injection to the last look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from planner.core.series.cohort import Cohort
from planner.core.series.description import pain_changes
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
    of_whom,
)
from planner.documents.svg import dot, rule, words
from planner.documents.wording import ENGLISH

_NAMES_MM, _TOP = 34.0, 10.0
_TICKS = (-10, -5, 0, 5, 10)


def pain(cohort: Cohort, say: Language = ENGLISH) -> Drawn:
    """A patient a row; over eighty of them, how many changed by how much."""
    changes = sorted(pain_changes(cohort).items(), key=lambda one: (one[1], one[0]))
    title = say(
        "Change of pain, of 10 ({whose}; known of {n})", whose=of_whom(cohort, say), n=len(changes)
    )
    scale = Scale(-10, 10, _NAMES_MM, WIDTH_MM - 12)
    shown = [(say("patient {n}", n=name), float(change)) for name, change in changes]
    if len(shown) > MOST_SHOWN:
        counted = Counter(round(change) for _, change in shown)
        elements, height = list(_bars(sorted(counted.items()), scale)), 70.0
        rows = [(f"{change:+}", f"{number}") for change, number in sorted(counted.items())]
        head = (say("change"), say("patients"))
        return drawn("pain", title, (WIDTH_MM, height), elements, (head, rows))
    bottom = _TOP + ROW_MM * max(1, len(shown))
    elements = [*across(scale, _TICKS, _TOP, bottom), *_dots(shown, scale)]
    if not shown:
        told = say("of no patient a pain is known both before the first injection and at a look")
        elements = [words((1, _TOP + 2.6), told, "start", 2.6)]
    rows = [(name, say.tenths(change, "+")) for name, change in shown]
    table = ((say("patient"), say("change")), rows)
    return drawn("pain", title, (WIDTH_MM, bottom + 6), elements, table)


def _dots(shown: Sequence[tuple[str, float]], scale: Scale) -> Iterator[str]:
    for n, (name, change) in enumerate(shown):
        y = _TOP + ROW_MM * (n + 0.5)
        yield words((_NAMES_MM - 2, y + 0.8), name, "end", SMALL_MM)
        yield rule((scale.at(0), y), (scale.at(change), y), 0.35)
        yield dot((scale.at(change), y), 0.8)


def _bars(counted: Sequence[tuple[int, int]], scale: Scale) -> Iterator[str]:
    most = Scale(0, max(number for _, number in counted), 60, _TOP + 4)
    yield from across(scale, _TICKS, _TOP, 60)
    for change, number in counted:
        left, right = scale.at(change - 0.45), scale.at(change + 0.45)
        yield bar(left, most.at(number), right - left, 60 - most.at(number), "#999")
        middle = (left + right) / 2
        yield words((middle, most.at(number) - 0.6), f"{number}", "middle", LETTERS_MM)

"""Remission: what share of lesions is gone, and of patients all, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planner.core.series.description import AtLook, Description, Few
from planner.core.series.proportions import ConfidenceInterval
from planner.documents.language import Language
from planner.documents.series.frame import (
    LETTERS_MM,
    WIDTH_MM,
    Drawn,
    Scale,
    across,
    drawn,
)
from planner.documents.series.words import few, series_words
from planner.documents.svg import dot, ring, rule, words
from planner.documents.wording import ENGLISH, after

_NAMES_MM, _TOP, _LANE = 78.0, 10.0, 6.0
_TICKS = (0, 25, 50, 75, 100)


class Share(NamedTuple):
    """A share with its name, in per cent, its interval, and so many of so many, as it is told.

    It is None of nothing, and where it would tell how many a few people are.
    """

    name: str
    percent: float | None
    bounds: ConfidenceInterval | None
    told: str
    is_of_patients: bool


def remission(found: Sequence[Description], say: Language = ENGLISH) -> Drawn:
    """The shares of each series at each look, below one another."""
    shares = [one for each in found for one in _shares(each, say)]
    scale = Scale(0, 100, _NAMES_MM, WIDTH_MM - 40)
    bottom = _TOP + _LANE * max(1, len(shares))
    elements = [*across(scale, _TICKS, _TOP, bottom)]
    for n, (name, percent, bounds, told, is_of_patients) in enumerate(shares):
        y = _TOP + _LANE * (n + 0.5)
        elements.append(words((_NAMES_MM - 2, y + 0.9), name, "end", LETTERS_MM))
        if bounds is not None:
            elements.append(rule((scale.at(bounds.low), y), (scale.at(bounds.high), y), 0.35))
        if percent is not None:
            mark = ring if is_of_patients else dot
            elements.append(mark((scale.at(percent), y), 1.0))
        shown = f"{told}{_interval(bounds, say)}"
        elements.append(words((WIDTH_MM - 38, y + 0.9), shown, "start", LETTERS_MM))
    head = (say("share"), say("gone"), say("95 % interval"))
    rows = [
        (one.name, one.told, _interval(one.bounds, say).strip(", ") or say("none"))
        for one in shares
    ]
    title = say("Gone, in per cent: lesions (dots), patients with all lesions gone (rings)")
    return drawn("remission", title, (WIDTH_MM, bottom + 6), elements, (head, rows))


def _shares(found: Description, say: Language) -> Iterator[Share]:
    for one in found.looks:
        name = f"{series_words(found.name, say)}, {after(one.after_days, say)}"
        yield _of_lesions(one, say("{name}: lesions, of evaluated", name=name), say)
        every = one.all_gone
        is_told = found.is_told(every.n) and found.is_told(every.of_treated)
        yield Share(
            say("{name}: patients, of treated", name=name),
            100 * every.n / every.of_treated if every.of_treated and is_told else None,
            every.interval_95,
            say("{n} of {of}", n=found.people(every.n), of=found.people(every.of_treated)),
            is_of_patients=True,
        )


def _of_lesions(look: AtLook, name: str, say: Language) -> Share:
    if isinstance(look.remissions, Few):
        return Share(name, None, None, few(look.remissions, say), is_of_patients=False)
    gone, lesions = look.remissions["complete"], look.evaluated_lesions
    percent = 100 * gone / lesions if lesions else None
    told = say("{n} of {of}", n=gone, of=lesions)
    return Share(name, percent, look.complete_interval_95, told, is_of_patients=False)


def _interval(bounds: ConfidenceInterval | None, say: Language) -> str:
    if bounds is None:
        return ""
    low, high = f"{bounds.low:.0f}", f"{bounds.high:.0f}"
    return ", " + say("{low} to {high} %", low=low, high=high)

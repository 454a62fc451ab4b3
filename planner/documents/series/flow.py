"""The flow: how many were registered, treated and seen, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterator

from planner.core.series.cohort import Fate
from planner.core.series.description import Description, flow_of
from planner.documents.series.frame import LETTERS_MM, WIDTH_MM, Drawn, bar, drawn, when
from planner.documents.svg import rule, words

_BOX, _HIGH, _GAP, _TOP = 74.0, 11.0, 9.0, 10.0
_SIDE = 92.0
_ENDED: tuple[Fate, ...] = ("stopped", "died", "lost")


def flow(found: Description) -> Drawn:
    """Boxes below one another, and beside each who left there."""
    steps = flow_of(found)
    aside = _aside(found)
    elements: list[str] = []
    for n, step in enumerate(steps):
        y = _TOP + n * (_HIGH + _GAP)
        name = step.step if not step.step.isdecimal() else f"seen at {when(int(step.step))}"
        told = f"{found.people(step.patients)} patients, {step.lesions} lesions"
        elements.append(bar(0, y, _BOX, _HIGH, "#fff"))
        elements.append(words((_BOX / 2, y + 4.6), name, "middle", LETTERS_MM, bold=True))
        elements.append(words((_BOX / 2, y + 8.6), told, "middle", LETTERS_MM))
        if n:
            elements.append(rule((_BOX / 2, y - _GAP), (_BOX / 2, y), 0.3))
            elements += _beside(aside[n], y - _GAP / 2)
    height = _TOP + len(steps) * (_HIGH + _GAP)
    rows = [(one.step, f"{found.people(one.patients)}", f"{one.lesions}") for one in steps]
    rows += [("aside", told, "") for told in dict.fromkeys(filter(None, aside))]
    title = f"From the register to the last look ({found.name})"
    table = (("step", "patients", "lesions"), rows)
    return drawn("flow", title, (WIDTH_MM, height), elements, table)


def _aside(found: Description) -> list[str]:
    """What became of those who are not in the next box, in words."""
    not_treated = found.lesions - found.treated_lesions
    ends = ", ".join(f"{name} {found.people(found.endings[name])}" for name in _ENDED)
    first = f"not treated: {not_treated} lesions; held some time: {found.held_lesions} lesions"
    found_aside = ["", first]
    for one in found.looks:
        left = one.treated_lesions - one.evaluated_lesions
        missing = left - one.not_yet_due
        others = found.treated_lesions - one.treated_lesions
        not_planned = f" (no such look in their protocol: {others} lesions)" if others else ""
        found_aside.append(
            f"not yet due: {one.not_yet_due} lesions; not seen: {missing} lesions"
            f" (courses ended so far: {ends}){not_planned}"
        )
    return found_aside


def _beside(told: str, y: float) -> Iterator[str]:
    yield rule((_BOX / 2, y), (_SIDE - 2, y), 0.15)
    for n, line in enumerate(told.split(" (")):
        text = line if not n else f"({line}"
        yield words((_SIDE, y + 0.9 + 3.2 * n), text, "start", LETTERS_MM)

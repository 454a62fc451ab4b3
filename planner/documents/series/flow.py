"""The flow: how many were registered, treated and seen, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterator

from planner.core.series.cohort import Fate
from planner.core.series.description import AtLook, Description, Flow, flow_of
from planner.documents.language import Language
from planner.documents.series.frame import LETTERS_MM, WIDTH_MM, Drawn, bar, drawn
from planner.documents.series.words import fate_words, series_words
from planner.documents.svg import rule, words
from planner.documents.wording import ENGLISH, after

_BOX, _HIGH, _GAP, _TOP = 74.0, 11.0, 9.0, 10.0
_SIDE = 92.0
_ENDED: tuple[Fate, ...] = ("stopped", "died", "lost")


def flow(found: Description, say: Language = ENGLISH) -> Drawn:
    """Boxes below one another, and beside each who left there."""
    steps, aside = flow_of(found), _aside(found, say)
    elements: list[str] = []
    for n, step in enumerate(steps):
        y = _TOP + n * (_HIGH + _GAP)
        elements += _box(step, y, found, say)
        if n:
            elements.append(rule((_BOX / 2, y - _GAP), (_BOX / 2, y), 0.3))
            elements += _beside(aside[n], y - _GAP / 2)
    rows = [(_head(one, say), f"{found.people(one.patients)}", f"{one.lesions}") for one in steps]
    rows += [(say("aside"), told, "") for told in dict.fromkeys(filter(None, aside))]
    title = say("From the register to the last look ({name})", name=series_words(found.name, say))
    table = ((say("step"), say("patients"), say("lesions")), rows)
    size = (WIDTH_MM, _TOP + len(steps) * (_HIGH + _GAP))
    return drawn("flow", title, size, elements, table)


def _box(step: Flow, y: float, found: Description, say: Language) -> Iterator[str]:
    """A box with the name of its step and how many are in it."""
    told = f"{_patients(step.patients, found, say)}, {_lesions(step.lesions, say)}"
    yield bar(0, y, _BOX, _HIGH, "#fff")
    yield words((_BOX / 2, y + 4.6), _head(step, say), "middle", LETTERS_MM, bold=True)
    yield words((_BOX / 2, y + 8.6), told, "middle", LETTERS_MM)


def _patients(count: int, found: Description, say: Language) -> str:
    shown = found.people(count)
    if isinstance(shown, str):
        return say("{few} patients", few=shown)
    return say.plural("{n} patient", "{n} patients", shown)


def _lesions(count: int, say: Language) -> str:
    return say.plural("{n} lesion", "{n} lesions", count)


def _head(step: Flow, say: Language) -> str:
    """The name of a step; a look is the number of its days."""
    if not step.step.isdecimal():
        return {"registered": say("registered"), "treated": say("treated")}[step.step]
    return say("seen at {when}", when=after(int(step.step), say))


def _aside(found: Description, say: Language) -> list[str]:
    """What became of those who are not in the next box, in words."""
    not_treated = say(
        "not treated: {lesions}; held some time: {held}",
        lesions=_lesions(found.lesions - found.treated_lesions, say),
        held=_lesions(found.held_lesions, say),
    )
    return ["", not_treated, *(_not_seen(found, one, say) for one in found.looks)]


def _not_seen(found: Description, look: AtLook, say: Language) -> str:
    endings = found.parts(found.endings)
    ends = (f"{fate_words(name, say)} {endings[name]}" for name in _ENDED)
    told = say(
        "not yet due: {due}; not seen: {missing} (courses ended so far: {ends})",
        due=_lesions(look.not_yet_due, say),
        missing=_lesions(look.treated_lesions - look.evaluated_lesions - look.not_yet_due, say),
        ends=", ".join(ends),
    )
    others = found.treated_lesions - look.treated_lesions
    if not others:
        return told
    unplanned = _lesions(others, say)
    return f"{told} {say('(no such look in their protocol: {lesions})', lesions=unplanned)}"


def _beside(told: str, y: float) -> Iterator[str]:
    yield rule((_BOX / 2, y), (_SIDE - 2, y), 0.15)
    for n, line in enumerate(told.split(" (")):
        text = line if not n else f"({line}"
        yield words((_SIDE, y + 0.9 + 3.2 * n), text, "start", LETTERS_MM)

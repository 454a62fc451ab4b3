"""What an event was, in one sentence: for the time line on a terminal and the change slip."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import singledispatch

from planner.core.followup.events import (
    Answered,
    Confirmed,
    Corrected,
    DoseChanged,
    Ended,
    Evaluated,
    Event,
    Given,
    Held,
    Identified,
    Injected,
    Issued,
    LesionAdded,
    Migrated,
    Missed,
    Moved,
    Planned,
    Rearranged,
    Resumed,
    Subscribed,
    Told,
)
from planner.core.plan.appointments import Named
from planner.core.protocol.protocol import Protocol
from planner.core.values.formatting import NBSP
from planner.core.values.said import joined
from planner.documents.language import Language
from planner.documents.wording import ending_words

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


@singledispatch
def told(event: Event, say: Language) -> str:
    """An event in a language, without who entered it, when and why."""
    raise TypeError(f"{type(event).__name__} is no event of a course")


@told.register
def _(event: Planned, say: Language) -> str:
    return say("planned, revision {n}", n=event.course.revision)


@told.register
def _(event: Given, say: Language) -> str:
    what = joined([_injected(one, say) for one in event.injections], "; ")
    noted = [say("given {moment}: {what}", moment=say.moment(event.at), what=what)]
    if event.lot:
        noted.append(say("lot {lot}", lot=event.lot))
    if event.expiry:
        noted.append(say("expiry {expiry}", expiry=event.expiry))
    for one in event.observed:
        of = [say("lesion {lesion}", lesion=one.lesion)] if one.lesion else []
        noted.append(joined([*of, say.asked(one.observation), _observed(one.value, say)], " "))
    return joined(noted)


def _observed(value: str, say: Language) -> str:
    """What was noted: a yes or no, a figure with its unit where that is known, a text."""
    if value in ("yes", "no"):
        return say.asked(value)
    number, blank, unit = value.partition(NBSP)
    if _DECIMAL.fullmatch(number):
        return joined([say.number(Decimal(number)), *([unit] if blank else [])], NBSP)
    return value


def told_in(protocol: Protocol, event: Event, say: Language) -> str:
    """As `told`, with the units of what the protocol lets be noted."""
    return told(_with_units(event, protocol), say)


def _with_units(event: Event, protocol: Protocol) -> Event:
    if isinstance(event, Corrected) and event.instead is not None:
        instead = _with_units(event.instead, protocol)
        assert isinstance(instead, Given | Evaluated)
        return event._replace(instead=instead)
    if not isinstance(event, Given):
        return event
    units = {one.id: one.unit for one in protocol.observations if one.unit}
    observed = (
        one._replace(value=f"{one.value}{NBSP}{units[one.observation]}")
        if one.observation in units
        else one
        for one in event.observed
    )
    return event._replace(observed=tuple(observed))


def _injected(one: Injected, say: Language) -> str:
    noted = [
        say(
            "lesion {lesion}: {dose}, drawn {volume} ({drawn})",
            lesion=one.lesion,
            dose=say.mg(one.dose_mg),
            volume=say.ml(one.drawn_ml),
            drawn=say.mg(one.drawn_mg),
        )
    ]
    if one.pain_before is not None:
        noted.append(say("pain before {n}/10", n=say.number(one.pain_before)))
    if one.pain_after is not None:
        noted.append(say("pain after {n}/10", n=say.number(one.pain_after)))
    if one.complication:
        noted.append(say("complication: {said}", said=one.complication))
    return joined(noted)


@told.register
def _(event: Evaluated, say: Language) -> str:
    said = say(
        "lesion {lesion} measured {moment}: {size}",
        lesion=event.lesion,
        moment=say.moment(event.at),
        size=say.mm(event.size_mm),
    )
    noted = []
    if event.ulcerated is not None:
        noted.append(say("ulcerated") if event.ulcerated else say("not ulcerated"))
    if event.pain is not None:
        noted.append(say("pain {n}/10", n=say.number(event.pain)))
    return joined([said, *noted])


@told.register
def _(event: Missed, say: Language) -> str:
    visit = _appointments(event.visit, say)
    return say("missed {moment}: {what}", moment=say.moment(event.at), what=visit)


@told.register
def _(event: Moved, say: Language) -> str:
    visit = _appointments(event.visit, say)
    return say("moved to {moment}: {what}", moment=say.moment(event.to), what=visit)


@told.register
def _(event: Held, say: Language) -> str:
    lesions = ", ".join(event.lesions)
    return say("held from {day}: lesion {lesions}", day=say.day(event.on), lesions=lesions)


@told.register
def _(event: Resumed, say: Language) -> str:
    lesions = ", ".join(event.lesions)
    return say("released on {day}: lesion {lesions}", day=say.day(event.on), lesions=lesions)


@told.register
def _(event: DoseChanged, say: Language) -> str:
    if event.from_injection == 1:
        return say(
            "dose of lesion {lesion} changed to {dose}, all to come",
            lesion=event.lesion,
            dose=say.mg(event.dose_mg),
        )
    return say(
        "dose of lesion {lesion} changed to {dose}, from injection {n}",
        lesion=event.lesion,
        dose=say.mg(event.dose_mg),
        n=event.from_injection,
    )


@told.register
def _(event: LesionAdded, say: Language) -> str:
    lesion = event.lesion
    site = joined([say.site(part) for part in (lesion.side, lesion.site) if part], " ")
    return say(
        "lesion {lesion} added ({site}, {size}), from {day}",
        lesion=lesion.id,
        site=site,
        size=say.mm(lesion.size_mm),
        day=say.day(event.on),
    )


@told.register
def _(event: Confirmed, say: Language) -> str:
    one = event.confirmation
    return say("confirmed: {finding} ({value})", finding=one.finding, value=say.sentence(one.value))


@told.register
def _(event: Answered, say: Language) -> str:
    answer = say("yes") if event.answer else say("no")
    return say("asked: {question}, {answer}", question=say.asked(event.screen), answer=answer)


@told.register
def _(event: Ended, say: Language) -> str:
    how = ending_words(event.ending, say)
    return say("ended on {day}: {how}", day=say.day(event.on), how=how)


@told.register
def _(event: Issued, say: Language) -> str:
    return say("documents of revision {n} made, code {code}", n=event.revision, code=event.code)


@told.register
def _(event: Identified, say: Language) -> str:
    found = [
        say("name") if event.name else "",
        say("birth date") if event.birth_date else "",
        say("sulfite allergy") if event.sulfite_allergy else "",
        say("address") if event.address else "",
    ]
    what = say.listing([one for one in found if one])
    return say("known from course {course}: {what}", course=event.source, what=what)


@told.register
def _(event: Migrated, say: Language) -> str:
    return say("times kept from the first edition on")


@told.register
def _(event: Rearranged, say: Language) -> str:
    moved = [
        say("{what} to {moment}", what=_appointments(one.visit, say), moment=say.moment(one.to))
        if one.to
        else say("{what} without a day", what=_appointments(one.visit, say))
        for one in event.visits
    ]
    drawn = [say("drawn up anew")] if event.drawn_anew else []
    what = joined([*moved, *drawn] or [say("its papers")], "; ")
    return say("the clinic changed: {what}", what=what)


@told.register
def _(event: Subscribed, say: Language) -> str:
    if event.address is None:
        return say("address of the patient's calendar withdrawn")
    return say("new address for the patient's calendar")


@told.register
def _(event: Told, say: Language) -> str:
    return say("the patient was told of event {n}: {how}", n=event.rearranged, how=event.how)


@told.register
def _(event: Corrected, say: Language) -> str:
    if event.instead is None:
        return say("event {n} withdrawn", n=event.event)
    return say("event {n} corrected: {what}", n=event.event, what=told(event.instead, say))


def _appointments(names: Iterable[Named], say: Language) -> str:
    """`injection 2 of A, B; evaluation 1 of A`."""
    groups: dict[tuple[str, int], list[str]] = {}
    for one in names:
        groups.setdefault((one.purpose, one.number), []).append(one.lesion)
    told_of = [
        say("{what} {n} of {lesions}", what=say(purpose), n=number, lesions=", ".join(lesions))
        for (purpose, number), lesions in groups.items()
    ]
    return joined(told_of, "; ")

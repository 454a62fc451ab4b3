"""A clinic's day on paper: who comes when for what, and what to prepare in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from planner.core.calendar.clinic import Clinic
from planner.core.plan.plan import Plan, PlannedInjection, PlannedVisit
from planner.core.plan.preparation import ToPrepare
from planner.documents.language import Language, language
from planner.documents.page_head import patient_identifiers
from planner.documents.paper import (
    Blanks,
    Block,
    Bullets,
    Heading,
    Identity,
    Paper,
    Row,
    Section,
    Table,
    Tick,
    cell,
)
from planner.documents.wording import drug, warned_of

_HOUR_MM, _WHO_MM, _MARK_MM = 20, 52, 18


class DayVisit(NamedTuple):
    """A visit of the day with the plan that it is of."""

    plan: Plan
    visit: PlannedVisit

    def unrecorded(self, now: datetime) -> Iterator[PlannedInjection]:
        """What its lesions were to get at visits that were before `now`, and nobody recorded."""
        lesions = {one.lesion for one in self.visit.as_it_stands.injections}
        for visit, one in self.plan.unrecorded(now):
            if visit.number != self.visit.number and one.lesion in lesions:
                yield one


def day_list(
    clinic: Clinic,
    on: date,
    there: Sequence[DayVisit],
    prepare: ToPrepare | None,
    waiting: str,
    *,
    stamp: datetime,
) -> Paper:
    """The list of a day in the order of the hours; `prepare` is what it takes in all, if anything.

    `waiting` names whose papers wait for a physician, empty for none. `stamp` is when it is made.
    """
    say = language(clinic.language)
    title = say("The day, {day}", day=say.day(on))
    who = Identity(title, "", "", "", say("page {n} of {of}"))
    rows = tuple(_row(one, stamp, say) for one in there)
    blocks = tuple(_blocks(rows, prepare, waiting, say))
    section = Section(clinic.name or clinic.id, "", blocks)
    return Paper(title, "", say.code, clinic.paper, who, (section,))


def _blocks(
    rows: tuple[Row, ...], prepare: ToPrepare | None, waiting: str, say: Language
) -> Iterator[Block]:
    yield Heading(say("Who comes"), 1)
    head = (say("Hour"), say("Patient, course"), say("What"), say("Came"))
    yield Table(head, (_HOUR_MM, _WHO_MM, 0, _MARK_MM), rows)
    if waiting:
        text_of = say("Wait for a physician, their papers are not here: {courses}", courses=waiting)
        yield Bullets((text_of,))
    yield Heading(say("To prepare in all"))
    yield Bullets((say("nothing"),) if prepare is None else tuple(in_all(prepare, say)))
    yield Blanks((say("Notes"),))


def in_all(prepare: ToPrepare, say: Language) -> Iterator[str]:
    """What some visits take in all, one line for each kind."""
    yield say("{volume} drawn", volume=say.ml(prepare.drawn_ml))
    if prepare.vials is None:
        yield say("vials: not known (no stock, or an open dose)")
    else:
        yield say.plural("{n} vial", "{n} vials", prepare.vials)
    for one in prepare.syringes:
        syringes = say.plural("{n} syringe", "{n} syringes", one["count"])
        yield say("{syringes} of {size}", syringes=syringes, size=say.ml(one["capacity_ml"]))
    for one in prepare.diluted:
        yield say(
            "to dilute, visit by visit: {taken} stock of {stock} + {diluent} diluent",
            taken=say.ml(one["stock_ml"]),
            stock=say.mg_per_ml(one["stock_mg_per_ml"]),
            diluent=say.ml(one["diluent_ml"]),
        )
    for one in prepare.measuring:
        syringes = say.plural("{n} syringe", "{n} syringes", one["count"])
        size = say.ml(one["capacity_ml"])
        yield say("{syringes} of {size} to measure that", syringes=syringes, size=size)
    if prepare.doses_open:
        yield say.plural(
            "{n} visit with open doses", "{n} visits with open doses", prepare.doses_open
        )


def _row(one: DayVisit, stamp: datetime, say: Language) -> Row:
    plan, visit = one.plan, one.visit
    hours = f"{visit.start:%H:%M}\u2013{visit.end:%H:%M}" if visit.start and visit.end else ""
    who = ", ".join(patient_identifiers(plan, say))
    number = say("visit {n}", n=visit.number)
    return Row(
        (
            cell(hours, bold=True),
            cell(who, f"{plan.course}, {number}"),
            cell(*_what(one, stamp, say)),
            cell(ticks=(Tick(""),)),
        )
    )


def _what(one: DayVisit, stamp: datetime, say: Language) -> Iterator[str]:
    left = one.visit.as_it_stands
    if looks := ", ".join(each.lesion for each in left.evaluations):
        yield say("measure {lesions}", lesions=looks)
    if lesions := ", ".join(each.lesion for each in left.injections):
        total = one.visit.total_drawn_ml
        volume = say("doses open") if total is None else say.ml(total)
        yield say(
            "inject {lesions}: {volume} of {drug}, {strength}",
            lesions=lesions,
            volume=volume,
            drug=drug(one.plan, say),
            strength=say.mg_per_ml(one.plan.protocol.strength_mg_per_ml),
        )
    for each in one.unrecorded(stamp):
        yield say(
            "injection {n} of lesion {lesion} was to come before and is not recorded",
            n=each.injection,
            lesion=each.lesion,
        )
    yield from warned_of(one.plan, say)

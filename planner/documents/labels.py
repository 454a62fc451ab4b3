"""Syringe labels: one for each syringe of each visit, on sheets of self-adhesive labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from planner.core.dosing.draw_up import Aliquot
from planner.core.plan.pages import visit_page, with_pages
from planner.core.plan.plan import Plan, PlannedSyringe, PlannedVisit
from planner.core.values.formatting import NBSP
from planner.documents.language import Language
from planner.documents.page_head import Issue, issue_line, patient_identifiers
from planner.documents.paper import Line, Span, text
from planner.documents.wording import Index, drug, index, strength, where

# Letters that can be read on a syringe, and those for a name that no label was made for, in points.
LEGIBLE, SMALLEST = 6.0, 3.0


class LabelGrid(NamedTuple):
    """A sheet of labels, in millimetres: its columns and rows, a label's size, where they begin."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    across: float
    down: float

    @property
    def labels(self) -> int:
        """How many labels a sheet has."""
        return self.columns * self.rows


GRIDS: dict[str, LabelGrid] = {
    "A4-24": LabelGrid(3, 8, 70, 37, 0, 0.5, 70, 37),
    "A4-48": LabelGrid(4, 12, 45.7, 21.2, 9.85, 21.4, 48.3, 21.2),
    "Letter-30": LabelGrid(3, 10, 66.7, 25.4, 4.8, 12.7, 69.85, 25.4),
}
# The room above a line to write on, and the size of a syringe's number in points.
LINE_MM = {"A4-24": 5.5, "A4-48": 3.2, "Letter-30": 4.0}
NUMBER_PT = {"A4-24": 18.0, "A4-48": 11.0, "Letter-30": 14.0}
# A flag around a syringe has no room for all that a sheet says.
FLAG = "A4-48"


class Label(NamedTuple):
    """What a label says, the names of its lines to write on, and what tells a stale one.

    `number` is the syringe's, in large letters; empty where there is none.
    """

    number: str
    lines: tuple[Line, ...]
    to_write: tuple[str, ...]
    foot: str


class LabelSheets(NamedTuple):
    """Labels from a position of the first sheet on: 1 is its first label.

    `head` stands above the labels of each sheet, where they themselves have no room for it.
    """

    title: str
    head: str
    language: str
    size: str
    grid: LabelGrid
    first: int
    line_mm: float
    number_pt: float
    smallest_pt: float
    page: str
    number: str
    labels: tuple[Label, ...]


def most_aliquots(plan: Plan) -> Iterator[int]:
    """How many lesions a label may name: all of a syringe, else fewer and further labels."""
    syringes = (syringe for visit in with_pages(plan) for syringe in visit.syringes)
    most = max((len(syringe.aliquots) for syringe in syringes), default=1)
    yield most
    yield from (fewer for fewer in (12, 10, 8, 6, 5, 4, 3, 2, 1) if fewer < most)


def label_sheets(
    plan: Plan, issue: Issue, first: int, most: int, smallest_pt: float = LEGIBLE
) -> LabelSheets:
    """The labels of all visits, in the order in which they are needed; `most` lesions on each.

    All have letters of one size, `smallest_pt` or more.
    """
    say, sheet = issue.say, sheet_of(plan)
    return LabelSheets(
        title=say("Syringe labels, course {course}", course=plan.course),
        head=_issue(plan, issue, "labels") if sheet == FLAG else "",
        language=say.code,
        size=plan.clinic.paper,
        grid=GRIDS[sheet],
        first=first,
        page=say("page {n} of {of}"),
        number=say("label {n} of {of}"),
        line_mm=LINE_MM[sheet],
        number_pt=NUMBER_PT[sheet],
        smallest_pt=smallest_pt,
        labels=tuple(
            label for visit in with_pages(plan) for label in _visit(plan, visit, issue, most)
        ),
    )


def labels_of(plan: Plan, number: int, issue: Issue, most: int) -> tuple[Label, ...]:
    """The labels of a visit alone, `most` lesions on each."""
    there = (visit for visit in with_pages(plan) if visit.number == number)
    return tuple(label for visit in there for label in _visit(plan, visit, issue, most))


def sheet_of(plan: Plan) -> str:
    """The clinic's sheet of labels, or the one of its paper."""
    usual = "A4-24" if plan.clinic.paper == "A4" else "Letter-30"
    return plan.clinic.label or usual


def _issue(plan: Plan, issue: Issue, page: str) -> str:
    """Course and revision, and the code of a page that has one."""
    say, which = issue.say, issue_line(plan, issue, page)
    foot = say("Course {course}, {issue}", course=plan.course, issue=which)
    return f"{say(issue.mark)} \u00b7 {foot}" if issue.mark else foot


def _visit(plan: Plan, visit: PlannedVisit, issue: Issue, most: int) -> Iterator[Label]:
    known, say = index(plan), issue.say
    is_flag = sheet_of(plan) == FLAG
    foot = "" if is_flag else _issue(plan, issue, visit_page(visit.number))
    to_write = () if is_flag else (say("Prepared"), say("Expiry"), say("Initials"))
    head = (_patient(plan, say), _when(visit, issue, is_flag=is_flag))
    name = _drug(plan, say, with_route=not is_flag)
    if batch := _batch(visit, say):
        named = () if is_flag else (say("Prepared"), say("Use by"), say("Initials"))
        yield Label("", (*head, _drug(plan, say, with_route=False), batch), named, foot)
    for syringe in visit.syringes:
        parts = [syringe.aliquots[n : n + most] for n in range(0, len(syringe.aliquots), most)]
        for count, part in enumerate(parts, start=1):
            which = ", " + say("syringe {numbers}", numbers=syringe.number)
            if len(parts) > 1:
                which += f" ({say('{n} of {of}', n=count, of=len(parts))})"
            line = (*head[1], Span(which), *_whole(plan, syringe, say))
            lines = (head[0], line, name, *_lesions(plan, visit, part, known, say))
            yield Label(str(syringe.number), lines, to_write, foot)
    for one in visit.injections:
        if one.dose_mg is None:
            blank = f"____{NBSP}mg, ____{NBSP}mL"
            lesion = f"{one.lesion} {where(known.lesions[one.lesion], say)}: {blank}"
            yield Label("", (*head, name, text(lesion, bold=True)), to_write, foot)


def _patient(plan: Plan, say: Language) -> Line:
    identifiers = ", ".join(patient_identifiers(plan, say))
    missing = _missing(plan, say)
    return text(identifiers + (f", {missing} ________________" if missing else ""), bold=True)


def _missing(plan: Plan, say: Language) -> str:
    """What is to be written by hand of who this is."""
    patient = plan.patient
    if patient.name is None and patient.birth_date is None:
        return say("name, born")
    if patient.name is None:
        return say("name")
    return say("born") if patient.birth_date is None else ""


def _when(visit: PlannedVisit, issue: Issue, *, is_flag: bool) -> Line:
    """The visit and its day; on a flag, which has no foot, the code of its page too."""
    say = issue.say
    day = "" if visit.start is None else say.day(visit.start).replace(" ", NBSP)
    line = (Span(say("visit {n}", n=visit.number) + ", "), Span(day, bold=True))
    marks = filter(None, (say(issue.mark), issue.codes.get(visit_page(visit.number))))
    return (*line, *(Span(f", {one}") for one in marks)) if is_flag else line


def _batch(visit: PlannedVisit, say: Language) -> Line:
    """What a diluted batch is made of; nothing where nothing is diluted."""
    made = visit.preparation
    if made is None or not made.diluent_ml:
        return ()
    return text(
        say(
            "MIXTURE, NOT A DOSE: {volume} = {taken} of {stock} + {diluent} diluent"
            " (which: __________)",
            volume=say.ml(made.batch_ml),
            taken=say.ml(made.stock_ml),
            stock=say.mg_per_ml(made.strength_mg_per_ml),
            diluent=say.ml(made.diluent_ml),
        ),
        bold=True,
    )


def _whole(plan: Plan, syringe: PlannedSyringe, say: Language) -> Line:
    """What a syringe for several lesions holds in all."""
    if len(syringe.aliquots) == 1:
        return ()
    return (Span(", " + say("in all {amount}", amount=_both(plan, syringe.drawn_ml, say))),)


def _lesions(
    plan: Plan, visit: PlannedVisit, part: Sequence[Aliquot], known: Index, say: Language
) -> Iterator[Line]:
    """A line for each lesion: where it is, and its aliquot, which no line break divides."""
    for one in part:
        name = f"{one.lesion} {where(known.lesions[one.lesion], say)}"
        whole = sum(
            other.ml
            for syringe in visit.syringes
            for other in syringe.aliquots
            if other.lesion == one.lesion
        )
        text_of = f"{name}: {_both(plan, one.ml, say)}"
        if whole != one.ml:
            text_of += f" ({say('a part of {whole}', whole=_both(plan, Fraction(whole), say))})"
        yield text(text_of, bold=True)


def _both(plan: Plan, volume: Fraction, say: Language) -> str:
    """`0.08 mL = 12 mg`, never divided."""
    dose = say.mg(volume * plan.protocol.strength_mg_per_ml)
    return f"{say.ml(volume)}{NBSP}={NBSP}{dose}"


def _drug(plan: Plan, say: Language, *, with_route: bool) -> Line:
    name = Span(f"{drug(plan, say)} {strength(plan, say)}", bold=True)
    return (name, Span(f", {say(plan.protocol.route)}")) if with_route else (name,)

"""Syringe labels: one for each syringe of each visit, on sheets of self-adhesive labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from planner.core.plan.pages import visit_page, with_pages
from planner.core.plan.plan import Plan, PlannedAliquot, PlannedSyringe, PlannedVisit
from planner.documents.language import Language
from planner.documents.paper import Line, Span, text
from planner.documents.wording import (
    Index,
    Issue,
    index,
    issue_line,
    needs_label,
    patient_identifiers,
    site_and_side,
    strength,
)

# Up to so many lesions have a line each; more follow one another.
MOST_LINES = 3
# Letters that can be read on a syringe, and those for a name that no label was made for, in points.
LEGIBLE, SMALLEST = 5.0, 3.0


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


GRIDS = {
    "A4": LabelGrid(3, 8, 70, 37, 0, 0.5, 70, 37),
    "Letter": LabelGrid(3, 10, 66.7, 25.4, 4.8, 12.7, 69.85, 25.4),
}


# The room above a line to write on.
LINE_MM = {"A4": 5.5, "Letter": 4.0}


class Label(NamedTuple):
    """What a label says, the names of its lines to write on, and what tells a stale one."""

    lines: tuple[Line, ...]
    to_write: tuple[str, ...]
    foot: str


class LabelSheets(NamedTuple):
    """Labels from a position of the first sheet on: 1 is its first label."""

    title: str
    language: str
    size: str
    grid: LabelGrid
    first: int
    line_mm: float
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


def label_sheets(plan: Plan, issue: Issue, first: int, most: int) -> LabelSheets:
    """The labels of all visits, in the order in which they are needed; `most` lesions on each."""
    known, say = index(plan), issue.say
    to_write = (say("Prepared"), say("Expiry"), say("Initials"))
    return LabelSheets(
        title=say("Syringe labels, course {course}", course=plan.course),
        language=say.code,
        size=plan.clinic.paper,
        grid=GRIDS[plan.clinic.paper],
        first=first,
        page=say("page {n} of {of}"),
        number=say("label {n} of {of}"),
        line_mm=LINE_MM[plan.clinic.paper],
        smallest_pt=LEGIBLE if most > 1 else SMALLEST,
        labels=tuple(
            Label(lines, to_write, foot)
            for visit in with_pages(plan)
            for foot in (_foot(plan, visit, issue),)
            for lines in _visit(plan, visit, known, say, most)
        ),
    )


def _foot(plan: Plan, visit: PlannedVisit, issue: Issue) -> str:
    """Course, revision and the code of the visit's page."""
    say, which = issue.say, issue_line(plan, issue, visit_page(visit.number))
    foot = say("Course {course}, {issue}", course=plan.course, issue=which)
    return f"{say(issue.mark)} \u00b7 {foot}" if issue.mark else foot


def _visit(
    plan: Plan, visit: PlannedVisit, known: Index, say: Language, most: int
) -> Iterator[tuple[Line, ...]]:
    identifiers = ", ".join(patient_identifiers(plan, say))
    to_add = f", {say('name, born')} ________________" if needs_label(plan) else ""
    patient = text(identifiers + to_add, bold=True)
    day = "" if visit.start is None else say.day(visit.start)
    when = (Span(say("visit {n}", n=visit.number) + ", "), Span(day, bold=True))
    for syringe in visit.syringes:
        parts = [syringe.aliquots[n : n + most] for n in range(0, len(syringe.aliquots), most)]
        for count, part in enumerate(parts, start=1):
            name = ", " + say("syringe {numbers}", numbers=syringe.number)
            if len(parts) > 1:
                name += f" ({say('{n} of {of}', n=count, of=len(parts))})"
            which = (*when, Span(name), *_whole(plan, syringe, say))
            yield patient, which, _drug(plan, say), *_lesions(plan, visit, part, known, say)
    for one in visit.injections:
        if one.dose_mg is None:
            lesion = f"{one.lesion} {site_and_side(known.lesions[one.lesion], say)}"
            blank = text(f"{lesion}: ________ mg, ________ mL", bold=True)
            yield patient, when, _drug(plan, say), blank


def _whole(plan: Plan, syringe: PlannedSyringe, say: Language) -> Line:
    """What a syringe for several lesions holds in all."""
    if len(syringe.aliquots) == 1:
        return ()
    return Span(": "), Span(_both(plan, syringe.drawn_ml, say), bold=True)


def _lesions(
    plan: Plan, visit: PlannedVisit, part: Sequence[PlannedAliquot], known: Index, say: Language
) -> Iterator[Line]:
    """Each lesion with its side and aliquot; a line each where they are few."""
    shown = []
    for one in part:
        name = f"{one.lesion} {site_and_side(known.lesions[one.lesion], say)}"
        whole = sum(
            other.ml
            for syringe in visit.syringes
            for other in syringe.aliquots
            if other.lesion == one.lesion
        )
        text_of = f"{name}: {_both(plan, one.ml, say)}"
        if whole != one.ml:
            text_of += f" ({say('a part of {whole}', whole=_both(plan, Fraction(whole), say))})"
        shown.append(text_of)
    lines = shown if len(shown) <= MOST_LINES else ["; ".join(shown)]
    yield from (text(line, bold=True) for line in lines)


def _both(plan: Plan, volume: Fraction, say: Language) -> str:
    """`0.08 mL = 12 mg`."""
    return f"{say.ml(volume)} = {say.mg(volume * plan.protocol.strength_mg_per_ml)}"


def _drug(plan: Plan, say: Language) -> Line:
    protocol = plan.protocol
    drug = Span(f"{protocol.drug} {strength(plan, say)}", bold=True)
    return drug, Span(f", {say(protocol.route)}")

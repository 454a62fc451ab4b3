"""Syringe labels: one for each syringe of each visit, on sheets of self-adhesive labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planner.core.records import Plan, PlannedAliquot, PlannedSyringe, PlannedVisit
from planner.documents.blocks import Line, mixed, text
from planner.documents.language import Language
from planner.documents.view import Index, index, issue_line, patient_identifiers, site_and_side

# Up to so many lesions have a line each with mg; more follow one another, with mg in all.
MOST_LINES = 3
# What a label can hold in letters that can be read; a syringe for more gets further labels.
MOST_ALIQUOTS = {"A4": 15, "Letter": 8}


class Grid(NamedTuple):
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
    "A4": Grid(3, 8, 70, 37, 0, 0.5, 70, 37),
    "Letter": Grid(3, 10, 66.7, 25.4, 4.8, 12.7, 69.85, 25.4),
}


# The room above a line to write on.
LINE_MM = {"A4": 5.5, "Letter": 4.5}


class Label(NamedTuple):
    """What a label says, the names of its lines to write on, and what tells a stale one."""

    lines: tuple[Line, ...]
    to_write: tuple[str, ...]
    foot: tuple[Line, ...]


class LabelSheets(NamedTuple):
    """Labels from a position of the first sheet on: 1 is its first label."""

    title: str
    language: str
    size: str
    grid: Grid
    first: int
    line_mm: float
    page: str
    number: str
    labels: tuple[Label, ...]


def label_sheets(plan: Plan, digest: str, mark: str, say: Language, first: int) -> LabelSheets:
    """The labels of all visits, in the order in which they are needed."""
    known = index(plan)
    to_write = (say("Prepared"), say("Expiry"), say("Initials"))
    issue = issue_line(plan, digest, say)
    course = say("Course {course}, {issue}", course=plan.course, issue=issue)
    if mark:
        course = f"{say(mark)} \u00b7 {course}"
    return LabelSheets(
        title=say("Syringe labels, course {course}", course=plan.course),
        language=say.code,
        size=plan.clinic.paper,
        grid=GRIDS[plan.clinic.paper],
        first=first,
        page=say("page {n} of {of}"),
        number=say("label {n} of {of}"),
        line_mm=LINE_MM[plan.clinic.paper],
        labels=tuple(
            Label(lines, to_write, (text(course),))
            for visit in plan.visits
            for lines in _visit(plan, visit, known, say)
        ),
    )


def _visit(
    plan: Plan, visit: PlannedVisit, known: Index, say: Language
) -> Iterator[tuple[Line, ...]]:
    patient = text(", ".join(patient_identifiers(plan, say)), bold=True)
    day = "" if visit.start is None else say.day(visit.start)
    number = say("visit {n}", n=visit.number)
    for syringe in visit.syringes:
        parts = list(_parts(syringe.aliquots, MOST_ALIQUOTS[plan.clinic.paper]))
        for count, part in enumerate(parts, start=1):
            name = say("syringe {numbers}", numbers=syringe.number)
            if len(parts) > 1:
                name += f" ({say('{n} of {of}', n=count, of=len(parts))})"
            which = mixed(f"{number}, {{day}}, {name}", day=day)
            yield patient, which, *_contents(plan, syringe, part, known, say)
    for one in visit.injections:
        if one.dose_mg is None:
            which = mixed(f"{number}, {{day}}", day=day)
            lesion = f"{one.lesion} {site_and_side(known.lesions[one.lesion], say)}"
            blank = text(f"{lesion}: ________ mg, ________ mL", bold=True)
            yield patient, which, _drug(plan, say), blank


def _parts(aliquots: Sequence[PlannedAliquot], most: int) -> Iterator[Sequence[PlannedAliquot]]:
    for start in range(0, len(aliquots), most):
        yield aliquots[start : start + most]


def _contents(
    plan: Plan,
    syringe: PlannedSyringe,
    part: Sequence[PlannedAliquot],
    known: Index,
    say: Language,
) -> Iterator[Line]:
    strength = plan.protocol.strength_mg_per_ml
    yield _drug(plan, say)
    names = [f"{one.lesion} {site_and_side(known.lesions[one.lesion], say)}" for one in part]
    if len(part) <= MOST_LINES:
        for name, one in zip(names, part, strict=True):
            yield text(f"{name}: {say.ml(one.ml)} = {say.mg(one.ml * strength)}", bold=True)
    else:
        volumes = (f"{name} {say.ml(one.ml)}" for name, one in zip(names, part, strict=True))
        yield text("; ".join(volumes), bold=True)
    if len(syringe.aliquots) > 1:
        total = f"{say.ml(syringe.drawn_ml)} = {say.mg(syringe.drawn_ml * strength)}"
        yield mixed(say("in the syringe: {total}"), total=total)


def _drug(plan: Plan, say: Language) -> Line:
    protocol = plan.protocol
    strength = say.mg_per_ml(protocol.strength_mg_per_ml)
    return mixed(f"{{drug}}, {say(protocol.route)}", drug=f"{protocol.drug} {strength}")

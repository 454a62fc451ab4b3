"""validation.pdf: what was checked, to be signed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from planner.app.validation.protocol import Checked
from planner.app.validation.validating import Validation, validation_json
from planner.core.plan.plan import Plan, PlannedVisit
from planner.core.values.formatting import mg, ml, moment
from planner.documents.paper import (
    Block,
    Bullets,
    Cell,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Row,
    Signatures,
    Strip,
    Table,
    blank,
    cell,
    mixed,
    text,
)
from planner.documents.pdf import report_pdf

PARTS = {
    "installation": "Installation: what is here is what was released",
    "operation": "Operation: it does what it is to do",
    "performance": "Performance: with the clinic's own file",
}
RULER_MM = 100


def validation_pdf(done: Validation) -> bytes:
    """The report; the same validation gives the same bytes."""
    code = json.loads(validation_json(done))["code"]
    title = f"Validation of planner {done.machine['planner']}"
    issue = f"code {code}, {moment(done.at)}"
    return report_pdf(title, "Validation", issue, _blocks(done, code), done.at)


def _blocks(done: Validation, code: str) -> Iterator[Block]:
    yield Heading(f"Validation of planner {done.machine['planner']}", 1)
    failed = sum(not one.holds for one in done.steps)
    if failed:
        yield Strip((mixed("{said}", said=f"{failed} of {len(done.steps)} steps do not hold."),))
    else:
        yield Strip((text(f"All {len(done.steps)} steps hold.", bold=True),))
    yield Facts(
        (
            ("Code", code),
            ("Made", f"{moment(done.at)} ({done.at.tzname()})"),
            ("Protocol of validation", done.protocol.version),
            ("Python", done.machine["python"]),
            ("System", done.machine["system"]),
            ("Installed in", done.machine["folder"]),
        )
    )
    for part, title in PARTS.items():
        steps = [one for one in done.steps if one.step.part == part]
        yield Heading(title)
        if steps:
            head = ("Step", "How", "What has to come out", "Seen")
            yield Table(head, (26, 0, 0, 38), tuple(map(_row, steps)))
        else:
            yield Paragraph(text("Not made: no clinic's file was given (--clinic)."))
    for plan in done.plans:
        yield from _witnessed(plan)
    yield from _printing()
    yield Heading("Versions")
    versions = ", ".join(f"{name} {version}" for name, version in done.versions.items())
    yield Paragraph(text(versions), small=True)
    yield Heading("Signed")
    yield Signatures(("Made by, date", "Clinical safety officer, date", "Physician, date"))


def _row(one: Checked) -> Row:
    seen = (one.seen, "holds") if one.holds else (one.seen, "does NOT hold:", *one.differences)
    bold = Cell(tuple(text(line, bold=not one.holds) for line in seen if line))
    title = cell(one.step.title, bold=True)
    return Row((title, cell(one.step.how), cell(one.step.expected), bold))


def _witnessed(plan: Plan) -> Iterator[Block]:
    """A course to work out by hand: what is planned, and room for what a witness finds."""
    strength = f"{float(plan.protocol.strength_mg_per_ml):g} mg/mL"
    yield Heading(f"Course {plan.course}, worked out by hand")
    yield Bullets(
        tuple(
            f"Lesion {lesion.id}: {lesion.site}, {float(lesion.size_mm):g} mm,"
            f" {'ulcerated' if lesion.ulcerated else 'not ulcerated'}: {decision.regimen}"
            for lesion, decision in zip(plan.lesions, plan.decisions, strict=True)
        )
    )
    rows = tuple(map(_by_hand, plan.visits))
    head = ("Visit", "Day and hour", f"Planned ({strength})", "Day by hand", "Volume by hand")
    yield Table(head, (14, 44, 0, 34, 32), rows, ("Witness, date",))


def _by_hand(visit: PlannedVisit) -> Row:
    """What is planned of a visit, and room for what somebody finds by hand."""
    drawn = [
        f"{one.lesion}: {mg(one.dose_mg)}, draw {ml(one.drawn_ml)}"
        for one in visit.injections
        if one.dose_mg is not None and one.drawn_ml is not None
    ]
    when = moment(visit.start) if visit.start else "no day"
    volume = blank("mL") if drawn else cell("-")
    planned = cell(*(drawn or visit.purposes))
    return Row((cell(str(visit.number)), cell(when), planned, blank(), volume))


def _printing() -> Iterator[Block]:
    yield Heading("The printer")
    yield Paragraph(
        text(f"Measure the line: it is {RULER_MM} mm long. If not, print at 100 %, not to fit.")
    )
    yield Figure(_ruler(), f"A line of {RULER_MM} mm with a mark at each 10 mm.", RULER_MM + 4)


def _ruler() -> str:
    marks = "".join(
        f'<path d="M{x + 2} 4v{6 if x % 50 else 8}" stroke="#000" stroke-width=".3"/>'
        for x in range(0, RULER_MM + 1, 10)
    )
    line = f'<path d="M2 4h{RULER_MM}" stroke="#000" stroke-width=".3"/>'
    size = f'width="{RULER_MM + 4}mm" height="14mm" viewBox="0 0 {RULER_MM + 4} 14"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{line}{marks}</svg>'

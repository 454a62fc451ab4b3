"""The worksheets: each visit's evaluation and injections, to be written on at the chair."""

from __future__ import annotations

from collections.abc import Iterator

from planner.core.plan.pages import visit_page, with_pages
from planner.core.plan.plan import Plan, PlannedAliquot, PlannedInjection, PlannedVisit
from planner.core.values.formatting import NBSP, ends
from planner.documents.language import Language
from planner.documents.paper import (
    ROW_TO_WRITE_MM,
    Blanks,
    Block,
    Bullets,
    Cell,
    Heading,
    Paper,
    Paragraph,
    Row,
    Section,
    Signatures,
    Strip,
    Table,
    Tick,
    Ticks,
    Together,
    blank,
    cell,
    mixed,
    text,
)
from planner.documents.wording import (
    Index,
    Issue,
    after,
    held_line,
    index,
    is_diluted,
    issue_line,
    moved_line,
    paper_of,
    preparation_lines,
    remission_line,
    remission_ticks,
    strength,
    total_line,
    vial_line,
    visit_title,
    where,
)

SHORT_ID = 12


def worksheets(plan: Plan, issue: Issue) -> Paper:
    """The worksheets of all visits: an evaluation's own form first, then the injections."""
    known, say = index(plan), issue.say
    return paper_of(
        plan,
        issue,
        say("Worksheets, course {course}", course=plan.course),
        tuple(
            section
            for visit in with_pages(plan)
            for section in _sections(plan, visit, known, issue)
        ),
    )


def _sections(plan: Plan, visit: PlannedVisit, known: Index, issue: Issue) -> Iterator[Section]:
    say = issue.say
    running = visit_title(visit, say)
    which = issue_line(plan, issue, visit_page(visit.number))
    if visit.evaluations:
        yield Section(running, which, tuple(_evaluation(plan, visit, known, say)))
    if visit.injections:
        yield Section(running, which, tuple(_injections(plan, visit, known, say)))


def _evaluation(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Evaluation form"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    rule = say("The same person measures the largest diameter, by the same method as at the start.")
    first = (text(say("Measure before injecting."), bold=True),) if visit.injections else ()
    yield Strip((*first, text(rule)))
    answers = (Tick(say("yes")), Tick(say("no")))
    rows = tuple(
        Row(
            (
                cell(one.lesion, bold=True),
                cell(where(lesion, say), after(one.after_days, say)),
                cell(say.mm(lesion.size_mm), lesion.measured_by or ""),
                blank("mm"),
                cell(ticks=answers),
                blank("/10"),
                cell(ticks=remission_ticks(say)),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in visit.evaluations
        for lesion in (known.lesions[one.lesion],)
    )
    head = (
        say("Lesion"),
        say("Site, evaluation"),
        say("At the start"),
        say("Size today"),
        say("Ulcerated"),
        say("VAS, pain"),
        say("Compared with the start"),
    )
    yield Table(head, (18, 0, 28, 22, 18, 20, 50), rows)
    yield Paragraph(text(remission_line(plan, say)), small=True)
    yield Blanks((say("Measured at the start by"), say("Method of measuring")))
    yield Blanks((say("Complications since the last visit"),))
    yield Signatures((say("Measured by, date"), say("Physician, date")))


def _injections(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Injection worksheet"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    yield _strength_band(plan, say)
    if plan.patient.sulfite_allergy:
        stated = say("A sulfite allergy is stated for this patient.")
        yield Paragraph(text(stated, bold=True))
    allergy = (Tick(say("no")), Tick(say("yes: stop, ask the physician")))
    yield Ticks(say("Sulfite allergy (not sulfonamide), asked today:"), allergy)
    yield from _preparation(plan, visit, say)
    yield Heading(say("Lesion by lesion"))
    yield from (Paragraph(text(one, bold=True)) for one in held_line(plan, visit, say))
    yield Bullets(
        (
            say("Inject {technique}.", technique=say(plan.protocol.technique)),
            say("The pain is asked on a visual analogue scale (VAS), 0 to 10."),
            say(
                "The volumes hold for the drug alone, unmixed. A local anaesthetic is given apart,"
                " from its own syringe."
            ),
        )
    )
    # Whoever signs sees at least one lesion on the same page.
    head, widths, rows = _lesion_table(plan, visit, known, say)
    if len(rows) > 1:
        yield Table(head, widths, rows[:-1])
    total = tuple(Paragraph(text(one, bold=True)) for one in total_line(plan, visit, say))
    last = Table(head, widths, rows[-1:])
    yield Together((last, *total, Signatures(tuple(_signatures(plan, say)))))


def _strength_band(plan: Plan, say: Language) -> Block:
    drug = say("{drug}, {strength} in the syringe", drug=plan.protocol.drug,
               strength=strength(plan, say))  # fmt: skip
    return Strip((vial_line(plan, say), text(drug, bold=True)))


def _preparation(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[Block]:
    yield Heading(say("Preparation"))
    made = tuple(preparation_lines(plan, visit, say))
    if made:
        yield Bullets(made)
    if visit.syringes:
        yield _syringe_table(plan, visit, say)
    if any(one.dose_mg is None for one in visit.injections):
        open_dose = say(
            "Doses are open: the physician writes them below; the treatment sheet converts."
        )
        yield Paragraph(text(open_dose, bold=True))
    yield Bullets(
        (
            say("Never an insulin syringe: its lines are units, not mL."),
            say("Label each syringe when it is filled, before the next one is."),
        )
    )
    yield Blanks((say("Drug: lot"), say("expiry")))
    if is_diluted(plan):
        yield Blanks((say("Diluent: lot"), say("expiry")))
        yield Signatures((say("Diluent and recipe: pharmacy, date"),))


def _syringe_table(plan: Plan, visit: PlannedVisit, say: Language) -> Block:
    done = (Tick(say("filled")), Tick(say("labelled")))
    rows = []
    for one in visit.syringes:
        parts = ", ".join(_part(part, say) for part in one.aliquots)
        line = say.ml(one.graduation_ml)
        size = say("{size}, lines of {line}", size=say.ml(one.capacity_ml), line=line)
        # ISMP: a volume that needs more than one decimal is said to.
        fine = () if ends(one.drawn_ml, 1) else (text(say("two decimals")),)
        drawn = Cell((text(say.ml(one.drawn_ml), bold=True), *fine))
        cells = (cell(str(one.number), bold=True), cell(size), drawn, cell(parts), cell(ticks=done))
        rows.append(Row(cells))
    head = (
        say("Syringe"),
        say("Size"),
        say("Draw, {strength}", strength=strength(plan, say)),
        say("For lesions"),
        say("Done"),
    )
    return Table(head, (18, 46, 26, 0, 40), tuple(rows))


def _part(part: PlannedAliquot, say: Language) -> str:
    """`A: 0.08 mL`, on one line unless the id is a long one; an id may be a number."""
    return f"{part.lesion}:{NBSP if len(part.lesion) <= SHORT_ID else ' '}{say.ml(part.ml)}"


def _lesion_table(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Table:
    syringes: dict[str, list[int]] = {}
    for syringe in visit.syringes:
        for part in syringe.aliquots:
            syringes.setdefault(part.lesion, []).append(syringe.number)
    found = (Tick(say("still there")), Tick(say("ulcer changed")), Tick(say("infected")))
    decision = (Tick(say("go on")), Tick(say("hold")))
    rows = tuple(
        Row(
            (
                Cell(
                    (
                        text(one.lesion, bold=True),
                        text(where(known.lesions[one.lesion], say)),
                        text(say("injection {count}", count=known.number(one, say))),
                    )
                ),
                cell(ticks=found),
                cell(ticks=decision),
                _dose(one, syringes.get(one.lesion, []), say),
                blank("mL")._replace(ticks=(Tick(say("given")),)),
                blank("/10"),
                blank("/10"),
                cell(),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in visit.injections
    )
    head = (
        say("Lesion"),
        say("Found"),
        say("Decision"),
        say("Dose, {strength}", strength=strength(plan, say)),
        say("Given"),
        say("VAS before"),
        say("VAS after"),
        say("Complications"),
    )
    return Table(head, (28, 33, 21, 28, 18, 15, 15, 0), rows)


def _dose(one: PlannedInjection, syringes: list[int], say: Language) -> Cell:
    """The dose and the volume of it; lines to write on where it was left open."""
    if one.dose_mg is None or one.drawn_ml is None or one.drawn_mg is None:
        return Cell((text("________ mg"), text("________ mL")), to_write=True)
    numbers = ", ".join(str(number) for number in syringes)
    return Cell(
        (
            text(say.mg(one.dose_mg), bold=True),
            mixed("{volume} ({dose})", volume=say.ml(one.drawn_ml), dose=say.mg(one.drawn_mg)),
            text(say("from syringe {numbers}", numbers=numbers)),
        )
    )


def _signatures(plan: Plan, say: Language) -> Iterator[str]:
    yield say("Prepared by, time")
    if plan.clinic.second_check:
        yield say("Second check by, time")
    yield say("Injected by (a physician trained in it), time")

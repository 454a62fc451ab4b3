"""The worksheets: each visit's evaluation and injections, to be written on at the chair."""

from __future__ import annotations

from collections.abc import Iterator

from planner.core.formatting import NBSP
from planner.core.records import Plan, PlannedInjection, PlannedVisit
from planner.documents.blocks import (
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
    cell,
    mixed,
    text,
)
from planner.documents.language import Language
from planner.documents.view import (
    Index,
    after,
    identity,
    index,
    moved_line,
    preparation_lines,
    remission_line,
    remission_ticks,
    total_line,
    visit_title,
    where,
)


def worksheets(plan: Plan, digest: str, mark: str, say: Language) -> Paper:
    """The worksheets of all visits: an evaluation's own form first, then the injections."""
    known = index(plan)
    return Paper(
        title=say("Worksheets, course {course}", course=plan.course),
        mark=mark,
        language=say.code,
        size=plan.clinic.paper,
        identity=identity(plan, digest, mark, say),
        sections=tuple(
            section for visit in plan.visits for section in _sections(plan, visit, known, say)
        ),
    )


def _sections(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Section]:
    running = visit_title(plan, visit, say)
    if visit.evaluations:
        yield Section(running, tuple(_evaluation(plan, visit, known, say)))
    if visit.injections:
        yield Section(running, tuple(_injections(plan, visit, known, say)))


def _evaluation(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Evaluation form"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    rule = say("The same measurer and the same method as at the start: the largest diameter.")
    first = (text(say("Measure before injecting."), bold=True),) if visit.injections else ()
    yield Strip((*first, text(rule)))
    answers = (Tick(say("yes")), Tick(say("no")))
    rows = tuple(
        Row(
            (
                cell(one.lesion, bold=True),
                cell(where(lesion, say)),
                cell(say.mm(lesion.size_mm), after(one.after_days, say), lesion.measured_by or ""),
                cell("_______ mm"),
                cell(ticks=answers),
                cell("____ /10"),
                cell(ticks=remission_ticks(say)),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in visit.evaluations
        for lesion in (known.lesions[one.lesion],)
    )
    head = (
        say("Lesion"),
        say("Site"),
        say("At the start, now"),
        say("Size today"),
        say("Ulcerated"),
        say("Pain (VAS)"),
        say("Compared with the start"),
    )
    yield Table(head, (18, 0, 28, 26, 18, 18, 48), rows)
    yield Paragraph(text(remission_line(plan, say)), small=True)
    yield Blanks((say("Complications since the last visit"), say("Method of measuring")))
    yield Signatures((say("Measured by, date"), say("Physician, date")))


def _injections(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Iterator[Block]:
    yield Heading(say("Injection worksheet"), 1)
    yield from (Paragraph(text(one)) for one in moved_line(visit, say))
    yield _strength_band(plan, visit, say)
    allergy = (Tick(say("no")), Tick(say("yes: stop, ask the physician")))
    yield Ticks(say("Sulfite allergy (not sulfonamide), asked today:"), allergy)
    yield from _preparation(plan, visit, say)
    yield Heading(say("Lesion by lesion"))
    yield Bullets(
        (
            say("Inject {technique}.", technique=say(plan.protocol.technique)),
            say(
                "The volumes hold for the drug alone, unmixed. A local anaesthetic is given apart,"
                " from its own syringe."
            ),
        )
    )
    yield _lesion_table(plan, visit, known, say)
    yield from (Paragraph(text(one, bold=True)) for one in total_line(plan, visit, say))
    yield Signatures(tuple(_signatures(plan, say)))


def _strength_band(plan: Plan, visit: PlannedVisit, say: Language) -> Block:
    """What must stand on the vial: the stock's strength where it is known, else the protocol's."""
    protocol, made = plan.protocol, visit.preparation
    expected = protocol.strength_mg_per_ml if made is None else made.strength_mg_per_ml
    words = say("Vial: ________ mg/mL, salt ________________. Not {strength}: stop.")
    drug = say("{drug}, {strength} at the needle", drug=protocol.drug,
               strength=say.mg_per_ml(protocol.strength_mg_per_ml))  # fmt: skip
    return Strip((mixed(words, strength=say.mg_per_ml(expected)), text(drug, bold=True)))


def _preparation(plan: Plan, visit: PlannedVisit, say: Language) -> Iterator[Block]:
    yield Heading(say("Preparation"))
    made = tuple(preparation_lines(plan, visit.preparation, say))
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
    diluted = visit.preparation is not None and bool(visit.preparation.diluent_ml)
    blanks = (say("Drug: lot"), say("expiry"))
    yield Blanks((*blanks, say("Diluent: lot"), say("expiry")) if diluted else blanks)
    if diluted:
        pharmacy = say("Diluent and recipe: pharmacy, date")
        yield Signatures((pharmacy,))


def _syringe_table(plan: Plan, visit: PlannedVisit, say: Language) -> Block:
    strength = say.mg_per_ml(plan.protocol.strength_mg_per_ml)
    rows = tuple(
        Row(
            (
                cell(str(one.number), bold=True),
                cell(
                    say(
                        "{size}, lines of {line}",
                        size=say.ml(one.capacity_ml),
                        line=say.ml(one.graduation_ml),
                    )
                ),
                cell(say.ml(one.drawn_ml), bold=True),
                cell(", ".join(f"{part.lesion}{NBSP}{say.ml(part.ml)}" for part in one.aliquots)),
                cell(ticks=(Tick(say("filled")), Tick(say("labelled")))),
            )
        )
        for one in visit.syringes
    )
    head = (
        say("Syringe"),
        say("Size"),
        say("Draw, {strength}", strength=strength),
        say("For lesions"),
        say("Done"),
    )
    return Table(head, (18, 46, 26, 0, 40), rows)


def _lesion_table(plan: Plan, visit: PlannedVisit, known: Index, say: Language) -> Block:
    syringes: dict[str, list[int]] = {}
    for syringe in visit.syringes:
        for part in syringe.aliquots:
            syringes.setdefault(part.lesion, []).append(syringe.number)
    gate = tuple(
        Tick(one)
        for one in (
            say("still there"),
            say("infected"),
            say("ulcer changed"),
            say("go on"),
            say("hold"),
        )
    )
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
                cell(ticks=gate),
                _dose(one, syringes.get(one.lesion, []), say),
                cell(ticks=(Tick(""),)),
                cell("_____ mL"),
                cell("____ /10"),
                cell("____ /10"),
                cell(),
            ),
            height_mm=ROW_TO_WRITE_MM,
        )
        for one in visit.injections
    )
    strength = say.mg_per_ml(plan.protocol.strength_mg_per_ml)
    head = (
        say("Lesion"),
        say("Before the injection"),
        say("Dose, {strength}", strength=strength),
        say("Done"),
        say("Given"),
        say("Pain before"),
        say("Pain after"),
        say("Complications"),
    )
    return Table(head, (29, 42, 28, 15, 17, 14, 14, 0), rows)


def _dose(one: PlannedInjection, syringes: list[int], say: Language) -> Cell:
    """The dose and what to draw for it; lines to write on where it was left open."""
    if one.dose_mg is None or one.drawn_ml is None:
        return cell("________ mg", "________ mL")
    drawn = "" if one.drawn_mg is None else say.mg(one.drawn_mg)
    numbers = ", ".join(str(number) for number in syringes)
    return Cell(
        (
            text(say.mg(one.dose_mg), bold=True),
            mixed(say("draw {volume} ({dose})"), volume=say.ml(one.drawn_ml), dose=drawn),
            text(say("syringe {numbers}", numbers=numbers)),
        )
    )


def _signatures(plan: Plan, say: Language) -> Iterator[str]:
    yield say("Prepared by, time")
    if plan.clinic.second_check:
        yield say("Second check by, time")
    yield say("Injected by (a physician trained in it), time")

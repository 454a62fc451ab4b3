"""Blank papers for the days on which the planner cannot be used, from a protocol and a clinic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from planner.core.calendar.clinic import Clinic
from planner.core.dosing.draw_up import draw_up
from planner.core.plan.checks import stock_findings
from planner.core.protocol.protocol import Protocol
from planner.core.protocol.rules import Rule
from planner.core.values.quantities import Dose
from planner.documents.language import Language, language
from planner.documents.paper import (
    ROW_TO_WRITE_MM,
    Blanks,
    Block,
    Bullets,
    Cell,
    Facts,
    Heading,
    Identity,
    Paper,
    Paragraph,
    Row,
    Section,
    Signatures,
    Strip,
    Table,
    Tick,
    Ticks,
    blank,
    cell,
    mixed,
    text,
)
from planner.documents.pdf import paper_pdf
from planner.documents.wording import converted_dose, is_converted, not_with_these, vial_strip

LESIONS = 8
# The steps of the table of doses: fine where a syringe of 1 mL is read, coarse above.
FINE, COARSE = Fraction("7.5"), Fraction(25)
FINE_TO = Fraction(150)


def blank_pdf(protocol: Protocol, clinic: Clinic, stamp: datetime) -> bytes:
    """The kit: what to do, a sheet for a course, a worksheet for a visit, doses as volumes."""
    say = language(clinic.language)
    title = say("Blank papers")
    label = say("Patient label: name and birth date")
    who = Identity(say("Course ____________"), "", "", label, say("Page {n} of {of}"))
    plain = who._replace(course=title, label="")
    issue = f"{protocol.id} {protocol.version}, {say.day(stamp)}"
    parts = (
        (say("When the planner cannot be used"), plain, _what_to_do(say)),
        (say("Treatment sheet"), who, _sheet(protocol, say)),
        (say("Injection worksheet"), who, _worksheet(protocol, clinic, say)),
        (say("Doses as volumes"), plain, _doses(protocol, clinic, say)),
    )
    sections = tuple(
        Section(running, issue, (Heading(running, 1), *blocks), running, identity)
        for running, identity, blocks in parts
    )
    return paper_pdf(Paper(title, "", clinic.language, clinic.paper, who, sections), stamp)


def _what_to_do(say: Language) -> Iterator[Block]:
    yield Bullets(
        (
            say("Papers that are out stay in use until a physician withdraws them."),
            say("Copy the next two pages: one sheet for a course, one worksheet for each visit."),
            say("A physician writes regimen and dose; two people check each volume in the table."),
            say(
                "The vial is read before it is opened: another strength than the worksheet's: STOP."
            ),
            say("Write the hour of everything that is done."),
            say("When the planner is back: enter each visit with the hour when it was done."),
        )
    )
    yield Blanks((say("Down since"), say("Back at"), say("Entered by, date")))


def _sheet(protocol: Protocol, say: Language) -> Iterator[Block]:
    yield Facts(
        (
            (say("Patient"), ""),
            (say("Diagnosis"), ""),
            (say("Prescriber"), ""),
            (say("First visit"), ""),
        )
    )
    yield Heading(say("Regimens"))
    rows = tuple(
        Row((cell(_condition(one, say)), cell(say.regimen(one.regimen))))
        for one in protocol.table.rules
    )
    yield Table((say("Lesion"), say("Regimen")), (0, 40), rows)
    for regimen in protocol.regimens.values():
        dose = ""
        if regimen.dose_mg is not None:
            given = say.sentence(regimen.dose_mg.words("mg"))
            dose = f"; {say('its cases were given {dose}, which is no rule', dose=given)}"
        yield Paragraph(text(f"{say.regimen(regimen.id)}: {say(regimen.title)}{dose}"), small=True)
    looks = ", ".join(
        say("day {day} (plus or minus {window})", day=one.after_days, window=one.window_days)
        for one in protocol.evaluations
    )
    yield Paragraph(text(say("Evaluations: {days}.", days=looks)), small=True)
    yield Heading(say("Lesions"))
    head = (
        say("Lesion"), say("Site, side"), say("Size, mm"), say("Ulcerated"), say("Regimen"),
        say("Dose, mg"),
    )  # fmt: skip
    answers = (Tick(say("yes")), Tick(say("no")))
    row = Row(
        (blank(), blank(), blank(), Cell(ticks=answers, to_write=True), blank(), blank()),
        ROW_TO_WRITE_MM,
    )
    yield Table(head, (16, 0, 22, 30, 34, 34), (row,) * LESIONS, (say("Physician, date"),))


def _condition(rule: Rule, say: Language) -> str:
    """What a rule asks of a lesion, all of it in the clinic's language."""
    size = "" if rule.size_mm is None else say.sentence(rule.size_mm.words("mm"))
    state = ""
    if rule.ulcerated is not None:
        state = say("ulcerated") if rule.ulcerated else say("not ulcerated")
    sites = "" if rule.sites is None else " / ".join(say.site(one) for one in rule.sites)
    return "; ".join(filter(None, (size, state, sites)))


def _worksheet(protocol: Protocol, clinic: Clinic, say: Language) -> Iterator[Block]:
    stock, there = clinic.stock, say.mg_per_ml(_in_syringe(protocol))
    inside = [mixed(say("In the syringe: {strength}."), strength=there)]
    for one in stock_findings(clinic, protocol, has_blanks=False):
        if one.code == "salt-differs":
            why = say.sentence(one.message)
            inside.append(text(say("A physician decides first: {why}", why=why)))
    strength = (stock or protocol).strength.mg_per_ml
    yield vial_strip(strength, None if stock is None else stock.salt, say, *inside)
    if _is_diluted(protocol, clinic):
        yield Blanks((say("Stock, mL"), say("Diluent, mL"), say("Recipe checked by")))
    yield Blanks((say("Visit"), say("Day and hour")))
    yield Blanks((say("Identity checked (two identifiers) by"), say("Drug: lot, expiry")))
    yield from _asked(protocol, say)
    head = (
        say("Lesion"), say("Dose, mg"), say("Draw, {strength}", strength="mL"), say("Checked by"),
        say("Given"), say("VAS before"), say("VAS after"), say("Complications"),
    )  # fmt: skip
    row = Row((blank(), blank("mg"), blank("mL"), *(blank(),) * 5), ROW_TO_WRITE_MM)
    yield Table(head, (16, 24, 24, 22, 22, 20, 20, 0), (row,) * LESIONS)
    yield Signatures((say("Prepared by, date"), say("Second check"), say("Physician, date")))


def _asked(protocol: Protocol, say: Language) -> Iterator[Block]:
    for lead, stops in (
        (say("Asked today; at a yes stop, ask the physician:"), True),
        (say("Asked today; at a no stop, ask the physician:"), False),
    ):
        asked = [say(one.question) for one in protocol.questions if one.stops == stops]
        if asked:
            yield Paragraph(text(lead, bold=True))
        for question in asked:
            yield Ticks(f"{question}:", (Tick(say("no")), Tick(say("yes")), Tick(say("asked"))))


def _doses(protocol: Protocol, clinic: Clinic, say: Language) -> Iterator[Block]:
    strength = say.mg_per_ml(protocol.strength.mg_per_ml)
    yield Strip((mixed(say("Volumes of {strength} in the syringe, no other."), strength=strength),))
    if _is_diluted(protocol, clinic) and clinic.stock is not None:
        words = say("The clinic's stock has {strength}: it is diluted by a written recipe first.")
        yield Strip((mixed(words, strength=say.mg_per_ml(clinic.stock.strength.mg_per_ml)),))
    rows = tuple(_dose_row(dose, protocol, clinic, say) for dose in _steps(protocol))
    yield Table((say("Dose"), say("Draw"), say("Syringe")), (34, 0, 40), rows)


def _dose_row(dose: Fraction, protocol: Protocol, clinic: Clinic, say: Language) -> Row:
    """What the syringes show of a dose; words where a plan would ask a physician."""
    made = draw_up(Dose(dose), protocol.strength, clinic.syringes)
    name = cell(say.mg(dose), bold=True)
    if not is_converted(made):
        return Row((name, cell(not_with_these(say)), cell()))
    parts = " + ".join(say.ml(one.ml) for one in made.parts)
    size = say.ml(made.syringe.capacity_ml)
    sizes = size if len(made.parts) == 1 else f"{len(made.parts)} \u00d7 {size}"
    return Row((name, cell(f"{parts} ({converted_dose(made, say)})"), cell(sizes)))


def _in_syringe(protocol: Protocol) -> Fraction:
    return protocol.strength.mg_per_ml


def _is_diluted(protocol: Protocol, clinic: Clinic) -> bool:
    return clinic.stock is not None and clinic.stock.strength.mg_per_ml > _in_syringe(protocol)


def _steps(protocol: Protocol) -> Iterator[Fraction]:
    """Doses from the least step up to the largest that the source gave; without one, 2 mL's."""
    ranges = [one.dose_mg for one in protocol.regimens.values() if one.dose_mg is not None]
    named = {Fraction(bound) for one in ranges for bound in one.bounds}
    tops = [Fraction(one.high) for one in ranges if one.high is not None]
    most = max(tops, default=2 * _in_syringe(protocol))
    fine = {FINE * n for n in range(1, int(min(FINE_TO, most) / FINE) + 1)}
    coarse = {
        FINE_TO + COARSE * n for n in range(int(max(most - FINE_TO, Fraction(0)) / COARSE) + 1)
    }
    yield from sorted(one for one in fine | coarse | named if one <= most)

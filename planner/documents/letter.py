"""The letter with the patient's appointments: neutral, so that it tells nobody what is treated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from planner.core.plan.pages import LETTER_PAGE, with_pages, without_day
from planner.core.plan.plan import Plan, PlannedVisit
from planner.documents.language import Language
from planner.documents.page_head import Issue, issue_line, paper_of
from planner.documents.paper import (
    Address,
    Block,
    Bullets,
    Cell,
    Heading,
    Paper,
    Paragraph,
    Row,
    Section,
    Table,
    cell,
    text,
)
from planner.documents.qr import address_code, appointment_code


def appointment_letter(plan: Plan, issue: Issue) -> Paper:
    """The letter."""
    say = issue.say
    running = say("Your appointments")
    section = Section(running, issue_line(plan, issue, LETTER_PAGE), tuple(_blocks(plan, issue)))
    return paper_of(plan, issue, running, (section,))


def _blocks(plan: Plan, issue: Issue) -> Iterator[Block]:
    clinic, say = plan.clinic, issue.say
    yield from _heads(plan, say)
    issued = issue.stamp.astimezone(ZoneInfo(clinic.timezone)).date()
    yield Paragraph(text(say.long_day(issued)))
    yield Heading(say("Your appointments"), 1)
    if plan.patient.name:
        yield Paragraph(text(say("For {name}", name=plan.patient.name), bold=True))
    if plan.replaces is not None:
        earlier = say("This letter replaces the earlier one: its times may have changed.")
        yield Paragraph(text(earlier, bold=True))
    yield Paragraph(text(_absence(plan, say)))
    yield Paragraph(text(say("Please bring:")))
    yield Bullets(
        (
            say("this letter and proof of who you are"),
            say("a list of your medicines and allergies"),
        )
    )
    yield Paragraph(text(say("We have set these times aside for you:")))
    rows = tuple(
        _row(plan, visit, visit.start, visit.end, issue)
        for visit in with_pages(plan)
        if visit.start is not None and visit.end is not None
    )
    head = (say("No."), say("Day and time"), say("For your phone's calendar"))
    yield Table(head, (14, 0, 42), rows)
    if numbers := [str(one) for one in without_day(plan)]:
        later = say(
            "No day is set yet for: no. {numbers}. We will call you.", numbers=say.listing(numbers)
        )
        yield Paragraph(text(later, bold=True))
    yield Paragraph(text(_afterwards(plan, say)))
    if issue.address:
        yield from _subscription(issue)
    hint = say(
        "The codes bring a date into a phone's calendar. Not every phone reads them; what is"
        " printed here holds."
    )
    yield Paragraph(text(hint), small=True)


def _subscription(issue: Issue) -> Iterator[Block]:
    """Where a phone's calendar can follow the appointments, whatever becomes of them."""
    say = issue.say
    words = say(
        "Or let your phone's calendar follow all of them, also when one is moved: subscribe to the"
        " address in this code. Whoever has the address can see your appointments."
    )
    row = Row((Cell((text(words), text(issue.address))), Cell(figure=address_code(issue))))
    yield Table((), (0, 42), (row,))


def _heads(plan: Plan, say: Language) -> Iterator[Block]:
    """Whom the letter is from, and to, where the patient's address is known."""
    clinic = plan.clinic
    phone = say("Phone {phone}", phone=clinic.phone) if clinic.phone else ""
    sender = [one for one in (clinic.name, clinic.address, phone) if one]
    if plan.patient.address is None:
        yield from (Paragraph(text(one)) for one in sender)
        return
    to = [one.strip() for one in plan.patient.address.split(",")]
    yield Paragraph(text(" \u00b7 ".join(sender)), small=True)
    yield Address(tuple(one for one in (plan.patient.name or "", *to) if one))


def _afterwards(plan: Plan, say: Language) -> str:
    """What to look for two days after a visit, in words that tell nobody what was done."""
    signs = say(
        "On the days after each visit, on the second above all, look: if you have a fever, or if a"
        " place becomes redder,"
        " warmer, more swollen or more painful, or turns white or blue,"
    )
    if plan.clinic.phone:
        return f"{signs} {say('phone {phone} the same day.', phone=plan.clinic.phone)}"
    return f"{signs} {say('tell the clinic the same day.')}"


def _absence(plan: Plan, say: Language) -> str:
    if plan.clinic.phone:
        return say(
            "If you cannot come, or feel ill before a visit, please phone {phone}.",
            phone=plan.clinic.phone,
        )
    return say("If you cannot come, or feel ill before a visit, please tell the clinic.")


def _row(plan: Plan, visit: PlannedVisit, start: datetime, end: datetime, issue: Issue) -> Row:
    say = issue.say
    when = (
        text(say.long_day(start), bold=True),
        text(say("{start} to {end}", start=f"{start:%H:%M}", end=f"{end:%H:%M}"), bold=True),
    )  # fmt: skip
    code = Cell(figure=appointment_code(plan, visit, issue))
    return Row((cell(str(visit.number)), Cell(when), code))

"""The letter with the patient's appointments: neutral, so that it tells nobody what is treated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from planner.core.plan.pages import LETTER_PAGE, with_pages
from planner.core.plan.plan import Plan, PlannedVisit
from planner.documents.language import Language
from planner.documents.paper import (
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
from planner.documents.qr import appointment_code
from planner.documents.wording import Issue, issue_line, paper_of


def appointment_letter(plan: Plan, issue: Issue) -> Paper:
    """The letter."""
    say = issue.say
    running = say("Your appointments")
    section = Section(running, issue_line(plan, issue, LETTER_PAGE), tuple(_blocks(plan, issue)))
    return paper_of(plan, issue, running, (section,))


def _blocks(plan: Plan, issue: Issue) -> Iterator[Block]:
    clinic, say = plan.clinic, issue.say
    sender = tuple(text(one) for one in (clinic.name, clinic.address) if one)
    yield from (Paragraph(one) for one in sender)
    if clinic.phone:
        yield Paragraph(text(say("Phone {phone}", phone=clinic.phone)))
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
    hint = say(
        "The codes bring a date into a phone's calendar. Not every phone reads them; what is"
        " printed here holds."
    )
    yield Paragraph(text(hint), small=True)


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

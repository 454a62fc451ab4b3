"""A visit as a QR code that a phone's camera takes into its calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from planner.core.plan.plan import Plan, PlannedVisit
from planner.documents.calendars import patient_summary
from planner.documents.ical import escaped, of_today
from planner.documents.page_head import Issue
from planner.documents.paper import Figure

SIDE_MM = 30
# What version 10 holds at the lowest error correction: at 30 mm its modules are half a millimetre.
MOST_BYTES = 271


def appointment_code(plan: Plan, visit: PlannedVisit, issue: Issue) -> Figure:
    """The code of a visit; a neutral text, as in the patient's calendar file."""
    if visit.start is None:
        raise ValueError(f"visit {visit.number} has no day")
    say = issue.say
    alt = say("QR code of the appointment, {start}", start=say.moment(visit.start))
    return _figure(_event(plan, visit, issue.stamp), alt)


def address_code(issue: Issue) -> Figure:
    """The code of the address at which a phone subscribes to the patient's calendar."""
    return _figure(issue.address.encode(), issue.say("QR code of the address of your calendar"))


def _figure(content: bytes, alt: str) -> Figure:
    import segno

    code = segno.make(content, error="l", micro=False)
    out = BytesIO()
    code.save(out, kind="svg", border=0, xmldecl=False, svgns=True)
    return Figure(out.getvalue().decode(), alt, SIDE_MM)


def _event(plan: Plan, visit: PlannedVisit, stamp: datetime) -> bytes:
    """One event, with the clinic's name and place as far as the code stays legible."""
    name, address = plan.clinic.name, plan.clinic.address
    short = patient_summary(plan)
    summary = f"{short}, {name}" if name else short
    place = ", ".join(filter(None, (name, address)))
    texts = [
        {"SUMMARY": short, "LOCATION": place},
        {"SUMMARY": summary},
        {"SUMMARY": short},
    ]
    found = [_lines(visit, stamp, one) for one in texts]
    return next((one for one in found if len(one) <= MOST_BYTES), found[-1])


def _lines(visit: PlannedVisit, stamp: datetime, texts: dict[str, str]) -> bytes:
    start, end = visit.start, visit.end
    if start is None or end is None:
        raise ValueError(f"visit {visit.number} has no day")
    rows = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-",
        "BEGIN:VEVENT",
        f"UID:{visit.uid}",
        f"DTSTAMP:{_instant(stamp)}",
        f"DTSTART:{_instant(of_today(start, visit.timezone))}",
        f"DTEND:{_instant(of_today(end, visit.timezone))}",
        *(f"{name}:{escaped(text)}" for name, text in texts.items() if text),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(rows).encode()


def _instant(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"

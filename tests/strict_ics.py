"""A strict check of calendar files: what RFC 5545 asks for and real readers stumble over.

No library catches wrong order, missing folding, a missing last CRLF or `P1W3D`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

TEXTS = {"SUMMARY", "LOCATION", "DESCRIPTION", "NAME", "X-WR-CALNAME"}
ONCE = {
    "VCALENDAR": ("VERSION", "PRODID"),
    "VEVENT": ("UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS"),
    "VALARM": ("ACTION", "TRIGGER", "DESCRIPTION"),
    "VTIMEZONE": ("TZID",),
    "STANDARD": ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"),
    "DAYLIGHT": ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"),
}
DURATION = re.compile(r"-?P(\d+W|\d+D(T(\d+H)?(\d+M)?(\d+S)?)?|T(\d+H)?(\d+M)?(\d+S)?)")
LINE = re.compile(r"([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:\"[^\"]*\"|[^\";:,]*))*):(.*)")
CHILDREN = {
    "VCALENDAR": ("VTIMEZONE", "VEVENT"),
    "VTIMEZONE": ("STANDARD", "DAYLIGHT"),
    "VEVENT": ("VALARM",),
}


def faults(content: bytes) -> list[str]:
    """Everything that is wrong with a calendar file of the planner."""
    return list(_octet_faults(content)) + list(_line_faults(content))


def _octet_faults(content: bytes) -> Iterator[str]:
    if not content.endswith(b"\r\n"):
        yield "no CRLF at the end"
    if re.search(rb"[^\r]\n|\r[^\n]", content):
        yield "a line that does not end with CRLF"
    for line in content.split(b"\r\n"):
        if len(line) > 75:
            yield f"{len(line)} octets in a line"
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            yield "a character is split by folding"
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", content):
        yield "a control character"


def _line_faults(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace").replace("\r\n ", "")
    open_components: list[tuple[str, list[str], list[str]]] = []
    zones: set[str] = set()
    uids: list[str] = []
    for line in text.removesuffix("\r\n").split("\r\n"):
        match = LINE.fullmatch(line)
        if match is None:
            yield f"not a content line: {line!r}"
            continue
        name, parameters, value = match.groups()
        if name == "BEGIN":
            if open_components:
                parent, _, children = open_components[-1]
                allowed = CHILDREN.get(parent, ())
                if value not in allowed:
                    yield f"{value} inside {parent}"
                elif "VEVENT" in children and value == "VTIMEZONE":
                    yield "VTIMEZONE after VEVENT"
                children.append(value)
            elif value != "VCALENDAR":
                yield f"{value} outside a calendar"
            open_components.append((value, [], []))
            continue
        if not open_components:
            yield f"{name} outside a calendar"
            continue
        component, names, children = open_components[-1]
        if name == "END":
            if value != component:
                yield f"END:{value} of {component}"
            for needed in ONCE.get(component, ()):
                if names.count(needed) != 1:
                    yield f"{component} has {names.count(needed)} {needed}"
            open_components.pop()
            continue
        if children:
            yield f"{name} after {children[-1]} in {component}"
        names.append(name)
        yield from _value_faults(component, name, parameters, value, zones)
        if name == "UID":
            uids.append(value)
        if component == "VTIMEZONE" and name == "TZID":
            zones.add(value)
    if open_components:
        yield f"{open_components[-1][0]} is not ended"
    if len(set(uids)) != len(uids):
        yield "a UID stands twice"


def _value_faults(
    component: str, name: str, parameters: str, value: str, zones: set[str]
) -> Iterator[str]:
    if name in ("METHOD", "ORGANIZER", "ATTENDEE"):
        yield f"{name} in a file that is no invitation"
    if name in TEXTS and re.search(r"[\\;,]", re.sub(r"\\[\\;,nN]", "", value)):
        yield f"{name} is not escaped: {value!r}"
    if name in ("TRIGGER", "REFRESH-INTERVAL"):
        ends = value.endswith(("P", "T"))
        if not DURATION.fullmatch(value) or ends:
            yield f"{value} is no duration"
    if name in ("DTSTART", "DTEND") and component == "VEVENT":
        zone = re.search(r";TZID=([^;]*)", parameters)
        if zone is None and not value.endswith("Z"):
            yield f"{name} is floating"
        if zone is not None and (zone[1] not in zones or value.endswith("Z")):
            yield f"{name} names {zone[1]}, which has no VTIMEZONE, or is UTC"
    if name in ("DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED"):
        try:
            datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")
        except ValueError:
            yield f"{name} is no time: {value}"
        if name in ("DTSTAMP", "LAST-MODIFIED") and not value.endswith("Z"):
            yield f"{name} is not UTC"
    if name == "SEQUENCE" and not value.isdigit():
        yield f"SEQUENCE is {value}"
    if name == "STATUS" and value not in ("CONFIRMED", "CANCELLED"):
        yield f"STATUS is {value}"

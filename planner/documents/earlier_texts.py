"""Texts as version 0.2 kept them, taken apart by their English: it kept nothing else of them.

A finding, or why a visit was moved, keeps today what it is made of. Nothing new comes in here.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

from planner.core.values.formatting import day, moment
from planner.core.values.said import Said, joined, said

_PLACE = re.compile(r"\{(\w+)\}")
# A pattern of so few letters of its own is no whole sentence.
_LOOSE = 8
_JOINTS = ("; ", ", ")
_DAY, _MOMENT = "%a %d %b %Y", "%a %d %b %Y %H:%M"

# A place whose name starts with `as_is` holds what somebody typed.
SENTENCES = (
    # findings
    "{meaning} ({values})",
    "{target}: {value}",
    "visit {n}",
    "{n} visit: {visits}",
    "{n} visits: {visits}",
    "{n} lesion: {as_is_lesions}",
    "{n} lesions: {as_is_lesions}",
    "chosen by the physician: {regimen}; rule {rule} gives {other} ({evidence})",
    "{amount} more would change the regimen to {regimen}.",
    "{amount} less would change the regimen to {regimen}.",
    "Over {amount} more would change the regimen to {regimen}.",
    "Over {amount} less would change the regimen to {regimen}.",
    "By however little another size would change the regimen to {regimen}.",
    "{what}; treated were {others} ({place})",
    "{as_is_diagnosis}; treated were {as_is_others}",
    "stated for this patient; a sulfite allergy is not a sulfonamide allergy",
    "assumed, as no clinic file states it: {what}",
    "no approval of {as_is_protocol} in the clinic file",
    "the approval of {as_is_protocol} was to be reviewed by {day}",
    "the approval of {as_is_protocol} begins on {day}",
    "version {as_is_versions} is approved, this is {as_is_version}",
    "read the strength on the vial; if it is not {strength}, stop",
    "the stock has {strength} and is diluted to {wanted}",
    (
        "the stock has {strength} and is diluted to {wanted}; a dose is open, so that the recipe"
        " is open too"
    ),
    "the clinic file does not name it",
    (
        "the stock is anhydrous: the same mass holds more thiosulphate than the pentahydrate;"
        " the source does not name its salt"
    ),
    "no dose is given",
    "{jump}; is a point misplaced?",
    "{first} to {second}",
    "{drawn} drawn for {dose} ({deviation})",
    "{doses}; cases of the {regimen} regimen were given {given} ({place})",
    "{doses}; cases of the {regimen} regimen were given {given} ({place}); {compared}",
    "{doses}: above the cases that it is compared with; {compared}",
    "{compared}; note that {caveats}",
    ("at this site at most {most} ({cases}), nearest in size ({sizes}) at most {other} ({others})"),
    "at this site at most {most} ({cases})",
    "nearest in size ({sizes}) at most {most} ({cases})",
    "case {as_is_patient}",
    "cases {as_is_patients}",
    "{as_is_lesions} together {total}: {compared}",
    "{as_is_lesions} together {total}",
    "{totals}; the source gave {given} at a visit ({place})",
    "{total} at this visit; the source gave {given} ({place})",
    "{doses}: over ten times {most}, the most that such cases were given; is it a slip?",
    "{volumes}: under ten lines of its syringe ({line} each)",
    "{volumes}; the clinic's limit for one injection there is {most}",
    "{as_is_lesions} from one syringe by one needle, intact lesions first",
    "{age}; treated were {ages} ({place})",
    "{n} year",
    "{n} years",
    "{low} to {high} years",
    "{question}: yes",
    "{question}: no",
    "{amount} or more",
    "{amount} or less",
    "over {amount}",
    "under {amount}",
    "visit {n}, due {due}, on {start}: {because}",
    "visit {n}, due {due}, on {start}",
    "{visit}: outside the window of {window} (the clinic's policy)",
    (
        "parts of the country ({parts}) have public holidays of their own, and the clinic"
        ' file does not state one: subdivision = "{part}" or the like'
    ),
    "{visit}: {near}; the shortest interval is {least}",
    "{lesions} {days} from the injection on {on}",
    "{days} from another injection of a lesion",
    "{n} day",
    "{n} days",
    "\u00b1{n} day",
    "\u00b1{n} days",
    (
        "{as_is_zone}: {visits}, from {start} on: issued at {as_is_before},"
        " by today's rules {as_is_now}; the wall clock stands"
    ),
    # why a visit is not when it was due
    "public holiday ({name})",
    "the clinic is closed that day",
    "the clinic is closed {as_is_hours} that day",
    "not an opening day",
    "outside the opening hours for {n} minutes from {start}",
    "no room at {start}",
    "moved by the physician",
    "injections of a lesion stay {days} apart",
    "another visit of the course is on that day",
    "the visits keep their order",
    # values and their parts
    "not stated",
    "not given",
    "stated",
    "stated by the source",
    "inferred",
    "inferred from a case",
    "extrapolated",
    "anhydrous",
    "weekdays {hours}",
    "no public holidays",
    "no stock",
    "syringes of 1, 3, 5 and 10 mL",
    "{what}, syringes of 1, 3, 5 and 10 mL",
    "{what}, syringes of 1, 3, 5 and 10 mL, {more}",
    "pentahydrate",
    # where the bundled protocol's figures stand
    "Methods, paragraph {n}",
    "Results, paragraph {n}",
    "Table {n}, row {row}",
    "Table {n}, rows {rows}",
    "Table {n}",
)


def taken_apart(text: str) -> str:
    """A text that was kept, as what it is made of; any other as a word of ours."""
    if text in SENTENCES:
        return said(text)
    for pattern, template in _patterns():
        if match := pattern.fullmatch(text):
            places = {
                name: part if name.startswith("as_is") else taken_apart(part)
                for name, part in match.groupdict().items()
            }
            return said(template, **places)
    for joint in _JOINTS:
        if joint in text:
            return joined([taken_apart(part) for part in text.split(joint)], joint)
    if " and " in text:
        first, _, last = text.rpartition(" and ")
        return said("{first} and {last}", first=taken_apart(first), last=taken_apart(last))
    return _day(text)


def _day(text: str) -> Said:
    """A day as the core writes one; any other text as a word, which the catalogue may know."""
    for form in (_DAY, _MOMENT):
        try:
            at = datetime.strptime(text, form)
        except ValueError:
            continue
        return day(at) if form == _DAY else moment(at)
    return said(text)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each sentence with places as a pattern, those with the most words of their own first."""
    with_places = [text for text in SENTENCES if "{" in text]
    return tuple(
        (re.compile(_pattern(text), re.DOTALL), text)
        for text in sorted(with_places, key=lambda text: -len(_PLACE.sub("", text)))
    )


def _pattern(text: str) -> str:
    parts = _PLACE.split(text)
    # One of few words would take several sentences for its own.
    words = "".join(parts[::2])
    is_loose = len(words) <= _LOOSE and "(" not in words and any(map(str.isalpha, words))
    held = "[^;]+?" if is_loose else ".+?"
    return "".join(
        f"(?P<{part}>{held})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )

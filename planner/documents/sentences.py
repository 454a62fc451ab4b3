"""What the core says in whole sentences, as papers in another language have to know it.

Each is the core's text with {places}; a place whose name starts with `as_is` holds what somebody
typed and is never translated. The tests plan courses until each code is seen and find what is
missing here.
"""

from __future__ import annotations

from planner.core.plan.findings import CODES, SEVERITIES


def msgid(text: str) -> str:
    """The text itself, marked for the catalogues where it is said by another name."""
    return text


SENTENCES = (
    *CODES.values(),
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
    # as courses of earlier versions keep it
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
    # as courses of the first edition keep it
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
    # Danish holidays, as the library of holidays names them
    "New Year's Day",
    "Maundy Thursday",
    "Good Friday",
    "Easter Sunday",
    "Easter Monday",
    "Ascension Day",
    "Pentecost",
    "Pentecost Monday",
    "Christmas Day",
    "Second Day of Christmas",
    # on the page
    "planned",
    "running",
    "held",
    "ended",
    "physician",
    "nurse",
    "secretary",
    "auditor",
    "administrator",
    "rooms",
    "nurses",
    "physicians",
    "nothing is said",
    "fill it in",
    "say why it is so all the same",
    "nothing was entered",
    "enter a size or a dose",
    "enter what was given",
    "which one is right?",
    "a reason is given, and not that it was not given",
    "a free time is chosen as well",
    "this page was filled in by somebody else",
    "open it again",
    "There is no such clinic.",
    "the clinic's holidays of {n} are not known",
    "is the year right?",
    "{as_is_day} is still to come",
    "choose a day until today",
    "{n} visit moved of patients whose data is restricted",
    "{n} visits moved of patients whose data is restricted",
    "tell them",
    "its papers are not made then",
    "their papers are not made then",
    "course {as_is_course}: {finding}",
    "{meaning} ({n} course)",
    "{meaning} ({n} courses)",
    "it is no name: the page plans new courses there",
    "choose another id",
    "write it as {as_is_text}",
    "name or password is wrong",
    "try again",
    "{as_is_text} is not a number",
    "{as_is_text} may be thousands",
    "write it without a mark, or as 1.5",
    "{as_is_text} is not a date",
    "{as_is_text} is not a day and hour",
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
    "; ",
    ", ",
    " and ",
    # words chosen by what the plan holds
    *SEVERITIES,
    "injection",
    "evaluation",
    "DRAFT",
    "reprint",
    # where the bundled protocol's figures stand
    "Methods, paragraph {n}",
    "Results, paragraph {n}",
    "Table {n}, row {row}",
    "Table {n}, rows {rows}",
    "Table {n}",
)

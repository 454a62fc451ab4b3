"""What lists for reporting a series ask for, with what the register tells of it and what it cannot.

The lists are CARE (single patients) and PROCESS (series); the items are in our own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.core.series.description import NOT_KNOWN, Description, Few, Spread
from planner.documents.language import Language
from planner.documents.series.words import endings_told, few, sexes_told
from planner.documents.wording import ENGLISH, after


class Item(NamedTuple):
    """What is asked, by which lists, and what can be said of it."""

    asked: str
    lists: str
    answer: str
    # Whether the register answers it.
    is_known: bool


def checklist(found: Description, say: Language = ENGLISH) -> list[Item]:
    """The items in the order in which a report is written."""
    told = (*_who(found, say), *_what(found, say), *_rest(found, say))
    return [Item(*one, is_known=not one[2].startswith(_not_known(say))) for one in told]


def _not_known(say: Language) -> str:
    return say("not in the register: write it")


def _who(found: Description, say: Language) -> Iterator[tuple[str, str, str]]:
    both = "CARE, PROCESS"
    patients = found.people(found.patients)
    people = say("{patients} patients, {lesions} lesions", patients=patients, lesions=found.lesions)
    yield say("how many patients and lesions"), "PROCESS", people
    yield say("age"), both, _years(found.age, say("not known of any patient"), say)
    yield say("sex"), both, _sexes(found, say)
    years = _years(found.disease_years, _not_known(say), say)
    yield say("duration of the disease"), both, years
    serology = say("in courses.csv, where it was entered")
    yield say("serology"), both, _in_table(found, serology, say)
    diagnosis = say("in courses.csv, as it was entered")
    yield say("diagnosis"), both, _in_table(found, diagnosis, say)
    consecutive = _of(found, found.consecutive, say)
    yield say("whether patients were included one after the other"), "PROCESS", consecutive
    yield say("who was looked at and not treated, and why"), "PROCESS", _not_known(say)
    other = _in_table(found, say("in courses.csv, where they were entered"), say)
    yield say("earlier treatment of the lesions, other treatment"), both, other


def _sexes(found: Description, say: Language) -> str:
    known = (number for name, number in found.sexes.items() if name != NOT_KNOWN)
    return sexes_told(found, say) if any(known) else _not_known(say)


def _years(found: Spread | Few | None, not_known: str, say: Language) -> str:
    if found is None:
        return not_known
    if isinstance(found, Few):
        return few(found, say)
    return say("mean {mean} years", mean=say.tenths(found.mean))


def _in_table(found: Description, where: str, say: Language) -> str:
    """Where a table tells it; a public series has none of single patients."""
    if not found.is_public:
        return where
    return say("in the register as far as it was entered, not shown in public: write it")


def _of(found: Description, number: int, say: Language) -> str:
    if not number:
        return _not_known(say)
    n, of = found.people(number), found.people(found.patients)
    return say("said of {n} of {of} patients", n=n, of=of)


def _what(found: Description, say: Language) -> Iterator[tuple[str, str, str]]:
    both = "CARE, PROCESS"
    given = say(
        "{n} injections, {missed} not given", n=found.injections, missed=found.missed_injections
    )
    each = _in_table(found, say("each in injections.csv"), say)
    yield say("the intervention, its doses and days"), both, f"{given}; {each}"
    yield say("who gave it, and what they had learnt"), "PROCESS", _not_known(say)
    changes = _in_table(found, say("holds and endings in events.csv, reasons not"), say)
    yield say("changes of the plan, with reasons"), both, changes
    yield say("when patients were looked at again"), both, _seen(found, say)
    yield say("what was measured, and how it is told"), both, say("under How it was made")
    ill = say(
        "in {n} of {of} treated lesions; their kinds: write them",
        n=found.complications.lesions,
        of=found.treated_lesions,
    )
    yield say("complications"), both, ill
    ends = endings_told(found, say) or say("no course has begun")
    yield say("who was lost, and why"), "PROCESS", ends


def _seen(found: Description, say: Language) -> str:
    """How many lesions were seen at each look."""
    return "; ".join(
        say(
            "{when}: {n} of {of} lesions",
            when=after(one.after_days, say),
            n=one.evaluated_lesions,
            of=one.treated_lesions,
        )
        for one in found.looks
    )


def _rest(found: Description, say: Language) -> Iterator[tuple[str, str, str]]:
    unknown = _not_known(say)
    pain = say("their pain is in {place}", place=say("Table 1") if found.is_public else "pain.svg")
    yield say("the patients' own view"), "CARE", f"{unknown}; {pain}"
    consent = _of(found, found.consent_to_publish, say)
    yield say("consent to publication"), "CARE, PROCESS", consent
    ethics = f"{unknown}, {say('or see the courses')}"
    yield say("ethics committee"), "CARE, PROCESS", ethics
    yield say("registration, funding, interests"), "PROCESS", unknown
    yield say("strengths, limits, what follows"), "CARE, PROCESS", unknown

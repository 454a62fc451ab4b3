"""What lists for reporting a series ask for, with what the register tells of it and what it cannot.

The lists are CARE (single patients) and PROCESS (series); the items are in our own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.core.series.description import AtLook, Description, Few, Spread
from planner.documents.series.frame import when

NOT_KNOWN = "not in the register: write it"
# What only the tables of single patients tell.
_OF_SINGLE = "in the register as far as it was entered, not shown in public: write it"


class Item(NamedTuple):
    """What is asked, by which lists, and what can be said of it."""

    asked: str
    lists: str
    answer: str

    @property
    def is_known(self) -> bool:
        """Whether the register answers it."""
        return not self.answer.startswith(NOT_KNOWN)


def checklist(found: Description) -> list[Item]:
    """The items in the order in which a report is written."""
    return [Item(*one) for one in (*_who(found), *_what(found), *_rest(found))]


def _who(found: Description) -> Iterator[tuple[str, str, str]]:
    both = "CARE, PROCESS"
    people = f"{found.people(found.patients)} patients, {found.lesions} lesions"
    yield "how many patients and lesions", "PROCESS", people
    yield "age", both, _years(found.age, "not known of any patient")
    sexes = {name: number for name, number in found.sexes.items() if number}
    shown = ", ".join(f"{name.replace('_', ' ')} {found.people(n)}" for name, n in sexes.items())
    yield "sex", both, shown if sexes.keys() - {"not_known"} else NOT_KNOWN
    yield "duration of the disease", both, _years(found.disease_years, NOT_KNOWN)
    yield "serology", both, _in_table(found, "in courses.csv, where it was entered")
    yield "diagnosis", both, _in_table(found, "in courses.csv, as it was entered")
    yield (
        "whether patients were included one after the other",
        "PROCESS",
        _of(found, found.consecutive),
    )
    yield "who was looked at and not treated, and why", "PROCESS", NOT_KNOWN
    other = _in_table(found, "in courses.csv, where they were entered")
    yield "earlier treatment of the lesions, other treatment", both, other


def _years(found: Spread | Few | None, not_known: str) -> str:
    if found is None:
        return not_known
    return f"{found}" if isinstance(found, Few) else f"mean {float(found.mean):.1f} years"


def _in_table(found: Description, where: str) -> str:
    """Where a table tells it; a public series has none of single patients."""
    return _OF_SINGLE if found.is_public else where


def _of(found: Description, number: int) -> str:
    if not number:
        return NOT_KNOWN
    return f"said of {found.people(number)} of {found.people(found.patients)} patients"


def _what(found: Description) -> Iterator[tuple[str, str, str]]:
    both = "CARE, PROCESS"
    given = f"{found.injections} injections, {found.missed_injections} not given"
    each = _in_table(found, "each in injections.csv")
    yield "the intervention, its doses and days", both, f"{given}; {each}"
    yield "who gave it, and what they had learnt", "PROCESS", NOT_KNOWN
    changes = _in_table(found, "holds and endings in events.csv, reasons not")
    yield "changes of the plan, with reasons", both, changes
    yield "when patients were looked at again", both, "; ".join(map(_seen, found.looks))
    yield "what was measured, and how it is told", both, "under How it was made"
    ill = found.complications
    shown = f"in {ill.lesions} of {found.treated_lesions} treated lesions"
    yield "complications", both, f"{shown}; their kinds: write them"
    ends = ", ".join(f"{name} {found.people(n)}" for name, n in found.endings.items() if n)
    yield "who was lost, and why", "PROCESS", ends or "no course has begun"


def _seen(one: AtLook) -> str:
    return f"{when(one.after_days)}: {one.evaluated_lesions} of {one.treated_lesions} lesions"


def _rest(found: Description) -> Iterator[tuple[str, str, str]]:
    pain = "Table 1" if found.is_public else "pain.svg"
    yield "the patients' own view", "CARE", f"{NOT_KNOWN}; their pain is in {pain}"
    yield "consent to publication", "CARE, PROCESS", _of(found, found.consent_to_publish)
    yield "ethics committee", "CARE, PROCESS", f"{NOT_KNOWN}, or see the courses"
    yield "registration, funding, interests", "PROCESS", NOT_KNOWN
    yield "strengths, limits, what follows", "CARE, PROCESS", NOT_KNOWN

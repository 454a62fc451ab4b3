"""What stands at the head of every page: whose it is, its revision and code, the patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from planner.core.plan.pages import listed_pages
from planner.core.plan.plan import Plan
from planner.core.values.formatting import NBSP
from planner.documents.language import Language, language
from planner.documents.paper import Identity, Paper, Section


class Issue(NamedTuple):
    """What an issue of papers shares: the language, the pages' codes, DRAFT or the like, when.

    `address` is where a phone subscribes to the patient's calendar; empty where it is not known.
    Nothing goes `to_patient` who died, also where another course says so.
    """

    say: Language
    codes: Mapping[str, str]
    mark: str
    stamp: datetime
    address: str = ""
    to_patient: bool = True

    @classmethod
    def of(cls, plan: Plan, mark: str, stamp: datetime) -> Issue:
        """The issue of a plan's papers, in its clinic's language."""
        return cls(language(plan.clinic.language), dict(listed_pages(plan)), mark, stamp)


def identity(plan: Plan, issue: Issue) -> Identity:
    """What stands on every page of every paper."""
    say = issue.say
    return Identity(
        course=say("Course {course}", course=plan.course),
        mark=say(issue.mark),
        patient=", ".join(patient_identifiers(plan, say)),
        label=_label_box(plan, say),
        page=say("Page {n} of {of}"),
    )


def paper_of(plan: Plan, issue: Issue, title: str, sections: tuple[Section, ...]) -> Paper:
    """A paper of a plan: every page says whose it is."""
    return Paper(
        title=title,
        mark=issue.mark,
        language=issue.say.code,
        size=plan.clinic.paper,
        identity=identity(plan, issue),
        sections=sections,
    )


def issue_line(plan: Plan, issue: Issue, page: str) -> str:
    """`revision 2, replaces 1, code 74664fd9`: by which a stale page is told.

    What is no page of the plan, as a change slip, has no code: nothing can be asked by it.
    """
    say = issue.say
    parts = [say("revision {n}", n=plan.revision)]
    if plan.replaces is not None:
        parts.append(say("replaces {n}", n=plan.replaces))
    if page in issue.codes:
        parts.append(say("code {code}", code=issue.codes[page]))
    return ", ".join(parts)


def _label_box(plan: Plan, say: Language) -> str:
    """What the patient's label has to say of who this is; nothing where all is printed."""
    patient = plan.patient
    if patient.name is None and patient.birth_date is None:
        return say("Patient label: name and birth date")
    if patient.name is None:
        return say("Patient label: name")
    return say("Patient label: birth date") if patient.birth_date is None else ""


def patient_identifiers(plan: Plan, say: Language) -> Iterator[str]:
    """Name, birth date and id of the patient, as far as they are known."""
    patient = plan.patient
    if patient.name is not None:
        yield patient.name
    if patient.birth_date is not None:
        yield say("born {day}", day=say.birth_date(patient.birth_date)).replace(" ", NBSP)
    yield say("id {id}", id=patient.id)

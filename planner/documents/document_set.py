"""The set of documents of a plan, by their names in the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from typing import NamedTuple

from planner.core.plan.pages import letter_is_due, stale_pages, with_pages
from planner.core.plan.plan import PLAN_NAME, Plan
from planner.documents.calendars import calendar_files, changes_file
from planner.documents.change_slip import Since, change_slip
from planner.documents.folder import (
    DRAFT,
    DRAFT_PAPERS,
    LABELS_NAME,
    LETTER_NAME,
    SHEET_NAME,
    SHEET_PDF,
    SLIP_NAME,
    WORKSHEETS_NAME,
)
from planner.documents.html import paper_html
from planner.documents.labels import (
    LEGIBLE,
    SMALLEST,
    label_sheets,
    labels_of,
    most_aliquots,
)
from planner.documents.page_head import Issue, paper_of
from planner.documents.paper import Paper
from planner.documents.papers import PAPERS, build_paper
from planner.documents.pdf import LabelOverflowError, MissingGlyphError, labels_pdf, lack, paper_pdf
from planner.documents.printable import typed_texts
from planner.documents.worksheets import worksheet_of
from planner.errors import InputError, Problem

Report = Callable[[str], None]


def silent(_name: str) -> None:
    """Report to nobody."""


def issued(
    plan: Plan,
    content: bytes,
    stamp: datetime,
    *,
    since: Since | None = None,
    first_label: int = 1,
    address: str = "",
    to_patient: bool = True,
    report: Report = silent,
) -> Mapping[str, bytes]:
    """Everything that is issued with a plan; `content` is its plan.json, `stamp` the time.

    `since` is what it replaces, for the file of what changed and the change slip. That one is made
    where a page went stale, the letter where the patient's times are not those of the letter
    before. The labels begin at `first_label` of their first sheet, counted from 1; `address` is
    where a phone subscribes to the patient's calendar, for the letter. Nothing goes `to_patient`
    who died, in whichever course that was told. `report` is told the name of each paper before it
    is made.
    """
    return {
        PLAN_NAME: content,
        **dict(calendar_files(plan, stamp, to_patient=to_patient)),
        **(changes_file(since.plan, plan, stamp, to_patient=to_patient) if since else {}),
        **papers(
            plan,
            stamp,
            since=since,
            first_label=first_label,
            address=address,
            to_patient=to_patient,
            report=report,
        ),
    }


def papers(
    plan: Plan,
    stamp: datetime,
    mark: str = "",
    *,
    since: Since | None = None,
    first_label: int = 1,
    address: str = "",
    to_patient: bool = True,
    only: str | None = None,
    report: Report = silent,
) -> Mapping[str, bytes]:
    """The papers of a plan, or `only` one of them, each page marked where a mark is given.

    A draft has the treatment sheet and the worksheets alone; where nothing is to come, or nothing
    that has a day, there is nothing to draw up or to write to the patient. Raises InputError for
    a character that the papers' fonts lack, by its places in the plan.
    """
    issue = Issue.of(plan, mark, stamp)._replace(address=address, to_patient=to_patient)

    @cache
    def paper(name: str) -> Paper:
        return build_paper(name, plan, issue)

    def made_of(name: str) -> bytes:
        return paper_pdf(paper(name), stamp)

    makers: dict[str, Callable[[], bytes]] = {
        SHEET_NAME: lambda: paper_html(paper(SHEET_PDF)),
        **{name: partial(made_of, name) for name in PAPERS},
        LABELS_NAME: lambda: _labels(plan, issue, first_label),
    }
    if since is not None:
        makers[SLIP_NAME] = lambda: paper_pdf(change_slip(plan, since, issue), stamp)
    if mark == DRAFT:
        makers = {name: makers[name] for name in DRAFT_PAPERS}
    idle = set(_idle(plan, since))
    makers = {
        name: make for name, make in makers.items() if name not in idle and only in (None, name)
    }
    with _located_in(plan):
        return _made(makers, report)


@contextmanager
def _located_in(plan: Plan) -> Iterator[None]:
    """Name the places of a plan that hold what the papers' fonts lack."""
    try:
        yield
    except MissingGlyphError as error:
        found = [
            lack(place, held)
            for place, typed in typed_texts(plan)
            if (held := [one for one in error.characters if one in typed])
        ]
        raise InputError(*(found or error.problems)) from error


def _made(makers: Mapping[str, Callable[[], bytes]], report: Report) -> dict[str, bytes]:
    made = {}
    for name, make in makers.items():
        report(name)
        made[name] = make()
    return made


def paper_names(plan: Plan, since: Since | None = None) -> list[str]:
    """The papers of a plan that would tell somebody something, by the names of their files."""
    names = [*PAPERS, LABELS_NAME, *([SLIP_NAME] if since is not None else [])]
    needless = list(_idle(plan, since))
    return [name for name in names if name not in needless]


def _idle(plan: Plan, since: Since | None) -> Iterator[str]:
    """The papers that would tell nobody anything."""
    coming = list(with_pages(plan))
    if not coming:
        yield WORKSHEETS_NAME
    if not any(visit.injections for visit in coming):
        yield LABELS_NAME
    letter = since and since.letter
    if not coming or (letter is not None and not letter_is_due(letter, plan)):
        yield LETTER_NAME
    if since is not None and not (since.entries and stale_pages(since.plan, plan)):
        yield SLIP_NAME


def _labels(plan: Plan, issue: Issue, first: int) -> bytes:
    """The labels, one a syringe where its text can be read on one, else with fewer lesions each."""
    number = 0
    # Smaller letters are for a name that no label was made for.
    sizes = [(most, LEGIBLE) for most in most_aliquots(plan)]
    for most, size in (*sizes, (1, SMALLEST)):
        try:
            return labels_pdf(label_sheets(plan, issue, first, most, size), issue.stamp)
        except LabelOverflowError as error:
            number = error.number
    fix = "shorten the patient's name and id, or the lesion's id"
    raise InputError(Problem(f"label {number}", "it cannot hold its text", fix))


class PackVisit(NamedTuple):
    """A visit of a pack, with the plan that it is of."""

    plan: Plan
    number: int


def pack(
    there: Sequence[PackVisit], title: str, stamp: datetime, report: Report = silent
) -> Mapping[str, bytes]:
    """Worksheets and labels of visits of several courses, in their order, each file where needed.

    All are of one clinic. `report` is told the name of each paper before it is made.
    """
    issues = [Issue.of(one.plan, "", stamp) for one in there]
    sections = [
        section
        for one, issue in zip(there, issues, strict=True)
        for section in worksheet_of(one.plan, one.number, issue)
    ]
    made: dict[str, bytes] = {}
    if not sections:
        return made
    first = there[0].plan
    whole = paper_of(first, issues[0], title, tuple(sections))
    report(WORKSHEETS_NAME)
    made[WORKSHEETS_NAME] = paper_pdf(whole, stamp)
    injecting = [
        (one, issue)
        for one, issue in zip(there, issues, strict=True)
        if any(visit.injections for visit in with_pages(one.plan) if visit.number == one.number)
    ]
    if injecting:
        report(LABELS_NAME)
        made[LABELS_NAME] = _pack_labels(injecting, stamp)
    return made


def _pack_labels(there: Sequence[tuple[PackVisit, Issue]], stamp: datetime) -> bytes:
    """The labels of a pack: all have letters of one size."""
    number = 0
    most_of_all = {most for one, _ in there for most in most_aliquots(one.plan)}
    sizes = [(most, LEGIBLE) for most in sorted(most_of_all, reverse=True)]
    for most, size in (*sizes, (1, SMALLEST)):
        labels = [
            each for one, issue in there for each in labels_of(one.plan, one.number, issue, most)
        ]
        sheets = label_sheets(there[0][0].plan, there[0][1], 1, most, size)
        try:
            # The flags of several courses: none of them is that of the sheet.
            return labels_pdf(sheets._replace(labels=tuple(labels), head=""), stamp)
        except LabelOverflowError as error:
            number = error.number
    raise InputError(
        Problem(f"label {number}", "it cannot hold its text", "shorten the lesion's id")
    )

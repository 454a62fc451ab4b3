"""Which documents of a course were made, which pages of them hold, and what came after them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, select

from planner.app.courses import change, changes_after
from planner.app.one_patient import check_not_dead, states_of
from planner.app.roles import Author
from planner.core.followup.course_state import IssuedSet
from planner.core.followup.events import Document, Entry, Evaluated, Given, Issued
from planner.core.plan.appointments import Named
from planner.core.plan.pages import LETTER_PAGE, code_of, stale_pages, visit_page
from planner.core.plan.plan import Page, Plan
from planner.core.values.formatting import moment
from planner.core.values.said import said
from planner.documents.change_slip import Since
from planner.errors import Problem, RefusedError
from planner.store.database import Database
from planner.store.histories import pages_of_issue
from planner.store.standing import Standing, check_not_erased, read_standing
from planner.store.tables import pages


class IssuedPage(NamedTuple):
    """A page that was issued, and whether it still holds.

    `page` is empty for the first edition, where one code stood on all pages; `carried_out` is when
    the visit was of a page that was carried out. `now` is the revision that the course is at.
    """

    course: str
    page: str
    code: str
    revision: int
    state: Literal["current", "stale", "carried-out"]
    carried_out: datetime | None
    now: int

    @property
    def told(self) -> str:
        """What to say of it."""
        name = f"Course {self.course}, {self.page or 'all pages'}, revision {self.revision}"
        if self.carried_out is not None:
            return f"{name}: carried out {moment(self.carried_out)}"
        if self.state == "stale":
            return f"{name}: STALE: the course is at revision {self.now}"
        return f"{name}: current"


def issue_of(connection: Connection, course: str) -> Standing:
    """The course as documents would be made of it now.

    Raises RefusedError where it runs on beside one that says that the patient died.
    """
    standing = read_standing(connection, course)
    patient = standing.record.patient
    check_not_erased(patient)
    if standing.record.has_ended_beside and standing.state.ended is None:
        check_not_dead(states_of(connection, patient))
    return standing


def replaced(standing: Standing) -> Since | None:
    """The plan whose papers are replaced, as it was when they were made, and what came after.

    None where these are the first papers of the course.
    """
    before = [one for one in standing.state.issues if one.issued.revision < standing.state.revision]
    # A day's papers alone are those that are out, where no whole set ever was.
    earlier = [one for one in before if one.is_whole] or before
    if not earlier:
        return None
    last = earlier[-1]
    plan = _as_issued(standing, last)
    if not last.is_whole:
        plan = plan._replace(pages=last.issued.pages)
    if not last.issued.pages:
        # On each page of the first edition stood the code of the set.
        plan = plan._replace(pages=tuple(Page(one.page, last.issued.code) for one in plan.pages))
    # A whole set leaves the letter out where the one before still holds.
    letters = [one for one in before if one.is_whole or _has_letter(one)]
    letter = _as_issued(standing, letters[-1]) if letters else None
    return Since(plan, changes_after(standing.record.entries, last.issued.revision), letter)


def _as_issued(standing: Standing, issue: IssuedSet) -> Plan:
    return Standing.of(standing.record.as_of(issue.entries)).plan


def _has_letter(issue: IssuedSet) -> bool:
    return any(one.page == LETTER_PAGE for one in issue.issued.pages)


def note_issued(
    database: Database, standing: Standing, code: str, files: Mapping[str, bytes], author: Author
) -> None:
    """Record that documents were made, once for each code of a plan.json.

    Raises RefusedError where the course moved on meanwhile.
    """
    revision = standing.state.revision
    made = [(one.issued.revision, one.issued.code) for one in standing.state.issues]
    if made and made[-1] == (revision, code):
        return
    event = _issued(standing, code, files, standing.plan.pages)
    change(database, standing.record.course, [lambda _standing: event], author, revision)


def pages_made(
    standing: Standing, own: Sequence[Page], files: Mapping[str, bytes]
) -> Issued | None:
    """The event that some pages were made, with their files.

    None where each of them has the code with which it was made last.
    """
    last = {one.page: one for issue in standing.state.issues for one in issue.issued.pages}
    new = tuple(one for one in own if last.get(one.page) != one)
    if not new:
        return None
    return _issued(standing, code_of("".join(one.code for one in new)), files, new)


def _issued(
    standing: Standing, code: str, files: Mapping[str, bytes], own: tuple[Page, ...]
) -> Issued:
    documents = tuple(
        Document(name, hashlib.sha256(content).hexdigest()) for name, content in files.items()
    )
    return Issued(standing.state.revision, code, tuple(files), documents, own)


def pages_with(connection: Connection, code: str) -> list[IssuedPage]:
    """The pages of a code. Raises RefusedError for one that was never issued."""
    query = select(pages.c.course, pages.c.page).where(pages.c.code == code).distinct()
    found = [
        page_of(read_standing(connection, course), code, page)
        for course, page in connection.execute(query.order_by(pages.c.course, pages.c.page))
    ]
    if not found:
        problem = said("the register made no page with this code")
        raise RefusedError(Problem(code, problem, said("a draft, a reprint of a file, or a slip?")))
    return found


def stale_of(standing: Standing) -> list[IssuedPage]:
    """The pages of a course that are out and do not hold any more: of each the one made last.

    Where all documents were made, their slip took out of use what is none of their pages.
    """
    last: dict[str, str] = {}
    for issue in standing.state.issues:
        made = {one.page: one.code for one in pages_of_issue(issue.issued)}
        last = made if issue.is_whole else last | made
    found = (page_of(standing, code, page) for page, code in last.items())
    return [one for one in found if one.state == "stale"]


def page_of(standing: Standing, code: str, page: str) -> IssuedPage:
    """A page of a course that was issued, as it stands now."""
    state = standing.state
    issue = [one for one in state.issues if Page(page, code) in pages_of_issue(one.issued)][-1]
    carried_out = _carried_out(standing, page)
    # A page that was carried out held, or did not, when that began.
    upto = _begun(standing, issue, page) if carried_out else len(standing.record.entries)
    is_stale = _is_stale(standing, issue, page, upto)
    if is_stale:
        carried_out = None
    return IssuedPage(
        course=standing.record.course,
        page=page,
        code=code,
        revision=issue.issued.revision,
        state="stale" if is_stale else "carried-out" if carried_out else "current",
        carried_out=carried_out,
        now=state.revision,
    )


def check_page(standing: Standing, code: str, visit: int) -> None:
    """Refuse to record a visit by a page that does not hold, or is of something else."""
    there = [
        one
        for issue in standing.state.issues
        for one in pages_of_issue(issue.issued)
        if one.code == code.strip().lower()
    ]
    if not there:
        problem = said("course {course} has no page with this code", course=standing.record.course)
        raise RefusedError(Problem("page", problem, said("look its code up")))
    for one in dict.fromkeys(there):
        found = page_of(standing, one.code, one.page)
        if found.state != "current":
            raise RefusedError(Problem("page", found.told, said("print it anew")))
        if one.page.startswith("visit-") and one.page != visit_page(visit):
            text = said(
                "it is the page of {page}, not of visit {visit}", page=one.page, visit=visit
            )
            raise RefusedError(Problem("page", text, said("take that visit's page")))


def _is_stale(standing: Standing, issue: IssuedSet, page: str, upto: int) -> bool:
    """Whether a page of an issue did not hold any more after so many events of the course.

    A code of the first edition stood on all pages, and does not hold where one of them does not.
    """
    before = Standing.of(standing.record.as_of(issue.entries))
    is_now = upto == len(standing.record.entries)
    after = standing if is_now else Standing.of(standing.record.as_of(upto))
    return any(page in ("", one.page) for one in stale_pages(before.plan, after.plan))


def _carried_out(standing: Standing, page: str) -> datetime | None:
    """When the visit of a page was, where all of it is over and some of it was done."""
    for visit in standing.plan.visits:
        if visit_page(visit.number) == page and visit.state == "done":
            return visit.start
    return None


def _begun(standing: Standing, issue: IssuedSet, page: str) -> int:
    """How many events there were before something was done at the visit of a page."""
    names: set[Named] = set()
    for visit in standing.state.visits.values():
        if visit_page(visit.number) == page:
            names = set(visit.names)
    for entry in standing.record.entries[issue.entries :]:
        if set(_done_by(entry)) & names:
            return entry.number - 1
    return issue.entries


def _done_by(entry: Entry) -> Iterator[Named]:
    """What an event says was done."""
    if isinstance(entry.event, Given):
        for one in entry.event.injections:
            yield Named(one.lesion, "injection", one.injection)
    elif isinstance(entry.event, Evaluated):
        yield Named(entry.event.lesion, "evaluation", entry.event.evaluation)

"""Papers by the page: a course's set, one of them, a day's pack; made and counted as elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, url_for
from werkzeug import Response

from planner.app.auditing import note_seen
from planner.app.clinic_papers import day_pack
from planner.app.documents import course_documents, course_paper, papers_of
from planner.app.queries import course_standing
from planner.app.roles import may
from planner.core.values.said import said
from planner.documents.language import msgid
from planner.errors import NotFoundError, Problem
from planner.store.histories import address_token
from planner.store.standing import Standing
from planner.web.courses import head_of
from planner.web.days import day_of
from planner.web.guard import is_looked_at
from planner.web.routes import Pages
from planner.web.show import file, say, show
from planner.web.visitor import author, clinic_here, database, role

pages = Pages()
PDF = "application/pdf"
TITLES = {
    "treatment-sheet.pdf": msgid("Treatment sheet"),
    "worksheets.pdf": msgid("Worksheets"),
    "labels.pdf": msgid("Labels"),
    "appointments.pdf": msgid("Letter with the appointments"),
    "change-slip.pdf": msgid("Change slip"),
    "day-list.pdf": msgid("List of the day"),
}


@pages.page("/courses/<course>/papers", may="read")
def papers(course: str) -> Response:
    """The papers of a course."""
    standing = course_standing(database(), role(), course)
    note_seen(database(), author(), "read", standing.record.course)
    names = papers_of(database(), role(), course)
    return show("papers.html.j2", **head_of(standing, say()), names=names, titles=TITLES)


@pages.action("/courses/<course>/documents", may="issued")
def make_documents(course: str) -> Response:
    """Make the whole set of a course; it counts as made."""
    standing = course_standing(database(), role(), course)
    course_documents(database(), course, author(), address=_address(standing))
    return redirect(url_for("papers", course=course), 303)


@pages.page("/courses/<course>/papers/<name>.pdf", may="read")
def paper(course: str, name: str) -> Response:
    """One paper of a course; it counts as made where somebody looks at it who prints."""
    standing = course_standing(database(), role(), course)
    is_counted = is_looked_at() and may(role(), "issued")
    content = course_paper(
        database(),
        standing.record.course,
        f"{name}.pdf",
        author(),
        is_counted=is_counted,
        address=_address(standing),
    )
    note_seen(database(), author(), f"paper {name}"[:60], standing.record.course)
    return file(content, PDF, f"{name}.pdf")


def _address(standing: Standing) -> str:
    token = address_token(standing.state)
    return url_for("subscription", token=token, _external=True) if token else ""


@pages.action("/day/<on>/print", may="issued", of_clinic=True)
def print_day(on: str) -> Response:
    """Make the day's pack; its pages count as made."""
    wanted = day_of(on)
    found = day_pack(database(), clinic_here().id, wanted, author())
    return show("day-papers.html.j2", on=wanted, found=found, titles=TITLES)


@pages.page("/day/<on>/<name>.pdf", may="read", of_clinic=True)
def day_paper(on: str, name: str) -> Response:
    """A paper of a day; its pages count as made where somebody looks at them who prints."""

    def write(files: Mapping[str, bytes]) -> None:
        if f"{name}.pdf" not in files:
            raise NotFoundError(Problem("", said("The day has no such paper.")))

    # The list is no page of anybody's course.
    is_counted = name in ("worksheets", "labels") and is_looked_at() and may(role(), "issued")
    wanted = day_of(on)
    found = day_pack(
        database(), clinic_here().id, wanted, author(), write=write, is_counted=is_counted
    )
    write(found.files)
    note_seen(database(), author(), f"paper {name[:20]} of {wanted}")
    return file(found.files[f"{name}.pdf"], PDF, f"{name}.pdf")

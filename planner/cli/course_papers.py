"""`planner course documents`, `current`: papers as a course stands, and whether a page still is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from planner.cli.papers import first_label_option, progress
from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    by_option,
    database_option,
    json_option,
    open_register,
    role,
)
from planner.errors import InputError, Problem, RefusedError


@click.command()
@click.argument("course", metavar="ID")
@click.option("--out", required=True, type=PATH, help="Their folder.")
@first_label_option
@by_option
@database_option
@json_option
def documents(
    course: str, out: Path, first_label: int, by: str | None, database: str | None, as_json: bool
) -> None:
    """Make the documents of a course as it stands, with what changed since the last ones.

    Nothing changed since: the same revision and the same bytes.

    Example: planner course documents K-0042 --out K-0042
    """
    from planner.app.documents import course_documents
    from planner.cli.output import emit_json, say
    from planner.cli.plan import issue_time
    from planner.core.plan.pages import SHEET_PAGE
    from planner.documents.wording import ending_lines

    # To make papers changes nothing, so that nobody has to answer for it.
    done = course_documents(
        open_register(database),
        course,
        author(by or "not stated"),
        out=out,
        stamp=issue_time() if "SOURCE_DATE_EPOCH" in os.environ else None,
        first_label=first_label,
        report=progress,
    )
    plan, files = done.plan, done.files
    if as_json:
        made = {
            "course": course,
            "revision": plan.revision,
            "code": dict(plan.pages)[SHEET_PAGE],
            "pages": plan.pages,
            "files": list(files),
        }
        emit_json(made, is_done=True)
        return
    lines = [
        f"Course {course}, revision {plan.revision}",
        f"Pages by their codes: {', '.join(f'{one.page} {one.code}' for one in plan.pages)}",
        f"Files in {out}/",
        f"  {' '.join(files)}",
        *ending_lines(plan, to_patient=done.to_patient),
    ]
    say("".join(f"{line}\n" for line in lines), is_done=True)


@click.command()
@click.argument("code")
@database_option
@json_option
def current(code: str, database: str | None, as_json: bool) -> None:
    """Say which page has this code and whether it still holds; exit code 13 for a stale page.

    A page is stale when something that it tells to do, and that is still to come, has changed.

    Example: planner course current 74664fd9
    """
    from planner.app.queries import pages_of_code
    from planner.cli.output import emit_json, say
    from planner.core.plan.pages import CODE_DIGITS

    wanted = code.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{8,64}", wanted):
        fix = "give the 8 letters and digits after the word code"
        raise InputError(Problem("CODE", f"{code!r} is no code of a page", fix))
    found = pages_of_code(open_register(database), role(), wanted[:CODE_DIGITS])
    if as_json:
        shown = [one._asdict() | {"current": one.state == "current"} for one in found]
        emit_json({"code": wanted[:CODE_DIGITS], "pages": shown})
    else:
        say("".join(f"{one.told}\n" for one in found))
    stale = [one for one in found if one.state == "stale"]
    if stale:
        fix = "print it anew: planner course documents"
        raise RefusedError(*(Problem(code, one.told, fix) for one in stale))

"""`planner course documents`, `current`: papers as a course stands, and whether a page still is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.papers import check_first_label, first_label_option, issued_there, progress
from planner.cli.paths import PATH
from planner.cli.register import (
    author,
    by_option,
    database_option,
    json_option,
    open_register,
)
from planner.errors import InputError, NotConfirmedError, Problem, RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from planner.store.standing import Standing

CODE_DIGITS = 8


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
    from planner.app.issued_pages import issue_of, note_issued, replaced
    from planner.cli.output import emit_json, say
    from planner.core.plan.pages import SHEET_PAGE
    from planner.documents.document_set import issued
    from planner.documents.folder import check_ours, write_folder
    from planner.documents.wording import ending_lines
    from planner.files.plan import plan_bytes

    # To make papers changes nothing, so that nobody has to answer for it.
    who = author(by or "not stated")
    register = open_register(database)
    with register.reading() as connection:
        standing = issue_of(connection, course)
    plan = standing.plan
    _stop_unless_confirmed(standing)
    check_ours(out)
    content = plan_bytes(plan)
    _check_folder(out, standing, content)
    check_first_label(first_label, plan)
    before, entries = replaced(standing)
    files = issued(
        plan,
        content,
        _stamp(standing),
        before,
        entries=entries,
        first_label=first_label,
        report=progress(plan),
    )
    code = hashlib.sha256(content).hexdigest()[:CODE_DIGITS]

    def ready() -> None:
        _check_folder(out, standing, content)
        note_issued(register, standing, code, files, who)

    write_folder(out, files, ready)
    if as_json:
        made = {
            "course": course,
            "revision": plan.revision,
            "code": dict(plan.pages)[SHEET_PAGE],
            "pages": [one._asdict() for one in plan.pages],
            "files": list(files),
        }
        emit_json(made, is_done=True)
        return
    lines = [
        f"Course {course}, revision {plan.revision}",
        f"Pages by their codes: {', '.join(f'{one.page} {one.code}' for one in plan.pages)}",
        f"Files in {out}/",
        f"  {' '.join(files)}",
        *ending_lines(plan),
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
    from planner.app.issued_pages import pages_with
    from planner.cli.output import emit_json, say

    wanted = code.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{8,64}", wanted):
        fix = "give the 8 letters and digits after the word code"
        raise InputError(Problem("CODE", f"{code!r} is no code of a page", fix))
    with open_register(database).reading() as connection:
        found = pages_with(connection, wanted[:CODE_DIGITS])
    if as_json:
        shown = [one._asdict() | {"current": one.state == "current"} for one in found]
        emit_json({"code": wanted[:CODE_DIGITS], "pages": shown})
    else:
        say("".join(f"{one.told}\n" for one in found))
    stale = [one for one in found if one.state == "stale"]
    if stale:
        fix = "print it anew: planner course documents"
        raise RefusedError(*(Problem(code, one.told, fix) for one in stale))


def _stop_unless_confirmed(standing: Standing) -> None:
    # A visit without a day is named on the sheet; only its own pages wait.
    waiting = [one for one in standing.plan.findings if one.stops and one.code != "no-open-day"]
    if not waiting:
        return
    problems = [Problem(one.code, f"{one.alone} [value: {one.value}]") for one in waiting]
    fix = "use planner course confirm, or change what is wrong (planner course move, dose)"
    raise NotConfirmedError(*problems, Problem("", "nothing was made", fix))


def _check_folder(out: Path, standing: Standing, content: bytes) -> None:
    """Refuse a folder of another course, or of another plan of this revision or a later one."""
    from planner.core.plan.zone_rules import says_the_same
    from planner.files.plan import plan_from

    if not (out / "plan.json").exists():
        return
    there = issued_there(out, standing.plan)
    is_same = says_the_same(there, plan_from(content))
    if there.revision == standing.plan.revision and not is_same:
        text = f"another plan of revision {there.revision} was issued there"
        raise RefusedError(Problem(str(out), text, "choose another --out"))
    if there.revision > standing.plan.revision:
        text = f"it holds revision {there.revision}; the register is at {standing.plan.revision}"
        raise RefusedError(Problem(str(out), text, "is this the right database?"))


def _stamp(standing: Standing) -> datetime:
    """The time of issue: SOURCE_DATE_EPOCH where it is set, else that of the last change.

    So that the same revision has the same bytes whenever it is made.
    """
    import os

    from planner.cli.plan import issue_time
    from planner.core.followup.events import UNCOUNTED

    if "SOURCE_DATE_EPOCH" in os.environ:
        return issue_time()
    changes = [one.at for one in standing.record.entries if not isinstance(one.event, UNCOUNTED)]
    changes = changes or [standing.record.entries[0].at]
    return changes[-1].replace(microsecond=0)

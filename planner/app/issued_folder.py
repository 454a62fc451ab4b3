"""A folder of issued documents: the plan that it holds, what may take its place, writing it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from planner.app.planning import check_confirmed
from planner.core.plan.plan import PLAN_NAME, Plan
from planner.core.plan.zone_rules import says_the_same
from planner.documents.change_slip import Since
from planner.documents.document_set import Report, issued, papers, silent
from planner.documents.folder import DRAFT, REPRINT, check_ours, write_folder
from planner.documents.labels import GRIDS, sheet_of
from planner.errors import InputError, Problem, RefusedError, UsageError
from planner.files.plan import plan_bytes, plan_from, read_plan
from planner.files.seal import EditedPlanError


class Written(NamedTuple):
    """The names of the files of a folder, and the plan that was there if it says the same."""

    files: tuple[str, ...]
    same: Plan | None


def read_confirmed(path: Path) -> Plan:
    """The plan of a file. Raises NotConfirmedError where it waits for a physician."""
    plan, _ = read_plan(path)
    check_confirmed(plan, str(path))
    return plan


def write_plan(
    made: Plan,
    folder: Path,
    before: Plan | None,
    stamp: datetime,
    *,
    is_draft: bool = False,
    first_label: int = 1,
    report: Report = silent,
) -> Written:
    """Make the documents of a plan into its folder; a draft's are its papers alone.

    `before` is what they follow on. Raises as `check_replaces` does, and leaves nothing behind.
    """
    content = plan_bytes(made)
    same = check_replaces(made, content, folder, is_draft=is_draft)
    check_first_label(first_label, made)
    if is_draft:
        files = papers(made, stamp, DRAFT, report=report)
    else:
        since = Since(before, (), letter=before) if before is not None else None
        files = issued(made, content, stamp, since=since, first_label=first_label, report=report)
    # Another run may have put a later revision there while the papers were made.
    write_folder(folder, files, lambda: check_replaces(made, content, folder, is_draft=is_draft))
    return Written(tuple(files), same)


def reprint(
    plan: Plan, folder: Path, stamp: datetime, *, first_label: int, report: Report = silent
) -> tuple[str, ...]:
    """Make the papers of a plan again, each page marked as a reprint; their names."""
    check_first_label(first_label, plan)
    check_free(folder)
    files = papers(plan, stamp, REPRINT, first_label=first_label, report=report)
    write_folder(folder, files, lambda: check_free(folder))
    return tuple(files)


def check_replaces(made: Plan, content: bytes, folder: Path, *, is_draft: bool) -> Plan | None:
    """Refuse to replace what is not ours, or an issued plan but by a higher revision or itself.

    The plan that is there, where it says the same in other bytes.
    """
    check_ours(folder)
    path = folder / PLAN_NAME
    if not path.exists() or (path.read_bytes() == content and not is_draft):
        return None
    if is_draft:
        text = "it holds an issued plan, which a draft does not replace"
        raise RefusedError(Problem(str(folder), text, "choose another folder"))
    there = _issued_there(folder, made)
    if made.revision == there.revision and says_the_same(there, plan_from(content)):
        return there
    if made.revision <= there.revision:
        text = f"revision {there.revision} was issued there and says something else"
        fix = f"set revision = {there.revision + 1} in the course file"
        raise RefusedError(Problem(str(folder), text, fix))
    return None


def check_carries_on(made: Plan, content: bytes, folder: Path) -> None:
    """Refuse a folder of another course, or of another plan of this revision or a later one.

    `made` is a plan of the register, which alone raises its revision.
    """
    check_ours(folder)
    if not (folder / PLAN_NAME).exists():
        return
    there = _issued_there(folder, made)
    if there.revision == made.revision and not says_the_same(there, plan_from(content)):
        text = f"another plan of revision {there.revision} was issued there"
        raise RefusedError(Problem(str(folder), text, "choose another folder"))
    if there.revision > made.revision:
        text = f"it holds revision {there.revision}; the register is at {made.revision}"
        raise RefusedError(Problem(str(folder), text, "is this the right database?"))


def check_free(folder: Path) -> None:
    """Refuse a folder that is not ours, or holds an issued plan, for a reprint."""
    check_ours(folder)
    if (folder / PLAN_NAME).exists():
        text = "an issued plan is there, which a reprint does not replace"
        raise RefusedError(Problem(str(folder), text, "choose another folder"))


def check_first_label(first: int, plan: Plan) -> None:
    """Refuse a label that the clinic's sheets do not have."""
    sheet = sheet_of(plan)
    there = GRIDS[sheet].labels
    if first > there:
        fix = f"give 1 to {there}"
        raise UsageError(Problem("first_label", f"{sheet} sheets have {there} labels", fix))


def _issued_there(folder: Path, made: Plan) -> Plan:
    """The plan that a folder holds. Raises RefusedError unless it is of the same course.

    Raises EditedPlanError for one that somebody changed: it is not written over unseen.
    """
    try:
        there, _ = read_plan(folder / PLAN_NAME)
    except EditedPlanError:
        raise
    except InputError as error:
        problem = "its plan.json is not one of the planner"
        raise RefusedError(Problem(str(folder), problem, "choose another folder")) from error
    if there.course != made.course:
        text = f"it holds course {there.course}"
        raise RefusedError(Problem(str(folder), text, "choose another folder"))
    if there.patient.id != made.patient.id:
        text = f"it holds course {there.course} of another patient"
        raise RefusedError(Problem(str(folder), text, "give the course an id of its own"))
    return there

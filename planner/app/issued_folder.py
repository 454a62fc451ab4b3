"""A folder of issued documents: which plan it holds, and what may take its place."""

from __future__ import annotations

from pathlib import Path

from planner.core.plan.plan import Plan
from planner.core.plan.zone_rules import says_the_same
from planner.documents.folder import PLAN_NAME, check_ours
from planner.documents.labels import GRIDS, sheet_of
from planner.errors import InputError, Problem, RefusedError, UsageError
from planner.files.plan import plan_from, read_plan
from planner.files.seal import EditedPlanError


def check_replaces(made: Plan, content: bytes, folder: Path, *, is_draft: bool) -> Plan | None:
    """Refuse to replace what is not ours, or an issued plan but by a higher revision or itself.

    The plan that is there, where it says the same in other bytes.
    """
    check_ours(folder)
    path = folder / "plan.json"
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
    if not (folder / "plan.json").exists():
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
        there, _ = read_plan(folder / "plan.json")
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

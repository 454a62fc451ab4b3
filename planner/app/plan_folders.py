"""Many plans, as their folders lie on a disk: the newest of each course."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from planner.app.issued_folder import read_confirmed
from planner.core.plan.plan import PLAN_NAME, Plan
from planner.core.plan.zone_rules import says_the_same
from planner.errors import Problem, RefusedError


def newest_plans(folders: Iterable[Path], caution: Callable[[str], None]) -> dict[Path, Plan]:
    """The plan of the highest revision of each course, by its file.

    A folder is a plan's, or holds such folders. `caution` is told which plans are left out. Raises
    InputError for a file that is no plan, NotConfirmedError for one that waits for a physician,
    RefusedError for two different plans of one revision.
    """
    # Files of two patients may have one course id: neither is a revision of the other.
    found: dict[tuple[str, str], tuple[Path, Plan]] = {}
    for path in sorted(set(_plan_files(folders))):
        plan = read_confirmed(path)
        whose = (plan.course, plan.patient.id)
        found[whose] = _newer(found.get(whose), (path, plan), caution)
    return dict(found.values())


def _plan_files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        inside = sorted(folder.glob(f"[!.]*/{PLAN_NAME}"))
        if (folder / PLAN_NAME).exists() or not inside:
            yield folder / PLAN_NAME
        else:
            yield from inside


def _newer(
    there: tuple[Path, Plan] | None, other: tuple[Path, Plan], caution: Callable[[str], None]
) -> tuple[Path, Plan]:
    if there is None or says_the_same(there[1], other[1]):
        return other
    older, newer = sorted((there, other), key=lambda one: one[1].revision)
    revisions = (older[1].revision, newer[1].revision)
    if revisions[0] == revisions[1]:
        text = f"another plan of course {newer[1].course}, revision {revisions[1]}, is {older[0]}"
        raise RefusedError(Problem(str(newer[0]), text, "remove the one that does not hold"))
    text = f"revision {revisions[0]} of course {newer[1].course}, left out for {revisions[1]}"
    caution(f"{older[0]}: {text}")
    return newer

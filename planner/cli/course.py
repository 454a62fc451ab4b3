"""`planner course`: the register of courses."""

from __future__ import annotations

import click

from planner.cli.lazy import LazyGroup

_CHANGES, _VIEWS, _PAPERS, _KEEPING = (
    f"planner.cli.course_{part}" for part in ("changes", "views", "papers", "keeping")
)
COMMANDS = {
    "add": "planner.cli.course_add",
    **dict.fromkeys(("list", "due", "show", "history"), _VIEWS),
    "visit": "planner.cli.course_visit",
    **dict.fromkeys(
        (
            "give",
            "answer",
            "miss",
            "move",
            "hold",
            "resume",
            "dose",
            "lesion",
            "evaluate",
            "confirm",
            "correct",
            "end",
            "undo",
        ),
        _CHANGES,
    ),
    **dict.fromkeys(("documents", "current"), _PAPERS),
    **dict.fromkeys(("export", "import", "backup", "check"), _KEEPING),
}


@click.group(cls=LazyGroup, modules=COMMANDS)
def course() -> None:
    """Follow courses through their life: what was planned, what was done, what is to come.

    Example: planner course add course.toml --clinic clinic.toml --by "Dr A. Holm"
    """

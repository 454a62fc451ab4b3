"""Asking on a terminal until an answer holds; questions go to standard error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from planner.errors import InputError, Problem


def ask(question: str, check: Callable[[str], Any], optional: bool = False) -> Any:
    """Ask until the answer holds; None for an empty answer where that is allowed."""
    from planner.files.fields import FieldError

    while True:
        try:
            answer = click.prompt(question, default="", show_default=False, err=True).strip()
        except click.Abort as stop:
            if isinstance(stop.__context__, EOFError):
                fix = "answer all questions, an empty line where you may"
                raise InputError(Problem("", f"no answer to: {question}", fix)) from stop
            raise
        if not answer and optional:
            return None
        try:
            return check(answer)
        except FieldError as error:
            click.echo(f"  {error}", err=True)
        except InputError as error:
            for problem in error.problems:
                click.echo(f"  {problem.problem}; {problem.fix}", err=True)

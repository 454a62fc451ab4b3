"""What commands share in speaking: styles of severities, and JSON."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from planner.errors import Problem, ServiceError

if TYPE_CHECKING:
    from planner.core.plan.findings import Finding, Severity

# What a terminal obeys, and what turns the direction of a line; click's own colours stay.
_OBEYED = re.compile(
    r"\x1b(?!\[[0-9;]*m)|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
    r"|[\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_COLOURS: dict[Severity, str] = {
    "error": "red",
    "confirm": "magenta",
    "caution": "yellow",
    "note": "blue",
}


def finding_lines(findings: Iterable[Finding], lesions: list[str]) -> Iterable[str]:
    """The findings, a line a code, the hardest first; open ones are told from confirmed ones."""
    from planner.core.plan.findings import lines

    shown = list(findings)
    for line in lines(shown, lesions):
        members = [f for f in shown if (f.code, f.severity) == (line.code, line.severity)]
        done = line.severity == "confirm" and not any(one.is_open for one in members)
        word = click.style(f"{line.severity:8}", fg=_COLOURS[line.severity], bold=True)
        where = f" {line.where}:" if line.where else ""
        by = ", ".join(dict.fromkeys(str(one.confirmed_by) for one in members)) if done else ""
        after = f" [entered as confirmed by {by}]" if done else ""
        yield f"  {word} {line.code}:{where} {line.message}{after}"


def emit_json(value: object, *, is_done: bool = False) -> None:
    """One JSON document on standard output; `is_done` as for `say`."""
    from planner.files.records import json_bytes

    say(json_bytes(value).decode(), is_done=is_done)


def tame(text: str) -> str:
    """A text without what a terminal would obey; somebody else may have named a file.

    Line ends stay, and the colours that click puts around words.
    """
    return _OBEYED.sub("?", text)


def remark(text: str) -> None:
    """A word on standard error of what is done already, where that can be written to."""
    with suppress(OSError):
        click.echo(tame(text), err=True)


def say(text: str, *, is_done: bool = False) -> None:
    """Print to standard output; a reader that has left does not stop the work.

    Raises ServiceError where the output cannot be written, unless what it tells of `is_done`
    already: that stands, and a caution says so.
    """
    if sys.stdout is None:
        return
    try:
        click.echo(tame(text), nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        problem = f"it cannot be written: {error.strerror}"
        if is_done:
            remark(f"caution: it is done, but standard output: {problem}")
            return
        raise ServiceError(Problem("standard output", problem, "check where it goes")) from error

"""What commands share in speaking: styles of severities, JSON, values as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

import click

from planner.core.findings import Finding, Severity, lines
from planner.errors import InputError, Problem

_COLOURS: dict[Severity, str] = {
    "error": "red",
    "confirm": "magenta",
    "caution": "yellow",
    "note": "blue",
}


def typed_number(text: str, unit: str, place: str) -> Decimal:
    """A number as people type it: `12.5`, `12.5 mg`. Raises InputError with the fix."""
    match = re.fullmatch(r"\s*([+-]?[0-9.,]+(?:[eE][+-]?\d+)?)\s*([^\d\s].*)?", text)
    if match is None:
        raise InputError(Problem(place, f"{text!r} is not a number", f"write it as 12.5 {unit}"))
    digits, said = match[1], (match[2] or unit).strip()
    if said != unit:
        raise InputError(Problem(place, f"{text!r} is not in {unit}", f"give it in {unit}"))
    if "," in digits:
        fix = f"a decimal has a point: {digits.replace(',', '.')}"
        raise InputError(Problem(place, f"{text!r} has a comma", fix))
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", digits):
        raise InputError(Problem(place, f"{text!r} is not a plain number", "write it as 12.5"))
    return Decimal(digits)


def finding_lines(findings: Iterable[Finding], lesions: list[str]) -> Iterable[str]:
    """The findings, a line a code, the hardest first; open ones are told from confirmed ones."""
    shown = list(findings)
    for line in lines(shown, lesions):
        members = [f for f in shown if (f.code, f.severity) == (line.code, line.severity)]
        done = line.severity == "confirm" and not any(one.is_open for one in members)
        word = click.style(f"{line.severity:8}", fg=_COLOURS[line.severity], bold=True)
        where = f" {line.where}:" if line.where else ""
        by = ", ".join(dict.fromkeys(str(one.confirmed_by) for one in members)) if done else ""
        after = f" [entered as confirmed by {by}]" if done else ""
        yield f"  {word} {line.code}:{where} {line.message}{after}"


def emit_json(value: object) -> None:
    """One JSON document on standard output."""
    from planner.files.plan import json_bytes

    click.echo(json_bytes(value).decode(), nl=False)

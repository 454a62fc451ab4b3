"""Reading a TOML file: bytes to a table with exact decimals, or one clear message."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from planner.core.values.said import said
from planner.errors import InputError, PlannerError, Problem

LARGEST_BYTES = 5_000_000
# A longer text is no name or note, and a paper would be drawn for minutes.
LONGEST_TEXT = 500
MOST_PLACES, DEEPEST = 60, 20
MOST_TABLES = 10_000
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""|'
    + r"'''(?:[^']|'(?!''))*+'''"
    + r'|"(?:[^"\\\n]|\\.)*+"'
    + r"|'[^'\n]*+'|#[^\n]*+",
    re.DOTALL,
)
_DEEP_KEY = re.compile(r"(?<![\w\-. \t])(?:[\w-]*+[ \t]*+\.[ \t]*+){" + f"{DEEPEST + 1}" + "}")
_LONG_NUMBER = re.compile(r"(?<![\d_])(?:\d_?){" + f"{2 * MOST_PLACES}" + "}")
_DECIMAL_COMMA = re.compile(r"=\s*\d+,\d+\s*(#.*)?$")

Table = dict[str, Any]


def read_bytes(
    path: Path, kind: type[PlannerError] = InputError, largest: int = LARGEST_BYTES
) -> bytes:
    """The bytes of a file. Raises `kind` where it cannot be read or is too large to be one."""
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fix = said("check the name and the rights")
        raise kind(Problem("", said("it cannot be read: {reason}", reason=reason), fix)) from error
    if len(content) > largest:
        fix = said("is it the right file?")
        raise kind(Problem("", said("the file is over {largest} bytes", largest=largest), fix))
    return content


def parse_toml(content: bytes, kind: type[PlannerError] = InputError) -> Table:
    """The table of a TOML text; numbers with a point are Decimals. Raises `kind`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise kind(
            Problem(f"line {line}", said("this is not UTF-8"), said("save it as UTF-8"))
        ) from error
    text = text.removeprefix("\ufeff")
    if costly := _costly(text):
        raise kind(Problem("", costly, said("is it the right file?")))
    try:
        table = tomllib.loads(text, parse_float=_toml_number)
        if not _is_in_reach(table):
            raise ValueError("a value is too deep or too long")
        return table
    except (tomllib.TOMLDecodeError, RecursionError, ValueError, ArithmeticError) as error:
        raise kind(_syntax_problem(text, str(error))) from error


def _costly(text: str) -> str | None:
    """What would keep tomllib busy for minutes: keys of many parts, endless numbers and tables."""
    bare = _QUOTED.sub("", text)
    if _DEEP_KEY.search(bare):
        return said("a key has over {most} parts", most=DEEPEST)
    if _LONG_NUMBER.search(bare):
        return said("a number is beyond any figure")
    if bare.count("[[") > MOST_TABLES:
        return said("it holds over {most} tables", most=MOST_TABLES)
    return None


def refuse_constant(text: str) -> None:
    """Refuse `NaN` and `Infinity`, which Python reads in JSON. Raises ValueError."""
    raise ValueError(f"{text} is not a number")


def _toml_number(text: str) -> Decimal:
    """A number as it is written; endless where it is beyond any figure, for its field to say."""
    try:
        return exact_decimal(text)
    except (ValueError, ArithmeticError):
        return Decimal("Infinity")


def exact_decimal(text: str) -> Decimal:
    """A number as it is written. Raises ValueError for one beyond any figure, however small."""
    value = Decimal(text.replace("_", ""))
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and (
        abs(exponent) > MOST_PLACES or value.adjusted() > MOST_PLACES
    ):
        raise ValueError("a number is beyond any figure")
    return value


def _is_in_reach(table: Table) -> bool:
    """Whether no value lies deeper, and no whole number is longer, than any file needs."""
    waiting: list[tuple[Any, int]] = [(table, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST or (isinstance(value, int) and abs(value) > 10**MOST_PLACES):
            return False
        inside = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            waiting += ((one, depth + 1) for one in inside)
    return True


def _syntax_problem(text: str, message: str) -> Problem:
    """Place, problem and fix out of what tomllib says."""
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    reason = re.sub(r" ?\(at .*\)", "", message)
    if found is None:
        return Problem(
            "",
            said("this is not TOML: {reason}", reason=reason),
            said("check quotes and brackets at the end"),
        )
    number = int(found[1])
    line = text.splitlines()[number - 1] if number <= len(text.splitlines()) else ""
    fix = said("write text in quotes, dates as 2026-09-07, and each key once")
    if _DECIMAL_COMMA.search(line):
        fix = said("a decimal has a point: 12.5, not 12,5")
    return Problem(f"line {number}", said("this is not TOML: {reason}", reason=reason), fix)

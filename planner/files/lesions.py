"""Lesions out of a spreadsheet: CSV as the programs of any country save it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from planner.core.values.said import said
from planner.errors import InputError, Problem, raise_if_any
from planner.files.course import MOST_LESIONS, DoseMg
from planner.files.fields import FieldError, check_exact, nearest, shown
from planner.files.typed_numbers import check_grouping
from planner.files.typed_numbers import read_number as read_number  # noqa: PLC0414 (forms too)

COLUMNS = (
    "id",
    "site",
    "side",
    "site_detail",
    "size_mm",
    "ulcerated",
    "dose_mg",
    "regimen",
    "measured_by",
)
_NEEDED = ("id", "site", "size_mm", "ulcerated")
# Words of a vocabulary: a spreadsheet begins a cell with a capital by itself.
_VOCABULARY = ("site", "side", "regimen")
_LONGEST_CELL = 10_000
_SAID = {
    **dict.fromkeys(("yes", "y", "true", "ja", "j", "sand", "wahr", "oui", "vrai"), True),
    **dict.fromkeys(("no", "n", "false", "nej", "nein", "falsk", "falsch", "non", "faux"), False),
}
# `sep=;` before the heading tells Excel what stands between cells; it shows it as no row.
# What spreadsheets call it.
_SAVE_AS = said('save it as "CSV UTF-8"')
_SEPARATOR = re.compile(r'"?sep=(.)"?[ ,;\t]*', re.IGNORECASE)


class LesionRow(NamedTuple):
    """A lesion's table, as far as it could be read, and its row as the spreadsheet shows it."""

    number: int
    lesion: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def read_lesions(content: bytes, *, has_commas: bool = False) -> list[LesionRow]:
    """The lesions of a CSV file, each with what is wrong with its cells, by its row.

    Raises InputError for what is no table of lesions. Decimal commas are read where no comma stands
    between the cells, or where the clinic's language `has_commas`.
    """
    text = _decoded(content)
    separator, text = _separator(text)
    records = _records(text, separator)
    heading, *rows = records or [(1, [])]
    columns = _columns(heading[1], [cells for _, cells in rows])
    if not rows:
        raise InputError(
            Problem("", said("there is no lesion in it"), said("write a row a lesion"))
        )
    has_commas = has_commas or separator != ","
    return [_lesion_row(number, columns, cells, has_commas) for number, cells in rows]


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputError(Problem("", said("this is UTF-32"), _SAVE_AS))
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content[1:2] == b"\x00" or content[:1] == b"\x00":
        encoding = "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"
    try:
        text = content.decode(encoding).removeprefix("\ufeff").rstrip("\x1a\x00")
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding == "utf-8-sig" else "UTF-16"
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            Problem(f"row {row}", said("this is not {name}", name=name), _SAVE_AS)
        ) from error
    if "\x00" in text:
        raise InputError(Problem("", said("it holds NUL characters"), _SAVE_AS))
    return text


def _separator(text: str) -> tuple[str, str]:
    """What stands between cells, and the text without the line that says so."""
    first, _, rest = text.partition("\n")
    if found := _SEPARATOR.fullmatch(first.strip("\r")):
        return found[1], rest
    heading = re.sub(r'"[^"]*+"', "", text.lstrip("\r\n \t,;").partition("\n")[0])
    return max(",;\t", key=heading.count), text


def _records(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, by the numbers that a spreadsheet shows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                found.append((number, stripped))
            if len(found) > MOST_LESIONS + 1:
                problem = said("it holds over {most_lesions} lesions", most_lesions=MOST_LESIONS)
                raise InputError(Problem("", problem, said("a course has fewer")))
    except csv.Error as error:
        row = number + 1
        fix = said("save it as CSV; a quote inside a cell is written twice")
        raise InputError(Problem(f"row {row}", said("this is not CSV"), fix)) from error
    return found


def _columns(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str | None]:
    """The column of each cell; None for one without heading, whose cells are all empty."""
    problems = []
    columns: list[str | None] = []
    for place, cell in enumerate(heading):
        name = cell.casefold()
        if not name:
            if any(len(row) > place and row[place] for row in rows):
                text = said("it has cells and no heading")
                problems.append(Problem(f"column {place + 1}", text, said("name it, or empty it")))
            columns.append(None)
        elif name not in COLUMNS:
            problems.append(
                Problem(f"column {shown(cell)[1:-1]}", said("unknown"), nearest(name, COLUMNS))
            )
        elif name in columns:
            problems.append(
                Problem(f"column {name}", said("it stands twice"), said("keep one of them"))
            )
        else:
            columns.append(name)
    raise_if_any(InputError, problems)
    return columns


def _lesion_row(
    number: int, columns: Sequence[str | None], cells: Sequence[str], has_commas: bool
) -> LesionRow:
    """A row as a lesion's table; empty cells are left out, and so are those that are wrong."""
    row = f"row {number}"
    if any(cells[len(columns) :]):
        problem = said("it has more cells than the heading")
        return LesionRow(number, {}, (Problem(row, problem, said("mend the row")),))
    readers: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(_VOCABULARY, str.casefold),
        "size_mm": lambda text: read_number(text, "mm", has_commas),
        "ulcerated": read_yes_or_no,
        "dose_mg": lambda text: read_doses(text, has_commas),
    }
    typed = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
    lesion: dict[str, Any] = {}
    problems = []
    for name, text in typed.items():
        try:
            if len(text) > _LONGEST_CELL:
                raise FieldError(said("it is too long"), said("shorten it"))
            lesion[name] = readers.get(name, str)(text)
        except FieldError as error:
            problems.append(Problem(f"{row}: {name}", error.problem, error.fix))
    problems += [
        Problem(f"{row}: {name}", said("it is missing"), said("fill the cell in"))
        for name in _NEEDED
        if name not in typed
    ]
    return LesionRow(number, lesion, tuple(problems))


def read_yes_or_no(text: str) -> bool:
    """Yes or no, in the words of a spreadsheet too. Raises FieldError."""
    word = text.strip().casefold()
    if word not in _SAID:
        raise FieldError(said("{text} does not say it", text=shown(text)), said("answer yes or no"))
    return _SAID[word]


def read_doses(text: str, has_commas: bool) -> list[Decimal]:
    """`12.5` or `12.5 57.5 72.5 87.5`, each with its unit or without. Raises FieldError."""
    check_grouping(text)
    if ";" in text and not all(one.strip() for one in text.split(";")):
        # The doses after it would be those of other injections.
        problem = said("a dose is missing in {text}", text=shown(text))
        raise FieldError(problem, said("fill it in, or take the semicolon out"))
    return [check_exact(DoseMg, read_number(one, "mg", has_commas)) for one in _each_dose(text)]


def _each_dose(text: str) -> Iterator[str]:
    """The doses of a cell; a unit belongs to the number before it."""
    for part in text.split(";"):
        words = part.split()
        for place, word in enumerate(words):
            if word.casefold() == "mg" and place:
                continue
            after = words[place + 1 : place + 2]
            yield f"{word} mg" if after and after[0].casefold() == "mg" else word

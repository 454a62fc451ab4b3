"""`planner new`: asks the questions of a course file and writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from planner.cli.asking import ask
from planner.cli.paths import PATH
from planner.core.protocol import Protocol
from planner.errors import InputError, Problem, located

CSV_COLUMNS = (
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


@click.command()
@click.argument("file", type=PATH, required=False)
@click.option(
    "--lesions",
    type=PATH,
    help=f"CSV with the columns {', '.join(CSV_COLUMNS)}.",
)
def new(file: Path | None, lesions: Path | None) -> None:
    """Ask the questions and write a course file; bad answers are refused on the spot.

    Example: planner new course.toml
    """
    from planner.cli.output import say
    from planner.documents.folder import write_file
    from planner.files.fields import (
        check_birth_date,
        check_id,
        check_moment,
        check_patient_id,
        check_text,
    )

    rows = _csv_rows(lesions) if lesions is not None else []
    if rows:
        # Before anything is asked: answers that lead nowhere are lost.
        stand_in = {"id": "K", "diagnosis": "-", "first_visit": "2026-09-07 09:00"}
        _check_whole(_course_text(stand_in, {"id": "P"}, rows).encode("utf-8"), lesions)
    if file is not None:
        _refuse_existing(file)
    course: dict[str, Any] = {"id": ask("Course id (letters, digits, - and _)", check_id)}
    target = file or Path(f"{course['id']}.toml")
    _refuse_existing(target)
    course["diagnosis"] = ask("Diagnosis", check_text)
    course["first_visit"] = ask("First visit (2026-09-07 09:00)", _moment_text(check_moment))
    patient: dict[str, Any] = {"id": ask("Patient id", check_patient_id)}
    patient["name"] = ask("Patient name (empty: a box for the label)", check_text, optional=True)
    patient["birth_date"] = ask("Birth date (1961-05-01; may be empty)", check_birth_date, True)
    rows = rows or list(_ask_lesions())
    content = _course_text(course, patient, rows).encode("utf-8")
    _check_whole(content, lesions)
    write_file(target, content)
    say(
        f"\nWritten: {target}\nNext: planner plan {target} --timezone Europe/Copenhagen\n"
        "(or --clinic CLINIC.toml; planner example clinic-copenhagen prints one to adapt)\n",
        is_done=True,
    )


def _check_whole(content: bytes, lesions: Path | None) -> None:
    """Refuse what `planner plan` would refuse, before it is written."""
    from planner.files.course import course_from
    from planner.files.protocol import load_protocol
    from planner.files.reading import parse_toml

    with located(str(lesions) if lesions is not None else ""):
        course_from(parse_toml(content), load_protocol("sts-150"), None)


def _refuse_existing(file: Path) -> None:
    if file.exists():
        fix = "name another file"
        raise InputError(Problem(str(file), "the file exists already", fix))


def _ask_lesions() -> Iterator[dict[str, Any]]:
    from planner.files.fields import check_id, check_text
    from planner.files.protocol import load_protocol

    protocol = load_protocol("sts-150")
    sites = protocol.table.domains.sites
    seen: list[str] = []
    while True:
        lesion: dict[str, Any] = {}
        click.echo(f"\nLesion {len(seen) + 1}", err=True)
        lesion["id"] = ask("  Lesion id (such as A)", _unseen(check_id, seen))
        lesion["site"] = ask(f"  Site ({', '.join(sites)})", _one_of(sites))
        if lesion["site"] not in protocol.unpaired:
            lesion["side"] = ask("  Side (left or right)", _one_of(("left", "right")))
        lesion["site_detail"] = ask("  Where exactly (may be empty)", check_text, optional=True)
        lesion["size_mm"] = ask("  Largest diameter in mm", _sized(protocol))
        lesion["ulcerated"] = ask("  Ulcerated (yes or no)", _yes_or_no)
        lesion["dose_mg"] = ask(
            "  Dose in mg (one, or one for each injection, with spaces; may be empty)",
            _doses_for(lesion, protocol),
            optional=True,
        )
        seen.append(lesion["id"])
        yield lesion
        if not click.confirm("Another lesion?", default=False, err=True):
            return


def _moment_text(check: Callable[[object], Any]) -> Callable[[object], str]:
    def checked(answer: object) -> str:
        return f"{check(answer):%Y-%m-%d %H:%M}"

    return checked


def _unseen(check: Callable[[object], str], seen: list[str]) -> Callable[[object], str]:
    from planner.files.fields import FieldError

    def checked(answer: object) -> str:
        name = check(answer)
        if name.casefold() in (one.casefold() for one in seen):
            raise FieldError(f"{name} is taken", "choose another")
        return name

    return checked


def _one_of(names: tuple[str, ...]) -> Callable[[object], str]:
    from planner.files.fields import FieldError, nearest, shown

    def checked(answer: object) -> str:
        if answer not in names:
            raise FieldError(f"{shown(answer)} is not known", nearest(str(answer), names))
        return str(answer)

    return checked


def _sized(protocol: Protocol) -> Callable[[object], Decimal]:
    from planner.cli.typed import typed_number
    from planner.errors import raise_if_any
    from planner.files.course import SizeMm
    from planner.files.fields import check_exact

    def checked(answer: object) -> Decimal:
        size = check_exact(SizeMm, typed_number(str(answer), "mm", "size"))
        found = protocol.table.input_problems(size, False, protocol.table.domains.sites[0])
        raise_if_any(InputError, found)
        return size

    return checked


def _yes_or_no(answer: object) -> bool:
    from planner.files.fields import FieldError, shown

    words = {"yes": True, "y": True, "no": False, "n": False}
    said = str(answer).lower()
    if said not in words:
        raise FieldError(f"{shown(answer)} does not say it", "answer yes or no")
    return words[said]


def _doses(answer: object) -> list[Decimal]:
    """`12.5` or `12.5 57.5 72.5 87.5`; a comma is refused, as it may be a point."""
    from planner.cli.typed import typed_number
    from planner.files.course import DoseMg
    from planner.files.fields import check_exact

    return [check_exact(DoseMg, typed_number(word, "mg", "dose")) for word in str(answer).split()]


def _doses_for(lesion: dict[str, Any], protocol: Protocol) -> Callable[[object], list[Decimal]]:
    """Doses that are one for all injections, or one for each."""
    from fractions import Fraction

    from planner.core.course import Lesion
    from planner.core.plan import lesion_problems
    from planner.core.quantities import Dose
    from planner.errors import raise_if_any

    def checked(answer: object) -> list[Decimal]:
        doses = _doses(answer)
        exact = tuple(Dose(Fraction(dose)) for dose in doses)
        given = Lesion(**lesion, doses=exact, same_dose=len(exact) == 1)
        raise_if_any(InputError, lesion_problems(given, protocol))
        return doses

    return checked


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    """The lesions of a CSV file. Raises InputError with every problem, by its row."""
    import csv
    import io
    from collections import Counter

    from planner.errors import raise_if_any
    from planner.files.fields import nearest
    from planner.files.reading import read_bytes

    with located(str(path)):
        try:
            text = read_bytes(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(Problem("", "this is not UTF-8", "save it as UTF-8")) from error
        dialect = "excel" if text.partition("\n")[0].count(";") == 0 else "excel-semicolon"
        csv.register_dialect("excel-semicolon", delimiter=";")
        try:
            reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True)
            columns = Counter(reader.fieldnames or ())
            faults = [
                Problem(f"column {name}", "unknown", nearest(str(name), CSV_COLUMNS))
                for name in columns
                if name not in CSV_COLUMNS
            ]
            faults += [
                Problem(f"column {name}", "it stands twice", "keep one of them")
                for name, times in columns.items()
                if times > 1
            ]
            raise_if_any(InputError, faults)
            numbered = list(enumerate(reader, start=2))
        except csv.Error as error:
            raise InputError(Problem("", f"this is not CSV: {error}", "save it as CSV")) from error
        if not numbered:
            raise InputError(Problem("", "there is no lesion in it", "write a row a lesion"))
        problems: list[Problem] = []
        rows = []
        for number, row in numbered:
            try:
                rows.append(_csv_lesion(row))
            except InputError as error:
                problems += [Problem(f"row {number}", str(p), "") for p in error.problems]
        raise_if_any(InputError, problems)
        return rows


def _csv_lesion(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a lesion's table; empty cells are left out."""
    from planner.cli.typed import typed_number
    from planner.files.fields import FieldError

    if None in row or any(value is None for value in row.values()):
        raise InputError(Problem("", "it has more or fewer cells than the heading", "mend the row"))
    lesion: dict[str, Any] = {name: text.strip() for name, text in row.items() if text.strip()}
    problems = []
    readers: dict[str, Callable[[str], Any]] = {
        "size_mm": lambda text: typed_number(text, "mm", ""),
        "ulcerated": lambda text: _yes_or_no({"true": "yes", "false": "no"}.get(text, text)),
        "dose_mg": _doses,
    }
    for name, read in readers.items():
        if name in lesion:
            try:
                lesion[name] = read(lesion[name])
            except InputError as error:
                problems += [Problem(name, one.problem, one.fix) for one in error.problems]
            except FieldError as error:
                problems.append(Problem(name, error.problem, error.fix))
    for name in ("id", "site", "size_mm", "ulcerated"):
        if name not in lesion:
            problems.append(Problem(name, "it is missing", "fill the cell in"))
    if problems:
        raise InputError(*problems)
    return lesion


def _course_text(
    course: dict[str, Any], patient: dict[str, Any], lesions: list[dict[str, Any]]
) -> str:
    """The course file as TOML."""
    parts = [_pairs(course), "[patient]\n" + _pairs(patient)]
    parts += ["[[lesion]]\n" + _pairs(lesion) for lesion in lesions]
    return "\n".join(parts)


def _pairs(table: dict[str, Any]) -> str:
    return "".join(f"{k} = {_toml(v)}\n" for k, v in table.items() if v is not None)


def _toml(value: Any) -> str:
    import json

    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list):
        return _toml(value[0]) if len(value) == 1 else f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)

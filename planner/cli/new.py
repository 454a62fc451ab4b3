"""`planner new`: asks the questions of a course file and writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.cli.output import remark
from planner.cli.paths import PATH
from planner.cli.prompts import ask
from planner.core.protocol.protocol import Protocol
from planner.errors import InputError, Problem, located, raise_if_any

if TYPE_CHECKING:
    from planner.files.lesions import LesionRow


@click.command()
@click.argument("file", type=PATH, required=False)
@click.option(
    "--lesions",
    type=PATH,
    help="CSV of a spreadsheet, a row a lesion; the columns are named as in a course file.",
)
@click.option("--clinic", type=PATH, help="The clinic file: its language may write decimal commas.")
def new(file: Path | None, lesions: Path | None, clinic: Path | None) -> None:
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

    has_commas = clinic is not None and _writes_commas(clinic)
    rows = _from_spreadsheet(lesions, has_commas) if lesions is not None else []
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
    rows = rows or list(_ask_lesions(has_commas))
    content = _course_text(course, patient, rows).encode("utf-8")
    _check_whole(content)
    write_file(target, content)
    where = f"--clinic {clinic}" if clinic else "--timezone Europe/Copenhagen"
    other = "(or --clinic CLINIC.toml; planner example clinic-copenhagen prints one to adapt)\n"
    say(
        f"\nWritten: {target}\nNext: planner plan {target} {where}\n{'' if clinic else other}",
        is_done=True,
    )


def _check_whole(content: bytes) -> None:
    """Refuse what `planner plan` would refuse, before it is written."""
    from planner.files.bundled import DEFAULT_PROTOCOL
    from planner.files.course import course_from
    from planner.files.protocol import load_protocol
    from planner.files.reading import parse_toml

    course_from(parse_toml(content), load_protocol(DEFAULT_PROTOCOL), None, is_typed=True)


def _writes_commas(clinic: Path) -> bool:
    """Whether a decimal has a comma in the language of a clinic."""
    from planner.app.planning import NamedFile, read_clinic

    return read_clinic(NamedFile.of_file(clinic), None, range(0)).writes_commas


def _from_spreadsheet(path: Path, has_commas: bool) -> list[dict[str, Any]]:
    """The lesions of a CSV file, checked before anything is asked: answers would be lost."""
    from planner.files.lesions import read_lesions
    from planner.files.reading import read_bytes

    with located(str(path)):
        rows = read_lesions(read_bytes(path), has_commas=has_commas)
        told = [problem for one in rows for problem in one.problems]
        # Of a row that has other cells than the heading nothing else is known.
        known = [one for one in rows if one.lesion]
        places = {one.place for one in told}
        more = [one for one in _course_problems(known) if one.place not in places]
        raise_if_any(InputError, [*told, *more])
    for one in rows:
        remark(f"row {one.number}: {_as_read(one.lesion)}")
    return [one.lesion for one in rows]


def _course_problems(rows: Sequence[LesionRow]) -> Iterator[Problem]:
    """What a course of these lesions would be refused for, by the row of the spreadsheet."""
    stand_in = {"id": "K", "diagnosis": "-", "first_visit": "2026-09-07 09:00"}
    lesions = [one.lesion for one in rows]
    try:
        if lesions:
            _check_whole(_course_text(stand_in, {"id": "P"}, lesions).encode("utf-8"))
    except InputError as error:
        for one in error.problems:
            yield _by_row(one, [row.number for row in rows])


def _by_row(problem: Problem, numbers: list[int]) -> Problem:
    """A problem of a lesion, by the row of the spreadsheet."""

    def row(found: re.Match[str]) -> str:
        return f"row {numbers[int(found[1]) - 1]}"

    place = re.sub(
        r"lesion\[(\d+)\]\.?(?=(.?))", lambda one: row(one) + ": " * bool(one[2]), problem.place
    )
    return Problem(place, re.sub(r"lesion\[(\d+)\]", row, problem.problem), problem.fix)


def _as_read(lesion: dict[str, Any]) -> str:
    """`A, right knee, 70 mm, ulcerated, 57.5 mg`: figures as the course file has them."""
    parts = [
        lesion["id"],
        " ".join(filter(None, (lesion.get("side"), lesion["site"]))),
        f"{lesion['size_mm']:f} mm",
        "ulcerated" if lesion["ulcerated"] else "not ulcerated",
        f"{', '.join(f'{one:f}' for one in lesion['dose_mg'])} mg" if "dose_mg" in lesion else "",
    ]
    return ", ".join(filter(None, parts))


def _refuse_existing(file: Path) -> None:
    if file.exists():
        fix = "name another file"
        raise InputError(Problem(str(file), "the file exists already", fix))


def _ask_lesions(has_commas: bool) -> Iterator[dict[str, Any]]:
    from planner.files.bundled import DEFAULT_PROTOCOL
    from planner.files.fields import check_id, check_text
    from planner.files.lesions import read_yes_or_no
    from planner.files.protocol import load_protocol

    protocol = load_protocol(DEFAULT_PROTOCOL)
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
        lesion["size_mm"] = ask("  Largest diameter in mm", _sized(protocol, has_commas))
        lesion["ulcerated"] = ask("  Ulcerated (yes or no)", read_yes_or_no)
        lesion["dose_mg"] = ask(
            "  Dose in mg (one, or one for each injection, with spaces; may be empty)",
            _doses_for(lesion, protocol, has_commas),
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
        name = str(answer).strip().casefold()
        if name not in names:
            raise FieldError(f"{shown(answer)} is not known", nearest(name, names))
        return name

    return checked


def _sized(protocol: Protocol, has_commas: bool) -> Callable[[object], Decimal]:
    from planner.files.course import SizeMm
    from planner.files.fields import check_exact
    from planner.files.lesions import read_number

    def checked(answer: object) -> Decimal:
        size = check_exact(SizeMm, read_number(str(answer), "mm", has_commas))
        _echo(answer, f"{size:f} mm")
        found = protocol.table.input_problems(size, False, protocol.table.domains.sites[0])
        raise_if_any(InputError, found)
        return size

    return checked


def _echo(answer: object, read: str) -> None:
    """Show a figure that was typed with a comma as it was read."""
    if "," in str(answer):
        remark(f"  read as {read}")


def _doses_for(
    lesion: dict[str, Any], protocol: Protocol, has_commas: bool
) -> Callable[[object], list[Decimal]]:
    """Doses that are one for all injections, or one for each."""
    from fractions import Fraction

    from planner.core.plan.course import Lesion
    from planner.core.plan.planning import lesion_problems
    from planner.core.values.quantities import Dose
    from planner.files.lesions import read_doses

    def checked(answer: object) -> list[Decimal]:
        doses = read_doses(str(answer), has_commas)
        _echo(answer, ", ".join(f"{one:f} mg" for one in doses))
        exact = tuple(Dose(Fraction(dose)) for dose in doses)
        given = Lesion(**lesion, doses=exact, same_dose=len(exact) == 1)
        raise_if_any(InputError, lesion_problems(given, protocol))
        return doses

    return checked


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

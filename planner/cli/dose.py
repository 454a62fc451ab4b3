"""`planner dose`: milligrams to millilitres and back, as a syringe shows them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.cli.paths import PATH
from planner.core.dosing.draw_up import DrawUp, draw_up
from planner.core.dosing.equipment import USUAL_SYRINGES, Syringe
from planner.core.values.formatting import mg, mg_per_ml, ml, percent
from planner.core.values.quantities import Dose, Strength, Volume
from planner.errors import InputError, Noted, Problem, UsageError

if TYPE_CHECKING:
    from planner.core.calendar.clinic import Clinic

MOST_DOSES = 1000
# What a word after a figure may be the unit of, right or wrong.
_UNITS = ("mg", "ml", "g", "mm")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("doses", nargs=-1, metavar="[MG]...")
@click.option("--ml", "volume", metavar="ML", help="The way back: from a volume.")
@click.option("--strength", metavar="MG_PER_ML", help="The protocol's, if left out.")
@click.option("--clinic", type=PATH, help="For its syringes, and whether it writes decimal commas.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def dose(
    doses: tuple[str, ...],
    volume: str | None,
    strength: str | None,
    clinic: Path | None,
    as_json: bool,
) -> None:
    """Convert doses to what a syringe can show; several make a table.

    Example: planner dose 12.5
    """
    if unknown := [text for text in doses if text.startswith("--")]:
        raise UsageError(Problem("", f"no such option: {unknown[0]}", "see planner dose --help"))
    if bool(doses) == (volume is not None):
        raise UsageError(Problem("", "give doses in mg, or one volume with --ml", "not both"))
    of, wanted, syringes = _read(doses, volume, strength, clinic)
    drawn = [draw_up(one, of, syringes) for one in wanted]
    for one in drawn:
        if not one.is_drawable:
            line = ml(one.syringe.graduation_ml)
            text = f"{mg(one.dose.mg)} is {ml(one.exact.ml)}: not drawable, half of {line} or less"
            raise InputError(Problem("", text, "choose another dose or a finer syringe"))
    if as_json:
        from planner.cli.output import emit_json

        found = [_as_json(one, of) for one in drawn]
        emit_json(found[0] if len(found) == 1 else found)
        return
    if len(drawn) == 1:
        click.echo("\n".join(_words(drawn[0], of)))
    else:
        click.echo("\n".join(_rows(drawn, of)))


def _read(
    doses: tuple[str, ...], volume: str | None, strength: str | None, clinic: Path | None
) -> tuple[Strength, list[Dose], tuple[Syringe, ...]]:
    """What was typed. Raises InputError with all that is wrong with it."""
    noted, place, of = Noted(), None, _protocol_strength()
    if clinic is not None:
        with noted.noting():
            place = _clinic(clinic)
    has_commas = place is not None and place.writes_commas
    if strength is not None:
        with noted.noting():
            of = Strength(_positive(strength, "mg/mL", "--strength", has_commas))
    wanted: list[Dose] = []
    if volume is not None:
        with noted.noting():
            wanted.append(Volume(_positive(volume, "mL", "--ml", has_commas)) * of)
    for text in _joined(doses):
        with noted.noting():
            wanted.append(Dose(_positive(text, "mg", "MG", has_commas)))
    noted.check()
    return of, wanted, USUAL_SYRINGES if place is None else place.syringes


def _joined(doses: tuple[str, ...]) -> list[str]:
    """`12.5 mg` as two words is one dose, as it is in quotes."""
    joined: list[str] = []
    for text in doses:
        if joined and text.casefold() in _UNITS and joined[-1][-1:].isdigit():
            joined[-1] += f" {text}"
        else:
            joined.append(text)
    if len(joined) > MOST_DOSES:
        raise UsageError(Problem("", f"over {MOST_DOSES} doses", "give fewer at once"))
    return joined


def _positive(text: str, unit: str, place: str, has_commas: bool) -> Fraction:
    from planner.cli.typed import typed_number

    value = typed_number(text, unit, place, has_commas=has_commas)
    if not 0 < value <= 1_000_000:
        problem = f"{text!r} is not above 0" if value <= 0 else f"{text!r} is beyond reason"
        raise InputError(Problem(place, problem, "correct it"))
    return Fraction(value)


def _protocol_strength() -> Strength:
    """The strength of the bundled protocol, read without proving its table."""
    from planner.files.bundled import DEFAULT_PROTOCOL, protocol_path
    from planner.files.reading import parse_toml, read_bytes

    # It stands before the first table, and all of the file would take half of the command's time.
    head = read_bytes(protocol_path(DEFAULT_PROTOCOL)).partition(b"\n[")[0]
    table = parse_toml(head)
    return Strength(Fraction(table["strength_mg_per_ml"]))


def _clinic(file: Path) -> Clinic:
    from planner.app.planning import NamedFile, read_clinic

    return read_clinic(NamedFile.of_file(file), None, range(0))


def _words(one: DrawUp, strength: Strength) -> list[str]:
    size = f"{ml(one.syringe.capacity_ml)} syringe, lines of {ml(one.syringe.graduation_ml)}"
    rows = [
        f"{mg(one.dose.mg)} at {mg_per_ml(strength.mg_per_ml)} is {ml(one.exact.ml)}",
        click.style(f"draw {ml(one.drawn.ml)} = {mg(one.drawn_dose.mg)}", bold=True)
        + f" ({percent(one.deviation * 100)})",
    ]
    if caution := _caution(one):
        rows.append(click.style("caution", fg="yellow") + f": {caution}")
    if len(one.parts) > 1:
        rows.append(f"in {len(one.parts)} syringes: {', '.join(ml(part.ml) for part in one.parts)}")
    return [*rows, f"{size}: the smallest that holds it" if len(one.parts) == 1 else size]


def _caution(one: DrawUp) -> str:
    """What a plan would say of a dose that the syringe misses; empty where it says nothing."""
    if one.is_far_off:
        return "over 10\u00a0% from the dose; a plan asks a physician"
    return "over 5\u00a0% from the dose" if one.is_off else ""


def _rows(drawn: list[DrawUp], strength: Strength) -> list[str]:
    head = f"{'dose':>12} {'exact':>14} {'draw':>10} {'drawn dose':>12} {'off':>8}  syringes"
    rows = [f"at {mg_per_ml(strength.mg_per_ml)}", head]
    for one in drawn:
        rows.append(
            f"{mg(one.dose.mg):>12} {ml(one.exact.ml):>14} {ml(one.drawn.ml):>10}"
            f" {mg(one.drawn_dose.mg):>12} {percent(one.deviation * 100):>8}"
            f"  {len(one.parts)} x {ml(one.syringe.capacity_ml)}  {_caution(one)}".rstrip()
        )
    return rows


def _as_json(one: DrawUp, strength: Strength) -> dict[str, object]:
    return {
        "dose_mg": one.dose.mg,
        "strength_mg_per_ml": strength.mg_per_ml,
        "volume_ml": one.exact.ml,
        "drawn_ml": one.drawn.ml,
        "drawn_mg": one.drawn_dose.mg,
        "deviation_percent": one.deviation * 100,
        "syringes": [
            {
                "capacity_ml": one.syringe.capacity_ml,
                "graduation_ml": one.syringe.graduation_ml,
                "drawn_ml": part.ml,
            }
            for part in one.parts
        ],
    }

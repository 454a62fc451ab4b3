"""`planner dose`: milligrams to millilitres and back, as a syringe shows them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from planner.cli.paths import PATH
from planner.core.dosing.draw_up import DEVIATION_TO_SEE, DrawUp, draw_up
from planner.core.dosing.equipment import USUAL_SYRINGES, Syringe
from planner.core.values.formatting import mg, mg_per_ml, ml, percent
from planner.core.values.quantities import Dose, Strength, Volume
from planner.errors import InputError, Problem, UsageError

MOST_DOSES = 1000


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("doses", nargs=-1, metavar="[MG]...")
@click.option("--ml", "volume", metavar="ML", help="The way back: from a volume.")
@click.option("--strength", metavar="MG_PER_ML", help="The protocol's, if left out.")
@click.option("--clinic", type=PATH, help="For its syringes.")
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
    of = _protocol_strength() if strength is None else _typed_strength(strength)
    syringes = _syringes(clinic)
    if volume is not None:
        wanted = [Volume(_positive(volume, "mL", "--ml")) * of]
    else:
        wanted = [Dose(_positive(text, "mg", "MG")) for text in _joined(doses)]
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


def _joined(doses: tuple[str, ...]) -> list[str]:
    """`12.5 mg` as two words is one dose, as it is in quotes."""
    joined: list[str] = []
    for text in doses:
        if joined and text[:1].isalpha() and joined[-1][-1:].isdigit():
            joined[-1] += f" {text}"
        else:
            joined.append(text)
    if len(joined) > MOST_DOSES:
        raise UsageError(Problem("", f"over {MOST_DOSES} doses", "give fewer at once"))
    return joined


def _positive(text: str, unit: str, place: str) -> Fraction:
    from planner.cli.typed import check_decimals, typed_number

    value = typed_number(text, unit, place)
    if not 0 < value <= 1_000_000:
        problem = f"{text!r} is not above 0" if value <= 0 else f"{text!r} is beyond reason"
        raise InputError(Problem(place, problem, "correct it"))
    check_decimals(value, place)
    return Fraction(value)


def _typed_strength(text: str) -> Strength:
    return Strength(_positive(text, "mg/mL", "--strength"))


def _protocol_strength() -> Strength:
    """The strength of the bundled protocol, read without proving its table."""
    from planner.files.bundled import DEFAULT_PROTOCOL, protocol_path
    from planner.files.reading import parse_toml, read_bytes

    # It stands before the first table, and all of the file would take half of the command's time.
    head = read_bytes(protocol_path(DEFAULT_PROTOCOL)).partition(b"\n[")[0]
    table = parse_toml(head)
    return Strength(Fraction(table["strength_mg_per_ml"]))


def _syringes(clinic: Path | None) -> tuple[Syringe, ...]:
    if clinic is None:
        return USUAL_SYRINGES
    from planner.app.planning import NamedFile, read_clinic

    return read_clinic(NamedFile.of_file(clinic), None, range(0)).syringes


def _words(one: DrawUp, strength: Strength) -> list[str]:
    size = f"{ml(one.syringe.capacity_ml)} syringe, lines of {ml(one.syringe.graduation_ml)}"
    rows = [
        f"{mg(one.dose.mg)} at {mg_per_ml(strength.mg_per_ml)} is {ml(one.exact.ml)}",
        click.style(f"draw {ml(one.drawn.ml)} = {mg(one.drawn_dose.mg)}", bold=True)
        + f" ({percent(one.deviation * 100)})",
    ]
    if abs(one.deviation) > DEVIATION_TO_SEE:
        rows.append(click.style("caution", fg="yellow") + ": over 5\u00a0% from the dose")
    if len(one.parts) > 1:
        rows.append(f"in {len(one.parts)} syringes: {', '.join(ml(part.ml) for part in one.parts)}")
    return [*rows, f"{size}: the smallest that holds it" if len(one.parts) == 1 else size]


def _rows(drawn: list[DrawUp], strength: Strength) -> list[str]:
    head = f"{'dose':>12} {'exact':>14} {'draw':>10} {'drawn dose':>12} {'off':>8}  syringes"
    rows = [f"at {mg_per_ml(strength.mg_per_ml)}", head]
    for one in drawn:
        rows.append(
            f"{mg(one.dose.mg):>12} {ml(one.exact.ml):>14} {ml(one.drawn.ml):>10}"
            f" {mg(one.drawn_dose.mg):>12} {percent(one.deviation * 100):>8}"
            f"  {len(one.parts)} x {ml(one.syringe.capacity_ml)}"
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

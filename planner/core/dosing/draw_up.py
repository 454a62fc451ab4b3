"""From a dose to a syringe: draw-up, several lesions in one syringe, vials and dilution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from planner.core.dosing.equipment import Stock, Syringe
from planner.core.values.formatting import mg
from planner.core.values.quantities import Dose, Strength, Volume, graduations, is_whole
from planner.core.values.said import said
from planner.errors import InputError, Problem

# A part of a recipe under ten graduations cannot be read to 5 %.
FEWEST_GRADUATIONS = 10
# What the hub of a syringe holds goes into the mixture: at most a twentieth of a part.
FEWEST_DEAD_SPACES = 20
SMALL_BATCH_ML = 10
# What is drawn may differ by so much of a dose: beyond it a plan says so, then it asks.
DEVIATION_TO_SEE = Fraction(5, 100)
DEVIATION_TO_CONFIRM = Fraction(10, 100)
# More than anybody fills for one injection: a unit was mistaken.
MOST_SYRINGES = 100


class DrawUp(NamedTuple):
    """One injection as it is drawn; `parts` has the volume of each syringe, one mostly.

    `syringe` is the smallest that holds the exact volume, the largest where none does.
    """

    dose: Dose
    exact: Volume
    syringe: Syringe
    parts: tuple[Volume, ...]
    drawn: Volume
    drawn_dose: Dose

    @property
    def deviation(self) -> Fraction:
        """How far what is drawn lies from what is prescribed, as a signed share of it."""
        return (self.drawn_dose.mg - self.dose.mg) / self.dose.mg

    @property
    def is_off(self) -> bool:
        """Whether what is drawn lies so far from the dose that a plan says so."""
        return abs(self.deviation) > DEVIATION_TO_SEE

    @property
    def is_far_off(self) -> bool:
        """Whether it lies so far from it that a plan asks a physician."""
        return abs(self.deviation) > DEVIATION_TO_CONFIRM

    @property
    def is_drawable(self) -> bool:
        """Whether a syringe shows anything at all for it."""
        return self.drawn.ml > 0


class Aliquot(NamedTuple):
    """What one syringe holds for one lesion."""

    lesion: str
    ml: Fraction


class Filled(NamedTuple):
    """A syringe as it is drawn up, with what each lesion gets from it."""

    syringe: Syringe
    aliquots: tuple[Aliquot, ...]

    @property
    def drawn(self) -> Volume:
        """What it holds in all, dead space apart."""
        return _total(Volume(aliquot.ml) for aliquot in self.aliquots)


class Measuring(NamedTuple):
    """How a recipe is measured: its parts in dead spaces of their syringe, how large it may be."""

    dead_spaces: int = FEWEST_DEAD_SPACES
    small_batch_ml: int = SMALL_BATCH_ML


MEASURING = Measuring()
# What was issued by the first edition keeps its recipes.
FIRST_EDITION_MEASURING = Measuring(dead_spaces=0, small_batch_ml=5)


class Recipe(NamedTuple):
    """Stock and diluent for one visit; `need` is what its syringes take, dead space included."""

    stock: Volume
    diluent: Volume
    need: Volume

    @property
    def batch(self) -> Volume:
        """What is made."""
        return self.stock + self.diluent

    def vials(self, vial_ml: Fraction) -> int:
        """Vials to open."""
        return ceil(self.stock.ml / vial_ml)

    def wasted(self, vial_ml: Fraction) -> Volume:
        """What stays in the opened vials, and what is left of the batch."""
        return Volume(self.vials(vial_ml) * vial_ml - self.stock.ml) + (self.batch - self.need)


def draw_up(dose: Dose, strength: Strength, syringes: Sequence[Syringe]) -> DrawUp:
    """The smallest syringe that holds the volume, and the nearest graduation, halves down.

    Over the largest syringe the total is rounded, then shared among as few as hold it, in whole
    graduations that differ by at most one. `syringes` ascend in capacity. Raises InputError for
    a dose that would take over MOST_SYRINGES.
    """
    exact = dose / strength
    syringe = holder(exact, syringes) or syringes[-1]
    lines = graduations(exact.ml, syringe.graduation_ml)
    full = int(syringe.capacity_ml / syringe.graduation_ml)
    number = max(1, ceil(Fraction(lines, full)))
    if number > MOST_SYRINGES:
        problem = said("{mg} would take {number} syringes", mg=mg(dose.mg), number=number)
        raise InputError(
            Problem("", problem, said("check the dose, the strength and the syringes"))
        )
    share, more = divmod(lines, number)
    parts = tuple(
        Volume((share + (index < more)) * syringe.graduation_ml) for index in range(number)
    )
    drawn = Volume(lines * syringe.graduation_ml)
    return DrawUp(dose, exact, syringe, parts, drawn, drawn * strength)


def fill_each(drawn: Sequence[tuple[str, DrawUp]]) -> tuple[Filled, ...]:
    """A syringe (or more) for each lesion; (lesion, draw-up) in the order of the lesions."""
    return tuple(
        Filled(one.syringe, (Aliquot(lesion, part.ml),))
        for lesion, one in drawn
        for part in one.parts
    )


def fill_shared(drawn: Sequence[tuple[str, DrawUp]]) -> tuple[Filled, ...]:
    """Lesions of the same size of syringe share one, in their order, none divided.

    Each syringe is as full as the next lesion lets it; one that fills several stays apart.
    """
    filled: list[Filled] = []
    open_at: dict[Syringe, int] = {}
    for lesion, one in drawn:
        if len(one.parts) > 1:
            filled += [Filled(one.syringe, (Aliquot(lesion, part.ml),)) for part in one.parts]
            continue
        aliquot = Aliquot(lesion, one.drawn.ml)
        at = open_at.get(one.syringe)
        if at is not None and (filled[at].drawn + one.drawn).ml <= one.syringe.capacity_ml:
            filled[at] = Filled(one.syringe, (*filled[at].aliquots, aliquot))
        else:
            open_at[one.syringe] = len(filled)
            filled.append(Filled(one.syringe, (aliquot,)))
    return tuple(filled)


def needed(filled: Sequence[Filled], *, needle_change: bool = False) -> Volume:
    """What the syringes take in all, what stays behind in them included.

    It stays behind once a syringe, or with each needle where every lesion has its own.
    """

    def times(one: Filled) -> int:
        return len(one.aliquots) if needle_change else 1

    return _total(one.drawn + Volume(times(one) * one.syringe.dead_space_ml) for one in filled)


def recipe(
    stock: Stock,
    strength: Strength,
    need: Volume,
    syringes: Sequence[Syringe],
    measuring: Measuring = MEASURING,
) -> Recipe | None:
    """Stock and diluent of exactly the strength: the smallest batch that covers the need.

    Each part lies on a graduation of the smallest syringe that holds it, at least ten of them
    up, and is at least twenty times its dead space; the batch is at most 10 mL or twice the need,
    whichever is more. None: there is no such batch. The stock must not be weaker than the strength.
    """
    if stock.strength == strength:
        return Recipe(need, Volume(Fraction(0)), need)
    share = strength.mg_per_ml / stock.strength.mg_per_ml
    most = max(Fraction(measuring.small_batch_ml), 2 * need.ml)
    for part in _readable(need.ml * share, syringes, measuring):
        batch = part / share
        if batch > most:
            return None
        diluent = Volume(batch - part)
        if _is_readable(diluent, syringes, measuring):
            return Recipe(Volume(part), diluent, need)
    return None


def _readable(
    least: Fraction, syringes: Sequence[Syringe], measuring: Measuring
) -> Iterator[Fraction]:
    """Volumes that a syringe measures well, from `least` (inclusive) upwards."""
    below = Fraction(0)
    for syringe in syringes:
        line = syringe.graduation_ml
        first = max(
            ceil(_least_part(syringe, measuring) / line), ceil(least / line), int(below / line) + 1
        )
        for lines in range(first, int(syringe.capacity_ml / line) + 1):
            yield lines * line
        below = syringe.capacity_ml


def _is_readable(volume: Volume, syringes: Sequence[Syringe], measuring: Measuring) -> bool:
    syringe = holder(volume, syringes)
    return (
        syringe is not None
        and is_whole(volume.ml, syringe.graduation_ml)
        and volume.ml >= _least_part(syringe, measuring)
    )


def _least_part(syringe: Syringe, measuring: Measuring) -> Fraction:
    """The smallest part of a recipe that a syringe measures well, in mL."""
    lines = FEWEST_GRADUATIONS * syringe.graduation_ml
    return max(lines, measuring.dead_spaces * syringe.dead_space_ml)


def holder(volume: Volume, syringes: Sequence[Syringe]) -> Syringe | None:
    """The smallest syringe that holds a volume; None where none does. They ascend in capacity."""
    return next((one for one in syringes if volume.ml <= one.capacity_ml), None)


def _total(volumes: Iterator[Volume]) -> Volume:
    return sum(volumes, Volume(Fraction(0)))

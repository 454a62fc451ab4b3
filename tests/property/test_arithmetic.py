"""Arithmetic is exact: properties over generated doses, strengths and syringes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.core.dosing.draw_up import MOST_SYRINGES, draw_up, fill_each, fill_shared, recipe
from planner.core.dosing.equipment import Stock, Syringe
from planner.core.values.formatting import NBSP, decimal, mg, number
from planner.core.values.quantities import Dose, Strength, Volume
from planner.errors import InputError

T = TypeVar("T")
# Each example has a batch of values: 1,000 examples see 10,000 of them.
EXAMPLES, BATCH = 1_000, 10

doses = st.integers(10, 500_000).map(lambda n: Dose(Fraction(n, 1000)))
strengths = st.integers(100, 60_000).map(lambda n: Strength(Fraction(n, 100)))


def batch(values: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    return st.lists(values, min_size=BATCH, max_size=BATCH)


@st.composite
def syringe_sets(draw: st.DrawFn) -> tuple[Syringe, ...]:
    """One to four sizes, each with a line that divides it."""
    lines = draw(st.lists(st.integers(5, 200), min_size=1, max_size=4))
    graduation = [
        draw(st.sampled_from(["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"])) for _ in lines
    ]
    found = {Fraction(g) * n: Syringe(Fraction(g) * n, Fraction(g), Fraction(0))
             for g, n in zip(graduation, lines, strict=True)}  # fmt: skip
    return tuple(found[capacity] for capacity in sorted(found))


@settings(max_examples=EXAMPLES)
@given(several=batch(doses), strength=strengths, syringes=syringe_sets())
@pytest.mark.hazard("mg-for-ml", "rounding")
def test_draw_up_is_exact_and_nearest(
    several: list[Dose], strength: Strength, syringes: tuple[Syringe, ...]
) -> None:
    for dose in several:
        _check_draw_up(dose, strength, syringes)


def _is_fillable(dose: Dose, strength: Strength, syringes: tuple[Syringe, ...]) -> bool:
    return (dose / strength).ml <= MOST_SYRINGES * syringes[-1].capacity_ml


def _check_draw_up(dose: Dose, strength: Strength, syringes: tuple[Syringe, ...]) -> None:
    if not _is_fillable(dose, strength, syringes):
        line = syringes[-1].graduation_ml
        if (dose / strength).ml > MOST_SYRINGES * syringes[-1].capacity_ml + line:
            with pytest.raises(InputError, match="would take"):
                draw_up(dose, strength, syringes)
        return
    one = draw_up(dose, strength, syringes)
    line = one.syringe.graduation_ml
    assert one.drawn_dose.mg == one.drawn.ml * strength.mg_per_ml
    assert (one.drawn.ml / line).denominator == 1
    off = abs(one.exact.ml - one.drawn.ml)
    assert off <= abs(one.exact.ml - one.drawn.ml - line)
    assert off <= abs(one.exact.ml - one.drawn.ml + line)
    if off == abs(one.exact.ml - one.drawn.ml - line):
        assert one.drawn.ml < one.exact.ml  # a half goes down
    assert sum((part.ml for part in one.parts), Fraction(0)) == one.drawn.ml
    assert all(0 <= part.ml <= one.syringe.capacity_ml for part in one.parts)
    assert max(part.ml for part in one.parts) - min(part.ml for part in one.parts) <= line
    smaller = [s for s in syringes if s.capacity_ml < one.syringe.capacity_ml]
    assert all(one.exact.ml > s.capacity_ml for s in smaller)


@settings(max_examples=EXAMPLES)
@given(values=batch(st.integers(0, 10**12)))
def test_printing_and_reading_back_gives_the_same_number(values: list[int]) -> None:
    for value in (Fraction(n, 10**6) for n in values):
        digits = mg(value).removesuffix(f"{NBSP}mg")
        assert Fraction(digits) == value
        assert not digits.startswith(".")
        assert "." not in digits or not digits.endswith("0")


@settings(max_examples=EXAMPLES)
@given(values=batch(st.tuples(st.integers(0, 10**7), st.integers(1, 10**4))))
def test_json_numbers_are_exact_or_have_six_decimals(values: list[tuple[int, int]]) -> None:
    for value in (Fraction(*pair) for pair in values):
        written = decimal(value)
        if Fraction(written) != value:
            assert str(written)[-7] == "."
            assert abs(Fraction(written) - value) <= Fraction(1, 2 * 10**6)
        assert number(Decimal(str(written))) == number(value)


@settings(max_examples=EXAMPLES // 2)
@given(
    amounts=st.lists(doses, min_size=1, max_size=30), strength=strengths, syringes=syringe_sets()
)
def test_aliquots_sum_to_the_whole(
    amounts: list[Dose], strength: Strength, syringes: tuple[Syringe, ...]
) -> None:
    drawn = [
        (f"L{n}", draw_up(dose, strength, syringes))
        for n, dose in enumerate(amounts)
        if _is_fillable(dose, strength, syringes)
    ]
    drawn = [(lesion, one) for lesion, one in drawn if one.is_drawable]
    for filled in (fill_each(drawn), fill_shared(drawn)):
        for lesion, one in drawn:
            parts = [a.ml for f in filled for a in f.aliquots if a.lesion == lesion]
            assert sum(parts) == one.drawn.ml
            assert len(parts) == len(one.parts)
        for f in filled:
            assert f.drawn.ml <= f.syringe.capacity_ml
    shared = fill_shared(drawn)
    for syringe in syringes:
        # Full as the next one lets it: two neighbours of a size never fit into one.
        same = [f for f in shared if f.syringe == syringe]
        for before, after in pairwise(same):
            if len(before.aliquots) and after.aliquots[0].lesion != before.aliquots[-1].lesion:
                whole = next(one for lesion, one in drawn if lesion == after.aliquots[0].lesion)
                other = next(one for lesion, one in drawn if lesion == before.aliquots[0].lesion)
                if len(whole.parts) == 1 and len(other.parts) == 1:
                    assert before.drawn.ml + after.aliquots[0].ml > syringe.capacity_ml


@settings(max_examples=EXAMPLES // 2)
@given(
    need=st.integers(1, 2000).map(lambda n: Volume(Fraction(n, 100))),
    stock=st.sampled_from(["160", "175", "200", "250", "300", "333", "500"]),
    syringes=syringe_sets(),
)
@pytest.mark.hazard("dilution")
def test_a_recipe_has_exactly_the_strength(
    need: Volume, stock: str, syringes: tuple[Syringe, ...]
) -> None:
    of = Stock(Fraction(stock), "pentahydrate", Fraction(10))
    made = recipe(of, Strength(Fraction(150)), need, syringes)
    grid = _brute_force(of, need, syringes)
    if made is None:
        assert grid is None
        return
    assert grid == made.batch.ml
    assert made.stock.ml * of.strength.mg_per_ml == made.batch.ml * 150
    assert need.ml <= made.batch.ml <= max(Fraction(10), 2 * need.ml)
    left = made.wasted(Fraction(10)).ml
    assert left == made.vials(Fraction(10)) * 10 - made.stock.ml + made.batch.ml - need.ml


def _brute_force(stock: Stock, need: Volume, syringes: tuple[Syringe, ...]) -> Fraction | None:
    """The smallest batch of all pairs of readable parts."""

    def readable(volume: Fraction) -> bool:
        for syringe in syringes:
            if volume <= syringe.capacity_ml:
                lines = volume / syringe.graduation_ml
                is_large = volume >= 20 * syringe.dead_space_ml
                return lines.denominator == 1 and lines >= 10 and is_large
        return False

    found = []
    for syringe in syringes:
        for lines in range(10, int(syringe.capacity_ml / syringe.graduation_ml) + 1):
            part = lines * syringe.graduation_ml
            batch = part * stock.strength.mg_per_ml / 150
            is_enough = need.ml <= batch <= max(Fraction(10), 2 * need.ml)
            if is_enough and readable(part) and readable(batch - part):
                found.append(batch)
    return min(found, default=None)
